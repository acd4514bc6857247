//! The packets of one press.
//!
//! ```text
//!  new ──► Pressed ──┐ every 20 ms: a longer duration          ┌── 20 ms: the same packet again
//!             │ ▲────┘                                         │  │
//!             │ the duration is reached: E bit                 ▼──┘ sent three times
//!             └───────────────────────────────────────────► Ending ───────────────► Over
//! ```
//!
//! The packets take the place of sound in a stream, whose SSRC and numbering they go on with. After a stall the next
//! packet says what the duration is by then: nothing is made up for.

use std::fmt;
use std::time::Duration;

use offhook_base::Mono;

use super::Payload;
use crate::dtmf::Digit;
use crate::packet::{RTCP_CONFLICTS, VERSION};

/// Octets of a packet: header and payload.
pub const EVENT_OCTETS: usize = 16;

/// The stream that an event is sent in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct EventStream {
    /// Payload type that the receiver's SDP has for telephone-event.
    pub payload_type: u8,
    /// Units a second of that payload type's clock, which is the clock of the stream's sound (RFC 4733 section 2.1).
    pub clock_rate: u32,
    /// Of the stream.
    pub ssrc: u32,
    /// Of the event's first packet.
    pub sequence: u16,
    /// Where in the stream the event begins.
    pub timestamp: u32,
}

/// A stream in which no event can be sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum UnusableEventStream {
    /// Telephone-event has no such clock rate here: 8,000 to 48,000 are used.
    ClockRate(u32),
    /// No RTP packet may have the payload type (RFC 5761 section 4).
    PayloadType(u8),
}

impl fmt::Display for UnusableEventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClockRate(rate) => write!(f, "{rate} is no clock rate of telephone-event"),
            Self::PayloadType(number) => write!(f, "{number} is no payload type of RTP"),
        }
    }
}

impl std::error::Error for UnusableEventStream {}

/// Makes the packets of one press.
#[derive(Clone, Copy, Debug)]
pub struct EventSender {
    digit: Digit,
    stream: EventStream,
    began: Mono,
    due: Mono,
    /// Units of the whole press.
    total: u32,
    /// Units in the segments before the one that runs.
    before: u32,
    state: State,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// Whether the first packet is still to be sent.
    Pressed {
        first: bool,
    },
    /// How often the last packet is still to be sent.
    Ending {
        left: u8,
    },
    Over,
}

impl EventSender {
    /// How long a press is when nobody says: what phones send.
    pub const DEFAULT_DURATION: Duration = Duration::from_millis(100);

    /// A press whose first packet is due at once. Its duration is brought into 40 ms to 10 s: what is shorter no receiver
    /// has to hear (ITU-T Q.24), what is longer nobody means.
    ///
    /// # Errors
    /// When the stream has a payload type that no RTP packet may have, or a clock that telephone-event has not.
    pub fn new(
        now: Mono,
        digit: Digit,
        duration: Duration,
        stream: EventStream,
    ) -> Result<Self, UnusableEventStream> {
        if stream.payload_type >= MARKER || RTCP_CONFLICTS.contains(&stream.payload_type) {
            return Err(UnusableEventStream::PayloadType(stream.payload_type));
        }
        if !CLOCK_RATES.contains(&stream.clock_rate) {
            return Err(UnusableEventStream::ClockRate(stream.clock_rate));
        }
        let duration = duration.clamp(SHORTEST, LONGEST);
        Ok(Self {
            digit,
            stream,
            began: now,
            due: now,
            total: ticks(duration, stream.clock_rate),
            before: 0,
            state: State::Pressed { first: true },
        })
    }

    /// When the next packet is due; `None` when all are sent.
    #[must_use]
    pub const fn next_timeout(&self) -> Option<Mono> {
        match self.state {
            State::Pressed { .. } | State::Ending { .. } => Some(self.due),
            State::Over => None,
        }
    }

    /// Units a second of the stream's clock.
    #[must_use]
    pub const fn clock_rate(&self) -> u32 {
        self.stream.clock_rate
    }

    /// Sequence number of the stream's next packet, of the event or of what comes after it.
    #[must_use]
    pub const fn next_sequence(&self) -> u16 {
        self.stream.sequence
    }

    /// Writes one packet that is due; false when none is. To be called until `next_timeout` lies ahead. Never allocates.
    pub fn handle_timeout(&mut self, now: Mono, packet: &mut [u8; EVENT_OCTETS]) -> bool {
        if self.next_timeout().is_none_or(|due| now < due) {
            return false;
        }
        match self.state {
            State::Pressed { first } => {
                let reached = ticks((now - self.began) + FRAME, self.stream.clock_rate);
                let reached = reached.min(self.total);
                if let Ok(in_segment) = u16::try_from(reached - self.before) {
                    let end = reached == self.total;
                    self.write(first, end, in_segment, packet);
                    self.due = self.began + next_frame(now - self.began);
                    self.state = if end {
                        State::Ending {
                            left: END_PACKETS - 1,
                        }
                    } else {
                        State::Pressed { first: false }
                    };
                } else {
                    self.write(first, false, u16::MAX, packet);
                    self.before += u32::from(u16::MAX);
                    self.stream.timestamp = self.stream.timestamp.wrapping_add(u16::MAX.into());
                    self.state = State::Pressed { first: false };
                }
            }
            State::Ending { left } => {
                let in_segment = u16::try_from(self.total - self.before).unwrap_or(u16::MAX);
                self.write(false, true, in_segment, packet);
                self.due = now + FRAME;
                self.state = if left > 1 {
                    State::Ending { left: left - 1 }
                } else {
                    State::Over
                };
            }
            State::Over => return false,
        }
        true
    }

    fn write(&mut self, marker: bool, end: bool, duration: u16, packet: &mut [u8; EVENT_OCTETS]) {
        let stream = &mut self.stream;
        let kind = stream.payload_type | if marker { MARKER } else { 0 };
        let [s0, s1] = stream.sequence.to_be_bytes();
        let [t0, t1, t2, t3] = stream.timestamp.to_be_bytes();
        let [c0, c1, c2, c3] = stream.ssrc.to_be_bytes();
        let payload = Payload {
            digit: self.digit,
            end,
            volume: VOLUME,
            duration,
        };
        let [p0, p1, p2, p3] = payload.write();
        *packet = [
            VERSION << 6,
            kind,
            s0,
            s1,
            t0,
            t1,
            t2,
            t3,
            c0,
            c1,
            c2,
            c3,
            p0,
            p1,
            p2,
            p3,
        ];
        stream.sequence = stream.sequence.wrapping_add(1);
    }
}

/// Units of a clock in a duration of some seconds.
fn ticks(duration: Duration, clock_rate: u32) -> u32 {
    let ticks = duration.as_nanos() * u128::from(clock_rate) / 1_000_000_000;
    u32::try_from(ticks).unwrap_or(u32::MAX)
}

/// The end of the frame that this far into the event is in.
fn next_frame(elapsed: Duration) -> Duration {
    let frames = elapsed.as_nanos() / FRAME.as_nanos() + 1;
    FRAME.saturating_mul(u32::try_from(frames).unwrap_or(u32::MAX))
}

const MARKER: u8 = 0x80;

const CLOCK_RATES: std::ops::RangeInclusive<u32> = 8_000..=48_000;

const FRAME: Duration = Duration::from_millis(20);

const SHORTEST: Duration = Duration::from_millis(40);

const LONGEST: Duration = Duration::from_secs(10);

/// RFC 4733 section 2.5.1.4.
const END_PACKETS: u8 = 3;

/// -10 dBm0, what most phones send.
const VOLUME: u8 = 10;
