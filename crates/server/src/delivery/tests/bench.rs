//! A shell at work, with a journal in memory and ears for what it says.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use offhook_base::{
    CallId, DeliveryId, EventName, EventRecord, JournalPos, Secret, Wall, WebhookId,
};
use offhook_delivery::{AddressPolicy, Endpoint, Health, Order, Waiting};
use offhook_store::{AttemptRecord, StoreError};
use rustls_pki_types::CertificateDer;
use tokio::sync::mpsc;

use super::super::{Backlog, Delivery, DeliveryConfig, TestRequest, VerdictRecord, VerdictSink};
use crate::node::now;

pub(super) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// What a shell says.
#[derive(Debug)]
pub(super) enum Said {
    Attempt(AttemptRecord),
    Health(WebhookId, Health),
    Verdict(VerdictRecord),
}

/// The test's end of a sink.
pub(super) struct Ears {
    said: mpsc::Receiver<Said>,
    /// The journal has no room.
    pub(super) full: Arc<AtomicBool>,
}

struct Sink {
    said: mpsc::Sender<Said>,
    full: Arc<AtomicBool>,
}

impl VerdictSink for Sink {
    fn verdicts(&mut self, verdicts: &mut VecDeque<VerdictRecord>) {
        if self.full.load(Ordering::SeqCst) {
            return;
        }
        for verdict in verdicts.drain(..) {
            self.said.try_send(Said::Verdict(verdict)).unwrap();
        }
    }

    fn attempt(&mut self, attempt: AttemptRecord) {
        self.said.try_send(Said::Attempt(attempt)).unwrap();
    }

    fn health(&mut self, endpoint: WebhookId, health: Health) {
        self.said.try_send(Said::Health(endpoint, health)).unwrap();
    }
}

impl Ears {
    pub(super) async fn next(&mut self) -> Said {
        tokio::time::timeout(Duration::from_secs(30), self.said.recv())
            .await
            .expect("the shell says something")
            .unwrap()
    }

    pub(super) async fn verdict(&mut self) -> VerdictRecord {
        loop {
            if let Said::Verdict(verdict) = self.next().await {
                return verdict;
            }
        }
    }

    pub(super) async fn attempt(&mut self) -> AttemptRecord {
        loop {
            if let Said::Attempt(attempt) = self.next().await {
                return attempt;
            }
        }
    }
}

/// A journal in memory.
#[derive(Debug, Default)]
pub(super) struct Rows(Mutex<BTreeMap<DeliveryId, Waiting>>);

impl Rows {
    pub(super) fn of(rows: impl IntoIterator<Item = Waiting>) -> Arc<Self> {
        let rows = rows.into_iter().map(|waiting| (waiting.delivery, waiting));
        Arc::new(Self(Mutex::new(rows.collect())))
    }
}

impl Backlog for Rows {
    fn page(
        &self,
        endpoint: WebhookId,
        after: DeliveryId,
        limit: usize,
    ) -> Result<(Vec<Waiting>, bool), StoreError> {
        let rows = self.0.lock().unwrap();
        let of_it = rows
            .values()
            .filter(|waiting| waiting.endpoint == endpoint && waiting.delivery > after);
        let page: Vec<_> = of_it.take(limit).cloned().collect();
        let end = page.len() < limit;
        Ok((page, end))
    }

    fn load(&self, deliveries: &[DeliveryId]) -> Result<Vec<Waiting>, StoreError> {
        let rows = self.0.lock().unwrap();
        Ok(deliveries
            .iter()
            .filter_map(|id| rows.get(id).cloned())
            .collect())
    }
}

pub(super) fn loopback() -> AddressPolicy {
    AddressPolicy::new(
        vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()],
        Vec::new(),
    )
}

pub(super) fn config(endpoints: Vec<Endpoint>, root: CertificateDer<'static>) -> DeliveryConfig {
    DeliveryConfig {
        version: "9.9.9".to_owned(),
        seed: [5; 32],
        enabled: true,
        endpoints,
        deleted: Vec::new(),
        journal_end: DeliveryId(0),
        projected: JournalPos(0),
        policy: loopback(),
        extra_roots: vec![root],
    }
}

pub(super) fn start(config: DeliveryConfig, rows: Arc<Rows>) -> (Delivery, Ears) {
    let delivery = Delivery::start(config, rows).unwrap();
    let (said, heard) = mpsc::channel(100_000);
    let full = Arc::<AtomicBool>::default();
    delivery.attach(Sink {
        said,
        full: Arc::clone(&full),
    });
    (delivery, Ears { said: heard, full })
}

pub(super) async fn stop(delivery: Delivery) {
    tokio::task::spawn_blocking(move || delivery.shutdown())
        .await
        .unwrap();
}

pub(super) fn endpoint(id: u32, url: &str) -> Endpoint {
    Endpoint {
        id: WebhookId(id),
        url: url.parse().unwrap(),
        events: vec!["call.state_change".to_owned()],
        contexts: Vec::new(),
        active: true,
        order: Order::Bounded,
        timeout: Duration::from_secs(2),
        headers: vec![("X-Team".to_owned(), "support".to_owned())],
        secrets: vec![Secret::new(SECRET.to_owned())],
        health: Health::default(),
    }
}

pub(super) fn event(root: u64, seq: u64) -> EventRecord {
    EventRecord {
        id: Arc::from(format!("n1.{root:08x}00000.{seq:08}")),
        root: CallId(root),
        call: CallId(root),
        seq: Some(seq),
        name: EventName::CallConnected,
        context: Arc::from("LOCAL_USER"),
        is_final: false,
        at: now().wall,
        body: Arc::from(format!(r#"{{"call_id":{root},"seq":{seq}}}"#).into_bytes()),
    }
}

pub(super) fn waiting(delivery: u64, endpoint: u32, root: u64, seq: u64) -> Waiting {
    Waiting {
        delivery: DeliveryId(delivery),
        endpoint: WebhookId(endpoint),
        event: Arc::new(event(root, seq)),
        prev_seq: seq - 1,
        after_projection: None,
        attempts: 0,
        due: Wall(0),
        replayed: false,
    }
}

pub(super) fn probe(url: &str, timeout: Duration) -> TestRequest {
    TestRequest {
        webhook: WebhookId(77),
        url: url.to_owned(),
        headers: vec![("Authorization".to_owned(), "Bearer hunter2".to_owned())],
        secrets: vec![Secret::new(SECRET.to_owned())],
        timeout,
        event: EventRecord {
            name: EventName::WebhookTest,
            seq: None,
            ..event(0, 1)
        },
    }
}
