//! Requests outside any dialog, and what is no request at all.

use offhook_sip_core::{Command, StackConfig};
use offhook_sip_message::Name;

use crate::bench::{Bench, Request, config, text, udp};

#[test]
fn rfc3261_11_options_is_answered_to_anybody_without_state() {
    let mut bench = Bench::new();
    let request = Request::new("OPTIONS", "stranger").header("Max-Forwards", "0");
    bench.receive(udp(1), request.build());
    bench.check(&["> 192.0.2.1:5060 200 OPTIONS"]);
    assert_eq!(
        bench.header(Name::Allow),
        "ACK, BYE, CANCEL, INFO, INVITE, MESSAGE, NOTIFY, OPTIONS, REFER, REGISTER, SUBSCRIBE, UPDATE"
    );
    assert_eq!(bench.stack.next_timeout(), None);
}

#[test]
fn rfc3261_8_2_1_known_but_not_taken_is_405_and_unknown_501() {
    let mut bench = Bench::new();
    for method in ["PUBLISH", "PRACK"] {
        bench.receive(udp(1), Request::new(method, "1001").build());
        bench.check(&[&format!("> 192.0.2.1:5060 405 {method}"), "Rejected 405"]);
        assert!(bench.header(Name::Allow).contains("INVITE"));
    }
    bench.receive(udp(1), Request::new("BREW", "1001").build());
    bench.check(&["> 192.0.2.1:5060 501 ", "Rejected 501"]);
}

#[test]
fn what_needs_a_dialog_and_has_none_is_481() {
    let mut bench = Bench::new();
    for method in ["BYE", "UPDATE", "INFO", "NOTIFY"] {
        bench.receive(udp(1), Request::new(method, "1001").build());
        bench.check(&[&format!("> 192.0.2.1:5060 481 {method}"), "Rejected 481"]);
    }
}

#[test]
fn a_method_that_the_owner_takes_reaches_it_once_its_sender_is_known() {
    let mut bench = Bench::new();
    let request = Request::new("MESSAGE", "1001");
    bench.authenticated(udp(1), &request);
    bench.check(&["OutOfDialog phone 1 MESSAGE"]);
    bench.reply(bench.asked(), 202);
    bench.check(&["> 192.0.2.1:5060 202 MESSAGE"]);
    assert_eq!(bench.our_tag().len(), 16);
    bench.pass(32_000);
    assert_eq!(bench.stack.next_timeout(), None);
}

#[test]
fn a_message_to_a_host_that_is_not_ours_is_404() {
    let mut config = config();
    config.domain = "pbx.example".to_owned();
    let mut bench = Bench::with(config);
    for (host, status) in [
        ("pbx.example", 401),
        ("198.51.100.1", 401),
        ("elsewhere.example", 404),
    ] {
        let mut request = Request::new("MESSAGE", "1001");
        request.uri = format!("sip:1002@{host}");
        bench.receive(udp(1), request.build());
        let lines = bench.drain();
        assert_eq!(
            lines[0],
            format!("> 192.0.2.1:5060 {status} MESSAGE"),
            "{host}"
        );
    }
}

#[test]
fn rfc3261_8_1_1_missing_mandatory_headers_are_400() {
    let good = Request::new("INVITE", "1001").contact(udp(1)).build();
    for (line, fault) in [
        ("Call-ID: call-INVITE-1001\r\n", "Missing Call-ID"),
        (
            "From: <sip:1001@198.51.100.1>;tag=from-1001\r\n",
            "Missing or Bad From",
        ),
        ("To: <sip:1002@198.51.100.1>\r\n", "Missing or Bad To"),
        ("CSeq: 1 INVITE\r\n", "Missing or Bad CSeq"),
    ] {
        let mut bench = Bench::new();
        assert!(good.contains(line));
        bench.receive(udp(1), good.replace(line, ""));
        let lines = bench.drain();
        assert!(
            lines[0].starts_with("> 192.0.2.1:5060 400"),
            "{line}: {lines:?}"
        );
        assert_eq!(
            bench.sent[0].1.view().reason().map(text).as_deref(),
            Some(fault)
        );
    }
    for (cseq, fault) in [
        ("CSeq: 1 BYE\r\n", "CSeq Does Not Match Method"),
        ("CSeq: 2147483648 INVITE\r\n", "CSeq Too High"),
        ("CSeq: x INVITE\r\n", "Missing or Bad CSeq"),
    ] {
        let mut bench = Bench::new();
        bench.receive(udp(1), good.replace("CSeq: 1 INVITE\r\n", cseq));
        bench.drain();
        assert_eq!(
            bench.sent[0].1.view().reason().map(text).as_deref(),
            Some(fault)
        );
    }
}

#[test]
fn what_cannot_be_answered_is_dropped() {
    let mut bench = Bench::new();
    let good = Request::new("INVITE", "1001").contact(udp(1)).build();
    let via = good.lines().nth(1).unwrap().to_owned() + "\r\n";
    for bad in [
        good.replace(&via, ""),
        good.replace("INVITE", "ACK").replace("Call-ID", "X"),
        String::new(),
        "\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\n\r\n".to_owned(),
        "\0\u{1}\u{2}".to_owned(),
    ] {
        bench.receive(udp(1), bad);
        bench.check(&[]);
    }
}

#[test]
fn a_datagram_shorter_than_it_says_is_400() {
    let mut bench = Bench::new();
    let good = Request::new("INVITE", "1001").contact(udp(1)).build();
    bench.receive(
        udp(1),
        good.replace("Content-Length: 0", "Content-Length: 10"),
    );
    bench.check(&["> 192.0.2.1:5060 400 INVITE", "Rejected 400"]);
    bench.receive(
        udp(1),
        good.replace(
            "sip:1002@198.51.100.1 SIP/2.0",
            "sip:1002@198.51.100.1 SIP/7.0",
        ),
    );
    bench.check(&["> 192.0.2.1:5060 505 INVITE", "Rejected 505"]);
    let ack = good
        .replace("INVITE", "ACK")
        .replace("Content-Length: 0", "Content-Length: 10");
    bench.receive(udp(1), ack);
    bench.check(&[]);
}

#[test]
fn rfc3261_16_3_no_hop_left_is_483() {
    let mut bench = Bench::new();
    bench.receive(
        udp(1),
        Request::new("INVITE", "1001")
            .header("Max-Forwards", "0")
            .build(),
    );
    bench.check(&["> 192.0.2.1:5060 483 INVITE", "Rejected 483"]);
}

#[test]
fn rfc3261_8_2_2_1_a_scheme_that_is_not_ours_is_416() {
    let mut bench = Bench::new();
    let with_uri = |method: &str, uri: &str| {
        let mut request = Request::new(method, "1001").contact(udp(1));
        request.uri = uri.to_owned();
        request.build()
    };
    bench.receive(udp(1), with_uri("INVITE", "http://x"));
    bench.check(&["> 192.0.2.1:5060 416 INVITE", "Rejected 416"]);
    bench.receive(udp(1), with_uri("REGISTER", "tel:+34600"));
    bench.check(&["> 192.0.2.1:5060 416 REGISTER", "Rejected 416"]);
    bench.receive(udp(1), with_uri("INVITE", "tel:+34600"));
    bench.check(&["> 192.0.2.1:5060 401 INVITE"]);
    bench.receive(udp(1), with_uri("MESSAGE", "tel:+34600"));
    bench.check(&["> 192.0.2.1:5060 401 MESSAGE"]);
    bench.receive(udp(1), with_uri("INVITE", "sip:"));
    bench.check(&["> 192.0.2.1:5060 400 INVITE", "Rejected 400"]);
}

#[test]
fn rfc3261_8_2_2_3_extension_that_we_do_not_know_is_420() {
    let mut bench = Bench::new();
    let request = Request::new("INVITE", "1001")
        .contact(udp(1))
        .header("Require", "100rel");
    bench.receive(udp(1), request.build());
    bench.check(&["> 192.0.2.1:5060 420 INVITE", "Rejected 420"]);
    let view = bench.sent[0].1.view();
    assert_eq!(view.header_named("Unsupported"), Some(b"100rel".as_slice()));
}

#[test]
fn rfc3581_4_answers_go_where_the_request_came_from() {
    let mut bench = Bench::new();
    bench.receive(udp(77), Request::new("OPTIONS", "1001").build());
    bench.check(&["> 192.0.2.77:5060 200 OPTIONS"]);
    let via = bench.header(Name::Via);
    assert!(via.contains("10.0.0.1:5060"), "{via}");
    assert!(
        via.contains(";rport=5060") && via.contains(";received=192.0.2.77"),
        "{via}"
    );
}

#[test]
fn commands_for_what_is_not_there_are_ignored() {
    let mut bench = Bench::new();
    let leg = offhook_sip_core::LegId(4);
    bench.answer(leg, 200);
    bench.bye(leg);
    bench.reply(offhook_sip_core::TxId(2), 200);
    bench.command(Command::Ack { leg, body: None });
    bench.command(Command::Cancel { leg, reason: None });
    bench.command(Command::Drop { leg });
    bench.check(&[]);
    assert_eq!(bench.stack.next_timeout(), None);
}

#[test]
fn the_same_seed_and_inputs_give_the_same_octets() {
    let run = |seed: u8| {
        let config = StackConfig {
            seed: offhook_base::Secret::new([seed; 32]),
            ..config()
        };
        let mut bench = Bench::with(config);
        let (leg, _) = bench.call_in(udp(1));
        bench.answer(leg, 200);
        bench.drain();
        let answer = bench.sent[0].1.raw().clone();
        (answer, bench.call_out(1, udp(2)).1.raw().clone())
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}
