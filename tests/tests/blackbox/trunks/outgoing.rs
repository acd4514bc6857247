//! Users call the outside: the number that is shown, and the trunk that takes the call.

use offhook_tests::{CARRIER, Call, Site, free_port};
use serde_json::json;

use super::{ANSWERED_OUTSIDE, SPAIN, call_out, outwards};
use crate::{assert_documented, assert_story};

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
    assert_story(&root, &ANSWERED_OUTSIDE);
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
        .refusing(status, reason)
        .carrier_at(port)
        .listen()
        .await;
    site.trunk(port, json!({})).await;
    site.refused(&alice, "600111222", to_the_caller).await;
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
    assert_story(&root, &ANSWERED_OUTSIDE);
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
