use super::*;
use crate::codec::Codec;
use crate::command::Music;
use crate::formats::Encoding;

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn rtp(number: u16) -> [u8; 172] {
    let mut packet = [0xd5; 172];
    let [high, low] = number.to_be_bytes();
    packet[..12].copy_from_slice(&[0x80, 0, high, low, 0, 0, 0, 160, 1, 2, 3, 4]);
    packet
}

/// When something is to be sent or somebody to be missed; the reports of how well the sides arrive left out.
fn next_due(relay: &Relay) -> Option<Mono> {
    let watch = relay.watch.as_ref().map(|watch| watch.due);
    let (a, b) = (relay.a.next_timeout(), relay.b.next_timeout());
    [a, b, watch].into_iter().flatten().min()
}

fn relay() -> (Relay, SocketAddr, SocketAddr) {
    let (a, b) = (at("192.0.2.1:4000"), at("192.0.2.2:5000"));
    (Relay::new(Some(a.into()), Some(b.into())), a, b)
}

#[test]
fn each_sides_packets_go_to_the_other_and_are_counted() {
    let (mut relay, a, b) = relay();
    for (now, number) in [(0, 1), (1, 2), (2, 5)] {
        let to_b = relay.handle_packet(Mono(now), Side::A, Kind::Rtp, a, &mut rtp(number));
        assert_eq!(
            to_b,
            Verdict::Forward {
                side: Side::B,
                to: b
            }
        );
    }
    let to_a = relay.handle_packet(Mono(3), Side::B, Kind::Rtp, b, &mut rtp(1));
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
        let verdict =
            relay.handle_packet(Mono(0), Side::A, Kind::Rtp, stranger, &mut junk.to_vec());
        assert_eq!(verdict, Verdict::Drop(DropReason::Malformed));
    }
    let to_a = relay.handle_packet(Mono(1), Side::B, Kind::Rtp, b, &mut rtp(1));
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
    relay.handle_packet(Mono(0), Side::A, Kind::Rtp, a, &mut rtp(1));
    let stranger = at("203.0.113.1:9");
    let verdict = relay.handle_packet(Mono(1), Side::A, Kind::Rtp, stranger, &mut rtp(2));
    assert_eq!(verdict, Verdict::Drop(DropReason::Source));
    let mut goodbye = [0x81, 203, 0, 1, 1, 2, 3, 4];
    let verdict = relay.handle_packet(Mono(2), Side::A, Kind::Rtcp, stranger, &mut goodbye);
    assert_eq!(verdict, Verdict::Drop(DropReason::Source));
    let to_a = relay.handle_packet(Mono(3), Side::B, Kind::Rtp, b, &mut rtp(1));
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
    let verdict = relay.handle_packet(Mono(0), Side::A, Kind::Rtp, a, &mut rtp(1));
    assert_eq!(verdict, Verdict::Drop(DropReason::NoDestination));
    let to_a = relay.handle_packet(Mono(1), Side::B, Kind::Rtp, b, &mut rtp(1));
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
    let mut report = [0x80, 201, 0, 1, 1, 2, 3, 4];
    let from = SocketAddr::new(a.ip(), a.port() + 1);
    let verdict = relay.handle_packet(Mono(0), Side::A, Kind::Rtcp, from, &mut report);
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
        relay.handle_packet(Mono(round), Side::A, kind, a, &mut packet[..length]);
    }
    let to_a = relay.handle_packet(Mono(0), Side::B, Kind::Rtp, b, &mut rtp(1));
    assert_eq!(
        to_a,
        Verdict::Forward {
            side: Side::A,
            to: a
        }
    );
}

const PCMU: Format = Format {
    payload_type: 0,
    codec: Codec::Pcmu,
};

/// Where the packets go that are due.
fn played(relay: &mut Relay, now: Mono) -> Vec<Played> {
    let mut packet = [0; PLAYED_OCTETS];
    std::iter::from_fn(|| relay.handle_timeout(now, &mut packet)).collect()
}

#[test]
fn a_caller_hears_a_sound_before_anybody_is_called_where_his_own_packets_come_from() {
    let (sdp, behind_nat) = (at("192.0.2.1:4000"), at("192.0.2.1:61000"));
    let mut relay = Relay::new(Some(sdp.into()), None);
    assert_eq!(next_due(&relay), None);
    relay
        .play(Mono(0), Side::A, Sound::Ringback, PCMU, [0; 10])
        .unwrap();
    let to = |to| {
        vec![Played {
            side: Side::A,
            to,
            length: PLAYED_OCTETS,
        }]
    };
    assert_eq!(next_due(&relay), Some(Mono(0)));
    assert_eq!(played(&mut relay, Mono(0)), to(sdp));

    let verdict = relay.handle_packet(Mono(1), Side::A, Kind::Rtp, behind_nat, &mut rtp(1));
    assert_eq!(verdict, Verdict::Drop(DropReason::NoDestination));
    let stranger = at("203.0.113.1:9");
    relay.handle_packet(Mono(2), Side::A, Kind::Rtp, stranger, &mut rtp(2));
    let next = next_due(&relay).unwrap();
    assert_eq!(next, Mono(20_000_000));
    assert_eq!(played(&mut relay, next), to(behind_nat));
    assert_eq!(relay.stats().a.packets, 1);
    assert_eq!(relay.stats().b, SideStats::default());
}

#[test]
fn nothing_of_the_other_side_is_relayed_while_a_sound_plays() {
    let (mut relay, a, b) = relay();
    let mut report = [0x80, 201, 0, 1, 1, 2, 3, 4];
    let b_rtcp = SocketAddr::new(b.ip(), b.port() + 1);
    relay
        .play(Mono(0), Side::A, Sound::Music(Music::Tune), PCMU, [0; 10])
        .unwrap();
    for (kind, from, packet) in [
        (Kind::Rtp, b, &mut rtp(1)[..]),
        (Kind::Rtcp, b_rtcp, &mut report[..]),
    ] {
        let verdict = relay.handle_packet(Mono(1), Side::B, kind, from, packet);
        assert_eq!(verdict, Verdict::Drop(DropReason::Playing));
    }
    let heard = relay.handle_packet(Mono(2), Side::A, Kind::Rtp, a, &mut rtp(1));
    let to_b = Verdict::Forward {
        side: Side::B,
        to: b,
    };
    assert_eq!(heard, to_b, "the side that hears music is heard itself");

    relay.stop_play(Side::A);
    assert_eq!(
        (next_due(&relay), played(&mut relay, Mono(3))),
        (None, vec![])
    );
    let to_a = relay.handle_packet(Mono(4), Side::B, Kind::Rtp, b, &mut rtp(2));
    assert_eq!(
        to_a,
        Verdict::Forward {
            side: Side::A,
            to: a
        }
    );
    let stats = relay.stats().b;
    assert_eq!((stats.packets, stats.undeliverable), (2, 2));
}

#[test]
fn who_holds_by_its_direction_gets_no_speech_and_still_reports_of_its_own() {
    let (mut relay, a, b) = relay();
    relay.handle_packet(Mono(0), Side::A, Kind::Rtp, a, &mut rtp(1));
    relay.set_remote(
        Side::A,
        Some(Remote {
            receives: false,
            ..a.into()
        }),
    );
    let of_held = relay.handle_packet(Mono(1), Side::B, Kind::Rtp, b, &mut rtp(1));
    assert_eq!(of_held, Verdict::Drop(DropReason::NoDestination));
    let forwarded = |side, to| Verdict::Forward { side, to };
    let of_holder = relay.handle_packet(Mono(2), Side::A, Kind::Rtp, a, &mut rtp(2));
    assert_eq!(of_holder, forwarded(Side::B, b));
    let mut report = [0x80, 200, 0, 6].to_vec();
    report.resize(28, 0);
    let reported = relay.handle_packet(
        Mono(3),
        Side::B,
        Kind::Rtcp,
        at("192.0.2.2:5001"),
        &mut report,
    );
    assert_eq!(reported, forwarded(Side::A, at("192.0.2.1:4001")));
}

#[test]
fn a_side_on_hold_or_unknown_is_played_nothing() {
    let (mut relay, a, _) = relay();
    relay.set_remote(Side::A, None);
    relay
        .play(Mono(0), Side::A, Sound::Music(Music::Tune), PCMU, [0; 10])
        .unwrap();
    assert_eq!(played(&mut relay, Mono(0)), []);
    assert_eq!(next_due(&relay), Some(Mono(20_000_000)), "no busy loop");
    relay.set_remote(Side::A, Some(a.into()));
    let resumed = played(&mut relay, Mono(20_000_000));
    assert_eq!(
        resumed,
        [Played {
            side: Side::A,
            length: PLAYED_OCTETS,
            to: a
        }]
    );
}

#[test]
fn both_sides_may_hear_sounds_each_by_its_own_clock() {
    let (mut relay, a, b) = relay();
    let ms = |millis: u64| Mono(millis * 1_000_000);
    for (now, side) in [(ms(0), Side::A), (ms(7), Side::B)] {
        relay
            .play(now, side, Sound::Ringback, PCMU, [0; 10])
            .unwrap();
    }
    let (to_a, to_b) = (
        Played {
            side: Side::A,
            to: a,
            length: PLAYED_OCTETS,
        },
        Played {
            side: Side::B,
            to: b,
            length: PLAYED_OCTETS,
        },
    );
    assert_eq!(played(&mut relay, ms(7)), [to_a, to_b]);
    assert_eq!(next_due(&relay), Some(ms(20)));
    assert_eq!(played(&mut relay, ms(20)), [to_a]);
    assert_eq!(next_due(&relay), Some(ms(27)));
    relay.stop_play(Side::B);
    assert_eq!(next_due(&relay), Some(ms(40)));
    assert_eq!(relay.stats(), RelayStats::default());
}

#[test]
fn a_refused_payload_type_changes_nothing() {
    let (mut relay, _, b) = relay();
    let format = Format {
        payload_type: 72,
        codec: Codec::Pcma,
    };
    let refused = relay.play(Mono(0), Side::A, Sound::Music(Music::Tune), format, [0; 10]);
    assert_eq!(refused, Err(UnusablePayloadType(72)));
    assert_eq!(next_due(&relay), None);
    let verdict = relay.handle_packet(Mono(1), Side::B, Kind::Rtp, b, &mut rtp(1));
    assert!(matches!(verdict, Verdict::Forward { .. }));
}

/// The formats of an SDP that lists these payload types.
fn formats(payload_types: &[u8]) -> Formats {
    let format = |payload_type: &u8| PayloadFormat {
        payload_type: *payload_type,
        encoding: Encoding::Other,
        clock: 8_000,
    };
    payload_types.iter().map(format).collect()
}

#[test]
fn a_payload_type_that_nobody_negotiated_is_neither_relayed_nor_latched() {
    let (mut relay, a, b) = relay();
    let stranger = at("203.0.113.1:9");
    relay.set_formats(Side::A, formats(&[8, 101]));
    assert_eq!(
        relay.handle_packet(Mono(0), Side::A, Kind::Rtp, stranger, &mut rtp(1)),
        Verdict::Drop(DropReason::Format)
    );
    relay.set_formats(Side::B, formats(&[0]));
    let to_b = Verdict::Forward {
        side: Side::B,
        to: b,
    };
    assert_eq!(
        relay.handle_packet(Mono(1), Side::A, Kind::Rtp, a, &mut rtp(2)),
        to_b,
        "either side's SDP may list it"
    );
    assert_eq!(relay.stats().a.malformed, 1);
    assert_eq!(relay.stats().a.foreign, 0);
}

/// SSRC, sequence number and marker.
fn numbers(packet: &[u8]) -> (u32, u16, bool) {
    let header = RtpHeader::parse(packet).unwrap();
    (header.ssrc, header.sequence, header.marker)
}

#[test]
fn after_music_and_after_a_transfer_a_phone_hears_the_same_stream_go_on() {
    let (mut relay, a, b) = relay();
    let mut first = rtp(65_535);
    relay.handle_packet(Mono(0), Side::A, Kind::Rtp, a, &mut first);
    assert_eq!(numbers(&first), (0x0102_0304, 65_535, false));
    relay
        .play(Mono(1), Side::B, Sound::Music(Music::Tune), PCMU, [8; 10])
        .unwrap();
    let mut music = [0; PLAYED_OCTETS];
    relay.handle_timeout(Mono(1), &mut music).unwrap();
    assert_eq!(numbers(&music), (0x0102_0304, 0, true));
    relay.stop_play(Side::B);

    let target = at("192.0.2.3:7000");
    relay.set_remote(Side::A, Some(target.into()));
    let mut other = rtp(700);
    other[8..12].copy_from_slice(&[9, 9, 9, 9]);
    let verdict = relay.handle_packet(Mono(2), Side::A, Kind::Rtp, target, &mut other);
    assert_eq!(
        verdict,
        Verdict::Forward {
            side: Side::B,
            to: b
        }
    );
    assert_eq!(numbers(&other), (0x0102_0304, 1, true));
}

#[test]
fn reports_of_and_about_a_renumbered_source_are_translated() {
    let (mut relay, a, b) = relay();
    relay.handle_packet(Mono(0), Side::A, Kind::Rtp, a, &mut rtp(1));
    let mut other = rtp(700);
    other[8..12].copy_from_slice(&[9, 9, 9, 9]);
    relay.handle_packet(Mono(1), Side::A, Kind::Rtp, a, &mut other);
    let rtcp = |address: SocketAddr| SocketAddr::new(address.ip(), address.port() + 1);
    let mut about = [0x81, 206, 0, 2, 7, 7, 7, 7, 1, 2, 3, 4];
    relay.handle_packet(Mono(2), Side::B, Kind::Rtcp, rtcp(b), &mut about);
    assert_eq!(about[8..], [9, 9, 9, 9]);
    let mut of = [0x80, 203, 0, 1, 9, 9, 9, 9];
    relay.handle_packet(Mono(3), Side::A, Kind::Rtcp, rtcp(a), &mut of);
    assert_eq!(of[4..], [1, 2, 3, 4]);
    let mut old = [0x80, 203, 0, 1, 1, 2, 3, 4];
    let verdict = relay.handle_packet(Mono(3), Side::A, Kind::Rtcp, rtcp(a), &mut old);
    assert_eq!(verdict, Verdict::Drop(DropReason::Unheard));
}

/// A packet of a key whose event began at this timestamp.
fn key(number: u16, digit: u8, end: bool) -> [u8; 16] {
    let [high, low] = number.to_be_bytes();
    let flags = if end { 0x80 } else { 0 };
    [
        0x80, 101, high, low, 0, 0, 1, 0, 1, 2, 3, 4, digit, flags, 1, 0x90,
    ]
}

fn with_keys(side_a: bool, side_b: bool) -> (Relay, SocketAddr, SocketAddr) {
    let (mut relay, a, b) = relay();
    for (side, keys) in [(Side::A, side_a), (Side::B, side_b)] {
        let voice = PayloadFormat {
            payload_type: 0,
            encoding: Encoding::Pcmu,
            clock: 8_000,
        };
        let events = PayloadFormat {
            payload_type: 101,
            encoding: Encoding::TelephoneEvent,
            clock: 8_000,
        };
        let formats = [Some(voice), keys.then_some(events)];
        relay.set_formats(side, formats.into_iter().flatten().collect());
    }
    (relay, a, b)
}

#[test]
fn a_key_is_passed_on_and_told_once() {
    let (mut relay, a, _) = with_keys(true, true);
    for (number, end) in [(1, false), (2, false), (3, true), (4, true), (5, true)] {
        let mut packet = key(number, 5, end);
        let verdict =
            relay.handle_packet(Mono(u64::from(number)), Side::A, Kind::Rtp, a, &mut packet);
        assert!(matches!(verdict, Verdict::Forward { .. }), "{verdict:?}");
    }
    let Some(Notice::Pressed { side, press, way }) = relay.poll_notice() else {
        panic!("a key was pressed");
    };
    assert_eq!(
        (side, press.digit.as_char(), way),
        (Side::A, '5', PressWay::Rfc4733)
    );
    assert_eq!(relay.poll_notice(), None);
}

#[test]
fn a_key_of_a_third_party_is_told_to_nobody() {
    let (mut relay, a, _) = with_keys(true, true);
    relay.handle_packet(Mono(0), Side::A, Kind::Rtp, a, &mut rtp(1));
    let stranger = at("203.0.113.1:9");
    relay.handle_packet(Mono(1), Side::A, Kind::Rtp, stranger, &mut key(2, 5, true));
    assert_eq!(relay.poll_notice(), None);
}

#[test]
fn a_key_whose_end_is_lost_is_told_when_its_packets_stop() {
    let (mut relay, a, _) = with_keys(true, true);
    relay.handle_packet(Mono(0), Side::A, Kind::Rtp, a, &mut key(1, 5, false));
    assert_eq!(relay.poll_notice(), None);
    let due = next_due(&relay).expect("its end is waited for");
    relay.handle_timeout(due, &mut [0; PLAYED_OCTETS]);
    assert!(matches!(relay.poll_notice(), Some(Notice::Pressed { .. })));
    assert_eq!(next_due(&relay), None);
}

#[test]
fn a_phone_is_told_of_a_key_in_the_stream_that_it_hears() {
    let (mut relay, a, b) = with_keys(false, true);
    relay.handle_packet(Mono(0), Side::A, Kind::Rtp, a, &mut rtp(1));
    let digit = Digit::from_char('7').unwrap();
    let lasting = (digit, Duration::from_millis(100));
    assert!(relay.press(Mono(1), Side::B, lasting, [7; 10]));
    assert!(
        !relay.press(Mono(1), Side::A, lasting, [7; 10]),
        "it lists none"
    );

    let said = relay.handle_packet(Mono(2), Side::A, Kind::Rtp, a, &mut rtp(2));
    assert_eq!(said, Verdict::Drop(DropReason::Playing));
    let mut sent = Vec::new();
    while let Some(due) = next_due(&relay) {
        let mut packet = [0; PLAYED_OCTETS];
        if let Some(played) = relay.handle_timeout(due, &mut packet) {
            assert_eq!((played.side, played.to, played.length), (Side::B, b, 16));
            sent.push(packet[..16].to_vec());
        }
    }
    assert_eq!(sent.len(), 7, "each 20 ms and the last one three times");
    for (packet, sequence) in sent.iter().zip(2..) {
        let header = RtpHeader::parse(packet).unwrap();
        assert_eq!((header.ssrc, header.sequence), (0x0102_0304, sequence));
        assert_eq!(
            header.timestamp,
            RtpHeader::parse(&sent[0]).unwrap().timestamp
        );
        assert_eq!((header.payload_type, packet[12]), (101, 7));
        assert_eq!(header.marker, sequence == 2);
    }
    let mut next = rtp(8);
    relay.handle_packet(Mono(300_000_000), Side::A, Kind::Rtp, a, &mut next);
    assert_eq!(numbers(&next).1, 9);
}

#[test]
fn a_side_that_is_not_heard_is_told_once_until_it_is_heard_again() {
    let (mut relay, a, b) = relay();
    let second = |n: u64| Mono(n * 1_000_000_000);
    let notices = |relay: &mut Relay, at| {
        relay.handle_timeout(second(at), &mut [0; PLAYED_OCTETS]);
        let told = std::iter::from_fn(|| relay.poll_notice());
        told.filter(|notice| !matches!(notice, Notice::Quality(_)))
            .collect::<Vec<_>>()
    };
    relay.watch(second(10), Some(Duration::from_secs(60)));
    relay.handle_packet(second(50), Side::A, Kind::Rtp, a, &mut rtp(1));
    assert_eq!(next_due(&relay), Some(second(70)));
    assert_eq!(notices(&mut relay, 69), []);
    assert_eq!(notices(&mut relay, 70), [Notice::Silent(Side::B)]);
    assert_eq!(next_due(&relay), Some(second(110)));
    assert_eq!(notices(&mut relay, 110), [Notice::Silent(Side::A)]);
    assert_eq!(notices(&mut relay, 170), []);
    relay.handle_packet(second(171), Side::B, Kind::Rtp, b, &mut rtp(1));
    assert_eq!(notices(&mut relay, 230), []);
    assert_eq!(notices(&mut relay, 231), [Notice::Silent(Side::B)]);
    relay.watch(second(232), None);
    assert_eq!(next_due(&relay), None);
}

#[test]
fn the_end_of_a_beep_is_told_of_the_side_that_hears_it() {
    let (mut relay, ..) = relay();
    relay
        .play(Mono(0), Side::B, Sound::Beep(Cue(9)), PCMU, [0; 10])
        .unwrap();
    for n in 0..25 {
        assert_eq!(relay.poll_notice(), None);
        played(&mut relay, Mono(n * 20_000_000));
    }
    let told = Notice::Played {
        side: Side::B,
        cue: Cue(9),
    };
    assert_eq!(relay.poll_notice(), Some(told));
    assert_eq!(relay.poll_notice(), None);
}

#[test]
fn how_well_the_sides_arrive_is_told_each_second() {
    let (mut relay, a, _) = relay();
    assert_eq!(relay.next_timeout(), None);
    for number in [1, 2, 4] {
        let now = Mono(u64::from(number) * 20_000_000);
        let mut packet = rtp(number);
        packet[4..8].copy_from_slice(&(u32::from(number) * 160).to_be_bytes());
        relay.handle_packet(now, Side::A, Kind::Rtp, a, &mut packet);
    }
    for due in [1_020, 2_020] {
        let due = Mono(due * 1_000_000);
        assert_eq!(relay.next_timeout(), Some(due));
        relay.handle_timeout(due, &mut [0; PLAYED_OCTETS]);
        let Some(Notice::Quality([heard, silent])) = relay.poll_notice() else {
            panic!("it is told");
        };
        assert_eq!((heard.packets, heard.lost, heard.jitter_us), (3, 1, 0));
        assert!(heard.mos_x100 > 100, "{heard:?}");
        assert_eq!(silent, SideQuality::default());
        assert_eq!(relay.poll_notice(), None);
    }
}

#[test]
fn who_gave_up_his_place_is_not_believed_while_it_is_empty_nor_after_it_is_taken() {
    let (mut relay, a, b) = relay();
    relay.set_formats(Side::A, formats(&[0]));
    relay.set_formats(Side::B, formats(&[0]));
    relay.handle_packet(Mono(0), Side::B, Kind::Rtp, b, &mut rtp(1));
    relay.set_formats(Side::B, Formats::default());
    relay.set_remote(Side::B, None);
    let foreign = Verdict::Drop(DropReason::Source);
    let verdict = relay.handle_packet(Mono(1), Side::B, Kind::Rtp, b, &mut rtp(2));
    assert_eq!(verdict, foreign);

    let target = Remote {
        address: at("192.0.2.9:7000"),
        signalling: Some("192.0.2.9".parse().unwrap()),
        receives: true,
    };
    relay.set_formats(Side::B, formats(&[0]));
    relay.set_remote(Side::B, Some(target));
    let verdict = relay.handle_packet(Mono(2), Side::B, Kind::Rtp, b, &mut rtp(3));
    assert_eq!(verdict, foreign);
    let to_target = relay.handle_packet(Mono(3), Side::A, Kind::Rtp, a, &mut rtp(1));
    assert_eq!(
        to_target,
        Verdict::Forward {
            side: Side::B,
            to: target.address
        }
    );
}

#[test]
fn comfort_noise_passes_unlisted_and_reports_count_as_a_sign_of_life() {
    let (mut relay, a, b) = relay();
    let second = |n: u64| Mono(n * 1_000_000_000);
    relay.set_formats(Side::A, formats(&[0]));
    relay.set_formats(Side::B, formats(&[0]));
    relay.watch(second(0), Some(Duration::from_secs(60)));
    let mut noise = rtp(1);
    noise[1] = 13;
    let verdict = relay.handle_packet(second(50), Side::A, Kind::Rtp, a, &mut noise);
    assert!(matches!(verdict, Verdict::Forward { .. }), "{verdict:?}");
    let rtcp = SocketAddr::new(b.ip(), b.port() + 1);
    let mut report = [0x80, 201, 0, 1, 1, 2, 3, 4];
    relay.handle_packet(second(55), Side::B, Kind::Rtcp, rtcp, &mut report);
    relay.handle_timeout(second(70), &mut [0; PLAYED_OCTETS]);
    let told = std::iter::from_fn(|| relay.poll_notice());
    let silent = told.filter(|notice| matches!(notice, Notice::Silent(_)));
    assert_eq!(silent.count(), 0);
}

#[test]
fn keys_that_follow_each_other_quickly_are_told_one_after_the_other() {
    let (mut relay, _, b) = with_keys(false, true);
    let digits = "1234";
    for digit in digits.chars() {
        let digit = Digit::from_char(digit).unwrap();
        let lasting = (digit, Duration::from_millis(200));
        assert!(relay.press(Mono(1), Side::B, lasting, [7; 10]));
    }
    let mut told = String::new();
    while let Some(due) = next_due(&relay) {
        let mut packet = [0; PLAYED_OCTETS];
        if let Some(played) = relay.handle_timeout(due, &mut packet) {
            assert_eq!((played.to, played.length), (b, 16));
            if packet[1] & 0x80 != 0 {
                told.push(Digit::from_event(packet[12]).unwrap().as_char());
            }
        }
    }
    assert_eq!(told, digits);
}

/// The keys that a phone is told of, by us and by the packets of its partner that pass: each `(milliseconds, packet)` comes then.
fn keys_told(relay: &mut Relay, a: SocketAddr, packets: &[(u64, [u8; 16])]) -> Vec<(u32, char)> {
    let mut told = Vec::new();
    let mut note = |packet: &[u8]| {
        let header = RtpHeader::parse(packet).unwrap();
        let press = (
            header.timestamp,
            Digit::from_event(packet[12]).unwrap().as_char(),
        );
        if !told.contains(&press) {
            told.push(press);
        }
    };
    for (millis, packet) in packets {
        let now = Mono(millis * 1_000_000);
        let mut own = [0; PLAYED_OCTETS];
        while next_due(relay).is_some_and(|due| due <= now) {
            if let Some(played) = relay.handle_timeout(next_due(relay).unwrap(), &mut own) {
                note(&own[..played.length]);
            }
        }
        let mut packet = *packet;
        let verdict = relay.handle_packet(now, Side::A, Kind::Rtp, a, &mut packet);
        if matches!(verdict, Verdict::Forward { .. }) {
            note(&packet);
        }
        while relay.poll_notice().is_some() {}
    }
    told
}

/// A press of 5 as packets from this moment on, at this timestamp.
fn fives(from: u64, sequence: u16, timestamp: u32) -> Vec<(u64, [u8; 16])> {
    let packets = (0..20_u16).map(|n| {
        let mut packet = key(sequence + n, 5, n >= 17);
        packet[4..8].copy_from_slice(&timestamp.to_be_bytes());
        (from + 20 * u64::from(n), packet)
    });
    packets.collect()
}

#[test]
fn a_press_by_info_and_then_by_packets_reaches_the_partner_once_and_the_next_one_too() {
    let (mut relay, a, _) = with_keys(true, true);
    let lasting = (Digit::from_char('5').unwrap(), Duration::from_millis(100));
    assert!(relay.press(Mono(0), Side::B, lasting, [7; 10]));
    // Longer than what we make of the INFO, and then once more within the time.
    let mut packets = fives(30, 1, 8_000);
    packets.extend(fives(900, 21, 16_000));
    let told = keys_told(&mut relay, a, &packets);
    let digits: String = told.iter().map(|(_, digit)| *digit).collect();
    assert_eq!(digits, "55", "{told:?}");
}

#[test]
fn a_press_by_packets_and_then_by_info_reaches_the_partner_once() {
    let (mut relay, a, _) = with_keys(true, true);
    let lasting = (Digit::from_char('5').unwrap(), Duration::from_millis(100));
    let packets = fives(0, 1, 8_000);
    let (first, rest) = packets.split_at(2);
    let mut told = keys_told(&mut relay, a, first);
    assert!(relay.press(Mono(25_000_000), Side::B, lasting, [7; 10]));
    told.extend(keys_told(&mut relay, a, rest));
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
    // Another key by INFO is one more.
    let other = (Digit::from_char('6').unwrap(), lasting.1);
    assert!(relay.press(Mono(500_000_000), Side::B, other, [7; 10]));
    let last = keys_told(&mut relay, a, &fives(3_000, 40, 24_000));
    let digits: String = last.iter().map(|(_, digit)| *digit).collect();
    assert_eq!(digits, "65");
}

#[test]
fn a_phone_that_speaks_opus_is_told_of_keys_in_the_stream_of_its_partners_voice() {
    let (mut relay, a, _) = relay();
    let format = |payload_type, encoding, clock| PayloadFormat {
        payload_type,
        encoding,
        clock,
    };
    let listed = [
        format(0, Encoding::Opus, 48_000),
        format(101, Encoding::TelephoneEvent, 8_000),
    ];
    for side in [Side::A, Side::B] {
        relay.set_formats(side, listed.into_iter().collect());
    }
    relay.handle_packet(Mono(0), Side::A, Kind::Rtp, a, &mut rtp(1));
    let lasting = (Digit::from_char('7').unwrap(), Duration::from_millis(100));
    assert!(relay.press(Mono(1), Side::B, lasting, [7; 10]));
    let mut count = 0;
    while let Some(due) = next_due(&relay) {
        let mut packet = [0; PLAYED_OCTETS];
        if relay.handle_timeout(due, &mut packet).is_some() {
            count += 1;
            assert_eq!(numbers(&packet).0, 0x0102_0304, "one source");
            assert_eq!(packet[1] & 0x7f, 101);
        }
    }
    assert!(count > 3, "{count} packets");
    let mut voice = rtp(2);
    let again = Mono(400_000_000);
    relay.handle_packet(again, Side::A, Kind::Rtp, a, &mut voice);
    assert_eq!(numbers(&voice), (0x0102_0304, 1 + count + 1, true));

    // One whose SDP lists keys by both clocks is told by that of the voice.
    let both = [
        listed[0],
        listed[1],
        format(102, Encoding::TelephoneEvent, 48_000),
    ];
    relay.set_formats(Side::B, both.into_iter().collect());
    let other = (Digit::from_char('8').unwrap(), lasting.1);
    assert!(relay.press(again, Side::B, other, [7; 10]));
    let mut packet = [0; PLAYED_OCTETS];
    let due = next_due(&relay).unwrap();
    assert!(relay.handle_timeout(due, &mut packet).is_some());
    assert_eq!(packet[1] & 0x7f, 102);
}

#[cfg(feature = "opus")]
mod opus;
mod secrecy;
