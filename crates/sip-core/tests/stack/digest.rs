//! Digest: who gets in, and what those are told who do not.

use offhook_base::PhoneId;
use offhook_sip_core::{DigestAlgorithm, ha1};
use offhook_sip_message::Name;
use sha2::{Digest, Sha256};

use crate::bench::{Bench, REALM, Request, config, md5_hex, nonce_of, text, udp};

fn register() -> Request {
    Request::new("REGISTER", "1001").contact(udp(1))
}

fn challenged(bench: &mut Bench, request: &Request) -> String {
    bench.receive(udp(1), request.build());
    bench.check(&[&format!("> 192.0.2.1:5060 401 {}", request.method)]);
    bench.nonce()
}

const OK: &str = "> 192.0.2.1:5060 200 REGISTER";
const NO: &str = "> 192.0.2.1:5060 401 REGISTER";

#[test]
fn the_challenge_names_realm_algorithm_and_qop() {
    let mut bench = Bench::new();
    challenged(&mut bench, &register());
    let challenge = bench.header(Name::WwwAuthenticate);
    assert!(
        challenge.starts_with("Digest realm=\"offhook\", nonce=\""),
        "{challenge}"
    );
    assert!(
        challenge.ends_with("\", algorithm=MD5, qop=\"auth\""),
        "{challenge}"
    );
}

#[test]
fn unknown_user_and_wrong_password_are_answered_alike() {
    let mut bench = Bench::new();
    let mut answers = Vec::new();
    for (user, wrong) in [("1001", true), ("7777", false), ("100\u{e9}", false)] {
        let mut request = Request::new("REGISTER", user).contact(udp(1));
        request.branch = "z9hG4bK-same".to_owned();
        request.call_id = "same".to_owned();
        request.from_tag = "same".to_owned();
        bench.receive(udp(1), request.build());
        bench.drain();
        let nonce = bench.nonce();
        let mut signed = request.signed(&nonce, 1);
        if wrong {
            let value = signed.headers["Authorization"].replace("response=\"", "response=\"0");
            signed = signed.header("Authorization", value);
        }
        bench.receive(udp(1), signed.build());
        bench.check(&[NO, "Rejected 401 genuine"]);
        let nonce = bench.nonce();
        let answer = text(bench.sent[0].1.raw())
            .replace(&nonce, "")
            .replace(user, "");
        answers.push(answer);
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
}

#[test]
fn disabled_account_is_answered_like_an_unknown_one() {
    let mut bench = Bench::new();
    let account = crate::bench::account(1, "1001");
    let account = offhook_sip_core::Account {
        enabled: false,
        ..account
    };
    let change = offhook_sip_core::AccountChange::Put(account);
    bench.command(offhook_sip_core::Command::Account(change));
    let nonce = challenged(&mut bench, &register());
    bench.receive(udp(1), register().signed(&nonce, 1).build());
    bench.check(&[NO, "Rejected 401 genuine"]);
}

#[test]
fn rfc7616_3_4_a_count_is_good_once() {
    let mut bench = Bench::new();
    let nonce = challenged(&mut bench, &register());
    let mut request = register();
    let mut send = |count: u32, expect: &str| {
        request = request.again();
        request.branch += "-";
        bench.receive(udp(1), request.clone().signed(&nonce, count).build());
        assert_eq!(bench.drain()[0], expect, "nc {count}");
        bench.header(Name::WwwAuthenticate)
    };
    send(1, OK);
    let challenge = send(1, NO);
    assert!(challenge.ends_with(", stale=true"), "{challenge}");
    send(3, OK);
    send(2, OK);
    send(2, NO);
    send(3, NO);
    send(4, OK);
}

#[test]
fn an_old_nonce_is_stale_and_the_right_password_is_told_so() {
    let mut bench = Bench::new();
    let nonce = challenged(&mut bench, &register());
    bench.pass(300_001);
    bench.receive(udp(1), register().again().signed(&nonce, 1).build());
    bench.check(&[NO]);
    assert!(bench.header(Name::WwwAuthenticate).contains("stale=true"));
    let fresh = bench.nonce();
    bench.receive(udp(1), register().again().again().signed(&fresh, 1).build());
    assert_eq!(bench.drain()[0], OK);
}

#[test]
fn a_nonce_of_ours_only_and_of_the_same_address() {
    let mut bench = Bench::new();
    bench.receive(udp(1), register().signed("0123456789abcdef", 1).build());
    bench.check(&[NO]);
    assert!(bench.header(Name::WwwAuthenticate).contains("stale=true"));
    bench.receive(udp(9), register().build());
    bench.drain();
    let elsewhere = bench.nonce();
    bench.receive(udp(1), register().again().signed(&elsewhere, 1).build());
    bench.check(&[NO]);
    assert!(bench.stack.binding(PhoneId(1)).is_empty());
}

#[test]
fn another_phones_nonce_is_not_good_for_this_one() {
    let mut bench = Bench::new();
    let nonce = challenged(&mut bench, &register());
    bench.receive(udp(1), register().again().signed(&nonce, 1).build());
    assert_eq!(bench.drain()[0], OK);
    let other = Request::new("REGISTER", "1002").contact(udp(1));
    bench.receive(udp(1), other.signed(&nonce, 2).build());
    bench.check(&[NO]);
    assert!(bench.stack.binding(PhoneId(2)).is_empty());
}

#[test]
fn rfc2069_credentials_without_qop_are_good_once() {
    let mut bench = Bench::new();
    let nonce = challenged(&mut bench, &register());
    let legacy = |request: Request| {
        let ha1 = md5_hex(&["1001", REALM, "secret"]);
        let ha2 = md5_hex(&["REGISTER", &request.uri]);
        let response = md5_hex(&[&ha1, &nonce, &ha2]);
        let value = format!(
            "Digest username=\"1001\",realm=\"{REALM}\",nonce=\"{nonce}\",uri=\"{}\",response=\"{response}\"",
            request.uri
        );
        request.header("Authorization", value)
    };
    bench.receive(udp(1), legacy(register().again()).build());
    assert_eq!(bench.drain()[0], OK);
    bench.receive(udp(1), legacy(register().again().again()).build());
    bench.check(&[NO]);
    assert!(bench.header(Name::WwwAuthenticate).contains("stale=true"));
}

#[test]
fn the_uri_signed_is_the_one_asked_for_but_a_gateway_may_have_written_another_host() {
    let signed = |uri: &str, asked: &str| {
        let mut bench = Bench::new();
        let mut request = Request::new("INVITE", "1001").contact(udp(1));
        let nonce = challenged(&mut bench, &request);
        request.uri = uri.to_owned();
        let mut request = request.again().signed(&nonce, 1);
        request.uri = asked.to_owned();
        bench.receive(udp(1), request.build());
        bench.drain()[0] == "> 192.0.2.1:5060 100 INVITE"
    };
    assert!(signed("sip:1002@198.51.100.1", "sip:1002@198.51.100.1"));
    assert!(signed("sip:1002@198.51.100.1", "sip:1002@10.1.1.1:5080"));
    assert!(!signed("sip:1003@198.51.100.1", "sip:1002@198.51.100.1"));
    assert!(!signed("sip:1002@evil.example", "sip:1002@198.51.100.1"));
    assert!(!signed("nonsense", "sip:1002@198.51.100.1"));
}

#[test]
fn every_method_but_options_wants_credentials() {
    let mut bench = Bench::new();
    for method in ["INVITE", "REGISTER"] {
        bench.receive(udp(1), Request::new(method, "1001").contact(udp(1)).build());
        bench.check(&[&format!("> 192.0.2.1:5060 401 {method}")]);
    }
    bench.receive(udp(1), Request::new("OPTIONS", "1001").build());
    bench.check(&["> 192.0.2.1:5060 200 OPTIONS"]);
    assert_eq!(
        bench.stack.next_timeout(),
        None,
        "nothing is kept of strangers"
    );
}

#[test]
fn rfc8760_2_4_one_challenge_for_each_algorithm_and_either_is_good() {
    let mut config = config();
    config.algorithms = vec![DigestAlgorithm::Sha256, DigestAlgorithm::Md5];
    let mut bench = Bench::with(config);
    bench.receive(udp(1), register().build());
    bench.check(&[NO]);
    let view = bench.sent[0].1.view();
    let challenges: Vec<_> = view.headers(Name::WwwAuthenticate).map(text).collect();
    assert!(
        challenges[0].contains("algorithm=SHA-256"),
        "{challenges:?}"
    );
    assert!(challenges[1].contains("algorithm=MD5"), "{challenges:?}");
    let nonce = nonce_of(&challenges[0]);
    bench.receive(udp(1), sha256_signed(register().again(), &nonce, 1).build());
    assert_eq!(bench.drain()[0], OK);
    bench.receive(udp(1), register().again().again().signed(&nonce, 2).build());
    assert_eq!(bench.drain()[0], OK);
}

#[test]
fn an_algorithm_that_was_not_offered_is_not_good() {
    let mut bench = Bench::new();
    let nonce = challenged(&mut bench, &register());
    bench.receive(udp(1), sha256_signed(register().again(), &nonce, 1).build());
    bench.check(&[NO, "Rejected 401 genuine"]);

    let mut config = config();
    config.algorithms = vec![DigestAlgorithm::Sha256];
    let mut bench = Bench::with(config);
    let nonce = challenged(&mut bench, &register());
    bench.receive(udp(1), register().again().signed(&nonce, 1).build());
    bench.check(&[NO, "Rejected 401 genuine"]);
    let mut sess = register().again().signed(&nonce, 1);
    let value = sess.headers["Authorization"].replace("algorithm=MD5", "algorithm=MD5-sess");
    sess = sess.header("Authorization", value);
    bench.receive(udp(1), sess.build());
    bench.check(&[NO, "Rejected 401 genuine"]);
}

#[test]
fn credentials_for_another_realm_are_none() {
    let mut bench = Bench::new();
    let nonce = challenged(&mut bench, &register());
    let request = register().again().signed(&nonce, 1);
    let value = request.headers["Authorization"].replace(REALM, "elsewhere");
    bench.receive(udp(1), request.header("Authorization", value).build());
    bench.check(&[NO]);
}

fn sha256_signed(request: Request, nonce: &str, count: u32) -> Request {
    let hash = |parts: &[&str]| -> String {
        Sha256::digest(parts.join(":"))
            .iter()
            .map(|octet| format!("{octet:02x}"))
            .collect()
    };
    let stored = ha1(DigestAlgorithm::Sha256, &request.user, REALM, "secret");
    let ha2 = hash(&[&request.method, &request.uri]);
    let nc = format!("{count:08x}");
    let response = hash(&[&stored, nonce, &nc, "abc", "auth", &ha2]);
    let value = format!(
        "Digest username=\"{}\", realm=\"{REALM}\", nonce=\"{nonce}\", uri=\"{}\", \
         response=\"{response}\", algorithm=SHA-256, cnonce=\"abc\", qop=auth, nc={nc}",
        request.user, request.uri
    );
    request.header("Authorization", value)
}

#[test]
fn a_wrong_password_is_genuine_only_when_it_answers_a_nonce_given_to_its_source() {
    let wrong = |request: Request| {
        let value = request.headers["Authorization"].replace("response=\"", "response=\"0");
        request.header("Authorization", value)
    };
    let mut bench = Bench::new();
    let made_up = register().signed("0123456789abcdef", 1);
    bench.receive(udp(1), wrong(made_up).build());
    bench.check(&[NO, "Rejected 401"]);

    bench.receive(udp(9), register().again().build());
    bench.drain();
    let of_another = register().again().signed(&bench.nonce(), 1);
    bench.receive(udp(1), wrong(of_another).build());
    bench.check(&[NO, "Rejected 401"]);

    let nonce = challenged(&mut bench, &register());
    let own = register().again().signed(&nonce, 1);
    bench.receive(udp(1), wrong(own).build());
    bench.check(&[NO, "Rejected 401 genuine"]);
}

#[test]
fn a_made_up_or_old_nonce_does_not_tell_whether_the_password_is_right() {
    let mut bench = Bench::new();
    let old = challenged(&mut bench, &register());
    bench.pass(300_001);
    for nonce in ["0123456789abcdef", &old] {
        let mut answers = Vec::new();
        for spoil in ["response=\"", "response=\"0"] {
            let request = register().signed(nonce, 1);
            let value = request.headers["Authorization"].replace("response=\"", spoil);
            bench.receive(udp(1), request.header("Authorization", value).build());
            bench.drain();
            assert!(bench.header(Name::WwwAuthenticate).contains("stale=true"));
            let fresh = bench.nonce();
            answers.push(text(bench.sent[0].1.raw()).replace(&fresh, ""));
        }
        assert_eq!(answers[0], answers[1]);
    }
}
