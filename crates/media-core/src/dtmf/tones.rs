//! Keys heard as tones in the sound (ITU-T Q.23 and Q.24).
//!
//! ```text
//!            three windows with the same key             six windows without it
//!  Silence ─────────────────────────────────► Sounding ─────────────────────────► Silence
//!             Tone::Began                      │  ▲           Tone::Ended
//!                                              └──┘ up to five windows without: a lost packet of 20 ms
//! ```
//!
//! A window is 25 ms, and one begins every 7.5 ms. So every tone of 40 ms has three windows that are nearly full of it, two
//! of them wholly, a tone of 20 ms has not, and a pause of 40 ms has six that it takes too much of.
//!
//! Nearly always there is no key. Then only one window of three is looked at; when that is full of a key, those before it are
//! looked at again, so that as much is heard as by looking at each.

mod window;

use std::time::Duration;

use super::Digit;
use window::{Seen, Window};

/// What is heard.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Tone {
    /// A key is certain; it began some 40 ms ago.
    Began {
        /// The key.
        digit: Digit,
    },
    /// The key's tone is over, some 60 ms ago.
    Ended {
        /// The key.
        digit: Digit,
        /// How long it sounded, to some 10 ms.
        duration: Duration,
    },
}

/// Hears the keys in one direction of a call.
#[derive(Clone, Debug)]
pub struct ToneDetector {
    window: Window,
    state: State,
    /// The key of the last window, and how many windows in a row had it.
    last: Option<Digit>,
    in_a_row: u32,
    /// The key that last began suddenly, and how many windows ago it was last seen.
    begun: Option<Digit>,
    ago: u32,
    /// How many windows in a row were clean and had the same twist, and which.
    clean: u32,
    twist: f32,
    /// Windows since the last that was looked at, while there is no key; `None` while there may be one.
    unseen: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Silence,
    Sounding {
        digit: Digit,
        /// From its first to the last that had it.
        windows: u32,
        /// After that.
        without: u32,
    },
}

impl ToneDetector {
    /// A detector for sound of so many samples a second; `None` unless 8,000 or 16,000.
    #[must_use]
    pub fn new(sample_rate: u32) -> Option<Self> {
        Some(Self {
            window: Window::new(sample_rate)?,
            state: State::Silence,
            last: None,
            in_a_row: 0,
            begun: None,
            ago: 0,
            clean: 0,
            twist: 1.0,
            unseen: Some(0),
        })
    }

    /// Listens to samples up to the next change and takes these from `samples`; `None` when all are heard. To be called
    /// until then, with any number of samples. Never allocates.
    pub fn handle_samples(&mut self, samples: &mut &[i16]) -> Option<Tone> {
        while self.window.fill(samples) {
            if let Some(tone) = self.on_filled() {
                return Some(tone);
            }
        }
        None
    }

    /// Looks at each window of a key, and at one of three where there is none.
    fn on_filled(&mut self) -> Option<Tone> {
        if let Some(unseen) = &mut self.unseen {
            *unseen = unseen.wrapping_add(1);
            if !unseen.is_multiple_of(GLANCE) || !self.window.glance() {
                return None;
            }
            let missed = *unseen - 1;
            self.unseen = None;
            self.look_back(missed);
        }
        let seen = self.window.look(0);
        let tone = self.on_window(seen);
        let quiet = self.last.is_none() && self.ago > OVER;
        if quiet && matches!(self.state, State::Silence) {
            self.unseen = Some(0);
        }
        tone
    }

    /// Looks at the windows before the newest one, which nobody looked at. None of them makes a key certain: so long a row
    /// would have been glanced at.
    fn look_back(&mut self, missed: usize) {
        for ago in (1..=missed.min(window::KEPT)).rev() {
            let seen = self.window.look(ago);
            // What was there before the first of them is not known, so that they only tell what was before the others.
            if missed <= window::KEPT || ago <= window::KEPT - window::ONSET {
                self.on_window(seen);
            }
        }
    }

    fn on_window(&mut self, seen: Option<Seen>) -> Option<Tone> {
        let heard = seen.map(|seen| seen.digit);
        self.in_a_row = if heard == self.last {
            self.in_a_row.saturating_add(1)
        } else {
            1
        };
        self.last = heard;
        self.on_beginning(seen);
        match &mut self.state {
            State::Silence => {
                let digit = heard.filter(|_| {
                    self.in_a_row >= CERTAIN && heard == self.begun && self.clean >= CLEAN
                })?;
                self.state = State::Sounding {
                    digit,
                    windows: self.in_a_row,
                    without: 0,
                };
                Some(Tone::Began { digit })
            }
            State::Sounding {
                digit,
                windows,
                without,
            } => {
                *without += 1;
                if heard == Some(*digit) {
                    *windows = windows.saturating_add(*without);
                    *without = 0;
                }
                if *without < OVER {
                    return None;
                }
                let ended = Tone::Ended {
                    digit: *digit,
                    duration: window::HOP * *windows + AROUND,
                };
                self.state = State::Silence;
                Some(ended)
            }
        }
    }

    /// Remembers which key began suddenly, for as long as it goes on, a drop-out included.
    fn on_beginning(&mut self, seen: Option<Seen>) {
        self.ago = self.ago.saturating_add(1);
        let Some(seen) = seen else {
            return;
        };
        let goes_on = self.begun == Some(seen.digit) && self.ago <= OVER;
        if !goes_on {
            let begins = self.in_a_row == 1 && seen.sudden;
            self.begun = Some(seen.digit).filter(|_| begins);
        }
        if self.in_a_row == 1 {
            self.clean = 0;
        }
        if seen.clean {
            let change = (seen.twist / self.twist).max(self.twist / seen.twist);
            let steady = self.clean == 0 || change <= STEADY;
            self.clean = if steady {
                self.clean.saturating_add(1)
            } else {
                1
            };
            self.twist = seen.twist;
        }
        self.ago = 0;
    }
}

/// Windows in a row that make a key certain.
const CERTAIN: u32 = 3;

/// Where there is no key, one window of so many is looked at: one of each row that makes a key certain.
const GLANCE: usize = CERTAIN as usize;

/// Of these, those that lie wholly inside the key: no tone of 40 ms has fewer.
const CLEAN: u32 = 2;

/// What the power of one tone by that of the other changes by at most from one clean window to the next: 0.8 dB. In a
/// chord that beats it changes by more; a key has it all along.
const STEADY: f32 = 1.2;

/// Windows in a row without a key that end it.
const OVER: u32 = 6;

/// How much longer a tone is than its windows are apart: those at its ends are full only in the middle.
const AROUND: Duration = Duration::from_millis(8);

#[cfg(test)]
mod tests;
