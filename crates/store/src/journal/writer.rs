//! The writer thread: it routes facts, commits whatever is queued as soon as the previous commit
//! returned, and hands the same records on without reading them back.

mod lanes;
mod thread;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, SyncSender, TrySendError};
use std::thread::JoinHandle;
use std::time::Duration;

use offhook_base::{EventRecord, FactRecord, JournalPos, Wall, WebhookId};

use super::{Checkpointer, Journal, Recovered, Redelivery, RoutedDelivery, VerdictRow};
use crate::{Refused, StoreError};

/// Where one event goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Route {
    /// The webhook.
    pub webhook: WebhookId,
    /// It is switched off for its failures: keep the delivery, do not send it.
    pub held: bool,
}

/// Chooses the webhooks of an event, before the event is committed. Must be quick and must not panic: it
/// runs between two commits.
pub trait Router: Send {
    /// Adds the routes of `event` to `routes`, each webhook at most once.
    fn route(&mut self, event: &EventRecord, routes: &mut Vec<Route>);
}

impl<F: FnMut(&EventRecord, &mut Vec<Route>) + Send> Router for F {
    fn route(&mut self, event: &EventRecord, routes: &mut Vec<Route>) {
        self(event, routes);
    }
}

/// A fact that is on disk, with what it became.
#[derive(Clone, Debug)]
pub struct CommittedFact {
    /// Its place in the journal.
    pub pos: JournalPos,
    /// The record that was handed in.
    pub fact: FactRecord,
    /// The deliveries committed with it.
    pub deliveries: Vec<RoutedDelivery>,
}

/// One commit, as told to the [`CommitSink`].
#[derive(Debug)]
pub struct CommitReport {
    /// Records up to this number are on disk; `None` when the commit held no fact.
    pub upto: Option<u64>,
    /// The facts, in order.
    pub facts: Vec<CommittedFact>,
    /// Deliveries that were asked for again; their events are read with `JournalReader::delivery`.
    pub redelivered: Vec<Redelivery>,
    /// Call counters below this one may be given out.
    pub reserved_call_ids: Option<u64>,
    /// Verdicts that are on disk.
    pub verdicts: usize,
    /// How long the transaction took, its `fdatasync` included.
    pub took: Duration,
}

/// Who is told of each commit, on the writer's thread: it passes the report on and returns.
pub trait CommitSink: Send {
    /// A commit is on disk.
    fn on_committed(&mut self, report: CommitReport);
    /// A commit failed. Nothing more will be committed; the process is to exit and replay.
    fn on_fatal(&mut self, error: StoreError);
}

enum Command {
    Fact {
        n: u64,
        fact: FactRecord,
    },
    Purge {
        older_than: Wall,
        projected: JournalPos,
    },
    Redeliver {
        webhook: WebhookId,
        pos: JournalPos,
        prev_seq: u64,
        due: Wall,
    },
    ReserveCallIds(u64),
    Router(Box<dyn Router>),
    Shutdown,
    Verdict(VerdictRow),
}

/// The writer thread's owner.
#[derive(Debug)]
pub struct JournalWriter {
    handle: JournalHandle,
    thread: JoinHandle<()>,
}

/// A way to the writer; cheap to clone. No method waits.
#[derive(Clone)]
pub struct JournalHandle {
    commands: SyncSender<Command>,
    /// Verdicts in the queue; they may fill half of it, so that receivers never keep a fact out.
    verdicts: Arc<AtomicUsize>,
    verdict_limit: usize,
}

impl fmt::Debug for JournalHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JournalHandle")
            .field("verdicts", &self.verdicts)
            .finish_non_exhaustive()
    }
}

impl JournalWriter {
    /// Starts the writer and its checkpoints, each on a thread of its own.
    ///
    /// `capacity` bounds the commands waiting for a commit. When it is reached, facts come back as
    /// [`Refused::Full`]; the call core then treats commits as stalled.
    ///
    /// # Errors
    /// `Unavailable` when a thread cannot be started, or the checkpoints' connection not opened.
    pub fn start(
        journal: Journal,
        recovered: &Recovered,
        router: Box<dyn Router>,
        sink: Box<dyn CommitSink>,
        capacity: usize,
    ) -> Result<Self, StoreError> {
        let path = journal.path().to_owned();
        let checkpoints = thread::Checkpoints::start(Checkpointer::open(&path)?)?;
        // Full: `Refused::Full` to whoever sends; see `JournalHandle`.
        let (commands, queue) = mpsc::sync_channel(capacity.max(2));
        let verdicts = Arc::new(AtomicUsize::new(0));
        let handle = JournalHandle {
            commands,
            verdicts: Arc::clone(&verdicts),
            verdict_limit: capacity.max(2) / 2,
        };
        let lanes = lanes::Lanes::new(&recovered.lanes, router);
        let writer = thread::Writer::new(journal, lanes, sink, checkpoints, verdicts);
        let thread = std::thread::Builder::new()
            .name("journal-writer".to_owned())
            .spawn(move || writer.run(&queue))
            .map_err(|e| StoreError::io(&path, "starting the journal's thread", e))?;
        Ok(Self { handle, thread })
    }

    /// A way to the writer.
    #[must_use]
    pub fn handle(&self) -> JournalHandle {
        self.handle.clone()
    }

    /// Commits all that is queued, ends the thread and waits for it. What is sent afterwards is refused.
    ///
    /// Returns false when the thread ended by a panic.
    #[must_use]
    pub fn shutdown(self) -> bool {
        // An error means that it has ended already.
        let asked = self.handle.commands.send(Command::Shutdown).is_ok();
        tracing::debug!(asked, "journal writer is ending");
        self.thread.join().is_ok()
    }
}

impl JournalHandle {
    /// Queues record number `n`. Numbers grow by the order of the calls.
    ///
    /// # Errors
    /// `Full` or `Closed`.
    pub fn record(&self, n: u64, fact: FactRecord) -> Result<(), Refused> {
        self.send(Command::Fact { n, fact })
    }

    /// Queues a verdict. It is committed with the next fact, or within 25 ms: a verdict that is lost costs
    /// one delivery made twice, while each `fdatasync` of its own would delay a call.
    ///
    /// # Errors
    /// `Full` or `Closed`.
    pub fn verdict(&self, verdict: VerdictRow) -> Result<(), Refused> {
        if self.verdicts.fetch_add(1, Ordering::Relaxed) >= self.verdict_limit {
            self.verdicts.fetch_sub(1, Ordering::Relaxed);
            return Err(Refused::Full);
        }
        self.send(Command::Verdict(verdict)).inspect_err(|_| {
            self.verdicts.fetch_sub(1, Ordering::Relaxed);
        })
    }

    /// Asks for an event to be sent once more to a webhook. The report names the new delivery.
    ///
    /// # Errors
    /// `Full` or `Closed`.
    pub fn redeliver(
        &self,
        webhook: WebhookId,
        pos: JournalPos,
        prev_seq: u64,
        due: Wall,
    ) -> Result<(), Refused> {
        self.send(Command::Redeliver {
            webhook,
            pos,
            prev_seq,
            due,
        })
    }

    /// Asks that call counters below `upto` may be given out; the report says when they may.
    ///
    /// # Errors
    /// `Full` or `Closed`.
    pub fn reserve_call_ids(&self, upto: u64) -> Result<(), Refused> {
        self.send(Command::ReserveCallIds(upto))
    }

    /// Replaces the router: it holds for the records queued after this call.
    ///
    /// # Errors
    /// `Full` or `Closed`.
    pub fn set_router(&self, router: Box<dyn Router>) -> Result<(), Refused> {
        self.send(Command::Router(router))
    }

    /// Deletes facts older than `older_than`, a few at a time between commits. Facts after `projected`,
    /// facts of open roots and facts with unfinished deliveries stay.
    ///
    /// # Errors
    /// `Full` or `Closed`.
    pub fn purge(&self, older_than: Wall, projected: JournalPos) -> Result<(), Refused> {
        self.send(Command::Purge {
            older_than,
            projected,
        })
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
