//! What a [`Stack`](crate::Stack) is built with.

use std::time::Duration;

use offhook_base::Secret;
use offhook_sip_message::Method;

use crate::{DigestAlgorithm, FlowId, Timers, Transport};

/// One address we can be reached at.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Listener {
    /// Transport.
    pub transport: Transport,
    /// The flow of a UDP listener; `None` for the others, whose flows are their connections.
    pub flow: Option<FlowId>,
    /// `host:port` as peers reach us: it goes into Via and Contact.
    pub advertised: String,
}

/// Caps. What is over a cap is answered 503 with Retry-After.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Client and server transactions alive at once.
    pub transactions: usize,
    /// Legs alive at once.
    pub legs: usize,
    /// Contacts of one phone.
    pub contacts_per_phone: usize,
    /// Nonces whose use is remembered; older ones become stale.
    pub nonces: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            transactions: 200_000,
            legs: 40_000,
            contacts_per_phone: 10,
            nonces: 65_536,
        }
    }
}

/// How long a contact may stay.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Expiry {
    /// Shorter wishes are answered 423.
    pub min: Duration,
    /// For contacts that do not say.
    pub default: Duration,
    /// Longer wishes are cut to this.
    pub max: Duration,
}

impl Default for Expiry {
    fn default() -> Self {
        Self {
            min: Duration::from_secs(60),
            default: Duration::from_secs(3_600),
            max: Duration::from_secs(7_200),
        }
    }
}

/// Everything a [`Stack`](crate::Stack) must know from the start.
#[derive(Clone, Debug)]
pub struct StackConfig {
    /// Digest realm; every HA1 depends on it.
    pub realm: String,
    /// Our domain. Empty: any host is taken as ours. Else another host in an INVITE, MESSAGE or REGISTER gets 404, but
    /// for the listeners' own.
    pub domain: String,
    /// Our addresses. The first listener of a transport names us on connections of that transport.
    pub listeners: Vec<Listener>,
    /// More hosts (without port) that are ours when `domain` is set, such as the addresses listened on.
    pub own_hosts: Vec<String>,
    /// Digest algorithms offered, best first.
    pub algorithms: Vec<DigestAlgorithm>,
    /// Methods we take; others are answered 405, unknown ones 501. ACK and CANCEL go without saying.
    pub allow: Vec<Method>,
    /// Transaction timers.
    pub timers: Timers,
    /// Caps.
    pub limits: Limits,
    /// Life of a binding.
    pub expiry: Expiry,
    /// How long a nonce is good.
    pub nonce_life: Duration,
    /// User-Agent and Server.
    pub user_agent: String,
    /// Where all tags, branches, Call-IDs and nonces come from.
    pub seed: Secret<[u8; 32]>,
}

impl StackConfig {
    /// The configuration of a Stack with the usual timers, caps and methods.
    #[must_use]
    pub fn new(realm: &str, listeners: Vec<Listener>, seed: [u8; 32]) -> Self {
        Self {
            realm: realm.to_owned(),
            domain: String::new(),
            listeners,
            own_hosts: Vec::new(),
            algorithms: vec![DigestAlgorithm::Md5],
            allow: vec![
                Method::Invite,
                Method::Bye,
                Method::Options,
                Method::Register,
                Method::Update,
                Method::Info,
                Method::Message,
                Method::Notify,
                Method::Refer,
                Method::Subscribe,
            ],
            timers: Timers::RFC3261,
            limits: Limits::default(),
            expiry: Expiry::default(),
            nonce_life: Duration::from_secs(300),
            user_agent: "Offhook".to_owned(),
            seed: Secret::new(seed),
        }
    }
}
