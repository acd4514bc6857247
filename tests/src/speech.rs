//! Spoken prompts in what a phone heard.
//!
//! The words to compare with were made by espeak-ng and sox alone (`crates/media-core/prompts/make.sh`), by no code of
//! Offhook's.

use std::path::Path;

use crate::ear::mu_law;

/// How much of a spoken word there is in what was heard, 8,000 samples a second: the share of its quarters of a second that
/// are there in their order, at their distance from each other.
///
/// # Panics
/// When there is no such word in `tests/prompts`.
#[must_use]
pub fn share_of_word(heard: &[f64], word: &str) -> f64 {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("prompts/{word}.ul"));
    let octets = std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let said: Vec<f64> = octets.into_iter().map(mu_law).collect();
    let Some(begin) = begin_of(heard, &said) else {
        return 0.0;
    };
    let (mut there, mut all) = (0_u32, 0_u32);
    for (n, part) in said.chunks_exact(PART).enumerate() {
        if energy(part) < LOUD * PART as f64 {
            continue;
        }
        all += 1;
        let at = begin + n * PART;
        let from = at.saturating_sub(SLACK);
        let near = heard.get(from..(at + PART + SLACK).min(heard.len()));
        let best = near.and_then(|near| best(near, part, 1));
        there += u32::from(best.is_some_and(|(_, likeness)| likeness > 0.8));
    }
    f64::from(there) / f64::from(all.max(1))
}

/// Where a word may begin: where its first loud piece is found most clearly.
fn begin_of(heard: &[f64], said: &[f64]) -> Option<usize> {
    let (n, first) = said
        .chunks_exact(FIRST)
        .enumerate()
        .find(|(_, piece)| energy(piece) > LOUD * FIRST as f64)?;
    let (at, likeness) = best(heard, first, 1)?;
    (likeness > 0.7).then(|| at.saturating_sub(n * FIRST))
}

/// Where, and how well, a piece fits best: the normalised correlation.
fn best(heard: &[f64], piece: &[f64], step: usize) -> Option<(usize, f64)> {
    let own = energy(piece);
    heard
        .windows(piece.len())
        .enumerate()
        .step_by(step)
        .map(|(at, window)| {
            let common: f64 = window.iter().zip(piece).map(|(a, b)| a * b).sum();
            let likeness = common / (own * energy(window)).sqrt().max(1.0);
            (at, likeness)
        })
        .max_by(|(_, one), (_, other)| one.total_cmp(other))
}

fn energy(samples: &[f64]) -> f64 {
    samples.iter().map(|sample| sample * sample).sum()
}

/// A quarter of a second; at the sides of a word whatever is over is not looked at.
const PART: usize = 2_000;
/// The piece that is looked for first: an eighth of a second.
const FIRST: usize = 1_000;
/// How far apart parts may be from where they should be: a packet that came late, and the delay of a codec.
const SLACK: usize = 200;
/// The mean energy of a sample of what is no silence.
const LOUD: f64 = 300.0 * 300.0;
