//! Voices that can be told apart by every sample: what each says in each packet, and what of it a recording holds.
//!
//! A voice says noise that is made of its number and the packet's. So it is known of each stretch of a recording who said it
//! and when, and a sample that nobody said is found.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

use crate::ear::mu_law;

/// One phone's end of a call's media.
#[derive(Debug)]
pub struct Voice {
    /// Which it is of the test's.
    pub id: u32,
    /// The source that its packets name.
    pub ssrc: u32,
    length: u16,
    socket: UdpSocket,
    /// Where the relay listens to it.
    relay: SocketAddr,
}

/// All that a test's voices may have said, to be looked up by how it begins.
#[derive(Debug)]
pub struct Phrases {
    begins: HashMap<Vec<i16>, (u32, u32)>,
    length: usize,
}

/// What a channel of a recording holds.
#[derive(Debug, Default)]
pub struct Transcript {
    /// Who is heard, if only one is.
    pub id: Option<u32>,
    /// The packets that are whole, each with the sample where it begins.
    pub whole: Vec<(u32, usize)>,
    /// Packets of which only a part is there.
    pub parts: Vec<u32>,
    /// Samples of somebody else, or of nobody at all.
    pub foreign: usize,
}

impl Voice {
    /// A port of loopback for a voice.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn socket() -> UdpSocket {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.set_nonblocking(true).unwrap();
        socket
    }

    /// A voice of this number at this port, which the relay listens to there. It says so many samples a packet.
    #[must_use]
    pub const fn new(id: u32, socket: UdpSocket, relay: SocketAddr, length: u16) -> Self {
        Self {
            id,
            ssrc: id + 1,
            length,
            socket,
            relay,
        }
    }

    /// Says a packet. One that the network does not take is lost, as on any other.
    pub fn say(&self, number: u32) {
        self.send(&self.packet(number));
    }

    /// Sends these octets to where the relay listens.
    pub fn send(&self, octets: &[u8]) {
        self.socket.send_to(octets, self.relay).ok();
    }

    /// A packet of its own, in mu-law.
    #[must_use]
    pub fn packet(&self, number: u32) -> Vec<u8> {
        let [_, _, sequence @ ..] = number.to_be_bytes();
        let mut packet = vec![0x80, 0];
        packet.extend(sequence);
        packet.extend((number * u32::from(self.length)).to_be_bytes());
        packet.extend(self.ssrc.to_be_bytes());
        packet.extend(&phrase(self.id, number)[..self.length.into()]);
        packet
    }

    /// What has come to it since it was asked last.
    ///
    /// # Panics
    /// When somebody else than the relay has sent it.
    #[must_use]
    pub fn hear(&self) -> Vec<Vec<u8>> {
        let (mut packets, mut buffer) = (Vec::new(), [0; 2_048]);
        while let Ok((length, from)) = self.socket.recv_from(&mut buffer) {
            assert_eq!(from, self.relay, "the relay speaks to it, and nobody else");
            packets.push(buffer[..length].to_vec());
        }
        packets
    }

    /// Where the relay listens to it.
    #[must_use]
    pub const fn relay(&self) -> SocketAddr {
        self.relay
    }
}

/// What a voice says in a packet of 100 ms, or in a shorter one at its beginning: octets of mu-law that are neither loud nor zero.
#[must_use]
pub fn phrase(id: u32, number: u32) -> Vec<u8> {
    words(id, number).collect()
}

fn words(id: u32, number: u32) -> impl Iterator<Item = u8> {
    let mut state = u64::from(id) << 32 | u64::from(number);
    // SplitMix64, which takes any seed.
    let mut next = move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    };
    let words = (0..LONGEST / 8).flat_map(move |_| next().to_le_bytes());
    words.map(|octet| octet & 0xbe | 0x40)
}

/// The samples of octets of mu-law.
fn samples(octets: &[u8]) -> Vec<i16> {
    #[expect(clippy::cast_possible_truncation, reason = "G.711 has 14 bits")]
    let samples = octets.iter().map(|octet| mu_law(*octet) as i16);
    samples.collect()
}

impl Phrases {
    /// Those of voices 0 to `voices` in packets 0 to `numbers`, without the last, of so many samples.
    #[must_use]
    pub fn of(voices: u32, numbers: u32, length: usize) -> Self {
        let said = (0..voices).flat_map(|id| (0..numbers).map(move |number| (id, number)));
        let begins = said.map(|(id, number)| {
            let octets: Vec<u8> = words(id, number).take(BEGINNING).collect();
            (samples(&octets), (id, number))
        });
        Self {
            begins: begins.collect(),
            length,
        }
    }

    /// What a channel holds.
    #[must_use]
    pub fn transcribe(&self, channel: &[i16]) -> Transcript {
        let mut transcript = Transcript::default();
        let (mut at, mut last) = (0, None);
        while let Some(key) = channel.get(at..at + BEGINNING) {
            if key[0] == 0 {
                at += 1;
                continue;
            }
            let Some((id, number, from)) = self.find(key, last) else {
                transcript.foreign += 1;
                at += 1;
                continue;
            };
            let said = samples(&phrase(id, number)[from..self.length]);
            let pairs = channel[at..].iter().zip(&said);
            let same = pairs.take_while(|(heard, said)| heard == said).count();
            if *transcript.id.get_or_insert(id) != id {
                transcript.foreign += same;
            } else if same == self.length {
                transcript.whole.push((number, at));
            } else {
                transcript.parts.push(number);
            }
            last = Some((id, number));
            at += same;
        }
        transcript
    }

    /// Whose words these are: of which packet, and from which sample of it. One that another was laid upon has lost its
    /// beginning.
    fn find(&self, key: &[i16], last: Option<(u32, u32)>) -> Option<(u32, u32, usize)> {
        if let Some((id, number)) = self.begins.get(key) {
            return Some((*id, *number, 0));
        }
        let (id, last) = last?;
        (last..last + 4).find_map(|number| {
            let said = samples(&phrase(id, number)[..self.length]);
            let from = said.windows(BEGINNING).position(|part| part == key)?;
            Some((id, number, from))
        })
    }
}

/// Samples by which a packet is known.
const BEGINNING: usize = 8;

const LONGEST: usize = 800;

/// As loud as a voice can be.
pub const LOUDEST: i16 = 1_884;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_tells_who_said_what_where_and_what_nobody_said() {
        let phrases = Phrases::of(3, 4, 800);
        let mut channel = vec![0; 100];
        channel.extend(samples(&phrase(2, 1)));
        channel.extend(vec![0; 800]);
        channel.extend(samples(&phrase(2, 3)));
        let found = phrases.transcribe(&channel);
        assert_eq!(found.id, Some(2));
        assert_eq!(found.whole, [(1, 100), (3, 1_700)]);
        assert_eq!((found.parts.len(), found.foreign), (0, 0));
        channel[150] += 1;
        channel.extend(samples(&phrase(1, 0)));
        let found = phrases.transcribe(&channel);
        assert_eq!((found.whole.len(), found.parts), (1, vec![1, 1]));
        assert!(found.foreign >= 800, "{}", found.foreign);
    }
}
