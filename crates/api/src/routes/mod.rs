//! Which path leads where.

use axum::Router;

use crate::Api;

/// Every route under every base path.
pub(crate) fn router(api: Api) -> Router {
    Router::new().with_state(api)
}
