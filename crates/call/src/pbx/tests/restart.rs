//! The process dies after any fact, and the restart closes what is open: in every flow each call ends once, and the last
//! event of the conversation, and only that, is final.

use std::collections::BTreeMap;
use std::time::Duration;

use offhook_base::{CallId, FactRecord, RingGroupId, UserId};
use offhook_sip_core::LegId;

use super::{A, B1, Script, sdp};
use crate::directory::{DirectoryChange, GroupStrategy, RingGroup};
use crate::{ApiCommand, EventIds, close_after_restart};

const C: LegId = LegId(5);

fn script() -> Script {
    let mut script = Script::new().registered(&[1, 2, 4]);
    let group = RingGroup {
        id: RingGroupId(7),
        name: "Sales".into(),
        number: "3000".into(),
        strategy: GroupStrategy::All,
        ring_time: Duration::from_secs(20),
        users: vec![UserId(100_002), UserId(100_003)],
    };
    script
        .pbx
        .handle_directory(script.now, DirectoryChange::RingGroup(group));
    script
}

/// The facts that the journal has when the process dies after each of them, closed.
fn crash_anywhere(script: &Script) {
    let facts = &script.recorded;
    for died_after in 1..=facts.len() {
        let (had, _) = facts.split_at(died_after);
        let mut open: BTreeMap<CallId, &[u8]> = BTreeMap::new();
        for fact in had {
            match &fact.snapshot {
                Some(snapshot) => open.insert(fact.event.call, snapshot),
                None => open.remove(&fact.event.call),
            };
        }
        let last = had.last().expect("one at least");
        let seq = last.event.seq.expect("a numbered event");
        let mut ids = EventIds::new("n1", 0);
        let closed = close_after_restart(open.values().copied(), seq, last.event.at, &mut ids)
            .expect("readable");
        check(had, &closed, died_after);
    }
}

fn check(had: &[FactRecord], closed: &[FactRecord], died_after: usize) {
    let all: Vec<_> = had.iter().chain(closed).collect();
    for (nth, fact) in all.iter().enumerate() {
        assert_eq!(fact.event.seq, Some(nth as u64 + 1), "after {died_after}");
        let is_last = nth + 1 == all.len();
        assert_eq!(fact.event.is_final, is_last, "after {died_after}: {nth}");
    }
    let mut ends: Vec<_> = all
        .iter()
        .filter(|fact| fact.event.name.is_last())
        .map(|fact| fact.event.call)
        .collect();
    ends.sort_unstable();
    let mut calls: Vec<_> = all.iter().map(|fact| fact.event.call).collect();
    calls.sort_unstable();
    calls.dedup();
    assert_eq!(ends, calls, "after {died_after}");
    for fact in closed {
        let cdr = fact.cdr.as_ref().expect("a CDR");
        assert_eq!(cdr.t_cause, "System Shutdown");
    }
}

fn connected(number: &str) -> Script {
    let offer = sdp("192.0.2.1", 4000, "sendrecv");
    let mut script = script();
    script
        .invite(number, Some(&offer))
        .commit()
        .provisional(B1, 180, None)
        .answered(B1, Some(&offer))
        .commit()
        .acked(A, None);
    script
}

#[test]
fn a_transfer_under_way_and_one_that_succeeds() {
    for number in ["2002", "3000"] {
        let mut script = connected(number);
        let target = if number == "2002" { C } else { LegId(7) };
        script
            .refer(B1, 4, "<sip:2003@pbx.example>")
            .commit()
            .answered(target, Some(&sdp("192.0.2.4", 6000, "sendrecv")))
            .commit()
            .request(A, 8, "BYE", None)
            .commit();
        assert_eq!(script.last("final"), "true");
        crash_anywhere(&script);
    }
}

#[test]
fn a_transfer_that_fails_with_the_transferor_there_or_gone() {
    for gone in [false, true] {
        let mut script = connected("2002");
        script.refer(B1, 4, "<sip:3000@pbx.example>").commit();
        if gone {
            script.request(B1, 6, "BYE", None);
        }
        script.wait(Duration::from_secs(20)).commit();
        script.wait(Duration::from_secs(30)).commit();
        if !gone {
            script.request(A, 8, "BYE", None).commit();
        }
        assert_eq!(script.last("final"), "true");
        crash_anywhere(&script);
    }
}

#[test]
fn a_deflection_that_comes_back() {
    let mut script = script();
    script.invite("3000", None).commit();
    let command = ApiCommand::Transfer {
        call: CallId(1),
        dst: "2003".into(),
        party: None,
    };
    script.api(9, command).commit();
    script.wait(Duration::from_secs(30)).commit();
    script.wait(Duration::from_secs(30)).commit();
    assert_eq!(script.last("final"), "true");
    crash_anywhere(&script);
}

#[test]
fn a_click_to_a_group() {
    let mut script = script();
    let command = ApiCommand::Originate {
        user: UserId(100_001),
        to: "3000".into(),
        caller_id: None,
    };
    script
        .api(9, command)
        .commit()
        .answered(B1, Some(&sdp("192.0.2.1", 4000, "sendrecv")))
        .commit()
        .answered(C, Some(&sdp("192.0.2.2", 5000, "sendrecv")))
        .commit()
        .request(C, 4, "BYE", None)
        .commit();
    assert_eq!(script.last("final"), "true");
    crash_anywhere(&script);
}
