//! User to user.

use offhook_sim::story::Stage;

use crate::flow::{Flow, SECOND, two};

chapter! {
    title: "User to user",
    words: "One call_id, which is the root itself: `call_id` equals `root_call_id`, and the one last event is \
            final.",
    flows: [
        answered, no_answer, caller_gives_up, busy, declined, do_not_disturb, unregistered, unknown_number, hold,
        both_hold, hold_by_api, two_phones, hung_up_by_api,
    ],
}

fn answered() -> Flow {
    let mut story = two();
    story.call("2001", "2002");
    story.wait(SECOND * 3);
    story.answers("2002");
    story.wait(SECOND * 10);
    story.hangs_up("2001");
    Flow {
        title: "User to user, answered",
        words: "2001 calls 2002, who answers; after ten seconds the caller hangs up.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL LOCAL_USER in 2001 -> 2002",
            "2 call.ringing root RINGING LOCAL_USER in 2001 -> 2002",
            "3 call.connected root CONNECTED LOCAL_USER in 2001 -> 2002",
            "4 call.hangup root HANGUP LOCAL_USER in 2001 -> 2002: Normal Clearing by caller, final",
        ],
        cdrs: &[
            "root the root, CONNECTED I LOCAL_USER in 2001 -> 2002, 10 of 13 s: Normal Clearing by caller",
        ],
    }
}

fn no_answer() -> Flow {
    let mut story = two();
    story.call("2001", "2002");
    Flow {
        title: "User to user, nobody answers",
        words: "Phones ring for 30 seconds, then the call is given up.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL LOCAL_USER in 2001 -> 2002",
            "2 call.ringing root RINGING LOCAL_USER in 2001 -> 2002",
            "3 call.missed root HANGUP LOCAL_USER in 2001 -> 2002: No Answer by system, final",
        ],
        cdrs: &[
            "root the root, NO ANSWER M LOCAL_USER in 2001 -> 2002, 0 of 30 s: No Answer by system",
        ],
    }
}

fn caller_gives_up() -> Flow {
    let mut story = two();
    story.call("2001", "2002");
    story.wait(SECOND * 5);
    story.hangs_up("2001");
    Flow {
        title: "User to user, the caller gives up",
        words: "The caller hangs up while the phone rings. Only `t_cause` and `terminated_by` tell it from the \
                flow before.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL LOCAL_USER in 2001 -> 2002",
            "2 call.ringing root RINGING LOCAL_USER in 2001 -> 2002",
            "3 call.missed root HANGUP LOCAL_USER in 2001 -> 2002: Originator Cancel by caller, final",
        ],
        cdrs: &[
            "root the root, NO ANSWER M LOCAL_USER in 2001 -> 2002, 0 of 5 s: Originator Cancel by caller",
        ],
    }
}

fn busy() -> Flow {
    let mut story = two();
    story.call("2001", "2002");
    story.refuses("2002", 486);
    Flow {
        title: "User to user, busy",
        words: "The called phone answers 486. Had it said so at once, without ringing, there would be no \
                `call.ringing`.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL LOCAL_USER in 2001 -> 2002",
            "2 call.ringing root RINGING LOCAL_USER in 2001 -> 2002",
            "3 call.missed root HANGUP LOCAL_USER in 2001 -> 2002: User Busy by callee, final",
        ],
        cdrs: &["root the root, BUSY M LOCAL_USER in 2001 -> 2002, 0 of 0 s: User Busy by callee"],
    }
}

fn declined() -> Flow {
    let mut story = two();
    story.call("2001", "2002");
    story.wait(SECOND * 2);
    story.declines("2002");
    Flow {
        title: "User to user, declined",
        words: "The called person presses the red button: 603.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL LOCAL_USER in 2001 -> 2002",
            "2 call.ringing root RINGING LOCAL_USER in 2001 -> 2002",
            "3 call.missed root HANGUP LOCAL_USER in 2001 -> 2002: Call Rejected by callee, final",
        ],
        cdrs: &[
            "root the root, NO ANSWER M LOCAL_USER in 2001 -> 2002, 0 of 2 s: Call Rejected by callee",
        ],
    }
}

fn do_not_disturb() -> Flow {
    let mut story = Stage::new()
        .user("2001")
        .user("2002")
        .undisturbed("2002")
        .begin();
    story.call("2001", "2002");
    Flow {
        title: "User to user, do not disturb",
        words: "No phone is rung, so that `call.ringing` is absent.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL LOCAL_USER in 2001 -> 2002",
            "2 call.missed root HANGUP LOCAL_USER in 2001 -> 2002: User Busy by system, final",
        ],
        cdrs: &["root the root, BUSY M LOCAL_USER in 2001 -> 2002, 0 of 0 s: User Busy by system"],
    }
}

fn unregistered() -> Flow {
    let mut story = Stage::new().user("2001").absent("2002").begin();
    story.call("2001", "2002");
    Flow {
        title: "User to user, no phone registered",
        words: "The user exists, but no phone of theirs is there.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL LOCAL_USER in 2001 -> 2002",
            "2 call.missed root HANGUP LOCAL_USER in 2001 -> 2002: Subscriber Absent by system, final",
        ],
        cdrs: &[
            "root the root, NO ANSWER M LOCAL_USER in 2001 -> 2002, 0 of 0 s: Subscriber Absent by system",
        ],
    }
}

fn unknown_number() -> Flow {
    let mut story = two();
    story.call("2001", "2999");
    Flow {
        title: "User to a number that nobody has",
        words: "The exception to `call.missed` for calls that stay inside: `destination` is `out`, `dst_id` is \
                `\"0\"`, and the end is `call.failed`. A number that this user may not call ends the same way.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL LOCAL_USER out 2001 -> 2999",
            "2 call.failed root FAILED LOCAL_USER out 2001 -> 2999: Unallocated Number by system, final",
        ],
        cdrs: &[
            "root the root, FAILED O LOCAL_USER out 2001 -> 2999, 0 of 0 s: Unallocated Number by system",
        ],
    }
}

fn hold() -> Flow {
    let mut story = two();
    story.call("2001", "2002");
    story.wait(SECOND * 2);
    story.answers("2002");
    story.wait(SECOND * 5);
    story.holds("2002");
    story.wait(SECOND * 5);
    story.resumes("2002");
    story.wait(SECOND * 5);
    story.hangs_up("2002");
    Flow {
        title: "Hold",
        words: "Either side may hold, as often as it likes. The time on hold counts as talk (`billsec`).",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL LOCAL_USER in 2001 -> 2002",
            "2 call.ringing root RINGING LOCAL_USER in 2001 -> 2002",
            "3 call.connected root CONNECTED LOCAL_USER in 2001 -> 2002",
            "4 call.hold root ON_HOLD LOCAL_USER in 2001 -> 2002",
            "5 call.unhold root CONNECTED LOCAL_USER in 2001 -> 2002",
            "6 call.hangup root HANGUP LOCAL_USER in 2001 -> 2002: Normal Clearing by callee, final",
        ],
        cdrs: &[
            "root the root, CONNECTED I LOCAL_USER in 2001 -> 2002, 15 of 17 s: Normal Clearing by callee",
        ],
    }
}

fn both_hold() -> Flow {
    let mut story = two();
    story.call("2001", "2002");
    story.answers("2002");
    for who in ["2002", "2001"] {
        story.wait(SECOND);
        story.holds(who);
    }
    for who in ["2002", "2001"] {
        story.wait(SECOND);
        story.resumes(who);
    }
    story.wait(SECOND);
    story.hangs_up("2001");
    Flow {
        title: "Hold by both sides",
        words: "`call.hold` when the first side holds, `call.unhold` when none holds any more, nothing between.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL LOCAL_USER in 2001 -> 2002",
            "2 call.ringing root RINGING LOCAL_USER in 2001 -> 2002",
            "3 call.connected root CONNECTED LOCAL_USER in 2001 -> 2002",
            "4 call.hold root ON_HOLD LOCAL_USER in 2001 -> 2002",
            "5 call.unhold root CONNECTED LOCAL_USER in 2001 -> 2002",
            "6 call.hangup root HANGUP LOCAL_USER in 2001 -> 2002: Normal Clearing by caller, final",
        ],
        cdrs: &[
            "root the root, CONNECTED I LOCAL_USER in 2001 -> 2002, 5 of 5 s: Normal Clearing by caller",
        ],
    }
}

fn hold_by_api() -> Flow {
    use crate::flow::{api, newest, user};
    use offhook_call::ApiCommand;
    let mut story = two();
    story.call("2001", "2002");
    story.answers("2002");
    let call = newest(&story);
    for held in [true, false] {
        story.wait(SECOND * 2);
        let by = user(1);
        api(&mut story, ApiCommand::Hold { call, held, by });
    }
    story.wait(SECOND * 2);
    story.hangs_up("2002");
    Flow {
        title: "Hold by API",
        words: "`PATCH /calls/{id}` with `{\"state\":\"ON_HOLD\"}`, then with `{\"state\":\"CONNECTED\"}`: the \
                same events as by the phone.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL LOCAL_USER in 2001 -> 2002",
            "2 call.ringing root RINGING LOCAL_USER in 2001 -> 2002",
            "3 call.connected root CONNECTED LOCAL_USER in 2001 -> 2002",
            "4 call.hold root ON_HOLD LOCAL_USER in 2001 -> 2002",
            "5 call.unhold root CONNECTED LOCAL_USER in 2001 -> 2002",
            "6 call.hangup root HANGUP LOCAL_USER in 2001 -> 2002: Normal Clearing by callee, final",
        ],
        cdrs: &[
            "root the root, CONNECTED I LOCAL_USER in 2001 -> 2002, 6 of 6 s: Normal Clearing by callee",
        ],
    }
}

fn two_phones() -> Flow {
    let mut story = Stage::new()
        .user("2001")
        .user("2002")
        .phone("desk", "2002")
        .begin();
    story.call("2001", "2002");
    story.wait(SECOND * 3);
    story.answers("desk");
    story.wait(SECOND * 10);
    story.hangs_up("desk");
    Flow {
        title: "A user with two phones",
        words: "All phones of a user ring, and are one call: one `call.ringing`, one end, one CDR. Which phone \
                answered is in the CDR (`sip_endpoint_id`, `dst_ua`).",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL LOCAL_USER in 2001 -> 2002",
            "2 call.ringing root RINGING LOCAL_USER in 2001 -> 2002",
            "3 call.connected root CONNECTED LOCAL_USER in 2001 -> 2002",
            "4 call.hangup root HANGUP LOCAL_USER in 2001 -> 2002: Normal Clearing by callee, final",
        ],
        cdrs: &[
            "root the root, CONNECTED I LOCAL_USER in 2001 -> 2002, 10 of 13 s: Normal Clearing by callee",
        ],
    }
}

fn hung_up_by_api() -> Flow {
    use crate::flow::{api, newest};
    use offhook_call::ApiCommand;
    let mut story = two();
    story.call("2001", "2002");
    story.answers("2002");
    story.wait(SECOND * 4);
    let call = newest(&story);
    api(&mut story, ApiCommand::Hangup { call });
    Flow {
        title: "Hung up by API",
        words: "`DELETE /calls/{id}`.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL LOCAL_USER in 2001 -> 2002",
            "2 call.ringing root RINGING LOCAL_USER in 2001 -> 2002",
            "3 call.connected root CONNECTED LOCAL_USER in 2001 -> 2002",
            "4 call.hangup root HANGUP LOCAL_USER in 2001 -> 2002: Manager Request by api, final",
        ],
        cdrs: &[
            "root the root, CONNECTED I LOCAL_USER in 2001 -> 2002, 4 of 4 s: Manager Request by api",
        ],
    }
}
