//! The web page: files built by Vite and embedded, and the policy that browsers hold it to.
//!
//! A path that names a file gives it; any other path without an extension gives the page, which knows its own
//! screens. Paths of the API never come here.

use std::borrow::Cow;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rust_embed::{EmbeddedFile, RustEmbed};
use tower_http::compression::CompressionLayer;

use crate::error::ApiError;

/// The built page, if it was built. A debug build reads the folder each time, so that the page can be built anew under
/// a server that runs.
#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Files;

/// Stands in for a page that was not built.
const STUB: &str = "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Offhook</title>\n\
    <h1>The page is not built</h1>\n<p>Offhook runs, and its REST API answers under <code>/v1.1</code>. To have its \
    web page, too, install Node.js 20.19 or later and run <code>make build</code> or <code>make run</code>.</p>\n</html>\n";

const INDEX: &str = "index.html";

/// Stands in the built page where the nonce of each answer goes (`cspNonce` in `vite.config.ts`).
const NONCE: &str = "OFFHOOK_NONCE";

/// Marks the answers that a browser may keep.
#[derive(Clone, Copy, Debug)]
struct MayBeKept;

/// Names under this folder have a hash of their content in them.
const HASHED: &str = "assets/";

/// The page's own router, to which whatever is no path of the API falls back.
pub(crate) fn router() -> Router {
    // The files only: answers of the API hold secrets beside text of others, whose length must not tell of them.
    Router::new().fallback(serve).layer(CompressionLayer::new())
}

async fn serve(request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    if is_of_the_api(path) || ![Method::GET, Method::HEAD].contains(request.method()) {
        return ApiError::no_route().into_response();
    }
    match Files::get(path) {
        Some(file) if path != INDEX => asset(path, &file, request.headers()),
        None if is_asset(path) => StatusCode::NOT_FOUND.into_response(),
        Some(_) | None if is_for_a_person(request.headers()) => page(),
        Some(_) | None => ApiError::no_route().into_response(),
    }
}

/// What has no route under the API's bases or beside them is told so in its own words, whoever asks.
fn is_of_the_api(path: &str) -> bool {
    let first = path.split('/').next().unwrap_or_default();
    let version = first.strip_prefix('v').unwrap_or_default();
    version.starts_with(|c: char| c.is_ascii_digit())
        || ["healthz", "metrics", "openapi.json", "readyz"].contains(&first)
}

/// Browsers ask for HTML by name when a person opens an address. A probe or a script with a wrong path must not be told
/// that all is well.
fn is_for_a_person(headers: &HeaderMap) -> bool {
    let accepts = |value: &HeaderValue| {
        value
            .to_str()
            .is_ok_and(|value| value.contains("text/html"))
    };
    headers.get_all(header::ACCEPT).iter().any(accepts)
}

/// The page's own screens have no dot in their addresses.
fn is_asset(path: &str) -> bool {
    path.rsplit('/')
        .next()
        .is_some_and(|name| name.contains('.'))
}

fn asset(path: &str, file: &EmbeddedFile, headers: &HeaderMap) -> Response {
    let hash: String = file
        .metadata
        .sha256_hash()
        .iter()
        .map(|octet| format!("{octet:02x}"))
        .collect();
    let tag = format!("\"{hash}\"");
    let cache = if path.starts_with(HASHED) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let known = headers.get(header::IF_NONE_MATCH);
    let head = [
        (header::CACHE_CONTROL, cache.to_owned()),
        (header::ETAG, tag.clone()),
        (header::CONTENT_TYPE, file.metadata.mimetype().to_owned()),
    ];
    if known.is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, Extension(MayBeKept), head).into_response();
    }
    (Extension(MayBeKept), head, file.data.clone()).into_response()
}

/// The page with a fresh nonce, by which its style elements are told from those that somebody smuggled in.
fn page() -> Response {
    let mut draw = [0; 16];
    if let Err(error) = getrandom::fill(&mut draw) {
        return ApiError::unavailable(format!("the system gives no random octets: {error}"))
            .into_response();
    }
    let nonce = STANDARD.encode(draw);
    let file = Files::get(INDEX);
    let html = file.as_ref().map_or(Cow::Borrowed(STUB), |file| {
        String::from_utf8_lossy(&file.data)
    });
    let policy = format!(
        "default-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; object-src 'none'; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    let head = [
        (header::CONTENT_SECURITY_POLICY, policy.as_str()),
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::REFERRER_POLICY, "same-origin"),
    ];
    (head, render(&html, &nonce)).into_response()
}

/// The page with this answer's nonce wherever the build left a place for it.
fn render(html: &str, nonce: &str) -> String {
    html.replace(NONCE, nonce)
}

/// What every answer says to a browser.
pub(crate) async fn guard(mut response: Response) -> Response {
    let may_be_kept = response.extensions().get::<MayBeKept>().is_some();
    let headers = response.headers_mut();
    if !may_be_kept {
        // Answers hold calls and people: no cache may keep them.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    // What is opened by itself, such as an exported text, runs nothing and is framed by nobody.
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(
            "default-src 'none'; frame-ancestors 'none'",
        ));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nonce_stands_wherever_the_build_left_a_place() {
        let built =
            r#"<meta property="csp-nonce" nonce="OFFHOOK_NONCE"><script nonce="OFFHOOK_NONCE">"#;
        assert_eq!(
            render(built, "r4nd=="),
            r#"<meta property="csp-nonce" nonce="r4nd=="><script nonce="r4nd==">"#
        );
    }

    #[test]
    fn the_policy_has_the_nonce_of_the_page() {
        let response = page();
        let policy = &response.headers()[header::CONTENT_SECURITY_POLICY];
        let nonce = policy.to_str().unwrap().split("'nonce-").nth(1).unwrap();
        assert_eq!(nonce.find('\''), Some(24), "16 octets in base64: {nonce}");
    }
}
