//! Who calls whom, and how each phone behaves.

use std::net::SocketAddr;
use std::time::Duration;

use super::happening::Happening;
use super::{PBX, World};
use crate::phone::{First, Incoming, Phone, PhoneConfig, PhoneEvent, Script, Then, Timers};

impl World {
    pub(super) fn set_up(&mut self) {
        let phones: Vec<(u32, u32)> = phones(self.plan.users);
        for (index, (phone, _)) in phones.iter().enumerate() {
            let octet = u8::try_from(10 + index).unwrap_or(250);
            let local = SocketAddr::from(([192, 0, 2, octet], 5060));
            let mut seed = [1; 32];
            seed[..8].copy_from_slice(&(self.plan.seed ^ u64::from(*phone) << 32).to_le_bytes());
            let mut sim = Phone::new(PhoneConfig {
                username: format!("p{phone}"),
                password: format!("secret{phone}"),
                display_name: format!("Phone {phone}"),
                domain: "pbx.example".into(),
                server: PBX,
                local,
                rtp_port: 4_000,
                user_agent: "sim/1".into(),
                expires: 600,
                timers: Timers::RFC3261,
                seed,
            });
            sim.set_incoming(self.manner());
            self.addresses.insert(local, self.phones.len());
            self.phones.push(sim);
        }
        self.start();
        for phone in 0..self.phones.len() {
            let now = self.now.mono;
            if let Some(sim) = self.phones.get_mut(phone) {
                sim.register(now);
            }
            self.drain_phone(phone);
        }
        let during = self.plan.during;
        for _ in 0..self.plan.calls {
            let at = self.within(Duration::from_secs(5), during);
            let phone = self.below(self.phones.len() as u64) as usize;
            // One number in eight does not exist.
            let number = if self.below(8) == 0 {
                "7777".to_owned()
            } else {
                format!("{}", 2_001 + self.below(u64::from(self.plan.users)))
            };
            let script = self.script();
            self.at(
                at,
                Happening::Dial {
                    phone,
                    number,
                    script,
                },
            );
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

    pub(super) fn script(&mut self) -> Script {
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
            transfer: None,
            hangup_after,
        }
    }

    pub(super) fn drain_phone(&mut self, phone: usize) {
        let Some(sim) = self.phones.get_mut(phone) else {
            return;
        };
        let mut sent = Vec::new();
        let mut manner = false;
        while let Some(output) = sim.poll_output() {
            match output {
                crate::phone::Output::Send { bytes, .. } => sent.push(bytes),
                crate::phone::Output::Event(event) => {
                    manner |= matches!(event, PhoneEvent::Ended { .. })
                }
            }
        }
        let from = self
            .addresses
            .iter()
            .find(|(_, index)| **index == phone)
            .map(|(address, _)| *address);
        if manner {
            let next = self.manner();
            if let Some(sim) = self.phones.get_mut(phone) {
                sim.set_incoming(next);
            }
        }
        for octets in sent {
            for (after, octets) in self.plan.network.carry(&mut self.rng, &octets) {
                if let Some(from) = from {
                    self.at(self.now.mono + after, Happening::ToPbx { from, octets });
                }
            }
        }
    }
}

/// Phones and their users: one each, and a second one for every third user.
pub(super) fn phones(users: u32) -> Vec<(u32, u32)> {
    let first = (0..users).map(|user| (user + 1, 100_001 + user));
    let second = (0..users)
        .step_by(3)
        .map(|user| (100 + user, 100_001 + user));
    first.chain(second).collect()
}
