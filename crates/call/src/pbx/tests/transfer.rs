//! Transfer: by REFER and by the API, with what can cross it.

mod again;
mod deflection;
mod direct;
mod hold;
mod moved;
mod outside;
mod queue;
mod races;
mod refused;
mod stalled;

use std::time::Duration;

use offhook_base::CallId;
use offhook_sip_core::LegId;

use super::{A, B1, Script, sdp};
use crate::ApiCommand;

/// The leg to the target.
const C: LegId = LegId(5);

fn connected() -> Script {
    let offer = sdp("192.0.2.1", 4000, "sendrecv");
    let mut script =
        Script::with(|config| config.relay = Some([192, 0, 2, 254].into())).registered(&[1, 2, 4]);
    script
        .ports(4)
        .invite("2002", Some(&offer))
        .commit()
        .answered(B1, Some(&sdp("192.0.2.2", 5000, "sendrecv")))
        .commit()
        .acked(A, None)
        .skip();
    script
}

/// 2002 wants 2001 to call somebody else by the API.
fn wish(dst: &str, party: Option<crate::TransferParty>) -> ApiCommand {
    ApiCommand::Transfer {
        call: CallId(1),
        dst: dst.into(),
        party,
    }
}

fn group(script: &mut Script, users: &[u32]) {
    let group = crate::RingGroup {
        id: offhook_base::RingGroupId(7),
        name: "Sales".into(),
        number: "3000".into(),
        strategy: crate::GroupStrategy::All,
        ring_time: Duration::from_secs(20),
        users: users.iter().copied().map(offhook_base::UserId).collect(),
    };
    let change = crate::DirectoryChange::RingGroup(group);
    script.pbx.handle_directory(script.now, change);
}

#[test]
fn a_blind_transfer_moves_the_caller_and_lets_the_transferor_go_once_told() {
    let mut script = connected();
    script.refer(B1, 4, "<sip:2003@pbx.example>").commit();
    assert_eq!(
        script.lines(),
        [
            "* call.initial",
            "* call.hangup Blind Transfer",
            "-- commit",
            "reply 4 202",
            "B1 NOTIFY +sdp",
            "B2 INVITE +sdp",
        ]
    );
    script.notified(B1, 1).expect(&[]);
    script
        .provisional(C, 180, None)
        .answered(C, Some(&sdp("192.0.2.4", 6000, "sendrecv")))
        .commit();
    assert_eq!(
        script.lines(),
        [
            "* call.ringing",
            "* call.connected",
            "-- commit",
            "B2 ACK",
            "B1 NOTIFY +sdp",
        ]
    );
    script.notified(B1, 2).expect(&["B1 BYE"]);
    script.request(C, 8, "BYE", None).commit();
    assert_eq!(
        script.told(),
        [
            "1 1 call.initial 2001>2002",
            "2 1 call.connected 2001>2002",
            "3 2 call.initial 2001>2003",
            "4 1 call.hangup 2001>2002 Blind Transfer",
            "5 2 call.ringing 2001>2003",
            "6 2 call.connected 2001>2003",
            "7 2 call.hangup 2001>2003 Normal Clearing final",
        ]
    );
    assert_eq!(script.pbx.len(), 0);
}

#[test]
fn a_target_that_fails_gives_the_call_back() {
    let mut script = connected();
    script
        .refer(B1, 4, "<sip:2003@pbx.example>")
        .commit()
        .skip();
    script.refused(C, 486).commit();
    assert_eq!(
        script.lines(),
        [
            "* call.initial",
            "* call.missed User Busy",
            "* call.connected",
            "-- commit",
            "B1 NOTIFY +sdp",
        ]
    );
    script.request(A, 8, "BYE", None).commit();
    assert_eq!(
        script.told().last().map(String::as_str),
        Some("8 3 call.hangup 2001>2002 Normal Clearing final")
    );
}

#[test]
fn a_transferor_that_hung_up_at_once_is_rung_again_when_the_target_fails() {
    let mut script = connected();
    script.refer(B1, 4, "<sip:2003@pbx.example>").commit();
    script.request(B1, 6, "BYE", None).skip();
    script.refused(C, 486).commit();
    assert_eq!(
        script.lines(),
        [
            "* call.initial",
            "* call.missed User Busy",
            "-- commit",
            "B3 INVITE +sdp",
        ]
    );
    script.wait(Duration::from_secs(30)).commit();
    assert_eq!(
        script.told().last().map(String::as_str),
        Some("7 3 call.missed 2001>2002 No Answer final")
    );
    assert_eq!(script.pbx.len(), 0);
}

#[test]
fn the_api_moves_the_caller_and_answers_with_the_new_call() {
    let mut script = connected();
    let command = ApiCommand::Transfer {
        call: CallId(1),
        dst: "2003".into(),
        party: None,
    };
    script.api(9, command.clone());
    script.api(10, command).commit();
    assert_eq!(
        script.lines(),
        [
            "* call.initial",
            "* call.hangup Blind Transfer",
            "api 10 Err(NotFound)",
            "-- commit",
            "api 9 Ok(Call(CallId(2)))",
            "B2 INVITE +sdp",
        ]
    );
    script
        .answered(C, Some(&sdp("192.0.2.4", 6000, "sendrecv")))
        .commit();
    assert_eq!(
        script.lines(),
        ["* call.connected", "-- commit", "B2 ACK", "B1 BYE"]
    );
}

#[test]
fn a_transferor_hears_that_the_party_hung_up_and_only_then_our_bye() {
    let mut script = connected();
    script
        .refer(B1, 4, "<sip:2003@pbx.example>")
        .commit()
        .notified(B1, 1)
        .skip();
    script.request(A, 8, "BYE", None).commit();
    assert_eq!(
        script.lines(),
        [
            "B2 CANCEL given up",
            "* call.missed Originator Cancel",
            "-- commit",
            "B1 NOTIFY +sdp",
            "reply 8 200",
        ]
    );
    assert_eq!(script.pbx.len(), 0);
    script.notified(B1, 2).expect(&["B1 BYE"]);
}

#[test]
fn a_call_that_ends_before_the_transferor_answered_the_last_notify_keeps_its_bye_back() {
    let mut script = connected();
    script.refer(B1, 4, "<sip:2003@pbx.example>").commit();
    script
        .notified(B1, 1)
        .answered(C, Some(&sdp("192.0.2.4", 6000, "sendrecv")))
        .commit()
        .skip();
    script.request(C, 8, "BYE", None).commit();
    assert_eq!(
        script.lines(),
        [
            "* call.hangup Normal Clearing",
            "-- commit",
            "reply 8 200",
            "A BYE"
        ]
    );
    // Any other request finds the call over.
    script.request(C, 9, "INFO", None).expect(&["reply 9 481"]);
    script.event(offhook_sip_core::Event::Failed {
        leg: B1,
        tx: offhook_sip_core::TxId::outgoing(2),
        status: 408,
    });
    script.expect(&["B1 BYE"]);
}

#[test]
fn a_shutdown_does_not_wait_for_a_transferor_to_answer_its_last_notify() {
    let mut script = connected();
    script.refer(B1, 4, "<sip:2003@pbx.example>").commit();
    script.notified(B1, 1).skip();
    script.pbx.shut_down(script.now);
    script.drain();
    script.commit();
    assert_eq!(
        script.lines(),
        [
            "B2 CANCEL given up",
            "* call.missed System Shutdown",
            "-- commit",
            "B1 NOTIFY +sdp",
            "A BYE",
            "B1 BYE",
        ]
    );
}

#[test]
fn a_transferor_by_the_api_who_hangs_up_at_once_gets_its_200_after_the_end_of_its_call_is_on_disk()
{
    let mut script = connected();
    let command = ApiCommand::Transfer {
        call: CallId(1),
        dst: "2003".into(),
        party: None,
    };
    script.api(9, command).skip();
    script.request(B1, 6, "BYE", None).expect(&[]);
    script.commit().expect(&[
        "-- commit",
        "api 9 Ok(Call(CallId(2)))",
        "B2 INVITE +sdp",
        "reply 6 200",
    ]);
}

#[test]
fn a_call_given_back_that_ends_at_once_keeps_its_bye_back_until_the_transferor_was_told() {
    let mut script = connected();
    script.refer(B1, 4, "<sip:2003@pbx.example>").commit();
    script.notified(B1, 1).refused(C, 486).commit().skip();
    script.request(A, 8, "BYE", None).commit();
    assert_eq!(
        script.lines(),
        ["* call.hangup Normal Clearing", "-- commit", "reply 8 200"]
    );
    script.notified(B1, 2).expect(&["B1 BYE"]);
}
