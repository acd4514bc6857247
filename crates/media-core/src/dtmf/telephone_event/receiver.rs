//! The presses in one direction of a call.
//!
//! ```text
//!         a packet that no event is known by
//!  (none) ──────────────────────────────────► Open ──┐ longer, a next segment, another source
//!                                              │ ▲───┘
//!       E bit, silence, or another event begins │
//!                                              ▼
//!                                            Ended ── poll_press ──► Told ── forgotten 5 s after its last packet
//! ```
//!
//! An event is known by its source, its timestamp and its key (section 2.5.1.2): whatever comes for one that has ended is
//! late or a repetition. A press is told at its end because only then its duration is known; the end of one that lost
//! its last packets is where they stop.

use std::time::Duration;

use offhook_base::Mono;

use super::Payload;
use crate::dtmf::{Digit, Press};

/// A packet of a payload type that was negotiated as telephone-event.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct EventPacket<'a> {
    /// Its synchronisation source.
    pub ssrc: u32,
    /// When the event, or this segment of it, began.
    pub timestamp: u32,
    /// Whether it says to be the first of an event.
    pub marker: bool,
    /// Units a second of its payload type's clock: 8,000, 16,000 or 48,000.
    pub clock_rate: u32,
    /// What follows its header.
    pub payload: &'a [u8],
}

/// Makes presses of the packets of one direction, over all its sources and payload types.
#[derive(Clone, Copy, Debug, Default)]
pub struct EventReceiver {
    /// Newest first.
    events: [Option<Event>; REMEMBERED],
}

impl EventReceiver {
    /// Takes a packet; then presses may wait in [`Self::poll_press`]. What is no event of a key changes nothing.
    pub fn handle_packet(&mut self, now: Mono, packet: &EventPacket<'_>) {
        self.handle_timeout(now);
        let Some(payload) = Payload::parse(packet.payload) else {
            return;
        };
        if packet.clock_rate == 0 {
            return;
        }
        let known = self
            .events
            .iter_mut()
            .flatten()
            .find(|event| event.covers(now, packet, payload.digit));
        if let Some(event) = known {
            event.on_packet(now, packet, payload);
            return;
        }
        if let Some(event) = self.events.iter_mut().flatten().next()
            && event.goes_on_in(now, packet, payload)
        {
            event.on_continuation(packet);
            event.on_packet(now, packet, payload);
            return;
        }
        self.begin(now, packet, payload);
    }

    /// When an event is over for lack of packets.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Mono> {
        self.events
            .iter()
            .flatten()
            .filter(|event| event.state == State::Open)
            .map(Event::deadline)
            .min()
    }

    /// Ends what is over for lack of packets.
    pub fn handle_timeout(&mut self, now: Mono) {
        for event in self.events.iter_mut().flatten() {
            if event.state == State::Open && event.deadline() <= now {
                event.state = State::Ended;
            }
        }
    }

    /// The oldest press that is over and was not told yet. To be asked after each packet and timeout until there is none:
    /// one packet can end two.
    pub fn poll_press(&mut self) -> Option<Press> {
        let event = self
            .events
            .iter_mut()
            .rev()
            .flatten()
            .find(|event| event.state == State::Ended)?;
        event.state = State::Told;
        Some(event.press())
    }

    fn begin(&mut self, now: Mono, packet: &EventPacket<'_>, payload: Payload) {
        for event in self.events.iter_mut().flatten() {
            if event.state == State::Open {
                event.state = State::Ended;
            }
        }
        self.events.rotate_right(1);
        if let Some(newest) = self.events.first_mut() {
            let mut event = Event::new(now, packet, payload.digit);
            event.on_packet(now, packet, payload);
            *newest = Some(event);
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Event {
    digit: Digit,
    at: Mono,
    last_packet: Mono,
    ssrc: u32,
    clock_rate: u32,
    /// Timestamp of the segment that runs (section 2.5.1.3).
    segment: u32,
    /// Units in the segments before it.
    before: u64,
    /// Units of this segment.
    ticks: u16,
    /// What it lasted under other sources at least.
    lasted: Duration,
    /// Whether its last packet has come, and not silence or another event has ended it.
    complete: bool,
    state: State,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Open,
    Ended,
    Told,
}

impl Event {
    const fn new(now: Mono, packet: &EventPacket<'_>, digit: Digit) -> Self {
        Self {
            digit,
            at: now,
            last_packet: now,
            ssrc: packet.ssrc,
            clock_rate: packet.clock_rate,
            segment: packet.timestamp,
            before: 0,
            ticks: 0,
            lasted: Duration::ZERO,
            complete: false,
            state: State::Open,
        }
    }

    /// Whether the packet is of one of the segments so far.
    fn covers(&self, now: Mono, packet: &EventPacket<'_>, digit: Digit) -> bool {
        let back = u64::from(self.segment.wrapping_sub(packet.timestamp));
        self.ssrc == packet.ssrc
            && self.digit == digit
            && back <= self.before.min(OLDEST_SEGMENT)
            && (self.state == State::Open || now - self.last_packet < MEMORY)
    }

    fn on_packet(&mut self, now: Mono, packet: &EventPacket<'_>, payload: Payload) {
        self.last_packet = now;
        if packet.timestamp != self.segment {
            return;
        }
        if packet.clock_rate != self.clock_rate {
            self.change_source(packet);
        }
        self.complete |= payload.end;
        if self.state == State::Open {
            self.ticks = self.ticks.max(payload.duration);
            if payload.end {
                self.state = State::Ended;
            }
        }
    }

    /// Whether a packet that begins something begins no event, but the next segment of this one, or the same event under
    /// another source or clock. Only what has the marker bit says to be new.
    fn goes_on_in(&self, now: Mono, packet: &EventPacket<'_>, payload: Payload) -> bool {
        if packet.marker || payload.digit != self.digit {
            return false;
        }
        if packet.ssrc != self.ssrc || packet.clock_rate != self.clock_rate {
            return now - self.last_packet < SILENCE && (!self.complete || payload.end);
        }
        if self.complete || now - self.last_packet >= MEMORY {
            return false;
        }
        // The last packet of a segment, which has the full duration, may be lost; some senders begin the next segment at
        // the packet's own time and so up to one packet late.
        let ahead = packet.timestamp.wrapping_sub(self.segment);
        let slack = packet.clock_rate / SLACK_A_SECOND;
        let full = LONG.max(u32::from(self.ticks))..=u32::from(u16::MAX).saturating_add(slack);
        full.contains(&ahead) || (self.ticks > 0 && ahead == u32::from(self.ticks))
    }

    fn on_continuation(&mut self, packet: &EventPacket<'_>) {
        if packet.ssrc == self.ssrc && packet.clock_rate == self.clock_rate {
            self.before += u64::from(packet.timestamp.wrapping_sub(self.segment));
            self.segment = packet.timestamp;
            self.ticks = 0;
        } else {
            self.change_source(packet);
        }
    }

    fn change_source(&mut self, packet: &EventPacket<'_>) {
        self.lasted = self.duration();
        self.before = 0;
        self.ticks = 0;
        self.ssrc = packet.ssrc;
        self.clock_rate = packet.clock_rate;
        self.segment = packet.timestamp;
    }

    fn deadline(&self) -> Mono {
        self.last_packet + SILENCE
    }

    fn duration(&self) -> Duration {
        let ticks = self.before + u64::from(self.ticks);
        let nanos = u128::from(ticks) * 1_000_000_000 / u128::from(self.clock_rate.max(1));
        self.lasted.max(Duration::from_nanos(
            u64::try_from(nanos).unwrap_or(u64::MAX),
        ))
    }

    fn press(&self) -> Press {
        Press {
            digit: self.digit,
            at: self.at,
            duration: self.duration(),
        }
    }
}

/// Events that late packets are known by. Only the newest can be open.
const REMEMBERED: usize = 4;

/// A sender updates an event every 20 to 50 ms (section 2.5.1.2): this is the loss of five of the slowest.
const SILENCE: Duration = Duration::from_millis(250);

/// How long after its last packet an event is known: no network delays by more, and then a sender whose timestamps stand
/// still may use the same again.
const MEMORY: Duration = Duration::from_secs(5);

/// How far back, in units, a segment is known; far from where timestamps wrap.
const OLDEST_SEGMENT: u64 = 1 << 24;

/// A distance between timestamps from which a lost end of a segment is likelier than a lost end of the press.
const LONG: u32 = 0x8000;

/// 60 ms: how late a next segment may begin.
const SLACK_A_SECOND: u32 = 16;
