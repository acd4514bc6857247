//! Packets that are no sound of the call's: neither the other phone nor the recording gets any of them.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use offhook_tests::{LOUDEST, Phrases, Probe, Site, Voice, Wav, phrase};
use serde_json::json;

use crate::recordings::heard;

/// 20 ms.
const SAMPLES: u16 = 160;
/// As loud as can be in mu-law: whoever has a sample of it has heard what it should not.
const NOISE: u8 = 0x80;

/// Alice's voice and Bob's in one call.
struct Talk {
    alice: Voice,
    bob: Voice,
    /// Bob's next packet.
    bobs: u32,
    /// The packets that Bob has heard.
    heard: Vec<Vec<u8>>,
}

impl Talk {
    /// Alice says these packets and Bob as many, and Alice's phone sends something odd after each; each is heard before the next is said.
    fn say(&mut self, numbers: std::ops::Range<u32>, mut odd: impl FnMut(&Voice, u32)) {
        for number in numbers {
            let next = Instant::now() + Duration::from_millis(20);
            self.alice.say(number);
            self.bob.say(self.bobs);
            self.bobs += 1;
            odd(&self.alice, number);
            let (mut by_alice, before) = (0, self.heard.len());
            while by_alice == 0 || self.heard.len() == before {
                assert!(Instant::now() < next + PATIENCE, "packet {number} is heard");
                std::thread::sleep(Duration::from_millis(1));
                by_alice += self.alice.hear().len();
                self.heard.extend(self.bob.hear());
            }
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
        }
    }
}

/// What a phone or a stranger may send that is no packet of the call's; all of it is loud.
fn odd_packets(voice: &Voice, number: u32) -> Vec<Vec<u8>> {
    let mut good = voice.packet(number);
    good[12..].fill(NOISE);
    let changed = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut packet = good.clone();
        change(&mut packet);
        packet
    };
    let mut odd = vec![
        Vec::new(),
        good[..1].to_vec(),
        good[..11].to_vec(),
        // Fifteen contributing sources, of which there is room for two.
        changed(&|packet| {
            packet[0] |= 0x0f;
            packet.truncate(20);
        }),
        // An extension that is longer than the packet.
        changed(&|packet| {
            packet[0] |= 0x10;
            packet[14..16].fill(0xff);
        }),
        // More padding than there are octets, and none though it is told of.
        changed(&|packet| {
            packet[0] |= 0x20;
            *packet.last_mut().unwrap() = 0xff;
        }),
        changed(&|packet| {
            packet[0] |= 0x20;
            *packet.last_mut().unwrap() = 0;
        }),
        // Other versions.
        changed(&|packet| packet[0] = 0x40),
        changed(&|packet| packet[0] = 0xc0),
        // A binding request of STUN, a hello of DTLS, a request of SIP.
        [b"\0\x01\0\0\x21\x12\xa4\x42".as_slice(), &[NOISE; 12]].concat(),
        [b"\x16\xfe\xfd\0\0".as_slice(), &[NOISE; 60]].concat(),
        b"OPTIONS sip:x SIP/2.0\r\n\r\n".to_vec(),
        vec![0xff; 1_400],
        vec![0; 1_400],
    ];
    // Payload types that nobody negotiated.
    for payload_type in [8, 9, 18, 72, 96, 101, 127] {
        odd.push(changed(&|packet| packet[1] = payload_type));
    }
    odd
}

/// Bob has heard these words of Alice and nothing else, as one stream without a hole.
fn assert_heard(packets: &[Vec<u8>], id: u32, numbers: impl Iterator<Item = u32>) {
    let words = packets.iter().map(|packet| packet[12..].to_vec());
    let words: Vec<Vec<u8>> = words.collect();
    let said = numbers.map(|number| phrase(id, number)[..SAMPLES.into()].to_vec());
    let said: Vec<Vec<u8>> = said.collect();
    assert_eq!(words.len(), said.len(), "nothing more and nothing less");
    assert!(words == said, "the words, in their order");
    let first = &packets[0];
    let sequence = |packet: &[u8]| u16::from_be_bytes([packet[2], packet[3]]);
    for (packet, expected) in packets.iter().zip(0_u16..) {
        assert_eq!(packet[8..12], first[8..12], "one source");
        assert_eq!(packet[1] & 0x7f, 0, "one payload type");
        let number = sequence(packet).wrapping_sub(sequence(first));
        assert_eq!(number, expected, "numbers without a hole");
    }
}

/// Both talk for a while with odd packets in between; Alice's phone has another source in the second half.
fn talk(mut talk: Talk, strangers: &[UdpSocket]) -> Talk {
    talk.say(0..20, |_, _| {});
    talk.say(20..60, |alice, number| {
        for packet in odd_packets(alice, number) {
            alice.send(&packet);
        }
        // Others, on another host and on Alice's own, with the numbers and the source of hers.
        let mut packet = alice.packet(number + 1);
        packet[12..].fill(NOISE);
        for stranger in strangers {
            stranger.send_to(&packet, alice.relay()).unwrap();
        }
    });
    talk.alice.ssrc = 0x7777_7777;
    talk.say(700..740, |_, _| {});
    talk
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_foreign_and_unnegotiated_packets_reach_nobody_and_a_new_source_is_heard_on() {
    let site = Site::start().await;
    let (caller, phone) = (Voice::socket(), Voice::socket());
    let [callers, phones] = [&caller, &phone].map(|one| one.local_addr().unwrap().port());
    let probe = Probe::new(&site, vec![phones]).await;
    let user = format!("/users/{}", probe.called().user_id);
    let recorded = site.rest.patch(&user, json!({"record": "in"})).await;
    recorded.expect(200);
    site.webhook("sounds", &["monitor.audio_ready"]).await;
    let talked = tokio::task::spawn_blocking(move || {
        let strangers = ["127.0.0.66:0", "127.0.0.1:0"].map(|at| UdpSocket::bind(at).unwrap());
        let (held, flows) = probe.hold(vec![callers]);
        let (answer, offer) = flows[0];
        let alice = Voice::new(0, caller, answer, SAMPLES);
        let bob = Voice::new(1, phone, offer, SAMPLES);
        let begun = Talk {
            alice,
            bob,
            bobs: 0,
            heard: Vec::new(),
        };
        let talked = talk(begun, &strangers);
        for stranger in &strangers {
            stranger.set_nonblocking(true).unwrap();
            assert!(stranger.recv(&mut [0; 9]).is_err(), "strangers get nothing");
        }
        // What is told of how well each side arrived is told once a second.
        std::thread::sleep(Duration::from_millis(1_100));
        assert_eq!(held.end(), 1, "the call was kept");
        talked
    });
    let talked = talked.await.unwrap();
    assert_heard(&talked.heard, 0, (0..60).chain(700..740));

    let call = site.root().await;
    for (who, packets, lost, _) in heard(&site, &call).await {
        assert_eq!((packets, lost), (100, 0), "what arrived of {who}");
    }
    let ready = site.event("monitor.audio_ready", 0).await;
    let path = format!("/monitors/{}.wav", ready["monitor_id"]);
    let wav = Wav::read(&site.rest.get(&path).await.expect_octets(200));
    let phrases = Phrases::of(2, 800, SAMPLES.into());
    for (channel, id) in (0..2).zip(0_u32..) {
        let samples = wav.samples(channel);
        let loud = samples.iter().filter(|one| one.abs() > LOUDEST).count();
        assert_eq!(loud, 0, "samples that nobody said");
        let heard = phrases.transcribe(&samples);
        assert_eq!((heard.id, heard.foreign), (Some(id), 0), "{heard:?}");
        let second = heard.whole.iter().filter(|(number, _)| *number >= 60);
        let (all, second) = (heard.whole.len(), second.count());
        // One that came late may be overlaid by the next.
        assert!(all >= 95 && second >= 38, "{all}, {second}: {heard:?}");
    }
}

const PATIENCE: Duration = Duration::from_secs(20);
