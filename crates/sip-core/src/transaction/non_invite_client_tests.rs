use std::time::Duration;

use super::*;

const START: Mono = Mono(1_000_000_000);

fn bye() -> Bytes {
    Bytes::from_static(b"BYE")
}

fn start(reliable: bool) -> NonInviteClient {
    let mut out = Vec::new();
    let machine = NonInviteClient::start(START, bye(), Timers::RFC3261, reliable, &mut out);
    assert_eq!(out, [Action::Transmit(bye())]);
    machine
}

fn respond(machine: &mut NonInviteClient, millis: u64, status: u16) -> Vec<Action> {
    let mut out = Vec::new();
    machine.on_response(START + Duration::from_millis(millis), status, &mut out);
    out
}

fn run(machine: &mut NonInviteClient) -> Vec<(u128, Action)> {
    let mut all = Vec::new();
    while let Some(at) = machine.next_timeout() {
        let mut out = Vec::new();
        machine.on_timeout(at, &mut out);
        all.extend(
            out.into_iter()
                .map(|action| ((at - START).as_millis(), action)),
        );
        assert!(machine.next_timeout().is_none_or(|next| next > at));
    }
    all
}

fn times(all: &[(u128, Action)]) -> Vec<u128> {
    all.iter()
        .filter(|(_, a)| *a == Action::Transmit(bye()))
        .map(|(at, _)| *at)
        .collect()
}

#[test]
fn rfc3261_17_1_2_2_unanswered_request_backs_off_to_t2_then_times_out() {
    let mut machine = start(false);
    let all = run(&mut machine);
    let at = times(&all);
    assert_eq!(
        at,
        [
            500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500
        ]
    );
    assert_eq!(all.last(), Some(&(32_000, Action::TimedOut)));
    assert!(machine.is_terminated());
}

#[test]
fn rfc3261_17_1_2_2_provisional_slows_it_down_to_t2() {
    let mut machine = start(false);
    assert_eq!(respond(&mut machine, 100, 100), [Action::Deliver]);
    assert!(machine.is_waiting());
    let all = run(&mut machine);
    assert_eq!(
        times(&all),
        [500, 4_500, 8_500, 12_500, 16_500, 20_500, 24_500, 28_500]
    );
    assert_eq!(all.last(), Some(&(32_000, Action::TimedOut)));
}

#[test]
fn rfc3261_17_1_2_2_copies_of_the_final_response_are_absorbed_for_t4() {
    let mut machine = start(false);
    assert_eq!(respond(&mut machine, 100, 200), [Action::Deliver]);
    assert!(!machine.is_waiting());
    assert_eq!(respond(&mut machine, 200, 200), []);
    assert_eq!(
        machine.next_timeout(),
        Some(START + Duration::from_millis(5_100))
    );
    assert_eq!(run(&mut machine), []);
    assert!(machine.is_terminated());
}

#[test]
fn rfc3261_17_1_2_2_reliable_transport_sends_once_and_timer_k_is_zero() {
    let mut machine = start(true);
    assert_eq!(
        machine.next_timeout(),
        Some(START + Duration::from_secs(32))
    );
    assert_eq!(respond(&mut machine, 100, 481), [Action::Deliver]);
    assert!(machine.is_terminated());
}
