//! Click-to-call: the user's own phone rings first, then the number is called.

use offhook_tests::{Site, free_port};
use serde_json::{Value, json};

use crate::{assert_documented, assert_story};

async fn click(site: &Site, from: u64, to: &str, status: u16) -> Value {
    let wish = json!({"from": from, "to": to});
    let reply = site.rest.post("/calls", wish).await;
    reply.expect(status)["data"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_originator_picks_up_and_is_connected() {
    let site = Site::start().await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    let own = site.sipp("uas_talks").value("ring_ms", "1000");
    let own = site.phone_of(&alice, own).await;
    let called = site.phone_of(&bob, site.sipp("uas_hangs_up")).await;
    let call = click(&site, alice.user_id, "2002", 201).await;
    // At once: nobody has answered yet.
    assert!(
        call["state"] == "INITIAL" || call["state"] == "RINGING",
        "{call}"
    );
    assert_eq!(
        (&call["context"], &call["dst"]),
        (&"ENDPOINT".into(), &"2002".into())
    );
    own.finish().await;
    called.finish().await;

    let root = site.root().await;
    assert_eq!(call["id"], root.root);
    assert_documented(&root, "Click-to-call, answered");
    assert_story(
        &root,
        &[
            "a initial ENDPOINT in 2001>2002",
            "a ringing ENDPOINT in 2001>2002",
            "a accepted ENDPOINT in 2001>2002",
            "b initial LOCAL_USER in 2001>2002",
            "b ringing LOCAL_USER in 2001>2002",
            "b connected LOCAL_USER in 2001>2002",
            "a connected ENDPOINT in 2001>2002",
            "b hangup LOCAL_USER in 2001>2002: Normal Clearing by callee (16 200)",
            "a hangup ENDPOINT in 2001>2002: Normal Clearing by callee (16 200), final",
        ],
    );
    assert_eq!(root.events[2]["state"], "ACCEPTED");
    assert_eq!(
        site.cdrs(&root).await,
        ["a CONNECTED I", "b CONNECTED I of a"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_destination_is_busy() {
    let site = Site::start().await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    let own = site.phone_of(&alice, site.sipp("uas_talks")).await;
    let busy = site.busy_phone(&bob).await;
    click(&site, alice.user_id, "2002", 201).await;
    own.finish().await;
    busy.finish().await;

    let root = site.root().await;
    assert_story(
        &root,
        &[
            "a initial ENDPOINT in 2001>2002",
            "a ringing ENDPOINT in 2001>2002",
            "a accepted ENDPOINT in 2001>2002",
            "b initial LOCAL_USER in 2001>2002",
            "b missed LOCAL_USER in 2001>2002: User Busy by callee (17 486)",
            "a missed ENDPOINT in 2001>2002: User Busy by callee (17 486), final",
        ],
    );
    assert_eq!(site.cdrs(&root).await, ["a BUSY M", "b BUSY M of a"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_originator_declines() {
    let site = Site::start().await;
    let [alice, _] = site.users(["2001", "2002"]).await;
    let own = site.sipp("uas_refused").refusing("603", "Decline");
    let own = site.phone_of(&alice, own).await;
    click(&site, alice.user_id, "2002", 201).await;
    own.finish().await;
    let root = site.root().await;
    assert_story(
        &root,
        &[
            "a initial ENDPOINT in 2001>2002",
            "a ringing ENDPOINT in 2001>2002",
            "a missed ENDPOINT in 2001>2002: Call Rejected by callee (21 603), final",
        ],
    );
    assert_eq!(site.cdrs(&root).await, ["a NO ANSWER M"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_outside_shows_the_number_that_was_asked_for() {
    let site = Site::start().await;
    let alice = site.user("2001").await;
    let port = free_port();
    let carrier = site.sipp("uas_hangs_up").carrier_at(port).listen().await;
    site.trunk(port, json!({})).await;
    let own = site.phone_of(&alice, site.sipp("uas_talks")).await;
    let wish = json!({"from": alice.user_id, "to": "+34600111222", "caller_id": "34910000007"});
    let reply = site.rest.post("/calls", wish).await;
    assert_eq!(reply.expect(201)["data"]["destination"], "out");
    let invite = carrier.got("INVITE").await;
    own.finish().await;
    carrier.stop().await;
    assert!(
        invite.contains("P-Asserted-Identity: <sip:34910000007@"),
        "{invite}"
    );
    let root = site.root().await;
    assert_documented(&root, "Click-to-call to the outside");
    assert_story(
        &root,
        &[
            "a initial ENDPOINT out 2001>34600111222",
            "a ringing ENDPOINT out 2001>34600111222",
            "a accepted ENDPOINT out 2001>34600111222",
            "b initial LOCAL_USER out 2001>34600111222",
            "b ringing LOCAL_USER out 2001>34600111222",
            "b connected LOCAL_USER out 2001>34600111222",
            "a connected ENDPOINT out 2001>34600111222",
            "b hangup LOCAL_USER out 2001>34600111222: Normal Clearing by callee (16 200)",
            "a hangup ENDPOINT out 2001>34600111222: Normal Clearing by callee (16 200), final",
        ],
    );
    assert_eq!(
        site.cdrs(&root).await,
        ["a CONNECTED O", "b CONNECTED O of a"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_called_is_told_at_once() {
    let site = Site::start().await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    click(&site, alice.user_id, "2002", 412).await;
    site.register(&alice, free_port()).await;
    click(&site, alice.user_id, "2001", 400).await;
    click(&site, alice.user_id, "2999", 400).await;
    click(&site, bob.user_id + 900, "2002", 400).await;
    assert_eq!(site.rest.get("/calls").await.expect(200)["total"], 0);
    assert_eq!(site.rest.get("/cdrs").await.expect(200)["total"], 0);
}
