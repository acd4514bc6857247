//! What a REST client may ask of the calls, and the answers. Each answer is held until the facts that it tells of are
//! committed, like a message to a peer.

use std::time::Duration;

use offhook_base::{CallId, QueueId, UserId};

/// One command of a REST client.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ApiCommand {
    /// `DELETE /calls/{id}`.
    Hangup {
        /// The call.
        call: CallId,
    },
    /// `PATCH /calls/{id} {"state"}`: `ON_HOLD` or `CONNECTED`; on a ringing call `CONNECTED` means answer.
    Hold {
        /// The call.
        call: CallId,
        /// Whether it is to be held.
        held: bool,
        /// Who asks: the side that is this user's holds; for anybody else the called one.
        by: UserId,
    },
    /// `PATCH /calls/{id} {"monitor_state"}`: starts or stops the recording of a call between two people.
    Monitor {
        /// The call.
        call: CallId,
        /// Whether it is to be recorded.
        on: bool,
        /// Who asks.
        by: UserId,
    },
    /// `POST /calls`: rings the user's phones, then calls `to`.
    Originate {
        /// Whose phones ring first.
        user: UserId,
        /// Whom to call then, as dialled.
        to: String,
        /// The number to show outside; `None` for the user's own.
        caller_id: Option<String>,
    },
    /// `GET /queues/{id}/live`.
    QueueLive {
        /// The queue.
        queue: QueueId,
    },
    /// `PATCH /calls/{id} {"dst"}`.
    Transfer {
        /// The call.
        call: CallId,
        /// Whom to call instead, as dialled.
        dst: String,
        /// Which side is moved; `None` for the one that is no user of ours, and between two users for the caller.
        party: Option<TransferParty>,
    },
    /// An agent ends the time after a call before it has run out.
    WrapupClose {
        /// The queue.
        queue: QueueId,
        /// The agent.
        user: UserId,
    },
}

/// Which side of a call is moved by a transfer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TransferParty {
    /// The caller.
    Src,
    /// The called side.
    Dst,
}

/// What came of a command that was carried out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ApiAnswer {
    /// It is done.
    Done,
    /// It opened this call.
    Call(CallId),
    /// What was asked for.
    Queue(Box<QueueLive>),
}

/// A queue at this moment.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct QueueLive {
    /// Callers who wait, those included whom an agent is being offered.
    pub waiting: u32,
    /// How long the first of them has waited.
    pub longest_wait: Duration,
    /// The agents, in the order of the queue.
    pub agents: Vec<(UserId, AgentState)>,
}

/// What an agent of a queue is doing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AgentState {
    /// Logged out of this queue.
    LoggedOut,
    /// No phone can be rung: none is registered, or the user does not want to be disturbed.
    Unreachable,
    /// Waits for a call.
    Free,
    /// Is being rung for a caller of any queue.
    Ringing,
    /// Talks to a caller of any queue.
    Talking,
    /// Is in another call.
    Busy,
    /// Has time after a call.
    WrapUp,
    /// Did not take the last call, and is left alone for a moment.
    Penalty,
}

/// The answer to a command.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ApiReply {
    /// As given with the command.
    pub token: u64,
    /// What came of it.
    pub result: Result<ApiAnswer, ApiRefusal>,
}

/// Why a command was not carried out.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ApiRefusal {
    /// There is no such call, or it has ended.
    #[error("Resource not found")]
    NotFound,
    /// The call is in a state that does not allow it, such as in the middle of a transfer.
    #[error("{0}")]
    Conflict(&'static str),
    /// No phone of the originator is registered.
    #[error("no phone of this user is registered")]
    NoPhone,
    /// The number cannot be called.
    #[error("{0}")]
    BadTarget(&'static str),
    /// New calls are not taken now: commits are stalled, no room, or a shutdown.
    #[error("the call thread takes no new calls now")]
    Unavailable,
}
