//! Outgoing legs: INVITE, responses, CANCEL, ACK.

use bytes::Bytes;
use offhook_sip_core::{Body, Command, InviteOut, LegId, Target};
use offhook_sip_message::{Message, Name};

use crate::bench::{
    Bench, from_callee, invite_out, response, response_with, target, tcp, text, udp,
};

const INVITE: &str = "> 192.0.2.2:5060 INVITE sip:1002@192.0.2.2:5060";
const ACK: &str = "> 192.0.2.2:5060 ACK sip:1002@192.0.2.2:5060";
const BYE: &str = "> 192.0.2.2:5060 BYE sip:1002@192.0.2.2:5060";
const CANCEL: &str = "> 192.0.2.2:5060 CANCEL sip:1002@192.0.2.2:5060";

/// The callee answers a message of ours.
fn receive(bench: &mut Bench, request: &Message, status: u16, tag: &str) {
    bench.receive(udp(2), response(request, status, tag, Some(udp(2))));
}

fn ack(bench: &mut Bench, leg: LegId) {
    bench.command(Command::Ack { leg, body: None });
}

fn cancel(bench: &mut Bench, leg: LegId) {
    bench.command(Command::Cancel { leg, reason: None });
}

/// An outgoing leg, answered and acknowledged.
fn answered(bench: &mut Bench) -> (LegId, Message) {
    let (leg, invite) = bench.call_out(1, udp(2));
    receive(bench, &invite, 200, "a");
    bench.check(&[&format!("Answered {leg:?} 200")]);
    ack(bench, leg);
    bench.check(&[ACK]);
    (leg, invite)
}

#[test]
fn an_invite_of_ours_says_who_we_are_and_what_the_owner_gave() {
    let mut bench = Bench::new();
    let leg = LegId::outgoing(1);
    let invite = InviteOut {
        headers: vec![
            (
                Bytes::from_static(b"X-Call"),
                Bytes::from_static(b"caf\xe9"),
            ),
            (Bytes::from_static(b"Via"), Bytes::from_static(b"evil")),
        ],
        body: Some(Body {
            content_type: Bytes::from_static(b"application/sdp"),
            octets: Bytes::from_static(b"v=0\r\n"),
        }),
        ..invite_out()
    };
    let route = vec![Bytes::from_static(b"<sip:edge.example;lr>")];
    let target = Target {
        route,
        ..target(udp(2))
    };
    bench.command(Command::Invite {
        leg,
        target,
        invite,
    });
    bench.check(&[INVITE]);
    let view = bench.sent[0].1.view();
    let header = |name: Name| text(view.header(name).unwrap_or_default());
    assert!(header(Name::Via).starts_with("SIP/2.0/UDP 198.51.100.1:5060;rport;branch=z9hG4bK"));
    assert_eq!(view.headers(Name::Via).count(), 1);
    assert!(header(Name::From).starts_with("\"Alice\" <sip:1001@198.51.100.1>;tag="));
    assert_eq!(header(Name::To), "<sip:1002@198.51.100.1>");
    assert_eq!(header(Name::CSeq), "1 INVITE");
    assert_eq!(header(Name::Contact), "<sip:198.51.100.1:5060>");
    assert_eq!(header(Name::MaxForwards), "69");
    assert_eq!(header(Name::Route), "<sip:edge.example;lr>");
    assert_eq!(view.call_id().map(<[u8]>::len), Some(32));
    assert_eq!(view.header_named("X-Call"), Some(b"caf\xe9".as_slice()));
    assert_eq!(view.body(), b"v=0\r\n");
    assert_eq!(bench.sent_legs, [Some(leg)]);
}

#[test]
fn rfc3261_17_1_1_2_unanswered_invite_is_sent_seven_times_then_408() {
    let mut bench = Bench::new();
    let (leg, _) = bench.call_out(1, udp(2));
    bench.pass(31_999);
    assert_eq!(bench.drain(), [INVITE; 6]);
    bench.pass(1);
    bench.check(&[&format!("Refused {leg:?} 408 theirs false")]);
    assert_eq!(bench.stack.next_timeout(), None);
}

#[test]
fn provisionals_are_told_once_for_each_to_tag_and_body() {
    let mut bench = Bench::new();
    let (leg, invite) = bench.call_out(1, udp(2));
    receive(&mut bench, &invite, 100, "");
    bench.check(&[]);
    receive(&mut bench, &invite, 180, "a");
    bench.check(&[&format!("Provisional {leg:?} 180")]);
    receive(&mut bench, &invite, 180, "a");
    bench.check(&[]);
    receive(&mut bench, &invite, 183, "a");
    bench.check(&[&format!("Provisional {leg:?} 183")]);
    receive(&mut bench, &invite, 180, "b");
    bench.check(&[&format!("Provisional {leg:?} 180")]);
    assert_eq!(bench.taps[0].0, Some(leg));
    bench.pass(60_000);
    bench.check(&[]);
}

#[test]
fn rfc3261_13_2_2_4_every_copy_of_the_2xx_gets_the_same_ack() {
    let mut bench = Bench::new();
    let (leg, invite) = bench.call_out(1, udp(2));
    receive(&mut bench, &invite, 200, "a");
    bench.check(&[&format!("Answered {leg:?} 200")]);
    receive(&mut bench, &invite, 200, "a");
    bench.check(&[]);
    let body = Body {
        content_type: Bytes::from_static(b"application/sdp"),
        octets: Bytes::from_static(b"v=0\r\n"),
    };
    bench.command(Command::Ack {
        leg,
        body: Some(body),
    });
    bench.check(&[ACK]);
    let first = bench.sent[0].1.clone();
    assert_eq!(first.view().header(Name::CSeq), Some(b"1 ACK".as_slice()));
    assert_eq!(first.view().body(), b"v=0\r\n");
    receive(&mut bench, &invite, 200, "a");
    bench.check(&[ACK]);
    assert_eq!(bench.sent[0].1.raw(), first.raw());
    ack(&mut bench, leg);
    bench.check(&[]);
    // Also after the BYE: the peer may not have got our ACK.
    bench.bye(leg);
    bench.check(&[BYE]);
    let bye = bench.sent[0].1.clone();
    receive(&mut bench, &bye, 200, "a");
    bench.check(&[]);
    receive(&mut bench, &invite, 200, "a");
    bench.check(&[ACK]);
    bench.pass(64_000);
    bench.check(&[]);
    assert_eq!(bench.stack.next_timeout(), None);
}

#[test]
fn rfc3261_13_2_2_4_another_2xx_gets_ack_and_bye() {
    let mut bench = Bench::new();
    let (_, invite) = answered(&mut bench);
    bench.receive(udp(2), response(&invite, 200, "b", Some(udp(7))));
    let other = "sip:1002@192.0.2.7:5060";
    let expect = [
        format!("> 192.0.2.2:5060 ACK {other}"),
        format!("> 192.0.2.2:5060 BYE {other}"),
    ];
    bench.check(&[&expect[0], &expect[1]]);
    assert_eq!(bench.sent[1].1.view().to_tag(), Some(b"b".as_slice()));
    assert_eq!(
        bench.sent[1].1.view().header(Name::CSeq),
        Some(b"2 BYE".as_slice())
    );
    bench.receive(udp(2), response(&invite, 200, "b", Some(udp(7))));
    bench.check(&[&expect[0]]);
}

#[test]
fn refusal_is_acknowledged_by_the_transaction_and_ends_the_leg() {
    let mut bench = Bench::new();
    let (leg, invite) = bench.call_out(1, udp(2));
    receive(&mut bench, &invite, 486, "a");
    bench.check(&[ACK, &format!("Refused {leg:?} 486 theirs true")]);
    let view = bench.sent[0].1.view();
    assert_eq!(view.header(Name::Via), invite.view().header(Name::Via));
    assert_eq!(view.to_tag(), Some(b"a".as_slice()));
    receive(&mut bench, &invite, 486, "a");
    bench.check(&[ACK]);
    bench.pass(32_000);
    receive(&mut bench, &invite, 486, "a");
    bench.check(&[]);
    assert_eq!(bench.stack.next_timeout(), None);
}

#[test]
fn rfc3261_9_1_cancel_waits_for_a_provisional_response() {
    let mut bench = Bench::new();
    let (leg, invite) = bench.call_out(1, udp(2));
    let reason = Some(Bytes::from_static(b"SIP;cause=200"));
    bench.command(Command::Cancel { leg, reason });
    bench.check(&[]);
    receive(&mut bench, &invite, 100, "");
    bench.check(&[CANCEL]);
    let cancel = bench.sent[0].1.clone();
    let view = cancel.view();
    assert_eq!(view.header(Name::Via), invite.view().header(Name::Via));
    assert_eq!(view.header(Name::To), invite.view().header(Name::To));
    assert_eq!(view.header(Name::CSeq), Some(b"1 CANCEL".as_slice()));
    assert_eq!(view.header(Name::Reason), Some(b"SIP;cause=200".as_slice()));
    receive(&mut bench, &cancel, 200, "a");
    receive(&mut bench, &invite, 180, "a");
    bench.check(&[]);
    receive(&mut bench, &invite, 487, "a");
    bench.check(&[ACK, &format!("Refused {leg:?} 487 theirs true")]);
}

#[test]
fn rfc3261_9_1_cancel_leaves_at_once_after_a_provisional_response() {
    let mut bench = Bench::new();
    let (leg, invite) = bench.call_out(1, udp(2));
    receive(&mut bench, &invite, 180, "a");
    bench.drain();
    cancel(&mut bench, leg);
    bench.check(&[CANCEL]);
    cancel(&mut bench, leg);
    bench.check(&[]);
    bench.pass(500);
    bench.check(&[CANCEL]);
    bench.pass(31_500);
    let lines = bench.drain();
    assert_eq!(
        lines.last(),
        Some(&format!("Refused {leg:?} 487 theirs false"))
    );
    assert_eq!(bench.stack.next_timeout(), None);
}

#[test]
fn never_a_cancel_for_an_invite_that_nobody_heard() {
    let mut bench = Bench::new();
    let (leg, _) = bench.call_out(1, udp(2));
    cancel(&mut bench, leg);
    bench.pass(32_000);
    let lines = bench.drain();
    assert!(!lines.contains(&CANCEL.to_owned()), "{lines:?}");
    assert_eq!(
        lines.last(),
        Some(&format!("Refused {leg:?} 408 theirs false"))
    );
}

#[test]
fn a_2xx_that_crosses_our_cancel_gets_ack_and_bye() {
    for early in [true, false] {
        let mut bench = Bench::new();
        let (leg, invite) = bench.call_out(1, udp(2));
        if early {
            receive(&mut bench, &invite, 180, "a");
        }
        bench.drain();
        cancel(&mut bench, leg);
        bench.drain();
        receive(&mut bench, &invite, 200, "a");
        bench.check(&[ACK, BYE, &format!("Refused {leg:?} 487 theirs false")]);
        let bye = bench.sent[1].1.clone();
        receive(&mut bench, &invite, 200, "a");
        bench.check(&[ACK]);
        receive(&mut bench, &bye, 200, "a");
        bench.pass(64_000);
        let lines = bench.drain();
        assert!(lines.iter().all(|line| line == CANCEL), "{lines:?}");
        assert_eq!(bench.stack.next_timeout(), None);
    }
}

#[test]
fn cancel_of_an_answered_leg_is_a_bye() {
    let mut bench = Bench::new();
    let (leg, invite) = bench.call_out(1, udp(2));
    receive(&mut bench, &invite, 200, "a");
    bench.drain();
    cancel(&mut bench, leg);
    bench.check(&[ACK, BYE]);
    ack(&mut bench, leg);
    bench.check(&[]);
}

#[test]
fn bye_sends_the_ack_that_we_owe_first() {
    let mut bench = Bench::new();
    let (leg, invite) = bench.call_out(1, udp(2));
    receive(&mut bench, &invite, 200, "a");
    bench.drain();
    bench.bye(leg);
    bench.check(&[ACK, BYE]);
    assert_eq!(
        bench.sent[1].1.view().header(Name::CSeq),
        Some(b"2 BYE".as_slice())
    );
}

#[test]
fn callee_that_hangs_up_before_our_ack_gets_it_all_the_same() {
    let mut bench = Bench::new();
    let (leg, invite) = bench.call_out(1, udp(2));
    receive(&mut bench, &invite, 200, "a");
    bench.drain();
    bench.receive(udp(2), from_callee(&invite, "BYE", "a", 1));
    bench.check(&[ACK, &format!("Request {leg:?} BYE")]);
    bench.reply(bench.asked(), 200);
    bench.check(&["> 192.0.2.2:5060 200 BYE"]);
    receive(&mut bench, &invite, 200, "a");
    bench.check(&[ACK]);
}

#[test]
fn rfc3261_12_1_2_routes_are_those_of_the_2xx_reversed() {
    let mut bench = Bench::new();
    let (leg, invite) = bench.call_out(1, udp(2));
    let routes = "Record-Route: <sip:p1.example;lr>\r\nRecord-Route: <sip:p2.example;lr>\r\n";
    bench.receive(
        udp(2),
        response_with(&invite, 200, "a", Some(udp(2)), routes),
    );
    bench.drain();
    ack(&mut bench, leg);
    bench.check(&[ACK]);
    let routes: Vec<_> = bench.sent[0]
        .1
        .view()
        .headers(Name::Route)
        .map(text)
        .collect();
    assert_eq!(routes, ["<sip:p2.example;lr>", "<sip:p1.example;lr>"]);
}

#[test]
fn a_2xx_without_contact_is_acknowledged_where_the_invite_went() {
    let mut bench = Bench::new();
    let (leg, invite) = bench.call_out(1, udp(2));
    bench.receive(udp(2), response(&invite, 200, "a", None));
    bench.drain();
    ack(&mut bench, leg);
    bench.check(&[ACK]);
}

#[test]
fn a_flow_that_breaks_fails_what_waits_on_it() {
    let mut bench = Bench::new();
    let leg = LegId::outgoing(1);
    bench.command(Command::Invite {
        leg,
        target: target(tcp(5)),
        invite: invite_out(),
    });
    bench.check(&["> 192.0.2.200:40005 INVITE sip:1002@192.0.2.200:40005"]);
    bench.pass(2_000);
    bench.check(&[]);
    bench.stack.handle_flow_closed(bench.now, tcp(5).flow);
    bench.check(&[&format!("Refused {leg:?} 503 theirs false")]);
    bench.stack.handle_flow_closed(bench.now, tcp(5).flow);
    bench.check(&[]);
    assert_eq!(bench.stack.next_timeout(), None);
}

#[test]
fn a_dropped_leg_is_cancelled_and_a_late_2xx_ended() {
    let mut bench = Bench::new();
    let (leg, invite) = bench.call_out(1, udp(2));
    bench.command(Command::Drop { leg });
    bench.check(&[]);
    receive(&mut bench, &invite, 180, "a");
    bench.check(&[CANCEL]);
    receive(&mut bench, &invite, 200, "a");
    bench.check(&[ACK, BYE]);
    bench.command(Command::Drop {
        leg: LegId::outgoing(99),
    });
    bench.check(&[]);
}

#[test]
fn responses_that_are_not_ours_are_dropped() {
    let mut bench = Bench::new();
    let (_, invite) = bench.call_out(1, udp(2));
    let good = response(&invite, 180, "a", None);
    let via = text(invite.view().header(Name::Via).unwrap());
    for bad in [
        good.replace("z9hG4bK", "z9hG4bK0"),
        good.replace("CSeq: 1 INVITE", "CSeq: 1 BYE"),
        good.replace("\r\nFrom:", "\r\nVia: SIP/2.0/UDP evil\r\nFrom:"),
        good.replace(&format!("Via: {via}\r\n"), ""),
        good.replace("Call-ID:", "X-Call-ID:"),
    ] {
        bench.receive(udp(2), bad);
        bench.check(&[]);
        assert_eq!(bench.taps[0].0, None);
    }
    bench.receive(udp(2), good);
    assert_eq!(bench.drain().len(), 1);
}

#[test]
fn a_used_leg_id_opens_no_second_leg() {
    let mut bench = Bench::new();
    let (leg, _) = bench.call_out(1, udp(2));
    bench.command(Command::Invite {
        leg,
        target: target(udp(3)),
        invite: invite_out(),
    });
    bench.check(&[]);
}
