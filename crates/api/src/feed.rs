//! What happens, told to those who watch it by the event stream. The server's threads publish, a stream's own task reads
//! and writes the JSON.
//!
//! ```text
//! journal thread ──Event, Call, CallEnded, Delivery──► ┌──────┐
//! delivery thread ──Delivery─────────────────────────► │ Feed │ ──► a receiver for each stream
//! projector ──Registration, how far the CDRs are─────► └──────┘
//! ```

use std::fmt;
use std::sync::Arc;

use offhook_base::{CallId, DeliveryId, EventRecord, JournalPos, PhoneId, Wall, WebhookId};
use offhook_store::{DeliveryState, Redelivery};
use tokio::sync::{broadcast, watch};

/// Notices kept for a stream that does not keep up. One that falls further behind reads events from the journal again, so
/// nothing here needs to be larger than a burst.
const KEPT: usize = 4_096;

/// One thing that happened.
#[derive(Clone, Debug)]
pub enum Notice {
    /// An event was committed. They come in the order of their places.
    Event {
        /// Its place in the journal.
        pos: JournalPos,
        /// The event.
        event: Arc<EventRecord>,
    },
    /// A call that is up has changed; the live list has it already.
    Call {
        /// The call.
        call: CallId,
        /// For [`crate::ports::LiveCalls::read`].
        snapshot: Arc<[u8]>,
    },
    /// A call is over. Told to clients once its CDR can be read.
    CallEnded {
        /// Place of its last event.
        pos: JournalPos,
        /// The call.
        call: CallId,
        /// Its root.
        root: CallId,
    },
    /// A delivery was made, tried or finished.
    Delivery(Arc<DeliveryNotice>),
    /// An old event is to be sent again, as a new delivery; the stream reads the event.
    Redelivery(Redelivery),
    /// A contact of a phone came, was refreshed or went, and is stored so.
    Registration(Arc<RegistrationNotice>),
}

/// A delivery at one moment.
#[derive(Clone, Debug)]
pub struct DeliveryNotice {
    /// The delivery.
    pub id: DeliveryId,
    /// Where it goes.
    pub webhook: WebhookId,
    /// What it carries.
    pub event: Arc<EventRecord>,
    /// How it stands.
    pub state: DeliveryState,
    /// Attempts made so far.
    pub attempts: u32,
    /// How the last of them went.
    pub last: Option<LastAttempt>,
    /// When the next one is due.
    pub next_attempt_at: Option<Wall>,
    /// It repeats a delivery that was finished.
    pub replayed: bool,
    /// Why it was given up.
    pub reason: Option<String>,
}

/// How an attempt went.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LastAttempt {
    /// Status of the answer, where one came.
    pub status: Option<u16>,
    /// Why there was none, in words.
    pub error: Option<String>,
    /// How long it took.
    pub ms: u32,
}

/// A contact of a phone at one moment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RegistrationNotice {
    /// The phone.
    pub phone: PhoneId,
    /// The contact, and when it runs out; `None` when one is gone.
    pub contact: Option<(String, Wall)>,
}

/// Where the server publishes what happens.
pub struct Feed {
    notices: broadcast::Sender<Notice>,
    projected: watch::Sender<JournalPos>,
}

/// What a stream reads.
pub(crate) struct Subscription {
    pub(crate) notices: broadcast::Receiver<Notice>,
    /// How far the CDRs have been copied.
    pub(crate) projected: watch::Receiver<JournalPos>,
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed")
            .field("streams", &self.notices.receiver_count())
            .field("projected", &*self.projected.borrow())
            .finish_non_exhaustive()
    }
}

impl Feed {
    /// A feed that nobody watches, of a node whose CDRs have been copied up to `projected`.
    #[must_use]
    pub fn new(projected: JournalPos) -> Self {
        // Full: the oldest notice is dropped, and a stream that had not read it is told so (`RecvError::Lagged`).
        let (notices, _) = broadcast::channel(KEPT);
        Self {
            notices,
            projected: watch::Sender::new(projected),
        }
    }

    /// Whether a notice would reach anybody. To be asked before one is made.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        self.notices.receiver_count() > 0
    }

    /// Tells everybody who watches. Never waits.
    pub fn publish(&self, notice: Notice) {
        if self.notices.send(notice).is_err() {
            tracing::trace!("the last stream ended meanwhile");
        }
    }

    /// The CDRs of all last events up to this place can be read. Never waits.
    pub fn projected(&self, upto: JournalPos) {
        self.projected.send_if_modified(|known| {
            let further = upto > *known;
            *known = upto.max(*known);
            further
        });
    }

    /// Every notice from here on.
    #[must_use]
    pub fn watch(&self) -> broadcast::Receiver<Notice> {
        self.notices.subscribe()
    }

    pub(crate) fn subscribe(&self) -> Subscription {
        Subscription {
            notices: self.watch(),
            projected: self.projected.subscribe(),
        }
    }
}
