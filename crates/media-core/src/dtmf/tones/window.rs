//! Whether 25 ms of sound are one key and nothing else.
//!
//! Eight Goertzel filters find the strongest tone of either group. Then the frequencies of the two are measured, not only
//! found in a filter: the spectrum through a window and through the window's slope differ by a factor that is the
//! distance from the filter's middle (Auger and Flandrin's reassignment). With the frequencies known, so are the
//! amplitudes, and how much of all the energy the two tones are. Speech and music fail there: what is neither of the two
//! tones, such as harmonics, is too much.

use std::f32::consts::{PI, TAU};
use std::time::Duration;

use crate::dtmf::Digit;

/// From one window to the next.
pub(super) const HOP: Duration = Duration::from_micros(7_500);

/// Windows that can be looked at again, after the newest one: all those that a key's beginning depends on.
pub(super) const KEPT: usize = 12;

/// The last 25 ms of sound, and what was heard before.
#[derive(Clone, Debug)]
pub(super) struct Window {
    /// The oldest first; some of it of the time before the call.
    samples: [i16; MAX_SAMPLES],
    filled: usize,
    rate: Rate,
    /// The power of each tone in the windows before, newest first.
    before: [[f32; 8]; ONSET],
}

/// A key that fills a window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Seen {
    pub(super) digit: Digit,
    /// Whether its two tones did not sound as loud just before: keys begin at once, chords lose a note.
    pub(super) sudden: bool,
    /// Whether next to nothing else is in the window, as in those that are wholly inside a key.
    pub(super) clean: bool,
    /// The power of the low tone by that of the high one.
    pub(super) twist: f32,
}

/// A low and a high tone.
#[derive(Clone, Copy, Debug)]
struct Pair {
    row: usize,
    column: usize,
    /// How much of the energy they are.
    share: f32,
    twist: f32,
}

#[derive(Clone, Copy, Debug)]
struct Rate {
    /// Samples a second.
    sample_rate: f32,
    /// Samples of a window.
    length: usize,
    /// Samples from one window to the next.
    hop: usize,
    /// Twice the cosine of each tone's step a sample.
    coefficients: [f32; 8],
}

impl Window {
    pub(super) fn new(sample_rate: u32) -> Option<Self> {
        let (sample_rate, length, hop) = match sample_rate {
            8_000 => (8_000.0, MAX_LENGTH / 2, 60),
            16_000 => (16_000.0, MAX_LENGTH, 120),
            _ => return None,
        };
        Some(Self {
            samples: [0; MAX_SAMPLES],
            filled: KEPT * hop,
            before: [[0.0; 8]; ONSET],
            rate: Rate {
                sample_rate,
                length,
                hop,
                coefficients: FREQUENCIES.map(|hertz| 2.0 * (TAU * hertz / sample_rate).cos()),
            },
        })
    }

    /// Takes samples until the next window is full; false when they did not suffice.
    pub(super) fn fill(&mut self, samples: &mut &[i16]) -> bool {
        let full = KEPT * self.rate.hop + self.rate.length;
        if self.filled == full {
            self.samples.copy_within(self.rate.hop..full, 0);
            self.filled -= self.rate.hop;
        }
        let room = self.samples.get_mut(self.filled..full);
        let room = room.unwrap_or_default();
        let (taken, rest) = samples.split_at(room.len().min(samples.len()));
        if let Some(room) = room.get_mut(..taken.len()) {
            room.copy_from_slice(taken);
        }
        self.filled += taken.len();
        *samples = rest;
        self.filled == full
    }

    /// Whether the newest window is full of some key. Costs a third of all windows their look, where nobody presses keys.
    pub(super) fn glance(&self) -> bool {
        let (energy, powers) = self.goertzel(0);
        self.pair(0, energy, &powers).is_some()
    }

    /// The key that the window was full of that ended so many windows ago. To be asked for one after the other.
    pub(super) fn look(&mut self, ago: usize) -> Option<Seen> {
        let (energy, powers) = self.goertzel(ago);
        self.before.rotate_right(1);
        let long_before = self.before.first_mut();
        let long_before = long_before.map(|oldest| std::mem::replace(oldest, powers));
        let Pair {
            row,
            column,
            share,
            twist,
        } = self.pair(ago, energy, &powers)?;
        let steady = |tone: usize| {
            let then = long_before.and_then(|powers| powers.get(tone).copied());
            let (then, now) = (then?, *powers.get(tone)?);
            Some(now < then * ONSET_CHANGE && then < now * ONSET_CHANGE)
        };
        Some(Seen {
            digit: Digit::at(row, column)?,
            sudden: !(steady(row)? && steady(column + 4)?),
            clean: share >= CLEAN_SHARE,
            twist,
        })
    }

    /// The low and the high tone that are nearly all there is in the window.
    fn pair(&self, ago: usize, energy: f32, powers: &[f32; 8]) -> Option<Pair> {
        let sum = f32_of(self.rate.length) / 2.0;
        if energy < MIN_POWER * sum * MIN_SHARE {
            return None;
        }
        let (lows, highs) = powers.split_at(4);
        let (row, low) = strongest(lows)?;
        let (column, high) = strongest(highs)?;
        // A tone that is off by 1.5 % seems weaker in its filter, by no more than this.
        if 2.0 * (low + high) < energy * sum * MIN_SHARE / 2.0 {
            return None;
        }
        let low = self.measure(ago, row)?;
        let high = self.measure(ago, column + 4)?;
        let share = (low + high) * sum / 2.0 / energy;
        let is_key = share >= MIN_SHARE
            && low.min(high) >= MIN_POWER
            && low <= high * NORMAL_TWIST
            && high <= low * REVERSE_TWIST;
        is_key.then_some(Pair {
            row,
            column,
            share,
            twist: low / high,
        })
    }

    /// The energy and the power of each tone, all through the window.
    fn goertzel(&self, ago: usize) -> (f32, [f32; 8]) {
        let coefficients = self.rate.coefficients;
        let mut energy = 0.0;
        let (mut before, mut last) = ([0.0_f32; 8], [0.0_f32; 8]);
        for (sample, hann) in self.windowed(ago, &HANN) {
            let input = sample * hann;
            energy += input * sample;
            for ((c, last), before) in coefficients.iter().zip(&mut last).zip(&mut before) {
                let next = input + c * *last - *before;
                *before = *last;
                *last = next;
            }
        }
        let mut powers = [0.0; 8];
        for (((power, c), last), before) in
            powers.iter_mut().zip(coefficients).zip(last).zip(before)
        {
            *power = last * last + before * before - c * last * before;
        }
        (energy, powers)
    }

    /// The square of a tone's amplitude; `None` when its frequency is too far from where it should be.
    fn measure(&self, ago: usize, tone: usize) -> Option<f32> {
        let middle = *FREQUENCIES.get(tone)?;
        let step = TAU * middle / self.rate.sample_rate;
        let through = self.spectrum(ago, step, &HANN);
        let slope = self.spectrum(ago, step, &SLOPE);
        let power = through.0 * through.0 + through.1 * through.1;
        let turned = through.0 * slope.1 - through.1 * slope.0;
        let length = f32_of(self.rate.length);
        // `SLOPE` is a sine; the window's slope is that times pi a length.
        let off = turned.abs() / power * self.rate.sample_rate / (2.0 * length);
        if !off.is_finite() || off > middle * TOLERANCE {
            return None;
        }
        let seen = hann_response(off * length / self.rate.sample_rate);
        let sum = length / 2.0;
        Some(4.0 * power / (sum * sum * seen * seen))
    }

    /// The complex spectrum at one frequency; its phase is that of the last sample.
    fn spectrum(&self, ago: usize, step: f32, shape: &[f32; MAX_LENGTH]) -> (f32, f32) {
        let (sine, cosine) = step.sin_cos();
        let (mut before, mut last) = (0.0_f32, 0.0_f32);
        for (sample, weight) in self.windowed(ago, shape) {
            (before, last) = (last, sample * weight + 2.0 * cosine * last - before);
        }
        (last - before * cosine, before * sine)
    }

    fn windowed<'a>(
        &'a self,
        ago: usize,
        shape: &'a [f32; MAX_LENGTH],
    ) -> impl Iterator<Item = (f32, f32)> + 'a {
        let every = MAX_LENGTH / self.rate.length;
        let first = KEPT.saturating_sub(ago) * self.rate.hop;
        let samples = self.samples.iter().skip(first).take(self.rate.length);
        let samples = samples.map(|sample| f32::from(*sample));
        samples.zip(shape.iter().step_by(every).copied())
    }
}

/// The strongest of four.
fn strongest(powers: &[f32]) -> Option<(usize, f32)> {
    let powers = powers.iter().copied().enumerate();
    powers.max_by(|(_, a), (_, b)| a.total_cmp(b))
}

/// How a tone so many bins from the filter's middle is seen through a Hann window.
fn hann_response(bins: f32) -> f32 {
    let x = bins;
    if x < 1e-3 {
        return 1.0;
    }
    let pole = 1.0 - x * x;
    if pole.abs() < 1e-3 {
        return 0.5;
    }
    (PI * x).sin() / (PI * x * pole)
}

#[expect(clippy::cast_precision_loss, reason = "some hundreds")]
const fn f32_of(count: usize) -> f32 {
    count as f32
}

/// The four low tones and the four high ones, in hertz.
const FREQUENCIES: [f32; 8] = [
    697.0, 770.0, 852.0, 941.0, 1_209.0, 1_336.0, 1_477.0, 1_633.0,
];

/// 25 ms at the higher rate.
const MAX_LENGTH: usize = 400;

/// A window and those before it, at the higher rate.
const MAX_SAMPLES: usize = MAX_LENGTH + KEPT * 120;

/// 1.5 % have to be accepted and 3.5 % rejected (Q.24). It is as little above 1.5 as measuring in noise allows, because a
/// note of music, the G of 784 Hz, is off by 1.8 %.
const TOLERANCE: f32 = 0.0175;

/// How much of the energy the two tones have to be: a window may reach some milliseconds beyond the key.
const MIN_SHARE: f32 = 0.85;

/// How much they have to be once: noise may be 12 dB below the key.
const CLEAN_SHARE: f32 = 0.94;

/// Windows from a key's first to one that holds nothing of it: 30 ms.
pub(super) const ONSET: usize = 4;

/// 1.8 dB: what a steady tone changes by at most, in filters that hear others too. More would take a key for a part of
/// the speech that it breaks into.
const ONSET_CHANGE: f32 = 1.5;

/// -36 dBm0 each: the square of the amplitude, whose overload is at 3.14 dBm0.
const MIN_POWER: f32 = 131_000.0;

/// 8 dB by which the low tone may be louder (Q.24), and half a decibel for measuring.
const NORMAL_TWIST: f32 = 7.08;

/// 4 dB by which the high tone may be louder, and half a decibel.
const REVERSE_TWIST: f32 = 2.82;

/// Hann's window.
static HANN: [f32; MAX_LENGTH] = {
    let mut table = [0.0; MAX_LENGTH];
    let mut index = 0;
    while index < MAX_LENGTH {
        let sine = sine_of_half_turns(index);
        #[expect(clippy::indexing_slicing, reason = "the compiler runs it")]
        #[expect(clippy::cast_possible_truncation, reason = "less precise")]
        {
            table[index] = (sine * sine) as f32;
        }
        index += 1;
    }
    table
};

/// The slope of Hann's window, of which it is 1 / pi a length.
static SLOPE: [f32; MAX_LENGTH] = {
    let mut table = [0.0; MAX_LENGTH];
    let mut index = 0;
    while index < MAX_LENGTH {
        let place = 2 * index;
        let (place, sign) = if place < MAX_LENGTH {
            (place, 1.0)
        } else {
            (place - MAX_LENGTH, -1.0)
        };
        #[expect(clippy::indexing_slicing, reason = "the compiler runs it")]
        #[expect(clippy::cast_possible_truncation, reason = "less precise")]
        {
            table[index] = (sign * sine_of_half_turns(place)) as f32;
        }
        index += 1;
    }
    table
};

/// The sine of so many parts of half a turn, by its series around the quarter.
const fn sine_of_half_turns(parts: usize) -> f64 {
    let x = (parts as f64 / MAX_LENGTH as f64 - 0.5) * std::f64::consts::PI;
    let mut term = 1.0;
    let mut sum = 1.0;
    let mut n = 1.0;
    while n < 20.0 {
        term *= -x * x / (n * (n + 1.0));
        sum += term;
        n += 2.0;
    }
    sum
}
