//! The relay of one call: two sides, each with its latch and its counters.

use std::net::SocketAddr;

use offhook_base::Mono;

use crate::command::{Format, Sound};
use crate::latch::{Latch, Remote};
use crate::packet::{Kind, RtpHeader, is_rtcp};
use crate::player::{PLAYED_OCTETS, Player, StreamEntropy, UnusablePayloadType};
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
    /// The other side hears a sound instead.
    Playing,
    /// It does not come from this side's phone.
    Source,
}

/// Where a played packet goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Played {
    /// The side whose socket sends.
    pub side: Side,
    /// Where to.
    pub to: SocketAddr,
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
    /// Packets of the side that the other side wanted none of or heard a sound instead of, or that the system refused to
    /// send.
    pub undeliverable: u64,
    /// Packets of third parties.
    pub foreign: u64,
}

/// What both sides sent; what was played to them is in no figure.
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
    /// What the side hears instead of the other one.
    player: Option<Player>,
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
        let destination = self.half(side.other()).destination(kind);
        let half = self.half_mut(side);
        if let Err(reason) = half.accept(now, kind, from, packet) {
            return Verdict::Drop(reason);
        }
        match destination {
            Ok(to) => Verdict::Forward {
                side: side.other(),
                to,
            },
            Err(reason) => {
                half.stats.undeliverable += 1;
                Verdict::Drop(reason)
            }
        }
    }

    /// Takes note that a packet of `side`, forwarded by the last verdict, could not be sent.
    pub const fn handle_send_error(&mut self, side: Side) {
        self.half_mut(side).stats.undeliverable += 1;
    }

    /// Plays a sound to the phone of a side instead of what the other side sends, or another one than so far. The
    /// stream is a new one unless something plays already.
    ///
    /// # Errors
    /// When no RTP packet may have the payload type; then all stays as it is.
    pub fn play(
        &mut self,
        now: Mono,
        side: Side,
        sound: Sound,
        format: Format,
        entropy: StreamEntropy,
    ) -> Result<(), UnusablePayloadType> {
        let half = self.half_mut(side);
        match &mut half.player {
            Some(player) => player.replace(sound, format)?,
            None => half.player = Some(Player::new(now, sound, format, entropy)?),
        }
        Ok(())
    }

    /// Relays the other side's packets to the side again.
    pub const fn stop_play(&mut self, side: Side) {
        self.half_mut(side).player = None;
    }

    /// When the next played packet is due; `None` when nothing plays.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Mono> {
        [self.a.player, self.b.player]
            .iter()
            .flatten()
            .map(Player::next_timeout)
            .min()
    }

    /// Writes one played packet that is due and says where it goes: where the side's relayed packets would. To be called
    /// until `next_timeout` lies ahead. Never allocates.
    pub fn handle_timeout(
        &mut self,
        now: Mono,
        packet: &mut [u8; PLAYED_OCTETS],
    ) -> Option<Played> {
        [Side::A, Side::B].into_iter().find_map(|side| {
            let to = self.half_mut(side).handle_timeout(now, packet)?;
            Some(Played { side, to })
        })
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
            player: None,
            sequence: Sequence::default(),
            stats: SideStats::default(),
        }
    }

    /// Where the other side's packets go.
    fn destination(&self, kind: Kind) -> Result<SocketAddr, DropReason> {
        if self.player.is_some() {
            return Err(DropReason::Playing);
        }
        let destination = match kind {
            Kind::Rtp => self.latch.rtp_destination(),
            Kind::Rtcp => self.latch.rtcp_destination(),
        };
        destination.ok_or(DropReason::NoDestination)
    }

    fn handle_timeout(
        &mut self,
        now: Mono,
        packet: &mut [u8; PLAYED_OCTETS],
    ) -> Option<SocketAddr> {
        let player = self.player.as_mut()?;
        let destination = self.latch.rtp_destination();
        if destination.is_none() {
            player.handle_timeout_unheard(now);
        }
        destination.filter(|_| player.handle_timeout(now, packet))
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
