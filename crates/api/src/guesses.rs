//! Limits guessing of passwords and tokens, per guesser: nobody can lock out somebody else elsewhere.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use offhook_base::Mono;

/// Attempts are counted over this long.
const WINDOW: Duration = Duration::from_secs(300);
/// Wrong attempts at one account from one address.
const PER_ACCOUNT: u32 = 10;
/// Wrong attempts at all accounts from one address.
const PER_ADDRESS: u32 = 50;
/// Guessers remembered at a time.
const REMEMBERED: usize = 10_000;

/// Who guesses at what; an empty account stands for all of them.
type Key = (IpAddr, String);

#[derive(Debug)]
struct Count {
    attempts: u32,
    since: Mono,
}

/// The attempts of the last minutes that were not right, or not yet.
#[derive(Debug, Default)]
pub(crate) struct Guesses {
    counts: BTreeMap<Key, Count>,
}

impl Guesses {
    /// Counts an attempt before it is judged, so that a hundred at once are not judged at once.
    ///
    /// # Errors
    /// How long to wait when there were too many.
    pub(crate) fn begin(&mut self, now: Mono, from: IpAddr, account: &str) -> Result<(), Duration> {
        let from = network(from);
        let account = account.to_ascii_lowercase();
        self.admit(now, &(from, account.clone()), PER_ACCOUNT)?;
        self.admit(now, &(from, String::new()), PER_ADDRESS)?;
        self.count(now, (from, account));
        self.count(now, (from, String::new()));
        Ok(())
    }

    /// The attempt was right: it and the ones before it count no more.
    pub(crate) fn right(&mut self, from: IpAddr, account: &str) {
        let from = network(from);
        let attempts = self
            .counts
            .remove(&(from, account.to_ascii_lowercase()))
            .map_or(0, |count| count.attempts);
        if let Some(all) = self.counts.get_mut(&(from, String::new())) {
            all.attempts = all.attempts.saturating_sub(attempts);
        }
    }

    fn admit(&self, now: Mono, key: &Key, limit: u32) -> Result<(), Duration> {
        match self.counts.get(key) {
            Some(count) if count.attempts >= limit && now - count.since < WINDOW => {
                Err(WINDOW - (now - count.since))
            }
            _ => Ok(()),
        }
    }

    fn count(&mut self, now: Mono, key: Key) {
        if self.counts.len() >= REMEMBERED && !self.counts.contains_key(&key) {
            self.make_room(now);
        }
        let count = self.counts.entry(key).or_insert(Count {
            attempts: 0,
            since: now,
        });
        if now - count.since >= WINDOW {
            *count = Count {
                attempts: 0,
                since: now,
            };
        }
        count.attempts = count.attempts.saturating_add(1);
    }

    fn make_room(&mut self, now: Mono) {
        self.counts.retain(|_, count| now - count.since < WINDOW);
        if self.counts.len() < REMEMBERED {
            return;
        }
        // The oldest quarter at once, so that a flood of new guessers costs little for each of them.
        let mut ages: Vec<Mono> = self.counts.values().map(|count| count.since).collect();
        let (_, quarter, _) = ages.select_nth_unstable(REMEMBERED / 4);
        let quarter = *quarter;
        self.counts.retain(|_, count| count.since > quarter);
    }
}

/// A host has its whole /64: in IPv6 addresses cost nothing.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or_else(
            || IpAddr::V6((u128::from(v6) & !u128::from(u64::MAX)).into()),
            IpAddr::V4,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Mono {
        Mono(seconds * 1_000_000_000)
    }

    fn host(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn the_eleventh_guess_waits_and_only_the_guesser_does() {
        let mut guesses = Guesses::default();
        for _ in 0..10 {
            assert_eq!(guesses.begin(at(0), host(1), "a@example.org"), Ok(()));
        }
        assert_eq!(
            guesses.begin(at(100), host(1), "A@example.org"),
            Err(Duration::from_secs(200))
        );
        assert_eq!(guesses.begin(at(100), host(2), "a@example.org"), Ok(()));
        assert_eq!(guesses.begin(at(100), host(1), "b@example.org"), Ok(()));
        assert_eq!(guesses.begin(at(300), host(1), "a@example.org"), Ok(()));
    }

    #[test]
    fn one_address_has_fifty_guesses_at_all_accounts() {
        let mut guesses = Guesses::default();
        for n in 0..50 {
            assert_eq!(
                guesses.begin(at(0), host(1), &format!("u{n}@example.org")),
                Ok(())
            );
        }
        assert!(guesses.begin(at(1), host(1), "u50@example.org").is_err());
    }

    #[test]
    fn a_right_one_clears_the_slate() {
        let mut guesses = Guesses::default();
        for round in 0..20 {
            for _ in 0..9 {
                assert_eq!(guesses.begin(at(round), host(1), "a@example.org"), Ok(()));
            }
            guesses.right(host(1), "a@example.org");
        }
    }

    #[test]
    fn a_host_cannot_change_its_ipv6_address_to_guess_on() {
        let mut guesses = Guesses::default();
        let host = |last: u16| IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, last]);
        for n in 0..10 {
            assert_eq!(guesses.begin(at(0), host(n), "a"), Ok(()));
        }
        assert!(guesses.begin(at(0), host(99), "a").is_err());
    }

    #[test]
    fn a_flood_of_addresses_is_not_remembered_without_bound() {
        let mut guesses = Guesses::default();
        for n in 0..12_000_u32 {
            assert_eq!(
                guesses.begin(at(0), IpAddr::from(n.to_be_bytes()), "a"),
                Ok(())
            );
        }
        assert!(guesses.counts.len() <= REMEMBERED);
    }
}
