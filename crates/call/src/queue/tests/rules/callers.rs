//! Who is let in, how long one waits, what one is told.

use super::*;

#[test]
fn a_caller_is_refused_by_a_queue_that_is_none_that_is_full_or_that_nobody_serves() {
    let mut full = queue(2, &[1]);
    full.max_length = Some(2);
    let mut out = queue(3, &[1]);
    out.agents[0].1 = false;
    let mut desk = Desk::new([full, out, queue(4, &[])]);
    assert_eq!(desk.enter(QueueId(9), 10), Err(Refused::NoQueue));
    assert_eq!(desk.enter(QueueId(3), 10), Err(Refused::NoAgents));
    assert_eq!(desk.enter(QueueId(4), 10), Err(Refused::NoAgents));
    assert_eq!(desk.enter(QueueId(2), 10), Ok(()));
    assert_eq!(desk.enter(QueueId(2), 11), Ok(()));
    assert_eq!(desk.enter(QueueId(2), 12), Err(Refused::Full(2)));
    // One who talks does not wait.
    desk.answers(10, ANN);
    assert_eq!(desk.enter(QueueId(2), 12), Ok(()));
}

#[test]
fn who_enters_the_queue_he_waits_in_keeps_his_place() {
    let mut desk = Desk::new([queue(1, &[1])]);
    desk.enters(10);
    desk.enters(11);
    desk.enters(12);
    desk.outputs();
    assert_eq!(desk.enter(Q, 11), Ok(()));
    desk.serves(10, ANN);
    assert_eq!(desk.outputs(), ["11 to 1"]);
}

#[test]
fn who_is_transferred_to_another_queue_leaves_the_first_and_who_is_refused_there_stays() {
    let mut full = queue(3, &[3]);
    full.max_length = Some(0);
    let mut desk = Desk::new([queue(1, &[1]), queue(2, &[2]), full]);
    desk.enters(10);
    desk.outputs();
    assert_eq!(desk.enter(QueueId(3), 10), Err(Refused::Full(0)));
    assert_eq!(desk.outputs(), [] as [&str; 0]);
    assert_eq!(desk.enter(QueueId(2), 10), Ok(()));
    assert_eq!(desk.outputs(), ["10 not to 1", "10 to 2"]);
}

#[test]
fn an_agent_who_transfers_his_caller_to_another_queue_has_time_after_the_call() {
    let mut first = queue(1, &[1]);
    first.wrap_up = 5 * SECOND;
    let mut desk = Desk::new([first, queue(2, &[2])]);
    desk.enters(10);
    desk.answers(10, ANN);
    desk.outputs();
    desk.enter(QueueId(2), 10).unwrap();
    assert_eq!(desk.outputs(), ["1 after 10 Open", "10 to 2"]);
}

#[test]
fn a_caller_who_gives_up_while_agents_are_rung_frees_them_at_once() {
    let mut config = queue(1, &[1, 2]);
    config.strategy = QueueStrategy::All;
    let mut desk = Desk::new([config]);
    desk.enters(10);
    let offer = desk.offer(10, BOB);
    desk.outputs();
    desk.leave(10);
    assert_eq!(desk.outputs(), ["10 not to 1", "10 not to 2"]);
    assert_eq!(desk.state(Q, ANN), AgentState::Free);
    // His answer crosses the withdrawal.
    assert!(!desk.queues.answered(desk.now, offer));
    assert_eq!(desk.state(Q, BOB), AgentState::Free);
}

#[test]
fn two_answers_of_which_the_first_gets_the_caller() {
    let mut config = queue(1, &[1, 2]);
    config.strategy = QueueStrategy::All;
    let mut desk = Desk::new([config]);
    desk.enters(10);
    let late = desk.offer(10, ANN);
    desk.answers(10, BOB);
    assert!(!desk.queues.answered(desk.now, late));
    assert_eq!(desk.state(Q, ANN), AgentState::Free);
    assert_eq!(desk.state(Q, BOB), AgentState::Talking);
}

#[test]
fn max_wait_counts_from_entry_and_stops_the_ringing() {
    let mut config = queue(1, &[1]);
    config.max_wait = Some(25 * SECOND);
    let mut desk = Desk::new([config]);
    desk.enters(10);
    desk.pass(15 * SECOND);
    desk.refuses(10, ANN, Outcome::Unreachable);
    desk.pass(5 * SECOND);
    desk.outputs();
    assert_eq!(desk.rung_for(10), [ANN]);
    desk.pass(5 * SECOND);
    assert_eq!(desk.outputs(), ["10 not to 1", "10 out MaxWait"]);
    assert_eq!(desk.state(Q, ANN), AgentState::Free);
    assert_eq!(desk.queues.next_timeout(), None);
}

#[test]
fn max_wait_does_not_reach_one_who_talks() {
    let mut config = queue(1, &[1]);
    config.max_wait = Some(25 * SECOND);
    let mut desk = Desk::new([config]);
    desk.enters(10);
    desk.answers(10, ANN);
    assert_eq!(desk.queues.next_timeout(), None);
}

#[test]
fn a_place_is_told_on_entry_and_in_every_interval_and_never_grows() {
    let mut config = queue(1, &[1]);
    config.announce = Some(20 * SECOND);
    config.ring_time = 60 * SECOND;
    let mut desk = Desk::new([config]);
    desk.enters(10);
    desk.enters(11);
    desk.enters(12);
    // The first one is being offered, so he is told nothing on entry.
    assert_eq!(desk.outputs(), ["10 to 1", "11 is 2", "12 is 3"]);
    desk.pass(20 * SECOND);
    assert_eq!(desk.outputs(), ["10 is 1", "11 is 2", "12 is 3"]);
    desk.answers(10, ANN);
    desk.pass(20 * SECOND);
    assert_eq!(desk.outputs(), ["11 is 1", "12 is 2"]);
}

#[test]
fn a_queue_shows_who_waits_and_for_how_long() {
    let mut desk = Desk::new([queue(1, &[2, 1])]);
    desk.enters(10);
    desk.pass(3 * SECOND);
    desk.enters(11);
    desk.answers(11, ANN);
    desk.enters(12);
    desk.pass(4 * SECOND);
    let live = desk.queues.queue_live(desk.now, Q).unwrap();
    assert_eq!((live.waiting, live.longest_wait), (2, 7 * SECOND));
    assert_eq!(
        live.agents,
        [(BOB, AgentState::Ringing), (ANN, AgentState::Talking)]
    );
    assert_eq!(desk.queues.queue_live(desk.now, QueueId(9)), None);
}
