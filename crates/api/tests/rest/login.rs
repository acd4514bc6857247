//! Logging in, the forms of a token, and guessing.

use std::net::IpAddr;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use offhook_store::UserPatch;
use serde_json::{Value, json};

use crate::world::{ADMIN, PASSWORD, Reply, USER, USER_ID, World};

async fn login(world: &World, email: &str, password: &str) -> Reply {
    world
        .send(
            "POST",
            "/login",
            "",
            json!({"email": email, "password": password}),
        )
        .await
}

async fn ping(world: &World, name: &str, value: &str) -> Reply {
    let request = Request::get("/v1.1/ping").header(name, value);
    world.request(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_login_gives_a_token_of_forty_hex_digits_that_lets_in() {
    let world = World::new();
    let reply = login(&world, "101@Example.org", PASSWORD).await.expect(200);
    assert_eq!(
        (&reply["message"], &reply["user_id"]),
        (&json!("Login success"), &json!(100_002))
    );
    let token = reply["user_token"].as_str().unwrap();
    assert_eq!(token.len(), 40);
    assert!(
        token
            .bytes()
            .all(|octet| octet.is_ascii_digit() || (b'a'..=b'f').contains(&octet))
    );
    let me = world
        .send("GET", "/me", token, Value::Null)
        .await
        .expect(200);
    let expected = json!({
        "id": 100_002, "email": "101@example.org", "first_name": "Ana", "last_name": "101", "ext": "101", "role": "user", "dnd": false,
        "customer_id": 100_001, "sip_domain": "pbx.example",
    });
    assert_eq!(me, json!({"data": expected, "links": {}}));
    world.end();
}

#[tokio::test]
async fn a_session_ends_after_half_an_hour_without_use() {
    let world = World::new();
    for _ in 0..3 {
        world.pass(Duration::from_secs(1_700));
        world
            .send("GET", "/ping", USER, Value::Null)
            .await
            .expect(200);
    }
    world.pass(Duration::from_secs(1_801));
    world
        .send("GET", "/ping", USER, Value::Null)
        .await
        .error(401, "unauthorized");
    world.end();
}

#[tokio::test]
async fn every_documented_form_of_credentials_is_taken() {
    let world = World::new();
    ping(&world, "X-Auth-Token", USER).await.expect(200);
    for name in ["100002", "101@example.org", "101@EXAMPLE.ORG"] {
        let basic = format!("Basic {}", STANDARD.encode(format!("{name}:{USER}")));
        ping(&world, "Authorization", &basic).await.expect(200);
    }
    for name in ["100001", "100@example.org", ""] {
        let basic = format!("Basic {}", STANDARD.encode(format!("{name}:{USER}")));
        ping(&world, "Authorization", &basic)
            .await
            .error(401, "unauthorized");
    }
    for value in [
        "Bearer x",
        "Basic",
        "Basic %%%",
        &format!("Basic {}", STANDARD.encode(USER)),
    ] {
        let (_, message) = ping(&world, "Authorization", value)
            .await
            .error(400, "invalid_authorization");
        assert_eq!(message, "Failed to parse Authorization header credentials");
    }
    world.end();
}

#[tokio::test]
async fn wrong_passwords_and_unknown_people_get_the_same_answer() {
    let world = World::new();
    let wrong = login(&world, "101@example.org", "nonsense").await;
    let unknown = login(&world, "nobody@example.org", "nonsense").await;
    wrong.error(401, "invalid_credentials");
    assert_eq!(wrong.text, unknown.text);
    assert_eq!(wrong.json()["errors"][0]["message"], "Invalid credentials");
    let off = UserPatch {
        active: Some(false),
        ..UserPatch::default()
    };
    world.db.update_user(USER_ID, &off, world.now()).unwrap();
    assert_eq!(
        login(&world, "101@example.org", PASSWORD).await.text,
        wrong.text
    );
    world.end();
}

#[tokio::test]
async fn the_eleventh_guess_waits_and_nobody_else_does() {
    let mut world = World::new();
    for _ in 0..10 {
        login(&world, "101@example.org", "nonsense")
            .await
            .error(401, "invalid_credentials");
    }
    let refused = login(&world, "101@example.org", PASSWORD).await;
    refused.error(429, "too_many_attempts");
    let wait: u64 = refused.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=300).contains(&wait), "{wait}");
    login(&world, "100@example.org", PASSWORD).await.expect(200);

    let here = std::mem::replace(&mut world.from, IpAddr::from([203, 0, 113, 1]));
    login(&world, "101@example.org", PASSWORD).await.expect(200);
    world.from = here;
    world.pass(Duration::from_secs(wait));
    login(&world, "101@example.org", PASSWORD).await.expect(200);
    world.end();
}

#[tokio::test]
async fn guessed_tokens_are_refused_and_a_right_one_still_passes() {
    let world = World::new();
    for n in 0..10 {
        ping(&world, "X-Auth-Token", &format!("{n:040x}"))
            .await
            .error(401, "unauthorized");
    }
    let refused = ping(&world, "X-Auth-Token", &format!("{:040x}", 11)).await;
    refused.error(429, "too_many_attempts");
    assert!(refused.headers.contains_key("retry-after"));
    ping(&world, "X-Auth-Token", ADMIN).await.expect(200);
    world.end();
}
