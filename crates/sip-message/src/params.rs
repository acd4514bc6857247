use crate::lex::{find_unquoted, split_around, trim, unquote};

/// The `;`-separated parameters of a header value or URI, read on demand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Params<'a> {
    text: &'a [u8],
}

/// One parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Param<'a> {
    /// Its name; compare without regard to case.
    pub name: &'a [u8],
    /// Its value: quotes taken off, escapes kept ([`crate::unescape`]); `None` for a flag such as `lr`.
    pub value: Option<&'a [u8]>,
    /// The parameter as it stands in the message, without its `;`.
    pub raw: &'a [u8],
}

impl<'a> Params<'a> {
    /// The parameters in `text`, which starts behind the first `;`.
    #[must_use]
    pub const fn new(text: &'a [u8]) -> Self {
        Self { text }
    }

    /// The parameters as they stand in the message, without the first `;`.
    #[must_use]
    pub const fn raw(&self) -> &'a [u8] {
        self.text
    }

    /// The parameters in order.
    #[must_use]
    pub const fn iter(&self) -> ParamIter<'a> {
        ParamIter { rest: self.text }
    }

    /// The first parameter of this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Param<'a>> {
        self.iter()
            .find(|param| param.name.eq_ignore_ascii_case(name.as_bytes()))
    }

    /// The value of the first parameter of this name; `None` also where it has no value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a [u8]> {
        self.find(name)?.value
    }

    /// Whether a parameter of this name is there, with or without a value.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }
}

impl<'a> IntoIterator for Params<'a> {
    type Item = Param<'a>;
    type IntoIter = ParamIter<'a>;

    fn into_iter(self) -> ParamIter<'a> {
        self.iter()
    }
}

/// Iterates over [`Params`].
#[derive(Clone, Copy, Debug)]
pub struct ParamIter<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for ParamIter<'a> {
    type Item = Param<'a>;

    fn next(&mut self) -> Option<Param<'a>> {
        while !self.rest.is_empty() {
            let end = find_unquoted(self.rest, b';').unwrap_or(self.rest.len());
            let (piece, rest) = split_around(self.rest, end);
            self.rest = rest;
            let raw = trim(piece);
            if raw.is_empty() {
                continue;
            }
            let Some(equals) = memchr::memchr(b'=', raw) else {
                return Some(Param {
                    name: raw,
                    value: None,
                    raw,
                });
            };
            let (name, value) = split_around(raw, equals);
            return Some(Param {
                name: trim(name),
                value: Some(unquote(trim(value))),
                raw,
            });
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_flags_and_quoted_strings_are_read() {
        let params = Params::new(br#" lr ;TAG = x1;+sip.instance="<urn:uuid:1;2>";; q=0.5"#);
        let names: Vec<_> = params.iter().map(|param| param.name).collect();
        assert_eq!(names, [&b"lr"[..], b"TAG", b"+sip.instance", b"q"]);
        assert!(params.has("LR"));
        assert_eq!(params.get("lr"), None);
        assert_eq!(params.get("tag"), Some(&b"x1"[..]));
        assert_eq!(params.get("+sip.instance"), Some(&b"<urn:uuid:1;2>"[..]));
        assert_eq!(params.get("Q"), Some(&b"0.5"[..]));
        assert_eq!(params.get("expires"), None);
    }

    #[test]
    fn an_empty_value_is_not_a_flag() {
        let params = Params::new(b"tag=;lr");
        assert_eq!(params.get("tag"), Some(&b""[..]));
        assert_eq!(params.find("lr").and_then(|param| param.value), None);
    }
}
