//! Callers: who waits, and why one is let go.

use offhook_tests::Site;
use serde_json::json;

use super::{Desk, INITIAL, assert_bob_took_it};
use crate::{assert_documented, assert_story};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_caller_gives_up() {
    let desk = Desk::open(json!({})).await;
    // Bob has no phone: the caller waits.
    let caller = desk
        .site
        .caller("uac_answered", &desk.alice, "4000")
        .value("talk_ms", "1500")
        .start();
    desk.site.event("call.initial", 0).await;
    let live = desk.live().await;
    assert_eq!(
        (&live["waiting"], &live["agents"][0]["user_id"]),
        (&1.into(), &desk.bob.user_id.into()),
        "{live}"
    );
    assert!(live["longest_wait"].is_u64(), "{live}");
    let calls = desk.site.rest.get("/calls").await.expect(200);
    assert_eq!(calls["data"][0]["queue_state"], "waiting");
    caller.finish().await;
    let root = desk.site.root().await;
    assert_story(
        &root,
        &[
            INITIAL,
            "a missed QUEUE in 2001>4000: Originator Cancel by caller (16 487), abandoned, final",
        ],
    );
    assert_eq!(desk.site.cdrs(&root).await, ["a NO ANSWER M"]);
    let live = desk.live().await;
    assert_eq!(
        (&live["waiting"], &live["today"]["abandoned"]),
        (&0.into(), &1.into())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_who_waited_long_enough_is_let_go() {
    let desk = Desk::open(json!({"max_wait": 1})).await;
    desk.caller_told("Q.850;cause=19").finish().await;
    let root = desk.site.root().await;
    assert_story(
        &root,
        &[
            INITIAL,
            "a missed QUEUE in 2001>4000: No Answer by system (19 480), max_wait, final",
        ],
    );
    assert_eq!(desk.site.cdrs(&root).await, ["a NO ANSWER M"]);
    assert_eq!(desk.live().await["today"]["missed"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_without_agents_takes_nobody_and_lets_go_who_waits() {
    let desk = Desk::open(json!({})).await;
    let caller = desk.caller_told("Q.850;cause=19");
    desk.site.event("call.initial", 0).await;
    let out = json!({"users": [{"id": desk.bob.user_id, "status": false}]});
    desk.set(out).await;
    caller.finish().await;
    desk.site.refused(&desk.alice, "4000", "480").await;
    for root in desk.site.calls(2).await {
        assert_story(
            &root,
            &[
                INITIAL,
                "a missed QUEUE in 2001>4000: No Answer by system (19 480), no_agents, final",
            ],
        );
        assert_eq!(desk.site.cdrs(&root).await, ["a NO ANSWER M"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_takes_nobody() {
    let desk = Desk::open(json!({"max_length": 1})).await;
    let first = desk.caller();
    let call = desk.site.event("call.initial", 0).await["call_id"].clone();
    desk.site.refused(&desk.alice, "4000", "486").await;
    desk.site.hang_up(&call).await;
    first.finish().await;
    let calls = desk.site.calls(2).await;
    assert_documented(&calls[1], "Queue, full");
    assert_story(
        &calls[1],
        &[
            INITIAL,
            "a missed QUEUE in 2001>4000: User Busy by system (17 486), max_length, final",
        ],
    );
    assert_story(
        &calls[0],
        &[
            INITIAL,
            "a missed QUEUE in 2001>4000: Manager Request by api (16 480), final",
        ],
    );
    assert_eq!(desk.site.cdrs(&calls[0]).await, ["a NO ANSWER M"]);
    assert_eq!(desk.site.cdrs(&calls[1]).await, ["a BUSY M"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_that_is_deleted_lets_its_callers_go() {
    let desk = Desk::open(json!({})).await;
    let caller = desk.caller_told("Q.850;cause=1;");
    desk.site.event("call.initial", 0).await;
    let path = format!("/queues/{}", desk.queue);
    desk.site.rest.delete(&path).await.expect(204);
    caller.finish().await;
    desk.site.refused(&desk.alice, "4000", "404").await;
    let calls = desk.site.calls(2).await;
    assert_story(
        &calls[0],
        &[
            INITIAL,
            "a missed QUEUE in 2001>4000: Unallocated Number by system (1 404), removed, final",
        ],
    );
    assert_story(
        &calls[1],
        &[
            "a initial LOCAL_USER out 2001>4000",
            "a failed LOCAL_USER out 2001>4000: Unallocated Number by system (1 404), final",
        ],
    );
    desk.site
        .rest
        .get(&format!("{path}/live"))
        .await
        .expect(404);
    assert_eq!(desk.site.cdrs(&calls[0]).await, ["a NO ANSWER M"]);
    assert_eq!(desk.site.cdrs(&calls[1]).await, ["a FAILED O"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_relay_the_caller_hears_ringing_until_an_agent_answers() {
    let site = Site::start_with("never", "").await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    let queue = site.queue("4000", &[&bob], json!({})).await;
    let agent = site.phone_of(&bob, site.sipp("uas_hangs_up")).await;
    let caller = site.caller("uac_answered_far_end", &alice, "4000").start();
    caller.got("SIP/2.0 180").await;
    agent.finish().await;
    caller.finish().await;
    let root = site.root().await;
    assert_eq!(root.events[0]["dst_id"], queue.to_string());
    assert_bob_took_it(&root, "4000");
    assert_eq!(
        site.cdrs(&root).await,
        ["a CONNECTED I", "b CONNECTED I of a"]
    );
}
