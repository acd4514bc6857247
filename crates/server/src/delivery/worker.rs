//! The loop: inputs and time into the engine, its outputs to receivers, journal and evidence.

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use offhook_base::{DeliveryId, JournalPos, WebhookId};
use offhook_delivery::{
    Attempt, Endpoint, EndpointChange, Engine, EngineConfig, Outcome, Output, Waiting,
};
use offhook_store::{AttemptRecord, StoreError};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep, timeout_at};

use super::attempt::record;
use super::backlog::Backlog;
use super::client::Client;
use super::inbox::{Input, Inputs};
use super::{DeliveryConfig, VerdictRecord, VerdictSink};
use crate::node::now;

/// A request that is over.
#[derive(Debug)]
struct Done {
    delivery: DeliveryId,
    outcome: Outcome,
    record: AttemptRecord,
}

/// What the journal said.
#[derive(Debug)]
enum Read {
    Page(WebhookId, Result<(Vec<Waiting>, bool), StoreError>),
    Reloaded(WebhookId, Result<Vec<Waiting>, StoreError>),
}

/// The shell at work.
pub(super) struct Worker {
    engine: Engine,
    client: Rc<Client>,
    backlog: Arc<dyn Backlog>,
    inputs: Inputs,
    sink: Box<dyn VerdictSink>,
    requests: JoinSet<Done>,
    running: HashMap<Id, DeliveryId>,
    reads: JoinSet<Read>,
    reading: HashMap<Id, WebhookId>,
    tests: JoinSet<()>,
    verdicts: VecDeque<VerdictRecord>,
    /// At most as many as the engine's windows allow.
    to_send: VecDeque<Box<Attempt>>,
    projected: JournalPos,
    sweep_at: Option<Instant>,
    stopping: bool,
}

impl Worker {
    pub(super) fn new(
        config: DeliveryConfig,
        client: Client,
        backlog: Arc<dyn Backlog>,
        inputs: Inputs,
        sink: Box<dyn VerdictSink>,
    ) -> Self {
        let DeliveryConfig {
            version,
            seed,
            enabled,
            endpoints,
            deleted,
            journal_end,
            projected,
            ..
        } = config;
        let mut engine = Engine::new(EngineConfig {
            journal_end,
            projected,
            ..EngineConfig::new(seed, version)
        });
        engine.handle_endpoint(now(), EndpointChange::Enabled(enabled));
        let upsert = |endpoint: Endpoint| EndpointChange::Upsert(Box::new(endpoint));
        let changes = endpoints
            .into_iter()
            .map(upsert)
            .chain(deleted.into_iter().map(EndpointChange::Remove));
        for change in changes {
            engine.handle_endpoint(now(), change);
        }
        Self {
            engine,
            client: Rc::new(client),
            backlog,
            inputs,
            sink,
            requests: JoinSet::new(),
            running: HashMap::new(),
            reads: JoinSet::new(),
            reading: HashMap::new(),
            tests: JoinSet::new(),
            verdicts: VecDeque::new(),
            to_send: VecDeque::new(),
            projected,
            sweep_at: None,
            stopping: false,
        }
    }

    /// Runs until it is told to stop.
    pub(super) async fn run(mut self) {
        while !self.stopping {
            self.act();
            self.wait().await;
        }
        self.finish().await;
    }

    /// Waits for something to happen, and takes in all that has happened.
    async fn wait(&mut self) {
        let pause = self.pause();
        let mut inputs = Vec::new();
        tokio::select! {
            input = self.inputs.queue.recv() => match input {
                Some(input) => inputs.push(input),
                None => self.stopping = true,
            },
            () = self.inputs.signals.woken() => {}
            Some(done) = self.requests.join_next_with_id() => self.on_done(done),
            Some(read) = self.reads.join_next_with_id() => self.on_read(read),
            Some(_) = self.tests.join_next() => {}
            () = sleep(pause) => {}
        }
        while inputs.len() < AT_ONCE
            && let Ok(input) = self.inputs.queue.try_recv()
        {
            inputs.push(input);
        }
        // A webhook is known before the events that were routed to it.
        self.take_rest();
        for input in inputs {
            self.on_input(input);
        }
        while let Some(done) = self.requests.try_join_next_with_id() {
            self.on_done(done);
        }
        self.engine.handle_timeout(now());
        if self.sweep_at.is_some_and(|at| at <= Instant::now()) {
            self.sweep_at = self.client.sweep().then(|| Instant::now() + SWEEP);
        }
    }

    fn pause(&self) -> Duration {
        let mut pause = self
            .engine
            .next_timeout()
            .map_or(LONGEST_PAUSE, |at| at - now().mono);
        if !self.verdicts.is_empty() {
            pause = pause.min(OFFER_AGAIN);
        }
        if let Some(at) = self.sweep_at {
            pause = pause.min(at.saturating_duration_since(Instant::now()));
        }
        pause.min(LONGEST_PAUSE)
    }

    fn take_rest(&mut self) {
        let now = now();
        let rest = self.inputs.signals.rest();
        for change in rest.changes.into_values() {
            self.engine.handle_endpoint(now, change);
        }
        if let Some((from, upto)) = rest.missed {
            tracing::warn!(%from, %upto, "deliveries were left to the journal and are read back");
            self.engine.handle_missed(now, from, upto);
        }
        let projected = self.inputs.signals.projected();
        if projected > self.projected {
            self.projected = projected;
            self.engine.handle_projected(now, projected);
        }
        self.stopping |= self.inputs.signals.is_stopped();
    }

    fn on_input(&mut self, input: Input) {
        match input {
            Input::Committed(batch) => self.engine.handle_waiting(now(), batch),
            Input::Released(endpoint, delivery) => {
                self.engine.handle_released(now(), endpoint, delivery)
            }
            Input::Test(attempt, reply) => {
                let client = Rc::clone(&self.client);
                self.sweep_at.get_or_insert_with(|| Instant::now() + SWEEP);
                self.tests.spawn_local(async move {
                    let exchange = client.exchange(&attempt).await;
                    if reply.send(exchange).is_err() {
                        tracing::debug!("whoever asked for the test of a webhook is gone");
                    }
                });
            }
        }
    }

    fn on_done(&mut self, done: Result<(Id, Done), JoinError>) {
        match done {
            Ok((
                id,
                Done {
                    delivery,
                    outcome,
                    record,
                },
            )) => {
                self.running.remove(&id);
                self.sink.attempt(record);
                self.engine.handle_outcome(now(), delivery, outcome);
            }
            Err(error) => {
                tracing::error!(%error, "a request failed by a fault of ours");
                if let Some(delivery) = self.running.remove(&error.id()) {
                    self.engine.handle_outcome(
                        now(),
                        delivery,
                        Outcome::Unreachable { timed_out: false },
                    );
                }
            }
        }
    }

    fn on_read(&mut self, read: Result<(Id, Read), JoinError>) {
        let id = read.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
        let endpoint = self.reading.remove(&id);
        match read {
            Ok((_, Read::Page(endpoint, Ok((page, end))))) => {
                self.engine.handle_page(now(), endpoint, page, end)
            }
            Ok((_, Read::Reloaded(endpoint, Ok(found)))) => {
                self.engine.handle_reloaded(now(), endpoint, found)
            }
            Ok((_, Read::Page(endpoint, Err(error)) | Read::Reloaded(endpoint, Err(error)))) => {
                tracing::error!(webhook = %endpoint, %error, "waiting deliveries cannot be read from the journal");
                self.engine.handle_store_failed(now(), endpoint);
            }
            Err(error) => {
                tracing::error!(%error, "reading the journal failed by a fault of ours");
                if let Some(endpoint) = endpoint {
                    self.engine.handle_store_failed(now(), endpoint);
                }
            }
        }
    }

    /// Carries out what the engine says.
    fn act(&mut self) {
        let at = now().wall;
        while let Some(output) = self.engine.poll_output() {
            match output {
                Output::EndpointState { endpoint, health } => {
                    if health.state.is_disabled() {
                        tracing::info!(webhook = %endpoint, state = ?health.state, "webhook switched off");
                    }
                    self.sink.health(endpoint, health);
                }
                Output::NeedMore {
                    endpoint,
                    after,
                    limit,
                } => {
                    let backlog = Arc::clone(&self.backlog);
                    let read = move || Read::Page(endpoint, backlog.page(endpoint, after, limit));
                    let id = self.reads.spawn_blocking(read).id();
                    self.reading.insert(id, endpoint);
                }
                Output::Reload {
                    endpoint,
                    deliveries,
                } => {
                    let backlog = Arc::clone(&self.backlog);
                    let read = move || Read::Reloaded(endpoint, backlog.load(&deliveries));
                    let id = self.reads.spawn_blocking(read).id();
                    self.reading.insert(id, endpoint);
                }
                Output::Send(attempt) => self.to_send.push_back(attempt),
                Output::Verdict {
                    delivery,
                    endpoint,
                    verdict,
                    attempts,
                    event,
                    prev_seq,
                    replayed,
                } => {
                    self.verdicts.push_back(VerdictRecord {
                        delivery,
                        endpoint,
                        verdict,
                        attempts,
                        event,
                        prev_seq,
                        replayed,
                        at,
                    });
                }
            }
        }
        if !self.verdicts.is_empty() {
            self.sink.verdicts(&mut self.verdicts);
        }
        // What is delivered and cannot be written down would be delivered again after a restart: so nothing more is, till it can.
        if self.verdicts.is_empty() && !self.stopping {
            self.send();
        }
    }

    fn send(&mut self) {
        for attempt in self.to_send.drain(..) {
            let client = Rc::clone(&self.client);
            let delivery = attempt.delivery;
            let request = async move {
                let exchange = client.exchange(&attempt).await;
                Done {
                    delivery,
                    outcome: exchange.outcome,
                    record: record(&attempt, exchange),
                }
            };
            let id = self.requests.spawn_local(request).id();
            self.running.insert(id, delivery);
            self.sweep_at.get_or_insert_with(|| Instant::now() + SWEEP);
        }
    }

    /// Gives what is under way a moment, hands over the last verdicts, and drops the rest: it is pending in the journal.
    async fn finish(mut self) {
        let grace = Instant::now() + GRACE;
        while let Ok(Some(done)) = timeout_at(grace, self.requests.join_next_with_id()).await {
            self.on_done(done);
            self.act();
        }
        self.requests.shutdown().await;
        self.tests.shutdown().await;
        let end = Instant::now() + LAST_WORDS;
        self.act();
        while !self.verdicts.is_empty() && Instant::now() < end {
            sleep(OFFER_AGAIN).await;
            self.act();
        }
        if !self.verdicts.is_empty() {
            tracing::warn!(
                count = self.verdicts.len(),
                "verdicts were not written down: these deliveries are made again after the next start"
            );
        }
    }
}

/// Inputs that are taken in before the engine's outputs are carried out.
const AT_ONCE: usize = 256;
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// The journal had no room for verdicts: it is asked again.
const OFFER_AGAIN: Duration = Duration::from_millis(5);
/// How often idle connections are looked at.
const SWEEP: Duration = Duration::from_secs(1);
const GRACE: Duration = Duration::from_secs(3);
const LAST_WORDS: Duration = Duration::from_secs(1);
