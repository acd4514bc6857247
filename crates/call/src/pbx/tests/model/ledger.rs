//! What was told: every root's numbers without a gap, every call one end, every conversation one final event; every port
//! back once; every client answered once.

use std::collections::{BTreeMap, BTreeSet};

use offhook_base::{CallId, EventName, FactRecord};
use offhook_media_core::{MediaCommand, PairId, RelayId};

use super::tapes::Tapes;

#[derive(Default)]
pub(super) struct Ledger {
    roots: BTreeMap<CallId, Root>,
    calls: BTreeMap<CallId, Call>,
    /// Facts handed to the journal so far.
    pub(super) facts: u64,
    /// How many of them it has.
    pub(super) committed: u64,
    relays: BTreeMap<RelayId, [PairId; 2]>,
    returned: BTreeSet<PairId>,
    asked: BTreeSet<u64>,
    answered: BTreeSet<u64>,
    pub(super) stopping: bool,
    pub(super) tapes: Tapes,
    /// Keys told.
    pub(super) pressed: u64,
}

#[derive(Default)]
struct Root {
    seq: u64,
    open: BTreeSet<CallId>,
    is_over: bool,
}

struct Call {
    opened_by: u64,
    connected: bool,
    held: bool,
    is_over: bool,
}

impl Ledger {
    pub(super) fn fact(&mut self, fact: &FactRecord) {
        self.facts += 1;
        let event = &fact.event;
        let Some(seq) = event.seq else {
            if event.name == EventName::MonitorAudioReady {
                return self.tapes.ready(fact);
            }
            return assert_eq!(event.name, EventName::QueueWrapup);
        };
        self.tapes.left(fact);
        let root = self.roots.entry(event.root).or_default();
        assert!(!root.is_over, "{} after the final event", event.name);
        assert_eq!(seq, root.seq + 1, "numbers without a gap");
        root.seq = seq;
        if event.name == EventName::CallInitial {
            let call = Call {
                opened_by: self.facts,
                connected: false,
                held: false,
                is_over: false,
            };
            assert!(self.calls.insert(event.call, call).is_none());
            root.open.insert(event.call);
            return assert!(!event.is_final && fact.snapshot.is_some());
        }
        let call = self.calls.get_mut(&event.call).expect("it was opened");
        assert!(!call.is_over, "{} after its end", event.name);
        #[expect(clippy::wildcard_enum_match_arm, reason = "all others are ends")]
        match event.name {
            EventName::CallConnected => {
                assert!(!std::mem::replace(&mut call.connected, true));
            }
            EventName::CallHold => {
                assert!(call.connected && !std::mem::replace(&mut call.held, true));
            }
            EventName::CallUnhold => {
                assert!(call.connected && std::mem::replace(&mut call.held, false));
            }
            // In a call that is up, or of a caller in a queue.
            EventName::CallDtmf => self.pressed += 1,
            EventName::CallRinging | EventName::CallAccepted => assert!(!call.connected),
            name => assert!(name.is_last(), "{name}"),
        }
        if !event.name.is_last() {
            return assert!(fact.cdr.is_none() && fact.snapshot.is_some() && !event.is_final);
        }
        call.is_over = true;
        assert!(!call.held || call.connected);
        root.open.remove(&event.call);
        assert_eq!(event.is_final, root.open.is_empty(), "final is the last");
        root.is_over = event.is_final;
        let cdr = fact.cdr.as_ref().expect("a last event has its CDR");
        assert!(
            cdr.t_cause != "System Shutdown" || self.stopping,
            "a fault ended a call"
        );
    }

    /// Nobody is invited before the journal knows of the call.
    pub(super) fn may_invite(&self, call: CallId) {
        let opened_by = self.calls[&call].opened_by;
        assert!(opened_by <= self.committed, "an INVITE before its fact");
    }

    pub(super) fn media(&mut self, command: &MediaCommand) {
        self.tapes.media(command);
        match command {
            MediaCommand::Start { relay, a, b, .. } => {
                assert!(self.relays.insert(*relay, [*a, *b]).is_none());
            }
            MediaCommand::Stop { relay } => {
                for pair in self.relays.remove(relay).expect("it runs") {
                    assert!(self.returned.insert(pair), "a pair comes back once");
                }
            }
            MediaCommand::Release { pair } => {
                assert!(self.returned.insert(*pair), "a pair comes back once");
            }
            MediaCommand::Formats { relay, .. }
            | MediaCommand::Press { relay, .. }
            | MediaCommand::Secure { relay, .. }
            | MediaCommand::Watch { relay, .. }
            | MediaCommand::Record { relay, .. }
            | MediaCommand::StopRecord { relay, .. }
            | MediaCommand::Update { relay, .. }
            | MediaCommand::Play { relay, .. }
            | MediaCommand::StopPlay { relay, .. } => {
                assert!(self.relays.contains_key(relay), "it runs");
            }
            MediaCommand::Refill { .. } => {}
        }
    }

    pub(super) fn ask(&mut self) -> u64 {
        let token = self.asked.len() as u64;
        self.asked.insert(token);
        token
    }

    pub(super) fn reply(&mut self, token: u64) {
        assert!(self.asked.contains(&token));
        assert!(self.answered.insert(token), "one answer a command");
    }

    /// The relays that run.
    pub(super) fn relays(&self) -> Vec<RelayId> {
        self.relays.keys().copied().collect()
    }

    /// Some call that there is or was.
    pub(super) fn call(&self, nth: u64) -> CallId {
        // The last few are the ones that may be open; sometimes one that never was.
        let back = usize::try_from(nth % 6).unwrap_or_default();
        let known = self.calls.keys().rev().nth(back).copied();
        known
            .filter(|_| !nth.is_multiple_of(50))
            .unwrap_or(CallId(999_999))
    }

    pub(super) fn check_over(&self, ports: usize, in_stock: usize) {
        assert!(self.roots.values().all(|root| root.is_over), "all is over");
        assert!(self.calls.values().all(|call| call.is_over));
        assert_eq!(self.asked, self.answered, "every client was answered");
        assert!(self.relays.is_empty(), "no relay runs");
        self.tapes.check_over();
        assert_eq!(self.returned.len() + in_stock, ports, "all ports are back");
    }
}
