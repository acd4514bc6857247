//! Routing in the writer: delivery ids and `prev_seq`.

use std::collections::HashMap;

use offhook_base::{CallId, DeliveryId, FactRecord, WebhookId};

use super::{Route, Router};
use crate::journal::{LanePosition, RoutedDelivery, RoutedFact};

/// The router, and for each open root the last `seq` that each webhook was routed.
pub(super) struct Lanes {
    router: Box<dyn Router>,
    routes: Vec<Route>,
    last: HashMap<CallId, Vec<(WebhookId, u64)>>,
}

impl Lanes {
    pub(super) fn new(recovered: &[LanePosition], router: Box<dyn Router>) -> Self {
        let mut last: HashMap<CallId, Vec<(WebhookId, u64)>> = HashMap::new();
        for lane in recovered {
            last.entry(lane.root)
                .or_default()
                .push((lane.webhook, lane.seq));
        }
        Self {
            router,
            routes: Vec::new(),
            last,
        }
    }

    pub(super) fn set_router(&mut self, router: Box<dyn Router>) {
        self.router = router;
    }

    pub(super) fn route(&mut self, fact: FactRecord, next_delivery: &mut u64) -> RoutedFact {
        self.routes.clear();
        self.router.route(&fact.event, &mut self.routes);
        let mut deliveries = Vec::with_capacity(self.routes.len());
        for route in &self.routes {
            let prev_seq = match fact.event.seq {
                Some(seq) => advance(&mut self.last, fact.event.root, route.webhook, seq),
                None => 0,
            };
            deliveries.push(RoutedDelivery {
                id: DeliveryId(*next_delivery),
                webhook: route.webhook,
                prev_seq,
                held: route.held,
            });
            *next_delivery = next_delivery.saturating_add(1);
        }
        if fact.event.is_final {
            self.last.remove(&fact.event.root);
        }
        RoutedFact { fact, deliveries }
    }

    /// Roots whose last event is still to come.
    #[cfg(test)]
    pub(super) fn open_roots(&self) -> usize {
        self.last.len()
    }
}

/// Sets the lane to `seq` and returns what it was.
fn advance(
    last: &mut HashMap<CallId, Vec<(WebhookId, u64)>>,
    root: CallId,
    webhook: WebhookId,
    seq: u64,
) -> u64 {
    let lanes = last.entry(root).or_default();
    match lanes.iter_mut().find(|(of, _)| *of == webhook) {
        Some((_, at)) => std::mem::replace(at, seq),
        None => {
            lanes.push((webhook, seq));
            0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use offhook_base::{EventName, EventRecord, Wall};

    #[test]
    fn a_finished_root_leaves_nothing_behind() {
        let all = |_: &EventRecord, routes: &mut Vec<Route>| {
            routes.push(Route {
                webhook: WebhookId(1),
                held: false,
            });
        };
        let mut lanes = Lanes::new(&[], Box::new(all));
        let mut next = 1;
        let mut prev = |seq, name: EventName| {
            let event = EventRecord {
                id: "n1.1".into(),
                root: CallId(1),
                call: CallId(1),
                seq,
                name,
                context: "LOCAL_USER".into(),
                is_final: name.is_last(),
                at: Wall(0),
                body: Vec::new().into(),
            };
            let routed = lanes.route(
                FactRecord {
                    event,
                    snapshot: None,
                    cdr: None,
                    sms: None,
                    recording: None,
                },
                &mut next,
            );
            (routed.deliveries[0].prev_seq, lanes.open_roots())
        };
        assert_eq!(
            prev(None, EventName::QueueWrapup),
            (0, 0),
            "what has no seq opens no lane"
        );
        assert_eq!(prev(Some(1), EventName::CallInitial), (0, 1));
        assert_eq!(prev(Some(2), EventName::CallHangup), (1, 0));
    }
}
