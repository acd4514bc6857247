//! One caller: waits, or talks to the agent he got.

use offhook_base::{Mono, QueueId, UserId};

use super::interface::OfferId;
use super::ordered::Ordered;
use super::waiting::Ticket;

/// A caller whom a queue knows.
#[derive(Debug)]
pub(super) enum Caller {
    /// Waits for an agent.
    Waiting(Waiting),
    /// Talks to the agent of this offer.
    Talking(OfferId),
}

/// A caller who waits.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) queue: QueueId,
    pub(super) ticket: Ticket,
    pub(super) entered: Mono,
    /// When he is sent away.
    pub(super) max_wait: Option<Mono>,
    /// When he is told his place next.
    pub(super) announce: Option<Mono>,
    /// Which agents are rung for him.
    pub(super) offers: Ordered<UserId, OfferId>,
}
