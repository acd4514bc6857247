//! The web page as a browser gets it. Whether it was built or the stub stands in, the same rules hold.

use axum::body::Body;
use axum::http::{Request, header};

use crate::world::{Reply, World};

async fn ask(world: &World, method: &str, path: &str) -> Reply {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("Accept", "text/html,*/*;q=0.8");
    world.request(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn every_screen_is_the_page_under_a_strict_policy_with_a_nonce_of_its_own() {
    let world = World::new();
    let mut policies = Vec::new();
    for path in [
        "/",
        "/calls",
        "/webhooks/new",
        "/nothing/at/all",
        "/index.html",
    ] {
        let reply = ask(&world, "GET", path).await;
        assert_eq!(reply.status, 200, "{path}");
        assert_eq!(
            reply.headers[header::CONTENT_TYPE],
            "text/html; charset=utf-8"
        );
        assert_eq!(reply.headers[header::CACHE_CONTROL], "no-store");
        assert_eq!(reply.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert!(!reply.text.contains("OFFHOOK_NONCE"), "{path}");
        let policy = reply.headers[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(
            policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
        policies.push(policy);
    }
    policies.sort();
    policies.dedup();
    assert_eq!(policies.len(), 5, "a nonce is used once");
}

#[tokio::test]
async fn what_is_no_screen_is_not_answered_with_one() {
    let world = World::new();
    for path in [
        "/assets/nothing.js",
        "/favicon.ico",
        "/assets/..%2f..%2fpackage.json",
        "/../package.json",
    ] {
        let reply = ask(&world, "GET", path).await;
        assert_eq!(reply.status, 404, "{path}");
    }
    for path in [
        "/v1.1/nothing",
        "/v1.1",
        "/v2.0/calls",
        "/metrics",
        "/healthz/",
    ] {
        ask(&world, "GET", path).await.error(404, "not_found");
    }
    ask(&world, "POST", "/calls").await.error(404, "not_found");
    // A probe or a script that got the path wrong.
    let request = Request::get("/cdrs").header("Accept", "*/*");
    let reply = world.request(request.body(Body::empty()).unwrap()).await;
    reply.error(404, "not_found");
}

#[tokio::test]
async fn answers_of_the_api_run_nothing_in_a_browser() {
    let world = World::new();
    let reply = ask(&world, "GET", "/openapi.json").await;
    assert_eq!(
        reply.headers[header::CONTENT_SECURITY_POLICY],
        "default-src 'none'; frame-ancestors 'none'"
    );
    assert_eq!(reply.headers[header::CACHE_CONTROL], "no-store");
}
