//! Which calls a voicemail takes, and how it takes one.

use std::time::Duration;

use offhook_base::{CallId, UserId};

use super::{CONTEXT, Stage, Voicemail};
use crate::directory::User;
use crate::phase::attempt::Failure;
use crate::phase::waiting::Waiting;
use crate::phase::{ANSWER_COMMIT_WITHIN, Context, Phase};
use crate::record::{Destination, NewCall, Participant};

/// How long the phones of `user` ring for `waiting`, where a message can be left after that.
pub(crate) fn rings_for(waiting: &Waiting, user: &User) -> Option<Duration> {
    let stranger = waiting.party.user != Some(user.id);
    user.voicemail.filter(|_| stranger && waiting.can_hear_us())
}

/// The user's `call` failed: his voicemail takes it, or the caller is told why.
pub(crate) fn or_fail(
    cx: &mut Context<'_>,
    waiting: Waiting,
    call: CallId,
    failure: Failure,
) -> Phase {
    let missed = cx.calls.iter().find(|record| record.id == call);
    let dst = missed.map(|record| record.dst.clone()).unwrap_or_default();
    let user = dst.user.and_then(|user| cx.office.directory.user(user));
    let takes = user.is_some_and(|user| user.active && rings_for(&waiting, user).is_some());
    match dst.user {
        Some(user) if takes => take(cx, waiting, (call, user, dst), failure),
        Some(_) | None => waiting.fail(cx, failure),
    }
}

fn take(
    cx: &mut Context<'_>,
    mut waiting: Waiting,
    (missed, user, dst): (CallId, UserId, Participant),
    failure: Failure,
) -> Phase {
    let call = NewCall {
        parent: Some(missed),
        context: CONTEXT.into(),
        destination: Destination::In,
        clid: waiting.clid.clone(),
        src: waiting.party.clone(),
        dst: Participant {
            number: dst.number,
            user: dst.user,
            name: dst.name,
            ..Participant::default()
        },
        referred_by: waiting.referred_by.clone(),
        queue_state: "",
    };
    let Some(call) = cx.open(call) else {
        return waiting.fail(cx, failure);
    };
    cx.end(missed, &failure.end);
    // What rang may have sent early media: it is heard no more.
    waiting.media.give_up(cx.effects);
    waiting.media.stop_playing(cx.effects);
    let answers = waiting.unanswered.is_some();
    let mut voicemail = Voicemail {
        waiting,
        call,
        user,
        stage: Stage::Answering,
        answers,
        committed_by: Some(cx.now.mono + ANSWER_COMMIT_WITHIN),
        own: None,
        tokens: Vec::new(),
    };
    for open in cx.open_calls() {
        cx.connected(open);
    }
    voicemail.answer(cx);
    voicemail.waiting.arrive(cx);
    Phase::Voicemail(Box::new(voicemail))
}
