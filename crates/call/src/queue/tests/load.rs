//! The figure: 500 callers wait, 200 agents serve three of ten queues each, 20 calls a second come and go for ten
//! minutes. Phones decline, are busy, get lost, or never say anything; agents log out and in, lists change, a queue is
//! removed and comes back. The world keeps books of its own and believes nothing that the machine says of itself.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

const AGENTS: u32 = 200;
const QUEUES: u32 = 10;
const AT_ONCE: u32 = 500;
const MS: Duration = Duration::from_millis(1);
const TICK: Duration = Duration::from_millis(50);
const MAX_WAIT: Duration = Duration::from_secs(120);

/// What the world does later.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Later {
    Answers(OfferId),
    Refuses(OfferId),
    HangsUp(OfferId),
    GivesUp(CallId),
    Closes(QueueId, UserId),
    ComesBack(UserId),
    Free(UserId),
    Arrives,
    Meddles,
}

/// What the world knows of an agent.
#[derive(Default)]
struct Book {
    rung: Option<OfferId>,
    talks: Option<OfferId>,
    wraps_up: bool,
    left_alone_until: Mono,
    away: bool,
    busy: bool,
}

struct World {
    machine: Queues,
    dice: Dice,
    now: Mono,
    agenda: BTreeSet<(Mono, Later)>,
    configs: BTreeMap<QueueId, QueueConfig>,
    agents: BTreeMap<UserId, Book>,
    /// Who waits where, since when, and for how many an agent is rung.
    lines: BTreeMap<QueueId, BTreeMap<CallId, (Mono, usize)>>,
    wait_in: BTreeMap<CallId, QueueId>,
    callers: u64,
    answered: u64,
    lost: u64,
    ticks: usize,
    /// The sum, over the ticks, of those who waited.
    waited: usize,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut world = Self {
            machine: Queues::default(),
            dice: Dice::new(seed),
            now: Mono(0),
            agenda: BTreeSet::new(),
            configs: BTreeMap::new(),
            agents: (0..AGENTS)
                .map(|user| (UserId(user), Book::default()))
                .collect(),
            lines: BTreeMap::new(),
            wait_in: BTreeMap::new(),
            callers: 0,
            answered: 0,
            lost: 0,
            ticks: 0,
            waited: 0,
        };
        for id in 0..QUEUES {
            let serve = |user: &u32| [0, 3, 7].iter().any(|step| (user + step) % QUEUES == id);
            let agents: Vec<u32> = (0..AGENTS).filter(serve).collect();
            let mut config = queue(id, &agents);
            config.strategy = STRATEGIES[id as usize % STRATEGIES.len()];
            config.ring_time = 8 * SECOND;
            config.max_wait = Some(MAX_WAIT);
            config.max_length = Some(100);
            config.wrap_up = (id % 3) * SECOND;
            config.announce = Some(15 * SECOND);
            config.skip_busy = id % 2 == 0;
            world.configs.insert(QueueId(id), config.clone());
            world.machine.configure(world.now, config);
        }
        for _ in 0..AT_ONCE {
            world.arrive();
        }
        for user in (0..AGENTS).map(UserId) {
            world.machine.reachable(world.now, user, true);
            world.read();
        }
        world.later(MS, Later::Arrives);
        world.later(MS, Later::Meddles);
        world
    }

    fn later(&mut self, after: Duration, what: Later) {
        self.agenda.insert((self.now + after, what));
    }

    fn run(&mut self, until: Mono) {
        let mut tick = self.now + TICK;
        while self.now < until {
            let agenda = self.agenda.first().map(|(at, _)| *at);
            let due = self.machine.next_timeout();
            self.now = [agenda, due].into_iter().flatten().fold(tick, Mono::min);
            if due.is_some_and(|due| due <= self.now) {
                self.machine.handle_timeout(self.now);
                self.read();
                assert!(self.machine.next_timeout().is_none_or(|at| at > self.now));
            }
            while let Some((at, what)) = self.agenda.first().copied()
                && at <= self.now
            {
                self.agenda.remove(&(at, what));
                self.happens(what);
                self.read();
            }
            if self.now >= tick {
                self.nobody_waits_who_could_be_served();
                self.ticks += 1;
                self.waited += self.wait_in.len();
                tick = self.now + TICK;
            }
        }
    }

    fn happens(&mut self, what: Later) {
        let now = self.now;
        match what {
            Later::Arrives => {
                self.arrive();
                self.later(TICK, Later::Arrives);
            }
            Later::Answers(offer) => {
                let stands = self.agents[&offer.agent].rung == Some(offer);
                assert_eq!(self.machine.answered(now, offer), stands);
                if stands {
                    self.answered += 1;
                    self.is_out(offer.caller);
                    let book = self.agents.get_mut(&offer.agent).unwrap();
                    (book.rung, book.talks) = (None, Some(offer));
                    let talk = self.dice.below(10_000) * MS;
                    self.later(2 * SECOND + talk, Later::HangsUp(offer));
                }
            }
            Later::Refuses(offer) => {
                let outcome =
                    self.dice
                        .pick(&[Outcome::Declined, Outcome::Busy, Outcome::Unreachable]);
                if self.agents[&offer.agent].rung == Some(offer) {
                    self.is_rung_no_more(offer, penalty(outcome));
                }
                self.machine.refused(now, offer, outcome);
            }
            Later::HangsUp(offer) => {
                self.agents.get_mut(&offer.agent).unwrap().talks = None;
                self.machine.leave(now, offer.caller);
            }
            Later::GivesUp(caller) => {
                if self.wait_in.contains_key(&caller) {
                    self.is_out(caller);
                    self.machine.leave(now, caller);
                }
            }
            Later::Closes(queue, agent) => {
                self.machine.wrapup_close(now, queue, agent);
            }
            Later::ComesBack(user) => {
                self.agents.get_mut(&user).unwrap().away = false;
                self.machine.reachable(now, user, true);
            }
            Later::Free(user) => {
                self.agents.get_mut(&user).unwrap().busy = false;
                self.machine.busy(now, user, false);
            }
            Later::Meddles => {
                self.meddle();
                self.later(500 * MS, Later::Meddles);
            }
        }
    }

    fn arrive(&mut self) {
        let (queue, caller) = (QueueId(self.dice.below(QUEUES)), CallId(self.callers));
        self.callers += 1;
        // He is in line before anything that the machine says of him is read.
        self.lines
            .entry(queue)
            .or_default()
            .insert(caller, (self.now, 0));
        self.wait_in.insert(caller, queue);
        if self.machine.enter(self.now, queue, caller).is_err() {
            self.is_out(caller);
        }
        if self.dice.one_in(4) {
            let patience = self.dice.below(90) * SECOND;
            self.later(patience, Later::GivesUp(caller));
        }
        self.read();
    }

    /// Somebody administers, a phone loses its network, an agent makes a call of his own.
    fn meddle(&mut self) {
        let (now, user) = (self.now, UserId(self.dice.below(AGENTS)));
        match self.dice.below(4) {
            0 => {
                self.agents.get_mut(&user).unwrap().away = true;
                self.machine.reachable(now, user, false);
                let away = self.dice.below(20) * SECOND;
                self.later(away, Later::ComesBack(user));
            }
            1 => {
                self.agents.get_mut(&user).unwrap().busy = true;
                self.machine.busy(now, user, true);
                let busy = self.dice.below(20) * SECOND;
                self.later(busy, Later::Free(user));
            }
            2 => {
                let id = QueueId(self.dice.below(QUEUES));
                let config = self.configs.get_mut(&id).unwrap();
                let at = self.dice.below(u32::try_from(config.agents.len()).unwrap()) as usize;
                // Never all of them, or the queue would be empty at once.
                config.agents.rotate_left(1);
                config.agents[at].1 ^= at.is_multiple_of(4);
                config.wrap_up = self.dice.below(3) * SECOND;
                self.machine.configure(now, config.clone());
            }
            _ => {
                if self.dice.one_in(100) {
                    let id = QueueId(self.dice.below(QUEUES));
                    self.machine.remove(now, id);
                    self.read();
                    self.machine.configure(now, self.configs[&id].clone());
                }
            }
        }
    }

    fn read(&mut self) {
        while let Some(output) = self.machine.poll_output() {
            match output {
                QueueOutput::Offer {
                    offer,
                    queue,
                    ring_time,
                } => self.rings(offer, queue, ring_time),
                QueueOutput::Withdraw { offer } => {
                    assert_eq!(self.agents[&offer.agent].rung, Some(offer));
                    // Known only to the machine: whether its watchdog did this.
                    let agent = self.machine.activity(offer.agent);
                    let alone = if matches!(agent, Some(Activity::Penalty { .. })) {
                        self.lost += 1;
                        penalty(Outcome::NoAnswer)
                    } else {
                        Duration::ZERO
                    };
                    self.is_rung_no_more(offer, alone);
                }
                QueueOutput::Leave { caller, .. } => self.is_out(caller),
                QueueOutput::Announce { caller, position } => {
                    let line = &self.lines[&self.wait_in[&caller]];
                    assert!(position >= 1 && position as usize <= line.len() + 1);
                }
                QueueOutput::Wrapup {
                    queue,
                    agent,
                    action,
                    ..
                } => {
                    let open = action == WrapupAction::Open;
                    self.agents.get_mut(&agent).unwrap().wraps_up = open;
                    if open && self.dice.one_in(3) {
                        self.later(700 * MS, Later::Closes(queue, agent));
                    }
                }
            }
        }
    }

    fn rings(&mut self, offer: OfferId, queue: QueueId, ring_time: Duration) {
        let book = &self.agents[&offer.agent];
        assert_eq!(
            (book.rung, book.talks),
            (None, None),
            "one agent, two callers"
        );
        assert!(!book.wraps_up && !book.away && self.now >= book.left_alone_until);
        let config = &self.configs[&queue];
        assert!(!(config.skip_busy && book.busy));
        assert!(config.agents.contains(&(offer.agent, true)));
        self.agents.get_mut(&offer.agent).unwrap().rung = Some(offer);
        self.lines
            .get_mut(&queue)
            .unwrap()
            .get_mut(&offer.caller)
            .unwrap()
            .1 += 1;
        let after = self.dice.below(3_000) * MS;
        match self.dice.below(50) {
            0..44 => self.later(after, Later::Answers(offer)),
            44..48 => self.later(after, Later::Refuses(offer)),
            // Answers just when the time is up, or after that.
            48 => {
                let late = self.dice.below(10) * SECOND;
                self.later(ring_time + late, Later::Answers(offer));
            }
            // Nothing is ever heard of this one.
            _ => {}
        }
    }

    fn is_rung_no_more(&mut self, offer: OfferId, alone: Duration) {
        let book = self.agents.get_mut(&offer.agent).unwrap();
        book.rung = None;
        book.left_alone_until = self.now + alone;
        if let Some(queue) = self.wait_in.get(&offer.caller) {
            self.lines
                .get_mut(queue)
                .unwrap()
                .get_mut(&offer.caller)
                .unwrap()
                .1 -= 1;
        }
    }

    fn is_out(&mut self, caller: CallId) {
        if let Some(queue) = self.wait_in.remove(&caller) {
            self.lines.get_mut(&queue).unwrap().remove(&caller);
        }
    }

    fn nobody_waits_who_could_be_served(&self) {
        for (id, line) in &self.lines {
            let config = &self.configs[id];
            for (since, _) in line.values() {
                assert!(self.now - *since <= MAX_WAIT, "a caller is stuck");
            }
            let to_offer = match config.strategy {
                QueueStrategy::All => !line.is_empty(),
                QueueStrategy::FewestCalls
                | QueueStrategy::InOrder
                | QueueStrategy::LeastRecent
                | QueueStrategy::RoundRobin => line.values().any(|(_, offers)| *offers == 0),
            };
            if !to_offer {
                continue;
            }
            for (user, logged_in) in &config.agents {
                let book = &self.agents[user];
                let free = *logged_in
                    && book.rung.is_none()
                    && book.talks.is_none()
                    && !(book.wraps_up || book.away)
                    && !(config.skip_busy && book.busy)
                    && self.now > book.left_alone_until;
                assert!(!free, "{user} is free, yet somebody waits in {id}");
            }
        }
    }

    /// Nobody comes any more: everybody is served or gives up, and no agent is left in anything.
    fn close(&mut self) {
        self.agenda
            .retain(|(_, what)| !matches!(what, Later::Arrives | Later::Meddles));
        self.run(self.now + MAX_WAIT + 60 * SECOND);
        assert!(self.wait_in.is_empty() && self.machine.callers.is_empty());
        assert_eq!(self.machine.next_timeout(), None);
        for (user, agent) in self.machine.agents.iter() {
            assert_eq!(agent.activity, Activity::Idle, "{user} is stuck");
        }
        self.machine.check_invariants();
    }
}

#[test]
fn no_agent_idles_and_nobody_is_stuck_in_ten_minutes_of_20_calls_a_second() {
    // Each seed takes seconds without optimization.
    let seeds = if cfg!(debug_assertions) { 2 } else { 100 };
    for seed in 0..seeds {
        let mut world = World::new(seed);
        world.run(Mono(0) + 600 * SECOND);
        let waiting = world.waited / world.ticks;
        assert!(world.callers >= u64::from(AT_ONCE) + 11_990, "seed {seed}");
        assert!(waiting > 400, "seed {seed}: {waiting} wait");
        assert!(world.answered > 10_000 && world.lost > 100, "seed {seed}");
        world.close();
    }
}
