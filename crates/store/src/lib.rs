//! The only crate that knows SQL: the journal, the evidence of deliveries, captures, configuration, CDRs.
//!
//! Each kind of data has a file of its own, so that losing captures never harms a call, and each file has
//! one writer. It refuses to know SIP, HTTP and what a call's snapshot means.

mod attempts;
mod bindings;
mod captures;
mod cdrs;
mod config;
mod deadline;
mod error;
pub mod filter;
mod journal;
mod migrate;
mod queue_day;
mod recordings;
mod sms;

pub use attempts::{
    AttemptRecord, AttemptsHandle, AttemptsWriter, DELIVERIES_OF_ROOT, DeliveryCounts,
    DeliveryFilter, DeliveryPage, DeliveryReader, DeliveryRow, DeliveryState, EndedInHour,
    EvidenceDropped, FinishedDelivery,
};
pub use bindings::{BindingChange, StoredBinding};
pub use captures::{
    CaptureHandle, CaptureReader, CaptureTransport, CaptureWriter, CapturedMessage, CapturesDropped,
};
pub use cdrs::{CDRS, Cdr, CdrScope, disposition, terminated_by};
pub use config::{
    ApiToken, ConfigDb, DDIS, Ddi, DdiPatch, DdiSpec, DdiTarget, GroupStrategy, MOST_SOUND_OCTETS,
    MOST_SOUNDS, NewPhone, NewSound, NewToken, NewUser, NewWebhook, Ordering, PHONES, Phone,
    PhoneAccount, QUEUES, Queue, QueueAgent, QueuePatch, QueueSpec, QueueStrategy, RING_GROUPS,
    RecordMode, Registration, RingGroup, RingGroupPatch, RingGroupSpec, Role, SOUNDS, Session,
    SettingsPatch, Sound, TOKENS, TRUNKS, Trunk, TrunkPatch, TrunkSpec, USERS, User, UserPatch,
    VOICEMAIL_AFTER, WEBHOOKS, Webhook, WebhookHealth, WebhookPatch, WebhookSecret, WebhookState,
};
pub use error::{Refused, StoreError};
pub use journal::{
    Backlog, Batch, Checkpoint, Checkpointer, CommitReport, CommitSink, Committed, CommittedFact,
    DeliveryChange, Journal, JournalHandle, JournalReader, JournalWriter, LanePosition, OpenCall,
    ProjectedFact, ProjectedRow, Purged, Recovered, Redelivery, Route, RoutedDelivery, RoutedFact,
    Router, StoredEvent, UnfinishedDelivery, UnfinishedState, VerdictRow,
};
pub use queue_day::QueueDay;
pub use recordings::{MONITORS, Recording, RecordingScope, VOICE_MESSAGES};
pub use sms::{SMS, SmsScope};
