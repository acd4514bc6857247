//! A flow: a story that was played, and what it has to tell.

use std::time::Duration;

use offhook_base::{CallId, UserId};
use offhook_call::{ApiAnswer, ApiCommand, ApiRefusal};
use offhook_sim::story::{Stage, Story, Told};
use serde_json::Value;

use crate::rows::{CdrRow, EventRow, Names};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// Flows that belong together.
pub(crate) struct Chapter {
    pub(crate) title: &'static str,
    pub(crate) words: &'static str,
    pub(crate) flows: &'static [fn() -> Flow],
}

/// One flow of the document.
pub(crate) struct Flow {
    pub(crate) title: &'static str,
    pub(crate) words: &'static str,
    pub(crate) told: Told,
    /// One line an event, as [`EventRow`] writes it.
    pub(crate) events: &'static [&'static str],
    /// One line a CDR, as [`CdrRow`] writes it.
    pub(crate) cdrs: &'static [&'static str],
}

impl Flow {
    pub(crate) fn event_rows(&self) -> Vec<EventRow> {
        let names = Names::of(&self.told);
        let events = self.told.events.iter();
        events.map(|event| EventRow::of(event, &names)).collect()
    }

    pub(crate) fn cdr_rows(&self) -> Vec<CdrRow> {
        let names = Names::of(&self.told);
        let cdrs = self.told.cdrs.iter();
        cdrs.map(|cdr| CdrRow::of(cdr, &names)).collect()
    }

    /// The story told what it should.
    #[track_caller]
    pub(crate) fn check(&self) {
        self.told
            .events
            .iter()
            .for_each(|event| promises(event, &self.told.events[0]));
        let events: Vec<String> = self.event_rows().iter().map(ToString::to_string).collect();
        assert_eq!(events, self.events, "{}", in_full(&events));
        let cdrs: Vec<String> = self.cdr_rows().iter().map(ToString::to_string).collect();
        assert_eq!(cdrs, self.cdrs, "{}", in_full(&cdrs));
    }
}

/// What holds for an event of every flow.
#[track_caller]
fn promises(event: &Value, first: &Value) {
    if event["event_name"] == "monitor.audio_ready" {
        return assert!(event["monitor_id"].is_u64(), "{event}");
    }
    for field in ["root_call_id", "src_hash"] {
        assert_eq!(
            event[field], first[field],
            "{field} stays the same: {event}"
        );
    }
    let name = event["event_name"].as_str().unwrap_or_default();
    let is_last = matches!(name, "call.failed" | "call.hangup" | "call.missed");
    for field in ["t_cause", "cause", "terminated_by"] {
        let there = event.get(field).is_some();
        assert_eq!(
            there, is_last,
            "{field} is present once over, and only then: {event}"
        );
    }
    let is_answered = !event["connected_at"].is_null();
    assert!(
        is_answered || event["duration"] == 0,
        "nobody talked yet: {event}"
    );
    assert!(
        name != "call.missed" || !is_answered,
        "an answered call is not missed: {event}"
    );
    assert_eq!(event["seq"].is_u64(), name.starts_with("call."), "{event}");
}

/// As it stands in the source.
fn in_full(lines: &[String]) -> String {
    let quoted = lines.iter().map(|line| format!("{line:?},\n"));
    quoted.collect()
}

/// Two users.
pub(crate) fn two() -> Story {
    Stage::new().user("2001").user("2002").begin()
}

/// Three users.
pub(crate) fn three() -> Story {
    Stage::new().user("2001").user("2002").user("2003").begin()
}

/// 2001 calls 2002, who answers.
pub(crate) fn talking(mut story: Story) -> Story {
    story.call("2001", "2002");
    story.wait(SECOND * 2);
    story.answers("2002");
    story.wait(SECOND * 5);
    story
}

/// The user who was named so many places after the first one.
pub(crate) const fn user(place: u32) -> UserId {
    UserId(100_001 + place)
}

/// The newest call.
pub(crate) fn newest(story: &Story) -> CallId {
    *story.call_ids().last().expect("a call")
}

/// A REST client asks for something, and gets it.
#[track_caller]
pub(crate) fn api(story: &mut Story, command: ApiCommand) -> ApiAnswer {
    let reply = story.asks(command).expect("an answer");
    reply.result.expect("it is done")
}

/// A REST client asks for something that is refused.
#[track_caller]
pub(crate) fn refused(story: &mut Story, command: ApiCommand) -> ApiRefusal {
    let reply = story.asks(command).expect("an answer");
    reply.result.expect_err("it is refused")
}

/// `PATCH /calls/{id} {"dst"}` of the newest call.
pub(crate) fn transfer(story: &Story, dst: &str) -> ApiCommand {
    ApiCommand::Transfer {
        call: newest(story),
        dst: dst.to_owned(),
        party: None,
    }
}
