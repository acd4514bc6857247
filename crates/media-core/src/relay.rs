//! The relay of one call: two sides, each with its latch and its counters.

mod half;
mod hearing;
mod secrecy;
mod stats;
mod told;

use std::net::SocketAddr;
use std::time::Duration;

use offhook_base::Mono;

use crate::command::{Cue, Format, PressWay, SideQuality, Sound};
use crate::dtmf::{Digit, Press};
use crate::formats::{Encoding, Formats, PayloadFormat};
use crate::latch::{Latch, Remote};
use crate::outgoing::Units;
use crate::packet::{Kind, RtpHeader};
use crate::player::{PLAYED_OCTETS, Player, StreamEntropy, UnusablePayloadType};
use crate::srtp::{SrtpKeys, Unauthentic};
use half::Half;
pub use stats::{RelayStats, SideStats};

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
    /// It is not encrypted with the key of this side's phone, or came before.
    Unauthentic,
    /// A report of a source that the other side does not hear any more.
    Unheard,
}

/// What a relay has to tell.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Notice {
    /// A sound has been played to its end.
    Played {
        /// To whom.
        side: Side,
        /// Which.
        cue: Cue,
    },
    /// A side pressed a key.
    Pressed {
        /// Who.
        side: Side,
        /// Which.
        press: Press,
        /// How it was told to us.
        way: PressWay,
    },
    /// How well each side has arrived so far: once a second, from the first packet on.
    Quality([SideQuality; 2]),
    /// Nothing was heard of this side for as long as is watched for.
    Silent(Side),
}

/// Where a packet of our own goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Played {
    /// The side whose socket sends.
    pub side: Side,
    /// Where to.
    pub to: SocketAddr,
    /// How many of the octets.
    pub length: usize,
}

/// The relay of one call.
#[derive(Debug)]
pub struct Relay {
    a: Half,
    b: Half,
    watch: Option<Watch>,
    /// When it is to be told how well the sides arrive; `None` before the first packet.
    report_due: Option<Mono>,
    /// It is to be told now.
    reports: bool,
}

/// Whether both sides are heard.
#[derive(Clone, Copy, Debug)]
struct Watch {
    after: Duration,
    due: Mono,
}

impl Relay {
    /// A relay between two sides, of which one or both may not have told yet where they want their media.
    #[must_use]
    pub fn new(a_remote: Option<Remote>, b_remote: Option<Remote>) -> Self {
        Self {
            a: Half::new(a_remote),
            b: Half::new(b_remote),
            watch: None,
            report_due: None,
            reports: false,
        }
    }

    /// Takes note of a side's new SDP: its source may change once more. `None` when it wants no media.
    pub fn set_remote(&mut self, side: Side, remote: Option<Remote>) {
        self.half_mut(side).latch.set_remote(remote);
    }

    /// Takes note of what a side's payload types mean. With none of them the side is nobody's: who was there is not believed
    /// any more.
    pub fn set_formats(&mut self, side: Side, formats: Formats) {
        let half = self.half_mut(side);
        half.formats = formats;
        if formats.is_empty() {
            half.latch = Latch::new(None);
            half.told = told::Told::default();
        }
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
        // Gateways send comfort noise by its static number without a word of it (RFC 3389 section 4).
        if payload_type == COMFORT_NOISE {
            return true;
        }
        let sides = [&self.half(side).formats, &self.half(side.other()).formats];
        let mut known = sides
            .into_iter()
            .filter(|formats| !formats.is_empty())
            .peekable();
        known.peek().is_none() || known.any(|formats| formats.allow(payload_type))
    }

    /// The packets of a side are encrypted with these keys from here on; `None`: they are plain. Keys that stay go on with
    /// their rollover counters.
    pub fn secure(&mut self, side: Side, keys: Option<&SrtpKeys>) {
        self.half_mut(side).secure(keys);
    }

    /// Makes a packet that came in by `side`'s port plain where it stands, before anything else is believed of it: how long
    /// it is then. Never allocates.
    ///
    /// # Errors
    /// When it is not the side's own; nobody latches by it.
    pub fn decrypt(
        &mut self,
        side: Side,
        kind: Kind,
        packet: &mut [u8],
    ) -> Result<usize, DropReason> {
        let half = self.half_mut(side);
        half.secrecy.decrypt(kind, packet).map_err(|Unauthentic| {
            let reason = DropReason::Unauthentic;
            half.stats.count(reason);
            reason
        })
    }

    /// Makes the packet at the start of `buffer` what goes out by `side`'s port, after everything else: how long it is then, up
    /// to [`SRTP_TRAILER_OCTETS`](crate::SRTP_TRAILER_OCTETS) more. `None` when it must not go out, such as one that comes
    /// twice. Never allocates.
    #[must_use]
    pub fn encrypt(
        &mut self,
        side: Side,
        kind: Kind,
        buffer: &mut [u8],
        length: usize,
    ) -> Option<usize> {
        self.half_mut(side).secrecy.encrypt(kind, buffer, length)
    }

    /// Decides about a plain packet that came in by `side`'s port, and numbers it so that it fits what its receiver hears.
    /// Never allocates.
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
            Kind::Rtcp => self.pass_rtcp(now, side, from, packet),
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
        let format = self.format(side, header.payload_type);
        self.half_mut(side)
            .accept_rtp(now, from, &header, format, packet)?;
        if self.report_due.is_none() {
            self.report_due = Some(now + REPORT_EVERY);
        }
        let listener = self.half_mut(side.other());
        let is_key = format.is_some_and(|format| format.encoding == Encoding::TelephoneEvent);
        // Asked first: what is dropped while we tell of a key may be the same press.
        let is_news = !is_key || listener.told.passes(now, &header, header.payload(packet));
        let to = listener.destination(Kind::Rtp)?;
        if !is_news {
            return Err(DropReason::Playing);
        }
        let clock = format.map_or(CLOCK, |format| format.clock);
        listener
            .outgoing
            .send(now, &header, Units { clock, is_key }, packet);
        Ok(to)
    }

    fn pass_rtcp(
        &mut self,
        now: Mono,
        side: Side,
        from: SocketAddr,
        packet: &mut [u8],
    ) -> Result<SocketAddr, DropReason> {
        let speaker = self.half_mut(side);
        speaker.accept_rtcp(now, from, packet)?;
        speaker.outgoing.take_report(packet);
        let listener = self.half_mut(side.other());
        let to = listener.destination(Kind::Rtcp)?;
        if !listener.outgoing.send_report(packet) {
            return Err(DropReason::Unheard);
        }
        listener.hearing.on_report_to(now, packet);
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
    pub fn stop_play(&mut self, side: Side) {
        self.half_mut(side).player = None;
    }

    /// Tells the phone of a side that a key was pressed, after those before it. Until it is told, nothing else is heard there.
    ///
    /// One that its partner's packets have told of is not told again. False when its SDP lists no telephone-event, or too many
    /// keys wait.
    pub fn press(
        &mut self,
        now: Mono,
        side: Side,
        (digit, duration): (Digit, Duration),
        entropy: StreamEntropy,
    ) -> bool {
        self.half_mut(side).press(now, digit, duration, entropy)
    }

    /// Watches from now on that both sides are heard, at least once in `after`.
    pub fn watch(&mut self, now: Mono, after: Option<Duration>) {
        for side in [Side::A, Side::B] {
            self.half_mut(side).expect_to_hear(now);
        }
        self.watch = after.map(|after| Watch {
            after,
            due: now + after,
        });
    }

    /// When a packet of our own is due, or there may be something to tell; `None` when neither is to be waited for.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Mono> {
        let watch = self.watch.as_ref().map(|watch| watch.due);
        let (a, b) = (self.a.next_timeout(), self.b.next_timeout());
        [a, b, watch, self.report_due].into_iter().flatten().min()
    }

    /// Writes one plain packet of our own that is due and says where it goes: where the side's relayed packets would. To be called
    /// until `next_timeout` lies ahead; then there may be notices. Never allocates.
    pub fn handle_timeout(
        &mut self,
        now: Mono,
        packet: &mut [u8; PLAYED_OCTETS],
    ) -> Option<Played> {
        self.look_for_silence(now);
        if self.report_due.is_some_and(|due| due <= now) {
            self.report_due = Some(now + REPORT_EVERY);
            self.reports = true;
        }
        [Side::A, Side::B].into_iter().find_map(|side| {
            let (length, to) = self.half_mut(side).handle_timeout(now, packet)?;
            Some(Played { side, to, length })
        })
    }

    /// What is to be told: to be asked after each packet and timeout until there is nothing.
    pub fn poll_notice(&mut self) -> Option<Notice> {
        if std::mem::take(&mut self.reports) {
            return Some(Notice::Quality(self.quality()));
        }
        for side in [Side::A, Side::B] {
            if let Some((press, way)) = self.half_mut(side).hearing.poll_press() {
                return Some(Notice::Pressed { side, press, way });
            }
            let player = self.half_mut(side).player.as_mut();
            if let Some(cue) = player.and_then(Player::poll_played) {
                return Some(Notice::Played { side, cue });
            }
        }
        [Side::A, Side::B]
            .into_iter()
            .find(|side| self.half_mut(*side).poll_silent())
            .map(Notice::Silent)
    }

    fn look_for_silence(&mut self, now: Mono) {
        let Some(watch) = self.watch.as_mut().filter(|watch| watch.due <= now) else {
            return;
        };
        let next = [&mut self.a, &mut self.b]
            .map(|half| half.look_for_silence(now, watch.after))
            .into_iter()
            .flatten()
            .min();
        // Who is silent may be heard again.
        watch.due = next.unwrap_or(now + watch.after);
    }

    /// What has passed so far.
    #[must_use]
    pub fn stats(&self) -> RelayStats {
        RelayStats {
            a: self.a.stats(),
            b: self.b.stats(),
        }
    }

    /// How well each side has arrived so far.
    #[must_use]
    pub fn quality(&self) -> [SideQuality; 2] {
        [self.a.hearing.quality(), self.b.hearing.quality()]
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

const COMFORT_NOISE: u8 = 13;

/// Of a payload type that no SDP explained: that of nearly all of speech.
const CLOCK: u32 = 8_000;

/// What is newer when a call ends is in no figure of it, and a call that is shorter has none.
const REPORT_EVERY: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
