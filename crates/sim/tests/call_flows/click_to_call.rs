//! Click-to-call.

use offhook_call::{ApiCommand, ApiRefusal};
use offhook_sim::story::{Stage, Story};

use crate::flow::{Flow, SECOND, api, refused, user};

chapter! {
    title: "Click-to-call",
    words: "`POST /calls` rings the user's own phones first; this is the root call, context `ENDPOINT`. \
            `call.accepted` tells that the user picked up. Then the destination is called under a call_id of its \
            own. `call.connected` of the root comes when the destination answers.",
    flows: [answered, not_picked_up, destination_busy, to_outside, originator_absent],
}

fn click(story: &mut Story, to: &str) {
    let originate = ApiCommand::Originate {
        user: user(0),
        to: to.to_owned(),
        caller_id: None,
    };
    api(story, originate);
}

fn answered() -> Flow {
    let mut story = crate::flow::two();
    click(&mut story, "2002");
    story.wait(SECOND * 2);
    story.answers("2001");
    story.wait(SECOND * 4);
    story.answers("2002");
    story.wait(SECOND * 10);
    story.hangs_up("2001");
    Flow {
        title: "Click-to-call, answered",
        words: "The user's phone rings, is picked up, then 2002 rings and answers.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL ENDPOINT in 2001 -> 2002",
            "2 call.ringing root RINGING ENDPOINT in 2001 -> 2002",
            "3 call.accepted root ACCEPTED ENDPOINT in 2001 -> 2002",
            "4 call.initial root+1 INITIAL LOCAL_USER in 2001 -> 2002",
            "5 call.ringing root+1 RINGING LOCAL_USER in 2001 -> 2002",
            "6 call.connected root+1 CONNECTED LOCAL_USER in 2001 -> 2002",
            "7 call.connected root CONNECTED ENDPOINT in 2001 -> 2002",
            "8 call.hangup root+1 HANGUP LOCAL_USER in 2001 -> 2002: Normal Clearing by caller",
            "9 call.hangup root HANGUP ENDPOINT in 2001 -> 2002: Normal Clearing by caller, final",
        ],
        cdrs: &[
            "root+1 of root by root, CONNECTED I LOCAL_USER in 2001 -> 2002, 10 of 14 s: Normal Clearing by caller",
            "root the root, CONNECTED I ENDPOINT in 2001 -> 2002, 10 of 16 s: Normal Clearing by caller",
        ],
    }
}

fn not_picked_up() -> Flow {
    let mut story = crate::flow::two();
    click(&mut story, "2002");
    Flow {
        title: "Click-to-call, the originator does not pick up",
        words: "The destination is never called, and has no call_id.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL ENDPOINT in 2001 -> 2002",
            "2 call.ringing root RINGING ENDPOINT in 2001 -> 2002",
            "3 call.missed root HANGUP ENDPOINT in 2001 -> 2002: No Answer by system, final",
        ],
        cdrs: &[
            "root the root, NO ANSWER M ENDPOINT in 2001 -> 2002, 0 of 30 s: No Answer by system",
        ],
    }
}

fn destination_busy() -> Flow {
    let mut story = crate::flow::two();
    click(&mut story, "2002");
    story.wait(SECOND * 2);
    story.answers("2001");
    story.wait(SECOND);
    story.refuses("2002", 486);
    Flow {
        title: "Click-to-call, the destination is busy",
        words: "The destination's call ends, and with it the root.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL ENDPOINT in 2001 -> 2002",
            "2 call.ringing root RINGING ENDPOINT in 2001 -> 2002",
            "3 call.accepted root ACCEPTED ENDPOINT in 2001 -> 2002",
            "4 call.initial root+1 INITIAL LOCAL_USER in 2001 -> 2002",
            "5 call.ringing root+1 RINGING LOCAL_USER in 2001 -> 2002",
            "6 call.missed root+1 HANGUP LOCAL_USER in 2001 -> 2002: User Busy by callee",
            "7 call.missed root HANGUP ENDPOINT in 2001 -> 2002: User Busy by callee, final",
        ],
        cdrs: &[
            "root+1 of root by root, BUSY M LOCAL_USER in 2001 -> 2002, 0 of 1 s: User Busy by callee",
            "root the root, BUSY M ENDPOINT in 2001 -> 2002, 0 of 3 s: User Busy by callee",
        ],
    }
}

fn to_outside() -> Flow {
    let mut story = Stage::new()
        .user("2001")
        .outsider("Lou", "442079460123")
        .begin();
    click(&mut story, "442079460123");
    story.wait(SECOND * 2);
    story.answers("2001");
    story.wait(SECOND * 4);
    story.answers("Lou");
    story.wait(SECOND * 10);
    story.hangs_up("Lou");
    Flow {
        title: "Click-to-call to the outside",
        words: "`destination` is `out` for both calls.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL ENDPOINT out 2001 -> 442079460123",
            "2 call.ringing root RINGING ENDPOINT out 2001 -> 442079460123",
            "3 call.accepted root ACCEPTED ENDPOINT out 2001 -> 442079460123",
            "4 call.initial root+1 INITIAL LOCAL_USER out 2001 -> 442079460123",
            "5 call.ringing root+1 RINGING LOCAL_USER out 2001 -> 442079460123",
            "6 call.connected root+1 CONNECTED LOCAL_USER out 2001 -> 442079460123",
            "7 call.connected root CONNECTED ENDPOINT out 2001 -> 442079460123",
            "8 call.hangup root+1 HANGUP LOCAL_USER out 2001 -> 442079460123: Normal Clearing by callee",
            "9 call.hangup root HANGUP ENDPOINT out 2001 -> 442079460123: Normal Clearing by callee, final",
        ],
        cdrs: &[
            "root+1 of root by root, CONNECTED O LOCAL_USER out 2001 -> 442079460123, 10 of 14 s: Normal Clearing by callee",
            "root the root, CONNECTED O ENDPOINT out 2001 -> 442079460123, 10 of 16 s: Normal Clearing by callee",
        ],
    }
}

fn originator_absent() -> Flow {
    let mut story = Stage::new().absent("2001").user("2002").begin();
    let originate = ApiCommand::Originate {
        user: user(0),
        to: "2002".to_owned(),
        caller_id: None,
    };
    assert_eq!(refused(&mut story, originate), ApiRefusal::NoPhone);
    Flow {
        title: "Click-to-call, the originator has no phone",
        words: "`POST /calls` is answered 412 at once. There is no call_id, no event and no CDR.",
        told: story.end().unwrap(),
        events: &[],
        cdrs: &[],
    }
}
