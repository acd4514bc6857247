//! Deliveries as rows: each attempt a POST and its answer, and a note for what the attempts do not tell.

use std::time::Duration;

use offhook_base::Wall;
use offhook_store::{AttemptRecord, DeliveryRow, DeliveryState};

use super::cause::Told;
use super::columns::Columns;
use super::{Draft, FlowInput, FlowRow, FlowWebhook, Note, RowKind, lossless};

pub(super) fn drafts(input: &FlowInput, columns: &Columns) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for delivery in &input.deliveries {
        for attempt in &delivery.attempts {
            drafts.push(post(delivery, attempt, columns));
            drafts.push(answer(delivery, attempt, columns));
        }
        let webhook = input
            .webhooks
            .iter()
            .find(|webhook| webhook.id == delivery.webhook);
        drafts.extend(outcome(delivery, webhook, columns));
    }
    drafts
}

fn post(delivery: &DeliveryRow, attempt: &AttemptRecord, columns: &Columns) -> Draft {
    let event = &delivery.event;
    let mut detail = match event.seq {
        Some(seq) => format!("attempt {}, seq {seq}", attempt.n),
        None => format!("attempt {}", attempt.n),
    };
    if delivery.replayed {
        detail.push_str(", replayed");
    }
    let row = FlowRow {
        detail,
        raw: Some(http_text(&attempt.request_headers, &event.body)),
        attempt: Some(attempt.n),
        sent: Some(true),
        ..row(
            delivery,
            attempt.at,
            format!("POST {}", event.name),
            columns,
        )
    };
    Draft {
        tells: (attempt.n == 1).then_some(Told::of(event)),
        ..Draft::of(row)
    }
}

fn answer(delivery: &DeliveryRow, attempt: &AttemptRecord, columns: &Columns) -> Draft {
    let label = match (attempt.status, &attempt.error) {
        (Some(status), _) => format!("{status} in {} ms", attempt.ms),
        (None, Some(error)) => error.clone(),
        (None, None) => "no answer".to_owned(),
    };
    let detail = match (attempt.status, &attempt.error) {
        (Some(_), Some(error)) => error.clone(),
        (Some(_), None) => format!("to {}, attempt {}", delivery.event.name, attempt.n),
        (None, _) => format!(
            "{}, attempt {}, after {} ms",
            delivery.event.name, attempt.n, attempt.ms
        ),
    };
    let at = attempt.at + Duration::from_millis(attempt.ms.into());
    let sent = row(delivery, at, label, columns);
    let row = FlowRow {
        from: sent.to.clone(),
        to: sent.from.clone(),
        detail,
        raw: attempt
            .status
            .map(|_| http_text(&attempt.response_headers, &attempt.response_body)),
        attempt: Some(attempt.n),
        ms: Some(attempt.ms),
        status: attempt.status,
        error: attempt.error.clone(),
        ..sent
    };
    Draft::of(row)
}

/// What the attempts do not tell: that there was none, that one is due, that it was given up.
fn outcome(
    delivery: &DeliveryRow,
    webhook: Option<&FlowWebhook>,
    columns: &Columns,
) -> Option<Draft> {
    let name = delivery.event.name;
    let next = delivery.attempts.last().map_or(1, |last| last.n + 1);
    let (note, at, label) = match delivery.state {
        DeliveryState::Delivered => return None,
        DeliveryState::Held => (
            Note::Held,
            delivery.event.at,
            format!("{name} held: the webhook is off"),
        ),
        DeliveryState::Pending => match delivery.next_attempt_at {
            Some(due) => (
                Note::Pending,
                due.max(delivery.event.at),
                format!("{name}: attempt {next} due"),
            ),
            None => (Note::Pending, delivery.event.at, format!("{name} waits")),
        },
        DeliveryState::Failed => (Note::GivenUp, ended(delivery), format!("{name} given up")),
        DeliveryState::Expired => (Note::Expired, ended(delivery), format!("{name} expired")),
    };
    let error = match note {
        Note::Expired | Note::GivenUp => delivery.reason.clone(),
        Note::Held
        | Note::NotKept
        | Note::NotSent
        | Note::Pending
        | Note::Unknown
        | Note::Untold => None,
    };
    let held_for = || {
        webhook
            .filter(|_| delivery.state == DeliveryState::Held)
            .and_then(|webhook| webhook.disabled.clone())
    };
    let row = FlowRow {
        kind: RowKind::Note,
        note: Some(note),
        attempt: (note == Note::Pending).then_some(next),
        detail: error.clone().or_else(held_for).unwrap_or_default(),
        error,
        ..row(delivery, at, label, columns)
    };
    Some(Draft::of(row))
}

fn ended(delivery: &DeliveryRow) -> Wall {
    delivery.finished_at.unwrap_or(delivery.event.at)
}

fn row(delivery: &DeliveryRow, at: Wall, label: String, columns: &Columns) -> FlowRow {
    FlowRow {
        kind: RowKind::Webhook,
        to: Columns::webhook(delivery.webhook),
        delivery_id: Some(delivery.id),
        event: Some(delivery.event.name),
        context: Some(delivery.event.context.to_string()),
        seq: delivery.event.seq,
        ..FlowRow::at(at, columns.pbx(), label, delivery.event.call)
    }
}

fn http_text(headers: &[(String, String)], body: &[u8]) -> String {
    let mut text = String::new();
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\n"));
    }
    text.push('\n');
    text.push_str(&lossless(body));
    text
}
