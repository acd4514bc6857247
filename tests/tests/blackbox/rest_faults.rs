//! REST requests that are wrong: each gets a clear answer, and nothing else is disturbed.

use offhook_tests::Site;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_named() {
    let site = Site::start_with("never", "").await;
    let rest = &site.rest;
    for body in ["", "{", "[]", "null", "\"x\"", "{\"ext\":\"2001\"", "\u{0}"] {
        let refused = rest.post_text("/users", body).await.expect(400);
        assert!(
            !refused["message"].as_str().unwrap().is_empty(),
            "{body}: {refused}"
        );
    }
    let user = json!({"first_name": "A", "last_name": "B", "email": "a@localhost", "ext": "2001", "role": "user"});
    for (field, value) in [
        ("ext", json!(2001)),
        ("email", json!(["x"])),
        ("role", json!("king")),
        ("shoe_size", json!(44)),
    ] {
        let mut wrong = user.clone();
        wrong[field] = value;
        let refused = rest.post("/users", wrong).await.expect(400);
        assert_eq!(refused["errors"][0]["field"], field, "{refused}");
    }
    rest.post("/users", user.clone()).await.expect(201);
    assert_eq!(
        rest.post("/users", user).await.status,
        409,
        "the number is taken"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filters_that_are_wrong_are_refused() {
    let site = Site::start_with("never", "").await;
    let filters = [
        "[{\"property\":\"nothing\",\"operator\":\"eq\",\"value\":1}]",
        "[{\"property\":\"live_id\",\"operator\":\"between\",\"value\":1}]",
        "[{\"property\":\"live_id;DROP TABLE cdrs\",\"operator\":\"eq\",\"value\":1}]",
        "{",
        "17",
    ];
    for filter in filters {
        let path = format!("/cdrs?filter={}", offhook_tests::percent_encode(filter));
        let refused = site.rest.get(&path).await.expect(400);
        assert_eq!(refused["message"], "Filtration error", "{filter}");
    }
    assert_eq!(
        site.rest.get("/cdrs?page=9999").await.expect(200)["data"],
        json!([]),
        "past the end"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_token_nothing_is_told() {
    let site = Site::start_with("never", "").await;
    let nobody = site.rest.with_token("");
    for path in [
        "/users",
        "/phones",
        "/webhooks",
        "/calls",
        "/cdrs",
        "/deliveries",
        "/events",
        "/me",
        "/apitokens",
    ] {
        assert_eq!(nobody.get(path).await.status, 401, "{path}");
    }
    assert_eq!(
        site.rest.get("/nothing").await.expect(404)["message"],
        "Resource not found"
    );
    assert_eq!(
        site.rest.get("/ping").await.expect(200)["data"]["response"],
        "Pong"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_guesses_is_told_to_wait() {
    let site = Site::start_with("never", "").await;
    let wrong = json!({"email": "admin@localhost", "password": "a wrong password"});
    let mut tokens = Vec::new();
    let mut logins = Vec::new();
    for guess in 0..11 {
        let guesser = site.rest.with_token(&format!("{guess:040x}"));
        tokens.push(guesser.get("/users").await);
        logins.push(site.rest.with_token("").post("/login", wrong.clone()).await);
    }
    for guesses in [tokens, logins] {
        let statuses: Vec<u16> = guesses.iter().map(|reply| reply.status.as_u16()).collect();
        assert_eq!((statuses[0], statuses[10]), (401, 429), "{statuses:?}");
        let wait = guesses[10].headers["retry-after"].to_str().unwrap();
        assert!(
            wait.parse::<u32>().is_ok_and(|seconds| seconds > 0),
            "{wait}"
        );
    }
}
