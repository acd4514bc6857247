//! Client transactions (RFC 3261, section 17.1), as a phone needs them.

use std::net::SocketAddr;
use std::time::Duration;

use offhook_base::Mono;
use offhook_media_core::Digit;
use offhook_sip_message::Method;

use super::{CallRef, TextRef, Timers};

/// What matches a response to its request (17.1.3).
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct ClientKey {
    pub(super) branch: Vec<u8>,
    pub(super) method: Method,
}

/// What a request is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Purpose {
    Bye(CallRef),
    Cancel(CallRef),
    Invite(CallRef),
    /// A key, by INFO.
    Press(CallRef, Digit),
    Refer(CallRef),
    Register,
    Reinvite(CallRef),
    Text(TextRef),
}

impl Purpose {
    pub(super) const fn method(self) -> Method {
        match self {
            Self::Bye(_) => Method::Bye,
            Self::Cancel(_) => Method::Cancel,
            Self::Invite(_) | Self::Reinvite(_) => Method::Invite,
            Self::Press(..) => Method::Info,
            Self::Refer(_) => Method::Refer,
            Self::Register => Method::Register,
            Self::Text(_) => Method::Message,
        }
    }
}

/// One request on its way.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) purpose: Purpose,
    pub(super) request: Vec<u8>,
    pub(super) to: SocketAddr,
    /// Whether it carries credentials.
    pub(super) authenticated: bool,
    /// The To tag of its answers.
    pub(super) to_tag: Option<Vec<u8>>,
    timers: Timers,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Calling, Trying: timers A or E, B or F.
    Sent {
        resend: Mono,
        pause: Duration,
        give_up: Mono,
    },
    /// An INVITE waits as long as the callee rings; anything else goes on with T2 and F.
    Proceeding {
        resend: Option<Mono>,
        give_up: Option<Mono>,
    },
    /// Completed, Accepted: timers D, K or M. `ack` answers retransmissions of the final answer.
    Completed {
        status: u16,
        ack: Option<Vec<u8>>,
        until: Mono,
    },
}

/// What a response is to its transaction.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Answer {
    /// The final answer again; the ACK to send once more, for an INVITE.
    Again(Option<Vec<u8>>),
    /// Another final answer than before; the status of the earlier one.
    Differs(u16),
    /// The final answer.
    Final,
    /// A provisional answer that was overtaken by the final one.
    Late,
    /// A provisional answer.
    Provisional,
}

/// What a timer brings.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Fired {
    /// The transaction can be forgotten.
    Over,
    /// The request goes out again.
    Resend,
    /// Nobody answered.
    TimedOut,
}

impl Client {
    pub(super) fn new(
        now: Mono,
        purpose: Purpose,
        request: Vec<u8>,
        to: SocketAddr,
        timers: Timers,
    ) -> Self {
        let state = State::Sent {
            resend: now + timers.t1,
            pause: timers.t1,
            give_up: now + timers.patience(),
        };
        Self {
            purpose,
            request,
            to,
            authenticated: false,
            to_tag: None,
            timers,
            state,
        }
    }

    fn is_invite(&self) -> bool {
        self.purpose.method() == Method::Invite
    }

    pub(super) fn is_completed(&self) -> bool {
        matches!(self.state, State::Completed { .. })
    }

    pub(super) fn on_response(&mut self, now: Mono, status: u16) -> Answer {
        match &self.state {
            State::Completed { .. } if status < 200 => Answer::Late,
            State::Completed {
                status: earlier,
                ack,
                ..
            } if *earlier == status => Answer::Again(ack.clone()),
            State::Completed {
                status: earlier, ..
            } => Answer::Differs(*earlier),
            State::Sent { give_up, .. } if status < 200 => {
                self.state = if self.is_invite() {
                    State::Proceeding {
                        resend: None,
                        give_up: None,
                    }
                } else {
                    State::Proceeding {
                        resend: Some(now + self.timers.t2),
                        give_up: Some(*give_up),
                    }
                };
                Answer::Provisional
            }
            State::Proceeding { .. } if status < 200 => Answer::Provisional,
            State::Sent { .. } | State::Proceeding { .. } => {
                // Timer D is 32 s by its definition; M (RFC 6026) is 64 × T1; K is T4.
                let wait = if self.is_invite() {
                    self.timers.patience()
                } else {
                    self.timers.t4
                };
                self.state = State::Completed {
                    status,
                    ack: None,
                    until: now + wait,
                };
                Answer::Final
            }
        }
    }

    /// The ACK that answers each retransmission of the final answer.
    pub(super) fn acknowledge(&mut self, with: Vec<u8>) {
        if let State::Completed { ack, .. } = &mut self.state {
            *ack = Some(with);
        }
    }

    /// After a CANCEL the answer must come in good time (9.1).
    pub(super) fn expect_answer_soon(&mut self, now: Mono) {
        if let State::Proceeding { give_up, .. } = &mut self.state {
            *give_up = Some(now + self.timers.patience());
        }
    }

    pub(super) fn on_timeout(&mut self, now: Mono) -> Option<Fired> {
        let is_invite = self.is_invite();
        match &mut self.state {
            State::Completed { until, .. } => (*until <= now).then_some(Fired::Over),
            State::Sent { give_up, .. } if *give_up <= now => Some(Fired::TimedOut),
            State::Proceeding {
                give_up: Some(give_up),
                ..
            } if *give_up <= now => Some(Fired::TimedOut),
            State::Sent { resend, pause, .. } if *resend <= now => {
                *pause *= 2;
                if !is_invite {
                    *pause = (*pause).min(self.timers.t2);
                }
                *resend = now + *pause;
                Some(Fired::Resend)
            }
            State::Proceeding {
                resend: Some(resend),
                ..
            } if *resend <= now => {
                *resend = now + self.timers.t2;
                Some(Fired::Resend)
            }
            State::Sent { .. } | State::Proceeding { .. } => None,
        }
    }

    pub(super) fn next_timeout(&self) -> Option<Mono> {
        match &self.state {
            State::Completed { until, .. } => Some(*until),
            State::Proceeding { resend, give_up } => {
                [*resend, *give_up].into_iter().flatten().min()
            }
            State::Sent {
                resend, give_up, ..
            } => Some(*resend.min(give_up)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent_at(purpose: Purpose) -> Vec<u128> {
        let start = Mono(0);
        let to = "192.0.2.1:5060".parse().unwrap();
        let mut client = Client::new(start, purpose, Vec::new(), to, Timers::RFC3261);
        let mut sent = vec![0];
        while let Some(at) = client.next_timeout() {
            match client.on_timeout(at) {
                Some(Fired::Resend) => sent.push((at - start).as_millis()),
                Some(Fired::TimedOut) => {
                    assert_eq!(at - start, Duration::from_secs(32));
                    return sent;
                }
                other => panic!("{other:?}"),
            }
        }
        panic!("never gave up");
    }

    #[test]
    fn rfc3261_17_1_1_2_an_unanswered_invite_is_sent_seven_times() {
        let sent = sent_at(Purpose::Invite(CallRef(0)));
        assert_eq!(sent, [0, 500, 1_500, 3_500, 7_500, 15_500, 31_500]);
    }

    #[test]
    fn rfc3261_17_1_2_2_anything_else_is_sent_eleven_times() {
        let sent = sent_at(Purpose::Register);
        assert_eq!(
            sent,
            [
                0, 500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500
            ]
        );
    }

    #[test]
    fn a_final_answer_that_comes_again_is_told_from_another_one() {
        let to = "192.0.2.1:5060".parse().unwrap();
        let invite = Purpose::Invite(CallRef(0));
        let mut client = Client::new(Mono(0), invite, Vec::new(), to, Timers::RFC3261);
        assert_eq!(client.on_response(Mono(1), 180), Answer::Provisional);
        assert_eq!(
            client.next_timeout(),
            None,
            "a callee may ring as long as it likes"
        );
        assert_eq!(client.on_response(Mono(2), 486), Answer::Final);
        client.acknowledge(b"ACK".to_vec());
        assert_eq!(
            client.on_response(Mono(3), 486),
            Answer::Again(Some(b"ACK".to_vec()))
        );
        assert_eq!(client.on_response(Mono(3), 183), Answer::Late);
        assert_eq!(client.on_response(Mono(4), 200), Answer::Differs(486));
    }
}
