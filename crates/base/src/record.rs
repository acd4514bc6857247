//! The records that leave a call: its events, its facts, its CDR.
//!
//! `call` fills them, `store` keeps them as opaque octets, `delivery` sends them; none of the three
//! needs to know another.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{CallId, EventName, RecordingRecord, SmsRecord, UserId, Wall};

/// An event as published. `body` is the JSON, the same octets on every attempt and for every webhook.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EventRecord {
    /// `<node>.<hex time>.<decimals>`: the event's id on the wire and its `webhook-id`.
    pub id: Arc<str>,
    /// The root call, which names the lane.
    pub root: CallId,
    /// The call this event speaks of.
    pub call: CallId,
    /// 1, 2, 3 … per root without a gap; `None` for events that are not numbered.
    pub seq: Option<u64>,
    /// The event's name.
    pub name: EventName,
    /// `LOCAL_USER`, `QUEUE`, `RG-<id>` …: webhooks filter by it.
    pub context: Arc<str>,
    /// True when the whole root call is over with this event.
    pub is_final: bool,
    /// When it happened.
    pub at: Wall,
    /// The JSON body, UTF-8.
    pub body: Arc<[u8]>,
}

/// One line of the journal: what happened, as published, and what a restart must know of it.
///
/// A SIP message that tells a peer of this fact leaves only after the fact is committed.
#[derive(Clone, Debug)]
pub struct FactRecord {
    /// The event it is published as.
    pub event: EventRecord,
    /// The call's state from which a restart can close it; opaque to `store`. `None` once the call is over.
    pub snapshot: Option<Arc<[u8]>>,
    /// Present with the last event of a call: the durable CDR.
    pub cdr: Option<Arc<CdrRecord>>,
    /// Present with `sms.received`: the durable text.
    pub sms: Option<Arc<SmsRecord>>,
    /// Present with `monitor.audio_ready`, and with the end of a message that was left: the recording's entry.
    pub recording: Option<Arc<RecordingRecord>>,
}

/// Who ended a call.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TerminatedBy {
    /// The caller sent CANCEL or BYE.
    Caller,
    /// The called phone sent BYE or a final answer of 300 or above.
    Callee,
    /// Our timers and policies.
    System,
    /// A REST client.
    Api,
}

/// Why a call ended, in all vocabularies at once.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Cause {
    /// Q.850 number, 1 to 127.
    pub q850: u8,
    /// Name of the cause, such as `NORMAL_CLEARING`.
    pub name: &'static str,
    /// Final status of the INVITE; 200 after an answer.
    pub sip: u16,
    /// The cause in words, such as `Normal Clearing`; on the wire it is `t_cause`.
    #[serde(skip)]
    pub text: &'static str,
}

/// How a call went, in the vocabulary of the CDR.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Disposition {
    /// It was answered.
    #[serde(rename = "CONNECTED")]
    Connected,
    /// Nobody answered.
    #[serde(rename = "NO ANSWER")]
    NoAnswer,
    /// Cause 17.
    #[serde(rename = "BUSY")]
    Busy,
    /// Unknown, barred or refused towards a trunk.
    #[serde(rename = "FAILED")]
    Failed,
}

/// One side of a call as the CDR tells it.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Party {
    /// Number or extension.
    pub number: String,
    /// Id of the user, queue or group; `"0"` for an outsider.
    pub id: String,
    /// Name.
    pub name: String,
    /// User-Agent of its phone, empty when unknown.
    pub ua: String,
    /// Codec, empty when unknown.
    pub codec: String,
}

/// How well one side was heard: what it sent, as it arrived at us.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Heard {
    /// RTP packets that arrived.
    pub packets: u64,
    /// RTP packets that did not.
    pub lost: u64,
    /// Interarrival jitter in microseconds (RFC 3550).
    pub jitter_us: u32,
    /// Estimated mean opinion score times 100; 0 while there is none.
    pub mos_x100: u16,
}

/// How well both sides of a call were heard.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Quality {
    /// What the caller sent.
    pub src: Heard,
    /// What the called side sent.
    pub dst: Heard,
}

/// A call detail record; exactly one per [`CallId`].
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct CdrRecord {
    /// The call.
    pub live_id: CallId,
    /// Its root.
    pub root_live_id: CallId,
    /// The call that opened this one, where there is one.
    pub parent_live_id: Option<CallId>,
    /// The user it counts for: the called one when `destination` is `in`, the caller when `out`.
    pub user_id: Option<UserId>,
    /// Both users may read it.
    pub other_user_id: Option<UserId>,
    /// The phone (SIP credentials) that called or answered.
    pub sip_endpoint_id: Option<u32>,
    /// Start of the call.
    pub started_at: Wall,
    /// Caller id as presented.
    pub clid: String,
    /// The caller.
    pub src: Party,
    /// The called side.
    pub dst: Party,
    /// Total seconds.
    pub duration: u32,
    /// Seconds of talk.
    pub billsec: u32,
    /// Outcome.
    pub disposition: Disposition,
    /// `in` or `out`.
    pub destination: String,
    /// `LOCAL_USER` …
    pub context: String,
    /// The cause in words.
    pub t_cause: String,
    /// Detail, empty when there is none.
    pub info: String,
    /// Who ended it.
    pub terminated_by: TerminatedBy,
    /// Q.850 number.
    pub cause_q850: u8,
    /// Name of the cause.
    pub cause_name: String,
    /// Final SIP status.
    pub cause_sip: u16,
    /// How well it was heard; `None` where media did not pass by us, or not long enough to tell.
    #[serde(default)]
    pub quality: Option<Quality>,
}
