//! The messages of the stream, each with its JSON on one line.

use std::time::Duration;

use axum::response::sse::Event;
use offhook_base::{CallId, EventRecord, JournalPos, Wall};
use offhook_store::{DeliveryState, Redelivery};
use serde_json::{Value, json};

use super::super::{calls, deliveries, events};
use crate::feed::{DeliveryNotice, RegistrationNotice};
use crate::ports::LiveCall;

/// How long a browser waits before it connects again.
const RETRY: Duration = Duration::from_secs(1);

/// The first message: a client that has seen no event yet can resume from here.
pub(super) fn open(at: JournalPos) -> Event {
    let cursor = events::write(at);
    message("open", &json!({"next": cursor}))
        .id(cursor)
        .retry(RETRY)
}

pub(super) fn event(pos: JournalPos, event: &EventRecord) -> Event {
    Event::default()
        .event(event.name.as_str())
        .id(events::write(pos))
        .data(String::from_utf8_lossy(&event.body))
}

/// Notices were lost: what a client knows of calls, deliveries and registrations is to be read again.
pub(super) fn lagged() -> Event {
    message("lagged", &json!({}))
}

pub(super) fn call(call: &LiveCall, now: Wall) -> Event {
    message("call", &Value::Object(calls::row(call, now)))
}

pub(super) fn call_ended(call: CallId, root: CallId) -> Event {
    message("call", &json!({"id": call, "root_id": root, "ended": true}))
}

pub(super) fn delivery(notice: &DeliveryNotice) -> Event {
    let last = notice.last.as_ref();
    let event = &notice.event;
    message(
        "delivery",
        &json!({
            "id": notice.id,
            "webhook_id": notice.webhook,
            "event_id": &*event.id,
            "event_name": event.name,
            "call_id": event.call,
            "root_call_id": event.root,
            "seq": event.seq,
            "state": deliveries::word(notice.state),
            "attempts": notice.attempts,
            "status": last.and_then(|last| last.status),
            "error": last.and_then(|last| last.error.as_deref()),
            "ms": last.map(|last| last.ms),
            "next_attempt_at": notice.next_attempt_at.map(Wall::to_contract),
            "replayed": notice.replayed,
            "reason": notice.reason,
        }),
    )
}

/// The notice that the new delivery of an old event begins with.
pub(super) fn redelivery(again: &Redelivery, event: EventRecord) -> Event {
    delivery(&DeliveryNotice {
        id: again.id,
        webhook: again.webhook,
        event: event.into(),
        state: DeliveryState::Pending,
        attempts: 0,
        last: None,
        next_attempt_at: Some(again.due),
        replayed: true,
        reason: None,
    })
}

pub(super) fn registration(notice: &RegistrationNotice) -> Event {
    let contact = notice.contact.as_ref();
    message(
        "registration",
        &json!({
            "phone_id": notice.phone,
            "contact": contact.map(|(contact, _)| contact),
            "registered": contact.is_some(),
            "expires_at": contact.map(|(_, expires_at)| expires_at.to_contract()),
        }),
    )
}

fn message(name: &str, data: &Value) -> Event {
    Event::default().event(name).data(data.to_string())
}
