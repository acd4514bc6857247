//! Events and CDRs as rows: the ids of calls are told relative to their root, so that a story reads the same wherever
//! it is played.

use std::collections::BTreeSet;
use std::fmt;

use offhook_base::{CdrRecord, Disposition, TerminatedBy};
use offhook_sim::story::Told;
use serde_json::Value;

/// The calls of a story, by what they are called: `root`, `root+1` … in the order in which they began.
pub(crate) struct Names(Vec<u64>);

impl Names {
    pub(crate) fn of(told: &Told) -> Self {
        let calls = told
            .events
            .iter()
            .filter_map(|event| event["call_id"].as_u64());
        let calls: BTreeSet<u64> = calls.collect();
        let roots = told
            .events
            .iter()
            .filter_map(|event| event["root_call_id"].as_u64());
        let roots: BTreeSet<u64> = roots.collect();
        assert!(roots.len() <= 1, "a flow is about one root call: {roots:?}");
        assert_eq!(
            roots.first(),
            calls.first(),
            "the root call is the first one"
        );
        Self(calls.into_iter().collect())
    }

    fn name(&self, call: u64) -> String {
        match self.0.iter().position(|known| *known == call) {
            Some(0) => "root".to_owned(),
            Some(place) => format!("root+{place}"),
            None => panic!("call {call} has no events"),
        }
    }
}

/// An event.
pub(crate) struct EventRow {
    /// `-` when it has none.
    pub(crate) seq: String,
    pub(crate) name: String,
    pub(crate) call: String,
    pub(crate) state: String,
    pub(crate) context: String,
    pub(crate) destination: String,
    pub(crate) src: String,
    pub(crate) dst: String,
    pub(crate) cause: String,
    /// For `queue.wrapup` its `action`, for `call.dtmf` the key and who received it, for `monitor.audio_ready` its length.
    pub(crate) info: String,
    pub(crate) by: String,
    pub(crate) is_final: bool,
}

impl EventRow {
    pub(crate) fn of(event: &Value, names: &Names) -> Self {
        let text = |field: &str| event[field].as_str().unwrap_or_default().to_owned();
        let call = event["call_id"].as_u64().expect("a call id");
        Self {
            seq: event["seq"]
                .as_u64()
                .map_or_else(|| "-".to_owned(), |seq| seq.to_string()),
            name: text("event_name"),
            call: names.name(call),
            state: text("state"),
            context: text("context"),
            destination: text("destination"),
            src: text("src"),
            dst: text("dst"),
            cause: text("t_cause"),
            info: match event["event_name"].as_str() {
                Some("queue.wrapup") => format!("action: {}", text("action")),
                Some("call.dtmf") => {
                    format!("key {} to {}", text("dtmf_tag"), text("dtmf_target"))
                }
                Some("monitor.audio_ready") => format!("duration: {}", event["duration"]),
                _ => text("info"),
            },
            by: text("terminated_by"),
            is_final: event["final"].as_bool().unwrap_or_default(),
        }
    }
}

impl fmt::Display for EventRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            seq,
            name,
            call,
            state,
            context,
            destination,
            src,
            dst,
            ..
        } = self;
        write!(
            f,
            "{seq} {name} {call} {state} {context} {destination} {src} -> {dst}"
        )?;
        if !self.cause.is_empty() {
            write!(f, ": {} by {}", self.cause, self.by)?;
        }
        if !self.info.is_empty() {
            write!(f, " ({})", self.info)?;
        }
        f.write_str(if self.is_final { ", final" } else { "" })
    }
}

/// A CDR.
pub(crate) struct CdrRow {
    pub(crate) call: String,
    pub(crate) root: String,
    /// `null` when it has none.
    pub(crate) parent: String,
    pub(crate) is_root: bool,
    pub(crate) disposition: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) context: String,
    pub(crate) destination: String,
    pub(crate) src: String,
    pub(crate) dst: String,
    pub(crate) duration: u32,
    pub(crate) billsec: u32,
    pub(crate) cause: String,
    pub(crate) info: String,
    pub(crate) by: &'static str,
}

impl CdrRow {
    pub(crate) fn of(cdr: &CdrRecord, names: &Names) -> Self {
        let parent = cdr.parent_live_id.map(|parent| names.name(parent.0));
        Self {
            call: names.name(cdr.live_id.0),
            root: names.name(cdr.root_live_id.0),
            parent: parent.unwrap_or_else(|| "null".to_owned()),
            is_root: cdr.live_id == cdr.root_live_id,
            disposition: match cdr.disposition {
                Disposition::Connected => "CONNECTED",
                Disposition::NoAnswer => "NO ANSWER",
                Disposition::Busy => "BUSY",
                Disposition::Failed => "FAILED",
            },
            kind: match (&*cdr.destination, cdr.disposition) {
                ("out", _) => "O",
                (_, Disposition::Connected) => "I",
                (_, Disposition::NoAnswer | Disposition::Busy | Disposition::Failed) => "M",
            },
            context: cdr.context.clone(),
            destination: cdr.destination.clone(),
            src: cdr.src.number.clone(),
            dst: cdr.dst.number.clone(),
            duration: cdr.duration,
            billsec: cdr.billsec,
            cause: cdr.t_cause.clone(),
            info: cdr.info.clone(),
            by: match cdr.terminated_by {
                TerminatedBy::Caller => "caller",
                TerminatedBy::Callee => "callee",
                TerminatedBy::System => "system",
                TerminatedBy::Api => "api",
            },
        }
    }
}

impl fmt::Display for CdrRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            call,
            root,
            parent,
            disposition,
            kind,
            context,
            destination,
            ..
        } = self;
        let Self {
            src,
            dst,
            duration,
            billsec,
            cause,
            by,
            ..
        } = self;
        let of = match self.is_root {
            true => "the root".to_owned(),
            false => format!("of {root} by {parent}"),
        };
        write!(
            f,
            "{call} {of}, {disposition} {kind} {context} {destination} {src} -> {dst}, \
             {billsec} of {duration} s: {cause} by {by}"
        )?;
        match self.info.is_empty() {
            true => Ok(()),
            false => write!(f, " ({})", self.info),
        }
    }
}
