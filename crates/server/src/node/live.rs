//! The calls that are up, as the last committed fact of each tells (architecture, invariant 13).
//!
//! The journal's thread puts the snapshot in before the event reaches a delivery lane; the API reads it. The lock is
//! held for one insertion or one copy, and never on the call thread.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use offhook_api::ports::{LiveCall, LiveCalls, LiveParty};
use offhook_base::{CallId, FactRecord};
use offhook_call::{CallRecord, Participant};

/// Snapshots by call. They are read as they are asked for, which is rare; writing costs one pointer.
#[derive(Debug, Default)]
pub(crate) struct LiveIndex {
    calls: Mutex<BTreeMap<CallId, Arc<[u8]>>>,
    /// Those that are being recorded: no fact tells of that, so the call thread does.
    monitored: Mutex<BTreeSet<CallId>>,
}

impl LiveIndex {
    /// A fact was committed.
    pub(crate) fn apply(&self, fact: &FactRecord) {
        match &fact.snapshot {
            Some(snapshot) => {
                self.lock().insert(fact.event.call, Arc::clone(snapshot));
            }
            None if fact.event.name.is_last() => {
                self.lock().remove(&fact.event.call);
            }
            None => {}
        }
    }

    /// A call is being recorded, or is not any more.
    pub(crate) fn monitor(&self, call: CallId, on: bool) {
        let mut monitored = unpoisoned(&self.monitored);
        if on {
            monitored.insert(call);
        } else {
            monitored.remove(&call);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<CallId, Arc<[u8]>>> {
        unpoisoned(&self.calls)
    }

    fn shown(&self, snapshot: &[u8]) -> Option<Arc<LiveCall>> {
        let call = CallRecord::from_snapshot(snapshot)?;
        let monitored = unpoisoned(&self.monitored).contains(&call.id);
        Some(Arc::new(live(call, monitored)))
    }
}

/// Nothing that holds one of these locks can panic half-way through a change.
fn unpoisoned<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl LiveCalls for LiveIndex {
    fn all(&self) -> Vec<Arc<LiveCall>> {
        let snapshots: Vec<_> = self.lock().values().cloned().collect();
        snapshots
            .iter()
            .filter_map(|snapshot| self.shown(snapshot))
            .collect()
    }

    fn get(&self, id: CallId) -> Option<Arc<LiveCall>> {
        let snapshot = self.lock().get(&id).cloned()?;
        self.shown(&snapshot)
    }

    fn read(&self, snapshot: &[u8]) -> Option<Arc<LiveCall>> {
        self.shown(snapshot)
    }
}

fn live(call: CallRecord, monitored: bool) -> LiveCall {
    LiveCall {
        id: call.id,
        root_id: call.root,
        parent_id: call.parent,
        state: call.state.as_str().to_owned(),
        context: call.context,
        destination: call.destination.as_str().to_owned(),
        clid: call.clid,
        start_time: call.started_at,
        connected_at: call.connected_at,
        src: party(call.src),
        dst: party(call.dst),
        queue_state: call.queue_state,
        referred_by: call.referred_by,
        monitor_state: u8::from(monitored),
    }
}

fn party(participant: Participant) -> LiveParty {
    LiveParty {
        id: participant.id(),
        number: participant.number,
        name: participant.name,
        ua: participant.ua,
        codec: participant.codec,
        contact: participant.contact,
        call_id: participant.sip_call_id,
    }
}
