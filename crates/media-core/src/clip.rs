//! A recorded sound, ready to be played to any number of phones: its samples at both rates of the codecs that we speak.
//!
//! It is made once, by whoever loads the file, and shared: nothing of it is copied for a call.

use std::fmt;

use crate::tone::{FRAME_SAMPLES, Rate};

/// A recorded sound.
#[derive(Clone, Eq, PartialEq)]
pub struct Clip {
    name: String,
    /// 8,000 samples a second.
    narrow: Vec<i16>,
    /// 16,000 samples a second of the same.
    wide: Vec<i16>,
}

/// Why samples make no clip.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum UnusableClip {
    /// There are not twice as many samples at twice the rate.
    Lengths,
    /// It is longer than [`Clip::LONGEST_S`].
    TooLong,
    /// It is shorter than one packet.
    TooShort,
}

impl fmt::Display for UnusableClip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lengths => f.write_str("the sound is not of one length at both rates"),
            Self::TooLong => write!(f, "the sound is longer than {} s", Clip::LONGEST_S),
            Self::TooShort => f.write_str("the sound is shorter than 20 ms"),
        }
    }
}

impl std::error::Error for UnusableClip {}

impl Clip {
    /// The longest clip in seconds: ten minutes, some 29 MB of samples.
    pub const LONGEST_S: u32 = 600;

    /// A clip of the same sound at 8,000 and at 16,000 samples a second.
    ///
    /// # Errors
    /// When the two are not of one length, or it is too short or too long.
    pub fn new(name: String, narrow: Vec<i16>, wide: Vec<i16>) -> Result<Self, UnusableClip> {
        if wide.len() != narrow.len().saturating_mul(2) {
            return Err(UnusableClip::Lengths);
        }
        if narrow.len() < FRAME_SAMPLES as usize {
            return Err(UnusableClip::TooShort);
        }
        if narrow.len() > LONGEST_SAMPLES {
            return Err(UnusableClip::TooLong);
        }
        Ok(Self { name, narrow, wide })
    }

    /// What it is called in logs.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How long it is.
    #[must_use]
    pub fn duration_ms(&self) -> u32 {
        u32::try_from(self.narrow.len() / 8).unwrap_or(u32::MAX)
    }

    pub(crate) fn wide_samples(&self) -> &[i16] {
        &self.wide
    }

    /// Frames of 20 ms, the last of them perhaps not full.
    pub(crate) fn frames(&self) -> u64 {
        self.narrow.len().div_ceil(FRAME_SAMPLES as usize) as u64
    }

    /// Copies the frame at this place; behind the end is silence.
    pub(crate) fn render_once(&self, rate: Rate, frame: u64, samples: &mut [i16]) {
        let all = self.at(rate);
        let start = usize::try_from(frame.saturating_mul(samples.len() as u64));
        let rest = start.ok().and_then(|start| all.get(start..));
        let rest = rest.unwrap_or_default();
        let heard = rest.len().min(samples.len());
        if let (Some(to), Some(from)) = (samples.get_mut(..heard), rest.get(..heard)) {
            to.copy_from_slice(from);
        }
        if let Some(silent) = samples.get_mut(heard..) {
            silent.fill(0);
        }
    }

    /// Copies the frame at this place of an endless repetition, whose seam is where the samples end, not where a frame does.
    pub(crate) fn render_looped(&self, rate: Rate, frame: u64, samples: &mut [i16]) {
        let all = self.at(rate);
        // Of the whole clip, so that the product cannot overflow.
        let place = (frame % all.len() as u64) * samples.len() as u64 % all.len() as u64;
        let Some((before, after)) = usize::try_from(place)
            .ok()
            .and_then(|place| all.split_at_checked(place))
        else {
            return;
        };
        // A clip has at least one frame, so that two pieces are enough.
        let source = after.iter().chain(before);
        for (sample, value) in samples.iter_mut().zip(source) {
            *sample = *value;
        }
    }

    fn at(&self, rate: Rate) -> &[i16] {
        match rate {
            Rate::Narrow => &self.narrow,
            Rate::Wide => &self.wide,
        }
    }
}

/// Its samples say nothing to a reader.
impl fmt::Debug for Clip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clip")
            .field("name", &self.name)
            .field("samples", &self.narrow.len())
            .finish_non_exhaustive()
    }
}

const LONGEST_SAMPLES: usize = 8_000 * Clip::LONGEST_S as usize;

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A clip whose samples count from 1 on, so that each can be told.
    pub(crate) fn counted(samples: i16) -> Clip {
        let narrow: Vec<i16> = (1..=samples).collect();
        let wide = narrow.iter().flat_map(|sample| [*sample; 2]).collect();
        Clip::new("counted".to_owned(), narrow, wide).unwrap()
    }

    fn once(clip: &Clip, frame: u64) -> [i16; 160] {
        let mut samples = [-1; 160];
        clip.render_once(Rate::Narrow, frame, &mut samples);
        samples
    }

    #[test]
    fn a_clip_has_one_length_at_both_rates_and_a_bound() {
        let clip = |narrow: usize, wide: usize| {
            Clip::new(String::new(), vec![0; narrow], vec![0; wide]).err()
        };
        assert_eq!(clip(160, 320), None);
        assert_eq!(clip(160, 319), Some(UnusableClip::Lengths));
        assert_eq!(clip(159, 318), Some(UnusableClip::TooShort));
        assert_eq!(clip(LONGEST_SAMPLES, 2 * LONGEST_SAMPLES), None);
        assert_eq!(
            clip(LONGEST_SAMPLES + 1, 2 * LONGEST_SAMPLES + 2),
            Some(UnusableClip::TooLong)
        );
    }

    #[test]
    fn once_ends_in_silence_within_its_last_frame() {
        let clip = counted(250);
        assert_eq!(clip.frames(), 2);
        assert_eq!(once(&clip, 0)[..3], [1, 2, 3]);
        let last = once(&clip, 1);
        assert_eq!((last[0], last[89], last[90], last[159]), (161, 250, 0, 0));
        for behind in [2, 3, u64::MAX] {
            assert_eq!(once(&clip, behind), [0; 160]);
        }
    }

    #[test]
    fn a_loop_goes_on_with_the_next_sample_after_its_last_one_at_both_rates() {
        let clip = counted(250);
        let mut heard = Vec::new();
        let mut wide_heard = Vec::new();
        for frame in 0..25 {
            let (mut samples, mut wide) = ([0; 160], [0; 320]);
            clip.render_looped(Rate::Narrow, frame, &mut samples);
            clip.render_looped(Rate::Wide, frame, &mut wide);
            heard.extend(samples);
            wide_heard.extend(wide);
        }
        let wanted: Vec<i16> = (1..=250).cycle().take(4_000).collect();
        assert_eq!(heard, wanted);
        let wanted: Vec<i16> = wanted.iter().flat_map(|sample| [*sample; 2]).collect();
        assert_eq!(wide_heard, wanted);
        clip.render_looped(Rate::Wide, u64::MAX, &mut [0; 320]);
    }
}
