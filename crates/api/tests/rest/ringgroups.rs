//! `/ringgroups`

use serde_json::{Value, json};

use crate::world::{USER, World};

#[tokio::test]
async fn a_ring_group_is_made_read_altered_and_removed() {
    let world = World::new();
    let made = world
        .post(
            "/ringgroups",
            json!({"name": "Sales", "number": "700", "users": [100_002, 100_001]}),
        )
        .await
        .expect(201);
    let expected = json!({
        "id": 1, "name": "Sales", "number": "700", "strategy": "ring_all", "ring_time": 30, "users": [100_002, 100_001],
    });
    assert_eq!(made, json!({"data": expected, "links": {}}));
    let seen = world
        .send("GET", "/ringgroups/1?include=users", USER, Value::Null)
        .await;
    assert_eq!(seen.expect(200), made);
    let altered = world
        .patch(
            "/ringgroups/1",
            json!({"strategy": "linear", "ring_time": 5, "users": [100_001]}),
        )
        .await
        .expect(200);
    assert_eq!(
        altered["data"],
        json!({"id": 1, "name": "Sales", "number": "700", "strategy": "linear", "ring_time": 5, "users": [100_001]})
    );
    assert_eq!(
        world.played.told(),
        [
            "group 1 users=[UserId(100002), UserId(100001)]",
            "group 1 users=[UserId(100001)]"
        ]
    );
    world.delete("/ringgroups/1").await.expect(204);
    assert_eq!(world.played.told(), ["group 1 gone"]);
    world
        .patch("/ringgroups/1", json!({}))
        .await
        .error(404, "not_found");
    world.end();
}

#[tokio::test]
async fn a_user_who_is_removed_leaves_groups_and_queues() {
    let world = World::new();
    let members = json!([100_001, 100_002]);
    world
        .post(
            "/ringgroups",
            json!({"name": "Sales", "number": "700", "users": members}),
        )
        .await
        .expect(201);
    world
        .post(
            "/queues",
            json!({"name": "Support", "number": "800", "users": members}),
        )
        .await
        .expect(201);
    world.played.told();
    world.delete("/users/100002").await.expect(204);
    assert_eq!(
        world.played.told(),
        [
            "user 100002 gone",
            "group 1 users=[UserId(100001)]",
            "queue 1 100001=true"
        ]
    );
    world.end();
}

#[tokio::test]
async fn what_cannot_stand_in_a_ring_group_is_named() {
    let world = World::new();
    let many: Vec<u32> = (1..=201).collect();
    for (name, value, field, part) in [
        ("name", json!(""), "name", "must not be empty"),
        ("number", json!("7"), "number", "2 to 15 digits"),
        ("number", json!("7a"), "number", "2 to 15 digits"),
        ("number", json!(700), "number", "must be a string"),
        ("strategy", json!("random"), "strategy", "ring_all, linear"),
        ("ring_time", json!(4), "ring_time", "5 to 120"),
        ("ring_time", json!(121), "ring_time", "5 to 120"),
        ("users", json!(100_001), "users", "must be an array"),
        ("users", json!(many), "users", "at most 200"),
        ("users", json!(["100001"]), "users[0]", "must be an id"),
        (
            "users",
            json!([100_001, 100_002, 100_001]),
            "users[2]",
            "listed twice",
        ),
        (
            "users",
            json!([100_001, 7]),
            "users",
            "7 is not the id of a user",
        ),
        ("members", json!([]), "members", "not a field"),
    ] {
        let mut body = json!({"name": "a", "number": "700"});
        body[name] = value;
        let reply = world.post("/ringgroups", body).await;
        let (found, message) = reply.error(400, "validation_failed");
        assert_eq!(found, field, "{message}");
        assert!(message.contains(part), "{name}: {message}");
    }
    let (field, message) = world
        .post("/ringgroups", json!({"name": "a", "number": "101"}))
        .await
        .error(409, "conflict");
    assert_eq!(
        (field.as_str(), message.as_str()),
        ("number", "is already taken by user 100002 (Ana 101)")
    );
    world
        .get("/ringgroups?include=agents")
        .await
        .error(400, "invalid_parameter");
    assert_eq!(world.get("/ringgroups").await.expect(200)["total"], 0);
    assert!(world.played.told().is_empty());
    world.end();
}
