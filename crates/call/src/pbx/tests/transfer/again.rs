//! Transfer after transfer, and to and from groups.

use std::time::Duration;

use offhook_base::{CallId, Disposition};
use offhook_sip_core::{Command, LegId};

use super::super::{A, B1, Script, sdp};
use super::{C, connected, group, wish};
use crate::ApiCommand;

/// The n-th leg of ours.
const fn leg(n: u64) -> LegId {
    LegId::outgoing(n)
}

#[test]
fn the_target_transfers_on_and_numbers_go_on_without_a_gap() {
    let mut script = connected();
    script.registered_too(&[5]);
    let answer = sdp("192.0.2.4", 6000, "sendrecv");
    script
        .refer(B1, 4, "<sip:2003@pbx.example>")
        .commit()
        .answered(C, Some(&answer))
        .commit()
        .notified(B1, 2)
        .refer(C, 6, "<sip:2004@pbx.example>")
        .commit()
        .answered(leg(3), Some(&answer))
        .commit()
        .notified(C, 4);
    script.request(leg(3), 8, "BYE", None).commit();
    assert_eq!(
        script.told(),
        [
            "1 1 call.initial 2001>2002",
            "2 1 call.connected 2001>2002",
            "3 2 call.initial 2001>2003",
            "4 1 call.hangup 2001>2002 Blind Transfer",
            "5 2 call.connected 2001>2003",
            "6 3 call.initial 2001>2004",
            "7 2 call.hangup 2001>2003 Blind Transfer",
            "8 3 call.connected 2001>2004",
            "9 3 call.hangup 2001>2004 Normal Clearing final",
        ]
    );
    let parents: Vec<_> = script.cdrs.iter().map(|cdr| cdr.parent_live_id).collect();
    assert_eq!(parents, [None, Some(CallId(1)), Some(CallId(2))]);
    assert!(script.cdrs.iter().all(|cdr| cdr.root_live_id == CallId(1)));
}

#[test]
fn rfc3515_2_4_6_the_second_refer_is_named_in_its_notifies() {
    let mut script = connected();
    script.registered_too(&[5]);
    script
        .refer(B1, 4, "<sip:2003@pbx.example>")
        .commit()
        .refused(C, 486)
        .commit()
        .notified(B1, 2)
        .refer(B1, 6, "<sip:2004@pbx.example>")
        .commit();
    let events: Vec<_> = script
        .commands
        .iter()
        .filter_map(|command| {
            let Command::Request { headers, .. } = command else {
                return None;
            };
            headers.iter().find(|(name, _)| name == "Event")
        })
        .map(|(_, value)| String::from_utf8_lossy(value).into_owned())
        .collect();
    assert_eq!(events, ["refer", "refer", "refer;id=3"]);
}

#[test]
fn a_call_that_goes_in_circles_is_stopped_after_32_transfers() {
    let mut script = connected();
    for n in 0..32 {
        let call = CallId(n + 1);
        let to = if n % 2 == 0 { "2003" } else { "2002" };
        let command = ApiCommand::Transfer {
            call,
            dst: to.into(),
            party: None,
        };
        script.api(n, command).commit();
        script
            .answered(leg(n + 2), Some(&sdp("192.0.2.4", 6000, "sendrecv")))
            .commit();
    }
    script.skip();
    let command = ApiCommand::Transfer {
        call: CallId(33),
        dst: "2003".into(),
        party: None,
    };
    script
        .api(99, command)
        .expect_sip(&["api 99 Err(Conflict(\"the call was transferred too often\"))"]);
    script
        .refer(leg(33), 6, "<sip:2003@pbx.example>")
        .expect_sip(&["reply 6 482"]);
    script.request(A, 8, "BYE", None).commit();
    assert_eq!(script.last("seq"), "99");
    assert_eq!(script.last("final"), "true");
    assert_eq!(script.cdrs.len(), 33);
}

#[test]
fn a_group_that_nobody_answers_for_gives_the_call_back() {
    let mut script = connected();
    group(&mut script, &[100_003]);
    script
        .refer(B1, 4, "<sip:3000@pbx.example>")
        .commit()
        .skip();
    script.wait(Duration::from_secs(20)).commit();
    script.expect_sip(&[
        "B2 CANCEL given up",
        "* call.missed No Answer",
        "* call.initial",
        "* call.missed No Answer",
        "* call.connected",
        "-- commit",
        "B1 NOTIFY +sdp",
    ]);
    assert_eq!(
        script.told()[2..],
        [
            "3 2 call.initial RG-7 2001>3000",
            "4 1 call.hangup 2001>2002 Blind Transfer",
            "5 3 call.initial 2001>2003",
            "6 3 call.missed 2001>2003 No Answer",
            "7 4 call.initial 2001>2002",
            "8 2 call.missed RG-7 2001>3000 No Answer",
            "9 4 call.connected 2001>2002",
        ]
    );
    assert_eq!(script.bodies[7]["info"], "no_answer");
    let told = script.said(B1, Some("NOTIFY"));
    assert_eq!(told, "SIP/2.0 480 Temporarily Unavailable\r\n");
}

#[test]
fn a_group_in_which_nobody_can_be_rung_gives_the_call_back_at_once() {
    let mut script = connected();
    group(&mut script, &[100_004]);
    script.api(9, wish("3000", None)).commit();
    script.expect_sip(&[
        "* call.initial",
        "* call.hangup Blind Transfer",
        "* call.initial",
        "* call.missed Subscriber Absent",
        "* call.initial",
        "* call.missed Subscriber Absent",
        "* call.connected",
        "-- commit",
        "api 9 Ok(Call(CallId(2)))",
    ]);
    assert_eq!(script.bodies[7]["info"], "no_members");
}

fn in_a_group() -> Script {
    let offer = sdp("192.0.2.1", 4000, "sendrecv");
    let mut script =
        Script::with(|config| config.relay = Some([192, 0, 2, 254].into())).registered(&[1, 2, 4]);
    group(&mut script, &[100_002]);
    script
        .ports(4)
        .invite("3000", Some(&offer))
        .commit()
        .answered(B1, Some(&sdp("192.0.2.2", 5000, "sendrecv")))
        .commit()
        .acked(A, None)
        .skip();
    script
}

#[test]
fn the_member_of_a_group_transfers_and_both_calls_end() {
    let mut script = in_a_group();
    script
        .refer(B1, 4, "<sip:2003@pbx.example>")
        .commit()
        .answered(C, Some(&sdp("192.0.2.4", 6000, "sendrecv")))
        .commit();
    script.request(A, 8, "BYE", None).commit();
    assert_eq!(
        script.told(),
        [
            "1 1 call.initial RG-7 2001>3000",
            "2 2 call.initial 2001>2002",
            "3 2 call.connected 2001>2002",
            "4 1 call.connected RG-7 2001>3000",
            "5 3 call.initial 2001>2003",
            "6 2 call.hangup 2001>2002 Blind Transfer",
            "7 1 call.hangup RG-7 2001>3000 Blind Transfer",
            "8 3 call.connected 2001>2003",
            "9 3 call.hangup 2001>2003 Normal Clearing final",
        ]
    );
    assert_eq!(script.cdrs[2].root_live_id, CallId(1));
    assert_eq!(script.cdrs[2].parent_live_id, Some(CallId(2)));
    assert!(
        script
            .cdrs
            .iter()
            .all(|cdr| cdr.disposition == Disposition::Connected)
    );
}

#[test]
fn the_member_gets_the_call_back_not_the_group() {
    let mut script = in_a_group();
    script
        .refer(B1, 4, "<sip:2003@pbx.example>")
        .commit()
        .request(B1, 6, "BYE", None)
        .skip();
    script.refused(C, 486).commit();
    script.expect_sip(&[
        "* call.initial",
        "* call.missed User Busy",
        "-- commit",
        "B3 INVITE +sdp",
    ]);
    assert_eq!(script.told()[7], "8 4 call.initial 2001>2002");
    assert_eq!(
        script.told()[6],
        "7 1 call.hangup RG-7 2001>3000 Blind Transfer"
    );
}

#[test]
fn the_group_that_was_deflected_to_nobody_rings_again() {
    let offer = sdp("192.0.2.1", 4000, "sendrecv");
    let mut script = Script::new().registered(&[1, 2, 4]);
    group(&mut script, &[100_002]);
    script
        .invite("3000", Some(&offer))
        .commit()
        .api(9, wish("2003", None))
        .commit()
        .skip();
    script.refused(C, 486).commit();
    script.expect_sip(&[
        "* call.initial",
        "* call.missed User Busy",
        "* call.initial",
        "-- commit",
        "B3 INVITE +sdp",
    ]);
    assert_eq!(script.told()[5], "6 4 call.initial RG-7 2001>3000");
}
