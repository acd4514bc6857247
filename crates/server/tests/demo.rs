//! `offhook demo` as a newcomer runs it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot start the binary has nothing better to do"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

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
    let (mut recording, mut message) = (None, None);
    for line in BufReader::new(demo.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        if line.contains("call.initial") {
            first.get_or_insert_with(|| start.elapsed());
        }
        told.push_str(&line);
        told.push('\n');
        // Whoever looks at the page then finds it, and hears who is who.
        if line.contains("monitor.audio_ready") {
            recording.get_or_insert_with(|| Rest::of(&told).only_sound("/monitors"));
        }
        if line.contains("call.hangup") && line.contains("1003 -> 1008") {
            message.get_or_insert_with(|| Rest::of(&told).only_sound("/voicemessages"));
        }
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

    let recording = recording.unwrap_or_else(|| panic!("nothing was recorded:\n{told}"));
    let [caller, called] = recording.as_slice() else {
        panic!("a recording of {} channels", recording.len());
    };
    assert!(caller.loudest() > 6_000 && called.loudest() > 6_000);
    assert!(
        called.pitch() > caller.pitch() * 1.5,
        "{} Hz left, {} Hz right",
        caller.pitch(),
        called.pitch()
    );
    let message = message.unwrap_or_else(|| panic!("no message was left:\n{told}"));
    let [message] = message.as_slice() else {
        panic!("a message of {} channels", message.len());
    };
    assert!(message.loudest() > 6_000);
    columns_stand(&told);

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
        "monitor.audio_ready",
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

/// The events stand in columns: of each of them the attempt is told at the same place.
fn columns_stand(told: &str) {
    let places: Vec<_> = told
        .lines()
        .filter(|line| line.contains(" -> ") && line.contains(" attempt "))
        .map(|line| {
            let before = line.split(" attempt ").next().unwrap_or_default();
            before.chars().count()
        })
        .collect();
    let first = *places.first().expect("events were shown");
    assert!(places.iter().all(|place| *place == first), "{told}");
}

/// The REST API of the demo, as the demo tells of it.
struct Rest {
    host: String,
    token: String,
}

impl Rest {
    fn of(told: &str) -> Self {
        let after = |key: &str| {
            let (_, rest) = told.split_once(key).expect("the demo tells where it is");
            rest.split_whitespace().next().unwrap().to_owned()
        };
        Self {
            host: after("OFFHOOK_URL=http://"),
            token: after("OFFHOOK_TOKEN="),
        }
    }

    /// The body of an answer.
    fn get(&self, path: &str) -> Vec<u8> {
        let Self { host, token } = self;
        let mut stream = TcpStream::connect(host).unwrap();
        write!(
            stream,
            "GET /v1.1{path} HTTP/1.0\r\nHost: {host}\r\nX-Auth-Token: {token}\r\n\r\n"
        )
        .unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let head = answer
            .windows(4)
            .position(|octets| octets == b"\r\n\r\n")
            .expect("a head");
        let body = answer.split_off(head + 4);
        let head = String::from_utf8_lossy(&answer);
        assert!(head.contains(" 200 "), "{head}");
        body
    }

    /// The sound of the one row that a list has.
    fn only_sound(&self, list: &str) -> Vec<Channel> {
        let rows: Value = serde_json::from_slice(&self.get(list)).unwrap();
        assert_eq!(rows.get("total").and_then(Value::as_u64), Some(1), "{rows}");
        let id = rows.pointer("/data/0/id").and_then(Value::as_u64).unwrap();
        channels(&self.get(&format!("{list}/{id}.wav")))
    }
}

/// Samples of one side.
struct Channel {
    samples: Vec<i16>,
    rate: u32,
}

impl Channel {
    fn loudest(&self) -> i16 {
        *self.samples.iter().max().unwrap()
    }

    /// Of what is heard on the whole, in Hz: half as many as it goes through zero while it sounds.
    fn pitch(&self) -> f64 {
        let sounding = self.samples.iter().filter(|sample| sample.abs() > 500);
        let crossings = self
            .samples
            .windows(2)
            .filter(|pair| matches!(pair, [one, other] if (*one < 0) != (*other < 0)));
        #[expect(clippy::cast_precision_loss, reason = "counts of some seconds")]
        let (sounding, crossings) = (sounding.count() as f64, crossings.count() as f64);
        crossings / 2.0 * f64::from(self.rate) / sounding.max(1.0)
    }
}

/// The channels of a WAV file of 16 bits.
fn channels(file: &[u8]) -> Vec<Channel> {
    let number = |at: usize, octets: usize| {
        let part = file.get(at..at + octets).expect("a head of 44 octets");
        part.iter()
            .rev()
            .fold(0, |number, octet| number << 8 | u32::from(*octet))
    };
    assert_eq!(file.get(..4), Some(&b"RIFF"[..]));
    let (count, rate) = (usize::try_from(number(22, 2)).unwrap(), number(24, 4));
    let samples: Vec<_> = file
        .get(44..)
        .unwrap()
        .as_chunks()
        .0
        .iter()
        .map(|octets| i16::from_le_bytes(*octets))
        .collect();
    (0..count)
        .map(|n| Channel {
            samples: samples.iter().copied().skip(n).step_by(count).collect(),
            rate,
        })
        .collect()
}
