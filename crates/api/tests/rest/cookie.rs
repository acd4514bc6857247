//! Signing a browser in and out, and what its cookie opens to whom.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request};
use offhook_base::Secret;
use offhook_store::{NewToken, UserPatch};
use serde_json::{Value, json};

use crate::access::{furnished, routes};
use crate::world::{ADMIN, ADMIN_ID, EXPIRED, PASSWORD, Reply, USER, USER_ID, World};

const HOST: (&str, &str) = ("Host", "pbx.example:8080");
const MARK: (&str, &str) = ("X-Offhook-CSRF", "1");
const OURS: (&str, &str) = ("Origin", "http://pbx.example:8080");
const FOREIGN: [&str; 5] = [
    "http://evil.example",
    "http://pbx.example:8081",
    "http://pbx.example",
    "null",
    "",
];

async fn request(
    world: &World,
    (method, path): (&str, &str),
    headers: &[(&str, &str)],
    body: Value,
) -> Reply {
    let mut request = Request::builder()
        .method(Method::from_bytes(method.as_bytes()).unwrap())
        .uri(format!("/v1.1{path}"))
        .header(HOST.0, HOST.1)
        .header("Content-Type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = if body.is_null() {
        Body::empty()
    } else {
        Body::from(body.to_string())
    };
    world.request(request.body(body).unwrap()).await
}

/// `POST /session` with these headers.
pub async fn sign_in(world: &World, headers: &[(&str, &str)], body: Value) -> Reply {
    request(world, ("POST", "/session"), headers, body).await
}

/// The cookie as the browser sends it back.
fn cookie(reply: &Reply) -> String {
    assert_eq!(reply.expect(204), Value::Null);
    let set = reply.headers["set-cookie"].to_str().unwrap();
    let (cookie, attributes) = set.split_once("; ").unwrap();
    assert_eq!(attributes, "Path=/; HttpOnly; SameSite=Strict");
    let token = cookie.strip_prefix("offhook_session=").unwrap();
    assert_eq!(token.len(), 40);
    cookie.to_owned()
}

async fn me(world: &World, cookie: &str) -> Reply {
    request(world, ("GET", "/me"), &[("Cookie", cookie)], Value::Null).await
}

fn password() -> Value {
    json!({"email": "101@example.org", "password": PASSWORD})
}

#[tokio::test]
async fn a_password_gives_a_cookie_that_lets_in_until_it_is_idle_or_ended() {
    let world = World::new();
    let first = cookie(&sign_in(&world, &[MARK, OURS], password()).await);
    let second = cookie(&sign_in(&world, &[MARK], password()).await);
    assert_ne!(first, second);
    for _ in 0..3 {
        world.pass(Duration::from_secs(1_700));
        assert_eq!(me(&world, &first).await.expect(200)["data"]["id"], 100_002);
    }
    me(&world, &second).await.error(401, "unauthorized");

    let out = request(
        &world,
        ("DELETE", "/session"),
        &[("Cookie", &first), MARK, OURS],
        Value::Null,
    )
    .await;
    out.expect(204);
    assert_eq!(
        out.headers["set-cookie"],
        "offhook_session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"
    );
    me(&world, &first).await.error(401, "unauthorized");
    world.end();
}

#[tokio::test]
async fn logging_out_leaves_api_tokens_and_an_api_token_is_no_cookie() {
    let world = World::new();
    let token = "d".repeat(40);
    let new = NewToken {
        user_id: USER_ID,
        name: "crm".to_owned(),
        expiry: None,
        token: Secret::new(token.clone()),
    };
    world.db.create_token(&new, world.now()).unwrap();
    me(&world, &format!("offhook_session={token}"))
        .await
        .error(401, "unauthorized");

    let session = cookie(&sign_in(&world, &[MARK], password()).await);
    let out = [("Cookie", session.as_str()), MARK, OURS];
    let delete = ("DELETE", "/session");
    request(&world, delete, &out, Value::Null).await.expect(204);
    world
        .send("GET", "/me", &token, Value::Null)
        .await
        .expect(200);
    // By the token itself there is no session to end.
    world
        .send("DELETE", "/session", &token, Value::Null)
        .await
        .expect(204);
    world
        .send("GET", "/me", &token, Value::Null)
        .await
        .expect(200);
    world.end();
}

#[tokio::test]
async fn signing_in_has_the_rules_of_login() {
    let world = World::new();
    for body in [
        json!({"email": "101@example.org", "password": "nonsense"}),
        json!({"email": "nobody@example.org", "password": "nonsense"}),
    ] {
        let reply = sign_in(&world, &[MARK, OURS], body).await;
        reply.error(401, "invalid_credentials");
        assert!(!reply.headers.contains_key("set-cookie"));
    }
    for (body, field) in [
        (json!({}), "email"),
        (json!({"email": "a"}), "password"),
        (json!({"email": "a", "password": "b", "more": 1}), "more"),
        (json!({"ticket": "a", "email": "b"}), "email"),
        (json!({"ticket": 1}), "ticket"),
    ] {
        let reply = sign_in(&world, &[MARK], body).await;
        assert_eq!(reply.error(400, "validation_failed").0, field);
    }
    for _ in 0..9 {
        let body = json!({"email": "101@example.org", "password": "nonsense"});
        sign_in(&world, &[MARK], body)
            .await
            .error(401, "invalid_credentials");
    }
    sign_in(&world, &[MARK], password())
        .await
        .error(429, "too_many_attempts");
    world.end();
}

#[tokio::test]
async fn no_foreign_page_signs_anybody_in() {
    let world = World::new();
    let headers: [&[(&str, &str)]; 3] = [&[], &[OURS], &[("X-Offhook-CSRF", "0"), OURS]];
    for headers in headers {
        let reply = sign_in(&world, headers, password()).await;
        assert_eq!(reply.error(403, "csrf").0, "X-Offhook-CSRF");
    }
    for origin in FOREIGN {
        let reply = sign_in(&world, &[MARK, ("Origin", origin)], password()).await;
        assert_eq!(reply.error(403, "csrf").0, "Origin");
        assert!(!reply.headers.contains_key("set-cookie"));
    }
    let twice = [MARK, OURS, ("Origin", "http://evil.example")];
    let reply = sign_in(&world, &twice, password()).await;
    assert_eq!(reply.error(403, "csrf").0, "Origin");
    world.end();
}

/// Row A3: a foreign page has no effect, whatever it sends with the cookie.
#[tokio::test]
async fn every_route_with_the_cookie_changes_nothing_for_a_foreign_page() {
    let session = format!("offhook_session={ADMIN}");
    let cookie = ("Cookie", session.as_str());
    let mut attempts = vec![vec![cookie], vec![cookie, OURS], vec![cookie, MARK]];
    for origin in &FOREIGN {
        attempts.push(vec![cookie, ("Origin", origin)]);
        attempts.push(vec![cookie, MARK, ("Origin", origin)]);
    }
    let world = furnished();
    for (method, path, body, _, _) in routes() {
        for headers in &attempts {
            let reply = request(&world, (method, path), headers, body.clone()).await;
            if method == "GET" {
                assert_ne!(reply.status.as_u16(), 403, "{path}: {}", reply.text);
                // A foreign page may have this sent and cannot read it.
                let cors = reply
                    .headers
                    .keys()
                    .any(|name| name.as_str().starts_with("access-control"));
                assert!(!cors, "{path}");
            } else {
                reply.error(403, "csrf");
            }
        }
    }
    for method in ["PUT", "POST", "PATCH", "DELETE"] {
        request(&world, (method, "/webhooks/1"), &[cookie], json!({})).await;
    }
    assert!(world.played.told().is_empty());
    assert!(world.played.hung_up.lock().unwrap().is_empty());
    assert!(world.played.resent.lock().unwrap().is_empty());
    assert!(world.played.recovered.lock().unwrap().is_empty());
    assert!(world.played.tested.lock().unwrap().is_empty());
    assert_eq!(world.get("/apitokens").await.expect(200)["total"], 0);
    world.end();
}

#[tokio::test]
async fn a_foreign_page_does_not_even_keep_the_session_up() {
    let world = World::new();
    let session = format!("offhook_session={USER}");
    world.pass(Duration::from_secs(1_700));
    let headers = [("Cookie", session.as_str()), MARK, ("Origin", "null")];
    let create = ("POST", "/apitokens");
    request(&world, create, &headers, json!({"name": "x"}))
        .await
        .error(403, "csrf");
    world.pass(Duration::from_secs(200));
    me(&world, &session).await.error(401, "unauthorized");
    world.end();
}

#[tokio::test]
async fn every_route_serves_our_page_as_it_serves_a_token() {
    for (token, column) in [(ADMIN, 0), (USER, 1)] {
        let session = format!("offhook_session={token}");
        let headers = [("Cookie", session.as_str()), MARK, OURS];
        let world = furnished();
        for (method, path, body, admin, user) in routes() {
            let reply = request(&world, (method, path), &headers, body).await;
            let expected = if column == 0 { admin } else { user };
            let got = reply.status.as_u16();
            assert_eq!(got, expected, "{method} {path}: {}", reply.text);
        }
        world.end();
    }
}

#[tokio::test]
async fn a_token_header_needs_no_mark_and_comes_before_the_cookie() {
    let world = World::new();
    let token = ("X-Auth-Token", ADMIN);
    let dead = format!("offhook_session={EXPIRED}");
    let headers = [
        token,
        ("Cookie", dead.as_str()),
        ("Origin", "http://evil.example"),
    ];
    let reply = request(
        &world,
        ("POST", "/apitokens"),
        &headers,
        json!({"name": "x"}),
    )
    .await;
    reply.expect(201);
    me(&world, &dead).await.error(401, "unauthorized");
    world.end();
}

#[tokio::test]
async fn a_ticket_signs_in_once() {
    let world = World::new();
    let ticket = world.api.issue_ticket(ADMIN_ID).unwrap();
    let body = json!({"ticket": ticket.expose()});
    sign_in(&world, &[OURS], body.clone())
        .await
        .error(403, "csrf");
    let session = cookie(&sign_in(&world, &[MARK, OURS], body.clone()).await);
    assert_eq!(
        me(&world, &session).await.expect(200)["data"]["id"],
        100_001
    );
    let again = sign_in(&world, &[MARK, OURS], body).await;
    assert_eq!(again.error(401, "invalid_ticket").0, "ticket");
    assert!(!again.headers.contains_key("set-cookie"));
    world.end();
}

#[tokio::test]
async fn a_ticket_ends_after_an_hour_and_with_its_user() {
    let world = World::new();
    let late = world.api.issue_ticket(ADMIN_ID).unwrap();
    world.pass(Duration::from_secs(3_600));
    let shut_out = world.api.issue_ticket(USER_ID).unwrap();
    let off = UserPatch {
        active: Some(false),
        ..UserPatch::default()
    };
    world.db.update_user(USER_ID, &off, world.now()).unwrap();
    for ticket in [late, shut_out] {
        sign_in(&world, &[MARK], json!({"ticket": ticket.expose()}))
            .await
            .error(401, "invalid_ticket");
    }
    world.end();
}

#[tokio::test]
async fn guessed_tickets_are_refused_and_a_right_one_still_signs_in() {
    let world = World::new();
    let guess = json!({"ticket": "e".repeat(40)});
    for _ in 0..10 {
        sign_in(&world, &[MARK], guess.clone())
            .await
            .error(401, "invalid_ticket");
    }
    let refused = sign_in(&world, &[MARK], guess).await;
    assert_eq!(refused.error(429, "too_many_attempts").0, "ticket");
    assert!(refused.headers.contains_key("retry-after"));
    let ticket = world.api.issue_ticket(ADMIN_ID).unwrap();
    cookie(&sign_in(&world, &[MARK], json!({"ticket": ticket.expose()})).await);
    world.end();
}

#[tokio::test]
async fn a_cookie_that_lets_nobody_in_any_more_is_forgotten() {
    let world = World::new();
    let dead = me(&world, &format!("offhook_session={}", "e".repeat(40))).await;
    dead.error(401, "unauthorized");
    let set = dead.headers["set-cookie"].to_str().unwrap();
    assert!(set.starts_with("offhook_session=; "), "{set}");
    assert!(set.ends_with("Max-Age=0"), "{set}");
    // A wrong token in a header says nothing of the cookie.
    let wrong = request(
        &world,
        ("GET", "/me"),
        &[("X-Auth-Token", &"e".repeat(40))],
        Value::Null,
    )
    .await;
    assert!(!wrong.headers.contains_key("set-cookie"));
    world.end();
}

#[tokio::test]
async fn a_page_that_came_by_tls_gets_a_cookie_for_tls_alone() {
    let world = World::new();
    let headers = [MARK, ("Origin", "https://pbx.example:8080")];
    let reply = sign_in(&world, &headers, password()).await;
    let set = reply.headers["set-cookie"].to_str().unwrap();
    assert!(set.ends_with("SameSite=Strict; Secure"), "{set}");
    world.end();
}

#[tokio::test]
async fn what_a_page_of_another_port_reads_by_the_cookie_is_refused() {
    let world = World::new();
    let cookie = cookie(&sign_in(&world, &[MARK, OURS], password()).await);
    let read = async |site: &str| {
        let headers = [("Cookie", cookie.as_str()), ("Sec-Fetch-Site", site)];
        request(&world, ("GET", "/me"), &headers, Value::Null).await
    };
    for own in ["same-origin", "none"] {
        read(own).await.expect(200);
    }
    for foreign in ["same-site", "cross-site", ""] {
        read(foreign).await.error(403, "csrf");
    }
    // A token in a header is no page's doing.
    let headers = [("X-Auth-Token", USER), ("Sec-Fetch-Site", "cross-site")];
    request(&world, ("GET", "/me"), &headers, Value::Null)
        .await
        .expect(200);
    world.end();
}
