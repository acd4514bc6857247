//! The queues of a node: who waits, which agent is rung for which caller, announcements, time after a call.
//!
//! One machine for all queues, because an agent who serves three of them is still one person. It refuses to know
//! SIP, legs and calls: a caller is the id of his root call, an agent is a user.
//!
//! ```text
//!      an agent, one state for all his queues               a caller
//!
//!                +---------+                                   |
//!    +---------->|  Idle   |<-----------+                      | enter, or refused:
//!    |           +---------+            |                      | no queue, no agents, full
//!    |     Offer |         ^ Withdraw   | over                 v
//!    |           v         |            |               +-------------+ max wait, no agents,
//!    |           +---------+  refused,  |               |   Waiting   | removed: Leave
//!    |           | Offered |--lost--> +---------+       | 0 … n rung  |----------------------> gone
//!    |           +---------+          | Penalty |       +-------------+ leave
//!    |                | answered      +---------+         |    Offer: one more is rung;
//!    | call over,     v                                   |    refused, lost, logged out: one less
//!    | no wrap-up +---------+                             |
//!    +------------| Talking |                             | answered: Withdraw from the others
//!    |            +---------+                             v
//!    |                | call over: Open                 +-------------+ call over, leave
//!    | Timeout,       v                                 |   Talking   |----------------------> gone
//!    | Close      +--------+                            +-------------+
//!    +------------| WrapUp |
//!                 +--------+
//! ```
//!
//! An offer is lost when nothing is heard of it for a while after its ring time. Time after a call is given by the
//! queue whose call it was. An agent is free for a queue while he is Idle, logged in there, reachable, no phone of his
//! still rings for a call that was taken back and, where the queue skips busy agents, he is in no other call.
//!
//! After every input one rule is applied until it applies no more: **of the queues that have both a caller to offer
//! and a free agent, the one whose caller has waited longest offers him to the agent whose turn it is**. The queues
//! concerned are kept sorted by their next caller (`ready`), the free agents of each by its strategy, so a decision
//! costs O(log n) for each queue that the agent serves, and nothing looks through callers or agents.

mod agents;
mod callers;
mod configure;
mod interface;
mod ordered;
mod roster;
mod strategy;
mod timers;
mod waiting;

#[cfg(test)]
mod invariants;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use offhook_base::{CallId, Mono, QueueId, UserId};

use agents::{Activity, Agent, WATCHDOG, penalty};
use callers::{Caller, Waiting};
pub(crate) use interface::{LeaveReason, OfferId, Outcome, QueueOutput, Refused, WrapupAction};
use ordered::Ordered;
use roster::{Queue, Ready};
use timers::Timer;
use waiting::Ticket;

use crate::command::{AgentState, QueueLive};

/// All queues of a node.
#[derive(Debug, Default)]
pub(crate) struct Queues {
    queues: Ordered<QueueId, Queue>,
    agents: Ordered<UserId, Agent>,
    callers: Ordered<CallId, Caller>,
    ready: Ready,
    timers: Ordered<(Mono, Timer)>,
    /// The last ticket given.
    tickets: u64,
    /// The last offer's number.
    offers: u64,
    outputs: VecDeque<QueueOutput>,
    #[cfg(test)]
    unchecked: usize,
}

impl Queues {
    /// Lets a caller into a queue. One who waits elsewhere, or talks to an agent, is out of that with it; one who is
    /// refused stays where he was.
    ///
    /// # Errors
    ///
    /// When the queue does not take him.
    pub(crate) fn enter(
        &mut self,
        now: Mono,
        queue: QueueId,
        caller: CallId,
    ) -> Result<(), Refused> {
        if let Some(Caller::Waiting(waiting)) = self.callers.get(caller)
            && waiting.queue == queue
        {
            return Ok(());
        }
        let to = self.queues.get(queue).ok_or(Refused::NoQueue)?;
        if to.logged_in == 0 {
            return Err(Refused::NoAgents);
        }
        if let Some(most) = to.config.max_length
            && usize::try_from(most).is_ok_and(|most| to.line.len() >= most)
        {
            return Err(Refused::Full(most));
        }
        self.forget(now, caller);
        self.put_in(now, queue, caller);
        self.settle(now);
        self.announce_unless_rung(caller);
        Ok(())
    }

    /// A caller is gone, whatever he did here: hung up, was transferred away, or vanished. Gives the agent who talked
    /// to him and has no time after that.
    pub(crate) fn leave(&mut self, now: Mono, caller: CallId) -> Option<UserId> {
        let talked = match self.callers.get(caller) {
            Some(Caller::Talking(offer)) => Some(offer.agent),
            Some(Caller::Waiting(_)) | None => None,
        };
        self.forget(now, caller);
        let has_time =
            |agent: UserId| matches!(self.activity(agent), Some(Activity::WrapUp { .. }));
        let done = talked.filter(|agent| !has_time(*agent));
        self.settle(now);
        done
    }

    /// The agent's phone answered. False when the offer was withdrawn: the caller is not his, his leg is to end.
    #[must_use]
    pub(crate) fn answered(&mut self, now: Mono, offer: OfferId) -> bool {
        let Some(queue) = self.offered_by(offer) else {
            return false;
        };
        if let Some(Caller::Waiting(waiting)) = self.callers.get_mut(offer.caller) {
            waiting.offers.remove(offer.agent);
        }
        self.take_out(offer.caller);
        self.callers.insert(offer.caller, Caller::Talking(offer));
        if let Some(member) = self
            .queues
            .get_mut(queue)
            .and_then(|queue| queue.members.get_mut(offer.agent))
        {
            member.answered += 1;
        }
        self.set_activity(offer.agent, Activity::Talking { offer, queue });
        self.settle(now);
        true
    }

    /// The agent's phone did not answer, or the attempt never came so far. Nothing happens when the offer was
    /// withdrawn.
    pub(crate) fn refused(&mut self, now: Mono, offer: OfferId, outcome: Outcome) {
        if self.offered_by(offer).is_none() {
            return;
        }
        self.end_offer(now, offer, outcome);
        self.settle(now);
    }

    /// An agent ends his time after a call of this queue. False when he has none.
    pub(crate) fn wrapup_close(&mut self, now: Mono, queue: QueueId, agent: UserId) -> bool {
        let closed = self.end_wrapup(agent, Some(queue), WrapupAction::Close);
        self.settle(now);
        closed
    }

    /// Whether it matters if a user is busy: he serves a queue, or counts as busy since he did.
    pub(crate) fn minds(&self, user: UserId) -> bool {
        let agent = self.agents.get(user);
        agent.is_some_and(|agent| agent.busy || !agent.queues.is_empty())
    }

    /// Whether a user is in any call that no queue gave him. It is a level: what was said last holds.
    pub(crate) fn busy(&mut self, now: Mono, user: UserId, busy: bool) {
        self.agents.entry_or_default(user).busy = busy;
        self.relist(user);
        self.settle(now);
    }

    /// Whether any phone of a user can be rung. It is a level: what was said last holds. Ringing, talking and time
    /// after a call go on without it.
    pub(crate) fn reachable(&mut self, now: Mono, user: UserId, reachable: bool) {
        self.agents.entry_or_default(user).reachable = reachable;
        self.relist(user);
        self.settle(now);
    }

    /// Whether a phone of a user may still ring for a call that was taken back: its CANCEL waits for a sign of life, or
    /// its end is not known yet. It is a level: what was said last holds. Meanwhile he is offered nothing, and an offer
    /// that the owner has to take back for it costs him no time.
    pub(crate) fn still_rings(&mut self, now: Mono, user: UserId, rings: bool) {
        self.agents.entry_or_default(user).still_rings = rings;
        self.relist(user);
        self.settle(now);
    }

    /// What is to be done next; to be called until there is nothing more after every input.
    pub(crate) fn poll_output(&mut self) -> Option<QueueOutput> {
        self.outputs.pop_front()
    }

    /// A queue at this moment. It looks at every agent of the queue: for people, not for decisions.
    pub(crate) fn queue_live(&self, now: Mono, queue: QueueId) -> Option<QueueLive> {
        let queue = self.queues.get(queue)?;
        let first = queue
            .line
            .first()
            .and_then(|(_, caller)| self.callers.get(caller));
        let longest_wait = match first {
            Some(Caller::Waiting(waiting)) => now - waiting.entered,
            Some(Caller::Talking(_)) | None => Duration::ZERO,
        };
        let mut agents: Vec<_> = queue
            .members
            .iter()
            .map(|(user, member)| {
                let state = match self.agents.get(user) {
                    Some(agent) if member.logged_in => agent.shown(),
                    Some(_) | None => AgentState::LoggedOut,
                };
                (member.order, user, state)
            })
            .collect();
        agents.sort_unstable_by_key(|(order, _, _)| *order);
        Some(QueueLive {
            waiting: u32::try_from(queue.line.len()).unwrap_or(u32::MAX),
            longest_wait,
            agents: agents
                .into_iter()
                .map(|(_, user, state)| (user, state))
                .collect(),
        })
    }

    /// Applies the rule at the head of this file until it applies no more.
    fn settle(&mut self, now: Mono) {
        while let Some(((ticket, queue), ())) = self.ready.first() {
            if !self.offer_next(now, queue) {
                debug_assert!(false, "a ready queue has a caller and an agent");
                self.ready.remove((ticket, queue));
            }
        }
        #[cfg(test)]
        self.check_now_and_then();
    }

    fn offer_next(&mut self, now: Mono, id: QueueId) -> bool {
        let Some(queue) = self.queues.get_mut(id) else {
            return false;
        };
        let strategy = queue.config.strategy;
        let (Some((ticket, caller)), Some(agent)) = (queue.head(), queue.free.next(strategy))
        else {
            return false;
        };
        let Some(Caller::Waiting(waiting)) = self.callers.get_mut(caller) else {
            return false;
        };
        self.offers += 1;
        let offer = OfferId {
            caller,
            agent,
            no: self.offers,
        };
        waiting.offers.insert(agent, offer);
        queue.open.remove(ticket);
        if let Some(member) = queue.members.get(agent) {
            queue.free.offered(member.order);
        }
        let ring_time = queue.config.ring_time;
        self.set_activity(
            agent,
            Activity::Offered {
                offer,
                queue: id,
                until: now + ring_time + WATCHDOG,
            },
        );
        self.refresh(id);
        self.outputs.push_back(QueueOutput::Offer {
            offer,
            queue: id,
            ring_time,
        });
        true
    }

    fn put_in(&mut self, now: Mono, id: QueueId, caller: CallId) {
        let Some(queue) = self.queues.get_mut(id) else {
            return;
        };
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        queue.line.push(ticket, caller);
        queue.open.insert(ticket, caller);
        self.callers.insert(
            caller,
            Caller::Waiting(Waiting {
                queue: id,
                ticket,
                entered: now,
                max_wait: None,
                announce: None,
                offers: Ordered::default(),
            }),
        );
        self.arm_max_wait(caller);
        self.arm_announce(now, caller);
        self.refresh(id);
    }

    /// Ends all that a caller does here.
    fn forget(&mut self, now: Mono, caller: CallId) {
        match self.callers.get(caller) {
            Some(Caller::Waiting(_)) => self.take_out(caller),
            Some(Caller::Talking(offer)) => {
                let offer = *offer;
                self.callers.remove(caller);
                self.end_talk(now, offer);
            }
            None => {}
        }
    }

    /// Takes a caller out of his line and ends the ringing for him; whoever is rung is free again.
    fn take_out(&mut self, caller: CallId) {
        let Some(Caller::Waiting(waiting)) = self.callers.remove(caller) else {
            return;
        };
        if let Some(at) = waiting.max_wait {
            self.timers.remove((at, Timer::MaxWait(caller)));
        }
        if let Some(at) = waiting.announce {
            self.timers.remove((at, Timer::Announce(caller)));
        }
        for (agent, offer) in waiting.offers.iter() {
            self.outputs
                .push_back(QueueOutput::Withdraw { offer: *offer });
            self.set_activity(agent, Activity::Idle);
        }
        if let Some(queue) = self.queues.get_mut(waiting.queue) {
            queue.line.remove(waiting.ticket);
            queue.open.remove(waiting.ticket);
            queue.refresh(&mut self.ready);
        }
    }

    fn send_away(&mut self, caller: CallId, why: LeaveReason) {
        self.take_out(caller);
        self.outputs.push_back(QueueOutput::Leave { caller, why });
    }

    /// The queue of an offer that stands.
    fn offered_by(&self, offer: OfferId) -> Option<QueueId> {
        match self.activity(offer.agent)? {
            Activity::Offered {
                offer: stands,
                queue,
                ..
            } if stands == offer => Some(queue),
            Activity::Offered { .. }
            | Activity::Idle
            | Activity::Penalty { .. }
            | Activity::Talking { .. }
            | Activity::WrapUp { .. } => None,
        }
    }

    /// The agent is left alone for a while, the caller goes to the next.
    fn end_offer(&mut self, now: Mono, offer: OfferId, outcome: Outcome) {
        self.reopen(offer);
        let still_rings = |agent: &Agent| agent.still_rings;
        let waits =
            outcome == Outcome::Cancelled && self.agents.get(offer.agent).is_some_and(still_rings);
        let activity = if waits {
            Activity::Idle
        } else {
            Activity::Penalty {
                until: now + penalty(outcome),
            }
        };
        self.set_activity(offer.agent, activity);
    }

    /// Takes an offer off its caller, who can be offered again once nobody is rung for him.
    fn reopen(&mut self, offer: OfferId) {
        let Some(Caller::Waiting(waiting)) = self.callers.get_mut(offer.caller) else {
            return;
        };
        waiting.offers.remove(offer.agent);
        if waiting.offers.is_empty()
            && let Some(queue) = self.queues.get_mut(waiting.queue)
        {
            queue.open.insert(waiting.ticket, offer.caller);
            queue.refresh(&mut self.ready);
        }
    }

    /// The agent's call is over. There is time after it if its queue gives some and lists him still.
    fn end_talk(&mut self, now: Mono, offer: OfferId) {
        let Some(Activity::Talking { queue, .. }) = self.activity(offer.agent) else {
            return;
        };
        let wrap_up = self
            .queues
            .get(queue)
            .filter(|queue| queue.members.contains(offer.agent))
            .map_or(Duration::ZERO, |queue| queue.config.wrap_up);
        if let Some(agent) = self.agents.get_mut(offer.agent) {
            agent.last_end = Some(now);
        }
        if wrap_up.is_zero() {
            self.set_activity(offer.agent, Activity::Idle);
            return;
        }
        self.set_activity(
            offer.agent,
            Activity::WrapUp {
                queue,
                caller: offer.caller,
                until: now + wrap_up,
            },
        );
        self.outputs.push_back(QueueOutput::Wrapup {
            queue,
            agent: offer.agent,
            caller: offer.caller,
            action: WrapupAction::Open,
        });
    }

    /// Ends an agent's time after a call, of this queue or of any. False when he has none.
    fn end_wrapup(&mut self, user: UserId, of: Option<QueueId>, action: WrapupAction) -> bool {
        let Some(Activity::WrapUp { queue, caller, .. }) = self.activity(user) else {
            return false;
        };
        if of.is_some_and(|of| of != queue) {
            return false;
        }
        self.outputs.push_back(QueueOutput::Wrapup {
            queue,
            agent: user,
            caller,
            action,
        });
        self.set_activity(user, Activity::Idle);
        true
    }

    fn activity(&self, user: UserId) -> Option<Activity> {
        self.agents.get(user).map(|agent| agent.activity)
    }

    /// Every change of what an agent does goes through here: its timer and his place among the free ones of all his
    /// queues follow.
    fn set_activity(&mut self, user: UserId, activity: Activity) {
        let Some(agent) = self.agents.get_mut(user) else {
            return;
        };
        let before = std::mem::replace(&mut agent.activity, activity);
        if let Some(timer) = before.timer(user) {
            self.timers.remove(timer);
        }
        if let Some(timer) = activity.timer(user) {
            self.timers.insert(timer, ());
        }
        self.relist(user);
    }

    /// Puts an agent where he belongs in each of his queues, and forgets who is nobody.
    fn relist(&mut self, user: UserId) {
        let Some(agent) = self.agents.get(user) else {
            return;
        };
        for (id, ()) in agent.queues.iter() {
            if let Some(queue) = self.queues.get_mut(id) {
                queue.list(user, agent);
                queue.refresh(&mut self.ready);
            }
        }
        if agent.is_nobody() {
            self.agents.remove(user);
        }
    }

    fn refresh(&mut self, id: QueueId) {
        if let Some(queue) = self.queues.get_mut(id) {
            queue.refresh(&mut self.ready);
        }
    }
}
