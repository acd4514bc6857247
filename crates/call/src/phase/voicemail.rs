//! A user does not answer, and callers may leave a message: we answer for him.
//!
//! ```text
//!   his phones rang in vain, are busy, are not there, he declines or does not want to be disturbed
//!       │ a call of the context VM opens, then his own ends: missed
//!       ▼
//!   Answering: 200 ──► ACK ──► Greeting ──► Beeping ──► Recording ──► Closing ──► Ended
//!       │                         │            │            │            ▲
//!       │                         └─ # ────────┘            ├─ #, silence, the longest message
//!       │                                                   ├─ the caller hangs up, DELETE, shutdown
//!       │                                                   └─ nothing can be recorded ──► Refusing: tone ──► BYE
//!       └─ not on disk in time ──► 503
//! ```
//!
//! A caller who hangs up before Recording leaves no message; one shorter than a second is none either. The message's entry
//! is in the fact that ends the call, so that who hears of that end finds the message: Closing waits for the recorder, which
//! answers within moments, and not for long: what it tells later is told of by itself (`pbx/messages.rs`).
//!
//! Only a call to the user himself is taken: no member's of a ring group, no agent's of a queue, none of his own, and none
//! that we could not be heard in (`relay = "never"`, or a caller without a codec of ours): those are missed as ever. It makes
//! no difference who sends the caller: a transfer to the user is done once we have answered, and a transfer that failed
//! and rings who transferred again may leave him a message.

mod close;
mod entry;

use std::time::Duration;

use bytes::Bytes;
use offhook_base::{
    Audio, CallId, Mono, RecordingId, RecordingKind, RecordingRecord, RecordingStart, TerminatedBy,
    UserId,
};
use offhook_media_core::{Cue, Digit, MediaCommand, Music, PressWay, Side, Sound, Taped};
use offhook_sip_core::{Body, Command};
use offhook_sip_message::Message;

use super::own::{Own, Why};
use super::transfer::Obstacle;
use super::waiting::{Heard, Unanswered, Waiting};
use super::{Context, Input, MediaNews, Phase};
use crate::cause::EndCause;
use crate::command::{ApiAnswer, ApiRefusal};
use crate::convey;
use crate::effect::Effect;
use crate::fence::Class;
use close::Close;
pub(super) use entry::{or_fail, rings_for};

/// A caller who is asked for a message.
#[derive(Debug)]
pub(crate) struct Voicemail {
    waiting: Waiting,
    /// The call of the context VM.
    call: CallId,
    user: UserId,
    stage: Stage,
    /// Whether our answer is one to the caller's INVITE: before it is on disk that can still be refused.
    answers: bool,
    /// When the answer must be on disk; `None` once it is.
    committed_by: Option<Mono>,
    /// A re-INVITE of ours: who was held while it was transferred must speak again.
    own: Option<Own>,
    /// REST clients who hung up and wait for the end.
    tokens: Vec<u64>,
}

#[derive(Debug)]
enum Stage {
    /// Our 200 waits for its ACK, or our re-INVITE for its answer.
    Answering,
    /// The greeting is played, until then at most.
    Greeting { until: Mono },
    /// The tone is played, until then at most.
    Beeping { until: Mono },
    /// The caller speaks.
    Recording {
        message: Box<RecordingStart>,
        until: Mono,
    },
    /// The recorder is asked for what there is.
    Closing {
        message: Box<RecordingStart>,
        close: Close,
        until: Mono,
    },
    /// Nothing more can be recorded: a tone says so.
    Refusing {
        entry: Option<Box<RecordingRecord>>,
        until: Mono,
    },
}

impl Voicemail {
    /// Answers the caller's INVITE. Who is in a dialog with us hears us at once, or once it may speak.
    fn answer(&mut self, cx: &mut Context<'_>) {
        let leg = self.waiting.leg;
        let root = cx.calls.root();
        if self.answers {
            // That there is an answer was made sure of before.
            let octets = self.waiting.media.answer_ourselves(root, cx.effects);
            let codec = octets.as_deref().and_then(crate::media::codec);
            self.describe(cx, codec);
            self.waiting.unanswered = None;
            let command = Command::Answer {
                leg,
                status: 200,
                reason: Bytes::new(),
                headers: Vec::new(),
                body: octets.map(sdp),
            };
            return cx.held(leg, Class::Answers, command);
        }
        self.waiting.media.start(cx.effects);
        self.describe(cx, None);
        if self.waiting.media.may_speak() {
            return self.greet(cx);
        }
        let offer = self.waiting.media.offer_of_ours(root);
        self.own = Some(Own::send(cx, (Side::A, leg), sdp(offer), Why::Align));
    }

    /// What is spoken, for the call's record; who is in a dialog with us goes on in its codec.
    fn describe(&self, cx: &mut Context<'_>, codec: Option<String>) {
        if let Some(record) = cx.calls.get_mut(self.call) {
            if let Some(codec) = codec {
                record.src.codec = codec;
            }
            record.dst.codec.clone_from(&record.src.codec);
        }
    }

    /// The caller hears us from here on.
    fn greet(&mut self, cx: &mut Context<'_>) {
        match cx.office.directory.sounds.greeting() {
            Some(phrase) => {
                let sound = Sound::Once(phrase, GREETING);
                self.waiting.media.play(sound, cx.effects);
                let until = cx.now.mono + GREETING_AT_MOST;
                self.stage = Stage::Greeting { until };
            }
            None => self.beep(cx),
        }
    }

    fn beep(&mut self, cx: &mut Context<'_>) {
        self.waiting.media.play(Sound::Beep(TONE), cx.effects);
        self.stage = Stage::Beeping {
            until: cx.now.mono + TONE_AT_MOST,
        };
    }

    /// The caller may speak.
    fn record(&mut self, cx: &mut Context<'_>) {
        self.waiting.media.stop_playing(cx.effects);
        let id = cx.new_recording();
        let at = cx.calls.wall_at(cx.now);
        let root = cx.calls.root();
        let record = cx.calls.iter().find(|record| record.id == self.call);
        let (Some(id), Some(record), Some((relay, side))) =
            (id, record, self.waiting.media.relay(Side::A))
        else {
            return self.refuse(cx, None);
        };
        let message = RecordingStart {
            id,
            kind: RecordingKind::Message,
            call: self.call,
            root,
            user: Some(self.user),
            context: CONTEXT.to_owned(),
            caller: record.src.number.clone(),
            called: record.dst.number.clone(),
            started_at: at,
        };
        let message = Box::new(message);
        cx.effects.push(Effect::Recording(message.clone()));
        for command in [
            MediaCommand::Record {
                relay,
                recording: id,
                taped: Taped::Only(side),
            },
            MediaCommand::Watch {
                relay,
                after: Some(SILENCE),
            },
        ] {
            cx.effects.push(Effect::Media(command));
        }
        self.stage = Stage::Recording {
            message,
            until: cx.now.mono + LONGEST_MESSAGE,
        };
    }

    /// Nothing can be recorded, or nothing more.
    fn refuse(&mut self, cx: &mut Context<'_>, entry: Option<Box<RecordingRecord>>) {
        self.waiting.media.play(REFUSED, cx.effects);
        self.stage = Stage::Refusing {
            entry,
            until: cx.now.mono + REFUSED_FOR,
        };
    }

    pub(crate) const fn waiting(&self) -> &Waiting {
        &self.waiting
    }

    pub(crate) fn next_timeout(&self) -> Mono {
        let stage = match &self.stage {
            Stage::Answering => None,
            Stage::Greeting { until }
            | Stage::Beeping { until }
            | Stage::Recording { until, .. }
            | Stage::Closing { until, .. }
            | Stage::Refusing { until, .. } => Some(*until),
        };
        let again_at = self.own.as_ref().and_then(|own| own.again_at);
        [stage, self.committed_by, again_at]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(Mono(u64::MAX))
    }

    pub(crate) fn handle(mut self: Box<Self>, cx: &mut Context<'_>, input: Input) -> Phase {
        let Some(input) = self.own_input(cx, input) else {
            return Phase::Voicemail(self);
        };
        let input = match self.waiting.hear(cx, input) {
            Heard::Done => return Phase::Voicemail(self),
            Heard::Gone(gone) => return self.close(cx, Close::Gone(gone), None),
            Heard::Other(input) => input,
        };
        match input {
            Input::Media(MediaNews::Played { side, cue }) => {
                if self.is_caller(side) {
                    self.on_played(cx, cue);
                }
            }
            Input::Media(MediaNews::Pressed { side, digit, way }) => {
                // What sounds like a key in a message is none where keys come as packets.
                let meant = way != PressWay::InBand || !self.waiting.media.lists_keys(Side::A);
                if self.is_caller(side) && meant && Digit::from_char('#') == Some(digit) {
                    return self.on_hash(cx);
                }
            }
            Input::Media(MediaNews::Silent(side)) => {
                if self.is_caller(side) && matches!(self.stage, Stage::Recording { .. }) {
                    return self.close(cx, Close::complete(), None);
                }
            }
            Input::Recorded { recording, audio } => return self.on_recorded(cx, recording, audio),
            Input::Hangup { token, .. } => {
                let close = Close::Ours(EndCause::ManagerRequest.cause(), TerminatedBy::Api);
                return self.close(cx, close, Some(token));
            }
            Input::Transfer(request) => request.by.refuse(cx, Obstacle::InProgress),
            Input::Hold { token, .. } => {
                let refusal = ApiRefusal::Conflict("the caller is leaving a message");
                cx.reply_api(token, Err(refusal));
            }
            Input::Shutdown => {
                // The message is waited for; who transferred the caller here is not.
                if let Some(departing) = self.waiting.departing.take() {
                    departing.hang_up(cx);
                }
                let cause = EndCause::SystemShutdown.with_sip(200);
                return self.close(cx, Close::Ours(cause, TerminatedBy::System), None);
            }
            Input::MediaLost => {
                let cause = EndCause::CircuitCongestion.with_sip(200);
                return self.finish(cx, Close::Ours(cause, TerminatedBy::System), None);
            }
            Input::Timeout => return self.on_timeout(cx),
            Input::Request { leg, tx, request } => {
                let (status, headers) = super::waiting::busy_reply(request.view().method());
                cx.reply(leg, tx, status, headers);
            }
            // A phone that was given up answered before its CANCEL landed (RFC 3261 §13.2.2.4).
            Input::Answered { leg, .. } => cx.not_wanted(leg),
            Input::Acked { .. }
            | Input::Cancelled { .. }
            | Input::CodeStored(_)
            | Input::Mailbox(_)
            | Input::Failed { .. }
            | Input::GroupRemoved(_)
            | Input::Lost { .. }
            | Input::Provisional { .. }
            | Input::Queue(_)
            | Input::Refused { .. }
            | Input::Response { .. } => {}
        }
        Phase::Voicemail(self)
    }

    /// What begins the greeting: the ACK, or the answer to our re-INVITE. `None` when it was dealt with.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "all that is about neither passes on, whatever it is"
    )]
    fn own_input(&mut self, cx: &mut Context<'_>, input: Input) -> Option<Input> {
        match input {
            Input::Acked { leg, .. } if leg == self.waiting.leg => {
                if matches!(self.stage, Stage::Answering) && self.own.is_none() {
                    self.greet(cx);
                }
                None
            }
            Input::Response { leg, tx, response } if leg == self.waiting.leg => {
                match self.own.take_if(|own| own.is(tx)) {
                    Some(own) => {
                        self.on_own_response(cx, own, &response);
                        None
                    }
                    None => Some(Input::Response { leg, tx, response }),
                }
            }
            Input::Failed { leg, tx, status }
                if self.own.as_ref().is_some_and(|own| own.is(tx)) =>
            {
                self.own = None;
                if matches!(status, 408 | 481) {
                    // RFC 3261 §12.2.1.2: the caller's phone does not know the dialog any more.
                    return Some(Input::Lost { leg });
                }
                self.greet(cx);
                None
            }
            other => Some(other),
        }
    }

    /// The caller's phone agreed to hear us and to be heard, or did not: then it does what it can.
    fn on_own_response(&mut self, cx: &mut Context<'_>, mut own: Own, response: &Message) {
        let status = response.view().status().unwrap_or(500);
        if status == 491 && own.glare(cx) {
            self.own = Some(own);
            return;
        }
        if status < 300 {
            let leg = own.leg;
            cx.free(leg, Command::Ack { leg, body: None });
            if let Some(body) = convey::body(response).filter(convey::is_sdp) {
                self.waiting.media.hear(Side::A, &body.octets, cx.effects);
            }
        }
        self.greet(cx);
    }

    fn is_caller(&self, side: Side) -> bool {
        let relay = self.waiting.media.relay(Side::A);
        relay.is_some_and(|(_, caller)| caller == side)
    }

    fn on_played(&mut self, cx: &mut Context<'_>, cue: Cue) {
        match self.stage {
            Stage::Greeting { .. } if cue == GREETING => self.beep(cx),
            Stage::Beeping { .. } if cue == TONE => self.record(cx),
            Stage::Answering
            | Stage::Greeting { .. }
            | Stage::Beeping { .. }
            | Stage::Recording { .. }
            | Stage::Closing { .. }
            | Stage::Refusing { .. } => {}
        }
    }

    /// `#` ends the message; during the greeting it leads to the tone at once.
    fn on_hash(mut self: Box<Self>, cx: &mut Context<'_>) -> Phase {
        match self.stage {
            Stage::Greeting { .. } => self.beep(cx),
            Stage::Recording { .. } => return self.close(cx, Close::complete(), None),
            Stage::Answering
            | Stage::Beeping { .. }
            | Stage::Closing { .. }
            | Stage::Refusing { .. } => {}
        }
        Phase::Voicemail(self)
    }

    /// The recorder tells what there is: at the end of the message, or before it when it cannot go on.
    fn on_recorded(
        mut self: Box<Self>,
        cx: &mut Context<'_>,
        recording: RecordingId,
        audio: Option<Audio>,
    ) -> Phase {
        if self.message() != Some(recording) {
            return Phase::Voicemail(self);
        }
        match std::mem::replace(&mut self.stage, Stage::Answering) {
            Stage::Recording { message, .. } => {
                tracing::warn!(%recording, "a message cannot be recorded any further");
                let entry = keep(cx, *message, audio);
                self.refuse(cx, entry);
            }
            Stage::Closing { message, close, .. } => {
                let entry = keep(cx, *message, audio);
                return self.finish(cx, close, entry);
            }
            other @ (Stage::Answering
            | Stage::Greeting { .. }
            | Stage::Beeping { .. }
            | Stage::Refusing { .. }) => self.stage = other,
        }
        Phase::Voicemail(self)
    }

    /// The message that the recorder has yet to tell of.
    pub(crate) fn message(&self) -> Option<RecordingId> {
        match &self.stage {
            Stage::Recording { message, .. } | Stage::Closing { message, .. } => Some(message.id),
            Stage::Answering
            | Stage::Greeting { .. }
            | Stage::Beeping { .. }
            | Stage::Refusing { .. } => None,
        }
    }

    fn on_timeout(mut self: Box<Self>, cx: &mut Context<'_>) -> Phase {
        let now = cx.now.mono;
        if self.committed_by.is_some_and(|by| by <= now) {
            self.committed_by = None;
            if !cx.committed {
                return self.end_uncommitted(cx);
            }
        }
        if let Some(mut own) = self
            .own
            .take_if(|own| own.again_at.is_some_and(|at| at <= now))
        {
            let root = cx.calls.root();
            let offer = self.waiting.media.offer_of_ours(root);
            own.try_again(cx, sdp(offer));
            self.own = Some(own);
        }
        if self.next_timeout() > now {
            return Phase::Voicemail(self);
        }
        match std::mem::replace(&mut self.stage, Stage::Answering) {
            Stage::Answering => {}
            Stage::Greeting { .. } => self.beep(cx),
            Stage::Beeping { .. } => self.record(cx),
            stage @ Stage::Recording { .. } => {
                self.stage = stage;
                return self.close(cx, Close::complete(), None);
            }
            Stage::Closing { message, close, .. } => {
                tracing::warn!(recording = %message.id, "the recorder does not say what there is of a message");
                return self.finish(cx, close, None);
            }
            Stage::Refusing { entry, .. } => {
                let cause = EndCause::TemporaryFailure.with_sip(200);
                return self.finish(cx, Close::Ours(cause, TerminatedBy::System), entry);
            }
        }
        Phase::Voicemail(self)
    }

    /// The call is to end; `token` is that of a REST client who wants it. What was recorded goes into its last fact.
    fn close(mut self: Box<Self>, cx: &mut Context<'_>, close: Close, token: Option<u64>) -> Phase {
        self.tokens.extend(token);
        match std::mem::replace(&mut self.stage, Stage::Answering) {
            Stage::Recording { message, .. } => {
                if let Some((relay, _)) = self.waiting.media.relay(Side::A) {
                    let recording = message.id;
                    cx.effects
                        .push(Effect::Media(MediaCommand::StopRecord { relay, recording }));
                }
                self.stage = Stage::Closing {
                    message,
                    close,
                    until: cx.now.mono + RECORDER_WITHIN,
                };
                Phase::Voicemail(self)
            }
            Stage::Closing {
                message,
                close: first,
                until,
            } => {
                self.stage = Stage::Closing {
                    message,
                    close: first.and_then(cx, self.waiting.leg, close),
                    until,
                };
                Phase::Voicemail(self)
            }
            Stage::Refusing { entry, .. } => self.finish(cx, close, entry),
            Stage::Answering | Stage::Greeting { .. } | Stage::Beeping { .. } => {
                self.finish(cx, close, None)
            }
        }
    }

    fn finish(
        self,
        cx: &mut Context<'_>,
        close: Close,
        entry: Option<Box<RecordingRecord>>,
    ) -> Phase {
        cx.end_with(self.call, &close.end(), entry);
        let phase = match close {
            Close::Gone(gone) => self.waiting.leave(cx, &gone),
            Close::Ours(cause, by) => self.waiting.end(cx, cause, by, cause.sip),
        };
        for token in self.tokens {
            cx.reply_api(token, Ok(ApiAnswer::Done));
        }
        phase
    }

    /// The disk did not take our answer in time: the caller gets 503, never our held 200.
    fn end_uncommitted(mut self: Box<Self>, cx: &mut Context<'_>) -> Phase {
        let status = if self.answers {
            cx.effects.push(Effect::DropHeld(self.waiting.leg));
            self.waiting.unanswered = Some(Unanswered {
                delayed_offer: false,
                early: None,
            });
            503
        } else {
            200
        };
        let cause = EndCause::TemporaryFailure.with_sip(status);
        self.close(cx, Close::Ours(cause, TerminatedBy::System), None)
    }
}

/// The entry of a message that is long enough; the sound of any other is not kept.
fn keep(
    cx: &mut Context<'_>,
    message: RecordingStart,
    audio: Option<Audio>,
) -> Option<Box<RecordingRecord>> {
    let audio = audio?;
    if !is_worth_keeping(audio) {
        cx.effects.push(Effect::DropRecording(Box::new(message)));
        return None;
    }
    Some(Box::new(message.with_audio(audio)))
}

/// Whether a message is long enough.
pub(crate) fn is_worth_keeping(audio: Audio) -> bool {
    Duration::from_millis(audio.duration_ms) >= SHORTEST_MESSAGE
}

fn sdp(octets: Bytes) -> Body {
    Body {
        content_type: Bytes::from_static(b"application/sdp"),
        octets,
    }
}

/// `context` of such a call.
const CONTEXT: &str = "VM";

/// The greeting, when its end is told.
const GREETING: Cue = Cue(1);
/// The tone after it.
const TONE: Cue = Cue(2);
/// The tone takes half a second; that its end is not told must not keep the caller waiting.
const TONE_AT_MOST: Duration = Duration::from_secs(2);
/// Three: no message can be left.
const REFUSED: Sound = Sound::Position(3, Music::Tune);
/// How long that takes.
const REFUSED_FOR: Duration = Duration::from_millis(1_300);
/// A greeting is cut off after that.
const GREETING_AT_MOST: Duration = Duration::from_secs(60);
/// The longest message.
const LONGEST_MESSAGE: Duration = Duration::from_secs(180);
/// What is shorter is a caller who changed his mind.
const SHORTEST_MESSAGE: Duration = Duration::from_secs(1);
/// A phone that sends nothing for so long has nothing more to say, or is gone.
const SILENCE: Duration = Duration::from_secs(10);
/// The recorder says what there is within milliseconds, unless its disk hangs. A shutdown waits for 5 s altogether.
const RECORDER_WITHIN: Duration = Duration::from_secs(4);
