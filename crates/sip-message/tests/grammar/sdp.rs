//! Session descriptions as phones write them, read and rewritten.

use offhook_sip_message::sdp::{Direction, MediaKind, Origin, PortPair, Rewrite, Sdp, SdpError};

use crate::fixtures::read;

fn pair(rtp: u16) -> Option<PortPair> {
    Some(PortPair { rtp, rtcp: rtp + 1 })
}

fn relay<'r>(ports: &'r [Option<PortPair>]) -> Rewrite<'r> {
    Rewrite {
        address: "198.51.100.1".parse().unwrap(),
        ports,
        direction: None,
        origin: None,
    }
}

fn rewrite(body: &[u8], rewrite: &Rewrite<'_>) -> String {
    let mut out = Vec::new();
    Sdp::parse(body).unwrap().rewrite(rewrite, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn a_usual_offer_is_read() {
    let body = read("basic.sdp");
    let sdp = Sdp::parse(&body).unwrap();
    assert_eq!(
        sdp.origin(),
        Some(Origin {
            session: 2_890_844_526,
            version: 2_890_844_527
        })
    );
    assert_eq!(sdp.first_audio_codec(), Some("PCMA"));
    assert!(!sdp.is_held());
    let audio = sdp.first_audio().unwrap();
    assert_eq!(
        (audio.kind, audio.port, audio.proto),
        (MediaKind::Audio, 49_172, &b"RTP/AVP"[..])
    );
    assert_eq!(audio.connection_ip(), Some("192.0.2.17".parse().unwrap()));
    assert_eq!(audio.telephone_events().collect::<Vec<_>>(), [(101, 8000)]);
    let names: Vec<_> = audio
        .codecs()
        .map(|codec| (codec.payload_type, codec.name().unwrap(), codec.rate))
        .collect();
    assert_eq!(
        names,
        [
            (8, "PCMA", 8000),
            (0, "PCMU", 8000),
            (9, "G722", 8000),
            (101, "telephone-event", 8000)
        ]
    );
    let event = audio.codecs().last().unwrap();
    assert_eq!(event.format_parameters(audio), Some(&b"0-15"[..]));
}

#[test]
fn fax_lines_missing_lines_and_host_names_are_no_hindrance() {
    let body = read("t38.sdp");
    let sdp = Sdp::parse(&body).unwrap();
    let kinds: Vec<_> = sdp
        .media()
        .iter()
        .map(|media| (media.kind, media.port))
        .collect();
    assert_eq!(kinds, [(MediaKind::Audio, 0), (MediaKind::Image, 4904)]);
    assert_eq!(sdp.media()[1].formats().collect::<Vec<_>>(), [b"t38"]);
    assert!(!sdp.is_held());
    let body = read("missing-t-and-s.sdp");
    let sdp = Sdp::parse(&body).unwrap();
    let audio = sdp.first_audio().unwrap();
    assert_eq!(
        (audio.connection, audio.connection_ip()),
        (Some(&b"gateway.example"[..]), None)
    );
    assert_eq!(sdp.first_audio_codec(), Some("G729"));
    assert_eq!(
        audio.telephone_events().collect::<Vec<_>>(),
        [(96, 8000), (97, 48_000)]
    );
}

#[test]
fn ten_sections_keep_their_own_address_and_direction() {
    let body = read("ten-media.sdp");
    let sdp = Sdp::parse(&body).unwrap();
    assert_eq!(sdp.media().len(), 10);
    assert_eq!(sdp.first_audio().map(|audio| audio.port), Some(5002));
    assert_eq!(sdp.first_audio_codec(), Some("GSM"));
    assert!(sdp.is_held(), "the first audio section is sendonly");
    let last = sdp.media().last().unwrap();
    assert_eq!(
        (last.direction, last.connection_ip()),
        (Direction::Inactive, Some("192.0.2.10".parse().unwrap()))
    );
    assert_eq!(sdp.media()[8].kind, MediaKind::Other);
}

#[test]
fn rfc3264_8_4_all_forms_of_hold_are_seen() {
    let held = |lines: &str| {
        Sdp::parse(format!("v=0\r\n{lines}").as_bytes())
            .unwrap()
            .is_held()
    };
    assert!(held(
        "c=IN IP4 1.2.3.4\r\nm=audio 4000 RTP/AVP 0\r\na=sendonly\r\n"
    ));
    assert!(held(
        "c=IN IP4 1.2.3.4\r\nm=audio 4000 RTP/AVP 0\r\na=inactive\r\n"
    ));
    assert!(held(
        "c=IN IP4 0.0.0.0\r\nm=audio 4000 RTP/AVP 0\r\na=sendrecv\r\n"
    ));
    assert!(held(
        "c=IN IP4 1.2.3.4\r\nm=audio 4000 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n"
    ));
    assert!(held("c=IN IP6 ::\r\nm=audio 4000 RTP/AVP 0\r\n"));
    assert!(
        held("a=sendonly\r\nm=audio 4000 RTP/AVP 0\r\n"),
        "the session's direction holds where the section has none"
    );
    assert!(held(
        "m=audio 0 RTP/AVP 0\r\na=sendrecv\r\nm=audio 4000 RTP/AVP 0\r\na=sendonly\r\n"
    ));
    assert!(!held(
        "a=sendonly\r\nm=audio 4000 RTP/AVP 0\r\na=sendrecv\r\n"
    ));
    assert!(
        !held("c=IN IP4 1.2.3.4\r\nm=audio 4000 RTP/AVP 0\r\na=recvonly\r\n"),
        "who only receives is the one held"
    );
    assert!(!held(
        "c=IN IP4 0.0.0.0\r\nm=audio 4000 RTP/AVP 0\r\nc=IN IP4 1.2.3.4\r\n"
    ));
    assert!(
        !held("c=IN IP4 1.2.3.4\r\nm=audio 0 RTP/AVP 0\r\na=inactive\r\n"),
        "a refused stream is not on hold"
    );
    assert!(!held("m=video 4000 RTP/AVP 31\r\na=sendonly\r\n"));
    assert!(!held(""));
}

#[test]
fn directions_are_the_senders_and_turn_round() {
    assert_eq!(Direction::SendOnly.reversed(), Direction::RecvOnly);
    assert_eq!(Direction::RecvOnly.reversed(), Direction::SendOnly);
    assert_eq!(Direction::SendRecv.reversed(), Direction::SendRecv);
    assert_eq!(Direction::Inactive.reversed(), Direction::Inactive);
    assert!(Direction::SendOnly.sends() && !Direction::SendOnly.receives());
}

#[test]
fn the_first_codec_is_neither_tones_nor_noise() {
    let body = read("empty-line-at-end.sdp");
    assert_eq!(Sdp::parse(&body).unwrap().first_audio_codec(), Some("PCMU"));
    let only_tones = b"v=0\nm=audio 4 RTP/AVP 101\na=rtpmap:101 telephone-event/8000\n";
    assert_eq!(Sdp::parse(only_tones).unwrap().first_audio_codec(), None);
    let remapped = b"v=0\nm=audio 4 RTP/AVP 0\na=rtpmap:0 Speex/16000/1\n";
    assert_eq!(
        Sdp::parse(remapped).unwrap().first_audio_codec(),
        Some("Speex"),
        "rtpmap goes before the static table"
    );
    let opus = b"v=0\nm=audio 4 RTP/AVP 111 0\na=rtpmap:111 opus/48000/2\n";
    let opus = Sdp::parse(opus).unwrap();
    let codec = opus.first_audio().unwrap().codecs().next().unwrap();
    assert_eq!(
        (codec.rate, codec.channels, codec.is("OPUS")),
        (48_000, 2, true)
    );
}

#[test]
fn what_is_no_description_is_refused() {
    for body in [
        &b""[..],
        b"\r\n\r\n",
        b"hello",
        b"o=- 1 1 IN IP4 1.2.3.4\r\nv=0\r\n",
        b"<xml/>",
    ] {
        assert_eq!(Sdp::parse(body).err(), Some(SdpError::NotSdp));
    }
    for line in [
        "m=",
        "m=audio",
        "m=audio 4000",
        "m=audio x RTP/AVP 0",
        "m=audio 65536 RTP/AVP 0",
        "m=audio -1 RTP/AVP 0",
    ] {
        let body = format!("v=0\r\nm=video 1 RTP/AVP 31\r\n{line}\r\n");
        assert_eq!(
            Sdp::parse(body.as_bytes()).err(),
            Some(SdpError::BadMedia { line: 1 }),
            "{line}"
        );
    }
    let body = read("no-media.sdp");
    let sdp = Sdp::parse(&body).unwrap();
    assert!(sdp.media().is_empty() && sdp.first_audio().is_none() && !sdp.is_held());
}

#[test]
fn a_relay_changes_its_lines_and_no_other_octet() {
    let body = read("basic.sdp");
    let expected = String::from_utf8(body.clone())
        .unwrap()
        .replace("IN IP4 192.0.2.17", "IN IP4 198.51.100.1")
        .replace("m=audio 49172", "m=audio 30000");
    assert_eq!(rewrite(&body, &relay(&[pair(30_000)])), expected);
}

#[test]
fn origin_and_direction_are_set_where_asked() {
    let body = read("basic.sdp");
    let mut wish = relay(&[]);
    let ports = [pair(30_000)];
    wish.ports = &ports;
    wish.direction = Some(Direction::SendOnly);
    wish.origin = Some(Origin {
        session: 77,
        version: 3,
    });
    let text = rewrite(&body, &wish);
    assert!(text.contains("o=alice 77 3 IN IP4 198.51.100.1\r\n"));
    assert!(text.ends_with("a=fmtp:101 0-15\r\na=sendonly\r\n"));
    let text = rewrite(&read("hold-session-level.sdp"), &wish);
    assert!(!text.contains("t=0 0\r\na=sendonly"), "{text}");
    assert!(
        text.contains(
            "m=audio 30000 RTP/AVP 0\r\na=sendonly\r\nm=video 0 RTP/AVP 34\r\na=inactive\r\n"
        ),
        "{text}"
    );
}

#[test]
fn the_null_address_is_said_as_a_direction() {
    let text = rewrite(&read("hold-null-address.sdp"), &relay(&[pair(30_000)]));
    let expected = "v=0\r\no=- 3 4 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\nm=audio 30000 RTP/AVP 0\r\na=sendonly\r\n";
    assert_eq!(text, expected);
    assert!(Sdp::parse(text.as_bytes()).unwrap().is_held());
}

#[test]
fn rtcp_goes_where_the_relay_says() {
    let apart = [Some(PortPair {
        rtp: 30_000,
        rtcp: 30_005,
    })];
    let text = rewrite(&read("hold-null-address.sdp"), &relay(&apart));
    assert!(text.contains("\r\na=rtcp:30005\r\n"), "{text}");
    let text = rewrite(&read("basic.sdp"), &relay(&apart));
    assert!(text.ends_with("a=sendrecv\r\na=rtcp:30005\r\n"), "{text}");
    assert_eq!(
        Sdp::parse(text.as_bytes())
            .unwrap()
            .first_audio()
            .unwrap()
            .rtcp_port(),
        Some(30_005)
    );
}

#[test]
fn ice_bundle_and_mux_are_taken_out() {
    let text = rewrite(&read("webrtc.sdp"), &relay(&[pair(30_000), None]));
    for gone in [
        "candidate",
        "ice-",
        "rtcp-mux",
        "BUNDLE",
        "bundle-only",
        "203.0.113",
        "192.168",
        "127.0.0.1",
        "a=rtcp:",
        "a=fingerprint",
        "a=setup",
    ] {
        assert!(!text.contains(gone), "{gone} in {text}");
    }
    for kept in [
        "a=msid-semantic:WMS *",
        "a=mid:0",
        "a=rtcp-rsize",
        "a=ssrc:1001 cname:x",
    ] {
        assert!(text.contains(kept), "{kept} not in {text}");
    }
    assert!(
        text.contains("m=audio 30000 UDP/TLS/RTP/SAVPF 111 9 0 8 110\r\nc=IN IP4 198.51.100.1\r\n")
    );
    assert!(
        text.contains("m=video 0 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 198.51.100.1\r\na=mid:1\r\n")
    );
}

#[test]
fn sections_without_ports_are_refused_in_their_place() {
    let body = read("ten-media.sdp");
    let mut ports = [None; 10];
    ports[1] = pair(30_000);
    let text = rewrite(&body, &relay(&ports));
    let sdp = Sdp::parse(text.as_bytes()).unwrap();
    let media: Vec<_> = sdp.media().iter().map(|media| media.port).collect();
    assert_eq!(media, [0, 30_000, 0, 0, 0, 0, 0, 0, 0, 0]);
    let fewer = rewrite(&body, &relay(&[]));
    assert_eq!(Sdp::parse(fewer.as_bytes()).unwrap().media().len(), 10);
    let refused = rewrite(&read("t38.sdp"), &relay(&[pair(30_000), None]));
    assert!(
        refused.contains("m=audio 0 RTP/AVP 0\r\nm=image 0 udptl t38\r\n"),
        "what was refused stays refused"
    );
}

#[test]
fn bare_line_feeds_stay_and_a_missing_address_comes_in_its_place() {
    let text = rewrite(&read("bare-lf.sdp"), &relay(&[pair(30_000)]));
    assert_eq!(
        text,
        "v=0\no=- 1 2 IN IP4 198.51.100.1\ns=-\ni=a session\nt=0 0\nm=audio 30000 RTP/AVP 4\ni=a stream\nc=IN IP4 198.51.100.1\nb=AS:64\nk=clear:x\n"
    );
}

#[test]
fn ends_without_line_end_and_with_empty_lines() {
    let text = rewrite(&read("no-final-line-end.sdp"), &relay(&[pair(30_000)]));
    assert!(
        text.ends_with("m=audio 30000 RTP/AVP 0\r\nc=IN IP4 198.51.100.1\r\n"),
        "{text:?}"
    );
    let mut wish = relay(&[]);
    let ports = [pair(30_000)];
    wish.ports = &ports;
    wish.direction = Some(Direction::RecvOnly);
    let text = rewrite(&read("empty-line-at-end.sdp"), &wish);
    assert!(
        text.contains("o=bad 0 0 IN IP4 198.51.100.1\r\n"),
        "{text:?}"
    );
    assert!(
        text.ends_with("telephone-event/8000\r\na=recvonly\r\n\r\n"),
        "{text:?}"
    );
    assert!(
        text.contains("13 101 0\r\nc=IN IP4 198.51.100.1\r\na=rtpmap"),
        "{text:?}"
    );
}

#[test]
fn ipv6_and_octets_that_are_no_text() {
    let body = read("srtp-ipv6.sdp");
    let mut wish = relay(&[]);
    let ports = [pair(30_000)];
    wish.ports = &ports;
    wish.address = "2001:db8::99".parse().unwrap();
    let mut out = Vec::new();
    Sdp::parse(&body).unwrap().rewrite(&wish, &mut out);
    let tail = b"a=x-unknown:\xe9\xff keeps\r\n";
    assert!(out.ends_with(tail) && body.ends_with(tail));
    let head = b"v=0\r\no=- 1 2 IN IP6 2001:db8::99\r\ns=-\r\nc=IN IP6 2001:db8::99\r\nt=0 0\r\nm=audio 30000 RTP/SAVP 8\r\na=x-unknown";
    assert!(out.starts_with(head), "{}", out.escape_ascii());
}
