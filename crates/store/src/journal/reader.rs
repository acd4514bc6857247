//! Reading the journal from a second connection, beside the writer.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use offhook_base::{
    CallId, CdrRecord, DeliveryId, JournalPos, RecordingRecord, SmsRecord, WebhookId,
};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

use super::row::{self, DELIVERY_COLUMNS, EVENT_COLUMNS};
use super::{Backlog, SCHEMA, StoredEvent, UnfinishedDelivery};
use crate::attempts::{OfRoot, id_list};
use crate::{DeliveryFilter, DeliveryState, StoreError, deadline, migrate};

/// A read-only connection to the journal. Each answer is one short transaction: a long one would keep
/// the log from being checkpointed.
#[derive(Debug)]
pub struct JournalReader {
    db: Mutex<Connection>,
    path: PathBuf,
}

/// A fact whose row is copied into `offhook.db`, for the projector.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ProjectedFact {
    /// Its place in the journal.
    pub pos: JournalPos,
    /// What is copied.
    pub row: ProjectedRow,
}

/// What a fact leaves behind in `offhook.db`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ProjectedRow {
    /// The durable CDR, with the last event of a call.
    Cdr(Arc<CdrRecord>),
    /// With the end of a call in which a message was left: the CDR and the message.
    CdrAndRecording(Arc<CdrRecord>, Arc<RecordingRecord>),
    /// The entry of a recording, with `monitor.audio_ready`.
    Recording(Arc<RecordingRecord>),
    /// The durable text, with `sms.received`.
    Sms(Arc<SmsRecord>),
}

impl ProjectedRow {
    /// What a fact leaves behind, if anything.
    #[must_use]
    pub fn of(
        cdr: Option<Arc<CdrRecord>>,
        sms: Option<Arc<SmsRecord>>,
        recording: Option<Arc<RecordingRecord>>,
    ) -> Option<Self> {
        match (cdr, recording) {
            (Some(cdr), Some(recording)) => Some(Self::CdrAndRecording(cdr, recording)),
            (Some(cdr), None) => Some(Self::Cdr(cdr)),
            (None, Some(recording)) => Some(Self::Recording(recording)),
            (None, None) => sms.map(Self::Sms),
        }
    }
}

impl JournalReader {
    /// Opens the journal that [`super::Journal::open`] made.
    ///
    /// # Errors
    /// `Unavailable` when there is no such file, `Corrupt` and `Newer` as for the journal itself.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self {
            db: Mutex::new(migrate::open_reader(path, &SCHEMA)?),
            path: path.to_owned(),
        })
    }

    /// Events after a position, oldest first, of all calls or of one.
    ///
    /// # Errors
    /// `Unavailable` or `Corrupt`.
    pub fn events_after(
        &self,
        after: JournalPos,
        limit: usize,
        call: Option<CallId>,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.read(|db| match call {
            None => {
                let sql = format!("SELECT {EVENT_COLUMNS} FROM fact WHERE pos > ?1 ORDER BY pos LIMIT ?2");
                db.prepare_cached(&sql)?.query_map(params![after.0, limit], row::event)?.collect()
            }
            Some(call) => {
                let sql = format!("SELECT {EVENT_COLUMNS} FROM fact WHERE root = ?1 AND call = ?2 AND pos > ?3 ORDER BY pos LIMIT ?4");
                let root = root_of(db, call)?;
                db.prepare_cached(&sql)?.query_map(params![root.0, call.0, after.0, limit], row::event)?.collect()
            }
        })
    }

    /// All events of a root call, oldest first.
    ///
    /// # Errors
    /// `Unavailable` or `Corrupt`.
    pub fn events_of_root(&self, root: CallId) -> Result<Vec<StoredEvent>, StoreError> {
        self.read(|db| {
            let sql = format!("SELECT {EVENT_COLUMNS} FROM fact WHERE root = ?1 ORDER BY pos");
            db.prepare_cached(&sql)?
                .query_map([root.0], row::event)?
                .collect()
        })
    }

    /// The root of a call; the call itself when the journal does not know better.
    ///
    /// # Errors
    /// `Unavailable` or `Corrupt`.
    pub fn root_of(&self, call: CallId) -> Result<CallId, StoreError> {
        self.read(|db| root_of(db, call))
    }

    /// The event at a position.
    ///
    /// # Errors
    /// `Unavailable` or `Corrupt`.
    pub fn event_at(&self, pos: JournalPos) -> Result<Option<StoredEvent>, StoreError> {
        self.read(|db| {
            let sql = format!("SELECT {EVENT_COLUMNS} FROM fact WHERE pos = ?1");
            db.prepare_cached(&sql)?
                .query_row([pos.0], row::event)
                .optional()
        })
    }

    /// The event of this root with this id.
    ///
    /// # Errors
    /// `Unavailable` or `Corrupt`.
    pub fn event_by_id(&self, root: CallId, id: &str) -> Result<Option<StoredEvent>, StoreError> {
        self.read(|db| {
            let sql = format!(
                "SELECT {EVENT_COLUMNS} FROM fact WHERE root = ?1 AND event_id = ?2 ORDER BY pos LIMIT 1"
            );
            db.prepare_cached(&sql)?
                .query_row(params![root.0, id], row::event)
                .optional()
        })
    }

    /// The position of the oldest event kept; `None` when there is none. A cursor more than one before it
    /// has lost events.
    ///
    /// # Errors
    /// `Unavailable` or `Corrupt`.
    pub fn oldest(&self) -> Result<Option<JournalPos>, StoreError> {
        self.read(|db| {
            db.prepare_cached("SELECT min(pos) FROM fact")?
                .query_row([], |row| Ok(row.get::<_, Option<u64>>(0)?.map(JournalPos)))
        })
    }

    /// The position of the newest event committed; 0 when there never was one.
    ///
    /// # Errors
    /// `Unavailable` or `Corrupt`.
    pub fn newest(&self) -> Result<JournalPos, StoreError> {
        self.read(|db| {
            db.prepare_cached("SELECT max((SELECT next_pos FROM meta) - 1, coalesce((SELECT max(pos) FROM fact), 0))")?
                .query_row([], |row| Ok(JournalPos(row.get(0)?)))
        })
    }

    /// Facts after a position that leave a row behind, oldest first: what the projector has not copied yet.
    ///
    /// # Errors
    /// `Unavailable`, or `Corrupt` for a row that cannot be read.
    pub fn rows_after(
        &self,
        after: JournalPos,
        limit: usize,
    ) -> Result<Vec<ProjectedFact>, StoreError> {
        self.read(|db| {
            db.prepare_cached(
                "SELECT pos, cdr, sms, recording FROM fact
                 WHERE pos > ?1 AND (cdr IS NOT NULL OR sms IS NOT NULL OR recording IS NOT NULL) ORDER BY pos LIMIT ?2",
            )?
            .query_map(params![after.0, limit], |row| {
                let pos = JournalPos(row.get(0)?);
                let left = ProjectedRow::of(
                    row::read_json(row, 1)?.map(Arc::new),
                    row::read_json(row, 2)?.map(Arc::new),
                    row::read_json(row, 3)?.map(Arc::new),
                );
                Ok(left.map(|row| ProjectedFact { pos, row }))
            })?
            .filter_map(rusqlite::Result::transpose)
            .collect()
        })
    }

    /// Unfinished deliveries of a webhook after a delivery id, oldest first: the next page of its backlog.
    /// Held ones are among them.
    ///
    /// # Errors
    /// `Unavailable` or `Corrupt`.
    pub fn unfinished(
        &self,
        webhook: WebhookId,
        after: DeliveryId,
        limit: usize,
    ) -> Result<Vec<UnfinishedDelivery>, StoreError> {
        self.read(|db| {
            let sql = format!(
                "SELECT {EVENT_COLUMNS}, {DELIVERY_COLUMNS} FROM delivery JOIN fact ON fact.pos = delivery.pos
                 WHERE delivery.webhook = ?1 AND delivery.id > ?2 ORDER BY delivery.id LIMIT ?3"
            );
            db.prepare_cached(&sql)?.query_map(params![webhook.0, after.0, limit], row::unfinished)?.collect()
        })
    }

    /// One unfinished delivery; `None` when it is finished or never was.
    ///
    /// # Errors
    /// `Unavailable` or `Corrupt`.
    pub fn delivery(&self, id: DeliveryId) -> Result<Option<UnfinishedDelivery>, StoreError> {
        self.read(|db| {
            let sql = format!(
                "SELECT {EVENT_COLUMNS}, {DELIVERY_COLUMNS} FROM delivery JOIN fact ON fact.pos = delivery.pos WHERE delivery.id = ?1"
            );
            db.prepare_cached(&sql)?.query_row([id.0], row::unfinished).optional()
        })
    }

    /// How many deliveries of each webhook are not finished, by webhook.
    ///
    /// # Errors
    /// `Unavailable` or `Corrupt`.
    pub fn backlog(&self) -> Result<Vec<Backlog>, StoreError> {
        self.read(|db| {
            db.prepare_cached("SELECT webhook, sum(state = ?1), sum(state = ?2) FROM delivery GROUP BY webhook ORDER BY webhook")?
                .query_map([row::PENDING, row::HELD], |row| {
                    Ok(Backlog { webhook: WebhookId(row.get(0)?), pending: row.get(1)?, held: row.get(2)? })
                })?
                .collect()
        })
    }

    /// Ids of the unfinished deliveries that meet `filter`, newest first, and how many there are in all.
    pub(crate) fn matching(
        &self,
        filter: &DeliveryFilter,
        limit: usize,
        deadline: Instant,
    ) -> Result<(Vec<DeliveryId>, u64), StoreError> {
        let conditions = filter.conditions();
        let mut db = self.db.lock().unwrap_or_else(PoisonError::into_inner);
        deadline::until(&mut db, deadline, |db| {
            let from = format!(
                "FROM delivery JOIN fact ON fact.pos = delivery.pos WHERE {}",
                conditions.sql
            );
            let sql = format!("SELECT count(*) {from}");
            let count = db
                .prepare_cached(&sql)?
                .query_row(params_from_iter(&conditions.values), |row| row.get(0))?;
            let sql = format!("SELECT delivery.id {from} ORDER BY delivery.id DESC LIMIT ?");
            let limit = Value::Integer(i64::try_from(limit).unwrap_or(i64::MAX));
            let ids = db
                .prepare_cached(&sql)?
                .query_map(
                    params_from_iter(conditions.values.iter().chain([&limit])),
                    |row| Ok(DeliveryId(row.get(0)?)),
                )?
                .collect::<rusqlite::Result<Vec<_>>>()?;
            Ok((ids, count))
        })
        .map_err(|e| StoreError::sqlite(&self.path, e))
    }

    /// The deliveries of these roots that are not finished.
    pub(crate) fn unfinished_of_roots(
        &self,
        roots: &[CallId],
        deadline: Instant,
    ) -> Result<Vec<OfRoot>, StoreError> {
        let mut db = self.db.lock().unwrap_or_else(PoisonError::into_inner);
        // The table has no index on the root (each would be a page more in every commit): it is read once, and is long
        // only in an outage.
        deadline::until(&mut db, deadline, |db| {
            db.prepare_cached(
                "SELECT delivery.root, delivery.webhook, fact.event_id, delivery.id, delivery.state
                 FROM delivery JOIN fact ON fact.pos = delivery.pos
                 WHERE delivery.root IN (SELECT value FROM json_each(?1))",
            )?
            .query_map([id_list(roots)], |row| {
                let held = row.get::<_, u8>(4)? == row::HELD;
                Ok(OfRoot {
                    root: CallId(row.get(0)?),
                    webhook: WebhookId(row.get(1)?),
                    event_id: row.get(2)?,
                    id: DeliveryId(row.get(3)?),
                    state: if held {
                        DeliveryState::Held
                    } else {
                        DeliveryState::Pending
                    },
                })
            })?
            .collect()
        })
        .map_err(|e| StoreError::sqlite(&self.path, e))
    }

    fn read<T>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let db = self.db.lock().unwrap_or_else(PoisonError::into_inner);
        query(&db).map_err(|e| StoreError::sqlite(&self.path, e))
    }
}

fn root_of(db: &Connection, call: CallId) -> rusqlite::Result<CallId> {
    let root = db
        .prepare_cached("SELECT root FROM fact WHERE call = ?1 AND call <> root LIMIT 1")?
        .query_row([call.0], |row| Ok(CallId(row.get(0)?)))
        .optional()?;
    Ok(root.unwrap_or(call))
}
