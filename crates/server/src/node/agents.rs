//! Agents who log in and out of queues by their phones: what the call thread was told is stored, and comes back to it as a
//! change of the queue.

use offhook_api::Api;
use offhook_call::AgentLogin;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::inbox::{CallInput, Inbox};

/// Codes that may wait for the disk. With a full queue the code is refused, and the agent dials again.
const WAITING: usize = 1_024;

/// A way from the call thread to the task that stores.
pub(crate) fn channel() -> (mpsc::Sender<AgentLogin>, mpsc::Receiver<AgentLogin>) {
    mpsc::channel(WAITING)
}

/// Stores each code in order, and tells the call thread, which has heard of the changed queues by then.
pub(crate) fn store(
    api: Api,
    inbox: Inbox,
    mut codes: mpsc::Receiver<AgentLogin>,
    tasks: &mut JoinSet<()>,
) {
    tasks.spawn(async move {
        while let Some(code) = codes.recv().await {
            let call = code.call;
            let stored = is_stored(&api, code).await;
            inbox.send(CallInput::AgentLogin { call, stored });
        }
    });
}

async fn is_stored(api: &Api, code: AgentLogin) -> bool {
    let AgentLogin {
        user,
        queues,
        login,
        ..
    } = code;
    let mut stored = false;
    for queue in queues {
        match api.log_agent(user, Some(queue), login).await {
            Ok(changed) if changed.is_empty() => {
                tracing::debug!(%user, %queue, "no agent of this queue any more");
            }
            Ok(_) => {
                tracing::info!(%user, %queue, login, "an agent logged in or out by phone");
                stored = true;
            }
            Err(error) => {
                tracing::error!(%user, %queue, %error, "a log-in was not stored");
                return false;
            }
        }
    }
    stored
}
