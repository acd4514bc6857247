//! What holds for the events of one root call, and for the CDRs of its calls.

use std::collections::BTreeMap;

use offhook_base::{CallId, EventName, EventRecord};

use crate::world::disk::Disk;

/// Sequence, first and last events, `final`, and one CDR per call.
pub(super) fn check(disk: &Disk, broken: &mut Vec<String>) {
    let mut roots: BTreeMap<CallId, Vec<&EventRecord>> = BTreeMap::new();
    // Events without a number, such as `queue.wrapup`, stand outside of a root's sequence.
    for event in disk.facts().filter(|event| is_of_a_call(event.name)) {
        roots.entry(event.root).or_default().push(event);
    }
    for (root, events) in &roots {
        sequence(*root, events, broken);
        finals(*root, events, broken);
    }
    for event in roots.values().flatten() {
        body(event, broken);
    }
    calls(disk, broken);
}

fn is_of_a_call(name: EventName) -> bool {
    match name {
        EventName::CallInitial
        | EventName::CallAccepted
        | EventName::CallRinging
        | EventName::CallConnected
        | EventName::CallHold
        | EventName::CallUnhold
        | EventName::CallDtmf
        | EventName::CallMissed
        | EventName::CallFailed
        | EventName::CallHangup => true,
        EventName::SmsReceived
        | EventName::MonitorAudioReady
        | EventName::QueueWrapup
        | EventName::WebhookTest
        | EventName::WebhookDisabled => false,
    }
}

/// 1, 2, 3 … over all calls of the root, and the root call's own event first.
fn sequence(root: CallId, events: &[&EventRecord], broken: &mut Vec<String>) {
    for (event, due) in events.iter().zip(1..) {
        if event.seq != Some(due) {
            broken.push(format!(
                "invariant 3: call {} of root {root} has seq {:?} where {due} was due",
                event.call, event.seq
            ));
        }
    }
    if let Some(first) = events.first().filter(|first| first.call != root) {
        let call = first.call;
        broken.push(format!("root {root} begins with an event of call {call}"));
    }
}

/// `final` is true once, in the last event of the root: calls that end while it goes on carry false.
fn finals(root: CallId, events: &[&EventRecord], broken: &mut Vec<String>) {
    let finals = events.iter().filter(|event| event.is_final).count();
    let last_is = events
        .last()
        .is_some_and(|event| event.is_final && event.name.is_last());
    if finals != 1 || !last_is {
        let story: Vec<String> = events
            .iter()
            .map(|event| format!("{} {} {}", event.call, event.name, event.is_final))
            .collect();
        broken.push(format!("root {root} has {finals} final events: {story:?}"));
    }
}

/// The body says what the record says.
fn body(event: &EventRecord, broken: &mut Vec<String>) {
    let told = serde_json::from_slice::<serde_json::Value>(&event.body).unwrap_or_default();
    if event.name == EventName::CallDtmf {
        let target = told.get("dtmf_target").and_then(serde_json::Value::as_str);
        let is_whole = ["U:", "Q:", "E:"].iter().any(|kind| {
            target.is_some_and(|target| target.starts_with(kind) && target.len() > kind.len())
        });
        let tag = told.get("dtmf_tag").and_then(serde_json::Value::as_str);
        if !is_whole || tag.is_none_or(|tag| tag.len() != 1) {
            let call = event.call;
            broken.push(format!("a key of call {call}: {tag:?} for {target:?}"));
        }
    }
    let expected = [
        ("event_name", event.name.as_str().into()),
        ("call_id", event.call.0.into()),
        ("root_call_id", event.root.0.into()),
        ("final", event.is_final.into()),
        ("seq", event.seq.into()),
        ("context", (*event.context).into()),
    ];
    for (field, value) in expected {
        if told.get(field) != Some(&value) {
            let (call, name) = (event.call, event.name);
            broken.push(format!(
                "{name} of call {call} says {field} {:?}, which is {value}",
                told.get(field)
            ));
        }
    }
}

/// Each call begins once and ends once, and has one CDR, which names its root.
fn calls(disk: &Disk, broken: &mut Vec<String>) {
    let mut calls: BTreeMap<CallId, (CallId, Vec<EventName>)> = BTreeMap::new();
    for event in disk.facts().filter(|event| is_of_a_call(event.name)) {
        let (_, names) = calls.entry(event.call).or_insert((event.root, Vec::new()));
        names.push(event.name);
    }
    let mut cdrs: BTreeMap<CallId, Vec<CallId>> = BTreeMap::new();
    for cdr in disk.cdrs() {
        cdrs.entry(cdr.live_id).or_default().push(cdr.root_live_id);
    }
    for (call, (root, names)) in &calls {
        let count =
            |wanted: fn(&EventName) -> bool| names.iter().filter(|name| wanted(name)).count();
        let ends = count(|name| name.is_last());
        let begins = count(|name| *name == EventName::CallInitial);
        if ends != 1
            || begins != 1
            || !names.last().is_some_and(|name| name.is_last())
            || names.first() != Some(&EventName::CallInitial)
        {
            broken.push(format!("invariant 2: call {call} has the events {names:?}"));
        }
        if count(|name| *name == EventName::CallRinging) > 1 {
            broken.push(format!("call {call} rings twice: {names:?}"));
        }
        let of_call = cdrs.remove(call).unwrap_or_default();
        if of_call != [*root] {
            broken.push(format!(
                "call {call} of root {root} has CDRs with roots {of_call:?}"
            ));
        }
    }
    for call in cdrs.keys() {
        broken.push(format!("a CDR of call {call}, which has no events"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use offhook_base::{FactRecord, Mono, Now, Wall};

    /// An event: call, name, sequence number, `final`. All are of root 1; what ends a call has no CDR here.
    type Line = (u64, EventName, u64, bool);

    fn verdict(lines: &[Line]) -> Vec<String> {
        let now = Now {
            mono: Mono(0),
            wall: Wall::from_unix_seconds(0),
        };
        let mut disk = Disk::default();
        for (n, (call, name, seq, is_final)) in (1..).zip(lines) {
            let body = serde_json::json!({
                "event_name": name.as_str(), "call_id": call, "root_call_id": 1, "final": is_final,
                "seq": seq, "context": "LOCAL_USER",
            });
            let event = EventRecord {
                id: n.to_string().into(),
                root: CallId(1),
                call: CallId(*call),
                seq: Some(*seq),
                name: *name,
                context: "LOCAL_USER".into(),
                is_final: *is_final,
                at: now.wall,
                body: body.to_string().into_bytes().into(),
            };
            let fact = FactRecord {
                event,
                snapshot: None,
                cdr: None,
                sms: None,
                recording: None,
            };
            disk.hand_over(n, fact);
        }
        disk.commit(now);
        let mut broken = Vec::new();
        check(&disk, &mut broken);
        let calls: std::collections::BTreeSet<u64> = lines.iter().map(|(call, ..)| *call).collect();
        let without = broken
            .iter()
            .filter(|line| line.contains("has CDRs"))
            .count();
        assert_eq!(without, calls.len(), "a call without a CDR is seen");
        broken.retain(|line| !line.contains("has CDRs"));
        broken
    }

    use EventName::{CallHangup, CallInitial, CallMissed};

    #[test]
    fn a_group_whose_member_missed_is_in_order() {
        let story = [
            (1, CallInitial, 1, false),
            (2, CallInitial, 2, false),
            (2, CallMissed, 3, false),
            (1, CallMissed, 4, true),
        ];
        assert_eq!(verdict(&story), [""; 0]);
    }

    #[test]
    fn each_fault_of_a_root_is_seen() {
        let faults: [(&str, &[Line]); 6] = [
            (
                "was due",
                &[(1, CallInitial, 1, false), (1, CallMissed, 3, true)],
            ),
            (
                "0 final",
                &[(1, CallInitial, 1, false), (1, CallMissed, 2, false)],
            ),
            (
                "2 final",
                &[
                    (1, CallInitial, 1, false),
                    (2, CallInitial, 2, false),
                    (2, CallMissed, 3, true),
                    (1, CallMissed, 4, true),
                ],
            ),
            (
                "1 final",
                &[
                    (1, CallInitial, 1, false),
                    (2, CallInitial, 2, false),
                    (1, CallMissed, 3, true),
                    (2, CallMissed, 4, false),
                ],
            ),
            (
                "invariant 2",
                &[
                    (1, CallInitial, 1, false),
                    (1, CallMissed, 2, false),
                    (1, CallHangup, 3, true),
                ],
            ),
            (
                "begins with",
                &[
                    (2, CallInitial, 1, false),
                    (1, CallInitial, 2, false),
                    (2, CallMissed, 3, false),
                    (1, CallMissed, 4, true),
                ],
            ),
        ];
        for (expected, story) in faults {
            let broken = verdict(story);
            assert!(
                broken.len() == 1 && broken[0].contains(expected),
                "{expected}: {broken:?}"
            );
        }
    }
}
