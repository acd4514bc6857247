//! Effects become actions; what must wait for a commit goes behind the fence.

use bytes::Bytes;
use offhook_base::{EventName, Now, PhoneId};
use offhook_media_core::MediaCommand;
use offhook_sip_core::{Command, LegId};

use super::{Action, Entry, Gated, Pbx, linger};
use crate::effect::Effect;
use crate::fence::Class;

impl Pbx {
    /// Performs one effect. `told` is the number of the last fact of this input.
    pub(super) fn apply(&mut self, now: Now, effect: Effect, entry: &mut Entry, told: &mut u64) {
        match effect {
            Effect::Record(fact) => {
                *told = self.fence.hand_over(now.mono);
                entry.last = *told;
                if entry.first == 0 || fact.event.name == EventName::CallAccepted {
                    entry.first = *told;
                }
                if matches!(
                    fact.event.name,
                    EventName::CallInitial | EventName::CallConnected
                ) {
                    entry.gate = *told;
                }
                if fact.cdr.is_some() {
                    self.open.remove(&fact.event.call);
                } else if fact.snapshot.is_some() {
                    self.open.insert(fact.event.call, fact.event.root);
                }
                self.actions.push_back(Action::Record(fact));
            }
            Effect::Held {
                leg,
                class,
                command,
            } => {
                self.note_bye(now, entry, leg, &command);
                let command = self.made_secret(leg, command);
                self.gate(entry.last, leg, class, command);
            }
            Effect::Free { leg, command } => {
                self.note_bye(now, entry, leg, &command);
                let command = self.made_secret(leg, command);
                self.gate(0, leg, Class::Tells, command);
            }
            Effect::Cancel { leg, phone, reason } => {
                self.office.free_line(leg);
                linger(&mut self.lingering, now.mono, &mut entry.legs, leg);
                self.cancel(now, leg, phone, reason);
            }
            Effect::DropHeld(leg) => {
                // Who asked something gets its answer whatever becomes of the call.
                let is_reply = |gated: &Gated| matches!(gated, Gated::Sip(Command::Reply { .. }));
                self.fence.drop_held(leg, is_reply);
            }
            Effect::ReserveCallIds(upto) => self.actions.push_back(Action::ReserveCallIds(upto)),
            Effect::Media(command) => {
                if let MediaCommand::Start { relay, .. } = command {
                    self.office.note_relay(relay);
                }
                self.actions.push_back(Action::Media(command));
            }
            Effect::Secure { relay, side, keys } => self.secure(relay, side, keys),
            Effect::Recording(message) => {
                self.messages.begin(&message, &entry.calls);
                self.actions.push_back(Action::Recording(message));
            }
            Effect::Mailbox(request) => self.actions.push_back(Action::Mailbox(request)),
            Effect::DropRecording(recording) => {
                self.actions.push_back(Action::DropRecording(recording));
            }
            Effect::ReplyInstead(reply) => {
                let is_same = |gated: &Gated| match gated {
                    Gated::Reply(held) => held.token == reply.token,
                    Gated::Sip(_) => false,
                };
                if self.fence.withdraw(is_same) {
                    self.actions.push_back(Action::Reply(reply));
                }
            }
            Effect::Reply(reply) => {
                let fact = if reply.result.is_ok() {
                    entry.last
                } else {
                    *told
                };
                let held = self
                    .fence
                    .hold(fact, None, Class::Tells, Gated::Reply(reply));
                if let Some(Gated::Reply(reply)) = held {
                    self.actions.push_back(Action::Reply(reply));
                }
            }
        }
    }

    /// A leg that we hang up is a call of its trunk no more, nor long one of its conversation.
    fn note_bye(&mut self, now: Now, entry: &mut Entry, leg: LegId, command: &Command) {
        if matches!(command, Command::Bye { .. }) {
            self.office.free_line(leg);
            linger(&mut self.lingering, now.mono, &mut entry.legs, leg);
        }
    }

    /// Sends `command` once `fact` is committed and everything earlier for the leg has left.
    pub(super) fn gate(&mut self, fact: u64, leg: LegId, class: Class, command: Command) {
        if let Some(gated) = self.fence.hold(fact, Some(leg), class, Gated::Sip(command)) {
            self.release([gated]);
        }
    }

    pub(super) fn release(&mut self, released: impl IntoIterator<Item = Gated>) {
        self.actions
            .extend(released.into_iter().map(|gated| match gated {
                Gated::Sip(command) => Action::Sip(command),
                Gated::Reply(reply) => Action::Reply(reply),
            }));
    }

    /// CANCEL is never held: it tells of no new state. An INVITE that has not left is just dropped.
    fn cancel(&mut self, now: Now, leg: LegId, phone: Option<PhoneId>, reason: &'static str) {
        if !self.fence.drop_opening(leg) {
            self.note_cancelled(now, leg, phone);
            self.actions.push_back(Action::Sip(Command::Cancel {
                leg,
                reason: Some(Bytes::from_static(reason.as_bytes())),
            }));
        }
    }
}
