//! Messages waiting: which phones want to know how many there are for their user (RFC 3842), and what each is told.
//!
//! Who counts is the store: its figures come at the start and with each change. A phone is told when it subscribes, when it
//! refreshes that, and whenever the figures of its user change.

use std::collections::BTreeMap;

use bytes::Bytes;
use offhook_base::{PhoneId, UserId};
use offhook_sip_core::{Body, Command, SubscriptionId};

use crate::directory::Directory;

/// How many messages a user has.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct MessageCount {
    /// Not heard yet.
    pub new: u32,
    /// Heard.
    pub old: u32,
}

/// The figures, and who wants to know them.
#[derive(Debug, Default)]
pub(crate) struct Mwi {
    counts: BTreeMap<UserId, MessageCount>,
    subscribers: BTreeMap<SubscriptionId, PhoneId>,
}

impl Mwi {
    /// A phone subscribed, or did so again: what it is told.
    pub(crate) fn subscribed(
        &mut self,
        subscription: SubscriptionId,
        phone: PhoneId,
        (directory, host): (&Directory, &str),
    ) -> Command {
        self.subscribers.insert(subscription, phone);
        self.notify(subscription, phone, (directory, host))
    }

    pub(crate) fn unsubscribed(&mut self, subscription: SubscriptionId) {
        self.subscribers.remove(&subscription);
    }

    /// The figures of a user: what his phones are told, should they have changed.
    pub(crate) fn count(
        &mut self,
        user: UserId,
        count: MessageCount,
        (directory, host): (&Directory, &str),
    ) -> Vec<Command> {
        let before = if count == MessageCount::default() {
            self.counts.remove(&user)
        } else {
            self.counts.insert(user, count)
        };
        if before.unwrap_or_default() == count {
            return Vec::new();
        }
        let subscribers = self.subscribers.iter();
        subscribers
            .filter(|(_, phone)| owner(directory, **phone).is_some_and(|(id, _)| id == user))
            .map(|(subscription, phone)| self.notify(*subscription, *phone, (directory, host)))
            .collect()
    }

    /// The user is gone, with his messages.
    pub(crate) fn user_removed(&mut self, user: UserId) {
        self.counts.remove(&user);
    }

    fn notify(
        &self,
        subscription: SubscriptionId,
        phone: PhoneId,
        (directory, host): (&Directory, &str),
    ) -> Command {
        let (user, ext) = owner(directory, phone).unzip();
        let count = user.and_then(|user| self.counts.get(&user)).copied();
        let MessageCount { new, old } = count.unwrap_or_default();
        let waiting = if new > 0 { "yes" } else { "no" };
        let ext = ext.unwrap_or_default();
        // RFC 3842 5.2: new and old, and behind them the urgent ones, of which there are none.
        let text = format!(
            "Messages-Waiting: {waiting}\r\nMessage-Account: sip:{ext}@{host}\r\nVoice-Message: {new}/{old} (0/0)\r\n"
        );
        Command::Notify {
            subscription,
            body: Body {
                content_type: Bytes::from_static(b"application/simple-message-summary"),
                octets: Bytes::from(text),
            },
        }
    }
}

fn owner(directory: &Directory, phone: PhoneId) -> Option<(UserId, &str)> {
    let (_, user) = directory.phone(phone)?;
    Some((user.id, &user.ext))
}
