//! What was not sent.

use super::*;

fn reasons(script: &mut Script) -> Vec<(String, String, String)> {
    let rows = script.flow().rows.into_iter();
    rows.filter(|row| matches!(row.note, Some(Note::NotSent | Note::Unknown)))
        .map(|row| (row.to, row.label, row.detail))
        .collect()
}

/// What is told of an event that one webhook, altered by `alter`, got no delivery of.
fn reason(alter: impl Fn(&mut FlowWebhook)) -> String {
    let mut script = Script::default();
    script.event(0, 1, EventName::CallRinging);
    alter(script.webhook(3, "crm", &["call.state_change"]));
    let mut reasons = reasons(&mut script);
    assert_eq!(reasons.len(), 1, "{reasons:?}");
    let (to, label, detail) = reasons.remove(0);
    assert_eq!(to, "w3");
    let unsent = label.strip_prefix("call.ringing ").unwrap();
    format!("{unsent}: {detail}")
}

#[test]
fn each_reason_is_told_in_words() {
    assert_eq!(
        reason(|webhook| webhook.active = false),
        "not sent: the webhook is switched off"
    );
    assert_eq!(
        reason(|webhook| webhook.events = vec!["call.missed".to_owned()]),
        "not sent: it does not subscribe to call.ringing"
    );
    assert_eq!(
        reason(|webhook| webhook.contexts = vec!["QUEUE".to_owned()]),
        "not sent: its contexts leave LOCAL_USER out"
    );
    assert_eq!(
        reason(|webhook| webhook.disabled = Some("the receiver answered 410 Gone".to_owned())),
        "not sent: it was switched off after failures: the receiver answered 410 Gone"
    );
    assert_eq!(
        reason(|webhook| webhook.created_at = at(1)),
        "not sent: it was made after this event"
    );
    assert_eq!(
        reason(|_| ()),
        "no delivery known: its settings were others then, or the evidence of it is not there"
    );
    let mut script = Script::default();
    script.event(0, 1, EventName::CallRinging);
    script.0.integration_off = true;
    assert_eq!(reasons(&mut script)[0].2, "the integration is switched off");
}

#[test]
fn each_webhook_has_a_column_and_a_row_of_each_event_it_did_not_get() {
    let mut script = answered();
    script.webhook(3, "crm", &["call.state_change"]);
    script.webhook(4, "billing", &["call.hangup"]);
    script.webhook(5, "old", &["call.state_change"]).active = false;
    let hangup = script.0.events[4].clone();
    script.delivery(
        9,
        hangup,
        DeliveryState::Delivered,
        &[(75_002, 20, Ok(204))],
    );
    script.0.deliveries[5].webhook = WebhookId(4);
    let flow = script.flow();
    let columns: Vec<&str> = flow.columns.iter().map(|column| &*column.id).collect();
    assert_eq!(columns, ["h1", "pbx", "h2", "w3", "w4", "w5"]);
    let unsent = |to: &str| {
        let rows = flow.rows.iter();
        rows.filter(|row| row.sent == Some(false) && row.to == to)
            .count()
    };
    assert_eq!((unsent("w3"), unsent("w4"), unsent("w5")), (0, 4, 5));
    let first = flow
        .rows
        .iter()
        .find(|row| row.sent == Some(false))
        .unwrap();
    assert_eq!((first.kind, first.error.as_ref()), (RowKind::Note, None));
    assert_eq!(
        flow.links[0..3],
        [(1, 3), (1, 4), (1, 5)].map(|(from, to)| FlowLink { from, to })
    );
    let sent = flow.rows.iter().filter(|row| row.sent == Some(true));
    assert!(sent.clone().all(|row| row.label.starts_with("POST ")));
    assert_eq!(sent.count(), 6);
    check(&flow, include_str!("../snapshots/not-sent.txt"));
}

#[test]
fn a_terminal_shows_an_event_that_no_webhook_got_once() {
    let mut script = answered();
    script.0.deliveries.clear();
    script.0.messages.truncate(2);
    script.webhook(3, "crm", &["call.hangup"]).active = false;
    script.webhook(4, "billing", &["call.hangup"]);
    let text = script.flow().text(100);
    assert_eq!(text.matches("* call.ringing not sent").count(), 1, "{text}");
    assert!(text.contains("to none of 2 webhooks"), "{text}");
    assert!(!text.contains("billing"), "{text}");
    script.0.webhooks.pop();
    let text = script.flow().text(100);
    assert!(text.contains("the webhook is switched off"), "{text}");
}

#[test]
fn an_event_whose_deliveries_may_be_purged_is_not_said_to_be_unsent() {
    let mut script = answered();
    script.0.deliveries.clear();
    script.0.deliveries_since = at(3_000);
    let flow = script.flow();
    let ringing = flow
        .rows
        .iter()
        .find(|row| row.label == "call.ringing")
        .unwrap();
    assert_eq!((&*ringing.from, &*ringing.to), ("pbx", "pbx"));
    assert_eq!(
        ringing.detail,
        "seq 2, its deliveries are not kept any more"
    );
    assert_eq!(
        reasons(&mut script).len(),
        2,
        "the hold and the hangup are young enough"
    );
}

#[test]
fn a_held_delivery_says_why_the_webhook_is_off() {
    let mut script = Script::default();
    let event = script.event(0, 1, EventName::CallRinging);
    script.delivery(1, event, DeliveryState::Held, &[]);
    script.webhook(3, "crm", &["call.state_change"]).disabled =
        Some("the receiver answered 410 Gone".to_owned());
    let row = script.flow().rows.remove(0);
    assert_eq!(row.label, "call.ringing held: the webhook is off");
    assert_eq!(row.detail, "the receiver answered 410 Gone");
}

#[test]
fn a_call_of_five_thousand_messages_is_laid_out() {
    let mut script = Script::default();
    for n in 1..=1_000_i64 {
        let (start, cseq) = (n * 100, format!("{} INVITE", n + 1));
        script.line(start, "A", true, "INVITE", &cseq, &sdp(4_000, "sendonly"));
        script.line(start + 1, "A", false, "100 Trying", &cseq, "");
        script.line(
            start + 2,
            "A",
            false,
            "200 OK",
            &cseq,
            &sdp(4_000, "recvonly"),
        );
        script.line(
            start + 3,
            "A",
            false,
            "200 OK",
            &cseq,
            &sdp(4_000, "recvonly"),
        );
        script.line(start + 4, "A", true, "ACK", &format!("{} ACK", n + 1), "");
        script.event(start + 1, n.cast_unsigned(), EventName::CallHold);
    }
    let flow = script.flow();
    assert_eq!((flow.rows.len(), flow.links.len()), (6_000, 1_000));
    assert_eq!(flow.text(100).matches("2 times").count(), 1_000);
}
