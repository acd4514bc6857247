//! The numbering plan of one country.

use phonenumber::Metadata;
use regex::{Captures, Regex, RegexBuilder};

/// What is dialled inside a country.
#[derive(Debug)]
pub(super) struct Plan {
    code: u16,
    /// What international numbers begin with, such as `00`.
    international: Option<Pattern>,
    /// What long-distance numbers begin with, such as `0`; it is no part of the number.
    trunk: Option<Trunk>,
    /// Whether people dial it; in some countries only the patterns of old know one.
    has_trunk: bool,
    /// All its numbers.
    general: Pattern,
}

/// The trunk prefix, with a carrier's code where the country has such.
#[derive(Debug)]
struct Trunk {
    pattern: Pattern,
    /// What is put in its place if its last group is there, such as `9$1`.
    instead: Option<String>,
}

/// A pattern that stands at the beginning, or for the whole.
#[derive(Debug)]
pub(super) struct Pattern(Regex);

impl Plan {
    /// The plan of a country; `None` where its patterns cannot be read.
    pub(super) fn of(metadata: &Metadata) -> Option<Self> {
        let international = match metadata.international_prefix() {
            Some(prefix) => Some(Pattern::beginning(prefix.as_str())?),
            None => None,
        };
        let parsed = metadata.national_prefix_for_parsing();
        let trunk = match parsed.map_or_else(|| metadata.national_prefix(), |p| Some(p.as_str())) {
            Some(prefix) => Some(Trunk {
                pattern: Pattern::beginning(prefix)?,
                instead: metadata.national_prefix_transform_rule().map(unambiguous),
            }),
            None => None,
        };
        Some(Self {
            code: metadata.country_code(),
            international,
            trunk,
            has_trunk: metadata.national_prefix().is_some(),
            general: Pattern::general(metadata)?,
        })
    }

    /// What follows the country's own international prefix.
    pub(super) fn behind_international_prefix<'a>(&self, digits: &'a str) -> Option<&'a str> {
        let found = self.international.as_ref()?.0.find(digits)?;
        digits.get(found.end()..)
    }

    /// A number of this country, dialled inside it or whole, in E.164.
    pub(super) fn national(&self, digits: &str) -> Option<String> {
        let code = self.code.to_string();
        let number = self.significant(digits).or_else(|| {
            let rest = digits.strip_prefix(&code)?;
            self.significant(rest)
        })?;
        Some(code + &number)
    }

    /// The national significant number. A trunk prefix is only taken off where the rest is a number and the whole is
    /// none: numbers may begin with the same digit.
    fn significant(&self, digits: &str) -> Option<String> {
        if self.general.fits(digits) {
            // Where people dial a prefix, a handful of digits without it is no number but a service.
            let is_short = digits.len() <= SHORT && self.has_trunk;
            return (!is_short).then(|| digits.to_owned());
        }
        let trunk = self.trunk.as_ref()?;
        let found = trunk.pattern.0.captures(digits)?;
        let rest = digits.get(found.get(0)?.end()..)?;
        let number = match &trunk.instead {
            Some(instead) if has_last_group(&found) => {
                let mut number = String::new();
                found.expand(instead, &mut number);
                number + rest
            }
            Some(_) | None => rest.to_owned(),
        };
        self.general.fits(&number).then_some(number)
    }
}

impl Pattern {
    /// What all numbers of a country look like, without country code.
    pub(super) fn general(metadata: &Metadata) -> Option<Self> {
        let pattern = metadata.descriptors().general().national_number();
        Self::new(format!("^(?:{}\n)$", pattern.as_str()))
    }

    fn beginning(pattern: &str) -> Option<Self> {
        Self::new(format!("^(?:{pattern}\n)"))
    }

    /// The metadata breaks its patterns over lines; hence the line end before our bracket, and white space that
    /// means nothing.
    fn new(pattern: String) -> Option<Self> {
        let mut builder = RegexBuilder::new(&pattern);
        Some(Self(builder.ignore_whitespace(true).build().ok()?))
    }

    /// Whether it stands for all the digits.
    pub(super) fn fits(&self, digits: &str) -> bool {
        self.0.is_match(digits)
    }
}

fn has_last_group(found: &Captures<'_>) -> bool {
    found.len() > 1 && found.get(found.len() - 1).is_some()
}

/// `$1` as `${1}`, so that no digit behind it is taken for a part of its name.
fn unambiguous(rule: &str) -> String {
    let mut out = String::with_capacity(rule.len() + 4);
    let mut chars = rule.chars().peekable();
    while let Some(char) = chars.next() {
        out.push(char);
        if char == '$'
            && let Some(digit) = chars.next_if(char::is_ascii_digit)
        {
            out.push('{');
            out.push(digit);
            out.push('}');
        }
    }
    out
}

/// Digits of a number that is too short to be dialled without the trunk prefix.
const SHORT: usize = 6;
