//! What all conversations of a node share and draw from: who can be called and where, ids, ports, settings.

use std::collections::BTreeMap;
use std::net::IpAddr;

use offhook_base::{CallId, Mono, Now, TrunkId, UserId, Wall};
use offhook_media_core::{MediaCommand, PairId, PortPair, RelayId};
use offhook_sip_core::{FlowId, LegId, TxId};
use sha2::{Digest as _, Sha256};

use crate::bindings::Bindings;
use crate::config::CallConfig;
use crate::directory::Directory;
use crate::media::Media;
use crate::plan::{Dialled, Map, Plan, meant, plan, targets};
use crate::queue::Queues;
use crate::record::CallRecord;
use crate::trunks::Trunks;
use crate::{CallIds, EventIds};

/// The stock of a node, lent to the conversation that an input belongs to.
#[derive(Debug)]
pub(crate) struct Office {
    pub(crate) config: CallConfig,
    pub(crate) directory: Directory,
    pub(crate) bindings: Bindings,
    pub(crate) event_ids: EventIds,
    pub(crate) call_ids: CallIds,
    pub(crate) ports: Vec<PortPair>,
    pub(crate) trunks: Trunks,
    pub(crate) queues: Queues,
    /// The queue's call of each agent who talks to a caller of it, or has time after that.
    pub(crate) talking: BTreeMap<UserId, Talk>,
    /// The ports of each conversation that has some, and whether its relay was started.
    relays: BTreeMap<CallId, ([PairId; 2], bool)>,
    /// Legs that count as a call of a trunk.
    trunk_legs: BTreeMap<LegId, TrunkId>,
    salt: [u8; 32],
    next_leg: u64,
    pub(crate) tx_ids: TxIds,
}

/// A queue's call with an agent, remembered beyond its end.
#[derive(Debug)]
pub(crate) struct Talk {
    pub(crate) record: CallRecord,
    /// When its conversation began: that one's clock goes on.
    pub(crate) started: Now,
}

impl Talk {
    /// The conversation's own wall clock, never before the call's last event.
    pub(crate) fn wall_at(&self, now: Now) -> Wall {
        let wall = self.started.wall + (now.mono - self.started.mono);
        wall.max(self.record.last_event_at)
    }
}

/// Gives names to requests of ours.
#[derive(Debug, Default)]
pub(crate) struct TxIds(u64);

impl TxIds {
    /// A name never given before.
    pub(crate) const fn next(&mut self) -> TxId {
        self.0 += 1;
        TxId::outgoing(self.0)
    }
}

impl Office {
    pub(crate) fn new(config: CallConfig, call_ids: CallIds, seed: [u8; 32]) -> Self {
        let [a, b, c, d, ..] = seed;
        let trunks = Trunks::new(&config.host, FlowId::udp(0));
        let directory = Directory::with_built_in(config.music.clone(), config.prompts.clone());
        let event_ids = EventIds::new(&config.node, u32::from_le_bytes([a, b, c, d]));
        Self {
            config,
            directory,
            bindings: Bindings::default(),
            event_ids,
            call_ids,
            ports: Vec::new(),
            trunks,
            queues: Queues::default(),
            talking: BTreeMap::new(),
            relays: BTreeMap::new(),
            trunk_legs: BTreeMap::new(),
            salt: Sha256::digest(seed).into(),
            next_leg: 0,
            tx_ids: TxIds::default(),
        }
    }

    /// Whom a call reaches.
    pub(crate) fn plan(&self, dialled: &Dialled) -> Plan {
        plan(self.map(), dialled)
    }

    /// What is dialled, with its target where it is a number of ours.
    pub(crate) fn meant(&self, dialled: &Dialled) -> Dialled {
        meant(self.map(), dialled)
    }

    fn map(&self) -> Map<'_> {
        Map {
            directory: &self.directory,
            bindings: &self.bindings,
            numbering: &self.config.numbering,
            trunks: &self.trunks,
        }
    }

    /// Tells the queues whether a user's phones can be rung.
    pub(crate) fn note_reach(&mut self, now: Mono, user: UserId) {
        let reachable = self.directory.user(user).is_some_and(|user| {
            user.active && targets(&self.directory, &self.bindings, None, user).is_ok()
        });
        self.queues.reachable(now, user, reachable);
    }

    /// A caller has left the queues; an agent who talked to him is done unless he has time after that.
    pub(crate) fn leave_queue(&mut self, now: Mono, root: CallId) {
        if let Some(agent) = self.queues.leave(now, root) {
            self.talking.remove(&agent);
        }
    }

    /// A queue's call ends: what is told of it from here on is what was true then.
    pub(crate) fn note_talk_end(&mut self, record: &CallRecord, at: Wall) {
        let mut talks = self.talking.values_mut();
        if let Some(talk) = talks.find(|talk| talk.record.id == record.id) {
            talk.record.clone_from(record);
            talk.record.last_event_at = at;
        }
    }

    /// Counts a leg as a call of a trunk. False when the trunk may have no further one.
    pub(crate) fn take_line(&mut self, leg: LegId, trunk: TrunkId) -> bool {
        if self.trunks.admit(trunk).is_err() {
            return false;
        }
        self.trunk_legs.insert(leg, trunk);
        true
    }

    /// A leg has ended: its trunk has room for another call.
    pub(crate) fn free_line(&mut self, leg: LegId) {
        if let Some(trunk) = self.trunk_legs.remove(&leg) {
            self.trunks.release(trunk);
        }
    }

    /// The id of a new leg of ours.
    pub(crate) const fn next_leg(&mut self) -> LegId {
        self.next_leg += 1;
        LegId::outgoing(self.next_leg)
    }

    /// The id of a new request of ours.
    pub(crate) const fn next_tx(&mut self) -> TxId {
        self.tx_ids.next()
    }

    /// 40 hex digits that are the same in all events of one root and tell nothing.
    pub(crate) fn src_hash(&self, root: CallId) -> String {
        use std::fmt::Write as _;
        let digest = Sha256::new()
            .chain_update(self.salt)
            .chain_update(root.0.to_le_bytes())
            .finalize();
        digest
            .iter()
            .take(20)
            .fold(String::with_capacity(40), |mut hex, octet| {
                let written = write!(hex, "{octet:02x}");
                debug_assert!(written.is_ok(), "a String takes every write");
                hex
            })
    }

    /// A random-looking delay below `bound_ms`, the same for the same leg and moment: for what two sides must not repeat
    /// in step (RFC 3261 §14.1).
    pub(crate) fn jitter(&self, leg: LegId, now: Mono, bound_ms: u64) -> std::time::Duration {
        let digest = Sha256::new()
            .chain_update(self.salt)
            .chain_update(leg.0.to_le_bytes())
            .chain_update(now.0.to_le_bytes())
            .finalize();
        let drawn = digest
            .iter()
            .take(4)
            .fold(0, |drawn: u64, octet| drawn << 8 | u64::from(*octet));
        std::time::Duration::from_millis(drawn % bound_ms.max(1))
    }

    /// The relay of a conversation was started.
    pub(crate) fn note_relay(&mut self, relay: RelayId) {
        if let Some((_, started)) = self.relays.get_mut(&CallId(relay.0)) {
            *started = true;
        }
    }

    /// The conversation is over. Gives what its ports are owed, should nobody have given them back.
    pub(crate) fn forget_relay(&mut self, root: CallId) -> Vec<MediaCommand> {
        match self.relays.remove(&root) {
            Some((_, true)) => vec![MediaCommand::Stop {
                relay: RelayId(root.0),
            }],
            Some((pairs, false)) => pairs.map(|pair| MediaCommand::Release { pair }).to_vec(),
            None => Vec::new(),
        }
    }

    /// Whether media passes by us.
    pub(crate) const fn relays(&self) -> bool {
        self.config.relay.is_some()
    }

    /// Ports for both sides of a conversation whose first side is at `host`; `None` when the stock is empty.
    pub(crate) fn media(&mut self, root: CallId, host: IpAddr) -> Option<Media> {
        let Some(address) = self.config.relay else {
            return Some(Media::direct());
        };
        if self.ports.len() < 2 {
            return None;
        }
        let (a, b) = (self.ports.pop()?, self.ports.pop()?);
        self.relays.insert(root, ([a.id, b.id], false));
        Some(Media::relayed(root, address, host, a, b))
    }
}
