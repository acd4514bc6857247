//! What a sound of the library may be chosen for, beside what a queue plays.

use serde::{Deserialize, Serialize};

/// A place for a sound.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SoundUse {
    /// What callers are told before they may leave a message; without it a prompt.
    Greeting,
    /// What everybody hears who is held or waits; without it the music that is built in.
    Music,
    /// What callers hear whose call rings; without it the tone of their phone.
    Ringback,
}

impl SoundUse {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Greeting, Self::Music, Self::Ringback];

    /// Its name in `/settings` and in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Greeting => "greeting",
            Self::Music => "music",
            Self::Ringback => "ringback",
        }
    }
}
