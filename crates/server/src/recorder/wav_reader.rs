//! Recordings read back, for whoever encodes or draws them.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use offhook_media_core::{WAV_HEADER_OCTETS, WavFormat};

/// The samples of a `.wav` of ours, read in blocks.
#[derive(Debug)]
pub(super) struct WavReader {
    file: File,
    pub(super) format: WavFormat,
    at: u64,
    end: u64,
    octets: Vec<u8>,
}

impl WavReader {
    /// # Errors
    /// When it is none of ours, or cannot be read.
    pub(super) fn new(file: File) -> io::Result<Self> {
        let mut header = [0; WAV_HEADER_OCTETS];
        file.read_exact_at(&mut header, 0)?;
        let (format, data) = WavFormat::parse(&header)
            .ok_or_else(|| io::Error::other("the file has no header of ours"))?;
        let at = WAV_HEADER_OCTETS as u64;
        Ok(Self {
            file,
            format,
            at,
            end: at + data - data % format.frame_octets(),
            octets: Vec::new(),
        })
    }

    /// Samples of each channel.
    pub(super) fn frames(&self) -> u64 {
        (self.end - self.at) / self.format.frame_octets()
    }

    /// The next samples, interleaved, in whole frames; none at the end.
    pub(super) fn next(&mut self) -> io::Result<impl Iterator<Item = i16>> {
        let length = (self.end - self.at).min(BLOCK);
        self.octets.resize(usize::try_from(length).unwrap_or(0), 0);
        self.file.read_exact_at(&mut self.octets, self.at)?;
        self.at += length;
        let pairs = self.octets.chunks_exact(2);
        Ok(pairs.map(|pair| match pair {
            [low, high] => i16::from_le_bytes([*low, *high]),
            _ => 0,
        }))
    }
}

/// Octets read at a time: whole frames of any format.
const BLOCK: u64 = 64 << 10;
