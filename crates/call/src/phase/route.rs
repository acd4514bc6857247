//! From a plan to a phase: opens the call of a target and rings it for a waiting party.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::time::Duration;

use offhook_base::{CallId, Mono, PhoneId, TerminatedBy, TrunkId, UserId};
use offhook_sip_core::InviteOut;

use super::attempt::{Attempt, Failure};
use super::dial::{Reach, Shown};
use super::waiting::Waiting;
use super::{Context, Phase, Ringing, hunting, queued, voicemail};
use crate::cause::EndCause;
use crate::directory::{Trunk, User};
use crate::numbers::Outside;
use crate::plan::{Dialled, Plan, Unreachable, targets};
use crate::record::{Destination, End, NewCall, Participant};
use crate::trunks::caller::{ANONYMOUS, number_sent, shown};

/// What came of trying a member of a group or an agent.
#[derive(Debug)]
pub(crate) enum Tried {
    Rings(Attempt),
    /// Its call was opened and ended: no phone could be rung.
    Failed(Failure),
    /// There is no such user any more, or no call id.
    Nobody,
}

/// Calls `dialled` for `waiting`.
pub(crate) fn start(cx: &mut Context<'_>, waiting: Waiting, dialled: &Dialled) -> Phase {
    let dialled = &cx.office.meant(dialled);
    match cx.office.plan(dialled) {
        Plan::Ring { user, targets } => {
            let number = dialled.number.clone();
            ring(cx, waiting, (&user, number), &targets)
        }
        Plan::Unreachable { user, why } => {
            let callee = callee(&user, dialled.number.clone());
            end_at_once(cx, waiting, callee, Destination::In, why.cause())
        }
        Plan::Group(group) => hunting::start(cx, waiting, group, dialled.number.clone()),
        Plan::Queue(queue) => queued::start(cx, waiting, &queue, dialled.number.clone()),
        Plan::Unknown => {
            let cause = EndCause::UnallocatedNumber;
            let unknown = outsider(&dialled.number);
            end_at_once(cx, waiting, unknown, destination(dialled), cause)
        }
        Plan::Outside { number, trunks } if trunks.is_empty() => {
            // None of them is up, or those that are have all the calls that they may have.
            let up = |trunk: &Trunk| {
                let state = cx.office.trunks.state(trunk.id);
                state.is_some_and(|state| state.up)
            };
            let cause = if cx.office.directory.trunks().any(up) {
                EndCause::CircuitCongestion
            } else {
                EndCause::NetworkOutOfOrder
            };
            let callee = outsider(number.digits());
            end_at_once(cx, waiting, callee, Destination::Out, cause)
        }
        Plan::Outside { number, trunks } => call_outside(cx, waiting, &number, &trunks),
    }
}

/// Calls a number of the outside by the first trunk that takes the call.
fn call_outside(
    cx: &mut Context<'_>,
    mut waiting: Waiting,
    number: &Outside,
    trunks: &[TrunkId],
) -> Phase {
    let payer = waiting.on_behalf;
    let own = payer.and_then(|user| cx.office.directory.number_of(user));
    let own = own.map(|ddi| ddi.e164.clone());
    let user = payer.and_then(|user| cx.office.directory.user(user));
    let ext = user.map_or_else(|| waiting.party.number.clone(), |user| user.ext.clone());
    // Name and number are of the same: who pays, also where another party is connected.
    let name = match user {
        Some(user) if waiting.party.user != payer => user.name.clone(),
        Some(_) | None => waiting.dial.name.clone(),
    };
    let asks = |id: &String| id.eq_ignore_ascii_case(ANONYMOUS);
    let hidden = waiting.caller_id.as_ref().is_some_and(asks);
    let explicit = waiting.caller_id.clone().filter(|_| !hidden);
    let shown = |trunk: &Trunk| shown(trunk, explicit.as_deref(), own.as_deref(), &ext).to_owned();
    let first = trunks
        .first()
        .and_then(|first| cx.office.directory.trunk(*first));
    let presented = if hidden {
        outsider(ANONYMOUS)
    } else {
        Participant {
            number: first.map_or_else(|| ext.clone(), &shown),
            name: name.clone(),
            ..Participant::default()
        }
    };
    let call = NewCall {
        clid: presented.clid(),
        ..new_call(&waiting, outsider(number.digits()), Destination::Out)
    };
    let Some(call) = open_first(cx, &mut waiting, call) else {
        return no_id(cx, waiting);
    };
    waiting.prepare_offer();
    let host = &cx.office.config.host;
    let mut ways: VecDeque<_> = trunks
        .iter()
        .filter_map(|trunk| {
            let trunk = cx.office.directory.trunk(*trunk)?;
            let sent = number_sent(trunk, number);
            let reach = Reach::by_trunk(trunk, &sent)?;
            let shown = Shown {
                name: &name,
                number: &shown(trunk),
                hidden,
            };
            let invite = waiting.dial.invite_by(trunk, host, &shown, &sent);
            Some((reach, invite))
        })
        .collect();
    let first = ways.pop_front().into_iter().collect();
    let ring = cx.office.config.ring_outside;
    let attempt = Attempt::open(cx, call, first, ways, ring);
    Phase::Ringing(Box::new(Ringing::new(waiting, attempt)))
}

/// A target was dialled, but the caller's own INVITE keeps it from being rung.
pub(crate) fn fail_at_once(
    cx: &mut Context<'_>,
    waiting: Waiting,
    dialled: &Dialled,
    end: EndCause,
) -> Phase {
    let (callee, destination, context) = described(cx, dialled);
    let call = NewCall {
        queue_state: if context == "QUEUE" { "waiting" } else { "" },
        context,
        ..new_call(&waiting, callee, destination)
    };
    fail_call(cx, waiting, call, end)
}

/// Whom a call to `dialled` names, with its way and its context.
pub(crate) fn described(
    cx: &Context<'_>,
    dialled: &Dialled,
) -> (Participant, Destination, Cow<'static, str>) {
    let dialled = &cx.office.meant(dialled);
    let number = dialled.number.clone();
    let local = "LOCAL_USER".into();
    let shared = |id, name: &str| Participant {
        shared: Some(id),
        name: name.to_owned(),
        ..outsider(&dialled.number)
    };
    match cx.office.plan(dialled) {
        Plan::Outside { number, .. } => (outsider(number.digits()), Destination::Out, local),
        Plan::Unknown => (outsider(&number), destination(dialled), local),
        Plan::Ring { user, .. } | Plan::Unreachable { user, .. } => {
            (callee(&user, number), Destination::In, local)
        }
        Plan::Group(group) => (
            shared(group.id.0, &group.name),
            Destination::In,
            format!("RG-{}", group.id).into(),
        ),
        Plan::Queue(queue) => (
            shared(queue.id.0, &queue.name),
            Destination::In,
            "QUEUE".into(),
        ),
    }
}

/// Which way a call to nobody goes: outwards when a user dialled it. An outsider always means somebody of ours.
const fn destination(dialled: &Dialled) -> Destination {
    if dialled.outwards {
        Destination::Out
    } else {
        Destination::In
    }
}

/// The first call that is opened for a party; who asked for a transfer is told of it. `None` when no id is left.
pub(crate) fn open_first(
    cx: &mut Context<'_>,
    waiting: &mut Waiting,
    call: NewCall,
) -> Option<CallId> {
    let leg = waiting.leg;
    let first = cx.calls.is_new();
    let call = cx.open(call)?;
    if let Some(replaced) = waiting.replaced.take() {
        replaced.end(cx);
    }
    if first {
        cx.name_leg(leg, call, leg.is_outgoing());
    }
    if let Some(transfer) = &mut waiting.transfer {
        transfer.is_under_way(cx, call);
    }
    Some(call)
}

/// No call id was left: the party cannot be served.
pub(crate) fn no_id(cx: &mut Context<'_>, waiting: Waiting) -> Phase {
    let cause = EndCause::CircuitCongestion.cause();
    waiting.fail(cx, Failure::ours(cause, 503))
}

/// Rings one member of a group, or one agent, under the call `parent`.
pub(crate) fn try_member(
    cx: &mut Context<'_>,
    waiting: &Waiting,
    parent: CallId,
    user: UserId,
    ring_time: Duration,
) -> Tried {
    let Some(user) = cx.office.directory.user(user).filter(|user| user.active) else {
        return Tried::Nobody;
    };
    let user = user.clone();
    let callee = callee(&user, user.ext.clone());
    let found = targets(
        &cx.office.directory,
        &cx.office.bindings,
        waiting.party.phone,
        &user,
    );
    let call = NewCall {
        parent: Some(parent),
        ..new_call(waiting, callee, Destination::In)
    };
    let Some(call) = cx.open(call) else {
        return Tried::Nobody;
    };
    match found {
        Ok(targets) => {
            let contacts = contacts(cx, waiting, &targets, &user.ext);
            let spare = VecDeque::new();
            Tried::Rings(Attempt::open(cx, call, contacts, spare, ring_time))
        }
        Err(why) => {
            let cause = why.cause().cause();
            cx.end(call, &End::new(cause, TerminatedBy::System));
            Tried::Failed(Failure::ours(cause, cause.sip))
        }
    }
}

fn ring(
    cx: &mut Context<'_>,
    mut waiting: Waiting,
    (user, number): (&User, String),
    targets: &[(PhoneId, offhook_sip_core::Binding)],
) -> Phase {
    let call = new_call(&waiting, callee(user, number.clone()), Destination::In);
    let Some(call) = open_first(cx, &mut waiting, call) else {
        return no_id(cx, waiting);
    };
    waiting.prepare_offer();
    let contacts = contacts(cx, &waiting, targets, &number);
    let ring = voicemail::rings_for(&waiting, user).unwrap_or(cx.office.config.ring);
    let attempt = Attempt::open(cx, call, contacts, VecDeque::new(), ring);
    Phase::Ringing(Box::new(Ringing::new(waiting, attempt)))
}

/// A target was chosen but nothing is rung: initial, then the last event, unless a user's voicemail takes the call.
fn end_at_once(
    cx: &mut Context<'_>,
    mut waiting: Waiting,
    callee: Participant,
    destination: Destination,
    end: EndCause,
) -> Phase {
    let call = new_call(&waiting, callee, destination);
    let Some(call) = open_first(cx, &mut waiting, call) else {
        return no_id(cx, waiting);
    };
    let cause = end.cause();
    voicemail::or_fail(cx, waiting, call, Failure::ours(cause, cause.sip))
}

fn fail_call(cx: &mut Context<'_>, mut waiting: Waiting, call: NewCall, end: EndCause) -> Phase {
    if open_first(cx, &mut waiting, call).is_none() {
        return no_id(cx, waiting);
    }
    let cause = end.cause();
    waiting.fail(cx, Failure::ours(cause, cause.sip))
}

fn new_call(waiting: &Waiting, dst: Participant, destination: Destination) -> NewCall {
    NewCall {
        parent: waiting.parent,
        context: "LOCAL_USER".into(),
        destination,
        clid: waiting.clid.clone(),
        src: waiting.party.clone(),
        dst,
        referred_by: waiting.referred_by.clone(),
        queue_state: "",
    }
}

fn callee(user: &User, number: String) -> Participant {
    Participant {
        number,
        user: Some(user.id),
        name: user.name.clone(),
        ..Participant::default()
    }
}

fn outsider(number: &str) -> Participant {
    Participant {
        number: number.to_owned(),
        ..Participant::default()
    }
}

fn contacts(
    cx: &Context<'_>,
    waiting: &Waiting,
    targets: &[(PhoneId, offhook_sip_core::Binding)],
    dialled: &str,
) -> Vec<(Reach, InviteOut)> {
    let host = &cx.office.config.host;
    targets
        .iter()
        .map(|(phone, binding)| {
            let reach = Reach::of(*phone, binding);
            (reach, waiting.dial.invite(host, dialled))
        })
        .collect()
}

impl Unreachable {
    /// Why a call to such a user ends.
    pub(crate) const fn cause(self) -> EndCause {
        match self {
            Self::DoNotDisturb => EndCause::DoNotDisturb,
            Self::Unregistered => EndCause::SubscriberAbsent,
        }
    }
}

/// When an INVITE that came `now` must have its first fact on disk.
pub(crate) fn committed_by(now: Mono) -> Option<Mono> {
    Some(now + super::INVITE_COMMIT_WITHIN)
}
