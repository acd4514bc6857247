//! The texts that a user's phones still have to get, and what is known of each contact.
//!
//! ```text
//!            offered               2xx, refused for good
//!   Free ───────────────► Busy ───────────────────────────► Free: the next text
//!    ▲                     │ │
//!    │ registers,          │ └─ no answer, or refused for the moment ──► Away
//!    │ or a new text       │    (Free, when it registered meanwhile)      │
//!    └─────────────────────┼──────────────────────────────────────────────┘
//!                          └─ 405, 415, 501 ──► Mute, for as long as it stays registered
//! ```

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use offhook_base::{Mono, PhoneId, SmsId, SmsRecord};
use offhook_sip_core::BindingKey;

/// Texts that wait for one user at most.
pub(super) const MOST: usize = 100;

/// How much longer than its time a text waits for the answer of a phone: 64 × T1 and a little.
const PATIENCE: Duration = Duration::from_secs(33);

/// One contact of one phone.
pub(super) type ContactKey = (PhoneId, BindingKey);

/// A contact that is not free.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Contact {
    /// It did not answer: it is left alone until it registers, or a new text comes.
    Away,
    /// A text is on its way to it.
    Busy {
        /// It registered meanwhile, so silence says nothing of where it is from here on.
        registered: bool,
        /// It did so anew, so not even a refusal does.
        renewed: bool,
    },
    /// It cannot take texts.
    Mute,
}

#[derive(Debug)]
struct Waiting {
    text: Arc<SmsRecord>,
    until: Mono,
    /// Contacts that did not want this text when they last were asked.
    refused_by: BTreeSet<ContactKey>,
    /// How many contacts it is on its way to.
    in_flight: u16,
}

/// How an offer to a contact went.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Outcome {
    /// The phone has the text.
    Taken,
    /// The phone does not want this text.
    Refused,
    /// The phone cannot take texts.
    Unsupported,
    /// The phone cannot be had at the moment.
    Unreachable,
}

/// What one user's phones have to get.
#[derive(Debug, Default)]
pub(super) struct Mailbox {
    /// Oldest first.
    waiting: VecDeque<Waiting>,
    /// A contact that is not here is free.
    contacts: BTreeMap<ContactKey, Contact>,
}

impl Mailbox {
    /// How many texts wait.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Nothing waits, and nothing is known that must not be forgotten.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.contacts.is_empty()
    }

    /// Adds a text. Gives the one that had to make room: the oldest that is not on its way.
    pub(super) fn push(
        &mut self,
        text: Arc<SmsRecord>,
        until: Mono,
    ) -> Option<(Arc<SmsRecord>, Mono)> {
        self.contacts.retain(|_, contact| *contact != Contact::Away);
        let full = self.waiting.len() >= MOST;
        let pushed_out = full.then(|| {
            let idle = self.waiting.iter().position(|one| one.in_flight == 0);
            self.waiting.remove(idle.unwrap_or(0))
        });
        self.waiting.push_back(Waiting {
            text,
            until,
            refused_by: BTreeSet::new(),
            in_flight: 0,
        });
        pushed_out.flatten().map(|one| (one.text, one.until))
    }

    /// The text to send to this contact, which is busy from here on; `None` when there is none, or it is not free.
    pub(super) fn offer(&mut self, contact: &ContactKey) -> Option<Arc<SmsRecord>> {
        if self.contacts.contains_key(contact) {
            return None;
        }
        let wanted = |one: &&mut Waiting| !one.refused_by.contains(contact);
        let next = self.waiting.iter_mut().find(wanted)?;
        next.in_flight = next.in_flight.saturating_add(1);
        self.contacts.insert(
            contact.clone(),
            Contact::Busy {
                registered: false,
                renewed: false,
            },
        );
        Some(Arc::clone(&next.text))
    }

    /// What became of an offer. Gives the text when it is delivered by this, and when it would have been given up.
    pub(super) fn settle(
        &mut self,
        contact: ContactKey,
        text: SmsId,
        outcome: Outcome,
    ) -> Option<(Arc<SmsRecord>, Mono)> {
        let (registered, renewed) = match self.contacts.remove(&contact) {
            Some(Contact::Busy {
                registered,
                renewed,
            }) => (registered, renewed),
            Some(Contact::Away | Contact::Mute) | None => (false, false),
        };
        let place = self.waiting.iter().position(|one| one.text.id == text);
        if let Some(one) = place.and_then(|place| self.waiting.get_mut(place)) {
            one.in_flight = one.in_flight.saturating_sub(1);
            if outcome == Outcome::Refused && !renewed {
                one.refused_by.insert(contact.clone());
            }
        }
        match outcome {
            Outcome::Taken => {
                let done = self.waiting.remove(place?)?;
                return Some((done.text, done.until));
            }
            Outcome::Unsupported => {
                self.contacts.insert(contact, Contact::Mute);
            }
            Outcome::Unreachable if !registered => {
                self.contacts.insert(contact, Contact::Away);
            }
            Outcome::Refused | Outcome::Unreachable => {}
        }
        None
    }

    /// The contact registered: one that did not answer may be tried again. What it refused it is asked once more when it
    /// `is_new`, not at each refresh.
    pub(super) fn on_registered(&mut self, contact: &ContactKey, is_new: bool) {
        if is_new {
            for one in &mut self.waiting {
                one.refused_by.remove(contact);
            }
        }
        match self.contacts.get_mut(contact) {
            Some(Contact::Away) => {
                self.contacts.remove(contact);
            }
            Some(Contact::Busy {
                registered,
                renewed,
            }) => {
                *registered = true;
                *renewed |= is_new;
            }
            Some(Contact::Mute) | None => {}
        }
    }

    /// The contact is gone. One that is busy is let go by its answer.
    pub(super) fn on_unregistered(&mut self, contact: &ContactKey) {
        for one in &mut self.waiting {
            one.refused_by.remove(contact);
        }
        if let Some(Contact::Away | Contact::Mute) = self.contacts.get(contact) {
            self.contacts.remove(contact);
        }
    }

    /// The time of a text is over. It is given, unless it is on its way: then its answer is waited for.
    pub(super) fn expire(&mut self, text: SmsId) -> Expired {
        let place = self.waiting.iter().position(|one| one.text.id == text);
        let Some(place) = place else {
            return Expired::Gone;
        };
        if let Some(one) = self.waiting.get_mut(place).filter(|one| one.in_flight > 0) {
            one.until = one.until + PATIENCE;
            return Expired::Later(one.until);
        }
        self.waiting
            .remove(place)
            .map_or(Expired::Gone, |one| Expired::Now(one.text))
    }
}

/// What becomes of a text whose time is over.
pub(super) enum Expired {
    /// It is not here any more.
    Gone,
    /// It is on its way; to be asked again then.
    Later(Mono),
    /// It is given up.
    Now(Arc<SmsRecord>),
}
