//! The relays that run, their sockets, and when each has to send something by itself.

use std::collections::{BTreeMap, BTreeSet};

use offhook_base::Mono;
use offhook_media_core::{
    Kind, Notice, PLAYED_OCTETS, Played, Relay, RelayId, SRTP_TRAILER_OCTETS, Side,
};

use super::socket::Pair;
use super::tap::Tapes;

/// The relays that run, found by name for commands and by slot for packets.
#[derive(Debug, Default)]
pub(super) struct Relays {
    slots: Vec<Option<Active>>,
    free: Vec<usize>,
    by_id: BTreeMap<RelayId, usize>,
    /// When a slot's relay has a packet to play, earliest first: one entry a relay that plays.
    deadlines: BTreeSet<(Mono, usize)>,
}

/// A relay and its sockets.
#[derive(Debug)]
pub(super) struct Active {
    id: RelayId,
    pub(super) relay: Relay,
    pub(super) a: Pair,
    pub(super) b: Pair,
    pub(super) tapes: Tapes,
    /// Its entry among the deadlines.
    deadline: Option<Mono>,
}

impl Active {
    pub(super) fn new(id: RelayId, relay: Relay, a: Pair, b: Pair) -> Self {
        Self {
            id,
            relay,
            a,
            b,
            tapes: Tapes::default(),
            deadline: None,
        }
    }
}

impl Relays {
    pub(super) fn get_mut(&mut self, id: RelayId) -> Option<&mut Active> {
        let slot = *self.by_id.get(&id)?;
        self.slots.get_mut(slot)?.as_mut()
    }

    pub(super) fn contains(&self, id: RelayId) -> bool {
        self.by_id.contains_key(&id)
    }

    pub(super) fn at(&mut self, slot: usize) -> Option<&mut Active> {
        self.slots.get_mut(slot)?.as_mut()
    }

    /// A slot for a relay: to be followed by `put` or `leave_vacant`.
    pub(super) fn vacant(&mut self) -> usize {
        self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        })
    }

    pub(super) fn leave_vacant(&mut self, slot: usize) {
        self.free.push(slot);
    }

    pub(super) fn put(&mut self, slot: usize, id: RelayId, active: Active) {
        if let Some(place) = self.slots.get_mut(slot) {
            *place = Some(active);
            self.by_id.insert(id, slot);
        }
    }

    pub(super) fn remove(&mut self, id: RelayId) -> Option<Active> {
        let slot = self.by_id.remove(&id)?;
        self.free.push(slot);
        let active = self.slots.get_mut(slot)?.take()?;
        if let Some(deadline) = active.deadline {
            self.deadlines.remove(&(deadline, slot));
        }
        Some(active)
    }

    /// Changes what a relay plays; `None` when it does not run.
    pub(super) fn change<R>(
        &mut self,
        id: RelayId,
        change: impl FnOnce(&mut Relay) -> R,
    ) -> Option<R> {
        let slot = *self.by_id.get(&id)?;
        let changed = change(&mut self.at(slot)?.relay);
        self.reschedule(slot);
        Some(changed)
    }

    /// When a relay has something to send or to tell.
    pub(super) fn next_timeout(&self) -> Option<Mono> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// Sends the packet that has been due for longest; false when none is due. What the relay has to tell is given to
    /// `tell`.
    pub(super) fn send_due(
        &mut self,
        now: Mono,
        buffer: &mut [u8; SENT_OCTETS],
        tell: impl FnMut(RelayId, Notice),
    ) -> bool {
        let Some((_, slot)) = self.deadlines.first().copied().filter(|(at, _)| *at <= now) else {
            return false;
        };
        if let Some(active) = self.at(slot)
            && let Some(packet) = buffer.first_chunk_mut()
            && let Some(Played { side, to, length }) = active.relay.handle_timeout(now, packet)
            && let Some(length) = active.relay.encrypt(side, Kind::Rtp, buffer, length)
        {
            let pair = match side {
                Side::A => &active.a,
                Side::B => &active.b,
            };
            let packet = buffer.get(..length).unwrap_or_default();
            if let Err(error) = pair.send(Kind::Rtp, packet, to) {
                tracing::trace!(%error, %to, "a packet of ours could not be sent");
            }
        }
        self.settle(slot, tell);
        true
    }

    /// A relay got packets or time: tells what it has to tell, and sees to its deadline.
    pub(super) fn settle(&mut self, slot: usize, mut tell: impl FnMut(RelayId, Notice)) {
        if let Some(active) = self.at(slot) {
            while let Some(notice) = active.relay.poll_notice() {
                tell(active.id, notice);
            }
        }
        self.reschedule(slot);
    }

    fn reschedule(&mut self, slot: usize) {
        let Some(active) = self.slots.get_mut(slot).and_then(Option::as_mut) else {
            return;
        };
        let next = active.relay.next_timeout();
        let previous = std::mem::replace(&mut active.deadline, next);
        if next == previous {
            return;
        }
        if let Some(previous) = previous {
            self.deadlines.remove(&(previous, slot));
        }
        if let Some(next) = next {
            self.deadlines.insert((next, slot));
        }
    }
}

/// A packet of our own, and what it is longer by when it is encrypted.
pub(super) const SENT_OCTETS: usize = PLAYED_OCTETS + SRTP_TRAILER_OCTETS;
