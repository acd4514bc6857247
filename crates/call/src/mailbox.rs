//! What a user who hears his messages by phone asks of the store, and what it answers.

use std::sync::Arc;

use offhook_base::{CallId, RecordingId, UserId};
use offhook_media_core::Clip;

/// One question to the store.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MailboxRequest {
    /// The call id set aside for the INVITE that dialled the code; no call is recorded under it.
    pub call: CallId,
    /// Whose messages.
    pub user: UserId,
    /// What is asked.
    pub ask: MailboxAsk,
}

/// What is asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MailboxAsk {
    /// Remove this message. Answered by [`MailboxNews::Deleted`].
    Delete(RecordingId),
    /// This message was heard. Not answered.
    Heard(RecordingId),
    /// Which messages there are. Answered by [`MailboxNews::Listed`].
    List,
    /// The sound of this message. Answered by [`MailboxNews::Loaded`].
    Load(RecordingId),
}

/// An answer of the store.
#[derive(Clone, Debug)]
pub enum MailboxNews {
    /// Whether the message is gone.
    Deleted(RecordingId, bool),
    /// The messages; `None` when they cannot be read.
    Listed(Option<MailboxList>),
    /// The sound of a message; `None` when there is none.
    Loaded(RecordingId, Option<Arc<Clip>>),
}

/// The messages of a user, each kind oldest first.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct MailboxList {
    /// Not heard yet.
    pub new: Vec<RecordingId>,
    /// Heard.
    pub old: Vec<RecordingId>,
}

impl MailboxAsk {
    /// What is answered where the store cannot be asked.
    #[must_use]
    pub const fn unanswered(self) -> Option<MailboxNews> {
        match self {
            Self::Delete(id) => Some(MailboxNews::Deleted(id, false)),
            Self::Heard(_) => None,
            Self::List => Some(MailboxNews::Listed(None)),
            Self::Load(id) => Some(MailboxNews::Loaded(id, None)),
        }
    }
}
