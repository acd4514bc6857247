//! Octets to SIP messages and back: requests, responses, headers, URIs and session descriptions.
//!
//! It refuses to know transactions, dialogs, a clock, a socket or a source of randomness. Everything here is a
//! function of octets: no input makes it panic, and parsing a message and reading its routing fields allocates
//! nothing. Headers are octets and need not be UTF-8: what a phone sent in Latin-1 leaves as it came.
//!
//! One pass over the head fills an [`Index`] of spans; a [`View`] reads typed values from it on demand; a
//! [`Message`] owns both. [`StreamFramer`] runs the same pass, resumable, over a TCP stream. [`Writer`] appends
//! messages to a reusable buffer.
//!
//! ```
//! use offhook_sip_message::{Framing, Index, Method, View, Writer};
//!
//! let raw = b"OPTIONS sip:pbx.example SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK1\r\n\
//!             From: <sip:a@pbx.example>;tag=1\r\nTo: <sip:pbx.example>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\n\r\n";
//! let index = Index::parse(raw, Framing::Datagram)?;
//! let view = View::new(raw, &index);
//! assert_eq!(view.method(), Some(Method::Options));
//!
//! let mut out = Vec::new();
//! let mut answer = Writer::respond(&mut out, view, 200, b"OK", Some("9"), None);
//! answer.header("Allow", b"INVITE, ACK, BYE");
//! answer.finish(None);
//! assert!(out.starts_with(b"SIP/2.0 200 OK\r\n"));
//! # Ok::<(), offhook_sip_message::ParseError>(())
//! ```

mod auth;
mod check;
mod error;
mod framer;
mod index;
mod lex;
mod message;
mod method;
mod name;
mod name_addr;
mod params;
pub mod sdp;
mod uri;
mod via;
mod view;
mod writer;

pub use auth::{AuthParam, AuthParamIter, AuthParams};
pub use check::HeaderFault;
pub use error::ParseError;
pub use framer::{Framed, StreamFramer};
pub use index::{Framing, Index, MAX_HEADERS, MAX_MESSAGE};
pub use lex::{List, is_token, unescape};
pub use message::Message;
pub use method::Method;
pub use name::Name;
pub use name_addr::{Contact, NameAddr};
pub use params::{Param, ParamIter, Params};
pub use uri::{Uri, percent_decode, percent_encode_user};
pub use via::{Rport, Via};
pub use view::{CSeq, Header, View};
pub use writer::Writer;
