//! Keys that somebody pressed: which they are, and how they are told.
//!
//! A key reaches us in up to three ways: as packets of their own (RFC 4733, [`EventReceiver`]), as tones in the sound
//! ([`ToneDetector`]), and as SIP INFO, which others read. Each way tells a press once; that the same press by two ways counts
//! once is the business of who owns the call.

mod digit;
mod telephone_event;
mod tones;

pub use digit::{Digit, UnknownDigit};
pub use telephone_event::{
    EVENT_OCTETS, EventPacket, EventReceiver, EventSender, EventStream, UnusableEventStream,
};
pub use tones::{Tone, ToneDetector};

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

/// How far apart one press may be heard in two ways: INFO is sent when the key is let go, and may be sent again.
pub const SAME_PRESS: Duration = Duration::from_secs(2);
