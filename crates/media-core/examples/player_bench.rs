//! What one played packet costs in each codec, without the sockets:
//! `cargo run --release -p offhook-media-core --example player_bench`.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;

use offhook_base::Mono;
use offhook_media_core::{Clip, Codec, Format, Music, PLAYED_OCTETS, Relay, Side, Sound};

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let noise = |samples: u32| -> Vec<i16> {
        (0..samples)
            .map(|n| {
                let [a, b, ..] = n.wrapping_mul(2_654_435_761).to_be_bytes();
                i16::from_be_bytes([a, b]) / 8
            })
            .collect()
    };
    let clip = Clip::new("noise".to_owned(), noise(80_000), noise(160_000))?;
    let clip = Music::Clip(Arc::new(clip));
    for (name, codec, payload_type) in [
        ("PCMA", Codec::Pcma, 8),
        ("PCMU", Codec::Pcmu, 0),
        ("G722", Codec::G722, 9),
        #[cfg(feature = "opus")]
        ("Opus", Codec::Opus, 96),
    ] {
        for (what, music) in [("clip", &clip), ("tune", &Music::Tune)] {
            let format = Format {
                payload_type,
                codec,
            };
            let mut relays = Vec::new();
            for port in 0..CALLS {
                let phone = SocketAddr::from(([192, 0, 2, 1], 10_000 + port));
                let mut relay = Relay::new(Some(phone.into()), None);
                let sound = Sound::Music(music.clone());
                relay.play(Mono(0), Side::A, sound, format, [7; 10])?;
                relays.push(relay);
            }
            let mut packet = [0; PLAYED_OCTETS];
            let mut sent = 0_u64;
            let started = std::time::Instant::now();
            for number in 0..PACKETS {
                let now = Mono(number * 20_000_000);
                for relay in &mut relays {
                    sent += u64::from(relay.handle_timeout(now, &mut packet).is_some());
                }
            }
            let nanos = started.elapsed().as_nanos();
            assert_eq!(sent, PACKETS * u64::from(CALLS));
            writeln!(
                std::io::stdout(),
                "{name} {what}: {} ns a packet ({sent} packets, {CALLS} phones)",
                nanos / u128::from(sent)
            )?;
        }
    }
    Ok(())
}

const CALLS: u16 = 300;
const PACKETS: u64 = 2_000;
