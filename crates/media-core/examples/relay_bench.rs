//! What the decision about one relayed packet costs, without the sockets:
//! `cargo run --release -p offhook-media-core --example relay_bench`.

use std::hint::black_box;
use std::io::Write;
use std::net::SocketAddr;

use offhook_base::Mono;
use offhook_media_core::{Kind, Relay, Side, Verdict};

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn main() -> std::io::Result<()> {
    let phones: Vec<[SocketAddr; 2]> = (0..CALLS)
        .map(|call| {
            let port = 10_000 + call * 4;
            [
                SocketAddr::from(([192, 0, 2, 1], port)),
                SocketAddr::from(([192, 0, 2, 2], port)),
            ]
        })
        .collect();
    let mut relays: Vec<Relay> = phones
        .iter()
        .map(|[a, b]| Relay::new(Some((*a).into()), Some((*b).into())))
        .collect();
    let mut packet = [0xd5; 172];
    packet[..12].copy_from_slice(&[0x80, 0, 0, 0, 0, 0, 0, 160, 1, 2, 3, 4]);

    let mut forwarded = 0_u64;
    let started = std::time::Instant::now();
    for number in 0..PACKETS_A_SIDE {
        [packet[2], packet[3]] = number.to_be_bytes();
        let now = Mono(u64::from(number) * 20_000_000);
        for (relay, [a, b]) in relays.iter_mut().zip(&phones) {
            for (side, from) in [(Side::A, *a), (Side::B, *b)] {
                let verdict =
                    relay.handle_packet(now, side, Kind::Rtp, from, black_box(&mut packet));
                forwarded += u64::from(matches!(black_box(verdict), Verdict::Forward { .. }));
            }
        }
    }
    let nanos = started.elapsed().as_nanos();
    let packets = u64::from(CALLS) * u64::from(PACKETS_A_SIDE) * 2;
    assert_eq!(forwarded, packets);
    writeln!(
        std::io::stdout(),
        "{} ns a packet ({packets} packets, {CALLS} calls, {} octets of state a call)",
        nanos / u128::from(packets),
        size_of::<Relay>()
    )
}

const CALLS: u16 = 300;
const PACKETS_A_SIDE: u16 = 20_000;
