//! One endpoint: its lanes, its window, its breaker, and what of it is only in the journal.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::time::Duration;

use offhook_base::{DeliveryId, EventName, Mono, Now, Wall, WebhookId};
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng as _, SeedableRng as _};

use super::clockwork::{Clockwork, Wake};
use super::journaled::Journaled;
use super::settings::Settings;
use crate::aimd::Window;
use crate::breaker::Breaker;
use crate::endpoint::{Endpoint, Health, Order};
use crate::headers::Particulars;
use crate::judge::{FailReason, LONGEST, Outcome, Verdict, jittered, judge};
use crate::lane::{Entry, HOLD, Lane, LaneKey};
use crate::output::{Attempt, Output, Waiting};

/// One endpoint at work.
#[derive(Debug)]
pub(crate) struct Post {
    id: WebhookId,
    /// `None` once it was deleted.
    settings: Option<Settings>,
    health: Health,
    lanes: BTreeMap<LaneKey, Lane>,
    /// Oldest first.
    ready: BTreeSet<(DeliveryId, LaneKey)>,
    /// Deliveries in memory.
    known: BTreeSet<DeliveryId>,
    in_flight: usize,
    window: Window,
    breaker: Breaker,
    probe_wake: Option<Mono>,
    journaled: Journaled,
    /// Its own, so that what others draw changes nothing here.
    rng: ChaCha12Rng,
}

impl Post {
    pub(crate) fn new(endpoint: &Endpoint, core: &Clockwork) -> Self {
        let settings = Settings::new(endpoint, &core.config.version);
        Self {
            settings: Some(settings),
            health: endpoint.health,
            ..Self::deleted(endpoint.id, core)
        }
    }

    /// One that was deleted. It is kept: what was committed for it before, and comes late or by way of the journal, has to fail.
    pub(crate) fn deleted(id: WebhookId, core: &Clockwork) -> Self {
        let mut rng = ChaCha12Rng::from_seed(core.config.seed);
        rng.set_stream(u64::from(id.0));
        Self {
            id,
            settings: None,
            health: Health::default(),
            lanes: BTreeMap::new(),
            ready: BTreeSet::new(),
            known: BTreeSet::new(),
            in_flight: 0,
            window: Window::default(),
            breaker: Breaker::default(),
            probe_wake: None,
            journaled: Journaled::new(core.config.journal_end),
            rng,
        }
    }

    pub(crate) fn waiting(&self) -> usize {
        self.known.len()
    }

    /// What becomes of each delivery while nothing may be sent.
    fn stop(&self, core: &Clockwork) -> Option<Verdict> {
        match &self.settings {
            None => Some(Verdict::Failed(FailReason::WebhookDeleted)),
            Some(settings)
                if core.enabled && settings.active && !self.health.state.is_disabled() =>
            {
                None
            }
            Some(_) => Some(Verdict::Held),
        }
    }

    fn order(&self) -> Order {
        self.settings
            .as_ref()
            .map_or(Order::None, |settings| settings.order)
    }

    pub(crate) fn on_upsert(&mut self, now: Now, endpoint: Endpoint, core: &mut Clockwork) {
        let settings = Settings::new(&endpoint, &core.config.version);
        let moved = self
            .settings
            .as_ref()
            .is_some_and(|before| before.url != settings.url);
        self.settings = Some(settings);
        if endpoint.health.state.is_disabled() {
            self.health = endpoint.health;
        } else if moved || self.health.state.is_disabled() {
            // A new start: what was learnt is of another receiver, or its admin says that it is mended.
            self.window = Window::default();
            self.set_health(Health::default(), core);
            if let Some(closed_for) = self.breaker.on_answer(now.mono) {
                self.on_reachable(now, closed_for, core);
            }
        }
        self.on_switch(now, core);
    }

    pub(crate) fn on_remove(&mut self, now: Now, core: &mut Clockwork) {
        self.settings = None;
        self.on_switch(now, core);
    }

    /// Something that decides whether anything is sent, or in which order, may have changed.
    pub(crate) fn on_switch(&mut self, now: Now, core: &mut Clockwork) {
        if let Some(verdict) = self.stop(core) {
            self.sweep(now, verdict, core);
        }
        self.settle_all(now, core);
        self.pump(now, core);
    }

    /// Ends all that waits but what is in flight; what is parked, once it was read back.
    fn sweep(&mut self, now: Now, verdict: Verdict, core: &mut Clockwork) {
        for lane in self.lanes.values_mut() {
            for entry in lane.drain() {
                self.known.remove(&entry.id());
                core.verdict(&entry.waiting, verdict);
            }
        }
        self.journaled.recall(now.mono);
    }

    pub(crate) fn on_committed(&mut self, now: Now, waiting: Waiting, core: &mut Clockwork) {
        let room = self.waiting() < core.config.max_waiting;
        if self.journaled.takes(waiting.delivery, room) {
            self.accept(now, waiting, core);
        }
    }

    pub(crate) fn on_missed(&mut self, from: DeliveryId, upto: DeliveryId) {
        self.journaled.on_missed(from, upto);
    }

    pub(crate) fn on_page(
        &mut self,
        now: Now,
        page: Vec<Waiting>,
        end: bool,
        core: &mut Clockwork,
    ) {
        for waiting in self.journaled.on_page(page, end, &self.known) {
            self.accept(now, waiting, core);
        }
    }

    pub(crate) fn on_reloaded(&mut self, now: Now, found: Vec<Waiting>, core: &mut Clockwork) {
        let stop = self.stop(core);
        let mut asked = self.journaled.on_reloaded();
        for waiting in found {
            if asked.remove(&waiting.delivery).is_none() {
                continue;
            }
            if let Some(verdict) = stop {
                core.verdict(&waiting, verdict);
                continue;
            }
            let key = LaneKey::of(waiting.delivery, &waiting.event);
            let entry = Entry {
                due: now.mono,
                n: waiting.attempts,
                unreachable: false,
                waiting,
            };
            self.known.insert(entry.id());
            self.lanes.entry(key).or_default().push_late(entry);
            self.settle(now, key, core);
        }
        for (key, seq) in asked.into_values() {
            if let Some(lane) = self.lanes.get_mut(&key) {
                lane.forget_parked(seq);
            }
            self.settle(now, key, core);
        }
    }

    pub(crate) fn on_store_failed(&mut self, now: Now, core: &mut Clockwork) {
        let from = self.journaled.paused_until();
        let to = self.journaled.on_failed(now.mono);
        core.rearm(Wake::Ask(self.id), from, Some(to));
    }

    fn accept(&mut self, now: Now, waiting: Waiting, core: &mut Clockwork) {
        if let Some(verdict) = self.stop(core) {
            core.verdict(&waiting, verdict);
            return;
        }
        let key = LaneKey::of(waiting.delivery, &waiting.event);
        let due = now.mono + until(now.wall, waiting.due);
        let entry = Entry {
            due,
            n: waiting.attempts,
            unreachable: false,
            waiting,
        };
        self.known.insert(entry.id());
        // What a restart finds far from due had its hold before.
        if entry.n > 0 && due > now.mono + HOLD && self.order() != Order::Strict {
            self.park(key, entry, core);
        } else {
            self.lanes.entry(key).or_default().push(entry);
        }
        self.settle(now, key, core);
    }

    /// Puts a failed delivery aside: in memory while there is plenty of room, else in the journal only.
    fn park(&mut self, key: LaneKey, entry: Entry, core: &Clockwork) {
        let seq = entry.waiting.event.seq;
        let lane = self.lanes.entry(key).or_default();
        if self
            .settings
            .as_ref()
            .is_some_and(|settings| settings.order == Order::Bounded)
        {
            lane.note_parked(seq);
        }
        if self.known.len() * 2 > core.config.max_waiting
            && self.journaled.parked() < core.config.max_parked
        {
            self.known.remove(&entry.id());
            self.journaled.park(entry.id(), entry.due, (key, seq));
        } else {
            lane.push_late(entry);
        }
    }

    fn settle_all(&mut self, now: Now, core: &mut Clockwork) {
        let keys: Vec<_> = self.lanes.keys().copied().collect();
        for key in keys {
            self.settle(now, key, core);
        }
    }

    /// Brings all that is noted of a lane in line with it.
    pub(crate) fn settle(&mut self, now: Now, key: LaneKey, core: &mut Clockwork) {
        let (order, frozen) = (self.order(), !self.breaker.is_closed());
        while let Some(entry) = self
            .lanes
            .get_mut(&key)
            .and_then(|lane| lane.take_parked(now.mono, order, frozen))
        {
            self.park(key, entry, core);
        }
        let Some(lane) = self.lanes.get_mut(&key) else {
            return;
        };
        let before = lane.noted;
        let status = lane.status(now.mono, core.projected, order, frozen);
        lane.noted = status;
        if before.ready != status.ready {
            if let Some(delivery) = before.ready {
                self.ready.remove(&(delivery, key));
            }
            if let Some(delivery) = status.ready {
                self.ready.insert((delivery, key));
            }
        }
        core.rearm(Wake::Lane(self.id, key), before.wake, status.wake);
        core.await_projection(self.id, key, before.projection, status.projection);
        if lane.is_spent() {
            self.lanes.remove(&key);
        }
    }

    /// Sends what can be sent, and asks the journal for what there is room for.
    pub(crate) fn pump(&mut self, now: Now, core: &mut Clockwork) {
        if self.stop(core).is_none() {
            while let Some((delivery, key)) = self.next(now, core) {
                self.send(now, delivery, key, core);
            }
        }
        let probe_wake = self
            .breaker
            .probe_at()
            .filter(|at| *at > now.mono && !self.known.is_empty());
        core.rearm(Wake::Probe(self.id), self.probe_wake, probe_wake);
        self.probe_wake = probe_wake;
        self.journaled
            .ask(now.mono, self.id, self.known.len(), core);
    }

    fn next(&self, now: Now, core: &Clockwork) -> Option<(DeliveryId, LaneKey)> {
        if self.in_flight >= self.window.size() {
            return None;
        }
        let ready = self.ready.first().copied();
        match self.breaker {
            Breaker::Closed { .. } => ready,
            Breaker::Open { probe_at, .. } if probe_at <= now.mono => ready.or_else(|| {
                let candidates = self
                    .lanes
                    .iter()
                    .filter_map(|(key, lane)| Some((lane.probe(core.projected)?, *key)));
                candidates.min()
            }),
            Breaker::Open { .. } | Breaker::Probing { .. } => None,
        }
    }

    fn send(&mut self, now: Now, delivery: DeliveryId, key: LaneKey, core: &mut Clockwork) {
        if let (Some(settings), Some(lane)) = (&self.settings, self.lanes.get_mut(&key))
            && let Some(entry) = lane.send(delivery)
        {
            if is_stale(entry, now.wall, core.config.ringing_ttl) {
                core.verdict(&entry.waiting, Verdict::Expired);
                lane.returned(delivery);
                lane.remove(delivery);
                self.known.remove(&delivery);
            } else {
                let (event, n) = (entry.waiting.event.clone(), entry.n);
                let (prev_seq, replayed) = (entry.waiting.prev_seq, entry.waiting.replayed);
                let gap = lane.gap(&event);
                let what = Particulars {
                    event: &event,
                    n,
                    prev_seq,
                    replayed,
                    gap: &gap,
                };
                let headers = settings.letterhead.headers(now.wall, what);
                let (url, timeout) = (settings.url.clone(), settings.timeout);
                core.outputs.push_back(Output::Send(Box::new(Attempt {
                    delivery,
                    endpoint: self.id,
                    n,
                    url,
                    headers,
                    event,
                    timeout,
                })));
                core.in_flight.insert(delivery, (self.id, key));
                self.in_flight += 1;
                self.breaker.on_probe(delivery);
            }
        }
        self.settle(now, key, core);
    }

    pub(crate) fn on_outcome(
        &mut self,
        now: Now,
        key: LaneKey,
        delivery: DeliveryId,
        outcome: Outcome,
        core: &mut Clockwork,
    ) {
        let spends = self.breaker.is_closed() || matches!(outcome, Outcome::Answered { .. });
        let was_running = self.stop(core).is_none();
        self.on_load(outcome);
        self.in_flight -= 1;
        let closed_for = self.on_reach(now, delivery, outcome);
        if self.settings.is_some() {
            self.set_health(self.health.after(now.wall, outcome), core);
        }
        let stop = self.stop(core);

        if let Some(entry) = self
            .lanes
            .get_mut(&key)
            .and_then(|lane| lane.returned(delivery))
        {
            let attempts = NonZeroU32::MIN.saturating_add(entry.waiting.attempts);
            if spends {
                entry.waiting.attempts = attempts.get();
            }
            let spread = spread(&mut self.rng);
            let judged = judge(core.config.schedule, now.wall, attempts, outcome, spread);
            let is_last = matches!(
                judged,
                Verdict::Delivered | Verdict::Failed(FailReason::Gone)
            );
            let verdict = match stop {
                Some(stopped) if !is_last => stopped,
                // Nobody could be reached anyhow: tried again with the next probe.
                None if !is_last && !spends => {
                    let wait = self.breaker.probe_at().map_or(HOLD, |at| at - now.mono);
                    Verdict::RetryAt(now.wall + wait)
                }
                Some(_) | None => judged,
            };
            core.verdict(&entry.waiting, verdict);
            if let Verdict::RetryAt(at) = verdict {
                entry.due = now.mono + until(now.wall, at);
                entry.unreachable = matches!(outcome, Outcome::Unreachable { .. });
            } else if let Some(lane) = self.lanes.get_mut(&key) {
                lane.remove(delivery);
                self.known.remove(&delivery);
            }
        }
        match closed_for {
            // Before anything is settled: the holds stood still while it was open.
            Some(closed_for) => self.on_reachable(now, closed_for, core),
            None => self.settle(now, key, core),
        }
        if was_running && let Some(stopped) = stop {
            self.sweep(now, stopped, core);
            self.settle_all(now, core);
        }
    }

    /// Tells the breaker. Gives how long nothing could be sent, if it closes by this.
    fn on_reach(&mut self, now: Now, delivery: DeliveryId, outcome: Outcome) -> Option<Duration> {
        match outcome {
            Outcome::Answered { .. } => self.breaker.on_answer(now.mono),
            Outcome::Unreachable { .. } => {
                self.breaker
                    .on_unreachable(now.mono, delivery, spread(&mut self.rng));
                None
            }
        }
    }

    /// The breaker closed: what failed because nobody could be reached goes at once.
    fn on_reachable(&mut self, now: Now, closed_for: Duration, core: &mut Clockwork) {
        for lane in self.lanes.values_mut() {
            lane.on_reachable(now.mono, closed_for);
        }
        self.settle_all(now, core);
    }

    fn on_load(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Answered {
                status: 429 | 502 | 503 | 504,
                ..
            }
            | Outcome::Unreachable { timed_out: true } => self.window.on_overload(),
            Outcome::Answered {
                status: 200..300, ..
            } => self.window.on_success(self.in_flight),
            Outcome::Answered { .. } | Outcome::Unreachable { timed_out: false } => {}
        }
    }

    fn set_health(&mut self, health: Health, core: &mut Clockwork) {
        if health != self.health {
            self.health = health;
            core.outputs.push_back(Output::EndpointState {
                endpoint: self.id,
                health,
            });
        }
    }

    /// Panics when what is noted is not what is.
    #[cfg(test)]
    pub(crate) fn check_invariants(&self, core: &Clockwork) {
        assert_eq!(
            self.known.len(),
            self.lanes.values().map(Lane::len).sum::<usize>()
        );
        assert_eq!(
            self.in_flight,
            self.lanes
                .values()
                .filter(|lane| lane.in_flight().is_some())
                .count()
        );
        assert_eq!(
            self.in_flight,
            core.in_flight
                .values()
                .filter(|(id, _)| *id == self.id)
                .count()
        );
        let ready: BTreeSet<_> = self
            .lanes
            .iter()
            .filter_map(|(key, lane)| Some((lane.noted.ready?, *key)))
            .collect();
        assert_eq!(self.ready, ready);
        assert!(
            self.known.len() <= core.config.max_waiting + super::journaled::RELOAD_AT_ONCE,
            "memory is bounded"
        );
        assert!(self.journaled.parked() <= core.config.max_parked);
        for lane in self.lanes.values() {
            assert!(!lane.is_spent());
            assert!(
                lane.in_flight().is_none() || lane.noted == crate::lane::Status::default(),
                "one in flight a lane"
            );
        }
    }
}

fn is_stale(entry: &Entry, now: Wall, ttl: Option<Duration>) -> bool {
    let first = entry.waiting.attempts == 0 && entry.n == 1;
    let ringing = entry.waiting.event.name == EventName::CallRinging;
    first && ringing && ttl.is_some_and(|ttl| now > entry.waiting.event.at + ttl)
}

/// A draw from `0.0..1.0`.
fn spread(rng: &mut ChaCha12Rng) -> f64 {
    f64::from(rng.next_u32()) / (f64::from(u32::MAX) + 1.0)
}

/// How long from `now` to `due`. A clock that was set back must not hold anything for longer than any schedule does.
fn until(now: Wall, due: Wall) -> Duration {
    let micros = u64::try_from(due.0.saturating_sub(now.0)).unwrap_or(0);
    Duration::from_micros(micros).min(jittered(LONGEST, 1.0))
}
