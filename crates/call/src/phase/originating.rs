//! Click-to-call: the originator's own phones ring; once he picks up, the destination is called for him.
//!
//! ```text
//!   POST /calls ──► his phones ring ── he answers ──► accepted ──► Ringing, Hunting or Queued, with him waiting
//!                        │
//!                        └─ refused, ring time over, DELETE, shutdown, first fact not on disk in 2 s ──► Ended
//! ```
//!
//! His leg is the root call, context `ENDPOINT`; who he calls has a call of its own under it.

use bytes::Bytes;
use offhook_base::{CallId, Cause, Mono, TerminatedBy};
use offhook_media_core::Side;
use offhook_sip_core::{Body, Command, LegId};
use offhook_sip_message::Message;

use super::attempt::{Attempt, GIVEN_UP};
use super::dial::Reach;
use super::route::described;
use super::waiting::refuse_answer;
use super::{ANSWER_COMMIT_WITHIN, Context, Dial, Input, Phase, Waiting, committed_by, start};
use crate::cause::EndCause;
use crate::command::{ApiAnswer, ApiRefusal, ApiReply};
use crate::convey;
use crate::directory::User;
use crate::effect::Effect;
use crate::fence::Class;
use crate::media::Media;
use crate::plan::Dialled;
use crate::record::{Destination, End, NewCall, Participant};

/// What a click-to-call needs to start.
#[derive(Debug)]
pub(crate) struct Originate {
    pub(crate) user: User,
    /// His phones; never empty.
    pub(crate) targets: Vec<Reach>,
    pub(crate) to: String,
    pub(crate) caller_id: Option<String>,
    pub(crate) destination: Destination,
    pub(crate) media: Media,
    pub(crate) token: u64,
}

/// The originator's phones ring.
#[derive(Debug)]
pub(crate) struct Originating {
    attempt: Attempt,
    media: Media,
    user: User,
    to: String,
    caller_id: Option<String>,
    clid: String,
    /// Who asked for the call.
    token: u64,
    /// When the first fact must be on disk; `None` once it is.
    committed_by: Option<Mono>,
}

impl Originating {
    /// Opens the root call and rings the originator.
    pub(crate) fn start(cx: &mut Context<'_>, wanted: Originate) -> Phase {
        let Originate {
            user,
            targets,
            to,
            caller_id,
            destination,
            mut media,
            token,
        } = wanted;
        let src = Participant {
            number: user.ext.clone(),
            user: Some(user.id),
            name: user.name.clone(),
            ..Participant::default()
        };
        let (dst, ..) = described(cx, &Dialled::by_user(&to, None));
        let clid = src.clid();
        let call = cx.open(NewCall {
            parent: None,
            context: "ENDPOINT".into(),
            destination,
            clid: clid.clone(),
            src,
            dst: dst.clone(),
            referred_by: String::new(),
            queue_state: "",
        });
        let Some(call) = call else {
            media.stop(cx.effects);
            cx.reply_api(token, Err(ApiRefusal::Unavailable));
            return Phase::Ended;
        };
        // His phone shows whom he is about to call.
        let mut dial = Dial::of(&dst, Vec::new());
        dial.body = Some(Body {
            content_type: Bytes::from_static(b"application/sdp"),
            octets: media.offer_of_ours(cx.calls.root()),
        });
        let host = &cx.office.config.host;
        let contacts = targets
            .into_iter()
            .map(|reach| (reach, dial.invite(host, &user.ext)))
            .collect();
        let ring = cx.office.config.ring;
        let attempt = Attempt::open(cx, call, contacts, std::collections::VecDeque::new(), ring);
        cx.reply_api(token, Ok(ApiAnswer::Call(call)));
        Phase::Originating(Box::new(Self {
            attempt,
            media,
            user,
            to,
            caller_id,
            clid,
            token,
            committed_by: committed_by(cx.now.mono),
        }))
    }

    pub(crate) fn next_timeout(&self) -> Mono {
        let ring = self.attempt.gives_up_at;
        self.committed_by.map_or(ring, |by| by.min(ring))
    }

    pub(crate) fn handle(mut self: Box<Self>, cx: &mut Context<'_>, input: Input) -> Phase {
        match input {
            Input::Provisional { leg, response } => {
                // Nobody waits yet who could hear it.
                self.attempt.on_provisional(cx, leg, &response);
            }
            Input::Answered { leg, response } => return self.on_answered(cx, leg, &response),
            Input::Refused {
                leg,
                status,
                response,
            } => {
                if let Err(failure) = self.attempt.on_refused(cx, leg, status, response) {
                    return self.finish(cx, &failure.end);
                }
            }
            Input::Hangup { token, .. } => {
                let cause = EndCause::ManagerRequest.with_sip(480);
                let phase = self.end(cx, cause, TerminatedBy::Api);
                cx.reply_api(token, Ok(ApiAnswer::Done));
                return phase;
            }
            Input::Transfer(request) => {
                let obstacle = super::transfer::Obstacle::InProgress;
                request.by.refuse(cx, obstacle);
            }
            Input::Hold { token, .. } => {
                cx.reply_api(token, Err(ApiRefusal::Conflict("the call rings")));
            }
            Input::Shutdown => {
                let cause = EndCause::SystemShutdown.cause();
                return self.end(cx, cause, TerminatedBy::System);
            }
            Input::MediaLost => {
                let cause = EndCause::CircuitCongestion.cause();
                return self.end(cx, cause, TerminatedBy::System);
            }
            Input::Timeout => {
                let due = self.committed_by.take_if(|by| *by <= cx.now.mono);
                if due.is_some() && !cx.begun {
                    return self.withdraw(cx);
                }
                if self.attempt.gives_up_at <= cx.now.mono {
                    let cause = EndCause::NoAnswer.cause();
                    return self.end(cx, cause, TerminatedBy::System);
                }
            }
            Input::Request { leg, tx, request } => {
                let (status, headers) = super::waiting::busy_reply(request.view().method());
                cx.reply(leg, tx, status, headers);
            }
            Input::Acked { .. }
            | Input::Cancelled { .. }
            | Input::Failed { .. }
            | Input::CodeStored(_)
            | Input::Mailbox(_)
            | Input::GroupRemoved(_)
            | Input::Media(_)
            | Input::Lost { .. }
            | Input::Queue(_)
            | Input::Recorded { .. }
            | Input::Response { .. } => {}
        }
        Phase::Originating(self)
    }

    fn on_answered(
        mut self: Box<Self>,
        cx: &mut Context<'_>,
        leg: LegId,
        response: &Message,
    ) -> Phase {
        let answer = convey::body(response).filter(convey::is_sdp);
        if self.attempt.has(leg) && answer.is_none_or(|body| !self.media.takes(&body.octets)) {
            let refused = self.attempt.on_refused(cx, leg, 488, None);
            let phase = match refused {
                Ok(_) => Phase::Originating(self),
                Err(failure) => self.finish(cx, &failure.end),
            };
            refuse_answer(cx, leg);
            return phase;
        }
        let Some(winner) = self.attempt.on_answered(cx, leg) else {
            cx.not_wanted(leg);
            return Phase::Originating(self);
        };
        self.media.is_at(Side::A, winner.reach.host);
        if let Some(body) = convey::body(response).filter(convey::is_sdp) {
            self.media.hear(Side::A, &body.octets, cx.effects);
        }
        self.media.start(cx.effects);
        let party = self.describe(cx, winner.call, &winner.reach, response);
        cx.accepted(winner.call);
        cx.held(leg, Class::Tells, Command::Ack { leg, body: None });
        let waiting = Waiting {
            leg,
            unanswered: None,
            committed_by: Some(cx.now.mono + ANSWER_COMMIT_WITHIN),
            on_behalf: Some(self.user.id),
            caller_id: self.caller_id,
            clid: self.clid,
            dial: Dial::of(&party, Vec::new()),
            party,
            media: self.media,
            parent: Some(winner.call),
            referred_by: String::new(),
            transfer: None,
            departing: None,
            held: None,
            replaced: None,
        };
        let dialled = Dialled::by_user(&self.to, winner.reach.phone);
        start(cx, waiting, &dialled)
    }

    /// The originator as his phone answered.
    fn describe(
        &self,
        cx: &mut Context<'_>,
        call: CallId,
        reach: &Reach,
        response: &Message,
    ) -> Participant {
        let ua = convey::user_agent(response);
        let party = Participant {
            number: self.user.ext.clone(),
            user: Some(self.user.id),
            phone: reach.phone,
            name: self.user.name.clone(),
            ua: if ua.is_empty() { reach.ua.clone() } else { ua },
            contact: reach.contact.clone(),
            sip_call_id: convey::text(response.view().call_id()),
            ..Participant::default()
        };
        if let Some(record) = cx.calls.get_mut(call) {
            record.src = party.clone();
        }
        party
    }

    /// The disk did not take the first fact in time: his phone never rings, and who asked for the call may ask again.
    fn withdraw(self, cx: &mut Context<'_>) -> Phase {
        let token = self.token;
        let phase = self.end(cx, EndCause::TemporaryFailure.cause(), TerminatedBy::System);
        let result = Err(ApiRefusal::Unavailable);
        let reply = ApiReply { token, result };
        cx.effects.push(Effect::ReplyInstead(reply));
        phase
    }

    fn end(mut self, cx: &mut Context<'_>, cause: Cause, by: TerminatedBy) -> Phase {
        self.attempt.cancel(cx, GIVEN_UP);
        self.finish(cx, &End::new(cause, by))
    }

    fn finish(self, cx: &mut Context<'_>, end: &End) -> Phase {
        cx.end_all(end);
        self.media.stop(cx.effects);
        Phase::Ended
    }
}
