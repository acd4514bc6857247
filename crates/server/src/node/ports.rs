//! What the API asks of the running node.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use offhook_api::ports::{
    CarrierText, DeliveryControl, DeliveryControlError, NewText, PortFuture, Readiness, Recover,
    TextControl, TextError,
};
use offhook_base::{DeliveryId, SmsId, WebhookId};
use offhook_call::{TextCommand, TextRefusal};
use offhook_store::{
    DeliveryChange, DeliveryFilter, DeliveryReader, DeliveryRow, DeliveryState, JournalHandle,
    JournalReader, Refused, StoreError, VerdictRow,
};
use tokio::sync::oneshot;

use super::call_thread::Gauges;
use super::clock;
use super::inbox::{CallInput, Inbox};

/// Texts, by way of the call thread.
#[derive(Debug)]
pub(crate) struct Texts {
    pub(crate) inbox: Inbox,
}

impl TextControl for Texts {
    fn send(&self, text: NewText) -> PortFuture<'_, Result<SmsId, TextError>> {
        let NewText {
            by,
            for_others,
            from,
            to,
            text,
        } = text;
        Box::pin(self.ask(TextCommand::Send {
            by,
            for_others,
            from,
            to,
            text,
        }))
    }

    fn receive(&self, text: CarrierText) -> PortFuture<'_, Result<SmsId, TextError>> {
        let CarrierText { from, to, text } = text;
        Box::pin(self.ask(TextCommand::Inbound { from, to, text }))
    }
}

impl Texts {
    async fn ask(&self, command: TextCommand) -> Result<SmsId, TextError> {
        let (reply, answer) = oneshot::channel();
        self.inbox
            .try_send(CallInput::Text { command, reply })
            .map_err(|_| TextError::Unavailable)?;
        match answer.await {
            Ok(Ok(text)) => Ok(text),
            Ok(Err(TextRefusal::Empty)) => Err(TextError::Empty),
            Ok(Err(TextRefusal::NotYours)) => Err(TextError::NotYours),
            Ok(Err(TextRefusal::TooLong)) => Err(TextError::TooLong),
            Ok(Err(TextRefusal::UnknownNumber)) => Err(TextError::UnknownNumber),
            Ok(Err(TextRefusal::Unavailable)) | Err(_) => Err(TextError::Unavailable),
        }
    }
}

/// Whether calls can be taken.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) gauges: Arc<Gauges>,
}

impl Readiness for Ready {
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.gauges.stalled.load(Ordering::Relaxed) {
            faults.push("commits to the journal are stalled: new calls get 503".to_owned());
        }
        if self.gauges.disk_full.load(Ordering::Relaxed) {
            faults.push("the disk is full: new calls get 503".to_owned());
        }
        faults
    }
}

/// Sends deliveries again: each is a new delivery of the old event, with the same event id.
#[derive(Clone, Debug)]
pub(crate) struct Deliveries {
    pub(crate) journal: JournalHandle,
    pub(crate) events: Arc<JournalReader>,
    pub(crate) reader: Arc<DeliveryReader>,
}

impl Deliveries {
    pub(crate) fn new(
        journal: &JournalHandle,
        events: Arc<JournalReader>,
        reader: Arc<DeliveryReader>,
    ) -> Self {
        let journal = journal.clone();
        Self {
            journal,
            events,
            reader,
        }
    }
}

/// Deliveries read at a time while recovering many.
const PAGE: usize = 1_000;
/// How long to wait for room in the journal's queue.
const ROOM: Duration = Duration::from_millis(20);

impl DeliveryControl for Deliveries {
    fn resend(&self, delivery: DeliveryId) -> PortFuture<'_, Result<(), DeliveryControlError>> {
        let this = self.clone();
        Box::pin(async move {
            let work = move || {
                let row = this
                    .reader
                    .get(delivery)
                    .map_err(refused)?
                    .ok_or(DeliveryControlError::NotFound)?;
                if row.state == DeliveryState::Pending {
                    return Err(DeliveryControlError::Conflict);
                }
                this.again(&row)
            };
            tokio::task::spawn_blocking(work)
                .await
                .unwrap_or(Err(DeliveryControlError::Unavailable))
        })
    }

    fn recover(
        &self,
        webhook: WebhookId,
        which: Recover,
    ) -> PortFuture<'_, Result<u64, DeliveryControlError>> {
        let this = self.clone();
        Box::pin(async move {
            let work = move || this.recover_all(webhook, which);
            tokio::task::spawn_blocking(work)
                .await
                .unwrap_or(Err(DeliveryControlError::Unavailable))
        })
    }
}

impl Deliveries {
    /// Makes a new delivery of the event that `row` carried.
    fn again(&self, row: &DeliveryRow) -> Result<(), DeliveryControlError> {
        let event = self
            .events
            .event_by_id(row.event.root, &row.event.id)
            .map_err(refused)?
            .ok_or(DeliveryControlError::NotFound)?;
        let now = clock::now().wall;
        self.journal
            .redeliver(row.webhook, event.pos, row.prev_seq, now)
            .map_err(|_| DeliveryControlError::Unavailable)
    }

    fn recover_all(&self, webhook: WebhookId, which: Recover) -> Result<u64, DeliveryControlError> {
        let states: &[DeliveryState] = if which.all {
            &[
                DeliveryState::Delivered,
                DeliveryState::Failed,
                DeliveryState::Expired,
                DeliveryState::Held,
            ]
        } else {
            &[
                DeliveryState::Failed,
                DeliveryState::Expired,
                DeliveryState::Held,
            ]
        };
        let mut rows = Vec::new();
        for state in states {
            let filter = DeliveryFilter {
                webhook: Some(webhook),
                state: Some(*state),
                since: Some(which.since),
                until: which.until,
                ..DeliveryFilter::default()
            };
            for page in 1.. {
                let found = self.reader.list(&filter, page, PAGE).map_err(refused)?;
                let last = found.rows.len() < PAGE;
                rows.extend(found.rows);
                if last {
                    break;
                }
            }
        }
        let count = rows.len() as u64;
        if which.dry_run {
            return Ok(count);
        }
        // Oldest first, so that the lanes get them in the order of their events.
        rows.sort_by_key(|row| row.id);
        for row in &rows {
            while self.again(row) == Err(DeliveryControlError::Unavailable) {
                std::thread::sleep(ROOM);
            }
            if row.state == DeliveryState::Held {
                self.finish_held(row.id);
            }
        }
        Ok(count)
    }

    /// A held delivery that was sent again as a new one is over.
    fn finish_held(&self, delivery: DeliveryId) {
        let row = VerdictRow {
            delivery,
            change: DeliveryChange::Finished,
        };
        while self.journal.verdict(row) == Err(Refused::Full) {
            std::thread::sleep(ROOM);
        }
    }
}

fn refused(error: StoreError) -> DeliveryControlError {
    if matches!(error, StoreError::NotFound) {
        return DeliveryControlError::NotFound;
    }
    tracing::error!(%error, "deliveries cannot be read");
    DeliveryControlError::Unavailable
}
