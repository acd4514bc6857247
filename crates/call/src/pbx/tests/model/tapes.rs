//! The recordings: each is announced before it is made, made once, ended once, and told of once.

use std::collections::{BTreeMap, BTreeSet};

use offhook_base::{CallId, FactRecord, RecordingId, RecordingStart};
use offhook_media_core::{MediaCommand, RelayId};

#[derive(Default)]
pub(super) struct Tapes {
    /// Announced to the recorder, and not recorded yet.
    announced: BTreeMap<RecordingId, RecordingStart>,
    running: BTreeMap<RelayId, (RecordingId, RecordingStart)>,
    /// Over, and the recorder has not told of it.
    pub(super) over: BTreeMap<RecordingId, RecordingStart>,
    /// The recorder told what there is, and the event is due.
    due: BTreeMap<RecordingId, RecordingStart>,
    seen: BTreeSet<RecordingId>,
    monitored: BTreeSet<CallId>,
}

impl Tapes {
    pub(super) fn announce(&mut self, start: &RecordingStart) {
        assert!(self.seen.insert(start.id), "an id is given once");
        self.announced.insert(start.id, start.clone());
    }

    pub(super) fn monitored(&mut self, call: CallId, on: bool) {
        let changed = if on {
            self.monitored.insert(call)
        } else {
            self.monitored.remove(&call)
        };
        assert!(changed, "said twice of {call}: {on}");
    }

    pub(super) fn media(&mut self, command: &MediaCommand) {
        #[expect(clippy::wildcard_enum_match_arm, reason = "the others record nothing")]
        match command {
            MediaCommand::Record {
                relay, recording, ..
            } => {
                let start = self.announced.remove(recording).expect("announced");
                assert_eq!(start.root.0, relay.0);
                let before = self.running.insert(*relay, (*recording, start));
                assert!(before.is_none(), "one at a time");
            }
            MediaCommand::StopRecord { relay, recording } => {
                let (id, start) = self.running.remove(relay).expect("it is recorded");
                assert_eq!(id, *recording);
                self.over.insert(id, start);
            }
            MediaCommand::Stop { relay } => {
                self.over.extend(self.running.remove(relay));
            }
            _ => {}
        }
    }

    /// The recorder tells of one that is over.
    pub(super) fn told(&mut self, recording: RecordingId, has_audio: bool) {
        let start = self.over.remove(&recording).expect("it is over");
        if has_audio {
            self.due.insert(recording, start);
        }
    }

    /// `monitor.audio_ready`.
    pub(super) fn ready(&mut self, fact: &FactRecord) {
        let entry = fact.recording.as_ref().expect("its entry");
        let start = self.due.remove(&entry.id).expect("told of once");
        assert_eq!((fact.event.call, fact.event.root), (start.call, start.root));
    }

    pub(super) fn check_over(&self) {
        assert!(self.announced.is_empty() && self.running.is_empty() && self.due.is_empty());
        assert!(self.monitored.is_empty(), "no call is recorded any more");
    }
}
