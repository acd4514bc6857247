//! The thread that writes evidence, in batches, without ever making a delivery wait.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender, TryRecvError, TrySendError};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use offhook_base::Wall;
use rusqlite::Connection;

use super::day::{self, Day};
use super::{AttemptRecord, FinishedDelivery, row};
use crate::{Refused, StoreError};

/// Rows in one transaction, at most.
const MAX_ROWS: usize = 512;
/// How long a row waits for others to share a transaction with.
const GATHER: Duration = Duration::from_millis(10);

enum Command {
    Attempt(Box<AttemptRecord>),
    Finished(Box<FinishedDelivery>),
    Flush(SyncSender<()>),
    PurgeBefore(Wall),
    Shutdown,
}

/// What was left out of the evidence since the start.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct EvidenceDropped {
    /// Attempts kept without their headers and body, because the writer was behind.
    pub bodies: u64,
    /// Attempts not kept at all.
    pub attempts: u64,
    /// Rows that the disk refused.
    pub unwritten: u64,
}

#[derive(Debug, Default)]
struct Shared {
    queued: AtomicUsize,
    bodies: AtomicU64,
    attempts: AtomicU64,
    unwritten: AtomicU64,
}

/// The owner of the thread that writes evidence.
#[derive(Debug)]
pub struct AttemptsWriter {
    handle: AttemptsHandle,
    thread: JoinHandle<()>,
}

/// A way to the writer; cheap to clone. Only [`AttemptsHandle::flush`] waits.
#[derive(Clone, Debug)]
pub struct AttemptsHandle {
    commands: SyncSender<Command>,
    shared: Arc<Shared>,
    capacity: usize,
}

impl AttemptsWriter {
    /// Starts the writer for the folder `dir`; `capacity` bounds the rows that wait to be written.
    ///
    /// # Errors
    /// `Unavailable` when the file of the day of `now` cannot be written or the thread not started.
    pub fn start(dir: &Path, now: Wall, capacity: usize) -> Result<Self, StoreError> {
        let today = Day::of(now);
        let files = BTreeMap::from([(today, today.open(dir)?)]);
        let capacity = capacity.max(4);
        // Full: see `AttemptsHandle::attempt` and `AttemptsHandle::finished`.
        let (commands, queue) = mpsc::sync_channel(capacity);
        let shared = Arc::<Shared>::default();
        let thread = Thread {
            dir: dir.to_owned(),
            files,
            rows: Vec::new(),
            flushes: Vec::new(),
            shared: Arc::clone(&shared),
            ending: false,
        };
        let thread = std::thread::Builder::new()
            .name("attempts-writer".to_owned())
            .spawn(move || thread.run(&queue))
            .map_err(|e| StoreError::io(dir, "starting the thread of attempts", e))?;
        Ok(Self {
            handle: AttemptsHandle {
                commands,
                shared,
                capacity,
            },
            thread,
        })
    }

    /// A way to the writer.
    #[must_use]
    pub fn handle(&self) -> AttemptsHandle {
        self.handle.clone()
    }

    /// Writes what is queued and ends the thread. Returns false when it ended by a panic.
    #[must_use]
    pub fn shutdown(self) -> bool {
        let asked = self.handle.commands.send(Command::Shutdown).is_ok();
        tracing::debug!(asked, "attempts writer is ending");
        self.thread.join().is_ok()
    }
}

impl AttemptsHandle {
    /// Keeps an attempt. When the writer is behind, it is kept without headers and body (from half of the
    /// queue on) or not at all (from three quarters on), and counted: deliveries never wait for evidence.
    pub fn attempt(&self, mut attempt: AttemptRecord) {
        let queued = self.shared.queued.load(Ordering::Relaxed);
        if queued >= self.capacity / 4 * 3 {
            self.shared.attempts.fetch_add(1, Ordering::Relaxed);
            return;
        }
        if queued >= self.capacity / 2 {
            self.shared.bodies.fetch_add(1, Ordering::Relaxed);
            attempt.request_headers = Vec::new();
            attempt.response_headers = Vec::new();
            attempt.response_body = Bytes::new();
        }
        if self.send(Command::Attempt(Box::new(attempt))).is_err() {
            self.shared.attempts.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Keeps the end of a delivery. To be called before the verdict goes to the journal, so that at each
    /// moment the delivery can be read in one of the two.
    ///
    /// # Errors
    /// `Full` when the whole queue is taken (attempts leave a quarter of it free for these rows): hold the
    /// verdict back and come again; `Closed` when the writer has stopped.
    pub fn finished(&self, finished: FinishedDelivery) -> Result<(), Refused> {
        self.send(Command::Finished(Box::new(finished)))
    }

    /// Deletes the files of the days before that of `before`.
    ///
    /// # Errors
    /// `Full` or `Closed`.
    pub fn purge(&self, before: Wall) -> Result<(), Refused> {
        self.send(Command::PurgeBefore(before))
    }

    /// Waits until all that is queued is written.
    ///
    /// # Errors
    /// `Closed` when the writer has stopped.
    pub fn flush(&self) -> Result<(), Refused> {
        let (done, written) = mpsc::sync_channel(1);
        self.shared.queued.fetch_add(1, Ordering::Relaxed);
        self.commands
            .send(Command::Flush(done))
            .map_err(|_| Refused::Closed)?;
        written.recv().map_err(|_| Refused::Closed)
    }

    /// What was left out since the start.
    #[must_use]
    pub fn dropped(&self) -> EvidenceDropped {
        EvidenceDropped {
            bodies: self.shared.bodies.load(Ordering::Relaxed),
            attempts: self.shared.attempts.load(Ordering::Relaxed),
            unwritten: self.shared.unwritten.load(Ordering::Relaxed),
        }
    }

    fn send(&self, command: Command) -> Result<(), Refused> {
        self.shared.queued.fetch_add(1, Ordering::Relaxed);
        self.commands.try_send(command).map_err(|error| {
            self.shared.queued.fetch_sub(1, Ordering::Relaxed);
            match error {
                TrySendError::Disconnected(_) => Refused::Closed,
                TrySendError::Full(_) => Refused::Full,
            }
        })
    }
}

enum Evidence {
    Attempt(Box<AttemptRecord>),
    Finished(Box<FinishedDelivery>),
}

impl Evidence {
    fn day(&self) -> Day {
        match self {
            Self::Attempt(attempt) => Day::of(attempt.at),
            Self::Finished(finished) => Day::of(finished.finished_at),
        }
    }
}

struct Thread {
    dir: PathBuf,
    files: BTreeMap<Day, Connection>,
    rows: Vec<Evidence>,
    flushes: Vec<SyncSender<()>>,
    shared: Arc<Shared>,
    ending: bool,
}

impl Thread {
    fn run(mut self, queue: &Receiver<Command>) {
        while !self.ending {
            self.gather(queue);
            let rows = std::mem::take(&mut self.rows);
            let lost = self.write(&rows);
            self.shared.unwritten.fetch_add(lost, Ordering::Relaxed);
            for flushed in self.flushes.drain(..) {
                if flushed.send(()).is_err() {
                    tracing::debug!("nobody waits for the flush any more");
                }
            }
        }
    }

    fn gather(&mut self, queue: &Receiver<Command>) {
        match queue.recv() {
            Ok(first) => self.take(first),
            Err(_) => self.ending = true,
        }
        if !self.ending && self.flushes.is_empty() {
            // Asleep rather than waiting on the queue: nobody pays for waking this thread.
            std::thread::sleep(GATHER);
        }
        while !self.ending && self.flushes.is_empty() && self.rows.len() < MAX_ROWS {
            match queue.try_recv() {
                Ok(command) => self.take(command),
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => self.ending = true,
            }
        }
    }

    fn take(&mut self, command: Command) {
        if !matches!(command, Command::Shutdown) {
            self.shared.queued.fetch_sub(1, Ordering::Relaxed);
        }
        match command {
            Command::Attempt(attempt) => self.rows.push(Evidence::Attempt(attempt)),
            Command::Finished(finished) => self.rows.push(Evidence::Finished(finished)),
            Command::Flush(done) => self.flushes.push(done),
            Command::PurgeBefore(before) => self.purge(Day::of(before)),
            Command::Shutdown => self.ending = true,
        }
    }

    /// Writes each row into the file of its day; returns how many could not be.
    fn write(&mut self, rows: &[Evidence]) -> u64 {
        let mut by_day: BTreeMap<Day, Vec<&Evidence>> = BTreeMap::new();
        for row in rows {
            by_day.entry(row.day()).or_default().push(row);
        }
        let mut lost = 0;
        for (day, rows) in by_day {
            if let Err(error) = self.write_day(day, &rows) {
                tracing::warn!(%error, rows = rows.len(), "evidence of deliveries could not be written");
                // The next batch opens the file anew.
                self.files.remove(&day);
                lost += u64::try_from(rows.len()).unwrap_or(u64::MAX);
            }
        }
        lost
    }

    fn write_day(&mut self, day: Day, rows: &[&Evidence]) -> Result<(), StoreError> {
        if !self.files.contains_key(&day) {
            let file = day.open(&self.dir)?;
            // Yesterday's file may get late rows; older ones are opened again if need be.
            while self.files.len() > 1 {
                self.files.pop_first();
            }
            self.files.insert(day, file);
        }
        let Some(db) = self.files.get(&day) else {
            return Ok(());
        };
        let path = day.path(&self.dir);
        let at = |e| StoreError::sqlite(&path, e);
        let tx = db.unchecked_transaction().map_err(at)?;
        for row in rows {
            match row {
                Evidence::Attempt(attempt) => row::insert_attempt(&tx, attempt).map_err(at)?,
                Evidence::Finished(finished) => row::insert_finished(&tx, finished).map_err(at)?,
            }
        }
        tx.commit().map_err(at)
    }

    fn purge(&mut self, keep: Day) {
        self.files.retain(|day, _| *day >= keep);
        match day::unlink_before(&self.dir, keep) {
            Ok(0) => {}
            Ok(files) => tracing::info!(files, "old evidence of deliveries was deleted"),
            Err(error) => tracing::warn!(%error, "old evidence of deliveries could not be deleted"),
        }
    }
}
