//! Deliveries as the API shows them: the journal's unfinished ones and the days' finished ones as one list.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use offhook_base::{CallId, DeliveryId, Wall};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params_from_iter};

use super::day::{self, Day};
use super::{AttemptRecord, DeliveryFilter, DeliveryRow, DeliveryState, row};
use crate::{JournalReader, StoreError, UnfinishedDelivery, UnfinishedState, deadline};

/// Deliveries of one root call that a ladder shows, at most.
pub const DELIVERIES_OF_ROOT: usize = 1_000;

/// One page of a list.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct DeliveryPage {
    /// The rows, newest delivery first.
    pub rows: Vec<DeliveryRow>,
    /// How many there are on all pages.
    pub total: u64,
}

/// Reads deliveries out of the journal and the days' files.
#[derive(Debug)]
pub struct DeliveryReader {
    dir: PathBuf,
    journal: Arc<JournalReader>,
    files: Mutex<BTreeMap<Day, Connection>>,
}

/// Where a delivery of a list is read from.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Source {
    Day(Day),
    Journal,
}

impl DeliveryReader {
    /// A reader of the days' files in `dir` and of the journal.
    #[must_use]
    pub fn new(dir: &Path, journal: Arc<JournalReader>) -> Self {
        Self {
            dir: dir.to_owned(),
            journal,
            files: Mutex::default(),
        }
    }

    /// One page of the deliveries that meet `filter`, newest first; `page` counts from 1.
    ///
    /// # Errors
    /// `TooBroad` when it takes over a second; `Unavailable`, `Corrupt`.
    pub fn list(
        &self,
        filter: &DeliveryFilter,
        page: usize,
        limit: usize,
    ) -> Result<DeliveryPage, StoreError> {
        let deadline = deadline::of_one_query();
        let skip = page.saturating_sub(1).saturating_mul(limit);
        let wanted = skip.saturating_add(limit);
        let mut found: Vec<(DeliveryId, Source)> = Vec::new();
        let mut total = 0;
        if filter.state.is_none_or(DeliveryState::is_unfinished) {
            let (ids, count) = self.journal.matching(filter, wanted, deadline)?;
            found.extend(ids.into_iter().map(|id| (id, Source::Journal)));
            total += count;
        }
        if filter.state.is_none_or(|state| !state.is_unfinished()) {
            let oldest = filter.since.map(Day::of);
            // A delivery never finishes on a day before its event's.
            for day in self
                .days()?
                .into_iter()
                .filter(|day| oldest.is_none_or(|oldest| *day >= oldest))
            {
                let (ids, count) = self.matching_on(day, filter, wanted, deadline)?;
                found.extend(ids.into_iter().map(|id| (id, Source::Day(day))));
                total += count;
            }
        }
        found.sort_unstable_by(|(a, from_a), (b, from_b)| {
            b.cmp(a)
                .then(from_a.is_journal().cmp(&from_b.is_journal()))
                .then(from_b.cmp(from_a))
        });
        let before = found.len();
        // Between the evidence of an end and the verdict's commit a delivery is in both.
        found.dedup_by_key(|(id, _)| *id);
        total = total.saturating_sub(u64::try_from(before - found.len()).unwrap_or(0));
        let mut rows = Vec::new();
        for (id, source) in found.into_iter().skip(skip).take(limit) {
            rows.extend(self.load(id, source)?);
        }
        Ok(DeliveryPage { rows, total })
    }

    /// One delivery with its attempts.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub fn get(&self, id: DeliveryId) -> Result<Option<DeliveryRow>, StoreError> {
        for day in self.days()? {
            if let Some(row) = self.load(id, Source::Day(day))? {
                return Ok(Some(row));
            }
        }
        self.load(id, Source::Journal)
    }

    /// The deliveries of a root call, oldest first, with their attempts; no more than a thousand.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`, `TooBroad`.
    pub fn of_root(&self, root: CallId) -> Result<Vec<DeliveryRow>, StoreError> {
        let filter = DeliveryFilter {
            root: Some(root),
            ..DeliveryFilter::default()
        };
        let mut rows = self.list(&filter, 1, DELIVERIES_OF_ROOT)?.rows;
        rows.reverse();
        Ok(rows)
    }

    fn load(&self, id: DeliveryId, source: Source) -> Result<Option<DeliveryRow>, StoreError> {
        let found = match source {
            Source::Journal => self.journal.delivery(id)?.map(waiting),
            Source::Day(day) => self.on(day, |db| {
                db.prepare_cached("SELECT * FROM delivery WHERE id = ?1")?
                    .query_row([id.0], row::finished)
                    .optional()
            })?,
        };
        let Some(mut found) = found else {
            return Ok(None);
        };
        found.attempts = self.attempts(id, found.event.at, found.finished_at)?;
        Ok(Some(found))
    }

    /// The attempts of a delivery lie in the files from its event's day to the day of its end.
    fn attempts(
        &self,
        id: DeliveryId,
        from: Wall,
        to: Option<Wall>,
    ) -> Result<Vec<AttemptRecord>, StoreError> {
        let (from, to) = (Day::of(from), to.map(Day::of));
        let mut attempts: Vec<AttemptRecord> = Vec::new();
        for day in self
            .days()?
            .into_iter()
            .filter(|day| *day >= from && to.is_none_or(|to| *day <= to))
        {
            attempts.extend(self.on(day, |db| {
                db.prepare_cached("SELECT * FROM attempt WHERE delivery = ?1")?
                    .query_map([id.0], row::attempt)?
                    .collect::<rusqlite::Result<Vec<_>>>()
            })?);
        }
        attempts.sort_by_key(|attempt| (attempt.at, attempt.n));
        Ok(attempts)
    }

    fn matching_on(
        &self,
        day: Day,
        filter: &DeliveryFilter,
        limit: usize,
        deadline: Instant,
    ) -> Result<(Vec<DeliveryId>, u64), StoreError> {
        let conditions = filter.conditions();
        self.on(day, |db| {
            deadline::until(db, deadline, |db| {
                let sql = format!("SELECT count(*) FROM delivery WHERE {}", conditions.sql);
                let count = db
                    .prepare_cached(&sql)?
                    .query_row(params_from_iter(&conditions.values), |row| row.get(0))?;
                let sql = format!(
                    "SELECT id FROM delivery WHERE {} ORDER BY id DESC LIMIT ?",
                    conditions.sql
                );
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
        })
    }

    pub(super) fn journal(&self) -> &JournalReader {
        &self.journal
    }

    pub(super) fn days(&self) -> Result<Vec<Day>, StoreError> {
        let days = day::days(&self.dir)?;
        // A file that was deleted must not be kept on disk by our being connected to it.
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.retain(|day, _| days.contains(day));
        Ok(days)
    }

    pub(super) fn on<T: Default>(
        &self,
        day: Day,
        query: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let db = match files.entry(day) {
            std::collections::btree_map::Entry::Occupied(open) => open.into_mut(),
            std::collections::btree_map::Entry::Vacant(closed) => {
                match day.open_reader(&self.dir) {
                    Ok(db) => closed.insert(db),
                    // Its day of retention came between the listing and this moment.
                    Err(_) if !day.path(&self.dir).exists() => return Ok(T::default()),
                    Err(error) => return Err(error),
                }
            }
        };
        query(db).map_err(|e| StoreError::sqlite(&day.path(&self.dir), e))
    }
}

impl Source {
    const fn is_journal(self) -> bool {
        matches!(self, Self::Journal)
    }
}

fn waiting(unfinished: UnfinishedDelivery) -> DeliveryRow {
    let state = match unfinished.state {
        UnfinishedState::Held => DeliveryState::Held,
        UnfinishedState::Pending => DeliveryState::Pending,
    };
    DeliveryRow {
        id: unfinished.id,
        webhook: unfinished.webhook,
        event: unfinished.event.event,
        prev_seq: unfinished.prev_seq,
        state,
        reason: None,
        replayed: unfinished.replayed,
        next_attempt_at: (state == DeliveryState::Pending).then_some(unfinished.due),
        finished_at: None,
        attempts: Vec::new(),
    }
}
