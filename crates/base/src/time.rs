//! Time as a value. No core reads a clock: a shell reads both clocks once and passes [`Now`].

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Nanoseconds of a clock that never steps; its origin means nothing.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Mono(pub u64);

impl Add<Duration> for Mono {
    type Output = Self;

    fn add(self, rhs: Duration) -> Self {
        Self(
            self.0
                .saturating_add(u64::try_from(rhs.as_nanos()).unwrap_or(u64::MAX)),
        )
    }
}

impl Sub for Mono {
    type Output = Duration;

    /// How long ago `rhs` was; zero when it lies ahead.
    fn sub(self, rhs: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(rhs.0))
    }
}

/// Microseconds since 1970-01-01 00:00:00 UTC; may step.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(transparent)]
pub struct Wall(pub i64);

impl Wall {
    /// Whole seconds since 1970, rounded down.
    #[must_use]
    pub const fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Microseconds inside the second, 0 to 999,999.
    #[must_use]
    pub const fn micros(self) -> u32 {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "below a million by rem_euclid"
        )]
        let micros = self.0.rem_euclid(1_000_000) as u32;
        micros
    }

    /// The moment `seconds` after 1970.
    #[must_use]
    pub const fn from_unix_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// `YYYY-MM-DD HH:MM:SS`, UTC: the form of every time in an event body.
    #[must_use]
    pub fn to_contract(self) -> String {
        let c = Civil::of(self);
        format!(
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
            c.year, c.month, c.day, c.hour, c.minute, c.second
        )
    }

    /// RFC 3339 with microseconds, UTC.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        let c = Civil::of(self);
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
            c.year,
            c.month,
            c.day,
            c.hour,
            c.minute,
            c.second,
            self.micros()
        )
    }

    /// The form of a SIP `Date` header (RFC 3261 §20.17), such as `Sat, 13 Nov 2010 23:29:00 GMT`.
    #[must_use]
    pub fn to_sip_date(self) -> String {
        // 1970-01-01 was a Thursday.
        const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
        const MONTHS: [&str; 12] = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ];
        let name = |names: &[&'static str], n: i64| {
            let found = usize::try_from(n).ok().and_then(|n| names.get(n).copied());
            found.unwrap_or_default()
        };
        let c = Civil::of(self);
        let day = self.unix_seconds().div_euclid(86_400).rem_euclid(7);
        format!(
            "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
            name(&DAYS, day),
            c.day,
            name(&MONTHS, c.month - 1),
            c.year,
            c.hour,
            c.minute,
            c.second
        )
    }

    /// Reads `YYYY-MM-DD`, `YYYY-MM-DD HH:MM:SS` or the same with a `T`; UTC. `None` for anything else.
    #[must_use]
    pub fn parse_contract(text: &str) -> Option<Self> {
        let digits = |range: std::ops::Range<usize>| -> Option<i64> {
            let part = text.get(range)?;
            part.bytes()
                .all(|b| b.is_ascii_digit())
                .then(|| part.parse().ok())?
        };
        let sep = |at: usize, any: &[u8]| text.as_bytes().get(at).is_some_and(|b| any.contains(b));
        let (year, month, day) = (digits(0..4)?, digits(5..7)?, digits(8..10)?);
        if !sep(4, b"-")
            || !sep(7, b"-")
            || !(1..=12).contains(&month)
            || !(1..=days_in_month(year, month)).contains(&day)
        {
            return None;
        }
        let midnight = days_from_civil(year, month, day) * 86_400;
        let seconds = match text.len() {
            10 => 0,
            19 if sep(10, b" T") && sep(13, b":") && sep(16, b":") => {
                let (h, m, s) = (digits(11..13)?, digits(14..16)?, digits(17..19)?);
                if h > 23 || m > 59 || s > 59 {
                    return None;
                }
                h * 3_600 + m * 60 + s
            }
            _ => return None,
        };
        Some(Self::from_unix_seconds(midnight + seconds))
    }
}

impl Add<Duration> for Wall {
    type Output = Self;

    fn add(self, rhs: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(rhs.as_micros()).unwrap_or(i64::MAX)),
        )
    }
}

impl fmt::Display for Wall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_rfc3339())
    }
}

/// Both clocks, read together.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Now {
    /// For timers.
    pub mono: Mono,
    /// For what is printed and what must survive a restart.
    pub wall: Wall,
}

struct Civil {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

impl Civil {
    /// Days to date in the proleptic Gregorian calendar, counted in eras of 400 years that start on 1 March.
    fn of(wall: Wall) -> Self {
        let seconds = wall.unix_seconds();
        let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * day_of_year + 2) / 153;
        let month = if march_month < 10 {
            march_month + 3
        } else {
            march_month - 9
        };
        Self {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month,
            day: day_of_year - (153 * march_month + 2) / 5 + 1,
            hour: rest / 3_600,
            minute: rest % 3_600 / 60,
            second: rest % 60,
        }
    }
}

const fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let march_month = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * march_month + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contracts_example_time_prints_and_reads_back() {
        let wall = Wall(0x6089_20d5 * 1_000_000 + 391_084);
        assert_eq!(wall.to_contract(), "2021-04-28 08:46:13");
        assert_eq!(wall.to_rfc3339(), "2021-04-28T08:46:13.391084Z");
        assert_eq!(
            Wall::parse_contract("2021-04-28 08:46:13"),
            Some(Wall(0x6089_20d5 * 1_000_000))
        );
    }

    #[test]
    fn rfc3261_20_17_the_example_date_prints() {
        let wall = Wall::parse_contract("2010-11-13 23:29:00").unwrap();
        assert_eq!(wall.to_sip_date(), "Sat, 13 Nov 2010 23:29:00 GMT");
        let old = Wall::parse_contract("1969-12-31 00:00:01").unwrap();
        assert_eq!(old.to_sip_date(), "Wed, 31 Dec 1969 00:00:01 GMT");
    }

    #[test]
    fn every_day_of_four_centuries_reads_back() {
        for day in (-10_000..146_097).step_by(13) {
            let wall = Wall::from_unix_seconds(day * 86_400 + 3_661);
            assert_eq!(Wall::parse_contract(&wall.to_contract()), Some(wall));
        }
    }

    #[test]
    fn what_is_not_a_date_is_refused() {
        for text in [
            "",
            "2021-13-01",
            "2021-02-29",
            "2021-04-28 24:00:00",
            "2021-04-28x08:46:13",
            "2021-4-28",
            "+021-04-28",
            "2021-04-28 08:46:13Z",
        ] {
            assert_eq!(Wall::parse_contract(text), None, "{text}");
        }
    }
}
