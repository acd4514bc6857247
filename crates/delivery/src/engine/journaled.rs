//! What of an endpoint's deliveries is in the journal only: those that came while there was no room, and those
//! that were parked.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use offhook_base::{DeliveryId, Mono, WebhookId};

use super::clockwork::{Clockwork, Wake};
use crate::lane::LaneKey;
use crate::output::{Output, Waiting};

/// The lane and the `seq` of a parked delivery; unknown of one that was held before.
pub(crate) type Place = Option<(LaneKey, Option<u64>)>;

/// What is in the journal only.
#[derive(Debug)]
pub(crate) struct Journaled {
    /// Everything up to here was taken in, or was finished.
    seen: DeliveryId,
    /// Above `seen` and up to here something may be in the journal only.
    missing: Option<DeliveryId>,
    /// A page was asked for when `missing` was this.
    asked: Option<DeliveryId>,
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
            self.on_missed(delivery);
            return false;
        }
        self.seen = delivery;
        true
    }

    pub(crate) fn on_missed(&mut self, upto: DeliveryId) {
        if upto > self.seen {
            self.missing = self.missing.max(Some(upto));
        }
    }

    /// Gives those of a page that are new.
    pub(crate) fn on_page(&mut self, page: Vec<Waiting>, end: bool) -> Vec<Waiting> {
        let Some(upto) = self.asked.take() else {
            return Vec::new();
        };
        let end = end || page.is_empty();
        let mut taken = Vec::with_capacity(page.len());
        for waiting in page {
            if waiting.delivery > self.seen {
                self.seen = waiting.delivery;
                taken.push(waiting);
            }
        }
        if end {
            self.seen = self.seen.max(upto);
        }
        self.missing = self.missing.filter(|missing| *missing > self.seen);
        taken
    }

    pub(crate) fn parked(&self) -> usize {
        self.parked.len() + self.reloading.len()
    }

    pub(crate) fn park(
        &mut self,
        delivery: DeliveryId,
        due: Mono,
        lane: LaneKey,
        seq: Option<u64>,
    ) {
        self.insert(delivery, due, Some((lane, seq)));
    }

    fn insert(&mut self, delivery: DeliveryId, due: Mono, place: Place) {
        if let Some((before, _)) = self.parked.insert(delivery, (due, place)) {
            self.due.remove(&(before, delivery));
        }
        self.due.insert((due, delivery));
    }

    /// Gives those for which there is no room.
    pub(crate) fn on_released(
        &mut self,
        now: Mono,
        deliveries: Vec<DeliveryId>,
        max: usize,
    ) -> Vec<DeliveryId> {
        let mut left = Vec::new();
        for delivery in deliveries {
            if delivery > self.seen && self.missing.is_some() {
                // A page will bring it.
                continue;
            }
            if self.parked() >= max {
                left.push(delivery);
            } else if !self.reloading.contains_key(&delivery) {
                let place = self.parked.get(&delivery).and_then(|(_, place)| *place);
                self.insert(delivery, now, place);
            }
        }
        left
    }

    /// Takes what was asked for.
    pub(crate) fn on_reloaded(&mut self) -> BTreeMap<DeliveryId, Place> {
        std::mem::take(&mut self.reloading)
    }

    pub(crate) fn drain_parked(&mut self) -> impl Iterator<Item = DeliveryId> + use<> {
        self.due.clear();
        std::mem::take(&mut self.parked).into_keys()
    }

    pub(crate) fn paused_until(&self) -> Option<Mono> {
        self.paused_until
    }

    /// The journal could not be read. Gives when to ask again.
    pub(crate) fn on_failed(&mut self, now: Mono) -> Mono {
        let again = now + PAUSE;
        self.asked = None;
        for (delivery, place) in std::mem::take(&mut self.reloading) {
            self.insert(delivery, again, place);
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
                let place = self.parked.remove(&delivery).and_then(|(_, place)| place);
                self.reloading.insert(delivery, place);
                deliveries.push(delivery);
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
