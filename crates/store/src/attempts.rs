//! The evidence of deliveries: one file a day, written apart from the journal.
//!
//! The journal alone says what is still to be sent. These files say what was sent and answered; a crash
//! may cost their last second, and retention is deleting whole files.

mod counts;
mod day;
mod filter;
mod reader;
mod row;
mod writer;

use bytes::Bytes;
use offhook_base::{DeliveryId, EventRecord, Wall, WebhookId};

pub use counts::{DeliveryCounts, EndedInHour};
pub(crate) use counts::{OfRoot, id_list};
pub use filter::DeliveryFilter;
pub use reader::{DELIVERIES_OF_ROOT, DeliveryPage, DeliveryReader};
pub use writer::{AttemptsHandle, AttemptsWriter, EvidenceDropped};

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DeliveryState {
    /// To be sent.
    Pending,
    /// Its webhook is switched off.
    Held,
    /// Accepted by the receiver.
    Delivered,
    /// Refused for good, or the last attempt failed.
    Failed,
    /// Given up for its age.
    Expired,
}

/// A delivery that is over.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FinishedDelivery {
    /// The delivery.
    pub id: DeliveryId,
    /// Where it went.
    pub webhook: WebhookId,
    /// What was sent.
    pub event: EventRecord,
    /// `seq` of the previous event of this root meant for this webhook.
    pub prev_seq: u64,
    /// `Delivered`, `Failed` or `Expired`.
    pub state: DeliveryState,
    /// Why it was not delivered, in words.
    pub reason: Option<String>,
    /// It repeated a delivery that was finished.
    pub replayed: bool,
    /// When it was over.
    pub finished_at: Wall,
}

/// One HTTP request to a webhook and what came of it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct AttemptRecord {
    /// The delivery.
    pub delivery: DeliveryId,
    /// 1, 2, 3 …
    pub n: u32,
    /// When the request began.
    pub at: Wall,
    /// How long it took.
    pub ms: u32,
    /// Status of the answer, where one came.
    pub status: Option<u16>,
    /// Why there was none, in words.
    pub error: Option<String>,
    /// Headers sent. Values of `Authorization` and `Cookie` are not kept.
    pub request_headers: Vec<(String, String)>,
    /// Headers received.
    pub response_headers: Vec<(String, String)>,
    /// The answer's body, as much of it as was read.
    pub response_body: Bytes,
}

/// A delivery with all that is known of it, finished or not.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DeliveryRow {
    /// The delivery.
    pub id: DeliveryId,
    /// Where it goes.
    pub webhook: WebhookId,
    /// The event.
    pub event: EventRecord,
    /// `seq` of the previous event of this root meant for this webhook.
    pub prev_seq: u64,
    /// Where it stands.
    pub state: DeliveryState,
    /// Why it was not delivered, in words.
    pub reason: Option<String>,
    /// It repeats a delivery that was finished.
    pub replayed: bool,
    /// When it is tried next; only while it is pending.
    pub next_attempt_at: Option<Wall>,
    /// When it was over.
    pub finished_at: Option<Wall>,
    /// Its attempts, as far as they are kept, oldest first.
    pub attempts: Vec<AttemptRecord>,
}

#[cfg(test)]
mod tests;
