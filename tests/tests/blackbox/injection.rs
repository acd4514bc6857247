//! Packets of third parties at the ports of calls (test matrix S14).

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use offhook_tests::{Probe, Site};

const CALLS: usize = 100;
/// Packets that each phone sends: one each 20 ms.
const SPOKEN: u16 = 100;
/// Payload of the phones: silence of PCMU.
const SILENCE: u8 = 0xff;
/// Payload of the third party: as loud as can be.
const NOISE: u8 = 0x80;
/// Where the third party is: another host than that of the phones and of their signalling.
const MALLORY: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 66));

/// One phone's end of a call's media.
struct End {
    socket: UdpSocket,
    /// Where the relay listens to it.
    relay: SocketAddr,
    ssrc: u32,
}

impl End {
    fn say(&self, number: u16) {
        let packet = rtp(self.ssrc, number, SILENCE);
        self.socket.send_to(&packet, self.relay).unwrap();
    }

    /// Payload octets that it heard, and how many packets.
    fn heard(&self) -> (BTreeSet<u8>, usize) {
        let (mut octets, mut count, mut buffer) = (BTreeSet::new(), 0, [0; 2_048]);
        while let Ok((length, from)) = self.socket.recv_from(&mut buffer) {
            assert_eq!(from, self.relay, "the relay speaks to it, and nobody else");
            octets.extend(&buffer[12..length]);
            count += 1;
        }
        (octets, count)
    }
}

fn rtp(ssrc: u32, number: u16, payload: u8) -> Vec<u8> {
    let mut packet = vec![0x80, 0];
    packet.extend_from_slice(&number.to_be_bytes());
    packet.extend_from_slice(&(u32::from(number) * 160).to_be_bytes());
    packet.extend_from_slice(&ssrc.to_be_bytes());
    packet.resize(172, payload);
    packet
}

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_nonblocking(true).unwrap();
    socket
}

/// Sends noise to all ports, with the numbers of the phones and with others, and forged goodbyes to the ports of RTCP, until
/// told to end. Gives how many packets came to it.
fn attack(targets: &[(SocketAddr, u32)], round: u16, sockets: &[UdpSocket; 2]) {
    for (relay, ssrc) in targets {
        let rtcp = SocketAddr::new(relay.ip(), relay.port() + 1);
        for (socket, ssrc) in sockets.iter().zip([*ssrc, 0x6666_6666]) {
            // A full queue of the kernel loses what is sent to it, as on any network.
            socket.send_to(&rtp(ssrc, round, NOISE), relay).ok();
            let [a, b, c, d] = ssrc.to_be_bytes();
            socket.send_to(&[0x81, 203, 0, 1, a, b, c, d], rtcp).ok();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn noise_of_a_third_party_is_heard_by_nobody_gets_nothing_and_ends_no_call() {
    let site = Site::start().await;
    let (callers, phones): (Vec<_>, Vec<_>) = (0..CALLS).map(|_| (socket(), socket())).unzip();
    let ports = |sockets: &[UdpSocket]| -> Vec<u16> {
        let port = |socket: &UdpSocket| socket.local_addr().unwrap().port();
        sockets.iter().map(port).collect()
    };
    let (callers_ports, phones_ports) = (ports(&callers), ports(&phones));
    let probe = Probe::new(&site, phones_ports).await;
    let ended = tokio::task::spawn_blocking(move || {
        let (held, flows) = probe.hold(callers_ports);
        let mut ends = Vec::new();
        for ((caller, phone), (answer, offer)) in callers.into_iter().zip(phones).zip(flows) {
            for (socket, relay) in [(caller, answer), (phone, offer)] {
                let ssrc = u32::try_from(ends.len()).unwrap() + 1;
                ends.push(End {
                    socket,
                    relay,
                    ssrc,
                });
            }
        }
        talk_under_attack(&ends);
        held.end()
    });
    assert_eq!(
        ended.await.unwrap(),
        CALLS,
        "every call was kept until its end"
    );
}

fn talk_under_attack(ends: &[End]) {
    let sockets = [(); 2].map(|()| {
        let socket = UdpSocket::bind((MALLORY, 0)).unwrap();
        socket.set_nonblocking(true).unwrap();
        socket
    });
    let targets: Vec<_> = ends.iter().map(|end| (end.relay, end.ssrc)).collect();
    // Before the phones have said anything.
    attack(&targets, 0, &sockets);
    let attacking = Arc::new(AtomicBool::new(true));
    let attacks = Arc::new(AtomicUsize::new(0));
    let attacker = std::thread::spawn({
        let (attacking, attacks) = (Arc::clone(&attacking), Arc::clone(&attacks));
        move || {
            let mut came = 0;
            while attacking.load(Ordering::Relaxed) {
                let round = attacks.fetch_add(1, Ordering::Relaxed);
                attack(&targets, u16::try_from(round % 65_536).unwrap(), &sockets);
                let heard = |socket: &UdpSocket| socket.recv_from(&mut [0; 2_048]).is_ok();
                came += sockets.iter().filter(|socket| heard(socket)).count();
                std::thread::sleep(Duration::from_millis(50));
            }
            came
        }
    });
    let (mut octets, mut counts) = (BTreeSet::new(), vec![0; ends.len()]);
    for number in 1..=SPOKEN {
        for (end, count) in ends.iter().zip(&mut counts) {
            end.say(number);
            let (heard, packets) = end.heard();
            octets.extend(heard);
            *count += packets;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    attacking.store(false, Ordering::Relaxed);
    assert_eq!(
        attacker.join().unwrap(),
        0,
        "media was sent to a third party"
    );
    assert!(attacks.load(Ordering::Relaxed) > 10);
    let least = usize::from(SPOKEN) * 9 / 10;
    let patience = Instant::now() + Duration::from_secs(20);
    while counts.iter().any(|count| *count < least) && Instant::now() < patience {
        std::thread::sleep(Duration::from_millis(50));
        for (end, count) in ends.iter().zip(&mut counts) {
            let (heard, packets) = end.heard();
            octets.extend(heard);
            *count += packets;
        }
    }
    assert_eq!(octets, BTreeSet::from([SILENCE]), "noise was relayed");
    assert!(
        counts.iter().all(|count| *count >= least),
        "each hears the other one: {counts:?}"
    );
}
