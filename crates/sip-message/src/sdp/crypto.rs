//! Keys in session descriptions: `a=crypto` (RFC 4568).

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::{Media, words};
use crate::lex::decimal;

/// How many a=crypto lines of a section are looked at.
const MAX_CRYPTO: usize = 16;

/// Octets of the longest key that a suite has, with its salt.
const MAX_KEY: usize = 46;

/// An a=crypto line that asks for nothing but a key: no second one, no MKI, no session parameter that changes how packets
/// look. A line that asks for more is no such line.
#[derive(Clone, Copy)]
pub struct Crypto<'a> {
    /// Names the line in the answer.
    pub tag: u32,
    /// The crypto suite.
    pub suite: &'a str,
    key: [u8; MAX_KEY],
    length: usize,
}

impl<'a> Media<'a> {
    /// The a=crypto lines of the section that can be used, in order of preference.
    pub fn crypto(&self) -> impl Iterator<Item = Crypto<'a>> {
        let section = *self;
        let values: Vec<&'a [u8]> = section.attributes("crypto").take(MAX_CRYPTO).collect();
        values.into_iter().filter_map(Crypto::parse)
    }

    /// Whether the section has an a=crypto line, usable or not.
    #[must_use]
    pub fn has_crypto(&self) -> bool {
        self.attributes("crypto").next().is_some()
    }
}

impl<'a> Crypto<'a> {
    fn parse(value: &'a [u8]) -> Option<Self> {
        let mut fields = words(value);
        let tag = u32::try_from(decimal(fields.next()?)?).ok()?;
        let suite = std::str::from_utf8(fields.next()?).ok()?;
        let (method, parameters) = fields.next()?.split_at_checked(METHOD.len())?;
        // Only the window's size may be said: it is a wish (RFC 4568 §6.3.6).
        let is_plain = fields.all(|parameter| parameter.starts_with(b"WSH="));
        if !method.eq_ignore_ascii_case(METHOD) || !is_plain || parameters.contains(&b';') {
            return None;
        }
        let mut parts = parameters.split(|octet| *octet == b'|');
        let text = parts.next()?;
        if let Some(lifetime) = parts.next() {
            let digits = lifetime.strip_prefix(b"2^").unwrap_or(lifetime);
            decimal(digits).filter(|lifetime| *lifetime > 0)?;
        }
        if parts.next().is_some() {
            return None;
        }
        let mut room = [0; MAX_KEY + 2];
        let length = BASE64.decode_slice(text, &mut room).ok()?;
        let key = *room.first_chunk::<MAX_KEY>()?;
        (length <= MAX_KEY).then_some(Self {
            tag,
            suite,
            key,
            length,
        })
    }

    /// The master key and the salt behind it.
    #[must_use]
    pub fn key(&self) -> &[u8] {
        self.key.get(..self.length).unwrap_or_default()
    }

    /// The attribute that tells a key, without its `a=`.
    #[must_use]
    pub fn attribute(tag: u32, suite: &str, key: &[u8]) -> String {
        format!("crypto:{tag} {suite} inline:{}", BASE64.encode(key))
    }
}

impl std::fmt::Debug for Crypto<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Crypto")
            .field("tag", &self.tag)
            .field("suite", &self.suite)
            .finish_non_exhaustive()
    }
}

const METHOD: &[u8] = b"inline:";

/// Some phones leave out the padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[cfg(test)]
mod tests {
    use super::super::Sdp;
    use super::*;

    fn lines(attributes: &[&str]) -> Vec<(u32, String, usize)> {
        let mut text = "v=0\r\nm=audio 4000 RTP/SAVP 0\r\n".to_owned();
        for attribute in attributes {
            text.push_str(&format!("a={attribute}\r\n"));
        }
        let sdp = Sdp::parse(text.as_bytes()).expect("an SDP");
        let crypto = sdp.media()[0].crypto();
        crypto
            .map(|line| (line.tag, line.suite.to_owned(), line.key().len()))
            .collect()
    }

    const KEY: &str = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";

    #[test]
    fn rfc4568_9_1_a_key_with_or_without_a_lifetime_is_read() {
        let line = |rest: &str| format!("crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}{rest}");
        for rest in ["", "|2^20", "|1048576", "|2^31 WSH=64"] {
            let read = lines(&[&line(rest)]);
            let expected = (1, "AES_CM_128_HMAC_SHA1_80".to_owned(), 30);
            assert_eq!(read, [expected], "{rest}");
        }
        let wide = "NEfYmGjEDnDNXIvvDJVkRdq0lhTNxDkALpbNGdRh1WJjmGWWmBSqTcpVFqGTZg";
        let long = format!("crypto:2 AES_256_CM_HMAC_SHA1_80 inline:{wide}");
        assert_eq!(lines(&[&long])[0].2, 46, "no padding");
        assert_eq!(lines(&[&format!("{long}==")])[0].2, 46);
    }

    #[test]
    fn what_asks_for_more_than_a_key_or_is_none_is_passed_over() {
        let plain = format!("crypto:7 AES_CM_128_HMAC_SHA1_80 inline:{KEY}");
        let twice = format!("crypto:1 X inline:{KEY};inline:{KEY}");
        let bad = [
            format!("crypto:1 X inline:{KEY}|2^20|1:4"),
            format!("crypto:1 X inline:{KEY}|1:4"),
            format!("crypto:1 X inline:{KEY}|0"),
            format!("crypto:1 X inline:{KEY} UNENCRYPTED_SRTP"),
            format!("crypto:1 X inline:{KEY} KDR=1"),
            format!("crypto:1 X inline:{KEY} UNAUTHENTICATED_SRTP"),
            format!("crypto:1 X inline:{KEY}{KEY}"),
            format!("crypto:99999999999 X inline:{KEY}"),
            format!("crypto:1 X other:{KEY}"),
            "crypto:1 X inline:".to_owned() + &"A".repeat(5_000),
            "crypto:1 X inline:????".to_owned(),
            "crypto:1 X".to_owned(),
            "crypto:".to_owned(),
            "crypto".to_owned(),
            twice,
        ];
        let mut all: Vec<&str> = bad.iter().map(String::as_str).collect();
        all.push(&plain);
        let read = lines(&all);
        assert_eq!(read.len(), 1, "{read:?}");
        assert_eq!(read[0].0, 7);
    }

    #[test]
    fn no_more_lines_are_read_than_a_phone_would_offer() {
        let line = format!("crypto:1 X inline:{KEY}");
        assert_eq!(lines(&[line.as_str(); 1_000]).len(), MAX_CRYPTO);
    }

    #[test]
    fn a_key_is_written_as_it_is_read_and_never_printed() {
        let written = Crypto::attribute(3, "AES_CM_128_HMAC_SHA1_32", &[0xab; 30]);
        assert_eq!(
            lines(&[&written]),
            [(3, "AES_CM_128_HMAC_SHA1_32".to_owned(), 30)]
        );
        let value = written.trim_start_matches("crypto:");
        let printed = format!("{:?}", Crypto::parse(value.as_bytes()).expect("a line"));
        assert!(
            !printed.contains("171") && !printed.contains("q6ur"),
            "{printed}"
        );
    }
}
