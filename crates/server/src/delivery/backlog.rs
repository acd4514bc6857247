//! Reading deliveries back from the journal.

use std::fmt;

use offhook_base::{DeliveryId, JournalPos, WebhookId};
use offhook_delivery::Waiting;
use offhook_store::{JournalReader, StoreError, UnfinishedDelivery, UnfinishedState};

/// The pending deliveries of the journal. Its methods block; they are called on threads that may.
pub(crate) trait Backlog: fmt::Debug + Send + Sync + 'static {
    /// Pending deliveries of one webhook with ids above `after`, lowest first, at most `limit`; and whether there are no more.
    ///
    /// # Errors
    /// When the journal cannot be read now.
    fn page(
        &self,
        endpoint: WebhookId,
        after: DeliveryId,
        limit: usize,
    ) -> Result<(Vec<Waiting>, bool), StoreError>;

    /// Those of `deliveries` that are pending.
    ///
    /// # Errors
    /// When the journal cannot be read now.
    fn load(&self, deliveries: &[DeliveryId]) -> Result<Vec<Waiting>, StoreError>;
}

impl Backlog for JournalReader {
    fn page(
        &self,
        endpoint: WebhookId,
        after: DeliveryId,
        limit: usize,
    ) -> Result<(Vec<Waiting>, bool), StoreError> {
        let mut after = after;
        // Held ones are among the rows: a page of nothing else is passed over.
        loop {
            let rows = self.unfinished(endpoint, after, limit)?;
            let end = rows.len() < limit;
            after = rows.last().map_or(after, |row| row.id);
            let pending: Vec<_> = rows.into_iter().filter_map(pending).collect();
            if end || !pending.is_empty() {
                return Ok((pending, end));
            }
        }
    }

    fn load(&self, deliveries: &[DeliveryId]) -> Result<Vec<Waiting>, StoreError> {
        let mut found = Vec::with_capacity(deliveries.len());
        for delivery in deliveries {
            found.extend(self.delivery(*delivery)?.and_then(pending));
        }
        Ok(found)
    }
}

fn pending(row: UnfinishedDelivery) -> Option<Waiting> {
    let UnfinishedDelivery {
        id,
        webhook,
        event,
        prev_seq,
        attempts,
        due,
        state,
        replayed,
    } = row;
    let after_projection = event.event.name.has_row().then_some(event.pos);
    let after_projection = after_projection.filter(|pos| *pos > JournalPos(0));
    (state == UnfinishedState::Pending).then(|| Waiting {
        delivery: id,
        endpoint: webhook,
        event: event.event.into(),
        prev_seq,
        after_projection,
        attempts,
        due,
        replayed,
    })
}
