//! Envelopes of the answers.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use offhook_store::filter::Page;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// `{"data":[…],"total":N}`
pub(crate) fn list<T: Serialize>(page: &Page<T>) -> Response {
    Json(json!({"data": page.data, "total": page.total})).into_response()
}

/// 200 `{"data":{…},"links":{}}`
pub(crate) fn one(row: impl Serialize) -> Response {
    Json(json!({"data": row, "links": {}})).into_response()
}

/// 201 `{"data":{…},"links":{}}`
pub(crate) fn created(row: impl Serialize) -> Response {
    (StatusCode::CREATED, one(row)).into_response()
}

/// 204
pub(crate) fn gone() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// The members of an object made by `json!`.
pub(crate) fn members(value: Value) -> Map<String, Value> {
    if let Value::Object(members) = value {
        members
    } else {
        Map::new()
    }
}
