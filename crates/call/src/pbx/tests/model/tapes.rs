//! The recordings: each is announced before it is made, made once, ended once, and told of once.

use std::collections::{BTreeMap, BTreeSet};

use offhook_base::{CallId, FactRecord, RecordingId, RecordingKind, RecordingStart};
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
    /// Messages that the recorder told of: the end of their call has them, or they are not worth keeping.
    messages: BTreeMap<RecordingId, RecordingStart>,
    /// Told of while they were recorded: of those the recorder says no more.
    told_early: BTreeSet<RecordingId>,
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
                self.end(id, start);
            }
            MediaCommand::Stop { relay } => {
                if let Some((id, start)) = self.running.remove(relay) {
                    self.end(id, start);
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, id: RecordingId, start: RecordingStart) {
        if !self.told_early.remove(&id) {
            self.over.insert(id, start);
        }
    }

    /// The recorder tells of one that is over.
    pub(super) fn told(&mut self, recording: RecordingId, has_audio: bool) {
        let start = self.over.remove(&recording).expect("it is over");
        match start.kind {
            RecordingKind::Call if has_audio => self.due.insert(recording, start),
            RecordingKind::Message if has_audio => self.messages.insert(recording, start),
            RecordingKind::Call | RecordingKind::Message => None,
        };
    }

    pub(super) fn messages_running(&self) -> Vec<(RelayId, RecordingId)> {
        let running = self.running.iter();
        let messages = running.filter(|(_, (_, start))| start.kind == RecordingKind::Message);
        messages
            .map(|(relay, (recording, _))| (*relay, *recording))
            .filter(|(_, recording)| !self.told_early.contains(recording))
            .collect()
    }

    /// The recorder cannot go on with a message.
    pub(super) fn told_early(&mut self, recording: RecordingId, has_audio: bool) {
        assert!(self.told_early.insert(recording));
        let running = self.running.values().find(|(id, _)| *id == recording);
        let (_, start) = running.expect("it runs");
        if has_audio {
            self.messages.insert(recording, start.clone());
        }
    }

    /// A message that is not worth keeping.
    pub(super) fn dropped(&mut self, recording: RecordingId) {
        self.messages.remove(&recording).expect("told of once");
    }

    /// The last event of a call has a message.
    pub(super) fn left(&mut self, fact: &FactRecord) {
        let Some(entry) = &fact.recording else { return };
        let start = self.messages.remove(&entry.id).expect("told of once");
        assert_eq!((fact.event.call, fact.event.root), (start.call, start.root));
        assert!(fact.cdr.is_some() && entry.audio.duration_ms >= 1_000);
    }

    /// `monitor.audio_ready`.
    pub(super) fn ready(&mut self, fact: &FactRecord) {
        let entry = fact.recording.as_ref().expect("its entry");
        let start = match entry.kind {
            RecordingKind::Call => self.due.remove(&entry.id),
            // Of a message only when its call did not wait for it.
            RecordingKind::Message => self.messages.remove(&entry.id),
        };
        let start = start.expect("told of once");
        assert_eq!((fact.event.call, fact.event.root), (start.call, start.root));
    }

    pub(super) fn check_over(&self) {
        assert!(self.announced.is_empty() && self.running.is_empty() && self.due.is_empty());
        assert!(self.messages.is_empty(), "each message is kept or dropped");
        assert!(self.monitored.is_empty(), "no call is recorded any more");
    }
}
