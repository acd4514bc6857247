//! Logging in, and what a token says of its owner.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use offhook_base::Secret;
use serde_json::json;

use crate::Api;
use crate::auth::{Caller, Origin};
use crate::body::Body;
use crate::error::ApiError;
use crate::password::{generate_token, hash_password, is_password};
use crate::reply;

/// `POST /login`
pub(super) async fn login(
    State(api): State<Api>,
    Origin(from): Origin,
    Body(mut fields): Body,
) -> Result<Response, ApiError> {
    let email = fields.text("email", 1, 254);
    let email = fields.require("email", email);
    let password = fields.text("password", 1, 256);
    let password = fields.require("password", password);
    fields.ignore("remember_me");
    fields.finish()?;
    let (email, password) = (
        email.unwrap_or_default(),
        Secret::new(password.unwrap_or_default()),
    );

    let begun = api
        .inner
        .guesses()
        .begin(api.inner.now().mono, from, &email);
    begun.map_err(|wait| ApiError::too_many_guesses("email", wait))?;
    let name = email.clone();
    let known = api
        .store(move |inner| inner.stores.config.login(&name))
        .await??;
    let user = api
        .hash(move |inner| match known {
            Some((user, hash)) => Ok(is_password(&password, &hash).then_some(user)),
            // As long as for a known address, or the time would tell which addresses are known.
            None => hash_password(&password, inner.settings.password_cost).map(|_| None),
        })
        .await??
        .ok_or_else(ApiError::invalid_credentials)?;
    api.inner.guesses().right(from, &email);

    let token = generate_token()?;
    let session = token.clone();
    api.store(move |inner| {
        inner
            .stores
            .config
            .create_session(user, &session, inner.wall())
    })
    .await??;
    let body = json!({"message": "Login success", "user_token": token.expose(), "user_id": user});
    Ok(Json(body).into_response())
}

/// `GET /ping`
pub(super) async fn ping(_caller: Caller) -> Response {
    Json(json!({"data": {"response": "Pong"}})).into_response()
}

/// `GET /me`
pub(super) async fn me(State(api): State<Api>, Caller(user): Caller) -> Response {
    let settings = &api.inner.settings;
    reply::one(json!({
        "id": user.id,
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "ext": user.ext,
        "role": user.role.as_str(),
        "dnd": user.dnd,
        "customer_id": settings.customer_id,
        "sip_domain": settings.sip_domain,
    }))
}
