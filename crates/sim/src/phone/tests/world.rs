//! Phones that reach each other without a PBX between: the one's server is the other's address.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use offhook_base::Mono;
use rand_chacha::ChaCha12Rng;
use rand_core::SeedableRng;

use crate::network::Conditions;
use crate::phone::{Output, Phone, PhoneConfig, PhoneEvent, Timers};

pub(super) fn config(name: &str, host: u8, server: u8, seed: u8) -> PhoneConfig {
    let address = |host: u8| SocketAddr::from(([192, 0, 2, host], 5060));
    PhoneConfig {
        username: name.to_owned(),
        password: "secret".to_owned(),
        display_name: name.to_uppercase(),
        domain: address(server).to_string(),
        server: address(server),
        local: address(host),
        rtp_port: 4000 + u16::from(host) * 2,
        user_agent: "sim".to_owned(),
        expires: 300,
        timers: Timers::RFC3261,
        seed: [seed; 32],
    }
}

/// Two phones and the network between them.
pub(super) struct World {
    pub(super) now: Mono,
    pub(super) phones: [Phone; 2],
    pub(super) events: Vec<(usize, PhoneEvent)>,
    pub(super) sent: Vec<(Mono, usize, String)>,
    conditions: Conditions,
    rng: ChaCha12Rng,
    flying: BTreeMap<(Mono, u64), (usize, Vec<u8>)>,
    count: u64,
}

impl World {
    pub(super) fn new(seed: u8, conditions: Conditions) -> Self {
        let phones = [
            config("alice", 1, 2, seed),
            config("bob", 2, 1, seed.wrapping_add(100)),
        ]
        .map(Phone::new);
        Self {
            now: Mono(0),
            phones,
            events: Vec::new(),
            sent: Vec::new(),
            conditions,
            rng: ChaCha12Rng::from_seed([seed; 32]),
            flying: BTreeMap::new(),
            count: 0,
        }
    }

    pub(super) fn alice(&mut self) -> &mut Phone {
        &mut self.phones[0]
    }

    pub(super) fn bob(&mut self) -> &mut Phone {
        &mut self.phones[1]
    }

    pub(super) fn run_for(&mut self, time: Duration) {
        let until = self.now + time;
        loop {
            self.drain();
            let packet = self.flying.keys().next().map(|(at, _)| *at);
            let timer = self.phones.iter().filter_map(Phone::next_timeout).min();
            let Some(next) = packet
                .into_iter()
                .chain(timer)
                .min()
                .filter(|next| *next <= until)
            else {
                self.now = until;
                return;
            };
            self.now = next.max(self.now);
            self.deliver();
            for phone in &mut self.phones {
                let before = phone.next_timeout();
                if before.is_some_and(|at| at <= self.now) {
                    phone.handle_timeout(self.now);
                    assert!(
                        phone.next_timeout().is_none_or(|at| at > self.now),
                        "a deadline that fired stays"
                    );
                }
            }
        }
    }

    fn deliver(&mut self) {
        while let Some((&key, _)) = self.flying.first_key_value() {
            if key.0 > self.now {
                return;
            }
            let (to, octets) = self.flying.remove(&key).unwrap();
            let from = self.phones[1 - to].config().local;
            self.phones[to].handle_datagram(self.now, from, &octets);
        }
    }

    fn drain(&mut self) {
        for n in 0..2 {
            while let Some(output) = self.phones[n].poll_output() {
                match output {
                    Output::Event(event) => self.events.push((n, event)),
                    Output::Send { to, bytes } => {
                        assert_eq!(to, self.phones[1 - n].config().local);
                        let line = String::from_utf8_lossy(&bytes)
                            .lines()
                            .next()
                            .unwrap()
                            .to_owned();
                        self.sent.push((self.now, n, line));
                        for (after, copy) in self.conditions.carry(&mut self.rng, &bytes) {
                            self.count += 1;
                            self.flying
                                .insert((self.now + after, self.count), (1 - n, copy));
                        }
                    }
                }
            }
        }
    }

    /// The events of one phone without those about media.
    pub(super) fn told(&self, phone: usize) -> Vec<PhoneEvent> {
        let of_phone = self
            .events
            .iter()
            .filter(|(n, _)| *n == phone)
            .map(|(_, event)| event.clone());
        of_phone
            .filter(|event| !matches!(event, PhoneEvent::Media { .. }))
            .collect()
    }

    pub(super) fn assert_no_violation(&self) {
        for phone in &self.phones {
            assert_eq!(
                phone.violations(),
                [],
                "seen by {}",
                phone.config().username
            );
        }
    }
}
