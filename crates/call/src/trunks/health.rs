//! Whether one trunk answers, by what becomes of its OPTIONS.
//!
//! ```text
//!  active, has an address ┌────┐  second miss in a row        ┌────────┐
//! ───────────────────────►│ Up ├─────────────────────────────►│ Silent │
//!                         └────┘◄─────────────────────────────┤        │
//!                            an answer; three in a row while  └────────┘
//!                            it flaps
//! ```

use std::collections::VecDeque;
use std::time::Duration;

use offhook_base::Mono;
use offhook_sip_core::TxId;

/// How often a trunk is asked.
pub(super) const EVERY: Duration = Duration::from_secs(30);

/// As many changes within [`FLAPPING`] make answers count less.
const CHANGES: usize = 3;
const FLAPPING: Duration = Duration::from_mins(5);

/// Answers in a row that make a trunk up again, as a rule and while it flaps.
const ANSWERS: u8 = 1;
const ANSWERS_WHILE_FLAPPING: u8 = 3;

/// A trunk that is asked whether it is there.
#[derive(Debug)]
pub(super) struct Watch {
    verdict: Verdict,
    ping: Ping,
    /// When the verdict changed last, the oldest first.
    changes: VecDeque<Mono>,
}

/// What is thought of a trunk.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Verdict {
    /// It takes calls, as far as is known.
    Up {
        /// Whether its last OPTIONS had no answer.
        missed: bool,
    },
    /// It does not answer.
    Silent {
        /// Answers in a row since.
        answers: u8,
    },
}

/// The OPTIONS. There is never more than one on its way.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Ping {
    /// The next one leaves then.
    Due(Mono),
    /// One is on its way; the next one does not leave before `next`.
    Asked { tx: TxId, next: Mono },
}

impl Watch {
    /// A trunk of which nothing is known: it is up, so that calls are tried, and asked at once.
    pub(super) const fn new(now: Mono) -> Self {
        Self {
            verdict: Verdict::Up { missed: false },
            ping: Ping::Due(now),
            changes: VecDeque::new(),
        }
    }

    pub(super) const fn is_up(&self) -> bool {
        matches!(self.verdict, Verdict::Up { .. })
    }

    /// When the next OPTIONS leaves.
    pub(super) const fn due(&self) -> Option<Mono> {
        match self.ping {
            Ping::Due(at) => Some(at),
            Ping::Asked { .. } => None,
        }
    }

    /// The OPTIONS on its way.
    pub(super) const fn asked(&self) -> Option<TxId> {
        match self.ping {
            Ping::Due(_) => None,
            Ping::Asked { tx, .. } => Some(tx),
        }
    }

    /// An OPTIONS leaves.
    pub(super) fn ask(&mut self, now: Mono, tx: TxId) {
        let next = now + EVERY;
        self.ping = Ping::Asked { tx, next };
    }

    /// It has another address: what was asked at the old one tells nothing, and the new one is asked at once.
    pub(super) const fn moved(&mut self, now: Mono) {
        self.ping = Ping::Due(now);
    }

    /// Its OPTIONS was answered, by whatever status.
    pub(super) fn on_answer(&mut self, now: Mono) {
        self.rest(now);
        self.verdict = match self.verdict {
            Verdict::Up { .. } => Verdict::Up { missed: false },
            Verdict::Silent { answers } if answers + 1 < self.answers_needed(now) => {
                Verdict::Silent {
                    answers: answers + 1,
                }
            }
            Verdict::Silent { .. } => {
                self.note_change(now);
                Verdict::Up { missed: false }
            }
        };
    }

    /// Its OPTIONS was not answered.
    pub(super) fn on_miss(&mut self, now: Mono) {
        self.rest(now);
        self.verdict = match self.verdict {
            Verdict::Up { missed: false } => Verdict::Up { missed: true },
            Verdict::Up { missed: true } => {
                self.note_change(now);
                Verdict::Silent { answers: 0 }
            }
            Verdict::Silent { .. } => Verdict::Silent { answers: 0 },
        };
    }

    /// An OPTIONS without answer may take longer than the time between two: the next one leaves at once then.
    fn rest(&mut self, now: Mono) {
        if let Ping::Asked { next, .. } = self.ping {
            self.ping = Ping::Due(next.max(now));
        }
    }

    fn answers_needed(&self, now: Mono) -> u8 {
        let flaps = self.changes.len() == CHANGES
            && self
                .changes
                .front()
                .is_some_and(|oldest| now - *oldest <= FLAPPING);
        if flaps {
            ANSWERS_WHILE_FLAPPING
        } else {
            ANSWERS
        }
    }

    fn note_change(&mut self, now: Mono) {
        if self.changes.len() == CHANGES {
            self.changes.pop_front();
        }
        self.changes.push_back(now);
    }
}
