//! The journal: every fact, the deliveries that are not finished, the calls that are open.
//!
//! A batch is one transaction, on disk when [`Journal::commit`] returns (`synchronous=FULL`). The writing
//! connection never checkpoints by itself; [`checkpoint::Checkpointer`] does, from its own connection.

mod checkpoint;
mod reader;
mod records;
mod row;
mod writer;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use offhook_base::{CallId, DeliveryId, FactRecord, JournalPos, Wall, WebhookId};
use rusqlite::{Connection, named_params, params};

pub use checkpoint::{Checkpoint, Checkpointer};
pub use reader::{JournalReader, ProjectedFact, ProjectedRow};
pub use records::{
    Backlog, Batch, Committed, DeliveryChange, LanePosition, OpenCall, Purged, Recovered,
    Redelivery, RoutedDelivery, RoutedFact, StoredEvent, UnfinishedDelivery, UnfinishedState,
    VerdictRow,
};
pub use writer::{
    CommitReport, CommitSink, CommittedFact, JournalHandle, JournalWriter, Route, Router,
};

use crate::StoreError;
use crate::migrate::{self, Durability, Schema};

pub(crate) const SCHEMA: Schema = Schema {
    application_id: 0x4f68_6a31,
    migrations: &[
        include_str!("../migrations/journal/0001_facts.sql"),
        include_str!("../migrations/journal/0002_texts.sql"),
        include_str!("../migrations/journal/0003_recordings.sql"),
    ],
};

/// Delivery ids reserved at a time.
const DELIVERY_BLOCK: u64 = 8_192;

/// The writing end of the journal. One per file, owned by one thread.
#[derive(Debug)]
pub struct Journal {
    db: Connection,
    path: PathBuf,
    next_pos: u64,
    next_call_id: u64,
    next_delivery: u64,
    /// Delivery ids below this one may be in use after a crash.
    reserved_deliveries: u64,
    failed: bool,
}

impl Journal {
    /// Opens the journal at `path`, creating it when it is missing, and reads what a start must know.
    ///
    /// # Errors
    /// `Unavailable` when the file cannot be written, `Corrupt` when it is not a journal, `Newer` when a
    /// later version wrote it.
    pub fn open(path: &Path) -> Result<(Self, Recovered), StoreError> {
        let db = migrate::open(path, &SCHEMA, Durability::Full)?;
        let at = |e| StoreError::sqlite(path, e);
        db.pragma_update(None, "wal_autocheckpoint", 0)
            .map_err(at)?;
        let recovered = recover(&db).map_err(at)?;
        let journal = Self {
            db,
            path: path.to_owned(),
            next_pos: recovered.next_pos.0,
            next_call_id: recovered.next_call_id,
            next_delivery: recovered.next_delivery.0,
            reserved_deliveries: recovered.next_delivery.0,
            failed: false,
        };
        Ok((journal, recovered))
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Commits a batch: all of it or nothing, and on disk when this returns.
    ///
    /// # Errors
    /// Whatever went wrong is final: after an I/O error the state of the file is unknown (a second
    /// `fsync` may report success for pages that were lost), so this journal refuses every later batch,
    /// and the process is to exit and replay.
    pub fn commit(&mut self, batch: &Batch) -> Result<Committed, StoreError> {
        if self.failed {
            return Err(StoreError::unavailable(
                &self.path,
                "an earlier commit failed; restart to replay",
            ));
        }
        let committed = Committed {
            first: JournalPos(self.next_pos),
            facts: batch.facts.len(),
        };
        self.write(batch).map_err(|e| {
            self.failed = true;
            StoreError::sqlite(&self.path, e)
        })?;
        Ok(committed)
    }

    /// Deletes facts after position `after` that are older than `older_than`, looking at no more than `limit`
    /// of them, and gives their pages back. Facts after `projected` stay, and those that an open root or an
    /// unfinished delivery needs.
    ///
    /// # Errors
    /// Final, as for [`Self::commit`].
    pub fn purge(
        &mut self,
        older_than: Wall,
        projected: JournalPos,
        after: JournalPos,
        limit: u64,
    ) -> Result<Purged, StoreError> {
        if self.failed {
            return Err(StoreError::unavailable(
                &self.path,
                "an earlier commit failed; restart to replay",
            ));
        }
        self.delete_old(older_than, projected, after, limit)
            .map_err(|e| {
                self.failed = true;
                StoreError::sqlite(&self.path, e)
            })
    }

    fn delete_old(
        &self,
        older_than: Wall,
        projected: JournalPos,
        after: JournalPos,
        limit: u64,
    ) -> rusqlite::Result<Purged> {
        // Rounds skip what earlier purges deleted.
        let first: Option<u64> = self
            .db
            .prepare_cached("SELECT min(pos) FROM fact WHERE pos > ?1")?
            .query_row([after.0], |row| row.get(0))?;
        let Some(first) = first.filter(|first| *first <= projected.0) else {
            return Ok(Purged::default());
        };
        let last = first.saturating_add(limit).min(projected.0);
        // The first young fact ends the search: positions and times grow together but for a stepped clock.
        let young: Option<u64> = self
            .db
            .prepare_cached("SELECT min(pos) FROM fact WHERE pos >= ?1 AND pos <= ?2 AND at >= ?3")?
            .query_row(params![first, last, older_than.0], |row| row.get(0))?;
        let last_old = young.map_or(last, |young| young.saturating_sub(1));
        self.db.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let deleted = self
            .db
            .prepare_cached(
                "DELETE FROM fact WHERE pos >= ?1 AND pos <= ?2
                 AND root NOT IN (SELECT root FROM open_call)
                 AND pos NOT IN (SELECT pos FROM delivery WHERE pos >= ?1 AND pos <= ?2)",
            )?
            .execute(params![first, last_old])?;
        // The newest fact may be among them, and its position must not be given again.
        self.db
            .prepare_cached("UPDATE meta SET next_pos = ?1")?
            .execute([self.next_pos])?;
        self.db.prepare_cached("COMMIT")?.execute([])?;
        if deleted > 0 {
            let mut vacuum = self.db.prepare_cached("PRAGMA incremental_vacuum(1024)")?;
            let mut pages = vacuum.query([])?;
            while pages.next()?.is_some() {}
        }
        let more = (young.is_none() && last < projected.0).then_some(JournalPos(last));
        Ok(Purged {
            deleted: u64::try_from(deleted).unwrap_or(u64::MAX),
            more,
        })
    }

    fn next_delivery(&self) -> u64 {
        self.next_delivery
    }

    /// Copies the log into the file from this connection, when no other may write meanwhile.
    fn checkpoint(&self) {
        if let Err(error) = checkpoint::passive(&self.db) {
            tracing::warn!(%error, "the journal could not be checkpointed");
        }
    }

    fn write(&mut self, batch: &Batch) -> rusqlite::Result<()> {
        self.db.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let mut pos = self.next_pos;
        let mut next_delivery = self.next_delivery;
        for routed in &batch.facts {
            insert_fact(&self.db, pos, routed)?;
            for delivery in &routed.deliveries {
                insert_delivery(&self.db, pos, &routed.fact, delivery)?;
                next_delivery = next_delivery.max(delivery.id.0.saturating_add(1));
            }
            pos = pos.saturating_add(1);
        }
        for verdict in &batch.verdicts {
            apply_verdict(&self.db, verdict)?;
        }
        for again in &batch.redeliveries {
            insert_redelivery(&self.db, again)?;
            next_delivery = next_delivery.max(again.id.0.saturating_add(1));
        }
        let next_call_id = self.next_call_id.max(batch.reserve_call_ids.unwrap_or(0));
        let mut reserved = self.reserved_deliveries;
        if next_delivery > reserved {
            reserved = next_delivery.saturating_add(DELIVERY_BLOCK);
        }
        if (reserved, next_call_id) != (self.reserved_deliveries, self.next_call_id) {
            self.db
                .prepare_cached("UPDATE meta SET next_delivery = ?1, next_call_id = ?2")?
                .execute([reserved, next_call_id])?;
        }
        self.db.prepare_cached("COMMIT")?.execute([])?;
        self.next_pos = pos;
        self.next_delivery = next_delivery;
        self.reserved_deliveries = reserved;
        self.next_call_id = next_call_id;
        Ok(())
    }
}

fn insert_fact(db: &Connection, pos: u64, routed: &RoutedFact) -> rusqlite::Result<()> {
    let FactRecord {
        event,
        snapshot,
        cdr,
        sms,
        recording,
    } = &routed.fact;
    let cdr = cdr.as_deref().map(row::json).transpose()?;
    let sms = sms.as_deref().map(row::json).transpose()?;
    let recording = recording.as_deref().map(row::json).transpose()?;
    let lanes = event.seq.is_some() && !routed.deliveries.is_empty();
    let routed_to = lanes.then(|| row::pack_webhooks(routed.deliveries.iter().map(|d| d.webhook)));
    db.prepare_cached(
        "INSERT INTO fact (pos, event_id, root, call, seq, name, context, at, is_final, routed, body, cdr, sms, recording)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    )?
    .execute(params![
        pos,
        &*event.id,
        event.root.0,
        event.call.0,
        event.seq,
        event.name.as_str(),
        &*event.context,
        event.at.0,
        event.is_final,
        routed_to,
        &*event.body,
        cdr,
        sms,
        recording
    ])?;
    if event.name.is_last() {
        db.prepare_cached("DELETE FROM open_call WHERE call = ?1")?
            .execute([event.call.0])?;
    } else if let Some(snapshot) = snapshot {
        db.prepare_cached(
            "INSERT INTO open_call (call, root, snapshot) VALUES (?1, ?2, ?3)
             ON CONFLICT (call) DO UPDATE SET root = excluded.root, snapshot = excluded.snapshot",
        )?
        .execute(params![event.call.0, event.root.0, &**snapshot])?;
    }
    Ok(())
}

fn insert_delivery(
    db: &Connection,
    pos: u64,
    fact: &FactRecord,
    delivery: &RoutedDelivery,
) -> rusqlite::Result<()> {
    let state = if delivery.held {
        row::HELD
    } else {
        row::PENDING
    };
    db.prepare_cached(
        "INSERT INTO delivery (id, webhook, pos, root, prev_seq, attempts, due, state, replayed)
         VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?7, 0)",
    )?
    .execute(params![
        delivery.id.0,
        delivery.webhook.0,
        pos,
        fact.event.root.0,
        delivery.prev_seq,
        fact.event.at.0,
        state
    ])?;
    Ok(())
}

fn apply_verdict(db: &Connection, verdict: &VerdictRow) -> rusqlite::Result<()> {
    let id = verdict.delivery.0;
    match verdict.change {
        DeliveryChange::Finished => db
            .prepare_cached("DELETE FROM delivery WHERE id = ?1")?
            .execute([id])?,
        DeliveryChange::Held => db
            .prepare_cached("UPDATE delivery SET state = ?2 WHERE id = ?1")?
            .execute(params![id, row::HELD])?,
        DeliveryChange::Pending { attempts, due } => db
            .prepare_cached(
                "UPDATE delivery SET state = ?2, attempts = ?3, due = ?4 WHERE id = ?1",
            )?
            .execute(params![id, row::PENDING, attempts, due.0])?,
    };
    Ok(())
}

fn insert_redelivery(db: &Connection, again: &Redelivery) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO delivery (id, webhook, pos, root, prev_seq, attempts, due, state, replayed)
         SELECT :id, :webhook, pos, root, :prev_seq, 0, :due, :state, 1 FROM fact WHERE pos = :pos",
    )?
    .execute(named_params! {
        ":id": again.id.0,
        ":webhook": again.webhook.0,
        ":prev_seq": again.prev_seq,
        ":due": again.due.0,
        ":state": row::PENDING,
        ":pos": again.pos.0,
    })?;
    Ok(())
}

fn recover(db: &Connection) -> rusqlite::Result<Recovered> {
    let (next_pos, next_delivery, next_call_id) = db.query_row(
        "SELECT max(next_pos, (SELECT coalesce(max(pos), 0) + 1 FROM fact)), next_delivery, next_call_id FROM meta",
        [],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    let open_calls = db
        .prepare(
            "SELECT call, root, snapshot, (SELECT coalesce(max(seq), 0) FROM fact WHERE fact.root = open_call.root) \
             FROM open_call ORDER BY root, call",
        )?
        .query_map([], |row| {
            let snapshot: Vec<u8> = row.get(2)?;
            Ok(OpenCall {
                call: CallId(row.get(0)?),
                root: CallId(row.get(1)?),
                snapshot: snapshot.into(),
                last_seq: row.get(3)?,
            })
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let unfinished = db.query_row("SELECT count(*) FROM delivery", [], |row| row.get(0))?;
    let lanes = recover_lanes(db, &open_calls)?;
    Ok(Recovered {
        open_calls,
        next_pos: JournalPos(next_pos),
        next_call_id,
        next_delivery: DeliveryId(next_delivery),
        lanes,
        unfinished,
    })
}

/// The last `seq` that each webhook was routed, for the roots that are still open.
fn recover_lanes(db: &Connection, open_calls: &[OpenCall]) -> rusqlite::Result<Vec<LanePosition>> {
    let roots: BTreeSet<CallId> = open_calls.iter().map(|open| open.root).collect();
    let mut facts = db.prepare("SELECT seq, routed FROM fact WHERE root = ?1 AND seq IS NOT NULL AND routed IS NOT NULL ORDER BY pos")?;
    let mut lanes = Vec::new();
    for root in roots {
        let mut last: BTreeMap<WebhookId, u64> = BTreeMap::new();
        let mut rows = facts.query([root.0])?;
        while let Some(fact) = rows.next()? {
            let seq: u64 = fact.get(0)?;
            for webhook in row::unpack_webhooks(fact.get_ref(1)?.as_blob()?) {
                last.insert(webhook, seq);
            }
        }
        lanes.extend(
            last.into_iter()
                .map(|(webhook, seq)| LanePosition { root, webhook, seq }),
        );
    }
    Ok(lanes)
}

#[cfg(test)]
mod tests;
