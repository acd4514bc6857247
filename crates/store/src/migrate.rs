//! Opening a data file: its numbered migrations, its pragmas, and the refusal of files from the future.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::StoreError;

/// How long a connection waits for another one's lock. Writers have a file of their own, so this is met
/// only by checkpoints and by tools that look into the file.
const BUSY: Duration = Duration::from_secs(5);

/// The numbered migrations of one kind of data file; number 1 is the first of the list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schema {
    /// `application_id` of the file, so that a file put in another's place is noticed.
    pub(crate) application_id: i32,
    /// SQL texts, applied in order; `user_version` of the file counts those applied.
    pub(crate) migrations: &'static [&'static str],
}

/// How much a commit promises.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Durability {
    /// `synchronous=FULL`: a commit that returned survives a power cut.
    Full,
    /// `synchronous=NORMAL`: a power cut may take the last commits, never the file.
    Normal,
}

/// Opens `path` for writing, creates it when it is missing, and brings it to the latest schema.
///
/// # Errors
/// `Newer` for a file of a later version, `Corrupt` for one that is not ours, `Unavailable` when the
/// folder cannot be written.
pub(crate) fn open(
    path: &Path,
    schema: &Schema,
    durability: Durability,
) -> Result<Connection, StoreError> {
    writable(path)?;
    let mut db = Connection::open(path).map_err(|e| StoreError::sqlite(path, e))?;
    prepare(&mut db, path, schema, durability)?;
    Ok(db)
}

/// Opens `path` for reading only; the file must exist and have the schema that this program knows.
///
/// # Errors
/// `Unavailable` when there is no such file; `Newer` and `Corrupt` as for [`open`].
pub(crate) fn open_reader(path: &Path, schema: &Schema) -> Result<Connection, StoreError> {
    let at = |e| StoreError::sqlite(path, e);
    let db = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(at)?;
    db.busy_timeout(BUSY).map_err(at)?;
    db.set_prepared_statement_cache_capacity(64);
    version(&db, path, schema)?;
    Ok(db)
}

fn prepare(
    db: &mut Connection,
    path: &Path,
    schema: &Schema,
    durability: Durability,
) -> Result<(), StoreError> {
    let at = |e| StoreError::sqlite(path, e);
    db.busy_timeout(BUSY).map_err(at)?;
    db.set_prepared_statement_cache_capacity(64);
    let found = version(db, path, schema)?;
    if found == 0 {
        // Takes effect only while the file is empty, before WAL mode writes its first page.
        db.pragma_update(None, "auto_vacuum", "INCREMENTAL")
            .map_err(at)?;
    }
    let mode: String = db
        .query_row("PRAGMA journal_mode=WAL", [], |row| row.get(0))
        .map_err(at)?;
    if mode != "wal" {
        return Err(StoreError::unavailable(
            path,
            format!("the file system does not allow a write-ahead log (mode {mode})"),
        ));
    }
    let synchronous = match durability {
        Durability::Full => "FULL",
        Durability::Normal => "NORMAL",
    };
    db.pragma_update(None, "synchronous", synchronous)
        .map_err(at)?;
    apply(db, path, schema, found)
}

fn apply(db: &mut Connection, path: &Path, schema: &Schema, found: u32) -> Result<(), StoreError> {
    let at = |e| StoreError::sqlite(path, e);
    for (number, sql) in (1_u32..).zip(schema.migrations) {
        if number <= found {
            continue;
        }
        let tx = db
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(at)?;
        tx.execute_batch(sql).map_err(at)?;
        tx.pragma_update(None, "user_version", number).map_err(at)?;
        tx.pragma_update(None, "application_id", schema.application_id)
            .map_err(at)?;
        tx.commit().map_err(at)?;
    }
    Ok(())
}

/// The schema number of the file; 0 for a fresh one.
fn version(db: &Connection, path: &Path, schema: &Schema) -> Result<u32, StoreError> {
    let at = |e| StoreError::sqlite(path, e);
    let found: u32 = db
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(at)?;
    let id: i32 = db
        .query_row("PRAGMA application_id", [], |row| row.get(0))
        .map_err(at)?;
    let known = u32::try_from(schema.migrations.len()).unwrap_or(u32::MAX);
    if found > 0 && id != schema.application_id {
        return Err(StoreError::corrupt(
            path,
            "it is another kind of file than its name says",
        ));
    }
    if found > known {
        return Err(StoreError::Newer {
            path: path.to_owned(),
            found,
            known,
        });
    }
    Ok(found)
}

/// SQLite says only "unable to open database file"; the folder's own error says why.
fn writable(path: &Path) -> Result<(), StoreError> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).truncate(false).write(true);
    // These files hold numbers, names and keys; SQLite gives its log the same mode.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .map(drop)
        .map_err(|e| StoreError::io(path, "opening for writing", e))
}
