//! The media shell of a simulated node: it hands out pairs of ports and sees that each comes back once.

use std::collections::{BTreeMap, BTreeSet};

use offhook_media_core::{MediaCommand, PairId, PortPair, RelayId};

/// How many pairs the switch is kept supplied with.
const STOCK: usize = 40;

/// Ports and relays of the process.
#[derive(Debug, Default)]
pub(super) struct Media {
    next: u32,
    /// Handed out and not given back.
    out: BTreeSet<PairId>,
    relays: BTreeMap<RelayId, (PairId, PairId)>,
    broken: Vec<String>,
}

impl Media {
    /// The process died with all its ports.
    pub(super) fn crashed(&mut self) {
        self.out.clear();
        self.relays.clear();
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

    /// The switch wants something of the media shell.
    pub(super) fn command(&mut self, command: &MediaCommand) {
        match *command {
            MediaCommand::Refill { .. } | MediaCommand::Update { .. } => {}
            MediaCommand::Formats { relay, .. }
            | MediaCommand::Play { relay, .. }
            | MediaCommand::Press { relay, .. }
            | MediaCommand::Record { relay, .. }
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
