//! What is not transferred: the call goes on as if nobody had asked.

use offhook_base::{PhoneId, UserId};
use offhook_sip_core::{BindingKey, Event, TxId};

use super::super::{A, B1, Script, message, sdp};
use super::{C, connected, wish};
use crate::directory::{DirectoryChange, User};

fn untouched(script: &mut Script) {
    assert_eq!(script.bodies.len(), 2, "{:?}", script.told());
    assert_eq!(script.pbx.len(), 1);
    script.request(A, 90, "INFO", None).skip();
}

fn unregister(script: &mut Script, phone: u32) {
    let key = BindingKey(format!("k{phone}").into());
    let phone = PhoneId(phone);
    script.event(Event::Unregistered { phone, key });
}

#[test]
fn a_target_without_a_phone_is_refused_up_front() {
    let mut script = connected();
    unregister(&mut script, 4);
    script
        .refer(B1, 4, "<sip:2003@pbx.example>")
        .expect_sip(&["reply 4 480"]);
    script
        .api(9, wish("2003", None))
        .expect_sip(&["api 9 Err(Conflict(\"no phone of the target is registered\"))"]);
    untouched(&mut script);
}

#[test]
fn a_target_that_does_not_want_to_be_disturbed_is_busy() {
    let mut script = connected();
    let user = User {
        id: UserId(100_003),
        ext: "2003".into(),
        name: "User 2003".into(),
        active: true,
        dnd: true,
        voicemail: None,
        record: crate::RecordMode::None,
    };
    script
        .pbx
        .handle_directory(script.now, DirectoryChange::User(user));
    script
        .refer(B1, 4, "<sip:2003@pbx.example>")
        .expect_sip(&["reply 4 486"]);
    script
        .api(9, wish("2003", None))
        .expect_sip(&["api 9 Err(Conflict(\"the target does not want to be disturbed\"))"]);
    untouched(&mut script);
}

#[test]
fn an_unknown_number_is_404_to_a_phone_and_a_bad_target_to_a_client() {
    let mut script = connected();
    script
        .refer(B1, 4, "<sip:9999@pbx.example>")
        .expect_sip(&["reply 4 404"]);
    script
        .api(9, wish("9999", None))
        .expect_sip(&["api 9 Err(BadTarget(\"nobody answers to this number\"))"]);
    untouched(&mut script);
}

#[test]
fn nobody_is_transferred_to_himself_or_to_whom_he_talks_to() {
    let mut script = connected();
    for (tx, own) in [(4, "2001"), (6, "2002")] {
        let to = format!("<sip:{own}@pbx.example>");
        script.refer(B1, tx, &to);
        script.expect_sip(&[&format!("reply {tx} 403")]);
        script
            .api(9, wish(own, None))
            .expect_sip(&["api 9 Err(BadTarget(\"is a party of this call already\"))"]);
    }
    untouched(&mut script);
}

#[test]
fn rfc3515_2_4_2_what_a_refer_may_name() {
    let own = |config: &mut crate::CallConfig| config.own_hosts = vec!["pbx.example".into()];
    for (to, status) in [
        ("<sip:2003@pbx.example?Replaces=c%3Bto-tag%3Da>", 501),
        ("<sip:2003@pbx.example;method=BYE>", 501),
        ("sip:2003@pbx.example;method=BYE", 501),
        ("<sip:2003@elsewhere.example>", 403),
        ("<sip:pbx.example>", 404),
        ("<tel:9999>", 404),
        ("<mailto:2003@pbx.example>", 416),
        ("2003", 400),
        ("<sip:2003@pbx.example", 400),
        ("<sip:2003@pbx.example>, <sip:2004@pbx.example>", 400),
    ] {
        let mut script = Script::with(own).registered(&[1, 2, 4]);
        let offer = sdp("192.0.2.1", 4000, "sendrecv");
        script
            .invite("2002", Some(&offer))
            .commit()
            .answered(B1, Some(&offer))
            .commit()
            .acked(A, None)
            .skip();
        script.refer(B1, 4, to);
        assert_eq!(script.lines(), [format!("reply 4 {status}")], "{to}");
        untouched(&mut script);
    }
}

#[test]
fn rfc3966_a_tel_uri_names_a_number_and_so_does_an_explicit_invite() {
    for to in [
        "<tel:2003>",
        "tel:2003",
        "<sip:2003@pbx.example;method=INVITE>",
        "<sip:2003;phone-context=x@pbx.example>",
        "sip:2003@PBX.example",
    ] {
        let mut script = connected();
        script.refer(B1, 4, to).commit();
        assert!(script.lines().contains(&"reply 4 202".to_owned()), "{to}");
        assert_eq!(script.last("event_name"), "call.hangup");
        assert!(
            script.told()[2].contains("2001>2003"),
            "{:?}",
            script.told()
        );
        script.refused(C, 486).commit();
    }
}

#[test]
fn rfc3515_2_4_1_exactly_one_refer_to() {
    let mut script = connected();
    for (tx, headers) in [
        (4, &[][..]),
        (
            6,
            &[
                "Refer-To: <sip:2003@pbx.example>",
                "Refer-To: <sip:2004@pbx.example>",
            ][..],
        ),
    ] {
        let request = message("REFER sip:x SIP/2.0", "3 REFER", headers, None);
        let (leg, tx) = (B1, TxId(tx));
        script.event(Event::Request { leg, tx, request });
    }
    script.expect_sip(&["reply 4 400", "reply 6 400"]);
    untouched(&mut script);
}

#[test]
fn while_a_hold_is_in_progress_a_transfer_is_not() {
    let mut script = connected();
    script
        .request(A, 2, "INVITE", Some(&sdp("192.0.2.1", 4000, "sendonly")))
        .skip();
    script
        .refer(B1, 4, "<sip:2003@pbx.example>")
        .expect_sip(&["reply 4 491"]);
    script
        .api(9, wish("2003", None))
        .expect_sip(&["api 9 Err(Conflict(\"the call is being transferred or changed\"))"]);
}

#[test]
fn before_the_answer_is_on_disk_nothing_is_transferred() {
    let offer = sdp("192.0.2.1", 4000, "sendrecv");
    let mut script = Script::new().registered(&[1, 2, 4]);
    script
        .invite("2002", Some(&offer))
        .commit()
        .answered(B1, Some(&offer))
        .skip();
    script
        .refer(B1, 4, "<sip:2003@pbx.example>")
        .expect_sip(&[]);
    script.commit();
    let lines = script.lines();
    assert!(lines.contains(&"reply 4 491".to_owned()), "{lines:?}");
}

#[test]
fn a_call_that_has_just_ended_is_481_and_not_found() {
    let mut script = connected();
    script.request(A, 2, "BYE", None).commit().skip();
    script
        .refer(B1, 4, "<sip:2003@pbx.example>")
        .expect_sip(&["reply 4 481"]);
    script
        .api(9, wish("2003", None))
        .expect_sip(&["api 9 Err(NotFound)"]);
}

#[test]
fn without_a_call_id_left_the_call_stays_as_it_is() {
    let mut script = connected();
    script.pbx.office.call_ids = crate::CallIds::new(0, 2, 2);
    script
        .refer(B1, 4, "<sip:2003@pbx.example>")
        .expect_sip(&["reply 4 503"]);
    script
        .api(9, wish("2003", None))
        .expect_sip(&["api 9 Err(Unavailable)"]);
    untouched(&mut script);
}

#[test]
fn without_a_call_id_for_the_way_back_all_is_over_and_one_event_is_final() {
    let mut script = connected();
    script.pbx.office.call_ids = crate::CallIds::new(0, 2, 3);
    script
        .refer(B1, 4, "<sip:2003@pbx.example>")
        .commit()
        .skip();
    script.refused(C, 486).commit();
    script.expect_sip(&["* call.missed User Busy", "-- commit", "A BYE", "B1 BYE"]);
    assert_eq!(script.last("final"), "true");
    assert_eq!(script.pbx.len(), 0);
}
