//! Queues: what callers, agents and subscribers hear of them.

use std::time::Duration;

use offhook_base::{QueueId, UserId};
use offhook_sip_core::{Event, LegId};

use super::{A, B1, Script, sdp};
use crate::directory::{DirectoryChange, QueueConfig, QueueStrategy};
use crate::{ApiAnswer, ApiCommand};

const B2: LegId = LegId(5);

pub(super) fn config() -> QueueConfig {
    QueueConfig {
        id: QueueId(5),
        name: "Support".into(),
        number: "4000".into(),
        strategy: QueueStrategy::InOrder,
        ring_time: Duration::from_secs(15),
        max_wait: Some(Duration::from_secs(60)),
        max_length: Some(2),
        wrap_up: Duration::from_secs(10),
        announce: None,
        skip_busy: true,
        music: None,
        announcement: None,
        agents: vec![(UserId(100_002), true), (UserId(100_003), true)],
    }
}

pub(super) fn script(change: impl FnOnce(&mut QueueConfig)) -> Script {
    let mut script =
        Script::with(|config| config.relay = Some([192, 0, 2, 254].into())).registered(&[1, 2, 4]);
    let mut queue = config();
    change(&mut queue);
    script
        .pbx
        .handle_directory(script.now, DirectoryChange::Queue(queue));
    script.ports(4).skip();
    script
}

pub(super) fn lines(script: &mut Script) -> Vec<String> {
    script.drain();
    let mut lines = std::mem::take(&mut script.lines);
    lines.retain(|line| !line.starts_with("media"));
    lines
}

#[test]
fn a_caller_hears_music_until_an_agent_answers_and_the_agent_has_time_afterwards() {
    let mut script = script(|_| {});
    script
        .invite("4000", Some(&sdp("192.0.2.1", 4000, "sendrecv")))
        .commit();
    assert_eq!(
        lines(&mut script),
        [
            "* call.initial",
            "* call.initial",
            "-- commit",
            "A 200 +sdp",
            "B1 INVITE +sdp"
        ]
    );
    script.acked(A, None).provisional(B1, 180, None);
    // The first agent lets it ring; the second takes it.
    script.wait(Duration::from_secs(15)).commit();
    assert_eq!(
        lines(&mut script),
        [
            "* call.ringing",
            "B1 CANCEL given up",
            "* call.missed No Answer",
            "* call.initial",
            "-- commit",
            "B2 INVITE +sdp"
        ]
    );
    script
        .answered(B2, Some(&sdp("192.0.2.4", 6000, "sendrecv")))
        .commit();
    assert_eq!(
        lines(&mut script),
        [
            "* call.connected",
            "* call.connected",
            "-- commit",
            "B2 ACK"
        ]
    );
    script.request(A, 8, "BYE", None).commit();
    script.wait(Duration::from_secs(10)).commit();
    assert_eq!(
        script.told(),
        [
            "1 1 call.initial QUEUE 2001>4000",
            "2 2 call.initial 2001>2002",
            "3 2 call.ringing 2001>2002",
            "4 2 call.missed 2001>2002 No Answer",
            "5 3 call.initial 2001>2003",
            "6 3 call.connected 2001>2003",
            "7 1 call.connected QUEUE 2001>4000",
            "8 3 call.hangup 2001>2003 Normal Clearing",
            "9 1 call.hangup QUEUE 2001>4000 Normal Clearing final",
            "null 1 queue.wrapup QUEUE 2001>4000",
            "null 1 queue.wrapup QUEUE 2001>4000",
        ]
    );
    let wrapups: Vec<_> = script
        .bodies
        .iter()
        .filter(|body| body["event_name"] == "queue.wrapup")
        .map(|body| (body["action"].clone(), body["user_id"].clone()))
        .collect();
    assert_eq!(
        wrapups,
        [
            ("open".into(), 100_003.into()),
            ("timeout".into(), 100_003.into())
        ]
    );
    assert_eq!(script.pbx.len(), 0);
}

#[test]
fn a_caller_who_waited_long_enough_is_let_go() {
    let mut script = script(|queue| {
        queue.max_wait = Some(Duration::from_secs(10));
        queue.agents = vec![(UserId(100_004), true)];
    });
    script
        .invite("4000", Some(&sdp("192.0.2.1", 4000, "sendrecv")))
        .commit()
        .acked(A, None);
    script.wait(Duration::from_secs(10)).commit();
    assert_eq!(
        lines(&mut script),
        [
            "* call.initial",
            "-- commit",
            "A 200 +sdp",
            "* call.missed No Answer",
            "-- commit",
            "A BYE"
        ]
    );
    assert_eq!(
        script.bodies.last().map(|body| body["info"].clone()),
        Some("max_wait".into())
    );
}

#[test]
fn the_live_view_counts_who_waits() {
    let mut script = script(|queue| queue.agents = vec![(UserId(100_004), true)]);
    script
        .invite("4000", Some(&sdp("192.0.2.1", 4000, "sendrecv")))
        .commit();
    let command = ApiCommand::QueueLive { queue: QueueId(5) };
    script.pbx.handle_api(script.now, command, 9);
    let reply = script.pbx.actions.pop_back();
    let Some(super::Action::Reply(reply)) = reply else {
        panic!("{reply:?}");
    };
    let Ok(ApiAnswer::Queue(live)) = reply.result else {
        panic!("{reply:?}");
    };
    assert_eq!(live.waiting, 1);
}

fn dial_code(script: &mut Script, code: &str) {
    script.event(Event::Invite {
        leg: A,
        from: offhook_sip_core::Origin::Phone(offhook_base::PhoneId(2)),
        peer: super::peer(2),
        request: super::message(
            &format!("INVITE sip:{code}@pbx.example SIP/2.0"),
            "1 INVITE",
            &[],
            Some(&sdp("192.0.2.2", 4000, "sendrecv")),
        ),
    });
}

/// The store says what became of the code that was dialled last.
fn code_stored(script: &mut Script, stored: bool) {
    let call = *script.codes.last().expect("a code was dialled");
    script.pbx.handle_agent_login(script.now, call, stored);
}

#[test]
fn an_agent_who_logs_out_by_a_code_hears_that_it_was_done_once_it_is_stored() {
    let mut script = script(|_| {});
    dial_code(&mut script, "*23");
    assert_eq!(lines(&mut script), ["store 100002 out [QueueId(5)]"]);
    code_stored(&mut script, true);
    assert_eq!(lines(&mut script), ["A 200 +sdp"]);
    script.acked(A, None).wait(Duration::from_secs(2));
    assert_eq!(lines(&mut script), ["A BYE"]);
    assert!(script.bodies.is_empty(), "nobody called anybody");
    assert_eq!(script.pbx.len(), 0);
}

#[test]
fn a_code_that_is_not_stored_is_refused() {
    let mut script = script(|_| {});
    dial_code(&mut script, "*22");
    script.skip();
    code_stored(&mut script, false);
    assert_eq!(lines(&mut script), ["A 503"]);
    code_stored(&mut script, true);
    assert_eq!(lines(&mut script), [""; 0]);
    assert_eq!(script.pbx.conversations.len(), 0);
}

#[test]
fn a_code_waits_two_seconds_for_the_store() {
    let mut script = script(|_| {});
    dial_code(&mut script, "*22");
    script.skip().wait(Duration::from_millis(1_999));
    assert_eq!(lines(&mut script), [""; 0]);
    script.wait(Duration::from_millis(1));
    assert_eq!(lines(&mut script), ["A 503"]);
    code_stored(&mut script, true);
    assert_eq!(lines(&mut script), [""; 0]);
}

#[test]
fn a_code_that_is_cancelled_before_it_is_stored_is_answered_487() {
    let mut script = script(|_| {});
    dial_code(&mut script, "*22");
    script.skip().event(Event::Cancelled {
        leg: A,
        reason: None,
    });
    assert_eq!(lines(&mut script), ["A 487"]);
    code_stored(&mut script, true);
    assert_eq!(lines(&mut script), [""; 0]);
}

#[test]
fn a_caller_who_waits_may_hold_and_refresh() {
    let mut script = script(|queue| queue.agents = vec![(UserId(100_004), true)]);
    script
        .invite("4000", Some(&sdp("192.0.2.1", 4000, "sendrecv")))
        .commit()
        .acked(A, None)
        .skip();
    script.request(A, 4, "INVITE", Some(&sdp("192.0.2.1", 4000, "sendonly")));
    script.request(A, 6, "UPDATE", None);
    script.request(A, 8, "INVITE", None);
    assert_eq!(
        lines(&mut script),
        ["reply 4 200 +sdp", "reply 6 200", "reply 8 500"]
    );
}

/// RFC 3261 §9.1: a CANCEL waits for a sign of life, and may be lost; meanwhile the phone may ring.
#[test]
fn an_agent_whose_phone_may_still_ring_for_a_caller_who_is_gone_is_offered_no_other() {
    let mut script = script(|queue| queue.agents = vec![(UserId(100_002), true)]);
    let offer = sdp("192.0.2.1", 4000, "sendrecv");
    script.invite("4000", Some(&offer)).commit();
    script.event(Event::Cancelled {
        leg: A,
        reason: None,
    });
    script.commit();
    lines(&mut script);
    script.invite("4000", Some(&offer)).commit();
    assert_eq!(
        lines(&mut script),
        ["* call.initial", "-- commit", "A 200 +sdp"]
    );
    script.refused(B1, 487).commit();
    assert_eq!(
        lines(&mut script),
        ["* call.initial", "-- commit", "B2 INVITE +sdp"]
    );
}

#[test]
fn time_after_a_call_never_lies_before_its_end_though_the_wall_clock_steps_back() {
    let mut script = script(|_| {});
    script
        .invite("4000", Some(&sdp("192.0.2.1", 4000, "sendrecv")))
        .commit()
        .acked(A, None)
        .answered(B1, Some(&sdp("192.0.2.2", 5000, "sendrecv")))
        .commit();
    script.wait(Duration::from_secs(60));
    script.now.wall.0 -= 3_600_000_000;
    script.request(A, 8, "BYE", None).commit();
    script.wait(Duration::from_secs(10)).commit();
    let at: Vec<_> = script.recorded.iter().map(|fact| fact.event.at).collect();
    assert!(at.is_sorted(), "{at:?}");
    let [.., ended, opened, closed] = at.as_slice() else {
        panic!("{at:?}");
    };
    assert_eq!(opened, ended);
    assert_eq!(*closed, *opened + Duration::from_secs(10));
}

#[test]
fn who_dialled_a_code_counts_for_the_calls_that_may_be_until_he_hung_up() {
    let mut script = script(|queue| queue.agents.push((UserId(100_001), true)));
    script.pbx.office.config.max_calls = 1;
    let offer = sdp("192.0.2.1", 4000, "sendrecv");
    script.invite("*22", Some(&offer));
    code_stored(&mut script, true);
    script.acked(A, None).skip();
    let again = super::message("INVITE sip:2003@x SIP/2.0", "1 INVITE", &[], Some(&offer));
    let again = |script: &mut Script| {
        script.event(Event::Invite {
            leg: LegId(2),
            from: offhook_sip_core::Origin::Phone(offhook_base::PhoneId(1)),
            peer: super::peer(1),
            request: again.clone(),
        });
    };
    again(&mut script);
    assert_eq!(lines(&mut script), ["A2 503"]);
    script.wait(Duration::from_secs(2)).ports(4).skip();
    again(&mut script);
    assert_eq!(lines(&mut script), ["* call.initial"]);
}

#[test]
fn a_caller_who_waits_long_for_phones_that_decline_leaves_no_legs_behind() {
    let mut script = script(|queue| {
        queue.max_wait = None;
        queue.agents = vec![(UserId(100_003), true)];
    });
    script
        .invite("4000", Some(&sdp("192.0.2.1", 4000, "sendrecv")))
        .commit()
        .acked(A, None);
    for n in 1..=20 {
        let leg = LegId::outgoing(n);
        script.refused(leg, 486).commit();
        script.wait(Duration::from_secs(10)).commit();
    }
    assert_eq!(script.told().len(), 2 + 20 * 2);
    let entry = script.pbx.conversations.values().next().expect("he waits");
    assert_eq!(entry.legs.len(), 2);
    assert!(script.pbx.legs.len() <= 2 + 4, "{:?}", script.pbx.legs);
}

#[test]
fn who_becomes_an_agent_while_in_a_call_is_known_to_be_busy() {
    let mut script =
        Script::with(|config| config.relay = Some([192, 0, 2, 254].into())).registered(&[1, 2, 4]);
    let offer = sdp("192.0.2.1", 4000, "sendrecv");
    script
        .ports(4)
        .invite("2003", Some(&offer))
        .commit()
        .answered(B1, Some(&sdp("192.0.2.4", 6000, "sendrecv")))
        .commit();
    let serves = |script: &mut Script, serves: bool| {
        let mut queue = config();
        queue.agents = if serves {
            vec![(UserId(100_003), true)]
        } else {
            Vec::new()
        };
        let change = DirectoryChange::Queue(queue);
        script.pbx.handle_directory(script.now, change);
    };
    let state = |script: &Script| {
        let live = script
            .pbx
            .office
            .queues
            .queue_live(script.now.mono, config().id);
        live.expect("the queue").agents[0].1
    };
    serves(&mut script, true);
    assert_eq!(state(&script), crate::command::AgentState::Busy);
    serves(&mut script, false);
    serves(&mut script, true);
    assert_eq!(state(&script), crate::command::AgentState::Busy);
    serves(&mut script, false);
    script.request(A, 8, "BYE", None).commit();
    serves(&mut script, true);
    assert_eq!(state(&script), crate::command::AgentState::Free);
}

/// RFC 3261 §13.3.1.1.
#[test]
fn a_caller_who_cannot_hear_us_is_told_each_minute_that_it_rings() {
    let mut script = script(|queue| {
        queue.max_wait = Some(Duration::from_secs(150));
        queue.agents = vec![(UserId(100_004), true)];
    });
    let offer = sdp("192.0.2.1", 4000, "sendrecv");
    let compressed = offer.replace("RTP/AVP 0 101", "RTP/AVP 18 101");
    assert_ne!(offer, compressed);
    script.invite("4000", Some(&compressed)).commit();
    script.wait(Duration::from_secs(140));
    assert_eq!(
        lines(&mut script),
        ["* call.initial", "-- commit", "A 180", "A 180", "A 180"]
    );
    script.wait(Duration::from_secs(10)).commit();
    assert_eq!(
        lines(&mut script),
        ["* call.missed No Answer", "-- commit", "A 480"]
    );
}
