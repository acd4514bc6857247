//! Agents who log in and out of queues by dialling `*22` and `*23`. The code itself is no call: no event, no CDR.

use offhook_tests::{Account, Locked, Running, Site};
use serde_json::{Value, json};

use super::assert_bob_took_it;
use crate::{assert_documented, assert_story};

/// Bob alone serves `4000` and `4001`; Alice serves none.
struct Office {
    site: Site,
    alice: Account,
    bob: Account,
    queues: [u64; 2],
}

impl Office {
    async fn open() -> Self {
        let site = Site::start().await;
        let [alice, bob] = site.users(["2001", "2002"]).await;
        let queues = [
            site.queue("4000", &[&bob], json!({})).await,
            site.queue("4001", &[&bob], json!({})).await,
        ];
        Self {
            site,
            alice,
            bob,
            queues,
        }
    }

    /// Bob dials a code. The phone is answered, hears a tone and is let go.
    fn dial(&self, code: &str) -> Running {
        let phone = self.site.caller("uac_answered_far_end", &self.bob, code);
        phone.start()
    }

    /// Whether Bob is logged in at each queue.
    async fn logged_in(&self) -> [bool; 2] {
        let mut logged_in = [false; 2];
        for (queue, logged_in) in self.queues.iter().zip(&mut logged_in) {
            let path = format!("/queues/{queue}");
            let queue = self.site.rest.get(&path).await.expect(200)["data"].clone();
            let agents = queue["users"].as_array().expect("agents");
            let bob = agents.iter().find(|agent| agent["id"] == self.bob.user_id);
            *logged_in = bob.expect("Bob is listed")["status"] == true;
        }
        logged_in
    }

    /// How many events and CDRs there are, of whatever call.
    async fn recorded(&self) -> (usize, Value) {
        let events = self.site.rest.get("/events?limit=100").await.expect(200);
        let cdrs = self.site.rest.get("/cdrs").await.expect(200);
        let events = events["data"].as_array().expect("events");
        (events.len(), cdrs["total"].clone())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_logs_out_and_in_again_of_all_his_queues() {
    let office = Office::open().await;
    let site = &office.site;
    let phone = site.phone_of(&office.bob, site.sipp("uas_hangs_up")).await;

    let out = office.dial("*23");
    out.got("SIP/2.0 200").await;
    // The answer comes after the change, not before it.
    assert_eq!(office.logged_in().await, [false, false]);
    out.finish().await;
    assert_eq!(office.recorded().await, (0, json!(0)));
    for (n, queue) in ["4000", "4001"].into_iter().enumerate() {
        office.site.refused(&office.alice, queue, "480").await;
        let root = site.calls(n + 1).await.remove(n);
        assert_documented(&root, "Queue, no agent logged in");
        assert_story(
            &root,
            &[
                &format!("a initial QUEUE in 2001>{queue}"),
                &format!(
                    "a missed QUEUE in 2001>{queue}: No Answer by system (19 480), no_agents, final"
                ),
            ],
        );
        assert_eq!(site.cdrs(&root).await, ["a NO ANSWER M"]);
    }

    let back = office.dial("*22");
    back.got("SIP/2.0 200").await;
    assert_eq!(office.logged_in().await, [true, true]);
    back.finish().await;
    let caller = site.caller("uac_answered_far_end", &office.alice, "4000");
    caller.run().await;
    phone.finish().await;
    let root = site.calls(3).await.remove(2);
    assert_bob_took_it(&root, "4000");
    assert_eq!(
        site.cdrs(&root).await,
        ["a CONNECTED I", "b CONNECTED I of a"]
    );
    // Of three calls, the codes left nothing else.
    assert_eq!(office.recorded().await, (11, json!(4)));
    assert_eq!(site.calls(3).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_logs_out_and_in_of_one_queue_and_stays_in_the_other() {
    let office = Office::open().await;
    for (code, logged_in) in [
        ("*234000", [false, true]),
        ("*234001", [false, false]),
        ("*224000", [true, false]),
        // Once more changes nothing, and is answered all the same.
        ("*224000", [true, false]),
        ("*22", [true, true]),
    ] {
        office.dial(code).finish().await;
        assert_eq!(office.logged_in().await, logged_in, "after {code}");
    }
    assert_eq!(office.recorded().await, (0, json!(0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_who_waits_is_let_go_when_the_last_agent_dials_himself_out() {
    let office = Office::open().await;
    let caller = office.site.sipp("uac_left_waiting").account(&office.alice);
    let caller = caller.value("to", "4000").value("reason", "Q.850;cause=19");
    let caller = caller.start();
    office.site.event("call.initial", 0).await;
    office.dial("*23").finish().await;
    caller.finish().await;
    let root = office.site.root().await;
    assert_story(
        &root,
        &[
            "a initial QUEUE in 2001>4000",
            "a missed QUEUE in 2001>4000: No Answer by system (19 480), no_agents, final",
        ],
    );
    assert_eq!(office.site.cdrs(&root).await, ["a NO ANSWER M"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_that_was_answered_holds_over_a_crash() {
    let mut office = Office::open().await;
    let phone = office.dial("*234000");
    phone.got("SIP/2.0 200").await;
    office.site.offhook.kill().await;
    phone.kill().await;
    office.site.offhook.start_again().await;
    assert_eq!(office.logged_in().await, [false, true]);
    assert_eq!(office.recorded().await, (0, json!(0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_without_effect_is_refused() {
    let office = Office::open().await;
    let only_his = json!({"users": [{"id": office.alice.user_id, "status": true}]});
    let third = office.site.queue("4002", &[], only_his).await;
    assert!(!office.queues.contains(&third));
    let carol = office.site.user("2003").await;
    for (from, code, status) in [
        // Who serves no queue.
        (&carol, "*22", "403"),
        (&carol, "*23", "403"),
        // No agent of this one.
        (&carol, "*224000", "403"),
        (&office.bob, "*224002", "403"),
        // No such queue: nobody's number, and a user's.
        (&office.bob, "*229999", "404"),
        (&office.bob, "*239999", "404"),
        (&office.bob, "*222001", "404"),
    ] {
        office.site.refused(from, code, status).await;
    }
    assert_eq!(office.logged_in().await, [true, true]);
    assert_eq!(office.recorded().await, (0, json!(0)));
    assert_eq!(office.site.rest.get("/calls").await.expect(200)["total"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_that_cannot_be_stored_is_not_answered() {
    let office = Office::open().await;
    let database = office.site.offhook.data_dir().join("offhook.db");
    let locked = Locked::take(&database).await;
    office.site.refused(&office.bob, "*23", "503").await;
    assert_eq!(office.logged_in().await, [true, true]);
    locked.release().await;
    office.dial("*23").finish().await;
    assert_eq!(office.logged_in().await, [false, false]);
    assert_eq!(office.recorded().await, (0, json!(0)));
}
