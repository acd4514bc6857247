//! Digest authentication of those who call us (RFC 3261 22, RFC 7616, RFC 8760).

mod account;
mod authenticator;
mod digest;
mod nonce;

pub use account::Account;
pub(crate) use authenticator::{Authenticator, Verdict};
pub(crate) use digest::hex_digit;
pub use digest::{DigestAlgorithm, ha1};
