//! The party that waits for somebody to answer: a caller whose INVITE is not answered yet, or one that is in a dialog
//! with us already because it was transferred, or asked for the call by a click.

use bytes::Bytes;
use offhook_base::{CallId, Cause, Mono, TerminatedBy, UserId};
use offhook_media_core::Side;
use offhook_sip_core::{Body, Command, LegId, TxId};
use offhook_sip_message::sdp::Direction;
use offhook_sip_message::{Message, Method};

use super::attempt::{Attempt, ELSEWHERE, Failure, Progress, Winner};
use super::connected::Joined;
use super::transfer::Transfer;
use super::{Connected, Context, Departing, Dial, Input, Phase, answer, reply};
use crate::cause::EndCause;
use crate::convey;
use crate::fence::Class;
use crate::media::Media;
use crate::record::{End, Participant};

/// Who waits, and what is needed to call somebody on its behalf.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) leg: LegId,
    /// Its INVITE, until that is answered.
    pub(crate) unanswered: Option<Unanswered>,
    /// When the first fact, or the pick-up after a click, must be on disk; `None` once it is.
    pub(crate) committed_by: Option<Mono>,
    /// Who it is: the `src` of the calls that are opened for it.
    pub(crate) party: Participant,
    /// The user of ours who pays for what is called: the caller, or who transferred.
    pub(crate) on_behalf: Option<UserId>,
    /// The number to show outside, where one was asked for.
    pub(crate) caller_id: Option<String>,
    pub(crate) clid: String,
    pub(crate) dial: Dial,
    pub(crate) media: Media,
    /// Whether it holds, once it has said so while it waits: who gets it back was not told.
    pub(crate) held: Option<bool>,
    /// The call that this one takes the place of.
    pub(crate) parent: Option<CallId>,
    /// Who transferred it here, empty when nobody.
    pub(crate) referred_by: String,
    /// It was transferred: who did so gets it back when nobody answers.
    pub(crate) transfer: Option<Box<Transfer>>,
    /// Who transferred it to where it is well now, and has not hung up yet.
    pub(crate) departing: Option<Departing>,
    /// The calls whose place the next one takes.
    pub(crate) replaced: Option<Replaced>,
}

/// Calls that end as soon as the one that takes their place is open.
#[derive(Debug)]
pub(crate) struct Replaced {
    pub(crate) calls: Vec<CallId>,
    pub(crate) end: End,
}

impl Replaced {
    /// All calls that are open now.
    pub(crate) fn all(cx: &Context<'_>, end: End) -> Self {
        let calls = cx.open_calls();
        Self { calls, end }
    }

    pub(crate) fn end(self, cx: &mut Context<'_>) {
        for call in self.calls {
            cx.end(call, &self.end);
        }
    }
}

/// An INVITE that waits for our answer.
#[derive(Debug)]
pub(crate) struct Unanswered {
    /// It had no offer: the answer comes with the ACK.
    pub(crate) delayed_offer: bool,
    /// Our own answer, by which it hears that it rings: what it is told until it is answered, and then (RFC 3261 §13.2.1).
    pub(crate) early: Option<Bytes>,
}

/// What an input is to a waiting party.
#[derive(Debug)]
pub(crate) enum Heard {
    /// It was dealt with.
    Done,
    /// The party has gone.
    Gone(Gone),
    /// It is about something else.
    Other(Input),
}

/// How a waiting party left.
#[derive(Debug)]
pub(crate) struct Gone {
    cause: Cause,
    by: TerminatedBy,
    /// The BYE that waits for its answer.
    bye: Option<TxId>,
}

impl Gone {
    pub(crate) fn end(&self) -> End {
        End::new(self.cause, self.by)
    }

    /// That `leg` has gone is known already: its BYE is answered, and no more.
    pub(crate) fn dismiss(self, cx: &mut Context<'_>, leg: LegId) {
        if let Some(tx) = self.bye {
            cx.reply(leg, tx, 200, Vec::new());
        }
    }
}

impl Waiting {
    /// Deals with what concerns the party itself, or who transferred it.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "all that is not about these legs passes on, whatever it is"
    )]
    pub(crate) fn hear(&mut self, cx: &mut Context<'_>, input: Input) -> Heard {
        let input = match &mut self.transfer {
            Some(transfer) => match transfer.hear(cx, input) {
                None => return Heard::Done,
                Some(input) => input,
            },
            None => input,
        };
        let input = match self.departing.take() {
            Some(departing) => {
                let (departing, input) = departing.hear(cx, input);
                self.departing = departing;
                match input {
                    Some(input) => input,
                    None => return Heard::Done,
                }
            }
            None => input,
        };
        match input {
            Input::Cancelled { leg, reason } if leg == self.leg => {
                let (usual, sip) = given_up(cx);
                let cause = convey::cause_of(reason.as_ref(), usual, sip);
                Heard::Gone(Gone {
                    cause: cause.cause(),
                    by: TerminatedBy::Caller,
                    bye: None,
                })
            }
            Input::Request { leg, tx, request } if leg == self.leg => {
                self.on_request(cx, tx, &request)
            }
            Input::Lost { leg } if leg == self.leg => Heard::Gone(Gone {
                cause: EndCause::TimerExpired.with_sip(given_up(cx).1),
                by: TerminatedBy::System,
                bye: None,
            }),
            Input::Response { leg, response, .. } if leg == self.leg => {
                acknowledge_stray(cx, leg, &response);
                Heard::Done
            }
            // A copy of the answer by which it came to be in a dialog.
            Input::Answered { leg, .. } if leg == self.leg => Heard::Done,
            Input::Acked { .. } | Input::Failed { .. } | Input::Lost { .. } => Heard::Done,
            other => Heard::Other(other),
        }
    }

    /// A party that is in a dialog may hold, resume or refresh it while it waits: we answer for who is not there yet. Before
    /// its INVITE is answered nothing can be renegotiated (RFC 3311 §5.2 wants 500 with Retry-After for UPDATE).
    fn on_request(&mut self, cx: &mut Context<'_>, tx: TxId, request: &Message) -> Heard {
        let method = request.view().method();
        if method == Some(Method::Bye) {
            let (usual, sip) = given_up(cx);
            let cause = convey::cause_of(Some(request), usual, sip);
            return Heard::Gone(Gone {
                cause: cause.cause(),
                by: TerminatedBy::Caller,
                bye: Some(tx),
            });
        }
        let negotiates = matches!(method, Some(Method::Invite | Method::Update));
        if negotiates && self.unanswered.is_none() {
            self.renegotiate(cx, tx, request);
            return Heard::Done;
        }
        let (status, headers) = busy_reply(method);
        cx.reply(self.leg, tx, status, headers);
        Heard::Done
    }

    fn renegotiate(&mut self, cx: &mut Context<'_>, tx: TxId, request: &Message) {
        let method = request.view().method();
        let Some(body) = convey::body(request).filter(convey::is_sdp) else {
            // An UPDATE without an offer only says that the dialog lives. A re-INVITE without one asks for ours.
            let (status, headers) = match method {
                Some(Method::Update) => (200, Vec::new()),
                _ => busy_reply(method),
            };
            return cx.reply(self.leg, tx, status, headers);
        };
        let held = crate::hold::is_held(&body.octets);
        self.media.hear(Side::A, &body.octets, cx.effects);
        let root = cx.calls.root();
        let answer = self
            .media
            .answer_ourselves(root, cx.effects)
            .or_else(|| self.media.answer_in_silence(root));
        let Some(octets) = answer else {
            return cx.reply(self.leg, tx, 488, Vec::new());
        };
        let reply = Command::Reply {
            tx,
            status: 200,
            reason: Bytes::new(),
            headers: Vec::new(),
            body: Some(Body { octets, ..body }),
        };
        cx.free(self.leg, reply);
        self.held = Some(held);
        self.prepare_offer();
    }

    /// The party is in the care of who was called for it: its transfer is done, whatever becomes of it.
    pub(crate) fn arrive(&mut self, cx: &mut Context<'_>) {
        if let Some(transfer) = self.transfer.take() {
            self.departing = transfer.succeed(cx);
        }
    }

    /// The user of ours who transferred it and whose leg is still up.
    pub(crate) fn transferor(&self) -> Option<UserId> {
        let transferring = self.transfer.as_ref().and_then(|one| one.transferor());
        transferring.or_else(|| self.departing.as_ref()?.user())
    }

    /// Whether it would hear a sound of ours, and we it.
    pub(crate) fn can_hear_us(&self) -> bool {
        if self.unanswered.is_some() {
            self.media.can_answer()
        } else {
            self.media.is_spoken_by_us()
        }
    }

    /// When the first fact must be on disk.
    pub(crate) const fn committed_by(&self) -> Option<Mono> {
        self.committed_by
    }

    /// Whether the party has waited too long for its first fact. Asked once: after that nobody looks any more.
    pub(crate) fn is_uncommitted(&mut self, cx: &Context<'_>) -> bool {
        if self.committed_by.is_none_or(|by| by > cx.now.mono) {
            return false;
        }
        self.committed_by = None;
        !cx.begun
    }

    /// The offer to the next target. A party in a dialog offers what it said last, both ways.
    pub(crate) fn prepare_offer(&mut self) {
        if self.unanswered.is_some() {
            return;
        }
        let offer = self.media.offer_again(Side::A, Some(Direction::SendRecv));
        self.dial.body = offer.map(|octets| Body {
            content_type: Bytes::from_static(b"application/sdp"),
            octets,
        });
    }

    /// Tells a caller that it rings, with early media where there is some.
    pub(crate) fn ring(&mut self, cx: &mut Context<'_>, progress: Progress) {
        if self.unanswered.is_none() {
            if progress.first {
                let sound = cx.office.directory.sounds.ringback_or_tone();
                self.media.play(sound, cx.effects);
            }
            return;
        }
        let (body, status) = match progress.early {
            Some((body, host)) => (self.early_body(cx, body, host), progress.status),
            None if matches!(progress.status, 180 | 183) => match self.ring_back(cx) {
                Some(body) => (Some(body), 183),
                None => (None, progress.status),
            },
            None => (None, progress.status),
        };
        let command = Command::Answer {
            leg: self.leg,
            status,
            reason: Bytes::new(),
            headers: progress.headers,
            body,
        };
        // One that tells of nothing new waits for nothing, but stays behind the first.
        cx.held(self.leg, Class::Rings, command);
    }

    /// Early media of our own (RFC 3960): the caller hears the sound that was chosen instead of its phone's tone, where
    /// nobody has sent early media before.
    fn ring_back(&mut self, cx: &mut Context<'_>) -> Option<Body> {
        let fresh = |unanswered: &&mut Unanswered| !unanswered.delayed_offer;
        let unanswered = self.unanswered.as_mut().filter(fresh)?;
        if self.media.has_said(Side::B) {
            // Early media of whom it calls; it was told so, or need not be.
            return unanswered.early.clone().map(sdp);
        }
        let octets = match unanswered.early.take() {
            Some(told) => told,
            None => {
                if !cx.office.directory.sounds.has_ringback() {
                    return None;
                }
                let root = cx.calls.root();
                self.media.answer_ourselves(root, cx.effects)?
            }
        };
        unanswered.early = Some(octets.clone());
        if !self.media.plays() {
            let sound = cx.office.directory.sounds.ringback_or_tone();
            self.media.play(sound, cx.effects);
        }
        Some(sdp(octets))
    }

    /// Early media, translated. An SDP that cannot be relayed is left out: it is only early. It takes the place of a sound of
    /// ours in the same codec; in another one the sound goes on, until the answer.
    fn early_body(
        &mut self,
        cx: &mut Context<'_>,
        body: Body,
        host: std::net::IpAddr,
    ) -> Option<Body> {
        if !self.media.takes(&body.octets) {
            return None;
        }
        let told = |unanswered: &Unanswered| unanswered.early.is_some();
        if self.unanswered.as_ref().is_some_and(told) && !self.media.fits(&body.octets) {
            // RFC 3261 §13.2.1: of two different answers the caller believes the first.
            return None;
        }
        self.media.is_at(Side::B, host);
        let early = self.take_early();
        let octets = if let Some(told) = &early {
            self.media.hear(Side::B, &body.octets, cx.effects);
            told.clone()
        } else {
            let translated = self.media.translate(Side::B, &body.octets, cx.effects);
            translated.ok()?
        };
        if let Some(unanswered) = &mut self.unanswered {
            unanswered.early = early;
        }
        self.media.stop_playing(cx.effects);
        Some(Body { octets, ..body })
    }

    /// What we answered the caller early.
    fn take_early(&mut self) -> Option<Bytes> {
        let unanswered = self.unanswered.as_mut();
        unanswered.and_then(|unanswered| unanswered.early.take())
    }

    /// Whether an answer gives a session: one that can be passed on, and to a party in a dialog one that answers our
    /// offer. Without an offer of ours it would be an offer, which nobody is there to answer.
    pub(crate) fn accepts(&self, response: &Message) -> bool {
        let spoken = convey::body(response).filter(convey::is_sdp);
        let passes = spoken
            .as_ref()
            .is_none_or(|body| self.media.takes(&body.octets));
        passes && (self.unanswered.is_some() || spoken.is_some() == self.dial.body.is_some())
    }

    /// Somebody answered what the party [accepts](Self::accepts): the two are joined. `losers` are calls that rang too.
    pub(crate) fn join(
        mut self,
        cx: &mut Context<'_>,
        winner: &Winner,
        response: &Message,
        losers: Vec<Attempt>,
    ) -> Phase {
        self.media.stop_playing(cx.effects);
        self.media.is_at(Side::B, winner.reach.host);
        let spoken = convey::body(response).filter(convey::is_sdp);
        let is_sdp = spoken.is_some();
        let fits = spoken
            .as_ref()
            .is_some_and(|body| self.media.fits(&body.octets));
        let codec = spoken
            .as_ref()
            .and_then(|body| crate::media::codec(&body.octets));
        describe_callee(cx, winner, response, codec);
        let early = self.take_early();
        let introduces = early.is_some() && is_sdp && !fits;
        let body = match (spoken, early) {
            // RFC 3261 §13.2.1: a phone may take the first answer of a dialog for the only one.
            (Some(body), Some(octets)) => {
                self.media.hear(Side::B, &body.octets, cx.effects);
                Some(Body { octets, ..body })
            }
            (Some(body), None) => {
                let octets = self.media.translate(Side::B, &body.octets, cx.effects);
                octets.ok().map(|octets| Body { octets, ..body })
            }
            (None, _) => convey::body(response),
        };
        let lost: Vec<CallId> = losers.iter().map(|loser| loser.call).collect();
        cx.connected(winner.call);
        for call in cx.open_calls() {
            if call != winner.call && !lost.contains(&call) {
                cx.connected(call);
            }
        }
        let joined = Joined {
            caller: self.leg,
            callee: winner.leg,
            media: self.media,
            on_behalf: self.on_behalf,
            answers: self.unanswered.is_some(),
            owes_ack: self
                .unanswered
                .as_ref()
                .is_some_and(|unanswered| unanswered.delayed_offer),
            longest: cx.now.mono + cx.office.config.longest,
        };
        let mut connected = Connected::new(cx, joined);
        if self.unanswered.is_some() {
            let command = Command::Answer {
                leg: self.leg,
                status: 200,
                reason: Bytes::new(),
                headers: convey::headers(response),
                body,
            };
            cx.held(self.leg, Class::Answers, command);
            if introduces {
                connected.introduce_once_acked();
            }
            // With a delayed offer the ACK carries the caller's answer and waits for it (RFC 3264 §4).
            if !connected.owes_ack() {
                acknowledge(cx, winner.leg);
            }
        } else {
            acknowledge(cx, winner.leg);
            if is_sdp && !fits {
                connected.introduce(cx);
            }
        }
        let departing = match self.transfer {
            Some(transfer) => transfer.succeed(cx),
            None => self.departing,
        };
        connected.departs(departing);
        lose(cx, losers);
        Phase::Connected(Box::new(connected))
    }

    /// Nobody answers: every call that is open ends, and the party goes back to who transferred it, or is refused.
    pub(crate) fn fail(mut self, cx: &mut Context<'_>, failure: Failure) -> Phase {
        match self.transfer.take() {
            Some(transfer) => {
                self.media.stop_playing(cx.effects);
                transfer.give_back(cx, self, failure)
            }
            None => {
                if let Some(replaced) = self.replaced.take() {
                    replaced.end(cx);
                }
                cx.end_all(&failure.end);
                let departing = self.departing.take();
                self.release(cx, failure);
                Departing::or_ended(departing)
            }
        }
    }

    /// Lets the party go: the final answer to its INVITE, or BYE.
    pub(crate) fn release(self, cx: &mut Context<'_>, failure: Failure) {
        if self.unanswered.is_some() {
            cx.refuse_caller(self.leg, failure.status, failure.headers);
        } else {
            cx.bye(self.leg, vec![convey::reason(failure.end.cause)]);
        }
        self.media.stop(cx.effects);
    }

    /// Ends the whole conversation, by our own decision.
    pub(crate) fn end(
        mut self,
        cx: &mut Context<'_>,
        cause: Cause,
        by: TerminatedBy,
        status: u16,
    ) -> Phase {
        cx.end_all(&End::new(cause, by));
        let transfer = self.transfer.take();
        let departing = match transfer {
            Some(transfer) => transfer.drop_all(cx, cause),
            None => self.departing.take(),
        };
        let failure = Failure {
            end: End::new(cause, by),
            status,
            headers: vec![convey::reason(cause)],
        };
        self.release(cx, failure);
        Departing::or_ended(departing)
    }

    /// The party has gone, and with it the whole conversation. `info` tells more of a group's or queue's end.
    pub(crate) fn leave(mut self, cx: &mut Context<'_>, gone: &Gone) -> Phase {
        cx.end_all(&gone.end());
        let transfer = self.transfer.take();
        let departing = match transfer {
            Some(transfer) => transfer.drop_all(cx, gone.cause),
            None => self.departing.take(),
        };
        match gone.bye {
            Some(tx) => cx.held(self.leg, Class::Ends, reply(tx, 200, Vec::new())),
            None if self.unanswered.is_some() => {
                let headers = vec![convey::reason(gone.cause)];
                cx.held(self.leg, Class::Ends, answer(self.leg, 487, headers));
            }
            None => cx.bye(self.leg, Vec::new()),
        }
        self.media.stop(cx.effects);
        Departing::or_ended(departing)
    }
}

fn sdp(octets: Bytes) -> Body {
    Body {
        content_type: Bytes::from_static(b"application/sdp"),
        octets,
    }
}

/// Why a caller hangs up who waits for an answer, or was answered by us: its usual cause, and the status that goes with it.
fn given_up(cx: &Context<'_>) -> (EndCause, u16) {
    let call = cx.calls.innermost();
    if call.is_some_and(|call| call.connected_at.is_some()) {
        (EndCause::NormalClearing, 200)
    } else {
        (EndCause::OriginatorCancel, 487)
    }
}

/// The phones that rang for nothing: hung up, and their calls end because another one answered.
pub(crate) fn lose(cx: &mut Context<'_>, losers: Vec<Attempt>) {
    for mut loser in losers {
        loser.cancel(cx, ELSEWHERE);
        let end = End::replaced(EndCause::LoseRace.cause(), TerminatedBy::System);
        cx.end(loser.call, &end);
    }
}

/// The status of a request that cannot be served now, or never.
pub(crate) fn busy_reply(method: Option<Method>) -> (u16, offhook_sip_core::Headers) {
    let retry = || vec![(Bytes::from_static(b"Retry-After"), Bytes::from_static(b"2"))];
    match method {
        Some(Method::Info | Method::Invite | Method::Update) => (500, retry()),
        Some(Method::Options) => (200, Vec::new()),
        Some(Method::Refer) => (491, Vec::new()),
        // Not of a leg that we know to be answered.
        Some(Method::Bye) => (481, Vec::new()),
        _ => (405, Vec::new()),
    }
}

/// A 2xx to a re-INVITE that nobody waits for any more still gets its ACK.
pub(crate) fn acknowledge_stray(cx: &mut Context<'_>, leg: LegId, response: &Message) {
    let view = response.view();
    let is_invite = view
        .cseq()
        .is_some_and(|cseq| cseq.method == Method::Invite);
    if is_invite && view.status().is_some_and(|status| status < 300) {
        cx.free(leg, Command::Ack { leg, body: None });
    }
}

/// An answer that nobody could be joined with: the phone gets ACK and BYE, and counts as having refused.
pub(crate) fn refuse_answer(cx: &mut Context<'_>, leg: LegId) {
    let cause = EndCause::IncompatibleDestination.cause();
    cx.free(leg, Command::Ack { leg, body: None });
    cx.bye(leg, vec![convey::reason(cause)]);
}

fn acknowledge(cx: &mut Context<'_>, leg: LegId) {
    cx.held(leg, Class::Tells, Command::Ack { leg, body: None });
}

fn describe_callee(
    cx: &mut Context<'_>,
    winner: &Winner,
    response: &Message,
    codec: Option<String>,
) {
    let Some(record) = cx.calls.get_mut(winner.call) else {
        return;
    };
    let callee = &mut record.dst;
    callee.phone = winner.reach.phone;
    callee.contact.clone_from(&winner.reach.contact);
    callee.ua = convey::user_agent(response);
    if callee.ua.is_empty() {
        callee.ua.clone_from(&winner.reach.ua);
    }
    callee.sip_call_id = convey::text(response.view().call_id());
    if let Some(codec) = codec {
        callee.codec.clone_from(&codec);
        record.src.codec = codec;
    }
}
