//! A carrier that stops answering and returns: what becomes of calls meanwhile, and what the trunk's state tells.

use std::time::{Duration, Instant};

use offhook_tests::{Account, Call, Running, Site, eventually, free_port};
use serde_json::{Value, json};

use super::ANSWERED_OUTSIDE;
use crate::assert_story;

/// The outside number that Alice calls.
const NUMBER: &str = "+34600111222";

/// Two trunks; the second one is for when the first cannot.
struct Office {
    site: Site,
    alice: Account,
    first: u64,
    second: u64,
}

impl Office {
    async fn carrier(&self, port: u16) -> Running {
        let carrier = self.site.sipp("uas_talks").carrier_at(port);
        carrier.listen().await
    }

    async fn set(&self, trunk: u64, fields: Value) {
        let path = format!("/trunks/{trunk}");
        self.site.rest.patch(&path, fields).await.expect(200);
    }

    /// Waits until the list of trunks tells this state of the first one, and gives its reason.
    async fn until_state(&self, state: &str) -> Value {
        let what = format!("the trunk is {state}");
        eventually(&what, Duration::from_secs(80), async || {
            let trunks = self.site.rest.get("/trunks").await.expect(200);
            let trunks = trunks["data"].as_array().expect("trunks").clone();
            let first = trunks.into_iter().find(|trunk| trunk["id"] == self.first);
            first
                .filter(|first| first["state"] == state)
                .map(|first| first["last_error"].clone())
        })
        .await
    }

    /// Alice calls and hangs up; the `n`th call of the test, and how long that took.
    async fn call(&self, n: usize) -> (Call, Duration) {
        let begun = Instant::now();
        let caller = self.site.caller("uac_answered", &self.alice, NUMBER);
        caller.run().await;
        let took = begun.elapsed();
        let root = self.site.calls(n + 1).await.remove(n);
        assert_story(&root, &ANSWERED_OUTSIDE);
        assert_eq!(self.site.cdrs(&root).await, ["a CONNECTED O"]);
        (root, took)
    }
}

fn invites(carrier: &Running) -> usize {
    let received = carrier.received();
    let mut calls: Vec<&str> = received
        .iter()
        .filter(|message| message.starts_with("INVITE "))
        .filter_map(|message| message.lines().find(|line| line.starts_with("Call-ID:")))
        .collect();
    calls.sort_unstable();
    calls.dedup();
    calls.len()
}

/// Takes 70 s: two OPTIONS in a row wait for an answer for 32 s each (RFC 3261 timer F) before a trunk is down.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_go_another_way_while_a_carrier_is_silent_and_come_back_with_it() {
    let site = Site::start().await;
    let alice = site.user("2001").await;
    let (port, other) = (free_port(), free_port());
    let mut office = Office {
        site,
        alice,
        first: 0,
        second: 0,
    };
    let (carrier, spare) = (office.carrier(port).await, office.carrier(other).await);
    office.first = office.site.trunk(port, json!({"priority": 1})).await;
    office.second = office.site.trunk(other, json!({"priority": 2})).await;
    carrier.got("OPTIONS").await;
    assert_eq!(office.until_state("up").await, Value::Null);
    office.call(0).await;
    assert_eq!((invites(&carrier), invites(&spare)), (1, 0));

    // The carrier falls silent. Switched off and on, the trunk is asked now, and not only 30 s after the last answer.
    carrier.kill().await;
    office.set(office.first, json!({"active": false})).await;
    office.set(office.first, json!({"active": true})).await;
    // Nobody knows it yet: the call tries the first trunk for as long as an INVITE waits, and goes on to the second one.
    let (_, took) = office.call(1).await;
    assert!(took > Duration::from_secs(31), "timer B: {took:?}");
    assert_eq!(invites(&spare), 1);
    let why = office.until_state("down").await;
    assert_eq!(why, "no answer to OPTIONS");
    // Now it is known, and the second trunk is the first one that is tried.
    let (_, took) = office.call(2).await;
    assert!(took < Duration::from_secs(10), "at once: {took:?}");
    assert_eq!(invites(&spare), 2);

    // Without the other one, no trunk is up.
    office.set(office.second, json!({"active": false})).await;
    office.site.refused(&office.alice, NUMBER, "503").await;
    let root = office.site.calls(4).await.remove(3);
    assert_story(
        &root,
        &[
            "a initial LOCAL_USER out 2001>34600111222",
            "a failed LOCAL_USER out 2001>34600111222: Network Out Of Order by system (38 503), final",
        ],
    );
    assert_eq!(office.site.cdrs(&root).await, ["a FAILED O"]);

    // It is asked all the time: one answer is enough.
    let carrier = office.carrier(port).await;
    assert_eq!(office.until_state("up").await, Value::Null);
    office.call(4).await;
    assert_eq!((invites(&carrier), invites(&spare)), (1, 2));
    carrier.stop().await;
    spare.stop().await;
}
