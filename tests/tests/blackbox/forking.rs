//! Several phones of one user: they all ring, one call_id, one end.

use offhook_tests::{Site, free_port};

use crate::{CONNECTED, INITIAL, RINGING, assert_flow};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_phones_answers_and_the_other_stops_ringing() {
    let site = Site::start().await;
    let (alice, desk) = (site.user("2001").await, site.user("2002").await);
    let mobile = site.phone(desk.user_id, "2002").await;
    assert_ne!(desk.username, mobile.username);
    let (desk_port, mobile_port) = (free_port(), free_port());
    site.register(&desk, desk_port).await;
    site.register(&mobile, mobile_port).await;
    let answering = site
        .sipp("uas_answered")
        .value("ring_ms", "500")
        .port(desk_port)
        .listen()
        .await;
    let ringing = site.sipp("uas_ringing").port(mobile_port).listen().await;
    site.sipp("uac_answered")
        .account(&alice)
        .value("to", "2002")
        .run()
        .await;
    answering.finish().await;
    ringing.finish().await;

    let call = site.the_call(&alice, "2002").await;
    let end = "4 call.hangup HANGUP: Normal Clearing by caller (16 NORMAL_CLEARING 200), final";
    assert_flow(&call, &[INITIAL, RINGING, CONNECTED, end]);
    assert_eq!(site.cdr(&call).await["sip_endpoint_id"], desk.phone_id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_phone_leaves_the_other_ringing_and_the_worst_answer_is_not_passed_on() {
    let site = Site::start().await;
    let (alice, desk) = (site.user("2001").await, site.user("2002").await);
    let mobile = site.phone(desk.user_id, "2002").await;
    let (desk_port, mobile_port) = (free_port(), free_port());
    site.register(&desk, desk_port).await;
    site.register(&mobile, mobile_port).await;
    let busy = site
        .sipp("uas_refused")
        .value("status", "486")
        .value("reason", "Busy Here")
        .port(desk_port)
        .listen()
        .await;
    let answering = site
        .sipp("uas_answered")
        .value("ring_ms", "500")
        .port(mobile_port)
        .listen()
        .await;
    site.sipp("uac_answered")
        .account(&alice)
        .value("to", "2002")
        .run()
        .await;
    busy.finish().await;
    answering.finish().await;

    let call = site.the_call(&alice, "2002").await;
    let end = "4 call.hangup HANGUP: Normal Clearing by caller (16 NORMAL_CLEARING 200), final";
    assert_flow(&call, &[INITIAL, RINGING, CONNECTED, end]);
    assert_eq!(site.cdr(&call).await["sip_endpoint_id"], mobile.phone_id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_phones_busy_is_one_missed_call() {
    let site = Site::start().await;
    let (alice, desk) = (site.user("2001").await, site.user("2002").await);
    let mobile = site.phone(desk.user_id, "2002").await;
    let mut phones = Vec::new();
    for account in [&desk, &mobile] {
        let port = free_port();
        site.register(account, port).await;
        phones.push(
            site.sipp("uas_refused")
                .value("status", "486")
                .value("reason", "Busy Here")
                .port(port)
                .listen()
                .await,
        );
    }
    site.sipp("uac_refused")
        .account(&alice)
        .value("to", "2002")
        .value("status", "486")
        .run()
        .await;
    for phone in phones {
        phone.finish().await;
    }

    let call = site.the_call(&alice, "2002").await;
    assert_flow(
        &call,
        &[
            INITIAL,
            RINGING,
            "3 call.missed HANGUP: User Busy by callee (17 USER_BUSY 486), final",
        ],
    );
    assert_eq!(site.cdr(&call).await["disposition"], "BUSY");
}
