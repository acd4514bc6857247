//! Model tests (row R21, "retry"): seeded worlds of receivers that fail in many ways, run under a virtual clock.
//!
//! One test compares each request with those of a naive scheduler that looks at everything each time; the others hold a
//! world with a small memory and a journal to the promises: order, nothing lost, one in flight a lane, bounded memory, and
//! that nobody waits for another's dead receiver.

mod naive;
mod world;

use std::collections::BTreeMap;
use std::time::Duration;

use offhook_base::{Mono, WebhookId};

use naive::{Deeds, Naive};
use world::{Sent, Shape, World};

const CASES: u64 = 10_000;

#[test]
fn every_request_is_made_when_the_naive_scheduler_makes_it() {
    let mut requests = 0;
    for seed in 0..CASES {
        let mut world = World::new(seed, Shape::Roomy);
        let mut naive = Naive::new(&world.endpoints, world.config().seed);
        world.run(|now, input, outputs| {
            let (expected, done) = (naive.handle(now, input, outputs), Deeds::of(outputs));
            assert_eq!(
                done, expected,
                "seed {seed}, {:?} after {input:?}",
                now.mono
            );
            requests += done.sent.len();
        });
        world.assert_all_finished();
    }
    assert!(requests > 300_000, "the worlds are not empty: {requests}");
}

#[test]
fn with_a_small_memory_and_a_journal_that_fails_all_promises_hold() {
    let mut reloads = 0;
    let mut pages = 0;
    for seed in 0..CASES {
        let mut world = World::new(seed, Shape::Cramped);
        world.run(|_, _, _| {});
        world.assert_all_finished();
        reloads += world.reloads;
        pages += world.pages;
    }
    assert!(
        reloads > 10_000 && pages > 10_000,
        "both ways to the journal are used: {reloads} {pages}"
    );
}

#[test]
fn an_endpoint_that_is_dead_changes_nothing_for_the_others() {
    for seed in 0..1_000 {
        let trace = |with_dead: bool| {
            let mut world = World::new(seed, Shape::Cramped);
            let dead = world.kill_first();
            if !with_dead {
                world.leave_out(dead);
            }
            let mut trace: BTreeMap<WebhookId, Vec<(Mono, Sent)>> = BTreeMap::new();
            world.run(|now, _, outputs| {
                for sent in outputs
                    .iter()
                    .filter_map(Sent::of)
                    .filter(|sent| sent.endpoint != dead)
                {
                    trace
                        .entry(sent.endpoint)
                        .or_default()
                        .push((now.mono, sent));
                }
            });
            trace
        };
        assert_eq!(trace(true), trace(false), "seed {seed}");
    }
}

#[test]
fn a_world_replays_from_its_seed() {
    let trace = |seed| {
        let mut trace = Vec::new();
        World::new(seed, Shape::Cramped)
            .run(|now, _, outputs| trace.push((now.mono, format!("{outputs:?}"))));
        trace
    };
    for seed in 0..20 {
        assert_eq!(trace(seed), trace(seed));
    }
    assert_ne!(trace(1), trace(2));
}

/// The longest a world may last.
const LIMIT: Duration = Duration::from_secs(20 * 24 * 3_600);
