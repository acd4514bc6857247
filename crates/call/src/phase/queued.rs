//! A caller waits in a queue: the queues decide which agent is rung for him, and when he has waited enough.
//!
//! ```text
//!  enters ──► waits, hears music ◄───┐
//!    │            │ offer            │ refused, ring time over, withdrawn
//!    │            ▼                  │
//!    │        agents ring ───────────┘
//!    │            │ one answers ──► Connected; the calls of the others end: Lose Race
//!    │            │
//!    │            ├─ max_wait · no_agents · the queue is removed ──► Ended
//!    │            └─ caller gone ──► abandoned
//!    └─ full, nobody logged in ──► max_length, no_agents: back to who transferred, or Ended
//! ```
//!
//! The queue has a call of its own (context `QUEUE`), and each agent that is tried has one under it. Where media passes
//! by us the caller's INVITE is answered at once, so that there is something to hear; it is `connected` only when an
//! agent answers. Who transferred him here is let go once he is in: from then on he is in the queue's care.

mod keys;

use std::time::Duration;

use bytes::Bytes;
use offhook_base::{CallId, Cause, Mono, QueueId, TerminatedBy};
use offhook_sip_core::{Body, Command, LegId};
use offhook_sip_message::Message;

use super::attempt::{Attempt, Failure, GIVEN_UP, Progress};
use super::route::{self, Tried};
use super::waiting::{Heard, Unanswered, Waiting, refuse_answer};
use super::{Context, Input, Phase, QueueNews, transfer};
use crate::cause::EndCause;
use crate::command::{ApiAnswer, ApiRefusal};
use crate::directory::QueueConfig;
use crate::effect::Effect;
use crate::fence::Class;
use crate::office::Talk;
use crate::queue::{LeaveReason, OfferId, Outcome, Refused};
use crate::record::{Destination, End, NewCall, Participant};

/// A waiting party and the agents that are rung for it.
#[derive(Debug)]
pub(crate) struct Queued {
    waiting: Waiting,
    queue: QueueId,
    /// The queue's own call.
    call: CallId,
    offers: Vec<(OfferId, Attempt)>,
    /// Our answer to the caller's INVITE waits for its fact until then.
    committed_by: Option<Mono>,
    /// When a caller whom we cannot answer is told again that it rings.
    rings_again: Option<Mono>,
}

/// Lets `waiting` into a queue that it dialled, or whose number it dialled.
pub(crate) fn start(
    cx: &mut Context<'_>,
    mut waiting: Waiting,
    queue: &QueueConfig,
    dialled: String,
) -> Phase {
    let call = NewCall {
        parent: waiting.parent,
        context: "QUEUE".into(),
        destination: Destination::In,
        clid: waiting.clid.clone(),
        src: waiting.party.clone(),
        dst: Participant {
            number: dialled,
            shared: Some(queue.id.0),
            name: queue.name.clone(),
            ..Participant::default()
        },
        referred_by: waiting.referred_by.clone(),
        queue_state: "waiting",
    };
    let Some(call) = route::open_first(cx, &mut waiting, call) else {
        return route::no_id(cx, waiting);
    };
    let root = cx.calls.root();
    if let Err(refused) = cx.office.queues.enter(cx.now.mono, queue.id, root) {
        return waiting.fail(cx, refusal(&refused));
    }
    let committed_by = waiting.committed_by();
    waiting.arrive(cx);
    answer(cx, &mut waiting);
    waiting.prepare_offer();
    let welcome = cx.office.directory.sounds.welcome(queue);
    waiting.media.play(welcome, cx.effects);
    let unanswered = waiting.unanswered.is_some();
    let rings_again = unanswered.then(|| cx.now.mono + RING_AGAIN);
    Phase::Queued(Box::new(Queued {
        waiting,
        queue: queue.id,
        call,
        offers: Vec::new(),
        committed_by,
        rings_again,
    }))
}

fn refusal(refused: &Refused) -> Failure {
    let (cause, status, info) = match refused {
        Refused::Full(_) => (EndCause::QueueFull, 486, "max_length"),
        Refused::NoAgents => (EndCause::NoAnswer, 480, "no_agents"),
        Refused::NoQueue => (EndCause::UnallocatedNumber, 404, "removed"),
    };
    failure(cause, status, info)
}

fn failure(cause: EndCause, status: u16, info: &'static str) -> Failure {
    let failure = Failure::ours(cause.cause(), status);
    Failure {
        end: failure.end.with_info(info),
        ..failure
    }
}

fn ringing(first: bool) -> Progress {
    Progress {
        first,
        status: 180,
        headers: Vec::new(),
        early: None,
    }
}

/// RFC 3261 §13.3.1.1: a proxy on the way gives a call up after three minutes without a word; each minute one is sent, as
/// any one may be lost.
const RING_AGAIN: Duration = Duration::from_secs(60);

/// Answers the caller's INVITE ourselves where it can hear us; else it is told that it rings.
fn answer(cx: &mut Context<'_>, waiting: &mut Waiting) {
    let leg = waiting.leg;
    if waiting.unanswered.is_none() {
        return;
    }
    let root = cx.calls.root();
    let Some(octets) = waiting.media.answer_ourselves(root, cx.effects) else {
        return waiting.ring(cx, ringing(true));
    };
    waiting.unanswered = None;
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
    cx.held(leg, Class::Answers, command);
}

impl Queued {
    pub(crate) const fn waiting(&self) -> &Waiting {
        &self.waiting
    }

    pub(crate) fn next_timeout(&self) -> Mono {
        let offers = self.offers.iter().map(|(_, attempt)| attempt.gives_up_at);
        offers
            .chain(self.committed_by)
            .chain(self.rings_again)
            .min()
            .unwrap_or(Mono(u64::MAX))
    }

    pub(crate) fn handle(mut self: Box<Self>, cx: &mut Context<'_>, input: Input) -> Phase {
        let Some(input) = self.hear_keys(cx, input) else {
            return Phase::Queued(self);
        };
        let input = match self.waiting.hear(cx, input) {
            Heard::Done => return Phase::Queued(self),
            Heard::Gone(gone) => {
                self.stop(cx, &gone.end());
                cx.end(self.call, &gone.end().with_info("abandoned"));
                return self.waiting.leave(cx, &gone);
            }
            Heard::Other(input) => input,
        };
        match input {
            Input::Queue(news) => return self.on_news(cx, news),
            Input::Provisional { leg, response } => {
                // The caller hears music: what the agent's phone says is recorded, not passed on.
                if let Some((_, attempt)) = self.offered(leg) {
                    attempt.on_provisional(cx, leg, &response);
                }
            }
            Input::Answered { leg, response } => return self.on_answered(cx, leg, &response),
            Input::Refused {
                leg,
                status,
                response,
            } => self.on_refused(cx, leg, status, response),
            Input::Hangup { token, call } => {
                if let Some(place) = self.offers.iter().position(|(_, one)| one.call == call) {
                    self.give_up_offer(cx, place);
                    cx.reply_api(token, Ok(ApiAnswer::Done));
                    return Phase::Queued(self);
                }
                let cause = EndCause::ManagerRequest.with_sip(480);
                let phase = self.end(cx, cause, TerminatedBy::Api, 480);
                cx.reply_api(token, Ok(ApiAnswer::Done));
                return phase;
            }
            Input::Transfer(request) => {
                let mut queued = *self;
                let offers = &mut queued.offers;
                let deflected = transfer::deflect(cx, queued.waiting, request, |cx| {
                    for (_, attempt) in offers.iter_mut() {
                        attempt.cancel(cx, GIVEN_UP);
                    }
                });
                return match deflected {
                    Ok(phase) => phase,
                    Err(waiting) => Phase::Queued(Box::new(Self {
                        waiting: *waiting,
                        ..queued
                    })),
                };
            }
            Input::Hold { token, .. } => {
                cx.reply_api(
                    token,
                    Err(ApiRefusal::Conflict("the call waits in a queue")),
                );
            }
            Input::Shutdown => {
                let cause = EndCause::SystemShutdown.cause();
                return self.end(cx, cause, TerminatedBy::System, 503);
            }
            Input::MediaLost => {
                let cause = EndCause::CircuitCongestion.cause();
                return self.end(cx, cause, TerminatedBy::System, 503);
            }
            Input::Timeout => return self.on_timeout(cx),
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
            | Input::Recorded { .. }
            | Input::Response { .. } => {}
        }
        Phase::Queued(self)
    }

    /// The queues have decided something about this caller.
    fn on_news(mut self: Box<Self>, cx: &mut Context<'_>, news: QueueNews) -> Phase {
        match news {
            QueueNews::Announce(position) => {
                let directory = &cx.office.directory;
                let queue = directory.queue(self.queue);
                let sound = directory.sounds.position(position, queue);
                self.waiting.media.play(sound, cx.effects);
            }
            QueueNews::Offer(offer, ring_time) => {
                let tried = route::try_member(cx, &self.waiting, self.call, offer.agent, ring_time);
                match tried {
                    Tried::Rings(attempt) => self.offers.push((offer, attempt)),
                    Tried::Failed(_) => {
                        let queues = &mut cx.office.queues;
                        queues.refused(cx.now.mono, offer, Outcome::Unreachable);
                    }
                    Tried::Nobody => {
                        let queues = &mut cx.office.queues;
                        queues.refused(cx.now.mono, offer, Outcome::Cancelled);
                    }
                }
            }
            QueueNews::Withdraw(offer) => {
                if let Some(place) = self.offers.iter().position(|(at, _)| *at == offer) {
                    let (_, mut attempt) = self.offers.remove(place);
                    attempt.cancel(cx, GIVEN_UP);
                    let end = End::new(EndCause::NoAnswer.cause(), TerminatedBy::System);
                    cx.end(attempt.call, &end);
                }
            }
            QueueNews::Leave(why) => {
                let failure = match why {
                    LeaveReason::MaxWait => failure(EndCause::NoAnswer, 480, "max_wait"),
                    LeaveReason::NoAgents => failure(EndCause::NoAnswer, 480, "no_agents"),
                    LeaveReason::Removed => failure(EndCause::UnallocatedNumber, 404, "removed"),
                };
                self.stop(cx, &failure.end.clone().with_info(""));
                return self.waiting.fail(cx, failure);
            }
        }
        Phase::Queued(self)
    }

    fn offered(&mut self, leg: LegId) -> Option<&mut (OfferId, Attempt)> {
        self.offers.iter_mut().find(|(_, attempt)| attempt.has(leg))
    }

    fn on_answered(
        mut self: Box<Self>,
        cx: &mut Context<'_>,
        leg: LegId,
        response: &Message,
    ) -> Phase {
        let place = self.offers.iter().position(|(_, attempt)| attempt.has(leg));
        if place.is_some() && !self.waiting.accepts(response) {
            self.on_refused(cx, leg, 488, None);
            refuse_answer(cx, leg);
            return Phase::Queued(self);
        }
        let Some(place) = place else {
            cx.not_wanted(leg);
            return Phase::Queued(self);
        };
        let (offer, mut attempt) = self.offers.remove(place);
        // An offer that was withdrawn in the same moment is nobody's: all phones of the agent are let go.
        let stands = cx.office.queues.answered(cx.now.mono, offer);
        let winner = stands.then(|| attempt.on_answered(cx, leg)).flatten();
        let Some(winner) = winner else {
            attempt.let_go(cx, leg);
            let end = End::new(EndCause::NoAnswer.cause(), TerminatedBy::System);
            cx.end(attempt.call, &end);
            return Phase::Queued(self);
        };
        if let Some(record) = cx.calls.get_mut(self.call) {
            record.queue_state = "connected".to_owned();
        }
        let call = self.call;
        let losers = self.offers.into_iter().map(|(_, attempt)| attempt);
        let phase = self.waiting.join(cx, &winner, response, losers.collect());
        let started = cx.calls.started();
        if let Some(record) = cx.calls.get_mut(call) {
            // What an event after the end of the call tells of it.
            let record = record.clone();
            let talk = Talk { record, started };
            cx.office.talking.insert(offer.agent, talk);
        }
        phase
    }

    fn on_refused(
        &mut self,
        cx: &mut Context<'_>,
        leg: LegId,
        status: u16,
        response: Option<Message>,
    ) {
        let Some(place) = self.offers.iter().position(|(_, attempt)| attempt.has(leg)) else {
            return;
        };
        let theirs = response.is_some();
        let heard = self
            .offers
            .get_mut(place)
            .map(|(_, attempt)| attempt.on_refused(cx, leg, status, response));
        let Some(Err(failure)) = heard else { return };
        let (offer, attempt) = self.offers.remove(place);
        cx.end(attempt.call, &failure.end);
        let outcome = match status {
            486 | 600 => Outcome::Busy,
            408 | 480 | 503 => Outcome::Unreachable,
            _ if theirs => Outcome::Declined,
            _ => Outcome::Unreachable,
        };
        cx.office.queues.refused(cx.now.mono, offer, outcome);
    }

    /// A REST client wants one agent's phones to stop ringing; the caller waits on.
    fn give_up_offer(&mut self, cx: &mut Context<'_>, place: usize) {
        let (offer, mut attempt) = self.offers.remove(place);
        attempt.cancel(cx, GIVEN_UP);
        let cause = EndCause::ManagerRequest.with_sip(480);
        cx.end(attempt.call, &End::new(cause, TerminatedBy::Api));
        cx.office
            .queues
            .refused(cx.now.mono, offer, Outcome::Cancelled);
    }

    fn on_timeout(mut self: Box<Self>, cx: &mut Context<'_>) -> Phase {
        let now = cx.now.mono;
        if self.committed_by.is_some_and(|by| by <= now) {
            self.committed_by = None;
            if !cx.begun {
                return self.end_uncommitted(cx);
            }
        }
        if self.rings_again.is_some_and(|at| at <= now) {
            self.waiting.ring(cx, ringing(false));
            self.rings_again = Some(now + RING_AGAIN);
        }
        let (over, still): (Vec<_>, Vec<_>) = std::mem::take(&mut self.offers)
            .into_iter()
            .partition(|(_, attempt)| attempt.gives_up_at <= now);
        self.offers = still;
        for (offer, mut attempt) in over {
            attempt.cancel(cx, GIVEN_UP);
            let end = End::new(EndCause::NoAnswer.cause(), TerminatedBy::System);
            cx.end(attempt.call, &end);
            cx.office.queues.refused(now, offer, Outcome::NoAnswer);
        }
        Phase::Queued(self)
    }

    /// The disk did not take the first fact in time: the caller gets 503, never our held answer.
    fn end_uncommitted(mut self, cx: &mut Context<'_>) -> Phase {
        // Who was called by us, after a click, gets BYE.
        if !self.waiting.leg.is_outgoing() {
            cx.effects.push(Effect::DropHeld(self.waiting.leg));
            self.waiting.unanswered = Some(Unanswered {
                delayed_offer: false,
                early: None,
            });
        }
        let cause = EndCause::TemporaryFailure.cause();
        self.end(cx, cause, TerminatedBy::System, 503)
    }

    /// The agents' phones are given up, and their calls end.
    fn stop(&mut self, cx: &mut Context<'_>, end: &End) {
        for (_, mut attempt) in self.offers.drain(..) {
            attempt.cancel(cx, GIVEN_UP);
            cx.end(attempt.call, end);
        }
    }

    fn end(mut self, cx: &mut Context<'_>, cause: Cause, by: TerminatedBy, status: u16) -> Phase {
        self.stop(cx, &End::new(cause, by));
        self.waiting.end(cx, cause, by, status)
    }
}
