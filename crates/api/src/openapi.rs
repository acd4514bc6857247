//! `/openapi.json`: the document, made from tables that a test compares with what the routes answer.

mod operations;
mod recordings;
mod schemas;
mod shared;

use std::sync::LazyLock;

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use operations::{Answer, OPERATIONS, Operation};

/// Stands for a body that is no JSON.
const WAV_FILE: &str = "WavFile";

static DOCUMENT: LazyLock<Value> = LazyLock::new(document);

/// `GET /openapi.json`
pub(crate) async fn serve() -> Response {
    Json(&*DOCUMENT).into_response()
}

fn document() -> Value {
    let mut paths = Map::new();
    for operation in OPERATIONS
        .iter()
        .chain(recordings::OPERATIONS)
        .chain(shared::OPERATIONS)
    {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        if let Value::Object(methods) = path {
            methods.insert(operation.method.to_owned(), operation.describe());
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Offhook",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Calls, call detail records, webhooks and configuration of an Offhook PBX.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/v1.1"}, {"url": "/v1.1/voipstudio"}, {"url": "/v1.2"}, {"url": "/v1.2/voipstudio"}],
        "security": [{"token": []}, {"basic": []}, {"cookie": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"},
                "basic": {"type": "http", "scheme": "basic", "description": "user_id:token or email:token"},
                "cookie": {
                    "type": "apiKey", "in": "cookie", "name": "offhook_session",
                    "description": "Set by POST /session; what is no GET then needs the header X-Offhook-CSRF: 1 and our own Origin",
                },
            },
            "parameters": schemas::parameters(),
            "schemas": schemas::all(),
        },
    })
}

impl Operation {
    fn describe(&self) -> Value {
        let mut described = Map::new();
        let id = format!("{} {}", self.method, self.path);
        let id: String = id
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .collect();
        described.insert("operationId".to_owned(), id.into());
        described.insert("summary".to_owned(), self.summary.into());
        let mut parameters: Vec<Value> = Vec::new();
        if self.path.contains("{id}") {
            parameters.push(
                json!({"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}),
            );
        }
        if self.path.contains("{user_id}") {
            parameters.push(
                json!({"name": "user_id", "in": "path", "required": true, "schema": {"type": "string"}}),
            );
        }
        parameters.extend(
            self.query
                .iter()
                .map(|name| json!({"$ref": format!("#/components/parameters/{name}")})),
        );
        if !parameters.is_empty() {
            described.insert("parameters".to_owned(), parameters.into());
        }
        if let Some(body) = self.body {
            let required = !body.ends_with("Options");
            let content = if body == WAV_FILE {
                json!({"audio/wav": {"schema": {"type": "string", "format": "binary"}}})
            } else {
                json!({"application/json": {"schema": reference(body)}})
            };
            described.insert(
                "requestBody".to_owned(),
                json!({"required": required, "content": content}),
            );
        }
        if self.open {
            described.insert("security".to_owned(), json!([]));
        }
        if self.at_root {
            described.insert("servers".to_owned(), json!([{"url": "/"}]));
        }
        described.insert("responses".to_owned(), self.responses());
        Value::Object(described)
    }

    fn responses(&self) -> Value {
        let (status, content) = match self.answer {
            Answer::Created(name) => (201, Some(("application/json", envelope(name)))),
            Answer::Gone => (204, None),
            Answer::List(name) => {
                let list = json!({
                    "type": "object",
                    "required": ["data", "total"],
                    "properties": {"data": {"type": "array", "items": reference(name)}, "total": {"type": "integer"}},
                });
                (200, Some(("application/json", list)))
            }
            Answer::Binary(kind) => (
                200,
                Some((kind, json!({"type": "string", "format": "binary"}))),
            ),
            Answer::One(name) => (200, Some(("application/json", envelope(name)))),
            Answer::Plain(name) => (200, Some(("application/json", reference(name)))),
            Answer::Text(kind) => (200, Some((kind, json!({"type": "string"})))),
        };
        let mut responses = Map::new();
        let success = content.map_or_else(
            || json!({"description": "Success"}),
            |(kind, schema)| json!({"description": "Success", "content": {kind: {"schema": schema}}}),
        );
        if self.refusals.contains(&416) {
            responses.insert("206".to_owned(), success.clone());
        }
        responses.insert(status.to_string(), success);
        let always: &[u16] = if self.open {
            &[405]
        } else {
            &[400, 401, 403, 404, 405, 429, 503]
        };
        for status in always.iter().chain(self.refusals) {
            let content = json!({"application/json": {"schema": reference("Error")}});
            responses.insert(
                status.to_string(),
                json!({"description": "Refused", "content": content}),
            );
        }
        Value::Object(responses)
    }
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn envelope(name: &str) -> Value {
    json!({
        "type": "object",
        "required": ["data", "links"],
        "properties": {"data": reference(name), "links": {"type": "object"}},
    })
}
