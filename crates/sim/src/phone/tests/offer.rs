//! Offers: delayed ones, and the o= line of those within a call.

use std::time::Duration;

use super::judge::{DESCRIPTION, Judge, request, to_tag};
use crate::phone::{CallRef, Direction, Habits, Incoming, PhoneEvent, Rule, Script};

fn offer(port: u16, session: u64, version: u64) -> String {
    format!(
        "\nContent-Type: application/sdp\n\nv=0\no=- {session} {version} IN IP4 192.0.2.1\ns=-\n\
         c=IN IP4 192.0.2.1\nt=0 0\nm=audio {port} RTP/AVP 0"
    )
}

/// An INVITE without an offer was answered; the 200, and the phone's tag.
fn asked_for_an_offer() -> (Judge, String, String) {
    let mut judge = Judge::new();
    judge.phone.set_incoming(Incoming::answer(Duration::ZERO));
    judge.say(&request("INVITE", "a", 1, ""));
    let answer = judge.wait(Duration::ZERO).remove(0);
    let tag = to_tag(&answer);
    (judge, answer, tag)
}

#[test]
fn rfc3261_13_2_1_an_invite_without_an_offer_gets_one_and_the_ack_answers_it() {
    let (mut judge, answer, tag) = asked_for_an_offer();
    assert!(answer.contains("m=audio 4004 RTP/AVP 0 8 101"), "{answer}");
    judge.say_silently(&(request("ACK", "b", 1, &tag) + DESCRIPTION));
    let media = PhoneEvent::Media {
        call: CallRef(0),
        to: Some("192.0.2.1:4000".parse().unwrap()),
        direction: Direction::SendRecv,
    };
    assert!(judge.events().contains(&media));
    assert_eq!(judge.rules(), []);
}

#[test]
fn rfc3261_13_2_1_an_ack_without_the_answer() {
    let (mut judge, _, tag) = asked_for_an_offer();
    judge.say(&request("ACK", "b", 1, &tag));
    assert_eq!(judge.rules(), [Rule::SessionDescription]);
}

#[test]
fn rfc3261_14_2_a_reinvite_without_an_offer_gets_one_and_the_ack_answers_it() {
    for (body, rules) in [(DESCRIPTION, &[][..]), ("", &[Rule::SessionDescription])] {
        let mut judge = Judge::new();
        let tag = judge.is_called(Script::NOTHING);
        let heard = judge.say(&request("INVITE", "c", 2, &tag));
        assert!(heard[0].starts_with("SIP/2.0 200") && heard[0].contains("m=audio 4004"));
        judge.say(&(request("ACK", "d", 2, &tag) + body));
        assert_eq!(judge.rules(), rules);
    }
}

#[test]
fn rfc3264_8_the_origin_of_offers_within_a_call() {
    let cases = [
        (offer(4_000, 1, 1), false),
        (offer(4_002, 1, 2), false),
        (offer(4_000, 1, 2), false),
        (offer(4_002, 1, 1), true),
        (offer(4_002, 1, 0), true),
        (offer(4_000, 2, 1), true),
    ];
    for (body, wrong) in cases {
        for method in ["INVITE", "UPDATE"] {
            let mut judge = Judge::new();
            let tag = judge.is_called(Script::NOTHING);
            let heard = judge.say(&(request(method, "c", 2, &tag) + &body));
            assert!(heard[0].starts_with("SIP/2.0 200"));
            let seen = judge.rules().contains(&Rule::Origin);
            assert_eq!(seen, wrong, "{method} {body}");
        }
    }
}

#[test]
fn the_origin_is_not_watched_where_it_cannot_be_kept() {
    let mut judge = Judge::new();
    judge.phone.set_habits(Habits {
        check_origin: false,
        ..Habits::default()
    });
    let tag = judge.is_called(Script::NOTHING);
    judge.say(&(request("INVITE", "c", 2, &tag) + &offer(4_002, 7, 7)));
    assert_eq!(judge.rules(), []);
}

#[test]
fn rfc3326_a_cancel_that_says_why() {
    let mut judge = Judge::new();
    judge.say(&request("INVITE", "a", 1, ""));
    let reason = "SIP;cause=200;text=\"Call completed elsewhere\"";
    judge.say_silently(&(request("CANCEL", "a", 1, "") + "\nReason: " + reason));
    let told = PhoneEvent::CancelReason {
        call: CallRef(0),
        reason: reason.to_owned(),
    };
    assert!(judge.events().contains(&told));
}
