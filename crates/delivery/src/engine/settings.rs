//! An endpoint's configuration, made ready for use.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::endpoint::{Endpoint, Order};
use crate::headers::Letterhead;

/// What does not change from one delivery to the next.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) active: bool,
    pub(crate) letterhead: Letterhead,
    pub(crate) order: Order,
    pub(crate) timeout: Duration,
    pub(crate) url: Arc<Url>,
}

impl Settings {
    pub(crate) fn new(endpoint: &Endpoint, version: &str) -> Self {
        Self {
            active: endpoint.active,
            letterhead: Letterhead::new(
                version,
                endpoint.id,
                &endpoint.url,
                &endpoint.headers,
                &endpoint.secrets,
            ),
            order: endpoint.order,
            timeout: endpoint.timeout,
            url: Arc::new(without_credentials(endpoint.url.clone())),
        }
    }
}

/// They are sent as a header, and are in no log.
pub(crate) fn without_credentials(mut url: Url) -> Url {
    if url
        .set_username("")
        .and_then(|()| url.set_password(None))
        .is_err()
    {
        // Only a URL without a host refuses, and such a one has no credentials.
        tracing::debug!("the address of an endpoint has no host");
    }
    url
}
