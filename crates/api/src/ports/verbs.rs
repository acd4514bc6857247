//! Verbs on calls and queues, and what the switch answers.

use std::time::Duration;

use offhook_base::{CallId, QueueId, UserId};

use super::PortFuture;

/// Why a verb was not carried out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CallControlError {
    /// The number cannot be called: why, in words for the client.
    BadTarget(&'static str),
    /// The call is in a state that does not allow it: which, in words for the client.
    Conflict(&'static str),
    /// The originator has no phone that is registered.
    NoPhone,
    /// The call has ended, or there is no such queue.
    NotFound,
    /// The call thread cannot take it now.
    Unavailable,
}

/// What a verb answers.
pub type Verb<'a, T> = PortFuture<'a, Result<T, CallControlError>>;

/// Which side of a call is moved by a transfer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Side {
    /// The caller.
    Src,
    /// The called side.
    Dst,
}

/// A transfer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Transfer {
    /// The call.
    pub call: CallId,
    /// Whom to call instead, as dialled.
    pub dst: String,
    /// Which side is moved; `None` for the one that is no user of ours, and between two users for the caller.
    pub party: Option<Side>,
}

/// A call that a client starts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Originate {
    /// Whose phones ring first.
    pub user: UserId,
    /// Whom to call then, as dialled.
    pub to: String,
    /// The number to show outside, or `anonymous`; `None` for the user's own.
    pub caller_id: Option<String>,
}

/// A queue at this moment.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct QueueNow {
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
    /// Is in another call.
    Busy,
    /// Waits for a call.
    Free,
    /// Logged out of this queue.
    LoggedOut,
    /// Did not take the last call, and is left alone for a moment.
    Penalty,
    /// Is being rung for a caller of any queue.
    Ringing,
    /// Talks to a caller of any queue.
    Talking,
    /// No phone can be rung.
    Unreachable,
    /// Has time after a call.
    WrapUp,
}

impl AgentState {
    /// The word as in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Free => "free",
            Self::LoggedOut => "logged_out",
            Self::Penalty => "penalty",
            Self::Ringing => "ringing",
            Self::Talking => "talking",
            Self::Unreachable => "unreachable",
            Self::WrapUp => "wrap_up",
        }
    }
}

/// Verbs on calls that are up, and on queues. The API waits 2 s for each and answers 503 after that.
pub trait CallControl: Send + Sync {
    /// Ends a call; resolves once its end is committed.
    fn hangup(&self, call: CallId, by: UserId) -> Verb<'_, ()>;
    /// Holds a call or resumes it; on a ringing call `held: false` means answer. The side that is `by` holds, for
    /// anybody else the called one.
    fn hold(&self, call: CallId, held: bool, by: UserId) -> Verb<'_, ()>;
    /// Records a call, or does not any more; resolves once its facts so far are committed.
    fn monitor(&self, call: CallId, on: bool, by: UserId) -> Verb<'_, ()>;
    /// Calls a user, then a number; resolves once the first event is committed.
    fn originate(&self, call: Originate) -> Verb<'_, CallId>;
    /// What a queue is doing.
    fn queue_now(&self, queue: QueueId) -> Verb<'_, QueueNow>;
    /// Moves a side of a call; resolves with the new call once its first event is committed.
    fn transfer(&self, transfer: Transfer) -> Verb<'_, CallId>;
    /// Ends the time that an agent has after a call.
    fn wrapup_close(&self, queue: QueueId, agent: UserId) -> Verb<'_, ()>;
}
