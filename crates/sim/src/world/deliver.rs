//! The delivery engine of one process, and receivers that answer late, with errors, or not at all.

use std::time::Duration;

use offhook_base::{DeliveryId, JournalPos, Mono, Now, Secret, WebhookId};
use offhook_delivery::{
    Endpoint, EndpointChange, Engine, EngineConfig, Health, Order, Outcome, Output, Router,
    Subscriptions, Verdict, Waiting,
};
use rand_chacha::ChaCha12Rng;
use rand_core::Rng as _;

use super::Luck;
use super::disk::Disk;

/// The answer to one request, on its way back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    delivery: DeliveryId,
    outcome: Outcome,
}

/// The one whose order is checked: `strict`, fails now and then.
pub(super) const STRICT: WebhookId = WebhookId(1);
/// Bounded, fails often.
pub(super) const FLAKY: WebhookId = WebhookId(2);
/// Bounded, hangs until it heals.
pub(super) const DEAD: WebhookId = WebhookId(3);
/// Receivers are well again from here on, so that everything due can arrive.
const HEALED: Mono = Mono(100_000_000_000);

/// What a receiver takes when nothing is left to chance.
const CALM: Duration = Duration::from_millis(5);
const OK: Outcome = Outcome::Answered {
    status: 204,
    retry_after: None,
};

/// Engine and receivers.
#[derive(Debug)]
pub(super) struct Deliverer {
    engine: Engine,
    luck: Luck,
}

impl Deliverer {
    pub(super) fn start(disk: &mut Disk, now: Now, seed: [u8; 32], luck: Luck) -> Self {
        let endpoints = [
            (STRICT, Order::Strict),
            (FLAKY, Order::Bounded),
            (DEAD, Order::Bounded),
        ]
        .map(|(id, order)| endpoint(id, order));
        if disk.position() == JournalPos(0) {
            disk.router = Router::new(Subscriptions::new(true, &endpoints));
        }
        let mut config = EngineConfig::new(seed, "sim");
        config.journal_end = disk.last_delivery();
        config.projected = disk.position();
        let mut engine = Engine::new(config);
        for endpoint in endpoints {
            engine.handle_endpoint(now, EndpointChange::Upsert(Box::new(endpoint)));
        }
        Self { engine, luck }
    }

    pub(super) fn committed(&mut self, now: Now, waiting: Vec<Waiting>) {
        self.engine.handle_waiting(now, waiting);
    }

    pub(super) fn projected(&mut self, now: Now, upto: JournalPos) {
        self.engine.handle_projected(now, upto);
    }

    pub(super) fn answered(&mut self, now: Now, answer: Answer) {
        self.engine
            .handle_outcome(now, answer.delivery, answer.outcome);
    }

    pub(super) fn handle_timeout(&mut self, now: Now) {
        self.engine.handle_timeout(now);
    }

    pub(super) fn next_timeout(&self) -> Option<Mono> {
        self.engine.next_timeout()
    }

    /// Performs what the engine wants; gives the answers that will come, and after which time.
    pub(super) fn drain(
        &mut self,
        now: Now,
        rng: &mut ChaCha12Rng,
        disk: &mut Disk,
    ) -> Vec<(Duration, Answer)> {
        let mut answers = Vec::new();
        while let Some(output) = self.engine.poll_output() {
            match output {
                Output::Send(attempt) => {
                    let (after, outcome) = match self.luck {
                        Luck::OfSeed => receive(now.mono, attempt.endpoint, rng),
                        Luck::Calm => (CALM, OK),
                    };
                    if outcome.is_success() {
                        let ledger = disk.received.entry(attempt.endpoint).or_default();
                        if !ledger.iter().any(|event| event.id == attempt.event.id) {
                            ledger.push(attempt.event);
                        }
                    }
                    answers.push((
                        after,
                        Answer {
                            delivery: attempt.delivery,
                            outcome,
                        },
                    ));
                }
                Output::NeedMore {
                    endpoint,
                    after,
                    limit,
                } => {
                    let page: Vec<Waiting> = disk
                        .deliveries
                        .range(DeliveryId(after.0 + 1)..)
                        .map(|(_, waiting)| waiting)
                        .filter(|waiting| waiting.endpoint == endpoint)
                        .take(limit)
                        .cloned()
                        .collect();
                    let end = page.len() < limit;
                    self.engine.handle_page(now, endpoint, page, end);
                }
                Output::Reload {
                    endpoint,
                    deliveries,
                } => {
                    let found = deliveries
                        .iter()
                        .filter_map(|id| disk.deliveries.get(id).cloned())
                        .collect();
                    self.engine.handle_reloaded(now, endpoint, found);
                }
                Output::Verdict {
                    delivery,
                    verdict,
                    attempts,
                    ..
                } => match verdict {
                    Verdict::Delivered | Verdict::Expired | Verdict::Failed(_) => {
                        disk.deliveries.remove(&delivery);
                    }
                    Verdict::RetryAt(due) => {
                        if let Some(waiting) = disk.deliveries.get_mut(&delivery) {
                            (waiting.due, waiting.attempts) = (due, attempts);
                        }
                    }
                    Verdict::Held => {}
                },
                Output::EndpointState { .. } => {}
            }
        }
        answers
    }
}

fn receive(now: Mono, endpoint: WebhookId, rng: &mut ChaCha12Rng) -> (Duration, Outcome) {
    let quick = Duration::from_millis(2 + rng.next_u64() % 150);
    if now >= HEALED {
        return (quick, OK);
    }
    let chance = rng.next_u64() % 100;
    match endpoint {
        DEAD => (
            Duration::from_secs(10),
            Outcome::Unreachable { timed_out: true },
        ),
        STRICT if chance < 10 => (
            quick,
            Outcome::Answered {
                status: 500,
                retry_after: None,
            },
        ),
        FLAKY if chance < 20 => (quick, Outcome::Unreachable { timed_out: false }),
        FLAKY if chance < 40 => (
            quick,
            Outcome::Answered {
                status: 429,
                retry_after: Some(Duration::from_secs(2)),
            },
        ),
        _ => (quick, OK),
    }
}

fn endpoint(id: WebhookId, order: Order) -> Endpoint {
    Endpoint {
        id,
        url: url(id),
        // A queue's wrap-up is no state of a call: it is ticked by its own name.
        events: [
            "call.state_change",
            "call.dtmf",
            "monitor.audio_ready",
            "queue.wrapup",
            "sms.received",
        ]
        .map(str::to_owned)
        .to_vec(),
        contexts: Vec::new(),
        active: true,
        order,
        timeout: Duration::from_secs(10),
        headers: Vec::new(),
        secrets: vec![Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into())],
        health: Health::default(),
    }
}

fn url(id: WebhookId) -> url::Url {
    url::Url::parse(&format!("https://receiver-{id}.example/hook")).expect("a valid URL")
}
