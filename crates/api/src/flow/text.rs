//! The ladder for a terminal: ASCII lines between columns, one row an arrow with a line of detail under it.
//!
//! A terminal is narrow: webhooks that got nothing of this call have no column, and what they were not sent no line. When
//! none got anything, each event stands at our own column, once.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::fold::{Step, steps};
use super::words::{cut, silence};
use super::{ColumnKind, Flow, FlowColumn, FlowRow, RowKind};

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

/// What of a ladder is drawn.
struct Shown<'a> {
    columns: Vec<&'a FlowColumn>,
    rows: Vec<Cow<'a, FlowRow>>,
}

impl<'a> Shown<'a> {
    fn of(flow: &'a Flow) -> Self {
        let with_deliveries: BTreeSet<&str> = flow
            .rows
            .iter()
            .filter(|row| row.delivery_id.is_some())
            .flat_map(|row| [row.from.as_str(), row.to.as_str()])
            .collect();
        let is_shown = |column: &&FlowColumn| match column.kind {
            ColumnKind::Host => true,
            ColumnKind::Webhook => with_deliveries.contains(column.id.as_str()),
        };
        let unsent = |row: &FlowRow| row.sent == Some(false);
        let rows = if with_deliveries.is_empty() {
            once_an_event(flow)
        } else {
            let is_shown =
                |row: &&FlowRow| !unsent(row) || with_deliveries.contains(row.to.as_str());
            flow.rows
                .iter()
                .filter(is_shown)
                .map(Cow::Borrowed)
                .collect()
        };
        Self {
            columns: flow.columns.iter().filter(is_shown).collect(),
            rows,
        }
    }
}

/// The rows of a ladder none of whose webhooks got anything.
fn once_an_event(flow: &Flow) -> Vec<Cow<'_, FlowRow>> {
    let event = |row: &FlowRow| (row.at, row.call_id, row.label.clone());
    let mut missed: BTreeMap<_, usize> = BTreeMap::new();
    for row in flow.rows.iter().filter(|row| row.sent == Some(false)) {
        *missed.entry(event(row)).or_default() += 1;
    }
    let mut rows = Vec::with_capacity(flow.rows.len());
    for row in &flow.rows {
        if row.sent != Some(false) {
            rows.push(Cow::Borrowed(row));
        } else if let Some(webhooks) = missed.remove(&event(row)) {
            let detail = if webhooks == 1 {
                row.detail.clone()
            } else {
                format!("to none of {webhooks} webhooks")
            };
            rows.push(Cow::Owned(FlowRow {
                to: row.from.clone(),
                detail,
                raw: None,
                ..row.clone()
            }));
        }
    }
    rows
}

pub(super) fn draw(flow: &Flow, width: usize) -> String {
    if flow.rows.is_empty() {
        return "Nothing is kept of this call.\n".to_owned();
    }
    let shown = Shown::of(flow);
    let columns = || shown.columns.iter();
    let lanes = Lanes::new(shown.columns.len(), width);
    let mut text = lanes.heads(columns().map(|column| column.alias.as_str()));
    text.push_str(&lanes.heads(columns().map(|column| column.address.as_str())));
    let mut date = String::new();
    for step in steps(flow, shown.rows.iter().map(AsRef::as_ref)) {
        for seconds in &step.silences {
            let mut line = lanes.empty("", ':');
            line.put(5, &format!("{:>12}", silence(*seconds)));
            text.push_str(&line.finish());
        }
        let at = step.row.at.to_rfc3339();
        if let Some((today, _)) = at.split_once('T').filter(|(today, _)| *today != date) {
            date = today.to_owned();
            text.push_str(&lanes.empty(&format!("     {date} UTC"), '|').finish());
        }
        let time = at.get(11..23).unwrap_or_default();
        draw_row(&shown.columns, &lanes, &step, time, &mut text);
    }
    text
}

fn draw_row(
    columns: &[&FlowColumn],
    lanes: &Lanes,
    step: &Step<'_>,
    time: &str,
    text: &mut String,
) {
    let row = step.row;
    let place = |id: &str| {
        let column = columns.iter().position(|column| column.id == id);
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
    let mut detail = step.detail(whole);
    if let Some(leg) = row
        .leg
        .as_ref()
        .filter(|_| step.names_call && !detail.is_empty())
    {
        detail = format!("leg {leg} · {detail}");
    }
    if !detail.is_empty() {
        let mut line = lanes.empty("", '|');
        let start = from.min(to) + 2;
        line.put(start, &cut(&detail, lanes.width.saturating_sub(start)));
        text.push_str(&line.finish());
    }
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
