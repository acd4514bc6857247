//! `POST /calls`, `PATCH /calls/{id}`, `DELETE /calls/{id}`: calls are started, transferred, held, recorded and ended.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use offhook_base::{CallId, CdrRecord, Disposition, Party, UserId};
use offhook_store::{CdrScope, StoreError};

use super::calls::{live, row};
use crate::Api;
use crate::auth::Caller;
use crate::body::{Body, Fields};
use crate::error::ApiError;
use crate::ports::{CallControlError, LiveCall, LiveParty, Originate, Side, Transfer, Verb};
use crate::query::Id;
use crate::reply;

/// Time that the call thread has to take a command.
const COMMAND_TIME: Duration = Duration::from_secs(2);

/// Time that the CDR of a call has to be copied.
const CDR_TIME: Duration = Duration::from_millis(500);

/// The caller id of who shows none.
const ANONYMOUS: &str = "anonymous";

/// What may be dialled: an extension, or a number of the world.
const DIALLED: (usize, usize) = (2, 15);

pub(super) async fn hang_up(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
) -> Result<Response, ApiError> {
    let call = live(&api, &caller, CallId(id))?;
    asked(api.inner.ports.calls.hangup(call.id, caller.0.id), "id").await?;
    Ok(reply::gone())
}

/// What a `PATCH` asks for.
enum Wish {
    Hold(bool),
    Monitor(bool),
    Transfer(String, Option<Side>),
}

pub(super) async fn steer(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    Body(fields): Body,
) -> Result<Response, ApiError> {
    let wish = wish(fields)?;
    let call = live(&api, &caller, CallId(id))?;
    let verbs = &api.inner.ports.calls;
    let now = match wish {
        Wish::Hold(held) => {
            asked(verbs.hold(call.id, held, caller.0.id), "id").await?;
            let now = api.inner.ports.live.get(call.id);
            now.ok_or_else(ApiError::not_found)?
        }
        Wish::Monitor(on) => {
            asked(verbs.monitor(call.id, on, caller.0.id), "id").await?;
            let now = api.inner.ports.live.get(call.id);
            now.ok_or_else(ApiError::not_found)?
        }
        Wish::Transfer(dst, party) => {
            let transfer = Transfer {
                call: call.id,
                dst,
                party,
            };
            let new = asked(verbs.transfer(transfer), "dst").await?;
            made(&api, new, call.root_id).await?
        }
    };
    Ok(reply::one(row(&now, api.inner.wall())))
}

fn wish(mut fields: Fields) -> Result<Wish, ApiError> {
    for (one, other) in [
        ("dst", "state"),
        ("dst", "monitor_state"),
        ("state", "monitor_state"),
    ] {
        if fields.has(one) && fields.has(other) {
            fields.fail(other, format!("does not go with {one}"));
        }
    }
    let (min, max) = DIALLED;
    let dst = fields.dialled("dst", min, max);
    let held = fields.word("state", &["ON_HOLD", "CONNECTED"], |state| state);
    let monitored = fields.number("monitor_state", 0, 1);
    let party = fields.word("party", &[Side::Src, Side::Dst], |side| match side {
        Side::Src => "src",
        Side::Dst => "dst",
    });
    if party.is_some() && (held.is_some() || monitored.is_some()) {
        fields.fail("party", "goes with dst only");
    }
    let wish = dst
        .map(|dst| Wish::Transfer(dst, party))
        .or_else(|| held.map(|state| Wish::Hold(state == "ON_HOLD")))
        .or_else(|| monitored.map(|on| Wish::Monitor(on == 1)));
    if wish.is_none() && fields.is_sound() {
        fields.fail("dst", NOTHING);
    }
    fields.finish()?;
    wish.ok_or_else(|| ApiError::field("dst", NOTHING))
}

const NOTHING: &str = "must be given, or state, or monitor_state";

/// `POST /calls`: the user's phones ring first, then the number is called.
pub(super) async fn originate(
    State(api): State<Api>,
    caller: Caller,
    Body(mut fields): Body,
) -> Result<Response, ApiError> {
    let (min, max) = DIALLED;
    let to = fields.dialled("to", min, max);
    let to = fields.require("to", to);
    let from = fields.id("from").map(UserId);
    let caller_id = if fields.is_text("caller_id", ANONYMOUS) {
        fields.text("caller_id", 1, 20)
    } else {
        fields.digits("caller_id", 7, 15)
    };
    fields.finish()?;
    let user = from.unwrap_or(caller.0.id);
    if user != caller.0.id {
        caller.must_be_admin()?;
        must_be_active(&api, user).await?;
    }
    if let Some(number) = caller_id.clone() {
        must_be_shown_by(&api, &caller, number).await?;
    }
    let call = Originate {
        user,
        to: to.unwrap_or_default(),
        caller_id,
    };
    let id = asked(api.inner.ports.calls.originate(call), "to").await?;
    let call = made(&api, id, id).await?;
    Ok(reply::created(row(&call, api.inner.wall())))
}

async fn must_be_active(api: &Api, user: UserId) -> Result<(), ApiError> {
    let known = api
        .store(move |inner| inner.stores.config.user(user, inner.wall()))
        .await?;
    match known {
        Ok(user) if user.active => Ok(()),
        Ok(_) => Err(ApiError::field("from", "is a user that is switched off")),
        Err(StoreError::NotFound) => Err(ApiError::field("from", "is not the id of a user")),
        Err(error) => Err(error.into()),
    }
}

/// An admin may show any number; a user an own one, that of a trunk, or none.
async fn must_be_shown_by(api: &Api, caller: &Caller, number: String) -> Result<(), ApiError> {
    if caller.is_admin() || number == ANONYMOUS {
        return Ok(());
    }
    let user = caller.0.id;
    let may = api
        .store(move |inner| inner.stores.config.may_show(user, &number))
        .await??;
    if may {
        Ok(())
    } else {
        Err(ApiError::field(
            "caller_id",
            "must be a number of yours, that of a trunk, or anonymous",
        ))
    }
}

/// The call that a verb opened; one that is over already is shown as its CDR tells it.
async fn made(api: &Api, id: CallId, root: CallId) -> Result<Arc<LiveCall>, ApiError> {
    if let Some(call) = api.inner.ports.live.get(id) {
        return Ok(call);
    }
    match tokio::time::timeout(CDR_TIME, written(api, id)).await {
        Ok(cdr) => Ok(Arc::new(over(cdr?))),
        // It was made, and that is what was asked: an answer without the numbers is better than none.
        Err(_) => Ok(Arc::new(LiveCall {
            id,
            root_id: root,
            state: "HANGUP".to_owned(),
            start_time: api.inner.wall(),
            ..LiveCall::default()
        })),
    }
}

/// The CDR of a call that has ended: what was committed to the journal may not be copied yet.
async fn written(api: &Api, call: CallId) -> Result<CdrRecord, ApiError> {
    let mut projected = api.inner.ports.feed.subscribe().projected;
    loop {
        projected.borrow_and_update();
        let found = api
            .store(move |inner| inner.stores.config.cdr_of_call(CdrScope::All, call))
            .await?;
        match found {
            Ok(cdr) => return Ok(cdr.record),
            Err(StoreError::NotFound) => {}
            Err(error) => return Err(error.into()),
        }
        projected
            .changed()
            .await
            .map_err(|_| ApiError::unavailable("the projector has ended"))?;
    }
}

/// A call that has ended, from its CDR.
fn over(cdr: CdrRecord) -> LiveCall {
    let is_connected = cdr.disposition == Disposition::Connected;
    let waited = Duration::from_secs(cdr.duration.saturating_sub(cdr.billsec).into());
    let state = match (&*cdr.destination, is_connected) {
        ("out", false) => "FAILED",
        _ => "HANGUP",
    };
    LiveCall {
        id: cdr.live_id,
        root_id: cdr.root_live_id,
        parent_id: cdr.parent_live_id,
        state: state.to_owned(),
        context: cdr.context,
        destination: cdr.destination,
        clid: cdr.clid,
        start_time: cdr.started_at,
        connected_at: is_connected.then(|| cdr.started_at + waited),
        src: side(cdr.src),
        dst: side(cdr.dst),
        ..LiveCall::default()
    }
}

fn side(party: Party) -> LiveParty {
    LiveParty {
        number: party.number,
        id: party.id,
        name: party.name,
        ua: party.ua,
        codec: party.codec,
        ..LiveParty::default()
    }
}

/// Waits for what the call thread says; `target` is the field that a number which cannot be called came in.
pub(super) async fn asked<T>(verb: Verb<'_, T>, target: &str) -> Result<T, ApiError> {
    let answer = tokio::time::timeout(COMMAND_TIME, verb).await;
    answer
        .unwrap_or(Err(CallControlError::Unavailable))
        .map_err(|error| match error {
            CallControlError::BadTarget(why) => ApiError::field(target, why),
            CallControlError::Conflict(why) => ApiError::conflict("state", why),
            CallControlError::NoPhone => ApiError::no_phone(),
            CallControlError::NotFound => ApiError::not_found(),
            CallControlError::Unavailable => {
                ApiError::unavailable("the call thread did not take a command in time")
            }
        })
}
