//! A SIP phone without sockets: it registers, calls, answers, refuses, holds and hangs up by RFC 3261, on its
//! own script or when told, and it writes down whatever the other side does against the standards.
//!
//! ```
//! use offhook_base::Mono;
//! use offhook_sim::phone::{Output, Phone, PhoneConfig, Timers};
//!
//! let mut phone = Phone::new(PhoneConfig {
//!     username: "1001".into(),
//!     password: "secret".into(),
//!     display_name: "Alice".into(),
//!     domain: "pbx.test".into(),
//!     server: "192.0.2.1:5060".parse()?,
//!     local: "192.0.2.7:5060".parse()?,
//!     rtp_port: 4000,
//!     user_agent: "sim".into(),
//!     expires: 300,
//!     timers: Timers::RFC3261,
//!     seed: [1; 32],
//! });
//! phone.register(Mono(0));
//! while let Some(output) = phone.poll_output() {
//!     match output {
//!         Output::Send { to, bytes } => assert!(bytes.starts_with(b"REGISTER sip:pbx.test SIP/2.0"), "{to}"),
//!         Output::Event(event) => println!("{event:?}"),
//!     }
//! }
//! // Then, for ever: handle_datagram, handle_timeout at next_timeout, and poll_output until it is empty.
//! assert!(phone.next_timeout().is_some());
//! # Ok::<(), std::net::AddrParseError>(())
//! ```

mod auth;
mod call;
mod carrier;
mod client;
mod config;
mod event;
mod in_dialog;
mod odds;
mod register;
mod requests;
mod responses;
mod sdp;
mod send;
mod server;
mod text;
mod timeouts;
mod transfer;
mod violation;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;

use offhook_base::Mono;
use offhook_media_core::Digit;
use offhook_sip_message::{Framing, Index, View};
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng, SeedableRng};

use auth::Challenge;
use call::{Action, Call, Cancel, Phase};
use carrier::{Identity, Line};
use client::{Client, ClientKey, Purpose};
use odds::Manner;
use register::Registration;
use server::{Server, ServerKey};
use text::Text;

pub use carrier::{CarrierConfig, Outage, Outsider};
pub use config::{
    AfterRefer, First, Habits, Incoming, Number, PhoneConfig, Script, Then, Timers, TransferOrder,
};
pub use event::{CallRef, Output, PhoneEvent, Side, TextRef, TransferNews};
pub use odds::Odds;
pub use offhook_sip_message::sdp::Direction;
pub use violation::{Rule, Violation};

/// The phone.
#[derive(Debug)]
pub struct Phone {
    config: PhoneConfig,
    rng: ChaCha12Rng,
    line: Line,
    manner: Manner,
    /// INVITEs that get no word at all, by their branches.
    ignored: BTreeSet<Vec<u8>>,
    habits: Habits,
    registration: Registration,
    challenge: Option<Challenge>,
    clients: BTreeMap<ClientKey, Client>,
    /// Branches of client transactions that are over: what comes late is no violation.
    past: BTreeSet<Vec<u8>>,
    servers: BTreeMap<ServerKey, Server>,
    calls: BTreeMap<CallRef, Call>,
    /// Texts of ours that have no answer yet.
    texts: BTreeMap<TextRef, Text>,
    next_text: u32,
    actions: BTreeMap<(Mono, u64), (CallRef, Action)>,
    next_call: u32,
    next_action: u64,
    outputs: VecDeque<Output>,
    violations: Vec<Violation>,
}

impl Phone {
    /// A phone that does nothing yet and would ring for ever.
    #[must_use]
    pub fn new(config: PhoneConfig) -> Self {
        let mut rng = ChaCha12Rng::from_seed(config.seed);
        let registration = Registration::new(token(&mut rng), token(&mut rng));
        Self {
            config,
            rng,
            line: Line::Account,
            manner: Manner::Fixed(Incoming::RING),
            ignored: BTreeSet::new(),
            habits: Habits::default(),
            texts: BTreeMap::new(),
            next_text: 0,
            registration,
            challenge: None,
            clients: BTreeMap::new(),
            past: BTreeSet::new(),
            servers: BTreeMap::new(),
            calls: BTreeMap::new(),
            actions: BTreeMap::new(),
            next_call: 0,
            next_action: 0,
            outputs: VecDeque::new(),
            violations: Vec::new(),
        }
    }

    /// Its configuration.
    #[must_use]
    pub const fn config(&self) -> &PhoneConfig {
        &self.config
    }

    /// What the other side did against the rules so far.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// The calls that are not over.
    #[must_use]
    pub fn calls(&self) -> Vec<CallRef> {
        self.calls
            .iter()
            .filter(|(_, call)| !call.is_over())
            .map(|(id, _)| *id)
            .collect()
    }

    /// The calls that ring here and wait for an answer.
    #[must_use]
    pub fn ringing(&self) -> Vec<CallRef> {
        let rings = |call: &Call| matches!(call.phase, Phase::Ringing { .. });
        let calls = self.calls.iter().filter(|(_, call)| rings(call));
        calls.map(|(id, _)| *id).collect()
    }

    /// The calls that were answered and are not over.
    #[must_use]
    pub fn up(&self) -> Vec<CallRef> {
        let is_up = |call: &Call| matches!(call.phase, Phase::Up(_));
        let calls = self.calls.iter().filter(|(_, call)| is_up(call));
        calls.map(|(id, _)| *id).collect()
    }

    /// From here on, calls that come in are treated like this.
    pub const fn set_incoming(&mut self, incoming: Incoming) {
        self.manner = Manner::Fixed(incoming);
    }

    /// From here on, what is done with each call that comes in is drawn by these odds.
    pub const fn set_odds(&mut self, odds: Odds) {
        self.manner = Manner::Drawn(odds);
    }

    /// Whether it takes texts.
    #[must_use]
    pub const fn takes_texts(&self) -> bool {
        matches!(self.habits.answer_to_texts, 200..300)
    }

    /// From here on, the phone has these habits.
    pub const fn set_habits(&mut self, habits: Habits) {
        self.habits = habits;
    }

    /// Dials a number of our domain.
    pub fn dial(&mut self, now: Mono, number: &str, script: Script) -> CallRef {
        let id = self.new_call_ref();
        let caller = Identity {
            from: self.address_of_record(),
            asserted: None,
        };
        self.start_call(now, id, caller, (number, script));
        id
    }

    /// Answers a call that rings.
    pub fn answer(&mut self, now: Mono, call: CallRef) {
        self.act(now, call, Action::Answer);
    }

    /// Refuses a call that rings.
    pub fn refuse(&mut self, now: Mono, call: CallRef, status: u16) {
        self.act(now, call, Action::Refuse(status));
    }

    /// Gives up a call that was not answered yet.
    pub fn cancel(&mut self, now: Mono, call: CallRef) {
        self.act(now, call, Action::Cancel);
    }

    /// Puts the other side on hold, or takes it back.
    pub fn hold(&mut self, now: Mono, call: CallRef, hold: bool) {
        self.act(now, call, Action::Hold(hold));
    }

    /// Presses a key in a call that is up, which is sent by INFO.
    pub fn press(&mut self, now: Mono, call: CallRef, digit: Digit) {
        let is_up = self
            .calls
            .get_mut(&call)
            .is_some_and(|call| call.up().is_some());
        if is_up {
            self.send_in_call(now, call, Purpose::Press(call, digit), false);
        }
    }

    /// Ends a call, in whatever way its state asks for.
    pub fn hangup(&mut self, now: Mono, call: CallRef) {
        self.act(now, call, Action::Hangup);
    }

    /// Asks the other side to move the call to somebody else (blind transfer, RFC 3515).
    pub fn transfer(&mut self, now: Mono, call: CallRef, order: TransferOrder) {
        self.act(now, call, Action::Refer(order));
    }

    /// Takes a datagram.
    pub fn handle_datagram(&mut self, now: Mono, from: SocketAddr, octets: &[u8]) {
        if octets
            .iter()
            .all(|octet| matches!(octet, b'\r' | b'\n' | 0))
        {
            // A keep-alive (RFC 5626, section 3.5.1).
            return;
        }
        match Index::parse(octets, Framing::Datagram) {
            Err(error) => self.violation(
                now,
                Rule::Garbage,
                format!("{error} in {:?}", first_line(octets)),
            ),
            Ok(index) => {
                let view = View::new(octets, &index);
                if view.is_request() {
                    self.on_request(now, from, view);
                } else {
                    self.on_response(now, view);
                }
            }
        }
    }

    /// Lets time pass.
    pub fn handle_timeout(&mut self, now: Mono) {
        while let Some((&(at, n), &(call, action))) = self.actions.first_key_value() {
            if at > now {
                break;
            }
            self.actions.remove(&(at, n));
            self.act(now, call, action);
        }
        self.client_timeouts(now);
        self.server_timeouts(now);
        self.registration_timeout(now);
        self.calls
            .retain(|_, call| !matches!(call.phase, Phase::Over { until } if until <= now));
    }

    /// When `handle_timeout` next has something to do.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Mono> {
        let clients = self.clients.values().filter_map(Client::next_timeout);
        let servers = self.servers.values().filter_map(Server::next_timeout);
        let actions = self.actions.keys().map(|(at, _)| *at);
        let calls = self.calls.values().filter_map(|call| match call.phase {
            Phase::Over { until } => Some(until),
            Phase::Calling { .. } | Phase::Leaving | Phase::Ringing { .. } | Phase::Up(_) => None,
        });
        clients
            .chain(servers)
            .chain(actions)
            .chain(calls)
            .chain(self.registration.next_timeout())
            .min()
    }

    /// The next thing to do for the owner, in order.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn new_call_ref(&mut self) -> CallRef {
        let id = CallRef(self.next_call);
        self.next_call += 1;
        id
    }

    fn at(&mut self, at: Mono, call: CallRef, action: Action) {
        self.actions.insert((at, self.next_action), (call, action));
        self.next_action += 1;
    }

    fn act(&mut self, now: Mono, id: CallRef, action: Action) {
        match action {
            Action::Answer => self.answer_ringing(now, id),
            Action::Cancel => self.give_up(now, id),
            Action::Hangup => self.end_call(now, id),
            Action::Hold(hold) => {
                if let Some(call) = self.calls.get_mut(&id) {
                    call.session.holding = hold;
                }
                self.reinvite_if_due(now, id);
            }
            Action::Refer(order) => self.refer(now, id, order),
            Action::Refuse(status) => self.refuse_ringing(now, id, status),
            Action::Retry => self.reinvite_if_due(now, id),
            Action::TellResult => self.tell_result(now, id),
            Action::TransferOverdue => self.transfer_overdue(now, id),
        }
    }

    fn end_call(&mut self, now: Mono, id: CallRef) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        match &mut call.phase {
            Phase::Calling { .. } => self.give_up(now, id),
            Phase::Ringing { .. } => self.refuse_ringing(now, id, 603),
            // RFC 3261, section 15: no BYE before the ACK, or before its time is over.
            Phase::Up(up) if up.unacknowledged => up.hangup = true,
            Phase::Up(_) => self.send_bye(now, id),
            Phase::Leaving | Phase::Over { .. } => {}
        }
    }

    /// Gives up dialling (9.1): a CANCEL once there is a provisional answer.
    fn give_up(&mut self, now: Mono, id: CallRef) {
        let Some(Phase::Calling {
            provisional,
            cancel,
            ..
        }) = self.calls.get_mut(&id).map(|call| &mut call.phase)
        else {
            return;
        };
        if *cancel == Cancel::No {
            *cancel = Cancel::Wanted;
        }
        if *provisional && *cancel == Cancel::Wanted {
            *cancel = Cancel::Sent;
            self.send_cancel(now, id);
        }
    }

    /// The call is over.
    fn over(&mut self, now: Mono, id: CallRef, by: Side, status: Option<u16>) {
        self.answer_last_notify(now, id);
        let until = now + self.afterlife(id);
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        if call.is_over() {
            return;
        }
        call.phase = Phase::Over { until };
        self.actions.retain(|_, (call, _)| *call != id);
        self.event(PhoneEvent::Ended {
            call: id,
            by,
            status,
        });
    }

    fn event(&mut self, event: PhoneEvent) {
        self.outputs.push_back(Output::Event(event));
    }

    fn violation(&mut self, at: Mono, rule: Rule, detail: String) {
        self.violations.push(Violation { at, rule, detail });
    }

    fn token(&mut self) -> String {
        token(&mut self.rng)
    }
}

/// 64 random bits; tags need 32 (19.3).
fn token(rng: &mut ChaCha12Rng) -> String {
    format!("{:016x}", rng.next_u64())
}

fn first_line(octets: &[u8]) -> String {
    let line = octets
        .split(|octet| *octet == b'\r' || *octet == b'\n')
        .next()
        .unwrap_or_default();
    String::from_utf8_lossy(line).chars().take(80).collect()
}

#[cfg(test)]
mod tests;
