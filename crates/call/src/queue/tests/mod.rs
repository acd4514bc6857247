//! Rules by name, a model, the figures.

mod cost;
mod load;
mod model;
mod naive;
mod rules;

use std::time::Duration;

use offhook_base::{CallId, Mono, QueueId, UserId};
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng, SeedableRng};

use super::*;
use crate::directory::{QueueConfig, QueueStrategy};

const SECOND: Duration = Duration::from_secs(1);

const STRATEGIES: [QueueStrategy; 5] = [
    QueueStrategy::All,
    QueueStrategy::LeastRecent,
    QueueStrategy::FewestCalls,
    QueueStrategy::RoundRobin,
    QueueStrategy::InOrder,
];

/// A queue in order that rings for 15 s, with these agents logged in.
fn queue(id: u32, agents: &[u32]) -> QueueConfig {
    QueueConfig {
        id: QueueId(id),
        name: format!("queue {id}"),
        number: format!("7{id:02}"),
        strategy: QueueStrategy::InOrder,
        ring_time: 15 * SECOND,
        max_wait: None,
        max_length: None,
        wrap_up: Duration::ZERO,
        announce: None,
        skip_busy: true,
        music: None,
        announcement: None,
        agents: agents.iter().map(|user| (UserId(*user), true)).collect(),
    }
}

/// A draw that a seed repeats.
struct Dice(ChaCha12Rng);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(ChaCha12Rng::seed_from_u64(seed))
    }

    fn below(&mut self, n: u32) -> u32 {
        self.0.next_u32() % n
    }

    fn one_in(&mut self, n: u32) -> bool {
        self.below(n) == 0
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        let at = self.0.next_u32() as usize % of.len();
        of[at]
    }
}
