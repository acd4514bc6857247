//! Counting what was lost on the way (RFC 3550 appendices A.1 and A.3).

/// Follows the sequence numbers of one side, over changes of its source.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sequence {
    stream: Option<Stream>,
    lost_before: u64,
}

#[derive(Clone, Copy, Debug)]
struct Stream {
    ssrc: u32,
    highest: u16,
    /// Distance from the first number of this stream to the highest, counted over wraps.
    span: u64,
    received: u64,
}

impl Sequence {
    /// Takes note of a packet.
    pub(crate) fn on_packet(&mut self, ssrc: u32, sequence: u16) {
        if let Some(stream) = self.stream.as_mut().filter(|stream| stream.ssrc == ssrc)
            && stream.on_packet(sequence)
        {
            return;
        }
        self.lost_before = self.lost();
        self.stream = Some(Stream {
            ssrc,
            highest: sequence,
            span: 0,
            received: 1,
        });
    }

    /// Packets that never came. A late one is lost until it comes; a duplicate hides one loss, as RFC 3550 has it.
    pub(crate) fn lost(&self) -> u64 {
        self.lost_before
            + self.stream.map_or(0, |stream| {
                (stream.span + 1).saturating_sub(stream.received)
            })
    }
}

impl Stream {
    /// False when the number is so far off that the sender must have begun anew.
    fn on_packet(&mut self, sequence: u16) -> bool {
        let ahead = sequence.wrapping_sub(self.highest);
        if ahead < MAX_DROPOUT {
            self.span += u64::from(ahead);
            self.highest = sequence;
        } else if self.highest.wrapping_sub(sequence) > MAX_MISORDER {
            return false;
        }
        self.received += 1;
        true
    }
}

/// A gap below this is loss, above it a restart (RFC 3550 A.1).
const MAX_DROPOUT: u16 = 3_000;

/// A packet this much older than the newest is late, an older one a restart (RFC 3550 A.1).
const MAX_MISORDER: u16 = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn lost(packets: impl IntoIterator<Item = (u32, u16)>) -> u64 {
        let mut sequence = Sequence::default();
        for (ssrc, number) in packets {
            sequence.on_packet(ssrc, number);
        }
        sequence.lost()
    }

    #[test]
    fn rfc3550_a_3_gaps_are_lost_and_late_packets_are_not() {
        assert_eq!(lost([]), 0);
        assert_eq!(lost([(1, 10), (1, 11), (1, 14)]), 2);
        assert_eq!(lost([(1, 10), (1, 12), (1, 11), (1, 13)]), 0);
        assert_eq!(lost([(1, 65_534), (1, 1)]), 2, "over the wrap");
        assert_eq!(
            lost([(1, 10), (1, 10), (1, 10)]),
            0,
            "duplicates never make it negative"
        );
    }

    #[test]
    fn a_new_source_or_a_restart_keeps_what_was_lost_before() {
        assert_eq!(lost([(1, 10), (1, 12), (2, 40_000), (2, 40_001)]), 1);
        assert_eq!(lost([(1, 10), (1, 12), (1, 30_000), (1, 30_002)]), 2);
    }

    #[test]
    fn a_million_packets_in_order_lose_none() {
        assert_eq!(
            lost((0..1_000_000_u32).map(|n| (7, u16::try_from(n % 65_536).unwrap()))),
            0
        );
    }
}
