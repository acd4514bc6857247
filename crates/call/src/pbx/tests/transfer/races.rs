//! What crosses a transfer.

use std::time::Duration;

use offhook_sip_core::{Event, LegId, TxId};

use super::super::{A, B1, Script, sdp};
use super::{C, connected, wish};

/// The transferor's own phone, when it is rung again.
const AGAIN: LegId = LegId(7);

fn transferring() -> Script {
    let mut script = connected();
    script
        .refer(B1, 4, "<sip:2003@pbx.example>")
        .commit()
        .skip();
    script
}

fn finals(script: &Script) -> usize {
    let bodies = script.bodies.iter();
    bodies.filter(|body| body["final"] == true).count()
}

#[test]
fn the_transferor_hangs_up_before_the_target_answers_and_the_two_are_joined() {
    let mut script = transferring();
    script
        .request(B1, 6, "BYE", None)
        .expect_sip(&["reply 6 200"]);
    script
        .answered(C, Some(&sdp("192.0.2.4", 6000, "sendrecv")))
        .commit()
        .expect_sip(&["* call.connected", "-- commit", "B2 ACK"]);
    script.request(A, 8, "BYE", None).commit();
    script.expect_sip(&[
        "* call.hangup Normal Clearing",
        "-- commit",
        "reply 8 200",
        "B2 BYE",
    ]);
    assert_eq!(finals(&script), 1);
}

#[test]
fn the_transferors_bye_crosses_the_targets_answer() {
    let mut script = transferring();
    script
        .answered(C, Some(&sdp("192.0.2.4", 6000, "sendrecv")))
        .request(B1, 6, "BYE", None)
        .commit();
    script.expect_sip(&[
        "* call.connected",
        "-- commit",
        "B2 ACK",
        "B1 NOTIFY +sdp",
        "reply 6 200",
    ]);
    // The stack knows no such leg any more.
    let (leg, tx) = (B1, TxId::outgoing(2));
    script
        .event(Event::Failed {
            leg,
            tx,
            status: 481,
        })
        .expect_sip(&[]);
    assert_eq!(script.pbx.len(), 1);
}

#[test]
fn the_transferor_hangs_up_at_the_notify_and_gets_no_second_bye() {
    let mut script = transferring();
    script
        .answered(C, Some(&sdp("192.0.2.4", 6000, "sendrecv")))
        .commit()
        .skip();
    script
        .request(B1, 6, "BYE", None)
        .expect_sip(&["reply 6 200"]);
    script.notified(B1, 2).expect_sip(&[]);
}

#[test]
fn bye_follows_only_the_answer_to_the_last_notify_or_its_failure() {
    for fails in [false, true] {
        let mut script = transferring();
        script
            .answered(C, Some(&sdp("192.0.2.4", 6000, "sendrecv")))
            .commit()
            .skip();
        // The answer to the first NOTIFY comes late and is none to the last.
        script.notified(B1, 1).expect_sip(&[]);
        script.wait(Duration::from_secs(31)).expect_sip(&[]);
        let (leg, tx) = (B1, TxId::outgoing(2));
        if fails {
            script.event(Event::Failed {
                leg,
                tx,
                status: 408,
            });
        } else {
            script.notified(B1, 2);
        }
        script.expect_sip(&["B1 BYE"]);
    }
}

#[test]
fn the_first_notify_is_not_answered_at_all() {
    let mut script = transferring();
    let (leg, tx) = (B1, TxId::outgoing(1));
    script
        .event(Event::Failed {
            leg,
            tx,
            status: 408,
        })
        .expect_sip(&[]);
    script
        .answered(C, Some(&sdp("192.0.2.4", 6000, "sendrecv")))
        .commit();
    script.expect_sip(&["* call.connected", "-- commit", "B2 ACK", "B1 NOTIFY +sdp"]);
}

#[test]
fn the_moved_party_hangs_up_while_the_target_rings() {
    let mut script = transferring();
    script.request(A, 6, "BYE", None).commit();
    script.expect_sip(&[
        "B2 CANCEL given up",
        "* call.missed Originator Cancel",
        "-- commit",
        "B1 NOTIFY +sdp",
        "reply 6 200",
    ]);
    assert_eq!(finals(&script), 1);
    assert_eq!(script.last("terminated_by"), "caller");
    // A 200 of the target that crossed the CANCEL.
    script
        .answered(C, Some(&sdp("192.0.2.4", 6000, "sendrecv")))
        .expect_sip(&["B2 ACK", "B2 BYE"]);
    assert_eq!(script.pbx.len(), 0);
}

#[test]
fn the_moved_partys_bye_crosses_the_targets_answer() {
    let mut script = transferring();
    script
        .answered(C, Some(&sdp("192.0.2.4", 6000, "sendrecv")))
        .request(A, 6, "BYE", None)
        .commit();
    script.expect_sip(&[
        "* call.connected",
        "* call.hangup Normal Clearing",
        "-- commit",
        "B2 ACK",
        "B1 NOTIFY +sdp",
        "reply 6 200",
        "B2 BYE",
    ]);
    assert_eq!(finals(&script), 1);
}

#[test]
fn refer_and_bye_of_the_same_phone_in_one_breath() {
    let mut script = connected();
    script
        .refer(B1, 4, "<sip:2003@pbx.example>")
        .request(B1, 6, "BYE", None)
        .commit();
    script.expect_sip(&[
        "* call.initial",
        "* call.hangup Blind Transfer",
        "-- commit",
        "reply 4 202",
        "B1 NOTIFY +sdp",
        "B2 INVITE +sdp",
        "reply 6 200",
    ]);
}

#[test]
fn a_bye_of_the_other_side_that_was_first_leaves_no_call_to_transfer() {
    let mut script = connected();
    script
        .request(A, 2, "BYE", None)
        .refer(B1, 4, "<sip:2003@pbx.example>")
        .commit();
    script.expect_sip(&[
        "* call.hangup Normal Clearing",
        "-- commit",
        "reply 2 200",
        "B1 BYE",
        "reply 4 481",
    ]);
}

#[test]
fn the_second_of_two_refers_is_491_by_either_party() {
    let mut script = transferring();
    script
        .refer(B1, 6, "<sip:2004@pbx.example>")
        .expect_sip(&["reply 6 491"]);
    script
        .refer(A, 8, "<sip:2004@pbx.example>")
        .expect_sip(&["reply 8 491"]);
    script
        .answered(C, Some(&sdp("192.0.2.4", 6000, "sendrecv")))
        .commit()
        .skip();
    // The transferor is still there, waiting to be told.
    script
        .refer(C, 10, "<sip:2004@pbx.example>")
        .expect_sip(&["reply 10 491"]);
    script
        .refer(B1, 12, "<sip:2004@pbx.example>")
        .expect_sip(&["reply 12 491"]);
}

#[test]
fn a_client_meets_a_refer_404_for_the_old_call_and_409_for_the_new() {
    let mut script = transferring();
    script
        .api(9, wish("2004", None))
        .expect_sip(&["api 9 Err(NotFound)"]);
    let command = crate::ApiCommand::Transfer {
        call: offhook_base::CallId(2),
        dst: "2004".into(),
        party: None,
    };
    script
        .api(10, command)
        .expect_sip(&["api 10 Err(Conflict(\"the call is being transferred or changed\"))"]);
}

#[test]
fn a_refer_that_meets_a_client_is_491() {
    let mut script = connected();
    script
        .registered_too(&[5])
        .api(9, wish("2003", None))
        .commit()
        .skip();
    script
        .refer(B1, 4, "<sip:2004@pbx.example>")
        .expect_sip(&["reply 4 491"]);
}

#[test]
fn what_the_transferor_asks_meanwhile_is_put_off() {
    let mut script = transferring();
    let resume = sdp("192.0.2.2", 5000, "sendrecv");
    for (tx, method, status) in [(6, "INVITE", 500), (8, "UPDATE", 500), (10, "OPTIONS", 200)] {
        script.request(B1, tx, method, Some(&resume));
        script.expect_sip(&[&format!("reply {tx} {status}")]);
    }
    // Who is moved has a dialog of its own, in which we answer for whoever is not there yet.
    script.request(A, 12, "INVITE", Some(&resume));
    script.expect_sip(&["reply 12 200 +sdp"]);
}

#[test]
fn a_transferor_that_hung_up_answers_when_rung_again() {
    let mut script = transferring();
    script.request(B1, 6, "BYE", None).skip();
    script.refused(C, 486).commit().skip();
    script
        .answered(AGAIN, Some(&sdp("192.0.2.2", 7000, "sendrecv")))
        .commit();
    script.expect_sip(&["* call.connected", "-- commit", "B3 ACK"]);
    script.request(AGAIN, 8, "BYE", None).commit();
    assert_eq!(
        script.told()[2..],
        [
            "3 2 call.initial 2001>2003",
            "4 1 call.hangup 2001>2002 Blind Transfer",
            "5 3 call.initial 2001>2002",
            "6 2 call.missed 2001>2003 User Busy",
            "7 3 call.connected 2001>2002",
            "8 3 call.hangup 2001>2002 Normal Clearing final",
        ]
    );
}

#[test]
fn a_client_hangs_up_all_three() {
    let mut script = transferring();
    script.hang_up(offhook_base::CallId(2), 9);
    script.drain();
    script.commit().expect_sip(&[
        "B2 CANCEL given up",
        "* call.missed Manager Request",
        "-- commit",
        "B1 NOTIFY +sdp",
        "A BYE",
        "api 9 Ok(Done)",
    ]);
    assert_eq!(finals(&script), 1);
}

#[test]
fn the_transferors_connection_is_lost_and_it_is_rung_where_it_is_now() {
    let mut script = transferring();
    script
        .event(Event::Lost { leg: B1 })
        .expect_sip(&["B1 BYE"]);
    script.refused(C, 486).commit();
    script.expect_sip(&[
        "* call.initial",
        "* call.missed User Busy",
        "-- commit",
        "B3 INVITE +sdp",
    ]);
}

#[test]
fn a_shutdown_ends_a_transfer_under_way_once() {
    let mut script = transferring();
    script.pbx.shut_down(script.now);
    script.drain();
    script.commit().expect_sip(&[
        "B2 CANCEL given up",
        "* call.missed System Shutdown",
        "-- commit",
        "B1 NOTIFY +sdp",
        "A BYE",
        "B1 BYE",
    ]);
    assert_eq!(finals(&script), 1);
}
