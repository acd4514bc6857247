//! `/users`

use std::collections::BTreeSet;

use axum::extract::State;
use axum::response::Response;
use offhook_base::{Secret, UserId};
use offhook_store::{NewUser, RecordMode, Role, USERS, User, UserPatch, VOICEMAIL_AFTER};
use serde_json::{Map, Value, json};

use crate::Api;
use crate::auth::Admin;
use crate::body::{Body, Fields};
use crate::error::ApiError;
use crate::password::hash_password;
use crate::ports::ConfigChange;
use crate::query::{Id, Ids, Params, small};
use crate::reply;
use crate::state::Inner;

pub(super) const FIELDS: &[&str] = &[
    "id",
    "first_name",
    "last_name",
    "email",
    "ext",
    "role",
    "active",
    "dnd",
    "record",
    "voicemail",
    "voicemail_after",
    "created_at",
    "nb_registered",
];

pub(super) async fn list(
    State(api): State<Api>,
    _admin: Admin,
    params: Params,
) -> Result<Response, ApiError> {
    let selection = params.selection(&USERS)?;
    let shown = params.fields("users", FIELDS)?;
    let page = api
        .store(move |inner| inner.stores.config.users(&selection, inner.wall()))
        .await??;
    Ok(reply::list(&page.map(|user| shown.of(row(&user)))))
}

pub(super) async fn one(
    State(api): State<Api>,
    _admin: Admin,
    Id(id): Id,
    params: Params,
) -> Result<Response, ApiError> {
    let shown = params.fields("users", FIELDS)?;
    let id = UserId(small(id)?);
    let user = api
        .store(move |inner| inner.stores.config.user(id, inner.wall()))
        .await??;
    Ok(reply::one(shown.of(row(&user))))
}

pub(super) async fn create(
    State(api): State<Api>,
    _admin: Admin,
    Body(fields): Body,
) -> Result<Response, ApiError> {
    let Input { patch, password } = input(fields, true)?;
    let password_hash = hash(&api, password).await?;
    let new = NewUser {
        first_name: patch.first_name.unwrap_or_default(),
        last_name: patch.last_name.unwrap_or_default(),
        email: patch.email.unwrap_or_default(),
        ext: patch.ext.unwrap_or_default(),
        role: patch.role.unwrap_or(Role::User),
        active: patch.active.unwrap_or(true),
        dnd: patch.dnd.unwrap_or(false),
        record: patch.record.unwrap_or(RecordMode::None),
        voicemail: patch.voicemail.unwrap_or(false),
        voicemail_after: patch.voicemail_after.unwrap_or(VOICEMAIL_AFTER),
        password_hash,
    };
    let user = api
        .change(move |inner| {
            let user = inner.stores.config.create_user(&new, inner.wall())?;
            Ok((user.clone(), vec![ConfigChange::User(user)]))
        })
        .await?;
    Ok(reply::created(row(&user)))
}

pub(super) async fn update(
    State(api): State<Api>,
    _admin: Admin,
    Id(id): Id,
    Body(fields): Body,
) -> Result<Response, ApiError> {
    let id = UserId(small(id)?);
    let Input {
        mut patch,
        password,
    } = input(fields, false)?;
    patch.password_hash = hash(&api, password).await?;
    let user = api
        .change(move |inner| {
            let user = inner.stores.config.update_user(id, &patch, inner.wall())?;
            let mut changes = vec![ConfigChange::User(user.clone())];
            if patch.active.is_some() {
                let accounts = inner.stores.config.accounts_of(id)?;
                changes.extend(accounts.into_iter().map(ConfigChange::Phone));
            }
            Ok((user, changes))
        })
        .await?;
    Ok(reply::one(row(&user)))
}

pub(super) async fn delete(
    State(api): State<Api>,
    _admin: Admin,
    Ids(ids): Ids,
) -> Result<Response, ApiError> {
    let ids = ids
        .into_iter()
        .map(|id| small(id).map(UserId))
        .collect::<Result<Vec<_>, _>>()?;
    api.change(move |inner| {
        let db = &inner.stores.config;
        let mut changes = gone(inner, &ids)?;
        let (mut groups, mut queues) = (BTreeSet::new(), BTreeSet::new());
        for id in &ids {
            groups.extend(db.ring_groups_of(*id)?);
            queues.extend(db.queues_of(*id)?);
        }
        db.delete_users(&ids)?;
        for id in groups {
            changes.push(ConfigChange::RingGroup(db.ring_group(id)?));
        }
        for id in queues {
            changes.push(ConfigChange::Queue(db.queue(id)?));
        }
        Ok(((), changes))
    })
    .await?;
    Ok(reply::gone())
}

fn gone(inner: &Inner, ids: &[UserId]) -> Result<Vec<ConfigChange>, ApiError> {
    let mut changes = Vec::new();
    for id in ids {
        let accounts = inner.stores.config.accounts_of(*id)?;
        changes.extend(
            accounts
                .into_iter()
                .map(|account| ConfigChange::PhoneGone(account.phone)),
        );
        changes.push(ConfigChange::UserGone(*id));
    }
    Ok(changes)
}

struct Input {
    patch: UserPatch,
    password: Option<Secret<String>>,
}

fn input(mut fields: Fields, all: bool) -> Result<Input, ApiError> {
    let mut patch = UserPatch {
        first_name: fields.text("first_name", 1, 100),
        last_name: fields.text("last_name", 0, 100),
        email: fields.text("email", 3, 254),
        ext: fields.text("ext", 2, 15),
        role: fields.word("role", Role::ALL, Role::as_str),
        active: fields.flag("active"),
        dnd: fields.flag("dnd"),
        record: fields.word("record", RecordMode::ALL, RecordMode::as_str),
        voicemail: fields.flag("voicemail"),
        voicemail_after: fields.number("voicemail_after", 5, 120),
        password_hash: None,
    };
    let password = fields.text("password", 8, 256).map(Secret::new);
    if patch.email.as_ref().is_some_and(|email| !is_email(email)) {
        fields.fail("email", "must be an e-mail address");
    }
    if patch
        .ext
        .as_ref()
        .is_some_and(|ext| !ext.bytes().all(|octet| octet.is_ascii_digit()))
    {
        fields.fail("ext", "must be 2 to 15 digits");
    }
    if all {
        patch.first_name = fields.require("first_name", patch.first_name);
        patch.email = fields.require("email", patch.email);
        patch.ext = fields.require("ext", patch.ext);
    }
    fields.finish()?;
    Ok(Input { patch, password })
}

fn is_email(text: &str) -> bool {
    let no_space = !text.contains(|c: char| c.is_whitespace() || c == ':');
    no_space
        && text.split_once('@').is_some_and(|(local, host)| {
            !local.is_empty() && !host.is_empty() && !host.contains('@')
        })
}

async fn hash(
    api: &Api,
    password: Option<Secret<String>>,
) -> Result<Option<Secret<String>>, ApiError> {
    match password {
        None => Ok(None),
        Some(password) => {
            let hash = api
                .hash(move |inner| hash_password(&password, inner.settings.password_cost))
                .await??;
            Ok(Some(hash))
        }
    }
}

pub(super) fn row(user: &User) -> Map<String, Value> {
    reply::members(json!({
        "id": user.id,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.email,
        "ext": user.ext,
        "role": user.role.as_str(),
        "active": user.active,
        "dnd": user.dnd,
        "record": user.record.as_str(),
        "voicemail": user.voicemail,
        "voicemail_after": user.voicemail_after,
        "created_at": user.created_at.to_contract(),
        "nb_registered": user.nb_registered,
    }))
}
