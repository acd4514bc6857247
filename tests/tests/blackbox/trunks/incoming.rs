//! Outsiders reach numbers of ours, and nothing else.

use offhook_tests::{Site, free_port};
use serde_json::json;

use super::{ANSWERED_HERE, OUTSIDER, SPAIN, call_in, refused_in};
use crate::{assert_documented, assert_story};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outsider_reaches_a_user_by_a_number() {
    let site = Site::start().await;
    let bob = site.user("2002").await;
    site.trunk(free_port(), json!({})).await;
    site.ddi("34910000001", "user", bob.user_id).await;
    let phone = site.phone_of(&bob, site.sipp("uas_talks")).await;
    call_in(&site, "34910000001").await;
    phone.finish().await;

    let root = site.root().await;
    assert_documented(&root, "Trunk to user, answered");
    assert_story(&root, &ANSWERED_HERE);
    let first = &root.events[0];
    assert_eq!(
        (&first["src_id"], &first["src_name"], &first["clid"]),
        (
            &"0".into(),
            &"Outsider".into(),
            &"\"Outsider\" <34600999888>".into()
        )
    );
    assert_eq!(first["dst_id"], bob.user_id.to_string());
    assert_eq!(site.cdrs(&root).await, ["a CONNECTED I"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outsider_reaches_a_group_by_a_number() {
    let site = Site::start().await;
    let bob = site.user("2002").await;
    site.trunk(free_port(), json!({})).await;
    let group = site.ring_group("3000", "ring_all", &[&bob]).await;
    site.ddi("34910000002", "ringgroup", group).await;
    let phone = site.phone_of(&bob, site.sipp("uas_talks")).await;
    call_in(&site, "34910000002").await;
    phone.finish().await;

    let root = site.root().await;
    let group_call = format!("RG-{group} in 34600999888>34910000002");
    assert_story(
        &root,
        &[
            &format!("a initial {group_call}"),
            "b initial LOCAL_USER in 34600999888>2002",
            "b ringing LOCAL_USER in 34600999888>2002",
            &format!("a ringing {group_call}"),
            "b connected LOCAL_USER in 34600999888>2002",
            &format!("a connected {group_call}"),
            "b hangup LOCAL_USER in 34600999888>2002: Normal Clearing by caller (16 200)",
            &format!("a hangup {group_call}: Normal Clearing by caller (16 200), final"),
        ],
    );
    assert_eq!(root.events[0]["dst_id"], group.to_string());
    assert_eq!(
        site.cdrs(&root).await,
        ["a CONNECTED I", "b CONNECTED I of a"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outsider_reaches_a_queue_by_a_number() {
    let site = Site::start().await;
    let bob = site.user("2002").await;
    site.trunk(free_port(), json!({})).await;
    let phone = site.phone_of(&bob, site.sipp("uas_talks")).await;
    let queue = site.queue("4000", &[&bob], json!({})).await;
    site.ddi("34910000003", "queue", queue).await;
    let caller = site
        .sipp("uac_answered")
        .carrier()
        .value("user", OUTSIDER)
        .value("to", "34910000003")
        .value("talk_ms", "3000")
        .start();
    site.event("call.connected", 1).await;
    caller.finish().await;
    phone.finish().await;

    let root = site.root().await;
    assert_story(
        &root,
        &[
            "a initial QUEUE in 34600999888>34910000003",
            "b initial LOCAL_USER in 34600999888>2002",
            "b ringing LOCAL_USER in 34600999888>2002",
            "b connected LOCAL_USER in 34600999888>2002",
            "a connected QUEUE in 34600999888>34910000003",
            "b hangup LOCAL_USER in 34600999888>2002: Normal Clearing by caller (16 200)",
            "a hangup QUEUE in 34600999888>34910000003: Normal Clearing by caller (16 200), final",
        ],
    );
    assert_eq!(root.events[0]["dst_id"], queue.to_string());
    assert_eq!(
        site.cdrs(&root).await,
        ["a CONNECTED I", "b CONNECTED I of a"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trunk_reaches_numbers_of_ours_and_nothing_else() {
    let site = Site::start_with("always", SPAIN).await;
    let bob = site.user("2002").await;
    site.trunk(free_port(), json!({})).await;
    site.ddi("34910000001", "user", bob.user_id).await;
    let phone = site.phone_of(&bob, site.sipp("uas_talks")).await;
    // A number that is nobody's, an extension, and a number of the outside.
    for number in ["34910000009", "2002", "34600111222", "112"] {
        refused_in(&site, number, "404").await;
    }
    // As a carrier of the country may write it.
    call_in(&site, "910000001").await;
    phone.finish().await;

    // The refused ones have no event, and took no call_id.
    let root = site.root().await;
    assert_eq!(root.events[0]["dst"], "34910000001");
    assert_eq!(site.cdrs(&root).await, ["a CONNECTED I"]);
    assert_eq!(site.rest.get("/cdrs").await.expect(200)["total"], 1);
    assert_eq!(site.rest.get("/calls").await.expect(200)["total"], 0);
    assert_eq!(root.root, 1, "the first call_id of this node");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_carrier_cannot_transfer() {
    let site = Site::start().await;
    let [bob, carol] = site.users(["2002", "2003"]).await;
    site.trunk(free_port(), json!({})).await;
    site.ddi("34910000001", "user", bob.user_id).await;
    site.register(&carol, free_port()).await;
    let phone = site.phone_of(&bob, site.sipp("uas_talks")).await;
    site.sipp("uac_refer_refused")
        .carrier()
        .value("user", OUTSIDER)
        .value("to", "34910000001")
        .value("target", "2003")
        .value("status", "403")
        .run()
        .await;
    phone.finish().await;
    let root = site.root().await;
    assert_story(&root, &ANSWERED_HERE);
    assert_eq!(site.cdrs(&root).await, ["a CONNECTED I"]);
}
