use super::*;
use crate::tone::FRAME_SAMPLES;
use crate::tone::tests::{dbm0, decode};

const FRAME: usize = FRAME_SAMPLES as usize;

/// What a phone hears in so many frames.
fn heard(program: &mut Program, law: Law, frames: u32) -> Vec<f64> {
    let mut samples = Vec::new();
    for _ in 0..frames {
        let mut payload = [0; FRAME];
        program.render(law, &mut payload);
        program.advance(1);
        samples.extend(payload.map(|word| decode(law, word)));
    }
    samples
}

/// Stretches of sound and of silence in milliseconds, the first one of sound; shorter ones than 10 ms are none.
fn cadence(samples: &[f64]) -> Vec<usize> {
    let mut stretches = Vec::new();
    let (mut loud, mut since) = (true, 0);
    for (n, window) in samples.chunks(80).enumerate() {
        let is_loud = window.iter().any(|sample| sample.abs() > 1_000.0);
        if is_loud != loud {
            stretches.push((n - since) * 10);
            (loud, since) = (is_loud, n);
        }
    }
    stretches.push((samples.len() / 80 - since) * 10);
    stretches
}

fn beeps(position: u32) -> Vec<f64> {
    let mut program = Program::new(Sound::Position(position));
    let mut samples = Vec::new();
    while matches!(program, Program::Beeps { .. }) {
        samples.extend(heard(&mut program, Law::A, 1));
    }
    samples
}

#[test]
fn e180_ringback_is_425_hz_one_second_on_and_four_off() {
    for law in [Law::A, Law::Mu] {
        let mut program = Program::new(Sound::Ringback);
        for _ in 0..3 {
            let samples = heard(&mut program, law, 250);
            let tone = &samples[160..7_840];
            assert!((dbm0(tone, 425.0) + 10.0).abs() < 0.2, "{law:?}");
            let crossings = tone
                .windows(2)
                .filter(|s| s[0] < 0.0 && s[1] >= 0.0)
                .count();
            assert_eq!(crossings, 408, "425 a second, in 0.96 s");
            assert_eq!(cadence(&samples), [1_000, 4_000]);
            assert!(samples[8_000..].iter().all(|sample| sample.abs() <= 8.0));
        }
    }
}

#[test]
fn music_is_quiet_soft_and_repeats() {
    let mut program = Program::new(Sound::Music);
    let tune = heard(&mut program, Law::A, TUNE_FRAMES);
    assert_eq!(tune, heard(&mut program, Law::A, TUNE_FRAMES));
    let chord = [261.626, 329.628, 391.995, 523.251, 391.995, 329.628];
    let notes = tune.chunks(FRAME * NOTE as usize);
    assert_eq!(notes.len(), 24);
    for (samples, hertz) in notes.zip(chord) {
        let level = dbm0(&samples[160..1_600], hertz);
        assert!((level + 20.0).abs() < 0.3, "{hertz} Hz at {level} dBm0");
    }
    let loudest = tune
        .iter()
        .fold(0.0, |loudest, sample| sample.abs().max(loudest));
    assert!(loudest < 2_400.0, "-20 dBm0 and no more: {loudest}");
}

#[test]
fn a_position_is_so_many_short_beeps() {
    for position in 1..=9 {
        let samples = beeps(position);
        assert!(dbm0(&samples[1_760..2_400], 1_000.0) > -11.0);
        let mut wanted = vec![0, 200];
        for _ in 1..position {
            wanted.extend([120, 180]);
        }
        wanted.extend([120, 180 + 400]);
        assert_eq!(cadence(&samples), wanted, "position {position}");
    }
}

#[test]
fn ten_and_more_are_one_long_beep_and_none_is_music() {
    for position in [10, 11, 500, u32::MAX] {
        assert_eq!(cadence(&beeps(position)), [0, 200, 1_000, 400]);
    }
    let none = Program::new(Sound::Position(0));
    assert_eq!(none, Program::new(Sound::Music));
}

#[test]
fn music_goes_on_after_the_beeps_where_it_was() {
    let mut program = Program::new(Sound::Music);
    program.advance(100);
    program = program.replaced_by(Sound::Position(2));
    let length = u64::from(Beeps::Short(2).frames());
    program.advance(length - 1);
    assert!(matches!(program, Program::Beeps { .. }));
    let interrupted = program.replaced_by(Sound::Position(1));
    assert!(matches!(
        interrupted,
        Program::Beeps {
            at: 0,
            music: 100,
            ..
        }
    ));
    program.advance(1);
    assert_eq!(program, Program::Music { at: 100 });
}

#[test]
fn the_same_sound_again_goes_on_and_another_begins() {
    let mut program = Program::new(Sound::Ringback);
    program.advance(30);
    assert_eq!(program.replaced_by(Sound::Ringback), program);
    assert_eq!(program.replaced_by(Sound::Music), Program::Music { at: 0 });
    let mut music = Program::new(Sound::Music);
    music.advance(30);
    assert_eq!(music.replaced_by(Sound::Music), music);
    assert_eq!(
        music.replaced_by(Sound::Ringback),
        Program::Ringback { at: 0 }
    );
}

#[test]
fn moving_on_at_once_or_step_by_step_is_the_same() {
    for sound in [
        Sound::Ringback,
        Sound::Music,
        Sound::Position(3),
        Sound::Position(12),
    ] {
        let (mut steps, mut leap) = (Program::new(sound), Program::new(sound));
        for _ in 0..10_007 {
            steps.advance(1);
        }
        leap.advance(10_007);
        assert_eq!(steps, leap);
        leap.advance(u64::MAX);
        heard(&mut leap, Law::Mu, 1);
    }
}
