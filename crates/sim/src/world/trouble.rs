//! What goes wrong with a phone: it dies and comes back without a memory, or takes its registration back for a while.

use std::collections::BTreeSet;
use std::time::Duration;

use super::happening::Happening;
use super::people::Part;
use super::{World, cast};

/// Phones that are not there.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    dead: BTreeSet<usize>,
    /// Phones that have died at some time: what others say of their former calls is no fault of those.
    forgetful: BTreeSet<usize>,
    /// Lives begun, so that each one draws other tags and Call-IDs.
    lives: u64,
}

impl Trouble {
    /// Whether nothing goes to this peer or comes from it.
    pub(super) fn is_dead(&self, peer: usize) -> bool {
        self.dead.contains(&peer)
    }

    /// Whether this peer has forgotten calls that it had.
    pub(super) fn is_forgetful(&self, peer: usize) -> bool {
        self.forgetful.contains(&peer)
    }
}

impl World {
    /// One of the phones that agents have, if there is any, gets into trouble.
    pub(super) fn trouble_by_chance(&mut self) {
        let agents: Vec<usize> = (0..self.parts.len())
            .filter(|peer| self.parts.get(*peer) == Some(&Part::Agent))
            .collect();
        let which = self.below(agents.len() as u64) as usize;
        let Some(peer) = agents.get(which).copied() else {
            return;
        };
        let back = self.within(Duration::from_secs(1), Duration::from_secs(30));
        if self.below(2) == 0 {
            self.trouble.dead.insert(peer);
            self.trouble.forgetful.insert(peer);
            self.at(back, Happening::Revive(peer));
        } else {
            let now = self.now.mono;
            if let Some(phone) = self.phones.get_mut(peer) {
                phone.unregister(now);
            }
            self.drain_phone(peer);
            self.at(back, Happening::Register(peer));
        }
    }

    /// A phone that died is switched on again. It knows of no call.
    pub(super) fn revive(&mut self, peer: usize) {
        if !self.trouble.dead.remove(&peer) {
            return;
        }
        self.trouble.lives += 1;
        let seed = self.plan.seed ^ self.trouble.lives << 48;
        if let Some((id, user)) = self.cast.phones.get(peer).copied() {
            let sim = cast::phone(peer, id, seed);
            let part = self.part_of(user);
            let sim = self.equip(sim, peer, part);
            if let Some(old) = self.phones.get_mut(peer) {
                *old = sim;
            }
        }
        self.register(peer);
    }

    /// A phone registers, unless it is dead.
    pub(super) fn register(&mut self, peer: usize) {
        let now = self.now.mono;
        if self.trouble.is_dead(peer) {
            return;
        }
        if let Some(phone) = self.phones.get_mut(peer) {
            phone.register(now);
        }
        self.drain_phone(peer);
    }
}
