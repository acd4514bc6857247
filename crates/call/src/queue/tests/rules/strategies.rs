//! Whose turn it is.

use super::*;

fn desk(strategy: QueueStrategy) -> Desk {
    let mut config = queue(1, &[1, 2, 3]);
    config.strategy = strategy;
    Desk::new([config])
}

#[test]
fn in_order_takes_the_first_free_one_of_the_list() {
    let mut desk = Desk::new([queue(1, &[3, 1, 2])]);
    assert_eq!(desk.enters(10), [CAY]);
    assert_eq!(desk.enters(11), [ANN]);
    desk.serves(10, CAY);
    assert_eq!(desk.enters(12), [CAY]);
    assert_eq!(desk.enters(13), [BOB]);
    assert_eq!(desk.enters(14), []);
}

#[test]
fn round_robin_goes_on_after_the_last_one_and_wraps() {
    let mut desk = desk(QueueStrategy::RoundRobin);
    for (caller, agent) in (10..).zip([ANN, BOB, CAY, ANN, BOB]) {
        assert_eq!(desk.enters(caller), [agent]);
        desk.serves(caller, agent);
    }
}

#[test]
fn round_robin_passes_over_whoever_is_not_free() {
    let mut desk = desk(QueueStrategy::RoundRobin);
    assert_eq!(desk.enters(10), [ANN]);
    desk.queues.busy(desk.now, BOB, true);
    assert_eq!(desk.enters(11), [CAY]);
    desk.queues.busy(desk.now, BOB, false);
    desk.leave(10);
    desk.leave(11);
    assert_eq!(desk.enters(12), [ANN]);
}

#[test]
fn round_robin_keeps_its_turn_when_the_list_changes() {
    let mut desk = desk(QueueStrategy::RoundRobin);
    desk.enters(10);
    assert_eq!(desk.enters(11), [BOB]);
    desk.leave(10);
    desk.leave(11);
    let mut config = queue(1, &[3, 2, 1]);
    config.strategy = QueueStrategy::RoundRobin;
    desk.configure(config);
    // After Bob comes Ann in the new list.
    assert_eq!(desk.enters(12), [ANN]);
    desk.leave(12);
    let mut config = queue(1, &[3, 2]);
    config.strategy = QueueStrategy::RoundRobin;
    desk.configure(config);
    // Ann had the last turn; the last one before her is Bob.
    assert_eq!(desk.enters(13), [CAY]);
}

#[test]
fn least_recent_takes_who_never_had_a_call_and_then_whose_call_ended_first() {
    let mut desk = desk(QueueStrategy::LeastRecent);
    for (caller, agent) in [(10, ANN), (11, BOB), (12, CAY)] {
        assert_eq!(desk.enters(caller), [agent]);
        desk.answers(caller, agent);
    }
    for caller in [11, 12, 10] {
        desk.pass(SECOND);
        desk.leave(caller);
    }
    for (caller, agent) in [(20, BOB), (21, CAY), (22, ANN)] {
        assert_eq!(desk.enters(caller), [agent]);
    }
}

#[test]
fn least_recent_counts_the_calls_of_any_queue() {
    let mut first = queue(1, &[1, 2]);
    first.strategy = QueueStrategy::LeastRecent;
    let mut desk = Desk::new([first, queue(2, &[1])]);
    desk.enter(QueueId(2), 10).unwrap();
    desk.serves(10, ANN);
    assert_eq!(desk.enters(11), [BOB]);
}

#[test]
fn fewest_calls_counts_the_calls_of_this_queue_only() {
    let mut first = queue(1, &[1, 2]);
    first.strategy = QueueStrategy::FewestCalls;
    let mut desk = Desk::new([first, queue(2, &[1])]);
    for caller in 10..15 {
        desk.enter(QueueId(2), caller).unwrap();
        desk.serves(caller, ANN);
    }
    for (caller, agent) in [(20, ANN), (21, BOB), (22, ANN), (23, BOB)] {
        assert_eq!(desk.enters(caller), [agent]);
        desk.serves(caller, agent);
    }
}

#[test]
fn a_call_that_was_not_taken_is_no_call_of_the_fewest() {
    let mut desk = desk(QueueStrategy::FewestCalls);
    assert_eq!(desk.enters(10), [ANN]);
    desk.refuses(10, ANN, Outcome::NoAnswer);
    desk.leave(10);
    desk.pass(10 * SECOND);
    assert_eq!(desk.enters(11), [ANN]);
}

#[test]
fn all_rings_every_free_agent_for_the_first_caller_only() {
    let mut desk = desk(QueueStrategy::All);
    assert_eq!(desk.enters(10), [ANN, BOB, CAY]);
    assert_eq!(desk.enters(11), []);
}

#[test]
fn all_rings_an_agent_who_becomes_free_too() {
    let mut desk = desk(QueueStrategy::All);
    desk.queues.busy(desk.now, BOB, true);
    assert_eq!(desk.enters(10), [ANN, CAY]);
    desk.refuses(10, CAY, Outcome::Declined);
    desk.queues.busy(desk.now, BOB, false);
    assert_eq!(desk.rung_for(10), [ANN, BOB]);
    desk.pass(10 * SECOND);
    assert_eq!(desk.rung_for(10), [ANN, BOB, CAY]);
}

#[test]
fn all_rings_the_losers_for_the_next_caller_once_one_has_answered() {
    let mut desk = desk(QueueStrategy::All);
    desk.enters(10);
    desk.enters(11);
    desk.outputs();
    desk.answers(10, BOB);
    assert_eq!(
        desk.outputs(),
        ["10 not to 1", "10 not to 3", "11 to 1", "11 to 3"]
    );
}
