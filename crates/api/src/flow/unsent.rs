//! What was not sent, and why: a note for each webhook that got no delivery of an event.
//!
//! Whether a webhook was to be told is decided by the rule of the delivery engine. It is asked with the settings as they
//! are when the ladder is drawn: how they were when the event happened is not kept. Where they would have let the webhook be
//! told, the note says only that no delivery is known: other settings, evidence on its way to the disk, and evidence that a
//! crash took look the same. Events so old that the evidence is purged get no such note.

use std::collections::HashSet;

use offhook_base::{EventRecord, WebhookId};
use offhook_delivery::{Refusal, Wishes};

use super::cause::Told;
use super::columns::Columns;
use super::{Draft, FlowInput, FlowRow, FlowWebhook, Note, Reason, RowKind, lossless};

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
    let (note, why) = if event.at < input.deliveries_since {
        (Note::NotKept, "its deliveries are not kept any more")
    } else {
        (Note::Untold, "for no webhook")
    };
    let detail = event
        .seq
        .map_or_else(|| why.to_owned(), |seq| format!("seq {seq}, {why}"));
    let row = FlowRow {
        detail,
        note: Some(note),
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
    let reason = reason(event, webhook, input.integration_off);
    let (note, sent, label) = match reason {
        Reason::SettingsChanged => (Note::Unknown, None, "no delivery known"),
        Reason::Context
        | Reason::Disabled
        | Reason::IntegrationOff
        | Reason::MadeLater
        | Reason::NotSubscribed
        | Reason::WebhookOff => (Note::NotSent, Some(false), "not sent"),
    };
    let row = FlowRow {
        to: Columns::webhook(webhook.id),
        detail: words(reason, event, webhook),
        // The event's body stands at its POSTs; a copy for each webhook would make a large site's ladder heavy.
        raw: None,
        sent,
        note: Some(note),
        reason: Some(reason),
        ..row(event, format!("{} {label}", event.name), columns)
    };
    Draft {
        tells: Some(Told::of(event)),
        ..Draft::of(row)
    }
}

fn reason(event: &EventRecord, webhook: &FlowWebhook, integration_off: bool) -> Reason {
    if webhook.created_at > event.at {
        return Reason::MadeLater;
    }
    let wishes = Wishes {
        events: &webhook.events,
        contexts: &webhook.contexts,
        active: webhook.active,
        disabled: webhook.disabled.is_some(),
    };
    match wishes.refusal(!integration_off, event) {
        Some(Refusal::IntegrationOff) => Reason::IntegrationOff,
        Some(Refusal::Inactive) => Reason::WebhookOff,
        Some(Refusal::Event) => Reason::NotSubscribed,
        Some(Refusal::Context) => Reason::Context,
        // What we switched off keeps deliveries, held. One without was made so by settings that are others by now.
        Some(Refusal::Unheld) | None if webhook.disabled.is_some() => Reason::Disabled,
        Some(Refusal::Unheld) | None => Reason::SettingsChanged,
    }
}

fn words(reason: Reason, event: &EventRecord, webhook: &FlowWebhook) -> String {
    match reason {
        Reason::Context => format!("its contexts leave {} out", event.context),
        Reason::Disabled => {
            let why = webhook.disabled.as_deref().unwrap_or_default();
            format!("it was switched off after failures: {why}")
        }
        Reason::IntegrationOff => "the integration is switched off".to_owned(),
        Reason::MadeLater => "it was made after this event".to_owned(),
        Reason::NotSubscribed => format!("it does not subscribe to {}", event.name),
        Reason::SettingsChanged => {
            "its settings were others then, or the evidence of it is not there".to_owned()
        }
        Reason::WebhookOff => "the webhook is switched off".to_owned(),
    }
}

/// A note at our own column.
fn row(event: &EventRecord, label: String, columns: &Columns) -> FlowRow {
    FlowRow {
        kind: RowKind::Note,
        raw: Some(lossless(&event.body)),
        event: Some(event.name),
        context: Some(event.context.to_string()),
        seq: event.seq,
        ..FlowRow::at(event.at, columns.pbx(), label, event.call)
    }
}
