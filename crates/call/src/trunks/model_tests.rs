//! Random histories against a model that keeps everything and works everything out anew.

use std::time::Duration;

use rand_chacha::ChaCha12Rng;
use rand_core::{Rng, SeedableRng};

use super::*;

const MINUTE: u64 = 60_000_000_000;

/// What the model knows of one trunk.
#[derive(Default)]
struct Modelled {
    trunk: Option<Trunk>,
    /// All outcomes since it was last switched on, and when its state changed.
    outcomes: Vec<bool>,
    changes: Vec<Mono>,
    up: bool,
    asked: Option<TxId>,
    /// When it was asked last at the address it has.
    sent: Option<Mono>,
    told: Option<(bool, &'static str)>,
    calls: u32,
}

impl Modelled {
    fn off(&self) -> Option<&'static str> {
        let trunk = self.trunk.as_ref()?;
        match (trunk.active, trunk.addresses.is_empty()) {
            (false, _) => Some("inactive"),
            (true, true) => Some("host does not resolve"),
            (true, false) => None,
        }
    }

    fn state(&self) -> Option<(bool, &'static str)> {
        self.trunk.as_ref()?;
        Some(match self.off() {
            Some(reason) => (false, reason),
            None if self.up => (true, ""),
            None => (false, "no answer to OPTIONS"),
        })
    }

    fn put(&mut self, trunk: Trunk) {
        let was_on = self.trunk.is_some() && self.off().is_none();
        let was_at = self
            .trunk
            .as_ref()
            .and_then(|old| old.addresses.first().copied());
        let is_at = trunk.addresses.first().copied();
        self.trunk = Some(trunk);
        let is_on = self.off().is_none();
        if !(was_on && is_on) {
            self.outcomes.clear();
            self.changes.clear();
            self.up = true;
            self.sent = None;
        }
        if !is_on || was_at != is_at {
            self.asked = None;
            self.sent = None;
        }
    }

    fn outcome(&mut self, now: Mono, answered: bool) {
        self.asked = None;
        self.outcomes.push(answered);
        let last = self.outcomes.iter().rev();
        let in_a_row = last.take_while(|outcome| **outcome == answered).count();
        let recent = self.changes.iter().rev().take(3);
        let recent = recent.filter(|at| now.0 - at.0 <= 5 * MINUTE).count();
        let needed = match (answered, recent) {
            (false, _) => 2,
            (true, 3) => 3,
            (true, _) => 1,
        };
        if self.up != answered && in_a_row >= needed {
            self.up = answered;
            self.changes.push(now);
        }
    }

    fn has_room(&self) -> bool {
        let max = self.trunk.as_ref().and_then(|trunk| trunk.max_calls);
        max.is_none_or(|max| self.calls < max)
    }
}

struct History {
    rng: ChaCha12Rng,
    trunks: Trunks,
    model: [Modelled; 2],
    old: Vec<TxId>,
    now: Mono,
    txs: u64,
}

impl History {
    fn new(seed: u64) -> Self {
        Self {
            rng: ChaCha12Rng::seed_from_u64(seed),
            trunks: Trunks::new("pbx.example", FlowId::udp(0)),
            model: Default::default(),
            old: Vec::new(),
            now: Mono(1_000 * MINUTE),
            txs: 0,
        }
    }

    fn pick(&mut self, below: u32) -> u32 {
        self.rng.next_u32() % below
    }

    fn step(&mut self) {
        let place = self.pick(2) as usize;
        let id = TrunkId(u32::try_from(place).expect("small") + 1);
        match self.pick(60) {
            0..3 => self.put(place, id),
            3 => {
                self.trunks.remove(id);
                self.old.extend(self.model[place].asked);
                let calls = self.model[place].calls;
                self.model[place] = Modelled {
                    calls,
                    ..Modelled::default()
                };
            }
            4..9 => {
                let expect = match &self.model[place].trunk {
                    Some(trunk) if !trunk.active => Err(NotAdmitted::Inactive),
                    None => Err(NotAdmitted::Inactive),
                    Some(_) if self.model[place].has_room() => Ok(()),
                    Some(_) => Err(NotAdmitted::Full),
                };
                assert_eq!(self.trunks.admit(id), expect);
                self.model[place].calls += u32::from(expect.is_ok());
            }
            9..13 => {
                self.trunks.release(id);
                self.model[place].calls = self.model[place].calls.saturating_sub(1);
            }
            13..15 if !self.old.is_empty() => {
                let place = self.rng.next_u32() as usize % self.old.len();
                let tx = self.old[place];
                assert!(!self.trunks.on_response(self.now, tx), "it is over");
            }
            15..35 => {
                let seconds = u64::from(self.pick(25));
                self.now = self.now + Duration::from_secs(seconds);
            }
            _ => {
                let answered = self.pick(2) == 0;
                if let Some(tx) = self.model[place].asked {
                    let known = if answered {
                        self.trunks.on_response(self.now, tx)
                    } else {
                        self.trunks.on_failed(self.now, tx)
                    };
                    assert!(known);
                    self.old.push(tx);
                    self.model[place].outcome(self.now, answered);
                }
            }
        }
        self.compare();
    }

    fn put(&mut self, place: usize, id: TrunkId) {
        let address = (
            [192, 0, 2, u8::try_from(self.pick(4)).expect("small")],
            5060,
        )
            .into();
        let trunk = Trunk {
            priority: self.pick(3),
            max_calls: (self.pick(2) == 0).then_some(self.rng.next_u32() % 4),
            active: self.pick(8) != 0,
            addresses: (self.pick(8) != 0).then_some(address).into_iter().collect(),
            host: format!("carrier{id}.example"),
            ..tests::trunk(id.0)
        };
        let before = self.model[place].asked;
        self.model[place].put(trunk.clone());
        if self.model[place].asked.is_none() {
            self.old.extend(before);
        }
        self.trunks.put(self.now, trunk);
    }

    /// Fires what is due, takes all outputs, and compares what is seen with the model.
    fn compare(&mut self) {
        let txs = &mut self.txs;
        self.trunks.handle_timeout(self.now, || {
            *txs += 1;
            TxId::outgoing(*txs)
        });
        let next = self.trunks.next_timeout();
        assert!(next.is_none_or(|next| next > self.now), "deadlines advance");
        let mut told = Vec::new();
        while let Some(output) = self.trunks.poll_output() {
            match output {
                TrunkOutput::Sip(command) => {
                    let (tx, target, _) = tests::ask(*command);
                    let of = |model: &&mut Modelled| {
                        let trunk = model.trunk.as_ref();
                        let at = trunk.and_then(|trunk| trunk.addresses.first());
                        trunk.is_some_and(|trunk| target.uri == format!("sip:{}", trunk.host))
                            && model.off().is_none()
                            && at == Some(&target.peer.addr)
                            && model.asked.is_none()
                            && model
                                .sent
                                .is_none_or(|sent| self.now.0 >= sent.0 + MINUTE / 2)
                    };
                    let model = self.model.iter_mut().find(of).expect("one that is due");
                    model.asked = Some(tx);
                    model.sent = Some(self.now);
                }
                TrunkOutput::State(state) => told.push(state),
            }
        }
        for state in told {
            let place = state.trunk.0 as usize - 1;
            let state = Some((state.up, state.reason));
            assert_ne!(self.model[place].told, state, "told twice");
            self.model[place].told = state;
        }
        let mut expect = Vec::new();
        for (id, model) in (1..).map(TrunkId).zip(&self.model) {
            assert_eq!(model.told, model.state(), "{id} was told");
            let state = self.trunks.state(id).map(|state| (state.up, state.reason));
            assert_eq!(state, model.state());
            assert_eq!(self.trunks.calls(id), model.calls);
            let is_asked = model.asked.is_some();
            let is_watched = model.trunk.is_some() && model.off().is_none();
            let is_early = model
                .sent
                .is_some_and(|sent| self.now.0 < sent.0 + MINUTE / 2);
            assert!(!is_watched || is_asked || is_early, "asked when due");
            if let Some(trunk) = &model.trunk
                && model.state() == Some((true, ""))
                && model.has_room()
            {
                expect.push((trunk.priority, id));
            }
        }
        expect.sort_unstable();
        let chosen = self.trunks.choose(&Outside::Service("112".to_owned()));
        let expect: Vec<_> = expect.into_iter().map(|(_, id)| id).collect();
        assert_eq!(chosen, expect);
    }
}

#[test]
fn health_counts_and_choice_are_those_of_the_model_in_10_000_histories() {
    for seed in 0..10_000 {
        let mut history = History::new(seed);
        for _ in 0..100 {
            history.step();
        }
    }
}
