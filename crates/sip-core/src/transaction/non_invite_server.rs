//! Non-INVITE server transaction (RFC 3261 17.2.2, RFC 4320).
//!
//! ```text
//!            request received
//!                 │
//!            ┌────▼───┐
//!            │ Trying ├────────────────┐
//!            └┬───┬───┘                │
//!         1xx │   │ 200-699            │ nothing to say for 64 × T1
//!   ┌─────────▼┐  │  request: 1xx again│
//!   │Proceeding├──┼────────────────────┤
//!   └─────┬────┘  │                    │
//! 200-699 │       │                    │
//!        ┌▼───────▼┐  request: response again
//!        │Completed│                   │
//!        └────┬────┘                   │
//!             │ J    ┌──────────┐      │
//!             └─────►│Terminated│◄─────┘
//!                    └──────────┘
//! ```
//!
//! The RFC lets `Trying` and `Proceeding` last for ever. Once the client's timer F has fired nobody hears an answer
//! (RFC 4320 4.2), so they end then.

use bytes::Bytes;
use offhook_base::Mono;

use super::{Action, Timers};

/// A request received, other than INVITE and ACK, and our answers to it.
#[derive(Debug)]
pub(crate) struct NonInviteServer {
    timers: Timers,
    reliable: bool,
    state: State,
}

/// Each state owns exactly the timers that may fire in it; leaving the state drops them.
#[derive(Debug)]
enum State {
    Trying { f: Mono },
    Proceeding { provisional: Bytes, f: Mono },
    Completed { response: Bytes, j: Mono },
    Terminated,
}

impl NonInviteServer {
    /// A new request was received.
    pub(crate) fn start(now: Mono, timers: Timers, reliable: bool) -> Self {
        Self {
            timers,
            reliable,
            state: State::Trying {
                f: now + timers.patience(),
            },
        }
    }

    /// The request came again.
    pub(crate) fn on_request(&mut self, out: &mut Vec<Action>) {
        match &self.state {
            State::Proceeding {
                provisional: response,
                ..
            }
            | State::Completed { response, .. } => {
                out.push(Action::Transmit(response.clone()));
            }
            State::Trying { .. } | State::Terminated => {}
        }
    }

    /// The user answers.
    pub(crate) fn respond(
        &mut self,
        now: Mono,
        status: u16,
        response: Bytes,
        out: &mut Vec<Action>,
    ) {
        match &self.state {
            State::Trying { f } | State::Proceeding { f, .. } => {
                let f = *f;
                out.push(Action::Transmit(response.clone()));
                self.state = if status < 200 {
                    State::Proceeding {
                        provisional: response,
                        f,
                    }
                } else if self.reliable {
                    State::Terminated
                } else {
                    State::Completed {
                        response,
                        j: now + self.timers.patience(),
                    }
                };
            }
            State::Completed { .. } | State::Terminated => {}
        }
    }

    /// Fires what is due.
    pub(crate) fn on_timeout(&mut self, now: Mono, out: &mut Vec<Action>) {
        match &self.state {
            State::Trying { f } | State::Proceeding { f, .. } if *f <= now => {
                self.state = State::Terminated;
                out.push(Action::TimedOut);
            }
            State::Completed { j, .. } if *j <= now => self.state = State::Terminated,
            State::Trying { .. }
            | State::Proceeding { .. }
            | State::Completed { .. }
            | State::Terminated => {}
        }
    }

    /// When [`Self::on_timeout`] next has something to do.
    pub(crate) fn next_timeout(&self) -> Option<Mono> {
        match &self.state {
            State::Trying { f: end }
            | State::Proceeding { f: end, .. }
            | State::Completed { j: end, .. } => Some(*end),
            State::Terminated => None,
        }
    }

    /// Whether it can be forgotten.
    pub(crate) fn is_terminated(&self) -> bool {
        matches!(self.state, State::Terminated)
    }
}

#[cfg(test)]
#[path = "non_invite_server_tests.rs"]
mod tests;
