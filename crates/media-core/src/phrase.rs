//! What is said to a caller: one recording, or a sentence put together of several.

use std::sync::Arc;

use crate::clip::Clip;
use crate::tone::Rate;

/// Recordings that are heard one after another, each from a frame of its own on. Cheap to clone.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Phrase(Arc<[Arc<Clip>]>);

impl Phrase {
    /// How long it takes.
    #[must_use]
    pub fn duration_ms(&self) -> u32 {
        u32::try_from(self.frames().saturating_mul(20)).unwrap_or(u32::MAX)
    }

    /// This, then that.
    #[must_use]
    pub fn then(&self, next: &Self) -> Self {
        self.0.iter().chain(next.0.iter()).cloned().collect()
    }

    /// Frames of 20 ms.
    pub(crate) fn frames(&self) -> u64 {
        self.0.iter().map(|clip| clip.frames()).sum()
    }

    /// Copies the frame at this place; behind the end is silence.
    pub(crate) fn render(&self, rate: Rate, mut frame: u64, samples: &mut [i16]) {
        for clip in self.0.iter() {
            match frame.checked_sub(clip.frames()) {
                None => return clip.render_once(rate, frame, samples),
                Some(behind) => frame = behind,
            }
        }
        samples.fill(0);
    }
}

impl From<Arc<Clip>> for Phrase {
    fn from(clip: Arc<Clip>) -> Self {
        Self(Arc::new([clip]))
    }
}

impl FromIterator<Arc<Clip>> for Phrase {
    fn from_iter<T: IntoIterator<Item = Arc<Clip>>>(clips: T) -> Self {
        Self(clips.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clip::tests::counted;

    #[test]
    fn clips_are_heard_one_after_another_and_then_there_is_silence() {
        let (first, second) = (Arc::new(counted(250)), Arc::new(counted(160)));
        let phrase = Phrase::from(first).then(&Phrase::from(second));
        assert_eq!((phrase.frames(), phrase.duration_ms()), (3, 60));
        let starts: Vec<i16> = (0..5)
            .map(|frame| {
                let mut samples = [-1; 160];
                phrase.render(Rate::Narrow, frame, &mut samples);
                samples[0]
            })
            .collect();
        assert_eq!(starts, [1, 161, 1, 0, 0]);
    }

    #[test]
    fn nothing_at_all_takes_no_time() {
        let phrase: Phrase = [].into_iter().collect();
        let mut samples = [-1; 160];
        phrase.render(Rate::Narrow, 0, &mut samples);
        assert_eq!((phrase.frames(), samples), (0, [0; 160]));
    }
}
