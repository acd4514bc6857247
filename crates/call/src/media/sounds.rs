//! What each side hears of us. It is a level: what a side is to hear, and can, is compared with what plays, after all that
//! may have changed either.
//!
//! ```text
//!   wanted ── the relay runs, it speaks what we do, its SDP receives ──► plays
//! ```
//!
//! Who is held hears music of ours, in its own codec. A phone that holds and sends music of its own is not heard: one rule
//! for all phones, and no moment at which both are.

use offhook_media_core::{Format, MediaCommand, Music, Side, Sound};
use offhook_sip_message::sdp::Sdp;

use super::flow::Flow;
use super::{Media, Spoken, Voice, speech};
use crate::effect::Effect;
use crate::hold::Holds;

/// What one side hears of us.
#[derive(Debug, Default)]
pub(super) struct Heard {
    wanted: Option<Sound>,
    /// What the media shell was told last, and in which format.
    plays: Option<(Sound, Format)>,
    /// It is to begin anew though it may play already.
    anew: bool,
}

impl Heard {
    /// What it is to hear; `None`: its partner.
    pub(super) fn want(&mut self, sound: Option<Sound>) {
        self.wanted = sound;
    }
}

impl Media {
    /// The first side hears this from its beginning.
    pub(crate) fn play(&mut self, sound: Sound, effects: &mut Vec<Effect>) {
        self.a.heard.want(Some(sound));
        self.a.heard.anew = true;
        self.tune(effects);
    }

    /// Whether the first side hears a sound of ours.
    pub(crate) const fn plays(&self) -> bool {
        self.a.heard.wanted.is_some()
    }

    /// The first side hears its partner.
    pub(crate) fn stop_playing(&mut self, effects: &mut Vec<Effect>) {
        self.a.heard.want(None);
        self.tune(effects);
    }

    /// Each side hears music as long as the other one holds. Who is held by us is, too; who asked us to hold is told nothing,
    /// and hears nothing.
    pub(crate) fn tune_to(&mut self, holds: Holds, music: &Music, effects: &mut Vec<Effect>) {
        for side in [Side::A, Side::B] {
            let held = holds.by(side.other()) && holds.by_us() != Some(side);
            let sound = held.then(|| Sound::Music(music.clone()));
            self.voice(side).heard.want(sound);
        }
        self.tune(effects);
    }

    /// Sees to it that each side hears what it is to hear, if it can.
    pub(super) fn tune(&mut self, effects: &mut Vec<Effect>) {
        let Some(relay) = self.relayed.as_ref().and_then(|relayed| relayed.running()) else {
            return;
        };
        let spoken = self.spoken;
        for (of, side) in [(Side::A, self.turn(Side::A)), (Side::B, self.turn(Side::B))] {
            let voice = self.voice(of);
            let wanted = voice.heard.wanted.clone();
            let wanted = wanted.zip(voice.format(spoken));
            let anew = std::mem::take(&mut voice.heard.anew) && wanted.is_some();
            if wanted == voice.heard.plays && !anew {
                continue;
            }
            voice.heard.plays.clone_from(&wanted);
            effects.push(Effect::Media(match wanted {
                Some((sound, format)) => {
                    voice.heard.goes_on();
                    MediaCommand::Play {
                        relay,
                        side,
                        sound,
                        format,
                    }
                }
                None => MediaCommand::StopPlay { relay, side },
            }));
        }
    }
}

impl Heard {
    /// What is told before the music was told: if another format or a resumed call begins the sound anew, it is the music.
    fn goes_on(&mut self) {
        let music = match &self.wanted {
            Some(Sound::Announcement(_, music) | Sound::Position(_, music)) => music.clone(),
            Some(Sound::Beep(_) | Sound::Music(_) | Sound::Once(..) | Sound::Ringback) | None => {
                return;
            }
        };
        let music = Sound::Music(music);
        if let Some((plays, _)) = &mut self.plays {
            plays.clone_from(&music);
        }
        self.wanted = Some(music);
    }
}

impl Voice {
    /// How a sound is encoded for this side; `None` when it does not want to hear, or nothing that we speak.
    fn format(&self, spoken: Option<Spoken>) -> Option<Format> {
        let said = self.said.as_ref()?;
        if !Flow::of(said)?.receives {
            return None;
        }
        let spoken = spoken?;
        let codec = spoken.speech?;
        // Each side numbers the formats that it receives by itself (RFC 3264 §5.1).
        let sdp = Sdp::parse(said).ok()?;
        let own = sdp
            .first_audio()?
            .codecs()
            .find(|one| speech(one) == Some(codec));
        Some(Format {
            payload_type: own.map_or(spoken.payload_type, |own| own.payload_type),
            codec,
        })
    }
}
