//! Which path leads where.

mod apitokens;
mod audio;
mod call_verbs;
mod calls;
mod cdrs;
mod csv;
mod ddis;
mod deliveries;
mod events;
mod flow;
mod health;
mod monitors;
mod phones;
mod queue_fields;
mod queue_live;
mod queues;
mod ringgroups;
mod session;
mod settings;
mod sms;
mod sounds;
mod stream;
mod trunk_fields;
mod trunks;
mod users;
mod voicemessages;
mod webhook_fields;
mod webhooks;

pub(crate) use audio::remove as remove_recordings;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::map_response;
use axum::routing::{delete, get, post};

use crate::error::ApiError;
use crate::{Api, openapi, page};

/// Most octets of a request's body.
const BODY_LIMIT: usize = 64 * 1024;

/// Published samples use each of these.
const BASES: [&str; 4] = ["/v1.1", "/v1.1/voipstudio", "/v1.2", "/v1.2/voipstudio"];

/// Every route under every base path.
pub(crate) fn router(api: Api) -> Router {
    let mut router = Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/openapi.json", get(openapi::serve));
    for base in BASES {
        router = router.nest(base, resources());
    }
    router
        .fallback_service(page::router())
        .method_not_allowed_fallback(async || ApiError::method_not_allowed())
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(map_response(page::guard))
        .with_state(api)
}

fn resources() -> Router<Api> {
    Router::new()
        .route("/login", post(session::login))
        .route("/session", post(session::create).delete(session::delete))
        .route("/ping", get(session::ping))
        .route("/me", get(session::me))
        .route("/apitokens", get(apitokens::list).post(apitokens::create))
        .route("/apitokens/{id}", delete(apitokens::delete))
        .route("/users", get(users::list).post(users::create))
        .route(
            "/users/{id}",
            get(users::one).patch(users::update).delete(users::delete),
        )
        .route("/phones", get(phones::list).post(phones::create))
        .route(
            "/phones/{id}",
            get(phones::one)
                .patch(phones::update)
                .delete(phones::delete),
        )
        .route("/phones/{id}/reset", post(phones::reset))
        .merge(outside_and_shared())
        .route(
            "/integrations/webhooks",
            get(webhooks::integration).patch(webhooks::switch),
        )
        .route("/webhooks", get(webhooks::list).post(webhooks::create))
        .route("/webhooks/activity", get(webhooks::activity))
        .route(
            "/webhooks/{id}",
            get(webhooks::one)
                .patch(webhooks::update)
                .delete(webhooks::delete),
        )
        .route("/webhooks/{id}/test", post(webhooks::test))
        .route(
            "/webhooks/{id}/rotate-secret",
            post(webhooks::rotate_secret),
        )
        .route("/webhooks/{id}/recover", post(webhooks::recover))
        .route("/calls", get(calls::list).post(call_verbs::originate))
        .route(
            "/calls/{id}",
            get(calls::one)
                .patch(call_verbs::steer)
                .delete(call_verbs::hang_up),
        )
        .route("/calls/{id}/flow", get(flow::of_call))
        .route("/calls/{id}/flow.json", get(flow::of_call))
        .route("/calls/{id}/flow.pcap", get(flow::of_call_trace))
        .route("/calls/{id}/flow.svg", get(flow::of_call_picture))
        .route("/calls/{id}/flow.txt", get(flow::of_call_text))
        .route("/cdrs", get(cdrs::list))
        .route("/cdrs.csv", get(cdrs::csv))
        .route("/cdrs/{id}", get(cdrs::one))
        .route("/cdrs/{id}/flow", get(flow::of_cdr))
        .route("/cdrs/{id}/flow.json", get(flow::of_cdr))
        .route("/cdrs/{id}/flow.pcap", get(flow::of_cdr_trace))
        .route("/cdrs/{id}/flow.svg", get(flow::of_cdr_picture))
        .route("/cdrs/{id}/flow.txt", get(flow::of_cdr_text))
        .route("/settings", get(settings::one).patch(settings::update))
        .merge(library())
        .route("/sms", get(sms::list).post(sms::send))
        .route("/sms/inbound", post(sms::receive))
        .route("/sms/{id}", get(sms::one))
        .merge(recordings())
        .route("/deliveries", get(deliveries::list))
        .route("/deliveries/{id}", get(deliveries::one))
        .route("/deliveries/{id}/resend", post(deliveries::resend))
        .route("/events", get(events::list))
        .route("/events/stream", get(stream::serve))
}

/// Sounds: files of some size.
fn library() -> Router<Api> {
    Router::new()
        .route("/sounds", get(sounds::list).post(sounds::create))
        .route("/sounds/{id}", get(sounds::one).delete(sounds::delete))
        .layer(DefaultBodyLimit::max(sounds::FILE_LIMIT))
}

/// What was recorded.
fn recordings() -> Router<Api> {
    Router::new()
        .route("/monitors", get(monitors::list))
        .route(
            "/monitors/{id}",
            get(monitors::one).delete(monitors::delete),
        )
        .route("/monitors/{id}/peaks", get(monitors::peaks))
        .route("/voicemessages", get(voicemessages::list))
        .route(
            "/voicemessages/{id}",
            get(voicemessages::one)
                .patch(voicemessages::update)
                .delete(voicemessages::delete),
        )
        .route("/voicemessages/{id}/peaks", get(voicemessages::peaks))
}

/// Trunks and numbers; ring groups and queues.
fn outside_and_shared() -> Router<Api> {
    Router::new()
        .route("/trunks", get(trunks::list).post(trunks::create))
        .route(
            "/trunks/{id}",
            get(trunks::one)
                .patch(trunks::update)
                .delete(trunks::delete),
        )
        .route("/ddis", get(ddis::list).post(ddis::create))
        .route(
            "/ddis/{id}",
            get(ddis::one).patch(ddis::update).delete(ddis::delete),
        )
        .route(
            "/ringgroups",
            get(ringgroups::list).post(ringgroups::create),
        )
        .route(
            "/ringgroups/{id}",
            get(ringgroups::one)
                .patch(ringgroups::update)
                .delete(ringgroups::delete),
        )
        .route("/queues", get(queues::list).post(queues::create))
        .route(
            "/queues/{id}",
            get(queues::one)
                .patch(queues::update)
                .delete(queues::delete),
        )
        .route("/queues/{id}/live", get(queue_live::live))
        .route(
            "/queues/{id}/wrapup/{user_id}",
            delete(queue_live::end_wrap_up),
        )
}
