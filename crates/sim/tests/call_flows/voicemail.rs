//! Voicemail.

use offhook_sim::story::{Stage, Story};

use crate::flow::{Flow, SECOND};

chapter! {
    title: "Voicemail",
    words: "A user may let callers leave a message (`voicemail`) when he does not answer within `voicemail_after` \
            seconds, is busy, declines, is not registered or does not want to be disturbed. Then a call of context `VM` opens, \
            the user's own ends with `call.missed`, `final: false`, and we answer. The message is in `/voicemessages` \
            by the time the last event of that call is sent; what is shorter than a second is not kept.",
    flows: [message_left, hung_up_early, not_there, transferred],
}

fn stage() -> Stage {
    Stage::new()
        .user("2001")
        .user("2002")
        .user("2003")
        .takes_messages("2002", 15)
}

fn called() -> Story {
    let mut story = stage().begin();
    story.call("2001", "2002");
    story
}

fn message_left() -> Flow {
    let mut story = called();
    story.wait(SECOND * 40);
    story.hangs_up("2001");
    Flow {
        title: "Voicemail, nobody answers and a message is left",
        words: "2002 does not answer for 15 seconds. 2001 hears the tone, speaks and hangs up.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL LOCAL_USER in 2001 -> 2002",
            "2 call.ringing root RINGING LOCAL_USER in 2001 -> 2002",
            "3 call.initial root+1 INITIAL VM in 2001 -> 2002",
            "4 call.missed root HANGUP LOCAL_USER in 2001 -> 2002: No Answer by system",
            "5 call.connected root+1 CONNECTED VM in 2001 -> 2002",
            "6 call.hangup root+1 HANGUP VM in 2001 -> 2002: Normal Clearing by caller, final",
        ],
        cdrs: &[
            "root the root, NO ANSWER M LOCAL_USER in 2001 -> 2002, 0 of 15 s: No Answer by system",
            "root+1 of root by root, CONNECTED I VM in 2001 -> 2002, 25 of 25 s: Normal Clearing by caller",
        ],
    }
}

fn hung_up_early() -> Flow {
    let mut story = called();
    story.wait(SECOND * 15 + SECOND / 4);
    story.hangs_up("2001");
    Flow {
        title: "Voicemail, the caller hangs up before the tone",
        words: "2001 does not want to leave a message. The call to the voicemail was answered all the same.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL LOCAL_USER in 2001 -> 2002",
            "2 call.ringing root RINGING LOCAL_USER in 2001 -> 2002",
            "3 call.initial root+1 INITIAL VM in 2001 -> 2002",
            "4 call.missed root HANGUP LOCAL_USER in 2001 -> 2002: No Answer by system",
            "5 call.connected root+1 CONNECTED VM in 2001 -> 2002",
            "6 call.hangup root+1 HANGUP VM in 2001 -> 2002: Normal Clearing by caller, final",
        ],
        cdrs: &[
            "root the root, NO ANSWER M LOCAL_USER in 2001 -> 2002, 0 of 15 s: No Answer by system",
            "root+1 of root by root, CONNECTED I VM in 2001 -> 2002, 0 of 0 s: Normal Clearing by caller",
        ],
    }
}

fn not_there() -> Flow {
    let mut story = Stage::new()
        .user("2001")
        .absent("2002")
        .takes_messages("2002", 15)
        .begin();
    story.call("2001", "2002");
    story.wait(SECOND * 300);
    Flow {
        title: "Voicemail of a user who is not registered, the longest message",
        words: "No phone is rung. After three minutes we hang up.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL LOCAL_USER in 2001 -> 2002",
            "2 call.initial root+1 INITIAL VM in 2001 -> 2002",
            "3 call.missed root HANGUP LOCAL_USER in 2001 -> 2002: Subscriber Absent by system",
            "4 call.connected root+1 CONNECTED VM in 2001 -> 2002",
            "5 call.hangup root+1 HANGUP VM in 2001 -> 2002: Normal Clearing by system, final",
        ],
        cdrs: &[
            "root the root, NO ANSWER M LOCAL_USER in 2001 -> 2002, 0 of 0 s: Subscriber Absent by system",
            "root+1 of root by root, CONNECTED I VM in 2001 -> 2002, 180 of 180 s: Normal Clearing by system",
        ],
    }
}

fn transferred() -> Flow {
    let mut story = stage().begin();
    story.call("2001", "2003");
    story.wait(SECOND * 2);
    story.answers("2003");
    story.wait(SECOND * 5);
    story.transfers("2003", "2002");
    story.wait(SECOND * 30);
    story.hangs_up("2001");
    Flow {
        title: "Voicemail, a transfer to a user who does not answer",
        words: "2003 transfers 2001 to 2002. The transfer is done once the voicemail has answered.",
        told: story.end().unwrap(),
        events: &[
            "1 call.initial root INITIAL LOCAL_USER in 2001 -> 2003",
            "2 call.ringing root RINGING LOCAL_USER in 2001 -> 2003",
            "3 call.connected root CONNECTED LOCAL_USER in 2001 -> 2003",
            "4 call.initial root+1 INITIAL LOCAL_USER in 2001 -> 2002",
            "5 call.hangup root HANGUP LOCAL_USER in 2001 -> 2003: Blind Transfer by callee",
            "6 call.ringing root+1 RINGING LOCAL_USER in 2001 -> 2002",
            "7 call.initial root+2 INITIAL VM in 2001 -> 2002",
            "8 call.missed root+1 HANGUP LOCAL_USER in 2001 -> 2002: No Answer by system",
            "9 call.connected root+2 CONNECTED VM in 2001 -> 2002",
            "10 call.hangup root+2 HANGUP VM in 2001 -> 2002: Normal Clearing by caller, final",
        ],
        cdrs: &[
            "root the root, CONNECTED I LOCAL_USER in 2001 -> 2003, 5 of 7 s: Blind Transfer by callee",
            "root+1 of root by root, NO ANSWER M LOCAL_USER in 2001 -> 2002, 0 of 15 s: No Answer by system",
            "root+2 of root by root+1, CONNECTED I VM in 2001 -> 2002, 15 of 15 s: Normal Clearing by caller",
        ],
    }
}
