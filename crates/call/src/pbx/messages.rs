//! Messages: what the media shell and the recorder tell of one that is being left, and whom we tell how many there are.

use std::collections::BTreeMap;

use offhook_base::{Audio, Now, RecordingId, RecordingStart, UserId};
use offhook_sip_core::Event;

use super::recordings::ready;
use super::{Action, Pbx};
use crate::calls::Calls;
use crate::event_json::MonitorParty;
use crate::mwi::MessageCount;
use crate::phase::{Input, is_worth_keeping};

/// Messages that are remembered until the recorder has told of them. One more, and the oldest is given up.
const MOST: usize = 20_000;

/// The messages that are being recorded.
#[derive(Debug, Default)]
pub(super) struct Messages(BTreeMap<RecordingId, Begun>);

/// A message that was begun, and what tells of it once its call is over.
#[derive(Debug)]
struct Begun {
    start: RecordingStart,
    src: MonitorParty,
    dst: MonitorParty,
    /// When its conversation began: that one's clock goes on.
    conversation: Now,
}

impl Messages {
    pub(super) fn begin(&mut self, start: &RecordingStart, calls: &Calls) {
        if self.0.len() >= MOST {
            self.0.pop_first();
        }
        let call = calls.iter().find(|call| call.id == start.call);
        let src = call.map(|call| MonitorParty::of(&call.src));
        let dst = call.map(|call| MonitorParty::of(&call.dst));
        let begun = Begun {
            start: start.clone(),
            src: src.unwrap_or_default(),
            dst: dst.unwrap_or_default(),
            conversation: calls.started(),
        };
        self.0.insert(start.id, begun);
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
        let Some(begun) = self.messages.0.remove(&recording) else {
            return false;
        };
        let root = begun.start.root;
        let entry = self.conversations.get(&root);
        if entry.is_some_and(|entry| entry.phase.waits_for(recording)) {
            self.feed(now, root, Input::Recorded { recording, audio });
        } else if let Some(audio) = audio {
            self.on_late_message(now, begun, audio);
        }
        true
    }

    /// The disk took longer than the call could wait: the message is told of as the recording of a call is, by
    /// `monitor.audio_ready`, for the last event of its call has left without it.
    fn on_late_message(&mut self, now: Now, begun: Begun, audio: Audio) {
        let Begun {
            start,
            src,
            dst,
            conversation,
        } = begun;
        tracing::warn!(recording = %start.id, call = %start.call, "what there is of a message was told after its call had ended");
        if !is_worth_keeping(audio) {
            let start = Box::new(start);
            return self.actions.push_back(Action::DropRecording(start));
        }
        let at = conversation.wall + (now.mono - conversation.mono);
        let id = self.office.event_ids.next(at);
        let customer = self.office.config.customer_id;
        let fact = ready((id, at), start, audio, (&src, &dst), customer);
        self.fence.hand_over(now.mono);
        self.actions.push_back(Action::Record(Box::new(fact)));
    }
}
