//! What the recorder tells, and how users set whether they are recorded.

use std::time::Duration;

use offhook_base::{Audio, RecordingId, UserId};
use offhook_media_core::{Cue, Digit, PressWay, RelayId, Side, SideQuality};

use super::World;
use crate::RecordMode;
use crate::directory::{DirectoryChange, User};
use crate::phase::MediaNews;

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
        let voicemail = self.one_in(2).then(|| Duration::from_secs(8));
        let record = self.pick(&MODES).unwrap_or_default();
        self.change(DirectoryChange::User(User {
            id: UserId(100_000 + id),
            ext: format!("{}", 2_000 + id),
            name: format!("User {}", 2_000 + id),
            active: true,
            dnd,
            voicemail,
            record,
        }));
    }

    /// Keys, silence, and a disk that becomes full while a message is recorded.
    pub(super) fn somebody_is_heard(&mut self) {
        let now = self.script.now;
        let running = self.ledger.tapes.messages_running();
        let Some((relay, recording)) = self.pick(&running) else {
            return;
        };
        let side = self.pick(&[Side::A, Side::B]).unwrap();
        match self.any(4) {
            0 => {
                let audio = self.one_in(2).then(audio);
                self.ledger.tapes.told_early(recording, audio.is_some());
                self.pbx().handle_recorded(now, recording, audio);
            }
            1 => {
                let cue = Cue(2);
                let news = MediaNews::Played { side, cue };
                self.pbx().handle_media(now, relay, news);
            }
            2 => {
                self.pbx().handle_media(now, relay, MediaNews::Silent(side));
            }
            _ => {
                let digit = self.pick(&Digit::ALL).unwrap();
                let way = PressWay::InBand;
                let news = MediaNews::Pressed { side, digit, way };
                self.pbx().handle_media(now, relay, news);
            }
        }
        self.drain();
    }

    /// The media thread hears something of a relay, sometimes of one that is over.
    pub(super) fn media_tells(&mut self) {
        let relays = self.ledger.relays();
        let relay = self.pick(&relays).unwrap_or(RelayId(77_777));
        let side = self.pick(&[Side::A, Side::B]).unwrap_or(Side::A);
        let digit = self.pick(&Digit::ALL[..3]).unwrap_or(Digit::ALL[0]);
        let way = self.pick(&[PressWay::InBand, PressWay::Rfc4733]);
        let news = if self.one_in(8) {
            MediaNews::Silent(side)
        } else {
            MediaNews::Pressed {
                side,
                digit,
                way: way.unwrap_or(PressWay::InBand),
            }
        };
        self.tell(|| format!("> {relay} {news:?}"));
        let now = self.script.now;
        self.pbx().handle_media(now, relay, news);
        self.pbx().note_quality(relay, [SideQuality::default(); 2]);
        self.drain();
    }

    /// What an INFO of a phone says, and whether it is about a key.
    pub(super) fn info(&mut self) -> (&'static str, &'static str) {
        self.pick(&[
            ("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n"),
            ("application/dtmf-relay", "Signal=1\r\n"),
            ("application/dtmf", "0"),
            ("application/dtmf", "none"),
            ("text/plain", "hello"),
        ])
        .unwrap_or_default()
    }

    /// The recorder has finished a recording that is over, sometimes one that it knows nothing of.
    pub(super) fn recorder_tells(&mut self) {
        let over: Vec<RecordingId> = self.ledger.tapes.over.keys().copied().collect();
        let now = self.script.now;
        let Some(recording) = self.pick(&over) else {
            let none = RecordingId(88_888);
            return self.pbx().handle_recorded(now, none, Some(audio()));
        };
        let audio = (!self.one_in(4)).then(|| Audio {
            // Some are too short to be kept.
            duration_ms: 61_900 - 61_100 * self.any(2),
            ..audio()
        });
        self.ledger.tapes.told(recording, audio.is_some());
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
