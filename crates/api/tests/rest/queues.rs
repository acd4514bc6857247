//! `/queues`, and what they are doing.

use std::time::Duration;

use offhook_api::ports::{AgentState, CallControlError, QueueNow};
use offhook_base::{CdrRecord, Disposition, Party, QueueId, Wall};
use serde_json::{Value, json};

use crate::world::{ADMIN_ID, START, USER, USER_ID, World, cdr};

async fn with_queue(users: Value) -> World {
    let world = World::new();
    let new = json!({"name": "Support", "number": "800", "users": users});
    world.post("/queues", new).await.expect(201);
    world.played.told();
    world
}

#[tokio::test]
async fn a_queue_is_made_read_altered_and_removed() {
    let world = World::new();
    let made = world
        .post("/queues", json!({"name": "Support", "number": "800"}))
        .await
        .expect(201);
    let mut expected = json!({
        "id": 1, "name": "Support", "number": "800", "ring_strategy": "A", "ring_time": 20, "max_wait": 600, "max_length": 0,
        "wrap_up_time": 0, "announce": 0, "skip_busy": true, "music": null, "announcement": null,
        "users": [],
    });
    assert_eq!(made, json!({"data": expected, "links": {}}));
    let altered = json!({
        "name": "Help", "number": "801", "ring_strategy": "L", "ring_time": 120, "max_wait": 0, "max_length": 1_000, "wrap_up_time": 3_600,
        "announce": 15, "skip_busy": false,
    });
    let reply = world.patch("/queues/1", altered.clone()).await.expect(200);
    for (name, value) in altered.as_object().unwrap() {
        expected[name] = value.clone();
    }
    assert_eq!(reply["data"], expected);
    assert_eq!(
        world.get("/queues?include=users").await.expect(200),
        json!({"data": [expected], "total": 1})
    );
    world.played.told();
    world.delete("/queues/1").await.expect(204);
    assert_eq!(world.played.told(), ["queue 1 gone"]);
    world.get("/queues/1").await.error(404, "not_found");
    world.end();
}

#[tokio::test]
async fn users_that_are_listed_change_and_the_others_stay() {
    let world = with_queue(json!([100_001, {"id": 100_002, "status": false}])).await;
    let users = async |edits: Value| {
        let body = json!({"users": edits});
        let reply = world.patch("/queues/1?include=users", body).await;
        reply.expect(200)["data"]["users"].clone()
    };
    assert_eq!(
        users(json!([{"id": 100_002, "status": true}])).await,
        json!([{"id": 100_001, "status": true}, {"id": 100_002, "status": true}])
    );
    assert_eq!(
        users(json!([{"id": 100_001, "remove": true}])).await,
        json!([{"id": 100_002, "status": true}])
    );
    // Whoever is no agent cannot be removed, and that is as it should be.
    assert_eq!(
        users(json!([{"id": "100001", "remove": true}, {"id": "100002", "status": false}])).await,
        json!([{"id": 100_002, "status": false}])
    );
    assert_eq!(
        users(json!([100_001])).await,
        json!([{"id": 100_002, "status": false}, {"id": 100_001, "status": true}])
    );
    assert_eq!(
        world.played.told(),
        [
            "queue 1 100001=true 100002=true",
            "queue 1 100002=true",
            "queue 1 100002=false",
            "queue 1 100002=false 100001=true"
        ]
    );
    world.end();
}

#[tokio::test]
async fn a_user_logs_in_and_out_alone_and_nothing_else() {
    let world = with_queue(json!([100_001, 100_002])).await;
    world
        .post("/queues", json!({"name": "b", "number": "801"}))
        .await
        .expect(201);
    world.played.told();
    let patch = async |path: &str, body: Value| world.send("PATCH", path, USER, body).await;
    let own = |status: bool| json!({"users": [{"id": 100_002, "status": status}]});
    let queue = patch("/queues/1", own(false)).await.expect(200);
    assert_eq!(
        queue["data"]["users"],
        json!([{"id": 100_001, "status": true}, {"id": 100_002, "status": false}])
    );
    patch("/queues/1", own(true)).await.expect(200);
    assert_eq!(
        world.played.told(),
        [
            "queue 1 100001=true 100002=false",
            "queue 1 100001=true 100002=true"
        ]
    );
    for body in [
        json!({}),
        json!({"name": "x"}),
        json!({"users": []}),
        json!({"users": [{"id": 100_001, "status": false}]}),
        json!({"users": [{"id": 100_002, "status": true}, {"id": 100_001, "status": false}]}),
        json!({"users": [{"id": 100_002, "remove": true}]}),
        json!({"users": [{"id": 100_002, "status": true}], "name": "x"}),
    ] {
        patch("/queues/1", body).await.error(403, "access_denied");
    }
    // No agent there; no such queue.
    patch("/queues/2", own(true))
        .await
        .error(403, "access_denied");
    patch("/queues/9", own(true)).await.error(404, "not_found");
    assert!(world.played.told().is_empty());
    world.end();
}

#[tokio::test]
async fn what_cannot_stand_in_a_queue_is_named() {
    let world = World::new();
    let many: Vec<u32> = (1..=201).collect();
    for (name, value, field, part) in [
        ("name", json!(" \n"), "name", "control characters"),
        ("number", json!("*8"), "number", "2 to 15 digits"),
        (
            "ring_strategy",
            json!("B"),
            "ring_strategy",
            "A, L, F, R, O",
        ),
        ("ring_time", json!(0), "ring_time", "5 to 120"),
        ("max_wait", json!(7_201), "max_wait", "0 to 7200"),
        ("max_length", json!(1_001), "max_length", "0 to 1000"),
        ("wrap_up_time", json!(3_601), "wrap_up_time", "0 to 3600"),
        ("announce", json!(14), "announce", "at least 15"),
        ("announce", json!(true), "announce", "must be a number"),
        ("skip_busy", json!(1), "skip_busy", "true or false"),
        ("users", json!({}), "users", "must be an array"),
        ("users", json!(many), "users", "at most 200"),
        ("users", json!([null]), "users[0]", "must be an id"),
        ("users", json!([-1]), "users[0]", "must be an id"),
        ("users", json!([{}]), "users[0].id", "must be given"),
        (
            "users",
            json!([{"id": 100_001}]),
            "users[0].status",
            "must be given",
        ),
        (
            "users",
            json!([{"id": 100_001, "status": 1}]),
            "users[0].status",
            "true or false",
        ),
        (
            "users",
            json!([{"id": 100_001, "status": true, "skill": 2}]),
            "users[0].skill",
            "not a field",
        ),
        (
            "users",
            json!([100_001, {"id": 100_001, "status": true}]),
            "users[1]",
            "listed twice",
        ),
        ("users", json!([7]), "users", "7 is not the id of a user"),
    ] {
        let mut body = json!({"name": "a", "number": "800"});
        body[name] = value;
        let reply = world.post("/queues", body).await;
        let (found, message) = reply.error(400, "validation_failed");
        assert_eq!(found, field, "{message}");
        assert!(message.contains(part), "{name}: {message}");
    }
    let (field, message) = world
        .post("/queues", json!({"name": "a", "number": "100"}))
        .await
        .error(409, "conflict");
    assert_eq!(
        (field.as_str(), message.as_str()),
        ("number", "is already taken by user 100001 (Ana 100)")
    );
    world
        .post("/queues", json!({"name": "a", "number": "800"}))
        .await
        .expect(201);
    let both = json!({"users": [{"id": 100_001, "status": true, "remove": true}]});
    let (field, _) = world
        .patch("/queues/1", both)
        .await
        .error(400, "validation_failed");
    assert_eq!(field, "users[0].status");
    let (field, message) = world
        .patch("/users/100002", json!({"ext": "800"}))
        .await
        .error(409, "conflict");
    assert_eq!(
        (field.as_str(), message.as_str()),
        ("ext", "is already taken by queue 1 (a)")
    );
    world.end();
}

#[tokio::test]
async fn a_queue_has_at_most_200_agents_however_they_came() {
    let world = World::new();
    let mut ids = Vec::new();
    for n in 0..201 {
        let mut new = crate::world::person("100", offhook_store::Role::User);
        new.email = format!("u{n}@example.org");
        new.ext = format!("{}", 5_000 + n);
        ids.push(world.db.create_user(&new, START).unwrap().id);
    }
    let new = json!({"name": "a", "number": "800", "users": ids[..200]});
    world.post("/queues", new).await.expect(201);
    let (field, message) = world
        .patch("/queues/1", json!({"users": [ids[200]]}))
        .await
        .error(400, "validation_failed");
    assert_eq!(
        (field.as_str(), message.as_str()),
        ("users", "would be more than 200")
    );
    let swap = json!({"users": [{"id": ids[0], "remove": true}, ids[200]]});
    let swapped = world.patch("/queues/1", swap).await.expect(200);
    assert_eq!(swapped["data"]["users"].as_array().unwrap().len(), 200);
    world.end();
}

#[tokio::test]
async fn a_live_queue_shows_callers_agents_and_today() {
    let world = with_queue(json!([100_001, 100_002])).await;
    world
        .post("/queues", json!({"name": "b", "number": "801"}))
        .await
        .expect(201);
    *world.played.queue.lock().unwrap() = QueueNow {
        waiting: 3,
        longest_wait: Duration::from_millis(61_900),
        agents: vec![
            (ADMIN_ID, AgentState::WrapUp),
            (USER_ID, AgentState::LoggedOut),
            (offhook_base::UserId(7), AgentState::Free),
        ],
    };
    // The clock stands at 22:13:20; midnight was 80000 s ago.
    for (pos, started, wait, talk, info) in [
        (1, 80_000, 4, 60, ""),
        (2, 100, 30, 60, ""),
        (3, 50, 9, 0, "abandoned"),
        (4, 20, 0, 0, "no_agents"),
        (5, 80_001, 4, 60, ""),
    ] {
        world.project(
            pos,
            &CdrRecord {
                started_at: Wall(START.0 - started * 1_000_000),
                context: "QUEUE".to_owned(),
                dst: Party {
                    id: "1".to_owned(),
                    ..Party::default()
                },
                disposition: if talk > 0 {
                    Disposition::Connected
                } else {
                    Disposition::NoAnswer
                },
                info: info.to_owned(),
                duration: wait + talk,
                billsec: talk,
                ..cdr(pos, ADMIN_ID, None)
            },
        );
    }
    let expected = json!({"data": {
        "queue_id": 1, "waiting": 3, "longest_wait": 61,
        "agents": [
            {"user_id": 100_001, "name": "Ana 100", "state": "wrap_up"},
            {"user_id": 100_002, "name": "Ana 101", "state": "logged_out"},
            {"user_id": 7, "name": "", "state": "free"},
        ],
        "today": {"answered": 2, "abandoned": 1, "missed": 1, "service_level": 0.25},
    }, "links": {}});
    assert_eq!(world.get("/queues/1/live").await.expect(200), expected);
    let by_agent = world.send("GET", "/queues/1/live", USER, Value::Null).await;
    assert_eq!(by_agent.expect(200), expected);
    world
        .send("GET", "/queues/2/live", USER, Value::Null)
        .await
        .error(403, "access_denied");
    let quiet = world.get("/queues/2/live").await.expect(200);
    assert_eq!(quiet["data"]["today"]["service_level"], Value::Null);
    world.get("/queues/9/live").await.error(404, "not_found");
    *world.played.refusal.lock().unwrap() = Some(CallControlError::Unavailable);
    world.get("/queues/1/live").await.error(503, "unavailable");
    world.end();
}

#[tokio::test]
async fn an_agent_ends_the_own_time_after_a_call_and_an_admin_anybodys() {
    let world = with_queue(json!([100_002])).await;
    let end = async |token: &str, user: u32| {
        let path = format!("/queues/1/wrapup/{user}");
        world.send("DELETE", &path, token, Value::Null).await
    };
    end(USER, 100_002).await.expect(204);
    end(USER, 100_001).await.error(403, "access_denied");
    end(crate::world::ADMIN, 100_002).await.expect(204);
    *world.played.refusal.lock().unwrap() = Some(CallControlError::NotFound);
    end(USER, 100_002).await.error(404, "not_found");
    assert_eq!(*world.played.verbs.lock().unwrap(), ["wrapup 1 100002"; 3]);
    for path in [
        "/queues/x/wrapup/1",
        "/queues/1/wrapup/x",
        "/queues/1/wrapup/4294967296",
    ] {
        world.delete(path).await.error(404, "not_found");
    }
    world.end();
}

#[tokio::test]
async fn an_agent_logs_in_by_a_code_as_by_rest() {
    let world = with_queue(json!([100_001, 100_002])).await;
    let logged = async |queue, status| world.api.log_agent(USER_ID, queue, status).await.unwrap();
    assert_eq!(logged(Some(QueueId(1)), false).await, [QueueId(1)]);
    assert_eq!(logged(Some(QueueId(2)), false).await, []);
    assert_eq!(logged(None, true).await, [QueueId(1)]);
    assert_eq!(
        world.played.told(),
        [
            "queue 1 100001=true 100002=false",
            "queue 1 100001=true 100002=true"
        ]
    );
    world.end();
}
