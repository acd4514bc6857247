//! The brain of the PBX: calls, legs, routing, facts.
//!
//! A call is an enum of phases; `handle` consumes a phase and gives the next. Effects come out in order: facts for
//! the journal, commands for the SIP stack, commands for the media shell. What tells a peer of a new state waits
//! behind the commit fence.
//!
//! The crate refuses to know sockets, clocks, disks, SQL and HTTP. One owner drives a [`Switch`]:
//!
//! ```text
//! loop {
//!     switch.handle_datagram(now, peer, octets);   // or _committed, _timeout, _hangup …
//!     while let Some(output) = switch.poll_output() { /* send, record, relay */ }
//!     wait until the next input or switch.next_timeout()
//! }
//! ```

mod bindings;
mod call_ids;
mod calls;
mod cause;
mod command;
mod config;
mod convey;
mod dialled;
mod directory;
mod effect;
mod event_id;
mod event_json;
mod fence;
mod figures;
mod guard;
mod hold;
mod keys;
mod limit;
mod mailbox;
mod media;
mod mwi;
mod numbers;
mod office;
mod pbx;
mod phase;
mod plan;
mod queue;
mod record;
mod restart;
mod secrecy;
mod sms;
mod star;
mod switch;
mod trunks;

pub use bindings::Bindings;
pub use call_ids::CallIds;
pub use command::{
    AgentState, ApiAnswer, ApiCommand, ApiRefusal, ApiReply, QueueLive, TransferParty,
};
pub use config::CallConfig;
pub use directory::{
    Ddi, DdiTarget, Directory, DirectoryChange, Extension, GroupStrategy, Phone, QueueConfig,
    QueueStrategy, RecordMode, RingGroup, Trunk, User,
};
pub use event_id::EventIds;
pub use guard::GuardConfig;
pub use limit::Network;
pub use mailbox::{MailboxAsk, MailboxList, MailboxNews, MailboxRequest};
pub use mwi::MessageCount;
pub use numbers::{Numbering, NumberingError, Outside};

pub use pbx::LegName;
pub use record::{CallRecord, CallState, Destination, Participant};
pub use restart::{UnreadableSnapshot, close_after_restart, recording_after_restart};
pub use secrecy::SrtpOffers;
pub use sms::{TextChange, TextCommand, TextRefusal, TextReply};
pub use star::AgentLogin;
pub use switch::{BindingChange, Output, Switch};
