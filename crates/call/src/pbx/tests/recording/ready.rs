//! What is told when a recording can be fetched.

use std::time::Duration;

use offhook_base::{Audio, CallId, EventName, RecordingId, UserId};

use super::super::{A, Script};
use super::connected;
use crate::RecordMode;

const AUDIO: Audio = Audio {
    duration_ms: 12_999,
    channels: 2,
    sample_rate: 8_000,
    size_wav: 416_012,
    size_mp3: 52_128,
    cut: false,
};

/// A call that was recorded and is over.
fn over() -> Script {
    let mut script = connected(&[(100_002, RecordMode::In)]);
    script
        .wait(Duration::from_secs(13))
        .request(A, 8, "BYE", None)
        .commit()
        .skip();
    script
}

fn tells(script: &mut Script, recording: u64, audio: Option<Audio>) {
    let now = script.now;
    script
        .pbx
        .handle_recorded(now, RecordingId(recording), audio);
    script.drain();
}

#[test]
fn a_recording_is_told_of_after_the_final_event_too_with_the_fields_of_the_contract() {
    let mut script = over();
    script.wait(Duration::from_secs(2));
    tells(&mut script, 2, Some(AUDIO));
    script.expect(&["* monitor.audio_ready"]);
    let mut body = script.bodies.last().expect("an event").clone();
    let id = body["id"].take();
    assert!(id.as_str().is_some_and(|id| id.starts_with("n1.")), "{id}");
    assert_eq!(
        body,
        serde_json::json!({
            "id": null, "event_time": "2023-11-14 22:13:35", "event_name": "monitor.audio_ready", "monitor_id": 2,
            "call_id": 1, "customer_id": 100_001, "user_id": 100_002, "src_id": "100001", "src": "2001",
            "src_name": "User 2001", "dst_id": "100002", "dst": "2002", "dst_name": "User 2002",
            "context": "LOCAL_USER", "duration": 12, "size": 52_128,
        })
    );
    let fact = script.recorded.last().expect("a fact");
    assert_eq!(fact.event.name, EventName::MonitorAudioReady);
    assert_eq!((fact.event.root, fact.event.call), (CallId(1), CallId(1)));
    assert!(fact.event.seq.is_none() && !fact.event.is_final);
    assert!(fact.snapshot.is_none() && fact.cdr.is_none());
    let entry = fact.recording.as_ref().expect("the entry");
    assert_eq!(
        (entry.id, entry.user),
        (RecordingId(2), Some(UserId(100_002)))
    );
    assert_eq!((entry.audio, &*entry.caller), (AUDIO, "2001"));
}

#[test]
fn what_recorded_nothing_is_not_told_of_and_forgotten() {
    let mut script = over();
    tells(&mut script, 2, None);
    tells(&mut script, 2, Some(AUDIO));
    script.expect(&[]);
    assert!(script.pbx.recordings.is_empty());
}

#[test]
fn a_recording_is_told_of_once_and_one_that_nobody_began_never() {
    let mut script = over();
    tells(&mut script, 77, Some(AUDIO));
    tells(&mut script, 2, Some(AUDIO));
    tells(&mut script, 2, Some(AUDIO));
    script.expect(&["* monitor.audio_ready"]);
}

#[test]
fn one_that_a_client_stopped_is_told_of_while_the_call_goes_on() {
    let mut script = connected(&[(100_002, RecordMode::In)]);
    script.api(9, super::monitor(false, 100_002)).skip();
    tells(&mut script, 2, Some(AUDIO));
    script.expect(&["* monitor.audio_ready"]);
    script.request(A, 8, "BYE", None).commit();
    let seqs: Vec<_> = script.recorded.iter().map(|fact| fact.event.seq).collect();
    assert_eq!(seqs, [Some(1), Some(2), None, Some(3)], "it has no number");
}
