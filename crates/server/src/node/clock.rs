//! The one place that reads the clocks.

use std::sync::OnceLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use offhook_base::{Mono, Now, Wall};

static START: OnceLock<Instant> = OnceLock::new();

/// Both clocks, now.
pub(crate) fn now() -> Now {
    let start = *START.get_or_init(Instant::now);
    let mono = Mono(u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX));
    let since_1970 = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let wall = Wall(i64::try_from(since_1970.as_micros()).unwrap_or(i64::MAX));
    Now { mono, wall }
}
