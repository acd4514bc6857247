//! The packets of each SSRC under one key: how often its sequence number has run over, and which of its packets have been
//! seen (RFC 3711 sections 3.3.1 and 3.3.2).
//!
//! As many SSRCs are remembered as fit, the one that was silent for longest gives way: a phone has one at a time and takes
//! another now and then, such as after a hold.

/// What is known of one SSRC.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stream {
    ssrc: u32,
    /// The highest index: the rollover counter above the sequence number.
    highest: u64,
    /// Bit n: the packet with the index `highest - n` has been seen.
    seen: u64,
}

impl Stream {
    /// The stream that this packet begins.
    pub(super) const fn begin(ssrc: u32, index: u64) -> Self {
        Self {
            ssrc,
            highest: index,
            seen: 1,
        }
    }

    /// The index that a sequence number most likely stands for; `None` when it lies before the first one.
    pub(super) fn estimate(&self, sequence: u16) -> Option<u64> {
        #[expect(clippy::cast_possible_truncation, reason = "the lower 16 bits")]
        let newest = self.highest as u16;
        let roll = self.highest >> 16;
        let roll = if newest < HALF {
            if i32::from(sequence) - i32::from(newest) > i32::from(HALF) {
                roll.checked_sub(1)?
            } else {
                roll
            }
        } else if newest - HALF > sequence {
            roll + 1
        } else {
            roll
        };
        (roll <= u64::from(u32::MAX)).then_some(roll << 16 | u64::from(sequence))
    }

    /// Whether a packet with this index is neither seen nor too old to know.
    pub(super) fn is_new(&self, index: u64) -> bool {
        match self.highest.checked_sub(index) {
            None => true,
            Some(late) => late < WINDOW && self.seen >> late & 1 == 0,
        }
    }

    /// Takes note of a packet that is new and genuine.
    pub(super) fn take(&mut self, index: u64) {
        match index.checked_sub(self.highest) {
            Some(ahead) => {
                self.seen = if ahead < WINDOW {
                    self.seen << ahead | 1
                } else {
                    1
                };
                self.highest = index;
            }
            None => self.seen |= 1 << (self.highest - index).min(WINDOW - 1),
        }
    }
}

/// The streams under one key, the newest first.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Streams {
    streams: [Stream; MOST],
    count: usize,
}

impl Streams {
    /// That of an SSRC, which becomes the newest.
    pub(super) fn get(&mut self, ssrc: u32) -> Option<&mut Stream> {
        let known = self.streams.get_mut(..self.count)?;
        let place = known.iter().position(|stream| stream.ssrc == ssrc)?;
        known.get_mut(..=place)?.rotate_right(1);
        self.streams.first_mut()
    }

    /// The index that a sequence number of this SSRC most likely stands for, if it is known.
    pub(super) fn index(&self, ssrc: u32, sequence: u16) -> Option<u64> {
        let known = self.streams.get(..self.count)?;
        let stream = known.iter().find(|stream| stream.ssrc == ssrc)?;
        stream.estimate(sequence)
    }

    /// Remembers one that is not known yet.
    pub(super) fn put(&mut self, stream: Stream) {
        self.count = (self.count + 1).min(MOST);
        self.streams.rotate_right(1);
        if let Some(first) = self.streams.first_mut() {
            *first = stream;
        }
    }
}

/// Sequence numbers less than this ahead are newer.
pub(super) const HALF: u16 = 0x8000;

/// Packets before the newest one of which it is known whether they were seen.
const WINDOW: u64 = SRTP_WINDOW as u64;

/// The same as sequence numbers count.
pub(crate) const SRTP_WINDOW: u16 = 64;

/// SSRCs that are remembered.
const MOST: usize = 8;
