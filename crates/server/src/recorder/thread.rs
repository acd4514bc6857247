//! The recorder's thread: reads the rings, lays packets out in time, writes files.
//!
//! ```text
//! Start ──► expected ──Begin──► open ──End, cut──► synced by the other thread, then told to the call thread
//!              └────End, Cancel──► nothing was recorded: told at once
//! ```

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::time::Duration;

use offhook_base::{Mono, RecordingId, RecordingStart};
use offhook_media_core::Tape;

use super::files::{Part, RecordingFiles};
use super::wav_file::WavFile;
use super::{Finished, ToRecorder};
use crate::media::{Record, TapReader};

/// What the thread works with.
pub(super) struct Recorder {
    inbox: Receiver<ToRecorder>,
    files: Arc<RecordingFiles>,
    rings: Vec<TapReader>,
    recordings: Recordings,
    /// It was told to end.
    ending: bool,
}

/// The recordings that are not over.
struct Recordings {
    files: Arc<RecordingFiles>,
    finished: SyncSender<Finished>,
    /// Those of which the media thread has not spoken yet.
    expected: BTreeMap<RecordingId, RecordingStart>,
    open: BTreeMap<RecordingId, Open>,
    room: Room,
}

/// Whether there is room on the disk for recordings.
pub(super) type HasRoom = Box<dyn FnMut() -> bool + Send>;

/// One that is written.
struct Open {
    /// The ring it comes from.
    ring: usize,
    tape: Tape,
    wav: WavFile,
    /// When it is written next.
    due: Mono,
}

/// Whether the disk has room, as it was last told.
struct Room {
    ask: HasRoom,
    full: bool,
}

impl Recorder {
    pub(super) fn new(
        inbox: Receiver<ToRecorder>,
        files: Arc<RecordingFiles>,
        finished: SyncSender<Finished>,
        has_room: HasRoom,
    ) -> Self {
        Self {
            inbox,
            rings: Vec::new(),
            recordings: Recordings {
                files: Arc::clone(&files),
                finished,
                expected: BTreeMap::new(),
                open: BTreeMap::new(),
                room: Room {
                    ask: has_room,
                    full: false,
                },
            },
            files,
            ending: false,
        }
    }

    /// Runs until it is told to end. What is recorded then is ended as it stands.
    pub(super) fn run(mut self) {
        while !self.ending {
            let wait = if self.recordings.are_any() {
                TURN
            } else {
                IDLE
            };
            match self.inbox.recv_timeout(wait) {
                Ok(asked) => self.obey(asked),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => self.ending = true,
            }
            self.turn();
        }
        for (index, ring) in self.rings.iter().enumerate() {
            self.recordings.end_all_of(index, ring.now());
        }
        for id in std::mem::take(&mut self.recordings.expected).into_keys() {
            self.recordings.tell(Finished { id, made: None });
        }
    }

    pub(super) fn obey(&mut self, asked: ToRecorder) {
        match asked {
            ToRecorder::Cancel(id) => self.recordings.end(id, Mono(0), false),
            ToRecorder::Discard(start) => super::forget(&self.files, &start, false),
            ToRecorder::Known(id) => {
                if let Err(error) = self.files.forget(id) {
                    tracing::warn!(%error, recording = %id, "its note stays until the next start");
                }
            }
            ToRecorder::Ring(reader) => self.rings.push(reader),
            ToRecorder::Shutdown => self.ending = true,
            ToRecorder::Start(start) => self.recordings.expect(*start),
        }
    }

    /// Reads what has come and writes what is due.
    pub(super) fn turn(&mut self) {
        for index in 0..self.rings.len() {
            let Some(ring) = self.rings.get_mut(index) else {
                return;
            };
            // Asked before it is read: what comes after the answer is read in the next turn.
            let over = ring.is_abandoned();
            let (inbox, recordings) = (&self.inbox, &mut self.recordings);
            let mut others = Vec::new();
            ring.drain(|record| {
                if let Record::Begin { recording, .. } | Record::End { recording, .. } = record
                    && !recordings.know(recording)
                {
                    // The call thread told of it before it told the media thread, so that it is in the queue.
                    others.extend(expected(inbox, recordings));
                }
                recordings.take(index, record);
            });
            let (lost, now) = (ring.lost(), ring.now());
            if lost > 0 {
                tracing::error!(
                    lost,
                    "the recorder does not keep up: packets became silence"
                );
            }
            if over {
                self.recordings.end_all_of(index, now);
            }
            self.recordings.write_due(index, now);
            for asked in others {
                self.obey(asked);
            }
        }
    }
}

/// Takes the beginnings out of the queue; gives what else was in it.
fn expected(inbox: &Receiver<ToRecorder>, recordings: &mut Recordings) -> Vec<ToRecorder> {
    let mut others = Vec::new();
    for asked in inbox.try_iter() {
        match asked {
            ToRecorder::Start(start) => recordings.expect(*start),
            ToRecorder::Cancel(_)
            | ToRecorder::Discard(_)
            | ToRecorder::Known(_)
            | ToRecorder::Ring(_)
            | ToRecorder::Shutdown => others.push(asked),
        }
    }
    others
}

impl Recordings {
    fn are_any(&self) -> bool {
        !self.open.is_empty() || !self.expected.is_empty()
    }

    fn know(&self, id: RecordingId) -> bool {
        self.open.contains_key(&id) || self.expected.contains_key(&id)
    }

    /// A recording is about to begin.
    fn expect(&mut self, start: RecordingStart) {
        let id = start.id;
        if self.know(id) {
            tracing::debug!(recording = %id, "this recording is known already");
            return;
        }
        if self.room.is_full() {
            return self.tell(Finished { id, made: None });
        }
        match self.files.note(&start) {
            Ok(()) => {
                self.expected.insert(id, start);
            }
            Err(error) => {
                tracing::error!(%error, recording = %id, "nothing is recorded");
                self.tell(Finished { id, made: None });
            }
        }
    }

    fn take(&mut self, ring: usize, record: Record<'_>) {
        match record {
            Record::Begin {
                recording,
                at,
                stereo,
            } => self.begin(ring, recording, Tape::new(at, stereo), at),
            Record::End { recording, at } => self.end(recording, at, false),
            Record::Packet { recording, packet } => {
                if let Some(open) = self.open.get_mut(&recording) {
                    open.tape.handle_packet(&packet);
                }
            }
        }
    }

    fn begin(&mut self, ring: usize, id: RecordingId, tape: Tape, at: Mono) {
        let Some(start) = self.expected.remove(&id) else {
            // It was refused, and the call thread was told so.
            return;
        };
        let begun = self
            .files
            .create(Part::Wav, id, start.started_at)
            .and_then(|file| WavFile::begin(file, tape.format()));
        match begun {
            Ok(wav) => {
                let due = at + EVERY;
                let open = Open {
                    ring,
                    tape,
                    wav,
                    due,
                };
                self.open.insert(id, open);
            }
            Err(error) => {
                tracing::error!(%error, recording = %id, "nothing is recorded");
                self.tell(Finished { id, made: None });
            }
        }
    }

    /// Ends a recording with all its sound up to `at`.
    fn end(&mut self, id: RecordingId, at: Mono, cut: bool) {
        if self.expected.remove(&id).is_some() {
            return self.tell(Finished { id, made: None });
        }
        let Some(mut open) = self.open.remove(&id) else {
            return;
        };
        let mut cut = cut;
        if !cut && let Err(error) = open.write(at) {
            tracing::error!(%error, recording = %id, "the end of this recording is lost");
            cut = true;
        }
        if open.tape.dropped() > 0 {
            let dropped = open.tape.dropped();
            tracing::warn!(recording = %id, dropped, "packets came too densely to be recorded");
        }
        let (file, audio) = open.wav.finish(cut);
        let made = audio.map(|audio| (file, audio));
        self.tell(Finished { id, made });
    }

    fn end_all_of(&mut self, ring: usize, at: Mono) {
        let of_ring: Vec<_> = self
            .open
            .iter()
            .filter(|(_, open)| open.ring == ring)
            .map(|(id, _)| *id)
            .collect();
        for id in of_ring {
            self.end(id, at, false);
        }
    }

    /// Writes what is due of the recordings of a ring. A disk without room ends them all.
    fn write_due(&mut self, ring: usize, now: Mono) {
        if self.open.is_empty() {
            return;
        }
        let full = self.room.is_full();
        let mut ended = Vec::new();
        for (id, open) in self.open.iter_mut().filter(|(_, open)| open.ring == ring) {
            if full {
                ended.push(*id);
            } else if open.due <= now {
                open.due = now + EVERY;
                let upto = Mono(now.0.saturating_sub(awaited()));
                if let Err(error) = open.write(upto) {
                    tracing::error!(%error, recording = %id, "this recording ends here: its file cannot be written; the call goes on");
                    ended.push(*id);
                }
            }
        }
        for id in ended {
            self.end(id, now, true);
        }
    }

    fn tell(&self, finished: Finished) {
        if finished.made.is_none()
            && let Err(error) = self.files.forget(finished.id)
        {
            tracing::warn!(%error, recording = %finished.id, "its note stays until the next start");
        }
        // Full: the disk takes long to sync. The recorder waits; the rings hold some seconds, and then lose packets.
        match self.finished.try_send(finished) {
            Ok(()) => {}
            Err(TrySendError::Full(finished)) => {
                if self.finished.send(finished).is_err() {
                    tracing::error!("nobody takes the end of a recording");
                }
            }
            Err(TrySendError::Disconnected(finished)) => {
                tracing::error!(recording = %finished.id, "nobody takes the end of this recording");
            }
        }
    }
}

impl Open {
    /// Writes all up to a moment, then the header.
    fn write(&mut self, upto: Mono) -> io::Result<()> {
        // Frames are counted anew while all is silence, and the file with them.
        self.wav.reformat(self.tape.format(), self.tape.frames())?;
        while let Some(block) = self.tape.poll_block(upto) {
            self.wav.append(block)?;
        }
        self.wav.tell()
    }
}

impl Room {
    fn is_full(&mut self) -> bool {
        let full = !(self.ask)();
        if full != self.full {
            tracing::error!(
                full,
                "free space for recordings: {}",
                if full {
                    "none; those that run end here, the calls go on"
                } else {
                    "there is some again"
                }
            );
        }
        self.full = full;
        full
    }
}

/// How long a packet is awaited, in nanoseconds.
fn awaited() -> u64 {
    u64::try_from(Tape::AWAITED.as_nanos()).unwrap_or(0)
}

/// How often the rings are read while something is recorded, and while nothing is.
const TURN: Duration = Duration::from_millis(50);
const IDLE: Duration = Duration::from_millis(500);

/// How often each file is written. With what is awaited, and a turn, that is the most that a kill takes: 1.55 s.
const EVERY: Duration = Duration::from_secs(1);
