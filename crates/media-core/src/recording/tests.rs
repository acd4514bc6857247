use std::time::Duration;

use offhook_base::Mono;

use super::*;
use crate::codec::{Codec, Encoder};
use crate::command::Law;

/// One side that speaks: a value of its own in each sample, so that every place shows.
struct Phone {
    channel: u8,
    ssrc: u32,
    timestamp: u32,
}

const START: Mono = Mono(7_000_000_000);

fn at(milliseconds: u64) -> Mono {
    START + Duration::from_millis(milliseconds)
}

impl Phone {
    fn send(&mut self, tape: &mut Tape, arrives: u64, sample: i16) {
        self.packet(tape, arrives, self.timestamp, sample);
        self.timestamp = self.timestamp.wrapping_add(160);
    }

    fn packet(&self, tape: &mut Tape, arrives: u64, timestamp: u32, sample: i16) {
        tape.handle_packet(&TapedPacket {
            at: at(arrives),
            channel: self.channel,
            codec: Codec::Pcma,
            clock: 8_000,
            timestamp,
            ssrc: self.ssrc,
            payload: &[Law::A.encode(sample); 160],
        });
    }
}

fn phone(channel: u8) -> Phone {
    Phone {
        channel,
        ssrc: 5 + u32::from(channel),
        timestamp: u32::MAX - 200,
    }
}

/// What was recorded up to this millisecond, one channel of it, in steps of a millisecond (true: somebody speaks).
fn heard(tape: &mut Tape, upto: u64, channel: usize) -> Vec<bool> {
    let samples = all(tape, upto);
    let width = usize::from(tape.format().channels);
    let step = usize::try_from(tape.format().sample_rate / 1_000).unwrap();
    samples
        .chunks(width * step)
        .map(|chunk| chunk[channel].unsigned_abs() > 100)
        .collect()
}

fn all(tape: &mut Tape, upto: u64) -> Vec<i16> {
    let mut samples = Vec::new();
    while let Some(block) = tape.poll_block(at(upto)) {
        samples.extend_from_slice(block);
    }
    samples
}

/// Where it is heard: first and last millisecond of each piece.
fn pieces(heard: &[bool]) -> Vec<(usize, usize)> {
    let mut pieces: Vec<(usize, usize)> = Vec::new();
    for (index, _) in heard.iter().enumerate().filter(|(_, on)| **on) {
        match pieces.last_mut() {
            Some((_, last)) if *last + 1 == index => *last = index,
            _ => pieces.push((index, index)),
        }
    }
    pieces
}

#[test]
fn both_sides_lie_at_the_time_of_their_arrival_and_gaps_are_silence() {
    let mut tape = Tape::new(START, true);
    let (mut left, mut right) = (phone(0), phone(1));
    for n in 0..10 {
        left.send(&mut tape, 100 + n * 20, 4_000);
    }
    for n in 0..5 {
        right.send(&mut tape, 500 + n * 20, 4_000);
    }
    let samples = all(&mut tape, 2_500);
    assert_eq!(
        samples.len(),
        2 * 2_500 * 8,
        "its length is that of the time"
    );
    let side =
        |channel: usize| -> Vec<bool> { samples.chunks(16).map(|ms| ms[channel] > 100).collect() };
    assert_eq!(pieces(&side(0)), [(100, 299)]);
    assert_eq!(pieces(&side(1)), [(500, 599)]);
}

#[test]
fn jitter_does_not_move_the_sound() {
    let mut tape = Tape::new(START, false);
    let mut phone = phone(0);
    // Each third packet is 25 ms late, two come in the wrong order, one comes twice.
    for n in 0..50 {
        let late = if n % 3 == 2 { 25 } else { 0 };
        phone.send(&mut tape, 40 + n * 20 + late, 4_000);
        if n == 20 {
            let again = phone.timestamp.wrapping_sub(160);
            phone.packet(&mut tape, 41 + n * 20, again, -4_000);
        }
    }
    let samples = all(&mut tape, 1_500);
    let heard: Vec<bool> = samples.chunks(8).map(|ms| ms[0] > 100).collect();
    assert_eq!(pieces(&heard), [(40, 1_039)]);
    let again = samples.iter().filter(|sample| **sample < 0).count();
    assert_eq!(again, 0, "what came twice is heard as it came first");
}

#[test]
fn a_late_packet_finds_its_place_as_long_as_that_is_open() {
    let mut tape = Tape::new(START, false);
    let mut phone = phone(0);
    let first = phone.timestamp;
    phone.send(&mut tape, 0, 4_000);
    phone.timestamp = phone.timestamp.wrapping_add(160);
    for n in 2..20 {
        phone.send(&mut tape, n * 20, 4_000);
    }
    assert_eq!(all(&mut tape, 10).len(), 80);
    phone.packet(&mut tape, 400, first.wrapping_add(160), 4_000);
    assert_eq!(pieces(&heard(&mut tape, 1_000, 0)), [(0, 389)]);
    // A packet of which only the end is still open.
    let mut tape = Tape::new(START, false);
    phone.send(&mut tape, 0, 4_000);
    assert_eq!(all(&mut tape, 50).len(), 400);
    let half = phone.timestamp.wrapping_add(160);
    phone.packet(&mut tape, 60, half, 4_000);
    let samples = all(&mut tape, 100);
    let loud = samples.iter().filter(|sample| **sample > 100).count();
    assert_eq!(loud, 80, "10 of its 20 ms");
}

#[test]
fn a_sender_that_counts_anew_is_placed_by_its_arrival() {
    let mut tape = Tape::new(START, false);
    let mut phone = phone(0);
    phone.send(&mut tape, 0, 4_000);
    // Another source; then the same one, after a hold in which its clock stood still; then one whose clock has jumped.
    phone.ssrc = 99;
    phone.timestamp = 12;
    phone.send(&mut tape, 1_000, 4_000);
    phone.send(&mut tape, 3_000, 4_000);
    phone.timestamp = phone.timestamp.wrapping_add(900_000);
    phone.send(&mut tape, 4_000, 4_000);
    let heard = heard(&mut tape, 5_000, 0);
    assert_eq!(
        pieces(&heard),
        [(0, 19), (1_000, 1_019), (3_000, 3_019), (4_000, 4_019)]
    );
}

#[test]
fn a_first_packet_that_came_late_does_not_delay_the_rest() {
    let mut tape = Tape::new(START, false);
    let mut phone = phone(0);
    // The first packets were held up and come together with the tenth.
    for _ in 0..10 {
        phone.send(&mut tape, 200, 4_000);
    }
    for n in 1..50 {
        phone.send(&mut tape, 200 + n * 20, 4_000);
    }
    let pieces = pieces(&heard(&mut tape, 2_000, 0));
    let (_, last) = pieces[pieces.len() - 1];
    assert!((1_199..=1_240).contains(&last), "{pieces:?}");
}

#[test]
fn packets_that_a_stall_held_up_lie_one_behind_the_other_and_not_one_on_the_other() {
    // The first ten come together, and so do those of the 600 ms from the 30th on.
    let mut tape = Tape::new(START, false);
    let mut phone = phone(0);
    // Each has a word of A-law for its own.
    let sample_of = |n: u64| Law::A.decode(0x55 ^ 0x80 ^ u8::try_from(16 + n).unwrap());
    for n in 0..70 {
        let arrives = match n {
            0..10 => 9 * 20,
            30..60 => 59 * 20,
            _ => n * 20,
        };
        phone.send(&mut tape, arrives + 200, sample_of(n));
        // What is half a second old is given out as the recording goes on.
        if n == 29 {
            let given = middles(&all(&mut tape, 280));
            let expected: Vec<i16> = (0..3).map(sample_of).collect();
            assert_eq!(given[11..], expected);
        }
    }
    let mut heard = middles(&all(&mut tape, 1_800));
    heard.retain(|sample| *sample != 0);
    let expected: Vec<i16> = (3..70).map(sample_of).collect();
    assert_eq!(heard, expected);

    /// The sample in the middle of each 20 ms.
    fn middles(samples: &[i16]) -> Vec<i16> {
        let packets = samples.chunks_exact(160);
        packets.map(|packet| packet[80]).collect()
    }
}

#[test]
fn a_clock_that_runs_slow_is_kept_with_the_clock_of_arrival() {
    let mut tape = Tape::new(START, true);
    let (mut left, mut right) = (phone(0), phone(1));
    // A clock that is slow by a thousandth: after 100 s it is 100 ms behind.
    let mut last = [0, 0];
    for n in 0..5_000_u64 {
        left.send(&mut tape, n * 20, 4_000);
        right.send(&mut tape, n * 20 + n / 50, 4_000);
        if n % 50 == 49 {
            let now = if n == 4_999 {
                101_000
            } else {
                (n * 20).saturating_sub(500)
            };
            let mut begins = tape.frames() / 8;
            while let Some(block) = tape.poll_block(at(now)) {
                for (frame, both) in block.chunks(2).enumerate() {
                    for (side, last) in last.iter_mut().enumerate() {
                        if both[side] > 100 {
                            *last = begins + u64::try_from(frame).unwrap() / 8;
                        }
                    }
                }
                begins = tape.frames() / 8;
            }
        }
    }
    // The last packets arrived at 99,980 ms and at 100,079 ms; by its timestamps the right one would lie 99 ms earlier.
    let [left, right] = last;
    assert!(left.abs_diff(99_999) <= 1, "{left}");
    assert!(right.abs_diff(100_098) <= 40, "{right}");
}

#[test]
fn a_recording_in_which_nobody_speaks_has_its_length_all_the_same() {
    let mut tape = Tape::new(START, true);
    assert!(all(&mut tape, 3_600_000).iter().all(|sample| *sample == 0));
    assert_eq!(tape.frames(), 3_600 * 8_000);
}

#[test]
fn a_flood_of_packets_is_bounded_and_counted() {
    let mut tape = Tape::new(START, true);
    let phone = phone(1);
    for n in 0..4_000 {
        phone.packet(&mut tape, u64::from(n) / 16, n, 4_000);
    }
    assert!(tape.dropped() > 1_000);
    let stray = Phone {
        channel: 2,
        ..phone
    };
    let before = tape.dropped();
    stray.packet(&mut tape, 10, 0, 4_000);
    assert_eq!(tape.dropped(), before + 1, "there is no third channel");
}

#[test]
fn the_first_voice_decides_the_rate_and_the_silence_before_it_is_counted_anew() {
    let mut tape = Tape::new(START, true);
    assert_eq!(all(&mut tape, 1_000).len(), 16_000);
    let mut encoder = Encoder::new(Codec::G722);
    let mut right = phone(1);
    for n in 0..50 {
        let mut payload = [0; 160];
        let wave = [[9_000_i16; 4], [-9_000; 4]].concat().repeat(40);
        assert_eq!(encoder.encode(&wave, &mut payload), 160);
        tape.handle_packet(&TapedPacket {
            at: at(1_500 + u64::from(n) * 20),
            channel: 0,
            codec: Codec::G722,
            clock: 8_000,
            timestamp: n * 160,
            ssrc: 1,
            payload: &payload,
        });
        right.send(&mut tape, 1_500 + u64::from(n) * 20, 4_000);
    }
    let format = tape.format();
    assert_eq!((format.channels, format.sample_rate), (2, 16_000));
    assert_eq!(tape.frames(), 16_000, "the same second");
    let samples = all(&mut tape, 3_000);
    assert_eq!(samples.len(), 2 * 2_000 * 16);
    let side = |channel: usize| -> Vec<bool> {
        let loud = |ms: &[i16]| {
            ms.iter()
                .skip(channel)
                .step_by(2)
                .any(|one| one.abs() > 200)
        };
        samples.chunks(32).map(loud).collect()
    };
    // A millisecond of the codec's own delay apart.
    let [(begin, end)] = pieces(&side(0))[..] else {
        panic!("one piece on the left");
    };
    assert!(
        (500..=503).contains(&begin) && (1_497..=1_501).contains(&end),
        "{begin} {end}"
    );
    assert_eq!(
        pieces(&side(1)),
        [(500, 1_499)],
        "the narrow side is brought to that rate"
    );
}

#[test]
fn a_change_of_codec_in_mid_call_keeps_the_rate() {
    let mut tape = Tape::new(START, false);
    let mut phone = phone(0);
    phone.send(&mut tape, 0, 4_000);
    tape.handle_packet(&TapedPacket {
        at: at(20),
        channel: 0,
        codec: Codec::G722,
        clock: 8_000,
        timestamp: phone.timestamp,
        ssrc: phone.ssrc,
        payload: &[0x55; 160],
    });
    phone.timestamp = phone.timestamp.wrapping_add(160);
    phone.send(&mut tape, 40, 4_000);
    assert_eq!(tape.format().sample_rate, 8_000);
    let samples = all(&mut tape, 100);
    assert!(samples[320..480].iter().all(|sample| *sample > 3_000));
    assert_eq!(samples.len(), 800);
}

#[cfg(feature = "opus")]
#[test]
fn opus_is_recorded_at_16_khz_and_what_is_lost_of_it_is_silence() {
    let mut tape = Tape::new(START, true);
    let mut encoder = Encoder::new(Codec::Opus);
    for n in 0..50_u32 {
        let mut payload = [0; 160];
        let wave: Vec<i16> = [[9_000; 8], [-9_000; 8]].concat().repeat(20);
        let octets = encoder.encode(&wave, &mut payload);
        if (20..25).contains(&n) {
            continue;
        }
        tape.handle_packet(&TapedPacket {
            at: at(u64::from(n) * 20),
            channel: 1,
            codec: Codec::Opus,
            clock: 48_000,
            timestamp: n.wrapping_mul(960).wrapping_sub(4_800),
            ssrc: 1,
            payload: &payload[..octets],
        });
    }
    assert_eq!(tape.format().sample_rate, 16_000);
    let samples = all(&mut tape, 1_000);
    assert_eq!(samples.len(), 2 * 16_000);
    let side = |channel: usize| -> Vec<bool> {
        let loud = |ms: &[i16]| {
            let side = ms.iter().skip(channel).step_by(2);
            side.map(|one| one.abs()).max() > Some(2_000)
        };
        samples.chunks(32).map(loud).collect()
    };
    assert_eq!(pieces(&side(0)), []);
    let heard = pieces(&side(1));
    let [(begin, lost), (found, end)] = heard[..] else {
        panic!("two pieces: {heard:?}");
    };
    assert!(begin < 8 && (397..403).contains(&lost), "{heard:?}");
    assert!((500..510).contains(&found) && end > 996, "{heard:?}");
}
