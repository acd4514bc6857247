//! What is known of each trunk, for the API: told by the lookups of its name, and by the switch that calls by it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use offhook_api::ports;
use offhook_base::TrunkId;

/// Whether calls can go by a trunk, and what was wrong last. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct TrunkStates {
    states: Arc<Mutex<BTreeMap<TrunkId, Known>>>,
}

/// Each of the two speaks for itself: a name that is found again says nothing of a far end that does not answer.
#[derive(Debug, Default)]
struct Known {
    name: Option<Verdict>,
    switch: Option<Verdict>,
}

#[derive(Clone, Debug)]
struct Verdict {
    is_up: bool,
    /// Empty when nothing is wrong.
    error: String,
}

impl TrunkStates {
    /// Its name was asked for; it is up while there are addresses. `error` is empty when nothing is wrong.
    pub(crate) fn named(&self, trunk: TrunkId, is_up: bool, error: String) {
        self.lock().entry(trunk).or_default().name = Some(Verdict { is_up, error });
    }

    /// The switch tried it; `error` is empty when nothing is wrong.
    pub(crate) fn tried(&self, trunk: TrunkId, is_up: bool, error: String) {
        self.lock().entry(trunk).or_default().switch = Some(Verdict { is_up, error });
    }

    /// It is gone, or becomes another one: what was known is of no use.
    pub(crate) fn forget(&self, trunk: TrunkId) {
        self.lock().remove(&trunk);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<TrunkId, Known>> {
        // Nothing that holds this lock can panic half-way through a change.
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ports::TrunkStates for TrunkStates {
    fn state(&self, trunk: TrunkId) -> Option<(bool, String)> {
        let states = self.lock();
        let known = states.get(&trunk)?;
        let verdicts = || [&known.name, &known.switch].into_iter().flatten();
        // What takes it down is told before what is only amiss.
        let worst = verdicts()
            .find(|verdict| !verdict.is_up)
            .or_else(|| verdicts().find(|verdict| !verdict.error.is_empty()))
            .or_else(|| verdicts().next())?;
        Some((worst.is_up, worst.error.clone()))
    }
}
