//! The owner's commands, each to its place.

use offhook_base::Now;

use super::Stack;
use super::incoming::Given;
use super::inside::Asked;
use crate::Command;

impl Stack {
    pub(super) fn on_command(&mut self, now: Now, command: Command) {
        match command {
            Command::Invite {
                leg,
                target,
                invite,
            } => self.invite(now, leg, &target, &invite),
            Command::Answer {
                leg,
                status,
                reason,
                headers,
                body,
            } => {
                self.answer(
                    now,
                    leg,
                    &Given {
                        status,
                        reason,
                        headers,
                        body,
                    },
                );
            }
            Command::Ack { leg, body } => self.acknowledge(leg, body.as_ref()),
            Command::Cancel { leg, reason } => self.cancel(now, leg, reason),
            Command::Bye { leg, headers } => self.bye(now, leg, headers),
            Command::Request {
                leg,
                tx,
                method,
                headers,
                body,
            } => {
                self.ask(
                    now,
                    leg,
                    Asked {
                        tx,
                        method,
                        headers,
                        body,
                    },
                );
            }
            Command::Reply {
                tx,
                status,
                reason,
                headers,
                body,
            } => {
                self.reply(
                    now,
                    tx,
                    &Given {
                        status,
                        reason,
                        headers,
                        body,
                    },
                );
            }
            Command::Drop { leg } => self.drop_leg(now, leg),
            Command::Outside {
                tx,
                target,
                request,
            } => self.ask_outside(now, tx, &target, &request),
            Command::Notify { subscription, body } => self.notify(now, subscription, body),
            Command::Trunks(peers) => self.trunks.replace(&peers),
            Command::Account(change) => self.on_account(now, change),
            Command::Restore(bindings) => self.on_restore(now, bindings),
        }
    }
}
