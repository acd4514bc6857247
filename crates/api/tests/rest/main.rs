//! The REST surface in process: a real store in a temporary folder, ports that the test plays.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]
#![allow(
    missing_docs,
    unreachable_pub,
    reason = "nothing here is anybody's API"
)]

mod access;
mod call_verbs;
mod calls;
mod cdrs;
mod cookie;
mod ddis;
mod deliveries;
mod events;
mod flow;
mod input;
mod login;
mod openapi;
mod page;
mod ports;
mod queues;
mod recordings;
mod ringgroups;
mod sms;
mod sounds;
mod stream;
mod tokens;
mod trunks;
mod users;
mod webhooks;
mod world;
