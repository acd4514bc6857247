//! One agent: one state for all the queues that he serves.

use std::time::Duration;

use offhook_base::{CallId, Mono, QueueId, UserId};

use super::interface::{OfferId, Outcome};
use super::ordered::Ordered;
use super::timers::Timer;
use crate::command::AgentState;

/// One who did not pick up or declined is left alone for as long as it takes to offer the caller to somebody else,
/// and to come back to the desk; an only agent costs his caller no more than that.
const NOT_TAKEN: Duration = Duration::from_secs(10);

/// A busy line may be free at any moment and a lost phone registers again within seconds; yet a queue whose phones
/// are all away sends no more than one INVITE per agent in this time.
const NOT_REACHED: Duration = Duration::from_secs(5);

/// Nothing was asked of the agent. It keeps an owner who can ring nobody from being asked again at once, for ever.
const NOT_TRIED: Duration = Duration::from_secs(1);

/// How long an offer may go on after its ring time before it counts as lost: more than the owner's own ring timer
/// needs, so that this is a net and not a race.
pub(super) const WATCHDOG: Duration = Duration::from_secs(5);

/// How long an agent is not offered a call after an offer that ended like this.
pub(super) const fn penalty(outcome: Outcome) -> Duration {
    match outcome {
        Outcome::Declined | Outcome::NoAnswer => NOT_TAKEN,
        Outcome::Busy | Outcome::Unreachable => NOT_REACHED,
        Outcome::Cancelled => NOT_TRIED,
    }
}

/// What is known of a user; whoever is in no queue, idle, away and in no call is not kept.
#[derive(Debug, Default)]
pub(super) struct Agent {
    /// The queues that list him, logged in or not.
    pub(super) queues: Ordered<QueueId>,
    pub(super) reachable: bool,
    /// Is in a call that no queue gave him.
    pub(super) busy: bool,
    /// A phone of his may still ring for a call that was taken back.
    pub(super) still_rings: bool,
    /// When his last call of any queue ended.
    pub(super) last_end: Option<Mono>,
    pub(super) activity: Activity,
}

/// What the queues have an agent do.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Activity {
    /// Nothing.
    #[default]
    Idle,
    /// Is rung.
    Offered {
        offer: OfferId,
        queue: QueueId,
        /// When the offer counts as lost.
        until: Mono,
    },
    /// Talks to a caller.
    Talking { offer: OfferId, queue: QueueId },
    /// Has time after a call.
    WrapUp {
        queue: QueueId,
        caller: CallId,
        until: Mono,
    },
    /// Did not take the last call.
    Penalty { until: Mono },
}

impl Activity {
    /// When this ends by itself.
    pub(super) const fn timer(self, user: UserId) -> Option<(Mono, Timer)> {
        match self {
            Self::Idle | Self::Talking { .. } => None,
            Self::Offered { until, .. } => Some((until, Timer::Offer(user))),
            Self::WrapUp { until, .. } => Some((until, Timer::WrapUp(user))),
            Self::Penalty { until } => Some((until, Timer::Penalty(user))),
        }
    }
}

impl Agent {
    /// Whether a queue may offer him a call.
    pub(super) fn is_free(&self, skip_busy: bool) -> bool {
        self.activity == Activity::Idle
            && self.reachable
            && !self.still_rings
            && !(skip_busy && self.busy)
    }

    /// Whether nothing is known of him that is worth keeping.
    pub(super) fn is_nobody(&self) -> bool {
        self.queues.is_empty()
            && self.activity == Activity::Idle
            && !self.reachable
            && !self.busy
            && !self.still_rings
    }

    /// What a person is shown of him. What a queue has him do goes before what his phones do.
    pub(super) const fn shown(&self) -> AgentState {
        match self.activity {
            Activity::Offered { .. } => AgentState::Ringing,
            Activity::Talking { .. } => AgentState::Talking,
            Activity::WrapUp { .. } => AgentState::WrapUp,
            Activity::Idle | Activity::Penalty { .. } if !self.reachable => AgentState::Unreachable,
            Activity::Penalty { .. } => AgentState::Penalty,
            Activity::Idle if self.still_rings => AgentState::Ringing,
            Activity::Idle if self.busy => AgentState::Busy,
            Activity::Idle => AgentState::Free,
        }
    }
}
