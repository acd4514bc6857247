//! Tones: made for a phone to play, and looked for in what another one heard.

use std::f64::consts::TAU;
use std::path::Path;

/// Writes a mono recording of 8,000 samples a second with one tone.
pub(crate) fn write(file: &Path, hertz: f64, seconds: u32) {
    let samples = (0..seconds * RATE).flat_map(|n| {
        let level = (f64::from(n) * TAU * hertz / f64::from(RATE)).sin() * 8_000.0;
        #[expect(clippy::cast_possible_truncation, reason = "between -8,000 and 8,000")]
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

/// How many seconds of a recording are a tone of this frequency and little else.
///
/// # Panics
/// When the file is no recording.
#[must_use]
pub fn seconds_of_tone(file: &Path, hertz: f64) -> f64 {
    seconds(file, |block| is_tone(block, hertz))
}

/// Whether these samples are loud and none of these tones.
#[must_use]
pub fn is_music(samples: &[f64], tones: &[f64]) -> bool {
    let energy: f64 = samples.iter().map(|sample| sample * sample).sum();
    energy > f64::from(u32::try_from(samples.len()).unwrap()) * LOUD
        && tones.iter().all(|hertz| purity(samples, *hertz) < 0.5)
}

/// Whether these samples are a tone of this frequency and little else.
#[must_use]
pub fn is_tone(samples: &[f64], hertz: f64) -> bool {
    purity(samples, hertz) > 0.8
}

/// How many seconds of a recording are loud and none of these tones.
///
/// # Panics
/// When the file is no recording.
pub(crate) fn seconds_of_music(file: &Path, tones: &[f64]) -> f64 {
    seconds(file, |block| is_music(block, tones))
}

/// How many seconds of a recording consist of such blocks.
fn seconds(file: &Path, is_such: impl Fn(&[f64]) -> bool) -> f64 {
    let octets = std::fs::read(file).unwrap();
    let data = octets
        .windows(4)
        .position(|word| word == b"data")
        .expect("a chunk of samples")
        + 8;
    let samples: Vec<f64> = octets[data..]
        .as_chunks::<2>()
        .0
        .iter()
        .map(|pair| f64::from(i16::from_le_bytes(*pair)))
        .collect();
    let (blocks, _) = samples.as_chunks::<BLOCK>();
    let toned = blocks.iter().filter(|block| is_such(&block[..])).count();
    f64::from(u32::try_from(toned * BLOCK).unwrap()) / f64::from(RATE)
}

/// The share of the energy that is at one frequency, by Goertzel's algorithm; 0 for silence.
fn purity(samples: &[f64], hertz: f64) -> f64 {
    let count = f64::from(u32::try_from(samples.len()).unwrap());
    let energy: f64 = samples.iter().map(|sample| sample * sample).sum();
    if energy < count * 100.0 {
        return 0.0;
    }
    let coefficient = 2.0 * (TAU * hertz / f64::from(RATE)).cos();
    let (mut last, mut before) = (0.0, 0.0);
    for sample in samples {
        (last, before) = (sample + coefficient * last - before, last);
    }
    2.0 * (last * last + before * before - coefficient * last * before) / (count * energy)
}

const RATE: u32 = 8_000;

/// Some 48 dB below the loudest sine.
const LOUD: f64 = 90.0 * 90.0;

/// 50 ms, in which tones of multiples of 20 Hz have whole waves.
const BLOCK: usize = 400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_found_at_its_own_frequency_only() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tone.wav");
        write(&file, 440.0, 2);
        assert!((seconds_of_tone(&file, 440.0) - 2.0).abs() < 0.01);
        assert!(seconds_of_tone(&file, 1_000.0) < 0.01);
    }
}
