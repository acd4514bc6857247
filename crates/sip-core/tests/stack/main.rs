//! The Stack from outside: scripted messages, commands and time in, rendered outputs compared.

#![allow(
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests may fail loudly"
)]

mod bench;
mod digest;
mod flows;
mod hostile;
mod incoming;
mod inside;
mod outgoing;
mod outside;
mod refer;
mod register;
mod secure;
mod standalone;
mod subscribe;
mod trunks;
