use std::time::Duration;

use offhook_base::Mono;

use super::client::ClientKey;
use super::sdp::Session;
use super::server::ServerKey;
use super::transfer::Transfer;
use super::{Script, TransferOrder};

/// One call of a phone: its dialog and where it stands.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) role: Role,
    pub(super) call_id: Vec<u8>,
    pub(super) local_tag: String,
    pub(super) remote_tag: Option<Vec<u8>>,
    /// Our From, or the To that we answer as, without a tag.
    pub(super) local: Vec<u8>,
    /// P-Asserted-Identity of the INVITE that starts it (RFC 3325).
    pub(super) asserted: Option<Vec<u8>>,
    /// The other side's, without a tag.
    pub(super) remote: Vec<u8>,
    /// Remote target: the Request-URI of what we send.
    pub(super) target: Vec<u8>,
    /// Route set, in the order of sending.
    pub(super) routes: Vec<Vec<u8>>,
    /// The CSeq number we used last.
    pub(super) cseq: u32,
    /// The highest CSeq number the other side used.
    pub(super) remote_cseq: Option<u32>,
    pub(super) script: Script,
    pub(super) session: Session,
    /// What the owner was told last of whether we are held.
    pub(super) told_held: bool,
    /// What became of our REFER.
    pub(super) transfer: Transfer,
    pub(super) phase: Phase,
}

/// Who dialled.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Role {
    Caller,
    Callee,
}

/// Where a call stands.
#[derive(Debug)]
pub(super) enum Phase {
    /// We dialled.
    Calling {
        invite: ClientKey,
        provisional: bool,
        cancel: Cancel,
    },
    /// We were dialled and gave no final answer yet.
    Ringing { invite: ServerKey },
    /// Answered.
    Up(Up),
    /// Our BYE is on its way.
    Leaving,
    /// Kept for requests that were on their way when it ended.
    Over { until: Mono },
}

/// What an answered call may wait for.
#[derive(Debug, Default)]
pub(super) struct Up {
    /// Our 2xx was not acknowledged yet: BYE and re-INVITE have to wait (sections 14.1 and 15).
    pub(super) unacknowledged: bool,
    /// Our 2xx carried an offer: the ACK brings the answer.
    pub(super) awaits_answer: bool,
    /// Our re-INVITE without a final answer.
    pub(super) reinvite: Option<ClientKey>,
    /// Whether what we told the other side last is that it is on hold.
    pub(super) told_hold: bool,
    /// A re-INVITE is tried again then, after a 491.
    pub(super) not_before: Option<Mono>,
    /// Hang up as soon as it is allowed.
    pub(super) hangup: bool,
}

/// How far giving up has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Cancel {
    No,
    /// Wanted, but a CANCEL may follow a provisional answer only (9.1).
    Wanted,
    Sent,
}

/// Something a phone does in a call at a time of its own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Action {
    Answer,
    Cancel,
    Hangup,
    Hold(bool),
    Refer(TransferOrder),
    Refuse(u16),
    /// Look again whether a re-INVITE may go out.
    Retry,
    /// The last NOTIFY of a transfer is answered.
    TellResult,
    /// The last NOTIFY of a transfer should have come by now.
    TransferOverdue,
}

impl Call {
    pub(super) const fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over { .. })
    }

    pub(super) fn up(&mut self) -> Option<&mut Up> {
        match &mut self.phase {
            Phase::Up(up) => Some(up),
            Phase::Calling { .. } | Phase::Ringing { .. } | Phase::Leaving | Phase::Over { .. } => {
                None
            }
        }
    }

    /// Whether a request with these tags belongs to this dialog (12.2.2).
    pub(super) fn is_dialog_of(&self, call_id: &[u8], local_tag: &[u8], remote_tag: &[u8]) -> bool {
        self.call_id == call_id
            && self.local_tag.as_bytes() == local_tag
            && self.remote_tag.as_deref() == Some(remote_tag)
    }

    /// What the script says of the time after the answer.
    pub(super) fn after_answer(&self) -> Vec<(Duration, Action)> {
        let Script {
            cancel_after: _,
            hold_after,
            unhold_after,
            transfer,
            hangup_after,
        } = self.script;
        let hold = hold_after.map(|after| (after, Action::Hold(true)));
        let unhold = unhold_after.map(|after| (after, Action::Hold(false)));
        let hangup = hangup_after.map(|after| (after, Action::Hangup));
        let refer = transfer.map(|order| (order.after, Action::Refer(order)));
        [hold, unhold, refer, hangup]
            .into_iter()
            .flatten()
            .collect()
    }
}
