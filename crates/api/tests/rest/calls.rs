//! `/calls`

use std::sync::Arc;

use offhook_api::ports::{CallControlError, LiveCall, LiveParty};
use offhook_base::{CallId, Wall};
use serde_json::{Value, json};

use crate::world::{ADMIN, ADMIN_ID, START, USER, USER_ID, World, filter};

fn call(id: u64, state: &str, src_id: &str, dst_id: &str) -> Arc<LiveCall> {
    let party = |number: &str, id: &str| LiveParty {
        number: number.to_owned(),
        id: id.to_owned(),
        name: "Ana".to_owned(),
        ua: "Softphone/1.0".to_owned(),
        codec: "PCMA".to_owned(),
        contact: "sip:a@192.0.2.1".to_owned(),
        call_id: "abc".to_owned(),
    };
    Arc::new(LiveCall {
        id: CallId(id),
        root_id: CallId(id),
        parent_id: None,
        state: state.to_owned(),
        context: "LOCAL_USER".to_owned(),
        destination: "in".to_owned(),
        clid: "\"Ana\" <100>".to_owned(),
        start_time: START,
        connected_at: (state == "CONNECTED").then_some(Wall(START.0 + 7_900_000)),
        src: party("100", src_id),
        dst: party("101", dst_id),
        queue_state: String::new(),
        referred_by: String::new(),
        monitor_state: 0,
    })
}

fn up(calls: &[Arc<LiveCall>]) -> World {
    let world = World::new();
    world.played.live.lock().unwrap().extend_from_slice(calls);
    world.pass(std::time::Duration::from_secs(18));
    world
}

#[tokio::test]
async fn a_live_call_has_every_field_of_the_contract_with_its_type() {
    let world = up(&[call(139_543_232, "CONNECTED", "0", &USER_ID.to_string())]);
    let row = json!({
        "id": 139_543_232, "root_id": 139_543_232, "parent_id": null, "state": "CONNECTED", "context": "LOCAL_USER", "destination": "in",
        "clid": "\"Ana\" <100>", "start_time": 1_700_000_000, "connected_at": 1_700_000_007, "duration": 11,
        "src": "100", "src_id": "0", "src_name": "Ana", "src_ua": "Softphone/1.0", "src_codec": "PCMA", "src_contact": "sip:a@192.0.2.1",
        "src_call_id": "abc", "dst": "101", "dst_id": "100002", "dst_name": "Ana", "dst_ua": "Softphone/1.0", "dst_codec": "PCMA",
        "dst_contact": "sip:a@192.0.2.1", "dst_call_id": "abc", "queue_state": "", "referred_by": "", "monitor_state": 0,
    });
    assert_eq!(
        world.get("/calls/139543232").await.expect(200),
        json!({"data": row, "links": {}})
    );
    assert_eq!(
        world.get("/calls").await.expect(200),
        json!({"data": [row], "total": 1})
    );
    assert_eq!(
        world
            .send("GET", "/calls", USER, Value::Null)
            .await
            .expect(200)["total"],
        1
    );
    let (_, message) = world.get("/calls/7").await.error(404, "not_found");
    assert_eq!(message, "Resource not found");
    world.end();
}

#[tokio::test]
async fn live_calls_take_the_same_filters_as_stored_ones() {
    let world = up(&[
        call(3, "RINGING", "0", "0"),
        call(1, "CONNECTED", "0", "0"),
        call(2, "CONNECTED", "0", "0"),
    ]);
    let ids = async |query: &str| {
        let page = world.get(&format!("/calls?{query}")).await.expect(200);
        let ids: Vec<_> = page["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["id"].as_u64().unwrap())
            .collect();
        (ids, page["total"].as_u64().unwrap())
    };
    assert_eq!(ids("").await, (vec![1, 2, 3], 3));
    assert_eq!(ids("sort=id&dir=DESC&limit=2").await, (vec![3, 2], 3));
    let connected = filter(
        &json!([{"property": "state", "operator": "eq", "value": "CONNECTED"}, {"property": "id", "operator": "gt", "value": "1"}]),
    );
    assert_eq!(ids(&format!("filter={connected}")).await, (vec![2], 1));
    let never = filter(&json!([{"property": "connected_at", "operator": "lte", "value": 0}]));
    assert_eq!(ids(&format!("filter={never}")).await, (vec![], 0));
    let wrong = filter(&json!([{"property": "src_rate", "operator": "eq", "value": 1}]));
    world
        .get(&format!("/calls?filter={wrong}"))
        .await
        .error(400, "filtration_error");
    world.end();
}

#[tokio::test]
async fn a_hang_up_answers_once_the_end_is_committed() {
    let world = up(&[call(
        1,
        "CONNECTED",
        &ADMIN_ID.to_string(),
        &USER_ID.to_string(),
    )]);
    let answer = |result| *world.played.hangup.lock().unwrap() = Some(result);
    answer(Ok(()));
    assert_eq!(world.delete("/calls/1").await.expect(204), Value::Null);
    answer(Ok(()));
    world
        .send("DELETE", "/calls/1", USER, Value::Null)
        .await
        .expect(204);
    assert_eq!(
        *world.played.hung_up.lock().unwrap(),
        [(CallId(1), ADMIN_ID), (CallId(1), USER_ID)]
    );
    answer(Err(CallControlError::NotFound));
    world.delete("/calls/1").await.error(404, "not_found");
    answer(Err(CallControlError::Conflict("is over")));
    world.delete("/calls/1").await.error(409, "conflict");
    answer(Err(CallControlError::Unavailable));
    world.delete("/calls/1").await.error(503, "unavailable");
    world.delete("/calls/2").await.error(404, "not_found");
    world.end();
}

#[tokio::test(start_paused = true)]
async fn a_call_thread_that_does_not_answer_is_503_after_two_seconds() {
    let world = up(&[call(1, "CONNECTED", "0", "0")]);
    let before = tokio::time::Instant::now();
    let reply = world.send("DELETE", "/calls/1", ADMIN, Value::Null).await;
    reply.error(503, "unavailable");
    assert_eq!(before.elapsed().as_secs(), 2);
    assert_eq!(reply.headers["retry-after"], "1");
    world.end();
}

#[tokio::test]
async fn a_user_sees_and_ends_own_calls_only() {
    let world = up(&[
        call(1, "CONNECTED", &ADMIN_ID.to_string(), "0"),
        call(2, "RINGING", "0", &USER_ID.to_string()),
    ]);
    let page = world
        .send("GET", "/calls", USER, Value::Null)
        .await
        .expect(200);
    assert_eq!(
        (&page["total"], &page["data"][0]["id"]),
        (&json!(1), &json!(2))
    );
    world
        .send("GET", "/calls/1", USER, Value::Null)
        .await
        .error(404, "not_found");
    world
        .send("DELETE", "/calls/1", USER, Value::Null)
        .await
        .error(404, "not_found");
    assert!(world.played.hung_up.lock().unwrap().is_empty());
    world.end();
}
