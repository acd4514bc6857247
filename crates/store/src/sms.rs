//! Text messages: copied from the journal, or first kept here, and listed.

use std::time::Duration;

use offhook_base::{SmsDirection, SmsId, SmsRecord, SmsStatus, UserId, Wall};
use rusqlite::{Row, Transaction, params};

use crate::cdrs::word;
use crate::config::Scope;
use crate::filter::{Kind, Page, Property, Resource, Selection};
use crate::{ConfigDb, StoreError};

/// A list that takes longer is stopped and answered `TooBroad`.
const LIST_LIMIT: Duration = Duration::from_secs(1);

/// What `/sms` can be filtered by.
pub static SMS: Resource = Resource {
    name: "sms",
    properties: &[
        Property::new("id", Kind::Int),
        Property::computed("created_at", Kind::Time, "created_at / 1000000"),
        Property::computed("from", Kind::Text, "src"),
        Property::computed("to", Kind::Text, "dst"),
        Property::new("type", Kind::Text),
        Property::new("message", Kind::Text),
        Property::new("status", Kind::Text),
    ],
};

/// Whose texts are read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SmsScope {
    /// Everybody's.
    All,
    /// Those that the user sent or was sent.
    Of(UserId),
}

impl ConfigDb {
    /// Keeps texts that are in no journal, so that a power cut does not take them once this returns.
    ///
    /// # Errors
    /// `Unavailable` when they cannot be stored; none of them is then.
    pub fn keep_texts(&self, texts: &[impl AsRef<SmsRecord>]) -> Result<(), StoreError> {
        self.configure(|tx| put(tx, texts).map_err(|e| self.sqlite(e)))
    }

    /// Notes how texts stand. One that has not been copied from the journal yet is kept too: its copy will change nothing.
    ///
    /// # Errors
    /// `Unavailable` when it cannot be stored; nothing of the batch is stored then.
    pub fn note_texts(&self, texts: &[impl AsRef<SmsRecord>]) -> Result<(), StoreError> {
        self.note(|tx| put(tx, texts).map_err(|e| self.sqlite(e)))
    }

    /// The texts that a phone or a trunk may still get, oldest first, no more than `limit`: the newest are left out then.
    /// Texts older than `since` are given up here.
    ///
    /// # Errors
    /// `Unavailable` when the file cannot be read or written.
    pub fn unfinished_texts(
        &self,
        since: Wall,
        limit: usize,
    ) -> Result<Vec<SmsRecord>, StoreError> {
        self.note(|tx| {
            let load = || -> rusqlite::Result<Vec<SmsRecord>> {
                tx.execute(
                    "UPDATE sms SET status = CASE status WHEN 'queued' THEN 'failed' ELSE 'expired' END
                     WHERE status IN ('received', 'queued') AND created_at < ? AND (to_user IS NOT NULL OR type = 'out')",
                    [since.0],
                )?;
                tx.prepare(
                    "SELECT * FROM sms WHERE status IN ('received', 'queued') AND (to_user IS NOT NULL OR type = 'out')
                     ORDER BY id LIMIT ?",
                )?
                .query_map([limit], sms_row)?
                .collect()
            };
            load().map_err(|e| self.sqlite(e))
        })
    }

    /// A page of texts.
    ///
    /// # Errors
    /// `TooBroad` when it takes over a second.
    pub fn texts(
        &self,
        scope: SmsScope,
        selection: &Selection,
    ) -> Result<Page<SmsRecord>, StoreError> {
        match scope {
            SmsScope::All => self.page("sms t", &Scope::ALL, selection, LIST_LIMIT, sms_row),
            SmsScope::Of(user) => {
                let scope = Scope {
                    condition: "from_user = ? OR to_user = ?",
                    args: &[&user.0, &user.0],
                };
                self.page("sms t", &scope, selection, LIST_LIMIT, sms_row)
            }
        }
    }

    /// One text.
    ///
    /// # Errors
    /// `NotFound`, also when it lies outside `scope`.
    pub fn text(&self, scope: SmsScope, id: SmsId) -> Result<SmsRecord, StoreError> {
        let key = i64::try_from(id.0).map_err(|_| StoreError::NotFound)?;
        let text = self.read(|db| {
            db.prepare_cached("SELECT * FROM sms WHERE id = ?")?
                .query_row([key], sms_row)
        })?;
        match scope {
            SmsScope::Of(user) if ![text.from_user, text.to_user].contains(&Some(user)) => {
                Err(StoreError::NotFound)
            }
            SmsScope::All | SmsScope::Of(_) => Ok(text),
        }
    }
}

/// A text as its event had it; one that is there already, perhaps further on in its life, stays as it is.
pub(crate) fn copy(tx: &Transaction<'_>, text: &SmsRecord) -> rusqlite::Result<()> {
    insert(tx, text, "DO NOTHING")
}

fn put(tx: &Transaction<'_>, texts: &[impl AsRef<SmsRecord>]) -> rusqlite::Result<()> {
    texts
        .iter()
        .try_for_each(|text| insert(tx, text.as_ref(), "DO UPDATE SET status = excluded.status"))
}

fn insert(tx: &Transaction<'_>, text: &SmsRecord, otherwise: &str) -> rusqlite::Result<()> {
    tx.prepare_cached(&format!(
        "INSERT INTO sms (id, created_at, src, dst, from_user, to_user, type, message, status) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) {otherwise}"
    ))?
    .execute(params![
        text.id.0,
        text.created_at.0,
        text.from,
        text.to,
        text.from_user.map(|id| id.0),
        text.to_user.map(|id| id.0),
        text.direction.as_str(),
        text.text,
        text.status.as_str(),
    ])
    .map(drop)
}

fn sms_row(row: &Row<'_>) -> rusqlite::Result<SmsRecord> {
    Ok(SmsRecord {
        id: SmsId(row.get("id")?),
        created_at: Wall(row.get("created_at")?),
        from: row.get("src")?,
        to: row.get("dst")?,
        from_user: row.get::<_, Option<u32>>("from_user")?.map(UserId),
        to_user: row.get::<_, Option<u32>>("to_user")?.map(UserId),
        direction: word(row, "type", SmsDirection::ALL, SmsDirection::as_str)?,
        text: row.get("message")?,
        status: word(row, "status", SmsStatus::ALL, SmsStatus::as_str)?,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use offhook_base::JournalPos;

    use super::*;
    use crate::filter::ListParams;
    use crate::{ProjectedFact, ProjectedRow};

    fn text(id: u64, from: Option<u32>, to: Option<u32>) -> SmsRecord {
        SmsRecord {
            id: SmsId(id),
            created_at: Wall::from_unix_seconds(1_700_000_000 + i64::try_from(id).unwrap()),
            from: format!("100{}", from.unwrap_or(9)),
            to: "1002".to_owned(),
            from_user: from.map(UserId),
            to_user: to.map(UserId),
            direction: SmsDirection::In,
            text: "one\ntwo \u{1f4de}".to_owned(),
            status: SmsStatus::Received,
        }
    }

    fn at(record: &SmsRecord, status: SmsStatus) -> Arc<SmsRecord> {
        Arc::new(SmsRecord {
            status,
            ..record.clone()
        })
    }

    fn fact(pos: u64, record: &SmsRecord) -> ProjectedFact {
        ProjectedFact {
            pos: JournalPos(pos),
            row: ProjectedRow::Sms(Arc::new(record.clone())),
        }
    }

    fn open() -> (tempfile::TempDir, ConfigDb) {
        let dir = tempfile::tempdir().unwrap();
        let db = ConfigDb::open(dir.path()).unwrap();
        (dir, db)
    }

    #[test]
    fn a_text_copied_again_after_a_crash_keeps_how_it_stands() {
        let (dir, db) = open();
        let one = text(11, None, Some(2));
        db.project_rows(&[fact(4, &one)]).unwrap();
        assert_eq!(db.projected().unwrap(), JournalPos(4));
        db.note_texts(&[at(&one, SmsStatus::Delivered)]).unwrap();
        // Its status was noted before its copy came.
        let early = text(12, None, Some(2));
        db.note_texts(&[at(&early, SmsStatus::Delivered)]).unwrap();
        db.project_rows(&[fact(5, &early)]).unwrap();
        drop(db);
        let db = ConfigDb::open(dir.path()).unwrap();
        for id in [11, 12] {
            let found = db.text(SmsScope::All, SmsId(id)).unwrap();
            assert_eq!(found.status, SmsStatus::Delivered);
            assert_eq!(found.text, one.text);
        }
        assert_eq!(db.projected().unwrap(), JournalPos(5));
    }

    #[test]
    fn a_user_reads_the_texts_it_sent_or_was_sent() {
        let (_dir, db) = open();
        let texts = [
            text(1, Some(1), Some(2)),
            text(2, Some(3), Some(1)),
            text(3, Some(2), Some(3)),
            text(4, None, None),
        ];
        let facts: Vec<_> = (1..).zip(&texts).map(|(n, text)| fact(n, text)).collect();
        db.project_rows(&facts).unwrap();
        let list = |scope, filter| {
            let params = ListParams {
                filter: Some(filter),
                ..ListParams::default()
            };
            let selection = Selection::parse(&SMS, &params).unwrap();
            let page = db.texts(scope, &selection).unwrap();
            page.data.iter().map(|text| text.id.0).collect::<Vec<_>>()
        };
        assert_eq!(list(SmsScope::Of(UserId(1)), "[]"), [1, 2]);
        assert_eq!(list(SmsScope::All, "[]"), [1, 2, 3, 4]);
        let by_number = r#"[{"property":"from","operator":"eq","value":"1003"}]"#;
        assert_eq!(list(SmsScope::All, by_number), [2]);
        let by_time =
            r#"[{"property":"created_at","operator":"gt","value":"2023-11-14 22:13:22"}]"#;
        assert_eq!(list(SmsScope::All, by_time), [3, 4]);
        let not_mine = db.text(SmsScope::Of(UserId(1)), SmsId(3));
        assert!(matches!(not_mine, Err(StoreError::NotFound)));
        let beyond = db.text(SmsScope::All, SmsId(u64::MAX));
        assert!(matches!(beyond, Err(StoreError::NotFound)));
    }

    #[test]
    fn a_start_finds_what_is_unfinished_and_gives_up_what_is_too_old() {
        let (_dir, db) = open();
        let outgoing = SmsRecord {
            direction: SmsDirection::Out,
            status: SmsStatus::Queued,
            ..text(21, Some(1), None)
        };
        db.keep_texts(&[Arc::new(outgoing.clone())]).unwrap();
        let (old, young, of_nobody) = (
            text(1, None, Some(2)),
            text(20, None, Some(2)),
            text(22, None, None),
        );
        let done = text(23, None, Some(2));
        db.project_rows(&[
            fact(1, &old),
            fact(2, &young),
            fact(3, &of_nobody),
            fact(4, &done),
        ])
        .unwrap();
        db.note_texts(&[at(&done, SmsStatus::Delivered)]).unwrap();
        let found = db.unfinished_texts(young.created_at, 9).unwrap();
        assert_eq!(found, [young, outgoing]);
        let given_up = db.text(SmsScope::All, old.id).unwrap();
        assert_eq!(given_up.status, SmsStatus::Expired);
        let untouched = db.text(SmsScope::All, of_nobody.id).unwrap();
        assert_eq!(untouched.status, SmsStatus::Received);
    }
}
