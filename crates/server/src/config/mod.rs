//! The configuration: one struct with every key and its default, read from a TOML file and the
//! environment. All faults are found before anything is opened, and reported together.
//!
//! The table of keys stands once, in `keys.rs`; reading and printing both walk it.

mod fault;
mod keys;
mod load;
mod print;
mod tree;
mod values;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use ipnet::IpNet;

pub(crate) use load::{load, read_environment};
pub(crate) use print::print;
pub(crate) use values::{ByteSize, Digest, PortRange, Relay, Srtp};

/// Everything that can be set. No field holds a secret: secrets are named by the file they stand in.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Config {
    /// `[node]`
    pub(crate) node: Node,
    /// `[sip]`
    pub(crate) sip: Sip,
    /// `[numbers]`
    pub(crate) numbers: Numbers,
    /// `[media]`
    pub(crate) media: Media,
    /// `[http]`
    pub(crate) http: Http,
    /// `[webhooks]`
    pub(crate) webhooks: Webhooks,
    /// `[store]`
    pub(crate) store: Store,
    /// `[retention]`
    pub(crate) retention: Retention,
    /// `[limits]`
    pub(crate) limits: Limits,
    /// `[bootstrap]`
    pub(crate) bootstrap: Bootstrap,
}

/// Who this node is and where its data lies.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    /// First part of every event id.
    pub(crate) name: String,
    /// Upper ten bits of every `call_id`; differs on each node of one installation.
    pub(crate) number: u16,
    /// `customer_id` in events and `/me`.
    pub(crate) customer_id: u32,
    /// Folder of the journal, the database, captures and recordings; made if missing.
    pub(crate) data_dir: PathBuf,
}

impl Default for Node {
    fn default() -> Self {
        Self {
            name: "n1".to_owned(),
            number: 0,
            customer_id: 100_001,
            data_dir: PathBuf::from("./data"),
        }
    }
}

/// Where phones reach us.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sip {
    /// Our SIP domain; empty: realm `offhook`, and any host part is taken as ours.
    pub(crate) domain: String,
    /// UDP listeners.
    pub(crate) udp: Vec<SocketAddr>,
    /// TCP listeners.
    pub(crate) tcp: Vec<SocketAddr>,
    /// TLS listeners.
    pub(crate) tls: Vec<SocketAddr>,
    /// PEM certificate chain that TLS listeners show.
    pub(crate) tls_cert: Option<PathBuf>,
    /// PEM private key of it.
    pub(crate) tls_key: Option<PathBuf>,
    /// Secure WebSocket listeners.
    pub(crate) wss: Vec<SocketAddr>,
    /// The address phones are told (Via, Contact) where the one bound is not the one they reach.
    pub(crate) advertise: Option<IpAddr>,
    /// Proxies whose Path and identity headers count.
    pub(crate) trusted_edges: Vec<IpNet>,
    /// Digest algorithms in the order they are offered.
    pub(crate) digest: Vec<Digest>,
}

impl Default for Sip {
    fn default() -> Self {
        let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 5060));
        Self {
            domain: String::new(),
            udp: vec![any],
            tcp: vec![any],
            tls: Vec::new(),
            tls_cert: None,
            tls_key: None,
            wss: Vec::new(),
            advertise: None,
            trusted_edges: Vec::new(),
            digest: vec![Digest::Md5],
        }
    }
}

/// How numbers of the outside are read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Numbers {
    /// Two letters of ISO 3166: what is dialled without `+` is a number of this country. Empty: digits stay as dialled.
    pub(crate) country: String,
}

/// How media flows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Media {
    /// Through us, or not at all.
    pub(crate) relay: Relay,
    /// What phones that are reached by TLS are offered; media that does not pass through us is their own affair.
    pub(crate) srtp: Srtp,
    /// UDP ports for RTP and RTCP.
    pub(crate) rtp_ports: PortRange,
    /// Seconds without RTP of a phone that should send, after which its call ends; 0: never.
    pub(crate) rtp_timeout: u32,
    /// Threads that move packets; 0: one for every two cores.
    pub(crate) threads: u32,
    /// The address written into SDP where the one bound is not the one phones reach.
    pub(crate) advertise: Option<IpAddr>,
}

impl Default for Media {
    fn default() -> Self {
        Self {
            relay: Relay::Always,
            srtp: Srtp::Offered,
            rtp_ports: PortRange {
                first: 20_000,
                last: 29_999,
            },
            rtp_timeout: 60,
            threads: 0,
            advertise: None,
        }
    }
}

/// REST API and web page.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Http {
    /// Listener.
    pub(crate) listen: SocketAddr,
    /// PEM certificate chain.
    pub(crate) tls_cert: Option<PathBuf>,
    /// PEM private key.
    pub(crate) tls_key: Option<PathBuf>,
    /// Proxies whose `Forwarded` headers count.
    pub(crate) trusted_proxies: Vec<IpNet>,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            tls_cert: None,
            tls_key: None,
            trusted_proxies: Vec::new(),
        }
    }
}

/// How events leave.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Webhooks {
    /// Private networks that receivers may stand in; public ones always may.
    pub(crate) allow_networks: Vec<IpNet>,
    /// PEM files with further root certificates for receivers.
    pub(crate) extra_roots: Vec<PathBuf>,
    /// Time a receiver has to answer, for webhooks that do not set their own.
    pub(crate) default_timeout_ms: u32,
    /// Source address of our requests.
    pub(crate) bind_address: Option<IpAddr>,
    /// HTTP proxy on the way to receivers.
    pub(crate) proxy: String,
}

impl Default for Webhooks {
    fn default() -> Self {
        Self {
            allow_networks: Vec::new(),
            extra_roots: Vec::new(),
            default_timeout_ms: 10_000,
            bind_address: None,
            proxy: String::new(),
        }
    }
}

/// Where data is kept.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Store {
    /// `sqlite:` means files in `node.data_dir`.
    pub(crate) url: String,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            url: "sqlite:".to_owned(),
        }
    }
}

/// How long data is kept; 0 days: for ever.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Retention {
    /// Events in the journal.
    pub(crate) events_days: u16,
    /// Attempts of deliveries.
    pub(crate) attempts_days: u16,
    /// Captured SIP messages.
    pub(crate) captures_days: u16,
    /// Captured SIP messages, by size; whichever is reached first.
    pub(crate) captures_bytes: ByteSize,
    /// CDRs.
    pub(crate) cdrs_days: u16,
    /// Recordings.
    pub(crate) recordings_days: u16,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            events_days: 30,
            attempts_days: 14,
            captures_days: 14,
            captures_bytes: ByteSize(2 << 30),
            cdrs_days: 0,
            recordings_days: 0,
        }
    }
}

/// What one source, or all of them, may ask of us; 0: no limit.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Limits {
    /// New calls per second, of all sources together.
    pub(crate) max_new_calls_per_s: u32,
    /// INVITEs per second of one address.
    pub(crate) invites_per_s_per_source: u32,
    /// REGISTERs per second of one address.
    pub(crate) registers_per_s_per_source: u32,
    /// Wrong passwords of one address before it is banned.
    pub(crate) failed_auth_before_ban: u32,
    /// Length of a ban in seconds.
    pub(crate) ban_s: u32,
    /// Largest SIP message that is read.
    pub(crate) max_message_bytes: u32,
    /// Addresses that no limit holds for.
    pub(crate) exempt_networks: Vec<IpNet>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_new_calls_per_s: 0,
            invites_per_s_per_source: 50,
            registers_per_s_per_source: 50,
            failed_auth_before_ban: 10,
            ban_s: 300,
            max_message_bytes: 65_535,
            exempt_networks: Vec::new(),
        }
    }
}

/// The first admin, made at the first start.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bootstrap {
    /// Login name.
    pub(crate) admin_email: String,
    /// File with the password; without it a password is made and printed once.
    pub(crate) admin_password_file: Option<PathBuf>,
}

impl Default for Bootstrap {
    fn default() -> Self {
        Self {
            admin_email: "admin@localhost".to_owned(),
            admin_password_file: None,
        }
    }
}

#[cfg(test)]
mod tests;
