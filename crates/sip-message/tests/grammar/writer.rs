//! What leaves: answers of the right form, and nothing that breaks out of its line.

use std::net::SocketAddr;

use offhook_sip_message::{Framing, Index, Name, Rport, View, Writer};

fn respond(request: &str, to_tag: Option<&str>, source: Option<&str>) -> String {
    let raw = request.replace('\n', "\r\n").into_bytes();
    let index = Index::parse(&raw, Framing::Datagram).unwrap();
    let mut out = Vec::new();
    let source = source.map(|source| source.parse::<SocketAddr>().unwrap());
    Writer::respond(
        &mut out,
        View::new(&raw, &index),
        180,
        b"Ringing",
        to_tag,
        source,
    )
    .finish(None);
    String::from_utf8(out).unwrap().replace("\r\n", "\n")
}

const REQUEST: &str = "INVITE sip:b@c SIP/2.0\nv: SIP/2.0/UDP 10.0.0.1:5062;branch=z9hG4bK1;rport, SIP/2.0/TCP p;branch=z9hG4bK2\n\
    Via: SIP/2.0/TLS q;branch=z9hG4bK3\nf: <sip:a@c>;tag=1\nt: \"B\"\n <sip:b@c>\ni: x\nCSeq: 1 INVITE\n\n";

#[test]
fn rfc3261_8_2_6_2_an_answer_copies_what_it_must() {
    let expected = "SIP/2.0 180 Ringing\nVia: SIP/2.0/UDP 10.0.0.1:5062;branch=z9hG4bK1;rport, SIP/2.0/TCP p;branch=z9hG4bK2\n\
        Via: SIP/2.0/TLS q;branch=z9hG4bK3\nFrom: <sip:a@c>;tag=1\nTo: \"B\" <sip:b@c>;tag=t2\nCall-ID: x\nCSeq: 1 INVITE\n\
        Content-Length: 0\n\n";
    assert_eq!(respond(REQUEST, Some("t2"), None), expected);
}

#[test]
fn rfc3581_4_rport_and_received_are_filled_in_for_the_topmost_via_only() {
    let answer = respond(REQUEST, None, Some("198.51.100.9:40000"));
    assert!(answer.contains(
        "Via: SIP/2.0/UDP 10.0.0.1:5062;branch=z9hG4bK1;rport=40000;received=198.51.100.9, SIP/2.0/TCP p;branch=z9hG4bK2\n\
         Via: SIP/2.0/TLS q;branch=z9hG4bK3\n"
    ));
    assert!(
        answer.contains("To: \"B\" <sip:b@c>\n"),
        "without a tag to add, none is added"
    );
}

#[test]
fn rfc3261_18_2_1_received_is_added_where_sent_by_differs_and_forged_ones_are_replaced() {
    let request = |via: &str| format!("OPTIONS sip:b SIP/2.0\nVia: {via}\n\n");
    for (via, source, expected) in [
        (
            "SIP/2.0/UDP 10.0.0.1;branch=a",
            "10.0.0.1:5060",
            "SIP/2.0/UDP 10.0.0.1;branch=a",
        ),
        (
            "SIP/2.0/UDP 10.0.0.1;branch=a;rport",
            "10.0.0.1:5060",
            "SIP/2.0/UDP 10.0.0.1;branch=a;rport=5060;received=10.0.0.1",
        ),
        (
            "SIP/2.0/UDP 10.0.0.1;branch=a",
            "10.0.0.2:5060",
            "SIP/2.0/UDP 10.0.0.1;branch=a;received=10.0.0.2",
        ),
        (
            "SIP/2.0/UDP host;branch=a",
            "10.0.0.2:5060",
            "SIP/2.0/UDP host;branch=a;received=10.0.0.2",
        ),
        (
            "SIP/2.0/UDP [2001:db8::1];branch=a",
            "[2001:db8::1]:9",
            "SIP/2.0/UDP [2001:db8::1];branch=a",
        ),
        (
            "SIP/2.0/UDP h;branch=a",
            "[2001:db8::1]:9",
            "SIP/2.0/UDP h;branch=a;received=2001:db8::1",
        ),
        (
            "SIP/2.0/UDP h;branch=a",
            "[::ffff:10.0.0.3]:9",
            "SIP/2.0/UDP h;branch=a;received=10.0.0.3",
        ),
        (
            "SIP/2.0/UDP 10.0.0.3;branch=a",
            "[::ffff:10.0.0.3]:9",
            "SIP/2.0/UDP 10.0.0.3;branch=a",
        ),
        (
            "SIP/2.0/UDP h;received=1.1.1.1;rport=7;rport=8",
            "10.0.0.2:9",
            "SIP/2.0/UDP h;rport=9;received=10.0.0.2",
        ),
        (
            "SIP / 2.0 / UDP  h : 5060 ; branch = a",
            "10.0.0.2:9",
            "SIP / 2.0 / UDP  h : 5060;branch = a;received=10.0.0.2",
        ),
        ("no via at all", "10.0.0.2:9", "no via at all"),
    ] {
        let answer = respond(&request(via), None, Some(source));
        assert!(
            answer.contains(&format!("\nVia: {expected}\n")),
            "{via} from {source}: {answer}"
        );
    }
}

#[test]
fn an_answer_to_a_request_without_anything_is_still_an_answer() {
    assert_eq!(
        respond("OPTIONS sip:a SIP/2.0\n\n", Some("t"), Some("10.0.0.1:1")),
        "SIP/2.0 180 Ringing\nContent-Length: 0\n\n"
    );
    let empty = respond(
        "OPTIONS sip:a SIP/2.0\nVia:\nFrom:\nTo:\nCall-ID:\nCSeq:\n\n",
        Some("t"),
        Some("10.0.0.1:1"),
    );
    assert_eq!(
        empty,
        "SIP/2.0 180 Ringing\nVia: \nFrom: \nTo: ;tag=t\nCall-ID: \nCSeq: \nContent-Length: 0\n\n"
    );
}

#[test]
fn a_to_that_has_a_tag_keeps_it() {
    let answer = respond(
        "BYE sip:a SIP/2.0\nTo: <sip:a>;tag=old\n\n",
        Some("new"),
        None,
    );
    assert!(answer.contains("\nTo: <sip:a>;tag=old\n"));
    let answer = respond(
        "BYE sip:a SIP/2.0\nTo: <sip:a;tag=uri>\n\n",
        Some("new"),
        None,
    );
    assert!(answer.contains("\nTo: <sip:a;tag=uri>;tag=new\n"));
}

#[test]
fn nothing_breaks_out_of_its_line() {
    let mut out = Vec::new();
    let mut writer = Writer::request(&mut out, b"INV ITE\r\nX: y", b"sip:a b\r\nInjected: 1@c\0");
    writer.header(
        "Sub\r\nject",
        b"one\r\nInjected: two\n\n\r three\0four  \r\n\tfive",
    );
    writer.header_fmt(
        "Reason",
        format_args!("SIP;text=\"{}\"", "a\r\nInjected: b"),
    );
    writer.finish(Some((b"text/plain\r\nInjected: c", b"body\r\n\r\n")));
    let text = String::from_utf8(out.clone()).unwrap();
    assert_eq!(
        text,
        "INV_ITE__X__y sip:a%20b%0D%0AInjected:%201@c%00 SIP/2.0\r\nSub__ject: one Injected: two three four five\r\n\
         Reason: SIP;text=\"a Injected: b\"\r\nContent-Type: text/plain Injected: c\r\nContent-Length: 8\r\n\r\nbody\r\n\r\n"
    );
    let mut out = Vec::new();
    Writer::response(&mut out, 7, b"Odd\r\nReason").finish(None);
    assert!(out.starts_with(b"SIP/2.0 500 Odd Reason\r\n"));
}

#[test]
fn a_writer_appends_and_copies() {
    let raw = b"INVITE sip:a SIP/2.0\r\nRecord-Route: <sip:p1;lr>, <sip:p2;lr>\r\nRecord-Route: <sip:p3;lr>\r\nX-One: 1\r\n\r\n";
    let index = Index::parse(raw, Framing::Datagram).unwrap();
    let view = View::new(raw, &index);
    let mut out = b"kept".to_vec();
    let mut writer = Writer::respond(&mut out, view, 200, b"OK", None, None);
    writer
        .copy(view, Name::RecordRoute)
        .copy(view, Name::Other)
        .copy(view, Name::Route);
    writer.finish(Some((b"application/sdp", b"v=0\r\n")));
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "keptSIP/2.0 200 OK\r\nRecord-Route: <sip:p1;lr>, <sip:p2;lr>\r\nRecord-Route: <sip:p3;lr>\r\nX-One: 1\r\n\
         Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n"
    );
}

#[test]
fn the_answer_tells_the_client_its_own_port() {
    let answer = respond(REQUEST, None, Some("198.51.100.9:40000")).replace('\n', "\r\n");
    let index = Index::parse(answer.as_bytes(), Framing::Stream).unwrap();
    let via = View::new(answer.as_bytes(), &index).top_via().unwrap();
    assert_eq!(
        (via.rport(), via.received()),
        (Rport::Port(40_000), Some("198.51.100.9".parse().unwrap()))
    );
    assert_eq!(via.branch(), Some(&b"z9hG4bK1"[..]));
}
