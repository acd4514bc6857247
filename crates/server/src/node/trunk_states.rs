//! What is known of each trunk, for the API: told by whoever tries to reach it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use offhook_api::ports;
use offhook_base::TrunkId;

/// Whether calls can go by a trunk, and what was wrong last. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct TrunkStates {
    states: Arc<Mutex<BTreeMap<TrunkId, (bool, String)>>>,
}

impl TrunkStates {
    /// It was tried; `error` is empty when nothing is wrong.
    pub(crate) fn set(&self, trunk: TrunkId, is_up: bool, error: String) {
        self.lock().insert(trunk, (is_up, error));
    }

    /// It is gone, or becomes another one: what was known is of no use.
    pub(crate) fn forget(&self, trunk: TrunkId) {
        self.lock().remove(&trunk);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<TrunkId, (bool, String)>> {
        // Nothing that holds this lock can panic half-way through a change.
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ports::TrunkStates for TrunkStates {
    fn state(&self, trunk: TrunkId) -> Option<(bool, String)> {
        self.lock().get(&trunk).cloned()
    }
}
