//! The registrar against a naive model: one flat list, scanned for everything.

use std::sync::Arc;

use offhook_base::Wall;
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng, SeedableRng};

use super::*;
use crate::Transport;

const CASES: u64 = 10_000;
const CAP: usize = 3;
const EXPIRY: Expiry = Expiry {
    min: Duration::from_secs(60),
    default: Duration::from_secs(600),
    max: Duration::from_secs(1_000),
};

/// One contact in the model's list, in seconds.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    phone: u32,
    key: u32,
    contact: u32,
    call: u32,
    cseq: u32,
    flow: u64,
    until: u64,
}

/// One wish: key, contact, seconds.
type Plain = (u32, u32, Option<u32>);

#[derive(Clone, Debug)]
enum Step {
    Close {
        flow: u64,
    },
    Forget {
        phone: u32,
    },
    Pass {
        seconds: u64,
    },
    Register {
        phone: u32,
        call: u32,
        cseq: u32,
        flow: u64,
        wishes: Vec<Plain>,
    },
    RemoveAll {
        phone: u32,
        call: u32,
        cseq: u32,
    },
    Restore {
        row: Row,
    },
}

/// The list, and how it answers.
#[derive(Default)]
struct Model {
    rows: Vec<Row>,
    now: u64,
}

impl Model {
    /// `Err` with the refusal; nothing has changed then.
    fn register(&mut self, step: &Step) -> Result<(), Refusal> {
        let Step::Register {
            phone,
            call,
            cseq,
            flow,
            wishes,
        } = step
        else {
            return Ok(());
        };
        let is_meant = |row: &Row, wish: &Plain| {
            row.phone == *phone && (row.key == wish.0 || row.contact == wish.1)
        };
        for wish in wishes {
            if wish.2.is_some_and(|seconds| (1..60).contains(&seconds)) {
                return Err(Refusal::TooBrief);
            }
            let stale = |row: &Row| is_meant(row, wish) && row.call == *call && *cseq <= row.cseq;
            if self.rows.iter().any(stale) {
                return Err(Refusal::OutOfOrder);
            }
        }
        let mut after = self.rows.clone();
        for wish in wishes {
            after.retain(|row| !is_meant(row, wish));
            if wish.2 != Some(0) {
                let life = u64::from(wish.2.unwrap_or(600)).min(1_000);
                let (key, contact, until) = (wish.0, wish.1, self.now + life);
                let (phone, call, cseq, flow) = (*phone, *call, *cseq, *flow);
                after.push(Row {
                    phone,
                    key,
                    contact,
                    call,
                    cseq,
                    flow,
                    until,
                });
            }
        }
        let count = |rows: &[Row]| rows.iter().filter(|row| row.phone == *phone).count();
        if count(&after) > CAP.max(count(&self.rows)) {
            return Err(Refusal::TooMany);
        }
        self.rows = after;
        Ok(())
    }

    fn remove_all(&mut self, phone: u32, call: u32, cseq: u32) -> Result<(), Refusal> {
        let stale = |row: &Row| row.phone == phone && row.call == call && cseq <= row.cseq;
        if self.rows.iter().any(stale) {
            return Err(Refusal::OutOfOrder);
        }
        self.rows.retain(|row| row.phone != phone);
        Ok(())
    }

    fn restore(&mut self, row: &Row) -> bool {
        let of_phone = self.rows.iter().filter(|other| other.phone == row.phone);
        let (known, count) = (
            of_phone.clone().any(|other| other.key == row.key),
            of_phone.count(),
        );
        let good = row.until > self.now && row.flow == 0 && !known && count < CAP;
        if good {
            self.rows.push(Row {
                until: row.until.min(self.now + 1_000),
                ..row.clone()
            });
        }
        good
    }

    fn of(&self, phone: u32) -> Vec<Row> {
        let mut rows: Vec<_> = self
            .rows
            .iter()
            .filter(|row| row.phone == phone)
            .cloned()
            .collect();
        rows.sort_by_key(|row| (row.key, row.contact));
        rows
    }
}

fn pick(rng: &mut ChaCha12Rng, limit: u32) -> u32 {
    rng.next_u32() % limit
}

fn step(rng: &mut ChaCha12Rng, now: u64) -> Step {
    let (phone, call, cseq) = (pick(rng, 2), pick(rng, 3), pick(rng, 20));
    let flow = u64::from(pick(rng, 3));
    match pick(rng, 10) {
        0 => Step::Close { flow: 1 + flow % 2 },
        1 => Step::Forget { phone },
        2 | 3 => Step::Pass {
            seconds: u64::from(pick(rng, 500)),
        },
        4 => Step::RemoveAll { phone, call, cseq },
        5 => {
            let (key, contact) = (pick(rng, 5), pick(rng, 5));
            let until = (now + u64::from(pick(rng, 2_000))).saturating_sub(500);
            Step::Restore {
                row: Row {
                    phone,
                    key,
                    contact,
                    call,
                    cseq,
                    flow,
                    until,
                },
            }
        }
        _ => {
            let count = pick(rng, 4);
            let seconds = [
                None,
                Some(0),
                Some(0),
                Some(59),
                Some(60),
                Some(300),
                Some(5_000),
            ];
            let wishes = (0..count).map(|_| {
                let key = pick(rng, 5);
                let contact = if pick(rng, 2) == 0 { key } else { pick(rng, 5) };
                (key, contact, seconds[pick(rng, 7) as usize])
            });
            let wishes = wishes.collect();
            Step::Register {
                phone,
                call,
                cseq,
                flow,
                wishes,
            }
        }
    }
}

fn peer(flow: u64) -> Peer {
    let udp = flow == 0;
    Peer {
        flow: if udp {
            FlowId::udp(0)
        } else {
            FlowId::connection(flow)
        },
        addr: "192.0.2.1:5060".parse().unwrap(),
        transport: if udp { Transport::Udp } else { Transport::Tcp },
    }
}

fn key(n: u32) -> BindingKey {
    BindingKey(Arc::from(n.to_string()))
}

fn number(octets: &[u8]) -> u32 {
    std::str::from_utf8(octets).unwrap().parse().unwrap()
}

fn octets(n: u32) -> Bytes {
    Bytes::from(n.to_string())
}

/// A moment in seconds; the wall clock runs an hour ahead.
fn moment(seconds: u64) -> Now {
    let wall = Wall::from_unix_seconds(3_600 + i64::try_from(seconds).unwrap());
    Now {
        mono: Mono(0) + Duration::from_secs(seconds),
        wall,
    }
}

fn registration(call: u32, cseq: u32, flow: u64) -> Registration {
    Registration {
        call_id: octets(call),
        cseq,
        path: Vec::new(),
        peer: peer(flow),
        user_agent: Bytes::new(),
    }
}

fn binding(row: &Row) -> Binding {
    Binding {
        key: key(row.key),
        contact: octets(row.contact),
        path: Vec::new(),
        peer: peer(row.flow),
        user_agent: Bytes::new(),
        instance: Bytes::new(),
        expires_at: moment(row.until).wall,
        call_id: octets(row.call),
        cseq: row.cseq,
    }
}

/// The registrar's contacts of a phone as the model would write them.
fn rows(registrar: &Registrar, phone: u32) -> Vec<Row> {
    let contacts = registrar.phones.get(&PhoneId(phone));
    let mut rows: Vec<_> = contacts
        .into_iter()
        .flat_map(|contacts| contacts.bindings.iter().zip(&contacts.until))
        .map(|(binding, until)| Row {
            phone,
            key: number(binding.key.as_str().as_bytes()),
            contact: number(&binding.contact),
            call: number(&binding.call_id),
            cseq: binding.cseq,
            flow: binding.peer.flow.0 & 0xff,
            until: until.0 / 1_000_000_000,
        })
        .collect();
    rows.sort_by_key(|row| (row.key, row.contact));
    rows
}

/// What the registrar does with a step; changes are told by phone.
fn apply(
    registrar: &mut Registrar,
    now: Now,
    step: &Step,
    told: &mut Vec<(PhoneId, Change)>,
) -> Result<bool, Refusal> {
    let mut changes = Vec::new();
    let (phone, outcome) = match step {
        Step::Close { flow } => {
            registrar.on_flow_closed(FlowId::connection(*flow), told);
            return Ok(true);
        }
        Step::Forget { phone } => {
            registrar.forget(PhoneId(*phone), &mut changes);
            (*phone, Ok(true))
        }
        Step::Pass { .. } => {
            for phone in 0..2 {
                registrar.on_timeout(now.mono, PhoneId(phone), &mut changes);
                told.extend(changes.drain(..).map(|change| (PhoneId(phone), change)));
            }
            return Ok(true);
        }
        Step::Register {
            phone,
            call,
            cseq,
            flow,
            wishes,
        } => {
            let wishes = wishes.iter().map(|(name, contact, seconds)| Wish {
                key: key(*name),
                contact: octets(*contact),
                instance: Bytes::new(),
                seconds: *seconds,
            });
            let wishes = Wishes::Contacts(wishes.collect());
            let registration = registration(*call, *cseq, *flow);
            let done =
                registrar.register(now, PhoneId(*phone), &wishes, &registration, &mut changes);
            (*phone, done.map(|()| true))
        }
        Step::RemoveAll { phone, call, cseq } => {
            let (wishes, registration) = (Wishes::RemoveAll, registration(*call, *cseq, 0));
            let done =
                registrar.register(now, PhoneId(*phone), &wishes, &registration, &mut changes);
            (*phone, done.map(|()| true))
        }
        Step::Restore { row } => {
            return Ok(registrar.restore(now, PhoneId(row.phone), binding(row)));
        }
    };
    told.extend(changes.into_iter().map(|change| (PhoneId(phone), change)));
    outcome
}

/// What the model does with the same step.
fn model(model: &mut Model, step: &Step) -> Result<bool, Refusal> {
    match step {
        Step::Close { flow } => model.rows.retain(|row| row.flow != *flow),
        Step::Forget { phone } => model.rows.retain(|row| row.phone != *phone),
        Step::Pass { .. } => {
            let now = model.now;
            model.rows.retain(|row| row.until > now);
        }
        Step::Register { .. } => return model.register(step).map(|()| true),
        Step::RemoveAll { phone, call, cseq } => {
            return model.remove_all(*phone, *call, *cseq).map(|()| true);
        }
        Step::Restore { row } => return Ok(model.restore(row)),
    }
    Ok(true)
}

#[test]
fn r21_registrar_agrees_with_a_list() {
    let (mut done, mut refused) = (0, 0);
    for seed in 0..CASES {
        let mut rng = ChaCha12Rng::seed_from_u64(seed);
        let mut registrar = Registrar::new(EXPIRY, CAP);
        let mut naive = Model::default();
        // What somebody who only hears of changes believes to be there.
        let mut heard: BTreeSet<(PhoneId, BindingKey)> = BTreeSet::new();
        for _ in 0..30 {
            let step = step(&mut rng, naive.now);
            if let Step::Pass { seconds } = &step {
                naive.now += seconds;
            }
            let now = moment(naive.now);
            let mut told = Vec::new();
            let outcome = apply(&mut registrar, now, &step, &mut told);
            assert_eq!(outcome, model(&mut naive, &step), "seed {seed}: {step:?}");
            match outcome {
                Ok(_) => done += 1,
                Err(_) => refused += 1,
            }
            if let (Step::Restore { row }, Ok(true)) = (&step, outcome) {
                heard.insert((PhoneId(row.phone), key(row.key)));
            }
            for (phone, change) in told {
                match change {
                    Change::Put(binding) => heard.insert((phone, binding.key)),
                    Change::Removed(key) => heard.remove(&(phone, key)),
                };
            }
            let mut known = BTreeSet::new();
            for phone in 0..2 {
                let rows = rows(&registrar, phone);
                assert_eq!(rows, naive.of(phone), "seed {seed}: {step:?}");
                known.extend(rows.iter().map(|row| (PhoneId(phone), key(row.key))));
                let first = rows.iter().map(|row| row.until).min();
                let deadline = registrar
                    .deadline(PhoneId(phone))
                    .and_then(|(next, _)| next);
                assert_eq!(
                    deadline.map(|at| at.0 / 1_000_000_000),
                    first,
                    "seed {seed}"
                );
            }
            assert_eq!(heard, known, "seed {seed}: {step:?}");
            let on_flows = registrar.by_flow.len();
            let mut flows: Vec<_> = naive
                .rows
                .iter()
                .filter(|row| row.flow > 0)
                .map(|row| (row.flow, row.phone))
                .collect();
            flows.sort_unstable();
            flows.dedup();
            assert_eq!(on_flows, flows.len(), "seed {seed}: {step:?}");
        }
    }
    assert!(
        done > CASES * 10 && refused > CASES,
        "{done} done, {refused} refused"
    );
}
