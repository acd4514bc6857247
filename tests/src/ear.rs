//! A phone's ear: an RTP port of a test, which keeps what comes in. It can be its mouth, too.

use std::f64::consts::TAU;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

/// An RTP port and what it has received.
#[derive(Debug)]
pub struct Ear {
    port: u16,
    socket: Arc<UdpSocket>,
    packets: Arc<Mutex<Vec<RtpPacket>>>,
}

/// What a packet carried.
#[derive(Clone, Debug)]
pub struct RtpPacket {
    /// The payload type.
    pub payload_type: u8,
    /// The source.
    pub ssrc: u32,
    /// What follows the header.
    pub payload: Vec<u8>,
}

impl Ear {
    /// Opens a port of loopback.
    ///
    /// # Panics
    /// When there is none.
    pub async fn open() -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let socket = Arc::new(socket);
        let port = socket.local_addr().unwrap().port();
        let packets: Arc<Mutex<Vec<RtpPacket>>> = Arc::default();
        let heard = packets.clone();
        let ear = Arc::clone(&socket);
        tokio::spawn(async move {
            let mut octets = [0; 2_048];
            while let Ok(length) = ear.recv(&mut octets).await {
                let Some((header, payload)) = octets[..length].split_first_chunk::<12>() else {
                    continue;
                };
                heard.lock().unwrap().push(RtpPacket {
                    payload_type: header[1] & 0x7f,
                    ssrc: u32::from_be_bytes([header[8], header[9], header[10], header[11]]),
                    payload: payload.to_vec(),
                });
            }
        });
        Self {
            port,
            socket,
            packets,
        }
    }

    /// Says a tone in mu-law from here on, whoever is to be silent: until the task is aborted.
    ///
    /// # Panics
    /// On its task, when the socket fails.
    pub fn speak(&self, to: SocketAddr, hertz: f64) -> JoinHandle<()> {
        let mouth = Arc::clone(&self.socket);
        tokio::spawn(async move {
            let mut every = tokio::time::interval(Duration::from_millis(20));
            for number in 0_u16.. {
                every.tick().await;
                let at = u32::from(number) * 160;
                let mut packet = vec![0x80, 0];
                packet.extend(number.to_be_bytes());
                packet.extend(at.to_be_bytes());
                packet.extend(to.port().to_be_bytes().repeat(2));
                packet.extend((at..at + 160).map(|n| {
                    let turn = f64::from(n) * hertz / 8_000.0;
                    to_mu_law((turn * TAU).sin() * 8_000.0)
                }));
                mouth.send_to(&packet, to).await.unwrap();
            }
        })
    }

    /// Sends octets from here.
    ///
    /// # Panics
    /// When the socket fails.
    pub async fn send(&self, octets: &[u8], to: SocketAddr) {
        self.socket.send_to(octets, to).await.unwrap();
    }

    /// Where it listens.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// All that it has heard, as far as that is G.711.
    ///
    /// # Panics
    /// When it is of another payload type than 0 and 8.
    #[must_use]
    pub fn samples(&self) -> Vec<f64> {
        let heard = self.heard(0, self.count());
        heard.iter().flat_map(RtpPacket::samples).collect()
    }

    /// How many packets have come.
    ///
    /// # Panics
    /// When its thread did.
    #[must_use]
    pub fn count(&self) -> usize {
        self.packets.lock().unwrap().len()
    }

    /// The packets from one place on to another.
    ///
    /// # Panics
    /// When there are not so many.
    #[must_use]
    pub fn heard(&self, from: usize, to: usize) -> Vec<RtpPacket> {
        self.packets.lock().unwrap()[from..to].to_vec()
    }
}

impl RtpPacket {
    /// Its samples, if it is G.711 (ITU-T G.711 tables 1 and 2).
    ///
    /// # Panics
    /// When it is of another payload type than 0 and 8.
    #[must_use]
    pub fn samples(&self) -> Vec<f64> {
        let decode = match self.payload_type {
            0 => mu_law,
            8 => a_law,
            other => panic!("payload type {other} is not G.711"),
        };
        self.payload.iter().map(|word| decode(*word)).collect()
    }
}

pub(crate) fn mu_law(word: u8) -> f64 {
    let (chord, step) = (i32::from(!word >> 4 & 7), i32::from(!word & 15));
    let value = 4 * (((2 * step + 33) << chord) - 33);
    f64::from(if word & 0x80 == 0 { -value } else { value })
}

/// The word that comes nearest.
fn to_mu_law(sample: f64) -> u8 {
    let off = |word: u8| (mu_law(word) - sample).abs();
    (0..=u8::MAX)
        .min_by(|one, other| off(*one).total_cmp(&off(*other)))
        .unwrap()
}

fn a_law(word: u8) -> f64 {
    let word = word ^ 0x55;
    let (chord, step) = (i32::from(word >> 4 & 7), i32::from(word & 15));
    let value = match chord {
        0 => 16 * step + 8,
        chord => (16 * step + 264) << (chord - 1),
    };
    f64::from(if word & 0x80 == 0 { -value } else { value })
}
