//! The webhooks as the delivery engine and the journal's router know them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use offhook_base::{EventRecord, WebhookId};
use offhook_delivery::{
    DisabledReason, Endpoint, EndpointChange, EndpointState, Health, Order, Subscriptions,
};
use offhook_store::{JournalHandle, Ordering, Route, Router, Webhook, WebhookState};
use url::Url;

use crate::delivery::DeliveryHandle;

/// Keeps both up to date; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Subscribers {
    state: Arc<Mutex<State>>,
    journal: JournalHandle,
    delivery: DeliveryHandle,
}

#[derive(Debug)]
struct State {
    enabled: bool,
    endpoints: BTreeMap<WebhookId, Endpoint>,
}

impl Subscribers {
    /// Starts with what is stored; the journal's router was made from the same by [`router`].
    pub(crate) fn new(
        enabled: bool,
        endpoints: Vec<Endpoint>,
        journal: JournalHandle,
        delivery: DeliveryHandle,
    ) -> Self {
        let endpoints = endpoints
            .into_iter()
            .map(|endpoint| (endpoint.id, endpoint))
            .collect();
        Self {
            state: Arc::new(Mutex::new(State { enabled, endpoints })),
            journal,
            delivery,
        }
    }

    /// A webhook was made or altered.
    pub(crate) fn put(&self, webhook: &Webhook) {
        let Some(endpoint) = endpoint(webhook) else {
            tracing::error!(webhook = %webhook.id, "its URL cannot be read; it gets no events");
            return self.remove(webhook.id);
        };
        let mut state = self.lock();
        state.endpoints.insert(endpoint.id, endpoint.clone());
        self.route(&state);
        self.delivery
            .endpoint(EndpointChange::Upsert(Box::new(endpoint)));
    }

    /// A webhook is gone.
    pub(crate) fn remove(&self, id: WebhookId) {
        let mut state = self.lock();
        state.endpoints.remove(&id);
        self.route(&state);
        self.delivery.endpoint(EndpointChange::Remove(id));
    }

    /// All webhooks were switched on or off.
    pub(crate) fn set_enabled(&self, enabled: bool) {
        let mut state = self.lock();
        state.enabled = enabled;
        self.route(&state);
        self.delivery.endpoint(EndpointChange::Enabled(enabled));
    }

    /// The engine found that an endpoint does better or worse.
    pub(crate) fn health(&self, id: WebhookId, health: Health) {
        let mut state = self.lock();
        if let Some(endpoint) = state.endpoints.get_mut(&id) {
            let routes_change = endpoint.health.state.is_disabled() != health.state.is_disabled();
            endpoint.health = health;
            if routes_change {
                self.route(&state);
            }
        }
    }

    fn route(&self, state: &State) {
        if self
            .journal
            .set_router(router(state.enabled, state.endpoints.values()))
            .is_err()
        {
            tracing::error!("the journal does not take the new subscriptions");
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The router that the journal's thread asks before each commit.
pub(crate) fn router<'a>(
    enabled: bool,
    endpoints: impl IntoIterator<Item = &'a Endpoint>,
) -> Box<dyn Router> {
    let subscriptions = Subscriptions::new(enabled, endpoints);
    Box::new(move |event: &EventRecord, routes: &mut Vec<Route>| {
        routes.extend(
            subscriptions
                .route(event)
                .map(|(webhook, held)| Route { webhook, held }),
        );
    })
}

/// A stored webhook as the engine knows it; `None` when its URL cannot be read.
pub(crate) fn endpoint(webhook: &Webhook) -> Option<Endpoint> {
    Some(Endpoint {
        id: webhook.id,
        url: Url::parse(&webhook.url).ok()?,
        events: webhook.events.clone(),
        contexts: webhook.contexts.clone(),
        active: webhook.active,
        order: match webhook.order {
            Ordering::Strict => Order::Strict,
            Ordering::Bounded => Order::Bounded,
            Ordering::None => Order::None,
        },
        timeout: webhook.timeout,
        headers: webhook
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
        secrets: webhook
            .secrets
            .iter()
            .map(|secret| secret.secret.clone())
            .collect(),
        health: Health {
            state: match webhook.state {
                WebhookState::Active => EndpointState::Active,
                WebhookState::Failing => EndpointState::Failing,
                WebhookState::Disabled => {
                    EndpointState::Disabled(match webhook.disabled_reason.as_deref() {
                        Some(reason) if reason.contains("410") => DisabledReason::Gone,
                        _ => DisabledReason::Failing,
                    })
                }
            },
            failing_since: None,
            failures: 0,
        },
    })
}
