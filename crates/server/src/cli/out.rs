//! The one writer to standard output and standard error.
//!
//! Texts come from phones and receivers too, so control characters never reach a terminal.

use std::fmt::Display;
use std::io::{self, Write};

/// Writes a line to standard output. It may hold line breaks of its own.
///
/// # Errors
/// When standard output is closed, as by `| head`.
pub(crate) fn line(text: impl Display) -> io::Result<()> {
    write(io::stdout().lock(), &text.to_string())
}

/// Writes a line to standard error; when even that is closed there is nobody left to tell.
pub(crate) fn error(text: impl Display) {
    drop(write(io::stderr().lock(), &text.to_string()));
}

fn write(mut to: impl Write, text: &str) -> io::Result<()> {
    writeln!(to, "{}", printable(text.trim_end_matches('\n')))?;
    to.flush()
}

/// The text with every control character but line break and tab made visible.
fn printable(text: &str) -> String {
    let visible = |letter: char| {
        if letter.is_control() && letter != '\n' && letter != '\t' {
            // U+FFFD marks the place without letting an escape sequence through.
            char::REPLACEMENT_CHARACTER
        } else {
            letter
        }
    };
    text.chars().map(visible).collect()
}

/// Rows as aligned columns, two spaces apart, no space at the end of a line.
pub(crate) fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(
                ' ',
                width.saturating_sub(cell.chars().count()) + 2,
            ));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escape_sequence_does_not_reach_the_terminal() {
        assert_eq!(
            printable("a\u{1b}[2Jb\r\n\tc\u{9b}d"),
            "a\u{fffd}[2Jb\u{fffd}\n\tc\u{fffd}d"
        );
    }

    #[test]
    fn columns_are_aligned() {
        let rows = [
            ["ID", "STATE", "FROM"],
            ["12", "ON_HOLD", "Zoë"],
            ["1234", "RINGING", "1"],
        ];
        let rows = rows.map(|row| row.map(str::to_owned));
        assert_eq!(
            table(&rows),
            "ID    STATE    FROM\n12    ON_HOLD  Zoë\n1234  RINGING  1\n"
        );
    }

    #[test]
    fn a_line_ends_once() {
        let mut to = Vec::new();
        write(&mut to, "one\ntwo\n").unwrap();
        assert_eq!(to, b"one\ntwo\n");
    }
}
