//! The shell over real sockets on loopback.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use offhook_media_core::{
    Codec, Format, Music, PairId, PortPair, RefusedStart, RelayId, Remote, Side, Sound,
};

use super::*;

mod secrecy;
mod sounds;

/// A media thread on any free ports, and its owner.
struct Rig {
    media: Media,
    events: mpsc::Receiver<MediaEvent>,
}

impl Rig {
    fn new() -> Self {
        let config = MediaConfig {
            address: Ipv4Addr::LOCALHOST.into(),
            first_port: 0,
            last_port: 0,
        };
        Self::of(config, 1)
    }

    fn of(config: MediaConfig, threads: usize) -> Self {
        let (sender, events) = mpsc::channel(16);
        let taps = std::iter::repeat_with(Tap::default).take(threads).collect();
        Self {
            media: Media::start(config, &sender, (taps, Instant::now())).unwrap(),
            events,
        }
    }

    fn send(&mut self, command: MediaCommand) {
        self.media.send(command).unwrap();
    }

    fn any_event(&mut self) -> MediaEvent {
        self.events
            .blocking_recv()
            .expect("the media thread is there")
    }

    /// The next event that is no report of how well the sides arrive.
    fn event(&mut self) -> MediaEvent {
        loop {
            let event = self.any_event();
            if !matches!(event, MediaEvent::Quality { .. }) {
                return event;
            }
        }
    }

    fn ports(&mut self, count: u16) -> Vec<PortPair> {
        self.send(MediaCommand::Refill { count });
        let mut pairs = Vec::new();
        while pairs.len() < usize::from(count) {
            let MediaEvent::Ports(more) = self.event() else {
                panic!("ports were asked for")
            };
            pairs.extend(more);
        }
        pairs
    }

    /// A relay between two phones that told their addresses.
    fn relay(&mut self, relay: RelayId, a: &Phone, b: &Phone) -> [PortPair; 2] {
        let pairs = self.ports(2);
        let (facing_a, facing_b) = (pairs[0], pairs[1]);
        self.send(MediaCommand::Start {
            relay,
            a: facing_a.id,
            b: facing_b.id,
            a_remote: Some(a.remote()),
            b_remote: Some(b.remote()),
        });
        self.settle(relay);
        [facing_a, facing_b]
    }

    /// Returns once every command that was sent so far of a relay's thread was carried out.
    fn settle(&mut self, relay: RelayId) {
        let [a, b] = [NOBODYS; 2];
        self.send(MediaCommand::Start {
            relay,
            a,
            b,
            a_remote: None,
            b_remote: None,
        });
        let reason = RefusedStart::UnknownPair;
        assert_eq!(self.event(), MediaEvent::Refused { relay, reason });
    }

    fn stop(&mut self, relay: RelayId) -> offhook_media_core::RelayStats {
        self.send(MediaCommand::Stop { relay });
        let mut before = self.any_event();
        loop {
            let event = self.any_event();
            if let MediaEvent::Stopped {
                relay: stopped,
                stats,
            } = event
            {
                assert_eq!(stopped, relay);
                let told = matches!(before, MediaEvent::Quality { relay: of, .. } if of == relay);
                assert!(told, "how it did comes before its end: {before:?}");
                return stats;
            }
            before = event;
        }
    }
}

/// A phone's pair of media sockets.
struct Phone {
    rtp: UdpSocket,
    rtcp: UdpSocket,
}

impl Phone {
    fn new() -> Self {
        let socket = || {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            socket
                .set_read_timeout(Some(Duration::from_secs(10)))
                .unwrap();
            socket
        };
        Self {
            rtp: socket(),
            rtcp: socket(),
        }
    }

    /// A phone whose RTCP does not come from the port after its RTP, and that port, so that no phone of another test has
    /// it.
    fn with_port_beside() -> (Self, UdpSocket) {
        loop {
            let phone = Self::new();
            let port = phone.rtp.local_addr().unwrap().port();
            let beside = port
                .checked_add(1)
                .map(|port| UdpSocket::bind((Ipv4Addr::LOCALHOST, port)));
            if let Some(Ok(beside)) = beside {
                return (phone, beside);
            }
        }
    }

    fn remote(&self) -> Remote {
        self.rtp.local_addr().unwrap().into()
    }

    fn say(&self, number: u16, to: PortPair) -> Vec<u8> {
        let packet = rtp(number);
        self.rtp.send_to(&packet, rtp_of(to)).unwrap();
        packet
    }

    fn hears(&self) -> (Vec<u8>, SocketAddr) {
        receive_on(&self.rtp)
    }
}

const PCMA: Format = Format {
    payload_type: 8,
    codec: Codec::Pcma,
};

/// A relay that never runs.
const UNUSED: RelayId = RelayId(u64::MAX);

/// A pair that is never handed out.
const NOBODYS: PairId = PairId(u32::MAX);

fn receive_on(socket: &UdpSocket) -> (Vec<u8>, SocketAddr) {
    let mut buffer = vec![0; 2_048];
    let (length, from) = socket
        .recv_from(&mut buffer)
        .expect("a packet within ten seconds");
    buffer.truncate(length);
    (buffer, from)
}

fn rtp(number: u16) -> Vec<u8> {
    let [high, low] = number.to_be_bytes();
    let mut packet = vec![0x80, 0, high, low, 0, 0, 0, 160, 1, 2, 3, 4];
    packet.resize(172, 0xd5);
    packet
}

fn rtp_of(pair: PortPair) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, pair.rtp_port).into()
}

fn rtcp_of(pair: PortPair) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, pair.rtp_port + 1).into()
}

#[test]
fn packets_go_both_ways_unchanged_and_leave_by_the_ports_the_phones_know() {
    let mut rig = Rig::new();
    let (alice, bob) = (Phone::new(), Phone::new());
    let [facing_alice, facing_bob] = rig.relay(RelayId(1), &alice, &bob);

    for number in 1..=100 {
        let said = alice.say(number, facing_alice);
        assert_eq!(bob.hears(), (said, rtp_of(facing_bob)));
        let said = bob.say(number + 7, facing_bob);
        assert_eq!(alice.hears(), (said, rtp_of(facing_alice)));
    }

    let stats = rig.stop(RelayId(1));
    assert_eq!(
        (stats.a.packets, stats.a.octets, stats.a.lost),
        (100, 17_200, 0)
    );
    assert_eq!(
        (stats.b.packets, stats.b.octets, stats.b.lost),
        (100, 17_200, 0)
    );
    rig.media.stop();
}

#[test]
fn relays_of_several_threads_share_the_ports_and_give_them_back() {
    let pairs = 8;
    let mut rig = Rig::of(stock::tests::free_range(pairs), 3);
    for round in 0..2 {
        let calls: Vec<_> = (0..4)
            .map(|number| {
                let relay = RelayId(10 * round + number);
                let (alice, bob) = (Phone::new(), Phone::new());
                let facing = rig.relay(relay, &alice, &bob);
                (relay, alice, bob, facing)
            })
            .collect();
        let ports: std::collections::BTreeSet<u16> = calls
            .iter()
            .flat_map(|(.., facing)| facing.map(|pair| pair.rtp_port))
            .collect();
        assert_eq!(ports.len(), usize::from(pairs), "all of the range");
        for (_, alice, bob, [facing_alice, facing_bob]) in &calls {
            let said = alice.say(1, *facing_alice);
            assert_eq!(bob.hears(), (said, rtp_of(*facing_bob)));
        }
        // The next round waits for ports that have rested, of which the thread that owes them is not told.
        for (relay, ..) in calls {
            assert_eq!(rig.stop(relay).a.packets, 1);
        }
    }
    rig.media.stop();
}

#[test]
fn a_third_party_is_neither_heard_nor_sent_to() {
    let mut rig = Rig::new();
    let (alice, mallory) = (Phone::new(), Phone::new());
    let (bob, _beside_bob) = Phone::with_port_beside();
    let [facing_alice, facing_bob] = rig.relay(RelayId(1), &alice, &bob);
    alice.say(1, facing_alice);
    bob.hears();

    for number in 500..520 {
        mallory.say(number, facing_alice);
        mallory
            .rtcp
            .send_to(&[0x80, 203, 0, 1, 1, 2, 3, 4], rtcp_of(facing_alice))
            .unwrap();
    }
    alice
        .rtp
        .send_to(b"not RTP at all", rtp_of(facing_alice))
        .unwrap();
    let said = alice.say(2, facing_alice);
    assert_eq!(
        bob.hears().0,
        said,
        "the next thing heard is the phone's own"
    );
    let answered = bob.say(9, facing_bob);
    assert_eq!(alice.hears().0, answered);

    mallory.rtp.set_nonblocking(true).unwrap();
    assert_eq!(
        mallory.rtp.recv_from(&mut [0; 16]).unwrap_err().kind(),
        io::ErrorKind::WouldBlock
    );
    let stats = rig.stop(RelayId(1));
    assert_eq!((stats.a.packets, stats.a.malformed), (2, 1));
    assert!(
        stats.a.foreign >= 20,
        "its RTP was counted: {}",
        stats.a.foreign
    );
    rig.media.stop();
}

#[test]
fn rtcp_goes_from_odd_port_to_odd_port_and_its_source_is_learnt() {
    let mut rig = Rig::new();
    let (alice, _beside_alice) = Phone::with_port_beside();
    let (bob, _beside_bob) = Phone::with_port_beside();
    let [facing_alice, facing_bob] = rig.relay(RelayId(1), &alice, &bob);

    let report = [0x80, 201, 0, 1, 1, 2, 3, 4];
    bob.rtcp.send_to(&report, rtcp_of(facing_bob)).unwrap();
    alice.rtcp.send_to(&report, rtcp_of(facing_alice)).unwrap();
    // Bob's report may have gone to the port after Alice's RTP, for hers was not known; from here on it is.
    assert_eq!(
        receive_on(&bob.rtcp),
        (report.to_vec(), rtcp_of(facing_bob))
    );
    bob.rtcp.send_to(&report, rtcp_of(facing_bob)).unwrap();
    assert_eq!(
        receive_on(&alice.rtcp),
        (report.to_vec(), rtcp_of(facing_alice))
    );
    assert_eq!(rig.stop(RelayId(1)).b.rtcp_packets, 2);
    rig.media.stop();
}

#[test]
fn a_new_sdp_moves_a_side_to_another_phone() {
    let mut rig = Rig::new();
    let (alice, bob, carol) = (Phone::new(), Phone::new(), Phone::new());
    let [facing_alice, facing_bob] = rig.relay(RelayId(1), &alice, &bob);
    bob.say(1, facing_bob);
    alice.hears();

    rig.send(MediaCommand::Update {
        relay: RelayId(1),
        side: Side::B,
        remote: Some(carol.remote()),
    });
    rig.settle(RelayId(1));
    let said = alice.say(2, facing_alice);
    assert_eq!(carol.hears().0, said);
    let said = carol.say(40, facing_bob);
    assert_eq!(alice.hears().0, said);

    rig.send(MediaCommand::Update {
        relay: RelayId(1),
        side: Side::B,
        remote: None,
    });
    rig.settle(RelayId(1));
    alice.say(3, facing_alice);
    let said = carol.say(41, facing_bob);
    assert_eq!(
        alice.hears().0,
        said,
        "a side that wants no media may still send"
    );
    assert_eq!(rig.stop(RelayId(1)).a.undeliverable, 1);
    rig.media.stop();
}

#[test]
fn many_relays_keep_their_packets_apart_and_lose_none() {
    let mut rig = Rig::new();
    let calls: Vec<_> = (0..40)
        .map(|id| {
            let (alice, bob) = (Phone::new(), Phone::new());
            let ports = rig.relay(RelayId(id), &alice, &bob);
            (RelayId(id), alice, bob, ports)
        })
        .collect();
    for number in 0..50 {
        for (_, alice, bob, [facing_alice, facing_bob]) in &calls {
            alice.say(number, *facing_alice);
            bob.say(number, *facing_bob);
        }
        for (_, alice, bob, ports) in &calls {
            assert_eq!(bob.hears(), (rtp(number), rtp_of(ports[1])));
            assert_eq!(alice.hears(), (rtp(number), rtp_of(ports[0])));
        }
    }
    for (id, ..) in &calls {
        let stats = rig.stop(*id);
        assert_eq!(
            (
                stats.a.packets,
                stats.a.foreign,
                stats.b.packets,
                stats.b.foreign
            ),
            (50, 0, 50, 0)
        );
    }
    rig.media.stop();
}

#[test]
fn what_came_before_the_call_is_thrown_away() {
    let mut rig = Rig::new();
    let (alice, bob) = (Phone::new(), Phone::new());
    let pairs = rig.ports(2);
    for number in 900..910 {
        alice.say(number, pairs[0]);
    }
    rig.send(MediaCommand::Start {
        relay: RelayId(5),
        a: pairs[0].id,
        b: pairs[1].id,
        a_remote: Some(alice.remote()),
        b_remote: Some(bob.remote()),
    });
    rig.settle(RelayId(1));
    let said = alice.say(1, pairs[0]);
    assert_eq!(bob.hears().0, said);
    assert_eq!(rig.stop(RelayId(5)).a.packets, 1);
    rig.media.stop();
}

#[test]
fn pairs_that_are_not_in_the_owners_hands_are_refused() {
    let mut rig = Rig::new();
    let pairs = rig.ports(3);
    let start = |relay, a: PairId, b: PairId| MediaCommand::Start {
        relay,
        a,
        b,
        a_remote: None,
        b_remote: None,
    };

    rig.send(start(RelayId(1), pairs[0].id, PairId(77_777)));
    let refused = MediaEvent::Refused {
        relay: RelayId(1),
        reason: RefusedStart::UnknownPair,
    };
    assert_eq!(rig.event(), refused);
    rig.send(start(RelayId(1), pairs[0].id, pairs[1].id));
    assert_eq!(
        rig.event(),
        refused,
        "the first pair went back to the stock with the refusal"
    );

    rig.send(MediaCommand::Release { pair: pairs[2].id });
    rig.send(start(RelayId(1), pairs[2].id, pairs[2].id));
    assert_eq!(rig.event(), refused);

    let fresh = rig.ports(4);
    rig.send(start(RelayId(2), fresh[0].id, fresh[1].id));
    rig.send(start(RelayId(2), fresh[2].id, fresh[3].id));
    assert_eq!(
        rig.event(),
        MediaEvent::Refused {
            relay: RelayId(2),
            reason: RefusedStart::Duplicate
        }
    );
    assert_eq!(
        rig.stop(RelayId(2)),
        offhook_media_core::RelayStats::default()
    );
    rig.media.stop();
}

#[test]
fn a_large_refill_comes_in_parts_without_a_pause() {
    let mut rig = Rig::new();
    let asked_at = Instant::now();
    let pairs = rig.ports(100);
    assert!(
        asked_at.elapsed() < Duration::from_millis(900),
        "nothing but binding takes time: {:?}",
        asked_at.elapsed()
    );
    let ports: std::collections::BTreeSet<u16> = pairs.iter().map(|pair| pair.rtp_port).collect();
    assert_eq!((pairs.len(), ports.len()), (100, 100));
    assert!(ports.iter().all(|port| port % 2 == 0));
    rig.media.stop();
}
