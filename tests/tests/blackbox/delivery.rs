//! Receivers that misbehave: nothing is lost, the order of a call is kept, others do not wait.

use std::net::Ipv4Addr;
use std::time::Duration;

use offhook_tests::{Mode, Offhook, Receiver, Settings, Site, free_port};
use serde_json::{Value, json};

use crate::{ANSWERED, assert_flow};

/// The receiver treats the first request of a call badly, and then all is well.
async fn survives(mode: Mode) {
    let site = Site::start_with("never", "").await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    let phone = site.phone_of(&bob, site.sipp("uas_answered")).await;
    site.receiver.set_mode("calls", mode);
    site.caller("uac_answered", &alice, "2002").run().await;
    phone.finish().await;
    site.receiver
        .wait_for("a first attempt", Duration::from_secs(20), |received| {
            received
                .iter()
                .any(|request| request.event["event_name"] == "call.initial")
                .then_some(())
        })
        .await;
    site.receiver.set_mode("calls", Mode::Ok);

    let call = site.the_call(&alice, "2002").await;
    assert_flow(&call, &ANSWERED);
    let received = site.receiver.received();
    let initials: Vec<_> = received
        .iter()
        .filter(|request| request.event["event_name"] == "call.initial")
        .collect();
    assert!(initials.len() >= 2, "it was sent again");
    let (first, second) = (initials[0], initials[1]);
    assert_eq!(first.body, second.body, "the same octets on every attempt");
    assert_eq!(first.headers["webhook-id"], second.headers["webhook-id"]);
    let attempts: Vec<u32> = initials
        .iter()
        .map(|request| {
            request.headers["offhook-attempt"]
                .to_str()
                .unwrap()
                .parse()
                .unwrap()
        })
        .collect();
    if mode == Mode::Close {
        // A pooled connection that closes may just have been idle for too long: the attempt goes on over another one.
        assert!(attempts.is_sorted() && attempts[0] == 1, "{attempts:?}");
    } else {
        assert!(attempts.iter().copied().eq(1..=2), "{attempts:?}");
    }
    let early = received
        .iter()
        .filter(|request| request.mode != Mode::Ok)
        .any(|request| request.event["seq"] != 1);
    assert!(!early, "no later event of the call overtakes the first");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_fails_gets_it_again() {
    survives(Mode::Status(500)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirect_is_a_failure_and_is_not_followed() {
    survives(Mode::Status(302)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_closes_without_an_answer_gets_it_again() {
    survives(Mode::Close).await;
}

/// One receiver hangs or worse; the other one gets the whole call at once, and the bad one gets it when it is well.
async fn costs_others_nothing(mode: Mode) {
    let site = Site::start_with("never", "").await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    let port = free_port();
    site.register(&bob, port).await;
    let bad = site.webhook("bad", &["call.state_change"]).await;
    let patch = json!({"timeout_ms": 1_000});
    site.rest
        .patch(&format!("/webhooks/{}", bad["id"]), patch)
        .await
        .expect(200);
    site.receiver.set_mode("bad", mode);

    let phone = site.sipp("uas_answered").port(port).listen().await;
    site.caller("uac_answered", &alice, "2002").run().await;
    phone.finish().await;
    let call = site.the_call(&alice, "2002").await;
    assert_flow(&call, &ANSWERED);
    site.receiver.set_mode("bad", Mode::Ok);
    let other = site
        .receiver
        .wait_for(
            "the call at the other webhook",
            Duration::from_secs(30),
            |received| {
                let any = received
                    .iter()
                    .filter(|request| request.path == "/bad" && request.event["seq"] == 4);
                any.last().map(|_| received.to_vec())
            },
        )
        .await;
    let mut events: Vec<&Value> = other
        .iter()
        .filter(|request| request.path == "/bad" && request.event["seq"].is_u64())
        .map(|request| &request.event)
        .collect();
    events.dedup();
    assert_eq!(
        events,
        call.events.iter().collect::<Vec<_>>(),
        "the same events in the same order"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_hangs_costs_others_nothing() {
    costs_others_nothing(Mode::Hang).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_whose_answer_never_ends_costs_others_nothing() {
    costs_others_nothing(Mode::Endless).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_of_receivers_are_checked() {
    let site = Site::start_with("never", "").await;
    let stranger = Receiver::start().await;
    let webhook =
        json!({"name": "stranger", "url": stranger.url("x"), "events": ["call.state_change"]});
    let refused = site.rest.post("/webhooks", webhook).await.expect(400);
    assert_eq!(refused["errors"][0]["field"], "url", "{refused}");
    let message = refused["errors"][0]["message"]
        .as_str()
        .unwrap()
        .to_lowercase();
    assert!(message.contains("certificate"), "{message}");
    assert!(
        stranger.received().is_empty(),
        "nothing is sent to whom is not trusted"
    );

    let expired = Receiver::start_until(2020).await;
    let settings = Settings {
        folder: std::env::temp_dir(),
        sip: Ipv4Addr::LOCALHOST.into(),
        domain: "",
        relay: "never",
        srtp: "offered",
        extra_root: expired.certificate_authority(),
        recordings_disk: None,
        certificate: None,
        more: String::new(),
    };
    let offhook = Offhook::start(settings).await;
    let rest = offhook.admin().await;
    let webhook =
        json!({"name": "expired", "url": expired.url("x"), "events": ["call.state_change"]});
    let refused = rest.post("/webhooks", webhook).await.expect(400);
    let message = refused["errors"][0]["message"]
        .as_str()
        .unwrap()
        .to_lowercase();
    assert!(message.contains("expired"), "{message}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn saving_a_webhook_tries_it_first() {
    let site = Site::start_with("never", "").await;
    let test = site.receiver.received().remove(0);
    assert_eq!(
        (test.path.as_str(), &test.event["event_name"]),
        ("/calls", &"webhook.test".into())
    );

    let webhook = |url: String| json!({"name": "new", "url": url, "events": ["call.ended"], "secret": site.receiver.secret()});
    let plain = site.receiver.url("plain").replace("https://", "http://");
    let nobody = format!("https://localhost:{}/", free_port());
    for (url, word) in [(plain, "https"), (nobody, "refused")] {
        let refused = site.rest.post("/webhooks", webhook(url)).await.expect(400);
        assert_eq!(refused["errors"][0]["field"], "url", "{refused}");
        let message = refused["errors"][0]["message"]
            .as_str()
            .unwrap()
            .to_lowercase();
        assert!(message.contains(word), "{message}");
    }
    site.receiver.set_mode("fails", Mode::Status(500));
    let refused = site
        .rest
        .post("/webhooks", webhook(site.receiver.url("fails")))
        .await
        .expect(400);
    assert_eq!(refused["errors"][0]["exchange"]["status"], 500, "{refused}");
    site.rest
        .post("/webhooks", webhook(site.receiver.url("works")))
        .await
        .expect(201);
    let total = site.rest.get("/webhooks").await.expect(200)["total"].clone();
    assert_eq!(total, 2, "the refused ones are not stored");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_delivery_can_be_read_with_its_attempts_and_sent_again() {
    let site = Site::start_with("never", "").await;
    let alice = site.user("2001").await;
    site.refused(&alice, "2999", "404").await;
    let call = site.the_call(&alice, "2999").await;
    let delivered =
        offhook_tests::eventually("both deliveries", Duration::from_secs(10), async || {
            let rows = site.rest.get("/deliveries?limit=100").await.expect(200)["data"]
                .as_array()
                .unwrap()
                .clone();
            let rows: Vec<Value> = rows
                .into_iter()
                .filter(|row| row["root_call_id"] == call.root && row["state"] == "delivered")
                .collect();
            (rows.len() == 2).then_some(rows)
        })
        .await;
    let path = format!("/deliveries/{}", delivered[0]["id"]);
    let one = offhook_tests::eventually("the attempt", Duration::from_secs(10), async || {
        let one = site.rest.get(&path).await.expect(200)["data"].clone();
        (one["attempts"].as_array().unwrap().len() == 1).then_some(one)
    })
    .await;
    assert_eq!(
        (&one["attempts"][0]["n"], &one["attempts"][0]["status"]),
        (&1.into(), &204.into())
    );

    let status = site
        .rest
        .post(&format!("{path}/resend"), json!({}))
        .await
        .status;
    assert!(status.is_success(), "{status}");
    let again = site
        .receiver
        .wait_for("the delivery again", Duration::from_secs(20), |received| {
            received
                .iter()
                .find(|request| request.headers.contains_key("offhook-replayed"))
                .cloned()
        })
        .await;
    assert_eq!(again.event["id"], one["event_id"]);
}
