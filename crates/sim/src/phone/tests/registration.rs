//! A phone against answers written by hand.

use std::time::Duration;

use offhook_base::Mono;
use offhook_sip_message::{AuthParams, Framing, Index, Name, View, Writer};

use super::world::config;
use crate::phone::{Output, Phone, PhoneEvent, Rule};

/// The first datagram the phone wants to send, and the events before it.
fn sent(phone: &mut Phone) -> (Vec<PhoneEvent>, Option<Vec<u8>>) {
    let mut events = Vec::new();
    while let Some(output) = phone.poll_output() {
        match output {
            Output::Event(event) => events.push(event),
            Output::Send { bytes, .. } => return (events, Some(bytes)),
        }
    }
    (events, None)
}

fn answer(phone: &mut Phone, now: Mono, request: &[u8], status: u16, headers: &[(&str, &str)]) {
    let index = Index::parse(request, Framing::Datagram).unwrap();
    let view = View::new(request, &index);
    let mut bytes = Vec::new();
    let server = phone.config().server;
    let mut writer = Writer::respond(
        &mut bytes,
        view,
        status,
        b"x",
        Some("srv"),
        Some(phone.config().local),
    );
    for (name, value) in headers {
        writer.header(name, value);
    }
    writer.finish(None);
    phone.handle_datagram(now, server, &bytes);
}

fn header(request: &[u8], name: Name) -> Option<String> {
    let index = Index::parse(request, Framing::Datagram).unwrap();
    View::new(request, &index)
        .header(name)
        .map(|value| String::from_utf8(value.to_vec()).unwrap())
}

fn credential(request: &[u8], name: &str) -> String {
    let value = header(request, Name::Authorization).expect("credentials");
    let value = AuthParams::parse(value.as_bytes())
        .unwrap()
        .get(name)
        .unwrap()
        .into_owned();
    String::from_utf8(value).unwrap()
}

const CHALLENGE: (&str, &str) = (
    "WWW-Authenticate",
    "Digest realm=\"offhook\", nonce=\"n1\", qop=\"auth\", algorithm=MD5",
);
const BOUND: (&str, &str) = ("Contact", "<sip:alice@192.0.2.1:5060>;expires=120");

/// Registered with nonce n1; the time is zero.
fn registered() -> Phone {
    let mut phone = Phone::new(config("alice", 1, 2, 1));
    phone.register(Mono(0));
    let (_, first) = sent(&mut phone);
    let first = first.unwrap();
    assert_eq!(header(&first, Name::Authorization), None);
    answer(&mut phone, Mono(0), &first, 401, &[CHALLENGE]);
    let (_, second) = sent(&mut phone);
    let second = second.unwrap();
    assert_eq!(credential(&second, "nc"), "00000001");
    assert_eq!(header(&second, Name::CallId), header(&first, Name::CallId));
    assert_eq!(header(&second, Name::CSeq).as_deref(), Some("2 REGISTER"));
    answer(&mut phone, Mono(0), &second, 200, &[BOUND]);
    assert_eq!(
        sent(&mut phone),
        (vec![PhoneEvent::Registered { expires: 120 }], None)
    );
    phone
}

/// Lets time pass until the phone sends something new.
fn next_request(phone: &mut Phone) -> (Mono, Vec<u8>) {
    loop {
        let at = phone.next_timeout().expect("something is due");
        phone.handle_timeout(at);
        if let (_, Some(bytes)) = sent(phone) {
            return (at, bytes);
        }
    }
}

#[test]
fn a_phone_answers_a_challenge_and_refreshes_with_the_same_nonce() {
    let mut phone = registered();
    let (at, refresh) = next_request(&mut phone);
    assert_eq!(
        at - Mono(0),
        Duration::from_secs(90),
        "well before the 120 s are over"
    );
    assert_eq!(
        (credential(&refresh, "nonce"), credential(&refresh, "nc")),
        ("n1".to_owned(), "00000002".to_owned())
    );
    assert_eq!(phone.violations(), []);
}

#[test]
fn a_nonce_that_is_too_old_is_replaced() {
    let mut phone = registered();
    let (at, refresh) = next_request(&mut phone);
    let stale = "Digest realm=\"offhook\", nonce=\"n2\", qop=\"auth\", stale=true";
    answer(
        &mut phone,
        at,
        &refresh,
        401,
        &[("WWW-Authenticate", stale)],
    );
    let (_, again) = sent(&mut phone);
    let again = again.unwrap();
    assert_eq!(
        (credential(&again, "nonce"), credential(&again, "nc")),
        ("n2".to_owned(), "00000001".to_owned())
    );
}

#[test]
fn a_wrong_password_is_not_tried_for_ever() {
    let mut phone = Phone::new(config("alice", 1, 2, 1));
    phone.register(Mono(0));
    for _ in 0..2 {
        let (_, request) = sent(&mut phone);
        answer(&mut phone, Mono(0), &request.unwrap(), 401, &[CHALLENGE]);
    }
    assert_eq!(
        sent(&mut phone),
        (vec![PhoneEvent::RegistrationFailed { status: 401 }], None)
    );
}

#[test]
fn retry_after_is_kept() {
    let mut phone = Phone::new(config("alice", 1, 2, 1));
    phone.register(Mono(0));
    let (_, request) = sent(&mut phone);
    answer(
        &mut phone,
        Mono(0),
        &request.unwrap(),
        503,
        &[("Retry-After", "120 (restarting)")],
    );
    assert_eq!(
        sent(&mut phone).0,
        [PhoneEvent::RegistrationFailed { status: 503 }]
    );
    let (at, _) = next_request(&mut phone);
    assert_eq!(at - Mono(0), Duration::from_secs(120));
}

#[test]
fn a_registration_is_taken_back() {
    let mut phone = registered();
    phone.unregister(Mono(1));
    let (_, request) = sent(&mut phone);
    let request = request.unwrap();
    assert_eq!(header(&request, Name::Expires).as_deref(), Some("0"));
    answer(&mut phone, Mono(1), &request, 200, &[]);
    assert_eq!(sent(&mut phone), (vec![PhoneEvent::Unregistered], None));
}

#[test]
fn rfc3261_10_3_a_200_must_list_our_contact() {
    let mut phone = Phone::new(config("alice", 1, 2, 1));
    phone.register(Mono(0));
    let (_, request) = sent(&mut phone);
    answer(
        &mut phone,
        Mono(0),
        &request.unwrap(),
        200,
        &[("Contact", "<sip:alice@192.0.2.99:5060>;expires=60")],
    );
    assert_eq!(
        phone
            .violations()
            .iter()
            .map(|seen| seen.rule)
            .collect::<Vec<_>>(),
        [Rule::BindingMissing]
    );
}

#[test]
fn rfc3261_22_1_a_challenge_must_be_answerable() {
    let mut phone = Phone::new(config("alice", 1, 2, 1));
    phone.register(Mono(0));
    let (_, request) = sent(&mut phone);
    answer(&mut phone, Mono(0), &request.unwrap(), 401, &[]);
    assert_eq!(
        phone
            .violations()
            .iter()
            .map(|seen| seen.rule)
            .collect::<Vec<_>>(),
        [Rule::ChallengeUnusable]
    );
    assert_eq!(
        sent(&mut phone).0,
        [PhoneEvent::RegistrationFailed { status: 401 }]
    );
}
