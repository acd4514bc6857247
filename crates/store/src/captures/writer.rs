//! The thread that captures: it drops messages when it is behind, and never makes a call wait.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TryRecvError, TrySendError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use offhook_base::{CallId, Wall};
use rusqlite::{Connection, params};

use super::live::Live;
use super::pack::Packer;
use super::reader::{self, CaptureReader};
use super::{CapturedMessage, SCHEMA};
use crate::migrate::{self, Durability};
use crate::{Refused, StoreError};

/// How long messages gather before they are taken; also how late a live ladder is.
const GATHER: Duration = Duration::from_millis(20);
/// Time between two looks for calls to be packed.
const SWEEP: Duration = Duration::from_millis(250);
/// Octets that may wait in the queue.
const MAX_QUEUED_BYTES: usize = 32 * 1024 * 1024;
/// Rows that one transaction of a purge looks at.
const PURGE_ROWS: u32 = 64;

enum Command {
    Ended(CallId),
    Flush(SyncSender<()>),
    Message(Box<CapturedMessage>),
    Purge { older_than: Wall, max_bytes: u64 },
    Shutdown,
}

/// What was not captured since the start.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct CapturesDropped {
    /// Messages that found the queue full.
    pub messages: u64,
    /// Messages that the disk refused.
    pub unwritten: u64,
}

#[derive(Debug, Default)]
struct Shared {
    queued_bytes: AtomicUsize,
    dropped: AtomicU64,
    unwritten: AtomicU64,
}

/// The owner of the thread that captures.
#[derive(Debug)]
pub struct CaptureWriter {
    handle: CaptureHandle,
    thread: JoinHandle<()>,
    path: PathBuf,
    live: Arc<Mutex<Live>>,
}

/// A way to the captures; cheap to clone. Only [`CaptureHandle::flush`] waits.
#[derive(Clone, Debug)]
pub struct CaptureHandle {
    commands: SyncSender<Command>,
    shared: Arc<Shared>,
}

impl CaptureWriter {
    /// Opens `captures.db` at `path` and starts the thread; `capacity` bounds the messages that wait.
    ///
    /// # Errors
    /// As for the other files; the caller may go on without captures.
    pub fn start(path: &Path, capacity: usize) -> Result<Self, StoreError> {
        let db = migrate::open(path, &SCHEMA, Durability::Normal)?;
        let next_row = db
            .query_row("SELECT coalesce(max(id), 0) + 1 FROM capture", [], |row| {
                row.get(0)
            })
            .map_err(|e| StoreError::sqlite(path, e))?;
        let packer = Packer::new().map_err(|e| StoreError::io(path, "preparing to compress", e))?;
        let live = Arc::new(Mutex::new(Live::new(next_row)));
        let shared = Arc::<Shared>::default();
        // Full: the message is dropped and counted.
        let (commands, queue) = mpsc::sync_channel(capacity.max(1));
        let thread = Thread {
            db,
            path: path.to_owned(),
            packer,
            live: Arc::clone(&live),
            shared: Arc::clone(&shared),
            swept: Instant::now(),
        };
        let thread = std::thread::Builder::new()
            .name("captures".to_owned())
            .spawn(move || thread.run(&queue))
            .map_err(|e| StoreError::io(path, "starting the thread of captures", e))?;
        Ok(Self {
            handle: CaptureHandle { commands, shared },
            thread,
            path: path.to_owned(),
            live,
        })
    }

    /// A way to the captures.
    #[must_use]
    pub fn handle(&self) -> CaptureHandle {
        self.handle.clone()
    }

    /// A reader of what is stored and of what is still in memory.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn reader(&self) -> Result<CaptureReader, StoreError> {
        CaptureReader::open(&self.path, Arc::clone(&self.live))
    }

    /// Stores what is in memory and ends the thread. Returns false when it ended by a panic.
    #[must_use]
    pub fn shutdown(self) -> bool {
        let asked = self.handle.commands.send(Command::Shutdown).is_ok();
        tracing::debug!(asked, "captures are ending");
        self.thread.join().is_ok()
    }
}

impl CaptureHandle {
    /// Captures a message, or drops and counts it when the thread is behind.
    pub fn message(&self, message: CapturedMessage) {
        let size = message.bytes.len();
        let queued = self.shared.queued_bytes.fetch_add(size, Ordering::Relaxed);
        let taken = queued <= MAX_QUEUED_BYTES
            && self
                .commands
                .try_send(Command::Message(Box::new(message)))
                .is_ok();
        if !taken {
            self.shared.queued_bytes.fetch_sub(size, Ordering::Relaxed);
            self.shared.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Says that a call is over, so that its messages are packed soon rather than after a minute.
    ///
    /// # Errors
    /// `Full` or `Closed`; neither needs an answer, a minute later the messages are packed anyway.
    pub fn ended(&self, call: CallId) -> Result<(), Refused> {
        self.send(Command::Ended(call))
    }

    /// Deletes the captures of calls that began before `older_than`, then of the oldest calls until no more
    /// than `max_bytes` of the file are in use. All calls of a root go together; a root that has messages in
    /// memory is left alone.
    ///
    /// # Errors
    /// `Full` or `Closed`.
    pub fn purge(&self, older_than: Wall, max_bytes: u64) -> Result<(), Refused> {
        self.send(Command::Purge {
            older_than,
            max_bytes,
        })
    }

    /// Stores all that is in memory and waits for it.
    ///
    /// # Errors
    /// `Closed` when the thread has stopped.
    pub fn flush(&self) -> Result<(), Refused> {
        let (done, flushed) = mpsc::sync_channel(1);
        self.commands
            .send(Command::Flush(done))
            .map_err(|_| Refused::Closed)?;
        flushed.recv().map_err(|_| Refused::Closed)
    }

    /// What was not captured since the start.
    #[must_use]
    pub fn dropped(&self) -> CapturesDropped {
        CapturesDropped {
            messages: self.shared.dropped.load(Ordering::Relaxed),
            unwritten: self.shared.unwritten.load(Ordering::Relaxed),
        }
    }

    fn send(&self, command: Command) -> Result<(), Refused> {
        self.commands
            .try_send(command)
            .map_err(|error| match error {
                TrySendError::Disconnected(_) => Refused::Closed,
                TrySendError::Full(_) => Refused::Full,
            })
    }
}

struct Thread {
    db: Connection,
    path: PathBuf,
    packer: Packer,
    live: Arc<Mutex<Live>>,
    shared: Arc<Shared>,
    swept: Instant,
}

impl Thread {
    fn run(mut self, queue: &Receiver<Command>) {
        loop {
            let mut going_on = match queue.recv_timeout(SWEEP) {
                Ok(command) => {
                    let on = self.take(command);
                    // Asleep rather than waiting on the queue: the call thread does not pay for waking us.
                    std::thread::sleep(if on { GATHER } else { Duration::ZERO });
                    on
                }
                Err(RecvTimeoutError::Timeout) => true,
                Err(RecvTimeoutError::Disconnected) => false,
            };
            while going_on {
                match queue.try_recv() {
                    Ok(command) => going_on = self.take(command),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => going_on = false,
                }
            }
            if !going_on || self.swept.elapsed() >= SWEEP {
                self.store(!going_on);
            }
            if !going_on {
                return;
            }
        }
    }

    fn take(&mut self, command: Command) -> bool {
        match command {
            Command::Ended(call) => self.live().end(Instant::now(), call),
            Command::Flush(done) => {
                self.store(true);
                tell(&done);
            }
            Command::Message(message) => {
                self.shared
                    .queued_bytes
                    .fetch_sub(message.bytes.len(), Ordering::Relaxed);
                self.live().push(Instant::now(), *message);
            }
            Command::Purge {
                older_than,
                max_bytes,
            } => {
                if let Err(error) = self.purge(older_than, max_bytes) {
                    tracing::warn!(%error, "old captures could not be deleted");
                }
            }
            Command::Shutdown => return false,
        }
        true
    }

    fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Packs the calls that are due, or all, in one transaction.
    fn store(&mut self, all: bool) {
        self.swept = Instant::now();
        let due = self.live().due(self.swept, all);
        if due.is_empty() {
            return;
        }
        let stored = self.write(&due);
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = stored {
            let lost: usize = due
                .iter()
                .filter_map(|call| live.get(*call))
                .map(|buffer| buffer.messages.len())
                .sum();
            self.shared
                .unwritten
                .fetch_add(u64::try_from(lost).unwrap_or(u64::MAX), Ordering::Relaxed);
            tracing::warn!(%error, messages = lost, "captures could not be written and are dropped");
        }
        for call in due {
            live.forget(call);
        }
    }

    fn write(&mut self, calls: &[CallId]) -> Result<(), StoreError> {
        let at = |e| StoreError::sqlite(&self.path, e);
        let tx = self.db.unchecked_transaction().map_err(at)?;
        for call in calls {
            // Cloning the handles keeps readers from waiting while we compress.
            let Some((row, root, messages)) = self
                .live
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .get(*call)
                .map(|b| (b.row, b.root, b.messages.clone()))
            else {
                continue;
            };
            let packed = self
                .packer
                .pack(&messages)
                .map_err(|e| StoreError::io(&self.path, "compressing", e))?;
            let started = messages
                .iter()
                .map(|message| message.at.0)
                .min()
                .unwrap_or_default();
            let ended = messages
                .iter()
                .map(|message| message.at.0)
                .max()
                .unwrap_or_default();
            tx.prepare_cached(
                "INSERT INTO capture (id, root, call, started, ended, messages, packed) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )
            .and_then(|mut insert| insert.execute(params![row, root.0, call.0, started, ended, messages.len(), packed]))
            .map_err(at)?;
        }
        tx.commit().map_err(at)
    }

    fn purge(&self, older_than: Wall, max_bytes: u64) -> Result<(), StoreError> {
        self.delete_old(older_than, max_bytes)
            .map_err(|e| StoreError::sqlite(&self.path, e))
    }

    fn delete_old(&self, older_than: Wall, max_bytes: u64) -> rusqlite::Result<()> {
        while self.delete_oldest(older_than)? > 0 {}
        while reader::used_bytes(&self.db)? > max_bytes && self.delete_oldest(Wall(i64::MAX))? > 0 {
        }
        let mut vacuum = self.db.prepare_cached("PRAGMA incremental_vacuum")?;
        let mut pages = vacuum.query([])?;
        while pages.next()?.is_some() {}
        Ok(())
    }

    /// Deletes those of the oldest roots that began before `older_than`; it looks at a few rows only.
    fn delete_oldest(&self, older_than: Wall) -> rusqlite::Result<usize> {
        let up = serde_json::to_string(&self.live().roots())
            .map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))?;
        self.db
            .prepare_cached(
                "WITH up AS (SELECT value FROM json_each(?1)),
                      oldest AS (SELECT root, started FROM capture WHERE root NOT IN up ORDER BY id LIMIT ?3)
                 DELETE FROM capture WHERE root IN (SELECT root FROM oldest WHERE started < ?2)",
            )?
            .execute(params![up, older_than.0, PURGE_ROWS])
    }
}

fn tell(done: &SyncSender<()>) {
    if done.send(()).is_err() {
        tracing::debug!("nobody waits for the captures any more");
    }
}
