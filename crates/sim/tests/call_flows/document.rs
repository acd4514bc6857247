//! `docs/call-flows.md`, written by the stories: it differs from what they tell only when this test fails.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use crate::flow::{Chapter, Flow};
use crate::rows::{CdrRow, EventRow};
use crate::{
    click_to_call, given_back, groups, media, queues, texts, transfers, trunks, users, voicemail,
};

const CHAPTERS: &[Chapter] = &[
    users::CHAPTER,
    trunks::CHAPTER,
    groups::CHAPTER,
    queues::CHAPTER,
    voicemail::CHAPTER,
    click_to_call::CHAPTER,
    transfers::CHAPTER,
    given_back::CHAPTER,
    media::CHAPTER,
];

/// Set to write the document instead of comparing it.
const BLESS: &str = "OFFHOOK_BLESS";

#[test]
fn the_document_shows_what_the_stories_tell() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/call-flows.md");
    let told = document();
    if std::env::var_os(BLESS).is_some() {
        std::fs::write(&path, told).unwrap();
        return;
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    if there == told {
        return;
    }
    let lines = there.lines().chain(std::iter::repeat("(nothing)"));
    let (place, (there, told)) = (1..)
        .zip(lines.zip(told.lines()))
        .find(|(_, (there, told))| there != told)
        .unwrap_or((0, ("another end", "this one")));
    panic!(
        "docs/call-flows.md is not what the stories tell, from line {place} on:\n  there: {there}\n  told:  {told}\n\
         look at the change, and write the file anew by\n  {BLESS}=1 cargo test -p offhook-sim --test call_flows"
    );
}

fn document() -> String {
    let chapters: Vec<(&Chapter, Vec<Flow>)> = CHAPTERS
        .iter()
        .map(|chapter| (chapter, chapter.flows.iter().map(|flow| flow()).collect()))
        .collect();
    let titles = chapters.iter().flat_map(|(_, flows)| flows);
    let titles: Vec<&str> = titles.map(|flow| flow.title).collect();
    let distinct: BTreeSet<&str> = titles.iter().copied().collect();
    assert_eq!(
        distinct.len(),
        titles.len(),
        "each flow has a title of its own"
    );

    let mut text = HEAD.to_owned();
    let answered = &chapters[0].1[0].told;
    example(&mut text, answered.events.last().expect("its last event"));
    text.push_str(READING);
    for name in ["call.dtmf", "monitor.audio_ready", "queue.wrapup"] {
        let flows = chapters.iter().flat_map(|(_, flows)| flows);
        let mut events = flows.flat_map(|flow| &flow.told.events);
        let event = events.find(|event| event["event_name"] == name);
        write!(text, "\nA `{name}` in full:\n").unwrap();
        example(&mut text, event.expect("a flow with it"));
    }
    text.push_str("\nAnd a `sms.received`:\n");
    example(&mut text, &texts::received().events[0]);
    contents(&mut text, &chapters);
    for (chapter, flows) in &chapters {
        write!(text, "\n## {}\n\n", chapter.title).unwrap();
        paragraph(&mut text, chapter.words);
        for flow in flows {
            tell(&mut text, flow);
        }
    }
    text
}

/// An event, whole.
fn example(text: &mut String, event: &Value) {
    let body = serde_json::to_string_pretty(event).unwrap();
    write!(text, "\n```json\n{body}\n```\n").unwrap();
}

/// Every flow, how many calls it has, and how it ends.
fn contents(text: &mut String, chapters: &[(&Chapter, Vec<Flow>)]) {
    text.push_str("\n## The flows\n\n| flow | call_ids | final event |\n|---|---|---|\n");
    for flow in chapters.iter().flat_map(|(_, flows)| flows) {
        let rows = flow.event_rows();
        let calls: BTreeSet<&str> = rows.iter().map(|row| &*row.call).collect();
        let last = rows
            .iter()
            .find(|row| row.is_final)
            .map_or_else(String::new, |row| {
                let info = match row.info.is_empty() {
                    true => String::new(),
                    false => format!(" ({})", row.info),
                };
                format!("`{}` {}: {}{info}", row.name, row.context, row.cause)
            });
        let (title, anchor) = (flow.title, anchor(flow.title));
        writeln!(text, "| [{title}](#{anchor}) | {} | {last} |", calls.len()).unwrap();
    }
}

/// As web pages make one of a heading.
fn anchor(title: &str) -> String {
    let kept = title
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

fn tell(text: &mut String, flow: &Flow) {
    write!(text, "\n### {}\n\n", flow.title).unwrap();
    paragraph(text, flow.words);
    let events = flow.event_rows();
    if events.is_empty() {
        return;
    }
    text.push('\n');
    row(text, EVENT_COLUMNS);
    row(text, &["---"; EVENT_COLUMNS.len()]);
    for event in &events {
        row(text, &event_cells(event));
    }
    text.push_str("\nCDRs:\n\n");
    row(text, CDR_COLUMNS);
    row(text, &["---"; CDR_COLUMNS.len()]);
    for cdr in flow.cdr_rows() {
        row(text, &cdr_cells(&cdr));
    }
}

/// Wraps words into lines.
fn paragraph(text: &mut String, words: &str) {
    let mut width = 0;
    for word in words.split_whitespace() {
        let len = word.chars().count();
        if width > 0 && width + 1 + len > WIDTH {
            text.push('\n');
            width = 0;
        }
        if width > 0 {
            text.push(' ');
            width += 1;
        }
        text.push_str(word);
        width += len;
    }
    text.push('\n');
}

/// The longest line of words.
const WIDTH: usize = 118;

fn row(text: &mut String, cells: &[impl AsRef<str>]) {
    for cell in cells {
        let cell = cell.as_ref();
        assert!(!cell.contains('|'), "a cell ends at {cell:?}");
        write!(text, "| {cell}{}", if cell.is_empty() { "" } else { " " }).unwrap();
    }
    text.push_str("|\n");
}

const EVENT_COLUMNS: &[&str] = &[
    "seq",
    "event_name",
    "call_id",
    "state",
    "context",
    "destination",
    "src -> dst",
    "t_cause",
    "info",
    "terminated_by",
    "final",
];

fn event_cells(event: &EventRow) -> [String; EVENT_COLUMNS.len()] {
    [
        event.seq.clone(),
        event.name.clone(),
        event.call.clone(),
        event.state.clone(),
        event.context.clone(),
        event.destination.clone(),
        format!("{} -> {}", event.src, event.dst),
        event.cause.clone(),
        event.info.clone(),
        event.by.clone(),
        event.is_final.to_string(),
    ]
}

const CDR_COLUMNS: &[&str] = &[
    "live_id",
    "parent_live_id",
    "root_live_id",
    "is_root",
    "disposition",
    "type",
    "context",
    "destination",
    "src -> dst",
    "duration",
    "billsec",
    "t_cause",
    "info",
    "terminated_by",
];

fn cdr_cells(cdr: &CdrRow) -> [String; CDR_COLUMNS.len()] {
    [
        cdr.call.clone(),
        cdr.parent.clone(),
        cdr.root.clone(),
        cdr.is_root.to_string(),
        cdr.disposition.to_owned(),
        cdr.kind.to_owned(),
        cdr.context.clone(),
        cdr.destination.clone(),
        format!("{} -> {}", cdr.src, cdr.dst),
        cdr.duration.to_string(),
        cdr.billsec.to_string(),
        cdr.cause.clone(),
        cdr.info.clone(),
        cdr.by.to_owned(),
    ]
}

const HEAD: &str = "# Call flows

<!-- Written by the stories in crates/sim/tests/call_flows: change those, then
     OFFHOOK_BLESS=1 cargo test -p offhook-sim --test call_flows -->

What a receiver of webhooks gets for each kind of call, event by event, and the CDRs that are left of it. Every table
here was written by a test that played the call through the whole switch; the test fails if the two differ.

## What to key on

- **`root_call_id`** names the conversation. All calls that belong together have the same one: the members of a ring
  group, the offers of a queue, both legs of a click-to-call, and whatever a transfer makes of a call.
- **`seq`** counts 1, 2, 3 … without a gap within one `root_call_id`, over all its calls, in the order in which things
  happened. An event may come twice, with the same `id`. Events of a root arrive in the order of `seq`; only where one
  could not be delivered for a minute do later ones pass it (a webhook of order `bounded`), and order `none` promises
  nothing. Who sorts by `seq` and drops what is there already is right in any case.
- **`final`** is true in exactly one event of a root, the last one with a `seq`: then the conversation is over. A
  `call.hangup` or `call.missed` with `final: false` ends one call of several.
- **`call_id`** names one attempt to reach one target. Each has exactly one `call.initial`, at most one `call.ringing`,
  exactly one last event (`call.hangup`, `call.missed` or `call.failed`), and exactly one CDR (`live_id`).
- **`context`** says what the call is: `LOCAL_USER` a call to or from a user, `RG-<id>` a ring group, `QUEUE` a queue,
  `ENDPOINT` the originator of a click-to-call. That nobody took a call is told by the `call.missed` with `final: true`,
  or by the one with the context of the group or queue; the `call.missed` of a single member says only that this one
  did not.
- **`info`** tells why a group or a queue gave up: `no_answer`, `no_members`, `abandoned`, `max_wait`, `no_agents`,
  `max_length`, `removed`.

Plain calls, answered or not, have one `call_id`. Ring groups, queues, click-to-call and whatever was transferred have
several: see the list of flows below.

When the server stops or dies in the middle, every open call still gets its last event, after the restart at the
latest: `call.hangup` when it was answered, else `call.missed` or `call.failed`, with the cause System Shutdown.

A webhook that ticks `call.state_change` gets all of it. One that ticks single categories, such as `call.ended`, gets
the events of `LOCAL_USER` only, unless its `contexts` name others.

## One event in full

The last one of a plain call. Members are sorted here; their order in a body means nothing.
";

const READING: &str = "
`t_cause`, `cause`, `terminated_by` and `info` are absent, not null, when there is nothing to say.

## How to read the tables

- `root` is the call whose `call_id` equals `root_call_id`; `root+1`, `root+2` … are the further calls of the
  conversation in the order in which they began. Real ids grow too, but others may lie between: never compute one.
- An empty cell: the field is absent from the event, or empty in the CDR. A seq of `-`: the event has none.
- Extensions 2001 to 2004 are users, 3000 is a ring group (id 1), 4000 a queue (id 1), 442079460123 somebody outside
  behind a trunk, 441632960001 a number (DID) of ours.
- Events stand in the order in which they arrived, CDRs in the order in which the calls ended. `duration` and `billsec`
  are seconds.

## Keys

**`call.dtmf`** tells of a key that was pressed in a call that is answered, or by a caller who waits in a queue. It has the
fields of the call in the state that it is in, a `seq`, `dtmf_tag` (the key) and `dtmf_target`: `U:<user id>`, `Q:<queue
id>` or `E:<number>` of the party that received it. A phone may send a key as packets (RFC 4733), by SIP INFO or as tones;
one that it sends in several of these ways is told once. It comes only to webhooks that tick it by name. In the tables key and
target stand in the column `info`.

## Events without a seq

These stand outside of the order of a conversation. They have an `id`, and are signed and retried like all others. The
first three come only to webhooks that tick them by name.

- **`monitor.audio_ready`**: a recording can be fetched (`/monitors/{monitor_id}.mp3`, whose octets are `size`). It comes some
  time after the recording has ended, mostly after the final event of its root. `call_id` is the call between the two
  people, `user_id` whose setting or wish it was. In the tables its `duration` stands in the column `info`.

- **`queue.wrapup`**: an agent's time after a call of a queue. It has the fields of the queue's call as it ended,
  without `seq`, and `queue_id`, `user_id` (the agent) and `action`: `open` when the time begins, `timeout` when it is
  over, `close` when it was ended before. Its `final` is always false: mostly the conversation was over before, and after a
  transfer it goes on. In the tables its `action` stands in the column `info`.
- **`sms.received`**: a text to a user, from another one, from outside, or by REST. It belongs to no call: there is no
  `call_id`. `user_id` is null when the number leads to no user. It comes when the text is on disk, also when no phone is
  there to show it. A text to the outside has no event.
- **`webhook.test`** (`id`, `event_time`, `event_name`, `webhook_id`, `text`) comes when a webhook is saved or tested,
  `webhook.disabled` when another webhook was switched off.
";
