use std::time::Duration;

use super::*;

const START: Mono = Mono(1_000_000_000);

fn invite() -> Bytes {
    Bytes::from_static(b"INVITE")
}

fn ack(_invite: &Bytes) -> Bytes {
    Bytes::from_static(b"ACK")
}

fn start(reliable: bool) -> InviteClient {
    let mut out = Vec::new();
    let machine = InviteClient::start(START, invite(), Timers::RFC3261, reliable, &mut out);
    assert_eq!(out, [Action::Transmit(invite())]);
    machine
}

/// Fires all timers until there is none; what came out, in milliseconds since the start.
fn run(machine: &mut InviteClient) -> Vec<(u128, Action)> {
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

fn respond(machine: &mut InviteClient, millis: u64, status: u16) -> Vec<Action> {
    let mut out = Vec::new();
    machine.on_response(START + Duration::from_millis(millis), status, ack, &mut out);
    out
}

#[test]
fn rfc3261_17_1_1_2_unanswered_invite_is_sent_seven_times_then_times_out() {
    let mut machine = start(false);
    let all = run(&mut machine);
    let sent: Vec<_> = all
        .iter()
        .filter(|(_, a)| *a == Action::Transmit(invite()))
        .collect();
    let at: Vec<_> = sent.iter().map(|(at, _)| *at).collect();
    assert_eq!(at, [500, 1_500, 3_500, 7_500, 15_500, 31_500]);
    assert_eq!(all.last(), Some(&(32_000, Action::TimedOut)));
    assert!(machine.is_terminated());
}

#[test]
fn rfc3261_17_1_1_2_reliable_transport_sends_once() {
    let mut machine = start(true);
    assert_eq!(run(&mut machine), [(32_000, Action::TimedOut)]);
}

#[test]
fn rfc3261_17_1_1_2_provisional_stops_all_timers() {
    let mut machine = start(false);
    assert_eq!(respond(&mut machine, 100, 180), [Action::Deliver]);
    assert!(machine.is_proceeding());
    assert_eq!(machine.next_timeout(), None);
    assert_eq!(respond(&mut machine, 200, 180), [Action::Deliver]);
}

#[test]
fn rfc3261_17_1_1_2_refusal_is_acknowledged_and_each_copy_again() {
    let mut machine = start(false);
    let ack = Action::Transmit(Bytes::from_static(b"ACK"));
    assert_eq!(
        respond(&mut machine, 100, 486),
        [Action::Deliver, ack.clone()]
    );
    assert_eq!(respond(&mut machine, 600, 486), [ack]);
    assert_eq!(respond(&mut machine, 700, 180), []);
    assert_eq!(respond(&mut machine, 700, 200), []);
    assert_eq!(
        machine.next_timeout(),
        Some(START + Duration::from_millis(32_100))
    );
    assert_eq!(run(&mut machine), []);
    assert!(machine.is_terminated());
}

#[test]
fn rfc3261_17_1_1_2_timer_d_is_zero_on_a_reliable_transport() {
    let mut machine = start(true);
    assert_eq!(respond(&mut machine, 100, 404).len(), 2);
    assert!(machine.is_terminated());
}

#[test]
fn rfc6026_7_2_each_2xx_is_delivered_for_64_t1() {
    let mut machine = start(false);
    assert_eq!(respond(&mut machine, 100, 200), [Action::Deliver]);
    assert_eq!(respond(&mut machine, 600, 200), [Action::Deliver]);
    assert_eq!(respond(&mut machine, 700, 486), []);
    assert_eq!(
        machine.next_timeout(),
        Some(START + Duration::from_millis(32_100))
    );
    assert_eq!(run(&mut machine), []);
    assert!(machine.is_terminated());
    assert_eq!(respond(&mut machine, 40_000, 200), []);
}

#[test]
fn rfc3261_13_2_2_4_copies_of_a_2xx_get_the_ack_of_their_tag() {
    let mut machine = start(false);
    let (a, b) = (Bytes::from_static(b"a"), Bytes::from_static(b"b"));
    assert_eq!(machine.copy_of(&a), Copy2xx::Ignored);
    respond(&mut machine, 100, 200);
    assert_eq!(machine.copy_of(&a), Copy2xx::New);
    machine.remember(a.clone(), None);
    assert_eq!(machine.copy_of(&a), Copy2xx::Owed);
    machine.remember(a.clone(), Some(ack(&a)));
    assert_eq!(machine.copy_of(&a), Copy2xx::Acknowledged(ack(&a)));
    assert_eq!(machine.copy_of(&b), Copy2xx::New);
    for n in 0..u8::try_from(MAX_FORKS).unwrap() {
        machine.remember(Bytes::from(vec![n]), Some(ack(&a)));
    }
    assert_eq!(machine.copy_of(&b), Copy2xx::Ignored);
}

#[test]
fn late_timer_does_not_send_a_burst() {
    let mut machine = start(false);
    let mut out = Vec::new();
    let late = START + Duration::from_secs(20);
    machine.on_timeout(late, &mut out);
    assert_eq!(out, [Action::Transmit(invite())]);
    assert!(machine.next_timeout().is_some_and(|next| next > late));
}

#[test]
fn rfc3261_9_1_cancelled_invite_without_final_response_ends_64_t1_later() {
    let mut machine = start(false);
    machine.on_cancel(START);
    assert!(!machine.is_proceeding());
    respond(&mut machine, 100, 180);
    machine.on_cancel(START + Duration::from_millis(200));
    respond(&mut machine, 300, 180);
    machine.on_cancel(START + Duration::from_millis(400));
    assert_eq!(run(&mut machine), [(32_200, Action::TimedOut)]);
    assert!(machine.is_terminated());
}
