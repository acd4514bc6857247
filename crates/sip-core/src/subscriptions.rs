//! Subscriptions of phones to news about themselves (RFC 6665): who wants to be told, where, and until when.
//!
//! ```text
//!   SUBSCRIBE ──► 200 ──► Active ◄── refresh (SUBSCRIBE inside the dialog)
//!                           │  NOTIFY with each news, one at a time
//!                           ├─ Expires: 0, or time over ──► NOTIFY terminated ──► gone
//!                           ├─ its account ends ──► NOTIFY terminated ──► gone
//!                           └─ a NOTIFY is refused or not answered, its connection closes, it subscribes anew ──► gone
//! ```
//!
//! What is told is the owner's; the last of it is kept, for the NOTIFY that ends a subscription.

use std::collections::BTreeMap;

use bytes::Bytes;
use hashbrown::HashMap;
use offhook_base::{Mono, PhoneId};

use crate::transaction::Tag;
use crate::wire::Dialog;
use crate::{Body, FlowId, SubscriptionId};

/// A phone that wants to be told.
#[derive(Debug)]
pub(crate) struct Subscription {
    pub(crate) phone: PhoneId,
    pub(crate) dialog: Dialog,
    /// Its `Event`, with an `id` where it has one.
    pub(crate) event: Bytes,
    pub(crate) expires_at: Mono,
    /// The deadline queued for it.
    pub(crate) armed: Option<Mono>,
    /// What was told last.
    pub(crate) told: Option<Body>,
    /// A NOTIFY waits for its answer.
    pub(crate) notifying: bool,
    /// There is news since that one.
    pub(crate) stale: bool,
}

/// All subscriptions that are alive.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    next: u64,
    alive: BTreeMap<SubscriptionId, Subscription>,
    by_tag: HashMap<Tag, SubscriptionId>,
}

impl Subscriptions {
    pub(crate) fn len(&self) -> usize {
        self.alive.len()
    }

    pub(crate) fn get(&mut self, id: SubscriptionId) -> Option<&mut Subscription> {
        self.alive.get_mut(&id)
    }

    /// The one whose dialog has this tag of ours.
    pub(crate) fn with_tag(&self, tag: &[u8]) -> Option<SubscriptionId> {
        self.by_tag.get(&Tag::parse(tag)?).copied()
    }

    pub(crate) fn insert(&mut self, subscription: Subscription) -> SubscriptionId {
        self.next += 1;
        let id = SubscriptionId(self.next);
        self.by_tag.insert(subscription.dialog.local_tag, id);
        self.alive.insert(id, subscription);
        id
    }

    pub(crate) fn remove(&mut self, id: SubscriptionId) -> Option<Subscription> {
        let subscription = self.alive.remove(&id)?;
        self.by_tag.remove(&subscription.dialog.local_tag);
        Some(subscription)
    }

    /// Those of a phone, the oldest first.
    pub(crate) fn of(&self, phone: PhoneId) -> Vec<SubscriptionId> {
        self.whose(|subscription| subscription.phone == phone)
    }

    /// Those of a phone whose requests go to this contact.
    pub(crate) fn at(&self, phone: PhoneId, contact: &Bytes) -> Vec<SubscriptionId> {
        self.whose(|subscription| {
            subscription.phone == phone && subscription.dialog.target == *contact
        })
    }

    /// Those that hang on a connection.
    pub(crate) fn on(&self, flow: FlowId) -> Vec<SubscriptionId> {
        self.whose(|subscription| subscription.dialog.peer.flow == flow)
    }

    fn whose(&self, is_it: impl Fn(&Subscription) -> bool) -> Vec<SubscriptionId> {
        let alive = self.alive.iter();
        alive
            .filter(|(_, subscription)| is_it(subscription))
            .map(|(id, _)| *id)
            .collect()
    }
}
