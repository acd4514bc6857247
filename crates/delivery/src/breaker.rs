//! The circuit breaker of one endpoint: while nobody can be reached, events wait and no retry is spent.
//!
//! ```text
//!            5 unreachable in a row                 time is up
//!   Closed ────────────────────────────► Open ───────────────────► Probing
//!     ▲                                   ▲  │ any answer             │ │
//!     ├───────────────────────────────────┼──┘                        │ │
//!     │              any answer           └───────────────────────────┘ │
//!     └─────────────────────────────────────────────────────────────────┘
//!                                             the probe is unreachable: Open for twice as long
//! ```

use std::time::Duration;

use offhook_base::{DeliveryId, Mono};

use crate::judge::jittered;

/// Whether requests are made at all.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Breaker {
    /// Yes.
    Closed {
        /// Unreachable in a row.
        failures: u32,
    },
    /// No, until `probe_at`.
    Open {
        since: Mono,
        probe_at: Mono,
        wait: Duration,
    },
    /// One, and its outcome decides.
    Probing {
        since: Mono,
        probe: DeliveryId,
        wait: Duration,
    },
}

impl Default for Breaker {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

impl Breaker {
    pub(crate) const fn is_closed(&self) -> bool {
        matches!(self, Self::Closed { .. })
    }

    /// When a probe may be sent, if it is time that is waited for.
    pub(crate) const fn probe_at(&self) -> Option<Mono> {
        match self {
            Self::Open { probe_at, .. } => Some(*probe_at),
            Self::Closed { .. } | Self::Probing { .. } => None,
        }
    }

    /// The probe is on its way.
    pub(crate) fn on_probe(&mut self, probe: DeliveryId) {
        if let Self::Open { since, wait, .. } = *self {
            *self = Self::Probing { since, probe, wait };
        }
    }

    /// An answer came, whatever it says. Gives how long nothing could be sent, if the breaker was open.
    pub(crate) fn on_answer(&mut self, now: Mono) -> Option<Duration> {
        let was = std::mem::take(self);
        match was {
            Self::Closed { .. } => None,
            Self::Open { since, .. } | Self::Probing { since, .. } => Some(now - since),
        }
    }

    /// No answer came. True when it opens by this.
    pub(crate) fn on_unreachable(&mut self, now: Mono, delivery: DeliveryId, spread: f64) -> bool {
        match *self {
            Self::Closed { failures } if failures + 1 < ENOUGH => {
                *self = Self::Closed {
                    failures: failures + 1,
                }
            }
            Self::Closed { .. } => {
                *self = Self::Open {
                    since: now,
                    probe_at: now + jittered(FIRST, spread),
                    wait: FIRST,
                };
                return true;
            }
            Self::Probing { since, probe, wait } if probe == delivery => {
                let wait = (wait * 2).min(LONGEST);
                *self = Self::Open {
                    since,
                    probe_at: now + jittered(wait, spread),
                    wait,
                };
            }
            // Requests that were under way when it opened.
            Self::Open { .. } | Self::Probing { .. } => {}
        }
        false
    }
}

const ENOUGH: u32 = 5;
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    const ID: DeliveryId = DeliveryId(1);

    fn at(seconds: u64) -> Mono {
        Mono(seconds * 1_000_000_000)
    }

    #[test]
    fn it_opens_after_five_in_a_row_and_not_after_four() {
        let mut breaker = Breaker::default();
        for _ in 0..4 {
            assert!(!breaker.on_unreachable(at(0), ID, 0.0));
        }
        assert_eq!(breaker.on_answer(at(0)), None);
        for _ in 0..4 {
            assert!(!breaker.on_unreachable(at(0), ID, 0.0));
        }
        assert!(breaker.is_closed());
        assert!(breaker.on_unreachable(at(0), ID, 0.0));
        assert_eq!(breaker.probe_at(), Some(at(1)));
    }

    #[test]
    fn a_failed_probe_doubles_the_wait_up_to_half_a_minute_and_an_answer_closes_it() {
        let mut breaker = Breaker::default();
        for _ in 0..5 {
            breaker.on_unreachable(at(0), ID, 0.0);
        }
        let mut waits = Vec::new();
        for _ in 0..7 {
            breaker.on_probe(ID);
            assert_eq!(breaker.probe_at(), None);
            breaker.on_unreachable(at(100), DeliveryId(2), 0.0);
            assert_eq!(
                breaker.probe_at(),
                None,
                "another one's failure says nothing of the probe"
            );
            breaker.on_unreachable(at(100), ID, 0.0);
            waits.push((breaker.probe_at().unwrap() - at(100)).as_secs());
        }
        assert_eq!(waits, [2, 4, 8, 16, 30, 30, 30]);
        breaker.on_probe(ID);
        assert_eq!(breaker.on_answer(at(130)), Some(Duration::from_secs(130)));
        assert!(breaker.is_closed());
    }
}
