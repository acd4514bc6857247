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

#[test]
fn every_promise_is_kept_from_every_seed() {
    let number = |name: &str| {
        std::env::var(name)
            .ok()
            .map(|text| text.parse::<u64>().expect("a number"))
    };
    let seeds = match number("OFFHOOK_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("OFFHOOK_SEEDS").unwrap_or(SEEDS),
    };
    let mut answered = 0;
    for seed in seeds.clone() {
        let mut world = World::new(Plan::of(seed));
        world.play();
        let broken = world.verdict();
        assert!(
            broken.is_empty(),
            "OFFHOOK_SEED={seed} plays this again:\n{}",
            broken.join("\n")
        );
        answered += world.answered();
    }
    // A simulation in which hardly any call is answered would prove nothing.
    let runs = usize::try_from(seeds.end - seeds.start).expect("few");
    assert!(answered >= runs, "{answered} answered calls in {runs} runs");
}
