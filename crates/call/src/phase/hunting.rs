//! A ring group: its members are rung all at once, or one after the other.
//!
//! ```text
//!  enters ──► members ring ──── one answers ───► Connected; the calls of the others end: Lose Race
//!    │             │
//!    │             ├─ all refused, or the ring time is over (linear: of the last) ──► no_answer
//!    │             ├─ caller gone ──► abandoned
//!    │             └─ the group is removed ──► removed
//!    └─ nobody can be rung ──► no_members
//! ```
//!
//! The group has a call of its own (context `RG-<id>`), and each member that is tried has one under it.

use std::collections::VecDeque;

use offhook_base::{CallId, Cause, Mono, TerminatedBy, UserId};
use offhook_sip_core::LegId;
use offhook_sip_message::Message;

use super::attempt::{Attempt, Failure, GIVEN_UP, Progress};
use super::route::{self, Tried};
use super::waiting::{Heard, Waiting, refuse_answer};
use super::{Context, Input, Phase, transfer};
use crate::cause::{EndCause, rank};
use crate::command::{ApiAnswer, ApiRefusal};
use crate::directory::{GroupStrategy, RingGroup};
use crate::record::{Destination, End, NewCall, Participant};

/// A waiting party and the members of a group that are rung for it.
#[derive(Debug)]
pub(crate) struct Hunting {
    waiting: Waiting,
    group: RingGroup,
    /// The group's own call.
    call: CallId,
    attempts: Vec<Attempt>,
    /// Members to be tried after those.
    rest: VecDeque<UserId>,
    /// The best answer of the members that did not take the call.
    refused: Option<Failure>,
    rung: bool,
}

/// Rings a group for `waiting`, who dialled it or a number that leads to it.
pub(crate) fn start(
    cx: &mut Context<'_>,
    mut waiting: Waiting,
    group: RingGroup,
    dialled: String,
) -> Phase {
    let call = NewCall {
        parent: waiting.parent,
        context: format!("RG-{}", group.id).into(),
        destination: Destination::In,
        clid: waiting.clid.clone(),
        src: waiting.party.clone(),
        dst: Participant {
            number: dialled,
            shared: Some(group.id.0),
            name: group.name.clone(),
            ..Participant::default()
        },
        referred_by: waiting.referred_by.clone(),
        queue_state: "",
    };
    let Some(call) = route::open_first(cx, &mut waiting, call) else {
        return route::no_id(cx, waiting);
    };
    waiting.prepare_offer();
    let caller = waiting.party.user;
    // Who transferred the party is still on the line.
    let transferor = waiting.transferor();
    let rest = group
        .users
        .iter()
        .copied()
        .filter(|user| Some(*user) != caller && Some(*user) != transferor)
        .collect();
    let mut hunting = Hunting {
        waiting,
        group,
        call,
        attempts: Vec::new(),
        rest,
        refused: None,
        rung: false,
    };
    hunting.ring_next(cx);
    if hunting.attempts.is_empty() {
        return hunting.give_up(cx, "no_members");
    }
    Phase::Hunting(Box::new(hunting))
}

impl Hunting {
    pub(crate) const fn waiting(&self) -> &Waiting {
        &self.waiting
    }

    pub(crate) fn next_timeout(&self) -> Mono {
        let attempts = self.attempts.iter().map(|attempt| attempt.gives_up_at);
        let gives_up_at = attempts.min().unwrap_or(Mono(u64::MAX));
        self.waiting
            .committed_by()
            .map_or(gives_up_at, |by| by.min(gives_up_at))
    }

    pub(crate) fn handle(mut self: Box<Self>, cx: &mut Context<'_>, input: Input) -> Phase {
        let input = match self.waiting.hear(cx, input) {
            Heard::Done => return Phase::Hunting(self),
            Heard::Gone(gone) => {
                self.stop(cx, &gone.end());
                cx.end(self.call, &gone.end().with_info("abandoned"));
                return self.waiting.leave(cx, &gone);
            }
            Heard::Other(input) => input,
        };
        match input {
            Input::Provisional { leg, response } => self.on_provisional(cx, leg, &response),
            Input::Answered { leg, response } => return self.on_answered(cx, leg, &response),
            Input::Refused {
                leg,
                status,
                response,
            } => return self.on_refused(cx, leg, status, response),
            Input::Hangup { token, call } => {
                if let Some(place) = self.attempts.iter().position(|one| one.call == call) {
                    return self.give_up_member(cx, place, token);
                }
                let cause = EndCause::ManagerRequest.with_sip(480);
                let phase = self.end(cx, cause, TerminatedBy::Api, 480);
                cx.reply_api(token, Ok(ApiAnswer::Done));
                return phase;
            }
            Input::Transfer(request) => {
                let mut hunting = *self;
                let attempts = &mut hunting.attempts;
                let deflected = transfer::deflect(cx, hunting.waiting, request, |cx| {
                    for attempt in attempts.iter_mut() {
                        attempt.cancel(cx, GIVEN_UP);
                    }
                });
                return match deflected {
                    Ok(phase) => phase,
                    Err(waiting) => Phase::Hunting(Box::new(Self {
                        waiting: *waiting,
                        ..hunting
                    })),
                };
            }
            Input::Hold { token, .. } => {
                cx.reply_api(token, Err(ApiRefusal::Conflict("the call rings")));
            }
            Input::GroupRemoved(group) if group == self.group.id => {
                let cause = EndCause::UnallocatedNumber.cause();
                self.stop(cx, &End::new(cause, TerminatedBy::System));
                self.refused = Some(Failure::ours(cause, 404));
                return self.give_up(cx, "removed");
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
            | Input::Queue(_)
            | Input::Recorded { .. }
            | Input::Response { .. } => {}
        }
        Phase::Hunting(self)
    }

    /// Rings all members, or the next one that can be rung.
    fn ring_next(&mut self, cx: &mut Context<'_>) {
        while let Some(user) = self.rest.pop_front() {
            match route::try_member(cx, &self.waiting, self.call, user, self.group.ring_time) {
                Tried::Rings(attempt) => {
                    self.attempts.push(attempt);
                    if self.group.strategy == GroupStrategy::Linear {
                        return;
                    }
                }
                Tried::Failed(failure) => self.note(failure),
                Tried::Nobody => {}
            }
        }
    }

    /// Keeps the answer that tells most. A phone that rang says more of the group than one that is not there.
    fn note(&mut self, failure: Failure) {
        let absent = EndCause::SubscriberAbsent.cause();
        let worth = |end: &End| (rank(end.cause.sip), end.cause == absent);
        let better = |best: &Failure| worth(&failure.end) < worth(&best.end);
        if self.refused.as_ref().is_none_or(better) {
            self.refused = Some(failure);
        }
    }

    fn on_provisional(&mut self, cx: &mut Context<'_>, leg: LegId, response: &Message) {
        let alone = self.attempts.len() == 1;
        let Some(attempt) = self.attempts.iter_mut().find(|attempt| attempt.has(leg)) else {
            return;
        };
        let Some(progress) = attempt.on_provisional(cx, leg, response) else {
            return;
        };
        let first = progress.first && !std::mem::replace(&mut self.rung, true);
        if first {
            cx.ringing(self.call);
        }
        // The caller sees one dialog: early media only of a member that rings alone.
        if alone {
            self.waiting.ring(cx, Progress { first, ..progress });
        } else if first {
            let ringing = Progress {
                first,
                status: 180,
                headers: Vec::new(),
                early: None,
            };
            self.waiting.ring(cx, ringing);
        }
    }

    fn on_answered(
        mut self: Box<Self>,
        cx: &mut Context<'_>,
        leg: LegId,
        response: &Message,
    ) -> Phase {
        let place = self.attempts.iter().position(|attempt| attempt.has(leg));
        if place.is_some() && !self.waiting.accepts(response) {
            let phase = self.on_refused(cx, leg, 488, None);
            refuse_answer(cx, leg);
            return phase;
        }
        let winner = place.and_then(|place| {
            let mut attempt = self.attempts.remove(place);
            attempt.on_answered(cx, leg)
        });
        match winner {
            Some(winner) => self.waiting.join(cx, &winner, response, self.attempts),
            None => {
                cx.not_wanted(leg);
                Phase::Hunting(self)
            }
        }
    }

    fn on_refused(
        mut self: Box<Self>,
        cx: &mut Context<'_>,
        leg: LegId,
        status: u16,
        response: Option<Message>,
    ) -> Phase {
        let alone = self.attempts.len() == 1;
        let Some(place) = self.attempts.iter().position(|attempt| attempt.has(leg)) else {
            return Phase::Hunting(self);
        };
        let heard = self
            .attempts
            .get_mut(place)
            .map(|attempt| attempt.on_refused(cx, leg, status, response));
        match heard {
            Some(Err(failure)) => {
                let attempt = self.attempts.remove(place);
                return self.member_failed(cx, &attempt, failure);
            }
            Some(Ok(Some(progress))) if alone => self.waiting.ring(cx, progress),
            Some(Ok(_)) | None => {}
        }
        Phase::Hunting(self)
    }

    /// One member is not to be rung any longer, whatever becomes of the others.
    fn give_up_member(
        mut self: Box<Self>,
        cx: &mut Context<'_>,
        place: usize,
        token: u64,
    ) -> Phase {
        let mut attempt = self.attempts.remove(place);
        attempt.cancel(cx, GIVEN_UP);
        let cause = EndCause::ManagerRequest.with_sip(480);
        let failure = Failure {
            end: End::new(cause, TerminatedBy::Api),
            ..Failure::ours(cause, 480)
        };
        let phase = self.member_failed(cx, &attempt, failure);
        cx.reply_api(token, Ok(ApiAnswer::Done));
        phase
    }

    /// A member did not take the call: its own call ends, the next one is tried.
    fn member_failed(
        mut self: Box<Self>,
        cx: &mut Context<'_>,
        attempt: &Attempt,
        failure: Failure,
    ) -> Phase {
        cx.end(attempt.call, &failure.end);
        self.note(failure);
        if self.attempts.is_empty() {
            self.ring_next(cx);
        }
        if self.attempts.is_empty() {
            return self.give_up(cx, "no_answer");
        }
        // Who rings alone now is heard from here on.
        if let [attempt] = self.attempts.as_mut_slice()
            && let Some(progress) = attempt.early_of_the_last()
        {
            self.waiting.ring(cx, progress);
        }
        Phase::Hunting(self)
    }

    fn on_timeout(mut self: Box<Self>, cx: &mut Context<'_>) -> Phase {
        if self.waiting.is_uncommitted(cx) && !self.rung {
            let cause = EndCause::TemporaryFailure.cause();
            return self.end(cx, cause, TerminatedBy::System, 503);
        }
        let now = cx.now.mono;
        let (over, ringing): (Vec<_>, Vec<_>) = std::mem::take(&mut self.attempts)
            .into_iter()
            .partition(|attempt| attempt.gives_up_at <= now);
        self.attempts = ringing;
        if over.is_empty() {
            return Phase::Hunting(self);
        }
        for mut attempt in over {
            attempt.cancel(cx, GIVEN_UP);
            let failure = Failure::ours(EndCause::NoAnswer.cause(), 480);
            cx.end(attempt.call, &failure.end);
            self.note(failure);
        }
        if self.attempts.is_empty() {
            self.ring_next(cx);
        }
        if self.attempts.is_empty() {
            return self.give_up(cx, "no_answer");
        }
        Phase::Hunting(self)
    }

    /// Nobody took the call.
    fn give_up(mut self, cx: &mut Context<'_>, info: &'static str) -> Phase {
        let absent = || Failure::ours(EndCause::SubscriberAbsent.cause(), 480);
        let failure = self.refused.take().unwrap_or_else(absent);
        let failure = Failure {
            end: End::new(failure.end.cause, TerminatedBy::System).with_info(info),
            ..failure
        };
        self.waiting.fail(cx, failure)
    }

    /// The members' phones are given up, and their calls end.
    fn stop(&mut self, cx: &mut Context<'_>, end: &End) {
        for mut attempt in self.attempts.drain(..) {
            attempt.cancel(cx, GIVEN_UP);
            cx.end(attempt.call, end);
        }
    }

    fn end(mut self, cx: &mut Context<'_>, cause: Cause, by: TerminatedBy, status: u16) -> Phase {
        self.stop(cx, &End::new(cause, by));
        self.waiting.end(cx, cause, by, status)
    }
}
