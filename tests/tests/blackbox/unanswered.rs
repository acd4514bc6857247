//! Calls that nobody answers, each for another reason.

use offhook_tests::{Account, Call, Site, free_port};
use serde_json::Value;

use crate::{INITIAL, RINGING, assert_flow};

/// What the CDR says of a call: disposition, type, direction.
async fn outcome(site: &Site, call: &Call) -> [Value; 3] {
    let cdr = site.cdr(call).await;
    assert_eq!(cdr["billsec"], 0);
    [
        cdr["disposition"].clone(),
        cdr["type"].clone(),
        cdr["destination"].clone(),
    ]
}

/// Alice calls Bob, whose phone runs a scenario; Alice's phone is to see the final status.
async fn refused_by_the_phone(status: &str, reason: &str) -> (Site, Account, Call) {
    let site = Site::start().await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    let phone = site.sipp("uas_refused").refusing(status, reason);
    let phone = site.phone_of(&bob, phone).await;
    site.refused(&alice, "2002", status).await;
    phone.finish().await;
    let call = site.the_call(&alice, "2002").await;
    (site, bob, call)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn busy() {
    let (site, _, call) = refused_by_the_phone("486", "Busy Here").await;
    assert_flow(
        &call,
        &[
            INITIAL,
            RINGING,
            "3 call.missed HANGUP: User Busy by callee (17 USER_BUSY 486), final",
        ],
    );
    assert_eq!(outcome(&site, &call).await, ["BUSY", "M", "in"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn declined() {
    let (site, bob, call) = refused_by_the_phone("603", "Decline").await;
    let end = "3 call.missed HANGUP: Call Rejected by callee (21 CALL_REJECTED 603), final";
    assert_flow(&call, &[INITIAL, RINGING, end]);
    assert_eq!(outcome(&site, &call).await, ["NO ANSWER", "M", "in"]);
    assert_eq!(call.last()["dst_id"], bob.user_id.to_string());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_caller_gives_up_while_it_rings() {
    let site = Site::start().await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    let phone = site.phone_of(&bob, site.sipp("uas_ringing")).await;
    site.caller("uac_cancel", &alice, "2002").run().await;
    phone.finish().await;

    let call = site.the_call(&alice, "2002").await;
    let end = "3 call.missed HANGUP: Originator Cancel by caller (16 ORIGINATOR_CANCEL 487), final";
    assert_flow(&call, &[INITIAL, RINGING, end]);
    assert_eq!(outcome(&site, &call).await, ["NO ANSWER", "M", "in"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_picks_up_within_the_ring_time() {
    let site = Site::start().await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    let phone = site.phone_of(&bob, site.sipp("uas_ringing")).await;
    site.refused(&alice, "2002", "480").await;
    phone.finish().await;

    let call = site.the_call(&alice, "2002").await;
    assert_flow(
        &call,
        &[
            INITIAL,
            RINGING,
            "3 call.missed HANGUP: No Answer by system (19 NO_ANSWER 480), final",
        ],
    );
    assert_eq!(outcome(&site, &call).await, ["NO ANSWER", "M", "in"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_called_user_has_no_registered_phone() {
    let site = Site::start().await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    site.refused(&alice, "2002", "480").await;

    let call = site.the_call(&alice, "2002").await;
    let end = "2 call.missed HANGUP: Subscriber Absent by system (20 SUBSCRIBER_ABSENT 480), final";
    assert_flow(&call, &[INITIAL, end]);
    assert_eq!(outcome(&site, &call).await, ["NO ANSWER", "M", "in"]);
    assert_eq!(call.last()["dst_id"], bob.user_id.to_string());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_number_is_nobodys() {
    let site = Site::start().await;
    let alice = site.user("2001").await;
    site.refused(&alice, "2999", "404").await;

    let call = site.the_call(&alice, "2999").await;
    let end =
        "2 call.failed FAILED: Unallocated Number by system (1 UNALLOCATED_NUMBER 404), final";
    assert_flow(&call, &[INITIAL, end]);
    assert_eq!(call.last()["dst_id"], "0");
    assert_eq!(outcome(&site, &call).await, ["FAILED", "O", "out"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_offer_without_media_is_refused_and_harms_nobody() {
    let site = Site::start().await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    site.register(&bob, free_port()).await;
    site.caller("uac_refused", &alice, "2002")
        .value("status", "488")
        .value("media", "a=nothing")
        .run()
        .await;
    let call = site.the_call(&alice, "2002").await;
    let end = "2 call.missed HANGUP: Incompatible Destination by system (88 INCOMPATIBLE_DESTINATION 488), final";
    assert_flow(&call, &[INITIAL, end]);
    assert_eq!(outcome(&site, &call).await, ["NO ANSWER", "M", "in"]);
}
