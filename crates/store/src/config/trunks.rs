//! Trunks: the ways to the outside world.

use offhook_base::TrunkId;
use rusqlite::{Connection, Row, params};

use super::{ConfigDb, LIST_LIMIT, Scope};
use crate::StoreError;
use crate::filter::{Kind, Page, Property, Resource, Selection};

/// A trunk.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Trunk {
    /// From 1; never used again.
    pub id: TrunkId,
    /// What the admin set.
    pub spec: TrunkSpec,
}

/// What an admin sets of a trunk.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrunkSpec {
    /// Free label.
    pub name: String,
    /// Name or address, without port; an IPv6 address without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
    /// The host in From; empty for our own.
    pub from_domain: String,
    /// Put in front of a number that is sent.
    pub prefix: String,
    /// Leading digits taken off before that.
    pub strip: u8,
    /// Shown for users without a number of their own; empty for none.
    pub caller_id: String,
    /// Lower ones are tried first.
    pub priority: u32,
    /// Calls at once; 0 for any number.
    pub max_calls: u32,
    /// An inactive trunk takes and makes no calls.
    pub active: bool,
}

impl Default for TrunkSpec {
    fn default() -> Self {
        Self {
            name: String::new(),
            host: String::new(),
            port: 5060,
            from_domain: String::new(),
            prefix: String::new(),
            strip: 0,
            caller_id: String::new(),
            priority: 10,
            max_calls: 0,
            active: true,
        }
    }
}

/// What to alter; `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct TrunkPatch {
    /// Free label.
    pub name: Option<String>,
    /// Name or address.
    pub host: Option<String>,
    /// Port.
    pub port: Option<u16>,
    /// The host in From.
    pub from_domain: Option<String>,
    /// Put in front of a number.
    pub prefix: Option<String>,
    /// Leading digits taken off.
    pub strip: Option<u8>,
    /// Shown for users without a number of their own.
    pub caller_id: Option<String>,
    /// Lower ones are tried first.
    pub priority: Option<u32>,
    /// Calls at once; 0 for any number.
    pub max_calls: Option<u32>,
    /// Whether it is used.
    pub active: Option<bool>,
}

impl TrunkPatch {
    /// What comes of `old`.
    #[must_use]
    pub fn onto(self, old: TrunkSpec) -> TrunkSpec {
        TrunkSpec {
            name: self.name.unwrap_or(old.name),
            host: self.host.unwrap_or(old.host),
            port: self.port.unwrap_or(old.port),
            from_domain: self.from_domain.unwrap_or(old.from_domain),
            prefix: self.prefix.unwrap_or(old.prefix),
            strip: self.strip.unwrap_or(old.strip),
            caller_id: self.caller_id.unwrap_or(old.caller_id),
            priority: self.priority.unwrap_or(old.priority),
            max_calls: self.max_calls.unwrap_or(old.max_calls),
            active: self.active.unwrap_or(old.active),
        }
    }
}

/// What `/trunks` can be filtered by.
pub static TRUNKS: Resource = Resource {
    name: "trunks",
    properties: &[
        Property::new("id", Kind::Int),
        Property::new("name", Kind::Text),
        Property::new("host", Kind::Text),
        Property::new("port", Kind::Int),
        Property::new("from_domain", Kind::Text),
        Property::new("prefix", Kind::Text),
        Property::new("strip", Kind::Int),
        Property::new("caller_id", Kind::Text),
        Property::new("priority", Kind::Int),
        Property::new("max_calls", Kind::Int),
        Property::new("active", Kind::Bool),
    ],
};

impl ConfigDb {
    /// Makes a trunk.
    ///
    /// # Errors
    /// `Unavailable` when it cannot be stored.
    pub fn create_trunk(&self, new: &TrunkSpec) -> Result<Trunk, StoreError> {
        self.configure(|tx| {
            tx.execute(
                "INSERT INTO trunk (name, host, port, from_domain, prefix, strip, caller_id, priority, max_calls, active) \
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                params![
                    new.name,
                    new.host,
                    new.port,
                    new.from_domain,
                    new.prefix,
                    new.strip,
                    new.caller_id,
                    new.priority,
                    new.max_calls,
                    new.active
                ],
            )
            .map_err(|e| self.sqlite(e))?;
            one(tx, tx.last_insert_rowid()).map_err(|e| self.sqlite(e))
        })
    }

    /// Alters a trunk.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn update_trunk(&self, id: TrunkId, patch: TrunkPatch) -> Result<Trunk, StoreError> {
        self.configure(|tx| {
            let old = one(tx, id.0.into()).map_err(|e| self.sqlite(e))?;
            let spec = patch.onto(old.spec);
            tx.execute(
                "UPDATE trunk SET name = ?2, host = ?3, port = ?4, from_domain = ?5, prefix = ?6, strip = ?7, caller_id = ?8, \
                 priority = ?9, max_calls = ?10, active = ?11 WHERE id = ?1",
                params![
                    id.0,
                    spec.name,
                    spec.host,
                    spec.port,
                    spec.from_domain,
                    spec.prefix,
                    spec.strip,
                    spec.caller_id,
                    spec.priority,
                    spec.max_calls,
                    spec.active
                ],
            )
            .map_err(|e| self.sqlite(e))?;
            Ok(Trunk { id, spec })
        })
    }

    /// Removes trunks: all of them or none.
    ///
    /// # Errors
    /// `NotFound` when one is missing; `InUse` when a number comes by one.
    pub fn delete_trunks(&self, ids: &[TrunkId]) -> Result<(), StoreError> {
        let ids: Vec<u32> = ids.iter().map(|id| id.0).collect();
        self.configure(|tx| self.delete_unless_called(tx, "trunk", &ids))
    }

    /// One trunk.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn trunk(&self, id: TrunkId) -> Result<Trunk, StoreError> {
        self.read(|db| one(db, id.0.into()))
    }

    /// Every trunk.
    ///
    /// # Errors
    /// `Unavailable` when the file cannot be read.
    pub fn all_trunks(&self) -> Result<Vec<Trunk>, StoreError> {
        self.read(|db| {
            db.prepare("SELECT * FROM trunk ORDER BY id")?
                .query_map([], trunk_row)?
                .collect()
        })
    }

    /// A page of trunks.
    ///
    /// # Errors
    /// `TooBroad` when it takes over a second.
    pub fn trunks(&self, selection: &Selection) -> Result<Page<Trunk>, StoreError> {
        self.page("trunk t", &Scope::ALL, selection, LIST_LIMIT, trunk_row)
    }
}

fn one(db: &Connection, id: i64) -> rusqlite::Result<Trunk> {
    db.query_row("SELECT * FROM trunk WHERE id = ?", [id], trunk_row)
}

fn trunk_row(row: &Row<'_>) -> rusqlite::Result<Trunk> {
    Ok(Trunk {
        id: TrunkId(row.get("id")?),
        spec: TrunkSpec {
            name: row.get("name")?,
            host: row.get("host")?,
            port: row.get("port")?,
            from_domain: row.get("from_domain")?,
            prefix: row.get("prefix")?,
            strip: row.get("strip")?,
            caller_id: row.get("caller_id")?,
            priority: row.get("priority")?,
            max_calls: row.get("max_calls")?,
            active: row.get("active")?,
        },
    })
}
