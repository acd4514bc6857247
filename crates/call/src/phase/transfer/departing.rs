//! Who transferred with success: told so by NOTIFY, and hung up once that is answered.

use offhook_sip_core::{Command, LegId, TxId};
use offhook_sip_message::Method;

use crate::cause::EndCause;
use crate::convey;
use crate::phase::waiting::busy_reply;
use crate::phase::{Context, Input};

/// Who transferred with success, until it has been told and hung up.
#[derive(Debug)]
pub(crate) struct Departing {
    pub(super) leg: LegId,
    pub(super) notified_by: TxId,
}

impl Departing {
    /// Deals with what concerns its leg. Gives itself back unless it has gone, and what is about something else.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "all that is not about this leg passes on, whatever it is"
    )]
    pub(in crate::phase) fn hear(
        self,
        cx: &mut Context<'_>,
        input: Input,
    ) -> (Option<Self>, Option<Input>) {
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

    /// BYE, whether it has been told or not.
    pub(in crate::phase) fn hang_up(self, cx: &mut Context<'_>) {
        let headers = vec![convey::reason(EndCause::BlindTransfer.with_sip(200))];
        let leg = self.leg;
        cx.free(leg, Command::Bye { leg, headers });
    }
}
