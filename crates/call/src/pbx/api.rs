//! Commands of REST clients: each finds its conversation, or starts one.

use offhook_base::{CallId, Now, UserId};

use super::{Action, Entry, Owed, Pbx};
use crate::calls::Calls;
use crate::command::{ApiAnswer, ApiCommand, ApiRefusal, ApiReply};
use crate::effect::Effect;
use crate::phase::{Input, Originate, Originating, Phase, Reach, Requester, TransferRequest};
use crate::plan::{Dialled, Plan, targets};
use crate::record::Destination;

/// Who wants to be connected with whom by a click.
struct Wish {
    user: UserId,
    to: String,
    caller_id: Option<String>,
    token: u64,
}

impl Pbx {
    /// A command of a REST client.
    pub(crate) fn handle_api(&mut self, now: Now, command: ApiCommand, token: u64) {
        match command {
            ApiCommand::Hangup { call } => {
                self.steer(now, call, token, Input::Hangup { token, call });
            }
            ApiCommand::Hold { call, held, by } => {
                self.steer(now, call, token, Input::Hold { token, held, by });
            }
            ApiCommand::Monitor { call, on, by } => self.monitor(now, call, (on, by), token),
            ApiCommand::Transfer { call, dst, party } => {
                let by = Requester::Api { token };
                let request = TransferRequest { dst, party, by };
                self.steer(now, call, token, Input::Transfer(request));
            }
            ApiCommand::Originate {
                user,
                to,
                caller_id,
            } => {
                let wish = Wish {
                    user,
                    to,
                    caller_id,
                    token,
                };
                if let Err(refusal) = self.originate(now, wish) {
                    self.refuse(token, refusal);
                }
            }
            ApiCommand::QueueLive { queue } => {
                let live = self.office.queues.queue_live(now.mono, queue);
                let result = live
                    .map(|live| ApiAnswer::Queue(Box::new(live)))
                    .ok_or(ApiRefusal::NotFound);
                self.actions
                    .push_back(Action::Reply(ApiReply { token, result }));
            }
            ApiCommand::WrapupClose { queue, user } => {
                self.close_wrapup(now, queue, user, token);
            }
        }
    }

    fn steer(&mut self, now: Now, call: CallId, token: u64, input: Input) {
        match self.open.get(&call) {
            Some(root) => self.feed(now, *root, input),
            None => self.refuse(token, ApiRefusal::NotFound),
        }
    }

    pub(super) fn refuse(&mut self, token: u64, refusal: ApiRefusal) {
        let result = Err(refusal);
        self.actions
            .push_back(Action::Reply(ApiReply { token, result }));
    }

    /// Rings the user's phones for a call to somebody else.
    fn originate(&mut self, now: Now, wish: Wish) -> Result<(), ApiRefusal> {
        if !self.takes_calls(now.mono) {
            return Err(ApiRefusal::Unavailable);
        }
        let (directory, bindings) = (&self.office.directory, &self.office.bindings);
        let user = directory.user(wish.user).filter(|user| user.active);
        let user = user.ok_or(ApiRefusal::NotFound)?.clone();
        let destination = match self.office.plan(&Dialled::by_user(&wish.to, None)) {
            Plan::Ring { user: callee, .. } | Plan::Unreachable { user: callee, .. }
                if callee.id == user.id =>
            {
                return Err(ApiRefusal::BadTarget("is the originator"));
            }
            Plan::Ring { .. } | Plan::Unreachable { .. } | Plan::Group(_) | Plan::Queue(_) => {
                Destination::In
            }
            Plan::Outside { .. } => Destination::Out,
            Plan::Unknown => return Err(ApiRefusal::BadTarget("nobody answers to this number")),
        };
        // Do-not-disturb is for others: he asked for this call himself.
        let willing = crate::directory::User {
            dnd: false,
            ..user.clone()
        };
        let targets: Vec<Reach> = targets(directory, bindings, None, &willing)
            .map_err(|_| ApiRefusal::NoPhone)?
            .iter()
            .map(|(phone, binding)| Reach::of(*phone, binding))
            .collect();
        let host = targets.first().map(|reach| reach.host);
        if !self.admit_new(now.mono) {
            return Err(ApiRefusal::Unavailable);
        }
        let root = self.next_call_id().ok_or(ApiRefusal::Unavailable)?;
        let media = host.and_then(|host| self.office.media(root, host));
        let wanted = Originate {
            user,
            targets,
            to: wish.to,
            caller_id: wish.caller_id,
            destination,
            media: media.ok_or(ApiRefusal::Unavailable)?,
            token: wish.token,
        };
        let entry = self.entry(root, now);
        let token = wish.token;
        if !self.run(now, entry, |cx, _| Originating::start(cx, wanted)) {
            self.settle_debt(Some(Owed::Command(token)));
        }
        Ok(())
    }

    /// A conversation without calls yet.
    pub(super) fn entry(&self, root: CallId, now: Now) -> Box<Entry> {
        Box::new(Entry {
            calls: Calls::new(root, self.office.src_hash(root), now),
            phase: Phase::Ended,
            first: 0,
            last: 0,
            gate: 0,
            deadline: None,
            legs: Vec::new(),
            busy: Vec::new(),
            busy_at: 0,
            transferor: None,
            tape: super::Tape::default(),
            keys: crate::keys::Keys::default(),
            watched: None,
        })
    }

    /// The id of a new root call.
    pub(super) fn next_call_id(&mut self) -> Option<CallId> {
        let id = self.office.call_ids.next();
        if let Some(upto) = self.office.call_ids.wants_more() {
            self.actions.push_back(Action::ReserveCallIds(upto));
        }
        id
    }
}

impl Pbx {
    /// Gives ports back that no call took.
    pub(super) fn perform_media(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Media(command) => self.actions.push_back(Action::Media(command)),
                Effect::Secure { relay, side, keys } => self.secure(relay, side, keys),
                Effect::Cancel { .. }
                | Effect::DropHeld(_)
                | Effect::DropRecording(_)
                | Effect::Free { .. }
                | Effect::Held { .. }
                | Effect::Mailbox(_)
                | Effect::Record(_)
                | Effect::Recording(_)
                | Effect::Reply(_)
                | Effect::ReplyInstead(_)
                | Effect::ReserveCallIds(_) => {}
            }
        }
    }
}
