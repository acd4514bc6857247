use std::borrow::Cow;

use crate::lex::{closing_quote, is_space, trim, trim_end, trim_start, unescape};

/// The value of an Authorization or WWW-Authenticate header: a scheme and its parameters (RFC 3261 §25.1, RFC 8760).
///
/// ```
/// use offhook_sip_message::AuthParams;
///
/// let value = AuthParams::parse(br#"Digest username="a\"b, c", realm="pbx", qop=auth, nc=00000001"#);
/// let value = value.expect("it has a scheme");
/// assert_eq!(value.get("username").as_deref(), Some(&br#"a"b, c"#[..]));
/// assert_eq!(value.get("qop").as_deref(), Some(&b"auth"[..]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuthParams<'a> {
    /// The scheme, as written; compare without regard to case.
    pub scheme: &'a [u8],
    text: &'a [u8],
}

/// One parameter of [`AuthParams`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuthParam<'a> {
    /// Its name; compare without regard to case.
    pub name: &'a [u8],
    /// Its value: quotes taken off, escapes kept.
    pub value: &'a [u8],
    /// Whether the value was quoted.
    pub quoted: bool,
}

impl<'a> AuthParams<'a> {
    /// Reads the scheme; the parameters are read on demand. `None` where there is no scheme or nothing after it.
    #[must_use]
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        let value = trim(value);
        let end = value.iter().position(|octet| is_space(*octet))?;
        let (scheme, text) = value.split_at_checked(end)?;
        crate::is_token(scheme).then_some(Self { scheme, text })
    }

    /// Whether the scheme is Digest.
    #[must_use]
    pub fn is_digest(&self) -> bool {
        self.scheme.eq_ignore_ascii_case(b"Digest")
    }

    /// The parameters in order, up to the first that cannot be read.
    #[must_use]
    pub const fn iter(&self) -> AuthParamIter<'a> {
        AuthParamIter { rest: self.text }
    }

    /// The first parameter of this name, quotes and escapes undone.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Cow<'a, [u8]>> {
        self.find(name).map(|param| {
            if param.quoted {
                unescape(param.value)
            } else {
                Cow::Borrowed(param.value)
            }
        })
    }

    /// The first parameter of this name, quotes taken off but escapes kept: what `unq()` of RFC 7616 §3.4 hashes.
    #[must_use]
    pub fn raw(&self, name: &str) -> Option<&'a [u8]> {
        self.find(name).map(|param| param.value)
    }

    fn find(&self, name: &str) -> Option<AuthParam<'a>> {
        self.iter()
            .find(|param| param.name.eq_ignore_ascii_case(name.as_bytes()))
    }
}

impl<'a> IntoIterator for AuthParams<'a> {
    type Item = AuthParam<'a>;
    type IntoIter = AuthParamIter<'a>;

    fn into_iter(self) -> AuthParamIter<'a> {
        self.iter()
    }
}

/// Iterates over [`AuthParams`].
#[derive(Clone, Copy, Debug)]
pub struct AuthParamIter<'a> {
    rest: &'a [u8],
}

impl<'a> AuthParamIter<'a> {
    fn read(&mut self) -> Option<AuthParam<'a>> {
        // Commas and white space in any number stand between parameters.
        let skip = self
            .rest
            .iter()
            .position(|octet| *octet != b',' && !is_space(*octet))?;
        let text = self.rest.get(skip..)?;
        let equals = memchr::memchr(b'=', text)?;
        let name = trim_end(text.get(..equals)?);
        let value = trim_start(text.get(equals + 1..)?);
        if !crate::is_token(name) {
            return None;
        }
        if value.first() == Some(&b'"') {
            let close = closing_quote(value, 0)?;
            self.rest = value.get(close + 1..)?;
            return Some(AuthParam {
                name,
                value: value.get(1..close)?,
                quoted: true,
            });
        }
        let end = value
            .iter()
            .position(|octet| *octet == b',' || is_space(*octet))
            .unwrap_or(value.len());
        let (value, rest) = value.split_at_checked(end)?;
        self.rest = rest;
        Some(AuthParam {
            name,
            value,
            quoted: false,
        })
    }
}

impl<'a> Iterator for AuthParamIter<'a> {
    type Item = AuthParam<'a>;

    fn next(&mut self) -> Option<AuthParam<'a>> {
        let param = self.read();
        if param.is_none() {
            self.rest = &[];
        }
        param
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_commas_escapes_folds_and_bare_values() {
        let value = AuthParams::parse(
            b"Digest  username=\"a,\\\"b\\\\\" ,realm = \"x\"\r\n ,uri=\"sip:a;b=c,d@e\",qop=auth, algorithm=\"SHA-256\",nc=0000000a,,opaque=\"\"",
        )
        .unwrap();
        assert!(value.is_digest());
        assert_eq!(value.get("username").as_deref(), Some(&b"a,\"b\\"[..]));
        assert_eq!(value.raw("username"), Some(&b"a,\\\"b\\\\"[..]));
        assert_eq!(value.get("REALM").as_deref(), Some(&b"x"[..]));
        assert_eq!(value.get("uri").as_deref(), Some(&b"sip:a;b=c,d@e"[..]));
        assert_eq!(value.get("qop").as_deref(), Some(&b"auth"[..]));
        assert_eq!(value.get("algorithm").as_deref(), Some(&b"SHA-256"[..]));
        assert_eq!(value.get("nc").as_deref(), Some(&b"0000000a"[..]));
        assert_eq!(value.get("opaque").as_deref(), Some(&b""[..]));
        assert_eq!(value.get("cnonce"), None);
        assert_eq!(value.iter().count(), 7);
    }

    #[test]
    fn what_cannot_be_read_ends_the_list() {
        assert_eq!(AuthParams::parse(b"Digest"), None);
        assert_eq!(AuthParams::parse(b""), None);
        assert_eq!(AuthParams::parse(b"a=b, c=d"), None);
        let open = AuthParams::parse(b"Digest realm=\"x\", nonce=\"open, uri=\"").unwrap();
        assert_eq!(open.get("nonce").as_deref(), Some(&b"open, uri="[..]));
        let open = AuthParams::parse(b"Digest realm=\"x\", nonce=\"open, qop=auth").unwrap();
        assert_eq!((open.get("nonce"), open.get("qop")), (None, None));
        assert_eq!(open.get("realm").as_deref(), Some(&b"x"[..]));
    }
}
