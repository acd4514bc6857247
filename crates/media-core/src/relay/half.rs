//! One side of a relay: where its phone is, what it says, and the one stream that it hears.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use offhook_base::Mono;

use super::hearing::Hearing;
use super::secrecy::{Secrecy, Stream};
use super::told::Told;
use super::{DropReason, SideStats};
use crate::dtmf::{Digit, EventSender, EventStream};
use crate::formats::{Encoding, Formats, PayloadFormat};
use crate::latch::{Latch, Remote};
use crate::outgoing::{Outgoing, Units};
use crate::packet::{Kind, RtpHeader, is_rtcp};
use crate::player::{PLAYED_OCTETS, Player, StreamEntropy};
use crate::srtp::SrtpKeys;

#[derive(Debug)]
pub(super) struct Half {
    pub(super) latch: Latch,
    /// What its SDP lists.
    pub(super) formats: Formats,
    /// What the side hears instead of the other one.
    pub(super) player: Option<Player>,
    /// A key that it is told of; nothing else is heard meanwhile.
    pressing: Option<EventSender>,
    /// Keys that it is told of after that.
    keys: VecDeque<(Digit, Duration)>,
    /// Keys that it was told of lately.
    pub(super) told: Told,
    /// Random numbers for the next one.
    entropy: StreamEntropy,
    /// The stream in which it hears all of these.
    pub(super) outgoing: Outgoing,
    /// What it says.
    pub(super) hearing: Hearing,
    /// How its packets are encrypted.
    pub(super) secrecy: Secrecy,
    /// When its last packet came, or the watch over it began.
    heard_at: Mono,
    silence: Silence,
    pub(super) stats: SideStats,
}

/// What is known of a side's silence since it was heard last.
#[derive(Clone, Copy, Debug)]
enum Silence {
    Unnoticed,
    Noticed,
    Told,
}

impl Half {
    pub(super) fn new(remote: Option<Remote>) -> Self {
        Self {
            latch: Latch::new(remote),
            formats: Formats::default(),
            player: None,
            pressing: None,
            keys: VecDeque::new(),
            told: Told::default(),
            entropy: StreamEntropy::default(),
            outgoing: Outgoing::default(),
            hearing: Hearing::default(),
            secrecy: Secrecy::default(),
            heard_at: Mono::default(),
            silence: Silence::Unnoticed,
            stats: SideStats::default(),
        }
    }

    pub(super) fn secure(&mut self, keys: Option<&SrtpKeys>) {
        if self.secrecy.set(keys) == Stream::Anew {
            self.outgoing.secure();
        }
    }

    /// Where the other side's packets go.
    pub(super) fn destination(&self, kind: Kind) -> Result<SocketAddr, DropReason> {
        let spoken_to = self.pressing.is_some() && kind == Kind::Rtp;
        if self.player.is_some() || spoken_to {
            return Err(DropReason::Playing);
        }
        let destination = match kind {
            Kind::Rtp => self.latch.rtp_destination(),
            Kind::Rtcp => self.latch.rtcp_destination(),
        };
        destination.ok_or(DropReason::NoDestination)
    }

    pub(super) fn accept_rtp(
        &mut self,
        now: Mono,
        from: SocketAddr,
        header: &RtpHeader,
        format: Option<PayloadFormat>,
        packet: &[u8],
    ) -> Result<(), DropReason> {
        if !self.latch.accept_rtp(now, from) {
            return Err(DropReason::Source);
        }
        self.stats.packets += 1;
        self.stats.octets += packet.len() as u64;
        self.heard_at = now;
        self.silence = Silence::Unnoticed;
        let keys_apart = self.telephone_event().is_some();
        self.hearing
            .on_packet(now, header, format, keys_apart, packet);
        Ok(())
    }

    pub(super) fn accept_rtcp(
        &mut self,
        now: Mono,
        from: SocketAddr,
        packet: &[u8],
    ) -> Result<(), DropReason> {
        if !is_rtcp(packet) {
            return Err(DropReason::Malformed);
        }
        if !self.latch.accept_rtcp(from) {
            return Err(DropReason::Source);
        }
        self.stats.rtcp_packets += 1;
        // Who is muted and sends nothing else is there.
        self.heard_at = now;
        self.silence = Silence::Unnoticed;
        self.hearing.on_report(now, packet);
        Ok(())
    }

    /// Its format for keys: the one by the clock of the voice where it lists several (RFC 4733 section 2.1).
    fn telephone_event(&self) -> Option<PayloadFormat> {
        let lists = || {
            let formats = self.formats.iter();
            formats.filter(|format| format.encoding == Encoding::TelephoneEvent)
        };
        let clock = self.outgoing.clock();
        lists()
            .find(|format| Some(format.clock) == clock)
            .or_else(|| lists().next())
    }

    /// Tells the phone of a key as RFC 4733 packets, after those that it is being told; false when its SDP lists none, or
    /// too many wait.
    pub(super) fn press(
        &mut self,
        now: Mono,
        digit: Digit,
        duration: Duration,
        entropy: StreamEntropy,
    ) -> bool {
        if self.telephone_event().is_none() || self.keys.len() >= KEYS_AT_MOST {
            return false;
        }
        if !self.told.is_news(now, digit) {
            return true;
        }
        self.keys.push_back((digit, duration));
        if self.pressing.is_none() {
            self.entropy = entropy;
            self.press_next(now);
        }
        true
    }

    fn press_next(&mut self, now: Mono) {
        self.pressing = None;
        let Some(events) = self.telephone_event() else {
            return self.keys.clear();
        };
        let Some((digit, duration)) = self.keys.pop_front() else {
            return;
        };
        // Who waits is not made to wait for long.
        let duration = if self.keys.is_empty() {
            duration
        } else {
            duration.min(EventSender::DEFAULT_DURATION)
        };
        let [c0, c1, c2, c3, t0, t1, t2, t3, s0, s1] = self.entropy;
        let stream = EventStream {
            payload_type: events.payload_type,
            clock_rate: events.clock,
            ssrc: u32::from_be_bytes([c0, c1, c2, c3]),
            sequence: u16::from_be_bytes([s0, s1]),
            timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
        };
        // Another source for each, so that each is numbered behind what was heard before.
        self.entropy = self.entropy.map(|octet| octet.wrapping_add(1));
        self.pressing = EventSender::new(now, digit, duration, stream).ok();
    }

    /// When it has something to be sent, or a press of its is over.
    pub(super) fn next_timeout(&self) -> Option<Mono> {
        let sent = match &self.pressing {
            Some(sender) => sender.next_timeout(),
            None => self.player.as_ref().map(Player::next_timeout),
        };
        [sent, self.hearing.next_timeout()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Writes what is due to the phone: its length, and where it goes.
    pub(super) fn handle_timeout(
        &mut self,
        now: Mono,
        packet: &mut [u8; PLAYED_OCTETS],
    ) -> Option<(usize, SocketAddr)> {
        self.hearing.handle_timeout(now);
        if self.pressing.is_some() {
            return self.handle_press_timeout(now, packet);
        }
        let player = self.player.as_mut()?;
        let to = self.latch.rtp_destination();
        if to.is_none() {
            player.handle_timeout_unheard(now);
        }
        let to = to?;
        let length = player.handle_timeout(now, packet)?;
        let played = packet.get_mut(..length)?;
        let header = RtpHeader::parse(played)?;
        let units = Units {
            clock: player.clock_rate(),
            is_key: false,
        };
        self.outgoing.send(now, &header, units, played);
        Some((length, to))
    }

    fn handle_press_timeout(
        &mut self,
        now: Mono,
        packet: &mut [u8; PLAYED_OCTETS],
    ) -> Option<(usize, SocketAddr)> {
        let sender = self.pressing.as_mut()?;
        let event = packet.first_chunk_mut()?;
        let written = sender.handle_timeout(now, event);
        let clock = sender.clock_rate();
        if sender.next_timeout().is_none() {
            // A pause, as between two presses (ITU-T Q.24 wants 40 ms).
            self.press_next(now + PAUSE);
        }
        let to = self.latch.rtp_destination().filter(|_| written)?;
        let header = RtpHeader::parse(event)?;
        let units = Units {
            clock,
            is_key: true,
        };
        self.outgoing.send(now, &header, units, event);
        Some((event.len(), to))
    }

    /// From here on it is to be heard.
    pub(super) fn expect_to_hear(&mut self, now: Mono) {
        self.heard_at = self.heard_at.max(now);
        self.silence = Silence::Unnoticed;
    }

    /// Notices that it has been silent for so long; else gives when it would have been.
    pub(super) fn look_for_silence(&mut self, now: Mono, after: Duration) -> Option<Mono> {
        match self.silence {
            Silence::Unnoticed if now - self.heard_at < after => Some(self.heard_at + after),
            Silence::Unnoticed => {
                self.silence = Silence::Noticed;
                None
            }
            Silence::Noticed | Silence::Told => None,
        }
    }

    /// Whether its silence is to be told: once, until it is heard again.
    pub(super) fn poll_silent(&mut self) -> bool {
        let is_news = matches!(self.silence, Silence::Noticed);
        if is_news {
            self.silence = Silence::Told;
        }
        is_news
    }

    pub(super) fn stats(&self) -> SideStats {
        SideStats {
            lost: self.hearing.lost(),
            ..self.stats
        }
    }
}

/// Keys that may wait to be told.
const KEYS_AT_MOST: usize = 32;

/// Between two keys.
const PAUSE: Duration = Duration::from_millis(60);
