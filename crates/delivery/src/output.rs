//! What goes into the engine and comes out of it.

use std::sync::Arc;
use std::time::Duration;

use offhook_base::{DeliveryId, EventRecord, JournalPos, Wall, WebhookId};
use url::Url;

use crate::endpoint::{Endpoint, Health};
use crate::engine::settings::without_credentials;
use crate::headers::{Header, Letterhead, Particulars};
use crate::judge::Verdict;

/// A committed event that waits to be sent to one endpoint.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Ids ascend in the order of commits.
    pub delivery: DeliveryId,
    /// Where it goes.
    pub endpoint: WebhookId,
    /// What is sent.
    pub event: Arc<EventRecord>,
    /// `seq` of the previous event of this root meant for this endpoint; 0 when this is the first.
    pub prev_seq: u64,
    /// It is sent only once the projector has come this far (a last event waits for its CDR).
    pub after_projection: Option<JournalPos>,
    /// Attempts that count against the schedule, made so far.
    pub attempts: u32,
    /// When to try.
    pub due: Wall,
    /// It repeats a delivery that was finished.
    pub replayed: bool,
}

/// One HTTP request to be made.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The delivery.
    pub delivery: DeliveryId,
    /// The endpoint.
    pub endpoint: WebhookId,
    /// Counted from one.
    pub n: u32,
    /// Where to, without credentials.
    pub url: Arc<Url>,
    /// Every header but `Host` and `Content-Length`.
    pub headers: Vec<Header>,
    /// The event; its `body` is the body.
    pub event: Arc<EventRecord>,
    /// How long the receiver may take for the headers of its answer.
    pub timeout: Duration,
}

impl Attempt {
    /// A request outside of every lane, such as the test of a webhook that is being saved.
    #[must_use]
    pub fn single(version: &str, endpoint: &Endpoint, event: Arc<EventRecord>, now: Wall) -> Self {
        let Endpoint {
            id,
            url,
            headers,
            secrets,
            timeout,
            ..
        } = endpoint;
        let letterhead = Letterhead::new(version, *id, url, headers, secrets);
        let what = Particulars {
            event: &event,
            n: 1,
            prev_seq: 0,
            replayed: false,
            gap: &[],
        };
        Self {
            delivery: DeliveryId(0),
            endpoint: *id,
            n: 1,
            url: Arc::new(without_credentials(url.clone())),
            headers: letterhead.headers(now, what),
            event,
            timeout: *timeout,
        }
    }
}

/// What the owner is to do.
#[derive(Clone, Debug)]
pub enum Output {
    /// An endpoint does better or worse, or was switched off: to be stored and shown.
    EndpointState {
        /// Which.
        endpoint: WebhookId,
        /// How it does.
        health: Health,
    },
    /// There is room: read the pending deliveries of an endpoint whose id is above `after`, lowest first, at most
    /// `limit`; answer with [`Engine::handle_page`](crate::Engine::handle_page).
    NeedMore {
        /// Which.
        endpoint: WebhookId,
        /// Everything up to here is known.
        after: DeliveryId,
        /// At most so many.
        limit: usize,
    },
    /// Parked deliveries are due: read them back and answer with
    /// [`Engine::handle_reloaded`](crate::Engine::handle_reloaded).
    Reload {
        /// Which endpoint's.
        endpoint: WebhookId,
        /// Which.
        deliveries: Vec<DeliveryId>,
    },
    /// Make this request and report with [`Engine::handle_outcome`](crate::Engine::handle_outcome).
    Send(Box<Attempt>),
    /// Write this down.
    Verdict {
        /// The delivery.
        delivery: DeliveryId,
        /// Whose.
        endpoint: WebhookId,
        /// What becomes of it.
        verdict: Verdict,
        /// Attempts that count against the schedule, made so far: what [`Waiting::attempts`] gets after a restart.
        attempts: u32,
        /// What was, or was to be, sent.
        event: Arc<EventRecord>,
        /// As in [`Waiting::prev_seq`].
        prev_seq: u64,
        /// As in [`Waiting::replayed`].
        replayed: bool,
    },
}
