//! What a decision costs, counted in steps of the sorted sets and trees.

use super::ordered::steps;
use super::*;

const TIMES: u64 = 200;

/// Steps of one input on average, by what it is.
type Costs = Vec<(&'static str, u64)>;

struct Measured {
    queues: Queues,
    now: Mono,
    callers: u64,
    costs: Costs,
}

impl Measured {
    /// A queue with `n` agents, none of whom can be reached.
    fn new(strategy: QueueStrategy, n: u32) -> Self {
        let mut queues = Queues::default();
        let now = Mono(0);
        let agents: Vec<u32> = (0..n).collect();
        let mut config = queue(1, &agents);
        config.strategy = strategy;
        config.announce = Some(3_600 * SECOND);
        config.max_wait = Some(10_000 * SECOND);
        queues.configure(now, config);
        Self {
            queues,
            now,
            callers: 0,
            costs: Vec::new(),
        }
    }

    fn of<T>(&mut self, what: &'static str, input: impl FnOnce(&mut Queues) -> T) -> T {
        // The invariants are checked with the same sets, and look at everything.
        self.queues.unchecked = 0;
        let before = steps();
        let answer = input(&mut self.queues);
        let cost = steps() - before;
        match self.costs.iter_mut().find(|(name, _)| *name == what) {
            Some((_, sum)) => *sum += cost,
            None => self.costs.push((what, cost)),
        }
        answer
    }

    fn enter(&mut self, what: &'static str) {
        let (now, caller) = (self.now, CallId(self.callers));
        self.callers += 1;
        self.of(what, |queues| queues.enter(now, QueueId(1), caller))
            .unwrap();
    }

    fn offered(&mut self) -> OfferId {
        std::iter::from_fn(|| self.queues.poll_output())
            .filter_map(|output| match output {
                QueueOutput::Offer { offer, .. } => Some(offer),
                QueueOutput::Announce { .. }
                | QueueOutput::Leave { .. }
                | QueueOutput::Withdraw { .. }
                | QueueOutput::Wrapup { .. } => None,
            })
            .last()
            .expect("somebody is rung")
    }

    fn answer(&mut self, what: &'static str, offer: OfferId) {
        let now = self.now;
        assert!(self.of(what, |queues| queues.answered(now, offer)));
    }

    fn over(&mut self, what: &'static str, offer: OfferId) {
        let now = self.now;
        self.of(what, |queues| queues.leave(now, offer.caller));
    }
}

/// `n` callers in line, `n` agents in calls but the one who comes free.
fn many_wait(strategy: QueueStrategy, n: u32) -> Costs {
    let mut desk = Measured::new(strategy, n);
    let mut talking = VecDeque::new();
    for user in (0..n).map(UserId) {
        desk.queues.reachable(desk.now, user, true);
        desk.enter("");
        let offer = desk.offered();
        desk.answer("", offer);
        talking.push_back(offer);
    }
    for _ in 0..n {
        desk.enter("");
    }
    desk.costs.clear();
    for _ in 0..TIMES {
        desk.now = desk.now + SECOND;
        desk.enter("a caller enters");
        desk.over("a call is over", talking.pop_front().unwrap());
        let (offer, now) = (desk.offered(), desk.now);
        desk.of("an agent declines", |queues| {
            queues.refused(now, offer, Outcome::Declined);
        });
        // Nobody else is free, so he is tried again.
        desk.now = desk.queues.next_timeout().unwrap();
        let now = desk.now;
        desk.of("a penalty ends", |queues| queues.handle_timeout(now));
        let offer = desk.offered();
        desk.answer("an agent answers", offer);
        talking.push_back(offer);
    }
    let mut costs = std::mem::take(&mut desk.costs);
    for (_, sum) in &mut costs {
        *sum /= TIMES;
    }
    let now = desk.now + 3_600 * SECOND;
    desk.of("a place is told", |queues| queues.handle_timeout(now));
    let told = std::iter::from_fn(|| desk.queues.poll_output()).count();
    assert_eq!(told, n as usize);
    costs.extend(
        desk.costs
            .iter()
            .map(|(what, sum)| (*what, sum / u64::from(n))),
    );
    costs
}

/// `n` agents free, and one caller at a time.
fn many_are_free(strategy: QueueStrategy, n: u32) -> Costs {
    let mut desk = Measured::new(strategy, n);
    for user in (0..n).map(UserId) {
        desk.queues.reachable(desk.now, user, true);
    }
    for _ in 0..TIMES {
        desk.now = desk.now + SECOND;
        desk.enter("a caller finds free agents");
        let offer = desk.offered();
        desk.answer("one of them answers", offer);
        desk.over("his call is over", offer);
    }
    for (_, sum) in &mut desk.costs {
        *sum /= TIMES;
    }
    desk.costs
}

fn compare(strategy: QueueStrategy, costs: impl Fn(QueueStrategy, u32) -> Costs) {
    let all: Vec<Costs> = [250, 500, 1_000, 2_000].map(|n| costs(strategy, n)).into();
    for (small, large) in all.iter().zip(&all[1..]) {
        for ((what, small), (_, large)) in small.iter().zip(large) {
            assert!(
                large * 4 <= small * 5,
                "{strategy:?}: {what}: {small} steps, with twice as many {large}"
            );
        }
    }
}

#[test]
fn twice_as_many_callers_and_agents_cost_a_decision_a_few_steps_more() {
    for strategy in STRATEGIES {
        compare(strategy, many_wait);
        match strategy {
            // Rings all who are free, which is its purpose.
            QueueStrategy::All => {}
            QueueStrategy::FewestCalls
            | QueueStrategy::InOrder
            | QueueStrategy::LeastRecent
            | QueueStrategy::RoundRobin => compare(strategy, many_are_free),
        }
    }
}

#[test]
fn a_decision_among_500_callers_and_200_agents_takes_fewer_than_200_steps() {
    for strategy in STRATEGIES {
        for (what, steps) in many_wait(strategy, 500) {
            assert!(steps < 200, "{strategy:?}: {what}: {steps}");
        }
    }
}
