//! Transfers to queues, by their agents and by others.

use std::time::Duration;

use offhook_base::{CallId, QueueId, UserId};

use super::super::queue::script;
use super::super::{A, B1, Script, sdp};
use super::{C, group, wish};
use crate::directory::QueueConfig;
use crate::{ApiAnswer, ApiCommand, QueueLive};

/// 2001 talks to 2002; the queue is as `change` says.
fn connected(change: impl FnOnce(&mut QueueConfig)) -> Script {
    let mut script = script(change);
    script
        .invite("2002", Some(&sdp("192.0.2.1", 4000, "sendrecv")))
        .commit()
        .answered(B1, Some(&sdp("192.0.2.2", 5000, "sendrecv")))
        .commit()
        .acked(A, None)
        .skip();
    script
}

impl Script {
    /// What was said since the last look, without what was recorded.
    fn hears(&mut self, said: &[&str]) -> &mut Self {
        let mut lines = self.lines();
        lines.retain(|line| !line.starts_with(['*', '-']));
        assert_eq!(lines, said, "\nseen:\n{}", lines.join("\n"));
        self
    }
}

fn live(script: &mut Script) -> QueueLive {
    let command = ApiCommand::QueueLive { queue: QueueId(5) };
    script.pbx.handle_api(script.now, command, 9);
    match script.pbx.actions.pop_back() {
        Some(super::super::Action::Reply(reply)) => match reply.result {
            Ok(ApiAnswer::Queue(live)) => *live,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_transfer_is_done_once_the_queue_has_taken_the_caller_in() {
    let mut script = connected(|queue| {
        queue.max_wait = Some(Duration::from_secs(10));
        queue.agents = vec![(UserId(100_004), true)];
    });
    script.refer(B1, 4, "<sip:4000@pbx.example>").commit();
    script.hears(&["reply 4 202", "B1 NOTIFY +sdp", "B1 NOTIFY +sdp"]);
    assert!(script.said(B1, Some("NOTIFY")).contains("200 OK"));
    script.notified(B1, 2).hears(&["B1 BYE"]);
    // He has waited enough: that ends his call, and nobody gets him back.
    script.wait(Duration::from_secs(10)).commit();
    script.hears(&["A BYE"]);
    assert_eq!(script.last("info"), "max_wait");
    assert_eq!(script.pbx.len(), 0);
}

#[test]
fn who_transferred_to_a_queue_may_hang_up_first_and_the_caller_too() {
    for transferor_first in [true, false] {
        let mut script = connected(|queue| queue.agents = vec![(UserId(100_004), true)]);
        script
            .refer(B1, 4, "<sip:4000@pbx.example>")
            .commit()
            .skip();
        if transferor_first {
            script.request(B1, 6, "BYE", None).commit();
            script.hears(&["reply 6 200"]);
            script.request(A, 8, "BYE", None).commit();
            script.hears(&["reply 8 200"]);
        } else {
            script.request(A, 8, "BYE", None).commit();
            script.hears(&["reply 8 200"]);
            script.notified(B1, 2).hears(&["B1 BYE"]);
        }
        assert_eq!(script.pbx.len(), 0);
    }
}

#[test]
fn a_client_who_transfers_to_a_queue_is_answered_and_the_other_phone_let_go() {
    let mut script = connected(|queue| queue.agents = vec![(UserId(100_004), true)]);
    script.api(9, wish("4000", None)).commit();
    script.hears(&["api 9 Ok(Call(CallId(2)))", "B1 BYE"]);
    assert_eq!(live(&mut script).waiting, 1);
}

#[test]
fn a_full_queue_gives_the_caller_back() {
    let mut script = connected(|queue| queue.max_length = Some(0));
    script.refer(B1, 4, "<sip:4000@pbx.example>").commit();
    script.hears(&["reply 4 202", "B1 NOTIFY +sdp", "B1 NOTIFY +sdp"]);
    assert!(script.said(B1, Some("NOTIFY")).contains("486"));
    script.notified(B1, 2).hears(&[]);
    let again = ApiCommand::Transfer {
        call: CallId(3),
        dst: "4000".into(),
        party: None,
    };
    script.api(9, again).commit();
    script.hears(&["api 9 Ok(Call(CallId(4)))"]);
    script.request(A, 8, "BYE", None).commit();
    script.hears(&["reply 8 200", "B1 BYE"]);
}

#[test]
fn an_agent_is_not_rung_for_whom_he_transfers_while_his_leg_is_up() {
    let mut script = connected(|queue| {
        queue.skip_busy = false;
        queue.agents = vec![(UserId(100_002), true)];
    });
    script.refer(B1, 4, "<sip:4000@pbx.example>").commit();
    script.hears(&["reply 4 202", "B1 NOTIFY +sdp", "B1 NOTIFY +sdp"]);
    script.notified(B1, 2).commit();
    script.hears(&["B1 BYE", "B2 INVITE +sdp"]);
}

#[test]
fn an_agent_without_wrap_up_who_transfers_gets_no_other_caller_while_his_leg_is_up() {
    let mut script = script(|queue| {
        queue.wrap_up = Duration::ZERO;
        queue.agents = vec![(UserId(100_002), true)];
    });
    script.ports(8);
    let offer = sdp("192.0.2.1", 4000, "sendrecv");
    script.invite("4000", Some(&offer)).commit().acked(A, None);
    script
        .answered(B1, Some(&sdp("192.0.2.2", 5000, "sendrecv")))
        .commit();
    script.invite("4000", Some(&offer)).commit().skip();
    assert_eq!(script.pbx.office.talking.len(), 1);
    script.refer(B1, 4, "<sip:2003@pbx.example>").commit();
    script.hears(&["reply 4 202", "B1 NOTIFY +sdp", "B2 INVITE +sdp"]);
    assert!(script.pbx.office.talking.is_empty(), "he is done with him");
    script.answered(C, Some(&sdp("192.0.2.4", 6000, "sendrecv")));
    script.commit().notified(B1, 1);
    script.hears(&["B2 ACK", "B1 NOTIFY +sdp"]);
    script.notified(B1, 2).commit();
    script.hears(&["B1 BYE", "B3 INVITE +sdp"]);
}

#[test]
fn a_busy_agent_is_rung_by_a_queue_that_does_not_skip_him() {
    for skip_busy in [true, false] {
        let mut script = connected(|queue| {
            queue.skip_busy = skip_busy;
            queue.agents = vec![(UserId(100_002), true)];
        });
        let offer = sdp("192.0.2.1", 4000, "sendrecv");
        script.ports(8).invite("4000", Some(&offer)).commit();
        let rung = script.lines().iter().any(|line| line == "B2 INVITE +sdp");
        assert_eq!(rung, !skip_busy);
    }
}

#[test]
fn a_group_does_not_ring_its_member_who_transfers_to_it() {
    let mut script = connected(|_| {});
    group(&mut script, &[100_002, 100_003]);
    script.refer(B1, 4, "<sip:3000@pbx.example>").commit();
    script.hears(&["reply 4 202", "B1 NOTIFY +sdp", "B2 INVITE +sdp"]);
}
