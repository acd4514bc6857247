//! Who is offered what: no agent two calls of queues at once, and no loser told of an answer that was not.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use offhook_base::{CallId, EventName, EventRecord, Mono};
use offhook_call::LegName;
use offhook_sip_message::{Method, Name, View};

/// An INVITE without any answer is over by then: 64 × T1 (RFC 3261, section 17.1.1.2, timer B).
const OVER: Duration = Duration::from_secs(32);

/// The INVITEs that phones have and have not answered.
#[derive(Debug, Default)]
pub(super) struct Offers {
    /// By phone and branch.
    open: BTreeMap<SocketAddr, BTreeMap<Vec<u8>, Offer>>,
    /// Two calls that one phone was offered at once.
    together: BTreeSet<(SocketAddr, CallId, CallId)>,
    /// Roots of which somebody has answered a call.
    answered: BTreeSet<CallId>,
    roots: BTreeMap<CallId, CallId>,
    /// The open call of a queue, by its root.
    queues: BTreeMap<CallId, CallId>,
    /// The open calls of each root.
    calls: BTreeMap<CallId, BTreeSet<CallId>>,
    /// Calls by which a queue tries an agent. What a transfer out of it calls is none of them.
    of_queues: BTreeSet<CallId>,
    /// Losers who were told that another answered when none had.
    misled: Vec<(CallId, u16)>,
}

#[derive(Debug)]
struct Offer {
    call: CallId,
    at: Mono,
    /// It rings: such an offer stays open until it is answered.
    rings: bool,
}

impl Offers {
    /// The process died: nobody takes back what it offered.
    pub(super) fn crashed(&mut self) {
        self.open.clear();
        self.queues.clear();
    }

    /// The switch handed over a fact.
    pub(super) fn recorded(&mut self, event: &EventRecord) {
        self.roots.insert(event.call, event.root);
        self.note_queue(event);
        // Who asked for a call by a click may have picked up on another phone: that is an answer too. An answer that is
        // handed over counts (invariant 1: that is the instant of decision), for a CANCEL is never held.
        if matches!(
            event.name,
            EventName::CallAccepted | EventName::CallConnected
        ) {
            self.answered.insert(event.root);
        }
    }

    fn note_queue(&mut self, event: &EventRecord) {
        let open = self.calls.entry(event.root).or_default();
        if event.name == EventName::CallInitial {
            open.insert(event.call);
            if &*event.context == "QUEUE" {
                self.queues.insert(event.root, event.call);
            } else if self.queues.contains_key(&event.root) {
                self.of_queues.insert(event.call);
            }
        } else if event.name.is_last() {
            open.remove(&event.call);
            if self.queues.get(&event.root) == Some(&event.call) {
                self.queues.remove(&event.root);
                // What is open when a queue's call ends takes its place: the caller was transferred out of it.
                for call in open.iter() {
                    self.of_queues.remove(call);
                }
            }
        }
    }

    /// The switch sent a request of a leg.
    pub(super) fn sent(&mut self, now: Mono, to: SocketAddr, view: View<'_>, leg: LegName) {
        let Some(branch) = branch(view) else {
            return;
        };
        let open = self.open.entry(to).or_default();
        match view.method() {
            Some(Method::Invite) if view.to_tag().is_none() => {
                open.retain(|_, offer| offer.rings || offer.at + OVER > now);
                for other in open.values().filter(|other| other.call != leg.call) {
                    self.together.insert((to, other.call, leg.call));
                }
                open.entry(branch).or_insert(Offer {
                    call: leg.call,
                    at: now,
                    rings: false,
                });
            }
            Some(Method::Cancel) => {
                open.remove(&branch);
                let root = self.roots.get(&leg.call).unwrap_or(&leg.call);
                if says_answered(view) && !self.answered.contains(root) {
                    self.misled.push((leg.call, leg.index));
                }
            }
            Some(_) | None => {}
        }
    }

    /// The switch received a response.
    pub(super) fn received(&mut self, view: View<'_>) {
        let (Some(branch), Some(status)) = (branch(view), view.status()) else {
            return;
        };
        for open in self.open.values_mut() {
            if status >= 200 {
                open.remove(&branch);
            } else if let Some(offer) = open.get_mut(&branch) {
                offer.rings = true;
            }
        }
    }

    /// What was broken.
    pub(super) fn verdict(&self, broken: &mut Vec<String>) {
        for (phone, first, second) in &self.together {
            if self.of_queues.contains(first) && self.of_queues.contains(second) {
                broken.push(format!(
                    "phone {phone} was offered calls {first} and {second} of queues at once"
                ));
            }
        }
        for (call, leg) in &self.misled {
            broken.push(format!(
                "leg {leg} of call {call} was told of an answer elsewhere before there was one"
            ));
        }
    }
}

/// `SIP;cause=200;text="Call completed elsewhere"` (RFC 3326, section 3.1).
fn says_answered(view: View<'_>) -> bool {
    view.elements(Name::Reason).any(|reason| {
        let mut parts = reason.split(|octet| *octet == b';').map(<[u8]>::trim_ascii);
        parts
            .next()
            .is_some_and(|protocol| protocol.eq_ignore_ascii_case(b"SIP"))
            && parts.any(|part| part.eq_ignore_ascii_case(b"cause=200"))
    })
}

fn branch(view: View<'_>) -> Option<Vec<u8>> {
    Some(view.top_via()?.branch()?.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    use offhook_base::Wall;
    use offhook_sip_message::{Framing, Index};

    const PHONE: &str = "192.0.2.10:5060";

    struct Wire {
        offers: Offers,
        now: Mono,
    }

    impl Wire {
        /// Calls 1 and 2 try an agent for the callers 11 and 12 of queues; 3 is a user's.
        fn new() -> Self {
            let mut wire = Self {
                offers: Offers::default(),
                now: Mono(0),
            };
            for (call, root, context) in [
                (11, 11, "QUEUE"),
                (12, 12, "QUEUE"),
                (1, 11, "LOCAL_USER"),
                (2, 12, "LOCAL_USER"),
                (3, 3, "LOCAL_USER"),
            ] {
                wire.record((call, root), EventName::CallInitial, context);
            }
            wire
        }

        fn record(&mut self, (call, root): (u64, u64), name: EventName, context: &str) {
            self.offers.recorded(&EventRecord {
                id: "x".into(),
                root: CallId(root),
                call: CallId(call),
                seq: Some(1),
                name,
                context: context.into(),
                is_final: false,
                at: Wall::from_unix_seconds(0),
                body: Vec::new().into(),
            });
        }

        fn send(&mut self, start: &str, call: u64, more: &str) {
            let text = format!(
                "{start}\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK{call}\r\nTo: <sip:a@b>\r\n{more}\r\n"
            );
            let index = Index::parse(text.as_bytes(), Framing::Datagram).unwrap();
            let view = View::new(text.as_bytes(), &index);
            let leg = LegName {
                call: CallId(call),
                root: CallId(call),
                index: 1,
            };
            if view.is_request() {
                self.offers
                    .sent(self.now, PHONE.parse().unwrap(), view, leg);
            } else {
                self.offers.received(view);
            }
        }

        fn invite(&mut self, call: u64) {
            self.send("INVITE sip:p@192.0.2.10 SIP/2.0", call, "");
        }

        fn cancel(&mut self, call: u64, more: &str) {
            self.send("CANCEL sip:p@192.0.2.10 SIP/2.0", call, more);
        }

        fn broken(&self) -> usize {
            let mut broken = Vec::new();
            self.offers.verdict(&mut broken);
            broken.len()
        }
    }

    #[test]
    fn an_agent_is_offered_two_calls_of_queues_at_once() {
        let mut wire = Wire::new();
        wire.invite(1);
        wire.send("SIP/2.0 180 Ringing", 1, "");
        wire.now = wire.now + Duration::from_secs(60);
        wire.invite(2);
        assert_eq!(wire.broken(), 1);
    }

    #[test]
    fn offers_one_after_the_other_are_no_fault() {
        let mut wire = Wire::new();
        wire.invite(1);
        wire.invite(1);
        wire.send("SIP/2.0 486 Busy Here", 1, "");
        wire.invite(2);
        wire.cancel(2, "");
        wire.invite(1);
        wire.now = wire.now + OVER + Duration::from_secs(1);
        wire.invite(2);
        assert_eq!(wire.broken(), 0);
    }

    #[test]
    fn a_users_call_may_ring_beside_a_queues() {
        let mut wire = Wire::new();
        wire.invite(1);
        wire.invite(3);
        assert_eq!(wire.broken(), 0);
    }

    #[test]
    fn what_a_transfer_out_of_a_queue_calls_is_no_offer_of_it() {
        let mut wire = Wire::new();
        wire.invite(1);
        wire.record((12, 12), EventName::CallHangup, "QUEUE");
        wire.record((4, 12), EventName::CallInitial, "LOCAL_USER");
        wire.invite(4);
        assert_eq!(wire.broken(), 0);
    }

    #[test]
    fn a_loser_is_told_of_an_answer_only_when_there_was_one() {
        const ELSEWHERE: &str = "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n";
        let mut wire = Wire::new();
        wire.invite(3);
        wire.cancel(3, "Reason: SIP;cause=487\r\n");
        assert_eq!(wire.broken(), 0);
        wire.cancel(3, ELSEWHERE);
        assert_eq!(wire.broken(), 1);
        for (call, root, answer) in [
            (1, 11, EventName::CallConnected),
            (2, 12, EventName::CallAccepted),
        ] {
            wire.record((root, root), answer, "QUEUE");
            wire.cancel(call, ELSEWHERE);
        }
        assert_eq!(wire.broken(), 1);
    }
}
