//! Recordings of calls, and messages that were left.

use axum::body::Body;
use axum::http::Request;
use offhook_base::{Audio, CallId, RecordingId, RecordingKind, RecordingRecord, UserId};
use serde_json::{Value, json};

use crate::world::{ADMIN, ADMIN_ID, Reply, START, USER, USER_ID, World, cdr, filter};

pub fn record(id: u64, kind: RecordingKind, user: Option<UserId>) -> RecordingRecord {
    RecordingRecord {
        id: RecordingId(id),
        kind,
        call: CallId(11),
        root: CallId(11),
        user,
        context: "LOCAL_USER".to_owned(),
        started_at: START,
        caller: "100".to_owned(),
        called: "101".to_owned(),
        audio: Audio {
            duration_ms: 61_999,
            channels: 2,
            sample_rate: 8_000,
            size_wav: 1_984_012,
            size_mp3: 248_256,
            cut: false,
        },
    }
}

fn call(id: u64, user: Option<UserId>) -> RecordingRecord {
    record(id, RecordingKind::Call, user)
}

fn with_sound(world: &World, id: u64, wav: &[u8], mp3: &[u8]) {
    let sounds = [wav.to_vec(), mp3.to_vec()];
    let mut all = world.played.sounds.lock().unwrap();
    all.insert(RecordingId(id), sounds);
}

async fn range(world: &World, path: &str, range: &str) -> Reply {
    let request = Request::get(format!("/v1.1{path}"))
        .header("X-Auth-Token", ADMIN)
        .header("Range", range)
        .body(Body::empty())
        .unwrap();
    world.request(request).await
}

#[tokio::test]
async fn a_recording_has_the_fields_of_the_contract() {
    let world = World::new();
    let outbound = offhook_base::CdrRecord {
        destination: "out".to_owned(),
        ..cdr(11, ADMIN_ID, None)
    };
    world.project(7, &outbound);
    world.recording(9, &call(5, Some(USER_ID)));
    let row = json!({
        "id": 5, "live_id": 11, "cdr_id": 7, "user_id": USER_ID, "timestamp": "2023-11-14 22:13:20", "caller": "100",
        "called": "101", "duration": 61, "type": "O", "size": 248_256, "context": "LOCAL_USER", "size_wav": 1_984_012,
        "channels": 2, "cut": false,
    });
    assert_eq!(world.get("/monitors/5").await.expect(200)["data"], row);
    let by_call = filter(&json!([{"property": "live_id", "operator": "eq", "value": 11}]));
    let list = world.get(&format!("/monitors?filter={by_call}")).await;
    assert_eq!(list.expect(200), json!({"data": [row], "total": 1}));
    let shown = world.get("/monitors?fields[monitors]=id,size").await;
    let data = &shown.expect(200)["data"][0];
    assert_eq!(*data, json!({"id": 5, "size": 248_256}));
    world.end();
}

#[tokio::test]
async fn a_server_without_the_encoder_says_so() {
    let world = World::new();
    world.recording(9, &call(5, None));
    with_sound(&world, 5, b"0123", b"");
    let refused = world.get("/monitors/5.mp3").await;
    assert_eq!(refused.status.as_u16(), 501, "{}", refused.text);
    assert!(refused.text.contains("not_built") && refused.text.contains(".wav"));
    assert_eq!(world.get("/monitors/5.wav").await.status.as_u16(), 200);
}

#[tokio::test]
async fn its_sound_is_answered_whole_or_in_part() {
    let world = World::new();
    world.recording(9, &call(5, None));
    let long: Vec<u8> = (0..200_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    with_sound(&world, 5, &long, b"0123456789");
    let whole = world.get("/monitors/5.mp3").await;
    assert_eq!((whole.status.as_u16(), &*whole.text), (200, "0123456789"));
    for (name, expected) in [
        ("content-type", "audio/mpeg"),
        ("content-length", "10"),
        ("accept-ranges", "bytes"),
    ] {
        assert_eq!(whole.headers[name], expected);
    }
    let wav = world.get("/monitors/5.wav").await;
    assert_eq!(wav.headers["content-type"], "audio/wav");
    assert!(
        wav.octets == long,
        "over the borders of what is read at a time"
    );
    let middle = range(&world, "/monitors/5.wav", "bytes=65000-131999").await;
    assert_eq!(middle.status.as_u16(), 206);
    assert!(middle.octets == long[65_000..132_000]);
    for (asked, status, text, told) in [
        ("bytes=2-4", 206, "234", "bytes 2-4/10"),
        ("bytes=-3", 206, "789", "bytes 7-9/10"),
        ("bytes=8-", 206, "89", "bytes 8-9/10"),
    ] {
        let part = range(&world, "/monitors/5.mp3", asked).await;
        assert_eq!(
            (part.status.as_u16(), &*part.text),
            (status, text),
            "{asked}"
        );
        assert_eq!(part.headers["content-range"], told);
        assert_eq!(part.headers["content-length"], text.len().to_string());
    }
    let beyond = range(&world, "/monitors/5.mp3", "bytes=10-").await;
    beyond.error(416, "range_not_satisfiable");
    assert_eq!(beyond.headers["content-range"], "bytes */10");
    let whole = range(&world, "/monitors/5.mp3", "bytes=0-1,3-4").await;
    assert_eq!((whole.status.as_u16(), &*whole.text), (200, "0123456789"));
    world.end();
}

#[tokio::test]
async fn an_outline_has_as_many_pieces_as_asked() {
    let world = World::new();
    world.recording(9, &call(5, None));
    with_sound(&world, 5, b"w", b"m");
    let outline = world.get("/monitors/5/peaks?points=7").await.expect(200);
    let data = json!({"channels": [[-1, 1], [-32_768, 32_767]], "points": 7, "duration": 61.999});
    assert_eq!(outline["data"], data);
    assert_eq!(
        world.get("/monitors/5/peaks").await.expect(200)["data"]["points"],
        800
    );
    for points in ["0", "10001", "-1", "x", "", "99999999999"] {
        let refused = world
            .get(&format!("/monitors/5/peaks?points={points}"))
            .await;
        let (field, message) = refused.error(400, "invalid_parameter");
        assert_eq!(field, "points");
        assert!(message.contains("1 to 10000"), "{message}");
    }
    world.end();
}

#[tokio::test]
async fn a_user_hears_and_sees_its_own_alone_and_removes_no_recording_of_a_call() {
    let world = World::new();
    let message = |id, user| record(id, RecordingKind::Message, Some(user));
    for (pos, record) in [
        call(1, Some(USER_ID)),
        call(2, Some(ADMIN_ID)),
        call(3, None),
        message(4, USER_ID),
        message(5, ADMIN_ID),
    ]
    .iter()
    .enumerate()
    {
        world.recording(u64::try_from(pos).unwrap() + 1, record);
        with_sound(&world, record.id.0, b"w", b"m");
    }
    let get = async |path: &str| world.send("GET", path, USER, Value::Null).await;
    let ids = |reply: Value| -> Vec<u64> {
        let data = reply["data"].as_array().unwrap();
        data.iter().map(|row| row["id"].as_u64().unwrap()).collect()
    };
    assert_eq!(ids(get("/monitors").await.expect(200)), [1]);
    assert_eq!(ids(get("/voicemessages").await.expect(200)), [4]);
    for path in ["1", "1.wav", "1.mp3", "1/peaks"] {
        assert_eq!(get(&format!("/monitors/{path}")).await.status.as_u16(), 200);
    }
    for other in [2, 3, 4, 99] {
        for path in ["", ".wav", ".mp3", "/peaks"] {
            let refused = get(&format!("/monitors/{other}{path}")).await;
            refused.error(404, "not_found");
        }
    }
    let asked = std::mem::take(&mut *world.played.sounds_asked.lock().unwrap());
    assert_eq!(asked, ["1.wav", "1.mp3", "1.wav"], "no file of another");
    let delete = async |path: &str| world.send("DELETE", path, USER, Value::Null).await;
    delete("/monitors/1").await.error(403, "access_denied");
    delete("/voicemessages/5").await.error(404, "not_found");
    delete("/voicemessages/4,5").await.error(404, "not_found");
    get("/voicemessages/4").await.expect(200);
    assert_eq!(delete("/voicemessages/4").await.status.as_u16(), 204);
    get("/voicemessages/4").await.error(404, "not_found");
    world.end();
}

#[tokio::test]
async fn a_removed_recording_loses_its_files_before_its_entry() {
    let world = World::new();
    world.recording(1, &call(1, None));
    world.recording(2, &call(2, None));
    // Its file is gone already: the entry goes all the same.
    with_sound(&world, 1, b"w", b"m");
    world.get("/monitors/2.wav").await.error(404, "not_found");
    let refused = world.delete("/monitors/1,99").await;
    refused.error(404, "not_found");
    assert!(
        world
            .played
            .sounds
            .lock()
            .unwrap()
            .contains_key(&RecordingId(1))
    );
    assert_eq!(world.delete("/monitors/1,2").await.status.as_u16(), 204);
    let asked = world.played.sounds_asked.lock().unwrap().clone();
    assert_eq!(asked, ["2.wav", "remove 1", "remove 2"]);
    assert_eq!(world.get("/monitors").await.expect(200)["total"], 0);
    world.end();
}

#[tokio::test]
async fn a_message_has_the_fields_of_the_contract_and_is_marked_as_heard() {
    let world = World::new();
    world.recording(1, &record(6, RecordingKind::Message, Some(USER_ID)));
    let row = json!({
        "id": 6, "user_id": USER_ID, "origtime": "2023-11-14 22:13:20", "caller": "100", "dialled": "101", "duration": 61,
        "folder": "INBOX", "is_new": true,
    });
    assert_eq!(world.get("/voicemessages/6").await.expect(200)["data"], row);
    let patch =
        async |token: &str, body: Value| world.send("PATCH", "/voicemessages/6", token, body).await;
    let heard = patch(USER, json!({"is_new": false})).await.expect(200);
    assert_eq!(
        (&heard["data"]["is_new"], &heard["data"]["folder"]),
        (&json!(false), &json!("Old"))
    );
    patch(ADMIN, json!({"is_new": true})).await.expect(200);
    patch(ADMIN, json!({}))
        .await
        .error(400, "validation_failed");
    patch(ADMIN, json!({"is_new": "no"}))
        .await
        .error(400, "validation_failed");
    patch(ADMIN, json!({"is_new": true, "folder": "x"}))
        .await
        .error(400, "validation_failed");
    world.get("/monitors/6").await.error(404, "not_found");
    world.end();
}

#[tokio::test]
async fn a5_no_traversal_reaches_a_file() {
    let world = World::new();
    world.recording(1, &call(5, None));
    with_sound(&world, 5, b"w", b"m");
    let climbs = [
        "..",
        "%2e%2e",
        ".%2e",
        "..%2f",
        "..%5c",
        "%252e%252e",
        "....//",
        "..;",
        "%c0%ae%c0%ae",
    ];
    let targets = [
        "etc/passwd",
        "offhook.db",
        "offhook.key",
        "5.wav",
        "5.mp3",
        "recordings%2f5.wav",
    ];
    let mut tried = 0;
    for climb in climbs {
        for target in targets {
            for path in [
                format!("/monitors/{climb}/{target}"),
                format!("/monitors/{climb}%2f{target}"),
                format!("/monitors/5.wav%00{climb}%2f{target}"),
                format!("/monitors/5{climb}%2f{target}.mp3"),
            ] {
                let reply = world.get(&path).await;
                let status = reply.status.as_u16();
                assert!(matches!(status, 400 | 404), "{path}: {status}");
                tried += 1;
            }
        }
    }
    assert!(tried >= 200, "{tried}");
    let asked = world.played.sounds_asked.lock().unwrap().clone();
    assert_eq!(asked, [""; 0], "no file was looked for");
    world.end();
}
