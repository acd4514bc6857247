//! Black-box tests: the real binary, foreign phones, an HTTPS receiver. A module per behaviour, one binary.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has nothing better to do than to say where and why"
)]

mod answered;
mod click;
mod crash;
mod delivery;
mod dtmf;
mod exports;
mod forking;
mod full_disk;
mod groups;
mod held_sound;
mod hold;
mod hostile;
mod injection;
mod lifecycle;
mod live;
mod mailbox;
mod moved_sound;
mod odd_offers;
mod odd_packets;
mod opus;
mod prompts;
mod queues;
mod recorded_calls;
mod recordings;
mod registration;
mod rest_faults;
mod ringback;
mod sms;
mod sound;
mod srtp;
mod stream;
mod tls;
mod transfer;
mod trunks;
mod unanswered;
mod voicemail;

use offhook_tests::{Call, documented, steps_of};

/// Compares a call's events, written one a line, with what the contract promises.
#[track_caller]
fn assert_flow(call: &Call, expected: &[&str]) {
    assert_eq!(call.lines(), expected, "{:#?}", call.events);
}

/// Compares the events of all calls of a root, written one a line, with what the contract promises.
#[track_caller]
fn assert_story(root: &Call, expected: &[&str]) {
    assert_eq!(root.story(), expected, "{:#?}", root.events);
}

/// Compares the events of all calls of a root with what `docs/call-flows.md` promises under a heading.
#[track_caller]
fn assert_documented(root: &Call, title: &str) {
    let events = steps_of(&root.events);
    assert_eq!(events, documented(title), "{:#?}", root.story());
}

/// A call that was answered, and that the caller ended.
const ANSWERED: [&str; 4] = [
    INITIAL,
    RINGING,
    CONNECTED,
    "4 call.hangup HANGUP: Normal Clearing by caller (16 NORMAL_CLEARING 200), final",
];

const INITIAL: &str = "1 call.initial INITIAL";
const RINGING: &str = "2 call.ringing RINGING";
const CONNECTED: &str = "3 call.connected CONNECTED";
