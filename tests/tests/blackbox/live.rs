//! The same call by REST while it is up, and ended by it.

use std::time::Duration;

use offhook_tests::{Rest, Site, free_port};
use serde_json::Value;

use crate::{CONNECTED, INITIAL, RINGING, assert_flow};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_read_while_it_is_up_and_hung_up_by_rest() {
    let site = Site::start().await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    let phone = site.phone_of(&bob, site.sipp("uas_answered")).await;
    let caller = site.caller("uac_answered_far_end", &alice, "2002").start();

    let event = site
        .receiver
        .wait_for("call.connected", Duration::from_secs(20), |received| {
            received
                .iter()
                .map(|request| &request.event)
                .find(|event| event["event_name"] == "call.connected")
                .cloned()
        })
        .await;
    let path = format!("/calls/{}", event["call_id"]);
    let live = site.rest.get(&path).await.expect(200)["data"].clone();
    assert_eq!(live["id"], event["call_id"]);
    for field in [
        "state",
        "context",
        "destination",
        "clid",
        "src",
        "src_id",
        "src_name",
        "dst",
        "dst_id",
        "dst_name",
    ] {
        assert_eq!(live[field], event[field], "{field}");
    }
    assert_eq!(live["dst_ua"], "sipp");
    assert!(
        live["connected_at"].is_u64() && live["start_time"].is_u64(),
        "{live}"
    );
    let list = site.rest.get("/calls").await.expect(200);
    assert_eq!(
        (&list["total"], &list["data"][0]["id"]),
        (&1.into(), &event["call_id"])
    );

    assert_eq!(site.rest.delete(&path).await.expect(204), Value::Null);
    caller.finish().await;
    phone.finish().await;
    let call = site.the_call(&alice, "2002").await;
    let end = "4 call.hangup HANGUP: Manager Request by api (16 MANAGER_REQUEST 200), final";
    assert_flow(&call, &[INITIAL, RINGING, CONNECTED, end]);
    assert_eq!(site.cdr(&call).await["disposition"], "CONNECTED");
    let gone = site.rest.get(&path).await.expect(404);
    assert_eq!(gone["message"], "Resource not found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_event_tells_can_be_read_before_it_is_answered() {
    let site = Site::start_with("never", "").await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    let port = free_port();
    site.register(&bob, port).await;
    for _ in 0..10 {
        let before = offhook_tests::calls_of(&site.receiver.received(), "/calls").len();
        let phone = site.sipp("uas_answered").port(port).listen().await;
        let caller = site.caller("uac_answered", &alice, "2002").start();
        let last = site
            .receiver
            .wait_for("the call's end", Duration::from_secs(20), |received| {
                let calls = offhook_tests::calls_of(received, "/calls");
                calls.get(before).filter(|call| call.is_over()).cloned()
            })
            .await;
        assert_eq!(site.cdr(&last).await["live_id"], last.root);
        caller.finish().await;
        phone.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_sees_own_calls_only() {
    let site = Site::start().await;
    let [alice, _] = site.users(["2001", "2002"]).await;
    site.user("2003").await;
    site.refused(&alice, "2002", "480").await;
    let call = site.the_call(&alice, "2002").await;

    let password = serde_json::json!({"password": "a password of many words"});
    for user in site.rest.get("/users?limit=100").await.expect(200)["data"]
        .as_array()
        .unwrap()
    {
        if user["email"] != "admin@localhost" {
            let path = format!("/users/{}", user["id"]);
            site.rest.patch(&path, password.clone()).await.expect(200);
        }
    }
    let mut seen = Vec::new();
    for ext in ["2001", "2002", "2003"] {
        let user = Rest::login(
            site.offhook.http(),
            &format!("{ext}@localhost"),
            "a password of many words",
        )
        .await;
        seen.push(
            user.filter("cdrs", &[("live_id", "eq", call.root.into())])
                .await
                .len(),
        );
        assert_eq!(user.get("/webhooks").await.status, 403);
    }
    assert_eq!(
        seen,
        [1, 1, 0],
        "caller and called user may read it, a third may not"
    );
}
