//! A REST client who asks for this and that, and the answers.

use std::collections::BTreeMap;

use offhook_base::{CallId, EventName, UserId};
use offhook_call::{ApiCommand, ApiReply};

use super::World;
use super::happening::Who;

/// What was asked, and what was answered.
#[derive(Debug, Default)]
pub(super) struct Api {
    asked: u64,
    /// Commands that were asked of a process that lives, and are not answered.
    open: BTreeMap<u64, ApiCommand>,
    replies: Vec<ApiReply>,
    broken: Vec<String>,
}

impl Api {
    pub(super) fn replied(&mut self, reply: ApiReply) {
        if self.open.remove(&reply.token).is_none() {
            self.broken.push(format!("api: {reply:?} answers nothing"));
        }
        self.replies.push(reply);
    }

    pub(super) fn reply_to(&self, token: u64) -> Option<&ApiReply> {
        self.replies.iter().find(|reply| reply.token == token)
    }

    /// The process died: nobody answers any more.
    pub(super) fn crashed(&mut self) {
        self.open.clear();
    }

    /// Each command got one answer.
    pub(super) fn verdict(&self) -> Vec<String> {
        let mut broken = self.broken.clone();
        let open = self.open.values();
        broken.extend(open.map(|command| format!("api: {command:?} was never answered")));
        broken
    }
}

impl World {
    /// A REST client asks the switch; the token of the answer.
    pub(crate) fn ask(&mut self, command: ApiCommand) -> u64 {
        self.api.asked += 1;
        let token = self.api.asked;
        if let Some(process) = &mut self.process {
            self.api.open.insert(token, command.clone());
            process.switch.handle_api(self.now, command, token);
        }
        self.drain_pbx();
        token
    }

    /// A REST client asks for something that makes sense, more or less.
    pub(super) fn ask_by_chance(&mut self) {
        let call = self.some_call();
        let user = UserId(100_001 + self.below(u64::from(self.plan.users)) as u32);
        let command = match self.below(8) {
            0 => ApiCommand::Hangup { call },
            1 => ApiCommand::Hold {
                call,
                held: self.below(2) == 0,
                by: user,
            },
            2 | 3 => ApiCommand::Originate {
                user,
                to: self.number(&Who::Phone(0)),
                caller_id: None,
            },
            4 | 5 => ApiCommand::Monitor {
                call,
                on: self.below(2) == 0,
                by: user,
            },
            _ => ApiCommand::Transfer {
                call,
                dst: self.number(&Who::Phone(0)),
                party: None,
            },
        };
        self.ask(command);
    }

    /// One of the calls that are not over, or one that never was.
    fn some_call(&mut self) -> CallId {
        let begun = self
            .disk
            .facts()
            .filter(|event| event.name == EventName::CallInitial)
            .map(|event| event.call);
        let open: Vec<CallId> = begun.filter(|call| !self.disk.is_over(*call)).collect();
        let which = self.below(open.len() as u64 + 1) as usize;
        open.get(which).copied().unwrap_or(CallId(u64::MAX >> 11))
    }
}
