//! Towards trunks.

use super::*;

const NUMBER: &str = "34600000002";

fn kept(id: u64) -> SmsRecord {
    SmsRecord {
        id: SmsId(id),
        created_at: Wall::from_unix_seconds(1_700_000_000),
        from: "34900001".to_owned(),
        to: NUMBER.to_owned(),
        from_user: Some(UserId(100_001)),
        to_user: None,
        direction: offhook_base::SmsDirection::Out,
        text: "x".to_owned(),
        status: SmsStatus::Queued,
    }
}

#[test]
fn a_text_to_an_outside_number_is_kept_then_accepted_then_sent() {
    let mut script = Script::new();
    script.message(2, "+34600000002", "x").expect(&["keep 1"]);
    assert_eq!(script.facts, 0, "no event tells of it");
    script.stored(1, true);
    script.expect(&["reply 2 202", "1 sip:0034600000002@carrier.example x"]);
    let Some(Command::Outside { request, .. }) = script.commands.last() else {
        panic!("a MESSAGE was sent");
    };
    assert_eq!(request.from, "<sip:34900001@pbx.example>");
    let asserted = (
        "P-Asserted-Identity".into(),
        "<sip:34900001@pbx.example>".into(),
    );
    assert!(request.headers.contains(&asserted));
    assert_eq!(request.to, "<sip:0034600000002@carrier.example>");
    script.answer(1, 202).expect(&["1 is sent"]);
    script.stored(1, true).answer(1, 200).expect(&[]);
}

#[test]
fn a_text_that_the_trunk_does_not_take_has_failed() {
    for status in [Some(404), Some(503), None] {
        let mut script = Script::new();
        script.message(2, NUMBER, "x").stored(1, true).skip();
        match status {
            Some(status) => script.answer(1, status),
            None => script.silence(1),
        };
        script.expect(&["1 is failed"]);
    }
}

#[test]
fn a_text_that_cannot_be_kept_is_503_and_its_copy_may_have_more_luck() {
    let mut script = Script::new();
    script.message(2, NUMBER, "x").skip();
    let copy = request(NUMBER, "c2", "text/plain", b"x");
    script.raw(Origin::Phone(PhoneId(1)), 4, &copy).expect(&[]);
    script.stored(1, false);
    script.expect(&["reply 2 503 Retry-After: 5", "reply 4 503 Retry-After: 5"]);
    script.raw(Origin::Phone(PhoneId(1)), 6, &copy);
    script.expect(&["keep 2"]).stored(2, true).skip();
    script.raw(Origin::Phone(PhoneId(1)), 8, &copy);
    script.expect(&["reply 8 202"]);
}

#[test]
fn without_a_trunk_the_number_is_unknown_and_while_none_is_up_it_is_503() {
    let mut script = Script::new();
    script.way = Err(NoWay::Nowhere);
    script.message(2, NUMBER, "x").expect(&["reply 2 404"]);
    script.way = Err(NoWay::NotNow);
    script.message(2, NUMBER, "x");
    script.expect(&["reply 2 503 Retry-After: 5"]);
}

#[test]
fn a_number_of_ours_is_not_sent_outside() {
    let mut script = Script::new();
    for (n, dialled) in (1..).zip(["34900002", "+34-900-002", "0034900002", "0034 900 002"]) {
        script.command(
            TextCommand::Send {
                by: UserId(100_001),
                for_others: false,
                from: None,
                to: dialled.to_owned(),
                text: "x".to_owned(),
            },
            n,
        );
        script.expect(&[&format!("* {n} 2001>34900002")]);
    }
}

#[test]
fn race_a_crash_before_the_trunk_answered_sends_it_again() {
    let mut script = Script::new();
    script.message(2, NUMBER, "x").stored(1, true).skip();
    script.restart(&[kept(1)]);
    script.expect(&["2 sip:0034600000002@carrier.example x"]);
    script.answer(1, 200).expect(&[]);
    script.answer(2, 200).expect(&["1 is sent"]);
}

#[test]
fn race_a_start_before_the_name_of_a_trunk_is_looked_up_keeps_the_text_for_a_minute() {
    let mut script = Script::new();
    script.message(2, NUMBER, "x").stored(1, true);
    script.message(4, NUMBER, "x").stored(2, true).skip();
    script.way = Err(NoWay::NotNow);
    script.restart(&[kept(1), kept(2)]).expect(&[]);
    script.wait(Duration::from_secs(30));
    script.input(Texts::on_trunk).expect(&[]);
    script.way = Ok(());
    script.input(Texts::on_trunk);
    let sent = |n| format!("{n} sip:0034600000002@carrier.example x");
    script.expect(&[&sent(3), &sent(4)]);
    script.input(Texts::on_trunk).answer(3, 200);
    script.expect(&["1 is sent"]);
    // What is on its way when the minute is over is the trunk's.
    script.wait(Duration::from_secs(30)).expect(&[]);
    script.answer(4, 200).expect(&["2 is sent"]);
    assert_eq!(script.texts.next_timeout(), None);
}

#[test]
fn a_text_that_finds_no_trunk_within_a_minute_of_a_start_has_failed() {
    let mut script = Script::new();
    script.message(2, NUMBER, "x").stored(1, true).skip();
    script.way = Err(NoWay::NotNow);
    script.restart(&[kept(1)]).wait(Duration::from_secs(59));
    script.expect(&[]).wait(Duration::from_secs(1));
    script.expect(&["1 is failed"]);
    script.way = Ok(());
    script.message(4, NUMBER, "x").stored(2, true).skip();
    script.way = Err(NoWay::Nowhere);
    script.restart(&[kept(2)]).expect(&["2 is failed"]);
}

#[test]
fn five_hundred_may_be_on_their_way() {
    let mut script = Script::new();
    for n in 1..=500 {
        script.message(2 * n, NUMBER, "x").stored(n, n % 2 == 0);
    }
    for n in 501..=750 {
        script.message(2 * n, NUMBER, "x");
    }
    script.skip().message(3_000, NUMBER, "x");
    script.expect(&["reply 3000 503 Retry-After: 5"]);
}
