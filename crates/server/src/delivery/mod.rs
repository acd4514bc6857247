//! The delivery shell: one thread that owns the engine, its connections and its clock. It moves requests, answers and
//! verdicts, and decides nothing about retries or order.
//!
//! ```text
//! journal thread ──committed──► ┌───────────────┐ ──requests──► receivers (HTTPS, own pool)
//! projector ──position────────► │ engine        │ ──verdicts──► VerdictSink (journal, evidence)
//! API ──changes, tests────────► └───────────────┘ ──pages─────► Backlog (journal reader, blocking threads)
//! ```

mod attempt;
mod backlog;
mod body;
mod client;
mod connect;
mod error;
mod inbox;
mod pool;
mod probe;
mod tls;
mod worker;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use anyhow::Context as _;
use offhook_base::{DeliveryId, EventRecord, JournalPos, Wall, WebhookId};
use offhook_delivery::{AddressPolicy, Endpoint, EndpointChange, Health, Verdict, Waiting};
use offhook_store::{AttemptRecord, Redelivery};
use rustls_pki_types::CertificateDer;
use tokio::sync::oneshot;

pub(crate) use backlog::Backlog;
pub(crate) use probe::{TestRequest, TestResult};

use crate::node::essential;
use client::Client;
use inbox::{Inbox, Inputs};
use worker::Worker;

/// What the shell starts with.
#[derive(Clone, Debug)]
pub(crate) struct DeliveryConfig {
    /// Our version, for `User-Agent`.
    pub(crate) version: String,
    /// Where the engine's draws come from.
    pub(crate) seed: [u8; 32],
    /// Whether the integration as a whole is on.
    pub(crate) enabled: bool,
    /// Every webhook.
    pub(crate) endpoints: Vec<Endpoint>,
    /// Webhooks that left something in the journal and were deleted.
    pub(crate) deleted: Vec<WebhookId>,
    /// The highest delivery id that the journal may hold.
    pub(crate) journal_end: DeliveryId,
    /// How far the projector has come.
    pub(crate) projected: JournalPos,
    /// Which addresses may be reached.
    pub(crate) policy: AddressPolicy,
    /// Certificates trusted besides those of the system.
    pub(crate) extra_roots: Vec<CertificateDer<'static>>,
}

/// What became of a delivery.
#[derive(Clone, Debug)]
pub(crate) struct VerdictRecord {
    /// The delivery.
    pub(crate) delivery: DeliveryId,
    /// Whose.
    pub(crate) endpoint: WebhookId,
    /// What becomes of it.
    pub(crate) verdict: Verdict,
    /// Attempts that count against the schedule, made so far.
    pub(crate) attempts: u32,
    /// What was sent.
    pub(crate) event: Arc<EventRecord>,
    /// `seq` of the previous event of this root meant for this webhook.
    pub(crate) prev_seq: u64,
    /// It repeats a delivery that was finished.
    pub(crate) replayed: bool,
    /// When this was decided.
    pub(crate) at: Wall,
}

/// Who is told what came of it all, on the shell's thread. Nothing here may block.
pub(crate) trait VerdictSink: Send + 'static {
    /// Takes verdicts from the front for the journal, as many as it has room for; the rest is offered again, and until it
    /// is taken no new request is made.
    fn verdicts(&mut self, verdicts: &mut VecDeque<VerdictRecord>);
    /// Evidence of one request; may be dropped when there is no room.
    fn attempt(&mut self, attempt: AttemptRecord);
    /// An endpoint does better or worse, or was switched off.
    fn health(&mut self, endpoint: WebhookId, health: Health);
}

/// The shell's owner.
pub(crate) struct Delivery {
    handle: DeliveryHandle,
    sink: Mutex<Option<oneshot::Sender<Box<dyn VerdictSink>>>>,
    thread: JoinHandle<()>,
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("thread", &self.thread.thread().name())
            .finish_non_exhaustive()
    }
}

impl Delivery {
    /// Starts the thread. It takes everything in, and sends once a sink is attached.
    ///
    /// # Errors
    /// When the system's certificates or `extra_roots` cannot be read, or no thread can be had.
    pub(crate) fn start(config: DeliveryConfig, backlog: Arc<dyn Backlog>) -> anyhow::Result<Self> {
        let tls = tls::client_config(config.extra_roots.clone())
            .context("reading trusted certificates (webhooks.extra_roots)")?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("making the delivery runtime")?;
        let (inbox, inputs) = Inbox::new(config.projected);
        let (sink, attached) = oneshot::channel();
        let policy = config.policy.clone();
        let version: Arc<str> = config.version.as_str().into();
        let run = move || {
            let local = tokio::task::LocalSet::new();
            local.block_on(&runtime, serve(config, tls, backlog, inputs, attached));
            true
        };
        let thread = essential("delivery", run).context("starting the delivery thread")?;
        let handle = DeliveryHandle {
            inbox,
            policy,
            version,
        };
        Ok(Self {
            handle,
            sink: Mutex::new(Some(sink)),
            thread,
        })
    }

    /// From here on verdicts and evidence go there. The first call counts.
    pub(crate) fn attach(&self, sink: impl VerdictSink) {
        let waiting = self
            .sink
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if waiting.is_none_or(|waiting| waiting.send(Box::new(sink)).is_err()) {
            tracing::error!("delivery has a sink already, or has ended");
        }
    }

    /// A way to the shell.
    pub(crate) fn handle(&self) -> DeliveryHandle {
        self.handle.clone()
    }

    /// Makes no new request, gives those under way a moment, hands the last verdicts over and ends.
    pub(crate) fn shutdown(self) {
        drop(
            self.sink
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        self.handle.inbox.stop();
        if self.thread.join().is_err() {
            tracing::error!("the delivery thread had failed before");
        }
    }
}

/// The thread's whole life.
async fn serve(
    config: DeliveryConfig,
    tls: Arc<rustls::ClientConfig>,
    backlog: Arc<dyn Backlog>,
    inputs: Inputs,
    attached: oneshot::Receiver<Box<dyn VerdictSink>>,
) {
    // Without a sink the process is stopping before it has begun.
    let Ok(sink) = attached.await else { return };
    let client = Client::new(tls, config.policy.clone());
    Worker::new(config, client, backlog, inputs, sink)
        .run()
        .await;
}

/// A way to the shell; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct DeliveryHandle {
    inbox: Inbox,
    policy: AddressPolicy,
    version: Arc<str>,
}

impl DeliveryHandle {
    /// These were committed just now, in this order. Never waits: what does not fit is read back from the journal.
    pub(crate) fn waiting(&self, batch: Vec<Waiting>) {
        self.inbox.committed(batch);
    }

    /// An old event is to be sent again. Never waits.
    pub(crate) fn redelivered(&self, again: Redelivery) {
        self.inbox.released(again.webhook, again.id);
    }

    /// The configuration changed. Never waits. To be called before the first delivery of a new webhook is committed.
    pub(crate) fn endpoint(&self, change: EndpointChange) {
        self.inbox.change(change);
    }

    /// The CDRs have been copied up to here. Never waits.
    pub(crate) fn projected(&self, upto: JournalPos) {
        self.inbox.projected(upto);
    }

    /// Sends one request outside of every lane, once, and gives the whole exchange; within 10 s.
    pub(crate) async fn test(&self, request: TestRequest) -> TestResult {
        probe::test(&self.inbox, &self.policy, &self.version, request).await
    }
}
