//! Who is known by an address alone: trunks in IP mode.

use std::net::IpAddr;

use offhook_base::TrunkId;

use crate::TrunkPeer;

/// The addresses of trunks, sorted; each belongs to one trunk.
#[derive(Debug, Default)]
pub(crate) struct Trunks {
    by_address: Vec<(IpAddr, TrunkId)>,
}

impl Trunks {
    /// Replaces all addresses.
    ///
    /// An address that several trunks name is the one's with the lowest id: a request shows nothing else by which the
    /// others could be told from it.
    pub(crate) fn replace(&mut self, peers: &[TrunkPeer]) {
        let entry = |peer: &TrunkPeer| (peer.address.to_canonical(), peer.trunk);
        self.by_address = peers.iter().map(entry).collect();
        self.by_address.sort_unstable();
        self.by_address.dedup_by_key(|(address, _)| *address);
    }

    /// The trunk at an address. An IPv4-mapped IPv6 address, as a dual-stack socket gives it, is its IPv4 address.
    pub(crate) fn at(&self, address: IpAddr) -> Option<TrunkId> {
        let address = address.to_canonical();
        let place = self
            .by_address
            .binary_search_by_key(&address, |(at, _)| *at);
        let (_, trunk) = self.by_address.get(place.ok()?)?;
        Some(*trunk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(trunk: u32, address: &str) -> TrunkPeer {
        TrunkPeer {
            trunk: TrunkId(trunk),
            address: address.parse().expect("an address"),
        }
    }

    fn at(trunks: &Trunks, address: &str) -> Option<u32> {
        let found = trunks.at(address.parse().expect("an address"));
        found.map(|trunk| trunk.0)
    }

    #[test]
    fn an_address_of_several_trunks_is_the_lowest_ids_in_any_order() {
        for order in [[2, 7, 5], [7, 5, 2], [5, 2, 7]] {
            let mut trunks = Trunks::default();
            trunks.replace(&order.map(|id| peer(id, "192.0.2.1")));
            assert_eq!(at(&trunks, "192.0.2.1"), Some(2));
        }
    }

    #[test]
    fn ipv4_mapped_addresses_match_in_both_directions() {
        let mut trunks = Trunks::default();
        trunks.replace(&[peer(1, "192.0.2.1"), peer(2, "::ffff:192.0.2.2")]);
        assert_eq!(at(&trunks, "::ffff:192.0.2.1"), Some(1));
        assert_eq!(at(&trunks, "192.0.2.2"), Some(2));
        assert_eq!(at(&trunks, "::ffff:192.0.2.2"), Some(2));
    }

    #[test]
    fn what_is_said_anew_replaces_what_was_said_before() {
        let mut trunks = Trunks::default();
        trunks.replace(&[peer(1, "192.0.2.1"), peer(1, "2001:db8::1")]);
        assert_eq!(at(&trunks, "2001:db8::1"), Some(1));
        trunks.replace(&[peer(1, "192.0.2.3")]);
        assert_eq!(at(&trunks, "192.0.2.1"), None);
        assert_eq!(at(&trunks, "2001:db8::1"), None);
        assert_eq!(at(&trunks, "192.0.2.3"), Some(1));
    }
}
