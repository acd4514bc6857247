//! Incoming legs: INVITE, answers, CANCEL, ACK.

use bytes::Bytes;
use offhook_sip_core::{Body, Command, Event, LegId};
use offhook_sip_message::Name;

use crate::bench::{Bench, Request, config, tcp, text, udp};

#[test]
fn a_call_is_challenged_taken_answered_acknowledged_and_ended() {
    let mut bench = Bench::new();
    let (leg, invite) = bench.call_in(udp(1));
    bench.answer(leg, 180);
    bench.check(&["> 192.0.2.1:5060 180 INVITE"]);
    let tag = bench.our_tag();
    assert_eq!(tag.len(), 16);
    bench.answer(leg, 200);
    bench.check(&["> 192.0.2.1:5060 200 INVITE"]);
    assert_eq!(bench.our_tag(), tag, "one To tag for all answers");
    assert_eq!(bench.header(Name::Contact), "<sip:198.51.100.1:5060>");
    assert!(bench.header(Name::Allow).contains("UPDATE"));
    bench.receive(udp(1), invite.inside("ACK", &tag, 2).build());
    bench.check(&[&format!("Acked {leg:?} body false")]);
    bench.receive(udp(1), invite.inside("BYE", &tag, 3).build());
    bench.check(&[&format!("Request {leg:?} BYE")]);
    bench.reply(bench.asked(), 200);
    bench.check(&["> 192.0.2.1:5060 200 BYE"]);
    bench.receive(udp(1), invite.inside("BYE", &tag, 4).build());
    bench.check(&["> 192.0.2.1:5060 481 BYE", "Rejected 481"]);
    bench.pass(64_000);
    bench.check(&[]);
    assert_eq!(bench.stack.next_timeout(), None, "nothing is left behind");
}

#[test]
fn no_100_and_no_state_before_authentication() {
    let mut bench = Bench::new();
    let invite = Request::new("INVITE", "1001").contact(udp(1));
    bench.receive(udp(1), invite.build());
    bench.check(&["> 192.0.2.1:5060 401 INVITE"]);
    let tag = bench.our_tag();
    bench.receive(udp(1), invite.build());
    bench.check(&["> 192.0.2.1:5060 401 INVITE"]);
    assert_eq!(
        bench.our_tag(),
        tag,
        "RFC 3261 8.2.7: a stateless tag does not change"
    );
    bench.receive(udp(1), invite.same_branch("ACK").build());
    bench.check(&[]);
    assert_eq!(bench.stack.next_timeout(), None);
}

#[test]
fn rfc3261_17_2_1_copies_of_the_invite_get_the_last_provisional() {
    let mut bench = Bench::new();
    bench.receive(
        udp(1),
        Request::new("INVITE", "1001").contact(udp(1)).build(),
    );
    bench.drain();
    let invite = Request::new("INVITE", "1001")
        .contact(udp(1))
        .again()
        .signed(&bench.nonce(), 1);
    bench.receive(udp(1), invite.build());
    bench.drain();
    let leg = LegId(0);
    bench.receive(udp(1), invite.build());
    bench.check(&["> 192.0.2.1:5060 100 INVITE"]);
    assert_eq!(
        bench.taps[0].0,
        Some(leg),
        "the copy is captured with its leg"
    );
    bench.answer(leg, 183);
    bench.drain();
    bench.receive(udp(1), invite.build());
    bench.check(&["> 192.0.2.1:5060 183 INVITE"]);
    bench.answer(leg, 200);
    bench.drain();
    bench.receive(udp(1), invite.build());
    bench.check(&[]);
}

#[test]
fn every_message_of_a_leg_is_tapped_with_it() {
    let mut bench = Bench::new();
    let (leg, invite) = bench.call_in(udp(1));
    assert_eq!(bench.taps[0].0, Some(leg));
    assert_eq!(bench.sent_legs, [Some(leg)]);
    bench.answer(leg, 486);
    bench.drain();
    assert_eq!(bench.sent_legs, [Some(leg)]);
    bench.receive(udp(1), invite.same_branch("ACK").build());
    bench.drain();
    assert_eq!(bench.taps[0].0, Some(leg));
}

#[test]
fn rfc3261_13_3_1_4_2xx_is_sent_again_until_the_ack_is_given_up() {
    let mut bench = Bench::new();
    let (leg, _) = bench.call_in(udp(1));
    bench.answer(leg, 200);
    bench.drain();
    let mut at = Vec::new();
    for millis in 1..=31_999 {
        bench.pass(1);
        if !bench.drain().is_empty() {
            at.push(millis);
        }
    }
    assert_eq!(
        at,
        [
            500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500
        ]
    );
    bench.pass(1);
    bench.check(&[&format!("AckMissing {leg:?}")]);
    bench.bye(leg);
    bench.check(&["> 192.0.2.1:5060 BYE sip:1001@192.0.2.1:5060"]);
}

#[test]
fn rfc3261_13_3_1_4_2xx_is_sent_again_over_tcp_too() {
    let mut bench = Bench::new();
    let (leg, invite) = bench.call_in(tcp(1));
    bench.answer(leg, 200);
    bench.check(&["> 192.0.2.200:40001 200 INVITE"]);
    assert_eq!(
        bench.header(Name::Contact),
        "<sip:198.51.100.1:5060;transport=tcp>"
    );
    let tag = bench.our_tag();
    bench.pass(500);
    bench.check(&["> 192.0.2.200:40001 200 INVITE"]);
    bench.receive(tcp(1), invite.inside("ACK", &tag, 2).build());
    bench.drain();
    bench.pass(20_000);
    bench.check(&[]);
}

#[test]
fn rfc3261_15_bye_waits_for_the_ack_that_the_caller_owes() {
    let mut bench = Bench::new();
    let (leg, invite) = bench.call_in(udp(1));
    bench.answer(leg, 200);
    bench.drain();
    let tag = bench.our_tag();
    bench.bye(leg);
    bench.check(&[]);
    bench.receive(udp(1), invite.inside("ACK", &tag, 2).build());
    bench.check(&["> 192.0.2.1:5060 BYE sip:1001@192.0.2.1:5060"]);
    let bye = bench.sent[0].1.clone();
    bench.receive(udp(1), crate::bench::response(&bye, 200, "", None));
    bench.check(&[]);
    bench.pass(64_000);
    bench.check(&[]);
    assert_eq!(bench.stack.next_timeout(), None);
}

#[test]
fn rfc3261_15_bye_leaves_when_the_ack_never_came() {
    let mut bench = Bench::new();
    let (leg, _) = bench.call_in(udp(1));
    bench.answer(leg, 200);
    bench.drain();
    bench.bye(leg);
    bench.pass(31_999);
    bench.drain();
    bench.pass(1);
    bench.check(&["> 192.0.2.1:5060 BYE sip:1001@192.0.2.1:5060"]);
}

#[test]
fn rfc3261_9_2_cancel_gets_its_200_and_the_owner_answers_the_invite() {
    let mut bench = Bench::new();
    let (leg, invite) = bench.call_in(udp(1));
    bench.answer(leg, 180);
    bench.drain();
    let tag = bench.our_tag();
    let cancel = invite
        .same_branch("CANCEL")
        .header("Reason", "Q.850;cause=16")
        .build();
    bench.receive(udp(1), &cancel);
    bench.check(&["> 192.0.2.1:5060 200 CANCEL", &format!("Cancelled {leg:?}")]);
    assert_eq!(bench.our_tag(), tag);
    let Some(Event::Cancelled {
        reason: Some(reason),
        ..
    }) = bench.events.last()
    else {
        panic!("the CANCEL comes along")
    };
    assert_eq!(
        reason.view().header(Name::Reason),
        Some(b"Q.850;cause=16".as_slice())
    );
    bench.receive(udp(1), &cancel);
    bench.check(&["> 192.0.2.1:5060 200 CANCEL"]);
    bench.answer(leg, 487);
    bench.check(&["> 192.0.2.1:5060 487 INVITE"]);
    bench.pass(500);
    bench.check(&["> 192.0.2.1:5060 487 INVITE"]);
    bench.receive(udp(1), invite.same_branch("ACK").build());
    bench.pass(64_000);
    bench.check(&[]);
    assert_eq!(bench.stack.next_timeout(), None);
}

#[test]
fn rfc3261_9_2_cancel_after_the_answer_changes_nothing() {
    let mut bench = Bench::new();
    let (leg, invite) = bench.call_in(udp(1));
    bench.answer(leg, 200);
    bench.drain();
    bench.receive(udp(1), invite.same_branch("CANCEL").build());
    bench.check(&["> 192.0.2.1:5060 200 CANCEL"]);
    let mut stranger = invite.same_branch("CANCEL");
    stranger.branch = "z9hG4bK-nothing".to_owned();
    bench.receive(udp(1), stranger.build());
    bench.check(&["> 192.0.2.1:5060 481 CANCEL", "Rejected 481"]);
}

#[test]
fn cancelled_but_answered_all_the_same_is_a_call() {
    let mut bench = Bench::new();
    let (leg, invite) = bench.call_in(udp(1));
    bench.receive(udp(1), invite.same_branch("CANCEL").build());
    bench.drain();
    bench.answer(leg, 200);
    bench.check(&["> 192.0.2.1:5060 200 INVITE"]);
    let tag = bench.our_tag();
    bench.receive(udp(1), invite.inside("ACK", &tag, 2).build());
    bench.check(&[&format!("Acked {leg:?} body false")]);
}

#[test]
fn rfc3261_15_1_2_caller_may_end_an_early_dialog_by_bye() {
    let mut bench = Bench::new();
    let (leg, invite) = bench.call_in(udp(1));
    bench.answer(leg, 180);
    bench.drain();
    let tag = bench.our_tag();
    bench.receive(udp(1), invite.inside("BYE", &tag, 3).build());
    bench.check(&["> 192.0.2.1:5060 200 BYE", &format!("Cancelled {leg:?}")]);
    bench.answer(leg, 487);
    bench.check(&["> 192.0.2.1:5060 487 INVITE"]);
}

#[test]
fn rfc3261_8_2_2_2_the_same_request_on_another_way_is_merged() {
    let mut bench = Bench::new();
    let (_, mut copy) = bench.call_in(udp(1));
    copy.branch = "z9hG4bK-other-way".to_owned();
    bench.receive(udp(3), copy.build());
    bench.check(&["> 192.0.2.3:5060 482 INVITE", "Rejected 482"]);
}

#[test]
fn answers_carry_what_the_owner_gives_and_record_route() {
    let mut bench = Bench::new();
    let invite = Request::new("INVITE", "1001")
        .contact(udp(1))
        .header("Record-Route", "<sip:p1.example;lr>, <sip:p2.example;lr>");
    bench.authenticated(udp(1), &invite);
    bench.drain();
    let header = |name: &'static str, value: &'static str| {
        (
            Bytes::from_static(name.as_bytes()),
            Bytes::from_static(value.as_bytes()),
        )
    };
    let leg = LegId(0);
    bench.command(Command::Answer {
        leg,
        status: 183,
        reason: Bytes::from_static(b"Hold The Line\r\nX: y"),
        headers: vec![
            header("X-Odd", "one"),
            header("Via", "SIP/2.0/UDP evil"),
            header("Contact", "<sip:evil>"),
        ],
        body: Some(Body {
            content_type: Bytes::from_static(b"application/sdp"),
            octets: Bytes::from_static(b"v=0\r\n"),
        }),
    });
    bench.check(&["> 192.0.2.1:5060 183 INVITE"]);
    let view = bench.sent[0].1.view();
    assert_eq!(view.reason(), Some(b"Hold The Line X: y".as_slice()));
    assert_eq!(view.header_named("X-Odd"), Some(b"one".as_slice()));
    assert_eq!(view.headers(Name::Via).count(), 1);
    assert_eq!(view.headers(Name::Contact).count(), 1);
    assert_eq!(view.body(), b"v=0\r\n");
    let routes = view.header(Name::RecordRoute).map(text);
    assert_eq!(
        routes.as_deref(),
        Some("<sip:p1.example;lr>, <sip:p2.example;lr>")
    );

    // RFC 3261 12.1.1: our requests take the same routes, to the flow the call came from.
    bench.answer(leg, 200);
    bench.drain();
    let tag = bench.our_tag();
    bench.receive(udp(1), invite.again().inside("ACK", &tag, 2).build());
    bench.drain();
    bench.bye(leg);
    bench.check(&["> 192.0.2.1:5060 BYE sip:1001@192.0.2.1:5060"]);
    let view = bench.sent[0].1.view();
    let routes: Vec<_> = view.headers(Name::Route).map(text).collect();
    assert_eq!(routes, ["<sip:p1.example;lr>", "<sip:p2.example;lr>"]);
}

#[test]
fn rfc3261_12_2_1_1_a_strict_router_is_asked_in_its_own_way() {
    let mut bench = Bench::new();
    let invite = Request::new("INVITE", "1001")
        .contact(udp(1))
        .header("Record-Route", "<sip:old.example>, <sip:p2.example;lr>");
    bench.authenticated(udp(1), &invite);
    bench.drain();
    bench.answer(LegId(0), 200);
    bench.drain();
    let tag = bench.our_tag();
    bench.receive(udp(1), invite.again().inside("ACK", &tag, 2).build());
    bench.drain();
    bench.bye(LegId(0));
    bench.check(&["> 192.0.2.1:5060 BYE sip:old.example"]);
    let routes: Vec<_> = bench.sent[0]
        .1
        .view()
        .headers(Name::Route)
        .map(text)
        .collect();
    assert_eq!(routes, ["<sip:p2.example;lr>", "<sip:1001@192.0.2.1:5060>"]);
}

#[test]
fn ack_with_a_body_brings_the_answer_to_a_delayed_offer() {
    let mut bench = Bench::new();
    let (leg, invite) = bench.call_in(udp(1));
    bench.answer(leg, 200);
    bench.drain();
    let tag = bench.our_tag();
    bench.receive(udp(1), invite.inside("ACK", &tag, 2).sdp().build());
    bench.check(&[&format!("Acked {leg:?} body true")]);
    bench.receive(udp(1), invite.inside("ACK", &tag, 2).sdp().build());
    bench.check(&[]);
}

#[test]
fn ack_of_another_dialog_or_number_is_none() {
    let mut bench = Bench::new();
    let (leg, invite) = bench.call_in(udp(1));
    bench.answer(leg, 200);
    bench.drain();
    let tag = bench.our_tag();
    let right = invite.inside("ACK", &tag, 2);
    for wrong in [
        Request {
            cseq: 3,
            ..right.clone()
        },
        Request {
            call_id: "other".to_owned(),
            ..right.clone()
        },
        Request {
            from_tag: "other".to_owned(),
            ..right.clone()
        },
        invite.inside("ACK", "0000000000000000", 2),
    ] {
        bench.receive(udp(1), wrong.build());
        bench.check(&[]);
    }
    bench.receive(udp(1), right.build());
    bench.check(&[&format!("Acked {leg:?} body false")]);
}

#[test]
fn hanging_up_on_a_call_not_answered_refuses_it_and_drop_says_nothing() {
    let mut bench = Bench::new();
    let (leg, _) = bench.call_in(udp(1));
    bench.bye(leg);
    bench.check(&["> 192.0.2.1:5060 480 INVITE"]);

    let mut bench = Bench::new();
    let (leg, _) = bench.call_in(udp(1));
    bench.command(Command::Drop { leg });
    bench.answer(leg, 200);
    bench.check(&[]);
    assert_eq!(bench.stack.next_timeout(), None);
}

#[test]
fn a_call_without_contact_is_refused() {
    let mut bench = Bench::new();
    bench.authenticated(udp(1), &Request::new("INVITE", "1001"));
    bench.check(&["> 192.0.2.1:5060 400 INVITE", "Rejected 400"]);
}

#[test]
fn rfc2543_a_caller_without_from_tag_and_with_a_plain_branch_is_served() {
    let mut bench = Bench::new();
    let old = |method: &str, cseq: u32, tag: &str, more: &str| {
        let to = if tag.is_empty() {
            String::new()
        } else {
            format!(";tag={tag}")
        };
        format!(
            "{method} sip:1002@198.51.100.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=1\r\n\
             From: sip:1001@198.51.100.1\r\nTo: sip:1002@198.51.100.1{to}\r\nCall-ID: old\r\n\
             CSeq: {cseq} {method}\r\nContact: sip:1001@192.0.2.1\r\n{more}Content-Length: 0\r\n\r\n"
        )
    };
    bench.receive(udp(1), old("INVITE", 1, "", ""));
    bench.check(&["> 192.0.2.1:5060 401 INVITE"]);
    let credentials = Request::new("INVITE", "1001").signed(&bench.nonce(), 1);
    let more = format!(
        "Authorization: {}\r\n",
        credentials.headers["Authorization"]
    );
    bench.receive(udp(1), old("INVITE", 2, "", &more));
    bench.check(&["> 192.0.2.1:5060 100 INVITE", "Invite LegId(0) phone 1"]);
    bench.receive(udp(1), old("INVITE", 2, "", &more));
    bench.check(&["> 192.0.2.1:5060 100 INVITE"]);
    bench.answer(LegId(0), 200);
    bench.drain();
    let tag = bench.our_tag();
    bench.receive(udp(1), old("ACK", 2, &tag, ""));
    bench.check(&["Acked LegId(0) body false"]);
    bench.receive(udp(1), old("BYE", 3, &tag, ""));
    bench.check(&["Request LegId(0) BYE"]);
}

#[test]
fn caps_are_answered_503_with_retry_after() {
    let mut config = config();
    config.limits.legs = 1;
    let mut bench = Bench::with(config);
    bench.call_in(udp(1));
    let mut second = Request::new("INVITE", "1002").contact(udp(2));
    second.call_id = "second".to_owned();
    bench.receive(udp(2), second.build());
    bench.check(&["> 192.0.2.2:5060 503 INVITE", "Rejected 503"]);
    assert_eq!(bench.header(Name::RetryAfter), "5");
    let leg = LegId::outgoing(1);
    let (target, invite) = (crate::bench::target(udp(2)), crate::bench::invite_out());
    bench.command(Command::Invite {
        leg,
        target,
        invite,
    });
    bench.check(&[&format!("Refused {leg:?} 503 theirs false")]);
}
