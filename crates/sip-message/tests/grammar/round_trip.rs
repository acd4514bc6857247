//! What the writer writes the parser reads, for messages made of random parts.

use bytes::Bytes;
use offhook_sip_message::{Framing, Message, Name, Writer};

use crate::fixtures::Draw;

const USERS: [&str; 6] = ["1001", "alice", "j%c3%b6rg", "+4930123456", "a;b=c", "x?y"];
const HOSTS: [&str; 5] = [
    "pbx.example",
    "192.0.2.1",
    "[2001:db8::1]",
    "a",
    "under_score.example",
];
const DISPLAYS: [&[u8]; 6] = [
    b"",
    b"Bob ",
    b"\"Last, First\" ",
    b"\"q\\\"q\\\\\" ",
    b"\"J\xf6rg <x>; y\" ",
    b"\"\xd0\x91\xd0\xbe\xd0\xb1\" ",
];
const EXTRA: [(&str, &[u8]); 7] = [
    ("Supported", b"replaces, 100rel"),
    ("User-Agent", b"Phone/1.0 (caf\xe9)"),
    ("X-Empty", b""),
    ("X-Commas", b"a,b;c=\"d,e\",<f,g>"),
    ("k", b"timer"),
    (
        "Authorization",
        b"Digest username=\"a, b\", realm=\"r\", qop=auth",
    ),
    ("Subject", b"a: b; c"),
];

/// The parts that a message was made of.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) request: bool,
    pub(crate) uri: Vec<u8>,
    pub(crate) status: u16,
    pub(crate) branches: Vec<String>,
    pub(crate) from_tag: String,
    pub(crate) to_tag: Option<String>,
    pub(crate) call_id: String,
    pub(crate) number: u32,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) octets: Vec<u8>,
}

fn address(draw: &mut Draw, tag: Option<&str>) -> Vec<u8> {
    let mut value = draw.pick(&DISPLAYS).to_vec();
    let (user, host) = (draw.pick(&USERS), draw.pick(&HOSTS));
    value.extend_from_slice(format!("<sip:{user}@{host};x=1>").as_bytes());
    if draw.below(2) == 0 {
        value.extend_from_slice(b";y=\"a;b,c\"");
    }
    if let Some(tag) = tag {
        value.extend_from_slice(format!(";tag={tag}").as_bytes());
    }
    value
}

fn body(draw: &mut Draw) -> Vec<u8> {
    (0..draw.below(300))
        .map(|_| u8::try_from(draw.next() & 0xff).unwrap())
        .collect()
}

/// A valid message of random parts.
pub(crate) fn message(draw: &mut Draw) -> Parts {
    let tag = format!("t{:x}", draw.next());
    let mut parts = Parts {
        request: draw.below(2) == 0,
        uri: format!(
            "sip:{}@{}:{};lr",
            draw.pick(&USERS),
            draw.pick(&HOSTS),
            1 + draw.below(65_535)
        )
        .into_bytes(),
        status: u16::try_from(100 + draw.below(600)).unwrap(),
        branches: (0..=draw.below(4))
            .map(|_| format!("z9hG4bK{:x}", draw.next()))
            .collect(),
        from_tag: tag,
        to_tag: (draw.below(2) == 0).then(|| format!("u{:x}", draw.next())),
        call_id: format!("{:x}@{}", draw.next(), draw.pick(&HOSTS)),
        number: u32::try_from(draw.next() & 0x7fff_ffff).unwrap(),
        body: (draw.below(2) == 0).then(|| body(draw)),
        octets: Vec::new(),
    };
    let (from, to) = (
        address(draw, Some(&parts.from_tag)),
        address(draw, parts.to_tag.as_deref()),
    );
    let mut octets = Vec::new();
    let mut writer = if parts.request {
        Writer::request(&mut octets, b"INVITE", &parts.uri)
    } else {
        Writer::response(&mut octets, parts.status, b"Some Reason, \xe9")
    };
    let vias = parts.branches.iter().map(|branch| {
        format!(
            "SIP/2.0/UDP {}:5061;rport;branch={branch}",
            draw.pick(&HOSTS)
        )
    });
    let vias: Vec<_> = vias.collect();
    if draw.below(2) == 0 {
        writer.header(Name::Via.as_str(), vias.join(", "));
    } else {
        for via in &vias {
            writer.header("v", via);
        }
    }
    writer
        .header("From", from)
        .header(if draw.below(2) == 0 { "To" } else { "t" }, to);
    writer
        .header("Call-ID", &parts.call_id)
        .header_fmt("CSeq", format_args!("{} INVITE", parts.number));
    for _ in 0..draw.below(5) {
        let (name, value) = EXTRA[draw.below(EXTRA.len())];
        writer.header(name, value);
    }
    writer.finish(
        parts
            .body
            .as_deref()
            .map(|octets| (&b"application/octet-stream"[..], octets)),
    );
    parts.octets = octets;
    parts
}

#[test]
fn what_is_written_is_read_back() {
    let mut draw = Draw(1);
    for round in 0..5_000 {
        let parts = message(&mut draw);
        for framing in [Framing::Datagram, Framing::Stream] {
            let message = Message::parse(Bytes::from(parts.octets.clone()), framing)
                .unwrap_or_else(|fault| {
                    panic!(
                        "seed 1, round {round}: {fault}: {}",
                        parts.octets.escape_ascii()
                    )
                });
            check(&parts, &message);
        }
    }
}

fn check(parts: &Parts, message: &Message) {
    let view = message.view();
    assert_eq!(view.request_uri(), parts.request.then_some(&parts.uri[..]));
    assert_eq!(view.status(), (!parts.request).then_some(parts.status));
    let branches: Vec<_> = view
        .vias()
        .map(|via| via.unwrap().branch().unwrap())
        .collect();
    assert!(
        branches.iter().eq(parts
            .branches
            .iter()
            .map(String::as_bytes)
            .collect::<Vec<_>>()
            .iter())
    );
    assert_eq!(
        view.top_via().and_then(|via| via.branch()),
        branches.first().copied()
    );
    assert_eq!(view.from_tag(), Some(parts.from_tag.as_bytes()));
    assert_eq!(view.to_tag(), parts.to_tag.as_ref().map(String::as_bytes));
    assert_eq!(view.call_id(), Some(parts.call_id.as_bytes()));
    assert_eq!(view.cseq().map(|cseq| cseq.number), Some(parts.number));
    assert_eq!(view.body(), parts.body.as_deref().unwrap_or_default());
    assert_eq!(view.check_mandatory(), Ok(()));
    assert_eq!(view.raw(), message.raw());
    assert_eq!(view.index().message_len(), parts.octets.len());
    assert!(view.from().unwrap().parsed_uri().is_some());
}

#[test]
fn a_message_copied_header_by_header_has_the_same_octets() {
    let mut draw = Draw(2);
    for _ in 0..2_000 {
        let parts = message(&mut draw);
        let original = Message::parse(Bytes::from(parts.octets), Framing::Datagram).unwrap();
        let view = original.view();
        let mut octets = Vec::new();
        let mut writer = match view.method_bytes() {
            Some(method) => Writer::request(&mut octets, method, view.request_uri().unwrap()),
            None => Writer::response(&mut octets, view.status().unwrap(), view.reason().unwrap()),
        };
        let passed = view
            .all_headers()
            .filter(|header| ![Name::ContentLength, Name::ContentType].contains(&header.id));
        for header in passed {
            writer.header(header.name, header.value);
        }
        writer.finish(
            view.content_type()
                .map(|content_type| (content_type, view.body())),
        );
        assert_eq!(
            octets.escape_ascii().to_string(),
            original.raw().escape_ascii().to_string()
        );
    }
}
