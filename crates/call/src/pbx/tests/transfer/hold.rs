//! Transfer of a call that is held.

use offhook_base::{CallId, UserId};

use super::super::{A, B1, Script, sdp};
use super::{C, connected, wish};
use crate::ApiCommand;

fn states(script: &Script) -> Vec<String> {
    script
        .told()
        .iter()
        .skip(2)
        .map(|line| {
            line.split(' ')
                .skip(1)
                .take(2)
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect()
}

/// The callee holds, then wants the caller to call 2003.
fn held_and_referred() -> Script {
    let mut script = connected();
    script
        .request(B1, 2, "INVITE", Some(&sdp("192.0.2.2", 5000, "sendonly")))
        .response(A, 1, 200, Some(&sdp("192.0.2.1", 4000, "recvonly")))
        .commit()
        .acked(B1, None)
        .refer(B1, 4, "<sip:2003@pbx.example>")
        .commit()
        .skip();
    script
}

#[test]
fn the_transferor_holds_and_the_moved_party_hears_the_target() {
    let mut script = held_and_referred();
    let offer = script.said(C, Some("INVITE"));
    assert!(offer.contains("a=sendrecv"), "{offer}");
    script
        .answered(C, Some(&sdp("192.0.2.4", 6000, "sendrecv")))
        .commit()
        .expect_sip(&[
            "* call.connected",
            "-- commit",
            "B2 ACK",
            "A INVITE +sdp",
            "B1 NOTIFY +sdp",
        ]);
    let told = script.said(A, Some("INVITE"));
    assert!(told.contains("a=sendrecv"), "{told}");
    script
        .response(A, 3, 200, Some(&sdp("192.0.2.1", 4000, "sendrecv")))
        .expect_sip(&["A ACK"]);
    assert_eq!(script.last("state"), "CONNECTED");
}

#[test]
fn a_transfer_that_fails_gives_the_held_call_back_and_the_transferor_resumes_it() {
    let mut script = held_and_referred();
    script.refused(C, 486).commit().expect_sip(&[
        "* call.initial",
        "* call.missed User Busy",
        "* call.connected",
        "* call.hold",
        "-- commit",
        "B1 NOTIFY +sdp",
    ]);
    assert_eq!(script.last("state"), "ON_HOLD");
    script
        .request(B1, 6, "INVITE", Some(&sdp("192.0.2.2", 5000, "sendrecv")))
        .response(A, 4, 200, Some(&sdp("192.0.2.1", 4000, "sendrecv")))
        .commit()
        .expect_sip(&[
            "A INVITE +sdp",
            "A ACK",
            "* call.unhold",
            "-- commit",
            "reply 6 200 +sdp",
        ]);
    assert_eq!(
        states(&script),
        [
            "1 call.hold",
            "2 call.initial",
            "1 call.hangup",
            "3 call.initial",
            "2 call.missed",
            "3 call.connected",
            "3 call.hold",
            "3 call.unhold",
        ]
    );
}

#[test]
fn a_moved_party_that_holds_itself_still_holds_afterwards() {
    let mut script = connected();
    script
        .request(A, 2, "INVITE", Some(&sdp("192.0.2.1", 4000, "sendonly")))
        .response(B1, 1, 200, Some(&sdp("192.0.2.2", 5000, "recvonly")))
        .commit()
        .acked(A, None)
        .refer(B1, 4, "<sip:2003@pbx.example>")
        .commit();
    script
        .answered(C, Some(&sdp("192.0.2.4", 6000, "sendrecv")))
        .commit()
        .skip();
    script
        .response(A, 3, 200, Some(&sdp("192.0.2.1", 4000, "sendonly")))
        .commit();
    script.expect_sip(&["A ACK", "* call.hold", "-- commit"]);
}

fn hold(held: bool, by: u32) -> ApiCommand {
    ApiCommand::Hold {
        call: CallId(1),
        held,
        by: UserId(by),
    }
}

#[test]
fn a_call_that_a_client_holds_is_transferred_and_the_hold_is_over() {
    let mut script = connected();
    script
        .api(9, hold(true, 100_002))
        .response(A, 1, 200, Some(&sdp("192.0.2.1", 4000, "inactive")))
        .commit()
        .api(10, wish("2003", None))
        .commit()
        .answered(C, Some(&sdp("192.0.2.4", 6000, "sendrecv")))
        .commit();
    let told = script.said(A, Some("INVITE"));
    assert!(told.contains("a=sendrecv"), "{told}");
    assert_eq!(script.last("state"), "CONNECTED");
}

#[test]
fn a_held_call_that_comes_back_is_held_by_the_client_still_with_music() {
    let mut script = connected();
    script
        .api(9, hold(true, 100_002))
        .response(A, 1, 200, Some(&sdp("192.0.2.1", 4000, "recvonly")))
        .commit()
        .api(10, wish("2003", None))
        .commit()
        .skip();
    script.refused(C, 486).commit();
    let media = script
        .lines
        .iter()
        .rev()
        .filter(|line| line.starts_with("media"));
    let media: Vec<_> = media.take(2).collect();
    assert!(
        media[0].contains("Play { relay: RelayId(1), side: A, sound: Music")
            && media[1].contains("side: B, remote: None"),
        "{media:?}"
    );
    assert_eq!(script.last("state"), "ON_HOLD");
    script.skip();
    // Somebody else resumes: the side that was told is told again.
    let resume = ApiCommand::Hold {
        call: CallId(3),
        held: false,
        by: UserId(100_001),
    };
    script.api(11, resume).expect_sip(&["A INVITE +sdp"]);
    script
        .response(A, 2, 200, Some(&sdp("192.0.2.1", 4000, "sendrecv")))
        .commit();
    script.expect_sip(&["A ACK", "* call.unhold", "-- commit", "api 11 Ok(Done)"]);
}

#[test]
fn a_moved_party_that_resumes_while_it_waits_is_no_longer_held_when_given_back() {
    let mut script = connected();
    let offer = sdp("192.0.2.1", 4000, "sendonly");
    script.request(A, 4, "INVITE", Some(&offer));
    script.response(B1, 1, 200, Some(&sdp("192.0.2.2", 5000, "recvonly")));
    script.commit().acked(A, None);
    script
        .refer(B1, 6, "<sip:2003@pbx.example>")
        .commit()
        .skip();
    let offer = sdp("192.0.2.1", 4000, "sendrecv");
    script.request(A, 8, "INVITE", Some(&offer)).acked(A, None);
    script.skip();
    script.refused(C, 486).commit();
    let lines = script.lines();
    assert!(!lines.contains(&"* call.hold".to_owned()), "{lines:?}");
    assert!(lines.contains(&"B1 INVITE +sdp".to_owned()), "{lines:?}");
    assert!(script.said(B1, Some("INVITE")).contains("a=sendrecv"));
}
