//! A lane: the events of one root call on their way to one endpoint, at most one of them in flight.
//!
//! `fresh` is the queue in the order of commits; its head holds back the rest. `late` are those that were parked
//! and wait for their own retry.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use offhook_base::{CallId, DeliveryId, EventRecord, JournalPos, Mono};

use crate::endpoint::Order;
use crate::output::Waiting;

/// What names a lane of an endpoint.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum LaneKey {
    /// An event of no call is alone.
    Alone(DeliveryId),
    /// The events of one root call.
    Root(CallId),
}

impl LaneKey {
    pub(crate) fn of(delivery: DeliveryId, event: &EventRecord) -> Self {
        if event.root == CallId(0) {
            Self::Alone(delivery)
        } else {
            Self::Root(event.root)
        }
    }
}

/// A delivery in memory.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) waiting: Waiting,
    /// When to try, on the clock that does not step.
    pub(crate) due: Mono,
    /// Attempts made, those that do not count included.
    pub(crate) n: u32,
    /// The last attempt got no answer.
    pub(crate) unreachable: bool,
}

impl Entry {
    pub(crate) fn id(&self) -> DeliveryId {
        self.waiting.delivery
    }

    fn has_failed(&self) -> bool {
        self.n > 0
    }
}

/// What a lane waits for; nothing at all while it is empty or has one in flight.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Status {
    /// This one can be sent.
    pub(crate) ready: Option<DeliveryId>,
    /// Look again then.
    pub(crate) wake: Option<Mono>,
    /// Look again when the projector has come this far.
    pub(crate) projection: Option<JournalPos>,
}

/// The events of one root call on their way to one endpoint.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lane {
    fresh: VecDeque<Entry>,
    late: Vec<Entry>,
    in_flight: Option<DeliveryId>,
    /// Until when the head, having failed, holds back the rest.
    hold_until: Option<Mono>,
    /// `seq`s that were parked and are not finished.
    parked: BTreeSet<u64>,
    /// What its owner last noted of it.
    pub(crate) noted: Status,
}

impl Lane {
    pub(crate) fn push(&mut self, entry: Entry) {
        self.fresh.push_back(entry);
    }

    pub(crate) fn push_late(&mut self, entry: Entry) {
        self.late.push(entry);
    }

    /// Notes that a delivery of this lane is parked, wherever it is kept.
    pub(crate) fn note_parked(&mut self, seq: Option<u64>) {
        self.parked.extend(seq);
    }

    pub(crate) fn forget_parked(&mut self, seq: Option<u64>) {
        if let Some(seq) = seq {
            self.parked.remove(&seq);
        }
    }

    /// Whether nothing needs it any more.
    pub(crate) fn is_spent(&self) -> bool {
        self.fresh.is_empty() && self.late.is_empty() && self.parked.is_empty()
    }

    /// The `seq`s that a receiver misses before `event`.
    pub(crate) fn gap(&self, event: &EventRecord) -> Vec<u64> {
        match event.seq {
            Some(seq) => self.parked.range(..seq).copied().take(MOST_NAMED).collect(),
            None => Vec::new(),
        }
    }

    /// Takes the head off if it has held back the rest for long enough. While `frozen` (nobody can be reached) that clock stands still.
    pub(crate) fn take_parked(&mut self, now: Mono, order: Order, frozen: bool) -> Option<Entry> {
        if self.in_flight.is_some() {
            return None;
        }
        let head = self.fresh.front()?;
        if !head.has_failed() || head.due <= now {
            return None;
        }
        let hold_until = *self.hold_until.get_or_insert(now + HOLD);
        let over = match order {
            Order::Strict => false,
            Order::Bounded => !frozen && hold_until <= now,
            Order::None => true,
        };
        if !over {
            return None;
        }
        self.hold_until = None;
        self.fresh.pop_front()
    }

    /// Nobody could be reached for `closed_for`: holds are prolonged, and what failed by that may go at once.
    pub(crate) fn on_reachable(&mut self, now: Mono, closed_for: Duration) {
        if let Some(hold_until) = &mut self.hold_until {
            *hold_until = *hold_until + closed_for;
        }
        for entry in self
            .fresh
            .iter_mut()
            .chain(&mut self.late)
            .filter(|entry| entry.unreachable)
        {
            entry.due = entry.due.min(now);
        }
    }

    pub(crate) fn status(
        &self,
        now: Mono,
        projected: JournalPos,
        order: Order,
        frozen: bool,
    ) -> Status {
        let mut status = Status::default();
        if self.in_flight.is_some() {
            return status;
        }
        if let Some(head) = self.fresh.front() {
            match head.waiting.after_projection {
                Some(pos) if pos > projected => status.projection = Some(pos),
                Some(_) | None if head.due <= now => {
                    status.ready = Some(head.id());
                    return status;
                }
                Some(_) | None => {
                    let parks = order == Order::Bounded && !frozen;
                    let hold_until = self.hold_until.filter(|_| parks);
                    status.wake = Some(hold_until.map_or(head.due, |until| until.min(head.due)));
                }
            }
        }
        if let Some(late) = self.late.iter().min_by_key(|entry| (entry.due, entry.id())) {
            if late.due <= now {
                status.ready = Some(late.id());
            } else {
                status.wake = Some(status.wake.map_or(late.due, |wake| wake.min(late.due)));
            }
        }
        status
    }

    /// The delivery that a probe would take, due or not.
    pub(crate) fn probe(&self, projected: JournalPos) -> Option<DeliveryId> {
        let can = |entry: &&Entry| {
            entry
                .waiting
                .after_projection
                .is_none_or(|pos| pos <= projected)
        };
        if self.in_flight.is_some() {
            return None;
        }
        self.fresh
            .front()
            .filter(can)
            .or_else(|| self.late.iter().min_by_key(|entry| entry.id()))
            .map(Entry::id)
    }

    /// Marks one as sent; gives it.
    pub(crate) fn send(&mut self, delivery: DeliveryId) -> Option<&Entry> {
        let entry = self.fresh.front_mut().filter(|head| head.id() == delivery);
        let entry = entry.or_else(|| self.late.iter_mut().find(|entry| entry.id() == delivery))?;
        entry.n = entry.n.saturating_add(1);
        self.in_flight = Some(delivery);
        Some(entry)
    }

    /// The one in flight came back; `None` when it is not this lane's.
    pub(crate) fn returned(&mut self, delivery: DeliveryId) -> Option<&mut Entry> {
        if self.in_flight != Some(delivery) {
            return None;
        }
        self.in_flight = None;
        self.find(delivery)
    }

    fn find(&mut self, delivery: DeliveryId) -> Option<&mut Entry> {
        self.fresh
            .front_mut()
            .filter(|head| head.id() == delivery)
            .or_else(|| self.late.iter_mut().find(|entry| entry.id() == delivery))
    }

    /// Takes one out that is finished, or that its endpoint cannot get.
    pub(crate) fn remove(&mut self, delivery: DeliveryId) -> Option<Entry> {
        let entry = if self.fresh.front().is_some_and(|head| head.id() == delivery) {
            self.hold_until = None;
            self.fresh.pop_front()
        } else {
            let at = self.late.iter().position(|entry| entry.id() == delivery);
            at.map(|at| self.late.swap_remove(at))
        };
        if let Some(entry) = &entry {
            self.forget_parked(entry.waiting.event.seq);
        }
        entry
    }

    /// Takes all out but the one in flight.
    pub(crate) fn drain(&mut self) -> Vec<Entry> {
        let in_flight = self.in_flight;
        let stays = |entry: &Entry| in_flight == Some(entry.id());
        let mut gone: Vec<_> = self
            .fresh
            .iter()
            .chain(&self.late)
            .filter(|entry| !stays(entry))
            .cloned()
            .collect();
        gone.sort_by_key(Entry::id);
        self.fresh.retain(stays);
        self.late.retain(stays);
        self.hold_until = None;
        self.parked.clear();
        gone
    }

    #[cfg(test)]
    pub(crate) fn in_flight(&self) -> Option<DeliveryId> {
        self.in_flight
    }

    /// How many are in memory.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.fresh.len() + self.late.len()
    }
}

/// How long a failed event holds back the later ones of its call, when bounded.
pub(crate) const HOLD: Duration = Duration::from_secs(60);
/// So many parked `seq`s are named in a header at most, the oldest first.
const MOST_NAMED: usize = 32;
