//! CPU time per relayed RTP packet.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::Node;
use crate::machine::{self, Cpu};
use crate::probe::Probe;

/// One direction of a call.
struct Stream {
    from: UdpSocket,
    to: SocketAddr,
    packet: [u8; 172],
}

pub(crate) async fn run() {
    println!(
        "\nrelay: {CALLS} two-way G.711 calls, a packet each 20 ms and direction, {SECONDS} s"
    );
    let node = Node::start("always").await;
    let (callers, phones): (Vec<_>, Vec<_>) = (0..CALLS).map(|_| (socket(), socket())).unzip();
    let ports = |sockets: &[UdpSocket]| -> Vec<u16> {
        let port = |socket: &UdpSocket| socket.local_addr().unwrap().port();
        sockets.iter().map(port).collect()
    };
    let probe = Probe::new(&node.site, ports(&phones)).await;
    let (idle, _) = machine::memory(node.pid());
    let (probe, held, flows) = tokio::task::spawn_blocking({
        let ports = ports(&callers);
        move || {
            let (held, flows) = probe.hold(ports);
            (probe, held, flows)
        }
    })
    .await
    .unwrap();
    let streams = callers.into_iter().zip(phones).zip(flows);
    let streams: Vec<Stream> = streams
        .flat_map(|((caller, phone), (answer, offer))| {
            [stream(caller, answer), stream(phone, offer)]
        })
        .collect();

    let (before, lost) = (Cpu::of(node.pid()), machine::datagrams_lost());
    let (sent, came) = tokio::task::spawn_blocking(|| talk(streams)).await.unwrap();
    let cpu = Cpu::of(node.pid()).since(&before);
    let (with_calls, _) = machine::memory(node.pid());
    let ended = tokio::task::spawn_blocking(|| held.end()).await.unwrap();
    drop(probe);
    println!(
        "CPU us per relayed packet {:.1} (user {:.1}, system {:.1}); relayed {came} of {sent}; datagrams lost {}; \
         KiB a call {:.0}; calls ended in order {ended}; load {}",
        cpu.total() / came as f64 * 1e6,
        cpu.user / came as f64 * 1e6,
        cpu.system / came as f64 * 1e6,
        machine::datagrams_lost() - lost,
        (with_calls - idle) * 1_024.0 / CALLS as f64,
        machine::load(),
    );
}

/// Sends every stream's packets at their time, a twentieth of the streams each millisecond; counts what comes.
fn talk(mut streams: Vec<Stream>) -> (usize, usize) {
    let receivers: Vec<_> = streams
        .iter()
        .map(|stream| stream.from.try_clone().unwrap())
        .collect();
    let ending = Arc::new(AtomicBool::new(false));
    let counting = std::thread::spawn({
        let ending = Arc::clone(&ending);
        move || {
            let (mut came, mut buffer) = (0, [0; 2_048]);
            while !ending.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(5));
                for socket in &receivers {
                    while socket.recv(&mut buffer).is_ok() {
                        came += 1;
                    }
                }
            }
            came
        }
    });
    let started = Instant::now();
    let mut sent = 0;
    for tick in 0..SECONDS * 1_000 {
        let part = tick % 20;
        for stream in streams.iter_mut().skip(part).step_by(20) {
            stream.send(tick / 20);
            sent += 1;
        }
        let next = started + Duration::from_millis(u64::try_from(tick).unwrap() + 1);
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    std::thread::sleep(Duration::from_millis(500));
    ending.store(true, Ordering::Relaxed);
    (sent, counting.join().unwrap())
}

impl Stream {
    fn send(&mut self, n: usize) {
        let sequence = u16::try_from(n % 65_536).unwrap();
        self.packet[2..4].copy_from_slice(&sequence.to_be_bytes());
        let time = u32::try_from(n * 160).unwrap();
        self.packet[4..8].copy_from_slice(&time.to_be_bytes());
        self.from.send_to(&self.packet, self.to).unwrap();
    }
}

fn stream(from: UdpSocket, to: SocketAddr) -> Stream {
    let mut packet = [0xd5; 172];
    // Version 2, payload type 0; the port makes the source's number.
    packet[..2].copy_from_slice(&[0x80, 0]);
    packet[8..10].copy_from_slice(&[0, 1]);
    packet[10..12].copy_from_slice(&from.local_addr().unwrap().port().to_be_bytes());
    Stream { from, to, packet }
}

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_nonblocking(true).unwrap();
    socket
}

const CALLS: usize = 100;
const SECONDS: usize = 15;
