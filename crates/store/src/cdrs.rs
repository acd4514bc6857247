//! Call detail records: copied from the last fact of each call, and listed.

use std::time::Duration;

use offhook_base::{
    CallId, CdrRecord, Disposition, JournalPos, Party, Quality, TerminatedBy, UserId, Wall,
};
use rusqlite::types::Type;
use rusqlite::{OptionalExtension, Row, Transaction, params};

use crate::config::Scope;
use crate::filter::{Kind, Page, Property, Resource, Selection};
use crate::{ConfigDb, ProjectedFact, ProjectedRow, StoreError, recordings, sms};

const PROJECTION: &str = "cdr";

/// A CDR as it is listed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Cdr {
    /// Place of its last fact in the journal.
    pub id: u64,
    /// `O`, `I` or `M`.
    pub kind: String,
    /// Start of the call in Unix seconds.
    pub calldate: i64,
    /// Everything else.
    pub record: CdrRecord,
}

/// Whose CDRs are read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CdrScope {
    /// Everybody's.
    All,
    /// Those in which the user called or was called.
    Of(UserId),
}

/// What `/cdrs` can be filtered by.
pub static CDRS: Resource = Resource {
    name: "cdrs",
    properties: &[
        Property::new("id", Kind::Int),
        Property::computed("call_id", Kind::Int, "id"),
        Property::new("live_id", Kind::Int),
        Property::new("parent_live_id", Kind::Int),
        Property::new("root_live_id", Kind::Int),
        Property::new("is_root", Kind::Bool),
        Property::new("user_id", Kind::Int),
        Property::new("sip_endpoint_id", Kind::Int),
        Property::new("type", Kind::Text),
        Property::new("calldate", Kind::Time),
        Property::new("clid", Kind::Text),
        Property::new("src", Kind::Text),
        Property::new("src_id", Kind::Text),
        Property::new("src_name", Kind::Text),
        Property::new("src_ua", Kind::Text),
        Property::new("src_codec", Kind::Text),
        Property::new("dst", Kind::Text),
        Property::new("dst_id", Kind::Text),
        Property::new("dst_name", Kind::Text),
        Property::new("dst_ua", Kind::Text),
        Property::new("dst_codec", Kind::Text),
        Property::new("duration", Kind::Int),
        Property::new("billsec", Kind::Int),
        Property::new("disposition", Kind::Text),
        Property::new("destination", Kind::Text),
        Property::new("context", Kind::Text),
        Property::new("t_cause", Kind::Text),
        Property::new("info", Kind::Text),
        Property::new("terminated_by", Kind::Text),
    ],
};

impl ConfigDb {
    /// Copies CDRs from the journal and notes its position in the same transaction. What lies at or before that
    /// position was copied already and is passed over, so a batch may come twice.
    ///
    /// # Errors
    /// `Unavailable` when it cannot be stored; nothing of the batch is stored then.
    pub fn project(&self, batch: &[(JournalPos, &CdrRecord)]) -> Result<(), StoreError> {
        self.project_upto(batch, JournalPos(0))
    }

    /// Copies rows of any kind from the journal, as [`ConfigDb::project`] does CDRs.
    ///
    /// # Errors
    /// `Unavailable` when they cannot be stored; nothing of the batch is stored then.
    pub fn project_rows(&self, batch: &[ProjectedFact]) -> Result<(), StoreError> {
        let rows = batch.iter().map(|fact| (fact.pos, &fact.row));
        self.copy(rows, JournalPos(0), |tx, pos, row| match row {
            ProjectedRow::Cdr(cdr) => insert(tx, pos, cdr),
            ProjectedRow::CdrAndRecording(cdr, recording) => {
                insert(tx, pos, cdr)?;
                recordings::copy(tx, recording)
            }
            ProjectedRow::Recording(recording) => recordings::copy(tx, recording),
            ProjectedRow::Sms(text) => sms::copy(tx, text),
        })
    }

    /// Like [`ConfigDb::project`], and notes that the facts up to `upto` hold no other CDR.
    ///
    /// # Errors
    /// `Unavailable` when it cannot be stored; nothing of the batch is stored then.
    pub fn project_upto(
        &self,
        batch: &[(JournalPos, &CdrRecord)],
        upto: JournalPos,
    ) -> Result<(), StoreError> {
        self.copy(batch.iter().copied(), upto, insert)
    }

    fn copy<R>(
        &self,
        batch: impl Iterator<Item = (JournalPos, R)>,
        upto: JournalPos,
        insert: impl Fn(&Transaction<'_>, JournalPos, R) -> rusqlite::Result<()>,
    ) -> Result<(), StoreError> {
        self.note(|tx| {
            let copy = || -> rusqlite::Result<()> {
                let done = position(tx)?;
                let mut last = done.max(upto);
                for (pos, row) in batch.filter(|(pos, _)| *pos > done) {
                    insert(tx, pos, row)?;
                    last = last.max(pos);
                }
                tx.prepare_cached("INSERT INTO projection (name, pos) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET pos = ?2")?
                    .execute(params![PROJECTION, last.0])
                    .map(drop)
            };
            copy().map_err(|e| self.sqlite(e))
        })
    }

    /// How far the journal was copied; 0 at first.
    ///
    /// # Errors
    /// `Unavailable` when the file cannot be read.
    pub fn projected(&self) -> Result<JournalPos, StoreError> {
        self.read(|db| {
            db.query_row(
                "SELECT pos FROM projection WHERE name = ?",
                [PROJECTION],
                |row| row.get(0).map(JournalPos),
            )
            .optional()
            .map(Option::unwrap_or_default)
        })
    }

    /// A page of CDRs.
    ///
    /// # Errors
    /// `TooBroad` when it takes over a second.
    pub fn cdrs(&self, scope: CdrScope, selection: &Selection) -> Result<Page<Cdr>, StoreError> {
        self.cdrs_within(scope, selection, Duration::from_secs(1))
    }

    /// A page of CDRs, with another limit of time than the usual second.
    ///
    /// # Errors
    /// `TooBroad` when it takes longer than `limit`.
    pub fn cdrs_within(
        &self,
        scope: CdrScope,
        selection: &Selection,
        limit: Duration,
    ) -> Result<Page<Cdr>, StoreError> {
        match scope {
            CdrScope::All => self.page("cdr t", &Scope::ALL, selection, limit, cdr_row),
            CdrScope::Of(user) => {
                let scope = Scope {
                    condition: "user_id = ? OR other_user_id = ?",
                    args: &[&user.0, &user.0],
                };
                self.page("cdr t", &scope, selection, limit, cdr_row)
            }
        }
    }

    /// Puts the last figures into CDRs that are there, and gives the calls of those.
    ///
    /// # Errors
    /// `Unavailable` when they cannot be stored; none is then.
    pub fn amend_quality(&self, heard: &[(CallId, Quality)]) -> Result<Vec<CallId>, StoreError> {
        self.note(|tx| {
            let amend = || -> rusqlite::Result<Vec<CallId>> {
                let mut amended = Vec::new();
                let mut update =
                    tx.prepare_cached("UPDATE cdr SET quality = ? WHERE live_id = ?")?;
                for (call, quality) in heard {
                    if update.execute(params![quality_text(quality)?, call.0])? > 0 {
                        amended.push(*call);
                    }
                }
                Ok(amended)
            };
            amend().map_err(|e| self.sqlite(e))
        })
    }

    /// The CDRs of a root that there are so far, in the order in which its calls ended.
    ///
    /// # Errors
    /// `Unavailable` when the file cannot be read.
    pub fn cdrs_of_root(&self, root: CallId) -> Result<Vec<Cdr>, StoreError> {
        let key = i64::try_from(root.0).map_err(|_| StoreError::NotFound)?;
        self.read(|db| {
            db.prepare_cached("SELECT * FROM cdr WHERE root_live_id = ? ORDER BY id")?
                .query_map([key], cdr_row)?
                .collect()
        })
    }

    /// One CDR by its id.
    ///
    /// # Errors
    /// `NotFound`, also when it lies outside `scope`.
    pub fn cdr(&self, scope: CdrScope, id: u64) -> Result<Cdr, StoreError> {
        self.one_cdr(scope, "SELECT * FROM cdr WHERE id = ?", id)
    }

    /// The CDR of a call.
    ///
    /// # Errors
    /// `NotFound`, also when it lies outside `scope`.
    pub fn cdr_of_call(&self, scope: CdrScope, call: CallId) -> Result<Cdr, StoreError> {
        self.one_cdr(scope, "SELECT * FROM cdr WHERE live_id = ?", call.0)
    }

    fn one_cdr(&self, scope: CdrScope, sql: &str, key: u64) -> Result<Cdr, StoreError> {
        let key = i64::try_from(key).map_err(|_| StoreError::NotFound)?;
        let cdr = self.read(|db| db.prepare_cached(sql)?.query_row([key], cdr_row))?;
        match scope {
            CdrScope::Of(user)
                if ![cdr.record.user_id, cdr.record.other_user_id].contains(&Some(user)) =>
            {
                Err(StoreError::NotFound)
            }
            CdrScope::All | CdrScope::Of(_) => Ok(cdr),
        }
    }
}

fn position(tx: &Transaction<'_>) -> rusqlite::Result<JournalPos> {
    tx.prepare_cached("SELECT pos FROM projection WHERE name = ?")?
        .query_row([PROJECTION], |row| row.get(0).map(JournalPos))
        .optional()
        .map(Option::unwrap_or_default)
}

fn insert(tx: &Transaction<'_>, pos: JournalPos, cdr: &CdrRecord) -> rusqlite::Result<()> {
    let quality = cdr.quality.as_ref().map(quality_text).transpose()?;
    tx.prepare_cached(
        "INSERT INTO cdr (id, live_id, parent_live_id, root_live_id, is_root, user_id, other_user_id, sip_endpoint_id, type, calldate, \
         clid, src, src_id, src_name, src_ua, src_codec, dst, dst_id, dst_name, dst_ua, dst_codec, duration, billsec, disposition, \
         destination, context, t_cause, info, terminated_by, cause_q850, cause_name, cause_sip, quality) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
         ON CONFLICT (live_id) DO NOTHING",
    )?
    .execute(params![
        pos.0,
        cdr.live_id.0,
        cdr.parent_live_id.map(|id| id.0),
        cdr.root_live_id.0,
        cdr.live_id == cdr.root_live_id,
        cdr.user_id.map(|id| id.0),
        cdr.other_user_id.map(|id| id.0),
        cdr.sip_endpoint_id,
        kind(cdr),
        cdr.started_at.unix_seconds(),
        cdr.clid,
        cdr.src.number,
        cdr.src.id,
        cdr.src.name,
        cdr.src.ua,
        cdr.src.codec,
        cdr.dst.number,
        cdr.dst.id,
        cdr.dst.name,
        cdr.dst.ua,
        cdr.dst.codec,
        cdr.duration,
        cdr.billsec,
        disposition(cdr.disposition),
        cdr.destination,
        cdr.context,
        cdr.t_cause,
        cdr.info,
        terminated_by(cdr.terminated_by),
        cdr.cause_q850,
        cdr.cause_name,
        cdr.cause_sip,
        quality,
    ])
    .map(drop)
}

/// `O` when towards a trunk or an unknown number; else `I` when answered, `M` when not.
fn kind(cdr: &CdrRecord) -> &'static str {
    match cdr.disposition {
        _ if cdr.destination == "out" => "O",
        Disposition::Connected => "I",
        Disposition::Busy | Disposition::Failed | Disposition::NoAnswer => "M",
    }
}

const DISPOSITIONS: [Disposition; 4] = [
    Disposition::Connected,
    Disposition::NoAnswer,
    Disposition::Busy,
    Disposition::Failed,
];

/// The disposition as on the wire.
#[must_use]
pub const fn disposition(value: Disposition) -> &'static str {
    match value {
        Disposition::Busy => "BUSY",
        Disposition::Connected => "CONNECTED",
        Disposition::Failed => "FAILED",
        Disposition::NoAnswer => "NO ANSWER",
    }
}

const TERMINATORS: [TerminatedBy; 4] = [
    TerminatedBy::Caller,
    TerminatedBy::Callee,
    TerminatedBy::System,
    TerminatedBy::Api,
];

/// Who ended the call, as on the wire.
#[must_use]
pub const fn terminated_by(value: TerminatedBy) -> &'static str {
    match value {
        TerminatedBy::Api => "api",
        TerminatedBy::Callee => "callee",
        TerminatedBy::Caller => "caller",
        TerminatedBy::System => "system",
    }
}

fn cdr_row(row: &Row<'_>) -> rusqlite::Result<Cdr> {
    let calldate = row.get("calldate")?;
    Ok(Cdr {
        id: row.get("id")?,
        kind: row.get("type")?,
        calldate,
        record: CdrRecord {
            live_id: CallId(row.get("live_id")?),
            root_live_id: CallId(row.get("root_live_id")?),
            parent_live_id: row.get::<_, Option<u64>>("parent_live_id")?.map(CallId),
            user_id: row.get::<_, Option<u32>>("user_id")?.map(UserId),
            other_user_id: row.get::<_, Option<u32>>("other_user_id")?.map(UserId),
            sip_endpoint_id: row.get("sip_endpoint_id")?,
            started_at: Wall::from_unix_seconds(calldate),
            clid: row.get("clid")?,
            src: Party {
                number: row.get("src")?,
                id: row.get("src_id")?,
                name: row.get("src_name")?,
                ua: row.get("src_ua")?,
                codec: row.get("src_codec")?,
            },
            dst: Party {
                number: row.get("dst")?,
                id: row.get("dst_id")?,
                name: row.get("dst_name")?,
                ua: row.get("dst_ua")?,
                codec: row.get("dst_codec")?,
            },
            duration: row.get("duration")?,
            billsec: row.get("billsec")?,
            disposition: word(row, "disposition", &DISPOSITIONS, disposition)?,
            destination: row.get("destination")?,
            context: row.get("context")?,
            t_cause: row.get("t_cause")?,
            info: row.get("info")?,
            terminated_by: word(row, "terminated_by", &TERMINATORS, terminated_by)?,
            cause_q850: row.get("cause_q850")?,
            cause_name: row.get("cause_name")?,
            cause_sip: row.get("cause_sip")?,
            quality: quality(row)?,
        },
    })
}

fn quality_text(quality: &Quality) -> rusqlite::Result<String> {
    serde_json::to_string(quality)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

fn quality(row: &Row<'_>) -> rusqlite::Result<Option<Quality>> {
    let text: Option<String> = row.get("quality")?;
    text.map(|text| serde_json::from_str(&text))
        .transpose()
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(error)))
}

/// The value whose word stands in a column.
pub(crate) fn word<T: Copy>(
    row: &Row<'_>,
    column: &str,
    all: &[T],
    text: impl Fn(T) -> &'static str,
) -> rusqlite::Result<T> {
    let found: String = row.get(column)?;
    all.iter()
        .copied()
        .find(|value| text(*value) == found)
        .ok_or_else(|| {
            rusqlite::Error::FromSqlConversionFailure(
                0,
                Type::Text,
                format!("unknown {column} {found}").into(),
            )
        })
}
