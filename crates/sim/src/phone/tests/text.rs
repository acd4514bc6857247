use std::time::Duration;

use super::judge::{Answers, Judge, request};
use super::world::World;
use crate::network::Conditions;
use crate::phone::{Habits, PhoneEvent, Rule, TextRef};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn rfc3428_a_text_arrives_and_is_answered() {
    let mut world = World::new(1, Conditions::PERFECT);
    let now = world.now;
    let text = world.alice().send_text(now, "bob", "ten o'clock?");
    world.run_for(SECOND * 40);
    let received = PhoneEvent::TextReceived {
        from: world.told(1).first().map(from).unwrap(),
        text: "ten o'clock?".to_owned(),
        status: 200,
    };
    assert_eq!(world.told(1), [received]);
    assert_eq!(world.told(0), [PhoneEvent::TextSent { text, status: 200 }]);
    world.assert_no_violation();
}

fn from(event: &PhoneEvent) -> String {
    let PhoneEvent::TextReceived { from, .. } = event else {
        panic!("{event:?}");
    };
    assert!(from.starts_with("\"ALICE\" <sip:alice@"), "{from}");
    from.clone()
}

#[test]
fn a_phone_that_takes_no_texts_says_so() {
    let mut world = World::new(1, Conditions::PERFECT);
    let now = world.now;
    world.bob().set_habits(Habits {
        answer_to_texts: 480,
        ..Habits::default()
    });
    let text = world.alice().send_text(now, "bob", "hello");
    world.run_for(SECOND * 40);
    assert_eq!(world.told(0), [PhoneEvent::TextSent { text, status: 480 }]);
}

#[test]
fn a_bad_line_loses_no_text_and_brings_none_twice() {
    for seed in 0..50 {
        let mut world = World::new(seed, Conditions::BAD);
        let now = world.now;
        world.alice().send_text(now, "bob", "hello");
        world.run_for(SECOND * 60);
        assert_eq!(world.told(1).len(), 1, "seed {seed}");
        assert_eq!(world.told(0).len(), 1, "seed {seed}");
        world.assert_no_violation();
    }
}

#[test]
fn a_text_is_authenticated_as_a_call_is() {
    let mut judge = Judge::new();
    judge.phone.send_text(judge.now, "2002", "hello");
    let first = judge.heard().remove(0);
    assert!(first.starts_with("MESSAGE sip:2002@192.0.2.1:5060 SIP/2.0\r\n"));
    assert!(!first.contains("\r\nContact:") && !first.contains("\r\nAuthorization:"));
    assert!(first.ends_with("\r\n\r\nhello"));
    let challenge = "WWW-Authenticate: Digest realm=\"offhook\", nonce=\"n\", qop=\"auth\"\n";
    let answer = Answers::to(&first).with("401 Unauthorized", "x", challenge);
    let second = judge.say(&answer).remove(0);
    assert!(second.contains("\r\nAuthorization: Digest username=\"bob\""));
    assert!(second.contains("\r\nCSeq: 2 MESSAGE\r\n") && second.ends_with("\r\n\r\nhello"));
    let refused = Answers::to(&second).with("401 Unauthorized", "y", challenge);
    judge.say_silently(&refused);
    let sent = PhoneEvent::TextSent {
        text: TextRef(0),
        status: 401,
    };
    assert_eq!(judge.events(), [sent]);
    assert_eq!(judge.rules(), []);
}

#[test]
fn rfc3428_7_what_is_no_plain_text_gets_415() {
    let mut judge = Judge::new();
    let message = |branch: &str, more: &str| {
        let head = request("MESSAGE", branch, 1, "");
        head.replace("\nContact: <sip:1001@192.0.2.1:5060>", more)
    };
    let heard = judge.say(&message("a", "\nContent-Type: text/html\n\n<p>"));
    assert!(heard[0].starts_with("SIP/2.0 415"));
    assert_eq!(judge.rules(), []);
    judge.say(&message("b", ""));
    assert_eq!(judge.rules(), [Rule::TextMalformed]);
    let with_contact = "\nContact: <sip:x@192.0.2.1>\nContent-Type: text/plain\n\nhello";
    judge.say(&message("c", with_contact));
    assert_eq!(judge.rules().len(), 2);
}
