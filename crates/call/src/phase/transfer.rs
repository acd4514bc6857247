//! Transfer: one side of a call is moved to another target, by REFER (RFC 3515, RFC 5589 §6) or by the API.
//!
//! ```text
//!                REFER · PATCH {"dst"}              the target answers, the queue takes in
//!   Connected ──────────────────────────► under way ────────────────────────► Departing ──► gone
//!       ▲  202 or 200, NOTIFY 100            │   │                    NOTIFY 200, its answer, BYE
//!       │                                    │   └─ the party itself hangs up ──► Ended
//!       │        the target fails            │
//!       └────────────────────────────────────┤ (the transferor is still there: NOTIFY 4xx, joined again)
//!   Ringing ◄────────────────────────────────┘ (it has hung up: its phones are rung)
//! ```
//!
//! Who transfers keeps its leg until the outcome is known, so that nobody is lost to a target that fails; it may hang up
//! at any time.

mod refer;

use bytes::Bytes;
use offhook_base::{CallId, Cause, QueueId, RingGroupId, TerminatedBy, UserId};
use offhook_media_core::Side;
use offhook_sip_core::{LegId, TxId};
use offhook_sip_message::Method;

pub(super) use refer::refer_to;

use super::attempt::Failure;
use super::connected::Joined;
use super::waiting::{Replaced, acknowledge_stray, busy_reply};
use super::{Connected, Context, Departing, Input, Phase, Waiting, reply, start};
use crate::cause::EndCause;
use crate::command::{ApiAnswer, ApiRefusal, TransferParty};
use crate::convey;
use crate::directory::DdiTarget;
use crate::fence::Class;
use crate::hold::Holds;
use crate::media::Parted;
use crate::plan::{Dialled, Plan, Unreachable};
use crate::record::{CallRecord, Destination, End, NewCall, Participant};

/// A wish to transfer.
#[derive(Clone, Debug)]
pub(crate) struct TransferRequest {
    /// As dialled.
    pub(crate) dst: String,
    /// Which side is moved, when it was said.
    pub(crate) party: Option<TransferParty>,
    pub(crate) by: Requester,
}

/// Who wishes a transfer and waits for an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Requester {
    /// A REST client.
    Api { token: u64 },
    /// A phone, by REFER.
    Refer { leg: LegId, tx: TxId, cseq: u32 },
}

/// Why a call is not transferred; it goes on as it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Obstacle {
    /// A transfer or a renegotiation is in progress.
    InProgress,
    /// The side that would be moved is already talking to the target, or is the target.
    Itself,
    /// The call was transferred so often that it must be going in circles.
    Loop,
    /// Outsiders transfer nobody.
    Outsider,
    /// Nobody answers to the number.
    Unknown,
    /// No trunk can take the call.
    NoTrunk,
    /// The target cannot be rung.
    Unreachable(Unreachable),
    /// No call can be opened now: no id is left, which the journal mends within milliseconds.
    NoRoom,
}

/// A transfer under way, kept by the party that was moved.
#[derive(Debug)]
pub(crate) struct Transfer {
    /// Who gets the party back when nobody answers; nobody does when it was an outsider who has hung up.
    back: Option<Participant>,
    /// How that one is called again when it has no leg any more, where it is one of ours.
    target: Option<DdiTarget>,
    /// Its leg, until it hangs up.
    line: Option<Line>,
    /// The Event of the NOTIFYs when it asked by REFER.
    event: Option<Bytes>,
    /// Who waits for the answer to the wish itself.
    pending: Option<Requester>,
    /// The call that ended.
    from: CallId,
}

/// The leg of who transfers.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) leg: LegId,
    pub(crate) parted: Parted,
    pub(crate) holds: Holds,
}

impl Obstacle {
    const fn refusal(self) -> ApiRefusal {
        match self {
            Self::InProgress => ApiRefusal::Conflict("the call is being transferred or changed"),
            Self::Itself => ApiRefusal::BadTarget("is a party of this call already"),
            Self::Loop => ApiRefusal::Conflict("the call was transferred too often"),
            Self::Outsider => {
                ApiRefusal::Conflict("no side of this call is a user who could transfer it")
            }
            Self::NoTrunk => ApiRefusal::Conflict("no trunk can take the call"),
            Self::Unknown => ApiRefusal::BadTarget("nobody answers to this number"),
            Self::Unreachable(Unreachable::DoNotDisturb) => {
                ApiRefusal::Conflict("the target does not want to be disturbed")
            }
            Self::Unreachable(Unreachable::Unregistered) => {
                ApiRefusal::Conflict("no phone of the target is registered")
            }
            Self::NoRoom => ApiRefusal::Unavailable,
        }
    }

    const fn status(self) -> u16 {
        match self {
            Self::InProgress => 491,
            Self::Itself | Self::Outsider => 403,
            Self::Loop => 482,
            Self::NoRoom | Self::NoTrunk => 503,
            Self::Unknown => 404,
            Self::Unreachable(Unreachable::DoNotDisturb) => 486,
            Self::Unreachable(Unreachable::Unregistered) => 480,
        }
    }
}

impl Requester {
    /// The wish is not fulfilled, and nothing has changed.
    pub(crate) fn refuse(self, cx: &mut Context<'_>, obstacle: Obstacle) {
        match self {
            Self::Api { token } => cx.reply_api(token, Err(obstacle.refusal())),
            Self::Refer { leg, tx, .. } => cx.reply(leg, tx, obstacle.status(), Vec::new()),
        }
    }
}

/// Whether `moved` may be connected to `dst` instead of `other`.
pub(crate) fn check(
    cx: &Context<'_>,
    dst: &str,
    moved: &Participant,
    other: &Participant,
) -> Result<(), Obstacle> {
    if cx.calls.transfers() >= MOST {
        return Err(Obstacle::Loop);
    }
    if !cx.can_open() {
        return Err(Obstacle::NoRoom);
    }
    let is_party = |user: UserId| Some(user) == moved.user || Some(user) == other.user;
    match cx.office.plan(&Dialled::by_user(dst, None)) {
        Plan::Ring { user, .. } | Plan::Unreachable { user, .. } if is_party(user.id) => {
            Err(Obstacle::Itself)
        }
        // A message can be left, unless the party that is moved turns out not to hear us: then it comes back.
        Plan::Unreachable { user, .. } if user.voicemail.is_some() && cx.office.relays() => Ok(()),
        Plan::Unreachable { why, .. } => Err(Obstacle::Unreachable(why)),
        Plan::Unknown => Err(Obstacle::Unknown),
        Plan::Outside { trunks, .. } if trunks.is_empty() => Err(Obstacle::NoTrunk),
        Plan::Group(_) | Plan::Outside { .. } | Plan::Queue(_) | Plan::Ring { .. } => Ok(()),
    }
}

/// Moves the party of `waiting` out of a call that is answered: what it had ends, and `request.dst` is called for it.
pub(crate) fn begin(
    cx: &mut Context<'_>,
    mut waiting: Waiting,
    request: TransferRequest,
    back: Participant,
    line: Line,
    by: TerminatedBy,
) -> Phase {
    let from = cx.calls.innermost_id();
    waiting.parent = Some(from);
    waiting.referred_by.clone_from(&back.number);
    let is_first = cx.calls.transfers() == 0;
    waiting.transfer = Some(Box::new(Transfer {
        target: back.user.map(DdiTarget::User),
        back: Some(back),
        line: Some(line),
        event: match request.by {
            Requester::Refer { cseq, .. } => Some(refer::event(is_first, cseq)),
            Requester::Api { .. } => None,
        },
        pending: Some(request.by),
        from,
    }));
    replace(cx, waiting, request.dst, by)
}

/// Another target for a caller whose call rings: what rings is given up by `give_up`. `Err` when nothing changes.
pub(crate) fn deflect(
    cx: &mut Context<'_>,
    mut waiting: Waiting,
    request: TransferRequest,
    give_up: impl FnOnce(&mut Context<'_>),
) -> Result<Phase, Box<Waiting>> {
    let outermost = cx.calls.iter().next();
    let (back, target) = outermost
        .map(|call| (call.dst.clone(), target_of(call)))
        .unwrap_or_default();
    let busy = waiting.transfer.is_some() || waiting.departing.is_some();
    let obstacle = if busy || request.party == Some(TransferParty::Dst) {
        Err(Obstacle::InProgress)
    } else {
        check(cx, &request.dst, &waiting.party, &back)
    };
    if let Err(obstacle) = obstacle {
        request.by.refuse(cx, obstacle);
        return Err(Box::new(waiting));
    }
    give_up(cx);
    // What rings may have sent early media: it is heard no more.
    waiting.media.give_up(cx.effects);
    // The call that was to be answered: a group's or queue's own, not that of a member who happens to ring.
    let outermost = cx.calls.iter().next();
    let from = outermost.map_or_else(|| cx.calls.root(), |call| call.id);
    waiting.parent = Some(from);
    waiting.on_behalf = back.user.or(waiting.on_behalf);
    waiting.referred_by.clone_from(&back.number);
    waiting.transfer = Some(Box::new(Transfer {
        back: Some(back),
        target,
        line: None,
        event: None,
        pending: Some(request.by),
        from,
    }));
    Ok(replace(cx, waiting, request.dst, TerminatedBy::Api))
}

fn replace(cx: &mut Context<'_>, mut waiting: Waiting, number: String, by: TerminatedBy) -> Phase {
    let sip = |answered: bool| if answered { 200 } else { 487 };
    let answered = cx
        .calls
        .innermost()
        .is_some_and(|call| call.connected_at.is_some());
    let end = End::replaced(EndCause::BlindTransfer.with_sip(sip(answered)), by);
    waiting.replaced = Some(Replaced::all(cx, end));
    cx.calls.note_transfer();
    // An agent who transfers a caller of a queue is done with him.
    let root = cx.calls.root();
    cx.office.leave_queue(cx.now.mono, root);
    start(cx, waiting, &Dialled::by_user(&number, None))
}

/// Whom of ours a call is to.
fn target_of(call: &CallRecord) -> Option<DdiTarget> {
    if let Some(user) = call.dst.user {
        return Some(DdiTarget::User(user));
    }
    let shared = call.dst.shared?;
    // A click-to-call has a context of its own, and its destination is found by its number.
    match &*call.context {
        "QUEUE" => Some(DdiTarget::Queue(QueueId(shared))),
        context if context.starts_with("RG-") => Some(DdiTarget::RingGroup(RingGroupId(shared))),
        _ => None,
    }
}

impl Transfer {
    /// Deals with what concerns the leg of who transfers.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "all that is not about this leg passes on, whatever it is"
    )]
    pub(crate) fn hear(&mut self, cx: &mut Context<'_>, input: Input) -> Option<Input> {
        let leg = self.line.as_ref().map(|line| line.leg);
        match input {
            Input::Request {
                leg: at,
                tx,
                request,
            } if Some(at) == leg => {
                let method = request.view().method();
                if method == Some(Method::Bye) {
                    self.hung_up();
                    // It may be on its way out before the end of its call is on disk.
                    cx.held(at, Class::Ends, reply(tx, 200, Vec::new()));
                } else {
                    let (status, headers) = busy_reply(method);
                    cx.reply(at, tx, status, headers);
                }
                None
            }
            Input::Response {
                leg: at, response, ..
            } if Some(at) == leg => {
                acknowledge_stray(cx, at, &response);
                None
            }
            Input::Lost { leg: at } if Some(at) == leg => {
                self.hung_up();
                cx.bye(at, Vec::new());
                None
            }
            Input::Acked { leg: at, .. } | Input::Failed { leg: at, .. } if Some(at) == leg => None,
            Input::Transfer(request) => {
                request.by.refuse(cx, Obstacle::InProgress);
                None
            }
            other => Some(other),
        }
    }

    /// Who transferred has hung up. A user is rung again when the target fails; an outsider is not called back.
    fn hung_up(&mut self) {
        self.line = None;
        if self.target.is_none() {
            self.back = None;
        }
    }

    /// The target's call was opened: who wished it is told so.
    pub(crate) fn is_under_way(&mut self, cx: &mut Context<'_>, call: CallId) {
        match self.pending.take() {
            Some(Requester::Api { token }) => cx.reply_api(token, Ok(ApiAnswer::Call(call))),
            Some(Requester::Refer { leg, tx, .. }) => {
                cx.held(leg, Class::Tells, reply(tx, 202, Vec::new()));
                if let Some(event) = &self.event {
                    let trying = ("SIP/2.0 100 Trying\r\n", "active;expires=60");
                    refer::notify(cx, leg, event, trying);
                }
            }
            None => {}
        }
    }

    /// The user of ours who transferred, while his leg is up.
    pub(crate) fn transferor(&self) -> Option<UserId> {
        self.line.as_ref()?;
        self.back.as_ref()?.user
    }

    /// The target answered, or is a queue that took the party in: who transferred is let go.
    pub(crate) fn succeed(self, cx: &mut Context<'_>) -> Option<Departing> {
        let user = self.transferor();
        let Line { leg, .. } = self.line?;
        let Some(event) = self.event else {
            let cause = EndCause::BlindTransfer.with_sip(200);
            cx.bye(leg, vec![convey::reason(cause)]);
            return None;
        };
        // The phone hangs up by itself once it knows; ours follows the answer to this NOTIFY, never sooner.
        let notified_by = refer::notify(cx, leg, &event, ("SIP/2.0 200 OK\r\n", refer::OVER));
        Some(Departing::new(leg, notified_by, user))
    }

    /// The target failed: the party goes back to who transferred it.
    pub(crate) fn give_back(
        self,
        cx: &mut Context<'_>,
        mut waiting: Waiting,
        failure: Failure,
    ) -> Phase {
        waiting.referred_by = String::new();
        waiting.parent = Some(self.from);
        let Some(back) = self.back else {
            return waiting.fail(cx, failure);
        };
        let Some(line) = self.line else {
            let dialled = Dialled::again(&back, self.target, &cx.office.config.numbering);
            waiting.replaced = Some(Replaced::all(cx, failure.end));
            return start(cx, waiting, &dialled);
        };
        let user = back.user;
        let destination = if back.user.is_some() {
            Destination::In
        } else {
            Destination::Out
        };
        let call = NewCall {
            parent: Some(self.from),
            context: "LOCAL_USER".into(),
            destination,
            clid: waiting.clid.clone(),
            src: waiting.party.clone(),
            dst: back,
            referred_by: String::new(),
            queue_state: "",
        };
        let failed = Replaced::all(cx, failure.end.clone());
        let Some(call) = cx.open(call) else {
            let reason = convey::reason(failure.end.cause);
            let phase = waiting.fail(cx, failure);
            cx.bye(line.leg, vec![reason]);
            return phase;
        };
        failed.end(cx);
        cx.connected(call);
        let told = self.event.map(|event| {
            let status = failure.status;
            let text = format!("SIP/2.0 {status} {}\r\n", refer::reason_of(status));
            refer::notify(cx, line.leg, &event, (&text, refer::OVER))
        });
        waiting.media.stop_playing(cx.effects);
        waiting.media.join_again(line.parted, cx.effects);
        let joined = Joined {
            caller: waiting.leg,
            callee: line.leg,
            media: waiting.media,
            on_behalf: waiting.on_behalf,
            answers: false,
            owes_ack: false,
            longest: cx.now.mono + cx.office.config.longest,
        };
        let mut connected = Connected::new(cx, joined);
        connected.is_telling(told, user);
        let mut holds = line.holds;
        if let Some(held) = waiting.held {
            holds.on_offer(Side::A, held);
        }
        connected.was_held(cx, holds);
        if waiting.held.is_some() {
            connected.meet_again(cx);
        }
        Phase::Connected(Box::new(connected))
    }

    /// The conversation is over: so is it for who transferred, once it has been told.
    pub(crate) fn drop_all(self, cx: &mut Context<'_>, cause: Cause) -> Option<Departing> {
        let asked = self.pending.is_some();
        let user = self.transferor();
        if let Some(requester) = self.pending {
            requester.refuse(cx, Obstacle::NoRoom);
        }
        let leg = self.line?.leg;
        let Some(event) = self.event.filter(|_| !asked) else {
            cx.bye(leg, vec![convey::reason(cause)]);
            return None;
        };
        let text = format!("SIP/2.0 {} {}\r\n", cause.sip, refer::reason_of(cause.sip));
        let notified_by = refer::notify(cx, leg, &event, (&text, refer::OVER));
        Some(Departing::new(leg, notified_by, user))
    }
}

/// Transfers of one conversation.
const MOST: u32 = 32;
