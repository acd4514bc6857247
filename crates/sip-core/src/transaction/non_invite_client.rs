//! Non-INVITE client transaction (RFC 3261 17.1.2.2).
//!
//! ```text
//!            request sent
//!                 │
//!            ┌────▼───┐  E: send again, doubling up to T2
//!            │ Trying ├──────────┐
//!            └┬──┬──┬─┘◄─────────┘
//!         1xx │  │  └─ F, transport error ───┐
//!   ┌─────────▼┐ │  E: send again each T2    │
//!   │Proceeding│ │ 200-699                   │
//!   └┬────────┬┘ │                           │
//!    │ 200-699└──┼─ F, transport error ──────┤
//!   ┌▼───────────▼┐                          │
//!   │  Completed  │                          │
//!   └──────┬──────┘                          │
//!          │ K          ┌──────────┐         │
//!          └───────────►│Terminated│◄────────┘
//!                       └──────────┘
//! ```

use bytes::Bytes;
use offhook_base::Mono;

use super::{Action, Retransmit, Timers};

/// A request of ours other than INVITE and ACK.
#[derive(Debug)]
pub(crate) struct NonInviteClient {
    timers: Timers,
    reliable: bool,
    state: State,
}

/// Each state owns exactly the timers that may fire in it; leaving the state drops them.
#[derive(Debug)]
enum State {
    Trying {
        request: Bytes,
        e: Option<Retransmit>,
        f: Mono,
    },
    Proceeding {
        request: Bytes,
        e: Option<Retransmit>,
        f: Mono,
    },
    Completed {
        k: Mono,
    },
    Terminated,
}

impl NonInviteClient {
    /// Sends the request.
    pub(crate) fn start(
        now: Mono,
        request: Bytes,
        timers: Timers,
        reliable: bool,
        out: &mut Vec<Action>,
    ) -> Self {
        out.push(Action::Transmit(request.clone()));
        let state = State::Trying {
            request,
            e: Retransmit::start(now, timers.t1, reliable),
            f: now + timers.patience(),
        };
        Self {
            timers,
            reliable,
            state,
        }
    }

    /// Takes a response.
    pub(crate) fn on_response(&mut self, now: Mono, status: u16, out: &mut Vec<Action>) {
        match &mut self.state {
            State::Trying { request, e, f } | State::Proceeding { request, e, f } => {
                out.push(Action::Deliver);
                self.state = if status < 200 {
                    // What is armed fires as armed; from then on the interval is T2.
                    let e = e.map(|e| Retransmit {
                        interval: self.timers.t2,
                        ..e
                    });
                    State::Proceeding {
                        request: std::mem::take(request),
                        e,
                        f: *f,
                    }
                } else {
                    match self.timers.linger(self.reliable) {
                        wait if wait.is_zero() => State::Terminated,
                        wait => State::Completed { k: now + wait },
                    }
                };
            }
            State::Completed { .. } | State::Terminated => {}
        }
    }

    /// Fires what is due.
    pub(crate) fn on_timeout(&mut self, now: Mono, out: &mut Vec<Action>) {
        match &mut self.state {
            State::Trying { f, .. } | State::Proceeding { f, .. } if *f <= now => {
                self.state = State::Terminated;
                out.push(Action::TimedOut);
            }
            State::Trying {
                request,
                e: Some(e),
                ..
            }
            | State::Proceeding {
                request,
                e: Some(e),
                ..
            } if e.at <= now => {
                e.back_off(now, self.timers.t2);
                out.push(Action::Transmit(request.clone()));
            }
            State::Completed { k } if *k <= now => self.state = State::Terminated,
            State::Trying { .. }
            | State::Proceeding { .. }
            | State::Completed { .. }
            | State::Terminated => {}
        }
    }

    /// When [`Self::on_timeout`] next has something to do.
    pub(crate) fn next_timeout(&self) -> Option<Mono> {
        match &self.state {
            State::Trying { e, f, .. } | State::Proceeding { e, f, .. } => {
                Some(e.map_or(*f, |e| e.at.min(*f)))
            }
            State::Completed { k } => Some(*k),
            State::Terminated => None,
        }
    }

    /// Whether no final response came yet.
    pub(crate) fn is_waiting(&self) -> bool {
        matches!(self.state, State::Trying { .. } | State::Proceeding { .. })
    }

    /// Whether it can be forgotten.
    pub(crate) fn is_terminated(&self) -> bool {
        matches!(self.state, State::Terminated)
    }
}

#[cfg(test)]
#[path = "non_invite_client_tests.rs"]
mod tests;
