//! Invariant 1, seen from outside: what a message tells a peer is on disk when it leaves.

use std::collections::BTreeSet;

use offhook_base::{CallId, EventName};
use offhook_call::LegName;
use offhook_sip_message::{Method, View};

use crate::world::disk::Disk;

/// What is remembered to judge a message by.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// The INVITEs that began a dialog, by Call-ID and CSeq: an answer to any other one changes no state by itself.
    initial: BTreeSet<(Vec<u8>, u32)>,
    /// INVITEs that left, by leg. A copy may leave after the end of its call, the first one never.
    invited: BTreeSet<(CallId, u16)>,
    cancelled: BTreeSet<(CallId, u16)>,
}

impl Told {
    /// The switch received a request.
    pub(super) fn received(&mut self, view: View<'_>) {
        if view.method() == Some(Method::Invite)
            && view.to_tag().is_none()
            && let Some(key) = dialog(view)
        {
            self.initial.insert(key);
        }
    }

    /// What the message tells too early; `None` when all of it is on disk.
    ///
    /// A leg is named after the call that it was opened for. A caller keeps its leg while a transfer ends that call and
    /// opens another, so what it is told may be on disk under any call of the same root.
    pub(super) fn too_early(
        &mut self,
        view: View<'_>,
        leg: LegName,
        disk: &Disk,
        stalled: bool,
    ) -> Option<String> {
        let told = match view.status() {
            None => self.is_on_disk(view, leg, disk, stalled),
            Some(status) => self.answer_is_on_disk(view, status, leg, disk, stalled),
        };
        let start = || {
            let text = String::from_utf8_lossy(view.raw());
            text.lines().next().unwrap_or_default().to_owned()
        };
        (!told).then(|| {
            format!(
                "invariant 1: {:?} on leg {} of call {} left before its fact was on disk",
                start(),
                leg.index,
                leg.call
            )
        })
    }

    fn is_on_disk(&mut self, request: View<'_>, leg: LegName, disk: &Disk, stalled: bool) -> bool {
        match request.method() {
            Some(Method::Invite) if request.to_tag().is_none() => {
                let first = self.invited.insert((leg.call, leg.index));
                disk.has(leg.call, EventName::CallInitial) && !(first && disk.is_over(leg.call))
            }
            // A CANCEL is never held.
            Some(Method::Cancel) => {
                self.cancelled.insert((leg.call, leg.index));
                true
            }
            Some(Method::Bye) => self.may_end(leg, disk, stalled),
            Some(_) | None => true,
        }
    }

    fn answer_is_on_disk(
        &self,
        answer: View<'_>,
        status: u16,
        leg: LegName,
        disk: &Disk,
        stalled: bool,
    ) -> bool {
        let call = leg.call;
        let method = answer.cseq().map(|cseq| cseq.method);
        let initial = dialog(answer).is_some_and(|key| self.initial.contains(&key));
        // A queue takes a call at once, to play to it; an agent's answer is told by an event all the same.
        let queued = || disk.root_is_queued(call);
        match (method, status) {
            (Some(Method::Invite), 101..=199) if initial => {
                disk.root_has(call, EventName::CallRinging) || queued()
            }
            // A party that was moved may hold or refresh its dialog while its partner is being called.
            (Some(Method::Invite), 200..=299) if initial => {
                disk.root_has(call, EventName::CallConnected) || queued()
            }
            (Some(Method::Invite), 300..=699) if initial => stalled || disk.root_is_over(call),
            (Some(Method::Bye), 200) => self.may_end(leg, disk, stalled),
            (Some(_) | None, _) => true,
        }
    }

    /// A leg that lost a race may answer all the same, and is let go at once.
    fn may_end(&self, leg: LegName, disk: &Disk, stalled: bool) -> bool {
        stalled || disk.is_over(leg.call) || self.cancelled.contains(&(leg.call, leg.index))
    }
}

fn dialog(view: View<'_>) -> Option<(Vec<u8>, u32)> {
    Some((view.call_id()?.to_vec(), view.cseq()?.number))
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::sync::Arc;

    use offhook_base::{EventRecord, FactRecord, Mono, Now, Wall};
    use offhook_sip_message::{Framing, Index};

    /// Judges messages of root call 1, whose facts are put on disk one by one.
    #[derive(Default)]
    struct Judge {
        told: Told,
        disk: Disk,
    }

    impl Judge {
        fn commit(&mut self, call: u64, name: EventName, context: &str, is_final: bool) {
            let now = Now {
                mono: Mono(0),
                wall: Wall::from_unix_seconds(0),
            };
            let event = EventRecord {
                id: "x".into(),
                root: CallId(1),
                call: CallId(call),
                seq: Some(1),
                name,
                context: context.into(),
                is_final,
                at: now.wall,
                body: Arc::from([]),
            };
            let fact = FactRecord {
                event,
                snapshot: None,
                cdr: None,
                sms: None,
                recording: None,
            };
            self.disk.hand_over(self.disk.next_fact(), fact);
            self.disk.commit(now);
        }

        fn parse(start: &str, cseq: &str, to: &str) -> String {
            format!("{start}\r\nCall-ID: c\r\nCSeq: {cseq}\r\nTo: <sip:a@b>{to}\r\n\r\n")
        }

        fn dialled(&mut self) {
            let text = Self::parse("INVITE sip:b SIP/2.0", "1 INVITE", "");
            let index = Index::parse(text.as_bytes(), Framing::Datagram).unwrap();
            self.told.received(View::new(text.as_bytes(), &index));
        }

        /// Whether this message may leave on the leg `index` of `call`.
        fn may(&mut self, message: (&str, &str), call: u64, index: u16) -> bool {
            self.judge(message, ";tag=t", call, index)
        }

        /// The same for one outside of a dialog.
        fn may_begin(&mut self, message: (&str, &str), call: u64, index: u16) -> bool {
            self.judge(message, "", call, index)
        }

        fn judge(&mut self, (start, cseq): (&str, &str), to: &str, call: u64, index: u16) -> bool {
            let text = Self::parse(start, cseq, to);
            let index_of = Index::parse(text.as_bytes(), Framing::Datagram).unwrap();
            let leg = LegName {
                root: CallId(1),
                call: CallId(call),
                index,
            };
            let view = View::new(text.as_bytes(), &index_of);
            self.told.too_early(view, leg, &self.disk, false).is_none()
        }
    }

    const RINGING: (&str, &str) = ("SIP/2.0 180 Ringing", "1 INVITE");
    const OK: (&str, &str) = ("SIP/2.0 200 OK", "1 INVITE");
    const BUSY: (&str, &str) = ("SIP/2.0 486 Busy Here", "1 INVITE");
    const BYE: (&str, &str) = ("BYE sip:a SIP/2.0", "2 BYE");

    #[test]
    fn a_caller_is_told_nothing_that_is_not_on_disk() {
        let mut judge = Judge::default();
        judge.dialled();
        judge.commit(1, EventName::CallInitial, "LOCAL_USER", false);
        for message in [RINGING, OK, BUSY, BYE] {
            assert!(!judge.may(message, 1, 0), "{message:?}");
        }
        judge.commit(1, EventName::CallRinging, "LOCAL_USER", false);
        assert!(judge.may(RINGING, 1, 0));
        judge.commit(1, EventName::CallConnected, "LOCAL_USER", false);
        assert!(judge.may(OK, 1, 0));
        assert!(!judge.may(BUSY, 1, 0), "the call has no end yet");
        assert!(!judge.may(BYE, 1, 0));
        judge.commit(1, EventName::CallHangup, "LOCAL_USER", true);
        assert!(judge.may(BYE, 1, 0));
    }

    #[test]
    fn a_caller_whose_call_was_moved_hears_of_the_next_one() {
        let mut judge = Judge::default();
        judge.dialled();
        judge.commit(1, EventName::CallInitial, "LOCAL_USER", false);
        judge.commit(1, EventName::CallHangup, "LOCAL_USER", false);
        judge.commit(2, EventName::CallInitial, "LOCAL_USER", false);
        assert!(!judge.may(BUSY, 1, 0), "the root goes on");
        assert!(!judge.may(RINGING, 1, 0));
        judge.commit(2, EventName::CallRinging, "LOCAL_USER", false);
        assert!(judge.may(RINGING, 1, 0));
        judge.commit(2, EventName::CallMissed, "LOCAL_USER", true);
        assert!(judge.may(BUSY, 1, 0));
    }

    #[test]
    fn a_queue_answers_once_its_first_event_is_on_disk() {
        let mut judge = Judge::default();
        judge.dialled();
        assert!(!judge.may(OK, 1, 0));
        judge.commit(1, EventName::CallInitial, "QUEUE", false);
        assert!(judge.may(OK, 1, 0));
    }

    #[test]
    fn a_request_inside_a_dialog_may_be_refused_at_any_time() {
        let mut judge = Judge::default();
        judge.dialled();
        assert!(judge.may(("SIP/2.0 500 Server Internal Error", "2 INVITE"), 1, 0));
        assert!(judge.may(("SIP/2.0 491 Request Pending", "7 INVITE"), 1, 1));
    }

    #[test]
    fn an_invite_leaves_between_the_first_event_of_its_call_and_the_last() {
        const INVITE: (&str, &str) = ("INVITE sip:a SIP/2.0", "1 INVITE");
        let mut judge = Judge::default();
        assert!(!judge.may_begin(INVITE, 1, 1));
        judge.commit(1, EventName::CallInitial, "LOCAL_USER", false);
        assert!(judge.may_begin(INVITE, 1, 2));
        judge.commit(1, EventName::CallMissed, "LOCAL_USER", true);
        assert!(judge.may_begin(INVITE, 1, 2), "a copy");
        assert!(!judge.may_begin(INVITE, 1, 3));
    }

    #[test]
    fn a_leg_that_lost_may_be_let_go_at_any_time() {
        let mut judge = Judge::default();
        assert!(!judge.may(BYE, 1, 1));
        assert!(judge.may(("CANCEL sip:a SIP/2.0", "1 CANCEL"), 1, 1));
        assert!(judge.may(BYE, 1, 1));
    }
}
