//! `/queues/{id}/live`: a queue at this moment and so far today; and the end of an agent's time after a call.

use axum::extract::State;
use axum::response::Response;
use offhook_base::{QueueId, UserId, Wall};
use offhook_store::QueueDay;
use serde_json::{Value, json};

use super::call_verbs::asked;
use crate::Api;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::query::{Id, Pair, small};
use crate::reply;

const DAY: i64 = 86_400;

/// For admins, and for the queue's own agents.
pub(super) async fn live(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
) -> Result<Response, ApiError> {
    let id = QueueId(small(id)?);
    let (queue, names, day) = api
        .store(move |inner| -> Result<_, ApiError> {
            let db = &inner.stores.config;
            let today = inner.wall().unix_seconds().div_euclid(DAY) * DAY;
            Ok((
                db.queue(id)?,
                db.agent_names(id)?,
                db.queue_day(id, Wall::from_unix_seconds(today))?,
            ))
        })
        .await??;
    let own = |agent: &offhook_store::QueueAgent| agent.id == caller.0.id;
    if !caller.is_admin() && !queue.spec.users.iter().any(own) {
        return Err(ApiError::access_denied());
    }
    let now = asked(api.inner.ports.calls.queue_now(id), "id").await?;
    let name = |user: UserId| names.iter().find(|(id, _)| *id == user);
    let agents: Vec<Value> = now
        .agents
        .iter()
        .map(|(user, state)| {
            json!({
                "user_id": user,
                "name": name(*user).map_or("", |(_, name)| name),
                "state": state.as_str(),
            })
        })
        .collect();
    Ok(reply::one(json!({
        "queue_id": id,
        "waiting": now.waiting,
        "longest_wait": now.longest_wait.as_secs(),
        "agents": agents,
        "today": today(&day),
    })))
}

fn today(day: &QueueDay) -> Value {
    json!({
        "answered": day.answered,
        "abandoned": day.abandoned,
        "missed": day.missed,
        "service_level": day.service_level(),
    })
}

/// `DELETE /queues/{id}/wrapup/{user_id}`
pub(super) async fn end_wrap_up(
    State(api): State<Api>,
    caller: Caller,
    Pair(queue, user): Pair,
) -> Result<Response, ApiError> {
    let (queue, user) = (QueueId(small(queue)?), UserId(small(user)?));
    if user != caller.0.id {
        caller.must_be_admin()?;
    }
    asked(api.inner.ports.calls.wrapup_close(queue, user), "id").await?;
    Ok(reply::gone())
}
