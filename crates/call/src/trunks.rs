//! Trunks: which ones a call may take, how many calls each has, and whether they are there.
//!
//! ```text
//!                    put: active, has an address
//!          ┌─────┐ ───────────────────────────────► ┌─────────┐
//!  put ───►│ Off │                                  │ Watched │  OPTIONS every 30 s: Up or Silent, see `health`
//!          └─────┘ ◄─────────────────────────────── └─────────┘
//!                    put: inactive, or no address
//! ```
//!
//! A trunk is chosen when it is up. What calls us is taken from any active trunk: whoever calls is there, also if it does
//! not answer OPTIONS.

pub(crate) mod caller;
mod health;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use offhook_base::{Mono, TrunkId};
use offhook_sip_core::{Command, FlowId, OutsideRequest, Peer, Target, Transport, TxId};

use self::caller::number_sent;
use self::health::Watch;
use crate::{Outside, Trunk};

/// All trunks.
#[derive(Debug)]
pub(crate) struct Trunks {
    /// Our host, for From.
    host: String,
    /// The UDP listener that OPTIONS leave by.
    flow: FlowId,
    trunks: BTreeMap<TrunkId, Entry>,
    /// Calls up, both ways. A trunk that was removed keeps its own until they end.
    calls: BTreeMap<TrunkId, u32>,
    /// Whose OPTIONS are on their way.
    pings: BTreeMap<TxId, TrunkId>,
    /// Whose OPTIONS leave when.
    due: BTreeSet<(Mono, TrunkId)>,
    outputs: VecDeque<TrunkOutput>,
}

#[derive(Debug)]
struct Entry {
    trunk: Trunk,
    health: Health,
}

/// Whether a trunk is asked at all.
#[derive(Debug)]
enum Health {
    /// It is not, for this reason.
    Off(&'static str),
    /// It is.
    Watched(Watch),
}

/// What the owner has to do.
#[derive(Clone, Debug)]
pub(crate) enum TrunkOutput {
    /// Give this to the SIP stack.
    Sip(Box<Command>),
    /// Tell who wants to know.
    State(TrunkState),
}

/// Whether calls are sent to a trunk.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct TrunkState {
    /// The trunk.
    pub(crate) trunk: TrunkId,
    /// Whether they are.
    pub(crate) up: bool,
    /// Why not, in words; empty when they are.
    pub(crate) reason: &'static str,
}

/// Why a trunk gets no further call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum NotAdmitted {
    /// It is inactive, or there is no such trunk.
    Inactive,
    /// It has as many as it may have.
    Full,
}

impl Trunks {
    /// Without trunks.
    pub(crate) fn new(host: &str, flow: FlowId) -> Self {
        Self {
            host: host.to_owned(),
            flow,
            trunks: BTreeMap::new(),
            calls: BTreeMap::new(),
            pings: BTreeMap::new(),
            due: BTreeSet::new(),
            outputs: VecDeque::new(),
        }
    }

    /// A trunk is new or altered, or its host resolves to other addresses.
    pub(crate) fn put(&mut self, now: Mono, trunk: Trunk) {
        let id = trunk.id;
        let before = self.trunks.remove(&id);
        let told = before.as_ref().map(|old| old.health.state(id));
        if let Some(old) = &before {
            self.forget_ping(id, &old.health);
        }
        let off = if !trunk.active {
            Some("inactive")
        } else if trunk.addresses.is_empty() {
            Some("host does not resolve")
        } else {
            None
        };
        let health = match (off, before) {
            (Some(reason), _) => Health::Off(reason),
            (None, Some(old)) => old.health.stays_watched(now, &old.trunk, &trunk),
            (None, None) => Health::Watched(Watch::new(now)),
        };
        self.trunks.insert(id, Entry { trunk, health });
        self.file_ping(id);
        self.tell(id, told);
    }

    /// A trunk is gone.
    pub(crate) fn remove(&mut self, id: TrunkId) {
        if let Some(old) = self.trunks.remove(&id) {
            self.forget_ping(id, &old.health);
        }
    }

    /// Sends the OPTIONS that are due. Each takes a transaction id never used before.
    pub(crate) fn handle_timeout(&mut self, now: Mono, mut next_tx: impl FnMut() -> TxId) {
        while let Some((_, id)) = self.due.first().copied().filter(|(at, _)| *at <= now) {
            self.due.pop_first();
            let Some(entry) = self.trunks.get_mut(&id) else {
                continue;
            };
            let (Health::Watched(watch), Some(address)) =
                (&mut entry.health, entry.trunk.addresses.first())
            else {
                continue;
            };
            let tx = next_tx();
            watch.ask(now, tx);
            self.pings.insert(tx, id);
            let peer = Peer {
                flow: self.flow,
                addr: *address,
                transport: Transport::Udp,
            };
            let command = options(tx, &entry.trunk, peer, &self.host);
            self.outputs.push_back(TrunkOutput::Sip(Box::new(command)));
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) next has something to do.
    pub(crate) fn next_timeout(&self) -> Option<Mono> {
        self.due.first().map(|(at, _)| *at)
    }

    /// A request outside any dialog was answered. False when it was none of ours.
    pub(crate) fn on_response(&mut self, now: Mono, tx: TxId) -> bool {
        self.on_outcome(tx, |watch| watch.on_answer(now))
    }

    /// A request outside any dialog got no answer. False when it was none of ours.
    pub(crate) fn on_failed(&mut self, now: Mono, tx: TxId) -> bool {
        self.on_outcome(tx, |watch| watch.on_miss(now))
    }

    /// What is to be done next by the owner.
    pub(crate) fn poll_output(&mut self) -> Option<TrunkOutput> {
        self.outputs.pop_front()
    }

    /// The trunks to try for a call, in this order.
    pub(crate) fn choose(&self, number: &Outside) -> Vec<TrunkId> {
        self.leading_to(number, |trunk| self.has_room(trunk))
    }

    /// The trunks to try for a text, in this order: it takes no line.
    pub(crate) fn choose_for_text(&self, number: &Outside) -> Vec<TrunkId> {
        self.leading_to(number, |_| true)
    }

    fn leading_to(&self, number: &Outside, is_free: impl Fn(&Trunk) -> bool) -> Vec<TrunkId> {
        let fits = |entry: &&Entry| {
            entry.health.is_up()
                && is_free(&entry.trunk)
                && !number_sent(&entry.trunk, number).is_empty()
        };
        let mut chosen: Vec<_> = self
            .trunks
            .values()
            .filter(fits)
            .map(|entry| (entry.trunk.priority, entry.trunk.id))
            .collect();
        chosen.sort_unstable();
        chosen.into_iter().map(|(_, id)| id).collect()
    }

    /// Counts a call of a trunk, whoever makes it, if the trunk may have another one.
    pub(crate) fn admit(&mut self, id: TrunkId) -> Result<(), NotAdmitted> {
        let trunk = self.trunks.get(&id).map(|entry| &entry.trunk);
        let trunk = trunk
            .filter(|trunk| trunk.active)
            .ok_or(NotAdmitted::Inactive)?;
        if !self.has_room(trunk) {
            return Err(NotAdmitted::Full);
        }
        *self.calls.entry(id).or_default() += 1;
        Ok(())
    }

    /// A call that was admitted has ended.
    pub(crate) fn release(&mut self, id: TrunkId) {
        if let Some(calls) = self.calls.get_mut(&id) {
            *calls -= 1;
            if *calls == 0 {
                self.calls.remove(&id);
            }
        }
    }

    /// Calls up on a trunk, both ways.
    pub(crate) fn calls(&self, id: TrunkId) -> u32 {
        self.calls.get(&id).copied().unwrap_or_default()
    }

    /// Whether calls are sent to a trunk.
    pub(crate) fn state(&self, id: TrunkId) -> Option<TrunkState> {
        Some(self.trunks.get(&id)?.health.state(id))
    }

    fn has_room(&self, trunk: &Trunk) -> bool {
        trunk.max_calls.is_none_or(|max| self.calls(trunk.id) < max)
    }

    fn on_outcome(&mut self, tx: TxId, tell: impl FnOnce(&mut Watch)) -> bool {
        let Some(id) = self.pings.remove(&tx) else {
            return false;
        };
        let told = self.state(id);
        if let Some(Entry {
            health: Health::Watched(watch),
            ..
        }) = self.trunks.get_mut(&id)
        {
            tell(watch);
            self.file_ping(id);
        }
        self.tell(id, told);
        true
    }

    fn file_ping(&mut self, id: TrunkId) {
        match self.trunks.get(&id).map(|entry| &entry.health) {
            Some(Health::Watched(watch)) => {
                if let Some(at) = watch.due() {
                    self.due.insert((at, id));
                } else if let Some(tx) = watch.asked() {
                    self.pings.insert(tx, id);
                }
            }
            Some(Health::Off(_)) | None => {}
        }
    }

    fn forget_ping(&mut self, id: TrunkId, health: &Health) {
        match health {
            Health::Watched(watch) => {
                if let Some(at) = watch.due() {
                    self.due.remove(&(at, id));
                }
                if let Some(tx) = watch.asked() {
                    self.pings.remove(&tx);
                }
            }
            Health::Off(_) => {}
        }
    }

    /// Tells of a trunk's state where it is not what was told before.
    fn tell(&mut self, id: TrunkId, told: Option<TrunkState>) {
        if let Some(state) = self.state(id).filter(|state| Some(*state) != told) {
            self.outputs.push_back(TrunkOutput::State(state));
        }
    }
}

impl Health {
    const fn is_up(&self) -> bool {
        match self {
            Self::Off(_) => false,
            Self::Watched(watch) => watch.is_up(),
        }
    }

    const fn state(&self, trunk: TrunkId) -> TrunkState {
        let reason = match self {
            Self::Off(reason) => reason,
            Self::Watched(watch) if watch.is_up() => "",
            Self::Watched(_) => "no answer to OPTIONS",
        };
        TrunkState {
            trunk,
            up: self.is_up(),
            reason,
        }
    }

    /// The health of a trunk that can be asked: what was known of it holds until its address says something else.
    fn stays_watched(self, now: Mono, old: &Trunk, new: &Trunk) -> Self {
        match self {
            Self::Off(_) => Self::Watched(Watch::new(now)),
            Self::Watched(mut watch) => {
                if old.addresses.first() != new.addresses.first() || old.host != new.host {
                    watch.moved(now);
                }
                Self::Watched(watch)
            }
        }
    }
}

/// The question whether a trunk is there (RFC 3261 11).
fn options(tx: TxId, trunk: &Trunk, peer: Peer, host: &str) -> Command {
    let from = if trunk.from_domain.is_empty() {
        host
    } else {
        &trunk.from_domain
    };
    let request = OutsideRequest {
        method: Bytes::from_static(b"OPTIONS"),
        from: Bytes::from(format!("<sip:{from}>")),
        to: Bytes::from(format!("<sip:{}>", trunk.host)),
        headers: vec![(
            Bytes::from_static(b"Accept"),
            Bytes::from_static(b"application/sdp"),
        )],
        body: None,
    };
    let target = Target {
        uri: Bytes::from(format!("sip:{}", trunk.host)),
        route: Vec::new(),
        peer,
    };
    Command::Outside {
        tx,
        target,
        request,
    }
}

#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod tests;
