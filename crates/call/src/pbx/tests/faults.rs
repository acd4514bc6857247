//! A fault of our own in one conversation ends that one, all its calls once, and nobody is left waiting.

use std::time::Duration;

use offhook_base::{CallId, RingGroupId, UserId};
use offhook_sip_core::LegId;

use super::super::owed::Owed;
use super::{A, B1, Script, sdp};
use crate::directory::{DirectoryChange, GroupStrategy, RingGroup};
use crate::phase::Input;

fn hunting() -> Script {
    let mut script =
        Script::with(|config| config.relay = Some([192, 0, 2, 254].into())).registered(&[1, 2, 4]);
    let group = RingGroup {
        id: RingGroupId(7),
        name: "Sales".into(),
        number: "3000".into(),
        strategy: GroupStrategy::All,
        ring_time: Duration::from_secs(20),
        users: vec![UserId(100_002), UserId(100_003)],
    };
    script
        .pbx
        .handle_directory(script.now, DirectoryChange::RingGroup(group));
    script
        .ports(4)
        .invite("3000", Some(&sdp("192.0.2.1", 4000, "sendrecv")))
        .commit()
        .skip();
    script
}

/// The next step of the conversation 1 panics.
fn fault(script: &mut Script) {
    let (now, root) = (script.now, CallId(1));
    let entry = script.pbx.conversations.remove(&root).expect("it is open");
    let is_sound = script.pbx.run(now, entry, |cx, _| {
        cx.ringing(CallId(2));
        panic!("a fault");
    });
    assert!(!is_sound);
    script.drain();
}

#[test]
fn a_fault_while_a_group_rings_ends_all_its_calls_with_one_final_event() {
    let mut script = hunting();
    fault(&mut script);
    // The relay was not started: its ports are given back one by one.
    let media: Vec<_> = script
        .lines
        .iter()
        .filter(|line| line.contains("media"))
        .collect();
    assert!(
        media.iter().all(|line| line.contains("Release")),
        "{media:?}"
    );
    assert_eq!(media.len(), 2);
    script.commit().expect_sip(&[
        "* call.ringing",
        "* call.missed System Shutdown",
        "* call.missed System Shutdown",
        "* call.missed System Shutdown",
        "-- commit",
        "A BYE",
        "B1 BYE",
        "B2 BYE",
    ]);
    assert_eq!(
        script.told()[3..],
        [
            "4 2 call.ringing 2001>2002",
            "5 3 call.missed 2001>2003 System Shutdown",
            "6 2 call.missed 2001>2002 System Shutdown",
            "7 1 call.missed RG-7 2001>3000 System Shutdown final",
        ]
    );
    assert_eq!(script.pbx.len(), 0);
    assert!(script.pbx.conversations.is_empty() && script.pbx.timers.is_empty());
}

#[test]
fn a_fault_after_the_answer_hangs_both_sides_up() {
    let mut script = hunting();
    script
        .answered(B1, Some(&sdp("192.0.2.2", 5000, "sendrecv")))
        .commit()
        .skip();
    let (now, root) = (script.now, CallId(1));
    let entry = script.pbx.conversations.remove(&root).expect("it is open");
    script.pbx.run(now, entry, |_, _| panic!("a fault"));
    script.drain();
    let stopped = script.lines.iter().any(|line| line.contains("Stop"));
    assert!(stopped, "{:?}", script.lines);
    script.commit().expect_sip(&[
        "* call.hangup System Shutdown",
        "* call.hangup System Shutdown",
        "-- commit",
        "A BYE",
        "B1 BYE",
    ]);
    assert_eq!(script.last("final"), "true");
    assert_eq!(script.last("terminated_by"), "system");
}

#[test]
fn other_conversations_live_on() {
    let mut script = hunting();
    script.event(offhook_sip_core::Event::Invite {
        leg: LegId(2),
        from: offhook_sip_core::Origin::Phone(offhook_base::PhoneId(1)),
        peer: super::peer(1),
        request: super::message(
            "INVITE sip:2003@x SIP/2.0",
            "1 INVITE",
            &[],
            Some(&sdp("192.0.2.1", 4002, "sendrecv")),
        ),
    });
    script.commit().skip();
    fault(&mut script);
    script.commit().skip();
    assert_eq!(script.pbx.len(), 1);
    script
        .answered(LegId(7), Some(&sdp("192.0.2.4", 6000, "sendrecv")))
        .commit();
    script.expect_sip(&["* call.connected", "-- commit", "A2 200 +sdp", "B3 ACK"]);
}

#[test]
fn ids_that_the_journal_was_asked_for_are_not_forgotten() {
    let mut script = hunting();
    script.pbx.office.call_ids = crate::CallIds::new(0, 100, 200);
    let (now, root) = (script.now, CallId(1));
    let entry = script.pbx.conversations.remove(&root).expect("it is open");
    script.pbx.run(now, entry, |cx, _| {
        let call = cx.calls.innermost().expect("a member").clone();
        cx.open(crate::record::NewCall {
            parent: None,
            context: "LOCAL_USER".into(),
            destination: call.destination,
            clid: String::new(),
            src: call.src,
            dst: call.dst,
            referred_by: String::new(),
            queue_state: "",
        });
        panic!("a fault");
    });
    script.drain();
    let lines = script.lines();
    assert!(
        lines.iter().any(|line| line.starts_with("reserve")),
        "{lines:?}"
    );
}

#[test]
fn who_asked_is_answered_all_the_same() {
    let mut script = hunting();
    let bye = super::message("BYE sip:x SIP/2.0", "2 BYE", &[], None);
    let info = super::message("INFO sip:x SIP/2.0", "2 INFO", &[], None);
    let request = |tx, request: &offhook_sip_message::Message| Input::Request {
        leg: A,
        tx: offhook_sip_core::TxId(tx),
        request: request.clone(),
    };
    for input in [
        request(2, &bye),
        request(4, &info),
        Input::Hangup {
            token: 9,
            call: CallId(1),
        },
        Input::Timeout,
    ] {
        script.pbx.settle_debt(Owed::for_input(&input));
    }
    script.pbx.settle_debt(Some(Owed::Invite(A)));
    script.drain();
    script.expect(&["reply 2 200", "reply 4 500", "api 9 Err(NotFound)", "A 500"]);
}
