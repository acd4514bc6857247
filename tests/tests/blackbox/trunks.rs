//! Calls from and to the outside, by trunks.

use std::time::Duration;

use offhook_tests::{Account, CARRIER, Call, Running, Site, eventually, free_port};
use serde_json::{Value, json};

use crate::{assert_documented, assert_story};

const OUTSIDER: &str = "34600999888";
const SPAIN: &str = "[numbers]\ncountry = \"ES\"";

/// An outsider calls a number and, when somebody answers, hangs up soon.
async fn call_in(site: &Site, number: &str) {
    site.sipp("uac_answered")
        .carrier()
        .value("user", OUTSIDER)
        .value("to", number)
        .run()
        .await;
}

/// An outsider calls and is refused with a status.
async fn refused_in(site: &Site, number: &str, status: &str) {
    site.sipp("uac_refused")
        .carrier()
        .value("user", OUTSIDER)
        .value("to", number)
        .value("status", status)
        .run()
        .await;
}

async fn call_out(site: &Site, from: &Account, number: &str) {
    site.sipp("uac_answered")
        .account(from)
        .value("to", number)
        .run()
        .await;
}

async fn refused_out(site: &Site, from: &Account, number: &str, status: &str) {
    site.sipp("uac_refused")
        .account(from)
        .value("to", number)
        .value("status", status)
        .run()
        .await;
}

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
    assert_story(
        &root,
        &[
            "a initial LOCAL_USER in 34600999888>34910000001",
            "a ringing LOCAL_USER in 34600999888>34910000001",
            "a connected LOCAL_USER in 34600999888>34910000001",
            "a hangup LOCAL_USER in 34600999888>34910000001: Normal Clearing by caller (16 200), final",
        ],
    );
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

/// A user whose calls leave by a carrier, which answers them.
async fn outwards(more: Value) -> (Site, Account, Running) {
    let site = Site::start_with("always", SPAIN).await;
    let alice = site.user("2001").await;
    let port = free_port();
    let carrier = site.sipp("uas_talks").carrier_at(port).listen().await;
    site.trunk(port, more).await;
    (site, alice, carrier)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_calls_out_and_shows_the_number_of_the_trunk() {
    let (site, alice, carrier) = outwards(json!({"caller_id": "34910000000"})).await;
    call_out(&site, &alice, "600111222").await;
    let invite = carrier.got("INVITE").await;
    carrier.stop().await;

    assert!(
        invite.starts_with(&format!("INVITE sip:34600111222@{CARRIER}")),
        "{invite}"
    );
    assert!(
        invite.contains("P-Asserted-Identity: <sip:34910000000@"),
        "{invite}"
    );
    assert!(
        invite.contains("From: \"User 2001 Test\" <sip:34910000000@"),
        "{invite}"
    );
    let root = site.root().await;
    assert_documented(&root, "User to trunk, answered");
    assert_story(
        &root,
        &[
            "a initial LOCAL_USER out 2001>34600111222",
            "a ringing LOCAL_USER out 2001>34600111222",
            "a connected LOCAL_USER out 2001>34600111222",
            "a hangup LOCAL_USER out 2001>34600111222: Normal Clearing by caller (16 200), final",
        ],
    );
    let first = &root.events[0];
    assert_eq!(first["src_id"], alice.user_id.to_string());
    assert_eq!(first["dst_id"], "0");
    assert_eq!(first["clid"], "\"User 2001 Test\" <34910000000>");
    assert_eq!(site.cdrs(&root).await, ["a CONNECTED O"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_users_own_number_goes_before_that_of_the_trunk() {
    let (site, alice, carrier) = outwards(json!({"caller_id": "34910000000"})).await;
    site.ddi("34910000001", "user", alice.user_id).await;
    call_out(&site, &alice, "600111222").await;
    let invite = carrier.got("INVITE").await;
    carrier.stop().await;
    assert!(
        invite.contains("P-Asserted-Identity: <sip:34910000001@"),
        "{invite}"
    );
    let root = site.root().await;
    assert_eq!(site.cdrs(&root).await, ["a CONNECTED O"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_number_is_the_same_however_it_is_dialled() {
    let (site, alice, carrier) = outwards(json!({"prefix": "+"})).await;
    for dialled in ["600111222", "0034600111222", "+34600111222"] {
        call_out(&site, &alice, dialled).await;
    }
    let invites: Vec<String> = carrier
        .received()
        .into_iter()
        .filter(|message| message.starts_with("INVITE"))
        .collect();
    carrier.stop().await;
    assert_eq!(invites.len(), 3);
    for invite in invites {
        assert!(invite.starts_with("INVITE sip:+34600111222@"), "{invite}");
    }
    for call in site.calls(3).await {
        assert_eq!(call.events[0]["dst"], "34600111222");
        assert_eq!(site.cdrs(&call).await, ["a CONNECTED O"]);
    }
}

/// A call that the carrier refuses: the story of it, and its CDRs.
async fn failed(status: &str, reason: &str, to_the_caller: &str) -> (Call, Vec<String>) {
    let site = Site::start_with("always", SPAIN).await;
    let alice = site.user("2001").await;
    let port = free_port();
    let carrier = site
        .sipp("uas_refused_at_once")
        .value("status", status)
        .value("reason", reason)
        .carrier_at(port)
        .listen()
        .await;
    site.trunk(port, json!({})).await;
    refused_out(&site, &alice, "600111222", to_the_caller).await;
    carrier.stop().await;
    let root = site.root().await;
    assert_eq!(root.events[0]["src_id"], alice.user_id.to_string());
    assert_eq!(root.events[0]["dst_id"], "0");
    assert_eq!(root.last()["state"], "FAILED");
    let cdrs = site.cdrs(&root).await;
    (root, cdrs)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_number_outside() {
    let (root, cdrs) = failed("486", "Busy Here", "486").await;
    assert_story(
        &root,
        &[
            "a initial LOCAL_USER out 2001>34600111222",
            "a failed LOCAL_USER out 2001>34600111222: User Busy by callee (17 486), final",
        ],
    );
    assert_eq!(cdrs, ["a BUSY O"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_that_the_carrier_does_not_know() {
    let (root, cdrs) = failed("404", "Not Found", "404").await;
    assert_story(
        &root,
        &[
            "a initial LOCAL_USER out 2001>34600111222",
            "a failed LOCAL_USER out 2001>34600111222: Unallocated Number by callee (1 404), final",
        ],
    );
    assert_eq!(cdrs, ["a FAILED O"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_carrier_that_cannot_take_the_call() {
    let (root, cdrs) = failed("503", "Service Unavailable", "503").await;
    assert_story(
        &root,
        &[
            "a initial LOCAL_USER out 2001>34600111222",
            "a failed LOCAL_USER out 2001>34600111222: Normal Temporary Failure by callee (41 503), final",
        ],
    );
    assert_eq!(cdrs, ["a FAILED O"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_trunk_takes_the_call_that_the_first_one_could_not() {
    let site = Site::start_with("always", SPAIN).await;
    let alice = site.user("2001").await;
    let (first, second) = (free_port(), free_port());
    let refusing = site
        .sipp("uas_refused_at_once")
        .value("status", "503")
        .value("reason", "Service Unavailable")
        .carrier_at(first)
        .listen()
        .await;
    let taking = site.sipp("uas_talks").carrier_at(second).listen().await;
    site.trunk(first, json!({"priority": 1})).await;
    site.trunk(second, json!({"priority": 2, "strip": 2, "prefix": "9"}))
        .await;
    call_out(&site, &alice, "600111222").await;
    refusing.got("INVITE sip:34600111222@").await;
    taking.got("INVITE sip:9600111222@").await;
    refusing.stop().await;
    taking.stop().await;

    let root = site.root().await;
    assert_story(
        &root,
        &[
            "a initial LOCAL_USER out 2001>34600111222",
            "a ringing LOCAL_USER out 2001>34600111222",
            "a connected LOCAL_USER out 2001>34600111222",
            "a hangup LOCAL_USER out 2001>34600111222: Normal Clearing by caller (16 200), final",
        ],
    );
    assert_eq!(site.cdrs(&root).await, ["a CONNECTED O"]);
}

/// Takes 32 s: that is how long an INVITE waits for its first answer (RFC 3261 timer B).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_trunk_takes_the_call_that_the_first_one_does_not_answer() {
    let site = Site::start_with("always", SPAIN).await;
    let alice = site.user("2001").await;
    let second = free_port();
    let taking = site.sipp("uas_talks").carrier_at(second).listen().await;
    site.trunk(free_port(), json!({"priority": 1})).await;
    site.trunk(second, json!({"priority": 2})).await;
    call_out(&site, &alice, "600111222").await;
    taking.stop().await;
    let root = site.root().await;
    assert_documented(&root, "User to trunk, answered");
    assert_eq!(site.cdrs(&root).await, ["a CONNECTED O"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trunk_has_so_many_calls_and_no_more_in_both_directions() {
    let (site, alice, carrier) = outwards(json!({"max_calls": 1})).await;
    site.ddi("34910000001", "user", alice.user_id).await;
    let first = site
        .sipp("uac_answered_far_end")
        .account(&alice)
        .value("to", "600111222")
        .start();
    let up = site.event("call.connected", 0).await;
    refused_out(&site, &alice, "600111333", "503").await;
    refused_in(&site, "34910000001", "503").await;
    let path = format!("/calls/{}", up["call_id"]);
    site.rest.delete(&path).await.expect(204);
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
    refused_out(&site, &alice, "600111222", "404").await;
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_carrier_cannot_transfer() {
    let site = Site::start().await;
    let (bob, carol) = (site.user("2002").await, site.user("2003").await);
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
    assert_story(
        &root,
        &[
            "a initial LOCAL_USER in 34600999888>34910000001",
            "a ringing LOCAL_USER in 34600999888>34910000001",
            "a connected LOCAL_USER in 34600999888>34910000001",
            "a hangup LOCAL_USER in 34600999888>34910000001: Normal Clearing by caller (16 200), final",
        ],
    );
    assert_eq!(site.cdrs(&root).await, ["a CONNECTED I"]);
}
