//! The stock of bound pairs: handed out, given back, and rested before they are handed out again, so that
//! the last packets of one call never reach the next.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::time::Duration;

use offhook_base::Mono;
use offhook_media_core::{PairId, PortPair};

use super::MediaConfig;
use super::socket::Pair;

/// All pairs that no relay holds.
#[derive(Debug)]
pub(super) struct Stock {
    config: MediaConfig,
    /// The next port of the range to try.
    cursor: u16,
    /// RTP ports of ours, in whatever hands.
    bound: BTreeSet<u16>,
    next_id: u32,
    /// In the owner's hands, not yet used.
    handed_out: BTreeMap<PairId, Pair>,
    /// Not to be used before the time given; in the order of that time.
    resting: VecDeque<(Mono, Pair)>,
}

impl Stock {
    /// Binds a first pair, so that a wrong address or an occupied range is a fault at start.
    pub(super) fn open(config: MediaConfig) -> io::Result<Self> {
        let mut stock = Self {
            config,
            cursor: config.first_port,
            bound: BTreeSet::new(),
            next_id: 0,
            handed_out: BTreeMap::new(),
            resting: VecDeque::new(),
        };
        let first = stock.bind()?;
        stock.resting.push_front((Mono(0), first));
        Ok(stock)
    }

    /// A pair for the owner: a rested one, or else a new one. An error when there is none at this time.
    pub(super) fn hand_out(&mut self, now: Mono) -> io::Result<PortPair> {
        let rested = self
            .resting
            .pop_front_if(|(rested_at, _)| *rested_at <= now);
        let pair = match rested {
            Some((_, pair)) => pair,
            None => self.bind()?,
        };
        let port_pair = PortPair {
            id: PairId(self.next_id),
            rtp_port: pair.rtp_port,
        };
        self.next_id = self.next_id.wrapping_add(1);
        self.handed_out.insert(port_pair.id, pair);
        Ok(port_pair)
    }

    /// Takes a pair out of the owner's hands, for a relay.
    pub(super) fn take(&mut self, id: PairId) -> Option<Pair> {
        self.handed_out.remove(&id)
    }

    /// Takes back a pair that a relay used.
    pub(super) fn give_back(&mut self, now: Mono, pair: Pair) {
        self.resting.push_back((now + REST, pair));
    }

    /// When the next pair will have rested.
    pub(super) fn next_rested(&self) -> Option<Mono> {
        self.resting.front().map(|(rested_at, _)| *rested_at)
    }

    fn bind(&mut self) -> io::Result<Pair> {
        let MediaConfig {
            address,
            first_port,
            last_port,
        } = self.config;
        if first_port == 0 {
            return Pair::bind_any(address);
        }
        let pairs = usize::from(last_port.saturating_sub(first_port)) / 2 + 1;
        if self.bound.len() >= pairs {
            return Err(io::Error::new(
                io::ErrorKind::AddrInUse,
                "every RTP port of the range is in use or resting",
            ));
        }
        let mut refused = io::Error::from(io::ErrorKind::AddrInUse);
        for _ in 0..pairs {
            let port = self.cursor;
            self.cursor = if port >= last_port.saturating_sub(1) {
                first_port
            } else {
                port + 2
            };
            if self.bound.contains(&port) {
                continue;
            }
            match Pair::bind(address, port) {
                Ok(pair) => {
                    self.bound.insert(port);
                    return Ok(pair);
                }
                // Somebody else's port. Any other fault would befall every port alike.
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => refused = error,
                Err(error) => return Err(error),
            }
        }
        Err(refused)
    }
}

/// How long a used pair rests.
const REST: Duration = Duration::from_secs(2);

#[cfg(test)]
pub(super) mod tests {
    use std::net::{Ipv4Addr, UdpSocket};
    use std::sync::atomic::{AtomicU16, Ordering};

    use super::*;

    /// A range of `pairs` pairs that was free a moment ago, and that no other test of this process is given.
    pub(crate) fn free_range(pairs: u16) -> MediaConfig {
        static TAKEN: AtomicU16 = AtomicU16::new(0);
        let address = Ipv4Addr::LOCALHOST.into();
        let base = 30_000 + u16::try_from(std::process::id() % 25).unwrap() * 100;
        loop {
            let first_port = base + TAKEN.fetch_add(pairs * 2, Ordering::Relaxed);
            let last_port = first_port + pairs * 2 - 1;
            if (first_port..=last_port).all(|port| UdpSocket::bind((address, port)).is_ok()) {
                return MediaConfig {
                    address,
                    first_port,
                    last_port,
                };
            }
        }
    }

    #[test]
    fn a_range_hands_out_each_even_port_once_and_then_refuses() {
        let config = free_range(3);
        let mut stock = Stock::open(config).unwrap();
        let ports: Vec<u16> = (0..3)
            .map(|_| stock.hand_out(Mono(0)).unwrap().rtp_port)
            .collect();
        assert_eq!(
            ports,
            [
                config.first_port,
                config.first_port + 2,
                config.first_port + 4
            ]
        );
        assert_eq!(
            stock.hand_out(Mono(0)).unwrap_err().kind(),
            io::ErrorKind::AddrInUse
        );
    }

    #[test]
    fn a_used_pair_rests_two_seconds_and_comes_back_under_a_new_name() {
        let mut stock = Stock::open(free_range(1)).unwrap();
        let first = stock.hand_out(Mono(0)).unwrap();
        let pair = stock.take(first.id).unwrap();
        assert!(
            stock.take(first.id).is_none(),
            "it is in nobody's hands but the relay's"
        );

        let used_at = Mono(5_000_000_000);
        stock.give_back(used_at, pair);
        let rested = used_at + Duration::from_secs(2);
        assert_eq!(stock.next_rested(), Some(rested));
        assert!(stock.hand_out(Mono(rested.0 - 1)).is_err());

        let again = stock.hand_out(rested).unwrap();
        assert_eq!(again.rtp_port, first.rtp_port);
        assert_ne!(again.id, first.id);
    }

    #[test]
    fn a_port_of_somebody_else_is_stepped_over() {
        let config = free_range(2);
        let taken = UdpSocket::bind((config.address, config.first_port + 1)).unwrap();
        let mut stock = Stock::open(config).unwrap();
        assert_eq!(
            stock.hand_out(Mono(0)).unwrap().rtp_port,
            config.first_port + 2
        );
        assert!(stock.hand_out(Mono(0)).is_err());

        drop(taken);
        assert_eq!(stock.hand_out(Mono(0)).unwrap().rtp_port, config.first_port);
    }

    #[test]
    fn port_zero_gives_any_even_port_with_its_neighbour() {
        let config = MediaConfig {
            address: Ipv4Addr::LOCALHOST.into(),
            first_port: 0,
            last_port: 0,
        };
        let mut stock = Stock::open(config).unwrap();
        for _ in 0..20 {
            let handed = stock.hand_out(Mono(0)).unwrap();
            let pair = stock.take(handed.id).unwrap();
            assert_eq!(handed.rtp_port % 2, 0);
            assert_eq!(pair.rtp.local_addr().unwrap().port(), handed.rtp_port);
            assert_eq!(pair.rtcp.local_addr().unwrap().port(), handed.rtp_port + 1);
        }
    }

    #[test]
    fn an_address_that_is_not_ours_is_a_fault_at_start() {
        let config = MediaConfig {
            address: Ipv4Addr::new(192, 0, 2, 1).into(),
            first_port: 0,
            last_port: 0,
        };
        assert_eq!(
            Stock::open(config).unwrap_err().kind(),
            io::ErrorKind::AddrNotAvailable
        );
    }
}
