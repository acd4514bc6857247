//! Queues: callers wait, agents are rung, and time after a call.

use std::time::Duration;

use offhook_tests::{Account, Running, Site, free_port};
use serde_json::{Value, json};

use crate::{assert_documented, assert_story};

/// A queue with one agent, who has a phone that plays a scenario, and a caller.
struct Desk {
    site: Site,
    alice: Account,
    bob: Account,
    queue: u64,
}

impl Desk {
    /// A queue `4000` whose one agent is Bob, `2002`.
    async fn open(more: Value) -> Self {
        let site = Site::start().await;
        let (alice, bob) = (site.user("2001").await, site.user("2002").await);
        site.webhook("wrapups", &["queue.wrapup"]).await;
        let queue = site.queue("4000", &[&bob], more).await;
        Self {
            site,
            alice,
            bob,
            queue,
        }
    }

    async fn agent(&self, scenario: &'static str) -> Running {
        let sipp = self.site.sipp(scenario);
        self.site.phone_of(&self.bob, sipp).await
    }

    /// Alice calls and is let go by the far end.
    fn caller(&self) -> Running {
        self.site
            .sipp("uac_answered_far_end")
            .account(&self.alice)
            .value("to", "4000")
            .start()
    }

    /// Alice calls and is let go by the queue, with this in the Reason of the BYE.
    fn caller_told(&self, reason: &str) -> Running {
        self.site
            .sipp("uac_left_waiting")
            .account(&self.alice)
            .value("to", "4000")
            .value("reason", reason)
            .start()
    }

    async fn hang_up(&self, call: &Value) {
        let path = format!("/calls/{call}");
        self.site.rest.delete(&path).await.expect(204);
    }

    async fn live(&self) -> Value {
        let path = format!("/queues/{}/live", self.queue);
        self.site.rest.get(&path).await.expect(200)["data"].clone()
    }

    async fn set(&self, fields: Value) {
        let path = format!("/queues/{}", self.queue);
        self.site.rest.patch(&path, fields).await.expect(200);
    }

    /// What `queue.wrapup` told, once so many came.
    async fn wrapups(&self, count: usize) -> Vec<Value> {
        let got =
            self.site
                .receiver
                .wait_for("queue.wrapup", Duration::from_secs(40), |received| {
                    let events: Vec<Value> = received
                        .iter()
                        .filter(|request| request.path == "/wrapups")
                        .map(|request| request.event.clone())
                        .filter(|event| event["event_name"] == "queue.wrapup")
                        .collect();
                    (events.len() >= count).then_some(events)
                });
        got.await
    }
}

const INITIAL: &str = "a initial QUEUE in 2001>4000";

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
    desk.hang_up(&calls["data"][0]["id"]).await;
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
async fn the_caller_gives_up() {
    let desk = Desk::open(json!({})).await;
    // Bob has no phone: the caller waits.
    let caller = desk
        .site
        .sipp("uac_answered")
        .account(&desk.alice)
        .value("to", "4000")
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
    desk.site
        .sipp("uac_refused")
        .account(&desk.alice)
        .value("to", "4000")
        .value("status", "480")
        .run()
        .await;
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
    desk.site
        .sipp("uac_refused")
        .account(&desk.alice)
        .value("to", "4000")
        .value("status", "486")
        .run()
        .await;
    desk.hang_up(&call).await;
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
async fn a_queue_that_is_deleted_lets_its_callers_go() {
    let desk = Desk::open(json!({})).await;
    let caller = desk.caller_told("Q.850;cause=1;");
    desk.site.event("call.initial", 0).await;
    let path = format!("/queues/{}", desk.queue);
    desk.site.rest.delete(&path).await.expect(204);
    caller.finish().await;
    desk.site
        .sipp("uac_refused")
        .account(&desk.alice)
        .value("to", "4000")
        .value("status", "404")
        .run()
        .await;
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
        let caller = desk.site.sipp("uac_answered_far_end");
        let caller = caller.account(&desk.alice).value("to", queue);
        callers.push(caller.start());
        desk.site.event("call.initial", n).await;
    }
    assert_eq!(desk.site.rest.get("/calls").await.expect(200)["total"], 3);
    let code = desk.site.sipp("uac_answered_far_end").account(&desk.bob);
    code.value("to", "*22").run().await;
    let roots = desk.site.calls(3).await;
    for sipp in callers {
        sipp.finish().await;
    }

    let mut events = Vec::new();
    for (root, queue) in roots.iter().zip(queues) {
        assert_documented(root, "Queue, answered by the first agent");
        let queue = format!("QUEUE in 2001>{queue}");
        assert_story(
            root,
            &[
                &format!("a initial {queue}"),
                "b initial LOCAL_USER in 2001>2002",
                "b ringing LOCAL_USER in 2001>2002",
                "b connected LOCAL_USER in 2001>2002",
                &format!("a connected {queue}"),
                "b hangup LOCAL_USER in 2001>2002: Normal Clearing by callee (16 200)",
                &format!("a hangup {queue}: Normal Clearing by callee (16 200), final"),
            ],
        );
        assert_eq!(
            desk.site.cdrs(root).await,
            ["a CONNECTED I", "b CONNECTED I of a"]
        );
        events.extend(root.events.iter().filter(|event| event["dst"] == "2002"));
    }
    // The offers of all three in the order in which they happened: who has waited longest is first, and each begins when the
    // one before is over.
    events.sort_by_key(|event| event["id"].as_str());
    let of_roots: Vec<&Value> = events.iter().map(|event| &event["root_call_id"]).collect();
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
async fn without_the_relay_the_caller_hears_ringing_until_an_agent_answers() {
    let site = Site::start_with("never", "").await;
    let (alice, bob) = (site.user("2001").await, site.user("2002").await);
    let queue = site.queue("4000", &[&bob], json!({})).await;
    let agent = site.phone_of(&bob, site.sipp("uas_hangs_up")).await;
    let caller = site
        .sipp("uac_answered_far_end")
        .account(&alice)
        .value("to", "4000")
        .start();
    caller.got("SIP/2.0 180").await;
    agent.finish().await;
    caller.finish().await;
    let root = site.root().await;
    assert_eq!(root.events[0]["dst_id"], queue.to_string());
    assert_story(
        &root,
        &[
            INITIAL,
            "b initial LOCAL_USER in 2001>2002",
            "b ringing LOCAL_USER in 2001>2002",
            "b connected LOCAL_USER in 2001>2002",
            "a connected QUEUE in 2001>4000",
            "b hangup LOCAL_USER in 2001>2002: Normal Clearing by callee (16 200)",
            "a hangup QUEUE in 2001>4000: Normal Clearing by callee (16 200), final",
        ],
    );
    assert_eq!(
        site.cdrs(&root).await,
        ["a CONNECTED I", "b CONNECTED I of a"]
    );
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
    desk.hang_up(&new["call_id"]).await;
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
