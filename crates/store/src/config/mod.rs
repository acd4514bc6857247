//! `offhook.db`: configuration, bindings, CDRs. One writer, a few readers, any thread.
//!
//! Configuration commits with `synchronous=FULL`, because an answer 201 is a promise. Bindings and CDRs
//! commit with `NORMAL`: a power cut may take the last of them, but phones register again, and CDRs are
//! copied again from the journal, whose position is part of the same commit.

mod ddis;
mod extensions;
mod phones;
mod queues;
mod ring_groups;
mod seal;
mod settings;
mod sounds;
#[cfg(test)]
mod tests;
mod tokens;
mod trunks;
mod users;
mod webhooks;

use std::fmt;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, Row, ToSql, Transaction, TransactionBehavior};

use crate::filter::{Page, Selection};
use crate::migrate::{self, Durability, Schema};
use crate::{StoreError, deadline};
use seal::Seal;

pub use ddis::{DDIS, Ddi, DdiPatch, DdiSpec, DdiTarget};
pub use phones::{NewPhone, PHONES, Phone, PhoneAccount, Registration};
pub use queues::{QUEUES, Queue, QueueAgent, QueuePatch, QueueSpec, QueueStrategy};
pub use ring_groups::{GroupStrategy, RING_GROUPS, RingGroup, RingGroupPatch, RingGroupSpec};
pub use settings::SettingsPatch;
pub use sounds::{MOST_SOUND_OCTETS, MOST_SOUNDS, NewSound, SOUNDS, Sound};
pub use tokens::{ApiToken, NewToken, Session, TOKENS};
pub use trunks::{TRUNKS, Trunk, TrunkPatch, TrunkSpec};
pub use users::{NewUser, RecordMode, Role, USERS, User, UserPatch, VOICEMAIL_AFTER};
pub use webhooks::{
    NewWebhook, Ordering, WEBHOOKS, Webhook, WebhookHealth, WebhookPatch, WebhookSecret,
    WebhookState,
};

const SCHEMA: Schema = Schema {
    application_id: 0x4f48_4346, // "OHCF"
    migrations: &[
        include_str!("../../migrations/offhook/0001.sql"),
        include_str!("../../migrations/offhook/0002_registered_by.sql"),
        include_str!("../../migrations/offhook/0003_outside_and_shared.sql"),
        include_str!("../../migrations/offhook/0004_sms.sql"),
        include_str!("../../migrations/offhook/0005_recordings.sql"),
        include_str!("../../migrations/offhook/0006_quality.sql"),
        include_str!("../../migrations/offhook/0007_sounds.sql"),
        include_str!("../../migrations/offhook/0008_voicemail.sql"),
    ],
};

/// A list query that takes longer is stopped and answered `TooBroad`.
const LIST_LIMIT: Duration = Duration::from_secs(1);

/// Readers kept open between queries.
const IDLE_READERS: usize = 4;

/// `offhook.db` and the key file beside it. Cheap to clone; every method blocks, so an async caller moves it
/// to a thread that may.
#[derive(Clone)]
pub struct ConfigDb {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
    seal: Seal,
}

impl fmt::Debug for ConfigDb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfigDb")
            .field("path", &self.inner.path)
            .finish_non_exhaustive()
    }
}

impl ConfigDb {
    /// Opens `offhook.db` and `offhook.key` in the folder `dir`; makes what is missing.
    ///
    /// # Errors
    /// `Unavailable` when the folder cannot be written or the key file is missing beside a database that needs
    /// it, `Newer` for a file of a later version, `Corrupt` for one that is not ours.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join("offhook.db");
        private(&path)?;
        let writer = migrate::open(&path, &SCHEMA, Durability::Normal)?;
        writer
            .pragma_update(None, "foreign_keys", "ON")
            .map_err(|e| StoreError::sqlite(&path, e))?;
        let sealed: bool = writer
            .query_row("SELECT EXISTS (SELECT 1 FROM webhook_secret)", [], |row| {
                row.get(0)
            })
            .map_err(|e| StoreError::sqlite(&path, e))?;
        let seal = Seal::open(&dir.join("offhook.key"), sealed)?;
        Ok(Self {
            inner: Arc::new(Inner {
                path,
                writer: Mutex::new(writer),
                readers: Mutex::default(),
                seal,
            }),
        })
    }

    pub(crate) fn sqlite(&self, error: rusqlite::Error) -> StoreError {
        StoreError::sqlite(&self.inner.path, error)
    }

    fn corrupt(&self, reason: impl Into<String>) -> StoreError {
        StoreError::corrupt(&self.inner.path, reason)
    }

    /// Runs `work` in one transaction that survives a power cut once this returns.
    pub(crate) fn configure<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut writer = lock(&self.inner.writer);
        writer
            .pragma_update(None, "synchronous", "FULL")
            .map_err(|e| self.sqlite(e))?;
        let done = self.transact(&mut writer, work);
        writer
            .pragma_update(None, "synchronous", "NORMAL")
            .map_err(|e| self.sqlite(e))?;
        done
    }

    /// Runs `work` in one transaction that survives the end of the process, not a power cut.
    pub(crate) fn note<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.transact(&mut lock(&self.inner.writer), work)
    }

    fn transact<T>(
        &self,
        writer: &mut Connection,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let tx = writer
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|e| self.sqlite(e))?;
        let done = work(&tx)?;
        tx.commit().map_err(|e| self.sqlite(e))?;
        Ok(done)
    }

    /// Runs `work` on a connection that only reads.
    pub(crate) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let reader = self.reader()?;
        let done = work(&reader).map_err(|e| self.sqlite(e));
        self.put_back(reader);
        done
    }

    /// One page of `selection` over `from` (a table or a subquery named `t`), and how many rows match in all.
    ///
    /// Both are read in one transaction, so that a client which counts its rows never finds one missing.
    pub(crate) fn page<T>(
        &self,
        from: &str,
        scope: &Scope<'_>,
        selection: &Selection,
        limit: Duration,
        row: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Page<T>, StoreError> {
        let sql = selection.sql(scope.condition);
        let mut args: Vec<&dyn ToSql> = scope.args.to_vec();
        args.extend(sql.args.iter().map(|arg| arg as &dyn ToSql));
        let counted = args.len();
        args.extend(sql.window_args.iter().map(|arg| arg as &dyn ToSql));
        let count_args = args.get(..counted).unwrap_or_default();
        let mut reader = self.reader()?;
        let found = deadline::until(&mut reader, Instant::now() + limit, |db| {
            let tx = db.unchecked_transaction()?;
            let count = format!("SELECT count(*) FROM {from} {}", sql.condition);
            let total = tx.query_row(&count, count_args, |row| row.get(0))?;
            let rows = format!("SELECT t.* FROM {from} {} {}", sql.condition, sql.window);
            let mut rows = tx.prepare(&rows)?;
            let data = rows
                .query_map(args.as_slice(), |found| row(found))?
                .collect::<rusqlite::Result<Vec<T>>>()?;
            Ok(Page { data, total })
        });
        self.put_back(reader);
        found.map_err(|e| self.sqlite(e))
    }

    fn reader(&self) -> Result<Connection, StoreError> {
        let idle = lock(&self.inner.readers).pop();
        idle.map_or_else(|| migrate::open_reader(&self.inner.path, &SCHEMA), Ok)
    }

    fn put_back(&self, reader: Connection) {
        let mut readers = lock(&self.inner.readers);
        if readers.len() < IDLE_READERS {
            readers.push(reader);
        }
    }
}

/// An HA1 is as good as its password: the file is the owner's alone, and SQLite gives its log the same mode.
fn private(path: &Path) -> Result<(), StoreError> {
    let made = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path);
    made.map(drop)
        .map_err(|e| StoreError::io(path, "opening for writing", e))
}

/// What a reader may see at all: a condition of ours in front of the client's filter.
pub(crate) struct Scope<'a> {
    /// SQL with `?` for each of `args`, empty for everything.
    pub(crate) condition: &'static str,
    /// Values of the `?` in the subquery and in `condition`, in order.
    pub(crate) args: &'a [&'a dyn ToSql],
}

impl Scope<'_> {
    pub(crate) const ALL: Self = Self {
        condition: "",
        args: &[],
    };
}

/// A panic while the lock was held has rolled its transaction back, so what is inside is sound.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
