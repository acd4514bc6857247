//! The test of a webhook that is being saved, or tried by its admin.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use offhook_base::{EventRecord, Secret, WebhookId};
use offhook_delivery::{AddressPolicy, Attempt, Endpoint, Health, Order, UrlError, check_url};

use super::attempt::request_headers;
use super::error::AttemptError;
use super::inbox::Inbox;
use crate::node::now;

/// What to send where.
#[derive(Clone, Debug)]
pub(crate) struct TestRequest {
    /// For `Offhook-Webhook`.
    pub(crate) webhook: WebhookId,
    /// Its address, as entered.
    pub(crate) url: String,
    /// Headers the admin added.
    pub(crate) headers: Vec<(String, String)>,
    /// Secrets to sign with, newest first.
    pub(crate) secrets: Vec<Secret<String>>,
    /// How long the receiver may take; no more than 10 s are given.
    pub(crate) timeout: Duration,
    /// The `webhook.test`.
    pub(crate) event: EventRecord,
}

/// The whole exchange, as far as it came.
#[derive(Clone, Debug, Default)]
pub(crate) struct TestResult {
    /// Why it counts as failed; `None` when the receiver answered 2xx.
    pub(crate) error: Option<AttemptError>,
    /// Headers sent, without credentials.
    pub(crate) request_headers: Vec<(String, String)>,
    /// Status of the answer, where one came.
    pub(crate) status: Option<u16>,
    /// Headers of the answer.
    pub(crate) response_headers: Vec<(String, String)>,
    /// The beginning of the answer's body.
    pub(crate) response_body: Bytes,
    /// How long it took.
    pub(crate) took: Duration,
}

pub(super) async fn test(
    inbox: &Inbox,
    policy: &AddressPolicy,
    version: &str,
    request: TestRequest,
) -> TestResult {
    let url = match check_url(&request.url, policy) {
        Ok(url) => url,
        Err(error) => {
            let code = if matches!(error, UrlError::Forbidden(_)) {
                "address_forbidden"
            } else {
                "url"
            };
            let error = AttemptError::new(code, error.to_string());
            return TestResult {
                error: Some(error),
                ..TestResult::default()
            };
        }
    };
    let endpoint = Endpoint {
        id: request.webhook,
        url,
        events: Vec::new(),
        contexts: Vec::new(),
        active: true,
        order: Order::None,
        timeout: request.timeout.min(LIMIT),
        headers: request.headers,
        secrets: request.secrets,
        health: Health::default(),
    };
    let attempt = Attempt::single(version, &endpoint, Arc::new(request.event), now().wall);
    let request_headers = request_headers(&attempt);
    let Some(exchange) = inbox.test(attempt).await else {
        let error = AttemptError::new("stopping", "Offhook is stopping");
        return TestResult {
            error: Some(error),
            request_headers,
            ..TestResult::default()
        };
    };
    TestResult {
        error: exchange.error,
        request_headers,
        status: exchange.status,
        response_headers: exchange.headers,
        response_body: exchange.body,
        took: exchange.took,
    }
}

/// The headers of the answer come by then; an endless body may take most of a second more.
const LIMIT: Duration = Duration::from_secs(9);
