//! CPU time per call, failed calls and added set-up delay at several rates.

use std::path::Path;
use std::time::Duration;

use offhook_tests::{Delays, Probe};

use crate::Node;
use crate::load::{Counts, Load, Pace};
use crate::machine::{self, Cpu, percentile};

/// What one run at one rate found.
struct Run {
    rate: usize,
    counts: Counts,
    phones_sent_again: usize,
    delays: Delays,
    cpu: Cpu,
    calls: f64,
    events: usize,
    due: usize,
    again: usize,
    wrong: usize,
    lost: u64,
    sync: f64,
    sync_under_load: f64,
    memory: f64,
}

pub(crate) async fn run(only: Option<usize>) {
    let rates = only.map_or_else(|| RATES.to_vec(), |rate| vec![rate]);
    let rounds = if only.is_some() { 1 } else { ROUNDS };
    println!(
        "\ncalls: {PAIRS} pairs of sipp over UDP, digest, INVITE (401) INVITE 100 180 200 ACK BYE without a pause;\n\
         relay never; journal, CDR, captures and a webhook for all states over HTTPS; {SECONDS} s each, {rounds} rounds;\n\
         {PROBE} calls/s of the probe on top, counted in. CPU is of all threads. fdatasync: 4 KiB appended, on the\n\
         journal's disk, before and after the run (and during it)."
    );
    let node = Node::start("never").await;
    let mut load = Load::new(&node.site, PAIRS).await;
    let probe = Probe::new(&node.site, Vec::new()).await;
    let mut runs = Vec::new();
    for _ in 0..rounds {
        for &rate in &rates {
            let run = one(&node, &mut load, &probe, rate).await;
            print(&run);
            runs.push(run);
        }
    }
    for rate in rates {
        summarise(rate, &runs);
    }
    println!(
        "{}",
        node.site
            .offhook
            .output()
            .lines()
            .take(10)
            .collect::<Vec<_>>()
            .join("\n")
    );
    load.end().await;
}

async fn one(node: &Node, load: &mut Load, probe: &Probe, rate: usize) -> Run {
    let folder = node.site.offhook.data_dir();
    let mut syncs = sync_quietly(&folder).await;
    node.sink.forget();
    let (phones, lost) = (load.phones_sent_again(), machine::datagrams_lost());
    let before = Cpu::of(node.pid());
    let lasting = Duration::from_secs(SECONDS);
    let callers = load.start(Pace {
        rate,
        calls: rate * usize::try_from(SECONDS).unwrap(),
        hold: Duration::ZERO,
    });
    let probing = probe.start(PROBE, lasting);
    let beside = tokio::task::spawn_blocking({
        let folder = folder.clone();
        move || {
            std::thread::sleep(Duration::from_secs(2));
            machine::syncs(&folder, 50, Duration::from_millis(200))
        }
    });
    let counts = callers.finish().await;
    let delays = tokio::task::spawn_blocking(move || probing.recv().unwrap())
        .await
        .unwrap();
    let due = (counts.successful + delays.calls) * EVENTS;
    let tally = node.sink.wait_for(due, Duration::from_secs(10)).await;
    // Until CDRs, captures and verdicts are written, too.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let cpu = Cpu::of(node.pid()).since(&before);
    let under_load = beside.await.unwrap();
    syncs.extend(sync_quietly(&folder).await);
    Run {
        rate,
        counts,
        phones_sent_again: load.phones_sent_again() - phones,
        calls: (counts.successful + delays.calls) as f64,
        delays,
        cpu,
        events: tally.events,
        due,
        again: tally.again,
        wrong: tally.wrong,
        lost: machine::datagrams_lost() - lost,
        sync: percentile(&syncs, 50),
        sync_under_load: percentile(&under_load, 50),
        memory: machine::memory(node.pid()).0,
    }
}

async fn sync_quietly(folder: &Path) -> Vec<Duration> {
    let folder = folder.to_owned();
    tokio::task::spawn_blocking(move || machine::syncs(&folder, 100, Duration::from_millis(1)))
        .await
        .unwrap()
}

fn print(run: &Run) {
    let Run {
        rate,
        counts,
        delays,
        cpu,
        calls,
        ..
    } = run;
    println!(
        "{rate:>4}/s  calls {calls}, failed {} (probe {}), sent again by callers {} phones {}, datagrams lost {}; \
         events {} of {} due, again {}, wrong {}; load {}",
        counts.failed,
        delays.failed,
        counts.sent_again,
        run.phones_sent_again,
        run.lost,
        run.events,
        run.due,
        run.again,
        run.wrong,
        machine::load(),
    );
    println!(
        "        CPU s per 1,000 calls {:.2} (user {:.2}, system {:.2}): {}",
        cpu.total() / calls * 1_000.0,
        cpu.user / calls * 1_000.0,
        cpu.system / calls * 1_000.0,
        cpu.by_thread(*calls)
    );
    println!(
        "        INVITE in -> out p50 {:.2} ms, p99 {:.2} ms; INVITE -> 200 p50 {:.2}, p99 {:.2}; \
         fdatasync p50 {:.2} ms (during {:.2}); RSS {:.0} MiB",
        percentile(&delays.invites, 50),
        percentile(&delays.invites, 99),
        percentile(&delays.answers, 50),
        percentile(&delays.answers, 99),
        run.sync,
        run.sync_under_load,
        run.memory,
    );
}

fn summarise(rate: usize, runs: &[Run]) {
    let of = |value: fn(&Run) -> f64| {
        let mut values: Vec<f64> = runs
            .iter()
            .filter(|run| run.rate == rate)
            .map(value)
            .collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let sync = of(|run| run.sync);
    let failed: usize = runs
        .iter()
        .filter(|run| run.rate == rate)
        .map(|run| run.counts.failed + run.delays.failed)
        .sum();
    println!(
        "median {rate:>4}/s  CPU s per 1,000 calls {:.2} (goal 1.2); failed {failed} (goal 0); \
         in -> out p50 {:.2} ms (goal at 150/s: {:.2}), p99 {:.2} ms (goal {:.2})",
        of(|run| run.cpu.total() / run.calls * 1_000.0),
        of(|run| percentile(&run.delays.invites, 50)),
        1.7 * sync + 1.0,
        of(|run| percentile(&run.delays.invites, 99)),
        4.0 * sync + 10.0,
    );
}

const PAIRS: usize = 3;
const RATES: [usize; 3] = [75, 150, 300];
const SECONDS: u64 = 15;
const ROUNDS: usize = 3;
/// Calls a second of the probe.
const PROBE: u32 = 20;
/// Of a call that is answered: it begins, rings, is connected, ends.
const EVENTS: usize = 4;
