//! `/sounds`: the library of recorded sounds.
//!
//! A sound is put in as it is: `curl --data-binary @waltz.wav -H 'Content-Type: audio/wav' '…/sounds?name=Waltz'`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use offhook_base::SoundId;
use offhook_media_core::Clip;
use offhook_store::{NewSound, SOUNDS, Sound};
use serde_json::{Map, Value, json};

use crate::Api;
use crate::auth::Admin;
use crate::error::ApiError;
use crate::ports::ConfigChange;
use crate::query::{Ids, Name, Params, small};
use crate::reply;

/// Most octets of one file.
pub(super) const FILE_LIMIT: usize = 20_000_000;

const FIELDS: &[&str] = &["id", "name", "duration_ms", "size", "created_at"];

pub(super) async fn list(
    State(api): State<Api>,
    _admin: Admin,
    params: Params,
) -> Result<Response, ApiError> {
    let selection = params.selection(&SOUNDS)?;
    let shown = params.fields("sounds", FIELDS)?;
    let page = api
        .store(move |inner| inner.stores.config.sounds(&selection))
        .await??;
    Ok(reply::list(&page.map(|sound| shown.of(row(&sound)))))
}

/// The row of `/sounds/{id}`, or the file of `/sounds/{id}.wav`: 16 bits, one channel, 16,000 samples a second. A player
/// that seeks asks for a part of it.
pub(super) async fn one(
    State(api): State<Api>,
    _admin: Admin,
    Name(name): Name,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (name, is_file) = match name.strip_suffix(".wav") {
        Some(name) => (name, true),
        None => (name.as_str(), false),
    };
    let id = name.parse().map_err(|_| ApiError::not_found())?;
    let id = SoundId(id);
    if is_file {
        let file = api
            .store(move |inner| inner.stores.config.sound_file(id))
            .await??;
        let saved_as = format!("attachment; filename=\"sound-{id}.wav\"");
        let saved_as = [(header::CONTENT_DISPOSITION, saved_as)];
        let sound = super::audio::serve_octets(file, "audio/wav", &headers);
        return Ok((saved_as, sound).into_response());
    }
    let shown = params.fields("sounds", FIELDS)?;
    let sound = api
        .store(move |inner| inner.stores.config.sound(id))
        .await??;
    Ok(reply::one(shown.of(row(&sound))))
}

pub(super) async fn create(
    State(api): State<Api>,
    _admin: Admin,
    params: Params,
    request: Request,
) -> Result<Response, ApiError> {
    let name = name_of(&params)?;
    if !is_wav(request.headers()) {
        return Err(ApiError::wrong_content_type());
    }
    let file = Bytes::from_request(request, &api)
        .await
        .map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => ApiError::too_large(),
            _ => ApiError::field("body", "ends too early"),
        })?;
    let sound = api
        .change(move |inner| {
            let clip = Clip::from_wav(name.clone(), &file)
                .map_err(|error| ApiError::field("body", error.to_string()))?;
            drop(file);
            let new = NewSound {
                name: &name,
                duration_ms: clip.duration_ms(),
                file: &clip.to_wav(),
            };
            let sound = inner.stores.config.create_sound(inner.wall(), new)?;
            let change = ConfigChange::Sound(sound.id, Arc::new(clip));
            Ok((sound, vec![change]))
        })
        .await?;
    Ok(reply::created(row(&sound)))
}

pub(super) async fn delete(
    State(api): State<Api>,
    _admin: Admin,
    Ids(ids): Ids,
) -> Result<Response, ApiError> {
    let ids = ids
        .into_iter()
        .map(|id| small(id).map(SoundId))
        .collect::<Result<Vec<_>, _>>()?;
    api.change(move |inner| {
        inner.stores.config.delete_sounds(&ids)?;
        Ok(((), ids.into_iter().map(ConfigChange::SoundGone).collect()))
    })
    .await?;
    Ok(reply::gone())
}

fn name_of(params: &Params) -> Result<String, ApiError> {
    let name = params.get("name")?.unwrap_or_default().trim();
    let length = name.chars().count();
    if !(1..=100).contains(&length) || name.chars().any(char::is_control) {
        let wanted = "must be 1 to 100 characters, as in /sounds?name=Waltz";
        return Err(ApiError::parameter("name", wanted));
    }
    Ok(name.to_owned())
}

/// Clients name WAV files in several ways, and curl names what it sends as nothing in particular.
fn is_wav(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return true;
    };
    let essence = value.to_str().unwrap_or_default().split(';').next();
    let essence = essence.unwrap_or_default().trim().to_ascii_lowercase();
    let known = [
        "application/octet-stream",
        "audio/vnd.wave",
        "audio/wav",
        "audio/wave",
        "audio/x-wav",
    ];
    known.contains(&essence.as_str())
}

fn row(sound: &Sound) -> Map<String, Value> {
    reply::members(json!({
        "id": sound.id,
        "name": sound.name,
        "duration_ms": sound.duration_ms,
        "size": sound.size,
        "created_at": sound.created_at.to_contract(),
    }))
}
