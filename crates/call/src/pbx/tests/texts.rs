//! Texts by way of the PBX.

use std::sync::Arc;

use offhook_base::{DdiId, SmsDirection, SmsId, SmsRecord, SmsStatus, TrunkId};
use offhook_sip_core::{Origin, OutsideRequest};

use super::*;
use crate::directory::{Ddi, DdiTarget, Trunk};
use crate::numbers::Numbering;
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
    script.pbx.handle_committed(script.now, 1);
    script.pbx.shut_down(now);
    text_from_2001(&mut script, 6, "MESSAGE", "2002");
    script.expect(&["reply 6 503"]);
}

/// 2001 writes to a number by REST; the MESSAGE that leaves once the text is kept.
fn message_outside(script: &mut Script, number: &str) -> Option<(String, OutsideRequest)> {
    let send = TextCommand::Send {
        by: UserId(100_001),
        for_others: false,
        from: None,
        to: number.to_owned(),
        text: "hi".to_owned(),
    };
    let now = script.now;
    script.pbx.handle_text(now, send, 1);
    script.drain();
    script.pbx.handle_text_stored(now, SmsId(1), true);
    script.pbx.actions.drain(..).find_map(|action| {
        let Action::Sip(Command::Outside {
            target, request, ..
        }) = action
        else {
            return None;
        };
        Some((String::from_utf8(target.uri.to_vec()).unwrap(), request))
    })
}

#[test]
fn a_text_to_an_outside_number_takes_the_trunk_of_the_lowest_priority() {
    let mut script = Script::new();
    let now = script.now;
    assert!(message_outside(&mut script, "34600000002").is_none());
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
    script.pbx.actions.clear();
    let (uri, request) = message_outside(&mut script, "34600000002").expect("a MESSAGE");
    assert_eq!(uri, "sip:004600000002@carrier.example");
    assert_eq!(request.from, "<sip:34900001@pbx.example>");
    assert_eq!(request.to, "<sip:004600000002@carrier.example>");
}

#[test]
fn a_text_is_sent_by_a_trunk_that_has_all_the_calls_that_it_may_have_with_the_number_in_e164() {
    let spain = Numbering::new(Some("ES")).unwrap();
    let mut script = Script::with(|config| config.numbering = Arc::new(spain));
    let full = Trunk {
        max_calls: Some(0),
        from_domain: "tenant.example".to_owned(),
        caller_id: "34910000000".to_owned(),
        prefix: "+".to_owned(),
        strip: 0,
        ..trunk(1, 5)
    };
    let now = script.now;
    script
        .pbx
        .handle_directory(now, DirectoryChange::Trunk(full));
    script.pbx.actions.clear();
    let (uri, request) = message_outside(&mut script, "600 000 002").expect("a MESSAGE");
    assert_eq!(uri, "sip:+34600000002@carrier.example");
    assert_eq!(request.from, "<sip:34910000000@tenant.example>");
}

#[test]
fn a_trunk_without_an_address_takes_texts_as_soon_as_it_has_one() {
    let mut script = Script::new();
    let nameless = Trunk {
        addresses: Vec::new(),
        ..trunk(1, 5)
    };
    let now = script.now;
    let put = |trunk| DirectoryChange::Trunk(trunk);
    script.pbx.handle_directory(now, put(nameless));
    script.pbx.actions.clear();
    assert!(message_outside(&mut script, "34600000002").is_none());
    script.expect(&["api 1 Err(Unavailable)"]);
    let kept = SmsRecord {
        id: SmsId(9),
        created_at: now.wall,
        from: "2001".to_owned(),
        to: "34600000002".to_owned(),
        from_user: Some(UserId(100_001)),
        to_user: None,
        direction: SmsDirection::Out,
        text: "hi".to_owned(),
        status: SmsStatus::Queued,
    };
    script.pbx.handle_restored_texts(now, vec![kept]);
    assert!(script.pbx.actions.is_empty());
    script.pbx.handle_directory(now, put(trunk(1, 5)));
    let left = script.pbx.actions.drain(..);
    let outside = |action: &Action| matches!(action, Action::Sip(Command::Outside { .. }));
    assert_eq!(left.filter(outside).count(), 1);
}
