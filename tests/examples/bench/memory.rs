//! Memory with many calls up.

use std::time::{Duration, Instant};

use crate::Node;
use crate::load::{Load, Pace};
use crate::machine;

pub(crate) async fn run() {
    println!("\nmemory: {CALLS} calls held by sipp, relay never, a fresh node");
    let node = Node::start("never").await;
    let mut load = Load::new(&node.site, 3).await;
    let (idle, _) = machine::memory(node.pid());
    let callers = load.start(Pace {
        rate: 100,
        calls: CALLS,
        hold: Duration::from_secs(25),
    });
    let started = Instant::now();
    while node.sink.tally().up < CALLS && started.elapsed() < Duration::from_secs(24) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (up, _) = machine::memory(node.pid());
    let calls = node.sink.tally().up;
    let counts = callers.finish().await;
    let (_, most) = machine::memory(node.pid());
    println!(
        "RSS with {calls} calls up {up:.0} MiB (goal 120), idle {idle:.0} MiB, most {most:.0} MiB; failed {}; load {}",
        counts.failed,
        machine::load()
    );
    load.end().await;
}

const CALLS: usize = 1_000;
