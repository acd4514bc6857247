//! What must hold after every input.

use std::collections::BTreeSet;

use offhook_base::{Mono, UserId};

use super::Queues;
use super::agents::Activity;
use super::callers::Caller;
use super::timers::Timer;

impl Queues {
    /// Checks a small machine after every input, a large one so often that it costs each input a constant.
    pub(super) fn check_now_and_then(&mut self) {
        self.unchecked += 1;
        let size = self.callers.len() + self.agents.len();
        if size <= 64 || self.unchecked > size {
            self.unchecked = 0;
            self.check_invariants();
        }
    }

    /// Panics when what is noted is not what is.
    pub(super) fn check_invariants(&self) {
        assert!(self.ready.is_empty(), "all that could be offered is");
        let mut timers = BTreeSet::new();
        self.check_agents(&mut timers);
        self.check_callers(&mut timers);
        assert_eq!(
            self.timers.iter().map(|(at, ())| at).collect::<Vec<_>>(),
            timers.into_iter().collect::<Vec<_>>()
        );
        self.check_queues();
    }

    fn check_agents(&self, timers: &mut BTreeSet<(Mono, Timer)>) {
        for (user, agent) in self.agents.iter() {
            assert!(!agent.is_nobody());
            timers.extend(agent.activity.timer(user));
            for (id, ()) in agent.queues.iter() {
                assert!(self.queues.get(id).expect("listed").members.contains(user));
            }
            match agent.activity {
                Activity::Idle | Activity::Penalty { .. } => {}
                Activity::Offered { offer, queue, .. } => {
                    let Some(Caller::Waiting(waiting)) = self.callers.get(offer.caller) else {
                        panic!("{user} is rung for nobody");
                    };
                    assert_eq!(waiting.offers.get(user), Some(&offer));
                    assert_eq!(waiting.queue, queue);
                    let queue = self.queues.get(queue).expect("the queue of an offer");
                    assert!(queue.members.get(user).expect("a member").logged_in);
                }
                Activity::Talking { offer, .. } => assert!(
                    matches!(self.callers.get(offer.caller), Some(Caller::Talking(talking)) if *talking == offer),
                    "{user} talks to nobody"
                ),
                Activity::WrapUp { queue, .. } => assert!(agent.queues.contains(queue)),
            }
        }
    }

    fn check_callers(&self, timers: &mut BTreeSet<(Mono, Timer)>) {
        for (caller, state) in self.callers.iter() {
            match state {
                Caller::Talking(offer) => {
                    assert_eq!(offer.caller, caller);
                    assert!(matches!(
                        self.activity(offer.agent),
                        Some(Activity::Talking { offer: talking, .. }) if talking == *offer
                    ));
                }
                Caller::Waiting(waiting) => {
                    timers.extend(waiting.max_wait.map(|at| (at, Timer::MaxWait(caller))));
                    timers.extend(waiting.announce.map(|at| (at, Timer::Announce(caller))));
                    let queue = self.queues.get(waiting.queue).expect("the queue he is in");
                    assert!(queue.line.contains(waiting.ticket));
                    assert_eq!(
                        queue.open.contains(waiting.ticket),
                        waiting.offers.is_empty()
                    );
                    for (agent, offer) in waiting.offers.iter() {
                        assert_eq!((offer.caller, offer.agent), (caller, agent));
                        assert_eq!(self.offered_by(*offer), Some(waiting.queue));
                    }
                }
            }
        }
    }

    fn check_queues(&self) {
        let waiting = self
            .callers
            .iter()
            .filter(|(_, caller)| matches!(caller, Caller::Waiting(_)))
            .count();
        let mut in_line = 0;
        for (id, queue) in self.queues.iter() {
            in_line += queue.line.len();
            assert!(queue.open.len() <= queue.line.len());
            assert_eq!(queue.ready, None);
            assert!(queue.line.is_empty() || queue.logged_in > 0);
            let mut free: Vec<UserId> = Vec::new();
            for (user, member) in queue.members.iter() {
                let agent = self.agents.get(user).expect("a member is an agent");
                assert!(agent.queues.contains(id));
                let is = member.logged_in && agent.is_free(queue.config.skip_busy);
                assert_eq!(member.listed.is_some(), is, "{user} in {id}");
                if let Some(rank) = member.listed {
                    assert!(queue.free.holds(rank, user));
                    free.push(user);
                }
            }
            assert_eq!(queue.free.len(), free.len());
            assert_eq!(
                queue.logged_in,
                queue
                    .members
                    .iter()
                    .filter(|(_, member)| member.logged_in)
                    .count()
            );
        }
        assert_eq!(waiting, in_line);
    }
}
