use super::*;

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn rtp(number: u16) -> [u8; 172] {
    let mut packet = [0xd5; 172];
    let [high, low] = number.to_be_bytes();
    packet[..12].copy_from_slice(&[0x80, 0, high, low, 0, 0, 0, 160, 1, 2, 3, 4]);
    packet
}

fn relay() -> (Relay, SocketAddr, SocketAddr) {
    let (a, b) = (at("192.0.2.1:4000"), at("192.0.2.2:5000"));
    (Relay::new(Some(a.into()), Some(b.into())), a, b)
}

#[test]
fn each_sides_packets_go_to_the_other_and_are_counted() {
    let (mut relay, a, b) = relay();
    for (now, number) in [(0, 1), (1, 2), (2, 5)] {
        let to_b = relay.handle_packet(Mono(now), Side::A, Kind::Rtp, a, &rtp(number));
        assert_eq!(
            to_b,
            Verdict::Forward {
                side: Side::B,
                to: b
            }
        );
    }
    let to_a = relay.handle_packet(Mono(3), Side::B, Kind::Rtp, b, &rtp(1));
    assert_eq!(
        to_a,
        Verdict::Forward {
            side: Side::A,
            to: a
        }
    );
    let stats = relay.stats();
    assert_eq!(
        stats.a,
        SideStats {
            packets: 3,
            octets: 516,
            lost: 2,
            ..SideStats::default()
        }
    );
    assert_eq!(
        stats.b,
        SideStats {
            packets: 1,
            octets: 172,
            ..SideStats::default()
        }
    );
}

#[test]
fn what_is_no_rtp_never_latches() {
    let (mut relay, a, b) = relay();
    let stranger = at("203.0.113.1:9");
    for junk in [&b""[..], b"\0\x01\0\0STUN STUN STUN", &[0x80; 11]] {
        let verdict = relay.handle_packet(Mono(0), Side::A, Kind::Rtp, stranger, junk);
        assert_eq!(verdict, Verdict::Drop(DropReason::Malformed));
    }
    let to_a = relay.handle_packet(Mono(1), Side::B, Kind::Rtp, b, &rtp(1));
    assert_eq!(
        to_a,
        Verdict::Forward {
            side: Side::A,
            to: a
        }
    );
    assert_eq!(
        relay.stats().a,
        SideStats {
            malformed: 3,
            ..SideStats::default()
        }
    );
}

#[test]
fn a_third_partys_packets_are_dropped_and_counted_apart() {
    let (mut relay, a, b) = relay();
    relay.handle_packet(Mono(0), Side::A, Kind::Rtp, a, &rtp(1));
    let stranger = at("203.0.113.1:9");
    let verdict = relay.handle_packet(Mono(1), Side::A, Kind::Rtp, stranger, &rtp(2));
    assert_eq!(verdict, Verdict::Drop(DropReason::Source));
    let goodbye = [0x81, 203, 0, 1, 1, 2, 3, 4];
    let verdict = relay.handle_packet(Mono(2), Side::A, Kind::Rtcp, stranger, &goodbye);
    assert_eq!(verdict, Verdict::Drop(DropReason::Source));
    let to_a = relay.handle_packet(Mono(3), Side::B, Kind::Rtp, b, &rtp(1));
    assert_eq!(
        to_a,
        Verdict::Forward {
            side: Side::A,
            to: a
        }
    );
    assert_eq!(
        relay.stats().a,
        SideStats {
            packets: 1,
            octets: 172,
            foreign: 2,
            ..SideStats::default()
        }
    );
}

#[test]
fn a_side_on_hold_gets_nothing_and_is_still_heard() {
    let (mut relay, a, b) = relay();
    relay.set_remote(Side::B, None);
    let verdict = relay.handle_packet(Mono(0), Side::A, Kind::Rtp, a, &rtp(1));
    assert_eq!(verdict, Verdict::Drop(DropReason::NoDestination));
    let to_a = relay.handle_packet(Mono(1), Side::B, Kind::Rtp, b, &rtp(1));
    assert_eq!(
        to_a,
        Verdict::Forward {
            side: Side::A,
            to: a
        }
    );
    assert_eq!(
        relay.stats().a,
        SideStats {
            packets: 1,
            octets: 172,
            undeliverable: 1,
            ..SideStats::default()
        }
    );
}

#[test]
fn rtcp_goes_to_the_port_after_the_rtp() {
    let (mut relay, a, b) = relay();
    let report = [0x80, 201, 0, 1, 1, 2, 3, 4];
    let from = SocketAddr::new(a.ip(), a.port() + 1);
    let verdict = relay.handle_packet(Mono(0), Side::A, Kind::Rtcp, from, &report);
    assert_eq!(
        verdict,
        Verdict::Forward {
            side: Side::B,
            to: SocketAddr::new(b.ip(), b.port() + 1)
        }
    );
    assert_eq!(
        relay.stats().a,
        SideStats {
            rtcp_packets: 1,
            ..SideStats::default()
        }
    );
}

#[test]
fn any_octets_from_anywhere_give_a_verdict() {
    let (mut relay, a, b) = relay();
    let mut state = 0x2545_f491_u32;
    let mut packet = [0; 64];
    for round in 0..200_000_u64 {
        for octet in &mut packet {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *octet = state.to_be_bytes()[0];
        }
        packet[0] = 0x80 | packet[0] & 0x3f;
        let length = usize::from(packet[63]) % 65;
        let kind = if round % 2 == 0 {
            Kind::Rtp
        } else {
            Kind::Rtcp
        };
        relay.handle_packet(Mono(round), Side::A, kind, a, &packet[..length]);
    }
    let to_a = relay.handle_packet(Mono(0), Side::B, Kind::Rtp, b, &rtp(1));
    assert_eq!(
        to_a,
        Verdict::Forward {
            side: Side::A,
            to: a
        }
    );
}
