//! The timer values of RFC 3261 17 and RFC 6026, as a value.

use std::time::Duration;

use offhook_base::Mono;

/// T1, T2 and T4, from which every timer of a transaction follows (RFC 3261, table 4).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Timers {
    /// Estimate of the round trip.
    pub t1: Duration,
    /// Longest interval between two retransmissions of anything but an INVITE.
    pub t2: Duration,
    /// Longest life of a message in the network.
    pub t4: Duration,
}

impl Timers {
    /// 500 ms, 4 s and 5 s.
    pub const RFC3261: Self = Self {
        t1: Duration::from_millis(500),
        t2: Duration::from_secs(4),
        t4: Duration::from_secs(5),
    };

    /// 64 × T1: timers B, F, H, J, L and M, and the wait for the ACK to a 2xx.
    #[must_use]
    pub const fn patience(&self) -> Duration {
        self.t1.saturating_mul(64)
    }

    /// Timer D: at least 32 s on an unreliable transport, none on a reliable one.
    pub(crate) fn d(&self, reliable: bool) -> Duration {
        if reliable {
            Duration::ZERO
        } else {
            self.patience().max(Duration::from_secs(32))
        }
    }

    /// Timers I and K.
    pub(crate) const fn linger(&self, reliable: bool) -> Duration {
        if reliable { Duration::ZERO } else { self.t4 }
    }
}

impl Default for Timers {
    fn default() -> Self {
        Self::RFC3261
    }
}

/// When something is sent again, and how long after the last time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Retransmit {
    pub(crate) at: Mono,
    pub(crate) interval: Duration,
}

impl Retransmit {
    /// First retransmission one `interval` after `now`; none on a reliable transport.
    pub(crate) fn start(now: Mono, interval: Duration, reliable: bool) -> Option<Self> {
        (!reliable).then(|| Self {
            at: now + interval,
            interval,
        })
    }

    /// Moves on to the next one: the interval doubles up to `cap`.
    ///
    /// Counted from the deadline, not from `now`, so that a late timer does not shift the ones after it; a process
    /// that was stopped for long skips what it missed.
    pub(crate) fn back_off(&mut self, now: Mono, cap: Duration) {
        self.interval = self.interval.saturating_mul(2).min(cap);
        let next = self.at + self.interval;
        self.at = if next > now {
            next
        } else {
            now + self.interval
        };
    }
}
