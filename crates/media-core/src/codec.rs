//! Sound to octets and back, without allocation per packet: G.711 by tables, and G.722.
//!
//! A decoder and an encoder are each for one direction of one stream: G.722 predicts every sample from those before it.

mod g722;

use crate::command::Law;
pub use g722::{G722Decoder, G722Encoder};

/// The codecs whose sound we hear and make.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Codec {
    /// 7 kHz at 64 kbit/s.
    G722,
    /// G.711 A-law.
    Pcma,
    /// G.711 µ-law.
    Pcmu,
}

impl Codec {
    /// The codec of a name in an rtpmap, written in any case (RFC 3551 section 6).
    #[must_use]
    pub const fn from_name(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("G722") {
            Some(Self::G722)
        } else if name.eq_ignore_ascii_case("PCMA") {
            Some(Self::Pcma)
        } else if name.eq_ignore_ascii_case("PCMU") {
            Some(Self::Pcmu)
        } else {
            None
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

    /// Samples of sound a second.
    #[must_use]
    pub const fn sample_rate(self) -> u32 {
        match self {
            Self::G722 => 16_000,
            Self::Pcma | Self::Pcmu => 8_000,
        }
    }

    /// Units a second of the RTP timestamps: 8,000 even for G.722, by an old mistake (RFC 3551 section 4.5.2).
    #[must_use]
    pub const fn clock_rate(self) -> u32 {
        match self {
            Self::G722 | Self::Pcma | Self::Pcmu => 8_000,
        }
    }
}

/// Makes sound of the payloads of one stream.
#[derive(Clone, Debug)]
pub enum Decoder {
    /// Of G.711, without memory.
    G711(Law),
    /// Of G.722.
    G722(Box<G722Decoder>),
}

impl Decoder {
    /// A decoder at the beginning of a stream.
    #[must_use]
    pub fn new(codec: Codec) -> Self {
        match codec {
            Codec::G722 => Self::G722(Box::default()),
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
        }
    }
}

/// Makes the payloads of one stream of sound.
#[derive(Clone, Debug)]
pub enum Encoder {
    /// To G.711, without memory.
    G711(Law),
    /// To G.722.
    G722(Box<G722Encoder>),
}

impl Encoder {
    /// An encoder at the beginning of a stream.
    #[must_use]
    pub fn new(codec: Codec) -> Self {
        match codec {
            Codec::G722 => Self::G722(Box::default()),
            Codec::Pcma => Self::G711(Law::A),
            Codec::Pcmu => Self::G711(Law::Mu),
        }
    }

    /// Encodes samples and says how many octets they gave. What finds no room in `payload` is left out, and so is the
    /// last of an odd number of samples in G.722, where two make an octet.
    pub fn encode(&mut self, samples: &[i16], payload: &mut [u8]) -> usize {
        match self {
            Self::G711(law) => {
                for (word, sample) in payload.iter_mut().zip(samples) {
                    *word = law.encode(*sample);
                }
                samples.len().min(payload.len())
            }
            Self::G722(encoder) => encoder.encode(samples, payload),
        }
    }
}

#[cfg(test)]
mod tests;
