//! Dialled digits to E.164, by the numbering plan of a default country.
//!
//! Of the crate `phonenumber` only its metadata is used: country codes, prefixes and patterns. Its parser takes the trunk
//! prefix of the default country off foreign numbers (in France, the 0 of `+39 06…`) and off numbers that begin with
//! the same digit (the 8 of Russian 800), and its validity check lets a number be too long.
//!
//! What it costs, measured: reading the metadata takes 0.1 s and 6 MB once a process, in [`Numbering::new`] and thus
//! before the first call; without a default country it is not read. The plan of the default country is compiled there,
//! that of another country at the first number without `+` that may belong to it (0.5 ms), and kept. A number then
//! takes less than a microsecond.
//!
//! Short numbers are not in that metadata. Only those of [`SERVICES`] lead outside: any other short string of digits
//! is an extension that nobody has, and no business of a carrier's.

mod plan;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use phonenumber::metadata::DATABASE;

use self::plan::{Pattern, Plan};

/// How dialled digits become a number.
#[derive(Debug)]
pub struct Numbering {
    /// The default country's plan; without one, digits stay as they are.
    plan: Option<Plan>,
    /// What numbers look like behind each country code.
    countries: BTreeMap<u16, OnceLock<Option<Pattern>>>,
}

/// Why there is no numbering for a country.
#[derive(Debug, thiserror::Error)]
pub enum NumberingError {
    /// ISO 3166 has no such country, or it has no numbers.
    #[error("no country has the code {0:?}; two letters of ISO 3166 are expected, such as ES")]
    UnknownCountry(String),
    /// What is known of its numbers cannot be read.
    #[error("the numbering plan of {0} cannot be read")]
    UnreadablePlan(String),
}

/// A dialled string that is meant for the outside.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outside {
    /// A number in E.164 without `+`; without a default country the digits as dialled.
    Number(String),
    /// An emergency or service number, such as 112: it means something in this country only, and is sent as dialled.
    Service(String),
}

impl Outside {
    /// The digits.
    #[must_use]
    pub fn digits(&self) -> &str {
        match self {
            Self::Number(digits) | Self::Service(digits) => digits,
        }
    }
}

impl Numbering {
    /// The numbering as seen from no country: digits stay as they are.
    #[must_use]
    pub const fn without_country() -> Self {
        Self {
            plan: None,
            countries: BTreeMap::new(),
        }
    }

    /// The numbering as seen from a country (ISO 3166, two letters), or from none.
    ///
    /// # Errors
    ///
    /// If there is no such country.
    pub fn new(default_country: Option<&str>) -> Result<Self, NumberingError> {
        let Some(country) = default_country else {
            return Ok(Self::without_country());
        };
        let id = country.to_ascii_uppercase();
        let is_iso = id.len() == 2 && id.bytes().all(|b| b.is_ascii_uppercase());
        let metadata = DATABASE
            .by_id(id.as_str())
            .filter(|_| is_iso)
            .ok_or_else(|| NumberingError::UnknownCountry(country.to_owned()))?;
        let plan = Plan::of(metadata).ok_or(NumberingError::UnreadablePlan(id))?;
        let codes = (1..1_000).filter(|code| DATABASE.by_code(code).is_some());
        Ok(Self {
            plan: Some(plan),
            countries: codes.map(|code| (code, OnceLock::new())).collect(),
        })
    }

    /// The number as E.164 digits without `+`; `None` where the digits are no number.
    ///
    /// `+…` is taken as it is. Then, in this order: the country's own international prefix, `00`, the national form
    /// with or without trunk prefix, and a whole number without `+`. Fewer than five digits are never a number.
    #[must_use]
    pub fn to_e164(&self, dialled: &str) -> Option<String> {
        let (plus, digits) = split(dialled)?;
        let Some(plan) = &self.plan else {
            let digits = digits
                .strip_prefix("00")
                .filter(|_| !plus)
                .unwrap_or(digits);
            return has_length_of_a_number(digits).then(|| digits.to_owned());
        };
        if plus {
            return self.international(digits);
        }
        let international = plan.behind_international_prefix(digits);
        if let Some(number) = international.and_then(|rest| self.international(rest)) {
            return Some(number);
        }
        if let Some(rest) = digits.strip_prefix("00") {
            return self.international(rest);
        }
        if !has_length_of_a_number(digits) {
            return None;
        }
        plan.national(digits)
            .or_else(|| self.without_plus(digits))
            .filter(|number| has_length_of_a_number(number))
    }

    /// Whether a dialled string is meant for the outside at all: digits, and perhaps a `+` in front.
    #[must_use]
    pub fn outside(&self, dialled: &str) -> Option<Outside> {
        if let Some(number) = self.to_e164(dialled) {
            return Some(Outside::Number(number));
        }
        let (plus, digits) = split(dialled)?;
        let is_service = !plus && SERVICES.contains(&digits);
        is_service.then(|| Outside::Service(digits.to_owned()))
    }

    /// Digits that begin with a country code. They are what the caller says: no plan is asked about them.
    fn international(&self, digits: &str) -> Option<String> {
        let is_number = has_length_of_a_number(digits) && self.country(digits).is_some();
        is_number.then(|| digits.to_owned())
    }

    /// A whole number without `+`: too easily mistaken not to ask the plan of its country.
    fn without_plus(&self, digits: &str) -> Option<String> {
        let (code, rest) = self.country(digits).filter(|_| digits.len() >= 8)?;
        let pattern = self.countries.get(&code)?.get_or_init(|| {
            let countries = DATABASE.by_code(&code)?;
            Pattern::general(countries.first()?)
        });
        let fits = pattern.as_ref().is_some_and(|pattern| pattern.fits(rest));
        fits.then(|| digits.to_owned())
    }

    /// The country code that digits begin with, and what follows. No code is the beginning of another.
    fn country<'a>(&self, digits: &'a str) -> Option<(u16, &'a str)> {
        (1..=3).find_map(|length| {
            let (code, rest) = digits.split_at_checked(length)?;
            let code = code.parse().ok().filter(|_| !code.starts_with('0'))?;
            self.countries.contains_key(&code).then_some((code, rest))
        })
    }
}

/// Whether there is a `+`, and the digits; `None` where anything else stands there, or too much.
fn split(dialled: &str) -> Option<(bool, &str)> {
    let (plus, digits) = match dialled.strip_prefix('+') {
        Some(digits) => (true, digits),
        None => (false, dialled),
    };
    let is_dialled = !digits.is_empty()
        && digits.len() <= MAX_DIALLED
        && digits.bytes().all(|b| b.is_ascii_digit());
    is_dialled.then_some((plus, digits))
}

/// E.164 6: at most 15 digits.
fn has_length_of_a_number(digits: &str) -> bool {
    (5..=15).contains(&digits.len())
}

/// Digits that are looked at: a number behind the longest international prefix.
const MAX_DIALLED: usize = 24;

/// Numbers for help, in any country: police, fire, ambulance and helplines; 116... are those of the European Union.
const SERVICES: [&str; 71] = [
    "000", "010", "016", "061", "062", "080", "085", "088", "091", "092", "100", "101", "102",
    "103", "104", "105", "106", "107", "108", "110", "111", "112", "113", "114", "115", "117",
    "118", "119", "120", "122", "123", "128", "131", "132", "133", "140", "144", "147", "150",
    "155", "156", "158", "160", "166", "190", "191", "192", "193", "194", "195", "197", "198",
    "199", "911", "912", "913", "988", "993", "995", "997", "998", "999", "1122", "1669", "10111",
    "10177", "116000", "116006", "116111", "116117", "116123",
];

#[cfg(test)]
mod tests;
