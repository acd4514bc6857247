//! Requests of ours outside any dialog.

use bytes::Bytes;
use offhook_sip_core::{
    Body, Command, Limits, Load, OutsideRequest, Peer, StackConfig, Target, TxId,
};
use offhook_sip_message::{Message, Name};

use crate::bench::{Bench, config, response, response_with, target, tcp, text, udp};

const MESSAGE: &str = "> 192.0.2.2:5060 MESSAGE sip:1002@192.0.2.2:5060";

fn request(method: &'static str) -> OutsideRequest {
    OutsideRequest {
        method: Bytes::from_static(method.as_bytes()),
        from: Bytes::from_static(b"\"Alice\" <sip:1001@198.51.100.1>"),
        to: Bytes::from_static(b"<sip:1002@198.51.100.1>"),
        headers: Vec::new(),
        body: None,
    }
}

fn send(bench: &mut Bench, n: u64, method: &'static str, peer: Peer) -> TxId {
    let tx = TxId::outgoing(n);
    bench.command(Command::Outside {
        tx,
        target: target(peer),
        request: request(method),
    });
    tx
}

/// A MESSAGE to a phone on UDP, as sent.
fn message(bench: &mut Bench, n: u64) -> (TxId, Message) {
    let tx = send(bench, n, "MESSAGE", udp(2));
    bench.check(&[MESSAGE]);
    (tx, bench.sent[0].1.clone())
}

fn tag_of(message: &Message) -> String {
    text(message.view().from_tag().unwrap_or_default())
}

#[test]
fn rfc3261_8_1_1_a_request_of_ours_has_all_that_every_request_must_have() {
    let mut bench = Bench::new();
    let given = OutsideRequest {
        headers: vec![
            (Bytes::from_static(b"X-Id"), Bytes::from_static(b"7")),
            (Bytes::from_static(b"Contact"), Bytes::from_static(b"evil")),
        ],
        body: Some(Body {
            content_type: Bytes::from_static(b"text/plain"),
            octets: Bytes::from_static("¿Qué?".as_bytes()),
        }),
        ..request("MESSAGE")
    };
    let to = Target {
        route: vec![Bytes::from_static(b"<sip:edge.example;lr>")],
        ..target(udp(2))
    };
    bench.command(Command::Outside {
        tx: TxId::outgoing(1),
        target: to,
        request: given,
    });
    bench.check(&[MESSAGE]);
    let view = bench.sent[0].1.view();
    let header = |name: Name| text(view.header(name).unwrap_or_default());
    assert!(header(Name::Via).starts_with("SIP/2.0/UDP 198.51.100.1:5060;rport;branch=z9hG4bK"));
    assert!(header(Name::From).starts_with("\"Alice\" <sip:1001@198.51.100.1>;tag="));
    assert_eq!(tag_of(&bench.sent[0].1).len(), 16);
    assert_eq!(header(Name::To), "<sip:1002@198.51.100.1>");
    assert_eq!(view.call_id().map(<[u8]>::len), Some(32));
    assert_eq!(header(Name::CSeq), "1 MESSAGE");
    assert_eq!(header(Name::MaxForwards), "70");
    assert_eq!(header(Name::Route), "<sip:edge.example;lr>");
    assert_eq!(header(Name::UserAgent), "Offhook");
    assert_eq!(header(Name::ContentType), "text/plain");
    assert_eq!(view.header_named("X-Id"), Some(b"7".as_slice()));
    assert_eq!(view.body(), "¿Qué?".as_bytes());
    assert_eq!(bench.sent_legs, [None]);
}

#[test]
fn rfc3428_4_a_message_of_ours_has_no_contact() {
    let mut bench = Bench::new();
    let (_, sent) = message(&mut bench, 1);
    assert_eq!(sent.view().header(Name::Contact), None);
}

#[test]
fn no_two_requests_of_ours_share_call_id_tag_or_branch() {
    let mut bench = Bench::new();
    let (_, one) = message(&mut bench, 1);
    let (_, two) = message(&mut bench, 2);
    assert_ne!(one.view().call_id(), two.view().call_id());
    assert_ne!(tag_of(&one), tag_of(&two));
    assert_ne!(one.view().header(Name::Via), two.view().header(Name::Via));
}

#[test]
fn the_final_response_is_told_once_and_provisional_ones_are_not() {
    let mut bench = Bench::new();
    let (tx, sent) = message(&mut bench, 1);
    bench.receive(udp(2), response(&sent, 100, "", None));
    bench.check(&[]);
    for _ in 0..2 {
        bench.receive(udp(2), response(&sent, 202, "a", None));
    }
    bench.check(&[&format!("OutsideResponse {tx:?} 202")]);
    bench.pass(5_000);
    bench.check(&[]);
    assert_eq!(bench.stack.load(), Load::default());
    assert_eq!(bench.stack.next_timeout(), None);
}

#[test]
fn any_final_response_is_one_whatever_its_status() {
    for status in [200, 302, 404, 503, 603] {
        let mut bench = Bench::new();
        let tx = send(&mut bench, 1, "OPTIONS", udp(2));
        bench.check(&["> 192.0.2.2:5060 OPTIONS sip:1002@192.0.2.2:5060"]);
        let sent = bench.sent[0].1.clone();
        bench.receive(udp(2), response(&sent, status, "a", None));
        bench.check(&[&format!("OutsideResponse {tx:?} {status}")]);
    }
}

#[test]
fn a_peer_that_challenges_a_request_of_ours_gets_no_credentials() {
    for (status, header) in [(401, "WWW-Authenticate"), (407, "Proxy-Authenticate")] {
        let mut bench = Bench::new();
        let (tx, sent) = message(&mut bench, 1);
        let challenge =
            format!("{header}: Digest realm=\"offhook\", nonce=\"n\", qop=\"auth\"\r\n");
        bench.receive(udp(2), response_with(&sent, status, "a", None, &challenge));
        bench.check(&[&format!("OutsideResponse {tx:?} {status}")]);
        bench.pass(64_000);
        bench.check(&[]);
    }
}

#[test]
fn rfc3261_17_1_2_2_an_unanswered_request_is_sent_again_then_408() {
    let mut bench = Bench::new();
    let (tx, _) = message(&mut bench, 1);
    bench.pass(31_999);
    assert_eq!(bench.drain(), [MESSAGE; 10]);
    bench.pass(1);
    bench.check(&[&format!("OutsideFailed {tx:?} 408")]);
    assert_eq!(bench.stack.load(), Load::default());
    assert_eq!(bench.stack.next_timeout(), None);
}

#[test]
fn a_connection_that_closes_fails_what_waits_on_it_with_503() {
    let mut bench = Bench::new();
    let tx = send(&mut bench, 1, "MESSAGE", tcp(5));
    bench.check(&["> 192.0.2.200:40005 MESSAGE sip:1002@192.0.2.200:40005"]);
    bench.stack.handle_flow_closed(bench.now, tcp(5).flow);
    bench.check(&[&format!("OutsideFailed {tx:?} 503")]);
    bench.stack.handle_flow_closed(bench.now, tcp(5).flow);
    bench.pass(64_000);
    bench.check(&[]);
}

#[test]
fn a_request_over_the_cap_of_transactions_fails_with_503_and_is_not_sent() {
    let mut bench = Bench::with(StackConfig {
        limits: Limits {
            transactions: 1,
            ..Limits::default()
        },
        ..config()
    });
    message(&mut bench, 1);
    let tx = send(&mut bench, 2, "MESSAGE", udp(2));
    bench.check(&[&format!("OutsideFailed {tx:?} 503")]);
}

#[test]
fn a_method_that_lives_in_a_leg_is_not_sent_outside_one() {
    let mut bench = Bench::new();
    for (n, method) in (1..).zip(["INVITE", "ACK", "CANCEL", "BYE"]) {
        let tx = send(&mut bench, n, method, udp(2));
        bench.check(&[&format!("OutsideFailed {tx:?} 405")]);
    }
    assert_eq!(bench.stack.load(), Load::default());
}
