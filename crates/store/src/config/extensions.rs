//! What several kinds of rows share: one space of numbers that are dialled inside, members that must be users, and
//! rows that a number of ours leads to.

use offhook_base::UserId;
use rusqlite::{OptionalExtension, Transaction, params};

use super::ConfigDb;
use crate::StoreError;

/// Who has an extension, or is about to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Holder {
    Queue(Option<u32>),
    RingGroup(Option<u32>),
    User(Option<u32>),
}

impl Holder {
    /// As in the view `extension`.
    const fn kind(self) -> &'static str {
        match self {
            Self::Queue(_) => "queue",
            Self::RingGroup(_) => "ring group",
            Self::User(_) => "user",
        }
    }

    const fn id(self) -> Option<u32> {
        match self {
            Self::Queue(id) | Self::RingGroup(id) | Self::User(id) => id,
        }
    }

    const fn field(self) -> &'static str {
        match self {
            Self::Queue(_) | Self::RingGroup(_) => "number",
            Self::User(_) => "ext",
        }
    }
}

impl ConfigDb {
    /// Refuses a number that somebody else is called by.
    pub(super) fn must_be_free(
        &self,
        tx: &Transaction<'_>,
        number: &str,
        holder: Holder,
    ) -> Result<(), StoreError> {
        let taken: Option<String> = tx
            .query_row(
                "SELECT kind || ' ' || id || ' (' || name || ')' FROM extension WHERE number = ?1 AND NOT (kind = ?2 AND id IS ?3)",
                params![number, holder.kind(), holder.id()],
                |row| row.get(0),
            )
            .optional()
            .map_err(|e| self.sqlite(e))?;
        taken.map_or(Ok(()), |by| {
            Err(StoreError::Taken {
                field: holder.field(),
                by,
            })
        })
    }

    /// Refuses members that are no users.
    pub(super) fn must_be_users(
        &self,
        tx: &Transaction<'_>,
        users: impl Iterator<Item = UserId>,
    ) -> Result<(), StoreError> {
        let mut known = tx
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM user WHERE id = ?)")
            .map_err(|e| self.sqlite(e))?;
        for user in users {
            let is_known: bool = known
                .query_row([user.0], |row| row.get(0))
                .map_err(|e| self.sqlite(e))?;
            if !is_known {
                return Err(StoreError::Dangling {
                    field: "users",
                    id: user.0,
                    kind: "user",
                });
            }
        }
        Ok(())
    }

    /// Removes rows of `table`, none of which may be the end or the way of a number of ours.
    pub(super) fn delete_unless_called(
        &self,
        tx: &Transaction<'_>,
        table: &'static str,
        ids: &[u32],
    ) -> Result<(), StoreError> {
        let at = |e| self.sqlite(e);
        let mut called = tx
            .prepare(&format!(
                "SELECT e164 FROM ddi WHERE {table}_id = ? ORDER BY e164 LIMIT 1"
            ))
            .map_err(at)?;
        let mut delete = tx
            .prepare(&format!("DELETE FROM {table} WHERE id = ?"))
            .map_err(at)?;
        for id in ids {
            let number: Option<String> = called
                .query_row([id], |row| row.get(0))
                .optional()
                .map_err(at)?;
            if let Some(number) = number {
                return Err(StoreError::InUse {
                    by: format!("number {number}"),
                });
            }
            if delete.execute([id]).map_err(at)? == 0 {
                return Err(StoreError::NotFound);
            }
        }
        Ok(())
    }
}
