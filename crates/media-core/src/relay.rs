//! The relay of one call: two sides, each with its latch and its counters.

use std::net::SocketAddr;

use offhook_base::Mono;

use crate::command::{Format, Sound};
use crate::formats::{Formats, PayloadFormat};
use crate::latch::{Latch, Remote};
use crate::outgoing::Outgoing;
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
    /// It goes out by this side's socket of the same kind.
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
    /// Neither side's SDP lists its payload type.
    Format,
    /// It is no RTP or RTCP packet.
    Malformed,
    /// The other side wants no media, or nothing is known of it yet.
    NoDestination,
    /// The other side hears a sound instead.
    Playing,
    /// It does not come from this side's phone.
    Source,
    /// A report of a source that the other side does not hear any more.
    Unheard,
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
    /// Packets that were no RTP or RTCP, or of a payload type that no SDP lists.
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
    /// What its SDP lists.
    formats: Formats,
    /// What the side hears instead of the other one.
    player: Option<Player>,
    /// The stream in which it hears either.
    outgoing: Outgoing,
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

    /// Takes note of what a side's payload types mean.
    pub const fn set_formats(&mut self, side: Side, formats: Formats) {
        self.half_mut(side).formats = formats;
    }

    /// What a payload type means in packets of this side. Its receiver's SDP numbers it (RFC 3264 section 5.1); phones
    /// that send by their own numbers are understood too.
    #[must_use]
    pub fn format(&self, side: Side, payload_type: u8) -> Option<PayloadFormat> {
        let receiver = self.half(side.other()).formats.of(payload_type);
        receiver.or_else(|| self.half(side).formats.of(payload_type))
    }

    /// Whether a packet of this side may have this payload type: all may before an SDP listed any.
    fn allows(&self, side: Side, payload_type: u8) -> bool {
        let sides = [&self.half(side).formats, &self.half(side.other()).formats];
        let mut known = sides
            .into_iter()
            .filter(|formats| !formats.is_empty())
            .peekable();
        known.peek().is_none() || known.any(|formats| formats.allow(payload_type))
    }

    /// Decides about a packet that came in by `side`'s port, and numbers it so that it fits what its receiver hears. Never
    /// allocates.
    pub fn handle_packet(
        &mut self,
        now: Mono,
        side: Side,
        kind: Kind,
        from: SocketAddr,
        packet: &mut [u8],
    ) -> Verdict {
        let passed = match kind {
            Kind::Rtp => self.pass_rtp(now, side, from, packet),
            Kind::Rtcp => self.pass_rtcp(side, from, packet),
        };
        match passed {
            Ok(to) => Verdict::Forward {
                side: side.other(),
                to,
            },
            Err(reason) => {
                self.half_mut(side).stats.count(reason);
                Verdict::Drop(reason)
            }
        }
    }

    fn pass_rtp(
        &mut self,
        now: Mono,
        side: Side,
        from: SocketAddr,
        packet: &mut [u8],
    ) -> Result<SocketAddr, DropReason> {
        let header = RtpHeader::parse(packet).ok_or(DropReason::Malformed)?;
        // What nobody negotiated is believed in nothing, so that nobody latches by it either.
        if !self.allows(side, header.payload_type) {
            return Err(DropReason::Format);
        }
        let clock = self
            .format(side, header.payload_type)
            .map_or(CLOCK, |format| format.clock);
        self.half_mut(side)
            .accept_rtp(now, from, &header, packet.len())?;
        let listener = self.half_mut(side.other());
        let to = listener.destination(Kind::Rtp)?;
        listener.outgoing.send(now, &header, clock, packet);
        Ok(to)
    }

    fn pass_rtcp(
        &mut self,
        side: Side,
        from: SocketAddr,
        packet: &mut [u8],
    ) -> Result<SocketAddr, DropReason> {
        let speaker = self.half_mut(side);
        speaker.accept_rtcp(from, packet)?;
        speaker.outgoing.take_report(packet);
        let listener = self.half(side.other());
        let to = listener.destination(Kind::Rtcp)?;
        if !listener.outgoing.send_report(packet) {
            return Err(DropReason::Unheard);
        }
        Ok(to)
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

impl SideStats {
    const fn count(&mut self, reason: DropReason) {
        match reason {
            DropReason::Format | DropReason::Malformed => self.malformed += 1,
            DropReason::NoDestination | DropReason::Playing | DropReason::Unheard => {
                self.undeliverable += 1;
            }
            DropReason::Source => self.foreign += 1,
        }
    }
}

impl Half {
    fn new(remote: Option<Remote>) -> Self {
        Self {
            latch: Latch::new(remote),
            formats: Formats::default(),
            player: None,
            outgoing: Outgoing::default(),
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
        let to = destination.filter(|_| player.handle_timeout(now, packet))?;
        let header = RtpHeader::parse(packet)?;
        self.outgoing.send(now, &header, CLOCK, packet);
        Some(to)
    }

    fn accept_rtp(
        &mut self,
        now: Mono,
        from: SocketAddr,
        header: &RtpHeader,
        octets: usize,
    ) -> Result<(), DropReason> {
        if !self.latch.accept_rtp(now, from) {
            return Err(DropReason::Source);
        }
        self.stats.packets += 1;
        self.stats.octets += octets as u64;
        self.sequence.on_packet(header.ssrc, header.sequence);
        Ok(())
    }

    fn accept_rtcp(&mut self, from: SocketAddr, packet: &[u8]) -> Result<(), DropReason> {
        if !is_rtcp(packet) {
            return Err(DropReason::Malformed);
        }
        if !self.latch.accept_rtcp(from) {
            return Err(DropReason::Source);
        }
        self.stats.rtcp_packets += 1;
        Ok(())
    }

    fn stats(&self) -> SideStats {
        SideStats {
            lost: self.sequence.lost(),
            ..self.stats
        }
    }
}

/// Of a payload type that no SDP explained: that of nearly all of speech.
const CLOCK: u32 = 8_000;

#[cfg(test)]
mod tests;
