//! What callers are told where no sound of the library says it: words in English and Spanish, and the sentences made of them.
//!
//! The words lie in `prompts/`, as G.722, spoken by `prompts/make.sh` from `prompts/words.txt`.

use std::fmt;
use std::sync::Arc;

use offhook_base::Language;

use crate::clip::Clip;
use crate::codec::{Codec, Decoder};
use crate::phrase::Phrase;
use crate::resample::resample;

/// The words of one language, ready to be played.
#[derive(Clone)]
pub struct Prompts {
    /// By the order of [`Word`], then 1 to 20.
    words: Arc<[Arc<Clip>]>,
}

/// In the order of their files below.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Word {
    Greeting,
    YouAreNumber,
    InTheQueue,
    QueueMany,
    YouHave,
    NoNew,
    OneNew,
    New,
    OneOld,
    Old,
    MoreThanTwenty,
    Keys,
    Next,
    Deleted,
    Unavailable,
    End,
}

impl Prompts {
    /// Decodes the words of a language: some 30 s of sound, which take some milliseconds. `None` only when they do not
    /// belong to this program.
    #[must_use]
    pub fn spoken(language: Language) -> Option<Self> {
        let (files, numbers) = match language {
            Language::En => (&EN, &EN_NUMBERS),
            Language::Es => (&ES, &ES_NUMBERS),
        };
        let files = files.iter().chain(numbers.iter());
        let words: Option<Vec<_>> = files.map(|word| decoded(*word).map(Arc::new)).collect();
        Some(Self {
            words: words?.into(),
        })
    }

    /// Nobody is there; leave a message after the tone.
    #[must_use]
    pub fn greeting(&self) -> Phrase {
        self.say(&[Word::Greeting])
    }

    /// The caller's place in a queue; 1 is next.
    #[must_use]
    pub fn position(&self, place: u32) -> Phrase {
        match self.number(place) {
            Some(number) => {
                let first = self.say(&[Word::YouAreNumber]);
                first.then(&number).then(&self.say(&[Word::InTheQueue]))
            }
            None => self.say(&[Word::QueueMany]),
        }
    }

    /// So many messages that were not heard yet.
    #[must_use]
    pub fn new_messages(&self, count: usize) -> Phrase {
        match count {
            0 => self.say(&[Word::YouHave, Word::NoNew]),
            1 => self.say(&[Word::YouHave, Word::OneNew]),
            _ => self.several(count, Word::New),
        }
    }

    /// So many messages that were heard before.
    #[must_use]
    pub fn old_messages(&self, count: usize) -> Phrase {
        match count {
            1 => self.say(&[Word::YouHave, Word::OneOld]),
            _ => self.several(count, Word::Old),
        }
    }

    /// Which keys there are while a message is heard.
    #[must_use]
    pub fn keys(&self) -> Phrase {
        self.say(&[Word::Keys])
    }

    /// Another message follows.
    #[must_use]
    pub fn next(&self) -> Phrase {
        self.say(&[Word::Next])
    }

    /// A message was deleted.
    #[must_use]
    pub fn deleted(&self) -> Phrase {
        self.say(&[Word::Deleted])
    }

    /// A message is there, but not its sound; or it cannot be deleted.
    #[must_use]
    pub fn unavailable(&self) -> Phrase {
        self.say(&[Word::Unavailable])
    }

    /// There are no more messages.
    #[must_use]
    pub fn end(&self) -> Phrase {
        self.say(&[Word::End])
    }

    fn several(&self, count: usize, what: Word) -> Phrase {
        let number = u32::try_from(count).ok().and_then(|n| self.number(n));
        let number = number.unwrap_or_else(|| self.say(&[Word::MoreThanTwenty]));
        let first = self.say(&[Word::YouHave]);
        first.then(&number).then(&self.say(&[what]))
    }

    /// 1 to 20.
    fn number(&self, number: u32) -> Option<Phrase> {
        let index = usize::try_from(number.checked_sub(1)?).ok()?;
        let clip = self.words.get(EN.len()..)?.get(index)?;
        Some(clip.clone().into())
    }

    fn say(&self, words: &[Word]) -> Phrase {
        let clips = words
            .iter()
            .filter_map(|word| self.words.get(*word as usize));
        clips.cloned().collect()
    }
}

/// Its samples say nothing to a reader.
impl fmt::Debug for Prompts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prompts")
            .field("words", &self.words.len())
            .finish_non_exhaustive()
    }
}

fn decoded((name, octets): (&str, &[u8])) -> Option<Clip> {
    let mut wide = vec![0; octets.len() * 2];
    Decoder::new(Codec::G722).decode(octets, &mut wide);
    let narrow = resample(&wide, 16_000, 8_000);
    Clip::new(name.to_owned(), narrow, wide).ok()
}

/// The files of these words in this folder, by their names.
macro_rules! files {
    ($folder:literal: $($name:literal)*) => {
        [$((concat!($folder, "/", $name), include_bytes!(concat!("../prompts/", $folder, "/", $name, ".g722")))),*]
    };
}

macro_rules! words {
    ($folder:literal) => {
        files!($folder: "greeting" "you-are-number" "in-the-queue" "queue-many" "you-have" "no-new" "one-new" "new" "one-old" "old"
            "more-than-twenty" "keys" "next" "deleted" "unavailable" "end")
    };
}

macro_rules! numbers {
    ($folder:literal) => {
        files!($folder: "1" "2" "3" "4" "5" "6" "7" "8" "9" "10" "11" "12" "13" "14" "15" "16" "17" "18" "19" "20")
    };
}

static EN: [(&str, &[u8]); 16] = words!("en");
static EN_NUMBERS: [(&str, &[u8]); 20] = numbers!("en");
static ES: [(&str, &[u8]); 16] = words!("es");
static ES_NUMBERS: [(&str, &[u8]); 20] = numbers!("es");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone::Rate;

    const BOTH: [Language; 2] = [Language::En, Language::Es];

    fn heard(phrase: &Phrase) -> Vec<i16> {
        let mut all = Vec::new();
        for frame in 0..phrase.frames() {
            let mut samples = [0; 160];
            phrase.render(Rate::Narrow, frame, &mut samples);
            all.extend(samples);
        }
        all
    }

    #[test]
    fn each_word_is_audible_not_clipped_and_begins_and_ends_near_silence() {
        for language in BOTH {
            let prompts = Prompts::spoken(language).unwrap();
            assert_eq!(prompts.words.len(), 36);
            for (n, clip) in prompts.words.iter().enumerate() {
                let samples = heard(&clip.clone().into());
                let peak = samples.iter().map(|sample| sample.unsigned_abs()).max();
                let peak = peak.unwrap();
                assert!((8_000..32_000).contains(&peak), "{language:?} {n}: {peak}");
                assert!((250..4_500).contains(&clip.duration_ms()), "{n}");
                for edge in [&samples[..80], &samples[samples.len() - 160..]] {
                    let loud = edge.iter().map(|sample| sample.unsigned_abs()).max();
                    assert!(loud < Some(2_000), "{language:?} {n}: {loud:?}");
                }
            }
        }
    }

    #[test]
    fn no_two_words_of_any_language_are_the_same_file() {
        let all = [&EN[..], &EN_NUMBERS, &ES, &ES_NUMBERS].concat();
        let mut octets: Vec<_> = all.iter().map(|(_, octets)| octets).collect();
        octets.sort();
        octets.dedup();
        assert_eq!(octets.len(), 72);
    }

    #[test]
    fn a_place_is_told_by_its_number_and_behind_the_twentieth_in_other_words() {
        for language in BOTH {
            let prompts = Prompts::spoken(language).unwrap();
            let word = |word| heard(&prompts.say(&[word]));
            let third = heard(&prompts.words[18].clone().into());
            let said = [word(Word::YouAreNumber), third, word(Word::InTheQueue)].concat();
            assert_eq!(heard(&prompts.position(3)), said);
            let mut places: Vec<_> = (1..=21).map(|n| heard(&prompts.position(n))).collect();
            assert_eq!(places[20], word(Word::QueueMany));
            assert_eq!(heard(&prompts.position(0)), places[20]);
            assert_eq!(heard(&prompts.position(u32::MAX)), places[20]);
            places.sort();
            places.dedup();
            assert_eq!(places.len(), 21);
        }
    }

    #[test]
    fn messages_are_counted_in_words() {
        let prompts = Prompts::spoken(Language::En).unwrap();
        let counts = [0, 1, 2, 20, 21, usize::MAX];
        let mut said: Vec<_> = counts.map(|n| heard(&prompts.new_messages(n))).into();
        assert_eq!(said[4], said[5], "more than twenty");
        said.extend(
            counts[1..5]
                .iter()
                .map(|n| heard(&prompts.old_messages(*n))),
        );
        said.sort();
        said.dedup();
        assert_eq!(said.len(), 9);
    }
}
