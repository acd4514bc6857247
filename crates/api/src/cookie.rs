//! The cookie that keeps a browser signed in: a session's token under a name of its own.

use axum::http::{HeaderMap, HeaderValue, header};
use offhook_base::Secret;

const NAME: &str = "offhook_session";

/// The token that the request's cookie holds. Two cookies of the name tell that somebody planted one (any server on the
/// same host may), and neither counts.
pub(crate) fn read(headers: &HeaderMap) -> Option<Secret<String>> {
    let mut tokens = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(name, _)| *name == NAME)
        .map(|(_, token)| token);
    match (tokens.next(), tokens.next()) {
        (Some(token), None) => Some(Secret::new(token.to_owned())),
        (Some(_), Some(_)) | (None, _) => None,
    }
}

/// `Set-Cookie` of a new session. No script can read it, and no page of another site has it sent; where the page came by
/// TLS (through a proxy), nothing without TLS either.
pub(crate) fn signed_in(token: &Secret<String>, by_tls: bool) -> Option<HeaderValue> {
    let secure = if by_tls { "; Secure" } else { "" };
    let text = format!(
        "{NAME}={}; Path=/; HttpOnly; SameSite=Strict{secure}",
        token.expose()
    );
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// `Set-Cookie` that makes the browser forget it.
pub(crate) const fn signed_out() -> HeaderValue {
    HeaderValue::from_static("offhook_session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(cookies: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(header::COOKIE, HeaderValue::from_str(cookie).unwrap());
        }
        read(&headers).map(|token| token.expose().clone())
    }

    #[test]
    fn the_token_is_found_among_other_cookies() {
        assert_eq!(token(&["offhook_session=ab"]).as_deref(), Some("ab"));
        assert_eq!(
            token(&["a=b; offhook_session=ab;c", "d=e"]).as_deref(),
            Some("ab")
        );
        assert_eq!(token(&["x_offhook_session=ab; offhook_session2=c"]), None);
        assert_eq!(token(&[]), None);
    }

    #[test]
    fn of_two_neither_counts() {
        assert_eq!(token(&["offhook_session=ab; offhook_session=cd"]), None);
        assert_eq!(token(&["offhook_session=ab", "offhook_session=ab"]), None);
    }
}
