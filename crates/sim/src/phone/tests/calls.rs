use std::time::Duration;

use super::world::World;
use crate::network::Conditions;
use crate::phone::{CallRef, Direction, First, Incoming, PhoneEvent, Script, Side, Then};

const CALL: CallRef = CallRef(0);
const SECOND: Duration = Duration::from_secs(1);

fn world() -> World {
    World::new(1, Conditions::PERFECT)
}

fn dial(world: &mut World, script: Script) -> CallRef {
    let now = world.now;
    world.alice().dial(now, "bob", script)
}

fn ended(by: Side, status: Option<u16>) -> PhoneEvent {
    PhoneEvent::Ended {
        call: CALL,
        by,
        status,
    }
}

fn ringing() -> PhoneEvent {
    PhoneEvent::Progress {
        call: CALL,
        status: 180,
    }
}

fn incoming() -> PhoneEvent {
    PhoneEvent::Incoming {
        call: CALL,
        from: String::new(),
    }
}

/// Events with the text of From left out.
fn told(world: &World, phone: usize) -> Vec<PhoneEvent> {
    let mut events = world.told(phone);
    for event in &mut events {
        if let PhoneEvent::Incoming { from, .. } = event {
            from.clear();
        }
    }
    events
}

#[test]
fn an_answered_call_with_hold_ends_by_the_callers_bye() {
    let mut world = world();
    let callee = Script {
        hold_after: Some(SECOND),
        unhold_after: Some(SECOND * 2),
        ..Script::NOTHING
    };
    world
        .bob()
        .set_incoming(Incoming::answer_and(SECOND, callee));
    dial(
        &mut world,
        Script {
            hangup_after: Some(SECOND * 3),
            ..Script::NOTHING
        },
    );
    world.run_for(SECOND * 60);

    let held = |held| PhoneEvent::Held { call: CALL, held };
    let answered = PhoneEvent::Answered { call: CALL };
    assert_eq!(
        told(&world, 0),
        [
            ringing(),
            answered.clone(),
            held(true),
            held(false),
            ended(Side::Us, None)
        ]
    );
    assert_eq!(
        told(&world, 1),
        [incoming(), answered, ended(Side::Peer, None)]
    );
    world.assert_no_violation();
}

#[test]
fn both_sides_know_where_audio_goes() {
    let mut world = world();
    world.bob().set_incoming(Incoming::answer(SECOND));
    dial(&mut world, Script::NOTHING);
    world.run_for(SECOND * 3);
    let media = |phone: usize| {
        let of_phone = world.events.iter().rev().filter(|(n, _)| *n == phone);
        of_phone.map(|(_, event)| event).find_map(|event| {
            let PhoneEvent::Media { to, direction, .. } = event else {
                return None;
            };
            Some((to.unwrap(), *direction))
        })
    };
    assert_eq!(
        media(0),
        Some(("192.0.2.2:4004".parse().unwrap(), Direction::SendRecv))
    );
    assert_eq!(
        media(1),
        Some(("192.0.2.1:4002".parse().unwrap(), Direction::SendRecv))
    );
}

#[test]
fn early_media_is_heard_before_the_answer() {
    let mut world = world();
    let answer = Then::Answer {
        after: SECOND * 2,
        script: Script::NOTHING,
    };
    world.bob().set_incoming(Incoming {
        first: First::EarlyMedia,
        then: answer,
    });
    dial(&mut world, Script::NOTHING);
    world.run_for(SECOND);
    assert!(matches!(
        world.events.as_slice(),
        [
            ..,
            (0, PhoneEvent::Media { .. }),
            (0, PhoneEvent::Progress { status: 183, .. })
        ]
    ));
    world.run_for(SECOND * 2);
    world.assert_no_violation();
}

#[test]
fn a_busy_phone_refuses_at_once() {
    let mut world = world();
    world.bob().set_incoming(Incoming::BUSY);
    dial(&mut world, Script::NOTHING);
    world.run_for(SECOND * 60);
    assert_eq!(told(&world, 0), [ended(Side::Peer, Some(486))]);
    assert_eq!(told(&world, 1), [incoming(), ended(Side::Us, Some(486))]);
    world.assert_no_violation();
}

#[test]
fn a_user_declines() {
    let mut world = world();
    world.bob().set_incoming(Incoming::decline(SECOND));
    dial(&mut world, Script::NOTHING);
    world.run_for(SECOND * 60);
    assert_eq!(told(&world, 0), [ringing(), ended(Side::Peer, Some(603))]);
    world.assert_no_violation();
}

#[test]
fn a_caller_gives_up() {
    let mut world = world();
    dial(
        &mut world,
        Script {
            cancel_after: Some(SECOND * 3),
            ..Script::NOTHING
        },
    );
    world.run_for(SECOND * 60);
    assert_eq!(told(&world, 0), [ringing(), ended(Side::Us, Some(487))]);
    assert_eq!(told(&world, 1), [incoming(), ended(Side::Peer, Some(487))]);
    world.assert_no_violation();
}

#[test]
fn rfc3261_9_1_a_cancel_waits_for_a_provisional_answer() {
    let mut world = world();
    dial(
        &mut world,
        Script {
            cancel_after: Some(Duration::ZERO),
            ..Script::NOTHING
        },
    );
    world.run_for(SECOND * 60);
    assert_eq!(told(&world, 0), [ringing(), ended(Side::Us, Some(487))]);
    world.assert_no_violation();
}

#[test]
fn rfc3261_9_1_a_cancel_that_crosses_the_answer_ends_by_bye() {
    let mut world = world();
    world.bob().set_incoming(Incoming::answer(SECOND));
    // The 200 leaves at 1.0001 s and arrives at 1.0002 s; the CANCEL leaves between.
    dial(
        &mut world,
        Script {
            cancel_after: Some(SECOND + Duration::from_micros(150)),
            ..Script::NOTHING
        },
    );
    world.run_for(SECOND * 60);
    let answered = PhoneEvent::Answered { call: CALL };
    assert_eq!(
        told(&world, 0),
        [ringing(), answered.clone(), ended(Side::Us, None)]
    );
    assert_eq!(
        told(&world, 1),
        [incoming(), answered, ended(Side::Peer, None)]
    );
    world.assert_no_violation();
}

#[test]
fn rfc3261_15_a_callee_does_not_hang_up_before_the_ack() {
    let mut world = world();
    let script = Script {
        hangup_after: Some(Duration::ZERO),
        ..Script::NOTHING
    };
    world
        .bob()
        .set_incoming(Incoming::answer_and(SECOND, script));
    dial(&mut world, Script::NOTHING);
    world.run_for(SECOND * 60);
    let order: Vec<&str> = world
        .sent
        .iter()
        .filter_map(|(_, _, line)| line.split(' ').next())
        .collect();
    assert_eq!(
        order,
        ["INVITE", "SIP/2.0", "SIP/2.0", "ACK", "BYE", "SIP/2.0"]
    );
    world.assert_no_violation();
}

#[test]
fn rfc3261_14_1_both_hold_at_once_and_both_come_to_an_end() {
    let mut world = world();
    let both = Script {
        hold_after: Some(SECOND + Duration::from_micros(50)),
        ..Script::NOTHING
    };
    world.bob().set_incoming(Incoming::answer_and(SECOND, both));
    dial(
        &mut world,
        Script {
            hold_after: Some(SECOND),
            hangup_after: Some(SECOND * 20),
            ..Script::NOTHING
        },
    );
    world.run_for(SECOND * 15);
    assert!(
        world
            .sent
            .iter()
            .any(|(_, _, line)| line.starts_with("SIP/2.0 491")),
        "the two offers met"
    );
    let held = |phone| {
        told(&world, phone).contains(&PhoneEvent::Held {
            call: CALL,
            held: true,
        })
    };
    assert!(held(0) && held(1));
    world.run_for(SECOND * 60);
    world.assert_no_violation();
}

#[test]
fn two_byes_that_cross_end_the_call_once_on_each_side() {
    let mut world = world();
    world.bob().set_incoming(Incoming::answer(SECOND));
    dial(&mut world, Script::NOTHING);
    world.run_for(SECOND * 2);
    let now = world.now;
    world.alice().hangup(now, CALL);
    world.bob().hangup(now, CALL);
    world.run_for(SECOND * 60);
    for phone in 0..2 {
        let ends = told(&world, phone)
            .iter()
            .filter(|event| matches!(event, PhoneEvent::Ended { .. }))
            .count();
        assert_eq!(ends, 1);
    }
    world.assert_no_violation();
}

#[test]
fn nothing_is_left_when_all_calls_are_over() {
    let mut world = world();
    world.bob().set_incoming(Incoming::BUSY);
    dial(&mut world, Script::NOTHING);
    world.run_for(SECOND * 200);
    for phone in &world.phones {
        assert!(phone.calls().is_empty());
        assert_eq!(phone.next_timeout(), None);
    }
}

#[test]
fn a_bad_line_bends_no_call_and_no_rule() {
    let scenes = [
        (
            Incoming::answer_and(
                SECOND,
                Script {
                    hold_after: Some(SECOND),
                    unhold_after: Some(SECOND * 6),
                    ..Script::NOTHING
                },
            ),
            Script {
                hangup_after: Some(SECOND * 20),
                ..Script::NOTHING
            },
        ),
        (
            Incoming::answer_and(
                SECOND * 2,
                Script {
                    hangup_after: Some(SECOND * 4),
                    ..Script::NOTHING
                },
            ),
            Script {
                hold_after: Some(SECOND),
                ..Script::NOTHING
            },
        ),
        (Incoming::BUSY, Script::NOTHING),
        (Incoming::decline(SECOND * 3), Script::NOTHING),
        (
            Incoming::RING,
            Script {
                cancel_after: Some(SECOND * 2),
                ..Script::NOTHING
            },
        ),
        (
            Incoming::answer(SECOND * 2),
            Script {
                cancel_after: Some(SECOND * 2),
                ..Script::NOTHING
            },
        ),
    ];
    for seed in 0..120_u8 {
        for (incoming, script) in scenes {
            let mut world = World::new(seed, Conditions::BAD);
            world.bob().set_incoming(incoming);
            dial(&mut world, script);
            world.run_for(SECOND * 150);
            for phone in &world.phones {
                assert_eq!(
                    phone.violations(),
                    [],
                    "seed {seed}, {incoming:?}, {script:?}"
                );
                assert!(
                    phone.calls().is_empty(),
                    "seed {seed}, {incoming:?}, {script:?}"
                );
                assert_eq!(phone.next_timeout(), None, "seed {seed}");
            }
            for phone in 0..2 {
                let ends = told(&world, phone)
                    .iter()
                    .filter(|event| matches!(event, PhoneEvent::Ended { .. }))
                    .count();
                assert_eq!(ends, 1, "seed {seed}, {incoming:?}, {script:?}");
            }
        }
    }
}

#[test]
fn a_seed_tells_the_same_story_again() {
    let story = |seed| {
        let mut world = World::new(seed, Conditions::BAD);
        world.bob().set_incoming(Incoming::answer(SECOND));
        dial(
            &mut world,
            Script {
                hangup_after: Some(SECOND * 5),
                ..Script::NOTHING
            },
        );
        world.run_for(SECOND * 100);
        (world.sent, world.events)
    };
    assert_eq!(story(5), story(5));
}
