//! Opus by `opus-rs`, at 16,000 samples a second and of one channel (RFC 6716).
//!
//! What we send is its music half (CELT) alone, of a constant 48 kbit/s: it keeps tones and music, and costs a third of
//! its voice half. What we get may be all of Opus: any length, bandwidth and number of channels. The state of a direction is
//! some hundred kilobytes, made with the encoder or decoder and never per packet.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use opus_rs::Application;

/// Makes sound of the payloads of one stream.
pub struct OpusDecoder {
    /// `None`: it could not be made, and all is silence.
    decoder: Option<opus_rs::OpusDecoder>,
}

/// Makes payloads of sound, 20 ms each.
pub struct OpusEncoder {
    /// `None`: it could not be made, and says nothing.
    encoder: Option<opus_rs::OpusEncoder>,
}

impl OpusDecoder {
    /// Decodes a payload and says how many samples it gave: none where it is no Opus. What finds no room in `samples` is
    /// left out.
    pub fn decode(&mut self, payload: &[u8], samples: &mut [i16]) -> usize {
        // An octet without any frame is a pause; of nothing, nothing is known.
        if payload.is_empty() {
            return 0;
        }
        let mut decoded = [0.0; MOST_SAMPLES];
        let decoder = &mut self.decoder;
        let count = guarded(|| {
            let decoded = decoder
                .as_mut()?
                .decode(payload, MOST_SAMPLES, &mut decoded);
            decoded.ok()
        });
        let Ok(count) = count else {
            *self = Self::default();
            return 0;
        };
        let decoded = decoded.get(..count.unwrap_or(0)).unwrap_or_default();
        for (sample, value) in samples.iter_mut().zip(decoded) {
            #[expect(clippy::cast_possible_truncation, reason = "it saturates")]
            let whole = (value * 32_768.0).round() as i16;
            *sample = whole;
        }
        decoded.len().min(samples.len())
    }
}

impl OpusEncoder {
    /// Encodes the first 20 ms and says how many octets they gave: none where there is less, or they find no room.
    pub fn encode(&mut self, samples: &[i16], payload: &mut [u8]) -> usize {
        let encoder = self.encoder.as_mut().zip(samples.get(..FRAME_SAMPLES));
        let encoded = encoder
            .and_then(|(encoder, frame)| encoder.encode_i16(frame, FRAME_SAMPLES, payload).ok());
        encoded.unwrap_or(0)
    }
}

impl Default for OpusDecoder {
    fn default() -> Self {
        Self {
            decoder: opus_rs::OpusDecoder::new(SAMPLE_RATE, 1).ok(),
        }
    }
}

impl Default for OpusEncoder {
    fn default() -> Self {
        let encoder = opus_rs::OpusEncoder::new(SAMPLE_RATE, 1, Application::RestrictedLowDelay);
        Self {
            encoder: encoder.ok().map(|mut encoder| {
                encoder.bitrate_bps = BITS_A_SECOND;
                encoder.use_cbr = true;
                // More takes twice the time and brings nothing at this rate.
                encoder.complexity = 0;
                encoder
            }),
        }
    }
}

impl fmt::Debug for OpusDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpusDecoder").finish_non_exhaustive()
    }
}

impl fmt::Debug for OpusEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpusEncoder").finish_non_exhaustive()
    }
}

/// What strangers send is read by code that is not ours: should it panic, a packet is lost and not the media of all calls.
fn guarded<T>(decode: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(decode)).map_err(|_| Panicked)
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Panicked;

/// Samples of the longest packet: 120 ms (RFC 6716 section 3.2.5).
pub(super) const MOST_SAMPLES: usize = 1_920;

const SAMPLE_RATE: i32 = 16_000;

/// Samples of 20 ms.
const FRAME_SAMPLES: usize = 320;

/// 120 octets a packet: less than G.711 takes, and any phone's limit that RFC 7587 recommends allows it.
const BITS_A_SECOND: i32 = 48_000;

#[cfg(test)]
mod tests;
