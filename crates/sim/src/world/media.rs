//! The media shell of a simulated node: it hands out pairs of ports and sees that each comes back once.

use std::collections::{BTreeMap, BTreeSet};

use offhook_base::{CdrRecord, EventName};
use offhook_media_core::{
    Digit, MediaCommand, MediaEvent, PairId, PortPair, PressWay, RelayId, Side, SideQuality,
};

use super::World;

/// How many pairs the switch is kept supplied with.
const STOCK: usize = 40;

/// Ports and relays of the process.
#[derive(Debug, Default)]
pub(super) struct Media {
    next: u32,
    /// Handed out and not given back.
    out: BTreeSet<PairId>,
    relays: BTreeMap<RelayId, (PairId, PairId)>,
    /// Relays of which silence would be told.
    watched: BTreeSet<RelayId>,
    /// Relays of which it was told.
    silent: BTreeSet<RelayId>,
    broken: Vec<String>,
}

impl Media {
    /// The process died with all its ports.
    pub(super) fn crashed(&mut self) {
        self.out.clear();
        self.relays.clear();
        self.watched.clear();
    }

    /// Pairs for a switch that has so many.
    pub(super) fn refill(&mut self, stock: usize) -> Vec<PortPair> {
        let pairs = (stock..STOCK).map(|_| {
            self.next += 1;
            let id = PairId(self.next);
            self.out.insert(id);
            let port = 20_000 + self.next % 10_000 * 2;
            PortPair {
                id,
                rtp_port: u16::try_from(port).unwrap_or(20_000),
            }
        });
        pairs.collect()
    }

    /// The relays that run.
    fn running(&self) -> Vec<RelayId> {
        self.relays.keys().copied().collect()
    }

    /// The switch wants something of the media shell.
    pub(super) fn command(&mut self, command: &MediaCommand) {
        match *command {
            MediaCommand::Watch {
                relay,
                after: Some(_),
            } => {
                self.watched.insert(relay);
            }
            MediaCommand::Watch { relay, .. } | MediaCommand::Stop { relay } => {
                self.watched.remove(&relay);
            }
            MediaCommand::Formats { .. }
            | MediaCommand::Play { .. }
            | MediaCommand::Press { .. }
            | MediaCommand::Record { .. }
            | MediaCommand::Refill { .. }
            | MediaCommand::Release { .. }
            | MediaCommand::Secure { .. }
            | MediaCommand::Start { .. }
            | MediaCommand::StopPlay { .. }
            | MediaCommand::StopRecord { .. }
            | MediaCommand::Update { .. } => {}
        }
        match *command {
            MediaCommand::Refill { .. } | MediaCommand::Update { .. } => {}
            MediaCommand::Formats { relay, .. }
            | MediaCommand::Play { relay, .. }
            | MediaCommand::Press { relay, .. }
            | MediaCommand::Record { relay, .. }
            | MediaCommand::Secure { relay, .. }
            | MediaCommand::StopPlay { relay, .. }
            | MediaCommand::StopRecord { relay, .. }
            | MediaCommand::Watch { relay, .. } => {
                if !self.relays.contains_key(&relay) {
                    self.broken.push(format!(
                        "media: {command:?} is for a relay that does not run"
                    ));
                }
            }
            MediaCommand::Release { pair } => self.give_back(pair, command),
            MediaCommand::Start { relay, a, b, .. } => {
                let free = |pair| {
                    let relayed =
                        |(first, second): &(PairId, PairId)| *first == pair || *second == pair;
                    self.out.contains(&pair) && !self.relays.values().any(relayed)
                };
                if a == b || !free(a) || !free(b) || self.relays.contains_key(&relay) {
                    self.broken
                        .push(format!("media: {command:?} takes what is taken"));
                }
                self.relays.insert(relay, (a, b));
            }
            MediaCommand::Stop { relay } => match self.relays.remove(&relay) {
                Some((a, b)) => {
                    self.give_back(a, command);
                    self.give_back(b, command);
                }
                None => self
                    .broken
                    .push(format!("media: {command:?} stops nothing")),
            },
        }
    }

    fn give_back(&mut self, pair: PairId, command: &MediaCommand) {
        if !self.out.remove(&pair) {
            self.broken
                .push(format!("media: {command:?} gives back what was not out"));
        }
    }

    /// A call ended for silence only where there was some.
    pub(super) fn verdict_on_silence<'a>(
        &self,
        cdrs: impl Iterator<Item = &'a CdrRecord>,
    ) -> Vec<String> {
        let timed_out = cdrs.filter(|cdr| cdr.cause_name == "MEDIA_TIMEOUT");
        let unheard = timed_out.filter(|cdr| !self.silent.contains(&RelayId(cdr.root_live_id.0)));
        unheard
            .map(|cdr| {
                format!(
                    "media: call {} ended for silence that nobody heard",
                    cdr.live_id
                )
            })
            .collect()
    }

    /// What was broken, when the switch has so many pairs in stock and no calls.
    pub(super) fn verdict(&self, stock: usize) -> Vec<String> {
        let mut broken = self.broken.clone();
        if !self.relays.is_empty() || self.out.len() != stock {
            broken.push(format!(
                "media: {} relays run and {} pairs are out at the end, of which {stock} are in stock",
                self.relays.len(),
                self.out.len()
            ));
        }
        broken
    }
}

impl World {
    /// Keys told, for a look at whether the run was worth anything.
    #[must_use]
    pub fn pressed(&self) -> usize {
        self.count(EventName::CallDtmf)
    }

    /// The media shell hears something in a relay that runs: mostly keys, now and then how well it is heard, rarely nothing.
    pub(super) fn hear_by_chance(&mut self) {
        let relays = self.media.running();
        let which = self.below(relays.len() as u64) as usize;
        let Some(relay) = relays.get(which).copied() else {
            return;
        };
        let side = if self.below(2) == 0 { Side::A } else { Side::B };
        let event = match self.below(10) {
            0 if self.media.watched.remove(&relay) => {
                self.media.silent.insert(relay);
                MediaEvent::Silent { relay, side }
            }
            0..=3 => MediaEvent::Quality {
                relay,
                a: self.quality(),
                b: self.quality(),
            },
            _ => MediaEvent::Pressed {
                relay,
                side,
                digit: self.key(),
                way: match self.below(2) {
                    0 => PressWay::InBand,
                    _ => PressWay::Rfc4733,
                },
            },
        };
        if let Some(process) = &mut self.process {
            process.switch.handle_media(self.now, event);
        }
    }

    /// Each watched relay is told to be silent on one side.
    pub(crate) fn hear_nothing_of(&mut self, side: Side) {
        for relay in std::mem::take(&mut self.media.watched) {
            self.media.silent.insert(relay);
            if let Some(process) = &mut self.process {
                let event = MediaEvent::Silent { relay, side };
                process.switch.handle_media(self.now, event);
            }
        }
        self.drain_pbx();
    }

    /// Somebody who is in a call presses a key, which his phone sends by INFO.
    pub(super) fn press_by_chance(&mut self) {
        let peer = self.below(self.phones.len() as u64) as usize;
        let digit = self.key();
        let now = self.now.mono;
        if let Some(phone) = self.phones.get_mut(peer)
            && let Some(call) = phone.up().last().copied()
        {
            phone.press(now, call, digit);
        }
        self.drain_phone(peer);
    }

    fn key(&mut self) -> Digit {
        let code = self.below(16);
        let code = u8::try_from(code).unwrap_or_default();
        Digit::from_event(code).expect("below 16")
    }

    fn quality(&mut self) -> SideQuality {
        SideQuality {
            packets: self.below(10_000),
            lost: self.below(100),
            ..SideQuality::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(relay: u64, a: u32, b: u32) -> MediaCommand {
        MediaCommand::Start {
            relay: RelayId(relay),
            a: PairId(a),
            b: PairId(b),
            a_remote: None,
            b_remote: None,
        }
    }

    fn stop(relay: u64) -> MediaCommand {
        MediaCommand::Stop {
            relay: RelayId(relay),
        }
    }

    /// What is wrong with these commands, when all but two of the pairs are in stock at the end.
    fn broken(commands: &[MediaCommand]) -> usize {
        let mut media = Media::default();
        assert_eq!(media.refill(0).len(), STOCK);
        for command in commands {
            media.command(command);
        }
        media.verdict(STOCK - 2).len()
    }

    #[test]
    fn pairs_that_come_back_once_are_in_order() {
        let release = |pair| MediaCommand::Release { pair: PairId(pair) };
        assert_eq!(broken(&[start(1, 1, 2), stop(1)]), 0);
        assert_eq!(broken(&[release(1), release(2)]), 0);
    }

    #[test]
    fn a_pair_that_leaks_or_is_used_twice_is_seen() {
        assert_eq!(broken(&[start(1, 1, 2)]), 1);
        assert_eq!(broken(&[start(1, 1, 1), stop(1)]), 3);
        assert_eq!(broken(&[start(1, 1, 2), stop(1), stop(1)]), 1);
        assert_eq!(
            broken(&[start(1, 1, 2), start(2, 2, 3), stop(1), stop(2)]),
            3
        );
    }
}
