//! Queues: callers wait, agents are rung, and time after a call.

mod agents;
mod callers;
mod codes;

use std::time::Duration;

use offhook_tests::{Account, Running, Site};
use serde_json::Value;

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
