//! `/sounds` and `/settings`: files come in, are listed, go out, and stay while something plays them.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::world::{ADMIN, Reply, World};

/// A second of a low tone in 8 kHz, 16 bits.
fn wav() -> Vec<u8> {
    let samples = (0..8_000_i32).flat_map(|n| {
        let square = if n / 10 % 2 == 0 { 4_000_i16 } else { -4_000 };
        square.to_le_bytes()
    });
    let mut file = b"RIFF\xa4\x3e\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\x80\x3e\0\0".to_vec();
    file.extend(samples);
    file
}

async fn put(world: &World, query: &str, kind: &str, file: Vec<u8>) -> Reply {
    let request = Request::post(format!("/v1.1/sounds{query}"))
        .header("X-Auth-Token", ADMIN)
        .header("Content-Type", kind);
    world.request(request.body(Body::from(file)).unwrap()).await
}

#[tokio::test]
async fn a_sound_is_put_in_listed_heard_and_removed() {
    let world = World::new();
    let made = put(&world, "?name=Waltz", "audio/wav", wav())
        .await
        .expect(201);
    let sound = &made["data"];
    assert_eq!(
        (
            &sound["id"],
            &sound["name"],
            &sound["duration_ms"],
            &sound["size"]
        ),
        (&json!(1), &json!("Waltz"), &json!(1_000), &json!(32_044))
    );
    assert_eq!(world.played.told(), ["sound 1 Waltz 1000 ms"]);
    let listed = world
        .get("/sounds?fields=sounds(id,name)")
        .await
        .expect(200);
    assert_eq!(listed["total"], 1);
    assert_eq!(world.get("/sounds/1").await.expect(200)["data"], *sound);
    let file = world.get("/sounds/1.wav").await;
    assert_eq!(file.headers["content-type"], "audio/wav");
    assert_eq!(
        (file.octets.len(), &file.octets[..4]),
        (32_044, &b"RIFF"[..])
    );
    let part = Request::get("/v1.1/sounds/1.wav")
        .header("X-Auth-Token", ADMIN)
        .header("Range", "bytes=44-47");
    let part = world.request(part.body(Body::empty()).unwrap()).await;
    assert_eq!(part.headers["content-range"], "bytes 44-47/32044");
    assert_eq!(part.octets, file.octets[44..48]);
    world.get("/sounds/2.wav").await.error(404, "not_found");
    world
        .get("/sounds/..%2foffhook.db.wav")
        .await
        .error(404, "not_found");
    world.delete("/sounds/1").await.expect(204);
    assert_eq!(world.played.told(), ["sound 1 gone"]);
    world.get("/sounds/1.wav").await.error(404, "not_found");
    world.end();
}

#[tokio::test]
async fn what_is_no_sound_is_refused_in_words() {
    let world = World::new();
    let mp3 = b"ID3\x04\0\0".to_vec();
    let (field, message) = put(&world, "?name=x", "audio/wav", mp3)
        .await
        .error(400, "validation_failed");
    assert_eq!(
        (&*field, &*message),
        ("body", "this is no WAV file: it begins with \"ID3\\x04\"")
    );
    put(&world, "?name=x", "audio/mpeg", wav())
        .await
        .expect(415);
    for query in ["", "?name=", "?name=%20", "?name=a%0ab"] {
        let (field, _) = put(&world, query, "audio/wav", wav())
            .await
            .error(400, "invalid_parameter");
        assert_eq!(field, "name");
    }
    put(&world, "?name=x", "audio/wav", vec![0; 20_000_001])
        .await
        .expect(413);
    put(&world, "?name=x", "audio/wav", wav()).await.expect(201);
    put(&world, "?name=x", "audio/wav", wav()).await.expect(409);
    assert_eq!(world.get("/sounds").await.expect(200)["total"], 1);
    world.end();
}

#[tokio::test]
async fn what_is_played_somewhere_stays() {
    let world = World::new();
    for name in ["a", "b", "c"] {
        let query = format!("?name={name}");
        put(&world, &query, "audio/x-wav", wav()).await.expect(201);
    }
    let queue = json!({"name": "Q", "number": "800", "music": 1, "announcement": 2});
    let made = world.post("/queues", queue).await.expect(201);
    assert_eq!(
        (&made["data"]["music"], &made["data"]["announcement"]),
        (&json!(1), &json!(2))
    );
    let settings = world
        .patch("/settings", json!({"music": 3}))
        .await
        .expect(200);
    assert_eq!(settings["data"]["music"], 3);
    assert_eq!(world.get("/settings").await.expect(200)["data"]["music"], 3);
    world
        .patch("/settings", json!({"greeting": 2}))
        .await
        .expect(200);
    assert_eq!(
        world.played.told().last().unwrap(),
        "greeting Some(SoundId(2))"
    );
    let settings = world.get("/settings").await.expect(200)["data"].clone();
    assert_eq!(
        settings,
        json!({"greeting": 2, "language": "en", "music": 3, "ringback": null})
    );
    for id in [1, 2, 3] {
        world.delete(&format!("/sounds/{id}")).await.expect(409);
    }
    for (path, body) in [
        ("/settings", json!({"music": 9})),
        ("/settings", json!({"language": "fr"})),
        ("/queues/1", json!({"music": 9})),
        ("/queues/1", json!({"announcement": "x"})),
    ] {
        let (field, _) = world
            .patch(path, body.clone())
            .await
            .error(400, "validation_failed");
        assert!(body.get(&field).is_some(), "{field}");
    }
    world.played.told();
    world
        .patch("/queues/1", json!({"music": null, "announcement": null}))
        .await
        .expect(200);
    world
        .patch("/settings", json!({"greeting": null, "music": null}))
        .await
        .expect(200);
    assert_eq!(world.played.told().last().unwrap(), "music None");
    assert_eq!(
        world.get("/settings").await.expect(200)["data"]["music"],
        Value::Null
    );
    world.delete("/sounds/1,2,3").await.expect(204);
    world.end();
}

#[tokio::test]
async fn the_language_of_prompts_is_chosen_together_with_sounds_or_not_at_all() {
    let world = World::new();
    put(&world, "?name=a", "audio/wav", wav()).await.expect(201);
    let language = async || world.get("/settings").await.expect(200)["data"]["language"].clone();
    assert_eq!(language().await, "en");
    let refused = json!({"language": "es", "greeting": 9});
    world.patch("/settings", refused).await.expect(400);
    assert_eq!(language().await, "en");
    let chosen = json!({"language": "es", "greeting": 1});
    let settings = world.patch("/settings", chosen).await.expect(200);
    assert_eq!(
        settings["data"],
        json!({"greeting": 1, "language": "es", "music": null, "ringback": null})
    );
    assert_eq!(world.played.told().last().unwrap(), "language es");
    assert_eq!(language().await, "es");
    world.end();
}
