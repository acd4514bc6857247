//! `webhook.test`: sent when a webhook is saved, and on demand.

use std::sync::{Arc, Mutex, PoisonError};

use offhook_api::ports::{Exchange, PortFuture, TestOutcome, TestTarget, WebhookTester};
use offhook_base::{CallId, EventName, EventRecord, WebhookId};
use offhook_call::EventIds;
use serde::Serialize;

use super::clock;
use crate::delivery::{DeliveryHandle, TestRequest};

/// Sends tests by way of the delivery thread.
#[derive(Debug)]
pub(crate) struct Tester {
    delivery: DeliveryHandle,
    ids: Mutex<EventIds>,
}

/// The body of `webhook.test` (contract, section 1.3).
#[derive(Serialize)]
struct Test<'a> {
    id: &'a str,
    event_time: String,
    event_name: EventName,
    webhook_id: WebhookId,
    text: &'static str,
}

impl Tester {
    pub(crate) fn new(delivery: DeliveryHandle, node: &str, random: u32) -> Self {
        Self {
            delivery,
            ids: Mutex::new(EventIds::new(node, random)),
        }
    }

    fn event(&self, webhook: WebhookId) -> EventRecord {
        let at = clock::now().wall;
        let id = self
            .ids
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .next(at);
        let body = Test {
            id: &id,
            event_time: at.to_contract(),
            event_name: EventName::WebhookTest,
            webhook_id: webhook,
            text: "This is a test of Offhook: events of your calls will arrive here.",
        };
        let body = serde_json::to_vec(&body).unwrap_or_default();
        EventRecord {
            id,
            root: CallId(0),
            call: CallId(0),
            seq: None,
            name: EventName::WebhookTest,
            context: Arc::from(""),
            is_final: false,
            at,
            body: body.into(),
        }
    }
}

impl WebhookTester for Tester {
    fn test(&self, target: TestTarget) -> PortFuture<'_, TestOutcome> {
        Box::pin(async move {
            let event = self.event(target.webhook);
            let request_body = String::from_utf8_lossy(&event.body).into_owned();
            let request = TestRequest {
                webhook: target.webhook,
                url: target.url,
                headers: target.headers,
                secrets: target.secrets,
                timeout: target.timeout,
                event,
            };
            let result = self.delivery.test(request).await;
            TestOutcome {
                failure: result.error.map(|error| error.words),
                exchange: Exchange {
                    request_headers: result.request_headers,
                    request_body,
                    status: result.status,
                    response_headers: result.response_headers,
                    response_body: String::from_utf8_lossy(&result.response_body).into_owned(),
                    ms: u64::try_from(result.took.as_millis()).unwrap_or(u64::MAX),
                },
            }
        })
    }
}
