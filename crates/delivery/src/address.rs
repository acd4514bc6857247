//! Which addresses a POST may go to (research/webhooks.md, section 6.3).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;

/// The operator's rules. Every answer of the name service and every literal is asked of it before a connection is made.
#[derive(Clone, Debug, Default)]
pub struct AddressPolicy {
    allowed: Vec<IpNet>,
    own: Vec<SocketAddr>,
}

/// Why an address may not be reached.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Forbidden {
    /// Where clouds hand out credentials; never allowed.
    #[error("{0} is the metadata address of a cloud and is never allowed")]
    Metadata(IpAddr),
    /// One of our own listeners.
    #[error(
        "{0} is an address that Offhook itself listens on; the operator can allow it with webhooks.allow_networks"
    )]
    Own(SocketAddr),
    /// Not a public address.
    #[error("{0} is not a public address; the operator can allow it with webhooks.allow_networks")]
    Private(IpAddr),
}

impl AddressPolicy {
    /// `allowed` is `webhooks.allow_networks`; `own` are the addresses that this process listens on.
    #[must_use]
    pub fn new(allowed: Vec<IpNet>, own: Vec<SocketAddr>) -> Self {
        Self { allowed, own }
    }

    /// Whether an address may be connected to.
    ///
    /// # Errors
    /// Says which rule forbids it.
    pub fn check(&self, address: SocketAddr) -> Result<(), Forbidden> {
        let ip = address.ip().to_canonical();
        let carried = carried(ip);
        if is_metadata(ip) || carried.is_some_and(is_metadata) {
            return Err(Forbidden::Metadata(address.ip()));
        }
        if self.is_allowed(ip) {
            return Ok(());
        }
        if self
            .own
            .iter()
            .any(|own| own.port() == address.port() && own.ip().to_canonical() == ip)
        {
            return Err(Forbidden::Own(address));
        }
        if is_special(ip) || carried.is_some_and(is_special) {
            return Err(Forbidden::Private(address.ip()));
        }
        Ok(())
    }

    /// Whether a connection that was just made may be used. A listener on the unspecified address has every address of
    /// this machine; a connection to one of them has the same address at both ends.
    ///
    /// # Errors
    /// Says which rule forbids it.
    pub fn check_connected(&self, peer: SocketAddr, local: SocketAddr) -> Result<(), Forbidden> {
        self.check(peer)?;
        let ip = peer.ip().to_canonical();
        let listens = |own: &SocketAddr| own.port() == peer.port() && own.ip().is_unspecified();
        if ip == local.ip().to_canonical() && self.own.iter().any(listens) && !self.is_allowed(ip) {
            return Err(Forbidden::Own(peer));
        }
        Ok(())
    }

    fn is_allowed(&self, ip: IpAddr) -> bool {
        self.allowed.iter().any(|network| network.contains(&ip))
    }
}

fn is_metadata(ip: IpAddr) -> bool {
    METADATA.contains(&ip)
}

/// The IPv4 address that an IPv6 one stands for: IPv4-compatible, 6to4, NAT64.
fn carried(ip: IpAddr) -> Option<IpAddr> {
    let IpAddr::V6(v6) = ip else { return None };
    let octets = v6.octets();
    let from = |at: usize| -> Option<IpAddr> {
        let four: [u8; 4] = octets.get(at..at + 4)?.try_into().ok()?;
        Some(IpAddr::V4(Ipv4Addr::from(four)))
    };
    match v6.segments() {
        [0, 0, 0, 0, 0, 0, _, _] | [0x64, 0xff9b, 0 | 1, ..] => from(12),
        [0x2002, ..] => from(2),
        _ => None,
    }
}

fn is_special(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => V4
            .iter()
            .any(|(network, bits)| (u32::from(v4) ^ u32::from(*network)) >> (32 - bits) == 0),
        IpAddr::V6(v6) => V6
            .iter()
            .any(|(network, bits)| (u128::from(v6) ^ u128::from(*network)) >> (128 - bits) == 0),
    }
}

const fn v4(a: u8, b: u8, c: u8, d: u8, bits: u32) -> (Ipv4Addr, u32) {
    (Ipv4Addr::new(a, b, c, d), bits)
}

const fn v6(a: u16, b: u16, c: u16, bits: u32) -> (Ipv6Addr, u32) {
    (Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), bits)
}

/// AWS, Azure, Google and most others; AWS containers; AWS over IPv6; Alibaba.
const METADATA: [IpAddr; 4] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
];

const V4: [(Ipv4Addr, u32); 15] = [
    v4(0, 0, 0, 0, 8),       // this network
    v4(10, 0, 0, 0, 8),      // RFC 1918
    v4(100, 64, 0, 0, 10),   // carrier-grade NAT
    v4(127, 0, 0, 0, 8),     // loopback
    v4(169, 254, 0, 0, 16),  // link-local
    v4(172, 16, 0, 0, 12),   // RFC 1918
    v4(192, 0, 0, 0, 24),    // protocol assignments
    v4(192, 0, 2, 0, 24),    // TEST-NET-1
    v4(192, 88, 99, 0, 24),  // 6to4 relays
    v4(192, 168, 0, 0, 16),  // RFC 1918
    v4(198, 18, 0, 0, 15),   // benchmarks
    v4(198, 51, 100, 0, 24), // TEST-NET-2
    v4(203, 0, 113, 0, 24),  // TEST-NET-3
    v4(224, 0, 0, 0, 4),     // multicast
    v4(240, 0, 0, 0, 4),     // class E and broadcast
];

const V6: [(Ipv6Addr, u32); 13] = [
    (Ipv6Addr::UNSPECIFIED, 128),
    (Ipv6Addr::LOCALHOST, 128),
    v6(0x64, 0xff9b, 1, 48),  // local NAT64
    v6(0x100, 0, 0, 64),      // discard
    v6(0x2001, 0, 0, 32),     // Teredo
    v6(0x2001, 0x2, 0, 48),   // benchmarks
    v6(0x2001, 0xdb8, 0, 32), // documentation
    v6(0x3fff, 0, 0, 20),     // documentation
    v6(0x5f00, 0, 0, 16),     // segment routing
    v6(0xfc00, 0, 0, 7),      // unique local
    v6(0xfe80, 0, 0, 10),     // link-local
    v6(0xfec0, 0, 0, 10),     // site-local
    v6(0xff00, 0, 0, 8),      // multicast
];

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ip: &str) -> SocketAddr {
        SocketAddr::new(ip.parse().unwrap(), 443)
    }

    #[test]
    fn every_range_that_is_not_public_is_refused_at_both_its_ends() {
        let policy = AddressPolicy::default();
        let inside = "0.0.0.0 0.255.255.255 10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255 127.0.0.1 127.255.255.255 169.254.0.1 \
            172.16.0.0 172.31.255.255 192.0.0.1 192.0.0.255 192.0.2.1 192.88.99.1 192.168.0.0 192.168.255.255 198.18.0.0 198.19.255.255 \
            198.51.100.7 203.0.113.255 224.0.0.1 239.255.255.255 240.0.0.0 255.255.255.255 :: ::1 ::2 ::10.0.0.1 ::ffff:127.0.0.1 \
            ::ffff:10.1.2.3 64:ff9b::10.0.0.1 64:ff9b::7f00:1 64:ff9b:1::8.8.8.8 100:: 2001::1 2001:0:ffff::1 2001:db8::1 2002:7f00:1:: \
            2002:c0a8:101::5 3fff::1 3fff:fff::1 5f00::1 fc00::1 fdff::1 fe80::1 febf::1 fec0::1 feff::1 ff02::1";
        for ip in inside.split_whitespace() {
            assert_eq!(
                policy.check(at(ip)),
                Err(Forbidden::Private(ip.parse().unwrap())),
                "{ip}"
            );
        }
    }

    #[test]
    fn public_addresses_just_outside_are_reached() {
        let policy = AddressPolicy::default();
        let outside = "1.0.0.0 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 169.253.255.255 \
            172.15.255.255 172.32.0.0 192.0.1.0 192.88.98.255 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255 \
            ::ffff:8.8.8.8 64:ff9b::8.8.8.8 2002:808:808:: 2001:4860:4860::8888 2606:4700::1111 3ffe::1";
        for ip in outside.split_whitespace() {
            assert_eq!(policy.check(at(ip)), Ok(()), "{ip}");
        }
    }

    #[test]
    fn an_allowed_network_is_reached_and_only_that() {
        let policy = AddressPolicy::new(
            vec!["127.0.0.0/8".parse().unwrap(), "fd12::/16".parse().unwrap()],
            Vec::new(),
        );
        for ip in ["127.0.0.1", "::ffff:127.0.0.1", "fd12::9"] {
            assert_eq!(policy.check(at(ip)), Ok(()), "{ip}");
        }
        for ip in ["10.0.0.1", "::1", "fd13::9", "::127.0.0.1"] {
            assert_eq!(
                policy.check(at(ip)),
                Err(Forbidden::Private(ip.parse().unwrap())),
                "{ip}"
            );
        }
    }

    #[test]
    fn metadata_addresses_stay_blocked_whatever_is_allowed() {
        let policy = AddressPolicy::new(
            vec!["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()],
            Vec::new(),
        );
        for ip in [
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "64:ff9b::169.254.169.254",
            "2002:a9fe:a9fe::",
            "169.254.170.2",
            "fd00:ec2::254",
            "100.100.100.200",
        ] {
            assert_eq!(
                policy.check(at(ip)),
                Err(Forbidden::Metadata(ip.parse().unwrap())),
                "{ip}"
            );
        }
        assert_eq!(policy.check(at("10.0.0.1")), Ok(()));
    }

    #[test]
    fn our_own_listeners_are_refused_unless_allowed() {
        let own = vec![
            "8.8.8.8:443".parse().unwrap(),
            "0.0.0.0:8080".parse().unwrap(),
        ];
        let policy = AddressPolicy::new(Vec::new(), own.clone());
        assert_eq!(
            policy.check(at("8.8.8.8")),
            Err(Forbidden::Own(at("8.8.8.8")))
        );
        assert_eq!(policy.check("8.8.8.8:444".parse().unwrap()), Ok(()));

        let (peer, local) = (
            "9.9.9.9:8080".parse().unwrap(),
            "9.9.9.9:40000".parse().unwrap(),
        );
        assert_eq!(policy.check(peer), Ok(()));
        assert_eq!(
            policy.check_connected(peer, local),
            Err(Forbidden::Own(peer))
        );
        assert_eq!(
            policy.check_connected(peer, "9.9.9.8:40000".parse().unwrap()),
            Ok(())
        );
        let allowing = AddressPolicy::new(vec!["9.9.9.9/32".parse().unwrap()], own);
        assert_eq!(allowing.check_connected(peer, local), Ok(()));
    }

    #[test]
    fn a_refusal_names_the_setting() {
        let refusal = AddressPolicy::default()
            .check(at("192.168.1.5"))
            .unwrap_err();
        assert!(
            refusal.to_string().contains("webhooks.allow_networks"),
            "{refusal}"
        );
    }
}
