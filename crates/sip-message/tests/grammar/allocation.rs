//! Parsing and the routing fields stay off the heap. `unsafe` is forbidden here, so the counting allocator comes from
//! a crate of its own.

use offhook_sip_message::{Framing, Index, Name, View, Writer};

use crate::fixtures::{all, read};

fn route(view: View<'_>) -> usize {
    let mut octets = view
        .top_via()
        .and_then(|via| via.branch())
        .map_or(0, <[u8]>::len);
    octets += view
        .cseq()
        .map_or(0, |cseq| usize::try_from(cseq.number % 10).unwrap());
    octets += view.call_id().map_or(0, <[u8]>::len);
    octets += view.from_tag().map_or(0, <[u8]>::len);
    octets + view.to_tag().map_or(0, <[u8]>::len)
}

#[test]
fn parsing_and_routing_fields_allocate_nothing() {
    for (name, raw) in all("sip") {
        for framing in [Framing::Datagram, Framing::Stream] {
            let counted = allocation_counter::measure(|| {
                if let Ok(index) = Index::parse(&raw, framing) {
                    std::hint::black_box(route(View::new(&raw, &index)));
                }
            });
            assert_eq!(counted.count_total, 0, "{name} {framing:?}");
        }
    }
}

#[test]
fn lists_and_checks_allocate_nothing() {
    for (name, raw) in all("sip") {
        let Ok(index) = Index::parse(&raw, Framing::Datagram) else {
            continue;
        };
        let view = View::new(&raw, &index);
        let counted = allocation_counter::measure(|| {
            let elements =
                view.contacts().count() + view.vias().count() + view.routes(Name::Route).count();
            let uri = view.request_uri().and_then(offhook_sip_message::Uri::parse);
            std::hint::black_box((
                elements,
                uri,
                view.check_mandatory().is_ok(),
                view.expires(),
                view.max_forwards(),
            ));
        });
        assert_eq!(counted.count_total, 0, "{name}");
    }
}

#[test]
fn an_answer_into_a_warm_buffer_allocates_nothing() {
    let raw = read("invite-995.sip");
    let index = Index::parse(&raw, Framing::Datagram).unwrap();
    let mut out = Vec::with_capacity(2048);
    let counted = allocation_counter::measure(|| {
        let source = Some(std::net::SocketAddr::from(([192, 0, 2, 99], 5070)));
        let mut answer = Writer::respond(
            &mut out,
            View::new(&raw, &index),
            180,
            b"Ringing",
            Some("x"),
            source,
        );
        answer.header_fmt("Contact", format_args!("<sip:{}>", "pbx.example"));
        answer.finish(None);
    });
    assert_eq!(counted.count_total, 0);
    assert!(out.starts_with(b"SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP 192.0.2.17:5062;branch="));
}
