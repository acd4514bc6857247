//! Rows as values: the encodings that the writing and the reading side share.

use std::sync::Arc;

use offhook_base::{CallId, DeliveryId, EventRecord, JournalPos, Wall, WebhookId};
use rusqlite::Row;
use rusqlite::types::Type;

use super::{StoredEvent, UnfinishedDelivery, UnfinishedState};

pub(super) const PENDING: u8 = 0;
pub(super) const HELD: u8 = 1;

/// The columns that [`event`] reads, in its order.
pub(super) const EVENT_COLUMNS: &str = "fact.pos, fact.event_id, fact.root, fact.call, fact.seq, fact.name, fact.context, fact.at, fact.is_final, fact.body";

/// The columns that [`unfinished`] reads after those of [`EVENT_COLUMNS`].
pub(super) const DELIVERY_COLUMNS: &str = "delivery.id, delivery.webhook, delivery.prev_seq, delivery.attempts, delivery.due, delivery.state, delivery.replayed";

/// Webhook ids, four octets each, lowest first.
pub(super) fn pack_webhooks(webhooks: impl Iterator<Item = WebhookId>) -> Vec<u8> {
    webhooks
        .flat_map(|webhook| webhook.0.to_le_bytes())
        .collect()
}

/// Reads what [`pack_webhooks`] wrote; an odd tail is left out.
pub(super) fn unpack_webhooks(packed: &[u8]) -> impl Iterator<Item = WebhookId> {
    packed
        .as_chunks::<4>()
        .0
        .iter()
        .map(|bytes| WebhookId(u32::from_le_bytes(*bytes)))
}

/// A record as the journal keeps it.
pub(super) fn json(record: &impl serde::Serialize) -> rusqlite::Result<Vec<u8>> {
    serde_json::to_vec(record).map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))
}

/// Reads what [`json`] wrote into this column, if anything.
pub(super) fn read_json<T: serde::de::DeserializeOwned>(
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<Option<T>> {
    let Some(octets) = row.get_ref(column)?.as_blob_or_null()? else {
        return Ok(None);
    };
    serde_json::from_slice(octets)
        .map(Some)
        .map_err(|e| rusqlite::Error::FromSqlConversionFailure(column, Type::Blob, Box::new(e)))
}

pub(super) fn event(row: &Row<'_>) -> rusqlite::Result<StoredEvent> {
    let text = |column| -> rusqlite::Result<Arc<str>> { Ok(row.get_ref(column)?.as_str()?.into()) };
    let name = row
        .get_ref(5)?
        .as_str()?
        .parse()
        .map_err(|e| unreadable(5, e))?;
    let event = EventRecord {
        id: text(1)?,
        root: CallId(row.get(2)?),
        call: CallId(row.get(3)?),
        seq: row.get(4)?,
        name,
        context: text(6)?,
        is_final: row.get(8)?,
        at: Wall(row.get(7)?),
        body: row.get_ref(9)?.as_blob()?.into(),
    };
    Ok(StoredEvent {
        pos: JournalPos(row.get(0)?),
        event,
    })
}

pub(super) fn unfinished(row: &Row<'_>) -> rusqlite::Result<UnfinishedDelivery> {
    let state = match row.get::<_, u8>(15)? {
        HELD => UnfinishedState::Held,
        _ => UnfinishedState::Pending,
    };
    Ok(UnfinishedDelivery {
        id: DeliveryId(row.get(10)?),
        webhook: WebhookId(row.get(11)?),
        event: event(row)?,
        prev_seq: row.get(12)?,
        attempts: row.get(13)?,
        due: Wall(row.get(14)?),
        state,
        replayed: row.get(16)?,
    })
}

/// A column whose text is not what this program writes.
pub(super) fn unreadable(
    column: usize,
    error: impl std::error::Error + Send + Sync + 'static,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
}
