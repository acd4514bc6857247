use std::borrow::Cow;

use memchr::{memchr, memchr2};

/// Which octets may stand in a token (RFC 3261 §25.1).
static TOKEN: [bool; 256] = token_table();

#[expect(
    clippy::indexing_slicing,
    reason = "runs in the compiler, where a slip stops the build"
)]
const fn token_table() -> [bool; 256] {
    let mut table = [false; 256];
    let mut octet = 0_u8;
    while octet.is_ascii() {
        table[octet as usize] = octet.is_ascii_alphanumeric()
            || matches!(
                octet,
                b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~'
            );
        octet += 1;
    }
    table
}

/// Whether the octet may stand in a token.
pub(crate) fn is_token_octet(octet: u8) -> bool {
    TOKEN.get(usize::from(octet)).copied().unwrap_or(false)
}

/// Whether the octets are a token (RFC 3261 §25.1): at least one octet, and none that separates.
#[must_use]
pub fn is_token(octets: &[u8]) -> bool {
    !octets.is_empty() && octets.iter().copied().all(is_token_octet)
}

/// White space inside a header value; a folded line leaves its CR and LF there.
pub(crate) const fn is_space(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t' | b'\r' | b'\n')
}

pub(crate) fn trim_start(mut text: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = text {
        if !is_space(*first) {
            break;
        }
        text = rest;
    }
    text
}

pub(crate) fn trim_end(mut text: &[u8]) -> &[u8] {
    while let [rest @ .., last] = text {
        if !is_space(*last) {
            break;
        }
        text = rest;
    }
    text
}

pub(crate) fn trim(text: &[u8]) -> &[u8] {
    trim_end(trim_start(text))
}

/// Splits in front of the octet at `at`, leaving that octet out.
pub(crate) fn split_around(text: &[u8], at: usize) -> (&[u8], &[u8]) {
    let (head, tail) = text.split_at_checked(at).unwrap_or((text, &[]));
    (head, tail.split_first().map_or(&[], |(_, rest)| rest))
}

/// Where the quoted string that opens at `open` has its closing quote.
pub(crate) fn closing_quote(text: &[u8], open: usize) -> Option<usize> {
    let mut at = open.checked_add(1)?;
    loop {
        let found = at + memchr2(b'"', b'\\', text.get(at..)?)?;
        if text.get(found) == Some(&b'"') {
            return Some(found);
        }
        at = found + 2;
    }
}

/// Whether every quoted string is closed. Parameters behind one that is not could not be told from its inside.
pub(crate) fn quotes_close(text: &[u8]) -> bool {
    let mut at = 0;
    while let Some(open) = text.get(at..).and_then(|rest| memchr(b'"', rest)) {
        let Some(close) = closing_quote(text, at + open) else {
            return false;
        };
        at = close + 1;
    }
    true
}

/// Where `needle` stands outside quoted strings. An unclosed quote hides all that follows it.
pub(crate) fn find_unquoted(text: &[u8], needle: u8) -> Option<usize> {
    let mut at = 0;
    loop {
        let found = at + memchr2(needle, b'"', text.get(at..)?)?;
        if text.get(found) == Some(&needle) {
            return Some(found);
        }
        at = closing_quote(text, found)? + 1;
    }
}

/// Where a comma stands outside quoted strings and angle brackets.
fn find_separating_comma(text: &[u8]) -> Option<usize> {
    // Most values hold no comma at all.
    let first = memchr(b',', text)?;
    if memchr2(b'"', b'<', text.get(..first)?).is_none() {
        return Some(first);
    }
    let mut at = 0;
    loop {
        let found = at + memchr::memchr3(b',', b'"', b'<', text.get(at..)?)?;
        at = match text.get(found)? {
            b',' => return Some(found),
            b'"' => closing_quote(text, found)? + 1,
            _ => found + memchr(b'>', text.get(found..)?)? + 1,
        };
    }
}

/// A number made of digits only; `None` where it is none or does not fit.
pub(crate) fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |number, octet| {
        let digit = octet.is_ascii_digit().then(|| u64::from(octet - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

/// Delta-seconds: digits only, the largest number where it does not fit (RFC 3261 §20.19).
pub(crate) fn seconds(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(
        decimal(digits)
            .and_then(|number| u32::try_from(number).ok())
            .unwrap_or(u32::MAX),
    )
}

/// Takes the backslashes out of the inside of a quoted string (RFC 3261 §25.1, quoted-pair).
#[must_use]
pub fn unescape(inside: &[u8]) -> Cow<'_, [u8]> {
    if memchr(b'\\', inside).is_none() {
        return Cow::Borrowed(inside);
    }
    let mut plain = Vec::with_capacity(inside.len());
    let mut octets = inside.iter().copied();
    while let Some(octet) = octets.next() {
        plain.push(if octet == b'\\' {
            octets.next().unwrap_or(octet)
        } else {
            octet
        });
    }
    Cow::Owned(plain)
}

/// The inside of a quoted string, or the text itself where it is not quoted.
pub(crate) fn unquote(text: &[u8]) -> &[u8] {
    match text {
        [b'"', inside @ .., b'"'] => inside,
        _ => text,
    }
}

/// The elements of a comma-separated header value, trimmed; empty elements are left out.
///
/// A comma inside a quoted string or inside angle brackets does not separate.
#[derive(Clone, Copy, Debug)]
pub struct List<'a> {
    rest: &'a [u8],
}

impl<'a> List<'a> {
    /// The elements of one header value.
    #[must_use]
    pub const fn new(value: &'a [u8]) -> Self {
        Self { rest: value }
    }

    /// The value up to its first separating comma, as it stands.
    pub(crate) fn head(value: &'a [u8]) -> &'a [u8] {
        find_separating_comma(value)
            .and_then(|comma| value.get(..comma))
            .unwrap_or(value)
    }
}

impl<'a> Iterator for List<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        while !self.rest.is_empty() {
            let end = find_separating_comma(self.rest).unwrap_or(self.rest.len());
            let (element, rest) = split_around(self.rest, end);
            self.rest = rest;
            let element = trim(element);
            if !element.is_empty() {
                return Some(element);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(value: &[u8]) -> Vec<&[u8]> {
        List::new(value).collect()
    }

    #[test]
    fn commas_in_quotes_and_angle_brackets_do_not_separate() {
        assert_eq!(list(b"a, b"), [b"a", b"b"]);
        assert_eq!(
            list(b"\"x, y\" <sip:a,b@c>;q=1 , <sip:d>"),
            [&b"\"x, y\" <sip:a,b@c>;q=1"[..], b"<sip:d>"]
        );
        assert_eq!(
            list(br#""a\",b" <sip:x>,c"#),
            [&br#""a\",b" <sip:x>"#[..], b"c"]
        );
    }

    #[test]
    fn empty_elements_are_left_out_and_broken_quotes_end_the_list() {
        assert_eq!(list(b" ,, a ,"), [b"a"]);
        assert_eq!(list(b"\"open, <sip:a>"), [b"\"open, <sip:a>"]);
        assert_eq!(list(b"<sip:a, <sip:b"), [b"<sip:a, <sip:b"]);
        assert!(list(b"").is_empty());
    }

    #[test]
    fn decimals_are_checked() {
        assert_eq!(decimal(b"0"), Some(0));
        assert_eq!(decimal(b"18446744073709551615"), Some(u64::MAX));
        for bad in [
            &b""[..],
            b"18446744073709551616",
            b"-1",
            b"+1",
            b"1 ",
            b"0x1",
        ] {
            assert_eq!(decimal(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn escapes_are_taken_out() {
        assert_eq!(unescape(b"plain").as_ref(), b"plain");
        assert_eq!(unescape(br#"a\"b\\c"#).as_ref(), br#"a"b\c"#);
        assert_eq!(unescape(br"end\").as_ref(), br"end\");
    }
}
