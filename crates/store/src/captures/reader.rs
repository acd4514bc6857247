//! Reading captures, stored and live.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use offhook_base::CallId;
use rusqlite::{Connection, params};

use super::live::Live;
use super::{CapturedMessage, SCHEMA, pack};
use crate::StoreError;
use crate::migrate;

/// Reads the messages of a call, those in memory too.
#[derive(Debug)]
pub struct CaptureReader {
    db: Mutex<Connection>,
    path: PathBuf,
    live: Arc<Mutex<Live>>,
}

struct StoredRow {
    id: u64,
    call: CallId,
    root: CallId,
    packed: Vec<u8>,
}

impl CaptureReader {
    pub(super) fn open(path: &Path, live: Arc<Mutex<Live>>) -> Result<Self, StoreError> {
        Ok(Self {
            db: Mutex::new(migrate::open_reader(path, &SCHEMA)?),
            path: path.to_owned(),
            live,
        })
    }

    /// The messages of all calls of a root, oldest first.
    ///
    /// # Errors
    /// `Unavailable`, or `Corrupt` for a row that cannot be unpacked.
    pub fn messages(&self, root: CallId) -> Result<Vec<CapturedMessage>, StoreError> {
        self.collect(
            |_, of| of == root,
            "SELECT id, call, root, packed FROM capture WHERE root = ?1 ORDER BY id",
            root,
        )
    }

    /// The messages of one call, oldest first.
    ///
    /// # Errors
    /// `Unavailable`, or `Corrupt` for a row that cannot be unpacked.
    pub fn messages_of_call(&self, call: CallId) -> Result<Vec<CapturedMessage>, StoreError> {
        self.collect(
            |of, _| of == call,
            "SELECT id, call, root, packed FROM capture WHERE root = ?1 AND call = ?1
             UNION ALL
             SELECT id, call, root, packed FROM capture WHERE call = ?1 AND call <> root
             ORDER BY id",
            call,
        )
    }

    /// Octets of the file in use.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn used_bytes(&self) -> Result<u64, StoreError> {
        let db = self.db.lock().unwrap_or_else(PoisonError::into_inner);
        used_bytes(&db).map_err(|e| StoreError::sqlite(&self.path, e))
    }

    fn collect(
        &self,
        wanted: impl Fn(CallId, CallId) -> bool,
        sql: &str,
        id: CallId,
    ) -> Result<Vec<CapturedMessage>, StoreError> {
        // Memory first: a buffer leaves it only when its row is committed, so nothing falls between.
        let mut messages = Vec::new();
        let mut seen = HashSet::new();
        for buffer in self
            .live
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .of(wanted)
        {
            seen.insert(buffer.row);
            messages.extend_from_slice(&buffer.messages);
        }
        for row in self
            .rows(sql, id)?
            .into_iter()
            .filter(|row| !seen.contains(&row.id))
        {
            let stored = pack::unpack(&row.packed, row.call, row.root).ok_or_else(|| {
                StoreError::corrupt(
                    &self.path,
                    format!("capture {} of call {} cannot be unpacked", row.id, row.call),
                )
            })?;
            messages.extend(stored);
        }
        messages.sort_by_key(|message| message.at);
        Ok(messages)
    }

    fn rows(&self, sql: &str, id: CallId) -> Result<Vec<StoredRow>, StoreError> {
        let at = |e| StoreError::sqlite(&self.path, e);
        let db = self.db.lock().unwrap_or_else(PoisonError::into_inner);
        let mut statement = db.prepare_cached(sql).map_err(at)?;
        let rows = statement.query_map(params![id.0], |row| {
            Ok(StoredRow {
                id: row.get(0)?,
                call: CallId(row.get(1)?),
                root: CallId(row.get(2)?),
                packed: row.get(3)?,
            })
        });
        rows.map_err(at)?
            .collect::<rusqlite::Result<_>>()
            .map_err(at)
    }
}

/// Pages in use; those freed by a purge are used again before the file grows.
pub(super) fn used_bytes(db: &Connection) -> rusqlite::Result<u64> {
    let number = |sql: &str| {
        db.prepare_cached(sql)?
            .query_row([], |row| row.get::<_, u64>(0))
    };
    let pages = number("PRAGMA page_count")?.saturating_sub(number("PRAGMA freelist_count")?);
    Ok(pages.saturating_mul(number("PRAGMA page_size")?))
}
