//! What all endpoints of an engine share: deadlines, outputs, and who waits for the projector.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use offhook_base::{DeliveryId, JournalPos, Mono, WebhookId};

use super::EngineConfig;
use crate::judge::Verdict;
use crate::lane::LaneKey;
use crate::output::{Output, Waiting};

/// Why to look at an endpoint again.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Wake {
    /// The journal may be asked again.
    Ask(WebhookId),
    /// One of its lanes has something due.
    Lane(WebhookId, LaneKey),
    /// A parked delivery is due.
    Parked(WebhookId),
    /// It is time for a probe.
    Probe(WebhookId),
}

impl Wake {
    pub(crate) const fn endpoint(self) -> WebhookId {
        match self {
            Self::Ask(id) | Self::Lane(id, _) | Self::Parked(id) | Self::Probe(id) => id,
        }
    }
}

/// What all endpoints share.
#[derive(Debug)]
pub(crate) struct Clockwork {
    pub(crate) config: EngineConfig,
    pub(crate) enabled: bool,
    pub(crate) outputs: VecDeque<Output>,
    pub(crate) in_flight: BTreeMap<DeliveryId, (WebhookId, LaneKey)>,
    pub(crate) projected: JournalPos,
    awaiting: BTreeSet<(JournalPos, WebhookId, LaneKey)>,
    wakes: BTreeSet<(Mono, Wake)>,
}

impl Clockwork {
    pub(crate) fn new(config: EngineConfig) -> Self {
        Self {
            enabled: true,
            outputs: VecDeque::new(),
            in_flight: BTreeMap::new(),
            projected: config.projected,
            awaiting: BTreeSet::new(),
            wakes: BTreeSet::new(),
            config,
        }
    }

    pub(crate) fn verdict(&mut self, waiting: &Waiting, verdict: Verdict) {
        self.outputs.push_back(Output::Verdict {
            delivery: waiting.delivery,
            endpoint: waiting.endpoint,
            verdict,
            attempts: waiting.attempts,
            event: Arc::clone(&waiting.event),
            prev_seq: waiting.prev_seq,
            replayed: waiting.replayed,
        });
    }

    /// Replaces one deadline by another.
    pub(crate) fn rearm(&mut self, wake: Wake, from: Option<Mono>, to: Option<Mono>) {
        if from == to {
            return;
        }
        if let Some(from) = from {
            self.wakes.remove(&(from, wake));
        }
        if let Some(to) = to {
            self.wakes.insert((to, wake));
        }
    }

    pub(crate) fn next_timeout(&self) -> Option<Mono> {
        self.wakes.first().map(|(at, _)| *at)
    }

    /// Takes the first deadline that is over.
    pub(crate) fn next_wake(&mut self, now: Mono) -> Option<Wake> {
        let (at, wake) = *self.wakes.first()?;
        if at > now {
            return None;
        }
        self.wakes.pop_first();
        Some(wake)
    }

    /// Replaces what a lane waits for.
    pub(crate) fn await_projection(
        &mut self,
        id: WebhookId,
        lane: LaneKey,
        from: Option<JournalPos>,
        to: Option<JournalPos>,
    ) {
        if from == to {
            return;
        }
        if let Some(from) = from {
            self.awaiting.remove(&(from, id, lane));
        }
        if let Some(to) = to {
            self.awaiting.insert((to, id, lane));
        }
    }

    /// Takes the lanes that waited for no more than this.
    pub(crate) fn take_projected(&mut self, upto: JournalPos) -> Vec<(WebhookId, LaneKey)> {
        self.projected = self.projected.max(upto);
        let mut lanes = Vec::new();
        while let Some(&(pos, id, lane)) = self.awaiting.first() {
            if pos > self.projected {
                break;
            }
            self.awaiting.pop_first();
            lanes.push((id, lane));
        }
        lanes
    }
}
