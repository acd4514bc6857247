//! G.722 at 64 kbit/s: two bands, each an adaptive differential code, the lower of six bits and the upper of two.
//!
//! It is ours because it is short, and because what there is in Rust is not bit-exact. Blocks and tables have the names
//! of the Recommendation (ITU-T G.722, sections 3, 4 and 6); the arithmetic is in `i32`, which nothing here overflows.

mod band;

use band::{Band, HIGH, LOW, clamp16, lookup};

/// The state of one encoded stream.
#[derive(Clone, Debug)]
pub struct G722Encoder {
    low: Band,
    high: Band,
    filter: Quadrature,
}

impl Default for G722Encoder {
    fn default() -> Self {
        Self {
            low: Band::new(&LOW),
            high: Band::new(&HIGH),
            filter: Quadrature::default(),
        }
    }
}

impl G722Encoder {
    /// Two samples an octet; says how many octets.
    pub(super) fn encode(&mut self, samples: &[i16], payload: &mut [u8]) -> usize {
        let mut written = 0;
        for (pair, octet) in samples.as_chunks::<2>().0.iter().zip(payload) {
            let (odd, even) = self.filter.pass(pair.map(i32::from));
            let low = self.encode_low((even + odd) >> 14);
            let high = self.encode_high((even - odd) >> 14);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "2 and 6 bits"
            )]
            {
                *octet = (high << 6 | low) as u8;
            }
            written += 1;
        }
        written
    }

    /// Blocks 1L to 4L.
    fn encode_low(&mut self, sample: i32) -> i32 {
        let error = clamp16(sample - self.low.estimate());
        let magnitude = if error >= 0 { error } else { -(error + 1) };
        let scale = self.low.scale();
        let level = Q6
            .iter()
            .skip(1)
            .take_while(|level| magnitude >= (*level * scale) >> 12)
            .count();
        let code = lookup(if error < 0 { &ILN } else { &ILP }, level);
        self.low.adapt(code >> 2);
        code
    }

    /// Blocks 1H to 4H.
    fn encode_high(&mut self, sample: i32) -> i32 {
        let error = clamp16(sample - self.high.estimate());
        let magnitude = if error >= 0 { error } else { -(error + 1) };
        let far = magnitude >= (564 * self.high.scale()) >> 12;
        let code = match (error < 0, far) {
            (true, false) => 1,
            (true, true) => 0,
            (false, false) => 3,
            (false, true) => 2,
        };
        self.high.adapt(code);
        code
    }
}

/// The state of one decoded stream.
#[derive(Clone, Debug)]
pub struct G722Decoder {
    low: Band,
    high: Band,
    filter: Quadrature,
}

impl Default for G722Decoder {
    fn default() -> Self {
        Self {
            low: Band::new(&LOW),
            high: Band::new(&HIGH),
            filter: Quadrature::default(),
        }
    }
}

impl G722Decoder {
    /// Two samples an octet; says how many samples.
    pub(super) fn decode(&mut self, payload: &[u8], samples: &mut [i16]) -> usize {
        let mut written = 0;
        for (octet, pair) in payload.iter().zip(samples.as_chunks_mut::<2>().0) {
            let low = self.decode_low(i32::from(octet & 0x3f));
            let high = self.decode_high(i32::from(octet >> 6));
            let (second, first) = self.filter.pass([low + high, low - high]);
            #[expect(clippy::cast_possible_truncation, reason = "clamped")]
            {
                *pair = [clamp16(first >> 11) as i16, clamp16(second >> 11) as i16];
            }
            written += 2;
        }
        written
    }

    /// Blocks 2L to 6L.
    fn decode_low(&mut self, code: i32) -> i32 {
        let difference =
            (self.low.scale() * lookup(&QM6, usize::try_from(code).unwrap_or_default())) >> 15;
        let sample = (self.low.estimate() + difference).clamp(-16_384, 16_383);
        self.low.adapt(code >> 2);
        sample
    }

    /// Blocks 2H to 5H.
    fn decode_high(&mut self, code: i32) -> i32 {
        let estimate = self.high.estimate();
        let difference = self.high.adapt(code);
        (estimate + difference).clamp(-16_384, 16_383)
    }
}

/// The mirror filters that split the sound into two bands and join them.
#[derive(Clone, Debug, Default)]
struct Quadrature {
    /// Oldest first, two at a time.
    delay: [[i32; 2]; 12],
}

impl Quadrature {
    /// What the filter's odd and even taps give with two new samples.
    fn pass(&mut self, new: [i32; 2]) -> (i32, i32) {
        self.delay.rotate_left(1);
        if let Some(newest) = self.delay.last_mut() {
            *newest = new;
        }
        let mut odd = 0;
        let mut even = 0;
        for (([first, second], tap), mirrored) in
            self.delay.iter().zip(&TAPS).zip(TAPS.iter().rev())
        {
            odd += first * tap;
            even += second * mirrored;
        }
        (odd, even)
    }
}

/// Half of the symmetric filter's coefficients.
const TAPS: [i32; 12] = [3, -11, 12, 32, -210, 951, 3_876, -805, 362, -156, 53, -11];

/// Decision levels of the six-bit quantiser.
const Q6: [i32; 30] = [
    0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940,
    1_023, 1_121, 1_219, 1_339, 1_458, 1_612, 1_765, 1_980, 2_195, 2_557, 2_919,
];

/// Codes of negative differences by level.
const ILN: [i32; 30] = [
    63, 62, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10,
    9, 8, 7, 6, 5, 4,
];

/// Codes of the other differences by level.
const ILP: [i32; 30] = [
    61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41, 40, 39, 38,
    37, 36, 35, 34, 33, 32,
];

/// What the six-bit codes stand for.
const QM6: [i32; 64] = [
    -136, -136, -136, -136, -24_808, -21_904, -19_008, -16_704, -14_984, -13_512, -12_280, -11_192,
    -10_232, -9_360, -8_576, -7_856, -7_192, -6_576, -6_000, -5_456, -4_944, -4_464, -4_008,
    -3_576, -3_168, -2_776, -2_400, -2_032, -1_688, -1_360, -1_040, -728, 24_808, 21_904, 19_008,
    16_704, 14_984, 13_512, 12_280, 11_192, 10_232, 9_360, 8_576, 7_856, 7_192, 6_576, 6_000,
    5_456, 4_944, 4_464, 4_008, 3_576, 3_168, 2_776, 2_400, 2_032, 1_688, 1_360, 1_040, 728, 432,
    136, -432, -136,
];
