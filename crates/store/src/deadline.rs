//! A limit to how long a query may take, whatever its filter.

use std::time::{Duration, Instant};

use rusqlite::Connection;

/// Instructions of SQLite's machine between two looks at the clock; some ten microseconds' worth.
const STEPS: i32 = 4_000;

/// Runs `query`, and interrupts it at `deadline`; it then ends with an error that is
/// [`crate::StoreError::TooBroad`].
pub(crate) fn until<T>(
    db: &mut Connection,
    deadline: Instant,
    query: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    db.progress_handler(STEPS, Some(move || Instant::now() >= deadline))?;
    let answer = query(db);
    db.progress_handler(0, None::<fn() -> bool>)?;
    answer
}

/// The moment a query that starts at this moment must have ended.
pub(crate) fn of_one_query() -> Instant {
    Instant::now() + Duration::from_secs(1)
}
