//! Evidence of a request.

use offhook_delivery::Attempt;
use offhook_store::AttemptRecord;

use super::client::Exchange;

/// What is kept of a request and what came of it.
pub(super) fn record(attempt: &Attempt, exchange: Exchange) -> AttemptRecord {
    AttemptRecord {
        delivery: attempt.delivery,
        n: attempt.n,
        at: exchange.at,
        ms: u32::try_from(exchange.took.as_millis()).unwrap_or(u32::MAX),
        status: exchange.status,
        error: exchange.error.map(|error| error.to_string()),
        request_headers: request_headers(attempt),
        response_headers: exchange.headers,
        response_body: exchange.body,
    }
}

/// The headers sent. The values of those that carry credentials are left out.
pub(super) fn request_headers(attempt: &Attempt) -> Vec<(String, String)> {
    let shown = |name: &str, value: &str| {
        if is_credential(name) {
            "…".to_owned()
        } else {
            value.to_owned()
        }
    };
    attempt
        .headers
        .iter()
        .map(|header| (header.name.to_string(), shown(&header.name, &header.value)))
        .collect()
}

fn is_credential(name: &str) -> bool {
    CREDENTIALS
        .iter()
        .any(|credential| name.eq_ignore_ascii_case(credential))
}

const CREDENTIALS: [&str; 5] = [
    "authorization",
    "cookie",
    "x-api-key",
    "x-auth-token",
    "proxy-authorization",
];
