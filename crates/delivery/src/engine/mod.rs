//! The engine: every endpoint's lanes, driven by inputs with a time.

mod clockwork;
mod journaled;
#[cfg(test)]
mod model;
mod post;
pub(crate) mod settings;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use offhook_base::{DeliveryId, JournalPos, Mono, Now, WebhookId};

use crate::endpoint::EndpointChange;
use crate::judge::{FailReason, Outcome, Schedule, Verdict};
use crate::output::{Output, Waiting};
use clockwork::{Clockwork, Wake};
use post::Post;

/// What an engine starts with.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// Where its draws come from.
    pub seed: [u8; 32],
    /// Our version, for `User-Agent`.
    pub version: String,
    /// When to try again.
    pub schedule: Schedule,
    /// The highest delivery id of the journal at the start: the unfinished ones up to it are asked for by
    /// [`Output::NeedMore`].
    pub journal_end: DeliveryId,
    /// How far the projector had come at the start.
    pub projected: JournalPos,
    /// So many deliveries of one endpoint are in memory at most; the journal holds the rest.
    pub max_waiting: usize,
    /// So many parked deliveries of one endpoint are remembered by their number at most.
    pub max_parked: usize,
    /// A `call.ringing` older than this is not sent, because the phone has long stopped ringing. `None`: it always is.
    pub ringing_ttl: Option<Duration>,
}

impl EngineConfig {
    /// The usual one, with an empty journal.
    #[must_use]
    pub fn new(seed: [u8; 32], version: impl Into<String>) -> Self {
        Self {
            seed,
            version: version.into(),
            schedule: Schedule::STANDARD,
            journal_end: DeliveryId(0),
            projected: JournalPos(0),
            max_waiting: 4_096,
            max_parked: 65_536,
            ringing_ttl: None,
        }
    }
}

/// Decides which delivery is attempted when.
///
/// The owner keeps three promises: ids of deliveries ascend in the order in which they are handed in (those that do not are
/// told of by [`Engine::handle_released`] instead); a webhook is made known before its first delivery; each
/// [`Output::Send`] is answered by exactly one outcome.
#[derive(Debug)]
pub struct Engine {
    posts: BTreeMap<WebhookId, Post>,
    clockwork: Clockwork,
}

impl Engine {
    /// An engine without endpoints.
    #[must_use]
    pub fn new(config: EngineConfig) -> Self {
        Self {
            posts: BTreeMap::new(),
            clockwork: Clockwork::new(config),
        }
    }

    /// A webhook was made, altered or deleted, or all were switched on or off.
    pub fn handle_endpoint(&mut self, now: Now, change: EndpointChange) {
        match change {
            EndpointChange::Enabled(enabled) => {
                self.clockwork.enabled = enabled;
                for post in self.posts.values_mut() {
                    post.on_switch(now, &mut self.clockwork);
                }
            }
            EndpointChange::Remove(id) => {
                // What a deleted webhook left in the journal before the last start has to fail, too.
                let post = self
                    .posts
                    .entry(id)
                    .or_insert_with(|| Post::deleted(id, &self.clockwork));
                post.on_remove(now, &mut self.clockwork);
            }
            EndpointChange::Upsert(endpoint) => {
                let post = self
                    .posts
                    .entry(endpoint.id)
                    .or_insert_with(|| Post::new(&endpoint, &self.clockwork));
                post.on_upsert(now, *endpoint, &mut self.clockwork);
            }
        }
    }

    /// These were committed just now, in this order.
    pub fn handle_waiting(&mut self, now: Now, batch: Vec<Waiting>) {
        let mut touched = Vec::new();
        for waiting in batch {
            let Some(post) = self.posts.get_mut(&waiting.endpoint) else {
                self.clockwork
                    .verdict(&waiting, Verdict::Failed(FailReason::WebhookDeleted));
                continue;
            };
            if !touched.contains(&waiting.endpoint) {
                touched.push(waiting.endpoint);
            }
            post.on_committed(now, waiting, &mut self.clockwork);
        }
        for id in touched {
            self.pump(now, id);
        }
    }

    /// Deliveries somewhere from `from` up to `upto` are pending in the journal and were not handed in, because there was no room
    /// on the way: the journal will be asked for them.
    pub fn handle_missed(&mut self, now: Now, from: DeliveryId, upto: DeliveryId) {
        for post in self.posts.values_mut() {
            post.on_missed(from, upto);
            post.pump(now, &mut self.clockwork);
        }
    }

    /// This delivery is pending in the journal: one that was held, or one made to send an old event again.
    pub fn handle_released(&mut self, now: Now, endpoint: WebhookId, delivery: DeliveryId) {
        if let Some(post) = self.posts.get_mut(&endpoint) {
            post.on_missed(delivery, delivery);
            post.pump(now, &mut self.clockwork);
        }
    }

    /// Answers [`Output::NeedMore`]; `end` when the journal has no more of this endpoint at present.
    pub fn handle_page(&mut self, now: Now, endpoint: WebhookId, page: Vec<Waiting>, end: bool) {
        if let Some(post) = self.posts.get_mut(&endpoint) {
            post.on_page(now, page, end, &mut self.clockwork);
        }
        self.pump(now, endpoint);
    }

    /// Answers [`Output::Reload`]. Those not found are finished as far as the journal knows.
    pub fn handle_reloaded(&mut self, now: Now, endpoint: WebhookId, found: Vec<Waiting>) {
        if let Some(post) = self.posts.get_mut(&endpoint) {
            post.on_reloaded(now, found, &mut self.clockwork);
        }
        self.pump(now, endpoint);
    }

    /// The journal could not be read for [`Output::NeedMore`] or [`Output::Reload`]: it is asked again a second later.
    pub fn handle_store_failed(&mut self, now: Now, endpoint: WebhookId) {
        if let Some(post) = self.posts.get_mut(&endpoint) {
            post.on_store_failed(now, &mut self.clockwork);
        }
    }

    /// The projector has come this far.
    pub fn handle_projected(&mut self, now: Now, upto: JournalPos) {
        let lanes = self.clockwork.take_projected(upto);
        let mut touched = Vec::new();
        for (id, lane) in lanes {
            if let Some(post) = self.posts.get_mut(&id) {
                post.settle(now, lane, &mut self.clockwork);
            }
            if !touched.contains(&id) {
                touched.push(id);
            }
        }
        for id in touched {
            self.pump(now, id);
        }
    }

    /// How an attempt ended.
    pub fn handle_outcome(&mut self, now: Now, delivery: DeliveryId, outcome: Outcome) {
        let Some((endpoint, lane)) = self.clockwork.in_flight.remove(&delivery) else {
            return;
        };
        if let Some(post) = self.posts.get_mut(&endpoint) {
            post.on_outcome(now, lane, delivery, outcome, &mut self.clockwork);
        }
        self.pump(now, endpoint);
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Now) {
        let mut touched = Vec::new();
        while let Some(wake) = self.clockwork.next_wake(now.mono) {
            let id = wake.endpoint();
            if let (Some(post), Wake::Lane(_, lane)) = (self.posts.get_mut(&id), wake) {
                post.settle(now, lane, &mut self.clockwork);
            }
            if !touched.contains(&id) {
                touched.push(id);
            }
        }
        for id in touched {
            self.pump(now, id);
        }
    }

    /// When [`Engine::handle_timeout`] next has something to do.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Mono> {
        self.clockwork.next_timeout()
    }

    /// What the owner is to do next; to be called until it gives `None`.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.clockwork.outputs.pop_front()
    }

    /// How many requests are under way.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.clockwork.in_flight.len()
    }

    /// How many deliveries are in memory.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.posts.values().map(Post::waiting).sum()
    }

    fn pump(&mut self, now: Now, id: WebhookId) {
        if let Some(post) = self.posts.get_mut(&id) {
            post.pump(now, &mut self.clockwork);
        }
    }
}
