//! The same press told by several ways counts once.
//!
//! Some phones and trunks tell a key as an event, as SIP INFO and as a tone all at once. No way says which press it
//! means, so it is judged by what is known:
//!
//! - a way tells each press once, hence two by the same way are two;
//! - two by different ways are the same press if the key is the same and they are close in time.
//!
//! So each press that was counted can take one more of every other way, the oldest first. Close means within a second,
//! from the end of one to the beginning of the other: an INFO that was lost comes again after 500 ms (RFC 3261 timer T1),
//! an event without its end is told after 250 ms, a tone after 40 ms, and jitter is added to each. More would do little
//! harm: it takes a person who presses the same key again, and each of the two presses told by another way only.

use std::time::Duration;

use offhook_base::Mono;

use super::{Digit, Press};

/// How a press was told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Way {
    /// A body of SIP INFO.
    Info,
    /// A tone in the sound.
    InBand,
    /// RFC 4733.
    TelephoneEvent,
}

/// Counts the presses of one direction of a call.
#[derive(Clone, Copy, Debug, Default)]
pub struct PressCounter {
    /// Newest first.
    counted: [Option<Counted>; REMEMBERED],
}

#[derive(Clone, Copy, Debug)]
struct Counted {
    digit: Digit,
    begin: Mono,
    end: Mono,
    told: [bool; 3],
}

impl PressCounter {
    /// Gives the press back if it is a new one, and nothing if it was counted by another way.
    #[must_use]
    pub fn on_press(&mut self, way: Way, press: Press) -> Option<Press> {
        let end = press.at + press.duration;
        let same = self
            .counted
            .iter_mut()
            .rev()
            .flatten()
            .find(|counted| counted.is_also(way, press.digit, press.at, end));
        if let Some(counted) = same {
            counted.told = counted.told_by(way);
            counted.begin = counted.begin.min(press.at);
            counted.end = counted.end.max(end);
            return None;
        }
        self.counted.rotate_right(1);
        if let Some(newest) = self.counted.first_mut() {
            let mut counted = Counted {
                digit: press.digit,
                begin: press.at,
                end,
                told: [false; 3],
            };
            counted.told = counted.told_by(way);
            *newest = Some(counted);
        }
        Some(press)
    }
}

impl Counted {
    fn is_also(&self, way: Way, digit: Digit, begin: Mono, end: Mono) -> bool {
        // One of the two is nothing unless they lie apart.
        let apart = (begin - self.end).max(self.begin - end);
        self.digit == digit && self.told_by(way) != self.told && apart <= CLOSE
    }

    const fn told_by(&self, way: Way) -> [bool; 3] {
        let [info, in_band, event] = self.told;
        match way {
            Way::Info => [true, in_band, event],
            Way::InBand => [info, true, event],
            Way::TelephoneEvent => [info, in_band, true],
        }
    }
}

/// Presses that another way may still tell: nobody presses a key more often in the time that counts as close.
const REMEMBERED: usize = 32;

const CLOSE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_press_told_by_three_ways_counts_once_whichever_comes_first() {
        let ways = [Way::Info, Way::InBand, Way::TelephoneEvent];
        for first in 0..3 {
            let mut counter = PressCounter::default();
            let mut count = 0;
            for way in 0..3 {
                let way = ways[(first + way) % 3];
                count += counter.on_press(way, press('5', 100, 80)).iter().count();
            }
            assert_eq!(count, 1, "{:?} first", ways[first]);
        }
    }

    #[test]
    fn two_by_the_same_way_are_two_however_close() {
        let mut counter = PressCounter::default();
        let told = [
            (Way::TelephoneEvent, press('1', 0, 40)),
            (Way::TelephoneEvent, press('1', 80, 40)),
            (Way::Info, press('1', 90, 0)),
            (Way::InBand, press('1', 100, 40)),
            (Way::Info, press('1', 170, 0)),
            (Way::InBand, press('1', 180, 40)),
            (Way::Info, press('1', 260, 0)),
        ];
        let counted: Vec<bool> = told
            .map(|(way, press)| counter.on_press(way, press).is_some())
            .to_vec();
        assert_eq!(counted, [true, true, false, false, false, false, true]);
    }

    #[test]
    fn another_key_or_more_than_a_second_apart_is_another_press() {
        for (later, new) in [
            (press('2', 150, 40), true),
            (press('1', 1_140, 40), false),
            (press('1', 1_141, 40), true),
        ] {
            let mut counter = PressCounter::default();
            assert!(counter.on_press(Way::InBand, press('1', 100, 40)).is_some());
            let counted = counter.on_press(Way::Info, later);
            assert_eq!(counted, Some(later).filter(|_| new), "{later:?}");
            // The way round: what is told later may have begun sooner.
            let mut counter = PressCounter::default();
            assert!(counter.on_press(Way::InBand, later).is_some());
            let counted = counter.on_press(Way::Info, press('1', 100, 40));
            assert_eq!(counted.is_some(), new, "{later:?}");
        }
    }

    #[test]
    fn a_long_press_is_close_to_what_tells_its_beginning_and_its_end() {
        let mut counter = PressCounter::default();
        assert!(counter.on_press(Way::InBand, press('#', 0, 40)).is_some());
        let long = press('#', 0, 9_000);
        assert!(counter.on_press(Way::TelephoneEvent, long).is_none());
        let released = press('#', 9_300, 0);
        assert!(counter.on_press(Way::Info, released).is_none());
    }

    #[test]
    fn what_comes_late_is_the_oldest_press_it_can_be() {
        let mut counter = PressCounter::default();
        let told = [
            (Way::TelephoneEvent, press('1', 0, 40)),
            (Way::TelephoneEvent, press('1', 800, 40)),
            (Way::Info, press('1', 10, 0)),
            (Way::Info, press('1', 1_700, 0)),
        ];
        let counted = told.map(|(way, press)| counter.on_press(way, press).is_some());
        assert_eq!(counted, [true, true, false, false]);
    }

    #[test]
    fn forty_presses_by_two_ways_out_of_step_are_forty() {
        let mut counter = PressCounter::default();
        let mut count = 0;
        for number in 0..40_u64 {
            let at = number * 80;
            count += counter
                .on_press(Way::TelephoneEvent, press('0', at, 40))
                .iter()
                .count();
            if let Some(late) = number.checked_sub(10) {
                let late = press('0', late * 80 + 600, 0);
                count += counter.on_press(Way::Info, late).iter().count();
            }
        }
        assert_eq!(count, 40);
    }

    fn press(name: char, at: u64, millis: u64) -> Press {
        Press {
            digit: Digit::from_char(name).unwrap(),
            at: Mono(0) + Duration::from_millis(at + 5_000),
            duration: Duration::from_millis(millis),
        }
    }
}
