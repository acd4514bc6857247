//! Server transactions (RFC 3261, section 17.2; RFC 6026, section 7.1), as a phone needs them.

use std::net::SocketAddr;
use std::time::Duration;

use offhook_base::Mono;
use offhook_sip_message::{Method, View};

use super::{CallRef, Timers};

/// What matches a retransmission, an ACK or a CANCEL to its request (17.2.3).
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct ServerKey {
    branch: Vec<u8>,
    sent_by: (Vec<u8>, Option<u16>),
    method: Vec<u8>,
}

impl ServerKey {
    /// The key of a request, or of the INVITE that an ACK or a CANCEL speaks of.
    pub(super) fn of(request: View<'_>, method: &[u8]) -> Option<Self> {
        let via = request.top_via()?;
        Some(Self {
            branch: via.branch()?.to_vec(),
            sent_by: (via.host.to_ascii_lowercase(), via.port),
            method: method.to_vec(),
        })
    }
}

/// One request that came in.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) call: Option<CallRef>,
    pub(super) cseq: u32,
    pub(super) request: Vec<u8>,
    pub(super) source: SocketAddr,
    method: Method,
    timers: Timers,
    state: State,
}

#[derive(Debug)]
enum State {
    /// No final answer yet; the last provisional one answers retransmissions.
    Proceeding { provisional: Option<Vec<u8>> },
    /// A 2xx to an INVITE, sent again until its ACK (13.3.1.4; RFC 6026 calls it Accepted).
    Accepted {
        response: Vec<u8>,
        resend: Option<(Mono, Duration)>,
        until: Mono,
    },
    /// A refusal of an INVITE: timers G and H.
    Refused {
        response: Vec<u8>,
        resend: Mono,
        pause: Duration,
        give_up: Mono,
    },
    /// A refusal that was acknowledged: timer I.
    Confirmed { until: Mono },
    /// The answer to anything but an INVITE: timer J.
    Completed { response: Vec<u8>, until: Mono },
}

/// What a timer brings.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Fired {
    /// The ACK never came.
    AckMissing,
    /// The transaction can be forgotten.
    Over,
    /// This goes out again.
    Resend(Vec<u8>),
}

impl Server {
    pub(super) fn new(request: View<'_>, raw: &[u8], source: SocketAddr, timers: Timers) -> Self {
        Self {
            call: None,
            cseq: request.cseq().map_or(0, |cseq| cseq.number),
            request: raw.to_vec(),
            source,
            method: request.method().unwrap_or(Method::Other),
            timers,
            state: State::Proceeding { provisional: None },
        }
    }

    pub(super) fn is_invite(&self) -> bool {
        self.method == Method::Invite
    }

    pub(super) fn is_proceeding(&self) -> bool {
        matches!(self.state, State::Proceeding { .. })
    }

    pub(super) fn has_answered(&self) -> bool {
        !matches!(self.state, State::Proceeding { provisional: None })
    }

    pub(super) fn awaits_ack(&self) -> bool {
        matches!(
            self.state,
            State::Accepted {
                resend: Some(_),
                ..
            } | State::Refused { .. }
        )
    }

    pub(super) fn is_accepted(&self) -> bool {
        matches!(self.state, State::Accepted { .. })
    }

    /// An answer of ours.
    pub(super) fn on_answer(&mut self, now: Mono, status: u16, response: Vec<u8>) {
        let Timers { t1, .. } = self.timers;
        let late = now + self.timers.patience();
        self.state = match (self.is_invite(), status) {
            (_, ..200) => State::Proceeding {
                provisional: Some(response),
            },
            (false, _) => State::Completed {
                response,
                until: late,
            },
            (true, 200..300) => State::Accepted {
                response,
                resend: Some((now + t1, t1)),
                until: late,
            },
            (true, _) => State::Refused {
                response,
                resend: now + t1,
                pause: t1,
                give_up: late,
            },
        };
    }

    /// The same request again: what answers it.
    pub(super) fn on_retransmission(&self) -> Option<&[u8]> {
        match &self.state {
            State::Proceeding { provisional } => provisional.as_deref(),
            State::Completed { response, .. } | State::Refused { response, .. } => Some(response),
            // The user agent resends the 2xx by itself; an ACK silences it (RFC 6026, section 7.1).
            State::Accepted { .. } | State::Confirmed { .. } => None,
        }
    }

    /// An ACK for this INVITE.
    pub(super) fn on_ack(&mut self, now: Mono) {
        match &mut self.state {
            State::Accepted { resend, .. } => *resend = None,
            State::Refused { .. } => {
                self.state = State::Confirmed {
                    until: now + self.timers.t4,
                }
            }
            State::Proceeding { .. } | State::Confirmed { .. } | State::Completed { .. } => {}
        }
    }

    pub(super) fn on_timeout(&mut self, now: Mono) -> Option<Fired> {
        let t2 = self.timers.t2;
        match &mut self.state {
            State::Accepted {
                resend: Some(_),
                until,
                ..
            } if *until <= now => Some(Fired::AckMissing),
            State::Refused { give_up, .. } if *give_up <= now => Some(Fired::AckMissing),
            State::Accepted { until, .. }
            | State::Completed { until, .. }
            | State::Confirmed { until }
                if *until <= now =>
            {
                Some(Fired::Over)
            }
            State::Accepted {
                response,
                resend: Some((resend, pause)),
                ..
            }
            | State::Refused {
                response,
                resend,
                pause,
                ..
            } if *resend <= now => {
                *pause = (*pause * 2).min(t2);
                *resend = now + *pause;
                Some(Fired::Resend(response.clone()))
            }
            State::Accepted { .. }
            | State::Completed { .. }
            | State::Confirmed { .. }
            | State::Proceeding { .. }
            | State::Refused { .. } => None,
        }
    }

    pub(super) fn next_timeout(&self) -> Option<Mono> {
        match &self.state {
            State::Proceeding { .. } => None,
            State::Accepted { resend, until, .. } => {
                Some(resend.map_or(*until, |(at, _)| at.min(*until)))
            }
            State::Refused {
                resend, give_up, ..
            } => Some(*resend.min(give_up)),
            State::Confirmed { until } | State::Completed { until, .. } => Some(*until),
        }
    }
}
