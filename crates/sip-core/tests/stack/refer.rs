//! REFER and NOTIFY: what the Stack passes on, and what has no dialog to stand in.

use bytes::Bytes;
use offhook_sip_core::{Body, Command, LegId, TxId};
use offhook_sip_message::Name;

use crate::bench::{Bench, Request, from_callee, response, text, udp};

/// A call from 1001 that is up.
fn call(bench: &mut Bench) -> (LegId, Request, String) {
    let (leg, invite) = bench.call_in(udp(1));
    bench.answer(leg, 200);
    bench.drain();
    let tag = bench.our_tag();
    bench.receive(udp(1), invite.inside("ACK", &tag, 2).build());
    bench.drain();
    (leg, invite, tag)
}

fn notify(bench: &mut Bench, leg: LegId, tx: TxId) {
    let header = |name: &'static str, value: &'static str| {
        (
            Bytes::from_static(name.as_bytes()),
            Bytes::from_static(value.as_bytes()),
        )
    };
    bench.command(Command::Request {
        leg,
        tx,
        method: Bytes::from_static(b"NOTIFY"),
        headers: vec![
            header("Event", "refer"),
            header("Subscription-State", "active;expires=60"),
        ],
        body: Some(Body {
            content_type: Bytes::from_static(b"message/sipfrag"),
            octets: Bytes::from_static(b"SIP/2.0 100 Trying\r\n"),
        }),
    });
}

#[test]
fn refer_outside_a_call_is_refused_with_its_reason_and_no_challenge() {
    let mut bench = Bench::new();
    bench.receive(udp(1), Request::new("REFER", "1001").build());
    bench.check(&["> 192.0.2.1:5060 403 REFER", "Rejected 403"]);
    let view = bench.sent[0].1.view();
    assert_eq!(
        view.reason().map(text).as_deref(),
        Some("REFER Outside A Call")
    );
}

#[test]
fn refer_and_notify_with_a_to_tag_of_no_leg_are_481() {
    let mut bench = Bench::new();
    for method in ["REFER", "NOTIFY"] {
        let request = Request::new(method, "1001").inside(method, "0000000000000001", 2);
        bench.receive(udp(1), request.build());
        bench.check(&[&format!("> 192.0.2.1:5060 481 {method}"), "Rejected 481"]);
    }
}

#[test]
fn rfc3515_refer_and_notify_inside_a_leg_are_answered_by_the_owner() {
    let mut bench = Bench::new();
    let (leg, invite, tag) = call(&mut bench);
    for (cseq, method, status) in [(3, "REFER", 202), (4, "NOTIFY", 200), (5, "MESSAGE", 415)] {
        let request = invite.inside(method, &tag, cseq);
        let request = request.header("Refer-To", "<sip:1003@198.51.100.1>");
        bench.receive(udp(1), request.build());
        bench.check(&[&format!("Request {leg:?} {method}")]);
        bench.reply(bench.asked(), status);
        bench.check(&[&format!("> 192.0.2.1:5060 {status} {method}")]);
    }
}

#[test]
fn refer_of_the_called_side_is_reported_too_also_before_it_answers() {
    let mut bench = Bench::new();
    let (leg, invite) = bench.call_out(1, udp(2));
    bench.receive(udp(2), response(&invite, 180, "a", Some(udp(2))));
    bench.drain();
    bench.receive(udp(2), from_callee(&invite, "REFER", "a", 1));
    bench.check(&[&format!("Request {leg:?} REFER")]);
    bench.reply(bench.asked(), 403);
    bench.check(&["> 192.0.2.2:5060 403 REFER"]);
}

#[test]
fn rfc3515_2_4_4_notify_of_ours_goes_inside_the_leg_with_a_contact() {
    let mut bench = Bench::new();
    let (leg, _, tag) = call(&mut bench);
    let tx = TxId::outgoing(1);
    notify(&mut bench, leg, tx);
    bench.check(&["> 192.0.2.1:5060 NOTIFY sip:1001@192.0.2.1:5060"]);
    let sent = bench.sent[0].1.clone();
    let header = |name: Name| text(sent.view().header(name).unwrap_or_default());
    assert!(header(Name::From).ends_with(&format!(";tag={tag}")));
    assert_eq!(header(Name::CSeq), "1 NOTIFY");
    assert_eq!(header(Name::Contact), "<sip:198.51.100.1:5060>");
    assert_eq!(header(Name::Event), "refer");
    assert_eq!(header(Name::SubscriptionState), "active;expires=60");
    assert_eq!(header(Name::ContentType), "message/sipfrag");
    assert_eq!(sent.view().body(), b"SIP/2.0 100 Trying\r\n");
    bench.receive(udp(1), response(&sent, 200, "", None));
    bench.check(&[&format!("Response {leg:?} {tx:?} 200")]);
}

#[test]
fn notify_on_a_leg_that_its_peer_has_ended_fails_with_481() {
    let mut bench = Bench::new();
    let (leg, invite, tag) = call(&mut bench);
    bench.receive(udp(1), invite.inside("BYE", &tag, 3).build());
    bench.check(&[&format!("Request {leg:?} BYE")]);
    let bye = bench.asked();
    // Before its BYE is answered, and after.
    notify(&mut bench, leg, TxId::outgoing(1));
    bench.check(&[&format!("Failed {leg:?} {:?} 481", TxId::outgoing(1))]);
    bench.reply(bye, 200);
    bench.drain();
    notify(&mut bench, leg, TxId::outgoing(2));
    bench.check(&[&format!("Failed {leg:?} {:?} 481", TxId::outgoing(2))]);
}

#[test]
fn notify_that_crosses_the_peers_bye_tells_nothing_after_it() {
    let mut bench = Bench::new();
    let (leg, invite, tag) = call(&mut bench);
    notify(&mut bench, leg, TxId::outgoing(1));
    bench.drain();
    let sent = bench.sent[0].1.clone();
    bench.receive(udp(1), invite.inside("BYE", &tag, 3).build());
    bench.check(&[&format!("Request {leg:?} BYE")]);
    let bye = bench.asked();
    // The owner has the BYE; the answer to what went before it tells nothing any more.
    bench.receive(udp(1), response(&sent, 481, "", None));
    bench.check(&[]);
    bench.reply(bye, 200);
    bench.pass(64_000);
    bench.drain();
    assert_eq!(bench.stack.next_timeout(), None);
}

#[test]
fn replaces_is_not_said_to_be_supported() {
    let mut bench = Bench::new();
    bench.receive(udp(1), Request::new("OPTIONS", "1001").build());
    bench.drain();
    let mut ours = vec![bench.sent[0].1.clone()];
    let (leg, _) = bench.call_in(udp(1));
    bench.answer(leg, 200);
    bench.drain();
    ours.push(bench.sent[0].1.clone());
    ours.push(bench.call_out(1, udp(2)).1);
    for message in ours {
        assert!(!message.view().lists(Name::Supported, "replaces"));
    }
}
