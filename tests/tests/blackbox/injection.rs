//! Packets of third parties at the ports of calls (test matrix S14).

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use offhook_tests::{Probe, Site, Voice, Wav, eventually, phrase};
use serde_json::json;

use crate::recordings;

const CALLS: usize = 100;
/// Packets that each phone sends: one each 20 ms.
const SPOKEN: u16 = 100;
/// Payload of the phones in PCMU: a sample that is far from loud, and not silence.
const SPEECH: u8 = 0xf0;
/// The same as it stands in a recording.
const SPEECH_SAMPLE: i16 = 120;
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
        let packet = rtp(self.ssrc, number, SPEECH);
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
    let user = format!("/users/{}", probe.called().user_id);
    let recorded = site.rest.patch(&user, json!({"record": "in"})).await;
    recorded.expect(200);
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
    assert_recorded(&site).await;
}

/// Each call is recorded, and holds what both phones said and no sample of anything else.
async fn assert_recorded(site: &Site) {
    let patience = Duration::from_secs(60);
    let recordings = eventually("the recordings in the list", patience, async || {
        let found = site.rest.get("/monitors?limit=1000").await.expect(200);
        (found["total"] == CALLS).then(|| found["data"].as_array().unwrap().clone())
    });
    for monitor in recordings.await {
        let path = format!("/monitors/{}.wav", monitor["id"]);
        let wav = Wav::read(&site.rest.get(&path).await.expect_octets(200));
        for channel in 0..2 {
            let samples = wav.samples(channel);
            let kinds: BTreeSet<i16> = samples.iter().copied().collect();
            assert_eq!(kinds, BTreeSet::from([0, SPEECH_SAMPLE]), "{monitor}");
            let said = samples.iter().filter(|sample| **sample == SPEECH_SAMPLE);
            // What came late on a busy machine may lie upon the next.
            assert!(said.count() > usize::from(SPOKEN) * 160 / 2, "{monitor}");
        }
    }
}

/// Calls of the flood.
const OTHERS: u32 = 5;
/// Packets of the flood: 3 s of 10,000 a second.
const FLOOD: u32 = 30_000;

/// Two phones that talk while one of their ports, or that of others, is flooded.
struct Pair {
    voices: [Voice; 2],
    heard: [Vec<Vec<u8>>; 2],
}

impl Pair {
    fn listen(&mut self) {
        for (voice, heard) in self.voices.iter().zip(&mut self.heard) {
            heard.extend(voice.hear());
        }
    }

    /// How many of the packets of the other one each has heard, of so many; all else is an error.
    fn heard(&self, said: u32) -> [usize; 2] {
        let words = |id: u32| -> BTreeSet<Vec<u8>> {
            let words = (0..said).map(|number| phrase(id, number)[..160].to_vec());
            words.collect()
        };
        let [one, other] = &self.voices;
        [(other.id, &self.heard[0]), (one.id, &self.heard[1])].map(|(speaker, heard)| {
            let known = words(speaker);
            let right = heard.iter().filter(|packet| known.contains(&packet[12..]));
            assert_eq!(right.count(), heard.len(), "noise was relayed");
            heard.len()
        })
    }
}

/// Sends loud packets at a port from another host, 10,000 a second of them, with the source of the phone and another.
fn flood(relay: SocketAddr, ssrc: u32) {
    let socket = UdpSocket::bind((MALLORY, 0)).unwrap();
    let begun = Instant::now();
    for number in 0..FLOOD {
        if number % 20 == 0 {
            let due = begun + Duration::from_micros(100) * number;
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        let ssrc = if number % 2 == 0 { ssrc } else { 0x6666_6666 };
        let [_, _, low @ ..] = number.to_be_bytes();
        socket
            .send_to(&rtp(ssrc, u16::from_be_bytes(low), NOISE), relay)
            .ok();
    }
    socket.set_nonblocking(true).unwrap();
    assert!(
        socket.recv(&mut [0; 9]).is_err(),
        "media was sent to a third party"
    );
}

/// All talk, a packet each 20 ms, until the flood is over; gives how many packets each has said.
fn talk_in_the_flood(pairs: &mut [Pair]) -> u32 {
    let [flooded, _] = &pairs[0].voices;
    let (relay, ssrc) = (flooded.relay(), flooded.ssrc);
    let begun = Instant::now();
    let flood = std::thread::spawn(move || flood(relay, ssrc));
    let mut said = 0;
    while !flood.is_finished() || said < 100 {
        for pair in &mut *pairs {
            for voice in &pair.voices {
                voice.say(said);
            }
            pair.listen();
        }
        said += 1;
        let next = begun + Duration::from_millis(20) * said;
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    flood.join().unwrap();
    // What the flooded port has lost does not come any more; of the others all comes.
    let patience = Instant::now() + Duration::from_secs(20);
    let all = usize::try_from(said).unwrap();
    let has_all = |pair: &Pair| pair.heard.iter().all(|heard| heard.len() >= all);
    while !pairs[1..].iter().all(has_all) && Instant::now() < patience {
        std::thread::sleep(Duration::from_millis(50));
        for pair in &mut *pairs {
            pair.listen();
        }
    }
    std::thread::sleep(Duration::from_millis(200));
    for pair in &mut *pairs {
        pair.listen();
    }
    said
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_packets_a_second_at_one_port_disturb_neither_its_call_nor_others() {
    let site = Site::start().await;
    let sockets: Vec<_> = (0..2 * (OTHERS + 1)).map(|_| Voice::socket()).collect();
    let ports: Vec<u16> = sockets
        .iter()
        .map(|one| one.local_addr().unwrap().port())
        .collect();
    let callers: Vec<u16> = ports.iter().copied().step_by(2).collect();
    let phones: Vec<u16> = ports.iter().copied().skip(1).step_by(2).collect();
    let calls = callers.len();
    let probe = Probe::new(&site, phones).await;
    let (said, heard) = tokio::task::spawn_blocking(move || {
        let (held, flows) = probe.hold(callers);
        let relays = flows.iter().flat_map(|(answer, offer)| [*answer, *offer]);
        let voices = (0_u32..).zip(sockets).zip(relays);
        let mut voices = voices.map(|((id, socket), relay)| Voice::new(id, socket, relay, 160));
        let pairs = std::iter::from_fn(|| Some([voices.next()?, voices.next()?]));
        let pairs = pairs.map(|voices| Pair {
            voices,
            heard: [Vec::new(), Vec::new()],
        });
        let mut pairs: Vec<Pair> = pairs.collect();
        let said = talk_in_the_flood(&mut pairs);
        // What is told of how well each side arrived is told once a second.
        std::thread::sleep(Duration::from_millis(1_100));
        assert_eq!(held.end(), calls, "every call was kept until its end");
        let heard: Vec<_> = pairs.iter().map(|pair| pair.heard(said)).collect();
        (said, heard)
    })
    .await
    .unwrap();
    let all = usize::try_from(said).unwrap();
    let ([by_flooded, of_flooded], others) = (heard[0], &heard[1..]);
    assert_eq!(by_flooded, all, "the flooded port's phone hears everything");
    // The kernel has one queue for a port, whoever sends to it, and a busy machine does not always empty it in time.
    assert!(of_flooded * 100 >= all * 80, "{of_flooded} of {all}");
    assert!(
        others.iter().all(|heard| *heard == [all; 2]),
        "{all}: {others:?}"
    );
    let mut lost = Vec::new();
    for call in site.calls(calls).await {
        for (_, packets, gone, _) in recordings::heard(&site, &call).await {
            assert!(packets * 100 >= u64::from(said) * 75, "{packets} of {said}");
            lost.push(gone);
        }
    }
    lost.sort_unstable();
    lost.pop();
    assert_eq!(
        lost,
        vec![0; 2 * calls - 1],
        "of the others nothing is lost"
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
    assert_eq!(octets, BTreeSet::from([SPEECH]), "noise was relayed");
    assert!(
        counts.iter().all(|count| *count >= least),
        "each hears the other one: {counts:?}"
    );
}
