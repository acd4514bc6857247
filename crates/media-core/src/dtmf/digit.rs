//! The sixteen keys of DTMF (ITU-T Q.23) and their names in RFC 4733 and SIP INFO.

use std::fmt;
use std::str::FromStr;

/// A key.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Digit(u8);

impl Digit {
    /// All keys in the order of their event codes: `0` to `9`, `*`, `#`, `A` to `D` (RFC 4733 section 3.2).
    pub const ALL: [Self; 16] = {
        let mut all = [Self(0); 16];
        let mut code = 0_u8;
        while code < 16 {
            #[expect(clippy::indexing_slicing, reason = "the compiler runs it")]
            {
                all[code as usize] = Self(code);
            }
            code += 1;
        }
        all
    };

    /// The key of an RFC 4733 event code; `None` above 15, where other events than keys are.
    #[must_use]
    pub const fn from_event(code: u8) -> Option<Self> {
        if code < 16 { Some(Self(code)) } else { None }
    }

    /// The event code, 0 to 15.
    #[must_use]
    pub const fn event(self) -> u8 {
        self.0
    }

    /// The key that a character names, a letter in either case.
    #[must_use]
    pub const fn from_char(name: char) -> Option<Self> {
        let code = match name {
            '0'..='9' => name as u32 - '0' as u32,
            '*' => 10,
            '#' => 11,
            'A'..='D' => name as u32 - 'A' as u32 + 12,
            'a'..='d' => name as u32 - 'a' as u32 + 12,
            _ => return None,
        };
        #[expect(clippy::cast_possible_truncation, reason = "0 to 15")]
        let digit = Self(code as u8);
        Some(digit)
    }

    /// The character on the key.
    #[must_use]
    pub const fn as_char(self) -> char {
        match self.0 {
            digit @ 0..=9 => (b'0' + digit) as char,
            10 => '*',
            11 => '#',
            letter => (b'A' + (letter - 12)) as char,
        }
    }

    /// The key in a row and a column of the pad, both 0 to 3 from the top left.
    pub(crate) fn at(row: usize, column: usize) -> Option<Self> {
        PAD.get(row)?.get(column).copied().and_then(Self::from_char)
    }
}

impl fmt::Display for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Write::write_char(f, self.as_char())
    }
}

/// Text that is no key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct UnknownDigit;

impl fmt::Display for UnknownDigit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key is one of 0 to 9, *, # and A to D")
    }
}

impl std::error::Error for UnknownDigit {}

impl FromStr for Digit {
    type Err = UnknownDigit;

    /// Takes the character on the key. Some phones write an event code in SIP INFO, `10` for `*`: so 10 to 15 are keys
    /// too.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut characters = text.chars();
        let digit = match (characters.next(), characters.next()) {
            (Some(name), None) => Self::from_char(name),
            (Some('1'), Some('0'..='5')) if text.len() == 2 => {
                text.parse().ok().and_then(Self::from_event)
            }
            _ => None,
        };
        digit.ok_or(UnknownDigit)
    }
}

const PAD: [[char; 4]; 4] = [
    ['1', '2', '3', 'A'],
    ['4', '5', '6', 'B'],
    ['7', '8', '9', 'C'],
    ['*', '0', '#', 'D'],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc4733_3_2_the_event_codes_are_the_sixteen_keys_in_order() {
        let names: String = Digit::ALL.iter().map(ToString::to_string).collect();
        assert_eq!(names, "0123456789*#ABCD");
        for (digit, code) in Digit::ALL.iter().zip(0_u8..) {
            assert_eq!(digit.event(), code);
            assert_eq!(Digit::from_event(code), Some(*digit));
            assert_eq!(Digit::from_char(digit.as_char()), Some(*digit));
            assert_eq!(digit.to_string().parse(), Ok(*digit));
        }
        assert!((16..=255).all(|code| Digit::from_event(code).is_none()));
    }

    #[test]
    fn letters_of_either_case_and_event_codes_of_two_figures_are_keys() {
        for (text, name) in [
            ("a", 'A'),
            ("d", 'D'),
            ("10", '*'),
            ("11", '#'),
            ("15", 'D'),
        ] {
            assert_eq!(
                text.parse::<Digit>().map(Digit::as_char),
                Ok(name),
                "{text}"
            );
        }
        for text in ["", "E", "e", "16", "09", "1 ", "100", "+", "１", "1é"] {
            assert_eq!(text.parse::<Digit>(), Err(UnknownDigit), "{text}");
        }
    }

    #[test]
    fn the_pad_has_every_key_once() {
        let mut keys: Vec<Digit> = (0..16).filter_map(|n| Digit::at(n / 4, n % 4)).collect();
        keys.sort();
        assert_eq!(keys, Digit::ALL);
        assert_eq!(Digit::at(4, 0), None);
        assert_eq!(Digit::at(0, 4), None);
    }
}
