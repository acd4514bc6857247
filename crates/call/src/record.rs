//! What is true of a call in every phase, and how each change of it becomes a fact: event, snapshot, CDR.

use std::borrow::Cow;
use std::sync::Arc;

use offhook_base::{
    CallId, Cause, CdrRecord, Disposition, EventName, EventRecord, FactRecord, Mono, Now, Party,
    PhoneId, TerminatedBy, UserId, Wall,
};
use serde::{Deserialize, Serialize};

use crate::EventIds;
use crate::event_json;

/// Format of [`CallRecord`] in the journal. Raise it with a change that older code could not read.
const VERSION: u32 = 1;

/// Where a call stands, as the contract names it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum CallState {
    /// A target was chosen.
    #[serde(rename = "INITIAL")]
    Initial,
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
        self.user
            .map_or_else(|| "0".into(), |user| user.to_string())
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
    /// Number of the last event of the root.
    pub seq: u64,
    /// Where it stands.
    pub state: CallState,
    /// `LOCAL_USER` …
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
    /// Start.
    pub started_at: Wall,
    /// Answer.
    pub connected_at: Option<Wall>,
    /// Time of the last event: none of the same call lies before it.
    pub last_event_at: Wall,
    /// The monotonic moment of `started_at`: a stepped wall clock never bends a call.
    #[serde(skip)]
    started_mono: Mono,
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
}

/// What [`CallRecord::new`] needs to know.
#[derive(Debug)]
pub(crate) struct NewCall {
    pub(crate) id: CallId,
    pub(crate) destination: Destination,
    pub(crate) clid: String,
    pub(crate) src_hash: String,
    pub(crate) src: Participant,
    pub(crate) dst: Participant,
}

impl CallRecord {
    /// A plain call, its own root, that starts `now`.
    pub(crate) fn new(now: Now, call: NewCall) -> Self {
        Self {
            version: VERSION,
            id: call.id,
            root: call.id,
            parent: None,
            seq: 0,
            state: CallState::Initial,
            context: "LOCAL_USER".into(),
            destination: call.destination,
            clid: call.clid,
            src_hash: call.src_hash,
            src: call.src,
            dst: call.dst,
            started_at: now.wall,
            connected_at: None,
            last_event_at: now.wall,
            started_mono: now.mono,
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

    /// The call's own wall clock: wall at its start + monotonic time elapsed.
    fn wall_at(&self, now: Now) -> Wall {
        (self.started_at + (now.mono - self.started_mono)).max(self.last_event_at)
    }

    /// A target was chosen.
    pub(crate) fn initial(&mut self, now: Now, ids: &mut EventIds) -> FactRecord {
        self.fact(
            self.wall_at(now),
            EventName::CallInitial,
            CallState::Initial,
            ids,
        )
    }

    /// First 180 or 183.
    pub(crate) fn ringing(&mut self, now: Now, ids: &mut EventIds) -> FactRecord {
        self.fact(
            self.wall_at(now),
            EventName::CallRinging,
            CallState::Ringing,
            ids,
        )
    }

    /// 2xx to the INVITE.
    pub(crate) fn connected(&mut self, now: Now, ids: &mut EventIds) -> FactRecord {
        let at = self.wall_at(now);
        self.connected_at = Some(at);
        self.fact(at, EventName::CallConnected, CallState::Connected, ids)
    }

    /// The first side holds, or none does any more.
    pub(crate) fn hold(&mut self, now: Now, held: bool, ids: &mut EventIds) -> FactRecord {
        let (name, state) = if held {
            (EventName::CallHold, CallState::OnHold)
        } else {
            (EventName::CallUnhold, CallState::Connected)
        };
        self.fact(self.wall_at(now), name, state, ids)
    }

    /// The call is over.
    pub(crate) fn ended(&mut self, now: Now, end: End, ids: &mut EventIds) -> FactRecord {
        self.ended_at(self.wall_at(now), end, ids)
    }

    /// As [`Self::ended`], for a call read from the journal, which has no monotonic start.
    pub(crate) fn ended_at(&mut self, at: Wall, end: End, ids: &mut EventIds) -> FactRecord {
        let (name, state) = match (self.connected_at, self.destination) {
            (Some(_), _) => (EventName::CallHangup, CallState::Hangup),
            (None, Destination::In) => (EventName::CallMissed, CallState::Hangup),
            (None, Destination::Out) => (EventName::CallFailed, CallState::Failed),
        };
        let at = at.max(self.last_event_at);
        self.state = state;
        self.seq += 1;
        self.last_event_at = at;
        let event = self.event(at, name, Some(&end), ids);
        FactRecord {
            event,
            snapshot: None,
            cdr: Some(Arc::new(self.cdr(at, &end))),
        }
    }

    fn fact(
        &mut self,
        at: Wall,
        name: EventName,
        state: CallState,
        ids: &mut EventIds,
    ) -> FactRecord {
        self.state = state;
        self.seq += 1;
        self.last_event_at = at;
        let event = self.event(at, name, None, ids);
        // The record is made of strings and numbers only, which always serialise.
        let snapshot = serde_json::to_vec(self).unwrap_or_default();
        FactRecord {
            event,
            snapshot: Some(snapshot.into()),
            cdr: None,
        }
    }

    fn event(
        &self,
        at: Wall,
        name: EventName,
        end: Option<&End>,
        ids: &mut EventIds,
    ) -> EventRecord {
        let id = ids.next(at);
        let is_final = end.is_some() && self.id == self.root;
        let body = event_json::call_event(self, &id, at, name, end, is_final);
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
