//! What a phase works with besides its own state.

use std::sync::Arc;

use offhook_base::{CallId, EventName, FactRecord, Now, RecordingId, RecordingRecord};
use offhook_media_core::Digit;
use offhook_sip_core::{Command, Headers, LegId, TxId};

use super::{answer, reply};
use crate::calls::Calls;
use crate::command::{ApiAnswer, ApiRefusal, ApiReply};
use crate::effect::Effect;
use crate::fence::Class;
use crate::keys::Keys;
use crate::office::Office;
use crate::pbx::LegName;
use crate::record::{CallState, End, NewCall};

/// Lent to a phase for one input.
pub(crate) struct Context<'a> {
    pub(crate) now: Now,
    /// The open calls of the conversation.
    pub(crate) calls: &'a mut Calls,
    /// What all conversations share.
    pub(crate) office: &'a mut Office,
    /// Whether the conversation's first fact is on disk; of a click-to-call that was picked up, that it was.
    pub(crate) begun: bool,
    /// Whether the fact that the phase waits for is on disk.
    pub(crate) committed: bool,
    /// Commits take too long.
    pub(crate) stalled: bool,
    /// Keys that were pressed.
    pub(crate) keys: &'a mut Keys,
    /// Legs that were opened.
    pub(crate) legs: &'a mut Vec<(LegId, LegName)>,
    pub(crate) effects: &'a mut Vec<Effect>,
}

impl Context<'_> {
    /// Opens a call: its first event. `None` when no id is left, which the journal mends within milliseconds.
    pub(crate) fn open(&mut self, call: NewCall) -> Option<CallId> {
        let id = if self.calls.is_new() {
            self.calls.root()
        } else {
            self.new_id()?
        };
        let fact = self
            .calls
            .open(self.now, id, call, &mut self.office.event_ids);
        self.record(fact);
        Some(id)
    }

    fn new_id(&mut self) -> Option<CallId> {
        let id = self.office.call_ids.next();
        if let Some(upto) = self.office.call_ids.wants_more() {
            self.effects.push(Effect::ReserveCallIds(upto));
        }
        id
    }

    /// First 180 or 183.
    pub(crate) fn ringing(&mut self, call: CallId) {
        self.change(call, EventName::CallRinging, CallState::Ringing);
    }

    /// Click-to-call: the originator picked up.
    pub(crate) fn accepted(&mut self, call: CallId) {
        self.change(call, EventName::CallAccepted, CallState::Accepted);
    }

    /// 2xx to the INVITE.
    pub(crate) fn connected(&mut self, call: CallId) {
        self.change(call, EventName::CallConnected, CallState::Connected);
    }

    /// A key was pressed; `target` received it. While commits stall it is not told: the facts of a stall must stay few.
    pub(crate) fn pressed(&mut self, call: CallId, digit: Digit, target: &str) {
        if self.stalled {
            return;
        }
        let ids = &mut self.office.event_ids;
        if let Some(fact) = self.calls.press(self.now, call, (digit, target), ids) {
            self.record(fact);
        }
    }

    /// The first side holds, or none does any more: all calls of the conversation, the innermost first.
    pub(crate) fn hold_all(&mut self, held: bool) {
        let (name, state) = if held {
            (EventName::CallHold, CallState::OnHold)
        } else {
            (EventName::CallUnhold, CallState::Connected)
        };
        for call in self.open_calls() {
            self.change(call, name, state);
        }
    }

    /// The number of a new recording; they are drawn from the ids of calls.
    pub(crate) fn new_recording(&mut self) -> Option<RecordingId> {
        self.new_id().map(|CallId(id)| RecordingId(id))
    }

    /// The end of one call.
    pub(crate) fn end(&mut self, call: CallId, end: &End) {
        self.end_with(call, end, None);
    }

    /// The end of one call, with the message that was left in it.
    pub(crate) fn end_with(
        &mut self,
        call: CallId,
        end: &End,
        message: Option<Box<RecordingRecord>>,
    ) {
        let at = self.calls.wall_at(self.now);
        if let Some(record) = self.calls.get_mut(call)
            && record.context == "QUEUE"
        {
            self.office.note_talk_end(record, at);
        }
        let ids = &mut self.office.event_ids;
        if let Some(mut fact) = self.calls.end(self.now, call, end, ids) {
            fact.recording = message.map(Arc::from);
            self.record(fact);
        }
    }

    /// The end of all calls that are open, the innermost first.
    pub(crate) fn end_all(&mut self, end: &End) {
        for call in self.open_calls() {
            self.end(call, end);
        }
    }

    /// Whether a call can be opened: an id is left.
    pub(crate) fn can_open(&self) -> bool {
        self.office.call_ids.has_next()
    }

    fn change(&mut self, call: CallId, name: EventName, state: CallState) {
        let ids = &mut self.office.event_ids;
        if let Some(fact) = self.calls.change(self.now, call, (name, state), ids) {
            self.record(fact);
        }
    }

    /// The open calls, the innermost first.
    pub(crate) fn open_calls(&self) -> Vec<CallId> {
        self.calls.iter().rev().map(|record| record.id).collect()
    }

    fn record(&mut self, fact: FactRecord) {
        self.effects.push(Effect::Record(Box::new(fact)));
    }

    /// A new leg of ours, named after `call`.
    pub(crate) fn new_leg(&mut self, call: CallId) -> LegId {
        let leg = self.office.next_leg();
        self.name_leg(leg, call, true);
        leg
    }

    /// Names a leg after a call: those that are called get 1, 2, 3 …
    pub(crate) fn name_leg(&mut self, leg: LegId, call: CallId, called: bool) {
        let index = self.calls.get_mut(call).map_or(0, |record| {
            record.legs = record.legs.saturating_add(u16::from(called));
            if called { record.legs } else { 0 }
        });
        let root = self.calls.root();
        self.legs.push((leg, LegName { call, root, index }));
    }

    /// A command that tells its peer of the facts recorded so far.
    pub(crate) fn held(&mut self, leg: LegId, class: Class, command: Command) {
        self.effects.push(Effect::Held {
            leg,
            class,
            command,
        });
    }

    /// A command that tells of no new state.
    pub(crate) fn free(&mut self, leg: LegId, command: Command) {
        self.effects.push(Effect::Free { leg, command });
    }

    /// A reply that tells of no new state.
    pub(crate) fn reply(&mut self, leg: LegId, tx: TxId, status: u16, headers: Headers) {
        self.free(leg, reply(tx, status, headers));
    }

    /// The final answer to the caller's INVITE, once its fact is committed.
    pub(crate) fn refuse_caller(&mut self, caller: LegId, status: u16, headers: Headers) {
        self.held(caller, Class::Ends, answer(caller, status, headers));
    }

    /// BYE with the reason, once its fact is committed.
    pub(crate) fn bye(&mut self, leg: LegId, headers: Headers) {
        self.held(leg, Class::Ends, Command::Bye { leg, headers });
    }

    /// ACK and BYE for an answer that nobody waits for any more (RFC 3261 §13.2.2.4).
    pub(crate) fn not_wanted(&mut self, leg: LegId) {
        self.free(leg, Command::Ack { leg, body: None });
        let headers = Vec::new();
        self.free(leg, Command::Bye { leg, headers });
    }

    /// The answer to an API command, once the facts that it caused are committed.
    pub(crate) fn reply_api(&mut self, token: u64, result: Result<ApiAnswer, ApiRefusal>) {
        self.effects.push(Effect::Reply(ApiReply { token, result }));
    }
}
