//! The registrar (RFC 3261 10.3): contacts by phone.
//!
//! It takes what a REGISTER wishes as plain values, so that a naive model can be held against it.

mod binding;
mod wishes;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use offhook_base::{Mono, Now, PhoneId};

pub use binding::{Binding, BindingKey};
pub(crate) use wishes::{Wish, Wishes};

use crate::{Expiry, FlowId, Peer};

/// What a REGISTER says, besides its contacts, for each binding it makes.
#[derive(Clone, Debug)]
pub(crate) struct Registration {
    /// Call-ID: bindings made under another one are replaced without looking at CSeq.
    pub(crate) call_id: Bytes,
    /// CSeq.
    pub(crate) cseq: u32,
    /// Path.
    pub(crate) path: Vec<Bytes>,
    /// Where it came from.
    pub(crate) peer: Peer,
    /// User-Agent.
    pub(crate) user_agent: Bytes,
}

/// Why a REGISTER changes nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Refusal {
    /// 423 with Min-Expires.
    TooBrief,
    /// 500: older than what the same client said last (10.3, step 7).
    OutOfOrder,
    /// 503 with Retry-After.
    TooMany,
}

/// A change that the owner is told of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Change {
    /// Made or refreshed.
    Put(Box<Binding>),
    /// Gone.
    Removed(BindingKey),
}

/// Which device of which phone, to find it again where it registers next.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Device {
    pub(crate) phone: PhoneId,
    /// `+sip.instance`; empty when it does not say.
    pub(crate) instance: Bytes,
}

/// The contacts of one phone; `until` runs beside `bindings`, by a clock that does not step.
#[derive(Debug, Default)]
struct Contacts {
    bindings: Vec<Binding>,
    until: Vec<Mono>,
    armed: Option<Mono>,
}

/// All bindings.
#[derive(Debug)]
pub(crate) struct Registrar {
    expiry: Expiry,
    per_phone: usize,
    phones: BTreeMap<PhoneId, Contacts>,
    /// Which phones hang on a connection that may close.
    by_flow: BTreeSet<(FlowId, PhoneId)>,
    /// Which phones have a contact URI.
    by_contact: BTreeSet<(Bytes, PhoneId)>,
}

impl Registrar {
    /// Without bindings.
    pub(crate) fn new(expiry: Expiry, per_phone: usize) -> Self {
        Self {
            expiry,
            per_phone,
            phones: BTreeMap::new(),
            by_flow: BTreeSet::new(),
            by_contact: BTreeSet::new(),
        }
    }

    /// The contacts of a phone.
    pub(crate) fn bindings(&self, phone: PhoneId) -> &[Binding] {
        self.phones
            .get(&phone)
            .map_or(&[], |contacts| &contacts.bindings)
    }

    /// The device of a phone that registered from there.
    pub(crate) fn device(&self, phone: PhoneId, peer: Peer) -> Device {
        let mut bindings = self.bindings(phone).iter();
        let instance = bindings
            .find(|binding| binding.peer == peer)
            .map(|binding| binding.instance.clone());
        Device {
            phone,
            instance: instance.unwrap_or_default(),
        }
    }

    /// The device that a binding with this contact, registered from there, belongs to.
    pub(crate) fn device_at(&self, contact: &Bytes, peer: Peer) -> Option<Device> {
        let (first, last) = (PhoneId(0), PhoneId(u32::MAX));
        let mut phones = self
            .by_contact
            .range((contact.clone(), first)..=(contact.clone(), last));
        phones.find_map(|(_, phone)| {
            let mut bindings = self.bindings(*phone).iter();
            let binding =
                bindings.find(|binding| binding.contact == contact && binding.peer == peer)?;
            Some(Device {
                phone: *phone,
                instance: binding.instance.clone(),
            })
        })
    }

    /// Where a device is registered by now: best by its instance, then by its contact, then where the phone came last.
    /// A binding of another instance is another device.
    pub(crate) fn whereabouts(&self, device: &Device, contact: &Bytes) -> Option<Peer> {
        let known = !device.instance.is_empty();
        let candidates = self.bindings(device.phone).iter().enumerate();
        candidates
            .filter(|(_, binding)| {
                !known || binding.instance.is_empty() || binding.instance == device.instance
            })
            .max_by_key(|(place, binding)| {
                let same = known && binding.instance == device.instance;
                (same, binding.contact == contact, *place)
            })
            .map(|(_, binding)| binding.peer)
    }

    /// The contacts of a phone with the seconds that each has left.
    pub(crate) fn with_seconds(
        &self,
        phone: PhoneId,
        now: Mono,
    ) -> impl Iterator<Item = (&Binding, u64)> {
        let contacts = self.phones.get(&phone).into_iter();
        contacts.flat_map(move |contacts| {
            let seconds = contacts.until.iter().map(move |until| {
                let left = *until - now;
                left.as_secs() + u64::from(left.subsec_nanos() > 0)
            });
            contacts.bindings.iter().zip(seconds)
        })
    }

    /// Does what a REGISTER wishes: all of it or nothing (10.3, step 7).
    pub(crate) fn register(
        &mut self,
        now: Now,
        phone: PhoneId,
        wishes: &Wishes,
        registration: &Registration,
        changes: &mut Vec<Change>,
    ) -> Result<(), Refusal> {
        match wishes {
            Wishes::Query => Ok(()),
            Wishes::RemoveAll => self.remove_all(phone, registration, changes),
            Wishes::Contacts(wishes) => {
                self.check(phone, wishes, registration)?;
                for wish in wishes {
                    self.apply(now, phone, wish, registration, changes);
                }
                Ok(())
            }
        }
    }

    fn remove_all(
        &mut self,
        phone: PhoneId,
        registration: &Registration,
        changes: &mut Vec<Change>,
    ) -> Result<(), Refusal> {
        let bindings = self.bindings(phone);
        if bindings
            .iter()
            .any(|binding| is_out_of_order(binding, registration))
        {
            return Err(Refusal::OutOfOrder);
        }
        self.forget(phone, changes);
        Ok(())
    }

    fn check(
        &self,
        phone: PhoneId,
        wishes: &[Wish],
        registration: &Registration,
    ) -> Result<(), Refusal> {
        let bindings = self.bindings(phone);
        // An hour is never too brief (10.3, step 7).
        let floor = self.expiry.min.min(Duration::from_secs(3_600));
        for wish in wishes {
            let seconds = wish
                .seconds
                .map(|seconds| Duration::from_secs(u64::from(seconds)));
            if seconds.is_some_and(|seconds| !seconds.is_zero() && seconds < floor) {
                return Err(Refusal::TooBrief);
            }
            let mut known = bindings.iter().filter(|binding| wish.is_for(binding));
            if known.any(|binding| is_out_of_order(binding, registration)) {
                return Err(Refusal::OutOfOrder);
            }
        }
        if bindings.len() + wishes.len() > self.per_phone && self.is_too_many(phone, wishes) {
            return Err(Refusal::TooMany);
        }
        Ok(())
    }

    /// Whether these wishes would leave a phone with too many contacts.
    fn is_too_many(&self, phone: PhoneId, wishes: &[Wish]) -> bool {
        let bindings = self.bindings(phone).iter();
        let mut left: Vec<_> = bindings
            .map(|binding| (&binding.key, &binding.contact))
            .collect();
        let before = left.len();
        for wish in wishes {
            left.retain(|(key, contact)| **key != wish.key && **contact != wish.contact);
            if wish.seconds != Some(0) {
                left.push((&wish.key, &wish.contact));
            }
        }
        left.len() > self.per_phone.max(before)
    }

    fn apply(
        &mut self,
        now: Now,
        phone: PhoneId,
        wish: &Wish,
        registration: &Registration,
        changes: &mut Vec<Change>,
    ) {
        let contacts = self.phones.entry(phone).or_default();
        let old = contacts.take(|binding| wish.is_for(binding));
        let removes = wish.seconds == Some(0);
        // A binding that goes on under its name is refreshed, not removed.
        let gone = old
            .iter()
            .filter(|binding| removes || binding.key != wish.key);
        changes.extend(gone.map(|binding| Change::Removed(binding.key.clone())));
        if !removes {
            let life = wish
                .seconds
                .map_or(self.expiry.default, |s| Duration::from_secs(s.into()));
            let life = life.min(self.expiry.max);
            let binding = Binding {
                key: wish.key.clone(),
                contact: wish.contact.clone(),
                path: registration.path.clone(),
                peer: registration.peer,
                user_agent: registration.user_agent.clone(),
                instance: wish.instance.clone(),
                expires_at: now.wall + life,
                call_id: registration.call_id.clone(),
                cseq: registration.cseq,
            };
            changes.push(Change::Put(Box::new(binding.clone())));
            self.by_contact.insert((binding.contact.clone(), phone));
            contacts.bindings.push(binding);
            contacts.until.push(now.mono + life);
            if registration.peer.flow.is_connection() {
                self.by_flow.insert((registration.peer.flow, phone));
            }
        }
        self.tidy(phone, &old);
    }

    /// Puts back a binding that was stored. False when it has run out, or its connection is of another process.
    pub(crate) fn restore(&mut self, now: Now, phone: PhoneId, binding: Binding) -> bool {
        let left = u64::try_from(binding.expires_at.0 - now.wall.0).unwrap_or(0);
        let known = self
            .bindings(phone)
            .iter()
            .any(|other| other.key == binding.key);
        let full = self.bindings(phone).len() >= self.per_phone;
        if left == 0 || binding.peer.flow.is_connection() || known || full {
            return false;
        }
        let left = Duration::from_micros(left).min(self.expiry.max);
        let contacts = self.phones.entry(phone).or_default();
        self.by_contact.insert((binding.contact.clone(), phone));
        contacts.bindings.push(binding);
        contacts.until.push(now.mono + left);
        true
    }

    /// Removes what has run out.
    pub(crate) fn on_timeout(&mut self, now: Mono, phone: PhoneId, changes: &mut Vec<Change>) {
        let Some(contacts) = self.phones.get_mut(&phone) else {
            return;
        };
        let mut old = Vec::new();
        while let Some(place) = contacts.until.iter().position(|until| *until <= now) {
            contacts.until.remove(place);
            old.push(contacts.bindings.remove(place));
        }
        changes.extend(
            old.iter()
                .map(|binding| Change::Removed(binding.key.clone())),
        );
        self.tidy(phone, &old);
    }

    /// Removes what hung on a connection, telling the phone of each.
    pub(crate) fn on_flow_closed(&mut self, flow: FlowId, changes: &mut Vec<(PhoneId, Change)>) {
        let phones = self
            .by_flow
            .range((flow, PhoneId(0))..=(flow, PhoneId(u32::MAX)));
        for phone in phones.map(|(_, phone)| *phone).collect::<Vec<_>>() {
            if let Some(contacts) = self.phones.get_mut(&phone) {
                let old = contacts.take(|binding| binding.peer.flow == flow);
                let gone = old
                    .iter()
                    .map(|binding| (phone, Change::Removed(binding.key.clone())));
                changes.extend(gone);
                self.tidy(phone, &old);
            }
        }
    }

    /// Removes all contacts of a phone.
    pub(crate) fn forget(&mut self, phone: PhoneId, changes: &mut Vec<Change>) {
        if let Some(contacts) = self.phones.remove(&phone) {
            for binding in contacts.bindings {
                self.by_flow.remove(&(binding.peer.flow, phone));
                self.by_contact.remove(&(binding.contact, phone));
                changes.push(Change::Removed(binding.key));
            }
        }
    }

    /// When the first binding of a phone runs out, and the deadline queued for it.
    pub(crate) fn deadline(&mut self, phone: PhoneId) -> Option<(Option<Mono>, &mut Option<Mono>)> {
        let contacts = self.phones.get_mut(&phone)?;
        Some((contacts.until.iter().min().copied(), &mut contacts.armed))
    }

    /// Forgets what only these bindings kept alive.
    fn tidy(&mut self, phone: PhoneId, old: &[Binding]) {
        let Some(contacts) = self.phones.get(&phone) else {
            return;
        };
        for gone in old {
            let mut left = contacts.bindings.iter();
            if !left.any(|binding| binding.peer.flow == gone.peer.flow) {
                self.by_flow.remove(&(gone.peer.flow, phone));
            }
            let mut left = contacts.bindings.iter();
            if !left.any(|binding| binding.contact == gone.contact) {
                self.by_contact.remove(&(gone.contact.clone(), phone));
            }
        }
        if contacts.bindings.is_empty() {
            self.phones.remove(&phone);
        }
    }
}

impl Contacts {
    /// Takes out the bindings that are meant.
    fn take(&mut self, is_meant: impl Fn(&Binding) -> bool) -> Vec<Binding> {
        let mut taken = Vec::new();
        while let Some(place) = self.bindings.iter().position(&is_meant) {
            self.until.remove(place);
            taken.push(self.bindings.remove(place));
        }
        taken
    }
}

fn is_out_of_order(binding: &Binding, registration: &Registration) -> bool {
    binding.call_id == registration.call_id && registration.cseq <= binding.cseq
}

#[cfg(test)]
mod tests;
