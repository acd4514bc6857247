//! What is played and heard in Opus.

use super::*;
use crate::codec::Encoder;
use crate::dtmf::Digit;

const OPUS: Format = Format {
    payload_type: 96,
    codec: Codec::Opus,
};

#[test]
fn what_is_played_in_opus_is_as_long_as_it_was_encoded_and_counts_by_its_clock() {
    let (mut relay, a, _) = relay();
    let music = Sound::Music(Music::Tune);
    relay.play(Mono(0), Side::A, music, OPUS, [7; 10]).unwrap();
    let mut packet = [0; PLAYED_OCTETS];
    let mut before: Option<RtpHeader> = None;
    for n in 0..5 {
        let played = relay.handle_timeout(Mono(n * 20_000_000), &mut packet);
        let played = played.expect("a packet");
        assert_eq!((played.to, played.length), (a, 132));
        let header = RtpHeader::parse(&packet[..played.length]).unwrap();
        if let Some(before) = before {
            let later = header.timestamp.wrapping_sub(before.timestamp);
            assert_eq!((header.ssrc, later), (before.ssrc, 960));
        }
        before = Some(header);
    }
}

/// Whether a key is heard that is pressed as tones in Opus.
fn hears_tones(keys: bool) -> bool {
    let (mut relay, a, _) = relay();
    let voice = PayloadFormat {
        payload_type: 96,
        encoding: Encoding::Opus,
        clock: 48_000,
    };
    let events = PayloadFormat {
        payload_type: 101,
        encoding: Encoding::TelephoneEvent,
        clock: 48_000,
    };
    let formats = [Some(voice), keys.then_some(events)];
    relay.set_formats(Side::A, formats.into_iter().flatten().collect());
    let mut encoder = Encoder::new(Codec::Opus);
    for n in 0..30_u16 {
        let samples: Vec<i16> = (0..320)
            .map(|at| {
                let second = f64::from(u32::from(n) * 320 + at) / 16_000.0;
                let wave = |hertz: f64| (second * hertz * std::f64::consts::TAU).sin();
                let heard = if (10..20).contains(&n) { 6_000.0 } else { 0.0 };
                #[expect(clippy::cast_possible_truncation, reason = "12,000 at most")]
                let sample = ((wave(770.0) + wave(1_336.0)) * heard) as i16;
                sample
            })
            .collect();
        let mut packet = rtp(n);
        packet[1] = 96;
        packet[4..8].copy_from_slice(&(u32::from(n) * 960).to_be_bytes());
        let octets = encoder.encode(&samples, &mut packet[12..]);
        let now = Mono(u64::from(n) * 20_000_000);
        let packet = &mut packet[..12 + octets];
        relay.handle_packet(now, Side::A, Kind::Rtp, a, packet);
    }
    let pressed = std::iter::from_fn(|| relay.poll_notice()).find_map(|notice| match notice {
        Notice::Pressed { press, way, .. } => Some((press.digit, way)),
        Notice::Played { .. } | Notice::Quality(_) | Notice::Silent(_) => None,
    });
    if let Some(pressed) = pressed {
        let five = Digit::from_char('5').unwrap();
        assert_eq!(pressed, (five, PressWay::InBand));
    }
    pressed.is_some()
}

#[test]
fn tones_in_opus_are_listened_for_only_where_no_telephone_event_is_listed() {
    assert!(hears_tones(false));
    assert!(!hears_tones(true));
}
