//! One `.wav` file as it grows. Its header never tells of samples that are not there: whoever kills us leaves a file that
//! plays, up to the last header.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use offhook_base::Audio;
use offhook_media_core::{Mp3Format, WAV_HEADER_OCTETS, WavFormat};

const HEADER: u64 = WAV_HEADER_OCTETS as u64;

/// A file that is written.
#[derive(Debug)]
pub(crate) struct WavFile {
    file: File,
    format: WavFormat,
    /// Octets of samples that are in the file.
    data: u64,
    /// Octets of samples that its header tells of.
    told: u64,
    octets: Vec<u8>,
}

impl WavFile {
    /// Begins a file.
    pub(crate) fn begin(file: File, format: WavFormat) -> io::Result<Self> {
        file.write_all_at(&format.header(0), 0)?;
        Ok(Self {
            file,
            format,
            data: 0,
            told: 0,
            octets: Vec::new(),
        })
    }

    /// Takes up a file whose writer is gone: the header tells of all samples that are there then. `None` when it is none
    /// of ours, or holds no sound.
    pub(crate) fn mend(file: File) -> io::Result<Option<Self>> {
        let length = file.metadata()?.len();
        let mut header = [0; WAV_HEADER_OCTETS];
        if length <= HEADER || file.read_exact_at(&mut header, 0).is_err() {
            return Ok(None);
        }
        let Some((format, told)) = WavFormat::parse(&header) else {
            return Ok(None);
        };
        let whole = (length - HEADER).min(WavFormat::DATA_AT_MOST);
        let data = whole - whole % format.frame_octets();
        file.set_len(HEADER + data)?;
        let mut mended = Self {
            file,
            format,
            data,
            told,
            octets: Vec::new(),
        };
        mended.tell()?;
        Ok((data > 0).then_some(mended))
    }

    /// Changes the format of a file that holds nothing but so many frames of silence.
    pub(crate) fn reformat(&mut self, format: WavFormat, frames: u64) -> io::Result<()> {
        if format == self.format {
            return Ok(());
        }
        let data = frames.saturating_mul(format.frame_octets());
        // With a header of no samples the file is one at every moment.
        self.file.write_all_at(&format.header(0), 0)?;
        self.file.set_len(HEADER + data)?;
        self.format = format;
        self.data = data;
        self.told = 0;
        self.tell()
    }

    /// Adds samples, interleaved. The header does not tell of them yet.
    pub(crate) fn append(&mut self, samples: &[i16]) -> io::Result<()> {
        WavFormat::write_samples(samples, &mut self.octets);
        let length = self.octets.len() as u64;
        if self.data + length > WavFormat::DATA_AT_MOST {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.file.write_all_at(&self.octets, HEADER + self.data)?;
        self.data += length;
        Ok(())
    }

    /// Lets the header tell of all samples that are in the file.
    pub(crate) fn tell(&mut self) -> io::Result<()> {
        if self.told != self.data {
            self.file.write_all_at(&self.format.header(self.data), 0)?;
            self.told = self.data;
        }
        Ok(())
    }

    /// Ends the file: what an unfinished write left behind its samples goes.
    pub(crate) fn finish(mut self, cut: bool) -> (File, Option<Audio>) {
        let ended = self
            .file
            .set_len(HEADER + self.data)
            .and_then(|()| self.tell());
        if let Err(error) = ended {
            tracing::error!(%error, "a recording keeps an older header, which is valid");
        }
        let audio = self.audio(cut);
        (self.file, audio)
    }

    /// What it holds; `None` for nothing.
    pub(crate) fn audio(&self, cut: bool) -> Option<Audio> {
        let Self { format, told, .. } = *self;
        (told > 0).then(|| Audio {
            duration_ms: format.milliseconds(told),
            channels: format.channels,
            sample_rate: format.sample_rate,
            size_wav: HEADER + told,
            size_mp3: Mp3Format::of(format).file_octets(told / format.frame_octets()),
            cut,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONO: WavFormat = WavFormat {
        channels: 1,
        sample_rate: 8_000,
    };
    const STEREO: WavFormat = WavFormat {
        channels: 2,
        sample_rate: 16_000,
    };

    fn told(file: &File) -> (WavFormat, u64) {
        let mut header = [0; WAV_HEADER_OCTETS];
        file.read_exact_at(&mut header, 0).unwrap();
        WavFormat::parse(&header).expect("a header")
    }

    #[test]
    fn the_header_never_tells_of_what_is_not_there() {
        let file = tempfile::tempfile().unwrap();
        let mut wav = WavFile::begin(file.try_clone().unwrap(), MONO).unwrap();
        assert_eq!(told(&file), (MONO, 0));
        wav.append(&[1, -2, 3]).unwrap();
        assert_eq!(told(&file), (MONO, 0));
        wav.tell().unwrap();
        assert_eq!(told(&file), (MONO, 6));
        wav.append(&[4; 8_000]).unwrap();
        let (_, audio) = wav.finish(false);
        assert_eq!(told(&file), (MONO, 16_006));
        let audio = audio.unwrap();
        assert_eq!((audio.duration_ms, audio.size_wav), (1_000, 16_050));
    }

    #[test]
    fn a_file_of_silence_takes_another_format_with_the_same_length() {
        let file = tempfile::tempfile().unwrap();
        let narrow = WavFormat {
            sample_rate: 8_000,
            ..STEREO
        };
        let mut wav = WavFile::begin(file.try_clone().unwrap(), narrow).unwrap();
        wav.append(&[0; 16_000]).unwrap();
        wav.tell().unwrap();
        wav.reformat(STEREO, 16_000).unwrap();
        assert_eq!(told(&file), (STEREO, 64_000));
        wav.append(&[5, 6]).unwrap();
        let (file, audio) = wav.finish(true);
        let audio = audio.unwrap();
        assert_eq!((audio.duration_ms, audio.cut), (1_000, true));
        let mut last = [0; 8];
        file.read_exact_at(&mut last, HEADER + 63_996).unwrap();
        assert_eq!(last, [0, 0, 0, 0, 5, 0, 6, 0]);
    }

    #[test]
    fn a_file_that_was_killed_at_any_octet_is_mended_or_held_for_empty() {
        let whole = tempfile::tempfile().unwrap();
        let mut wav = WavFile::begin(whole.try_clone().unwrap(), STEREO).unwrap();
        wav.append(&[7; 20]).unwrap();
        let mut octets = vec![0; 84];
        whole.read_exact_at(&mut octets, 0).unwrap();
        for length in 0..=octets.len() {
            let file = tempfile::tempfile().unwrap();
            file.write_all_at(&octets[..length], 0).unwrap();
            let mended = WavFile::mend(file.try_clone().unwrap()).unwrap();
            let frames = length.saturating_sub(WAV_HEADER_OCTETS) / 4;
            assert_eq!(mended.is_some(), frames > 0, "{length}");
            if let Some(mended) = mended {
                let audio = mended.audio(true).unwrap();
                assert_eq!(audio.size_wav, file.metadata().unwrap().len(), "{length}");
                assert_eq!(told(&file), (STEREO, frames as u64 * 4));
            }
        }
        let other = tempfile::tempfile().unwrap();
        other.write_all_at(&[9; 100], 0).unwrap();
        assert!(WavFile::mend(other).unwrap().is_none(), "none of ours");
    }
}
