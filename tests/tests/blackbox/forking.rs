//! Several phones of one user: they all ring, one call_id, one end.

use offhook_tests::Site;

use crate::{ANSWERED, INITIAL, RINGING, assert_flow};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_phones_answers_and_the_other_stops_ringing() {
    let site = Site::start().await;
    let [alice, desk] = site.users(["2001", "2002"]).await;
    let mobile = site.phone(desk.user_id, "2002").await;
    assert_ne!(desk.username, mobile.username);
    let answering = site.sipp("uas_answered").value("ring_ms", "500");
    let answering = site.phone_of(&desk, answering).await;
    let ringing = site.phone_of(&mobile, site.sipp("uas_ringing")).await;
    site.caller("uac_answered", &alice, "2002").run().await;
    answering.finish().await;
    ringing.finish().await;

    let call = site.the_call(&alice, "2002").await;
    assert_flow(&call, &ANSWERED);
    assert_eq!(site.cdr(&call).await["sip_endpoint_id"], desk.phone_id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_phone_leaves_the_other_ringing_and_the_worst_answer_is_not_passed_on() {
    let site = Site::start().await;
    let [alice, desk] = site.users(["2001", "2002"]).await;
    let mobile = site.phone(desk.user_id, "2002").await;
    let busy = site.sipp("uas_refused").refusing("486", "Busy Here");
    let busy = site.phone_of(&desk, busy).await;
    let answering = site.sipp("uas_answered").value("ring_ms", "500");
    let answering = site.phone_of(&mobile, answering).await;
    site.caller("uac_answered", &alice, "2002").run().await;
    busy.finish().await;
    answering.finish().await;

    let call = site.the_call(&alice, "2002").await;
    assert_flow(&call, &ANSWERED);
    assert_eq!(site.cdr(&call).await["sip_endpoint_id"], mobile.phone_id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_phones_busy_is_one_missed_call() {
    let site = Site::start().await;
    let [alice, desk] = site.users(["2001", "2002"]).await;
    let mobile = site.phone(desk.user_id, "2002").await;
    let mut phones = Vec::new();
    for account in [&desk, &mobile] {
        let busy = site.sipp("uas_refused").refusing("486", "Busy Here");
        phones.push(site.phone_of(account, busy).await);
    }
    site.refused(&alice, "2002", "486").await;
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
