//! One installation: an admin, a user, their tokens, a clock that the test moves.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use http_body_util::BodyExt;
use offhook_api::feed::Feed;
use offhook_api::ports::{ClientAddr, Ports};
use offhook_api::{Api, PasswordCost, Settings, Stores, hash_password};
use offhook_base::{
    CallId, CdrRecord, Disposition, EventName, EventRecord, FactRecord, JournalPos, Mono, Now,
    Party, RecordingRecord, Secret, SmsRecord, TerminatedBy, UserId, Wall,
};
use offhook_store::{
    Batch, CaptureWriter, ConfigDb, DeliveryReader, Journal, JournalReader, NewUser, ProjectedFact,
    ProjectedRow, RecordMode, Role, RoutedDelivery, RoutedFact, VOICEMAIL_AFTER,
};
use serde_json::Value;
use tower::ServiceExt;

use crate::ports::{Played, Port};

/// 2023-11-14 22:13:20
pub const START: Wall = Wall(1_700_000_000_000_000);
pub const PASSWORD: &str = "opensesame";
pub const ADMIN: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
pub const USER: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
pub const EXPIRED: &str = "cccccccccccccccccccccccccccccccccccccccc";
pub const ADMIN_ID: UserId = UserId(100_001);
pub const USER_ID: UserId = UserId(100_002);

pub struct World {
    pub dir: tempfile::TempDir,
    pub db: ConfigDb,
    pub journal: Journal,
    pub played: Arc<Played>,
    pub feed: Arc<Feed>,
    pub from: IpAddr,
    clock: Arc<AtomicI64>,
    router: Router,
    pub api: Api,
    pub captures: CaptureWriter,
}

pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub octets: Bytes,
    /// The body as text; of a binary one, what of it is text.
    pub text: String,
}

impl Reply {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    /// Asserts the status and gives the body.
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        if self.text.is_empty() {
            Value::Null
        } else {
            self.json()
        }
    }

    /// Asserts an error's status, code and shape, and gives its first complaint as field and message.
    pub fn error(&self, status: u16, code: &str) -> (String, String) {
        let json = self.expect(status);
        assert_eq!(json["code"], code, "{}", self.text);
        assert!(json["message"].is_string(), "{}", self.text);
        let first = &json["errors"][0];
        (
            first["field"].as_str().unwrap().to_owned(),
            first["message"].as_str().unwrap().to_owned(),
        )
    }
}

pub fn person(ext: &str, role: Role) -> NewUser {
    let hash = hash_password(&Secret::new(PASSWORD.to_owned()), PasswordCost::Least).unwrap();
    NewUser {
        first_name: "Ana".to_owned(),
        last_name: ext.to_owned(),
        email: format!("{ext}@example.org"),
        ext: ext.to_owned(),
        role,
        active: true,
        dnd: false,
        record: RecordMode::None,
        voicemail: false,
        voicemail_after: VOICEMAIL_AFTER,
        password_hash: Some(hash),
    }
}

impl World {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let db = ConfigDb::open(dir.path()).unwrap();
        db.fix_digest_realm("offhook").unwrap();
        assert_eq!(
            db.create_user(&person("100", Role::Admin), START)
                .unwrap()
                .id,
            ADMIN_ID
        );
        assert_eq!(
            db.create_user(&person("101", Role::User), START)
                .unwrap()
                .id,
            USER_ID
        );
        for (user, token, at) in [
            (ADMIN_ID, ADMIN, START),
            (USER_ID, USER, START),
            (ADMIN_ID, EXPIRED, Wall(START.0 - 1_800_000_000)),
        ] {
            db.create_session(user, &Secret::new(token.to_owned()), at)
                .unwrap();
        }
        let journal_path = dir.path().join("journal.db");
        let (journal, _) = Journal::open(&journal_path).unwrap();
        let events = Arc::new(JournalReader::open(&journal_path).unwrap());
        let captures = CaptureWriter::start(&dir.path().join("captures.db"), 64).unwrap();
        let played = Arc::<Played>::default();
        let port = Arc::new(Port(Arc::clone(&played)));
        let feed = Arc::new(Feed::new(JournalPos(0)));
        let clock = Arc::new(AtomicI64::new(START.0));
        let read = Arc::clone(&clock);
        let api = Api::new(
            Settings {
                customer_id: 100_001,
                sip_domain: "pbx.example".to_owned(),
                egress_addresses: vec![IpAddr::from([192, 0, 2, 9])],
                default_timeout_ms: 10_000,
                attempts_days: 14,
                password_cost: PasswordCost::Least,
            },
            Stores {
                config: db.clone(),
                deliveries: Arc::new(DeliveryReader::new(dir.path(), Arc::clone(&events))),
                journal: events,
                captures: Arc::new(captures.reader().unwrap()),
            },
            Ports {
                live: port.clone(),
                calls: port.clone(),
                trunks: port.clone(),
                texts: port.clone(),
                sounds: port.clone(),
                tester: port.clone(),
                deliveries: port.clone(),
                config: port.clone(),
                feed: Arc::clone(&feed),
                readiness: port,
            },
            Arc::new(move || {
                let wall = read.load(Ordering::Relaxed);
                Now {
                    mono: Mono(u64::try_from(wall).unwrap() * 1_000),
                    wall: Wall(wall),
                }
            }),
        );
        let from = IpAddr::from([198, 51, 100, 7]);
        Self {
            dir,
            db,
            journal,
            played,
            feed,
            from,
            clock,
            router: api.clone().into_router(),
            api,
            captures,
        }
    }

    pub fn pass(&self, time: Duration) {
        self.clock
            .fetch_add(i64::try_from(time.as_micros()).unwrap(), Ordering::Relaxed);
    }

    pub fn now(&self) -> Wall {
        Wall(self.clock.load(Ordering::Relaxed))
    }

    /// The answer as it begins.
    pub async fn begin(&self, mut request: Request<Body>) -> Response {
        request.extensions_mut().insert(ClientAddr(self.from));
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub async fn request(&self, request: Request<Body>) -> Reply {
        let response = self.begin(request).await;
        let (head, body) = response.into_parts();
        let octets = body.collect().await.unwrap().to_bytes();
        Reply {
            status: head.status,
            headers: head.headers,
            text: String::from_utf8_lossy(&octets).into_owned(),
            octets,
        }
    }

    /// A request under `/v1.1`; a `body` of null is none.
    pub async fn send(&self, method: &str, path: &str, token: &str, body: Value) -> Reply {
        let mut request = Request::builder()
            .method(Method::from_bytes(method.as_bytes()).unwrap())
            .uri(format!("/v1.1{path}"));
        if !token.is_empty() {
            request = request.header("X-Auth-Token", token);
        }
        let body = if body.is_null() {
            Body::empty()
        } else {
            Body::from(body.to_string())
        };
        self.request(
            request
                .header("Content-Type", "application/json")
                .body(body)
                .unwrap(),
        )
        .await
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, ADMIN, Value::Null).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.send("POST", path, ADMIN, body).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        self.send("PATCH", path, ADMIN, body).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.send("DELETE", path, ADMIN, Value::Null).await
    }

    pub fn project(&self, pos: u64, cdr: &CdrRecord) {
        self.db.project(&[(JournalPos(pos), cdr)]).unwrap();
    }

    /// Copies a text, and tells who waits for it.
    pub fn text(&self, pos: u64, text: &SmsRecord) {
        let fact = ProjectedFact {
            pos: JournalPos(pos),
            row: ProjectedRow::Sms(Arc::new(text.clone())),
        };
        self.db.project_rows(&[fact]).unwrap();
        self.feed.projected(JournalPos(pos));
    }

    /// Copies the entry of a recording.
    pub fn recording(&self, pos: u64, record: &RecordingRecord) {
        let fact = ProjectedFact {
            pos: JournalPos(pos),
            row: ProjectedRow::Recording(Arc::new(record.clone())),
        };
        self.db.project_rows(&[fact]).unwrap();
    }

    /// Commits an event of `call`, with deliveries of the webhooks given.
    pub fn commit(&mut self, seq: u64, call: u64, deliveries: Vec<RoutedDelivery>) -> EventRecord {
        let event = event(seq, call, EventName::CallRinging);
        self.commit_all(vec![(event.clone(), deliveries)]);
        event
    }

    /// Commits events in one go, and gives the place of the first.
    pub fn commit_all(&mut self, events: Vec<(EventRecord, Vec<RoutedDelivery>)>) -> JournalPos {
        let routed = |(event, deliveries)| RoutedFact {
            fact: FactRecord {
                event,
                snapshot: None,
                cdr: None,
                sms: None,
                recording: None,
            },
            deliveries,
        };
        let batch = Batch {
            facts: events.into_iter().map(routed).collect(),
            ..Batch::default()
        };
        self.journal.commit(&batch).unwrap().first
    }

    /// Stops what runs beside the test.
    pub fn end(self) {
        assert!(self.captures.shutdown());
    }
}

pub fn event(seq: u64, call: u64, name: EventName) -> EventRecord {
    EventRecord {
        id: format!("n1.{seq:013x}0.00000001").into(),
        root: CallId(call),
        call: CallId(call),
        seq: Some(seq),
        name,
        context: "LOCAL_USER".into(),
        is_final: false,
        at: START,
        body: format!("{{\"call_id\":{call},\"seq\":{seq}}}")
            .into_bytes()
            .into(),
    }
}

/// The filter parameter, encoded.
pub fn filter(conditions: &Value) -> String {
    let encode = |octet: u8| match octet {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(octet).to_string(),
        other => format!("%{other:02X}"),
    };
    conditions.to_string().bytes().map(encode).collect()
}

pub fn cdr(call: u64, user: UserId, other: Option<UserId>) -> CdrRecord {
    CdrRecord {
        live_id: CallId(call),
        root_live_id: CallId(call),
        parent_live_id: None,
        user_id: Some(user),
        other_user_id: other,
        sip_endpoint_id: Some(1),
        started_at: Wall(1_619_599_555_000_000),
        clid: "\"Ana\" <100>".to_owned(),
        src: Party {
            number: "100".to_owned(),
            id: ADMIN_ID.to_string(),
            name: "Ana".to_owned(),
            ua: "Softphone/1.0".to_owned(),
            codec: "PCMA".to_owned(),
        },
        dst: Party {
            number: "101".to_owned(),
            id: USER_ID.to_string(),
            name: "=Eva, \"the boss\"".to_owned(),
            ..Party::default()
        },
        duration: 18,
        billsec: 11,
        disposition: Disposition::Connected,
        destination: "in".to_owned(),
        context: "LOCAL_USER".to_owned(),
        t_cause: "Normal Clearing".to_owned(),
        info: String::new(),
        terminated_by: TerminatedBy::Callee,
        cause_q850: 16,
        cause_name: "NORMAL_CLEARING".to_owned(),
        cause_sip: 200,
        quality: None,
    }
}
