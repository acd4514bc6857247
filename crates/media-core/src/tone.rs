//! Sine tones in frames of 20 ms.
//!
//! A tone is a function of its place: nothing is accumulated from frame to frame, so it cannot drift, and a part of it
//! that nobody could hear costs nothing to leave out.

use crate::codec::Codec;

/// Samples of a frame: 20 ms at 8,000 a second.
pub(crate) const FRAME_SAMPLES: u32 = 160;

/// Samples of a frame at 16,000 a second.
pub(crate) const WIDE_SAMPLES: u32 = 2 * FRAME_SAMPLES;

/// How many samples a second a codec takes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Rate {
    /// 8,000.
    Narrow,
    /// 16,000.
    Wide,
}

impl Rate {
    pub(crate) const fn of(codec: Codec) -> Self {
        match codec.sample_rate() {
            16_000 => Self::Wide,
            _ => Self::Narrow,
        }
    }

    /// Samples of a frame of 20 ms.
    pub(crate) const fn frame(self) -> u32 {
        match self {
            Self::Narrow => FRAME_SAMPLES,
            Self::Wide => WIDE_SAMPLES,
        }
    }
}

/// A sine that lasts whole frames. It fades in over its first frame and out over its last ones, so that it never clicks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tone {
    /// How much of a turn, in 2^-32, a sample is at 8,000 a second.
    step: u32,
    /// Peak, in sixteen bits.
    amplitude: i32,
    pub(crate) frames: u32,
    /// Frames of fading out.
    release: u32,
}

impl Tone {
    pub(crate) const fn new(
        frequency: MilliHertz,
        level: Level,
        frames: u32,
        release: u32,
    ) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "less than half a turn")]
        let step = ((frequency.0 << 32) / (SAMPLE_RATE * 1_000)) as u32;
        Self {
            step,
            amplitude: level.0,
            frames,
            release,
        }
    }

    /// Makes the frame at `index`.
    pub(crate) fn render(&self, rate: Rate, index: u32, samples: &mut [i16]) {
        let step = match rate {
            Rate::Narrow => self.step,
            Rate::Wide => self.step / 2,
        };
        let count = rate.frame();
        let mut phase = index.wrapping_mul(count).wrapping_mul(step);
        let mut level = self.amplitude * self.gain(index);
        let slope = (self.amplitude * self.gain(index + 1) - level) / count.cast_signed();
        for place in samples {
            let sample = (i32::from(sine(phase)) * (level / FULL)) >> 15;
            #[expect(
                clippy::cast_possible_truncation,
                reason = "no more than the amplitude"
            )]
            {
                *place = sample as i16;
            }
            phase = phase.wrapping_add(step);
            level += slope;
        }
    }

    /// How loud it is where frame `index` begins, of `FULL`.
    fn gain(&self, index: u32) -> i32 {
        let left = self.frames.saturating_sub(index);
        if index == 0 || left == 0 {
            0
        } else if left < self.release {
            FULL * left.cast_signed() / self.release.cast_signed()
        } else {
            FULL
        }
    }
}

/// A frequency in thousandths of a hertz.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MilliHertz(pub(crate) u64);

/// The peak of a sine in sixteen bits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Level(i32);

impl Level {
    /// -10 dBm0, the nominal level of tones (ITU-T E.180).
    pub(crate) const NOMINAL: Self = Self(7_218);
    /// -20 dBm0.
    pub(crate) const QUIET: Self = Self(2_283);
}

fn sine(phase: u32) -> i16 {
    SINE.get((phase >> SINE_SHIFT) as usize)
        .copied()
        .unwrap_or_default()
}

/// One turn. Its steps are 60 dB below the tone, less than what G.711 adds.
static SINE: [i16; 1 << SINE_BITS] = {
    let mut table = [0; 1 << SINE_BITS];
    let mut index = 0;
    while index < table.len() {
        #[expect(clippy::indexing_slicing, reason = "the compiler runs it")]
        {
            table[index] = sine_of(index);
        }
        index += 1;
    }
    table
};

/// Folds the turn into -90° to 90°, where nine terms of the series are exact to sixteen bits.
const fn sine_of(index: usize) -> i16 {
    let turn = index as f64 / (1_u32 << SINE_BITS) as f64;
    let folded = if turn < 0.25 {
        turn
    } else if turn < 0.75 {
        0.5 - turn
    } else {
        turn - 1.0
    };
    let x = folded * std::f64::consts::TAU;
    let mut term = x;
    let mut sum = x;
    let mut n = 2.0;
    while n < 18.0 {
        term *= -x * x / (n * (n + 1.0));
        sum += term;
        n += 2.0;
    }
    let scaled = sum * 32_767.0;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a sine times the largest value"
    )]
    let rounded = (if scaled < 0.0 {
        scaled - 0.5
    } else {
        scaled + 0.5
    }) as i16;
    rounded
}

const SAMPLE_RATE: u64 = 8_000;

const FULL: i32 = 256;

const SINE_BITS: u32 = 10;

const SINE_SHIFT: u32 = u32::BITS - SINE_BITS;

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::codec::Encoder;
    use crate::command::Law;

    /// What a phone makes of a code word: the middle of its interval, in sixteen bits.
    pub(crate) fn decode(law: Law, word: u8) -> f64 {
        let (negative, code) = match law {
            Law::A => ((word ^ 0x55) & 0x80 == 0, (word ^ 0x55) & 0x7f),
            Law::Mu => (!word & 0x80 != 0, !word & 0x7f),
        };
        let (chord, step) = (i32::from(code >> 4), i32::from(code & 15));
        let value = match law {
            Law::A if chord == 0 => 16 * step + 8,
            Law::A => (16 * step + 264) << (chord - 1),
            Law::Mu => 4 * (((2 * step + 33) << chord) - 33),
        };
        f64::from(if negative { -value } else { value })
    }

    /// The octets of a frame that a phone gets.
    pub(crate) fn encode(law: Law, samples: &[i16]) -> [u8; FRAME_SAMPLES as usize] {
        let mut payload = [0; FRAME_SAMPLES as usize];
        Encoder::G711(law).encode(samples, &mut payload);
        payload
    }

    /// The power of one frequency in dBm0 (Goertzel).
    pub(crate) fn dbm0(samples: &[f64], hertz: f64) -> f64 {
        let coefficient = 2.0 * (std::f64::consts::TAU * hertz / 8_000.0).cos();
        let (mut s1, mut s2) = (0.0, 0.0);
        for sample in samples {
            (s1, s2) = (sample + coefficient * s1 - s2, s1);
        }
        let count = f64::from(u32::try_from(samples.len()).unwrap());
        let peak = 2.0 * (s1 * s1 + s2 * s2 - coefficient * s1 * s2).max(0.0).sqrt() / count;
        // The overload is at 3.14 dBm0.
        20.0 * (peak / 32_768.0).log10() + 20.0 * 0.157
    }

    fn heard(tone: &Tone, law: Law, index: u32) -> [f64; FRAME_SAMPLES as usize] {
        let mut samples = [0; FRAME_SAMPLES as usize];
        tone.render(Rate::Narrow, index, &mut samples);
        encode(law, &samples).map(|word| decode(law, word))
    }

    fn played(tone: &Tone, law: Law) -> Vec<f64> {
        (0..tone.frames)
            .flat_map(|index| heard(tone, law, index))
            .collect()
    }

    #[test]
    fn the_table_is_a_sine() {
        for (index, value) in SINE.iter().enumerate() {
            let turn = f64::from(u32::try_from(index).unwrap()) / 1_024.0;
            let exact = (turn * std::f64::consts::TAU).sin() * 32_767.0;
            assert!((f64::from(*value) - exact).abs() <= 0.51, "{index}");
        }
    }

    #[test]
    fn a_tone_has_its_frequency_and_its_level_and_little_else() {
        for law in [Law::A, Law::Mu] {
            for (level, wanted) in [(Level::NOMINAL, -10.0), (Level::QUIET, -20.0)] {
                let samples = played(&Tone::new(MilliHertz(425_000), level, 52, 1), law);
                let second = &samples[160..8_160];
                assert!((dbm0(second, 425.0) - wanted).abs() < 0.1, "{law:?}");
                for other in [50.0, 400.0, 424.0, 426.0, 850.0, 1_275.0, 3_000.0] {
                    assert!(dbm0(second, other) < wanted - 35.0, "{law:?} {other}");
                }
            }
        }
    }

    #[test]
    fn frames_join_without_a_step_and_the_ends_are_soft() {
        let tone = Tone::new(MilliHertz(425_000), Level::NOMINAL, 50, 4);
        let samples = played(&tone, Law::A);
        // The steepest part of a sine, and the steps of G.711 at this level.
        let steepest = 7_218.0 * std::f64::consts::TAU * 425.0 / 8_000.0 + 2.0 * 256.0;
        for pair in samples.windows(2) {
            assert!((pair[1] - pair[0]).abs() <= steepest);
        }
        for quiet in [&samples[..8], &samples[samples.len() - 8..]] {
            assert!(quiet.iter().all(|sample| sample.abs() < 400.0), "{quiet:?}");
        }
    }

    #[test]
    fn a_frame_is_the_same_whatever_was_rendered_before() {
        let tone = Tone::new(MilliHertz(1_000_000), Level::QUIET, 50, 1);
        let all = played(&tone, Law::Mu);
        let samples = heard(&tone, Law::Mu, 31);
        assert_eq!(samples, all[31 * 160..32 * 160]);
    }

    #[test]
    fn at_twice_the_rate_it_is_the_same_tone() {
        let tone = Tone::new(MilliHertz(1_000_000), Level::QUIET, 50, 1);
        for index in [0, 1, 31, 49] {
            let (mut narrow, mut wide) = ([0; 160], [0; 320]);
            tone.render(Rate::Narrow, index, &mut narrow);
            tone.render(Rate::Wide, index, &mut wide);
            for (one, other) in narrow.iter().zip(wide.iter().step_by(2)) {
                assert!((one - other).abs() < 16, "{index}: {one} and {other}");
            }
        }
    }
}
