//! What the node's threads tell the event streams. Where nobody watches it costs them one look at a counter.

use std::collections::BTreeMap;
use std::sync::Arc;

use offhook_api::feed::{DeliveryNotice, Feed, LastAttempt, Notice, RegistrationNotice};
use offhook_base::{DeliveryId, EventRecord, JournalPos};
use offhook_delivery::Verdict;
use offhook_store::{AttemptRecord, BindingChange, DeliveryState, RoutedDelivery};

use crate::delivery::VerdictRecord;

/// Attempts remembered until their verdict, which comes at once; more are only there when a verdict never came.
const REMEMBERED: usize = 4_096;

/// A fact was committed, and the live list has it. The call's end follows its last event: both wait for the CDR.
pub(crate) fn committed(
    feed: &Feed,
    pos: JournalPos,
    event: &Arc<EventRecord>,
    snapshot: Option<Arc<[u8]>>,
    deliveries: &[RoutedDelivery],
) {
    let (call, root, is_last) = (event.call, event.root, event.name.is_last());
    if let Some(snapshot) = snapshot {
        feed.publish(Notice::Call { call, snapshot });
    }
    feed.publish(Notice::Event {
        pos,
        event: Arc::clone(event),
    });
    if is_last {
        feed.publish(Notice::CallEnded { pos, call, root });
    }
    for routed in deliveries {
        feed.publish(Notice::Delivery(Arc::new(DeliveryNotice {
            id: routed.id,
            webhook: routed.webhook,
            event: Arc::clone(event),
            state: if routed.held {
                DeliveryState::Held
            } else {
                DeliveryState::Pending
            },
            attempts: 0,
            last: None,
            next_attempt_at: (!routed.held).then_some(event.at),
            replayed: false,
            reason: None,
        })));
    }
}

/// Registrations were stored.
pub(crate) fn registrations(feed: &Feed, changes: &[BindingChange]) {
    if !feed.is_watched() {
        return;
    }
    for change in changes {
        let (phone, contact) = match change {
            BindingChange::Put(binding) => (
                binding.phone,
                Some((binding.contact.clone(), binding.expires_at)),
            ),
            BindingChange::Gone { phone, .. } => (*phone, None),
        };
        feed.publish(Notice::Registration(Arc::new(RegistrationNotice {
            phone,
            contact,
        })));
    }
}

/// Joins each attempt with the verdict that follows it.
#[derive(Debug)]
pub(crate) struct Deliveries {
    feed: Arc<Feed>,
    last: BTreeMap<DeliveryId, LastAttempt>,
}

impl Deliveries {
    pub(crate) const fn new(feed: Arc<Feed>) -> Self {
        Self {
            feed,
            last: BTreeMap::new(),
        }
    }

    pub(crate) fn attempt(&mut self, attempt: &AttemptRecord) {
        if !self.feed.is_watched() {
            return;
        }
        if self.last.len() >= REMEMBERED {
            self.last.pop_first();
        }
        let last = LastAttempt {
            status: attempt.status,
            error: attempt.error.clone(),
            ms: attempt.ms,
        };
        self.last.insert(attempt.delivery, last);
    }

    pub(crate) fn verdict(&mut self, record: &VerdictRecord) {
        if !self.feed.is_watched() {
            return self.last.clear();
        }
        let (state, next_attempt_at, reason) = match record.verdict {
            Verdict::RetryAt(due) => (DeliveryState::Pending, Some(due), None),
            Verdict::Held => (DeliveryState::Held, None, None),
            Verdict::Delivered => (DeliveryState::Delivered, None, None),
            Verdict::Expired => (DeliveryState::Expired, None, None),
            Verdict::Failed(reason) => (DeliveryState::Failed, None, Some(reason.to_string())),
        };
        self.feed.publish(Notice::Delivery(Arc::new(DeliveryNotice {
            id: record.delivery,
            webhook: record.endpoint,
            event: Arc::clone(&record.event),
            state,
            attempts: record.attempts,
            last: self.last.remove(&record.delivery),
            next_attempt_at,
            replayed: record.replayed,
            reason,
        })));
    }
}

#[cfg(test)]
mod tests {
    use offhook_base::{CallId, EventName, Wall, WebhookId};
    use offhook_delivery::FailReason;

    use super::*;

    #[test]
    fn nobody_watches_so_nothing_is_kept() {
        let feed = Arc::new(Feed::new(JournalPos(0)));
        let mut deliveries = Deliveries::new(feed);
        deliveries.attempt(&attempt());
        assert!(deliveries.last.is_empty());
        deliveries.verdict(&verdict(Verdict::Failed(FailReason::Gone)));
        assert!(deliveries.last.is_empty());
    }

    #[test]
    fn a_verdict_is_told_with_the_attempt_before_it() {
        let feed = Arc::new(Feed::new(JournalPos(0)));
        let mut watching = feed.watch();
        let mut deliveries = Deliveries::new(Arc::clone(&feed));
        let mut told = |verdict| {
            deliveries.attempt(&attempt());
            deliveries.verdict(&self::verdict(verdict));
            match watching.try_recv() {
                Ok(Notice::Delivery(notice)) => notice,
                other => panic!("{other:?}"),
            }
        };
        let again = told(Verdict::RetryAt(Wall(5)));
        assert_eq!(
            (again.state, again.next_attempt_at, again.attempts),
            (DeliveryState::Pending, Some(Wall(5)), 1)
        );
        assert_eq!(again.last.as_ref().and_then(|last| last.status), Some(410));
        let failed = told(Verdict::Failed(FailReason::Gone));
        assert_eq!(failed.state, DeliveryState::Failed);
        assert!(failed.reason.is_some() && failed.next_attempt_at.is_none());
        for (verdict, state) in [
            (Verdict::Delivered, DeliveryState::Delivered),
            (Verdict::Expired, DeliveryState::Expired),
            (Verdict::Held, DeliveryState::Held),
        ] {
            let notice = told(verdict);
            assert_eq!((notice.state, notice.reason.as_ref()), (state, None));
        }
    }

    #[test]
    fn attempts_without_a_verdict_do_not_pile_up() {
        let feed = Arc::new(Feed::new(JournalPos(0)));
        let _watching = feed.watch();
        let mut deliveries = Deliveries::new(Arc::clone(&feed));
        for id in 0..10_000 {
            deliveries.attempt(&AttemptRecord {
                delivery: DeliveryId(id),
                ..attempt()
            });
        }
        assert_eq!(deliveries.last.len(), REMEMBERED);
    }

    fn attempt() -> AttemptRecord {
        AttemptRecord {
            delivery: DeliveryId(1),
            n: 1,
            at: Wall(0),
            ms: 3,
            status: Some(410),
            error: None,
            request_headers: Vec::new(),
            response_headers: Vec::new(),
            response_body: Vec::new().into(),
        }
    }

    fn verdict(verdict: Verdict) -> VerdictRecord {
        VerdictRecord {
            delivery: DeliveryId(1),
            endpoint: WebhookId(1),
            verdict,
            attempts: 1,
            event: Arc::new(EventRecord {
                id: "n1.0.1".into(),
                root: CallId(1),
                call: CallId(1),
                seq: Some(1),
                name: EventName::CallInitial,
                context: "LOCAL_USER".into(),
                is_final: false,
                at: Wall(0),
                body: b"{}".as_slice().into(),
            }),
            prev_seq: 0,
            replayed: false,
            at: Wall(0),
        }
    }
}
