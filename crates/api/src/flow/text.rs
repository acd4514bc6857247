//! The ladder for a terminal: ASCII lines between columns, one row an arrow with a line of detail under it.

use super::{Flow, FlowRow, RowKind};

/// Number and time in front of the columns.
const GUTTER: usize = 19;
/// Narrowest and widest distance of two columns.
const NARROW: usize = 16;
const WIDE: usize = 34;

/// Where the columns stand.
struct Lanes {
    at: Vec<usize>,
    distance: usize,
    width: usize,
}

impl Lanes {
    fn new(columns: usize, width: usize) -> Self {
        let distance = (width.saturating_sub(GUTTER) / columns.max(1)).clamp(NARROW, WIDE);
        let at = (0..columns)
            .map(|column| GUTTER + distance * column + distance / 2)
            .collect();
        Self {
            at,
            distance,
            width: width.max(GUTTER + distance * columns),
        }
    }

    /// A line with a stroke at each column.
    fn empty(&self, gutter: &str, stroke: char) -> Line {
        let mut line = Line {
            cells: vec![' '; self.width],
        };
        line.put(0, gutter);
        for at in &self.at {
            line.set(*at, stroke);
        }
        line
    }

    /// Texts centred on their columns.
    fn heads<'a>(&self, texts: impl Iterator<Item = &'a str>) -> String {
        let mut line = Line {
            cells: vec![' '; self.width],
        };
        for (at, text) in self.at.iter().zip(texts) {
            let text = cut(text, self.distance.saturating_sub(2));
            line.put(at.saturating_sub(text.chars().count() / 2), &text);
        }
        line.finish()
    }
}

struct Line {
    cells: Vec<char>,
}

impl Line {
    fn set(&mut self, at: usize, cell: char) {
        if let Some(place) = self.cells.get_mut(at) {
            *place = cell;
        }
    }

    fn put(&mut self, at: usize, text: &str) {
        for (place, cell) in (at..).zip(text.chars()) {
            self.set(place, cell);
        }
    }

    fn finish(self) -> String {
        let text: String = self.cells.into_iter().collect();
        format!("{}\n", text.trim_end())
    }
}

pub(super) fn draw(flow: &Flow, width: usize) -> String {
    let Some(first) = flow.rows.first() else {
        return "Nothing is kept of this call.\n".to_owned();
    };
    let lanes = Lanes::new(flow.columns.len(), width);
    let mut text = lanes.heads(flow.columns.iter().map(|column| column.alias.as_str()));
    text.push_str(&lanes.heads(flow.columns.iter().map(|column| column.address.as_str())));
    let mut date = String::new();
    let mut after = first.n;
    for row in flow
        .rows
        .iter()
        .filter(|row| row.retransmission_of.is_none())
    {
        for gap in flow
            .gaps
            .iter()
            .filter(|gap| (after..row.n).contains(&gap.after))
        {
            let mut line = lanes.empty("", ':');
            line.put(5, &format!("{:>12}", silence(gap.seconds)));
            text.push_str(&line.finish());
        }
        after = row.n;
        let at = row.at.to_rfc3339();
        if let Some((today, _)) = at.split_once('T').filter(|(today, _)| *today != date) {
            date = today.to_owned();
            text.push_str(&lanes.empty(&format!("     {date} UTC"), '|').finish());
        }
        draw_row(
            flow,
            &lanes,
            row,
            at.get(11..23).unwrap_or_default(),
            &mut text,
        );
    }
    text
}

fn draw_row(flow: &Flow, lanes: &Lanes, row: &FlowRow, time: &str, text: &mut String) {
    let place = |id: &str| {
        let column = flow.columns.iter().position(|column| column.id == id);
        column
            .and_then(|column| lanes.at.get(column).copied())
            .unwrap_or(GUTTER)
    };
    let (from, to) = (place(&row.from), place(&row.to));
    let mut line = lanes.empty(&format!("{:4} {time}", row.n), '|');
    if from == to {
        line.put(from, &cut(&format!("* {}", row.label), lanes.width - from));
    } else {
        arrow(&mut line, from, to, row);
    }
    text.push_str(&line.finish());
    let whole = from == to || row.label.chars().count() <= room(from, to);
    let detail = detail(flow, row, whole);
    if !detail.is_empty() {
        let mut line = lanes.empty("", '|');
        let start = from.min(to) + 2;
        line.put(start, &cut(&detail, lanes.width.saturating_sub(start)));
        text.push_str(&line.finish());
    }
}

/// The second line: what the first had no room for, how often it was sent, and what it says besides.
fn detail(flow: &Flow, row: &FlowRow, whole: bool) -> String {
    let mut parts = Vec::new();
    if !whole {
        parts.push(row.label.clone());
    }
    let repeats = flow
        .rows
        .iter()
        .filter(|other| other.retransmission_of == Some(row.n))
        .count();
    if repeats > 0 {
        parts.push(format!("{} times", repeats + 1));
    }
    let answer = row.ms.is_some() && row.error.is_none();
    let plain = row.kind == RowKind::Sip && (row.status.is_some() || row.label == "ACK");
    let only_cseq = plain && !row.detail.contains(" · ");
    if !row.detail.is_empty() && !answer && !only_cseq {
        parts.push(row.detail.clone());
    }
    let cause = flow.links.iter().find(|link| link.to == row.n);
    parts.extend(cause.map(|link| format!("by row {}", link.from)));
    parts.join(" · ")
}

/// What fits on an arrow beside its ends.
fn room(from: usize, to: usize) -> usize {
    from.abs_diff(to).saturating_sub(6)
}

/// `|--- INVITE (SDP) --->|`; `=` for HTTP, `.` for what was not sent, `x` for an answer that did not come.
fn arrow(line: &mut Line, from: usize, to: usize, row: &FlowRow) {
    let (left, right) = (from.min(to) + 1, from.max(to));
    let stroke = match row.kind {
        RowKind::Media => '~',
        RowKind::Note => '.',
        RowKind::Sip => '-',
        RowKind::Webhook => '=',
    };
    for at in left..right {
        line.set(at, stroke);
    }
    let failed = row.kind == RowKind::Webhook && row.error.is_some() && row.status.is_none();
    let head = |arrow| if failed { 'x' } else { arrow };
    if row.kind != RowKind::Note {
        if from < to {
            line.set(right - 1, head('>'));
        } else {
            line.set(left, head('<'));
        }
    }
    let label = format!(" {} ", cut(&row.label, room(from, to)));
    let start = left + (right - left).saturating_sub(label.chars().count()) / 2;
    line.put(start, &label);
}

/// At most `room` characters on one line, none of which a terminal obeys: peers choose these texts.
fn cut(text: &str, room: usize) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = words.join(" ").replace(char::is_control, "?");
    if text.chars().count() <= room {
        return text;
    }
    let start: String = text.chars().take(room.saturating_sub(3)).collect();
    format!("{start}...").chars().take(room).collect()
}

fn silence(seconds: f64) -> String {
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
