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
mod tests;
