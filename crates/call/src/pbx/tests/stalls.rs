//! The disk does not answer (architecture, invariant 1, last part).

use std::time::Duration;

use offhook_sip_core::Event;

use super::{A, B1, Script, sdp};

#[test]
fn an_invite_uncommitted_after_2_s_gets_503_and_its_last_event_stays_queued() {
    let mut script = Script::new().registered(&[2]);
    script.invite("2002", None).expect(&["* call.initial"]);
    script.wait(Duration::from_millis(1_900)).expect(&[]);
    script
        .wait(Duration::from_millis(200))
        .expect(&["* call.missed Normal Temporary Failure", "A 503"]);
    script.commit().expect(&["-- commit"]);
    assert_eq!(script.pbx.released_unheld(), 1);
}

#[test]
fn while_commits_are_stalled_new_calls_get_503_and_no_event() {
    let mut script = Script::new().registered(&[2]);
    script.invite("2002", None).skip();
    script.wait(Duration::from_millis(600));
    let request = super::message("INVITE sip:2002@x SIP/2.0", "1 INVITE", &[], None);
    script.event(Event::Invite {
        leg: offhook_sip_core::LegId(2),
        from: offhook_sip_core::Origin::Phone(offhook_base::PhoneId(1)),
        peer: super::peer(1),
        request,
    });
    script.expect(&["A2 503"]);
    assert_eq!(script.bodies.len(), 1);
}

#[test]
fn a_call_that_the_disk_has_no_room_for_gets_503_and_no_event() {
    let mut script = Script::new().registered(&[2]);
    script.pbx.handle_room(0);
    script.invite("2002", None).expect(&["A 503"]);
    assert!(script.bodies.is_empty());
    script.pbx.handle_room(1);
    script.invite("2002", None).expect(&["* call.initial"]);
}

#[test]
fn a_bye_leaves_after_500_ms_without_a_commit() {
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
        .request(A, 2, "BYE", None)
        .expect(&["* call.hangup Normal Clearing"]);
    script.wait(Duration::from_millis(490)).expect(&[]);
    script
        .wait(Duration::from_millis(20))
        .expect(&["reply 2 200", "B1 BYE"]);
    script.commit().expect(&["-- commit"]);
}

#[test]
fn an_answer_uncommitted_after_8_s_gets_ack_and_bye_and_the_caller_503() {
    let offer = sdp("192.0.2.1", 4000, "sendrecv");
    let mut script = Script::new().registered(&[2]);
    script.invite("2002", Some(&offer)).commit().skip();
    script
        .answered(B1, Some(&offer))
        .expect(&["* call.connected"]);
    script.wait(Duration::from_millis(7_900)).expect(&[]);
    script.wait(Duration::from_millis(200)).expect(&[
        "* call.hangup Normal Temporary Failure",
        "B1 ACK",
        "A 503",
        "B1 BYE",
    ]);
    script.commit().expect(&["-- commit"]);
}

#[test]
fn a_call_that_is_up_goes_on_while_commits_are_stalled() {
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
        .request(A, 2, "INVITE", Some(&sdp("192.0.2.1", 4000, "sendonly")))
        .response(B1, 1, 200, Some(&sdp("192.0.2.2", 5000, "recvonly")))
        .skip();
    script.wait(Duration::from_secs(20)).expect(&[]);
    script.commit().expect(&["-- commit", "reply 2 200 +sdp"]);
    assert_eq!(script.pbx.len(), 1);
}
