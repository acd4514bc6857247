//! Keys as packets of their own: the named events of RFC 4733.
//!
//! What is known of an event stands in every packet of it, with a duration that grows; the last packet has the E bit and
//! is sent three times. [`EventReceiver`] makes one press of all that, [`EventSender`] the packets of one press.

mod receiver;
mod sender;

pub use receiver::{EventPacket, EventReceiver};
pub use sender::{EVENT_OCTETS, EventSender, EventStream, UnusableEventStream};

use super::Digit;

/// The payload of a packet (RFC 4733 section 2.3).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Payload {
    digit: Digit,
    /// The E bit.
    end: bool,
    /// 0 to 63 for 0 to -63 dBm0.
    volume: u8,
    /// In units of the stream's clock, from the packet's timestamp.
    duration: u16,
}

impl Payload {
    /// The first event of a payload; `None` when it is cut or no key. A packet of several events (section 2.5.1.5) has
    /// them without pauses between, which keys cannot be.
    fn parse(octets: &[u8]) -> Option<Self> {
        let ([event, flags, d0, d1], _) = octets.split_first_chunk::<4>()?;
        Some(Self {
            digit: Digit::from_event(*event)?,
            end: flags & END != 0,
            volume: flags & MAX_VOLUME,
            duration: u16::from_be_bytes([*d0, *d1]),
        })
    }

    fn write(self) -> [u8; 4] {
        let end = if self.end { END } else { 0 };
        let [d0, d1] = self.duration.to_be_bytes();
        [
            self.digit.event(),
            end | self.volume.min(MAX_VOLUME),
            d0,
            d1,
        ]
    }
}

const END: u8 = 0x80;

const MAX_VOLUME: u8 = 0x3f;

#[cfg(test)]
mod tests;
