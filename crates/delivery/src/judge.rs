//! What an answer means: a total, pure function.

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use offhook_base::Wall;

/// How an attempt ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// An answer came.
    Answered {
        /// Its status.
        status: u16,
        /// How long its `Retry-After` asks us to wait.
        retry_after: Option<Duration>,
    },
    /// No answer: name, address, connection, TLS, or time.
    Unreachable {
        /// It was time that ran out.
        timed_out: bool,
    },
}

impl Outcome {
    /// Whether it counts as delivered.
    #[must_use]
    pub const fn is_success(self) -> bool {
        matches!(
            self,
            Self::Answered {
                status: 200..300,
                ..
            }
        )
    }
}

/// What becomes of a delivery.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// The receiver has it.
    Delivered,
    /// It would have come too late to be of use, and was not sent.
    Expired,
    /// Given up.
    Failed(FailReason),
    /// Kept, not sent, because the endpoint is switched off.
    Held,
    /// Tried again at this time.
    RetryAt(Wall),
}

/// Why a delivery was given up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FailReason {
    /// The schedule has no more steps.
    Exhausted,
    /// The receiver answered 410.
    Gone,
    /// Its webhook was deleted.
    WebhookDeleted,
}

impl fmt::Display for FailReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exhausted => "every retry failed",
            Self::Gone => "the receiver answered 410 Gone",
            Self::WebhookDeleted => "webhook deleted",
        })
    }
}

/// How long to wait after the first, second … attempt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Schedule(&'static [Duration]);

impl Schedule {
    /// 1 s, 5 s, 15 s, 60 s, 5 m, 30 m, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h.
    pub const STANDARD: Self = Self(&[
        Duration::from_secs(1),
        Duration::from_secs(5),
        Duration::from_secs(15),
        Duration::from_secs(60),
        Duration::from_secs(5 * 60),
        Duration::from_secs(30 * 60),
        Duration::from_secs(2 * HOUR),
        Duration::from_secs(5 * HOUR),
        Duration::from_secs(10 * HOUR),
        Duration::from_secs(14 * HOUR),
        Duration::from_secs(20 * HOUR),
        LONGEST,
    ]);

    /// A schedule of one's own.
    #[must_use]
    pub const fn new(steps: &'static [Duration]) -> Self {
        Self(steps)
    }

    /// The steps.
    #[must_use]
    pub const fn steps(self) -> &'static [Duration] {
        self.0
    }

    fn wait_after(self, attempt: NonZeroU32) -> Option<Duration> {
        let index = usize::try_from(attempt.get() - 1).ok()?;
        self.0.get(index).copied()
    }
}

/// Decides the fate of a delivery after its attempt number `attempt` (of those that count).
///
/// `spread` in `0.0..1.0` is drawn by the caller, so the same inputs give the same verdict. A wait is the
/// schedule's step and up to a fifth more, or what `Retry-After` asks for if that is longer, but no more than a day.
#[must_use]
pub fn judge(
    schedule: Schedule,
    now: Wall,
    attempt: NonZeroU32,
    outcome: Outcome,
    spread: f64,
) -> Verdict {
    let hint = match outcome {
        Outcome::Answered {
            status: 200..300, ..
        } => return Verdict::Delivered,
        Outcome::Answered { status: 410, .. } => return Verdict::Failed(FailReason::Gone),
        Outcome::Answered { retry_after, .. } => retry_after.unwrap_or_default().min(LONGEST),
        Outcome::Unreachable { .. } => Duration::ZERO,
    };
    match schedule.wait_after(attempt) {
        Some(step) => Verdict::RetryAt(now + jittered(step, spread).max(hint)),
        None => Verdict::Failed(FailReason::Exhausted),
    }
}

/// A fifth more at most, never less.
pub(crate) fn jittered(step: Duration, spread: f64) -> Duration {
    step.mul_f64(1.0 + 0.2 * spread.clamp(0.0, 1.0))
}

/// Reads a `Retry-After` (RFC 9110 section 10.2.3): seconds, or a date of the preferred form. A date that is past
/// is no wait at all.
#[must_use]
pub fn parse_retry_after(value: &str, now: Wall) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        // A number too long for us is longer than we would wait anyhow.
        return Some(value.parse().map_or(LONGEST, Duration::from_secs));
    }
    let at = parse_http_date(value)?.0.saturating_sub(now.0);
    Some(Duration::from_micros(u64::try_from(at).unwrap_or(0)))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`.
fn parse_http_date(text: &str) -> Option<Wall> {
    let (_weekday, rest) = text.split_once(", ")?;
    let mut parts = rest.split(' ');
    let (day, month, year, time, zone) = (
        parts.next()?,
        parts.next()?,
        parts.next()?,
        parts.next()?,
        parts.next()?,
    );
    let month = 1 + MONTHS.iter().position(|name| *name == month)?;
    if zone != "GMT" || day.len() != 2 || parts.next().is_some() {
        return None;
    }
    Wall::parse_contract(&format!("{year}-{month:02}-{day} {time}"))
}

const HOUR: u64 = 3_600;
/// No wait is longer, whatever a receiver asks for.
pub(crate) const LONGEST: Duration = Duration::from_secs(24 * HOUR);
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Wall = Wall::from_unix_seconds(1_700_000_000);

    fn answered(status: u16) -> Outcome {
        Outcome::Answered {
            status,
            retry_after: None,
        }
    }

    fn after(attempt: u32, outcome: Outcome, spread: f64) -> Verdict {
        judge(
            Schedule::STANDARD,
            NOW,
            NonZeroU32::new(attempt).unwrap(),
            outcome,
            spread,
        )
    }

    fn retry_in(seconds: u64) -> Verdict {
        Verdict::RetryAt(NOW + Duration::from_secs(seconds))
    }

    #[test]
    fn only_2xx_is_delivered() {
        for status in [200, 201, 202, 204, 299] {
            assert_eq!(
                after(1, answered(status), 0.0),
                Verdict::Delivered,
                "{status}"
            );
        }
        for status in [
            100, 199, 300, 301, 302, 304, 307, 308, 400, 401, 404, 409, 429, 500, 502, 503, 504,
            599, 999,
        ] {
            assert_eq!(after(1, answered(status), 0.0), retry_in(1), "{status}");
        }
        for timed_out in [false, true] {
            assert_eq!(
                after(1, Outcome::Unreachable { timed_out }, 0.0),
                retry_in(1)
            );
        }
    }

    #[test]
    fn a_410_is_the_end_at_any_attempt() {
        for attempt in 1..20 {
            assert_eq!(
                after(attempt, answered(410), 0.5),
                Verdict::Failed(FailReason::Gone)
            );
        }
    }

    #[test]
    fn the_schedule_is_the_published_one() {
        let seconds = [
            1, 5, 15, 60, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400,
        ];
        for (index, wait) in (1..).zip(seconds) {
            assert_eq!(after(index, answered(500), 0.0), retry_in(wait));
        }
        assert_eq!(
            after(13, answered(500), 0.0),
            Verdict::Failed(FailReason::Exhausted)
        );
        assert_eq!(
            after(u32::MAX, answered(500), 0.0),
            Verdict::Failed(FailReason::Exhausted)
        );
        assert_eq!(after(13, answered(200), 0.0), Verdict::Delivered);
    }

    #[test]
    fn jitter_is_never_negative_and_a_fifth_at_most() {
        for spread in [-1.0, 0.0, 0.3, 0.999, 1.0, 7.0, f64::INFINITY] {
            let Verdict::RetryAt(at) = after(4, answered(500), spread) else {
                panic!("retried")
            };
            assert!(
                at >= NOW + Duration::from_secs(60) && at <= NOW + Duration::from_secs(72),
                "{spread}"
            );
        }
    }

    #[test]
    fn retry_after_lengthens_a_wait_up_to_a_day_and_never_shortens_it() {
        let asks = |status, seconds| Outcome::Answered {
            status,
            retry_after: Some(Duration::from_secs(seconds)),
        };
        assert_eq!(after(1, asks(429, 30), 0.0), retry_in(30));
        assert_eq!(after(1, asks(503, 30), 0.0), retry_in(30));
        assert_eq!(after(4, asks(429, 30), 0.0), retry_in(60));
        assert_eq!(after(1, asks(429, 1_000_000), 0.0), retry_in(86_400));
        assert_eq!(
            after(13, asks(429, 30), 0.0),
            Verdict::Failed(FailReason::Exhausted)
        );
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = Wall::parse_contract("1994-11-06 08:49:07").unwrap();
        assert_eq!(
            parse_retry_after("120", now),
            Some(Duration::from_secs(120))
        );
        assert_eq!(parse_retry_after(" 0 ", now), Some(Duration::ZERO));
        assert_eq!(
            parse_retry_after("99999999999999999999999", now),
            Some(LONGEST)
        );
        assert_eq!(
            parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now),
            Some(Duration::from_secs(30))
        );
        assert_eq!(
            parse_retry_after("Sun, 06 Nov 1994 08:40:00 GMT", now),
            Some(Duration::ZERO)
        );
        for text in [
            "",
            "-1",
            "1.5",
            "soon",
            "Sun, 06 Nov 1994",
            "Sun, 06 Foo 1994 08:49:37 GMT",
            "Sun, 6 Nov 1994 08:49:37 GMT",
        ] {
            assert_eq!(parse_retry_after(text, now), None, "{text}");
        }
    }
}
