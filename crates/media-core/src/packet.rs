//! Whether octets are a plausible RTP or RTCP packet (RFC 3550 appendices A.1 and A.2).

/// Which of a pair's two ports a packet came in by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// The odd port.
    Rtcp,
    /// The even port.
    Rtp,
}

/// The header of an RTP packet, and where its payload is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RtpHeader {
    /// Set on the first packet of a talkspurt or an event.
    pub marker: bool,
    /// What the payload is.
    pub payload_type: u8,
    /// Counts packets.
    pub sequence: u16,
    /// Counts samples.
    pub timestamp: u32,
    /// The stream.
    pub ssrc: u32,
    /// The first octet of the payload.
    pub starts_at: usize,
    /// The octet after the payload.
    pub ends_at: usize,
}

impl RtpHeader {
    /// Reads the fixed header and checks that everything it promises fits into the packet.
    #[must_use]
    pub fn parse(packet: &[u8]) -> Option<Self> {
        let (fixed, mut rest) = packet.split_first_chunk::<12>()?;
        let [
            flags,
            marker_and_type,
            s0,
            s1,
            t0,
            t1,
            t2,
            t3,
            c0,
            c1,
            c2,
            c3,
        ] = *fixed;
        if flags >> 6 != VERSION || RTCP_CONFLICTS.contains(&(marker_and_type & 0x7f)) {
            return None;
        }
        rest = rest.get(usize::from(flags & 0x0f) * 4..)?;
        if flags & EXTENSION != 0 {
            let ([_, _, l0, l1], extension) = rest.split_first_chunk::<4>()?;
            rest = extension.get(usize::from(u16::from_be_bytes([*l0, *l1])) * 4..)?;
        }
        let starts_at = packet.len() - rest.len();
        let mut ends_at = packet.len();
        if flags & PADDING != 0 {
            let padding = usize::from(*rest.last()?);
            if padding == 0 || padding > rest.len() {
                return None;
            }
            ends_at -= padding;
        }
        Some(Self {
            marker: marker_and_type & MARKER != 0,
            payload_type: marker_and_type & !MARKER,
            sequence: u16::from_be_bytes([s0, s1]),
            timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
            ssrc: u32::from_be_bytes([c0, c1, c2, c3]),
            starts_at,
            ends_at,
        })
    }

    /// The payload of the packet that this header was read from.
    #[must_use]
    pub fn payload<'p>(&self, packet: &'p [u8]) -> &'p [u8] {
        packet.get(self.starts_at..self.ends_at).unwrap_or_default()
    }
}

/// Whether the octets are a compound of RTCP packets, each with a known kind of type and a length that fits.
pub(crate) fn is_rtcp(packet: &[u8]) -> bool {
    let mut rest = packet;
    while !rest.is_empty() {
        let Some(([flags, kind, l0, l1], _)) = rest.split_first_chunk::<4>() else {
            return false;
        };
        let words = usize::from(u16::from_be_bytes([*l0, *l1])) + 1;
        let Some(next) = rest.get(words * 4..) else {
            return false;
        };
        if flags >> 6 != VERSION || !RTCP_TYPES.contains(kind) {
            return false;
        }
        rest = next;
    }
    !packet.is_empty()
}

pub(crate) const VERSION: u8 = 2;
const MARKER: u8 = 0x80;
const EXTENSION: u8 = 0x10;
const PADDING: u8 = 0x20;

/// Payload types that no stream may use because RTCP types look like them (RFC 5761 section 4).
pub(crate) const RTCP_CONFLICTS: std::ops::RangeInclusive<u8> = 64..=95;

/// SR, RR, SDES, BYE, APP (RFC 3550), RTPFB, PSFB (RFC 4585), XR (RFC 3611).
const RTCP_TYPES: std::ops::RangeInclusive<u8> = 200..=207;

#[cfg(test)]
mod tests {
    use super::*;

    fn rtp(flags: u8, payload_type: u8, rest: &[u8]) -> Vec<u8> {
        let mut packet = vec![
            flags,
            payload_type,
            0x12,
            0x34,
            0,
            0,
            0,
            160,
            0xde,
            0xad,
            0xbe,
            0xef,
        ];
        packet.extend_from_slice(rest);
        packet
    }

    #[test]
    fn a_plain_packet_gives_its_sequence_number_and_source() {
        let header = RtpHeader::parse(&rtp(0x80, 0x80, &[0xff; 160]));
        assert_eq!(
            header,
            Some(RtpHeader {
                marker: true,
                payload_type: 0,
                sequence: 0x1234,
                timestamp: 160,
                ssrc: 0xdead_beef,
                starts_at: 12,
                ends_at: 172,
            })
        );
        assert!(
            RtpHeader::parse(&rtp(0x80, 0, &[])).is_some(),
            "a packet without payload is one"
        );
    }

    #[test]
    fn the_payload_is_what_lies_between_extension_and_padding() {
        let packet = rtp(
            0xb1,
            8,
            &[9, 9, 9, 9, 0, 0, 0, 1, 9, 9, 9, 9, 1, 2, 3, 0, 0, 3],
        );
        let header = RtpHeader::parse(&packet).unwrap();
        assert_eq!(header.payload(&packet), [1, 2, 3]);
    }

    #[test]
    fn rfc3550_a_1_what_a_header_promises_must_fit() {
        assert!(
            RtpHeader::parse(&rtp(0x82, 0, &[0; 8])).is_some(),
            "two contributing sources"
        );
        assert_eq!(RtpHeader::parse(&rtp(0x82, 0, &[0; 7])), None);
        assert!(
            RtpHeader::parse(&rtp(0x90, 0, &[0, 0, 0, 1, 9, 9, 9, 9])).is_some(),
            "an extension of one word"
        );
        assert_eq!(
            RtpHeader::parse(&rtp(0x90, 0, &[0, 0, 0, 1, 9, 9, 9])),
            None
        );
        assert_eq!(RtpHeader::parse(&rtp(0x90, 0, &[0, 0])), None);
        assert!(
            RtpHeader::parse(&rtp(0xa0, 0, &[7, 7, 0, 2])).is_some(),
            "two octets of padding"
        );
        assert_eq!(RtpHeader::parse(&rtp(0xa0, 0, &[7, 7, 0, 5])), None);
        assert_eq!(RtpHeader::parse(&rtp(0xa0, 0, &[7, 0])), None);
        assert_eq!(RtpHeader::parse(&rtp(0xa0, 0, &[])), None);
    }

    #[test]
    fn other_versions_short_packets_and_rtcp_types_are_not_rtp() {
        assert_eq!(
            RtpHeader::parse(&rtp(0x00, 0, &[0; 8])),
            None,
            "STUN begins with two zero bits"
        );
        assert_eq!(RtpHeader::parse(&rtp(0x40, 0, &[0; 8])), None);
        assert_eq!(RtpHeader::parse(&rtp(0x80, 200 & 0x7f, &[0; 8])), None);
        assert_eq!(RtpHeader::parse(&[0x80; 11]), None);
        assert_eq!(RtpHeader::parse(&[]), None);
    }

    #[test]
    fn rfc3550_a_2_every_packet_of_a_compound_is_checked() {
        let report = [0x80, 201, 0, 1, 1, 2, 3, 4];
        let goodbye = [0x81, 203, 0, 1, 1, 2, 3, 4];
        let compound = [report, goodbye].concat();
        assert!(is_rtcp(&report) && is_rtcp(&compound));
        assert!(!is_rtcp(&compound[..15]), "the last one is cut");
        assert!(!is_rtcp(&[report, [0x40, 203, 0, 1, 1, 2, 3, 4]].concat()));
        assert!(!is_rtcp(&[0x80, 0, 0, 0]), "an RTP payload type");
        assert!(!is_rtcp(&[]));
    }
}
