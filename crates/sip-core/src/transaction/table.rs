//! Where transactions live, and how a message finds its own: a hashed lookup, then a full comparison.

use hashbrown::{HashMap, HashTable};
use offhook_base::Mono;
use offhook_sip_message::Method;
use slab::Slab;

use super::key::KeptKey;
use super::{
    Action, Branch, Hashing, InviteClient, InviteServer, NonInviteClient, NonInviteServer,
    ServerKey,
};
use crate::{LegId, Peer, SubscriptionId, TxId};

/// The place of a transaction. A slot that was given back is never taken for its successor.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Slot {
    index: u32,
    generation: u32,
}

impl Slot {
    /// Before all others.
    pub(crate) const FIRST: Self = Self {
        index: 0,
        generation: 0,
    };
}

/// One of the two client transactions.
#[derive(Debug)]
pub(crate) enum Client {
    /// An INVITE.
    Invite(InviteClient),
    /// Anything else.
    NonInvite(NonInviteClient),
}

/// What a client transaction was started for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ClientUser {
    /// The BYE that ends a leg.
    Bye(LegId),
    /// The INVITE that opens a leg.
    Invite(LegId),
    /// Nobody waits for the answer: CANCEL, or the BYE of a dialog that nobody wants.
    Nobody,
    /// A NOTIFY of a subscription.
    Notify(SubscriptionId),
    /// A request of the owner outside any dialog.
    Outside(TxId),
    /// A request of the owner inside a leg; a re-INVITE too.
    Request(LegId, TxId),
}

/// A client transaction in the table.
#[derive(Debug)]
pub(crate) struct ClientEntry {
    pub(crate) machine: Client,
    pub(crate) branch: Branch,
    pub(crate) method: Method,
    pub(crate) peer: Peer,
    pub(crate) user: ClientUser,
    /// The leg for the capture.
    pub(crate) leg: Option<LegId>,
    /// The deadline queued for it.
    pub(crate) armed: Option<Mono>,
}

impl ClientEntry {
    /// Fires what is due.
    pub(crate) fn on_timeout(&mut self, now: Mono, out: &mut Vec<Action>) {
        match &mut self.machine {
            Client::Invite(machine) => machine.on_timeout(now, out),
            Client::NonInvite(machine) => machine.on_timeout(now, out),
        }
    }

    /// When it next has something to do.
    pub(crate) fn next_timeout(&self) -> Option<Mono> {
        match &self.machine {
            Client::Invite(machine) => machine.next_timeout(),
            Client::NonInvite(machine) => machine.next_timeout(),
        }
    }

    /// Whether it can be forgotten.
    pub(crate) fn is_terminated(&self) -> bool {
        match &self.machine {
            Client::Invite(machine) => machine.is_terminated(),
            Client::NonInvite(machine) => machine.is_terminated(),
        }
    }

    /// Whether its INVITE got a provisional response and no final one.
    pub(crate) fn is_proceeding(&self) -> bool {
        match &self.machine {
            Client::Invite(machine) => machine.is_proceeding(),
            Client::NonInvite(_) => false,
        }
    }

    /// Whether its user still waits for something.
    pub(crate) fn is_waiting(&self) -> bool {
        match &self.machine {
            Client::Invite(machine) => machine.invite().is_some(),
            Client::NonInvite(machine) => machine.is_waiting(),
        }
    }
}

/// One of the two server transactions.
#[derive(Debug)]
pub(crate) enum Server {
    /// An INVITE.
    Invite(InviteServer),
    /// Anything else.
    NonInvite(NonInviteServer),
}

/// A server transaction in the table.
#[derive(Debug)]
pub(crate) struct ServerEntry {
    pub(crate) machine: Server,
    pub(crate) peer: Peer,
    /// The leg for the capture, and for a CANCEL.
    pub(crate) leg: Option<LegId>,
    /// The request handed to the owner, while it waits for its answer.
    pub(crate) waiting: Option<TxId>,
    /// The deadline queued for it.
    pub(crate) armed: Option<Mono>,
    key: (u64, KeptKey),
    merged: Option<(u64, KeptKey)>,
}

impl ServerEntry {
    /// The request came again.
    pub(crate) fn on_request(&mut self, out: &mut Vec<Action>) {
        match &mut self.machine {
            Server::Invite(machine) => machine.on_request(out),
            Server::NonInvite(machine) => machine.on_request(out),
        }
    }

    /// Fires what is due.
    pub(crate) fn on_timeout(&mut self, now: Mono, out: &mut Vec<Action>) {
        match &mut self.machine {
            Server::Invite(machine) => machine.on_timeout(now, out),
            Server::NonInvite(machine) => machine.on_timeout(now, out),
        }
    }

    /// When it next has something to do.
    pub(crate) fn next_timeout(&self) -> Option<Mono> {
        match &self.machine {
            Server::Invite(machine) => machine.next_timeout(),
            Server::NonInvite(machine) => machine.next_timeout(),
        }
    }

    /// Whether it can be forgotten.
    pub(crate) fn is_terminated(&self) -> bool {
        match &self.machine {
            Server::Invite(machine) => machine.is_terminated(),
            Server::NonInvite(machine) => machine.is_terminated(),
        }
    }
}

/// All transactions.
#[derive(Debug)]
pub(crate) struct Table {
    hashing: Hashing,
    generation: u32,
    clients: Slab<(u32, ClientEntry)>,
    servers: Slab<(u32, ServerEntry)>,
    /// A CANCEL shares the branch of its INVITE (RFC 3261 9.1), hence the method.
    by_branch: HashMap<(Branch, Method), Slot>,
    by_key: HashTable<Slot>,
    by_merged: HashTable<Slot>,
}

impl Table {
    /// An empty table.
    pub(crate) fn new(hashing: Hashing) -> Self {
        Self {
            hashing,
            generation: 0,
            clients: Slab::new(),
            servers: Slab::new(),
            by_branch: HashMap::new(),
            by_key: HashTable::new(),
            by_merged: HashTable::new(),
        }
    }

    /// How many transactions there are.
    pub(crate) fn len(&self) -> usize {
        self.clients.len() + self.servers.len()
    }

    /// Adds a client transaction.
    pub(crate) fn add_client(&mut self, entry: ClientEntry) -> Slot {
        let key = (entry.branch, entry.method);
        let generation = self.next_generation();
        let slot = slot(self.clients.insert((generation, entry)), generation);
        self.by_branch.insert(key, slot);
        slot
    }

    /// The client transaction that a response belongs to (17.1.3): by branch and the method of CSeq.
    pub(crate) fn find_client(&self, branch: Branch, method: Method) -> Option<Slot> {
        self.by_branch.get(&(branch, method)).copied()
    }

    /// The client transaction in a slot.
    pub(crate) fn client(&mut self, slot: Slot) -> Option<&mut ClientEntry> {
        let (generation, entry) = self.clients.get_mut(slot.index as usize)?;
        (*generation == slot.generation).then_some(entry)
    }

    /// Forgets a client transaction.
    pub(crate) fn remove_client(&mut self, slot: Slot) -> Option<ClientEntry> {
        self.client(slot)?;
        let (_, entry) = self.clients.try_remove(slot.index as usize)?;
        self.by_branch.remove(&(entry.branch, entry.method));
        Some(entry)
    }

    /// Adds a server transaction. `merged` is the key by which copies on other ways are known.
    pub(crate) fn add_server(
        &mut self,
        key: &ServerKey<'_>,
        merged: Option<&ServerKey<'_>>,
        machine: Server,
        peer: Peer,
    ) -> Slot {
        let hash = key.hash(&self.hashing);
        let merged = merged.map(|key| (key.hash(&self.hashing), key.keep()));
        let merged_hash = merged.as_ref().map(|(hash, _)| *hash);
        let entry = ServerEntry {
            machine,
            peer,
            leg: None,
            waiting: None,
            armed: None,
            key: (hash, key.keep()),
            merged,
        };
        let generation = self.next_generation();
        let slot = slot(self.servers.insert((generation, entry)), generation);
        let servers = &self.servers;
        self.by_key.insert_unique(hash, slot, |slot| {
            servers
                .get(slot.index as usize)
                .map_or(0, |(_, entry)| entry.key.0)
        });
        if let Some(hash) = merged_hash {
            self.by_merged.insert_unique(hash, slot, |slot| {
                let entry = servers.get(slot.index as usize).map(|(_, entry)| entry);
                entry
                    .and_then(|entry| entry.merged.as_ref())
                    .map_or(0, |(hash, _)| *hash)
            });
        }
        slot
    }

    /// The server transaction that a request belongs to (17.2.3).
    pub(crate) fn find_server(&self, key: &ServerKey<'_>) -> Option<Slot> {
        let found = self.by_key.find(key.hash(&self.hashing), |slot| {
            self.servers
                .get(slot.index as usize)
                .is_some_and(|(_, entry)| entry.key.1.matches(key))
        });
        found.copied()
    }

    /// Whether a server transaction exists that a request was merged from (8.2.2.2).
    pub(crate) fn is_merged(&self, key: &ServerKey<'_>) -> bool {
        let found = self.by_merged.find(key.hash(&self.hashing), |slot| {
            let entry = self
                .servers
                .get(slot.index as usize)
                .map(|(_, entry)| entry);
            let merged = entry.and_then(|entry| entry.merged.as_ref());
            merged.is_some_and(|(_, kept)| kept.matches(key))
        });
        found.is_some()
    }

    /// The server transaction in a slot.
    pub(crate) fn server(&mut self, slot: Slot) -> Option<&mut ServerEntry> {
        let (generation, entry) = self.servers.get_mut(slot.index as usize)?;
        (*generation == slot.generation).then_some(entry)
    }

    /// Forgets a server transaction.
    pub(crate) fn remove_server(&mut self, slot: Slot) -> Option<ServerEntry> {
        self.server(slot)?;
        let (_, entry) = self.servers.try_remove(slot.index as usize)?;
        forget(&mut self.by_key, entry.key.0, slot);
        if let Some((hash, _)) = &entry.merged {
            forget(&mut self.by_merged, *hash, slot);
        }
        Some(entry)
    }

    fn next_generation(&mut self) -> u32 {
        self.generation = self.generation.wrapping_add(1);
        self.generation
    }
}

fn slot(index: usize, generation: u32) -> Slot {
    Slot {
        index: u32::try_from(index).unwrap_or(u32::MAX),
        generation,
    }
}

fn forget(table: &mut HashTable<Slot>, hash: u64, slot: Slot) {
    if let Ok(found) = table.find_entry(hash, |other| *other == slot) {
        found.remove();
    }
}
