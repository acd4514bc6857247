//! One request and what came of it.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{HOST, HeaderName, LOCATION, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use offhook_base::Wall;
use offhook_delivery::{AddressPolicy, Attempt, Outcome, parse_retry_after};
use rustls::ClientConfig;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::body;
use super::connect::Dialer;
use super::error::AttemptError;
use super::pool::{Connection, Origin, Pool, keep_alive};
use crate::node::now;

/// What came of a request.
#[derive(Clone, Debug)]
pub(super) struct Exchange {
    /// When it began.
    pub(super) at: Wall,
    /// How long it took.
    pub(super) took: Duration,
    /// Status of the answer, where one came.
    pub(super) status: Option<u16>,
    /// Why it does not count as delivered.
    pub(super) error: Option<AttemptError>,
    /// Headers of the answer.
    pub(super) headers: Vec<(String, String)>,
    /// The beginning of the answer's body.
    pub(super) body: Bytes,
    /// What the engine is told.
    pub(super) outcome: Outcome,
}

/// Sends requests over connections of its own.
pub(super) struct Client {
    dialer: Dialer,
    pool: RefCell<Pool>,
}

/// Why no answer came over a connection.
enum Unanswered {
    /// It was dead before an octet of an answer came: on a connection that was used before, no fault of the receiver.
    Dead(AttemptError),
    Failed(AttemptError),
}

impl Client {
    pub(super) fn new(tls: Arc<ClientConfig>, policy: AddressPolicy) -> Self {
        Self {
            dialer: Dialer::new(tls, policy),
            pool: RefCell::default(),
        }
    }

    /// Makes one request. Everything up to the headers of the answer takes no longer than the endpoint's timeout, and
    /// the body no more than a second on top of that.
    pub(super) async fn exchange(&self, attempt: &Attempt) -> Exchange {
        let (at, started) = (now().wall, Instant::now());
        let deadline = started + attempt.timeout;
        match self.answer(attempt, deadline).await {
            Err(error) => Exchange {
                at,
                took: started.elapsed(),
                status: None,
                outcome: Outcome::Unreachable {
                    timed_out: error.code == "timeout",
                },
                error: Some(error),
                headers: Vec::new(),
                body: Bytes::new(),
            },
            Ok((response, connection, origin)) => {
                let (head, incoming) = response.into_parts();
                let text = |name| {
                    head.headers
                        .get(name)
                        .and_then(|value: &HeaderValue| value.to_str().ok())
                };
                let retry_after =
                    text(RETRY_AFTER).and_then(|value| parse_retry_after(value, now().wall));
                let by = (Instant::now() + BODY).min(deadline + BODY_BEYOND);
                let read = body::read(incoming, by).await;
                if read.complete {
                    let keep = text(HeaderName::from_static("keep-alive")).and_then(keep_alive);
                    self.pool
                        .borrow_mut()
                        .checkin(origin, connection, Instant::now(), keep);
                }
                Exchange {
                    at,
                    took: started.elapsed(),
                    status: Some(head.status.as_u16()),
                    error: AttemptError::status(head.status, text(LOCATION)),
                    outcome: Outcome::Answered {
                        status: head.status.as_u16(),
                        retry_after,
                    },
                    headers: printable(&head.headers),
                    body: read.body,
                }
            }
        }
    }

    /// Closes connections that have been idle for too long; false when none is left.
    pub(super) fn sweep(&self) -> bool {
        let mut pool = self.pool.borrow_mut();
        pool.sweep(Instant::now());
        !pool.is_empty()
    }

    async fn answer(
        &self,
        attempt: &Attempt,
        deadline: Instant,
    ) -> Result<(Response<Incoming>, Connection, Origin), AttemptError> {
        let url = &attempt.url;
        let host = url
            .host_str()
            .ok_or_else(|| AttemptError::new("url", "the URL has no host"))?;
        let origin = Origin {
            host: host.to_owned(),
            port: url.port_or_known_default().unwrap_or(443),
        };
        let idle = self.pool.borrow_mut().checkout(&origin, Instant::now());
        if let Some(connection) = idle {
            match send(
                connection,
                request(attempt)?,
                &origin,
                deadline,
                attempt.timeout,
            )
            .await
            {
                Ok((response, connection)) => return Ok((response, connection, origin)),
                Err(Unanswered::Failed(error)) => return Err(error),
                // The receiver closed it while it was idle: once more at once, and that is not an attempt of its own.
                Err(Unanswered::Dead(error)) => {
                    tracing::trace!(%error, "an idle connection was dead")
                }
            }
        }
        let connection = self.dialer.dial(url, &origin, deadline).await?;
        match send(
            connection,
            request(attempt)?,
            &origin,
            deadline,
            attempt.timeout,
        )
        .await
        {
            Ok((response, connection)) => Ok((response, connection, origin)),
            Err(Unanswered::Dead(error) | Unanswered::Failed(error)) => Err(error),
        }
    }
}

async fn send(
    mut connection: Connection,
    request: Request<Full<Bytes>>,
    origin: &Origin,
    deadline: Instant,
    timeout: Duration,
) -> Result<(Response<Incoming>, Connection), Unanswered> {
    let answer = async {
        connection.sender.ready().await?;
        connection.sender.send_request(request).await
    };
    match timeout_at(deadline, answer).await {
        Err(_) => Err(Unanswered::Failed(AttemptError::timeout(
            &format!("the answer of {}", origin.host),
            timeout,
        ))),
        Ok(Err(error)) if error.is_parse() => {
            Err(Unanswered::Failed(AttemptError::http(&origin.host, &error)))
        }
        Ok(Err(error)) => Err(Unanswered::Dead(AttemptError::http(&origin.host, &error))),
        Ok(Ok(response)) => Ok((response, connection)),
    }
}

fn request(attempt: &Attempt) -> Result<Request<Full<Bytes>>, AttemptError> {
    let wrong = |what: &str| AttemptError::new("url", format!("{what} cannot be sent"));
    let mut headers = HeaderMap::with_capacity(attempt.headers.len() + 2);
    headers.insert(
        HOST,
        HeaderValue::from_str(&authority(&attempt.url)).map_err(|_| wrong("the host"))?,
    );
    for header in &attempt.headers {
        let name =
            HeaderName::from_bytes(header.name.as_bytes()).map_err(|_| wrong(&header.name))?;
        headers.insert(
            name,
            HeaderValue::from_str(&header.value).map_err(|_| wrong(&header.name))?,
        );
    }
    let target = match attempt.url.query() {
        Some(query) => format!("{}?{query}", attempt.url.path()),
        None => attempt.url.path().to_owned(),
    };
    let body = Full::new(Bytes::from_owner(Arc::clone(&attempt.event.body)));
    let mut request = Request::new(body);
    *request.method_mut() = Method::POST;
    *request.uri_mut() = target.parse().map_err(|_| wrong("the path"))?;
    *request.headers_mut() = headers;
    Ok(request)
}

fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

fn printable(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), text(value)))
        .collect()
}

const BODY: Duration = Duration::from_secs(2);
/// An attempt ends within its timeout and a second.
const BODY_BEYOND: Duration = Duration::from_millis(900);
