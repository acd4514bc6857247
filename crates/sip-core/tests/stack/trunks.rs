//! Trunks in IP mode: admitted by their address, and only for what a trunk may ask.

use std::net::IpAddr;

use offhook_base::TrunkId;
use offhook_sip_core::{Command, FlowId, LegId, Load, Peer, Transport, TrunkPeer};
use offhook_sip_message::Name;

use crate::bench::{Bench, Request, config, from_callee, invite_out, response, target, tcp, udp};

fn say(bench: &mut Bench, peers: &[(u32, Peer)]) {
    let peers = peers.iter().map(|(trunk, peer)| TrunkPeer {
        trunk: TrunkId(*trunk),
        address: peer.addr.ip(),
    });
    bench.command(Command::Trunks(peers.collect()));
    bench.check(&[]);
}

/// A Stack that knows trunk 7 at 192.0.2.70.
fn bench() -> Bench {
    let mut bench = Bench::new();
    say(&mut bench, &[(7, udp(70))]);
    bench
}

fn invite(peer: Peer) -> Request {
    Request::new("INVITE", "+34600111222").contact(peer).sdp()
}

/// A call of the trunk, with 100 sent.
fn call_in(bench: &mut Bench) -> (LegId, Request) {
    let request = invite(udp(70));
    bench.receive(udp(70), request.build());
    let leg = LegId(0);
    bench.check(&[
        "> 192.0.2.70:5060 100 INVITE",
        &format!("Invite {leg:?} trunk 7"),
    ]);
    (leg, request)
}

#[test]
fn a_trunk_calls_without_a_challenge_from_any_port() {
    let mut bench = bench();
    call_in(&mut bench);
    let other = Peer {
        addr: "192.0.2.70:33000".parse().unwrap(),
        ..udp(70)
    };
    let mut request = invite(other);
    request.branch += "-other";
    request.call_id += "-other";
    bench.receive(other, request.build());
    bench.check(&[
        "> 192.0.2.70:33000 100 INVITE",
        &format!("Invite {:?} trunk 7", LegId(2)),
    ]);
}

#[test]
fn a_trunk_sends_a_message_without_a_challenge() {
    let mut bench = bench();
    bench.receive(udp(70), Request::new("MESSAGE", "+34600111222").build());
    bench.check(&["OutOfDialog trunk 7 MESSAGE"]);
    bench.reply(bench.asked(), 202);
    bench.check(&["> 192.0.2.70:5060 202 MESSAGE"]);
}

#[test]
fn nothing_is_registered_by_address() {
    let mut bench = bench();
    let request = Request::new("REGISTER", "1001").contact(udp(70));
    bench.receive(udp(70), request.build());
    bench.check(&["> 192.0.2.70:5060 401 REGISTER"]);
}

#[test]
fn refer_from_a_trunk_outside_a_call_is_refused() {
    let mut bench = bench();
    bench.receive(udp(70), Request::new("REFER", "+34600111222").build());
    bench.check(&["> 192.0.2.70:5060 403 REFER", "Rejected 403"]);
}

#[test]
fn another_address_is_challenged() {
    let mut bench = bench();
    bench.receive(udp(71), invite(udp(71)).build());
    bench.check(&["> 192.0.2.71:5060 401 INVITE"]);
}

#[test]
fn an_address_taken_from_the_table_is_challenged_from_the_next_request_on() {
    let mut bench = bench();
    let (leg, request) = call_in(&mut bench);
    say(&mut bench, &[]);
    bench.receive(udp(70), Request::new("MESSAGE", "+34600111222").build());
    bench.check(&["> 192.0.2.70:5060 401 MESSAGE"]);
    // What is up goes on.
    bench.answer(leg, 200);
    bench.check(&["> 192.0.2.70:5060 200 INVITE"]);
    let tag = bench.our_tag();
    bench.receive(udp(70), request.inside("ACK", &tag, 1).build());
    bench.check(&[&format!("Acked {leg:?} body false")]);
}

#[test]
fn an_address_that_two_trunks_name_is_the_lower_ids() {
    let mut bench = Bench::new();
    say(&mut bench, &[(9, udp(70)), (3, udp(70)), (5, udp(70))]);
    bench.receive(udp(70), Request::new("MESSAGE", "+34600111222").build());
    bench.check(&["OutOfDialog trunk 3 MESSAGE"]);
}

#[test]
fn a_trunk_on_a_dual_stack_socket_is_known_by_its_ipv4_address() {
    let mut bench = bench();
    let IpAddr::V4(v4) = udp(70).addr.ip() else {
        panic!("the bench speaks IPv4")
    };
    let mapped = Peer {
        addr: (IpAddr::V6(v4.to_ipv6_mapped()), 5060).into(),
        ..udp(70)
    };
    bench.receive(mapped, Request::new("MESSAGE", "+34600111222").build());
    bench.check(&["OutOfDialog trunk 7 MESSAGE"]);
}

#[test]
fn a_phone_with_credentials_behind_a_trunks_address_is_a_phone() {
    let mut bench = bench();
    // It has a nonce from its REGISTER.
    let register = Request::new("REGISTER", "1001").contact(udp(70));
    bench.receive(udp(70), register.build());
    bench.drain();
    let nonce = bench.nonce();
    let call = Request::new("INVITE", "1001").contact(udp(70));
    bench.receive(udp(70), call.signed(&nonce, 1).build());
    bench.check(&[
        "> 192.0.2.70:5060 100 INVITE",
        &format!("Invite {:?} phone 1", LegId(0)),
    ]);
}

#[test]
fn a_phone_registered_behind_a_trunks_address_is_challenged_for_its_first_invite() {
    let mut bench = bench();
    let register = Request::new("REGISTER", "1001").contact(udp(70));
    bench.authenticated(udp(70), &register);
    bench.drain();
    let call = Request::new("INVITE", "1001").contact(udp(70));
    bench.authenticated(udp(70), &call);
    bench.check(&[
        "> 192.0.2.70:5060 100 INVITE",
        &format!("Invite {:?} phone 1", LegId(0)),
    ]);
    // The same name from another port of that address is the trunk's: a caller may be called anything.
    let other = Peer {
        addr: "192.0.2.70:33000".parse().unwrap(),
        ..udp(70)
    };
    bench.receive(other, Request::new("MESSAGE", "1001").build());
    bench.check(&["OutOfDialog trunk 7 MESSAGE"]);
}

#[test]
fn wrong_and_stale_credentials_are_not_made_good_by_a_trunks_address() {
    let mut bench = bench();
    let register = Request::new("REGISTER", "1001").contact(udp(70));
    bench.receive(udp(70), register.build());
    bench.drain();
    let nonce = bench.nonce();
    let mut wrong = invite(udp(70));
    wrong.user = "nobody".to_owned();
    bench.receive(udp(70), wrong.signed(&nonce, 1).build());
    bench.check(&["> 192.0.2.70:5060 401 INVITE", "Rejected 401 genuine"]);
    bench.pass(301_000);
    let stale = Request::new("INVITE", "1001").contact(udp(70));
    bench.receive(udp(70), stale.signed(&nonce, 2).build());
    bench.check(&["> 192.0.2.70:5060 401 INVITE"]);
    assert!(bench.header(Name::WwwAuthenticate).contains("stale=true"));
}

#[test]
fn credentials_for_another_realm_are_none() {
    let mut bench = bench();
    let foreign =
        "Digest username=\"x\", realm=\"carrier\", nonce=\"n\", uri=\"u\", response=\"r\"";
    let request = Request::new("MESSAGE", "+34600111222").header("Authorization", foreign);
    bench.receive(udp(70), request.build());
    bench.check(&["OutOfDialog trunk 7 MESSAGE"]);
}

#[test]
fn a_trunk_may_name_our_domain_or_a_listener_and_gets_404_for_any_other_host() {
    let mut config = config();
    config.domain = "pbx.example".to_owned();
    let mut bench = Bench::with(config);
    say(&mut bench, &[(7, udp(70))]);
    for (n, (host, known)) in (1..).zip([
        ("pbx.example", true),
        ("198.51.100.1", true),
        ("198.51.100.1:5060", true),
        ("elsewhere.example", false),
    ]) {
        for method in ["INVITE", "MESSAGE"] {
            let mut request = Request::new(method, "+34600111222").contact(udp(70));
            request.uri = format!("sip:+34910000000@{host}");
            request.branch += &format!("-{n}");
            request.call_id += &format!("-{n}");
            bench.receive(udp(70), request.build());
            let lines = bench.drain();
            if known {
                assert!(lines.last().unwrap().contains("trunk 7"), "{lines:?}");
            } else {
                assert_eq!(
                    lines,
                    [
                        format!("> 192.0.2.70:5060 404 {method}"),
                        "Rejected 404".to_owned()
                    ]
                );
            }
        }
    }
}

#[test]
fn a_call_to_a_trunk_needs_no_registered_device() {
    let mut bench = Bench::new();
    let leg = LegId::outgoing(1);
    let mut to = target(udp(70));
    to.uri = "sip:+34600111222@carrier.example".into();
    assert_eq!(
        to.peer,
        Peer {
            flow: FlowId::udp(0),
            addr: udp(70).addr,
            transport: Transport::Udp
        }
    );
    bench.command(Command::Invite {
        leg,
        target: to,
        invite: invite_out(),
    });
    bench.check(&["> 192.0.2.70:5060 INVITE sip:+34600111222@carrier.example"]);
    let sent = bench.sent[0].1.clone();
    bench.receive(udp(70), response(&sent, 183, "a", Some(udp(70))));
    bench.check(&[&format!("Provisional {leg:?} 183")]);
    bench.receive(udp(70), response(&sent, 200, "a", Some(udp(70))));
    bench.check(&[&format!("Answered {leg:?} 200")]);
    bench.command(Command::Ack { leg, body: None });
    bench.check(&["> 192.0.2.70:5060 ACK sip:1002@192.0.2.70:5060"]);
    bench.bye(leg);
    bench.check(&["> 192.0.2.70:5060 BYE sip:1002@192.0.2.70:5060"]);
    let bye = bench.sent[0].1.clone();
    bench.receive(udp(70), response(&bye, 200, "a", None));
    bench.pass(64_000);
    bench.drain();
    assert_eq!(bench.stack.load(), Load::default());
}

#[test]
fn a_request_inside_a_trunks_leg_finds_it_from_another_address() {
    let mut bench = bench();
    let (leg, request) = call_in(&mut bench);
    bench.answer(leg, 200);
    bench.drain();
    let tag = bench.our_tag();
    bench.receive(udp(70), request.inside("ACK", &tag, 1).build());
    bench.drain();
    bench.receive(udp(71), request.inside("INFO", &tag, 2).build());
    bench.check(&[&format!("Request {leg:?} INFO")]);
    bench.reply(bench.asked(), 200);
    bench.check(&["> 192.0.2.71:5060 200 INFO"]);

    let (out, sent) = bench.call_out(1, udp(70));
    bench.receive(udp(70), response(&sent, 200, "a", Some(udp(70))));
    bench.command(Command::Ack {
        leg: out,
        body: None,
    });
    bench.drain();
    bench.receive(udp(72), from_callee(&sent, "BYE", "a", 1));
    bench.check(&[&format!("Request {out:?} BYE")]);
    bench.reply(bench.asked(), 200);
    bench.check(&["> 192.0.2.72:5060 200 BYE"]);
}

#[test]
fn a_leg_without_a_device_on_udp_never_goes_away() {
    let mut bench = bench();
    let (leg, request) = call_in(&mut bench);
    bench.answer(leg, 200);
    bench.drain();
    let tag = bench.our_tag();
    bench.receive(udp(70), request.inside("ACK", &tag, 1).build());
    bench.drain();
    bench.stack.handle_flow_closed(bench.now, FlowId::udp(0));
    bench.pass(86_400_000);
    bench.check(&[]);
    bench.bye(leg);
    bench.check(&["> 192.0.2.70:5060 BYE sip:+34600111222@192.0.2.70:5060"]);
}

#[test]
fn a_leg_without_a_device_is_lost_with_its_connection() {
    let mut bench = Bench::new();
    say(&mut bench, &[(7, tcp(1))]);
    let request = invite(tcp(1));
    bench.receive(tcp(1), request.build());
    bench.drain();
    let leg = LegId(0);
    bench.answer(leg, 200);
    bench.drain();
    let tag = bench.our_tag();
    bench.receive(tcp(1), request.inside("ACK", &tag, 1).build());
    bench.drain();
    bench.stack.handle_flow_closed(bench.now, tcp(1).flow);
    bench.pass(32_000);
    bench.check(&[&format!("Lost {leg:?}")]);
}
