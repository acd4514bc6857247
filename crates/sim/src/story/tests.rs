use std::time::Duration;

use offhook_base::Disposition;

use super::{Broken, Stage, Story, Told};

mod texts;

const SECOND: Duration = Duration::from_secs(1);

fn two() -> Story {
    Stage::new().user("2001").user("2002").begin()
}

fn plain() -> Result<Told, Broken> {
    let mut story = two();
    story.call("2001", "2002");
    story.wait(SECOND * 3);
    story.answers("2002");
    story.wait(SECOND * 10);
    story.hangs_up("2001");
    story.end()
}

#[test]
fn an_answered_call() {
    let told = plain().unwrap();
    assert_eq!(
        told.names(),
        [
            "call.initial",
            "call.ringing",
            "call.connected",
            "call.hangup"
        ]
    );
    assert_eq!(
        told.field("state"),
        ["INITIAL", "RINGING", "CONNECTED", "HANGUP"]
    );
    assert_eq!(told.field("seq"), ["1", "2", "3", "4"]);
    assert_eq!(told.field("final"), ["false", "false", "false", "true"]);
    assert_eq!(told.field("src"), ["2001"; 4]);
    assert_eq!(told.field("dst"), ["2002"; 4]);
    assert_eq!(told.field("t_cause"), ["Normal Clearing"]);
    assert_eq!(told.field("terminated_by"), ["caller"]);
    assert_eq!(told.events[3]["duration"], 10);
    let [cdr] = &told.cdrs[..] else {
        panic!("{:?}", told.cdrs);
    };
    assert_eq!((cdr.billsec, cdr.disposition), (10, Disposition::Connected));
}

#[test]
fn a_story_is_the_same_each_time() {
    assert_eq!(plain().unwrap(), plain().unwrap());
}

#[test]
fn a_caller_who_gives_up() {
    let mut story = two();
    story.call("2001", "2002");
    story.wait(SECOND * 5);
    story.hangs_up("2001");
    let told = story.end().unwrap();
    assert_eq!(
        told.names(),
        ["call.initial", "call.ringing", "call.missed"]
    );
    assert_eq!(told.field("t_cause"), ["Originator Cancel"]);
    assert_eq!(told.field("terminated_by"), ["caller"]);
    assert_eq!(told.cdrs[0].disposition, Disposition::NoAnswer);
}

#[test]
fn a_busy_phone() {
    let mut story = two();
    story.call("2001", "2002");
    story.refuses("2002", 486);
    let told = story.end().unwrap();
    assert_eq!(
        told.names(),
        ["call.initial", "call.ringing", "call.missed"]
    );
    assert_eq!(told.field("t_cause"), ["User Busy"]);
    assert_eq!(told.field("terminated_by"), ["callee"]);
    assert_eq!(told.cdrs[0].disposition, Disposition::Busy);
}

#[test]
fn both_hold_and_the_second_to_come_back_ends_it() {
    let mut story = two();
    story.call("2001", "2002");
    story.answers("2002");
    for order in [Story::holds, Story::resumes] {
        order(&mut story, "2002");
        story.wait(SECOND);
        order(&mut story, "2001");
        story.wait(SECOND);
    }
    story.hangs_up("2002");
    let told = story.end().unwrap();
    let names: Vec<&str> = told.names().into_iter().skip(3).collect();
    assert_eq!(names, ["call.hold", "call.unhold", "call.hangup"]);
    assert_eq!(told.field("terminated_by"), ["callee"]);
}

#[test]
fn nobody_picks_up() {
    let mut story = two();
    story.call("2001", "2002");
    let told = story.end().unwrap();
    assert_eq!(
        told.names(),
        ["call.initial", "call.ringing", "call.missed"]
    );
    assert_eq!(told.field("t_cause"), ["No Answer"]);
}

#[test]
fn of_two_phones_one_answers() {
    let mut story = Stage::new()
        .user("2001")
        .user("2002")
        .phone("desk", "2002")
        .begin();
    story.call("2001", "2002");
    story.answers("desk");
    story.wait(SECOND);
    story.hangs_up("desk");
    let told = story.end().unwrap();
    assert_eq!(
        told.names(),
        [
            "call.initial",
            "call.ringing",
            "call.connected",
            "call.hangup"
        ]
    );
    assert_eq!(told.cdrs.len(), 1);
}

#[test]
fn who_does_not_want_to_be_disturbed_is_not() {
    let mut story = Stage::new()
        .user("2001")
        .user("2002")
        .undisturbed("2002")
        .begin();
    story.call("2001", "2002");
    let told = story.end().unwrap();
    assert_eq!(told.names(), ["call.initial", "call.missed"]);
    assert_eq!(told.field("terminated_by"), ["system"]);
}

#[test]
fn a_rest_client_hangs_up() {
    let mut story = two();
    story.call("2001", "2002");
    story.answers("2002");
    let call = story.call_ids()[0];
    let reply = story.asks(offhook_call::ApiCommand::Hangup { call });
    assert!(reply.is_some_and(|reply| reply.result.is_ok()));
    let told = story.end().unwrap();
    assert_eq!(told.field("terminated_by"), ["api"]);
}

#[test]
fn a_call_that_is_left_up_breaks_a_promise() {
    let mut story = two();
    story.call("2001", "2002");
    story.answers("2002");
    let broken = story.end().unwrap_err();
    assert!(broken.to_string().contains("left"), "{broken}");
}

#[test]
#[should_panic(expected = "2002 has no ringing call now")]
fn an_order_that_cannot_be_followed_stops_the_story() {
    two().answers("2002");
}
