//! One side of a recording: its packets, each at its place in time, until they are decoded.

use std::collections::VecDeque;

use super::decoder::Decoder;
use super::tape::TapedPacket;
use crate::codec::Codec;

/// One side of a recording.
#[derive(Debug, Default)]
pub(crate) struct Channel {
    stream: Option<Stream>,
    /// In the order of their places.
    pending: VecDeque<Pending>,
    /// How often timestamps were placed anew.
    anchor: u32,
    decoder: Option<Decoder>,
    /// Buffers of packets that were decoded.
    spare: Vec<Vec<u8>>,
}

/// Where the timestamps of one synchronization source lie in time.
#[derive(Clone, Copy, Debug)]
struct Stream {
    ssrc: u32,
    clock: u32,
    /// This timestamp …
    timestamp: u32,
    /// … is at this place.
    place: i64,
    /// Since when `least` is watched, and how late the packet was that was the least late since then.
    watched: i64,
    least: i64,
}

/// What the timestamp of a packet says of its place.
#[derive(Clone, Copy, Debug)]
enum Placed {
    At(i64),
    /// It is here before its place: all of its stream lies so much too late.
    Before(i64),
    /// The sender has begun to count anew: at a hold, or behind a mixer.
    Anew,
}

#[derive(Debug)]
struct Pending {
    place: i64,
    /// The count of [`Channel::anchor`] by which it was placed.
    anchor: u32,
    codec: Codec,
    payload: Vec<u8>,
}

impl Channel {
    /// Takes a packet that arrived at the place `arrival`. False when there is no room for it.
    pub(crate) fn take(&mut self, arrival: i64, packet: &TapedPacket<'_>, rate: u32) -> bool {
        let place = self.place(arrival, packet, i64::from(rate));
        let index = self.pending.iter().rposition(|one| one.place <= place);
        let same = index.and_then(|index| self.pending.get(index));
        if same.is_some_and(|one| one.place == place) {
            return true;
        }
        if self.pending.len() >= PENDING_AT_MOST {
            return false;
        }
        let mut payload = self.spare.pop().unwrap_or_default();
        payload.clear();
        payload.extend_from_slice(packet.payload);
        let pending = Pending {
            place,
            anchor: self.anchor,
            codec: packet.codec,
            payload,
        };
        self.pending
            .insert(index.map_or(0, |index| index + 1), pending);
        true
    }

    /// Decodes the next packet whose place is before `end`: its place and samples.
    pub(crate) fn decode_before(&mut self, end: i64, rate: u32) -> Option<(i64, &[i16])> {
        self.pending.front().filter(|first| first.place < end)?;
        let Pending {
            place,
            anchor: _,
            codec,
            payload,
        } = self.pending.pop_front()?;
        self.decoder.take_if(|decoder| !decoder.is_for(codec));
        let decoder = self.decoder.get_or_insert_with(|| Decoder::new(codec));
        let samples = decoder.decode(&payload, rate);
        self.spare.push(payload);
        Some((place, samples))
    }

    /// Where the packet belongs. Its timestamp says so as long as that agrees with the clock of arrival.
    fn place(&mut self, arrival: i64, packet: &TapedPacket<'_>, rate: i64) -> i64 {
        let known = self
            .stream
            .as_mut()
            .filter(|known| (known.ssrc, known.clock) == (packet.ssrc, packet.clock));
        match known.map(|known| known.place(arrival, packet.timestamp, rate)) {
            Some(Placed::At(place)) => return place,
            Some(Placed::Before(by)) => {
                self.move_earlier(by);
                return arrival;
            }
            Some(Placed::Anew) | None => {}
        }
        self.anchor = self.anchor.wrapping_add(1);
        self.stream = Some(Stream {
            ssrc: packet.ssrc,
            clock: packet.clock,
            timestamp: packet.timestamp,
            place: arrival,
            watched: arrival,
            least: i64::MAX,
        });
        arrival
    }

    /// The first packet of the stream came late, and those behind it in a row, as after a stall of the path or of this machine.
    /// What is not decoded yet moves with them, so that none lies on another.
    fn move_earlier(&mut self, by: i64) {
        let anchor = self.anchor;
        let of_stream = self.pending.iter_mut().filter(|one| one.anchor == anchor);
        for pending in of_stream {
            pending.place -= by;
        }
        let pending = self.pending.make_contiguous();
        pending.sort_unstable_by_key(|pending| pending.place);
        if let Some(stream) = &mut self.stream {
            stream.place -= by;
            stream.least = i64::MAX;
        }
    }
}

impl Stream {
    fn place(&mut self, arrival: i64, timestamp: u32, rate: i64) -> Placed {
        let distance = i64::from(timestamp.wrapping_sub(self.timestamp).cast_signed());
        let place = self.place + distance * rate / i64::from(self.clock).max(1);
        let late = arrival - place;
        if late.abs() > milliseconds(LATE, rate) {
            return Placed::Anew;
        }
        if late < -milliseconds(EARLY, rate) {
            return Placed::Before(-late);
        }
        self.least = self.least.min(late);
        if arrival - self.watched >= milliseconds(WATCH, rate) {
            // Two clocks never run alike, and a path may become longer for good. What is late all the time has drifted.
            let drifted = if self.least > milliseconds(DRIFT, rate) {
                self.least
            } else {
                0
            };
            self.timestamp = timestamp;
            self.place = place + drifted;
            self.watched = arrival;
            self.least = i64::MAX;
            return Placed::At(self.place);
        }
        Placed::At(place)
    }
}

const fn milliseconds(count: i64, rate: i64) -> i64 {
    count * rate / 1_000
}

/// Nothing arrives before it was said: a packet this much before its place proves the places of its stream to be too late.
const EARLY: i64 = 30;

/// A packet later than this is one of a stream that counts anew; what is awaited is awaited no longer than that.
pub(crate) const LATE: i64 = 500;

/// How long lateness is watched before it counts as drift, and how much of it is left alone.
const WATCH: i64 = 5_000;
const DRIFT: i64 = 30;

/// Three times as many as there can be of 5 ms each, when what is half a second old is written once a second.
const PENDING_AT_MOST: usize = 1_024;
