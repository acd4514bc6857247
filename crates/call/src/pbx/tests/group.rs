//! Ring groups: who rings, who wins, and what each call of the group tells.

use std::time::Duration;

use offhook_base::{RingGroupId, UserId};

use super::{A, B1, Script, sdp};
use crate::directory::{DirectoryChange, GroupStrategy, RingGroup};
use offhook_sip_core::LegId;

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
