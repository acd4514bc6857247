//! What a drawn ladder has in common, be it a text or a picture: retransmissions folded into the message they repeat, and what
//! is told of a row besides its own words.

use std::collections::HashMap;

use super::{Flow, FlowRow, RowKind};

/// A row to be drawn.
pub(super) struct Step<'a> {
    pub(super) row: &'a FlowRow,
    /// How often it was sent.
    pub(super) times: usize,
    /// Row of its cause.
    pub(super) cause: Option<usize>,
    /// Silences in front of it.
    pub(super) silences: Vec<f64>,
    /// There are other calls in the picture, so it is told which one it is of.
    pub(super) names_call: bool,
}

/// The rows to be drawn of those given, in order.
pub(super) fn steps<'a>(
    flow: &Flow,
    rows: impl Iterator<Item = &'a FlowRow>,
) -> impl Iterator<Item = Step<'a>> {
    let mut times: HashMap<usize, usize> = HashMap::new();
    for first in flow.rows.iter().filter_map(|row| row.retransmission_of) {
        *times.entry(first).or_insert(1) += 1;
    }
    let causes: HashMap<usize, usize> =
        flow.links.iter().map(|link| (link.to, link.from)).collect();
    let names_call = flow.has_several_calls();
    let mut gaps = flow.gaps.iter().peekable();
    let mut is_first = true;
    rows.filter(|row| row.retransmission_of.is_none())
        .map(move |row| {
            let mut silences = Vec::new();
            while let Some(gap) = gaps.next_if(|gap| gap.after < row.n) {
                silences.push(gap.seconds);
            }
            // Nothing is drawn above the first row that a silence could divide it from.
            if std::mem::take(&mut is_first) {
                silences.clear();
            }
            Step {
                row,
                times: times.get(&row.n).copied().unwrap_or(1),
                cause: causes.get(&row.n).copied(),
                silences,
                names_call,
            }
        })
}

impl Step<'_> {
    /// The second line: what the first had no room for, how often it was sent, and what it says besides.
    pub(super) fn detail(&self, whole_label: bool) -> String {
        let row = self.row;
        let mut parts = Vec::new();
        if !whole_label {
            parts.push(row.label.clone());
        }
        if self.names_call && row.event.is_some() && row.ms.is_none() {
            let context = row.context.as_deref().unwrap_or_default();
            parts.push(format!("{context} call {}", row.call_id));
        }
        if self.names_call && row.quality.is_some() {
            parts.push(format!("call {}", row.call_id));
        }
        if self.times > 1 {
            parts.push(format!("{} times", self.times));
        }
        let answer = row.ms.is_some() && row.error.is_none();
        let plain = row.kind == RowKind::Sip && (row.status.is_some() || row.label == "ACK");
        let only_cseq = plain && !row.detail.contains(" · ");
        if !row.detail.is_empty() && !answer && !only_cseq {
            parts.push(row.detail.clone());
        }
        parts.extend(self.cause.map(|cause| format!("by row {cause}")));
        parts.join(" · ")
    }
}
