//! A world from a seed: calls, receivers, a journal and a projector, under a virtual clock.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use offhook_base::{CallId, DeliveryId, JournalPos, Mono, Now, WebhookId};
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng as _, SeedableRng as _};

use super::LIMIT;
use crate::endpoint::{Endpoint, EndpointChange, Order};
use crate::engine::testing::{START, at, endpoint, waiting};
use crate::engine::{Engine, EngineConfig};
use crate::judge::{Outcome, Schedule, Verdict};
use crate::lane::HOLD;
use crate::output::{Output, Waiting};

/// How much room there is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Shape {
    /// Everything fits into memory.
    Roomy,
    /// Next to nothing does; the journal is slow and fails now and then.
    Cramped,
}

/// A request as it is compared.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Sent {
    pub(super) endpoint: WebhookId,
    pub(super) delivery: DeliveryId,
    pub(super) n: u32,
    pub(super) gap: Option<String>,
}

impl Sent {
    pub(super) fn of(output: &Output) -> Option<Self> {
        let Output::Send(attempt) = output else {
            return None;
        };
        let gap = attempt
            .headers
            .iter()
            .find(|header| header.name == "offhook-gap");
        let gap = gap.map(|header| header.value.clone());
        Some(Self {
            endpoint: attempt.endpoint,
            delivery: attempt.delivery,
            n: attempt.n,
            gap,
        })
    }
}

/// What happens to the engine.
#[derive(Clone, Debug)]
pub(super) enum Input {
    Change(EndpointChange),
    Commit(Vec<Waiting>),
    Outcome(DeliveryId, Outcome),
    Page {
        endpoint: WebhookId,
        after: DeliveryId,
        limit: usize,
    },
    Projected(JournalPos),
    Reloaded {
        endpoint: WebhookId,
        deliveries: Vec<DeliveryId>,
    },
    Timeout,
}

/// How a receiver behaves; a pure function of the request, so that what others do changes nothing.
#[derive(Clone, Copy, Debug)]
struct Receiver {
    salt: u64,
    latency: u64,
    /// Of a hundred answers, so many are errors.
    errors: u64,
    /// Of a hundred requests, so many get no answer.
    losses: u64,
    /// One event in so many is never accepted.
    poison: u64,
    /// Nobody answers between these seconds.
    down: (u64, u64),
    gone_at: Option<u64>,
}

#[derive(Debug)]
struct Row {
    waiting: Waiting,
    verdict: Option<Verdict>,
    first_failed: Option<Mono>,
    in_flight: bool,
}

pub(super) struct World {
    pub(super) endpoints: Vec<Endpoint>,
    pub(super) reloads: usize,
    pub(super) pages: usize,
    seed: u64,
    shape: Shape,
    receivers: BTreeMap<WebhookId, Receiver>,
    script: BTreeMap<(Mono, u64), Input>,
    scheduled: u64,
    rows: BTreeMap<DeliveryId, Row>,
    lanes: BTreeMap<(WebhookId, CallId), Vec<DeliveryId>>,
    stopped: BTreeSet<WebhookId>,
    /// Nobody can be reached since, and the sum of such times that are over.
    silent: BTreeMap<WebhookId, Silence>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Silence {
    in_a_row: u32,
    since: Option<Mono>,
}

fn mix(seed: u64, parts: &[u64]) -> u64 {
    parts
        .iter()
        .fold(seed ^ 0x9e37_79b9_7f4a_7c15, |hash, part| {
            let mixed = (hash ^ part).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            (mixed ^ (mixed >> 29)).wrapping_mul(0x94d0_49bb_1331_11eb) ^ (mixed >> 32)
        })
}

pub(super) const SCHEDULE: Schedule = Schedule::new(&[
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(15),
    Duration::from_secs(60),
    Duration::from_secs(300),
    Duration::from_secs(1_800),
]);

impl World {
    pub(super) fn new(seed: u64, shape: Shape) -> Self {
        let mut rng = ChaCha12Rng::seed_from_u64(seed);
        let mut below = |limit: u64| rng.next_u64() % limit;
        let count = 1 + u32::try_from(below(4)).unwrap();
        let mut world = Self {
            endpoints: Vec::new(),
            reloads: 0,
            pages: 0,
            seed,
            shape,
            receivers: BTreeMap::new(),
            script: BTreeMap::new(),
            scheduled: 0,
            rows: BTreeMap::new(),
            lanes: BTreeMap::new(),
            stopped: BTreeSet::new(),
            silent: BTreeMap::new(),
        };
        for id in 1..=count {
            let order =
                [Order::Strict, Order::Bounded, Order::None][usize::try_from(below(3)).unwrap()];
            world.endpoints.push(Endpoint {
                order,
                ..endpoint(id)
            });
            let down = below(200);
            world.receivers.insert(
                WebhookId(id),
                Receiver {
                    salt: below(u64::MAX),
                    latency: 1 + below(2_000),
                    errors: [0, 0, 10, 40][usize::try_from(below(4)).unwrap()],
                    losses: [0, 0, 5, 50][usize::try_from(below(4)).unwrap()],
                    poison: [0, 0, 0, 7][usize::try_from(below(4)).unwrap()],
                    down: if below(3) == 0 {
                        (down, down + below(600))
                    } else {
                        (0, 0)
                    },
                    gone_at: (below(12) == 0).then_some(below(300)),
                },
            );
            if below(10) == 0 {
                let off = Endpoint {
                    active: false,
                    ..world.endpoints.last().unwrap().clone()
                };
                let change = EndpointChange::Upsert(Box::new(off));
                world.at_millis(below(200_000), Input::Change(change));
            } else if below(10) == 0 {
                world.at_millis(
                    below(200_000),
                    Input::Change(EndpointChange::Remove(WebhookId(id))),
                );
            }
        }
        let calls = 1 + below(12);
        let batches = 2 + below(10);
        let (mut delivery, mut pos, mut time) = (0, 0, 0);
        let mut seqs = BTreeMap::new();
        for _ in 0..batches {
            time += below(20_000);
            let mut batch = Vec::new();
            for _ in 0..=below(4) {
                let root = below(calls + 1);
                let seq: u64 = *seqs.entry(root).and_modify(|seq| *seq += 1).or_insert(1);
                pos += 1;
                let after_projection = (below(6) == 0).then_some(JournalPos(pos));
                if after_projection.is_some() {
                    world.at_millis(time + below(40), Input::Projected(JournalPos(pos)));
                }
                for id in 1..=count {
                    delivery += 1;
                    batch.push(Waiting {
                        after_projection,
                        ..waiting(delivery, id, root, seq)
                    });
                }
            }
            world.at_millis(time, Input::Commit(batch));
        }
        world
    }

    /// Makes the first endpoint's receiver one that answers nobody while the others have anything to do; gives its id.
    pub(super) fn kill_first(&mut self) -> WebhookId {
        let id = self.endpoints[0].id;
        self.receivers.get_mut(&id).unwrap().down = (0, 2_000);
        id
    }

    /// As if there were no such endpoint.
    pub(super) fn leave_out(&mut self, id: WebhookId) {
        self.endpoints.retain(|endpoint| endpoint.id != id);
        for input in self.script.values_mut() {
            if let Input::Commit(batch) = input {
                batch.retain(|waiting| waiting.endpoint != id);
            }
        }
        let of_it = |input: &Input| match input {
            Input::Change(EndpointChange::Upsert(endpoint)) => endpoint.id == id,
            Input::Change(change) => {
                matches!(change, EndpointChange::Remove(removed) if *removed == id)
            }
            Input::Commit(_) | Input::Outcome(..) | Input::Page { .. } | Input::Projected(_) => {
                false
            }
            Input::Reloaded { .. } | Input::Timeout => false,
        };
        self.script.retain(|_, input| !of_it(input));
    }

    fn at_millis(&mut self, millis: u64, input: Input) {
        self.schedule(START.mono + Duration::from_millis(millis), input);
    }

    fn schedule(&mut self, at: Mono, input: Input) {
        self.scheduled += 1;
        self.script.insert((at, self.scheduled), input);
    }

    pub(super) fn config(&self) -> EngineConfig {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.seed.to_le_bytes());
        let config = EngineConfig {
            schedule: SCHEDULE,
            ..EngineConfig::new(seed, "0")
        };
        match self.shape {
            Shape::Roomy => config,
            Shape::Cramped => EngineConfig {
                max_waiting: 6,
                max_parked: 20,
                ..config
            },
        }
    }

    /// Runs to the end, checking every promise on the way; `each` sees every input and what came of it.
    pub(super) fn run(&mut self, mut each: impl FnMut(Now, &Input, &[Output])) {
        let mut engine = Engine::new(self.config());
        let mut now = START;
        for endpoint in self.endpoints.clone() {
            let change = EndpointChange::Upsert(Box::new(endpoint));
            self.step(&mut engine, now, Input::Change(change), &mut each);
        }
        loop {
            let scripted = self.script.first_key_value().map(|((at, _), _)| *at);
            let deadline = engine.next_timeout();
            let Some(next) = [scripted, deadline].into_iter().flatten().min() else {
                break;
            };
            now = at(next - START.mono);
            assert!(next - START.mono < LIMIT, "seed {}: it ends", self.seed);
            let input = if deadline == Some(next) {
                Input::Timeout
            } else {
                self.script.pop_first().unwrap().1
            };
            self.step(&mut engine, now, input, &mut each);
            assert!(
                engine
                    .next_timeout()
                    .is_none_or(|again| again > now.mono || deadline != Some(next)),
                "deadlines advance"
            );
        }
        assert_eq!(
            (engine.waiting(), engine.in_flight()),
            (0, 0),
            "seed {}",
            self.seed
        );
    }

    fn step(
        &mut self,
        engine: &mut Engine,
        now: Now,
        input: Input,
        each: &mut impl FnMut(Now, &Input, &[Output]),
    ) {
        self.apply(engine, now, &input);
        let mut outputs = Vec::new();
        while let Some(output) = engine.poll_output() {
            outputs.push(output);
        }
        if self.shape == Shape::Cramped {
            for post in engine.posts.values() {
                post.check_invariants(&engine.clockwork);
            }
        }
        for output in &outputs {
            self.obey(now, output);
        }
        each(now, &input, &outputs);
    }

    fn apply(&mut self, engine: &mut Engine, now: Now, input: &Input) {
        match input.clone() {
            Input::Change(change) => {
                if let EndpointChange::Upsert(endpoint) = &change
                    && !endpoint.active
                {
                    self.stopped.insert(endpoint.id);
                }
                if let EndpointChange::Remove(id) = change {
                    self.stopped.insert(id);
                }
                engine.handle_endpoint(now, change);
            }
            Input::Commit(batch) => {
                for waiting in &batch {
                    let lane = (waiting.endpoint, waiting.event.root);
                    self.lanes.entry(lane).or_default().push(waiting.delivery);
                    let row = Row {
                        waiting: waiting.clone(),
                        verdict: None,
                        first_failed: None,
                        in_flight: false,
                    };
                    self.rows.insert(waiting.delivery, row);
                }
                let ends = batch.first().zip(batch.last());
                let ends = ends.map(|(first, last)| (first.delivery, last.delivery));
                // Now and then the channel to the engine is full.
                match ends {
                    Some((first, last))
                        if self.shape == Shape::Cramped
                            && mix(self.seed, &[last.0, 4]).is_multiple_of(10) =>
                    {
                        engine.handle_missed(now, first, last)
                    }
                    Some(_) | None => engine.handle_waiting(now, batch),
                }
            }
            Input::Outcome(delivery, outcome) => {
                self.note_outcome(now, delivery, outcome);
                engine.handle_outcome(now, delivery, outcome);
            }
            Input::Page {
                endpoint,
                after,
                limit,
            } => {
                self.pages += 1;
                if self.fails(now, endpoint, 1) {
                    return engine.handle_store_failed(now, endpoint);
                }
                let page = self
                    .pending()
                    .filter(|waiting| waiting.endpoint == endpoint && waiting.delivery > after);
                let page: Vec<_> = page.take(limit).collect();
                let end = page.len() < limit;
                engine.handle_page(now, endpoint, page, end);
            }
            Input::Projected(pos) => engine.handle_projected(now, pos),
            Input::Reloaded {
                endpoint,
                deliveries,
            } => {
                self.reloads += 1;
                if self.fails(now, endpoint, 2) {
                    return engine.handle_store_failed(now, endpoint);
                }
                let found = self
                    .pending()
                    .filter(|waiting| deliveries.contains(&waiting.delivery))
                    .collect();
                engine.handle_reloaded(now, endpoint, found);
            }
            Input::Timeout => engine.handle_timeout(now),
        }
    }

    fn fails(&self, now: Now, endpoint: WebhookId, what: u64) -> bool {
        mix(self.seed, &[now.mono.0, u64::from(endpoint.0), what]).is_multiple_of(8)
    }

    fn pending(&self) -> impl Iterator<Item = Waiting> {
        let is_pending = |row: &&Row| matches!(row.verdict, None | Some(Verdict::RetryAt(_)));
        self.rows
            .values()
            .filter(is_pending)
            .map(|row| row.waiting.clone())
    }

    fn note_outcome(&mut self, now: Now, delivery: DeliveryId, outcome: Outcome) {
        let row = self.rows.get_mut(&delivery).unwrap();
        row.in_flight = false;
        if !outcome.is_success() {
            row.first_failed.get_or_insert(now.mono);
        }
        let silence = self.silent.entry(row.waiting.endpoint).or_default();
        match outcome {
            Outcome::Answered { .. } => *silence = Silence::default(),
            Outcome::Unreachable { .. } => {
                silence.in_a_row += 1;
                if silence.in_a_row == 5 {
                    silence.since = Some(now.mono);
                }
            }
        }
    }

    fn obey(&mut self, now: Now, output: &Output) {
        match output {
            Output::EndpointState { endpoint, health } => {
                if health.state.is_disabled() {
                    self.stopped.insert(*endpoint);
                }
            }
            Output::NeedMore {
                endpoint,
                after,
                limit,
            } => {
                let page = Input::Page {
                    endpoint: *endpoint,
                    after: *after,
                    limit: *limit,
                };
                self.later(now, *endpoint, page);
            }
            Output::Reload {
                endpoint,
                deliveries,
            } => {
                let reloaded = Input::Reloaded {
                    endpoint: *endpoint,
                    deliveries: deliveries.clone(),
                };
                self.later(now, *endpoint, reloaded);
            }
            Output::Send(attempt) => {
                let sent = Sent::of(output).unwrap();
                self.check_send(now, &sent);
                self.rows.get_mut(&attempt.delivery).unwrap().in_flight = true;
                let (after, outcome) = self.respond(now, &sent);
                self.schedule(now.mono + after, Input::Outcome(attempt.delivery, outcome));
            }
            Output::Verdict {
                delivery,
                verdict,
                attempts,
                ..
            } => {
                let row = self.rows.get_mut(delivery).unwrap();
                assert!(
                    matches!(row.verdict, None | Some(Verdict::RetryAt(_))),
                    "seed {}: one last verdict each",
                    self.seed
                );
                row.verdict = Some(*verdict);
                row.waiting.attempts = *attempts;
                if let Verdict::RetryAt(due) = verdict {
                    assert!(*due >= now.wall);
                    row.waiting.due = *due;
                }
            }
        }
    }

    fn later(&mut self, now: Now, endpoint: WebhookId, input: Input) {
        let millis = 1 + mix(self.seed, &[u64::from(endpoint.0), now.mono.0]) % 50;
        self.schedule(now.mono + Duration::from_millis(millis), input);
    }

    /// Order is kept, one is in flight a lane, and nothing is sent that is finished or switched off.
    fn check_send(&self, now: Now, sent: &Sent) {
        let seed = self.seed;
        let row = &self.rows[&sent.delivery];
        assert!(
            !row.in_flight && !self.stopped.contains(&sent.endpoint),
            "seed {seed}"
        );
        assert!(
            matches!(row.verdict, None | Some(Verdict::RetryAt(_))),
            "seed {seed}: {:?} is finished",
            sent.delivery
        );
        let root = row.waiting.event.root;
        if root == CallId(0) {
            return;
        }
        let order = self
            .endpoints
            .iter()
            .find(|endpoint| endpoint.id == sent.endpoint)
            .unwrap()
            .order;
        let gap: Vec<u64> = sent
            .gap
            .iter()
            .flat_map(|gap| gap.split(", "))
            .map(|seq| seq.parse().unwrap())
            .collect();
        for earlier in &self.lanes[&(sent.endpoint, root)] {
            let before = &self.rows[earlier];
            assert!(
                !before.in_flight || *earlier == sent.delivery,
                "seed {seed}: one in flight a lane"
            );
            let unfinished = matches!(before.verdict, None | Some(Verdict::RetryAt(_)));
            if *earlier >= sent.delivery || !unfinished {
                continue;
            }
            match order {
                Order::Strict => {
                    panic!("seed {seed}: {earlier:?} comes before {:?}", sent.delivery)
                }
                Order::Bounded => {
                    let failed = before.first_failed.expect("was tried");
                    assert!(
                        now.mono - failed >= HOLD,
                        "seed {seed}: {earlier:?} is held for a minute"
                    );
                    let parked = before.waiting.event.seq.unwrap();
                    assert!(gap.contains(&parked), "seed {seed}: the gap is named");
                }
                Order::None => assert!(
                    before.first_failed.is_some(),
                    "seed {seed}: {earlier:?} was tried"
                ),
            }
        }
    }

    fn respond(&self, now: Now, sent: &Sent) -> (Duration, Outcome) {
        let receiver = &self.receivers[&sent.endpoint];
        let second = (now.mono - START.mono).as_secs();
        let draw = |what: u64| mix(receiver.salt, &[sent.delivery.0, now.mono.0, what]);
        let after = Duration::from_micros(1 + draw(1) % (receiver.latency * 1_000));
        let answered = |status| Outcome::Answered {
            status,
            retry_after: None,
        };
        if (receiver.down.0..receiver.down.1).contains(&second) || draw(2) % 100 < receiver.losses {
            let timed_out = draw(3) % 2 == 0;
            let after = if timed_out {
                Duration::from_secs(10)
            } else {
                after
            };
            return (after, Outcome::Unreachable { timed_out });
        }
        if receiver.gone_at.is_some_and(|gone_at| second >= gone_at) {
            return (after, answered(410));
        }
        if receiver.poison > 0
            && mix(receiver.salt, &[sent.delivery.0]).is_multiple_of(receiver.poison)
        {
            return (after, answered(422));
        }
        if draw(4) % 100 < receiver.errors {
            let retry_after = (draw(5) % 4 == 0).then(|| Duration::from_secs(draw(6) % 90));
            let status = [500, 301, 404, 429, 503][usize::try_from(draw(7) % 5).unwrap()];
            return (
                after,
                Outcome::Answered {
                    status,
                    retry_after,
                },
            );
        }
        (after, answered(200))
    }

    /// Nothing is lost: each has its last verdict.
    pub(super) fn assert_all_finished(&self) {
        for (delivery, row) in &self.rows {
            let finished = matches!(
                row.verdict,
                Some(Verdict::Delivered | Verdict::Failed(_) | Verdict::Held)
            );
            assert!(
                finished,
                "seed {}: {delivery:?} is {:?}",
                self.seed, row.verdict
            );
            if let Some(Verdict::Held) = row.verdict {
                assert!(self.stopped.contains(&row.waiting.endpoint));
            }
        }
    }
}
