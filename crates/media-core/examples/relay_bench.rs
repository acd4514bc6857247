//! What the decision about one relayed packet costs, without the sockets:
//! `cargo run --release -p offhook-media-core --example relay_bench`.

use std::hint::black_box;
use std::io::Write;
use std::net::SocketAddr;

use offhook_base::Mono;
use offhook_media_core::{
    Kind, Relay, SRTP_TRAILER_OCTETS, Side, SrtpKey, SrtpKeys, SrtpSuite, Verdict,
};

fn main() -> std::io::Result<()> {
    let plain = nanos_a_packet(None);
    let secure: Vec<u128> = SrtpSuite::ALL
        .into_iter()
        .map(|suite| nanos_a_packet(Some(suite)))
        .collect();
    let mut out = std::io::stdout();
    writeln!(
        out,
        "{plain} ns a packet ({CALLS} calls, {PACKETS_A_SIDE} packets a side, {} octets of state a call)",
        size_of::<Relay>()
    )?;
    for (suite, nanos) in SrtpSuite::ALL.into_iter().zip(secure) {
        writeln!(
            out,
            "{nanos} ns a packet to a phone with {}, decrypted and encrypted",
            suite.name()
        )?;
    }
    Ok(())
}

/// What a packet costs between plain phones, or from one phone to another that both have keys. The packets of the phones
/// are made beforehand.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn nanos_a_packet(suite: Option<SrtpSuite>) -> u128 {
    let phones: Vec<[SocketAddr; 2]> = (0..CALLS)
        .map(|call| {
            let port = 10_000 + call * 4;
            [
                SocketAddr::from(([192, 0, 2, 1], port)),
                SocketAddr::from(([192, 0, 2, 2], port)),
            ]
        })
        .collect();
    let keys = suite.and_then(|suite| {
        let key = |octet| SrtpKey::new(suite, &vec![octet; suite.key_octets()]);
        let (receive, send) = (key(1)?, key(2)?);
        Some(SrtpKeys { receive, send })
    });
    let relay = |[a, b]: &[SocketAddr; 2]| {
        let mut relay = Relay::new(Some((*a).into()), Some((*b).into()));
        relay.secure(Side::A, keys.as_ref());
        relay.secure(Side::B, keys.as_ref());
        relay
    };
    let mut relays: Vec<Relay> = phones.iter().map(relay).collect();
    // What a phone sends is what a relay with its keys would send.
    let mut phone = Relay::new(None, None);
    let turned = keys.clone().map(|SrtpKeys { receive, send }| SrtpKeys {
        receive: send,
        send: receive,
    });
    phone.secure(Side::A, turned.as_ref());

    let mut forwarded = 0_u64;
    let mut spent = std::time::Duration::ZERO;
    for number in 0..PACKETS_A_SIDE {
        let mut packet = [0xd5; 172 + SRTP_TRAILER_OCTETS];
        packet[..12].copy_from_slice(&[0x80, 0, 0, 0, 0, 0, 0, 160, 1, 2, 3, 4]);
        [packet[2], packet[3]] = number.to_be_bytes();
        let length = phone.encrypt(Side::A, Kind::Rtp, &mut packet, 172);
        let length = length.unwrap_or_default();
        let now = Mono(u64::from(number) * 20_000_000);
        let started = std::time::Instant::now();
        for (relay, [a, b]) in relays.iter_mut().zip(&phones) {
            for (side, from) in [(Side::A, *a), (Side::B, *b)] {
                let mut buffer = black_box(packet);
                let packet = buffer.get_mut(..length).unwrap_or_default();
                let Ok(length) = relay.decrypt(side, Kind::Rtp, packet) else {
                    continue;
                };
                let plain = buffer.get_mut(..length).unwrap_or_default();
                if let Verdict::Forward { side, .. } =
                    relay.handle_packet(now, side, Kind::Rtp, from, plain)
                {
                    let sent = relay.encrypt(side, Kind::Rtp, &mut buffer, length);
                    forwarded += u64::from(black_box(sent).is_some());
                }
                black_box(buffer);
            }
        }
        spent += started.elapsed();
    }
    let packets = u64::from(CALLS) * u64::from(PACKETS_A_SIDE) * 2;
    assert_eq!(forwarded, packets);
    spent.as_nanos() / u128::from(packets)
}

const CALLS: u16 = 300;
const PACKETS_A_SIDE: u16 = 20_000;
