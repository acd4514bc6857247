//! How fast a backlog of deliveries drains over TLS.

use std::time::Duration;

use crate::Node;
use crate::load::{Load, Pace};
use crate::machine::{self, Cpu};

pub(crate) async fn run() {
    println!(
        "\ndeliveries: the receiver closes every connection while {CALLS} calls are made, then answers; the rate is of\n\
         the events that came between the first and the last, over TLS with keep-alive, read back from the journal,\n\
         signed, in order per call, attempts and verdicts written. Receiver and node share the machine."
    );
    let node = Node::start("never").await;
    let mut load = Load::new(&node.site, 3).await;
    // What was said at the webhook's making is none of the load.
    node.sink.forget();
    node.sink.close(true);
    let pace = Pace {
        rate: 300,
        calls: CALLS,
        hold: Duration::ZERO,
    };
    let counts = load.start(pace).finish().await;
    load.end().await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (before, sink) = (Cpu::of(node.pid()), Cpu::of(std::process::id()));
    node.sink.close(false);
    let due = counts.successful * 4;
    // The next probe of the breaker comes after 30 s at most.
    let tally = node.sink.wait_for(due, Duration::from_secs(45)).await;
    let cpu = Cpu::of(node.pid()).since(&before);
    let sink = Cpu::of(std::process::id()).since(&sink);
    let took = match (tally.first, tally.last) {
        (Some(first), Some(last)) => last - first,
        _ => Duration::ZERO,
    };
    let events = tally.events as f64;
    println!(
        "{} events of {due} due in {:.2} s: {:.0} deliveries/s (goal 3,000); again {}, wrong {}; RSS {:.0} MiB; load {}",
        tally.events,
        took.as_secs_f64(),
        events / took.as_secs_f64(),
        tally.again,
        tally.wrong,
        machine::memory(node.pid()).0,
        machine::load(),
    );
    println!(
        "CPU s per 1,000 deliveries {:.3} ({}); receiver {:.3}",
        cpu.total() / events * 1_000.0,
        cpu.by_thread(events),
        sink.total() / events * 1_000.0
    );
}

const CALLS: usize = 10_000;
