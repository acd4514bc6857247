//! Ring groups.

use std::time::Duration;

use offhook_call::GroupStrategy;
use offhook_sim::story::Stage;

use crate::flow::{Flow, SECOND};

chapter! {
    title: "Ring groups",
    words: "The group is the root call, context `RG-<id>`; each member who is tried has a call_id of their own \
            under it, context `LOCAL_USER`. A member who declined, was busy or rang out ends with `call.missed`, \
            `final: false`, even when another one answers later. A member whom we stopped ringing because \
            another one answered ends with `call.hangup`, cause Lose Race. The group's own last event is the \
            final one.",
    flows: [answered, nobody, abandoned, no_members, linear, hung_up],
}

fn group() -> Stage {
    Stage::new()
        .user("2001")
        .user("2002")
        .user("2003")
        .group("3000", &["2002", "2003"])
}

fn answered() -> Flow {
    let mut story = group().begin();
    story.call("2001", "3000");
    story.wait(SECOND * 5);
    story.answers("2003");
    story.wait(SECOND * 15);
    story.hangs_up("2001");
    Flow {
        title: "Ring group, answered",
        words: "2001 calls group 3000: 2002 and 2003 ring, 2003 answers.",
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
            "10 call.hangup root+2 HANGUP LOCAL_USER in 2001 -> 2003: Normal Clearing by caller",
            "11 call.hangup root HANGUP RG-1 in 2001 -> 3000: Normal Clearing by caller, final",
        ],
        cdrs: &[
            "root+1 of root by root, NO ANSWER M LOCAL_USER in 2001 -> 2002, 0 of 5 s: Lose Race by system",
            "root+2 of root by root, CONNECTED I LOCAL_USER in 2001 -> 2003, 15 of 20 s: Normal Clearing by caller",
            "root the root, CONNECTED I RG-1 in 2001 -> 3000, 15 of 20 s: Normal Clearing by caller",
        ],
    }
}

fn nobody() -> Flow {
    let mut story = group().begin();
    story.call("2001", "3000");
    story.wait(SECOND * 3);
    story.declines("2002");
    Flow {
        title: "Ring group, nobody answers",
        words: "2002 declines, 2003 lets it ring until the group's ring time is over: `info` is `no_answer`.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL RG-1 in 2001 -> 3000",
            "2 call.initial root+1 INITIAL LOCAL_USER in 2001 -> 2002",
            "3 call.initial root+2 INITIAL LOCAL_USER in 2001 -> 2003",
            "4 call.ringing root+1 RINGING LOCAL_USER in 2001 -> 2002",
            "5 call.ringing root RINGING RG-1 in 2001 -> 3000",
            "6 call.ringing root+2 RINGING LOCAL_USER in 2001 -> 2003",
            "7 call.missed root+1 HANGUP LOCAL_USER in 2001 -> 2002: Call Rejected by callee",
            "8 call.missed root+2 HANGUP LOCAL_USER in 2001 -> 2003: No Answer by system",
            "9 call.missed root HANGUP RG-1 in 2001 -> 3000: Call Rejected by system (no_answer), final",
        ],
        cdrs: &[
            "root+1 of root by root, NO ANSWER M LOCAL_USER in 2001 -> 2002, 0 of 3 s: Call Rejected by callee",
            "root+2 of root by root, NO ANSWER M LOCAL_USER in 2001 -> 2003, 0 of 20 s: No Answer by system",
            "root the root, NO ANSWER M RG-1 in 2001 -> 3000, 0 of 20 s: Call Rejected by system (no_answer)",
        ],
    }
}

fn abandoned() -> Flow {
    let mut story = group().begin();
    story.call("2001", "3000");
    story.wait(SECOND * 6);
    story.hangs_up("2001");
    Flow {
        title: "Ring group, the caller gives up",
        words: "`info` of the group is `abandoned`.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL RG-1 in 2001 -> 3000",
            "2 call.initial root+1 INITIAL LOCAL_USER in 2001 -> 2002",
            "3 call.initial root+2 INITIAL LOCAL_USER in 2001 -> 2003",
            "4 call.ringing root+1 RINGING LOCAL_USER in 2001 -> 2002",
            "5 call.ringing root RINGING RG-1 in 2001 -> 3000",
            "6 call.ringing root+2 RINGING LOCAL_USER in 2001 -> 2003",
            "7 call.missed root+1 HANGUP LOCAL_USER in 2001 -> 2002: Originator Cancel by caller",
            "8 call.missed root+2 HANGUP LOCAL_USER in 2001 -> 2003: Originator Cancel by caller",
            "9 call.missed root HANGUP RG-1 in 2001 -> 3000: Originator Cancel by caller (abandoned), final",
        ],
        cdrs: &[
            "root+1 of root by root, NO ANSWER M LOCAL_USER in 2001 -> 2002, 0 of 6 s: Originator Cancel by caller",
            "root+2 of root by root, NO ANSWER M LOCAL_USER in 2001 -> 2003, 0 of 6 s: Originator Cancel by caller",
            "root the root, NO ANSWER M RG-1 in 2001 -> 3000, 0 of 6 s: Originator Cancel by caller (abandoned)",
        ],
    }
}

fn no_members() -> Flow {
    let mut story = Stage::new()
        .user("2001")
        .absent("2002")
        .user("2003")
        .undisturbed("2003")
        .group("3000", &["2002", "2003"])
        .begin();
    story.call("2001", "3000");
    Flow {
        title: "Ring group, nobody can be rung",
        words: "2002 has no phone registered, 2003 does not want to be disturbed: `info` is `no_members`. A \
                group without members gets the group's own two events only.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL RG-1 in 2001 -> 3000",
            "2 call.initial root+1 INITIAL LOCAL_USER in 2001 -> 2002",
            "3 call.missed root+1 HANGUP LOCAL_USER in 2001 -> 2002: Subscriber Absent by system",
            "4 call.initial root+2 INITIAL LOCAL_USER in 2001 -> 2003",
            "5 call.missed root+2 HANGUP LOCAL_USER in 2001 -> 2003: User Busy by system",
            "6 call.missed root HANGUP RG-1 in 2001 -> 3000: User Busy by system (no_members), final",
        ],
        cdrs: &[
            "root+1 of root by root, NO ANSWER M LOCAL_USER in 2001 -> 2002, 0 of 0 s: Subscriber Absent by system",
            "root+2 of root by root, BUSY M LOCAL_USER in 2001 -> 2003, 0 of 0 s: User Busy by system",
            "root the root, BUSY M RG-1 in 2001 -> 3000, 0 of 0 s: User Busy by system (no_members)",
        ],
    }
}

fn linear() -> Flow {
    let mut story = Stage::new()
        .user("2001")
        .user("2002")
        .user("2003")
        .group_with("3000", &["2002", "2003"], |group| {
            group.strategy = GroupStrategy::Linear;
            group.ring_time = Duration::from_secs(15);
        })
        .begin();
    story.call("2001", "3000");
    story.wait(SECOND * 18);
    story.answers("2003");
    story.wait(SECOND * 10);
    story.hangs_up("2003");
    Flow {
        title: "Ring group, one after the other",
        words: "Strategy `linear`: 2002 rings out, then 2003 is rung and answers. The group's `call.ringing` \
                comes once.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL RG-1 in 2001 -> 3000",
            "2 call.initial root+1 INITIAL LOCAL_USER in 2001 -> 2002",
            "3 call.ringing root+1 RINGING LOCAL_USER in 2001 -> 2002",
            "4 call.ringing root RINGING RG-1 in 2001 -> 3000",
            "5 call.missed root+1 HANGUP LOCAL_USER in 2001 -> 2002: No Answer by system",
            "6 call.initial root+2 INITIAL LOCAL_USER in 2001 -> 2003",
            "7 call.ringing root+2 RINGING LOCAL_USER in 2001 -> 2003",
            "8 call.connected root+2 CONNECTED LOCAL_USER in 2001 -> 2003",
            "9 call.connected root CONNECTED RG-1 in 2001 -> 3000",
            "10 call.hangup root+2 HANGUP LOCAL_USER in 2001 -> 2003: Normal Clearing by callee",
            "11 call.hangup root HANGUP RG-1 in 2001 -> 3000: Normal Clearing by callee, final",
        ],
        cdrs: &[
            "root+1 of root by root, NO ANSWER M LOCAL_USER in 2001 -> 2002, 0 of 15 s: No Answer by system",
            "root+2 of root by root, CONNECTED I LOCAL_USER in 2001 -> 2003, 10 of 13 s: Normal Clearing by callee",
            "root the root, CONNECTED I RG-1 in 2001 -> 3000, 10 of 28 s: Normal Clearing by callee",
        ],
    }
}

fn hung_up() -> Flow {
    use crate::flow::api;
    use offhook_call::ApiCommand;
    let mut story = group().begin();
    story.call("2001", "3000");
    story.wait(SECOND * 2);
    let call = story.call_ids()[0];
    api(&mut story, ApiCommand::Hangup { call });
    Flow {
        title: "Ring group, hung up by API while it rings",
        words: "`DELETE /calls/{id}` with the id of the root or of a member: the conversation ends as a whole.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL RG-1 in 2001 -> 3000",
            "2 call.initial root+1 INITIAL LOCAL_USER in 2001 -> 2002",
            "3 call.initial root+2 INITIAL LOCAL_USER in 2001 -> 2003",
            "4 call.ringing root+1 RINGING LOCAL_USER in 2001 -> 2002",
            "5 call.ringing root RINGING RG-1 in 2001 -> 3000",
            "6 call.ringing root+2 RINGING LOCAL_USER in 2001 -> 2003",
            "7 call.missed root+1 HANGUP LOCAL_USER in 2001 -> 2002: Manager Request by api",
            "8 call.missed root+2 HANGUP LOCAL_USER in 2001 -> 2003: Manager Request by api",
            "9 call.missed root HANGUP RG-1 in 2001 -> 3000: Manager Request by api, final",
        ],
        cdrs: &[
            "root+1 of root by root, NO ANSWER M LOCAL_USER in 2001 -> 2002, 0 of 2 s: Manager Request by api",
            "root+2 of root by root, NO ANSWER M LOCAL_USER in 2001 -> 2003, 0 of 2 s: Manager Request by api",
            "root the root, NO ANSWER M RG-1 in 2001 -> 3000, 0 of 2 s: Manager Request by api",
        ],
    }
}
