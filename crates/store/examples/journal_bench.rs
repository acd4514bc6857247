//! What the journal costs: CPU per 1,000 facts, and how long a commit takes.
//!
//! `cargo run --release -p offhook-store --example journal_bench [FOLDER] [FACTS]`

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a measuring tool, read by the person who runs it"
)]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use offhook_base::{CallId, DeliveryId, EventName, EventRecord, FactRecord, Wall, WebhookId};
use offhook_store::{
    Batch, Checkpointer, DeliveryChange, Journal, RoutedDelivery, RoutedFact, VerdictRow,
};

const LIFE: [EventName; 4] = [
    EventName::CallInitial,
    EventName::CallRinging,
    EventName::CallConnected,
    EventName::CallHangup,
];

fn main() {
    let mut args = std::env::args().skip(1);
    let folder = args.next().unwrap_or_else(|| ".".to_owned());
    let facts: usize = args.next().map_or(64_000, |n| n.parse().unwrap());
    let dir = tempfile::tempdir_in(folder).unwrap();
    println!(
        "{facts} facts, one delivery each, its verdict in a later batch, body 650, snapshot 600 octets, 1,000 calls open"
    );
    fdatasync(dir.path());
    for batch in [1, 8, 64, 512] {
        let facts = facts.min(batch * 2_000);
        run(
            &dir.path().join(format!("journal-{batch}.db")),
            batch,
            facts,
        );
    }
}

/// The floor: a file that is appended to and synced.
fn fdatasync(dir: &Path) {
    use std::io::Write;
    let mut file = std::fs::File::create(dir.join("probe")).unwrap();
    let before = on_cpu();
    let mut took: Vec<Duration> = (0..200)
        .map(|_| {
            file.write_all(&[7; 8_192]).unwrap();
            let start = Instant::now();
            file.sync_data().unwrap();
            start.elapsed()
        })
        .collect();
    took.sort();
    let cpu = on_cpu().saturating_sub(before) / 200;
    println!(
        "8 KiB appended and synced: median {:?}, p99 {:?}, CPU {cpu:?}",
        took[100], took[198]
    );
}

fn run(path: &Path, size: usize, total: usize) {
    let (mut journal, _) = Journal::open(path).unwrap();
    let checkpointer = Checkpointer::open(path).unwrap();
    let mut took = Vec::new();
    let (mut cpu, mut checkpoint_cpu) = (Duration::ZERO, Duration::ZERO);
    let (mut n, mut next_delivery) = (0, 1);
    let mut verdicts = Vec::new();
    let start = Instant::now();
    while n < total {
        let mut batch = Batch {
            verdicts: std::mem::take(&mut verdicts),
            ..Batch::default()
        };
        for _ in 0..size {
            let id = DeliveryId(next_delivery);
            next_delivery += 1;
            verdicts.push(VerdictRow {
                delivery: id,
                change: DeliveryChange::Finished,
            });
            let deliveries = vec![RoutedDelivery {
                id,
                webhook: WebhookId(1),
                prev_seq: 0,
                held: false,
            }];
            batch.facts.push(RoutedFact {
                fact: fact(n),
                deliveries,
            });
            n += 1;
        }
        let (before, began) = (on_cpu(), Instant::now());
        journal.commit(&batch).unwrap();
        took.push(began.elapsed());
        cpu += on_cpu().saturating_sub(before);
        if n % 4_096 < size {
            let before = on_cpu();
            checkpointer.run().unwrap();
            checkpoint_cpu += on_cpu().saturating_sub(before);
        }
    }
    took.sort();
    let per_fact = |cpu: Duration| cpu.as_secs_f64() * 1e6 / n as f64;
    println!(
        "batches of {size:3}: CPU {:5.1} ms per 1,000 facts ({:.1} µs each) + checkpoints {:.1}; commit median {:?}, p99 {:?}; {:.0} facts/s",
        per_fact(cpu),
        per_fact(cpu),
        per_fact(checkpoint_cpu),
        took[took.len() / 2],
        took[took.len() * 99 / 100],
        n as f64 / start.elapsed().as_secs_f64()
    );
}

/// A thousand calls are up at any time; each goes through its four facts.
fn fact(n: usize) -> FactRecord {
    let (block, within) = (n / 4_000, n % 4_000);
    let (phase, call) = (within / 1_000, block * 1_000 + within % 1_000 + 1);
    let name = LIFE[phase];
    let call = CallId(call as u64);
    let event = EventRecord {
        id: format!("n1.608920d5{n:05x}1.{:08}", n % 100_000_000).into(),
        root: call,
        call,
        seq: Some(phase as u64 + 1),
        name,
        context: "LOCAL_USER".into(),
        is_final: name.is_last(),
        at: Wall(1_700_000_000_000_000 + n as i64),
        body: vec![b'{'; 650].into(),
    };
    let snapshot = (!name.is_last()).then(|| Arc::from(vec![b's'; 600]));
    FactRecord {
        event,
        snapshot,
        cdr: None,
        sms: None,
        recording: None,
    }
}

/// Time that this thread has been on a processor.
fn on_cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}
