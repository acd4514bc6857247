//! CPU time per relayed RTP packet, how long a packet takes, and what a call with media needs of memory.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use offhook_tests::Probe;

use crate::Node;
use crate::machine::{self, Cpu, percentile};

/// One direction of a call.
struct Stream {
    from: UdpSocket,
    to: SocketAddr,
    packet: [u8; 172],
}

pub(crate) async fn run() {
    println!(
        "\nrelay: {CALLS} two-way G.711 calls, a packet each 20 ms and direction, {SECONDS} s; the packets of {TIMED} streams \
         are timed from send to receive, by threads that wait for them"
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
    let Heard { sent, came, delays } = tokio::task::spawn_blocking(|| talk(streams)).await.unwrap();
    let cpu = Cpu::of(node.pid()).since(&before);
    let (with_calls, _) = machine::memory(node.pid());
    let ended = tokio::task::spawn_blocking(|| held.end()).await.unwrap();
    drop(probe);
    println!(
        "CPU us per relayed packet {:.1} (goal 10, better 6.6; user {:.1}, system {:.1}: {}); relayed {came} of {sent}; \
         datagrams lost {}; delay p50 {:.3} ms, p99 {:.3} ms (goal 1); KiB a call {:.0} (goal 60); \
         calls ended in order {ended}; load {}",
        cpu.total() / came as f64 * 1e6,
        cpu.user / came as f64 * 1e6,
        cpu.system / came as f64 * 1e6,
        cpu.by_thread(came as f64),
        machine::datagrams_lost() - lost,
        percentile(&delays, 50),
        percentile(&delays, 99),
        (with_calls - idle) * 1_024.0 / CALLS as f64,
        machine::load(),
    );
}

/// What the far ends heard.
struct Heard {
    sent: usize,
    came: usize,
    delays: Vec<Duration>,
}

/// Sends every stream's packets at their time, a twentieth of the streams each millisecond; counts what comes.
fn talk(mut streams: Vec<Stream>) -> Heard {
    let ending = Arc::new(AtomicBool::new(false));
    let epoch = Instant::now();
    let mut receivers: Vec<_> = streams
        .iter()
        .map(|stream| stream.from.try_clone().unwrap())
        .collect();
    let timing: Vec<_> = receivers
        .drain(..TIMED)
        .map(|socket| time(socket, epoch, Arc::clone(&ending)))
        .collect();
    let counting = count(receivers, Arc::clone(&ending));
    let mut sent = 0;
    for tick in 0..SECONDS * 1_000 {
        let part = tick % 20;
        for stream in streams.iter_mut().skip(part).step_by(20) {
            stream.send(tick / 20, epoch);
            sent += 1;
        }
        let next = epoch + Duration::from_millis(u64::try_from(tick).unwrap() + 1);
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    std::thread::sleep(Duration::from_millis(500));
    ending.store(true, Ordering::Relaxed);
    let mut came = counting.join().unwrap();
    let mut delays = Vec::new();
    for one in timing {
        delays.extend(one.join().unwrap());
    }
    came += delays.len();
    Heard { sent, came, delays }
}

/// Counts what comes to these sockets.
fn count(receivers: Vec<UdpSocket>, ending: Arc<AtomicBool>) -> JoinHandle<usize> {
    std::thread::spawn(move || {
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
    })
}

/// Waits at a socket, and says how old each packet was. The other sockets are asked now and then, so that the counting
/// costs little; this one wakes with each packet.
fn time(socket: UdpSocket, epoch: Instant, ending: Arc<AtomicBool>) -> JoinHandle<Vec<Duration>> {
    std::thread::spawn(move || {
        // Shared with the sending end, which never finds its own queue full at this rate.
        socket.set_nonblocking(false).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_millis(100)))
            .unwrap();
        let (mut delays, mut buffer) = (Vec::new(), [0; 2_048]);
        while !ending.load(Ordering::Relaxed) {
            if socket.recv(&mut buffer).is_ok() {
                let sent = u64::from_be_bytes(buffer[12..20].try_into().unwrap());
                delays.push(epoch.elapsed().saturating_sub(Duration::from_nanos(sent)));
            }
        }
        delays
    })
}

impl Stream {
    fn send(&mut self, n: usize, epoch: Instant) {
        let sequence = u16::try_from(n % 65_536).unwrap();
        self.packet[2..4].copy_from_slice(&sequence.to_be_bytes());
        let time = u32::try_from(n * 160).unwrap();
        self.packet[4..8].copy_from_slice(&time.to_be_bytes());
        let now = u64::try_from(epoch.elapsed().as_nanos()).unwrap();
        self.packet[12..20].copy_from_slice(&now.to_be_bytes());
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

const CALLS: usize = 300;
/// Streams whose packets are timed.
const TIMED: usize = 4;
const SECONDS: usize = 15;
