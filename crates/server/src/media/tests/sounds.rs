//! What is played to a phone, at its socket.

use super::*;

/// A packet as the phone reads it.
#[derive(Clone, Copy, Debug)]
struct Heard {
    marker: bool,
    payload_type: u8,
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
}

impl Heard {
    fn read(packet: &[u8]) -> Self {
        Self {
            marker: packet[1] & 0x80 != 0,
            payload_type: packet[1] & 0x7f,
            sequence: u16::from_be_bytes(packet[2..4].try_into().unwrap()),
            timestamp: u32::from_be_bytes(packet[4..8].try_into().unwrap()),
            ssrc: u32::from_be_bytes(packet[8..12].try_into().unwrap()),
        }
    }

    /// Whether it belongs right behind `previous`. On a machine that stalls, time is left out, with a marker.
    fn follows(&self, previous: &Self) -> bool {
        let elapsed = self.timestamp.wrapping_sub(previous.timestamp);
        self.ssrc == previous.ssrc
            && self.sequence == previous.sequence.wrapping_add(1)
            && (elapsed == 160 || (self.marker && elapsed > 160 && elapsed.is_multiple_of(160)))
    }
}

impl Phone {
    fn hears_sound(&self, from: PortPair) -> Heard {
        let (packet, source) = self.hears();
        assert_eq!((packet.len(), source), (172, rtp_of(from)));
        Heard::read(&packet)
    }

    /// Throws away what has come in.
    fn forget(&self) {
        self.rtp.set_nonblocking(true).unwrap();
        while self.rtp.recv_from(&mut [0; 256]).is_ok() {}
        self.rtp.set_nonblocking(false).unwrap();
    }

    fn assert_hears_nothing(&self) {
        self.rtp.set_nonblocking(true).unwrap();
        let heard = self.rtp.recv_from(&mut [0; 256]);
        assert_eq!(heard.unwrap_err().kind(), io::ErrorKind::WouldBlock);
        self.rtp.set_nonblocking(false).unwrap();
    }
}

impl Rig {
    /// The relay of a caller for whom nobody has been called yet.
    fn waiting(&mut self, relay: RelayId, remote: Remote) -> [PortPair; 2] {
        let pairs = self.ports(2);
        self.send(MediaCommand::Start {
            relay,
            a: pairs[0].id,
            b: pairs[1].id,
            a_remote: Some(remote),
            b_remote: None,
        });
        [pairs[0], pairs[1]]
    }

    fn play(&mut self, relay: RelayId, sound: Sound, format: Format) {
        self.send(MediaCommand::Play {
            relay,
            side: Side::A,
            sound,
            format,
        });
    }

    fn stop_play(&mut self, relay: RelayId) {
        self.send(MediaCommand::StopPlay {
            relay,
            side: Side::A,
        });
        self.settle(RelayId(1));
    }
}

const CALL: RelayId = RelayId(1);

const PCMU: Format = Format {
    payload_type: 0,
    codec: Codec::Pcmu,
};

#[test]
fn a_waiting_caller_hears_one_stream_and_then_the_one_who_answers() {
    let mut rig = Rig::new();
    let (alice, bob) = (Phone::new(), Phone::new());
    let [facing_alice, facing_bob] = rig.waiting(CALL, alice.remote());
    rig.play(CALL, Sound::Music(Music::Tune), PCMA);

    let first = alice.hears_sound(facing_alice);
    assert!(first.marker);
    let mut last = first;
    for n in 0..20 {
        if n == 10 {
            rig.play(CALL, Sound::Position(2, Music::Tune), PCMA);
        }
        let next = alice.hears_sound(facing_alice);
        assert!(next.follows(&last), "{next:?} after {last:?}");
        assert_eq!(next.payload_type, 8);
        last = next;
    }
    assert_eq!(last.ssrc, first.ssrc);

    rig.send(MediaCommand::Update {
        relay: CALL,
        side: Side::B,
        remote: Some(bob.remote()),
    });
    rig.settle(RelayId(1));
    bob.say(1, facing_bob);
    rig.stop_play(CALL);
    bob.say(2, facing_bob);
    let mut heard = alice.hears_sound(facing_alice);
    while heard.payload_type == 8 {
        assert!(heard.follows(&last), "{heard:?} after {last:?}");
        last = heard;
        heard = alice.hears_sound(facing_alice);
    }
    let joins = |next: &Heard, last: &Heard| {
        (next.ssrc, next.sequence) == (last.ssrc, last.sequence.wrapping_add(1))
    };
    assert!(
        heard.marker && joins(&heard, &last),
        "Bob goes on in the stream of the music: {heard:?} after {last:?}"
    );
    for number in 3..20 {
        last = heard;
        bob.say(number, facing_bob);
        heard = alice.hears_sound(facing_alice);
        assert!(!heard.marker && joins(&heard, &last), "{heard:?}");
    }
    let said = alice.say(5, facing_alice);
    assert_eq!(bob.hears(), (said, rtp_of(facing_bob)));

    let stats = rig.stop(CALL);
    assert_eq!((stats.a.packets, stats.a.undeliverable), (1, 0));
    assert_eq!((stats.b.packets, stats.b.undeliverable), (19, 1));
    rig.media.stop();
}

#[test]
fn a_sound_goes_where_the_phone_sends_from_and_never_to_a_third_address() {
    let mut rig = Rig::new();
    let (alice, private, mallory) = (Phone::new(), Phone::new(), Phone::new());
    let [facing_alice, _] = rig.waiting(CALL, private.remote());
    rig.play(CALL, Sound::Ringback, PCMU);
    private.hears_sound(facing_alice);

    alice.say(1, facing_alice);
    let mut last = alice.hears_sound(facing_alice);
    private.forget();
    for number in 0..20 {
        mallory.say(number, facing_alice);
        mallory.rtp.send_to(b"noise", rtp_of(facing_alice)).unwrap();
        let next = alice.hears_sound(facing_alice);
        assert!(next.follows(&last), "{next:?} after {last:?}");
        assert_eq!(next.payload_type, 0);
        last = next;
    }
    mallory.assert_hears_nothing();
    private.assert_hears_nothing();

    let stats = rig.stop(CALL);
    assert_eq!((stats.a.packets, stats.a.octets), (1, 172));
    assert_eq!((stats.a.foreign, stats.a.malformed), (20, 20));
    assert_eq!(stats.b, offhook_media_core::SideStats::default());
    rig.media.stop();
}

#[test]
fn a_stopped_relay_plays_no_more_and_others_go_on() {
    let mut rig = Rig::new();
    let (alice, bob) = (Phone::new(), Phone::new());
    let [facing_alice, _] = rig.waiting(CALL, alice.remote());
    let [facing_bob, _] = rig.waiting(RelayId(2), bob.remote());
    for relay in [CALL, RelayId(2)] {
        rig.play(relay, Sound::Music(Music::Tune), PCMU);
    }
    alice.hears_sound(facing_alice);
    rig.stop(CALL);
    alice.forget();
    bob.forget();
    for _ in 0..5 {
        bob.hears_sound(facing_bob);
    }
    alice.assert_hears_nothing();

    // Its slot is taken by a relay that plays nothing.
    let carol = Phone::new();
    rig.relay(RelayId(3), &carol, &alice);
    for _ in 0..5 {
        bob.hears_sound(facing_bob);
    }
    carol.assert_hears_nothing();
    rig.media.stop();
}

#[test]
fn a_call_goes_on_unharmed_among_callers_who_wait() {
    let mut rig = Rig::new();
    let waiting: Vec<_> = (100..140)
        .map(|id| {
            let phone = Phone::new();
            let [facing, _] = rig.waiting(RelayId(id), phone.remote());
            (RelayId(id), phone, facing)
        })
        .collect();
    for (id, ..) in &waiting {
        rig.play(*id, Sound::Music(Music::Tune), PCMA);
    }
    let (alice, bob) = (Phone::new(), Phone::new());
    let [facing_alice, facing_bob] = rig.relay(CALL, &alice, &bob);
    for number in 0..200 {
        let said = alice.say(number, facing_alice);
        assert_eq!(bob.hears(), (said, rtp_of(facing_bob)));
        let said = bob.say(number, facing_bob);
        assert_eq!(alice.hears(), (said, rtp_of(facing_alice)));
    }
    let mut streams = std::collections::BTreeSet::new();
    for (id, phone, facing) in &waiting {
        let mut last = phone.hears_sound(*facing);
        assert!(last.marker && streams.insert(last.ssrc));
        for _ in 0..10 {
            let next = phone.hears_sound(*facing);
            assert!(next.follows(&last), "{id}: {next:?} after {last:?}");
            last = next;
        }
    }
    let stats = rig.stop(CALL);
    assert_eq!((stats.a.packets, stats.b.packets), (200, 200));
    rig.media.stop();
}

#[test]
fn what_cannot_be_played_leaves_the_relay_as_it_is() {
    let mut rig = Rig::new();
    let (alice, bob) = (Phone::new(), Phone::new());
    let [_, facing_bob] = rig.relay(CALL, &alice, &bob);
    let unusable = Format {
        payload_type: 72,
        codec: Codec::Pcma,
    };
    rig.play(CALL, Sound::Music(Music::Tune), unusable);
    rig.play(UNUSED, Sound::Music(Music::Tune), PCMA);
    rig.stop_play(UNUSED);
    rig.stop_play(CALL);
    let said = bob.say(1, facing_bob);
    assert_eq!(alice.hears().0, said);
    rig.media.stop();
}
