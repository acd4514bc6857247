//! Queues.

use std::time::Duration;

use offhook_base::QueueId;
use offhook_call::{ApiCommand, QueueConfig};
use offhook_sim::story::{Stage, Story};

use crate::flow::{Flow, SECOND, api, user};

chapter! {
    title: "Queues",
    words: "The queue is the root call, context `QUEUE`. It has no `call.ringing`: the caller hears music. \
            `call.connected` comes when an agent answers. Each offer to an agent has a call_id of its own under \
            it, context `LOCAL_USER`; an agent who is tried again gets a new one. An offer that was not taken \
            ends with `call.missed`, `final: false`.",
    flows: [
        answered, second_agent, all_ring, abandoned, abandoned_ringing, max_wait, no_agents, max_length, wrap_up,
        wrap_up_closed,
    ],
}

fn queue() -> Stage {
    queue_with(|_| ())
}

fn queue_with(change: impl FnOnce(&mut QueueConfig)) -> Stage {
    Stage::new()
        .user("2001")
        .user("2002")
        .user("2003")
        .queue_with("4000", &["2002", "2003"], change)
}

fn in_queue(change: impl FnOnce(&mut QueueConfig)) -> Story {
    let mut story = queue_with(change).begin();
    story.call("2001", "4000");
    story
}

fn answered() -> Flow {
    let mut story = in_queue(|_| ());
    story.wait(SECOND * 4);
    story.answers("2002");
    story.wait(SECOND * 30);
    story.hangs_up("2001");
    Flow {
        title: "Queue, answered by the first agent",
        words: "2001 calls queue 4000; agent 2002 is rung and answers.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL QUEUE in 2001 -> 4000",
            "2 call.initial root+1 INITIAL LOCAL_USER in 2001 -> 2002",
            "3 call.ringing root+1 RINGING LOCAL_USER in 2001 -> 2002",
            "4 call.connected root+1 CONNECTED LOCAL_USER in 2001 -> 2002",
            "5 call.connected root CONNECTED QUEUE in 2001 -> 4000",
            "6 call.hangup root+1 HANGUP LOCAL_USER in 2001 -> 2002: Normal Clearing by caller",
            "7 call.hangup root HANGUP QUEUE in 2001 -> 4000: Normal Clearing by caller, final",
        ],
        cdrs: &[
            "root+1 of root by root, CONNECTED I LOCAL_USER in 2001 -> 2002, 30 of 34 s: Normal Clearing by caller",
            "root the root, CONNECTED I QUEUE in 2001 -> 4000, 30 of 34 s: Normal Clearing by caller",
        ],
    }
}

fn second_agent() -> Flow {
    let mut story = in_queue(|_| ());
    story.wait(SECOND * 12);
    story.answers("2003");
    story.wait(SECOND * 30);
    story.hangs_up("2003");
    Flow {
        title: "Queue, answered by the second agent",
        words: "Agent 2002 lets it ring for the queue's ring time, then 2003 is rung and answers.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL QUEUE in 2001 -> 4000",
            "2 call.initial root+1 INITIAL LOCAL_USER in 2001 -> 2002",
            "3 call.ringing root+1 RINGING LOCAL_USER in 2001 -> 2002",
            "4 call.missed root+1 HANGUP LOCAL_USER in 2001 -> 2002: No Answer by system",
            "5 call.initial root+2 INITIAL LOCAL_USER in 2001 -> 2003",
            "6 call.ringing root+2 RINGING LOCAL_USER in 2001 -> 2003",
            "7 call.connected root+2 CONNECTED LOCAL_USER in 2001 -> 2003",
            "8 call.connected root CONNECTED QUEUE in 2001 -> 4000",
            "9 call.hangup root+2 HANGUP LOCAL_USER in 2001 -> 2003: Normal Clearing by callee",
            "10 call.hangup root HANGUP QUEUE in 2001 -> 4000: Normal Clearing by callee, final",
        ],
        cdrs: &[
            "root+1 of root by root, NO ANSWER M LOCAL_USER in 2001 -> 2002, 0 of 10 s: No Answer by system",
            "root+2 of root by root, CONNECTED I LOCAL_USER in 2001 -> 2003, 30 of 32 s: Normal Clearing by callee",
            "root the root, CONNECTED I QUEUE in 2001 -> 4000, 30 of 42 s: Normal Clearing by callee",
        ],
    }
}

fn all_ring() -> Flow {
    let mut story = in_queue(|queue| queue.strategy = offhook_call::QueueStrategy::All);
    story.wait(SECOND * 4);
    story.answers("2003");
    story.wait(SECOND * 10);
    story.hangs_up("2001");
    Flow {
        title: "Queue, all agents at once",
        words: "Strategy `A`: the agents who lost end as in a ring group, with Lose Race.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL QUEUE in 2001 -> 4000",
            "2 call.initial root+1 INITIAL LOCAL_USER in 2001 -> 2002",
            "3 call.initial root+2 INITIAL LOCAL_USER in 2001 -> 2003",
            "4 call.ringing root+1 RINGING LOCAL_USER in 2001 -> 2002",
            "5 call.ringing root+2 RINGING LOCAL_USER in 2001 -> 2003",
            "6 call.connected root+2 CONNECTED LOCAL_USER in 2001 -> 2003",
            "7 call.connected root CONNECTED QUEUE in 2001 -> 4000",
            "8 call.hangup root+1 HANGUP LOCAL_USER in 2001 -> 2002: Lose Race by system",
            "9 call.hangup root+2 HANGUP LOCAL_USER in 2001 -> 2003: Normal Clearing by caller",
            "10 call.hangup root HANGUP QUEUE in 2001 -> 4000: Normal Clearing by caller, final",
        ],
        cdrs: &[
            "root+1 of root by root, NO ANSWER M LOCAL_USER in 2001 -> 2002, 0 of 4 s: Lose Race by system",
            "root+2 of root by root, CONNECTED I LOCAL_USER in 2001 -> 2003, 10 of 14 s: Normal Clearing by caller",
            "root the root, CONNECTED I QUEUE in 2001 -> 4000, 10 of 14 s: Normal Clearing by caller",
        ],
    }
}

fn abandoned() -> Flow {
    let mut story = queue().user("2004").begin();
    // Both agents are in another call, which is no part of this flow's root.
    let told = {
        story.call("2001", "4000");
        story.wait(SECOND);
        story.declines("2002");
        story.declines("2003");
        story.wait(SECOND);
        story.hangs_up("2001");
        story.end().unwrap()
    };
    Flow {
        title: "Queue, abandoned",
        words: "Both agents decline, the caller waits on and then hangs up: `info` is `abandoned`.",
        told,
        events: &[
            "1 call.initial root INITIAL QUEUE in 2001 -> 4000",
            "2 call.initial root+1 INITIAL LOCAL_USER in 2001 -> 2002",
            "3 call.ringing root+1 RINGING LOCAL_USER in 2001 -> 2002",
            "4 call.missed root+1 HANGUP LOCAL_USER in 2001 -> 2002: Call Rejected by callee",
            "5 call.initial root+2 INITIAL LOCAL_USER in 2001 -> 2003",
            "6 call.ringing root+2 RINGING LOCAL_USER in 2001 -> 2003",
            "7 call.missed root+2 HANGUP LOCAL_USER in 2001 -> 2003: Call Rejected by callee",
            "8 call.missed root HANGUP QUEUE in 2001 -> 4000: Originator Cancel by caller (abandoned), final",
        ],
        cdrs: &[
            "root+1 of root by root, NO ANSWER M LOCAL_USER in 2001 -> 2002, 0 of 1 s: Call Rejected by callee",
            "root+2 of root by root, NO ANSWER M LOCAL_USER in 2001 -> 2003, 0 of 0 s: Call Rejected by callee",
            "root the root, NO ANSWER M QUEUE in 2001 -> 4000, 0 of 2 s: Originator Cancel by caller (abandoned)",
        ],
    }
}

fn abandoned_ringing() -> Flow {
    let mut story = in_queue(|_| ());
    story.wait(SECOND * 3);
    story.hangs_up("2001");
    Flow {
        title: "Queue, abandoned while an agent rings",
        words: "The agent's call ends first, then the queue's.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL QUEUE in 2001 -> 4000",
            "2 call.initial root+1 INITIAL LOCAL_USER in 2001 -> 2002",
            "3 call.ringing root+1 RINGING LOCAL_USER in 2001 -> 2002",
            "4 call.missed root+1 HANGUP LOCAL_USER in 2001 -> 2002: Originator Cancel by caller",
            "5 call.missed root HANGUP QUEUE in 2001 -> 4000: Originator Cancel by caller (abandoned), final",
        ],
        cdrs: &[
            "root+1 of root by root, NO ANSWER M LOCAL_USER in 2001 -> 2002, 0 of 3 s: Originator Cancel by caller",
            "root the root, NO ANSWER M QUEUE in 2001 -> 4000, 0 of 3 s: Originator Cancel by caller (abandoned)",
        ],
    }
}

fn max_wait() -> Flow {
    let story = in_queue(|queue| {
        queue.agents.truncate(1);
        queue.max_wait = Some(Duration::from_secs(25));
    });
    Flow {
        title: "Queue, waited too long",
        words: "The one agent does not answer, and is tried again after a pause; then the queue's `max_wait` is \
                over: `info` is `max_wait`.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL QUEUE in 2001 -> 4000",
            "2 call.initial root+1 INITIAL LOCAL_USER in 2001 -> 2002",
            "3 call.ringing root+1 RINGING LOCAL_USER in 2001 -> 2002",
            "4 call.missed root+1 HANGUP LOCAL_USER in 2001 -> 2002: No Answer by system",
            "5 call.initial root+2 INITIAL LOCAL_USER in 2001 -> 2002",
            "6 call.ringing root+2 RINGING LOCAL_USER in 2001 -> 2002",
            "7 call.missed root+2 HANGUP LOCAL_USER in 2001 -> 2002: No Answer by system",
            "8 call.missed root HANGUP QUEUE in 2001 -> 4000: No Answer by system (max_wait), final",
        ],
        cdrs: &[
            "root+1 of root by root, NO ANSWER M LOCAL_USER in 2001 -> 2002, 0 of 10 s: No Answer by system",
            "root+2 of root by root, NO ANSWER M LOCAL_USER in 2001 -> 2002, 0 of 5 s: No Answer by system",
            "root the root, NO ANSWER M QUEUE in 2001 -> 4000, 0 of 25 s: No Answer by system (max_wait)",
        ],
    }
}

fn no_agents() -> Flow {
    let story = in_queue(|queue| {
        for (_, logged_in) in &mut queue.agents {
            *logged_in = false;
        }
    });
    Flow {
        title: "Queue, no agent logged in",
        words: "`info` is `no_agents`; it is the same when the last agent logs out while the caller waits.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL QUEUE in 2001 -> 4000",
            "2 call.missed root HANGUP QUEUE in 2001 -> 4000: No Answer by system (no_agents), final",
        ],
        cdrs: &[
            "root the root, NO ANSWER M QUEUE in 2001 -> 4000, 0 of 0 s: No Answer by system (no_agents)",
        ],
    }
}

fn max_length() -> Flow {
    let story = in_queue(|queue| queue.max_length = Some(0));
    Flow {
        title: "Queue, full",
        words: "As many callers wait as may (`max_length`): `info` is `max_length`, and the caller hears busy.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL QUEUE in 2001 -> 4000",
            "2 call.missed root HANGUP QUEUE in 2001 -> 4000: User Busy by system (max_length), final",
        ],
        cdrs: &[
            "root the root, BUSY M QUEUE in 2001 -> 4000, 0 of 0 s: User Busy by system (max_length)",
        ],
    }
}

fn wrap_up() -> Flow {
    let mut story = in_queue(|queue| queue.wrap_up = Duration::from_secs(20));
    story.wait(SECOND * 2);
    story.answers("2002");
    story.wait(SECOND * 10);
    story.hangs_up("2001");
    Flow {
        title: "Queue, time after the call",
        words: "With a `wrap_up_time` there are two `queue.wrapup` after an answered call: `action` is `open` \
                when the call ended, `timeout` when the time is over. Until then the agent is offered no call.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL QUEUE in 2001 -> 4000",
            "2 call.initial root+1 INITIAL LOCAL_USER in 2001 -> 2002",
            "3 call.ringing root+1 RINGING LOCAL_USER in 2001 -> 2002",
            "4 call.connected root+1 CONNECTED LOCAL_USER in 2001 -> 2002",
            "5 call.connected root CONNECTED QUEUE in 2001 -> 4000",
            "6 call.hangup root+1 HANGUP LOCAL_USER in 2001 -> 2002: Normal Clearing by caller",
            "7 call.hangup root HANGUP QUEUE in 2001 -> 4000: Normal Clearing by caller, final",
            "- queue.wrapup root HANGUP QUEUE in 2001 -> 4000 (action: open)",
            "- queue.wrapup root HANGUP QUEUE in 2001 -> 4000 (action: timeout)",
        ],
        cdrs: &[
            "root+1 of root by root, CONNECTED I LOCAL_USER in 2001 -> 2002, 10 of 12 s: Normal Clearing by caller",
            "root the root, CONNECTED I QUEUE in 2001 -> 4000, 10 of 12 s: Normal Clearing by caller",
        ],
    }
}

fn wrap_up_closed() -> Flow {
    let mut story = in_queue(|queue| queue.wrap_up = Duration::from_secs(20));
    story.wait(SECOND * 2);
    story.answers("2002");
    story.wait(SECOND * 10);
    story.hangs_up("2002");
    story.wait(SECOND * 5);
    let close = ApiCommand::WrapupClose {
        queue: QueueId(1),
        user: user(1),
    };
    api(&mut story, close);
    Flow {
        title: "Queue, time after the call ended early",
        words: "The agent is ready before the time is over: `action` is `close`, and no `timeout` follows.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL QUEUE in 2001 -> 4000",
            "2 call.initial root+1 INITIAL LOCAL_USER in 2001 -> 2002",
            "3 call.ringing root+1 RINGING LOCAL_USER in 2001 -> 2002",
            "4 call.connected root+1 CONNECTED LOCAL_USER in 2001 -> 2002",
            "5 call.connected root CONNECTED QUEUE in 2001 -> 4000",
            "6 call.hangup root+1 HANGUP LOCAL_USER in 2001 -> 2002: Normal Clearing by callee",
            "7 call.hangup root HANGUP QUEUE in 2001 -> 4000: Normal Clearing by callee, final",
            "- queue.wrapup root HANGUP QUEUE in 2001 -> 4000 (action: open)",
            "- queue.wrapup root HANGUP QUEUE in 2001 -> 4000 (action: close)",
        ],
        cdrs: &[
            "root+1 of root by root, CONNECTED I LOCAL_USER in 2001 -> 2002, 10 of 12 s: Normal Clearing by callee",
            "root the root, CONNECTED I QUEUE in 2001 -> 4000, 10 of 12 s: Normal Clearing by callee",
        ],
    }
}
