//! Queues: a number at which callers wait for an agent.

use offhook_base::{QueueId, SoundId, UserId};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Row, ToSql, Transaction, params};
use serde::Deserialize;

use super::extensions::Holder;
use super::users::words;
use super::webhooks::json_column;
use super::{ConfigDb, LIST_LIMIT, Scope};
use crate::StoreError;
use crate::filter::{Kind, Page, Property, Resource, Selection};

words! {
    /// Which agent of a queue is offered the next call.
    QueueStrategy {
        /// All free agents at once.
        All = "A",
        /// Who has waited longest since the last call.
        LeastRecent = "L",
        /// Who took the fewest calls.
        FewestCalls = "F",
        /// In turn.
        RoundRobin = "R",
        /// The first free one of the list.
        InOrder = "O",
    }
}

/// A queue.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Queue {
    /// From 1; never used again.
    pub id: QueueId,
    /// What the admin set, and which agents are logged in.
    pub spec: QueueSpec,
}

/// A user who takes calls of a queue.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
pub struct QueueAgent {
    /// Who.
    pub id: UserId,
    /// Logged in.
    pub status: bool,
}

/// What an admin sets of a queue; times in seconds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct QueueSpec {
    /// Free label.
    pub name: String,
    /// Extension, unique among those of users, groups and queues.
    pub number: String,
    /// Which agent is offered the next call.
    pub ring_strategy: QueueStrategy,
    /// How long an agent is rung.
    pub ring_time: u32,
    /// How long a caller waits; 0 for ever.
    pub max_wait: u32,
    /// How many callers wait; 0 for any number.
    pub max_length: u32,
    /// How long an agent is left alone after a call.
    pub wrap_up_time: u32,
    /// Between two announcements of a caller's position; 0 for none.
    pub announce: u32,
    /// Agents who are in another call are not rung.
    pub skip_busy: bool,
    /// What a caller hears while he waits; `None`: what everybody hears who waits.
    pub music: Option<SoundId>,
    /// What a caller is told first.
    pub announcement: Option<SoundId>,
    /// Agents in order, none twice.
    pub users: Vec<QueueAgent>,
}

impl Default for QueueSpec {
    fn default() -> Self {
        Self {
            name: String::new(),
            number: String::new(),
            ring_strategy: QueueStrategy::All,
            ring_time: 20,
            max_wait: 600,
            max_length: 0,
            wrap_up_time: 0,
            announce: 0,
            skip_busy: true,
            music: None,
            announcement: None,
            users: Vec::new(),
        }
    }
}

/// What to alter; `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct QueuePatch {
    /// Free label.
    pub name: Option<String>,
    /// Extension.
    pub number: Option<String>,
    /// Which agent is offered the next call.
    pub ring_strategy: Option<QueueStrategy>,
    /// How long an agent is rung.
    pub ring_time: Option<u32>,
    /// How long a caller waits.
    pub max_wait: Option<u32>,
    /// How many callers wait.
    pub max_length: Option<u32>,
    /// How long an agent is left alone after a call.
    pub wrap_up_time: Option<u32>,
    /// Between two announcements.
    pub announce: Option<u32>,
    /// Agents who are in another call are not rung.
    pub skip_busy: Option<bool>,
    /// What a caller hears while he waits.
    pub music: Option<Option<SoundId>>,
    /// What a caller is told first.
    pub announcement: Option<Option<SoundId>>,
    /// All agents, in order.
    pub users: Option<Vec<QueueAgent>>,
}

impl QueuePatch {
    /// What comes of `old`.
    #[must_use]
    pub fn onto(self, old: QueueSpec) -> QueueSpec {
        QueueSpec {
            name: self.name.unwrap_or(old.name),
            number: self.number.unwrap_or(old.number),
            ring_strategy: self.ring_strategy.unwrap_or(old.ring_strategy),
            ring_time: self.ring_time.unwrap_or(old.ring_time),
            max_wait: self.max_wait.unwrap_or(old.max_wait),
            max_length: self.max_length.unwrap_or(old.max_length),
            wrap_up_time: self.wrap_up_time.unwrap_or(old.wrap_up_time),
            announce: self.announce.unwrap_or(old.announce),
            skip_busy: self.skip_busy.unwrap_or(old.skip_busy),
            music: self.music.unwrap_or(old.music),
            announcement: self.announcement.unwrap_or(old.announcement),
            users: self.users.unwrap_or(old.users),
        }
    }
}

/// What `/queues` can be filtered by.
pub static QUEUES: Resource = Resource {
    name: "queues",
    properties: &[
        Property::new("id", Kind::Int),
        Property::new("name", Kind::Text),
        Property::new("number", Kind::Text),
        Property::new("ring_strategy", Kind::Text),
        Property::new("ring_time", Kind::Int),
        Property::new("max_wait", Kind::Int),
        Property::new("max_length", Kind::Int),
        Property::new("wrap_up_time", Kind::Int),
        Property::new("announce", Kind::Int),
        Property::new("skip_busy", Kind::Bool),
    ],
};

const TABLE: &str = "(SELECT q.*, (SELECT json_group_array(json_object('id', user_id, 'status', json(iif(status, 'true', 'false')))) \
    FROM (SELECT user_id, status FROM queue_agent a WHERE a.queue_id = q.id ORDER BY a.position)) AS users FROM queue q) t";

impl ConfigDb {
    /// Makes a queue.
    ///
    /// # Errors
    /// `Taken` when its number is another's; `Dangling` when an agent is no user.
    pub fn create_queue(&self, new: &QueueSpec) -> Result<Queue, StoreError> {
        self.configure(|tx| {
            self.must_be_free(tx, &new.number, Holder::Queue(None))?;
            self.must_have_sounds(tx, new)?;
            tx.execute(
                "INSERT INTO queue (name, number, ring_strategy, ring_time, max_wait, max_length, wrap_up_time, announce, skip_busy, music, announcement) \
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                params![
                    new.name,
                    new.number,
                    new.ring_strategy,
                    new.ring_time,
                    new.max_wait,
                    new.max_length,
                    new.wrap_up_time,
                    new.announce,
                    new.skip_busy,
                    new.music.map(|id| id.0),
                    new.announcement.map(|id| id.0)
                ],
            )
            .map_err(|e| self.sqlite(e))?;
            let id = tx.last_insert_rowid();
            self.put_agents(tx, id, &new.users)?;
            one(tx, id).map_err(|e| self.sqlite(e))
        })
    }

    /// Alters a queue.
    ///
    /// # Errors
    /// `NotFound`; `Taken` when its number is another's; `Dangling` when an agent is no user.
    pub fn update_queue(&self, id: QueueId, patch: QueuePatch) -> Result<Queue, StoreError> {
        self.configure(|tx| {
            let old = one(tx, id.0.into()).map_err(|e| self.sqlite(e))?;
            let has_agents = patch.users.is_some();
            let spec = patch.onto(old.spec);
            self.must_be_free(tx, &spec.number, Holder::Queue(Some(id.0)))?;
            self.must_have_sounds(tx, &spec)?;
            tx.execute(
                "UPDATE queue SET name = ?2, number = ?3, ring_strategy = ?4, ring_time = ?5, max_wait = ?6, max_length = ?7, \
                 wrap_up_time = ?8, announce = ?9, skip_busy = ?10, music = ?11, announcement = ?12 WHERE id = ?1",
                params![
                    id.0,
                    spec.name,
                    spec.number,
                    spec.ring_strategy,
                    spec.ring_time,
                    spec.max_wait,
                    spec.max_length,
                    spec.wrap_up_time,
                    spec.announce,
                    spec.skip_busy,
                    spec.music.map(|id| id.0),
                    spec.announcement.map(|id| id.0)
                ],
            )
            .map_err(|e| self.sqlite(e))?;
            if has_agents {
                self.put_agents(tx, id.0.into(), &spec.users)?;
            }
            Ok(Queue { id, spec })
        })
    }

    fn must_have_sounds(&self, tx: &Transaction<'_>, spec: &QueueSpec) -> Result<(), StoreError> {
        self.must_be_sound(tx, "music", spec.music)?;
        self.must_be_sound(tx, "announcement", spec.announcement)
    }

    fn put_agents(
        &self,
        tx: &Transaction<'_>,
        id: i64,
        agents: &[QueueAgent],
    ) -> Result<(), StoreError> {
        self.must_be_users(tx, agents.iter().map(|agent| agent.id))?;
        let put = || -> rusqlite::Result<()> {
            tx.execute("DELETE FROM queue_agent WHERE queue_id = ?", [id])?;
            let mut insert = tx.prepare_cached(
                "INSERT INTO queue_agent (queue_id, user_id, position, status) VALUES (?, ?, ?, ?)",
            )?;
            for (position, agent) in (0_u32..).zip(agents) {
                insert.execute(params![id, agent.id.0, position, agent.status])?;
            }
            Ok(())
        };
        put().map_err(|e| self.sqlite(e))
    }

    /// Logs an agent in or out: of one queue, or of all that the agent belongs to. Gives those queues.
    ///
    /// # Errors
    /// `Unavailable` when it cannot be stored.
    pub fn log_agent(
        &self,
        user: UserId,
        queue: Option<QueueId>,
        status: bool,
    ) -> Result<Vec<Queue>, StoreError> {
        let queue = queue.map(|id| id.0);
        self.configure(|tx| {
            let log = || -> rusqlite::Result<Vec<Queue>> {
                tx.execute(
                    "UPDATE queue_agent SET status = ?3 WHERE user_id = ?1 AND (?2 IS NULL OR queue_id = ?2)",
                    params![user.0, queue, status],
                )?;
                tx.prepare(&format!(
                    "SELECT t.* FROM {TABLE} WHERE id IN (SELECT queue_id FROM queue_agent \
                     WHERE user_id = ?1 AND (?2 IS NULL OR queue_id = ?2)) ORDER BY id"
                ))?
                .query_map(params![user.0, queue], queue_row)?
                .collect()
            };
            log().map_err(|e| self.sqlite(e))
        })
    }

    /// Removes queues: all of them or none.
    ///
    /// # Errors
    /// `NotFound` when one is missing; `InUse` when a number leads to one.
    pub fn delete_queues(&self, ids: &[QueueId]) -> Result<(), StoreError> {
        let ids: Vec<u32> = ids.iter().map(|id| id.0).collect();
        self.configure(|tx| self.delete_unless_called(tx, "queue", &ids))
    }

    /// One queue.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn queue(&self, id: QueueId) -> Result<Queue, StoreError> {
        self.read(|db| one(db, id.0.into()))
    }

    /// Every queue.
    ///
    /// # Errors
    /// `Unavailable` when the file cannot be read.
    pub fn all_queues(&self) -> Result<Vec<Queue>, StoreError> {
        self.read(|db| {
            db.prepare(&format!("SELECT t.* FROM {TABLE} ORDER BY id"))?
                .query_map([], queue_row)?
                .collect()
        })
    }

    /// The queues that a user is an agent of.
    ///
    /// # Errors
    /// `Unavailable` when the file cannot be read.
    pub fn queues_of(&self, user: UserId) -> Result<Vec<QueueId>, StoreError> {
        self.read(|db| {
            db.prepare_cached("SELECT queue_id FROM queue_agent WHERE user_id = ? ORDER BY 1")?
                .query_map([user.0], |row| row.get(0).map(QueueId))?
                .collect()
        })
    }

    /// A page of queues.
    ///
    /// # Errors
    /// `TooBroad` when it takes over a second.
    pub fn queues(&self, selection: &Selection) -> Result<Page<Queue>, StoreError> {
        self.page(TABLE, &Scope::ALL, selection, LIST_LIMIT, queue_row)
    }

    /// A page of those queues that a user is an agent of.
    ///
    /// # Errors
    /// `TooBroad` when it takes over a second.
    pub fn queues_with(
        &self,
        user: UserId,
        selection: &Selection,
    ) -> Result<Page<Queue>, StoreError> {
        let scope = Scope {
            condition: "id IN (SELECT queue_id FROM queue_agent WHERE user_id = ?)",
            args: &[&user.0],
        };
        self.page(TABLE, &scope, selection, LIST_LIMIT, queue_row)
    }
}

fn one(db: &Connection, id: i64) -> rusqlite::Result<Queue> {
    db.query_row(
        &format!("SELECT t.* FROM {TABLE} WHERE id = ?"),
        [id],
        queue_row,
    )
}

fn queue_row(row: &Row<'_>) -> rusqlite::Result<Queue> {
    Ok(Queue {
        id: QueueId(row.get("id")?),
        spec: QueueSpec {
            name: row.get("name")?,
            number: row.get("number")?,
            ring_strategy: row.get("ring_strategy")?,
            ring_time: row.get("ring_time")?,
            max_wait: row.get("max_wait")?,
            max_length: row.get("max_length")?,
            wrap_up_time: row.get("wrap_up_time")?,
            announce: row.get("announce")?,
            skip_busy: row.get("skip_busy")?,
            music: row.get::<_, Option<u32>>("music")?.map(SoundId),
            announcement: row.get::<_, Option<u32>>("announcement")?.map(SoundId),
            users: json_column(row, "users")?,
        },
    })
}
