use std::time::Duration;

use super::*;

const START: Mono = Mono(1_000_000_000);

fn octets(status: u16) -> Bytes {
    Bytes::from(status.to_string())
}

fn sent(status: u16) -> Action {
    Action::Transmit(octets(status))
}

fn respond(machine: &mut InviteServer, millis: u64, status: u16) -> Vec<Action> {
    let mut out = Vec::new();
    machine.respond(
        START + Duration::from_millis(millis),
        status,
        octets(status),
        &mut out,
    );
    out
}

fn again(machine: &mut InviteServer) -> Vec<Action> {
    let mut out = Vec::new();
    machine.on_request(&mut out);
    out
}

fn ack(machine: &mut InviteServer, millis: u64) -> Vec<Action> {
    let mut out = Vec::new();
    machine.on_ack(START + Duration::from_millis(millis), &mut out);
    out
}

fn run(machine: &mut InviteServer) -> Vec<(u128, Action)> {
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

#[test]
fn rfc3261_17_2_1_copy_of_the_invite_gets_the_last_provisional() {
    let mut machine = InviteServer::start(Timers::RFC3261, false);
    assert_eq!(again(&mut machine), []);
    assert_eq!(respond(&mut machine, 0, 100), [sent(100)]);
    assert_eq!(respond(&mut machine, 10, 180), [sent(180)]);
    assert_eq!(again(&mut machine), [sent(180)]);
    assert_eq!(machine.next_timeout(), None);
}

#[test]
fn rfc3261_17_2_1_refusal_is_sent_eleven_times_until_timer_h() {
    let mut machine = InviteServer::start(Timers::RFC3261, false);
    assert_eq!(respond(&mut machine, 0, 486), [sent(486)]);
    assert_eq!(again(&mut machine), [sent(486)]);
    let all = run(&mut machine);
    let at: Vec<_> = all
        .iter()
        .filter(|(_, a)| *a == sent(486))
        .map(|(at, _)| *at)
        .collect();
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
fn rfc3261_17_2_1_ack_stops_the_refusal_and_timer_i_absorbs_its_copies() {
    let mut machine = InviteServer::start(Timers::RFC3261, false);
    respond(&mut machine, 0, 486);
    assert_eq!(ack(&mut machine, 100), []);
    assert_eq!(again(&mut machine), []);
    assert_eq!(ack(&mut machine, 200), []);
    assert_eq!(
        machine.next_timeout(),
        Some(START + Duration::from_millis(5_100))
    );
    assert_eq!(run(&mut machine), []);
    assert!(machine.is_terminated());
}

#[test]
fn rfc3261_17_2_1_reliable_transport_sends_once_and_ends_with_the_ack() {
    let mut machine = InviteServer::start(Timers::RFC3261, true);
    respond(&mut machine, 0, 486);
    assert_eq!(
        machine.next_timeout(),
        Some(START + Duration::from_secs(32))
    );
    ack(&mut machine, 100);
    assert!(machine.is_terminated());
}

#[test]
fn rfc6026_7_1_accepted_absorbs_copies_of_the_invite_until_timer_l() {
    let mut machine = InviteServer::start(Timers::RFC3261, false);
    assert_eq!(respond(&mut machine, 0, 200), [sent(200)]);
    assert_eq!(again(&mut machine), []);
    assert_eq!(respond(&mut machine, 5, 486), []);
    assert_eq!(ack(&mut machine, 10), [Action::Deliver]);
    assert_eq!(
        machine.next_timeout(),
        Some(START + Duration::from_secs(32))
    );
    assert_eq!(run(&mut machine), []);
    assert!(machine.is_terminated());
}
