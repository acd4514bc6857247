//! Bad bodies: each complaint says what and where, and none tells how we are built.

use axum::body::Body;
use axum::http::Request;
use serde_json::json;

use crate::world::{ADMIN, Reply, World};

async fn post(world: &World, content_type: Option<&str>, body: impl Into<Body>) -> Reply {
    let mut request = Request::post("/v1.1/users").header("X-Auth-Token", ADMIN);
    if let Some(content_type) = content_type {
        request = request.header("Content-Type", content_type);
    }
    world.request(request.body(body.into()).unwrap()).await
}

#[tokio::test]
async fn bodies_that_are_not_json_objects_are_refused_with_the_place() {
    let world = World::new();
    let json = Some("application/json");
    for (body, part) in [
        ("", "line 1 column 0"),
        ("{\"email\": }", "line 1 column 11"),
        ("{\"email\":\n\"a\",,}", "line 2 column 5"),
        ("[1]", "must be a JSON object, not an array"),
        ("null", "not null"),
        ("{\"a\":\"\u{1}\"}", "control character"),
    ] {
        let (field, message) = post(&world, json, body).await.error(400, "invalid_json");
        assert_eq!(field, "body");
        assert!(message.contains(part), "{body:?}: {message}");
    }
    let (_, message) = post(&world, json, "[".repeat(60_000))
        .await
        .error(400, "invalid_json");
    assert!(message.contains("recursion limit"), "{message}");
    let (_, message) = post(&world, json, &b"{\"first_name\":\"\xff\"}"[..])
        .await
        .error(400, "invalid_json");
    assert!(message.contains("invalid unicode"), "{message}");
    world.end();
}

#[tokio::test]
async fn other_content_types_and_large_bodies_are_refused() {
    let world = World::new();
    for wrong in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "",
    ] {
        post(&world, Some(wrong), "{}")
            .await
            .error(415, "unsupported_content_type");
    }
    for right in [
        None,
        Some("application/json"),
        Some("Application/JSON; charset=utf-8"),
    ] {
        post(&world, right, "{}")
            .await
            .error(400, "validation_failed");
    }
    let body = |length: usize| format!("{{\"first_name\":\"{}\"}}", "x".repeat(length - 17));
    assert_eq!(body(100).len(), 100);
    post(&world, None, body(65_536))
        .await
        .error(400, "validation_failed");
    post(&world, None, body(65_537))
        .await
        .error(413, "body_too_large");
    world.end();
}

#[tokio::test]
async fn all_complaints_come_at_once_each_naming_its_field() {
    let world = World::new();
    let body = json!({"first_name": 7, "email": "a@example.org", "ext": "ab", "role": "root", "active": "yes", "nickname": "x", "last_name": null});
    let reply = world.post("/users", body).await;
    reply.error(400, "validation_failed");
    let complaints: Vec<_> = reply.json()["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| {
            format!(
                "{} {}",
                error["field"].as_str().unwrap(),
                error["message"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        complaints,
        [
            "first_name must be a string, not a number",
            "last_name must be a string, not null",
            "role must be one of admin, user",
            "active must be true or false, not a string",
            "ext must be 2 to 15 digits",
            "nickname is not a field of this resource",
        ]
    );
    world.end();
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let world = World::new();
    let reply = world.post("/users", json!({})).await;
    let fields: Vec<_> = reply.json()["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["field"].clone())
        .collect();
    assert_eq!(fields, ["first_name", "email", "ext"]);
    world.end();
}

#[tokio::test]
async fn a_store_that_fails_is_503_and_tells_nothing_of_itself() {
    let world = World::new();
    let path = world.dir.path().join("offhook.db");
    std::fs::rename(&path, world.dir.path().join("elsewhere")).unwrap();
    let reply = world.get("/users").await;
    reply.error(503, "unavailable");
    assert_eq!(reply.headers["retry-after"], "1");
    for part in ["offhook.db", "open", "sqlite", "SELECT", "tmp"] {
        assert!(!reply.text.contains(part), "{}", reply.text);
    }
    world.end();
}
