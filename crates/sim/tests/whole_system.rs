//! The whole system from many seeds: phones, a bad network, crashes, slow commits, failing receivers.
//!
//! `OFFHOOK_SEED=17 cargo test -p offhook-sim --test whole_system` plays one seed again; `OFFHOOK_SEEDS=10000`
//! plays more of them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use offhook_sim::world::{Plan, World};

const SEEDS: u64 = 200;
const SEEDS_OF_TEXTS: u64 = 100;

/// Plays every seed, or the one of the environment, and lets `look` at each world. Gives the number of runs.
fn play(seeds: u64, plan: fn(u64) -> Plan, mut look: impl FnMut(&World)) -> usize {
    let number = |name: &str| {
        std::env::var(name)
            .ok()
            .map(|text| text.parse::<u64>().expect("a number"))
    };
    let seeds = match number("OFFHOOK_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("OFFHOOK_SEEDS").unwrap_or(seeds),
    };
    for seed in seeds.clone() {
        let mut world = World::new(plan(seed));
        world.play();
        let broken = world.verdict();
        assert!(
            broken.is_empty(),
            "OFFHOOK_SEED={seed} plays this again:\n{}",
            broken.join("\n")
        );
        look(&world);
    }
    usize::try_from(seeds.end - seeds.start).expect("few")
}

#[test]
fn every_promise_is_kept_from_every_seed() {
    let mut answered = 0;
    let runs = play(SEEDS, Plan::of, |world| answered += world.answered());
    // A simulation in which hardly any call is answered would prove nothing.
    assert!(answered >= runs, "{answered} answered calls in {runs} runs");
}

#[test]
fn texts_are_told_kept_and_delivered_from_every_seed() {
    let (mut delivered, mut sent) = (0, 0);
    let runs = play(SEEDS_OF_TEXTS, Plan::texts, |world| {
        let (at_phones, at_carriers) = world.texts_arrived();
        delivered += at_phones;
        sent += at_carriers;
    });
    assert!(
        delivered >= 4 * runs && sent >= runs,
        "{delivered} texts delivered and {sent} sent in {runs} runs"
    );
}
