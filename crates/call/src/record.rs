//! What is true of a call in every phase, and how each change of it becomes a fact: event, snapshot, CDR.

use std::borrow::Cow;
use std::sync::Arc;

use offhook_base::{
    CallId, Cause, CdrRecord, Disposition, EventName, EventRecord, FactRecord, Party, PhoneId,
    Quality, QueueId, TerminatedBy, UserId, Wall,
};
use offhook_media_core::{Digit, Side, SideQuality};
use serde::{Deserialize, Serialize};

use crate::EventIds;
use crate::event_json;
use crate::figures::quality;
use crate::queue::WrapupAction;

/// Format of [`CallRecord`] in the journal. Raise it with a change that older code could not read.
const VERSION: u32 = 1;

/// Where a call stands, as the contract names it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum CallState {
    /// A target was chosen.
    #[serde(rename = "INITIAL")]
    Initial,
    /// Click-to-call: the originator picked up.
    #[serde(rename = "ACCEPTED")]
    Accepted,
    /// A phone rings.
    #[serde(rename = "RINGING")]
    Ringing,
    /// Answered.
    #[serde(rename = "CONNECTED")]
    Connected,
    /// At least one side holds.
    #[serde(rename = "ON_HOLD")]
    OnHold,
    /// Over; missed calls carry it too.
    #[serde(rename = "HANGUP")]
    Hangup,
    /// Over: an outgoing call that was not connected.
    #[serde(rename = "FAILED")]
    Failed,
}

impl CallState {
    /// The state as on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Initial => "INITIAL",
            Self::Accepted => "ACCEPTED",
            Self::Ringing => "RINGING",
            Self::Connected => "CONNECTED",
            Self::OnHold => "ON_HOLD",
            Self::Hangup => "HANGUP",
            Self::Failed => "FAILED",
        }
    }
}

/// Which way a call goes.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Destination {
    /// Towards a user, queue or group of ours.
    In,
    /// Towards a trunk; also a user's call to an unknown or barred number.
    Out,
}

impl Destination {
    /// `in` or `out`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
        }
    }
}

/// One side of a call. Octets that are not UTF-8 were replaced: these are for people, never for routing.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Participant {
    /// Number or extension.
    pub number: String,
    /// The user behind it; `None` for an outsider.
    pub user: Option<UserId>,
    /// The id of the queue or ring group that it is.
    #[serde(default)]
    pub shared: Option<u32>,
    /// The phone in use, once known.
    pub phone: Option<PhoneId>,
    /// Name.
    pub name: String,
    /// User-Agent, empty when unknown.
    pub ua: String,
    /// Codec, empty when unknown.
    pub codec: String,
    /// Contact URI, empty when unknown.
    pub contact: String,
    /// SIP Call-ID of this side's dialog, empty when unknown.
    pub sip_call_id: String,
}

impl Participant {
    /// The id as events carry it: `"0"` for an outsider.
    #[must_use]
    pub fn id(&self) -> String {
        match (self.user, self.shared) {
            (Some(user), _) => user.to_string(),
            (None, Some(shared)) => shared.to_string(),
            (None, None) => "0".into(),
        }
    }

    /// As it is presented: `"name" <number>`.
    pub(crate) fn clid(&self) -> String {
        format!("\"{}\" <{}>", self.name.replace('"', "'"), self.number)
    }

    fn party(&self) -> Party {
        Party {
            number: self.number.clone(),
            id: self.id(),
            name: self.name.clone(),
            ua: self.ua.clone(),
            codec: self.codec.clone(),
        }
    }
}

/// A call: plain, versioned data that goes into the journal with each of its facts and can close the call
/// after a restart. The live list of the API is made of these.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct CallRecord {
    version: u32,
    /// The call.
    pub id: CallId,
    /// Its root; the same for a plain call.
    pub root: CallId,
    /// The call that opened this one.
    pub parent: Option<CallId>,
    /// Number of the last event of the root when this record was written.
    pub seq: u64,
    /// Where it stands.
    pub state: CallState,
    /// `LOCAL_USER`, `QUEUE`, `RG-<id>`, `ENDPOINT` …
    pub context: String,
    /// Which way.
    pub destination: Destination,
    /// Caller id as presented.
    pub clid: String,
    /// 40 hex digits, the same in all events of one root.
    pub src_hash: String,
    /// The caller.
    pub src: Participant,
    /// The called side.
    pub dst: Participant,
    /// Who transferred the caller here, empty when nobody.
    #[serde(default)]
    pub referred_by: String,
    /// State in a queue, empty when in none.
    #[serde(default)]
    pub queue_state: String,
    /// Start.
    pub started_at: Wall,
    /// Answer.
    pub connected_at: Option<Wall>,
    /// Time of the last event: none of the same call lies before it.
    pub last_event_at: Wall,
    /// How well it is heard, as far as it is known.
    #[serde(default)]
    pub quality: Option<Quality>,
    /// What had been heard of both sides of the relay before it.
    #[serde(skip)]
    pub(crate) heard_before: Option<[SideQuality; 2]>,
    /// Legs that were named after this call.
    #[serde(skip)]
    pub(crate) legs: u16,
}

/// How a call ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct End {
    /// Why.
    pub(crate) cause: Cause,
    /// Who.
    pub(crate) by: TerminatedBy,
    /// Detail, `""` when there is none.
    pub(crate) info: Cow<'static, str>,
    /// Another call of the conversation took its place: it was transferred, or another phone answered. Its last event is
    /// `call.hangup` then, also when it was not answered.
    pub(crate) replaced: bool,
}

impl End {
    /// An end without a detail.
    pub(crate) const fn new(cause: Cause, by: TerminatedBy) -> Self {
        Self {
            cause,
            by,
            info: Cow::Borrowed(""),
            replaced: false,
        }
    }

    /// The same with a detail.
    pub(crate) fn with_info(self, info: impl Into<Cow<'static, str>>) -> Self {
        Self {
            info: info.into(),
            ..self
        }
    }

    /// The end of a call whose place another one takes.
    pub(crate) const fn replaced(cause: Cause, by: TerminatedBy) -> Self {
        Self {
            cause,
            by,
            info: Cow::Borrowed(""),
            replaced: true,
        }
    }
}

/// What a new call needs to be told.
#[derive(Clone, Debug)]
pub(crate) struct NewCall {
    pub(crate) parent: Option<CallId>,
    pub(crate) context: Cow<'static, str>,
    pub(crate) destination: Destination,
    pub(crate) clid: String,
    pub(crate) src: Participant,
    pub(crate) dst: Participant,
    pub(crate) referred_by: String,
    /// State in a queue, empty when it is in none.
    pub(crate) queue_state: &'static str,
}

/// A moment of a conversation, as each record of it is stamped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp<'a> {
    pub(crate) root: CallId,
    pub(crate) src_hash: &'a str,
    pub(crate) seq: u64,
    pub(crate) at: Wall,
}

impl CallRecord {
    /// A call that starts at this moment, before its first event.
    pub(crate) fn new(id: CallId, stamp: Stamp<'_>, call: NewCall) -> Self {
        Self {
            version: VERSION,
            id,
            root: stamp.root,
            parent: call.parent,
            seq: stamp.seq,
            state: CallState::Initial,
            context: call.context.into_owned(),
            destination: call.destination,
            clid: call.clid,
            src_hash: stamp.src_hash.to_owned(),
            src: call.src,
            dst: call.dst,
            referred_by: call.referred_by,
            queue_state: call.queue_state.to_owned(),
            started_at: stamp.at,
            connected_at: None,
            last_event_at: stamp.at,
            quality: None,
            heard_before: None,
            legs: 0,
        }
    }

    /// Reads a record from the journal. `None` when it is not one, or of a version that this code cannot read.
    #[must_use]
    pub fn from_snapshot(octets: &[u8]) -> Option<Self> {
        serde_json::from_slice::<Self>(octets)
            .ok()
            .filter(|record| record.version == VERSION)
    }

    /// Seconds since the answer, 0 before: the difference of the two printed seconds.
    #[must_use]
    pub fn talk_seconds(&self, at: Wall) -> i64 {
        self.connected_at.map_or(0, |answered| {
            (at.unix_seconds() - answered.unix_seconds()).max(0)
        })
    }

    /// A change of its state becomes a fact.
    pub(crate) fn change(
        &mut self,
        stamp: Stamp<'_>,
        name: EventName,
        state: CallState,
        ids: &mut EventIds,
    ) -> FactRecord {
        self.stamp(stamp, state);
        if name == EventName::CallConnected {
            self.connected_at = Some(stamp.at);
        }
        let event = self.event(stamp.at, name, None, false, ids);
        FactRecord {
            event,
            snapshot: Some(self.snapshot()),
            cdr: None,
            sms: None,
            recording: None,
        }
    }

    /// What is heard by now of both sides of the relay; `caller` is one of them.
    pub(crate) fn hear(&mut self, heard: [SideQuality; 2], caller: Side) {
        self.quality = Some(quality(self.heard_before, heard, caller));
    }

    /// A key was pressed, which changes nothing else.
    pub(crate) fn press(
        &mut self,
        stamp: Stamp<'_>,
        (digit, target): (Digit, &str),
        ids: &mut EventIds,
    ) -> FactRecord {
        self.stamp(stamp, self.state);
        let id = ids.next(stamp.at);
        let body = event_json::dtmf_event(self, &id, stamp.at, (digit, target));
        FactRecord {
            event: self.published(id, stamp.at, EventName::CallDtmf, false, body),
            snapshot: Some(self.snapshot()),
            cdr: None,
            sms: None,
            recording: None,
        }
    }

    /// The call is over. `is_final` when its root is, too.
    pub(crate) fn end(
        mut self,
        stamp: Stamp<'_>,
        end: &End,
        is_final: bool,
        ids: &mut EventIds,
    ) -> FactRecord {
        let (name, state) = match (self.connected_at, self.destination) {
            _ if end.replaced => (EventName::CallHangup, CallState::Hangup),
            (Some(_), _) => (EventName::CallHangup, CallState::Hangup),
            (None, Destination::In) => (EventName::CallMissed, CallState::Hangup),
            (None, Destination::Out) => (EventName::CallFailed, CallState::Failed),
        };
        self.stamp(stamp, state);
        let event = self.event(stamp.at, name, Some(end), is_final, ids);
        FactRecord {
            event,
            snapshot: None,
            cdr: Some(Arc::new(self.cdr(stamp.at, end))),
            sms: None,
            recording: None,
        }
    }

    /// The event of an agent's time after a call of this queue. It has no number of its own.
    pub(crate) fn wrapup(
        &self,
        now: Wall,
        (queue, agent, action): (QueueId, UserId, WrapupAction),
        ids: &mut EventIds,
    ) -> FactRecord {
        let at = now.max(self.last_event_at);
        let id = ids.next(at);
        let body = event_json::wrapup_event(self, &id, at, (queue, agent, action));
        FactRecord {
            event: EventRecord {
                id,
                root: self.root,
                call: self.id,
                seq: None,
                name: EventName::QueueWrapup,
                context: self.context.as_str().into(),
                is_final: false,
                at,
                body: body.into(),
            },
            snapshot: None,
            cdr: None,
            sms: None,
            recording: None,
        }
    }

    const fn stamp(&mut self, stamp: Stamp<'_>, state: CallState) {
        self.state = state;
        self.seq = stamp.seq;
        self.last_event_at = stamp.at;
    }

    fn event(
        &self,
        at: Wall,
        name: EventName,
        end: Option<&End>,
        is_final: bool,
        ids: &mut EventIds,
    ) -> EventRecord {
        let id = ids.next(at);
        let body = event_json::call_event(self, &id, at, name, end, is_final);
        self.published(id, at, name, is_final, body)
    }

    fn published(
        &self,
        id: Arc<str>,
        at: Wall,
        name: EventName,
        is_final: bool,
        body: Vec<u8>,
    ) -> EventRecord {
        EventRecord {
            id,
            root: self.root,
            call: self.id,
            seq: Some(self.seq),
            name,
            context: self.context.as_str().into(),
            is_final,
            at,
            body: body.into(),
        }
    }

    /// As the journal keeps it: strings and numbers only, which always serialise.
    fn snapshot(&self) -> Arc<[u8]> {
        serde_json::to_vec(self).unwrap_or_default().into()
    }

    fn cdr(&self, at: Wall, end: &End) -> CdrRecord {
        let (user, other) = match self.destination {
            Destination::In => (self.dst.user, self.src.user),
            Destination::Out => (self.src.user, self.dst.user),
        };
        let phone = match self.destination {
            Destination::In => self.dst.phone,
            Destination::Out => self.src.phone,
        };
        CdrRecord {
            live_id: self.id,
            root_live_id: self.root,
            parent_live_id: self.parent,
            user_id: user,
            other_user_id: other,
            sip_endpoint_id: phone.map(|phone| phone.0),
            started_at: self.started_at,
            clid: self.clid.clone(),
            src: self.src.party(),
            dst: self.dst.party(),
            duration: seconds(at.unix_seconds() - self.started_at.unix_seconds()),
            billsec: seconds(self.talk_seconds(at)),
            disposition: self.disposition(end),
            destination: self.destination.as_str().into(),
            context: self.context.clone(),
            t_cause: end.cause.text.into(),
            info: end.info.clone().into_owned(),
            terminated_by: end.by,
            cause_q850: end.cause.q850,
            cause_name: end.cause.name.into(),
            cause_sip: end.cause.sip,
            quality: self.quality,
        }
    }

    /// Contract, row `/cdrs`: answered CONNECTED; cause 17 BUSY; else NO ANSWER towards us and for our ring
    /// timeout or the caller's CANCEL, FAILED for the rest.
    fn disposition(&self, end: &End) -> Disposition {
        let given_up = matches!(end.cause.name, "NO_ANSWER" | "ORIGINATOR_CANCEL");
        match self.destination {
            _ if self.connected_at.is_some() => Disposition::Connected,
            _ if end.cause.q850 == 17 => Disposition::Busy,
            Destination::In => Disposition::NoAnswer,
            Destination::Out if given_up => Disposition::NoAnswer,
            Destination::Out => Disposition::Failed,
        }
    }
}

fn seconds(difference: i64) -> u32 {
    u32::try_from(difference.max(0)).unwrap_or(u32::MAX)
}
