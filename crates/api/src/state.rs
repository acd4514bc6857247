//! What every handler works with.

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use offhook_base::{Now, QueueId, Secret, UserId, Wall};
use offhook_store::{CaptureReader, ConfigDb, DeliveryReader, JournalReader};
use tokio::sync::Semaphore;

use crate::error::ApiError;
use crate::guesses::Guesses;
use crate::password::generate_token;
use crate::ports::{ConfigChange, Ports};
use crate::tickets::Tickets;
use crate::{NoRandomness, PasswordCost};

/// Requests that use the files at a time; others wait their turn in the order they came.
const AT_THE_FILES: usize = 8;

/// Passwords hashed at a time: each takes 19 MiB.
const HASHING: usize = 2;

/// Event streams at a time; a further one is refused, so that ordinary requests always find a connection.
const STREAMS: usize = 256;

/// What the API tells of this installation.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `[node] customer_id`.
    pub customer_id: u32,
    /// What a phone is to be given as its SIP domain.
    pub sip_domain: String,
    /// Addresses that our POSTs come from.
    pub egress_addresses: Vec<IpAddr>,
    /// Timeout of a webhook that is made without one, `[webhooks] default_timeout_ms`.
    pub default_timeout_ms: u32,
    /// Days that deliveries are kept, `[retention] attempts_days`; 0: for ever.
    pub attempts_days: u16,
    /// Cost of a login password's hash.
    pub password_cost: PasswordCost,
}

/// The files that the API reads, and the configuration that it also writes.
#[derive(Clone, Debug)]
pub struct Stores {
    /// `offhook.db`.
    pub config: ConfigDb,
    /// `journal.db`, for events.
    pub journal: Arc<JournalReader>,
    /// Unfinished and finished deliveries.
    pub deliveries: Arc<DeliveryReader>,
    /// SIP messages of calls, for the ladder.
    pub captures: Arc<CaptureReader>,
}

/// A change that was asked for from within could not be stored.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct NotStored(String);

impl From<ApiError> for NotStored {
    fn from(error: ApiError) -> Self {
        Self(error.internal())
    }
}

/// Reads both clocks.
pub type Clock = Arc<dyn Fn() -> Now + Send + Sync>;

/// The REST surface, to be mounted on a listener.
#[derive(Clone)]
pub struct Api {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) settings: Settings,
    pub(crate) stores: Stores,
    pub(crate) ports: Ports,
    clock: Clock,
    guesses: Mutex<Guesses>,
    tickets: Mutex<Tickets>,
    /// Held from a change's commit to its notice, so that notices come in the order of the commits.
    changes: Mutex<()>,
    files: Semaphore,
    hashing: Semaphore,
    /// A place for each event stream.
    pub(crate) streams: Arc<Semaphore>,
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api")
            .field("settings", &self.inner.settings)
            .finish_non_exhaustive()
    }
}

impl Api {
    /// The surface over these stores and ports.
    #[must_use]
    pub fn new(settings: Settings, stores: Stores, ports: Ports, clock: Clock) -> Self {
        let inner = Inner {
            settings,
            stores,
            ports,
            clock,
            guesses: Mutex::default(),
            tickets: Mutex::default(),
            changes: Mutex::default(),
            files: Semaphore::new(AT_THE_FILES),
            hashing: Semaphore::new(HASHING),
            streams: Arc::new(Semaphore::new(STREAMS)),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Every route, ready to be served. Requests carry [`crate::ports::ClientAddr`] in their extensions.
    pub fn into_router(self) -> axum::Router {
        crate::routes::router(self)
    }

    /// A ticket that signs `user` in by `POST /session` once, within an hour.
    ///
    /// # Errors
    /// When the system gives no random octets.
    pub fn issue_ticket(&self, user: UserId) -> Result<Secret<String>, NoRandomness> {
        let ticket = generate_token()?;
        let now = self.inner.now().mono;
        self.inner.tickets().issue(now, &ticket, user);
        Ok(ticket)
    }

    /// Logs an agent in or out by another way than REST, such as a code that is dialled: of one queue, or of all that
    /// the agent belongs to. Gives those queues; none when the user is no agent there.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub async fn log_agent(
        &self,
        user: UserId,
        queue: Option<QueueId>,
        status: bool,
    ) -> Result<Vec<QueueId>, NotStored> {
        let logged = self.change(move |inner| {
            let queues = inner.stores.config.log_agent(user, queue, status)?;
            let ids = queues.iter().map(|queue| queue.id).collect();
            Ok((ids, queues.into_iter().map(ConfigChange::Queue).collect()))
        });
        logged.await.map_err(NotStored::from)
    }

    /// Runs `work`, which uses the files, on a thread that may wait for them.
    pub(crate) async fn store<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        self.apart(&self.inner.files, work).await
    }

    /// Runs `work`, which hashes a password, on a thread of its own.
    pub(crate) async fn hash<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        self.apart(&self.inner.hashing, work).await
    }

    /// Runs `work`, which changes configuration, and then tells the server what it changed.
    pub(crate) async fn change<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<(T, Vec<ConfigChange>), ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        self.store(move |inner| {
            let _in_order = lock(&inner.changes);
            let (done, changes) = work(inner)?;
            for change in changes {
                inner.ports.config.config_changed(change);
            }
            Ok(done)
        })
        .await?
    }

    async fn apart<T: Send + 'static>(
        &self,
        places: &Semaphore,
        work: impl FnOnce(&Inner) -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let _place = places
            .acquire()
            .await
            .map_err(|_| ApiError::unavailable("the API is closed"))?;
        let inner = Arc::clone(&self.inner);
        tokio::task::spawn_blocking(move || work(&inner))
            .await
            .map_err(|error| ApiError::unavailable(format!("a request's work failed: {error}")))
    }
}

impl Inner {
    pub(crate) fn now(&self) -> Now {
        (self.clock)()
    }

    pub(crate) fn wall(&self) -> Wall {
        self.now().wall
    }

    /// From when on deliveries are not purged.
    pub(crate) fn deliveries_kept_since(&self) -> Wall {
        match i64::from(self.settings.attempts_days) {
            0 => Wall::default(),
            days => Wall(self.wall().0.saturating_sub(days * 86_400_000_000)),
        }
    }

    pub(crate) fn guesses(&self) -> MutexGuard<'_, Guesses> {
        lock(&self.guesses)
    }

    pub(crate) fn tickets(&self) -> MutexGuard<'_, Tickets> {
        lock(&self.tickets)
    }
}

/// What these locks guard is sound after a panic: counters, an order, a list.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
