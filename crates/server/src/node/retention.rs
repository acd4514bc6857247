//! Old data goes: once an hour, each kind by its own age.

use std::sync::Arc;
use std::time::Duration;

use offhook_base::{RecordingKind, UserId, Wall};
use offhook_store::{AttemptsHandle, CaptureHandle, ConfigDb, JournalHandle, StoreError};
use tokio::task::JoinSet;

use super::clock;
use super::projector::Projector;
use crate::config::{Config, Retention};
use crate::recorder::Library;

/// How often.
const EVERY: Duration = Duration::from_secs(3_600);
/// Recordings that are looked up at a time.
const AT_A_TIME: usize = 256;

/// Starts the task that asks each writer to purge.
pub(crate) fn start(
    config: &Config,
    (db, library, projector): (&ConfigDb, &Arc<Library>, &Projector),
    (journal, captures, attempts): (&JournalHandle, &CaptureHandle, &AttemptsHandle),
    tasks: &mut JoinSet<()>,
) {
    let retention = config.retention.clone();
    let (library, messages) = (Arc::clone(library), projector.handle());
    let (db, journal, captures, attempts) = (
        db.clone(),
        journal.clone(),
        captures.clone(),
        attempts.clone(),
    );
    tasks.spawn(async move {
        let mut tick = tokio::time::interval(EVERY);
        loop {
            tick.tick().await;
            let now = clock::now().wall;
            purge(&retention, now, &db, &journal, &captures, &attempts);
            if let Some(before) = before(now, retention.recordings_days) {
                let (db, library) = (db.clone(), Arc::clone(&library));
                let messages = messages.clone();
                let done = tokio::task::spawn_blocking(move || {
                    recordings(before, &db, &library, |user| messages.messages(user))
                });
                match done.await {
                    Ok(Ok(0)) => {}
                    Ok(Ok(removed)) => tracing::info!(removed, "recordings that were too old"),
                    Ok(Err(error)) => {
                        tracing::warn!(%error, "recordings are not purged now; again in an hour")
                    }
                    Err(error) => tracing::error!(%error, "purging recordings"),
                }
            }
        }
    });
}

fn purge(
    retention: &Retention,
    now: Wall,
    db: &ConfigDb,
    journal: &JournalHandle,
    captures: &CaptureHandle,
    attempts: &AttemptsHandle,
) {
    if let Some(before) = before(now, retention.events_days) {
        match db.projected() {
            Ok(projected) => report("events", journal.purge(before, projected)),
            Err(error) => tracing::warn!(%error, "events are not purged"),
        }
    }
    if let Some(before) = before(now, retention.attempts_days) {
        report("attempts", attempts.purge(before));
    }
    let most = if retention.captures_bytes.0 == 0 {
        u64::MAX
    } else {
        retention.captures_bytes.0
    };
    let oldest = before(now, retention.captures_days).unwrap_or(Wall(i64::MIN));
    report("captures", captures.purge(oldest, most));
}

/// Removes the recordings that began before a moment: the files of each first, then its entry, so that no file stays that
/// nobody can find. Says how many there were.
fn recordings(
    before: Wall,
    db: &ConfigDb,
    library: &Library,
    mut message_gone: impl FnMut(UserId),
) -> anyhow::Result<u64> {
    let mut removed = 0;
    loop {
        let old = db.recordings_before(before, AT_A_TIME)?;
        if old.is_empty() {
            return Ok(removed);
        }
        for record in old {
            library.remove_now(&record)?;
            match db.remove_recording(record.id) {
                // A client was faster.
                Ok(()) | Err(StoreError::NotFound) => removed += 1,
                Err(error) => return Err(error.into()),
            }
            if let (RecordingKind::Message, Some(user)) = (record.kind, record.user) {
                message_gone(user);
            }
        }
    }
}

fn report(what: &str, asked: Result<(), offhook_store::Refused>) {
    if let Err(refused) = asked {
        tracing::warn!(what, %refused, "not purged now; again in an hour");
    }
}

/// The moment `days` ago; `None` when 0 stands for ever.
fn before(now: Wall, days: u16) -> Option<Wall> {
    (days > 0).then(|| Wall(now.0 - i64::from(days) * 86_400_000_000))
}

#[cfg(test)]
mod tests {
    use offhook_base::{Audio, CallId, JournalPos, RecordingId, RecordingKind, RecordingRecord};
    use offhook_store::{ProjectedFact, ProjectedRow};

    use super::*;
    use crate::recorder::{Part, RecordingFiles};

    #[test]
    fn recordings_that_are_too_old_go_with_their_files_and_the_others_stay() {
        let dir = tempfile::tempdir().unwrap();
        let db = ConfigDb::open(dir.path()).unwrap();
        let files = Arc::new(RecordingFiles::open(dir.path()).unwrap());
        let library = Library::new(Arc::clone(&files));
        let day = |n: u64| Wall(i64::try_from(n).unwrap() * 86_400_000_000);
        for n in 1..=600 {
            let record = RecordingRecord {
                id: RecordingId(n),
                kind: RecordingKind::Call,
                call: CallId(n),
                root: CallId(n),
                user: None,
                context: "LOCAL_USER".to_owned(),
                started_at: day(n),
                caller: "1001".to_owned(),
                called: "1002".to_owned(),
                audio: Audio {
                    duration_ms: 1_000,
                    channels: 2,
                    sample_rate: 8_000,
                    size_wav: 32_044,
                    size_mp3: 4_608,
                    cut: false,
                },
            };
            files
                .create(Part::Wav, record.id, record.started_at)
                .unwrap();
            let row = ProjectedRow::Recording(Arc::new(record));
            let pos = JournalPos(n);
            db.project_rows(&[ProjectedFact { pos, row }]).unwrap();
        }
        assert_eq!(recordings(day(599), &db, &library, |_| {}).unwrap(), 598);
        for (n, kept) in [
            (1, false),
            (300, false),
            (598, false),
            (599, true),
            (600, true),
        ] {
            let id = RecordingId(n);
            assert_eq!(db.has_recording(id).unwrap(), kept, "{n}");
            assert_eq!(files.read(Part::Wav, id, day(n)).is_ok(), kept, "{n}");
        }
        assert_eq!(recordings(day(599), &db, &library, |_| {}).unwrap(), 0);
    }

    #[test]
    fn zero_days_keep_for_ever() {
        assert_eq!(before(Wall(0), 0), None);
        assert_eq!(before(Wall::from_unix_seconds(86_400), 1), Some(Wall(0)));
    }
}
