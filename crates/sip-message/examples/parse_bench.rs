//! Times what every message costs before anything is decided about it:
//! `cargo run --release -p offhook-sip-message --example parse_bench`.
//!
//! The best of many batches is printed, as other work on the machine only ever adds. `unsafe` is forbidden here, so
//! the counting allocator comes from a crate of its own.

use std::fmt::Write;
use std::hint::black_box;
use std::time::{Duration, Instant};

use bytes::Bytes;
use offhook_sip_message::sdp::Sdp;
use offhook_sip_message::{Framing, Index, Message, StreamFramer, View, Writer};

const INVITE: &[u8] = include_bytes!("../tests/data/invite-995.sip");
const BATCHES: u32 = 60;
const OPERATIONS: u32 = 4000;

fn main() -> std::io::Result<()> {
    let mut report = String::new();
    let headers = Index::parse(INVITE, Framing::Datagram)
        .map_or(0, |index| View::new(INVITE, &index).all_headers().count());
    let head = format!(
        "INVITE of {} octets with {headers} headers; best of {BATCHES} batches of {OPERATIONS}\n",
        INVITE.len()
    );
    report.push_str(&head);
    measure(&mut report, "parse", || {
        black_box(Index::parse(black_box(INVITE), Framing::Datagram).is_ok());
    });
    measure(
        &mut report,
        "parse + Via branch, CSeq, Call-ID, both tags",
        || {
            if let Ok(index) = Index::parse(black_box(INVITE), Framing::Datagram) {
                black_box(route(View::new(INVITE, &index)));
            }
        },
    );
    let octets = Bytes::from_static(INVITE);
    measure(&mut report, "parse into an owned Message", || {
        black_box(Message::parse(black_box(octets.clone()), Framing::Datagram).is_ok());
    });
    if let Ok(index) = Index::parse(INVITE, Framing::Datagram) {
        let mut out = Vec::with_capacity(2048);
        let source = "192.0.2.17:5062".parse().ok();
        measure(&mut report, "build 180", || {
            out.clear();
            let mut answer = Writer::respond(
                &mut out,
                View::new(INVITE, &index),
                180,
                b"Ringing",
                Some("a1b2c3d4"),
                source,
            );
            answer.header("Contact", b"<sip:192.0.2.1:5060>");
            answer.finish(None);
            black_box(&out);
        });
        let body = View::new(INVITE, &index).body();
        measure(&mut report, "read SDP: codec and hold", || {
            black_box(
                Sdp::parse(black_box(body))
                    .map(|sdp| (sdp.first_audio_codec(), sdp.is_held()))
                    .is_ok(),
            );
        });
    }
    let mut framer = StreamFramer::new(16_384);
    measure(&mut report, "frame from a stream", || {
        framer.push(black_box(INVITE));
        black_box(framer.poll().is_ok());
    });
    std::io::Write::write_all(&mut std::io::stdout().lock(), report.as_bytes())
}

fn route(view: View<'_>) -> Option<usize> {
    let via = view.top_via()?.branch()?;
    let cseq = view.cseq()?;
    let tags = view.from_tag()?.len() + view.to_tag().map_or(0, <[u8]>::len);
    Some(via.len() + view.call_id()?.len() + tags + usize::from(cseq.number == 0))
}

fn measure(report: &mut String, what: &str, mut operation: impl FnMut()) {
    // With an argument, only what contains it is measured: for a profiler.
    if std::env::args()
        .nth(1)
        .is_some_and(|wanted| !what.contains(&wanted))
    {
        return;
    }
    operation();
    let allocations = allocation_counter::measure(&mut operation).count_total;
    let best = (0..BATCHES)
        .map(|_| batch(&mut operation))
        .min()
        .unwrap_or_default();
    let nanoseconds = best.as_nanos() / u128::from(OPERATIONS);
    let written = writeln!(
        report,
        "{nanoseconds:>6} ns  {allocations:>2} allocations  {what}"
    );
    debug_assert!(written.is_ok(), "a String takes all that is written to it");
}

#[expect(clippy::disallowed_methods, reason = "a benchmark is about time")]
fn batch(operation: &mut impl FnMut()) -> Duration {
    let start = Instant::now();
    for _ in 0..OPERATIONS {
        operation();
    }
    start.elapsed()
}
