//! Targets are being tried: one INVITE a contact, all at once (parallel forking).
//!
//! The caller sees one dialog: one To tag, no SDP in a provisional response while more than one branch is alive;
//! when one is left, its SDP is passed.

use std::time::Duration;

use bytes::Bytes;
use offhook_base::{Cause, Mono, TerminatedBy};
use offhook_media_core::Side;
use offhook_sip_core::{Body, Command, LegId, TxId};
use offhook_sip_message::{Message, Method};

use super::connected::Joined;
use super::{
    Branch, Connected, Context, INVITE_COMMIT_WITHIN, Input, Phase, answer, end_headers, reply,
};
use crate::cause::{EndCause, rank, towards_caller};
use crate::convey;
use crate::fence::Class;
use crate::media::Media;
use crate::record::End;

/// A call whose phones ring.
#[derive(Debug)]
pub(crate) struct Ringing {
    caller: LegId,
    branches: Vec<Branch>,
    media: Media,
    /// The caller's INVITE had no offer: the answer comes with its ACK.
    delayed_offer: bool,
    /// The best final answer of the branches that have ended.
    refused: Option<Refusal>,
    rung: bool,
    gives_up_at: Mono,
    /// When the first fact must be on disk; `None` once it is.
    committed_by: Option<Mono>,
}

#[derive(Debug)]
struct Refusal {
    status: u16,
    response: Option<Message>,
}

/// What a call needs to start ringing.
#[derive(Debug)]
pub(crate) struct NewRinging {
    pub(crate) caller: LegId,
    pub(crate) branches: Vec<Branch>,
    pub(crate) media: Media,
    pub(crate) delayed_offer: bool,
    pub(crate) now: Mono,
    pub(crate) ring: Duration,
}

/// Reason of a CANCEL to a phone that lost because another one answered (RFC 3326; phones then show no missed call).
const ELSEWHERE: &str = "SIP;cause=200;text=\"Call completed elsewhere\"";
/// Reason of a CANCEL because nobody waits any more.
const GIVEN_UP: &str = "SIP;cause=487;text=\"ORIGINATOR_CANCEL\"";

impl Ringing {
    pub(crate) fn new(new: NewRinging) -> Self {
        Self {
            caller: new.caller,
            branches: new.branches,
            media: new.media,
            delayed_offer: new.delayed_offer,
            refused: None,
            rung: false,
            gives_up_at: new.now + new.ring,
            committed_by: Some(new.now + INVITE_COMMIT_WITHIN),
        }
    }

    pub(crate) fn next_timeout(&self) -> Mono {
        self.committed_by
            .map_or(self.gives_up_at, |by| by.min(self.gives_up_at))
    }

    pub(crate) fn handle(mut self: Box<Self>, cx: &mut Context<'_>, input: Input) -> Phase {
        match input {
            Input::Provisional { leg, response } => self.on_provisional(cx, leg, response),
            Input::Answered { leg, response } => return self.on_answered(cx, leg, &response),
            Input::Refused {
                leg,
                status,
                response,
            } => return self.on_refused(cx, leg, status, response),
            Input::Cancelled { reason } => {
                let cause =
                    convey::cause_of(reason.as_ref(), EndCause::OriginatorCancel, 487).cause();
                return self.end(cx, cause, TerminatedBy::Caller, 487);
            }
            Input::Hangup { token } => {
                let phase = self.end(
                    cx,
                    EndCause::ManagerRequest.with_sip(480),
                    TerminatedBy::Api,
                    480,
                );
                cx.reply_api(token);
                return phase;
            }
            Input::Shutdown => {
                return self.end(
                    cx,
                    EndCause::SystemShutdown.cause(),
                    TerminatedBy::System,
                    503,
                );
            }
            Input::MediaLost => {
                let cause = EndCause::CircuitCongestion.cause();
                return self.end(cx, cause, TerminatedBy::System, 503);
            }
            Input::Timeout => return self.on_timeout(cx),
            Input::Request { leg, tx, request } => Self::on_request(cx, leg, tx, &request),
            Input::Acked { .. }
            | Input::AckMissing
            | Input::Response { .. }
            | Input::Failed { .. } => {}
        }
        Phase::Ringing(self)
    }

    fn on_provisional(&mut self, cx: &mut Context<'_>, leg: LegId, response: Message) {
        let Some(status) = response
            .view()
            .status()
            .filter(|status| (101..200).contains(status))
        else {
            return;
        };
        let alone = self.branches.len() == 1;
        let Some(branch) = self.branches.iter_mut().find(|branch| branch.leg == leg) else {
            return;
        };
        if !matches!(status, 180 | 183) {
            // 181 and 182 tell of forwarding and queueing: passed on, but a phone does not ring for them.
            if alone {
                cx.free(
                    self.caller,
                    answer(self.caller, status, convey::headers(&response)),
                );
            }
            return;
        }
        branch.rings = true;
        let early = convey::body(&response).filter(convey::is_sdp);
        if early.is_some() {
            branch.early = Some(response.clone());
        }
        let first = !self.rung;
        if first {
            self.rung = true;
            cx.record(crate::record::CallRecord::ringing);
        }
        if alone {
            let (headers, body) = (convey::headers(&response), self.early_body(cx, early));
            self.tell_caller(cx, first, status, headers, body);
        } else if first {
            self.tell_caller(cx, first, 180, Vec::new(), None);
        }
    }

    fn tell_caller(
        &self,
        cx: &mut Context<'_>,
        first: bool,
        status: u16,
        headers: offhook_sip_core::Headers,
        body: Option<Body>,
    ) {
        let command = Command::Answer {
            leg: self.caller,
            status,
            reason: Bytes::new(),
            headers,
            body,
        };
        if first {
            cx.held(self.caller, Class::Rings, command);
        } else {
            cx.free(self.caller, command);
        }
    }

    /// Early media of the only branch left, translated. An SDP that cannot be relayed is left out: it is only early.
    fn early_body(&mut self, cx: &mut Context<'_>, body: Option<Body>) -> Option<Body> {
        let body = body?;
        if let Some(branch) = self.branches.first() {
            self.media.called(branch.host);
        }
        let octets = self
            .media
            .translate(Side::B, &body.octets, cx.effects)
            .ok()?;
        Some(Body {
            content_type: body.content_type,
            octets,
        })
    }

    fn on_answered(
        mut self: Box<Self>,
        cx: &mut Context<'_>,
        leg: LegId,
        response: &Message,
    ) -> Phase {
        let Some(at) = self.branches.iter().position(|branch| branch.leg == leg) else {
            // Another branch won and this leg was given up: a call that nobody waits for is ended at once.
            cx.free(leg, Command::Ack { leg, body: None });
            cx.free(
                leg,
                Command::Bye {
                    leg,
                    headers: Vec::new(),
                },
            );
            return Phase::Ringing(self);
        };
        let winner = self.branches.swap_remove(at);
        self.media.called(winner.host);
        let body = match convey::body(response) {
            Some(body) if convey::is_sdp(&body) => {
                match self.media.translate(Side::B, &body.octets, cx.effects) {
                    Ok(octets) => Some(Body {
                        content_type: body.content_type,
                        octets,
                    }),
                    Err(_) => return self.refuse_answer(cx, leg),
                }
            }
            other => other,
        };
        for loser in &self.branches {
            cx.effects.push(crate::effect::Effect::Cancel {
                leg: loser.leg,
                reason: ELSEWHERE,
            });
        }
        self.describe_callee(cx, &winner, response, body.as_ref());
        cx.record(crate::record::CallRecord::connected);
        cx.held(
            self.caller,
            Class::Tells,
            Command::Answer {
                leg: self.caller,
                status: 200,
                reason: Bytes::new(),
                headers: convey::headers(response),
                body,
            },
        );
        // With a delayed offer the ACK carries the caller's answer and waits for it (RFC 3264 §4).
        if !self.delayed_offer {
            cx.held(leg, Class::Tells, Command::Ack { leg, body: None });
        }
        let longest = cx.now.mono + cx.longest;
        Phase::Connected(Box::new(Connected::new(Joined {
            caller: self.caller,
            callee: leg,
            media: self.media,
            owes_ack: self.delayed_offer,
            now: cx.now.mono,
            longest,
        })))
    }

    /// The answer has no media that we could relay: the phone gets ACK and BYE, the caller 488.
    fn refuse_answer(mut self, cx: &mut Context<'_>, leg: LegId) -> Phase {
        let cause = EndCause::IncompatibleDestination.cause();
        cx.free(leg, Command::Ack { leg, body: None });
        self.branches.retain(|branch| branch.leg != leg);
        let phase = self.end(cx, cause, TerminatedBy::System, 488);
        cx.bye(leg, vec![convey::reason(cause)]);
        phase
    }

    fn describe_callee(
        &self,
        cx: &mut Context<'_>,
        winner: &Branch,
        response: &Message,
        body: Option<&Body>,
    ) {
        let callee = &mut cx.record.dst;
        callee.phone = Some(winner.phone);
        callee.contact.clone_from(&winner.contact);
        callee.ua = convey::user_agent(response);
        if callee.ua.is_empty() {
            callee.ua.clone_from(&winner.ua);
        }
        callee.sip_call_id = convey::text(response.view().call_id());
        if let Some(codec) = body.and_then(|body| crate::media::codec(&body.octets)) {
            callee.codec.clone_from(&codec);
            cx.record.src.codec = codec;
        }
    }

    fn on_refused(
        mut self: Box<Self>,
        cx: &mut Context<'_>,
        leg: LegId,
        status: u16,
        response: Option<Message>,
    ) -> Phase {
        let before = self.branches.len();
        self.branches.retain(|branch| branch.leg != leg);
        if self.branches.len() == before {
            return Phase::Ringing(self);
        }
        if self
            .refused
            .as_ref()
            .is_none_or(|best| rank(status) < rank(best.status))
        {
            self.refused = Some(Refusal { status, response });
        }
        // RFC 3261 §16.7 step 5: a 6xx speaks for the user, on all phones.
        if self.branches.is_empty() || status >= 600 {
            return self.end_refused(cx);
        }
        self.pass_early_media_of_the_last(cx);
        Phase::Ringing(self)
    }

    /// One branch is left: what it said while others were alive, with its SDP, goes to the caller.
    fn pass_early_media_of_the_last(&mut self, cx: &mut Context<'_>) {
        let [branch] = self.branches.as_mut_slice() else {
            return;
        };
        let Some(response) = branch.early.take() else {
            return;
        };
        let status = response.view().status().unwrap_or(183);
        let body = self.early_body(cx, convey::body(&response));
        self.tell_caller(cx, false, status, convey::headers(&response), body);
    }

    fn end_refused(mut self, cx: &mut Context<'_>) -> Phase {
        let (status, response) = self
            .refused
            .take()
            .map_or((480, None), |best| (best.status, best.response));
        // Without a response the phone did not end the call: it was not there, or could not be reached.
        let by = if response.is_some() {
            TerminatedBy::Callee
        } else {
            TerminatedBy::System
        };
        let passed = towards_caller(status);
        let end = convey::cause_of(response.as_ref(), EndCause::Status(status), status);
        let cause = Cause {
            sip: status,
            ..end.cause()
        };
        let headers = end_headers(response.as_ref(), cause);
        let warning = response
            .as_ref()
            .filter(|_| matches!(status, 488 | 606))
            .and_then(convey::warning);
        let end = End {
            cause,
            by,
            info: warning.map_or_else(|| "".into(), Into::into),
        };
        self.finish(cx, end, passed, headers)
    }

    fn on_timeout(mut self: Box<Self>, cx: &mut Context<'_>) -> Phase {
        let now = cx.now.mono;
        if self.committed_by.is_some_and(|by| by <= now) {
            self.committed_by = None;
            if !cx.committed && !self.rung {
                return self.end(
                    cx,
                    EndCause::TemporaryFailure.cause(),
                    TerminatedBy::System,
                    503,
                );
            }
        }
        if self.gives_up_at <= now {
            return self.end(cx, EndCause::NoAnswer.cause(), TerminatedBy::System, 480);
        }
        Phase::Ringing(self)
    }

    /// Nothing can be renegotiated before an answer (RFC 3311 §5.2 wants 500 with Retry-After for UPDATE).
    fn on_request(cx: &mut Context<'_>, leg: LegId, tx: TxId, request: &Message) {
        let retry = || vec![(Bytes::from_static(b"Retry-After"), Bytes::from_static(b"2"))];
        let (status, headers) = match request.view().method() {
            Some(Method::Info | Method::Invite | Method::Update) => (500, retry()),
            Some(Method::Options) => (200, Vec::new()),
            _ => (405, Vec::new()),
        };
        cx.free(leg, reply(tx, status, headers));
    }

    fn end(self, cx: &mut Context<'_>, cause: Cause, by: TerminatedBy, status: u16) -> Phase {
        let headers = vec![convey::reason(cause)];
        let end = End {
            cause,
            by,
            info: "".into(),
        };
        self.finish(cx, end, status, headers)
    }

    fn finish(
        self,
        cx: &mut Context<'_>,
        end: End,
        status: u16,
        headers: offhook_sip_core::Headers,
    ) -> Phase {
        for branch in &self.branches {
            cx.effects.push(crate::effect::Effect::Cancel {
                leg: branch.leg,
                reason: GIVEN_UP,
            });
        }
        cx.end_with(end);
        cx.refuse_caller(self.caller, status, headers);
        self.media.stop(cx.effects);
        Phase::Ended
    }
}
