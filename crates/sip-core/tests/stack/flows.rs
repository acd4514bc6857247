//! Calls whose connection closes: the caller that is gone, the phone that comes back elsewhere, the one that does not.

use bytes::Bytes;
use offhook_sip_core::{Command, Event, LegId, Load, Peer, Target, TxId};
use offhook_sip_message::{Message, Name};
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng, SeedableRng};

use crate::bench::{Bench, Request, invite_out, response, tcp, udp};

const CONTACT: &str = "sip:1001@192.0.2.200:40001";

fn register(bench: &mut Bench, user: &str, peer: Peer, instance: &str) {
    let mut request = Request::new("REGISTER", user);
    request.call_id = format!("register-{user}-{}", peer.addr);
    request.branch += &request.call_id;
    let contact = format!("<sip:{user}@{}>{instance}", peer.addr);
    bench.authenticated(peer, &request.header("Contact", contact));
    bench.drain();
}

fn close(bench: &mut Bench, peer: Peer) {
    bench.stack.handle_flow_closed(bench.now, peer.flow);
}

/// 1001, registered on connection 1, calls and is answered; its ACK is not there yet.
fn answered(bench: &mut Bench) -> (LegId, Request, String) {
    register(bench, "1001", tcp(1), "");
    let (leg, invite) = bench.call_in(tcp(1));
    bench.answer(leg, 200);
    bench.check(&["> 192.0.2.200:40001 200 INVITE"]);
    let tag = bench.our_tag();
    (leg, invite, tag)
}

/// The same, with the ACK.
fn call(bench: &mut Bench) -> (LegId, Request, String) {
    let (leg, invite, tag) = answered(bench);
    bench.receive(tcp(1), invite.inside("ACK", &tag, 2).build());
    bench.check(&[&format!("Acked {leg:?} body false")]);
    (leg, invite, tag)
}

fn to(peer: Peer, what: &str) -> String {
    format!("> {} {what} {CONTACT}", peer.addr)
}

fn last_sent(bench: &Bench) -> Message {
    bench.sent.last().expect("something was sent").1.clone()
}

#[test]
fn a_caller_whose_connection_closes_before_the_answer_gave_up() {
    let mut bench = Bench::new();
    let (leg, _) = bench.call_in(tcp(1));
    bench.answer(leg, 180);
    bench.drain();
    close(&mut bench, tcp(1));
    bench.check(&[&format!("Cancelled {leg:?}")]);
    assert!(matches!(
        bench.events[0],
        Event::Cancelled { reason: None, .. }
    ));
    close(&mut bench, tcp(1));
    bench.check(&[]);
    bench.answer(leg, 487);
    bench.check(&["> 192.0.2.200:40001 487 INVITE"]);
    close(&mut bench, tcp(1));
    bench.pass(33_000);
    bench.check(&[]);
    assert_eq!(bench.stack.load(), Load::default());
}

#[test]
fn an_answer_that_crosses_the_end_of_the_connection_is_ended_without_a_word() {
    let mut bench = Bench::new();
    let (leg, _) = bench.call_in(tcp(1));
    close(&mut bench, tcp(1));
    bench.check(&[&format!("Cancelled {leg:?}")]);
    bench.answer(leg, 200);
    bench.drain();
    bench.bye(leg);
    bench.pass(70_000);
    bench.check(&[]);
    assert_eq!(bench.stack.load(), Load::default());
}

#[test]
fn a_bye_goes_where_the_phone_is_registered_by_now() {
    let mut bench = Bench::new();
    let (leg, _, _) = call(&mut bench);
    register(&mut bench, "1001", tcp(2), "");
    close(&mut bench, tcp(1));
    bench.drain();
    bench.bye(leg);
    bench.check(&[&to(tcp(2), "BYE")]);
    let bye = last_sent(&bench);
    bench.receive(tcp(2), response(&bye, 200, "", None));
    bench.pass(70_000);
    bench.check(&[]);
    assert_eq!(bench.stack.load(), Load::default());
}

#[test]
fn a_phone_that_comes_back_within_64_t1_is_not_lost() {
    let mut bench = Bench::new();
    let (leg, _, _) = call(&mut bench);
    close(&mut bench, tcp(1));
    assert_eq!(bench.drain().len(), 1, "the binding is gone");
    bench.pass(31_000);
    register(&mut bench, "1001", udp(7), "");
    bench.pass(60_000);
    bench.check(&[]);
    bench.ask(leg, TxId::outgoing(1), "INVITE");
    bench.check(&[&to(udp(7), "INVITE")]);
}

#[test]
fn a_phone_that_does_not_come_back_is_lost_after_64_t1_and_told_nothing() {
    let mut bench = Bench::new();
    let (leg, _, _) = call(&mut bench);
    close(&mut bench, tcp(1));
    bench.drain();
    let tx = TxId::outgoing(1);
    bench.ask(leg, tx, "INVITE");
    bench.check(&[&format!("Failed {leg:?} {tx:?} 503")]);
    bench.pass(31_999);
    bench.check(&[]);
    bench.pass(1);
    bench.check(&[&format!("Lost {leg:?}")]);
    bench.pass(100_000);
    bench.check(&[]);
    bench.bye(leg);
    bench.check(&[]);
    assert_eq!(bench.stack.load(), Load::default());
}

#[test]
fn a_bye_that_finds_its_connection_closed_is_sent_again_on_another() {
    let mut bench = Bench::new();
    let (leg, _, _) = call(&mut bench);
    register(&mut bench, "1001", tcp(2), "");
    bench.bye(leg);
    bench.check(&[&to(tcp(1), "BYE")]);
    let first = bench.header(Name::CSeq);
    close(&mut bench, tcp(1));
    let lines = bench.drain();
    assert_eq!(lines[0], to(tcp(2), "BYE"));
    assert_ne!(bench.header(Name::CSeq), first);
    close(&mut bench, tcp(2));
    bench.drain();
    assert_eq!(bench.stack.load().legs, 0, "there is no third");
}

#[test]
fn a_reinvite_that_finds_its_connection_closed_is_sent_again_and_acknowledged_on_another() {
    let mut bench = Bench::new();
    let (leg, _, _) = call(&mut bench);
    register(&mut bench, "1001", tcp(2), "");
    let tx = TxId::outgoing(1);
    bench.ask(leg, tx, "INVITE");
    bench.check(&[&to(tcp(1), "INVITE")]);
    close(&mut bench, tcp(1));
    assert_eq!(bench.drain()[0], to(tcp(2), "INVITE"));
    let reinvite = last_sent(&bench);
    bench.receive(tcp(2), response(&reinvite, 200, "", None));
    bench.check(&[&format!("Response {leg:?} {tx:?} 200")]);
    register(&mut bench, "1001", tcp(3), "");
    close(&mut bench, tcp(2));
    bench.drain();
    bench.command(Command::Ack { leg, body: None });
    bench.check(&[&to(tcp(3), "ACK")]);
}

#[test]
fn an_info_that_may_have_arrived_is_not_sent_twice() {
    let mut bench = Bench::new();
    let (leg, _, _) = call(&mut bench);
    register(&mut bench, "1001", tcp(2), "");
    let tx = TxId::outgoing(1);
    bench.ask(leg, tx, "INFO");
    bench.check(&[&to(tcp(1), "INFO")]);
    close(&mut bench, tcp(1));
    assert_eq!(bench.drain()[0], format!("Failed {leg:?} {tx:?} 503"));
}

#[test]
fn rfc3261_13_3_1_4_the_2xx_is_sent_again_where_the_phone_is_registered_by_now() {
    let mut bench = Bench::new();
    let (leg, invite, tag) = answered(&mut bench);
    close(&mut bench, tcp(1));
    bench.drain();
    bench.pass(500);
    bench.check(&[]);
    register(&mut bench, "1001", tcp(2), "");
    bench.pass(1_000);
    bench.check(&["> 192.0.2.200:40002 200 INVITE"]);
    bench.receive(tcp(2), invite.inside("ACK", &tag, 2).build());
    bench.check(&[&format!("Acked {leg:?} body false")]);
}

#[test]
fn a_message_on_another_connection_moves_the_leg_there() {
    let mut bench = Bench::new();
    let (leg, invite, tag) = call(&mut bench);
    close(&mut bench, tcp(1));
    bench.drain();
    bench.receive(tcp(2), invite.inside("INFO", &tag, 3).build());
    bench.check(&[&format!("Request {leg:?} INFO")]);
    bench.reply(bench.asked(), 200);
    bench.drain();
    close(&mut bench, tcp(1));
    bench.pass(40_000);
    bench.check(&[]);
    bench.bye(leg);
    bench.check(&[&to(tcp(2), "BYE")]);
}

/// 1002 is registered from connection 1 with an instance, and answers our call.
fn called(bench: &mut Bench, instance: &str) -> LegId {
    register(bench, "1002", tcp(1), instance);
    let leg = LegId::outgoing(1);
    let binding = &bench.stack.binding(offhook_base::PhoneId(2))[0];
    let target = Target::from(binding);
    bench.command(Command::Invite {
        leg,
        target,
        invite: invite_out(),
    });
    bench.drain();
    let invite = last_sent(bench);
    bench.receive(tcp(1), response(&invite, 200, "a", Some(tcp(1))));
    bench.command(Command::Ack { leg, body: None });
    bench.drain();
    leg
}

#[test]
fn a_called_phone_is_known_by_its_binding_and_found_again() {
    let mut bench = Bench::new();
    let leg = called(&mut bench, "");
    close(&mut bench, tcp(1));
    bench.drain();
    register(&mut bench, "1002", tcp(2), "");
    bench.bye(leg);
    bench.check(&["> 192.0.2.200:40002 BYE sip:1002@192.0.2.200:40001"]);
}

#[test]
fn another_device_of_the_phone_is_not_taken_for_the_one_in_the_call() {
    let mut bench = Bench::new();
    let desk = ";+sip.instance=\"<urn:uuid:desk>\"";
    let leg = called(&mut bench, desk);
    register(
        &mut bench,
        "1002",
        tcp(3),
        ";+sip.instance=\"<urn:uuid:pocket>\"",
    );
    close(&mut bench, tcp(1));
    bench.drain();
    bench.pass(32_000);
    bench.check(&[&format!("Lost {leg:?}")]);
    register(&mut bench, "1002", tcp(4), desk);
    register(
        &mut bench,
        "1002",
        tcp(5),
        ";+sip.instance=\"<urn:uuid:third>\"",
    );
    bench.bye(leg);
    bench.check(&["> 192.0.2.200:40004 BYE sip:1002@192.0.2.200:40001"]);
}

#[test]
fn connections_that_close_at_random_leave_nothing_behind() {
    for seed in 0..300 {
        let mut rng = ChaCha12Rng::seed_from_u64(seed);
        let mut below = |n: u64| rng.next_u64() % n;
        let mut bench = Bench::new();
        let (leg, invite, tag) = answered(&mut bench);
        for n in 0..20_u32 {
            let peer = if below(5) == 0 {
                udp(1)
            } else {
                tcp(1 + below(4))
            };
            match below(9) {
                0 | 1 => close(&mut bench, peer),
                2 => {
                    let mut request = Request::new("REGISTER", "1001").contact(peer);
                    request.call_id = format!("register-{n}");
                    request.branch += &request.call_id;
                    bench.drain();
                    bench.authenticated(peer, &request);
                }
                3 => bench.receive(peer, invite.inside("ACK", &tag, 2).build()),
                4 => {
                    let method = ["INFO", "INVITE", "UPDATE"][below(3) as usize];
                    bench.receive(peer, invite.inside(method, &tag, 3 + n).build());
                }
                5 => {
                    let method = ["INFO", "INVITE", "UPDATE"][below(3) as usize];
                    bench.ask(leg, TxId::outgoing(n.into()), method);
                }
                6 => bench.command(Command::Ack { leg, body: None }),
                7 => bench.pass(below(40_000)),
                _ => {
                    if let Some((_, asked)) = bench.sent.last().cloned()
                        && asked.view().is_request()
                    {
                        let status = [100, 200, 488][below(3) as usize];
                        bench.receive(peer, response(&asked, status, "", None));
                    }
                }
            }
            bench.drain();
            if let Some(Event::Request { tx, .. }) = bench.events.last() {
                let (tx, status) = (*tx, [200, 500][below(2) as usize]);
                bench.command(Command::Reply {
                    tx,
                    status,
                    reason: Bytes::new(),
                    headers: Vec::new(),
                    body: None,
                });
            }
        }
        bench.bye(leg);
        bench.pass(200_000);
        bench.drain();
        assert_eq!(bench.stack.load(), Load::default(), "seed {seed}");
    }
}
