//! Calls from and to the outside.

use offhook_sim::story::{Stage, Story};

use crate::flow::{Flow, SECOND};

chapter! {
    title: "Trunks",
    words: "What a trunk brings is `destination: in`, what goes out by one is `destination: out`. Somebody \
            outside has `src_id` or `dst_id` `\"0\"`. An outgoing call that is not answered ends with \
            `call.failed`, whatever the cause; towards us it would be `call.missed`.",
    flows: [inbound, inbound_missed, unknown_did, outbound, outbound_failed, outbound_given_up, no_trunk],
}

const LONDON: &str = "442079460123";
const OURS: &str = "441632960001";

fn outside() -> Story {
    Stage::new()
        .user("2001")
        .outsider("Lou", LONDON)
        .number(OURS, "2001")
        .begin()
}

fn inbound() -> Flow {
    let mut story = outside();
    story.call("Lou", OURS);
    story.wait(SECOND * 4);
    story.answers("2001");
    story.wait(SECOND * 20);
    story.hangs_up("Lou");
    Flow {
        title: "Trunk to user, answered",
        words: "Somebody outside calls a number (DID) that leads to a user. `dst` is the number as it was \
                dialled, `dst_id` the user.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL LOCAL_USER in 442079460123 -> 441632960001",
            "2 call.ringing root RINGING LOCAL_USER in 442079460123 -> 441632960001",
            "3 call.connected root CONNECTED LOCAL_USER in 442079460123 -> 441632960001",
            "4 call.hangup root HANGUP LOCAL_USER in 442079460123 -> 441632960001: Normal Clearing by caller, final",
        ],
        cdrs: &[
            "root the root, CONNECTED I LOCAL_USER in 442079460123 -> 441632960001, 20 of 24 s: Normal Clearing by caller",
        ],
    }
}

fn inbound_missed() -> Flow {
    let mut story = outside();
    story.call("Lou", OURS);
    story.wait(SECOND * 8);
    story.hangs_up("Lou");
    Flow {
        title: "Trunk to user, missed",
        words: "The caller gives up.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL LOCAL_USER in 442079460123 -> 441632960001",
            "2 call.ringing root RINGING LOCAL_USER in 442079460123 -> 441632960001",
            "3 call.missed root HANGUP LOCAL_USER in 442079460123 -> 441632960001: Originator Cancel by caller, final",
        ],
        cdrs: &[
            "root the root, NO ANSWER M LOCAL_USER in 442079460123 -> 441632960001, 0 of 8 s: Originator Cancel by caller",
        ],
    }
}

fn unknown_did() -> Flow {
    let mut story = outside();
    story.call("Lou", "441632960999");
    Flow {
        title: "Trunk to a number that is not ours",
        words: "The trunk gets 404. There is no call_id, no event and no CDR.",
        told: story.end().unwrap(),
        events: &[],
        cdrs: &[],
    }
}

fn outbound() -> Flow {
    let mut story = outside();
    story.call("2001", LONDON);
    story.wait(SECOND * 4);
    story.answers("Lou");
    story.wait(SECOND * 20);
    story.hangs_up("Lou");
    Flow {
        title: "User to trunk, answered",
        words: "The number that is shown outside is in `clid`: the user's own one here. `src` stays the \
                extension.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL LOCAL_USER out 2001 -> 442079460123",
            "2 call.ringing root RINGING LOCAL_USER out 2001 -> 442079460123",
            "3 call.connected root CONNECTED LOCAL_USER out 2001 -> 442079460123",
            "4 call.hangup root HANGUP LOCAL_USER out 2001 -> 442079460123: Normal Clearing by callee, final",
        ],
        cdrs: &[
            "root the root, CONNECTED O LOCAL_USER out 2001 -> 442079460123, 20 of 24 s: Normal Clearing by callee",
        ],
    }
}

fn outbound_failed() -> Flow {
    let mut story = outside();
    story.call("2001", LONDON);
    story.wait(SECOND * 2);
    story.refuses("Lou", 486);
    Flow {
        title: "User to trunk, busy",
        words: "Any answer of the trunk of 300 or above is the same but for the cause.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL LOCAL_USER out 2001 -> 442079460123",
            "2 call.ringing root RINGING LOCAL_USER out 2001 -> 442079460123",
            "3 call.failed root FAILED LOCAL_USER out 2001 -> 442079460123: User Busy by callee, final",
        ],
        cdrs: &[
            "root the root, BUSY O LOCAL_USER out 2001 -> 442079460123, 0 of 2 s: User Busy by callee",
        ],
    }
}

fn outbound_given_up() -> Flow {
    let mut story = outside();
    story.call("2001", LONDON);
    story.wait(SECOND * 6);
    story.hangs_up("2001");
    Flow {
        title: "User to trunk, the caller gives up",
        words: "`call.failed` as well, with the `disposition` NO ANSWER.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL LOCAL_USER out 2001 -> 442079460123",
            "2 call.ringing root RINGING LOCAL_USER out 2001 -> 442079460123",
            "3 call.failed root FAILED LOCAL_USER out 2001 -> 442079460123: Originator Cancel by caller, final",
        ],
        cdrs: &[
            "root the root, NO ANSWER O LOCAL_USER out 2001 -> 442079460123, 0 of 6 s: Originator Cancel by caller",
        ],
    }
}

fn no_trunk() -> Flow {
    let mut story = Stage::new()
        .user("2001")
        .outsider_with("Lou", LONDON, |trunk| trunk.max_calls = Some(0))
        .begin();
    story.call("2001", LONDON);
    Flow {
        title: "User to trunk, no line free",
        words: "Nothing is sent: the trunks that are up have as many calls as they may (`max_calls`). With no \
                trunk up the cause is Network Out Of Order.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL LOCAL_USER out 2001 -> 442079460123",
            "2 call.failed root FAILED LOCAL_USER out 2001 -> 442079460123: Normal Circuit Congestion by system, final",
        ],
        cdrs: &[
            "root the root, FAILED O LOCAL_USER out 2001 -> 442079460123, 0 of 0 s: Normal Circuit Congestion by system",
        ],
    }
}
