//! Whether a request that carries the cookie was made by our own page: a browser sends the cookie for any page of the same
//! site, which other ports of the host are too.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};

use crate::Api;
use crate::error::ApiError;

/// A page of another origin can send this header only where we allow it (CORS), and we never do.
const HEADER: &str = "x-offhook-csrf";

/// A request that sets the cookie, made by our page or by no page at all. Else a foreign page could sign somebody in as
/// somebody else, who then reads along.
pub(crate) struct FromOurPage {
    /// The page came by TLS.
    pub(crate) by_tls: bool,
}

impl FromRequestParts<Api> for FromOurPage {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _api: &Api) -> Result<Self, ApiError> {
        marked(&parts.headers)?;
        if parts.headers.contains_key(header::ORIGIN) {
            same_origin(&parts.headers)?;
        }
        let origin = only(&parts.headers, header::ORIGIN.as_str());
        Ok(Self {
            by_tls: origin.is_some_and(|origin| origin.starts_with("https://")),
        })
    }
}

/// Judges a request whose credentials are the cookie.
///
/// # Errors
/// 403 for one that a browser says a foreign page made, and for one that changes something and was not made by our page.
pub(crate) fn check(method: &Method, headers: &HeaderMap) -> Result<(), ApiError> {
    if !is_fetched_by_us(headers) {
        return Err(ApiError::csrf(
            "Sec-Fetch-Site",
            "The request was made by a page of another origin",
        ));
    }
    if [Method::GET, Method::HEAD, Method::OPTIONS].contains(method) {
        return Ok(());
    }
    marked(headers)?;
    same_origin(headers)
}

fn marked(headers: &HeaderMap) -> Result<(), ApiError> {
    match headers.get(HEADER) {
        Some(value) if value.as_bytes() == b"1" => Ok(()),
        Some(_) | None => Err(ApiError::csrf(
            "X-Offhook-CSRF",
            "The header X-Offhook-CSRF: 1 is missing",
        )),
    }
}

fn same_origin(headers: &HeaderMap) -> Result<(), ApiError> {
    let own = only(headers, header::ORIGIN.as_str())
        .zip(only(headers, header::HOST.as_str()))
        .is_some_and(|(origin, host)| is_own(origin, host));
    own.then_some(())
        .ok_or_else(|| ApiError::csrf("Origin", "The request was made by a page of another origin (a proxy in front must pass Host on as it is)"))
}

/// Other ports of our host are of the same site, so their pages' reads carry the cookie, too: they would prolong the
/// session and hold streams open. Browsers say who asks (Fetch Metadata); a client that does not say is no page.
fn is_fetched_by_us(headers: &HeaderMap) -> bool {
    match only(headers, "sec-fetch-site") {
        Some(site) => ["same-origin", "none"].contains(&site),
        None => !headers.contains_key("sec-fetch-site"),
    }
}

fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// Whether the authority of `origin` is the request's host. Behind a proxy that speaks TLS the scheme is not ours, so either
/// passes; a port that is the scheme's usual one may be left out (RFC 6454 section 6.1).
fn is_own(origin: &str, host: &str) -> bool {
    let split = [("http://", ":80"), ("https://", ":443")]
        .iter()
        .find_map(|(scheme, port)| origin.strip_prefix(scheme).map(|rest| (rest, *port)));
    split.is_some_and(|(authority, port)| {
        let plain = |text: &str| text.strip_suffix(port).unwrap_or(text).to_ascii_lowercase();
        !authority.is_empty() && plain(authority) == plain(host)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_our_own_when_its_authority_is_the_host() {
        for (origin, host) in [
            ("http://127.0.0.1:8080", "127.0.0.1:8080"),
            ("http://[::1]:8080", "[::1]:8080"),
            ("https://pbx.example", "pbx.example"),
            ("https://pbx.example", "PBX.example:443"),
            ("http://pbx.example", "pbx.example:80"),
        ] {
            assert!(is_own(origin, host), "{origin} {host}");
        }
    }

    #[test]
    fn every_other_origin_is_foreign() {
        for origin in [
            "null",
            "",
            "pbx.example",
            "http://",
            "http://pbx.example:8081",
            "http://evil.example",
            "http://pbx.example.evil.example",
            "http://pbx.example/",
            "http://evil.example@pbx.example",
            "file://pbx.example",
            "https://pbx.example:80",
        ] {
            assert!(!is_own(origin, "pbx.example"), "{origin}");
        }
        assert!(!is_own("http://", ""));
    }
}
