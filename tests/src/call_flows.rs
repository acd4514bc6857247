//! What `docs/call-flows.md` promises of each flow, to be compared with what arrived over HTTPS.

use serde_json::Value;

const DOCUMENT: &str = include_str!("../../docs/call-flows.md");

/// One event of a flow, in as far as it is the same wherever the flow is played.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Step {
    /// `event_name`
    pub event_name: String,
    /// Which call of the conversation: 0 is the root, 1 the next one that began.
    pub call: usize,
    /// `context`
    pub context: String,
    /// `t_cause`, empty when absent.
    pub t_cause: String,
    /// `info`, empty when absent; of `queue.wrapup` it is `action: ` and the action.
    pub info: String,
    /// `final`
    pub is_final: bool,
}

/// The events of a flow, as the document shows them under this heading.
///
/// # Panics
/// When there is no such flow, or its table cannot be read.
#[must_use]
pub fn documented(title: &str) -> Vec<Step> {
    let heading = format!("### {title}");
    let mut lines = DOCUMENT.lines().skip_while(|line| *line != heading);
    assert!(
        lines.next().is_some(),
        "docs/call-flows.md has no flow {title:?}"
    );
    let table = lines
        .take_while(|line| !line.starts_with('#') && *line != "CDRs:")
        .filter(|line| line.starts_with('|'));
    let mut rows = table.map(cells);
    let Some(columns) = rows.next() else {
        return Vec::new();
    };
    let place = |name: &str| {
        let place = columns.iter().position(|column| *column == name);
        place.unwrap_or_else(|| panic!("the table of {title:?} has no column {name}"))
    };
    let of = [
        "event_name",
        "call_id",
        "context",
        "t_cause",
        "info",
        "final",
    ]
    .map(place);
    // The second row is the line under the columns.
    rows.skip(1)
        .map(|row| {
            let [event_name, call, context, t_cause, info, is_final] =
                of.map(|place| row[place].to_owned());
            Step {
                event_name,
                call: place_of(&call),
                context,
                t_cause,
                info,
                is_final: is_final == "true",
            }
        })
        .collect()
}

/// The same of events that arrived, all of one root, in the order of their arrival.
///
/// # Panics
/// When one is no call event.
#[must_use]
pub fn steps_of(events: &[Value]) -> Vec<Step> {
    let mut calls = Vec::new();
    let mut step = |event: &Value| {
        let text = |field: &str| event[field].as_str().unwrap_or_default().to_owned();
        let id = event["call_id"].as_u64();
        let id = id.unwrap_or_else(|| panic!("an event of a call: {event}"));
        if !calls.contains(&id) {
            calls.push(id);
        }
        let action = event["action"].as_str();
        Step {
            event_name: text("event_name"),
            call: calls
                .iter()
                .position(|call| *call == id)
                .unwrap_or_default(),
            context: text("context"),
            t_cause: text("t_cause"),
            info: action.map_or_else(|| text("info"), |action| format!("action: {action}")),
            is_final: event["final"] == true,
        }
    };
    events.iter().map(&mut step).collect()
}

fn cells(row: &str) -> Vec<&str> {
    let inner = row.trim().trim_start_matches('|');
    let inner = inner.strip_suffix('|').unwrap_or(inner);
    inner.split('|').map(str::trim).collect()
}

/// `root` is 0, `root+2` is 2.
fn place_of(call: &str) -> usize {
    match call.strip_prefix("root+") {
        Some(place) => place.parse().unwrap(),
        None => {
            assert_eq!(call, "root");
            0
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_flow_is_read_row_by_row() {
        let steps = documented("Ring group, nobody answers");
        let [first, .., last] = &steps[..] else {
            panic!("{steps:?}");
        };
        assert_eq!(
            (
                &*first.event_name,
                first.call,
                &*first.context,
                first.is_final
            ),
            ("call.initial", 0, "RG-1", false)
        );
        assert_eq!((&*last.event_name, last.call), ("call.missed", 0));
        assert_eq!((&*last.info, last.is_final), ("no_answer", true));
        assert!(steps.iter().any(|step| step.call == 2), "{steps:?}");
        assert_eq!(steps.iter().filter(|step| step.is_final).count(), 1);
    }

    #[test]
    fn every_flow_can_be_read_and_those_with_events_end_once() {
        let titles = DOCUMENT
            .lines()
            .filter_map(|line| line.strip_prefix("### "));
        let flows: Vec<_> = titles.map(|title| (title, documented(title))).collect();
        assert!(flows.len() > 40, "{}", flows.len());
        for (title, steps) in flows.iter().filter(|(_, steps)| !steps.is_empty()) {
            let finals = steps.iter().filter(|step| step.is_final).count();
            assert_eq!(
                (finals, &*steps[0].event_name),
                (1, "call.initial"),
                "{title}"
            );
        }
    }

    #[test]
    fn a_flow_without_events_has_none() {
        assert_eq!(documented("Trunk to a number that is not ours"), []);
    }

    #[test]
    #[should_panic(expected = "has no flow \"Nobody knows\"")]
    fn a_flow_that_is_not_there_fails_the_test() {
        assert!(documented("Nobody knows").is_empty());
    }

    #[test]
    fn events_that_arrived_are_told_in_the_same_words() {
        let event = |call: u64, name: &str, is_final: bool| json!({"event_name": name, "call_id": call, "context": "LOCAL_USER", "final": is_final});
        let mut events = vec![
            event(70, "call.initial", false),
            event(71, "call.initial", false),
            event(71, "call.missed", false),
            event(70, "queue.wrapup", true),
        ];
        events[2]["t_cause"] = "User Busy".into();
        events[3]["action"] = "open".into();
        let steps = steps_of(&events);
        let calls: Vec<usize> = steps.iter().map(|step| step.call).collect();
        assert_eq!(calls, [0, 1, 1, 0]);
        assert_eq!((&*steps[2].t_cause, &*steps[2].info), ("User Busy", ""));
        assert_eq!((&*steps[3].info, steps[3].is_final), ("action: open", true));
    }
}
