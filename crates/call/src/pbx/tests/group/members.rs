//! Members of a group that differ from the plain case.

use offhook_base::{CallId, PhoneId, UserId};
use offhook_sip_core::{BindingKey, Event, LegId};

use super::{A, B1, B2, GroupStrategy, Script, ends, script, sdp};
use crate::ApiCommand;
use crate::directory::{DirectoryChange, User};

const B3: LegId = LegId(7);

fn change_user(script: &mut Script, dnd: bool, active: bool) {
    let user = User {
        id: UserId(100_003),
        ext: "2003".into(),
        name: "User 2003".into(),
        active,
        dnd,
        voicemail: None,
        record: crate::RecordMode::None,
    };
    script
        .pbx
        .handle_directory(script.now, DirectoryChange::User(user));
}

fn unregister(script: &mut Script, phone: u32) {
    let key = BindingKey(format!("k{phone}").into());
    let phone = PhoneId(phone);
    script.event(Event::Unregistered { phone, key });
}

#[test]
fn a_member_with_two_phones_answers_by_one_of_them() {
    let offer = sdp("192.0.2.1", 4000, "sendrecv");
    let mut script = script(GroupStrategy::All);
    script.registered_too(&[3]);
    script.invite("3000", Some(&offer)).commit().skip();
    script.answered(B1, Some(&offer)).commit().expect(&[
        "B2 CANCEL elsewhere",
        "* call.connected",
        "* call.connected",
        "B3 CANCEL elsewhere",
        "* call.hangup Lose Race",
        "-- commit",
        "A 200 +sdp",
        "B1 ACK",
    ]);
}

#[test]
fn a_member_declines_when_all_the_phones_have() {
    let mut script = script(GroupStrategy::All);
    script.registered_too(&[3]);
    script.invite("3000", None).commit().skip();
    script.refused(B1, 486).expect(&[]);
    script.refused(B2, 480).expect(&["* call.missed User Busy"]);
    script.refused(B3, 480).commit().expect(&[
        "* call.missed No User Response",
        "* call.missed User Busy",
        "-- commit",
        "A 486",
    ]);
}

#[test]
fn a_member_without_a_phone_misses_the_call_at_once_and_the_others_ring() {
    let mut script = script(GroupStrategy::All);
    unregister(&mut script, 2);
    script.invite("3000", None).commit().expect(&[
        "* call.initial",
        "* call.initial",
        "* call.missed Subscriber Absent",
        "* call.initial",
        "-- commit",
        "B1 INVITE",
    ]);
    assert_eq!(ends(&script), ["2 NoAnswer System 480"]);
}

#[test]
fn a_member_who_does_not_want_to_be_disturbed_is_busy() {
    let mut script = script(GroupStrategy::All);
    change_user(&mut script, true, true);
    script.invite("3000", None).commit().skip();
    assert_eq!(ends(&script), ["3 Busy System 486"]);
    script.refused(B1, 480).commit();
    assert_eq!(
        script.told().last().map(String::as_str),
        Some("6 1 call.missed RG-7 2001>3000 User Busy final")
    );
}

#[test]
fn a_member_who_is_no_user_any_more_is_passed_over() {
    let mut script = script(GroupStrategy::All);
    change_user(&mut script, false, false);
    script.invite("3000", None).commit();
    assert_eq!(script.bodies.len(), 2);
}

#[test]
fn the_caller_is_a_member_and_is_not_rung() {
    let mut script = script(GroupStrategy::All);
    let mut group = script
        .pbx
        .office
        .directory
        .ring_group(offhook_base::RingGroupId(7))
        .cloned()
        .unwrap();
    group.users.insert(0, UserId(100_001));
    script
        .pbx
        .handle_directory(script.now, DirectoryChange::RingGroup(group));
    script.invite("3000", None).commit().expect(&[
        "* call.initial",
        "* call.initial",
        "* call.initial",
        "-- commit",
        "B1 INVITE",
        "B2 INVITE",
    ]);
}

#[test]
fn nobody_can_be_rung() {
    for strategy in [GroupStrategy::All, GroupStrategy::Linear] {
        let mut script = script(strategy);
        unregister(&mut script, 2);
        unregister(&mut script, 4);
        script.invite("3000", None).commit().expect(&[
            "* call.initial",
            "* call.initial",
            "* call.missed Subscriber Absent",
            "* call.initial",
            "* call.missed Subscriber Absent",
            "* call.missed Subscriber Absent",
            "-- commit",
            "A 480",
        ]);
        assert_eq!(script.last("info"), "no_members");
        assert_eq!(script.last("final"), "true");
        assert_eq!(
            ends(&script).last().map(String::as_str),
            Some("1 NoAnswer System 480 no_members")
        );
    }
}

#[test]
fn a_6xx_of_one_member_speaks_for_its_phones_and_for_nobody_else() {
    let mut script = script(GroupStrategy::All);
    script.registered_too(&[3]);
    script.invite("3000", None).commit().skip();
    script
        .refused(B1, 600)
        .expect(&["B2 CANCEL given up", "* call.missed User Busy"]);
    assert_eq!(script.pbx.len(), 2, "the other member rings on");
    script.refused(B3, 480).commit().expect(&[
        "* call.missed No User Response",
        "* call.missed User Busy",
        "-- commit",
        "A 600",
    ]);
}

#[test]
fn early_media_is_passed_on_once_its_phone_rings_alone() {
    let early = sdp("192.0.2.2", 5000, "sendrecv");
    let mut script = script(GroupStrategy::All);
    script.invite("3000", None).commit().skip();
    script.provisional(B1, 183, Some(&early)).commit().expect(&[
        "* call.ringing",
        "* call.ringing",
        "-- commit",
        "A 180",
    ]);
    script.refused(B2, 486).commit().expect(&[
        "* call.missed User Busy",
        "-- commit",
        "A 183 +sdp",
    ]);
}

#[test]
fn an_answer_without_audio_is_a_refusal_of_that_member_only() {
    let offer = sdp("192.0.2.1", 4000, "sendrecv");
    let mut script = script(GroupStrategy::All);
    script.pbx.office.config.relay = Some([192, 0, 2, 254].into());
    script.ports(2).invite("3000", Some(&offer)).commit().skip();
    script
        .answered(
            B1,
            Some("v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nt=0 0\r\n"),
        )
        .commit();
    script.expect_sip(&[
        "* call.missed Incompatible Destination",
        "B1 ACK",
        "-- commit",
        "B1 BYE",
    ]);
    script.answered(B2, Some(&offer)).commit();
    script.expect_sip(&[
        "* call.connected",
        "* call.connected",
        "-- commit",
        "A 200 +sdp",
        "B2 ACK",
    ]);
}

#[test]
fn a_client_gives_up_one_member_or_the_whole_group() {
    let hang_up = |call| ApiCommand::Hangup { call };
    let mut script = script(GroupStrategy::All);
    script.invite("3000", None).commit().skip();
    script.api(9, hang_up(CallId(2))).commit().expect(&[
        "B1 CANCEL given up",
        "* call.missed Manager Request",
        "-- commit",
        "api 9 Ok(Done)",
    ]);
    assert_eq!(ends(&script), ["2 NoAnswer Api 480"]);
    script
        .api(10, hang_up(CallId(2)))
        .expect(&["api 10 Err(NotFound)"]);
    script.api(11, hang_up(CallId(1))).commit().expect(&[
        "B2 CANCEL given up",
        "* call.missed Manager Request",
        "* call.missed Manager Request",
        "-- commit",
        "A 480",
        "api 11 Ok(Done)",
    ]);
}

#[test]
fn the_last_member_that_a_client_gives_up_ends_the_group() {
    let mut script = script(GroupStrategy::Linear);
    script.invite("3000", None).commit().skip();
    for call in [2, 3] {
        let call = CallId(call);
        script.api(call.0, ApiCommand::Hangup { call }).commit();
    }
    assert_eq!(script.last("info"), "no_answer");
    assert_eq!(script.pbx.len(), 0);
}

#[test]
fn a_caller_who_hangs_up_while_the_answer_is_on_its_way_ends_both_calls_once() {
    let offer = sdp("192.0.2.1", 4000, "sendrecv");
    let mut script = script(GroupStrategy::All);
    script.invite("3000", Some(&offer)).commit().skip();
    let bye = super::super::message("BYE sip:x SIP/2.0", "2 BYE", &[], None);
    script
        .answered(B1, Some(&offer))
        .event(Event::Cancelled {
            leg: A,
            reason: Some(bye),
        })
        .commit();
    assert_eq!(
        script.told()[3..],
        [
            "4 2 call.connected 2001>2002",
            "5 1 call.connected RG-7 2001>3000",
            "6 3 call.hangup 2001>2003 Lose Race",
            "7 2 call.hangup 2001>2002 Normal Clearing",
            "8 1 call.hangup RG-7 2001>3000 Normal Clearing final",
        ]
    );
}
