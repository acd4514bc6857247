//! Transfer where no relay stands between: who is moved always hears from us where its new partner is.

use offhook_sip_core::LegId;

use super::super::{A, B1, Script, sdp};
use super::C;

fn connected() -> Script {
    let mut script = Script::new().registered(&[1, 2, 4, 5]);
    script
        .invite("2002", Some(&sdp("192.0.2.1", 4000, "sendrecv")))
        .commit()
        .answered(B1, Some(&sdp("192.0.2.2", 5000, "sendrecv")))
        .commit()
        .acked(A, None)
        .skip();
    script
}

fn version(sdp: &str) -> u64 {
    let line = sdp.lines().find(|line| line.starts_with("o=")).unwrap();
    line.split(' ').nth(2).unwrap().parse().unwrap()
}

#[test]
fn the_moved_party_is_told_of_the_target_in_its_own_session() {
    let mut script = connected();
    script
        .refer(B1, 4, "<sip:2003@pbx.example>")
        .commit()
        .skip();
    let offer = script.said(C, Some("INVITE"));
    assert!(
        offer.contains("m=audio 4000 ") && offer.contains("192.0.2.1"),
        "{offer}"
    );
    script
        .answered(C, Some(&sdp("192.0.2.4", 6000, "sendrecv")))
        .commit()
        .expect(&[
            "* call.connected",
            "-- commit",
            "B2 ACK",
            "A INVITE +sdp",
            "B1 NOTIFY +sdp",
        ]);
    let told = script.said(A, Some("INVITE"));
    assert!(told.contains("c=IN IP4 192.0.2.4\r\n"), "{told}");
    assert_eq!((version(&script.said(A, None)), version(&told)), (1, 2));
    script
        .response(A, 2, 200, Some(&sdp("192.0.2.1", 4000, "sendrecv")))
        .expect(&["A ACK"]);
}

#[test]
fn versions_rise_through_transfer_after_transfer() {
    let mut script = connected();
    let mut last = version(&script.said(A, None));
    let mut tx = 4;
    let mut ours = 0_u16;
    let (mut transferor, mut target) = (B1, C);
    for to in ["2003", "2004", "2002", "2003"] {
        script
            .refer(transferor, tx, &format!("<sip:{to}@pbx.example>"))
            .commit();
        script
            .answered(target, Some(&sdp("192.0.2.4", 6000 + ours, "sendrecv")))
            .commit();
        // NOTIFY 100, then re-INVITE, then NOTIFY 200.
        script.response(
            A,
            u64::from(ours) + 2,
            200,
            Some(&sdp("192.0.2.1", 4000, "sendrecv")),
        );
        script.notified(transferor, u64::from(ours) + 3);
        let told = version(&script.said(A, Some("INVITE")));
        assert!(told > last, "{told} after {last}");
        last = told;
        ours += 3;
        tx += 2;
        (transferor, target) = (target, LegId(target.0 + 2));
    }
    assert_eq!(script.pbx.len(), 1);
}

#[test]
fn a_target_that_fails_leaves_the_session_as_it_was() {
    let mut script = connected();
    script
        .refer(B1, 4, "<sip:2003@pbx.example>")
        .commit()
        .refused(C, 486)
        .commit()
        .skip();
    script
        .request(A, 8, "INVITE", Some(&sdp("192.0.2.1", 4002, "sendrecv")))
        .expect(&["B1 INVITE +sdp"]);
    let told = script.said(B1, Some("INVITE"));
    assert!(told.contains("m=audio 4002 "), "{told}");
    assert!(
        version(&told) > version(&sdp("192.0.2.1", 4000, "sendrecv")),
        "{told}"
    );
}

#[test]
fn an_offer_without_a_session_to_answer_with_is_refused() {
    // A call of messages only: neither side ever spoke of audio.
    let mut script = Script::new().registered(&[1, 2, 4]);
    script.invite("2002", Some("v=0\r\n")).commit();
    script.answered(B1, None).commit().acked(A, None).skip();
    script.refer(B1, 4, "<sip:2003@pbx.example>").commit();
    assert!(script.lines().contains(&"reply 4 202".to_owned()));
    script.answered(C, None).commit();
    script.expect(&[
        "* call.initial",
        "* call.missed Incompatible Destination",
        "* call.connected",
        "B2 ACK",
        "-- commit",
        "B1 NOTIFY +sdp",
        "B2 BYE",
    ]);
}

#[test]
fn a_moved_party_that_we_answered_in_silence_hears_its_old_partner_again() {
    let mut script = connected();
    script
        .refer(B1, 4, "<sip:2003@pbx.example>")
        .commit()
        .skip();
    let offer = sdp("192.0.2.1", 4002, "sendrecv");
    script.request(A, 8, "INVITE", Some(&offer)).acked(A, None);
    script.skip();
    script.refused(C, 486).commit();
    let lines = script.lines();
    assert!(lines.contains(&"B1 INVITE +sdp".to_owned()), "{lines:?}");
    assert!(script.said(B1, Some("INVITE")).contains("m=audio 4002 "));
    script
        .response(B1, 3, 200, Some(&sdp("192.0.2.2", 5000, "sendrecv")))
        .expect(&["B1 ACK", "A INVITE +sdp"]);
    assert!(script.said(A, Some("INVITE")).contains("m=audio 5000 "));
}
