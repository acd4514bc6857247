//! What of a sound is heard when, in frames of 20 ms.
//!
//! ```text
//!  a sound ─► first: beeps, a phrase, once    ── all heard: the end is told ─► ground: music, ringback, silence
//!        └────────────────────── has no first part ─────────────────────────────►      repeating
//! ```
//!
//! The ground stands still while the first part is heard. Music is one through all its interruptions: it goes on where it
//! was, whatever was told between.

use std::sync::Arc;

use crate::command::{Cue, Music, Sound};
use crate::phrase::Phrase;
use crate::tone::{Level, MilliHertz, Rate, Tone};

/// A sound and the place in it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Program {
    first: Option<First>,
    ground: Ground,
    /// The place in the ground.
    at: u64,
}

/// What is heard once.
#[derive(Clone, Debug, Eq, PartialEq)]
struct First {
    what: What,
    at: u64,
    /// Who is told of the end.
    cue: Option<Cue>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum What {
    /// Speak now.
    Beep,
    Beeps(Beeps),
    Phrase(Phrase),
}

/// What is heard after it, without an end.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Ground {
    Music(Music),
    Ringback,
    Silence,
}

/// How a position is told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Beeps {
    Long,
    /// So many, 1 to 9.
    Short(u32),
}

impl Program {
    pub(crate) fn new(sound: Sound) -> Self {
        let (first, ground) = parts(sound);
        Self {
            first,
            ground,
            at: 0,
        }
    }

    /// Another sound takes the place of this one; a ground that is in both goes on.
    pub(crate) fn replace(&mut self, sound: Sound) {
        let (first, ground) = parts(sound);
        if !self.ground.is(&ground) {
            self.at = 0;
        }
        self.first = first;
        self.ground = ground;
    }

    /// Makes the frame at this place.
    pub(crate) fn render(&self, rate: Rate, samples: &mut [i16]) {
        match &self.first {
            Some(First { what, at, .. }) => what.render(rate, *at, samples),
            None => self.ground.render(rate, self.at, samples),
        }
    }

    /// Moves on by so many frames, heard or not. Gives the cue of what has come to its end by that.
    pub(crate) fn advance(&mut self, frames: u64) -> Option<Cue> {
        let Some(first) = &mut self.first else {
            self.at = self.ground.along(self.at, frames);
            return None;
        };
        let reached = first.at.saturating_add(frames);
        let length = first.what.frames();
        if reached < length {
            first.at = reached;
            return None;
        }
        self.at = self.ground.along(self.at, reached - length);
        self.first.take().and_then(|first| first.cue)
    }
}

fn parts(sound: Sound) -> (Option<First>, Ground) {
    let first = |what, cue| Some(First { what, at: 0, cue });
    match sound {
        Sound::Announcement(phrase, music) => {
            (first(What::Phrase(phrase), None), Ground::Music(music))
        }
        Sound::Beep(cue) => (first(What::Beep, Some(cue)), Ground::Silence),
        Sound::Music(music) | Sound::Position(0, music) => (None, Ground::Music(music)),
        Sound::Once(phrase, cue) => (first(What::Phrase(phrase), Some(cue)), Ground::Silence),
        Sound::Position(position, music) => {
            let beeps = match position {
                1..=9 => Beeps::Short(position),
                _ => Beeps::Long,
            };
            (first(What::Beeps(beeps), None), Ground::Music(music))
        }
        Sound::Ringback => (None, Ground::Ringback),
    }
}

impl What {
    fn frames(&self) -> u64 {
        match self {
            Self::Beep => u64::from(SPEAK_NOW.frames),
            Self::Beeps(beeps) => u64::from(beeps.frames()),
            Self::Phrase(phrase) => phrase.frames(),
        }
    }

    fn render(&self, rate: Rate, at: u64, samples: &mut [i16]) {
        let place = u32::try_from(at).unwrap_or(u32::MAX);
        match self {
            Self::Beep => sounds(Some((&SPEAK_NOW, place)), rate, samples),
            Self::Beeps(beeps) => sounds(beeps.heard(place), rate, samples),
            Self::Phrase(phrase) => phrase.render(rate, at, samples),
        }
    }
}

impl Ground {
    /// Whether the other one goes on where this one is. Clips are told apart by where they are, not by their samples.
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Music(Music::Clip(clip)), Self::Music(Music::Clip(other))) => {
                Arc::ptr_eq(clip, other)
            }
            (Self::Music(Music::Tune), Self::Music(Music::Tune))
            | (Self::Ringback, Self::Ringback) => true,
            (Self::Music(_) | Self::Ringback | Self::Silence, _) => false,
        }
    }

    fn render(&self, rate: Rate, at: u64, samples: &mut [i16]) {
        let place = u32::try_from(at).unwrap_or_default();
        match self {
            Self::Music(Music::Clip(clip)) => clip.render_looped(rate, at, samples),
            Self::Music(Music::Tune) => {
                let note = TUNE.get((place / NOTE) as usize);
                sounds(note.map(|note| (note, place % NOTE)), rate, samples);
            }
            Self::Ringback => sounds(Some((&RINGBACK, place)), rate, samples),
            Self::Silence => samples.fill(0),
        }
    }

    /// The place `frames` on.
    fn along(&self, at: u64, frames: u64) -> u64 {
        let period = match self {
            // It repeats by itself, wherever its samples end.
            Self::Music(Music::Clip(_)) => return at.wrapping_add(frames),
            Self::Music(Music::Tune) => u64::from(TUNE_FRAMES),
            Self::Ringback => u64::from(CADENCE),
            Self::Silence => return 0,
        };
        (at + frames % period) % period
    }
}

/// Makes a frame of a tone, or of silence where there is none any more.
fn sounds(heard: Option<(&Tone, u32)>, rate: Rate, samples: &mut [i16]) {
    match heard.filter(|(tone, index)| *index < tone.frames) {
        Some((tone, index)) => tone.render(rate, index, samples),
        None => samples.fill(0),
    }
}

impl Beeps {
    /// All of them, and the silence before and after that sets them off from the music.
    const fn frames(self) -> u32 {
        let beeps = match self {
            Self::Long => LONG_BEEP.frames,
            Self::Short(count) => count * BEEP_EVERY,
        };
        BEEPS_AFTER + beeps + MUSIC_AFTER
    }

    fn heard(self, at: u32) -> Option<(&'static Tone, u32)> {
        let since = at.checked_sub(BEEPS_AFTER)?;
        match self {
            Self::Long => Some((&LONG_BEEP, since)),
            Self::Short(count) => {
                (since / BEEP_EVERY < count).then_some((&SHORT_BEEP, since % BEEP_EVERY))
            }
        }
    }
}

const fn note(frequency: u64) -> Tone {
    Tone::new(MilliHertz(frequency), Level::QUIET, NOTE, 5)
}

const RINGBACK_FREQUENCY: MilliHertz = MilliHertz(425_000);

const BEEP_FREQUENCY: MilliHertz = MilliHertz(1_000_000);

/// 1 s (ITU-T E.180).
static RINGBACK: Tone = Tone::new(RINGBACK_FREQUENCY, Level::NOMINAL, 50, 1);

/// 1 s of tone and 4 s of silence.
const CADENCE: u32 = 250;

/// 120 ms.
static SHORT_BEEP: Tone = Tone::new(BEEP_FREQUENCY, Level::NOMINAL, 6, 1);

/// 1 s.
static LONG_BEEP: Tone = Tone::new(BEEP_FREQUENCY, Level::NOMINAL, 50, 1);

/// 500 ms.
static SPEAK_NOW: Tone = Tone::new(BEEP_FREQUENCY, Level::NOMINAL, 25, 1);

/// From one short beep to the next: 300 ms, slow enough to be counted.
const BEEP_EVERY: u32 = 15;

/// Silence before the first beep: 200 ms.
const BEEPS_AFTER: u32 = 10;

/// Silence behind the last one: 400 ms.
const MUSIC_AFTER: u32 = 20;

/// 300 ms.
const NOTE: u32 = 15;

const C4: Tone = note(261_626);
const D4: Tone = note(293_665);
const E4: Tone = note(329_628);
const F4: Tone = note(349_228);
const G4: Tone = note(391_995);
const A4: Tone = note(440_000);
const B4: Tone = note(493_883);
const C5: Tone = note(523_251);
const D5: Tone = note(587_330);

/// Broken chords, up and down: C major, A minor, F major, G major.
static TUNE: [Tone; 24] = [
    C4, E4, G4, C5, G4, E4, //
    C4, E4, A4, C5, A4, E4, //
    C4, F4, A4, C5, A4, F4, //
    D4, G4, B4, D5, B4, G4,
];

const TUNE_FRAMES: u32 = TUNE_NOTES * NOTE;

#[expect(clippy::cast_possible_truncation, reason = "some dozens of notes")]
const TUNE_NOTES: u32 = TUNE.len() as u32;

#[cfg(test)]
mod tests;
