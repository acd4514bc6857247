//! Transfer by a phone: REFER.

use offhook_tests::{Running, Sipp, Site};

use super::assert_talk;
use crate::assert_documented;

/// A phone transfers by REFER, and the target's phone plays a scenario.
async fn refer(
    by_caller: bool,
    outcome: &str,
    target: &'static str,
) -> (Site, Running, [Running; 2]) {
    let phones = if by_caller {
        ("uac_refer", "uas_talks")
    } else {
        ("uac_answered_far_end", "uas_refer")
    };
    refer_with(phones, outcome, target).await
}

/// Alice calls Bob, one of them asks for Carol; phones are Alice's and Bob's.
async fn refer_with(
    (alices, bobs): (&'static str, &'static str),
    outcome: &str,
    target: &'static str,
) -> (Site, Running, [Running; 2]) {
    let site = Site::start().await;
    let [alice, bob, carol] = site.users(["2001", "2002", "2003"]).await;
    let target = site
        .sipp(target)
        .value("ring_ms", "1000")
        .refusing("486", "Busy Here");
    let target = site.phone_of(&carol, target).await;
    let values = |sipp: Sipp| {
        // Of those who are held, if any are.
        let sipp = sipp
            .value("held", "sendonly")
            .value("direction", "recvonly");
        sipp.value("target", "2003").value("outcome", outcome)
    };
    let bobs = site.phone_of(&bob, values(site.sipp(bobs))).await;
    let alices = values(site.sipp(alices))
        .account(&alice)
        .value("to", "2002")
        .start();
    (site, target, [alices, bobs])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_caller_transfers_by_refer() {
    let (site, target, phones) = refer(true, "200", "uas_hangs_up").await;
    let invite = target.got("INVITE").await;
    assert!(invite.contains("Referred-By: <sip:2001@"), "{invite}");
    target.finish().await;
    for phone in phones {
        phone.finish().await;
    }
    let root = site.root().await;
    assert_documented(&root, "Transfer by a phone");
    assert_talk(
        &root,
        &[
            "b initial LOCAL_USER in 2002>2003",
            "a hangup LOCAL_USER in 2001>2002: Blind Transfer by caller (16 200)",
            "b ringing LOCAL_USER in 2002>2003",
            "b connected LOCAL_USER in 2002>2003",
            "b hangup LOCAL_USER in 2002>2003: Normal Clearing by callee (16 200), final",
        ],
    );
    assert_eq!(
        site.cdrs(&root).await,
        ["a CONNECTED I", "b CONNECTED I of a"]
    );
    // The whole story is one ladder, whichever of its calls was asked for.
    let columns = ["2001", "2002", "2003", "Offhook", "calls"];
    let rows = [
        "2001>Offhook REFER",
        "Offhook>2001 202",
        "Offhook>2001 NOTIFY",
        "Offhook>2003 INVITE",
        "2003>Offhook BYE",
        "Offhook>2003 200",
        "Offhook>2002 BYE",
    ];
    site.ladders(&root, &columns, &rows).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_called_side_transfers_by_refer() {
    let (site, target, phones) = refer(false, "200", "uas_hangs_up").await;
    target.finish().await;
    for phone in phones {
        phone.finish().await;
    }
    let root = site.root().await;
    assert_documented(&root, "Transfer by a phone");
    assert_talk(
        &root,
        &[
            "b initial LOCAL_USER in 2001>2003",
            "a hangup LOCAL_USER in 2001>2002: Blind Transfer by callee (16 200)",
            "b ringing LOCAL_USER in 2001>2003",
            "b connected LOCAL_USER in 2001>2003",
            "b hangup LOCAL_USER in 2001>2003: Normal Clearing by callee (16 200), final",
        ],
    );
    assert_eq!(
        site.cdrs(&root).await,
        ["a CONNECTED I", "b CONNECTED I of a"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_refer_to_somebody_busy_the_call_comes_back() {
    let (site, target, phones) = refer(true, "486", "uas_refused_at_once").await;
    target.finish().await;
    let back = site.event("call.connected", 1).await["call_id"].clone();
    phones[0].got("NOTIFY").await;
    site.hang_up(&back).await;
    for phone in phones {
        phone.finish().await;
    }
    let root = site.root().await;
    assert_talk(
        &root,
        &[
            "b initial LOCAL_USER in 2002>2003",
            "a hangup LOCAL_USER in 2001>2002: Blind Transfer by caller (16 200)",
            "c initial LOCAL_USER in 2002>2001",
            "b missed LOCAL_USER in 2002>2003: User Busy by callee (17 486)",
            "c connected LOCAL_USER in 2002>2001",
            "c hangup LOCAL_USER in 2002>2001: Manager Request by api (16 200), final",
        ],
    );
    assert_eq!(
        site.cdrs(&root).await,
        ["a CONNECTED I", "b BUSY M of a", "c CONNECTED I of a"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_transfers_may_hang_up_at_once() {
    let (site, target, phones) =
        refer_with(("uac_refer_and_leave", "uas_talks"), "200", "uas_talks").await;
    let [alices, bobs] = phones;
    alices.finish().await;
    let new = site.event("call.connected", 1).await["call_id"].clone();
    site.hang_up(&new).await;
    bobs.finish().await;
    target.finish().await;
    let root = site.root().await;
    assert_talk(
        &root,
        &[
            "b initial LOCAL_USER in 2002>2003",
            "a hangup LOCAL_USER in 2001>2002: Blind Transfer by caller (16 200)",
            "b ringing LOCAL_USER in 2002>2003",
            "b connected LOCAL_USER in 2002>2003",
            "b hangup LOCAL_USER in 2002>2003: Manager Request by api (16 200), final",
        ],
    );
    assert_eq!(
        site.cdrs(&root).await,
        ["a CONNECTED I", "b CONNECTED I of a"]
    );
}

/// Who transfers has the other one on hold before, as most phones do: the hold ends with the call that was held.
async fn held_and_transferred(
    phones: (&'static str, &'static str),
    moved: &str,
    by: &str,
    mover: &str,
) {
    let (site, target, phones) = refer_with(phones, "200", "uas_hangs_up").await;
    let invite = target.got("INVITE").await;
    assert!(
        invite.contains(&format!("Referred-By: <sip:{mover}@")),
        "{invite}"
    );
    target.finish().await;
    for phone in phones {
        phone.finish().await;
    }
    let root = site.root().await;
    let new = format!("LOCAL_USER in {moved}>2003");
    assert_documented(&root, "Transfer of a held call");
    assert_talk(
        &root,
        &[
            "a hold LOCAL_USER in 2001>2002",
            &format!("b initial {new}"),
            &format!("a hangup LOCAL_USER in 2001>2002: Blind Transfer by {by} (16 200)"),
            &format!("b ringing {new}"),
            &format!("b connected {new}"),
            &format!("b hangup {new}: Normal Clearing by callee (16 200), final"),
        ],
    );
    assert_eq!(
        site.cdrs(&root).await,
        ["a CONNECTED I", "b CONNECTED I of a"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_caller_holds_and_transfers_by_refer() {
    let phones = ("uac_hold_refer", "uas_held");
    held_and_transferred(phones, "2002", "caller", "2001").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_called_side_holds_and_transfers_by_refer() {
    let phones = ("uac_held", "uas_hold_refer");
    held_and_transferred(phones, "2001", "callee", "2002").await;
}

/// A REFER that is refused leaves the call as it is.
async fn refer_refused(domain: &'static str, target: &str, host: &str, status: &str) {
    let loopback = std::net::Ipv4Addr::LOCALHOST.into();
    let site = Site::start_in(domain, loopback, "always", "").await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    let bobs = site.phone_of(&bob, site.sipp("uas_talks")).await;
    site.caller("uac_refer_refused", &alice, "2002")
        .value("target", target)
        .value("target_host", host)
        .value("status", status)
        .run()
        .await;
    bobs.finish().await;
    let root = site.root().await;
    assert_talk(
        &root,
        &["a hangup LOCAL_USER in 2001>2002: Normal Clearing by caller (16 200), final"],
    );
    assert_eq!(site.cdrs(&root).await, ["a CONNECTED I"]);
}

const OURS: &str = "[remote_ip]:[remote_port]";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refer_to_a_foreign_domain_is_refused() {
    refer_refused("pbx.example", "2003", "evil.example", "403").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refer_to_nobody_is_refused() {
    refer_refused("", "2999", OURS, "404").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refer_to_the_side_that_would_be_moved_is_refused() {
    refer_refused("", "2002", OURS, "403").await;
}
