//! Text messages.

use std::time::Duration;

use offhook_api::ports::{CarrierText, NewText, TextError};
use offhook_base::{
    CallId, EventName, EventRecord, SmsDirection, SmsId, SmsRecord, SmsStatus, UserId,
};
use serde_json::{Value, json};

use crate::world::{ADMIN, ADMIN_ID, START, USER, USER_ID, World, event, filter};

pub fn text(id: u64, from_user: Option<UserId>, to_user: Option<UserId>) -> SmsRecord {
    SmsRecord {
        id: SmsId(id),
        created_at: START,
        from: from_user.map_or("34600000001", |_| "100").to_owned(),
        to: "101".to_owned(),
        from_user,
        to_user,
        direction: SmsDirection::In,
        text: "Hi,\nlunch?".to_owned(),
        status: SmsStatus::Received,
    }
}

#[tokio::test]
async fn a_text_has_the_fields_of_the_contract() {
    let world = World::new();
    world.text(1, &text(11, Some(ADMIN_ID), Some(USER_ID)));
    let row = json!({
        "id": 11, "created_at": "2023-11-14 22:13:20", "from": "100", "to": "101", "type": "in", "message": "Hi,\nlunch?",
        "status": "received",
    });
    assert_eq!(world.get("/sms/11").await.expect(200)["data"], row);
    let list = world.get("/sms").await.expect(200);
    assert_eq!(list, json!({"data": [row], "total": 1}));
    let shown = world.get("/sms?fields[sms]=id,status").await.expect(200);
    assert_eq!(shown["data"][0], json!({"id": 11, "status": "received"}));
    world.get("/sms/12").await.error(404, "not_found");
    world.end();
}

#[tokio::test]
async fn a_user_reads_own_texts_only_and_lists_are_filtered() {
    let world = World::new();
    let other = UserId(100_009);
    world.text(1, &text(11, Some(ADMIN_ID), Some(USER_ID)));
    world.text(2, &text(12, Some(USER_ID), Some(other)));
    world.text(3, &text(13, None, Some(other)));
    world.text(4, &text(14, None, None));
    let ids = |reply: Value| -> Vec<u64> {
        let data = reply["data"].as_array().unwrap();
        data.iter().map(|row| row["id"].as_u64().unwrap()).collect()
    };
    let mine = world
        .send("GET", "/sms", USER, Value::Null)
        .await
        .expect(200);
    assert_eq!(ids(mine), [11, 12]);
    let not_mine = world.send("GET", "/sms/13", USER, Value::Null).await;
    not_mine.error(404, "not_found");
    let outsiders = filter(&json!([{"property": "from", "operator": "like", "value": "346"}]));
    let page = world
        .get(&format!("/sms?filter={outsiders}&sort=-id"))
        .await;
    assert_eq!(ids(page.expect(200)), [14, 13]);
    let wrong = filter(&json!([{"property": "text", "operator": "eq", "value": "x"}]));
    let refused = world.get(&format!("/sms?filter={wrong}")).await;
    refused.error(400, "filtration_error");
    world.end();
}

#[tokio::test]
async fn post_sms_is_answered_201_once_the_row_can_be_read() {
    let world = World::new();
    let body = json!({"to": "101", "message": "Hi,\nlunch?"});
    let post = world.send("POST", "/sms", USER, body);
    let copied = async {
        // The text is committed; the projector is behind.
        tokio::task::yield_now().await;
        world.text(1, &text(70, None, None));
        tokio::task::yield_now().await;
        world.text(2, &text(77, Some(USER_ID), Some(ADMIN_ID)));
    };
    let (made, ()) = tokio::join!(post, copied);
    let made = made.expect(201);
    assert_eq!(made["data"]["id"], 77);
    assert_eq!(made["links"], json!({}));
    let sent = std::mem::take(&mut *world.played.sent_texts.lock().unwrap());
    let expected = NewText {
        by: USER_ID,
        for_others: false,
        from: None,
        to: "101".to_owned(),
        text: "Hi,\nlunch?".to_owned(),
    };
    assert_eq!(sent, [expected]);
    let body = json!({"to": "101", "message": "x", "from": "34900001"});
    world.post("/sms", body).await.expect(201);
    let sent = world.played.sent_texts.lock().unwrap();
    assert!(sent[0].for_others && sent[0].from.as_deref() == Some("34900001"));
    drop(sent);
    world.end();
}

#[tokio::test(start_paused = true)]
async fn a_row_that_does_not_come_is_503() {
    let world = World::new();
    let body = json!({"to": "101", "message": "x"});
    let begun = tokio::time::Instant::now();
    world.post("/sms", body).await.error(503, "unavailable");
    assert_eq!(begun.elapsed().as_secs(), Duration::from_secs(2).as_secs());
    world.end();
}

#[tokio::test]
async fn a_carrier_hands_over_a_text() {
    let world = World::new();
    world.text(1, &text(77, None, Some(USER_ID)));
    let body = json!({"from": "+34600000001", "to": "34900002", "text": "x"});
    let made = world.post("/sms/inbound", body.clone()).await.expect(201);
    assert_eq!(made["data"]["from"], "34600000001");
    let handed = world.played.carrier_texts.lock().unwrap().clone();
    let expected = CarrierText {
        from: "+34600000001".to_owned(),
        to: "34900002".to_owned(),
        text: "x".to_owned(),
    };
    assert_eq!(handed, [expected]);
    let refused = world.send("POST", "/sms/inbound", USER, body).await;
    refused.error(403, "access_denied");
    world.end();
}

#[tokio::test]
async fn what_is_wrong_is_told_by_field() {
    let world = World::new();
    let bad = [
        (json!({}), "to", "must be given"),
        (json!({"to": "101"}), "message", "must be given"),
        (json!({"to": "", "message": "x"}), "to", "must not be empty"),
        (
            json!({"to": 101, "message": "x"}),
            "to",
            "must be a string, not a number",
        ),
        (
            json!({"to": "101", "message": " \n"}),
            "message",
            "must not be empty",
        ),
        (
            json!({"to": "101", "message": "\u{0}"}),
            "message",
            "must not hold control characters",
        ),
        (
            json!({"to": "101", "message": "x", "text": "y"}),
            "text",
            "is not a field of this resource",
        ),
    ];
    for (body, field, message) in bad {
        let reply = world.post("/sms", body).await;
        let complaint = reply.error(400, "validation_failed");
        assert_eq!(complaint, (field.to_owned(), message.to_owned()));
    }
    let reply = world
        .post("/sms/inbound", json!({"from": "1", "to": "2"}))
        .await;
    assert_eq!(reply.error(400, "validation_failed").0, "text");
    assert!(world.played.sent_texts.lock().unwrap().is_empty());
    let refusals = [
        (TextError::Empty, 400, "validation_failed", "message"),
        (TextError::NotYours, 400, "validation_failed", "from"),
        (TextError::TooLong, 413, "text_too_long", "message"),
        (TextError::UnknownNumber, 404, "unknown_number", "to"),
        (TextError::Unavailable, 503, "unavailable", "server"),
    ];
    for (error, status, code, field) in refusals {
        *world.played.text.lock().unwrap() = Some(Err(error));
        let reply = world
            .post("/sms", json!({"to": "101", "message": "x"}))
            .await;
        assert_eq!(reply.error(status, code).0, field);
    }
    let huge = json!({"to": "101", "message": "x".repeat(70_000)});
    world.post("/sms", huge).await.error(413, "body_too_large");
    world.end();
}

#[tokio::test]
async fn a_text_is_no_call_and_its_event_is_read_and_subscribed_like_any_other() {
    let mut world = World::new();
    let received = EventRecord {
        seq: None,
        context: "".into(),
        is_final: true,
        ..event(1, 11, EventName::SmsReceived)
    };
    assert_eq!(received.root, CallId(11));
    world.commit_all(vec![(received, vec![])]);
    world.text(1, &text(11, None, Some(USER_ID)));
    let events = world.get("/events").await.expect(200);
    assert_eq!(events["data"].as_array().unwrap().len(), 1);
    for path in [
        "/calls/11",
        "/calls/11/flow",
        "/calls/11/flow.svg",
        "/cdrs/1",
    ] {
        world.get(path).await.error(404, "not_found");
    }
    let hook = json!({"name": "a", "url": "https://a.example/", "events": ["sms.received"]});
    let made = world
        .send("POST", "/webhooks", ADMIN, hook)
        .await
        .expect(201);
    assert_eq!(made["data"]["events"], json!(["sms.received"]));
    world.end();
}
