//! `/deliveries`: what was sent to whom, and what came back.

use axum::extract::State;
use axum::response::Response;
use offhook_base::{CallId, DeliveryId, EventName, Wall, WebhookId};
use offhook_store::filter::{
    FilterError, Kind, Operator, Page, Property, Resource, Selection, Value as Field,
};
use offhook_store::{AttemptRecord, DeliveryFilter, DeliveryRow, DeliveryState};
use serde_json::{Map, Value, json};

use super::webhooks::refused;
use crate::Api;
use crate::auth::Admin;
use crate::body::MaybeBody;
use crate::error::ApiError;
use crate::ports::DeliveryControlError;
use crate::query::{Id, Params};
use crate::reply;

const FIELDS: &[&str] = &[
    "id",
    "webhook_id",
    "event_id",
    "event_name",
    "call_id",
    "root_call_id",
    "seq",
    "state",
    "reason",
    "replayed",
    "attempts",
    "next_attempt_at",
    "body",
];

static DELIVERIES: Resource = Resource {
    name: "deliveries",
    properties: &[
        Property::new("id", Kind::Int),
        Property::new("webhook_id", Kind::Int),
        Property::new("event_id", Kind::Text),
        Property::new("event_name", Kind::Text),
        Property::new("event_time", Kind::Time),
        Property::new("call_id", Kind::Int),
        Property::new("root_call_id", Kind::Int),
        Property::new("state", Kind::Text),
    ],
};

const STATES: [(DeliveryState, &str); 5] = [
    (DeliveryState::Pending, "pending"),
    (DeliveryState::Delivered, "delivered"),
    (DeliveryState::Failed, "failed"),
    (DeliveryState::Expired, "expired"),
    (DeliveryState::Held, "held"),
];

pub(super) async fn list(
    State(api): State<Api>,
    _admin: Admin,
    params: Params,
) -> Result<Response, ApiError> {
    let selection = params.selection(&DELIVERIES)?;
    newest_first(&params)?;
    let shown = params.fields("deliveries", FIELDS)?;
    let Some(filter) = filter(&selection)? else {
        return Ok(reply::list(&Page::<Value> {
            data: Vec::new(),
            total: 0,
        }));
    };
    let (page, limit) = selection.window();
    let (page, limit) = (
        usize::try_from(page).unwrap_or(usize::MAX),
        usize::try_from(limit).unwrap_or(usize::MAX),
    );
    let found = api
        .store(move |inner| inner.stores.deliveries.list(&filter, page, limit))
        .await??;
    let data = found
        .rows
        .iter()
        .map(|delivery| shown.of(row(delivery)))
        .collect();
    Ok(reply::list(&Page {
        data,
        total: found.total,
    }))
}

pub(super) async fn one(
    State(api): State<Api>,
    _admin: Admin,
    Id(id): Id,
    params: Params,
) -> Result<Response, ApiError> {
    let shown = params.fields("deliveries", FIELDS)?;
    Ok(reply::one(
        shown.of(row(&load(&api, DeliveryId(id)).await?)),
    ))
}

/// `POST /deliveries/{id}/resend`
pub(super) async fn resend(
    State(api): State<Api>,
    _admin: Admin,
    Id(id): Id,
    MaybeBody(fields): MaybeBody,
) -> Result<Response, ApiError> {
    fields.finish()?;
    let id = load(&api, DeliveryId(id)).await?.id;
    let taken = tokio::time::timeout(
        super::webhooks::COMMAND_TIME,
        api.inner.ports.deliveries.resend(id),
    )
    .await;
    taken
        .unwrap_or(Err(DeliveryControlError::Unavailable))
        .map_err(refused)?;
    Ok(reply::one(row(&load(&api, id).await?)))
}

async fn load(api: &Api, id: DeliveryId) -> Result<DeliveryRow, ApiError> {
    let found = api
        .store(move |inner| inner.stores.deliveries.get(id))
        .await??;
    found.ok_or_else(ApiError::not_found)
}

/// The list spans files of many days and has one order only.
fn newest_first(params: &Params) -> Result<(), ApiError> {
    let descending = params
        .get("dir")?
        .is_some_and(|dir| dir.eq_ignore_ascii_case("desc"));
    match params.get("sort")? {
        None | Some("-id") => Ok(()),
        Some("id") if descending => Ok(()),
        Some(_) => {
            Err(FilterError::new("sort", "deliveries are listed by id, the newest first").into())
        }
    }
}

/// The filter of the store; `None` when nothing can match it.
fn filter(selection: &Selection) -> Result<Option<DeliveryFilter>, ApiError> {
    let mut filter = DeliveryFilter::default();
    for (n, (name, operator, value)) in selection.conditions().enumerate() {
        let refuse = |message: &str| -> ApiError {
            FilterError::new(format!("filter[{n}].operator"), format!("{name} {message}")).into()
        };
        if name == "event_time" {
            let Field::Int(seconds) = value else {
                return Err(refuse("cannot be searched for a part"));
            };
            narrow(&mut filter, operator, seconds);
            continue;
        }
        if operator != Operator::Eq {
            return Err(refuse("takes only eq"));
        }
        let fits = match (name, value) {
            ("webhook_id", Field::Int(id)) => {
                u32::try_from(id).is_ok_and(|id| set(&mut filter.webhook, WebhookId(id)))
            }
            ("call_id", Field::Int(id)) => {
                u64::try_from(id).is_ok_and(|id| set(&mut filter.call, CallId(id)))
            }
            ("root_call_id", Field::Int(id)) => {
                u64::try_from(id).is_ok_and(|id| set(&mut filter.root, CallId(id)))
            }
            ("event_id", Field::Text(id)) => set(&mut filter.event_id, id.into_owned()),
            ("event_name", Field::Text(text)) => text
                .parse::<EventName>()
                .is_ok_and(|event| set(&mut filter.event_name, event)),
            ("state", Field::Text(text)) => {
                let state = STATES.iter().find(|(_, word)| *word == text);
                state.is_some_and(|(state, _)| set(&mut filter.state, *state))
            }
            _ => {
                return Err(refuse(
                    "cannot be filtered by; GET /deliveries/{id} reads one",
                ));
            }
        };
        if !fits {
            return Ok(None);
        }
    }
    Ok(Some(filter))
}

/// Whether the slot can hold the value: two different ones match nothing.
fn set<T: PartialEq>(slot: &mut Option<T>, value: T) -> bool {
    match slot {
        Some(earlier) => *earlier == value,
        None => {
            *slot = Some(value);
            true
        }
    }
}

fn narrow(filter: &mut DeliveryFilter, operator: Operator, seconds: i64) {
    let from = |seconds: i64, filter: &mut DeliveryFilter| {
        let at = Wall::from_unix_seconds(seconds);
        filter.since = Some(filter.since.map_or(at, |since| since.max(at)));
    };
    let before = |seconds: i64, filter: &mut DeliveryFilter| {
        let at = Wall::from_unix_seconds(seconds);
        filter.until = Some(filter.until.map_or(at, |until| until.min(at)));
    };
    match operator {
        Operator::Eq | Operator::Like => {
            from(seconds, filter);
            before(seconds.saturating_add(1), filter);
        }
        Operator::Gt => from(seconds.saturating_add(1), filter),
        Operator::Gte => from(seconds, filter),
        Operator::Lt => before(seconds, filter),
        Operator::Lte => before(seconds.saturating_add(1), filter),
    }
}

/// A state as it is told.
pub(super) fn word(state: DeliveryState) -> Option<&'static str> {
    let found = STATES.iter().find(|(known, _)| *known == state);
    found.map(|(_, word)| *word)
}

fn row(delivery: &DeliveryRow) -> Map<String, Value> {
    reply::members(json!({
        "id": delivery.id,
        "webhook_id": delivery.webhook,
        "event_id": &*delivery.event.id,
        "event_name": delivery.event.name,
        "call_id": delivery.event.call,
        "root_call_id": delivery.event.root,
        "seq": delivery.event.seq,
        "state": word(delivery.state),
        "reason": delivery.reason,
        "replayed": delivery.replayed,
        "attempts": delivery.attempts.iter().map(attempt).collect::<Vec<_>>(),
        "next_attempt_at": delivery.next_attempt_at.map(Wall::to_contract),
        "body": String::from_utf8_lossy(&delivery.event.body),
    }))
}

fn attempt(attempt: &AttemptRecord) -> Value {
    json!({
        "n": attempt.n,
        "at": attempt.at.to_contract(),
        "ms": attempt.ms,
        "status": attempt.status,
        "error": attempt.error,
        "request_headers": headers(&attempt.request_headers),
        "response_headers": headers(&attempt.response_headers),
        "response_body": String::from_utf8_lossy(&attempt.response_body),
    })
}

/// Headers as an object; a name that comes again has its values joined, as RFC 9110 5.3 allows.
pub(super) fn headers(list: &[(String, String)]) -> Value {
    let mut object: Map<String, Value> = Map::new();
    for (name, value) in list {
        let joined = match object.get(name).and_then(Value::as_str) {
            Some(earlier) => format!("{earlier}, {value}"),
            None => value.clone(),
        };
        object.insert(name.clone(), Value::from(joined));
    }
    Value::Object(object)
}
