//! What may stand in a webhook.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use offhook_base::{EventName, Secret};
use offhook_store::{Ordering, WebhookPatch};

use crate::body::Fields;
use crate::error::ApiError;
use crate::password::NoRandomness;

/// Categories besides the names of events (contract 1.4).
const CATEGORIES: [&str; 2] = ["call.state_change", "call.ended"];

/// Contexts that can be named; `RG-<id>` besides.
const CONTEXTS: [&str; 6] = ["LOCAL_USER", "QUEUE", "RG", "ENDPOINT", "VM", "IVR"];

/// Headers that are ours, or would change how the request is read.
const OUR_HEADERS: [&str; 13] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "proxy-connection",
];

/// The fields of a webhook as a client gave them, each sound.
pub(super) struct Input {
    pub(super) patch: WebhookPatch,
    pub(super) secret: Option<Secret<String>>,
}

/// Reads a webhook's fields; `all` when it is being made.
pub(super) fn input(mut fields: Fields, all: bool) -> Result<Input, ApiError> {
    let mut patch = WebhookPatch {
        name: fields.text("name", 1, 100),
        url: fields.text("url", 1, 2_048),
        events: fields.texts("events", 50),
        contexts: fields.texts("contexts", 50),
        active: fields.flag("active"),
        order: fields.word("order", Ordering::ALL, Ordering::as_str),
        timeout: fields
            .number("timeout_ms", 1_000, 30_000)
            .map(|ms| Duration::from_millis(ms.into())),
        headers: fields.text_map("headers", 20),
    };
    let secret = fields.text("secret", 1, 200);
    if all {
        patch.name = fields.require("name", patch.name);
        patch.url = fields.require("url", patch.url);
        patch.events = fields.require("events", patch.events);
    } else if secret.is_some() {
        fields.fail("secret", "is changed by rotate-secret only");
    }
    check_url(&mut fields, patch.url.as_deref());
    check_events(&mut fields, patch.events.as_deref());
    check_contexts(&mut fields, patch.contexts.as_deref().unwrap_or_default());
    if let Some(headers) = &patch.headers {
        check_headers(&mut fields, headers);
    }
    check_secret(&mut fields, secret.as_deref());
    fields.finish()?;
    Ok(Input {
        patch,
        secret: secret.map(Secret::new),
    })
}

/// Reads the body of rotate-secret: nothing, or a secret of the client's choice.
pub(super) fn secret(mut fields: Fields) -> Result<Option<Secret<String>>, ApiError> {
    let secret = fields.text("secret", 1, 200);
    check_secret(&mut fields, secret.as_deref());
    fields.finish()?;
    Ok(secret.map(Secret::new))
}

/// `whsec_` and 32 random octets.
pub(super) fn generate_secret() -> Result<Secret<String>, NoRandomness> {
    let mut octets = [0; 32];
    getrandom::fill(&mut octets).map_err(|_| NoRandomness)?;
    Ok(Secret::new(format!("whsec_{}", STANDARD.encode(octets))))
}

fn check_url(fields: &mut Fields, url: Option<&str>) {
    let Some(url) = url else { return };
    let https = url
        .get(..8)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"));
    if !https {
        fields.fail("url", "must begin with https://");
    } else if url.parse::<http::Uri>().is_err() || url.len() == 8 {
        fields.fail("url", "is not an address");
    }
}

fn check_events(fields: &mut Fields, events: Option<&[String]>) {
    let Some(events) = events else { return };
    if events.is_empty() {
        fields.fail("events", "must name at least one event");
    }
    for (n, event) in events.iter().enumerate() {
        if event.parse::<EventName>().is_err() && !CATEGORIES.contains(&event.as_str()) {
            fields.fail(
                &format!("events[{n}]"),
                "is not a category or the name of an event",
            );
        }
    }
}

fn check_contexts(fields: &mut Fields, contexts: &[String]) {
    for (n, context) in contexts.iter().enumerate() {
        let group = context
            .strip_prefix("RG-")
            .is_some_and(|id| !id.is_empty() && id.bytes().all(|octet| octet.is_ascii_digit()));
        if !group && !CONTEXTS.contains(&context.as_str()) {
            fields.fail(
                &format!("contexts[{n}]"),
                format!("must be one of {}, RG-<id>", CONTEXTS.join(", ")),
            );
        }
    }
}

fn check_headers(fields: &mut Fields, headers: &BTreeMap<String, String>) {
    for (name, value) in headers {
        let shown: String = name.chars().filter(|c| !c.is_control()).take(60).collect();
        let at = format!("headers.{shown}");
        let lower = name.to_ascii_lowercase();
        if http::HeaderName::from_bytes(name.as_bytes()).is_err() {
            fields.fail(&at, "is not the name of a header");
        } else if OUR_HEADERS.contains(&lower.as_str())
            || lower.starts_with("webhook-")
            || lower.starts_with("offhook-")
        {
            fields.fail(&at, "is set by the server");
        }
        let printable = value
            .bytes()
            .all(|octet| octet == b'\t' || (b' '..=b'~').contains(&octet));
        if value.len() > 1_000 || !printable {
            fields.fail(&at, "must have at most 1000 printable ASCII characters");
        }
    }
}

fn check_secret(fields: &mut Fields, secret: Option<&str>) {
    let Some(secret) = secret else { return };
    let key = secret
        .strip_prefix("whsec_")
        .and_then(|text| STANDARD.decode(text).ok());
    if !key.is_some_and(|key| (24..=64).contains(&key.len())) {
        fields.fail(
            "secret",
            "must be whsec_ followed by the base64 of 24 to 64 octets",
        );
    }
}
