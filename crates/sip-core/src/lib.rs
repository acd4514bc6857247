//! The SIP core of Offhook: transactions (RFC 3261 17, RFC 6026), legs, digest authentication and registrar,
//! tied together by [`Stack`].
//!
//! It refuses to know sockets, clocks, randomness, calls and databases. A leg is a dialog with one peer; what two
//! legs have to do with each other is the owner's business.
//!
//! # The loop that drives it
//!
//! The owner hands in messages ([`Stack::handle_datagram`], [`Stack::handle_message`]), commands
//! ([`Stack::handle_command`]) and time ([`Stack::handle_timeout`]), each with [`Now`](offhook_base::Now), and
//! after each of them takes outputs ([`Stack::poll_output`]) until there is none, in order. It sleeps until
//! [`Stack::next_timeout`].
//!
//! ```
//! use offhook_base::Now;
//! use offhook_sip_core::{FlowId, Listener, Output, Peer, Stack, StackConfig, Transport};
//!
//! let listener = Listener {
//!     transport: Transport::Udp,
//!     flow: Some(FlowId::udp(0)),
//!     advertised: "192.0.2.1:5060".to_owned(),
//! };
//! let now = Now::default();
//! let mut stack = Stack::new(StackConfig::new("offhook", vec![listener], [7; 32]), now);
//!
//! let addr = "192.0.2.9:5060".parse()?;
//! let peer = Peer { flow: FlowId::udp(0), addr, transport: Transport::Udp };
//! stack.handle_datagram(
//!     now,
//!     peer,
//!     b"OPTIONS sip:192.0.2.1 SIP/2.0\r\n\
//!       Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bK776asdhds;rport\r\n\
//!       From: <sip:1001@192.0.2.1>;tag=1928301774\r\n\
//!       To: <sip:192.0.2.1>\r\n\
//!       Call-ID: a84b4c76e66710\r\n\
//!       CSeq: 1 OPTIONS\r\n\
//!       Content-Length: 0\r\n\r\n",
//! );
//!
//! let mut sent = Vec::new();
//! while let Some(output) = stack.poll_output() {
//!     if let Output::Send { peer, bytes, .. } = output {
//!         sent.push((peer.addr, bytes));
//!     }
//! }
//! let (to, bytes) = sent.first().ok_or("nothing was sent")?;
//! assert_eq!(*to, addr);
//! assert!(bytes.starts_with(b"SIP/2.0 200 OK\r\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod auth;
mod command;
mod config;
mod deadlines;
mod event;
mod ids;
mod leg;
mod registrar;
mod stack;
mod subscriptions;
mod transaction;
mod trunks;
mod wire;

pub use auth::{Account, DigestAlgorithm, ha1};
pub use command::{
    AccountChange, Body, Command, Headers, InviteOut, OutsideRequest, Target, TrunkPeer,
};
pub use config::{Expiry, Limits, Listener, StackConfig};
pub use event::{Event, Output};
pub use ids::{FlowId, LegId, Origin, Peer, SubscriptionId, Transport, TxId};
pub use registrar::{Binding, BindingKey};
pub use stack::{Load, Stack};
pub use transaction::Timers;
