//! What matches a message to a transaction (RFC 3261 17.1.3 and 17.2.3).

use std::fmt;
use std::hash::{DefaultHasher, Hasher};

use offhook_sip_message::{Method, View};

use crate::auth::hex_digit;

/// The number in a branch of ours: `z9hG4bK` and sixteen hexadecimal digits.
///
/// It is drawn at random, so that nobody who has not seen our request can answer it.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Branch(pub(crate) u64);

impl Branch {
    /// Reads a branch of ours; `None` for anything else.
    pub(crate) fn parse(branch: &[u8]) -> Option<Self> {
        hex_u64(branch.strip_prefix(MAGIC_COOKIE)?).map(Self)
    }
}

impl fmt::Display for Branch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "z9hG4bK{:016x}", self.0)
    }
}

/// The number in a tag of ours: sixteen hexadecimal digits, one tag per leg.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Tag(pub(crate) u64);

impl Tag {
    /// Reads a tag of ours; `None` for anything else.
    pub(crate) fn parse(tag: &[u8]) -> Option<Self> {
        hex_u64(tag).map(Self)
    }

    /// Writes it into a buffer, without a string.
    pub(crate) fn write(self, digits: &mut [u8; 16]) -> &str {
        for (place, digit) in digits.iter_mut().rev().enumerate() {
            let nibble = u8::try_from(self.0 >> (place * 4) & 0xf).unwrap_or_default();
            *digit = hex_digit(nibble);
        }
        std::str::from_utf8(digits).unwrap_or_default()
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Exactly sixteen lower-case digits, so that one number has one spelling.
fn hex_u64(digits: &[u8]) -> Option<u64> {
    if digits.len() != 16 {
        return None;
    }
    digits.iter().try_fold(0, |number: u64, digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(number << 4 | u64::from(value))
    })
}

/// The cookie that marks a branch as unique (RFC 3261 8.1.1.7).
const MAGIC_COOKIE: &[u8] = b"z9hG4bK";

/// The method by which a server transaction is found: an ACK finds its INVITE.
pub(crate) const fn class(method: Method) -> Method {
    if matches!(method, Method::Ack) {
        Method::Invite
    } else {
        method
    }
}

/// A keyed hash, the same for one seed: peers choose what is hashed, so they must not know where it falls.
#[derive(Clone, Debug)]
pub(crate) struct Hashing(DefaultHasher);

impl Hashing {
    /// Hashing under a secret.
    pub(crate) fn new(secret: [u8; 16]) -> Self {
        let mut hasher = DefaultHasher::new();
        hasher.write(&secret);
        Self(hasher)
    }

    /// The hash of these parts, each told apart from the next.
    pub(crate) fn of<'a>(&self, parts: impl IntoIterator<Item = &'a [u8]>) -> u64 {
        let mut hasher = self.0.clone();
        for part in parts {
            hasher.write_usize(part.len());
            hasher.write(part);
        }
        hasher.finish()
    }
}

/// The parts of a request that name its server transaction, borrowed from the request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ServerKey<'a> {
    parts: [&'a [u8]; 5],
}

impl<'a> ServerKey<'a> {
    /// The key of a request under a method: its own, or INVITE for an ACK or to find what a CANCEL cancels.
    ///
    /// Branch, sent-by and method where the branch is unique. A branch without the cookie comes from a client of RFC
    /// 2543 (17.2.3): Request-URI, From tag, Call-ID, CSeq number and topmost Via stand in for it. The To tag is left
    /// out: the ACK to a refusal has one, its INVITE has not.
    pub(crate) fn of(request: View<'a>, method: Method) -> Option<Self> {
        let via = request.top_via()?;
        let method = class(method);
        let name = if method == Method::Other {
            request.method_bytes().unwrap_or_default()
        } else {
            method.as_bytes()
        };
        let parts = match via.branch() {
            Some(branch) if branch.starts_with(MAGIC_COOKIE) => {
                let end = memchr_semicolon(via.raw);
                let sent_by = via.raw.get(..end).unwrap_or_default();
                [name, branch, sent_by, b"", b""]
            }
            _ => {
                let cseq = request.header(offhook_sip_message::Name::CSeq)?;
                let digits = cseq
                    .iter()
                    .take_while(|octet| octet.is_ascii_digit())
                    .count();
                [
                    name,
                    request.from_tag().unwrap_or_default(),
                    request.call_id()?,
                    cseq.get(..digits).unwrap_or_default(),
                    via.raw,
                ]
            }
        };
        Some(Self { parts })
    }

    /// What a merged request shares with the one it was merged from (8.2.2.2): Call-ID, From tag and CSeq.
    pub(crate) fn of_merged(request: View<'a>) -> Option<Self> {
        let cseq = request.header(offhook_sip_message::Name::CSeq)?;
        let from_tag = request.from_tag().unwrap_or_default();
        Some(Self {
            parts: [b"=", from_tag, request.call_id()?, cseq, b""],
        })
    }

    /// Its hash.
    pub(crate) fn hash(&self, hashing: &Hashing) -> u64 {
        hashing.of(self.parts)
    }

    /// The key on its own, for the table.
    pub(crate) fn keep(&self) -> KeptKey {
        let mut octets = Vec::with_capacity(self.parts.iter().map(|part| part.len()).sum());
        let mut ends = [0; 5];
        for (part, end) in self.parts.iter().zip(&mut ends) {
            octets.extend_from_slice(part);
            *end = u32::try_from(octets.len()).unwrap_or(u32::MAX);
        }
        KeptKey {
            octets: octets.into_boxed_slice(),
            ends,
        }
    }
}

/// A [`ServerKey`] that owns its octets.
#[derive(Debug)]
pub(crate) struct KeptKey {
    octets: Box<[u8]>,
    ends: [u32; 5],
}

impl KeptKey {
    /// Full comparison, after the hash has found it.
    pub(crate) fn matches(&self, key: &ServerKey<'_>) -> bool {
        let mut start = 0;
        self.ends.iter().zip(key.parts).all(|(end, part)| {
            let end = *end as usize;
            let same = self.octets.get(start..end) == Some(part);
            start = end;
            same
        })
    }
}

fn memchr_semicolon(via: &[u8]) -> usize {
    via.iter()
        .position(|octet| *octet == b';')
        .unwrap_or(via.len())
}

#[cfg(test)]
mod tests {
    use offhook_sip_message::{Framing, Index};

    use super::*;

    #[test]
    fn branches_and_tags_have_one_spelling() {
        let branch = Branch(0x0123_4567_89ab_cdef);
        assert_eq!(branch.to_string(), "z9hG4bK0123456789abcdef");
        assert_eq!(Branch::parse(b"z9hG4bK0123456789abcdef"), Some(branch));
        assert_eq!(Branch::parse(b"z9hG4bK0123456789ABCDEF"), None);
        assert_eq!(Branch::parse(b"z9hG4bK123456789abcdef"), None);
        assert_eq!(Tag::parse(b"0000000000000001"), Some(Tag(1)));
        assert_eq!(Tag::parse(b"1"), None);
        let tag = Tag(0x0123_4567_89ab_cdef);
        assert_eq!(tag.write(&mut [0; 16]), "0123456789abcdef");
        assert_eq!(tag.to_string(), "0123456789abcdef");
    }

    fn request(method: &str, branch: &str, host: &str, cseq: u32) -> Vec<u8> {
        format!(
            "{method} sip:b@x SIP/2.0\r\nVia: SIP/2.0/UDP {host};branch={branch}\r\n\
             From: <sip:a@x>;tag=1\r\nTo: <sip:b@x>\r\nCall-ID: c\r\nCSeq: {cseq} {method}\r\n\r\n"
        )
        .into_bytes()
    }

    fn with_key<T>(raw: &[u8], method: Method, read: impl FnOnce(ServerKey<'_>) -> T) -> T {
        let index = Index::parse(raw, Framing::Datagram).unwrap();
        read(ServerKey::of(View::new(raw, &index), method).unwrap())
    }

    #[test]
    fn rfc3261_17_2_3_ack_matches_its_invite_by_branch_and_sent_by() {
        let hashing = Hashing::new([1; 16]);
        let invite = request("INVITE", "z9hG4bK1", "h", 1);
        let ack = request("ACK", "z9hG4bK1", "h", 1);
        let (kept, hash) = with_key(&invite, Method::Invite, |k| (k.keep(), k.hash(&hashing)));
        with_key(&ack, Method::Ack, |key| {
            assert!(kept.matches(&key));
            assert_eq!(key.hash(&hashing), hash);
        });
        for other in [
            request("INVITE", "z9hG4bK2", "h", 1),
            request("INVITE", "z9hG4bK1", "g", 1),
            request("INVITE", "z9hG4bK1", "h:5061", 1),
        ] {
            with_key(&other, Method::Invite, |key| assert!(!kept.matches(&key)));
        }
        let bye = request("BYE", "z9hG4bK1", "h", 1);
        with_key(&bye, Method::Bye, |key| assert!(!kept.matches(&key)));
    }

    #[test]
    fn rfc3261_17_2_3_client_of_rfc_2543_is_matched_by_its_headers() {
        let invite = request("INVITE", "1", "h", 1);
        let kept = with_key(&invite, Method::Invite, |key| key.keep());
        with_key(&request("ACK", "1", "h", 1), Method::Ack, |key| {
            assert!(kept.matches(&key))
        });
        with_key(&request("ACK", "1", "h", 2), Method::Ack, |key| {
            assert!(!kept.matches(&key))
        });
    }
}
