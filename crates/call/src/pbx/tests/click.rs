//! Click-to-call.

use std::time::Duration;

use offhook_base::{CallId, PhoneId, RingGroupId, UserId};
use offhook_sip_core::{BindingKey, Event, LegId};

use super::{B1, Script, sdp};
use crate::ApiCommand;
use crate::directory::{DirectoryChange, GroupStrategy, RingGroup, User};

/// The leg to the destination.
const D: LegId = LegId(5);

fn click(to: &str) -> ApiCommand {
    ApiCommand::Originate {
        user: UserId(100_001),
        to: to.into(),
        caller_id: None,
    }
}

#[test]
fn the_originator_is_rung_then_the_destination_and_both_are_joined() {
    let mut script =
        Script::with(|config| config.relay = Some([192, 0, 2, 254].into())).registered(&[1, 4]);
    script.ports(4).api(9, click("2003")).commit().expect(&[
        "* call.initial",
        "-- commit",
        "B1 INVITE +sdp",
        "api 9 Ok(Call(CallId(1)))",
    ]);
    script.provisional(B1, 180, None).commit().skip();
    script
        .answered(B1, Some(&sdp("192.0.2.1", 4000, "sendrecv")))
        .commit();
    let lines: Vec<_> = script
        .lines
        .drain(..)
        .filter(|line| !line.starts_with("media"))
        .collect();
    assert_eq!(
        lines,
        [
            "* call.accepted",
            "* call.initial",
            "-- commit",
            "B1 ACK",
            "B2 INVITE +sdp",
        ]
    );
    script
        .provisional(D, 180, None)
        .answered(D, Some(&sdp("192.0.2.4", 6000, "sendrecv")))
        .commit();
    script.request(D, 8, "BYE", None).commit();
    assert_eq!(
        script.told(),
        [
            "1 1 call.initial ENDPOINT 2001>2003",
            "2 1 call.ringing ENDPOINT 2001>2003",
            "3 1 call.accepted ENDPOINT 2001>2003",
            "4 2 call.initial 2001>2003",
            "5 2 call.ringing 2001>2003",
            "6 2 call.connected 2001>2003",
            "7 1 call.connected ENDPOINT 2001>2003",
            "8 2 call.hangup 2001>2003 Normal Clearing",
            "9 1 call.hangup ENDPOINT 2001>2003 Normal Clearing final",
        ]
    );
    assert_eq!(script.pbx.len(), 0);
}

fn relayed(phones: &[u32]) -> Script {
    let mut script =
        Script::with(|config| config.relay = Some([192, 0, 2, 254].into())).registered(phones);
    script.ports(4);
    script
}

/// The originator's phone rings.
fn clicked(script: &mut Script, to: &str) {
    script
        .api(9, click(to))
        .commit()
        .provisional(B1, 180, None)
        .commit()
        .skip();
}

/// He has picked up, and the destination rings.
fn accepted(to: &str) -> Script {
    let mut script = relayed(&[1, 2, 4]);
    clicked(&mut script, to);
    script
        .answered(B1, Some(&sdp("192.0.2.1", 4000, "sendrecv")))
        .commit()
        .skip();
    script
}

fn told_since(script: &Script, first: usize) -> Vec<String> {
    script.told().split_off(first)
}

#[test]
fn without_a_registered_phone_nothing_starts() {
    let mut script = Script::new().registered(&[4]);
    script.api(9, click("2003")).expect(&["api 9 Err(NoPhone)"]);
}

#[test]
fn nobody_calls_himself_or_nobody() {
    let mut script = Script::new().registered(&[1, 4]);
    for (to, why) in [
        ("2001", "is the originator"),
        ("9999", "nobody answers to this number"),
        ("", "nobody answers to this number"),
    ] {
        script.api(9, click(to));
        assert_eq!(script.lines(), [format!("api 9 Err(BadTarget({why:?}))")]);
    }
    let stranger = ApiCommand::Originate {
        user: UserId(7),
        to: "2003".into(),
        caller_id: None,
    };
    script.api(9, stranger).expect(&["api 9 Err(NotFound)"]);
    assert!(script.bodies.is_empty() && script.pbx.len() == 0);
}

#[test]
fn the_originators_own_wish_not_to_be_disturbed_does_not_matter() {
    let mut script = relayed(&[1, 4]);
    let user = User {
        id: UserId(100_001),
        ext: "2001".into(),
        name: "User 2001".into(),
        active: true,
        dnd: true,
        voicemail: None,
        record: crate::RecordMode::None,
    };
    script
        .pbx
        .handle_directory(script.now, DirectoryChange::User(user));
    script.api(9, click("2003")).commit();
    assert!(script.lines().contains(&"B1 INVITE +sdp".to_owned()));
}

#[test]
fn the_client_is_told_after_the_commit_only() {
    let mut script = relayed(&[1, 4]);
    script.api(9, click("2003"));
    script.wait(Duration::from_millis(1_900));
    script.expect(&["* call.initial"]);
    script
        .commit()
        .expect(&["-- commit", "B1 INVITE +sdp", "api 9 Ok(Call(CallId(1)))"]);
}

#[test]
fn while_commits_are_stalled_or_without_ports_no_call_starts() {
    let mut script = relayed(&[1, 4]);
    script.api(9, click("2003"));
    script.wait(Duration::from_secs(1));
    script.skip();
    script
        .api(10, click("2003"))
        .expect(&["api 10 Err(Unavailable)"]);
    let mut script =
        Script::with(|config| config.relay = Some([192, 0, 2, 254].into())).registered(&[1, 4]);
    script
        .api(9, click("2003"))
        .expect(&["api 9 Err(Unavailable)"]);
}

#[test]
fn the_originator_refuses() {
    let mut script = relayed(&[1, 4]);
    clicked(&mut script, "2003");
    script.refused(B1, 486).commit();
    assert_eq!(
        told_since(&script, 2),
        ["3 1 call.missed ENDPOINT 2001>2003 User Busy final"]
    );
    assert_eq!(script.last("terminated_by"), "callee");
    assert_eq!(script.pbx.len(), 0);
    assert_eq!(
        script.pbx.ports_in_stock(),
        2,
        "two are given back to the shell"
    );
}

#[test]
fn the_originator_does_not_answer() {
    let mut script = relayed(&[1, 4]);
    clicked(&mut script, "2003");
    script.wait(Duration::from_secs(30));
    script
        .commit()
        .expect_sip(&["B1 CANCEL given up", "* call.missed No Answer", "-- commit"]);
}

#[test]
fn the_originators_other_phone_is_told_that_it_was_elsewhere() {
    let mut script = relayed(&[2, 3, 4]);
    let by_2002 = ApiCommand::Originate {
        user: UserId(100_002),
        to: "2003".into(),
        caller_id: None,
    };
    script.api(9, by_2002).commit().skip();
    script
        .answered(B1, Some(&sdp("192.0.2.2", 4000, "sendrecv")))
        .commit();
    script.expect_sip(&[
        "B2 CANCEL elsewhere",
        "* call.accepted",
        "* call.initial",
        "-- commit",
        "B1 ACK",
        "B3 INVITE +sdp",
    ]);
}

#[test]
fn an_originator_that_answers_without_audio_has_refused() {
    for answer in [
        None,
        Some("v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nt=0 0\r\n"),
    ] {
        let mut script = relayed(&[1, 4]);
        clicked(&mut script, "2003");
        script.answered(B1, answer).commit();
        script.expect_sip(&[
            "* call.missed Incompatible Destination",
            "B1 ACK",
            "-- commit",
            "B1 BYE",
        ]);
    }
}

#[test]
fn the_originator_hangs_up_while_the_destination_rings() {
    let mut script = accepted("2003");
    script.request(B1, 4, "BYE", None).commit();
    script.expect_sip(&[
        "B2 CANCEL given up",
        "* call.missed Originator Cancel",
        "* call.missed Originator Cancel",
        "-- commit",
        "reply 4 200",
    ]);
    assert_eq!(script.last("terminated_by"), "caller");
    assert_eq!(script.pbx.len(), 0);
}

#[test]
fn a_busy_destination_ends_both_calls_and_the_originator_is_hung_up() {
    let mut script = accepted("2003");
    script.refused(D, 486).commit();
    script.expect_sip(&[
        "* call.missed User Busy",
        "* call.missed User Busy",
        "-- commit",
        "B1 BYE",
    ]);
    assert_eq!(
        told_since(&script, 4),
        [
            "5 2 call.missed 2001>2003 User Busy",
            "6 1 call.missed ENDPOINT 2001>2003 User Busy final",
        ]
    );
}

#[test]
fn a_destination_that_has_gone_meanwhile_is_missed() {
    let mut script = relayed(&[1, 4]);
    clicked(&mut script, "2003");
    script.event(Event::Unregistered {
        phone: PhoneId(4),
        key: BindingKey("k4".into()),
    });
    script
        .answered(B1, Some(&sdp("192.0.2.1", 4000, "sendrecv")))
        .commit();
    assert_eq!(
        told_since(&script, 2),
        [
            "3 1 call.accepted ENDPOINT 2001>2003",
            "4 2 call.initial 2001>2003",
            "5 2 call.missed 2001>2003 Subscriber Absent",
            "6 1 call.missed ENDPOINT 2001>2003 Subscriber Absent final",
        ]
    );
}

#[test]
fn the_destination_is_a_ring_group() {
    let mut script = relayed(&[1, 2, 4]);
    let group = RingGroup {
        id: RingGroupId(7),
        name: "Sales".into(),
        number: "3000".into(),
        strategy: GroupStrategy::All,
        ring_time: Duration::from_secs(20),
        users: vec![UserId(100_002), UserId(100_003)],
    };
    script
        .pbx
        .handle_directory(script.now, DirectoryChange::RingGroup(group));
    clicked(&mut script, "3000");
    script
        .answered(B1, Some(&sdp("192.0.2.1", 4000, "sendrecv")))
        .commit()
        .answered(LegId(7), Some(&sdp("192.0.2.4", 6000, "sendrecv")))
        .commit();
    script.request(B1, 4, "BYE", None).commit();
    assert_eq!(
        told_since(&script, 2),
        [
            "3 1 call.accepted ENDPOINT 2001>3000",
            "4 2 call.initial RG-7 2001>3000",
            "5 3 call.initial 2001>2002",
            "6 4 call.initial 2001>2003",
            "7 4 call.connected 2001>2003",
            "8 2 call.connected RG-7 2001>3000",
            "9 1 call.connected ENDPOINT 2001>3000",
            "10 3 call.hangup 2001>2002 Lose Race",
            "11 4 call.hangup 2001>2003 Normal Clearing",
            "12 2 call.hangup RG-7 2001>3000 Normal Clearing",
            "13 1 call.hangup ENDPOINT 2001>3000 Normal Clearing final",
        ]
    );
    let parents: Vec<_> = script.cdrs.iter().map(|cdr| cdr.parent_live_id).collect();
    let (one, two) = (Some(CallId(1)), Some(CallId(2)));
    assert_eq!(parents, [two, two, one, None]);
}

#[test]
fn a_destination_with_another_codec_is_told_to_the_originator() {
    let mut script = accepted("2003");
    let answer = sdp("192.0.2.4", 6000, "sendrecv").replace("RTP/AVP 0", "RTP/AVP 8");
    script.answered(D, Some(&answer)).commit();
    script.expect_sip(&[
        "* call.connected",
        "* call.connected",
        "-- commit",
        "B2 ACK",
        "B1 INVITE +sdp",
    ]);
    let told = script.said(B1, Some("INVITE"));
    assert!(told.contains("RTP/AVP 8 101"), "{told}");
    assert!(
        told.contains(" 2 IN IP4 192.0.2.254"),
        "one session: {told}"
    );
    script
        .response(B1, 1, 200, Some(&sdp("192.0.2.1", 4000, "sendrecv")))
        .expect_sip(&["B1 ACK"]);
}

#[test]
fn rfc3725_4_4_without_a_relay_the_originator_first_hears_nobody() {
    let mut script = Script::new().registered(&[1, 4]);
    clicked(&mut script, "2003");
    let hole = script.said(B1, Some("INVITE"));
    assert!(
        hole.contains("c=IN IP4 0.0.0.0\r\n") && hole.contains("a=inactive\r\n"),
        "{hole}"
    );
    script
        .answered(B1, Some(&sdp("192.0.2.1", 4000, "inactive")))
        .commit();
    let offer = script.said(D, Some("INVITE"));
    assert!(
        offer.contains("c=IN IP4 192.0.2.1\r\n") && offer.contains("a=sendrecv\r\n"),
        "{offer}"
    );
    script
        .answered(D, Some(&sdp("192.0.2.4", 6000, "sendrecv")))
        .commit()
        .skip();
    let told = script.said(B1, Some("INVITE"));
    assert!(
        told.contains("c=IN IP4 192.0.2.4\r\n") && told.starts_with("v=0\r\no=- 1 2 "),
        "{told}"
    );
    script
        .response(B1, 1, 200, Some(&sdp("192.0.2.1", 4000, "sendrecv")))
        .expect(&["B1 ACK"]);
}

#[test]
fn a_client_hangs_up_by_either_id_in_every_phase() {
    let hang_up = |id| ApiCommand::Hangup { call: CallId(id) };
    let mut script = relayed(&[1, 4]);
    clicked(&mut script, "2003");
    script.api(10, hang_up(1)).commit().expect_sip(&[
        "B1 CANCEL given up",
        "* call.missed Manager Request",
        "-- commit",
        "api 10 Ok(Done)",
    ]);
    for id in [1, 2] {
        let mut script = accepted("2003");
        script.api(10, hang_up(id)).commit().expect_sip(&[
            "B2 CANCEL given up",
            "* call.missed Manager Request",
            "* call.missed Manager Request",
            "-- commit",
            "B1 BYE",
            "api 10 Ok(Done)",
        ]);
        script
            .api(11, hang_up(3 - id))
            .expect_sip(&["api 11 Err(NotFound)"]);
        let mut script = accepted("2003");
        script
            .answered(D, Some(&sdp("192.0.2.4", 6000, "sendrecv")))
            .commit()
            .skip();
        script.api(10, hang_up(id)).commit().expect_sip(&[
            "* call.hangup Manager Request",
            "* call.hangup Manager Request",
            "-- commit",
            "B1 BYE",
            "B2 BYE",
            "api 10 Ok(Done)",
        ]);
    }
}

#[test]
fn a_client_transfers_by_either_id_in_every_phase() {
    let transfer = |id| ApiCommand::Transfer {
        call: CallId(id),
        dst: "2002".into(),
        party: None,
    };
    let mut script = relayed(&[1, 2, 4]);
    clicked(&mut script, "2003");
    script.api(10, transfer(1));
    assert!(
        script.lines()[0].contains("Conflict"),
        "his own phones ring"
    );
    for id in [1, 2] {
        let mut script = accepted("2003");
        script.api(10, transfer(id)).commit().expect_sip(&[
            "B2 CANCEL given up",
            "* call.initial",
            "* call.hangup Blind Transfer",
            "* call.hangup Blind Transfer",
            "-- commit",
            "api 10 Ok(Call(CallId(3)))",
            "B3 INVITE +sdp",
        ]);
        // Nobody answers there: the first destination is called again.
        script.refused(LegId(7), 486).commit();
        script.expect_sip(&[
            "* call.initial",
            "* call.missed User Busy",
            "-- commit",
            "B4 INVITE +sdp",
        ]);
        let mut script = accepted("2003");
        script
            .answered(D, Some(&sdp("192.0.2.4", 6000, "sendrecv")))
            .commit()
            .api(10, transfer(id))
            .commit();
        assert_eq!(
            told_since(&script, 6),
            [
                "7 3 call.initial 2001>2002",
                "8 2 call.hangup 2001>2003 Blind Transfer",
                "9 1 call.hangup ENDPOINT 2001>2003 Blind Transfer",
            ]
        );
    }
}

#[test]
fn a_copy_of_the_originators_answer_hangs_nobody_up() {
    let mut script = accepted("2003");
    script
        .answered(B1, Some(&sdp("192.0.2.1", 4000, "sendrecv")))
        .expect_sip(&[]);
}

#[test]
fn a_click_counts_for_the_calls_that_may_start_in_a_second() {
    let mut script = Script::with(|config| config.new_calls_per_s = Some(1)).registered(&[1, 4]);
    script.api(9, click("2003")).skip();
    script
        .api(10, click("2003"))
        .expect(&["api 10 Err(Unavailable)"]);
    script.wait(Duration::from_secs(1));
    script.commit().skip();
    script.api(11, click("2003")).expect(&["* call.initial"]);
}

#[test]
fn a_click_uncommitted_after_2_s_is_withdrawn_and_the_client_may_ask_again() {
    let mut script = relayed(&[1, 4]);
    script.api(9, click("2003"));
    script.wait(Duration::from_millis(1_900));
    script.expect_sip(&["* call.initial"]);
    script.wait(Duration::from_millis(200));
    script.expect_sip(&[
        "* call.missed Normal Temporary Failure",
        "api 9 Err(Unavailable)",
    ]);
    script.commit().expect_sip(&["-- commit"]);
    assert_eq!(script.pbx.len(), 0);
    assert!(script.pbx.conversations.is_empty());
}

#[test]
fn an_originator_whose_pick_up_is_uncommitted_after_8_s_is_hung_up() {
    let answer = sdp("192.0.2.1", 4000, "sendrecv");
    for (to, calls) in [("2003", 2), ("4000", 3)] {
        let mut script = super::queue::script(|_| {});
        clicked(&mut script, to);
        script.answered(B1, Some(&answer)).skip();
        script.wait(Duration::from_millis(7_900)).expect_sip(&[]);
        script.wait(Duration::from_millis(200));
        let mut lines = vec!["* call.missed Normal Temporary Failure"; calls];
        lines.extend(["B1 ACK", "B1 BYE"]);
        script.expect_sip(&lines);
        script.commit().expect_sip(&["-- commit"]);
    }
}
