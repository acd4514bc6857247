//! Voice payloads to samples of the rate that a recording has.

use crate::codec::{self, Codec};

/// Turns the payloads of one stream into samples.
#[derive(Debug)]
pub(crate) struct Decoder {
    codec: Codec,
    decoder: codec::Decoder,
    /// The sample before, for what lies between two.
    before: i16,
    decoded: Vec<i16>,
    converted: Vec<i16>,
}

impl Decoder {
    pub(crate) fn new(codec: Codec) -> Self {
        Self {
            codec,
            decoder: codec::Decoder::new(codec),
            before: 0,
            decoded: Vec::new(),
            converted: Vec::new(),
        }
    }

    pub(crate) fn is_for(&self, codec: Codec) -> bool {
        self.codec == codec
    }

    /// The samples of a payload at `rate`, which is 8,000 or 16,000.
    pub(crate) fn decode(&mut self, payload: &[u8], rate: u32) -> &[i16] {
        let most = self.codec.most_samples(payload.len());
        self.decoded.resize(most, 0);
        let count = self.decoder.decode(payload, &mut self.decoded);
        self.decoded.truncate(count);
        self.converted.clear();
        match self.codec.sample_rate() {
            native if native < rate => self.double(),
            native if native > rate => self.halve(),
            _ => return &self.decoded,
        }
        &self.converted
    }

    /// A sample between each two.
    fn double(&mut self) {
        for sample in &self.decoded {
            self.converted.push(midpoint(self.before, *sample));
            self.converted.push(*sample);
            self.before = *sample;
        }
    }

    /// Every second sample, smoothed with its neighbours against the mirror of what is above 4 kHz.
    fn halve(&mut self) {
        for pair in self.decoded.chunks_exact(2) {
            if let [first, second] = pair {
                let around = midpoint(self.before, *second);
                self.converted.push(midpoint(around, *first));
                self.before = *second;
            }
        }
    }
}

const fn midpoint(a: i16, b: i16) -> i16 {
    #[expect(clippy::cast_possible_truncation, reason = "it lies between both")]
    let middle = ((a as i32 + b as i32) >> 1) as i16;
    middle
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Encoder;

    #[test]
    fn a_narrow_voice_is_doubled_with_samples_in_between() {
        let mut decoder = Decoder::new(Codec::Pcmu);
        let plain = decoder.decode(&[0x80, 0xff, 0x00], 8_000).to_vec();
        assert_eq!(plain, [32_124, 0, -32_124]);
        let mut decoder = Decoder::new(Codec::Pcmu);
        let doubled = decoder.decode(&[0x80, 0xff, 0x00], 16_000);
        assert_eq!(doubled, [16_062, 32_124, 16_062, 0, -16_062, -32_124]);
        let next = decoder.decode(&[0xff], 16_000);
        assert_eq!(next, [-16_062, 0], "over the border of packets");
    }

    #[test]
    fn a_wide_voice_is_halved_without_what_is_above_4_khz() {
        // Full swings between two samples are 8 kHz; G.722 has next to nothing of it, but 7 kHz.
        let tone = |step: f64| -> Vec<i16> {
            let wave = (0..640).map(|n| (f64::from(n) * step * std::f64::consts::TAU).sin());
            #[expect(clippy::cast_possible_truncation, reason = "8,000 at most")]
            wave.map(|value| (value * 8_000.0) as i16).collect()
        };
        let power = |hertz: f64, rate: u32| -> f64 {
            let mut payload = [0; 320];
            let mut encoder = Encoder::new(Codec::G722);
            let octets = encoder.encode(&tone(hertz / 16_000.0), &mut payload);
            let mut decoder = Decoder::new(Codec::G722);
            let samples = decoder.decode(&payload[..octets], rate);
            assert_eq!(samples.len(), if rate == 8_000 { 320 } else { 640 });
            let half = &samples[samples.len() / 2..];
            let sum: f64 = half.iter().map(|one| f64::from(*one).powi(2)).sum();
            sum / f64::from(u32::try_from(half.len()).unwrap())
        };
        let kept = power(500.0, 8_000) / power(500.0, 16_000);
        assert!(kept > 0.9, "{kept}");
        let mirrored = power(7_000.0, 8_000) / power(7_000.0, 16_000);
        assert!(mirrored < 0.05, "{mirrored}");
    }
}
