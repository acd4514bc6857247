//! Who comes to a voicemail by a transfer or a click is in a dialog with us already.

use super::*;
use crate::ApiCommand;

const C: LegId = LegId(5);

/// 2001 talks to 2003, who has it transferred to 2002.
fn transferred(held: bool) -> Script {
    let mut script = script(&[1, 2, 4]);
    script.invite("2003", Some(&offer())).commit();
    script
        .answered(B1, Some(&sdp("192.0.2.4", 5000, "sendrecv")))
        .commit()
        .acked(A, None);
    if held {
        script.request(B1, 3, "INVITE", Some(&sdp("192.0.2.4", 5000, "sendonly")));
        script.response(A, 1, 200, Some(&sdp("192.0.2.1", 4000, "recvonly")));
        script.acked(B1, None).commit();
    }
    script.skip();
    script.refer(B1, 4, "<sip:2002@pbx.example>").commit();
    script.skip();
    script
}

#[test]
fn a_transfer_to_a_user_who_does_not_answer_is_done_once_his_voicemail_has_taken_it() {
    let mut script = transferred(false);
    script.wait(Duration::from_secs(15)).commit();
    script.expect_sip(&[
        "B2 CANCEL given up",
        "* call.initial",
        "* call.missed No Answer",
        "* call.connected",
        "-- commit",
        "B1 NOTIFY +sdp",
    ]);
    let told = script.said(B1, Some("NOTIFY"));
    assert!(told.contains("SIP/2.0 200 OK"), "{told}");
    script
        .notified(B1, 2)
        .refused(C, 487)
        .expect_sip(&["B1 BYE"]);
    script.wait(Duration::from_secs(5));
    script
        .request(A, 8, "BYE", None)
        .recorded(0, Some(4_500))
        .commit();
    let told = script.told();
    assert_eq!(
        told.get(2..).unwrap_or_default(),
        [
            "3 2 call.initial 2001>2002",
            "4 1 call.hangup 2001>2003 Blind Transfer",
            "5 3 call.initial VM 2001>2002",
            "6 2 call.missed 2001>2002 No Answer",
            "7 3 call.connected VM 2001>2002",
            "8 3 call.hangup VM 2001>2002 Normal Clearing final",
        ]
    );
    assert_eq!(script.messages(), [(3, 4, Some(UserId(100_002)))]);
}

#[test]
fn who_was_held_for_the_transfer_is_asked_to_speak_again() {
    let mut script = transferred(true);
    script.wait(Duration::from_secs(15)).commit();
    let lines = script.lines();
    assert!(lines.contains(&"A INVITE +sdp".to_owned()), "{lines:?}");
    let offer = script.said(A, Some("INVITE"));
    assert!(offer.contains("a=sendrecv"), "{offer}");
    assert!(script.recordings.is_empty());
    script.skip();
    // It asks something at the same time; then it agrees.
    script.response(A, 3, 491, None).expect(&[]);
    script
        .wait(Duration::from_secs(2))
        .expect(&["A INVITE +sdp"]);
    script.response(A, 5, 200, Some(&super::offer()));
    let lines = script.lines();
    assert_eq!(lines, ["A ACK"]);
    script.played(2);
    assert_eq!(script.recordings.len(), 1);
}

#[test]
fn a_user_who_cannot_be_rung_is_a_target_of_a_transfer_when_he_takes_messages() {
    let mut script = script(&[1, 4]);
    script.invite("2003", Some(&offer())).commit();
    script
        .answered(B1, Some(&sdp("192.0.2.4", 5000, "sendrecv")))
        .commit()
        .acked(A, None)
        .skip();
    let command = ApiCommand::Transfer {
        call: CallId(1),
        dst: "2002".into(),
        party: None,
    };
    script.api(3, command).commit();
    let lines = script.lines();
    assert!(
        lines.contains(&"api 3 Ok(Call(CallId(2)))".to_owned()),
        "{lines:?}"
    );
    assert_eq!(script.last("context"), "VM");
}

#[test]
fn a_click_to_a_user_who_does_not_answer_leads_to_his_voicemail() {
    let mut script = script(&[1, 2]);
    let command = ApiCommand::Originate {
        user: UserId(100_001),
        to: "2002".into(),
        caller_id: None,
    };
    script.api(9, command).commit();
    script.answered(B1, Some(&offer())).commit();
    script.refused(C, 486).commit();
    script.wait(Duration::from_secs(3));
    script.pressed('#').recorded(0, Some(2_400)).commit();
    assert_eq!(
        script.told(),
        [
            "1 1 call.initial ENDPOINT 2001>2002",
            "2 1 call.accepted ENDPOINT 2001>2002",
            "3 2 call.initial 2001>2002",
            "4 3 call.initial VM 2001>2002",
            "5 2 call.missed 2001>2002 User Busy",
            "6 3 call.connected VM 2001>2002",
            "7 1 call.connected ENDPOINT 2001>2002",
            "8 3 call.hangup VM 2001>2002 Normal Clearing",
            "9 1 call.hangup ENDPOINT 2001>2002 Normal Clearing final",
        ]
    );
}
