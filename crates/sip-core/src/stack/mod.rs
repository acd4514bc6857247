//! The [`Stack`]: one object that owns transactions, legs, accounts and bindings.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use offhook_base::{Mono, Now, PhoneId};
use offhook_sip_message::{Framing, Message};

use crate::{Binding, Command, FlowId, Output, Peer, StackConfig};

/// The SIP core. Single owner, no clock, no socket; see the crate's documentation for the loop that drives it.
#[derive(Debug)]
pub struct Stack {
    config: StackConfig,
    bindings: BTreeMap<PhoneId, Vec<Binding>>,
    outputs: VecDeque<Output>,
}

impl Stack {
    /// A Stack without accounts, bindings and legs.
    #[must_use]
    pub fn new(config: StackConfig, _now: Now) -> Self {
        Self {
            config,
            bindings: BTreeMap::new(),
            outputs: VecDeque::new(),
        }
    }

    /// Takes one datagram.
    pub fn handle_datagram(&mut self, now: Now, peer: Peer, octets: &[u8]) {
        if let Ok(message) = Message::parse(Bytes::copy_from_slice(octets), Framing::Datagram) {
            self.handle_message(now, peer, message);
        }
    }

    /// Takes one message that a stream transport framed.
    pub fn handle_message(&mut self, _now: Now, peer: Peer, message: Message) {
        self.outputs.push_back(Output::Tap {
            leg: None,
            peer,
            bytes: message.raw().clone(),
        });
    }

    /// Does what the owner wants.
    pub fn handle_command(&mut self, _now: Now, command: Command) {
        tracing::trace!(?command, user_agent = self.config.user_agent, "command");
    }

    /// A connection closed, or something was to be sent on one that does not exist.
    pub fn handle_flow_closed(&mut self, _now: Now, flow: FlowId) {
        tracing::trace!(?flow, "closed");
    }

    /// Fires every timer that is due.
    pub fn handle_timeout(&mut self, _now: Now) {}

    /// When [`handle_timeout`](Self::handle_timeout) next has something to do.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Mono> {
        None
    }

    /// What is to be done next by the owner; `None` when there is nothing left.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// The contacts of a phone.
    #[must_use]
    pub fn binding(&self, phone: PhoneId) -> &[Binding] {
        self.bindings.get(&phone).map_or(&[], Vec::as_slice)
    }
}
