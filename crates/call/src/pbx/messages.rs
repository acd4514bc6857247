//! Messages: what the media shell and the recorder tell of one that is being left, and whom we tell how many there are.

use std::collections::BTreeMap;

use offhook_base::{Audio, CallId, Now, RecordingId, UserId};
use offhook_sip_core::Event;

use super::{Action, Pbx};
use crate::mwi::MessageCount;
use crate::phase::Input;

/// Messages that are remembered until the recorder has told of them. One more, and the oldest is given up.
const MOST: usize = 20_000;

/// The conversations of the messages that are being recorded.
#[derive(Debug, Default)]
pub(super) struct Messages(BTreeMap<RecordingId, CallId>);

impl Messages {
    pub(super) fn begin(&mut self, recording: RecordingId, root: CallId) {
        if self.0.len() >= MOST {
            self.0.pop_first();
        }
        self.0.insert(recording, root);
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Pbx {
    /// A phone wants to know how many messages there are for its user, or does not any more.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the two that concern subscriptions"
    )]
    pub(super) fn on_subscription(&mut self, event: &Event) {
        match *event {
            Event::Subscribed {
                subscription,
                phone,
            } => {
                let office = (&self.office.directory, &*self.office.config.host);
                let command = self.mwi.subscribed(subscription, phone, office);
                self.actions.push_back(Action::Sip(command));
            }
            Event::Unsubscribed { subscription } => self.mwi.unsubscribed(subscription),
            _ => {}
        }
    }

    /// How many messages a user has now.
    pub(crate) fn handle_message_count(&mut self, user: UserId, count: MessageCount) {
        let office = (&self.office.directory, &*self.office.config.host);
        let commands = self.mwi.count(user, count, office);
        self.actions.extend(commands.into_iter().map(Action::Sip));
    }

    /// The recorder tells what there is of a recording: `None` when nothing was recorded. False when it is no message.
    pub(super) fn on_message_recorded(
        &mut self,
        now: Now,
        recording: RecordingId,
        audio: Option<Audio>,
    ) -> bool {
        let Some(root) = self.messages.0.remove(&recording) else {
            return false;
        };
        if !self.conversations.contains_key(&root) {
            tracing::warn!(%recording, %root, "what there is of a message was told after its call had ended");
        }
        self.feed(now, root, Input::Recorded { recording, audio });
        true
    }
}
