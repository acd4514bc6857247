//! What a trunk may carry, and whether it can be reached.

use std::time::Duration;

use offhook_tests::{CARRIER, Running, eventually, free_port};
use serde_json::{Value, json};

use super::{call_out, outwards, refused_in};
use crate::{assert_documented, assert_story};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trunk_has_so_many_calls_and_no_more_in_both_directions() {
    let (site, alice, carrier) = outwards(json!({"max_calls": 1})).await;
    site.ddi("34910000001", "user", alice.user_id).await;
    let first = site
        .caller("uac_answered_far_end", &alice, "600111222")
        .start();
    let up = site.event("call.connected", 0).await;
    site.refused(&alice, "600111333", "503").await;
    refused_in(&site, "34910000001", "503").await;
    site.hang_up(&up["call_id"]).await;
    first.finish().await;
    // There is room again.
    call_out(&site, &alice, "600111444").await;
    carrier.stop().await;

    let calls = site.calls(3).await;
    assert_eq!(calls.len(), 3, "the refused caller outside has no event");
    let [first, second, third] = &calls[..] else {
        panic!("{calls:#?}");
    };
    for call in [first, third] {
        assert_eq!(call.events.len(), 4, "{:#?}", call.story());
        assert_eq!(site.cdrs(call).await, ["a CONNECTED O"]);
    }
    assert_eq!(site.cdrs(second).await, ["a FAILED O"]);
    assert_documented(second, "User to trunk, no line free");
    assert_story(
        second,
        &[
            "a initial LOCAL_USER out 2001>34600111333",
            "a failed LOCAL_USER out 2001>34600111333: Normal Circuit Congestion by system (34 503), final",
        ],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_inactive_trunk_brings_and_takes_nothing() {
    let (site, alice, carrier) = outwards(json!({"active": false})).await;
    site.ddi("34910000001", "user", alice.user_id).await;
    site.refused(&alice, "600111222", "404").await;
    // Who calls from there is nobody we know.
    refused_in(&site, "34910000001", "401").await;
    assert!(carrier.received().is_empty(), "not even OPTIONS");
    carrier.kill().await;
    let root = site.root().await;
    assert_story(
        &root,
        &[
            "a initial LOCAL_USER out 2001>600111222",
            "a failed LOCAL_USER out 2001>600111222: Unallocated Number by system (1 404), final",
        ],
    );
    assert_eq!(site.cdrs(&root).await, ["a FAILED O"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trunk_tells_whether_it_can_be_reached() {
    let (site, alice, carrier) = outwards(json!({"priority": 2})).await;
    carrier.got("OPTIONS").await;
    let other = free_port();
    let returned = site.sipp("uas_talks").carrier_at(other).listen().await;
    let trunks = site.rest.get("/trunks").await.expect(200);
    let found = trunks["data"][0]["id"].as_u64().expect("an id");
    let lost = json!({"host": "carrier.invalid", "priority": 1});
    let lost = site.trunk(other, lost).await;
    let until = async |trunk: u64, state: &str| {
        let path = format!("/trunks/{trunk}");
        let what = format!("trunk {trunk} is {state}");
        eventually(&what, Duration::from_secs(30), async || {
            let trunk = site.rest.get(&path).await.expect(200)["data"].clone();
            (trunk["state"] == state).then(|| trunk["last_error"].clone())
        })
        .await
    };
    let moved = async |trunk: u64, host: &str| {
        let path = format!("/trunks/{trunk}");
        let host = json!({"host": host});
        site.rest.patch(&path, host).await.expect(200);
    };
    let resolves_not = |why: &Value| why.as_str().is_some_and(|why| why.contains("resolve"));
    assert_eq!(until(found, "up").await, Value::Null);
    let why = until(lost, "down").await;
    assert!(resolves_not(&why), "{why}");
    call_out(&site, &alice, "600111222").await;
    assert!(returned.received().is_empty(), "nobody knows where it is");

    // The one gets an address, and the other one loses it.
    moved(lost, &CARRIER.to_string()).await;
    assert_eq!(until(lost, "up").await, Value::Null);
    returned.got("OPTIONS").await;
    moved(found, "carrier.invalid").await;
    let why = until(found, "down").await;
    assert!(resolves_not(&why), "{why}");
    call_out(&site, &alice, "600111222").await;
    let invites = |carrier: &Running| {
        let received = carrier.received();
        let invites = received.iter().filter(|it| it.starts_with("INVITE"));
        invites.count()
    };
    assert_eq!((invites(&carrier), invites(&returned)), (1, 1));
    site.calls(2).await;
    carrier.stop().await;
    returned.stop().await;
}
