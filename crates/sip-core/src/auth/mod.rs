//! Digest authentication of those who call us (RFC 3261 22, RFC 7616, RFC 8760).

mod account;
mod digest;

pub use account::Account;
pub use digest::{DigestAlgorithm, ha1};
