//! The sound of a recording as an answer: the whole file or one range of it (RFC 9110 section 14), read in pieces.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::try_unfold;
use offhook_base::{RecordingId, RecordingKind, RecordingRecord};
use offhook_store::{Recording, RecordingScope};
use serde_json::{Value, json};

use crate::Api;
use crate::error::ApiError;
use crate::ports::{ConfigChange, SoundError};
use crate::query::Params;

/// What a client wants of a recording: `42`, `42.wav`, `42.mp3`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Wanted {
    Mp3(RecordingId),
    Row(RecordingId),
    Wav(RecordingId),
}

impl Wanted {
    /// Reads the end of a path. No part of it ever becomes part of a file's name: only the number does.
    pub(super) fn parse(name: &str) -> Result<Self, ApiError> {
        let (number, wanted): (&str, fn(RecordingId) -> Self) = match name.split_once('.') {
            None => (name, Self::Row),
            Some((number, "mp3")) => (number, Self::Mp3),
            Some((number, "wav")) => (number, Self::Wav),
            Some(_) => return Err(ApiError::not_found()),
        };
        crate::query::number(number).map(|id| wanted(RecordingId(id)))
    }
}

/// A recording of this scope.
pub(super) async fn find(
    api: &Api,
    scope: RecordingScope,
    id: RecordingId,
) -> Result<Recording, ApiError> {
    let found = api
        .store(move |inner| inner.stores.config.recording(scope, id))
        .await??;
    Ok(found)
}

/// The file as it was recorded.
pub(super) async fn wav(
    api: &Api,
    of: RecordingRecord,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    let file = api.inner.ports.sounds.wav(of).await.map_err(refusal)?;
    serve(file, "audio/wav", headers).await
}

/// The file as MP3.
pub(super) async fn mp3(
    api: &Api,
    of: RecordingRecord,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    let file = api.inner.ports.sounds.mp3(of).await.map_err(refusal)?;
    serve(file, "audio/mpeg", headers).await
}

/// `{"data":{"channels":[[min,max,…],…],"points":…,"duration":…}}`
pub(super) async fn peaks(
    api: &Api,
    of: RecordingRecord,
    params: &Params,
) -> Result<Response, ApiError> {
    let points = match params.get("points")? {
        None => POINTS,
        Some(text) => text
            .parse()
            .ok()
            .filter(|points| (1..=POINTS_AT_MOST).contains(points))
            .ok_or_else(|| {
                let range = format!("must be a number from 1 to {POINTS_AT_MOST}");
                ApiError::parameter("points", range)
            })?,
    };
    let seconds = of.audio.duration_ms;
    let outline = api.inner.ports.sounds.outline(of, points).await;
    let outline = outline.map_err(refusal)?;
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of a recording")]
    let duration = seconds as f64 / 1_000.0;
    let data =
        json!({"channels": outline.channels, "points": outline.points, "duration": duration});
    Ok(axum::Json(json!({"data": data, "links": {}})).into_response())
}

/// Removes the files, then the entries. What is outside the scope is not found, and then nothing is removed.
pub(crate) async fn remove(
    api: &Api,
    scope: RecordingScope,
    ids: Vec<u64>,
) -> Result<(), ApiError> {
    let mut found = Vec::new();
    for id in ids {
        found.push(find(api, scope, RecordingId(id)).await?);
    }
    for one in found {
        let (id, user) = (one.record.id, one.record.user);
        let is_message = one.record.kind == RecordingKind::Message;
        let gone = api.inner.ports.sounds.remove(one.record).await;
        gone.map_err(refusal)?;
        api.change(move |inner| {
            inner.stores.config.remove_recording(id)?;
            let user = user.filter(|_| is_message).map(ConfigChange::Messages);
            Ok(((), user.into_iter().collect()))
        })
        .await?;
    }
    Ok(())
}

/// Whole seconds of a recording.
pub(super) fn seconds(of: &RecordingRecord) -> Value {
    Value::from(of.audio.duration_ms / 1_000)
}

fn refusal(error: SoundError) -> ApiError {
    match error {
        SoundError::Missing => ApiError::not_found(),
        SoundError::NotBuilt => ApiError::not_built(),
        SoundError::Unavailable => ApiError::unavailable("a recording's file cannot be read now"),
    }
}

async fn serve(file: File, kind: &'static str, headers: &HeaderMap) -> Result<Response, ApiError> {
    let measured = tokio::task::spawn_blocking(move || (file.metadata(), file)).await;
    let Ok((Ok(metadata), file)) = measured else {
        return Err(ApiError::unavailable("a recording's file has no length"));
    };
    Ok(ranged(metadata.len(), kind, headers, |range| {
        body(file, range)
    }))
}

/// A sound that is held in memory: all of it, or the range that is asked for.
pub(super) fn serve_octets(octets: Vec<u8>, kind: &'static str, headers: &HeaderMap) -> Response {
    let octets = Bytes::from(octets);
    ranged(octets.len() as u64, kind, headers, |range| {
        let place = |at| usize::try_from(at).unwrap_or(usize::MAX);
        let (start, end) = (place(range.start), place(range.end));
        // `ranged` asks for nothing beyond the length.
        octets.slice(start..end).into_response()
    })
}

/// Answers with what of a sound of this length is asked for.
fn ranged(
    length: u64,
    kind: &'static str,
    headers: &HeaderMap,
    body: impl FnOnce(Range<u64>) -> Response,
) -> Response {
    let mut response = match asked(headers.get(header::RANGE), length) {
        Asked::Beyond => {
            let told = format!("bytes */{length}");
            let told = [(header::CONTENT_RANGE, told)];
            return (told, ApiError::range()).into_response();
        }
        Asked::Part(range) => {
            let told = format!("bytes {}-{}/{length}", range.start, range.end - 1);
            let told = [(header::CONTENT_RANGE, told)];
            (StatusCode::PARTIAL_CONTENT, told, body(range)).into_response()
        }
        Asked::Whole => body(0..length),
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    response
}

/// The octets of a file in pieces, each read when the client has taken the one before.
fn body(file: File, range: Range<u64>) -> Response {
    let length = range.end - range.start;
    let file = Arc::new(file);
    let pieces = try_unfold(range, move |range| {
        let file = Arc::clone(&file);
        async move {
            if range.is_empty() {
                return Ok(None);
            }
            let piece = (range.end - range.start).min(PIECE);
            let read = tokio::task::spawn_blocking(move || {
                let mut octets = vec![0; usize::try_from(piece).unwrap_or(0)];
                file.read_exact_at(&mut octets, range.start)?;
                Ok::<_, io::Error>(Bytes::from(octets))
            });
            let octets = read.await.map_err(io::Error::other)??;
            Ok::<_, io::Error>(Some((octets, range.start + piece..range.end)))
        }
    });
    (
        [(header::CONTENT_LENGTH, length)],
        Body::from_stream(pieces),
    )
        .into_response()
}

/// What of a file a client asks for.
#[derive(Debug, Eq, PartialEq)]
enum Asked {
    /// Nothing that there is.
    Beyond,
    Part(Range<u64>),
    Whole,
}

/// A range that is malformed, of another unit, or one of several, is passed over, as RFC 9110 section 14.2 allows.
fn asked(header: Option<&HeaderValue>, length: u64) -> Asked {
    let range = header
        .and_then(|header| header.to_str().ok())
        .and_then(|text| text.trim().strip_prefix("bytes="))
        .and_then(|text| text.split_once('-'));
    let Some((first, last)) = range else {
        return Asked::Whole;
    };
    let number = |text: &str| match text.trim() {
        "" => Some(None),
        digits if digits.bytes().all(|octet| octet.is_ascii_digit()) => {
            // More than any file has, when it is longer than a number can be.
            Some(Some(digits.parse().unwrap_or(u64::MAX)))
        }
        _ => None,
    };
    let range = match (number(first), number(last)) {
        (Some(Some(first)), Some(Some(last))) if first <= last => {
            first..last.saturating_add(1).min(length)
        }
        (Some(Some(first)), Some(None)) => first..length,
        (Some(None), Some(Some(suffix))) => length.saturating_sub(suffix)..length,
        _ => return Asked::Whole,
    };
    if range.start >= range.end {
        Asked::Beyond
    } else {
        Asked::Part(range)
    }
}

/// Octets read at a time.
const PIECE: u64 = 64 << 10;

/// Pieces of an outline, unless the client says otherwise, and the most.
const POINTS: u32 = 800;
const POINTS_AT_MOST: u32 = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc9110_14_one_range_is_taken_and_anything_else_passed_over() {
        for (text, expected) in [
            ("bytes=0-9", Asked::Part(0..10)),
            ("bytes=5-", Asked::Part(5..100)),
            ("bytes=-5", Asked::Part(95..100)),
            ("bytes=-500", Asked::Part(0..100)),
            ("bytes=90-500", Asked::Part(90..100)),
            ("bytes=99-99999999999999999999999", Asked::Part(99..100)),
            ("bytes=100-", Asked::Beyond),
            ("bytes=99999999999999999999999-", Asked::Beyond),
            ("bytes=-0", Asked::Beyond),
            ("bytes=9-5", Asked::Whole),
            ("bytes=0-1,5-6", Asked::Whole),
            ("bytes=a-b", Asked::Whole),
            ("bytes=-", Asked::Whole),
            ("bytes=+1-2", Asked::Whole),
            ("lines=1-2", Asked::Whole),
            ("", Asked::Whole),
        ] {
            let header = HeaderValue::from_static(text);
            assert_eq!(asked(Some(&header), 100), expected, "{text}");
        }
        assert_eq!(asked(None, 100), Asked::Whole);
        let all = HeaderValue::from_static("bytes=0-");
        assert_eq!(asked(Some(&all), 0), Asked::Beyond, "an empty file");
    }

    #[test]
    fn a_name_is_a_number_and_one_of_two_endings() {
        let id = RecordingId(42);
        assert_eq!(Wanted::parse("42").ok(), Some(Wanted::Row(id)));
        assert_eq!(Wanted::parse("42.wav").ok(), Some(Wanted::Wav(id)));
        assert_eq!(Wanted::parse("42.mp3").ok(), Some(Wanted::Mp3(id)));
        for name in [
            "",
            ".mp3",
            "42.",
            "42.MP3",
            "42.mp3.part",
            "+42.mp3",
            "../42",
            "4/2",
            "42.mp3\0",
        ] {
            assert!(Wanted::parse(name).is_err(), "{name}");
        }
    }
}
