//! INVITE client transaction (RFC 3261 17.1.1.2, RFC 6026 7.2).
//!
//! ```text
//!            INVITE sent
//!                 │
//!            ┌────▼────┐  A: send again
//!            │ Calling ├──────────┐
//!            └┬──┬──┬─┬┘◄─────────┘
//!         1xx │  │  │ └─ B, transport error ──────────┐
//!   ┌─────────▼┐ │  │                                 │
//!   │Proceeding│ │  │                                 │
//!   └┬────────┬┘ │  │                                 │
//!    │ 2xx    └──┼──┼─ 300-699: ACK ─┐                │
//!    │      2xx  │  └─ 300-699: ACK ─┤                │
//!   ┌▼───────────▼┐           ┌──────▼────┐           │
//!   │  Accepted   │ 2xx: up   │ Completed │ 300+: ACK │
//!   └──────┬──────┘           └──────┬────┘           │
//!          │ M                       │ D              │
//!          └───────────────►┌────────▼──┐◄────────────┘
//!                           │Terminated │
//!                           └───────────┘
//! ```

use bytes::Bytes;
use offhook_base::Mono;

use super::{Action, Retransmit, Timers};

/// An INVITE of ours and what became of it.
#[derive(Debug)]
pub(crate) struct InviteClient {
    timers: Timers,
    reliable: bool,
    state: State,
}

/// Each state owns exactly the timers that may fire in it; leaving the state drops them.
#[derive(Debug)]
enum State {
    Calling {
        invite: Bytes,
        a: Option<Retransmit>,
        b: Mono,
    },
    /// `give_up` is set by a CANCEL: 64 × T1 later no answer is waited for (RFC 3261 9.1).
    Proceeding {
        invite: Bytes,
        give_up: Option<Mono>,
    },
    /// `copies` are the 2xx responses seen, by To tag, each with its ACK once that was sent.
    Accepted {
        m: Mono,
        copies: Vec<(Bytes, Option<Bytes>)>,
    },
    Completed {
        ack: Bytes,
        d: Mono,
    },
    Terminated,
}

/// What is to be done with a 2xx, by its To tag.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Copy2xx {
    /// Not seen before.
    New,
    /// Seen; its ACK is still owed.
    Owed,
    /// Seen and acknowledged: the same ACK goes out again.
    Acknowledged(Bytes),
    /// More tags than any honest fork answers with, or too late.
    Ignored,
}

impl InviteClient {
    /// Sends the INVITE.
    pub(crate) fn start(
        now: Mono,
        invite: Bytes,
        timers: Timers,
        reliable: bool,
        out: &mut Vec<Action>,
    ) -> Self {
        out.push(Action::Transmit(invite.clone()));
        let state = State::Calling {
            invite,
            a: Retransmit::start(now, timers.t1, reliable),
            b: now + timers.patience(),
        };
        Self {
            timers,
            reliable,
            state,
        }
    }

    /// Takes a response. `make_ack` builds the ACK to a final response of 300 or above from the INVITE.
    pub(crate) fn on_response(
        &mut self,
        now: Mono,
        status: u16,
        make_ack: impl FnOnce(&Bytes) -> Bytes,
        out: &mut Vec<Action>,
    ) {
        match &mut self.state {
            State::Proceeding { .. } if status < 200 => out.push(Action::Deliver),
            State::Calling { invite, .. } | State::Proceeding { invite, .. } => {
                let invite = std::mem::take(invite);
                out.push(Action::Deliver);
                self.state = match status {
                    ..200 => State::Proceeding {
                        invite,
                        give_up: None,
                    },
                    200..300 => State::Accepted {
                        m: now + self.timers.patience(),
                        copies: Vec::new(),
                    },
                    300.. => {
                        let ack = make_ack(&invite);
                        out.push(Action::Transmit(ack.clone()));
                        match self.timers.d(self.reliable) {
                            wait if wait.is_zero() => State::Terminated,
                            wait => State::Completed { ack, d: now + wait },
                        }
                    }
                };
            }
            State::Accepted { .. } if (200..300).contains(&status) => out.push(Action::Deliver),
            State::Completed { ack, .. } if status >= 300 => {
                out.push(Action::Transmit(ack.clone()));
            }
            State::Accepted { .. } | State::Completed { .. } | State::Terminated => {}
        }
    }

    /// What a delivered 2xx with this To tag is.
    pub(crate) fn copy_of(&self, to_tag: &[u8]) -> Copy2xx {
        let State::Accepted { copies, .. } = &self.state else {
            return Copy2xx::Ignored;
        };
        match copies.iter().find(|(tag, _)| tag == to_tag) {
            Some((_, Some(ack))) => Copy2xx::Acknowledged(ack.clone()),
            Some((_, None)) => Copy2xx::Owed,
            None if copies.len() < MAX_FORKS => Copy2xx::New,
            None => Copy2xx::Ignored,
        }
    }

    /// Remembers a 2xx, with its ACK where that was sent.
    pub(crate) fn remember(&mut self, to_tag: Bytes, ack: Option<Bytes>) {
        if let State::Accepted { copies, .. } = &mut self.state {
            match copies.iter_mut().find(|(tag, _)| *tag == to_tag) {
                Some((_, known)) => *known = ack,
                None => copies.push((to_tag, ack)),
            }
        }
    }

    /// The INVITE, as long as it may be cancelled.
    pub(crate) fn invite(&self) -> Option<&Bytes> {
        match &self.state {
            State::Calling { invite, .. } | State::Proceeding { invite, .. } => Some(invite),
            State::Accepted { .. } | State::Completed { .. } | State::Terminated => None,
        }
    }

    /// Whether a provisional response came and no final one: RFC 3261 9.1 lets a CANCEL leave only then.
    pub(crate) fn is_proceeding(&self) -> bool {
        matches!(self.state, State::Proceeding { .. })
    }

    /// A CANCEL was sent.
    pub(crate) fn on_cancel(&mut self, now: Mono) {
        if let State::Proceeding { give_up, .. } = &mut self.state {
            *give_up = give_up.or(Some(now + self.timers.patience()));
        }
    }

    /// Fires what is due.
    pub(crate) fn on_timeout(&mut self, now: Mono, out: &mut Vec<Action>) {
        match &mut self.state {
            State::Calling { b: end, .. }
            | State::Proceeding {
                give_up: Some(end), ..
            } if *end <= now => {
                self.state = State::Terminated;
                out.push(Action::TimedOut);
            }
            State::Calling {
                invite, a: Some(a), ..
            } if a.at <= now => {
                // Timer A doubles without a cap (17.1.1.2); B ends it after seven sendings.
                a.back_off(now, self.timers.patience());
                out.push(Action::Transmit(invite.clone()));
            }
            State::Accepted { m: end, .. } | State::Completed { d: end, .. } if *end <= now => {
                self.state = State::Terminated;
            }
            State::Calling { .. }
            | State::Proceeding { .. }
            | State::Accepted { .. }
            | State::Completed { .. }
            | State::Terminated => {}
        }
    }

    /// When [`Self::on_timeout`] next has something to do.
    pub(crate) fn next_timeout(&self) -> Option<Mono> {
        match &self.state {
            State::Calling { a, b, .. } => Some(a.map_or(*b, |a| a.at.min(*b))),
            State::Accepted { m: end, .. } | State::Completed { d: end, .. } => Some(*end),
            State::Proceeding { give_up, .. } => *give_up,
            State::Terminated => None,
        }
    }

    /// Whether it can be forgotten.
    pub(crate) fn is_terminated(&self) -> bool {
        matches!(self.state, State::Terminated)
    }
}

/// To tags that one INVITE may be answered with.
const MAX_FORKS: usize = 16;

#[cfg(test)]
#[path = "invite_client_tests.rs"]
mod tests;
