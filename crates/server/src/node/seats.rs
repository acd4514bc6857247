//! Who may have how many connections, and how often an address may ask for a TLS handshake.
//!
//! A handshake costs us more than it costs who asks for it: without a limit one address would keep a core busy.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ipnet::IpNet;

/// Connections of one address at once, and of all, handshakes included.
const PER_SOURCE: usize = 128;
const IN_ALL: usize = 8_192;
/// Handshakes of one address within this time: all the phones it may have come back at once.
const HANDSHAKES: usize = PER_SOURCE;
const WINDOW: Duration = Duration::from_secs(10);
/// Sources remembered before those that are of no concern any more are looked for.
const SWEEP_FROM: usize = 1_024;

/// The places of all connections, whatever their listener; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Seats {
    table: Arc<Mutex<Table>>,
    /// Networks whose handshakes are not counted.
    exempt: Arc<[IpNet]>,
}

/// A place among the connections of a source; given back when dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    seats: Seats,
    ip: IpAddr,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Full {
    /// There are too many connections.
    All,
    /// The source asked for too many handshakes.
    Handshakes,
    /// The source has too many connections.
    Source,
}

#[derive(Debug)]
struct Table {
    sources: HashMap<IpAddr, Source>,
    open: usize,
    /// How long the table grows before it is swept again.
    sweep_at: usize,
}

#[derive(Clone, Copy, Debug)]
struct Source {
    open: usize,
    /// Handshakes since then.
    handshakes: usize,
    since: Instant,
}

impl Seats {
    /// All free.
    pub(crate) fn new(exempt: &[IpNet]) -> Self {
        let table = Table {
            sources: HashMap::new(),
            open: 0,
            sweep_at: SWEEP_FROM,
        };
        Self {
            table: Arc::new(Mutex::new(table)),
            exempt: exempt.into(),
        }
    }

    /// Takes a place for a connection of `ip`; with `handshake` for one that begins with TLS.
    pub(crate) fn take(&self, now: Instant, ip: IpAddr, handshake: bool) -> Result<Seat, Full> {
        let counted = handshake && !self.exempt.iter().any(|network| network.contains(&ip));
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        if table.open >= IN_ALL {
            return Err(Full::All);
        }
        table.sweep(now);
        let source = table.sources.entry(ip).or_insert(Source {
            open: 0,
            handshakes: 0,
            since: now,
        });
        if source.open >= PER_SOURCE {
            return Err(Full::Source);
        }
        if source.is_over(now) {
            source.handshakes = 0;
            source.since = now;
        }
        if counted && source.handshakes >= HANDSHAKES {
            return Err(Full::Handshakes);
        }
        source.handshakes += usize::from(counted);
        source.open += 1;
        table.open += 1;
        drop(table);
        Ok(Seat {
            seats: self.clone(),
            ip,
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let table = &self.seats.table;
        let mut table = table.lock().unwrap_or_else(PoisonError::into_inner);
        table.open = table.open.saturating_sub(1);
        if let Some(source) = table.sources.get_mut(&self.ip) {
            source.open = source.open.saturating_sub(1);
            if source.open == 0 && source.handshakes == 0 {
                table.sources.remove(&self.ip);
            }
        }
    }
}

impl Table {
    /// Forgets sources without a connection whose handshakes are long ago, once the table has doubled.
    fn sweep(&mut self, now: Instant) {
        if self.sources.len() >= self.sweep_at {
            self.sources
                .retain(|_, source| source.open > 0 || !source.is_over(now));
            self.sweep_at = SWEEP_FROM.max(self.sources.len() * 2);
        }
    }
}

impl Source {
    fn is_over(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.since) >= WINDOW
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn source(n: u32) -> IpAddr {
        Ipv4Addr::from(0x0a00_0000 + n).into()
    }

    fn take(seats: &Seats, now: Instant, ip: IpAddr) -> Result<Seat, Full> {
        seats.take(now, ip, true)
    }

    #[test]
    fn a_source_has_its_share_and_gets_a_place_again_when_one_is_given_back() {
        let (seats, now) = (Seats::new(&[]), Instant::now());
        let mut taken: Vec<_> = (0..PER_SOURCE)
            .map(|_| seats.take(now, source(1), false).unwrap())
            .collect();
        let one_more = seats.take(now, source(1), false);
        assert_eq!(one_more.unwrap_err(), Full::Source);
        assert!(
            seats.take(now, source(2), false).is_ok(),
            "others have theirs"
        );
        taken.pop();
        assert!(seats.take(now, source(1), false).is_ok());
        taken.clear();
        assert!(seats.table.lock().unwrap().sources.is_empty());
    }

    #[test]
    fn all_together_have_no_more_than_there_is() {
        let (seats, now) = (Seats::new(&[]), Instant::now());
        let taken: Vec<_> = (0..IN_ALL)
            .map(|n| seats.take(now, source(u32::try_from(n).unwrap() / 100), false))
            .collect();
        assert!(taken.iter().all(Result::is_ok));
        let one_more = seats.take(now, source(9_999), false);
        assert_eq!(one_more.unwrap_err(), Full::All);
    }

    #[test]
    fn handshakes_of_a_source_are_counted_after_their_connections_ended_and_others_are_not_its_affair()
     {
        let (seats, now) = (Seats::new(&[]), Instant::now());
        for _ in 0..HANDSHAKES {
            drop(take(&seats, now, source(1)).unwrap());
        }
        let later = now + WINDOW - Duration::from_millis(1);
        let one_more = take(&seats, later, source(1));
        assert_eq!(one_more.unwrap_err(), Full::Handshakes);
        assert!(seats.take(later, source(1), false).is_ok(), "TCP is cheap");
        assert!(take(&seats, later, source(2)).is_ok());
        assert!(take(&seats, now + WINDOW, source(1)).is_ok());
    }

    #[test]
    fn networks_that_no_limit_holds_for_make_as_many_handshakes_as_they_like() {
        let seats = Seats::new(&["10.0.0.0/24".parse().unwrap()]);
        let now = Instant::now();
        for _ in 0..=HANDSHAKES {
            assert!(take(&seats, now, source(1)).is_ok());
        }
    }

    #[test]
    fn what_is_remembered_of_sources_that_are_gone_does_not_pile_up() {
        let (seats, start) = (Seats::new(&[]), Instant::now());
        let count = u32::try_from(SWEEP_FROM).unwrap() * 4;
        for n in 0..count {
            let now = start + Duration::from_millis(100) * n;
            drop(take(&seats, now, source(n)).unwrap());
        }
        let remembered = seats.table.lock().unwrap().sources.len();
        assert!(remembered <= SWEEP_FROM, "{remembered} of {count}");
    }
}
