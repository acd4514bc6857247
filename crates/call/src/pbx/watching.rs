//! A phone that vanished without BYE is noticed by its silence: the media shell watches, the call decides.
//!
//! Watched is a call that is connected and that nobody holds, in which a side has said that it sends. As with recordings this
//! is a level, looked at after every input: with each change of who should send, the watch begins anew.

use offhook_media_core::MediaCommand;

use super::{Action, Entry, Pbx};
use crate::phase::Phase;

impl Pbx {
    /// Tells the media shell to watch a conversation, or to let it be.
    pub(super) fn watch(&mut self, entry: &mut Entry) {
        let Some(after) = self.office.config.rtp_timeout else {
            return;
        };
        let senders = match &entry.phase {
            Phase::Connected(connected) => connected.senders(),
            Phase::Originating(_)
            | Phase::Ringing(_)
            | Phase::Hunting(_)
            | Phase::Queued(_)
            | Phase::Service(_)
            | Phase::Mailbox(_)
            | Phase::Voicemail(_)
            | Phase::Departing(_)
            | Phase::Ended => None,
        };
        let before = std::mem::replace(&mut entry.watched, senders);
        if before == senders || entry.phase.is_over() {
            return;
        }
        if let Some(relay) = senders.or(before).map(|senders| senders.relay) {
            let after = senders.map(|_| after);
            let command = MediaCommand::Watch { relay, after };
            self.actions.push_back(Action::Media(command));
        }
    }
}
