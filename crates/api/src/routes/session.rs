//! Logging in by password or ticket, logging out, and what a token says of its owner.

use std::net::IpAddr;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use offhook_base::{Secret, UserId};
use offhook_store::StoreError;
use serde_json::json;

use crate::Api;
use crate::auth::{Caller, Holder, Origin, count_guess};
use crate::body::{Body, Fields};
use crate::cookie;
use crate::csrf::FromOurPage;
use crate::error::ApiError;
use crate::password::{generate_token, hash_password, is_password};
use crate::reply;

/// `POST /login`
pub(super) async fn login(
    State(api): State<Api>,
    Origin(from): Origin,
    Body(mut fields): Body,
) -> Result<Response, ApiError> {
    fields.ignore("remember_me");
    let user = by_password(&api, from, fields).await?;
    let token = begin(&api, user).await?;
    let body = json!({"message": "Login success", "user_token": token.expose(), "user_id": user});
    Ok(Json(body).into_response())
}

/// `POST /session`: the same for a browser, which keeps the token in a cookie.
pub(super) async fn create(
    State(api): State<Api>,
    ours: FromOurPage,
    Origin(from): Origin,
    Body(fields): Body,
) -> Result<Response, ApiError> {
    let user = if fields.has("ticket") {
        by_ticket(&api, from, fields).await?
    } else {
        by_password(&api, from, fields).await?
    };
    let token = begin(&api, user).await?;
    let cookie = cookie::signed_in(&token, ours.by_tls)
        .ok_or_else(|| ApiError::unavailable("a token of ours does not fit into a header"))?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

/// `DELETE /session`
pub(super) async fn delete(
    State(api): State<Api>,
    Holder { credentials, .. }: Holder,
) -> Result<Response, ApiError> {
    api.store(move |inner| inner.stores.config.end_session(credentials.token()))
        .await??;
    let cookie = cookie::signed_out();
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

async fn by_password(api: &Api, from: IpAddr, mut fields: Fields) -> Result<UserId, ApiError> {
    let email = fields.text("email", 1, 254);
    let email = fields.require("email", email);
    let password = fields.text("password", 1, 256);
    let password = fields.require("password", password);
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
    Ok(user)
}

async fn by_ticket(api: &Api, from: IpAddr, mut fields: Fields) -> Result<UserId, ApiError> {
    let ticket = fields.text("ticket", 1, 100);
    let ticket = fields.require("ticket", ticket);
    fields.finish()?;
    let ticket = Secret::new(ticket.unwrap_or_default());
    let wrong = || count_guess(api, from, "ticket", ApiError::invalid_ticket);
    let now = api.inner.now().mono;
    let redeemed = api.inner.tickets().redeem(now, &ticket);
    let user = redeemed.ok_or_else(wrong)?;
    let found = api
        .store(move |inner| inner.stores.config.user(user, inner.wall()))
        .await?;
    match found {
        Ok(found) if found.active => Ok(found.id),
        Ok(_) | Err(StoreError::NotFound) => Err(wrong()),
        Err(error) => Err(error.into()),
    }
}

/// A new session of a user who has shown to be that one.
async fn begin(api: &Api, user: UserId) -> Result<Secret<String>, ApiError> {
    let token = generate_token()?;
    let session = token.clone();
    api.store(move |inner| {
        inner
            .stores
            .config
            .create_session(user, &session, inner.wall())
    })
    .await??;
    Ok(token)
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
