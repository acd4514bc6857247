//! `/events`

use offhook_base::{JournalPos, Wall};
use serde_json::{Value, json};

use crate::world::World;

async fn page(world: &World, query: &str) -> (Vec<Value>, String) {
    let reply = world.get(&format!("/events?{query}")).await.expect(200);
    (
        reply["data"].as_array().unwrap().clone(),
        reply["next"].as_str().unwrap().to_owned(),
    )
}

#[tokio::test]
async fn a_reader_follows_its_cursor_and_misses_nothing() {
    let mut world = World::new();
    let (none, start) = page(&world, "").await;
    assert!(none.is_empty());
    for seq in 1..=5 {
        world.commit(seq, if seq % 2 == 0 { 12 } else { 11 }, Vec::new());
    }
    let (first, next) = page(&world, &format!("after={start}&limit=3")).await;
    assert_eq!(
        first,
        [
            json!({"call_id": 11, "seq": 1}),
            json!({"call_id": 12, "seq": 2}),
            json!({"call_id": 11, "seq": 3})
        ]
    );
    let (second, next) = page(&world, &format!("after={next}&limit=3")).await;
    assert_eq!(second.len(), 2);
    let (none, same) = page(&world, &format!("after={next}")).await;
    assert!(none.is_empty());
    assert_eq!(same, next);
    world.commit(6, 11, Vec::new());
    assert_eq!(
        page(&world, &format!("after={next}")).await.0,
        [json!({"call_id": 11, "seq": 6})]
    );
    let (of_call, _) = page(&world, "call_id=12").await;
    assert_eq!(
        of_call,
        [
            json!({"call_id": 12, "seq": 2}),
            json!({"call_id": 12, "seq": 4})
        ]
    );
    world.end();
}

#[tokio::test]
async fn a_body_is_answered_octet_by_octet() {
    let mut world = World::new();
    world.commit(1, 11, Vec::new());
    assert!(
        world
            .get("/events")
            .await
            .text
            .contains(r#"[{"call_id":11,"seq":1}]"#)
    );
    world.end();
}

#[tokio::test]
async fn an_expired_cursor_is_410_and_a_foreign_one_400() {
    let mut world = World::new();
    let (_, start) = page(&world, "").await;
    for seq in 1..=3 {
        world.commit(seq, 11, Vec::new());
    }
    let (_, next) = page(&world, "limit=1").await;
    world
        .journal
        .purge(Wall(i64::MAX), JournalPos(2), JournalPos(0), 100)
        .unwrap();
    world
        .get(&format!("/events?after={start}"))
        .await
        .error(410, "cursor_expired");
    world
        .get(&format!("/events?after={next}"))
        .await
        .error(410, "cursor_expired");
    let (left, last) = page(&world, "").await;
    assert_eq!(left, [json!({"call_id": 11, "seq": 3})]);
    page(&world, &format!("after={last}")).await;
    for wrong in ["x", "MTp4", "%FF", "1:3"] {
        assert_eq!(
            world
                .get(&format!("/events?after={wrong}"))
                .await
                .error(400, "invalid_parameter")
                .0,
            "after"
        );
    }
    for (query, field) in [
        ("call_id=x", "call_id"),
        ("limit=0", "limit"),
        ("limit=10001", "limit"),
    ] {
        assert_eq!(
            world
                .get(&format!("/events?{query}"))
                .await
                .error(400, "invalid_parameter")
                .0,
            field
        );
    }
    world.end();
}
