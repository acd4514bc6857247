//! `/calls`: calls that are up.

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use offhook_base::{CallId, Wall};
use offhook_store::filter::{Kind, Property, Resource, Value as Field};
use serde_json::{Map, Value, json};

use crate::Api;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::ports::LiveCall;
use crate::query::{Id, Params};
use crate::reply;

const FIELDS: &[&str] = &[
    "id",
    "root_id",
    "parent_id",
    "state",
    "context",
    "destination",
    "clid",
    "start_time",
    "connected_at",
    "duration",
    "src",
    "src_id",
    "src_name",
    "src_ua",
    "src_codec",
    "src_contact",
    "src_call_id",
    "dst",
    "dst_id",
    "dst_name",
    "dst_ua",
    "dst_codec",
    "dst_contact",
    "dst_call_id",
    "queue_state",
    "referred_by",
    "monitor_state",
];

static CALLS: Resource = Resource {
    name: "calls",
    properties: &[
        Property::new("id", Kind::Int),
        Property::new("root_id", Kind::Int),
        Property::new("parent_id", Kind::Int),
        Property::new("state", Kind::Text),
        Property::new("context", Kind::Text),
        Property::new("destination", Kind::Text),
        Property::new("clid", Kind::Text),
        Property::new("start_time", Kind::Int),
        Property::new("connected_at", Kind::Int),
        Property::new("duration", Kind::Int),
        Property::new("src", Kind::Text),
        Property::new("src_id", Kind::Text),
        Property::new("src_name", Kind::Text),
        Property::new("src_ua", Kind::Text),
        Property::new("src_codec", Kind::Text),
        Property::new("src_contact", Kind::Text),
        Property::new("src_call_id", Kind::Text),
        Property::new("dst", Kind::Text),
        Property::new("dst_id", Kind::Text),
        Property::new("dst_name", Kind::Text),
        Property::new("dst_ua", Kind::Text),
        Property::new("dst_codec", Kind::Text),
        Property::new("dst_contact", Kind::Text),
        Property::new("dst_call_id", Kind::Text),
        Property::new("queue_state", Kind::Text),
        Property::new("referred_by", Kind::Text),
        Property::new("monitor_state", Kind::Int),
    ],
};

pub(super) async fn list(
    State(api): State<Api>,
    caller: Caller,
    params: Params,
) -> Result<Response, ApiError> {
    let selection = params.selection(&CALLS)?;
    let shown = params.fields("calls", FIELDS)?;
    let now = api.inner.wall();
    let calls = api
        .inner
        .ports
        .live
        .all()
        .into_iter()
        .filter(|call| is_of(call, &caller));
    let rows: Vec<Map<String, Value>> = calls.map(|call| row(&call, now)).collect();
    let page = selection.select(rows, field);
    Ok(reply::list(&page.map(|row| shown.of(row))))
}

pub(super) async fn one(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    params: Params,
) -> Result<Response, ApiError> {
    let shown = params.fields("calls", FIELDS)?;
    let call = live(&api, &caller, CallId(id))?;
    Ok(reply::one(shown.of(row(&call, api.inner.wall()))))
}

/// A call that is up and that the caller may see.
pub(super) fn live(api: &Api, caller: &Caller, id: CallId) -> Result<Arc<LiveCall>, ApiError> {
    let call = api.inner.ports.live.get(id);
    call.filter(|call| is_of(call, caller))
        .ok_or_else(ApiError::not_found)
}

fn is_of(call: &LiveCall, caller: &Caller) -> bool {
    let id = caller.0.id.to_string();
    caller.is_admin() || call.src.id == id || call.dst.id == id
}

fn field<'a>(row: &'a Map<String, Value>, name: &str) -> Field<'a> {
    match row.get(name) {
        Some(Value::String(text)) => Field::Text(Cow::Borrowed(text)),
        Some(Value::Number(number)) => number.as_i64().map_or(Field::None, Field::Int),
        _ => Field::None,
    }
}

/// The row of a call, as at `now`.
pub(super) fn row(call: &LiveCall, now: Wall) -> Map<String, Value> {
    let connected_at = call.connected_at.map(Wall::unix_seconds);
    let (src, dst) = (&call.src, &call.dst);
    reply::members(json!({
        "id": call.id,
        "root_id": call.root_id,
        "parent_id": call.parent_id,
        "state": call.state,
        "context": call.context,
        "destination": call.destination,
        "clid": call.clid,
        "start_time": call.start_time.unix_seconds(),
        "connected_at": connected_at,
        "duration": connected_at.map_or(0, |at| (now.unix_seconds() - at).max(0)),
        "src": src.number,
        "src_id": src.id,
        "src_name": src.name,
        "src_ua": src.ua,
        "src_codec": src.codec,
        "src_contact": src.contact,
        "src_call_id": src.call_id,
        "dst": dst.number,
        "dst_id": dst.id,
        "dst_name": dst.name,
        "dst_ua": dst.ua,
        "dst_codec": dst.codec,
        "dst_contact": dst.contact,
        "dst_call_id": dst.call_id,
        "queue_state": call.queue_state,
        "referred_by": call.referred_by,
        "monitor_state": call.monitor_state,
    }))
}
