//! Captures: every SIP message of a call, kept for the ladder. Losing this file harms no call.
//!
//! A call that is up keeps its messages in memory. At its end, each minute, or when they get many, they
//! are packed together into one row: one write a call, not fourteen.

mod live;
mod pack;
mod reader;
mod redact;
mod writer;

use std::net::SocketAddr;

use bytes::Bytes;
use offhook_base::{CallId, Wall};

pub use reader::CaptureReader;
pub use writer::{CaptureHandle, CaptureWriter, CapturesDropped};

use crate::migrate::Schema;

const SCHEMA: Schema = Schema {
    application_id: 0x4f68_6331,
    migrations: &[include_str!("../migrations/captures/0001_captures.sql")],
};

/// How a message travelled.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CaptureTransport {
    /// Datagrams.
    Udp,
    /// A stream.
    Tcp,
    /// A stream under TLS.
    Tls,
    /// WebSocket under TLS.
    Wss,
}

/// One SIP message as it passed the stack.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CapturedMessage {
    /// When.
    pub at: Wall,
    /// Its call.
    pub call: CallId,
    /// The root of its call.
    pub root: CallId,
    /// `A` for the caller's leg, `B1`, `B2` … for the others.
    pub leg: String,
    /// Received, or sent.
    pub inbound: bool,
    /// Our address.
    pub local: SocketAddr,
    /// The peer's address.
    pub remote: SocketAddr,
    /// How it travelled.
    pub transport: CaptureTransport,
    /// The message. Answers to challenges and media keys are blanked out when it is captured.
    pub bytes: Bytes,
}

#[cfg(test)]
mod tests;
