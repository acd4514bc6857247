//! Changes of the configuration while callers wait and agents talk: callers, counts and turns stay.

use offhook_base::{CallId, Mono, QueueId, UserId};

use super::Queues;
use super::agents::Activity;
use super::interface::{LeaveReason, QueueOutput, WrapupAction};
use super::roster::Queue;
use crate::directory::QueueConfig;

impl Queues {
    /// Adds a queue, or changes it. Whoever is rung and was logged out or removed by it is rung no longer; whoever is
    /// in a call stays in it.
    pub(crate) fn configure(&mut self, now: Mono, config: QueueConfig) {
        let id = config.id;
        let mut gone = Vec::new();
        let (mut max_wait_changed, mut announce_changed) = (false, false);
        if let Some(queue) = self.queues.get_mut(id) {
            max_wait_changed = queue.config.max_wait != config.max_wait;
            announce_changed = queue.config.announce != config.announce;
            gone.extend(queue.members.iter().map(|(user, _)| user));
            queue.change(config);
            gone.retain(|user| !queue.members.contains(*user));
        } else {
            self.queues.insert(id, Queue::new(config));
        }
        for user in gone {
            self.strike(id, user);
        }
        for user in self.members(id) {
            let agent = self.agents.entry_or_default(user);
            agent.queues.insert(id, ());
            self.relist(user);
            self.withdraw_if_logged_out(id, user);
        }
        self.refresh(id);
        for caller in self.callers_of(id) {
            if max_wait_changed {
                self.arm_max_wait(caller);
            }
            if announce_changed {
                self.arm_announce(now, caller);
            }
        }
        if self
            .queues
            .get(id)
            .is_some_and(|queue| queue.logged_in == 0)
        {
            self.send_all_away(id, LeaveReason::NoAgents);
        }
        self.settle(now);
    }

    /// Removes a queue: its callers are sent away. Its agents' calls go on, without time after them.
    pub(crate) fn remove(&mut self, now: Mono, id: QueueId) {
        self.send_all_away(id, LeaveReason::Removed);
        let members = self.members(id);
        if let Some(ticket) = self.queues.remove(id).and_then(|queue| queue.ready) {
            self.ready.remove((ticket, id));
        }
        for user in members {
            self.strike(id, user);
        }
        self.settle(now);
    }

    /// Takes a user off what he does as an agent of a queue that lists him no more.
    fn strike(&mut self, id: QueueId, user: UserId) {
        if let Some(agent) = self.agents.get_mut(user) {
            agent.queues.remove(id);
        }
        self.withdraw_if_logged_out(id, user);
        self.end_wrapup(user, Some(id), WrapupAction::Close);
        self.relist(user);
    }

    fn withdraw_if_logged_out(&mut self, id: QueueId, user: UserId) {
        let logged_in = self
            .queues
            .get(id)
            .and_then(|queue| queue.members.get(user))
            .is_some_and(|member| member.logged_in);
        if !logged_in
            && let Some(Activity::Offered { offer, queue, .. }) = self.activity(user)
            && queue == id
        {
            self.outputs.push_back(QueueOutput::Withdraw { offer });
            self.reopen(offer);
            self.set_activity(user, Activity::Idle);
        }
    }

    fn send_all_away(&mut self, id: QueueId, why: LeaveReason) {
        for caller in self.callers_of(id) {
            self.send_away(caller, why);
        }
    }

    fn members(&self, id: QueueId) -> Vec<UserId> {
        self.queues
            .get(id)
            .map(|queue| queue.members.iter().map(|(user, _)| user).collect())
            .unwrap_or_default()
    }

    fn callers_of(&self, id: QueueId) -> Vec<CallId> {
        self.queues
            .get(id)
            .map(|queue| queue.line.iter().map(|(_, caller)| caller).collect())
            .unwrap_or_default()
    }
}
