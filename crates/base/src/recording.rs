//! What was recorded, as the list of recordings and `monitor.audio_ready` have it.

use serde::{Deserialize, Serialize};

use crate::{CallId, RecordingId, UserId, Wall};

/// What a recording is of.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RecordingKind {
    /// Both sides of a call: `/monitors`.
    Call,
    /// A message that was left for a user: `/voicemessages`.
    Message,
}

/// A recording that begins. The recorder keeps it beside the sound, so that a start after a kill knows whose it is.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct RecordingStart {
    /// Its number.
    pub id: RecordingId,
    /// What it is of.
    pub kind: RecordingKind,
    /// The call.
    pub call: CallId,
    /// The root of that call.
    pub root: CallId,
    /// Whose recording it is.
    pub user: Option<UserId>,
    /// `context` of the call.
    pub context: String,
    /// Number of the caller.
    pub caller: String,
    /// Number that was called.
    pub called: String,
    /// When its sound begins.
    pub started_at: Wall,
}

impl RecordingStart {
    /// Its entry, with the sound that came of it.
    #[must_use]
    pub fn with_audio(self, audio: Audio) -> RecordingRecord {
        RecordingRecord {
            id: self.id,
            kind: self.kind,
            call: self.call,
            root: self.root,
            user: self.user,
            context: self.context,
            started_at: self.started_at,
            caller: self.caller,
            called: self.called,
            audio,
        }
    }
}

/// A recording that is over, or was cut short.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct RecordingRecord {
    /// Its number.
    pub id: RecordingId,
    /// What it is of.
    pub kind: RecordingKind,
    /// The call.
    pub call: CallId,
    /// The root of that call.
    pub root: CallId,
    /// Whose recording it is.
    pub user: Option<UserId>,
    /// `context` of the call.
    pub context: String,
    /// When its sound begins.
    pub started_at: Wall,
    /// Number of the caller.
    pub caller: String,
    /// Number that was called.
    pub called: String,
    /// Its sound.
    pub audio: Audio,
}

/// How much sound there is, and how large its files are.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Audio {
    /// Milliseconds.
    pub duration_ms: u64,
    /// 1, or 2: caller left, called side right.
    pub channels: u8,
    /// Samples a second of one channel.
    pub sample_rate: u32,
    /// Octets of the `.wav` file.
    pub size_wav: u64,
    /// Octets of the `.mp3` file, which is made when it is asked for first.
    pub size_mp3: u64,
    /// It ended before it should have: the disk was full, or the process died.
    pub cut: bool,
}
