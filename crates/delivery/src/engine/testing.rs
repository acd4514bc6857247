//! Values that the tests of this crate share.

use std::sync::Arc;
use std::time::Duration;

use offhook_base::{
    CallId, DeliveryId, EventName, EventRecord, Mono, Now, Secret, Wall, WebhookId,
};

use crate::endpoint::{Endpoint, Health, Order};
use crate::output::Waiting;

pub(crate) fn event(root: u64, seq: Option<u64>) -> EventRecord {
    EventRecord {
        id: Arc::from(format!("n1.{root:08x}00000.{:08}", seq.unwrap_or(0))),
        root: CallId(root),
        call: CallId(root),
        seq,
        name: EventName::CallConnected,
        context: Arc::from("LOCAL_USER"),
        is_final: false,
        at: START.wall,
        body: Arc::from(br#"{"event_name":"call.connected"}"#.as_slice()),
    }
}

pub(crate) fn endpoint(id: u32) -> Endpoint {
    Endpoint {
        id: WebhookId(id),
        url: "https://example.com/hook".parse().unwrap(),
        events: vec!["call.state_change".to_owned()],
        contexts: Vec::new(),
        active: true,
        order: Order::Bounded,
        timeout: Duration::from_secs(10),
        headers: Vec::new(),
        secrets: vec![Secret::new(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned(),
        )],
        health: Health::default(),
    }
}

pub(crate) fn waiting(delivery: u64, endpoint: u32, root: u64, seq: u64) -> Waiting {
    Waiting {
        delivery: DeliveryId(delivery),
        endpoint: WebhookId(endpoint),
        event: Arc::new(event(root, Some(seq))),
        prev_seq: seq.saturating_sub(1),
        after_projection: None,
        attempts: 0,
        due: START.wall,
        replayed: false,
    }
}

/// The clocks `after` the start of a test.
pub(crate) fn at(after: Duration) -> Now {
    Now {
        mono: START.mono + after,
        wall: START.wall + after,
    }
}

pub(crate) const START: Now = Now {
    mono: Mono(1_000_000_000),
    wall: Wall::from_unix_seconds(1_700_000_000),
};

/// The verifier of the reference library reads the clock itself.
#[expect(
    clippy::disallowed_methods,
    reason = "the foreign verifier compares with the real clock"
)]
pub(crate) fn real_unix_seconds() -> i64 {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    i64::try_from(since.as_secs()).unwrap()
}
