//! SIP messages as the packets that could have carried them.
//!
//! What was captured are messages, not packets: Ethernet, IP, UDP and TCP headers are made up around them, with right checksums
//! and, for TCP, with sequence numbers that go on from message to message, so that an analyser finds nothing wrong but the
//! missing handshake.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use etherparse::err::packet::BuildVecWriteError;
use etherparse::{IpHeaders, PacketBuilder, PacketBuilderStep};
use offhook_base::Wall;
use offhook_store::{CaptureTransport, CapturedMessage};

use super::sip::transport;

/// A packet with what is remarked on it.
#[derive(Debug)]
pub(super) struct Packet {
    pub(super) at: Wall,
    pub(super) octets: Vec<u8>,
    pub(super) comment: Option<String>,
}

/// The next octet of each direction of a connection.
#[derive(Clone, Copy, Debug)]
struct Connection {
    ours: u32,
    theirs: u32,
}

/// Writes messages as packets, in the order of time.
#[derive(Debug, Default)]
pub(super) struct Wire {
    /// By our address and the peer's.
    connections: HashMap<(SocketAddr, SocketAddr), Connection>,
}

impl Wire {
    /// Adds the packets of a message: one over UDP, as many as it needs over TCP.
    ///
    /// # Errors
    /// When the message does not fit into a packet, which those of [`SEGMENT`] and [`DATAGRAM`] octets do.
    pub(super) fn add(
        &mut self,
        message: &CapturedMessage,
        packets: &mut Vec<Packet>,
    ) -> Result<(), BuildVecWriteError> {
        match message.transport {
            CaptureTransport::Udp => packets.push(datagram(message)?),
            CaptureTransport::Tcp | CaptureTransport::Tls | CaptureTransport::Wss => {
                self.segments(message, packets)?;
            }
        }
        Ok(())
    }

    fn segments(
        &mut self,
        message: &CapturedMessage,
        packets: &mut Vec<Packet>,
    ) -> Result<(), BuildVecWriteError> {
        let connection = self
            .connections
            .entry((message.local, message.remote))
            .or_insert(FIRST);
        let (from, to) = ends(message);
        let mut comment = Some(remark(message));
        let mut parts = message.bytes.chunks(SEGMENT).peekable();
        while let Some(part) = parts.next() {
            let (next, seen) = if message.inbound {
                (&mut connection.theirs, connection.ours)
            } else {
                (&mut connection.ours, connection.theirs)
            };
            let mut segment = ip(from.ip(), to.ip())
                .tcp(from.port(), to.port(), *next, WINDOW)
                .ack(seen);
            if parts.peek().is_none() {
                segment = segment.psh();
            }
            let mut octets = Vec::new();
            segment.write_to_vec(&mut octets, part)?;
            // Sequence numbers begin anew after 4 GiB (RFC 9293 section 3.4).
            *next = next.wrapping_add(u32::try_from(part.len()).unwrap_or(u32::MAX));
            packets.push(Packet {
                at: message.at,
                octets,
                comment: comment.take(),
            });
        }
        Ok(())
    }
}

fn datagram(message: &CapturedMessage) -> Result<Packet, BuildVecWriteError> {
    let (from, to) = ends(message);
    let whole = message.bytes.len() <= DATAGRAM;
    let payload = message.bytes.get(..DATAGRAM).unwrap_or(&message.bytes);
    let mut octets = Vec::new();
    ip(from.ip(), to.ip())
        .udp(from.port(), to.port())
        .write_to_vec(&mut octets, payload)?;
    let mut comment = remark(message);
    if !whole {
        comment.push_str(", cut: it is longer than a datagram may be");
    }
    Ok(Packet {
        at: message.at,
        octets,
        comment: Some(comment),
    })
}

const fn ends(message: &CapturedMessage) -> (SocketAddr, SocketAddr) {
    if message.inbound {
        (message.remote, message.local)
    } else {
        (message.local, message.remote)
    }
}

/// IP headers between two addresses; of IPv6 where one of them is.
fn ip(from: IpAddr, to: IpAddr) -> PacketBuilderStep<IpHeaders> {
    let ethernet = PacketBuilder::ethernet2(SENDER, RECEIVER);
    match (from.to_canonical(), to.to_canonical()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => ethernet.ipv4(from.octets(), to.octets(), HOPS),
        (from, to) => ethernet.ipv6(v6(from), v6(to), HOPS),
    }
}

const fn v6(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => v6.octets(),
    }
}

fn remark(message: &CapturedMessage) -> String {
    let CapturedMessage { call, leg, .. } = message;
    let what = format!("leg {leg} of call {call}");
    match message.transport {
        CaptureTransport::Tcp | CaptureTransport::Udp => what,
        CaptureTransport::Tls | CaptureTransport::Wss => format!(
            "{what}; it came over {}, and is written as plain TCP",
            transport(message.transport)
        ),
    }
}

/// Octets of a message in one TCP segment: an Ethernet frame less the headers of IPv6 and TCP.
const SEGMENT: usize = 1_440;
/// The most that a UDP datagram of IPv4 carries.
const DATAGRAM: usize = 65_507;
const FIRST: Connection = Connection { ours: 1, theirs: 1 };
const WINDOW: u16 = u16::MAX;
const HOPS: u8 = 64;
/// Addresses that no card has: locally administered ones.
const SENDER: [u8; 6] = [2, 0, 0, 0, 0, 1];
const RECEIVER: [u8; 6] = [2, 0, 0, 0, 0, 2];
