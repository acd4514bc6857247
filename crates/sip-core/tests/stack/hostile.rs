//! Octets from strangers and commands at random: nothing panics, and nothing is left behind.

use offhook_sip_core::{Command, LegId, Load, TxId};
use offhook_sip_message::Message;
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng, SeedableRng};

use crate::bench::{Bench, Request, config, from_callee, response, tcp, udp};

const ROUNDS: u32 = 100_000;

/// Messages that mean something to the calls that are up.
fn corpus(bench: &mut Bench) -> Vec<Vec<u8>> {
    let (incoming, invite) = bench.call_in(udp(1));
    bench.answer(incoming, 200);
    bench.drain();
    let tag = bench.our_tag();
    let (ringing, out) = bench.call_out(1, udp(2));
    let (answered, out2) = bench.call_out(2, udp(2));
    bench.receive(udp(2), response(&out2, 200, "z", Some(udp(2))));
    bench.command(Command::Ack {
        leg: answered,
        body: None,
    });
    bench.ask(answered, TxId::outgoing(1), "INVITE");
    bench.drain();
    let reinvite = bench.sent.last().unwrap().1.clone();
    assert!(ringing.is_outgoing());
    let mut all: Vec<String> = vec![
        Request::new("REGISTER", "1001").contact(udp(1)).build(),
        Request::new("REGISTER", "1001")
            .header("Contact", "*")
            .header("Expires", "0")
            .build(),
        Request::new("OPTIONS", "1001").build(),
        Request::new("INVITE", "1001")
            .contact(udp(1))
            .sdp()
            .signed("00", 1)
            .build(),
        invite.build(),
        invite.same_branch("CANCEL").build(),
        invite.same_branch("ACK").build(),
        from_callee(&out2, "BYE", "z", 9),
        from_callee(&out2, "INVITE", "z", 7),
    ];
    for (cseq, method) in ["ACK", "INFO", "INVITE", "UPDATE", "OPTIONS", "BYE"]
        .iter()
        .enumerate()
    {
        all.push(
            invite
                .inside(method, &tag, cseq as u32 + 2)
                .contact(udp(1))
                .sdp()
                .build(),
        );
    }
    for request in [&out, &out2, &reinvite] {
        for status in [100, 180, 200, 302, 401, 486, 699] {
            all.push(response(request, status, "z", Some(udp(2))));
        }
    }
    all.into_iter().map(String::into_bytes).collect()
}

fn below(rng: &mut ChaCha12Rng, limit: usize) -> usize {
    (rng.next_u32() as usize) % limit.max(1)
}

fn mutate(rng: &mut ChaCha12Rng, message: &mut Vec<u8>) {
    const SPICE: [&[u8]; 14] = [
        b"\r\n",
        b"\0",
        b";tag=",
        b",",
        b"<",
        b">",
        b"\"",
        b"%00",
        b"z9hG4bK",
        b"*",
        b"4294967296",
        b"Contact: *\r\n",
        b"\xff\xfe",
        b"sip:",
    ];
    for _ in 0..=below(rng, 3) {
        let at = below(rng, message.len());
        match below(rng, 6) {
            0 => message[at] = rng.next_u32() as u8,
            1 => message.truncate(at.max(1)),
            2 => {
                let spice = SPICE[below(rng, SPICE.len())];
                message.splice(at..at, spice.iter().copied());
            }
            3 => {
                let end = (at + below(rng, 40)).min(message.len());
                message.drain(at..end);
                if message.is_empty() {
                    message.push(b'x');
                }
            }
            4 => {
                let end = (at + below(rng, 200)).min(message.len());
                let copy = message[at..end].to_vec();
                message.splice(at..at, copy);
            }
            _ => {
                let other = below(rng, message.len());
                message.swap(at, other);
            }
        }
    }
}

#[test]
fn a_hundred_thousand_mutated_messages_into_live_calls_do_no_harm() {
    let mut bench = Bench::new();
    let corpus = corpus(&mut bench);
    let mut rng = ChaCha12Rng::seed_from_u64(42);
    let mut replies = 0_u32;
    for round in 0..ROUNDS {
        let mut message = corpus[below(&mut rng, corpus.len())].clone();
        if round % 16 > 0 {
            mutate(&mut rng, &mut message);
        }
        let peer = if below(&mut rng, 4) == 0 {
            tcp(1)
        } else {
            udp(below(&mut rng, 4) as u8)
        };
        bench.receive(peer, &message);
        if round % 50 == 0 {
            bench.pass(u64::from(rng.next_u32() % 2_000));
        }
        if round % 1_000 == 0 {
            bench.stack.handle_flow_closed(bench.now, tcp(1).flow);
        }
        bench.drain();
        replies += bench.sent.len() as u32;
        for (_, sent) in &bench.sent {
            assert!(sent.view().top_via().is_some());
        }
    }
    assert!(
        replies > ROUNDS / 10,
        "the messages reach the machines: {replies}"
    );
    bench.pass(400_000);
    bench.drain();
}

#[test]
fn an_owner_that_answers_at_random_does_no_harm() {
    let mut bench = Bench::new();
    let corpus = corpus(&mut bench);
    let mut rng = ChaCha12Rng::seed_from_u64(7);
    for n in 0..20_000_u64 {
        let mut message = corpus[below(&mut rng, corpus.len())].clone();
        if n % 2 == 0 {
            mutate(&mut rng, &mut message);
        }
        bench.receive(udp(1), &message);
        let leg = LegId(u64::from(rng.next_u32() % 8));
        let status = [180, 200, 486, 99, 700][below(&mut rng, 5)];
        match below(&mut rng, 8) {
            0 => bench.answer(leg, status),
            1 => bench.bye(leg),
            2 => bench.command(Command::Ack { leg, body: None }),
            3 => bench.command(Command::Cancel { leg, reason: None }),
            4 => bench.ask(
                leg,
                TxId::outgoing(n),
                ["INVITE", "UPDATE", "BYE", "ACK"][below(&mut rng, 4)],
            ),
            5 => bench.reply(TxId(u64::from(rng.next_u32() % 64)), status),
            6 => bench.command(Command::Drop { leg }),
            _ => {
                let (target, invite) = (crate::bench::target(udp(2)), crate::bench::invite_out());
                bench.command(Command::Invite {
                    leg,
                    target,
                    invite,
                });
            }
        }
        if n % 20 == 0 {
            bench.pass(u64::from(rng.next_u32() % 5_000));
        }
        bench.drain();
    }
    for n in 0..40_000 {
        bench.command(Command::Drop { leg: LegId(n) });
    }
    bench.pass(7_200_000);
    bench.drain();
    assert_eq!(
        bench.stack.next_timeout(),
        None,
        "all timers run out in the end"
    );
    assert_eq!(bench.stack.load(), Load::default(), "nothing is left");
}

#[test]
fn strangers_leave_nothing_behind() {
    let mut bench = Bench::new();
    for n in 0..2_000 {
        let mut request = Request::new(["INVITE", "REGISTER", "OPTIONS"][n % 3], "9999");
        request.branch = format!("z9hG4bK-{n}");
        request.call_id = format!("flood-{n}");
        let request = request.contact(udp(1));
        bench.receive(udp(1), request.build());
        let lines = bench.drain();
        assert_eq!(lines.len(), 1);
        let (asked, sent) = (request.build().len(), bench.sent[0].1.raw().len());
        assert!(
            sent <= 2 * asked,
            "no amplification: {asked} in, {sent} out"
        );
        bench.receive(udp(1), request.signed("00", 1).build());
        bench.drain();
        assert!(bench.sent.len() <= 1);
    }
    assert_eq!(bench.stack.next_timeout(), None);
}

#[test]
fn a_full_table_refuses_what_is_new_and_keeps_what_is_there() {
    let mut config = config();
    config.limits.transactions = 4;
    let mut bench = Bench::with(config);
    let (leg, invite) = bench.call_in(udp(1));
    bench.answer(leg, 200);
    bench.drain();
    let tag = bench.our_tag();
    bench.receive(udp(1), invite.inside("ACK", &tag, 2).build());
    let mut answers: Vec<String> = Vec::new();
    for cseq in 3..9 {
        bench.receive(udp(1), invite.inside("INFO", &tag, cseq).build());
        answers.extend(bench.drain());
    }
    assert_eq!(
        answers
            .iter()
            .filter(|line| line.contains("503 INFO"))
            .count(),
        3,
        "{answers:?}"
    );
    bench.receive(udp(1), invite.inside("BYE", &tag, 20).build());
    bench.check(&[&format!("Request {leg:?} BYE")]);
}

#[test]
fn many_to_tags_do_not_grow_without_a_bound() {
    let mut bench = Bench::new();
    let (_, invite): (LegId, Message) = bench.call_out(1, udp(2));
    let mut told = 0;
    for n in 0..100 {
        bench.receive(
            udp(2),
            response(&invite, 180, &format!("tag-{n}"), Some(udp(2))),
        );
        told += bench.drain().len();
    }
    assert_eq!(told, 16);
    let mut acks = 0;
    for n in 0..100 {
        bench.receive(
            udp(2),
            response(&invite, 200, &format!("tag-{n}"), Some(udp(2))),
        );
        acks += bench
            .drain()
            .iter()
            .filter(|line| line.contains(" ACK "))
            .count();
    }
    assert_eq!(acks, 15);
}
