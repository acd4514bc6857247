//! `/trunks`

use axum::extract::State;
use axum::response::Response;
use offhook_base::TrunkId;
use offhook_store::{TRUNKS, Trunk, TrunkSpec};
use serde_json::{Map, Value, json};

use super::trunk_fields::input;
use crate::Api;
use crate::auth::Admin;
use crate::body::Body;
use crate::error::ApiError;
use crate::ports::ConfigChange;
use crate::query::{Id, Ids, Params, small};
use crate::reply;

const FIELDS: &[&str] = &[
    "id",
    "name",
    "host",
    "port",
    "transport",
    "mode",
    "username",
    "from_domain",
    "prefix",
    "strip",
    "caller_id",
    "priority",
    "max_calls",
    "active",
    "state",
    "last_error",
];

pub(super) async fn list(
    State(api): State<Api>,
    _admin: Admin,
    params: Params,
) -> Result<Response, ApiError> {
    let selection = params.selection(&TRUNKS)?;
    let shown = params.fields("trunks", FIELDS)?;
    let page = api
        .store(move |inner| inner.stores.config.trunks(&selection))
        .await??;
    Ok(reply::list(&page.map(|trunk| shown.of(row(&api, &trunk)))))
}

pub(super) async fn one(
    State(api): State<Api>,
    _admin: Admin,
    Id(id): Id,
    params: Params,
) -> Result<Response, ApiError> {
    let shown = params.fields("trunks", FIELDS)?;
    let id = TrunkId(small(id)?);
    let trunk = api
        .store(move |inner| inner.stores.config.trunk(id))
        .await??;
    Ok(reply::one(shown.of(row(&api, &trunk))))
}

pub(super) async fn create(
    State(api): State<Api>,
    _admin: Admin,
    Body(fields): Body,
) -> Result<Response, ApiError> {
    let new = input(fields, true)?.onto(TrunkSpec::default());
    let trunk = api
        .change(move |inner| {
            let trunk = inner.stores.config.create_trunk(&new)?;
            Ok((trunk.clone(), vec![ConfigChange::Trunk(trunk)]))
        })
        .await?;
    Ok(reply::created(row(&api, &trunk)))
}

pub(super) async fn update(
    State(api): State<Api>,
    _admin: Admin,
    Id(id): Id,
    Body(fields): Body,
) -> Result<Response, ApiError> {
    let id = TrunkId(small(id)?);
    let patch = input(fields, false)?;
    let trunk = api
        .change(move |inner| {
            let trunk = inner.stores.config.update_trunk(id, patch)?;
            Ok((trunk.clone(), vec![ConfigChange::Trunk(trunk)]))
        })
        .await?;
    Ok(reply::one(row(&api, &trunk)))
}

pub(super) async fn delete(
    State(api): State<Api>,
    _admin: Admin,
    Ids(ids): Ids,
) -> Result<Response, ApiError> {
    let ids = ids
        .into_iter()
        .map(|id| small(id).map(TrunkId))
        .collect::<Result<Vec<_>, _>>()?;
    api.change(move |inner| {
        inner.stores.config.delete_trunks(&ids)?;
        Ok(((), ids.into_iter().map(ConfigChange::TrunkGone).collect()))
    })
    .await?;
    Ok(reply::gone())
}

fn row(api: &Api, trunk: &Trunk) -> Map<String, Value> {
    let spec = &trunk.spec;
    // Before anything was tried, nothing is known to be wrong.
    let known = api.inner.ports.trunks.state(trunk.id);
    let (is_up, error) = known.unwrap_or((true, String::new()));
    let state = match (spec.active, is_up) {
        (false, _) => "off",
        (true, true) => "up",
        (true, false) => "down",
    };
    reply::members(json!({
        "id": trunk.id,
        "name": spec.name,
        "host": spec.host,
        "port": spec.port,
        "transport": "udp",
        "mode": "ip",
        "username": "",
        "from_domain": spec.from_domain,
        "prefix": spec.prefix,
        "strip": spec.strip,
        "caller_id": spec.caller_id,
        "priority": spec.priority,
        "max_calls": spec.max_calls,
        "active": spec.active,
        "state": state,
        "last_error": (!error.is_empty()).then_some(error),
    }))
}
