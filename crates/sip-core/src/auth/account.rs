//! Who may authenticate.

use offhook_base::{PhoneId, Secret};

use super::DigestAlgorithm;

/// The SIP credentials of one phone. Its username is the user part of its address-of-record too.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Account {
    /// The phone.
    pub phone: PhoneId,
    /// Digest username and AOR user; unique.
    pub username: String,
    /// [`ha1`](crate::ha1) under MD5: 32 hex digits.
    pub ha1_md5: Option<Secret<String>>,
    /// [`ha1`](crate::ha1) under SHA-256: 64 hex digits.
    pub ha1_sha256: Option<Secret<String>>,
    /// A disabled account is answered like one that does not exist.
    pub enabled: bool,
}

impl Account {
    /// The HA1 for an algorithm, where there is one.
    pub(crate) fn ha1(&self, algorithm: DigestAlgorithm) -> Option<&str> {
        let ha1 = match algorithm {
            DigestAlgorithm::Md5 => &self.ha1_md5,
            DigestAlgorithm::Sha256 => &self.ha1_sha256,
        };
        ha1.as_ref().map(|secret| secret.expose().as_str())
    }
}
