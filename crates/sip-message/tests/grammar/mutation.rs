//! Mutated messages: no panic, and whatever is accepted can be read, answered and copied.

use offhook_sip_message::sdp::{Direction, Origin, PortPair, Rewrite, Sdp};
use offhook_sip_message::{
    AuthParams, Framing, Index, MAX_MESSAGE, Message, Name, NameAddr, Uri, View, Writer,
};

use crate::fixtures::{Draw, all, mutate};

const ROUNDS: usize = 100_000;

#[test]
fn mutated_messages_neither_panic_nor_break_what_is_written_from_them() {
    let bases = all("sip");
    let mut draw = Draw(20_261_122);
    let mut accepted = 0;
    for round in 0..ROUNDS {
        let base = &bases[round % bases.len()].1;
        let other = &bases[draw.below(bases.len())].1;
        // The few large ones are cut, so that the time goes into variety.
        let raw = mutate(&mut draw, &base[..base.len().min(2_500)], other);
        let round_accepted =
            std::panic::catch_unwind(|| touch_everything(&raw)).unwrap_or_else(|_| {
                panic!("round {round}: {}", raw.escape_ascii());
            });
        accepted += usize::from(round_accepted);
    }
    assert!(
        (20_000..100_000).contains(&accepted),
        "{accepted} accepted: the mutations are too mild or too wild"
    );
}

#[test]
fn every_message_cut_short_at_any_octet_is_refused_or_answered() {
    for (_, raw) in all("sip").into_iter().filter(|(_, raw)| raw.len() <= 1_000) {
        for end in 0..raw.len() {
            touch_everything(&raw[..end]);
        }
    }
}

#[test]
fn noise_does_not_panic() {
    let mut draw = Draw(3);
    for _ in 0..20_000 {
        let raw: Vec<u8> = (0..draw.below(300))
            .map(|_| u8::try_from(draw.next() & 0xff).unwrap())
            .collect();
        touch_everything(&raw);
    }
    for length in 0..3 {
        for fill in 0..=255 {
            touch_everything(&vec![fill; length]);
        }
    }
}

#[test]
fn mutated_descriptions_do_not_panic_and_stay_descriptions() {
    let bases = all("sdp");
    let mut draw = Draw(11);
    let mut rewritten = 0;
    for round in 0..40_000 {
        let base = &bases[round % bases.len()].1;
        let other = &bases[draw.below(bases.len())].1;
        let raw = mutate(&mut draw, base, other);
        if touch_sdp(&raw) {
            rewritten += 1;
        }
    }
    assert!(rewritten > 10_000, "{rewritten}");
}

/// Calls every getter; whether the message was accepted.
pub(crate) fn touch_everything(raw: &[u8]) -> bool {
    let parsed = Index::parse(raw, Framing::Datagram);
    let on_stream = Index::parse(raw, Framing::Stream).is_ok();
    assert!(
        parsed.is_ok() || !on_stream,
        "what a stream takes a datagram takes: {}",
        raw.escape_ascii()
    );
    assert_eq!(
        Message::parse(raw.to_vec().into(), Framing::Datagram).is_ok(),
        parsed.is_ok()
    );
    let accepted = parsed.is_ok();
    let Some(index) = parsed.ok().or_else(|| Index::salvage(raw)) else {
        return false;
    };
    let view = View::new(raw, &index);
    touch_getters(view);
    touch_sdp(view.body());
    answer(view);
    copy(view);
    accepted
}

fn touch_getters(view: View<'_>) {
    let first = (
        view.method(),
        view.method_bytes(),
        view.request_uri(),
        view.status(),
        view.reason(),
    );
    let routing = (
        view.call_id(),
        view.cseq(),
        view.cseq_matches_method(),
        view.from_tag(),
        view.to_tag(),
    );
    let numbers = (
        view.max_forwards(),
        view.expires(),
        view.content_type(),
        view.check_mandatory().is_ok(),
    );
    std::hint::black_box((
        first,
        routing,
        numbers,
        view.raw(),
        view.lists(Name::Supported, "100rel"),
    ));
    for via in view.vias().flatten() {
        std::hint::black_box((via.branch(), via.rport(), via.received(), via.host_ip()));
    }
    for contact in view
        .contacts()
        .flatten()
        .filter_map(|contact| contact.address())
    {
        touch_address(&contact);
    }
    for name in [
        Name::Route,
        Name::RecordRoute,
        Name::Path,
        Name::From,
        Name::To,
        Name::ReferTo,
    ] {
        view.routes(name)
            .flatten()
            .for_each(|address| touch_address(&address));
    }
    for header in view.all_headers() {
        assert_eq!(Name::parse(header.name), header.id);
        if let Some(auth) = AuthParams::parse(header.value) {
            std::hint::black_box((auth.get("username"), auth.raw("nonce"), auth.iter().count()));
        }
    }
}

fn touch_address(address: &NameAddr<'_>) {
    std::hint::black_box((
        address.tag(),
        address.expires(),
        address.q_thousandths(),
        address.display_text(),
    ));
    if let Some(uri) = address.parsed_uri() {
        std::hint::black_box((
            uri.user_decoded(),
            uri.bare_host(),
            uri.is_secure(),
            uri.params.iter().count(),
        ));
        assert!(uri.is_equivalent(&uri));
        assert!(Uri::parse(address.uri).is_some());
    }
}

/// The answer can be read and holds nothing that the request did not put there.
fn answer(view: View<'_>) {
    let mut out = Vec::new();
    let source = "198.51.100.7:5099".parse().ok();
    Writer::respond(
        &mut out,
        view,
        500,
        b"Server Internal Error",
        Some("tag"),
        source,
    )
    .finish(None);
    if out.len() > MAX_MESSAGE {
        return;
    }
    let index = Index::parse(&out, Framing::Stream)
        .unwrap_or_else(|fault| panic!("{fault}: {}", out.escape_ascii()));
    let reread = View::new(&out, &index);
    let copied = [Name::Via, Name::From, Name::To, Name::CallId, Name::CSeq];
    let count = |view: View<'_>, name| view.headers(name).count();
    assert_eq!(count(reread, Name::Via), count(view, Name::Via));
    for name in copied.into_iter().skip(1) {
        assert_eq!(
            count(reread, name),
            count(view, name).min(1),
            "{name:?}: {}",
            out.escape_ascii()
        );
    }
    let all = copied
        .into_iter()
        .map(|name| count(reread, name))
        .sum::<usize>();
    assert_eq!(
        reread.all_headers().count(),
        all + 1,
        "{}",
        out.escape_ascii()
    );
    assert_eq!((index.message_len(), index.ignored_lines()), (out.len(), 0));
    // A NUL comes out as a space and so may bare what stands behind it.
    if let Some(top) = view.top_via().filter(|via| !via.raw.contains(&0)) {
        let reread = reread
            .top_via()
            .unwrap_or_else(|| panic!("{}", out.escape_ascii()));
        assert_eq!(
            (reread.host, reread.port, reread.branch().map(clean)),
            (top.host, top.port, top.branch().map(clean))
        );
        assert_eq!(
            reread.received().is_some(),
            reread.host_ip() != source.map(|source| source.ip()) || top.params.has("rport")
        );
    }
    if view.to().is_some_and(|to| to.parsed_uri().is_some()) {
        assert!(reread.to_tag().is_some(), "{}", out.escape_ascii());
    }
}

/// The value without what the writer may change: white space, line ends, NUL.
fn clean(value: &[u8]) -> Vec<u8> {
    value
        .iter()
        .copied()
        .filter(|octet| !b"\r\n\0 \t".contains(octet))
        .collect()
}

/// A copy of all headers has the same headers with the same values, folds and control octets aside.
fn copy(view: View<'_>) {
    let mut out = Vec::new();
    let mut writer = match (view.method_bytes(), view.status()) {
        (Some(method), _) => {
            Writer::request(&mut out, method, view.request_uri().unwrap_or_default())
        }
        (None, status) => Writer::response(
            &mut out,
            status.unwrap_or(500),
            view.reason().unwrap_or_default(),
        ),
    };
    let passed = || {
        view.all_headers()
            .filter(|header| header.id != Name::ContentLength && header.id != Name::ContentType)
    };
    for header in passed() {
        writer.header(header.name, header.value);
    }
    let text_type = view.content_type().unwrap_or(b"text/plain");
    writer.finish(Some((text_type, view.body())));
    if out.len() > 65_535 || passed().count() > 120 {
        return;
    }
    let index = Index::parse(&out, Framing::Stream)
        .unwrap_or_else(|fault| panic!("{fault}: {}", out.escape_ascii()));
    let reread = View::new(&out, &index);
    assert_eq!(reread.body(), view.body());
    let headers = reread
        .all_headers()
        .filter(|header| header.id != Name::ContentLength && header.id != Name::ContentType);
    assert!(
        passed()
            .map(|header| (header.name.to_vec(), clean(header.value)))
            .eq(headers.map(|header| (header.name.to_vec(), clean(header.value)))),
        "{}",
        out.escape_ascii()
    );
}

/// Reads and rewrites; whether it was a description.
fn touch_sdp(body: &[u8]) -> bool {
    let Ok(sdp) = Sdp::parse(body) else {
        return false;
    };
    std::hint::black_box((sdp.first_audio_codec(), sdp.is_held(), sdp.origin()));
    for media in sdp.media() {
        let events = media.telephone_events().count();
        std::hint::black_box((
            media.codecs().count(),
            events,
            media.rtcp_port(),
            media.connection_ip(),
        ));
    }
    let ports: Vec<_> = sdp
        .media()
        .iter()
        .map(|_| {
            Some(PortPair {
                rtp: 20_000,
                rtcp: 20_001,
            })
        })
        .collect();
    let mut rewrite = Rewrite {
        address: "192.0.2.200".parse().unwrap(),
        ports: &ports,
        direction: Some(Direction::RecvOnly),
        origin: Some(Origin {
            session: 5,
            version: 6,
        }),
    };
    let mut out = Vec::new();
    sdp.rewrite(&rewrite, &mut out);
    let again = Sdp::parse(&out).unwrap_or_else(|fault| panic!("{fault}: {}", out.escape_ascii()));
    assert_eq!(again.media().len(), sdp.media().len());
    for (before, after) in sdp.media().iter().zip(again.media()) {
        assert_eq!(after.port, if before.port == 0 { 0 } else { 20_000 });
        assert_eq!((after.kind, after.proto), (before.kind, before.proto));
        assert!(before.formats().eq(after.formats()));
        if before.port != 0 {
            assert_eq!(
                after.connection_ip(),
                Some(rewrite.address),
                "{}",
                out.escape_ascii()
            );
            assert_eq!(
                after.direction,
                Direction::RecvOnly,
                "{}",
                out.escape_ascii()
            );
        }
        assert_eq!(
            after.attributes("candidate").count() + after.attributes("rtcp-mux").count(),
            0
        );
    }
    rewrite.direction = None;
    rewrite.origin = None;
    let (mut once, mut twice) = (Vec::new(), Vec::new());
    sdp.rewrite(&rewrite, &mut once);
    Sdp::parse(&once).unwrap().rewrite(&rewrite, &mut twice);
    assert_eq!(
        once.escape_ascii().to_string(),
        twice.escape_ascii().to_string(),
        "a second pass changes nothing"
    );
    true
}
