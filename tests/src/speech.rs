//! Spoken prompts in what a phone heard.
//!
//! The words to compare with were made by espeak-ng and sox alone (`crates/media-core/prompts/make.sh`), by no code of
//! Offhook's.

use std::path::Path;

use crate::ear::mu_law;

/// How much of a spoken word there is in what was heard, 8,000 samples a second: the share of its eighths of a second that
/// are there, about as far from each other as they should be.
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
        let best = near.and_then(|near| best(near, part));
        there += u32::from(best.is_some_and(|(_, likeness)| likeness > 0.8));
    }
    f64::from(there) / f64::from(all.max(1))
}

/// Where a word may begin: one of its first loud pieces is found there most clearly.
fn begin_of(heard: &[f64], said: &[f64]) -> Option<usize> {
    let pieces = said.chunks_exact(FIRST).enumerate();
    let loud = pieces.filter(|(_, piece)| energy(piece) > LOUD * FIRST as f64);
    let found = loud.take(3).filter_map(|(n, piece)| {
        let (at, likeness) = best(heard, piece)?;
        Some((at.saturating_sub(n * FIRST), likeness))
    });
    let (begin, likeness) = found.max_by(|(_, one), (_, other)| one.total_cmp(other))?;
    (likeness > 0.7).then_some(begin)
}

/// Where, and how well, a piece fits best: the normalised correlation. Every other sample is enough for it.
fn best(heard: &[f64], piece: &[f64]) -> Option<(usize, f64)> {
    let piece: Vec<f64> = piece.iter().step_by(2).copied().collect();
    let own = energy(&piece);
    // The energy of all samples of the same parity before each one.
    let mut before = vec![0.0; heard.len() + 2];
    for (at, sample) in heard.iter().enumerate() {
        before[at + 2] = before[at] + sample * sample;
    }
    let length = 2 * piece.len();
    let places = 0..(heard.len() + 1).saturating_sub(length);
    let fits = places.filter_map(|at| {
        let there = before[at + length] - before[at];
        (there > LOUD * piece.len() as f64 / 10.0).then(|| {
            let common = heard[at..].iter().step_by(2).zip(&piece);
            let common: f64 = common.map(|(a, b)| a * b).sum();
            (at, common / (own * there).sqrt())
        })
    });
    fits.max_by(|(_, one), (_, other)| one.total_cmp(other))
}

fn energy(samples: &[f64]) -> f64 {
    samples.iter().map(|sample| sample * sample).sum()
}

/// An eighth of a second; what is left at the end of a word is not looked at.
const PART: usize = 1_000;
/// The piece that is looked for first: a tenth of a second.
const FIRST: usize = 800;
/// How far parts may be from where they should be: packets that came late, and the delay of a codec.
const SLACK: usize = 1_200;
/// The mean energy of a sample of what is no silence.
const LOUD: f64 = 300.0 * 300.0;
