//! Ring groups: who rings, who wins, and what each call of the group tells.

mod members;
mod size;

use std::time::Duration;

use offhook_base::{RingGroupId, UserId};

use super::{A, B1, Script, sdp};
use crate::directory::{DirectoryChange, GroupStrategy, RingGroup};
use offhook_sip_core::{Event, LegId};

const B2: LegId = LegId(5);

pub(super) fn script(strategy: GroupStrategy) -> Script {
    let mut script = Script::new().registered(&[1, 2, 4]);
    let group = RingGroup {
        id: RingGroupId(7),
        name: "Sales".into(),
        number: "3000".into(),
        strategy,
        ring_time: Duration::from_secs(20),
        users: vec![UserId(100_002), UserId(100_003)],
    };
    script
        .pbx
        .handle_directory(script.now, DirectoryChange::RingGroup(group));
    script
}

#[test]
fn one_answers_and_the_others_lose_the_race() {
    let offer = sdp("192.0.2.1", 4000, "sendrecv");
    let mut script = script(GroupStrategy::All);
    script.invite("3000", Some(&offer)).commit().expect(&[
        "* call.initial",
        "* call.initial",
        "* call.initial",
        "-- commit",
        "B1 INVITE +sdp",
        "B2 INVITE +sdp",
    ]);
    let name = |leg| script.pbx.leg(leg).expect("a leg");
    assert_ne!(name(B1).call, name(B2).call);
    assert_eq!((name(B1).root, name(B2).root), (name(A).call, name(A).call));
    script.provisional(B1, 180, None).commit().expect(&[
        "* call.ringing",
        "* call.ringing",
        "-- commit",
        "A 180",
    ]);
    script.answered(B2, Some(&offer)).commit().expect(&[
        "* call.connected",
        "* call.connected",
        "B1 CANCEL elsewhere",
        "* call.hangup Lose Race",
        "-- commit",
        "A 200 +sdp",
        "B2 ACK",
    ]);
    script.request(A, 2, "BYE", None).commit();
    assert_eq!(
        script.told(),
        [
            "1 1 call.initial RG-7 2001>3000",
            "2 2 call.initial 2001>2002",
            "3 3 call.initial 2001>2003",
            "4 2 call.ringing 2001>2002",
            "5 1 call.ringing RG-7 2001>3000",
            "6 3 call.connected 2001>2003",
            "7 1 call.connected RG-7 2001>3000",
            "8 2 call.hangup 2001>2002 Lose Race",
            "9 3 call.hangup 2001>2003 Normal Clearing",
            "10 1 call.hangup RG-7 2001>3000 Normal Clearing final",
        ]
    );
    assert_eq!(script.cdrs.len(), 3);
    assert_eq!(script.pbx.len(), 0);
}

#[test]
fn a_call_that_is_deflected_from_a_group_follows_the_groups_own() {
    let offer = sdp("192.0.2.1", 4000, "sendrecv");
    let mut script = script(GroupStrategy::All).registered(&[5]);
    script.invite("3000", Some(&offer)).commit();
    let deflect = crate::ApiCommand::Transfer {
        call: offhook_base::CallId(1),
        dst: "2004".to_owned(),
        party: None,
    };
    script.api(9, deflect).commit();
    script.request(A, 2, "BYE", None).commit();
    let ways = script.cdrs.iter().map(|cdr| {
        let parent = cdr.parent_live_id.map(|parent| parent.0);
        (cdr.live_id.0, parent, &*cdr.t_cause)
    });
    let mut ways: Vec<_> = ways.collect();
    ways.sort_unstable();
    assert_eq!(
        ways,
        [
            (1, None, "Blind Transfer"),
            (2, Some(1), "Blind Transfer"),
            (3, Some(1), "Blind Transfer"),
            (4, Some(1), "Originator Cancel"),
        ]
    );
}

#[test]
fn in_order_each_member_has_its_time_and_then_the_group_has_no_answer() {
    let mut script = script(GroupStrategy::Linear);
    script
        .invite("3000", None)
        .commit()
        .refused(B1, 486)
        .commit();
    script.wait(Duration::from_secs(20)).commit();
    assert_eq!(
        script.told(),
        [
            "1 1 call.initial RG-7 2001>3000",
            "2 2 call.initial 2001>2002",
            "3 2 call.missed 2001>2002 User Busy",
            "4 3 call.initial 2001>2003",
            "5 3 call.missed 2001>2003 No Answer",
            "6 1 call.missed RG-7 2001>3000 User Busy final",
        ]
    );
    assert_eq!(
        script.bodies.last().map(|body| body["info"].clone()),
        Some("no_answer".into())
    );
}

#[test]
fn a_member_that_rang_out_says_more_than_one_without_a_phone() {
    let mut script = script(GroupStrategy::All);
    let group = RingGroup {
        id: RingGroupId(7),
        name: "Sales".into(),
        number: "3000".into(),
        strategy: GroupStrategy::All,
        ring_time: Duration::from_secs(20),
        // 2004 has no phone that is registered.
        users: vec![UserId(100_004), UserId(100_002)],
    };
    script
        .pbx
        .handle_directory(script.now, DirectoryChange::RingGroup(group));
    script.invite("3000", None).commit();
    script.wait(Duration::from_secs(20)).commit();
    assert_eq!(
        script.told(),
        [
            "1 1 call.initial RG-7 2001>3000",
            "2 2 call.initial 2001>2004",
            "3 2 call.missed 2001>2004 Subscriber Absent",
            "4 3 call.initial 2001>2002",
            "5 3 call.missed 2001>2002 No Answer",
            "6 1 call.missed RG-7 2001>3000 No Answer final",
        ]
    );
}

fn ends(script: &Script) -> Vec<String> {
    let cdrs = script.cdrs.iter();
    cdrs.map(|cdr| {
        format!(
            "{} {:?} {:?} {} {}",
            cdr.live_id.0, cdr.disposition, cdr.terminated_by, cdr.cause_sip, cdr.info
        )
        .trim_end()
        .to_owned()
    })
    .collect()
}

#[test]
fn the_caller_gives_up_and_the_group_is_abandoned() {
    let mut script = script(GroupStrategy::All);
    script
        .invite("3000", None)
        .commit()
        .provisional(B1, 180, None)
        .commit()
        .skip();
    script
        .event(Event::Cancelled {
            leg: A,
            reason: None,
        })
        .commit()
        .expect(&[
            "B1 CANCEL given up",
            "* call.missed Originator Cancel",
            "B2 CANCEL given up",
            "* call.missed Originator Cancel",
            "* call.missed Originator Cancel",
            "-- commit",
            "A 487",
        ]);
    assert_eq!(
        script.told()[5..],
        [
            "6 2 call.missed 2001>2002 Originator Cancel",
            "7 3 call.missed 2001>2003 Originator Cancel",
            "8 1 call.missed RG-7 2001>3000 Originator Cancel final",
        ]
    );
    assert_eq!(
        ends(&script),
        [
            "2 NoAnswer Caller 487",
            "3 NoAnswer Caller 487",
            "1 NoAnswer Caller 487 abandoned",
        ]
    );
    assert_eq!(script.pbx.len(), 0);
}

#[test]
fn all_decline_and_the_group_has_no_answer() {
    let mut script = script(GroupStrategy::All);
    script.invite("3000", None).commit().skip();
    script.refused(B1, 486).refused(B2, 603).commit().expect(&[
        "* call.missed User Busy",
        "* call.missed Call Rejected",
        "* call.missed Call Rejected",
        "-- commit",
        "A 603",
    ]);
    assert_eq!(
        ends(&script),
        [
            "2 Busy Callee 486",
            "3 NoAnswer Callee 603",
            "1 NoAnswer System 603 no_answer",
        ]
    );
}

#[test]
fn nobody_answers_in_time_and_all_are_given_up() {
    let mut script = script(GroupStrategy::All);
    script.invite("3000", None).commit().skip();
    script.wait(Duration::from_secs(19)).expect(&[]);
    script.wait(Duration::from_secs(1)).commit().expect(&[
        "B1 CANCEL given up",
        "* call.missed No Answer",
        "B2 CANCEL given up",
        "* call.missed No Answer",
        "* call.missed No Answer",
        "-- commit",
        "A 480",
    ]);
    assert_eq!(
        ends(&script),
        [
            "2 NoAnswer System 480",
            "3 NoAnswer System 480",
            "1 NoAnswer System 480 no_answer",
        ]
    );
}

#[test]
fn who_declined_has_missed_the_call_though_another_answers() {
    let offer = sdp("192.0.2.1", 4000, "sendrecv");
    let mut script = script(GroupStrategy::All);
    script.invite("3000", Some(&offer)).commit();
    script.refused(B1, 486).answered(B2, Some(&offer)).commit();
    script.request(A, 2, "BYE", None).commit();
    assert_eq!(
        script.told()[3..],
        [
            "4 2 call.missed 2001>2002 User Busy",
            "5 3 call.connected 2001>2003",
            "6 1 call.connected RG-7 2001>3000",
            "7 3 call.hangup 2001>2003 Normal Clearing",
            "8 1 call.hangup RG-7 2001>3000 Normal Clearing final",
        ]
    );
    assert_eq!(
        ends(&script),
        [
            "2 Busy Callee 486",
            "3 Connected Caller 200",
            "1 Connected Caller 200",
        ]
    );
}

#[test]
fn who_lost_the_race_ends_by_hangup_and_was_not_connected() {
    let offer = sdp("192.0.2.1", 4000, "sendrecv");
    let mut script = script(GroupStrategy::All);
    script.invite("3000", Some(&offer)).commit();
    script.answered(B2, Some(&offer)).commit();
    let lost = script.bodies.last().expect("an event");
    assert_eq!(lost["event_name"], "call.hangup");
    assert_eq!(lost["final"], false);
    assert_eq!(lost["terminated_by"], "system");
    assert_eq!(
        lost["cause"],
        serde_json::json!({"q850": 26, "name": "LOSE_RACE", "sip": 487})
    );
    assert_eq!(ends(&script), ["2 NoAnswer System 487"]);
}

#[test]
fn rfc3261_13_2_2_4_two_members_answer_at_once_and_one_wins() {
    let offer = sdp("192.0.2.1", 4000, "sendrecv");
    let mut script = script(GroupStrategy::All);
    script.invite("3000", Some(&offer)).commit().skip();
    script
        .answered(B1, Some(&offer))
        .answered(B2, Some(&offer))
        .commit()
        .expect(&[
            "* call.connected",
            "* call.connected",
            "B2 CANCEL elsewhere",
            "* call.hangup Lose Race",
            "B2 ACK",
            "B2 BYE",
            "-- commit",
            "A 200 +sdp",
            "B1 ACK",
        ]);
    assert_eq!(script.pbx.len(), 2, "the group's call and the member's");
}

#[test]
fn in_order_only_the_next_member_rings_and_is_heard() {
    let early = sdp("192.0.2.2", 5000, "sendrecv");
    let mut script = script(GroupStrategy::Linear);
    script.invite("3000", None).commit().expect(&[
        "* call.initial",
        "* call.initial",
        "-- commit",
        "B1 INVITE",
    ]);
    script.provisional(B1, 183, Some(&early)).commit().expect(&[
        "* call.ringing",
        "* call.ringing",
        "-- commit",
        "A 183 +sdp",
    ]);
    script.wait(Duration::from_secs(20)).commit().expect(&[
        "B1 CANCEL given up",
        "* call.missed No Answer",
        "* call.initial",
        "-- commit",
        "B2 INVITE",
    ]);
    script
        .provisional(B2, 180, None)
        .commit()
        .expect(&["* call.ringing", "-- commit", "A 180"]);
}

#[test]
fn a_member_tried_late_is_not_cut_short_by_the_two_seconds_of_the_invite() {
    let mut script = script(GroupStrategy::Linear);
    script.invite("3000", None).commit();
    script.wait(Duration::from_millis(1_990));
    script.refused(B1, 486).skip();
    script.wait(Duration::from_millis(100)).expect(&[]);
    script.commit().expect(&["-- commit", "B2 INVITE"]);
}

#[test]
fn a_group_that_is_removed_while_it_rings_lets_the_caller_go() {
    let mut script = script(GroupStrategy::All);
    script.invite("3000", None).commit().skip();
    let removed = DirectoryChange::RingGroupRemoved(RingGroupId(7));
    script.pbx.handle_directory(script.now, removed);
    script.drain();
    script.commit().expect(&[
        "B1 CANCEL given up",
        "* call.missed Unallocated Number",
        "B2 CANCEL given up",
        "* call.missed Unallocated Number",
        "* call.missed Unallocated Number",
        "-- commit",
        "A 404",
    ]);
    assert_eq!(script.last("info"), "removed");
    assert_eq!(script.last("final"), "true");
    script.event(Event::Invite {
        leg: LegId(2),
        from: offhook_sip_core::Origin::Phone(offhook_base::PhoneId(1)),
        peer: super::peer(1),
        request: super::message("INVITE sip:3000@x SIP/2.0", "1 INVITE", &[], None),
    });
    script.commit().expect(&[
        "* call.initial",
        "* call.failed Unallocated Number",
        "-- commit",
        "A2 404",
    ]);
}

#[test]
fn a_group_that_is_removed_after_the_answer_leaves_the_call_alone() {
    let offer = sdp("192.0.2.1", 4000, "sendrecv");
    let mut script = script(GroupStrategy::All);
    script.invite("3000", Some(&offer)).commit();
    script.answered(B1, Some(&offer)).commit().skip();
    let removed = DirectoryChange::RingGroupRemoved(RingGroupId(7));
    script.pbx.handle_directory(script.now, removed);
    script.drain();
    script.expect(&[]);
}
