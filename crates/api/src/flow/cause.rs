//! Which SIP message made us tell of an event.

use std::collections::HashMap;

use offhook_base::{CallId, EventName, EventRecord, Wall};

use super::{Draft, FlowLink};

/// An event's SIP message came at most this long before it (a phone's answer may wait for a commit) …
const BEFORE: i64 = 1_000_000;
/// … or is stamped this much after it: message and event read the clock at different moments.
const AFTER: i64 = 50_000;

/// What a received message can be the cause of.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Sign {
    /// 2xx to an INVITE.
    Answer,
    /// BYE, CANCEL, or a final answer of 300 or above to an INVITE.
    End,
    /// A re-INVITE or UPDATE whose SDP holds.
    Hold,
    /// The INVITE that opens a call.
    Invite,
    /// 101 to 199 to an INVITE.
    Ringing,
    /// A REFER: the call it came in ends, another one begins.
    Transfer,
    /// A re-INVITE or UPDATE whose SDP does not hold.
    Unhold,
}

/// The event that a row tells of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Told {
    call: CallId,
    root: CallId,
    name: EventName,
    at: Wall,
}

impl Told {
    pub(super) const fn of(event: &EventRecord) -> Self {
        Self {
            call: event.call,
            root: event.root,
            name: event.name,
            at: event.at,
        }
    }
}

/// The messages that can be a cause, by what they are the cause of; each list in the order of time.
#[derive(Debug, Default)]
struct Causes {
    of_call: HashMap<(Sign, CallId), Vec<(Wall, usize)>>,
    of_root: HashMap<Sign, Vec<(Wall, usize)>>,
}

/// Where the cause of an event is looked for: a sign, and whether only the call itself gives it.
#[derive(Clone, Copy, Debug)]
enum Where {
    /// In messages of the event's own call.
    Own(Sign),
    /// In those of the root call itself: of the caller, who is in all calls of a root.
    Caller(Sign),
    /// In any call of the root.
    Any(Sign),
}

impl Causes {
    fn of(drafts: &[Draft]) -> Self {
        let mut causes = Self::default();
        for draft in drafts {
            let Some(sign) = draft.sign else { continue };
            let entry = (draft.row.at, draft.row.n);
            let of_call = causes.of_call.entry((sign, draft.row.call_id));
            of_call.or_default().push(entry);
            causes.of_root.entry(sign).or_default().push(entry);
        }
        causes
    }

    /// Row of the last message in time for this event.
    fn row(&self, told: Told) -> Option<usize> {
        let is_root = told.call == told.root;
        let places = places(told.name, is_root).iter();
        places.copied().find_map(|place| self.last(told, place))
    }

    fn last(&self, told: Told, place: Where) -> Option<usize> {
        let seen = match place {
            Where::Own(sign) => self.of_call.get(&(sign, told.call)),
            Where::Caller(sign) => self.of_call.get(&(sign, told.root)),
            Where::Any(sign) => self.of_root.get(&sign),
        }?;
        let in_time = told.at.0.saturating_sub(BEFORE)..=told.at.0.saturating_add(AFTER);
        let after = seen.partition_point(|(at, _)| *at <= told.at);
        // What came after the event is stamped late, or is what the event led to: only where nothing came before it.
        let before = after.checked_sub(1).and_then(|last| seen.get(last));
        [before, seen.get(after)]
            .into_iter()
            .flatten()
            .find(|(at, _)| in_time.contains(&at.0))
            .map(|(_, n)| *n)
    }
}

/// A link to each row that tells of an event for the first time, if the event has a message for its cause. Drafts are
/// numbered and in order.
pub(super) fn links(drafts: &[Draft]) -> Vec<FlowLink> {
    let causes = Causes::of(drafts);
    drafts
        .iter()
        .filter_map(|draft| {
            Some(FlowLink {
                from: causes.row(draft.tells?)?,
                to: draft.row.n,
            })
        })
        .collect()
}

/// The places to look at, in turn. A group's or queue's own call, a root, has no messages but those of the caller: those
/// of its members are its cause. A member's call also ends by what the caller does, or because another one answered.
const fn places(name: EventName, is_root: bool) -> &'static [Where] {
    use Where::{Any, Caller, Own};
    match (name, is_root) {
        (EventName::CallInitial, true) => &[Any(Sign::Invite)],
        (EventName::CallInitial, false) => &[Own(Sign::Invite), Any(Sign::Transfer)],
        (EventName::CallRinging, true) => &[Any(Sign::Ringing)],
        (EventName::CallRinging, false) => &[Own(Sign::Ringing)],
        (EventName::CallAccepted | EventName::CallConnected, true) => &[Any(Sign::Answer)],
        (EventName::CallAccepted | EventName::CallConnected, false) => &[Own(Sign::Answer)],
        (EventName::CallHold, true) => &[Any(Sign::Hold)],
        (EventName::CallHold, false) => &[Own(Sign::Hold), Caller(Sign::Hold)],
        (EventName::CallUnhold, true) => &[Any(Sign::Unhold)],
        (EventName::CallUnhold, false) => &[Own(Sign::Unhold), Caller(Sign::Unhold)],
        (EventName::CallMissed | EventName::CallFailed, true) => {
            &[Any(Sign::End), Any(Sign::Transfer)]
        }
        (EventName::CallMissed | EventName::CallFailed, false) => {
            &[Own(Sign::End), Caller(Sign::End)]
        }
        (EventName::CallHangup, true) => &[Any(Sign::Transfer), Any(Sign::End)],
        (EventName::CallHangup, false) => &[
            Own(Sign::Transfer),
            Own(Sign::End),
            Caller(Sign::End),
            Any(Sign::Answer),
        ],
        (
            EventName::CallDtmf
            | EventName::SmsReceived
            | EventName::MonitorAudioReady
            | EventName::QueueWrapup
            | EventName::WebhookTest
            | EventName::WebhookDisabled,
            _,
        ) => &[],
    }
}
