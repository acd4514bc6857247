//! Transfer by the API, and what else the API does to a call that is up.

use offhook_tests::{Rest, Site, free_port};
use serde_json::json;

use super::{Talk, assert_talk};
use crate::{assert_documented, assert_story};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_api_to_a_user() {
    let talk = Talk::start().await;
    let carols = talk.site.sipp("uas_hangs_up").value("talk_ms", "3000");
    let carols = talk.site.phone_of(&talk.carol, carols).await;
    let new = talk.transfer("2003").await;
    assert_eq!((&new["src"], &new["dst"]), (&"2001".into(), &"2003".into()));
    assert_eq!(new["root_id"], talk.call);
    assert_eq!(new["parent_id"], talk.call);
    assert_eq!(new["referred_by"], "2002");
    talk.site.event("call.connected", 1).await;
    let path = format!("/calls/{}", new["id"]);
    let live = talk.site.rest.get(&path).await.expect(200)["data"].clone();
    assert_eq!(
        (&live["state"], &live["referred_by"]),
        (&"CONNECTED".into(), &"2002".into())
    );
    // The old call is over for whoever still knows its id.
    talk.patch(&talk.call, json!({"dst": "2003"}), 404).await;
    carols.finish().await;
    let (site, root) = talk.end().await;
    assert_documented(&root, "Transfer by API");
    assert_talk(
        &root,
        &[
            "b initial LOCAL_USER in 2001>2003",
            "a hangup LOCAL_USER in 2001>2002: Blind Transfer by api (16 200)",
            "b ringing LOCAL_USER in 2001>2003",
            "b connected LOCAL_USER in 2001>2003",
            "b hangup LOCAL_USER in 2001>2003: Normal Clearing by callee (16 200), final",
        ],
    );
    assert_eq!(
        site.cdrs(&root).await,
        ["a CONNECTED I", "b CONNECTED I of a"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_api_the_called_side_to_a_group() {
    let talk = Talk::start().await;
    let group = talk
        .site
        .ring_group("3000", "ring_all", &[&talk.carol])
        .await;
    let carols = talk.site.sipp("uas_hangs_up");
    let carols = talk.site.phone_of(&talk.carol, carols).await;
    let wish = json!({"dst": "3000", "party": "dst"});
    let new = talk.patch(&talk.call, wish, 200).await;
    assert_eq!((&new["src"], &new["dst"]), (&"2002".into(), &"3000".into()));
    assert_eq!(new["referred_by"], "2001");
    carols.finish().await;
    let (site, root) = talk.end().await;
    let rg = format!("RG-{group} in 2002>3000");
    assert_talk(
        &root,
        &[
            &format!("b initial {rg}"),
            "a hangup LOCAL_USER in 2001>2002: Blind Transfer by api (16 200)",
            "c initial LOCAL_USER in 2002>2003",
            "c ringing LOCAL_USER in 2002>2003",
            &format!("b ringing {rg}"),
            "c connected LOCAL_USER in 2002>2003",
            &format!("b connected {rg}"),
            "c hangup LOCAL_USER in 2002>2003: Normal Clearing by callee (16 200)",
            &format!("b hangup {rg}: Normal Clearing by callee (16 200), final"),
        ],
    );
    assert_eq!(
        site.cdrs(&root).await,
        ["a CONNECTED I", "b CONNECTED I of a", "c CONNECTED I of b"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_api_to_a_queue() {
    let talk = Talk::start().await;
    let queue = talk.site.queue("4000", &[&talk.carol], json!({})).await;
    let new = talk.transfer("4000").await;
    assert_eq!(
        (&new["context"], &new["dst_id"]),
        (&"QUEUE".into(), &queue.to_string().into())
    );
    // The agent comes later: until then who transferred stays on the line.
    let carols = talk.site.sipp("uas_hangs_up");
    let carols = talk.site.phone_of(&talk.carol, carols).await;
    carols.finish().await;
    let (site, root) = talk.end().await;
    assert_documented(&root, "Transfer to a queue");
    assert_talk(
        &root,
        &[
            "b initial QUEUE in 2001>4000",
            "a hangup LOCAL_USER in 2001>2002: Blind Transfer by api (16 200)",
            "c initial LOCAL_USER in 2001>2003",
            "c ringing LOCAL_USER in 2001>2003",
            "c connected LOCAL_USER in 2001>2003",
            "b connected QUEUE in 2001>4000",
            "c hangup LOCAL_USER in 2001>2003: Normal Clearing by callee (16 200)",
            "b hangup QUEUE in 2001>4000: Normal Clearing by callee (16 200), final",
        ],
    );
    assert_eq!(
        site.cdrs(&root).await,
        ["a CONNECTED I", "b CONNECTED I of a", "c CONNECTED I of b"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_api_to_an_outside_number() {
    let talk = Talk::start().await;
    let port = free_port();
    let carrier = talk
        .site
        .sipp("uas_hangs_up")
        .carrier_at(port)
        .listen()
        .await;
    talk.site.trunk(port, json!({})).await;
    let new = talk.transfer("+34600111222").await;
    assert_eq!(new["destination"], "out");
    let invite = carrier.got("INVITE").await;
    carrier.stop().await;
    assert!(invite.starts_with("INVITE sip:34600111222@"), "{invite}");
    assert!(invite.contains("Referred-By: <sip:2002@"), "{invite}");
    let (site, root) = talk.end().await;
    assert_documented(&root, "Transfer to the outside");
    assert_talk(
        &root,
        &[
            "b initial LOCAL_USER out 2001>34600111222",
            "a hangup LOCAL_USER in 2001>2002: Blind Transfer by api (16 200)",
            "b ringing LOCAL_USER out 2001>34600111222",
            "b connected LOCAL_USER out 2001>34600111222",
            "b hangup LOCAL_USER out 2001>34600111222: Normal Clearing by callee (16 200), final",
        ],
    );
    assert_eq!(
        site.cdrs(&root).await,
        ["a CONNECTED I", "b CONNECTED O of a"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_api_to_somebody_busy_the_call_comes_back() {
    let talk = Talk::start().await;
    let carols = talk.site.busy_phone(&talk.carol).await;
    talk.transfer("2003").await;
    carols.finish().await;
    let back = talk.site.event("call.connected", 1).await;
    talk.site.hang_up(&back["call_id"]).await;
    let (site, root) = talk.end().await;
    assert_talk(
        &root,
        &[
            "b initial LOCAL_USER in 2001>2003",
            "a hangup LOCAL_USER in 2001>2002: Blind Transfer by api (16 200)",
            "c initial LOCAL_USER in 2001>2002",
            "b missed LOCAL_USER in 2001>2003: User Busy by callee (17 486)",
            "c connected LOCAL_USER in 2001>2002",
            "c hangup LOCAL_USER in 2001>2002: Manager Request by api (16 200), final",
        ],
    );
    assert_eq!(
        site.cdrs(&root).await,
        ["a CONNECTED I", "b BUSY M of a", "c CONNECTED I of a"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_is_being_transferred_is_not_transferred_again() {
    let talk = Talk::start().await;
    let carols = talk.site.sipp("uas_ringing");
    let carols = talk.site.phone_of(&talk.carol, carols).await;
    let new = talk.transfer("2003").await;
    talk.site.event("call.ringing", 1).await;
    talk.patch(&talk.call, json!({"dst": "2003"}), 404).await;
    talk.patch(&new["id"], json!({"dst": "2003"}), 409).await;
    talk.site.hang_up(&new["id"]).await;
    carols.finish().await;
    let (site, root) = talk.end().await;
    assert_talk(
        &root,
        &[
            "b initial LOCAL_USER in 2001>2003",
            "a hangup LOCAL_USER in 2001>2002: Blind Transfer by api (16 200)",
            "b ringing LOCAL_USER in 2001>2003",
            "b missed LOCAL_USER in 2001>2003: Manager Request by api (16 480), final",
        ],
    );
    assert_eq!(
        site.cdrs(&root).await,
        ["a CONNECTED I", "b NO ANSWER M of a"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_cannot_be_called_changes_nothing() {
    let talk = Talk::start().await;
    for (dst, status) in [
        ("2001", 400),
        ("2002", 400),
        ("2999", 400),
        ("", 400),
        ("sip:x@y", 400),
        // Carol has no phone that is registered.
        ("2003", 409),
    ] {
        talk.patch(&talk.call, json!({"dst": dst}), status).await;
    }
    talk.site.hang_up(&talk.call).await;
    let call = talk.call.clone();
    let (site, root) = talk.end().await;
    let end = "a hangup LOCAL_USER in 2001>2002: Manager Request by api (16 200), final";
    assert_talk(&root, &[end]);
    assert_eq!(site.cdrs(&root).await, ["a CONNECTED I"]);
    let path = format!("/calls/{call}");
    let late = site.rest.patch(&path, json!({"dst": "2003"})).await;
    assert_eq!(late.expect(404)["message"], "Resource not found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_rings_is_deflected() {
    let site = Site::start().await;
    let [alice, bob, carol] = site.users(["2001", "2002", "2003"]).await;
    let bobs = site.phone_of(&bob, site.sipp("uas_ringing")).await;
    let carols = site.phone_of(&carol, site.sipp("uas_hangs_up")).await;
    let alices = site.caller("uac_answered_far_end", &alice, "2002").start();
    let call = site.event("call.ringing", 0).await["call_id"].clone();
    let path = format!("/calls/{call}");
    let new = site.rest.patch(&path, json!({"dst": "2003"})).await;
    assert_eq!(new.expect(200)["data"]["referred_by"], "2002");
    bobs.finish().await;
    carols.finish().await;
    alices.finish().await;
    let root = site.root().await;
    assert_documented(&root, "Deflection of a ringing call");
    assert_story(
        &root,
        &[
            "a initial LOCAL_USER in 2001>2002",
            "a ringing LOCAL_USER in 2001>2002",
            "b initial LOCAL_USER in 2001>2003",
            "a hangup LOCAL_USER in 2001>2002: Blind Transfer by api (16 487)",
            "b ringing LOCAL_USER in 2001>2003",
            "b connected LOCAL_USER in 2001>2003",
            "b hangup LOCAL_USER in 2001>2003: Normal Clearing by callee (16 200), final",
        ],
    );
    assert_eq!(
        site.cdrs(&root).await,
        ["a NO ANSWER M", "b CONNECTED I of a"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outsider_is_the_one_who_is_moved() {
    let site = Site::start().await;
    let [bob, carol] = site.users(["2002", "2003"]).await;
    site.trunk(free_port(), json!({})).await;
    site.ddi("34910000001", "user", bob.user_id).await;
    let bobs = site.phone_of(&bob, site.sipp("uas_talks")).await;
    let carols = site.phone_of(&carol, site.sipp("uas_hangs_up")).await;
    let outsider = site
        .sipp("uac_answered_far_end")
        .carrier()
        .value("user", "34600999888")
        .value("to", "34910000001")
        .start();
    let call = site.event("call.connected", 0).await["call_id"].clone();
    let path = format!("/calls/{call}");
    let new = site.rest.patch(&path, json!({"dst": "2003"})).await;
    let new = new.expect(200)["data"].clone();
    assert_eq!(
        (&new["src"], &new["src_id"]),
        (&"34600999888".into(), &"0".into())
    );
    for phone in [bobs, carols, outsider] {
        phone.finish().await;
    }
    let root = site.root().await;
    assert_story(
        &root,
        &[
            "a initial LOCAL_USER in 34600999888>34910000001",
            "a ringing LOCAL_USER in 34600999888>34910000001",
            "a connected LOCAL_USER in 34600999888>34910000001",
            "b initial LOCAL_USER in 34600999888>2003",
            "a hangup LOCAL_USER in 34600999888>34910000001: Blind Transfer by api (16 200)",
            "b ringing LOCAL_USER in 34600999888>2003",
            "b connected LOCAL_USER in 34600999888>2003",
            "b hangup LOCAL_USER in 34600999888>2003: Normal Clearing by callee (16 200), final",
        ],
    );
    assert_eq!(
        site.cdrs(&root).await,
        ["a CONNECTED I", "b CONNECTED I of a"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_api_holds_and_resumes_and_the_other_phone_is_told() {
    let talk = Talk::start_with("uas_held").await;
    let password = "a password of many words";
    let path = format!("/users/{}", talk.alice.user_id);
    let changed = talk
        .site
        .rest
        .patch(&path, json!({"password": password}))
        .await;
    changed.expect(200);
    let http = talk.site.offhook.http();
    let alice = Rest::login(http, "2001@localhost", password).await;
    let path = format!("/calls/{}", talk.call);
    for state in ["ON_HOLD", "CONNECTED"] {
        let call = alice.patch(&path, json!({"state": state})).await;
        assert_eq!(call.expect(200)["data"]["state"], state);
    }
    talk.site.hang_up(&talk.call).await;
    let (site, root) = talk.end().await;
    assert_talk(
        &root,
        &[
            "a hold LOCAL_USER in 2001>2002",
            "a unhold LOCAL_USER in 2001>2002",
            "a hangup LOCAL_USER in 2001>2002: Manager Request by api (16 200), final",
        ],
    );
    assert_eq!(site.cdrs(&root).await, ["a CONNECTED I"]);
}
