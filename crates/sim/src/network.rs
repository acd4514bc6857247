//! A network that loses, delays, reorders and duplicates, as its seed says.

use std::time::Duration;

use rand_core::Rng;

/// How bad the network is. Chances are in thousandths.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Conditions {
    /// Chance that a packet is lost.
    pub loss: u16,
    /// Chance that a packet arrives twice.
    pub duplicate: u16,
    /// Chance that a packet is held back by `reorder_by`, so that later ones overtake it.
    pub reorder: u16,
    /// What every packet takes.
    pub delay: Duration,
    /// What a packet takes at most beyond that.
    pub jitter: Duration,
    /// How long an overtaken packet is held back.
    pub reorder_by: Duration,
}

impl Conditions {
    /// Nothing is lost, and all arrives in order after a tenth of a millisecond.
    pub const PERFECT: Self = Self {
        loss: 0,
        duplicate: 0,
        reorder: 0,
        delay: Duration::from_micros(100),
        jitter: Duration::ZERO,
        reorder_by: Duration::ZERO,
    };

    /// A bad line: row R13 of the test matrix.
    pub const BAD: Self = Self {
        loss: 50,
        duplicate: 10,
        reorder: 10,
        delay: Duration::from_millis(100),
        jitter: Duration::from_millis(30),
        reorder_by: Duration::from_millis(200),
    };

    /// What becomes of one packet: after which time it arrives, once for each copy; nothing when it is lost.
    ///
    /// The number of draws depends on the outcomes only, so a seed tells the same story again.
    pub fn carry(&self, rng: &mut impl Rng, packet: &[u8]) -> Vec<(Duration, Vec<u8>)> {
        if happens(rng, self.loss) {
            return Vec::new();
        }
        let copies = if happens(rng, self.duplicate) { 2 } else { 1 };
        (0..copies)
            .map(|_| (self.travel(rng), packet.to_vec()))
            .collect()
    }

    fn travel(&self, rng: &mut impl Rng) -> Duration {
        let held = if happens(rng, self.reorder) {
            self.reorder_by
        } else {
            Duration::ZERO
        };
        self.delay + held + up_to(rng, self.jitter)
    }
}

/// Draws with a chance in thousandths; draws nothing when the chance is none.
fn happens(rng: &mut impl Rng, thousandths: u16) -> bool {
    thousandths > 0 && rng.next_u32() % 1_000 < u32::from(thousandths)
}

/// A time between zero and `most`, both included.
pub(crate) fn up_to(rng: &mut impl Rng, most: Duration) -> Duration {
    let micros = u64::try_from(most.as_micros()).unwrap_or(u64::MAX - 1);
    if micros == 0 {
        Duration::ZERO
    } else {
        Duration::from_micros(rng.next_u64() % (micros + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use rand_chacha::ChaCha12Rng;
    use rand_core::SeedableRng;

    fn story(seed: u8, conditions: Conditions, packets: usize) -> Vec<Vec<(Duration, Vec<u8>)>> {
        let mut rng = ChaCha12Rng::from_seed([seed; 32]);
        (0..packets)
            .map(|_| conditions.carry(&mut rng, b"x"))
            .collect()
    }

    #[test]
    fn a_seed_tells_the_same_story_again() {
        assert_eq!(
            story(7, Conditions::BAD, 1_000),
            story(7, Conditions::BAD, 1_000)
        );
        assert_ne!(
            story(7, Conditions::BAD, 1_000),
            story(8, Conditions::BAD, 1_000)
        );
    }

    #[test]
    fn a_perfect_network_delivers_everything_once_and_in_order() {
        let expected = vec![(Conditions::PERFECT.delay, b"x".to_vec())];
        assert!(
            story(1, Conditions::PERFECT, 100)
                .iter()
                .all(|copies| *copies == expected)
        );
    }

    #[test]
    fn a_bad_one_is_as_bad_as_it_says() {
        let story = story(3, Conditions::BAD, 20_000);
        let share = |count: usize| count * 1_000 / story.len();
        let lost = share(story.iter().filter(|copies| copies.is_empty()).count());
        let twice = share(story.iter().filter(|copies| copies.len() == 2).count());
        let late = |copies: &Vec<(Duration, Vec<u8>)>| {
            copies
                .iter()
                .any(|(time, _)| *time > Duration::from_millis(130))
        };
        let overtaken = share(story.iter().filter(|copies| late(copies)).count());
        assert!((40..60).contains(&lost), "{lost}");
        assert!((5..15).contains(&twice), "{twice}");
        assert!((5..15).contains(&overtaken), "{overtaken}");
        let times = || story.iter().flatten().map(|(time, _)| *time);
        assert!(
            times().all(
                |time| (Duration::from_millis(100)..=Duration::from_millis(330)).contains(&time)
            )
        );
    }
}
