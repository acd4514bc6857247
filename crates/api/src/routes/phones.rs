//! `/phones`: SIP credentials. A password is told once, in the answer that made it.

use axum::extract::State;
use axum::response::Response;
use offhook_base::{PhoneId, Secret, UserId};
use offhook_store::{NewPhone, PHONES, Phone, Registration, StoreError};
use serde_json::{Map, Value, json};

use crate::Api;
use crate::auth::Admin;
use crate::body::{Body, MaybeBody};
use crate::error::ApiError;
use crate::password::generate_password;
use crate::ports::ConfigChange;
use crate::query::{Id, Ids, Params, small};
use crate::reply;

const FIELDS: &[&str] = &[
    "id",
    "user_id",
    "username",
    "display_name",
    "registered",
    "contacts",
    "registrations",
    "created_at",
];

pub(super) async fn list(
    State(api): State<Api>,
    _admin: Admin,
    params: Params,
) -> Result<Response, ApiError> {
    let selection = params.selection(&PHONES)?;
    let shown = params.fields("phones", FIELDS)?;
    let page = api
        .store(move |inner| inner.stores.config.phones(&selection, inner.wall()))
        .await??;
    Ok(reply::list(&page.map(|phone| shown.of(row(&phone)))))
}

pub(super) async fn one(
    State(api): State<Api>,
    _admin: Admin,
    Id(id): Id,
    params: Params,
) -> Result<Response, ApiError> {
    let shown = params.fields("phones", FIELDS)?;
    let id = PhoneId(small(id)?);
    let phone = api
        .store(move |inner| inner.stores.config.phone(id, inner.wall()))
        .await??;
    Ok(reply::one(shown.of(row(&phone))))
}

pub(super) async fn create(
    State(api): State<Api>,
    _admin: Admin,
    Body(mut fields): Body,
) -> Result<Response, ApiError> {
    let user_id = fields.number("user_id", 1, u32::MAX);
    let user_id = fields.require("user_id", user_id);
    let username = fields.text("username", 1, 64);
    if username.as_ref().is_some_and(|name| !is_username(name)) {
        fields.fail(
            "username",
            "must consist of letters, digits, dots, hyphens and underscores",
        );
    }
    let display_name = fields.text("display_name", 0, 100);
    fields.finish()?;
    let password = generate_password()?;
    let new = NewPhone {
        user_id: UserId(user_id.unwrap_or_default()),
        username,
        display_name,
        password: password.clone(),
    };
    let phone = api
        .change(
            move |inner| match inner.stores.config.create_phone(&new, inner.wall()) {
                Ok((phone, account)) => Ok((phone, vec![ConfigChange::Phone(account)])),
                Err(StoreError::NotFound) => {
                    Err(ApiError::field("user_id", "is not the id of a user"))
                }
                Err(error) => Err(error.into()),
            },
        )
        .await?;
    Ok(reply::created(with_password(&api, &phone, &password)))
}

pub(super) async fn update(
    State(api): State<Api>,
    _admin: Admin,
    Id(id): Id,
    Body(mut fields): Body,
) -> Result<Response, ApiError> {
    let id = PhoneId(small(id)?);
    for fixed in ["user_id", "username"] {
        if fields.has(fixed) {
            fields.ignore(fixed);
            fields.fail(
                fixed,
                "cannot be changed: the password belongs to it; make another phone",
            );
        }
    }
    let display_name = fields.text("display_name", 0, 100);
    fields.finish()?;
    let phone = api
        .change(move |inner| match display_name {
            Some(name) => {
                let (phone, account) = inner.stores.config.rename_phone(id, &name, inner.wall())?;
                Ok((phone, vec![ConfigChange::Phone(account)]))
            }
            None => Ok((inner.stores.config.phone(id, inner.wall())?, Vec::new())),
        })
        .await?;
    Ok(reply::one(row(&phone)))
}

pub(super) async fn reset(
    State(api): State<Api>,
    _admin: Admin,
    Id(id): Id,
    MaybeBody(fields): MaybeBody,
) -> Result<Response, ApiError> {
    fields.finish()?;
    let id = PhoneId(small(id)?);
    let password = generate_password()?;
    let fresh = password.clone();
    let phone = api
        .change(move |inner| {
            let (phone, account) = inner.stores.config.reset_phone(id, &fresh, inner.wall())?;
            Ok((phone, vec![ConfigChange::Phone(account)]))
        })
        .await?;
    Ok(reply::one(with_password(&api, &phone, &password)))
}

pub(super) async fn delete(
    State(api): State<Api>,
    _admin: Admin,
    Ids(ids): Ids,
) -> Result<Response, ApiError> {
    let ids = ids
        .into_iter()
        .map(|id| small(id).map(PhoneId))
        .collect::<Result<Vec<_>, _>>()?;
    api.change(move |inner| {
        inner.stores.config.delete_phones(&ids)?;
        Ok(((), ids.into_iter().map(ConfigChange::PhoneGone).collect()))
    })
    .await?;
    Ok(reply::gone())
}

fn is_username(text: &str) -> bool {
    text.bytes()
        .all(|octet| octet.is_ascii_alphanumeric() || b"._-".contains(&octet))
}

fn with_password(api: &Api, phone: &Phone, password: &Secret<String>) -> Map<String, Value> {
    let mut row = row(phone);
    row.insert(
        "password".to_owned(),
        Value::from(password.expose().as_str()),
    );
    row.insert(
        "sip_domain".to_owned(),
        Value::from(api.inner.settings.sip_domain.as_str()),
    );
    row
}

fn row(phone: &Phone) -> Map<String, Value> {
    reply::members(json!({
        "id": phone.id,
        "user_id": phone.user_id,
        "username": phone.username,
        "display_name": phone.display_name,
        "registered": !phone.registrations.is_empty(),
        "contacts": phone.registrations.iter().map(|one| &one.contact).collect::<Vec<_>>(),
        "registrations": phone.registrations.iter().map(registration).collect::<Vec<_>>(),
        "created_at": phone.created_at.to_contract(),
    }))
}

fn registration(registration: &Registration) -> Value {
    json!({
        "contact": registration.contact,
        "user_agent": registration.user_agent,
        "address": registration.address,
        "transport": registration.transport,
        "expires_at": registration.expires_at.to_contract(),
    })
}
