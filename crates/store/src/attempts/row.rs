//! Rows of a day's file as values.

use std::sync::Arc;

use bytes::Bytes;
use offhook_base::{CallId, DeliveryId, EventRecord, Wall, WebhookId};
use rusqlite::types::Type;
use rusqlite::{Connection, Row, params};

use super::{AttemptRecord, DeliveryRow, DeliveryState, FinishedDelivery};

/// Request headers whose values let their reader act as us.
const SECRET_HEADERS: [&str; 3] = ["authorization", "cookie", "proxy-authorization"];

impl DeliveryState {
    pub(super) const fn number(self) -> u8 {
        match self {
            Self::Pending => 0,
            Self::Held => 1,
            Self::Delivered => 2,
            Self::Failed => 3,
            Self::Expired => 4,
        }
    }

    pub(super) fn from_number(number: u8) -> Option<Self> {
        [
            Self::Pending,
            Self::Held,
            Self::Delivered,
            Self::Failed,
            Self::Expired,
        ]
        .into_iter()
        .find(|state| state.number() == number)
    }

    /// Whether the journal holds such deliveries.
    pub(super) const fn is_unfinished(self) -> bool {
        matches!(self, Self::Pending | Self::Held)
    }
}

pub(super) fn insert_finished(
    db: &Connection,
    finished: &FinishedDelivery,
) -> rusqlite::Result<()> {
    let event = &finished.event;
    // A verdict that was lost in a crash is reached a second time.
    db.prepare_cached(
        "INSERT OR REPLACE INTO delivery (id, webhook, event_id, name, root, call, seq, context, at, is_final,
                                          prev_seq, state, reason, replayed, finished_at, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
    )?
    .execute(params![
        finished.id.0,
        finished.webhook.0,
        &*event.id,
        event.name.as_str(),
        event.root.0,
        event.call.0,
        event.seq,
        &*event.context,
        event.at.0,
        event.is_final,
        finished.prev_seq,
        finished.state.number(),
        finished.reason,
        finished.replayed,
        finished.finished_at.0,
        &*event.body,
    ])?;
    Ok(())
}

pub(super) fn insert_attempt(db: &Connection, attempt: &AttemptRecord) -> rusqlite::Result<()> {
    let request_headers = headers_json(attempt.request_headers.iter().map(|(name, value)| {
        let secret = SECRET_HEADERS
            .iter()
            .any(|it| name.eq_ignore_ascii_case(it));
        (name.as_str(), if secret { "…" } else { value.as_str() })
    }))?;
    let response_headers = headers_json(
        attempt
            .response_headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str())),
    )?;
    db.prepare_cached(
        "INSERT INTO attempt (delivery, n, at, ms, status, error, request_headers, response_headers, response_body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        attempt.delivery.0,
        attempt.n,
        attempt.at.0,
        attempt.ms,
        attempt.status,
        attempt.error,
        request_headers,
        response_headers,
        &*attempt.response_body,
    ])?;
    Ok(())
}

pub(super) fn finished(row: &Row<'_>) -> rusqlite::Result<DeliveryRow> {
    let text = |column| -> rusqlite::Result<Arc<str>> { Ok(row.get_ref(column)?.as_str()?.into()) };
    let number: u8 = row.get("state")?;
    let state = DeliveryState::from_number(number).ok_or(
        rusqlite::Error::IntegralValueOutOfRange(0, i64::from(number)),
    )?;
    let event = EventRecord {
        id: text("event_id")?,
        root: CallId(row.get("root")?),
        call: CallId(row.get("call")?),
        seq: row.get("seq")?,
        name: row.get_ref("name")?.as_str()?.parse().map_err(unreadable)?,
        context: text("context")?,
        is_final: row.get("is_final")?,
        at: Wall(row.get("at")?),
        body: row.get_ref("body")?.as_blob()?.into(),
    };
    Ok(DeliveryRow {
        id: DeliveryId(row.get("id")?),
        webhook: WebhookId(row.get("webhook")?),
        event,
        prev_seq: row.get("prev_seq")?,
        state,
        reason: row.get("reason")?,
        replayed: row.get("replayed")?,
        next_attempt_at: None,
        finished_at: Some(Wall(row.get("finished_at")?)),
        attempts: Vec::new(),
    })
}

pub(super) fn attempt(row: &Row<'_>) -> rusqlite::Result<AttemptRecord> {
    let headers = |column| -> rusqlite::Result<Vec<(String, String)>> {
        serde_json::from_str(row.get_ref(column)?.as_str()?).map_err(unreadable)
    };
    Ok(AttemptRecord {
        delivery: DeliveryId(row.get("delivery")?),
        n: row.get("n")?,
        at: Wall(row.get("at")?),
        ms: row.get("ms")?,
        status: row.get("status")?,
        error: row.get("error")?,
        request_headers: headers("request_headers")?,
        response_headers: headers("response_headers")?,
        response_body: Bytes::copy_from_slice(row.get_ref("response_body")?.as_blob()?),
    })
}

fn headers_json<'a>(headers: impl Iterator<Item = (&'a str, &'a str)>) -> rusqlite::Result<String> {
    serde_json::to_string(&headers.collect::<Vec<_>>())
        .map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))
}

fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(error))
}
