//! What follows a commit, in this order: the live list is brought up to date, the held messages leave, the CDR or
//! text goes to the projector, the event to the event streams and to its delivery lanes. All from memory: nothing is read back.

use std::sync::Arc;

use offhook_api::feed::{Feed, Notice};
use offhook_base::{FactRecord, JournalPos, SmsId, UserId};
use offhook_call::MessageCount;
use offhook_delivery::Waiting;
use offhook_store::{CommitReport, CommitSink, ProjectedRow, StoreError};

use super::inbox::{CallInput, Inbox};
use super::live::LiveIndex;
use super::notices;
use super::projector::{self, ProjectorHandle};
use crate::delivery::DeliveryHandle;
use crate::recorder::RecorderHandle;

/// Told by the projector: what waited for a row goes on.
#[derive(Debug)]
pub(crate) struct Progress {
    pub(crate) delivery: DeliveryHandle,
    pub(crate) feed: Arc<Feed>,
    pub(crate) inbox: Inbox,
}

impl projector::Progress for Progress {
    fn projected(&self, upto: JournalPos) {
        self.delivery.projected(upto);
        self.feed.projected(upto);
    }

    fn messages(&self, user: UserId, count: MessageCount) {
        self.inbox.send(CallInput::Messages { user, count });
    }

    fn text_kept(&self, text: SmsId, kept: bool) {
        self.inbox.send(CallInput::TextStored {
            id: text,
            stored: kept,
        });
    }
}

/// Told by the journal's thread.
#[derive(Debug)]
pub(crate) struct Commits {
    pub(crate) inbox: Inbox,
    pub(crate) live: Arc<LiveIndex>,
    pub(crate) projector: ProjectorHandle,
    pub(crate) recorder: RecorderHandle,
    pub(crate) delivery: DeliveryHandle,
    pub(crate) feed: Arc<Feed>,
}

impl CommitSink for Commits {
    fn on_committed(&mut self, report: CommitReport) {
        // First: who is told of a state by SIP or by the API may read it at once.
        for committed in &report.facts {
            self.live.apply(&committed.fact);
        }
        if let Some(upto) = report.upto {
            self.inbox.committed(upto);
        }
        if let Some(upto) = report.reserved_call_ids {
            self.inbox.reserved(upto);
        }
        let mut waiting = Vec::new();
        // Once for the whole report: who comes to watch later reads it in the journal.
        let is_watched = self.feed.is_watched();
        for committed in report.facts {
            let FactRecord {
                event,
                snapshot,
                cdr,
                sms,
                recording,
            } = committed.fact;
            let recorded = recording.as_ref().map(|recording| recording.id);
            let row = ProjectedRow::of(cdr, sms, recording);
            let after_projection = row.as_ref().map(|_| committed.pos);
            if let Some(row) = row {
                self.projector.row(committed.pos, row);
            }
            if let Some(id) = recorded {
                self.recorder.known(id);
            }
            if committed.deliveries.is_empty() && !is_watched {
                continue;
            }
            let due = event.at;
            let event = Arc::new(event);
            // Before delivery hears of it: a delivery's first notice precedes that of its attempt.
            if is_watched {
                let deliveries = &committed.deliveries;
                notices::committed(&self.feed, committed.pos, &event, snapshot, deliveries);
            }
            waiting.extend(
                committed
                    .deliveries
                    .iter()
                    .filter(|routed| !routed.held)
                    .map(|routed| Waiting {
                        delivery: routed.id,
                        endpoint: routed.webhook,
                        event: Arc::clone(&event),
                        prev_seq: routed.prev_seq,
                        after_projection,
                        attempts: 0,
                        due,
                        replayed: false,
                    }),
            );
        }
        if !waiting.is_empty() {
            self.delivery.waiting(waiting);
        }
        for again in report.redelivered {
            if is_watched {
                self.feed.publish(Notice::Redelivery(again));
            }
            self.delivery.redelivered(again);
        }
    }

    fn on_fatal(&mut self, error: StoreError) {
        // The state of the file is unknown after a failed flush; a restart replays it. Anything else would lose
        // events or tell a peer of what is not on disk.
        tracing::error!(%error, "the journal failed: stopping, so that a restart can replay it");
        std::process::exit(1);
    }
}
