//! The sound of recordings, which lies in files that only the server touches.

use std::fs::File;
use std::sync::Arc;

use offhook_base::RecordingRecord;

use super::PortFuture;

/// Why there is no sound.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SoundError {
    /// The file is not there.
    Missing,
    /// This program was built without the encoder.
    NotBuilt,
    /// The disk refuses, or too many clients wait already.
    Unavailable,
}

/// What a drawing of a recording needs.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Outline {
    /// Per channel the lowest and the highest sample of each piece, by turns.
    pub channels: Vec<Vec<i16>>,
    /// Pieces.
    pub points: u64,
}

/// The sound of recordings. Whose it is has been looked at before.
pub trait Sounds: Send + Sync {
    /// The file as it was recorded.
    fn wav(&self, of: RecordingRecord) -> PortFuture<'_, Result<File, SoundError>>;
    /// The same as MP3; made at the first time.
    fn mp3(&self, of: RecordingRecord) -> PortFuture<'_, Result<File, SoundError>>;
    /// Its outline in so many pieces.
    fn outline(
        &self,
        of: RecordingRecord,
        points: u32,
    ) -> PortFuture<'_, Result<Arc<Outline>, SoundError>>;
    /// Removes all its files; resolves once they are gone.
    fn remove(&self, of: RecordingRecord) -> PortFuture<'_, Result<(), SoundError>>;
}
