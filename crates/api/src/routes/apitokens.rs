//! `/apitokens`: a caller's own tokens.

use axum::extract::State;
use axum::response::Response;
use offhook_store::{ApiToken, NewToken, TOKENS};
use serde_json::{Map, Value, json};

use crate::Api;
use crate::auth::Caller;
use crate::body::Body;
use crate::error::ApiError;
use crate::password::generate_token;
use crate::query::{Name, Params};
use crate::reply;

const FIELDS: &[&str] = &["id", "name", "created_at", "expiry"];

/// Longest idle life that can be asked for: ten years.
const MAX_EXPIRY: u32 = 10 * 365 * 86_400;

pub(super) async fn list(
    State(api): State<Api>,
    Caller(user): Caller,
    params: Params,
) -> Result<Response, ApiError> {
    let selection = params.selection(&TOKENS)?;
    let shown = params.fields("apitokens", FIELDS)?;
    let page = api
        .store(move |inner| inner.stores.config.tokens(user.id, &selection))
        .await??;
    Ok(reply::list(&page.map(|token| shown.of(row(&token)))))
}

pub(super) async fn create(
    State(api): State<Api>,
    Caller(user): Caller,
    Body(mut fields): Body,
) -> Result<Response, ApiError> {
    let name = fields.text("name", 1, 100);
    let name = fields.require("name", name);
    // 0, like none at all, is a token that never expires.
    let expiry = fields
        .number("expiry", 0, MAX_EXPIRY)
        .filter(|seconds| *seconds > 0);
    fields.finish()?;
    let token = generate_token()?;
    let new = NewToken {
        user_id: user.id,
        name: name.unwrap_or_default(),
        expiry,
        token: token.clone(),
    };
    let made = api
        .store(move |inner| inner.stores.config.create_token(&new, inner.wall()))
        .await??;
    let mut row = row(&made);
    row.insert("token".to_owned(), Value::from(token.expose().as_str()));
    Ok(reply::created(row))
}

/// Named by its id, or by the token itself.
pub(super) async fn delete(
    State(api): State<Api>,
    Caller(user): Caller,
    Name(name): Name,
) -> Result<Response, ApiError> {
    api.store(move |inner| inner.stores.config.delete_token(user.id, &name))
        .await??;
    Ok(reply::gone())
}

fn row(token: &ApiToken) -> Map<String, Value> {
    reply::members(json!({
        "id": token.id,
        "name": token.name,
        "created_at": token.created_at.to_contract(),
        "expiry": token.expiry,
    }))
}
