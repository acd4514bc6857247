//! Where everything stands: columns side by side, rows one under another.

use std::collections::HashMap;

use super::super::fold::{Step, steps};
use super::super::words::{cut, silence};
use super::super::{Flow, FlowColumn};

/// Number, leg and time in front of the columns.
const GUTTER: u32 = 172;
/// Distance of two columns, and where there are many of them.
const WIDE: u32 = 240;
const NARROW: u32 = 190;
const MANY: usize = 8;
/// Narrowest picture: its legend must fit.
const LEAST: u32 = 680;
/// Rows that are drawn, at most.
const MOST_ROWS: usize = 5_000;

/// A row with its place.
pub(super) struct Placed<'a> {
    pub(super) step: Step<'a>,
    /// Its upper edge.
    pub(super) y: u32,
    /// What its second line says.
    pub(super) detail: String,
    /// Clock of the row, with milliseconds.
    pub(super) clock: String,
    /// Time since the row before.
    pub(super) delta: String,
}

/// A band across the picture that says something about time.
pub(super) struct Band {
    pub(super) y: u32,
    pub(super) text: String,
}

pub(super) struct Plan<'a> {
    pub(super) columns: Vec<(&'a FlowColumn, u32)>,
    pub(super) distance: u32,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) rows: Vec<Placed<'a>>,
    pub(super) bands: Vec<Band>,
    /// Rows that there was no room for.
    pub(super) left_out: usize,
    places: HashMap<&'a str, u32>,
}

impl<'a> Plan<'a> {
    /// Plans what begins at `top`.
    pub(super) fn of(flow: &'a Flow, top: u32) -> Self {
        let distance = if flow.columns.len() > MANY {
            NARROW
        } else {
            WIDE
        };
        let columns: Vec<(&FlowColumn, u32)> = flow
            .columns
            .iter()
            .zip((0..).map(|n| GUTTER + distance / 2 + distance * n))
            .collect();
        let right = columns.last().map_or(0, |(_, x)| x + distance / 2);
        let mut plan = Self {
            places: columns
                .iter()
                .map(|(column, x)| (&*column.id, *x))
                .collect(),
            columns,
            distance,
            width: right.max(LEAST),
            height: top,
            rows: Vec::new(),
            bands: Vec::new(),
            left_out: 0,
        };
        plan.place_rows(flow);
        plan
    }

    /// Where a column stands.
    pub(super) fn x(&self, column: &str) -> u32 {
        self.places.get(column).copied().unwrap_or(GUTTER)
    }

    fn place_rows(&mut self, flow: &'a Flow) {
        let mut date = String::new();
        let mut before = None;
        for step in steps(flow, flow.rows.iter()) {
            if self.rows.len() == MOST_ROWS {
                self.left_out += 1;
                continue;
            }
            for seconds in &step.silences {
                self.band(format!("{} later", silence(*seconds)));
            }
            let at = step.row.at.to_rfc3339();
            let (today, clock) = at.split_once('T').unwrap_or_default();
            if date != today {
                date = today.to_owned();
                self.band(format!("{date} UTC"));
            }
            let since = before.map(|before| step.row.at.0.saturating_sub(before));
            before = Some(step.row.at.0);
            let room = self.span(&step).saturating_sub(2 * MARGIN);
            let whole = step.row.from == step.row.to || fits(&step.row.label, room, LABEL);
            let detail = step.detail(whole);
            let height = if detail.is_empty() { 38 } else { 46 };
            self.rows.push(Placed {
                y: self.height,
                clock: clock.get(..12).unwrap_or_default().to_owned(),
                delta: since.map(delta).unwrap_or_default(),
                detail,
                step,
            });
            self.height += height;
        }
        self.height += 16;
    }

    fn band(&mut self, text: String) {
        self.bands.push(Band {
            y: self.height,
            text,
        });
        self.height += BAND;
    }

    /// How far a row's arrow goes.
    pub(super) fn span(&self, step: &Step<'_>) -> u32 {
        self.x(&step.row.from).abs_diff(self.x(&step.row.to))
    }
}

/// As much of a text as fits into a width.
pub(super) fn fit(text: &str, width: u32, size: u32) -> String {
    let narrowest = width * 100 / (size * NARROW_LETTER);
    let plain = cut(text, usize::try_from(narrowest).unwrap_or(0));
    if fits(&plain, width, size) {
        return plain;
    }
    let mut room = (width * 100 / size).saturating_sub(3 * NARROW_LETTER);
    let fitting = plain.chars().map_while(|letter| {
        room = room.checked_sub(breadth(letter))?;
        Some(letter)
    });
    let mut start: String = fitting.collect();
    start.push_str("...");
    start
}

fn fits(text: &str, width: u32, size: u32) -> bool {
    text.chars().map(breadth).sum::<u32>() <= width * 100 / size
}

/// Hundredths of the size of a font that a letter takes. Fonts differ: these are of a wide and bold one.
const fn breadth(letter: char) -> u32 {
    match letter {
        ' ' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | '(' | ')' | '[' | ']' | '/' | 'f'
        | 'i' | 'j' | 'l' | 'r' | 't' | 'I' => NARROW_LETTER,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 110,
        'A'..='Z' => 76,
        '\u{1100}'.. => 110,
        _ => 66,
    }
}

/// `+3 ms`, `+1.203 s`
fn delta(micros: i64) -> String {
    match micros {
        ..1_000 => format!("+{:.1} ms", millis(micros)),
        1_000..1_000_000 => format!("+{} ms", micros / 1_000),
        _ => format!("+{}.{:03} s", micros / 1_000_000, micros / 1_000 % 1_000),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "less than a millisecond in microseconds"
)]
fn millis(micros: i64) -> f64 {
    micros.max(0) as f64 / 1_000.0
}

const NARROW_LETTER: u32 = 42;
/// Size of the first and of the second line of a row.
pub(super) const LABEL: u32 = 12;
pub(super) const DETAIL: u32 = 10;
/// What is left free at the ends of an arrow.
pub(super) const MARGIN: u32 = 14;
/// Height of a band.
pub(super) const BAND: u32 = 26;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_by_the_breadth_of_its_letters() {
        assert_eq!(fit("INVITE (SDP)", 200, LABEL), "INVITE (SDP)");
        assert_eq!(
            fit(&"w".repeat(10_000), 100, 10),
            format!("{}...", "w".repeat(7))
        );
        assert_eq!(
            fit(&"i".repeat(10_000), 100, 10),
            format!("{}...", "i".repeat(20))
        );
        assert_eq!(fit("x", 0, 10), "");
    }

    #[test]
    fn a_delta_has_three_digits_or_so() {
        let told = [-5, 40, 12_345, 7_089_000].map(delta);
        assert_eq!(told, ["+0.0 ms", "+0.0 ms", "+12 ms", "+7.089 s"]);
    }
}
