//! The relay of one call: two sides, each with its latch and its counters.

use std::net::SocketAddr;

use offhook_base::Mono;

use crate::latch::{Latch, Remote};
use crate::packet::{Kind, RtpHeader, is_rtcp};
use crate::sequence::Sequence;

/// One side of a call.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Side {
    /// The caller's.
    A,
    /// The called side.
    B,
}

impl Side {
    /// The opposite side.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// It goes nowhere.
    Drop(DropReason),
    /// It goes out unchanged by this side's socket of the same kind.
    Forward {
        /// The side whose socket sends.
        side: Side,
        /// Where to.
        to: SocketAddr,
    },
}

/// Why a packet goes nowhere.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DropReason {
    /// It is no RTP or RTCP packet.
    Malformed,
    /// The other side wants no media, or nothing is known of it yet.
    NoDestination,
    /// It does not come from this side's phone.
    Source,
}

/// What one side sent.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct SideStats {
    /// RTP packets that were the side's own.
    pub packets: u64,
    /// Octets of those, headers included.
    pub octets: u64,
    /// RTP packets missing in the side's numbering.
    pub lost: u64,
    /// RTCP packets that were the side's own.
    pub rtcp_packets: u64,
    /// Packets that were no RTP or RTCP.
    pub malformed: u64,
    /// Packets of the side that the other side wanted none of, or that the system refused to send.
    pub undeliverable: u64,
    /// Packets of third parties.
    pub foreign: u64,
}

/// What both sides sent.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct RelayStats {
    /// Sent by the caller's side.
    pub a: SideStats,
    /// Sent by the called side.
    pub b: SideStats,
}

/// The relay of one call.
#[derive(Clone, Copy, Debug)]
pub struct Relay {
    a: Half,
    b: Half,
}

#[derive(Clone, Copy, Debug)]
struct Half {
    latch: Latch,
    sequence: Sequence,
    stats: SideStats,
}

impl Relay {
    /// A relay between two sides, of which one or both may not have told yet where they want their media.
    #[must_use]
    pub fn new(a_remote: Option<Remote>, b_remote: Option<Remote>) -> Self {
        Self {
            a: Half::new(a_remote),
            b: Half::new(b_remote),
        }
    }

    /// Takes note of a side's new SDP: its source may change once more. `None` when it wants no media.
    pub fn set_remote(&mut self, side: Side, remote: Option<Remote>) {
        self.half_mut(side).latch.set_remote(remote);
    }

    /// Decides about a packet that came in by `side`'s port. Never allocates.
    pub fn handle_packet(
        &mut self,
        now: Mono,
        side: Side,
        kind: Kind,
        from: SocketAddr,
        packet: &[u8],
    ) -> Verdict {
        let destination = match kind {
            Kind::Rtp => self.half(side.other()).latch.rtp_destination(),
            Kind::Rtcp => self.half(side.other()).latch.rtcp_destination(),
        };
        let half = self.half_mut(side);
        if let Err(reason) = half.accept(now, kind, from, packet) {
            return Verdict::Drop(reason);
        }
        match destination {
            Some(to) => Verdict::Forward {
                side: side.other(),
                to,
            },
            None => {
                half.stats.undeliverable += 1;
                Verdict::Drop(DropReason::NoDestination)
            }
        }
    }

    /// Takes note that a packet of `side`, forwarded by the last verdict, could not be sent.
    pub const fn handle_send_error(&mut self, side: Side) {
        self.half_mut(side).stats.undeliverable += 1;
    }

    /// What has passed so far.
    #[must_use]
    pub fn stats(&self) -> RelayStats {
        RelayStats {
            a: self.a.stats(),
            b: self.b.stats(),
        }
    }

    const fn half(&self, side: Side) -> &Half {
        match side {
            Side::A => &self.a,
            Side::B => &self.b,
        }
    }

    const fn half_mut(&mut self, side: Side) -> &mut Half {
        match side {
            Side::A => &mut self.a,
            Side::B => &mut self.b,
        }
    }
}

impl Half {
    fn new(remote: Option<Remote>) -> Self {
        Self {
            latch: Latch::new(remote),
            sequence: Sequence::default(),
            stats: SideStats::default(),
        }
    }

    fn accept(
        &mut self,
        now: Mono,
        kind: Kind,
        from: SocketAddr,
        packet: &[u8],
    ) -> Result<(), DropReason> {
        let accepted = match kind {
            Kind::Rtp => {
                let Some(header) = RtpHeader::parse(packet) else {
                    self.stats.malformed += 1;
                    return Err(DropReason::Malformed);
                };
                let accepted = self.latch.accept_rtp(now, from);
                if accepted {
                    self.stats.packets += 1;
                    self.stats.octets += packet.len() as u64;
                    self.sequence.on_packet(header.ssrc, header.sequence);
                }
                accepted
            }
            Kind::Rtcp => {
                if !is_rtcp(packet) {
                    self.stats.malformed += 1;
                    return Err(DropReason::Malformed);
                }
                let accepted = self.latch.accept_rtcp(from);
                self.stats.rtcp_packets += u64::from(accepted);
                accepted
            }
        };
        if accepted {
            return Ok(());
        }
        self.stats.foreign += 1;
        Err(DropReason::Source)
    }

    fn stats(&self) -> SideStats {
        SideStats {
            lost: self.sequence.lost(),
            ..self.stats
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn rtp(number: u16) -> [u8; 172] {
        let mut packet = [0xd5; 172];
        let [high, low] = number.to_be_bytes();
        packet[..12].copy_from_slice(&[0x80, 0, high, low, 0, 0, 0, 160, 1, 2, 3, 4]);
        packet
    }

    fn relay() -> (Relay, SocketAddr, SocketAddr) {
        let (a, b) = (at("192.0.2.1:4000"), at("192.0.2.2:5000"));
        (Relay::new(Some(a.into()), Some(b.into())), a, b)
    }

    #[test]
    fn each_sides_packets_go_to_the_other_and_are_counted() {
        let (mut relay, a, b) = relay();
        for (now, number) in [(0, 1), (1, 2), (2, 5)] {
            let to_b = relay.handle_packet(Mono(now), Side::A, Kind::Rtp, a, &rtp(number));
            assert_eq!(
                to_b,
                Verdict::Forward {
                    side: Side::B,
                    to: b
                }
            );
        }
        let to_a = relay.handle_packet(Mono(3), Side::B, Kind::Rtp, b, &rtp(1));
        assert_eq!(
            to_a,
            Verdict::Forward {
                side: Side::A,
                to: a
            }
        );
        let stats = relay.stats();
        assert_eq!(
            stats.a,
            SideStats {
                packets: 3,
                octets: 516,
                lost: 2,
                ..SideStats::default()
            }
        );
        assert_eq!(
            stats.b,
            SideStats {
                packets: 1,
                octets: 172,
                ..SideStats::default()
            }
        );
    }

    #[test]
    fn what_is_no_rtp_never_latches() {
        let (mut relay, a, b) = relay();
        let stranger = at("203.0.113.1:9");
        for junk in [&b""[..], b"\0\x01\0\0STUN STUN STUN", &[0x80; 11]] {
            let verdict = relay.handle_packet(Mono(0), Side::A, Kind::Rtp, stranger, junk);
            assert_eq!(verdict, Verdict::Drop(DropReason::Malformed));
        }
        let to_a = relay.handle_packet(Mono(1), Side::B, Kind::Rtp, b, &rtp(1));
        assert_eq!(
            to_a,
            Verdict::Forward {
                side: Side::A,
                to: a
            }
        );
        assert_eq!(
            relay.stats().a,
            SideStats {
                malformed: 3,
                ..SideStats::default()
            }
        );
    }

    #[test]
    fn a_third_partys_packets_are_dropped_and_counted_apart() {
        let (mut relay, a, b) = relay();
        relay.handle_packet(Mono(0), Side::A, Kind::Rtp, a, &rtp(1));
        let stranger = at("203.0.113.1:9");
        let verdict = relay.handle_packet(Mono(1), Side::A, Kind::Rtp, stranger, &rtp(2));
        assert_eq!(verdict, Verdict::Drop(DropReason::Source));
        let goodbye = [0x81, 203, 0, 1, 1, 2, 3, 4];
        let verdict = relay.handle_packet(Mono(2), Side::A, Kind::Rtcp, stranger, &goodbye);
        assert_eq!(verdict, Verdict::Drop(DropReason::Source));
        let to_a = relay.handle_packet(Mono(3), Side::B, Kind::Rtp, b, &rtp(1));
        assert_eq!(
            to_a,
            Verdict::Forward {
                side: Side::A,
                to: a
            }
        );
        assert_eq!(
            relay.stats().a,
            SideStats {
                packets: 1,
                octets: 172,
                foreign: 2,
                ..SideStats::default()
            }
        );
    }

    #[test]
    fn a_side_on_hold_gets_nothing_and_is_still_heard() {
        let (mut relay, a, b) = relay();
        relay.set_remote(Side::B, None);
        let verdict = relay.handle_packet(Mono(0), Side::A, Kind::Rtp, a, &rtp(1));
        assert_eq!(verdict, Verdict::Drop(DropReason::NoDestination));
        let to_a = relay.handle_packet(Mono(1), Side::B, Kind::Rtp, b, &rtp(1));
        assert_eq!(
            to_a,
            Verdict::Forward {
                side: Side::A,
                to: a
            }
        );
        assert_eq!(
            relay.stats().a,
            SideStats {
                packets: 1,
                octets: 172,
                undeliverable: 1,
                ..SideStats::default()
            }
        );
    }

    #[test]
    fn rtcp_goes_to_the_port_after_the_rtp() {
        let (mut relay, a, b) = relay();
        let report = [0x80, 201, 0, 1, 1, 2, 3, 4];
        let from = SocketAddr::new(a.ip(), a.port() + 1);
        let verdict = relay.handle_packet(Mono(0), Side::A, Kind::Rtcp, from, &report);
        assert_eq!(
            verdict,
            Verdict::Forward {
                side: Side::B,
                to: SocketAddr::new(b.ip(), b.port() + 1)
            }
        );
        assert_eq!(
            relay.stats().a,
            SideStats {
                rtcp_packets: 1,
                ..SideStats::default()
            }
        );
    }

    #[test]
    fn any_octets_from_anywhere_give_a_verdict() {
        let (mut relay, a, b) = relay();
        let mut state = 0x2545_f491_u32;
        let mut packet = [0; 64];
        for round in 0..200_000_u64 {
            for octet in &mut packet {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *octet = state.to_be_bytes()[0];
            }
            packet[0] = 0x80 | packet[0] & 0x3f;
            let length = usize::from(packet[63]) % 65;
            let kind = if round % 2 == 0 {
                Kind::Rtp
            } else {
                Kind::Rtcp
            };
            relay.handle_packet(Mono(round), Side::A, kind, a, &packet[..length]);
        }
        let to_a = relay.handle_packet(Mono(0), Side::B, Kind::Rtp, b, &rtp(1));
        assert_eq!(
            to_a,
            Verdict::Forward {
                side: Side::A,
                to: a
            }
        );
    }
}
