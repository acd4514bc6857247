//! Keys that are pressed in a call. A phone may send one key in several ways at once (as tones, as packets of RFC 4733, by SIP
//! INFO): it counts once. And nobody floods a journal with keys.
//!
//! ```text
//!   1 by packets ──► new          1 by INFO ──► the same press, heard again
//!   1 by packets ──► new, pressed twice          1 by INFO ──► the second press
//! ```

mod info;

use std::collections::VecDeque;

use offhook_base::Mono;
use offhook_media_core::{Digit, PressWay, SAME_PRESS};
use offhook_sip_core::LegId;

use crate::limit::Bucket;
pub(crate) use info::{ACCEPT, Info, USUAL};

/// How a key was heard.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Way {
    /// By SIP INFO.
    Info,
    /// In the media.
    Media(PressWay),
}

/// What a press is to the call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Counted {
    /// A key was pressed.
    New,
    /// The same press was heard before, in another way.
    Again,
    /// Nobody presses so fast.
    Flood,
}

/// The keys pressed in a conversation, by leg.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    legs: Vec<Pressing>,
}

/// One leg's keys.
#[derive(Debug)]
struct Pressing {
    leg: LegId,
    /// Presses that may still be heard in another way, oldest first.
    recent: VecDeque<Pressed>,
    room: Bucket,
    /// It has sent packets of RFC 4733.
    sends_packets: bool,
}

#[derive(Debug)]
struct Pressed {
    digit: Digit,
    at: Mono,
    ways: Vec<Way>,
}

impl Keys {
    /// A key of `leg` was heard.
    pub(crate) fn press(&mut self, now: Mono, leg: LegId, digit: Digit, way: Way) -> Counted {
        let Some(pressing) = self.of(now, leg) else {
            return Counted::Flood;
        };
        pressing.sends_packets |= way == Way::Media(PressWay::Rfc4733);
        while pressing
            .recent
            .pop_front_if(|pressed| now - pressed.at > SAME_PRESS)
            .is_some()
        {}
        // What its tones seem to say, once it is known to send packets, is no press of its own.
        if way == Way::Media(PressWay::InBand) && pressing.sends_packets {
            return Counted::Again;
        }
        let same = pressing
            .recent
            .iter_mut()
            .find(|pressed| pressed.digit == digit && !pressed.ways.contains(&way));
        if let Some(same) = same {
            same.ways.push(way);
            return Counted::Again;
        }
        if !pressing.room.take(now, MOST_A_SECOND) {
            return Counted::Flood;
        }
        pressing.recent.push_back(Pressed {
            digit,
            at: now,
            ways: vec![way],
        });
        Counted::New
    }

    /// Whether a leg's keys pass by themselves, in its media.
    pub(crate) fn sends_packets(&self, leg: LegId) -> bool {
        let mut legs = self.legs.iter();
        legs.any(|pressing| pressing.leg == leg && pressing.sends_packets)
    }

    fn of(&mut self, now: Mono, leg: LegId) -> Option<&mut Pressing> {
        if !self.legs.iter().any(|pressing| pressing.leg == leg) {
            if self.legs.len() >= MOST_LEGS {
                self.legs.remove(0);
            }
            self.legs.push(Pressing {
                leg,
                recent: VecDeque::new(),
                room: Bucket::full(now, MOST_A_SECOND),
                sends_packets: false,
            });
        }
        self.legs.iter_mut().find(|pressing| pressing.leg == leg)
    }
}

/// Keys a second that a leg may press; the fastest people press some eight, diallers some ten.
const MOST_A_SECOND: u32 = 20;

/// Legs of a conversation that are remembered: two talk at a time.
const MOST_LEGS: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    const LEG: LegId = LegId(3);
    const PACKETS: Way = Way::Media(PressWay::Rfc4733);
    const TONES: Way = Way::Media(PressWay::InBand);

    fn key(name: char) -> Digit {
        Digit::from_char(name).expect("a key")
    }

    /// What is counted of presses at these milliseconds.
    fn counted(presses: &[(u64, char, Way)]) -> Vec<Counted> {
        let mut keys = Keys::default();
        presses
            .iter()
            .map(|(ms, name, way)| keys.press(Mono(ms * 1_000_000), LEG, key(*name), *way))
            .collect()
    }

    use Counted::{Again, Flood, New};

    #[test]
    fn one_press_in_three_ways_counts_once() {
        let seen = counted(&[
            (0, '1', PACKETS),
            (60, '1', TONES),
            (400, '1', Way::Info),
            (500, '2', Way::Info),
        ]);
        assert_eq!(seen, [New, Again, Again, New]);
    }

    #[test]
    fn a_key_pressed_twice_counts_twice_in_whatever_order_the_ways_arrive() {
        let seen = counted(&[
            (0, '1', PACKETS),
            (200, '1', PACKETS),
            (250, '1', Way::Info),
            (300, '1', Way::Info),
            (350, '1', Way::Info),
        ]);
        assert_eq!(seen, [New, New, Again, Again, New]);
    }

    #[test]
    fn a_press_much_later_is_another_one() {
        let seen = counted(&[(0, '1', PACKETS), (2_001, '1', Way::Info)]);
        assert_eq!(seen, [New, New]);
    }

    #[test]
    fn a_flood_is_cut_and_over_when_it_is_over() {
        let flood: Vec<_> = (0..30).map(|n| (n, '5', Way::Info)).collect();
        let seen = counted(&flood);
        assert_eq!(seen.iter().filter(|seen| **seen == New).count(), 20);
        assert_eq!(seen.last(), Some(&Flood));
        let mut after = flood;
        after.push((1_500, '6', Way::Info));
        assert_eq!(counted(&after).last(), Some(&New));
    }

    #[test]
    fn each_leg_is_for_itself_and_few_are_remembered() {
        let mut keys = Keys::default();
        for leg in 0..10 {
            let seen = keys.press(Mono(0), LegId(leg), key('1'), PACKETS);
            assert_eq!(seen, New);
        }
        assert_eq!(keys.legs.len(), MOST_LEGS);
        assert!(keys.sends_packets(LegId(9)) && !keys.sends_packets(LegId(0)));
    }
}
