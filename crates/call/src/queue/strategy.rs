//! Which of the free agents of a queue is offered the next call: a sorted set whose order is the strategy's.

use offhook_base::{Mono, UserId};

use super::ordered::Ordered;
use crate::directory::QueueStrategy;

/// The place of an agent in the list of a queue.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Order(pub(super) u32);

/// How soon a free agent's turn comes: the lowest goes first. No two agents of a queue have the same order.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Rank {
    /// What the strategy compares first; zero where the list alone counts.
    merit: u64,
    order: Order,
}

impl Rank {
    /// The rank of an agent who took `answered` calls of this queue and whose last call, of any queue, ended at
    /// `last_end`.
    pub(super) fn of(
        strategy: QueueStrategy,
        order: Order,
        answered: u64,
        last_end: Option<Mono>,
    ) -> Self {
        let merit = match strategy {
            // One who never had a call goes before one whose call ended at the origin of the clock.
            QueueStrategy::LeastRecent => last_end.map_or(0, |at| at.0.saturating_add(1)),
            QueueStrategy::FewestCalls => answered,
            QueueStrategy::All | QueueStrategy::InOrder | QueueStrategy::RoundRobin => 0,
        };
        Self { merit, order }
    }
}

/// The free agents of one queue.
#[derive(Debug, Default)]
pub(super) struct Free {
    ranks: Ordered<Rank, UserId>,
    /// Whom a call was offered last, for [`QueueStrategy::RoundRobin`].
    last: Option<Order>,
}

impl Free {
    pub(super) fn is_empty(&self) -> bool {
        self.ranks.is_empty()
    }

    pub(super) fn insert(&mut self, rank: Rank, agent: UserId) {
        self.ranks.insert(rank, agent);
    }

    pub(super) fn remove(&mut self, rank: Rank) {
        self.ranks.remove(rank);
    }

    #[cfg(test)]
    pub(super) fn holds(&self, rank: Rank, agent: UserId) -> bool {
        self.ranks.get(rank) == Some(&agent)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.ranks.len()
    }

    /// Whose turn it is.
    pub(super) fn next(&self, strategy: QueueStrategy) -> Option<UserId> {
        let first = || self.ranks.first();
        let next = match strategy {
            QueueStrategy::RoundRobin => self
                .last
                .and_then(|order| self.ranks.first_after(Rank { merit: 0, order }))
                .or_else(first),
            QueueStrategy::All
            | QueueStrategy::FewestCalls
            | QueueStrategy::InOrder
            | QueueStrategy::LeastRecent => first(),
        };
        next.map(|(_, agent)| *agent)
    }

    /// The agent at `order` was offered a call.
    pub(super) const fn offered(&mut self, order: Order) {
        self.last = Some(order);
    }

    /// Whom a call was offered last.
    pub(super) const fn last(&self) -> Option<Order> {
        self.last
    }

    /// An empty set for a changed list, in which the turn stands at `last`.
    pub(super) fn turned(last: Option<Order>) -> Self {
        Self {
            ranks: Ordered::default(),
            last,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_never_had_a_call_goes_before_one_whose_call_ended_at_the_origin_of_the_clock() {
        let rank =
            |order, last_end| Rank::of(QueueStrategy::LeastRecent, Order(order), 0, last_end);
        assert!(rank(2, None) < rank(1, Some(Mono(0))));
        assert!(rank(2, Some(Mono(0))) < rank(1, Some(Mono(1))));
        assert!(rank(1, Some(Mono(1))) < rank(2, Some(Mono(1))));
    }
}
