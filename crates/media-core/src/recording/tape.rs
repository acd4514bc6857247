//! The recording of a call as it goes on: packets in, blocks of interleaved samples out.

use std::time::Duration;

use offhook_base::Mono;

use super::channel::{Channel, LATE};
use super::wav::WavFormat;
use crate::codec::Codec;

/// A packet that is recorded.
#[derive(Clone, Copy, Debug)]
pub struct TapedPacket<'p> {
    /// When it arrived.
    pub at: Mono,
    /// 0 is left, 1 is right.
    pub channel: u8,
    /// What its payload is.
    pub codec: Codec,
    /// Timestamp units a second.
    pub clock: u32,
    /// From its RTP header.
    pub timestamp: u32,
    /// From its RTP header.
    pub ssrc: u32,
    /// What is to be decoded.
    pub payload: &'p [u8],
}

/// The recording of one call.
#[derive(Debug)]
pub struct Tape {
    begun: Mono,
    channels: Vec<Channel>,
    rate: u32,
    /// Somebody has been heard.
    voiced: bool,
    /// Frames (a sample of each channel) given out.
    written: i64,
    /// Frames from there on, interleaved, as far as something is decoded.
    block: Vec<i16>,
    /// How much of `block` was given out by the last poll.
    given: usize,
    /// Packets for which there was no room.
    dropped: u64,
}

impl Tape {
    /// How long a packet is awaited; so much before the present nothing changes any more.
    pub const AWAITED: Duration = Duration::from_millis(LATE.unsigned_abs());

    /// An empty recording of one or two channels whose time begins at `begun`.
    #[must_use]
    pub fn new(begun: Mono, stereo: bool) -> Self {
        let channels = if stereo { 2 } else { 1 };
        Self {
            begun,
            channels: (0..channels).map(|_| Channel::default()).collect(),
            rate: 8_000,
            voiced: false,
            written: 0,
            block: Vec::new(),
            given: 0,
            dropped: 0,
        }
    }

    /// How the samples are laid out. The rate may change once: when the first voice is heard, and all before is silence.
    #[must_use]
    pub fn format(&self) -> WavFormat {
        WavFormat {
            channels: if self.channels.len() > 1 { 2 } else { 1 },
            sample_rate: self.rate,
        }
    }

    /// Frames given out by [`Tape::poll_block`]; counted anew at another rate.
    #[must_use]
    pub const fn frames(&self) -> u64 {
        self.written.unsigned_abs()
    }

    /// Packets that came too densely to be kept.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Takes a packet.
    pub fn handle_packet(&mut self, packet: &TapedPacket<'_>) {
        if !self.voiced {
            self.voiced = true;
            let rate = packet.codec.sample_rate();
            self.written = self.written * i64::from(rate) / i64::from(self.rate);
            self.rate = rate;
        }
        let arrival = self.place_of(packet.at);
        let channel = self.channels.get_mut(usize::from(packet.channel));
        let taken = channel.is_some_and(|channel| channel.take(arrival, packet, self.rate));
        if !taken {
            self.dropped += 1;
        }
    }

    /// The next frames that are due when nothing before `upto` is awaited any more, a second of them at most. To be called
    /// until there are none.
    pub fn poll_block(&mut self, upto: Mono) -> Option<&[i16]> {
        let width = self.channels.len();
        let given = std::mem::take(&mut self.given);
        self.block.drain(..given.min(self.block.len()));
        let due = (self.place_of(upto) - self.written).min(i64::from(self.rate));
        let frames = usize::try_from(due).ok().filter(|frames| *frames > 0)?;
        let end = self.written + due;
        if self.block.len() < frames * width {
            self.block.resize(frames * width, 0);
        }
        for (index, channel) in self.channels.iter_mut().enumerate() {
            while let Some((place, samples)) = channel.decode_before(end, self.rate) {
                mix(
                    &mut self.block,
                    (index, width),
                    place - self.written,
                    samples,
                );
            }
        }
        self.written = end;
        self.given = frames * width;
        self.block.get(..self.given)
    }

    fn place_of(&self, at: Mono) -> i64 {
        let nanoseconds = i64::try_from((at - self.begun).as_nanos()).unwrap_or(i64::MAX);
        (nanoseconds / 125).saturating_mul(i64::from(self.rate)) / 8_000_000
    }
}

/// Puts samples of one channel into their places; what lies before the block came too late.
fn mix(block: &mut Vec<i16>, (channel, width): (usize, usize), place: i64, samples: &[i16]) {
    let late = usize::try_from(-place).unwrap_or(0);
    let first = usize::try_from(place).unwrap_or(0);
    let samples = samples.get(late..).unwrap_or_default();
    let end = (first + samples.len()) * width;
    if !samples.is_empty() && block.len() < end {
        block.resize(end, 0);
    }
    let places = block
        .iter_mut()
        .skip(first * width + channel)
        .step_by(width);
    for (place, sample) in places.zip(samples) {
        *place = *sample;
    }
}
