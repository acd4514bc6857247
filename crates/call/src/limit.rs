//! How much a source may ask: token buckets with room for one second's worth.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use offhook_base::Mono;

/// What one has left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    tokens: f64,
    at: Mono,
}

impl Bucket {
    /// A full bucket.
    pub(crate) fn full(now: Mono, per_second: u32) -> Self {
        Self {
            tokens: f64::from(per_second),
            at: now,
        }
    }

    /// Takes one token if there is one.
    pub(crate) fn take(&mut self, now: Mono, per_second: u32) -> bool {
        let rate = f64::from(per_second);
        self.tokens = (now - self.at)
            .as_secs_f64()
            .mul_add(rate, self.tokens)
            .min(rate);
        self.at = now;
        if self.tokens < 1.0 {
            return false;
        }
        self.tokens -= 1.0;
        true
    }
}

/// A bucket for each source.
pub(crate) type Buckets = BTreeMap<IpAddr, Bucket>;

/// Sources remembered at once; beyond it the full ones, which owe nothing, are forgotten.
const SOURCES: usize = 10_000;

/// A network that is not limited: address and prefix length.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Network {
    /// First address.
    pub address: IpAddr,
    /// Prefix length in bits.
    pub prefix: u8,
}

impl Network {
    /// Whether `address` lies in this network.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(net), IpAddr::V4(address)) => {
                let shift = 32 - u32::from(self.prefix.min(32));
                shift == 32 || u32::from(net) >> shift == u32::from(address) >> shift
            }
            (IpAddr::V6(net), IpAddr::V6(address)) => {
                let shift = 128 - u32::from(self.prefix.min(128));
                shift == 128 || u128::from(net) >> shift == u128::from(address) >> shift
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

/// Takes one token of `source` when it has one.
pub(crate) fn admit(sources: &mut Buckets, now: Mono, source: IpAddr, per_second: u32) -> bool {
    if sources.len() >= SOURCES && !sources.contains_key(&source) {
        sources.retain(|_, bucket| now - bucket.at < Duration::from_secs(1));
        if sources.len() >= SOURCES {
            return false;
        }
    }
    sources
        .entry(source)
        .or_insert_with(|| Bucket::full(now, per_second))
        .take(now, per_second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_n_plus_first_in_a_second_is_refused_and_time_gives_back() {
        let mut sources = BTreeMap::new();
        let source = IpAddr::from([192, 0, 2, 1]);
        let mut at = |ms: u64| admit(&mut sources, Mono(ms * 1_000_000), source, 5);
        assert!((0..5).all(|_| at(0)));
        assert!(!at(0));
        assert!(at(200));
        assert!(!at(200));
    }

    #[test]
    fn a_network_contains_what_shares_its_prefix() {
        let net = Network {
            address: IpAddr::from([127, 0, 0, 0]),
            prefix: 8,
        };
        assert!(net.contains(IpAddr::from([127, 0, 0, 9])));
        assert!(!net.contains(IpAddr::from([128, 0, 0, 1])));
        assert!(
            Network {
                address: IpAddr::from([0, 0, 0, 0]),
                prefix: 0
            }
            .contains(IpAddr::from([9, 9, 9, 9]))
        );
    }
}
