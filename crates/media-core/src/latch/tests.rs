use super::*;

const SDP: &str = "192.0.2.10:4000";
const SAME_HOST: &str = "192.0.2.10:4444";
const SIGNALLING: &str = "198.51.100.7:61000";
const STRANGER: &str = "203.0.113.66:5555";

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

const fn ms(millis: u64) -> Mono {
    Mono(millis * 1_000_000)
}

fn strict() -> Remote {
    Remote {
        address: at(SDP),
        signalling: Some(at(SIGNALLING).ip()),
        receives: true,
    }
}

fn open() -> Remote {
    at(SDP).into()
}

/// Each packet as (milliseconds, source, whether it is believed).
fn check(latch: &mut Latch, packets: &[(u64, &str, bool)]) {
    for (millis, from, believed) in packets {
        assert_eq!(
            latch.accept_rtp(ms(*millis), at(from)),
            *believed,
            "{from} at {millis} ms; {latch:?}"
        );
    }
}

#[test]
fn before_any_sdp_nothing_is_believed_and_nothing_is_sent() {
    let mut latch = Latch::new(None);
    check(&mut latch, &[(0, SDP, false)]);
    assert!(!latch.accept_rtcp(at(SDP)));
    assert_eq!(latch.rtp_destination(), None);
    assert_eq!(latch.rtcp_destination(), None);
}

#[test]
fn media_goes_where_the_sdp_says_until_a_packet_shows_better() {
    let mut latch = Latch::new(Some(strict()));
    assert_eq!(latch.rtp_destination(), Some(at(SDP)));
    assert_eq!(latch.rtcp_destination(), Some(at("192.0.2.10:4001")));
    check(&mut latch, &[(0, SIGNALLING, true)]);
    assert_eq!(latch.rtp_destination(), Some(at(SIGNALLING)));
    assert_eq!(latch.rtcp_destination(), Some(at("198.51.100.7:61001")));
}

#[test]
fn the_sdps_own_address_is_latched_at_once_and_for_good() {
    let mut latch = Latch::new(Some(open()));
    check(
        &mut latch,
        &[
            (0, SDP, true),
            (1, STRANGER, false),
            (2, SAME_HOST, false),
            (3, SDP, true),
        ],
    );
    assert_eq!(latch.rtp_destination(), Some(at(SDP)));
}

#[test]
fn with_a_known_signalling_host_a_stranger_is_never_believed() {
    let mut latch = Latch::new(Some(strict()));
    check(
        &mut latch,
        &[
            (0, STRANGER, false),
            (1, SIGNALLING, true),
            (2, STRANGER, false),
            (3, SIGNALLING, true),
        ],
    );
    assert_eq!(latch.rtp_destination(), Some(at(SIGNALLING)));
}

#[test]
fn in_the_window_a_better_source_takes_over_once() {
    let mut latch = Latch::new(Some(open()));
    check(
        &mut latch,
        &[
            (0, STRANGER, true),
            (5, SAME_HOST, true),
            (6, STRANGER, false),
            (7, SDP, false),
            (8, SAME_HOST, true),
        ],
    );
    assert_eq!(latch.rtp_destination(), Some(at(SAME_HOST)));
}

#[test]
fn in_the_window_an_equal_source_does_not_take_over() {
    let mut latch = Latch::new(Some(open()));
    check(
        &mut latch,
        &[
            (0, STRANGER, true),
            (5, "203.0.113.77:1", false),
            (6, STRANGER, true),
        ],
    );
}

#[test]
fn after_the_window_not_even_the_sdps_address_takes_over() {
    let mut latch = Latch::new(Some(open()));
    check(
        &mut latch,
        &[
            (0, STRANGER, true),
            (999, STRANGER, true),
            (1_000, SDP, false),
            (1_001, STRANGER, true),
        ],
    );
    check(&mut latch, &[(5_000, SDP, false)]);
}

#[test]
fn a_new_address_in_the_sdp_arms_again_and_what_was_on_its_way_does_not_stay() {
    let mut latch = Latch::new(Some(open()));
    check(&mut latch, &[(0, SDP, true)]);
    let moved = Remote::from(at("192.0.2.10:8000"));
    latch.set_remote(Some(moved));
    assert_eq!(latch.rtp_destination(), Some(moved.address));
    check(
        &mut latch,
        &[
            (10, SDP, true),
            (11, "192.0.2.10:8000", true),
            (12, SDP, false),
        ],
    );
    assert_eq!(latch.rtp_destination(), Some(moved.address));
}

#[test]
fn behind_address_translation_a_stray_of_the_old_stream_gives_way_to_the_new_one() {
    let mut latch = Latch::new(Some(strict()));
    check(
        &mut latch,
        &[(0, SIGNALLING, true), (2_000, SIGNALLING, true)],
    );
    latch.set_remote(Some(Remote {
        address: at("192.0.2.10:8000"),
        ..strict()
    }));
    check(
        &mut latch,
        &[
            (2_010, SIGNALLING, true),
            (2_020, "198.51.100.7:62000", true),
            (2_030, SIGNALLING, false),
        ],
    );
    assert_eq!(latch.rtp_destination(), Some(at("198.51.100.7:62000")));
}

#[test]
fn the_same_address_in_a_new_sdp_keeps_sending_to_the_source_that_was_latched() {
    let mut latch = Latch::new(Some(strict()));
    check(&mut latch, &[(0, SIGNALLING, true)]);
    latch.set_remote(Some(strict()));
    latch.set_remote(Some(strict()));
    assert_eq!(latch.rtp_destination(), Some(at(SIGNALLING)));
    check(
        &mut latch,
        &[
            (10, SIGNALLING, true),
            (11, "198.51.100.7:62000", false),
            (12, SIGNALLING, true),
        ],
    );
}

#[test]
fn rfc3264_8_4_held_by_an_unspecified_address_it_is_sent_nothing_but_may_send() {
    let mut latch = Latch::new(Some(strict()));
    check(&mut latch, &[(0, SIGNALLING, true)]);
    for none in [
        Some(Remote::from(at("0.0.0.0:4000"))),
        Some(Remote::from(at("192.0.2.10:0"))),
        None,
    ] {
        latch.set_remote(none);
        assert_eq!(
            (latch.rtp_destination(), latch.rtcp_destination()),
            (None, None)
        );
        check(&mut latch, &[(10, SIGNALLING, true)]);
    }
    latch.set_remote(Some(strict()));
    assert_eq!(
        latch.rtp_destination(),
        Some(at(SIGNALLING)),
        "back to the source that was latched"
    );
}

#[test]
fn rtcp_follows_the_host_of_the_rtp_and_its_port_is_learnt_once() {
    let mut latch = Latch::new(Some(strict()));
    assert!(!latch.accept_rtcp(at(STRANGER)));
    assert!(
        latch.accept_rtcp(at("192.0.2.10:4999")),
        "before the first RTP the SDP's host counts"
    );
    assert_eq!(latch.rtcp_destination(), Some(at("192.0.2.10:4999")));

    check(&mut latch, &[(0, SIGNALLING, true)]);
    assert_eq!(
        latch.rtcp_destination(),
        Some(at("198.51.100.7:61001")),
        "learnt from another host"
    );
    assert!(!latch.accept_rtcp(at("192.0.2.10:4999")));
    assert!(latch.accept_rtcp(at("198.51.100.7:61009")));
    assert!(
        !latch.accept_rtcp(at("198.51.100.7:61010")),
        "another port of the same host"
    );
    assert_eq!(latch.rtcp_destination(), Some(at("198.51.100.7:61009")));
}

#[test]
fn rfc3264_8_4_who_only_sends_is_believed_and_gets_rtcp_alone() {
    let only_sends = Remote {
        receives: false,
        ..strict()
    };
    let mut latch = Latch::new(Some(only_sends));
    check(
        &mut latch,
        &[(0, SIGNALLING, true), (2_000, SIGNALLING, true)],
    );
    assert_eq!(latch.rtp_destination(), None);
    assert_eq!(latch.rtcp_destination(), Some(at("198.51.100.7:61001")));
    latch.set_remote(Some(strict()));
    assert_eq!(latch.rtp_destination(), Some(at(SIGNALLING)), "resumed");
    latch.set_remote(Some(only_sends));
    assert_eq!(latch.rtp_destination(), None, "held");
    latch.set_remote(None);
    assert_eq!(latch.rtcp_destination(), None, "no address");
}
