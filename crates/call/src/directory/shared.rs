//! What several users share: ring groups and queues.

use std::time::Duration;

use offhook_base::{QueueId, RingGroupId, SoundId, UserId};

/// A number that rings several users.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RingGroup {
    /// Id; its calls have the context `RG-<id>`.
    pub id: RingGroupId,
    /// Name.
    pub name: String,
    /// Extension, as dialled.
    pub number: String,
    /// Whom to ring when.
    pub strategy: GroupStrategy,
    /// How long a member is rung; with [`GroupStrategy::All`] the whole group.
    pub ring_time: Duration,
    /// Members, in the order in which they are tried. One that is no user any more is passed over.
    pub users: Vec<UserId>,
}

/// The order in which the members of a ring group are rung.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum GroupStrategy {
    /// All at once: `ring_all`.
    All,
    /// One after the other, in order: `linear`.
    Linear,
}

/// A number at which callers wait for an agent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct QueueConfig {
    /// Id.
    pub id: QueueId,
    /// Name.
    pub name: String,
    /// Extension, as dialled.
    pub number: String,
    /// Which agent is offered the next call.
    pub strategy: QueueStrategy,
    /// How long an agent is rung.
    pub ring_time: Duration,
    /// How long a caller waits at most; `None` for ever.
    pub max_wait: Option<Duration>,
    /// How many callers wait at most; `None` for any number.
    pub max_length: Option<u32>,
    /// How long an agent is left alone after a call.
    pub wrap_up: Duration,
    /// Time between two announcements of a caller's position; `None` for none.
    pub announce: Option<Duration>,
    /// Agents who are in another call are not rung.
    pub skip_busy: bool,
    /// What a caller hears while he waits; `None`: what everybody hears who waits.
    pub music: Option<SoundId>,
    /// What a caller is told first.
    pub announcement: Option<SoundId>,
    /// Agents in order, and whether each is logged in.
    pub agents: Vec<(UserId, bool)>,
}

/// Which agent of a queue is offered the next call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum QueueStrategy {
    /// `A`: all free agents at once.
    All,
    /// `L`: who has waited longest since the last call.
    LeastRecent,
    /// `F`: who took the fewest calls.
    FewestCalls,
    /// `R`: in turn, from the one after the last.
    RoundRobin,
    /// `O`: the first free one of the list.
    InOrder,
}
