//! Agents: rung for callers, one at a time, and given time afterwards.

use offhook_tests::free_port;
use serde_json::{Value, json};

use super::{Desk, INITIAL, assert_bob_took_it};
use crate::{assert_documented, assert_story};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_answers_and_has_time_afterwards() {
    let desk = Desk::open(json!({"wrap_up_time": 1})).await;
    let agent = desk.agent("uas_talks").await;
    let caller = desk.caller();
    desk.site.event("call.connected", 1).await;
    let live = desk.live().await;
    assert_eq!(
        (&live["waiting"], &live["agents"][0]["state"]),
        (&0.into(), &"talking".into()),
        "{live}"
    );
    let calls = desk.site.rest.get("/calls?sort=id").await.expect(200);
    assert_eq!(calls["total"], 2);
    assert_eq!(calls["data"][0]["queue_state"], "connected", "{calls}");
    desk.site.hang_up(&calls["data"][0]["id"]).await;
    agent.finish().await;
    caller.finish().await;

    let root = desk.site.root().await;
    assert_story(
        &root,
        &[
            INITIAL,
            "b initial LOCAL_USER in 2001>2002",
            "b ringing LOCAL_USER in 2001>2002",
            "b connected LOCAL_USER in 2001>2002",
            "a connected QUEUE in 2001>4000",
            "b hangup LOCAL_USER in 2001>2002: Manager Request by api (16 200)",
            "a hangup QUEUE in 2001>4000: Manager Request by api (16 200), final",
        ],
    );
    assert_eq!(root.events[0]["dst_id"], desk.queue.to_string());
    assert_eq!(root.events[0]["dst_name"], "Support");
    assert_eq!(
        desk.site.cdrs(&root).await,
        ["a CONNECTED I", "b CONNECTED I of a"]
    );
    let wrapups = desk.wrapups(2).await;
    for (event, action) in wrapups.iter().zip(["open", "timeout"]) {
        assert_eq!(
            (&event["action"], &event["queue_id"], &event["user_id"]),
            (&action.into(), &desk.queue.into(), &desk.bob.user_id.into())
        );
        assert_eq!(
            (&event["call_id"], &event["seq"]),
            (&root.root.into(), &Value::Null)
        );
    }
    let live = desk.live().await;
    assert_eq!(live["agents"][0]["state"], "free", "{live}");
    assert_eq!(
        (&live["today"]["answered"], &live["today"]["abandoned"]),
        (&1.into(), &0.into())
    );
    // One ladder with all parties and the messages of all legs.
    let columns = ["2001", "Offhook", "2002", "calls", "wrapups"];
    let rows = [
        "2001>Offhook INVITE",
        "Offhook>2001 200",
        "Offhook>2002 INVITE",
        "2002>Offhook 180",
        "Offhook>2002 BYE",
        "Offhook>2001 BYE",
        "Offhook>wrapups POST queue.wrapup",
    ];
    desk.site.ladders(&root, &columns, &rows).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn time_after_a_call_is_closed_by_the_api() {
    let desk = Desk::open(json!({"wrap_up_time": 600})).await;
    let agent = desk.agent("uas_hangs_up").await;
    desk.caller().finish().await;
    agent.finish().await;
    desk.wrapups(1).await;
    assert_eq!(desk.live().await["agents"][0]["state"], "wrap_up");
    let path = format!("/queues/{}/wrapup/{}", desk.queue, desk.bob.user_id);
    desk.site.rest.delete(&path).await.expect(204);
    let actions: Vec<Value> = desk.wrapups(2).await;
    let actions: Vec<&Value> = actions.iter().map(|event| &event["action"]).collect();
    assert_eq!(actions, ["open", "close"]);
    assert_eq!(desk.live().await["agents"][0]["state"], "free");
    desk.site.rest.delete(&path).await.expect(404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_who_lets_it_ring_is_asked_again() {
    let desk = Desk::open(json!({})).await;
    let port = free_port();
    desk.site.register(&desk.bob, port).await;
    let first = desk.site.sipp("uas_ringing").port(port).listen().await;
    let caller = desk.caller();
    first.finish().await;
    let second = desk.site.sipp("uas_hangs_up").port(port).listen().await;
    second.finish().await;
    caller.finish().await;
    let root = desk.site.root().await;
    assert_story(
        &root,
        &[
            INITIAL,
            "b initial LOCAL_USER in 2001>2002",
            "b ringing LOCAL_USER in 2001>2002",
            "b missed LOCAL_USER in 2001>2002: No Answer by system (19 480)",
            "c initial LOCAL_USER in 2001>2002",
            "c ringing LOCAL_USER in 2001>2002",
            "c connected LOCAL_USER in 2001>2002",
            "a connected QUEUE in 2001>4000",
            "c hangup LOCAL_USER in 2001>2002: Normal Clearing by callee (16 200)",
            "a hangup QUEUE in 2001>4000: Normal Clearing by callee (16 200), final",
        ],
    );
    assert_eq!(
        desk.site.cdrs(&root).await,
        ["a CONNECTED I", "b NO ANSWER M of a", "c CONNECTED I of a"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_who_logs_in_gets_the_caller_who_waits() {
    let desk = Desk::open(json!({})).await;
    let carol = desk.site.user("2003").await;
    let agent = desk.site.sipp("uas_hangs_up");
    let agent = desk.site.phone_of(&carol, agent).await;
    let caller = desk.caller();
    desk.site.event("call.initial", 0).await;
    let carol_in = json!({"users": [{"id": carol.user_id, "status": true}]});
    desk.set(carol_in).await;
    agent.finish().await;
    caller.finish().await;
    let root = desk.site.root().await;
    assert_documented(&root, "Queue, answered by the first agent");
    assert_story(
        &root,
        &[
            INITIAL,
            "b initial LOCAL_USER in 2001>2003",
            "b ringing LOCAL_USER in 2001>2003",
            "b connected LOCAL_USER in 2001>2003",
            "a connected QUEUE in 2001>4000",
            "b hangup LOCAL_USER in 2001>2003: Normal Clearing by callee (16 200)",
            "a hangup QUEUE in 2001>4000: Normal Clearing by callee (16 200), final",
        ],
    );
    assert_eq!(
        desk.site.cdrs(&root).await,
        ["a CONNECTED I", "b CONNECTED I of a"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_of_three_queues_is_rung_for_one_caller_at_a_time() {
    let desk = Desk::open(json!({})).await;
    let carol = desk.site.user("2003").await;
    let queues = ["4000", "4001", "4002"];
    let out =
        json!([{"id": desk.bob.user_id, "status": false}, {"id": carol.user_id, "status": true}]);
    desk.set(json!({"users": out})).await;
    for queue in &queues[1..] {
        desk.site.queue(queue, &[], json!({"users": out})).await;
    }
    // Carol is logged in and has no phone, so that somebody waits in each queue when Bob comes.
    let phone = desk.site.sipp("uas_hangs_up").calls(3, 1);
    let phone = phone.value("talk_ms", "500");
    let phone = desk.site.phone_of(&desk.bob, phone).await;
    let mut callers = Vec::new();
    for (n, queue) in queues.into_iter().enumerate() {
        let caller = desk.site.caller("uac_answered_far_end", &desk.alice, queue);
        callers.push(caller.start());
        desk.site.event("call.initial", n).await;
    }
    assert_eq!(desk.site.rest.get("/calls").await.expect(200)["total"], 3);
    let code = desk.site.caller("uac_answered_far_end", &desk.bob, "*22");
    code.run().await;
    let roots = desk.site.calls(3).await;
    for sipp in callers {
        sipp.finish().await;
    }

    for (root, queue) in roots.iter().zip(queues) {
        assert_bob_took_it(root, queue);
        assert_eq!(
            desk.site.cdrs(root).await,
            ["a CONNECTED I", "b CONNECTED I of a"]
        );
    }
    // The offers of all three in the order of the journal: who has waited longest is first, and each begins when the one
    // before is over.
    let events = desk.site.rest.get("/events?limit=100").await.expect(200);
    let events = events["data"].as_array().expect("events");
    let offers = events.iter().filter(|event| event["dst"] == "2002");
    let of_roots: Vec<&Value> = offers.map(|event| &event["root_call_id"]).collect();
    let expected: Vec<u64> = roots.iter().flat_map(|root| [root.root; 4]).collect();
    assert_eq!(of_roots, expected);
    // And what his phone got, without what was sent twice.
    let mut got: Vec<String> = phone
        .received()
        .iter()
        .filter_map(|message| message.split(' ').next().map(str::to_owned))
        .collect();
    got.dedup();
    let talk = ["INVITE", "ACK", "SIP/2.0"];
    assert_eq!(got, [talk, talk, talk].concat());
    phone.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_transfers_the_caller_and_is_free_again() {
    let desk = Desk::open(json!({"wrap_up_time": 1})).await;
    let carol = desk.site.user("2003").await;
    let carols = desk
        .site
        .phone_of(&carol, desk.site.sipp("uas_talks"))
        .await;
    let agent = desk
        .site
        .sipp("uas_refer")
        .value("target", "2003")
        .value("outcome", "200");
    let agent = desk.site.phone_of(&desk.bob, agent).await;
    let caller = desk.caller();
    agent.finish().await;
    // The agent and the queue were connected before.
    let new = desk.site.event("call.connected", 2).await;
    desk.wrapups(2).await;
    assert_eq!(desk.live().await["agents"][0]["state"], "free");
    desk.site.hang_up(&new["call_id"]).await;
    carols.finish().await;
    caller.finish().await;
    let root = desk.site.root().await;
    assert_story(
        &root,
        &[
            INITIAL,
            "b initial LOCAL_USER in 2001>2002",
            "b ringing LOCAL_USER in 2001>2002",
            "b connected LOCAL_USER in 2001>2002",
            "a connected QUEUE in 2001>4000",
            "c initial LOCAL_USER in 2001>2003",
            "b hangup LOCAL_USER in 2001>2002: Blind Transfer by callee (16 200)",
            "a hangup QUEUE in 2001>4000: Blind Transfer by callee (16 200)",
            "c ringing LOCAL_USER in 2001>2003",
            "c connected LOCAL_USER in 2001>2003",
            "c hangup LOCAL_USER in 2001>2003: Manager Request by api (16 200), final",
        ],
    );
    assert_eq!(
        desk.site.cdrs(&root).await,
        ["a CONNECTED I", "b CONNECTED I of a", "c CONNECTED I of b"]
    );
    let columns = ["2001", "2002", "2003", "Offhook"];
    let rows = [
        "2002>Offhook REFER",
        "Offhook>2003 INVITE",
        "Offhook>2002 BYE",
        "Offhook>2003 BYE",
        "Offhook>wrapups POST queue.wrapup",
    ];
    desk.site.ladders(&root, &columns, &rows).await;
}
