//! The one collection of this machine: a sorted map whose every use has a price, so that a test can count what a
//! decision costs. Looking up, putting in and taking out cost the depth of a balanced tree, walking costs a step for
//! each entry.

use std::collections::BTreeMap;
use std::ops::Bound;

/// A sorted map that counts its steps in tests.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Ordered<K, V = ()>(BTreeMap<K, V>);

impl<K, V> Default for Ordered<K, V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Copy + Ord, V> Ordered<K, V> {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn contains(&self, key: K) -> bool {
        self.pay();
        self.0.contains_key(&key)
    }

    pub(super) fn get(&self, key: K) -> Option<&V> {
        self.pay();
        self.0.get(&key)
    }

    pub(super) fn get_mut(&mut self, key: K) -> Option<&mut V> {
        self.pay();
        self.0.get_mut(&key)
    }

    pub(super) fn entry_or_default(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        self.pay();
        self.0.entry(key).or_default()
    }

    pub(super) fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.pay();
        self.0.insert(key, value)
    }

    pub(super) fn remove(&mut self, key: K) -> Option<V> {
        self.pay();
        self.0.remove(&key)
    }

    pub(super) fn first(&self) -> Option<(K, &V)> {
        self.pay();
        self.0.first_key_value().map(|(key, value)| (*key, value))
    }

    /// The first entry that lies behind `key`.
    pub(super) fn first_after(&self, key: K) -> Option<(K, &V)> {
        self.pay();
        self.0
            .range((Bound::Excluded(key), Bound::Unbounded))
            .next()
            .map(|(key, value)| (*key, value))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (K, &V)> {
        self.0.iter().map(|(key, value)| {
            walk(1);
            (*key, value)
        })
    }

    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.0.values_mut().inspect(|_| walk(1))
    }

    fn pay(&self) {
        walk(u64::from(self.0.len().checked_ilog2().unwrap_or(0)) + 1);
    }
}

/// Counts `steps`; nothing outside tests.
#[cfg(not(test))]
pub(super) const fn walk(_steps: u64) {}

#[cfg(test)]
pub(super) use counted::{steps, walk};

#[cfg(test)]
mod counted {
    use std::cell::Cell;

    thread_local! {
        static STEPS: Cell<u64> = const { Cell::new(0) };
    }

    /// Counts `steps` of this thread.
    pub(in crate::queue) fn walk(steps: u64) {
        STEPS.set(STEPS.get() + steps);
    }

    /// All steps of this thread so far.
    pub(in crate::queue) fn steps() -> u64 {
        STEPS.get()
    }
}
