use super::*;
use crate::random::Random;
use crate::tone::tests::dbm0;

/// What libspandsp 0.0.6 gives for the same input (`g722_encode` and `g722_decode`, 64 kbit/s, as FNV-1a). Louder input
/// would not do: its output wraps where ours is clipped.
const SPANDSP_ENCODED: u64 = 0x7309_6732_6b2d_a2c0;
const SPANDSP_DECODED: u64 = 0x9565_38b6_388e_3fea;

#[test]
fn g722_is_bit_exact_with_another_implementation() {
    let samples = loud_and_quiet();
    let mut payload = [0; 16_000];
    assert_eq!(
        Encoder::new(Codec::G722).encode(&samples, &mut payload),
        16_000
    );
    assert_eq!(payload[..6], [122, 222, 52, 158, 37, 132]);
    assert_eq!(fnv(&payload), SPANDSP_ENCODED);

    let mut decoded = [0; 32_000];
    assert_eq!(
        Decoder::new(Codec::G722).decode(&payload, &mut decoded),
        32_000
    );
    assert_eq!(fnv(&octets(&decoded)), SPANDSP_DECODED);
}

#[test]
fn g722_decodes_whatever_comes_without_overflow() {
    let mut random = Random(7);
    let mut decoded = [0; 32_000];
    let payload: Vec<u8> = (0..16_000).map(|_| random.octet()).collect();
    Decoder::new(Codec::G722).decode(&payload, &mut decoded);
    let clipped = decoded
        .iter()
        .filter(|sample| sample.unsigned_abs() >= 32_767);
    assert!(clipped.count() > 100, "loud enough to be clipped");

    let mut decoder = Decoder::new(Codec::G722);
    let mut encoder = Encoder::new(Codec::G722);
    for _ in 0..500 {
        // Runs of the same octet and of the extremes drive scales and predictors to their ends.
        let octet = random.octet();
        decoder.decode(&[octet; 100], &mut decoded[..200]);
        let samples =
            [[i16::MIN, i16::MAX], [i16::MAX; 2], [i16::MIN; 2], [0, -1]][random.below(4)];
        encoder.encode(&samples.repeat(50), &mut [0; 50]);
    }
}

#[test]
fn g722_is_the_same_in_packets_of_any_length() {
    let samples = loud_and_quiet();
    let mut whole = [0; 16_000];
    Encoder::new(Codec::G722).encode(&samples, &mut whole);
    let mut random = Random(3);
    let (mut encoder, mut pieces, mut rest) = (Encoder::new(Codec::G722), Vec::new(), &samples[..]);
    while !rest.is_empty() {
        let (piece, after) = rest.split_at((2 * random.below(300)).min(rest.len()));
        let mut payload = [0; 320];
        let count = encoder.encode(piece, &mut payload);
        pieces.extend_from_slice(&payload[..count]);
        rest = after;
    }
    assert_eq!(pieces, whole);
}

#[test]
fn a_tone_survives_every_codec() {
    for codec in [Codec::G722, Codec::Pcma, Codec::Pcmu] {
        let rate = f64::from(codec.sample_rate());
        let samples: Vec<i16> = (0..codec.sample_rate())
            .map(|n| {
                let turn = f64::from(n) * 1_000.0 / rate;
                #[expect(clippy::cast_possible_truncation, reason = "a tone of -10 dBm0")]
                {
                    ((turn * std::f64::consts::TAU).sin() * 7_218.0) as i16
                }
            })
            .collect();
        let mut payload = vec![0; 8_000];
        assert_eq!(Encoder::new(codec).encode(&samples, &mut payload), 8_000);
        let mut decoded = vec![0; samples.len()];
        assert_eq!(
            Decoder::new(codec).decode(&payload, &mut decoded),
            samples.len()
        );
        let heard: Vec<f64> = decoded.iter().copied().map(f64::from).collect();
        // `dbm0` counts by 8,000 samples a second.
        let scale = 8_000.0 / rate;
        assert!(
            (dbm0(&heard, 1_000.0 * scale) + 10.0).abs() < 0.2,
            "{codec:?}"
        );
        for other in [300.0, 900.0, 1_100.0, 3_000.0] {
            assert!(dbm0(&heard, other * scale) < -45.0, "{codec:?} {other}");
        }
    }
}

#[test]
fn what_finds_no_room_is_left_out() {
    for (codec, samples_an_octet) in [(Codec::G722, 2), (Codec::Pcma, 1), (Codec::Pcmu, 1)] {
        let mut samples = [0; 160];
        let room = 21 * samples_an_octet;
        let payload = [0x55; 40];
        let decoded = Decoder::new(codec).decode(&payload, &mut samples[..room]);
        assert_eq!(decoded, room);
        assert_eq!(Decoder::new(codec).decode(&payload, &mut []), 0);
        assert_eq!(Decoder::new(codec).decode(&[], &mut samples), 0);
        let mut octets = [0; 7];
        assert_eq!(Encoder::new(codec).encode(&samples, &mut octets), 7);
        assert_eq!(Encoder::new(codec).encode(&[], &mut octets), 0);
    }
    let mut samples = [0; 3];
    assert_eq!(Decoder::new(Codec::G722).decode(&[1, 2], &mut samples), 2);
    assert_eq!(Encoder::new(Codec::G722).encode(&[1, 2, 3], &mut [0; 9]), 1);
}

#[test]
fn rfc3551_6_names_and_static_payload_types() {
    for (name, payload_type, codec) in [
        ("PCMU", 0, Codec::Pcmu),
        ("pcma", 8, Codec::Pcma),
        ("G722", 9, Codec::G722),
    ] {
        assert_eq!(Codec::from_rtpmap(name, 8_000, 1), Some(codec));
        assert_eq!(Codec::from_rtpmap(name, 16_000, 1), None);
        assert_eq!(Codec::from_rtpmap(name, 8_000, 2), None);
        assert_eq!(Codec::from_payload_type(payload_type), Some(codec));
        assert_eq!(Codec::from_number(codec.number()), Some(codec));
        assert_eq!(codec.clock_rate(), 8_000, "rfc3551 4.5.2");
    }
    assert_eq!(Codec::from_rtpmap("G7221", 8_000, 1), None);
    assert_eq!(Codec::from_payload_type(18), None);
}

#[cfg(feature = "opus")]
#[test]
fn rfc7587_7_opus_says_48_000_and_two_channels_whatever_it_has() {
    assert_eq!(Codec::from_rtpmap("OPUS", 48_000, 2), Some(Codec::Opus));
    assert_eq!(Codec::from_rtpmap("opus", 48_000, 1), None);
    assert_eq!(Codec::from_rtpmap("opus", 16_000, 2), None);
    assert_eq!(Codec::Opus.clock_rate(), 48_000);
    assert_eq!(Codec::from_number(Codec::Opus.number()), Some(Codec::Opus));
    assert_eq!(Codec::from_payload_type(Codec::Opus.number()), None);
}

/// Two seconds of sawtooth and noise that grow by 6 dB every quarter of a second, and again. The oracle was fed the same.
fn loud_and_quiet() -> Vec<i16> {
    let mut random = Random(722);
    (0..32_000_i32)
        .map(|n| {
            let noise = i32::try_from(random.next() >> 48).unwrap() - 32_768;
            let volume = (n / 4_000) % 7;
            let saw = (n * (300 + n / 100)) % 32_768 - 16_384;
            let sample = (noise >> (8 - volume)) + (saw >> (7 - volume));
            i16::try_from(sample.clamp(-32_768, 32_767)).unwrap()
        })
        .collect()
}

fn octets(samples: &[i16]) -> Vec<u8> {
    samples
        .iter()
        .flat_map(|sample| sample.to_le_bytes())
        .collect()
}

fn fnv(octets: &[u8]) -> u64 {
    octets.iter().fold(0xcbf2_9ce4_8422_2325, |hash, octet| {
        (hash ^ u64::from(*octet)).wrapping_mul(0x100_0000_01b3)
    })
}
