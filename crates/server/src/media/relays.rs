//! The relays that run, and their sockets.

use std::collections::BTreeMap;

use offhook_media_core::{Relay, RelayId};

use super::socket::Pair;

/// The relays that run, found by name for commands and by slot for packets.
#[derive(Debug, Default)]
pub(super) struct Relays {
    slots: Vec<Option<Active>>,
    free: Vec<usize>,
    by_id: BTreeMap<RelayId, usize>,
}

/// A relay and its sockets.
#[derive(Debug)]
pub(super) struct Active {
    pub(super) relay: Relay,
    pub(super) a: Pair,
    pub(super) b: Pair,
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
        self.slots.get_mut(slot)?.take()
    }
}
