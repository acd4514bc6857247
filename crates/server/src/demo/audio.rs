//! A phone's sound: a tone in G.711 over RTP, 50 packets a second, and a count of what is heard.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use offhook_sim::phone::CallRef;

/// Samples in a packet of 20 ms at 8,000 Hz.
const SAMPLES: u32 = 160;
/// RTP header: version 2, no padding, no extension, no CSRC.
const VERSION: u8 = 0x80;
/// PCMU (RFC 3551).
const PAYLOAD_TYPE: u8 = 0;

/// The streams of one phone.
#[derive(Debug)]
pub(super) struct Audio {
    frequency: f64,
    streams: BTreeMap<CallRef, Stream>,
}

#[derive(Debug)]
struct Stream {
    to: Option<SocketAddr>,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    heard: u32,
}

impl Audio {
    /// A phone that whistles at this frequency.
    pub(super) const fn new(frequency: f64) -> Self {
        Self {
            frequency,
            streams: BTreeMap::new(),
        }
    }

    /// Where a call's sound goes from here on; `None` while it is held.
    pub(super) fn direct(&mut self, call: CallRef, to: Option<SocketAddr>, ssrc: u32) {
        let fresh = || Stream {
            to: None,
            ssrc,
            sequence: 0,
            timestamp: 0,
            heard: 0,
        };
        self.streams.entry(call).or_insert_with(fresh).to = to;
    }

    /// Whether there is anything to send.
    pub(super) fn is_sending(&self) -> bool {
        self.streams.values().any(|stream| stream.to.is_some())
    }

    /// The next 20 ms of every stream.
    pub(super) fn next_packets(&mut self) -> Vec<(SocketAddr, Vec<u8>)> {
        let frequency = self.frequency;
        let sending = self
            .streams
            .values_mut()
            .filter_map(|stream| Some((stream.to?, stream)));
        sending
            .map(|(to, stream)| (to, stream.next_packet(frequency)))
            .collect()
    }

    /// A datagram on the RTP port. One phone has one call at a time here, so it counts for each.
    pub(super) fn on_packet(&mut self, octets: &[u8]) {
        if octets.len() > 12 && octets.first() == Some(&VERSION) {
            for stream in self.streams.values_mut() {
                stream.heard += 1;
            }
        }
    }

    /// The call is over: how many packets were heard in it.
    pub(super) fn end(&mut self, call: CallRef) -> u32 {
        self.streams.remove(&call).map_or(0, |stream| stream.heard)
    }
}

impl Stream {
    fn next_packet(&mut self, frequency: f64) -> Vec<u8> {
        let mut packet = vec![VERSION, PAYLOAD_TYPE];
        packet.extend_from_slice(&self.sequence.to_be_bytes());
        packet.extend_from_slice(&self.timestamp.to_be_bytes());
        packet.extend_from_slice(&self.ssrc.to_be_bytes());
        packet.extend((0..SAMPLES).map(|n| ulaw(tone(frequency, self.timestamp.wrapping_add(n)))));
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(SAMPLES);
        packet
    }
}

/// A sine at a quarter of full scale.
fn tone(frequency: f64, sample: u32) -> i16 {
    let angle = std::f64::consts::TAU * frequency * f64::from(sample) / 8_000.0;
    #[expect(clippy::cast_possible_truncation, reason = "at most 8,000")]
    let value = (angle.sin() * 8_000.0) as i16;
    value
}

/// G.711 µ-law: sign, segment and four bits of a 14-bit sample, inverted.
fn ulaw(sample: i16) -> u8 {
    const BIAS: u16 = 0x84;
    const CLIP: u16 = 32_635;
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = sample.unsigned_abs().min(CLIP) + BIAS;
    // The segment is the place of the highest bit above bit 7; the bias keeps it from being lower.
    let segment = 8_u32.saturating_sub(magnitude.leading_zeros());
    let mantissa = (u32::from(magnitude) >> (segment + 3)) & 0x0f;
    let [code, ..] = ((segment << 4) | mantissa).to_le_bytes();
    !(sign | code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g711_known_samples_have_their_codes() {
        // Values of the sample implementation of ITU-T G.191.
        for (sample, code) in [
            (0, 0xff),
            (-1, 0x7f),
            (100, 0xf2),
            (-100, 0x72),
            (1_000, 0xce),
            (8_000, 0xa0),
            (32_767, 0x80),
            (-32_768, 0x00),
        ] {
            assert_eq!(ulaw(sample), code, "{sample}");
        }
    }

    #[test]
    fn packets_follow_each_other() {
        let to: SocketAddr = "127.0.0.1:4000".parse().unwrap();
        let mut audio = Audio::new(440.0);
        assert!(!audio.is_sending());
        audio.direct(CallRef(0), Some(to), 7);
        let first = audio.next_packets();
        let second = audio.next_packets();
        assert_eq!((first[0].0, first[0].1.len()), (to, 172));
        assert_eq!(first[0].1[..12], [0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]);
        assert_eq!(second[0].1[..12], [0x80, 0, 0, 1, 0, 0, 0, 160, 0, 0, 0, 7]);
    }

    #[test]
    fn a_held_call_is_silent_and_what_is_heard_is_counted() {
        let mut audio = Audio::new(440.0);
        audio.direct(CallRef(0), None, 7);
        assert!(audio.next_packets().is_empty());
        audio.on_packet(&[0x80; 172]);
        audio.on_packet(b"stun");
        assert_eq!(audio.end(CallRef(0)), 1);
        assert_eq!(audio.end(CallRef(0)), 0);
    }
}
