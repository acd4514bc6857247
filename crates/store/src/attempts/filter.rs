//! Which deliveries a list shows.

use offhook_base::{CallId, EventName, Wall, WebhookId};
use rusqlite::types::Value;

use super::DeliveryState;

/// Which deliveries a list shows: those that meet every condition given.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct DeliveryFilter {
    /// Of this webhook.
    pub webhook: Option<WebhookId>,
    /// Of this call.
    pub call: Option<CallId>,
    /// Of this root call.
    pub root: Option<CallId>,
    /// Of the event with this id.
    pub event_id: Option<String>,
    /// Of events with this name.
    pub event_name: Option<EventName>,
    /// In this state.
    pub state: Option<DeliveryState>,
    /// Of events at this time or later.
    pub since: Option<Wall>,
    /// Of events before this time.
    pub until: Option<Wall>,
}

/// A WHERE clause and its values, in order.
#[derive(Debug)]
pub(crate) struct Conditions {
    pub(crate) sql: String,
    pub(crate) values: Vec<Value>,
}

impl DeliveryFilter {
    /// The conditions in SQL. The column names are those of a day's file, and mean the same in the
    /// journal's `delivery JOIN fact`.
    pub(crate) fn conditions(&self) -> Conditions {
        let id = |id: u64| Value::Integer(i64::try_from(id).unwrap_or(i64::MAX));
        let mut all: Vec<(&str, Value)> = Vec::new();
        all.extend(
            self.webhook
                .map(|webhook| ("delivery.webhook = ?", id(webhook.0.into()))),
        );
        all.extend(self.call.map(|call| ("call = ?", id(call.0))));
        all.extend(self.root.map(|root| ("delivery.root = ?", id(root.0))));
        all.extend(
            self.event_id
                .clone()
                .map(|event| ("event_id = ?", Value::Text(event))),
        );
        all.extend(
            self.event_name
                .map(|name| ("name = ?", Value::Text(name.as_str().to_owned()))),
        );
        all.extend(
            self.state
                .map(|state| ("delivery.state = ?", Value::Integer(state.number().into()))),
        );
        all.extend(self.since.map(|since| ("at >= ?", Value::Integer(since.0))));
        all.extend(self.until.map(|until| ("at < ?", Value::Integer(until.0))));
        let (texts, values): (Vec<_>, Vec<_>) = all.into_iter().unzip();
        let sql = if texts.is_empty() {
            "TRUE".to_owned()
        } else {
            texts.join(" AND ")
        };
        Conditions { sql, values }
    }
}
