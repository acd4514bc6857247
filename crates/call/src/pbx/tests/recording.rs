//! Who is recorded, from when to when, and what is told of it.

mod ready;

use offhook_base::{CallId, DdiId, RingGroupId, TrunkId, UserId};
use offhook_sip_core::LegId;

use super::{A, B1, B2, Script, sdp};
use crate::directory::{DdiTarget, DirectoryChange, RingGroup, User};
use crate::{ApiCommand, GroupStrategy, RecordMode};

const NOBODY: [(u32, RecordMode); 0] = [];

fn script(modes: &[(u32, RecordMode)]) -> Script {
    let mut script =
        Script::with(|config| config.relay = Some([192, 0, 2, 254].into())).registered(&[1, 2, 4]);
    for (id, mode) in modes {
        sets(&mut script, *id, *mode);
    }
    script.ports(4).skip();
    script
}

fn sets(script: &mut Script, id: u32, record: RecordMode) {
    let user = User {
        id: UserId(id),
        ext: format!("{}", id - 98_000),
        name: format!("User {}", id - 98_000),
        active: true,
        dnd: false,
        voicemail: None,
        record,
    };
    script
        .pbx
        .handle_directory(script.now, DirectoryChange::User(user));
}

fn connected(modes: &[(u32, RecordMode)]) -> Script {
    let mut script = script(modes);
    script
        .invite("2002", Some(&phone(1)))
        .commit()
        .answered(B1, Some(&phone(2)))
        .commit()
        .acked(A, None);
    script
}

fn phone(n: u8) -> String {
    sdp(&format!("192.0.2.{n}"), 4_000 + u16::from(n), "sendrecv")
}

/// What the recorder and the media shell heard of recordings.
fn tapes(script: &mut Script) -> Vec<String> {
    let mut lines = std::mem::take(&mut script.lines);
    lines.retain(|line| {
        line.starts_with("recording") || line.contains(" Record ") || line.contains(" StopRecord ")
    });
    lines
}

fn monitor(on: bool, by: u32) -> ApiCommand {
    ApiCommand::Monitor {
        call: CallId(1),
        on,
        by: UserId(by),
    }
}

#[test]
fn the_called_users_setting_counts_before_the_callers_and_each_only_for_its_way() {
    use RecordMode::{All, In, None, Out};
    let cases = [
        (None, None, Option::None),
        (In, None, Option::None),
        (Out, None, Some(100_001)),
        (All, None, Some(100_001)),
        (None, In, Some(100_002)),
        (None, Out, Option::None),
        (None, All, Some(100_002)),
        (All, All, Some(100_002)),
        (Out, Out, Some(100_001)),
    ];
    for (caller, called, whose) in cases {
        let script = connected(&[(100_001, caller), (100_002, called)]);
        let users: Vec<_> = script.recordings.iter().map(|start| start.user).collect();
        let expected: Vec<_> = whose.map(UserId).map(Some).into_iter().collect();
        assert_eq!(users, expected, "{caller:?} calls {called:?}");
        assert_eq!(script.monitored.len(), expected.len());
    }
}

#[test]
fn it_begins_when_the_answer_is_on_disk_and_ends_with_the_call() {
    let mut script = script(&[(100_002, RecordMode::In)]);
    script
        .invite("2002", Some(&phone(1)))
        .commit()
        .provisional(B1, 183, Some(&phone(2)))
        .answered(B1, Some(&phone(2)));
    assert_eq!(tapes(&mut script), [""; 0], "not while it rings");
    script.commit();
    assert_eq!(
        tapes(&mut script),
        [
            "recording 2 of 1 for 100002: 2001 > 2002",
            "media Record { relay: RelayId(1), recording: RecordingId(2), taped: Both { left: A } }",
        ]
    );
    assert_eq!(script.monitored, [CallId(1)]);
    script.acked(A, None).skip();
    script.request(A, 8, "BYE", None).commit();
    assert_eq!(
        tapes(&mut script),
        [""; 0],
        "the end of the relay is its end"
    );
    assert!(script.monitored.is_empty());
}

#[test]
fn an_answer_that_never_got_to_disk_is_not_recorded() {
    let mut script = script(&[(100_002, RecordMode::In)]);
    script
        .invite("2002", Some(&phone(1)))
        .commit()
        .answered(B1, Some(&phone(2)))
        .wait(std::time::Duration::from_secs(9))
        .commit();
    assert_eq!(tapes(&mut script), [""; 0]);
    assert!(script.pbx.recordings.is_empty());
}

#[test]
fn where_media_does_not_pass_by_us_nothing_is_recorded() {
    let mut script = Script::new().registered(&[1, 2]);
    sets(&mut script, 100_002, RecordMode::All);
    script
        .invite("2002", Some(&phone(1)))
        .commit()
        .answered(B1, Some(&phone(2)))
        .commit()
        .acked(A, None);
    assert_eq!(tapes(&mut script), [""; 0]);
    script.skip();
    script
        .api(9, monitor(true, 100_002))
        .expect(&["api 9 Err(Conflict(\"the media of the call does not pass by us\"))"]);
}

#[test]
fn a_transfer_ends_the_recording_and_the_new_pair_has_its_own_policy() {
    // 2002 has the caller moved to 2003: the caller is the first side still.
    let mut script = connected(&[(100_002, RecordMode::All), (100_003, RecordMode::In)]);
    script.skip();
    script
        .refer(B1, 4, "<sip:2003@pbx.example>")
        .commit()
        .notified(B1, 1);
    assert_eq!(
        tapes(&mut script),
        ["media StopRecord { relay: RelayId(1), recording: RecordingId(2) }"]
    );
    assert!(script.monitored.is_empty());
    script.answered(B2, Some(&phone(4))).commit();
    assert_eq!(
        tapes(&mut script),
        [
            "recording 4 of 3 for 100003: 2001 > 2003",
            "media Record { relay: RelayId(1), recording: RecordingId(4), taped: Both { left: A } }",
        ]
    );
}

#[test]
fn who_was_called_is_heard_on_the_left_once_a_transfer_made_him_the_caller() {
    let mut script = connected(&[(100_002, RecordMode::Out)]);
    script.skip();
    script
        .refer(A, 4, "<sip:2003@pbx.example>")
        .commit()
        .notified(A, 1)
        .answered(B2, Some(&phone(4)))
        .commit();
    assert_eq!(
        tapes(&mut script),
        [
            "recording 3 of 2 for 100002: 2002 > 2003",
            "media Record { relay: RelayId(1), recording: RecordingId(3), taped: Both { left: B } }",
        ]
    );
}

#[test]
fn the_call_of_a_groups_member_is_recorded_not_that_of_the_group() {
    let mut script = script(&[(100_003, RecordMode::In)]);
    let group = RingGroup {
        id: RingGroupId(7),
        name: "Sales".into(),
        number: "3000".into(),
        strategy: GroupStrategy::All,
        ring_time: std::time::Duration::from_secs(20),
        users: vec![UserId(100_002), UserId(100_003)],
    };
    script
        .pbx
        .handle_directory(script.now, DirectoryChange::RingGroup(group));
    script
        .invite("3000", Some(&phone(1)))
        .commit()
        .answered(B2, Some(&phone(4)))
        .commit();
    let [start] = script.recordings.as_slice() else {
        panic!("one recording: {:?}", script.recordings);
    };
    assert_eq!((start.call, start.root), (CallId(3), CallId(1)));
    assert_eq!(start.context, "LOCAL_USER");
    assert_eq!(script.monitored, [CallId(3)]);
}

#[test]
fn the_call_of_a_queues_agent_is_recorded() {
    let mut script = super::queue::script(|_| {});
    sets(&mut script, 100_002, RecordMode::In);
    script
        .invite("4000", Some(&phone(1)))
        .commit()
        .acked(A, None);
    assert!(script.recordings.is_empty(), "not while he waits");
    script.answered(B1, Some(&phone(2))).commit();
    let of: Vec<_> = script.recordings.iter().map(|start| start.call).collect();
    assert_eq!(of, [CallId(2)]);
}

#[test]
fn a_call_from_outside_is_recorded_by_the_called_user() {
    let mut script = script(&[(100_002, RecordMode::In)]);
    let trunk = DirectoryChange::Trunk(super::trunk::trunk(1, 1));
    script.pbx.handle_directory(script.now, trunk);
    let ddi = crate::Ddi {
        id: DdiId(1),
        e164: "34910000000".into(),
        trunk: None,
        target: DdiTarget::User(UserId(100_002)),
    };
    script
        .pbx
        .handle_directory(script.now, DirectoryChange::Ddi(ddi));
    let request = super::message(
        "INVITE sip:+34910000000@pbx.example SIP/2.0",
        "1 INVITE",
        &["P-Asserted-Identity: <sip:+34600111222@carrier.example>"],
        Some(&phone(9)),
    );
    script
        .event(offhook_sip_core::Event::Invite {
            leg: LegId(0),
            from: offhook_sip_core::Origin::Trunk(TrunkId(1)),
            peer: super::peer(71),
            request,
        })
        .commit()
        .answered(B1, Some(&phone(2)))
        .commit();
    let [start] = script.recordings.as_slice() else {
        panic!("one recording: {:?}", script.recordings);
    };
    assert_eq!(
        (&*start.caller, &*start.called),
        ("34600111222", "34910000000")
    );
    assert_eq!(start.user, Some(UserId(100_002)));
}

#[test]
fn a_setting_that_changes_does_not_touch_a_call_that_is_up() {
    let mut script = connected(&[(100_002, RecordMode::None)]);
    sets(&mut script, 100_002, RecordMode::All);
    script.request(A, 8, "OPTIONS", None);
    assert!(script.recordings.is_empty());
}

#[test]
fn a_client_starts_and_stops_and_a_new_start_is_another_recording() {
    let mut script = connected(&NOBODY);
    script.skip();
    script.api(9, monitor(true, 100_001)).expect(&[
        "recording 2 of 1 for 100001: 2001 > 2002",
        "media Record { relay: RelayId(1), recording: RecordingId(2), taped: Both { left: A } }",
        "api 9 Ok(Done)",
    ]);
    script
        .api(10, monitor(true, 100_002))
        .expect(&["api 10 Ok(Done)"]);
    script.api(11, monitor(false, 100_002)).expect(&[
        "media StopRecord { relay: RelayId(1), recording: RecordingId(2) }",
        "api 11 Ok(Done)",
    ]);
    assert!(script.monitored.is_empty());
    script
        .api(12, monitor(false, 100_002))
        .expect(&["api 12 Ok(Done)"]);
    script.api(13, monitor(true, 7));
    let whose: Vec<_> = script
        .recordings
        .iter()
        .map(|start| (start.id.0, start.user))
        .collect();
    let of = |user| Some(UserId(user));
    assert_eq!(
        whose,
        [(2, of(100_001)), (3, of(100_002))],
        "an admin's is the called user's"
    );
}

#[test]
fn what_a_setting_began_a_client_stops_for_good() {
    let mut script = connected(&[(100_002, RecordMode::In)]);
    script
        .api(9, monitor(false, 100_002))
        .request(A, 8, "OPTIONS", None);
    assert_eq!(script.recordings.len(), 1);
    assert!(script.monitored.is_empty());
}

#[test]
fn what_a_client_stopped_stays_so_when_a_transfer_fails_until_it_is_asked_for() {
    for stopped in [false, true] {
        let mut script = connected(&[(100_002, RecordMode::In)]);
        if stopped {
            script.api(9, monitor(false, 100_002));
        }
        script
            .refer(B1, 4, "<sip:2003@pbx.example>")
            .commit()
            .notified(B1, 1)
            .skip();
        script.refused(B2, 486).commit();
        let begun = tapes(&mut script).len();
        let whose = script.bodies.last().map(|body| body["call_id"].clone());
        assert_eq!(begun, if stopped { 0 } else { 2 }, "{whose:?} is back");
        let again = ApiCommand::Monitor {
            call: CallId(4),
            on: true,
            by: UserId(100_002),
        };
        script.api(10, again);
        let begun = tapes(&mut script).len();
        assert_eq!(begun, if stopped { 2 } else { 0 });
    }
}

#[test]
fn only_a_connected_call_between_two_people_can_be_recorded() {
    let mut ringing = script(&NOBODY);
    ringing.invite("2002", Some(&phone(1))).commit().skip();
    ringing
        .api(9, monitor(true, 100_001))
        .expect(&["api 9 Err(Conflict(\"the call is not connected\"))"]);
    let mut queued = super::queue::script(|_| {});
    queued
        .invite("4000", Some(&phone(1)))
        .commit()
        .acked(A, None)
        .answered(B1, Some(&phone(2)))
        .commit()
        .skip();
    queued.api(9, monitor(true, 100_001)).expect(&[
        "api 9 Err(Conflict(\"the call between the two people is the one that can be recorded\"))",
    ]);
    let mut over = connected(&NOBODY);
    over.request(A, 8, "BYE", None).commit().skip();
    over.api(9, monitor(true, 100_001))
        .expect(&["api 9 Err(NotFound)"]);
}

#[test]
fn a_client_that_asks_before_the_answer_is_on_disk_is_answered_with_it() {
    let mut script = script(&NOBODY);
    script
        .invite("2002", Some(&phone(1)))
        .commit()
        .answered(B1, Some(&phone(2)))
        .skip();
    script.api(9, monitor(true, 100_001)).expect(&[]);
    script.commit();
    let lines = script.lines();
    let place = |start: &str| lines.iter().position(|line| line.starts_with(start));
    assert!(place("recording 2").is_some(), "{lines:?}");
    assert!(place("recording 2") < place("api 9 Ok(Done)"), "{lines:?}");
}
