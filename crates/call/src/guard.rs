//! What a source may send at all: a ban after wrong passwords, a rate of REGISTERs. Decided before anything is parsed.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use offhook_base::Mono;

use crate::limit::{Buckets, Network, admit};

/// Limits by source; `None` for no limit.
#[derive(Clone, Debug, Default)]
pub struct GuardConfig {
    /// REGISTERs a second.
    pub registers_per_s: Option<u32>,
    /// Wrong passwords before a ban.
    pub failures_before_ban: Option<u32>,
    /// Length of a ban. What a banned source sends is dropped without an answer.
    pub ban: Duration,
    /// Networks that no limit holds for.
    pub exempt: Vec<Network>,
}

/// Sources remembered at once, banned ones and suspects each.
const REMEMBERED: usize = 10_000;

/// Knows who failed and who is banned.
#[derive(Debug)]
pub(crate) struct Guard {
    config: GuardConfig,
    registers: Buckets,
    failures: BTreeMap<IpAddr, (u32, Mono)>,
    banned: BTreeMap<IpAddr, Mono>,
}

impl Guard {
    pub(crate) const fn new(config: GuardConfig) -> Self {
        Self {
            config,
            registers: Buckets::new(),
            failures: BTreeMap::new(),
            banned: BTreeMap::new(),
        }
    }

    /// Whether a datagram or message of `source` is looked at.
    pub(crate) fn admits(&mut self, now: Mono, source: IpAddr, octets: &[u8]) -> bool {
        if self.banned.get(&source).is_some_and(|until| now < *until) {
            return false;
        }
        match self.config.registers_per_s {
            Some(rate) if octets.starts_with(b"REGISTER ") && !self.is_exempt(source) => {
                admit(&mut self.registers, now, source, rate)
            }
            _ => true,
        }
    }

    /// The stack refused a request of `source`: 401 and 403 mean a wrong password or somebody else's name.
    pub(crate) fn refused(&mut self, now: Mono, source: IpAddr, status: u16) {
        let Some(limit) = self.config.failures_before_ban else {
            return;
        };
        if !matches!(status, 401 | 403 | 407) || self.is_exempt(source) {
            return;
        }
        if self.failures.len() >= REMEMBERED {
            let ban = self.config.ban;
            self.failures.retain(|_, (_, since)| now - *since < ban);
            if self.failures.len() >= REMEMBERED {
                self.failures.pop_first();
            }
        }
        let (count, since) = self.failures.entry(source).or_insert((0, now));
        if now - *since > self.config.ban {
            (*count, *since) = (0, now);
        }
        *count += 1;
        if *count >= limit {
            self.failures.remove(&source);
            if self.banned.len() >= REMEMBERED {
                self.banned.retain(|_, until| now < *until);
            }
            if self.banned.len() < REMEMBERED {
                tracing::warn!(%source, seconds = self.config.ban.as_secs(), "banned after {limit} wrong passwords");
                self.banned.insert(source, now + self.config.ban);
            }
        }
    }

    /// A phone behind `source` proved its password.
    pub(crate) fn proved(&mut self, source: IpAddr) {
        self.failures.remove(&source);
    }

    fn is_exempt(&self, source: IpAddr) -> bool {
        self.config
            .exempt
            .iter()
            .any(|network| network.contains(source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    fn at(seconds: u64) -> Mono {
        Mono(seconds * 1_000_000_000)
    }

    fn guard() -> Guard {
        Guard::new(GuardConfig {
            registers_per_s: Some(2),
            failures_before_ban: Some(3),
            ban: Duration::from_secs(300),
            exempt: Vec::new(),
        })
    }

    #[test]
    fn the_third_wrong_password_bans_this_source_only_and_for_its_time() {
        let mut guard = guard();
        for _ in 0..2 {
            guard.refused(at(0), SOURCE, 401);
        }
        assert!(guard.admits(at(0), SOURCE, b"INVITE "));
        guard.refused(at(0), SOURCE, 403);
        assert!(!guard.admits(at(299), SOURCE, b"INVITE "));
        assert!(guard.admits(at(299), IpAddr::from([192, 0, 2, 2]), b"INVITE "));
        assert!(guard.admits(at(300), SOURCE, b"INVITE "));
    }

    #[test]
    fn a_right_password_in_between_clears_the_count() {
        let mut guard = guard();
        guard.refused(at(0), SOURCE, 401);
        guard.refused(at(0), SOURCE, 401);
        guard.proved(SOURCE);
        guard.refused(at(0), SOURCE, 401);
        assert!(guard.admits(at(0), SOURCE, b"INVITE "));
    }

    #[test]
    fn registers_are_limited_and_nothing_else() {
        let mut guard = guard();
        let taken = (0..5)
            .filter(|_| guard.admits(at(0), SOURCE, b"REGISTER sip:x SIP/2.0"))
            .count();
        assert_eq!(taken, 2);
        assert!(guard.admits(at(0), SOURCE, b"INVITE sip:x SIP/2.0"));
    }

    #[test]
    fn an_exempt_network_is_neither_limited_nor_banned() {
        let mut guard = guard();
        guard.config.exempt = vec![Network {
            address: IpAddr::from([192, 0, 2, 0]),
            prefix: 24,
        }];
        for _ in 0..10 {
            guard.refused(at(0), SOURCE, 401);
        }
        assert!((0..10).all(|_| guard.admits(at(0), SOURCE, b"REGISTER sip:x SIP/2.0")));
    }
}
