//! A ringing call is sent to somebody else.

use std::time::Duration;

use offhook_base::CallId;
use offhook_sip_core::{Event, LegId};

use super::super::{A, B1, B2, Script, sdp};
use super::wish;
use crate::{ApiCommand, TransferParty};

/// The leg to the new target: two phones of 2002 were rung before.
const D: LegId = LegId(7);

fn ringing() -> Script {
    let offer = sdp("192.0.2.1", 4000, "sendrecv");
    let mut script = Script::with(|config| config.relay = Some([192, 0, 2, 254].into()))
        .registered(&[1, 2, 3, 4]);
    script
        .ports(4)
        .invite("2002", Some(&offer))
        .commit()
        .provisional(B1, 180, None)
        .commit()
        .skip();
    script
}

fn deflected() -> Script {
    let mut script = ringing();
    script.api(9, wish("2003", None)).commit();
    script
}

#[test]
fn the_old_phones_are_given_up_and_the_new_ones_ring() {
    let mut script = deflected();
    script.expect_sip(&[
        "B1 CANCEL given up",
        "B2 CANCEL given up",
        "* call.initial",
        "* call.hangup Blind Transfer",
        "-- commit",
        "api 9 Ok(Call(CallId(2)))",
        "B3 INVITE +sdp",
    ]);
    let ended = &script.bodies[3];
    assert_eq!(ended["final"], false);
    assert_eq!(ended["state"], "HANGUP");
    assert_eq!(ended["terminated_by"], "api");
    assert_eq!(ended["connected_at"], serde_json::Value::Null);
    assert_eq!(ended["cause"]["sip"], 487);
    assert_eq!(
        script.cdrs[0].disposition,
        offhook_base::Disposition::NoAnswer
    );
    script
        .provisional(D, 180, None)
        .answered(D, Some(&sdp("192.0.2.4", 6000, "sendrecv")))
        .commit();
    script.expect_sip(&[
        "* call.ringing",
        "* call.connected",
        "-- commit",
        "A 180",
        "A 200 +sdp",
        "B3 ACK",
    ]);
}

#[test]
fn rfc3261_13_2_2_4_a_late_answer_of_an_old_phone_gets_ack_and_bye() {
    let mut script = deflected();
    script.skip();
    let answer = sdp("192.0.2.2", 5000, "sendrecv");
    script
        .answered(B1, Some(&answer))
        .expect_sip(&["B1 ACK", "B1 BYE"]);
    script.refused(B2, 487).expect_sip(&[]);
    assert_eq!(script.pbx.len(), 1);
}

#[test]
fn a_new_target_that_fails_has_the_old_one_rung_again() {
    let mut script = deflected();
    script.skip();
    script.refused(D, 486).commit();
    script.expect_sip(&[
        "* call.initial",
        "* call.missed User Busy",
        "-- commit",
        "B4 INVITE +sdp",
        "B5 INVITE +sdp",
    ]);
    script
        .answered(LegId(9), Some(&sdp("192.0.2.2", 5000, "sendrecv")))
        .commit();
    script.request(A, 8, "BYE", None).commit();
    assert_eq!(
        script.told(),
        [
            "1 1 call.initial 2001>2002",
            "2 1 call.ringing 2001>2002",
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
fn nobody_answers_at_either_target() {
    let mut script = deflected();
    script.wait(Duration::from_secs(30)).commit();
    script.wait(Duration::from_secs(30)).commit();
    assert_eq!(
        script.told().last().map(String::as_str),
        Some("7 3 call.missed 2001>2002 No Answer final")
    );
    assert_eq!(script.pbx.len(), 0);
}

#[test]
fn the_caller_gives_up_in_between() {
    let mut script = deflected();
    script.skip();
    script
        .event(Event::Cancelled {
            leg: A,
            reason: None,
        })
        .commit();
    script.expect_sip(&[
        "B3 CANCEL given up",
        "* call.missed Originator Cancel",
        "-- commit",
        "A 487",
    ]);
    assert_eq!(script.last("final"), "true");
}

#[test]
fn a_deflection_whose_commit_is_late_outlives_the_two_seconds_of_its_invite() {
    let mut script = ringing();
    script.wait(Duration::from_millis(1_990));
    script.api(9, wish("2003", None)).skip();
    script.wait(Duration::from_millis(200));
    script
        .commit()
        .expect_sip(&["-- commit", "api 9 Ok(Call(CallId(2)))", "B3 INVITE +sdp"]);
}

#[test]
fn the_same_phones_again_and_the_called_side_are_no_targets() {
    let mut script = ringing();
    for dst in ["2002", "2001"] {
        script
            .api(9, wish(dst, None))
            .expect_sip(&["api 9 Err(BadTarget(\"is a party of this call already\"))"]);
    }
    // Who rings has not said anything yet: it cannot be moved.
    script.api(9, wish("2003", Some(TransferParty::Dst)));
    assert!(script.lines()[0].contains("Conflict"));
    script.api(10, wish("2003", None)).commit().skip();
    let again = ApiCommand::Transfer {
        call: CallId(2),
        dst: "2002".into(),
        party: None,
    };
    script.api(11, again);
    assert!(script.lines()[0].contains("Conflict"));
}

#[test]
fn early_media_of_the_old_phone_is_heard_no_more() {
    let offer = sdp("192.0.2.1", 4000, "sendrecv");
    let mut script =
        Script::with(|config| config.relay = Some([192, 0, 2, 254].into())).registered(&[1, 2, 4]);
    script
        .ports(4)
        .invite("2002", Some(&offer))
        .commit()
        .provisional(B1, 183, Some(&sdp("192.0.2.2", 5000, "sendrecv")))
        .commit()
        .skip();
    script.api(9, wish("2003", None));
    let silenced = script
        .lines
        .iter()
        .any(|line| line.contains("side: B, remote: None"));
    assert!(silenced, "{:?}", script.lines);
}
