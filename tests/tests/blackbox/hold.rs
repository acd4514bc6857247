//! Hold in all its forms (RFC 3264 section 8.4), by re-INVITE and by UPDATE (RFC 3311).

use offhook_tests::{Site, free_port};

use crate::{CONNECTED, INITIAL, RINGING, assert_documented, assert_flow};

async fn hold_and_take_back(
    caller: &'static str,
    phone: &'static str,
    address: &str,
    direction: &str,
) {
    let site = Site::start().await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    let port = free_port();
    site.register(&bob, port).await;
    let phone = site.sipp(phone).port(port).listen().await;
    site.sipp(caller)
        .account(&alice)
        .value("to", "2002")
        .value("hold_address", address)
        .value("hold_direction", direction)
        .run()
        .await;
    phone.finish().await;

    let call = site.the_call(&alice, "2002").await;
    assert_documented(&call, "Hold");
    assert_flow(
        &call,
        &[
            INITIAL,
            RINGING,
            CONNECTED,
            "4 call.hold ON_HOLD",
            "5 call.unhold CONNECTED",
            "6 call.hangup HANGUP: Normal Clearing by caller (16 NORMAL_CLEARING 200), final",
        ],
    );
    let cdr = site.cdr(&call).await;
    assert_eq!(
        (&cdr["disposition"], &cdr["type"]),
        (&"CONNECTED".into(), &"I".into())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_a_reinvite_with_sendonly() {
    hold_and_take_back("uac_hold", "uas_hold", "[media_ip]", "sendonly").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_a_reinvite_with_inactive() {
    hold_and_take_back("uac_hold", "uas_hold", "[media_ip]", "inactive").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_a_reinvite_with_the_unspecified_address() {
    hold_and_take_back("uac_hold", "uas_hold", "0.0.0.0", "sendrecv").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_an_update() {
    hold_and_take_back(
        "uac_update_hold",
        "uas_update_hold",
        "[media_ip]",
        "sendonly",
    )
    .await;
}
