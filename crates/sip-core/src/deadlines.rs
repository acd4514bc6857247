//! All deadlines in one queue: O(log n), deleted lazily.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use offhook_base::{Mono, PhoneId};

use crate::transaction::Slot;
use crate::{LegId, SubscriptionId};

/// Whose deadline it is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Timer {
    /// A client transaction.
    Client(Slot),
    /// A leg.
    Leg(LegId),
    /// The first of a phone's bindings to run out.
    Phone(PhoneId),
    /// A server transaction.
    Server(Slot),
    /// A subscription runs out.
    Subscription(SubscriptionId),
}

/// The queue. Whoever has a deadline remembers which one is queued for it (`armed`); an entry that is not the armed
/// one any more is skipped.
#[derive(Debug, Default)]
pub(crate) struct Deadlines {
    queue: BinaryHeap<Reverse<(Mono, Timer)>>,
}

impl Deadlines {
    /// Queues `next` unless something queued already fires at or before it.
    ///
    /// A deadline that moved back stays queued as it was: the owner looks again when it fires.
    pub(crate) fn arm(&mut self, timer: Timer, armed: &mut Option<Mono>, next: Option<Mono>) {
        let Some(next) = next else { return };
        if armed.is_none_or(|armed| next < armed) {
            *armed = Some(next);
            self.queue.push(Reverse((next, timer)));
        }
    }

    /// The earliest entry, armed or not.
    pub(crate) fn first(&self) -> Option<(Mono, Timer)> {
        self.queue.peek().map(|Reverse(entry)| *entry)
    }

    /// Takes the earliest entry.
    pub(crate) fn pop(&mut self) {
        self.queue.pop();
    }
}
