//! What a receiver got, sorted into calls and written so that a test can compare it with one glance.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::receiver::{Mode, Received};

/// The events of one root call, each once, in the order of their first successful delivery.
#[derive(Clone, Debug)]
pub struct Call {
    /// `root_call_id`
    pub root: u64,
    /// The events.
    pub events: Vec<Value>,
}

impl Call {
    /// One line an event, as [`describe`] writes them.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.events.iter().map(describe).collect()
    }

    /// One line an event that tells also which call of the root it is about: `b ringing LOCAL_USER in 2001>2002`. Calls are
    /// named a, b, c … in the order in which they began.
    #[must_use]
    pub fn story(&self) -> Vec<String> {
        self.events
            .iter()
            .map(|event| {
                let name = text(event, "event_name").trim_start_matches("call.");
                let mut line = format!(
                    "{} {name} {} {} {}>{}",
                    self.letter(number(event, "call_id")),
                    text(event, "context"),
                    text(event, "destination"),
                    text(event, "src"),
                    text(event, "dst"),
                );
                if event.get("t_cause").is_some() {
                    let cause = &event["cause"];
                    line += &format!(
                        ": {} by {} ({} {})",
                        text(event, "t_cause"),
                        text(event, "terminated_by"),
                        cause["q850"],
                        cause["sip"],
                    );
                }
                if event.get("info").is_some() {
                    line += &format!(", {}", text(event, "info"));
                }
                if event["final"] == true {
                    line += ", final";
                }
                line
            })
            .collect()
    }

    /// The calls of the root, in the order in which they began.
    #[must_use]
    pub fn call_ids(&self) -> Vec<u64> {
        let mut ids = Vec::new();
        for id in self.events.iter().map(|event| number(event, "call_id")) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        ids
    }

    /// What a call of the root is named in its story.
    ///
    /// # Panics
    /// When it is none of them.
    #[must_use]
    pub fn letter(&self, call: u64) -> char {
        let ids = self.call_ids();
        let place = ids.iter().position(|id| *id == call);
        let letters = 'a'..='z';
        letters
            .zip(0_usize..)
            .find(|(_, n)| Some(*n) == place)
            .map(|(letter, _)| letter)
            .expect("a call of this root")
    }

    /// The events of one of its calls.
    #[must_use]
    pub fn events_of(&self, call: u64) -> Vec<&Value> {
        let events = self.events.iter();
        events.filter(|event| event["call_id"] == call).collect()
    }

    /// Whether the root call is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.events.iter().any(|event| event["final"] == true)
    }

    /// The last event.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn last(&self) -> &Value {
        self.events.last().expect("a call has events")
    }
}

/// Sorts the call events that came in at one path into root calls, in the order in which those began.
///
/// Checks what must hold for every event on its own, of whatever call.
///
/// # Panics
/// When an event breaks the contract.
#[must_use]
pub fn calls_of(received: &[Received], path: &str) -> Vec<Call> {
    let mut seen = BTreeSet::new();
    let mut order = Vec::new();
    let mut calls: BTreeMap<u64, Vec<Value>> = BTreeMap::new();
    for request in received
        .iter()
        .filter(|request| request.path == path && request.mode == Mode::Ok)
    {
        let event = &request.event;
        if !text(event, "event_name").starts_with("call.") {
            continue;
        }
        check_event(request);
        if !seen.insert(text(event, "id").to_owned()) {
            continue;
        }
        let root = number(event, "root_call_id");
        let events = calls.entry(root).or_insert_with(|| {
            order.push(root);
            Vec::new()
        });
        events.push(event.clone());
    }
    order
        .into_iter()
        .map(|root| Call {
            root,
            events: calls.remove(&root).expect("it is in the order"),
        })
        .collect()
}

/// `seq name STATE`, and for a last event the cause in words and numbers, who ended it, and whether the root is over.
#[must_use]
pub fn describe(event: &Value) -> String {
    let mut line = format!(
        "{} {} {}",
        event["seq"],
        text(event, "event_name"),
        text(event, "state")
    );
    if event.get("t_cause").is_some() {
        let cause = &event["cause"];
        line += &format!(
            ": {} by {} ({} {} {}){}",
            text(event, "t_cause"),
            text(event, "terminated_by"),
            cause["q850"],
            text(cause, "name"),
            cause["sip"],
            if event["final"] == true {
                ", final"
            } else {
                ""
            },
        );
    }
    line
}

fn check_event(request: &Received) {
    let event = &request.event;
    let header = |name: &str| {
        request
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let id = text(event, "id");
    assert_eq!(header("webhook-id"), id, "{event}");
    assert_eq!(
        header("offhook-event"),
        text(event, "event_name"),
        "{event}"
    );
    assert!(
        header("offhook-attempt")
            .parse::<u32>()
            .is_ok_and(|attempt| attempt >= 1),
        "{:?}",
        request.headers
    );
    assert_eq!(header("content-type"), "application/json");
    let mut parts = id.rsplitn(3, '.');
    let (counter, time) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    assert!(
        counter.len() == 8 && counter.bytes().all(|octet| octet.is_ascii_digit()),
        "the end of {id}"
    );
    assert!(
        time.len() == 14 && time.bytes().all(|octet| octet.is_ascii_hexdigit()),
        "the time in {id}"
    );
    assert!(
        parts.next().is_some_and(|node| !node.is_empty()),
        "the node in {id}"
    );

    let is_last = matches!(
        text(event, "event_name"),
        "call.missed" | "call.failed" | "call.hangup"
    );
    for field in ["t_cause", "terminated_by", "cause"] {
        assert_eq!(
            event.get(field).is_some(),
            is_last,
            "{field} is present once over, and only then: {event}"
        );
    }
    let hash = text(event, "src_hash");
    assert!(
        hash.len() == 40 && hash.bytes().all(|octet| octet.is_ascii_hexdigit()),
        "src_hash: {event}"
    );
    assert!(
        number(event, "seq") >= 1 && number(event, "call_id") < 1 << 53,
        "{event}"
    );
    for field in [
        "event_time",
        "start_time",
        "context",
        "destination",
        "clid",
        "src",
        "src_name",
        "src_id",
        "dst",
        "dst_name",
        "dst_id",
    ] {
        assert!(event[field].is_string(), "{field} is a text: {event}");
    }
    assert!(
        event["duration"].is_u64() && event["final"].is_boolean(),
        "{event}"
    );
    assert!(
        event["connected_at"].is_null() || event["connected_at"].is_string(),
        "{event}"
    );
}

fn text<'a>(event: &'a Value, field: &str) -> &'a str {
    event[field]
        .as_str()
        .unwrap_or_else(|| panic!("{field} is a text: {event}"))
}

fn number(event: &Value, field: &str) -> u64 {
    event[field]
        .as_u64()
        .unwrap_or_else(|| panic!("{field} is a whole number: {event}"))
}
