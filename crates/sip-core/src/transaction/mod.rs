//! The four transactions of RFC 3261 17, as amended by RFC 6026.

mod timers;

pub(crate) use timers::Retransmit;
pub use timers::Timers;
