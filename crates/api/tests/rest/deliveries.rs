//! `/deliveries`

use std::time::Duration;

use bytes::Bytes;
use offhook_api::ports::DeliveryControlError;
use offhook_base::{DeliveryId, Wall, WebhookId};
use offhook_store::{
    AttemptRecord, AttemptsWriter, DeliveryState, FinishedDelivery, RoutedDelivery,
};
use serde_json::{Value, json};

use crate::world::{START, World, filter};

fn routed(id: u64, webhook: u32) -> RoutedDelivery {
    RoutedDelivery {
        id: DeliveryId(id),
        webhook: WebhookId(webhook),
        prev_seq: 0,
        held: false,
    }
}

/// Delivery 1 waits, delivery 2 failed after one attempt.
fn delivered() -> World {
    let mut world = World::new();
    let event = world.commit(1, 11, vec![routed(1, 1)]);
    let attempts = AttemptsWriter::start(world.dir.path(), START, 64).unwrap();
    attempts.handle().attempt(AttemptRecord {
        delivery: DeliveryId(2),
        n: 1,
        at: START,
        ms: 12,
        status: Some(500),
        error: None,
        request_headers: vec![("webhook-id".to_owned(), "n1".to_owned())],
        response_headers: vec![("server".to_owned(), "x".to_owned())],
        response_body: Bytes::from_static(b"oops \xff"),
    });
    let finished = FinishedDelivery {
        id: DeliveryId(2),
        webhook: WebhookId(2),
        event,
        prev_seq: 0,
        state: DeliveryState::Failed,
        reason: Some("status 500".to_owned()),
        replayed: false,
        finished_at: Wall(START.0 + 1),
    };
    attempts.handle().finished(finished).unwrap();
    assert!(attempts.shutdown());
    world
}

#[tokio::test]
async fn a_delivery_shows_its_event_and_every_attempt() {
    let world = delivered();
    let data = world.get("/deliveries/2").await.expect(200)["data"].clone();
    let attempt = json!({
        "n": 1, "at": "2023-11-14 22:13:20", "ms": 12, "status": 500, "error": null, "request_headers": {"webhook-id": "n1"},
        "response_headers": {"server": "x"}, "response_body": "oops \u{fffd}",
    });
    let expected = json!({
        "id": 2, "webhook_id": 2, "event_id": "n1.00000000000010.00000001", "event_name": "call.ringing", "call_id": 11, "root_call_id": 11,
        "seq": 1, "state": "failed", "reason": "status 500", "replayed": false, "attempts": [attempt], "next_attempt_at": null,
        "body": "{\"call_id\":11,\"seq\":1}",
    });
    assert_eq!(data, expected);
    let waiting = world.get("/deliveries/1").await.expect(200)["data"].clone();
    assert_eq!(
        (&waiting["state"], &waiting["attempts"]),
        (&json!("pending"), &json!([]))
    );
    assert!(waiting["next_attempt_at"].is_string());
    world.get("/deliveries/3").await.error(404, "not_found");
    world.end();
}

#[tokio::test]
async fn deliveries_are_filtered_by_what_they_are_of() {
    let world = delivered();
    let ids = async |conditions: Value| {
        let page = world
            .get(&format!(
                "/deliveries?sort=-id&filter={}",
                filter(&conditions)
            ))
            .await
            .expect(200);
        let ids: Vec<_> = page["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["id"].as_u64().unwrap())
            .collect();
        assert_eq!(page["total"].as_u64().unwrap(), ids.len() as u64);
        ids
    };
    let eq = |property: &str, value: Value| json!({"property": property, "operator": "eq", "value": value});
    assert_eq!(ids(json!([])).await, [2, 1]);
    assert_eq!(ids(json!([eq("webhook_id", json!("1"))])).await, [1]);
    assert_eq!(ids(json!([eq("state", json!("failed"))])).await, [2]);
    assert_eq!(
        ids(json!([
            eq("state", json!("failed")),
            eq("state", json!("pending"))
        ]))
        .await,
        [0_u64; 0]
    );
    assert_eq!(ids(json!([eq("state", json!("lost"))])).await, [0_u64; 0]);
    assert_eq!(
        ids(json!([
            eq("call_id", json!(11)),
            eq("root_call_id", json!(11)),
            eq("event_name", json!("call.ringing"))
        ]))
        .await,
        [2, 1]
    );
    assert_eq!(ids(json!([eq("call_id", json!(-1))])).await, [0_u64; 0]);
    assert_eq!(
        ids(json!([eq("event_id", json!("n1.00000000000010.00000001"))])).await,
        [2, 1]
    );
    let at = |operator: &str, value: &str| json!([{"property": "event_time", "operator": operator, "value": value}]);
    assert_eq!(ids(at("gte", "2023-11-14 22:13:20")).await, [2, 1]);
    assert_eq!(ids(at("gt", "2023-11-14 22:13:20")).await, [0_u64; 0]);
    assert_eq!(ids(at("lt", "2023-11-14 22:13:20")).await, [0_u64; 0]);
    assert_eq!(ids(at("eq", "2023-11-14 22:13:20")).await, [2, 1]);
    for (wrong, field) in [
        (eq("id", json!(1)), "filter[0].operator"),
        (
            json!({"property": "state", "operator": "like", "value": "f"}),
            "filter[0].operator",
        ),
        (eq("body", json!("x")), "filter[0].property"),
    ] {
        let reply = world
            .get(&format!("/deliveries?filter={}", filter(&json!([wrong]))))
            .await;
        assert_eq!(reply.error(400, "filtration_error").0, field);
    }
    assert_eq!(
        world
            .get("/deliveries?sort=state")
            .await
            .error(400, "filtration_error")
            .0,
        "sort"
    );
    world.end();
}

#[tokio::test]
async fn a_delivery_is_sent_again_on_demand() {
    let world = delivered();
    assert_eq!(
        world
            .post("/deliveries/2/resend", Value::Null)
            .await
            .expect(200)["data"]["id"],
        2
    );
    assert_eq!(*world.played.resent.lock().unwrap(), [DeliveryId(2)]);
    *world.played.resend.lock().unwrap() = Some(Err(DeliveryControlError::Conflict));
    assert_eq!(
        world
            .post("/deliveries/1/resend", json!({}))
            .await
            .error(409, "conflict")
            .0,
        "state"
    );
    *world.played.resend.lock().unwrap() = Some(Err(DeliveryControlError::Unavailable));
    world
        .post("/deliveries/1/resend", Value::Null)
        .await
        .error(503, "unavailable");
    world
        .post("/deliveries/9/resend", Value::Null)
        .await
        .error(404, "not_found");
    world.pass(Duration::from_secs(1));
    world.end();
}
