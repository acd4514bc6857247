//! One stream: first the journal from its cursor on, then the feed, and the journal again whenever it fell behind.
//!
//! Events are told in the order of the journal and without a gap, since a cursor stands for all that lies before it. So a
//! last event that waits for its CDR (invariant 13) lets the events behind it wait too, and they stay in the feed's ring:
//! a stream that waits or that nobody reads costs no memory of its own.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::response::sse::Event;
use futures_util::stream::{Stream, unfold};
use offhook_base::{CallId, EventRecord, JournalPos};
use offhook_store::Redelivery;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, broadcast, watch};
use tokio::time::{Instant, sleep_until};

use super::super::events;
use super::{Wanted, message};
use crate::Api;
use crate::auth::Credentials;
use crate::error::ApiError;
use crate::feed::{Notice, Subscription};

/// Events read from the journal at a time.
const PAGE: usize = 64;
/// How often the session or token is looked at again. It counts as use: a page that watches stays signed in.
const CHECK_EVERY: Duration = Duration::from_secs(60);

/// What a stream starts with.
pub(super) struct Reader {
    pub(super) api: Api,
    pub(super) credentials: Credentials,
    pub(super) wanted: Wanted,
    /// The place after which it begins.
    pub(super) at: JournalPos,
    /// Whether there may be events between that place and now.
    pub(super) resuming: bool,
    pub(super) subscription: Subscription,
    pub(super) seat: OwnedSemaphorePermit,
}

/// The stream is over: its token lets in no more, or a file cannot be read. The client may resume.
struct Over;

/// What is next in the order of the journal.
enum Next {
    Event {
        pos: JournalPos,
        event: Arc<EventRecord>,
    },
    CallEnded {
        pos: JournalPos,
        call: CallId,
        root: CallId,
    },
    /// No event up to here is left that the client wants.
    UpTo(JournalPos),
}

/// A stream at work.
struct Running {
    api: Api,
    credentials: Credentials,
    wanted: Wanted,
    notices: broadcast::Receiver<Notice>,
    projected: watch::Receiver<JournalPos>,
    /// Every event up to here was told or is not wanted.
    at: JournalPos,
    next: VecDeque<Next>,
    /// The journal has to be read before the feed.
    behind: bool,
    opened: bool,
    check_at: Instant,
    _seat: OwnedSemaphorePermit,
}

impl Reader {
    pub(super) fn into_stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        let running = Running {
            api: self.api,
            credentials: self.credentials,
            wanted: self.wanted,
            notices: self.subscription.notices,
            projected: self.subscription.projected,
            at: self.at,
            next: VecDeque::new(),
            behind: self.resuming,
            opened: false,
            check_at: Instant::now() + CHECK_EVERY,
            _seat: self.seat,
        };
        unfold(running, async |mut running| {
            let message = running.message().await.ok()?;
            Some((Ok(message), running))
        })
    }
}

impl Next {
    /// The place up to which rows must be copied before this may be told.
    fn waits_for(&self) -> Option<JournalPos> {
        match self {
            Self::Event { pos, event } => event.name.has_row().then_some(*pos),
            Self::CallEnded { pos, .. } => Some(*pos),
            Self::UpTo(_) => None,
        }
    }
}

impl Running {
    /// The next message; waits for it as long as it takes.
    async fn message(&mut self) -> Result<Event, Over> {
        if !self.opened {
            self.opened = true;
            return Ok(message::open(self.at));
        }
        loop {
            if self.check_at <= Instant::now() {
                self.check().await?;
            }
            let told = if let Some(next) = self.next.front() {
                match next.waits_for() {
                    Some(pos) if !self.is_projected(pos).await? => None,
                    Some(_) | None => self.tell(),
                }
            } else if self.behind {
                self.read_journal().await?;
                None
            } else {
                self.receive().await?
            };
            if let Some(message) = told {
                return Ok(message);
            }
        }
    }

    async fn check(&mut self) -> Result<(), Over> {
        self.check_at = Instant::now() + CHECK_EVERY;
        let is_admin = self.credentials.is_admin(&self.api).await;
        is_admin.then_some(()).ok_or(Over)
    }

    /// Waits until the CDRs have been copied up to `pos`, or it is time to check the token.
    async fn is_projected(&mut self, pos: JournalPos) -> Result<bool, Over> {
        let reached = async { self.projected.wait_for(|upto| *upto >= pos).await.is_ok() };
        tokio::select! {
            reached = reached => reached.then_some(true).ok_or(Over),
            () = sleep_until(self.check_at) => Ok(false),
        }
    }

    fn tell(&mut self) -> Option<Event> {
        match self.next.pop_front()? {
            // It was read from the journal before it came by the feed.
            Next::Event { pos, .. } if pos <= self.at => None,
            Next::Event { pos, event } => {
                self.at = pos;
                self.wanted
                    .has_call(event.call)
                    .then(|| message::event(pos, &event))
            }
            Next::CallEnded { call, root, .. } => Some(message::call_ended(call, root)),
            Next::UpTo(pos) => {
                self.at = self.at.max(pos);
                None
            }
        }
    }

    async fn read_journal(&mut self) -> Result<(), Over> {
        let (after, call) = (self.at, self.wanted.call);
        let read = self
            .api
            .store(move |inner| -> Result<_, ApiError> {
                let newest = inner.stores.journal.newest()?;
                Ok((newest, events::after(inner, after, PAGE, call)?))
            })
            .await;
        let (newest, page) = read.and_then(|read| read).map_err(|error| {
            tracing::warn!(?error, "an event stream ends: the journal cannot be read");
            Over
        })?;
        self.behind = page.len() == PAGE;
        self.next.extend(page.into_iter().map(|stored| Next::Event {
            pos: stored.pos,
            event: Arc::new(stored.event),
        }));
        if !self.behind {
            self.next.push_back(Next::UpTo(newest));
        }
        Ok(())
    }

    async fn receive(&mut self) -> Result<Option<Event>, Over> {
        let received = tokio::select! {
            received = self.notices.recv() => received,
            () = sleep_until(self.check_at) => return Ok(None),
        };
        match received {
            Ok(notice) => Ok(self.take(notice).await),
            Err(RecvError::Lagged(missed)) => {
                tracing::debug!(missed, "an event stream fell behind");
                // What is left in the ring is older than what the client reads after `lagged`.
                self.notices = self.notices.resubscribe();
                self.behind = true;
                Ok(self.wanted.has_notices().then(message::lagged))
            }
            Err(RecvError::Closed) => Err(Over),
        }
    }

    async fn take(&mut self, notice: Notice) -> Option<Event> {
        let wanted = self.wanted;
        match notice {
            Notice::Event { pos, event } => {
                self.next.push_back(Next::Event { pos, event });
                None
            }
            Notice::Call { call, snapshot } if wanted.calls && wanted.has_call(call) => {
                let row = self.api.inner.ports.live.read(&snapshot)?;
                Some(message::call(&row, self.api.inner.wall()))
            }
            Notice::CallEnded { pos, call, root } if wanted.calls && wanted.has_call(call) => {
                self.next.push_back(Next::CallEnded { pos, call, root });
                None
            }
            Notice::Delivery(notice) if wanted.deliveries && wanted.has_call(notice.event.call) => {
                Some(message::delivery(&notice))
            }
            Notice::Redelivery(again) if wanted.deliveries => self.redelivery(again).await,
            Notice::Registration(notice) if wanted.registrations => {
                Some(message::registration(&notice))
            }
            Notice::Call { .. }
            | Notice::CallEnded { .. }
            | Notice::Delivery(_)
            | Notice::Redelivery(_)
            | Notice::Registration(_) => None,
        }
    }

    /// Nothing when the event was purged meanwhile: the delivery is gone with it.
    async fn redelivery(&self, again: Redelivery) -> Option<Event> {
        let read = self
            .api
            .store(move |inner| inner.stores.journal.event_at(again.pos))
            .await;
        let event = read.ok()?.ok()??.event;
        self.wanted
            .has_call(event.call)
            .then(|| message::redelivery(&again, event))
    }
}
