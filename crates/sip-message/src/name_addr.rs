use std::borrow::Cow;

use memchr::{memchr, memchr2};

use crate::lex::{closing_quote, quotes_close, seconds, split_around, trim, trim_start, unescape};
use crate::params::Params;
use crate::uri::Uri;

/// A `name-addr` or `addr-spec` with its header parameters: From, To, Contact, Route (RFC 3261 §20.10, §25.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameAddr<'a> {
    /// The display name: quotes taken off, escapes kept; `None` where there is none.
    pub display: Option<&'a [u8]>,
    /// The URI, without angle brackets.
    pub uri: &'a [u8],
    /// The parameters of the header, not those of the URI.
    pub params: Params<'a>,
    /// The whole element as it stands in the message.
    pub raw: &'a [u8],
}

impl<'a> NameAddr<'a> {
    /// Reads one element; `None` where quotes or brackets do not close or no URI is there.
    #[must_use]
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        let raw = trim(value);
        let (display, rest) = match raw {
            [b'"', ..] => {
                let (quoted, rest) = split_around(raw, closing_quote(raw, 0)?);
                (quoted.get(1..)?, trim_start(rest))
            }
            // Without brackets, the first semicolon starts the header's parameters (RFC 3261 §20.10).
            _ => match memchr2(b'<', b';', raw).map(|at| raw.split_at_checked(at)) {
                Some(Some((display, rest @ [b'<', ..]))) => (trim(display), rest),
                _ => return Self::parse_addr_spec(raw),
            },
        };
        let [b'<', inside @ ..] = rest else {
            return None;
        };
        let (uri, tail) = split_around(inside, memchr(b'>', inside)?);
        let params = match trim_start(tail) {
            [] => &[],
            [b';', params @ ..] => params,
            _ => return None,
        };
        let uri = trim(uri);
        let display = (!display.is_empty()).then_some(display);
        (!uri.is_empty() && quotes_close(params)).then_some(Self {
            display,
            uri,
            params: Params::new(params),
            raw,
        })
    }

    fn parse_addr_spec(raw: &'a [u8]) -> Option<Self> {
        let (uri, params) = split_around(raw, memchr(b';', raw).unwrap_or(raw.len()));
        let uri = trim(uri);
        (!uri.is_empty() && quotes_close(params)).then_some(Self {
            display: None,
            uri,
            params: Params::new(params),
            raw,
        })
    }

    /// The `tag` parameter; an empty one counts as none.
    #[must_use]
    pub fn tag(&self) -> Option<&'a [u8]> {
        let mut tags = self
            .params
            .iter()
            .filter(|param| param.name.eq_ignore_ascii_case(b"tag"));
        tags.find_map(|param| param.value.filter(|tag| !tag.is_empty()))
    }

    /// The `expires` parameter of a Contact, in seconds.
    #[must_use]
    pub fn expires(&self) -> Option<u32> {
        seconds(self.params.get("expires")?)
    }

    /// The `q` parameter of a Contact, in thousandths; `None` where it is missing or not between 0 and 1.
    #[must_use]
    pub fn q_thousandths(&self) -> Option<u16> {
        let (whole, fraction) = match self.params.get("q")?.split_first()? {
            (b'0', rest) => (0, rest),
            (b'1', rest) => (1000, rest),
            _ => return None,
        };
        let digits = match fraction {
            [] => &[],
            [b'.', digits @ ..] if digits.len() <= 3 => digits,
            _ => return None,
        };
        let mut thousandths = whole;
        for (place, weight) in [100_u16, 10, 1].into_iter().enumerate() {
            let digit = digits.get(place).map_or(Some(0), |digit| {
                digit.is_ascii_digit().then(|| u16::from(digit - b'0'))
            });
            thousandths += digit? * weight;
        }
        (thousandths <= 1000).then_some(thousandths)
    }

    /// The URI, taken apart.
    #[must_use]
    pub fn parsed_uri(&self) -> Option<Uri<'a>> {
        Uri::parse(self.uri)
    }

    /// The display name with its escapes undone.
    #[must_use]
    pub fn display_text(&self) -> Option<Cow<'a, [u8]>> {
        self.display.map(unescape)
    }
}

/// One element of a Contact header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contact<'a> {
    /// An address.
    Address(NameAddr<'a>),
    /// `*`, which a REGISTER uses to remove all bindings (RFC 3261 §10.2.2).
    Wildcard,
}

impl<'a> Contact<'a> {
    /// Reads one element of a Contact header.
    #[must_use]
    pub fn parse(element: &'a [u8]) -> Option<Self> {
        if trim(element) == b"*" {
            return Some(Self::Wildcard);
        }
        NameAddr::parse(element).map(Self::Address)
    }

    /// The address; `None` for `*`.
    #[must_use]
    pub fn address(&self) -> Option<NameAddr<'a>> {
        match self {
            Self::Address(address) => Some(*address),
            Self::Wildcard => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_names_quoted_bare_and_latin_1() {
        let quoted = NameAddr::parse(br#" "A \"x\", <b>" <sip:a@b;lr> ; tag = 7 "#).unwrap();
        assert_eq!(quoted.display, Some(&br#"A \"x\", <b>"#[..]));
        assert_eq!(
            quoted.display_text().as_deref(),
            Some(&br#"A "x", <b>"#[..])
        );
        assert_eq!(quoted.uri, b"sip:a@b;lr");
        assert_eq!(quoted.tag(), Some(&b"7"[..]));
        let bare = NameAddr::parse(b"J\xf6rg M <sip:j@b>").unwrap();
        assert_eq!((bare.display, bare.tag()), (Some(&b"J\xf6rg M"[..]), None));
        assert_eq!(NameAddr::parse(b"\"\"<sip:j@b>").unwrap().display, None);
    }

    #[test]
    fn rfc3261_20_10_without_brackets_parameters_belong_to_the_header() {
        let address = NameAddr::parse(b"sip:a@b;tag=x;q=\"<\"").unwrap();
        assert_eq!(
            (address.uri, address.tag()),
            (&b"sip:a@b"[..], Some(&b"x"[..]))
        );
    }

    #[test]
    fn a_folded_value_is_read() {
        let address = NameAddr::parse(b"\"A\"\r\n <sip:a@b>\r\n ;tag=1").unwrap();
        assert_eq!(
            (address.uri, address.tag()),
            (&b"sip:a@b"[..], Some(&b"1"[..]))
        );
    }

    #[test]
    fn what_does_not_close_is_refused() {
        for bad in [
            &b""[..],
            b"  ",
            b"<>",
            b"<sip:a@b",
            b"\"A <sip:a@b>",
            b"\"A\" sip:a@b",
            b"<sip:a@b> x",
            b"\"",
            b";tag=1",
            b"<sip:a@b>;x=\"y;tag=1",
        ] {
            assert_eq!(
                NameAddr::parse(bad),
                None,
                "{:?}",
                bad.escape_ascii().to_string()
            );
        }
        assert_eq!(NameAddr::parse(b"<sip:a@b>;tag=").unwrap().tag(), None);
    }

    #[test]
    fn expires_and_q_of_a_contact() {
        let read = |text: &'static str| {
            let address = NameAddr::parse(text.as_bytes()).unwrap();
            (address.expires(), address.q_thousandths())
        };
        assert_eq!(read("<sip:a@b>;expires=60;q=0.7"), (Some(60), Some(700)));
        assert_eq!(
            read("<sip:a@b>;expires=99999999999;q=1.000"),
            (Some(u32::MAX), Some(1000))
        );
        assert_eq!(read("<sip:a@b>;expires=-1;q=1.1"), (None, None));
        assert_eq!(read("<sip:a@b>;q=0.1234"), (None, None));
        assert_eq!(read("<sip:a@b>;q=.5"), (None, None));
    }

    #[test]
    fn a_star_is_a_contact() {
        assert_eq!(Contact::parse(b" * "), Some(Contact::Wildcard));
        assert_eq!(
            Contact::parse(b"<sip:a@b>")
                .and_then(|contact| contact.address())
                .unwrap()
                .uri,
            b"sip:a@b"
        );
        assert_eq!(Contact::parse(b"\"*"), None);
    }
}
