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

#[test]
fn what_told_of_ringing_is_dropped_when_the_call_ends_while_commits_are_stalled() {
    let early = sdp("192.0.2.2", 5000, "sendrecv");
    let mut script = Script::new().registered(&[2]);
    script
        .invite("2002", Some(&sdp("192.0.2.1", 4000, "sendrecv")))
        .commit()
        .provisional(B1, 180, None)
        .provisional(B1, 183, Some(&early))
        .skip();
    script.event(Event::Cancelled {
        leg: A,
        reason: None,
    });
    script.wait(Duration::from_millis(600)).expect(&[
        "B1 CANCEL given up",
        "* call.missed Originator Cancel",
        "A 487",
    ]);
    script.commit().expect(&["-- commit"]);
}

/// The stack answers a BYE on a leg that is not answered with 480.
#[test]
fn a_call_that_ends_while_its_answer_waits_for_a_stalled_commit_was_never_answered_for_the_caller()
{
    let offer = sdp("192.0.2.1", 4000, "sendrecv");
    let mut script = Script::new().registered(&[2]);
    script
        .invite("2002", Some(&offer))
        .commit()
        .answered(B1, Some(&offer))
        .skip();
    script.hang_up(offhook_base::CallId(1), 4);
    script.drain();
    script.wait(Duration::from_millis(600)).expect(&[
        "* call.hangup Manager Request",
        "B1 ACK",
        "A BYE",
        "B1 BYE",
    ]);
    script.commit().expect(&["-- commit", "api 4 Ok(Done)"]);
}

#[test]
fn a_caller_whom_a_queue_answered_never_hears_of_it_when_it_ends_before_the_commit() {
    let mut script = super::queue::script(|_| {});
    let offer = sdp("192.0.2.1", 4000, "sendrecv");
    script.invite("4000", Some(&offer)).skip();
    script.hang_up(offhook_base::CallId(1), 4);
    script.wait(Duration::from_millis(600));
    assert_eq!(
        super::queue::lines(&mut script),
        [
            "* call.missed Manager Request",
            "* call.missed Manager Request",
            "A BYE"
        ]
    );
}

#[test]
fn a_queued_invite_uncommitted_after_2_s_gets_503_though_an_agent_is_to_ring() {
    let mut script = super::queue::script(|_| {});
    let offer = sdp("192.0.2.1", 4000, "sendrecv");
    script.invite("4000", Some(&offer)).skip();
    script.wait(Duration::from_millis(2_100));
    assert_eq!(
        super::queue::lines(&mut script),
        [
            "* call.missed Normal Temporary Failure",
            "* call.missed Normal Temporary Failure",
            "A 503"
        ]
    );
    // The agent's INVITE never leaves.
    script.commit();
    assert_eq!(super::queue::lines(&mut script), ["-- commit"]);
}

#[test]
fn the_2_s_are_for_the_first_fact_not_for_that_of_a_member_tried_later() {
    let mut script = super::group::script(crate::directory::GroupStrategy::Linear);
    script.invite("3000", None).commit();
    script.wait(Duration::from_millis(1_999));
    script.refused(B1, 486).skip();
    script.wait(Duration::from_millis(10)).expect(&[]);
    script.commit().expect(&["-- commit", "B2 INVITE"]);
}
