//! INVITE server transaction (RFC 3261 17.2.1, RFC 6026 7.1).
//!
//! ```text
//!               INVITE received
//!                     │
//!               ┌─────▼────┐  INVITE: last 1xx again
//!               │Proceeding├──────────┐
//!               └┬────────┬┘◄─────────┘
//!            2xx │        │ 300-699
//!        ┌───────▼┐   ┌───▼─────┐  G, INVITE: response again
//!        │Accepted│   │Completed├──────────┐
//!        └───┬────┘   └┬───────┬┘◄─────────┘
//!            │ L   ACK │       │ H
//!            │     ┌───▼─────┐ │
//!            │     │Confirmed│ │
//!            │     └───┬─────┘ │
//!            │       I │       │
//!            │     ┌───▼─────┐ │
//!            └────►│Terminated◄┘
//!                  └─────────┘
//! ```
//!
//! In `Accepted` copies of the INVITE are absorbed: the leg sends the 2xx again, not the transaction.

use bytes::Bytes;
use offhook_base::Mono;

use super::{Action, Retransmit, Timers};

/// An INVITE received and our answers to it.
#[derive(Debug)]
pub(crate) struct InviteServer {
    timers: Timers,
    reliable: bool,
    state: State,
}

/// Each state owns exactly the timers that may fire in it; leaving the state drops them.
#[derive(Debug)]
enum State {
    Proceeding {
        provisional: Option<Bytes>,
    },
    Accepted {
        l: Mono,
    },
    Completed {
        response: Bytes,
        g: Option<Retransmit>,
        h: Mono,
    },
    Confirmed {
        i: Mono,
    },
    Terminated,
}

impl InviteServer {
    /// A new INVITE was received.
    pub(crate) fn start(timers: Timers, reliable: bool) -> Self {
        Self {
            timers,
            reliable,
            state: State::Proceeding { provisional: None },
        }
    }

    /// The INVITE came again.
    pub(crate) fn on_request(&mut self, out: &mut Vec<Action>) {
        match &self.state {
            State::Proceeding {
                provisional: Some(response),
            }
            | State::Completed { response, .. } => {
                out.push(Action::Transmit(response.clone()));
            }
            State::Proceeding { provisional: None }
            | State::Accepted { .. }
            | State::Confirmed { .. }
            | State::Terminated => {}
        }
    }

    /// An ACK with the branch of the INVITE came.
    pub(crate) fn on_ack(&mut self, now: Mono, out: &mut Vec<Action>) {
        match &self.state {
            State::Completed { .. } => {
                self.state = match self.timers.linger(self.reliable) {
                    wait if wait.is_zero() => State::Terminated,
                    wait => State::Confirmed { i: now + wait },
                };
            }
            // Clients of RFC 2543 acknowledge a 2xx with the branch of the INVITE.
            State::Accepted { .. } => out.push(Action::Deliver),
            State::Proceeding { .. } | State::Confirmed { .. } | State::Terminated => {}
        }
    }

    /// The user answers. Copies of a 2xx are the user's business and do not pass here.
    pub(crate) fn respond(
        &mut self,
        now: Mono,
        status: u16,
        response: Bytes,
        out: &mut Vec<Action>,
    ) {
        let State::Proceeding { provisional } = &mut self.state else {
            return;
        };
        out.push(Action::Transmit(response.clone()));
        match status {
            ..200 => *provisional = Some(response),
            200..300 => {
                self.state = State::Accepted {
                    l: now + self.timers.patience(),
                }
            }
            300.. => {
                self.state = State::Completed {
                    response,
                    g: Retransmit::start(now, self.timers.t1, self.reliable),
                    h: now + self.timers.patience(),
                };
            }
        }
    }

    /// Fires what is due.
    pub(crate) fn on_timeout(&mut self, now: Mono, out: &mut Vec<Action>) {
        match &mut self.state {
            State::Completed { h, .. } if *h <= now => {
                self.state = State::Terminated;
                out.push(Action::TimedOut);
            }
            State::Completed {
                response,
                g: Some(g),
                ..
            } if g.at <= now => {
                g.back_off(now, self.timers.t2);
                out.push(Action::Transmit(response.clone()));
            }
            State::Accepted { l: end } | State::Confirmed { i: end } if *end <= now => {
                self.state = State::Terminated;
            }
            State::Proceeding { .. }
            | State::Accepted { .. }
            | State::Completed { .. }
            | State::Confirmed { .. }
            | State::Terminated => {}
        }
    }

    /// When [`Self::on_timeout`] next has something to do.
    pub(crate) fn next_timeout(&self) -> Option<Mono> {
        match &self.state {
            State::Completed { g, h, .. } => Some(g.map_or(*h, |g| g.at.min(*h))),
            State::Accepted { l: end } | State::Confirmed { i: end } => Some(*end),
            State::Proceeding { .. } | State::Terminated => None,
        }
    }

    /// Whether it can be forgotten.
    pub(crate) fn is_terminated(&self) -> bool {
        matches!(self.state, State::Terminated)
    }
}

#[cfg(test)]
#[path = "invite_server_tests.rs"]
mod tests;
