//! The ways into the shell. None of them waits, and none is unbounded.

use std::collections::BTreeMap;
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use offhook_base::{DeliveryId, JournalPos, WebhookId};
use offhook_delivery::{Attempt, EndpointChange, Waiting};
use tokio::sync::{Notify, mpsc, oneshot};

use super::client::Exchange;

/// What comes in by the queue.
#[derive(Debug)]
pub(super) enum Input {
    /// Committed just now, in this order.
    Committed(Vec<Waiting>),
    /// Pending in the journal.
    Released(WebhookId, DeliveryId),
    /// A request outside of every lane.
    Test(Box<Attempt>, oneshot::Sender<Exchange>),
}

/// The senders' side.
#[derive(Clone, Debug)]
pub(super) struct Inbox {
    queue: mpsc::Sender<Input>,
    shared: Arc<Shared>,
}

/// The shell's side.
#[derive(Debug)]
pub(super) struct Inputs {
    pub(super) queue: mpsc::Receiver<Input>,
    pub(super) signals: Signals,
}

/// What is not queued, because only the last word counts.
#[derive(Debug)]
pub(super) struct Signals(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    wake: Notify,
    projected: AtomicU64,
    stop: AtomicBool,
    /// What did not fit, and the last word on each webhook. Held for moments only.
    rest: Mutex<Rest>,
}

/// One entry a webhook at most: a later change of a webhook replaces an earlier one.
#[derive(Debug, Default)]
pub(super) struct Rest {
    pub(super) changes: BTreeMap<Option<WebhookId>, EndpointChange>,
    pub(super) missed: Option<(DeliveryId, DeliveryId)>,
}

/// Batches that may wait for the shell.
const QUEUE: usize = 4_096;

impl Inbox {
    pub(super) fn new(projected: JournalPos) -> (Self, Inputs) {
        // Full: a batch is not lost but left to the journal, and the shell is told from where to read it (`missed`).
        let (sender, receiver) = mpsc::channel(QUEUE);
        let shared = Arc::<Shared>::default();
        shared.projected.store(projected.0, Ordering::Release);
        (
            Self {
                queue: sender,
                shared: Arc::clone(&shared),
            },
            Inputs {
                queue: receiver,
                signals: Signals(shared),
            },
        )
    }

    pub(super) fn committed(&self, batch: Vec<Waiting>) {
        let Some((from, upto)) = batch.first().zip(batch.last()) else {
            return;
        };
        let (from, upto) = (from.delivery, upto.delivery);
        if self.queue.try_send(Input::Committed(batch)).is_err() {
            self.missed(from, upto);
        }
    }

    pub(super) fn released(&self, endpoint: WebhookId, delivery: DeliveryId) {
        if self
            .queue
            .try_send(Input::Released(endpoint, delivery))
            .is_err()
        {
            self.missed(delivery, delivery);
        }
    }

    fn missed(&self, from: DeliveryId, upto: DeliveryId) {
        let mut rest = self.shared.lock();
        let (first, last) = rest.missed.unwrap_or((from, upto));
        rest.missed = Some((first.min(from), last.max(upto)));
        drop(rest);
        self.shared.wake.notify_one();
    }

    pub(super) fn change(&self, change: EndpointChange) {
        let of = match &change {
            EndpointChange::Enabled(_) => None,
            EndpointChange::Remove(id) => Some(*id),
            EndpointChange::Upsert(endpoint) => Some(endpoint.id),
        };
        self.shared.lock().changes.insert(of, change);
        self.shared.wake.notify_one();
    }

    pub(super) fn projected(&self, upto: JournalPos) {
        self.shared.projected.fetch_max(upto.0, Ordering::AcqRel);
        self.shared.wake.notify_one();
    }

    pub(super) fn stop(&self) {
        self.shared.stop.store(true, Ordering::Release);
        self.shared.wake.notify_one();
    }

    /// Waits for room, and then for the answer; `None` when the shell has ended.
    pub(super) async fn test(&self, attempt: Attempt) -> Option<Exchange> {
        let (reply, answer) = oneshot::channel();
        self.queue
            .send(Input::Test(Box::new(attempt), reply))
            .await
            .ok()?;
        answer.await.ok()
    }
}

impl Signals {
    /// Resolves when something other than the queue has changed.
    pub(super) async fn woken(&self) {
        self.0.wake.notified().await;
    }

    pub(super) fn rest(&self) -> Rest {
        mem::take(&mut *self.0.lock())
    }

    pub(super) fn projected(&self) -> JournalPos {
        JournalPos(self.0.projected.load(Ordering::Acquire))
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.0.stop.load(Ordering::Acquire)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Rest> {
        self.rest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_named_and_the_last_word_on_a_webhook_counts() {
        let (inbox, mut inputs) = Inbox::new(JournalPos(7));
        for n in 1..=u64::try_from(QUEUE).unwrap() + 3 {
            inbox.released(WebhookId(1), DeliveryId(n));
        }
        inbox.change(EndpointChange::Enabled(true));
        inbox.change(EndpointChange::Enabled(false));
        inbox.change(EndpointChange::Remove(WebhookId(4)));
        inbox.projected(JournalPos(5));
        let rest = inputs.signals.rest();
        assert_eq!(rest.missed, Some((DeliveryId(4_097), DeliveryId(4_099))));
        assert_eq!(rest.changes.len(), 2);
        assert!(matches!(
            rest.changes[&None],
            EndpointChange::Enabled(false)
        ));
        assert_eq!(
            inputs.signals.projected(),
            JournalPos(7),
            "the projector never goes back"
        );
        assert_eq!(inputs.signals.rest().missed, None);
        assert!(matches!(
            inputs.queue.try_recv(),
            Ok(Input::Released(_, DeliveryId(1)))
        ));
    }
}
