//! What of an endpoint's deliveries is in the journal only: those that came while there was no room, and those
//! that were parked.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use offhook_base::{DeliveryId, Mono, WebhookId};

use super::clockwork::{Clockwork, Wake};
use crate::lane::LaneKey;
use crate::output::{Output, Waiting};

/// The lane and the `seq` of a parked delivery.
pub(crate) type Place = (LaneKey, Option<u64>);

/// What is in the journal only.
#[derive(Debug)]
pub(crate) struct Journaled {
    /// Everything up to here was taken in, or was finished.
    seen: DeliveryId,
    /// Above `seen` and up to here something may be in the journal only.
    missing: Option<DeliveryId>,
    /// A page was asked for when `missing` was this.
    asked: Option<DeliveryId>,
    /// Once that page is there, the reading goes back behind this one.
    rewind: Option<DeliveryId>,
    parked: BTreeMap<DeliveryId, (Mono, Place)>,
    due: BTreeSet<(Mono, DeliveryId)>,
    reloading: BTreeMap<DeliveryId, Place>,
    parked_wake: Option<Mono>,
    paused_until: Option<Mono>,
}

impl Journaled {
    /// Everything up to `end` is in the journal only.
    pub(crate) fn new(end: DeliveryId) -> Self {
        Self {
            seen: DeliveryId(0),
            missing: (end > DeliveryId(0)).then_some(end),
            asked: None,
            rewind: None,
            parked: BTreeMap::new(),
            due: BTreeSet::new(),
            reloading: BTreeMap::new(),
            parked_wake: None,
            paused_until: None,
        }
    }

    /// Whether a delivery that was just committed is taken in. If not, the journal has it, or it is known already.
    pub(crate) fn takes(&mut self, delivery: DeliveryId, room: bool) -> bool {
        if delivery <= self.seen {
            return false;
        }
        if self.missing.is_some() || !room {
            self.missing = self.missing.max(Some(delivery));
            return false;
        }
        self.seen = delivery;
        true
    }

    /// Somewhere from `from` up to `upto` are some that are pending in the journal and were not handed in.
    pub(crate) fn on_missed(&mut self, from: DeliveryId, upto: DeliveryId) {
        self.missing = self.missing.max(Some(upto));
        if self.asked.is_some() {
            self.rewind = Some(self.rewind.map_or(from, |rewind| rewind.min(from)));
        } else {
            self.go_back(from);
        }
    }

    fn go_back(&mut self, from: DeliveryId) {
        let before = DeliveryId(from.0.saturating_sub(1));
        if before < self.seen {
            // What is above was taken in and is known, or is finished: it is not taken in twice.
            self.missing = self.missing.max(Some(self.seen));
            self.seen = before;
        }
    }

    /// Gives those of a page that are new, `known` ones aside.
    pub(crate) fn on_page(
        &mut self,
        page: Vec<Waiting>,
        end: bool,
        known: &BTreeSet<DeliveryId>,
    ) -> Vec<Waiting> {
        let Some(upto) = self.asked.take() else {
            return Vec::new();
        };
        let end = end || page.is_empty();
        let mut taken = Vec::with_capacity(page.len());
        for waiting in page {
            let id = waiting.delivery;
            self.seen = self.seen.max(id);
            if !known.contains(&id)
                && !self.parked.contains_key(&id)
                && !self.reloading.contains_key(&id)
            {
                taken.push(waiting);
            }
        }
        if end {
            self.seen = self.seen.max(upto);
        }
        if let Some(from) = self.rewind.take() {
            self.go_back(from);
        }
        self.missing = self.missing.filter(|missing| *missing > self.seen);
        taken
    }

    pub(crate) fn parked(&self) -> usize {
        self.parked.len() + self.reloading.len()
    }

    pub(crate) fn park(&mut self, delivery: DeliveryId, due: Mono, place: Place) {
        self.parked.insert(delivery, (due, place));
        self.due.insert((due, delivery));
    }

    /// All that is parked is to be read back now.
    pub(crate) fn recall(&mut self, now: Mono) {
        self.due.clear();
        for (delivery, (due, _)) in &mut self.parked {
            *due = now;
            self.due.insert((now, *delivery));
        }
    }

    /// Takes what was asked for.
    pub(crate) fn on_reloaded(&mut self) -> BTreeMap<DeliveryId, Place> {
        std::mem::take(&mut self.reloading)
    }

    pub(crate) fn paused_until(&self) -> Option<Mono> {
        self.paused_until
    }

    /// The journal could not be read. Gives when to ask again.
    pub(crate) fn on_failed(&mut self, now: Mono) -> Mono {
        let again = now + PAUSE;
        self.asked = None;
        if let Some(from) = self.rewind.take() {
            self.go_back(from);
        }
        for (delivery, place) in std::mem::take(&mut self.reloading) {
            self.park(delivery, again, place);
        }
        self.paused_until = Some(again);
        again
    }

    /// Asks the journal for what there is room for.
    pub(crate) fn ask(
        &mut self,
        now: Mono,
        endpoint: WebhookId,
        waiting: usize,
        core: &mut Clockwork,
    ) {
        if self.paused_until.is_some_and(|until| until > now) {
            return;
        }
        self.paused_until = None;
        self.reload(now, endpoint, waiting, core);
        if let Some(missing) = self.missing
            && self.asked.is_none()
            && waiting * 2 <= core.config.max_waiting
        {
            let limit = core.config.max_waiting - waiting;
            self.asked = Some(missing);
            core.outputs.push_back(Output::NeedMore {
                endpoint,
                after: self.seen,
                limit,
            });
        }
    }

    fn reload(&mut self, now: Mono, endpoint: WebhookId, waiting: usize, core: &mut Clockwork) {
        if self.asked.is_none() && self.reloading.is_empty() && waiting < core.config.max_waiting {
            let mut deliveries = Vec::new();
            while let Some(&(due, delivery)) = self.due.first() {
                if due > now || deliveries.len() == RELOAD_AT_ONCE {
                    break;
                }
                self.due.pop_first();
                if let Some((_, place)) = self.parked.remove(&delivery) {
                    self.reloading.insert(delivery, place);
                    deliveries.push(delivery);
                }
            }
            if !deliveries.is_empty() {
                core.outputs.push_back(Output::Reload {
                    endpoint,
                    deliveries,
                });
            }
        }
        let wake = self
            .due
            .first()
            .map(|(due, _)| *due)
            .filter(|due| *due > now);
        core.rearm(Wake::Parked(endpoint), self.parked_wake, wake);
        self.parked_wake = wake;
    }
}

/// So many parked deliveries are read back at once; memory may exceed its bound by no more.
pub(crate) const RELOAD_AT_ONCE: usize = 256;
const PAUSE: Duration = Duration::from_secs(1);
