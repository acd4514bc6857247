//! SUBSCRIBE and NOTIFY of `message-summary` (RFC 6665, RFC 3842).

use bytes::Bytes;
use offhook_sip_core::{AccountChange, Body, Command, Event, SubscriptionId};
use offhook_sip_message::Name;

use crate::bench::{Bench, Request, account, response, tcp, text, udp};

const SUMMARY: &str = "Messages-Waiting: no\r\n";

fn subscribe(expires: &str) -> Request {
    Request::new("SUBSCRIBE", "1001")
        .contact(udp(1))
        .header("Event", "message-summary")
        .header("Accept", "application/simple-message-summary")
        .header("Expires", expires)
}

/// A phone that subscribes; our 200 is sent, and the owner is asked what there is.
fn subscribed(bench: &mut Bench, request: &Request) -> (SubscriptionId, String) {
    bench.authenticated(udp(1), request);
    let lines = bench.drain();
    let Some(Event::Subscribed { subscription, .. }) = bench.events.last() else {
        panic!("no subscription: {lines:?}");
    };
    let subscription = *subscription;
    let tag = bench.our_tag();
    assert!(
        lines.contains(&"> 192.0.2.1:5060 200 SUBSCRIBE".to_owned()),
        "{lines:?}"
    );
    (subscription, tag)
}

fn tell(bench: &mut Bench, subscription: SubscriptionId, words: &str) {
    let body = Body {
        content_type: Bytes::from_static(b"application/simple-message-summary"),
        octets: Bytes::copy_from_slice(words.as_bytes()),
    };
    bench.command(Command::Notify { subscription, body });
}

const NOTIFY: &str = "> 192.0.2.1:5060 NOTIFY sip:1001@192.0.2.1:5060";

/// The phone answers the NOTIFY sent last.
fn answer(bench: &mut Bench, status: u16) {
    let (peer, notify) = bench.sent.last().expect("a NOTIFY").clone();
    bench.receive(peer, response(&notify, status, "", None));
}

#[test]
fn rfc3842_a_phone_subscribes_and_is_told_now_and_with_each_change() {
    let mut bench = Bench::new();
    let (id, tag) = subscribed(&mut bench, &subscribe("600"));
    assert_eq!(bench.header(Name::Expires), "600");
    assert_eq!(tag.len(), 16);
    tell(&mut bench, id, SUMMARY);
    bench.check(&[NOTIFY]);
    assert_eq!(bench.header(Name::Event), "message-summary");
    assert_eq!(bench.header(Name::SubscriptionState), "active;expires=600");
    assert_eq!(
        bench.header(Name::ContentType),
        "application/simple-message-summary"
    );
    let view = bench.sent[0].1.view();
    assert_eq!(text(view.body()), SUMMARY);
    assert_eq!(view.from_tag().map(text), Some(tag));
    assert_eq!(view.to_tag().map(text).as_deref(), Some("from-1001"));
    assert!(view.header(Name::Contact).is_some());
    // News while it waits for its answer: only the newest goes out, after it.
    let sent = bench.sent.clone();
    tell(&mut bench, id, "one");
    tell(&mut bench, id, "two");
    bench.check(&[]);
    bench.sent = sent;
    answer(&mut bench, 200);
    bench.check(&[NOTIFY]);
    assert_eq!(text(bench.sent[0].1.view().body()), "two");
    answer(&mut bench, 200);
    bench.check(&[]);
    bench.pass(32_000);
    assert_eq!(bench.stack.load().subscriptions, 1);
}

#[test]
fn rfc6665_4_1_2_2_a_subscription_that_is_not_refreshed_ends_with_a_last_notify() {
    let mut bench = Bench::new();
    let (id, _) = subscribed(&mut bench, &subscribe("600"));
    tell(&mut bench, id, SUMMARY);
    bench.drain();
    answer(&mut bench, 200);
    bench.pass(599_000);
    bench.check(&[]);
    bench.pass(1_000);
    bench.check(&[NOTIFY, "Unsubscribed"]);
    assert_eq!(
        bench.header(Name::SubscriptionState),
        "terminated;reason=timeout"
    );
    assert_eq!(text(bench.sent[0].1.view().body()), SUMMARY);
    assert_eq!(bench.stack.load().subscriptions, 0);
}

#[test]
fn a_refresh_inside_the_dialog_prolongs_it_and_tells_the_whole_state() {
    let mut bench = Bench::new();
    let first = subscribe("600");
    let (id, tag) = subscribed(&mut bench, &first);
    tell(&mut bench, id, SUMMARY);
    bench.drain();
    answer(&mut bench, 200);
    bench.pass(500_000);
    let refresh = |cseq, expires: &str| {
        first
            .inside("SUBSCRIBE", &tag, cseq)
            .header("Event", "message-summary")
            .header("Expires", expires)
    };
    bench.receive(udp(1), refresh(3, "1200").build());
    bench.check(&["> 192.0.2.1:5060 200 SUBSCRIBE", "Subscribed phone 1"]);
    assert_eq!(bench.header(Name::Expires), "1200");
    bench.pass(1_100_000);
    bench.check(&[]);
    // An old CSeq, and another dialog's tag.
    bench.receive(udp(1), refresh(2, "1200").build());
    bench.check(&["> 192.0.2.1:5060 500 SUBSCRIBE", "Rejected 500"]);
    let stranger = Request::new("SUBSCRIBE", "1002").inside("SUBSCRIBE", &tag, 9);
    bench.receive(udp(2), stranger.build());
    bench.check(&["> 192.0.2.2:5060 481 SUBSCRIBE", "Rejected 481"]);
    // Expires 0 ends it.
    bench.receive(udp(1), refresh(4, "0").build());
    bench.check(&["> 192.0.2.1:5060 200 SUBSCRIBE", "Subscribed phone 1"]);
    tell(&mut bench, id, SUMMARY);
    bench.check(&[NOTIFY, "Unsubscribed"]);
    assert_eq!(
        bench.header(Name::SubscriptionState),
        "terminated;reason=timeout"
    );
    bench.receive(udp(1), refresh(5, "600").build());
    bench.check(&["> 192.0.2.1:5060 481 SUBSCRIBE", "Rejected 481"]);
}

#[test]
fn expires_0_asks_once() {
    let mut bench = Bench::new();
    let (id, _) = subscribed(&mut bench, &subscribe("0"));
    tell(&mut bench, id, SUMMARY);
    bench.check(&[NOTIFY, "Unsubscribed"]);
    answer(&mut bench, 200);
    bench.pass(40_000);
    bench.check(&[]);
    assert_eq!(bench.stack.next_timeout(), None);
}

#[test]
fn what_cannot_be_granted_is_refused_with_what_could_be() {
    let mut bench = Bench::new();
    let mut refused = |request: &Request, status: u16| {
        bench.authenticated(udp(1), request);
        bench.check(&[&format!("> 192.0.2.1:5060 {status} SUBSCRIBE")]);
        [Name::AllowEvents, Name::MinExpires].map(|name| bench.header(name))
    };
    let [events, _] = refused(&subscribe("600").header("Event", "presence"), 489);
    assert_eq!(events, "message-summary");
    let mut next = subscribe("10");
    next.call_id = "second".to_owned();
    let [_, min] = refused(&next, 423);
    assert_eq!(min, "60");
    next.call_id = "third".to_owned();
    let other_type = subscribe("600").header("Accept", "application/pidf+xml");
    let mut other_type = other_type;
    other_type.call_id = "fourth".to_owned();
    refused(&other_type, 406);
    assert_eq!(bench.stack.load().subscriptions, 0);
}

#[test]
fn too_long_a_wish_is_cut_and_none_means_an_hour() {
    let mut bench = Bench::new();
    subscribed(&mut bench, &subscribe("100000"));
    assert_eq!(bench.header(Name::Expires), "7200");
    let mut silent = Request::new("SUBSCRIBE", "1001")
        .contact(udp(1))
        .header("Event", "message-summary;id=7");
    silent.call_id = "second".to_owned();
    let (id, _) = subscribed(&mut bench, &silent);
    assert_eq!(bench.header(Name::Expires), "3600");
    tell(&mut bench, id, SUMMARY);
    bench.drain();
    assert_eq!(bench.header(Name::Event), "message-summary;id=7");
}

#[test]
fn a_phone_that_subscribes_anew_has_one_subscription_a_contact_and_no_more_than_contacts() {
    let mut bench = Bench::new();
    for n in 0..3 {
        let mut request = subscribe("600");
        request.call_id = format!("again {n}");
        subscribed(&mut bench, &request);
    }
    assert_eq!(bench.stack.load().subscriptions, 1);
    for n in 0..30 {
        let mut request = subscribe("600").header("Contact", format!("<sip:1001@192.0.2.1:{n}>"));
        request.call_id = format!("other {n}");
        subscribed(&mut bench, &request);
    }
    assert_eq!(bench.stack.load().subscriptions, 10);
}

#[test]
fn a_notify_that_is_refused_or_not_answered_ends_the_subscription() {
    let mut bench = Bench::new();
    let (id, _) = subscribed(&mut bench, &subscribe("600"));
    tell(&mut bench, id, SUMMARY);
    bench.drain();
    answer(&mut bench, 481);
    bench.check(&["Unsubscribed"]);
    let mut again = subscribe("600");
    again.call_id = "second".to_owned();
    let (id, _) = subscribed(&mut bench, &again);
    tell(&mut bench, id, SUMMARY);
    bench.pass(32_000);
    assert_eq!(
        bench.drain().last().map(String::as_str),
        Some("Unsubscribed")
    );
    assert_eq!(bench.stack.load().subscriptions, 0);
}

#[test]
fn without_its_account_or_its_connection_a_phone_is_not_told_any_more() {
    let mut bench = Bench::new();
    let (id, _) = subscribed(&mut bench, &subscribe("600"));
    let mut off = account(1, "1001");
    off.enabled = false;
    bench.command(Command::Account(AccountChange::Put(off)));
    bench.check(&[NOTIFY, "Unsubscribed"]);
    assert_eq!(
        bench.header(Name::SubscriptionState),
        "terminated;reason=noresource"
    );
    tell(&mut bench, id, SUMMARY);
    bench.check(&[]);

    let mut bench = Bench::new();
    let request = subscribe("600");
    bench.authenticated(tcp(7), &request);
    bench.drain();
    bench.stack.handle_flow_closed(bench.now, tcp(7).flow);
    bench.check(&["Unsubscribed"]);
}
