//! Deliveries counted, for overviews that show no single one.

use std::collections::BTreeMap;

use offhook_base::{CallId, DeliveryId, Wall, WebhookId};
use rusqlite::{Connection, params};

use super::day::Day;
use super::{DeliveryReader, DeliveryState};
use crate::{StoreError, deadline};

/// Microseconds of an hour.
const HOUR: i64 = 3_600_000_000;

/// What became of a webhook's deliveries that ended within one hour.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct EndedInHour {
    /// The webhook.
    pub webhook: WebhookId,
    /// The hour's first moment.
    pub hour: Wall,
    /// Accepted by the receiver.
    pub delivered: u64,
    /// Failed or expired.
    pub failed: u64,
}

/// How many deliveries of a root call stand where.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct DeliveryCounts {
    /// To be sent.
    pub pending: u64,
    /// Their webhook is switched off.
    pub held: u64,
    /// Accepted by the receiver.
    pub delivered: u64,
    /// Refused for good.
    pub failed: u64,
    /// Given up for their age.
    pub expired: u64,
}

impl DeliveryCounts {
    const fn add(&mut self, state: DeliveryState) {
        let slot = match state {
            DeliveryState::Pending => &mut self.pending,
            DeliveryState::Held => &mut self.held,
            DeliveryState::Delivered => &mut self.delivered,
            DeliveryState::Failed => &mut self.failed,
            DeliveryState::Expired => &mut self.expired,
        };
        *slot = slot.saturating_add(1);
    }
}

impl DeliveryReader {
    /// Deliveries that ended since `from`, by webhook and hour.
    ///
    /// # Errors
    /// `TooBroad` when it takes over a second; `Unavailable`, `Corrupt`.
    pub fn ended_by_hour(&self, from: Wall) -> Result<Vec<EndedInHour>, StoreError> {
        let deadline = deadline::of_one_query();
        let mut hours: BTreeMap<(WebhookId, i64), (u64, u64)> = BTreeMap::new();
        let first = Day::of(from);
        for day in self.days()?.into_iter().filter(|day| *day >= first) {
            let rows = self.on(day, |db| {
                deadline::until(db, deadline, |db| ended(db, from))
            })?;
            for (webhook, hour, state, count) in rows {
                let (delivered, failed) = hours.entry((webhook, hour)).or_default();
                *(if state == DeliveryState::Delivered.number() {
                    delivered
                } else {
                    failed
                }) += count;
            }
        }
        let row = |((webhook, hour), (delivered, failed))| EndedInHour {
            webhook,
            hour: Wall(hour * HOUR),
            delivered,
            failed,
        };
        Ok(hours.into_iter().map(row).collect())
    }

    /// How the deliveries of these root calls stand; a root without any is left out. Of an event that was sent to a webhook
    /// again only the newest delivery counts: one that failed and then came through is well. `since` is a moment before all
    /// their events.
    ///
    /// # Errors
    /// `TooBroad` when it takes over a second; `Unavailable`, `Corrupt`.
    pub fn counts_of_roots(
        &self,
        roots: &[CallId],
        since: Wall,
    ) -> Result<BTreeMap<CallId, DeliveryCounts>, StoreError> {
        let deadline = deadline::of_one_query();
        let mut newest: BTreeMap<(CallId, WebhookId, String), (DeliveryId, DeliveryState)> =
            BTreeMap::new();
        let first = Day::of(since);
        let mut found = self.journal().unfinished_of_roots(roots, deadline)?;
        for day in self.days()?.into_iter().filter(|day| *day >= first) {
            found.extend(self.on(day, |db| {
                deadline::until(db, deadline, |db| finished(db, roots))
            })?);
        }
        for one in found {
            let held = newest
                .entry((one.root, one.webhook, one.event_id))
                .or_insert((one.id, one.state));
            // Between the evidence of an end and the verdict's commit a delivery is in both; its end is right.
            if one.id > held.0 || (one.id == held.0 && held.1.is_unfinished()) {
                *held = (one.id, one.state);
            }
        }
        let mut counts: BTreeMap<CallId, DeliveryCounts> = BTreeMap::new();
        for ((root, ..), (_, state)) in newest {
            counts.entry(root).or_default().add(state);
        }
        Ok(counts)
    }
}

/// A delivery without what it carried.
pub(crate) struct OfRoot {
    pub(crate) root: CallId,
    pub(crate) webhook: WebhookId,
    pub(crate) event_id: String,
    pub(crate) id: DeliveryId,
    pub(crate) state: DeliveryState,
}

/// Ids as the one parameter of `IN (SELECT value FROM json_each(?))`.
pub(crate) fn id_list(roots: &[CallId]) -> String {
    let ids: Vec<String> = roots.iter().map(|root| root.0.to_string()).collect();
    format!("[{}]", ids.join(","))
}

type EndedRow = (WebhookId, i64, u8, u64);

fn ended(db: &Connection, from: Wall) -> rusqlite::Result<Vec<EndedRow>> {
    db.prepare_cached(
        "SELECT webhook, finished_at / ?2, state, count(*) FROM delivery WHERE finished_at >= ?1 GROUP BY 1, 2, 3",
    )?
    .query_map(params![from.0, HOUR], |row| {
        Ok((WebhookId(row.get(0)?), row.get(1)?, row.get(2)?, row.get(3)?))
    })?
    .collect()
}

fn finished(db: &Connection, roots: &[CallId]) -> rusqlite::Result<Vec<OfRoot>> {
    db.prepare_cached(
        "SELECT root, webhook, event_id, id, state FROM delivery WHERE root IN (SELECT value FROM json_each(?1))",
    )?
    .query_map([id_list(roots)], |row| {
        Ok(OfRoot {
            root: CallId(row.get(0)?),
            webhook: WebhookId(row.get(1)?),
            event_id: row.get(2)?,
            id: DeliveryId(row.get(3)?),
            // A number of a later version counts as no success.
            state: DeliveryState::from_number(row.get(4)?).unwrap_or(DeliveryState::Failed),
        })
    })?
    .collect()
}
