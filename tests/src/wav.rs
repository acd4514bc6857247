//! A recording as somebody else's player would read it.

use crate::tone;

/// Samples of 16 bits, channel by channel.
#[derive(Clone, Debug)]
pub struct Wav {
    /// Samples a second.
    pub rate: u32,
    /// Left, then right; or the only one.
    pub channels: Vec<Vec<f64>>,
}

impl Wav {
    /// Reads a file.
    ///
    /// # Panics
    /// When it is no WAV file of 16-bit samples, or its header does not fit it.
    #[must_use]
    pub fn read(octets: &[u8]) -> Self {
        assert_eq!(
            (&octets[..4], &octets[8..16]),
            (&b"RIFF"[..], &b"WAVEfmt "[..])
        );
        let word = |at: usize| u16::from_le_bytes(octets[at..at + 2].try_into().unwrap());
        let long = |at: usize| u32::from_le_bytes(octets[at..at + 4].try_into().unwrap());
        assert_eq!((word(20), word(34)), (1, 16), "PCM of 16 bits");
        assert_eq!(&octets[36..40], b"data");
        let (whole, sound) = (long(4) as usize, long(40) as usize);
        assert_eq!((whole + 8, sound + 44), (octets.len(), octets.len()));
        let samples: Vec<f64> = octets[44..]
            .as_chunks::<2>()
            .0
            .iter()
            .map(|pair| f64::from(i16::from_le_bytes(*pair)))
            .collect();
        let count = usize::from(word(22));
        let channel = |n| samples.iter().skip(n).step_by(count).copied().collect();
        Self {
            rate: long(24),
            channels: (0..count).map(channel).collect(),
        }
    }

    /// The samples of a channel as they stand in the file.
    #[must_use]
    pub fn samples(&self, channel: usize) -> Vec<i16> {
        #[expect(clippy::cast_possible_truncation, reason = "they were of 16 bits")]
        let samples = self.channels[channel].iter().map(|sample| *sample as i16);
        samples.collect()
    }

    /// Seconds.
    #[must_use]
    pub fn duration(&self) -> f64 {
        self.channels[0].len() as f64 / f64::from(self.rate)
    }

    /// How many seconds of a channel are a tone of this frequency and little else.
    #[must_use]
    pub fn seconds_of_tone(&self, channel: usize, hertz: f64) -> f64 {
        tone::seconds_in(&self.channels[channel], self.rate, hertz)
    }

    /// Root mean square of what of a channel is not silent.
    #[must_use]
    pub fn level(&self, channel: usize) -> f64 {
        let loud: Vec<f64> = self.channels[channel]
            .chunks_exact(self.rate as usize / 20)
            .map(|block| {
                block.iter().map(|sample| sample * sample).sum::<f64>() / block.len() as f64
            })
            .filter(|energy| *energy > 100.0)
            .collect();
        (loud.iter().sum::<f64>() / loud.len() as f64).sqrt()
    }
}
