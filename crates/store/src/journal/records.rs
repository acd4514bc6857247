//! What goes into the journal and comes out of it.

use std::sync::Arc;

use offhook_base::{CallId, DeliveryId, EventRecord, FactRecord, JournalPos, Wall, WebhookId};

/// One delivery of a fact, already routed; its row is committed with the fact.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RoutedDelivery {
    /// Never reused.
    pub id: DeliveryId,
    /// Where it goes.
    pub webhook: WebhookId,
    /// `seq` of the previous event of this root meant for this webhook; 0 when this is the first.
    pub prev_seq: u64,
    /// The webhook is switched off: the delivery is kept but not sent.
    pub held: bool,
}

/// A fact with the deliveries it causes.
#[derive(Clone, Debug)]
pub struct RoutedFact {
    /// What happened.
    pub fact: FactRecord,
    /// Its deliveries, in the order of their ids.
    pub deliveries: Vec<RoutedDelivery>,
}

/// What became of a delivery after an attempt, or by an admin's switch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DeliveryChange {
    /// Delivered, failed or expired: the row goes; the evidence is in the attempts file.
    Finished,
    /// The webhook was switched off: kept, not sent.
    Held,
    /// To be sent at `due`; also what turns a held delivery into a waiting one.
    Pending {
        /// Attempts made.
        attempts: u32,
        /// When to try next.
        due: Wall,
    },
}

/// A verdict as the journal keeps it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct VerdictRow {
    /// The delivery.
    pub delivery: DeliveryId,
    /// Its new state.
    pub change: DeliveryChange,
}

/// A committed event sent again to one webhook, on demand: a new delivery of an old fact.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Redelivery {
    /// The new delivery's id.
    pub id: DeliveryId,
    /// Where it goes.
    pub webhook: WebhookId,
    /// The fact.
    pub pos: JournalPos,
    /// As it was in the first delivery.
    pub prev_seq: u64,
    /// When to send it.
    pub due: Wall,
}

/// Everything that one transaction commits.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Facts in order; their positions are given in this order.
    pub facts: Vec<RoutedFact>,
    /// Verdicts on deliveries of earlier batches.
    pub verdicts: Vec<VerdictRow>,
    /// Events to be sent again. One whose fact was purged meanwhile is left out.
    pub redeliveries: Vec<Redelivery>,
    /// Call counters below this one may be given out once the batch is committed.
    pub reserve_call_ids: Option<u64>,
}

impl Batch {
    /// Whether there is nothing to commit.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.facts.is_empty()
            && self.verdicts.is_empty()
            && self.redeliveries.is_empty()
            && self.reserve_call_ids.is_none()
    }
}

/// Where a committed batch stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Committed {
    /// Position of the batch's first fact; the others follow without a gap.
    pub first: JournalPos,
    /// How many facts it had.
    pub facts: usize,
}

/// A call that was open when the process ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OpenCall {
    /// The call.
    pub call: CallId,
    /// Its root.
    pub root: CallId,
    /// The state its owner saved with its last fact.
    pub snapshot: Arc<[u8]>,
    /// Number of the last event of its root.
    pub last_seq: u64,
}

/// The last `seq` of a root that was routed to a webhook.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct LanePosition {
    /// The root call.
    pub root: CallId,
    /// The webhook.
    pub webhook: WebhookId,
    /// What the next delivery of this lane gets as `prev_seq`.
    pub seq: u64,
}

/// What a start finds in the journal.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Recovered {
    /// Calls to resume or to close, by id.
    pub open_calls: Vec<OpenCall>,
    /// Position of the next fact.
    pub next_pos: JournalPos,
    /// Call counters from here on were never given out.
    pub next_call_id: u64,
    /// Delivery ids from here on were never given out.
    pub next_delivery: DeliveryId,
    /// Lanes of the roots that are still open.
    pub lanes: Vec<LanePosition>,
    /// Deliveries not finished, held ones included.
    pub unfinished: u64,
}

/// A fact read back, as an event.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoredEvent {
    /// Its place in the journal.
    pub pos: JournalPos,
    /// The event as published.
    pub event: EventRecord,
}

/// Whether an unfinished delivery is to be sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum UnfinishedState {
    /// To be sent when due.
    Pending,
    /// The webhook is switched off.
    Held,
}

/// A delivery that is not finished, with its event.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UnfinishedDelivery {
    /// The delivery.
    pub id: DeliveryId,
    /// Where it goes.
    pub webhook: WebhookId,
    /// The event and its place.
    pub event: StoredEvent,
    /// `seq` of the previous event of this root meant for this webhook.
    pub prev_seq: u64,
    /// Attempts made.
    pub attempts: u32,
    /// When to try next.
    pub due: Wall,
    /// To be sent, or held.
    pub state: UnfinishedState,
    /// It repeats a delivery that was finished.
    pub replayed: bool,
}

/// Unfinished deliveries of one webhook.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Backlog {
    /// The webhook.
    pub webhook: WebhookId,
    /// Waiting to be sent.
    pub pending: u64,
    /// Kept, not sent.
    pub held: u64,
}

/// What became of one round of purging.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Purged {
    /// Facts deleted.
    pub deleted: u64,
    /// Where the next round goes on; `None` when all old facts were looked at.
    pub more: Option<JournalPos>,
}
