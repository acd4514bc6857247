//! Moving committed pages from the log into the file, beside the writer.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::SCHEMA;
use crate::StoreError;
use crate::migrate::{self, Durability};

/// How far the log has been copied into the file.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Checkpoint {
    /// Pages in the log.
    pub log: u64,
    /// Of them, pages that are in the file too. When all are, the next commit starts the log anew.
    pub done: u64,
}

/// A connection that only checkpoints, so that the writer never waits for the file's own `fsync`.
#[derive(Debug)]
pub struct Checkpointer {
    db: Connection,
    path: PathBuf,
}

impl Checkpointer {
    /// Opens the journal at `path` for checkpoints.
    ///
    /// # Errors
    /// As for [`super::Journal::open`].
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let db = migrate::open(path, &SCHEMA, Durability::Full)?;
        db.pragma_update(None, "wal_autocheckpoint", 0)
            .map_err(|e| StoreError::sqlite(path, e))?;
        Ok(Self {
            db,
            path: path.to_owned(),
        })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Copies what can be copied without waiting for anybody.
    ///
    /// # Errors
    /// `Unavailable` on an I/O error.
    pub fn run(&self) -> Result<Checkpoint, StoreError> {
        passive(&self.db).map_err(|e| StoreError::sqlite(&self.path, e))
    }
}

pub(super) fn passive(db: &Connection) -> rusqlite::Result<Checkpoint> {
    db.prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")?
        .query_row([], |row| {
            // Both are -1 when there is no log.
            let pages = |column| {
                Ok::<_, rusqlite::Error>(u64::try_from(row.get::<_, i64>(column)?).unwrap_or(0))
            };
            Ok(Checkpoint {
                log: pages(1)?,
                done: pages(2)?,
            })
        })
}
