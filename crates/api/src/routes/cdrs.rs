//! `/cdrs`: calls that are over.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use offhook_base::{CallId, Quality, UserId, Wall};
use offhook_store::{CDRS, Cdr, DeliveryCounts, StoreError, User, disposition, terminated_by};
use serde_json::{Map, Value, json};

use super::{csv, users};
use crate::Api;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::flow::Arrived;
use crate::query::{Id, Params, Shown};
use crate::reply;

const FIELDS: &[&str] = &[
    "id",
    "call_id",
    "live_id",
    "parent_live_id",
    "root_live_id",
    "is_root",
    "user_id",
    "sip_endpoint_id",
    "server_id",
    "type",
    "calldate",
    "clid",
    "src",
    "src_id",
    "src_name",
    "src_ua",
    "src_codec",
    "dst",
    "dst_id",
    "dst_name",
    "dst_ua",
    "dst_codec",
    "duration",
    "billsec",
    "disposition",
    "destination",
    "context",
    "t_cause",
    "info",
    "rate",
    "charge",
    "labels",
    "metadata",
    "nb_notes",
    "terminated_by",
    "cause",
    "quality",
];

/// Columns of the export: every field that is one value.
const COLUMNS: &[&str] = &[
    "id",
    "call_id",
    "live_id",
    "parent_live_id",
    "root_live_id",
    "is_root",
    "user_id",
    "sip_endpoint_id",
    "server_id",
    "type",
    "calldate",
    "clid",
    "src",
    "src_id",
    "src_name",
    "src_ua",
    "src_codec",
    "dst",
    "dst_id",
    "dst_name",
    "dst_ua",
    "dst_codec",
    "duration",
    "billsec",
    "disposition",
    "destination",
    "context",
    "t_cause",
    "info",
    "rate",
    "charge",
    "nb_notes",
    "terminated_by",
];

/// Microseconds.
const DAY: i64 = 86_400_000_000;

/// Rows of an export when the client gives no limit.
const EXPORT_LIMIT: &str = "10000";

pub(super) async fn list(
    State(api): State<Api>,
    caller: Caller,
    params: Params,
) -> Result<Response, ApiError> {
    let selection = params.selection(&CDRS)?;
    let view = View::of(&params, &caller)?;
    let scope = caller.cdr_scope();
    let page = api
        .store(move |inner| inner.stores.config.cdrs(scope, &selection))
        .await??;
    let beside = view.beside(&api, &page.data).await?;
    Ok(reply::list(&page.map(|cdr| view.row(&cdr, &beside))))
}

pub(super) async fn one(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    params: Params,
) -> Result<Response, ApiError> {
    let view = View::of(&params, &caller)?;
    let scope = caller.cdr_scope();
    let cdr = api
        .store(move |inner| inner.stores.config.cdr(scope, id))
        .await??;
    let beside = view.beside(&api, std::slice::from_ref(&cdr)).await?;
    Ok(reply::one(view.row(&cdr, &beside)))
}

pub(super) async fn csv(
    State(api): State<Api>,
    caller: Caller,
    params: Params,
) -> Result<Response, ApiError> {
    let selection = params.selection_or(&CDRS, Some(EXPORT_LIMIT))?;
    let columns = params.fields("cdrs", COLUMNS)?.among(COLUMNS);
    let scope = caller.cdr_scope();
    let page = api
        .store(move |inner| inner.stores.config.cdrs(scope, &selection))
        .await??;
    let mut text = csv::line(columns.iter().map(|name| Value::from(*name)));
    for cdr in &page.data {
        let mut row = row(cdr);
        text.push_str(&csv::line(
            columns
                .iter()
                .map(|name| row.remove(*name).unwrap_or_default()),
        ));
    }
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"cdrs.csv\"",
        ),
    ];
    Ok((headers, text).into_response())
}

/// Which parts of a CDR the client wants, and what beside it.
struct View {
    shown: Shown,
    with_users: bool,
    shown_users: Shown,
    with_deliveries: bool,
}

/// What stands beside the CDRs of one answer.
struct Beside {
    people: Vec<User>,
    deliveries: BTreeMap<CallId, Option<DeliveryCounts>>,
}

impl View {
    fn of(params: &Params, caller: &Caller) -> Result<Self, ApiError> {
        let included = params.includes(&["users", "deliveries"])?;
        let with_deliveries = included.has("deliveries");
        if with_deliveries && !caller.is_admin() {
            return Err(ApiError::access_denied());
        }
        Ok(Self {
            shown: params.fields("cdrs", FIELDS)?,
            with_users: included.has("users"),
            shown_users: params.fields("users", users::FIELDS)?,
            with_deliveries,
        })
    }

    async fn beside(&self, api: &Api, cdrs: &[Cdr]) -> Result<Beside, ApiError> {
        let people = if self.with_users {
            api.store(|inner| inner.stores.config.all_users(inner.wall()))
                .await??
        } else {
            Vec::new()
        };
        let deliveries = if self.with_deliveries {
            deliveries(api, cdrs).await?
        } else {
            BTreeMap::new()
        };
        Ok(Beside { people, deliveries })
    }

    fn row(&self, cdr: &Cdr, beside: &Beside) -> Value {
        let mut row = self.shown.of(row(cdr));
        let Value::Object(members) = &mut row else {
            return row;
        };
        if self.with_users {
            let of_call = [cdr.record.user_id, cdr.record.other_user_id];
            let users: Vec<Value> = beside
                .people
                .iter()
                .filter(|user| of_call.contains(&Some(user.id)))
                .map(|user| self.shown_users.of(person(user)))
                .collect();
            members.insert("users".to_owned(), Value::from(users));
        }
        if self.with_deliveries {
            let counts = beside.deliveries.get(&root(cdr)).copied().flatten();
            let counted = counts.map_or(Value::Null, counted);
            members.insert("deliveries".to_owned(), counted);
        }
        row
    }
}

/// How the deliveries of these calls' roots stand; `None` for a root whose deliveries may be purged, and for all of them when
/// an outage has left too many to count: the calls are listed all the same.
async fn deliveries(
    api: &Api,
    cdrs: &[Cdr],
) -> Result<BTreeMap<CallId, Option<DeliveryCounts>>, ApiError> {
    let kept_since = api.inner.deliveries_kept_since();
    let known = |cdr: &&Cdr| cdr.record.started_at >= kept_since;
    let roots: BTreeSet<CallId> = cdrs.iter().filter(known).map(root).collect();
    let Some(first) = cdrs
        .iter()
        .filter(known)
        .map(|cdr| cdr.record.started_at)
        .min()
    else {
        return Ok(cdrs.iter().map(|cdr| (root(cdr), None)).collect());
    };
    // A call of a root may have begun on the day after the root did.
    let since = Wall(first.0 - DAY);
    let asked: Vec<CallId> = roots.iter().copied().collect();
    let counts = api
        .store(move |inner| inner.stores.deliveries.counts_of_roots(&asked, since))
        .await?;
    let counts = match counts {
        Ok(counts) => Some(counts),
        Err(StoreError::TooBroad) => None,
        Err(error) => return Err(error.into()),
    };
    let of = |cdr: &Cdr| {
        let counts = counts.as_ref().filter(|_| roots.contains(&root(cdr)));
        let found = counts.map(|counts| counts.get(&root(cdr)).copied().unwrap_or_default());
        (root(cdr), found)
    };
    Ok(cdrs.iter().map(of).collect())
}

const fn root(cdr: &Cdr) -> CallId {
    cdr.record.root_live_id
}

fn counted(counts: DeliveryCounts) -> Value {
    json!({
        "pending": counts.pending,
        "delivered": counts.delivered,
        "failed": counts.failed,
        "expired": counts.expired,
        "held": counts.held,
    })
}

/// What one party of a call may know of the other.
fn person(user: &User) -> Map<String, Value> {
    let mut row = users::row(user);
    row.retain(|name, _| ["id", "first_name", "last_name", "ext"].contains(&name.as_str()));
    row
}

fn row(cdr: &Cdr) -> Map<String, Value> {
    let record = &cdr.record;
    let (src, dst) = (&record.src, &record.dst);
    let ids = json!({
        "id": cdr.id,
        "call_id": cdr.id,
        "live_id": record.live_id,
        "parent_live_id": record.parent_live_id,
        "root_live_id": record.root_live_id,
        "is_root": record.live_id == record.root_live_id,
        "user_id": record.user_id.map(|UserId(id)| id),
        "sip_endpoint_id": record.sip_endpoint_id,
        "server_id": null,
        "type": cdr.kind,
        "calldate": record.started_at.to_contract(),
        "clid": record.clid,
    });
    let rest = json!({
        "src": src.number,
        "src_id": src.id,
        "src_name": src.name,
        "src_ua": src.ua,
        "src_codec": src.codec,
        "dst": dst.number,
        "dst_id": dst.id,
        "dst_name": dst.name,
        "dst_ua": dst.ua,
        "dst_codec": dst.codec,
        "duration": record.duration,
        "billsec": record.billsec,
        "disposition": disposition(record.disposition),
        "destination": record.destination,
        "context": record.context,
        "t_cause": record.t_cause,
        "info": record.info,
        "rate": 0,
        "charge": 0,
        "labels": [],
        "metadata": null,
        "nb_notes": 0,
        "terminated_by": terminated_by(record.terminated_by),
        "cause": {"q850": record.cause_q850, "name": record.cause_name, "sip": record.cause_sip},
        "quality": record.quality.as_ref().map(quality),
    });
    let mut row = reply::members(ids);
    row.extend(reply::members(rest));
    row
}

/// What each side sent, as it arrived at us.
fn quality(quality: &Quality) -> Value {
    json!({"src": Arrived::from(&quality.src), "dst": Arrived::from(&quality.dst)})
}
