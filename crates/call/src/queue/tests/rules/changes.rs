//! Agents in and out, queues changed and removed, while there are calls.

use super::*;

fn logged_in(agents: &[(u32, bool)]) -> QueueConfig {
    let mut config = queue(1, &[]);
    config.agents = agents
        .iter()
        .map(|(user, logged_in)| (UserId(*user), *logged_in))
        .collect();
    config
}

#[test]
fn who_logs_out_of_one_queue_stays_in_the_others() {
    let mut desk = Desk::new([logged_in(&[(1, true), (2, true)]), queue(2, &[1])]);
    desk.configure(logged_in(&[(1, false), (2, true)]));
    assert_eq!(desk.state(Q, ANN), AgentState::LoggedOut);
    assert_eq!(desk.state(QueueId(2), ANN), AgentState::Free);
    assert_eq!(desk.enters(10), [BOB]);
    desk.enter(QueueId(2), 11).unwrap();
    assert_eq!(desk.rung_for(11), [ANN]);
}

#[test]
fn who_logs_out_while_he_is_rung_is_rung_no_longer_and_the_caller_goes_on() {
    for gone in [logged_in(&[(1, false), (2, true)]), logged_in(&[(2, true)])] {
        let mut desk = Desk::new([logged_in(&[(1, true), (2, true)])]);
        desk.enters(10);
        desk.outputs();
        desk.configure(gone);
        assert_eq!(desk.outputs(), ["10 not to 1", "10 to 2"]);
    }
}

#[test]
fn who_logs_out_while_he_talks_has_his_time_after_the_call_and_who_is_removed_has_none() {
    for (agents, outputs) in [
        (logged_in(&[(1, false), (2, true)]), vec!["1 after 10 Open"]),
        (logged_in(&[(2, true)]), vec![]),
    ] {
        let mut first = logged_in(&[(1, true), (2, true)]);
        first.wrap_up = 5 * SECOND;
        let mut desk = Desk::new([first]);
        desk.enters(10);
        let offer = desk.answers(10, ANN);
        desk.outputs();
        let mut agents = agents;
        agents.wrap_up = 5 * SECOND;
        desk.configure(agents);
        assert_eq!(desk.outputs(), [] as [&str; 0]);
        desk.queues.leave(desk.now, offer.caller);
        assert_eq!(desk.outputs(), outputs);
    }
}

#[test]
fn who_is_removed_in_his_time_after_a_call_has_it_closed() {
    let mut first = logged_in(&[(1, true)]);
    first.wrap_up = 5 * SECOND;
    let mut desk = Desk::new([first, queue(2, &[1])]);
    desk.enters(10);
    desk.serves(10, ANN);
    desk.outputs();
    desk.configure(logged_in(&[(2, true)]));
    assert_eq!(desk.outputs(), ["1 after 10 Close"]);
    assert_eq!(desk.state(QueueId(2), ANN), AgentState::Free);
}

#[test]
fn the_last_agent_who_logs_out_sends_all_callers_away() {
    let mut desk = Desk::new([logged_in(&[(1, true)])]);
    desk.enters(10);
    desk.enters(11);
    desk.outputs();
    desk.configure(logged_in(&[(1, false)]));
    assert_eq!(
        desk.outputs(),
        ["10 not to 1", "10 out NoAgents", "11 out NoAgents"]
    );
    assert_eq!(desk.enter(Q, 12), Err(Refused::NoAgents));
}

#[test]
fn agents_who_are_all_unreachable_send_nobody_away() {
    let mut desk = Desk::new([queue(1, &[1, 2])]);
    for user in [ANN, BOB] {
        desk.queues.reachable(desk.now, user, false);
    }
    desk.enters(10);
    desk.pass(3_600 * SECOND);
    assert_eq!(desk.outputs(), [] as [&str; 0]);
    desk.queues.reachable(desk.now, BOB, true);
    assert_eq!(desk.outputs(), ["10 to 2"]);
}

#[test]
fn a_removed_queue_sends_its_callers_away_and_lets_talks_end_without_time_after_them() {
    let mut config = queue(1, &[1, 2]);
    config.wrap_up = 5 * SECOND;
    let mut desk = Desk::new([config, queue(2, &[1])]);
    desk.enters(10);
    let talk = desk.answers(10, ANN);
    desk.enters(11);
    desk.enters(12);
    desk.outputs();
    desk.queues.remove(desk.now, Q);
    assert_eq!(
        desk.outputs(),
        ["11 not to 2", "11 out Removed", "12 out Removed"]
    );
    assert_eq!(desk.enter(Q, 13), Err(Refused::NoQueue));
    assert_eq!(desk.state(QueueId(2), ANN), AgentState::Talking);
    desk.queues.leave(desk.now, talk.caller);
    assert_eq!(desk.outputs(), [] as [&str; 0]);
    assert_eq!(desk.state(QueueId(2), ANN), AgentState::Free);
}

#[test]
fn a_changed_queue_keeps_its_callers_their_places_and_their_agents_counts() {
    let mut config = queue(1, &[1, 2]);
    config.strategy = QueueStrategy::FewestCalls;
    let mut desk = Desk::new([config]);
    desk.enters(10);
    desk.serves(10, ANN);
    for caller in 11..15 {
        desk.enters(caller);
    }
    desk.outputs();
    let mut config = queue(1, &[3, 1, 2]);
    config.strategy = QueueStrategy::LeastRecent;
    config.announce = Some(10 * SECOND);
    desk.queues.reachable(desk.now, CAY, true);
    desk.configure(config.clone());
    assert_eq!(desk.outputs(), ["13 to 3"]);
    desk.pass(10 * SECOND);
    assert_eq!(desk.outputs(), ["11 is 1", "12 is 2", "13 is 3", "14 is 4"]);
    for caller in 11..15 {
        desk.leave(caller);
    }
    config.strategy = QueueStrategy::FewestCalls;
    desk.configure(config);
    desk.outputs();
    assert_eq!(desk.enters(20), [CAY]);
    assert_eq!(desk.enters(21), [BOB]);
    assert_eq!(desk.enters(22), [ANN]);
}

#[test]
fn a_queue_that_begins_to_ring_all_rings_all_for_its_first_caller() {
    let mut desk = Desk::new([queue(1, &[1, 2, 3])]);
    desk.queues.busy(desk.now, BOB, true);
    desk.queues.busy(desk.now, CAY, true);
    desk.enters(10);
    desk.enters(11);
    desk.outputs();
    let mut config = queue(1, &[1, 2, 3]);
    config.strategy = QueueStrategy::All;
    config.skip_busy = false;
    desk.configure(config);
    assert_eq!(desk.outputs(), ["10 to 2", "10 to 3"]);
}

#[test]
fn a_shorter_max_wait_holds_for_those_who_wait_already() {
    let mut desk = Desk::new([queue(1, &[1])]);
    desk.enters(10);
    desk.pass(10 * SECOND);
    desk.enters(11);
    desk.outputs();
    let mut config = queue(1, &[1]);
    config.max_wait = Some(5 * SECOND);
    desk.configure(config);
    desk.pass(Duration::ZERO);
    assert_eq!(desk.outputs(), ["10 not to 1", "10 out MaxWait", "11 to 1"]);
    desk.pass(5 * SECOND);
    assert_eq!(desk.outputs(), ["11 not to 1", "11 out MaxWait"]);
}

#[test]
fn an_agent_who_is_listed_twice_stands_at_the_first_place() {
    let mut desk = Desk::new([logged_in(&[(1, true), (2, true), (1, false)])]);
    let live = desk.queues.queue_live(desk.now, Q).unwrap();
    assert_eq!(
        live.agents,
        [(ANN, AgentState::Free), (BOB, AgentState::Free)]
    );
    assert_eq!(desk.enters(10), [ANN]);
}

#[test]
fn what_is_known_of_a_user_before_he_becomes_an_agent_counts() {
    let mut desk = Desk::new([queue(1, &[1])]);
    desk.queues.reachable(desk.now, BOB, true);
    desk.enters(10);
    desk.enters(11);
    desk.configure(queue(1, &[1, 2]));
    assert_eq!(desk.rung_for(11), [BOB]);
}
