//! Transfers that fail, and those of a call that rings.

use offhook_sim::phone::AfterRefer;
use offhook_sim::story::Stage;

use crate::flow::{Flow, SECOND, api, talking, three, transfer};

chapter! {
    title: "Transfers that fail, and deflection",
    words: "If the target does not take the call, the party that was moved comes back to who transferred it, \
            under one more call_id of the same root. Who transferred by a phone and has not hung up is joined at \
            once; else the phones are rung.",
    flows: [
        target_busy, held_and_busy, target_silent, transferor_gone, deflected, deflected_back, deflected_from_group,
    ],
}

fn target_busy() -> Flow {
    let mut story = talking(three());
    story.transfers("2002", "2003");
    story.wait(SECOND);
    story.refuses("2003", 486);
    story.wait(SECOND * 5);
    story.hangs_up("2001");
    Flow {
        title: "Transfer, the target is busy",
        words: "2003 refuses: 2001 and 2002 are joined again at once, under a new call_id that starts with \
                `call.initial` and `call.connected`.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL LOCAL_USER in 2001 -> 2002",
            "2 call.ringing root RINGING LOCAL_USER in 2001 -> 2002",
            "3 call.connected root CONNECTED LOCAL_USER in 2001 -> 2002",
            "4 call.initial root+1 INITIAL LOCAL_USER in 2001 -> 2003",
            "5 call.hangup root HANGUP LOCAL_USER in 2001 -> 2002: Blind Transfer by callee",
            "6 call.ringing root+1 RINGING LOCAL_USER in 2001 -> 2003",
            "7 call.initial root+2 INITIAL LOCAL_USER in 2001 -> 2002",
            "8 call.missed root+1 HANGUP LOCAL_USER in 2001 -> 2003: User Busy by callee",
            "9 call.connected root+2 CONNECTED LOCAL_USER in 2001 -> 2002",
            "10 call.hangup root+2 HANGUP LOCAL_USER in 2001 -> 2002: Normal Clearing by caller, final",
        ],
        cdrs: &[
            "root the root, CONNECTED I LOCAL_USER in 2001 -> 2002, 5 of 7 s: Blind Transfer by callee",
            "root+1 of root by root, BUSY M LOCAL_USER in 2001 -> 2003, 0 of 1 s: User Busy by callee",
            "root+2 of root by root, CONNECTED I LOCAL_USER in 2001 -> 2002, 5 of 5 s: Normal Clearing by caller",
        ],
    }
}

fn held_and_busy() -> Flow {
    let mut story = talking(three());
    story.holds("2002");
    story.wait(SECOND);
    story.transfers("2002", "2003");
    story.wait(SECOND);
    story.refuses("2003", 486);
    story.wait(SECOND * 5);
    story.resumes("2002");
    story.wait(SECOND * 5);
    story.hangs_up("2001");
    Flow {
        title: "Transfer of a held call, the target is busy",
        words: "The call that comes back is on hold, as it was before.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL LOCAL_USER in 2001 -> 2002",
            "2 call.ringing root RINGING LOCAL_USER in 2001 -> 2002",
            "3 call.connected root CONNECTED LOCAL_USER in 2001 -> 2002",
            "4 call.hold root ON_HOLD LOCAL_USER in 2001 -> 2002",
            "5 call.initial root+1 INITIAL LOCAL_USER in 2001 -> 2003",
            "6 call.hangup root HANGUP LOCAL_USER in 2001 -> 2002: Blind Transfer by callee",
            "7 call.ringing root+1 RINGING LOCAL_USER in 2001 -> 2003",
            "8 call.initial root+2 INITIAL LOCAL_USER in 2001 -> 2002",
            "9 call.missed root+1 HANGUP LOCAL_USER in 2001 -> 2003: User Busy by callee",
            "10 call.connected root+2 CONNECTED LOCAL_USER in 2001 -> 2002",
            "11 call.hold root+2 ON_HOLD LOCAL_USER in 2001 -> 2002",
            "12 call.unhold root+2 CONNECTED LOCAL_USER in 2001 -> 2002",
            "13 call.hangup root+2 HANGUP LOCAL_USER in 2001 -> 2002: Normal Clearing by caller, final",
        ],
        cdrs: &[
            "root the root, CONNECTED I LOCAL_USER in 2001 -> 2002, 6 of 8 s: Blind Transfer by callee",
            "root+1 of root by root, BUSY M LOCAL_USER in 2001 -> 2003, 0 of 1 s: User Busy by callee",
            "root+2 of root by root, CONNECTED I LOCAL_USER in 2001 -> 2002, 10 of 10 s: Normal Clearing by caller",
        ],
    }
}

fn target_silent() -> Flow {
    let mut story = talking(three());
    let wish = transfer(&story, "2003");
    api(&mut story, wish);
    story.wait(SECOND * 35);
    story.hangs_up("2002");
    Flow {
        title: "Transfer by API, the target does not answer",
        words: "The same after the ring time, however the transfer was asked for.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL LOCAL_USER in 2001 -> 2002",
            "2 call.ringing root RINGING LOCAL_USER in 2001 -> 2002",
            "3 call.connected root CONNECTED LOCAL_USER in 2001 -> 2002",
            "4 call.initial root+1 INITIAL LOCAL_USER in 2001 -> 2003",
            "5 call.hangup root HANGUP LOCAL_USER in 2001 -> 2002: Blind Transfer by api",
            "6 call.ringing root+1 RINGING LOCAL_USER in 2001 -> 2003",
            "7 call.initial root+2 INITIAL LOCAL_USER in 2001 -> 2002",
            "8 call.missed root+1 HANGUP LOCAL_USER in 2001 -> 2003: No Answer by system",
            "9 call.connected root+2 CONNECTED LOCAL_USER in 2001 -> 2002",
            "10 call.hangup root+2 HANGUP LOCAL_USER in 2001 -> 2002: Normal Clearing by callee, final",
        ],
        cdrs: &[
            "root the root, CONNECTED I LOCAL_USER in 2001 -> 2002, 5 of 7 s: Blind Transfer by api",
            "root+1 of root by root, NO ANSWER M LOCAL_USER in 2001 -> 2003, 0 of 30 s: No Answer by system",
            "root+2 of root by root, CONNECTED I LOCAL_USER in 2001 -> 2002, 5 of 5 s: Normal Clearing by callee",
        ],
    }
}

fn transferor_gone() -> Flow {
    let mut story = talking(three());
    story.transfers_and("2002", "2003", AfterRefer::HangUpWhenAccepted);
    story.wait(SECOND);
    story.declines("2003");
    story.wait(SECOND * 4);
    story.answers("2002");
    story.wait(SECOND * 5);
    story.hangs_up("2002");
    Flow {
        title: "Transfer, who transferred has hung up and is rung again",
        words: "2002 hung up right after the transfer key, and 2003 declines: 2002 is rung, and answers. If \
                nobody answered, that call would end with `call.missed`, `final: true`.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL LOCAL_USER in 2001 -> 2002",
            "2 call.ringing root RINGING LOCAL_USER in 2001 -> 2002",
            "3 call.connected root CONNECTED LOCAL_USER in 2001 -> 2002",
            "4 call.initial root+1 INITIAL LOCAL_USER in 2001 -> 2003",
            "5 call.hangup root HANGUP LOCAL_USER in 2001 -> 2002: Blind Transfer by callee",
            "6 call.ringing root+1 RINGING LOCAL_USER in 2001 -> 2003",
            "7 call.initial root+2 INITIAL LOCAL_USER in 2001 -> 2002",
            "8 call.missed root+1 HANGUP LOCAL_USER in 2001 -> 2003: Call Rejected by callee",
            "9 call.ringing root+2 RINGING LOCAL_USER in 2001 -> 2002",
            "10 call.connected root+2 CONNECTED LOCAL_USER in 2001 -> 2002",
            "11 call.hangup root+2 HANGUP LOCAL_USER in 2001 -> 2002: Normal Clearing by callee, final",
        ],
        cdrs: &[
            "root the root, CONNECTED I LOCAL_USER in 2001 -> 2002, 5 of 7 s: Blind Transfer by callee",
            "root+1 of root by root, NO ANSWER M LOCAL_USER in 2001 -> 2003, 0 of 1 s: Call Rejected by callee",
            "root+2 of root by root, CONNECTED I LOCAL_USER in 2001 -> 2002, 5 of 9 s: Normal Clearing by callee",
        ],
    }
}

fn deflected() -> Flow {
    let mut story = three();
    story.call("2001", "2002");
    story.wait(SECOND * 3);
    let wish = transfer(&story, "2003");
    api(&mut story, wish);
    story.wait(SECOND * 2);
    story.answers("2003");
    story.wait(SECOND * 10);
    story.hangs_up("2001");
    Flow {
        title: "Deflection of a ringing call",
        words: "`PATCH /calls/{id}` with `{\"dst\":\"2003\"}` while 2002 rings: 2002 is given up, with \
                `call.hangup` and not `call.missed`, and 2003 rings.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL LOCAL_USER in 2001 -> 2002",
            "2 call.ringing root RINGING LOCAL_USER in 2001 -> 2002",
            "3 call.initial root+1 INITIAL LOCAL_USER in 2001 -> 2003",
            "4 call.hangup root HANGUP LOCAL_USER in 2001 -> 2002: Blind Transfer by api",
            "5 call.ringing root+1 RINGING LOCAL_USER in 2001 -> 2003",
            "6 call.connected root+1 CONNECTED LOCAL_USER in 2001 -> 2003",
            "7 call.hangup root+1 HANGUP LOCAL_USER in 2001 -> 2003: Normal Clearing by caller, final",
        ],
        cdrs: &[
            "root the root, NO ANSWER M LOCAL_USER in 2001 -> 2002, 0 of 3 s: Blind Transfer by api",
            "root+1 of root by root, CONNECTED I LOCAL_USER in 2001 -> 2003, 10 of 12 s: Normal Clearing by caller",
        ],
    }
}

fn deflected_back() -> Flow {
    let mut story = three();
    story.call("2001", "2002");
    story.wait(SECOND * 3);
    let wish = transfer(&story, "2003");
    api(&mut story, wish);
    story.wait(SECOND * 2);
    story.declines("2003");
    story.wait(SECOND * 2);
    story.answers("2002");
    story.wait(SECOND * 5);
    story.hangs_up("2001");
    Flow {
        title: "Deflection, the target declines",
        words: "2002 is rung again.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL LOCAL_USER in 2001 -> 2002",
            "2 call.ringing root RINGING LOCAL_USER in 2001 -> 2002",
            "3 call.initial root+1 INITIAL LOCAL_USER in 2001 -> 2003",
            "4 call.hangup root HANGUP LOCAL_USER in 2001 -> 2002: Blind Transfer by api",
            "5 call.ringing root+1 RINGING LOCAL_USER in 2001 -> 2003",
            "6 call.initial root+2 INITIAL LOCAL_USER in 2001 -> 2002",
            "7 call.missed root+1 HANGUP LOCAL_USER in 2001 -> 2003: Call Rejected by callee",
            "8 call.ringing root+2 RINGING LOCAL_USER in 2001 -> 2002",
            "9 call.connected root+2 CONNECTED LOCAL_USER in 2001 -> 2002",
            "10 call.hangup root+2 HANGUP LOCAL_USER in 2001 -> 2002: Normal Clearing by caller, final",
        ],
        cdrs: &[
            "root the root, NO ANSWER M LOCAL_USER in 2001 -> 2002, 0 of 3 s: Blind Transfer by api",
            "root+1 of root by root, NO ANSWER M LOCAL_USER in 2001 -> 2003, 0 of 2 s: Call Rejected by callee",
            "root+2 of root by root, CONNECTED I LOCAL_USER in 2001 -> 2002, 5 of 7 s: Normal Clearing by caller",
        ],
    }
}

fn deflected_from_group() -> Flow {
    let stage = Stage::new()
        .user("2001")
        .user("2002")
        .user("2003")
        .user("2004");
    let mut story = stage.group("3000", &["2002", "2003"]).begin();
    story.call("2001", "3000");
    story.wait(SECOND * 3);
    let wish = transfer(&story, "2004");
    api(&mut story, wish);
    story.wait(SECOND * 2);
    story.answers("2004");
    story.wait(SECOND * 10);
    story.hangs_up("2001");
    Flow {
        title: "Deflection of a ringing group",
        words: "The members' calls end with the group's. Had 2004 not answered, the group would ring again.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL RG-1 in 2001 -> 3000",
            "2 call.initial root+1 INITIAL LOCAL_USER in 2001 -> 2002",
            "3 call.initial root+2 INITIAL LOCAL_USER in 2001 -> 2003",
            "4 call.ringing root+1 RINGING LOCAL_USER in 2001 -> 2002",
            "5 call.ringing root RINGING RG-1 in 2001 -> 3000",
            "6 call.ringing root+2 RINGING LOCAL_USER in 2001 -> 2003",
            "7 call.initial root+3 INITIAL LOCAL_USER in 2001 -> 2004",
            "8 call.hangup root+2 HANGUP LOCAL_USER in 2001 -> 2003: Blind Transfer by api",
            "9 call.hangup root+1 HANGUP LOCAL_USER in 2001 -> 2002: Blind Transfer by api",
            "10 call.hangup root HANGUP RG-1 in 2001 -> 3000: Blind Transfer by api",
            "11 call.ringing root+3 RINGING LOCAL_USER in 2001 -> 2004",
            "12 call.connected root+3 CONNECTED LOCAL_USER in 2001 -> 2004",
            "13 call.hangup root+3 HANGUP LOCAL_USER in 2001 -> 2004: Normal Clearing by caller, final",
        ],
        cdrs: &[
            "root+2 of root by root, NO ANSWER M LOCAL_USER in 2001 -> 2003, 0 of 3 s: Blind Transfer by api",
            "root+1 of root by root, NO ANSWER M LOCAL_USER in 2001 -> 2002, 0 of 3 s: Blind Transfer by api",
            "root the root, NO ANSWER M RG-1 in 2001 -> 3000, 0 of 3 s: Blind Transfer by api",
            "root+3 of root by root, CONNECTED I LOCAL_USER in 2001 -> 2004, 10 of 12 s: Normal Clearing by caller",
        ],
    }
}
