//! Messages after RFC 4475 and some of our own, each with what we make of it in `tests/data/expected.txt`.

use std::fmt::Write;

use offhook_sip_message::{
    Contact, Framing, Index, Method, Name, NameAddr, ParseError, View, Writer,
};

use crate::fixtures::{all, expect_file, read};

fn show(octets: &[u8]) -> String {
    let text = octets.escape_ascii().to_string();
    if text.len() > 120 {
        format!("{}... ({} octets)", &text[..100], octets.len())
    } else {
        text
    }
}

fn show_option(octets: Option<&[u8]>) -> String {
    octets.map_or_else(|| "none".to_owned(), show)
}

fn show_address(address: Option<NameAddr<'_>>) -> String {
    let Some(address) = address else {
        return "cannot be read".to_owned();
    };
    let uri = if address.parsed_uri().is_some() {
        "uri"
    } else {
        "bad uri"
    };
    format!(
        "{uri} {} display {} tag {}",
        show(address.uri),
        show_option(address.display),
        show_option(address.tag())
    )
}

/// What the getters make of a message, as text.
pub(crate) fn describe(view: View<'_>) -> String {
    let mut out = String::new();
    if let Some(method) = view.method() {
        let uri = view.request_uri().unwrap();
        let parsed = NameAddr::parse(uri).and_then(|_| offhook_sip_message::Uri::parse(uri));
        let fit = if parsed.is_some() { "" } else { " (not a URI)" };
        writeln!(out, "  {method:?} {}{fit}", show(uri)).unwrap();
    } else {
        writeln!(
            out,
            "  {} {}",
            view.status().unwrap(),
            show(view.reason().unwrap())
        )
        .unwrap();
    }
    match view.cseq() {
        Some(cseq) => {
            let matches = if view.is_request() && !view.cseq_matches_method() {
                " is of another method"
            } else {
                ""
            };
            writeln!(out, "  cseq {} {:?}{matches}", cseq.number, cseq.method).unwrap();
        }
        None => writeln!(
            out,
            "  cseq cannot be read: {}",
            show_option(view.header(Name::CSeq))
        )
        .unwrap(),
    }
    writeln!(out, "  call-id {}", show_option(view.call_id())).unwrap();
    writeln!(out, "  from {}", show_address(view.from())).unwrap();
    writeln!(out, "  to {}", show_address(view.to())).unwrap();
    for via in view.vias().take(5) {
        match via {
            Ok(via) => {
                let port = via
                    .port
                    .map_or_else(String::new, |port| format!(" port {port}"));
                let (transport, host) = (show(via.transport), show(via.host));
                writeln!(
                    out,
                    "  via {transport} {host}{port} branch {} {:?}",
                    show_option(via.branch()),
                    via.rport()
                )
                .unwrap();
            }
            Err(raw) => writeln!(out, "  via cannot be read: {}", show(raw)).unwrap(),
        }
    }
    for contact in view.contacts() {
        match contact {
            Ok(Contact::Wildcard) => writeln!(out, "  contact *").unwrap(),
            Ok(Contact::Address(address)) => {
                let (expires, q) = (address.expires(), address.q_thousandths());
                writeln!(
                    out,
                    "  contact {} expires {expires:?} q {q:?}",
                    show_address(Some(address))
                )
                .unwrap();
            }
            Err(raw) => writeln!(out, "  contact cannot be read: {}", show(raw)).unwrap(),
        }
    }
    for route in view.routes(Name::Route).chain(view.routes(Name::Path)) {
        match route {
            Ok(route) => writeln!(out, "  route {}", show(route.uri)).unwrap(),
            Err(raw) => writeln!(out, "  route cannot be read: {}", show(raw)).unwrap(),
        }
    }
    let (max_forwards, expires) = (view.max_forwards(), view.expires());
    writeln!(out, "  max-forwards {max_forwards:?} expires {expires:?}").unwrap();
    let (headers, ignored) = (view.all_headers().count(), view.index().ignored_lines());
    writeln!(
        out,
        "  {headers} headers, {ignored} lines ignored, body of {}",
        view.body().len()
    )
    .unwrap();
    if let Err(fault) = view.check_mandatory() {
        writeln!(out, "  not to be acted on: {fault}").unwrap();
    }
    out
}

#[test]
fn every_torture_message_is_read_as_expected() {
    let mut actual = String::new();
    for (name, raw) in all("sip") {
        writeln!(actual, "{name}").unwrap();
        match Index::parse(&raw, Framing::Datagram) {
            Ok(index) => actual.push_str(&describe(View::new(&raw, &index))),
            Err(fault) => {
                let answer = fault.status().filter(|_| Index::salvage(&raw).is_some());
                let answer = answer.map_or_else(
                    || "silence".to_owned(),
                    |(code, reason)| format!("{code} {reason}"),
                );
                writeln!(actual, "  refused: {fault} -> {answer}").unwrap();
            }
        }
        if let Err(fault) = Index::parse(&raw, Framing::Stream) {
            writeln!(actual, "  on a stream: {fault}").unwrap();
        }
        actual.push('\n');
    }
    expect_file("expected.txt", &actual);
}

#[test]
fn every_torture_message_can_be_answered() {
    let source = "[2001:db8::7]:5099".parse().ok();
    let mut answered = 0;
    for (name, raw) in all("sip") {
        let index = Index::parse(&raw, Framing::Datagram)
            .ok()
            .or_else(|| Index::salvage(&raw));
        let Some(index) = index else {
            continue;
        };
        for source in [None, source] {
            let mut out = Vec::new();
            let mut answer = Writer::respond(
                &mut out,
                View::new(&raw, &index),
                400,
                b"Bad Request",
                Some("t"),
                source,
            );
            answer.header("Warning", b"399 pbx \"x\"");
            answer.finish(None);
            let reread = Index::parse(&out, Framing::Stream)
                .unwrap_or_else(|fault| panic!("{name}: {fault}"));
            let view = View::new(&out, &reread);
            assert_eq!(view.status(), Some(400), "{name}");
            assert_eq!(reread.message_len(), out.len(), "{name}");
            assert_eq!(reread.ignored_lines(), 0, "{name}");
            answered += 1;
        }
    }
    assert!(answered > 150, "{answered}");
}

fn parse(file: &str) -> (Vec<u8>, Result<Index, ParseError>) {
    let raw = read(file);
    let index = Index::parse(&raw, Framing::Datagram);
    (raw, index)
}

#[test]
fn rfc4475_3_1_1_1_a_tortuous_invite_is_read() {
    let (raw, index) = parse("wsinv.sip");
    let index = index.unwrap();
    let view = View::new(&raw, &index);
    assert_eq!(view.method(), Some(Method::Invite));
    assert_eq!(view.to_tag(), Some(&b"1918181833n"[..]));
    assert_eq!(view.from_tag(), Some(&b"98asjd8"[..]));
    assert_eq!(
        view.from().unwrap().display_text().as_deref(),
        Some(&b"J Rosenberg \\\""[..])
    );
    assert_eq!(view.max_forwards(), Some(68));
    let cseq = view.cseq().unwrap();
    assert_eq!((cseq.number, cseq.method), (9, Method::Invite));
    let branches: Vec<_> = view
        .vias()
        .map(|via| via.unwrap().branch().unwrap())
        .collect();
    assert_eq!(
        branches,
        [&b"390skdjuw"[..], b"z9hG4bK9ikj8", b"z9hG4bK30239"]
    );
    assert_eq!(view.header(Name::Subject), Some(&b""[..]));
    assert_eq!(
        view.header_named("newfangledheader"),
        Some(&b"newfangled value\r\n continued newfangled value"[..])
    );
    assert_eq!(
        view.routes(Name::Route).next().unwrap().unwrap().uri,
        b"sip:services.example.com;lr;unknownwith=value;unknown-no-value"
    );
    assert_eq!(view.top_via().unwrap().branch(), Some(&b"390skdjuw"[..]));
}

#[test]
fn rfc4475_3_1_1_8_octets_behind_the_body_of_a_datagram_are_left_out() {
    let (raw, index) = parse("dblreq.sip");
    let index = index.unwrap();
    let view = View::new(&raw, &index);
    assert_eq!(view.method(), Some(Method::Register));
    assert!(view.body().is_empty());
    assert!(index.message_len() < raw.len());
    assert_eq!(view.raw().len(), index.message_len());
}

#[test]
fn body_faults_are_told_apart() {
    for (file, fault) in [
        (
            "clerr.sip",
            ParseError::BodyTooShort {
                declared: 9999,
                actual: 150,
            },
        ),
        ("ncl.sip", ParseError::ContentLength),
        ("mcl01.sip", ParseError::ContentLengthConflict),
        (
            "own-cl-twice-unequal.sip",
            ParseError::ContentLengthConflict,
        ),
        ("own-cl-empty.sip", ParseError::ContentLength),
        ("own-cl-plus.sip", ParseError::ContentLength),
        ("own-cl-beyond-u64.sip", ParseError::ContentLength),
        ("own-129-headers.sip", ParseError::TooManyHeaders),
        ("own-5000-headers.sip", ParseError::TooManyHeaders),
        ("lwsruri.sip", ParseError::RequestUri),
        ("badvers.sip", ParseError::Version),
        ("bigcode.sip", ParseError::StartLine),
        ("own-http.sip", ParseError::StartLine),
        ("own-stun.sip", ParseError::Incomplete),
        ("own-only-start-line.sip", ParseError::Incomplete),
    ] {
        assert_eq!(parse(file).1.err(), Some(fault), "{file}");
    }
}

#[test]
fn a_content_length_near_the_end_of_64_bits_is_a_body_too_short() {
    let (_, result) = parse("own-cl-wraps.sip");
    assert_eq!(
        result.err(),
        Some(ParseError::BodyTooShort {
            declared: 18_446_744_073_709_551_610,
            actual: 1
        })
    );
}

#[test]
fn a_datagram_without_content_length_has_its_body_to_the_end() {
    let (raw, index) = parse("own-no-content-length.sip");
    let index = index.unwrap();
    let body = View::new(&raw, &index).body();
    assert!(body.starts_with(b"v=0\r\n") && body.ends_with(b"LPC\r\n"));
    assert_eq!(
        Index::parse(&raw, Framing::Stream).err(),
        Some(ParseError::ContentLengthMissing)
    );
}

#[test]
fn latin_1_comes_out_as_it_went_in() {
    let (raw, index) = parse("own-latin1.sip");
    let index = index.unwrap();
    let view = View::new(&raw, &index);
    assert_eq!(
        view.from().unwrap().display,
        Some(&b"J\xf6rg M\xfcller"[..])
    );
    let mut out = Vec::new();
    let mut copy = Writer::request(
        &mut out,
        view.method_bytes().unwrap(),
        view.request_uri().unwrap(),
    );
    for header in view
        .all_headers()
        .filter(|header| header.id != Name::ContentLength)
    {
        copy.header(header.name, header.value);
    }
    copy.finish(None);
    assert_eq!(out, raw);
}

#[test]
fn folded_values_of_digest_are_read() {
    let (raw, index) = parse("own-digest.sip");
    let index = index.unwrap();
    let value = View::new(&raw, &index)
        .header(Name::ProxyAuthorization)
        .unwrap();
    let params = offhook_sip_message::AuthParams::parse(value).unwrap();
    assert_eq!(params.get("username").as_deref(), Some(&br#"a"b, c"#[..]));
    assert_eq!(
        params.get("uri").as_deref(),
        Some(&b"sip:1002@pbx.example;x=1,2"[..])
    );
    assert_eq!(params.get("algorithm").as_deref(), Some(&b"SHA-256"[..]));
    assert_eq!(params.get("cnonce").as_deref(), Some(&b"0a4f113b"[..]));
    assert_eq!(params.iter().count(), 10);
}
