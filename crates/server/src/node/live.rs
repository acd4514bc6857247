//! The calls that are up, as the last committed fact of each tells (architecture, invariant 13).
//!
//! The journal's thread puts the snapshot in before the event reaches a delivery lane; the API reads it. The lock is
//! held for one insertion or one copy.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use offhook_api::feed::{Feed, Notice};
use offhook_api::ports::{LiveCall, LiveCalls, LiveParty};
use offhook_base::{CallId, FactRecord};
use offhook_call::{CallRecord, Participant};

/// Snapshots by call. They are read as they are asked for, which is rare; writing costs one pointer.
#[derive(Debug)]
pub(crate) struct LiveIndex {
    calls: Mutex<BTreeMap<CallId, Arc<[u8]>>>,
    /// Those that are being recorded: no fact tells of that, so the call thread does.
    monitored: Mutex<BTreeSet<CallId>>,
    /// Told of those, too; of all else the journal's thread tells.
    feed: Arc<Feed>,
}

impl LiveIndex {
    pub(crate) fn new(feed: Arc<Feed>) -> Self {
        Self {
            calls: Mutex::default(),
            monitored: Mutex::default(),
            feed,
        }
    }

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
        let changes = {
            let mut monitored = unpoisoned(&self.monitored);
            if on {
                monitored.insert(call)
            } else {
                monitored.remove(&call)
            }
        };
        if !changes || !self.feed.is_watched() {
            return;
        }
        // Told under the lock: what the journal's thread tells of the call after this is newer.
        let calls = self.lock();
        if let Some(snapshot) = calls.get(&call) {
            let snapshot = Arc::clone(snapshot);
            self.feed.publish(Notice::Call { call, snapshot });
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

#[cfg(test)]
mod tests {
    use offhook_base::{EventName, EventRecord, JournalPos, Wall};

    use super::*;

    /// A fact of call 7, as the journal has it.
    fn fact(name: EventName) -> FactRecord {
        let snapshot = serde_json::json!({
            "version": 1, "id": 7, "root": 7, "parent": null, "seq": 3, "state": "CONNECTED", "context": "LOCAL_USER",
            "destination": "in", "clid": "", "src_hash": "", "src": side(), "dst": side(), "started_at": 0,
            "connected_at": 0, "last_event_at": 0,
        });
        FactRecord {
            event: EventRecord {
                id: "n1.1".into(),
                root: CallId(7),
                call: CallId(7),
                seq: Some(3),
                name,
                context: "LOCAL_USER".into(),
                is_final: name.is_last(),
                at: Wall(0),
                body: Arc::from(&b"{}"[..]),
            },
            snapshot: (!name.is_last()).then(|| snapshot.to_string().into_bytes().into()),
            cdr: None,
            sms: None,
            recording: None,
        }
    }

    fn side() -> serde_json::Value {
        serde_json::json!({
            "number": "", "user": null, "phone": null, "name": "", "ua": "", "codec": "", "contact": "", "sip_call_id": "",
        })
    }

    #[test]
    fn a_call_shows_at_once_that_it_is_recorded_and_that_it_is_not_any_more() {
        let index = LiveIndex::new(Arc::new(Feed::new(JournalPos(0))));
        let state = || index.get(CallId(7)).map(|call| call.monitor_state);
        index.monitor(CallId(7), true);
        assert_eq!(state(), None, "it is told before its fact is committed");
        index.apply(&fact(EventName::CallConnected));
        assert_eq!(state(), Some(1));
        assert_eq!(index.all().first().map(|call| call.monitor_state), Some(1));
        index.monitor(CallId(7), false);
        assert_eq!(state(), Some(0));
        index.apply(&fact(EventName::CallHangup));
        assert_eq!(state(), None);
    }
}
