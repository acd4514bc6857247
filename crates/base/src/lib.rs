//! What every other crate of Offhook agrees on: identifiers, time as a value, secrets that cannot be
//! printed, and the two records in which `call` and `delivery` meet without knowing each other.
//!
//! It refuses to know SIP, HTTP, SQL, a clock or a source of randomness; `serde` is its only dependency.

mod event;
mod ids;
mod language;
mod record;
mod recording;
mod secret;
mod sms;
mod sound_use;
mod time;

pub use event::{EventName, UnknownEventName};
pub use ids::{
    CallId, DdiId, DeliveryId, JournalPos, PhoneId, QueueId, RecordingId, RingGroupId, SmsId,
    SoundId, TrunkId, UserId, WebhookId,
};
pub use language::Language;
pub use record::{
    Cause, CdrRecord, Disposition, EventRecord, FactRecord, Heard, Party, Quality, TerminatedBy,
};
pub use recording::{Audio, RecordingKind, RecordingRecord, RecordingStart};
pub use secret::{Pii, Secret};
pub use sms::{SmsDirection, SmsRecord, SmsStatus};
pub use sound_use::SoundUse;
pub use time::{Mono, Now, Wall};
