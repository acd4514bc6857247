//! From the disk to the phones.

use super::*;

const DAY: Duration = Duration::from_secs(86_400);

/// Texts `1..=n` for 2002, committed.
fn sent(script: &mut Script, n: u64) {
    for n in 1..=n {
        script.message(2 * n, "2002", &format!("t{n}"));
    }
    script.commit().skip();
}

#[test]
fn a_phone_gets_the_text_with_its_senders_name_and_date() {
    let mut script = Script::new();
    sent(&mut script, 1);
    script.wait(Duration::from_secs(3_600)).register(2);
    let Some(Command::Outside { request, .. }) = script.commands.last() else {
        panic!("a MESSAGE was sent");
    };
    assert_eq!(request.method, "MESSAGE");
    assert_eq!(request.from, "\"User '2001'\" <sip:2001@pbx.example>");
    assert_eq!(request.to, "<sip:2002@pbx.example>");
    let date = ("Date".into(), "Tue, 14 Nov 2023 22:13:20 GMT".into());
    assert_eq!(request.headers, [date]);
    let body = request.body.as_ref().unwrap();
    assert_eq!(body.content_type, "text/plain;charset=UTF-8");
}

#[test]
fn stored_and_forwarded_oldest_first_when_the_phone_registers() {
    let mut script = Script::new();
    sent(&mut script, 2);
    script.register(2).expect(&["1 sip:p2@192.0.2.2:5060 t1"]);
    script.answer(1, 200);
    script.expect(&["1 is delivered", "2 sip:p2@192.0.2.2:5060 t2"]);
    script.answer(2, 202).expect(&["2 is delivered"]);
    script.register(2).expect(&[]);
    assert_eq!(script.texts.mailboxes.len(), 0);
}

#[test]
fn two_phones_get_it_at_once_and_the_first_that_takes_it_delivers_it() {
    let mut script = Script::new();
    script.register(2).register(3);
    script.message(2, "2002", "t1").commit().skip();
    script.message(4, "2002", "t2").commit();
    script.expect(&["* 2 2001>2002", "reply 4 202"]);
    // Phone 3 is asked next although phone 2 has not answered, and never for two at a time.
    script.answer(2, 200);
    script.expect(&["1 is delivered", "3 sip:p3@192.0.2.3:5060 t2"]);
    script
        .answer(1, 200)
        .expect(&["4 sip:p2@192.0.2.2:5060 t2"]);
    script.answer(4, 200).expect(&["2 is delivered"]);
    script.answer(3, 200).expect(&[]);
}

#[test]
fn a_phone_that_does_not_answer_is_tried_when_it_registers_or_a_new_text_comes() {
    let mut script = Script::new();
    script.register(2);
    sent(&mut script, 2);
    script.silence(1).expect(&[]);
    script.register(2).expect(&["2 sip:p2@192.0.2.2:5060 t1"]);
    script.answer(2, 480).expect(&[]);
    script.message(6, "2002", "t3").commit();
    script.expect(&["* 3 2001>2002", "reply 6 202", "3 sip:p2@192.0.2.2:5060 t1"]);
    script.answer(3, 200);
    script.expect(&["1 is delivered", "4 sip:p2@192.0.2.2:5060 t2"]);
}

#[test]
fn race_a_phone_that_registers_while_a_text_is_in_flight_is_asked_again_when_nobody_answers() {
    let mut script = Script::new();
    script.register(2);
    sent(&mut script, 1);
    // It was restarted: the MESSAGE went to where it no longer is.
    script.register(2).expect(&[]);
    script.silence(1).expect(&["2 sip:p2@192.0.2.2:5060 t1"]);
    script.silence(2).expect(&[]);
}

#[test]
fn race_a_phone_that_leaves_with_a_text_in_flight_may_still_take_it() {
    let mut script = Script::new();
    script.register(2);
    sent(&mut script, 2);
    script.unregister(2);
    script.answer(1, 200).expect(&["1 is delivered"]);
    script.register(2).expect(&["2 sip:p2@192.0.2.2:5060 t2"]);
    script.unregister(2).register(2).expect(&[]);
    script.silence(2).expect(&["3 sip:p2@192.0.2.2:5060 t2"]);
}

#[test]
fn a_phone_that_cannot_take_texts_is_left_alone_and_the_other_gets_them() {
    for status in [405, 415, 501] {
        let mut script = Script::new();
        script.register(2);
        sent(&mut script, 1);
        script.answer(1, status).expect(&[]);
        script.register(2).expect(&[]);
        assert_eq!(script.statuses[&SmsId(1)], SmsStatus::Received);
        script.register(3).expect(&["2 sip:p3@192.0.2.3:5060 t1"]);
        script.answer(2, 200).expect(&["1 is delivered"]);
        // It is remembered when nothing waits, too, and forgotten when the contact goes.
        script.message(4, "2002", "t2").commit();
        script.expect(&["* 2 2001>2002", "reply 4 202", "3 sip:p3@192.0.2.3:5060 t2"]);
        script.unregister(2).register(2);
        script.expect(&["4 sip:p2@192.0.2.2:5060 t2"]);
    }
}

#[test]
fn a_text_that_a_phone_refuses_does_not_keep_the_next_one() {
    let mut script = Script::new();
    script.register(2);
    sent(&mut script, 2);
    script
        .answer(1, 403)
        .expect(&["2 sip:p2@192.0.2.2:5060 t2"]);
    script.answer(2, 200).expect(&["2 is delivered"]);
    script.reg_call_id = "reboot";
    script.register(2).expect(&["3 sip:p2@192.0.2.2:5060 t1"]);
}

#[test]
fn the_hundred_and_first_text_pushes_out_the_oldest_that_is_not_on_its_way() {
    let mut script = Script::new();
    sent(&mut script, 100);
    script.register(2).skip();
    script.message(1_000, "2002", "t101").commit();
    script.expect(&["* 101 2001>2002", "reply 1000 202", "2 is expired"]);
    script.answer(1, 200);
    script.expect(&["1 is delivered", "2 sip:p2@192.0.2.2:5060 t3"]);
}

#[test]
fn a_text_that_no_phone_took_in_seven_days_is_expired() {
    let mut script = Script::new();
    sent(&mut script, 1);
    script.wait(DAY);
    script.message(4, "2002", "t2").commit().skip();
    script.wait(6 * DAY - Duration::from_secs(1)).expect(&[]);
    script
        .wait(Duration::from_secs(1))
        .expect(&["1 is expired"]);
    script.register(2).expect(&["1 sip:p2@192.0.2.2:5060 t2"]);
    // On its way when its time is over: what the phone says decides.
    script.wait(DAY).expect(&[]);
    script.answer(1, 200).expect(&["2 is delivered"]);
    assert_eq!(script.texts.next_timeout(), None);
}

#[test]
fn a_text_that_is_in_flight_at_its_end_and_is_not_taken_is_expired_a_little_later() {
    let mut script = Script::new();
    sent(&mut script, 1);
    script.wait(7 * DAY - Duration::from_secs(1)).register(2);
    script
        .skip()
        .wait(Duration::from_secs(32))
        .silence(1)
        .expect(&[]);
    script
        .wait(Duration::from_secs(2))
        .expect(&["1 is expired"]);
}

#[test]
fn race_a_crash_between_commit_and_delivery_loses_no_text() {
    let mut script = Script::new();
    script.register(2);
    sent(&mut script, 3);
    script.answer(1, 200).skip();
    // The second was on its way, the third was not: both are tried again, the first is not.
    script.restart(&[]).expect(&["3 sip:p2@192.0.2.2:5060 t2"]);
    script.answer(2, 200).expect(&[]);
    script.answer(3, 200);
    script.expect(&["2 is delivered", "4 sip:p2@192.0.2.2:5060 t3"]);
    // Its seven days run from when it came.
    script
        .wait(7 * DAY - Duration::from_secs(1))
        .restart(&[])
        .skip();
    script
        .silence(5)
        .wait(Duration::from_secs(40))
        .expect(&["3 is expired"]);
}

#[test]
fn a_user_who_is_gone_leaves_nothing_that_fails() {
    let mut script = Script::new();
    script.register(2);
    sent(&mut script, 2);
    script
        .directory
        .apply(DirectoryChange::PhoneRemoved(PhoneId(2)));
    script
        .directory
        .apply(DirectoryChange::UserRemoved(UserId(100_002)));
    script
        .unregister(2)
        .answer(1, 200)
        .expect(&["1 is delivered"]);
    script.wait(8 * DAY).expect(&["2 is expired"]);
}

#[test]
fn a_refusal_holds_through_refreshes_until_the_phone_starts_anew() {
    let mut script = Script::new();
    script.register(2);
    sent(&mut script, 1);
    script.answer(1, 403).expect(&[]);
    script.register(2).register(2).expect(&[]);
    script.reg_call_id = "reboot";
    script.register(2).expect(&["2 sip:p2@192.0.2.2:5060 t1"]);
    // One that refreshes while the text is on its way is not asked again either.
    script.register(2).answer(2, 403).expect(&[]);
    script.register(2).expect(&[]);
}
