//! A code was dialled: what it asks for is stored, then it is answered, a tone tells that it was done, and we hang up.
//! Nobody calls anybody, so there is no call, no event and no CDR.
//!
//! ```text
//!                    stored
//!  INVITE ──► Storing ────► Told: 200, tone ──► ACK ──► a moment ──► BYE
//!                │
//!                └──► 503: not stored, or not soon enough
//! ```

use std::time::Duration;

use bytes::Bytes;
use offhook_base::Mono;
use offhook_media_core::{Music, Sound};
use offhook_sip_core::{Body, Command, LegId};
use offhook_sip_message::Method;

use super::waiting::busy_reply;
use super::{Context, INVITE_COMMIT_WITHIN, Input, Phase};
use crate::media::Media;

/// A code that is carried out.
#[derive(Debug)]
pub(crate) struct Service {
    leg: LegId,
    media: Media,
    stage: Stage,
    ends_at: Mono,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    /// The INVITE waits for the store. One beep will mean in; two, out.
    Storing { beeps: u32 },
    /// It was answered.
    Told,
}

impl Service {
    /// The INVITE of `leg`, whose offer `media` has taken note of, waits until what it asks for is stored.
    pub(crate) fn start(cx: &Context<'_>, leg: LegId, media: Media, beeps: u32) -> Phase {
        Phase::Service(Box::new(Self {
            leg,
            media,
            stage: Stage::Storing { beeps },
            ends_at: cx.now.mono + INVITE_COMMIT_WITHIN,
        }))
    }

    fn tell(mut self: Box<Self>, cx: &mut Context<'_>, beeps: u32) -> Phase {
        let root = cx.calls.root();
        let Some(octets) = self
            .media
            .answer_ourselves(root, cx.effects)
            .or_else(|| self.media.answer_in_silence(root))
        else {
            return self.refuse(cx, 488);
        };
        let command = Command::Answer {
            leg: self.leg,
            status: 200,
            reason: Bytes::new(),
            headers: Vec::new(),
            body: Some(Body {
                content_type: Bytes::from_static(b"application/sdp"),
                octets,
            }),
        };
        cx.free(self.leg, command);
        self.media
            .play(Sound::Position(beeps, Music::Tune), cx.effects);
        self.stage = Stage::Told;
        self.ends_at = cx.now.mono + PATIENCE;
        Phase::Service(self)
    }

    fn refuse(self: Box<Self>, cx: &mut Context<'_>, status: u16) -> Phase {
        super::refuse_code(cx, self.leg, self.media, status)
    }

    fn hang_up(self: Box<Self>, cx: &mut Context<'_>) -> Phase {
        let (leg, headers) = (self.leg, Vec::new());
        cx.free(leg, Command::Bye { leg, headers });
        self.media.stop(cx.effects);
        Phase::Ended
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
            Input::CodeStored(stored) => match self.stage {
                Stage::Storing { beeps } if stored => return self.tell(cx, beeps),
                Stage::Storing { .. } => return self.refuse(cx, 503),
                Stage::Told => {}
            },
            Input::Cancelled { .. } => {
                return match self.stage {
                    Stage::Storing { .. } => self.refuse(cx, 487),
                    Stage::Told => self.hang_up(cx),
                };
            }
            Input::Timeout if self.ends_at > cx.now.mono => {}
            Input::Lost { .. } | Input::MediaLost | Input::Shutdown | Input::Timeout => {
                return match self.stage {
                    Stage::Storing { .. } => self.refuse(cx, 503),
                    Stage::Told => self.hang_up(cx),
                };
            }
            // It has no call that anybody could steer, and rings nobody.
            Input::Answered { .. }
            | Input::Failed { .. }
            | Input::GroupRemoved(_)
            | Input::Media(_)
            | Input::Hangup { .. }
            | Input::Mailbox(_)
            | Input::Hold { .. }
            | Input::Provisional { .. }
            | Input::Queue(_)
            | Input::Recorded { .. }
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
