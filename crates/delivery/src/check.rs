//! What an admin may enter: the address of a webhook and its headers.

use std::net::{IpAddr, SocketAddr};

use url::{Host, Url};

use crate::address::{AddressPolicy, Forbidden};

/// Why a text is not the address of a webhook.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum UrlError {
    /// A literal address that the policy forbids.
    #[error("{0}")]
    Forbidden(#[from] Forbidden),
    /// It has a fragment, which would never be sent.
    #[error("the URL must not have a fragment (#…)")]
    Fragment,
    /// Not a URL.
    #[error("not a URL: {0}")]
    Malformed(String),
    /// It has no host.
    #[error("the URL has no host")]
    NoHost,
    /// Some other scheme.
    #[error("the URL must start with https://")]
    NotHttps,
    /// Nothing listens on port 0.
    #[error("port 0 cannot be connected to")]
    PortZero,
    /// Longer than we keep.
    #[error("the URL is longer than {MAX_URL} characters")]
    TooLong,
}

/// Reads the address of a webhook (as browsers do, so `https://0x7f.1/` is `127.0.0.1`) and asks the policy if it is a literal.
///
/// # Errors
/// Says what is wrong with it, in words for an admin.
pub fn check_url(text: &str, policy: &AddressPolicy) -> Result<Url, UrlError> {
    if text.len() > MAX_URL {
        return Err(UrlError::TooLong);
    }
    let url = Url::parse(text).map_err(|error| UrlError::Malformed(error.to_string()))?;
    if url.scheme() != "https" {
        return Err(UrlError::NotHttps);
    }
    if url.fragment().is_some() {
        return Err(UrlError::Fragment);
    }
    let port = url.port_or_known_default().unwrap_or(443);
    if port == 0 {
        return Err(UrlError::PortZero);
    }
    let literal = match url.host().ok_or(UrlError::NoHost)? {
        Host::Domain(name) if name.trim_end_matches('.').is_empty() => {
            return Err(UrlError::NoHost);
        }
        Host::Domain(_) => None,
        Host::Ipv4(ip) => Some(IpAddr::V4(ip)),
        Host::Ipv6(ip) => Some(IpAddr::V6(ip)),
    };
    if let Some(ip) = literal {
        policy.check(SocketAddr::new(ip, port))?;
    }
    Ok(url)
}

/// Why an admin's headers are refused.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum HeaderError {
    /// Not a token of RFC 9110.
    #[error("{0:?} is not the name of a header")]
    Name(String),
    /// Set by us or by HTTP itself.
    #[error("the header {0} is set by Offhook")]
    Reserved(String),
    /// The same name twice.
    #[error("the header {0} is given twice")]
    Twice(String),
    /// Too many.
    #[error("more than {MAX_HEADERS} headers")]
    TooMany,
    /// Has control or other octets that a header cannot carry, or is too long.
    #[error("the value of {0} must be printable ASCII, at most {MAX_VALUE} characters")]
    Value(String),
}

/// Checks the headers that an admin wants with every request.
///
/// # Errors
/// Names the first one that cannot be had.
pub fn check_headers<N: AsRef<str>, V: AsRef<str>>(headers: &[(N, V)]) -> Result<(), HeaderError> {
    if headers.len() > MAX_HEADERS {
        return Err(HeaderError::TooMany);
    }
    for (index, (name, value)) in headers.iter().enumerate() {
        let (name, value) = (name.as_ref(), value.as_ref());
        if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(is_token) {
            return Err(HeaderError::Name(name.to_owned()));
        }
        if is_reserved(name) {
            return Err(HeaderError::Reserved(name.to_owned()));
        }
        if headers
            .iter()
            .take(index)
            .any(|(earlier, _)| earlier.as_ref().eq_ignore_ascii_case(name))
        {
            return Err(HeaderError::Twice(name.to_owned()));
        }
        if value.len() > MAX_VALUE || !value.bytes().all(|b| matches!(b, b' '..=b'~')) {
            return Err(HeaderError::Value(name.to_owned()));
        }
    }
    Ok(())
}

fn is_token(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b)
}

fn is_reserved(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    RESERVED.contains(&name.as_str())
        || RESERVED_PREFIXES
            .iter()
            .any(|prefix| name.starts_with(prefix))
}

const MAX_URL: usize = 2_048;
const MAX_HEADERS: usize = 32;
const MAX_NAME: usize = 128;
const MAX_VALUE: usize = 4_096;
const RESERVED_PREFIXES: [&str; 3] = ["offhook-", "proxy-", "webhook-"];
const RESERVED: [&str; 14] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<String, UrlError> {
        check_url(text, &AddressPolicy::default()).map(String::from)
    }

    #[test]
    fn an_https_address_is_taken() {
        assert_eq!(
            check("https://example.com/hook?x=1").unwrap(),
            "https://example.com/hook?x=1"
        );
        assert_eq!(
            check("https://user:pass@example.com").unwrap(),
            "https://user:pass@example.com/"
        );
        assert_eq!(
            check("https://8.8.8.8:8443/").unwrap(),
            "https://8.8.8.8:8443/"
        );
        assert_eq!(
            check("HTTPS://EXAMPLE.com.").unwrap(),
            "https://example.com./"
        );
    }

    #[test]
    fn what_is_wrong_with_an_address_is_said() {
        assert_eq!(check("http://example.com/"), Err(UrlError::NotHttps));
        assert_eq!(check("ftp://example.com/"), Err(UrlError::NotHttps));
        assert_eq!(check("https://example.com/#top"), Err(UrlError::Fragment));
        assert_eq!(check("https://example.com:0/"), Err(UrlError::PortZero));
        assert_eq!(
            check(&format!("https://example.com/{}", "a".repeat(2_048))),
            Err(UrlError::TooLong)
        );
        for text in [
            "",
            "example.com",
            "https://",
            "https://exa mple.com/",
            "https://[::1",
            "https://1.2.3.4.5/",
        ] {
            assert!(matches!(check(text), Err(UrlError::Malformed(_))), "{text}");
        }
        assert_eq!(check("https://./"), Err(UrlError::NoHost));
    }

    #[test]
    fn every_spelling_of_a_private_literal_is_refused() {
        for host in [
            "127.0.0.1",
            "0x7f.1",
            "0177.0.0.1",
            "2130706433",
            "127.1",
            "[::1]",
            "[::ffff:10.0.0.1]",
            "0",
            "①②⑦.0.0.1",
            "127.0.0.1.",
        ] {
            let checked = check(&format!("https://{host}/"));
            assert!(
                matches!(checked, Err(UrlError::Forbidden(Forbidden::Private(_)))),
                "{host}: {checked:?}"
            );
        }
        let metadata = check("https://169.254.169.254/latest/");
        assert!(
            matches!(metadata, Err(UrlError::Forbidden(Forbidden::Metadata(_)))),
            "{metadata:?}"
        );
    }

    #[test]
    fn headers_that_would_inject_or_override_are_refused() {
        assert_eq!(
            check_headers(&[("Authorization", "Bearer x"), ("X-Team", "a b")]),
            Ok(())
        );
        for value in ["a\r\nb: c", "a\nb", "a\0b", "\u{7f}", "ü", "\t"] {
            assert_eq!(
                check_headers(&[("X-A", value)]),
                Err(HeaderError::Value("X-A".to_owned())),
                "{value:?}"
            );
        }
        for name in ["", "a b", "a:b", "x\r\ny", "ü", "(x)"] {
            assert_eq!(
                check_headers(&[(name, "v")]),
                Err(HeaderError::Name(name.to_owned())),
                "{name:?}"
            );
        }
        for name in [
            "Host",
            "CONTENT-LENGTH",
            "Transfer-Encoding",
            "webhook-id",
            "Webhook-Signature",
            "Offhook-Event",
            "User-Agent",
            "Proxy-Authorization",
        ] {
            assert_eq!(
                check_headers(&[(name, "v")]),
                Err(HeaderError::Reserved(name.to_owned())),
                "{name:?}"
            );
        }
        assert_eq!(
            check_headers(&[("X-A", "1"), ("x-a", "2")]),
            Err(HeaderError::Twice("x-a".to_owned()))
        );
        assert_eq!(
            check_headers(&vec![("X-A", "1"); 33]),
            Err(HeaderError::TooMany)
        );
    }
}
