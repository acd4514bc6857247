//! The digest itself: `H(HA1 : nonce : nc : cnonce : qop : HA2)` in hexadecimal.

use md5::Md5;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A digest algorithm we offer.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub enum DigestAlgorithm {
    /// MD5: what every phone knows, and what a missing `algorithm` means.
    #[serde(rename = "MD5")]
    Md5,
    /// SHA-256 (RFC 8760).
    #[serde(rename = "SHA-256")]
    Sha256,
}

impl DigestAlgorithm {
    /// The word in a challenge.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
        }
    }

    /// Reads the `algorithm` of credentials. `None` for those we do not offer, such as `MD5-sess`.
    pub(crate) fn parse(word: Option<&[u8]>) -> Option<Self> {
        match word {
            None => Some(Self::Md5),
            Some(word) if word.eq_ignore_ascii_case(b"MD5") => Some(Self::Md5),
            Some(word) if word.eq_ignore_ascii_case(b"SHA-256") => Some(Self::Sha256),
            Some(_) => None,
        }
    }

    /// Hashes the parts joined by colons, in lower-case hexadecimal.
    pub(crate) fn hash(self, parts: &[&[u8]]) -> Hex {
        match self {
            Self::Md5 => hash::<Md5>(parts),
            Self::Sha256 => hash::<Sha256>(parts),
        }
    }
}

/// The stored form of a password for one realm: `H(username:realm:password)` in hexadecimal.
#[must_use]
pub fn ha1(algorithm: DigestAlgorithm, username: &str, realm: &str, password: &str) -> String {
    let hex = algorithm.hash(&[username.as_bytes(), realm.as_bytes(), password.as_bytes()]);
    String::from_utf8_lossy(hex.as_bytes()).into_owned()
}

/// A hash in lower-case hexadecimal, on the stack.
#[derive(Clone, Copy)]
pub(crate) struct Hex {
    octets: [u8; 64],
    len: usize,
}

impl Hex {
    fn new(hash: &[u8]) -> Self {
        let mut octets = [0; 64];
        let digits = hash
            .iter()
            .flat_map(|octet| [octet >> 4, octet & 0xf])
            .map(hex_digit);
        for (to, digit) in octets.iter_mut().zip(digits) {
            *to = digit;
        }
        Self {
            octets,
            len: (hash.len() * 2).min(64),
        }
    }

    /// The digits.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.octets.get(..self.len).unwrap_or_default()
    }
}

/// Compares without telling by its time where two texts differ. Hex digits match in either case.
pub(crate) fn same_hex(ours: &[u8], theirs: &[u8]) -> bool {
    if ours.len() != theirs.len() {
        return false;
    }
    let difference = ours.iter().zip(theirs).fold(0u8, |difference, (a, b)| {
        let lower = if b.is_ascii_uppercase() { b | 0x20 } else { *b };
        difference | (a ^ lower)
    });
    std::hint::black_box(difference) == 0
}

/// One lower-case hexadecimal digit; only the low four bits count.
pub(crate) const fn hex_digit(value: u8) -> u8 {
    let value = value & 0xf;
    if value < 10 {
        b'0' + value
    } else {
        b'a' + value - 10
    }
}

fn hash<D: Digest>(parts: &[&[u8]]) -> Hex {
    let mut hasher = D::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            hasher.update(b":");
        }
        hasher.update(part);
    }
    Hex::new(&hasher.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc2617_3_5_example_digest() {
        let md5 = DigestAlgorithm::Md5;
        let stored = ha1(md5, "Mufasa", "testrealm@host.com", "Circle Of Life");
        assert_eq!(stored, "939e7578ed9e3c518a452acee763bce9");
        let ha2 = md5.hash(&[b"GET", b"/dir/index.html"]);
        let response = md5.hash(&[
            stored.as_bytes(),
            b"dcd98b7102dd2f0e8b11d0f600bfb0c093",
            b"00000001",
            b"0a4f113b",
            b"auth",
            ha2.as_bytes(),
        ]);
        assert_eq!(response.as_bytes(), b"6629fae49393a05397450978507c4ef1");
    }

    #[test]
    fn rfc7616_3_9_1_example_digest_with_sha_256() {
        let sha = DigestAlgorithm::Sha256;
        let stored = ha1(sha, "Mufasa", "http-auth@example.org", "Circle of Life");
        let ha2 = sha.hash(&[b"GET", b"/dir/index.html"]);
        let response = sha.hash(&[
            stored.as_bytes(),
            b"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
            b"00000001",
            b"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
            b"auth",
            ha2.as_bytes(),
        ]);
        assert_eq!(
            response.as_bytes(),
            b"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1".as_slice()
        );
    }

    #[test]
    fn rfc8760_2_4_missing_algorithm_means_md5_and_sess_is_not_ours() {
        assert_eq!(DigestAlgorithm::parse(None), Some(DigestAlgorithm::Md5));
        assert_eq!(
            DigestAlgorithm::parse(Some(b"sha-256")),
            Some(DigestAlgorithm::Sha256)
        );
        assert_eq!(DigestAlgorithm::parse(Some(b"MD5-sess")), None);
    }

    #[test]
    fn comparison_takes_upper_case_and_nothing_else() {
        assert!(same_hex(b"00ff", b"00FF"));
        assert!(!same_hex(b"00ff", b"00fe"));
        assert!(!same_hex(b"00ff", b"00f"));
    }
}
