//! How many keys are found in an hour of speech and music, and how many that nobody pressed:
//! `cargo run --release -p offhook-media-core --example dtmf_hunt -- [minutes] [seed]`. It needs espeak-ng and sox.
//!
//! Half of the sound is read by many voices, half is played by sox's synthesizer; all of it is repeatable. A thousand keys
//! are pressed into it in pairs, often the same key twice, as short as 40 ms and 40 ms apart, with noise, twist, low levels
//! and wrong frequencies, all within what ITU-T Q.24 wants accepted. As with any phone, who speaks is not heard while
//! a key is held. All goes through each codec, as it would in a call, and into the crate `dtmf` for comparison.

use std::error::Error;
use std::f32::consts::TAU;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use offhook_media_core::{Codec, Decoder, Digit, Encoder, Tone, ToneDetector};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let argument = |place, default| {
        let text = std::env::args().nth(place);
        text.map_or(Ok(default), |text| text.parse::<usize>())
    };
    let minutes = argument(1, 60)?;
    let seed = argument(2, 1)?;
    let folder = std::env::temp_dir().join("offhook-dtmf-hunt");
    std::fs::create_dir_all(&folder)?;
    let mut out = std::io::stdout();

    let mut hour = speech(&folder, seed, minutes * 60 / 2 * RATE)?;
    hour.append(&mut music(&folder, seed, minutes * 60 / 2 * RATE)?);
    let (pressed, presses) = press_into(&hour, seed);
    let (said, keys) = (hour.len() / RATE, presses.len());
    writeln!(out, "{said} s of speech and music, {keys} presses")?;
    for codec in [Codec::Pcma, Codec::Pcmu, Codec::G722] {
        let alone = through(&folder, codec, &hour)?;
        let with = through(&folder, codec, &pressed)?;
        let (nanos, nobody) = hunt(codec, &alone)?;
        let (_, heard) = hunt(codec, &with)?;
        let (found, wrong) = compare(&presses, &heard);
        writeln!(
            out,
            "{codec:?}: {found} of {keys} found, {wrong} false among them; {} false without them; {nanos} ns a packet of 20 ms",
            nobody.len(),
        )?;
        for tone in &nobody {
            writeln!(out, "  nobody pressed {} at {:.2} s", tone.digit, tone.at)?;
        }
        for press in missed(&presses, &heard) {
            writeln!(out, "  missed {press:?}")?;
        }
        let (found, wrong) = compare(&presses, &oracle(codec, &with));
        let nobody = oracle(codec, &alone).len();
        writeln!(
            out,
            "  the crate dtmf: {found} found, {wrong} false among them, {nobody} false without them"
        )?;
    }
    Ok(())
}

/// What the documents of this repository sound like, read by many voices at many speeds and levels.
fn speech(folder: &Path, seed: usize, wanted: usize) -> Outcome<Vec<i16>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = vec![root.join("README.md"), root.join("CONTRIBUTING.md")];
    files.push(root.join("ARCHITECTURE.md"));
    let mut docs: Vec<PathBuf> = std::fs::read_dir(root.join("docs"))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    docs.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    docs.sort();
    files.append(&mut docs);
    let mut words = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(file)?;
        let spoken = text.replace(|c: char| !c.is_alphanumeric() && !",.;'".contains(c), " ");
        words.extend(spoken.split_whitespace().map(str::to_owned));
    }
    let mut sound = Vec::new();
    for (number, piece) in words.chunks(70).cycle().enumerate().skip(seed * 11) {
        if sound.len() >= wanted {
            break;
        }
        let wav = folder.join("said.wav");
        let voice = VOICES.get(number % VOICES.len()).unwrap_or(&"en");
        let variant = ["", "+f2", "+m3", "+f4", "+m7", "+croak", "+whisper", "+f5"]
            .get(number / 3 % 8)
            .unwrap_or(&"");
        run(Command::new("espeak-ng")
            .args(["-v", &format!("{voice}{variant}")])
            .args(["-s", &(120 + number * 37 % 110).to_string()])
            .args(["-p", &(20 + number * 29 % 70).to_string()])
            .arg("-w")
            .arg(&wav)
            .arg(piece.join(" ")))?;
        let level = format!("-{}", 1 + number * 7 % 18);
        sound.append(&mut sox(
            folder,
            &[wav.as_os_str()],
            &["gain", "-n", &level],
        )?);
    }
    sound.truncate(wanted);
    Ok(sound)
}

/// Chords of three notes in all of the synthesizer's voices, three seconds each.
fn music(folder: &Path, seed: usize, wanted: usize) -> Outcome<Vec<i16>> {
    let mut chance = Chance::new(88 * seed);
    let mut sound = Vec::new();
    while sound.len() < wanted {
        let wave = [
            "pluck",
            "sine",
            "triangle",
            "sawtooth",
            "square",
            "trapezium",
        ];
        let wave = wave.get(chance.below(wave.len())).unwrap_or(&"sine");
        let root = 40 + chance.below(40);
        let third = root + 3 + chance.below(3);
        let fifth = third + 3 + chance.below(4);
        let mut effects = vec!["synth".to_owned(), "3".to_owned()];
        for note in [root, third, fifth] {
            // MIDI's note 69 is the A of 440 Hz, which sox counts from.
            let note = i64::try_from(note)? - 69;
            effects.extend([(*wave).to_owned(), format!("%{note}")]);
        }
        let more: &[&str] = match chance.below(4) {
            0 => &["tremolo", "6", "60"],
            1 => &["reverb", "40"],
            2 => &["chorus", "0.6", "0.9", "50", "0.4", "0.25", "2", "-t"],
            _ => &["overdrive", "8"],
        };
        effects.extend(["remix", "-"].map(str::to_owned));
        effects.extend(more.iter().map(|word| (*word).to_owned()));
        let level = format!("-{}", 3 + chance.below(20));
        effects.extend(["fade", "0.02", "3", "1"].map(str::to_owned));
        effects.extend(["gain".to_owned(), "-n".to_owned(), level]);
        let effects: Vec<&str> = effects.iter().map(String::as_str).collect();
        sound.append(&mut sox(folder, &["-n".as_ref()], &effects)?);
    }
    sound.truncate(wanted);
    Ok(sound)
}

#[derive(Clone, Copy, Debug)]
struct Press {
    digit: Digit,
    /// Seconds.
    at: f64,
    #[expect(dead_code, reason = "printed when it is missed")]
    how: How,
}

#[derive(Clone, Copy, Debug)]
struct How {
    millis: usize,
    /// dBm0 of the louder tone.
    level: f32,
    twist: f32,
    off: [f32; 2],
    /// Decibels of the tones over the noise.
    over_noise: f32,
}

/// The hour with keys pressed in it.
fn press_into(hour: &[i16], seed: usize) -> (Vec<i16>, Vec<Press>) {
    let mut chance = Chance::new(1_000 * seed);
    let mut sound = hour.to_vec();
    let mut presses = Vec::new();
    let every = hour.len() / PAIRS;
    for pair in 0..PAIRS {
        let mut at = pair * every + chance.below(every / 2);
        let first = Digit::ALL.get(chance.below(16)).copied();
        let second = Digit::ALL.get(chance.below(16)).copied();
        let second = if chance.below(2) == 0 { first } else { second };
        for digit in [first, second].into_iter().flatten() {
            let how = How {
                millis: 40 + chance.below(3) * chance.below(60),
                level: -3.0 - 22.0 * chance.share(),
                twist: 12.0 * chance.share() - 4.0,
                off: [0.015, 0.015].map(|most| most * (2.0 * chance.share() - 1.0)),
                over_noise: 15.0 + 25.0 * chance.share(),
            };
            // The microphone is off from 20 ms before the key, and until the next one if that comes soon.
            let pause = (40 + chance.below(2) * chance.below(200)) * RATE / 1_000;
            let length = how.millis * RATE / 1_000;
            let lead = 20 * RATE / 1_000;
            if let Some(place) = sound.get_mut(at - lead.min(at)..(at + length + pause)) {
                key(place, lead.min(at), length, digit, &how, &mut chance);
            }
            #[expect(clippy::cast_precision_loss, reason = "an hour of samples")]
            presses.push(Press {
                digit,
                at: at as f64 / RATE as f64,
                how,
            });
            at += length + pause;
        }
    }
    (sound, presses)
}

fn key(
    place: &mut [i16],
    lead: usize,
    length: usize,
    digit: Digit,
    how: &How,
    chance: &mut Chance,
) {
    let pad = "123A456B789C*0#D".find(digit.as_char()).unwrap_or_default();
    let [row, column] = [pad / 4, pad % 4];
    let low = ROWS.get(row).copied().unwrap_or_default() * (1.0 + how.off[0]);
    let high = COLUMNS.get(column).copied().unwrap_or_default() * (1.0 + how.off[1]);
    let [low_peak, high_peak] = [
        how.level + how.twist.min(0.0),
        how.level - how.twist.max(0.0),
    ]
    .map(|level| 32_768.0 * 10_f32.powf((level - OVERLOAD) / 20.0));
    let power = (low_peak * low_peak + high_peak * high_peak) / 2.0;
    // Evenly spread noise has a third of its peak's square as power.
    let noise = (3.0 * power / 10_f32.powf(how.over_noise / 10.0)).sqrt();
    let phases = [chance.share(), chance.share()];
    for (n, sample) in place.iter_mut().enumerate() {
        let mut value = noise * (2.0 * chance.share() - 1.0);
        if (lead..lead + length).contains(&n) {
            #[expect(clippy::cast_precision_loss, reason = "thousands")]
            let time = (n - lead) as f32 / RATE as f32;
            value += low_peak * (TAU * (low * time + phases[0])).sin();
            value += high_peak * (TAU * (high * time + phases[1])).sin();
        }
        #[expect(clippy::cast_possible_truncation, reason = "it saturates")]
        {
            *sample = value as i16;
        }
    }
}

/// What is left of the sound behind the codec, at the codec's rate.
fn through(folder: &Path, codec: Codec, sound: &[i16]) -> Outcome<Vec<i16>> {
    let sound = if codec.sample_rate() == 16_000 {
        sound.to_vec()
    } else {
        let raw = folder.join("wide.raw");
        let octets: Vec<u8> = sound
            .iter()
            .flat_map(|sample| sample.to_le_bytes())
            .collect();
        std::fs::write(&raw, octets)?;
        let output = Command::new("sox")
            .args(RAW_16)
            .arg(&raw)
            .args(["-D", "-r", "8000", "-t", "raw", "-"])
            .output()?;
        samples(&output.stdout)
    };
    let (mut encoder, mut decoder) = (Encoder::new(codec), Decoder::new(codec));
    let mut heard = vec![0; sound.len()];
    let packet = usize::try_from(codec.sample_rate() / 50)?;
    let mut payload = [0; 320];
    for (said, heard) in sound.chunks(packet).zip(heard.chunks_mut(packet)) {
        let octets = encoder.encode(said, &mut payload);
        decoder.decode(payload.get(..octets).unwrap_or_default(), heard);
    }
    Ok(heard)
}

#[derive(Clone, Copy, Debug)]
struct Heard {
    digit: Digit,
    at: f64,
}

/// What the detector hears, and what a packet costs it.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn hunt(codec: Codec, sound: &[i16]) -> Outcome<(u128, Vec<Heard>)> {
    let rate = codec.sample_rate();
    let packet = usize::try_from(rate / 50)?;
    let mut detector = ToneDetector::new(rate).ok_or("8,000 or 16,000")?;
    let mut heard = Vec::new();
    let started = std::time::Instant::now();
    for (number, mut samples) in (0_u32..).zip(sound.chunks(packet)) {
        while let Some(tone) = detector.handle_samples(&mut samples) {
            if let Tone::Began { digit } = tone {
                let at = f64::from(number) / 50.0;
                heard.push(Heard { digit, at });
            }
        }
    }
    let packets = u128::try_from(sound.len() / packet)?;
    Ok((started.elapsed().as_nanos() / packets, heard))
}

fn oracle(codec: Codec, sound: &[i16]) -> Vec<Heard> {
    let rate = codec.sample_rate();
    let now = std::cell::Cell::new(0_u32);
    let mut heard = Vec::new();
    let mut decoder = dtmf::decoder::Decoder::new(rate, |tone, state| {
        if let (dtmf::enums::State::On, Some(digit)) = (state, Digit::from_char(tone.as_char())) {
            let at = f64::from(now.get()) / 50.0;
            heard.push(Heard { digit, at });
        }
    });
    for packet in sound.chunks(usize::try_from(rate / 50).unwrap_or(1)) {
        let samples: Vec<f32> = packet
            .iter()
            .map(|sample| f32::from(*sample) / 32_768.0)
            .collect();
        decoder.process(&samples);
        now.set(now.get() + 1);
    }
    heard
}

/// How many presses were heard, and how many heard ones are none.
fn compare(presses: &[Press], heard: &[Heard]) -> (usize, usize) {
    let found = presses.len() - missed(presses, heard).len();
    (found, heard.len() - found)
}

fn missed(presses: &[Press], heard: &[Heard]) -> Vec<Press> {
    let mut rest = heard.to_vec();
    let mut missed = Vec::new();
    for press in presses {
        let fits = |tone: &Heard| {
            tone.digit == press.digit && (-0.02..0.12).contains(&(tone.at - press.at))
        };
        match rest.iter().position(fits) {
            Some(index) => drop(rest.remove(index)),
            None => missed.push(*press),
        }
    }
    missed
}

fn sox(folder: &Path, input: &[&std::ffi::OsStr], effects: &[&str]) -> Outcome<Vec<i16>> {
    let raw = folder.join("made.raw");
    let mut command = Command::new("sox");
    // -R: the same noise each time; without input, the rate is the synthesizer's.
    command.args(["-R", "-q", "-V1"]);
    if input == ["-n"] {
        command.args(["-r", "48000"]);
    }
    command.args(input).args(RAW_16).arg(&raw);
    run(command.args(effects))?;
    Ok(samples(&std::fs::read(&raw)?))
}

fn samples(octets: &[u8]) -> Vec<i16> {
    let pairs = octets.as_chunks::<2>().0.iter();
    pairs.map(|pair| i16::from_le_bytes(*pair)).collect()
}

fn run(command: &mut Command) -> Outcome<()> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)).into())
}

struct Chance(u64);

impl Chance {
    /// Seeds close to each other are to give chances far from each other.
    fn new(seed: usize) -> Self {
        let seed = u64::try_from(seed).unwrap_or_default();
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 33
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next()).unwrap_or_default() % limit.max(1)
    }

    fn share(&mut self) -> f32 {
        f32::from(u16::try_from(self.next() & 0xffff).unwrap_or_default()) / 65_535.0
    }
}

const RATE: usize = 16_000;

const PAIRS: usize = 500;

/// A sine of full scale, in dBm0.
const OVERLOAD: f32 = 0.157 * 20.0;

const RAW_16: [&str; 10] = [
    "-r", "16000", "-c", "1", "-b", "16", "-e", "signed", "-t", "raw",
];

const ROWS: [f32; 4] = [697.0, 770.0, 852.0, 941.0];

const COLUMNS: [f32; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];

const VOICES: [&str; 8] = ["en-us", "en-gb", "es", "de", "fr-fr", "it", "pt", "nl"];
