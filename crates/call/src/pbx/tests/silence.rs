//! A phone that sends no media any more: when it is watched, and when its call ends.

use std::time::Duration;

use offhook_base::TerminatedBy;
use offhook_media_core::{RelayId, Side};

use super::{A, B1, Script, sdp};
use crate::phase::MediaNews;

const MINUTE: Option<Duration> = Some(Duration::from_secs(60));

fn phone(n: u8, direction: &str) -> String {
    sdp(&format!("192.0.2.{n}"), 4_000 + u16::from(n), direction)
}

fn talking_with(change: impl FnOnce(&mut crate::CallConfig), answer: &str) -> Script {
    let mut script = Script::with(|config| {
        config.relay = Some([192, 0, 2, 254].into());
        change(config);
    })
    .registered(&[1, 2, 4]);
    script
        .ports(4)
        .invite("2002", Some(&phone(1, "sendrecv")))
        .commit()
        .answered(B1, Some(&phone(2, answer)))
        .commit()
        .acked(A, None)
        .skip();
    script
}

fn talking() -> Script {
    talking_with(|_| {}, "sendrecv")
}

fn silent(script: &mut Script, side: Side) -> &mut Script {
    let now = script.now;
    let news = MediaNews::Silent(side);
    script.pbx.handle_media(now, RelayId(1), news);
    script.drain();
    script
}

#[test]
fn a_silent_side_ends_the_call_for_both() {
    for side in [Side::A, Side::B] {
        let mut script = talking();
        assert_eq!(script.watched, [MINUTE]);
        silent(&mut script, side).commit();
        script.expect_sip(&[
            "* call.hangup Media Timeout",
            "-- commit",
            "A BYE",
            "B1 BYE",
        ]);
        let cdr = script.cdrs.last().unwrap();
        assert_eq!(cdr.terminated_by, TerminatedBy::System);
        assert_eq!(
            (cdr.cause_q850, &*cdr.cause_name, cdr.cause_sip),
            (31, "MEDIA_TIMEOUT", 200)
        );
    }
}

#[test]
fn nobody_who_holds_or_is_held_must_send() {
    let mut script = talking();
    script
        .request(A, 8, "INVITE", Some(&phone(1, "sendonly")))
        .response(B1, 1, 200, Some(&phone(2, "recvonly")))
        .commit()
        .acked(A, None)
        .skip();
    assert_eq!(script.watched, [MINUTE, None]);
    silent(&mut script, Side::A);
    silent(&mut script, Side::B).expect(&[]);
    script
        .request(A, 10, "INVITE", Some(&phone(1, "sendrecv")))
        .response(B1, 2, 200, Some(&phone(2, "sendrecv")))
        .commit();
    assert_eq!(
        script.watched,
        [MINUTE, None, MINUTE],
        "the watch begins anew"
    );
}

#[test]
fn a_side_that_only_listens_may_be_silent() {
    let mut script = talking_with(|_| {}, "recvonly");
    silent(&mut script, Side::B).expect(&[]);
    silent(&mut script, Side::A).commit();
    script.expect_sip(&[
        "* call.hangup Media Timeout",
        "-- commit",
        "A BYE",
        "B1 BYE",
    ]);
}

#[test]
fn a_call_that_is_moved_is_not_watched_until_somebody_answers() {
    let mut script = talking();
    script
        .refer(A, 4, "<sip:2003@pbx.example>")
        .commit()
        .notified(A, 1)
        .skip();
    assert_eq!(script.watched, [MINUTE, None]);
    silent(&mut script, Side::B).expect(&[]);
    script
        .answered(super::B2, Some(&phone(4, "sendrecv")))
        .commit()
        .skip();
    assert_eq!(script.watched, [MINUTE, None, MINUTE]);
    silent(&mut script, Side::A).commit();
    assert_eq!(script.last("t_cause"), "Media Timeout");
}

#[test]
fn a_call_that_is_over_is_left_alone() {
    let mut script = talking();
    script.request(A, 8, "BYE", None).commit().skip();
    assert_eq!(script.watched, [MINUTE], "its relay is gone");
    silent(&mut script, Side::A).expect(&[]);
}

#[test]
fn the_setting_says_how_long_and_whether_at_all() {
    let ten = Some(Duration::from_secs(10));
    let script = talking_with(|config| config.rtp_timeout = ten, "sendrecv");
    assert_eq!(script.watched, [ten]);
    let script = talking_with(|config| config.rtp_timeout = None, "sendrecv");
    assert!(script.watched.is_empty());
}
