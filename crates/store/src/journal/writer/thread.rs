//! The loop of the writer thread, and the thread of its checkpoints.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TryRecvError};
use std::time::{Duration, Instant};

use offhook_base::{DeliveryId, JournalPos, Wall};

use super::lanes::Lanes;
use super::{Command, CommitReport, CommitSink, CommittedFact};
use crate::StoreError;
use crate::journal::{Batch, Checkpointer, Journal, Redelivery};

/// Facts in one transaction, at most: beyond this the commit itself gets longer than it saves.
const MAX_FACTS: usize = 512;
/// Verdicts that are committed without waiting for a fact.
const MAX_VERDICTS: usize = 1_024;
/// How long verdicts wait for a fact to share a commit with.
const VERDICTS_WAIT: Duration = Duration::from_millis(25);
/// Facts looked at by one round of purging.
const PURGE_ROUND: u64 = 256;
/// Under constant load one commit in this many is followed by a round of purging.
const PURGE_EVERY: u32 = 8;
/// Rows written between two checkpoints under load, some 16 MB of log: each costs two `fsync` that the
/// next commit may have to wait for.
const CHECKPOINT_ROWS: usize = 4_000;
/// Time between two checkpoints when less is written.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(2);
/// Pages in the log from which the writer finishes the checkpoint itself, so that the log starts anew:
/// beside a writer that never rests, a passive checkpoint is always some pages behind.
const LONG_LOG: u64 = 8_192;

/// The thread that checkpoints, as the writer sees it.
pub(super) struct Checkpoints {
    wake: SyncSender<()>,
    log: Arc<Log>,
}

/// What the writer and its checkpoints tell each other.
#[derive(Default)]
struct Log {
    /// Rows written since the last checkpoint began.
    rows: AtomicUsize,
    /// The log is long, and a checkpoint did not reach its end.
    is_long: AtomicBool,
}

impl Checkpoints {
    pub(super) fn start(checkpointer: Checkpointer) -> Result<Self, StoreError> {
        // Full: a checkpoint is due already.
        let (wake, due) = mpsc::sync_channel(1);
        let log = Arc::<Log>::default();
        let shared = Arc::clone(&log);
        let path = checkpointer.path().to_owned();
        std::thread::Builder::new()
            .name("journal-checkpoint".to_owned())
            .spawn(move || checkpoint_when_due(&checkpointer, &due, &shared))
            .map_err(|e| StoreError::io(&path, "starting the checkpoints' thread", e))?;
        Ok(Self { wake, log })
    }

    fn wrote(&self, rows: usize) {
        let rows = self
            .log
            .rows
            .fetch_add(rows, Ordering::Relaxed)
            .saturating_add(rows);
        if rows >= CHECKPOINT_ROWS && self.wake.try_send(()).is_err() {
            tracing::trace!("a checkpoint is due already");
        }
    }
}

/// Runs until the writer, which holds the other end of `due`, is gone.
fn checkpoint_when_due(checkpointer: &Checkpointer, due: &Receiver<()>, log: &Log) {
    while due.recv_timeout(CHECKPOINT_EVERY) != Err(RecvTimeoutError::Disconnected) {
        if log.rows.swap(0, Ordering::Relaxed) == 0 {
            continue;
        }
        match checkpointer.run() {
            Ok(checkpoint) => log
                .is_long
                .store(checkpoint.log > LONG_LOG, Ordering::Relaxed),
            // Nothing is lost: the pages are in the log, which grows until a later round copies them.
            Err(error) => tracing::warn!(%error, "the journal could not be checkpointed"),
        }
    }
}

struct PurgeOrder {
    older_than: Wall,
    projected: JournalPos,
    after: JournalPos,
}

/// What the writer thread owns.
pub(super) struct Writer {
    journal: Journal,
    lanes: Lanes,
    sink: Box<dyn CommitSink>,
    checkpoints: Checkpoints,
    queued_verdicts: Arc<AtomicUsize>,
    next_delivery: u64,
    batch: Batch,
    upto: Option<u64>,
    verdicts_since: Option<Instant>,
    purge: Option<PurgeOrder>,
    commits: u32,
    ending: bool,
}

impl Writer {
    pub(super) fn new(
        journal: Journal,
        lanes: Lanes,
        sink: Box<dyn CommitSink>,
        checkpoints: Checkpoints,
        queued_verdicts: Arc<AtomicUsize>,
    ) -> Self {
        Self {
            next_delivery: journal.next_delivery(),
            journal,
            lanes,
            sink,
            checkpoints,
            queued_verdicts,
            batch: Batch::default(),
            upto: None,
            verdicts_since: None,
            purge: None,
            commits: 0,
            ending: false,
        }
    }

    pub(super) fn run(mut self, queue: &Receiver<Command>) {
        while !self.ending {
            let idle = self.collect(queue);
            let done = if self.is_due() { self.commit() } else { Ok(()) };
            let done = done.and_then(|()| self.housekeep(idle));
            if let Err(error) = done {
                tracing::error!(%error, "the journal cannot be written: restart once the cause is gone");
                self.sink.on_fatal(error);
                return;
            }
        }
    }

    /// Waits for something to do, then takes all that is queued, up to a full batch. True when there was
    /// nothing.
    fn collect(&mut self, queue: &Receiver<Command>) -> bool {
        match self.wait(queue) {
            Ok(command) => self.take(command),
            Err(RecvTimeoutError::Timeout) => return true,
            Err(RecvTimeoutError::Disconnected) => self.ending = true,
        }
        while !self.ending
            && self.batch.facts.len() < MAX_FACTS
            && self.batch.verdicts.len() < MAX_VERDICTS
        {
            match queue.try_recv() {
                Ok(command) => self.take(command),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => self.ending = true,
            }
        }
        false
    }

    fn wait(&self, queue: &Receiver<Command>) -> Result<Command, RecvTimeoutError> {
        if self.purge.is_some() {
            return queue.recv_timeout(Duration::ZERO);
        }
        match self.verdicts_since {
            Some(since) => queue.recv_timeout(VERDICTS_WAIT.saturating_sub(since.elapsed())),
            None => queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
        }
    }

    fn take(&mut self, command: Command) {
        match command {
            Command::Fact { n, fact } => {
                self.batch
                    .facts
                    .push(self.lanes.route(fact, &mut self.next_delivery));
                self.upto = Some(n);
            }
            Command::Purge {
                older_than,
                projected,
            } => {
                self.purge = Some(PurgeOrder {
                    older_than,
                    projected,
                    after: JournalPos(0),
                });
            }
            Command::Redeliver {
                webhook,
                pos,
                prev_seq,
                due,
            } => {
                let id = DeliveryId(self.next_delivery);
                self.next_delivery = self.next_delivery.saturating_add(1);
                self.batch.redeliveries.push(Redelivery {
                    id,
                    webhook,
                    pos,
                    prev_seq,
                    due,
                });
            }
            Command::ReserveCallIds(upto) => {
                self.batch.reserve_call_ids = self.batch.reserve_call_ids.max(Some(upto))
            }
            Command::Router(router) => self.lanes.set_router(router),
            Command::Shutdown => self.ending = true,
            Command::Verdict(verdict) => {
                self.queued_verdicts.fetch_sub(1, Ordering::Relaxed);
                self.batch.verdicts.push(verdict);
                if self.verdicts_since.is_none() {
                    self.verdicts_since = Some(Instant::now());
                }
            }
        }
    }

    fn is_due(&self) -> bool {
        let batch = &self.batch;
        let only_verdicts = batch.facts.is_empty()
            && batch.redeliveries.is_empty()
            && batch.reserve_call_ids.is_none();
        if !only_verdicts {
            return true;
        }
        let waited = self
            .verdicts_since
            .is_some_and(|since| since.elapsed() >= VERDICTS_WAIT);
        !batch.is_empty() && (self.ending || waited || batch.verdicts.len() >= MAX_VERDICTS)
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        let batch = std::mem::take(&mut self.batch);
        self.verdicts_since = None;
        let started = Instant::now();
        let committed = self.journal.commit(&batch)?;
        let took = started.elapsed();
        self.checkpoints
            .wrote(batch.facts.len() + batch.verdicts.len());
        self.commits = self.commits.wrapping_add(1);
        let facts = (committed.first.0..)
            .zip(batch.facts)
            .map(|(pos, routed)| CommittedFact {
                pos: JournalPos(pos),
                fact: routed.fact,
                deliveries: routed.deliveries,
            })
            .collect();
        self.sink.on_committed(CommitReport {
            upto: self.upto.take(),
            facts,
            redelivered: batch.redeliveries,
            reserved_call_ids: batch.reserve_call_ids,
            verdicts: batch.verdicts.len(),
            took,
        });
        Ok(())
    }

    /// What is done between commits, a little at a time.
    fn housekeep(&mut self, idle: bool) -> Result<(), StoreError> {
        if self.checkpoints.log.is_long.swap(false, Ordering::Relaxed) {
            self.journal.checkpoint();
        }
        let turn = idle || self.commits.is_multiple_of(PURGE_EVERY);
        if let Some(order) = self.purge.take_if(|_| turn) {
            let round =
                self.journal
                    .purge(order.older_than, order.projected, order.after, PURGE_ROUND)?;
            self.checkpoints
                .wrote(usize::try_from(round.deleted).unwrap_or(usize::MAX));
            self.purge = round.more.map(|after| PurgeOrder { after, ..order });
        }
        Ok(())
    }
}
