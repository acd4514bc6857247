//! Users who hear their messages by phone: what the call thread asks of the store and of the files, and the answers. It waits
//! for neither.

use std::sync::Arc;

use offhook_api::Api;
use offhook_base::{RecordingId, UserId};
use offhook_call::{MailboxAsk, MailboxList, MailboxNews, MailboxRequest};
use offhook_media_core::Clip;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use super::inbox::{CallInput, Inbox};
use crate::recorder::Library;

/// Questions that may wait. With a full queue they are answered at once: there is no such message.
const WAITING: usize = 256;

/// Questions that are worked on at a time; for files there are fewer seats.
const AT_ONCE: usize = 8;

/// A way from the call thread to the task that answers.
pub(crate) fn channel() -> (mpsc::Sender<MailboxRequest>, mpsc::Receiver<MailboxRequest>) {
    mpsc::channel(WAITING)
}

/// Answers questions as they come; slow ones do not keep others waiting.
pub(crate) fn answer(
    api: Api,
    library: Arc<Library>,
    inbox: Inbox,
    mut requests: mpsc::Receiver<MailboxRequest>,
    tasks: &mut JoinSet<()>,
) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    tasks.spawn(async move {
        let mut answers = JoinSet::new();
        while let Some(request) = requests.recv().await {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else {
                return;
            };
            while answers.try_join_next().is_some() {}
            let (api, library, inbox) = (api.clone(), Arc::clone(&library), inbox.clone());
            answers.spawn(async move {
                let MailboxRequest { call, user, ask } = request;
                if let Some(news) = news(&api, &library, user, ask).await {
                    let told = tokio::task::spawn_blocking(move || {
                        inbox.send(CallInput::Mailbox { call, news });
                    });
                    if let Err(error) = told.await {
                        tracing::error!(%error, "an answer about messages could not be told");
                    }
                }
                drop(place);
            });
        }
    });
}

async fn news(api: &Api, library: &Library, user: UserId, ask: MailboxAsk) -> Option<MailboxNews> {
    match ask {
        MailboxAsk::Delete(id) => {
            let removed = api.remove_message(user, id).await;
            let removed = removed.inspect_err(
                |error| tracing::warn!(%user, message = %id, %error, "a message is not removed"),
            );
            Some(MailboxNews::Deleted(id, removed.is_ok()))
        }
        MailboxAsk::Heard(id) => {
            if let Err(error) = api.hear_message(user, id).await {
                tracing::warn!(%user, message = %id, %error, "a message that was heard stays new");
            }
            None
        }
        MailboxAsk::List => {
            let found = api.messages_of(user).await;
            let found = found
                .inspect_err(|error| tracing::error!(%user, %error, "messages cannot be listed"))
                .ok();
            let list = found.map(|found| {
                let (new, old): (Vec<_>, Vec<_>) = found.iter().partition(|one| one.is_new);
                let ids = |found: Vec<&offhook_store::Recording>| {
                    found.into_iter().map(|one| one.record.id).collect()
                };
                MailboxList {
                    new: ids(new),
                    old: ids(old),
                }
            });
            Some(MailboxNews::Listed(list))
        }
        MailboxAsk::Load(id) => {
            let clip = load(api, library, user, id).await;
            Some(MailboxNews::Loaded(id, clip))
        }
    }
}

async fn load(api: &Api, library: &Library, user: UserId, id: RecordingId) -> Option<Arc<Clip>> {
    let record = match api.message_of(user, id).await {
        Ok(record) => record,
        Err(error) => {
            tracing::warn!(%user, message = %id, %error, "a message is not found");
            return None;
        }
    };
    let clip = library.clip(record).await;
    let clip = clip.inspect_err(
        |error| tracing::warn!(%user, message = %id, ?error, "a message is not played"),
    );
    clip.ok().map(Arc::new)
}
