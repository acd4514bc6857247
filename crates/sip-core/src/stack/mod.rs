//! The [`Stack`]: one object that owns transactions, legs, accounts and bindings.

mod bye;
mod commands;
mod incoming;
mod inside;
mod layer;
mod outgoing;
mod outside;
mod reach;
mod receive;
mod register;
mod standalone;
mod subscribe;

use bytes::Bytes;
use hashbrown::HashMap;
use offhook_base::{Mono, Now, PhoneId};
use offhook_sip_message::{Framing, Message, Method, ParseError};

use self::layer::{Expired, Layer};
use crate::auth::Authenticator;
use crate::deadlines::Timer;
use crate::leg::Legs;
use crate::registrar::{Change, Registrar};
use crate::subscriptions::Subscriptions;
use crate::transaction::{ClientUser, Slot};
use crate::trunks::Trunks;
use crate::{
    AccountChange, Binding, Command, Event, FlowId, LegId, Output, Peer, StackConfig, TxId,
};

/// The SIP core. Single owner, no clock, no socket; see the crate's documentation for the loop that drives it.
#[derive(Debug)]
pub struct Stack {
    config: StackConfig,
    layer: Layer,
    auth: Authenticator,
    registrar: Registrar,
    trunks: Trunks,
    legs: Legs,
    subscriptions: Subscriptions,
    /// Requests that the owner has to answer.
    pending: HashMap<TxId, Pending>,
    legs_received: u64,
    requests_received: u64,
    changes: Vec<Change>,
}

/// How much a [`Stack`] has going on.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Load {
    /// Legs, those included whose BYE is not answered yet.
    pub legs: usize,
    /// Requests that the owner has not answered.
    pub requests: usize,
    /// Subscriptions of phones.
    pub subscriptions: usize,
    /// Client and server transactions, those included that only absorb copies.
    pub transactions: usize,
}

/// A request that the owner has to answer.
#[derive(Clone, Debug)]
struct Pending {
    slot: Slot,
    leg: Option<LegId>,
    method: Method,
    request: Message,
}

impl Stack {
    /// A Stack without accounts, bindings and legs.
    #[must_use]
    pub fn new(config: StackConfig, now: Now) -> Self {
        tracing::trace!(?now, realm = config.realm, "a new stack");
        let mut layer = Layer::new(&config);
        let auth = Authenticator::new(&config, layer.secret(), layer.random());
        Self {
            layer,
            auth,
            registrar: Registrar::new(config.expiry, config.limits.contacts_per_phone),
            trunks: Trunks::default(),
            legs: Legs::default(),
            subscriptions: Subscriptions::default(),
            pending: HashMap::new(),
            legs_received: 0,
            requests_received: 0,
            changes: Vec::new(),
            config,
        }
    }

    /// Takes one datagram.
    ///
    /// What is not SIP is dropped without a word; a request with a fault is answered as the fault demands.
    pub fn handle_datagram(&mut self, now: Now, peer: Peer, octets: &[u8]) {
        let raw = Bytes::copy_from_slice(octets);
        match Message::parse(raw.clone(), Framing::Datagram) {
            Ok(message) => self.handle_message(now, peer, message),
            Err(fault) => {
                if let Some(message) = Message::salvage(raw) {
                    self.handle_malformed(now, peer, message, fault);
                }
            }
        }
    }

    /// Takes one message that a stream transport framed.
    pub fn handle_message(&mut self, now: Now, peer: Peer, message: Message) {
        self.layer.tap(peer, message.raw().clone());
        if message.view().is_request() {
            self.on_request(now, peer, &message);
        } else {
            self.on_response(now, &message);
        }
        self.layer.end_tap();
        self.settle();
    }

    /// Takes what could be read of a message with a fault, and answers it if it is a request.
    pub fn handle_malformed(&mut self, _now: Now, peer: Peer, message: Message, fault: ParseError) {
        self.layer.tap(peer, message.raw().clone());
        let view = message.view();
        let answerable =
            view.top_via().is_some() && view.method().is_some_and(|m| m != Method::Ack);
        if let Some((status, reason)) = fault.status().filter(|_| answerable) {
            self.refuse(peer, &message, status, reason);
        }
        self.layer.end_tap();
        self.settle();
    }

    /// Does what the owner wants.
    pub fn handle_command(&mut self, now: Now, command: Command) {
        self.on_command(now, command);
        self.settle();
    }

    /// A connection closed, or something was to be sent on one that does not exist.
    ///
    /// An answered leg goes on where its phone is registered else, or will be within 64 × T1; an unanswered one is over.
    pub fn handle_flow_closed(&mut self, now: Now, flow: FlowId) {
        let unanswered = self.layer.on_flow_closed(flow);
        let mut changes = Vec::new();
        self.registrar.on_flow_closed(flow, &mut changes);
        self.on_legs_flow_closed(now, flow);
        self.on_subscriptions_flow_closed(flow);
        for (user, kept) in unanswered {
            self.on_client_flow_closed(now, user, kept);
        }
        for (phone, change) in changes {
            self.tell_change(phone, change);
        }
        self.settle();
    }

    /// Fires every timer that is due.
    pub fn handle_timeout(&mut self, now: Now) {
        while let Some((at, timer)) = self
            .layer
            .deadlines
            .first()
            .filter(|(at, _)| *at <= now.mono)
        {
            self.layer.deadlines.pop();
            match timer {
                Timer::Client(slot) => {
                    let expired = self.layer.client_timeout(now.mono, slot, at);
                    self.on_expired(now, expired);
                }
                Timer::Server(slot) => {
                    let expired = self.layer.server_timeout(now.mono, slot, at);
                    self.on_expired(now, expired);
                }
                Timer::Leg(leg) => self.on_leg_timeout(now, leg, at),
                Timer::Phone(phone) => self.on_phone_timeout(now, phone, at),
                Timer::Subscription(id) => self.on_subscription_timeout(now, id, at),
            }
        }
        self.settle();
    }

    /// When [`handle_timeout`](Self::handle_timeout) next has something to do.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Mono> {
        self.layer.deadlines.first().map(|(at, _)| at)
    }

    /// What is to be done next by the owner; `None` when there is nothing left.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.layer.poll_output()
    }

    /// The contacts of a phone.
    #[must_use]
    pub fn binding(&self, phone: PhoneId) -> &[Binding] {
        self.registrar.bindings(phone)
    }

    /// How much there is of everything that has a cap; all zero when nothing is going on.
    #[must_use]
    pub fn load(&self) -> Load {
        Load {
            legs: self.legs.len(),
            requests: self.pending.len(),
            subscriptions: self.subscriptions.len(),
            transactions: self.layer.transactions(),
        }
    }

    /// Drops queued deadlines that mean nothing any more, so that nobody wakes up for them.
    fn settle(&mut self) {
        while let Some((at, timer)) = self.layer.deadlines.first() {
            let live = match timer {
                Timer::Client(_) | Timer::Server(_) => self.layer.is_armed(timer, at),
                Timer::Leg(leg) => self.legs.get(leg).is_some_and(|leg| leg.armed == Some(at)),
                Timer::Phone(phone) => self
                    .registrar
                    .deadline(phone)
                    .is_some_and(|(_, armed)| *armed == Some(at)),
                Timer::Subscription(id) => self
                    .subscriptions
                    .get(id)
                    .is_some_and(|known| known.armed == Some(at)),
            };
            if live {
                break;
            }
            self.layer.deadlines.pop();
        }
    }

    fn on_expired(&mut self, now: Now, expired: Option<Expired>) {
        match expired {
            Some(Expired::Client(user)) => self.on_client_failed(now, user, 408),
            Some(Expired::Server(tx)) => self.on_unanswered(tx),
            None => {}
        }
    }

    /// A request of ours got no final response.
    fn on_client_failed(&mut self, now: Now, user: ClientUser, status: u16) {
        match user {
            ClientUser::Bye(leg) => self.forget_ending(leg),
            ClientUser::Invite(leg) => self.on_invite_failed(leg, status),
            ClientUser::Nobody => {}
            ClientUser::Notify(id) => self.on_notified(now, id, status),
            ClientUser::Outside(tx) => self.on_outside_failed(tx, status),
            ClientUser::Request(leg, tx) => self.on_request_failed(leg, tx, status),
        }
    }

    /// The owner did not answer a request while anybody waited for it.
    fn on_unanswered(&mut self, tx: TxId) {
        let Some(pending) = self.pending.remove(&tx) else {
            return;
        };
        let Some(leg) = pending.leg else { return };
        if pending.method == Method::Bye {
            self.legs.remove(leg);
        } else if let Some(leg) = self.legs.get(leg)
            && leg.updates.theirs == Some(tx)
        {
            leg.updates.theirs = None;
        }
    }

    fn on_phone_timeout(&mut self, now: Now, phone: PhoneId, at: Mono) {
        match self.registrar.deadline(phone) {
            Some((_, armed)) if *armed == Some(at) => *armed = None,
            Some(_) | None => return,
        }
        let mut changes = std::mem::take(&mut self.changes);
        self.registrar.on_timeout(now.mono, phone, &mut changes);
        self.tell_changes(phone, changes);
    }

    /// Tells the owner of changes of a phone's contacts, and watches over those that are left.
    fn tell_changes(&mut self, phone: PhoneId, mut changes: Vec<Change>) {
        for change in changes.drain(..) {
            self.tell_change(phone, change);
        }
        self.changes = changes;
        self.arm_phone(phone);
    }

    fn tell_change(&mut self, phone: PhoneId, change: Change) {
        self.layer.event(match change {
            Change::Put(binding) => Event::Registered {
                phone,
                binding: *binding,
            },
            Change::Removed(key) => Event::Unregistered { phone, key },
        });
    }

    fn arm_phone(&mut self, phone: PhoneId) {
        if let Some((next, armed)) = self.registrar.deadline(phone) {
            self.layer.deadlines.arm(Timer::Phone(phone), armed, next);
        }
    }

    fn arm_leg(&mut self, id: LegId) {
        if let Some(leg) = self.legs.get(id) {
            let next = leg.next_timeout();
            self.layer
                .deadlines
                .arm(Timer::Leg(id), &mut leg.armed, next);
        }
    }

    /// Adds, changes or removes an account; one that cannot authenticate any more loses its contacts.
    fn on_account(&mut self, now: Now, change: AccountChange) {
        let phone = match change {
            AccountChange::Put(account) => {
                let phone = account.phone;
                let renamed = self
                    .auth
                    .account(phone)
                    .is_some_and(|old| old.username != account.username);
                let usable = account.enabled && !renamed;
                self.auth.put(account);
                if usable {
                    return;
                }
                phone
            }
            AccountChange::Remove(phone) => {
                self.auth.remove(phone);
                phone
            }
        };
        self.end_subscriptions_of(now, phone);
        let mut changes = std::mem::take(&mut self.changes);
        self.registrar.forget(phone, &mut changes);
        self.tell_changes(phone, changes);
    }

    fn on_restore(&mut self, now: Now, bindings: Vec<(PhoneId, Binding)>) {
        for (phone, binding) in bindings {
            let key = binding.key.clone();
            if self.auth.account(phone).is_some() && self.registrar.restore(now, phone, binding) {
                self.arm_phone(phone);
            } else {
                self.layer.event(Event::Unregistered { phone, key });
            }
        }
    }
}
