//! Who waits for an answer to an input: even a fault of ours must not leave a transaction or a REST client hanging.

use offhook_sip_core::{LegId, TxId};
use offhook_sip_message::Method;

use crate::phase::{Input, Requester};

/// One answer that is owed for an input.
#[derive(Clone, Copy, Debug)]
pub(super) enum Owed {
    /// The final answer to an INVITE.
    Invite(LegId),
    /// The answer to a request inside a leg.
    Request { leg: LegId, tx: TxId, is_bye: bool },
    /// The answer to a command of a REST client.
    Command(u64),
}

impl Owed {
    pub(super) fn for_input(input: &Input) -> Option<Self> {
        match input {
            Input::Request { leg, tx, request } => Some(Self::Request {
                leg: *leg,
                tx: *tx,
                is_bye: request.view().method() == Some(Method::Bye),
            }),
            Input::Hangup { token, .. } | Input::Hold { token, .. } => Some(Self::Command(*token)),
            Input::Transfer(request) => match request.by {
                Requester::Api { token } => Some(Self::Command(token)),
                Requester::Refer { .. } => None,
            },
            Input::Acked { .. }
            | Input::Answered { .. }
            | Input::Cancelled { .. }
            | Input::Failed { .. }
            | Input::CodeStored(_)
            | Input::GroupRemoved(_)
            | Input::Lost { .. }
            | Input::Mailbox(_)
            | Input::Media(_)
            | Input::Recorded { .. }
            | Input::MediaLost
            | Input::Provisional { .. }
            | Input::Queue(_)
            | Input::Refused { .. }
            | Input::Response { .. }
            | Input::Shutdown
            | Input::Timeout => None,
        }
    }
}
