//! Deliveries counted, for overviews that show no single one.

use std::collections::BTreeMap;

use offhook_base::{CallId, Wall, WebhookId};
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
    pub(crate) fn add(&mut self, state: DeliveryState, count: u64) {
        let slot = match state {
            DeliveryState::Pending => &mut self.pending,
            DeliveryState::Held => &mut self.held,
            DeliveryState::Delivered => &mut self.delivered,
            DeliveryState::Failed => &mut self.failed,
            DeliveryState::Expired => &mut self.expired,
        };
        *slot = slot.saturating_add(count);
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

    /// How the deliveries of these root calls stand; a root without any is left out. `since` is a moment before all
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
        let mut counts: BTreeMap<CallId, DeliveryCounts> = BTreeMap::new();
        // The journal first: what ends in between is counted twice rather than not at all.
        for (root, state, count) in self.journal().unfinished_of_roots(roots, deadline)? {
            counts.entry(root).or_default().add(state, count);
        }
        let first = Day::of(since);
        for day in self.days()?.into_iter().filter(|day| *day >= first) {
            let rows = self.on(day, |db| {
                deadline::until(db, deadline, |db| finished(db, roots))
            })?;
            for (root, state, count) in rows {
                counts.entry(root).or_default().add(state, count);
            }
        }
        Ok(counts)
    }
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

fn finished(
    db: &Connection,
    roots: &[CallId],
) -> rusqlite::Result<Vec<(CallId, DeliveryState, u64)>> {
    // Only the newest delivery of an event to a webhook counts: one that was sent again with success is well.
    let mut statement = db.prepare_cached(
        "SELECT state, count(*) FROM delivery AS d WHERE root = ?1 AND NOT EXISTS
         (SELECT 1 FROM delivery AS later WHERE later.root = ?1 AND later.event_id = d.event_id
          AND later.webhook = d.webhook AND later.id > d.id) GROUP BY state",
    )?;
    let mut found = Vec::new();
    for root in roots {
        let rows = statement.query_map([root.0], |row| Ok((row.get::<_, u8>(0)?, row.get(1)?)))?;
        for row in rows {
            let (number, count) = row?;
            found.extend(DeliveryState::from_number(number).map(|state| (*root, state, count)));
        }
    }
    Ok(found)
}
