//! What is taken, and what is not.

use offhook_base::EventName;
use serde_json::json;

use super::*;

#[test]
fn a_text_between_users_is_told_as_the_contract_prints_it() {
    let mut script = Script::new();
    script.message(2, "2002", "Hi,\nlunch?").commit();
    let record = script.records[0].clone();
    let event = &record.event;
    assert_eq!(
        script.events[0],
        json!({
            "id": &*event.id, "event_time": "2023-11-14 22:13:20", "event_name": "sms.received", "customer_id": 100_001,
            "user_id": 100_002, "from_no": "2001", "to_no": "2002", "text": "Hi,\nlunch?",
        })
    );
    // A lane of its own, and nothing that looks like a call.
    assert_eq!((event.root.0, event.call.0, event.seq), (1, 1, None));
    assert_eq!(event.name, EventName::SmsReceived);
    assert!(record.snapshot.is_none() && record.cdr.is_none() && !event.name.is_last());
    let text = record.sms.unwrap();
    assert_eq!(text.id, SmsId(1));
    assert_eq!(text.from_user, Some(UserId(100_001)));
    assert_eq!(text.to_user, Some(UserId(100_002)));
}

#[test]
fn invariant_1_nobody_is_told_before_the_commit() {
    let mut script = Script::new();
    script.register(2).message(2, "2002", "one");
    script.expect(&["* 1 2001>2002"]);
    script.message(4, "2002", "two").expect(&["* 2 2001>2002"]);
    script.input(|texts, cx| texts.on_committed(cx, 1));
    script.expect(&["reply 2 202", "1 sip:p2@192.0.2.2:5060 one"]);
    script.commit().expect(&["reply 4 202"]);
}

#[test]
fn rfc3428_7_what_is_no_plain_text_is_415_with_accept() {
    let mut script = Script::new();
    let phone = Origin::Phone(PhoneId(1));
    let accept = "reply 2 415 Accept: text/plain Accept-Encoding: identity";
    for kind in [
        "application/im-iscomposing+xml",
        "message/cpim",
        "text/html",
        "",
    ] {
        script.raw(phone, 2, &request("2002", "c", kind, b"x"));
        script.expect(&[accept]);
    }
    let kind = "Text/PLAIN; charset=utf-8\r\nContent-Encoding: gzip";
    script.raw(phone, 2, &request("2002", "c", kind, b"x"));
    script.expect(&[accept]);
    script.raw(
        phone,
        2,
        &request("2002", "c", "Text/PLAIN; charset=utf-8", b"x"),
    );
    script.expect(&["* 1 2001>2002"]);
}

#[test]
fn bad_texts_and_bad_numbers_have_no_effect() {
    let mut script = Script::new();
    let long = "\u{1f4de}".repeat(1_600);
    let cases = [
        ("2002", String::new(), "reply 2 400"),
        ("2002", " \r\n ".to_owned(), "reply 2 400"),
        ("2002", format!("{long}!"), "reply 2 413"),
        ("2002", "x".repeat(64_000), "reply 2 413"),
        ("2003", "x".to_owned(), "reply 2 404"),
        ("2009", "x".to_owned(), "reply 2 404"),
        ("34900009", "x".to_owned(), "reply 2 404"),
        ("%00%0d", "x".to_owned(), "reply 2 404"),
    ];
    for (to, text, reply) in cases {
        script.message(2, to, &text).expect(&[reply]);
    }
    script.from(Origin::Phone(PhoneId(9)), 2, "2002", "x");
    script.expect(&["reply 2 403"]);
    script.from(Origin::Phone(PhoneId(77)), 2, "2002", "x");
    script.expect(&["reply 2 403"]);
    assert_eq!(
        (
            script.facts,
            script
                .commands
                .iter()
                .filter(|one| matches!(one, Command::Outside { .. }))
                .count()
        ),
        (0, 0)
    );
    script.message(2, "2002", &long).expect(&["* 1 2001>2002"]);
}

#[test]
fn a_text_in_latin_1_or_broken_utf_8_is_read_as_far_as_it_can_be() {
    let mut script = Script::new();
    let phone = Origin::Phone(PhoneId(1));
    let latin = request(
        "2002",
        "a",
        "text/plain;charset=\"ISO-8859-1\"",
        b"ma\xf1ana",
    );
    script.raw(phone, 2, &latin);
    let broken = request("2002", "b", "text/plain", b"ma\xf1ana");
    script.raw(phone, 4, &broken);
    assert_eq!(script.events[0]["text"], "mañana");
    assert_eq!(script.events[1]["text"], "ma\u{fffd}ana");
}

#[test]
fn a_trunk_reaches_numbers_of_ours_that_come_by_it_and_nothing_else() {
    let mut script = Script::new();
    let trunk = Origin::Trunk(TrunkId(1));
    script.from(trunk, 2, "+34-900.002", "x");
    script.expect(&["* 1 34600000001>34900002"]);
    for to in ["2002", "34900200", "34900009", "34600000002"] {
        script.from(trunk, 4, to, "x").expect(&["reply 4 404"]);
    }
    script.from(Origin::Trunk(TrunkId(2)), 6, "34900200", "x");
    script.expect(&["* 2 34600000001>34900200"]);
    script.from(Origin::Trunk(TrunkId(7)), 8, "34900002", "x");
    script.expect(&["reply 8 403"]);
}

#[test]
fn a_text_to_a_queues_number_is_told_and_rings_no_phone() {
    let mut script = Script::new();
    script.register(2);
    script.from(Origin::Trunk(TrunkId(1)), 2, "34900100", "x");
    script.commit();
    script.expect(&["* 1 34600000001>34900100", "reply 2 202"]);
    assert_eq!(script.events[0]["user_id"], Value::Null);
    assert_eq!(script.texts.next_timeout(), None);
}

#[test]
fn a_copy_within_five_minutes_is_answered_and_no_second_text() {
    let mut script = Script::new();
    script.message(2, "2002", "x").skip();
    let copy = request("2002", "c2", "text/plain", b"x");
    let phone = Origin::Phone(PhoneId(1));
    // Before the commit it waits for it, as the first one does; after it there is nothing to wait for.
    script.raw(phone, 4, &copy).expect(&[]);
    script.commit().expect(&["reply 2 202", "reply 4 202"]);
    script.wait(Duration::from_secs(300));
    script.raw(phone, 6, &copy).expect(&["reply 6 202"]);
    // The same names from another sender are another text.
    script
        .raw(Origin::Trunk(TrunkId(1)), 8, &copy)
        .expect(&["reply 8 404"]);
    script.wait(Duration::from_secs(1));
    script.raw(phone, 10, &copy).expect(&["* 2 2001>2002"]);
}

#[test]
fn what_was_refused_may_be_sent_again() {
    let mut script = Script::new();
    script.is_open = false;
    script.message(2, "2002", "x");
    script.expect(&["reply 2 503 Retry-After: 5"]);
    script.is_open = true;
    script.message(2, "2002", "x").expect(&["* 1 2001>2002"]);
}

#[test]
fn copies_that_wait_for_the_disk_and_texts_that_wait_for_it_are_few() {
    let mut script = Script::new();
    script.message(2, "2002", "x").skip();
    let copy = request("2002", "c2", "text/plain", b"x");
    for _ in 0..7 {
        script.raw(Origin::Phone(PhoneId(1)), 4, &copy).expect(&[]);
    }
    script.raw(Origin::Phone(PhoneId(1)), 4, &copy);
    script.expect(&["reply 4 503 Retry-After: 5"]);
    for n in 2..=1_000 {
        script.message(2 * n, "2002", "x");
    }
    script.skip().message(3_000, "2002", "x");
    script.expect(&["reply 3000 503 Retry-After: 5"]);
}

fn send(by: u32, for_others: bool, from: Option<&str>, to: &str, text: &str) -> TextCommand {
    TextCommand::Send {
        by: UserId(100_000 + by),
        for_others,
        from: from.map(str::to_owned),
        to: to.to_owned(),
        text: text.to_owned(),
    }
}

#[test]
fn a_rest_client_writes_in_its_own_name_and_an_admin_in_anybodys() {
    let mut script = Script::new();
    script.command(send(1, false, None, "2002", "x"), 1);
    script.expect(&["* 1 2001>2002"]);
    script.commit().expect(&["api 1 Ok(SmsId(1))"]);
    script.command(send(2, false, Some("+34 900 002"), "2001", "x"), 2);
    script.expect(&["* 2 34900002>2001"]).commit().skip();
    let refused = [
        (send(1, false, Some("2002"), "2001", "x"), "NotYours"),
        (send(1, true, Some("34900100"), "2001", "x"), "NotYours"),
        (send(1, true, Some("2009"), "2001", "x"), "NotYours"),
        (send(1, true, Some("777"), "2001", "x"), "NotYours"),
        (send(9, true, None, "2001", "x"), "NotYours"),
        (send(1, false, None, "777", "x"), "UnknownNumber"),
        (send(1, false, None, "2002", " "), "Empty"),
        (send(1, false, None, "2002", &"x".repeat(1_601)), "TooLong"),
    ];
    for (command, why) in refused {
        script.command(command, 3);
        script.expect(&[&format!("api 3 Err({why})")]);
    }
    script.command(send(1, true, Some("2002"), "2001", "x"), 4);
    script.expect(&["* 3 2002>2001"]);
}

#[test]
fn a_carrier_hands_over_a_text_for_a_number_or_an_extension() {
    let mut script = Script::new();
    let inbound = |to: &str| TextCommand::Inbound {
        from: "+34 600 000 001".to_owned(),
        to: to.to_owned(),
        text: "x".to_owned(),
    };
    script.command(inbound("+34900002"), 1).commit();
    script.expect(&["* 1 34600000001>34900002", "api 1 Ok(SmsId(1))"]);
    script.command(inbound("2002"), 2).skip();
    for to in ["2009", "34900009", "34600000002"] {
        script.command(inbound(to), 3);
        script.expect(&["api 3 Err(UnknownNumber)"]);
    }
}
