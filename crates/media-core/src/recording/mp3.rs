//! How large the `.mp3` of a recording is. It is known before the file is made: a constant bit rate, no tags, and frames
//! whose octets need no padding.

use super::wav::WavFormat;

/// How a recording is encoded as MPEG-2 (16 kHz) or MPEG-2.5 (8 kHz) layer III.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Mp3Format {
    /// Bits a second of all channels.
    pub bit_rate: u32,
    /// Octets of a frame.
    frame_octets: u64,
}

impl Mp3Format {
    /// 16,000 bits a second for a channel of 8 kHz and 24,000 for one of 16 kHz.
    #[must_use]
    pub fn of(wav: WavFormat) -> Self {
        let a_channel = if wav.sample_rate > 8_000 {
            24_000
        } else {
            16_000
        };
        let bit_rate = a_channel * u32::from(wav.channels);
        Self {
            bit_rate,
            // ISO 13818-3: 72 bit rates over the sample rate; without a remainder for each of the four.
            frame_octets: u64::from(72 * bit_rate / wav.sample_rate.max(1)),
        }
    }

    /// Octets of the file for so many samples of one channel.
    #[must_use]
    pub const fn file_octets(self, frames: u64) -> u64 {
        // The encoder is a granule behind, and goes on for one to two granules until the last sample has come out.
        let granules = (frames + DELAY).div_ceil(GRANULE) + 1;
        granules * self.frame_octets
    }
}

/// Samples of one channel in a frame (ISO 13818-3).
const GRANULE: u64 = 576;

/// What LAME puts before the first sample.
const DELAY: u64 = 576;
