//! Two legs are joined: media flows, either side may hold, hang up or transfer the other.

mod keys;
mod legs;
mod steering;

pub(crate) use legs::Senders;

use std::time::Duration;

use bytes::Bytes;
use offhook_base::{Cause, Mono, TerminatedBy, UserId};
use offhook_media_core::Side;
use offhook_sip_core::{Body, Command, Headers, LegId, TxId};
use offhook_sip_message::{Message, Method};

use super::own::{Own, Why};
use super::renegotiation::{Offer, Renegotiation, Renegotiations};
use super::waiting::acknowledge_stray;
use super::{
    ANSWER_COMMIT_WITHIN, Context, Departing, Input, MediaNews, Phase, end_headers, reply,
};
use crate::cause::EndCause;
use crate::command::{ApiAnswer, ApiRefusal};
use crate::convey;
use crate::fence::Class;
use crate::hold::Holds;
use crate::media::{Media, NoMedia};
use crate::record::End;

/// A call that was answered.
#[derive(Debug)]
pub(crate) struct Connected {
    caller: LegId,
    callee: LegId,
    media: Media,
    /// The user of ours who pays for the call.
    on_behalf: Option<UserId>,
    holds: Holds,
    /// The caller's 200 is the news of this answer: before it is committed the caller can still be refused.
    answers: bool,
    /// The caller has not acknowledged its 200: it may not know of the dialog yet.
    unacknowledged: bool,
    /// The callee's 2xx carried the offer and waits for the caller's ACK.
    owes_ack: bool,
    relayed: Renegotiations,
    /// A re-INVITE of ours on its way.
    own: Option<Own>,
    /// After it the first side may have to hear of its partner too.
    meets_again: bool,
    /// Once the first side has acknowledged our answer it has to hear of its partner, who speaks otherwise.
    introduces: bool,
    /// Who transferred the caller here and has not hung up yet.
    departing: Option<Departing>,
    /// The callee got the caller back after a transfer that failed, and has not answered the NOTIFY of that.
    telling: Option<(TxId, Option<UserId>)>,
    ends_at: Mono,
    /// When the answer must be on disk; `None` once it is.
    committed_by: Option<Mono>,
}

/// What joins two legs.
#[derive(Debug)]
pub(crate) struct Joined {
    pub(crate) caller: LegId,
    pub(crate) callee: LegId,
    pub(crate) media: Media,
    pub(crate) on_behalf: Option<UserId>,
    /// Whether the caller's INVITE is answered by this.
    pub(crate) answers: bool,
    pub(crate) owes_ack: bool,
    pub(crate) longest: Mono,
}

impl Connected {
    pub(crate) fn new(cx: &Context<'_>, joined: Joined) -> Self {
        Self {
            caller: joined.caller,
            callee: joined.callee,
            media: joined.media,
            on_behalf: joined.on_behalf,
            holds: Holds::default(),
            answers: joined.answers,
            unacknowledged: joined.answers,
            owes_ack: joined.owes_ack,
            relayed: Renegotiations::default(),
            own: None,
            meets_again: false,
            introduces: false,
            departing: None,
            telling: None,
            ends_at: joined.longest,
            committed_by: Some(cx.now.mono + ANSWER_COMMIT_WITHIN),
        }
    }

    pub(crate) const fn owes_ack(&self) -> bool {
        self.owes_ack
    }

    /// The caller's answer was ours, and does not fit that of who answered.
    pub(crate) const fn introduce_once_acked(&mut self) {
        self.introduces = true;
    }

    /// Who transferred the caller here is still there.
    pub(crate) fn departs(&mut self, departing: Option<Departing>) {
        self.departing = departing;
    }

    /// The callee is being told that its transfer failed.
    pub(crate) fn is_telling(&mut self, notified_by: Option<TxId>, user: Option<UserId>) {
        self.telling = notified_by.map(|notified_by| (notified_by, user));
    }

    /// The call goes on as it was before a transfer that failed.
    pub(crate) fn was_held(&mut self, cx: &mut Context<'_>, holds: Holds) {
        self.holds = holds;
        self.media.hold(holds.by_us().map(Side::other), cx.effects);
        if holds.any() {
            cx.hold_all(true);
        }
        self.tune(cx);
    }

    /// The user of ours who transferred the caller here and whose leg is still up.
    pub(crate) fn transferor(&self) -> Option<UserId> {
        self.departing.as_ref()?.user()
    }

    pub(crate) fn next_timeout(&self) -> Mono {
        let again_at = self.own.as_ref().and_then(|own| own.again_at);
        [self.committed_by, again_at]
            .into_iter()
            .flatten()
            .fold(self.ends_at, Mono::min)
    }

    pub(crate) fn handle(mut self: Box<Self>, cx: &mut Context<'_>, input: Input) -> Phase {
        let input = match self.departing.take() {
            Some(departing) => {
                let (departing, input) = departing.hear(cx, input);
                self.departing = departing;
                match input {
                    Some(input) => input,
                    None => return Phase::Connected(self),
                }
            }
            None => input,
        };
        let Some(input) = self.own_input(cx, input) else {
            return Phase::Connected(self);
        };
        match input {
            Input::Request { leg, tx, request } => return self.on_request(cx, leg, tx, &request),
            Input::Response { leg, tx, response } => {
                return self.on_response(cx, leg, tx, &response);
            }
            Input::Failed { tx, status, .. } => return self.on_failed(cx, tx, status),
            Input::Acked { leg, body } => return self.on_acked(cx, leg, body.as_ref()),
            Input::Lost { .. } => {
                let cause = EndCause::TimerExpired.cause();
                return self.end_both(cx, cause, TerminatedBy::System);
            }
            Input::Hangup { token, .. } => {
                let cause = EndCause::ManagerRequest.cause();
                let phase = self.end_both(cx, cause, TerminatedBy::Api);
                cx.reply_api(token, Ok(ApiAnswer::Done));
                return phase;
            }
            Input::Hold { token, held, by } => self.on_hold(cx, token, held, by),
            Input::Transfer(request) => return self.on_transfer(cx, request),
            Input::Shutdown => {
                let cause = EndCause::SystemShutdown.with_sip(200);
                return self.end_both(cx, cause, TerminatedBy::System);
            }
            Input::Media(MediaNews::Pressed { side, digit, way }) => {
                self.on_key(cx, side, digit, way);
            }
            Input::Media(MediaNews::Silent(side)) if self.is_awaited(side) => {
                let cause = EndCause::MediaTimeout.cause();
                return self.end_both(cx, cause, TerminatedBy::System);
            }
            Input::Media(MediaNews::Played { .. } | MediaNews::Silent(_)) => {}
            Input::MediaLost => {
                let cause = EndCause::CircuitCongestion.with_sip(200);
                return self.end_both(cx, cause, TerminatedBy::System);
            }
            Input::Timeout => return self.on_timeout(cx),
            // A phone that lost the race answered before its CANCEL landed (RFC 3261 §13.2.2.4).
            Input::Answered { leg, .. } => cx.not_wanted(leg),
            Input::Cancelled {
                leg,
                reason: Some(bye),
            } if leg == self.caller && bye.view().method() == Some(Method::Bye) => {
                return self.on_early_bye(cx, &bye);
            }
            // A CANCEL after the answer was handed over changes nothing; what a loser still says neither.
            Input::Cancelled { .. }
            | Input::CodeStored(_)
            | Input::Mailbox(_)
            | Input::GroupRemoved(_)
            | Input::Provisional { .. }
            | Input::Queue(_)
            | Input::Recorded { .. }
            | Input::Refused { .. } => {}
        }
        Phase::Connected(self)
    }

    fn on_request(
        mut self: Box<Self>,
        cx: &mut Context<'_>,
        leg: LegId,
        tx: TxId,
        request: &Message,
    ) -> Phase {
        match request.view().method() {
            Some(Method::Bye) => return self.on_bye(cx, leg, tx, request),
            Some(Method::Options) => cx.reply(leg, tx, 200, Vec::new()),
            Some(Method::Refer) => return self.on_refer(cx, leg, tx, request),
            // A NOTIFY would belong to a subscription, and we have none.
            Some(Method::Notify) => cx.reply(leg, tx, 481, Vec::new()),
            Some(Method::Subscribe | Method::Register | Method::Publish) => {
                cx.reply(leg, tx, 405, Vec::new());
            }
            _ if self.on_info(cx, leg, tx, request) => {}
            _ => self.relay(cx, leg, tx, request),
        }
        Phase::Connected(self)
    }

    /// Passes a request to the other side; its answer comes back by [`Self::on_response`].
    fn relay(&mut self, cx: &mut Context<'_>, leg: LegId, tx: TxId, request: &Message) {
        let from = self.side_of(leg);
        let view = request.view();
        let method = view
            .method_bytes()
            .map(Bytes::copy_from_slice)
            .unwrap_or_default();
        let negotiates = matches!(view.method(), Some(Method::Invite | Method::Update));
        let (body, offer) = match convey::body(request) {
            Some(body) if negotiates && convey::is_sdp(&body) => {
                let held = crate::hold::is_held(&body.octets);
                let Ok(octets) = self.media.offer(from, &body.octets) else {
                    let warning = (
                        Bytes::from_static(b"Warning"),
                        Bytes::from_static(b"304 offhook \"No audio that can be relayed\""),
                    );
                    return cx.reply(leg, tx, 488, vec![warning]);
                };
                (
                    Some(Body {
                        content_type: body.content_type,
                        octets,
                    }),
                    Offer::Made { held },
                )
            }
            body if view.method() == Some(Method::Invite) => (body, Offer::Wanted),
            body => (body, Offer::None),
        };
        let to = self.leg_of(from.other());
        let out = cx.office.next_tx();
        self.relayed.push(Renegotiation {
            asked: tx,
            from,
            relayed: out,
            is_invite: view.method() == Some(Method::Invite),
            offer,
        });
        cx.free(
            to,
            Command::Request {
                leg: to,
                tx: out,
                method,
                headers: convey::headers(request),
                body,
            },
        );
    }

    fn on_response(
        mut self: Box<Self>,
        cx: &mut Context<'_>,
        leg: LegId,
        tx: TxId,
        response: &Message,
    ) -> Phase {
        if let Some(own) = self.own.take_if(|own| own.is(tx)) {
            return self.on_own_response(cx, own, response);
        }
        self.telling.take_if(|(telling, _)| *telling == tx);
        let Some(asked) = self.relayed.take(tx) else {
            acknowledge_stray(cx, leg, response);
            return Phase::Connected(self);
        };
        let status = response.view().status().unwrap_or(500);
        if status >= 300 {
            return self.refuse_relayed(cx, &asked, status, convey::headers(response));
        }
        let (asker, other) = (self.leg_of(asked.from), self.leg_of(asked.from.other()));
        let body = convey::body(response);
        let spoken = body
            .as_ref()
            .filter(|body| asked.offer != Offer::None && convey::is_sdp(body))
            .map(|body| body.octets.clone());
        self.media.settle(asked.from, true, cx.effects);
        if asked.is_invite && asked.offer != Offer::Wanted {
            cx.free(
                other,
                Command::Ack {
                    leg: other,
                    body: None,
                },
            );
        }
        let answers = asked.offer != Offer::Wanted;
        let carried = self.carried(cx, (asked.from.other(), answers), body, spoken.as_ref());
        let Ok(body) = carried else {
            // The other side has accepted what cannot be passed on: the two no longer agree on the session.
            if asked.is_invite && asked.offer == Offer::Wanted {
                cx.free(
                    other,
                    Command::Ack {
                        leg: other,
                        body: None,
                    },
                );
            }
            cx.reply(asker, asked.asked, 488, Vec::new());
            return self.end_both(
                cx,
                EndCause::IncompatibleDestination.with_sip(200),
                TerminatedBy::System,
            );
        };
        let headers = convey::headers(response);
        let command = Command::Reply {
            tx: asked.asked,
            status,
            reason: Bytes::new(),
            headers,
            body,
        };
        if asked.offer == Offer::Wanted {
            // The answer comes with the asker's ACK, and with it the news of a hold.
            self.relayed.await_ack(
                asked.from,
                spoken.as_ref().is_some_and(|sdp| crate::hold::is_held(sdp)),
            );
            cx.free(asker, command);
            return Phase::Connected(self);
        }
        let before = self.holds.any();
        if let Offer::Made { held } = asked.offer {
            self.holds.on_offer(asked.from, held);
        }
        if let Some(answer) = spoken {
            self.holds.on_answer(asked.from.other(), &answer);
            self.have_agreed();
        }
        if self.record_hold(cx, before) {
            cx.held(asker, Class::Tells, command);
        } else {
            cx.free(asker, command);
        }
        Phase::Connected(self)
    }

    /// The body that the other side gets: an SDP is translated, anything else passes as it is.
    fn carried(
        &mut self,
        cx: &mut Context<'_>,
        (from, answers): (Side, bool),
        body: Option<Body>,
        sdp: Option<&Bytes>,
    ) -> Result<Option<Body>, NoMedia> {
        let (Some(body), Some(sdp)) = (&body, sdp) else {
            return Ok(body);
        };
        let octets = if answers {
            self.media.answer(from, sdp, cx.effects)?
        } else {
            self.media.translate(from, sdp, cx.effects)?
        };
        Ok(Some(Body {
            content_type: body.content_type.clone(),
            octets,
        }))
    }

    /// Who is held hears music.
    fn tune(&mut self, cx: &mut Context<'_>) {
        let music = cx.office.directory.sounds.music();
        self.media.tune_to(self.holds, &music, cx.effects);
    }

    /// Records hold or unhold if the call's level changed: hold when the first side holds, unhold when none does. Each side
    /// hears music or its partner, as it is now.
    fn record_hold(&mut self, cx: &mut Context<'_>, before: bool) -> bool {
        self.tune(cx);
        let held = self.holds.any();
        if held == before {
            return false;
        }
        cx.hold_all(held);
        true
    }

    fn refuse_relayed(
        mut self: Box<Self>,
        cx: &mut Context<'_>,
        asked: &Renegotiation,
        status: u16,
        headers: Headers,
    ) -> Phase {
        let asker = self.leg_of(asked.from);
        self.media.settle(asked.from, false, cx.effects);
        cx.reply(asker, asked.asked, status, headers);
        // RFC 3261 §12.2.1.2: the other side does not know the dialog any more.
        if matches!(status, 408 | 481) {
            return self.end_both(
                cx,
                EndCause::TemporaryFailure.with_sip(200),
                TerminatedBy::System,
            );
        }
        Phase::Connected(self)
    }

    fn on_failed(mut self: Box<Self>, cx: &mut Context<'_>, tx: TxId, status: u16) -> Phase {
        if let Some(own) = self.own.take_if(|own| own.is(tx)) {
            return self.on_own_refused(cx, own, status);
        }
        self.telling.take_if(|(telling, _)| *telling == tx);
        match self.relayed.take(tx) {
            Some(asked) => self.refuse_relayed(cx, &asked, status, Vec::new()),
            None => Phase::Connected(self),
        }
    }

    /// The ACK that carries an answer: to a delayed offer of the call itself, or of a re-INVITE.
    fn on_acked(
        mut self: Box<Self>,
        cx: &mut Context<'_>,
        leg: LegId,
        ack: Option<&Message>,
    ) -> Phase {
        let from = self.side_of(leg);
        self.unacknowledged &= from != Side::A;
        if from == Side::A && std::mem::take(&mut self.introduces) {
            self.introduce(cx);
        }
        let awaited = self.relayed.take_ack(from);
        if awaited.is_none() && !(self.owes_ack && leg == self.caller) {
            return Phase::Connected(self);
        }
        self.owes_ack = false;
        let other = self.leg_of(from.other());
        let body = ack.and_then(convey::body);
        let spoken = body
            .as_ref()
            .filter(|body| convey::is_sdp(body))
            .map(|body| body.octets.clone());
        let carried = self.carried(cx, (from, true), body, spoken.as_ref());
        let (Some(answer), Ok(body)) = (spoken, carried) else {
            // RFC 3261 §13.2.2.4: an offer that is not answered in the ACK leaves no session; the dialog is ended.
            cx.free(
                other,
                Command::Ack {
                    leg: other,
                    body: None,
                },
            );
            return self.end_both(
                cx,
                EndCause::IncompatibleDestination.with_sip(200),
                TerminatedBy::System,
            );
        };
        if let Some(codec) = crate::media::codec(&answer) {
            let call = cx.calls.innermost().map(|call| call.id);
            if let Some(record) = call.and_then(|call| cx.calls.get_mut(call)) {
                record.src.codec.clone_from(&codec);
                record.dst.codec = codec;
            }
        }
        let before = self.holds.any();
        if let Some(offered_held) = awaited {
            self.holds.on_offer(from.other(), offered_held);
        }
        self.holds.on_answer(from, &answer);
        self.have_agreed();
        let command = Command::Ack { leg: other, body };
        if self.record_hold(cx, before) {
            cx.held(other, Class::Tells, command);
        } else {
            cx.free(other, command);
        }
        Phase::Connected(self)
    }

    /// The caller hung up by BYE on the early dialog while its 200 waited for the commit: it never gets that 200.
    fn on_early_bye(mut self, cx: &mut Context<'_>, bye: &Message) -> Phase {
        let cause = convey::cause_of(Some(bye), EndCause::NormalClearing, 200).cause();
        cx.effects
            .push(crate::effect::Effect::DropHeld(self.caller));
        self.end_calls(cx, cause, TerminatedBy::Caller);
        cx.refuse_caller(self.caller, 487, vec![convey::reason(cause)]);
        if self.owes_ack {
            cx.free(
                self.callee,
                Command::Ack {
                    leg: self.callee,
                    body: None,
                },
            );
        }
        self.hang_up_callee(cx, end_headers(Some(bye), cause));
        self.media.stop(cx.effects);
        Departing::or_ended(self.departing)
    }

    fn on_bye(mut self, cx: &mut Context<'_>, leg: LegId, tx: TxId, request: &Message) -> Phase {
        let side = self.side_of(leg);
        let by = match side {
            Side::A => TerminatedBy::Caller,
            Side::B => TerminatedBy::Callee,
        };
        let cause = convey::cause_of(Some(request), EndCause::NormalClearing, 200).cause();
        self.end_calls(cx, cause, by);
        cx.held(leg, Class::Ends, reply(tx, 200, Vec::new()));
        match side {
            Side::A => self.hang_up_callee(cx, end_headers(Some(request), cause)),
            Side::B => cx.bye(self.caller, end_headers(Some(request), cause)),
        }
        self.media.stop(cx.effects);
        Departing::or_ended(self.departing)
    }

    /// BYE to the callee, once it has answered what it is being told.
    fn hang_up_callee(&mut self, cx: &mut Context<'_>, headers: Headers) {
        match self.telling.take() {
            Some((notified_by, user)) => {
                self.departing = Some(Departing::new(self.callee, notified_by, user));
            }
            None => cx.bye(self.callee, headers),
        }
    }

    /// RFC 3261 §15.1.2: what was still asked of us is answered 487 when the call ends.
    fn refuse_pending(&self, cx: &mut Context<'_>) {
        for asked in self.relayed.iter() {
            cx.reply(self.leg_of(asked.from), asked.asked, 487, Vec::new());
        }
    }

    /// Ends all calls of the conversation, and what was still going on in it.
    fn end_calls(&mut self, cx: &mut Context<'_>, cause: Cause, by: TerminatedBy) {
        self.refuse_pending(cx);
        cx.end_all(&End::new(cause, by));
        if let Some(Own {
            why: Why::Hold { token, .. },
            ..
        }) = self.own.take()
        {
            cx.reply_api(token, Err(ApiRefusal::NotFound));
        }
    }

    fn on_timeout(mut self: Box<Self>, cx: &mut Context<'_>) -> Phase {
        let now = cx.now.mono;
        if self.committed_by.is_some_and(|by| by <= now) {
            self.committed_by = None;
            if !cx.committed {
                return self.end_unconfirmed(cx);
            }
        }
        self.ask_again(cx);
        if self.ends_at <= now {
            return self.end_both(cx, EndCause::AllottedTimeout.cause(), TerminatedBy::System);
        }
        Phase::Connected(self)
    }

    /// The answer could not be committed in time: the phone that answered gets ACK and BYE, the caller 503.
    fn end_unconfirmed(mut self, cx: &mut Context<'_>) -> Phase {
        let cause = EndCause::TemporaryFailure.cause();
        cx.effects
            .push(crate::effect::Effect::DropHeld(self.caller));
        self.end_calls(cx, cause, TerminatedBy::System);
        if self.answers {
            cx.refuse_caller(self.caller, 503, vec![convey::reason(cause)]);
        } else {
            cx.bye(self.caller, vec![convey::reason(cause)]);
        }
        self.hang_up_callee(cx, vec![convey::reason(cause)]);
        self.media.stop(cx.effects);
        Departing::or_ended(self.departing)
    }

    fn end_both(mut self, cx: &mut Context<'_>, cause: Cause, by: TerminatedBy) -> Phase {
        self.end_calls(cx, cause, by);
        cx.bye(self.caller, vec![convey::reason(cause)]);
        self.hang_up_callee(cx, vec![convey::reason(cause)]);
        self.media.stop(cx.effects);
        Departing::or_ended(self.departing)
    }
}

/// The longest call, unless configured otherwise: a phone that vanished without BYE must not hold a call for ever.
pub(crate) const LONGEST: Duration = Duration::from_secs(24 * 3_600);
