//! Keys that somebody pressed: which they are, and how they are told in RTP.
//!
//! A key reaches us in up to three ways: as packets of their own (RFC 4733, [`EventReceiver`]), as tones in the sound, and
//! as SIP INFO, of which this crate only learns the digit. Each way has its own machine here that tells a press once.

mod digit;
mod telephone_event;

pub use digit::{Digit, UnknownDigit};
pub use telephone_event::{
    EVENT_OCTETS, EventPacket, EventReceiver, EventSender, EventStream, UnusableEventStream,
};

use std::time::Duration;

use offhook_base::Mono;

/// One press of a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Press {
    /// The key.
    pub digit: Digit,
    /// When we first learnt of it.
    pub at: Mono,
    /// How long it was held, as far as it is known.
    pub duration: Duration,
}
