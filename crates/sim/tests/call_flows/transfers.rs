//! Transfers that succeed.

use offhook_call::{ApiCommand, TransferParty};
use offhook_sim::story::Stage;

use crate::flow::{Flow, SECOND, api, newest, talking, three, transfer};

chapter! {
    title: "Transfers",
    words: "The root stays. First comes `call.initial` of the new target, which has the next call_id; then the call \
            that was transferred ends with `call.hangup`, cause Blind Transfer, `final: false`. So a conversation that \
            goes on is never without an open call. The new call's CDR names the one before as its parent. Between two \
            users it is the caller who moves, and else who is outside, unless `\"party\"` says otherwise. What is \
            refused at once (404, 409, 400 for a number that nobody has) changes nothing and makes no event.",
    flows: [
        by_api, of_the_called, by_refer, held, to_group, to_queue, to_outside, of_outsider, of_a_queue,
        of_a_queue_with_wrap_up, twice,
    ],
}

fn by_api() -> Flow {
    let mut story = talking(three());
    let wish = transfer(&story, "2003");
    api(&mut story, wish);
    story.wait(SECOND * 3);
    story.answers("2003");
    story.wait(SECOND * 10);
    story.hangs_up("2001");
    Flow {
        title: "Transfer by API",
        words: "2001 talks to 2002; `PATCH /calls/{id}` with `{\"dst\":\"2003\"}` moves 2001 to 2003. Its answer \
                is the new call.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL LOCAL_USER in 2001 -> 2002",
            "2 call.ringing root RINGING LOCAL_USER in 2001 -> 2002",
            "3 call.connected root CONNECTED LOCAL_USER in 2001 -> 2002",
            "4 call.initial root+1 INITIAL LOCAL_USER in 2001 -> 2003",
            "5 call.hangup root HANGUP LOCAL_USER in 2001 -> 2002: Blind Transfer by api",
            "6 call.ringing root+1 RINGING LOCAL_USER in 2001 -> 2003",
            "7 call.connected root+1 CONNECTED LOCAL_USER in 2001 -> 2003",
            "8 call.hangup root+1 HANGUP LOCAL_USER in 2001 -> 2003: Normal Clearing by caller, final",
        ],
        cdrs: &[
            "root the root, CONNECTED I LOCAL_USER in 2001 -> 2002, 5 of 7 s: Blind Transfer by api",
            "root+1 of root by root, CONNECTED I LOCAL_USER in 2001 -> 2003, 10 of 13 s: Normal Clearing by caller",
        ],
    }
}

fn of_the_called() -> Flow {
    let mut story = talking(three());
    let wish = ApiCommand::Transfer {
        call: newest(&story),
        dst: "2003".to_owned(),
        party: Some(TransferParty::Dst),
    };
    api(&mut story, wish);
    story.wait(SECOND * 3);
    story.answers("2003");
    story.wait(SECOND * 10);
    story.hangs_up("2003");
    Flow {
        title: "Transfer by API of the called side",
        words: "With `\"party\":\"dst\"` it is 2002 who moves to 2003: `src` of the new call is the party that \
                moved.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL LOCAL_USER in 2001 -> 2002",
            "2 call.ringing root RINGING LOCAL_USER in 2001 -> 2002",
            "3 call.connected root CONNECTED LOCAL_USER in 2001 -> 2002",
            "4 call.initial root+1 INITIAL LOCAL_USER in 2002 -> 2003",
            "5 call.hangup root HANGUP LOCAL_USER in 2001 -> 2002: Blind Transfer by api",
            "6 call.ringing root+1 RINGING LOCAL_USER in 2002 -> 2003",
            "7 call.connected root+1 CONNECTED LOCAL_USER in 2002 -> 2003",
            "8 call.hangup root+1 HANGUP LOCAL_USER in 2002 -> 2003: Normal Clearing by callee, final",
        ],
        cdrs: &[
            "root the root, CONNECTED I LOCAL_USER in 2001 -> 2002, 5 of 7 s: Blind Transfer by api",
            "root+1 of root by root, CONNECTED I LOCAL_USER in 2002 -> 2003, 10 of 13 s: Normal Clearing by callee",
        ],
    }
}

fn by_refer() -> Flow {
    let mut story = talking(three());
    story.transfers("2002", "2003");
    story.wait(SECOND * 3);
    story.answers("2003");
    story.wait(SECOND * 10);
    story.hangs_up("2001");
    Flow {
        title: "Transfer by a phone",
        words: "2002 presses the transfer key (REFER): as by API, but `terminated_by` names the side that \
                transferred.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL LOCAL_USER in 2001 -> 2002",
            "2 call.ringing root RINGING LOCAL_USER in 2001 -> 2002",
            "3 call.connected root CONNECTED LOCAL_USER in 2001 -> 2002",
            "4 call.initial root+1 INITIAL LOCAL_USER in 2001 -> 2003",
            "5 call.hangup root HANGUP LOCAL_USER in 2001 -> 2002: Blind Transfer by callee",
            "6 call.ringing root+1 RINGING LOCAL_USER in 2001 -> 2003",
            "7 call.connected root+1 CONNECTED LOCAL_USER in 2001 -> 2003",
            "8 call.hangup root+1 HANGUP LOCAL_USER in 2001 -> 2003: Normal Clearing by caller, final",
        ],
        cdrs: &[
            "root the root, CONNECTED I LOCAL_USER in 2001 -> 2002, 5 of 7 s: Blind Transfer by callee",
            "root+1 of root by root, CONNECTED I LOCAL_USER in 2001 -> 2003, 10 of 13 s: Normal Clearing by caller",
        ],
    }
}

fn held() -> Flow {
    let mut story = talking(three());
    story.holds("2002");
    story.wait(SECOND);
    story.transfers("2002", "2003");
    story.wait(SECOND * 3);
    story.answers("2003");
    story.wait(SECOND * 10);
    story.hangs_up("2003");
    Flow {
        title: "Transfer of a held call",
        words: "Most phones hold before they transfer. The hold ends with the call that was held: no \
                `call.unhold`.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL LOCAL_USER in 2001 -> 2002",
            "2 call.ringing root RINGING LOCAL_USER in 2001 -> 2002",
            "3 call.connected root CONNECTED LOCAL_USER in 2001 -> 2002",
            "4 call.hold root ON_HOLD LOCAL_USER in 2001 -> 2002",
            "5 call.initial root+1 INITIAL LOCAL_USER in 2001 -> 2003",
            "6 call.hangup root HANGUP LOCAL_USER in 2001 -> 2002: Blind Transfer by callee",
            "7 call.ringing root+1 RINGING LOCAL_USER in 2001 -> 2003",
            "8 call.connected root+1 CONNECTED LOCAL_USER in 2001 -> 2003",
            "9 call.hangup root+1 HANGUP LOCAL_USER in 2001 -> 2003: Normal Clearing by callee, final",
        ],
        cdrs: &[
            "root the root, CONNECTED I LOCAL_USER in 2001 -> 2002, 6 of 8 s: Blind Transfer by callee",
            "root+1 of root by root, CONNECTED I LOCAL_USER in 2001 -> 2003, 10 of 13 s: Normal Clearing by callee",
        ],
    }
}

fn to_group() -> Flow {
    let stage = Stage::new()
        .user("2001")
        .user("2002")
        .user("2003")
        .user("2004");
    let mut story = talking(stage.group("3000", &["2003", "2004"]).begin());
    let wish = transfer(&story, "3000");
    api(&mut story, wish);
    story.wait(SECOND * 3);
    story.answers("2004");
    story.wait(SECOND * 10);
    story.hangs_up("2001");
    Flow {
        title: "Transfer to a ring group",
        words: "The group's call is not the root here: all of it happens under the call that was transferred.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL LOCAL_USER in 2001 -> 2002",
            "2 call.ringing root RINGING LOCAL_USER in 2001 -> 2002",
            "3 call.connected root CONNECTED LOCAL_USER in 2001 -> 2002",
            "4 call.initial root+1 INITIAL RG-1 in 2001 -> 3000",
            "5 call.hangup root HANGUP LOCAL_USER in 2001 -> 2002: Blind Transfer by api",
            "6 call.initial root+2 INITIAL LOCAL_USER in 2001 -> 2003",
            "7 call.initial root+3 INITIAL LOCAL_USER in 2001 -> 2004",
            "8 call.ringing root+2 RINGING LOCAL_USER in 2001 -> 2003",
            "9 call.ringing root+1 RINGING RG-1 in 2001 -> 3000",
            "10 call.ringing root+3 RINGING LOCAL_USER in 2001 -> 2004",
            "11 call.connected root+3 CONNECTED LOCAL_USER in 2001 -> 2004",
            "12 call.connected root+1 CONNECTED RG-1 in 2001 -> 3000",
            "13 call.hangup root+2 HANGUP LOCAL_USER in 2001 -> 2003: Lose Race by system",
            "14 call.hangup root+3 HANGUP LOCAL_USER in 2001 -> 2004: Normal Clearing by caller",
            "15 call.hangup root+1 HANGUP RG-1 in 2001 -> 3000: Normal Clearing by caller, final",
        ],
        cdrs: &[
            "root the root, CONNECTED I LOCAL_USER in 2001 -> 2002, 5 of 7 s: Blind Transfer by api",
            "root+2 of root by root+1, NO ANSWER M LOCAL_USER in 2001 -> 2003, 0 of 3 s: Lose Race by system",
            "root+3 of root by root+1, CONNECTED I LOCAL_USER in 2001 -> 2004, 10 of 13 s: Normal Clearing by caller",
            "root+1 of root by root, CONNECTED I RG-1 in 2001 -> 3000, 10 of 13 s: Normal Clearing by caller",
        ],
    }
}

fn to_queue() -> Flow {
    let stage = Stage::new().user("2001").user("2002").user("2003");
    let mut story = talking(stage.queue("4000", &["2003"]).begin());
    let wish = transfer(&story, "4000");
    api(&mut story, wish);
    story.wait(SECOND * 3);
    story.answers("2003");
    story.wait(SECOND * 10);
    story.hangs_up("2003");
    Flow {
        title: "Transfer to a queue",
        words: "The caller waits in the queue; 2002 is free at once.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL LOCAL_USER in 2001 -> 2002",
            "2 call.ringing root RINGING LOCAL_USER in 2001 -> 2002",
            "3 call.connected root CONNECTED LOCAL_USER in 2001 -> 2002",
            "4 call.initial root+1 INITIAL QUEUE in 2001 -> 4000",
            "5 call.hangup root HANGUP LOCAL_USER in 2001 -> 2002: Blind Transfer by api",
            "6 call.initial root+2 INITIAL LOCAL_USER in 2001 -> 2003",
            "7 call.ringing root+2 RINGING LOCAL_USER in 2001 -> 2003",
            "8 call.connected root+2 CONNECTED LOCAL_USER in 2001 -> 2003",
            "9 call.connected root+1 CONNECTED QUEUE in 2001 -> 4000",
            "10 call.hangup root+2 HANGUP LOCAL_USER in 2001 -> 2003: Normal Clearing by callee",
            "11 call.hangup root+1 HANGUP QUEUE in 2001 -> 4000: Normal Clearing by callee, final",
        ],
        cdrs: &[
            "root the root, CONNECTED I LOCAL_USER in 2001 -> 2002, 5 of 7 s: Blind Transfer by api",
            "root+2 of root by root+1, CONNECTED I LOCAL_USER in 2001 -> 2003, 10 of 13 s: Normal Clearing by callee",
            "root+1 of root by root, CONNECTED I QUEUE in 2001 -> 4000, 10 of 13 s: Normal Clearing by callee",
        ],
    }
}

fn to_outside() -> Flow {
    let stage = Stage::new().user("2001").user("2002");
    let mut story = talking(stage.outsider("Lou", "442079460123").begin());
    let wish = transfer(&story, "442079460123");
    api(&mut story, wish);
    story.wait(SECOND * 3);
    story.answers("Lou");
    story.wait(SECOND * 10);
    story.hangs_up("Lou");
    Flow {
        title: "Transfer to the outside",
        words: "The new call is `destination: out`.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL LOCAL_USER in 2001 -> 2002",
            "2 call.ringing root RINGING LOCAL_USER in 2001 -> 2002",
            "3 call.connected root CONNECTED LOCAL_USER in 2001 -> 2002",
            "4 call.initial root+1 INITIAL LOCAL_USER out 2001 -> 442079460123",
            "5 call.hangup root HANGUP LOCAL_USER in 2001 -> 2002: Blind Transfer by api",
            "6 call.ringing root+1 RINGING LOCAL_USER out 2001 -> 442079460123",
            "7 call.connected root+1 CONNECTED LOCAL_USER out 2001 -> 442079460123",
            "8 call.hangup root+1 HANGUP LOCAL_USER out 2001 -> 442079460123: Normal Clearing by callee, final",
        ],
        cdrs: &[
            "root the root, CONNECTED I LOCAL_USER in 2001 -> 2002, 5 of 7 s: Blind Transfer by api",
            "root+1 of root by root, CONNECTED O LOCAL_USER out 2001 -> 442079460123, 10 of 13 s: Normal Clearing by callee",
        ],
    }
}

fn of_outsider() -> Flow {
    let mut story = Stage::new()
        .user("2001")
        .user("2002")
        .outsider("Lou", "442079460123")
        .begin();
    story.call("2001", "442079460123");
    story.wait(SECOND * 3);
    story.answers("Lou");
    story.wait(SECOND * 5);
    let wish = transfer(&story, "2002");
    api(&mut story, wish);
    story.wait(SECOND * 3);
    story.answers("2002");
    story.wait(SECOND * 10);
    story.hangs_up("Lou");
    Flow {
        title: "Transfer of somebody outside",
        words: "2001 called outside and hands that party to 2002: the one outside is `src` of the new call.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL LOCAL_USER out 2001 -> 442079460123",
            "2 call.ringing root RINGING LOCAL_USER out 2001 -> 442079460123",
            "3 call.connected root CONNECTED LOCAL_USER out 2001 -> 442079460123",
            "4 call.initial root+1 INITIAL LOCAL_USER in 442079460123 -> 2002",
            "5 call.hangup root HANGUP LOCAL_USER out 2001 -> 442079460123: Blind Transfer by api",
            "6 call.ringing root+1 RINGING LOCAL_USER in 442079460123 -> 2002",
            "7 call.connected root+1 CONNECTED LOCAL_USER in 442079460123 -> 2002",
            "8 call.hangup root+1 HANGUP LOCAL_USER in 442079460123 -> 2002: Normal Clearing by caller, final",
        ],
        cdrs: &[
            "root the root, CONNECTED O LOCAL_USER out 2001 -> 442079460123, 5 of 8 s: Blind Transfer by api",
            "root+1 of root by root, CONNECTED I LOCAL_USER in 442079460123 -> 2002, 10 of 13 s: Normal Clearing by caller",
        ],
    }
}

fn of_a_queue() -> Flow {
    let stage = Stage::new().user("2001").user("2002").user("2003");
    let mut story = stage.queue("4000", &["2002"]).begin();
    story.call("2001", "4000");
    story.wait(SECOND * 2);
    story.answers("2002");
    story.wait(SECOND * 10);
    story.transfers("2002", "2003");
    story.wait(SECOND * 3);
    story.answers("2003");
    story.wait(SECOND * 10);
    story.hangs_up("2001");
    Flow {
        title: "Transfer of a queue's call",
        words: "The agent's call and the queue's own both end with Blind Transfer; the root, whose call has \
                ended, still names the conversation.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL QUEUE in 2001 -> 4000",
            "2 call.initial root+1 INITIAL LOCAL_USER in 2001 -> 2002",
            "3 call.ringing root+1 RINGING LOCAL_USER in 2001 -> 2002",
            "4 call.connected root+1 CONNECTED LOCAL_USER in 2001 -> 2002",
            "5 call.connected root CONNECTED QUEUE in 2001 -> 4000",
            "6 call.initial root+2 INITIAL LOCAL_USER in 2001 -> 2003",
            "7 call.hangup root+1 HANGUP LOCAL_USER in 2001 -> 2002: Blind Transfer by callee",
            "8 call.hangup root HANGUP QUEUE in 2001 -> 4000: Blind Transfer by callee",
            "9 call.ringing root+2 RINGING LOCAL_USER in 2001 -> 2003",
            "10 call.connected root+2 CONNECTED LOCAL_USER in 2001 -> 2003",
            "11 call.hangup root+2 HANGUP LOCAL_USER in 2001 -> 2003: Normal Clearing by caller, final",
        ],
        cdrs: &[
            "root+1 of root by root, CONNECTED I LOCAL_USER in 2001 -> 2002, 10 of 12 s: Blind Transfer by callee",
            "root the root, CONNECTED I QUEUE in 2001 -> 4000, 10 of 12 s: Blind Transfer by callee",
            "root+2 of root by root+1, CONNECTED I LOCAL_USER in 2001 -> 2003, 10 of 13 s: Normal Clearing by caller",
        ],
    }
}

fn of_a_queue_with_wrap_up() -> Flow {
    let stage = Stage::new().user("2001").user("2002").user("2003");
    let stage = stage.queue_with("4000", &["2002"], |queue| {
        queue.wrap_up = SECOND * 15;
    });
    let mut story = stage.begin();
    story.call("2001", "4000");
    story.wait(SECOND * 2);
    story.answers("2002");
    story.wait(SECOND * 10);
    story.transfers("2002", "2003");
    story.wait(SECOND * 3);
    story.answers("2003");
    story.wait(SECOND * 20);
    story.hangs_up("2001");
    Flow {
        title: "Transfer of a queue's call, with time after the call",
        words: "The agent's time after the call begins with the transfer, while the conversation goes on.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL QUEUE in 2001 -> 4000",
            "2 call.initial root+1 INITIAL LOCAL_USER in 2001 -> 2002",
            "3 call.ringing root+1 RINGING LOCAL_USER in 2001 -> 2002",
            "4 call.connected root+1 CONNECTED LOCAL_USER in 2001 -> 2002",
            "5 call.connected root CONNECTED QUEUE in 2001 -> 4000",
            "6 call.initial root+2 INITIAL LOCAL_USER in 2001 -> 2003",
            "7 call.hangup root+1 HANGUP LOCAL_USER in 2001 -> 2002: Blind Transfer by callee",
            "8 call.hangup root HANGUP QUEUE in 2001 -> 4000: Blind Transfer by callee",
            "- queue.wrapup root HANGUP QUEUE in 2001 -> 4000 (action: open)",
            "9 call.ringing root+2 RINGING LOCAL_USER in 2001 -> 2003",
            "10 call.connected root+2 CONNECTED LOCAL_USER in 2001 -> 2003",
            "- queue.wrapup root HANGUP QUEUE in 2001 -> 4000 (action: timeout)",
            "11 call.hangup root+2 HANGUP LOCAL_USER in 2001 -> 2003: Normal Clearing by caller, final",
        ],
        cdrs: &[
            "root+1 of root by root, CONNECTED I LOCAL_USER in 2001 -> 2002, 10 of 12 s: Blind Transfer by callee",
            "root the root, CONNECTED I QUEUE in 2001 -> 4000, 10 of 12 s: Blind Transfer by callee",
            "root+2 of root by root+1, CONNECTED I LOCAL_USER in 2001 -> 2003, 20 of 23 s: Normal Clearing by caller",
        ],
    }
}

fn twice() -> Flow {
    let stage = Stage::new()
        .user("2001")
        .user("2002")
        .user("2003")
        .user("2004");
    let mut story = talking(stage.begin());
    story.transfers("2002", "2003");
    story.wait(SECOND * 2);
    story.answers("2003");
    story.wait(SECOND * 5);
    story.transfers("2003", "2004");
    story.wait(SECOND * 2);
    story.answers("2004");
    story.wait(SECOND * 5);
    story.hangs_up("2004");
    Flow {
        title: "Transferred twice",
        words: "The third call_id under the same root; each CDR names its parent, so that the way of the caller \
                can be followed.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL LOCAL_USER in 2001 -> 2002",
            "2 call.ringing root RINGING LOCAL_USER in 2001 -> 2002",
            "3 call.connected root CONNECTED LOCAL_USER in 2001 -> 2002",
            "4 call.initial root+1 INITIAL LOCAL_USER in 2001 -> 2003",
            "5 call.hangup root HANGUP LOCAL_USER in 2001 -> 2002: Blind Transfer by callee",
            "6 call.ringing root+1 RINGING LOCAL_USER in 2001 -> 2003",
            "7 call.connected root+1 CONNECTED LOCAL_USER in 2001 -> 2003",
            "8 call.initial root+2 INITIAL LOCAL_USER in 2001 -> 2004",
            "9 call.hangup root+1 HANGUP LOCAL_USER in 2001 -> 2003: Blind Transfer by callee",
            "10 call.ringing root+2 RINGING LOCAL_USER in 2001 -> 2004",
            "11 call.connected root+2 CONNECTED LOCAL_USER in 2001 -> 2004",
            "12 call.hangup root+2 HANGUP LOCAL_USER in 2001 -> 2004: Normal Clearing by callee, final",
        ],
        cdrs: &[
            "root the root, CONNECTED I LOCAL_USER in 2001 -> 2002, 5 of 7 s: Blind Transfer by callee",
            "root+1 of root by root, CONNECTED I LOCAL_USER in 2001 -> 2003, 5 of 7 s: Blind Transfer by callee",
            "root+2 of root by root+1, CONNECTED I LOCAL_USER in 2001 -> 2004, 5 of 7 s: Normal Clearing by callee",
        ],
    }
}
