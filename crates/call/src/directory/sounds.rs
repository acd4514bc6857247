//! The library of recorded sounds, and which of them is the music.

use std::collections::BTreeMap;
use std::sync::Arc;

use offhook_base::SoundId;
use offhook_media_core::{Clip, Music, Sound};

use super::QueueConfig;

/// Sounds by their ids.
#[derive(Debug, Default)]
pub(crate) struct Sounds {
    clips: BTreeMap<SoundId, Arc<Clip>>,
    pub(super) greeting: Option<SoundId>,
    pub(super) music: Option<SoundId>,
    /// What there is without a library.
    built_in: Music,
}

impl Sounds {
    pub(crate) fn with_built_in(built_in: Music) -> Self {
        Self {
            built_in,
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
    pub(crate) fn greeting(&self) -> Option<Arc<Clip>> {
        self.clips.get(&self.greeting?).cloned()
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
            Some(clip) => Sound::Announcement(clip.clone(), music),
            None => Sound::Music(music),
        }
    }

    /// The first of these that there is: a sound may be gone though somebody still names it.
    fn first<const N: usize>(&self, ids: [Option<SoundId>; N]) -> Music {
        let clip = ids.into_iter().flatten().find_map(|id| self.clips.get(&id));
        clip.map_or_else(|| self.built_in.clone(), |clip| Music::Clip(clip.clone()))
    }
}
