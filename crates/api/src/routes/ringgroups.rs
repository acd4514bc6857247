//! `/ringgroups`: one number that rings several users.

use axum::extract::State;
use axum::response::Response;
use offhook_base::{RingGroupId, UserId};
use offhook_store::{GroupStrategy, RING_GROUPS, RingGroup, RingGroupPatch, RingGroupSpec, Role};
use serde_json::{Map, Value, json};

use super::queue_fields::MEMBERS;
use crate::Api;
use crate::auth::{Admin, Caller};
use crate::body::{Body, Fields};
use crate::error::ApiError;
use crate::ports::ConfigChange;
use crate::query::{Id, Ids, Params, small};
use crate::reply;

const FIELDS: &[&str] = &["id", "name", "number", "strategy", "ring_time", "users"];

pub(super) async fn list(
    State(api): State<Api>,
    caller: Caller,
    params: Params,
) -> Result<Response, ApiError> {
    let selection = params.selection(&RING_GROUPS)?;
    let shown = params.fields("ringgroups", FIELDS)?;
    params.includes(&["users"])?;
    let page = api
        .store(move |inner| {
            let db = &inner.stores.config;
            match caller.0.role {
                Role::Admin => db.ring_groups(&selection),
                Role::User => db.ring_groups_with(caller.0.id, &selection),
            }
        })
        .await??;
    Ok(reply::list(&page.map(|group| shown.of(row(&group)))))
}

pub(super) async fn one(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    params: Params,
) -> Result<Response, ApiError> {
    let shown = params.fields("ringgroups", FIELDS)?;
    params.includes(&["users"])?;
    let id = RingGroupId(small(id)?);
    let group = api
        .store(move |inner| inner.stores.config.ring_group(id))
        .await??;
    if !caller.is_admin() && !group.spec.users.contains(&caller.0.id) {
        return Err(ApiError::not_found());
    }
    Ok(reply::one(shown.of(row(&group))))
}

pub(super) async fn create(
    State(api): State<Api>,
    _admin: Admin,
    Body(fields): Body,
) -> Result<Response, ApiError> {
    let new = input(fields, true)?.onto(RingGroupSpec::default());
    let group = api
        .change(move |inner| {
            let group = inner.stores.config.create_ring_group(&new)?;
            Ok((group.clone(), vec![ConfigChange::RingGroup(group)]))
        })
        .await?;
    Ok(reply::created(row(&group)))
}

pub(super) async fn update(
    State(api): State<Api>,
    _admin: Admin,
    Id(id): Id,
    Body(fields): Body,
) -> Result<Response, ApiError> {
    let id = RingGroupId(small(id)?);
    let patch = input(fields, false)?;
    let group = api
        .change(move |inner| {
            let group = inner.stores.config.update_ring_group(id, patch)?;
            Ok((group.clone(), vec![ConfigChange::RingGroup(group)]))
        })
        .await?;
    Ok(reply::one(row(&group)))
}

pub(super) async fn delete(
    State(api): State<Api>,
    _admin: Admin,
    Ids(ids): Ids,
) -> Result<Response, ApiError> {
    let ids = ids
        .into_iter()
        .map(|id| small(id).map(RingGroupId))
        .collect::<Result<Vec<_>, _>>()?;
    api.change(move |inner| {
        inner.stores.config.delete_ring_groups(&ids)?;
        let gone = ids.into_iter().map(ConfigChange::RingGroupGone);
        Ok(((), gone.collect()))
    })
    .await?;
    Ok(reply::gone())
}

fn input(mut fields: Fields, all: bool) -> Result<RingGroupPatch, ApiError> {
    let mut patch = RingGroupPatch {
        name: fields.text("name", 1, 100),
        number: fields.digits("number", 2, 15),
        strategy: fields.word("strategy", GroupStrategy::ALL, GroupStrategy::as_str),
        ring_time: fields.number("ring_time", 5, 120),
        users: fields
            .ids("users", MEMBERS)
            .map(|ids| ids.into_iter().map(UserId).collect()),
    };
    if all {
        patch.name = fields.require("name", patch.name);
        patch.number = fields.require("number", patch.number);
    }
    fields.finish()?;
    Ok(patch)
}

fn row(group: &RingGroup) -> Map<String, Value> {
    let spec = &group.spec;
    reply::members(json!({
        "id": group.id,
        "name": spec.name,
        "number": spec.number,
        "strategy": spec.strategy.as_str(),
        "ring_time": spec.ring_time,
        "users": spec.users,
    }))
}
