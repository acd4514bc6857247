//! What every handler works with.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use offhook_base::{Now, Wall};
use offhook_store::{ConfigDb, JournalReader};

use crate::PasswordCost;
use crate::ports::Ports;

/// What the API tells of this installation.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `[node] customer_id`.
    pub customer_id: u32,
    /// What a phone is to be given as its SIP domain.
    pub sip_domain: String,
    /// Addresses that our POSTs come from.
    pub egress_addresses: Vec<IpAddr>,
    /// Cost of a login password's hash.
    pub password_cost: PasswordCost,
}

/// The files that the API reads, and the configuration that it also writes.
#[derive(Clone, Debug)]
pub struct Stores {
    /// `offhook.db`.
    pub config: ConfigDb,
    /// `journal.db`, for events and unfinished deliveries.
    pub journal: Arc<JournalReader>,
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
        Self {
            inner: Arc::new(Inner {
                settings,
                stores,
                ports,
                clock,
            }),
        }
    }

    /// Every route, ready to be served. Requests carry [`crate::ports::ClientAddr`] in their extensions.
    pub fn into_router(self) -> axum::Router {
        crate::routes::router(self)
    }
}

impl Inner {
    pub(crate) fn now(&self) -> Now {
        (self.clock)()
    }

    pub(crate) fn wall(&self) -> Wall {
        self.now().wall
    }
}
