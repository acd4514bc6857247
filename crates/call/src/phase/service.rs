//! A code was dialled: it is answered, a tone tells what came of it, and we hang up. Nobody calls anybody, so there is no
//! call, no event and no CDR.
//!
//! ```text
//!  INVITE ──► 200, tone ──► ACK ──► a moment ──► BYE
//! ```

use std::time::Duration;

use bytes::Bytes;
use offhook_base::Mono;
use offhook_media_core::Sound;
use offhook_sip_core::{Body, Command, LegId};
use offhook_sip_message::Method;

use super::waiting::busy_reply;
use super::{Context, Input, Phase, answer};
use crate::media::Media;

/// A code that was carried out.
#[derive(Debug)]
pub(crate) struct Service {
    leg: LegId,
    media: Media,
    ends_at: Mono,
}

impl Service {
    /// Answers the INVITE of `leg`, whose offer `media` has taken note of. One beep means done; two, undone.
    pub(crate) fn start(cx: &mut Context<'_>, leg: LegId, mut media: Media, beeps: u32) -> Phase {
        let root = cx.calls.root();
        let Some(octets) = media
            .answer_ourselves(root, cx.effects)
            .or_else(|| media.answer_in_silence(root))
        else {
            media.stop(cx.effects);
            cx.free(leg, answer(leg, 488, Vec::new()));
            return Phase::Ended;
        };
        let command = Command::Answer {
            leg,
            status: 200,
            reason: Bytes::new(),
            headers: Vec::new(),
            body: Some(Body {
                content_type: Bytes::from_static(b"application/sdp"),
                octets,
            }),
        };
        cx.free(leg, command);
        media.play(Sound::Position(beeps), cx.effects);
        Phase::Service(Box::new(Self {
            leg,
            media,
            ends_at: cx.now.mono + PATIENCE,
        }))
    }

    pub(crate) const fn next_timeout(&self) -> Mono {
        self.ends_at
    }

    pub(crate) fn handle(mut self: Box<Self>, cx: &mut Context<'_>, input: Input) -> Phase {
        match input {
            Input::Acked { .. } => self.ends_at = cx.now.mono + TONE,
            Input::Request { leg, tx, request } => {
                let method = request.view().method();
                if method == Some(Method::Bye) {
                    cx.reply(leg, tx, 200, Vec::new());
                    self.media.stop(cx.effects);
                    return Phase::Ended;
                }
                let (status, headers) = busy_reply(method);
                cx.reply(leg, tx, status, headers);
            }
            Input::Timeout if self.ends_at > cx.now.mono => {}
            Input::Cancelled { .. }
            | Input::Lost { .. }
            | Input::MediaLost
            | Input::Shutdown
            | Input::Timeout => {
                let headers = Vec::new();
                let leg = self.leg;
                cx.free(leg, Command::Bye { leg, headers });
                self.media.stop(cx.effects);
                return Phase::Ended;
            }
            // It has no call that anybody could steer, and rings nobody.
            Input::Answered { .. }
            | Input::Failed { .. }
            | Input::GroupRemoved(_)
            | Input::Hangup { .. }
            | Input::Hold { .. }
            | Input::Provisional { .. }
            | Input::Queue(_)
            | Input::Refused { .. }
            | Input::Response { .. }
            | Input::Transfer(_) => {}
        }
        Phase::Service(self)
    }
}

/// How long the tone is heard.
const TONE: Duration = Duration::from_millis(1_500);
/// How long we wait for an ACK.
const PATIENCE: Duration = Duration::from_secs(34);
