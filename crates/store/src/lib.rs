//! The only crate that knows SQL: the journal, the evidence of deliveries, captures, configuration, CDRs.
//!
//! Each kind of data has a file of its own, so that losing captures never harms a call, and each file has
//! one writer. It refuses to know SIP, HTTP and what a call's snapshot means.

mod error;
mod journal;
mod migrate;

pub use error::StoreError;
pub use journal::{
    Backlog, Batch, Checkpoint, Checkpointer, CommitReport, CommitSink, Committed, CommittedFact,
    DeliveryChange, Journal, JournalHandle, JournalReader, JournalWriter, LanePosition, OpenCall,
    ProjectedFact, Purged, Recovered, Redelivery, Refused, Route, RoutedDelivery, RoutedFact,
    Router, StoredEvent, UnfinishedDelivery, UnfinishedState, VerdictRow,
};
