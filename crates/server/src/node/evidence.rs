//! What came of deliveries: verdicts to the journal, evidence to the attempts' files, health to the configuration.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use offhook_api::feed::Feed;
use offhook_base::{DeliveryId, JournalPos, Wall, WebhookId};
use offhook_delivery::{AddressPolicy, Endpoint, EndpointState, Health, Verdict};
use offhook_store::{
    AttemptRecord, AttemptsHandle, DeliveryChange, DeliveryState, FinishedDelivery, JournalHandle,
    JournalReader, Recovered, Refused, VerdictRow, WebhookHealth, WebhookState,
};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::notices;
use super::projector::ProjectorHandle;
use super::subscribers::Subscribers;
use crate::config::Config;
use crate::delivery::{Delivery, DeliveryConfig, VerdictRecord, VerdictSink};

/// How often the time of the last delivery is stored, in microseconds.
const LAST_DELIVERY_EVERY: i64 = 1_000_000;

/// What the delivery thread starts with besides the configuration.
pub(crate) struct Setup<'a> {
    pub(crate) enabled: bool,
    pub(crate) endpoints: &'a [Endpoint],
    pub(crate) backlog: JournalReader,
    pub(crate) recovered: &'a Recovered,
    pub(crate) projected: JournalPos,
    pub(crate) own_addresses: Vec<SocketAddr>,
    pub(crate) seed: [u8; 32],
}

/// Starts the delivery thread with what is stored.
pub(crate) fn start(config: &Config, setup: Setup<'_>) -> anyhow::Result<Delivery> {
    let known = |id: &WebhookId| setup.endpoints.iter().any(|endpoint| endpoint.id == *id);
    let left = setup
        .backlog
        .backlog()
        .context("reading unfinished deliveries")?;
    let delivery = DeliveryConfig {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        seed: setup.seed,
        enabled: setup.enabled,
        endpoints: setup.endpoints.to_vec(),
        deleted: left
            .iter()
            .map(|row| row.webhook)
            .filter(|id| !known(id))
            .collect(),
        journal_end: DeliveryId(setup.recovered.next_delivery.0.saturating_sub(1)),
        projected: setup.projected,
        policy: AddressPolicy::new(config.webhooks.allow_networks.clone(), setup.own_addresses),
        extra_roots: extra_roots(config)?,
    };
    Delivery::start(delivery, Arc::new(setup.backlog)).context("starting delivery")
}

fn extra_roots(config: &Config) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let mut roots = Vec::new();
    for file in &config.webhooks.extra_roots {
        let found =
            CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        roots.extend(
            found.with_context(|| format!("reading {} (webhooks.extra_roots)", file.display()))?,
        );
    }
    Ok(roots)
}

/// Takes verdicts and evidence on the delivery thread. Nothing in it waits.
#[derive(Debug)]
pub(crate) struct Verdicts {
    journal: JournalHandle,
    attempts: AttemptsHandle,
    projector: ProjectorHandle,
    subscribers: Option<Subscribers>,
    notices: notices::Deliveries,
    seen: BTreeMap<WebhookId, Seen>,
}

/// What was last stored of a webhook's health.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    state: EndpointState,
    last_delivery: Option<Wall>,
}

impl Verdicts {
    pub(crate) fn new(
        journal: JournalHandle,
        attempts: AttemptsHandle,
        projector: ProjectorHandle,
        feed: Arc<Feed>,
        endpoints: &[Endpoint],
    ) -> Self {
        let seen = |endpoint: &Endpoint| {
            (
                endpoint.id,
                Seen {
                    state: endpoint.health.state,
                    last_delivery: None,
                },
            )
        };
        Self {
            journal,
            attempts,
            projector,
            subscribers: None,
            notices: notices::Deliveries::new(feed),
            seen: endpoints.iter().map(seen).collect(),
        }
    }

    /// Tells these of each change of health, too: events for a webhook that was switched off are held.
    pub(crate) fn telling(mut self, subscribers: Subscribers) -> Self {
        self.subscribers = Some(subscribers);
        self
    }

    /// The evidence first: at each moment a delivery can be read in one of the two places.
    fn take(&self, record: &VerdictRecord) -> Result<(), Refused> {
        let (change, end) = match record.verdict {
            Verdict::RetryAt(due) => (
                DeliveryChange::Pending {
                    attempts: record.attempts,
                    due,
                },
                None,
            ),
            Verdict::Held => (DeliveryChange::Held, None),
            Verdict::Delivered => (
                DeliveryChange::Finished,
                Some((DeliveryState::Delivered, None)),
            ),
            Verdict::Expired => (
                DeliveryChange::Finished,
                Some((DeliveryState::Expired, None)),
            ),
            Verdict::Failed(reason) => (
                DeliveryChange::Finished,
                Some((DeliveryState::Failed, Some(reason.to_string()))),
            ),
        };
        if let Some((state, reason)) = end {
            self.attempts.finished(FinishedDelivery {
                id: record.delivery,
                webhook: record.endpoint,
                event: (*record.event).clone(),
                prev_seq: record.prev_seq,
                state,
                reason,
                replayed: record.replayed,
                finished_at: record.at,
            })?;
        }
        self.journal.verdict(VerdictRow {
            delivery: record.delivery,
            change,
        })
    }

    fn note_delivery(&mut self, record: &VerdictRecord) {
        if record.verdict != Verdict::Delivered {
            return;
        }
        let seen = self.seen.entry(record.endpoint).or_default();
        if seen
            .last_delivery
            .is_some_and(|last| record.at.0 - last.0 < LAST_DELIVERY_EVERY)
        {
            return;
        }
        seen.last_delivery = Some(record.at);
        let seen = *seen;
        self.projector
            .health(stored(record.endpoint, seen.state, seen.last_delivery));
    }
}

impl VerdictSink for Verdicts {
    fn verdicts(&mut self, verdicts: &mut VecDeque<VerdictRecord>) {
        while let Some(record) = verdicts.front() {
            match self.take(record) {
                Ok(()) => {}
                Err(Refused::Full) => return,
                // The process is stopping: what is not said is done again after the next start.
                Err(Refused::Closed) => return verdicts.clear(),
            }
            if let Some(record) = verdicts.pop_front() {
                self.note_delivery(&record);
                self.notices.verdict(&record);
            }
        }
    }

    fn attempt(&mut self, attempt: AttemptRecord) {
        self.notices.attempt(&attempt);
        self.attempts.attempt(attempt);
    }

    fn health(&mut self, endpoint: WebhookId, health: Health) {
        let seen = self.seen.entry(endpoint).or_default();
        if seen.state != health.state {
            tracing::info!(webhook = %endpoint, state = health.state.as_str(), "a webhook changed its state");
        }
        seen.state = health.state;
        let last = seen.last_delivery;
        self.projector.health(stored(endpoint, health.state, last));
        if let Some(subscribers) = &self.subscribers {
            subscribers.health(endpoint, health);
        }
    }
}

fn stored(id: WebhookId, state: EndpointState, last_delivery_at: Option<Wall>) -> WebhookHealth {
    let (state, disabled_reason) = match state {
        EndpointState::Active => (WebhookState::Active, None),
        EndpointState::Failing => (WebhookState::Failing, None),
        EndpointState::Disabled(reason) => (WebhookState::Disabled, Some(reason.to_string())),
    };
    WebhookHealth {
        id,
        state,
        disabled_reason,
        last_delivery_at,
    }
}
