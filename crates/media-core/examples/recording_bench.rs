//! What it costs to lay the packets of recorded calls out in time: `cargo run --release -p offhook-media-core --example recording_bench`.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark")]
#![allow(clippy::disallowed_methods, reason = "it measures time")]

use std::time::{Duration, Instant};

use offhook_base::Mono;
use offhook_media_core::{Codec, Encoder, Tape, TapedPacket};

const CALLS: usize = 300;
const SECONDS: u32 = 20;

fn main() {
    for codec in [
        Codec::Pcma,
        Codec::G722,
        #[cfg(feature = "opus")]
        Codec::Opus,
    ] {
        let mut tapes: Vec<Tape> = (0..CALLS).map(|_| Tape::new(Mono(0), true)).collect();
        let payload = payload(codec);
        let clock = codec.clock_rate();
        let (mut packets, mut samples) = (0_u32, 0_usize);
        let begun = Instant::now();
        for n in 0..SECONDS * 50 {
            let at = Mono(0) + Duration::from_millis(20) * n;
            for tape in &mut tapes {
                for channel in 0..2 {
                    tape.handle_packet(&TapedPacket {
                        at,
                        channel,
                        codec,
                        clock,
                        timestamp: n * (clock / 50),
                        ssrc: channel.into(),
                        payload: &payload,
                    });
                    packets += 1;
                }
                // As the recorder does: each half-second, what is half a second old.
                if n % 25 == 24 {
                    let upto = Mono(at.0.saturating_sub(500_000_000));
                    while let Some(block) = tape.poll_block(upto) {
                        samples += block.len();
                    }
                }
            }
        }
        let spent = begun.elapsed();
        println!(
            "{codec:?}: {:.2} us a packet ({packets} packets, {samples} samples); {CALLS} calls take {:.1} % of one core",
            spent.as_secs_f64() * 1e6 / f64::from(packets),
            spent.as_secs_f64() * 100.0 / f64::from(SECONDS),
        );
    }
}

/// 20 ms of a tone.
fn payload(codec: Codec) -> Vec<u8> {
    let frame = codec.sample_rate() / 50;
    let samples: Vec<i16> = (0..frame)
        .map(|n| {
            let turn = f64::from(n) / 20.0 * std::f64::consts::TAU;
            #[expect(clippy::cast_possible_truncation, reason = "8,000 at most")]
            let sample = (turn.sin() * 8_000.0) as i16;
            sample
        })
        .collect();
    let mut payload = vec![0; 160];
    let octets = Encoder::new(codec).encode(&samples, &mut payload);
    payload.truncate(octets);
    payload
}
