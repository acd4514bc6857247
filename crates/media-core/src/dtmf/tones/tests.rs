use std::f32::consts::TAU;

use super::*;
use crate::codec::{Codec, Decoder, Encoder};
use crate::random::Random;

#[test]
fn every_key_is_heard_once_at_both_rates() {
    for rate in RATES {
        for digit in Digit::ALL {
            let mut sound = Sound::new(rate);
            sound.silence(100);
            sound.press(digit, &Press::default());
            sound.silence(100);
            assert_eq!(sound.heard(), [digit], "{rate}");
        }
    }
    assert!(ToneDetector::new(48_000).is_none());
}

#[test]
fn a_key_begins_and_ends_with_its_duration() {
    for rate in RATES {
        for millis in [40, 55, 100, 1_000, 5_000] {
            let mut sound = Sound::new(rate);
            sound.silence(33);
            sound.press(
                DIGIT,
                &Press {
                    millis,
                    ..Press::default()
                },
            );
            sound.silence(100);
            let tones = sound.tones();
            let [Tone::Began { .. }, Tone::Ended { digit, duration }] = tones[..] else {
                panic!("{tones:?}");
            };
            assert_eq!(digit, DIGIT);
            let off = i128::from(millis) - i128::try_from(duration.as_millis()).unwrap();
            assert!(off.abs() <= 12, "{millis} as {duration:?}");
        }
    }
}

#[test]
fn q24_frequencies_off_by_1_5_percent_are_accepted_and_by_3_percent_rejected() {
    for rate in RATES {
        for digit in Digit::ALL {
            for sign in [1.0, -1.0] {
                let heard = |off| {
                    let mut sound = Sound::new(rate);
                    sound.silence(50);
                    sound.press(
                        digit,
                        &Press {
                            off,
                            millis: 200,
                            ..Press::default()
                        },
                    );
                    sound.silence(50);
                    sound.heard()
                };
                assert_eq!(heard([0.015 * sign, 0.0]), [digit]);
                assert_eq!(heard([0.0, 0.015 * sign]), [digit]);
                assert_eq!(heard([0.015 * sign, 0.015 * sign]), [digit]);
                assert_eq!(heard([0.03 * sign, 0.0]), []);
                assert_eq!(heard([0.0, 0.03 * sign]), []);
            }
        }
    }
}

#[test]
fn q24_twist_of_8_and_4_decibels_is_accepted_and_2_more_rejected() {
    for (twist, accepted) in [(8.0, true), (-4.0, true), (10.0, false), (-6.0, false)] {
        for digit in Digit::ALL {
            let mut sound = Sound::new(8_000);
            sound.silence(50);
            sound.press(
                digit,
                &Press {
                    twist,
                    ..Press::default()
                },
            );
            sound.silence(50);
            assert_eq!(sound.heard() == [digit], accepted, "{digit} {twist}");
        }
    }
}

#[test]
fn levels_from_0_to_35_below_0_dbm0_are_accepted_and_40_below_is_not() {
    for (level, accepted) in [(-3.0, true), (-25.0, true), (-35.0, true), (-40.0, false)] {
        for rate in RATES {
            let mut sound = Sound::new(rate);
            sound.silence(50);
            sound.press(
                DIGIT,
                &Press {
                    level,
                    ..Press::default()
                },
            );
            sound.silence(50);
            assert_eq!(sound.heard() == [DIGIT], accepted, "{level} {rate}");
        }
    }
}

#[test]
fn a_key_whose_tones_keep_their_levels_is_heard_and_two_notes_of_which_one_fades_are_not() {
    for rate in RATES {
        for (fade, heard) in [(0.0, vec![DIGIT]), (0.15, vec![])] {
            let mut sound = Sound::new(rate);
            sound.silence(50);
            sound.press(
                DIGIT,
                &Press {
                    millis: 80,
                    twist: -3.0,
                    fade,
                    ..Press::default()
                },
            );
            sound.silence(100);
            assert_eq!(sound.heard(), heard, "{fade} at {rate}");
        }
    }
}

#[test]
fn q24_tones_of_40_ms_are_heard_wherever_they_begin_and_those_of_20_ms_are_not() {
    for (millis, accepted) in [(40, 1), (20, 0)] {
        for start in 50..90 {
            let mut sound = Sound::new(8_000);
            sound.silence(start);
            sound.press(
                DIGIT,
                &Press {
                    millis,
                    ..Press::default()
                },
            );
            sound.silence(100);
            assert_eq!(sound.heard().len(), accepted, "{millis} ms at {start}");
        }
    }
}

#[test]
fn q24_a_pause_of_40_ms_parts_two_presses_and_a_drop_out_of_10_ms_does_not() {
    for (pause, presses) in [(40, 2), (10, 1)] {
        for start in 50..90 {
            let mut sound = Sound::new(8_000);
            sound.silence(start);
            sound.press(DIGIT, &Press::default());
            sound.silence(pause);
            sound.press(DIGIT, &Press::default());
            sound.silence(100);
            assert_eq!(sound.heard().len(), presses, "{pause} ms at {start}");
        }
    }
}

#[test]
fn one_tone_three_tones_and_a_dial_tone_are_no_key() {
    for tones in [
        &[770.0][..],
        &[1_336.0],
        &[770.0, 852.0],
        &[770.0, 1_000.0, 1_336.0],
        &[350.0, 440.0],
        &[425.0],
        &[697.0, 1_209.0, 1_477.0],
    ] {
        let mut sound = Sound::new(8_000);
        sound.silence(50);
        for n in 0..8_000_u16 {
            let turns = |hertz: &f32| (TAU * hertz * f32::from(n) / 8_000.0).sin();
            sound
                .samples
                .push(amplitude(-12.0) * tones.iter().map(turns).sum::<f32>());
        }
        assert_eq!(sound.heard(), [], "{tones:?}");
    }
}

#[test]
fn a_third_tone_of_a_tenth_of_the_power_is_too_much_and_noise_of_a_thirtieth_is_not() {
    let mut chord = Sound::new(8_000);
    chord.silence(50);
    for n in 0..800_u16 {
        let turns = |hertz: f32| (TAU * hertz * f32::from(n) / 8_000.0).sin();
        let third = 0.45 * turns(1_046.5);
        let sample = turns(770.0) + turns(1_336.0) + third;
        chord.samples.push(amplitude(-12.0) * sample);
    }
    chord.silence(50);
    assert_eq!(chord.heard(), []);
    for digit in Digit::ALL {
        let mut sound = Sound::new(8_000);
        sound.silence(50);
        sound.press(digit, &Press::default());
        sound.silence(50);
        // 15 dB below the two tones of -10 dBm0.
        sound.add_noise(-22.0);
        assert_eq!(sound.heard(), [digit]);
    }
}

#[test]
fn a_key_of_which_a_packet_was_lost_is_one_press_of_its_whole_duration() {
    // What is left before the second packet is too short to be a tone.
    for (lost, wanted) in [(1, 80), (2, 120), (3, 120), (4, 120)] {
        for start in 60..80 {
            let mut sound = Sound::new(8_000);
            sound.silence(start);
            let key = Press {
                millis: 120,
                ..Press::default()
            };
            sound.press(DIGIT, &key);
            sound.silence(100);
            let first = start as usize * 8 + lost * 160;
            sound.samples[first..first + 160].fill(0.0);
            let tones = sound.tones();
            let [Tone::Began { .. }, Tone::Ended { duration, .. }] = tones[..] else {
                panic!("packet {lost} from {start}: {tones:?}");
            };
            let off = duration.abs_diff(Duration::from_millis(wanted));
            assert!(
                off.as_millis() <= 15,
                "packet {lost} from {start}: {duration:?}"
            );
        }
    }
}

#[test]
fn two_notes_that_were_in_a_chord_before_are_no_key_when_the_third_falls_silent() {
    let mut sound = Sound::new(8_000);
    for n in 0..16_000_u16 {
        let turns = |hertz: f32| (TAU * hertz * f32::from(n) / 8_000.0).sin();
        let third = if n < 8_000 { turns(740.0) } else { 0.0 };
        sound
            .samples
            .push(amplitude(-15.0) * (turns(932.3) + turns(1_318.5) + third));
    }
    assert_eq!(sound.heard(), []);
}

#[test]
fn whatever_comes_in_pieces_of_any_length_is_heard_the_same() {
    let mut sound = Sound::new(8_000);
    for digit in Digit::ALL {
        sound.press(digit, &Press::default());
        sound.silence(70);
    }
    let samples = sound.rounded();
    let mut random = Random(5);
    let mut detector = ToneDetector::new(8_000).unwrap();
    let (mut rest, mut tones) = (&samples[..], Vec::new());
    while !rest.is_empty() {
        let (mut piece, after) = rest.split_at(random.below(500).min(rest.len()));
        while let Some(tone) = detector.handle_samples(&mut piece) {
            tones.push(tone);
        }
        rest = after;
    }
    assert_eq!(tones, sound.tones());
    assert_eq!(tones.len(), 32);
}

#[test]
fn noise_and_the_ends_of_the_scale_are_no_keys_and_harm_nothing() {
    let mut random = Random(9);
    let mut sound = Sound::new(16_000);
    for _ in 0..16_000 * 20 {
        let sample = i16::from_le_bytes([random.octet(), random.octet()]);
        sound.samples.push(f32::from(sample));
    }
    for n in 0..32_000_u16 {
        let extreme = if n / (1 + n / 4_000) % 2 == 0 {
            i16::MIN
        } else {
            i16::MAX
        };
        sound.samples.push(f32::from(extreme));
    }
    assert_eq!(sound.heard(), []);
}

/// Two minutes of what vowels are made of: harmonics of a pitch that glides, under formants that move.
#[test]
fn a_hundred_presses_in_two_minutes_of_voice_are_all_found_through_every_codec_and_no_others() {
    for codec in [
        Codec::Pcma,
        Codec::Pcmu,
        Codec::G722,
        #[cfg(feature = "opus")]
        Codec::Opus,
    ] {
        let mut random = Random(100);
        let mut sound = Sound::new(codec.sample_rate());
        let mut pressed = Vec::new();
        let voices: Vec<Vec<f32>> = (0..20)
            .map(|_| {
                sound.voice(600);
                std::mem::take(&mut sound.samples)
            })
            .collect();
        for _ in 0..100 {
            sound.samples.extend(&voices[random.below(20)]);
            sound.silence(40);
            let digit = Digit::ALL[random.below(16)];
            let press = Press {
                millis: 40 + u32::try_from(random.below(80)).unwrap(),
                level: -3.0 - 22.0 * random.share(),
                twist: 12.0 * random.share() - 4.0,
                off: [0.03 * random.share() - 0.015, 0.03 * random.share() - 0.015],
                fade: 0.0,
            };
            sound.press(digit, &press);
            sound.silence(40);
            sound.samples.extend(&voices[random.below(20)]);
            pressed.push(digit);
        }
        sound.add_noise(-45.0);
        sound.pass(codec);
        assert_eq!(sound.heard(), pressed, "{codec:?}");
    }
}

/// Another detector finds the same keys where both can: it needs 50 ms and more, and hears no twist as we do.
#[test]
fn the_crate_dtmf_hears_the_same() {
    let mut sound = Sound::new(8_000);
    let mut random = Random(77);
    for _ in 0..200 {
        let digit = Digit::ALL[random.below(16)];
        sound.silence(150);
        let level = -3.0 - 20.0 * random.share();
        sound.press(
            digit,
            &Press {
                millis: 150,
                level,
                ..Press::default()
            },
        );
    }
    sound.silence(150);
    let mut theirs = Vec::new();
    let mut decoder = dtmf::decoder::Decoder::new(8_000, |tone, state| {
        if state == dtmf::enums::State::On {
            theirs.push(Digit::from_char(tone.as_char()).unwrap());
        }
    });
    let scaled: Vec<f32> = sound
        .samples
        .iter()
        .map(|sample| sample / 32_768.0)
        .collect();
    decoder.process(&scaled);
    assert_eq!(sound.heard(), theirs);
    assert_eq!(theirs.len(), 200);
}

const RATES: [u32; 2] = [8_000, 16_000];

const DIGIT: Digit = Digit::ALL[5];

/// How a key is pressed.
struct Press {
    millis: u32,
    /// In dBm0, of the louder tone.
    level: f32,
    /// Decibels by which the low tone is louder.
    twist: f32,
    /// Shares by which the frequencies are off.
    off: [f32; 2],
    /// Decibels a millisecond by which the high tone fades.
    fade: f32,
}

impl Default for Press {
    fn default() -> Self {
        Self {
            millis: 40,
            level: -10.0,
            twist: 0.0,
            off: [0.0; 2],
            fade: 0.0,
        }
    }
}

struct Sound {
    rate: u32,
    samples: Vec<f32>,
    random: Random,
}

impl Sound {
    fn new(rate: u32) -> Self {
        Self {
            rate,
            samples: Vec::new(),
            random: Random(24),
        }
    }

    fn silence(&mut self, millis: u32) {
        let more = (self.rate * millis / 1_000) as usize;
        self.samples.resize(self.samples.len() + more, 0.0);
    }

    fn press(&mut self, digit: Digit, press: &Press) {
        let place = "123A456B789C*0#D".find(digit.as_char()).unwrap();
        let low = [697.0, 770.0, 852.0, 941.0][place / 4] * (1.0 + press.off[0]);
        let high = [1_209.0, 1_336.0, 1_477.0, 1_633.0][place % 4] * (1.0 + press.off[1]);
        let low_level = press.level + press.twist.min(0.0);
        let high_level = press.level - press.twist.max(0.0);
        let phases = [self.random.share(), self.random.share()];
        let count = self.rate * press.millis / 1_000;
        for n in 0..count {
            let mut sample = 0.0;
            let faded = high_level - press.fade * n as f32 * 1_000.0 / self.rate as f32;
            for ((hertz, level), phase) in [(low, low_level), (high, faded)].into_iter().zip(phases)
            {
                let turns = hertz * n as f32 / self.rate as f32 + phase;
                sample += amplitude(level) * (TAU * turns).sin();
            }
            self.samples.push(sample);
        }
    }

    /// A vowel after the other.
    fn voice(&mut self, millis: u32) {
        let count = self.rate * millis / 1_000;
        let mut phases = [0.0_f32; 24];
        let mut pitch = 90.0 + 150.0 * self.random.share();
        let vowel = |random: &mut Random| {
            [
                300.0 + 600.0 * random.share(),
                900.0 + 1_300.0 * random.share(),
            ]
        };
        let mut formants = vowel(&mut self.random);
        let mut aim = vowel(&mut self.random);
        for n in 0..count {
            if n % (self.rate / 8) == 0 {
                aim = vowel(&mut self.random);
            }
            pitch *= 1.0 + (self.random.share() - 0.5) * 1e-3;
            for (formant, aim) in formants.iter_mut().zip(aim) {
                *formant += (aim - *formant) * 20.0 / self.rate as f32;
            }
            let mut sample = 0.0;
            for (phase, harmonic) in phases.iter_mut().zip(1_u8..) {
                let hertz = pitch * f32::from(harmonic);
                *phase = (*phase + hertz / self.rate as f32).fract();
                let near = |formant: f32| 1.0 / (1.0 + ((hertz - formant) / 60.0).powi(2)).sqrt();
                sample += (near(formants[0]) + near(formants[1]) / 2.0) * (TAU * *phase).sin();
            }
            self.samples.push(4_000.0 * sample);
        }
    }

    fn add_noise(&mut self, dbm0: f32) {
        // Evenly spread noise has the power of a sine whose peak is lower by a square root of 3 / 2.
        let peak = amplitude(dbm0) * 1.5_f32.sqrt();
        for sample in &mut self.samples {
            *sample += peak * (2.0 * self.random.share() - 1.0);
        }
    }

    fn pass(&mut self, codec: Codec) {
        let (mut encoder, mut decoder) = (Encoder::new(codec), Decoder::new(codec));
        let (mut payload, mut heard) = ([0; 320], [0; 320]);
        let said = self.rounded();
        self.samples.clear();
        for packet in said.chunks(self.rate as usize / 50) {
            let octets = encoder.encode(packet, &mut payload);
            let count = decoder.decode(&payload[..octets], &mut heard);
            self.samples
                .extend(heard[..count].iter().copied().map(f32::from));
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "it saturates")]
    fn rounded(&self) -> Vec<i16> {
        self.samples
            .iter()
            .map(|sample| sample.round() as i16)
            .collect()
    }

    fn tones(&self) -> Vec<Tone> {
        let samples = self.rounded();
        let mut detector = ToneDetector::new(self.rate).unwrap();
        let mut tones = Vec::new();
        for packet in samples.chunks(self.rate as usize / 50) {
            let mut rest = packet;
            while let Some(tone) = detector.handle_samples(&mut rest) {
                tones.push(tone);
            }
            assert!(rest.is_empty());
        }
        tones
    }

    fn heard(&self) -> Vec<Digit> {
        let began = |tone: &Tone| match tone {
            Tone::Began { digit } => Some(*digit),
            Tone::Ended { .. } => None,
        };
        self.tones().iter().filter_map(began).collect()
    }
}

/// A sine of full scale, in dBm0.
const OVERLOAD: f32 = 0.157 * 20.0;

/// The peak of a tone.
fn amplitude(dbm0: f32) -> f32 {
    32_768.0 * 10_f32.powf((dbm0 - OVERLOAD) / 20.0)
}
