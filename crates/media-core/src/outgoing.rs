//! What one phone hears: one RTP stream, whoever speaks (RFC 3550 section 7.1, a translator that keeps one source).
//!
//! ```text
//!            first packet, as it is       same source: by the offsets
//!  (nothing) ──────────────────────► Current ──┐
//!                                     ▲  ▲─────┘
//!                                     └── another source: the numbering goes on, with the marker
//! ```
//!
//! After music, a transfer or a change of SSRC the phone would see another source with unrelated numbers; many take
//! seconds to believe it, and some never do. So the first source passes untouched, and each later one is renumbered to
//! follow it. Only a change of the voice's clock rate begins anew, because one source has one clock (RFC 7160 section 4.1).
//!
//! Keys may have a clock of their own beside a voice's (telephone-event/8000 beside opus/48000). They are part of the stream all
//! the same: once it is renumbered, each press has the timestamp of its moment by the voice's clock. What they say of their own
//! duration stays in the units that their payload type stands for.
//!
//! A stream that is encrypted is never untouched: it begins with a sequence number of the lower half, so that who misses its
//! first packets does not miss that it ran over (RFC 3711 section 3.3.1), and each one under a key has an SSRC of its own.

mod reports;

use offhook_base::Mono;

use crate::packet::RtpHeader;
use crate::srtp::SRTP_WINDOW;

/// The stream towards one phone.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outgoing {
    current: Option<Current>,
    beginnings: Beginnings,
}

/// How a stream begins.
#[derive(Clone, Copy, Debug, Default)]
enum Beginnings {
    /// As its source does.
    #[default]
    Untouched,
    /// For encryption; so many began before.
    Secure(u32),
}

/// In which units a packet is stamped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Units {
    /// A second has so many.
    pub(crate) clock: u32,
    /// It tells of a key.
    pub(crate) is_key: bool,
}

/// The source that is heard, and how its numbers become those of the stream.
#[derive(Clone, Copy, Debug)]
struct Current {
    /// SSRC of the source.
    source: u32,
    /// SSRC of the stream.
    ssrc: u32,
    sequence_offset: u16,
    timestamp_offset: u32,
    clock: u32,
    /// The last key by another clock: its timestamp as it came, and in the stream.
    key: Option<(u32, u32)>,
    /// The newest packet as it was sent.
    newest: Newest,
}

#[derive(Clone, Copy, Debug)]
struct Newest {
    sequence: u16,
    timestamp: u32,
    at: Mono,
}

impl Outgoing {
    /// The clock of the stream, once there is one.
    pub(crate) fn clock(&self) -> Option<u32> {
        self.current.map(|current| current.clock)
    }

    /// Renumbers a packet that is about to be sent.
    pub(crate) fn send(&mut self, now: Mono, header: &RtpHeader, units: Units, packet: &mut [u8]) {
        let mut current = match self.current {
            Some(current)
                if current.source == header.ssrc
                    && current.takes(units)
                    && !self.counts_anew(&current, header) =>
            {
                current
            }
            Some(before) if before.takes(units) => {
                if let Some(octet) = packet.get_mut(1) {
                    *octet |= MARKER;
                }
                before.followed_by(now, header)
            }
            Some(_) | None => self.begin(now, header, units.clock),
        };
        let sequence = header.sequence.wrapping_add(current.sequence_offset);
        let timestamp = if units.clock == current.clock {
            header.timestamp.wrapping_add(current.timestamp_offset)
        } else {
            current.timestamp_of_key(now, header.timestamp)
        };
        if !current.is_untouched() {
            write(packet, sequence, timestamp, current.ssrc);
        }
        // A late packet is no news.
        if sequence.wrapping_sub(current.newest.sequence) < HALF {
            // All packets of a key are of the instant at which it was pressed (RFC 4733 section 2.5.1.1).
            let at = if timestamp == current.newest.timestamp {
                current.newest.at
            } else {
                now
            };
            current.newest = Newest {
                sequence,
                timestamp,
                at,
            };
        }
        self.current = Some(current);
    }

    /// What is sent from here on is encrypted, under a key that was not used for it so far.
    pub(crate) fn secure(&mut self) {
        self.current = None;
        self.beginnings = match self.beginnings {
            Beginnings::Untouched => Beginnings::Secure(0),
            Beginnings::Secure(before) => Beginnings::Secure(before.wrapping_add(1)),
        };
    }

    /// Whether a source has gone back in its numbers, under the same SSRC, so far that what it sends would not be encrypted: it
    /// becomes another source, for no number may come twice.
    fn counts_anew(&self, current: &Current, header: &RtpHeader) -> bool {
        let sequence = header.sequence.wrapping_add(current.sequence_offset);
        let behind = current.newest.sequence.wrapping_sub(sequence);
        matches!(self.beginnings, Beginnings::Secure(_)) && (SRTP_WINDOW..=HALF).contains(&behind)
    }

    fn begin(&mut self, now: Mono, header: &RtpHeader, clock: u32) -> Current {
        let untouched = Current::untouched(now, header, clock);
        let Beginnings::Secure(before) = &mut self.beginnings else {
            return untouched;
        };
        if self.current.is_some() {
            *before = before.wrapping_add(1);
        }
        let sequence_offset = header.sequence & HALF;
        Current {
            ssrc: header.ssrc.wrapping_add(before.wrapping_mul(APART)),
            sequence_offset,
            newest: Newest {
                sequence: header.sequence.wrapping_add(sequence_offset),
                ..untouched.newest
            },
            ..untouched
        }
    }

    /// Renumbers what the source reports of itself, so that it fits its packets; false when it is of a source that is
    /// not heard, and must not be passed on.
    pub(crate) fn send_report(&self, packet: &mut [u8]) -> bool {
        let Some(current) = &self.current else {
            // Encrypted, one before any packet could have the index and the SSRC of one that went out under the key before.
            return matches!(self.beginnings, Beginnings::Untouched);
        };
        if current.is_untouched() {
            return true;
        }
        reports::forwards(packet, current)
    }

    /// Turns what the phone reports of the stream into reports of its source.
    pub(crate) fn take_report(&self, packet: &mut [u8]) {
        if let Some(current) = self.current.filter(|current| !current.is_untouched()) {
            reports::backwards(packet, &current);
        }
    }
}

impl Current {
    const fn untouched(now: Mono, header: &RtpHeader, clock: u32) -> Self {
        Self {
            source: header.ssrc,
            ssrc: header.ssrc,
            sequence_offset: 0,
            timestamp_offset: 0,
            clock,
            key: None,
            newest: Newest {
                sequence: header.sequence,
                timestamp: header.timestamp,
                at: now,
            },
        }
    }

    /// Whether packets of these units may be part of the stream.
    const fn takes(&self, units: Units) -> bool {
        self.clock == units.clock || units.is_key
    }

    /// The timestamp in the stream of a key by another clock: the moment of its first packet, which all of it share.
    fn timestamp_of_key(&mut self, now: Mono, timestamp: u32) -> u32 {
        match self.key {
            Some((same, shown)) if same == timestamp => shown,
            Some(_) | None => {
                let shown = self.timestamp_at(now);
                self.key = Some((timestamp, shown));
                shown
            }
        }
    }

    /// As much later than the newest packet as it is later.
    fn timestamp_at(&self, now: Mono) -> u32 {
        let nanos = u128::from(now.0.saturating_sub(self.newest.at.0));
        // At least one unit, so that no two packets seem to be of one instant.
        let units = (nanos * u128::from(self.clock) / 1_000_000_000).max(1);
        #[expect(clippy::cast_possible_truncation, reason = "timestamps wrap")]
        let units = units as u32;
        self.newest.timestamp.wrapping_add(units)
    }

    /// Another source takes the place of this one: its packet is the next one, as much later as it comes later.
    fn followed_by(self, now: Mono, header: &RtpHeader) -> Self {
        let timestamp = self.timestamp_at(now);
        let sequence = self.newest.sequence.wrapping_add(1);
        Self {
            source: header.ssrc,
            sequence_offset: sequence.wrapping_sub(header.sequence),
            timestamp_offset: timestamp.wrapping_sub(header.timestamp),
            key: None,
            ..self
        }
    }

    const fn is_untouched(&self) -> bool {
        self.source == self.ssrc && self.sequence_offset == 0 && self.timestamp_offset == 0
    }
}

fn write(packet: &mut [u8], sequence: u16, timestamp: u32, ssrc: u32) {
    if let Some(numbers) = packet.get_mut(2..12) {
        let [s0, s1] = sequence.to_be_bytes();
        let [t0, t1, t2, t3] = timestamp.to_be_bytes();
        let [c0, c1, c2, c3] = ssrc.to_be_bytes();
        numbers.copy_from_slice(&[s0, s1, t0, t1, t2, t3, c0, c1, c2, c3]);
    }
}

const MARKER: u8 = 0x80;

/// Between the SSRCs of two streams.
const APART: u32 = 0x9e37_79b9;

/// Sequence numbers less than this ahead are newer (RFC 1982).
const HALF: u16 = 0x8000;

#[cfg(test)]
mod tests;
