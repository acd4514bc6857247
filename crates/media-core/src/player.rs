//! The RTP stream of what is played to one phone (RFC 3550 section 5.1).
//!
//! ```text
//!            new             deadline, somebody to send to: a packet
//!  (nothing) ───► Beginning ─────────────────────────────────────────► Running ──┐ deadline: a packet
//!                  ▲  │ deadline, nobody to send to                      │  ▲────┘
//!                  └──┴──────────────── too late, or nobody to send to ──┘
//! ```
//!
//! Time goes on whether or not packets leave: timestamps count what should have been heard, sequence numbers what was
//! sent. The first packet after a pause has the marker bit (RFC 3551 section 4.1), so that a phone may adapt its
//! buffer there.

use std::time::Duration;

use offhook_base::Mono;

use crate::codec::Encoder;
use crate::command::{Cue, Format, Sound};
use crate::packet::{RTCP_CONFLICTS, VERSION};
use crate::program::Program;
use crate::tone::{FRAME_SAMPLES, Rate, WIDE_SAMPLES};

/// The most octets of a played packet: the header and 20 ms of G.711 or G.722, which are as many. Opus takes fewer.
pub const PLAYED_OCTETS: usize = HEADER_OCTETS + FRAME_SAMPLES as usize;

/// Random octets for the start of a stream: SSRC, first timestamp, first sequence number (RFC 3550 section 5.1).
pub type StreamEntropy = [u8; 10];

/// A payload type that no RTP packet may have: above 127, or one that RTCP packets look like (RFC 5761 section 4).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct UnusablePayloadType(pub u8);

impl std::fmt::Display for UnusablePayloadType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} is no payload type of RTP", self.0)
    }
}

impl std::error::Error for UnusablePayloadType {}

/// What is played to one phone.
#[derive(Debug)]
pub(crate) struct Player {
    due: Mono,
    format: Format,
    encoder: Encoder,
    program: Program,
    /// What has been played to its end, and nobody was told yet.
    played: Option<Cue>,
    talkspurt: Talkspurt,
    ssrc: u32,
    /// Of the next packet.
    timestamp: u32,
    /// Of the next packet.
    sequence: u16,
}

#[derive(Clone, Copy, Debug)]
enum Talkspurt {
    Beginning,
    Running,
}

impl Player {
    /// A stream whose first packet is due at once.
    pub(crate) fn new(
        now: Mono,
        sound: Sound,
        format: Format,
        entropy: StreamEntropy,
    ) -> Result<Self, UnusablePayloadType> {
        let [c0, c1, c2, c3, t0, t1, t2, t3, s0, s1] = entropy;
        Ok(Self {
            due: now,
            format: usable(format)?,
            encoder: Encoder::new(format.codec),
            program: Program::new(sound),
            played: None,
            talkspurt: Talkspurt::Beginning,
            ssrc: u32::from_be_bytes([c0, c1, c2, c3]),
            timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
            sequence: u16::from_be_bytes([s0, s1]),
        })
    }

    /// Another sound in the same stream.
    pub(crate) fn replace(
        &mut self,
        sound: Sound,
        format: Format,
    ) -> Result<(), UnusablePayloadType> {
        let before = std::mem::replace(&mut self.format, usable(format)?);
        // G.722 remembers what it encoded; the phone's decoder does so too, and goes on with the same stream.
        if before.codec != format.codec {
            self.encoder = Encoder::new(format.codec);
        }
        if before.codec.clock_rate() != format.codec.clock_rate() {
            // One source has one clock (RFC 7160 section 4.1).
            self.ssrc = self.ssrc.wrapping_add(1);
        }
        self.program.replace(sound);
        self.played = None;
        Ok(())
    }

    /// What has been played to its end; told once.
    pub(crate) const fn poll_played(&mut self) -> Option<Cue> {
        self.played.take()
    }

    /// When the next packet is due.
    pub(crate) const fn next_timeout(&self) -> Mono {
        self.due
    }

    /// Units a second of its timestamps.
    pub(crate) const fn clock_rate(&self) -> u32 {
        self.format.codec.clock_rate()
    }

    /// Writes the packet that is due and says how long it is. After a stall it leaves out what is too late to be heard.
    pub(crate) fn handle_timeout(
        &mut self,
        now: Mono,
        packet: &mut [u8; PLAYED_OCTETS],
    ) -> Option<usize> {
        let late = self.late(now)?;
        if late > CATCH_UP {
            self.skip(late);
        }
        let marker = match self.talkspurt {
            Talkspurt::Beginning => MARKER,
            Talkspurt::Running => 0,
        };
        let mut length = HEADER_OCTETS;
        if let Some((header, payload)) = packet.split_first_chunk_mut::<HEADER_OCTETS>() {
            let [s0, s1] = self.sequence.to_be_bytes();
            let [t0, t1, t2, t3] = self.timestamp.to_be_bytes();
            let [c0, c1, c2, c3] = self.ssrc.to_be_bytes();
            let kind = marker | self.format.payload_type;
            *header = [VERSION << 6, kind, s0, s1, t0, t1, t2, t3, c0, c1, c2, c3];
            let rate = Rate::of(self.format.codec);
            let mut frame = [0; WIDE_SAMPLES as usize];
            let samples = frame.get_mut(..rate.frame() as usize).unwrap_or_default();
            self.program.render(rate, samples);
            length += self.encoder.encode(samples, payload);
        }
        self.talkspurt = Talkspurt::Running;
        self.sequence = self.sequence.wrapping_add(1);
        self.move_on(1);
        Some(length)
    }

    /// Lets pass what is due while there is nobody to send it to.
    pub(crate) fn handle_timeout_unheard(&mut self, now: Mono) {
        if let Some(late) = self.late(now) {
            self.skip(late + 1);
        }
    }

    /// How many frames have become due since the one that is next; `None` when that one is not due either.
    fn late(&self, now: Mono) -> Option<u64> {
        (now >= self.due).then(|| now.0.saturating_sub(self.due.0) / FRAME_NANOS)
    }

    fn skip(&mut self, frames: u64) {
        self.talkspurt = Talkspurt::Beginning;
        self.move_on(frames);
    }

    fn move_on(&mut self, frames: u64) {
        #[expect(clippy::cast_possible_truncation, reason = "timestamps wrap")]
        let units = (frames as u32).wrapping_mul(self.clock_rate() / FRAMES_A_SECOND);
        self.timestamp = self.timestamp.wrapping_add(units);
        self.due = self.due + Duration::from_nanos(frames.saturating_mul(FRAME_NANOS));
        if let Some(cue) = self.program.advance(frames) {
            self.played = Some(cue);
        }
    }
}

fn usable(format: Format) -> Result<Format, UnusablePayloadType> {
    let payload_type = format.payload_type;
    if payload_type >= MARKER || RTCP_CONFLICTS.contains(&payload_type) {
        return Err(UnusablePayloadType(payload_type));
    }
    Ok(format)
}

const HEADER_OCTETS: usize = 12;

const MARKER: u8 = 0x80;

/// 20 ms.
const FRAME_NANOS: u64 = 20_000_000;
const FRAMES_A_SECOND: u32 = 50;

/// Packets that may follow each other without a pause after a stall: no more than any phone's buffer takes.
const CATCH_UP: u64 = 3;

#[cfg(test)]
mod tests;
