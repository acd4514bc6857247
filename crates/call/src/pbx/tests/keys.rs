//! Keys that are pressed in a call: what is told of them, and how they reach the other side.

use std::time::Duration;

use offhook_media_core::{Digit, PressWay, RelayId, Side};
use offhook_sip_core::LegId;

use super::{A, B1, Script, sdp};
use crate::phase::MediaNews;

const RELAY: &str = "application/dtmf-relay";

fn five() -> (&'static str, &'static str) {
    (RELAY, "Signal=5\r\nDuration=200\r\n")
}

/// 2001 and 2002 talk. Those whose phones list packets of RFC 4733 are named.
fn talking(caller_lists: bool, called_lists: bool) -> Script {
    let mut script =
        Script::with(|config| config.relay = Some([192, 0, 2, 254].into())).registered(&[1, 2, 4]);
    script
        .ports(4)
        .invite("2002", Some(&phone(1, caller_lists)))
        .commit()
        .answered(B1, Some(&phone(2, called_lists)))
        .commit()
        .acked(A, None)
        .skip();
    script
}

fn phone(n: u8, lists: bool) -> String {
    let sdp = sdp(&format!("192.0.2.{n}"), 4_000 + u16::from(n), "sendrecv");
    if lists {
        return sdp;
    }
    sdp.replace(" 101\r\n", "\r\n")
        .replace("a=rtpmap:101 telephone-event/8000\r\n", "")
}

fn pressed(script: &mut Script, side: Side, digit: char, way: PressWay) {
    let digit = Digit::from_char(digit).unwrap();
    let news = MediaNews::Pressed { side, digit, way };
    let now = script.now;
    script.pbx.handle_media(now, RelayId(1), news);
    script.drain();
}

#[test]
fn a_key_by_info_is_answered_told_and_sent_as_packets_to_a_phone_that_takes_them() {
    let mut script = talking(true, true);
    script.info(A, 8, five()).expect(&[
        "* call.dtmf",
        "media Press { relay: RelayId(1), side: B, digit: Digit(5), duration: 200ms }",
        "reply 8 200",
    ]);
    let body = script.bodies.last().unwrap();
    for (field, value) in [
        ("event_name", "call.dtmf"),
        ("dtmf_tag", "5"),
        ("dtmf_target", "U:100002"),
        ("state", "CONNECTED"),
        ("context", "LOCAL_USER"),
        ("src", "2001"),
        ("dst", "2002"),
    ] {
        assert_eq!(body[field], value, "{field}");
    }
    assert_eq!((&body["seq"], &body["final"]), (&3.into(), &false.into()));
    assert!(script.recorded.last().unwrap().snapshot.is_some());
}

#[test]
fn who_received_it_is_the_other_side() {
    let mut script = talking(true, true);
    script.info(B1, 8, (RELAY, "Signal=#\r\n")).skip();
    assert_eq!(script.last("dtmf_target"), "U:100001");
    assert_eq!(script.last("dtmf_tag"), "#");
}

#[test]
fn a_phone_that_takes_no_packets_gets_the_info_as_it_came() {
    let mut script = talking(true, false);
    script
        .info(A, 8, five())
        .expect(&["* call.dtmf", "B1 INFO +sdp", "reply 8 200"]);
    assert_eq!(
        script.said(B1, Some("INFO")),
        "Signal=5\r\nDuration=200\r\n"
    );
    // What it answers changes nothing, whatever it is.
    for status in [200_u16, 415, 481] {
        script
            .info(A, 10 + u64::from(status), (RELAY, "Signal=1\r\n"))
            .skip();
        let nth = script
            .commands
            .iter()
            .filter(|command| matches!(command, offhook_sip_core::Command::Request { .. }));
        let nth = nth.count() as u64;
        let start = format!("SIP/2.0 {status} X");
        let response = super::message(&start, "2 INFO", &[], None);
        let tx = offhook_sip_core::TxId::outgoing(nth);
        script.event(offhook_sip_core::Event::Response {
            leg: B1,
            tx,
            response,
        });
        script.expect(&[]);
    }
}

#[test]
fn where_media_does_not_pass_by_us_the_info_passes() {
    let mut script = Script::new().registered(&[1, 2]);
    script
        .invite("2002", Some(&phone(1, true)))
        .commit()
        .answered(B1, Some(&phone(2, true)))
        .commit()
        .acked(A, None)
        .skip();
    script
        .info(A, 8, five())
        .expect(&["* call.dtmf", "B1 INFO +sdp", "reply 8 200"]);
}

#[test]
fn packets_and_tones_pass_by_themselves_and_are_told() {
    let mut script = talking(true, true);
    pressed(&mut script, Side::A, '1', PressWay::Rfc4733);
    pressed(&mut script, Side::B, '2', PressWay::InBand);
    script.expect(&["* call.dtmf", "* call.dtmf"]);
    let told: Vec<_> = script.bodies.iter().skip(2).collect();
    let of = |body: &serde_json::Value| (body["dtmf_tag"].clone(), body["dtmf_target"].clone());
    assert_eq!(of(told[0]), ("1".into(), "U:100002".into()));
    assert_eq!(of(told[1]), ("2".into(), "U:100001".into()));
}

#[test]
fn packets_reach_a_phone_that_takes_none_as_info() {
    let mut script = talking(true, false);
    pressed(&mut script, Side::A, '9', PressWay::Rfc4733);
    script.expect(&["* call.dtmf", "B1 INFO +sdp"]);
    assert_eq!(
        script.said(B1, Some("INFO")),
        "Signal=9\r\nDuration=160\r\n"
    );
}

#[test]
fn no_info_overtakes_the_answer_that_makes_the_dialog() {
    let mut script =
        Script::with(|config| config.relay = Some([192, 0, 2, 254].into())).registered(&[1, 2]);
    script
        .ports(4)
        .invite("2002", Some(&phone(1, false)))
        .commit()
        .answered(B1, Some(&phone(2, true)))
        .commit()
        .skip();
    script
        .info(B1, 8, five())
        .expect(&["* call.dtmf", "reply 8 200"]);
    script
        .acked(A, None)
        .info(B1, 10, (RELAY, "Signal=6\r\n"))
        .expect(&["* call.dtmf", "A INFO +sdp", "reply 10 200"]);
}

#[test]
fn the_same_press_by_packets_tones_and_info_is_told_once_and_sent_once() {
    let mut script = talking(true, true);
    pressed(&mut script, Side::A, '5', PressWay::Rfc4733);
    pressed(&mut script, Side::A, '5', PressWay::InBand);
    script
        .info(A, 8, five())
        .expect(&["* call.dtmf", "reply 8 200"]);
    script.commit().skip();
    // A phone that sends both is known by then: its packets pass, also where the INFO comes first.
    script
        .wait(Duration::from_secs(3))
        .info(A, 10, five())
        .expect(&["* call.dtmf", "reply 10 200"]);
    pressed(&mut script, Side::A, '5', PressWay::Rfc4733);
    script.expect(&[]);
}

#[test]
fn the_same_key_of_both_sides_is_two_presses() {
    let mut script = talking(true, true);
    pressed(&mut script, Side::A, '5', PressWay::Rfc4733);
    script.info(B1, 8, five());
    let told = script.bodies.iter().skip(2).count();
    assert_eq!(told, 2);
}

#[test]
fn a_key_on_hold_is_told_with_that_state() {
    let mut script = talking(true, true);
    script
        .request(A, 8, "INVITE", Some(&sdp("192.0.2.1", 4_001, "sendonly")))
        .response(B1, 1, 200, Some(&sdp("192.0.2.2", 4_002, "recvonly")))
        .commit()
        .acked(A, None)
        .skip();
    script.info(A, 10, five()).skip();
    assert_eq!(script.last("state"), "ON_HOLD");
    assert_eq!(script.last("event_name"), "call.dtmf");
}

#[test]
fn a_key_of_a_caller_in_a_queue_is_received_by_the_queue() {
    let mut script = super::queue::script(|_| {});
    script
        .invite("4000", Some(&phone(1, true)))
        .commit()
        .acked(A, None)
        .skip();
    script
        .info(A, 8, five())
        .expect(&["* call.dtmf", "reply 8 200"]);
    assert_eq!(script.last("dtmf_target"), "Q:5");
    assert_eq!(
        (script.last("context"), script.last("state")),
        ("QUEUE".into(), "INITIAL".into())
    );
    pressed(&mut script, Side::A, '1', PressWay::Rfc4733);
    pressed(&mut script, Side::B, '1', PressWay::Rfc4733);
    script.expect(&["* call.dtmf"]);
    // Once an agent talks to him, the agent receives it.
    script.answered(B1, Some(&phone(2, true))).commit().skip();
    script.wait(Duration::from_secs(3)).info(A, 10, five());
    assert_eq!(script.last("dtmf_target"), "U:100002");
    assert_eq!(script.last("context"), "LOCAL_USER");
}

#[test]
fn after_a_transfer_the_sides_are_who_they_are_by_then() {
    let mut script = talking(true, true);
    script
        .refer(A, 4, "<sip:2003@pbx.example>")
        .commit()
        .notified(A, 1)
        .answered(LegId(5), Some(&phone(4, true)))
        .commit()
        .skip();
    // 2002 talks to 2003: who was called is the relay's second side still.
    pressed(&mut script, Side::B, '1', PressWay::Rfc4733);
    assert_eq!(script.last("dtmf_target"), "U:100003");
    script.info(LegId(5), 8, five());
    assert_eq!(script.last("dtmf_target"), "U:100002");
    let lines = script.lines.join("\n");
    assert!(
        lines.contains("Press { relay: RelayId(1), side: B"),
        "{lines}"
    );
}

#[test]
fn nonsense_is_refused_and_other_things_pass_to_the_other_side() {
    let mut script = talking(true, true);
    script
        .info(A, 8, (RELAY, "Signal=555\r\n"))
        .expect(&["reply 8 400"]);
    script
        .info(A, 10, ("application/media_control+xml", "<x/>"))
        .expect(&["B1 INFO +sdp"]);
    script.response(B1, 1, 415, None).expect(&["reply 10 415"]);
    let mut queue = super::queue::script(|_| {});
    queue
        .invite("4000", Some(&phone(1, true)))
        .commit()
        .acked(A, None)
        .skip();
    queue
        .info(A, 8, ("text/plain", "hello"))
        .expect(&["reply 8 415"]);
    queue.info(A, 10, (RELAY, "x=y")).expect(&["reply 10 400"]);
    queue.info(A, 12, ("", "")).expect(&["reply 12 200"]);
}

#[test]
fn a_flood_is_told_and_passed_twenty_times_a_second_at_most() {
    let mut script = talking(true, true);
    for n in 0..40 {
        script.info(A, 8 + 2 * n, five());
    }
    let lines = std::mem::take(&mut script.lines);
    let count = |part: &str| lines.iter().filter(|line| line.contains(part)).count();
    assert_eq!(
        (
            count("call.dtmf"),
            count("Press"),
            count("reply") - count(" 500"),
            count(" 500")
        ),
        (20, 20, 20, 20)
    );
    script.commit().skip();
    script.wait(Duration::from_secs(1)).info(A, 300, five());
    script.expect(&[
        "* call.dtmf",
        "media Press { relay: RelayId(1), side: B, digit: Digit(5), duration: 200ms }",
        "reply 300 200",
    ]);
}

#[test]
fn while_the_disk_hangs_keys_pass_and_are_not_told() {
    let mut script = talking(true, true);
    script.info(A, 8, five()).skip();
    script
        .wait(Duration::from_secs(4))
        .info(A, 10, five())
        .expect(&[
            "media Press { relay: RelayId(1), side: B, digit: Digit(5), duration: 200ms }",
            "reply 10 200",
        ]);
}

#[test]
fn a_key_while_it_rings_is_nobodys() {
    let mut script =
        Script::with(|config| config.relay = Some([192, 0, 2, 254].into())).registered(&[1, 2]);
    script
        .ports(4)
        .invite("2002", Some(&phone(1, true)))
        .commit()
        .provisional(B1, 183, Some(&phone(2, true)))
        .commit()
        .skip();
    pressed(&mut script, Side::A, '5', PressWay::Rfc4733);
    script.expect(&[]);
    script.info(A, 8, five()).expect(&["reply 8 500"]);
}
