//! What passes between the phones: recorded, pressed, and missing.

use offhook_call::{ApiCommand, RecordMode};
use offhook_media_core::{Digit, Side};
use offhook_sim::story::{Stage, Story};

use crate::flow::{Flow, SECOND, api, newest, talking, two, user};

chapter! {
    title: "Recordings, keys, silence",
    words: "What is told of the media of a call. All of it needs media that passes by us (`media.relay`), but for keys by \
            SIP INFO.",
    flows: [
        recorded, recorded_in_a_group, recorded_by_api, transferred, keys, keys_in_a_queue, silence,
    ],
}

fn key(name: char) -> Digit {
    Digit::from_char(name).expect("a key")
}

fn recording(ext: &str) -> Stage {
    Stage::new()
        .user("2001")
        .user("2002")
        .user("2003")
        .recorded(ext, RecordMode::In)
}

fn recorded() -> Flow {
    let mut story = talking(recording("2002").begin());
    story.wait(SECOND * 5);
    story.hangs_up("2001");
    Flow {
        title: "A recorded call",
        words: "2002 has `record` set to `in`. Whether a call is recorded is decided when it is answered: by the called \
                user's setting (`in`, `all`), else by the caller's (`out`, `all`). Once its sound can be fetched, \
                `monitor.audio_ready` tells so.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL LOCAL_USER in 2001 -> 2002",
            "2 call.ringing root RINGING LOCAL_USER in 2001 -> 2002",
            "3 call.connected root CONNECTED LOCAL_USER in 2001 -> 2002",
            "4 call.hangup root HANGUP LOCAL_USER in 2001 -> 2002: Normal Clearing by caller, final",
            "- monitor.audio_ready root  LOCAL_USER  2001 -> 2002 (duration: 10)",
        ],
        cdrs: &[
            "root the root, CONNECTED I LOCAL_USER in 2001 -> 2002, 10 of 12 s: Normal Clearing by caller",
        ],
    }
}

fn recorded_in_a_group() -> Flow {
    let mut story = recording("2003").group("3000", &["2002", "2003"]).begin();
    story.call("2001", "3000");
    story.wait(SECOND * 2);
    story.answers("2003");
    story.wait(SECOND * 10);
    story.hangs_up("2003");
    Flow {
        title: "A recorded call of a ring group",
        words: "The recording belongs to the call of the member who answered, not to that of the group. A queue's is told \
                in the same way.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL RG-1 in 2001 -> 3000",
            "2 call.initial root+1 INITIAL LOCAL_USER in 2001 -> 2002",
            "3 call.initial root+2 INITIAL LOCAL_USER in 2001 -> 2003",
            "4 call.ringing root+1 RINGING LOCAL_USER in 2001 -> 2002",
            "5 call.ringing root RINGING RG-1 in 2001 -> 3000",
            "6 call.ringing root+2 RINGING LOCAL_USER in 2001 -> 2003",
            "7 call.connected root+2 CONNECTED LOCAL_USER in 2001 -> 2003",
            "8 call.connected root CONNECTED RG-1 in 2001 -> 3000",
            "9 call.hangup root+1 HANGUP LOCAL_USER in 2001 -> 2002: Lose Race by system",
            "10 call.hangup root+2 HANGUP LOCAL_USER in 2001 -> 2003: Normal Clearing by callee",
            "11 call.hangup root HANGUP RG-1 in 2001 -> 3000: Normal Clearing by callee, final",
            "- monitor.audio_ready root+2  LOCAL_USER  2001 -> 2003 (duration: 10)",
        ],
        cdrs: &[
            "root+1 of root by root, NO ANSWER M LOCAL_USER in 2001 -> 2002, 0 of 2 s: Lose Race by system",
            "root+2 of root by root, CONNECTED I LOCAL_USER in 2001 -> 2003, 10 of 12 s: Normal Clearing by callee",
            "root the root, CONNECTED I RG-1 in 2001 -> 3000, 10 of 12 s: Normal Clearing by callee",
        ],
    }
}

fn monitor(story: &mut Story, on: bool) {
    let (call, by) = (newest(story), user(0));
    api(story, ApiCommand::Monitor { call, on, by });
}

fn recorded_by_api() -> Flow {
    let mut story = talking(two());
    monitor(&mut story, true);
    story.wait(SECOND * 4);
    monitor(&mut story, false);
    story.wait(SECOND * 3);
    monitor(&mut story, true);
    story.wait(SECOND * 2);
    story.hangs_up("2002");
    Flow {
        title: "Recorded by API",
        words: "`PATCH /calls/{id}` with `{\"monitor_state\":1}`, `{\"monitor_state\":0}` and `{\"monitor_state\":1}`: two \
                recordings of one call.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL LOCAL_USER in 2001 -> 2002",
            "2 call.ringing root RINGING LOCAL_USER in 2001 -> 2002",
            "3 call.connected root CONNECTED LOCAL_USER in 2001 -> 2002",
            "- monitor.audio_ready root  LOCAL_USER  2001 -> 2002 (duration: 4)",
            "4 call.hangup root HANGUP LOCAL_USER in 2001 -> 2002: Normal Clearing by callee, final",
            "- monitor.audio_ready root  LOCAL_USER  2001 -> 2002 (duration: 2)",
        ],
        cdrs: &[
            "root the root, CONNECTED I LOCAL_USER in 2001 -> 2002, 14 of 16 s: Normal Clearing by callee",
        ],
    }
}

fn transferred() -> Flow {
    let mut story = talking(recording("2002").recorded("2003", RecordMode::All).begin());
    story.transfers("2002", "2003");
    story.wait(SECOND * 2);
    story.answers("2003");
    story.wait(SECOND * 8);
    story.hangs_up("2001");
    Flow {
        title: "A recorded call is transferred",
        words: "The recording ends with the call that it is of. Whether the next call is recorded is decided by its own two \
                people.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL LOCAL_USER in 2001 -> 2002",
            "2 call.ringing root RINGING LOCAL_USER in 2001 -> 2002",
            "3 call.connected root CONNECTED LOCAL_USER in 2001 -> 2002",
            "4 call.initial root+1 INITIAL LOCAL_USER in 2001 -> 2003",
            "5 call.hangup root HANGUP LOCAL_USER in 2001 -> 2002: Blind Transfer by callee",
            "6 call.ringing root+1 RINGING LOCAL_USER in 2001 -> 2003",
            "- monitor.audio_ready root  LOCAL_USER  2001 -> 2002 (duration: 5)",
            "7 call.connected root+1 CONNECTED LOCAL_USER in 2001 -> 2003",
            "8 call.hangup root+1 HANGUP LOCAL_USER in 2001 -> 2003: Normal Clearing by caller, final",
            "- monitor.audio_ready root+1  LOCAL_USER  2001 -> 2003 (duration: 8)",
        ],
        cdrs: &[
            "root the root, CONNECTED I LOCAL_USER in 2001 -> 2002, 5 of 7 s: Blind Transfer by callee",
            "root+1 of root by root, CONNECTED I LOCAL_USER in 2001 -> 2003, 8 of 10 s: Normal Clearing by caller",
        ],
    }
}

fn keys() -> Flow {
    let mut story = talking(two());
    story.presses("2001", key('5'));
    story.wait(SECOND);
    story.presses("2002", key('#'));
    story.holds("2002");
    story.wait(SECOND);
    story.presses("2001", key('*'));
    story.resumes("2002");
    story.hangs_up("2001");
    Flow {
        title: "Keys in a call",
        words: "Both press keys, one while the call is on hold. `state` is that of the call.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL LOCAL_USER in 2001 -> 2002",
            "2 call.ringing root RINGING LOCAL_USER in 2001 -> 2002",
            "3 call.connected root CONNECTED LOCAL_USER in 2001 -> 2002",
            "4 call.dtmf root CONNECTED LOCAL_USER in 2001 -> 2002 (key 5 to U:100002)",
            "5 call.dtmf root CONNECTED LOCAL_USER in 2001 -> 2002 (key # to U:100001)",
            "6 call.hold root ON_HOLD LOCAL_USER in 2001 -> 2002",
            "7 call.dtmf root ON_HOLD LOCAL_USER in 2001 -> 2002 (key * to U:100002)",
            "8 call.unhold root CONNECTED LOCAL_USER in 2001 -> 2002",
            "9 call.hangup root HANGUP LOCAL_USER in 2001 -> 2002: Normal Clearing by caller, final",
        ],
        cdrs: &[
            "root the root, CONNECTED I LOCAL_USER in 2001 -> 2002, 7 of 9 s: Normal Clearing by caller",
        ],
    }
}

fn keys_in_a_queue() -> Flow {
    let mut story = Stage::new()
        .user("2001")
        .user("2002")
        .queue("4000", &["2002"])
        .begin();
    story.call("2001", "4000");
    story.wait(SECOND * 2);
    story.presses("2001", key('1'));
    story.wait(SECOND * 2);
    story.answers("2002");
    story.wait(SECOND);
    story.presses("2001", key('2'));
    story.wait(SECOND * 5);
    story.hangs_up("2001");
    Flow {
        title: "Keys in a queue",
        words: "While he waits the queue receives the caller's keys, then the agent does.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL QUEUE in 2001 -> 4000",
            "2 call.initial root+1 INITIAL LOCAL_USER in 2001 -> 2002",
            "3 call.ringing root+1 RINGING LOCAL_USER in 2001 -> 2002",
            "4 call.dtmf root INITIAL QUEUE in 2001 -> 4000 (key 1 to Q:1)",
            "5 call.connected root+1 CONNECTED LOCAL_USER in 2001 -> 2002",
            "6 call.connected root CONNECTED QUEUE in 2001 -> 4000",
            "7 call.dtmf root+1 CONNECTED LOCAL_USER in 2001 -> 2002 (key 2 to U:100002)",
            "8 call.hangup root+1 HANGUP LOCAL_USER in 2001 -> 2002: Normal Clearing by caller",
            "9 call.hangup root HANGUP QUEUE in 2001 -> 4000: Normal Clearing by caller, final",
        ],
        cdrs: &[
            "root+1 of root by root, CONNECTED I LOCAL_USER in 2001 -> 2002, 6 of 10 s: Normal Clearing by caller",
            "root the root, CONNECTED I QUEUE in 2001 -> 4000, 6 of 10 s: Normal Clearing by caller",
        ],
    }
}

fn silence() -> Flow {
    let mut story = talking(two());
    story.wait(SECOND * 60);
    story.hears_nothing_of(Side::B);
    Flow {
        title: "A phone falls silent",
        words: "The phone of 2002 has lost its network: for `media.rtp_timeout` seconds nothing is heard of it, and the call \
                ends for both. A call on hold is not ended so.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL LOCAL_USER in 2001 -> 2002",
            "2 call.ringing root RINGING LOCAL_USER in 2001 -> 2002",
            "3 call.connected root CONNECTED LOCAL_USER in 2001 -> 2002",
            "4 call.hangup root HANGUP LOCAL_USER in 2001 -> 2002: Media Timeout by system, final",
        ],
        cdrs: &[
            "root the root, CONNECTED I LOCAL_USER in 2001 -> 2002, 65 of 67 s: Media Timeout by system",
        ],
    }
}
