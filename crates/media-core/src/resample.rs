//! Sound at another rate: a windowed sine cardinal (Blackman), which leaves out what the lower rate cannot carry.
//!
//! It is for files that are loaded, not for packets. Up to 41 % of the lower rate passes untouched; from its half on,
//! nothing is left that could be heard as something else.

/// The samples at another rate. Both rates are above zero.
pub(crate) fn resample(samples: &[i16], from: u32, to: u32) -> Vec<i16> {
    if from == to || from == 0 || to == 0 {
        return samples.to_vec();
    }
    let divisor = gcd(from, to);
    let (step, phases) = (u64::from(from / divisor), u64::from(to / divisor));
    let scale = f64::from(from.min(to)) / f64::from(from);
    let filter = Filter::new(phases, scale);
    let count = samples.len() as u64 * phases / step;
    (0..count)
        .map(|n| {
            let place = n * step;
            filter.at(samples, place / phases, place % phases)
        })
        .collect()
}

/// The taps for each phase between two samples.
struct Filter {
    taps: Vec<f32>,
    /// Taps of one phase.
    length: usize,
}

impl Filter {
    fn new(phases: u64, scale: f64) -> Self {
        let half = (CROSSINGS / scale).ceil();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "some dozens to hundreds"
        )]
        let length = 2 * half as usize;
        let mut taps = Vec::new();
        for phase in 0..phases {
            let offset = phase as f64 / phases as f64;
            let of_phase: Vec<f64> = (0..length)
                .map(|tap| {
                    let distance = tap as f64 - (half - 1.0) - offset;
                    sinc(distance * 2.0 * CUTOFF * scale) * blackman(distance / half)
                })
                .collect();
            // Silence and steady sound stay as they are, whatever the phase.
            let sum: f64 = of_phase.iter().sum();
            #[expect(clippy::cast_possible_truncation, reason = "24 bits are enough")]
            taps.extend(of_phase.iter().map(|tap| (tap / sum) as f32));
        }
        Self { taps, length }
    }

    /// The sample that is `phase` behind the one at `index`.
    fn at(&self, samples: &[i16], index: u64, phase: u64) -> i16 {
        let before = self.length as u64 / 2 - 1;
        let start = usize::try_from(phase).unwrap_or_default() * self.length;
        let taps = self.taps.get(start..start + self.length);
        // Before the first sample and behind the last one is silence.
        let missing = usize::try_from(before.saturating_sub(index)).unwrap_or_default();
        let first = usize::try_from(index.saturating_sub(before)).unwrap_or(usize::MAX);
        let sum: f32 = taps
            .into_iter()
            .flatten()
            .skip(missing)
            .zip(samples.iter().skip(first))
            .map(|(tap, sample)| tap * f32::from(*sample))
            .sum();
        #[expect(clippy::cast_possible_truncation, reason = "clamped")]
        let sample = sum.round().clamp(-32_768.0, 32_767.0) as i16;
        sample
    }
}

fn sinc(x: f64) -> f64 {
    let x = x * std::f64::consts::PI;
    if x.abs() < 1e-9 { 1.0 } else { x.sin() / x }
}

/// From -1 to 1.
fn blackman(x: f64) -> f64 {
    if x.abs() >= 1.0 {
        return 0.0;
    }
    let turn = x * std::f64::consts::PI;
    0.42 + 0.5 * turn.cos() + 0.08 * (2.0 * turn).cos()
}

const fn gcd(mut a: u32, mut b: u32) -> u32 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Where the filter has half of its level, of the lower rate.
const CUTOFF: f64 = 0.456;

/// Zero crossings of the sine cardinal on each side.
const CROSSINGS: f64 = 32.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(hertz: f64, rate: u32) -> Vec<i16> {
        (0..rate)
            .map(|n| {
                let turn = f64::from(n) * hertz / f64::from(rate);
                #[expect(clippy::cast_possible_truncation, reason = "within the scale")]
                let sample = (20_000.0 * (turn * std::f64::consts::TAU).sin()) as i16;
                sample
            })
            .collect()
    }

    /// Level against 20,000 in dB, away from the ends.
    fn level(samples: &[i16]) -> f64 {
        let middle = &samples[samples.len() / 4..samples.len() * 3 / 4];
        let energy: f64 = middle.iter().map(|s| f64::from(*s).powi(2)).sum();
        let count = f64::from(u32::try_from(middle.len()).unwrap());
        20.0 * ((energy / count).sqrt() * std::f64::consts::SQRT_2 / 20_000.0)
            .max(1e-9)
            .log10()
    }

    #[test]
    fn what_both_rates_carry_stays_as_it_is() {
        for (from, to) in [
            (44_100, 16_000),
            (48_000, 8_000),
            (8_000, 16_000),
            (11_025, 8_000),
            (16_000, 8_000),
        ] {
            let hertz = 1_000.0;
            let out = resample(&sine(hertz, from), from, to);
            assert_eq!(out.len(), to as usize, "{from} to {to}");
            let wanted = sine(hertz, to);
            let (a, b) = (to as usize / 4, to as usize * 3 / 4);
            for (got, wanted) in out[a..b].iter().zip(&wanted[a..b]) {
                assert!((got - wanted).abs() < 40, "{from} to {to}: {got} {wanted}");
            }
        }
    }

    #[test]
    fn what_the_lower_rate_cannot_carry_is_not_heard_as_something_else() {
        for (hertz, from, to) in [
            (4_100.0, 16_000, 8_000),
            (6_000.0, 48_000, 8_000),
            (9_000.0, 44_100, 16_000),
        ] {
            let out = resample(&sine(hertz, from), from, to);
            assert!(level(&out) < -60.0, "{hertz} Hz at {} dB", level(&out));
        }
        let passes = resample(&sine(3_200.0, 48_000), 48_000, 8_000);
        assert!(level(&passes).abs() < 0.3, "{} dB", level(&passes));
        // Upwards, no image of the old rate.
        let image = resample(&sine(3_200.0, 8_000), 8_000, 16_000);
        assert!(level(&image).abs() < 0.3, "{} dB", level(&image));
    }

    #[test]
    fn full_scale_does_not_wrap_and_silence_stays_silence() {
        let loud: Vec<i16> = (0..800)
            .map(|n| if n / 8 % 2 == 0 { i16::MAX } else { i16::MIN })
            .collect();
        let out = resample(&loud, 8_000, 16_000);
        assert!(
            out.iter()
                .step_by(2)
                .zip(&loud)
                .filter(|(a, b)| a.signum() != b.signum())
                .count()
                < 20
        );
        assert!(
            resample(&[0; 500], 44_100, 8_000)
                .iter()
                .all(|sample| *sample == 0)
        );
        assert!(resample(&[], 44_100, 8_000).is_empty());
    }
}
