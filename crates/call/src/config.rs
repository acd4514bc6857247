//! What the calls of a node are configured with.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use offhook_base::Language;
use offhook_media_core::{Music, Prompts};

use crate::guard::GuardConfig;
use crate::numbers::Numbering;
use crate::secrecy::SrtpOffers;

/// Settings of the calls.
#[derive(Clone, Debug)]
pub struct CallConfig {
    /// `[node] customer_id`, which stands in the event of a text.
    pub customer_id: u32,
    /// Node name, the first part of event ids.
    pub node: String,
    /// The host in From and To of the INVITEs that we send.
    pub host: String,
    /// Hosts that are ours in a REFER; empty: any host is taken as ours.
    pub own_hosts: Vec<String>,
    /// `Some`: media goes through us, and this address stands in the SDPs. `None`: signalling only.
    pub relay: Option<IpAddr>,
    /// Whether phones whose signalling is encrypted are offered encrypted media.
    pub srtp: SrtpOffers,
    /// How long a phone that should send media may send none; `None`: for ever.
    pub rtp_timeout: Option<Duration>,
    /// How numbers of the outside are read.
    pub numbering: Arc<Numbering>,
    /// What is heard by who is held or waits, where no sound was chosen.
    pub music: Music,
    /// What callers are told where no sound was chosen; in a language that is not here, tones say it.
    pub prompts: BTreeMap<Language, Prompts>,
    /// How long phones ring.
    pub ring: Duration,
    /// How long a call to the outside may ring.
    pub ring_outside: Duration,
    /// The longest call.
    pub longest: Duration,
    /// Calls that may be up at once; more get 503.
    pub max_calls: usize,
    /// New calls a second of all sources; `None` for no limit.
    pub new_calls_per_s: Option<u32>,
    /// INVITEs a second from one address; `None` for no limit.
    pub invites_per_s_per_source: Option<u32>,
    /// What a source may send at all. Its exempt networks hold for the rate of INVITEs too.
    pub guard: GuardConfig,
}

impl CallConfig {
    /// The usual settings: 30 s of ringing, 24 h at most, no relay, a minute without media.
    #[must_use]
    pub fn new(node: &str, host: &str) -> Self {
        Self {
            customer_id: 100_001,
            node: node.into(),
            host: host.into(),
            own_hosts: Vec::new(),
            relay: None,
            srtp: SrtpOffers::default(),
            rtp_timeout: Some(Duration::from_secs(60)),
            numbering: Arc::new(Numbering::without_country()),
            music: Music::Tune,
            prompts: BTreeMap::new(),
            ring: Duration::from_secs(30),
            ring_outside: Duration::from_secs(120),
            longest: crate::phase::LONGEST,
            max_calls: 10_000,
            new_calls_per_s: None,
            invites_per_s_per_source: None,
            guard: GuardConfig::default(),
        }
    }
}

impl CallConfig {
    /// Whether a host of a URI is ours.
    pub(crate) fn is_own_host(&self, host: &[u8]) -> bool {
        self.own_hosts.is_empty()
            || self
                .own_hosts
                .iter()
                .any(|own| own.as_bytes().eq_ignore_ascii_case(host))
    }
}
