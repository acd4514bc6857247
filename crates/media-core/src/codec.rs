//! Sound to octets and back, without allocation per packet: G.711 by tables, G.722, and Opus.
//!
//! A decoder and an encoder are each for one direction of one stream: G.722 and Opus predict from what was before.

mod g722;
#[cfg(feature = "opus")]
mod opus;

use crate::command::Law;
pub use g722::{G722Decoder, G722Encoder};
#[cfg(feature = "opus")]
pub use opus::{OpusDecoder, OpusEncoder};

/// The codecs whose sound we hear and make.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Codec {
    /// 7 kHz at 64 kbit/s.
    G722,
    /// Opus, at 16,000 samples a second and of one channel (RFC 6716, RFC 7587).
    #[cfg(feature = "opus")]
    Opus,
    /// G.711 A-law.
    Pcma,
    /// G.711 µ-law.
    Pcmu,
}

impl Codec {
    /// The codec of an rtpmap: its name, written in any case, its clock and its channels (RFC 3551 section 6). Opus says two
    /// channels whatever it has (RFC 7587 section 7).
    #[must_use]
    pub const fn from_rtpmap(name: &str, clock: u32, channels: u8) -> Option<Self> {
        match (clock, channels) {
            (8_000, 1) if name.eq_ignore_ascii_case("G722") => Some(Self::G722),
            (8_000, 1) if name.eq_ignore_ascii_case("PCMA") => Some(Self::Pcma),
            (8_000, 1) if name.eq_ignore_ascii_case("PCMU") => Some(Self::Pcmu),
            #[cfg(feature = "opus")]
            (48_000, 2) if name.eq_ignore_ascii_case("opus") => Some(Self::Opus),
            _ => None,
        }
    }

    /// The codec of a static payload type (RFC 3551 section 6).
    #[must_use]
    pub const fn from_payload_type(payload_type: u8) -> Option<Self> {
        match payload_type {
            0 => Some(Self::Pcmu),
            8 => Some(Self::Pcma),
            9 => Some(Self::G722),
            _ => None,
        }
    }

    /// A number for it inside this process: the static payload type where there is one.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::G722 => 9,
            #[cfg(feature = "opus")]
            Self::Opus => OPUS_NUMBER,
            Self::Pcma => 8,
            Self::Pcmu => 0,
        }
    }

    /// The codec of such a [number](Self::number).
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            #[cfg(feature = "opus")]
            OPUS_NUMBER => Some(Self::Opus),
            number => Self::from_payload_type(number),
        }
    }

    /// Whether to decode it costs so much that nobody should do it in vain.
    #[must_use]
    pub const fn is_dear(self) -> bool {
        !matches!(self, Self::Pcma | Self::Pcmu)
    }

    /// The most samples that a payload of so many octets may give.
    #[must_use]
    pub const fn most_samples(self, octets: usize) -> usize {
        match self {
            Self::G722 => octets.saturating_mul(2),
            #[cfg(feature = "opus")]
            Self::Opus => opus::MOST_SAMPLES,
            Self::Pcma | Self::Pcmu => octets,
        }
    }

    /// Samples of sound a second.
    #[must_use]
    pub const fn sample_rate(self) -> u32 {
        match self {
            Self::G722 => 16_000,
            #[cfg(feature = "opus")]
            Self::Opus => 16_000,
            Self::Pcma | Self::Pcmu => 8_000,
        }
    }

    /// Units a second of the RTP timestamps: 8,000 even for G.722, by an old mistake (RFC 3551 section 4.5.2), and 48,000
    /// for Opus at any rate of samples (RFC 7587 section 4.1).
    #[must_use]
    pub const fn clock_rate(self) -> u32 {
        match self {
            #[cfg(feature = "opus")]
            Self::Opus => 48_000,
            Self::G722 | Self::Pcma | Self::Pcmu => 8_000,
        }
    }
}

/// Makes sound of the payloads of one stream.
#[derive(Debug)]
pub enum Decoder {
    /// Of G.711, without memory.
    G711(Law),
    /// Of G.722.
    G722(Box<G722Decoder>),
    /// Of Opus.
    #[cfg(feature = "opus")]
    Opus(Box<OpusDecoder>),
}

impl Decoder {
    /// A decoder at the beginning of a stream.
    #[must_use]
    pub fn new(codec: Codec) -> Self {
        match codec {
            Codec::G722 => Self::G722(Box::default()),
            #[cfg(feature = "opus")]
            Codec::Opus => Self::Opus(Box::default()),
            Codec::Pcma => Self::G711(Law::A),
            Codec::Pcmu => Self::G711(Law::Mu),
        }
    }

    /// Decodes a payload and says how many samples it gave. What finds no room in `samples` is left out.
    pub fn decode(&mut self, payload: &[u8], samples: &mut [i16]) -> usize {
        match self {
            Self::G711(law) => {
                for (sample, word) in samples.iter_mut().zip(payload) {
                    *sample = law.decode(*word);
                }
                payload.len().min(samples.len())
            }
            Self::G722(decoder) => decoder.decode(payload, samples),
            #[cfg(feature = "opus")]
            Self::Opus(decoder) => decoder.decode(payload, samples),
        }
    }
}

/// Makes the payloads of one stream of sound.
#[derive(Debug)]
pub enum Encoder {
    /// To G.711, without memory.
    G711(Law),
    /// To G.722.
    G722(Box<G722Encoder>),
    /// To Opus.
    #[cfg(feature = "opus")]
    Opus(Box<OpusEncoder>),
}

impl Encoder {
    /// An encoder at the beginning of a stream.
    #[must_use]
    pub fn new(codec: Codec) -> Self {
        match codec {
            Codec::G722 => Self::G722(Box::default()),
            #[cfg(feature = "opus")]
            Codec::Opus => Self::Opus(Box::default()),
            Codec::Pcma => Self::G711(Law::A),
            Codec::Pcmu => Self::G711(Law::Mu),
        }
    }

    /// Encodes samples and says how many octets they gave. What finds no room in `payload` is left out, and so is the
    /// last of an odd number of samples in G.722, where two make an octet. Opus takes 20 ms.
    pub fn encode(&mut self, samples: &[i16], payload: &mut [u8]) -> usize {
        match self {
            Self::G711(law) => {
                for (word, sample) in payload.iter_mut().zip(samples) {
                    *word = law.encode(*sample);
                }
                samples.len().min(payload.len())
            }
            Self::G722(encoder) => encoder.encode(samples, payload),
            #[cfg(feature = "opus")]
            Self::Opus(encoder) => encoder.encode(samples, payload),
        }
    }
}

/// No payload type is as high.
#[cfg(feature = "opus")]
const OPUS_NUMBER: u8 = 128;

#[cfg(test)]
mod tests;
