//! The recorder: two threads that own the files of recordings.
//!
//! The call thread tells which recording begins, the media thread's [tap](crate::media::Tap) brings its packets, the first
//! thread writes the file, the second one syncs it to the disk and tells the call thread what became of it. Neither the call
//! thread nor the media thread ever waits for a disk.

mod files;
mod library;
#[cfg(feature = "mp3")]
mod mp3;
mod restart;
mod thread;
mod wav_file;
mod wav_reader;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use offhook_base::{Audio, RecordingId, RecordingStart};

#[cfg(test)]
pub(crate) use files::Part;
pub(crate) use files::RecordingFiles;
pub(crate) use library::Library;
pub(crate) use restart::{forget, unfinished};

use crate::media::TapReader;

/// What the thread is told.
#[derive(Debug)]
enum ToRecorder {
    /// A recording that was to begin does not.
    Cancel(RecordingId),
    /// A message that is over and not worth keeping.
    Discard(Box<RecordingStart>),
    /// The entry of a recording is in the journal.
    Known(RecordingId),
    /// A media thread's packets come by this.
    Ring(TapReader),
    /// End.
    Shutdown,
    /// A recording is about to begin.
    Start(Box<RecordingStart>),
}

/// A recording is over.
#[derive(Debug)]
struct Finished {
    id: RecordingId,
    /// Its file and its sound; `None` when there is none.
    made: Option<(File, Audio)>,
}

/// The recorder's owner.
#[derive(Debug)]
pub(crate) struct Recorder {
    handle: RecorderHandle,
    writer: JoinHandle<()>,
    syncer: JoinHandle<()>,
}

/// A way to the recorder; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct RecorderHandle {
    inbox: SyncSender<ToRecorder>,
}

/// The recorder does not keep up, or has ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Overloaded;

impl Recorder {
    /// Starts the threads. `has_room` says whether the disk has room, again and again; `report` tells the call thread what
    /// became of a recording, and may wait for it.
    pub(crate) fn start(
        files: Arc<RecordingFiles>,
        has_room: impl FnMut() -> bool + Send + 'static,
        report: impl Fn(RecordingId, Option<Audio>) + Send + 'static,
    ) -> io::Result<Self> {
        // Full: a recording does not begin, and the call thread hears so at once.
        let (inbox, queue) = sync_channel(QUEUE);
        // Full: the recorder waits for the disk, as `thread.rs` says.
        let (finished, over) = sync_channel::<Finished>(QUEUE);
        let thread = thread::Recorder::new(queue, files, finished, Box::new(has_room));
        let writer = std::thread::Builder::new()
            .name("recorder".to_owned())
            .spawn(move || thread.run())?;
        let syncer = std::thread::Builder::new()
            .name("recorder-sync".to_owned())
            .spawn(move || {
                for Finished { id, made } in over {
                    report(id, made.map(|(file, audio)| synced(id, &file, audio)));
                }
            })?;
        Ok(Self {
            handle: RecorderHandle { inbox },
            writer,
            syncer,
        })
    }

    pub(crate) fn handle(&self) -> RecorderHandle {
        self.handle.clone()
    }

    /// Ends what is recorded, and the threads. Call after the media threads have ended.
    pub(crate) fn shutdown(self) {
        let asked = self.handle.inbox.send(ToRecorder::Shutdown).is_ok();
        if !asked || self.writer.join().is_err() || self.syncer.join().is_err() {
            tracing::error!("the recorder had ended before");
        }
    }
}

/// Says whether more than `reserve` octets of the disk are free, which are left to calls. The disk is asked once a second.
pub(crate) fn room_beyond(
    reserve: u64,
    files: Arc<RecordingFiles>,
) -> impl FnMut() -> bool + Send + 'static {
    let mut last: Option<(Instant, bool)> = None;
    move || match last {
        Some((asked, has_room)) if asked.elapsed() < ASK_EVERY => has_room,
        _ => {
            // A disk that does not tell is written until it refuses.
            let has_room = files.free().map_or(true, |free| free > reserve);
            last = Some((Instant::now(), has_room));
            has_room
        }
    }
}

/// What cannot be synced may be lost with the power; it is there now.
fn synced(id: RecordingId, file: &File, audio: Audio) -> Audio {
    if let Err(error) = file.sync_all() {
        tracing::error!(%error, recording = %id, "this recording may be lost with the power");
    }
    audio
}

impl RecorderHandle {
    /// A recording is about to begin. To be told before the media thread is.
    ///
    /// # Errors
    /// When the recorder does not keep up: nothing is recorded, and nothing more is heard of it.
    pub(crate) fn begin(&self, start: Box<RecordingStart>) -> Result<(), Overloaded> {
        self.try_send(ToRecorder::Start(start))
    }

    /// A recording does not begin, for the media thread did not take the command. It is reported as one of nothing.
    pub(crate) fn cancel(&self, id: RecordingId) -> Result<(), Overloaded> {
        self.try_send(ToRecorder::Cancel(id))
    }

    /// A message that was told of is not worth keeping. One that stays because the queue is full goes at the next start.
    pub(crate) fn discard(&self, start: Box<RecordingStart>) {
        let id = start.id;
        if self.try_send(ToRecorder::Discard(start)).is_err() {
            tracing::debug!(recording = %id, "it stays until the next start");
        }
    }

    /// The entry of a recording is in the journal. A note of it that stays because the queue is full goes at the next start.
    pub(crate) fn known(&self, id: RecordingId) {
        if self.try_send(ToRecorder::Known(id)).is_err() {
            tracing::debug!(recording = %id, "its note stays until the next start");
        }
    }

    /// Takes the packets of a media thread.
    ///
    /// # Errors
    /// When the recorder has ended.
    pub(crate) fn attach(&self, ring: TapReader) -> Result<(), Overloaded> {
        let sent = self.inbox.send(ToRecorder::Ring(ring));
        sent.map_err(|_| Overloaded)
    }

    fn try_send(&self, asked: ToRecorder) -> Result<(), Overloaded> {
        self.inbox.try_send(asked).map_err(|_| Overloaded)
    }
}

/// Beginnings and ends that may wait: some seconds of the highest call rate.
const QUEUE: usize = 1_024;

/// How often the disk is asked.
const ASK_EVERY: Duration = Duration::from_secs(1);
