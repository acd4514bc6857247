//! Tones: made for a phone to play, and looked for in what another one heard.

use std::f64::consts::TAU;
use std::path::Path;

/// What a phone says.
#[derive(Clone, Copy, Debug)]
pub enum Sound {
    /// A minute of one tone of so many hertz.
    Tone(f64),
    /// These keys of a telephone after two seconds, each for 100 ms with as much silence behind it, and silence after them:
    /// a minute in all.
    Keys(&'static str),
}

impl Sound {
    /// Writes it as a mono recording of 8,000 samples a second.
    pub(crate) fn write(self, file: &Path) {
        let samples = (0..RATE * 60).flat_map(|n| {
            let level = match self {
                Self::Tone(hertz) => wave(n, hertz) * 8_000.0,
                Self::Keys(keys) => key_at(keys, n)
                    .map_or(0.0, |(low, high)| (wave(n, low) + wave(n, high)) * 5_000.0),
            };
            #[expect(
                clippy::cast_possible_truncation,
                reason = "between -10,000 and 10,000"
            )]
            (level as i16).to_le_bytes()
        });
        let samples: Vec<u8> = samples.collect();
        let length = u32::try_from(samples.len()).unwrap();
        let mut octets = Vec::new();
        octets.extend_from_slice(b"RIFF");
        octets.extend_from_slice(&(length + 36).to_le_bytes());
        octets.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
        octets.extend_from_slice(&RATE.to_le_bytes());
        octets.extend_from_slice(&(RATE * 2).to_le_bytes());
        octets.extend_from_slice(b"\x02\0\x10\0data");
        octets.extend_from_slice(&length.to_le_bytes());
        octets.extend_from_slice(&samples);
        std::fs::write(file, octets).unwrap();
    }
}

/// A WAV file of so many seconds of a tone, 16 bits, 8,000 samples a second.
///
/// # Panics
/// When it would be too long for a file.
#[must_use]
pub fn tone_file(hertz: f64, seconds: u32) -> Vec<u8> {
    let samples = (0..seconds * RATE).flat_map(|n| {
        #[expect(clippy::cast_possible_truncation, reason = "below the loudest")]
        let sample = (wave(n, hertz) * 4_000.0) as i16;
        sample.to_le_bytes()
    });
    let samples: Vec<u8> = samples.collect();
    let length = u32::try_from(samples.len()).unwrap();
    let mut file = b"RIFF".to_vec();
    file.extend((length + 36).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data");
    file.extend(length.to_le_bytes());
    file.extend(samples);
    file
}

fn wave(n: u32, hertz: f64) -> f64 {
    (f64::from(n) * TAU * hertz / f64::from(RATE)).sin()
}

/// The two tones of the key that sounds at this sample (ITU-T Q.23).
fn key_at(keys: &str, n: u32) -> Option<(f64, f64)> {
    let since = n.checked_sub(RATE * 2)?;
    let key = keys
        .chars()
        .nth(usize::try_from(since / (RATE / 5)).ok()?)?;
    let place = "123A456B789C*0#D".find(key).expect("a key");
    let tones = (
        [697.0, 770.0, 852.0, 941.0][place / 4],
        [1_209.0, 1_336.0, 1_477.0, 1_633.0][place % 4],
    );
    (since % (RATE / 5) < RATE / 10).then_some(tones)
}

/// How many seconds of a recording are a tone of this frequency and little else. One that has only begun may be empty yet.
///
/// # Panics
/// When the file is no recording.
pub(crate) fn seconds_of_tone(file: &Path, hertz: f64) -> f64 {
    let (rate, samples) = samples_of(file);
    seconds_in(&samples, rate, hertz)
}

/// How many seconds of a recording are loud and none of these tones.
///
/// # Panics
/// When the file is no recording.
pub(crate) fn seconds_of_music(file: &Path, tones: &[f64]) -> f64 {
    let (rate, samples) = samples_of(file);
    seconds(&samples, rate, |block| is_loud_without(block, rate, tones))
}

/// Whether these samples of 8,000 a second are loud and none of these tones.
#[must_use]
pub fn is_music(samples: &[f64], tones: &[f64]) -> bool {
    is_loud_without(samples, RATE, tones)
}

fn is_loud_without(samples: &[f64], rate: u32, tones: &[f64]) -> bool {
    let energy: f64 = samples.iter().map(|sample| sample * sample).sum();
    energy > samples.len() as f64 * LOUD
        && tones
            .iter()
            .all(|hertz| purity(samples, rate, *hertz) < 0.5)
}

/// Whether these samples of 8,000 a second are a tone of this frequency and little else.
#[must_use]
pub fn is_tone(samples: &[f64], hertz: f64) -> bool {
    purity(samples, RATE, hertz) > 0.8
}

/// How far from a sine of so much a tone of this frequency is where it is heard, in decibels.
///
/// # Panics
/// When the file is no recording, or the tone not heard in it.
pub(crate) fn level_of_tone(file: &Path, hertz: f64, amplitude: f64) -> f64 {
    let (rate, samples) = samples_of(file);
    let blocks = samples.chunks_exact(rate as usize / 20);
    let tone: Vec<f64> = blocks
        .filter(|block| purity(block, rate, hertz) > 0.8)
        .flatten()
        .copied()
        .collect();
    assert!(!tone.is_empty(), "{hertz} Hz are not heard");
    let energy: f64 = tone.iter().map(|sample| sample * sample).sum();
    let power = energy / f64::from(u32::try_from(tone.len()).unwrap());
    10.0 * (2.0 * power / (amplitude * amplitude)).log10()
}

/// How many a second, and the samples of the first channel of a recording; none of one that has only begun.
fn samples_of(file: &Path) -> (u32, Vec<f64>) {
    let octets = std::fs::read(file).unwrap();
    if octets.is_empty() {
        return (RATE, Vec::new());
    }
    let chunk = |name: &[u8; 4]| {
        let found = octets.windows(4).position(|word| word == name);
        found.expect("a chunk of this name") + 8
    };
    let format = &octets[chunk(b"fmt ")..];
    let channels = usize::from(u16::from_le_bytes([format[2], format[3]]));
    let rate = u32::from_le_bytes(format[4..8].try_into().unwrap());
    let samples = octets[chunk(b"data")..]
        .as_chunks::<2>()
        .0
        .iter()
        .step_by(channels)
        .map(|pair| f64::from(i16::from_le_bytes(*pair)))
        .collect();
    (rate, samples)
}

/// How many seconds of these samples are a tone of this frequency and little else.
pub(crate) fn seconds_in(samples: &[f64], rate: u32, hertz: f64) -> f64 {
    seconds(samples, rate, |block| purity(block, rate, hertz) > 0.8)
}

/// How many seconds of these samples consist of such blocks of 50 ms, in which tones of multiples of 20 Hz have whole waves.
fn seconds(samples: &[f64], rate: u32, is_such: impl Fn(&[f64]) -> bool) -> f64 {
    let blocks = samples.chunks_exact(rate as usize / 20);
    blocks.filter(|block| is_such(block)).count() as f64 / 20.0
}

/// The share of the energy that is at one frequency, by Goertzel's algorithm; 0 for silence.
fn purity(samples: &[f64], rate: u32, hertz: f64) -> f64 {
    let count = f64::from(u32::try_from(samples.len()).unwrap());
    let energy: f64 = samples.iter().map(|sample| sample * sample).sum();
    if energy < count * 100.0 {
        return 0.0;
    }
    let coefficient = 2.0 * (TAU * hertz / f64::from(rate)).cos();
    let (mut last, mut before) = (0.0, 0.0);
    for sample in samples {
        (last, before) = (sample + coefficient * last - before, last);
    }
    2.0 * (last * last + before * before - coefficient * last * before) / (count * energy)
}

const RATE: u32 = 8_000;

/// Some 48 dB below the loudest sine.
const LOUD: f64 = 90.0 * 90.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_found_at_its_own_frequency_only() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tone.wav");
        Sound::Tone(440.0).write(&file);
        assert!((seconds_of_tone(&file, 440.0) - 60.0).abs() < 0.1);
        assert!(seconds_of_tone(&file, 1_000.0) < 0.01);
        assert!(seconds_of_music(&file, &[440.0]) < 0.01);
        assert!((seconds_of_music(&file, &[1_000.0]) - 60.0).abs() < 0.1);
    }
}
