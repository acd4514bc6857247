//! Between the queues and the conversations: what the queues decide reaches the caller's phase, and what a user is busy
//! with reaches the queues.

use std::collections::BTreeMap;

use offhook_base::{CallId, Now, PhoneId, QueueId, UserId};
use offhook_sip_core::{Binding, LegId};

use super::{Action, Entry, Pbx};
use crate::command::{ApiAnswer, ApiRefusal, ApiReply};
use crate::phase::{Input, Phase, QueueNews};
use crate::queue::{OfferId, Outcome, QueueOutput, WrapupAction};

/// What is remembered between two looks at the queues.
#[derive(Debug, Default)]
pub(super) struct QueueDesk {
    /// The outputs are being dealt with: what comes of them is dealt with in the same loop.
    draining: bool,
    /// In how many conversations each user is.
    calls: BTreeMap<UserId, u32>,
    /// Legs that were cancelled and whose end is not known: the phones of these users may still ring.
    cancelled: BTreeMap<LegId, UserId>,
    /// How many phones of each user are not quiet: legs that were cancelled, and those of who transfers.
    not_quiet: BTreeMap<UserId, u32>,
}

impl Pbx {
    /// Deals with everything that the queues have decided, in order.
    pub(super) fn drain_queues(&mut self, now: Now) {
        if self.queues.draining {
            return;
        }
        self.queues.draining = true;
        while let Some(output) = self.office.queues.poll_output() {
            self.on_queue_output(now, output);
        }
        self.queues.draining = false;
    }

    fn on_queue_output(&mut self, now: Now, output: QueueOutput) {
        match output {
            QueueOutput::Announce { caller, position } => {
                self.tell_caller(now, caller, QueueNews::Announce(position));
            }
            QueueOutput::Leave { caller, why } => {
                self.tell_caller(now, caller, QueueNews::Leave(why));
            }
            QueueOutput::Offer {
                offer, ring_time, ..
            } => {
                if !self.waits(offer) || self.queues.not_quiet.contains_key(&offer.agent) {
                    // Its caller is none who waits, or the agent's phone is not quiet yet: he must not be kept.
                    self.office
                        .queues
                        .refused(now.mono, offer, Outcome::Cancelled);
                    return;
                }
                self.tell_caller(now, offer.caller, QueueNews::Offer(offer, ring_time));
            }
            QueueOutput::Withdraw { offer } => {
                self.tell_caller(now, offer.caller, QueueNews::Withdraw(offer));
            }
            QueueOutput::Wrapup {
                queue,
                agent,
                action,
                ..
            } => self.record_wrapup(now, queue, agent, action),
        }
    }

    fn waits(&self, offer: OfferId) -> bool {
        self.conversations
            .get(&offer.caller)
            .is_some_and(|entry| matches!(entry.phase, Phase::Queued(_)))
    }

    /// One more phone of a user, or one less, rings or is up where no queue must ring it.
    fn count_not_quiet(&mut self, now: Now, user: UserId, one_more: bool) {
        let count = self.queues.not_quiet.entry(user).or_default();
        let before = *count;
        *count = if one_more {
            before.saturating_add(1)
        } else {
            before.saturating_sub(1)
        };
        let rings = *count > 0;
        if !rings {
            self.queues.not_quiet.remove(&user);
        }
        if rings != (before > 0) {
            self.office.queues.still_rings(now.mono, user, rings);
        }
    }

    /// A leg was cancelled. Its phone may ring on: a CANCEL waits for a sign of life of its INVITE (RFC 3261 §9.1), and
    /// may be lost. Until that is settled its user gets no other call of a queue.
    pub(super) fn note_cancelled(&mut self, now: Now, leg: LegId, phone: Option<PhoneId>) {
        let owner = phone.and_then(|phone| self.office.directory.phone(phone));
        if let Some(user) = owner.map(|(_, user)| user.id)
            && self.queues.cancelled.insert(leg, user).is_none()
        {
            self.count_not_quiet(now, user, true);
        }
    }

    /// The INVITE of a leg has its final answer, or will never have one: it rings no more.
    pub(super) fn note_quiet(&mut self, now: Now, leg: LegId) {
        if let Some(user) = self.queues.cancelled.remove(&leg) {
            self.count_not_quiet(now, user, false);
            self.drain_queues(now);
        }
    }

    fn tell_caller(&mut self, now: Now, caller: CallId, news: QueueNews) {
        self.feed(now, caller, Input::Queue(news));
    }

    /// `queue.wrapup`: the queue's call, which is over, with the agent and what happened.
    fn record_wrapup(&mut self, now: Now, queue: QueueId, agent: UserId, action: WrapupAction) {
        let office = &mut self.office;
        let Some(talk) = office.talking.get(&agent) else {
            return;
        };
        let (at, ids) = (talk.wall_at(now), &mut office.event_ids);
        let fact = talk.record.wrapup(at, (queue, agent, action), ids);
        match action {
            WrapupAction::Open => {}
            WrapupAction::Close | WrapupAction::Timeout => {
                office.talking.remove(&agent);
            }
        }
        self.fence.hand_over(now.mono);
        self.actions.push_back(Action::Record(Box::new(fact)));
    }

    pub(super) fn close_wrapup(&mut self, now: Now, queue: QueueId, user: UserId, token: u64) {
        let closed = self.office.queues.wrapup_close(now.mono, queue, user);
        self.drain_queues(now);
        let result = if closed {
            Ok(ApiAnswer::Done)
        } else {
            Err(ApiRefusal::NotFound)
        };
        self.actions
            .push_back(Action::Reply(ApiReply { token, result }));
    }

    /// A contact that was stored before a restart.
    pub(crate) fn restore(&mut self, now: Now, phone: PhoneId, binding: Binding) {
        self.office.bindings.insert(phone, binding);
        self.note_reach_of(now, phone);
    }

    /// A phone registered, or is gone.
    pub(super) fn note_reach_of(&mut self, now: Now, phone: PhoneId) {
        let owner = self.office.directory.phone(phone).map(|(_, user)| user.id);
        if let Some(user) = owner {
            self.office.note_reach(now.mono, user);
            self.drain_queues(now);
        }
    }

    /// Takes note of whose leg is up only until a transfer of his is done: no call is open with him, yet his phone is
    /// not free.
    pub(super) fn note_transferor(&mut self, now: Now, entry: &mut Entry) {
        let user = entry.phase.transferor();
        let before = std::mem::replace(&mut entry.transferor, user);
        if before == user {
            return;
        }
        if let Some(user) = user {
            self.count_not_quiet(now, user, true);
        }
        if let Some(before) = before {
            self.count_not_quiet(now, before, false);
        }
    }

    /// Takes note of who is in a call of this conversation. An agent that a queue found is known to it already.
    pub(super) fn note_busy(&mut self, now: Now, entry: &mut Entry) {
        let turns = entry.calls.turns();
        if std::mem::replace(&mut entry.busy_at, turns) == turns {
            return;
        }
        let mut users = Vec::with_capacity(2);
        let mut parent = None;
        for call in entry.calls.iter() {
            let of_a_queue = parent.is_some_and(|parent| call.parent == Some(parent));
            // Who has a message left for him does not talk.
            let is_message = call.context == "VM";
            let callee = call.dst.user.filter(|_| !of_a_queue && !is_message);
            for user in call.src.user.into_iter().chain(callee) {
                if !users.contains(&user) {
                    users.push(user);
                }
            }
            if call.context == "QUEUE" {
                parent = Some(call.id);
            }
        }
        if users == entry.busy {
            return;
        }
        let before = std::mem::replace(&mut entry.busy, users.clone());
        for user in before.iter().filter(|user| !users.contains(user)) {
            let calls = self.queues.calls.entry(*user).or_default();
            *calls = calls.saturating_sub(1);
            if *calls == 0 {
                self.queues.calls.remove(user);
                self.tell_busy(now, *user, false);
            }
        }
        for user in users.iter().filter(|user| !before.contains(user)) {
            let calls = self.queues.calls.entry(*user).or_default();
            *calls += 1;
            if *calls == 1 {
                self.tell_busy(now, *user, true);
            }
        }
    }

    /// Most users serve no queue, and none has to hear of them.
    fn tell_busy(&mut self, now: Now, user: UserId, busy: bool) {
        if self.office.queues.minds(user) {
            self.office.queues.busy(now.mono, user, busy);
        }
    }

    /// These users are about to serve a queue: who is in a call already is known to be before one is offered to him.
    pub(super) fn note_agents(&mut self, now: Now, queue: &crate::QueueConfig) {
        for (user, _) in &queue.agents {
            if self.queues.calls.contains_key(user) && !self.office.queues.minds(*user) {
                self.office.queues.busy(now.mono, *user, true);
            }
        }
    }
}
