//! What a client is told when something is wrong, and what only our log is told.

use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use offhook_store::StoreError;
use offhook_store::filter::FilterError;
use serde::Serialize;
use serde_json::{Value, json};

use crate::cookie;
use crate::password::NoRandomness;

/// One complaint, and the field it is about.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct FieldError {
    field: String,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    exchange: Option<Value>,
}

impl FieldError {
    pub(crate) fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            message: message.into(),
            exchange: None,
        }
    }

    /// Whether it is about this field.
    pub(crate) fn is_about(&self, field: &str) -> bool {
        self.field == field
    }

    /// Puts the field under an entry of a list.
    pub(crate) fn put_under(&mut self, entry: &str) {
        self.field = format!("{entry}.{}", self.field);
    }

    /// Adds what was sent and answered when a webhook was tried out.
    pub(crate) fn with_exchange(mut self, exchange: Value) -> Self {
        self.exchange = Some(exchange);
        self
    }
}

/// An answer other than success.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    code: &'static str,
    public: String,
    fields: Vec<FieldError>,
    retry_after: Option<Duration>,
    internal: Option<String>,
    forgets_cookie: bool,
}

impl ApiError {
    fn new(
        status: StatusCode,
        code: &'static str,
        public: impl Into<String>,
        fields: Vec<FieldError>,
    ) -> Self {
        Self {
            status,
            code,
            public: public.into(),
            fields,
            retry_after: None,
            internal: None,
            forgets_cookie: false,
        }
    }

    /// Makes the browser forget the cookie that lets nobody in any more.
    pub(crate) const fn forgetting_the_cookie(mut self) -> Self {
        self.forgets_cookie = true;
        self
    }

    fn about(
        status: StatusCode,
        code: &'static str,
        field: impl Into<String>,
        public: impl Into<String>,
    ) -> Self {
        let public = public.into();
        let error = FieldError::new(field, public.clone());
        Self::new(status, code, public, vec![error])
    }

    fn with_internal(mut self, internal: impl Into<String>) -> Self {
        self.internal = Some(internal.into());
        self
    }

    /// What our log is told.
    pub(crate) fn internal(self) -> String {
        self.internal.unwrap_or(self.public)
    }

    fn with_retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// 400: fields of the body are wrong.
    pub(crate) fn validation(fields: Vec<FieldError>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "validation_failed",
            "Validation failed",
            fields,
        )
    }

    /// 400: one field of the body is wrong.
    pub(crate) fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::validation(vec![FieldError::new(field, message)])
    }

    /// 400: the body is not what a body must be.
    pub(crate) fn bad_json(message: impl Into<String>) -> Self {
        Self::about(StatusCode::BAD_REQUEST, "invalid_json", "body", message)
    }

    /// 400: a parameter of the query string is wrong.
    pub(crate) fn parameter(name: &str, message: impl Into<String>) -> Self {
        Self::about(StatusCode::BAD_REQUEST, "invalid_parameter", name, message)
    }

    /// 400: the credentials in the Authorization header cannot be read.
    pub(crate) fn bad_authorization() -> Self {
        Self::about(
            StatusCode::BAD_REQUEST,
            "invalid_authorization",
            "Authorization",
            "Failed to parse Authorization header credentials",
        )
    }

    /// 401: no token, or one that lets nobody in.
    pub(crate) fn unauthorized() -> Self {
        Self::about(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "X-Auth-Token",
            "Unauthorized",
        )
    }

    /// 401: a login with a wrong address or password; which of the two is not told.
    pub(crate) fn invalid_credentials() -> Self {
        Self::about(
            StatusCode::UNAUTHORIZED,
            "invalid_credentials",
            "password",
            "Invalid credentials",
        )
    }

    /// 403.
    pub(crate) fn access_denied() -> Self {
        Self::about(
            StatusCode::FORBIDDEN,
            "access_denied",
            "role",
            "Access denied",
        )
    }

    /// 401: a ticket that does not exist, was used, or is too old; which of them is not told.
    pub(crate) fn invalid_ticket() -> Self {
        Self::about(
            StatusCode::UNAUTHORIZED,
            "invalid_ticket",
            "ticket",
            "The ticket is wrong, used or expired",
        )
    }

    /// 403: the cookie came with a request that our page did not make.
    pub(crate) fn csrf(header: &str, message: &str) -> Self {
        Self::about(StatusCode::FORBIDDEN, "csrf", header, message)
    }

    /// 404: no such path.
    pub(crate) fn no_route() -> Self {
        Self::about(
            StatusCode::NOT_FOUND,
            "not_found",
            "path",
            "Resource not found",
        )
    }

    /// 404: no such row, or a call that has ended.
    pub(crate) fn not_found() -> Self {
        Self::about(
            StatusCode::NOT_FOUND,
            "not_found",
            "id",
            "Resource not found",
        )
    }

    /// 416: the range lies beyond the end.
    pub(crate) fn range() -> Self {
        Self::about(
            StatusCode::RANGE_NOT_SATISFIABLE,
            "range_not_satisfiable",
            "Range",
            "The range lies beyond the end",
        )
    }

    /// 404: nobody has the number that a text goes to.
    pub(crate) fn unknown_number() -> Self {
        Self::about(
            StatusCode::NOT_FOUND,
            "unknown_number",
            "to",
            "Nobody has this number",
        )
    }

    /// 405.
    pub(crate) fn method_not_allowed() -> Self {
        Self::about(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "method",
            "Method not allowed",
        )
    }

    /// 409.
    pub(crate) fn conflict(field: &str, message: impl Into<String>) -> Self {
        Self::about(StatusCode::CONFLICT, "conflict", field, message)
    }

    /// 410: the cursor points at events that are no longer kept.
    pub(crate) fn expired_cursor() -> Self {
        Self::about(
            StatusCode::GONE,
            "cursor_expired",
            "after",
            "The events after this cursor are no longer kept",
        )
    }

    /// 412: whoever is to be rung first has no phone that could ring.
    pub(crate) fn no_phone() -> Self {
        Self::about(
            StatusCode::PRECONDITION_FAILED,
            "no_phone",
            "from",
            "No phone of this user is registered",
        )
    }

    /// 413.
    pub(crate) fn too_large() -> Self {
        Self::about(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body_too_large",
            "body",
            "The body is larger than 64 KiB",
        )
    }

    /// 413: a text message has its own limit.
    pub(crate) fn text_too_long(field: &str) -> Self {
        Self::about(
            StatusCode::PAYLOAD_TOO_LARGE,
            "text_too_long",
            field,
            "The text is longer than 1600 characters",
        )
    }

    /// 415.
    pub(crate) fn wrong_content_type() -> Self {
        Self::about(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_content_type",
            "Content-Type",
            "Content-Type must be application/json",
        )
    }

    /// 429: too many wrong guesses.
    pub(crate) fn too_many_guesses(field: &str, wait: Duration) -> Self {
        Self::about(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_attempts",
            field,
            "Too many failed attempts, try again later",
        )
        .with_retry_after(wait)
    }

    /// 501: recordings are to be had as `.wav` only.
    pub(crate) fn not_built() -> Self {
        Self::about(
            StatusCode::NOT_IMPLEMENTED,
            "not_built",
            "server",
            "This server was built without the encoder for MP3; ask for .wav",
        )
    }

    /// 503: a file or a part of the server cannot be used at this moment.
    pub(crate) fn unavailable(internal: impl Into<String>) -> Self {
        Self::about(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "server",
            "The server cannot do this at the moment, try again",
        )
        .with_retry_after(Duration::from_secs(1))
        .with_internal(internal)
    }

    /// 503: every place for an event stream is taken.
    pub(crate) fn too_many_streams() -> Self {
        Self::about(
            StatusCode::SERVICE_UNAVAILABLE,
            "too_many_streams",
            "server",
            "Too many event streams are open",
        )
        .with_retry_after(Duration::from_secs(10))
    }

    /// 503: not ready, with its reasons.
    pub(crate) fn not_ready(faults: Vec<String>) -> Self {
        let fields = faults
            .into_iter()
            .map(|fault| FieldError::new("server", fault))
            .collect();
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "not_ready",
            "Not ready",
            fields,
        )
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict { what } => conflict(&what),
            StoreError::Dangling { field, id, kind } => {
                Self::field(field, format!("{id} is not the id of a {kind}"))
            }
            StoreError::Full { what } => Self::conflict("body", format!("finds no room: {what}")),
            StoreError::InUse { by } => {
                Self::conflict("id", format!("is still in use: {by} needs it"))
            }
            StoreError::NotFound => Self::not_found(),
            StoreError::Taken { field, by } => {
                Self::conflict(field, format!("is already taken by {by}"))
            }
            StoreError::TooBroad => Self::about(
                StatusCode::BAD_REQUEST,
                "filter_too_broad",
                "filter",
                "The query takes over one second; narrow the filter",
            ),
            other @ (StoreError::Corrupt { .. }
            | StoreError::Newer { .. }
            | StoreError::Unavailable { .. }
            | _) => Self::unavailable(chain(&other)),
        }
    }
}

impl From<FilterError> for ApiError {
    fn from(error: FilterError) -> Self {
        let field = FieldError::new(error.field, error.message);
        Self::new(
            StatusCode::BAD_REQUEST,
            "filtration_error",
            "Filtration error",
            vec![field],
        )
    }
}

impl From<NoRandomness> for ApiError {
    fn from(error: NoRandomness) -> Self {
        Self::unavailable(error.to_string())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        if let Some(internal) = &self.internal {
            tracing::error!(
                code = self.code,
                internal,
                "a request was answered {}",
                self.status
            );
        }
        let body = json!({"message": self.public, "code": self.code, "errors": self.fields});
        let mut response = (self.status, Json(body)).into_response();
        if let Some(wait) = self.retry_after {
            let seconds = wait.as_secs().max(1);
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.forgets_cookie {
            response
                .headers_mut()
                .insert(header::SET_COOKIE, cookie::signed_out());
        }
        if self.status == StatusCode::UNAUTHORIZED {
            // Not Basic: a browser would open its own dialog on every expired session.
            let challenge = HeaderValue::from_static("Token realm=\"offhook\"");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// Turns the column that SQLite names into the field that the client knows.
fn conflict(what: &str) -> ApiError {
    if what == "user.role" {
        return ApiError::conflict("role", "at least one active admin must be left");
    }
    let column = what.rsplit(['.', ' ']).next().unwrap_or_default();
    match column {
        "" => ApiError::conflict("id", "is still in use"),
        column => ApiError::conflict(column, "is already taken"),
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
