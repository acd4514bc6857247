//! Voice payloads to samples of the rate that a recording has.

use crate::command::Law;
use crate::formats::Encoding;

/// Turns the payloads of one stream into samples.
#[derive(Debug)]
pub(crate) struct Decoder {
    encoding: Encoding,
    codec: Codec,
    /// The sample before, for what lies between two.
    before: i16,
    decoded: Vec<i16>,
}

#[derive(Debug)]
enum Codec {
    G711(&'static [i16; 256]),
}

impl Decoder {
    /// `None` for what is no voice, or none that is understood: it is silence in a recording.
    pub(crate) fn new(encoding: Encoding) -> Option<Self> {
        let codec = match encoding {
            Encoding::Pcma => Codec::G711(&A_LAW),
            Encoding::Pcmu => Codec::G711(&MU_LAW),
            Encoding::ComfortNoise
            | Encoding::G722
            | Encoding::Opus
            | Encoding::Other
            | Encoding::TelephoneEvent => return None,
        };
        Some(Self {
            encoding,
            codec,
            before: 0,
            decoded: Vec::new(),
        })
    }

    pub(crate) fn is_for(&self, encoding: Encoding) -> bool {
        self.encoding == encoding
    }

    /// The samples of a payload at `rate`, which is 8,000 or 16,000.
    pub(crate) fn decode(&mut self, payload: &[u8], rate: u32) -> &[i16] {
        self.decoded.clear();
        let native = match self.codec {
            Codec::G711(table) => {
                let samples = payload
                    .iter()
                    .filter_map(|octet| table.get(usize::from(*octet)));
                self.decoded.extend(samples);
                NARROW
            }
        };
        if native < rate {
            self.double();
        } else if native > rate {
            self.halve();
        }
        &self.decoded
    }

    /// A sample between each two.
    fn double(&mut self) {
        let narrow = std::mem::take(&mut self.decoded);
        self.decoded.reserve(narrow.len() * 2);
        for sample in narrow {
            self.decoded.push(midpoint(self.before, sample));
            self.decoded.push(sample);
            self.before = sample;
        }
    }

    /// Every second sample, smoothed with its neighbours against the mirror of what is above 4 kHz.
    fn halve(&mut self) {
        let mut before = self.before;
        let mut kept = 0;
        for index in 0..self.decoded.len() / 2 {
            let Some([first, second]) = self.decoded.get(index * 2..index * 2 + 2) else {
                break;
            };
            let (first, second) = (*first, *second);
            let smooth = midpoint(midpoint(before, second), first);
            before = second;
            if let Some(place) = self.decoded.get_mut(index) {
                *place = smooth;
                kept = index + 1;
            }
        }
        self.before = before;
        self.decoded.truncate(kept);
    }
}

/// Samples a second of a voice, as it was sent; `None` for what is no voice, or none that is understood.
pub(crate) fn sample_rate(encoding: Encoding) -> Option<u32> {
    match encoding {
        Encoding::Pcma | Encoding::Pcmu => Some(NARROW),
        Encoding::ComfortNoise
        | Encoding::G722
        | Encoding::Opus
        | Encoding::Other
        | Encoding::TelephoneEvent => None,
    }
}

const fn midpoint(a: i16, b: i16) -> i16 {
    #[expect(clippy::cast_possible_truncation, reason = "it lies between both")]
    let middle = ((a as i32 + b as i32) >> 1) as i16;
    middle
}

/// G.711 tables 1 and 2 backwards: to the middle of each interval.
const fn table(law: Law) -> [i16; 256] {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
        {
            table[code] = expand(law, code);
        }
        code += 1;
    }
    table
}

const fn expand(law: Law, code: usize) -> i16 {
    let plain = match law {
        Law::A => code ^ 0x55,
        Law::Mu => !code & 0xff,
    };
    let (chord, step) = ((plain >> 4) & 7, plain & 15);
    let magnitude = match law {
        Law::A if chord == 0 => (2 * step + 1) << 3,
        Law::A => (2 * step + 33) << (chord + 2),
        Law::Mu => (((2 * step + 33) << chord) - 33) << 2,
    };
    // The sign is set above zero in one law, below in the other.
    let negative = match law {
        Law::A => plain & 0x80 == 0,
        Law::Mu => plain & 0x80 != 0,
    };
    #[expect(clippy::cast_possible_truncation, reason = "32,256 at most")]
    let magnitude = magnitude as i16;
    if negative { -magnitude } else { magnitude }
}

const NARROW: u32 = 8_000;

static A_LAW: [i16; 256] = table(Law::A);
static MU_LAW: [i16; 256] = table(Law::Mu);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_word_decodes_into_its_own_interval() {
        for (law, table) in [(Law::A, &A_LAW), (Law::Mu, &MU_LAW)] {
            for code in 0..=255_u8 {
                let sample = table[usize::from(code)];
                // µ-law has two zeros, and the negative one is no sixteen-bit number of its own.
                if !(matches!(law, Law::Mu) && code == 0x7f) {
                    assert_eq!(law.encode(sample), code, "{law:?} {code:#x} {sample}");
                }
            }
        }
    }

    #[test]
    fn a_voice_is_doubled_with_samples_in_between() {
        let mut decoder = Decoder::new(Encoding::Pcmu).unwrap();
        let plain: Vec<i16> = decoder.decode(&[0x80, 0xff, 0x00], 8_000).to_vec();
        assert_eq!(plain, [32_124, 0, -32_124]);
        let mut decoder = Decoder::new(Encoding::Pcmu).unwrap();
        let doubled = decoder.decode(&[0x80, 0xff, 0x00], 16_000);
        assert_eq!(doubled, [16_062, 32_124, 16_062, 0, -16_062, -32_124]);
        assert_eq!(
            decoder.decode(&[0xff], 16_000),
            [-16_062, 0],
            "over the packets' border"
        );
    }

    #[test]
    fn what_is_no_voice_is_not_decoded() {
        for encoding in [
            Encoding::ComfortNoise,
            Encoding::Other,
            Encoding::TelephoneEvent,
        ] {
            assert!(Decoder::new(encoding).is_none() && sample_rate(encoding).is_none());
        }
    }
}
