//! What the owner of the queues and the machine tell each other.

use std::time::Duration;

use offhook_base::{CallId, QueueId, UserId};

/// One offer of one caller to one agent. The owner keeps it with the leg that rings the agent and gives it back with
/// whatever becomes of that leg: an answer to an offer that was withdrawn can then never be taken for an answer to a
/// later offer of the same two.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct OfferId {
    /// The caller: the root call.
    pub(crate) caller: CallId,
    /// The agent.
    pub(crate) agent: UserId,
    /// Never used twice.
    pub(super) no: u64,
}

/// How an offer ended without an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    /// The phone said that its user is in a call.
    Busy,
    /// We ended the attempt ourselves, such as by a REST client's wish.
    Cancelled,
    /// The agent declined.
    Declined,
    /// The ring time ran out.
    NoAnswer,
    /// No phone could be reached.
    Unreachable,
}

/// Why a caller is not let into a queue.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum Refused {
    /// So many callers wait already as may.
    #[error("{0} callers wait, more are not allowed")]
    Full(u32),
    /// No agent is logged in.
    #[error("no agent is logged in")]
    NoAgents,
    /// There is no such queue.
    #[error("no such queue")]
    NoQueue,
}

/// What the owner of the queues is to do, in this order.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum QueueOutput {
    /// Tell a caller his place.
    Announce {
        /// Whom to tell.
        caller: CallId,
        /// 1 is next.
        position: u32,
    },
    /// A caller is out of the queue without having got an agent.
    Leave {
        /// Who.
        caller: CallId,
        /// Why.
        why: LeaveReason,
    },
    /// Ring an agent for a caller. To be answered by `answered` or `refused`.
    Offer {
        /// Who for whom.
        offer: OfferId,
        /// The queue.
        queue: QueueId,
        /// How long to ring.
        ring_time: Duration,
    },
    /// Stop ringing. The offer is over with this: what becomes of the leg changes nothing any more.
    Withdraw {
        /// Who for whom.
        offer: OfferId,
    },
    /// An agent's time after a call began or ended.
    Wrapup {
        /// The queue whose call it was.
        queue: QueueId,
        /// The agent.
        agent: UserId,
        /// Who the caller was.
        caller: CallId,
        /// What happened.
        action: WrapupAction,
    },
}

/// Why a caller is sent away.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum LeaveReason {
    /// He waited as long as one may.
    MaxWait,
    /// The last agent logged out.
    NoAgents,
    /// The queue was removed.
    Removed,
}

/// What happened to an agent's time after a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum WrapupAction {
    /// It was ended before it ran out.
    Close,
    /// It began.
    Open,
    /// It ran out.
    Timeout,
}
