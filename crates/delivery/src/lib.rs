//! The webhook brain: which event goes to which endpoint, when, signed how, and what an answer means.
//!
//! It refuses to know SIP, calls, HTTP clients, SQL, clocks and sockets. An event comes in as a
//! [`Waiting`] after it was committed; it leaves as an [`Attempt`] to be carried out by the owner, who reports an
//! [`Outcome`]; what becomes of the delivery is a [`Verdict`] for the journal.
//!
//! The loop that drives it:
//!
//! ```
//! use offhook_base::Now;
//! use offhook_delivery::{Engine, EngineConfig, Output};
//!
//! let mut engine = Engine::new(EngineConfig::new([7; 32], "0.1.0"));
//! let now = Now::default();
//! engine.handle_timeout(now);
//! while let Some(output) = engine.poll_output() {
//!     match output {
//!         Output::EndpointState { .. } | Output::NeedMore { .. } | Output::Reload { .. } => { /* ask or tell the store */ }
//!         Output::Send(_attempt) => { /* POST it, then engine.handle_outcome(...) */ }
//!         Output::Verdict { .. } => { /* to the journal */ }
//!     }
//! }
//! assert_eq!(engine.next_timeout(), None);
//! ```

mod address;
mod aimd;
mod breaker;
mod check;
mod endpoint;
mod engine;
mod headers;
mod judge;
mod lane;
mod output;
mod router;
mod sign;

pub use address::{AddressPolicy, Forbidden};
pub use check::{HeaderError, UrlError, check_headers, check_url};
pub use endpoint::{DisabledReason, Endpoint, EndpointChange, EndpointState, Health, Order};
pub use engine::{Engine, EngineConfig};
pub use headers::Header;
pub use judge::{FailReason, Outcome, Schedule, Verdict, judge, parse_retry_after};
pub use output::{Attempt, Output, Waiting};
pub use router::{Refusal, Route, Router, Subscriptions, Wishes};
pub use sign::{SecretError, SigningKey, sign};
