use std::time::Duration;

use super::judge::{Answers, Judge, request};
use crate::phone::{
    CallRef, CarrierConfig, First, Incoming, Odds, Outage, Outsider, Phone, PhoneEvent, Rule,
    Script, Then, Timers,
};

const SECOND: Duration = Duration::from_secs(1);

fn carrier(outage: Option<Outage>) -> Judge {
    Judge::of(Phone::carrier(CarrierConfig { outage, ..config() }))
}

fn config() -> CarrierConfig {
    CarrierConfig {
        host: "carrier.example".to_owned(),
        domain: "pbx.test".to_owned(),
        server: "192.0.2.1:5060".parse().unwrap(),
        local: "192.0.2.2:5060".parse().unwrap(),
        rtp_port: 4_000,
        outage: None,
        timers: Timers::RFC3261,
        seed: [4; 32],
    }
}

/// A request to a number behind the carrier.
fn to_number(method: &str, branch: &str) -> String {
    request(method, branch, 1, "")
        .replace("sip:bob@192.0.2.2:5060", "sip:447700900001@carrier.example")
}

fn outsider() -> Outsider {
    Outsider {
        number: "+447700900123".to_owned(),
        name: "Anna \"A\"".to_owned(),
    }
}

#[test]
fn rfc3325_a_call_from_outside_says_who_calls() {
    let mut judge = carrier(None);
    let now = judge.now;
    judge
        .phone
        .dial_from(now, &outsider(), "441632960000", Script::NOTHING);
    let invite = judge.heard().remove(0);
    assert!(invite.starts_with("INVITE sip:441632960000@pbx.test SIP/2.0\r\n"));
    for line in [
        "From: \"Anna A\" <sip:+447700900123@carrier.example>;tag=",
        "P-Asserted-Identity: \"Anna A\" <sip:+447700900123@carrier.example>\r\n",
        "Contact: <sip:192.0.2.2:5060>\r\n",
    ] {
        assert!(invite.contains(&format!("\r\n{line}")), "{invite}");
    }
}

#[test]
fn a_trunk_has_no_password() {
    let mut judge = carrier(None);
    let now = judge.now;
    judge
        .phone
        .dial_from(now, &outsider(), "441632960000", Script::NOTHING);
    let invite = judge.heard().remove(0);
    let challenge = "WWW-Authenticate: Digest realm=\"offhook\", nonce=\"n\", qop=\"auth\"\n";
    let answer = Answers::to(&invite).with("401 Unauthorized", "x", challenge);
    judge.say_silently(&answer);
    assert!(judge.events().contains(&PhoneEvent::Ended {
        call: CallRef(0),
        by: crate::phone::Side::Peer,
        status: Some(401),
    }));
    assert_eq!(judge.rules(), [Rule::ChallengeUnusable]);
}

#[test]
fn any_number_is_the_carriers_own() {
    let mut judge = carrier(None);
    judge.phone.set_incoming(Incoming {
        first: First::EarlyMedia,
        then: Then::Answer {
            after: SECOND,
            script: Script::NOTHING,
        },
    });
    let invite = to_number("INVITE", "a") + super::judge::DESCRIPTION;
    let heard = judge.say(&invite);
    assert!(heard[0].starts_with("SIP/2.0 183") && heard[0].contains("\r\n\r\nv=0"));
    assert!(judge.wait(SECOND)[0].starts_with("SIP/2.0 200"));
    judge.say(&to_number("INVITE", "b").replace("carrier.example", "192.0.2.2"));
    assert_eq!(judge.rules(), [Rule::MergedRequest], "the target was right");
    judge.say(&to_number("OPTIONS", "c").replace("carrier.example", "other.example"));
    assert_eq!(judge.rules(), [Rule::MergedRequest, Rule::WrongTarget]);
}

#[test]
fn a_carrier_that_flaps_is_silent_by_schedule() {
    let mut judge = carrier(Some(Outage {
        up: SECOND * 10,
        down: SECOND * 5,
    }));
    judge.phone.set_incoming(Incoming::answer(SECOND));
    let mut answers = Vec::new();
    for n in 0..6 {
        let options = judge.say(&to_number("OPTIONS", &format!("o{n}")));
        answers.push(!options.is_empty());
        judge.wait(SECOND * 3);
    }
    assert_eq!(answers, [true, true, true, true, false, true]);
    judge.wait(SECOND * 8);
    assert!(
        judge.say(&to_number("INVITE", "a")).is_empty(),
        "down at 26 s"
    );
    judge.wait(SECOND * 8);
    assert!(
        judge.say(&to_number("INVITE", "a")).is_empty(),
        "what was not heard is not heard later"
    );
    assert!(!judge.say(&to_number("INVITE", "b")).is_empty());
    assert_eq!(judge.rules(), []);
}

#[test]
fn no_word_leaves_no_call() {
    let mut judge = carrier(None);
    judge.phone.set_incoming(Incoming {
        first: First::Silence,
        then: Then::Ring,
    });
    assert!(judge.say(&to_number("INVITE", "a")).is_empty());
    assert!(judge.phone.calls().is_empty());
    assert_eq!(judge.phone.next_timeout(), None);
    judge.say(&to_number("CANCEL", "a"));
    assert_eq!(
        judge.rules(),
        [Rule::CancelOfNothing],
        "no CANCEL before a provisional answer"
    );
}

/// How often each first answer came in so many calls, one after the other.
fn shares(odds: Odds, calls: u32) -> std::collections::BTreeMap<String, u32> {
    let mut shares = std::collections::BTreeMap::new();
    for call in 0..calls {
        let mut judge = Judge::of(Phone::carrier(CarrierConfig {
            seed: [u8::try_from(call % 251).unwrap(); 32],
            ..config()
        }));
        judge.phone.set_odds(odds);
        judge.say(&(to_number("INVITE", "a") + super::judge::DESCRIPTION));
        judge.wait(SECOND * 10);
        let end = match judge.phone.calls().is_empty() {
            true => "refused or silent",
            false => "rings or is up",
        };
        *shares.entry(end.to_owned()).or_insert(0) += 1;
        assert_eq!(judge.rules(), []);
    }
    shares
}

#[test]
fn an_agent_does_all_that_agents_do() {
    let shares = shares(Odds::AGENT, 200);
    assert!(shares["rings or is up"] > 120, "{shares:?}");
    assert!(shares["refused or silent"] > 20, "{shares:?}");
}

#[test]
fn an_agent_who_talks_is_busy() {
    let mut judge = Judge::new();
    let tag = judge.is_called(Script::NOTHING);
    judge.phone.set_odds(Odds::AGENT);
    let second = request("INVITE", "z", 1, "").replace("Call-ID: c1", "Call-ID: c2");
    judge.say(&second);
    let heard = judge.wait(Duration::ZERO);
    assert!(heard[0].starts_with("SIP/2.0 486"), "{tag} {heard:?}");
}
