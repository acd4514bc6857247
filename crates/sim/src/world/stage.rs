//! What a story asks of the world.

use std::time::Duration;

use offhook_base::{CallId, CdrRecord, EventName, Mono, SmsRecord};
use offhook_call::ApiReply;

use super::cast::Cast;
use super::deliver::STRICT;
use super::{Luck, Plan, World};
use crate::network::Conditions;
use crate::phone::Phone;

impl World {
    /// A world in which nothing is left to chance and nobody does anything unasked.
    pub(crate) fn calm(cast: Cast) -> Self {
        let plan = Plan {
            network: Conditions::PERFECT,
            calls: 0,
            crashes: 0,
            garbage: 0,
            keys: 0,
            relay: true,
            ..Plan::of(0)
        };
        Self::with(plan, cast, Luck::Calm)
    }

    /// Lets time pass.
    pub(crate) fn run_for(&mut self, time: Duration) {
        let until = self.now.mono + time;
        while let Some(at) = self.next_moment().filter(|at| *at <= until) {
            self.advance(at);
            self.step();
        }
        self.advance(until);
    }

    /// Tells a peer to do something.
    pub(crate) fn order(&mut self, peer: usize, order: impl FnOnce(&mut Phone, Mono)) {
        let now = self.now.mono;
        if let Some(phone) = self.phones.get_mut(peer) {
            order(phone, now);
        }
        self.drain_phone(peer);
    }

    /// A phone or carrier.
    pub(crate) fn peer(&self, peer: usize) -> Option<&Phone> {
        self.phones.get(peer)
    }

    /// The switch's answer to a REST client.
    pub(crate) fn reply_to(&self, token: u64) -> Option<ApiReply> {
        self.api.reply_to(token).cloned()
    }

    /// The calls on disk, in the order in which they began.
    pub(crate) fn call_ids(&self) -> Vec<CallId> {
        self.disk
            .facts()
            .filter(|event| event.name == EventName::CallInitial)
            .map(|event| event.call)
            .collect()
    }

    /// The bodies of the events that the strict receiver has, in the order in which it got them.
    pub(crate) fn events_received(&self) -> Vec<serde_json::Value> {
        let ledger = self.disk.received.get(&STRICT);
        let events = ledger.map_or(&[][..], Vec::as_slice).iter();
        events
            .map(|event| serde_json::from_slice(&event.body).unwrap_or_default())
            .collect()
    }

    /// The texts on disk, in the order in which they came.
    pub(crate) fn texts(&self) -> Vec<SmsRecord> {
        self.disk.texts().cloned().collect()
    }

    /// The CDRs on disk, in order.
    pub(crate) fn cdrs(&self) -> Vec<CdrRecord> {
        self.disk.cdrs().cloned().collect()
    }
}
