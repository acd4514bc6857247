//! The ladder of a call: its SIP messages, its events and their webhooks as rows between columns.
//!
//! [`Flow::lay_out`] is a pure function of what was captured, delivered and committed. Its result is the JSON of
//! `/calls/{id}/flow`; [`Flow::text`] draws it for a terminal, [`Flow::svg`] as a picture.
//! [`trace`] gives the messages alone, for tools that read packets.

mod cause;
mod columns;
mod fold;
mod heard;
mod legs;
mod packets;
mod pcap;
mod sip;
mod svg;
mod text;
mod unsent;
mod webhook;
mod words;

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;

use offhook_base::{CallId, CdrRecord, DeliveryId, EventName, EventRecord, Wall, WebhookId};
use offhook_store::{CapturedMessage, DeliveryRow};
use serde::{Serialize, Serializer};

pub use heard::Arrived;
pub use pcap::{TraceError, trace};

use columns::Columns;

/// Silence longer than this is told as a gap.
const GAP_MICROS: i64 = 5_000_000;

/// A webhook as the ladder names it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FlowWebhook {
    /// Its id.
    pub id: WebhookId,
    /// Its name.
    pub name: String,
    /// Host and port of its address.
    pub host: String,
    /// Categories and event names it asks for.
    pub events: Vec<String>,
    /// Contexts it asks for, empty for the default.
    pub contexts: Vec<String>,
    /// Switched on by the admin.
    pub active: bool,
    /// Why we switched it off, where we did.
    pub disabled: Option<String>,
    /// When it was made.
    pub created_at: Wall,
}

/// All that is known of the calls of one root.
#[derive(Clone, Debug, Default)]
pub struct FlowInput {
    /// SIP messages, in any order.
    pub messages: Vec<CapturedMessage>,
    /// Committed events, in the order of their `seq`.
    pub events: Vec<EventRecord>,
    /// CDRs of the calls that are over.
    pub cdrs: Vec<CdrRecord>,
    /// Deliveries with their attempts.
    pub deliveries: Vec<DeliveryRow>,
    /// Deliveries of events before this moment may be missing, because they are not kept for ever.
    pub deliveries_since: Wall,
    /// Webhooks as they are; one that is deleted meanwhile is shown by its id.
    pub webhooks: Vec<FlowWebhook>,
    /// No webhook is told of anything.
    pub integration_off: bool,
    /// The extension of each phone by the names that SIP knows it by: its username, the extension itself.
    pub extensions: HashMap<String, String>,
}

impl FlowInput {
    /// Whether nothing is known of a call: the number is no root's, or a text's.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let is_text = |event: &EventRecord| event.name == EventName::SmsReceived;
        self.messages.is_empty()
            && self.events.iter().all(is_text)
            && self
                .deliveries
                .iter()
                .all(|delivery| is_text(&delivery.event))
    }
}

/// A laid out ladder.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Flow {
    /// From left to right: who called, Offhook, who was called, the webhooks.
    pub columns: Vec<FlowColumn>,
    /// In the order of time.
    pub rows: Vec<FlowRow>,
    /// From the SIP message that caused an event to the POST that told of it, or to the note that it was not sent.
    pub links: Vec<FlowLink>,
    /// Where nothing happened for more than five seconds.
    pub gaps: Vec<FlowGap>,
}

/// One vertical line.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct FlowColumn {
    /// What rows call it.
    pub id: String,
    /// What stands there.
    pub kind: ColumnKind,
    /// Its name: the extension or number, `Offhook`, the webhook's name.
    pub alias: String,
    /// `address:port`, or the webhook's host. Several, divided by commas, where a phone of ours went on from another port.
    pub address: String,
}

/// What stands at a column.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnKind {
    /// A phone, a trunk, or ourselves.
    Host,
    /// The receiver of a webhook.
    Webhook,
}

/// What a row tells of.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RowKind {
    /// Audio.
    Media,
    /// Something without a message of its own: an event that a webhook was not told of, a delivery not sent.
    Note,
    /// A SIP message.
    Sip,
    /// A POST or its answer.
    Webhook,
}

/// What a row of kind `note` says in `label`, for who says it in another language.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    /// The delivery was given up for its age.
    Expired,
    /// The delivery was given up after a refusal or its last attempt.
    GivenUp,
    /// The delivery waits for the webhook to be switched on.
    Held,
    /// So old that its deliveries are not kept any more.
    NotKept,
    /// A webhook was not told.
    NotSent,
    /// An attempt is due.
    Pending,
    /// Nothing is known of a delivery that there should have been.
    Unknown,
    /// There is no webhook to be told.
    Untold,
}

/// Why a webhook was not told of an event.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Its contexts leave the event's out.
    Context,
    /// It was switched off after failures.
    Disabled,
    /// All webhooks are switched off.
    IntegrationOff,
    /// It was made after the event.
    MadeLater,
    /// It does not ask for such events.
    NotSubscribed,
    /// Its settings of today would have let it be told.
    SettingsChanged,
    /// An admin switched it off.
    WebhookOff,
}

/// One line of the ladder.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FlowRow {
    /// 1, 2, 3 …
    pub n: usize,
    /// When.
    #[serde(serialize_with = "rfc3339")]
    pub at: Wall,
    /// What it tells of.
    pub kind: RowKind,
    /// Column it starts from.
    pub from: String,
    /// Column it goes to; the same for what happens at one place.
    pub to: String,
    /// Short: `INVITE (SDP)`, `180 Ringing`, `POST call.ringing`.
    pub label: String,
    /// More of it: `CSeq 2 INVITE · audio 127.0.0.1:4000 PCMU sendonly`.
    pub detail: String,
    /// The call.
    pub call_id: CallId,
    /// `A`, `B1`, `C1` …, another one for each leg of the picture; only SIP messages and audio have one.
    pub leg: Option<String>,
    /// Row of the message that this one repeats.
    pub retransmission_of: Option<usize>,
    /// The message, or the request or answer, as text.
    pub raw: Option<String>,
    /// The delivery.
    pub delivery_id: Option<DeliveryId>,
    /// Number of the attempt.
    pub attempt: Option<u32>,
    /// How long the attempt took.
    pub ms: Option<u32>,
    /// Status of a SIP or HTTP answer.
    pub status: Option<u16>,
    /// What went wrong, in words.
    pub error: Option<String>,
    /// Sequence number and method of a SIP message: `2 INVITE`.
    pub cseq: Option<String>,
    /// What carried a SIP message: `UDP`, `TCP`, `TLS`, `WSS`.
    pub transport: Option<&'static str>,
    /// The media that a SIP message describes: `audio 127.0.0.1:4000 PCMU sendonly`.
    pub sdp: Option<String>,
    /// True for a POST, false for what a webhook was not told.
    pub sent: Option<bool>,
    /// The event that a POST, its answer or a note is about.
    pub event: Option<EventName>,
    /// What kind of call that event is of: `LOCAL_USER`, `QUEUE`, `RG-1` …
    pub context: Option<String>,
    /// Its number within the root call.
    pub seq: Option<u64>,
    /// What a note says.
    pub note: Option<Note>,
    /// Why a webhook was not told.
    pub reason: Option<Reason>,
    /// How well the audio of this row arrived.
    pub quality: Option<Arrived>,
}

impl FlowRow {
    /// A note at one column, to be filled in.
    fn at(at: Wall, column: String, label: String, call_id: CallId) -> Self {
        Self {
            n: 0,
            at,
            kind: RowKind::Note,
            from: column.clone(),
            to: column,
            label,
            detail: String::new(),
            call_id,
            leg: None,
            retransmission_of: None,
            raw: None,
            delivery_id: None,
            attempt: None,
            ms: None,
            status: None,
            error: None,
            cseq: None,
            transport: None,
            sdp: None,
            sent: None,
            event: None,
            context: None,
            seq: None,
            note: None,
            reason: None,
            quality: None,
        }
    }
}

/// A thin line between two rows.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct FlowLink {
    /// Row of the cause.
    pub from: usize,
    /// Row of the POST, or of the note.
    pub to: usize,
}

/// A silence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FlowGap {
    /// Row before it.
    pub after: usize,
    /// Its length.
    pub seconds: f64,
}

/// A row before it is numbered, with what links need to know of it.
#[derive(Debug)]
struct Draft {
    row: FlowRow,
    /// What the message can be the cause of.
    sign: Option<cause::Sign>,
    /// The event that this row tells of, if it is its first POST or says that there was none.
    tells: Option<cause::Told>,
    /// Place of the draft that this one repeats, before sorting.
    repeats: Option<usize>,
}

impl Draft {
    const fn of(row: FlowRow) -> Self {
        Self {
            row,
            sign: None,
            tells: None,
            repeats: None,
        }
    }
}

impl Flow {
    /// Lays out what is known of a root's calls.
    #[must_use]
    pub fn lay_out(input: &FlowInput) -> Self {
        let mut messages: Vec<&CapturedMessage> = input.messages.iter().collect();
        messages.sort_by_key(|message| message.at);
        let parsed: Vec<sip::Parsed<'_>> = messages
            .iter()
            .map(|message| sip::Parsed::of(message))
            .collect();
        let columns = Columns::of(&parsed, input);

        let legs = legs::Legs::of(&parsed);
        let mut drafts = sip::drafts(&parsed, &columns, &legs);
        drafts.extend(heard::drafts(input, &parsed, &columns, &legs));
        drafts.extend(webhook::drafts(input, &columns));
        drafts.extend(unsent::drafts(input, &columns));
        let (mut rows, links) = number(drafts);
        let gaps = gaps(&rows);
        rows.shrink_to_fit();
        Self {
            columns: columns.into_list(),
            rows,
            links,
            gaps,
        }
    }

    /// Whether the rows are of several calls, so that it must be told which is of which.
    fn has_several_calls(&self) -> bool {
        let mut calls = self.rows.iter().map(|row| row.call_id);
        let first = calls.next();
        calls.any(|call| Some(call) != first)
    }

    /// The ladder as text, at most `width` columns wide where the number of its lines allows that.
    #[must_use]
    pub fn text(&self, width: usize) -> String {
        text::draw(self, width)
    }

    /// The ladder as an SVG picture that needs nothing else.
    ///
    /// # Errors
    /// None is known: it is written to memory.
    pub fn svg(&self, title: &str) -> io::Result<String> {
        svg::draw(self, title)
    }
}

/// Sorts by time and numbers the rows; what refers to rows by place then refers to them by number.
fn number(drafts: Vec<Draft>) -> (Vec<FlowRow>, Vec<FlowLink>) {
    let mut order: Vec<usize> = (0..drafts.len()).collect();
    // Of the same microsecond, SIP first, as it is the cause; drafts of one kind are in their own order.
    let key = |place: &usize| {
        drafts
            .get(*place)
            .map(|draft| (draft.row.at, draft.row.kind != RowKind::Sip))
    };
    order.sort_by_key(key);
    let mut numbers = vec![0; drafts.len()];
    for (n, place) in (1..).zip(&order) {
        if let Some(number) = numbers.get_mut(*place) {
            *number = n;
        }
    }
    let mut drafts: Vec<Draft> = drafts
        .into_iter()
        .zip(&numbers)
        .map(|(mut draft, n)| {
            draft.row.n = *n;
            draft.row.retransmission_of =
                draft.repeats.and_then(|place| numbers.get(place).copied());
            draft
        })
        .collect();
    drafts.sort_by_key(|draft| draft.row.n);
    let links = cause::links(&drafts);
    (drafts.into_iter().map(|draft| draft.row).collect(), links)
}

fn gaps(rows: &[FlowRow]) -> Vec<FlowGap> {
    rows.windows(2)
        .filter_map(|pair| {
            let [before, next] = pair else { return None };
            let micros = next.at.0.saturating_sub(before.at.0);
            #[expect(
                clippy::cast_precision_loss,
                reason = "milliseconds of a silence, far below 2^52"
            )]
            let seconds = (micros / 1_000) as f64 / 1_000.0;
            (micros > GAP_MICROS).then_some(FlowGap {
                after: before.n,
                seconds,
            })
        })
        .collect()
}

fn rfc3339<S: Serializer>(at: &Wall, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.to_rfc3339())
}

/// Octets of a peer as text: UTF-8, or else Latin-1, in which every octet means something.
fn lossless(octets: &[u8]) -> String {
    std::str::from_utf8(octets).map_or_else(
        |_| octets.iter().copied().map(char::from).collect(),
        str::to_owned,
    )
}

/// An address as columns show it.
fn shown(address: SocketAddr) -> String {
    address.to_string()
}

#[cfg(test)]
mod tests;
