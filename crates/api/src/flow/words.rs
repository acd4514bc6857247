//! Texts as a ladder shows them.

/// At most `room` characters on one line, none of which a terminal or a browser obeys: peers choose these texts.
pub(super) fn cut(text: &str, room: usize) -> String {
    // What is cut off is not looked at: a word may be as long as a message.
    let mut plain = String::new();
    for word in text.split_whitespace() {
        if plain.len() > room.saturating_mul(4) {
            break;
        }
        if !plain.is_empty() {
            plain.push(' ');
        }
        plain.extend(word.chars().take(room.saturating_add(1)));
    }
    let plain = plain.replace(is_obeyed, "?");
    if plain.chars().count() <= room {
        return plain;
    }
    let start: String = plain.chars().take(room.saturating_sub(3)).collect();
    format!("{start}...").chars().take(room).collect()
}

pub(super) fn silence(seconds: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rounded span, not negative"
    )]
    let whole = seconds.max(0.0).round() as u64;
    let (hours, minutes, seconds) = (whole / 3_600, whole / 60 % 60, whole % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds} s"),
        (0, _) => format!("{minutes} min {seconds} s"),
        _ => format!("{hours} h {minutes} min"),
    }
}

/// Controls, what turns the direction of writing, and what is no character: XML has no place for some of them either.
fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{fffe}'
                | '\u{ffff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_line_that_nothing_obeys() {
        assert_eq!(cut("a\r\n b\u{1b}[2J\u{202e}c", 40), "a b?[2J?c");
        assert_eq!(cut("abcdefgh", 6), "abc...");
        assert_eq!(cut("abcdefgh", 2), "..");
        assert_eq!(cut(&"é".repeat(10_000), 5), "éé...");
        assert_eq!(cut(&"w ".repeat(10_000), 5), "w ...");
    }

    #[test]
    fn a_silence_is_told_in_its_two_largest_units() {
        let told = [4.6, 66.0, 7_260.0].map(silence);
        assert_eq!(told, ["5 s", "1 min 6 s", "2 h 1 min"]);
    }
}
