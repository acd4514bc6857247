//! G.711: sixteen bits of amplitude in eight, nearly logarithmic.
//!
//! The sixteen bits are the uniform ones of ITU-T G.191, of which A-law takes the upper 13 and µ-law the upper 14. A
//! negative value is mirrored as its ones' complement, so that every interval contains its lower edge.

use crate::command::Law;

impl Law {
    /// Encodes one sample.
    pub(crate) const fn encode(self, sample: i16) -> u8 {
        match self {
            Self::A => a_law(sample),
            Self::Mu => mu_law(sample),
        }
    }

    /// Decodes one code word: the middle of its interval.
    pub(crate) fn decode(self, word: u8) -> i16 {
        let table = match self {
            Self::A => &A_LAW,
            Self::Mu => &MU_LAW,
        };
        table.get(usize::from(word)).copied().unwrap_or_default()
    }
}

static A_LAW: [i16; 256] = decoded(Law::A);

static MU_LAW: [i16; 256] = decoded(Law::Mu);

const fn decoded(law: Law) -> [i16; 256] {
    let mut table = [0; 256];
    let mut word = 0;
    while word < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "below 256")]
        let value = match law {
            Law::A => a_law_value(word as u8),
            Law::Mu => mu_law_value(word as u8),
        };
        #[expect(clippy::indexing_slicing, reason = "the compiler runs it")]
        {
            table[word] = value;
        }
        word += 1;
    }
    table
}

const fn a_law_value(word: u8) -> i16 {
    let word = word ^ 0x55;
    let (chord, step) = ((word >> 4) & 7, (word & 15) as i16);
    let magnitude = if chord == 0 {
        16 * step + 8
    } else {
        (16 * step + 264) << (chord - 1)
    };
    if word & SIGN == 0 {
        -magnitude
    } else {
        magnitude
    }
}

const fn mu_law_value(word: u8) -> i16 {
    let word = !word;
    let (chord, step) = ((word >> 4) & 7, (word & 15) as i16);
    let magnitude = ((8 * step + 132) << chord) - 132;
    if word & SIGN == 0 {
        magnitude
    } else {
        -magnitude
    }
}

/// G.711 table 1: sixteen steps a chord, of which the first two have the same width; even bits are inverted.
const fn a_law(sample: i16) -> u8 {
    let magnitude = magnitude(sample) >> 4;
    let shift = (u16::BITS - magnitude.leading_zeros()).saturating_sub(5);
    let [code, ..] = ((shift << 4) + (magnitude >> shift) as u32).to_le_bytes();
    let sign = if sample < 0 { 0 } else { SIGN };
    (code | sign) ^ 0x55
}

/// G.711 table 2: a bias of 33 makes each chord twice as wide as the one before; all bits are inverted.
const fn mu_law(sample: i16) -> u8 {
    let biased = (magnitude(sample) >> 2) + 33;
    let biased = if biased > MU_CLIP { MU_CLIP } else { biased };
    let chord = (u16::BITS - biased.leading_zeros()).saturating_sub(6);
    let [code, ..] = ((chord << 4) | ((biased >> (chord + 1)) & 0x0f) as u32).to_le_bytes();
    let sign = if sample < 0 { SIGN } else { 0 };
    !(code | sign)
}

const fn magnitude(sample: i16) -> u16 {
    (if sample < 0 { !sample } else { sample }).unsigned_abs()
}

const SIGN: u8 = 0x80;

/// The end of the last chord, bias included.
const MU_CLIP: u16 = 0x1fff;

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the 128 intervals of a sign begin, in sixteen bits: G.711's decision values, by chord and step.
    fn decisions(law: Law) -> Vec<i32> {
        (0..128)
            .map(|code| {
                let (chord, step) = (code >> 4, code & 15);
                match law {
                    Law::A if chord == 0 => 16 * step,
                    Law::A => 8 * ((16 + step) << chord),
                    Law::Mu => 4 * (((16 + step) << (chord + 1)) - 33).max(0),
                }
            })
            .collect()
    }

    /// The interval that the sample is in: closed below and open above, on the whole line of numbers.
    fn reference(law: Law, sample: i16) -> u8 {
        let value = i32::from(sample);
        let inside = |edge: &i32| {
            if value >= 0 {
                *edge <= value
            } else {
                *edge < -value
            }
        };
        let code = decisions(law).iter().filter(|edge| inside(edge)).count() - 1;
        let code = u8::try_from(code).unwrap();
        match law {
            Law::A => (code | if value >= 0 { 0x80 } else { 0 }) ^ 0x55,
            Law::Mu => !(code | if value >= 0 { 0 } else { 0x80 }),
        }
    }

    #[test]
    fn the_decision_values_are_those_of_the_recommendation() {
        let mu: Vec<i32> = decisions(Law::Mu).iter().map(|edge| edge / 4).collect();
        assert_eq!(mu[..4], [0, 1, 3, 5]);
        let chords: Vec<i32> = mu.iter().skip(16).step_by(16).copied().collect();
        assert_eq!(chords, [31, 95, 223, 479, 991, 2_015, 4_063]);
        assert_eq!(mu[127], 7_903);
        let a: Vec<i32> = decisions(Law::A).iter().map(|edge| edge / 8).collect();
        assert_eq!(a[..4], [0, 2, 4, 6]);
        let chords: Vec<i32> = a.iter().skip(32).step_by(16).copied().collect();
        assert_eq!(chords, [64, 128, 256, 512, 1_024, 2_048]);
        assert_eq!(a[127], 3_968);
    }

    #[test]
    fn every_sample_is_encoded_as_the_table_of_intervals_has_it() {
        for law in [Law::A, Law::Mu] {
            for sample in i16::MIN..=i16::MAX {
                assert_eq!(
                    law.encode(sample),
                    reference(law, sample),
                    "{law:?} {sample}"
                );
            }
        }
    }

    #[test]
    fn every_word_is_decoded_as_the_middle_of_its_interval() {
        for law in [Law::A, Law::Mu] {
            let mut edges = decisions(law);
            // The last interval ends at the overload.
            edges.push(match law {
                Law::A => 32_768,
                Law::Mu => 4 * 8_159,
            });
            for word in 0..=u8::MAX {
                let code = usize::from(match law {
                    Law::A => (word ^ 0x55) & 0x7f,
                    Law::Mu => !word & 0x7f,
                });
                let middle = match law {
                    // The first interval of µ-law is both sides of zero.
                    Law::Mu if code == 0 => 0,
                    Law::A | Law::Mu => i32::midpoint(edges[code], edges[code + 1]),
                };
                let value = i32::from(law.decode(word));
                assert_eq!(value.abs(), middle, "{law:?} {word:#x}");
                let negative_zero = law == Law::Mu && word == 0x7f;
                assert!(negative_zero || law.encode(law.decode(word)) == word);
            }
        }
    }

    #[test]
    fn silence_and_the_ends_of_the_scale() {
        for (sample, a, mu) in [
            (0, 0xd5, 0xff),
            (-1, 0x55, 0x7f),
            (i16::MAX, 0xaa, 0x80),
            (i16::MIN, 0x2a, 0x00),
        ] {
            assert_eq!((Law::A.encode(sample), Law::Mu.encode(sample)), (a, mu));
        }
    }

    /// G.711 tables 5 and 6: the code words of 1 kHz at 0 dBm0, whose overload is at 3.14 dBm0 for A and 3.17 for µ.
    #[test]
    fn the_digital_milliwatt() {
        let a = [0x34, 0x21, 0x21, 0x34, 0xb4, 0xa1, 0xa1, 0xb4];
        let mu = [0x1e, 0x0b, 0x0b, 0x1e, 0x9e, 0x8b, 0x8b, 0x9e];
        for (law, words, peak) in [
            (Law::A, a, 32_768.0 / 10_f64.powf(0.157)),
            (Law::Mu, mu, 4.0 * 8_159.0 / 10_f64.powf(0.1585)),
        ] {
            let encoded: Vec<u8> = (0..8)
                .map(|n| {
                    let eighths = f64::from(2 * n + 1) + 8.0;
                    let sample = peak * (eighths * std::f64::consts::PI / 8.0).sin();
                    #[expect(clippy::cast_possible_truncation, reason = "below the overload")]
                    law.encode(sample.round() as i16)
                })
                .collect();
            assert_eq!(encoded, words, "{law:?}");
        }
    }
}
