//! The outline of a recording for a drawing: the lowest and the highest sample of each of so many pieces.

/// Collects the outline from samples that come in blocks.
#[derive(Debug)]
pub struct Peaks {
    channels: usize,
    points: u64,
    frames: u64,
    /// Frames seen.
    seen: u64,
    /// Lowest and highest by turns, for each channel.
    outlines: Vec<Vec<i16>>,
}

impl Peaks {
    /// Pieces that a drawing may have.
    pub const POINTS_AT_MOST: u32 = 10_000;

    /// An outline in `points` pieces of a recording that has `frames` samples in each channel. A short recording has no more
    /// pieces than samples.
    #[must_use]
    pub fn new(channels: u8, frames: u64, points: u32) -> Self {
        let channels = usize::from(channels.max(1));
        let points = u64::from(points.min(Self::POINTS_AT_MOST)).min(frames);
        let outline = vec![0; usize::try_from(points * 2).unwrap_or(0)];
        Self {
            channels,
            points,
            frames,
            seen: 0,
            outlines: vec![outline; channels],
        }
    }

    /// Takes whole frames, interleaved.
    pub fn take(&mut self, samples: impl IntoIterator<Item = i16>) {
        let mut samples = samples.into_iter().peekable();
        while samples.peek().is_some() && self.seen < self.frames {
            let piece = |frame: u64| frame * self.points / self.frames;
            let begins = self.seen == 0 || piece(self.seen) != piece(self.seen - 1);
            let index = usize::try_from(piece(self.seen) * 2).unwrap_or(usize::MAX);
            for outline in &mut self.outlines {
                let sample = samples.next().unwrap_or_default();
                if let Some([lowest, highest]) = outline.get_mut(index..index.saturating_add(2)) {
                    *lowest = if begins { sample } else { sample.min(*lowest) };
                    *highest = if begins { sample } else { sample.max(*highest) };
                }
            }
            self.seen += 1;
        }
    }

    /// Per channel the lowest and the highest sample of each piece, by turns.
    #[must_use]
    pub fn finish(self) -> Vec<Vec<i16>> {
        self.outlines
    }

    /// Pieces.
    #[must_use]
    pub const fn points(&self) -> u64 {
        self.points
    }

    /// Channels.
    #[must_use]
    pub const fn channels(&self) -> usize {
        self.channels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_piece_has_its_own_lowest_and_highest_sample() {
        let mut peaks = Peaks::new(2, 4, 2);
        peaks.take([1, -5, 3, -6]);
        peaks.take([7, 0, -2, 9]);
        assert_eq!(peaks.finish(), [[1, 3, -2, 7], [-6, -5, 0, 9]]);
    }

    #[test]
    fn a_short_recording_has_a_piece_a_sample_and_an_empty_one_none() {
        let mut peaks = Peaks::new(1, 3, 100);
        assert_eq!(peaks.points(), 3);
        peaks.take([4, 5, 6, 7, 8]);
        assert_eq!(peaks.finish(), [[4, 4, 5, 5, 6, 6]]);
        let mut none = Peaks::new(1, 0, 100);
        none.take([1, 2]);
        assert_eq!(none.finish(), [[0_i16; 0]]);
    }
}
