//! Transfer: one side of a call is moved to another target, by REFER (RFC 3515, RFC 5589 §6) or by the API.
//!
//! ```text
//!                REFER · PATCH {"dst"}                    the target answers
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

use bytes::Bytes;
use offhook_base::{CallId, Cause, TerminatedBy, UserId};
use offhook_sip_core::{Body, Command, Headers, LegId, TxId};
use offhook_sip_message::{Message, Method, Name, NameAddr};

use super::attempt::Failure;
use super::connected::Joined;
use super::waiting::{acknowledge_stray, busy_reply};
use super::{Connected, Context, Input, Phase, Waiting, reply, start};
use crate::calls::Then;
use crate::cause::EndCause;
use crate::command::{ApiAnswer, ApiRefusal, TransferParty};
use crate::convey;
use crate::fence::Class;
use crate::hold::Holds;
use crate::media::Parted;
use crate::plan::{Dialled, Plan, Unreachable};
use crate::record::{Destination, End, NewCall, Participant};

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
    Refer { leg: LegId, tx: TxId },
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
}

/// A transfer under way, kept by the party that was moved.
#[derive(Debug)]
pub(crate) struct Transfer {
    /// Who gets the party back when nobody answers, as dialled.
    back: Participant,
    /// Its leg, until it hangs up.
    line: Option<Line>,
    /// It asked by REFER and is to be told how that goes.
    notifies: bool,
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

/// Who transferred with success, until it has been told and hung up.
#[derive(Debug)]
pub(crate) struct Departing {
    pub(crate) leg: LegId,
    notified_by: TxId,
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
        }
    }

    const fn status(self) -> u16 {
        match self {
            Self::InProgress => 491,
            Self::Itself | Self::Outsider => 403,
            Self::Loop => 482,
            Self::NoTrunk => 503,
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
            Self::Refer { leg, tx } => cx.reply(leg, tx, obstacle.status(), Vec::new()),
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
    let is_party = |user: UserId| Some(user) == moved.user || Some(user) == other.user;
    match cx.office.plan(&Dialled::by_user(dst, None)) {
        Plan::Ring { user, .. } | Plan::Unreachable { user, .. } if is_party(user.id) => {
            Err(Obstacle::Itself)
        }
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
    waiting.transfer = Some(Box::new(Transfer {
        back,
        line: Some(line),
        notifies: matches!(request.by, Requester::Refer { .. }),
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
    let back = outermost.map(|call| call.dst.clone()).unwrap_or_default();
    let obstacle = if waiting.transfer.is_some() || request.party == Some(TransferParty::Dst) {
        Err(Obstacle::InProgress)
    } else {
        check(cx, &request.dst, &waiting.party, &back)
    };
    if let Err(obstacle) = obstacle {
        request.by.refuse(cx, obstacle);
        return Err(Box::new(waiting));
    }
    give_up(cx);
    let from = cx.calls.innermost_id();
    waiting.parent = Some(from);
    waiting.referred_by.clone_from(&back.number);
    waiting.transfer = Some(Box::new(Transfer {
        back,
        line: None,
        notifies: false,
        pending: Some(request.by),
        from,
    }));
    Ok(replace(cx, waiting, request.dst, TerminatedBy::Api))
}

fn replace(cx: &mut Context<'_>, waiting: Waiting, number: String, by: TerminatedBy) -> Phase {
    let sip = |answered: bool| if answered { 200 } else { 487 };
    let answered = cx
        .calls
        .innermost()
        .is_some_and(|call| call.connected_at.is_some());
    let end = End::replaced(EndCause::BlindTransfer.with_sip(sip(answered)), by);
    cx.end_all(&end, Then::GoesOn);
    cx.calls.note_transfer();
    // An agent who transfers a caller of a queue is done with him.
    let root = cx.calls.root();
    cx.office.queues.leave(cx.now.mono, root);
    start(cx, waiting, &Dialled::by_user(&number, None))
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
                    self.line = None;
                    cx.reply(at, tx, 200, Vec::new());
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
                self.line = None;
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

    /// The target's call was opened: who wished it is told so.
    pub(crate) fn is_under_way(&mut self, cx: &mut Context<'_>, call: CallId) {
        match self.pending.take() {
            Some(Requester::Api { token }) => cx.reply_api(token, Ok(ApiAnswer::Call(call))),
            Some(Requester::Refer { leg, tx }) => {
                cx.held(leg, Class::Tells, reply(tx, 202, Vec::new()));
                notify(cx, leg, "SIP/2.0 100 Trying\r\n", "active;expires=60");
            }
            None => {}
        }
    }

    /// The target answered: who transferred is let go.
    pub(crate) fn succeed(self, cx: &mut Context<'_>) -> Option<Departing> {
        let Line { leg, .. } = self.line?;
        if !self.notifies {
            cx.bye(
                leg,
                vec![convey::reason(EndCause::BlindTransfer.with_sip(200))],
            );
            return None;
        }
        // The phone hangs up by itself once it knows; ours follows the answer to this NOTIFY, never sooner.
        let notified_by = notify(cx, leg, "SIP/2.0 200 OK\r\n", OVER);
        Some(Departing { leg, notified_by })
    }

    /// The target failed: the party goes back to who transferred it.
    pub(crate) fn give_back(
        self,
        cx: &mut Context<'_>,
        mut waiting: Waiting,
        failure: Failure,
    ) -> Phase {
        let Some(line) = self.line else {
            if self.back.number.is_empty() {
                return end(cx, waiting, failure);
            }
            waiting.parent = Some(self.from);
            waiting.referred_by = String::new();
            let dialled = Dialled::by_user(&self.back.number, None);
            return start(cx, waiting, &dialled);
        };
        if self.notifies {
            let text = format!(
                "SIP/2.0 {} {}\r\n",
                failure.status,
                reason_of(failure.status)
            );
            notify(cx, line.leg, &text, OVER);
        }
        let destination = if self.back.user.is_some() {
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
            dst: self.back,
            referred_by: String::new(),
            queue_state: "",
        };
        let Some(call) = cx.open(call) else {
            cx.bye(line.leg, vec![convey::reason(failure.end.cause)]);
            return end(cx, waiting, failure);
        };
        cx.connected(call);
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
        connected.was_held(cx, line.holds);
        Phase::Connected(Box::new(connected))
    }

    /// The conversation is over: so is it for who transferred.
    pub(crate) fn drop_all(self, cx: &mut Context<'_>, cause: Cause) {
        if let Some(Requester::Refer { leg, tx }) = self.pending {
            cx.reply(leg, tx, 480, Vec::new());
        }
        if let Some(line) = self.line {
            cx.bye(line.leg, vec![convey::reason(cause)]);
        }
    }
}

/// Nobody is left to give the party back to.
fn end(cx: &mut Context<'_>, waiting: Waiting, failure: Failure) -> Phase {
    waiting.release(cx, failure)
}

impl Departing {
    /// Deals with what concerns its leg. Gives itself back unless it has gone, and what is about something else.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "all that is not about this leg passes on, whatever it is"
    )]
    pub(crate) fn hear(self, cx: &mut Context<'_>, input: Input) -> (Option<Self>, Option<Input>) {
        match input {
            Input::Request { leg, tx, request } if leg == self.leg => {
                let method = request.view().method();
                if method == Some(Method::Bye) {
                    cx.reply(leg, tx, 200, Vec::new());
                    return (None, None);
                }
                let (status, headers) = busy_reply(method);
                cx.reply(leg, tx, status, headers);
                (Some(self), None)
            }
            Input::Response { leg, tx, .. } | Input::Failed { leg, tx, .. } if leg == self.leg => {
                if tx != self.notified_by {
                    return (Some(self), None);
                }
                self.hang_up(cx);
                (None, None)
            }
            Input::Lost { leg } if leg == self.leg => {
                self.hang_up(cx);
                (None, None)
            }
            other => (Some(self), Some(other)),
        }
    }

    /// BYE, whether it has been told or not.
    pub(crate) fn hang_up(self, cx: &mut Context<'_>) {
        let headers = vec![convey::reason(EndCause::BlindTransfer.with_sip(200))];
        let leg = self.leg;
        cx.free(leg, Command::Bye { leg, headers });
    }
}

/// Whom a REFER names, as dialled; the status of the refusal when it names nobody that can be called.
pub(crate) fn refer_to(request: &Message, hosts: &dyn Fn(&[u8]) -> bool) -> Result<String, u16> {
    let view = request.view();
    let mut values = view.headers(Name::ReferTo);
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(400);
    };
    let address = NameAddr::parse(value).ok_or(400_u16)?;
    let uri = address.parsed_uri().ok_or(400_u16)?;
    if !uri.scheme.eq_ignore_ascii_case(b"sip") && !uri.is_secure() && !uri.is_tel() {
        return Err(416);
    }
    // Another dialog's place is not taken: an attended transfer is refused, not turned into a blind one.
    if address
        .uri
        .windows(9)
        .any(|part| part.eq_ignore_ascii_case(b"Replaces="))
    {
        return Err(501);
    }
    if uri
        .params
        .get("method")
        .is_some_and(|method| method != b"INVITE")
    {
        return Err(405);
    }
    if !uri.is_tel() && !hosts(uri.bare_host()) {
        return Err(403);
    }
    let number = crate::dialled::number_of(&uri);
    if number.is_empty() {
        Err(404)
    } else {
        Ok(number)
    }
}

/// Tells of the progress of a REFER (RFC 3515 §2.4.4).
fn notify(cx: &mut Context<'_>, leg: LegId, line: &str, state: &'static str) -> TxId {
    let tx = cx.office.next_tx();
    let headers: Headers = vec![
        (Bytes::from_static(b"Event"), Bytes::from_static(b"refer")),
        (
            Bytes::from_static(b"Subscription-State"),
            Bytes::from_static(state.as_bytes()),
        ),
    ];
    let body = Body {
        content_type: Bytes::from_static(b"message/sipfrag;version=2.0"),
        octets: Bytes::copy_from_slice(line.as_bytes()),
    };
    let command = Command::Request {
        leg,
        tx,
        method: Bytes::from_static(b"NOTIFY"),
        headers,
        body: Some(body),
    };
    cx.held(leg, Class::Tells, command);
    tx
}

const fn reason_of(status: u16) -> &'static str {
    match status {
        403 => "Forbidden",
        404 => "Not Found",
        480 => "Temporarily Unavailable",
        486 => "Busy Here",
        487 => "Request Terminated",
        488 => "Not Acceptable Here",
        603 => "Decline",
        _ => "Service Unavailable",
    }
}

const OVER: &str = "terminated;reason=noresource";
/// Transfers of one conversation.
const MOST: u32 = 32;
