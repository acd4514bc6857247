//! Room on the disk and among the descriptors: a call is admitted only while its facts will fit.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::task::JoinSet;

use super::inbox::{CallInput, Inbox};

/// What one call writes at most before it is over, and what is kept free beyond that.
const PER_CALL: u64 = 8_000;
const RESERVE: u64 = 32 << 20;
/// What recordings leave free: they end while calls still begin.
pub(crate) const NOT_FOR_RECORDINGS: u64 = RESERVE + (8 << 20);
/// How often the disk is asked.
const EVERY: Duration = Duration::from_secs(1);

/// Raises the limit of open files to the hard one: a relayed call takes four sockets.
pub(crate) fn raise_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, ?limit, "the limit of open files could not be raised");
    }
}

/// Tells the call thread again and again how many calls the disk has room for.
pub(crate) fn watch(dir: &Path, inbox: &Inbox, tasks: &mut JoinSet<()>) {
    let (dir, inbox): (PathBuf, Inbox) = (dir.to_owned(), inbox.clone());
    tasks.spawn(async move {
        let mut tick = tokio::time::interval(EVERY);
        let mut full = false;
        loop {
            tick.tick().await;
            let Some(room) = calls_that_fit(&dir) else {
                continue;
            };
            if full != (room == 0) {
                full = room == 0;
                tracing::error!(
                    full,
                    "free space in {}: new calls are {}",
                    dir.display(),
                    if full { "refused" } else { "taken again" }
                );
            }
            if inbox.try_send(CallInput::Room(room)).is_err() {
                tracing::debug!("the call thread is busy; it hears of the disk in a second");
            }
        }
    });
}

/// How many calls may be up at once for the space that is free; `None` when the disk does not tell.
fn calls_that_fit(dir: &Path) -> Option<usize> {
    let stat = rustix::fs::statvfs(dir).ok()?;
    Some(fit(stat.f_bavail.saturating_mul(stat.f_frsize)))
}

fn fit(free: u64) -> usize {
    usize::try_from(free.saturating_sub(RESERVE) / PER_CALL).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_is_not_for_calls() {
        assert_eq!(fit(RESERVE), 0);
        assert_eq!(fit(RESERVE + 2 * PER_CALL + 1), 2);
        assert!(calls_that_fit(Path::new("/")).is_some());
    }
}
