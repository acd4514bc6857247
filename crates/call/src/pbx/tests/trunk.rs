//! Trunks: outsiders who call numbers of ours, and calls to the outside.

use std::time::Duration;

use offhook_base::{DdiId, TrunkId, UserId};
use offhook_sip_core::{Command, Event, LegId, Origin};

use super::{A, B1, Script, peer};
use crate::directory::{Ddi, DdiTarget, DirectoryChange, Trunk};

const B2: LegId = LegId(5);

pub(super) fn trunk(id: u32, priority: u32) -> Trunk {
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
    equipped(Script::new(), trunks)
}

/// The same with media of ours.
fn relayed(trunks: &[u32]) -> Script {
    let mut script = Script::with(|config| config.relay = Some([192, 0, 2, 254].into()));
    script.ports(4);
    equipped(script, trunks)
}

fn equipped(script: Script, trunks: &[u32]) -> Script {
    let mut script = script.registered(&[1, 2]);
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
    script.pbx.handle_committed(script.now, 1);
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

/// The last INVITE that left.
fn last_invite(script: &Script) -> (String, String, String) {
    let invite = script.commands.iter().rev().find_map(|command| {
        let Command::Invite { invite, target, .. } = command else {
            return None;
        };
        Some((invite.clone(), target.clone()))
    });
    let (invite, target) = invite.expect("an INVITE left");
    let mut headers = String::new();
    for (name, value) in &invite.headers {
        headers += &format!(
            "{}: {}\n",
            String::from_utf8_lossy(name),
            String::from_utf8_lossy(value)
        );
    }
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    (text(&invite.from), text(&target.uri), headers)
}

#[test]
fn who_does_not_want_to_be_known_is_known_to_the_trunk_alone() {
    let mut script = script(&[1]);
    let request = super::message(
        "INVITE sip:34600111222@pbx.example SIP/2.0",
        "1 INVITE",
        &["Privacy: id", "Organization: Us"],
        None,
    );
    script.event(Event::Invite {
        leg: A,
        from: Origin::Phone(offhook_base::PhoneId(1)),
        peer: peer(1),
        request,
    });
    script.commit();
    let (from, _, headers) = last_invite(&script);
    assert_eq!(from, "\"Anonymous\" <sip:anonymous@anonymous.invalid>");
    assert_eq!(
        headers,
        "Privacy: id\nP-Asserted-Identity: <sip:34910000000@pbx.example>\n"
    );
    assert_eq!(script.last("clid"), "\"\" <anonymous>");
}

#[test]
fn an_outsider_has_no_say_in_how_a_phone_rings() {
    let mut script = script(&[1]);
    let request = super::message(
        "INVITE sip:34910000000@pbx.example SIP/2.0",
        "1 INVITE",
        &[
            "Alert-Info: <http://x>",
            "Call-Info: <sip:x>;answer-after=0",
            "Subject: hi",
        ],
        None,
    );
    script.event(Event::Invite {
        leg: A,
        from: Origin::Trunk(TrunkId(1)),
        peer: peer(71),
        request,
    });
    script.commit();
    assert_eq!(last_invite(&script).2, "Subject: hi\n");
}

#[test]
fn what_an_outsider_is_called_cannot_break_out_of_the_uri() {
    let mut script = script(&[1]);
    let request = super::message(
        "INVITE sip:34910000000@pbx.example SIP/2.0",
        "1 INVITE",
        &["P-Asserted-Identity: <sip:a%3E%40evil@carrier.example>"],
        None,
    );
    script.event(Event::Invite {
        leg: A,
        from: Origin::Trunk(TrunkId(1)),
        peer: peer(71),
        request,
    });
    script.commit();
    assert_eq!(last_invite(&script).0, "\"\" <sip:a%3E%40evil@pbx.example>");
}

#[test]
fn a_user_who_dials_a_number_of_ours_stays_inside() {
    for dialled in ["34910000000", "+34910000000", "0034910000000"] {
        let mut script = script(&[1]);
        script.invite(dialled, None).commit();
        script.expect(&["* call.initial", "-- commit", "B1 INVITE"]);
        assert_eq!(script.last("dst"), "34910000000");
        assert_eq!(script.last("dst_id"), "100002");
        assert_eq!(script.last("destination"), "in");
        assert!(last_invite(&script).1.starts_with("sip:p2@"), "{dialled}");
    }
}

#[test]
fn a_call_by_a_number_of_ours_without_media_is_missed_by_whom_it_is_for() {
    let mut script = Script::with(|config| config.relay = Some([192, 0, 2, 254].into()));
    for change in [
        DirectoryChange::Trunk(trunk(1, 1)),
        DirectoryChange::Ddi(Ddi {
            id: DdiId(1),
            e164: "34910000000".into(),
            trunk: None,
            target: DdiTarget::User(UserId(100_002)),
        }),
    ] {
        script.pbx.handle_directory(script.now, change);
    }
    script.drain();
    outsider_calls(&mut script, A, "34910000000").commit();
    assert_eq!(script.last("event_name"), "call.missed");
    assert_eq!(script.last("dst"), "34910000000");
    assert_eq!(script.last("dst_id"), "100002");
    assert_eq!(script.last("dst_name"), "User 2002");
}

#[test]
fn a_trunk_that_rang_leaves_the_call_to_no_other() {
    let mut script = script(&[1, 2]);
    script.invite("34600111222", None).commit();
    script.provisional(B1, 180, None).commit().skip();
    script.refused(B1, 503).commit();
    assert_eq!(
        script.told().last().map(String::as_str),
        Some("3 1 call.failed 2001>34600111222 Normal Temporary Failure final")
    );
}

#[test]
fn an_unknown_extension_does_not_reach_the_carrier() {
    let mut script = script(&[1]);
    script.invite("2999", None).commit();
    assert_eq!(
        script.told().last().map(String::as_str),
        Some("2 1 call.failed 2001>2999 Unallocated Number final")
    );
}

/// 2002 talks to whoever calls, and transfers outwards.
fn answers_and_transfers(script: &mut Script) {
    script
        .commit()
        .answered(B1, Some(&super::sdp("192.0.2.2", 5000, "sendrecv")))
        .commit()
        .acked(A, None)
        .refer(B1, 7, "<sip:34600999888@pbx.example>")
        .commit();
}

#[test]
fn who_transfers_outwards_is_shown_by_name_and_number() {
    let mut script = relayed(&[1, 2]);
    let request = super::message(
        "INVITE sip:34910000000@pbx.example SIP/2.0",
        "1 INVITE",
        &["P-Asserted-Identity: \"Zoe\" <sip:+34600111222@carrier.example>"],
        Some(&super::sdp("192.0.2.71", 4000, "sendrecv")),
    );
    script.event(Event::Invite {
        leg: A,
        from: Origin::Trunk(TrunkId(1)),
        peer: peer(71),
        request,
    });
    answers_and_transfers(&mut script);
    let (from, to, _) = last_invite(&script);
    assert_eq!(to, "sip:34600999888@192.0.2.72");
    assert_eq!(from, "\"User 2002\" <sip:34910000000@pbx.example>");
}

#[test]
fn a_call_given_back_by_the_outside_shows_inside_who_calls() {
    let mut script = relayed(&[1]);
    script.invite("2002", Some(&super::sdp("192.0.2.1", 4000, "sendrecv")));
    answers_and_transfers(&mut script);
    script.refused(B2, 486).commit();
    let shown = |(dst, clid): (&str, &str)| {
        let mut bodies = script.bodies.iter();
        bodies.any(|body| body["dst"] == dst && body["clid"] == clid)
    };
    assert!(shown(("34600999888", "\"User 2002\" <34910000000>")));
    assert_eq!(script.last("dst"), "2002");
    assert_eq!(script.last("event_name"), "call.connected");
    assert_eq!(script.last("clid"), "\"User 2001\" <2001>");
}

#[test]
fn a_click_names_the_number_that_is_called_in_e164() {
    for (to, e164) in [
        ("0034600111222", "34600111222"),
        ("0034910000000", "34910000000"),
    ] {
        let mut script = script(&[1]);
        let click = crate::ApiCommand::Originate {
            user: UserId(100_001),
            to: to.into(),
            caller_id: None,
        };
        script.api(9, click).commit();
        assert_eq!(script.last("dst"), e164);
    }
}
