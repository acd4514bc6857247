//! The four transactions of RFC 3261 17, as amended by RFC 6026, and the table that finds them.
//!
//! A machine keeps the octets that it may have to send again; it knows no message, no leg and no socket.

mod invite_client;
mod invite_server;
mod key;
mod non_invite_client;
mod non_invite_server;
mod table;
mod timers;

pub(crate) use invite_client::{Copy2xx, InviteClient};
pub(crate) use invite_server::InviteServer;
pub(crate) use key::{Branch, Hashing, ServerKey, Tag};
pub(crate) use non_invite_client::NonInviteClient;
pub(crate) use non_invite_server::NonInviteServer;
pub(crate) use table::{Client, ClientEntry, ClientUser, Server, Slot, Table};
pub(crate) use timers::Retransmit;
pub use timers::Timers;

use bytes::Bytes;

/// What a machine wants done, in order.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Action {
    /// Give the message at hand to the transaction's user.
    Deliver,
    /// The message that was waited for did not come (timers B, F and H).
    TimedOut,
    /// Send these octets.
    Transmit(Bytes),
}

#[cfg(test)]
mod model_tests;
