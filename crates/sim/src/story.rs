//! A story: named people, who call when they are told to, without any chance in it. It gives every event as a receiver
//! got it and every CDR, the same ones each time it is played: what the documents show is made of stories.
//!
//! ```
//! use std::time::Duration;
//! use offhook_sim::story::Stage;
//!
//! let mut story = Stage::new().user("2001").user("2002").begin();
//! story.call("2001", "2002");
//! story.wait(Duration::from_secs(3));
//! story.answers("2002");
//! story.wait(Duration::from_secs(10));
//! story.hangs_up("2001");
//! let told = story.end()?;
//! assert_eq!(
//!     told.names(),
//!     ["call.initial", "call.ringing", "call.connected", "call.hangup"]
//! );
//! # Ok::<(), offhook_sim::story::Broken>(())
//! ```
//!
//! Each order takes a tenth of a second: in it, all that follows from it at once goes through.

#![expect(
    clippy::panic,
    reason = "a story that cannot be played is a fault of the test that tells it"
)]

mod stage;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use offhook_base::{CallId, CdrRecord, SmsRecord};
use offhook_call::{ApiCommand, ApiReply, TextCommand, TextReply};
use offhook_media_core::{Digit, Side};
use serde_json::Value;

use crate::phone::{AfterRefer, CallRef, Number, Outsider, Phone, Script, TransferOrder};
use crate::world::World;

pub use stage::Stage;

/// What an order takes.
const BEAT: Duration = Duration::from_millis(100);

/// How long a story goes on after its last order: a call rings out, requests that nobody answers are given up.
const EPILOGUE: Duration = Duration::from_secs(60);

/// A story that is being played.
#[derive(Debug)]
pub struct Story {
    world: World,
    actors: BTreeMap<String, Actor>,
}

/// Somebody with a name.
#[derive(Clone, Debug)]
struct Actor {
    /// Which of the world's peers it is.
    peer: usize,
    /// Set for somebody outside, whose peer is a carrier.
    outsider: Option<Outsider>,
}

/// What a story told.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// The body of each event, in the order in which the receiver got them.
    pub events: Vec<Value>,
    /// The CDRs, in the order in which they were written.
    pub cdrs: Vec<CdrRecord>,
    /// The texts as they stand in the end, in the order in which they came.
    pub texts: Vec<SmsRecord>,
    /// Who got which text, in order.
    pub taken: Vec<(String, String)>,
}

impl Told {
    /// The names of the events, in order.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let name = |event| Value::get(event, "event_name").and_then(Value::as_str);
        self.events.iter().filter_map(name).collect()
    }

    /// The text of a field of each event that has it, in order; other values as JSON prints them.
    #[must_use]
    pub fn field(&self, field: &str) -> Vec<String> {
        let values = self.events.iter().filter_map(|event| event.get(field));
        values
            .map(|value| {
                value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned)
            })
            .collect()
    }
}

/// Promises that were broken in a story.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Broken(pub Vec<String>);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Broken {}

impl Story {
    fn new(mut world: World, actors: BTreeMap<String, Actor>) -> Self {
        // Every phone registers.
        world.run_for(Duration::from_secs(1));
        Self { world, actors }
    }

    /// Time passes.
    pub fn wait(&mut self, time: Duration) {
        self.world.run_for(time);
    }

    /// `who` dials.
    pub fn call(&mut self, who: &str, number: &str) {
        let outsider = self.actor(who).outsider;
        self.order(who, |phone, now| {
            match &outsider {
                Some(outsider) => phone.dial_from(now, outsider, number, Script::NOTHING),
                None => phone.dial(now, number, Script::NOTHING),
            };
        });
    }

    /// `who` picks up.
    pub fn answers(&mut self, who: &str) {
        let call = self.ringing(who);
        self.order(who, |phone, now| phone.answer(now, call));
    }

    /// `who` does not want the call: 603.
    pub fn declines(&mut self, who: &str) {
        self.refuses(who, 603);
    }

    /// The phone of `who`, which rings, answers with this status of 300 or above: 486 for busy.
    pub fn refuses(&mut self, who: &str, status: u16) {
        let call = self.ringing(who);
        self.order(who, |phone, now| phone.refuse(now, call, status));
    }

    /// `who` hangs up: the last call, which may still be ringing.
    pub fn hangs_up(&mut self, who: &str) {
        let call = self.last(who, "call", Phone::calls);
        self.order(who, |phone, now| phone.hangup(now, call));
    }

    /// `who` holds.
    pub fn holds(&mut self, who: &str) {
        let call = self.up(who);
        self.order(who, |phone, now| phone.hold(now, call, true));
    }

    /// `who` takes the call back.
    pub fn resumes(&mut self, who: &str) {
        let call = self.up(who);
        self.order(who, |phone, now| phone.hold(now, call, false));
    }

    /// `who` presses a key, which the phone sends by INFO.
    pub fn presses(&mut self, who: &str, digit: Digit) {
        let call = self.up(who);
        self.order(who, |phone, now| phone.press(now, call, digit));
    }

    /// The media shell has heard nothing of one side of each call that it watches for as long as it was told to.
    pub fn hears_nothing_of(&mut self, side: Side) {
        self.world.hear_nothing_of(side);
        self.world.run_for(BEAT);
    }

    /// `who` has the other side moved to `number`, by REFER.
    pub fn transfers(&mut self, who: &str, number: &str) {
        self.transfers_and(who, number, AfterRefer::Wait);
    }

    /// As [`Self::transfers`]; `then` says how long `who` stays.
    pub fn transfers_and(&mut self, who: &str, number: &str, then: AfterRefer) {
        let call = self.up(who);
        let Some(to) = Number::new(number) else {
            panic!("{number:?} is no number");
        };
        let order = TransferOrder {
            then,
            ..TransferOrder::to(to)
        };
        self.order(who, |phone, now| phone.transfer(now, call, order));
    }

    /// `who` sends a text.
    pub fn texts(&mut self, who: &str, number: &str, words: &str) {
        let outsider = self.actor(who).outsider;
        self.order(who, |phone, now| {
            match &outsider {
                Some(outsider) => phone.send_text_of(now, outsider, number, words),
                None => phone.send_text(now, number, words),
            };
        });
    }

    /// The final status of the last text that `who` sent.
    #[must_use]
    pub fn text_answered(&self, who: &str) -> Option<u16> {
        self.world.answer_to_text_of(self.actor(who).peer)
    }

    /// The phone of `who` takes its registration back.
    pub fn unregisters(&mut self, who: &str) {
        self.order(who, Phone::unregister);
    }

    /// The phone of `who` registers again.
    pub fn registers(&mut self, who: &str) {
        self.order(who, Phone::register);
    }

    /// A REST client or a carrier has a text; the answer, when it came within the time of an order.
    pub fn sends(&mut self, command: TextCommand) -> Option<TextReply> {
        let token = self.world.ask_text(command);
        self.world.run_for(BEAT);
        self.world.text_reply_to(token)
    }

    /// A REST client asks; the answer, when it came within the time of an order.
    pub fn asks(&mut self, command: ApiCommand) -> Option<ApiReply> {
        let token = self.world.ask(command);
        self.world.run_for(BEAT);
        self.world.reply_to(token)
    }

    /// The calls so far, in the order in which they began.
    #[must_use]
    pub fn call_ids(&self) -> Vec<CallId> {
        self.world.call_ids()
    }

    /// Plays what is left, and tells all.
    ///
    /// # Errors
    ///
    /// When a promise was broken: a rule of SIP that a phone saw violated, a call without its end, an event that did
    /// not arrive. A call that nobody hung up is one too.
    pub fn end(mut self) -> Result<Told, Broken> {
        self.world.run_for(EPILOGUE);
        let broken = self.world.verdict();
        if !broken.is_empty() {
            return Err(Broken(broken));
        }
        let names: BTreeMap<usize, &String> = self
            .actors
            .iter()
            .map(|(name, actor)| (actor.peer, name))
            .collect();
        let taken = self.world.texts_taken().iter();
        let taken = taken
            .filter_map(|(peer, words)| Some(((*names.get(peer)?).clone(), words.clone())))
            .collect();
        Ok(Told {
            events: self.world.events_received(),
            cdrs: self.world.cdrs(),
            texts: self.world.texts(),
            taken,
        })
    }

    fn order(&mut self, who: &str, order: impl FnOnce(&mut Phone, offhook_base::Mono)) {
        let peer = self.actor(who).peer;
        self.world.order(peer, order);
        self.world.run_for(BEAT);
    }

    fn actor(&self, who: &str) -> Actor {
        match self.actors.get(who) {
            Some(actor) => actor.clone(),
            None => panic!("nobody is called {who:?}"),
        }
    }

    fn ringing(&self, who: &str) -> CallRef {
        self.last(who, "ringing call", Phone::ringing)
    }

    fn up(&self, who: &str) -> CallRef {
        self.last(who, "answered call", Phone::up)
    }

    fn last(&self, who: &str, what: &str, calls: fn(&Phone) -> Vec<CallRef>) -> CallRef {
        let phone = self.world.peer(self.actor(who).peer);
        match phone.and_then(|phone| calls(phone).last().copied()) {
            Some(call) => call,
            None => panic!("{who} has no {what} now"),
        }
    }
}

#[cfg(test)]
mod tests;
