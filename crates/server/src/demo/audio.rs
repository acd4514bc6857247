//! A phone's sound: a few notes in G.711 over RTP, 50 packets a second, and a count of what is heard.
//!
//! Who listens to a recording is to hear who is who: phones of even number hum low and even, those of odd number peep high
//! and short, and no two hum or peep the same. One note at a time is never taken for a key, which is two tones.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use offhook_sim::phone::CallRef;

/// Samples in a packet of 20 ms at 8,000 Hz.
const SAMPLES: u32 = 160;
/// RTP header: version 2, no padding, no extension, no CSRC.
const VERSION: u8 = 0x80;
/// PCMU (RFC 3551).
const PAYLOAD_TYPE: u8 = 0;

/// Samples in a second.
const RATE: u32 = 8_000;
/// A quarter of full scale.
const LOUD: f64 = 8_000.0;
/// Samples in which a note comes and goes; without them it would click.
const FADE: u32 = RATE / 100;

/// What a phone sounds like: four notes over and over.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Voice {
    /// Of the first note, in Hz.
    pitch: f64,
    /// Samples from note to note.
    step: u32,
    /// Samples that a note lasts.
    note: u32,
}

/// The notes of a chord and back, as parts of the first.
const NOTES: [f64; 4] = [1.0, 1.25, 1.5, 1.25];

impl Voice {
    fn of(n: u8) -> Self {
        // A whole tone between neighbours of a kind.
        let higher = 2_f64.powf(f64::from(n / 2 % 6) / 6.0);
        if n.is_multiple_of(2) {
            Self {
                pitch: 165.0 * higher,
                step: RATE * 2 / 5,
                note: RATE * 2 / 5,
            }
        } else {
            Self {
                pitch: 587.0 * higher,
                step: RATE / 5,
                note: RATE / 8,
            }
        }
    }

    /// The sample at this place of the stream.
    fn sample(self, at: u32) -> i16 {
        let within = at % self.step;
        if within >= self.note {
            return 0;
        }
        let [first, second, third, fourth] = NOTES;
        let part = match at / self.step % 4 {
            0 => first,
            1 => second,
            2 => third,
            _ => fourth,
        };
        let turns = self.pitch * part * f64::from(within) / f64::from(RATE);
        let edge = within.min(self.note - within).min(FADE);
        let value =
            (std::f64::consts::TAU * turns).sin() * LOUD * f64::from(edge) / f64::from(FADE);
        #[expect(clippy::cast_possible_truncation, reason = "at most 8,000")]
        let value = value as i16;
        value
    }
}

/// The streams of one phone.
#[derive(Debug)]
pub(super) struct Audio {
    voice: Voice,
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
    /// The phone of this number.
    pub(super) fn new(n: u8) -> Self {
        Self {
            voice: Voice::of(n),
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
        let voice = self.voice;
        let sending = self
            .streams
            .values_mut()
            .filter_map(|stream| Some((stream.to?, stream)));
        sending
            .map(|(to, stream)| (to, stream.next_packet(voice)))
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
    fn next_packet(&mut self, voice: Voice) -> Vec<u8> {
        let mut packet = vec![VERSION, PAYLOAD_TYPE];
        packet.extend_from_slice(&self.sequence.to_be_bytes());
        packet.extend_from_slice(&self.timestamp.to_be_bytes());
        packet.extend_from_slice(&self.ssrc.to_be_bytes());
        packet.extend((0..SAMPLES).map(|n| ulaw(voice.sample(self.timestamp.wrapping_add(n)))));
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(SAMPLES);
        packet
    }
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

    /// How often a second of it goes through zero, and its loudest sample.
    fn heard(voice: Voice) -> (usize, i16) {
        let samples: Vec<_> = (0..RATE).map(|at| voice.sample(at)).collect();
        let crossings = samples
            .windows(2)
            .filter(|pair| (pair[0] < 0) != (pair[1] < 0));
        (crossings.count(), *samples.iter().max().unwrap())
    }

    #[test]
    fn neighbours_are_told_apart_by_ear_and_all_are_as_loud() {
        for n in (0..8).step_by(2) {
            let (low, loud) = heard(Voice::of(n));
            let (high, as_loud) = heard(Voice::of(n + 1));
            assert!(high > low * 3 / 2, "{n}: {low} and {high}");
            assert!(loud > 7_500 && as_loud > 7_500, "{n}: {loud}, {as_loud}");
        }
    }

    #[test]
    fn no_two_phones_sound_the_same() {
        for n in 0..9 {
            for other in 0..n {
                assert_ne!(Voice::of(n), Voice::of(other));
            }
        }
        // The far end of the trunk.
        assert!(Voice::of(u8::MAX).pitch < 1_200.0);
    }

    #[test]
    fn packets_follow_each_other() {
        let to: SocketAddr = "127.0.0.1:4000".parse().unwrap();
        let mut audio = Audio::new(0);
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
        let mut audio = Audio::new(0);
        audio.direct(CallRef(0), None, 7);
        assert!(audio.next_packets().is_empty());
        audio.on_packet(&[0x80; 172]);
        audio.on_packet(b"stun");
        assert_eq!(audio.end(CallRef(0)), 1);
        assert_eq!(audio.end(CallRef(0)), 0);
    }
}
