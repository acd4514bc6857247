//! `/monitors`: recordings of calls.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use offhook_base::{RecordingId, RecordingKind};
use offhook_store::{MONITORS, Recording, RecordingScope};
use serde_json::{Map, Value, json};

use super::audio::{self, Wanted};
use crate::Api;
use crate::auth::{Admin, Caller};
use crate::error::ApiError;
use crate::query::{Id, Ids, Name, Params};
use crate::reply;

const FIELDS: &[&str] = &[
    "id",
    "live_id",
    "cdr_id",
    "user_id",
    "timestamp",
    "caller",
    "called",
    "duration",
    "type",
    "size",
    "context",
    "size_wav",
    "channels",
    "cut",
];

pub(super) async fn list(
    State(api): State<Api>,
    caller: Caller,
    params: Params,
) -> Result<Response, ApiError> {
    let selection = params.selection(&MONITORS)?;
    let shown = params.fields("monitors", FIELDS)?;
    let scope = caller.recording_scope(RecordingKind::Call);
    let page = api
        .store(move |inner| inner.stores.config.recordings(scope, &selection))
        .await??;
    Ok(reply::list(&page.map(|found| shown.of(row(&found)))))
}

/// `/monitors/42`, and its sound by `/monitors/42.wav` and `/monitors/42.mp3`.
pub(super) async fn one(
    State(api): State<Api>,
    caller: Caller,
    Name(name): Name,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let wanted = Wanted::parse(&name)?;
    let shown = params.fields("monitors", FIELDS)?;
    let scope = caller.recording_scope(RecordingKind::Call);
    let (Wanted::Mp3(id) | Wanted::Row(id) | Wanted::Wav(id)) = wanted;
    let found = audio::find(&api, scope, id).await?;
    match wanted {
        Wanted::Mp3(_) => audio::mp3(&api, found.record, &headers).await,
        Wanted::Row(_) => Ok(reply::one(shown.of(row(&found)))),
        Wanted::Wav(_) => audio::wav(&api, found.record, &headers).await,
    }
}

pub(super) async fn peaks(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    params: Params,
) -> Result<Response, ApiError> {
    let scope = caller.recording_scope(RecordingKind::Call);
    let found = audio::find(&api, scope, RecordingId(id)).await?;
    audio::peaks(&api, found.record, &params).await
}

/// Admins only: who is recorded does not decide what is kept.
pub(super) async fn delete(
    State(api): State<Api>,
    _admin: Admin,
    Ids(ids): Ids,
) -> Result<Response, ApiError> {
    let scope = RecordingScope {
        kind: RecordingKind::Call,
        user: None,
    };
    audio::remove(&api, scope, ids).await?;
    Ok(reply::gone())
}

fn row(found: &Recording) -> Map<String, Value> {
    let record = &found.record;
    reply::members(json!({
        "id": record.id,
        "live_id": record.call,
        "cdr_id": found.cdr_id,
        "user_id": record.user,
        "timestamp": record.started_at.to_contract(),
        "caller": record.caller,
        "called": record.called,
        "duration": audio::seconds(record),
        "type": if found.is_outbound { "O" } else { "I" },
        "size": record.audio.size_mp3,
        "context": record.context,
        "size_wav": record.audio.size_wav,
        "channels": record.audio.channels,
        "cut": record.audio.cut,
    }))
}
