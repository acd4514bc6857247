use std::time::Duration;

use super::*;

const START: Mono = Mono(1_000_000_000);

fn respond(machine: &mut NonInviteServer, millis: u64, status: u16) -> Vec<Action> {
    let mut out = Vec::new();
    let octets = Bytes::from(status.to_string());
    machine.respond(
        START + Duration::from_millis(millis),
        status,
        octets,
        &mut out,
    );
    out
}

fn again(machine: &mut NonInviteServer) -> Vec<Action> {
    let mut out = Vec::new();
    machine.on_request(&mut out);
    out
}

fn sent(status: u16) -> Vec<Action> {
    vec![Action::Transmit(Bytes::from(status.to_string()))]
}

#[test]
fn rfc3261_17_2_2_copy_of_the_request_gets_the_last_response() {
    let mut machine = NonInviteServer::start(START, Timers::RFC3261, false);
    assert_eq!(again(&mut machine), []);
    assert_eq!(respond(&mut machine, 10, 183), sent(183));
    assert_eq!(again(&mut machine), sent(183));
    assert_eq!(respond(&mut machine, 20, 200), sent(200));
    assert_eq!(again(&mut machine), sent(200));
    assert_eq!(respond(&mut machine, 30, 500), []);
    assert_eq!(again(&mut machine), sent(200));
}

#[test]
fn rfc3261_17_2_2_timer_j_keeps_the_answer_for_64_t1_or_not_at_all() {
    let mut machine = NonInviteServer::start(START, Timers::RFC3261, false);
    respond(&mut machine, 500, 200);
    let end = START + Duration::from_millis(32_500);
    assert_eq!(machine.next_timeout(), Some(end));
    let mut out = Vec::new();
    machine.on_timeout(end, &mut out);
    assert_eq!(out, []);
    assert!(machine.is_terminated());

    let mut machine = NonInviteServer::start(START, Timers::RFC3261, true);
    respond(&mut machine, 500, 200);
    assert!(machine.is_terminated());
}

#[test]
fn rfc4320_4_2_unanswered_request_is_given_up_when_the_client_has() {
    let mut machine = NonInviteServer::start(START, Timers::RFC3261, false);
    let end = START + Duration::from_secs(32);
    assert_eq!(machine.next_timeout(), Some(end));
    let mut out = Vec::new();
    machine.on_timeout(end, &mut out);
    assert_eq!(out, [Action::TimedOut]);
    assert!(machine.is_terminated());
    assert_eq!(respond(&mut machine, 33_000, 200), []);
}
