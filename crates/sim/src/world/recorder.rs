//! The recorder of a simulated node: its files outlive the process, and what it tells is promised once for each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use offhook_base::{
    Audio, CallId, CdrRecord, EventName, FactRecord, Mono, RecordingId, RecordingKind,
    RecordingStart,
};
use offhook_call::{EventIds, recording_after_restart};
use offhook_media_core::{MediaCommand, RelayId, Sound};

use super::happening::Happening;
use super::{Luck, World};

/// What is recorded, and what was.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    /// Announced by the switch, and not begun by the media shell.
    announced: BTreeMap<RecordingId, RecordingStart>,
    running: BTreeMap<RecordingId, Running>,
    /// Over in this process, and not told yet.
    over: BTreeMap<RecordingId, (RecordingStart, Audio)>,
    /// Over since the last look: to be told.
    fresh: Vec<RecordingId>,
    /// Files that are there: their event must be on disk in the end.
    files: BTreeMap<RecordingId, (RecordingStart, Audio)>,
    seen: BTreeSet<RecordingId>,
    broken: Vec<String>,
}

#[derive(Debug)]
struct Running {
    relay: RelayId,
    start: RecordingStart,
    since: Mono,
}

impl Recorder {
    /// The switch says what is to be recorded next.
    pub(super) fn announced(&mut self, start: RecordingStart) {
        if !self.seen.insert(start.id) {
            self.broken
                .push(format!("recorder: {} is begun twice", start.id));
        }
        self.announced.insert(start.id, start);
    }

    /// A message that is not worth keeping: its file is removed.
    pub(super) fn dropped(&mut self, recording: RecordingId) {
        if self.files.remove(&recording).is_none() {
            self.broken
                .push(format!("recorder: {recording} is dropped and is no file"));
        }
    }

    /// The media shell was told something.
    pub(super) fn command(&mut self, now: Mono, command: &MediaCommand) {
        #[expect(clippy::wildcard_enum_match_arm, reason = "the others record nothing")]
        match *command {
            MediaCommand::Record {
                relay, recording, ..
            } => match self.announced.remove(&recording) {
                Some(start) => {
                    let since = now;
                    let running = Running {
                        relay,
                        start,
                        since,
                    };
                    self.running.insert(recording, running);
                }
                None => self
                    .broken
                    .push(format!("recorder: {command:?} was not announced")),
            },
            MediaCommand::StopRecord { recording, .. } => {
                if !self.running.contains_key(&recording) {
                    self.broken
                        .push(format!("recorder: {command:?} ends nothing"));
                }
                self.end(now, |running| running.start.id == recording);
            }
            MediaCommand::Stop { relay } => self.end(now, |running| running.relay == relay),
            _ => {}
        }
        let mut relays = BTreeSet::new();
        if !self.running.values().all(|one| relays.insert(one.relay)) {
            self.broken
                .push(format!("recorder: {command:?} records a call twice"));
        }
    }

    fn end(&mut self, now: Mono, is_it: impl Fn(&Running) -> bool) {
        let over: Vec<RecordingId> = self
            .running
            .iter()
            .filter(|(_, running)| is_it(running))
            .map(|(id, _)| *id)
            .collect();
        for id in over {
            if let Some(running) = self.running.remove(&id) {
                let audio = audio(now - running.since, false);
                if audio.duration_ms > 0 {
                    self.files.insert(id, (running.start.clone(), audio));
                }
                self.over.insert(id, (running.start, audio));
                self.fresh.push(id);
            }
        }
    }

    /// The process died: its files are cut short.
    pub(super) fn crashed(&mut self, now: Mono) {
        for (id, running) in std::mem::take(&mut self.running) {
            let audio = audio(now - running.since, true);
            self.files.insert(id, (running.start, audio));
        }
        self.announced.clear();
        self.over.clear();
        self.fresh.clear();
    }

    /// Each file was told of once, and nothing else was.
    pub(super) fn verdict(&self, told: &BTreeMap<RecordingId, usize>) -> Vec<String> {
        let mut broken = self.broken.clone();
        for id in self.announced.keys().chain(self.running.keys()) {
            broken.push(format!("recorder: recording {id} is not over at the end"));
        }
        for id in self.files.keys() {
            let times = told.get(id).copied().unwrap_or_default();
            if times != 1 {
                broken.push(format!(
                    "recorder: recording {id} was told of {times} times"
                ));
            }
        }
        let unknown = told.keys().filter(|id| !self.files.contains_key(id));
        broken.extend(unknown.map(|id| format!("recorder: {id} was told of and is no file")));
        broken
    }
}

/// 16 kbit a second are 2 octets of mp3 a millisecond.
fn audio(time: Duration, cut: bool) -> Audio {
    let duration_ms = u64::try_from(time.as_millis()).unwrap_or_default();
    Audio {
        duration_ms,
        channels: 2,
        sample_rate: 8_000,
        size_wav: 44 + duration_ms * 32,
        size_mp3: duration_ms * 2,
        cut,
    }
}

impl World {
    /// Recordings told of, for a look at whether the run was worth anything.
    #[must_use]
    pub fn recorded(&self) -> usize {
        self.recordings_told().len()
    }

    /// How often each recording is told of on disk.
    fn recordings_told(&self) -> BTreeMap<RecordingId, usize> {
        let mut told = BTreeMap::new();
        let events = self.disk.facts();
        for event in events.filter(|event| event.name == EventName::MonitorAudioReady) {
            let body: serde_json::Value = serde_json::from_slice(&event.body).unwrap_or_default();
            let id = body.get("monitor_id").and_then(serde_json::Value::as_u64);
            *told.entry(RecordingId(id.unwrap_or_default())).or_default() += 1;
        }
        for id in self.disk.messages() {
            *told.entry(id).or_default() += 1;
        }
        told
    }

    /// What a start tells of the messages that were being left: the end of the call has them.
    pub(super) fn sweep_messages(&mut self, closed: &mut [FactRecord]) {
        let told = self.recordings_told();
        let files = &self.recorder.files;
        let untold = files.iter().filter(|(id, _)| !told.contains_key(id));
        for (_, (start, audio)) in untold {
            let fact = closed
                .iter_mut()
                .find(|fact| fact.event.call == start.call && fact.cdr.is_some());
            if let (RecordingKind::Message, Some(fact)) = (start.kind, fact) {
                fact.recording = Some(Arc::new(start.clone().with_audio(*audio)));
            }
        }
    }

    /// The media shell plays what has an end.
    pub(super) fn play_sound(&mut self, command: &MediaCommand) {
        if let MediaCommand::Play {
            relay, side, sound, ..
        } = command
            && let Sound::Beep(cue) | Sound::Once(_, cue) = sound
        {
            let played = Happening::Played {
                relay: *relay,
                side: *side,
                cue: *cue,
            };
            self.at(self.now.mono + Duration::from_millis(500), played);
        }
    }

    pub(super) fn verdict_on_recordings(&self) -> Vec<String> {
        self.recorder.verdict(&self.recordings_told())
    }

    /// Files are finished some time after their recordings.
    pub(super) fn finish_recordings(&mut self) {
        for id in std::mem::take(&mut self.recorder.fresh) {
            let takes = match self.luck {
                Luck::Calm => 50,
                Luck::OfSeed => 1 + self.below(3_000),
            };
            let at = self.now.mono + Duration::from_millis(takes);
            self.at(at, Happening::Recorded(id));
        }
    }

    pub(super) fn recording_finished(&mut self, id: RecordingId) {
        // Of a process that died meanwhile the sweep has told.
        if let Some((_, audio)) = self.recorder.over.remove(&id)
            && let Some(process) = &mut self.process
        {
            let audio = Some(audio).filter(|audio| audio.duration_ms > 0);
            process.switch.handle_recorded(self.now, id, audio);
        }
    }

    /// What a start tells of the files that the process before it did not tell of. `closed` is what the sweep of the calls
    /// has made.
    pub(super) fn sweep_recordings(
        &self,
        closed: &[FactRecord],
        ids: &mut EventIds,
    ) -> Vec<FactRecord> {
        let told = self.recordings_told();
        let untold = self.recorder.files.iter();
        let untold = untold.filter(|(id, _)| !told.contains_key(id));
        untold
            .filter_map(|(_, (start, audio))| {
                let cdr = self.cdr_of(start.call, closed);
                let at = (self.now.wall, 100_001);
                recording_after_restart(start.clone(), *audio, cdr, at, ids)
            })
            .collect()
    }

    fn cdr_of<'a>(&'a self, call: CallId, closed: &'a [FactRecord]) -> Option<&'a CdrRecord> {
        let closed = closed.iter().filter_map(|fact| fact.cdr.as_deref());
        self.disk
            .cdrs()
            .chain(closed)
            .find(|cdr| cdr.live_id == call)
    }
}
