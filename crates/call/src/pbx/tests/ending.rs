//! Ends of calls, and their races.

use std::time::Duration;

use offhook_base::CallId;
use offhook_sip_core::Event;

use super::{A, B1, Script, message, sdp};

fn connected() -> Script {
    let offer = sdp("192.0.2.1", 4000, "sendrecv");
    let mut script = Script::new().registered(&[2]);
    script
        .invite("2002", Some(&offer))
        .commit()
        .answered(B1, Some(&offer))
        .commit()
        .acked(A, None)
        .skip();
    script
}

#[test]
fn a_cancel_before_the_invite_left_drops_it() {
    let mut script = Script::new().registered(&[2]);
    script
        .invite("2002", None)
        .event(Event::Cancelled {
            leg: A,
            reason: None,
        })
        .commit();
    script.expect(&[
        "* call.initial",
        "* call.missed Originator Cancel",
        "-- commit",
        "A 487",
    ]);
}

#[test]
fn a_cancel_after_the_invite_left_gives_up_the_branches_at_once() {
    let mut script = Script::new().registered(&[2]);
    script
        .invite("2002", None)
        .commit()
        .provisional(B1, 180, None)
        .commit()
        .skip();
    script.event(Event::Cancelled {
        leg: A,
        reason: None,
    });
    script.expect(&["B1 CANCEL given up", "* call.missed Originator Cancel"]);
    script.commit().expect(&["-- commit", "A 487"]);
    assert_eq!(
        script.cdrs.last().map(|cdr| cdr.terminated_by),
        Some(offhook_base::TerminatedBy::Caller)
    );
}

#[test]
fn a_cancel_that_crosses_the_answer_changes_nothing() {
    let offer = sdp("192.0.2.1", 4000, "sendrecv");
    let mut script = Script::new().registered(&[2]);
    script.invite("2002", Some(&offer)).commit().skip();
    script
        .answered(B1, Some(&offer))
        .event(Event::Cancelled {
            leg: A,
            reason: None,
        })
        .commit();
    script.expect(&["* call.connected", "-- commit", "A 200 +sdp", "B1 ACK"]);
    assert_eq!(script.pbx.len(), 1);
}

#[test]
fn bye_of_both_sides_at_once_is_one_end_and_two_answers() {
    let mut script = connected();
    script
        .request(A, 2, "BYE", None)
        .request(B1, 4, "BYE", None)
        .commit();
    script.expect(&[
        "* call.hangup Normal Clearing",
        "-- commit",
        "reply 2 200",
        "B1 BYE",
        "reply 4 200",
    ]);
    assert_eq!(
        script
            .bodies
            .last()
            .map(|body| body["terminated_by"].clone()),
        Some("caller".into())
    );
}

#[test]
fn bye_of_the_called_side_before_the_callers_ack() {
    let offer = sdp("192.0.2.1", 4000, "sendrecv");
    let mut script = Script::new().registered(&[2]);
    script
        .invite("2002", Some(&offer))
        .commit()
        .answered(B1, Some(&offer))
        .commit()
        .skip();
    script.request(B1, 2, "BYE", None).commit();
    script.expect(&[
        "* call.hangup Normal Clearing",
        "-- commit",
        "reply 2 200",
        "A BYE",
    ]);
    assert_eq!(
        script
            .bodies
            .last()
            .map(|body| body["terminated_by"].clone()),
        Some("callee".into())
    );
}

#[test]
fn rfc3261_13_3_1_4_a_caller_that_never_acks_is_hung_up() {
    let mut script = connected();
    script.event(Event::AckMissing { leg: A }).commit();
    script.expect(&[
        "* call.hangup Recovery On Timer Expire",
        "-- commit",
        "A BYE",
        "B1 BYE",
    ]);
}

#[test]
fn rfc3326_a_reason_of_the_peer_wins() {
    let mut script = connected();
    let request = message(
        "BYE sip:x SIP/2.0",
        "2 BYE",
        &["Reason: Q.850;cause=31;text=\"x\""],
        None,
    );
    script
        .event(Event::Request {
            leg: A,
            tx: offhook_sip_core::TxId(2),
            request,
        })
        .commit();
    assert_eq!(
        script.bodies.last().map(|body| body["cause"].clone()),
        Some(serde_json::json!({"q850": 31, "name": "NORMAL_UNSPECIFIED", "sip": 200}))
    );
}

#[test]
fn hang_up_by_the_api_waits_for_its_commit_and_is_404_afterwards() {
    let mut script = connected();
    script.hang_up(CallId(1), 9);
    script.drain();
    script.expect(&["* call.hangup Manager Request"]);
    script
        .commit()
        .expect(&["-- commit", "A BYE", "B1 BYE", "api 9 Ok(Done)"]);
    script.hang_up(CallId(1), 10);
    script.drain();
    script.expect(&["api 10 Err(NotFound)"]);
    assert_eq!(
        script
            .bodies
            .last()
            .map(|body| body["terminated_by"].clone()),
        Some("api".into())
    );
}

#[test]
fn a_ringing_call_is_hung_up_by_the_api() {
    let mut script = Script::new().registered(&[2]);
    script.invite("2002", None).commit().skip();
    script.hang_up(CallId(1), 9);
    script.drain();
    script.commit().expect(&[
        "B1 CANCEL given up",
        "* call.missed Manager Request",
        "-- commit",
        "A 480",
        "api 9 Ok(Done)",
    ]);
}

#[test]
fn a_shutdown_ends_every_call_with_its_event() {
    let mut script = connected();
    script.pbx.shut_down(script.now);
    script.drain();
    script.commit().expect(&[
        "* call.hangup System Shutdown",
        "-- commit",
        "A BYE",
        "B1 BYE",
    ]);
}

#[test]
fn no_call_lasts_longer_than_a_day() {
    let mut script = connected();
    script.wait(Duration::from_secs(24 * 3_600)).commit();
    script.expect(&[
        "* call.hangup Allotted Timeout",
        "-- commit",
        "A BYE",
        "B1 BYE",
    ]);
    assert_eq!(script.cdrs.last().map(|cdr| cdr.billsec), Some(24 * 3_600));
}

#[test]
fn the_legs_of_an_ended_call_are_forgotten_after_64_t1() {
    let mut script = connected();
    script.request(A, 2, "BYE", None).commit();
    assert!(script.pbx.leg(A).is_some());
    script.wait(Duration::from_secs(40));
    assert!(script.pbx.leg(A).is_none() && script.pbx.leg(B1).is_none());
}

#[test]
fn a_clock_that_steps_does_not_bend_a_call() {
    let mut script = connected();
    script.wait(Duration::from_secs(10));
    script.now.wall = offhook_base::Wall(script.now.wall.0 - 3_600_000_000);
    script.request(A, 2, "BYE", None).commit();
    assert_eq!(
        script.cdrs.last().map(|cdr| (cdr.duration, cdr.billsec)),
        Some((10, 10))
    );
}

#[test]
fn a_bye_on_the_early_dialog_that_crosses_the_answer_ends_the_call() {
    let offer = sdp("192.0.2.1", 4000, "sendrecv");
    let mut script = Script::new().registered(&[2]);
    script.invite("2002", Some(&offer)).commit().skip();
    let bye = message("BYE sip:x SIP/2.0", "2 BYE", &[], None);
    script
        .answered(B1, Some(&offer))
        .event(Event::Cancelled {
            leg: A,
            reason: Some(bye),
        })
        .commit();
    script.expect(&[
        "* call.connected",
        "* call.hangup Normal Clearing",
        "-- commit",
        "B1 ACK",
        "A 487",
        "B1 BYE",
    ]);
    assert_eq!(
        script
            .bodies
            .last()
            .map(|body| body["terminated_by"].clone()),
        Some("caller".into())
    );
}

#[test]
fn while_the_node_stops_new_calls_get_503() {
    let mut script = Script::new().registered(&[2]);
    script.pbx.shut_down(script.now);
    script.invite("2002", None).expect(&["A 503"]);
    assert!(script.bodies.is_empty());
}

#[test]
fn a_call_whose_relay_cannot_be_started_ends_instead_of_staying_silent() {
    let mut script = connected();
    script.pbx.media_lost(script.now, CallId(1));
    script.drain();
    script.commit().expect(&[
        "* call.hangup Normal Circuit Congestion",
        "-- commit",
        "A BYE",
        "B1 BYE",
    ]);
}
