//! WAV files of all kinds that sound programs write, as one channel of 16 bits; and such a file of a clip.

use std::fmt;

use crate::clip::{Clip, UnusableClip};
use crate::command::Law;
use crate::resample::resample;

/// Why a file cannot be played.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum UnusableWav {
    /// It has another number of channels than one or two.
    Channels(u16),
    /// Its samples make no clip.
    Clip(UnusableClip),
    /// It ends before its samples, or has none.
    Empty,
    /// Its samples are encoded in a way that is not read: the format's tag and bits.
    Encoding(u16, u16),
    /// It is no WAV file, but begins with these octets.
    Magic([u8; 4]),
    /// It has another rate than 8,000 to 48,000 samples a second.
    Rate(u32),
}

impl fmt::Display for UnusableWav {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Channels(count) => write!(f, "this WAV file has {count} channels, not 1 or 2"),
            Self::Clip(error) => error.fmt(f),
            Self::Empty => f.write_str("this WAV file ends before its samples"),
            Self::Encoding(tag, bits) => write!(
                f,
                "this WAV file is encoded as format {tag} with {bits} bits; PCM of 8, 16 or 24 bits, A-law and µ-law are read"
            ),
            Self::Magic(octets) => write!(
                f,
                "this is no WAV file: it begins with \"{}\"",
                octets.escape_ascii()
            ),
            Self::Rate(rate) => write!(
                f,
                "this WAV file has {rate} samples a second, not 8000 to 48000"
            ),
        }
    }
}

impl std::error::Error for UnusableWav {}

impl Clip {
    /// Reads a WAV file: PCM of 8, 16 or 24 bits, A-law or µ-law, one channel or two, 8,000 to 48,000 samples a second.
    ///
    /// # Errors
    /// What is wrong with the file, in words for who made it.
    pub fn from_wav(name: String, file: &[u8]) -> Result<Self, UnusableWav> {
        let (format, data) = parse(file)?;
        let frame = usize::from(format.channels) * format.encoding.octets();
        let seconds = (data.len() / frame) as u64 / u64::from(format.rate);
        if seconds > u64::from(Self::LONGEST_S) {
            return Err(UnusableWav::Clip(UnusableClip::TooLong));
        }
        let samples: Vec<i16> = data
            .chunks_exact(frame)
            .map(|frame| {
                let parts = frame.chunks_exact(format.encoding.octets());
                let sum: i32 = parts
                    .map(|part| i32::from(format.encoding.sample(part)))
                    .sum();
                #[expect(clippy::cast_possible_truncation, reason = "a mean of 16 bits")]
                let mean = (sum / i32::from(format.channels)) as i16;
                mean
            })
            .collect();
        let narrow = resample(&samples, format.rate, 8_000);
        let mut wide = resample(&samples, format.rate, 16_000);
        wide.resize(2 * narrow.len(), 0);
        Self::new(name, narrow, wide).map_err(UnusableWav::Clip)
    }

    /// A WAV file of it: 16,000 samples a second of 16 bits.
    #[must_use]
    pub fn to_wav(&self) -> Vec<u8> {
        let samples = self.wide_samples();
        let length = u32::try_from(samples.len() * 2).unwrap_or(u32::MAX - 36);
        let mut file = Vec::with_capacity(samples.len() * 2 + 44);
        file.extend_from_slice(b"RIFF");
        file.extend_from_slice(&(length + 36).to_le_bytes());
        file.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
        file.extend_from_slice(&16_000_u32.to_le_bytes());
        file.extend_from_slice(&32_000_u32.to_le_bytes());
        file.extend_from_slice(b"\x02\0\x10\0data");
        file.extend_from_slice(&length.to_le_bytes());
        for sample in samples {
            file.extend_from_slice(&sample.to_le_bytes());
        }
        file
    }
}

#[derive(Clone, Copy, Debug)]
struct Format {
    encoding: Encoding,
    channels: u16,
    rate: u32,
}

#[derive(Clone, Copy, Debug)]
enum Encoding {
    Law(Law),
    /// Signed, but with 8 bits.
    Pcm8,
    Pcm16,
    Pcm24,
}

impl Encoding {
    const fn octets(self) -> usize {
        match self {
            Self::Law(_) | Self::Pcm8 => 1,
            Self::Pcm16 => 2,
            Self::Pcm24 => 3,
        }
    }

    fn sample(self, octets: &[u8]) -> i16 {
        match (self, octets) {
            (Self::Law(law), [word]) => law.decode(*word),
            (Self::Pcm8, [octet]) => (i16::from(*octet) - 128) * 256,
            (Self::Pcm16, [low, high]) | (Self::Pcm24, [_, low, high]) => {
                i16::from_le_bytes([*low, *high])
            }
            (Self::Law(_) | Self::Pcm8 | Self::Pcm16 | Self::Pcm24, _) => 0,
        }
    }
}

/// The format and the samples. A last chunk that is cut short, as recorders leave it that were stopped, counts as far as
/// it goes.
fn parse(file: &[u8]) -> Result<(Format, &[u8]), UnusableWav> {
    let Some((magic, rest)) = file.split_first_chunk::<4>() else {
        let mut begin = [0; 4];
        for (to, octet) in begin.iter_mut().zip(file) {
            *to = *octet;
        }
        return Err(UnusableWav::Magic(begin));
    };
    if magic != b"RIFF" || rest.get(4..8) != Some(b"WAVE") {
        return Err(UnusableWav::Magic(*magic));
    }
    let mut rest = rest.get(8..).unwrap_or_default();
    let mut format = None;
    while let Some((head, after)) = rest.split_first_chunk::<8>() {
        let [a, b, c, d, l0, l1, l2, l3] = *head;
        let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
        let body = after.get(..length.min(after.len())).unwrap_or_default();
        match [a, b, c, d] {
            [b'f', b'm', b't', b' '] => format = Some(read_format(body)?),
            [b'd', b'a', b't', b'a'] => {
                let format = format.ok_or(UnusableWav::Empty)?;
                return Ok((format, body));
            }
            _ => {}
        }
        // Chunks begin at even places.
        rest = after
            .get(length.saturating_add(length % 2)..)
            .unwrap_or_default();
    }
    Err(UnusableWav::Empty)
}

fn read_format(body: &[u8]) -> Result<Format, UnusableWav> {
    let short = |at: usize| {
        let octets = body.get(at..at + 2).and_then(|two| two.first_chunk::<2>());
        octets.map(|octets| u16::from_le_bytes(*octets))
    };
    let (Some(tag), Some(channels), Some(low), Some(high), Some(bits)) =
        (short(0), short(2), short(4), short(6), short(14))
    else {
        return Err(UnusableWav::Empty);
    };
    let rate = u32::from(low) | u32::from(high) << 16;
    // An extensible format has its real tag behind the extension's head.
    let tag = if tag == EXTENSIBLE {
        short(24).unwrap_or(tag)
    } else {
        tag
    };
    let encoding = match (tag, bits) {
        (1, 8) => Encoding::Pcm8,
        (1, 16) => Encoding::Pcm16,
        (1, 24) => Encoding::Pcm24,
        (6, 8) => Encoding::Law(Law::A),
        (7, 8) => Encoding::Law(Law::Mu),
        _ => return Err(UnusableWav::Encoding(tag, bits)),
    };
    if !(1..=2).contains(&channels) {
        return Err(UnusableWav::Channels(channels));
    }
    if !(8_000..=48_000).contains(&rate) {
        return Err(UnusableWav::Rate(rate));
    }
    Ok(Format {
        encoding,
        channels,
        rate,
    })
}

const EXTENSIBLE: u16 = 0xfffe;

#[cfg(test)]
mod tests {
    use super::*;

    fn wav(tag: u16, channels: u16, rate: u32, bits: u16, data: &[u8]) -> Vec<u8> {
        let mut file = b"RIFF\0\0\0\0WAVELIST\x03\0\0\0abc\0fmt \x10\0\0\0".to_vec();
        file.extend(tag.to_le_bytes());
        file.extend(channels.to_le_bytes());
        file.extend(rate.to_le_bytes());
        file.extend([0; 6]);
        file.extend(bits.to_le_bytes());
        file.extend(b"data");
        file.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
        file.extend(data);
        file
    }

    fn read(file: &[u8]) -> Result<Clip, UnusableWav> {
        Clip::from_wav("x".to_owned(), file)
    }

    /// The sample in the middle.
    fn middle(file: &[u8]) -> i16 {
        let clip = read(file).unwrap();
        let samples = clip.wide_samples();
        samples[samples.len() / 2]
    }

    #[test]
    fn every_encoding_gives_the_same_sound() {
        let steady = |octets: &[u8], rate: usize| octets.repeat(rate);
        for (tag, bits, octets) in [
            (1, 8, &[0x80 + 31][..]),
            (1, 16, &[0x00, 31]),
            (1, 24, &[0x55, 0x00, 31]),
            (6, 8, &[Law::A.encode(31 * 256)]),
            (7, 8, &[Law::Mu.encode(31 * 256)]),
        ] {
            for rate in [8_000, 16_000, 22_050, 48_000] {
                let one = wav(tag, 1, rate, bits, &steady(octets, rate as usize / 4));
                let found = middle(&one);
                assert!(
                    (found - 31 * 256).abs() < 260,
                    "{tag} {bits} {rate}: {found}"
                );
                let two = wav(tag, 2, rate, bits, &steady(octets, rate as usize / 4 * 2));
                assert_eq!(middle(&two), found);
                assert_eq!(read(&two).unwrap().duration_ms().div_ceil(10), 25);
            }
        }
    }

    #[test]
    fn two_channels_become_their_mean_and_never_wrap() {
        let loud = [0xff, 0x7f, 0xff, 0x7f].repeat(4_000);
        assert_eq!(middle(&wav(1, 2, 16_000, 16, &loud)), i16::MAX);
        let opposite = [0xff, 0x7f, 0x01, 0x80].repeat(4_000);
        assert_eq!(middle(&wav(1, 2, 16_000, 16, &opposite)), 0);
    }

    #[test]
    fn what_is_wrong_is_told_in_words() {
        let second = [0; 16_000];
        for (file, wanted) in [
            (
                b"ID3\x04rest of it".to_vec(),
                "this is no WAV file: it begins with \"ID3\\x04\"",
            ),
            (
                b"R".to_vec(),
                "this is no WAV file: it begins with \"R\\x00\\x00\\x00\"",
            ),
            (wav(1, 1, 8_000, 16, &[]), "the sound is shorter than 20 ms"),
            (wav(85, 1, 8_000, 0, &second), "format 85 with 0 bits"),
            (wav(1, 6, 8_000, 16, &second), "has 6 channels, not 1 or 2"),
            (wav(1, 1, 96_000, 16, &second), "has 96000 samples a second"),
            (
                wav(1, 1, 8_000, 8, &vec![0; 8_000 * 601]),
                "longer than 600 s",
            ),
            (b"RIFF\0\0\0\0WAVEfmt ".to_vec(), "ends before its samples"),
        ] {
            let said = read(&file).unwrap_err().to_string();
            assert!(said.contains(wanted), "{said}");
        }
    }

    #[test]
    fn what_is_written_is_read_as_it_was() {
        let sound: Vec<u8> = (0..16_000_u16)
            .flat_map(|n| (n * 2).to_le_bytes())
            .collect();
        let clip = read(&wav(1, 1, 16_000, 16, &sound)).unwrap();
        let again = read(&clip.to_wav()).unwrap();
        assert_eq!(again, clip);
        assert_eq!(clip.to_wav().len(), 44 + 32_000);
    }

    #[test]
    fn no_octets_make_it_panic() {
        let file = wav(1, 2, 44_100, 24, &[7; 6_000]);
        let mut random = crate::random::Random(5);
        for _ in 0..300 {
            let mut broken = file.clone();
            broken.truncate(random.below(file.len()));
            for _ in 0..3 {
                let at = random.below(70);
                if let Some(octet) = broken.get_mut(at) {
                    *octet = random.octet();
                }
            }
            drop(read(&broken));
        }
    }
}
