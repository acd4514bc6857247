//! Queues: callers wait, agents are rung, and time after a call.

mod agents;
mod callers;
mod codes;

use std::time::Duration;

use offhook_tests::{Account, Call, Running, Site};
use serde_json::Value;

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
        let [alice, bob] = site.users(["2001", "2002"]).await;
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
            .caller("uac_answered_far_end", &self.alice, "4000")
            .start()
    }

    /// Alice calls and is let go by the queue, with this in the Reason of the BYE.
    fn caller_told(&self, reason: &str) -> Running {
        self.site
            .caller("uac_left_waiting", &self.alice, "4000")
            .value("reason", reason)
            .start()
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

/// Bob was offered Alice's call of a queue and took it, nobody else was, and he hung up.
#[track_caller]
fn assert_bob_took_it(root: &Call, queue: &str) {
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
}

const INITIAL: &str = "a initial QUEUE in 2001>4000";
