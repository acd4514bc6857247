//! A side whose packets are encrypted, beside one whose are not.

use super::*;
use crate::srtp::{SRTP_TRAILER_OCTETS, SrtpKey, SrtpReceiver, SrtpSender, SrtpSuite};

const SUITE: SrtpSuite = SrtpSuite::Aes128Sha1Tag80;

/// A phone that encrypts.
struct Phone {
    sender: SrtpSender,
    receiver: SrtpReceiver,
}

/// Keys that are as different as their numbers.
fn keys(number: u8) -> SrtpKeys {
    SrtpKeys {
        receive: SrtpKey::new(SUITE, &[number; 30]).unwrap(),
        send: SrtpKey::new(SUITE, &[number | 0x80; 30]).unwrap(),
    }
}

impl Phone {
    fn new(keys: &SrtpKeys) -> Self {
        Self {
            sender: SrtpSender::new(&keys.receive).unwrap(),
            receiver: SrtpReceiver::new(&keys.send).unwrap(),
        }
    }

    fn says(&mut self, kind: Kind, plain: &[u8]) -> Vec<u8> {
        let mut buffer = plain.to_vec();
        buffer.resize(plain.len() + SRTP_TRAILER_OCTETS, 0);
        let length = match kind {
            Kind::Rtp => self.sender.seal_rtp(&mut buffer, plain.len()),
            Kind::Rtcp => self.sender.seal_rtcp(&mut buffer, plain.len()),
        };
        buffer.truncate(length.unwrap());
        buffer
    }

    fn hears(&mut self, kind: Kind, secret: &[u8]) -> Option<Vec<u8>> {
        let mut packet = secret.to_vec();
        let length = match kind {
            Kind::Rtp => self.receiver.open_rtp(&mut packet),
            Kind::Rtcp => self.receiver.open_rtcp(&mut packet),
        };
        packet.truncate(length.ok()?);
        Some(packet)
    }
}

/// What a shell does with a packet that came in: what goes out, and where to.
fn carry(
    relay: &mut Relay,
    side: Side,
    kind: Kind,
    from: SocketAddr,
    packet: &[u8],
) -> Result<(Vec<u8>, SocketAddr), DropReason> {
    let mut buffer = packet.to_vec();
    buffer.resize(packet.len() + SRTP_TRAILER_OCTETS, 0);
    let length = relay.decrypt(side, kind, &mut buffer[..packet.len()])?;
    match relay.handle_packet(Mono(1), side, kind, from, &mut buffer[..length]) {
        Verdict::Drop(reason) => Err(reason),
        Verdict::Forward { side, to } => {
            let length = relay.encrypt(side, kind, &mut buffer, length).unwrap();
            buffer.truncate(length);
            Ok((buffer, to))
        }
    }
}

fn report(ssrc: u32) -> Vec<u8> {
    let mut packet = vec![0x80, 200, 0, 6];
    packet.extend(ssrc.to_be_bytes());
    packet.extend([0; 20]);
    packet
}

fn rtcp(phone: SocketAddr) -> SocketAddr {
    SocketAddr::new(phone.ip(), phone.port() + 1)
}

#[test]
fn a_secure_phone_and_a_plain_one_hear_each_other() {
    let (mut relay, a, b) = relay();
    relay.secure(Side::A, Some(&keys(1)));
    let mut phone = Phone::new(&keys(1));
    for number in [1, 2, 3] {
        let secret = phone.says(Kind::Rtp, &rtp(number));
        let (heard, to) = carry(&mut relay, Side::A, Kind::Rtp, a, &secret).unwrap();
        assert_eq!((heard, to), (rtp(number).to_vec(), b));
        let (secret, to) = carry(&mut relay, Side::B, Kind::Rtp, b, &rtp(number)).unwrap();
        assert_eq!((secret.len(), to), (182, a));
        assert_eq!(phone.hears(Kind::Rtp, &secret).unwrap(), rtp(number));
    }
    let plain = report(0x0102_0304);
    let secret = phone.says(Kind::Rtcp, &plain);
    let (heard, _) = carry(&mut relay, Side::A, Kind::Rtcp, rtcp(a), &secret).unwrap();
    assert_eq!(heard, plain);
    let (secret, _) = carry(&mut relay, Side::B, Kind::Rtcp, rtcp(b), &plain).unwrap();
    assert_eq!(phone.hears(Kind::Rtcp, &secret).unwrap(), plain);
}

#[test]
fn each_side_has_keys_of_its_own() {
    let (mut relay, a, b) = relay();
    relay.secure(Side::A, Some(&keys(1)));
    relay.secure(Side::B, Some(&keys(2)));
    let (mut ann, mut bob) = (Phone::new(&keys(1)), Phone::new(&keys(2)));
    let secret = ann.says(Kind::Rtp, &rtp(1));
    let (other, to) = carry(&mut relay, Side::A, Kind::Rtp, a, &secret).unwrap();
    assert_eq!(to, b);
    assert_ne!(other, secret);
    assert_eq!(bob.hears(Kind::Rtp, &other).unwrap(), rtp(1));
    assert_eq!(ann.hears(Kind::Rtp, &other), None);
}

#[test]
fn what_fails_to_authenticate_latches_nothing_and_is_counted() {
    let nat = at("192.0.2.1:9999");
    let (mut relay, _, b) = relay();
    relay.secure(Side::A, Some(&keys(1)));
    let mut phone = Phone::new(&keys(1));
    let mut bad = phone.says(Kind::Rtp, &rtp(1));
    bad[20] ^= 1;
    let mut others = Phone::new(&keys(2));
    let foreign = others.says(Kind::Rtp, &rtp(1));
    for (count, packet) in [&bad, &foreign, &rtp(1).to_vec(), &Vec::new()]
        .into_iter()
        .enumerate()
    {
        let dropped = carry(&mut relay, Side::A, Kind::Rtp, nat, packet);
        assert_eq!(dropped, Err(DropReason::Unauthentic));
        assert_eq!(relay.stats().a.unauthentic, count as u64 + 1);
    }
    let report = carry(&mut relay, Side::A, Kind::Rtcp, nat, &report(1));
    assert_eq!(report, Err(DropReason::Unauthentic));
    assert_eq!(relay.stats().a.packets, 0);
    let (_, to) = carry(&mut relay, Side::B, Kind::Rtp, b, &rtp(1)).unwrap();
    assert_eq!(to, at("192.0.2.1:4000"), "where its SDP says");

    let own = phone.says(Kind::Rtp, &rtp(2));
    carry(&mut relay, Side::A, Kind::Rtp, nat, &own).unwrap();
    let (_, to) = carry(&mut relay, Side::B, Kind::Rtp, b, &rtp(2)).unwrap();
    assert_eq!(to, nat, "where its own packet came from");
    let again = carry(&mut relay, Side::A, Kind::Rtp, at("203.0.113.9:1"), &own);
    assert_eq!(again, Err(DropReason::Unauthentic), "a replay");
}

#[test]
fn the_same_keys_go_on_and_other_keys_begin_anew() {
    let (mut relay, a, b) = relay();
    relay.secure(Side::A, Some(&keys(1)));
    let mut phone = Phone::new(&keys(1));
    let mut first = None;
    // Over the end of the sequence numbers, and more.
    for step in 0..9_u16 {
        let packet = rtp(step.wrapping_mul(20_000));
        let secret = phone.says(Kind::Rtp, &packet);
        carry(&mut relay, Side::A, Kind::Rtp, a, &secret).unwrap();
        let (secret, _) = carry(&mut relay, Side::B, Kind::Rtp, b, &packet).unwrap();
        first.get_or_insert_with(|| secret.clone());
        assert_eq!(phone.hears(Kind::Rtp, &secret).unwrap(), packet);
        relay.secure(Side::A, Some(&keys(1)));
    }
    let replayed = carry(&mut relay, Side::A, Kind::Rtp, a, &first.unwrap());
    assert_eq!(replayed, Err(DropReason::Unauthentic));

    relay.secure(Side::A, Some(&keys(3)));
    let old = phone.says(Kind::Rtp, &rtp(29_000));
    let dropped = carry(&mut relay, Side::A, Kind::Rtp, a, &old);
    assert_eq!(dropped, Err(DropReason::Unauthentic));
    let mut phone = Phone::new(&keys(3));
    let secret = phone.says(Kind::Rtp, &rtp(29_001));
    carry(&mut relay, Side::A, Kind::Rtp, a, &secret).unwrap();
    let (secret, _) = carry(&mut relay, Side::B, Kind::Rtp, b, &rtp(50_000)).unwrap();
    let heard = RtpHeader::parse(&phone.hears(Kind::Rtp, &secret).unwrap()).unwrap();
    assert_ne!(heard.ssrc, 0x0102_0304, "a stream of its own");
}

#[test]
fn who_comes_back_has_its_rollover_counters_and_no_number_twice() {
    let (mut relay, a, b) = relay();
    relay.secure(Side::B, Some(&keys(1)));
    let mut bob = Phone::new(&keys(1));
    for step in 0..9_u16 {
        let secret = bob.says(Kind::Rtp, &rtp(step.wrapping_mul(20_000)));
        carry(&mut relay, Side::B, Kind::Rtp, b, &secret).unwrap();
    }
    let two = [Some(keys(2)), Some(keys(3))];
    let one_and_a_plain_one = [Some(keys(4)), None];
    for meanwhile in [&two[..1], &[None], &two, &one_and_a_plain_one] {
        let (secret, _) = carry(&mut relay, Side::A, Kind::Rtp, a, &rtp(1)).unwrap();
        assert_eq!(relay.encrypt(Side::B, Kind::Rtp, &mut [0; 200], 0), None);
        bob.hears(Kind::Rtp, &secret).unwrap();
        for keys in meanwhile {
            relay.secure(Side::B, keys.as_ref());
        }
        relay.secure(Side::B, Some(&keys(1)));
    }
    let secret = bob.says(Kind::Rtp, &rtp(29_000));
    carry(&mut relay, Side::B, Kind::Rtp, b, &secret).unwrap();
    let (secret, _) = carry(&mut relay, Side::A, Kind::Rtp, a, &rtp(2)).unwrap();
    assert!(bob.hears(Kind::Rtp, &secret).is_some());
}

#[test]
fn what_a_secure_phone_hears_begins_low_whatever_the_other_side_counts() {
    let (mut relay, a, b) = relay();
    relay.secure(Side::B, Some(&keys(1)));
    let mut bob = Phone::new(&keys(1));
    for (number, expected) in [(65_534, 32_766), (65_535, 32_767), (0, 32_768)] {
        let (secret, _) = carry(&mut relay, Side::A, Kind::Rtp, a, &rtp(number)).unwrap();
        let heard = bob.hears(Kind::Rtp, &secret).unwrap();
        assert_eq!(RtpHeader::parse(&heard).unwrap().sequence, expected);
    }
    // What it reports of that is told in the numbers of the source.
    let mut about = vec![0x81, 201, 0, 7, 9, 9, 9, 9, 1, 2, 3, 4, 0, 0, 0, 0];
    about.extend(32_768_u32.to_be_bytes());
    about.extend([0; 12]);
    let secret = bob.says(Kind::Rtcp, &about);
    let (told, _) = carry(&mut relay, Side::B, Kind::Rtcp, rtcp(b), &secret).unwrap();
    assert_eq!(told[18..20], 0_u16.to_be_bytes());
}

#[test]
fn sounds_and_keys_of_ours_are_encrypted_too() {
    let (mut relay, _, _) = relay();
    relay.secure(Side::A, Some(&keys(1)));
    let mut phone = Phone::new(&keys(1));
    let format = Format {
        payload_type: 0,
        codec: Codec::Pcmu,
    };
    relay
        .play(Mono(0), Side::A, Sound::Ringback, format, [0xff; 10])
        .unwrap();
    for n in 0..5_u64 {
        let mut buffer = [0; PLAYED_OCTETS + SRTP_TRAILER_OCTETS];
        let packet = buffer.first_chunk_mut().unwrap();
        let played = relay.handle_timeout(Mono(n * 20_000_000), packet).unwrap();
        let plain = buffer[..played.length].to_vec();
        let length = relay.encrypt(played.side, Kind::Rtp, &mut buffer, played.length);
        let heard = phone.hears(Kind::Rtp, &buffer[..length.unwrap()]).unwrap();
        assert_eq!(heard, plain);
    }
}
