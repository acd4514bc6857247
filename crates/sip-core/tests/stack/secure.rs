//! Phones on TLS, with and without sips URIs (RFC 3261 8.1.1.8 and 12.1.1, RFC 5630).

use bytes::Bytes;
use offhook_base::PhoneId;
use offhook_sip_core::{Command, LegId, Peer, Target, TxId};
use offhook_sip_message::{Message, Name};

use crate::bench::{Bench, Request, invite_out, response_with, target, text, tls, udp};

const SIP: &str = "<sip:198.51.100.1:5061;transport=tls>";
const SIPS: &str = "<sips:198.51.100.1:5061>";

/// The Contact of our answer to an INVITE that was changed so.
fn contact_for(peer: Peer, change: impl Fn(Request) -> Request) -> String {
    let mut bench = Bench::new();
    let request = change(Request::new("INVITE", "1001").contact(peer).sdp());
    bench.authenticated(peer, &request);
    bench.drain();
    bench.answer(LegId(0), 200);
    bench.drain();
    bench.header(Name::Contact)
}

/// An INVITE of ours to this URI by this route, as sent on a TLS connection.
fn invite(bench: &mut Bench, uri: &str, route: &[&str]) -> (LegId, Message) {
    let leg = LegId::outgoing(1);
    let route = route.iter().map(|hop| Bytes::from((*hop).to_owned()));
    let target = Target {
        uri: Bytes::from(uri.to_owned()),
        route: route.collect(),
        ..target(tls(1))
    };
    bench.command(Command::Invite {
        leg,
        target,
        invite: invite_out(),
    });
    bench.drain();
    (leg, bench.sent[0].1.clone())
}

fn contact_of(message: &Message) -> String {
    text(message.view().header(Name::Contact).unwrap_or_default())
}

#[test]
fn on_a_tls_connection_we_are_named_by_our_tls_address() {
    let mut bench = Bench::new();
    let (_, invite) = invite(&mut bench, "sip:1002@192.0.2.200:40001;transport=tls", &[]);
    let via = text(invite.view().header(Name::Via).unwrap_or_default());
    assert!(
        via.starts_with("SIP/2.0/TLS 198.51.100.1:5061;rport;branch="),
        "{via}"
    );
    assert_eq!(contact_of(&invite), SIP);
    assert_eq!(contact_for(tls(1), |request| request), SIP);
}

#[test]
fn rfc3261_8_1_1_8_a_request_to_a_sips_uri_or_by_a_sips_route_has_a_sips_contact() {
    let sip = "sip:1002@192.0.2.200:40001;transport=tls";
    let cases: [(&str, &[&str], &str); 4] = [
        ("sips:1002@192.0.2.200:40001", &[], SIPS),
        (sip, &["<sips:edge.example;lr>"], SIPS),
        (
            sip,
            &["<sip:edge.example;lr>", "<sips:far.example;lr>"],
            SIP,
        ),
        (sip, &[], SIP),
    ];
    for (uri, route, contact) in cases {
        let (_, invite) = invite(&mut Bench::new(), uri, route);
        assert_eq!(contact_of(&invite), contact, "{uri} by {route:?}");
    }
}

#[test]
fn a_request_inside_a_dialog_has_a_sips_contact_where_the_phone_has_one() {
    for (phone, ours) in [
        ("sips:1002@192.0.2.200:40001", SIPS),
        ("sip:1002@192.0.2.200:40001", SIP),
    ] {
        let mut bench = Bench::new();
        let (leg, invite) = invite(&mut bench, phone, &[]);
        let contact = format!("Contact: <{phone}>\r\n");
        bench.receive(tls(1), response_with(&invite, 200, "a", None, &contact));
        bench.command(Command::Ack { leg, body: None });
        bench.drain();
        bench.ask(leg, TxId::outgoing(1), "INVITE");
        bench.drain();
        assert_eq!(bench.header(Name::Contact), ours, "to {phone}");
    }
}

#[test]
fn rfc3261_12_1_1_an_answer_has_a_sips_contact_where_the_request_is_secure() {
    let sips_uri = |mut request: Request| {
        request.uri = "sips:1002@198.51.100.1".to_owned();
        request
    };
    let sips_contact =
        |request: Request| request.header("Contact", "<sips:1001@192.0.2.200:40001>");
    let by = |route: &'static str| {
        move |request: Request| sips_contact(request).header("Record-Route", route)
    };
    assert_eq!(contact_for(tls(1), sips_uri), SIPS);
    assert_eq!(contact_for(tls(1), sips_contact), SIPS);
    assert_eq!(contact_for(tls(1), by("<sips:edge.example;lr>")), SIPS);
    // What the nearest hop speaks counts, not what is behind it.
    assert_eq!(contact_for(tls(1), by("<sip:edge.example;lr>")), SIP);
    // We have no secure address where nothing is secured.
    assert_eq!(contact_for(udp(1), sips_uri), "<sip:198.51.100.1:5060>");
}

#[test]
fn a_sips_contact_is_kept_as_it_is_and_goes_with_its_connection() {
    let mut bench = Bench::new();
    let contact = "<sips:1001@192.0.2.200:40001>";
    let request = Request::new("REGISTER", "1001").header("Contact", contact);
    bench.authenticated(tls(1), &request);
    let key = "contact:sips:1001@192.0.2.200:40001";
    bench.check(&[
        "> 192.0.2.200:40001 200 REGISTER",
        &format!("Registered 1 {key}"),
    ]);
    let told = bench.header(Name::Contact);
    assert_eq!(told, format!("{contact};expires=3600"));
    let [binding] = bench.stack.binding(PhoneId(1)) else {
        panic!("one binding")
    };
    assert_eq!(binding.peer, tls(1));
    bench.stack.handle_flow_closed(bench.now, tls(1).flow);
    bench.check(&[&format!("Unregistered 1 {key}")]);
}
