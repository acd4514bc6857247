//! Who calls whom, and how each phone behaves.

use std::time::Duration;

use offhook_base::UserId;

use super::cast::{self, FIRST_USER};
use super::happening::{Happening, Who};
use super::{Luck, World};
use crate::phone::{
    AfterRefer, First, Habits, Incoming, Number, Odds, Outsider, Phone, PhoneEvent, Script, Then,
    TransferOrder,
};

/// What a peer is in a run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Part {
    /// The phone of an agent: what it does with calls is left to its odds.
    Agent,
    /// The far end of a trunk.
    Carrier,
    /// Any other phone: each call that comes in is met in another manner.
    User,
}

impl World {
    /// Phones, carriers, the process; every phone registers.
    pub(super) fn set_up(&mut self) {
        let seed = self.plan.seed;
        for (index, (phone, user)) in self.cast.phones.clone().into_iter().enumerate() {
            let sim = cast::phone(index, phone, seed);
            let part = self.part_of(user);
            let sim = self.equip(sim, index, part);
            self.enter(sim, part);
        }
        for (trunk, outage) in self.cast.trunks.clone() {
            let mut sim = cast::carrier(&trunk, outage, seed);
            if self.luck == Luck::OfSeed {
                sim.set_odds(Odds::CARRIER);
            }
            self.enter(sim, Part::Carrier);
        }
        self.start();
        for phone in 0..self.cast.phones.len() {
            self.register(phone);
        }
        self.schedule();
    }

    pub(super) fn part_of(&self, user: UserId) -> Part {
        if self.cast.is_agent(user) {
            Part::Agent
        } else {
            Part::User
        }
    }

    /// A new phone learns how to behave.
    pub(super) fn equip(&mut self, mut sim: Phone, index: usize, part: Part) -> Phone {
        sim.set_habits(self.habits(index));
        match (part, self.luck) {
            (Part::User, Luck::OfSeed) => sim.set_incoming(self.manner()),
            (Part::Agent | Part::Carrier, Luck::OfSeed) => sim.set_odds(Odds::AGENT),
            (_, Luck::Calm) => {}
        }
        sim
    }

    /// What a phone watches and does beyond its calls.
    fn habits(&self, index: usize) -> Habits {
        let takes_no_texts = self.luck == Luck::OfSeed && index % 3 == 2;
        Habits {
            // A PBX that passes descriptions on as they are cannot keep the o= line of a call that it moves.
            check_origin: self.plan.relay || !self.plan.transfers,
            answer_to_texts: if takes_no_texts { 480 } else { 200 },
        }
    }

    fn enter(&mut self, sim: Phone, part: Part) {
        self.addresses.insert(sim.config().local, self.phones.len());
        self.phones.push(sim);
        self.parts.push(part);
    }

    /// All that a plan's seed makes happen from outside.
    fn schedule(&mut self) {
        let during = self.plan.during;
        for _ in 0..self.plan.calls {
            let at = self.within(Duration::from_secs(5), during);
            let who = self.caller();
            let number = self.number(&who);
            let script = self.script();
            self.at(
                at,
                Happening::Dial {
                    who,
                    number,
                    script,
                },
            );
        }
        for _ in 0..self.plan.shared_calls {
            let at = self.within(Duration::from_secs(5), during);
            let call = self.shared_call();
            self.at(at, call);
        }
        for _ in 0..self.plan.troubles {
            let at = self.within(Duration::from_secs(5), during);
            self.at(at, Happening::Trouble);
        }
        for n in 0..self.plan.texts {
            let at = self.within(Duration::from_secs(5), during);
            let who = self.caller();
            let number = self.number(&who);
            let words = format!("text {n}");
            self.at(at, Happening::Text { who, number, words });
        }
        for _ in 0..self.plan.api_commands {
            let at = self.within(Duration::from_secs(5), during);
            self.at(at, Happening::Ask);
        }
        for _ in 0..self.plan.keys {
            let at = self.within(Duration::from_secs(5), during);
            self.at(at, Happening::Press);
            let at = self.within(Duration::from_secs(5), during);
            self.at(at, Happening::Hear);
        }
        for _ in 0..self.plan.crashes {
            let at = self.within(Duration::from_secs(8), during);
            self.at(at, Happening::Crash);
        }
        for _ in 0..self.plan.garbage {
            let at = self.within(Duration::ZERO, during);
            self.at(at, Happening::Garbage);
        }
    }

    /// A phone, or somebody outside.
    fn caller(&mut self) -> Who {
        let peer = self.below(self.phones.len() as u64) as usize;
        match self.parts.get(peer) {
            Some(Part::Carrier) => Who::Outsider(
                peer,
                Outsider {
                    number: self.outside_number(),
                    name: String::new(),
                },
            ),
            Some(Part::Agent | Part::User) | None => Who::Phone(peer),
        }
    }

    /// What is dialled. One number in eight does not exist.
    pub(super) fn number(&mut self, who: &Who) -> String {
        let outside = match who {
            Who::Phone(_) => false,
            Who::Outsider(..) => true,
        };
        if self.below(8) == 0 {
            return if outside { "441632969999" } else { "7777" }.to_owned();
        }
        if outside {
            let ddi = self.below(self.cast.ddis.len() as u64) as usize;
            return self
                .cast
                .ddis
                .get(ddi)
                .map_or_else(|| "7777".to_owned(), |ddi| ddi.e164.clone());
        }
        let shared: Vec<String> = self
            .cast
            .shared_numbers()
            .into_iter()
            .map(str::to_owned)
            .collect();
        if !shared.is_empty() && self.below(2) == 0 {
            let which = self.below(shared.len() as u64) as usize;
            return shared.get(which).cloned().unwrap_or_default();
        }
        if self.plan.trunks > 0 && self.below(4) == 0 {
            return self.outside_number();
        }
        format!(
            "{}",
            u64::from(FIRST_USER) + self.below(u64::from(self.plan.users))
        )
    }

    /// Somebody who is no agent calls a group or a queue. One in four loses patience before long; all do in the end, for
    /// an agent whose phone died says nothing any more.
    fn shared_call(&mut self) -> Happening {
        let who = loop {
            let who = self.caller();
            if self.parts.get(who.peer()) != Some(&Part::Agent) {
                break who;
            }
        };
        let numbers = match who {
            Who::Phone(_) => self.cast.shared_numbers(),
            Who::Outsider(..) => self.cast.shared_ddis(),
        };
        let numbers: Vec<String> = numbers.into_iter().map(str::to_owned).collect();
        let which = self.below(numbers.len() as u64) as usize;
        let patience = if self.below(4) == 0 {
            Duration::from_millis(200 + self.below(15_000))
        } else {
            Duration::from_secs(70 + self.below(30))
        };
        Happening::Dial {
            who,
            number: numbers.get(which).cloned().unwrap_or_default(),
            script: Script {
                cancel_after: Some(patience),
                hangup_after: Some(patience),
                ..Script::NOTHING
            },
        }
    }

    fn outside_number(&mut self) -> String {
        format!("{}", 447_700_900_000 + self.below(1_000))
    }

    pub(super) fn manner(&mut self) -> Incoming {
        let after = Duration::from_millis(200 + self.below(4_000));
        match self.below(6) {
            0 => Incoming::BUSY,
            1 => Incoming::decline(after),
            2 => Incoming::RING,
            3 => Incoming {
                first: First::EarlyMedia,
                then: Then::Answer {
                    after,
                    script: self.script(),
                },
            },
            _ => Incoming::answer_and(after, self.script()),
        }
    }

    fn script(&mut self) -> Script {
        let mut sometimes = |chance: u64, from: u64, to: u64| {
            (self.below(chance) == 0).then(|| Duration::from_millis(from + self.below(to - from)))
        };
        let cancel_after = sometimes(5, 100, 3_000);
        let hold_after = sometimes(3, 500, 2_000);
        let unhold_after = sometimes(2, 2_500, 4_000).filter(|_| hold_after.is_some());
        let hangup_after = Some(Duration::from_millis(300 + self.below(9_000)));
        Script {
            cancel_after,
            hold_after,
            unhold_after,
            transfer: self.transfer(),
            hangup_after,
        }
    }

    /// A blind transfer, to wherever one can dial.
    fn transfer(&mut self) -> Option<TransferOrder> {
        if !self.plan.transfers || self.below(4) > 0 {
            return None;
        }
        let number = self.number(&Who::Phone(0));
        let then = match self.below(4) {
            0 => AfterRefer::HangUpWhenAccepted,
            1 => AfterRefer::HangUpWhenNotified,
            _ => AfterRefer::Wait,
        };
        Some(TransferOrder {
            after: Duration::from_millis(300 + self.below(3_000)),
            referred_by: self.below(2) == 0,
            then,
            ..TransferOrder::to(Number::new(&number)?)
        })
    }

    /// Somebody dials.
    pub(super) fn dial(&mut self, who: &Who, number: &str, script: Script) {
        let now = self.now.mono;
        match who {
            Who::Phone(phone) => {
                let manner = self.manner();
                let is_user = self.parts.get(*phone) == Some(&Part::User);
                if let Some(sim) = self.phones.get_mut(*phone) {
                    if is_user {
                        sim.set_incoming(manner);
                    }
                    sim.dial(now, number, script);
                }
            }
            Who::Outsider(carrier, outsider) => {
                if let Some(sim) = self.phones.get_mut(*carrier) {
                    sim.dial_from(now, outsider, number, script);
                }
            }
        }
        self.drain_phone(who.peer());
    }

    pub(super) fn drain_phone(&mut self, phone: usize) {
        let Some(sim) = self.phones.get_mut(phone) else {
            return;
        };
        let from = sim.config().local;
        let mut sent = Vec::new();
        let mut events = Vec::new();
        while let Some(output) = sim.poll_output() {
            match output {
                crate::phone::Output::Send { bytes, .. } => sent.push(bytes),
                crate::phone::Output::Event(event) => events.push(event),
            }
        }
        for event in &events {
            self.texts.seen(phone, event);
        }
        let ended = |event: &PhoneEvent| matches!(event, PhoneEvent::Ended { .. });
        if self.luck == Luck::OfSeed
            && self.parts.get(phone) == Some(&Part::User)
            && events.iter().any(ended)
        {
            let next = self.manner();
            if let Some(sim) = self.phones.get_mut(phone) {
                sim.set_incoming(next);
            }
        }
        if self.trouble.is_dead(phone) {
            return;
        }
        for octets in sent {
            for (after, octets) in self.plan.network.carry(&mut self.rng, &octets) {
                self.at(self.now.mono + after, Happening::ToPbx { from, octets });
            }
        }
    }
}
