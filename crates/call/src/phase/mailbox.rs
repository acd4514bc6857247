//! A user dials `*97` and hears the messages that were left for him. As with every code nobody calls anybody, so there is no
//! call, no event and no CDR.
//!
//! ```text
//!                     listed                                               its sound is there
//!   INVITE ──► Listing ────► Answering: 200 ──► ACK ──► Saying how many ──► Loading ──► Playing ──► Pausing
//!                 │                                       ▲        ▲          ▲           │  │ keys  │ keys,
//!                 └──► 503: not listed in time            │        │ 2 # ·····│···········│··┤       │ a moment
//!                                                         │  "next message"   └── 1 * ────│──┤       │
//!                                      "message deleted"  │                               │  │       │
//!                                              Deleting ──┘◄───────── 3 7 ────────────────┴──┴───────┘
//!
//!   Saying "no messages", "end of messages" ──► Leaving ──► BYE; the phone hangs up, is silent, an hour is over: the same, from anywhere
//! ```
//!
//! The messages that were not heard yet are played, the oldest first; if there are none, those that were. A message counts as
//! heard once it was played to its end, or the user went on by a key; not when he hangs up in the middle. Whose messages they
//! are is decided by who proved the password of the phone, by nothing that it says.
//!
//! Files are read elsewhere: each message is asked for while words are said before it, and one at a time is in memory.

mod keys;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use offhook_base::{Mono, RecordingId, UserId};
use offhook_media_core::{Clip, Cue, MediaCommand, Phrase, Prompts, Side, Sound};
use offhook_sip_core::{Body, Command, LegId};
use offhook_sip_message::Method;

use super::{Context, INVITE_COMMIT_WITHIN, Input, MediaNews, Phase};
use crate::cause::EndCause;
use crate::effect::Effect;
use crate::mailbox::{MailboxAsk, MailboxList, MailboxNews, MailboxRequest};
use crate::media::Media;

/// A user who hears his messages.
#[derive(Debug)]
pub(crate) struct Mailbox {
    leg: LegId,
    user: UserId,
    media: Media,
    /// Those that are played, and the place among them.
    messages: Vec<RecordingId>,
    at: usize,
    /// They were not heard before, but for the first so many of them.
    are_new: bool,
    heard: usize,
    /// The sound of the message at that place.
    sound: Fetched,
    stage: Stage,
    cue: Cue,
    ends_at: Mono,
}

/// The sound of a message.
#[derive(Clone, Debug)]
enum Fetched {
    /// The store was asked for it.
    Asked,
    /// It cannot be had.
    Missing,
    There(Arc<Clip>),
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    /// The INVITE waits for the list.
    Listing { until: Mono },
    /// Our 200 waits for its ACK, then this is said.
    Answering { first: Sentence, then: Then },
    /// Words are said.
    Saying { then: Then, until: Mono },
    /// The words are said, and the sound of the message is not there.
    Loading { until: Mono },
    /// A message is played.
    Playing { until: Mono },
    /// It was played, and a key may tell what becomes of it.
    Pausing { until: Mono },
    /// It is being deleted.
    Deleting { until: Mono },
    /// All is said; the phone still plays the last of it.
    Leaving { until: Mono },
}

/// What comes after words.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Then {
    /// The message at the place.
    Message,
    /// We hang up.
    Bye,
}

/// What is said.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Sentence {
    /// So many are new, so many were heard before.
    Counts {
        new: usize,
        old: usize,
    },
    Next,
    Unavailable,
    Deleted,
    End,
}

impl Mailbox {
    /// The INVITE of `leg`, whose offer `media` has taken note of, waits until it is known which messages there are.
    pub(crate) fn start(cx: &mut Context<'_>, leg: LegId, user: UserId, media: Media) -> Phase {
        let mailbox = Box::new(Self {
            leg,
            user,
            media,
            messages: Vec::new(),
            at: 0,
            are_new: false,
            heard: 0,
            sound: Fetched::Missing,
            stage: Stage::Listing {
                until: cx.now.mono + INVITE_COMMIT_WITHIN,
            },
            cue: Cue(0),
            ends_at: cx.now.mono + LONGEST,
        });
        if !mailbox.media.can_answer() {
            return mailbox.refuse(cx, 488);
        }
        mailbox.ask(cx, MailboxAsk::List);
        Phase::Mailbox(mailbox)
    }

    fn ask(&self, cx: &mut Context<'_>, ask: MailboxAsk) {
        let (call, user) = (cx.calls.root(), self.user);
        let request = MailboxRequest { call, user, ask };
        cx.effects.push(Effect::Mailbox(request));
    }

    fn on_listed(mut self: Box<Self>, cx: &mut Context<'_>, list: Option<MailboxList>) -> Phase {
        if !matches!(self.stage, Stage::Listing { .. }) {
            return Phase::Mailbox(self);
        }
        let Some(MailboxList { new, old }) = list else {
            return self.refuse(cx, 503);
        };
        let root = cx.calls.root();
        let Some(octets) = self.media.answer_ourselves(root, cx.effects) else {
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
        let first = Sentence::Counts {
            new: new.len(),
            old: old.len(),
        };
        self.are_new = !new.is_empty();
        self.messages = if self.are_new { new } else { old };
        let then = if self.messages.is_empty() {
            Then::Bye
        } else {
            self.load(cx);
            Then::Message
        };
        self.stage = Stage::Answering { first, then };
        Phase::Mailbox(self)
    }

    /// The caller hears us from here on; a phone that vanishes is noticed by its silence.
    fn on_acked(&mut self, cx: &mut Context<'_>) {
        let Stage::Answering { first, then } = self.stage else {
            return;
        };
        let after = cx.office.config.rtp_timeout;
        if let Some((relay, _)) = self.media.relay(Side::A).filter(|_| after.is_some()) {
            let watch = MediaCommand::Watch { relay, after };
            cx.effects.push(Effect::Media(watch));
        }
        self.say(cx, &[first], then);
    }

    /// Says some sentences.
    fn say(&mut self, cx: &mut Context<'_>, sentences: &[Sentence], then: Then) {
        self.cue.0 = self.cue.0.wrapping_add(1);
        let prompts = cx.office.directory.sounds.prompts();
        let (sound, takes) = match prompts {
            Some(prompts) => {
                let nothing: Phrase = [].into_iter().collect();
                let phrase = sentences.iter().fold(nothing, |phrase, sentence| {
                    phrase.then(&sentence.in_words(prompts))
                });
                let takes = Duration::from_millis(phrase.duration_ms().into());
                (Sound::Once(phrase, self.cue), takes)
            }
            // Something is heard, at least.
            None => (Sound::Beep(self.cue), BEEP),
        };
        self.media.play(sound, cx.effects);
        let until = cx.now.mono + takes + LATE;
        self.stage = Stage::Saying { then, until };
    }

    /// Asks for the sound of the message at the place.
    fn load(&mut self, cx: &mut Context<'_>) {
        self.sound = Fetched::Asked;
        if let Some(id) = self.messages.get(self.at) {
            self.ask(cx, MailboxAsk::Load(*id));
        }
    }

    fn on_loaded(&mut self, cx: &mut Context<'_>, id: RecordingId, sound: Option<Arc<Clip>>) {
        if self.messages.get(self.at) != Some(&id) {
            return;
        }
        self.sound = sound.map_or(Fetched::Missing, Fetched::There);
        if let Stage::Loading { .. } = self.stage {
            self.play(cx);
        }
    }

    /// The message at the place, from its beginning, once it is there.
    fn play(&mut self, cx: &mut Context<'_>) {
        let clip = match &self.sound {
            Fetched::There(clip) => Arc::clone(clip),
            Fetched::Missing => return self.skip(cx),
            Fetched::Asked => {
                self.fall_silent(cx);
                let until = cx.now.mono + STORE_WITHIN;
                self.stage = Stage::Loading { until };
                return;
            }
        };
        self.cue.0 = self.cue.0.wrapping_add(1);
        let takes = Duration::from_millis(clip.duration_ms().into());
        self.media
            .play(Sound::Once(clip.into(), self.cue), cx.effects);
        let until = cx.now.mono + takes + LATE;
        self.stage = Stage::Playing { until };
    }

    /// The message at the place was heard: told once.
    fn note_heard(&mut self, cx: &mut Context<'_>) {
        if let Some(id) = self.messages.get(self.at).copied()
            && self.are_new
            && self.heard <= self.at
        {
            self.heard = self.at + 1;
            self.ask(cx, MailboxAsk::Heard(id));
        }
    }

    /// To the next message.
    fn go_on(&mut self, cx: &mut Context<'_>) {
        self.at += 1;
        self.arrive(cx, None);
    }

    /// To the next message, for this one cannot be heard.
    fn skip(&mut self, cx: &mut Context<'_>) {
        self.at += 1;
        self.arrive(cx, Some(Sentence::Unavailable));
    }

    /// At a place that was not heard: the message there is announced, or that there is none.
    fn arrive(&mut self, cx: &mut Context<'_>, before: Option<Sentence>) {
        let (last, then) = if self.at < self.messages.len() {
            self.load(cx);
            (Sentence::Next, Then::Message)
        } else {
            self.sound = Fetched::Missing;
            (Sentence::End, Then::Bye)
        };
        match before {
            Some(before) => self.say(cx, &[before, last], then),
            None => self.say(cx, &[last], then),
        }
    }

    fn delete(&mut self, cx: &mut Context<'_>) {
        if let Some(id) = self.messages.get(self.at).copied() {
            self.ask(cx, MailboxAsk::Delete(id));
            self.fall_silent(cx);
            let until = cx.now.mono + STORE_WITHIN;
            self.stage = Stage::Deleting { until };
        }
    }

    /// What is heard while we wait for the store.
    fn fall_silent(&mut self, cx: &mut Context<'_>) {
        let nothing = [].into_iter().collect();
        self.media.play(Sound::Once(nothing, Cue(0)), cx.effects);
    }

    fn on_deleted(&mut self, cx: &mut Context<'_>, id: RecordingId, gone: bool) {
        let Stage::Deleting { .. } = self.stage else {
            return;
        };
        if self.messages.get(self.at) != Some(&id) {
            return;
        }
        if !gone {
            return self.go_on(cx);
        }
        self.messages.remove(self.at);
        if self.heard > self.at {
            self.heard -= 1;
        }
        self.arrive(cx, Some(Sentence::Deleted));
    }

    /// What was played to its end, or should have been.
    fn on_over(mut self: Box<Self>, cx: &mut Context<'_>) -> Phase {
        match self.stage {
            Stage::Listing { .. } => return self.refuse(cx, 503),
            Stage::Answering { .. } => {}
            Stage::Saying { then, .. } => match then {
                Then::Message => self.play(cx),
                Then::Bye => {
                    let until = cx.now.mono + LAST_WORD;
                    self.stage = Stage::Leaving { until };
                }
            },
            Stage::Leaving { .. } => return self.hang_up(cx),
            Stage::Loading { .. } => self.skip(cx),
            Stage::Playing { .. } => {
                self.note_heard(cx);
                let until = cx.now.mono + PAUSE;
                self.stage = Stage::Pausing { until };
            }
            Stage::Pausing { .. } | Stage::Deleting { .. } => self.go_on(cx),
        }
        Phase::Mailbox(self)
    }

    fn refuse(self: Box<Self>, cx: &mut Context<'_>, status: u16) -> Phase {
        super::refuse_code(cx, self.leg, self.media, status)
    }

    fn hang_up(self: Box<Self>, cx: &mut Context<'_>) -> Phase {
        if let Stage::Listing { .. } = self.stage {
            return self.refuse(cx, 503);
        }
        let leg = self.leg;
        let headers = super::end_headers(None, EndCause::NormalClearing.cause());
        cx.free(leg, Command::Bye { leg, headers });
        self.media.stop(cx.effects);
        Phase::Ended
    }

    pub(crate) fn next_timeout(&self) -> Mono {
        let stage = match self.stage {
            Stage::Answering { .. } => None,
            Stage::Deleting { until }
            | Stage::Leaving { until }
            | Stage::Listing { until }
            | Stage::Loading { until }
            | Stage::Pausing { until }
            | Stage::Playing { until }
            | Stage::Saying { until, .. } => Some(until),
        };
        stage.map_or(self.ends_at, |until| until.min(self.ends_at))
    }

    pub(crate) fn handle(mut self: Box<Self>, cx: &mut Context<'_>, input: Input) -> Phase {
        let Some(input) = self.hear_keys(cx, input) else {
            return Phase::Mailbox(self);
        };
        match input {
            Input::Acked { .. } => self.on_acked(cx),
            Input::Mailbox(news) => match news {
                MailboxNews::Deleted(id, gone) => self.on_deleted(cx, id, gone),
                MailboxNews::Listed(list) => return self.on_listed(cx, list),
                MailboxNews::Loaded(id, sound) => self.on_loaded(cx, id, sound),
            },
            Input::Media(MediaNews::Played { side, cue }) => {
                let is_said = matches!(self.stage, Stage::Saying { .. } | Stage::Playing { .. });
                if is_said && cue == self.cue && self.media.turned(side) == Side::A {
                    return self.on_over(cx);
                }
            }
            Input::Media(MediaNews::Silent(side)) => {
                if self.media.turned(side) == Side::A {
                    return self.hang_up(cx);
                }
            }
            Input::Request { leg, tx, request } => {
                let method = request.view().method();
                if method == Some(Method::Bye) {
                    cx.reply(leg, tx, 200, Vec::new());
                    self.media.stop(cx.effects);
                    return Phase::Ended;
                }
                let (status, headers) = super::waiting::busy_reply(method);
                cx.reply(leg, tx, status, headers);
            }
            Input::Cancelled { .. } => {
                if let Stage::Listing { .. } = self.stage {
                    return self.refuse(cx, 487);
                }
                return self.hang_up(cx);
            }
            Input::Timeout if self.ends_at <= cx.now.mono => return self.hang_up(cx),
            Input::Timeout if self.next_timeout() <= cx.now.mono => return self.on_over(cx),
            Input::Timeout => {}
            Input::Lost { .. } | Input::MediaLost | Input::Shutdown => return self.hang_up(cx),
            // It has no call that anybody could steer, and rings nobody.
            Input::Answered { .. }
            | Input::CodeStored(_)
            | Input::Failed { .. }
            | Input::GroupRemoved(_)
            | Input::Hangup { .. }
            | Input::Hold { .. }
            | Input::Media(MediaNews::Pressed { .. })
            | Input::Provisional { .. }
            | Input::Queue(_)
            | Input::Recorded { .. }
            | Input::Refused { .. }
            | Input::Response { .. }
            | Input::Transfer(_) => {}
        }
        Phase::Mailbox(self)
    }
}

impl Sentence {
    fn in_words(self, prompts: &Prompts) -> Phrase {
        match self {
            Self::Counts { new: 0, old: 0 } => prompts.new_messages(0),
            Self::Counts { new: 0, old } => prompts
                .new_messages(0)
                .then(&prompts.old_messages(old))
                .then(&prompts.keys()),
            Self::Counts { new, .. } => prompts.new_messages(new).then(&prompts.keys()),
            Self::Next => prompts.next(),
            Self::Unavailable => prompts.unavailable(),
            Self::Deleted => prompts.deleted(),
            Self::End => prompts.end(),
        }
    }
}

/// After that we hang up, whatever is heard.
const LONGEST: Duration = Duration::from_secs(3_600);
/// How long nothing is heard behind a message.
const PAUSE: Duration = Duration::from_secs(3);
/// What a phone has in its buffer when it is told to hang up is not heard.
const LAST_WORD: Duration = Duration::from_millis(500);
/// How long we wait for a message's sound, or for it to be deleted.
const STORE_WITHIN: Duration = Duration::from_secs(10);
/// That the end of a sound is not told must not keep the user waiting.
const LATE: Duration = Duration::from_secs(2);
/// The tone where there are no words.
const BEEP: Duration = Duration::from_millis(500);
