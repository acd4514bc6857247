//! The SIP messages of a call as a packet trace.
//!
//! The file is a pcapng although it is named `.pcap`: every reader (Wireshark, tshark, sngrep) goes by its first octets, only
//! pcapng has comments, and `.pcap` is the name that people look for. Ports are those that were used; where an analyser does
//! not take one for SIP by itself, `tshark -d udp.port==PORT,sip` tells it, as the comment of the file says.

use std::borrow::Cow;
use std::time::Duration;

use etherparse::err::packet::BuildVecWriteError;
use offhook_store::CapturedMessage;
use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
use pcap_file::{DataLink, Endianness};

use super::packets::{Packet, Wire};

/// Why there is no trace.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TraceError {
    /// The file cannot be written.
    #[error("a packet trace cannot be written")]
    File(#[from] pcap_file::PcapError),
    /// A message does not become a packet.
    #[error("a message does not fit into packets")]
    Packet(#[from] BuildVecWriteError),
}

/// The messages, in the order of time, as a pcapng file.
///
/// # Errors
/// None is known: messages are cut to what a packet holds, and memory takes every octet.
pub fn trace(messages: &[CapturedMessage]) -> Result<Vec<u8>, TraceError> {
    let mut file = PcapNgWriter::with_section_header(Vec::new(), section())?;
    file.write_pcapng_block(interface())?;
    let mut wire = Wire::default();
    let mut packets = Vec::new();
    for message in messages {
        wire.add(message, &mut packets)?;
        for packet in packets.drain(..) {
            file.write_pcapng_block(block(packet))?;
        }
    }
    Ok(file.into_inner())
}

fn section() -> SectionHeaderBlock<'static> {
    SectionHeaderBlock {
        endianness: Endianness::Little,
        options: vec![
            SectionHeaderOption::Comment(Cow::Borrowed(COMMENT)),
            SectionHeaderOption::UserApplication(Cow::Borrowed(APPLICATION)),
        ],
        ..SectionHeaderBlock::default()
    }
}

fn interface() -> InterfaceDescriptionBlock<'static> {
    InterfaceDescriptionBlock {
        linktype: DataLink::ETHERNET,
        // No limit.
        snaplen: 0,
        options: vec![
            InterfaceDescriptionOption::IfName(Cow::Borrowed("offhook")),
            // The library writes nanoseconds, whatever is said here.
            InterfaceDescriptionOption::IfTsResol(9),
        ],
    }
}

fn block(packet: Packet) -> EnhancedPacketBlock<'static> {
    let comment = packet.comment.map(Cow::Owned);
    EnhancedPacketBlock {
        interface_id: 0,
        timestamp: Duration::from_micros(u64::try_from(packet.at.0).unwrap_or(0)),
        original_len: u32::try_from(packet.octets.len()).unwrap_or(u32::MAX),
        options: comment
            .into_iter()
            .map(EnhancedPacketOption::Comment)
            .collect(),
        data: Cow::Owned(packet.octets),
    }
}

const APPLICATION: &str = concat!("Offhook ", env!("CARGO_PKG_VERSION"));
const COMMENT: &str = "SIP messages of one call as Offhook saw them. The headers below SIP are made up around them. \
    A port that is not shown as SIP: Decode As, or tshark -d udp.port==PORT,sip -d tcp.port==PORT,sip";

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use etherparse::{NetSlice, SlicedPacket, TransportSlice};
    use offhook_base::{CallId, Wall};
    use offhook_store::CaptureTransport;
    use pcap_file::pcapng::{Block, PcapNgReader};

    use super::*;

    const AT: i64 = 1_795_341_600_123_456;

    fn message(
        transport: CaptureTransport,
        inbound: bool,
        (local, remote): (&str, &str),
        bytes: Vec<u8>,
    ) -> CapturedMessage {
        CapturedMessage {
            at: Wall(AT),
            call: CallId(42),
            root: CallId(42),
            leg: "A".to_owned(),
            inbound,
            local: local.parse().unwrap(),
            remote: remote.parse().unwrap(),
            transport,
            bytes: Bytes::from(bytes),
        }
    }

    /// The packets of a trace with their comments.
    fn read(file: &[u8]) -> Vec<(Vec<u8>, Option<String>)> {
        let mut reader = PcapNgReader::new(file).unwrap();
        let mut packets = Vec::new();
        while let Some(block) = reader.next_block() {
            if let Block::EnhancedPacket(packet) = block.unwrap() {
                assert_eq!(packet.timestamp, Duration::from_micros(AT.cast_unsigned()));
                let comment = packet.options.iter().find_map(|option| {
                    if let EnhancedPacketOption::Comment(text) = option {
                        Some(text.to_string())
                    } else {
                        None
                    }
                });
                packets.push((packet.data.to_vec(), comment));
            }
        }
        packets
    }

    /// Ports, sequence and acknowledgement numbers, and octets of a TCP segment whose checksums are right.
    fn segment(packet: &[u8]) -> (u16, u32, u32, usize) {
        let sliced = SlicedPacket::from_ethernet(packet).unwrap();
        let Some(TransportSlice::Tcp(tcp)) = &sliced.transport else {
            panic!("{sliced:?}");
        };
        let right = match sliced.net.as_ref().unwrap() {
            NetSlice::Ipv4(ip) => {
                let header = ip.header().to_header();
                assert_eq!(header.calc_header_checksum(), header.header_checksum);
                tcp.calc_checksum_ipv4(ip.header().source(), ip.header().destination())
                    .unwrap()
            }
            NetSlice::Ipv6(ip) => tcp
                .calc_checksum_ipv6(ip.header().source(), ip.header().destination())
                .unwrap(),
            NetSlice::Arp(_) => panic!("{sliced:?}"),
        };
        assert_eq!(tcp.checksum(), right);
        (
            tcp.source_port(),
            tcp.sequence_number(),
            tcp.acknowledgment_number(),
            tcp.payload().len(),
        )
    }

    #[test]
    fn a_call_without_captures_is_a_file_without_packets() {
        let file = trace(&[]).unwrap();
        assert_eq!(file[..4], [0x0a, 0x0d, 0x0d, 0x0a], "pcapng");
        assert_eq!(read(&file), []);
    }

    #[test]
    fn messages_of_a_connection_go_on_where_the_last_one_ended() {
        for ends in [
            ("192.0.2.1:5060", "192.0.2.2:40000"),
            ("[2001:db8::1]:5060", "[2001:db8::2]:40000"),
        ] {
            let file = trace(&[
                message(CaptureTransport::Tcp, true, ends, vec![b'a'; 3_000]),
                message(CaptureTransport::Tcp, false, ends, vec![b'b'; 400]),
                message(CaptureTransport::Tcp, true, ends, vec![b'c'; 500]),
            ])
            .unwrap();
            let packets = read(&file);
            let segments: Vec<_> = packets.iter().map(|(packet, _)| segment(packet)).collect();
            assert_eq!(
                segments,
                [
                    (40_000, 1, 1, 1_440),
                    (40_000, 1_441, 1, 1_440),
                    (40_000, 2_881, 1, 120),
                    (5_060, 1, 3_001, 400),
                    (40_000, 3_001, 401, 500),
                ]
            );
            assert_eq!(packets[0].1.as_deref(), Some("leg A of call 42"));
            assert_eq!(packets[1].1, None);
        }
    }

    #[test]
    fn what_was_encrypted_says_so() {
        let ends = ("192.0.2.1:5061", "[2001:db8::2]:40000");
        for (transport, name) in [
            (CaptureTransport::Tls, "TLS"),
            (CaptureTransport::Wss, "WSS"),
        ] {
            let file = trace(&[message(transport, true, ends, b"INVITE".to_vec())]).unwrap();
            let (packet, comment) = read(&file).remove(0);
            assert_eq!(segment(&packet).3, 6);
            assert_eq!(
                comment.unwrap(),
                format!("leg A of call 42; it came over {name}, and is written as plain TCP")
            );
        }
    }

    #[test]
    fn a_datagram_keeps_to_what_ip_carries() {
        let ends = ("192.0.2.1:5060", "192.0.2.2:5060");
        let file = trace(&[
            message(CaptureTransport::Udp, true, ends, vec![b'a'; 70_000]),
            message(CaptureTransport::Udp, true, ends, Vec::new()),
        ])
        .unwrap();
        let packets = read(&file);
        let lengths: Vec<usize> = packets.iter().map(|(packet, _)| packet.len()).collect();
        assert_eq!(lengths, [14 + 20 + 8 + 65_507, 14 + 20 + 8]);
        assert!(packets[0].1.as_deref().unwrap().contains("cut"));
    }
}
