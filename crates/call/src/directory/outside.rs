//! The way to the outside: trunks and the numbers by which outsiders reach us.

use std::net::SocketAddr;

use offhook_base::{DdiId, QueueId, RingGroupId, TrunkId, UserId};

/// A trunk in IP mode: known by its addresses, without a password.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Trunk {
    /// Id.
    pub id: TrunkId,
    /// Name.
    pub name: String,
    /// `host[:port]` as configured: it stands in the Request-URI.
    pub host: String,
    /// What the host resolved to; empty while it does not. Calls go to the first, and are taken from all.
    pub addresses: Vec<SocketAddr>,
    /// The host in From; empty for our own.
    pub from_domain: String,
    /// Put in front of a number that is sent.
    pub prefix: String,
    /// How many leading digits are taken off before that.
    pub strip: u8,
    /// The number that is shown for users without a number of their own; empty for their extension.
    pub caller_id: String,
    /// Lower ones are tried first.
    pub priority: u32,
    /// Calls at once, both ways; `None` for any number.
    pub max_calls: Option<u32>,
    /// An inactive trunk takes and makes no calls.
    pub active: bool,
}

/// A number of ours: who is called by it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ddi {
    /// Id.
    pub id: DdiId,
    /// Digits, without `+`.
    pub e164: String,
    /// The trunk by which it comes; `None` for any.
    pub trunk: Option<TrunkId>,
    /// Who is called.
    pub target: DdiTarget,
}

/// Whom a number of ours reaches.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DdiTarget {
    /// A user's phones.
    User(UserId),
    /// A queue.
    Queue(QueueId),
    /// A ring group.
    RingGroup(RingGroupId),
}
