//! `/sms`: text messages.

use std::future::Future;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use offhook_base::{SmsId, SmsRecord};
use offhook_store::{SMS, SmsScope, StoreError};
use serde_json::{Map, Value, json};

use crate::Api;
use crate::auth::{Admin, Caller};
use crate::body::Body;
use crate::error::{ApiError, FieldError};
use crate::ports::{CarrierText, NewText, TextError};
use crate::query::{Id, Params};
use crate::reply;

/// Time in which a text must be on the disk, and its row readable.
const COMMAND_TIME: Duration = Duration::from_secs(2);

const FIELDS: &[&str] = &[
    "id",
    "created_at",
    "from",
    "to",
    "type",
    "message",
    "status",
];

pub(super) async fn list(
    State(api): State<Api>,
    caller: Caller,
    params: Params,
) -> Result<Response, ApiError> {
    let selection = params.selection(&SMS)?;
    let shown = params.fields("sms", FIELDS)?;
    let scope = caller.sms_scope();
    let page = api
        .store(move |inner| inner.stores.config.texts(scope, &selection))
        .await??;
    Ok(reply::list(&page.map(|text| shown.of(row(&text)))))
}

pub(super) async fn one(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    params: Params,
) -> Result<Response, ApiError> {
    let shown = params.fields("sms", FIELDS)?;
    let scope = caller.sms_scope();
    let text = api
        .store(move |inner| inner.stores.config.text(scope, SmsId(id)))
        .await??;
    Ok(reply::one(shown.of(row(&text))))
}

pub(super) async fn send(
    State(api): State<Api>,
    caller: Caller,
    Body(mut fields): Body,
) -> Result<Response, ApiError> {
    let to = fields.text("to", 1, 64);
    let to = fields.require("to", to);
    let from = fields.text("from", 1, 64);
    let text = fields.prose("message");
    let text = fields.require("message", text);
    fields.finish()?;
    let text = NewText {
        by: caller.0.id,
        for_others: caller.is_admin(),
        from,
        to: to.unwrap_or_default(),
        text: text.unwrap_or_default(),
    };
    made(&api, "message", api.inner.ports.texts.send(text)).await
}

pub(super) async fn receive(
    State(api): State<Api>,
    _admin: Admin,
    Body(mut fields): Body,
) -> Result<Response, ApiError> {
    let from = fields.text("from", 1, 64);
    let from = fields.require("from", from);
    let to = fields.text("to", 1, 64);
    let to = fields.require("to", to);
    let text = fields.prose("text");
    let text = fields.require("text", text);
    fields.finish()?;
    let text = CarrierText {
        from: from.unwrap_or_default(),
        to: to.unwrap_or_default(),
        text: text.unwrap_or_default(),
    };
    made(&api, "text", api.inner.ports.texts.receive(text)).await
}

/// Waits until a text is on the disk and its row can be read, then answers 201 with it. `field` is the one of its words.
async fn made(
    api: &Api,
    field: &str,
    text: impl Future<Output = Result<SmsId, TextError>>,
) -> Result<Response, ApiError> {
    let made = async {
        let id = text.await.map_err(|error| refusal(error, field))?;
        written(api, id).await
    };
    let made = tokio::time::timeout(COMMAND_TIME, made).await;
    let text = made.unwrap_or_else(|_| {
        Err(ApiError::unavailable(
            "a text was not on the disk in time, or its row not readable",
        ))
    })?;
    Ok(reply::created(row(&text)))
}

/// The row of a text that is on the disk: what was committed to the journal may not be copied yet.
async fn written(api: &Api, id: SmsId) -> Result<SmsRecord, ApiError> {
    let mut projected = api.inner.ports.feed.subscribe().projected;
    loop {
        projected.borrow_and_update();
        let found = api
            .store(move |inner| inner.stores.config.text(SmsScope::All, id))
            .await?;
        match found {
            Ok(text) => return Ok(text),
            Err(StoreError::NotFound) => {}
            Err(error) => return Err(error.into()),
        }
        projected
            .changed()
            .await
            .map_err(|_| ApiError::unavailable("the projector has ended"))?;
    }
}

fn refusal(error: TextError, field: &str) -> ApiError {
    match error {
        TextError::Empty => ApiError::validation(vec![FieldError::new(field, "must not be empty")]),
        TextError::NotYours => ApiError::validation(vec![FieldError::new(
            "from",
            "is no extension or number of yours",
        )]),
        TextError::TooLong => ApiError::text_too_long(field),
        TextError::Unavailable => ApiError::unavailable("the call thread did not take a text"),
        TextError::UnknownNumber => ApiError::unknown_number(),
    }
}

fn row(text: &SmsRecord) -> Map<String, Value> {
    reply::members(json!({
        "id": text.id,
        "created_at": text.created_at.to_contract(),
        "from": text.from,
        "to": text.to,
        "type": text.direction.as_str(),
        "message": text.text,
        "status": text.status.as_str(),
    }))
}
