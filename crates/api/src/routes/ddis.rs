//! `/ddis`: numbers of ours, and whom each reaches.

use axum::extract::State;
use axum::response::Response;
use offhook_base::{DdiId, TrunkId};
use offhook_store::{DDIS, Ddi, DdiPatch, DdiSpec, DdiTarget};
use serde_json::{Map, Value, json};

use crate::Api;
use crate::auth::Admin;
use crate::body::{Body, Fields};
use crate::error::ApiError;
use crate::ports::ConfigChange;
use crate::query::{Id, Ids, Params, small};
use crate::reply;

const FIELDS: &[&str] = &["id", "e164", "trunk_id", "target_type", "target_id"];

pub(super) async fn list(
    State(api): State<Api>,
    _admin: Admin,
    params: Params,
) -> Result<Response, ApiError> {
    let selection = params.selection(&DDIS)?;
    let shown = params.fields("ddis", FIELDS)?;
    let page = api
        .store(move |inner| inner.stores.config.ddis(&selection))
        .await??;
    Ok(reply::list(&page.map(|ddi| shown.of(row(&ddi)))))
}

pub(super) async fn one(
    State(api): State<Api>,
    _admin: Admin,
    Id(id): Id,
    params: Params,
) -> Result<Response, ApiError> {
    let shown = params.fields("ddis", FIELDS)?;
    let id = DdiId(small(id)?);
    let ddi = api
        .store(move |inner| inner.stores.config.ddi(id))
        .await??;
    Ok(reply::one(shown.of(row(&ddi))))
}

pub(super) async fn create(
    State(api): State<Api>,
    _admin: Admin,
    Body(fields): Body,
) -> Result<Response, ApiError> {
    let patch = input(fields, true)?;
    // Whatever must be given was asked for above.
    let (Some(e164), Some(target)) = (patch.e164, patch.target) else {
        return Err(ApiError::field("e164", "must be given"));
    };
    let new = DdiSpec {
        e164,
        trunk: patch.trunk.flatten(),
        target,
    };
    let ddi = api
        .change(move |inner| {
            let ddi = inner.stores.config.create_ddi(&new)?;
            Ok((ddi.clone(), vec![ConfigChange::Ddi(ddi)]))
        })
        .await?;
    Ok(reply::created(row(&ddi)))
}

pub(super) async fn update(
    State(api): State<Api>,
    _admin: Admin,
    Id(id): Id,
    Body(fields): Body,
) -> Result<Response, ApiError> {
    let id = DdiId(small(id)?);
    let patch = input(fields, false)?;
    let ddi = api
        .change(move |inner| {
            let ddi = inner.stores.config.update_ddi(id, patch)?;
            Ok((ddi.clone(), vec![ConfigChange::Ddi(ddi)]))
        })
        .await?;
    Ok(reply::one(row(&ddi)))
}

pub(super) async fn delete(
    State(api): State<Api>,
    _admin: Admin,
    Ids(ids): Ids,
) -> Result<Response, ApiError> {
    let ids = ids
        .into_iter()
        .map(|id| small(id).map(DdiId))
        .collect::<Result<Vec<_>, _>>()?;
    api.change(move |inner| {
        inner.stores.config.delete_ddis(&ids)?;
        Ok(((), ids.into_iter().map(ConfigChange::DdiGone).collect()))
    })
    .await?;
    Ok(reply::gone())
}

fn input(mut fields: Fields, all: bool) -> Result<DdiPatch, ApiError> {
    let mut e164 = fields.digits("e164", 7, 15);
    let trunk = fields.id_or_null("trunk_id");
    let to_other = all || fields.has("target_type") || fields.has("target_id");
    let mut kind = fields.word("target_type", &DdiTarget::KINDS, |kind| kind);
    let mut id = fields.id("target_id");
    if all {
        e164 = fields.require("e164", e164);
    }
    if to_other {
        // An id alone would be taken for one of another kind.
        kind = fields.require("target_type", kind);
        id = fields.require("target_id", id);
    }
    fields.finish()?;
    Ok(DdiPatch {
        e164,
        trunk: trunk.map(|id| id.map(TrunkId)),
        target: kind
            .zip(id)
            .and_then(|(kind, id)| DdiTarget::from_parts(kind, id)),
    })
}

fn row(ddi: &Ddi) -> Map<String, Value> {
    let (target_type, target_id) = ddi.spec.target.parts();
    reply::members(json!({
        "id": ddi.id,
        "e164": ddi.spec.e164,
        "trunk_id": ddi.spec.trunk,
        "target_type": target_type,
        "target_id": target_id,
    }))
}
