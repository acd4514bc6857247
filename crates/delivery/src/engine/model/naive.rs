//! A scheduler without indexes, timers or lanes: one list, looked through from end to end after each input.

use std::collections::BTreeMap;
use std::time::Duration;

use offhook_base::{CallId, DeliveryId, JournalPos, Mono, Now, Wall, WebhookId};
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng as _, SeedableRng as _};

use super::world::{Input, SCHEDULE, Sent};
use crate::aimd::Window;
use crate::breaker::Breaker;
use crate::endpoint::{Endpoint, EndpointChange, Order};
use crate::judge::{FailReason, Outcome, Verdict, judge};
use crate::lane::HOLD;
use crate::output::{Output, Waiting};

#[derive(Debug)]
struct Item {
    waiting: Waiting,
    n: u32,
    due: Mono,
    hold_until: Option<Mono>,
    parked: bool,
    in_flight: bool,
    unreachable: bool,
    finished: bool,
}

#[derive(Debug)]
struct Target {
    order: Order,
    window: Window,
    breaker: Breaker,
    stop: Option<Verdict>,
    rng: ChaCha12Rng,
}

impl Target {
    fn new(endpoint: &Endpoint, seed: [u8; 32]) -> Self {
        let mut rng = ChaCha12Rng::from_seed(seed);
        rng.set_stream(u64::from(endpoint.id.0));
        Self {
            order: endpoint.order,
            window: Window::default(),
            breaker: Breaker::default(),
            stop: None,
            rng,
        }
    }

    fn draw(&mut self) -> f64 {
        f64::from(self.rng.next_u32()) / (f64::from(u32::MAX) + 1.0)
    }
}

/// What the engine should have done.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Deeds {
    pub(super) sent: Vec<Sent>,
    pub(super) verdicts: Vec<(DeliveryId, Verdict)>,
}

impl Deeds {
    /// What the engine did; the order in which endpoints come is of no matter.
    pub(super) fn of(outputs: &[Output]) -> Self {
        let verdict = |output: &Output| match output {
            Output::Verdict {
                delivery, verdict, ..
            } => Some((*delivery, *verdict)),
            Output::EndpointState { .. }
            | Output::NeedMore { .. }
            | Output::Reload { .. }
            | Output::Send(_) => None,
        };
        let sent = outputs.iter().filter_map(Sent::of).collect();
        Self {
            sent,
            verdicts: outputs.iter().filter_map(verdict).collect(),
        }
        .sorted()
    }

    /// The order of requests to one endpoint matters.
    fn sorted(mut self) -> Self {
        self.sent.sort_by_key(|sent| sent.endpoint);
        self.verdicts.sort_by_key(|(delivery, _)| *delivery);
        self
    }
}

pub(super) struct Naive {
    targets: BTreeMap<WebhookId, Target>,
    items: Vec<Item>,
    projected: JournalPos,
    deeds: Deeds,
}

impl Naive {
    pub(super) fn new(endpoints: &[Endpoint], seed: [u8; 32]) -> Self {
        let targets = endpoints
            .iter()
            .map(|endpoint| (endpoint.id, Target::new(endpoint, seed)));
        Self {
            targets: targets.collect(),
            items: Vec::new(),
            projected: JournalPos(0),
            deeds: Deeds::default(),
        }
    }

    /// Takes an input. Whether an endpoint was switched off for its failures is taken from the engine's own outputs.
    pub(super) fn handle(&mut self, now: Now, input: &Input, outputs: &[Output]) -> Deeds {
        for output in outputs {
            if let Output::EndpointState { endpoint, health } = output
                && health.state.is_disabled()
            {
                self.target(*endpoint).stop.get_or_insert(Verdict::Held);
            }
        }
        match input {
            Input::Commit(batch) => self
                .items
                .extend(batch.iter().map(|waiting| Item::new(now, waiting))),
            Input::Outcome(delivery, outcome) => self.on_outcome(now, *delivery, *outcome),
            Input::Projected(pos) => self.projected = self.projected.max(*pos),
            Input::Change(EndpointChange::Remove(id)) => {
                self.target(*id).stop = Some(Verdict::Failed(FailReason::WebhookDeleted))
            }
            Input::Change(EndpointChange::Upsert(endpoint)) if !endpoint.active => {
                self.target(endpoint.id).stop.get_or_insert(Verdict::Held);
            }
            Input::Change(EndpointChange::Enabled(_) | EndpointChange::Upsert(_)) => {}
            Input::Page { .. } | Input::Reloaded { .. } | Input::Timeout => {}
        }
        self.sweep();
        let ids = self.concerned(input);
        for id in ids {
            while self.park_one(now, id) {}
            while let Some(next) = self.next(now, id) {
                self.send(next);
            }
        }
        std::mem::take(&mut self.deeds).sorted()
    }

    /// The endpoints that an input may make send: nobody else's outcome does.
    fn concerned(&self, input: &Input) -> Vec<WebhookId> {
        if let Input::Outcome(delivery, _) = input {
            let item = self
                .items
                .iter()
                .find(|item| item.waiting.delivery == *delivery);
            return item.map(|item| item.waiting.endpoint).into_iter().collect();
        }
        self.targets.keys().copied().collect()
    }

    fn target(&mut self, id: WebhookId) -> &mut Target {
        self.targets.get_mut(&id).unwrap()
    }

    fn sweep(&mut self) {
        for item in self
            .items
            .iter_mut()
            .filter(|item| !item.finished && !item.in_flight)
        {
            if let Some(verdict) = self.targets[&item.waiting.endpoint].stop {
                item.finished = true;
                self.deeds.verdicts.push((item.waiting.delivery, verdict));
            }
        }
    }

    fn on_outcome(&mut self, now: Now, delivery: DeliveryId, outcome: Outcome) {
        let item = self
            .items
            .iter_mut()
            .find(|item| item.waiting.delivery == delivery)
            .unwrap();
        let id = item.waiting.endpoint;
        let target = self.targets.get_mut(&id).unwrap();
        let spends = target.breaker.is_closed() || matches!(outcome, Outcome::Answered { .. });
        item.in_flight = false;
        item.unreachable = matches!(outcome, Outcome::Unreachable { .. });
        item.waiting.attempts += u32::from(spends);
        let attempt = item.waiting.attempts + u32::from(!spends);
        let closed_for = match outcome {
            Outcome::Answered { .. } => target.breaker.on_answer(now.mono),
            Outcome::Unreachable { .. } => {
                let spread = target.draw();
                target.breaker.on_unreachable(now.mono, delivery, spread);
                None
            }
        };
        let spread = target.draw();
        let judged = judge(
            SCHEDULE,
            now.wall,
            attempt.try_into().unwrap(),
            outcome,
            spread,
        );
        let is_last = matches!(
            judged,
            Verdict::Delivered | Verdict::Failed(FailReason::Gone)
        );
        let probe_in = target.breaker.probe_at().map_or(HOLD, |at| at - now.mono);
        let verdict = match target.stop {
            _ if is_last => judged,
            Some(stop) => stop,
            None if spends => judged,
            None => Verdict::RetryAt(now.wall + probe_in),
        };
        match verdict {
            Verdict::RetryAt(due) => item.due = on_mono(now, due),
            Verdict::Delivered | Verdict::Expired | Verdict::Failed(_) | Verdict::Held => {
                item.finished = true
            }
        }
        self.deeds.verdicts.push((delivery, verdict));
        let in_flight = 1 + self
            .items
            .iter()
            .filter(|item| item.waiting.endpoint == id && item.in_flight)
            .count();
        match outcome {
            Outcome::Answered {
                status: 200..300, ..
            } => self.target(id).window.on_success(in_flight),
            Outcome::Answered {
                status: 429 | 502..=504,
                ..
            }
            | Outcome::Unreachable { timed_out: true } => self.target(id).window.on_overload(),
            Outcome::Answered { .. } | Outcome::Unreachable { timed_out: false } => {}
        }
        if let Some(closed_for) = closed_for {
            self.reopen(now, id, closed_for);
        }
    }

    fn reopen(&mut self, now: Now, id: WebhookId, closed_for: Duration) {
        for item in self
            .items
            .iter_mut()
            .filter(|item| item.waiting.endpoint == id && !item.finished)
        {
            if item.unreachable {
                item.due = item.due.min(now.mono);
            }
            item.hold_until = item.hold_until.map(|until| until + closed_for);
        }
    }

    fn lane_of(item: &Item) -> (CallId, DeliveryId) {
        let root = item.waiting.event.root;
        (
            root,
            if root == CallId(0) {
                item.waiting.delivery
            } else {
                DeliveryId(0)
            },
        )
    }

    /// The lanes of an endpoint that have none in flight: their items that are not finished.
    fn lanes(&self, id: WebhookId) -> Vec<Vec<usize>> {
        let mut lanes: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (at, item) in self.items.iter().enumerate() {
            if item.waiting.endpoint == id && !item.finished {
                lanes.entry(Self::lane_of(item)).or_default().push(at);
            }
        }
        let idle = |lane: &Vec<usize>| !lane.iter().any(|&at| self.items[at].in_flight);
        lanes.into_values().filter(idle).collect()
    }

    fn head(&self, lane: &[usize]) -> Option<usize> {
        lane.iter().copied().find(|&at| !self.items[at].parked)
    }

    fn park_one(&mut self, now: Now, id: WebhookId) -> bool {
        let (order, frozen) = (
            self.targets[&id].order,
            !self.targets[&id].breaker.is_closed(),
        );
        for lane in self.lanes(id) {
            let Some(head) = self.head(&lane) else {
                continue;
            };
            let item = &mut self.items[head];
            if item.n == 0 || item.due <= now.mono {
                continue;
            }
            let hold_until = *item.hold_until.get_or_insert(now.mono + HOLD);
            if order == Order::None || order == Order::Bounded && !frozen && hold_until <= now.mono
            {
                item.parked = true;
                item.hold_until = None;
                return true;
            }
        }
        false
    }

    fn next(&self, now: Now, id: WebhookId) -> Option<usize> {
        let target = &self.targets[&id];
        let in_flight = self
            .items
            .iter()
            .filter(|item| item.waiting.endpoint == id && item.in_flight)
            .count();
        if target.stop.is_some() || in_flight >= target.window.size() {
            return None;
        }
        let projected = |at: &usize| {
            self.items[*at]
                .waiting
                .after_projection
                .is_none_or(|pos| pos <= self.projected)
        };
        let due = |at: &usize| self.items[*at].due <= now.mono;
        let (mut ready, mut others) = (Vec::new(), Vec::new());
        for lane in self.lanes(id) {
            let head = self.head(&lane).filter(projected);
            let mut late: Vec<_> = lane
                .iter()
                .copied()
                .filter(|&at| self.items[at].parked)
                .collect();
            others.extend(head.or_else(|| late.first().copied()));
            late.sort_by_key(|&at| (self.items[at].due, at));
            ready.extend(
                head.filter(due)
                    .or_else(|| late.first().copied().filter(due)),
            );
        }
        match target.breaker {
            Breaker::Closed { .. } => ready.into_iter().min(),
            Breaker::Open { probe_at, .. } if probe_at <= now.mono => {
                ready.into_iter().min().or_else(|| others.into_iter().min())
            }
            Breaker::Open { .. } | Breaker::Probing { .. } => None,
        }
    }

    fn send(&mut self, at: usize) {
        let item = &self.items[at];
        let (endpoint, delivery) = (item.waiting.endpoint, item.waiting.delivery);
        let mut gap = Vec::new();
        if self.targets[&endpoint].order == Order::Bounded {
            let same = |other: &&Item| {
                other.parked
                    && !other.finished
                    && other.waiting.endpoint == endpoint
                    && Self::lane_of(other) == Self::lane_of(item)
            };
            let parked = self.items.iter().filter(same);
            let seqs = parked.filter_map(|other| other.waiting.event.seq);
            gap = seqs
                .filter(|seq| Some(*seq) < item.waiting.event.seq)
                .take(32)
                .map(|seq| seq.to_string())
                .collect();
        }
        let n = item.n + 1;
        let gap = (!gap.is_empty()).then(|| gap.join(", "));
        self.deeds.sent.push(Sent {
            endpoint,
            delivery,
            n,
            gap,
        });
        self.target(endpoint).breaker.on_probe(delivery);
        self.items[at].n = n;
        self.items[at].in_flight = true;
    }
}

impl Item {
    fn new(now: Now, waiting: &Waiting) -> Self {
        Self {
            waiting: waiting.clone(),
            n: 0,
            due: on_mono(now, waiting.due),
            hold_until: None,
            parked: false,
            in_flight: false,
            unreachable: false,
            finished: false,
        }
    }
}

fn on_mono(now: Now, due: Wall) -> Mono {
    now.mono + Duration::from_micros(u64::try_from(due.0 - now.wall.0).unwrap_or(0))
}
