//! How well the sound of each side arrived: a row a direction, where its call ended.
//!
//! The figures are those of the CDR, so that a call which goes on has none yet.

use offhook_base::{CdrRecord, EventRecord, Heard, Wall};
use serde::Serialize;

use super::columns::Columns;
use super::legs::Legs;
use super::sip::Parsed;
use super::{Draft, FlowInput, FlowRow, RowKind};

/// What a side sent, as it arrived at us.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Arrived {
    /// RTP packets that arrived.
    pub packets: u64,
    /// RTP packets that did not.
    pub lost: u64,
    /// Interarrival jitter in milliseconds (RFC 3550 §6.4.1).
    pub jitter_ms: f64,
    /// Estimated mean opinion score; `None` while there is none.
    pub mos: Option<f64>,
}

impl From<&Heard> for Arrived {
    fn from(heard: &Heard) -> Self {
        Self {
            packets: heard.packets,
            lost: heard.lost,
            jitter_ms: f64::from(heard.jitter_us / 100) / 10.0,
            mos: (heard.mos_x100 > 0).then(|| f64::from(heard.mos_x100) / 100.0),
        }
    }
}

pub(super) fn drafts(
    input: &FlowInput,
    messages: &[Parsed<'_>],
    columns: &Columns,
    legs: &Legs<'_>,
) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for cdr in &input.cdrs {
        let Some(quality) = &cdr.quality else {
            continue;
        };
        let is_theirs = |parsed: &&Parsed<'_>| parsed.message.call == cdr.live_id;
        let caller = messages
            .iter()
            .filter(is_theirs)
            .find(|parsed| parsed.message.leg == "A");
        // Whom a transfer moved there is known by its number only.
        let called = messages
            .iter()
            .filter(is_theirs)
            .rfind(|parsed| parsed.answers());
        let sides = [
            (caller, &cdr.src.number, &quality.src),
            (called, &cdr.dst.number, &quality.dst),
        ];
        let at = ended_at(cdr, &input.events);
        for (spoke, number, heard) in sides {
            let host = match spoke {
                Some(parsed) => Some(columns.host(parsed.message.remote)),
                None => columns.named(number),
            };
            if let Some(host) = host.filter(|_| heard.packets > 0) {
                let newest = messages
                    .iter()
                    .rfind(|parsed| columns.host(parsed.message.remote) == host);
                let leg = newest.map(|parsed| legs.name(parsed.message.call, &parsed.message.leg));
                drafts.push(Draft::of(FlowRow {
                    leg,
                    ..row(cdr, at, host, heard, columns)
                }));
            }
        }
    }
    drafts
}

/// The moment of the call's last event; as far as the CDR knows it where that is not kept.
fn ended_at(cdr: &CdrRecord, events: &[EventRecord]) -> Wall {
    let last = events
        .iter()
        .rfind(|event| event.call == cdr.live_id && event.name.is_last());
    last.map_or_else(
        || Wall::from_unix_seconds(cdr.started_at.unix_seconds() + i64::from(cdr.duration)),
        |event| event.at,
    )
}

fn row(cdr: &CdrRecord, at: Wall, host: String, heard: &Heard, columns: &Columns) -> FlowRow {
    let arrived = Arrived::from(heard);
    let label = arrived
        .mos
        .map_or_else(|| "RTP".to_owned(), |mos| format!("MOS {mos:.1}"));
    let detail = format!(
        "RTP: {} packets · {} lost · jitter {:.1} ms",
        arrived.packets, arrived.lost, arrived.jitter_ms
    );
    FlowRow {
        kind: RowKind::Media,
        to: columns.pbx(),
        detail,
        quality: Some(arrived),
        ..FlowRow::at(at, host, label, cdr.live_id)
    }
}
