//! Rules by name, and what a decision costs.

mod cost;
mod rules;

use std::time::Duration;

use offhook_base::{CallId, Mono, QueueId, UserId};

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
        agents: agents.iter().map(|user| (UserId(*user), true)).collect(),
    }
}
