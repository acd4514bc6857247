//! Real sound in calls that are transferred and in queues, between baresip phones and through the relay.

use std::time::Duration;

use offhook_tests::{Account, Baresip, BaresipSetup, Call, Site, Transport};
use serde_json::{Value, json};

use crate::assert_story;

const ALICE_PLAYS: f64 = 440.0;
const BOB_PLAYS: f64 = 1_000.0;
const CAROL_PLAYS: f64 = 1_600.0;

async fn phone(site: &Site, account: &Account, hertz: f64) -> Baresip {
    let setup = BaresipSetup {
        hertz,
        auto_answer: true,
        transport: Transport::Udp,
    };
    Baresip::start(account, site.offhook.sip(Transport::Udp), setup).await
}

/// A call of a length: this is what two have to hear.
async fn talk(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

async fn hang_up(site: &Site, call: &Value) {
    let path = format!("/calls/{}", call["call_id"]);
    site.rest.delete(&path).await.expect(204);
}

/// Alice calls Bob, one of the two transfers the other to Carol: what the two who are left hear, and the story.
async fn transferred(relay: &'static str, by_caller: bool) -> (Vec<f64>, Call) {
    let site = Site::start_with(relay, "").await;
    let (alice, bob, carol) = (
        site.user("2001").await,
        site.user("2002").await,
        site.user("2003").await,
    );
    let mut alices = phone(&site, &alice, ALICE_PLAYS).await;
    let mut bobs = phone(&site, &bob, BOB_PLAYS).await;
    let carols = phone(&site, &carol, CAROL_PLAYS).await;
    alices.dial("2002").await;
    alices.wait_for("CALL_ESTABLISHED").await;
    bobs.wait_for("CALL_ESTABLISHED").await;
    site.event("call.connected", 0).await;
    let (mover, moved, moved_plays) = if by_caller {
        (&mut alices, &bobs, BOB_PLAYS)
    } else {
        (&mut bobs, &alices, ALICE_PLAYS)
    };
    mover.transfer("2003").await;
    // Who transferred is out of it.
    mover.wait_for("CALL_CLOSED").await;
    let new = site.event("call.connected", 1).await;
    talk(4).await;
    hang_up(&site, &new).await;
    moved.wait_for("CALL_CLOSED").await;
    carols.wait_for("CALL_CLOSED").await;
    let heard = vec![
        moved.heard_tone(CAROL_PLAYS),
        carols.heard_tone(moved_plays),
    ];
    (heard, site.root().await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_two_who_are_left_hear_each_other_after_the_caller_transferred() {
    let (heard, root) = transferred("always", true).await;
    assert!(heard.iter().all(|seconds| *seconds > 3.0), "{heard:?}");
    assert_story(
        &root,
        &[
            "a initial LOCAL_USER in 2001>2002",
            "a ringing LOCAL_USER in 2001>2002",
            "a connected LOCAL_USER in 2001>2002",
            "b initial LOCAL_USER in 2002>2003",
            "a hangup LOCAL_USER in 2001>2002: Blind Transfer by caller (16 200)",
            "b ringing LOCAL_USER in 2002>2003",
            "b connected LOCAL_USER in 2002>2003",
            "b hangup LOCAL_USER in 2002>2003: Manager Request by api (16 200), final",
        ],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_two_who_are_left_hear_each_other_after_the_called_side_transferred() {
    let (heard, root) = transferred("always", false).await;
    assert!(heard.iter().all(|seconds| *seconds > 3.0), "{heard:?}");
    assert_story(
        &root,
        &[
            "a initial LOCAL_USER in 2001>2002",
            "a ringing LOCAL_USER in 2001>2002",
            "a connected LOCAL_USER in 2001>2002",
            "b initial LOCAL_USER in 2001>2003",
            "a hangup LOCAL_USER in 2001>2002: Blind Transfer by callee (16 200)",
            "b ringing LOCAL_USER in 2001>2003",
            "b connected LOCAL_USER in 2001>2003",
            "b hangup LOCAL_USER in 2001>2003: Manager Request by api (16 200), final",
        ],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_of_a_queue_hears_music_and_then_the_agent() {
    let site = Site::start().await;
    let (alice, bob, carol) = (
        site.user("2001").await,
        site.user("2002").await,
        site.user("2003").await,
    );
    // Carol is logged in and has no phone; Bob comes later.
    let queue = site.queue("4000", &[&carol], json!({})).await;
    let mut alices = phone(&site, &alice, ALICE_PLAYS).await;
    let bobs = phone(&site, &bob, BOB_PLAYS).await;
    alices.dial("4000").await;
    alices.wait_for("CALL_ESTABLISHED").await;
    talk(3).await;
    let agent = json!({"users": [{"id": bob.user_id, "status": true}]});
    let path = format!("/queues/{queue}");
    site.rest.patch(&path, agent).await.expect(200);
    site.event("call.connected", 1).await;
    talk(4).await;
    alices.hang_up().await;
    alices.wait_for("CALL_CLOSED").await;
    bobs.wait_for("CALL_CLOSED").await;

    let music = alices.heard_music(&[BOB_PLAYS]);
    assert!(music > 1.5, "music for {music} s");
    let heard = [alices.heard_tone(BOB_PLAYS), bobs.heard_tone(ALICE_PLAYS)];
    assert!(heard.iter().all(|seconds| *seconds > 3.0), "{heard:?}");
    let root = site.root().await;
    assert_story(
        &root,
        &[
            "a initial QUEUE in 2001>4000",
            "b initial LOCAL_USER in 2001>2002",
            "b ringing LOCAL_USER in 2001>2002",
            "b connected LOCAL_USER in 2001>2002",
            "a connected QUEUE in 2001>4000",
            "b hangup LOCAL_USER in 2001>2002: Normal Clearing by caller (16 200)",
            "a hangup QUEUE in 2001>4000: Normal Clearing by caller (16 200), final",
        ],
    );
}

/// Each of the two is told of the other by a re-INVITE (RFC 3725).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_two_who_are_left_hear_each_other_without_the_relay_too() {
    for by_caller in [true, false] {
        let (heard, root) = transferred("never", by_caller).await;
        assert!(heard.iter().all(|seconds| *seconds > 2.5), "{heard:?}");
        assert_eq!(root.events.len(), 8, "{:#?}", root.story());
    }
}

/// Alice is connected with Bob by a click: both hear each other.
async fn clicked(relay: &'static str) {
    let site = Site::start_with(relay, "").await;
    let (alice, bob) = (site.user("2001").await, site.user("2002").await);
    let alices = phone(&site, &alice, ALICE_PLAYS).await;
    let bobs = phone(&site, &bob, BOB_PLAYS).await;
    let wish = json!({"from": alice.user_id, "to": "2002"});
    let call = site.rest.post("/calls", wish).await.expect(201);
    site.event("call.connected", 1).await;
    talk(4).await;
    let path = format!("/calls/{}", call["data"]["id"]);
    site.rest.delete(&path).await.expect(204);
    alices.wait_for("CALL_CLOSED").await;
    bobs.wait_for("CALL_CLOSED").await;
    let heard = [alices.heard_tone(BOB_PLAYS), bobs.heard_tone(ALICE_PLAYS)];
    assert!(heard.iter().all(|seconds| *seconds > 2.5), "{heard:?}");
    let root = site.root().await;
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
            "b hangup LOCAL_USER in 2001>2002: Manager Request by api (16 200)",
            "a hangup ENDPOINT in 2001>2002: Manager Request by api (16 200), final",
        ],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_were_connected_by_a_click_hear_each_other() {
    clicked("always").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_were_connected_by_a_click_hear_each_other_without_the_relay() {
    clicked("never").await;
}
