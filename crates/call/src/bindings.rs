//! Where each phone can be reached, as the registrar last said.

use std::collections::BTreeMap;

use offhook_base::PhoneId;
use offhook_sip_core::{Binding, BindingKey};

/// Contacts by phone.
#[derive(Debug, Default)]
pub struct Bindings {
    by_phone: BTreeMap<PhoneId, Vec<Binding>>,
}

impl Bindings {
    /// Adds a contact, or replaces the one with the same key. Gives whether the phone has started anew: a refresh keeps
    /// the Call-ID (RFC 3261 §10.2).
    pub fn insert(&mut self, phone: PhoneId, binding: Binding) -> bool {
        let list = self.by_phone.entry(phone).or_default();
        if let Some(old) = list.iter_mut().find(|old| old.key == binding.key) {
            let is_new = old.call_id != binding.call_id;
            *old = binding;
            return is_new;
        }
        list.push(binding);
        true
    }

    /// Removes a contact.
    pub fn remove(&mut self, phone: PhoneId, key: &BindingKey) {
        if let Some(list) = self.by_phone.get_mut(&phone) {
            list.retain(|binding| binding.key != *key);
            if list.is_empty() {
                self.by_phone.remove(&phone);
            }
        }
    }

    /// The contacts of `phone`. The stack tells when one runs out, by a clock that does not step.
    pub fn of(&self, phone: PhoneId) -> impl Iterator<Item = &Binding> {
        self.by_phone.get(&phone).into_iter().flatten()
    }
}
