//! `/calls/{id}/flow` and `/cdrs/{id}/flow`: the ladder of a root call, as JSON or as text.
//!
//! For admins: a ladder shows the other party's messages, and the receivers of webhooks.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use http::Uri;
use offhook_base::CallId;
use offhook_store::filter::{ListParams, Selection};
use offhook_store::{CdrScope, StoreError, WEBHOOKS, Webhook};

use crate::Api;
use crate::auth::Admin;
use crate::error::ApiError;
use crate::flow::{Flow, FlowInput, FlowWebhook};
use crate::query::{Id, Params};
use crate::state::Inner;

/// Columns of a terminal, unless the client says otherwise.
const WIDTH: usize = 120;

pub(super) async fn of_call(
    State(api): State<Api>,
    _admin: Admin,
    Id(id): Id,
) -> Result<Response, ApiError> {
    Ok(Json(call(&api, CallId(id)).await?).into_response())
}

pub(super) async fn of_call_text(
    State(api): State<Api>,
    _admin: Admin,
    Id(id): Id,
    params: Params,
) -> Result<Response, ApiError> {
    let width = width(&params)?;
    Ok(text(&call(&api, CallId(id)).await?, width))
}

pub(super) async fn of_cdr(
    State(api): State<Api>,
    _admin: Admin,
    Id(id): Id,
) -> Result<Response, ApiError> {
    Ok(Json(cdr(&api, id).await?).into_response())
}

pub(super) async fn of_cdr_text(
    State(api): State<Api>,
    _admin: Admin,
    Id(id): Id,
    params: Params,
) -> Result<Response, ApiError> {
    let width = width(&params)?;
    Ok(text(&cdr(&api, id).await?, width))
}

/// A call that is up, or whose events are still kept.
async fn call(api: &Api, id: CallId) -> Result<Flow, ApiError> {
    let live = api.inner.ports.live.get(id).map(|call| call.root_id);
    api.store(move |inner| {
        let root = match live {
            Some(root) => root,
            None => inner.stores.journal.root_of(id)?,
        };
        let flow = flow(inner, root)?;
        if live.is_none() && flow.rows.is_empty() {
            return Err(ApiError::not_found());
        }
        Ok(flow)
    })
    .await?
}

async fn cdr(api: &Api, id: u64) -> Result<Flow, ApiError> {
    api.store(move |inner| {
        let cdr = inner.stores.config.cdr(CdrScope::All, id)?;
        Ok(flow(inner, cdr.record.root_live_id)?)
    })
    .await?
}

fn flow(inner: &Inner, root: CallId) -> Result<Flow, StoreError> {
    let stores = &inner.stores;
    let events = stores.journal.events_of_root(root)?;
    Ok(Flow::lay_out(&FlowInput {
        messages: stores.captures.messages(root)?,
        events: events.into_iter().map(|stored| stored.event).collect(),
        deliveries: stores.deliveries.of_root(root)?,
        webhooks: webhooks(inner)?,
    }))
}

fn webhooks(inner: &Inner) -> Result<Vec<FlowWebhook>, StoreError> {
    let params = ListParams {
        limit: Some("10000"),
        ..ListParams::default()
    };
    let Ok(all) = Selection::parse(&WEBHOOKS, &params) else {
        return Ok(Vec::new());
    };
    let page = inner.stores.config.webhooks(&all)?;
    Ok(page.data.into_iter().map(named).collect())
}

fn named(webhook: Webhook) -> FlowWebhook {
    let uri: Option<Uri> = webhook.url.parse().ok();
    let host = uri.as_ref().and_then(Uri::host).unwrap_or_default();
    let port = uri.as_ref().and_then(Uri::port_u16).unwrap_or(443);
    FlowWebhook {
        id: webhook.id,
        name: webhook.name,
        host: format!("{host}:{port}"),
    }
}

fn text(flow: &Flow, width: usize) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    (headers, flow.text(width)).into_response()
}

fn width(params: &Params) -> Result<usize, ApiError> {
    let Some(text) = params.get("width")? else {
        return Ok(WIDTH);
    };
    let width = text.parse().ok().filter(|width| (40..=500).contains(width));
    width.ok_or_else(|| ApiError::parameter("width", "must be a whole number from 40 to 500"))
}
