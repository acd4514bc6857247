//! `/integrations/webhooks` and `/webhooks`. One that does not answer is not saved.

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use offhook_base::{Secret, Wall, WebhookId};
use offhook_store::filter::Page;
use offhook_store::{EndedInHour, NewWebhook, Ordering, WEBHOOKS, Webhook, WebhookPatch};
use serde_json::{Map, Value, json};

use super::deliveries::headers;
use super::webhook_fields::{self, Input, generate_secret};
use crate::Api;
use crate::auth::Admin;
use crate::body::{Body, MaybeBody};
use crate::error::{ApiError, FieldError};
use crate::ports::{
    ConfigChange, DeliveryControlError, Exchange, Recover, TestOutcome, TestTarget,
};
use crate::query::{Id, Ids, Params, small};
use crate::reply;

const FIELDS: &[&str] = &[
    "id",
    "name",
    "url",
    "events",
    "contexts",
    "active",
    "state",
    "disabled_reason",
    "order",
    "timeout_ms",
    "headers",
    "created_at",
    "last_delivery_at",
];

/// Seconds of one bar of a webhook's chart, and how many bars there are.
const HOUR: i64 = 3_600;
const HOURS: i64 = 24;

/// Time for the `webhook.test` of a save.
const TEST_TIME: Duration = Duration::from_secs(10);

/// How long the old secret signs beside the new one.
const ROTATION: Duration = Duration::from_secs(24 * 3_600);

/// Time that the delivery engine has to take a command.
pub(super) const COMMAND_TIME: Duration = Duration::from_secs(2);

/// Time to find and queue the deliveries of a whole outage.
const RECOVER_TIME: Duration = Duration::from_secs(10);

pub(super) async fn integration(
    State(api): State<Api>,
    _admin: Admin,
) -> Result<Response, ApiError> {
    let enabled = api
        .store(|inner| inner.stores.config.integration_enabled())
        .await??;
    Ok(integration_reply(&api, enabled))
}

pub(super) async fn switch(
    State(api): State<Api>,
    _admin: Admin,
    Body(mut fields): Body,
) -> Result<Response, ApiError> {
    let enabled = fields.flag("enabled");
    let enabled = fields.require("enabled", enabled);
    fields.finish()?;
    let enabled = enabled.unwrap_or_default();
    api.change(move |inner| {
        inner.stores.config.set_integration_enabled(enabled)?;
        Ok(((), vec![ConfigChange::IntegrationEnabled(enabled)]))
    })
    .await?;
    Ok(integration_reply(&api, enabled))
}

fn integration_reply(api: &Api, enabled: bool) -> Response {
    reply::one(json!({"enabled": enabled, "egress_addresses": api.inner.settings.egress_addresses}))
}

pub(super) async fn list(
    State(api): State<Api>,
    _admin: Admin,
    params: Params,
) -> Result<Response, ApiError> {
    let selection = params.selection(&WEBHOOKS)?;
    let shown = params.fields("webhooks", FIELDS)?;
    let page = api
        .store(move |inner| inner.stores.config.webhooks(&selection))
        .await??;
    Ok(reply::list(&page.map(|webhook| shown.of(row(&webhook)))))
}

/// `GET /webhooks/activity`: how each webhook fared in each of the last 24 hours, for the page's small charts.
pub(super) async fn activity(State(api): State<Api>, _admin: Admin) -> Result<Response, ApiError> {
    let rows = api
        .store(|inner| -> Result<Vec<Value>, ApiError> {
            let stores = &inner.stores;
            let from = first_hour(inner.wall());
            let ended = stores.deliveries.ended_by_hour(from)?;
            let webhooks = stores.config.all_webhooks(inner.wall())?;
            let row = |webhook: &Webhook| hours(webhook.id, from, &ended);
            Ok(webhooks.iter().map(row).collect())
        })
        .await??;
    let total = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    Ok(reply::list(&Page { data: rows, total }))
}

/// The start of the first of the 24 hours that end with the present one.
fn first_hour(now: Wall) -> Wall {
    let hour = now.unix_seconds().div_euclid(HOUR);
    Wall::from_unix_seconds((hour - HOURS + 1) * HOUR)
}

fn hours(webhook: WebhookId, from: Wall, ended: &[EndedInHour]) -> Value {
    let of_hour = |n: i64| {
        let at = Wall::from_unix_seconds(from.unix_seconds() + n * HOUR);
        let found = ended
            .iter()
            .find(|row| row.webhook == webhook && row.hour == at);
        json!({
            "at": at.to_contract(),
            "delivered": found.map_or(0, |row| row.delivered),
            "failed": found.map_or(0, |row| row.failed),
        })
    };
    json!({"webhook_id": webhook, "hours": (0..HOURS).map(of_hour).collect::<Vec<_>>()})
}

pub(super) async fn one(
    State(api): State<Api>,
    _admin: Admin,
    Id(id): Id,
    params: Params,
) -> Result<Response, ApiError> {
    let shown = params.fields("webhooks", FIELDS)?;
    let webhook = load(&api, id).await?;
    Ok(reply::one(shown.of(row(&webhook))))
}

pub(super) async fn create(
    State(api): State<Api>,
    _admin: Admin,
    Body(fields): Body,
) -> Result<Response, ApiError> {
    let Input { patch, secret } = webhook_fields::input(fields, true)?;
    let secret = secret.map_or_else(generate_secret, Ok)?;
    let default_timeout = Duration::from_millis(api.inner.settings.default_timeout_ms.into());
    let new = NewWebhook {
        name: patch.name.unwrap_or_default(),
        url: patch.url.unwrap_or_default(),
        events: patch.events.unwrap_or_default(),
        contexts: patch.contexts.unwrap_or_default(),
        active: patch.active.unwrap_or(true),
        order: patch.order.unwrap_or(Ordering::Bounded),
        timeout: patch.timeout.unwrap_or(default_timeout),
        headers: patch.headers.unwrap_or_default(),
        secret: secret.clone(),
    };
    let id = api
        .store(|inner| inner.stores.config.next_webhook_id())
        .await??;
    let tried = try_out(
        &api,
        target(id, &new.url, &new.headers, vec![secret.clone()]),
    )
    .await?;
    let webhook = api
        .change(move |inner| {
            let webhook = inner.stores.config.create_webhook(&new, inner.wall())?;
            Ok((webhook.clone(), vec![ConfigChange::Webhook(webhook)]))
        })
        .await?;
    let row = with_exchange(with_secret(&webhook, &secret), &tried);
    Ok(reply::created(row))
}

pub(super) async fn update(
    State(api): State<Api>,
    _admin: Admin,
    Id(id): Id,
    Body(fields): Body,
) -> Result<Response, ApiError> {
    let Input { patch, .. } = webhook_fields::input(fields, false)?;
    let webhook = load(&api, id).await?;
    let tried = match patch.url.as_ref().filter(|url| **url != webhook.url) {
        Some(url) => {
            let headers = patch.headers.as_ref().unwrap_or(&webhook.headers);
            Some(try_out(&api, target(webhook.id, url, headers, secrets(&webhook))).await?)
        }
        None => None,
    };
    let webhook = save(&api, webhook.id, patch).await?;
    Ok(reply::one(match tried {
        Some(tried) => with_exchange(row(&webhook), &tried),
        None => row(&webhook),
    }))
}

async fn save(api: &Api, id: WebhookId, patch: WebhookPatch) -> Result<Webhook, ApiError> {
    api.change(move |inner| {
        let webhook = inner
            .stores
            .config
            .update_webhook(id, &patch, inner.wall())?;
        Ok((webhook.clone(), vec![ConfigChange::Webhook(webhook)]))
    })
    .await
}

pub(super) async fn delete(
    State(api): State<Api>,
    _admin: Admin,
    Ids(ids): Ids,
) -> Result<Response, ApiError> {
    let ids = ids
        .into_iter()
        .map(|id| small(id).map(WebhookId))
        .collect::<Result<Vec<_>, _>>()?;
    api.change(move |inner| {
        inner.stores.config.delete_webhooks(&ids)?;
        Ok(((), ids.into_iter().map(ConfigChange::WebhookGone).collect()))
    })
    .await?;
    Ok(reply::gone())
}

/// `POST /webhooks/{id}/test`: 200 whatever the receiver did; the answer tells.
pub(super) async fn test(
    State(api): State<Api>,
    _admin: Admin,
    Id(id): Id,
    MaybeBody(fields): MaybeBody,
) -> Result<Response, ApiError> {
    fields.finish()?;
    let webhook = load(&api, id).await?;
    let outcome = send_test(
        &api,
        target(
            webhook.id,
            &webhook.url,
            &webhook.headers,
            secrets(&webhook),
        ),
    )
    .await;
    Ok(reply::one(json!({
        "delivered": outcome.failure.is_none(),
        "reason": outcome.failure,
        "exchange": exchange(&outcome.exchange),
    })))
}

pub(super) async fn rotate_secret(
    State(api): State<Api>,
    _admin: Admin,
    Id(id): Id,
    MaybeBody(fields): MaybeBody,
) -> Result<Response, ApiError> {
    let id = WebhookId(small(id)?);
    let secret = webhook_fields::secret(fields)?.map_or_else(generate_secret, Ok)?;
    let fresh = secret.clone();
    let webhook = api
        .change(move |inner| {
            let now = inner.wall();
            let webhook = inner
                .stores
                .config
                .rotate_secret(id, &fresh, now + ROTATION, now)?;
            Ok((webhook.clone(), vec![ConfigChange::Webhook(webhook)]))
        })
        .await?;
    Ok(reply::one(with_secret(&webhook, &secret)))
}

pub(super) async fn recover(
    State(api): State<Api>,
    _admin: Admin,
    Id(id): Id,
    Body(mut fields): Body,
) -> Result<Response, ApiError> {
    let since = moment(&mut fields, "since");
    let since = fields.require("since", since);
    let until = moment(&mut fields, "until");
    let only = fields
        .word("only", &["failed", "all"], |word| word)
        .unwrap_or("failed");
    let dry_run = fields.flag("dry_run").unwrap_or_default();
    if until.zip(since).is_some_and(|(until, since)| until < since) {
        fields.fail("until", "must not lie before since");
    }
    fields.finish()?;
    let webhook = load(&api, id).await?;
    let which = Recover {
        since: since.unwrap_or_default(),
        until,
        all: only == "all",
        dry_run,
    };
    let taken = tokio::time::timeout(
        RECOVER_TIME,
        api.inner.ports.deliveries.recover(webhook.id, which),
    )
    .await;
    let count = taken
        .unwrap_or(Err(DeliveryControlError::Unavailable))
        .map_err(refused)?;
    Ok(reply::one(json!({"count": count, "dry_run": dry_run})))
}

/// Why the delivery engine did not take a command.
pub(super) fn refused(error: DeliveryControlError) -> ApiError {
    match error {
        DeliveryControlError::NotFound => ApiError::not_found(),
        DeliveryControlError::Conflict => {
            ApiError::conflict("state", "is waiting to be sent already")
        }
        DeliveryControlError::Unavailable => {
            ApiError::unavailable("the delivery engine did not take a command in time")
        }
    }
}

fn moment(fields: &mut crate::body::Fields, name: &str) -> Option<Wall> {
    let text = fields.text(name, 1, 30)?;
    let moment = Wall::parse_contract(text.strip_suffix('Z').unwrap_or(&text));
    if moment.is_none() {
        fields.fail(name, "must be YYYY-MM-DD or YYYY-MM-DD HH:MM:SS, UTC");
    }
    moment
}

async fn load(api: &Api, id: u64) -> Result<Webhook, ApiError> {
    let id = WebhookId(small(id)?);
    Ok(api
        .store(move |inner| inner.stores.config.webhook(id, inner.wall()))
        .await??)
}

fn target(
    webhook: WebhookId,
    url: &str,
    headers: &std::collections::BTreeMap<String, String>,
    secrets: Vec<Secret<String>>,
) -> TestTarget {
    let headers = headers
        .iter()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    TestTarget {
        webhook,
        url: url.to_owned(),
        headers,
        secrets,
        timeout: TEST_TIME,
    }
}

fn secrets(webhook: &Webhook) -> Vec<Secret<String>> {
    webhook
        .secrets
        .iter()
        .map(|one| one.secret.clone())
        .collect()
}

/// Refuses an address that does not answer 2xx; else gives what was sent and answered.
async fn try_out(api: &Api, target: TestTarget) -> Result<Exchange, ApiError> {
    let outcome = send_test(api, target).await;
    match outcome.failure {
        None => Ok(outcome.exchange),
        Some(reason) => {
            let error = FieldError::new("url", reason).with_exchange(exchange(&outcome.exchange));
            Err(ApiError::validation(vec![error]))
        }
    }
}

async fn send_test(api: &Api, target: TestTarget) -> TestOutcome {
    // The tester keeps the time itself; a second more and it is at fault, not the receiver.
    let patience = target.timeout + Duration::from_secs(1);
    tokio::time::timeout(patience, api.inner.ports.tester.test(target))
        .await
        .unwrap_or_else(|_| TestOutcome {
            failure: Some("timeout: no answer within 10 s".to_owned()),
            ..TestOutcome::default()
        })
}

fn exchange(exchange: &Exchange) -> Value {
    json!({
        "request_headers": headers(&exchange.request_headers),
        "request_body": exchange.request_body,
        "status": exchange.status,
        "response_headers": headers(&exchange.response_headers),
        "response_body": exchange.response_body,
        "ms": exchange.ms,
    })
}

/// Shows the admin what a save sent, as a refusal does.
fn with_exchange(mut row: Map<String, Value>, tried: &Exchange) -> Map<String, Value> {
    row.insert("exchange".to_owned(), exchange(tried));
    row
}

fn with_secret(webhook: &Webhook, secret: &Secret<String>) -> Map<String, Value> {
    let mut row = row(webhook);
    row.insert("secret".to_owned(), Value::from(secret.expose().as_str()));
    row
}

fn row(webhook: &Webhook) -> Map<String, Value> {
    reply::members(json!({
        "id": webhook.id,
        "name": webhook.name,
        "url": webhook.url,
        "events": webhook.events,
        "contexts": webhook.contexts,
        "active": webhook.active,
        "state": webhook.state.as_str(),
        "disabled_reason": webhook.disabled_reason,
        "order": webhook.order.as_str(),
        "timeout_ms": u64::try_from(webhook.timeout.as_millis()).unwrap_or(u64::MAX),
        "headers": webhook.headers,
        "created_at": webhook.created_at.to_contract(),
        "last_delivery_at": webhook.last_delivery_at.map(Wall::to_contract),
    }))
}
