//! An endpoint: a subscriber's address, what it wants, and how it has been doing.

use std::fmt;
use std::time::Duration;

use offhook_base::{Secret, Wall, WebhookId};
use url::Url;

/// A subscriber's webhook as its admin set it up.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The webhook's id.
    pub id: WebhookId,
    /// Where events go; was accepted by [`check_url`](crate::check_url). Credentials in it become HTTP Basic.
    pub url: Url,
    /// Ticked categories and exact event names.
    pub events: Vec<String>,
    /// Contexts asked for; empty for the contract's default.
    pub contexts: Vec<String>,
    /// The admin's switch.
    pub active: bool,
    /// How an event that fails holds back the later ones of its call.
    pub order: Order,
    /// How long the receiver may take for the headers of its answer.
    pub timeout: Duration,
    /// Headers of the admin; were accepted by [`check_headers`](crate::check_headers).
    pub headers: Vec<(String, String)>,
    /// Secrets to sign with, the newest first; two while one is being replaced. One that is not of the form `whsec_…`
    /// is not signed with.
    pub secrets: Vec<Secret<String>>,
    /// How it has been doing, as last told by [`Output::EndpointState`](crate::Output::EndpointState).
    pub health: Health,
}

/// How an event that fails holds back the later ones of its call.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Order {
    /// For as long as there are retries left.
    Strict,
    /// For 60 s; then it is parked for its retries and the later ones go on, naming it in `Offhook-Gap`.
    #[default]
    Bounded,
    /// Not at all.
    None,
}

/// What the failures so far say of an endpoint; outlives the process by way of the store.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Health {
    /// The state shown to the admin.
    pub state: EndpointState,
    /// The first failure since the last success.
    pub failing_since: Option<Wall>,
    /// Failed attempts since the last success; counts no further than it matters (20).
    pub failures: u32,
}

/// The state shown to the admin.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum EndpointState {
    /// The last attempt succeeded, or nothing was sent yet.
    #[default]
    Active,
    /// Several attempts in a row failed.
    Failing,
    /// Switched off by us: new events are held.
    Disabled(DisabledReason),
}

impl EndpointState {
    /// Whether we switched it off.
    #[must_use]
    pub const fn is_disabled(self) -> bool {
        matches!(self, Self::Disabled(_))
    }

    /// `active`, `failing` or `disabled`, as in the contract.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Failing => "failing",
            Self::Disabled(_) => "disabled",
        }
    }
}

/// Why we switched an endpoint off.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DisabledReason {
    /// It answered 410.
    Gone,
    /// Nothing but failures for five days.
    Failing,
}

impl fmt::Display for DisabledReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gone => "the receiver answered 410 Gone",
            Self::Failing => "every attempt of the last five days failed",
        })
    }
}

/// A change of configuration.
#[derive(Clone, Debug)]
pub enum EndpointChange {
    /// The integration as a whole was switched on or off.
    Enabled(bool),
    /// A webhook was deleted: what waits for it fails.
    Remove(WebhookId),
    /// A webhook was made or altered. One that was [`EndpointState::Disabled`] and comes with another state
    /// was switched on again.
    Upsert(Box<Endpoint>),
}
