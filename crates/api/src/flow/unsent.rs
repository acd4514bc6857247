//! What was not sent, and why: a note for each webhook that got no delivery of an event.
//!
//! Whether a webhook was to be told is decided by the rule of the delivery engine. It is asked with the settings as they
//! are when the ladder is drawn: how they were when the event happened is not kept. That nothing was sent is a fact all the
//! same, because deliveries are evidence; events so old that the evidence may be gone get no such note.

use std::collections::HashSet;

use offhook_base::{EventRecord, WebhookId};
use offhook_delivery::{Refusal, Wishes};

use super::cause::Told;
use super::columns::Columns;
use super::{Draft, FlowInput, FlowRow, FlowWebhook, RowKind, lossless};

pub(super) fn drafts(input: &FlowInput, columns: &Columns) -> Vec<Draft> {
    let deliveries = || input.deliveries.iter();
    let told: HashSet<&str> = deliveries().map(|delivery| &*delivery.event.id).collect();
    let had: HashSet<(&str, WebhookId)> = deliveries()
        .map(|delivery| (&*delivery.event.id, delivery.webhook))
        .collect();
    let mut drafts = Vec::new();
    for event in &input.events {
        if event.at < input.deliveries_since || input.webhooks.is_empty() {
            if !told.contains(&*event.id) {
                drafts.push(alone(event, input, columns));
            }
            continue;
        }
        let without = |webhook: &&FlowWebhook| !had.contains(&(&*event.id, webhook.id));
        drafts.extend(
            input
                .webhooks
                .iter()
                .filter(without)
                .map(|webhook| unsent(event, webhook, input, columns)),
        );
    }
    drafts
}

/// An event without any webhook to draw it to.
fn alone(event: &EventRecord, input: &FlowInput, columns: &Columns) -> Draft {
    let why = if event.at < input.deliveries_since {
        "its deliveries are not kept any more"
    } else {
        "for no webhook"
    };
    let detail = event
        .seq
        .map_or_else(|| why.to_owned(), |seq| format!("seq {seq}, {why}"));
    let row = FlowRow {
        detail,
        ..row(event, event.name.to_string(), columns)
    };
    Draft::of(row)
}

fn unsent(
    event: &EventRecord,
    webhook: &FlowWebhook,
    input: &FlowInput,
    columns: &Columns,
) -> Draft {
    let row = FlowRow {
        to: Columns::webhook(webhook.id),
        detail: reason(event, webhook, input.integration_off),
        sent: Some(false),
        ..row(event, format!("{} not sent", event.name), columns)
    };
    Draft {
        tells: Some(Told::of(event)),
        ..Draft::of(row)
    }
}

fn reason(event: &EventRecord, webhook: &FlowWebhook, integration_off: bool) -> String {
    if webhook.created_at > event.at {
        return "it was made after this event".to_owned();
    }
    let wishes = Wishes {
        events: &webhook.events,
        contexts: &webhook.contexts,
        active: webhook.active,
        disabled: webhook.disabled.is_some(),
    };
    match (wishes.refusal(!integration_off, event), &webhook.disabled) {
        (Some(Refusal::IntegrationOff), _) => "the integration is switched off".to_owned(),
        (Some(Refusal::Inactive), _) => "the webhook is switched off".to_owned(),
        (Some(Refusal::Event), _) => format!("it does not subscribe to {}", event.name),
        (Some(Refusal::Context), _) => format!("its contexts leave {} out", event.context),
        // What we switched off keeps deliveries, held. One without was made so by settings that are others by now.
        (Some(Refusal::Unheld) | None, Some(why)) => {
            format!("it was switched off after failures: {why}")
        }
        (Some(Refusal::Unheld) | None, None) => {
            "its settings, or those of the integration, were others then".to_owned()
        }
    }
}

/// A note at our own column.
fn row(event: &EventRecord, label: String, columns: &Columns) -> FlowRow {
    FlowRow {
        kind: RowKind::Note,
        raw: Some(lossless(&event.body)),
        ..FlowRow::at(event.at, columns.pbx(), label, event.call)
    }
}
