//! Sine tones in frames of 20 ms.
//!
//! A tone is a function of its place: nothing is accumulated from frame to frame, so it cannot drift, and a part of it
//! that nobody could hear costs nothing to leave out.

use crate::command::Law;

/// Samples of a frame: 20 ms at 8,000 a second.
pub(crate) const FRAME_SAMPLES: u32 = 160;

/// A sine that lasts whole frames. It fades in over its first frame and out over its last ones, so that it never clicks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tone {
    /// How much of a turn, in 2^-32, a sample is.
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

    /// Encodes the frame at `index`.
    pub(crate) fn render(&self, law: Law, index: u32, payload: &mut [u8]) {
        let mut phase = index.wrapping_mul(FRAME_SAMPLES).wrapping_mul(self.step);
        let mut level = self.amplitude * self.gain(index);
        let slope = (self.amplitude * self.gain(index + 1) - level) / FRAME_SAMPLES.cast_signed();
        for octet in payload {
            let sample = (i32::from(sine(phase)) * (level / FULL)) >> 15;
            #[expect(
                clippy::cast_possible_truncation,
                reason = "no more than the amplitude"
            )]
            let sample = sample as i16;
            *octet = law.encode(sample);
            phase = phase.wrapping_add(self.step);
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

    fn played(tone: &Tone, law: Law) -> Vec<f64> {
        let mut payload = [0; FRAME_SAMPLES as usize];
        let mut samples = Vec::new();
        for index in 0..tone.frames {
            tone.render(law, index, &mut payload);
            samples.extend(payload.map(|word| decode(law, word)));
        }
        samples
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
        let mut payload = [0; FRAME_SAMPLES as usize];
        tone.render(Law::Mu, 31, &mut payload);
        let samples = payload.map(|word| decode(Law::Mu, word));
        assert_eq!(samples, all[31 * 160..32 * 160]);
    }
}
