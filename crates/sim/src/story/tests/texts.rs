//! Stories of texts: the bodies of `sms.received`, and where each text went.

use offhook_base::{SmsRecord, SmsStatus, UserId};
use offhook_call::{TextCommand, TextRefusal, TextReply};
use serde_json::{Value, json};

use super::*;

/// Alice is 2001, Bob is 2002 and has the number 34910000002; Olga is outside.
fn town() -> Story {
    Stage::new()
        .user("2001")
        .user("2002")
        .outsider("Olga", "34600000001")
        .number("34910000002", "2002")
        .begin()
}

/// Checks the `n`-th event against the whole of what the contract prints.
#[track_caller]
fn assert_told(told: &Told, n: usize, user: Option<u32>, (from, to): (&str, &str), text: &str) {
    let event = &told.events[n];
    let (id, time) = (&event["id"], &event["event_time"]);
    assert_eq!(
        *event,
        json!({
            "id": id, "event_time": time, "event_name": "sms.received", "customer_id": 100_001,
            "user_id": user, "from_no": from, "to_no": to, "text": text,
        })
    );
    assert!(
        time.as_str()
            .is_some_and(|time| time.starts_with("2023-11-14 22:1"))
    );
}

fn statuses(told: &Told) -> Vec<SmsStatus> {
    told.texts.iter().map(|text| text.status).collect()
}

fn taken(told: &Told) -> Vec<(&str, &str)> {
    let taken = told.taken.iter();
    taken.map(|(who, words)| (&**who, &**words)).collect()
}

#[test]
fn a_text_to_a_registered_phone_is_delivered_at_once() {
    let mut story = town();
    story.texts("2001", "2002", "Lunch,\nZoë?");
    assert_eq!(story.text_answered("2001"), Some(202));
    let told = story.end().unwrap();
    assert_eq!(told.events.len(), 1);
    assert_told(&told, 0, Some(100_002), ("2001", "2002"), "Lunch,\nZoë?");
    assert_eq!(taken(&told), [("2002", "Lunch,\nZoë?")]);
    assert_eq!(statuses(&told), [SmsStatus::Delivered]);
    let SmsRecord {
        from_user, to_user, ..
    } = told.texts[0];
    assert_eq!(from_user, Some(UserId(100_001)));
    assert_eq!(to_user, Some(UserId(100_002)));
}

#[test]
fn a_text_waits_until_the_phone_registers() {
    let mut story = town();
    story.unregisters("2002");
    story.texts("2001", "2002", "one");
    story.texts("2001", "2002", "two");
    assert_eq!(story.text_answered("2001"), Some(202));
    story.wait(SECOND * 3_600);
    story.registers("2002");
    let told = story.end().unwrap();
    assert_eq!(told.names(), ["sms.received"; 2]);
    assert_told(&told, 1, Some(100_002), ("2001", "2002"), "two");
    assert_eq!(taken(&told), [("2002", "one"), ("2002", "two")]);
    assert_eq!(statuses(&told), [SmsStatus::Delivered; 2]);
}

#[test]
fn a_text_that_nobody_takes_stays_received() {
    let mut story = town();
    story.unregisters("2002");
    story.texts("2001", "2002", "hello?");
    let broken = story.end().unwrap_err();
    // A phone that would take it, if it only registered: the world says so.
    assert!(broken.to_string().contains("waits"), "{broken}");
}

#[test]
fn a_trunk_brings_a_text_for_a_number_of_ours_and_nothing_else() {
    let mut story = town();
    for (number, status) in [
        ("34910000002", 202),
        ("+34910000002", 202),
        ("2002", 404),
        ("34600000009", 404),
    ] {
        story.texts("Olga", number, "from outside");
        assert_eq!(story.text_answered("Olga"), Some(status), "{number}");
    }
    let told = story.end().unwrap();
    assert_eq!(told.events.len(), 2);
    let numbers = ("34600000001", "34910000002");
    for n in [0, 1] {
        assert_told(&told, n, Some(100_002), numbers, "from outside");
    }
    assert_eq!(taken(&told), [("2002", "from outside"); 2]);
    assert_eq!(statuses(&told), [SmsStatus::Delivered; 2]);
}

#[test]
fn a_text_to_an_outside_number_goes_by_the_trunk_and_is_told_to_nobody() {
    let mut story = town();
    story.texts("2002", "+34600000001", "to outside");
    assert_eq!(story.text_answered("2002"), Some(202));
    story.texts("2001", "34600000001", "from an extension");
    let told = story.end().unwrap();
    assert_eq!(told.events, Vec::<Value>::new());
    assert_eq!(
        taken(&told),
        [("Olga", "to outside"), ("Olga", "from an extension")]
    );
    assert_eq!(statuses(&told), [SmsStatus::Sent; 2]);
    let from: Vec<&str> = told.texts.iter().map(|text| &*text.from).collect();
    assert_eq!(from, ["34910000002", "2001"], "the own number, if any");
    assert_eq!(told.texts[0].to, "34600000001");
}

#[test]
fn a_text_of_64_kb_and_one_to_nobody_have_no_effect() {
    let mut story = two();
    story.texts("2001", "2002", &"x".repeat(64_000));
    assert_eq!(story.text_answered("2001"), Some(413));
    for number in ["2999", "34600000001"] {
        story.texts("2001", number, "anybody?");
        assert_eq!(story.text_answered("2001"), Some(404), "no trunk");
    }
    let told = story.end().unwrap();
    assert_eq!((told.events.len(), told.texts.len()), (0, 0));
}

#[test]
fn rest_clients_and_carriers_have_their_answer_when_it_is_on_disk() {
    let mut story = town();
    let send = |to: &str| TextCommand::Send {
        by: UserId(100_001),
        for_others: true,
        from: Some("2002".to_owned()),
        to: to.to_owned(),
        text: "by REST".to_owned(),
    };
    let result = |reply: Option<TextReply>| reply.map(|reply| reply.result);
    assert!(matches!(result(story.sends(send("2001"))), Some(Ok(_))));
    assert!(matches!(
        result(story.sends(send("34600000001"))),
        Some(Ok(_))
    ));
    let unknown = Some(Err(TextRefusal::UnknownNumber));
    assert_eq!(result(story.sends(send("x"))), unknown);
    let inbound = TextCommand::Inbound {
        from: "+34 600-000-001".to_owned(),
        to: "+34910000002".to_owned(),
        text: "by a carrier".to_owned(),
    };
    assert!(matches!(result(story.sends(inbound)), Some(Ok(_))));
    let told = story.end().unwrap();
    assert_eq!(told.events.len(), 2);
    assert_told(&told, 0, Some(100_001), ("2002", "2001"), "by REST");
    let numbers = ("34600000001", "34910000002");
    assert_told(&told, 1, Some(100_002), numbers, "by a carrier");
    let by_rest = [("2001", "by REST"), ("Olga", "by REST")];
    assert_eq!(taken(&told)[..2], by_rest);
    assert_eq!(taken(&told)[2..], [("2002", "by a carrier")]);
}
