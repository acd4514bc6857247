//! Messages of one call as one compressed block.
//!
//! Packed form, before zstd: a version octet, then for each message its time (8 octets, little endian),
//! flags (1: received; transport × 2), and four fields with a 4-octet length each: leg, our address, the
//! peer's address, message.

use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use offhook_base::{CallId, Wall};

use super::{CaptureTransport, CapturedMessage};

const VERSION: u8 = 1;
/// Messages are alike: the lowest level finds most of what there is, at a third of the time.
const LEVEL: i32 = 1;
/// The most a row may unpack to; parts are flushed long before.
const MAX_UNPACKED: usize = 64 * 1024 * 1024;

/// Packs with buffers that are used again.
pub(super) struct Packer {
    plain: Vec<u8>,
    zstd: zstd::bulk::Compressor<'static>,
}

impl Packer {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            plain: Vec::new(),
            zstd: zstd::bulk::Compressor::new(LEVEL)?,
        })
    }

    pub(super) fn pack(&mut self, messages: &[CapturedMessage]) -> io::Result<Vec<u8>> {
        self.plain.clear();
        self.plain.push(VERSION);
        for message in messages {
            self.plain.extend_from_slice(&message.at.0.to_le_bytes());
            self.plain
                .push(u8::from(message.inbound) | (transport_number(message.transport) << 1));
            field(&mut self.plain, message.leg.as_bytes());
            field(&mut self.plain, message.local.to_string().as_bytes());
            field(&mut self.plain, message.remote.to_string().as_bytes());
            field(&mut self.plain, &message.bytes);
        }
        self.zstd.compress(&self.plain)
    }
}

fn field(out: &mut Vec<u8>, value: &[u8]) {
    // A message is at most 64 KiB; four GiB of one are cut.
    let length = u32::try_from(value.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(
        value
            .get(..usize::try_from(length).unwrap_or(usize::MAX))
            .unwrap_or(value),
    );
}

/// Reads a packed row back; `None` when it is not one.
pub(super) fn unpack(packed: &[u8], call: CallId, root: CallId) -> Option<Vec<CapturedMessage>> {
    let plain = Bytes::from(zstd::bulk::decompress(packed, unpacked_size(packed)?).ok()?);
    let mut rest = Cursor {
        plain: &plain,
        at: 0,
    };
    if rest.take(1)?.first() != Some(&VERSION) {
        return None;
    }
    let mut messages = Vec::new();
    while rest.at < plain.len() {
        let at = Wall(i64::from_le_bytes(*rest.take(8)?.first_chunk()?));
        let flags = *rest.take(1)?.first()?;
        messages.push(CapturedMessage {
            at,
            call,
            root,
            leg: rest.text()?.to_owned(),
            inbound: flags & 1 == 1,
            local: rest.address()?,
            remote: rest.address()?,
            transport: transport_from(flags >> 1)?,
            bytes: rest.field()?,
        });
    }
    Some(messages)
}

fn unpacked_size(packed: &[u8]) -> Option<usize> {
    let size = zstd::zstd_safe::get_frame_content_size(packed).ok()??;
    usize::try_from(size)
        .ok()
        .filter(|size| *size <= MAX_UNPACKED)
}

struct Cursor<'a> {
    plain: &'a Bytes,
    at: usize,
}

impl Cursor<'_> {
    fn take(&mut self, length: usize) -> Option<Bytes> {
        let end = self
            .at
            .checked_add(length)
            .filter(|end| *end <= self.plain.len())?;
        let taken = self.plain.slice(self.at..end);
        self.at = end;
        Some(taken)
    }

    fn field(&mut self) -> Option<Bytes> {
        let length = u32::from_le_bytes(*self.take(4)?.first_chunk()?);
        self.take(usize::try_from(length).ok()?)
    }

    fn text(&mut self) -> Option<String> {
        String::from_utf8(self.field()?.to_vec()).ok()
    }

    fn address(&mut self) -> Option<SocketAddr> {
        self.text()?.parse().ok()
    }
}

const fn transport_number(transport: CaptureTransport) -> u8 {
    match transport {
        CaptureTransport::Udp => 0,
        CaptureTransport::Tcp => 1,
        CaptureTransport::Tls => 2,
        CaptureTransport::Wss => 3,
    }
}

const fn transport_from(number: u8) -> Option<CaptureTransport> {
    Some(match number {
        0 => CaptureTransport::Udp,
        1 => CaptureTransport::Tcp,
        2 => CaptureTransport::Tls,
        3 => CaptureTransport::Wss,
        _ => return None,
    })
}
