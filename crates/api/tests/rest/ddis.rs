//! `/ddis`

use serde_json::{Value, json};

use crate::world::World;

async fn furnished() -> World {
    let world = World::new();
    world
        .post("/trunks", json!({"name": "a", "host": "a.example"}))
        .await
        .expect(201);
    world
        .post("/ringgroups", json!({"name": "Sales", "number": "700"}))
        .await
        .expect(201);
    world
        .post("/queues", json!({"name": "Support", "number": "800"}))
        .await
        .expect(201);
    world.played.told();
    world
}

fn ddi(e164: &str, kind: &str, id: u32) -> Value {
    json!({"e164": e164, "target_type": kind, "target_id": id})
}

#[tokio::test]
async fn a_number_leads_to_a_user_a_queue_or_a_group() {
    let world = furnished().await;
    let mut new = ddi("+34911000001", "user", 100_002);
    new["trunk_id"] = json!(1);
    let made = world.post("/ddis", new).await.expect(201);
    let expected = json!({"id": 1, "e164": "34911000001", "trunk_id": 1, "target_type": "user", "target_id": 100_002});
    assert_eq!(made, json!({"data": expected, "links": {}}));
    assert_eq!(world.get("/ddis/1").await.expect(200), made);
    let moved = json!({"trunk_id": null, "target_type": "ringgroup", "target_id": "1"});
    let moved = world.patch("/ddis/1", moved).await.expect(200);
    assert_eq!(
        moved["data"],
        json!({"id": 1, "e164": "34911000001", "trunk_id": null, "target_type": "ringgroup", "target_id": 1})
    );
    world
        .post("/ddis", ddi("34911000002", "queue", 1))
        .await
        .expect(201);
    assert_eq!(
        world.played.told(),
        [
            "ddi 1 34911000001",
            "ddi 1 34911000001",
            "ddi 2 34911000002"
        ]
    );
    let (field, message) = world.delete("/queues/1").await.error(409, "conflict");
    assert_eq!(field, "id");
    assert!(message.contains("number 34911000002"), "{message}");
    let (_, message) = world.delete("/ringgroups/1").await.error(409, "conflict");
    assert!(message.contains("number 34911000001"), "{message}");
    world
        .patch("/ddis/2", ddi("34911000002", "user", 100_002))
        .await
        .expect(200);
    let (_, message) = world.delete("/users/100002").await.error(409, "conflict");
    assert!(message.contains("number 34911000002"), "{message}");
    world.played.told();
    world.delete("/ddis/1,2").await.expect(204);
    assert_eq!(world.played.told(), ["ddi 1 gone", "ddi 2 gone"]);
    world.delete("/users/100002").await.expect(204);
    world.end();
}

#[tokio::test]
async fn what_cannot_stand_in_a_number_is_named() {
    let world = furnished().await;
    world
        .post("/ddis", ddi("34911000001", "user", 100_001))
        .await
        .expect(201);
    let mut by_trunk = ddi("34911000002", "user", 100_001);
    by_trunk["trunk_id"] = json!(7);
    for (body, status, field, part) in [
        (json!({}), 400, "e164", "must be given"),
        (
            ddi("123456", "user", 100_001),
            400,
            "e164",
            "7 to 15 digits",
        ),
        (
            ddi("1234567890123456", "user", 100_001),
            400,
            "e164",
            "7 to 15 digits",
        ),
        (ddi("++34911000002", "user", 100_001), 400, "e164", "digits"),
        (ddi("34911000002", "fax", 1), 400, "target_type", "one of"),
        (
            ddi("34911000002", "queue", 9),
            400,
            "target_id",
            "9 is not the id of a queue",
        ),
        (
            ddi("34911000002", "user", 1),
            400,
            "target_id",
            "1 is not the id of a user",
        ),
        (by_trunk, 400, "trunk_id", "7 is not the id of a trunk"),
        (ddi("34911000001", "queue", 1), 409, "e164", "already taken"),
    ] {
        let code = if status == 400 {
            "validation_failed"
        } else {
            "conflict"
        };
        let (found, message) = world.post("/ddis", body).await.error(status, code);
        assert_eq!(found, field, "{message}");
        assert!(message.contains(part), "{message}");
    }
    for (body, field) in [
        (json!({"target_id": 100_002}), "target_type"),
        (json!({"target_type": "user"}), "target_id"),
        (json!({"target_type": "user", "target_id": -1}), "target_id"),
        (
            json!({"target_type": "user", "target_id": "x"}),
            "target_id",
        ),
        (json!({"trunk_id": false}), "trunk_id"),
    ] {
        let (found, _) = world
            .patch("/ddis/1", body)
            .await
            .error(400, "validation_failed");
        assert_eq!(found, field);
    }
    world.end();
}
