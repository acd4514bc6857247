use std::net::IpAddr;

use memchr::memchr;

use crate::lex::{decimal, is_space, is_token, quotes_close, split_around, trim, trim_start};
use crate::params::Params;
use crate::uri::split_host_port;

/// One element of a Via header (RFC 3261 §20.42).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Via<'a> {
    /// `UDP`, `TCP`, `TLS`, `WSS`, …, as written; compare without regard to case.
    pub transport: &'a [u8],
    /// The host of sent-by; an IPv6 address keeps its brackets.
    pub host: &'a [u8],
    /// The port of sent-by, where one is written.
    pub port: Option<u16>,
    /// All parameters.
    pub params: Params<'a>,
    /// The whole element as it stands in the message.
    pub raw: &'a [u8],
}

/// What the `rport` parameter says (RFC 3581).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rport {
    /// There is none.
    Absent,
    /// The client asks for it.
    Asked,
    /// A server filled it in.
    Port(u16),
}

impl<'a> Via<'a> {
    /// Reads one element; `None` where sent-protocol or sent-by cannot be read or quotes do not close.
    #[must_use]
    pub fn parse(element: &'a [u8]) -> Option<Self> {
        let raw = trim(element);
        let (head, params) = split_around(raw, memchr(b';', raw).unwrap_or(raw.len()));
        // SIP / 2.0 / UDP host : port — white space may stand around each slash and colon.
        let (name, rest) = split_around(head, memchr(b'/', head)?);
        let (version, rest) = split_around(rest, memchr(b'/', rest)?);
        if !trim(name).eq_ignore_ascii_case(b"SIP") || trim(version) != b"2.0" {
            return None;
        }
        let rest = trim_start(rest);
        let (transport, sent_by) =
            split_around(rest, rest.iter().position(|octet| is_space(*octet))?);
        if !is_token(transport) || !quotes_close(params) {
            return None;
        }
        let (host, port) = split_sent_by(trim(sent_by))?;
        Some(Self {
            transport,
            host,
            port,
            params: Params::new(params),
            raw,
        })
    }

    /// The `branch` parameter; an empty one counts as none.
    #[must_use]
    pub fn branch(&self) -> Option<&'a [u8]> {
        self.params
            .get("branch")
            .filter(|branch| !branch.is_empty())
    }

    /// The `rport` parameter; one that holds no port counts as asked.
    #[must_use]
    pub fn rport(&self) -> Rport {
        match self.params.find("rport").map(|param| param.value) {
            None => Rport::Absent,
            Some(value) => match value.and_then(decimal).map(u16::try_from) {
                Some(Ok(port)) => Rport::Port(port),
                _ => Rport::Asked,
            },
        }
    }

    /// The `received` parameter, where it is an address.
    #[must_use]
    pub fn received(&self) -> Option<IpAddr> {
        parse_ip(self.params.get("received")?)
    }

    /// The host of sent-by, where it is an address.
    #[must_use]
    pub fn host_ip(&self) -> Option<IpAddr> {
        parse_ip(self.host)
    }
}

fn split_sent_by(sent_by: &[u8]) -> Option<(&[u8], Option<u16>)> {
    if !sent_by.iter().any(|octet| is_space(*octet)) {
        return split_host_port(sent_by);
    }
    let end = match sent_by {
        [b'[', ..] => memchr(b']', sent_by)? + 1,
        _ => memchr(b':', sent_by)?,
    };
    let (host, port) = sent_by.split_at_checked(end)?;
    let [b':', digits @ ..] = trim(port) else {
        return None;
    };
    let (host, _) = split_host_port(trim(host))?;
    Some((host, Some(u16::try_from(decimal(trim(digits))?).ok()?)))
}

/// An IP address in text; IPv6 with or without brackets.
pub(crate) fn parse_ip(text: &[u8]) -> Option<IpAddr> {
    let bare = match text {
        [b'[', inside @ .., b']'] => inside,
        _ => text,
    };
    std::str::from_utf8(bare).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_usual_via_is_read() {
        let via =
            Via::parse(b"SIP/2.0/UDP 192.0.2.1:5062;branch=z9hG4bKx;rport;received=192.0.2.9")
                .unwrap();
        assert_eq!(
            (via.transport, via.host, via.port),
            (&b"UDP"[..], &b"192.0.2.1"[..], Some(5062))
        );
        assert_eq!(via.branch(), Some(&b"z9hG4bKx"[..]));
        assert_eq!(via.rport(), Rport::Asked);
        assert_eq!(via.received(), Some("192.0.2.9".parse().unwrap()));
        assert_eq!(via.host_ip(), Some("192.0.2.1".parse().unwrap()));
    }

    #[test]
    fn rfc4475_3_1_1_1_white_space_and_folds_around_everything() {
        let via = Via::parse(b"SIP  / 2.0\r\n /TCP     spindle.example.com   :\r\n  5070  ;\r\n branch  =   z9hG4bK9ikj8  ").unwrap();
        assert_eq!(
            (via.transport, via.host, via.port),
            (&b"TCP"[..], &b"spindle.example.com"[..], Some(5070))
        );
        assert_eq!(via.branch(), Some(&b"z9hG4bK9ikj8"[..]));
    }

    #[test]
    fn ipv6_with_and_without_brackets() {
        let via =
            Via::parse(b"SIP/2.0/TLS [2001:db8::1]:5061;received=2001:db8::2;rport=5099").unwrap();
        assert_eq!((via.host, via.port), (&b"[2001:db8::1]"[..], Some(5061)));
        assert_eq!(via.host_ip(), Some("2001:db8::1".parse().unwrap()));
        assert_eq!(via.received(), Some("2001:db8::2".parse().unwrap()));
        assert_eq!(via.rport(), Rport::Port(5099));
    }

    #[test]
    fn what_is_no_via_is_refused() {
        for bad in [
            &b""[..],
            b"SIP/2.0/UDP",
            b"SIP/2.0/UDP ;branch=1",
            b"SIP/3.0/UDP host",
            b"HTTP/2.0/UDP host",
            b"SIP/2.0 host",
            b"SIP/2.0/UDP host:port",
            b"SIP/2.0/UDP host:70000",
            b"SIP/2.0/UDP a b",
            b"SIP/2.0/UDP [::1",
            b"SIP/2.0/ host",
            b"SIP/2.0/UDP host;branch=a\"b;rport",
        ] {
            assert_eq!(
                Via::parse(bad),
                None,
                "{:?}",
                bad.escape_ascii().to_string()
            );
        }
        let odd = Via::parse(b"SIP/2.0/UDP h;branch=;rport=99999").unwrap();
        assert_eq!((odd.branch(), odd.rport()), (None, Rport::Asked));
    }
}
