use super::*;
use crate::clip::tests::counted;
use crate::command::Law;
use crate::tone::FRAME_SAMPLES;
use crate::tone::tests::{dbm0, decode, encode};

const FRAME: usize = FRAME_SAMPLES as usize;

/// What a phone hears in so many frames.
fn heard(program: &mut Program, law: Law, frames: u32) -> Vec<f64> {
    let mut samples = Vec::new();
    for _ in 0..frames {
        let mut frame = [0; FRAME];
        program.render(Rate::Narrow, &mut frame);
        program.advance(1);
        samples.extend(encode(law, &frame).map(|word| decode(law, word)));
    }
    samples
}

const MUSIC: Sound = Sound::Music(Music::Tune);

const fn position(number: u32) -> Sound {
    Sound::Position(number, Music::Tune)
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

fn beeps(number: u32) -> Vec<f64> {
    let mut program = Program::new(position(number));
    let mut samples = Vec::new();
    while program.first.is_some() {
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
    let mut program = Program::new(MUSIC);
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
    for number in 1..=9 {
        let samples = beeps(number);
        assert!(dbm0(&samples[1_760..2_400], 1_000.0) > -11.0);
        let mut wanted = vec![0, 200];
        for _ in 1..number {
            wanted.extend([120, 180]);
        }
        wanted.extend([120, 180 + 400]);
        assert_eq!(cadence(&samples), wanted, "position {number}");
    }
}

#[test]
fn ten_and_more_are_one_long_beep_and_none_is_music() {
    for number in [10, 11, 500, u32::MAX] {
        assert_eq!(cadence(&beeps(number)), [0, 200, 1_000, 400]);
    }
    let none = Program::new(position(0));
    assert_eq!(none, Program::new(MUSIC));
}

#[test]
fn music_goes_on_after_the_beeps_where_it_was() {
    let mut program = Program::new(MUSIC);
    program.advance(100);
    program.replace(position(2));
    let length = u64::from(Beeps::Short(2).frames());
    program.advance(length - 1);
    assert!(program.first.is_some());
    let mut interrupted = program.clone();
    interrupted.replace(position(1));
    let first = interrupted.first.as_ref().map(|first| first.at);
    assert_eq!((first, interrupted.at), (Some(0), 100));
    program.advance(1);
    assert_eq!((program.first, program.at), (None, 100));
}

#[test]
fn the_same_sound_again_goes_on_and_another_begins() {
    let replaced = |program: &Program, sound| {
        let mut program = program.clone();
        program.replace(sound);
        program
    };
    let mut program = Program::new(Sound::Ringback);
    program.advance(30);
    assert_eq!(replaced(&program, Sound::Ringback), program);
    assert_eq!(replaced(&program, MUSIC), Program::new(MUSIC));
    let mut music = Program::new(MUSIC);
    music.advance(30);
    assert_eq!(replaced(&music, MUSIC), music);
    let ringback = Program::new(Sound::Ringback);
    assert_eq!(replaced(&music, Sound::Ringback), ringback);
}

#[test]
fn a_recording_as_music_repeats_and_goes_on_after_what_is_told_between() {
    let clip = Arc::new(counted(250));
    let music = || Music::Clip(clip.clone());
    let mut program = Program::new(Sound::Music(music()));
    program.advance(7);
    program.replace(Sound::Announcement(Arc::new(counted(170)).into(), music()));
    let told = frames(&mut program, 2);
    assert_eq!((told[0], told[169], told[170], told[319]), (1, 170, 0, 0));
    let went_on = frames(&mut program, 2);
    let wanted: Vec<i16> = (1..=250).cycle().skip(7 * FRAME).take(2 * FRAME).collect();
    assert_eq!(went_on, wanted);
    program.replace(Sound::Music(Music::Clip(Arc::new(counted(250)))));
    assert_eq!(frames(&mut program, 1)[0], 1, "another recording begins");
}

#[test]
fn what_is_heard_once_is_told_once_and_is_silence_from_then_on() {
    let cue = Cue(7);
    for (sound, length) in [
        (Sound::Once(Arc::new(counted(250)).into(), cue), 2),
        (Sound::Beep(cue), 25),
    ] {
        let mut program = Program::new(sound.clone());
        for _ in 1..length {
            assert_eq!(program.advance(1), None);
        }
        assert_eq!(program.advance(1), Some(cue));
        assert_eq!(program.advance(1), None);
        assert_eq!(frames(&mut program, 3), [0; 3 * FRAME]);
        let mut leap = Program::new(sound);
        assert_eq!(leap.advance(u64::MAX), Some(cue), "heard or not");
    }
    for endless in [MUSIC, position(3), Sound::Ringback] {
        assert_eq!(Program::new(endless).advance(100_000), None);
    }
}

fn frames(program: &mut Program, count: usize) -> Vec<i16> {
    let mut samples = vec![0; count * FRAME];
    for frame in samples.chunks_mut(FRAME) {
        program.render(Rate::Narrow, frame);
        program.advance(1);
    }
    samples
}

#[test]
fn moving_on_at_once_or_step_by_step_is_the_same() {
    for sound in [
        Sound::Ringback,
        MUSIC,
        position(3),
        position(12),
        Sound::Music(Music::Clip(Arc::new(counted(250)))),
        Sound::Announcement(Arc::new(counted(250)).into(), Music::Tune),
    ] {
        let (mut steps, mut leap) = (Program::new(sound.clone()), Program::new(sound));
        for _ in 0..10_007 {
            steps.advance(1);
        }
        leap.advance(10_007);
        assert_eq!(steps, leap);
        leap.advance(u64::MAX);
        heard(&mut leap, Law::Mu, 1);
    }
}
