//! One agent, one caller; penalties, time after a call, and nobody stuck.

use super::*;

#[test]
fn an_agent_of_three_queues_is_never_offered_two_callers() {
    let mut desk = Desk::new([queue(1, &[1]), queue(2, &[1]), queue(3, &[1])]);
    for (id, caller) in [(1, 10), (2, 11), (3, 12)] {
        desk.enter(QueueId(id), caller).unwrap();
    }
    assert_eq!(desk.outputs(), ["10 to 1"]);
    for id in 1..4 {
        assert_eq!(desk.state(QueueId(id), ANN), AgentState::Ringing);
    }
    desk.answers(10, ANN);
    assert_eq!(desk.state(QueueId(3), ANN), AgentState::Talking);
    desk.pass(3_600 * SECOND);
    assert_eq!(desk.outputs(), [] as [&str; 0]);
}

#[test]
fn who_becomes_free_takes_the_longest_waiting_caller_of_all_his_queues() {
    let mut desk = Desk::new([queue(1, &[1]), queue(2, &[1]), queue(3, &[1])]);
    desk.enters(10);
    desk.enter(QueueId(3), 11).unwrap();
    desk.enter(QueueId(2), 12).unwrap();
    desk.enter(QueueId(1), 13).unwrap();
    desk.outputs();
    for (served, next) in [(10, "11 to 1"), (11, "12 to 1"), (12, "13 to 1")] {
        desk.serves(served, ANN);
        assert_eq!(desk.outputs(), [next]);
    }
}

#[test]
fn who_is_in_another_call_is_not_rung_where_busy_agents_are_skipped() {
    let mut loud = queue(2, &[1]);
    loud.skip_busy = false;
    let mut desk = Desk::new([queue(1, &[1]), loud]);
    desk.queues.busy(desk.now, ANN, true);
    assert_eq!(desk.state(Q, ANN), AgentState::Busy);
    assert_eq!(desk.enters(10), []);
    desk.enter(QueueId(2), 11).unwrap();
    assert_eq!(desk.rung_for(11), [ANN]);
    desk.leave(11);
    desk.queues.busy(desk.now, ANN, false);
    assert_eq!(desk.rung_for(10), [ANN]);
}

#[test]
fn whose_phone_still_rings_for_a_call_taken_back_is_offered_nothing_until_it_is_quiet() {
    let mut desk = Desk::new([queue(1, &[1])]);
    desk.enters(10);
    desk.queues.still_rings(desk.now, ANN, true);
    desk.leave(10);
    assert_eq!(desk.enters(11), []);
    assert_eq!(desk.state(Q, ANN), AgentState::Ringing);
    desk.queues.still_rings(desk.now, ANN, false);
    assert_eq!(desk.rung_for(11), [ANN]);
}

#[test]
fn an_offer_taken_back_because_his_phone_still_rings_costs_the_agent_no_time() {
    let mut desk = Desk::new([queue(1, &[1])]);
    desk.enters(10);
    desk.queues.still_rings(desk.now, ANN, true);
    desk.refuses(10, ANN, Outcome::Cancelled);
    desk.queues.still_rings(desk.now, ANN, false);
    assert_eq!(desk.rung_for(10), [ANN]);
}

#[test]
fn an_unreachable_agent_is_not_rung_and_his_callers_wait() {
    let mut desk = Desk::new([queue(1, &[1])]);
    desk.queues.reachable(desk.now, ANN, false);
    assert_eq!(desk.enters(10), []);
    assert_eq!(desk.state(Q, ANN), AgentState::Unreachable);
    desk.queues.reachable(desk.now, ANN, true);
    assert_eq!(desk.rung_for(10), [ANN]);
}

#[test]
fn who_did_not_take_a_call_is_left_alone_for_a_while_and_the_caller_goes_on() {
    for (outcome, alone) in [
        (Outcome::NoAnswer, 10),
        (Outcome::Declined, 10),
        (Outcome::Busy, 5),
        (Outcome::Unreachable, 5),
        (Outcome::Cancelled, 1),
    ] {
        let mut desk = Desk::new([queue(1, &[1, 2])]);
        desk.enters(10);
        desk.refuses(10, ANN, outcome);
        assert_eq!(desk.rung_for(10), [BOB]);
        assert_eq!(desk.state(Q, ANN), AgentState::Penalty);
        desk.pass(alone * SECOND - Duration::from_nanos(1));
        assert_eq!(desk.enters(11), []);
        desk.pass(Duration::from_nanos(1));
        assert_eq!(desk.rung_for(11), [ANN]);
    }
}

#[test]
fn another_caller_does_not_clear_a_penalty() {
    let mut desk = Desk::new([queue(1, &[1]), queue(2, &[1])]);
    desk.enters(10);
    desk.refuses(10, ANN, Outcome::Declined);
    desk.leave(10);
    desk.enter(QueueId(2), 11).unwrap();
    assert_eq!(desk.rung_for(11), []);
    desk.pass(10 * SECOND);
    assert_eq!(desk.rung_for(11), [ANN]);
}

#[test]
fn an_only_agent_is_tried_again_after_his_penalty() {
    let mut desk = Desk::new([queue(1, &[1])]);
    desk.enters(10);
    for _ in 0..5 {
        desk.refuses(10, ANN, Outcome::NoAnswer);
        assert_eq!(desk.rung_for(10), []);
        desk.pass(10 * SECOND);
        assert_eq!(desk.rung_for(10), [ANN]);
    }
}

#[test]
fn an_offer_of_which_nothing_is_heard_is_withdrawn_five_seconds_after_its_ring_time() {
    let mut desk = Desk::new([queue(1, &[1, 2])]);
    desk.enters(10);
    let lost = desk.offer(10, ANN);
    desk.outputs();
    desk.pass(Duration::from_millis(19_999));
    assert_eq!(desk.outputs(), [] as [&str; 0]);
    desk.pass(Duration::from_millis(1));
    assert_eq!(desk.outputs(), ["10 not to 1", "10 to 2"]);
    assert_eq!(desk.state(Q, ANN), AgentState::Penalty);
    desk.pass(10 * SECOND);
    assert_eq!(desk.state(Q, ANN), AgentState::Free);
    // What is heard of it after that changes nothing.
    assert!(!desk.queues.answered(desk.now, lost));
    desk.queues.refused(desk.now, lost, Outcome::NoAnswer);
    assert_eq!(desk.state(Q, ANN), AgentState::Free);
}

#[test]
fn a_late_end_of_a_withdrawn_offer_does_not_touch_the_next_offer_of_the_same_two() {
    let mut desk = Desk::new([queue(1, &[1])]);
    desk.enters(10);
    let first = desk.offer(10, ANN);
    let mut out = queue(1, &[1, 2]);
    out.agents[0].1 = false;
    desk.configure(out);
    desk.configure(queue(1, &[1]));
    assert_ne!(desk.offer(10, ANN), first);
    desk.queues.refused(desk.now, first, Outcome::Cancelled);
    assert!(!desk.queues.answered(desk.now, first));
    assert_eq!(desk.rung_for(10), [ANN]);
}

#[test]
fn a_late_end_of_a_call_does_not_end_the_agents_next_one() {
    let mut desk = Desk::new([queue(1, &[1])]);
    desk.enters(10);
    let first = desk.answers(10, ANN);
    desk.leave(10);
    desk.enters(11);
    desk.answers(11, ANN);
    desk.queues.leave(desk.now, first.caller);
    assert_eq!(desk.state(Q, ANN), AgentState::Talking);
}

fn with_wrap_up() -> QueueConfig {
    let mut config = queue(1, &[1]);
    config.wrap_up = 30 * SECOND;
    config
}

#[test]
fn time_after_a_call_holds_for_all_queues_and_runs_out() {
    let mut desk = Desk::new([with_wrap_up(), queue(2, &[1])]);
    desk.enters(10);
    desk.serves(10, ANN);
    desk.enter(QueueId(2), 11).unwrap();
    assert_eq!(desk.state(QueueId(2), ANN), AgentState::WrapUp);
    assert_eq!(desk.outputs(), ["10 to 1", "1 after 10 Open"]);
    desk.pass(30 * SECOND);
    assert_eq!(desk.outputs(), ["1 after 10 Timeout", "11 to 1"]);
}

#[test]
fn time_after_a_call_is_closed_once_and_by_its_queue() {
    let mut desk = Desk::new([with_wrap_up(), queue(2, &[1])]);
    desk.enters(10);
    desk.serves(10, ANN);
    desk.outputs();
    assert!(!desk.queues.wrapup_close(desk.now, QueueId(2), ANN));
    assert!(!desk.queues.wrapup_close(desk.now, Q, BOB));
    assert!(desk.queues.wrapup_close(desk.now, Q, ANN));
    assert!(!desk.queues.wrapup_close(desk.now, Q, ANN));
    assert_eq!(desk.outputs(), ["1 after 10 Close"]);
    assert_eq!(desk.queues.next_timeout(), None);
    assert_eq!(desk.enters(11), [ANN]);
}

#[test]
fn a_caller_who_hangs_up_or_is_transferred_opens_the_time_after_the_call_once() {
    let mut desk = Desk::new([with_wrap_up()]);
    desk.enters(10);
    desk.answers(10, ANN);
    desk.outputs();
    desk.leave(10);
    desk.leave(10);
    assert_eq!(desk.outputs(), ["1 after 10 Open"]);
}

#[test]
fn an_agent_whose_phone_is_gone_keeps_his_call_and_his_time_after_it() {
    let mut desk = Desk::new([with_wrap_up()]);
    desk.enters(10);
    let offer = desk.answers(10, ANN);
    desk.queues.reachable(desk.now, ANN, false);
    assert_eq!(desk.state(Q, ANN), AgentState::Talking);
    desk.queues.leave(desk.now, offer.caller);
    assert_eq!(desk.state(Q, ANN), AgentState::WrapUp);
    desk.pass(30 * SECOND);
    assert_eq!(desk.state(Q, ANN), AgentState::Unreachable);
}

#[test]
fn nothing_is_kept_of_users_who_are_no_agents_and_away() {
    let mut desk = Desk::new([]);
    for user in (0..1_000).map(UserId) {
        desk.queues.reachable(desk.now, user, true);
        desk.queues.busy(desk.now, user, true);
        desk.queues.reachable(desk.now, user, false);
        desk.queues.busy(desk.now, user, false);
    }
    assert!(desk.queues.agents.is_empty());
}
