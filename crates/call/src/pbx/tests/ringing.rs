//! From the INVITE to the answer.

use std::time::Duration;

use offhook_media_core::{Encoding, MediaCommand, Side};

use super::{A, B1, B2, Script, sdp};
use crate::directory::{DirectoryChange, User};

#[test]
fn invariant_1_each_message_that_tells_of_a_state_waits_for_its_commit() {
    let offer = sdp("192.0.2.1", 4000, "sendrecv");
    let mut script = Script::new().registered(&[2]);
    script
        .invite("2002", Some(&offer))
        .expect(&["* call.initial"]);
    script.commit().expect(&["-- commit", "B1 INVITE +sdp"]);
    script
        .provisional(B1, 180, None)
        .expect(&["* call.ringing"]);
    script.commit().expect(&["-- commit", "A 180"]);
    script
        .answered(B1, Some(&offer))
        .expect(&["* call.connected"]);
    script
        .commit()
        .expect(&["-- commit", "A 200 +sdp", "B1 ACK"]);
    script
        .request(A, 2, "BYE", None)
        .expect(&["* call.hangup Normal Clearing"]);
    script
        .commit()
        .expect(&["-- commit", "reply 2 200", "B1 BYE"]);
    let seqs: Vec<_> = script
        .bodies
        .iter()
        .map(|body| body["seq"].as_u64())
        .collect();
    assert_eq!(seqs, [Some(1), Some(2), Some(3), Some(4)]);
    assert_eq!(script.pbx.len(), 0);
}

#[test]
fn ringing_is_told_once_per_call_and_a_183_counts() {
    let mut script = Script::new().registered(&[2, 3]);
    script.invite("2002", None).commit().skip();
    script
        .provisional(B1, 183, Some(&sdp("192.0.2.2", 4000, "sendrecv")))
        .commit();
    script
        .provisional(B2, 180, None)
        .provisional(B1, 180, None)
        .commit();
    script.expect(&["* call.ringing", "-- commit", "A 180", "-- commit"]);
}

#[test]
fn while_several_branches_live_the_caller_gets_no_sdp_and_the_last_ones_sdp_is_passed() {
    let early = sdp("192.0.2.2", 4000, "sendrecv");
    let mut script = Script::new().registered(&[2, 3]);
    script.invite("2002", None).commit().skip();
    script.provisional(B1, 183, Some(&early)).commit().expect(&[
        "* call.ringing",
        "-- commit",
        "A 180",
    ]);
    script.refused(B2, 486).expect(&["A 183 +sdp"]);
}

#[test]
fn a_single_branchs_early_media_passes_at_once() {
    let early = sdp("192.0.2.2", 4000, "sendrecv");
    let mut script = Script::new().registered(&[2]);
    script.invite("2002", None).commit().skip();
    script.provisional(B1, 183, Some(&early)).commit().expect(&[
        "* call.ringing",
        "-- commit",
        "A 183 +sdp",
    ]);
}

#[test]
fn the_first_answer_wins_and_the_losers_are_told_that_it_was_elsewhere() {
    let mut script = Script::new().registered(&[2, 3]);
    script.invite("2002", None).commit().skip();
    script.answered(B2, None).commit();
    script.expect(&[
        "B1 CANCEL elsewhere",
        "* call.connected",
        "-- commit",
        "A 200",
    ]);
}

#[test]
fn rfc3261_13_2_2_4_two_answers_before_the_cancel_lands_leave_one_call() {
    let offer = sdp("192.0.2.1", 4000, "sendrecv");
    let mut script = Script::new().registered(&[2, 3]);
    script.invite("2002", Some(&offer)).commit().skip();
    script.answered(B1, Some(&offer)).commit().skip();
    script
        .answered(B2, Some(&offer))
        .expect(&["B2 ACK", "B2 BYE"]);
    script.request(B1, 2, "BYE", None).commit();
    assert_eq!(
        script
            .bodies
            .iter()
            .filter(|body| body["event_name"] == "call.hangup")
            .count(),
        1
    );
}

#[test]
fn the_best_refusal_of_the_branches_answers_the_caller() {
    let mut script = Script::new().registered(&[2, 3]);
    script.invite("2002", None).commit().skip();
    script.refused(B1, 486).refused(B2, 480).commit();
    script.expect(&["* call.missed User Busy", "-- commit", "A 486"]);
    assert_eq!(
        script
            .bodies
            .last()
            .map(|body| body["terminated_by"].clone()),
        Some("callee".into())
    );
}

#[test]
fn rfc3261_16_7_a_6xx_speaks_for_all_phones() {
    let mut script = Script::new().registered(&[2, 3]);
    script.invite("2002", None).commit().skip();
    script.refused(B1, 603).commit();
    script.expect(&[
        "B2 CANCEL given up",
        "* call.missed Call Rejected",
        "-- commit",
        "A 603",
    ]);
}

#[test]
fn nobody_answers_in_time() {
    let mut script = Script::new().registered(&[2]);
    script
        .invite("2002", None)
        .commit()
        .provisional(B1, 180, None)
        .commit()
        .skip();
    script.wait(Duration::from_secs(29)).expect(&[]);
    script.wait(Duration::from_secs(1)).commit();
    script.expect(&[
        "B1 CANCEL given up",
        "* call.missed No Answer",
        "-- commit",
        "A 480",
    ]);
    let last = script.bodies.last().expect("an event");
    assert_eq!(
        last["cause"],
        serde_json::json!({"q850": 19, "name": "NO_ANSWER", "sip": 480})
    );
    assert_eq!(
        (last["terminated_by"].as_str(), last["final"].as_bool()),
        (Some("system"), Some(true))
    );
}

#[test]
fn a_phone_that_never_answers_its_invite_is_a_timer_of_ours() {
    let mut script = Script::new().registered(&[2]);
    script.invite("2002", None).commit().skip();
    script
        .event(offhook_sip_core::Event::Refused {
            leg: B1,
            status: 408,
            response: None,
        })
        .commit();
    script.expect(&[
        "* call.missed Recovery On Timer Expire",
        "-- commit",
        "A 480",
    ]);
    assert_eq!(
        script
            .bodies
            .last()
            .map(|body| body["terminated_by"].clone()),
        Some("system".into())
    );
}

#[test]
fn an_unregistered_user_is_missed_and_an_unknown_number_fails() {
    let mut script = Script::new();
    script.invite("2002", None).commit();
    script.expect(&[
        "* call.initial",
        "* call.missed Subscriber Absent",
        "-- commit",
        "A 480",
    ]);
    let mut script = Script::new();
    script.invite("7777", None).commit();
    script.expect(&[
        "* call.initial",
        "* call.failed Unallocated Number",
        "-- commit",
        "A 404",
    ]);
    let last = script.bodies.last().expect("an event");
    assert_eq!(
        (
            last["destination"].as_str(),
            last["dst_id"].as_str(),
            last["state"].as_str()
        ),
        (Some("out"), Some("0"), Some("FAILED"))
    );
    assert_eq!(
        script.cdrs.last().map(|cdr| cdr.disposition),
        Some(offhook_base::Disposition::Failed)
    );
}

#[test]
fn do_not_disturb_is_busy_without_an_invite() {
    let mut script = Script::new().registered(&[2]);
    let user = User {
        id: offhook_base::UserId(100_002),
        ext: "2002".into(),
        name: "User 2002".into(),
        active: true,
        dnd: true,
        voicemail: None,
        record: crate::RecordMode::None,
    };
    script
        .pbx
        .handle_directory(script.now, DirectoryChange::User(user));
    script.invite("2002", None).commit();
    script.expect(&[
        "* call.initial",
        "* call.missed User Busy",
        "-- commit",
        "A 486",
    ]);
    assert_eq!(
        script.cdrs.last().map(|cdr| cdr.disposition),
        Some(offhook_base::Disposition::Busy)
    );
}

#[test]
fn an_offer_without_audio_cannot_be_relayed() {
    let mut script =
        Script::with(|config| config.relay = Some([192, 0, 2, 254].into())).registered(&[2]);
    script
        .ports(4)
        .invite(
            "2002",
            Some("v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nt=0 0\r\n"),
        )
        .commit();
    script.expect(&[
        "* call.initial",
        "* call.missed Incompatible Destination",
        "media Release { pair: PairId(3) }",
        "media Release { pair: PairId(2) }",
        "-- commit",
        "A 488",
    ]);
}

#[test]
fn without_a_free_port_the_call_ends_with_503() {
    let mut script =
        Script::with(|config| config.relay = Some([192, 0, 2, 254].into())).registered(&[2]);
    script.ports(1).invite("2002", None).commit();
    script.expect(&[
        "* call.initial",
        "* call.missed Normal Circuit Congestion",
        "-- commit",
        "A 503",
    ]);
}

#[test]
fn the_relay_starts_with_the_answer_and_gives_its_ports_back() {
    let mut script =
        Script::with(|config| config.relay = Some([192, 0, 2, 254].into())).registered(&[2]);
    script
        .ports(2)
        .invite("2002", Some(&sdp("192.0.2.1", 4000, "sendrecv")))
        .commit()
        .skip();
    script
        .answered(B1, Some(&sdp("192.0.2.2", 5000, "sendrecv")))
        .commit();
    script.request(A, 2, "BYE", None).commit();
    let lines = std::mem::take(&mut script.lines);
    let media: Vec<_> = lines
        .iter()
        .filter(|line| line.starts_with("media"))
        .collect();
    assert!(
        media.len() == 2
            && media[0].contains("Start")
            && media[0].contains("192.0.2.1:4000")
            && media[0].contains("192.0.2.2:5000"),
        "{media:?}"
    );
    assert!(media[1].contains("Stop"), "{media:?}");
}

#[test]
fn the_relay_is_told_what_the_payload_types_of_each_side_mean() {
    let mut script =
        Script::with(|config| config.relay = Some([192, 0, 2, 254].into())).registered(&[2]);
    script
        .ports(2)
        .invite("2002", Some(&sdp("192.0.2.1", 4000, "sendrecv")))
        .commit();
    let answer = sdp("192.0.2.2", 5000, "sendrecv").replace("RTP/AVP 0 101", "RTP/AVP 101 9");
    script.answered(B1, Some(&answer)).commit();
    let told: Vec<_> = script
        .formats
        .iter()
        .map(|command| {
            let MediaCommand::Formats { side, formats, .. } = command else {
                panic!("{command:?}");
            };
            let formats = formats.iter();
            let formats = formats.map(|one| (one.payload_type, one.encoding, one.clock));
            (*side, formats.collect::<Vec<_>>())
        })
        .collect();
    let keys = (101, Encoding::TelephoneEvent, 8_000);
    assert_eq!(
        told,
        [
            (Side::A, vec![(0, Encoding::Pcmu, 8_000), keys]),
            (Side::B, vec![keys, (9, Encoding::G722, 8_000)]),
        ]
    );
}

#[test]
fn unknown_headers_pass_and_an_identity_claimed_by_the_phone_does_not() {
    let mut script = Script::new().registered(&[2]);
    script.invite("2002", None);
    script.pbx.handle_committed(script.now, 1);
    let invite = script.pbx.actions.iter().find_map(|action| {
        if let super::Action::Sip(super::Command::Invite { invite, .. }) = action {
            Some(invite.clone())
        } else {
            None
        }
    });
    let invite = invite.expect("an INVITE left");
    let names: Vec<_> = invite
        .headers
        .iter()
        .map(|(name, _)| String::from_utf8_lossy(name).into_owned())
        .collect();
    assert_eq!(names, ["X-Account"]);
    assert_eq!(&invite.from[..], b"\"User 2001\" <sip:2001@pbx.example>");
}

#[test]
fn who_dials_the_own_extension_reaches_the_other_phones_only() {
    let mut script = Script::new().registered(&[1]);
    script.invite("2001", None).commit();
    script.expect(&[
        "* call.initial",
        "* call.missed Subscriber Absent",
        "-- commit",
        "A 480",
    ]);
}

#[test]
fn a_number_is_dialled_with_or_without_plus_and_separators() {
    for dialled in ["2002", "+2002", "+20-02", "%2B2002", "2002;phone-context=x"] {
        let mut script = Script::new();
        script.invite(dialled, None).commit().expect(&[
            "* call.initial",
            "* call.missed Subscriber Absent",
            "-- commit",
            "A 480",
        ]);
        assert_eq!(
            script.bodies.last().map(|body| body["dst"].clone()),
            Some("2002".into()),
            "{dialled}"
        );
    }
}

#[test]
fn what_is_no_number_never_becomes_one() {
    for dialled in ["20%2002", "20/02", "2002%00", "%E22002"] {
        let mut script = Script::new();
        script.invite(dialled, None).commit().expect(&[
            "* call.initial",
            "* call.failed Unallocated Number",
            "-- commit",
            "A 404",
        ]);
    }
}

#[test]
fn the_warning_of_an_incompatible_phone_is_told_in_info() {
    let mut script = Script::new().registered(&[2]);
    script.invite("2002", None).commit().skip();
    let warned = super::message(
        "SIP/2.0 488 X",
        "1 INVITE",
        &["Warning: 304 phone \"Only video here\""],
        None,
    );
    script
        .event(offhook_sip_core::Event::Refused {
            leg: B1,
            status: 488,
            response: Some(warned),
        })
        .commit();
    script.expect(&[
        "* call.missed Incompatible Destination",
        "-- commit",
        "A 488",
    ]);
    assert_eq!(
        script.bodies.last().map(|body| body["info"].clone()),
        Some("Only video here".into())
    );
}
