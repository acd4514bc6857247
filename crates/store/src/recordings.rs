//! Recordings of calls and messages that were left: copied from the journal, listed, removed. Their sound lies in files of which
//! this knows nothing; whoever removes a row has removed the files before.

use std::time::Duration;

use offhook_base::{Audio, CallId, RecordingId, RecordingKind, RecordingRecord, UserId, Wall};
use rusqlite::{Row, ToSql, Transaction, params};

use crate::cdrs::word;
use crate::config::Scope;
use crate::filter::{Kind, Page, Property, Resource, Selection};
use crate::{ConfigDb, StoreError};

/// A list that takes longer is stopped and answered `TooBroad`.
const LIST_LIMIT: Duration = Duration::from_secs(1);

/// A recording as it is listed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Recording {
    /// As its event had it.
    pub record: RecordingRecord,
    /// The CDR of its call, once that is over.
    pub cdr_id: Option<u64>,
    /// Whether the call went out by a trunk.
    pub is_outbound: bool,
    /// A message that nobody has marked as heard.
    pub is_new: bool,
}

/// Whose recordings are read, and of which kind.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RecordingScope {
    /// Of calls, or messages.
    pub kind: RecordingKind,
    /// This user's only; `None`: everybody's.
    pub user: Option<UserId>,
}

/// What `/monitors` can be filtered by.
pub static MONITORS: Resource = Resource {
    name: "monitors",
    properties: &[
        Property::new("id", Kind::Int),
        Property::new("live_id", Kind::Int),
        Property::new("cdr_id", Kind::Int),
        Property::new("user_id", Kind::Int),
        Property::computed("timestamp", Kind::Time, "started_at / 1000000"),
        Property::new("caller", Kind::Text),
        Property::new("called", Kind::Text),
        Property::computed("duration", Kind::Int, "duration_ms / 1000"),
        Property::new("type", Kind::Text),
        Property::computed("size", Kind::Int, "size_mp3"),
        Property::new("size_wav", Kind::Int),
        Property::new("channels", Kind::Int),
        Property::new("context", Kind::Text),
        Property::new("cut", Kind::Bool),
    ],
};

/// What `/voicemessages` can be filtered by.
pub static VOICE_MESSAGES: Resource = Resource {
    name: "voicemessages",
    properties: &[
        Property::new("id", Kind::Int),
        Property::new("user_id", Kind::Int),
        Property::computed("origtime", Kind::Time, "started_at / 1000000"),
        Property::new("caller", Kind::Text),
        Property::computed("dialled", Kind::Text, "called"),
        Property::computed("duration", Kind::Int, "duration_ms / 1000"),
        Property::computed("folder", Kind::Text, FOLDER),
        Property::new("is_new", Kind::Bool),
    ],
};

/// As mailboxes call the two places of a message.
const FOLDER: &str = "CASE is_new WHEN 1 THEN 'INBOX' ELSE 'Old' END";

/// A recording beside what its call's CDR tells.
const JOINED: &str = "(SELECT r.*, (SELECT c.id FROM cdr c WHERE c.live_id = r.live_id) AS cdr_id,
    CASE (SELECT c.type FROM cdr c WHERE c.live_id = r.live_id) WHEN 'O' THEN 'O' ELSE 'I' END AS type FROM recording r) t";

impl ConfigDb {
    /// A page of recordings.
    ///
    /// # Errors
    /// `TooBroad` when it takes over a second.
    pub fn recordings(
        &self,
        scope: RecordingScope,
        selection: &Selection,
    ) -> Result<Page<Recording>, StoreError> {
        let kind = kind_word(scope.kind);
        let user = scope.user.map(|user| user.0);
        let args: [&dyn ToSql; 2] = [&kind, &user];
        let within = match scope.user {
            None => Scope {
                condition: "kind = ?",
                args: args.get(..1).unwrap_or_default(),
            },
            Some(_) => Scope {
                condition: "kind = ? AND user_id = ?",
                args: &args,
            },
        };
        self.page(JOINED, &within, selection, LIST_LIMIT, recording_row)
    }

    /// One recording.
    ///
    /// # Errors
    /// `NotFound`, also when it lies outside `scope`.
    pub fn recording(
        &self,
        scope: RecordingScope,
        id: RecordingId,
    ) -> Result<Recording, StoreError> {
        let key = i64::try_from(id.0).map_err(|_| StoreError::NotFound)?;
        let sql = format!("SELECT * FROM {JOINED} WHERE id = ?");
        let found = self.read(|db| db.prepare_cached(&sql)?.query_row([key], recording_row))?;
        let of_kind = found.record.kind == scope.kind;
        let of_user = scope.user.is_none() || scope.user == found.record.user;
        if of_kind && of_user {
            Ok(found)
        } else {
            Err(StoreError::NotFound)
        }
    }

    /// The messages of a user, the oldest first; the newest of more than `limit`.
    ///
    /// # Errors
    /// `Unavailable` when the file cannot be read.
    pub fn messages_of(&self, user: UserId, limit: u32) -> Result<Vec<Recording>, StoreError> {
        let sql = format!(
            "SELECT * FROM {JOINED} WHERE kind = 'message' AND user_id = ? ORDER BY started_at DESC, id DESC LIMIT ?"
        );
        let mut found = self.read(|db| {
            db.prepare_cached(&sql)?
                .query_map(params![user.0, limit], recording_row)?
                .collect::<rusqlite::Result<Vec<_>>>()
        })?;
        found.reverse();
        Ok(found)
    }

    /// Whether there is an entry of a recording, of any kind.
    ///
    /// # Errors
    /// `Unavailable` when the file cannot be read.
    pub fn has_recording(&self, id: RecordingId) -> Result<bool, StoreError> {
        self.read(|db| {
            db.prepare_cached("SELECT EXISTS (SELECT 1 FROM recording WHERE id = ?)")?
                .query_row([id.0], |row| row.get(0))
        })
    }

    /// The oldest recordings that began before a moment, of any kind.
    ///
    /// # Errors
    /// `Unavailable` when the file cannot be read.
    pub fn recordings_before(
        &self,
        before: Wall,
        limit: usize,
    ) -> Result<Vec<RecordingRecord>, StoreError> {
        let sql =
            format!("SELECT * FROM {JOINED} WHERE started_at < ? ORDER BY started_at LIMIT ?");
        self.read(|db| {
            db.prepare_cached(&sql)?
                .query_map(params![before.0, limit], |row| {
                    recording_row(row).map(|found| found.record)
                })?
                .collect()
        })
    }

    /// Removes the entry of a recording whose files are gone.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub fn remove_recording(&self, id: RecordingId) -> Result<(), StoreError> {
        self.configure(|tx| {
            let removed = tx
                .execute("DELETE FROM recording WHERE id = ?", [id.0])
                .map_err(|e| self.sqlite(e))?;
            (removed > 0).then_some(()).ok_or(StoreError::NotFound)
        })
    }

    /// How many messages each user has: new ones, and those that were heard. Users without any are not among them.
    ///
    /// # Errors
    /// `Unavailable` when the file cannot be read.
    pub fn message_counts(&self) -> Result<Vec<(UserId, u32, u32)>, StoreError> {
        self.read(|db| {
            db.prepare_cached(
                "SELECT user_id, sum(is_new), sum(NOT is_new) FROM recording WHERE kind = 'message' AND user_id IS NOT NULL \
                 GROUP BY user_id ORDER BY user_id",
            )?
            .query_map([], |row| Ok((UserId(row.get(0)?), row.get(1)?, row.get(2)?)))?
            .collect()
        })
    }

    /// How many messages a user has: new ones, and those that were heard.
    ///
    /// # Errors
    /// `Unavailable` when the file cannot be read.
    pub fn message_count(&self, user: UserId) -> Result<(u32, u32), StoreError> {
        self.read(|db| {
            db.prepare_cached(
                "SELECT coalesce(sum(is_new), 0), coalesce(sum(NOT is_new), 0) FROM recording \
                 WHERE kind = 'message' AND user_id = ?",
            )?
            .query_row([user.0], |row| Ok((row.get(0)?, row.get(1)?)))
        })
    }

    /// Marks a message as heard, or as new.
    ///
    /// # Errors
    /// `NotFound`, also when it lies outside `scope`.
    pub fn mark_message(
        &self,
        scope: RecordingScope,
        id: RecordingId,
        is_new: bool,
    ) -> Result<Recording, StoreError> {
        self.recording(scope, id)?;
        self.configure(|tx| {
            tx.execute(
                "UPDATE recording SET is_new = ? WHERE id = ?",
                params![is_new, id.0],
            )
            .map_err(|e| self.sqlite(e))
        })?;
        self.recording(scope, id)
    }
}

/// A recording as its event had it; one that is there already stays as it is.
pub(crate) fn copy(tx: &Transaction<'_>, record: &RecordingRecord) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO recording (id, kind, live_id, root_live_id, user_id, context, started_at, caller, called, duration_ms, \
         channels, sample_rate, size_wav, size_mp3, cut, is_new) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
    )?
    .execute(params![
        record.id.0,
        kind_word(record.kind),
        record.call.0,
        record.root.0,
        record.user.map(|id| id.0),
        record.context,
        record.started_at.0,
        record.caller,
        record.called,
        record.audio.duration_ms,
        record.audio.channels,
        record.audio.sample_rate,
        record.audio.size_wav,
        record.audio.size_mp3,
        record.audio.cut,
        record.kind == RecordingKind::Message,
    ])
    .map(drop)
}

const KINDS: [RecordingKind; 2] = [RecordingKind::Call, RecordingKind::Message];

const fn kind_word(kind: RecordingKind) -> &'static str {
    match kind {
        RecordingKind::Call => "call",
        RecordingKind::Message => "message",
    }
}

fn recording_row(row: &Row<'_>) -> rusqlite::Result<Recording> {
    let outbound: String = row.get("type")?;
    Ok(Recording {
        cdr_id: row.get("cdr_id")?,
        is_outbound: outbound == "O",
        is_new: row.get("is_new")?,
        record: RecordingRecord {
            id: RecordingId(row.get("id")?),
            kind: word(row, "kind", &KINDS, kind_word)?,
            call: CallId(row.get("live_id")?),
            root: CallId(row.get("root_live_id")?),
            user: row.get::<_, Option<u32>>("user_id")?.map(UserId),
            context: row.get("context")?,
            started_at: Wall(row.get("started_at")?),
            caller: row.get("caller")?,
            called: row.get("called")?,
            audio: Audio {
                duration_ms: row.get("duration_ms")?,
                channels: row.get("channels")?,
                sample_rate: row.get("sample_rate")?,
                size_wav: row.get("size_wav")?,
                size_mp3: row.get("size_mp3")?,
                cut: row.get("cut")?,
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use offhook_base::JournalPos;

    use super::*;
    use crate::filter::ListParams;
    use crate::{ProjectedFact, ProjectedRow};

    fn record(id: u64, kind: RecordingKind, user: Option<u32>) -> RecordingRecord {
        RecordingRecord {
            id: RecordingId(id),
            kind,
            call: CallId(id + 100),
            root: CallId(id + 100),
            user: user.map(UserId),
            context: "LOCAL_USER".to_owned(),
            started_at: Wall::from_unix_seconds(1_700_000_000 + i64::try_from(id).unwrap()),
            caller: format!("100{id}"),
            called: "1002".to_owned(),
            audio: Audio {
                duration_ms: 61_999,
                channels: 2,
                sample_rate: 8_000,
                size_wav: 1_983_996,
                size_mp3: 248_256,
                cut: id == 3,
            },
        }
    }

    fn fact(pos: u64, record: &RecordingRecord) -> ProjectedFact {
        ProjectedFact {
            pos: JournalPos(pos),
            row: ProjectedRow::Recording(Arc::new(record.clone())),
        }
    }

    fn open(records: &[RecordingRecord]) -> (tempfile::TempDir, ConfigDb) {
        let dir = tempfile::tempdir().unwrap();
        let db = ConfigDb::open(dir.path()).unwrap();
        let facts: Vec<_> = (1..).zip(records).map(|(n, one)| fact(n, one)).collect();
        db.project_rows(&facts).unwrap();
        (dir, db)
    }

    const CALLS: RecordingScope = RecordingScope {
        kind: RecordingKind::Call,
        user: None,
    };
    const MESSAGES: RecordingScope = RecordingScope {
        kind: RecordingKind::Message,
        user: None,
    };

    fn list(
        db: &ConfigDb,
        resource: &'static Resource,
        scope: RecordingScope,
        filter: &str,
    ) -> Vec<u64> {
        let params = ListParams {
            filter: Some(filter),
            ..ListParams::default()
        };
        let selection = Selection::parse(resource, &params).unwrap();
        let page = db.recordings(scope, &selection).unwrap();
        page.data.iter().map(|found| found.record.id.0).collect()
    }

    #[test]
    fn a_recording_is_listed_as_its_event_had_it_and_removed_for_good() {
        let one = record(1, RecordingKind::Call, Some(2));
        let (dir, db) = open(std::slice::from_ref(&one));
        let found = db.recording(CALLS, one.id).unwrap();
        assert_eq!(found.record, one);
        assert_eq!(
            (found.cdr_id, found.is_outbound, found.is_new),
            (None, false, false)
        );
        assert!(db.has_recording(one.id).unwrap());
        db.remove_recording(one.id).unwrap();
        assert!(matches!(
            db.remove_recording(one.id),
            Err(StoreError::NotFound)
        ));
        drop(db);
        // The journal's copy comes again after a crash, and is passed over.
        let db = ConfigDb::open(dir.path()).unwrap();
        db.project_rows(&[fact(1, &one)]).unwrap();
        assert!(!db.has_recording(one.id).unwrap());
    }

    #[test]
    fn a_user_reads_its_own_recordings_and_no_messages_among_them() {
        let (_dir, db) = open(&[
            record(1, RecordingKind::Call, Some(1)),
            record(2, RecordingKind::Message, Some(1)),
            record(3, RecordingKind::Call, Some(2)),
            record(4, RecordingKind::Call, None),
        ]);
        let of = |kind, user| RecordingScope {
            kind,
            user: Some(UserId(user)),
        };
        assert_eq!(list(&db, &MONITORS, CALLS, "[]"), [1, 3, 4]);
        let mine = of(RecordingKind::Call, 1);
        assert_eq!(list(&db, &MONITORS, mine, "[]"), [1]);
        let either = r#"[{"property":"caller","operator":"like","value":"100"}]"#;
        assert_eq!(list(&db, &MONITORS, mine, either), [1]);
        for (scope, id) in [
            (mine, 3),
            (mine, 2),
            (mine, 4),
            (of(RecordingKind::Message, 2), 2),
            (CALLS, u64::MAX),
        ] {
            let found = db.recording(scope, RecordingId(id));
            assert!(matches!(found, Err(StoreError::NotFound)), "{id}");
        }
        for (filter, expected) in [
            (
                r#"[{"property":"live_id","operator":"eq","value":103}]"#,
                vec![3],
            ),
            (
                r#"[{"property":"timestamp","operator":"gt","value":"2023-11-14 22:13:23"}]"#,
                vec![4],
            ),
            (
                r#"[{"property":"duration","operator":"eq","value":61},{"property":"cut","operator":"eq","value":true}]"#,
                vec![3],
            ),
            (
                r#"[{"property":"type","operator":"eq","value":"O"}]"#,
                vec![],
            ),
        ] {
            assert_eq!(list(&db, &MONITORS, CALLS, filter), expected, "{filter}");
        }
    }

    #[test]
    fn the_messages_of_a_user_are_listed_from_the_oldest_on_the_newest_of_too_many() {
        let message = |id| record(id, RecordingKind::Message, Some(1));
        let (_dir, db) = open(&[
            message(3),
            message(1),
            message(2),
            record(4, RecordingKind::Call, Some(1)),
            record(5, RecordingKind::Message, Some(2)),
        ]);
        let listed = |limit| {
            let found = db.messages_of(UserId(1), limit).unwrap();
            found.iter().map(|one| one.record.id.0).collect::<Vec<_>>()
        };
        assert_eq!(listed(9), [1, 2, 3]);
        assert_eq!(listed(2), [2, 3]);
    }

    #[test]
    fn a_message_is_new_until_it_is_marked_and_its_folder_follows() {
        let (_dir, db) = open(&[record(5, RecordingKind::Message, Some(1))]);
        let inbox = r#"[{"property":"folder","operator":"eq","value":"INBOX"}]"#;
        assert_eq!(list(&db, &VOICE_MESSAGES, MESSAGES, inbox), [5]);
        let heard = db.mark_message(MESSAGES, RecordingId(5), false).unwrap();
        assert!(!heard.is_new);
        assert_eq!(list(&db, &VOICE_MESSAGES, MESSAGES, inbox), [0; 0]);
        assert!(
            db.mark_message(MESSAGES, RecordingId(5), true)
                .unwrap()
                .is_new
        );
        let listed = |user| {
            let found = db.messages_of(UserId(user), 10).unwrap();
            let found = found.iter().map(|found| (found.record.id.0, found.is_new));
            found.collect::<Vec<_>>()
        };
        assert_eq!((listed(1), listed(2)), (vec![(5, true)], Vec::new()));
        let others = RecordingScope {
            user: Some(UserId(2)),
            ..MESSAGES
        };
        let refused = db.mark_message(others, RecordingId(5), false);
        assert!(matches!(refused, Err(StoreError::NotFound)));
        assert!(db.recording(MESSAGES, RecordingId(5)).unwrap().is_new);
    }

    #[test]
    fn the_oldest_are_found_for_removal() {
        let (_dir, db) = open(&[
            record(9, RecordingKind::Call, None),
            record(7, RecordingKind::Message, None),
            record(8, RecordingKind::Call, None),
        ]);
        let before = |seconds: i64, limit| {
            let moment = Wall::from_unix_seconds(1_700_000_000 + seconds);
            let found = db.recordings_before(moment, limit).unwrap();
            found.iter().map(|one| one.id.0).collect::<Vec<_>>()
        };
        assert_eq!(before(9, 10), [7, 8]);
        assert_eq!(before(99, 1), [7]);
        assert_eq!(before(0, 9), [0; 0]);
    }
}
