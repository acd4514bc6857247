//! Requests inside a leg: sequence, glare, target refresh, BYE in all its crossings.

use offhook_sip_core::{Command, LegId, Load, TxId};
use offhook_sip_message::{Message, Name};

use crate::bench::{Bench, Request, from_callee, response, udp};

const BYE: &str = "> 192.0.2.1:5060 BYE sip:1001@192.0.2.1:5060";
const REINVITE: &str = "> 192.0.2.1:5060 INVITE sip:1001@192.0.2.1:5060";
const ACK: &str = "> 192.0.2.1:5060 ACK sip:1001@192.0.2.1:5060";

/// A call from 1001 that is up.
fn call(bench: &mut Bench) -> (LegId, Request, String) {
    let (leg, invite) = bench.call_in(udp(1));
    bench.answer(leg, 200);
    bench.drain();
    let tag = bench.our_tag();
    bench.receive(udp(1), invite.inside("ACK", &tag, 2).build());
    bench.check(&[&format!("Acked {leg:?} body false")]);
    (leg, invite, tag)
}

fn respond(bench: &mut Bench, request: &Message, status: u16) {
    bench.receive(udp(1), response(request, status, "", None));
}

#[test]
fn rfc3261_12_2_2_lower_cseq_is_answered_500() {
    let mut bench = Bench::new();
    let (leg, invite, tag) = call(&mut bench);
    bench.receive(udp(1), invite.inside("INFO", &tag, 10).build());
    bench.check(&[&format!("Request {leg:?} INFO")]);
    bench.reply(bench.asked(), 200);
    bench.drain();
    bench.receive(udp(1), invite.inside("BYE", &tag, 9).build());
    bench.check(&["> 192.0.2.1:5060 500 BYE", "Rejected 500"]);
    // A gap is no fault.
    bench.receive(udp(1), invite.inside("BYE", &tag, 100).build());
    bench.check(&[&format!("Request {leg:?} BYE")]);
}

#[test]
fn rfc3261_12_2_2_request_to_no_dialog_is_answered_481() {
    let mut bench = Bench::new();
    let (_, invite, tag) = call(&mut bench);
    let right = invite.inside("BYE", &tag, 3);
    for wrong in [
        invite.inside("BYE", "0000000000000001", 3),
        invite.inside("BYE", "short", 3),
        Request {
            call_id: "other".to_owned(),
            ..right.clone()
        },
        Request {
            from_tag: "other".to_owned(),
            ..right.clone()
        },
        invite.inside("INVITE", "nobody", 3),
    ] {
        bench.receive(udp(1), wrong.build());
        let lines = bench.drain();
        assert_eq!(lines[0], format!("> 192.0.2.1:5060 481 {}", wrong.method));
    }
    bench.receive(udp(1), right.build());
    assert_eq!(bench.drain().len(), 1);
}

#[test]
fn reinvite_is_answered_by_the_owner_and_its_2xx_waits_for_the_ack() {
    let mut bench = Bench::new();
    let (leg, invite, tag) = call(&mut bench);
    bench.receive(
        udp(1),
        invite.inside("INVITE", &tag, 3).contact(udp(44)).build(),
    );
    bench.check(&[
        "> 192.0.2.1:5060 100 INVITE",
        &format!("Request {leg:?} INVITE"),
    ]);
    let tx = bench.asked();
    bench.reply(tx, 200);
    bench.check(&["> 192.0.2.1:5060 200 INVITE"]);
    assert_eq!(bench.header(Name::Contact), "<sip:198.51.100.1:5060>");
    bench.pass(500);
    bench.check(&["> 192.0.2.1:5060 200 INVITE"]);
    bench.receive(udp(1), invite.inside("ACK", &tag, 3).build());
    bench.check(&[&format!("Acked {leg:?} body false")]);
    bench.pass(10_000);
    bench.check(&[]);
    // RFC 3261 12.2.2: the target is the new Contact.
    bench.bye(leg);
    bench.check(&["> 192.0.2.1:5060 BYE sip:1001@192.0.2.44:5060"]);
}

#[test]
fn rfc3261_14_2_second_reinvite_before_the_answer_is_answered_500_with_retry_after() {
    let mut bench = Bench::new();
    let (leg, invite, tag) = call(&mut bench);
    bench.receive(udp(1), invite.inside("INVITE", &tag, 3).build());
    bench.drain();
    let tx = bench.asked();
    bench.receive(udp(1), invite.inside("INVITE", &tag, 4).build());
    bench.check(&["> 192.0.2.1:5060 500 INVITE"]);
    assert!(bench.header(Name::RetryAfter).parse::<u32>().unwrap() <= 10);
    bench.receive(udp(1), invite.inside("ACK", &tag, 4).build());
    bench.reply(tx, 488);
    bench.check(&["> 192.0.2.1:5060 488 INVITE"]);
    bench.ask(leg, TxId::outgoing(1), "INVITE");
    bench.check(&[REINVITE]);
}

#[test]
fn rfc3261_14_2_glare_is_answered_491_both_ways() {
    let mut bench = Bench::new();
    let (leg, invite, tag) = call(&mut bench);
    let (first, second) = (TxId::outgoing(1), TxId::outgoing(2));
    bench.ask(leg, first, "INVITE");
    bench.check(&[REINVITE]);
    let ours = bench.sent[0].1.clone();
    bench.receive(udp(1), invite.inside("INVITE", &tag, 3).build());
    bench.check(&["> 192.0.2.1:5060 491 INVITE"]);
    bench.receive(udp(1), invite.inside("INVITE", &tag, 3).build());
    bench.check(&["> 192.0.2.1:5060 491 INVITE"]);
    bench.ask(leg, second, "INVITE");
    bench.check(&[&format!("Failed {leg:?} {second:?} 491")]);
    respond(&mut bench, &ours, 491);
    bench.check(&[ACK, &format!("Response {leg:?} {first:?} 491")]);

    bench.pass(40_000);
    bench.drain();
    bench.receive(udp(1), invite.inside("INVITE", &tag, 5).build());
    bench.drain();
    bench.ask(leg, second, "INVITE");
    bench.check(&[&format!("Failed {leg:?} {second:?} 491")]);
}

#[test]
fn reinvite_of_ours_is_acknowledged_by_the_owner_and_again_for_each_copy() {
    let mut bench = Bench::new();
    let (leg, invite, tag) = call(&mut bench);
    let tx = TxId::outgoing(1);
    bench.ask(leg, tx, "INVITE");
    bench.check(&[REINVITE]);
    let ours = bench.sent[0].1.clone();
    bench.receive(udp(1), response(&ours, 200, "", Some(udp(55))));
    bench.check(&[&format!("Response {leg:?} {tx:?} 200")]);
    bench.receive(udp(1), invite.inside("INVITE", &tag, 3).build());
    bench.check(&["> 192.0.2.1:5060 491 INVITE"]);
    bench.command(Command::Ack { leg, body: None });
    bench.check(&["> 192.0.2.1:5060 ACK sip:1002@192.0.2.55:5060"]);
    let cseq = ours.view().cseq().unwrap().number;
    assert_eq!(bench.header(Name::CSeq), format!("{cseq} ACK"));
    bench.receive(udp(1), response(&ours, 200, "", Some(udp(55))));
    bench.check(&["> 192.0.2.1:5060 ACK sip:1002@192.0.2.55:5060"]);
}

#[test]
fn reinvite_of_ours_that_gets_no_answer_fails_with_408() {
    let mut bench = Bench::new();
    let (leg, _, _) = call(&mut bench);
    let tx = TxId::outgoing(1);
    bench.ask(leg, tx, "INVITE");
    bench.pass(32_000);
    assert_eq!(
        bench.drain().last(),
        Some(&format!("Failed {leg:?} {tx:?} 408"))
    );
    bench.ask(leg, TxId::outgoing(2), "INVITE");
    bench.check(&[REINVITE]);
}

#[test]
fn bye_leaves_while_a_reinvite_of_ours_is_pending_and_its_2xx_gets_an_ack() {
    let mut bench = Bench::new();
    let (leg, _, _) = call(&mut bench);
    bench.ask(leg, TxId::outgoing(1), "INVITE");
    bench.check(&[REINVITE]);
    let ours = bench.sent[0].1.clone();
    bench.bye(leg);
    bench.check(&[BYE]);
    let bye = bench.sent[0].1.clone();
    let stray = "> 192.0.2.1:5060 ACK sip:1002@192.0.2.1:5060";
    bench.receive(udp(1), response(&ours, 200, "", Some(udp(1))));
    bench.check(&[stray]);
    respond(&mut bench, &bye, 200);
    bench.receive(udp(1), response(&ours, 200, "", Some(udp(1))));
    bench.check(&[stray]);
    bench.pass(64_000);
    bench.check(&[]);
    assert_eq!(bench.stack.next_timeout(), None);
}

#[test]
fn bye_while_their_reinvite_is_pending_answers_it_487() {
    let mut bench = Bench::new();
    let (leg, invite, tag) = call(&mut bench);
    bench.receive(udp(1), invite.inside("INVITE", &tag, 3).build());
    bench.drain();
    bench.bye(leg);
    bench.check(&["> 192.0.2.1:5060 487 INVITE", BYE]);

    // RFC 3261 15.1.2, the other way round.
    let mut bench = Bench::new();
    let (leg, invite, tag) = call(&mut bench);
    bench.receive(udp(1), invite.inside("INVITE", &tag, 3).build());
    bench.drain();
    let tx = bench.asked();
    bench.receive(udp(1), invite.inside("BYE", &tag, 4).build());
    bench.check(&[
        "> 192.0.2.1:5060 487 INVITE",
        &format!("Request {leg:?} BYE"),
    ]);
    let bye = bench.asked();
    bench.reply(tx, 200);
    bench.check(&[]);
    bench.reply(bye, 200);
    bench.check(&["> 192.0.2.1:5060 200 BYE"]);
}

#[test]
fn two_byes_that_cross_are_both_answered_200() {
    let mut bench = Bench::new();
    let (leg, invite, tag) = call(&mut bench);
    bench.bye(leg);
    bench.check(&[BYE]);
    let ours = bench.sent[0].1.clone();
    bench.receive(udp(1), invite.inside("BYE", &tag, 3).build());
    bench.check(&["> 192.0.2.1:5060 200 BYE"]);
    bench.receive(udp(1), invite.inside("INFO", &tag, 4).build());
    bench.check(&["> 192.0.2.1:5060 481 INFO"]);
    respond(&mut bench, &ours, 481);
    bench.pass(64_000);
    bench.check(&[]);
    assert_eq!(bench.stack.next_timeout(), None);
}

#[test]
fn bye_of_ours_without_an_answer_is_forgotten_after_timer_f() {
    let mut bench = Bench::new();
    let (leg, _, _) = call(&mut bench);
    bench.bye(leg);
    bench.pass(64_000);
    assert_eq!(bench.drain(), [BYE; 11]);
    assert_eq!(bench.stack.next_timeout(), None);
}

#[test]
fn a_challenge_to_our_bye_is_no_reason_to_show_credentials() {
    let mut bench = Bench::new();
    let (leg, _, _) = call(&mut bench);
    bench.bye(leg);
    bench.drain();
    let bye = bench.sent[0].1.clone();
    respond(&mut bench, &bye, 407);
    bench.pass(64_000);
    bench.check(&[]);
}

#[test]
fn caller_that_hangs_up_before_its_ack_stops_the_2xx() {
    let mut bench = Bench::new();
    let (leg, invite) = bench.call_in(udp(1));
    bench.answer(leg, 200);
    bench.drain();
    let tag = bench.our_tag();
    bench.receive(udp(1), invite.inside("BYE", &tag, 3).build());
    bench.check(&[&format!("Request {leg:?} BYE")]);
    bench.reply(bench.asked(), 200);
    bench.drain();
    bench.receive(udp(1), invite.inside("ACK", &tag, 2).build());
    bench.pass(64_000);
    bench.check(&[]);
}

#[test]
fn caller_that_hangs_up_while_our_bye_waits_for_its_ack_is_answered_at_once() {
    let mut bench = Bench::new();
    let (leg, invite) = bench.call_in(udp(1));
    bench.answer(leg, 200);
    bench.drain();
    let tag = bench.our_tag();
    bench.bye(leg);
    bench.check(&[]);
    bench.receive(udp(1), invite.inside("BYE", &tag, 3).build());
    bench.check(&["> 192.0.2.1:5060 200 BYE"]);
    bench.pass(64_000);
    bench.check(&[]);
}

#[test]
fn a_bye_that_the_owner_never_answers_is_forgotten() {
    let mut bench = Bench::new();
    let (leg, invite, tag) = call(&mut bench);
    bench.receive(udp(1), invite.inside("BYE", &tag, 3).build());
    bench.check(&[&format!("Request {leg:?} BYE")]);
    let tx = bench.asked();
    bench.pass(64_000);
    bench.reply(tx, 200);
    bench.check(&[]);
    assert_eq!(bench.stack.next_timeout(), None);
}

#[test]
fn update_goes_to_the_owner_and_refreshes_the_target() {
    let mut bench = Bench::new();
    let (leg, invite, tag) = call(&mut bench);
    bench.receive(
        udp(1),
        invite
            .inside("UPDATE", &tag, 3)
            .contact(udp(66))
            .sdp()
            .build(),
    );
    bench.check(&[&format!("Request {leg:?} UPDATE")]);
    let tx = bench.asked();
    // RFC 3311 5.2: another one before the answer.
    bench.receive(udp(1), invite.inside("UPDATE", &tag, 4).sdp().build());
    bench.check(&["> 192.0.2.1:5060 500 UPDATE"]);
    assert!(!bench.header(Name::RetryAfter).is_empty());
    bench.reply(tx, 200);
    bench.check(&["> 192.0.2.1:5060 200 UPDATE"]);
    assert!(!bench.header(Name::Contact).is_empty());
    bench.bye(leg);
    bench.check(&["> 192.0.2.1:5060 BYE sip:1001@192.0.2.66:5060"]);
}

#[test]
fn rfc3311_5_2_offer_in_update_meets_our_offer_and_gets_491() {
    let mut bench = Bench::new();
    let (leg, invite, tag) = call(&mut bench);
    bench.ask(leg, TxId::outgoing(1), "INVITE");
    bench.drain();
    bench.receive(udp(1), invite.inside("UPDATE", &tag, 3).sdp().build());
    bench.check(&["> 192.0.2.1:5060 491 UPDATE"]);

    let mut bench = Bench::new();
    let (leg, invite, tag) = call(&mut bench);
    bench.ask(leg, TxId::outgoing(1), "UPDATE");
    bench.drain();
    let ours = bench.sent[0].1.clone();
    bench.receive(udp(1), invite.inside("UPDATE", &tag, 3).sdp().build());
    bench.check(&["> 192.0.2.1:5060 491 UPDATE"]);
    let tx = TxId::outgoing(1);
    bench.receive(udp(1), response(&ours, 200, "", Some(udp(67))));
    bench.check(&[&format!("Response {leg:?} {tx:?} 200")]);
    bench.receive(udp(1), invite.inside("UPDATE", &tag, 4).sdp().build());
    bench.check(&[&format!("Request {leg:?} UPDATE")]);
}

#[test]
fn requests_of_ours_inside_a_leg_are_answered_or_fail() {
    let mut bench = Bench::new();
    let (leg, _, _) = call(&mut bench);
    let (a, b) = (TxId::outgoing(1), TxId::outgoing(2));
    bench.ask(leg, a, "INFO");
    bench.check(&["> 192.0.2.1:5060 INFO sip:1001@192.0.2.1:5060"]);
    let info = bench.sent[0].1.clone();
    respond(&mut bench, &info, 100);
    bench.check(&[]);
    respond(&mut bench, &info, 200);
    bench.check(&[&format!("Response {leg:?} {a:?} 200")]);
    respond(&mut bench, &info, 200);
    bench.check(&[]);
    bench.ask(leg, b, "INFO");
    bench.pass(32_000);
    assert_eq!(
        bench.drain().last(),
        Some(&format!("Failed {leg:?} {b:?} 408"))
    );
    bench.ask(LegId::outgoing(77), b, "INFO");
    bench.check(&[&format!("Failed {:?} {b:?} 481", LegId::outgoing(77))]);
}

#[test]
fn early_dialogs_take_update_and_info_both_ways() {
    let mut bench = Bench::new();
    let (leg, invite) = bench.call_out(1, udp(2));
    let tx = TxId::outgoing(1);
    bench.ask(leg, tx, "UPDATE");
    bench.check(&[&format!("Failed {leg:?} {tx:?} 481")]);
    bench.receive(udp(2), response(&invite, 183, "a", Some(udp(2))));
    bench.drain();
    bench.ask(leg, tx, "UPDATE");
    bench.check(&["> 192.0.2.2:5060 UPDATE sip:1002@192.0.2.2:5060"]);
    assert_eq!(bench.header(Name::CSeq), "2 UPDATE");
    bench.receive(udp(2), from_callee(&invite, "INFO", "a", 1));
    bench.check(&[&format!("Request {leg:?} INFO")]);
    bench.reply(bench.asked(), 200);
    bench.check(&["> 192.0.2.2:5060 200 INFO"]);
    bench.receive(udp(2), from_callee(&invite, "INFO", "stranger", 2));
    bench.check(&["> 192.0.2.2:5060 481 INFO", "Rejected 481"]);
    bench.receive(udp(2), from_callee(&invite, "BYE", "a", 3));
    bench.check(&["> 192.0.2.2:5060 481 BYE"]);
    // The numbers go on in the confirmed dialog; the ACK has that of the INVITE.
    bench.receive(udp(2), response(&invite, 200, "a", Some(udp(2))));
    bench.drain();
    bench.command(Command::Ack { leg, body: None });
    bench.drain();
    assert_eq!(bench.header(Name::CSeq), "1 ACK");
    bench.bye(leg);
    bench.drain();
    assert_eq!(bench.header(Name::CSeq), "3 BYE");
}

#[test]
fn reinvite_before_the_answer_is_refused() {
    let mut bench = Bench::new();
    let (leg, invite) = bench.call_in(udp(1));
    bench.answer(leg, 180);
    bench.drain();
    let tag = bench.our_tag();
    bench.receive(udp(1), invite.inside("INVITE", &tag, 3).build());
    bench.check(&["> 192.0.2.1:5060 500 INVITE"]);
    let tx = TxId::outgoing(1);
    bench.ask(leg, tx, "INVITE");
    bench.check(&[&format!("Failed {leg:?} {tx:?} 491")]);
}

#[test]
fn a_peer_that_moved_is_answered_and_called_where_it_is() {
    let mut bench = Bench::new();
    let (leg, invite, tag) = call(&mut bench);
    bench.receive(udp(99), invite.inside("INFO", &tag, 3).build());
    bench.drain();
    bench.reply(bench.asked(), 200);
    bench.check(&["> 192.0.2.99:5060 200 INFO"]);
    bench.bye(leg);
    bench.check(&["> 192.0.2.99:5060 BYE sip:1001@192.0.2.1:5060"]);
}

#[test]
fn options_inside_a_leg_is_answered_by_the_stack_and_others_by_what_we_take() {
    let mut bench = Bench::new();
    let (_, invite, tag) = call(&mut bench);
    bench.receive(udp(1), invite.inside("OPTIONS", &tag, 3).build());
    bench.check(&["> 192.0.2.1:5060 200 OPTIONS"]);
    bench.receive(udp(1), invite.inside("PRACK", &tag, 4).build());
    bench.check(&["> 192.0.2.1:5060 405 PRACK", "Rejected 405"]);
    bench.receive(udp(1), invite.inside("FOO", &tag, 5).build());
    bench.check(&["> 192.0.2.1:5060 501 ", "Rejected 501"]);
    let update = invite.inside("UPDATE", &tag, 6).header("Require", "100rel");
    bench.receive(udp(1), update.build());
    bench.check(&["> 192.0.2.1:5060 420 UPDATE", "Rejected 420"]);
}

#[test]
fn a_reinvite_that_rings_for_ever_ends_with_its_leg() {
    for hangs_up in [true, false] {
        let mut bench = Bench::new();
        let (leg, _, _) = call(&mut bench);
        bench.ask(leg, TxId::outgoing(1), "INVITE");
        bench.check(&[REINVITE]);
        let ours = bench.sent[0].1.clone();
        respond(&mut bench, &ours, 180);
        if hangs_up {
            bench.bye(leg);
        } else {
            bench.command(Command::Drop { leg });
        }
        bench.pass(64_000);
        bench.drain();
        assert_eq!(bench.stack.load(), Load::default());
    }
}

#[test]
fn a_dropped_leg_takes_its_pending_reinvite_along() {
    let mut bench = Bench::new();
    let (leg, invite, tag) = call(&mut bench);
    bench.receive(udp(1), invite.inside("INVITE", &tag, 3).build());
    bench.drain();
    bench.command(Command::Drop { leg });
    bench.pass(64_000);
    bench.check(&[]);
    assert_eq!(bench.stack.load(), Load::default());
}

/// RFC 3261 12.2.1.2: no final answer is as good as a 408, also when a 100 came first.
#[test]
fn a_reinvite_of_ours_that_got_a_100_and_then_silence_fails_after_64_t1() {
    let mut bench = Bench::new();
    let (leg, _, _) = call(&mut bench);
    let tx = TxId::outgoing(1);
    bench.ask(leg, tx, "INVITE");
    bench.check(&[REINVITE]);
    let ours = bench.sent[0].1.clone();
    respond(&mut bench, &ours, 100);
    bench.pass(31_000);
    bench.check(&[]);
    bench.pass(1_100);
    bench.check(&[&format!("Failed {leg:?} {tx:?} 408")]);
    // The leg is free for another one.
    bench.ask(leg, TxId::outgoing(2), "INVITE");
    bench.check(&[REINVITE]);
}
