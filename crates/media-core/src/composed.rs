//! The music that is there without a library: three quarters of a minute of slow chords and a few plucked notes above them,
//! made by this file alone, so that nobody has a right to it.
//!
//! Nothing in it is above 3 kHz: a phone of 8,000 samples a second hears all of it. What rings at the end goes on at the
//! beginning, so that the repetition has no seam.

use crate::clip::Clip;

impl Clip {
    /// The music: 48 s at -20 dBm0.
    #[must_use]
    pub fn composed() -> Option<Self> {
        let mut sound = vec![0.0; LENGTH];
        for (bar, chord) in CHORDS.iter().enumerate() {
            let start = bar * BAR;
            for semitones in chord {
                let pad = Note {
                    hertz: hertz(*semitones),
                    level: 1.0,
                    partials: &[1.0, 0.3],
                    length: BAR + TAIL,
                };
                pad.add(&mut sound, start, |at| {
                    let (rise, fall) = (at / TAIL as f64, (BAR + TAIL) as f64 - at);
                    swell(rise) * swell(fall / TAIL as f64)
                });
            }
            for (beat, step) in MELODY.iter().enumerate() {
                // Each chord's own notes, an octave or two up, and not on every beat.
                let Some(semitones) = step.and_then(|step| chord.get(step)) else {
                    continue;
                };
                let place = (beat + bar) % MELODY.len();
                let pluck = Note {
                    hertz: hertz(semitones + 12 + 12 * i32::from(place.is_multiple_of(3))),
                    level: 1.6,
                    partials: &[1.0, 0.35],
                    length: 2 * RATE,
                };
                pluck.add(&mut sound, start + place * BAR / MELODY.len(), |at| {
                    let seconds = at / RATE as f64;
                    (seconds / 0.01).min(1.0) * (-seconds / 0.5).exp() * swell(4.0 - 2.0 * seconds)
                });
            }
        }
        let energy: f64 = sound.iter().map(|sample| sample * sample).sum();
        let gain = QUIET / (energy / LENGTH as f64).sqrt();
        #[expect(clippy::cast_possible_truncation, reason = "far below the loudest")]
        let wide: Vec<i16> = sound
            .iter()
            .map(|sample| (sample * gain).round() as i16)
            .collect();
        let narrow = wide.iter().step_by(2).copied().collect();
        Self::new("built-in music".to_owned(), narrow, wide).ok()
    }
}

struct Note {
    hertz: f64,
    level: f64,
    /// How loud each multiple of the frequency is.
    partials: &'static [f64],
    /// In samples.
    length: usize,
}

impl Note {
    fn add(&self, sound: &mut [f64], start: usize, envelope: impl Fn(f64) -> f64) {
        for (n, loud) in self.partials.iter().enumerate() {
            let angle = self.hertz * (n as f64 + 1.0) * std::f64::consts::TAU / RATE as f64;
            // A pointer that turns by the same angle each sample: cheaper than a sine each.
            let (turn_sine, turn_cosine) = angle.sin_cos();
            let (mut sine, mut cosine) = (0.0_f64, 1.0_f64);
            let mut level = 0.0;
            for at in 0..self.length {
                if at % STEP == 0 {
                    level = self.level * loud * envelope(at as f64);
                }
                if let Some(sample) = sound.get_mut((start + at) % LENGTH) {
                    *sample += sine * level;
                }
                (sine, cosine) = (
                    sine * turn_cosine + cosine * turn_sine,
                    cosine * turn_cosine - sine * turn_sine,
                );
            }
        }
    }
}

/// From 0 to 1, softly.
fn swell(x: f64) -> f64 {
    let x = x.clamp(0.0, 1.0);
    x * x * (3.0 - 2.0 * x)
}

/// Of a note so many semitones above the middle C.
fn hertz(semitones: i32) -> f64 {
    261.626 * (f64::from(semitones) / 12.0).exp2()
}

const RATE: usize = 16_000;

/// Samples of a chord: 6 s.
const BAR: usize = 6 * RATE;

/// How long a chord comes and goes: 1.5 s.
const TAIL: usize = 3 * RATE / 2;

const LENGTH: usize = CHORDS.len() * BAR;

/// Samples between two looks at the envelope: half a millisecond.
const STEP: usize = 8;

/// The mean of -20 dBm0 in sixteen bits.
const QUIET: f64 = 1_614.0;

/// In semitones from the middle C: C, A minor, F, G, E minor, A minor, D minor, G, each with its seventh or sixth.
const CHORDS: [[i32; 4]; 8] = [
    [-12, -5, 4, 11],
    [-15, -5, 0, 7],
    [-19, -7, 0, 4],
    [-17, -5, 2, 4],
    [-20, -8, -1, 2],
    [-15, -3, 0, 7],
    [-10, -3, 0, 5],
    [-17, -5, -1, 2],
];

/// Which note of the chord on which eighth.
const MELODY: [Option<usize>; 8] = [
    Some(2),
    None,
    Some(3),
    Some(2),
    None,
    Some(3),
    Some(1),
    None,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone::Rate;

    fn music() -> Vec<f64> {
        let clip = Clip::composed().unwrap();
        assert_eq!(clip.duration_ms(), 48_000);
        let mut samples = vec![0; 384_000];
        for (frame, part) in samples.chunks_mut(160).enumerate() {
            clip.render_looped(Rate::Narrow, frame as u64, part);
        }
        samples.into_iter().map(f64::from).collect()
    }

    #[test]
    fn it_is_quiet_never_silent_and_never_loud() {
        let music = music();
        let mean = |part: &[f64]| {
            let energy: f64 = part.iter().map(|sample| sample * sample).sum();
            (energy / f64::from(u32::try_from(part.len()).unwrap())).sqrt()
        };
        assert!((mean(&music) - QUIET).abs() < 20.0, "{}", mean(&music));
        for (second, part) in music.chunks(8_000).enumerate() {
            let mean = mean(part);
            assert!((500.0..4_000.0).contains(&mean), "second {second}: {mean}");
        }
        let peak = music
            .iter()
            .fold(0.0, |peak, sample| sample.abs().max(peak));
        assert!(peak < 12_000.0, "{peak}");
    }

    #[test]
    fn it_has_no_click_not_even_where_it_repeats() {
        let music = music();
        let seam = (music[0] - music[music.len() - 1]).abs();
        let steps = music.windows(2).map(|two| (two[1] - two[0]).abs());
        let largest = steps.fold(seam, f64::max);
        assert!(largest < 5_000.0, "{largest}");
        assert!(seam < 2_000.0, "{seam}");
    }
}
