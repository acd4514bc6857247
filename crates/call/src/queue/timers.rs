//! What happens by itself, and when: one sorted set of deadlines for all agents and callers. Whoever sets a deadline
//! keeps it too, so that it can be taken out again.

use offhook_base::{CallId, Mono, UserId};

use super::Queues;
use super::agents::Activity;
use super::callers::Caller;
use super::interface::{LeaveReason, Outcome, QueueOutput, WrapupAction};
use super::roster::Queue;

/// What happens by itself. Of what is due at the same time, callers are sent away before anybody's place is told.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Timer {
    /// An offer counts as lost.
    Offer(UserId),
    /// An agent may be tried again.
    Penalty(UserId),
    /// An agent's time after a call runs out.
    WrapUp(UserId),
    /// A caller has waited as long as one may.
    MaxWait(CallId),
    /// A caller is told his place.
    Announce(CallId),
}

impl Queues {
    /// Does what is due.
    pub(crate) fn handle_timeout(&mut self, now: Mono) {
        while let Some((due, ())) = self.timers.first()
            && due.0 <= now
        {
            self.timers.remove(due);
            self.fire(now, due.1);
        }
        self.settle(now);
    }

    /// When there is next something to do.
    pub(crate) fn next_timeout(&self) -> Option<Mono> {
        self.timers.first().map(|((at, _), ())| at)
    }

    fn fire(&mut self, now: Mono, timer: Timer) {
        match timer {
            Timer::Offer(agent) => {
                if let Some(Activity::Offered { offer, .. }) = self.activity(agent) {
                    self.outputs.push_back(QueueOutput::Withdraw { offer });
                    self.end_offer(now, offer, Outcome::NoAnswer);
                }
            }
            Timer::Penalty(agent) => self.set_activity(agent, Activity::Idle),
            Timer::WrapUp(agent) => {
                self.end_wrapup(agent, None, WrapupAction::Timeout);
            }
            Timer::MaxWait(caller) => self.send_away(caller, LeaveReason::MaxWait),
            Timer::Announce(caller) => {
                self.announce(caller);
                self.arm_announce(now, caller);
            }
        }
    }

    pub(super) fn arm_max_wait(&mut self, caller: CallId) {
        let Some(Caller::Waiting(waiting)) = self.callers.get_mut(caller) else {
            return;
        };
        let entered = waiting.entered;
        let at = self
            .queues
            .get(waiting.queue)
            .and_then(|queue| queue.config.max_wait)
            .map(|most| entered + most);
        if let Some(at) = std::mem::replace(&mut waiting.max_wait, at) {
            self.timers.remove((at, Timer::MaxWait(caller)));
        }
        if let Some(at) = at {
            self.timers.insert((at, Timer::MaxWait(caller)), ());
        }
    }

    pub(super) fn arm_announce(&mut self, now: Mono, caller: CallId) {
        let Some(Caller::Waiting(waiting)) = self.callers.get_mut(caller) else {
            return;
        };
        let at = self
            .queues
            .get(waiting.queue)
            .and_then(Queue::announce)
            .map(|every| now + every);
        if let Some(at) = std::mem::replace(&mut waiting.announce, at) {
            self.timers.remove((at, Timer::Announce(caller)));
        }
        if let Some(at) = at {
            self.timers.insert((at, Timer::Announce(caller)), ());
        }
    }

    /// Tells a caller his place on entry, unless an agent is rung for him at once.
    pub(super) fn announce_unless_rung(&mut self, caller: CallId) {
        if let Some(Caller::Waiting(waiting)) = self.callers.get(caller)
            && waiting.offers.is_empty()
            && waiting.announce.is_some()
        {
            self.announce(caller);
        }
    }

    fn announce(&mut self, caller: CallId) {
        let Some(Caller::Waiting(waiting)) = self.callers.get(caller) else {
            return;
        };
        let position = self
            .queues
            .get(waiting.queue)
            .and_then(|queue| queue.line.position(waiting.ticket));
        if let Some(position) = position {
            self.outputs
                .push_back(QueueOutput::Announce { caller, position });
        }
    }
}
