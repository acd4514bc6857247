//! REGISTER: contacts, their life, their order.

use offhook_base::PhoneId;
use offhook_sip_core::{AccountChange, Binding, Command, Event};
use offhook_sip_message::Name;

use crate::bench::{Bench, Request, account, config, tcp, text, udp};

const KEY: &str = "contact:sip:1001@192.0.2.1:5060";

fn register() -> Request {
    Request::new("REGISTER", "1001").contact(udp(1))
}

/// Registers and returns the request that did it.
fn registered(bench: &mut Bench, request: Request) -> Request {
    bench.authenticated(udp(1), &request);
    assert_eq!(bench.drain()[0], "> 192.0.2.1:5060 200 REGISTER");
    request.again()
}

/// Sends the next REGISTER of a client, signed afresh.
fn next(bench: &mut Bench, request: &Request) -> Vec<String> {
    let request = request.again();
    bench.receive(udp(1), request.build());
    bench.drain();
    let nonce = bench.nonce();
    bench.receive(udp(1), request.signed(&nonce, 1).build());
    bench.drain()
}

#[test]
fn a_phone_registers_by_digest_and_is_told_what_is_there() {
    let mut bench = Bench::new();
    bench.authenticated(udp(1), &register());
    bench.check(&[
        "> 192.0.2.1:5060 200 REGISTER",
        &format!("Registered 1 {KEY}"),
    ]);
    assert_eq!(
        bench.header(Name::Contact),
        "<sip:1001@192.0.2.1:5060>;expires=3600"
    );
    let via = bench.header(Name::Via);
    assert!(
        via.contains(";rport=5060") && via.contains(";received=192.0.2.1"),
        "{via}"
    );
    let [binding] = bench.stack.binding(PhoneId(1)) else {
        panic!("one binding")
    };
    assert_eq!(binding.peer, udp(1));
    assert_eq!(binding.contact, "sip:1001@192.0.2.1:5060");
}

#[test]
fn rfc3261_17_2_2_copy_of_an_accepted_register_gets_the_same_answer() {
    let mut bench = Bench::new();
    bench.receive(udp(1), register().build());
    bench.drain();
    let request = register().again().signed(&bench.nonce(), 1).build();
    bench.receive(udp(1), &request);
    bench.drain();
    let first = bench.sent[0].1.raw().clone();
    bench.receive(udp(1), &request);
    bench.check(&["> 192.0.2.1:5060 200 REGISTER"]);
    assert_eq!(bench.sent[0].1.raw(), &first);
}

#[test]
fn a_refresh_is_told_too_and_lengthens_the_life() {
    let mut bench = Bench::new();
    let request = registered(&mut bench, register().header("Expires", "100"));
    bench.pass(90_000);
    bench.drain();
    let lines = next(&mut bench, &request);
    assert_eq!(
        lines,
        [
            "> 192.0.2.1:5060 200 REGISTER",
            &format!("Registered 1 {KEY}")
        ]
    );
    bench.pass(99_999);
    assert_eq!(bench.stack.binding(PhoneId(1)).len(), 1);
    bench.drain();
    bench.pass(1);
    bench.check(&[&format!("Unregistered 1 {KEY}")]);
    assert!(bench.stack.binding(PhoneId(1)).is_empty());
}

#[test]
fn a_clock_that_steps_takes_no_contact_away() {
    let mut bench = Bench::new();
    registered(&mut bench, register().header("Expires", "100"));
    bench.now.wall.0 += 86_400 * 1_000_000;
    bench.pass(50_000);
    assert_eq!(bench.stack.binding(PhoneId(1)).len(), 1);
}

#[test]
fn rfc3261_10_3_too_brief_is_refused_with_min_expires() {
    let mut bench = Bench::new();
    bench.authenticated(udp(1), &register().header("Expires", "59"));
    bench.check(&["> 192.0.2.1:5060 423 REGISTER", "Rejected 423 genuine"]);
    assert_eq!(bench.header(Name::MinExpires), "60");
}

#[test]
fn rfc3261_10_3_too_long_is_cut_and_the_contacts_own_wish_goes_first() {
    let mut bench = Bench::new();
    let contact = "<sip:1001@192.0.2.1:5060>;expires=999999999999;q=0.5";
    registered(
        &mut bench,
        register()
            .header("Contact", contact)
            .header("Expires", "60"),
    );
    assert_eq!(
        bench.header(Name::Contact),
        "<sip:1001@192.0.2.1:5060>;expires=7200"
    );
}

#[test]
fn rfc3261_10_2_2_zero_removes_and_star_removes_all() {
    let mut bench = Bench::new();
    let request = registered(&mut bench, register());
    let lines = next(&mut bench, &request.header("Expires", "0"));
    assert_eq!(
        lines,
        [
            "> 192.0.2.1:5060 200 REGISTER",
            &format!("Unregistered 1 {KEY}")
        ]
    );
    assert_eq!(bench.header(Name::Contact), "");

    let mut bench = Bench::new();
    let two = "<sip:1001@192.0.2.1:5060>, <sip:1001@192.0.2.9:5060;transport=tcp>";
    let request = registered(&mut bench, register().header("Contact", two));
    assert_eq!(bench.stack.binding(PhoneId(1)).len(), 2);
    let star = request.header("Contact", "*");
    let lines = next(&mut bench, &star.clone().header("Expires", "10"));
    assert_eq!(lines, ["> 192.0.2.1:5060 400 REGISTER", "Rejected 400"]);
    let lines = next(&mut bench, &star.again().header("Expires", "0"));
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(bench.stack.binding(PhoneId(1)).is_empty());
}

#[test]
fn rfc3261_10_3_older_request_of_the_same_call_id_changes_nothing() {
    let mut bench = Bench::new();
    let mut request = registered(&mut bench, register());
    request.cseq = 0;
    request.branch += "-old";
    let lines = next(&mut bench, &request);
    assert_eq!(
        lines,
        ["> 192.0.2.1:5060 500 REGISTER", "Rejected 500 genuine"]
    );
    // A client that started anew has another Call-ID and may count from one again.
    request.call_id = "another".to_owned();
    request.branch += "-new";
    let lines = next(&mut bench, &request);
    assert_eq!(lines[0], "> 192.0.2.1:5060 200 REGISTER");
    assert_eq!(bench.stack.binding(PhoneId(1)).len(), 1);
}

#[test]
fn rfc5626_6_a_device_that_moved_replaces_its_contact() {
    let mut bench = Bench::new();
    let instance = ";+sip.instance=\"<urn:uuid:1>\"";
    let contact = format!("<sip:1001@192.0.2.1:5060>{instance}");
    let request = registered(&mut bench, register().header("Contact", contact));
    let moved = format!("<sip:1001@192.0.2.77:5060>{instance}");
    let lines = next(&mut bench, &request.header("Contact", moved));
    let told = "Registered 1 instance:<urn:uuid:1>";
    assert_eq!(lines, ["> 192.0.2.1:5060 200 REGISTER", told]);
    let [binding] = bench.stack.binding(PhoneId(1)) else {
        panic!("one binding")
    };
    assert_eq!(binding.contact, "sip:1001@192.0.2.77:5060");
}

#[test]
fn a_phone_has_ten_contacts_and_the_eleventh_is_too_many() {
    let mut bench = Bench::new();
    for n in 0..10 {
        let mut request =
            register().header("Contact", format!("<sip:1001@192.0.2.1:{}>", 6_000 + n));
        request.call_id = format!("device-{n}");
        request.branch += &format!("-{n}");
        next(&mut bench, &request);
    }
    assert_eq!(bench.stack.binding(PhoneId(1)).len(), 10);
    let mut request = register().header("Contact", "<sip:1001@192.0.2.1:7000>");
    request.call_id = "device-11".to_owned();
    request.branch += "-11";
    let lines = next(&mut bench, &request);
    assert_eq!(
        lines,
        ["> 192.0.2.1:5060 503 REGISTER", "Rejected 503 genuine"]
    );
    assert_eq!(bench.header(Name::RetryAfter), "5");
}

#[test]
fn a_phone_registers_its_own_address_of_record_only() {
    let mut bench = Bench::new();
    let mut request = register();
    request.to = "<sip:1002@198.51.100.1>".to_owned();
    bench.authenticated(udp(1), &request);
    bench.check(&["> 192.0.2.1:5060 403 REGISTER", "Rejected 403 genuine"]);
    assert!(bench.stack.binding(PhoneId(1)).is_empty());
    assert!(bench.stack.binding(PhoneId(2)).is_empty());
}

#[test]
fn a_domain_that_is_set_is_the_only_one() {
    let mut config = config();
    config.domain = "pbx.example".to_owned();
    let mut bench = Bench::with(config);
    let mut request = register();
    request.uri = "sip:elsewhere.example".to_owned();
    bench.receive(udp(1), request.build());
    bench.check(&["> 192.0.2.1:5060 404 REGISTER", "Rejected 404"]);
    for own in ["sip:pbx.example", "sip:198.51.100.1:5060"] {
        request.uri = own.to_owned();
        request.branch += "x";
        bench.receive(udp(1), request.build());
        bench.check(&["> 192.0.2.1:5060 401 REGISTER"]);
    }
}

#[test]
fn rfc3327_5_3_path_is_kept_and_told() {
    let mut bench = Bench::new();
    let request = register()
        .header("Path", "<sip:edge.example;lr>, <sip:edge2.example;lr>")
        .header("Require", "path")
        .header("Supported", "path");
    registered(&mut bench, request);
    assert_eq!(
        bench.header(Name::Path),
        "<sip:edge.example;lr>, <sip:edge2.example;lr>"
    );
    let [binding] = bench.stack.binding(PhoneId(1)) else {
        panic!("one binding")
    };
    let path: Vec<_> = binding.path.iter().map(|path| text(path)).collect();
    assert_eq!(path, ["<sip:edge.example;lr>", "<sip:edge2.example;lr>"]);
}

#[test]
fn a_contact_that_cannot_be_called_is_refused() {
    for contact in [
        "<mailto:a@b>",
        "<tel:+34600>",
        "<",
        "*, <sip:1001@192.0.2.1>",
        "<sip:>",
    ] {
        let mut bench = Bench::new();
        bench.authenticated(udp(1), &register().header("Contact", contact));
        bench.check(&["> 192.0.2.1:5060 400 REGISTER", "Rejected 400"]);
    }
}

#[test]
fn a_connection_that_closes_takes_its_contact_along() {
    let mut bench = Bench::new();
    bench.authenticated(tcp(1), &register());
    bench.drain();
    assert_eq!(bench.stack.binding(PhoneId(1))[0].peer, tcp(1));
    bench.stack.handle_flow_closed(bench.now, tcp(2).flow);
    bench.check(&[]);
    bench.stack.handle_flow_closed(bench.now, tcp(1).flow);
    bench.check(&[&format!("Unregistered 1 {KEY}")]);
    assert!(bench.stack.binding(PhoneId(1)).is_empty());
}

#[test]
fn an_account_that_goes_takes_its_contacts_along() {
    for change in [
        AccountChange::Remove(PhoneId(1)),
        AccountChange::Put(offhook_sip_core::Account {
            enabled: false,
            ..account(1, "1001")
        }),
        AccountChange::Put(account(1, "2001")),
    ] {
        let mut bench = Bench::new();
        registered(&mut bench, register());
        bench.command(Command::Account(change));
        bench.check(&[&format!("Unregistered 1 {KEY}")]);
    }
    let mut bench = Bench::new();
    registered(&mut bench, register());
    bench.command(Command::Account(AccountChange::Put(account(1, "1001"))));
    bench.check(&[]);
}

#[test]
fn contacts_survive_a_restart_as_json_but_not_those_on_connections() {
    let mut bench = Bench::new();
    let odd = b"<sip:100\xe9@192.0.2.1:5060>";
    let mut latin = register().build().into_bytes();
    let at = latin
        .windows(26)
        .position(|w| w == b"<sip:1001@192.0.2.1:5060>\r")
        .unwrap();
    latin.splice(at..at + 25, odd.iter().copied());
    // Sign by hand: the digest does not cover the contact.
    bench.receive(udp(1), &latin);
    bench.drain();
    let nonce = bench.nonce();
    let line = register().signed(&nonce, 1).headers["Authorization"].clone();
    let text_end = latin.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    let mut signed = latin[..text_end].to_vec();
    signed.extend_from_slice(format!("\r\nAuthorization: {line}\r\n\r\n").as_bytes());
    bench.receive(udp(1), &signed);
    bench.drain();
    let Some(Event::Registered { binding, .. }) = bench.events.last() else {
        panic!("registered")
    };
    let json = serde_json::to_string(binding).unwrap();
    let stored: Binding = serde_json::from_str(&json).unwrap();
    assert_eq!(&stored, binding);
    assert_eq!(&stored.contact[..], b"sip:100\xe9@192.0.2.1:5060");

    let mut after = Bench::new();
    let mut gone = stored.clone();
    gone.expires_at = after.now.wall;
    let mut on_tcp = stored.clone();
    on_tcp.peer = tcp(3);
    after.command(Command::Restore(vec![
        (PhoneId(1), stored.clone()),
        (PhoneId(2), gone),
        (PhoneId(2), on_tcp),
        (PhoneId(9), stored.clone()),
    ]));
    let key = &stored.key;
    let lines = after.drain();
    assert_eq!(
        lines,
        [2, 2, 9].map(|phone| format!("Unregistered {phone} {key}"))
    );
    assert_eq!(
        after.stack.binding(PhoneId(1)),
        std::slice::from_ref(&stored)
    );
    after.pass(3_600_000);
    after.check(&[&format!("Unregistered 1 {key}")]);
}

#[test]
fn a_request_that_requires_what_we_do_not_know_is_refused() {
    let mut bench = Bench::new();
    bench.receive(
        udp(1),
        register().header("Require", "path, gruu, outbound").build(),
    );
    bench.check(&["> 192.0.2.1:5060 420 REGISTER", "Rejected 420"]);
    let (_, last) = bench.sent.last().unwrap();
    assert_eq!(
        last.view().header_named("Unsupported"),
        Some(b"gruu, outbound".as_slice())
    );
}
