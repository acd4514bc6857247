//! The whole PBX from many seeds: groups, queues, trunks, transfers and texts, on a bad network, with crashes; a call
//! centre whose agents lose their phones; a ring group of fifty.
//!
//! `OFFHOOK_SEED=17 cargo test -p offhook-sim --test pbx_system` plays one seed again; `OFFHOOK_SEEDS=10000` plays
//! more of them. A name of a test after that picks the plan.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use offhook_sim::world::{Plan, World};

/// What came of all runs together.
#[derive(Debug, Default)]
struct Sum {
    runs: usize,
    begun: usize,
    answered: usize,
    recorded: usize,
    pressed: usize,
}

/// Plays each seed of a plan to its end; no promise may be broken.
fn play(plan: fn(u64) -> Plan, usual: u64) -> Sum {
    let number = |name: &str| {
        std::env::var(name)
            .ok()
            .map(|text| text.parse::<u64>().expect("a number"))
    };
    let seeds = match number("OFFHOOK_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("OFFHOOK_SEEDS").unwrap_or(usual),
    };
    let mut sum = Sum::default();
    for seed in seeds {
        let mut world = World::new(plan(seed));
        world.play();
        let broken = world.verdict();
        assert!(
            broken.is_empty(),
            "OFFHOOK_SEED={seed} plays this again:\n{}",
            broken.join("\n")
        );
        sum.runs += 1;
        sum.begun += world.begun();
        sum.answered += world.answered();
        sum.recorded += world.recorded();
        sum.pressed += world.pressed();
    }
    sum
}

// A simulation in which hardly any call is begun or answered would prove nothing: each test asks for some.

#[test]
fn every_promise_of_a_pbx_is_kept_from_every_seed() {
    let sum = play(Plan::pbx, 100);
    assert!(sum.answered >= 5 * sum.runs, "{sum:?}");
    assert!(sum.recorded >= 3 * sum.runs, "{sum:?}");
    assert!(sum.pressed >= 5 * sum.runs, "{sum:?}");
}

/// Row R16 of the test matrix.
#[test]
fn every_caller_of_a_call_centre_is_served_or_told_though_agents_lose_their_phones() {
    let sum = play(Plan::call_centre, 6);
    assert!(sum.begun >= 250 * sum.runs, "{sum:?}");
    assert!(sum.answered >= 50 * sum.runs, "{sum:?}");
}

#[test]
fn a_ring_group_of_fifty_members_with_a_hundred_phones_keeps_its_promises() {
    let sum = play(Plan::big_group, 4);
    assert!(sum.begun >= 100 * sum.runs, "{sum:?}");
    assert!(sum.answered >= 2 * sum.runs, "{sum:?}");
}
