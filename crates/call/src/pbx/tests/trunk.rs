//! Trunks: outsiders who call numbers of ours, and calls to the outside.

use std::time::Duration;

use offhook_base::{DdiId, TrunkId, UserId};
use offhook_sip_core::{Command, Event, LegId, Origin};

use super::{A, B1, Script, peer};
use crate::directory::{Ddi, DdiTarget, DirectoryChange, Trunk};

const B2: LegId = LegId(5);

fn trunk(id: u32, priority: u32) -> Trunk {
    Trunk {
        id: TrunkId(id),
        name: format!("carrier {id}"),
        host: format!("192.0.2.{}", 70 + id),
        addresses: vec![([192, 0, 2, u8::try_from(70 + id).unwrap()], 5060).into()],
        from_domain: String::new(),
        prefix: String::new(),
        strip: 0,
        caller_id: "34910000000".into(),
        priority,
        max_calls: Some(1),
        active: true,
    }
}

fn script(trunks: &[u32]) -> Script {
    let mut script = Script::new().registered(&[1, 2]);
    for id in trunks {
        let change = DirectoryChange::Trunk(trunk(*id, *id));
        script.pbx.handle_directory(script.now, change);
    }
    let ddi = Ddi {
        id: DdiId(1),
        e164: "34910000000".into(),
        trunk: None,
        target: DdiTarget::User(UserId(100_002)),
    };
    script
        .pbx
        .handle_directory(script.now, DirectoryChange::Ddi(ddi));
    script.drain();
    script.skip();
    script
}

/// An outsider calls by the first trunk.
fn outsider_calls<'a>(script: &'a mut Script, leg: LegId, number: &str) -> &'a mut Script {
    let request = super::message(
        &format!("INVITE sip:{number}@pbx.example SIP/2.0"),
        "1 INVITE",
        &["P-Asserted-Identity: \"Zoe\" <sip:+34600111222@carrier.example>"],
        None,
    );
    script.event(Event::Invite {
        leg,
        from: Origin::Trunk(TrunkId(1)),
        peer: peer(71),
        request,
    })
}

#[test]
fn an_outsider_reaches_a_user_by_a_number_of_ours() {
    let mut script = script(&[1]);
    outsider_calls(&mut script, A, "+34910000000")
        .commit()
        .expect(&["* call.initial", "-- commit", "B1 INVITE"]);
    let body = script.bodies.first().expect("an event").clone();
    for (field, value) in [
        ("src", "34600111222"),
        ("src_id", "0"),
        ("src_name", "Zoe"),
        ("dst", "34910000000"),
        ("dst_id", "100002"),
        ("destination", "in"),
        ("clid", "\"Zoe\" <34600111222>"),
    ] {
        assert_eq!(body[field], value, "{field}");
    }
}

#[test]
fn a_trunk_reaches_no_extension_and_no_other_trunk() {
    for number in ["2002", "+34600111222", "*22", ""] {
        let mut script = script(&[1, 2]);
        outsider_calls(&mut script, A, number).expect(&["A 404"]);
        assert!(script.bodies.is_empty(), "{number}: no event");
    }
}

#[test]
fn the_call_after_the_last_one_that_a_trunk_may_have_is_refused() {
    let mut script = script(&[1]);
    outsider_calls(&mut script, A, "34910000000")
        .commit()
        .skip();
    outsider_calls(&mut script, LegId(2), "34910000000").expect(&["A2 503"]);
    script.event(Event::Cancelled {
        leg: A,
        reason: None,
    });
    script.commit().skip();
    outsider_calls(&mut script, LegId(4), "34910000000").expect(&["* call.initial"]);
}

#[test]
fn a_trunk_that_cannot_take_the_call_leaves_it_to_the_next() {
    let mut script = script(&[1, 2]);
    script.invite("34600111222", None).commit();
    script.expect(&["* call.initial", "-- commit", "B1 INVITE"]);
    script.refused(B1, 503).expect(&["B2 INVITE"]);
    script.refused(B2, 486).commit();
    assert_eq!(
        script.told(),
        [
            "1 1 call.initial 2001>34600111222",
            "2 1 call.failed 2001>34600111222 User Busy final",
        ]
    );
    let cdr = script.cdrs.first().expect("one CDR");
    assert_eq!(
        (cdr.destination.as_str(), cdr.dst.id.as_str()),
        ("out", "0")
    );
}

#[test]
fn without_a_trunk_that_is_up_a_number_is_out_of_order() {
    let mut script = script(&[1]);
    let change = DirectoryChange::Trunk(Trunk {
        addresses: Vec::new(),
        ..trunk(1, 1)
    });
    script.pbx.handle_directory(script.now, change);
    script.drain();
    script.skip();
    script.invite("34600111222", None).commit().expect(&[
        "* call.initial",
        "* call.failed Network Out Of Order",
        "-- commit",
        "A 503",
    ]);
}

#[test]
fn the_number_shown_outside_is_the_users_own_or_the_trunks() {
    let mut script = script(&[1]);
    script.invite("34600111222", None);
    script.pbx.handle_committed(1);
    let invite = script.pbx.actions.iter().find_map(|action| {
        let super::Action::Sip(Command::Invite { invite, target, .. }) = action else {
            return None;
        };
        Some((invite.clone(), target.clone()))
    });
    let (invite, target) = invite.expect("an INVITE leaves");
    assert_eq!(&target.uri[..], b"sip:34600111222@192.0.2.71");
    assert_eq!(
        &invite.from[..],
        b"\"User 2001\" <sip:34910000000@pbx.example>"
    );
    assert!(invite.headers.iter().any(|(name, value)| {
        &name[..] == b"P-Asserted-Identity" && &value[..] == b"<sip:34910000000@pbx.example>"
    }));
}

#[test]
fn an_outside_call_rings_longer_than_a_phone() {
    let mut script = script(&[1]);
    script.invite("34600111222", None).commit();
    script.wait(Duration::from_secs(60)).skip();
    assert_eq!(script.bodies.len(), 1);
    script.wait(Duration::from_secs(60)).commit();
    assert_eq!(
        script.told().last().map(String::as_str),
        Some("2 1 call.failed 2001>34600111222 No Answer final")
    );
}

#[test]
fn who_is_not_in_the_call_holds_it_for_the_side_that_is_a_user_of_ours() {
    let offer = super::sdp("192.0.2.1", 4000, "sendrecv");
    let mut script = script(&[1]);
    script
        .invite("34600111222", Some(&offer))
        .commit()
        .answered(B1, Some(&offer))
        .commit()
        .acked(A, None)
        .skip();
    let hold = crate::ApiCommand::Hold {
        call: offhook_base::CallId(1),
        held: true,
        by: UserId(7),
    };
    script.api(9, hold);
    let told = script.said(B1, Some("INVITE"));
    assert!(told.contains("a=inactive\r\n"), "{told}");
}
