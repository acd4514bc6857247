//! The rules, by name.

use super::*;

mod agents;
mod callers;
mod changes;
mod strategies;

/// A machine, a clock, and words for what happens.
struct Desk {
    queues: Queues,
    now: Mono,
}

const Q: QueueId = QueueId(1);
const ANN: UserId = UserId(1);
const BOB: UserId = UserId(2);
const CAY: UserId = UserId(3);

impl Desk {
    /// These queues, with all their agents within reach.
    fn new(configs: impl IntoIterator<Item = QueueConfig>) -> Self {
        let mut desk = Self {
            queues: Queues::default(),
            now: Mono(1_000_000_000),
        };
        for config in configs {
            for (user, _) in &config.agents {
                desk.queues.reachable(desk.now, *user, true);
            }
            desk.queues.configure(desk.now, config);
        }
        desk
    }

    fn configure(&mut self, config: QueueConfig) {
        self.queues.configure(self.now, config);
    }

    fn enter(&mut self, queue: QueueId, caller: u64) -> Result<(), Refused> {
        self.queues.enter(self.now, queue, CallId(caller))
    }

    /// Lets one in and gives whom he is offered to.
    fn enters(&mut self, caller: u64) -> Vec<UserId> {
        self.enter(Q, caller).unwrap();
        self.rung_for(caller)
    }

    fn leave(&mut self, caller: u64) {
        self.queues.leave(self.now, CallId(caller));
    }

    /// The offer of this caller to this agent that stands.
    fn offer(&self, caller: u64, agent: UserId) -> OfferId {
        match self.queues.activity(agent) {
            Some(Activity::Offered { offer, .. }) if offer.caller == CallId(caller) => offer,
            other => panic!("{agent} is not rung for {caller}: {other:?}"),
        }
    }

    fn answers(&mut self, caller: u64, agent: UserId) -> OfferId {
        let offer = self.offer(caller, agent);
        assert!(self.queues.answered(self.now, offer));
        offer
    }

    fn refuses(&mut self, caller: u64, agent: UserId, outcome: Outcome) {
        let offer = self.offer(caller, agent);
        self.queues.refused(self.now, offer, outcome);
    }

    /// An answered call from beginning to end.
    fn serves(&mut self, caller: u64, agent: UserId) {
        let offer = self.answers(caller, agent);
        self.queues.leave(self.now, offer.caller);
    }

    /// Lets time pass; all that is due happens when it is due.
    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(at) = self.queues.next_timeout().filter(|at| *at <= until) {
            self.now = at;
            self.queues.handle_timeout(at);
        }
        self.now = until;
    }

    fn rung_for(&self, caller: u64) -> Vec<UserId> {
        match self.queues.callers.get(CallId(caller)) {
            Some(Caller::Waiting(waiting)) => waiting.offers.iter().map(|(user, _)| user).collect(),
            Some(Caller::Talking(_)) | None => Vec::new(),
        }
    }

    fn state(&self, queue: QueueId, user: UserId) -> AgentState {
        let live = self.queues.queue_live(self.now, queue).unwrap();
        let agent = live.agents.iter().find(|(agent, _)| *agent == user);
        agent.unwrap().1
    }

    /// What there is to do, in short.
    fn outputs(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.queues.poll_output())
            .map(|output| match output {
                QueueOutput::Announce { caller, position } => format!("{caller} is {position}"),
                QueueOutput::Leave { caller, why } => format!("{caller} out {why:?}"),
                QueueOutput::Offer { offer, .. } => format!("{} to {}", offer.caller, offer.agent),
                QueueOutput::Withdraw { offer } => {
                    format!("{} not to {}", offer.caller, offer.agent)
                }
                QueueOutput::Wrapup {
                    agent,
                    caller,
                    action,
                    ..
                } => format!("{agent} after {caller} {action:?}"),
            })
            .collect()
    }
}
