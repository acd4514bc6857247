//! The tap: what is recorded leaves the media thread through a ring of octets that it never waits for.
//!
//! Each packet is one record, copied once and nothing allocated. A ring without room for a packet loses it: the packet is
//! counted, and becomes silence in the file. That a recording begins or ends is never lost: it waits here until there is room,
//! and what follows it is lost until then, so that the order stands.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use offhook_base::{Mono, RecordingId};
use offhook_media_core::{
    Codec, DropReason, Kind, Relay, RtpHeader, Side, Taped, TapedPacket, Verdict,
};
use rtrb::{Consumer, Producer, RingBuffer};

/// The media thread's end. Without a recorder every recording ends as it begins.
#[derive(Default)]
pub(crate) struct Tap {
    ring: Option<Producer<u8>>,
    /// Beginnings and ends that found no room, oldest first.
    waiting: VecDeque<[u8; HEADER]>,
    lost: Arc<AtomicU64>,
}

/// The recorder's end of one media thread's ring.
pub(crate) struct TapReader {
    ring: Consumer<u8>,
    payload: Vec<u8>,
    lost: Arc<AtomicU64>,
    /// What the thread's clock counts from.
    origin: Instant,
}

/// What a recorder reads.
#[derive(Debug)]
pub(crate) enum Record<'r> {
    /// A recording begins.
    Begin {
        recording: RecordingId,
        at: Mono,
        stereo: bool,
    },
    /// A recording is over, perhaps one that never began.
    End { recording: RecordingId, at: Mono },
    /// Somebody is heard.
    Packet {
        recording: RecordingId,
        packet: TapedPacket<'r>,
    },
}

/// What is recorded of one relay.
#[derive(Debug, Default)]
pub(crate) struct Tapes(Vec<(RecordingId, Taped)>);

/// Both ends of a ring for a media thread whose clock counts from `origin`.
pub(crate) fn ring(origin: Instant) -> (Tap, TapReader) {
    ring_of(RING_OCTETS, origin)
}

fn ring_of(octets: usize, origin: Instant) -> (Tap, TapReader) {
    let (producer, ring) = RingBuffer::new(octets);
    let lost = Arc::new(AtomicU64::new(0));
    let tap = Tap {
        ring: Some(producer),
        waiting: VecDeque::new(),
        lost: Arc::clone(&lost),
    };
    let reader = TapReader {
        ring,
        payload: Vec::new(),
        lost,
        origin,
    };
    (tap, reader)
}

impl Tap {
    /// Starts to record what passes through the relay that `tapes` belong to.
    pub(crate) fn begin(&mut self, now: Mono, tapes: &mut Tapes, id: RecordingId, taped: Taped) {
        if tapes.0.iter().any(|(running, _)| *running == id) {
            tracing::debug!(recording = %id, "this recording runs already");
        } else if tapes.0.len() >= AT_ONCE {
            tracing::warn!(recording = %id, "this call is recorded too often already");
            self.end_unbegun(now, id);
        } else {
            tapes.0.push((id, taped));
            let channels = match taped {
                Taped::Both { .. } => 2,
                Taped::Only(_) => 1,
            };
            self.tell(Header {
                what: BEGIN,
                channel: channels,
                ..Header::new(now, id)
            });
        }
    }

    /// Ends a recording.
    pub(crate) fn end(&mut self, now: Mono, tapes: &mut Tapes, id: RecordingId) {
        let before = tapes.0.len();
        tapes.0.retain(|(running, _)| *running != id);
        if tapes.0.len() < before {
            self.end_unbegun(now, id);
        }
    }

    /// Ends all recordings of a relay that is over.
    pub(super) fn end_all(&mut self, now: Mono, tapes: Tapes) {
        for (id, _) in tapes.0 {
            self.end_unbegun(now, id);
        }
    }

    /// Says that a recording is over for which there is, or was, no relay.
    pub(crate) fn end_unbegun(&mut self, now: Mono, id: RecordingId) {
        self.tell(Header {
            what: END,
            ..Header::new(now, id)
        });
    }

    /// Takes a packet of `side` after the relay's verdict on it. `header` is the one that it came with. Never allocates.
    pub(crate) fn packet(
        &mut self,
        now: Mono,
        (tapes, relay): (&Tapes, &Relay),
        (side, verdict): (Side, Verdict),
        header: &RtpHeader,
        packet: &[u8],
    ) {
        let Some((codec, clock)) = voice(relay, side, header.payload_type) else {
            return;
        };
        for (id, taped) in &tapes.0 {
            let Some(channel) = channel(*taped, side, verdict) else {
                continue;
            };
            let record = Header {
                what: PACKET,
                channel,
                codec: codec.number(),
                clock,
                timestamp: header.timestamp,
                ssrc: header.ssrc,
                ..Header::new(now, *id)
            };
            if !self.put(record, header.payload(packet)) {
                self.lost.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Passes on the beginnings and ends that wait.
    pub(super) fn flush(&mut self) {
        while let Some(record) = self.waiting.front() {
            if let Some(ring) = &mut self.ring
                && ring.push_entire_slice(record).is_err()
            {
                return;
            }
            self.waiting.pop_front();
        }
    }

    /// Whether `flush` has something to do.
    pub(super) fn is_behind(&self) -> bool {
        !self.waiting.is_empty()
    }

    fn tell(&mut self, header: Header) {
        self.waiting.push_back(header.octets(0));
        self.flush();
    }

    /// False when there is no room.
    fn put(&mut self, header: Header, payload: &[u8]) -> bool {
        let Some(ring) = self.ring.as_mut().filter(|_| self.waiting.is_empty()) else {
            return false;
        };
        let Some(length) = u16::try_from(payload.len())
            .ok()
            .filter(|length| *length <= PAYLOAD_AT_MOST)
        else {
            return false;
        };
        let header = header.octets(length);
        let Ok(mut chunk) = ring.write_chunk(header.len() + payload.len()) else {
            return false;
        };
        let (first, second) = chunk.as_mut_slices();
        let (first, second) = fill(&header, (first, second));
        fill(payload, (first, second));
        chunk.commit_all();
        true
    }
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tap").finish_non_exhaustive()
    }
}

impl Tapes {
    /// The header of a packet that may be recorded.
    pub(super) fn header(&self, kind: Kind, packet: &[u8]) -> Option<RtpHeader> {
        if self.0.is_empty() || kind == Kind::Rtcp {
            return None;
        }
        RtpHeader::parse(packet)
    }
}

/// Copies octets to the beginning of a place in two pieces, and gives what is left of it.
fn fill<'p>(
    octets: &[u8],
    (first, second): (&'p mut [u8], &'p mut [u8]),
) -> (&'p mut [u8], &'p mut [u8]) {
    let (into_first, into_second) = octets.split_at(octets.len().min(first.len()));
    let (place, first) = first.split_at_mut(into_first.len());
    place.copy_from_slice(into_first);
    let (place, second) = second.split_at_mut(into_second.len().min(second.len()));
    for (place, octet) in place.iter_mut().zip(into_second) {
        *place = *octet;
    }
    (first, second)
}

/// Both voices where both hear each other; of one side alone what it says, heard or not.
const fn channel(taped: Taped, side: Side, verdict: Verdict) -> Option<u8> {
    match (taped, verdict) {
        (Taped::Both { left }, Verdict::Forward { .. }) => {
            Some(if left as u8 == side as u8 { 0 } else { 1 })
        }
        (Taped::Both { .. }, Verdict::Drop(_)) => None,
        (
            Taped::Only(only),
            Verdict::Forward { .. }
            | Verdict::Drop(DropReason::NoDestination | DropReason::Playing),
        ) if only as u8 == side as u8 => Some(0),
        (Taped::Only(_), Verdict::Forward { .. } | Verdict::Drop(_)) => None,
    }
}

/// What a payload type means as sound. Before an SDP told, the static ones of RFC 3551 mean what they always do.
fn voice(relay: &Relay, side: Side, payload_type: u8) -> Option<(Codec, u32)> {
    match relay.format(side, payload_type) {
        Some(format) => format.encoding.codec().map(|codec| (codec, format.clock)),
        None => Codec::from_payload_type(payload_type).map(|codec| (codec, codec.clock_rate())),
    }
}

impl TapReader {
    /// Hands over what has come so far, and says how many there were.
    pub(crate) fn drain(&mut self, mut take: impl FnMut(Record<'_>)) -> usize {
        let mut count = 0;
        let mut octets = [0; HEADER];
        while self.ring.pop_entire_slice(&mut octets).is_ok() {
            let (header, length) = Header::read(&octets);
            self.payload.resize(length.into(), 0);
            // A record is committed as a whole, so that the payload is there.
            if self.ring.pop_entire_slice(&mut self.payload).is_err() {
                tracing::error!("the ring of a media thread holds half a record");
                return count;
            }
            if let Some(record) = header.record(&self.payload) {
                take(record);
            }
            count += 1;
        }
        count
    }

    /// The media thread's clock.
    pub(crate) fn now(&self) -> Mono {
        Mono(u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    /// Packets lost since this was asked last.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.swap(0, Ordering::Relaxed)
    }

    /// Whether the media thread has ended; what it had recorded may still wait to be read.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.ring.is_abandoned()
    }
}

impl fmt::Debug for TapReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TapReader").finish_non_exhaustive()
    }
}

/// What stands before a payload in the ring.
#[derive(Clone, Copy, Debug)]
struct Header {
    what: u8,
    channel: u8,
    codec: u8,
    recording: RecordingId,
    at: Mono,
    clock: u32,
    timestamp: u32,
    ssrc: u32,
}

impl Header {
    const fn new(at: Mono, recording: RecordingId) -> Self {
        Self {
            what: END,
            channel: 0,
            codec: 0,
            recording,
            at,
            clock: 0,
            timestamp: 0,
            ssrc: 0,
        }
    }

    fn octets(self, length: u16) -> [u8; HEADER] {
        let mut octets = [0; HEADER];
        let fields: [&[u8]; 7] = [
            &[self.what, self.channel, self.codec, 0],
            &u32::from(length).to_le_bytes(),
            &self.recording.0.to_le_bytes(),
            &self.at.0.to_le_bytes(),
            &self.clock.to_le_bytes(),
            &self.timestamp.to_le_bytes(),
            &self.ssrc.to_le_bytes(),
        ];
        for (place, octet) in octets.iter_mut().zip(fields.into_iter().flatten()) {
            *place = *octet;
        }
        octets
    }

    fn read(octets: &[u8; HEADER]) -> (Self, u16) {
        let mut rest = octets.as_slice();
        let mut take = |count: usize| {
            let (field, after) = rest.split_at_checked(count).unwrap_or_default();
            rest = after;
            let mut word = [0; 8];
            for (place, octet) in word.iter_mut().zip(field) {
                *place = *octet;
            }
            word
        };
        let narrow = |[a, b, c, d, ..]: [u8; 8]| u32::from_le_bytes([a, b, c, d]);
        let [what, channel, codec, ..] = take(4);
        let [l0, l1, ..] = take(4);
        let header = Self {
            what,
            channel,
            codec,
            recording: RecordingId(u64::from_le_bytes(take(8))),
            at: Mono(u64::from_le_bytes(take(8))),
            clock: narrow(take(4)),
            timestamp: narrow(take(4)),
            ssrc: narrow(take(4)),
        };
        (header, u16::from_le_bytes([l0, l1]))
    }

    fn record(self, payload: &[u8]) -> Option<Record<'_>> {
        let Self { recording, at, .. } = self;
        match self.what {
            BEGIN => Some(Record::Begin {
                recording,
                at,
                stereo: self.channel > 1,
            }),
            END => Some(Record::End { recording, at }),
            _ => Some(Record::Packet {
                recording,
                packet: TapedPacket {
                    at,
                    channel: self.channel,
                    codec: Codec::from_number(self.codec)?,
                    clock: self.clock,
                    timestamp: self.timestamp,
                    ssrc: self.ssrc,
                    payload,
                },
            }),
        }
    }
}

const BEGIN: u8 = 1;
const END: u8 = 2;
const PACKET: u8 = 3;

/// Octets before a payload.
const HEADER: usize = 36;

/// Half a second of G.711; no phone sends as much in a packet.
const PAYLOAD_AT_MOST: u16 = 4_096;

/// Recordings of one relay: the caller's, the called user's, one that was asked for, and one more.
const AT_ONCE: usize = 4;

/// 2.5 s of 300 calls.
const RING_OCTETS: usize = 16 << 20;

#[cfg(test)]
mod tests;
