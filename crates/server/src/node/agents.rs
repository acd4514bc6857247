//! Agents who log in and out of queues by their phones: what the call thread was told is stored, and comes back to it as a
//! change of the queue.

use offhook_api::Api;
use offhook_base::{QueueId, UserId};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// An agent dialled a code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Login {
    pub(crate) user: UserId,
    pub(crate) queue: QueueId,
    /// In, or out.
    pub(crate) login: bool,
}

/// Wishes that may wait for the disk. A full queue drops the wish, and the agent dials again: the live view of his queue
/// and the calls that he gets tell him.
const WAITING: usize = 1_024;

/// A way from the call thread to the task that stores.
pub(crate) fn channel() -> (mpsc::Sender<Login>, mpsc::Receiver<Login>) {
    mpsc::channel(WAITING)
}

/// Stores each wish in order.
pub(crate) fn store(api: Api, mut wishes: mpsc::Receiver<Login>, tasks: &mut JoinSet<()>) {
    tasks.spawn(async move {
        while let Some(wish) = wishes.recv().await {
            let Login { user, queue, login } = wish;
            match api.log_agent(user, Some(queue), login).await {
                Ok(queues) if queues.is_empty() => {
                    tracing::debug!(%user, %queue, "no agent of this queue any more");
                }
                Ok(_) => tracing::info!(%user, %queue, login, "an agent logged in or out by phone"),
                Err(error) => tracing::error!(%user, %queue, %error, "a log-in was not stored"),
            }
        }
    });
}
