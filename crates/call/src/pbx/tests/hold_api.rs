//! Hold and resume by a REST client, mixed with what the phones do. Hold is a level: only its change is told.

use offhook_base::{CallId, UserId};
use offhook_sip_core::{Event, TxId};

use super::{A, B1, Script, sdp};
use crate::ApiCommand;

const CALLER: u32 = 100_001;
const CALLED: u32 = 100_002;

fn command(held: bool, by: u32) -> ApiCommand {
    ApiCommand::Hold {
        call: CallId(1),
        held,
        by: UserId(by),
    }
}

fn connected(relayed: bool) -> Script {
    let mut script = Script::with(|config| {
        config.relay = relayed.then(|| [192, 0, 2, 254].into());
    })
    .registered(&[1, 2, 4]);
    script
        .ports(4)
        .invite("2002", Some(&caller("sendrecv")))
        .commit()
        .answered(B1, Some(&called("sendrecv")))
        .commit()
        .acked(A, None)
        .skip();
    script
}

fn caller(direction: &str) -> String {
    sdp("192.0.2.1", 4000, direction)
}

fn called(direction: &str) -> String {
    sdp("192.0.2.2", 5000, direction)
}

fn told(script: &Script) -> Vec<String> {
    let bodies = script.bodies.iter().skip(2);
    bodies
        .map(|body| body["event_name"].as_str().unwrap_or_default().to_owned())
        .collect()
}

/// 2002 has the call held: the caller was told.
fn held() -> Script {
    let mut script = connected(true);
    script
        .api(9, command(true, CALLED))
        .response(A, 1, 200, Some(&caller("recvonly")))
        .commit()
        .skip();
    script
}

#[test]
fn the_other_side_is_told_that_nobody_hears_it_and_the_client_hears_after_the_commit() {
    let mut script = connected(true);
    script
        .api(9, command(true, CALLED))
        .expect(&["A INVITE +sdp"]);
    let offer = script.said(A, Some("INVITE"));
    assert!(offer.contains("a=sendonly\r\n"), "{offer}");
    script.response(A, 1, 200, Some(&caller("recvonly")));
    let lines = std::mem::take(&mut script.lines);
    // The other one hears music: nothing of who holds is relayed to it either.
    let silenced = lines.iter().filter(|line| line.contains("remote: None"));
    assert_eq!(silenced.count(), 1, "{lines:?}");
    let plays = lines
        .iter()
        .filter(|line| line.contains("Play { relay: RelayId(1), side: A"));
    assert_eq!(plays.count(), 1, "{lines:?}");
    script.commit().expect(&["-- commit", "api 9 Ok(Done)"]);
    assert_eq!(script.last("state"), "ON_HOLD");
    script
        .api(10, command(false, CALLED))
        .expect(&["A INVITE +sdp"]);
    let offer = script.said(A, Some("INVITE"));
    assert!(offer.contains("a=sendrecv\r\n"), "{offer}");
    script.response(A, 2, 200, Some(&caller("sendrecv")));
    let lines = std::mem::take(&mut script.lines);
    assert!(lines.iter().any(|line| line.contains("192.0.2.2:5000")));
    assert!(lines.iter().any(|line| line.contains("StopPlay")));
    script.commit().expect(&["-- commit", "api 10 Ok(Done)"]);
    assert_eq!(told(&script), ["call.hold", "call.unhold"]);
}

#[test]
fn who_holds_decides_which_side_is_told() {
    for (by, leg) in [(CALLER, B1), (CALLED, A), (7, A)] {
        let mut script = connected(false);
        script.api(9, command(true, by));
        let offer = script.said(leg, Some("INVITE"));
        assert!(offer.contains("a=inactive\r\n"), "{by}: {offer}");
    }
}

#[test]
fn whoever_resumes_the_side_that_was_told_is_told_again() {
    for by in [CALLER, CALLED, 7] {
        let mut script = held();
        script
            .api(10, command(false, by))
            .expect_sip(&["A INVITE +sdp"]);
    }
}

#[test]
fn a_level_that_is_reached_already_is_done() {
    let mut script = held();
    script
        .api(10, command(true, CALLER))
        .expect_sip(&["api 10 Ok(Done)"]);
    let mut script = connected(true);
    script
        .api(10, command(false, CALLER))
        .expect_sip(&["api 10 Ok(Done)"]);
}

#[test]
fn what_a_phone_holds_only_that_phone_resumes() {
    let mut script = connected(true);
    script
        .request(A, 2, "INVITE", Some(&caller("sendonly")))
        .response(B1, 1, 200, Some(&called("recvonly")))
        .commit()
        .acked(A, None)
        .skip();
    script.api(9, command(false, CALLED)).expect_sip(&[
        "api 9 Err(Conflict(\"a phone holds the call; only that phone can resume it\"))",
    ]);
}

#[test]
fn a_phone_holds_too_and_both_have_to_resume() {
    for client_first in [true, false] {
        let mut script = held();
        script
            .request(B1, 2, "INVITE", Some(&called("sendonly")))
            .response(A, 2, 200, Some(&caller("inactive")))
            .commit()
            .acked(B1, None);
        if client_first {
            script
                .api(10, command(false, CALLED))
                .response(A, 3, 200, Some(&caller("recvonly")))
                .commit();
            let offer = script.said(A, Some("INVITE"));
            assert!(offer.contains("a=sendonly\r\n"), "the phone holds: {offer}");
            assert_eq!(told(&script), ["call.hold"]);
            script
                .request(B1, 4, "INVITE", Some(&called("sendrecv")))
                .response(A, 4, 200, Some(&caller("sendrecv")))
                .commit();
        } else {
            script
                .request(B1, 4, "INVITE", Some(&called("sendrecv")))
                .response(A, 3, 200, Some(&caller("inactive")))
                .commit()
                .acked(B1, None);
            assert_eq!(told(&script), ["call.hold"]);
            script
                .api(10, command(false, CALLED))
                .response(A, 4, 200, Some(&caller("sendrecv")))
                .commit();
        }
        assert_eq!(told(&script), ["call.hold", "call.unhold"]);
    }
}

#[test]
fn a_client_holds_what_a_phone_holds_and_nothing_is_told_twice() {
    let mut script = connected(true);
    script
        .request(A, 2, "INVITE", Some(&caller("sendonly")))
        .response(B1, 1, 200, Some(&called("recvonly")))
        .commit()
        .acked(A, None)
        .api(9, command(true, CALLER))
        .response(B1, 2, 200, Some(&called("recvonly")))
        .commit()
        .skip();
    assert_eq!(told(&script), ["call.hold"]);
    // The phone resumes: the other side is still held by us, and both are told so.
    script
        .request(A, 4, "INVITE", Some(&caller("sendrecv")))
        .skip();
    let offer = script.said(B1, Some("INVITE"));
    assert!(offer.contains("a=sendonly\r\n"), "{offer}");
    script
        .response(B1, 3, 200, Some(&called("recvonly")))
        .commit()
        .acked(A, None)
        .skip();
    assert_eq!(told(&script), ["call.hold"]);
    // The client resumes: the caller, who was told that it is not heard, hears of it too.
    script
        .api(10, command(false, CALLER))
        .expect_sip(&["B1 INVITE +sdp"]);
    script
        .response(B1, 4, 200, Some(&called("sendrecv")))
        .commit();
    script.expect_sip(&[
        "B1 ACK",
        "* call.unhold",
        "-- commit",
        "api 10 Ok(Done)",
        "A INVITE +sdp",
    ]);
    let offer = script.said(A, Some("INVITE"));
    assert!(offer.contains("a=sendrecv\r\n"), "{offer}");
    script
        .response(A, 5, 200, Some(&caller("sendrecv")))
        .expect_sip(&["A ACK"]);
}

#[test]
fn the_held_phone_cannot_resume_by_itself() {
    let mut script = held();
    script
        .request(A, 2, "INVITE", Some(&caller("sendrecv")))
        .response(B1, 2, 200, Some(&called("sendrecv")));
    let reply = script.commands.iter().rev().find_map(|command| {
        if let offhook_sip_core::Command::Reply { body, .. } = command {
            body.clone()
        } else {
            None
        }
    });
    let reply = String::from_utf8_lossy(&reply.expect("an answer").octets).into_owned();
    assert!(reply.contains("a=sendonly\r\n"), "{reply}");
    assert_eq!(told(&script), ["call.hold"]);
}

#[test]
fn rfc3261_14_1_glare_and_refusals_leave_the_call_as_it_was() {
    for status in [491, 488, 500] {
        let mut script = connected(true);
        script.api(9, command(true, CALLED)).skip();
        script
            .response(A, 1, status, None)
            .expect_sip(&["api 9 Err(Conflict(\"the other phone refused\"))"]);
        assert!(told(&script).is_empty());
        script
            .api(10, command(true, CALLED))
            .response(A, 2, 200, Some(&caller("inactive")))
            .commit();
        assert_eq!(told(&script), ["call.hold"]);
    }
}

#[test]
fn while_something_is_changed_a_client_waits_his_turn() {
    let mut script = connected(true);
    script
        .request(A, 2, "INVITE", Some(&caller("sendonly")))
        .skip();
    let busy = "Err(Conflict(\"the call is being changed\"))";
    script
        .api(9, command(true, CALLED))
        .expect_sip(&[&format!("api 9 {busy}")]);
    let mut script = connected(true);
    script
        .api(9, command(true, CALLED))
        .api(10, command(true, CALLED))
        .expect_sip(&["A INVITE +sdp", &format!("api 10 {busy}")]);
}

#[test]
fn a_ringing_call_is_not_held() {
    let mut script = Script::new().registered(&[2]);
    script.invite("2002", None).commit().skip();
    script
        .api(9, command(true, CALLED))
        .expect(&["api 9 Err(Conflict(\"the call rings\"))"]);
}

#[test]
fn a_call_that_ends_meanwhile_is_not_found() {
    let mut script = connected(true);
    script.api(9, command(true, CALLED)).skip();
    script.request(B1, 2, "BYE", None).commit().expect_sip(&[
        "* call.hangup Normal Clearing",
        "-- commit",
        "api 9 Err(NotFound)",
        "reply 2 200",
        "A BYE",
    ]);
    script
        .api(10, command(true, CALLED))
        .expect_sip(&["api 10 Err(NotFound)"]);
}

#[test]
fn rfc3261_12_2_1_2_a_phone_that_forgot_the_dialog_ends_the_call() {
    let mut script = connected(true);
    script.api(9, command(true, CALLED)).skip();
    let (leg, tx) = (A, TxId::outgoing(1));
    script
        .event(Event::Failed {
            leg,
            tx,
            status: 408,
        })
        .commit();
    script.expect_sip(&[
        "* call.hangup Normal Temporary Failure",
        "-- commit",
        "api 9 Err(NotFound)",
        "A BYE",
        "B1 BYE",
    ]);
}

#[test]
fn a_call_that_never_had_a_session_cannot_be_held() {
    let mut script = Script::new().registered(&[2]);
    script
        .invite("2002", Some("no session"))
        .commit()
        .answered(B1, None)
        .commit()
        .acked(A, None)
        .skip();
    script
        .api(9, command(true, CALLED))
        .expect(&["api 9 Err(Conflict(\"the call has no audio that could be held\"))"]);
}

#[test]
fn both_calls_of_a_group_are_held_and_the_members_first() {
    let mut script = connected(true);
    let group = crate::RingGroup {
        id: offhook_base::RingGroupId(7),
        name: "Sales".into(),
        number: "3000".into(),
        strategy: crate::GroupStrategy::All,
        ring_time: std::time::Duration::from_secs(20),
        users: vec![UserId(100_003)],
    };
    script
        .pbx
        .handle_directory(script.now, crate::DirectoryChange::RingGroup(group));
    let (from, leg) = (
        offhook_sip_core::Origin::Phone(offhook_base::PhoneId(1)),
        offhook_sip_core::LegId(2),
    );
    let request = super::message(
        "INVITE sip:3000@x SIP/2.0",
        "1 INVITE",
        &[],
        Some(&caller("sendrecv")),
    );
    let peer = super::peer(1);
    script.event(Event::Invite {
        leg,
        from,
        peer,
        request,
    });
    script
        .commit()
        .answered(offhook_sip_core::LegId(5), Some(&called("sendrecv")))
        .commit();
    // Either id means the call that both are part of.
    let hold = ApiCommand::Hold {
        call: CallId(2),
        held: true,
        by: UserId(100_003),
    };
    script
        .api(9, hold)
        .response(leg, 1, 200, Some(&caller("inactive")))
        .commit();
    let all = script.told();
    assert_eq!(
        all[all.len() - 2..],
        ["5 3 call.hold 2001>2003", "6 2 call.hold RG-7 2001>3000",]
    );
}
