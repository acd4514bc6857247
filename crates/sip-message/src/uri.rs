use std::borrow::Cow;

use memchr::{memchr, memrchr};

use crate::lex::{decimal, split_around};
use crate::params::Params;

/// A URI, taken apart without copying (RFC 3261 §19.1, RFC 3966).
///
/// `sip:` and `sips:` are read fully. A `tel:` URI has its number in `user` and no host. Of any other scheme only
/// the scheme is read; the rest is in `user` as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uri<'a> {
    /// The scheme, as written; compare without regard to case.
    pub scheme: &'a [u8],
    /// The user part in front of `@` or `:password`, still percent-encoded.
    pub user: Option<&'a [u8]>,
    /// The password behind the user's `:`.
    pub password: Option<&'a [u8]>,
    /// The host; an IPv6 address keeps its brackets. Empty only for schemes that have none.
    pub host: &'a [u8],
    /// The port, where one is written.
    pub port: Option<u16>,
    /// The URI's own parameters.
    pub params: Params<'a>,
    /// What follows `?`, as it stands.
    pub headers: Option<&'a [u8]>,
}

impl<'a> Uri<'a> {
    /// Takes a URI apart; `None` where it has no scheme, a sip URI has no possible host or port, or white space,
    /// angle brackets or quotes stand in it.
    #[must_use]
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        if text
            .iter()
            .any(|octet| octet.is_ascii_control() || matches!(octet, b' ' | b'<' | b'>' | b'"'))
        {
            return None;
        }
        let (scheme, rest) = split_around(text, memchr(b':', text)?);
        if !is_scheme(scheme) || rest.is_empty() {
            return None;
        }
        if scheme.eq_ignore_ascii_case(b"sip") || scheme.eq_ignore_ascii_case(b"sips") {
            return Self::parse_sip(scheme, rest);
        }
        let is_tel = scheme.eq_ignore_ascii_case(b"tel");
        let end = if is_tel {
            memchr(b';', rest).unwrap_or(rest.len())
        } else {
            rest.len()
        };
        let (user, params) = split_around(rest, end);
        if user.is_empty() {
            return None;
        }
        Some(Self {
            scheme,
            user: Some(user),
            password: None,
            host: &[],
            port: None,
            params: Params::new(params),
            headers: None,
        })
    }

    fn parse_sip(scheme: &'a [u8], rest: &'a [u8]) -> Option<Self> {
        let (userinfo, rest) = match userinfo_end(rest) {
            Some(at) => {
                let (userinfo, rest) = split_around(rest, at);
                (Some(userinfo), rest)
            }
            None => (None, rest),
        };
        let (user, password) = match userinfo {
            Some(info) => match memchr(b':', info) {
                Some(colon) => {
                    let (user, password) = split_around(info, colon);
                    (Some(user), Some(password))
                }
                None => (Some(info), None),
            },
            None => (None, None),
        };
        let (rest, headers) = match memchr(b'?', rest) {
            Some(mark) => {
                let (rest, headers) = split_around(rest, mark);
                (rest, Some(headers))
            }
            None => (rest, None),
        };
        let (hostport, params) = split_around(rest, memchr(b';', rest).unwrap_or(rest.len()));
        let (host, port) = split_host_port(hostport)?;
        if user.is_some_and(<[u8]>::is_empty) {
            return None;
        }
        Some(Self {
            scheme,
            user,
            password,
            host,
            port,
            params: Params::new(params),
            headers,
        })
    }

    /// Whether the scheme is `sips`.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.scheme.eq_ignore_ascii_case(b"sips")
    }

    /// Whether the scheme is `tel`.
    #[must_use]
    pub fn is_tel(&self) -> bool {
        self.scheme.eq_ignore_ascii_case(b"tel")
    }

    /// The user part with its percent-encoding undone.
    #[must_use]
    pub fn user_decoded(&self) -> Option<Cow<'a, [u8]>> {
        self.user.map(percent_decode)
    }

    /// The host without the brackets of an IPv6 address.
    #[must_use]
    pub fn bare_host(&self) -> &'a [u8] {
        match self.host {
            [b'[', inside @ .., b']'] => inside,
            _ => self.host,
        }
    }

    /// Whether two URIs name the same resource (RFC 3261 §19.1.4).
    ///
    /// Lists longer than any honest peer writes are held to be different unless they are the same octets, so that the
    /// work stays bounded.
    #[must_use]
    pub fn is_equivalent(&self, other: &Uri<'_>) -> bool {
        self == other
            || (self.scheme.eq_ignore_ascii_case(other.scheme)
                && same_decoded(self.user, other.user)
                && same_decoded(self.password, other.password)
                && self.host.eq_ignore_ascii_case(other.host)
                && self.port == other.port
                && params_agree(&self.params, &other.params)
                && params_agree(&other.params, &self.params)
                && headers_agree(self.headers, other.headers))
    }
}

/// Where the `@` that ends the user part stands. The user part may itself hold `;` and `?`, and phones put a whole
/// mail address in front of the `@` of the host without encoding it; so it is the last `@` in front of any `?`.
fn userinfo_end(rest: &[u8]) -> Option<usize> {
    let mark = memchr(b'?', rest).unwrap_or(rest.len());
    memrchr(b'@', rest.get(..mark)?).or_else(|| memchr(b'@', rest))
}

fn is_scheme(scheme: &[u8]) -> bool {
    scheme.first().is_some_and(u8::is_ascii_alphabetic)
        && scheme
            .iter()
            .all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'-' | b'.'))
}

/// Splits `host[:port]`; an empty port counts as none written.
pub(crate) fn split_host_port(text: &[u8]) -> Option<(&[u8], Option<u16>)> {
    let end = match text {
        [b'[', ..] => memchr(b']', text)? + 1,
        _ => memchr(b':', text).unwrap_or(text.len()),
    };
    let (host, rest) = text.split_at_checked(end)?;
    if !is_host(host) {
        return None;
    }
    match rest {
        [] | [b':'] => Some((host, None)),
        [b':', digits @ ..] => Some((host, Some(u16::try_from(decimal(digits)?).ok()?))),
        _ => None,
    }
}

fn is_host(host: &[u8]) -> bool {
    match host {
        [b'[', inside @ .., b']'] => {
            !inside.is_empty()
                && inside
                    .iter()
                    .all(|octet| octet.is_ascii_hexdigit() || matches!(octet, b':' | b'.'))
        }
        // Underscores and octets above ASCII are in no RFC but in some networks' names.
        _ => {
            !host.is_empty()
                && host.iter().all(|octet| {
                    octet.is_ascii_alphanumeric()
                        || matches!(octet, b'.' | b'-' | b'_')
                        || *octet >= 0x80
                })
        }
    }
}

fn same_decoded(ours: Option<&[u8]>, theirs: Option<&[u8]>) -> bool {
    ours.map(percent_decode) == theirs.map(percent_decode)
}

/// How many parameters or headers of a URI are compared.
const COMPARED: usize = 32;

/// These count even where only one of the two URIs has them (RFC 3261 §19.1.4).
const DECISIVE: [&[u8]; 5] = [b"user", b"ttl", b"method", b"maddr", b"transport"];

fn params_agree(ours: &Params<'_>, theirs: &Params<'_>) -> bool {
    let decisive = |name: &[u8]| {
        DECISIVE
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name))
    };
    ours.iter().nth(COMPARED).is_none()
        && ours.iter().all(|param| {
            let counterpart = theirs
                .iter()
                .take(COMPARED)
                .find(|their| their.name.eq_ignore_ascii_case(param.name));
            match (counterpart.map(|their| their.value), param.value) {
                (None, _) => !decisive(param.name),
                (Some(Some(theirs)), Some(ours)) => {
                    percent_decode(ours).eq_ignore_ascii_case(&percent_decode(theirs))
                }
                (Some(theirs), ours) => theirs.is_none() && ours.is_none(),
            }
        })
}

fn headers_agree(ours: Option<&[u8]>, theirs: Option<&[u8]>) -> bool {
    let pieces = |text: Option<&[u8]>| {
        let mut pieces: Vec<_> = text
            .unwrap_or_default()
            .split(|octet| *octet == b'&')
            .map(percent_decode)
            .take(COMPARED + 1)
            .map(Cow::into_owned)
            .collect();
        pieces.sort_unstable();
        pieces
    };
    if ours.is_none() && theirs.is_none() {
        return true;
    }
    let (ours, theirs) = (pieces(ours), pieces(theirs));
    ours.len() <= COMPARED && ours == theirs
}

/// Undoes percent-encoding; a `%` without two hexadecimal digits stays as it is.
#[must_use]
pub fn percent_decode(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr(b'%', text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first == b'%'
            && let [high, low, tail @ ..] = tail
            && let (Some(high), Some(low)) = (hex_digit(*high), hex_digit(*low))
        {
            plain.push(high << 4 | low);
            rest = tail;
        } else {
            plain.push(*first);
        }
    }
    Cow::Owned(plain)
}

fn hex_digit(octet: u8) -> Option<u8> {
    match octet {
        b'0'..=b'9' => Some(octet - b'0'),
        b'a'..=b'f' => Some(octet - b'a' + 10),
        b'A'..=b'F' => Some(octet - b'A' + 10),
        _ => None,
    }
}

/// Appends `plain` to `out` as the user part of a URI, encoding what RFC 3261 §25.1 does not allow there.
pub fn percent_encode_user(plain: &[u8], out: &mut Vec<u8>) {
    for octet in plain {
        let allowed = octet.is_ascii_alphanumeric()
            || matches!(
                octet,
                b'-' | b'_'
                    | b'.'
                    | b'!'
                    | b'~'
                    | b'*'
                    | b'\''
                    | b'('
                    | b')'
                    | b'&'
                    | b'='
                    | b'+'
                    | b'$'
                    | b','
                    | b';'
                    | b'?'
                    | b'/'
            );
        if allowed {
            out.push(*octet);
        } else {
            push_encoded(*octet, out);
        }
    }
}

/// Appends `%XX`.
pub(crate) fn push_encoded(octet: u8, out: &mut Vec<u8>) {
    const DIGITS: [u8; 16] = *b"0123456789ABCDEF";
    out.push(b'%');
    for nibble in [octet >> 4, octet & 15] {
        out.push(DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'0'));
    }
}

#[cfg(test)]
mod tests;
