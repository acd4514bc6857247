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
    /// Adds a contact, or replaces the one with the same key.
    pub fn insert(&mut self, phone: PhoneId, binding: Binding) {
        let list = self.by_phone.entry(phone).or_default();
        match list.iter_mut().find(|old| old.key == binding.key) {
            Some(old) => *old = binding,
            None => list.push(binding),
        }
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
