//! The disk does not answer while a call is transferred: nothing leaves before its fact.

use std::time::Duration;

use super::super::{A, B1, Script, sdp};
use super::{C, connected, wish};

fn referred() -> Script {
    let mut script = connected();
    script.refer(B1, 4, "<sip:2003@pbx.example>");
    script.expect_sip(&["* call.initial", "* call.hangup Blind Transfer"]);
    script
}

#[test]
fn neither_202_nor_notify_nor_invite_leave_before_their_facts() {
    let mut script = referred();
    script.wait(Duration::from_secs(10)).expect_sip(&[]);
    // The new call's first fact alone lets its INVITE go; the transferor waits for the end of the old one.
    script.pbx.handle_committed(script.now, 3);
    script.drain();
    script.expect_sip(&[]);
    script.commit().expect_sip(&[
        "-- commit",
        "reply 4 202",
        "B1 NOTIFY +sdp",
        "B2 INVITE +sdp",
    ]);
}

#[test]
fn the_client_is_told_after_the_commit_only() {
    let mut script = connected();
    script.api(9, wish("2003", None));
    script.wait(Duration::from_secs(10));
    script.expect_sip(&["* call.initial", "* call.hangup Blind Transfer"]);
    script
        .commit()
        .expect_sip(&["-- commit", "api 9 Ok(Call(CallId(2)))", "B2 INVITE +sdp"]);
}

#[test]
fn a_target_whose_invite_never_left_is_dropped_and_the_call_comes_back() {
    let mut script = referred();
    script.wait(Duration::from_secs(30));
    script.expect_sip(&[
        "* call.initial",
        "* call.missed No Answer",
        "* call.connected",
    ]);
    script.commit().expect_sip(&[
        "-- commit",
        "reply 4 202",
        "B1 NOTIFY +sdp",
        "B1 NOTIFY +sdp",
    ]);
    script.wait(Duration::from_secs(10)).expect_sip(&[]);
    assert_eq!(script.pbx.len(), 1);
}

#[test]
fn a_moved_party_that_hangs_up_is_answered_though_the_disk_hangs() {
    let mut script = referred();
    script.request(A, 6, "BYE", None);
    script.expect_sip(&["* call.missed Originator Cancel"]);
    script.wait(Duration::from_millis(600));
    script.expect_sip(&["reply 6 200"]);
    // The transferor is told in order, and its BYE follows its answer.
    script.commit().expect_sip(&[
        "-- commit",
        "reply 4 202",
        "B1 NOTIFY +sdp",
        "B1 NOTIFY +sdp",
    ]);
    script.notified(B1, 2).expect_sip(&["B1 BYE"]);
}

#[test]
fn an_answer_uncommitted_after_8_s_ends_both_and_the_transferor_is_let_go() {
    let mut script = referred();
    script.commit().skip();
    script
        .answered(C, Some(&sdp("192.0.2.4", 6000, "sendrecv")))
        .expect_sip(&["* call.connected"]);
    script.wait(Duration::from_millis(7_900)).expect_sip(&[]);
    script.wait(Duration::from_millis(200));
    let lines = script.lines();
    assert_eq!(lines[0], "* call.hangup Normal Temporary Failure");
    for bye in ["A BYE", "B2 BYE"] {
        assert!(lines.contains(&bye.to_owned()), "{lines:?}");
    }
    script.commit();
    assert_eq!(script.last("final"), "true");
    assert_eq!(script.pbx.len(), 0);
}

#[test]
fn success_is_told_after_its_commit_only() {
    let mut script = referred();
    script.commit().skip();
    script
        .answered(C, Some(&sdp("192.0.2.4", 6000, "sendrecv")))
        .expect_sip(&["* call.connected"]);
    script
        .commit()
        .expect_sip(&["-- commit", "B2 ACK", "B1 NOTIFY +sdp"]);
}

#[test]
fn a_hold_is_told_to_a_second_client_after_its_commit_only() {
    let mut script = connected();
    let hold = crate::ApiCommand::Hold {
        call: offhook_base::CallId(1),
        held: true,
        by: offhook_base::UserId(100_002),
    };
    script
        .api(9, hold.clone())
        .response(A, 1, 200, Some(&sdp("192.0.2.1", 4000, "inactive")))
        .api(10, hold);
    script.expect_sip(&["A INVITE +sdp", "A ACK", "* call.hold"]);
    script
        .commit()
        .expect_sip(&["-- commit", "api 9 Ok(Done)", "api 10 Ok(Done)"]);
}
