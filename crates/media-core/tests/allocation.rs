//! No packet costs an allocation, encrypted or not, passed on or our own.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has nothing better to do than to say where"
)]

use std::net::SocketAddr;

use offhook_base::Mono;
use offhook_media_core::{
    Kind, Relay, SRTP_TRAILER_OCTETS, Side, SrtpKey, SrtpKeys, SrtpSuite, Verdict,
};

fn report() -> Vec<u8> {
    let mut packet = vec![0x80, 200, 0, 6, 1, 2, 3, 4];
    packet.extend([0; 20]);
    packet
}

fn rtp(number: u16) -> Vec<u8> {
    let [high, low] = number.to_be_bytes();
    let mut packet = vec![0x80, 0, high, low, 0, 0, 0, 160, 1, 2, 3, 4];
    packet.resize(172, 0xd5);
    packet
}

fn keys(receive: u8, send: u8) -> SrtpKeys {
    let key = |octet| SrtpKey::new(SrtpSuite::Aes256Sha1Tag80, &[octet; 46]).unwrap();
    SrtpKeys {
        receive: key(receive),
        send: key(send),
    }
}

/// Carries packets of the first side, and says how many arrived and how often memory was asked for.
fn carried(is_secure: bool) -> (u32, u64) {
    let phones: [SocketAddr; 2] =
        ["192.0.2.1:4000", "192.0.2.2:5000"].map(|at| at.parse().unwrap());
    let [a, b] = phones;
    let mut relay = Relay::new(Some(a.into()), Some(b.into()));
    // What a phone sends is what a relay with its keys would send.
    let mut phone = Relay::new(None, None);
    if is_secure {
        relay.secure(Side::A, Some(&keys(1, 2)));
        relay.secure(Side::B, Some(&keys(3, 4)));
        phone.secure(Side::A, Some(&keys(2, 1)));
    }
    let mut packets = Vec::new();
    for number in 0..200 {
        for (kind, plain) in [(Kind::Rtp, rtp(number)), (Kind::Rtcp, report())] {
            let mut buffer = plain.clone();
            buffer.resize(plain.len() + SRTP_TRAILER_OCTETS, 0);
            let length = phone.encrypt(Side::A, kind, &mut buffer, plain.len());
            buffer.truncate(length.unwrap());
            packets.push((kind, buffer));
        }
    }
    let mut arrived = 0;
    let mut buffer = vec![0; 2_048];
    let mut carry = |kind, packet: &[u8]| {
        buffer[..packet.len()].copy_from_slice(packet);
        let Ok(length) = relay.decrypt(Side::A, kind, &mut buffer[..packet.len()]) else {
            return;
        };
        let verdict = relay.handle_packet(Mono(1), Side::A, kind, a, &mut buffer[..length]);
        if let Verdict::Forward { side, .. } = verdict {
            let sent = relay.encrypt(side, kind, &mut buffer, length);
            arrived += u32::from(sent.is_some());
        }
    };
    // The first ones find out what there is to listen for.
    for (kind, packet) in &packets[..100] {
        carry(*kind, packet);
    }
    let counted = allocation_counter::measure(|| {
        for (kind, packet) in &packets[100..] {
            carry(*kind, packet);
        }
        // Nor does one that is refused.
        carry(Kind::Rtp, &packets[0].1);
    });
    (arrived, counted.count_total)
}

#[test]
fn a_plain_packet_allocates_nothing() {
    let (arrived, allocated) = carried(false);
    assert_eq!((arrived, allocated), (401, 0));
}

#[test]
fn an_encrypted_packet_allocates_nothing() {
    let (arrived, allocated) = carried(true);
    assert_eq!((arrived, allocated), (400, 0), "a replay does not arrive");
}

#[cfg(feature = "opus")]
#[test]
fn a_packet_that_is_played_or_heard_in_opus_allocates_nothing() {
    use offhook_media_core::{Codec, Encoding, Format, Music, PLAYED_OCTETS, PayloadFormat, Sound};

    let [a, b]: [SocketAddr; 2] =
        ["192.0.2.1:4000", "192.0.2.2:5000"].map(|at| at.parse().unwrap());
    let mut relay = Relay::new(Some(a.into()), Some(b.into()));
    let opus = PayloadFormat {
        payload_type: 96,
        encoding: Encoding::Opus,
        clock: 48_000,
    };
    // It lists no keys, so that they are listened for.
    relay.set_formats(Side::B, [opus].into_iter().collect());
    let format = Format {
        payload_type: 96,
        codec: Codec::Opus,
    };
    let music = Sound::Music(Music::Tune);
    relay
        .play(Mono(0), Side::A, music, format, [7; 10])
        .unwrap();
    let mut octets = 0;
    let mut packet = [0; PLAYED_OCTETS];
    // What we play to one side is what the other one says.
    let mut play_and_hear = |number: u64| {
        let now = Mono(number * 20_000_000);
        let played = relay.handle_timeout(now, &mut packet).unwrap();
        let said = &mut packet[..played.length];
        relay.handle_packet(now, Side::B, Kind::Rtp, b, said);
        octets += played.length;
    };
    play_and_hear(0);
    let counted = allocation_counter::measure(|| (1..=100).for_each(&mut play_and_hear));
    assert_eq!((octets, counted.count_total), (101 * 132, 0));
}
