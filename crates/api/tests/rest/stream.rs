//! `/events/stream`

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use http_body_util::BodyExt;
use offhook_api::feed::{DeliveryNotice, LastAttempt, Notice, RegistrationNotice};
use offhook_api::ports::LiveCall;
use offhook_base::{
    CallId, DeliveryId, EventName, EventRecord, JournalPos, PhoneId, Secret, Wall, WebhookId,
};
use offhook_store::{DeliveryState, Redelivery};
use serde_json::{Value, json};

use crate::world::{ADMIN, START, USER, World, event};

const PATIENCE: Duration = Duration::from_secs(20);

/// One message of a stream, or a comment (whose name is empty).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Message {
    name: String,
    id: String,
    data: String,
    retry: String,
}

impl Message {
    fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap_or_else(|_| panic!("{self:?}"))
    }

    fn seq(&self) -> u64 {
        self.json()["seq"].as_u64().unwrap()
    }
}

/// An open stream.
struct Stream {
    body: Body,
    text: String,
}

impl Stream {
    /// Opens one, and gives the cursor it opened with.
    async fn open(world: &World, query: &str, headers: &[(&str, &str)]) -> (Self, String) {
        let response = begin(world, query, headers).await;
        assert_eq!(response.status().as_u16(), 200);
        for (name, value) in [
            ("content-type", "text/event-stream"),
            ("cache-control", "no-store"),
            ("x-accel-buffering", "no"),
        ] {
            assert_eq!(response.headers()[name], value);
        }
        let mut stream = Self {
            body: response.into_body(),
            text: String::new(),
        };
        let open = stream.next().await;
        assert_eq!((open.name.as_str(), open.retry.as_str()), ("open", "1000"));
        assert_eq!(open.json(), json!({"next": open.id}));
        (stream, open.id)
    }

    /// The next message; `None` when the stream has ended.
    async fn poll(&mut self) -> Option<Message> {
        loop {
            if let Some((message, rest)) = self.text.split_once("\n\n") {
                let message = parse(message);
                self.text = rest.to_owned();
                return Some(message);
            }
            let frame = self.body.frame().await?.unwrap().into_data().unwrap();
            self.text.push_str(std::str::from_utf8(&frame).unwrap());
        }
    }

    async fn next(&mut self) -> Message {
        let next = tokio::time::timeout(PATIENCE, self.poll()).await;
        next.expect("a message in time").expect("an open stream")
    }

    async fn seqs(&mut self, count: usize) -> Vec<u64> {
        let mut seqs = Vec::new();
        while seqs.len() < count {
            seqs.push(self.next().await.seq());
        }
        seqs
    }
}

fn parse(text: &str) -> Message {
    let mut message = Message::default();
    for line in text.lines() {
        let (field, value) = line.split_once(':').unwrap();
        let value = value.strip_prefix(' ').unwrap_or(value).to_owned();
        match field {
            "event" => message.name = value,
            "id" => message.id = value,
            "data" => message.data.push_str(&value),
            "retry" => message.retry = value,
            "" => {}
            other => panic!("{other}"),
        }
    }
    message
}

async fn begin(world: &World, query: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = Request::get(format!("/v1.1/events/stream?{query}"));
    if !headers.iter().any(|(name, _)| *name == "Cookie") {
        request = request.header("X-Auth-Token", ADMIN);
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    world.begin(request.body(Body::empty()).unwrap()).await
}

/// Commits events and publishes them, as the journal's thread does.
fn happen(world: &mut World, events: Vec<EventRecord>) {
    let routed = events.iter().cloned().map(|event| (event, Vec::new()));
    let first = world.commit_all(routed.collect());
    for (n, event) in (first.0..).zip(events) {
        world.feed.publish(Notice::Event {
            pos: JournalPos(n),
            event: Arc::new(event),
        });
    }
}

fn ringing(seq: u64) -> EventRecord {
    event(seq, 11, EventName::CallRinging)
}

#[tokio::test]
async fn a_stream_begins_now_and_tells_what_happens_then() {
    let mut world = World::new();
    happen(&mut world, vec![ringing(1)]);
    let (mut stream, _) = Stream::open(&world, "", &[]).await;
    happen(
        &mut world,
        vec![ringing(2), event(3, 12, EventName::CallInitial)],
    );
    let first = stream.next().await;
    assert_eq!(first.name, "call.ringing");
    assert_eq!(first.data, r#"{"call_id":11,"seq":2}"#);
    let second = stream.next().await;
    assert_eq!((second.name.as_str(), second.seq()), ("call.initial", 3));
    // The cursor is the one of the list.
    let rest = world.get(&format!("/events?after={}", first.id)).await;
    assert_eq!(rest.expect(200)["next"], second.id.as_str());
    world.end();
}

#[tokio::test]
async fn a_stream_resumes_without_loss_or_repeat() {
    let mut world = World::new();
    let (stream, start) = Stream::open(&world, "", &[]).await;
    drop(stream);
    happen(&mut world, (1..=200).map(ringing).collect());

    let (mut stream, opened) = Stream::open(&world, &format!("after={start}"), &[]).await;
    assert_eq!(opened, start);
    // These come both by the journal and by the feed.
    happen(&mut world, (201..=300).map(ringing).collect());
    let mut ids = Vec::new();
    for seq in 1..=300 {
        let message = stream.next().await;
        assert_eq!(message.seq(), seq);
        ids.push(message.id);
    }
    happen(&mut world, vec![ringing(301)]);
    assert_eq!(stream.next().await.seq(), 301, "none came twice");
    drop(stream);

    let query = format!("after={start}");
    let header = [("Last-Event-ID", ids[99].as_str())];
    let (mut stream, opened) = Stream::open(&world, &query, &header).await;
    assert_eq!(opened, ids[99], "the header wins");
    assert_eq!(stream.next().await.seq(), 101);
    let (mut stream, opened) = Stream::open(&world, "", &[("Last-Event-ID", &ids[299])]).await;
    assert_eq!(opened, ids[299]);
    happen(&mut world, vec![ringing(302)]);
    assert_eq!(stream.seqs(2).await, [301, 302]);
    let (_, opened) = Stream::open(&world, &query, &[("Last-Event-ID", "")]).await;
    assert_eq!(opened, start);
    world.end();
}

#[tokio::test]
async fn a_stream_that_falls_behind_goes_back_to_the_journal() {
    let mut world = World::new();
    let (mut plain, _) = Stream::open(&world, "", &[]).await;
    let (mut full, _) = Stream::open(&world, "include=calls,deliveries", &[]).await;
    happen(&mut world, (1..=5_000).map(ringing).collect());
    assert_eq!(plain.seqs(5_000).await, (1..=5_000).collect::<Vec<_>>());
    let lagged = full.next().await;
    assert_eq!(
        (lagged.name.as_str(), lagged.data.as_str()),
        ("lagged", "{}")
    );
    assert_eq!(lagged.id, "");
    happen(&mut world, vec![ringing(5_001)]);
    assert_eq!(full.seqs(5_001).await, (1..=5_001).collect::<Vec<_>>());
    world.end();
}

#[tokio::test]
async fn a_stream_of_one_call_tells_of_that_one_only() {
    let mut world = World::new();
    let (_, start) = Stream::open(&world, "", &[]).await;
    let mixed = |from: u64| {
        let call = |seq: u64| if seq.is_multiple_of(2) { 12 } else { 11 };
        let events = (from..from + 100).map(|seq| event(seq, call(seq), EventName::CallHold));
        events.collect::<Vec<_>>()
    };
    happen(&mut world, mixed(1));
    let query = format!("call_id=12&include=deliveries&after={start}");
    let (mut stream, _) = Stream::open(&world, &query, &[]).await;
    happen(&mut world, mixed(101));
    world.feed.publish(Notice::Delivery(delivery(ringing(1))));
    world.feed.publish(Notice::Delivery(delivery(event(
        2,
        12,
        EventName::CallHold,
    ))));
    let even: Vec<_> = (1..=100).map(|n| 2 * n).collect();
    assert_eq!(stream.seqs(100).await, even);
    let notice = stream.next().await;
    assert_eq!(
        (notice.name.as_str(), &notice.json()["call_id"]),
        ("delivery", &json!(12))
    );
    world.end();
}

#[tokio::test]
async fn a_last_event_waits_for_its_cdr_and_those_behind_it_for_their_turn() {
    let mut world = World::new();
    let (mut stream, start) = Stream::open(&world, "include=calls", &[]).await;
    let hangup = event(2, 11, EventName::CallHangup);
    happen(&mut world, vec![ringing(1), hangup]);
    world.feed.publish(Notice::CallEnded {
        pos: JournalPos(2),
        call: CallId(11),
        root: CallId(11),
    });
    happen(&mut world, vec![event(3, 12, EventName::CallInitial)]);
    assert_eq!(stream.next().await.seq(), 1);
    let resume = format!("after={start}");
    let (mut resumed, _) = Stream::open(&world, &resume, &[]).await;
    assert_eq!(resumed.next().await.seq(), 1);
    for waiting in [&mut stream, &mut resumed] {
        tokio::select! {
            biased;
            early = waiting.poll() => panic!("its CDR is not there yet: {early:?}"),
            () = std::future::ready(()) => {}
        }
    }
    world.feed.projected(JournalPos(1));
    world.feed.projected(JournalPos(2));
    let last = stream.next().await;
    assert_eq!((last.name.as_str(), last.seq()), ("call.hangup", 2));
    let ended = stream.next().await;
    assert_eq!(
        ended.json(),
        json!({"id": 11, "root_id": 11, "ended": true})
    );
    assert_eq!((ended.name.as_str(), ended.id.as_str()), ("call", ""));
    assert_eq!(stream.next().await.seq(), 3);
    assert_eq!(resumed.seqs(2).await, [2, 3]);
    world.end();
}

fn delivery(event: EventRecord) -> Arc<DeliveryNotice> {
    Arc::new(DeliveryNotice {
        id: DeliveryId(4),
        webhook: WebhookId(3),
        event: Arc::new(event),
        state: DeliveryState::Pending,
        attempts: 1,
        last: Some(LastAttempt {
            status: Some(500),
            error: None,
            ms: 12,
        }),
        next_attempt_at: Some(START),
        replayed: false,
        reason: None,
    })
}

fn registration(contact: Option<(String, Wall)>) -> Notice {
    Notice::Registration(Arc::new(RegistrationNotice {
        phone: PhoneId(5),
        contact,
    }))
}

#[tokio::test]
async fn what_else_changes_is_told_on_demand() {
    let mut world = World::new();
    world.commit(1, 11, Vec::new());
    world.played.live.lock().unwrap().push(Arc::new(LiveCall {
        id: CallId(11),
        state: "RINGING".to_owned(),
        ..LiveCall::default()
    }));
    let all = "include=deliveries,registrations,calls";
    let (mut stream, _) = Stream::open(&world, all, &[]).await;
    let (mut plain, _) = Stream::open(&world, "", &[]).await;
    let publish = |notice: Notice| world.feed.publish(notice);
    publish(Notice::Call {
        call: CallId(11),
        snapshot: b"11".as_slice().into(),
    });
    publish(Notice::Delivery(delivery(ringing(1))));
    publish(Notice::Redelivery(Redelivery {
        id: DeliveryId(9),
        webhook: WebhookId(3),
        pos: JournalPos(1),
        prev_seq: 0,
        due: START,
    }));
    publish(registration(Some(("sip:a@192.0.2.1".to_owned(), START))));
    publish(registration(None));

    let call = stream.next().await;
    let row = world.get("/calls/11").await.expect(200)["data"].clone();
    assert_eq!((call.name.as_str(), call.json()), ("call", row));
    let id = "n1.00000000000010.00000001";
    let mut expected = json!({
        "id": 4, "webhook_id": 3, "event_id": id, "event_name": "call.ringing", "call_id": 11, "root_call_id": 11, "seq": 1,
        "state": "pending", "attempts": 1, "status": 500, "error": null, "ms": 12, "next_attempt_at": "2023-11-14 22:13:20",
        "replayed": false, "reason": null,
    });
    let told = stream.next().await;
    assert_eq!(
        (told.name.as_str(), told.json()),
        ("delivery", expected.clone())
    );
    expected["id"] = json!(9);
    expected["replayed"] = json!(true);
    expected["attempts"] = json!(0);
    expected["status"] = Value::Null;
    expected["ms"] = Value::Null;
    assert_eq!(stream.next().await.json(), expected);
    let came = stream.next().await;
    let expected = json!({
        "phone_id": 5, "contact": "sip:a@192.0.2.1", "registered": true, "expires_at": "2023-11-14 22:13:20",
    });
    assert_eq!(
        (came.name.as_str(), came.json()),
        ("registration", expected)
    );
    let went = json!({"phone_id": 5, "contact": null, "registered": false, "expires_at": null});
    assert_eq!(stream.next().await.json(), went);

    happen(&mut world, vec![ringing(2)]);
    assert_eq!(plain.next().await.seq(), 2, "only events, unless asked");
    world.end();
}

#[tokio::test]
async fn only_admins_watch() {
    let world = World::new();
    world
        .send("GET", "/events/stream", "", Value::Null)
        .await
        .error(401, "unauthorized");
    world
        .send("GET", "/events/stream", USER, Value::Null)
        .await
        .error(403, "access_denied");
    let session = format!("offhook_session={ADMIN}");
    Stream::open(&world, "", &[("Cookie", &session)]).await;
    assert!(!world.feed.is_watched(), "a stream that is dropped is over");
    world.end();
}

#[tokio::test]
async fn a_wrong_question_is_refused_before_the_stream_begins() {
    let mut world = World::new();
    let (_, start) = Stream::open(&world, "", &[]).await;
    for seq in 1..=3 {
        world.commit(seq, 11, Vec::new());
    }
    world
        .journal
        .purge(Wall(i64::MAX), JournalPos(2), JournalPos(0), 100)
        .unwrap();
    let refused = async |query: &str, id: &str, status: u16, code: &str| {
        let request = Request::get(format!("/v1.1/events/stream?{query}"))
            .header("X-Auth-Token", ADMIN)
            .header("Last-Event-ID", id);
        let reply = world.request(request.body(Body::empty()).unwrap()).await;
        reply.error(status, code).0
    };
    let after = format!("after={start}");
    assert_eq!(refused(&after, "", 410, "cursor_expired").await, "after");
    refused("", &start, 410, "cursor_expired").await;
    for (query, id, field) in [
        ("after=x", "", "after"),
        ("", "x", "Last-Event-ID"),
        ("call_id=x", "", "call_id"),
        ("include=users", "", "include"),
        ("include=calls&include=calls", "", "include"),
    ] {
        assert_eq!(refused(query, id, 400, "invalid_parameter").await, field);
    }
    world.end();
}

#[tokio::test]
async fn two_hundred_streams_that_nobody_reads_keep_nobody_waiting() {
    let mut world = World::new();
    let mut unread = Vec::new();
    for _ in 0..200 {
        unread.push(begin(&world, "include=calls,deliveries", &[]).await);
    }
    let (mut stream, _) = Stream::open(&world, "", &[]).await;
    let events: Vec<_> = (1..=9_000).map(ringing).collect();
    for events in events.chunks(1_000) {
        let (first, last) = (
            events[0].seq.unwrap(),
            events[events.len() - 1].seq.unwrap(),
        );
        happen(&mut world, events.to_vec());
        let told = stream.seqs(events.len()).await;
        assert_eq!(told, (first..=last).collect::<Vec<_>>());
    }
    // What they have not read is in the journal, and only there.
    let mut late = Stream {
        body: unread.remove(0).into_body(),
        text: String::new(),
    };
    assert_eq!(late.next().await.name, "open");
    assert_eq!(late.next().await.name, "lagged");
    assert_eq!(late.seqs(9_000).await.last(), Some(&9_000));
    world.end();
}

#[tokio::test]
async fn the_257th_stream_waits_for_a_place() {
    let world = World::new();
    let mut open = Vec::new();
    for _ in 0..256 {
        open.push(begin(&world, "", &[]).await);
    }
    let refused = world.get("/events/stream").await;
    refused.error(503, "too_many_streams");
    assert_eq!(refused.headers["retry-after"], "10");
    open.pop();
    Stream::open(&world, "", &[]).await;
    world.end();
}

#[tokio::test(start_paused = true)]
async fn a_silent_stream_is_kept_alive_and_its_session_with_it() {
    let world = World::new();
    let session = format!("offhook_session={ADMIN}");
    let (mut stream, _) = Stream::open(&world, "", &[("Cookie", &session)]).await;
    // Half an hour is 120 comments; the session would have ended without a look at it each minute.
    let began = tokio::time::Instant::now();
    for _ in 0..240 {
        let comment = stream.next().await;
        assert_eq!(comment, Message::default());
        world.pass(Duration::from_secs(15));
    }
    assert_eq!(began.elapsed().as_secs(), 240 * 15);
    world.get("/me").await.expect(200);
    world.end();
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_within_a_minute_of_its_session() {
    let world = World::new();
    let (mut stream, _) = Stream::open(&world, "", &[]).await;
    world
        .db
        .end_session(&Secret::new(ADMIN.to_owned()))
        .unwrap();
    let began = tokio::time::Instant::now();
    while let Some(comment) = stream.poll().await {
        assert_eq!(comment, Message::default());
    }
    assert_eq!(began.elapsed().as_secs(), 60);
    world.end();
}
