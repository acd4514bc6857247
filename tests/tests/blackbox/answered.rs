//! Calls that are answered.

use offhook_tests::{Site, Transport, free_port};
use serde_json::Value;

use crate::{ANSWERED, CONNECTED, INITIAL, RINGING, assert_documented, assert_flow};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_the_caller_ends() {
    let site = Site::start().await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    let phone = site.phone_of(&bob, site.sipp("uas_answered")).await;
    site.caller("uac_answered", &alice, "2002")
        .value("talk_ms", "1200")
        .run()
        .await;
    phone.finish().await;

    let call = site.the_call(&alice, "2002").await;
    assert_flow(&call, &ANSWERED);
    assert_documented(&call, "User to user, answered");
    assert_eq!(call.events[1]["connected_at"], Value::Null);
    assert_eq!(call.events[3]["connected_at"], call.events[2]["event_time"]);
    assert_eq!(call.events[0]["destination"], "in");
    assert_eq!(call.events[0]["dst_id"], bob.user_id.to_string());

    let cdr = site.cdr(&call).await;
    assert_eq!(
        (&cdr["disposition"], &cdr["type"], &cdr["is_root"]),
        (&"CONNECTED".into(), &"I".into(), &true.into())
    );
    assert_eq!(cdr["user_id"], bob.user_id);
    assert_eq!(cdr["billsec"], call.last()["duration"]);
    assert!(
        (1..=2).contains(&cdr["billsec"].as_u64().unwrap()),
        "it talked 1.2 s: {cdr}"
    );
    assert_eq!(cdr["root_live_id"], call.root);
    assert_eq!(cdr["dst_ua"], "sipp");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_the_called_phone_ends() {
    let site = Site::start().await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    let phone = site.phone_of(&bob, site.sipp("uas_hangs_up")).await;
    site.caller("uac_answered_far_end", &alice, "2002")
        .run()
        .await;
    phone.finish().await;

    let call = site.the_call(&alice, "2002").await;
    let end = "4 call.hangup HANGUP: Normal Clearing by callee (16 NORMAL_CLEARING 200), final";
    assert_flow(&call, &[INITIAL, RINGING, CONNECTED, end]);
    assert_eq!(site.cdr(&call).await["disposition"], "CONNECTED");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_over_tcp_reaches_a_phone_over_udp() {
    let site = Site::start().await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    let phone = site.phone_of(&bob, site.sipp("uas_answered")).await;
    offhook_tests::Sipp::new("uac_answered", site.offhook.sip(Transport::Tcp))
        .transport(Transport::Tcp)
        .account(&alice)
        .value("to", "2002")
        .run()
        .await;
    phone.finish().await;

    let call = site.the_call(&alice, "2002").await;
    assert_flow(&call, &ANSWERED);
    assert_eq!(site.cdr(&call).await["disposition"], "CONNECTED");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_relay_the_same_call_has_the_same_events() {
    let site = Site::start_with("never", "").await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    let phone = site.phone_of(&bob, site.sipp("uas_answered")).await;
    site.caller("uac_answered", &alice, "2002").run().await;
    phone.finish().await;

    let call = site.the_call(&alice, "2002").await;
    assert_flow(&call, &ANSWERED);
    assert_eq!(site.cdr(&call).await["disposition"], "CONNECTED");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_calls_at_once_keep_their_events_apart() {
    let site = Site::start_with("never", "").await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    let port = free_port();
    site.register(&bob, port).await;
    let phone = site
        .sipp("uas_answered")
        .port(port)
        .calls(100, 1)
        .listen()
        .await;
    site.caller("uac_answered", &alice, "2002")
        .calls(100, 50)
        .run()
        .await;
    phone.finish().await;

    let calls = site.calls(100).await;
    assert_eq!(calls.len(), 100);
    for call in &calls {
        assert_flow(call, &ANSWERED);
    }
    let cdrs = site
        .rest
        .filter("cdrs", &[("disposition", "eq", "CONNECTED".into())])
        .await;
    assert_eq!(cdrs.len(), 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sound_before_the_answer_reaches_the_caller_and_is_one_ringing() {
    let site = Site::start().await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    let phone = site.phone_of(&bob, site.sipp("uas_early_media")).await;
    site.caller("uac_early_media", &alice, "2002").run().await;
    phone.finish().await;

    let call = site.the_call(&alice, "2002").await;
    assert_flow(&call, &ANSWERED);
}
