//! What a queue did on one day, counted over its CDRs.

use std::time::Duration;

use offhook_base::{QueueId, UserId, Wall};
use rusqlite::params;

use crate::{ConfigDb, StoreError};

/// A caller who is answered within this time was served well.
const SERVED_WITHIN: Duration = Duration::from_secs(20);

/// The callers of a queue since some moment. Those who still wait are not counted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct QueueDay {
    /// An agent answered.
    pub answered: u32,
    /// Of those, how many within 20 s.
    pub answered_soon: u32,
    /// The caller hung up while waiting.
    pub abandoned: u32,
    /// The queue gave up: no agents, too long a wait, too many callers, or it was removed. A call that ended for another
    /// reason (a failed one, a restart) is nobody's fault here and is not counted.
    pub missed: u32,
}

impl QueueDay {
    /// Share of the callers who were answered within 20 s; `None` without callers.
    #[must_use]
    pub fn service_level(&self) -> Option<f64> {
        let all = self.answered + self.abandoned + self.missed;
        (all > 0).then(|| f64::from(self.answered_soon) / f64::from(all))
    }
}

impl ConfigDb {
    /// Counts the callers of a queue whose calls began at `from` or later.
    ///
    /// # Errors
    /// `Unavailable` when the file cannot be read.
    pub fn queue_day(&self, queue: QueueId, from: Wall) -> Result<QueueDay, StoreError> {
        self.read(|db| {
            db.prepare_cached(
                "SELECT count(*) FILTER (WHERE disposition = 'CONNECTED'), \
                 count(*) FILTER (WHERE disposition = 'CONNECTED' AND duration - billsec <= ?3), \
                 count(*) FILTER (WHERE disposition <> 'CONNECTED' AND info = 'abandoned'), \
                 count(*) FILTER (WHERE disposition <> 'CONNECTED' \
                 AND info IN ('max_wait', 'no_agents', 'max_length', 'removed')) \
                 FROM cdr WHERE context = 'QUEUE' AND dst_id = ?1 AND calldate >= ?2",
            )?
            .query_row(
                params![
                    queue.to_string(),
                    from.unix_seconds(),
                    SERVED_WITHIN.as_secs()
                ],
                |row| {
                    Ok(QueueDay {
                        answered: row.get(0)?,
                        answered_soon: row.get(1)?,
                        abandoned: row.get(2)?,
                        missed: row.get(3)?,
                    })
                },
            )
        })
    }

    /// The names of a queue's agents.
    ///
    /// # Errors
    /// `Unavailable` when the file cannot be read.
    pub fn agent_names(&self, queue: QueueId) -> Result<Vec<(UserId, String)>, StoreError> {
        self.read(|db| {
            db.prepare_cached(
                "SELECT u.id, trim(u.first_name || ' ' || u.last_name) FROM queue_agent a JOIN user u ON u.id = a.user_id \
                 WHERE a.queue_id = ? ORDER BY a.position",
            )?
            .query_map([queue.0], |row| Ok((UserId(row.get(0)?), row.get(1)?)))?
            .collect()
        })
    }
}
