//! `/integrations/webhooks` and `/webhooks`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use offhook_api::ports::{ConfigChange, Exchange, Recover, TestOutcome};
use offhook_base::{DeliveryId, Wall, WebhookId};
use offhook_store::{AttemptsWriter, DeliveryState, FinishedDelivery, WebhookHealth, WebhookState};
use serde_json::{Value, json};

use crate::world::{START, World};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn body() -> Value {
    json!({"name": "CRM", "url": "https://user:pass@crm.example/hook", "events": ["call.state_change", "call.missed"]})
}

fn failure(reason: &str) -> TestOutcome {
    let pairs = |list: &[(&str, &str)]| {
        list.iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    };
    TestOutcome {
        failure: Some(reason.to_owned()),
        exchange: Exchange {
            request_headers: pairs(&[("webhook-id", "n1.1")]),
            request_body: "{}".to_owned(),
            status: Some(500),
            response_headers: pairs(&[("set-cookie", "a"), ("set-cookie", "b")]),
            response_body: "oops".to_owned(),
            ms: 12,
        },
    }
}

#[tokio::test]
async fn a_webhook_is_tried_out_saved_and_its_secret_told_once() {
    let world = World::new();
    let made = world.post("/webhooks", body()).await.expect(201);
    let secret = made["data"]["secret"].as_str().unwrap().to_owned();
    let key = STANDARD
        .decode(secret.strip_prefix("whsec_").unwrap())
        .unwrap();
    assert_eq!(key.len(), 32);
    let expected = json!({
        "id": 1, "name": "CRM", "url": "https://user:pass@crm.example/hook", "events": ["call.state_change", "call.missed"], "contexts": [],
        "active": true, "state": "active", "disabled_reason": null, "order": "bounded", "timeout_ms": 10_000, "headers": {},
        "created_at": "2023-11-14 22:13:20", "last_delivery_at": null,
    });
    assert_eq!(
        world.get("/webhooks/1").await.expect(200),
        json!({"data": expected, "links": {}})
    );
    assert!(!world.get("/webhooks").await.text.contains("secret"));
    let tested = std::mem::take(&mut *world.played.tested.lock().unwrap());
    assert_eq!(
        (tested[0].webhook, tested[0].url.as_str()),
        (WebhookId(1), "https://user:pass@crm.example/hook")
    );
    assert_eq!(tested[0].secrets[0].expose(), &secret);
    match &world.played.changes.lock().unwrap()[..] {
        [ConfigChange::Webhook(webhook)] => assert_eq!(webhook.secrets[0].secret.expose(), &secret),
        other => panic!("{other:?}"),
    }
    world.end();
}

#[tokio::test]
async fn one_that_does_not_answer_is_not_saved_and_the_exchange_is_shown() {
    let world = World::new();
    world
        .played
        .outcomes
        .lock()
        .unwrap()
        .push_back(failure("status: the receiver answered 500"));
    let mut inactive = body();
    inactive["active"] = json!(false);
    let reply = world.post("/webhooks", inactive.clone()).await;
    assert_eq!(
        reply.error(400, "validation_failed"),
        (
            "url".to_owned(),
            "status: the receiver answered 500".to_owned()
        )
    );
    let exchange = json!({
        "request_headers": {"webhook-id": "n1.1"}, "request_body": "{}", "status": 500,
        "response_headers": {"set-cookie": "a, b"}, "response_body": "oops", "ms": 12,
    });
    assert_eq!(reply.json()["errors"][0]["exchange"], exchange);
    assert_eq!(world.get("/webhooks").await.expect(200)["total"], 0);
    assert!(world.played.told().is_empty());

    assert_eq!(
        world.post("/webhooks", inactive).await.expect(201)["data"]["id"],
        1
    );
    world.played.told();
    world
        .played
        .outcomes
        .lock()
        .unwrap()
        .push_back(failure("DNS: no such host"));
    world
        .patch("/webhooks/1", json!({"url": "https://other.example/"}))
        .await
        .error(400, "validation_failed");
    assert_eq!(
        world.get("/webhooks/1").await.expect(200)["data"]["url"],
        "https://user:pass@crm.example/hook"
    );
    assert!(world.played.told().is_empty());
    world.end();
}

#[tokio::test]
async fn only_a_changed_address_is_tried_out_again() {
    let world = World::new();
    world.post("/webhooks", body()).await.expect(201);
    world.played.tested.lock().unwrap().clear();
    let patch = json!({
        "name": "B", "url": "https://user:pass@crm.example/hook", "events": ["call.dtmf"], "contexts": ["QUEUE", "RG-83502"], "active": false,
        "order": "strict", "timeout_ms": 1_000, "headers": {"X-Key": "k"},
    });
    let data = world.patch("/webhooks/1", patch.clone()).await.expect(200)["data"].clone();
    for (name, value) in patch.as_object().unwrap() {
        assert_eq!(&data[name], value);
    }
    assert!(world.played.tested.lock().unwrap().is_empty());
    world
        .patch("/webhooks/1", json!({"url": "https://new.example/"}))
        .await
        .expect(200);
    let tested = world.played.tested.lock().unwrap();
    assert_eq!(
        (tested.len(), tested[0].headers.as_slice()),
        (1, &[("X-Key".to_owned(), "k".to_owned())][..])
    );
    drop(tested);
    world.end();
}

/// Field, wrong value, the field that is named, a part of the complaint.
fn faults() -> Vec<(&'static str, Value, &'static str, &'static str)> {
    let mut all = url_and_event_faults();
    all.extend(other_faults());
    all
}

fn url_and_event_faults() -> Vec<(&'static str, Value, &'static str, &'static str)> {
    vec![
        ("name", json!(""), "name", "must not be empty"),
        (
            "url",
            json!("http://a.example/"),
            "url",
            "must begin with https://",
        ),
        ("url", json!("https://"), "url", "is not an address"),
        ("url", json!("https://a b/"), "url", "is not an address"),
        (
            "url",
            json!("https://a\r\nX: y/"),
            "url",
            "control characters",
        ),
        ("events", json!([]), "events", "at least one"),
        (
            "events",
            json!("call.missed"),
            "events",
            "must be an array of strings, not a string",
        ),
        (
            "events",
            json!(["call.missed", "call.nothing"]),
            "events[1]",
            "not a category",
        ),
        (
            "events",
            json!([1]),
            "events[0]",
            "must be a string, not a number",
        ),
        (
            "contexts",
            json!(["QUEUE", "RG-x"]),
            "contexts[1]",
            "must be one of",
        ),
    ]
}

fn other_faults() -> Vec<(&'static str, Value, &'static str, &'static str)> {
    vec![
        (
            "active",
            json!(1),
            "active",
            "must be true or false, not a number",
        ),
        (
            "order",
            json!("any"),
            "order",
            "must be one of strict, bounded, none",
        ),
        ("timeout_ms", json!(999), "timeout_ms", "from 1000 to 30000"),
        (
            "timeout_ms",
            json!(30_001),
            "timeout_ms",
            "from 1000 to 30000",
        ),
        (
            "timeout_ms",
            json!("1000"),
            "timeout_ms",
            "must be a number, not a string",
        ),
        (
            "headers",
            json!({"X Y": "1"}),
            "headers.X Y",
            "not the name of a header",
        ),
        (
            "headers",
            json!({"X-Y": "a\r\nB: c"}),
            "headers.X-Y",
            "printable ASCII",
        ),
        (
            "headers",
            json!({"X-Y": "a\0"}),
            "headers.X-Y",
            "printable ASCII",
        ),
        (
            "headers",
            json!({"X\r\nY": "a"}),
            "headers.XY",
            "not the name of a header",
        ),
        (
            "headers",
            json!({"Webhook-Signature": "a"}),
            "headers.Webhook-Signature",
            "set by the server",
        ),
        (
            "headers",
            json!({"content-length": "1"}),
            "headers.content-length",
            "set by the server",
        ),
        (
            "headers",
            json!({"X": 1}),
            "headers.X",
            "must be a string, not a number",
        ),
        (
            "secret",
            json!("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
            "secret",
            "whsec_",
        ),
        ("secret", json!("whsec_c2hvcnQ="), "secret", "24 to 64"),
        ("state", json!("active"), "state", "is not a field"),
    ]
}

#[tokio::test]
async fn every_field_has_its_rule() {
    let world = World::new();
    for (field, value, at, part) in faults() {
        let mut wrong = body();
        wrong[field] = value.clone();
        let (found, message) = world
            .post("/webhooks", wrong)
            .await
            .error(400, "validation_failed");
        assert_eq!(found, at, "{value}: {message}");
        assert!(message.contains(part), "{value}: {message}");
    }
    assert!(world.played.tested.lock().unwrap().is_empty());
    let mut chosen = body();
    chosen["secret"] = json!(SECRET);
    assert_eq!(
        world.post("/webhooks", chosen).await.expect(201)["data"]["secret"],
        SECRET
    );
    let (field, _) = world
        .patch("/webhooks/1", json!({"secret": SECRET}))
        .await
        .error(400, "validation_failed");
    assert_eq!(field, "secret");
    world.end();
}

#[tokio::test]
async fn a_rotated_secret_is_told_once_and_both_sign() {
    let world = World::new();
    let first = world.post("/webhooks", body()).await.expect(201)["data"]["secret"].clone();
    world.played.told();
    let second = world
        .post("/webhooks/1/rotate-secret", Value::Null)
        .await
        .expect(200)["data"]["secret"]
        .clone();
    assert_ne!(first, second);
    assert_eq!(world.played.told(), ["webhook 1 secrets=2"]);
    let third = world
        .post("/webhooks/1/rotate-secret", json!({"secret": SECRET}))
        .await
        .expect(200);
    assert_eq!(third["data"]["secret"], SECRET);
    assert_eq!(world.played.told(), ["webhook 1 secrets=2"]);
    world
        .post("/webhooks/9/rotate-secret", Value::Null)
        .await
        .error(404, "not_found");
    world.end();
}

#[tokio::test]
async fn a_test_on_demand_tells_how_it_went() {
    let world = World::new();
    world.post("/webhooks", body()).await.expect(201);
    let good = world
        .post("/webhooks/1/test", Value::Null)
        .await
        .expect(200);
    assert_eq!(
        (&good["data"]["delivered"], &good["data"]["reason"]),
        (&json!(true), &Value::Null)
    );
    world
        .played
        .outcomes
        .lock()
        .unwrap()
        .push_back(failure("timeout"));
    let bad = world.post("/webhooks/1/test", json!({})).await.expect(200);
    assert_eq!(
        (&bad["data"]["delivered"], &bad["data"]["reason"]),
        (&json!(false), &json!("timeout"))
    );
    assert_eq!(bad["data"]["exchange"]["response_body"], "oops");
    let (field, _) = world
        .post("/webhooks/1/test", json!({"x": 1}))
        .await
        .error(400, "validation_failed");
    assert_eq!(field, "x");
    world.end();
}

#[tokio::test]
async fn recovering_names_the_time_and_the_kind() {
    let world = World::new();
    world.post("/webhooks", body()).await.expect(201);
    let reply = world
        .post(
            "/webhooks/1/recover",
            json!({"since": "2023-11-14T22:13:20Z", "only": "all", "dry_run": true}),
        )
        .await;
    assert_eq!(
        reply.expect(200)["data"],
        json!({"count": 7, "dry_run": true})
    );
    let asked = world.played.recovered.lock().unwrap().pop().unwrap();
    assert_eq!(
        asked,
        (
            WebhookId(1),
            Recover {
                since: START,
                until: None,
                all: true,
                dry_run: true
            }
        )
    );
    for (wrong, field) in [
        (json!({}), "since"),
        (json!({"since": "yesterday"}), "since"),
        (
            json!({"since": "2023-01-02", "until": "2023-01-01"}),
            "until",
        ),
        (json!({"since": "2023-01-02", "only": "some"}), "only"),
    ] {
        assert_eq!(
            world
                .post("/webhooks/1/recover", wrong)
                .await
                .error(400, "validation_failed")
                .0,
            field
        );
    }
    world
        .post("/webhooks/9/recover", json!({"since": "2023-01-02"}))
        .await
        .error(404, "not_found");
    world.end();
}

#[tokio::test]
async fn health_is_shown_and_the_integration_is_switched() {
    let world = World::new();
    world.post("/webhooks", body()).await.expect(201);
    let health = WebhookHealth {
        id: WebhookId(1),
        state: WebhookState::Disabled,
        disabled_reason: Some("the receiver answered 410".to_owned()),
        last_delivery_at: Some(Wall(START.0 + 1_000_000)),
    };
    world.db.note_health(&[health]).unwrap();
    let data = world.get("/webhooks/1").await.expect(200)["data"].clone();
    assert_eq!(
        (&data["state"], &data["disabled_reason"]),
        (&json!("disabled"), &json!("the receiver answered 410"))
    );
    assert_eq!(data["last_delivery_at"], "2023-11-14 22:13:21");

    let shown = world.get("/integrations/webhooks").await.expect(200);
    assert_eq!(
        shown,
        json!({"data": {"enabled": true, "egress_addresses": ["192.0.2.9"]}, "links": {}})
    );
    world.played.told();
    assert_eq!(
        world
            .patch("/integrations/webhooks", json!({"enabled": false}))
            .await
            .expect(200)["data"]["enabled"],
        false
    );
    assert_eq!(
        world.get("/integrations/webhooks").await.expect(200)["data"]["enabled"],
        false
    );
    assert_eq!(world.played.told(), ["integration false"]);
    world.delete("/webhooks/1").await.expect(204);
    assert_eq!(world.played.told(), ["webhook 1 gone"]);
    world.end();
}

#[tokio::test]
async fn a_save_shows_what_its_test_sent_and_what_came_back() {
    let world = World::new();
    let accepted = || TestOutcome {
        failure: None,
        exchange: Exchange {
            status: Some(204),
            ..failure("").exchange
        },
    };
    world
        .played
        .outcomes
        .lock()
        .unwrap()
        .extend([accepted(), accepted()]);
    let made = world.post("/webhooks", body()).await.expect(201);
    let exchange = &made["data"]["exchange"];
    assert_eq!(
        (
            &exchange["status"],
            &exchange["request_headers"]["webhook-id"]
        ),
        (&json!(204), &json!("n1.1"))
    );
    let moved = world
        .patch("/webhooks/1", json!({"url": "https://new.example/"}))
        .await
        .expect(200);
    assert_eq!(moved["data"]["exchange"]["status"], 204);
    // Nothing was sent: there is nothing to show.
    let renamed = world
        .patch("/webhooks/1", json!({"name": "other"}))
        .await
        .expect(200);
    assert!(renamed["data"].get("exchange").is_none());
    assert!(
        world.get("/webhooks/1").await.expect(200)["data"]
            .get("exchange")
            .is_none()
    );
    world.end();
}

#[tokio::test]
async fn activity_has_the_last_24_hours_of_every_webhook() {
    let mut world = World::new();
    world.post("/webhooks", body()).await.expect(201);
    let event = world.commit(1, 11, Vec::new());
    let attempts = AttemptsWriter::start(world.dir.path(), START, 64).unwrap();
    let ended = |id: u64, state: DeliveryState, hours_ago: i64| FinishedDelivery {
        id: DeliveryId(id),
        webhook: WebhookId(1),
        event: event.clone(),
        prev_seq: 0,
        state,
        reason: None,
        replayed: false,
        finished_at: Wall(START.0 - hours_ago * 3_600_000_000),
    };
    for one in [
        ended(1, DeliveryState::Delivered, 0),
        ended(2, DeliveryState::Delivered, 0),
        ended(3, DeliveryState::Failed, 0),
        ended(4, DeliveryState::Expired, 2),
        ended(5, DeliveryState::Delivered, 30),
    ] {
        attempts.handle().finished(one).unwrap();
    }
    assert!(attempts.shutdown());
    let page = world.get("/webhooks/activity").await.expect(200);
    assert_eq!(
        (&page["total"], &page["data"][0]["webhook_id"]),
        (&json!(1), &json!(1))
    );
    let hours = page["data"][0]["hours"].as_array().unwrap();
    assert_eq!(hours.len(), 24);
    assert_eq!(
        hours[23],
        json!({"at": "2023-11-14 22:00:00", "delivered": 2, "failed": 1})
    );
    assert_eq!(
        hours[21],
        json!({"at": "2023-11-14 20:00:00", "delivered": 0, "failed": 1})
    );
    let rest: u64 = hours
        .iter()
        .map(|hour| hour["delivered"].as_u64().unwrap())
        .sum();
    assert_eq!(rest, 2, "what ended before is on no bar");
    world.end();
}
