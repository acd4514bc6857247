//! `/events`: the events themselves, for receivers that cannot be reached.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use offhook_base::{CallId, JournalPos};
use offhook_store::{JournalReader, StoredEvent};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::Api;
use crate::auth::Admin;
use crate::error::ApiError;
use crate::query::Params;
use crate::state::Inner;

const DEFAULT_LIMIT: usize = 25;
const MAX_LIMIT: usize = 10_000;

#[derive(Serialize)]
struct Events {
    data: Vec<Box<RawValue>>,
    next: String,
}

/// `GET /events?after=<cursor>&call_id=&limit=`
pub(super) async fn list(
    State(api): State<Api>,
    _admin: Admin,
    params: Params,
) -> Result<Response, ApiError> {
    let after = params
        .get("after")?
        .filter(|cursor| !cursor.is_empty())
        .map(|cursor| read("after", cursor))
        .transpose()?;
    let call = params.get("call_id")?.map(call_id).transpose()?;
    let limit = params.get("limit")?.map_or(Ok(DEFAULT_LIMIT), limit)?;
    let found = api
        .store(move |inner| match after {
            Some(after) => self::after(inner, after, limit, call),
            None => {
                let journal = &inner.stores.journal;
                Ok(journal.events_after(JournalPos::default(), limit, call)?)
            }
        })
        .await??;
    let next = found
        .last()
        .map_or_else(|| after.unwrap_or_default(), |last| last.pos);
    let data = found.iter().map(body).collect::<Result<_, _>>()?;
    Ok(Json(Events {
        data,
        next: write(next),
    })
    .into_response())
}

/// A page of the events after a cursor.
///
/// # Errors
/// 410 when some of them are no longer kept.
pub(super) fn after(
    inner: &Inner,
    after: JournalPos,
    limit: usize,
    call: Option<CallId>,
) -> Result<Vec<StoredEvent>, ApiError> {
    let journal = &inner.stores.journal;
    let events = journal.events_after(after, limit, call)?;
    // Asked after the reading: what a purge took in between must not be missed in silence.
    must_be_kept(journal, after)?;
    Ok(events)
}

/// Refuses a cursor after which events are missing, or that lies in the future.
///
/// # Errors
/// 410.
pub(super) fn must_be_kept(journal: &JournalReader, after: JournalPos) -> Result<(), ApiError> {
    let newest = journal.newest()?;
    let oldest = journal.oldest()?.unwrap_or(JournalPos(newest.0 + 1));
    if after.0 + 1 < oldest.0 || after > newest {
        return Err(ApiError::expired_cursor());
    }
    Ok(())
}

fn body(stored: &StoredEvent) -> Result<Box<RawValue>, ApiError> {
    serde_json::from_slice(&stored.event.body).map_err(|error| {
        ApiError::unavailable(format!(
            "the body of event {} is not JSON: {error}",
            stored.event.id
        ))
    })
}

/// A cursor is a place in the journal; opaque, so that it may become another one's place.
pub(super) fn write(pos: JournalPos) -> String {
    URL_SAFE_NO_PAD.encode(format!("1:{pos}"))
}

/// The place that a cursor stands for; `name` is where the client sent it.
pub(super) fn read(name: &str, cursor: &str) -> Result<JournalPos, ApiError> {
    let octets = URL_SAFE_NO_PAD.decode(cursor).unwrap_or_default();
    let text = std::str::from_utf8(&octets).unwrap_or_default();
    let pos = text
        .strip_prefix("1:")
        .and_then(|pos| pos.parse::<u64>().ok());
    pos.filter(|pos| *pos < 1 << 53)
        .map(JournalPos)
        .ok_or_else(|| ApiError::parameter(name, "is not a cursor that /events gave"))
}

pub(super) fn call_id(text: &str) -> Result<CallId, ApiError> {
    text.parse()
        .map(CallId)
        .map_err(|_| ApiError::parameter("call_id", "must be a whole number"))
}

fn limit(text: &str) -> Result<usize, ApiError> {
    let limit = text
        .parse()
        .ok()
        .filter(|limit| (1..=MAX_LIMIT).contains(limit));
    limit.ok_or_else(|| {
        ApiError::parameter(
            "limit",
            format!("must be a whole number from 1 to {MAX_LIMIT}"),
        )
    })
}
