//! Phones register, over UDP and TCP, and stay registered over a crash.

use offhook_tests::{Sipp, Site, Transport, free_port};

use crate::{ANSWERED, assert_flow};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_registers_and_unregisters() {
    let site = Site::start().await;
    let bob = site.user("2002").await;
    site.until_registered(&bob, false).await;
    let port = free_port();
    site.register(&bob, port).await;
    site.sipp("register")
        .account(&bob)
        .port(port)
        .value("expires", "0")
        .run()
        .await;
    site.until_registered(&bob, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_registers_over_tcp() {
    let site = Site::start().await;
    let bob = site.user("2002").await;
    let phone = Sipp::new("register", site.offhook.sip(Transport::Tcp))
        .transport(Transport::Tcp)
        .account(&bob);
    phone.run().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_refused_again() {
    let site = Site::start().await;
    let mut bob = site.user("2002").await;
    bob.password.push('x');
    site.sipp("register")
        .account(&bob)
        .value("status", "401")
        .run()
        .await;
    site.until_registered(&bob, false).await;
    assert_eq!(
        site.receiver
            .received()
            .iter()
            .filter(|request| request.event["event_name"] != "webhook.test")
            .count(),
        0
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_that_has_not_registered_again_rings_after_a_crash() {
    let mut site = Site::start().await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    let port = free_port();
    site.register(&bob, port).await;
    // The second within which a binding is promised to be stored, and a half.
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    site.offhook.kill().await;
    site.offhook.start_again().await;
    site.until_registered(&bob, true).await;

    let phone = site.sipp("uas_answered").port(port).listen().await;
    site.caller("uac_answered", &alice, "2002").run().await;
    phone.finish().await;
    let call = site.the_call(&alice, "2002").await;
    assert_flow(&call, &ANSWERED);
}
