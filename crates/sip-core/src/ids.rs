//! What names a leg, a transaction, a flow and a peer.

use std::net::SocketAddr;

use offhook_base::{PhoneId, TrunkId};
use serde::{Deserialize, Serialize};

/// One leg: our dialog with one peer, from its INVITE on.
///
/// Even ids are given by the [`Stack`](crate::Stack) to INVITEs it receives; odd ids are chosen by the owner.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct LegId(pub u64);

impl LegId {
    /// The id of the owner's `n`-th leg. An owner never uses one `n` twice.
    #[must_use]
    pub const fn outgoing(n: u64) -> Self {
        Self(n.wrapping_mul(2).wrapping_add(1))
    }

    /// The id of the `n`-th INVITE received.
    #[must_use]
    pub(crate) const fn incoming(n: u64) -> Self {
        Self(n.wrapping_mul(2))
    }

    /// Whether the owner opened this leg.
    #[must_use]
    pub const fn is_outgoing(self) -> bool {
        self.0 & 1 == 1
    }
}

/// One request that waits for its answer, inside a leg or outside any.
///
/// Even ids are given by the [`Stack`](crate::Stack) to requests it receives; odd ids are chosen by the owner.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TxId(pub u64);

impl TxId {
    /// The id of the owner's `n`-th request. An owner never uses one `n` twice.
    #[must_use]
    pub const fn outgoing(n: u64) -> Self {
        Self(n.wrapping_mul(2).wrapping_add(1))
    }

    /// The id of the `n`-th request handed to the owner.
    #[must_use]
    pub(crate) const fn incoming(n: u64) -> Self {
        Self(n.wrapping_mul(2))
    }
}

/// A phone's subscription to news about itself; given by the [`Stack`](crate::Stack).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SubscriptionId(pub u64);

/// What octets travel by: one UDP listener, or one connection.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct FlowId(pub u64);

impl FlowId {
    /// The UDP listener with this index.
    #[must_use]
    pub const fn udp(listener: u32) -> Self {
        Self(listener as u64)
    }

    /// The `n`-th connection of this process, whatever its transport.
    #[must_use]
    pub const fn connection(n: u64) -> Self {
        Self(n | Self::CONNECTION)
    }

    /// Whether this is a connection, which can close.
    #[must_use]
    pub const fn is_connection(self) -> bool {
        self.0 & Self::CONNECTION != 0
    }

    const CONNECTION: u64 = 1 << 63;
}

/// Transport protocol.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// UDP: the only one that loses.
    Udp,
    /// TCP.
    Tcp,
    /// TLS over TCP.
    Tls,
    /// Secure WebSocket (RFC 7118).
    Wss,
}

impl Transport {
    /// Whether the transport itself retransmits (RFC 3261 17: several timers are zero then).
    #[must_use]
    pub const fn is_reliable(self) -> bool {
        !matches!(self, Self::Udp)
    }

    /// The word in a Via.
    #[must_use]
    pub const fn as_via(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::Wss => "WSS",
        }
    }
}

/// Where a message came from and where its answers go: a flow and the far address on it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Peer {
    /// The flow.
    pub flow: FlowId,
    /// Far address as the socket sees it, never as a header tells it.
    pub addr: SocketAddr,
    /// Transport of the flow.
    pub transport: Transport,
}

/// Who sent a request outside any dialog, as proved: by a password, or by its address.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Origin {
    /// A phone proved its password.
    Phone(PhoneId),
    /// It came from an address of a trunk in IP mode.
    Trunk(TrunkId),
}
