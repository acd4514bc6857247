//! Real sound in calls that are transferred and in queues, between baresip phones and through the relay.

use offhook_tests::{Account, Baresip, BaresipSetup, Call, Site, Sound, Transport};
use serde_json::json;

use crate::assert_story;

const ALICE_PLAYS: f64 = 440.0;
const BOB_PLAYS: f64 = 1_000.0;
const CAROL_PLAYS: f64 = 1_600.0;

/// Seconds of a tone after which nobody doubts that it is heard.
const LONG_ENOUGH: f64 = 3.0;

/// Without the relay a phone hears another stream after it was moved, at which the jitter buffer of baresip 1.0 gives up: it
/// goes on counting where that begins anew (RFC 3550 §8.2).
async fn phone(site: &Site, relay: &str, account: &Account, hertz: f64) -> Baresip {
    let setup = BaresipSetup {
        sound: Sound::Tone(hertz),
        auto_answer: true,
        transport: Transport::Udp,
        jitter_buffer: relay == "always",
    };
    Baresip::start(account, site.offhook.sip(Transport::Udp), setup).await
}

/// Each of the two hears the tone of the other for some time.
async fn hear_each_other(one: (&Baresip, f64), other: (&Baresip, f64)) {
    one.0.until_heard(&[other.1], LONG_ENOUGH).await;
    other.0.until_heard(&[one.1], LONG_ENOUGH).await;
}

/// Alice calls Bob, one of the two transfers the other to Carol, and the two who are left hear each other.
async fn transferred(relay: &'static str, by_caller: bool) -> Call {
    let site = Site::start_with(relay, "").await;
    let [alice, bob, carol] = site.users(["2001", "2002", "2003"]).await;
    let mut alices = phone(&site, relay, &alice, ALICE_PLAYS).await;
    let mut bobs = phone(&site, relay, &bob, BOB_PLAYS).await;
    let carols = phone(&site, relay, &carol, CAROL_PLAYS).await;
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
    hear_each_other((moved, moved_plays), (&carols, CAROL_PLAYS)).await;
    site.hang_up(&new["call_id"]).await;
    moved.wait_for("CALL_CLOSED").await;
    carols.wait_for("CALL_CLOSED").await;
    site.root().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_two_who_are_left_hear_each_other_after_the_caller_transferred() {
    let root = transferred("always", true).await;
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
    let root = transferred("always", false).await;
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
    let [alice, bob, carol] = site.users(["2001", "2002", "2003"]).await;
    // Carol is logged in and has no phone; Bob comes later.
    let queue = site.queue("4000", &[&carol], json!({})).await;
    let mut alices = phone(&site, "always", &alice, ALICE_PLAYS).await;
    let bobs = phone(&site, "always", &bob, BOB_PLAYS).await;
    alices.dial("4000").await;
    alices.wait_for("CALL_ESTABLISHED").await;
    alices.until_heard_music(&[BOB_PLAYS], 1.5).await;
    let agent = json!({"users": [{"id": bob.user_id, "status": true}]});
    let path = format!("/queues/{queue}");
    site.rest.patch(&path, agent).await.expect(200);
    site.event("call.connected", 1).await;
    hear_each_other((&alices, ALICE_PLAYS), (&bobs, BOB_PLAYS)).await;
    alices.hang_up().await;
    alices.wait_for("CALL_CLOSED").await;
    bobs.wait_for("CALL_CLOSED").await;

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
        let root = transferred("never", by_caller).await;
        assert_eq!(root.events.len(), 8, "{:#?}", root.story());
    }
}

/// Alice is connected with Bob by a click: both hear each other.
async fn clicked(relay: &'static str) {
    let site = Site::start_with(relay, "").await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    let alices = phone(&site, relay, &alice, ALICE_PLAYS).await;
    let bobs = phone(&site, relay, &bob, BOB_PLAYS).await;
    let wish = json!({"from": alice.user_id, "to": "2002"});
    let call = site.rest.post("/calls", wish).await.expect(201);
    site.event("call.connected", 1).await;
    hear_each_other((&alices, ALICE_PLAYS), (&bobs, BOB_PLAYS)).await;
    site.hang_up(&call["data"]["id"]).await;
    alices.wait_for("CALL_CLOSED").await;
    bobs.wait_for("CALL_CLOSED").await;
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
