use super::*;
use crate::clip::Clip;
use crate::codec::{Codec, Decoder};
use crate::command::Music;

const PCMA: Format = Format {
    payload_type: 8,
    codec: Codec::Pcma,
};

const ENTROPY: StreamEntropy = [1, 2, 3, 4, 0xff, 0xff, 0xff, 0x60, 0xff, 0xfe];

const fn ms(millis: u64) -> Mono {
    Mono(millis * 1_000_000)
}

fn player(sound: Sound) -> Player {
    Player::new(ms(0), sound, PCMA, ENTROPY).unwrap()
}

/// A packet as (marker, payload type, sequence, timestamp, SSRC).
type Header = (bool, u8, u16, u32, u32);

fn sent(player: &mut Player, now: Mono) -> Option<Header> {
    let mut packet = [0; PLAYED_OCTETS];
    player.handle_timeout(now, &mut packet).map(|_| {
        assert_eq!(packet[0], 0x80);
        (
            packet[1] & 0x80 != 0,
            packet[1] & 0x7f,
            u16::from_be_bytes(packet[2..4].try_into().unwrap()),
            u32::from_be_bytes(packet[4..8].try_into().unwrap()),
            u32::from_be_bytes(packet[8..12].try_into().unwrap()),
        )
    })
}

#[test]
fn rfc3550_5_1_numbers_run_on_over_their_wraps_from_a_random_start() {
    let mut player = player(Sound::Music(Music::Tune));
    let headers: Vec<Header> = (0..4)
        .map(|n| sent(&mut player, ms(n * 20)).unwrap())
        .collect();
    let ssrc = 0x0102_0304;
    assert_eq!(
        headers,
        [
            (true, 8, 65_534, 0xffff_ff60, ssrc),
            (false, 8, 65_535, 0, ssrc),
            (false, 8, 0, 160, ssrc),
            (false, 8, 1, 320, ssrc),
        ]
    );
}

#[test]
fn a_packet_leaves_every_20_ms_and_never_earlier() {
    let mut player = player(Sound::Ringback);
    for n in 0..1_000 {
        assert_eq!(player.next_timeout(), ms(n * 20));
        if n > 0 {
            assert_eq!(sent(&mut player, Mono(n * 20_000_000 - 1)), None);
        }
        // A shell that is always late by some milliseconds does not shift the deadlines.
        assert!(sent(&mut player, ms(n * 20 + n % 19)).is_some());
        assert_eq!(sent(&mut player, ms(n * 20 + 19)), None);
    }
}

#[test]
fn a_short_stall_is_caught_up_and_a_long_one_skipped() {
    let mut player = player(Sound::Music(Music::Tune));
    sent(&mut player, ms(0));
    let mut caught_up = Vec::new();
    while let Some((marker, _, sequence, timestamp, _)) = sent(&mut player, ms(80)) {
        caught_up.push((marker, sequence, timestamp));
    }
    assert_eq!(
        caught_up,
        [
            (false, 65_535, 0),
            (false, 0, 160),
            (false, 1, 320),
            (false, 2, 480)
        ]
    );

    assert_eq!(player.next_timeout(), ms(100));
    let after = sent(&mut player, ms(1_105)).unwrap();
    let skipped = 50 * 160;
    assert_eq!((after.0, after.2, after.3), (true, 3, 640 + skipped));
    assert_eq!(sent(&mut player, ms(1_105)), None, "no burst");
    assert_eq!(player.next_timeout(), ms(1_120));
    let next = sent(&mut player, ms(1_120)).unwrap();
    assert_eq!((next.0, next.2, next.3), (false, 4, 800 + skipped));
}

#[test]
fn what_nobody_hears_takes_its_time_and_no_sequence_number() {
    let mut player = player(Sound::Ringback);
    sent(&mut player, ms(0));
    player.handle_timeout_unheard(ms(19));
    assert_eq!(player.next_timeout(), ms(20));
    for n in 1..=100 {
        player.handle_timeout_unheard(ms(n * 20));
        assert_eq!(player.next_timeout(), ms(n * 20 + 20));
    }
    let (marker, _, sequence, timestamp, _) = sent(&mut player, ms(2_020)).unwrap();
    assert_eq!((marker, sequence, timestamp), (true, 65_535, 100 * 160));
}

#[test]
fn another_sound_and_format_stay_in_the_stream() {
    let mut player = player(Sound::Ringback);
    sent(&mut player, ms(0));
    let dynamic = Format {
        payload_type: 100,
        codec: Codec::Pcmu,
    };
    player.replace(Sound::Music(Music::Tune), dynamic).unwrap();
    assert_eq!(player.next_timeout(), ms(20));
    assert_eq!(
        sent(&mut player, ms(20)),
        Some((false, 100, 65_535, 0, 0x0102_0304))
    );
}

#[test]
fn rfc5761_4_payload_types_that_look_like_rtcp_are_refused() {
    let format = |payload_type| Format {
        payload_type,
        codec: Codec::Pcmu,
    };
    for payload_type in [64, 72, 95, 128, 255] {
        let refused = UnusablePayloadType(payload_type);
        let new = Player::new(
            ms(0),
            Sound::Music(Music::Tune),
            format(payload_type),
            ENTROPY,
        );
        assert_eq!(new.unwrap_err(), refused);
        let mut player = player(Sound::Music(Music::Tune));
        assert_eq!(
            player.replace(Sound::Ringback, format(payload_type)),
            Err(refused)
        );
        assert_eq!(
            sent(&mut player, ms(0)).unwrap().1,
            8,
            "it plays on as before"
        );
    }
    for payload_type in [0, 8, 63, 96, 127] {
        assert!(
            Player::new(
                ms(0),
                Sound::Music(Music::Tune),
                format(payload_type),
                ENTROPY
            )
            .is_ok()
        );
    }
}

#[test]
fn the_end_of_time_does_not_panic() {
    let mut player = player(Sound::Position(3, Music::Tune));
    assert!(sent(&mut player, Mono(u64::MAX)).is_some());
    player.handle_timeout_unheard(Mono(u64::MAX));
}

/// What a phone hears in so many packets, by the decoder of its codec.
fn decoded(codec: Codec, sound: Sound, packets: u64) -> Vec<i16> {
    let format = Format {
        payload_type: 96,
        codec,
    };
    let mut player = Player::new(ms(0), sound, format, ENTROPY).unwrap();
    let mut decoder = Decoder::new(codec);
    let mut heard = Vec::new();
    for n in 0..packets {
        let mut packet = [0; PLAYED_OCTETS];
        let length = player.handle_timeout(ms(n * 20), &mut packet).unwrap();
        let mut samples = [0; 320];
        let count = decoder.decode(&packet[HEADER_OCTETS..length], &mut samples);
        heard.extend_from_slice(&samples[..count]);
    }
    heard
}

#[test]
fn a_recording_is_heard_in_each_codec_at_its_own_rate() {
    let sine = |rate: u32| -> Vec<i16> {
        (0..rate)
            .map(|n| {
                let turn = f64::from(n) * 1_000.0 / f64::from(rate);
                #[expect(clippy::cast_possible_truncation, reason = "half of the scale")]
                let sample = (16_000.0 * (turn * std::f64::consts::TAU).sin()) as i16;
                sample
            })
            .collect()
    };
    let clip = Clip::new("1 kHz".to_owned(), sine(8_000), sine(16_000)).unwrap();
    let clip = std::sync::Arc::new(clip);
    let clip = || Sound::Once(clip.clone().into(), Cue(1));
    for (codec, rate) in [
        (Codec::Pcma, 8_000),
        (Codec::Pcmu, 8_000),
        (Codec::G722, 16_000),
        #[cfg(feature = "opus")]
        (Codec::Opus, 16_000),
    ] {
        let heard = decoded(codec, clip(), 50);
        assert_eq!(heard.len(), rate as usize, "one second");
        // The second half; G.722 and Opus are late by some samples.
        let (mut best, wanted) = (f64::MAX, sine(rate));
        for late in 0..=40 {
            let error: f64 = heard[rate as usize / 2..]
                .iter()
                .zip(&wanted[rate as usize / 2 - late..])
                .map(|(heard, wanted)| (f64::from(*heard) - f64::from(*wanted)).powi(2))
                .sum();
            best = best.min(error);
        }
        let level = (best / f64::from(rate / 2)).sqrt();
        assert!(level < 400.0, "{codec:?}: an error of {level} in 16,000");
    }
}

#[cfg(feature = "opus")]
#[test]
fn rfc7587_4_1_opus_counts_960_units_a_packet_and_is_a_source_of_its_own() {
    let opus = Format {
        payload_type: 96,
        codec: Codec::Opus,
    };
    let mut player = player(Sound::Ringback);
    let (_, _, sequence, timestamp, ssrc) = sent(&mut player, ms(0)).unwrap();
    assert_eq!(player.clock_rate(), 8_000);
    player.replace(Sound::Ringback, opus).unwrap();
    assert_eq!(player.clock_rate(), 48_000);
    let other = ssrc.wrapping_add(1);
    for (n, units) in [(1, 160), (2, 1_120)] {
        let numbers = (
            false,
            96,
            sequence.wrapping_add(n),
            timestamp.wrapping_add(units),
            other,
        );
        assert_eq!(
            sent(&mut player, ms(u64::from(n) * 20)),
            Some(numbers),
            "RFC 7160: another clock, another source"
        );
    }
}

#[test]
fn the_end_of_what_is_heard_once_is_told_with_its_last_packet() {
    let mut player = player(Sound::Beep(Cue(3)));
    for n in 0..25 {
        assert_eq!(player.poll_played(), None);
        assert!(sent(&mut player, ms(n * 20)).is_some());
    }
    assert_eq!(player.poll_played(), Some(Cue(3)));
    assert_eq!(player.poll_played(), None);
    player.replace(Sound::Beep(Cue(4)), PCMA).unwrap();
    player.handle_timeout_unheard(ms(10_000));
    assert_eq!(player.poll_played(), Some(Cue(4)), "heard or not");
    player.replace(Sound::Beep(Cue(5)), PCMA).unwrap();
    player.handle_timeout_unheard(ms(20_000));
    player.replace(Sound::Ringback, PCMA).unwrap();
    assert_eq!(player.poll_played(), None, "it was replaced");
}
