//! Numbers of ours, by which outsiders reach a user, a queue or a ring group.

use offhook_base::{DdiId, QueueId, RingGroupId, TrunkId, UserId};
use rusqlite::{Connection, Row, Transaction, params};

use super::{ConfigDb, LIST_LIMIT, Scope};
use crate::StoreError;
use crate::filter::{Kind, Page, Property, Resource, Selection};

/// A number of ours.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ddi {
    /// From 1; never used again.
    pub id: DdiId,
    /// What the admin set.
    pub spec: DdiSpec,
}

/// What an admin sets of a number.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DdiSpec {
    /// Digits without `+`; unique.
    pub e164: String,
    /// The trunk by which it comes; `None` for any.
    pub trunk: Option<TrunkId>,
    /// Who is called by it.
    pub target: DdiTarget,
}

/// Whom a number reaches.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DdiTarget {
    /// A queue.
    Queue(QueueId),
    /// A ring group.
    RingGroup(RingGroupId),
    /// A user.
    User(UserId),
}

impl DdiTarget {
    /// The words of `target_type`.
    pub const KINDS: [&'static str; 3] = ["user", "queue", "ringgroup"];

    /// `target_type`, and `target_id`.
    #[must_use]
    pub const fn parts(self) -> (&'static str, u32) {
        match self {
            Self::Queue(id) => ("queue", id.0),
            Self::RingGroup(id) => ("ringgroup", id.0),
            Self::User(id) => ("user", id.0),
        }
    }

    /// The target of these parts; `None` when the kind is none of [`DdiTarget::KINDS`].
    #[must_use]
    pub fn from_parts(kind: &str, id: u32) -> Option<Self> {
        match kind {
            "queue" => Some(Self::Queue(QueueId(id))),
            "ringgroup" => Some(Self::RingGroup(RingGroupId(id))),
            "user" => Some(Self::User(UserId(id))),
            _ => None,
        }
    }

    /// Table, and the name of the kind for people.
    const fn table(self) -> (&'static str, &'static str) {
        match self {
            Self::Queue(_) => ("queue", "queue"),
            Self::RingGroup(_) => ("ring_group", "ring group"),
            Self::User(_) => ("user", "user"),
        }
    }

    /// The values of `user_id`, `queue_id` and `ring_group_id`.
    const fn columns(self) -> [Option<u32>; 3] {
        match self {
            Self::User(id) => [Some(id.0), None, None],
            Self::Queue(id) => [None, Some(id.0), None],
            Self::RingGroup(id) => [None, None, Some(id.0)],
        }
    }
}

/// What to alter; `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct DdiPatch {
    /// Digits without `+`.
    pub e164: Option<String>,
    /// The trunk by which it comes; `Some(None)` for any.
    pub trunk: Option<Option<TrunkId>>,
    /// Who is called by it.
    pub target: Option<DdiTarget>,
}

/// What `/ddis` can be filtered by.
pub static DDIS: Resource = Resource {
    name: "ddis",
    properties: &[
        Property::new("id", Kind::Int),
        Property::new("e164", Kind::Text),
        Property::new("trunk_id", Kind::Int),
        Property::new("target_type", Kind::Text),
        Property::new("target_id", Kind::Int),
    ],
};

const TABLE: &str = "(SELECT id, e164, trunk_id, CASE WHEN user_id IS NOT NULL THEN 'user' WHEN queue_id IS NOT NULL THEN 'queue' \
    ELSE 'ringgroup' END AS target_type, coalesce(user_id, queue_id, ring_group_id) AS target_id FROM ddi) t";

impl ConfigDb {
    /// Makes a number.
    ///
    /// # Errors
    /// `Conflict` naming `ddi.e164` when it exists; `Dangling` when the trunk or the target is missing.
    pub fn create_ddi(&self, new: &DdiSpec) -> Result<Ddi, StoreError> {
        self.configure(|tx| {
            self.must_lead_somewhere(tx, new)?;
            let [user, queue, group] = new.target.columns();
            tx.execute(
                "INSERT INTO ddi (e164, trunk_id, user_id, queue_id, ring_group_id) VALUES (?, ?, ?, ?, ?)",
                params![new.e164, new.trunk.map(|id| id.0), user, queue, group],
            )
            .map_err(|e| self.sqlite(e))?;
            one(tx, tx.last_insert_rowid()).map_err(|e| self.sqlite(e))
        })
    }

    /// Alters a number.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` naming `ddi.e164` when it exists; `Dangling` when the trunk or the target is missing.
    pub fn update_ddi(&self, id: DdiId, patch: DdiPatch) -> Result<Ddi, StoreError> {
        self.configure(|tx| {
            let old = one(tx, id.0.into()).map_err(|e| self.sqlite(e))?.spec;
            let spec = DdiSpec {
                e164: patch.e164.unwrap_or(old.e164),
                trunk: patch.trunk.unwrap_or(old.trunk),
                target: patch.target.unwrap_or(old.target),
            };
            self.must_lead_somewhere(tx, &spec)?;
            let [user, queue, group] = spec.target.columns();
            tx.execute(
                "UPDATE ddi SET e164 = ?2, trunk_id = ?3, user_id = ?4, queue_id = ?5, ring_group_id = ?6 WHERE id = ?1",
                params![id.0, spec.e164, spec.trunk.map(|id| id.0), user, queue, group],
            )
            .map_err(|e| self.sqlite(e))?;
            Ok(Ddi { id, spec })
        })
    }

    fn must_lead_somewhere(&self, tx: &Transaction<'_>, spec: &DdiSpec) -> Result<(), StoreError> {
        if let Some(trunk) = spec.trunk {
            self.must_exist(tx, ("trunk", "trunk"), "trunk_id", trunk.0)?;
        }
        let (_, id) = spec.target.parts();
        self.must_exist(tx, spec.target.table(), "target_id", id)
    }

    fn must_exist(
        &self,
        tx: &Transaction<'_>,
        (table, kind): (&'static str, &'static str),
        field: &'static str,
        id: u32,
    ) -> Result<(), StoreError> {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE id = ?)");
        let exists: bool = tx
            .query_row(&sql, [id], |row| row.get(0))
            .map_err(|e| self.sqlite(e))?;
        if exists {
            Ok(())
        } else {
            Err(StoreError::Dangling { field, id, kind })
        }
    }

    /// Removes numbers: all of them or none.
    ///
    /// # Errors
    /// `NotFound` when one is missing.
    pub fn delete_ddis(&self, ids: &[DdiId]) -> Result<(), StoreError> {
        self.configure(|tx| {
            for id in ids {
                let gone = tx.execute("DELETE FROM ddi WHERE id = ?", [id.0]);
                if gone.map_err(|e| self.sqlite(e))? == 0 {
                    return Err(StoreError::NotFound);
                }
            }
            Ok(())
        })
    }

    /// One number.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn ddi(&self, id: DdiId) -> Result<Ddi, StoreError> {
        self.read(|db| one(db, id.0.into()))
    }

    /// Every number.
    ///
    /// # Errors
    /// `Unavailable` when the file cannot be read.
    pub fn all_ddis(&self) -> Result<Vec<Ddi>, StoreError> {
        self.read(|db| {
            db.prepare(&format!("SELECT t.* FROM {TABLE} ORDER BY id"))?
                .query_map([], ddi_row)?
                .collect()
        })
    }

    /// Whether a user may show this number outside: an own one, or that of a trunk.
    ///
    /// # Errors
    /// `Unavailable` when the file cannot be read.
    pub fn may_show(&self, user: UserId, number: &str) -> Result<bool, StoreError> {
        self.read(|db| {
            db.prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM ddi WHERE user_id = ?1 AND e164 = ?2) \
                 OR EXISTS (SELECT 1 FROM trunk WHERE caller_id = ?2)",
            )?
            .query_row(params![user.0, number], |row| row.get(0))
        })
    }

    /// A page of numbers.
    ///
    /// # Errors
    /// `TooBroad` when it takes over a second.
    pub fn ddis(&self, selection: &Selection) -> Result<Page<Ddi>, StoreError> {
        self.page(TABLE, &Scope::ALL, selection, LIST_LIMIT, ddi_row)
    }
}

fn one(db: &Connection, id: i64) -> rusqlite::Result<Ddi> {
    db.query_row(
        &format!("SELECT t.* FROM {TABLE} WHERE id = ?"),
        [id],
        ddi_row,
    )
}

fn ddi_row(row: &Row<'_>) -> rusqlite::Result<Ddi> {
    let kind: String = row.get("target_type")?;
    let target = DdiTarget::from_parts(&kind, row.get("target_id")?);
    Ok(Ddi {
        id: DdiId(row.get("id")?),
        spec: DdiSpec {
            e164: row.get("e164")?,
            trunk: row.get::<_, Option<u32>>("trunk_id")?.map(TrunkId),
            target: target.ok_or(rusqlite::Error::InvalidQuery)?,
        },
    })
}
