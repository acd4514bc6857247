//! The header of a `.wav` file (RIFF, PCM, 16 bits): 44 octets, then nothing but samples.

/// Octets before the samples.
pub const WAV_HEADER_OCTETS: usize = 44;

/// How the samples of a file are laid out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct WavFormat {
    /// 1 or 2.
    pub channels: u8,
    /// Samples a second of one channel.
    pub sample_rate: u32,
}

impl WavFormat {
    /// The most octets of samples that a header can tell of, in whole frames of any kind.
    pub const DATA_AT_MOST: u64 = 0xffff_ffc0;

    /// Octets of one sample of each channel.
    #[must_use]
    pub const fn frame_octets(self) -> u64 {
        self.channels as u64 * 2
    }

    /// Milliseconds that so many octets of samples last.
    #[must_use]
    pub fn milliseconds(self, data_octets: u64) -> u64 {
        let frames = data_octets / self.frame_octets().max(1);
        frames.saturating_mul(1_000) / u64::from(self.sample_rate).max(1)
    }

    /// The header of a file with so many octets of samples.
    #[must_use]
    pub fn header(self, data_octets: u64) -> [u8; WAV_HEADER_OCTETS] {
        let data = u32::try_from(data_octets.min(Self::DATA_AT_MOST)).unwrap_or(u32::MAX);
        let [f0, f1, ..] = self.frame_octets().to_le_bytes();
        let frame = u32::from(u16::from_le_bytes([f0, f1]));
        let words = [
            u32::from_le_bytes(*b"RIFF"),
            data.saturating_add(36),
            u32::from_le_bytes(*b"WAVE"),
            u32::from_le_bytes(*b"fmt "),
            16,
            // PCM in the lower half.
            1 | u32::from(self.channels) << 16,
            self.sample_rate,
            self.sample_rate.saturating_mul(frame),
            frame | 16 << 16,
            u32::from_le_bytes(*b"data"),
            data,
        ];
        let mut header = [0; WAV_HEADER_OCTETS];
        for (place, word) in header.chunks_exact_mut(4).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        header
    }

    /// Samples as they stand in a file, in place of what `octets` hold.
    pub fn write_samples(samples: &[i16], octets: &mut Vec<u8>) {
        octets.clear();
        octets.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    }

    /// Reads a header that [`WavFormat::header`] wrote: the format and the octets of samples that it tells of.
    #[must_use]
    pub fn parse(header: &[u8]) -> Option<(Self, u64)> {
        let header = header.first_chunk::<WAV_HEADER_OCTETS>()?;
        let (_, [.., d0, d1, d2, d3]) = header.split_first_chunk::<40>()? else {
            return None;
        };
        let data = u64::from(u32::from_le_bytes([*d0, *d1, *d2, *d3]));
        let formats = [1, 2].into_iter().flat_map(|channels| {
            [8_000, 16_000].map(|sample_rate| Self {
                channels,
                sample_rate,
            })
        });
        formats
            .into_iter()
            .find(|format| format.header(data) == *header)
            .map(|format| (format, data))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_the_canonical_one_and_is_read_again() {
        let format = WavFormat {
            channels: 2,
            sample_rate: 16_000,
        };
        let header = format.header(64_000);
        assert_eq!(&header[..4], b"RIFF");
        assert_eq!(header[4..8], 64_036_u32.to_le_bytes());
        assert_eq!(header[20..24], [1, 0, 2, 0]);
        assert_eq!(header[28..32], 64_000_u32.to_le_bytes(), "octets a second");
        assert_eq!(header[32..36], [4, 0, 16, 0]);
        assert_eq!(WavFormat::parse(&header), Some((format, 64_000)));
        assert_eq!(format.milliseconds(64_000), 1_000);
        assert_eq!(WavFormat::parse(&header[..43]), None);
        let mut other = header;
        other[22] = 7;
        assert_eq!(WavFormat::parse(&other), None);
    }
}
