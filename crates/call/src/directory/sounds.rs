//! The library of recorded sounds, which of them is played where, and what is said and played without it.

use std::collections::BTreeMap;
use std::sync::Arc;

use offhook_base::{Language, SoundId};
use offhook_media_core::{Clip, Music, Phrase, Prompts, Sound};

use super::QueueConfig;

/// Sounds by their ids.
#[derive(Debug, Default)]
pub(crate) struct Sounds {
    clips: BTreeMap<SoundId, Arc<Clip>>,
    pub(super) greeting: Option<SoundId>,
    pub(super) music: Option<SoundId>,
    pub(super) ringback: Option<SoundId>,
    pub(super) language: Language,
    /// What there is without a library.
    built_in: Music,
    prompts: BTreeMap<Language, Prompts>,
}

impl Sounds {
    pub(crate) fn with_built_in(music: Music, prompts: BTreeMap<Language, Prompts>) -> Self {
        Self {
            built_in: music,
            prompts,
            ..Self::default()
        }
    }

    pub(super) fn put(&mut self, id: SoundId, clip: Arc<Clip>) {
        self.clips.insert(id, clip);
    }

    pub(super) fn remove(&mut self, id: SoundId) {
        self.clips.remove(&id);
    }

    /// What a caller hears before he may leave a message; `None` for only the tone.
    pub(crate) fn greeting(&self) -> Option<Phrase> {
        let chosen = self.greeting.and_then(|id| self.clips.get(&id));
        match chosen {
            Some(clip) => Some(clip.clone().into()),
            None => self.prompts().map(Prompts::greeting),
        }
    }

    /// The words of the language that was chosen; `None`: tones have to do.
    pub(crate) fn prompts(&self) -> Option<&Prompts> {
        self.prompts.get(&self.language)
    }

    /// How a caller of this queue is told his place.
    pub(crate) fn position(&self, place: u32, queue: Option<&QueueConfig>) -> Sound {
        let music = self.music_of(queue);
        match self.prompts() {
            Some(prompts) => Sound::Announcement(prompts.position(place), music),
            None => Sound::Position(place, music),
        }
    }

    /// Whether a sound was chosen for callers whose call rings.
    pub(crate) fn has_ringback(&self) -> bool {
        self.ringback.is_some_and(|id| self.clips.contains_key(&id))
    }

    /// What a caller hears of us whose call rings.
    pub(crate) fn ringback_or_tone(&self) -> Sound {
        let chosen = self.ringback.and_then(|id| self.clips.get(&id));
        chosen.map_or(Sound::Ringback, |clip| {
            Sound::Music(Music::Clip(clip.clone()))
        })
    }

    /// What everybody hears who is held or waits.
    pub(crate) fn music(&self) -> Music {
        self.first([self.music])
    }

    /// What a caller of this queue hears while he waits.
    pub(crate) fn music_of(&self, queue: Option<&QueueConfig>) -> Music {
        self.first([queue.and_then(|queue| queue.music), self.music])
    }

    /// What a caller hears who enters this queue.
    pub(crate) fn welcome(&self, queue: &QueueConfig) -> Sound {
        let music = self.music_of(Some(queue));
        let told = queue.announcement.and_then(|id| self.clips.get(&id));
        match told {
            Some(clip) => Sound::Announcement(clip.clone().into(), music),
            None => Sound::Music(music),
        }
    }

    /// The first of these that there is: a sound may be gone though somebody still names it.
    fn first<const N: usize>(&self, ids: [Option<SoundId>; N]) -> Music {
        let clip = ids.into_iter().flatten().find_map(|id| self.clips.get(&id));
        clip.map_or_else(|| self.built_in.clone(), |clip| Music::Clip(clip.clone()))
    }
}
