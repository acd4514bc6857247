//! The phases of a call. Each owns what is true only in it; `handle` consumes a phase and gives the next one.
//!
//! ```text
//!             Answered                BYE · DELETE · timers
//!  Ringing ─────────────► Connected ─────────────────────► Ended
//!     │                                                      ▲
//!     └── CANCEL · all branches refused · ring timeout ──────┘
//! ```

mod branch;
mod connected;
mod renegotiation;
mod ringing;

use offhook_base::{Cause, Mono, Now, TerminatedBy};
use offhook_sip_core::{Command, Headers, LegId, TxId};
use offhook_sip_message::Message;

pub(crate) use branch::Branch;
pub(crate) use connected::{Connected, LONGEST};
pub(crate) use ringing::{NewRinging, Ringing};

use crate::command::{ApiAnswer, ApiReply};
use crate::effect::Effect;
use crate::fence::Class;
use crate::record::{CallRecord, End};
use crate::{EventIds, convey};

/// Where a call stands.
#[derive(Debug)]
pub(crate) enum Phase {
    /// Targets are being tried.
    Ringing(Box<Ringing>),
    /// Two legs are joined.
    Connected(Box<Connected>),
    /// Nothing more will happen.
    Ended,
}

/// What can happen to a call.
#[derive(Debug)]
pub(crate) enum Input {
    /// The caller's CANCEL.
    Cancelled { reason: Option<Message> },
    /// ACK of a 2xx of ours.
    Acked { leg: LegId, body: Option<Message> },
    /// No ACK came.
    AckMissing,
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
    Response { tx: TxId, response: Message },
    /// No answer to it.
    Failed { tx: TxId, status: u16 },
    /// `DELETE /calls/{id}`.
    Hangup { token: u64 },
    /// The media shell could not start the relay.
    MediaLost,
    /// The deadline that the phase named.
    Timeout,
    /// We stop: a shutdown, or a fault of our own in this call.
    Shutdown,
}

/// How long an INVITE may wait for the commit of its first fact.
pub(crate) const INVITE_COMMIT_WITHIN: std::time::Duration = std::time::Duration::from_secs(2);
/// How long a called phone's 200 may wait for the commit of the answer.
pub(crate) const ANSWER_COMMIT_WITHIN: std::time::Duration = std::time::Duration::from_secs(8);

/// What a phase works with besides its own state.
pub(crate) struct Context<'a> {
    pub(crate) now: Now,
    pub(crate) record: &'a mut CallRecord,
    pub(crate) ids: &'a mut EventIds,
    /// The longest a call may last.
    pub(crate) longest: std::time::Duration,
    /// Whether the call's last fact is on disk.
    pub(crate) committed: bool,
    /// Source of transaction ids.
    pub(crate) next_tx: &'a mut u64,
    pub(crate) effects: &'a mut Vec<Effect>,
}

impl Phase {
    /// Moves the call on by one input.
    #[must_use]
    pub(crate) fn handle(self, cx: &mut Context<'_>, input: Input) -> Self {
        match self {
            Self::Ringing(ringing) => ringing.handle(cx, input),
            Self::Connected(connected) => connected.handle(cx, input),
            Self::Ended => Self::Ended,
        }
    }

    /// When [`Input::Timeout`] is due.
    pub(crate) fn next_timeout(&self) -> Option<Mono> {
        match self {
            Self::Ringing(ringing) => Some(ringing.next_timeout()),
            Self::Connected(connected) => Some(connected.next_timeout()),
            Self::Ended => None,
        }
    }
}

impl Context<'_> {
    /// Records a change of the call's state.
    pub(crate) fn record(
        &mut self,
        make: impl FnOnce(&mut CallRecord, Now, &mut EventIds) -> offhook_base::FactRecord,
    ) {
        let fact = make(self.record, self.now, self.ids);
        self.effects.push(Effect::Record(Box::new(fact)));
    }

    /// Records the end of the call.
    pub(crate) fn end(&mut self, cause: Cause, by: TerminatedBy) {
        self.end_with(End {
            cause,
            by,
            info: "".into(),
        });
    }

    /// Records the end of the call with a detail.
    pub(crate) fn end_with(&mut self, end: End) {
        self.record(|record, now, ids| record.ended(now, end, ids));
    }

    /// A command that tells its peer of the facts recorded so far.
    pub(crate) fn held(&mut self, leg: LegId, class: Class, command: Command) {
        self.effects.push(Effect::Held {
            leg,
            class,
            command,
        });
    }

    /// A command that tells of no new state.
    pub(crate) fn free(&mut self, leg: LegId, command: Command) {
        self.effects.push(Effect::Free { leg, command });
    }

    /// The final answer to the caller's INVITE, once its fact is committed.
    pub(crate) fn refuse_caller(&mut self, caller: LegId, status: u16, headers: Headers) {
        self.held(caller, Class::Ends, answer(caller, status, headers));
    }

    /// BYE with the reason, once its fact is committed.
    pub(crate) fn bye(&mut self, leg: LegId, headers: Headers) {
        self.held(leg, Class::Ends, Command::Bye { leg, headers });
    }

    /// The answer to an API command, once the fact that it caused is committed.
    pub(crate) fn reply_api(&mut self, token: u64) {
        self.effects.push(Effect::Reply(ApiReply {
            token,
            result: Ok(ApiAnswer::Done),
        }));
    }

    pub(crate) fn next_tx(&mut self) -> TxId {
        *self.next_tx += 1;
        TxId::outgoing(*self.next_tx)
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
