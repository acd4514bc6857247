//! Old data goes: once an hour, each kind by its own age.

use std::time::Duration;

use offhook_base::Wall;
use offhook_store::{AttemptsHandle, CaptureHandle, ConfigDb, JournalHandle};
use tokio::task::JoinSet;

use super::clock;
use crate::config::{Config, Retention};

/// How often.
const EVERY: Duration = Duration::from_secs(3_600);

/// Starts the task that asks each writer to purge.
pub(crate) fn start(
    config: &Config,
    db: &ConfigDb,
    (journal, captures, attempts): (&JournalHandle, &CaptureHandle, &AttemptsHandle),
    tasks: &mut JoinSet<()>,
) {
    let retention = config.retention.clone();
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
    use super::*;

    #[test]
    fn zero_days_keep_for_ever() {
        assert_eq!(before(Wall(0), 0), None);
        assert_eq!(before(Wall::from_unix_seconds(86_400), 1), Some(Wall(0)));
    }
}
