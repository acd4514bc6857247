//! Ring groups: one number that rings several users.

use offhook_base::{RingGroupId, UserId};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Row, ToSql, Transaction, params};

use super::extensions::Holder;
use super::users::words;
use super::webhooks::json_column;
use super::{ConfigDb, LIST_LIMIT, Scope};
use crate::StoreError;
use crate::filter::{Kind, Page, Property, Resource, Selection};

words! {
    /// The order in which the members of a ring group are rung.
    GroupStrategy {
        /// All at once.
        All = "ring_all",
        /// One after the other.
        Linear = "linear",
    }
}

/// A ring group.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RingGroup {
    /// From 1; never used again.
    pub id: RingGroupId,
    /// What the admin set.
    pub spec: RingGroupSpec,
}

/// What an admin sets of a ring group.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RingGroupSpec {
    /// Free label.
    pub name: String,
    /// Extension, unique among those of users, groups and queues.
    pub number: String,
    /// Whom to ring when.
    pub strategy: GroupStrategy,
    /// Seconds that a member is rung; with [`GroupStrategy::All`] the whole group.
    pub ring_time: u32,
    /// Members in order, none twice.
    pub users: Vec<UserId>,
}

impl Default for RingGroupSpec {
    fn default() -> Self {
        Self {
            name: String::new(),
            number: String::new(),
            strategy: GroupStrategy::All,
            ring_time: 30,
            users: Vec::new(),
        }
    }
}

/// What to alter; `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct RingGroupPatch {
    /// Free label.
    pub name: Option<String>,
    /// Extension.
    pub number: Option<String>,
    /// Whom to ring when.
    pub strategy: Option<GroupStrategy>,
    /// Seconds that a member is rung.
    pub ring_time: Option<u32>,
    /// All members, in order.
    pub users: Option<Vec<UserId>>,
}

impl RingGroupPatch {
    /// What comes of `old`.
    #[must_use]
    pub fn onto(self, old: RingGroupSpec) -> RingGroupSpec {
        RingGroupSpec {
            name: self.name.unwrap_or(old.name),
            number: self.number.unwrap_or(old.number),
            strategy: self.strategy.unwrap_or(old.strategy),
            ring_time: self.ring_time.unwrap_or(old.ring_time),
            users: self.users.unwrap_or(old.users),
        }
    }
}

/// What `/ringgroups` can be filtered by.
pub static RING_GROUPS: Resource = Resource {
    name: "ringgroups",
    properties: &[
        Property::new("id", Kind::Int),
        Property::new("name", Kind::Text),
        Property::new("number", Kind::Text),
        Property::new("strategy", Kind::Text),
        Property::new("ring_time", Kind::Int),
    ],
};

const TABLE: &str = "(SELECT g.*, (SELECT json_group_array(user_id) FROM (SELECT user_id FROM ring_group_member m \
    WHERE m.ring_group_id = g.id ORDER BY m.position)) AS users FROM ring_group g) t";

impl ConfigDb {
    /// Makes a ring group.
    ///
    /// # Errors
    /// `Taken` when its number is another's; `Dangling` when a member is no user.
    pub fn create_ring_group(&self, new: &RingGroupSpec) -> Result<RingGroup, StoreError> {
        self.configure(|tx| {
            self.must_be_free(tx, &new.number, Holder::RingGroup(None))?;
            tx.execute(
                "INSERT INTO ring_group (name, number, strategy, ring_time) VALUES (?, ?, ?, ?)",
                params![new.name, new.number, new.strategy, new.ring_time],
            )
            .map_err(|e| self.sqlite(e))?;
            let id = tx.last_insert_rowid();
            self.put_members(tx, id, &new.users)?;
            one(tx, id).map_err(|e| self.sqlite(e))
        })
    }

    /// Alters a ring group.
    ///
    /// # Errors
    /// `NotFound`; `Taken` when its number is another's; `Dangling` when a member is no user.
    pub fn update_ring_group(
        &self,
        id: RingGroupId,
        patch: RingGroupPatch,
    ) -> Result<RingGroup, StoreError> {
        self.configure(|tx| {
            let old = one(tx, id.0.into()).map_err(|e| self.sqlite(e))?;
            let spec = patch.onto(old.spec);
            self.must_be_free(tx, &spec.number, Holder::RingGroup(Some(id.0)))?;
            tx.execute(
                "UPDATE ring_group SET name = ?2, number = ?3, strategy = ?4, ring_time = ?5 WHERE id = ?1",
                params![id.0, spec.name, spec.number, spec.strategy, spec.ring_time],
            )
            .map_err(|e| self.sqlite(e))?;
            self.put_members(tx, id.0.into(), &spec.users)?;
            Ok(RingGroup { id, spec })
        })
    }

    fn put_members(
        &self,
        tx: &Transaction<'_>,
        id: i64,
        users: &[UserId],
    ) -> Result<(), StoreError> {
        self.must_be_users(tx, users.iter().copied())?;
        let put = || -> rusqlite::Result<()> {
            tx.execute(
                "DELETE FROM ring_group_member WHERE ring_group_id = ?",
                [id],
            )?;
            let mut insert = tx.prepare_cached(
                "INSERT INTO ring_group_member (ring_group_id, user_id, position) VALUES (?, ?, ?)",
            )?;
            for (position, user) in (0_u32..).zip(users) {
                insert.execute(params![id, user.0, position])?;
            }
            Ok(())
        };
        put().map_err(|e| self.sqlite(e))
    }

    /// Removes ring groups: all of them or none.
    ///
    /// # Errors
    /// `NotFound` when one is missing; `InUse` when a number leads to one.
    pub fn delete_ring_groups(&self, ids: &[RingGroupId]) -> Result<(), StoreError> {
        let ids: Vec<u32> = ids.iter().map(|id| id.0).collect();
        self.configure(|tx| self.delete_unless_called(tx, "ring_group", &ids))
    }

    /// One ring group.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn ring_group(&self, id: RingGroupId) -> Result<RingGroup, StoreError> {
        self.read(|db| one(db, id.0.into()))
    }

    /// Every ring group.
    ///
    /// # Errors
    /// `Unavailable` when the file cannot be read.
    pub fn all_ring_groups(&self) -> Result<Vec<RingGroup>, StoreError> {
        self.read(|db| {
            db.prepare(&format!("SELECT t.* FROM {TABLE} ORDER BY id"))?
                .query_map([], group_row)?
                .collect()
        })
    }

    /// The ring groups that a user is a member of.
    ///
    /// # Errors
    /// `Unavailable` when the file cannot be read.
    pub fn ring_groups_of(&self, user: UserId) -> Result<Vec<RingGroupId>, StoreError> {
        self.read(|db| {
            db.prepare_cached(
                "SELECT ring_group_id FROM ring_group_member WHERE user_id = ? ORDER BY 1",
            )?
            .query_map([user.0], |row| row.get(0).map(RingGroupId))?
            .collect()
        })
    }

    /// A page of ring groups.
    ///
    /// # Errors
    /// `TooBroad` when it takes over a second.
    pub fn ring_groups(&self, selection: &Selection) -> Result<Page<RingGroup>, StoreError> {
        self.page(TABLE, &Scope::ALL, selection, LIST_LIMIT, group_row)
    }

    /// A page of those ring groups that a user is a member of.
    ///
    /// # Errors
    /// `TooBroad` when it takes over a second.
    pub fn ring_groups_with(
        &self,
        user: UserId,
        selection: &Selection,
    ) -> Result<Page<RingGroup>, StoreError> {
        let scope = Scope {
            condition: "id IN (SELECT ring_group_id FROM ring_group_member WHERE user_id = ?)",
            args: &[&user.0],
        };
        self.page(TABLE, &scope, selection, LIST_LIMIT, group_row)
    }
}

fn one(db: &Connection, id: i64) -> rusqlite::Result<RingGroup> {
    db.query_row(
        &format!("SELECT t.* FROM {TABLE} WHERE id = ?"),
        [id],
        group_row,
    )
}

fn group_row(row: &Row<'_>) -> rusqlite::Result<RingGroup> {
    Ok(RingGroup {
        id: RingGroupId(row.get("id")?),
        spec: RingGroupSpec {
            name: row.get("name")?,
            number: row.get("number")?,
            strategy: row.get("strategy")?,
            ring_time: row.get("ring_time")?,
            users: json_column(row, "users")?,
        },
    })
}
