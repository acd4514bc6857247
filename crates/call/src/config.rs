//! What the calls of a node are configured with.

use std::net::IpAddr;
use std::time::Duration;

use crate::limit::Network;

/// Settings of the calls.
#[derive(Clone, Debug)]
pub struct CallConfig {
    /// Node name, the first part of event ids.
    pub node: String,
    /// The host in From and To of the INVITEs that we send.
    pub host: String,
    /// `Some`: media goes through us, and this address stands in the SDPs. `None`: signalling only.
    pub relay: Option<IpAddr>,
    /// How long phones ring.
    pub ring: Duration,
    /// The longest call.
    pub longest: Duration,
    /// Calls that may be up at once; more get 503.
    pub max_calls: usize,
    /// INVITEs a second from one address; `None` for no limit.
    pub invites_per_s_per_source: Option<u32>,
    /// Networks that are not limited.
    pub exempt: Vec<Network>,
}

impl CallConfig {
    /// The usual settings: 30 s of ringing, 24 h at most, no relay.
    #[must_use]
    pub fn new(node: &str, host: &str) -> Self {
        Self {
            node: node.into(),
            host: host.into(),
            relay: None,
            ring: Duration::from_secs(30),
            longest: crate::phase::LONGEST,
            max_calls: 10_000,
            invites_per_s_per_source: None,
            exempt: Vec::new(),
        }
    }
}
