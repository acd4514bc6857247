//! The transaction layer: what stands between legs and the wire.
//!
//! It owns transactions, deadlines, randomness and the queue of outputs; it decides nothing about calls.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use offhook_base::{Mono, Now};
use offhook_sip_message::{Message, Method};
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng, SeedableRng};

use super::inside::Asked;
use crate::deadlines::{Deadlines, Timer};
use crate::transaction::{
    Action, Branch, Client, ClientEntry, ClientUser, Copy2xx, Hashing, InviteClient, InviteServer,
    NonInviteClient, NonInviteServer, Server, ServerKey, Slot, Table, Tag,
};
use crate::wire::{self, Extra, Locals};
use crate::{Event, FlowId, LegId, Output, Peer, StackConfig, Timers, TxId};

/// Transactions and what they need to live.
#[derive(Debug)]
pub(super) struct Layer {
    pub(super) locals: Locals,
    pub(super) timers: Timers,
    pub(super) deadlines: Deadlines,
    rng: ChaCha12Rng,
    hashing: Hashing,
    table: Table,
    max_transactions: usize,
    outputs: VecDeque<Output>,
    /// Where the tap of the message at hand stands in `outputs`.
    tap: Option<usize>,
    /// Client transactions that wait on a connection which may close.
    by_flow: BTreeSet<(FlowId, Slot)>,
    /// What some of them asked, to ask it on another flow.
    kept: BTreeMap<Slot, Asked>,
    actions: Vec<Action>,
    scratch: Vec<u8>,
}

/// What became of a response in its client transaction.
#[derive(Debug)]
pub(super) struct Delivered {
    pub(super) slot: Slot,
    pub(super) user: ClientUser,
    pub(super) method: Method,
    pub(super) peer: Peer,
}

/// A transaction that ended without the message its user waited for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Expired {
    /// A client transaction: no final response.
    Client(ClientUser),
    /// A server transaction: its user never answered.
    Server(TxId),
}

impl Layer {
    pub(super) fn new(config: &StackConfig) -> Self {
        let mut rng = ChaCha12Rng::from_seed(*config.seed.expose());
        let mut secret = [0; 16];
        rng.fill_bytes(&mut secret);
        let hashing = Hashing::new(secret);
        Self {
            locals: Locals::new(config),
            timers: config.timers,
            deadlines: Deadlines::default(),
            rng,
            table: Table::new(hashing.clone()),
            hashing,
            max_transactions: config.limits.transactions,
            outputs: VecDeque::new(),
            tap: None,
            by_flow: BTreeSet::new(),
            kept: BTreeMap::new(),
            actions: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// A number that nobody can guess.
    pub(super) fn random(&mut self) -> u64 {
        self.rng.next_u64()
    }

    /// A secret for somebody else.
    pub(super) fn secret(&mut self) -> [u8; 32] {
        let mut secret = [0; 32];
        self.rng.fill_bytes(&mut secret);
        secret
    }

    /// A hash of a body, to know a copy.
    pub(super) fn hash(&self, body: &[u8]) -> u64 {
        self.hashing.of([body])
    }

    /// The tag of a stateless response: the same each time the same request comes (RFC 3261 8.2.7).
    pub(super) fn stateless_tag(&self, request: &Message) -> Tag {
        let view = request.view();
        let via = view.top_via().and_then(|via| via.branch());
        let parts = [view.call_id(), view.from_tag(), via].map(Option::unwrap_or_default);
        Tag(self.hashing.of(parts))
    }

    /// Whether there is room for another transaction.
    pub(super) fn has_room(&self) -> bool {
        self.table.len() < self.max_transactions
    }

    /// Takes the next output.
    pub(super) fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Tells the owner.
    pub(super) fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    /// Sends octets that belong to no transaction: an ACK to a 2xx, a 2xx again, a stateless response.
    pub(super) fn send(&mut self, peer: Peer, bytes: Bytes, leg: Option<LegId>) {
        self.outputs.push_back(Output::Send { peer, bytes, leg });
    }

    /// Puts a received message before whatever it causes.
    pub(super) fn tap(&mut self, peer: Peer, bytes: Bytes) {
        self.tap = Some(self.outputs.len());
        self.outputs.push_back(Output::Tap {
            leg: None,
            peer,
            bytes,
        });
    }

    /// Tells the tap which leg the message at hand belongs to.
    pub(super) fn tap_leg(&mut self, id: LegId) {
        if let Some(Output::Tap { leg, .. }) = self.tap.and_then(|at| self.outputs.get_mut(at)) {
            *leg = Some(id);
        }
    }

    /// Writes a message by way of the scratch buffer.
    pub(super) fn write(&mut self, write: impl FnOnce(&mut Vec<u8>, &Locals)) -> Bytes {
        write(&mut self.scratch, &self.locals);
        Bytes::copy_from_slice(&self.scratch)
    }

    /// The message at hand is done with.
    pub(super) fn end_tap(&mut self) {
        self.tap = None;
    }

    /// Answers a request without a transaction (8.2.7).
    pub(super) fn reject(&mut self, peer: Peer, request: &Message, status: u16, extra: &Extra<'_>) {
        let tag = Some(self.stateless_tag(request));
        let extra = Extra { tag, ..*extra };
        let bytes = self.write(|out, locals| {
            wire::respond(out, locals, request.view(), &peer, status, &extra);
        });
        let leg = match self.tap.and_then(|at| self.outputs.get(at)) {
            Some(Output::Tap { leg, .. }) => *leg,
            _ => None,
        };
        self.send(peer, bytes, leg);
    }

    // ---- server transactions

    /// The server transaction that a request belongs to.
    pub(super) fn find_server(&self, key: &ServerKey<'_>) -> Option<Slot> {
        self.table.find_server(key)
    }

    /// Whether the same request came on another way (8.2.2.2).
    pub(super) fn is_merged(&self, request: &Message) -> bool {
        let key = ServerKey::of_merged(request.view());
        key.is_some_and(|key| self.table.is_merged(&key))
    }

    /// Starts the server transaction of a request that has its mandatory headers.
    pub(super) fn start_server(&mut self, now: Now, peer: Peer, request: &Message) -> Option<Slot> {
        let view = request.view();
        let method = view.method()?;
        let key = ServerKey::of(view, method)?;
        let merged = view
            .to_tag()
            .is_none()
            .then(|| ServerKey::of_merged(view))
            .flatten();
        let reliable = peer.transport.is_reliable();
        let machine = if method == Method::Invite {
            Server::Invite(InviteServer::start(self.timers, reliable))
        } else {
            Server::NonInvite(NonInviteServer::start(now.mono, self.timers, reliable))
        };
        let slot = self.table.add_server(&key, merged.as_ref(), machine, peer);
        self.settle_server(slot);
        Some(slot)
    }

    /// The leg of a server transaction.
    pub(super) fn server_leg(&mut self, slot: Slot) -> Option<LegId> {
        self.table.server(slot)?.leg
    }

    /// Names the leg, and the owner's name of the request, of a server transaction.
    pub(super) fn set_server_user(&mut self, slot: Slot, leg: Option<LegId>, tx: Option<TxId>) {
        if let Some(entry) = self.table.server(slot) {
            entry.leg = leg;
            entry.waiting = tx;
        }
    }

    /// Hands a copy of a request to its server transaction.
    pub(super) fn on_request_again(&mut self, slot: Slot) {
        if let Some(entry) = self.table.server(slot) {
            entry.on_request(&mut self.actions);
            self.settle_server(slot);
        }
    }

    /// Hands an ACK to the server transaction of its INVITE. True when it acknowledges a 2xx.
    pub(super) fn on_ack(&mut self, now: Now, slot: Slot) -> bool {
        let Some(entry) = self.table.server(slot) else {
            return false;
        };
        if let Server::Invite(machine) = &mut entry.machine {
            machine.on_ack(now.mono, &mut self.actions);
        }
        let delivered = self.actions.contains(&Action::Deliver);
        self.settle_server(slot);
        delivered
    }

    /// Answers by way of a server transaction. The octets come back, for a 2xx to be sent again.
    pub(super) fn respond(
        &mut self,
        now: Now,
        slot: Slot,
        request: &Message,
        status: u16,
        extra: &Extra<'_>,
    ) -> Bytes {
        let Some(peer) = self.table.server(slot).map(|entry| entry.peer) else {
            return Bytes::new();
        };
        let bytes = self.write(|out, locals| {
            wire::respond(out, locals, request.view(), &peer, status, extra);
        });
        if let Some(entry) = self.table.server(slot) {
            let (bytes, out) = (bytes.clone(), &mut self.actions);
            match &mut entry.machine {
                Server::Invite(machine) => machine.respond(now.mono, status, bytes, out),
                Server::NonInvite(machine) => machine.respond(now.mono, status, bytes, out),
            }
            if status >= 200 {
                entry.waiting = None;
            }
            self.settle_server(slot);
        }
        bytes
    }

    /// Forgets a server transaction without an answer.
    pub(super) fn drop_server(&mut self, slot: Slot) {
        self.table.remove_server(slot);
    }

    // ---- client transactions

    /// A branch never used before.
    pub(super) fn branch(&mut self) -> Branch {
        Branch(self.random())
    }

    /// Sends a request and starts its client transaction.
    pub(super) fn start_client(
        &mut self,
        now: Now,
        peer: Peer,
        user: ClientUser,
        leg: Option<LegId>,
        (branch, method): (Branch, Method),
        bytes: Bytes,
    ) -> Slot {
        let (at, timers, out) = (now.mono, self.timers, &mut self.actions);
        let reliable = peer.transport.is_reliable();
        let machine = if method == Method::Invite {
            Client::Invite(InviteClient::start(at, bytes, timers, reliable, out))
        } else {
            Client::NonInvite(NonInviteClient::start(at, bytes, timers, reliable, out))
        };
        let entry = ClientEntry {
            machine,
            branch,
            method,
            peer,
            user,
            leg,
            armed: None,
        };
        let slot = self.table.add_client(entry);
        if peer.flow.is_connection() {
            self.by_flow.insert((peer.flow, slot));
        }
        self.settle_client(slot);
        slot
    }

    /// Hands a response to its client transaction; what it passes on comes back.
    pub(super) fn on_response(&mut self, now: Now, response: &Message) -> Option<Delivered> {
        let view = response.view();
        let branch = Branch::parse(view.top_via()?.branch()?)?;
        let (status, cseq) = (view.status()?, view.cseq()?);
        let slot = self.table.find_client(branch, cseq.method)?;
        let entry = self.table.client(slot)?;
        let leg = entry.leg;
        let delivered = Delivered {
            slot,
            user: entry.user,
            method: entry.method,
            peer: entry.peer,
        };
        let scratch = &mut self.scratch;
        match &mut entry.machine {
            Client::Invite(machine) => {
                let ack = |invite: &Bytes| wire::ack_to_refusal(scratch, invite, view);
                machine.on_response(now.mono, status, ack, &mut self.actions);
            }
            Client::NonInvite(machine) => {
                machine.on_response(now.mono, status, &mut self.actions);
            }
        }
        if let Some(leg) = leg {
            self.tap_leg(leg);
        }
        let passed = self.actions.contains(&Action::Deliver);
        self.settle_client(slot);
        passed.then_some(delivered)
    }

    /// What a 2xx that was passed on is.
    pub(super) fn copy_of(&mut self, slot: Slot, to_tag: &[u8]) -> Copy2xx {
        match self.table.client(slot).map(|entry| &entry.machine) {
            Some(Client::Invite(machine)) => machine.copy_of(to_tag),
            Some(Client::NonInvite(_)) | None => Copy2xx::Ignored,
        }
    }

    /// Remembers a 2xx, and its ACK once that was sent.
    pub(super) fn remember(&mut self, slot: Slot, to_tag: Bytes, ack: Option<Bytes>) {
        if let Some(Client::Invite(machine)) =
            self.table.client(slot).map(|entry| &mut entry.machine)
        {
            machine.remember(to_tag, ack);
        }
    }

    /// Sends the CANCEL of an INVITE. False when it may not leave yet, or not any more.
    pub(super) fn cancel(&mut self, now: Now, invite: Slot, reason: Option<&[u8]>) -> bool {
        let Some(entry) = self.table.client(invite) else {
            return false;
        };
        let Client::Invite(machine) = &mut entry.machine else {
            return false;
        };
        if !machine.is_proceeding() {
            return false;
        }
        let Some(octets) = machine.invite().cloned() else {
            return false;
        };
        machine.on_cancel(now.mono);
        let (peer, branch, leg) = (entry.peer, entry.branch, entry.leg);
        self.settle_client(invite);
        let bytes = wire::cancel(&mut self.scratch, &octets, reason);
        self.start_client(
            now,
            peer,
            ClientUser::Nobody,
            leg,
            (branch, Method::Cancel),
            bytes,
        );
        true
    }

    /// Nobody waits for the final response to an INVITE any more: it is not waited for without end.
    pub(super) fn give_up(&mut self, now: Now, invite: Slot) {
        if let Some(Client::Invite(machine)) =
            self.table.client(invite).map(|entry| &mut entry.machine)
        {
            machine.on_cancel(now.mono);
            self.settle_client(invite);
        }
    }

    /// How many transactions there are.
    pub(super) fn transactions(&self) -> usize {
        self.table.len()
    }

    // ---- time

    /// Fires the timers of a client transaction; its user learns when it ended by them.
    pub(super) fn client_timeout(&mut self, now: Mono, slot: Slot, at: Mono) -> Option<Expired> {
        let entry = self
            .table
            .client(slot)
            .filter(|entry| entry.armed == Some(at))?;
        entry.armed = None;
        let user = entry.user;
        entry.on_timeout(now, &mut self.actions);
        debug_assert!(
            entry.next_timeout().is_none_or(|next| next > now),
            "deadlines advance"
        );
        let timed_out = self.actions.contains(&Action::TimedOut);
        self.settle_client(slot);
        timed_out.then_some(Expired::Client(user))
    }

    /// Fires the timers of a server transaction; its user learns when nobody waits for its answer any more.
    pub(super) fn server_timeout(&mut self, now: Mono, slot: Slot, at: Mono) -> Option<Expired> {
        let entry = self
            .table
            .server(slot)
            .filter(|entry| entry.armed == Some(at))?;
        entry.armed = None;
        let waiting = entry.waiting;
        entry.on_timeout(now, &mut self.actions);
        debug_assert!(
            entry.next_timeout().is_none_or(|next| next > now),
            "deadlines advance"
        );
        let timed_out = self.actions.contains(&Action::TimedOut);
        self.settle_server(slot);
        waiting.filter(|_| timed_out).map(Expired::Server)
    }

    /// Whether a queued deadline still means something.
    pub(super) fn is_armed(&mut self, timer: Timer, at: Mono) -> bool {
        match timer {
            Timer::Client(slot) => self
                .table
                .client(slot)
                .is_some_and(|entry| entry.armed == Some(at)),
            Timer::Server(slot) => self
                .table
                .server(slot)
                .is_some_and(|entry| entry.armed == Some(at)),
            Timer::Leg(_) | Timer::Phone(_) | Timer::Subscription(_) => true,
        }
    }

    /// Keeps what a request asked while it waits on a connection.
    pub(super) fn keep(&mut self, slot: Slot, asked: Asked) {
        let entry = self.table.client(slot);
        if entry.is_some_and(|entry| entry.peer.flow.is_connection()) {
            self.kept.insert(slot, asked);
        }
    }

    /// The responses of a server transaction go there from here on.
    pub(super) fn move_server(&mut self, slot: Slot, peer: Peer) {
        if let Some(entry) = self.table.server(slot) {
            entry.peer = peer;
        }
    }

    /// A connection closed: what waits on it for a response will not get one (17.1.4).
    ///
    /// What was kept of a request comes back, unless the peer has said that it works on it.
    pub(super) fn on_flow_closed(&mut self, flow: FlowId) -> Vec<(ClientUser, Option<Asked>)> {
        let mut users = Vec::new();
        while let Some((_, slot)) = self.by_flow.range((flow, Slot::FIRST)..).next().copied() {
            match self
                .table
                .client(slot)
                .filter(|entry| entry.peer.flow == flow)
            {
                Some(entry) => {
                    if entry.is_waiting() {
                        let kept = self.kept.remove(&slot);
                        users.push((entry.user, kept.filter(|_| !entry.is_proceeding())));
                    }
                    self.forget_client(slot);
                }
                None => break,
            }
        }
        users
    }

    fn settle_client(&mut self, slot: Slot) {
        let Some(entry) = self.table.client(slot) else {
            return;
        };
        let (peer, leg) = (entry.peer, entry.leg);
        let terminated = entry.is_terminated();
        if !terminated {
            let next = entry.next_timeout();
            self.deadlines
                .arm(Timer::Client(slot), &mut entry.armed, next);
        }
        self.transmit(peer, leg);
        if terminated {
            self.forget_client(slot);
        }
    }

    fn forget_client(&mut self, slot: Slot) {
        self.kept.remove(&slot);
        if let Some(entry) = self.table.remove_client(slot)
            && entry.peer.flow.is_connection()
        {
            self.by_flow.remove(&(entry.peer.flow, slot));
        }
    }

    fn settle_server(&mut self, slot: Slot) {
        let Some(entry) = self.table.server(slot) else {
            return;
        };
        let (peer, leg) = (entry.peer, entry.leg);
        let terminated = entry.is_terminated();
        if !terminated {
            let next = entry.next_timeout();
            self.deadlines
                .arm(Timer::Server(slot), &mut entry.armed, next);
        }
        self.transmit(peer, leg);
        if terminated {
            self.table.remove_server(slot);
        }
    }

    /// Performs what a machine asked for.
    fn transmit(&mut self, peer: Peer, leg: Option<LegId>) {
        for action in self.actions.drain(..) {
            match action {
                Action::Transmit(bytes) => {
                    self.outputs.push_back(Output::Send { peer, bytes, leg });
                }
                Action::Deliver | Action::TimedOut => {}
            }
        }
    }
}
