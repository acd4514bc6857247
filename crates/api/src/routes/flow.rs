//! `/calls/{id}/flow` and `/cdrs/{id}/flow`: the ladder of a root call, as JSON, as text or as a picture, and its packets.
//!
//! For admins: a ladder shows the other party's messages, and the receivers of webhooks.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use http::Uri;
use offhook_base::{CallId, UserId, Wall};
use offhook_store::filter::{ListParams, Resource, Selection};
use offhook_store::{
    CdrScope, DELIVERIES_OF_ROOT, DeliveryRow, StoreError, USERS, WEBHOOKS, Webhook, WebhookState,
};

use crate::Api;
use crate::auth::Admin;
use crate::error::ApiError;
use crate::flow::{self, Flow, FlowInput, FlowWebhook};
use crate::query::{Id, Params};
use crate::state::Inner;

/// Columns of a terminal, unless the client says otherwise.
const WIDTH: usize = 120;

pub(super) async fn of_call(
    State(api): State<Api>,
    _admin: Admin,
    Id(id): Id,
) -> Result<Response, ApiError> {
    call(&api, CallId(id), json).await
}

pub(super) async fn of_call_picture(
    State(api): State<Api>,
    _admin: Admin,
    Id(id): Id,
) -> Result<Response, ApiError> {
    call(&api, CallId(id), picture).await
}

pub(super) async fn of_call_text(
    State(api): State<Api>,
    _admin: Admin,
    Id(id): Id,
    params: Params,
) -> Result<Response, ApiError> {
    let width = width(&params)?;
    call(&api, CallId(id), move |known| text(known, width)).await
}

pub(super) async fn of_call_trace(
    State(api): State<Api>,
    _admin: Admin,
    Id(id): Id,
) -> Result<Response, ApiError> {
    call(&api, CallId(id), trace).await
}

pub(super) async fn of_cdr(
    State(api): State<Api>,
    _admin: Admin,
    Id(id): Id,
) -> Result<Response, ApiError> {
    cdr(&api, id, json).await
}

pub(super) async fn of_cdr_picture(
    State(api): State<Api>,
    _admin: Admin,
    Id(id): Id,
) -> Result<Response, ApiError> {
    cdr(&api, id, picture).await
}

pub(super) async fn of_cdr_text(
    State(api): State<Api>,
    _admin: Admin,
    Id(id): Id,
    params: Params,
) -> Result<Response, ApiError> {
    let width = width(&params)?;
    cdr(&api, id, move |known| text(known, width)).await
}

pub(super) async fn of_cdr_trace(
    State(api): State<Api>,
    _admin: Admin,
    Id(id): Id,
) -> Result<Response, ApiError> {
    cdr(&api, id, trace).await
}

/// A root call and all that is known of it.
struct Known {
    root: CallId,
    input: FlowInput,
}

/// Draws a call that is up, or whose events are still kept.
async fn call(
    api: &Api,
    id: CallId,
    draw: impl FnOnce(&Known) -> Result<Response, ApiError> + Send + 'static,
) -> Result<Response, ApiError> {
    let live = api.inner.ports.live.get(id).map(|call| call.root_id);
    api.store(move |inner| {
        let root = match live {
            Some(root) => root,
            None => inner.stores.journal.root_of(id)?,
        };
        let known = known(inner, root)?;
        if live.is_none() && known.input.is_empty() {
            return Err(ApiError::not_found());
        }
        draw(&known)
    })
    .await?
}

async fn cdr(
    api: &Api,
    id: u64,
    draw: impl FnOnce(&Known) -> Result<Response, ApiError> + Send + 'static,
) -> Result<Response, ApiError> {
    api.store(move |inner| {
        let cdr = inner.stores.config.cdr(CdrScope::All, id)?;
        draw(&known(inner, cdr.record.root_live_id)?)
    })
    .await?
}

fn known(inner: &Inner, root: CallId) -> Result<Known, StoreError> {
    let stores = &inner.stores;
    // An event is committed with its deliveries: those read after it are all there.
    let events = stores.journal.events_of_root(root)?;
    let deliveries = stores.deliveries.of_root(root)?;
    let cdrs = stores.config.cdrs_of_root(root)?;
    let input = FlowInput {
        cdrs: cdrs.into_iter().map(|cdr| cdr.record).collect(),
        messages: stores.captures.messages(root)?,
        events: events.into_iter().map(|stored| stored.event).collect(),
        deliveries_since: deliveries_since(inner, &deliveries),
        deliveries,
        webhooks: webhooks(inner)?,
        integration_off: !stores.config.integration_enabled()?,
        extensions: extensions(inner)?,
    };
    Ok(Known { root, input })
}

/// From when on the deliveries are all there: those before are purged, or were too many for one ladder.
fn deliveries_since(inner: &Inner, deliveries: &[DeliveryRow]) -> Wall {
    let kept = inner.deliveries_kept_since();
    // The oldest one that is left may have had more than one webhook.
    let shown = deliveries
        .first()
        .filter(|_| deliveries.len() >= DELIVERIES_OF_ROOT)
        .map_or(kept, |oldest| Wall(oldest.event.at.0.saturating_add(1)));
    kept.max(shown)
}

fn everything(resource: &'static Resource) -> Option<Selection> {
    let params = ListParams {
        limit: Some("10000"),
        ..ListParams::default()
    };
    Selection::parse(resource, &params).ok()
}

/// The extension by each name that a phone of ours may have in a SIP message.
fn extensions(inner: &Inner) -> Result<HashMap<String, String>, StoreError> {
    let config = &inner.stores.config;
    let Some(all) = everything(&USERS) else {
        return Ok(HashMap::new());
    };
    let users = config.users(&all, inner.now().wall)?.data;
    let of_user: HashMap<UserId, &str> = users
        .iter()
        .map(|user| (user.id, user.ext.as_str()))
        .collect();
    let phones = config.accounts()?.into_iter().filter_map(|phone| {
        let extension = *of_user.get(&phone.user)?;
        Some((phone.username, extension.to_owned()))
    });
    let own = users
        .iter()
        .map(|user| (user.ext.clone(), user.ext.clone()));
    // A username that is somebody else's extension names its phone: phones come second.
    Ok(own.chain(phones).collect())
}

fn webhooks(inner: &Inner) -> Result<Vec<FlowWebhook>, StoreError> {
    let Some(all) = everything(&WEBHOOKS) else {
        return Ok(Vec::new());
    };
    let page = inner.stores.config.webhooks(&all)?;
    Ok(page.data.into_iter().map(named).collect())
}

fn named(webhook: Webhook) -> FlowWebhook {
    let uri: Option<Uri> = webhook.url.parse().ok();
    let host = uri.as_ref().and_then(Uri::host).unwrap_or_default();
    let port = uri.as_ref().and_then(Uri::port_u16).unwrap_or(443);
    let disabled = match webhook.state {
        WebhookState::Active | WebhookState::Failing => None,
        WebhookState::Disabled => Some(webhook.disabled_reason.unwrap_or_default()),
    };
    FlowWebhook {
        id: webhook.id,
        name: webhook.name,
        host: format!("{host}:{port}"),
        events: webhook.events,
        contexts: webhook.contexts,
        active: webhook.active,
        disabled,
        created_at: webhook.created_at,
    }
}

fn json(known: &Known) -> Result<Response, ApiError> {
    Ok(Json(Flow::lay_out(&known.input)).into_response())
}

fn text(known: &Known, width: usize) -> Result<Response, ApiError> {
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    Ok((headers, Flow::lay_out(&known.input).text(width)).into_response())
}

/// The picture has no script in it; should one ever get there, the browser is told to run none.
fn picture(known: &Known) -> Result<Response, ApiError> {
    let title = format!("Call {}", known.root);
    let svg = Flow::lay_out(&known.input)
        .svg(&title)
        .map_err(|error| ApiError::unavailable(format!("a ladder cannot be drawn: {error}")))?;
    let headers = [
        (header::CONTENT_TYPE, "image/svg+xml"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; sandbox",
        ),
    ];
    Ok((headers, svg).into_response())
}

fn trace(known: &Known) -> Result<Response, ApiError> {
    let file = flow::trace(&known.input.messages)
        .map_err(|error| ApiError::unavailable(format!("{error}: {error:?}")))?;
    let headers = [
        (
            header::CONTENT_TYPE,
            "application/vnd.tcpdump.pcap".to_owned(),
        ),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"call-{}.pcap\"", known.root),
        ),
    ];
    Ok((headers, file).into_response())
}

fn width(params: &Params) -> Result<usize, ApiError> {
    let Some(text) = params.get("width")? else {
        return Ok(WIDTH);
    };
    let width = text.parse().ok().filter(|width| (40..=500).contains(width));
    width.ok_or_else(|| ApiError::parameter("width", "must be a whole number from 40 to 500"))
}
