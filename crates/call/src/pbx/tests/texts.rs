//! Texts by way of the PBX.

use offhook_base::{DdiId, SmsId, TrunkId};
use offhook_sip_core::Origin;

use super::*;
use crate::directory::{Ddi, DdiTarget, Trunk};
use crate::sms::TextCommand;

fn text_from_2001(script: &mut Script, tx: u64, method: &str, to: &str) {
    let request = message(
        &format!("{method} sip:{to}@pbx.example SIP/2.0"),
        &format!("{tx} {method}"),
        &["Content-Type: text/plain"],
        None,
    );
    let raw = String::from_utf8(request.raw().to_vec()).unwrap();
    let raw = raw.replace("Content-Length: 0\r\n\r\n", "Content-Length: 2\r\n\r\nhi");
    let request = Message::parse(Bytes::from(raw), Framing::Datagram).unwrap();
    script.event(Event::OutOfDialog {
        tx: TxId(tx),
        from: Origin::Phone(PhoneId(1)),
        peer: peer(1),
        request,
    });
}

fn commit_texts(script: &mut Script) {
    let (now, facts) = (script.now, script.facts);
    script.commit();
    script.pbx.handle_texts_committed(now, facts);
    script.drain();
}

fn trunk(id: u32, priority: u32) -> Trunk {
    Trunk {
        id: TrunkId(id),
        name: "Carrier".to_owned(),
        host: "carrier.example".to_owned(),
        addresses: vec![([192, 0, 2, 200], 5080).into()],
        from_domain: String::new(),
        prefix: "00".to_owned(),
        strip: 1,
        caller_id: String::new(),
        priority,
        max_calls: None,
        active: true,
    }
}

#[test]
fn a_text_takes_its_place_among_the_facts_of_calls() {
    let mut script = Script::new().registered(&[2]);
    script.invite("2002", None);
    script.expect(&["* call.initial"]);
    text_from_2001(&mut script, 4, "MESSAGE", "2002");
    script.expect(&["* sms.received"]);
    commit_texts(&mut script);
    script.expect(&["-- commit", "B1 INVITE", "reply 4 202", "outside MESSAGE"]);
    script.event(Event::OutsideFailed {
        tx: TxId::outgoing(1),
        status: 408,
    });
    script.expect(&[]);
    let mut script = script.registered(&[2]);
    script.expect(&["outside MESSAGE"]);
}

#[test]
fn another_method_is_405_and_a_flood_of_texts_503() {
    let mut script = Script::with(|config| config.invites_per_s_per_source = Some(2));
    text_from_2001(&mut script, 2, "PUBLISH", "2002");
    text_from_2001(&mut script, 4, "MESSAGE", "2002");
    text_from_2001(&mut script, 6, "MESSAGE", "2002");
    text_from_2001(&mut script, 8, "MESSAGE", "2002");
    script.expect(&[
        "reply 2 405",
        "* sms.received",
        "* sms.received",
        "reply 8 503",
    ]);
}

#[test]
fn a_stalled_journal_and_a_shutdown_take_no_texts() {
    let mut script = Script::new();
    text_from_2001(&mut script, 2, "MESSAGE", "2002");
    script.wait(Duration::from_secs(1));
    text_from_2001(&mut script, 4, "MESSAGE", "2002");
    script.expect(&["* sms.received", "reply 4 503"]);
    let now = script.now;
    script.pbx.handle_committed(1);
    script.pbx.shut_down(now);
    text_from_2001(&mut script, 6, "MESSAGE", "2002");
    script.expect(&["reply 6 503"]);
}

#[test]
fn a_text_to_an_outside_number_takes_the_trunk_of_the_lowest_priority() {
    let mut script = Script::new();
    let send = || TextCommand::Send {
        by: UserId(100_001),
        for_others: false,
        from: None,
        to: "34600000002".to_owned(),
        text: "hi".to_owned(),
    };
    let now = script.now;
    script.pbx.handle_text(now, send(), 1);
    script.drain();
    script.expect(&["api 1 Err(UnknownNumber)"]);
    for change in [
        DirectoryChange::Trunk(trunk(1, 5)),
        DirectoryChange::Trunk(Trunk {
            active: false,
            ..trunk(2, 1)
        }),
        DirectoryChange::Ddi(Ddi {
            id: DdiId(1),
            e164: "34900001".to_owned(),
            trunk: None,
            target: DdiTarget::User(UserId(100_001)),
        }),
    ] {
        script.pbx.handle_directory(now, change);
    }
    script.pbx.handle_text(now, send(), 2);
    script.pbx.actions.clear();
    script.pbx.handle_text_stored(now, SmsId(1), true);
    let actions: Vec<_> = script.pbx.actions.drain(..).collect();
    let [
        Action::TextReply(_),
        Action::Sip(Command::Outside {
            target, request, ..
        }),
    ] = actions.as_slice()
    else {
        panic!("an answer and a MESSAGE to the trunk: {actions:?}");
    };
    assert_eq!(target.uri, "sip:004600000002@carrier.example");
    assert_eq!(request.from, "<sip:34900001@pbx.example>");
}
