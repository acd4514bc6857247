//! Which party is moved, what its phone is told, and where its media goes.

use std::time::Duration;

use offhook_sip_core::{Event, LegId, TxId};

use super::super::{A, B1, Script, sdp};
use super::{C, connected, wish};
use crate::TransferParty;

const TARGET: &str = "192.0.2.4";

fn media(script: &mut Script) -> Vec<String> {
    let mut lines = std::mem::take(&mut script.lines);
    lines.retain(|line| line.starts_with("media"));
    lines
}

fn target_answers(script: &mut Script) {
    script
        .answered(C, Some(&sdp(TARGET, 6000, "sendrecv")))
        .commit();
}

/// The target speaks another codec, so that the moved party has to be told.
fn target_answers_in_pcma(script: &mut Script) {
    let answer = sdp(TARGET, 6000, "sendrecv").replace("RTP/AVP 0", "RTP/AVP 8");
    script.answered(C, Some(&answer)).commit();
}

#[test]
fn the_callee_moves_the_caller_and_only_the_second_side_of_the_relay_changes() {
    let mut script = connected();
    script.refer(B1, 4, "<sip:2003@pbx.example>").commit();
    let offer = script.said(C, Some("INVITE"));
    assert!(offer.contains("c=IN IP4 192.0.2.254\r\n"), "{offer}");
    // The caller's pair is 3, the second side's 2: its port is 20,004.
    assert!(offer.contains("m=audio 20004 "), "{offer}");
    let parted = media(&mut script);
    assert!(
        matches!(parted.as_slice(), [one] if one.contains("Update") && one.contains("side: B, remote: None")),
        "{parted:?}"
    );
    target_answers(&mut script);
    let joined = media(&mut script);
    assert!(
        matches!(joined.as_slice(), [one] if one.contains("side: B") && one.contains("192.0.2.4:6000")),
        "{joined:?}"
    );
    assert_eq!(script.last("src"), "2001");
}

#[test]
fn the_caller_moves_the_callee_who_comes_first_from_there_on() {
    let mut script = connected();
    script.refer(A, 4, "<sip:2003@pbx.example>").commit();
    let offer = script.said(C, Some("INVITE"));
    // The callee keeps its pair, the target gets the caller's: port 20,006.
    assert!(offer.contains("m=audio 20006 "), "{offer}");
    let parted = media(&mut script);
    assert!(
        matches!(parted.as_slice(), [one] if one.contains("side: A, remote: None")),
        "{parted:?}"
    );
    target_answers(&mut script);
    let joined = media(&mut script);
    assert!(
        matches!(joined.as_slice(), [one] if one.contains("side: A") && one.contains("192.0.2.4:6000")),
        "{joined:?}"
    );
    assert_eq!(
        script.told()[2..],
        [
            "3 2 call.initial 2002>2003",
            "4 1 call.hangup 2001>2002 Blind Transfer",
            "5 2 call.connected 2002>2003",
        ]
    );
    assert_eq!(script.bodies[3]["terminated_by"], "caller");
    script.notified(A, 2).skip();
    script.request(B1, 8, "BYE", None).commit();
    assert_eq!(
        script.last("terminated_by"),
        "caller",
        "who was moved comes first"
    );
    assert_eq!(script.cdrs[1].root_live_id, offhook_base::CallId(1));
    assert_eq!(script.cdrs[1].parent_live_id, Some(offhook_base::CallId(1)));
}

#[test]
fn the_callee_that_is_given_back_comes_first_and_its_media_is_as_before() {
    let mut script = connected();
    script.refer(A, 4, "<sip:2003@pbx.example>").commit().skip();
    script.refused(C, 603).commit();
    let back = media(&mut script);
    assert!(
        matches!(back.as_slice(), [one] if one.contains("side: A") && one.contains("192.0.2.1:4000")),
        "{back:?}"
    );
    let told = script.said(A, Some("NOTIFY"));
    assert_eq!(told, "SIP/2.0 603 Decline\r\n");
    assert_eq!(
        script.told()[4..],
        [
            "5 3 call.initial 2002>2001",
            "6 2 call.missed 2002>2003 Call Rejected",
            "7 3 call.connected 2002>2001"
        ]
    );
    // Media is negotiated on as if nothing had happened: the sides are the right ones.
    script.request(A, 6, "INVITE", Some(&sdp("192.0.2.1", 4444, "sendrecv")));
    script.response(B1, 3, 200, Some(&sdp("192.0.2.2", 5000, "sendrecv")));
    let update = media(&mut script);
    assert!(
        matches!(update.as_slice(), [one] if one.contains("side: A") && one.contains("192.0.2.1:4444")),
        "{update:?}"
    );
}

#[test]
fn a_client_names_the_party_and_without_a_name_the_caller_is_moved() {
    for (party, src) in [
        (None, "2001"),
        (Some(TransferParty::Src), "2001"),
        (Some(TransferParty::Dst), "2002"),
    ] {
        let mut script = connected();
        script.api(9, wish("2003", party)).commit();
        assert!(script.told()[2].contains(&format!("{src}>2003")), "{src}");
        assert_eq!(script.last("terminated_by"), "api");
    }
}

#[test]
fn another_codec_is_told_by_a_reinvite_of_the_same_session() {
    let mut script = connected();
    script.refer(B1, 4, "<sip:2003@pbx.example>").commit();
    let before = script.said(A, None);
    target_answers_in_pcma(&mut script);
    script.lines();
    let told = script.said(A, Some("INVITE"));
    assert!(told.contains("m=audio 20006 RTP/AVP 8 101"), "{told}");
    assert!(
        before.contains("o=- 1 1 ") && told.contains("o=- 1 2 "),
        "{told}"
    );
    script
        .response(A, 2, 200, Some(&sdp("192.0.2.1", 4000, "sendrecv")))
        .expect_sip(&["A ACK"]);
    script.notified(B1, 3).expect_sip(&["B1 BYE"]);
}

#[test]
fn rfc3261_14_1_a_reinvite_that_meets_another_is_sent_again_four_times_at_most() {
    let mut script = connected();
    script.refer(B1, 4, "<sip:2003@pbx.example>").commit();
    target_answers_in_pcma(&mut script);
    script.notified(B1, 3).skip();
    for n in [2, 4, 5] {
        script.response(A, n, 491, None).expect_sip(&[]);
        // The caller chose the Call-ID of its leg, so that we wait up to 2 s.
        script.wait(Duration::from_secs(2));
        script.expect_sip(&["A INVITE +sdp"]);
    }
    script.response(A, 6, 491, None);
    script.wait(Duration::from_secs(60)).expect_sip(&[]);
    assert_eq!(script.pbx.len(), 1);
}

#[test]
fn who_chose_the_call_id_waits_longer() {
    let mut script = connected();
    script.refer(A, 4, "<sip:2003@pbx.example>").commit();
    target_answers_in_pcma(&mut script);
    script.notified(A, 3).skip();
    script.response(B1, 2, 491, None);
    script.wait(Duration::from_millis(2_099)).expect_sip(&[]);
    script
        .wait(Duration::from_secs(2))
        .expect_sip(&["B1 INVITE +sdp"]);
}

#[test]
fn rfc3261_12_2_1_2_a_moved_party_that_forgot_the_dialog_ends_both() {
    for (status, responds) in [(408, false), (481, true)] {
        let mut script = connected();
        script.refer(B1, 4, "<sip:2003@pbx.example>").commit();
        target_answers_in_pcma(&mut script);
        script.notified(B1, 3).skip();
        if responds {
            script.response(A, 2, status, None);
        } else {
            let (leg, tx) = (A, TxId::outgoing(2));
            script.event(Event::Failed { leg, tx, status });
        }
        script.commit().expect_sip(&[
            "* call.hangup Normal Temporary Failure",
            "-- commit",
            "A BYE",
            "B2 BYE",
        ]);
    }
}

#[test]
fn a_moved_party_that_refuses_to_hear_of_it_goes_on() {
    let mut script = connected();
    script.refer(B1, 4, "<sip:2003@pbx.example>").commit();
    target_answers_in_pcma(&mut script);
    script.notified(B1, 3).skip();
    script.response(A, 2, 488, None).expect_sip(&[]);
    assert_eq!(script.pbx.len(), 1);
    script.request(A, 8, "INFO", None).expect_sip(&["B2 INFO"]);
}

#[test]
fn the_moved_partys_own_reinvite_goes_first_and_ours_has_become_needless() {
    let mut script = connected();
    script.refer(B1, 4, "<sip:2003@pbx.example>").commit();
    target_answers_in_pcma(&mut script);
    script.notified(B1, 3).skip();
    // The stack let ours fail because theirs is in progress.
    let (leg, tx) = (A, TxId::outgoing(2));
    script.event(Event::Failed {
        leg,
        tx,
        status: 491,
    });
    script
        .request(A, 8, "INVITE", Some(&sdp("192.0.2.1", 4000, "sendrecv")))
        .expect_sip(&["B2 INVITE +sdp"]);
    script
        .response(C, 4, 200, Some(&sdp(TARGET, 6000, "sendrecv")))
        .expect_sip(&["B2 ACK", "reply 8 200 +sdp"]);
    script.wait(Duration::from_secs(10)).expect_sip(&[]);
}

#[test]
fn an_update_of_the_moved_party_meets_the_target() {
    let mut script = connected();
    script.refer(B1, 4, "<sip:2003@pbx.example>").commit();
    target_answers(&mut script);
    script.notified(B1, 2).skip();
    script
        .request(A, 8, "UPDATE", Some(&sdp("192.0.2.1", 4002, "sendrecv")))
        .expect_sip(&["B2 UPDATE +sdp"]);
    script
        .response(C, 3, 200, Some(&sdp(TARGET, 6000, "sendrecv")))
        .expect_sip(&["reply 8 200 +sdp"]);
}

#[test]
fn an_answer_that_cannot_be_relayed_counts_as_a_refusal_of_the_target() {
    let mut script = connected();
    script
        .refer(B1, 4, "<sip:2003@pbx.example>")
        .commit()
        .skip();
    let no_audio = "v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nt=0 0\r\n";
    script.answered(C, Some(no_audio)).commit();
    script.expect_sip(&[
        "* call.initial",
        "* call.missed Incompatible Destination",
        "* call.connected",
        "B2 ACK",
        "-- commit",
        "B1 NOTIFY +sdp",
        "B2 BYE",
    ]);
    let told = script.said(B1, Some("NOTIFY"));
    assert_eq!(told, "SIP/2.0 488 Not Acceptable Here\r\n");
}

#[test]
fn what_a_leg_that_lost_says_is_not_taken_for_the_called_partys_word() {
    let offer = sdp("192.0.2.1", 4000, "sendrecv");
    let mut script = Script::new().registered(&[1, 2, 3]);
    script
        .invite("2002", Some(&offer))
        .commit()
        .answered(B1, Some(&offer))
        .commit()
        .acked(A, None)
        .skip();
    let lost = LegId(5);
    script
        .request(lost, 2, "UPDATE", Some(&offer))
        .expect_sip(&["reply 2 481"]);
    script
        .request(lost, 4, "BYE", None)
        .expect_sip(&["reply 4 200"]);
    script.acked(lost, None).expect_sip(&[]);
    script.event(Event::Lost { leg: lost }).expect_sip(&[]);
    script.answered(B1, Some(&offer)).expect_sip(&[]);
    assert_eq!(script.pbx.len(), 1);
}
