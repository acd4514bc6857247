//! Keys that one phone is told of: each press once, though its partner's phone may send it as packets and by SIP INFO, of which
//! we make packets too.
//!
//! ```text
//!   INFO ──► we send packets ──► the partner's own packets of that press are dropped
//!   the partner's packets pass ──► INFO of that press: nothing more is sent
//! ```

use offhook_base::Mono;

use crate::dtmf::{Digit, SAME_PRESS};
use crate::packet::RtpHeader;

/// Presses that may still be told in another way.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Told {
    recent: [Option<Pressed>; Self::MOST],
    /// The place of the next one.
    next: usize,
}

#[derive(Clone, Copy, Debug)]
struct Pressed {
    digit: Digit,
    /// When it was heard of last.
    at: Mono,
    by: By,
}

#[derive(Clone, Copy, Debug)]
enum By {
    /// Its partner's packets pass, and it came in no other way yet.
    Packets(Event),
    /// We tell of it.
    Us,
    /// The same, and these packets of its partner's are dropped.
    UsNot(Event),
    /// Its partner's packets pass, and its INFO has come.
    Both(Event),
}

/// All packets of one press have these in common (RFC 4733 section 2.5.1.2).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Event {
    ssrc: u32,
    timestamp: u32,
}

impl Told {
    /// Far more keys than anybody presses in the time.
    const MOST: usize = 16;

    /// A packet of the partner's that is about a key: whether it passes.
    pub(super) fn passes(&mut self, now: Mono, header: &RtpHeader, payload: &[u8]) -> bool {
        let event = Event {
            ssrc: header.ssrc,
            timestamp: header.timestamp,
        };
        let Some(digit) = payload.first().and_then(|code| Digit::from_event(*code)) else {
            return true;
        };
        let known = self.recent.iter_mut().flatten().find(|one| one.is(event));
        if let Some(known) = known {
            known.at = now;
            return !matches!(known.by, By::UsNot(_));
        }
        let waits = |one: &&mut Pressed| matches!(one.by, By::Us) && one.is_same(now, digit);
        if let Some(told) = self.recent.iter_mut().flatten().find(waits) {
            told.by = By::UsNot(event);
            told.at = now;
            return false;
        }
        self.note(now, digit, By::Packets(event));
        true
    }

    /// A key that came in another way: whether it is to be told.
    pub(super) fn is_news(&mut self, now: Mono, digit: Digit) -> bool {
        let known = self
            .recent
            .iter_mut()
            .flatten()
            .find_map(|one| match one.by {
                By::Packets(event) if one.is_same(now, digit) => Some((one, event)),
                By::Packets(_) | By::Us | By::UsNot(_) | By::Both(_) => None,
            });
        if let Some((passed, event)) = known {
            passed.by = By::Both(event);
            return false;
        }
        self.note(now, digit, By::Us);
        true
    }

    fn note(&mut self, at: Mono, digit: Digit, by: By) {
        if let Some(place) = self.recent.get_mut(self.next) {
            *place = Some(Pressed { digit, at, by });
        }
        self.next = (self.next + 1) % Self::MOST;
    }
}

impl Pressed {
    fn is(&self, event: Event) -> bool {
        match self.by {
            By::Packets(own) | By::UsNot(own) | By::Both(own) => own == event,
            By::Us => false,
        }
    }

    fn is_same(&self, now: Mono, digit: Digit) -> bool {
        self.digit == digit && now - self.at <= SAME_PRESS
    }
}
