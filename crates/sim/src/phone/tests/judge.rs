//! Each rule is seen to be broken when it is.

use std::time::Duration;

use offhook_base::Mono;

use super::world::config;
use crate::phone::{CallRef, Incoming, Output, Phone, PhoneEvent, Rule, Script};

const T0: Mono = Mono(0);

/// What follows the head of a message that carries a session description.
pub(super) const DESCRIPTION: &str = "\nContent-Type: application/sdp\n\nv=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\n\
    c=IN IP4 192.0.2.1\nt=0 0\nm=audio 4000 RTP/AVP 0";

/// Bob's phone, and what a careless PBX says to it.
pub(super) struct Judge {
    pub(super) phone: Phone,
    pub(super) now: Mono,
}

impl Judge {
    pub(super) fn new() -> Self {
        Self::of(Phone::new(config("bob", 2, 1, 1)))
    }

    pub(super) const fn of(phone: Phone) -> Self {
        Self { phone, now: T0 }
    }

    /// `\n` stands for the line end; the head is completed with what every request or response has.
    pub(super) fn say(&mut self, text: &str) -> Vec<String> {
        self.say_silently(text);
        self.heard()
    }

    /// As [`Self::say`]; what the phone does then stays to be polled.
    pub(super) fn say_silently(&mut self, text: &str) {
        let text = format!("{}\n\n", text.trim()).replace('\n', "\r\n");
        let from = self.phone.config().server;
        self.phone.handle_datagram(self.now, from, text.as_bytes());
    }

    pub(super) fn heard(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some(output) = self.phone.poll_output() {
            if let Output::Send { bytes, .. } = output {
                lines.push(String::from_utf8(bytes).unwrap());
            }
        }
        lines
    }

    pub(super) fn wait(&mut self, time: Duration) -> Vec<String> {
        let until = self.now + time;
        let mut lines = Vec::new();
        while let Some(at) = self.phone.next_timeout().filter(|at| *at <= until) {
            self.phone.handle_timeout(at);
            lines.extend(self.heard());
        }
        self.now = until;
        lines
    }

    pub(super) fn rules(&self) -> Vec<Rule> {
        self.phone
            .violations()
            .iter()
            .map(|violation| violation.rule)
            .collect()
    }

    /// Dials, and returns the head of the INVITE that answers need.
    pub(super) fn dial(&mut self) -> Answers {
        self.phone.dial(self.now, "1001", Script::NOTHING);
        Answers::to(&self.heard().remove(0))
    }

    /// A call comes in and is answered; returns the phone's tag.
    pub(super) fn is_called(&mut self, script: Script) -> String {
        self.phone
            .set_incoming(Incoming::answer_and(Duration::ZERO, script));
        self.say(&request("INVITE", "a", 1, ""));
        let tag = to_tag(&self.wait(Duration::ZERO)[0]);
        self.say(&(request("ACK", "ack", 1, &tag) + DESCRIPTION));
        tag
    }

    pub(super) fn events(&mut self) -> Vec<PhoneEvent> {
        let mut events = Vec::new();
        while let Some(output) = self.phone.poll_output() {
            if let Output::Event(event) = output {
                events.push(event);
            }
        }
        events
    }
}

pub(super) struct Answers {
    via: String,
    from: String,
    to: String,
    call_id: String,
    cseq: String,
}

impl Answers {
    /// What answers to this request need.
    pub(super) fn to(request: &str) -> Self {
        let line = |name: &str| {
            request
                .lines()
                .find(|line| line.starts_with(name))
                .unwrap()
                .to_owned()
        };
        Self {
            via: line("Via:"),
            from: line("From:"),
            to: line("To:"),
            call_id: line("Call-ID:"),
            cseq: line("CSeq:"),
        }
    }

    /// As [`Self::with`], within a dialog.
    pub(super) fn in_dialog(&self, status: &str) -> String {
        self.with(status, "x", "").replace(";tag=x", "")
    }

    pub(super) fn with(&self, status: &str, tag: &str, more: &str) -> String {
        let Self {
            via,
            from,
            to,
            call_id,
            cseq,
        } = self;
        format!(
            "SIP/2.0 {status}\n{via}\n{from}\n{to};tag={tag}\n{call_id}\n{cseq}\nContact: <sip:1001@192.0.2.1>\n{more}"
        )
    }

    pub(super) fn answered(&self, tag: &str) -> String {
        self.with("200 OK", tag, "").trim_end().to_owned() + DESCRIPTION
    }
}

pub(super) fn request(method: &str, branch: &str, cseq: u32, to_tag: &str) -> String {
    let to_tag = if to_tag.is_empty() {
        String::new()
    } else {
        format!(";tag={to_tag}")
    };
    format!(
        "{method} sip:bob@192.0.2.2:5060 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK{branch}\nMax-Forwards: 70\n\
         From: <sip:1001@pbx.test>;tag=pbx\nTo: <sip:bob@pbx.test>{to_tag}\nCall-ID: c1\nCSeq: {cseq} {method}\n\
         Contact: <sip:1001@192.0.2.1:5060>"
    )
}

pub(super) fn to_tag(answer: &str) -> String {
    let to = answer.lines().find(|line| line.starts_with("To:")).unwrap();
    to.split(";tag=").nth(1).unwrap().to_owned()
}

#[test]
fn garbage() {
    let mut judge = Judge::new();
    judge.say("hello");
    assert_eq!(judge.rules(), [Rule::Garbage]);
    judge
        .phone
        .handle_datagram(T0, judge.phone.config().server, b"\r\n\r\n");
    assert_eq!(judge.rules().len(), 1, "a keep-alive is none");
}

#[test]
fn a_request_without_its_headers() {
    let mut judge = Judge::new();
    judge.say(&request("INVITE", "a", 1, "").replace("Max-Forwards: 70\n", ""));
    assert_eq!(judge.rules(), [Rule::HeaderMissing]);
}

#[test]
fn a_request_for_somebody_else() {
    let mut judge = Judge::new();
    judge.say(&request("INVITE", "a", 1, "").replacen(
        "sip:bob@192.0.2.2:5060",
        "sip:bob@pbx.test",
        1,
    ));
    assert_eq!(judge.rules(), [Rule::WrongTarget]);
}

#[test]
fn rfc3261_12_2_2_a_bye_outside_a_dialog() {
    let mut judge = Judge::new();
    let heard = judge.say(&request("BYE", "a", 1, "nobody"));
    assert!(heard[0].starts_with("SIP/2.0 481"));
    assert_eq!(judge.rules(), [Rule::RequestOutsideDialog]);
}

#[test]
fn rfc3261_8_2_2_2_the_same_call_by_a_second_way() {
    let mut judge = Judge::new();
    judge.say(&request("INVITE", "a", 1, ""));
    let heard = judge.say(&request("INVITE", "b", 1, ""));
    assert!(heard[0].starts_with("SIP/2.0 482"));
    assert_eq!(judge.rules(), [Rule::MergedRequest]);
}

#[test]
fn rfc3261_17_2_3_a_branch_used_for_two_requests() {
    let mut judge = Judge::new();
    judge.say(&request("INVITE", "a", 1, ""));
    let again = judge.say(&request("INVITE", "a", 1, ""));
    assert!(
        again[0].starts_with("SIP/2.0 180"),
        "a retransmission is answered as before"
    );
    assert_eq!(judge.rules(), []);
    judge.say(&request("INVITE", "a", 1, "").replace("Max-Forwards: 70", "Max-Forwards: 69"));
    assert_eq!(judge.rules(), [Rule::RetransmissionDiffers]);
}

#[test]
fn rfc3261_13_3_1_4_a_2xx_without_its_ack_is_sent_again_and_then_hung_up() {
    let mut judge = Judge::new();
    judge
        .phone
        .set_incoming(Incoming::answer(Duration::from_secs(1)));
    judge.say(&request("INVITE", "a", 1, ""));
    let heard = judge.wait(Duration::from_secs(40));
    let answers = heard
        .iter()
        .filter(|line| line.starts_with("SIP/2.0 200"))
        .count();
    assert_eq!(answers, 11, "T1 doubling to T2 until 64 × T1");
    assert!(heard.iter().any(|line| line.starts_with("BYE ")));
    assert_eq!(judge.rules(), [Rule::AckMissing]);
}

#[test]
fn rfc3261_17_2_1_a_refusal_without_its_ack() {
    let mut judge = Judge::new();
    judge.phone.set_incoming(Incoming::BUSY);
    judge.say(&request("INVITE", "a", 1, ""));
    judge.wait(Duration::from_secs(40));
    assert_eq!(judge.rules(), [Rule::AckMissing]);
}

#[test]
fn an_ack_for_nothing() {
    let mut judge = Judge::new();
    judge.say(&request("ACK", "a", 1, "x"));
    assert_eq!(judge.rules(), [Rule::AckOfNothing]);
}

#[test]
fn rfc3261_13_2_2_4_the_ack_to_a_2xx_is_a_request_of_its_own() {
    let mut judge = Judge::new();
    judge.phone.set_incoming(Incoming::answer(Duration::ZERO));
    judge.say(&request("INVITE", "a", 1, ""));
    let tag = to_tag(&judge.wait(Duration::ZERO)[0]);
    judge.say(&request("ACK", "a", 1, &tag));
    assert_eq!(judge.rules(), [Rule::AckOfNothing]);
}

#[test]
fn a_cancel_for_nothing() {
    let mut judge = Judge::new();
    let heard = judge.say(&request("CANCEL", "a", 1, ""));
    assert!(heard[0].starts_with("SIP/2.0 481"));
    assert_eq!(judge.rules(), [Rule::CancelOfNothing]);
}

#[test]
fn rfc3261_9_1_a_cancel_differs_from_its_invite() {
    let mut judge = Judge::new();
    judge.say(&request("INVITE", "a", 1, ""));
    let heard = judge.say(&request("CANCEL", "a", 2, ""));
    assert!(heard.iter().any(|line| line.starts_with("SIP/2.0 487")));
    assert_eq!(judge.rules(), [Rule::CancelOfNothing]);
}

#[test]
fn rfc3261_12_2_1_1_a_cseq_used_twice() {
    let mut judge = Judge::new();
    judge.phone.set_incoming(Incoming::answer(Duration::ZERO));
    judge.say(&request("INVITE", "a", 1, ""));
    let tag = to_tag(&judge.wait(Duration::ZERO)[0]);
    judge.say(&(request("ACK", "b", 1, &tag) + DESCRIPTION));
    let heard = judge.say(&request("BYE", "c", 1, &tag));
    assert!(heard[0].starts_with("SIP/2.0 500"));
    assert_eq!(judge.rules(), [Rule::CSeqReused]);
}

#[test]
fn rfc3261_17_1_3_a_response_to_nothing() {
    let mut judge = Judge::new();
    let answers = judge.dial();
    judge.say(
        &answers
            .with("180 Ringing", "x", "")
            .replace("z9hG4bK", "z9hG4bKother"),
    );
    assert_eq!(judge.rules(), [Rule::ResponseToNothing]);
}

#[test]
fn rfc3261_8_1_3_3_a_response_with_two_vias() {
    let mut judge = Judge::new();
    let answers = judge.dial();
    judge.say(&answers.with(
        "180 Ringing",
        "x",
        "Via: SIP/2.0/UDP 192.0.2.99;branch=z9hG4bKa",
    ));
    assert_eq!(judge.rules(), [Rule::ViaForeign]);
}

#[test]
fn two_final_answers() {
    let mut judge = Judge::new();
    let answers = judge.dial();
    let ack = judge.say(&answers.with("486 Busy Here", "x", ""));
    assert!(ack[0].starts_with("ACK "));
    assert_eq!(
        judge.say(&answers.with("486 Busy Here", "x", "")),
        ack,
        "a retransmission gets the same ACK"
    );
    judge.say(&answers.answered("x"));
    assert_eq!(judge.rules(), [Rule::FinalAnswersDiffer]);
}

#[test]
fn a_second_answer_of_another_dialog() {
    let mut judge = Judge::new();
    let answers = judge.dial();
    judge.say(&answers.answered("x"));
    judge.say(&answers.answered("y"));
    assert_eq!(judge.rules(), [Rule::FinalAnswersDiffer]);
}

#[test]
fn a_to_tag_that_changes() {
    let mut judge = Judge::new();
    let answers = judge.dial();
    judge.say(&answers.with("180 Ringing", "x", ""));
    judge.say(&answers.answered("y"));
    assert_eq!(judge.rules(), [Rule::ToTagChanged]);
}

#[test]
fn an_answer_without_a_session_description() {
    let mut judge = Judge::new();
    let answers = judge.dial();
    judge.say(&answers.with("200 OK", "x", ""));
    assert_eq!(judge.rules(), [Rule::SessionDescription]);
}

#[test]
fn rfc3261_17_1_1_2_nobody_answers() {
    let mut judge = Judge::new();
    judge.dial();
    judge.wait(Duration::from_secs(33));
    assert_eq!(judge.rules(), [Rule::NoAnswer]);
    assert!(judge.phone.calls().is_empty());
}

#[test]
fn rfc3261_9_1_an_invite_that_was_cancelled_is_never_answered() {
    let mut judge = Judge::new();
    let answers = judge.dial();
    judge.say(&answers.with("180 Ringing", "x", ""));
    judge.phone.cancel(judge.now, CallRef(0));
    let cancel = judge.heard().remove(0);
    assert!(cancel.starts_with("CANCEL "));
    judge.say(
        &answers
            .with("200 OK", "x", "")
            .replace(" INVITE\n", " CANCEL\n"),
    );
    judge.wait(Duration::from_secs(33));
    assert_eq!(judge.rules(), [Rule::NoAnswer]);
}

#[test]
fn options_and_unknown_methods_are_answered() {
    let mut judge = Judge::new();
    assert!(judge.say(&request("OPTIONS", "a", 1, ""))[0].starts_with("SIP/2.0 200"));
    assert!(judge.say(&request("REFER", "b", 1, ""))[0].starts_with("SIP/2.0 405"));
    assert!(judge.say(&request("DANCE", "c", 1, ""))[0].starts_with("SIP/2.0 501"));
    assert_eq!(judge.rules(), []);
}

#[test]
fn a_challenge_to_an_invite_is_answered_once() {
    let mut judge = Judge::new();
    let answers = judge.dial();
    let challenge = "WWW-Authenticate: Digest realm=\"offhook\", nonce=\"n\", qop=\"auth\"";
    let heard = judge.say(&answers.with("401 Unauthorized", "x", challenge));
    assert!(
        heard[0].starts_with("ACK ") && heard[1].starts_with("INVITE "),
        "{heard:#?}"
    );
    assert!(heard[1].contains("\r\nAuthorization: Digest username=\"bob\""));
    assert!(heard[1].contains("\r\nCSeq: 2 INVITE\r\n"));
    let cseq = |answers: &Answers, text: &str| text.replace(&answers.cseq, "CSeq: 2 INVITE");
    let branch = |line: &str| {
        line.split("branch=")
            .nth(1)
            .unwrap()
            .lines()
            .next()
            .unwrap()
            .to_owned()
    };
    let second = cseq(&answers, &answers.with("401 Unauthorized", "y", challenge));
    let second = second.replace(&branch(&answers.via), &branch(&heard[1]));
    judge.phone.handle_datagram(
        T0,
        judge.phone.config().server,
        format!("{second}\n\n").replace('\n', "\r\n").as_bytes(),
    );
    let mut ended = None;
    while let Some(output) = judge.phone.poll_output() {
        if let Output::Event(PhoneEvent::Ended { status, .. }) = output {
            ended = status;
        }
    }
    assert_eq!(ended, Some(401));
    assert_eq!(judge.rules(), []);
}
