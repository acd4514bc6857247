//! How a message ends, and which are kept.

use offhook_base::TerminatedBy;

use super::*;
use crate::{ApiAnswer, ApiCommand};

#[test]
fn hash_silence_and_the_longest_message_end_it_with_a_bye_of_ours() {
    let ends: [fn(&mut Script); 3] = [
        |script| {
            script.pressed('5').expect(&[]);
            script.pressed('#');
        },
        |script| {
            // Nobody is on the other side.
            script.silent(Side::B).expect(&[]);
            script.silent(Side::A);
        },
        |script| {
            script.wait(Duration::from_secs(179)).expect(&[]);
            script.wait(Duration::from_secs(1));
        },
    ];
    for end in ends {
        let mut script = speaking();
        end(&mut script);
        script.expect(&["media StopRecord { relay: RelayId(1), recording: RecordingId(3) }"]);
        script.recorded(0, Some(4_000)).commit().expect(&[
            "* call.hangup Normal Clearing",
            "media Stop { relay: RelayId(1) }",
            "-- commit",
            "A BYE",
        ]);
        assert_eq!(script.messages(), [(2, 4, Some(UserId(100_002)))]);
        let cdr = script.cdrs.last().expect("a CDR");
        assert_eq!(
            (cdr.terminated_by, cdr.cause_q850, cdr.cause_sip),
            (TerminatedBy::System, 16, 200)
        );
    }
}

#[test]
fn who_hangs_up_before_the_tone_leaves_no_message() {
    let mut script = script(&[2]);
    script.invite("2002", Some(&offer())).commit();
    script.refused(B1, 486).commit();
    script.acked(A, None).skip();
    script.request(A, 8, "BYE", None).commit();
    script.expect(&[
        "* call.hangup Normal Clearing",
        "media Stop { relay: RelayId(1) }",
        "-- commit",
        "reply 8 200",
    ]);
    assert!(script.recordings.is_empty() && script.messages().is_empty());
    assert_eq!(script.last("terminated_by"), "caller");
}

#[test]
fn a_message_shorter_than_a_second_and_one_without_sound_are_not_kept() {
    let mut short = speaking();
    short.request(A, 8, "BYE", None).skip();
    short.recorded(0, Some(999)).commit().expect(&[
        "drop recording 3",
        "* call.hangup Normal Clearing",
        "media Stop { relay: RelayId(1) }",
        "-- commit",
        "reply 8 200",
    ]);
    assert!(short.messages().is_empty());
    let mut none = speaking();
    none.request(A, 8, "BYE", None).skip();
    none.recorded(0, None).commit();
    assert!(none.messages().is_empty());
    assert_eq!(none.pbx.len(), 0);
}

#[test]
fn a_full_disk_is_told_by_a_tone_and_what_was_recorded_before_is_kept() {
    for (had, kept) in [(None, 0), (Some(30_000), 1)] {
        let mut script = speaking();
        script.recorded(0, had);
        let played = "media Play { relay: RelayId(1), side: A, sound: Position(3, Tune), format: Format { payload_type: 0, codec: Pcmu } }";
        script.expect(&[played]);
        script.wait(Duration::from_millis(1_300)).commit();
        script.expect(&[
            "* call.hangup Normal Temporary Failure",
            "media Stop { relay: RelayId(1) }",
            "-- commit",
            "A BYE",
        ]);
        assert_eq!(script.messages().len(), kept);
    }
}

#[test]
fn a_recorder_that_says_nothing_is_not_waited_for_long() {
    let mut script = speaking();
    script.request(A, 8, "BYE", None);
    script.wait(Duration::from_secs(4)).commit();
    assert_eq!(
        script.lines().last().map(String::as_str),
        Some("reply 8 200")
    );
    assert!(script.messages().is_empty());
    // What it says then is told by itself, once.
    script.skip().recorded(0, Some(5_000));
    script.expect(&["* monitor.audio_ready"]);
    script.recorded(0, Some(5_000)).expect(&[]);
    assert!(script.pbx.messages.is_empty());
    assert_eq!(script.messages(), [(2, 5, Some(UserId(100_002)))]);
    let fact = script.recorded.last().unwrap();
    assert!(fact.event.seq.is_none() && !fact.event.is_final);
    let body = script.bodies.last().unwrap();
    for (field, value) in [
        ("context", "VM"),
        ("src", "2001"),
        ("src_name", "User 2001"),
        ("dst", "2002"),
        ("dst_id", "100002"),
    ] {
        assert_eq!(body[field], value, "{field}");
    }
    assert_eq!(
        (&body["monitor_id"], &body["duration"]),
        (&3.into(), &5.into())
    );
}

#[test]
fn what_is_told_late_of_a_message_too_short_or_without_sound_is_not_kept_either() {
    for (audio, lines) in [(Some(999), &["drop recording 3"] as &[_]), (None, &[])] {
        let mut script = speaking();
        script.request(A, 8, "BYE", None);
        script.wait(Duration::from_secs(4)).commit();
        script.skip().recorded(0, audio).expect(lines);
        assert!(script.messages().is_empty() && script.pbx.messages.is_empty());
    }
}

#[test]
fn a_client_hangs_up_and_is_answered_when_the_message_is_on_disk() {
    let mut script = speaking();
    let call = CallId(2);
    script.api(9, ApiCommand::Hangup { call });
    script.expect(&["media StopRecord { relay: RelayId(1), recording: RecordingId(3) }"]);
    // The caller hangs up too, and another client: everybody gets one answer.
    script.request(A, 8, "BYE", None);
    script.api(10, ApiCommand::Hangup { call }).expect(&[]);
    script.recorded(0, Some(5_000)).commit().expect(&[
        "* call.hangup Normal Clearing",
        "media Stop { relay: RelayId(1) }",
        "-- commit",
        "reply 8 200",
        &format!("api 9 {:?}", Ok::<_, ()>(ApiAnswer::Done)),
        &format!("api 10 {:?}", Ok::<_, ()>(ApiAnswer::Done)),
    ]);
    assert_eq!(script.messages().len(), 1);
}

#[test]
fn a_shutdown_ends_the_call_with_its_message() {
    let mut script = speaking();
    script.pbx.shut_down(script.now);
    script.drain();
    script.expect(&["media StopRecord { relay: RelayId(1), recording: RecordingId(3) }"]);
    script.recorded(0, Some(5_000)).commit().expect(&[
        "* call.hangup System Shutdown",
        "media Stop { relay: RelayId(1) }",
        "-- commit",
        "A BYE",
    ]);
    assert_eq!(script.messages().len(), 1);
}

#[test]
fn hold_and_transfer_are_for_calls_between_people() {
    let mut script = speaking();
    let (call, by) = (CallId(2), UserId(100_001));
    let held = true;
    script.api(1, ApiCommand::Hold { call, held, by });
    let dst = "2003".to_owned();
    let party = None;
    script.api(2, ApiCommand::Transfer { call, dst, party });
    let lines = script.lines();
    assert!(
        lines.len() == 2 && lines.iter().all(|line| line.contains("Conflict")),
        "{lines:?}"
    );
    script
        .refer(A, 5, "<sip:2003@pbx.example>")
        .expect(&["reply 5 491"]);
    // The caller may put us on hold, and is answered by us.
    script.request(A, 6, "INVITE", Some(&sdp("192.0.2.1", 4000, "sendonly")));
    assert_eq!(script.lines(), ["reply 6 200 +sdp"]);
}
