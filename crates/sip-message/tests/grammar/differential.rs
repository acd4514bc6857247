//! Against another implementation: where both accept a message, both read the same from it.

use bytes::Bytes;
use offhook_sip_message::{Framing, Index, MAX_HEADERS, NameAddr, ParseError, View};
use sipx_sip::headers::{Address, CSeq, From, To, Via};
use sipx_sip::{Limits, Message, parse_datagram};

use crate::fixtures::{Draw, all, mutate};
use crate::round_trip;

/// The value with folds and runs of white space as single spaces.
fn unfold(value: &[u8]) -> Vec<u8> {
    let words = value
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(&b' ')
}

fn lower(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).to_ascii_lowercase()
}

/// Compares; whether both accepted it.
fn compare(raw: &[u8]) -> bool {
    let theirs = parse_datagram(Bytes::copy_from_slice(raw), &Limits::datagram());
    let ours = Index::parse(raw, Framing::Datagram);
    let (Ok(theirs), Ok(index)) = (&theirs, &ours) else {
        let Ok(theirs) = &theirs else {
            return false;
        };
        // They allow more headers, and leave the version and white space in the Request-URI to the caller.
        let fault = ours.err().unwrap();
        let version = match theirs {
            Message::Request(request) => &request.version,
            Message::Response(response) => &response.version,
        };
        let many = theirs.headers().iter().count() > MAX_HEADERS;
        let known = !version.is_supported() || (fault == ParseError::TooManyHeaders && many);
        assert!(
            known || fault == ParseError::RequestUri,
            "we refuse ({fault}), they accept: {}",
            raw.escape_ascii()
        );
        return false;
    };
    let view = View::new(raw, index);
    let context = || raw.escape_ascii().to_string();
    match theirs {
        Message::Request(request) => {
            assert_eq!(
                view.method_bytes(),
                Some(request.method.as_bytes()),
                "{}",
                context()
            );
            assert_eq!(
                view.request_uri(),
                Some(&request.uri.to_bytes()[..]),
                "{}",
                context()
            );
        }
        Message::Response(response) => {
            assert_eq!(view.status(), Some(response.status.code()), "{}", context());
            assert_eq!(
                view.reason().map(unfold),
                Some(unfold(&response.reason)),
                "{}",
                context()
            );
        }
    }
    assert_eq!(view.body(), &theirs.body()[..], "{}", context());
    let headers: Vec<_> = view.all_headers().collect();
    assert_eq!(
        headers.len(),
        theirs.headers().iter().count(),
        "{}",
        context()
    );
    for (ours, theirs) in headers.iter().zip(theirs.headers().iter()) {
        assert_eq!(
            lower(&unfold(ours.value)),
            lower(&unfold(&theirs.value())),
            "{}",
            context()
        );
    }
    compare_routing(view, theirs, &context);
    true
}

/// Where both read a routing field, they read the same. (Either may refuse what is malformed.)
fn compare_routing(view: View<'_>, theirs: &Message, context: &dyn Fn() -> String) {
    let headers = theirs.headers();
    if let (Some(ours), Some(Ok(theirs))) = (view.cseq(), headers.typed::<CSeq>()) {
        assert_eq!(ours.number, theirs.sequence, "{}", context());
    }
    if let (Some(ours), Some(Ok(theirs))) = (view.top_via(), headers.typed::<Via>()) {
        let branch = theirs
            .branch()
            .map(unfold)
            .filter(|branch| !branch.is_empty());
        assert_eq!(ours.branch().map(unfold), branch, "{}", context());
        assert_eq!(
            (ours.port, ours.transport),
            (theirs.port, &theirs.transport[..]),
            "{}",
            context()
        );
        let host = lower(&theirs.host.to_bytes());
        assert!(
            lower(ours.host) == host || ours.host_ip().is_some(),
            "{host}: {}",
            context()
        );
    }
    if let (Some(ours), Some(Ok(theirs))) = (view.from(), headers.typed::<From>()) {
        compare_address(&ours, &theirs, context);
    }
    if let (Some(ours), Some(Ok(theirs))) = (view.to(), headers.typed::<To>()) {
        compare_address(&ours, &theirs, context);
    }
}

fn compare_address(ours: &NameAddr<'_>, theirs: &Address, context: &dyn Fn() -> String) {
    let tag = theirs.tag().map(unfold).filter(|tag| !tag.is_empty());
    assert_eq!(ours.tag().map(unfold), tag, "{}", context());
    if let Some(uri) = ours.parsed_uri() {
        assert_eq!(uri.user, theirs.uri.user().or(uri.user), "{}", context());
        assert_eq!(uri.port, theirs.uri.port(), "{}", context());
    }
}

#[test]
fn both_read_the_same_from_valid_messages() {
    let mut draw = Draw(5);
    for round in 0..3_000 {
        let parts = round_trip::message(&mut draw);
        assert!(
            compare(&parts.octets),
            "seed 5, round {round}: they refuse {}",
            parts.octets.escape_ascii()
        );
    }
}

#[test]
fn both_read_the_same_from_torture_messages() {
    let accepted = all("sip").iter().filter(|(_, raw)| compare(raw)).count();
    assert!(accepted > 45, "{accepted}");
}

#[test]
fn both_read_the_same_from_mutated_messages_that_both_accept() {
    let bases = all("sip");
    let mut draw = Draw(6);
    let mut accepted = 0;
    for round in 0..20_000 {
        let base = &bases[round % bases.len()].1;
        let other = &bases[draw.below(bases.len())].1;
        accepted += usize::from(compare(&mutate(
            &mut draw,
            &base[..base.len().min(2_500)],
            other,
        )));
    }
    assert!(accepted > 2_000, "{accepted}");
}
