//! The machines against naive models: each model tells from the whole history what must have come out, without a
//! state. Ten thousand random histories for each machine.

use std::time::Duration;

use offhook_base::Mono;
use offhook_sip_message::{Framing, Index, Method, View};
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng, SeedableRng};

use super::*;
use crate::{FlowId, Peer, Transport};

const CASES: u64 = 10_000;
/// 64 × T1 in microseconds.
const PATIENCE: u64 = 32_000_000;
const LINGER: u64 = 5_000_000;

/// What happens to a machine, at a moment in microseconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Input {
    Ack,
    Again,
    Cancel,
    Status(u16),
}

/// What came out: when and what.
type Log = Vec<(u64, Action)>;

fn sent(name: u16) -> Action {
    Action::Transmit(octets(name))
}

fn octets(name: u16) -> Bytes {
    Bytes::from(name.to_string())
}

const REQUEST: u16 = 1;
const ACK: u16 = 2;

fn at(micros: u64) -> Mono {
    Mono(1_000_000_000) + Duration::from_micros(micros)
}

fn micros(at: Mono) -> u64 {
    u64::try_from((at - Mono(1_000_000_000)).as_micros()).unwrap()
}

/// A history. Each moment has its own fraction of a millisecond, so that none falls on a timer that another started:
/// all timers are whole milliseconds.
fn history(rng: &mut ChaCha12Rng, inputs: &[Input]) -> Vec<(u64, Input)> {
    let count = rng.next_u32() % 12;
    let span = [1_000, 5_000, 40_000, 80_000][(rng.next_u32() % 4) as usize];
    let mut millis: Vec<u64> = (0..count)
        .map(|_| u64::from(rng.next_u32() % span))
        .collect();
    millis.sort_unstable();
    let moments: Vec<u64> = (1..)
        .zip(millis)
        .map(|(n, millis)| millis * 1_000 + n)
        .collect();
    let pick = |_| inputs[rng.next_u32() as usize % inputs.len()];
    let picked: Vec<Input> = (0..moments.len()).map(pick).collect();
    moments.into_iter().zip(picked).collect()
}

/// Runs a machine through a history, firing its timers in between and afterwards.
fn run<M>(
    machine: &mut M,
    history: &[(u64, Input)],
    next: impl Fn(&M) -> Option<Mono>,
    fire: impl Fn(&mut M, Mono, &mut Vec<Action>),
    mut feed: impl FnMut(&mut M, Mono, Input, &mut Vec<Action>),
) -> Log {
    let mut log = Log::new();
    let mut out = Vec::new();
    let end = (u64::MAX / 4_000, None);
    let inputs = history
        .iter()
        .map(|(moment, input)| (*moment, Some(*input)))
        .chain([end]);
    for (moment, input) in inputs {
        while let Some(due) = next(machine).filter(|due| micros(*due) <= moment) {
            fire(machine, due, &mut out);
            log.extend(out.drain(..).map(|action| (micros(due), action)));
            assert!(
                next(machine).is_none_or(|next| next > due),
                "deadlines advance"
            );
        }
        if let Some(input) = input {
            feed(machine, at(moment), input, &mut out);
            log.extend(out.drain(..).map(|action| (moment, action)));
        }
    }
    log
}

/// Sorts by time; what happened at one moment keeps its order.
fn in_order(mut log: Log) -> Log {
    log.sort_by_key(|(moment, _)| *moment);
    log
}

fn status(input: Input) -> Option<u16> {
    match input {
        Input::Status(status) => Some(status),
        Input::Ack | Input::Again | Input::Cancel => None,
    }
}

fn responses(history: &[(u64, Input)]) -> Vec<(u64, u16)> {
    history
        .iter()
        .filter_map(|(moment, input)| Some((*moment, status(*input)?)))
        .collect()
}

fn first<T: Copy>(all: &[(u64, T)], is_meant: impl Fn(u64, T) -> bool) -> Option<(u64, T)> {
    all.iter()
        .copied()
        .find(|(moment, what)| is_meant(*moment, *what))
}

// ---- INVITE client

fn invite_client_model(history: &[(u64, Input)], reliable: bool) -> Log {
    let responses = responses(history);
    let mut log = vec![(0, sent(REQUEST))];
    let heard = first(&responses, |moment, _| moment < PATIENCE).map(|(moment, _)| moment);
    let silence_ends = heard.unwrap_or(PATIENCE);
    if !reliable {
        let schedule = [500, 1_500, 3_500, 7_500, 15_500, 31_500].map(|millis| millis * 1_000);
        let due = schedule.into_iter().filter(|moment| *moment < silence_ends);
        log.extend(due.map(|moment| (moment, sent(REQUEST))));
    }
    let Some(heard) = heard else {
        log.push((PATIENCE, Action::TimedOut));
        return in_order(log);
    };
    let answered = first(&responses, |_, status| status >= 200);
    let before_answer = |moment: u64| answered.is_none_or(|(end, _)| moment < end);
    let cancelled = first(history, |moment, input| {
        input == Input::Cancel && moment > heard && before_answer(moment)
    });
    let given_up = cancelled
        .map(|(moment, _)| moment + PATIENCE)
        .filter(|moment| answered.is_none_or(|(answer, _)| *moment < answer));
    if let Some(given_up) = given_up {
        log.push((given_up, Action::TimedOut));
    }
    for (moment, status) in responses {
        if given_up.is_some_and(|end| moment > end) {
            continue;
        }
        match answered {
            Some((answer, final_status)) if moment > answer => {
                let alive = moment - answer < PATIENCE;
                if alive && final_status < 300 && (200..300).contains(&status) {
                    log.push((moment, Action::Deliver));
                }
                if alive && !reliable && final_status >= 300 && status >= 300 {
                    log.push((moment, sent(ACK)));
                }
            }
            _ => {
                log.push((moment, Action::Deliver));
                if status >= 300 {
                    log.push((moment, sent(ACK)));
                }
            }
        }
    }
    in_order(log)
}

#[test]
fn r21_invite_client_agrees_with_its_model() {
    let inputs = [100, 180, 183, 200, 200, 202, 302, 486]
        .map(Input::Status)
        .into_iter()
        .chain([Input::Cancel]);
    let inputs: Vec<_> = inputs.collect();
    for seed in 0..CASES {
        let mut rng = ChaCha12Rng::seed_from_u64(seed);
        let (reliable, history) = (rng.next_u32() % 2 == 0, history(&mut rng, &inputs));
        let mut out = Vec::new();
        let timers = Timers::RFC3261;
        let mut machine = InviteClient::start(at(0), octets(REQUEST), timers, reliable, &mut out);
        let mut log: Log = out.into_iter().map(|action| (0, action)).collect();
        log.extend(run(
            &mut machine,
            &history,
            InviteClient::next_timeout,
            InviteClient::on_timeout,
            |machine, now, input, out| match input {
                Input::Status(status) => machine.on_response(now, status, |_| octets(ACK), out),
                Input::Cancel => machine.on_cancel(now),
                Input::Ack | Input::Again => {}
            },
        ));
        assert_eq!(
            log,
            invite_client_model(&history, reliable),
            "seed {seed}: {history:?}"
        );
    }
}

// ---- non-INVITE client

fn non_invite_client_model(history: &[(u64, Input)], reliable: bool) -> Log {
    let responses = responses(history);
    let mut log = vec![(0, sent(REQUEST))];
    let answered = first(&responses, |moment, status| {
        status >= 200 && moment < PATIENCE
    });
    let end = answered.map_or(PATIENCE, |(moment, _)| moment);
    let slowed = first(&responses, |_, status| status < 200).map_or(u64::MAX, |(moment, _)| moment);
    let (mut moment, mut interval) = (500_000, 500_000);
    while !reliable && moment < end {
        log.push((moment, sent(REQUEST)));
        interval = if moment > slowed {
            4_000_000
        } else {
            (interval * 2).min(4_000_000)
        };
        moment += interval;
    }
    if answered.is_none() {
        log.push((PATIENCE, Action::TimedOut));
    }
    let heard = responses.iter().filter(|(moment, _)| *moment <= end);
    log.extend(heard.map(|(moment, _)| (*moment, Action::Deliver)));
    in_order(log)
}

#[test]
fn r21_non_invite_client_agrees_with_its_model() {
    let inputs = [100, 100, 183, 200, 404].map(Input::Status);
    for seed in 0..CASES {
        let mut rng = ChaCha12Rng::seed_from_u64(seed);
        let (reliable, history) = (rng.next_u32() % 2 == 0, history(&mut rng, &inputs));
        let mut out = Vec::new();
        let timers = Timers::RFC3261;
        let mut machine =
            NonInviteClient::start(at(0), octets(REQUEST), timers, reliable, &mut out);
        let mut log: Log = out.into_iter().map(|action| (0, action)).collect();
        log.extend(run(
            &mut machine,
            &history,
            NonInviteClient::next_timeout,
            NonInviteClient::on_timeout,
            |machine, now, input, out| {
                machine.on_response(now, status(input).unwrap(), out);
            },
        ));
        assert_eq!(
            log,
            non_invite_client_model(&history, reliable),
            "seed {seed}: {history:?}"
        );
    }
}

// ---- INVITE server

fn invite_server_model(history: &[(u64, Input)], reliable: bool) -> Log {
    let responses = responses(history);
    let answered = first(&responses, |_, status| status >= 200);
    let acked = answered.and_then(|(answer, _)| {
        first(history, |moment, input| {
            input == Input::Ack && moment > answer && moment < answer + PATIENCE
        })
    });
    let mut log = Log::new();
    if let Some((answer, 300..)) = answered {
        let stop = acked.map_or(answer + PATIENCE, |(moment, _)| moment);
        let (mut moment, mut interval) = (answer + 500_000, 500_000);
        while !reliable && moment < stop {
            log.push((moment, sent(answered.unwrap().1)));
            interval = (interval * 2).min(4_000_000);
            moment += interval;
        }
        if acked.is_none() {
            log.push((answer + PATIENCE, Action::TimedOut));
        }
    }
    for (moment, input) in history.iter().copied() {
        let mut said = responses.iter().filter(|(said, _)| *said < moment);
        match (input, answered) {
            (Input::Status(status), answered) => {
                if answered.is_none_or(|(answer, _)| moment <= answer) {
                    log.push((moment, sent(status)));
                }
            }
            (Input::Again, Some((answer, status))) if moment > answer => {
                let waits = moment < answer + PATIENCE && acked.is_none_or(|(ack, _)| moment < ack);
                if status >= 300 && waits {
                    log.push((moment, sent(status)));
                }
            }
            (Input::Again, _) => {
                log.extend(said.next_back().map(|(_, status)| (moment, sent(*status))));
            }
            (Input::Ack, Some((answer, 200..300))) => {
                if moment > answer && moment < answer + PATIENCE {
                    log.push((moment, Action::Deliver));
                }
            }
            (Input::Ack | Input::Cancel, _) => {}
        }
    }
    in_order(log)
}

#[test]
fn r21_invite_server_agrees_with_its_model() {
    let statuses = [100, 180, 183, 200, 486, 302]
        .map(Input::Status)
        .into_iter();
    let inputs: Vec<_> = statuses
        .chain([Input::Again, Input::Again, Input::Ack])
        .collect();
    for seed in 0..CASES {
        let mut rng = ChaCha12Rng::seed_from_u64(seed);
        let (reliable, history) = (rng.next_u32() % 2 == 0, history(&mut rng, &inputs));
        let mut machine = InviteServer::start(Timers::RFC3261, reliable);
        let log = run(
            &mut machine,
            &history,
            InviteServer::next_timeout,
            InviteServer::on_timeout,
            |machine, now, input, out| match input {
                Input::Status(status) => machine.respond(now, status, octets(status), out),
                Input::Again => machine.on_request(out),
                Input::Ack => machine.on_ack(now, out),
                Input::Cancel => {}
            },
        );
        assert_eq!(
            log,
            invite_server_model(&history, reliable),
            "seed {seed}: {history:?}"
        );
        let answered = responses(&history).iter().any(|(_, status)| *status >= 200);
        assert_eq!(machine.is_terminated(), answered, "seed {seed}");
    }
}

// ---- non-INVITE server

fn non_invite_server_model(history: &[(u64, Input)], reliable: bool) -> Log {
    let responses = responses(history);
    let answered = first(&responses, |moment, status| {
        status >= 200 && moment < PATIENCE
    });
    let mut log = Log::new();
    if answered.is_none() {
        log.push((PATIENCE, Action::TimedOut));
    }
    let said_until = answered.map_or(PATIENCE, |(moment, _)| moment);
    let remembered_until = match answered {
        Some((answer, _)) if reliable => answer,
        Some((answer, _)) => answer + PATIENCE,
        None => PATIENCE,
    };
    for (moment, input) in history.iter().copied() {
        match input {
            Input::Status(status) if moment <= said_until => log.push((moment, sent(status))),
            Input::Again if moment < remembered_until => {
                let mut said = responses
                    .iter()
                    .filter(|(said, _)| *said < moment.min(said_until + 1));
                let last = said.next_back().map(|(_, status)| (moment, sent(*status)));
                log.extend(last);
            }
            Input::Ack | Input::Again | Input::Cancel | Input::Status(_) => {}
        }
    }
    in_order(log)
}

#[test]
fn r21_non_invite_server_agrees_with_its_model() {
    let statuses = [100, 183, 200, 404].map(Input::Status).into_iter();
    let inputs: Vec<_> = statuses
        .chain([Input::Again, Input::Again, Input::Again])
        .collect();
    for seed in 0..CASES {
        let mut rng = ChaCha12Rng::seed_from_u64(seed);
        let (reliable, history) = (rng.next_u32() % 2 == 0, history(&mut rng, &inputs));
        let mut machine = NonInviteServer::start(at(0), Timers::RFC3261, reliable);
        let log = run(
            &mut machine,
            &history,
            NonInviteServer::next_timeout,
            NonInviteServer::on_timeout,
            |machine, now, input, out| match input {
                Input::Status(status) => machine.respond(now, status, octets(status), out),
                Input::Again => machine.on_request(out),
                Input::Ack | Input::Cancel => {}
            },
        );
        assert_eq!(
            log,
            non_invite_server_model(&history, reliable),
            "seed {seed}: {history:?}"
        );
        assert!(machine.is_terminated(), "seed {seed}");
    }
}

// ---- the table

/// Branch, sent-by and method, each of few, so that near misses are common.
type Name = (u32, u32, u32);

fn request(name: Name) -> Vec<u8> {
    let (branch, host, method) = name;
    let method = ["INVITE", "BYE", "CANCEL", "ACK", "FOO", "BAR"][method as usize];
    format!(
        "{method} sip:b@x SIP/2.0\r\nVia: SIP/2.0/UDP h{host};branch=z9hG4bK{branch}\r\n\
         From: <sip:a@x>;tag=1\r\nTo: <sip:b@x>\r\nCall-ID: c\r\nCSeq: 1 {method}\r\n\r\n"
    )
    .into_bytes()
}

fn with_key<T>(name: Name, read: impl FnOnce(&ServerKey<'_>) -> T) -> T {
    let raw = request(name);
    let index = Index::parse(&raw, Framing::Datagram).unwrap();
    let view = View::new(&raw, &index);
    let key = ServerKey::of(view, view.method().unwrap()).unwrap();
    read(&key)
}

#[test]
fn r21_table_agrees_with_a_list() {
    let peer = Peer {
        flow: FlowId::udp(0),
        addr: "192.0.2.1:5060".parse().unwrap(),
        transport: Transport::Udp,
    };
    let mut rng = ChaCha12Rng::seed_from_u64(21);
    let mut table = Table::new(Hashing::new([3; 16]));
    let mut list: Vec<(Name, Slot)> = Vec::new();
    let mut found = 0;
    for _ in 0..CASES * 2 {
        let name = (rng.next_u32() % 5, rng.next_u32() % 3, rng.next_u32() % 6);
        // An ACK is found by its INVITE.
        let class = (name.0, name.1, if name.2 == 3 { 0 } else { name.2 });
        let expected = list
            .iter()
            .find(|(known, _)| *known == class)
            .map(|(_, slot)| *slot);
        assert_eq!(
            with_key(name, |key| table.find_server(key)),
            expected,
            "{name:?}"
        );
        found += u32::from(expected.is_some());
        match (rng.next_u32() % 3, expected) {
            (0, Some(slot)) => {
                assert!(table.remove_server(slot).is_some());
                assert!(table.remove_server(slot).is_none());
                list.retain(|(_, other)| *other != slot);
            }
            (_, None) if name.2 != 3 => {
                let machine = Server::Invite(InviteServer::start(Timers::RFC3261, false));
                let slot = with_key(name, |key| table.add_server(key, None, machine, peer));
                list.push((name, slot));
            }
            _ => {}
        }
        assert_eq!(table.len(), list.len());
    }
    assert!(found > 1_000, "{found}");
    let mut gone = list.iter().map(|(_, slot)| *slot);
    assert!(gone.all(|slot| table.remove_server(slot).is_some()));
    assert_eq!(table.find_client(Branch(1), Method::Invite), None);
    assert_eq!(
        LINGER,
        u64::try_from(Timers::RFC3261.linger(false).as_micros()).unwrap()
    );
}
