//! `/voicemessages`: messages that were left for users.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use offhook_base::{RecordingId, RecordingKind};
use offhook_store::{Recording, VOICE_MESSAGES};
use serde_json::{Map, Value, json};

use super::audio::{self, Wanted};
use crate::Api;
use crate::auth::Caller;
use crate::body::Body;
use crate::error::ApiError;
use crate::ports::ConfigChange;
use crate::query::{Id, Ids, Name, Params};
use crate::reply;

const FIELDS: &[&str] = &[
    "id", "user_id", "origtime", "caller", "dialled", "duration", "folder", "is_new",
];

pub(super) async fn list(
    State(api): State<Api>,
    caller: Caller,
    params: Params,
) -> Result<Response, ApiError> {
    let selection = params.selection(&VOICE_MESSAGES)?;
    let shown = params.fields("voicemessages", FIELDS)?;
    let scope = caller.recording_scope(RecordingKind::Message);
    let page = api
        .store(move |inner| inner.stores.config.recordings(scope, &selection))
        .await??;
    Ok(reply::list(&page.map(|found| shown.of(row(&found)))))
}

/// `/voicemessages/42`, and its sound by `/voicemessages/42.wav` and `/voicemessages/42.mp3`.
pub(super) async fn one(
    State(api): State<Api>,
    caller: Caller,
    Name(name): Name,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let wanted = Wanted::parse(&name)?;
    let shown = params.fields("voicemessages", FIELDS)?;
    let scope = caller.recording_scope(RecordingKind::Message);
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
    let scope = caller.recording_scope(RecordingKind::Message);
    let found = audio::find(&api, scope, RecordingId(id)).await?;
    audio::peaks(&api, found.record, &params).await
}

/// Marks a message as heard, or as new.
pub(super) async fn update(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    Body(mut fields): Body,
) -> Result<Response, ApiError> {
    let is_new = fields.flag("is_new");
    let is_new = fields.require("is_new", is_new);
    fields.finish()?;
    let scope = caller.recording_scope(RecordingKind::Message);
    let (id, is_new) = (RecordingId(id), is_new.unwrap_or_default());
    let marked = api
        .change(move |inner| {
            let marked = inner.stores.config.mark_message(scope, id, is_new)?;
            let user = marked.record.user.map(ConfigChange::Messages);
            Ok((marked, user.into_iter().collect()))
        })
        .await?;
    Ok(reply::one(row(&marked)))
}

pub(super) async fn delete(
    State(api): State<Api>,
    caller: Caller,
    Ids(ids): Ids,
) -> Result<Response, ApiError> {
    let scope = caller.recording_scope(RecordingKind::Message);
    audio::remove(&api, scope, ids).await?;
    Ok(reply::gone())
}

fn row(found: &Recording) -> Map<String, Value> {
    let record = &found.record;
    reply::members(json!({
        "id": record.id,
        "user_id": record.user,
        "origtime": record.started_at.to_contract(),
        "caller": record.caller,
        "dialled": record.called,
        "duration": audio::seconds(record),
        "folder": if found.is_new { "INBOX" } else { "Old" },
        "is_new": found.is_new,
    }))
}
