//! What a user's phone may do with the messages that were left for him: the same as REST, asked for from within.

use offhook_base::{RecordingId, RecordingKind, RecordingRecord, UserId};
use offhook_store::{Recording, RecordingScope};

use crate::error::ApiError;
use crate::ports::ConfigChange;
use crate::state::{Api, NotStored};

impl Api {
    /// The messages of a user, the oldest first; the newest of more than can be listed.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn messages_of(&self, user: UserId) -> Result<Vec<Recording>, NotStored> {
        let found = self.store(move |inner| inner.stores.config.messages_of(user, MOST));
        let found = found.await.and_then(|found| found.map_err(ApiError::from));
        found.map_err(NotStored::from)
    }

    /// A message of a user.
    ///
    /// # Errors
    /// When there is none of this number that is his.
    pub async fn message_of(
        &self,
        user: UserId,
        id: RecordingId,
    ) -> Result<RecordingRecord, NotStored> {
        let found = self.store(move |inner| inner.stores.config.recording(scope(user), id));
        let found = found.await.and_then(|found| found.map_err(ApiError::from));
        let found = found.map_err(NotStored::from)?;
        Ok(found.record)
    }

    /// A message of a user was heard.
    ///
    /// # Errors
    /// When there is none of this number that is his, or it cannot be stored.
    pub async fn hear_message(&self, user: UserId, id: RecordingId) -> Result<(), NotStored> {
        let marked = self.change(move |inner| {
            inner.stores.config.mark_message(scope(user), id, false)?;
            Ok(((), vec![ConfigChange::Messages(user)]))
        });
        marked.await.map_err(NotStored::from)
    }

    /// Removes a message of a user.
    ///
    /// # Errors
    /// When there is none of this number that is his, or it cannot be removed.
    pub async fn remove_message(&self, user: UserId, id: RecordingId) -> Result<(), NotStored> {
        let removed = crate::routes::remove_recordings(self, scope(user), vec![id.0]);
        removed.await.map_err(NotStored::from)
    }
}

const fn scope(user: UserId) -> RecordingScope {
    RecordingScope {
        kind: RecordingKind::Message,
        user: Some(user),
    }
}

/// Messages that are heard by one call.
const MOST: u32 = 500;
