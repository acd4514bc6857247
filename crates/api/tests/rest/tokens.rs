//! `/apitokens`

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{ADMIN, USER, World, filter};

#[tokio::test]
async fn a_token_is_told_once_and_lets_in_until_it_is_idle_too_long() {
    let world = World::new();
    let made = world
        .send(
            "POST",
            "/apitokens",
            USER,
            json!({"name": "crm", "expiry": 604_800}),
        )
        .await
        .expect(201);
    let token = made["data"]["token"].as_str().unwrap().to_owned();
    assert_eq!(token.len(), 40);
    let row = json!({"id": made["data"]["id"], "name": "crm", "created_at": "2023-11-14 22:13:20", "expiry": 604_800});
    let mut expected = row.clone();
    expected["token"] = json!(token);
    assert_eq!(made["data"], expected);
    assert_eq!(
        world
            .send("GET", "/apitokens", USER, Value::Null)
            .await
            .expect(200),
        json!({"data": [row], "total": 1})
    );
    assert_eq!(
        world
            .send("GET", "/apitokens", ADMIN, Value::Null)
            .await
            .expect(200)["total"],
        0
    );

    world.pass(Duration::from_secs(604_000));
    assert_eq!(
        world
            .send("GET", "/me", &token, Value::Null)
            .await
            .expect(200)["data"]["id"],
        100_002
    );
    world.pass(Duration::from_secs(604_000));
    world
        .send("GET", "/ping", &token, Value::Null)
        .await
        .expect(200);
    world.pass(Duration::from_secs(604_801));
    world
        .send("GET", "/ping", &token, Value::Null)
        .await
        .error(401, "unauthorized");
    world.end();
}

#[tokio::test]
async fn tokens_are_found_by_name_and_removed_by_id_or_by_themselves() {
    let world = World::new();
    let make = async |name: &str| {
        world
            .post("/apitokens", json!({"name": name}))
            .await
            .expect(201)["data"]
            .clone()
    };
    let (one, two) = (make("one").await, make("two").await);
    assert_eq!(one["expiry"], Value::Null);
    let (field, _) = world
        .post("/apitokens", json!({"name": "one"}))
        .await
        .error(409, "conflict");
    assert_eq!(field, "name");
    let by_name = filter(&json!([{"property": "name", "operator": "eq", "value": "two"}]));
    let found = world
        .get(&format!("/apitokens?filter={by_name}"))
        .await
        .expect(200);
    assert_eq!(
        (&found["total"], &found["data"][0]["id"]),
        (&json!(1), &two["id"])
    );

    world
        .send(
            "DELETE",
            &format!("/apitokens/{}", one["id"]),
            USER,
            Value::Null,
        )
        .await
        .error(404, "not_found");
    world
        .delete(&format!("/apitokens/{}", one["id"]))
        .await
        .expect(204);
    world
        .delete(&format!("/apitokens/{}", two["token"].as_str().unwrap()))
        .await
        .expect(204);
    world
        .send("GET", "/ping", two["token"].as_str().unwrap(), Value::Null)
        .await
        .error(401, "unauthorized");
    assert_eq!(world.get("/apitokens").await.expect(200)["total"], 0);
    world.end();
}
