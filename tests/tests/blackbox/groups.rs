//! Ring groups: one number, several users.

use offhook_tests::{Account, Site, free_port};

use crate::{assert_documented, assert_story};

/// What a phone that loses is told: it shows no missed call then (RFC 3326).
const ELSEWHERE: &str = r#"<action><ereg regexp="SIP;cause=200" search_in="hdr" header="Reason:" check_it="true" assign_to="told" /><log message="[$told]" /></action>"#;

/// What a phone is told that nobody waits for any more: that is a missed call.
const GIVEN_UP: &str = r#"<action><ereg regexp="SIP;cause=487" search_in="hdr" header="Reason:" check_it="true" assign_to="told" /><log message="[$told]" /></action>"#;

async fn call(site: &Site, alice: &Account, number: &str) {
    site.caller("uac_answered", alice, number).run().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_ring_and_the_losers_hear_that_another_one_answered() {
    let site = Site::start().await;
    let [alice, bob, carol] = site.users(["2001", "2002", "2003"]).await;
    let group = site.ring_group("3000", "ring_all", &[&bob, &carol]).await;
    let loser = site.sipp("uas_ringing").value("cancel", ELSEWHERE);
    let loser = site.phone_of(&bob, loser).await;
    // The winner rings later, and answers once both ring: these are events that come in this order then.
    let winner = site.sipp("uas_talks").value("ring_ms", "1000");
    let winner = winner.value("arrival", "uas_invite_late.xml");
    let winner = site.phone_of(&carol, winner).await;
    call(&site, &alice, "3000").await;
    loser.finish().await;
    winner.finish().await;

    let root = site.root().await;
    let rg = format!("RG-{group} in 2001>3000");
    assert_documented(&root, "Ring group, answered");
    assert_story(
        &root,
        &[
            &format!("a initial {rg}"),
            "b initial LOCAL_USER in 2001>2002",
            "c initial LOCAL_USER in 2001>2003",
            "b ringing LOCAL_USER in 2001>2002",
            &format!("a ringing {rg}"),
            "c ringing LOCAL_USER in 2001>2003",
            "c connected LOCAL_USER in 2001>2003",
            &format!("a connected {rg}"),
            "b hangup LOCAL_USER in 2001>2002: Lose Race by system (26 487)",
            "c hangup LOCAL_USER in 2001>2003: Normal Clearing by caller (16 200)",
            &format!("a hangup {rg}: Normal Clearing by caller (16 200), final"),
        ],
    );
    assert_eq!(root.events[0]["dst_name"], "Sales");
    assert_eq!(root.events[0]["dst_id"], group.to_string());
    assert_eq!(
        site.cdrs(&root).await,
        ["a CONNECTED I", "b NO ANSWER M of a", "c CONNECTED I of a"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_are_rung_one_after_the_other() {
    let site = Site::start().await;
    let [alice, bob, carol] = site.users(["2001", "2002", "2003"]).await;
    let group = site.ring_group("3000", "linear", &[&bob, &carol]).await;
    let busy = site.busy_phone(&bob).await;
    let winner = site.phone_of(&carol, site.sipp("uas_talks")).await;
    call(&site, &alice, "3000").await;
    busy.finish().await;
    winner.finish().await;

    let root = site.root().await;
    let rg = format!("RG-{group} in 2001>3000");
    assert_story(
        &root,
        &[
            &format!("a initial {rg}"),
            "b initial LOCAL_USER in 2001>2002",
            "b missed LOCAL_USER in 2001>2002: User Busy by callee (17 486)",
            "c initial LOCAL_USER in 2001>2003",
            "c ringing LOCAL_USER in 2001>2003",
            &format!("a ringing {rg}"),
            "c connected LOCAL_USER in 2001>2003",
            &format!("a connected {rg}"),
            "c hangup LOCAL_USER in 2001>2003: Normal Clearing by caller (16 200)",
            &format!("a hangup {rg}: Normal Clearing by caller (16 200), final"),
        ],
    );
    assert_eq!(
        site.cdrs(&root).await,
        ["a CONNECTED I", "b BUSY M of a", "c CONNECTED I of a"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_of_the_group_answers() {
    let site = Site::start().await;
    let [alice, bob, carol] = site.users(["2001", "2002", "2003"]).await;
    let group = site.ring_group("3000", "ring_all", &[&bob, &carol]).await;
    // Carol has no phone at all.
    let ringing = site.sipp("uas_ringing").value("cancel", GIVEN_UP);
    let ringing = site.phone_of(&bob, ringing).await;
    site.refused(&alice, "3000", "480").await;
    ringing.finish().await;

    let root = site.root().await;
    let rg = format!("RG-{group} in 2001>3000");
    assert_story(
        &root,
        &[
            &format!("a initial {rg}"),
            "b initial LOCAL_USER in 2001>2002",
            "c initial LOCAL_USER in 2001>2003",
            "c missed LOCAL_USER in 2001>2003: Subscriber Absent by system (20 480)",
            "b ringing LOCAL_USER in 2001>2002",
            &format!("a ringing {rg}"),
            "b missed LOCAL_USER in 2001>2002: No Answer by system (19 480)",
            &format!("a missed {rg}: No Answer by system (19 480), no_answer, final"),
        ],
    );
    assert_eq!(
        site.cdrs(&root).await,
        ["a NO ANSWER M", "b NO ANSWER M of a", "c NO ANSWER M of a"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_caller_gives_up_while_the_group_rings() {
    let site = Site::start().await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    let group = site.ring_group("3000", "ring_all", &[&bob]).await;
    let ringing = site.phone_of(&bob, site.sipp("uas_ringing")).await;
    site.caller("uac_cancel", &alice, "3000").run().await;
    ringing.finish().await;

    let root = site.root().await;
    let rg = format!("RG-{group} in 2001>3000");
    assert_story(
        &root,
        &[
            &format!("a initial {rg}"),
            "b initial LOCAL_USER in 2001>2002",
            "b ringing LOCAL_USER in 2001>2002",
            &format!("a ringing {rg}"),
            "b missed LOCAL_USER in 2001>2002: Originator Cancel by caller (16 487)",
            &format!("a missed {rg}: Originator Cancel by caller (16 487), abandoned, final"),
        ],
    );
    assert_eq!(
        site.cdrs(&root).await,
        ["a NO ANSWER M", "b NO ANSWER M of a"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_that_is_deleted_lets_its_caller_go() {
    let site = Site::start().await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    let group = site.ring_group("3000", "ring_all", &[&bob]).await;
    let ringing = site.phone_of(&bob, site.sipp("uas_ringing")).await;
    let refused = |port: u16| {
        site.caller("uac_refused", &alice, "3000")
            .value("status", "404")
            .port(port)
    };
    let caller = refused(free_port()).start();
    site.event("call.ringing", 1).await;
    let path = format!("/ringgroups/{group}");
    site.rest.delete(&path).await.expect(204);
    caller.finish().await;
    ringing.finish().await;
    let root = site.root().await;
    let rg = format!("RG-{group} in 2001>3000");
    assert_story(
        &root,
        &[
            &format!("a initial {rg}"),
            "b initial LOCAL_USER in 2001>2002",
            "b ringing LOCAL_USER in 2001>2002",
            &format!("a ringing {rg}"),
            "b missed LOCAL_USER in 2001>2002: Unallocated Number by system (1 404)",
            &format!("a missed {rg}: Unallocated Number by system (1 404), removed, final"),
        ],
    );
    assert_eq!(
        site.cdrs(&root).await,
        ["a NO ANSWER M", "b NO ANSWER M of a"]
    );
    // New ones get 404.
    refused(free_port()).run().await;
}
