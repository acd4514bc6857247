//! `/queues`: a number at which callers wait for an agent. Agents log in and out by it.

use axum::extract::State;
use axum::response::Response;
use offhook_base::{QueueId, UserId};
use offhook_store::{QUEUES, Queue, QueueSpec, Role};
use serde_json::{Map, Value, json};

use super::queue_fields::{Change, Edit, Input, apply, input};
use crate::Api;
use crate::auth::{Admin, Caller};
use crate::body::Body;
use crate::error::ApiError;
use crate::ports::ConfigChange;
use crate::query::{Id, Ids, Params, small};
use crate::reply;

const FIELDS: &[&str] = &[
    "id",
    "name",
    "number",
    "ring_strategy",
    "ring_time",
    "max_wait",
    "max_length",
    "wrap_up_time",
    "announce",
    "skip_busy",
    "music",
    "announcement",
    "users",
];

pub(super) async fn list(
    State(api): State<Api>,
    caller: Caller,
    params: Params,
) -> Result<Response, ApiError> {
    let selection = params.selection(&QUEUES)?;
    let shown = params.fields("queues", FIELDS)?;
    params.includes(&["users"])?;
    let page = api
        .store(move |inner| {
            let db = &inner.stores.config;
            match caller.0.role {
                Role::Admin => db.queues(&selection),
                Role::User => db.queues_with(caller.0.id, &selection),
            }
        })
        .await??;
    Ok(reply::list(&page.map(|queue| shown.of(row(&queue)))))
}

pub(super) async fn one(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    params: Params,
) -> Result<Response, ApiError> {
    let shown = params.fields("queues", FIELDS)?;
    params.includes(&["users"])?;
    let id = QueueId(small(id)?);
    let queue = api
        .store(move |inner| inner.stores.config.queue(id))
        .await??;
    if !caller.is_admin() && !queue.spec.users.iter().any(|agent| agent.id == caller.0.id) {
        return Err(ApiError::not_found());
    }
    Ok(reply::one(shown.of(row(&queue))))
}

pub(super) async fn create(
    State(api): State<Api>,
    _admin: Admin,
    Body(fields): Body,
) -> Result<Response, ApiError> {
    let Input { patch, edits, .. } = input(fields, true)?;
    let new = QueueSpec {
        users: apply(Vec::new(), &edits.unwrap_or_default())?,
        ..patch.onto(QueueSpec::default())
    };
    let queue = api
        .change(move |inner| {
            let queue = inner.stores.config.create_queue(&new)?;
            Ok((queue.clone(), vec![ConfigChange::Queue(queue)]))
        })
        .await?;
    Ok(reply::created(row(&queue)))
}

pub(super) async fn update(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    params: Params,
    Body(fields): Body,
) -> Result<Response, ApiError> {
    if !caller.is_admin() && !fields.has("users") {
        return Err(ApiError::access_denied());
    }
    let input = input(fields, false)?;
    params.includes(&["users"])?;
    let id = QueueId(small(id)?);
    let queue = if caller.is_admin() {
        alter(&api, id, input).await?
    } else {
        let status = own_status(&input, caller.0.id)?;
        log_in_or_out(&api, id, caller.0.id, status).await?
    };
    Ok(reply::one(row(&queue)))
}

async fn alter(api: &Api, id: QueueId, input: Input) -> Result<Queue, ApiError> {
    let Input {
        mut patch, edits, ..
    } = input;
    api.change(move |inner| {
        let db = &inner.stores.config;
        if let Some(edits) = edits {
            patch.users = Some(apply(db.queue(id)?.spec.users, &edits)?);
        }
        let queue = db.update_queue(id, patch)?;
        Ok((queue.clone(), vec![ConfigChange::Queue(queue)]))
    })
    .await
}

/// What a user who is no admin may ask for: to be logged in or out.
fn own_status(input: &Input, user: UserId) -> Result<bool, ApiError> {
    match input.edits.as_deref() {
        Some(
            [
                Edit {
                    id,
                    change: Change::Status(status),
                },
            ],
        ) if *id == user && input.agents_only => Ok(*status),
        Some(_) | None => Err(ApiError::access_denied()),
    }
}

/// An agent of the queue, and nobody else, is logged in or out.
async fn log_in_or_out(
    api: &Api,
    id: QueueId,
    user: UserId,
    status: bool,
) -> Result<Queue, ApiError> {
    api.change(move |inner| {
        let db = &inner.stores.config;
        db.queue(id)?;
        let queue = db.log_agent(user, Some(id), status)?.pop();
        let queue = queue.ok_or_else(ApiError::access_denied)?;
        Ok((queue.clone(), vec![ConfigChange::Queue(queue)]))
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
        .map(|id| small(id).map(QueueId))
        .collect::<Result<Vec<_>, _>>()?;
    api.change(move |inner| {
        inner.stores.config.delete_queues(&ids)?;
        Ok(((), ids.into_iter().map(ConfigChange::QueueGone).collect()))
    })
    .await?;
    Ok(reply::gone())
}

fn row(queue: &Queue) -> Map<String, Value> {
    let spec = &queue.spec;
    let users: Vec<Value> = spec
        .users
        .iter()
        .map(|agent| json!({"id": agent.id, "status": agent.status}))
        .collect();
    reply::members(json!({
        "id": queue.id,
        "name": spec.name,
        "number": spec.number,
        "ring_strategy": spec.ring_strategy.as_str(),
        "ring_time": spec.ring_time,
        "max_wait": spec.max_wait,
        "max_length": spec.max_length,
        "wrap_up_time": spec.wrap_up_time,
        "announce": spec.announce,
        "skip_busy": spec.skip_busy,
        "music": spec.music,
        "announcement": spec.announcement,
        "users": users,
    }))
}
