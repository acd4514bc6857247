//! What a supervisor asks.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::Api;
use crate::error::ApiError;

/// `GET /healthz`: the process answers.
pub(super) async fn alive() -> Response {
    Json(json!({"status": "ok"})).into_response()
}

/// `GET /readyz`: it can take calls.
pub(super) async fn ready(State(api): State<Api>) -> Result<Response, ApiError> {
    let faults = api.inner.ports.readiness.faults();
    if faults.is_empty() {
        Ok(Json(json!({"status": "ready"})).into_response())
    } else {
        Err(ApiError::not_ready(faults))
    }
}
