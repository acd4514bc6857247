//! `offhook demo` as a newcomer runs it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot start the binary has nothing better to do"
)]

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[test]
fn calls_and_their_webhooks_arrive_within_ten_seconds_and_every_scene_plays() {
    let start = Instant::now();
    let mut demo = Command::new(env!("CARGO_BIN_EXE_offhook"))
        .args(["demo", "--once", "--receiver-fails", "1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut told = String::new();
    let mut first = None;
    for line in BufReader::new(demo.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        if line.contains("call.initial") {
            first.get_or_insert_with(|| start.elapsed());
        }
        told.push_str(&line);
        told.push('\n');
    }
    let mut errors = String::new();
    demo.stderr
        .take()
        .unwrap()
        .read_to_string(&mut errors)
        .unwrap();
    let status = demo.wait().unwrap();
    assert!(status.success(), "{told}\n{errors}");
    let first = first.unwrap_or_else(|| panic!("no event was shown:\n{told}"));
    assert!(
        first < Duration::from_secs(10),
        "the first event came after {first:?}"
    );

    for event in [
        "call.initial",
        "call.ringing",
        "call.connected",
        "call.hold",
        "call.unhold",
        "call.hangup",
        "call.missed",
        "call.failed",
        "call.accepted",
        "queue.wrapup",
    ] {
        assert!(told.contains(event), "no {event} in:\n{told}");
    }
    for cause in [
        "Normal Clearing",
        "User Busy",
        "Call Rejected",
        "Lose Race",
        "Blind Transfer",
        "attempt 1, answered 500",
        "attempt 2",
    ] {
        assert!(told.contains(cause), "no {cause} in:\n{told}");
    }
    assert!(!told.contains("!!"), "a phone saw a rule broken:\n{told}");
    assert!(told.contains("every signature right"), "{told}");
}
