//! A user's phones, or a trunk, are being tried.
//!
//! ```text
//!            first 180/183          2xx
//!  initial ───────────────► rings ────────► Connected
//!     │                       │
//!     └───────────┬───────────┘
//!                 ├─ all refused, or the ring time is over ──► Voicemail, back to who transferred, or Ended
//!                 ├─ PATCH {"dst"} ──► another target, and back here if that does not answer
//!                 └─ CANCEL, BYE, DELETE, shutdown ──► Ended
//! ```

use offhook_base::{Cause, Mono, TerminatedBy};
use offhook_sip_core::LegId;
use offhook_sip_message::Message;

use super::attempt::{Attempt, Failure, GIVEN_UP};
use super::waiting::{Heard, Waiting, refuse_answer};
use super::{Context, Input, Phase, transfer, voicemail};
use crate::cause::EndCause;
use crate::command::{ApiAnswer, ApiRefusal};

/// A waiting party and the one target that is tried for it.
#[derive(Debug)]
pub(crate) struct Ringing {
    waiting: Waiting,
    attempt: Attempt,
}

impl Ringing {
    pub(crate) const fn new(waiting: Waiting, attempt: Attempt) -> Self {
        Self { waiting, attempt }
    }

    pub(crate) const fn waiting(&self) -> &Waiting {
        &self.waiting
    }

    pub(crate) fn next_timeout(&self) -> Mono {
        let gives_up_at = self.attempt.gives_up_at;
        self.waiting
            .committed_by()
            .map_or(gives_up_at, |by| by.min(gives_up_at))
    }

    pub(crate) fn handle(mut self: Box<Self>, cx: &mut Context<'_>, input: Input) -> Phase {
        let input = match self.waiting.hear(cx, input) {
            Heard::Done => return Phase::Ringing(self),
            Heard::Gone(gone) => {
                self.attempt.cancel(cx, GIVEN_UP);
                return self.waiting.leave(cx, &gone);
            }
            Heard::Other(input) => input,
        };
        match input {
            Input::Provisional { leg, response } => {
                if let Some(progress) = self.attempt.on_provisional(cx, leg, &response) {
                    self.waiting.ring(cx, progress);
                }
            }
            Input::Answered { leg, response } => return self.on_answered(cx, leg, &response),
            Input::Refused {
                leg,
                status,
                response,
            } => return self.on_refused(cx, leg, status, response),
            Input::Hangup { token, .. } => {
                let cause = EndCause::ManagerRequest.with_sip(480);
                let phase = self.end(cx, cause, TerminatedBy::Api, 480);
                cx.reply_api(token, Ok(ApiAnswer::Done));
                return phase;
            }
            Input::Transfer(request) => {
                let Self {
                    waiting,
                    mut attempt,
                } = *self;
                return match transfer::deflect(cx, waiting, request, |cx| {
                    attempt.cancel(cx, GIVEN_UP);
                }) {
                    Ok(phase) => phase,
                    Err(waiting) => Phase::Ringing(Box::new(Self {
                        waiting: *waiting,
                        attempt,
                    })),
                };
            }
            Input::Hold { token, .. } => {
                cx.reply_api(token, Err(ApiRefusal::Conflict("the call rings")));
            }
            Input::Shutdown => {
                let cause = EndCause::SystemShutdown.cause();
                return self.end(cx, cause, TerminatedBy::System, 503);
            }
            Input::MediaLost => {
                let cause = EndCause::CircuitCongestion.cause();
                return self.end(cx, cause, TerminatedBy::System, 503);
            }
            Input::Timeout => return self.on_timeout(cx),
            Input::Request { leg, tx, request } => {
                let (status, headers) = super::waiting::busy_reply(request.view().method());
                cx.reply(leg, tx, status, headers);
            }
            Input::Acked { .. }
            | Input::Cancelled { .. }
            | Input::Failed { .. }
            | Input::CodeStored(_)
            | Input::Mailbox(_)
            | Input::GroupRemoved(_)
            | Input::Media(_)
            | Input::Lost { .. }
            | Input::Queue(_)
            | Input::Recorded { .. }
            | Input::Response { .. } => {}
        }
        Phase::Ringing(self)
    }

    fn on_answered(
        mut self: Box<Self>,
        cx: &mut Context<'_>,
        leg: LegId,
        response: &Message,
    ) -> Phase {
        if self.attempt.has(leg) && !self.waiting.accepts(response) {
            let phase = self.on_refused(cx, leg, 488, None);
            refuse_answer(cx, leg);
            return phase;
        }
        let Some(winner) = self.attempt.on_answered(cx, leg) else {
            // This leg was given up: a call that nobody waits for is ended at once.
            cx.not_wanted(leg);
            return Phase::Ringing(self);
        };
        self.waiting.join(cx, &winner, response, Vec::new())
    }

    fn on_refused(
        mut self: Box<Self>,
        cx: &mut Context<'_>,
        leg: LegId,
        status: u16,
        response: Option<Message>,
    ) -> Phase {
        match self.attempt.on_refused(cx, leg, status, response) {
            Ok(Some(progress)) => self.waiting.ring(cx, progress),
            Ok(None) => {}
            Err(failure) => {
                return voicemail::or_fail(cx, self.waiting, self.attempt.call, failure);
            }
        }
        Phase::Ringing(self)
    }

    fn on_timeout(mut self: Box<Self>, cx: &mut Context<'_>) -> Phase {
        if self.waiting.is_uncommitted(cx) && !self.attempt.rings() {
            let cause = EndCause::TemporaryFailure.cause();
            return self.end(cx, cause, TerminatedBy::System, 503);
        }
        if self.attempt.gives_up_at <= cx.now.mono {
            self.attempt.cancel(cx, GIVEN_UP);
            let failure = Failure::ours(EndCause::NoAnswer.cause(), 480);
            return voicemail::or_fail(cx, self.waiting, self.attempt.call, failure);
        }
        Phase::Ringing(self)
    }

    fn end(mut self, cx: &mut Context<'_>, cause: Cause, by: TerminatedBy, status: u16) -> Phase {
        self.attempt.cancel(cx, GIVEN_UP);
        self.waiting.end(cx, cause, by, status)
    }
}
