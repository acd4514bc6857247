//! Who waits in one queue, in the order of entry, and at which place.
//!
//! Places come from a Fenwick tree over the slots that callers took in the order of entry: putting in, taking out
//! and the number of callers before a slot cost the depth of the tree. When the slots are used up, those who still
//! wait move together into new ones; there are at least twice as many slots as callers then, so each entry pays for
//! a constant part of it.

use offhook_base::CallId;

use super::ordered::{Ordered, walk};

/// The order in which callers entered, across all queues: a lower one has waited longer.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Ticket(pub(super) u64);

/// The callers of one queue.
#[derive(Debug, Default)]
pub(super) struct Line {
    callers: Ordered<Ticket, Place>,
    counts: Counts,
    /// The next slot nobody has taken.
    next: usize,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    caller: CallId,
    slot: usize,
}

/// Slots of an empty line.
const SLOTS: usize = 64;

impl Line {
    pub(super) fn len(&self) -> usize {
        self.callers.len()
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.callers.is_empty()
    }

    #[cfg(test)]
    pub(super) fn contains(&self, ticket: Ticket) -> bool {
        self.callers.contains(ticket)
    }

    /// Who has waited longest.
    pub(super) fn first(&self) -> Option<(Ticket, CallId)> {
        self.callers
            .first()
            .map(|(ticket, place)| (ticket, place.caller))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Ticket, CallId)> {
        self.callers
            .iter()
            .map(|(ticket, place)| (ticket, place.caller))
    }

    /// Puts `caller` at the end; no later ticket may wait here.
    pub(super) fn push(&mut self, ticket: Ticket, caller: CallId) {
        if self.next == self.counts.len() {
            self.move_together();
        }
        let slot = self.next;
        self.next += 1;
        self.counts.add(slot);
        self.callers.insert(ticket, Place { caller, slot });
    }

    pub(super) fn remove(&mut self, ticket: Ticket) {
        if let Some(place) = self.callers.remove(ticket) {
            self.counts.take(place.slot);
        }
    }

    /// The place of a caller: 1 is next.
    pub(super) fn position(&self, ticket: Ticket) -> Option<u32> {
        let place = self.callers.get(ticket)?;
        Some(self.counts.up_to(place.slot))
    }

    fn move_together(&mut self) {
        self.counts = Counts::with_slots((self.callers.len() * 2).max(SLOTS));
        self.next = 0;
        for place in self.callers.values_mut() {
            place.slot = self.next;
            self.counts.add(self.next);
            self.next += 1;
        }
    }
}

/// How many callers hold slots, for any first part of the slots: `tree[i]` counts the `i & -i` slots that end at
/// slot `i - 1`.
#[derive(Debug, Default)]
struct Counts {
    tree: Vec<u32>,
}

impl Counts {
    fn with_slots(slots: usize) -> Self {
        Self {
            tree: vec![0; slots + 1],
        }
    }

    fn len(&self) -> usize {
        self.tree.len().saturating_sub(1)
    }

    fn add(&mut self, slot: usize) {
        self.change(slot, |count| count.saturating_add(1));
    }

    fn take(&mut self, slot: usize) {
        self.change(slot, |count| count.saturating_sub(1));
    }

    fn change(&mut self, slot: usize, change: impl Fn(u32) -> u32) {
        let mut at = slot + 1;
        while let Some(count) = self.tree.get_mut(at) {
            *count = change(*count);
            at += lowest_bit(at);
            walk(1);
        }
    }

    /// How many are in the slots up to `slot`, itself included.
    fn up_to(&self, slot: usize) -> u32 {
        let mut at = slot + 1;
        let mut sum = 0_u32;
        while at > 0 {
            sum = sum.saturating_add(self.tree.get(at).copied().unwrap_or(0));
            at -= lowest_bit(at);
            walk(1);
        }
        sum
    }
}

const fn lowest_bit(of: usize) -> usize {
    of & of.wrapping_neg()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_hold_through_thousands_of_entries_and_departures() {
        let mut line = Line::default();
        let mut naive: Vec<Ticket> = Vec::new();
        let mut draw = 7_u64;
        for n in 0..5_000_u64 {
            line.push(Ticket(n), CallId(n));
            naive.push(Ticket(n));
            draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            // Long phases in which the line grows and in which it shrinks.
            let leaving = if n / 500 % 2 == 0 { draw >> 63 } else { 2 };
            for _ in 0..leaving.min(naive.len() as u64) {
                draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let gone = naive.remove((draw >> 33) as usize % naive.len());
                line.remove(gone);
                assert_eq!(line.position(gone), None);
            }
            assert_eq!(line.len(), naive.len());
            assert_eq!(
                line.first().map(|(ticket, _)| ticket),
                naive.first().copied()
            );
            for (place, ticket) in naive.iter().enumerate().step_by(17) {
                assert_eq!(line.position(*ticket), u32::try_from(place + 1).ok());
            }
        }
    }
}
