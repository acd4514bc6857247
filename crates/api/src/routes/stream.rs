//! `GET /events/stream`: the events as they happen (Server-Sent Events), and on demand what else changes.

mod message;
mod reader;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::sse::{KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use offhook_base::{CallId, JournalPos};

use super::events;
use crate::Api;
use crate::auth::Holder;
use crate::error::ApiError;
use crate::query::Params;
use reader::Reader;

/// A comment is sent after so much silence, or a proxy would think that nobody is there.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Tells a proxy of nginx's kind to pass on each octet as it comes.
const UNBUFFERED: (HeaderName, HeaderValue) = (
    HeaderName::from_static("x-accel-buffering"),
    HeaderValue::from_static("no"),
);

/// What a client asked to be told.
#[derive(Clone, Copy, Debug, Default)]
struct Wanted {
    call: Option<CallId>,
    calls: bool,
    deliveries: bool,
    registrations: bool,
}

impl Wanted {
    fn read(params: &Params) -> Result<Self, ApiError> {
        let mut wanted = Self {
            call: params.get("call_id")?.map(events::call_id).transpose()?,
            ..Self::default()
        };
        let list = params.get("include")?.unwrap_or_default();
        for kind in list.split(',').map(str::trim) {
            match kind {
                "" => {}
                "calls" => wanted.calls = true,
                "deliveries" => wanted.deliveries = true,
                "registrations" => wanted.registrations = true,
                _ => {
                    let known = "only deliveries, registrations and calls can be included";
                    return Err(ApiError::parameter("include", known));
                }
            }
        }
        Ok(wanted)
    }

    const fn has_notices(self) -> bool {
        self.calls || self.deliveries || self.registrations
    }

    fn has_call(self, call: CallId) -> bool {
        self.call.is_none_or(|wanted| wanted == call)
    }
}

/// `GET /events/stream?after=<cursor>&call_id=&include=`
pub(super) async fn serve(
    State(api): State<Api>,
    holder: Holder,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    holder.caller.must_be_admin()?;
    let wanted = Wanted::read(&params)?;
    let after = cursor(&params, &headers)?;
    let seat = Arc::clone(&api.inner.streams)
        .try_acquire_owned()
        .map_err(|_| ApiError::too_many_streams())?;
    // Before the journal is read: what is committed from here on is in one of the two.
    let subscription = api.inner.ports.feed.subscribe();
    let at = api
        .store(move |inner| -> Result<JournalPos, ApiError> {
            let journal = &inner.stores.journal;
            match after {
                Some(after) => events::must_be_kept(journal, after).map(|()| after),
                None => Ok(journal.newest()?),
            }
        })
        .await??;
    let reader = Reader {
        resuming: after.is_some(),
        api,
        credentials: holder.credentials,
        wanted,
        at,
        subscription,
        seat,
    };
    let stream = Sse::new(reader.into_stream()).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    Ok(([UNBUFFERED], stream).into_response())
}

/// Where to go on. A browser that connects again by itself repeats the address it began with, and sends the header: so the
/// header wins.
fn cursor(params: &Params, headers: &HeaderMap) -> Result<Option<JournalPos>, ApiError> {
    let (name, text) = match headers.get("last-event-id") {
        Some(value) if !value.is_empty() => {
            ("Last-Event-ID", Some(value.to_str().unwrap_or("\u{fffd}")))
        }
        Some(_) | None => ("after", params.get("after")?),
    };
    text.filter(|text| !text.is_empty())
        .map(|text| events::read(name, text))
        .transpose()
}
