//! A recording as MP3: constant bit rate, no tags, both sides in channels of their own.

use std::fs::File;
use std::io::{self, Write};

use mp3lame_encoder::{
    Bitrate, BuildError, Builder, Encoder, FlushGap, InterleavedPcm, Mode, MonoPcm, Quality,
    VbrMode, max_required_buffer_size,
};
use offhook_media_core::{Mp3Format, WavFormat};

use super::wav_reader::WavReader;

/// Encodes a recording.
///
/// # Errors
/// When a file fails, or the encoder.
pub(super) fn encode(wav: File, into: &mut impl Write) -> io::Result<()> {
    let mut wav = WavReader::new(wav)?;
    let stereo = wav.format.channels > 1;
    let mut encoder = encoder(wav.format).map_err(|error| io::Error::other(error.to_string()))?;
    let (mut samples, mut encoded) = (Vec::new(), Vec::new());
    loop {
        samples.clear();
        samples.extend(wav.next()?);
        if samples.is_empty() {
            break;
        }
        encoded.clear();
        encoded.reserve(max_required_buffer_size(samples.len()));
        let done = if stereo {
            encoder.encode_to_vec(InterleavedPcm(&samples), &mut encoded)
        } else {
            encoder.encode_to_vec(MonoPcm(&samples), &mut encoded)
        };
        done.map_err(|error| io::Error::other(error.to_string()))?;
        into.write_all(&encoded)?;
    }
    encoded.clear();
    encoded.reserve(LAST_OCTETS);
    encoder
        .flush_to_vec::<FlushGap>(&mut encoded)
        .map_err(|error| io::Error::other(error.to_string()))?;
    into.write_all(&encoded)
}

/// What LAME may still hold at the end.
const LAST_OCTETS: usize = 7_200;

fn encoder(format: WavFormat) -> Result<Encoder, BuildError> {
    let bit_rate = match Mp3Format::of(format).bit_rate {
        16_000 => Bitrate::Kbps16,
        24_000 => Bitrate::Kbps24,
        32_000 => Bitrate::Kbps32,
        _ => Bitrate::Kbps48,
    };
    let mode = if format.channels > 1 {
        // What one side says shall not be heard in the other ear.
        Mode::Stereo
    } else {
        Mode::Mono
    };
    Builder::new()
        .ok_or(BuildError::NoMem)?
        .with_num_channels(format.channels)?
        .with_sample_rate(format.sample_rate)?
        .with_output_sample_rate(std::num::NonZeroU32::new(format.sample_rate))?
        .with_mode(mode)?
        .with_vbr_mode(VbrMode::Off)?
        .with_brate(bit_rate)?
        .with_to_write_vbr_tag(false)?
        .with_quality(Quality::Ok)?
        .build()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt;
    use std::process::Command;
    use std::time::Instant;

    use super::*;
    use crate::recorder::wav_file::WavFile;

    const FORMATS: [(u8, u32); 4] = [(1, 8_000), (2, 8_000), (1, 16_000), (2, 16_000)];

    /// A file with a tone in each channel: 500 Hz on the left, 1,000 Hz on the right.
    fn tones(format: WavFormat, frames: u32) -> File {
        let file = tempfile::tempfile().unwrap();
        let mut wav = WavFile::begin(file.try_clone().unwrap(), format).unwrap();
        let mut samples = Vec::new();
        for n in 0..frames {
            for channel in 0..format.channels {
                let turns = f64::from(n) * 500.0 * f64::from(channel + 1);
                let angle = turns / f64::from(format.sample_rate) * std::f64::consts::TAU;
                #[expect(clippy::cast_possible_truncation, reason = "8,000 at most")]
                samples.push((angle.sin() * 8_000.0) as i16);
            }
        }
        wav.append(&samples).unwrap();
        wav.tell().unwrap();
        file
    }

    #[test]
    fn the_size_is_known_from_the_length_for_any_length() {
        for (channels, sample_rate) in FORMATS {
            let format = WavFormat {
                channels,
                sample_rate,
            };
            let near = [575, 576, 577, 1_151, 1_152, 1_153];
            let steps = (0..40).map(|n| n * 211);
            for frames in (1..12).chain(near).chain(steps).chain([80_000, 160_123]) {
                let mut encoded = Vec::new();
                encode(tones(format, frames), &mut encoded).unwrap();
                let told = Mp3Format::of(format).file_octets(frames.into());
                assert_eq!(encoded.len() as u64, told, "{format:?} {frames}");
            }
        }
    }

    #[test]
    fn every_frame_is_one_of_sound_at_the_same_bit_rate_and_there_is_no_tag() {
        for (channels, sample_rate) in FORMATS {
            let format = WavFormat {
                channels,
                sample_rate,
            };
            let mut encoded = Vec::new();
            encode(tones(format, sample_rate), &mut encoded).unwrap();
            let octets =
                usize::try_from(72 * Mp3Format::of(format).bit_rate / sample_rate).unwrap();
            for frame in encoded.chunks(octets) {
                assert_eq!(frame[..3], encoded[..3], "{format:?}");
                assert_eq!(frame[0], 0xff, "the sync word");
            }
            for tag in [&b"Xing"[..], b"Info", b"ID3", b"TAG"] {
                assert!(!encoded.windows(tag.len()).any(|part| part == tag));
            }
        }
    }

    /// How much of a frequency there is in samples.
    fn power(samples: &[i16], hertz: f64, rate: f64) -> f64 {
        let (mut re, mut im) = (0.0, 0.0);
        for (n, sample) in (0..).zip(samples) {
            let angle = f64::from(n) * hertz / rate * std::f64::consts::TAU;
            re += f64::from(*sample) * angle.cos();
            im += f64::from(*sample) * angle.sin();
        }
        re.hypot(im) / f64::from(u32::try_from(samples.len()).unwrap())
    }

    #[test]
    fn another_program_hears_each_side_in_its_own_channel() {
        for sample_rate in [8_000_u32, 16_000] {
            let format = WavFormat {
                channels: 2,
                sample_rate,
            };
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("a.mp3");
            let mut file = File::create(&path).unwrap();
            encode(tones(format, sample_rate * 2), &mut file).unwrap();
            let decoded = Command::new("mpg123")
                .args(["--quiet", "--no-resync", "--stdout"])
                .arg(&path)
                .output()
                .expect("the Debian package mpg123 is missing");
            assert!(decoded.status.success(), "{decoded:?}");
            let samples: Vec<i16> = decoded
                .stdout
                .chunks_exact(2)
                .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
                .collect();
            let length = samples.len() / 2;
            let expected = usize::try_from(sample_rate * 2).unwrap();
            assert!((expected..expected + 2_304).contains(&length), "{length}");
            let rate = f64::from(sample_rate);
            let side = |channel: usize| -> Vec<i16> {
                let frames = samples.chunks(2).skip(2_000).take(8_000);
                frames.map(|frame| frame[channel]).collect()
            };
            for (channel, own, other) in [(0, 500.0, 1_000.0), (1, 1_000.0, 500.0)] {
                let heard = side(channel);
                let (own, other) = (power(&heard, own, rate), power(&heard, other, rate));
                assert!(own > 2_000.0 && other < own / 100.0, "{own} {other}");
            }
        }
    }

    #[test]
    fn what_is_no_recording_is_refused() {
        let file = tempfile::tempfile().unwrap();
        assert!(encode(file.try_clone().unwrap(), &mut Vec::new()).is_err());
        file.write_all_at(&[7; 100], 0).unwrap();
        assert!(encode(file, &mut Vec::new()).is_err());
    }

    /// In a release build on one core: 300 times.
    #[test]
    fn a_recording_is_encoded_in_a_fraction_of_its_time() {
        let format = WavFormat {
            channels: 2,
            sample_rate: 8_000,
        };
        let wav = tones(format, 8_000 * 600);
        let begun = Instant::now();
        encode(wav, &mut io::sink()).unwrap();
        let times = 600.0 / begun.elapsed().as_secs_f64();
        let least = if cfg!(debug_assertions) { 20.0 } else { 300.0 };
        assert!(times > least, "{times}");
    }
}
