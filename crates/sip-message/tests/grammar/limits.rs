//! Hostile sizes: nothing grows without a bound, and time grows no faster than the message.

use offhook_sip_message::sdp::{Sdp, SdpError};
use offhook_sip_message::{
    Framing, Index, MAX_HEADERS, MAX_MESSAGE, Name, ParseError, StreamFramer, Uri, View, Writer,
};

use crate::mutation::touch_everything;

fn filled(head: &str, fill: &[u8], length: usize) -> Vec<u8> {
    let mut raw = head.as_bytes().to_vec();
    while raw.len() + fill.len() + 4 <= length {
        raw.extend_from_slice(fill);
    }
    raw.extend_from_slice(b"\r\n\r\n");
    raw
}

#[test]
fn the_largest_message_is_taken_and_one_octet_more_is_not() {
    let mut raw = b"MESSAGE sip:a SIP/2.0\r\n\r\n".to_vec();
    raw.resize(MAX_MESSAGE, b'x');
    let index = Index::parse(&raw, Framing::Datagram).unwrap();
    assert_eq!(View::new(&raw, &index).body().len(), MAX_MESSAGE - 25);
    raw.push(b'x');
    assert_eq!(
        Index::parse(&raw, Framing::Datagram).err(),
        Some(ParseError::TooLarge)
    );
    let endless = vec![b'a'; MAX_MESSAGE + 1];
    assert_eq!(
        Index::parse(&endless, Framing::Stream).err(),
        Some(ParseError::TooLarge)
    );
}

#[test]
fn the_last_header_that_fits_is_the_limit() {
    let with = |headers: usize| {
        let mut raw = b"OPTIONS sip:a SIP/2.0\r\n".to_vec();
        for number in 0..headers {
            raw.extend_from_slice(format!("X-{number}: {number}\r\n").as_bytes());
        }
        raw.extend_from_slice(b"\r\n");
        raw
    };
    let raw = with(MAX_HEADERS);
    let index = Index::parse(&raw, Framing::Datagram).unwrap();
    let last = View::new(&raw, &index).all_headers().last().unwrap();
    assert_eq!((last.name, last.value), (&b"X-127"[..], &b"127"[..]));
    let raw = with(MAX_HEADERS + 1);
    assert_eq!(
        Index::parse(&raw, Framing::Datagram).err(),
        Some(ParseError::TooManyHeaders)
    );
    let salvaged = Index::salvage(&raw).unwrap();
    assert_eq!(
        View::new(&raw, &salvaged).all_headers().count(),
        MAX_HEADERS
    );
}

#[test]
fn large_hostile_headers_are_read_in_a_blink() {
    // Each would take minutes if any part of the reading were quadratic: 65,000 octets squared, a few times over.
    let fills: [(&str, &[u8]); 12] = [
        ("Via: ", b","),
        ("Via: ", b"SIP/2.0/UDP a,"),
        ("Contact: ", b"\"<,"),
        ("Contact: ", b"<sip:a>,"),
        ("Contact: ", b"\"\\\","),
        ("From: ", b";"),
        ("From: <sip:a>", b";tag"),
        ("To: <sip:a>", b";a=\""),
        ("Route: ", b"<"),
        ("Authorization: Digest ", b"a=\"b\","),
        ("Subject: ", b"\r\n "),
        ("Supported: ", b"a,"),
    ];
    for (name, fill) in fills {
        let raw = filled(
            &format!("INVITE sip:a SIP/2.0\r\n{name}"),
            fill,
            MAX_MESSAGE,
        );
        for _ in 0..3 {
            touch_everything(&raw);
        }
        assert!(Index::salvage(&raw).is_some(), "{name}");
    }
}

#[test]
fn a_uri_with_thousands_of_parameters_is_compared_within_bounds() {
    let mut text = b"sip:a@b".to_vec();
    for number in 0..8000 {
        text.extend_from_slice(format!(";p{number}").as_bytes());
    }
    let uri = Uri::parse(&text).unwrap();
    assert!(uri.is_equivalent(&uri));
    let other = String::from_utf8(text.clone())
        .unwrap()
        .replace("p7999", "P7999");
    let other = Uri::parse(other.as_bytes()).unwrap();
    for _ in 0..100 {
        assert!(!uri.is_equivalent(&other), "too many to compare");
    }
    assert!(!uri.is_equivalent(&Uri::parse(b"sip:a@b").unwrap()));
}

#[test]
fn a_stream_of_single_octets_is_looked_at_once() {
    let raw = filled("INVITE sip:a SIP/2.0\r\nX: ", b"abcdefgh", 60_000);
    let mut framer = StreamFramer::new(65_535);
    for octet in raw.chunks(1) {
        framer.push(octet);
        assert!(framer.poll().is_ok_and(|framed| framed.is_none()) || raw.ends_with(octet));
    }
    assert_eq!(framer.poll().err(), Some(ParseError::ContentLengthMissing));
}

#[test]
fn the_number_of_media_sections_is_bounded() {
    let with = |sections: usize| format!("v=0\r\n{}", "m=audio 1 RTP/AVP 0\r\n".repeat(sections));
    assert_eq!(Sdp::parse(with(64).as_bytes()).unwrap().media().len(), 64);
    assert_eq!(
        Sdp::parse(with(65).as_bytes()).err(),
        Some(SdpError::TooManyMedia)
    );
}

#[test]
fn a_description_with_thousands_of_formats_and_lines_is_read_in_a_blink() {
    let formats = " 101".repeat(8_000);
    let lines = "a=rtpmap:1 x/8000\r\n".repeat(1_500);
    let body = format!(
        "v=0\r\nm=audio 4000 RTP/AVP{formats}\r\n{lines}a=rtpmap:101 telephone-event/8000\r\n"
    );
    let sdp = Sdp::parse(body.as_bytes()).unwrap();
    assert_eq!(sdp.first_audio_codec(), None);
    assert_eq!(sdp.media()[0].telephone_events().count(), 128);
    assert_eq!(sdp.media()[0].formats().count(), 8_000);
}

#[test]
fn the_answer_to_the_largest_request_is_written() {
    let raw = filled(
        "INVITE sip:a SIP/2.0\r\nVia: ",
        b"SIP/2.0/UDP a;rport;received=1.2.3.4,",
        MAX_MESSAGE,
    );
    let index = Index::parse(&raw, Framing::Datagram).unwrap();
    let mut out = Vec::new();
    let source = "192.0.2.1:5060".parse().ok();
    Writer::respond(&mut out, View::new(&raw, &index), 400, b"Bad", None, source).finish(None);
    assert!(out.len() < raw.len() + 200);
    assert!(View::new(&raw, &index).headers(Name::Via).count() == 1);
}
