//! Threads without which the node is none.

use std::io;
use std::thread::JoinHandle;

/// Exits the process unless it was put to rest: a node whose call thread is gone must not look alive. What is not
/// committed was told to nobody, and the next start goes on from the journal.
struct Alarm {
    thread: &'static str,
    armed: bool,
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if self.armed {
            tracing::error!(
                thread = self.thread,
                "this thread ended unasked: stopping, so that a restart can go on"
            );
            std::process::exit(1);
        }
    }
}

/// Starts a thread. Should `body` panic, or say that it did not end as asked, the process exits.
pub(crate) fn essential(
    name: &'static str,
    body: impl FnOnce() -> bool + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            let mut alarm = Alarm {
                thread: name,
                armed: true,
            };
            alarm.armed = !body();
        })
}
