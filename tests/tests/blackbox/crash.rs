//! kill -9 under load, twenty times: what was due arrives, in order, and every call ends once.

use std::collections::BTreeMap;
use std::time::Duration;

use offhook_tests::{Call, Confirmed, Site, calls_of, free_port};
use serde_json::Value;

const ROUNDS: u32 = 20;
const CALLS_A_SECOND: u32 = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_crashes_under_load_lose_and_double_nothing() {
    let mut site = Site::start_with("never", "").await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    let port = free_port();
    site.register(&bob, port).await;
    // Stored for certain, so that no crash can take it away.
    site.offhook.terminate().await;
    site.offhook.start_again().await;

    let (mut seen, mut confirmed) = (0, Confirmed::default());
    for round in 0..ROUNDS {
        let phone = site
            .sipp("uas_answered")
            .value("ring_ms", "50")
            .port(port)
            .calls(100_000, 1)
            .listen()
            .await;
        let caller = site
            .caller("uac_answered", &alice, "2002")
            .value("talk_ms", "300")
            .calls(100_000, CALLS_A_SECOND)
            .start();
        // Under way: calls of this round are at the receiver in every state. Each round dies a little later.
        let enough = seen + 40 + usize::try_from(round).unwrap() * 7;
        site.receiver
            .wait_for("the load", Duration::from_secs(30), |received| {
                (received.len() >= enough).then_some(())
            })
            .await;
        site.offhook.kill().await;
        let told = caller.kill().await;
        confirmed = Confirmed {
            answers: confirmed.answers + told.answers,
            ends: confirmed.ends + told.ends,
        };
        phone.kill().await;
        site.offhook.start_again().await;
        seen = all_calls_over(&site).await;
    }

    let calls = all_calls(&site).await;
    assert!(
        calls.len() >= usize::try_from(ROUNDS * 5).unwrap(),
        "{} calls",
        calls.len()
    );
    let mut ended_by_crash = 0;
    for call in &calls {
        check_order(call);
        ended_by_crash += u32::from(call.last()["t_cause"] == "System Shutdown");
        check_end(call);
    }
    assert!(
        ended_by_crash >= ROUNDS,
        "each crash caught calls that were up: {ended_by_crash}"
    );
    check_due(&calls, confirmed);
    check_cdrs(&site, &calls).await;
    check_duplicates(&site);
}

/// Waits until every call that began has ended, and gives the number of requests by then.
async fn all_calls_over(site: &Site) -> usize {
    site.receiver
        .wait_for(
            "the end of every call within 30 s of the start",
            Duration::from_secs(30),
            |received| {
                let calls = calls_of(received, "/calls");
                calls.iter().all(Call::is_over).then_some(received.len())
            },
        )
        .await
}

/// Every call that there was, as the receiver got it: the CDRs tell how many those are.
async fn all_calls(site: &Site) -> Vec<Call> {
    let total = site.rest.get("/cdrs?limit=1").await.expect(200)["total"]
        .as_u64()
        .unwrap();
    site.calls(usize::try_from(total).unwrap()).await
}

fn check_order(call: &Call) {
    let numbers: Vec<&Value> = call.events.iter().map(|event| &event["seq"]).collect();
    let expected: Vec<Value> = (1..=call.events.len()).map(Value::from).collect();
    assert!(
        numbers.iter().copied().eq(&expected),
        "in order, without a gap: {:#?}",
        call.lines()
    );
    assert_eq!(call.events[0]["event_name"], "call.initial");
}

fn check_end(call: &Call) {
    let ends = call
        .events
        .iter()
        .filter(|event| event.get("t_cause").is_some())
        .count();
    assert_eq!(
        (ends, call.is_over()),
        (1, true),
        "exactly one last event: {:#?}",
        call.lines()
    );
    let last = call.last();
    assert!(
        last.get("t_cause").is_some(),
        "nothing comes after it: {:#?}",
        call.lines()
    );
    if last["t_cause"] == "System Shutdown" {
        let answered = !last["connected_at"].is_null();
        let name = if answered {
            "call.hangup"
        } else {
            "call.missed"
        };
        assert_eq!(
            (&last["event_name"], &last["terminated_by"]),
            (&name.into(), &"system".into()),
            "{last}"
        );
        assert_eq!(
            last["cause"]["sip"],
            if answered { 200 } else { 503 },
            "{last}"
        );
    }
}

/// An event is due once its cause was confirmed on the wire: no answer and no end that the caller was told of is missing.
fn check_due(calls: &[Call], confirmed: Confirmed) {
    let with = |name: &str, field: &str| {
        calls
            .iter()
            .filter(|call| call.events.iter().any(|event| event[field] == name))
            .count()
    };
    let (answers, ends) = (
        with("call.connected", "event_name"),
        with("Normal Clearing", "t_cause"),
    );
    assert!(
        confirmed.ends > 0 && answers >= confirmed.answers && ends >= confirmed.ends,
        "{answers} answers, {ends} ends, {confirmed:?}"
    );
}

/// Every call at the receiver has one CDR, and every CDR its call.
async fn check_cdrs(site: &Site, calls: &[Call]) {
    let mut rows: BTreeMap<u64, u32> = BTreeMap::new();
    for page in 1.. {
        let body = site
            .rest
            .get(&format!("/cdrs?limit=1000&page={page}"))
            .await
            .expect(200);
        let data = body["data"].as_array().unwrap();
        if data.is_empty() {
            break;
        }
        for cdr in data {
            *rows.entry(cdr["live_id"].as_u64().unwrap()).or_default() += 1;
        }
    }
    let at_the_receiver: BTreeMap<u64, u32> = calls.iter().map(|call| (call.root, 1)).collect();
    assert_eq!(rows, at_the_receiver);
}

/// A delivery that the crash cut off comes again, with the same id and the same octets.
fn check_duplicates(site: &Site) {
    let mut bodies = BTreeMap::new();
    for request in site.receiver.received() {
        let id = request.headers["webhook-id"].clone();
        let body = bodies
            .entry(id.to_str().unwrap().to_owned())
            .or_insert_with(|| request.body.clone());
        assert_eq!(*body, request.body, "the same octets on every attempt");
    }
}
