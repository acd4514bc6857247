//! What of a sound is heard when, in frames of 20 ms.
//!
//! ```text
//!  Play(Ringback) ─► Ringback      Play(Position) ─► Beeps ── all heard ─► Music ◄─ Play(Music)
//! ```
//!
//! Music is one tune through all its interruptions: after the beeps it goes on where it was.

use crate::command::{Law, Sound};
use crate::tone::{Level, MilliHertz, Tone};

/// A sound and the place in it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Program {
    /// Beeps first, then the music from its own place.
    Beeps { beeps: Beeps, at: u32, music: u32 },
    /// The place in the tune.
    Music { at: u32 },
    /// The place in the cadence.
    Ringback { at: u32 },
}

/// How a position is told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Beeps {
    Long,
    /// So many, 1 to 9.
    Short(u32),
}

impl Program {
    pub(crate) const fn new(sound: Sound) -> Self {
        Self::with_music(sound, 0)
    }

    /// The sound that takes the place of this one, or goes on if it is the same.
    pub(crate) const fn replaced_by(self, sound: Sound) -> Self {
        match self {
            Self::Ringback { .. } if matches!(sound, Sound::Ringback) => self,
            Self::Ringback { .. } => Self::new(sound),
            Self::Beeps { music: at, .. } | Self::Music { at } => Self::with_music(sound, at),
        }
    }

    const fn with_music(sound: Sound, music: u32) -> Self {
        let beeps = match sound {
            Sound::Ringback => return Self::Ringback { at: 0 },
            Sound::Music | Sound::Position(0) => return Self::Music { at: music },
            Sound::Position(position @ 1..=9) => Beeps::Short(position),
            Sound::Position(10..) => Beeps::Long,
        };
        Self::Beeps {
            beeps,
            at: 0,
            music,
        }
    }

    /// Encodes the frame at this place.
    pub(crate) fn render(&self, law: Law, payload: &mut [u8]) {
        match self.heard() {
            Some((tone, index)) => tone.render(law, index, payload),
            None => payload.fill(law.encode(0)),
        }
    }

    /// Moves on by so many frames, heard or not.
    pub(crate) fn advance(&mut self, frames: u64) {
        *self = match *self {
            Self::Beeps { beeps, at, music } => {
                let reached = u64::from(at).saturating_add(frames);
                match u32::try_from(reached) {
                    Ok(at) if at < beeps.frames() => Self::Beeps { beeps, at, music },
                    Ok(_) | Err(_) => Self::Music {
                        at: along(music, reached - u64::from(beeps.frames()), TUNE_FRAMES),
                    },
                }
            }
            Self::Music { at } => Self::Music {
                at: along(at, frames, TUNE_FRAMES),
            },
            Self::Ringback { at } => Self::Ringback {
                at: along(at, frames, CADENCE),
            },
        };
    }

    /// The tone that is heard, and which frame of it.
    fn heard(&self) -> Option<(&'static Tone, u32)> {
        let (tone, index) = match *self {
            Self::Beeps { beeps, at, .. } => beeps.heard(at)?,
            Self::Music { at } => (TUNE.get((at / NOTE) as usize)?, at % NOTE),
            Self::Ringback { at } => (&RINGBACK, at),
        };
        (index < tone.frames).then_some((tone, index))
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

/// The place `frames` on in something that repeats.
fn along(at: u32, frames: u64, period: u32) -> u32 {
    let reached = (u64::from(at) + frames % u64::from(period)) % u64::from(period);
    u32::try_from(reached).unwrap_or_default()
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
