//! Who transferred a call, on the way out.
//!
//! ```text
//!   told how the transfer went (NOTIFY) ──► waits for the answer ──► BYE ──► gone
//!                                               │ its own BYE · nobody answers · its leg is lost ──► gone
//! ```
//!
//! Our BYE never overtakes the last NOTIFY (RFC 3515 §2.4.4: the phone is owed a result). It goes on beside the call of
//! those who are left, or of who waits in a queue, and as a phase of its own when there is none any more.

use offhook_base::UserId;
use offhook_sip_core::{Command, LegId, TxId};
use offhook_sip_message::Method;

use super::waiting::busy_reply;
use super::{Context, Input, Phase};
use crate::cause::EndCause;
use crate::convey;

/// Who transferred a call, until it has been told how that went and has hung up.
#[derive(Debug)]
pub(crate) struct Departing {
    leg: LegId,
    notified_by: TxId,
    user: Option<UserId>,
}

impl Departing {
    /// `leg`, of `user` when he is one of ours, was told by the NOTIFY `notified_by`.
    pub(crate) const fn new(leg: LegId, notified_by: TxId, user: Option<UserId>) -> Self {
        Self {
            leg,
            notified_by,
            user,
        }
    }

    /// Whose leg it is, of our users.
    pub(crate) const fn user(&self) -> Option<UserId> {
        self.user
    }

    /// What is left of a conversation whose calls are over.
    pub(crate) fn or_ended(departing: Option<Self>) -> Phase {
        departing.map_or(Phase::Ended, Phase::Departing)
    }

    /// Deals with what concerns its leg. Gives itself back unless it has gone, and what is about something else.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "all that is not about this leg passes on, whatever it is"
    )]
    pub(crate) fn hear(self, cx: &mut Context<'_>, input: Input) -> (Option<Self>, Option<Input>) {
        match input {
            Input::Request { leg, tx, request } if leg == self.leg => {
                let method = request.view().method();
                if method == Some(Method::Bye) {
                    cx.reply(leg, tx, 200, Vec::new());
                    return (None, None);
                }
                let (status, headers) = busy_reply(method);
                cx.reply(leg, tx, status, headers);
                (Some(self), None)
            }
            Input::Response { leg, tx, .. } | Input::Failed { leg, tx, .. } if leg == self.leg => {
                if tx != self.notified_by {
                    return (Some(self), None);
                }
                self.hang_up(cx);
                (None, None)
            }
            Input::Lost { leg } if leg == self.leg => {
                self.hang_up(cx);
                (None, None)
            }
            other => (Some(self), Some(other)),
        }
    }

    /// The calls of the conversation are over; only this leg is left.
    pub(crate) fn handle(self, cx: &mut Context<'_>, input: Input) -> Phase {
        let (departing, input) = self.hear(cx, input);
        let Some(departing) = departing else {
            return Phase::Ended;
        };
        match input {
            Some(Input::Shutdown) => {
                departing.hang_up(cx);
                return Phase::Ended;
            }
            // As for any leg whose call is over: an answer is not wanted, a BYE crossed ours.
            Some(Input::Answered { leg, .. }) => cx.not_wanted(leg),
            Some(Input::Request { leg, tx, request }) => {
                let over = request.view().method() == Some(Method::Bye);
                cx.reply(leg, tx, if over { 200 } else { 481 }, Vec::new());
            }
            Some(
                Input::Acked { .. }
                | Input::Cancelled { .. }
                | Input::Failed { .. }
                | Input::CodeStored(_)
                | Input::Mailbox(_)
                | Input::GroupRemoved(_)
                | Input::Hangup { .. }
                | Input::Hold { .. }
                | Input::Lost { .. }
                | Input::Media(_)
                | Input::MediaLost
                | Input::Provisional { .. }
                | Input::Queue(_)
                | Input::Recorded { .. }
                | Input::Refused { .. }
                | Input::Response { .. }
                | Input::Timeout
                | Input::Transfer(_),
            )
            | None => {}
        }
        Phase::Departing(departing)
    }

    /// BYE, whether it has been told or not.
    pub(crate) fn hang_up(self, cx: &mut Context<'_>) {
        let headers = vec![convey::reason(EndCause::BlindTransfer.with_sip(200))];
        let leg = self.leg;
        cx.free(leg, Command::Bye { leg, headers });
    }
}
