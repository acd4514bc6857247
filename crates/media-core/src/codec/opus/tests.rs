use super::*;
use crate::random::Random;
use crate::tone::tests::dbm0;

/// What libopus 1.3.1 makes of a tone: each kind of packet that phones send.
const LIBOPUS: &str = include_str!("libopus.txt");

/// A sine of 8,000, in dBm0.
const LEVEL: f64 = -9.1;

/// The streams in `LIBOPUS`.
fn streams() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let lines = LIBOPUS.lines().filter(|line| !line.starts_with('#'));
    let octets = |packet: &str| -> Vec<u8> {
        let digits = packet.as_bytes().chunks(2);
        digits
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    };
    lines
        .map(|line| {
            let mut words = line.split(' ');
            (words.next().unwrap(), words.map(octets).collect())
        })
        .collect()
}

fn decoded(decoder: &mut OpusDecoder, packet: &[u8]) -> Vec<f64> {
    let mut samples = [0; MOST_SAMPLES];
    let count = decoder.decode(packet, &mut samples);
    samples[..count].iter().map(|one| f64::from(*one)).collect()
}

/// In dBm0, of 16,000 samples a second; `dbm0` counts by 8,000.
fn level(samples: &[f64], hertz: f64) -> f64 {
    dbm0(samples, hertz / 2.0)
}

fn sine(hertz: f64, samples: u32) -> Vec<i16> {
    (0..samples)
        .map(|n| {
            let turn = f64::from(n) * hertz / 16_000.0;
            #[expect(clippy::cast_possible_truncation, reason = "8,000 at most")]
            let sample = ((turn * std::f64::consts::TAU).sin() * 8_000.0) as i16;
            sample
        })
        .collect()
}

#[test]
fn what_libopus_encodes_has_its_length_its_tone_and_its_level() {
    let streams = streams();
    assert_eq!(streams.len(), 9);
    for (name, packets) in streams {
        let mut decoder = OpusDecoder::default();
        let heard: Vec<f64> = packets
            .iter()
            .flat_map(|packet| decoded(&mut decoder, packet))
            .collect();
        let silence = if name.ends_with("dtx") { 12_800 } else { 0 };
        assert_eq!(heard.len(), 7_680 + silence, "{name}");
        let tone = level(&heard[3_200..6_400], 440.0);
        assert!((tone - LEVEL).abs() < 1.0, "{name}: {tone} dBm0");
        for other in [220.0, 880.0, 1_000.0] {
            let other = level(&heard[3_200..6_400], other);
            assert!(other < -35.0, "{name}: {other} dBm0 beside it");
        }
        if silence > 0 {
            assert!(packets.iter().filter(|packet| packet.len() == 1).count() > 20);
            let pause = level(&heard[12_800..], 440.0);
            assert!(pause < -40.0, "{pause} dBm0 in the pause");
        }
    }
}

#[test]
fn what_is_encoded_keeps_tones_in_120_octets_a_packet() {
    for hertz in [300.0, 440.0, 1_000.0, 3_400.0, 6_500.0] {
        let (mut encoder, mut decoder) = (OpusEncoder::default(), OpusDecoder::default());
        let mut heard = Vec::new();
        for frame in sine(hertz, 16_000).chunks(FRAME_SAMPLES) {
            let mut payload = [0; 160];
            let octets = encoder.encode(frame, &mut payload);
            assert_eq!(octets, 120);
            // Wideband CELT of 20 ms, mono, one frame (RFC 6716 section 3.1).
            assert_eq!(payload[0], 23 << 3);
            heard.extend(decoded(&mut decoder, &payload[..octets]));
        }
        assert_eq!(heard.len(), 16_000);
        let tone = level(&heard[4_000..], hertz);
        assert!((tone - LEVEL).abs() < 0.5, "{hertz} Hz: {tone} dBm0");
        let other = level(&heard[4_000..], hertz * 1.5);
        assert!(other < -40.0, "{hertz} Hz: {other} dBm0 beside it");
    }
}

#[test]
fn what_is_no_frame_or_finds_no_room_is_left_out() {
    let mut encoder = OpusEncoder::default();
    let mut payload = [0; 160];
    for (samples, octets) in [(0, 0), (1, 0), (319, 0), (320, 120), (639, 120)] {
        let samples = &[0; 640][..samples];
        assert_eq!(encoder.encode(samples, &mut payload), octets);
    }
    assert_eq!(encoder.encode(&[0; 320], &mut []), 0);

    let (_, packets) = &streams()[0];
    let mut decoder = OpusDecoder::default();
    assert_eq!(decoder.decode(&[], &mut [0; MOST_SAMPLES]), 0);
    assert_eq!(decoder.decode(&packets[0], &mut [0; 100]), 100);
    // Three frames of 60 ms are longer than a packet may be.
    assert_eq!(
        decoder.decode(&[0x5b, 3, 0, 0, 0], &mut [0; MOST_SAMPLES]),
        0
    );
}

#[test]
fn octets_of_a_stranger_never_panic() {
    let whole: Vec<Vec<u8>> = streams()
        .into_iter()
        .flat_map(|(_, packets)| packets)
        .collect();
    let mut random = Random(6_716);
    let (mut decoder, mut sounding) = (OpusDecoder::default(), 0);
    for _ in 0..10_000 {
        let mut packet = whole[random.below(whole.len())].clone();
        match random.below(5) {
            0 => packet.truncate(random.below(packet.len() + 1)),
            1 => packet[0] = random.octet(),
            2 => packet = (0..random.below(300)).map(|_| random.octet()).collect(),
            3 => packet.extend_from_slice(&whole[random.below(whole.len())]),
            _ => {}
        }
        if let Some(at) = packet
            .len()
            .checked_sub(1)
            .map(|last| random.below(last + 1))
        {
            packet[at] ^= 1 << random.below(8);
        }
        let mut samples = [0.0; MOST_SAMPLES];
        // Not by our own `decode`, which would hide it.
        let inner = decoder.decoder.as_mut().unwrap();
        let decoded = inner.decode(&packet, MOST_SAMPLES, &mut samples);
        sounding += u32::from(decoded.is_ok_and(|count| count > 0));
        assert!(samples.iter().all(|sample| sample.is_finite()));
    }
    assert!(sounding > 5_000, "{sounding} were decoded");
}

#[test]
fn a_panic_in_the_decoder_costs_its_packet_only() {
    assert_eq!(guarded(|| 7), Ok(7));
    assert_eq!(
        guarded(|| panic!("as if by hostile octets")),
        Err::<(), _>(Panicked)
    );
}
