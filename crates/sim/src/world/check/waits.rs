//! How long callers wait in queues, and that each hears why it was for nothing (row R16 of the test matrix).

use std::collections::BTreeMap;
use std::time::Duration;

use offhook_base::{CallId, EventName, EventRecord, Mono};

/// What a wait may take beyond what its queue allows.
const GRACE: Duration = Duration::from_secs(5);

/// Callers who wait, and those who are done with it.
#[derive(Debug, Default)]
pub(super) struct Waits {
    since: BTreeMap<CallId, Mono>,
    /// When calls of queues ended.
    ended: BTreeMap<CallId, Mono>,
    waited: Vec<(CallId, Duration)>,
    broken: Vec<String>,
}

impl Waits {
    /// The process died, and every wait with it.
    pub(super) fn crashed(&mut self) {
        self.since.clear();
    }

    /// The switch handed over a fact.
    pub(super) fn recorded(&mut self, now: Mono, event: &EventRecord) {
        if &*event.context != "QUEUE" {
            return;
        }
        if event.name.is_last() {
            self.ended.insert(event.call, now);
        }
        let since = match event.name {
            EventName::CallInitial => {
                self.since.insert(event.call, now);
                return;
            }
            EventName::CallConnected | EventName::CallMissed | EventName::CallHangup => {
                self.since.remove(&event.call)
            }
            EventName::QueueWrapup => {
                self.broken.extend(self.belated(now, event));
                return;
            }
            EventName::CallAccepted
            | EventName::CallDtmf
            | EventName::CallFailed
            | EventName::CallHold
            | EventName::CallRinging
            | EventName::CallUnhold
            | EventName::MonitorAudioReady
            | EventName::SmsReceived
            | EventName::WebhookDisabled
            | EventName::WebhookTest => return,
        };
        self.waited
            .extend(since.map(|since| (event.call, now - since)));
        if event.name == EventName::CallMissed {
            self.broken.extend(unexplained(event));
        }
    }

    /// An agent's time after a call begins with the end of that call: he is nobody's prisoner.
    fn belated(&self, now: Mono, event: &EventRecord) -> Option<String> {
        let body = serde_json::from_slice::<serde_json::Value>(&event.body).unwrap_or_default();
        if body.get("action").and_then(serde_json::Value::as_str) != Some("open") {
            return None;
        }
        let call = event.call;
        let in_time = self
            .ended
            .get(&call)
            .is_some_and(|ended| now - *ended < Duration::from_secs(1));
        (!in_time).then(|| format!("the time after call {call} of a queue begins long after it"))
    }

    /// What was broken, where nobody may wait longer than this.
    pub(super) fn verdict(&self, longest: Duration) -> Vec<String> {
        let mut broken = self.broken.clone();
        let limit = longest + GRACE;
        for (call, waited) in self.waited.iter().filter(|(_, waited)| *waited > limit) {
            broken.push(format!("call {call} waited in a queue for {waited:?}"));
        }
        let open = self.since.keys();
        broken.extend(open.map(|call| format!("call {call} waits in a queue for ever")));
        broken
    }
}

/// Whoever was not served hears why: by `info`, unless a person or the system ended it.
fn unexplained(event: &EventRecord) -> Option<String> {
    let body = serde_json::from_slice::<serde_json::Value>(&event.body).unwrap_or_default();
    let text = |field: &str| body.get(field).and_then(serde_json::Value::as_str);
    let by_api = text("terminated_by") == Some("api");
    let by_fault = matches!(
        text("t_cause"),
        Some("Normal Temporary Failure" | "System Shutdown" | "Circuit Congestion")
    );
    let explained = match text("info") {
        Some("abandoned" | "max_wait" | "max_length" | "no_agents" | "removed") => true,
        Some(_) | None => by_api || by_fault,
    };
    (!explained).then(|| {
        format!(
            "call {} left its queue without a reason: {body}",
            event.call
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    use offhook_base::Wall;

    fn event(call: u64, name: EventName, body: &str) -> EventRecord {
        EventRecord {
            id: "x".into(),
            root: CallId(call),
            call: CallId(call),
            seq: Some(1),
            name,
            context: "QUEUE".into(),
            is_final: name.is_last(),
            at: Wall::from_unix_seconds(0),
            body: body.as_bytes().into(),
        }
    }

    /// What is wrong when a caller waits so many seconds, where 60 are allowed.
    fn broken(seconds: u64, end: EventName, body: &str) -> Vec<String> {
        let mut waits = Waits::default();
        waits.recorded(Mono(0), &event(1, EventName::CallInitial, ""));
        waits.recorded(Mono(seconds * 1_000_000_000), &event(1, end, body));
        waits.verdict(Duration::from_secs(60))
    }

    #[test]
    fn a_caller_may_wait_as_long_as_the_queue_allows_and_5_s_more() {
        assert_eq!(broken(65, EventName::CallConnected, ""), [""; 0]);
        assert_eq!(broken(66, EventName::CallConnected, "").len(), 1);
        let told = r#"{"info":"max_wait"}"#;
        assert_eq!(broken(66, EventName::CallMissed, told).len(), 1);
    }

    #[test]
    fn a_caller_who_is_not_served_hears_why() {
        for told in [
            r#"{"info":"abandoned","terminated_by":"caller"}"#,
            r#"{"terminated_by":"api"}"#,
            r#"{"t_cause":"System Shutdown","terminated_by":"system"}"#,
        ] {
            assert_eq!(broken(1, EventName::CallMissed, told), [""; 0]);
        }
        let untold = r#"{"t_cause":"No Answer","terminated_by":"system"}"#;
        assert_eq!(broken(1, EventName::CallMissed, untold).len(), 1);
    }

    #[test]
    fn an_agent_who_is_kept_after_the_end_of_a_call_is_seen() {
        let open = event(1, EventName::QueueWrapup, r#"{"action":"open"}"#);
        let close = event(1, EventName::QueueWrapup, r#"{"action":"close"}"#);
        for (after, faults) in [(0, 0), (2, 1)] {
            let mut waits = Waits::default();
            waits.recorded(Mono(0), &event(1, EventName::CallHangup, ""));
            waits.recorded(Mono(after * 1_000_000_000), &open);
            waits.recorded(Mono(9_000_000_000), &close);
            assert_eq!(waits.verdict(Duration::from_secs(60)).len(), faults);
        }
    }

    #[test]
    fn a_caller_who_waits_for_ever_is_seen() {
        let mut waits = Waits::default();
        waits.recorded(Mono(0), &event(1, EventName::CallInitial, ""));
        assert_eq!(waits.verdict(Duration::from_secs(60)).len(), 1);
        waits.crashed();
        assert_eq!(waits.verdict(Duration::from_secs(60)), [""; 0]);
    }
}
