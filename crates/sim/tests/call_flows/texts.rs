//! Texts: one event each, which belongs to no call.

use offhook_sim::story::{Stage, Story, Told};
use serde_json::{Value, json};

const LONDON: &str = "442079460123";
const OURS: &str = "441632960001";

fn outside() -> Story {
    Stage::new()
        .user("2001")
        .user("2002")
        .outsider("Lou", LONDON)
        .number(OURS, "2002")
        .begin()
}

/// 2001 sends a text to 2002.
pub(crate) fn received() -> Told {
    let mut story = outside();
    story.texts("2001", "2002", "Are you coming?");
    story.end().unwrap()
}

#[track_caller]
fn assert_received(told: &Told, (from, to): (&str, &str), text: &str) {
    let [event] = &told.events[..] else {
        panic!("{:?}", told.events);
    };
    let expected = json!({
        "id": event["id"],
        "event_time": event["event_time"],
        "event_name": "sms.received",
        "customer_id": 100_001,
        "user_id": 100_002,
        "from_no": from,
        "to_no": to,
        "text": text,
    });
    assert_eq!(*event, expected);
    assert_eq!(told.cdrs, []);
}

#[test]
fn a_text_to_a_user() {
    assert_received(&received(), ("2001", "2002"), "Are you coming?");
}

#[test]
fn a_text_from_outside() {
    let mut story = outside();
    story.texts("Lou", OURS, "Hello");
    assert_received(&story.end().unwrap(), (LONDON, OURS), "Hello");
}

#[test]
fn a_text_to_the_outside_has_no_event() {
    let mut story = outside();
    story.texts("2001", LONDON, "Hello");
    assert_eq!(story.end().unwrap().events, Vec::<Value>::new());
}
