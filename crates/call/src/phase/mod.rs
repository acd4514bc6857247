//! The phases of a conversation. Each owns what is true only in it; `handle` consumes a phase and gives the next one.
//!
//! ```text
//!                 ┌────────────────── REFER · PATCH {"dst"} ──────────────────┐
//!                 ▼                                                           │
//!   INVITE ──► Ringing (a user, a trunk) ─────┐          Answered             │
//!              Hunting (a ring group)    ─────┼──────────────────────────► Connected
//!              Queued  (a queue)         ─────┘                               │
//!                 ▲        │ nobody answers · caller gone · timers            │ BYE · DELETE · timers
//!  Originating ───┤        ▼ a user: Voicemail, where a message can be left    ▼
//!  (click-to-call)┘      Ended ◄──────────────────────────────────────────────┤
//!                         ▲   ▲                                               │ a transferor has not heard yet
//!  a code ──► Service ────┤   │
//!  *97 ─────► Mailbox ────┘   └────────────── Departing ◄─────────────────────┘
//! ```
//!
//! After the last call a phone that transferred it may still have to hear how that went: then [`Departing`] comes before
//! Ended, after any of them. A [`Service`] code has no call at all, nor has a [`Mailbox`]. In the three upper ones a [`Waiting`] party waits for somebody to answer; a transfer that fails gives it back to who
//! transferred it.

mod attempt;
mod connected;
mod context;
mod departing;
mod dial;
mod hunting;
mod mailbox;
mod originating;
mod own;
mod queued;
mod renegotiation;
mod ringing;
mod route;
mod service;
mod transfer;
mod voicemail;
mod waiting;

use offhook_base::{Audio, Mono, RecordingId};
use offhook_media_core::{Cue, Digit, PressWay, Side};
use offhook_sip_core::{Command, Headers, LegId, TxId};
use offhook_sip_message::Message;

pub(crate) use connected::{Connected, LONGEST, Senders};
pub(crate) use context::Context;
pub(crate) use departing::Departing;
pub(crate) use dial::{Dial, Reach};
pub(crate) use hunting::Hunting;
pub(crate) use mailbox::Mailbox;
pub(crate) use originating::{Originate, Originating};
pub(crate) use queued::Queued;
pub(crate) use ringing::Ringing;
pub(crate) use route::{committed_by, fail_at_once, start};
pub(crate) use service::Service;
pub(crate) use transfer::{Requester, TransferRequest};
pub(crate) use voicemail::{Voicemail, is_worth_keeping};
pub(crate) use waiting::{Unanswered, Waiting};

use crate::convey;
use crate::mailbox::MailboxNews;
use crate::media::Media;
use crate::queue::{LeaveReason, OfferId};
use offhook_base::{CallId, Cause, RingGroupId, UserId};

/// Where a conversation stands.
#[derive(Debug)]
pub(crate) enum Phase {
    /// Click-to-call: the originator's own phones ring.
    Originating(Box<Originating>),
    /// A user's phones, or a trunk, are being tried.
    Ringing(Box<Ringing>),
    /// The members of a ring group are being tried.
    Hunting(Box<Hunting>),
    /// A caller waits for an agent of a queue.
    Queued(Box<Queued>),
    /// Two legs are joined.
    Connected(Box<Connected>),
    /// A code was dialled, and is being answered.
    Service(Box<Service>),
    /// A user hears his messages.
    Mailbox(Box<Mailbox>),
    /// A caller is asked for a message.
    Voicemail(Box<Voicemail>),
    /// All calls are over, but who transferred the last one has not heard how that went.
    Departing(Departing),
    /// Nothing more will happen.
    Ended,
}

/// What can happen to a conversation.
#[derive(Debug)]
pub(crate) enum Input {
    /// The caller's CANCEL.
    Cancelled { leg: LegId, reason: Option<Message> },
    /// ACK of a 2xx of ours.
    Acked { leg: LegId, body: Option<Message> },
    /// No ACK came, or the connection of an answered leg is gone for good.
    Lost { leg: LegId },
    /// 101 to 199 of a branch.
    Provisional { leg: LegId, response: Message },
    /// 2xx of a branch.
    Answered { leg: LegId, response: Message },
    /// Final answer of 300 or above of a branch, or none at all.
    Refused {
        leg: LegId,
        status: u16,
        response: Option<Message>,
    },
    /// A request inside a leg.
    Request {
        leg: LegId,
        tx: TxId,
        request: Message,
    },
    /// Final answer to a request of ours inside a leg.
    Response {
        leg: LegId,
        tx: TxId,
        response: Message,
    },
    /// No answer to it.
    Failed { leg: LegId, tx: TxId, status: u16 },
    /// `DELETE /calls/{id}`.
    Hangup { token: u64, call: CallId },
    /// `PATCH /calls/{id} {"state"}`.
    Hold { token: u64, held: bool, by: UserId },
    /// `PATCH /calls/{id} {"dst"}`.
    Transfer(TransferRequest),
    /// The queues have decided something about this caller.
    Queue(QueueNews),
    /// The ring group is no more.
    GroupRemoved(RingGroupId),
    /// What a code asked for is on the disk and in force, or could not be stored.
    CodeStored(bool),
    /// The store answers a mailbox.
    Mailbox(MailboxNews),
    /// The media shell has heard something.
    Media(MediaNews),
    /// The media shell could not start the relay.
    MediaLost,
    /// What there is of a message; `None` when nothing was recorded. It comes unasked when the recorder cannot go on.
    Recorded {
        recording: RecordingId,
        audio: Option<Audio>,
    },
    /// The deadline that the phase named.
    Timeout,
    /// We stop: a shutdown, or a fault of our own in this call.
    Shutdown,
}

/// What the media shell hears. Sides are those of the relay.
#[derive(Clone, Copy, Debug)]
pub(crate) enum MediaNews {
    /// A sound that has an end was played to it.
    Played { side: Side, cue: Cue },
    /// A key.
    Pressed {
        side: Side,
        digit: Digit,
        way: PressWay,
    },
    /// A side that should send, and does not.
    Silent(Side),
}

/// What the queues decide about a caller.
#[derive(Clone, Copy, Debug)]
pub(crate) enum QueueNews {
    /// His place; 1 is next.
    Announce(u32),
    /// He leaves the queue without an agent.
    Leave(LeaveReason),
    /// Ring an agent, for this long.
    Offer(OfferId, std::time::Duration),
    /// Stop ringing him.
    Withdraw(OfferId),
}

/// How long an INVITE may wait for the commit of its first fact.
pub(crate) const INVITE_COMMIT_WITHIN: std::time::Duration = std::time::Duration::from_secs(2);
/// How long a called phone's 200 may wait for the commit of the answer.
pub(crate) const ANSWER_COMMIT_WITHIN: std::time::Duration = std::time::Duration::from_secs(8);

impl Phase {
    /// Moves the conversation on by one input.
    #[must_use]
    pub(crate) fn handle(self, cx: &mut Context<'_>, input: Input) -> Self {
        match self {
            Self::Originating(originating) => originating.handle(cx, input),
            Self::Ringing(ringing) => ringing.handle(cx, input),
            Self::Hunting(hunting) => hunting.handle(cx, input),
            Self::Queued(queued) => queued.handle(cx, input),
            Self::Connected(connected) => connected.handle(cx, input),
            Self::Service(service) => service.handle(cx, input),
            Self::Mailbox(mailbox) => mailbox.handle(cx, input),
            Self::Voicemail(voicemail) => voicemail.handle(cx, input),
            Self::Departing(departing) => departing.handle(cx, input),
            Self::Ended => Self::Ended,
        }
    }

    /// Whether no call is left in it.
    pub(crate) const fn is_over(&self) -> bool {
        matches!(self, Self::Departing(_) | Self::Ended)
    }

    /// Which side of the relay the caller of those who talk is: with each other, or to a voicemail.
    pub(crate) fn side_of_caller(&self) -> Option<Side> {
        let relay = match self {
            Self::Connected(connected) => connected.relay_of_caller(),
            Self::Voicemail(voicemail) => voicemail.waiting().media.relay(Side::A),
            Self::Originating(_)
            | Self::Ringing(_)
            | Self::Hunting(_)
            | Self::Queued(_)
            | Self::Service(_)
            | Self::Mailbox(_)
            | Self::Departing(_)
            | Self::Ended => None,
        };
        relay.map(|(_, side)| side)
    }

    /// The user of ours whose leg is up only until a transfer of his is done.
    pub(crate) fn transferor(&self) -> Option<UserId> {
        match self {
            Self::Ringing(ringing) => ringing.waiting().transferor(),
            Self::Hunting(hunting) => hunting.waiting().transferor(),
            Self::Queued(queued) => queued.waiting().transferor(),
            Self::Voicemail(voicemail) => voicemail.waiting().transferor(),
            Self::Connected(connected) => connected.transferor(),
            Self::Departing(departing) => departing.user(),
            Self::Originating(_) | Self::Service(_) | Self::Mailbox(_) | Self::Ended => None,
        }
    }

    /// Whether the end of its call waits for what there is of this message.
    pub(crate) fn waits_for(&self, message: RecordingId) -> bool {
        match self {
            Self::Voicemail(voicemail) => voicemail.message() == Some(message),
            Self::Connected(_)
            | Self::Departing(_)
            | Self::Ended
            | Self::Hunting(_)
            | Self::Mailbox(_)
            | Self::Originating(_)
            | Self::Queued(_)
            | Self::Ringing(_)
            | Self::Service(_) => false,
        }
    }

    /// When [`Input::Timeout`] is due.
    pub(crate) fn next_timeout(&self) -> Option<Mono> {
        match self {
            Self::Originating(originating) => Some(originating.next_timeout()),
            Self::Ringing(ringing) => Some(ringing.next_timeout()),
            Self::Hunting(hunting) => Some(hunting.next_timeout()),
            Self::Queued(queued) => Some(queued.next_timeout()),
            Self::Connected(connected) => Some(connected.next_timeout()),
            Self::Service(service) => Some(service.next_timeout()),
            Self::Mailbox(mailbox) => Some(mailbox.next_timeout()),
            Self::Voicemail(voicemail) => Some(voicemail.next_timeout()),
            // The NOTIFY has a transaction, which ends.
            Self::Departing(_) | Self::Ended => None,
        }
    }
}

/// A final or provisional answer without a body.
pub(crate) fn answer(leg: LegId, status: u16, headers: Headers) -> Command {
    Command::Answer {
        leg,
        status,
        reason: bytes::Bytes::new(),
        headers,
        body: None,
    }
}

/// A code that was dialled comes to nothing.
fn refuse_code(cx: &mut Context<'_>, leg: LegId, media: Media, status: u16) -> Phase {
    let headers = match status {
        503 => vec![(
            bytes::Bytes::from_static(b"Retry-After"),
            bytes::Bytes::from_static(b"5"),
        )],
        _ => Vec::new(),
    };
    cx.free(leg, answer(leg, status, headers));
    media.stop(cx.effects);
    Phase::Ended
}

/// A reply without a body.
pub(crate) fn reply(tx: TxId, status: u16, headers: Headers) -> Command {
    Command::Reply {
        tx,
        status,
        reason: bytes::Bytes::new(),
        headers,
        body: None,
    }
}

/// Headers for the end of a leg: the peer's own `Reason`, else ours.
pub(crate) fn end_headers(message: Option<&Message>, cause: Cause) -> Headers {
    let mut headers = message.map(convey::headers).unwrap_or_default();
    if !headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case(b"Reason"))
    {
        headers.push(convey::reason(cause));
    }
    headers
}
