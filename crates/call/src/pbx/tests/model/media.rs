//! What the recorder tells, and how users set whether they are recorded.

use offhook_base::{Audio, RecordingId, UserId};

use super::World;
use crate::RecordMode;
use crate::directory::{DirectoryChange, User};

const MODES: [RecordMode; 4] = [
    RecordMode::None,
    RecordMode::In,
    RecordMode::Out,
    RecordMode::All,
];

impl World {
    /// A user changes his mind.
    pub(super) fn put_user(&mut self, id: u32) {
        let dnd = self.one_in(4);
        let record = self.pick(&MODES).unwrap_or_default();
        self.change(DirectoryChange::User(User {
            id: UserId(100_000 + id),
            ext: format!("{}", 2_000 + id),
            name: format!("User {}", 2_000 + id),
            active: true,
            dnd,
            record,
        }));
    }

    /// The recorder has finished a recording that is over, sometimes one that it knows nothing of.
    pub(super) fn recorder_tells(&mut self) {
        let over: Vec<RecordingId> = self.ledger.tapes.over.keys().copied().collect();
        let now = self.script.now;
        let Some(recording) = self.pick(&over) else {
            let none = RecordingId(88_888);
            return self.pbx().handle_recorded(now, none, Some(audio()));
        };
        let has_audio = !self.one_in(4);
        self.ledger.tapes.told(recording, has_audio);
        let audio = has_audio.then(audio);
        self.pbx().handle_recorded(now, recording, audio);
        self.drain();
        self.pbx().handle_recorded(now, recording, audio);
        self.drain();
    }
}

fn audio() -> Audio {
    Audio {
        duration_ms: 61_900,
        channels: 2,
        sample_rate: 8_000,
        size_wav: 1_980_844,
        size_mp3: 245_000,
        cut: false,
    }
}
