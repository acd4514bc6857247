//! An endpoint: a subscriber's address, what it wants, and how it has been doing.

use std::fmt;
use std::time::Duration;

use offhook_base::{Secret, Wall, WebhookId};
use url::Url;

use crate::judge::Outcome;
use crate::router::Wishes;

/// A subscriber's webhook as its admin set it up. Printed for a log it shows neither credentials nor headers.
#[derive(Clone)]
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

impl Endpoint {
    /// What decides whether an event is meant for it.
    #[must_use]
    pub fn wishes(&self) -> Wishes<'_> {
        Wishes {
            events: &self.events,
            contexts: &self.contexts,
            active: self.active,
            disabled: self.health.state.is_disabled(),
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Endpoint");
        debug
            .field("id", &self.id)
            .field("host", &self.url.host_str())
            .field("active", &self.active);
        debug
            .field("order", &self.order)
            .field("health", &self.health)
            .finish_non_exhaustive()
    }
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

impl Health {
    /// How it is after one more attempt. What was switched off stays so.
    pub(crate) fn after(self, now: Wall, outcome: Outcome) -> Self {
        if self.state.is_disabled() {
            return self;
        }
        if outcome.is_success() {
            return Self::default();
        }
        let since = self.failing_since.unwrap_or(now);
        let failures = (self.failures + 1).min(FAILURES_TO_DISABLE);
        let gone = matches!(outcome, Outcome::Answered { status: 410, .. });
        let state = if gone {
            EndpointState::Disabled(DisabledReason::Gone)
        } else if failures >= FAILURES_TO_DISABLE && now >= since + TIME_TO_DISABLE {
            EndpointState::Disabled(DisabledReason::Failing)
        } else if failures >= FAILURES_TO_SHOW {
            EndpointState::Failing
        } else {
            self.state
        };
        Self {
            state,
            failing_since: Some(since),
            failures,
        }
    }
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

const FAILURES_TO_SHOW: u32 = 5;
const FAILURES_TO_DISABLE: u32 = 20;
const TIME_TO_DISABLE: Duration = Duration::from_secs(5 * 24 * 3_600);

#[cfg(test)]
mod tests {
    use super::*;

    const START: Wall = Wall::from_unix_seconds(1_700_000_000);
    const REFUSED: Outcome = Outcome::Unreachable { timed_out: false };
    const OK: Outcome = Outcome::Answered {
        status: 204,
        retry_after: None,
    };

    fn after_failures(count: u32, last_at: Duration) -> Health {
        let first = Health::default().after(START, REFUSED);
        (1..count).fold(first, |health, _| health.after(START + last_at, REFUSED))
    }

    #[test]
    fn it_is_failing_after_five_failures_and_active_after_one_success() {
        assert_eq!(
            after_failures(4, Duration::ZERO).state,
            EndpointState::Active
        );
        let failing = after_failures(5, Duration::ZERO);
        assert_eq!(
            (failing.state, failing.failing_since),
            (EndpointState::Failing, Some(START))
        );
        assert_eq!(failing.after(START, OK), Health::default());
    }

    #[test]
    fn it_is_switched_off_after_five_days_of_nothing_but_twenty_failures() {
        let (short, long) = (TIME_TO_DISABLE - Duration::from_secs(1), TIME_TO_DISABLE);
        assert_eq!(after_failures(500, short).state, EndpointState::Failing);
        assert_eq!(after_failures(19, long).state, EndpointState::Failing);
        let off = after_failures(20, long);
        assert_eq!(off.state, EndpointState::Disabled(DisabledReason::Failing));
        assert_eq!(
            off.after(START + long, OK),
            off,
            "only its admin switches it on again"
        );
    }

    #[test]
    fn a_410_switches_it_off_at_once() {
        let gone = Health::default().after(
            START,
            Outcome::Answered {
                status: 410,
                retry_after: None,
            },
        );
        assert_eq!(gone.state, EndpointState::Disabled(DisabledReason::Gone));
    }
}
