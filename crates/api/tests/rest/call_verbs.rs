//! `POST /calls` and `PATCH /calls/{id}`.

use std::sync::Arc;

use offhook_api::ports::{CallControlError, LiveCall, LiveParty};
use offhook_base::{CallId, CdrRecord, Disposition};
use offhook_store::{DdiSpec, DdiTarget, TrunkSpec, UserPatch};
use serde_json::{Value, json};

use crate::world::{ADMIN, ADMIN_ID, USER, USER_ID, World, cdr};

fn call(id: u64, root: u64, src_id: &str) -> Arc<LiveCall> {
    Arc::new(LiveCall {
        id: CallId(id),
        root_id: CallId(root),
        state: "CONNECTED".to_owned(),
        src: LiveParty {
            id: src_id.to_owned(),
            ..LiveParty::default()
        },
        ..LiveCall::default()
    })
}

/// A call of the admin, 1, and one of the user, 2; and 11, which verbs open.
fn up() -> World {
    let world = World::new();
    world.played.live.lock().unwrap().extend([
        call(1, 1, &ADMIN_ID.to_string()),
        call(2, 2, &USER_ID.to_string()),
        call(11, 2, "0"),
    ]);
    world
}

fn refuse(world: &World, error: CallControlError) {
    *world.played.refusal.lock().unwrap() = Some(error);
}

#[tokio::test]
async fn a_transfer_answers_with_the_new_call() {
    let world = up();
    let moved = world
        .patch("/calls/1", json!({"dst": "+34911000000"}))
        .await
        .expect(200);
    assert_eq!(
        (&moved["data"]["id"], &moved["data"]["root_id"]),
        (&json!(11), &json!(2))
    );
    for party in ["src", "dst"] {
        world
            .send(
                "PATCH",
                "/calls/2",
                USER,
                json!({"dst": "2002", "party": party}),
            )
            .await
            .expect(200);
    }
    assert_eq!(
        *world.played.verbs.lock().unwrap(),
        [
            "transfer 1 to +34911000000 -",
            "transfer 2 to 2002 src",
            "transfer 2 to 2002 dst"
        ]
    );
    world.end();
}

#[tokio::test]
async fn a_new_call_that_is_over_already_is_shown_as_that() {
    let world = up();
    *world.played.opened.lock().unwrap() = Some(CallId(99));
    let moved = world
        .patch("/calls/2", json!({"dst": "2002"}))
        .await
        .expect(200);
    let moved = &moved["data"];
    assert_eq!(
        (&moved["id"], &moved["root_id"], &moved["state"]),
        (&json!(99), &json!(2), &json!("HANGUP"))
    );
    let made = world.post("/calls", json!({"to": "101"})).await.expect(201);
    assert_eq!(
        (&made["data"]["id"], &made["data"]["root_id"]),
        (&json!(99), &json!(99))
    );
    world.end();
}

#[tokio::test]
async fn a_new_call_that_has_a_cdr_already_is_shown_with_its_numbers() {
    let world = up();
    *world.played.opened.lock().unwrap() = Some(CallId(99));
    let failed = CdrRecord {
        disposition: Disposition::Failed,
        destination: "out".to_owned(),
        ..cdr(99, USER_ID, None)
    };
    world.project(1, &failed);
    let made = world.post("/calls", json!({"to": "101"})).await.expect(201);
    let made = &made["data"];
    for (field, value) in [
        ("id", json!(99)),
        ("state", json!("FAILED")),
        ("context", json!("LOCAL_USER")),
        ("clid", json!("\"Ana\" <100>")),
        ("start_time", json!(1_619_599_555)),
        ("connected_at", Value::Null),
        ("src", json!("100")),
        ("dst", json!("101")),
    ] {
        assert_eq!(made[field], value, "{field}");
    }
    *world.played.opened.lock().unwrap() = Some(CallId(98));
    world.project(2, &cdr(98, USER_ID, None));
    let made = world.post("/calls", json!({"to": "101"})).await.expect(201);
    assert_eq!(
        (&made["data"]["state"], &made["data"]["connected_at"]),
        (&json!("HANGUP"), &json!(1_619_599_562))
    );
    world.end();
}

#[tokio::test]
async fn a_user_shows_own_numbers_those_of_trunks_or_none() {
    let world = up();
    let trunk = TrunkSpec {
        name: "a".to_owned(),
        host: "192.0.2.1".to_owned(),
        caller_id: "34911000000".to_owned(),
        ..TrunkSpec::default()
    };
    world.db.create_trunk(&trunk).unwrap();
    for (e164, user) in [("34911000001", USER_ID), ("34911000002", ADMIN_ID)] {
        let ddi = DdiSpec {
            e164: e164.to_owned(),
            trunk: None,
            target: DdiTarget::User(user),
        };
        world.db.create_ddi(&ddi).unwrap();
    }
    for (token, number, status) in [
        (USER, "anonymous", 201),
        (USER, "34911000000", 201),
        (USER, "+34911000001", 201),
        (USER, "34911000002", 400),
        (USER, "34911000003", 400),
        (ADMIN, "34911000003", 201),
    ] {
        let body = json!({"to": "101", "caller_id": number});
        let reply = world.send("POST", "/calls", token, body).await;
        if status == 400 {
            let (field, message) = reply.error(400, "validation_failed");
            assert_eq!(field, "caller_id", "{message}");
        } else {
            reply.expect(status);
        }
    }
    assert_eq!(world.played.verbs.lock().unwrap().len(), 4);
    world.end();
}

#[tokio::test]
async fn nobody_is_called_who_is_switched_off() {
    let world = up();
    let off = UserPatch {
        active: Some(false),
        ..UserPatch::default()
    };
    world.db.update_user(USER_ID, &off, world.now()).unwrap();
    let (field, message) = world
        .post("/calls", json!({"to": "101", "from": USER_ID.0}))
        .await
        .error(400, "validation_failed");
    assert_eq!(field, "from");
    assert!(message.contains("switched off"), "{message}");
    assert!(world.played.verbs.lock().unwrap().is_empty());
    world.end();
}

#[tokio::test]
async fn everything_wrong_with_a_wish_is_told_at_once() {
    let world = up();
    let body = json!({"monitor_state": 2, "dst": "2", "party": "both", "when": "now"});
    let reply = world.patch("/calls/1", body).await;
    reply.error(400, "validation_failed");
    let errors = reply.json()["errors"].as_array().unwrap().clone();
    let fields: Vec<_> = errors.iter().map(|error| &error["field"]).collect();
    assert_eq!(
        fields,
        ["monitor_state", "dst", "monitor_state", "party", "when"]
    );
    world.end();
}

#[tokio::test]
async fn a_call_is_held_and_resumed_and_answered_with_itself() {
    let world = up();
    for state in ["ON_HOLD", "CONNECTED"] {
        let held = world
            .send("PATCH", "/calls/2", USER, json!({"state": state}))
            .await
            .expect(200);
        assert_eq!(held["data"]["id"], 2);
    }
    world
        .patch("/calls/2", json!({"state": "ON_HOLD"}))
        .await
        .expect(200);
    assert_eq!(
        *world.played.verbs.lock().unwrap(),
        [
            "hold 2 true by 100002",
            "hold 2 false by 100002",
            "hold 2 true by 100001"
        ]
    );
    world.end();
}

#[tokio::test]
async fn a_recording_is_started_and_stopped_and_the_call_is_the_answer() {
    let world = up();
    for state in [1, 0] {
        let call = world
            .send("PATCH", "/calls/2", USER, json!({"monitor_state": state}))
            .await
            .expect(200);
        assert_eq!(call["data"]["id"], 2);
    }
    assert_eq!(
        *world.played.verbs.lock().unwrap(),
        ["monitor 2 true by 100002", "monitor 2 false by 100002"]
    );
    world.end();
}

#[tokio::test]
async fn a_user_steers_own_calls_only() {
    let world = up();
    for body in [
        json!({"dst": "2002"}),
        json!({"state": "ON_HOLD"}),
        json!({"monitor_state": 1}),
    ] {
        world
            .send("PATCH", "/calls/1", USER, body)
            .await
            .error(404, "not_found");
    }
    assert!(world.played.verbs.lock().unwrap().is_empty());
    world.end();
}

#[tokio::test]
async fn what_cannot_be_asked_of_a_call_is_named() {
    let world = up();
    for (body, field, part) in [
        (
            json!({}),
            "dst",
            "must be given, or state, or monitor_state",
        ),
        (
            json!({"party": "src"}),
            "dst",
            "must be given, or state, or monitor_state",
        ),
        (json!({"dst": "2"}), "dst", "2 to 15 digits"),
        (json!({"dst": "sip:a@b.example"}), "dst", "2 to 15 digits"),
        (json!({"dst": "1234567890123456"}), "dst", "2 to 15 digits"),
        (json!({"dst": 2002}), "dst", "must be a string"),
        (json!({"dst": "2002", "state": "ON_HOLD"}), "state", "dst"),
        (json!({"dst": "2002", "party": "both"}), "party", "src, dst"),
        (json!({"state": "ON_HOLD", "party": "src"}), "party", "dst"),
        (json!({"state": "RINGING"}), "state", "ON_HOLD, CONNECTED"),
        (json!({"state": "answer"}), "state", "ON_HOLD, CONNECTED"),
        (json!({"monitor_state": 2}), "monitor_state", "from 0 to 1"),
        (
            json!({"monitor_state": 1, "dst": "2002"}),
            "monitor_state",
            "dst",
        ),
        (
            json!({"monitor_state": 1, "state": "ON_HOLD"}),
            "monitor_state",
            "state",
        ),
        (
            json!({"monitor_state": true}),
            "monitor_state",
            "must be a number",
        ),
        (
            json!({"monitor_state": 1, "party": "src"}),
            "party",
            "dst only",
        ),
        (json!({"dst": "2002", "when": "now"}), "when", "not a field"),
    ] {
        let reply = world.patch("/calls/1", body).await;
        let (found, message) = reply.error(400, "validation_failed");
        assert_eq!(found, field, "{message}");
        assert!(message.contains(part), "{message}");
    }
    for (body, field, part) in [
        (json!({}), "to", "must be given"),
        (json!({"to": "1"}), "to", "2 to 15 digits"),
        (json!({"to": "a@b"}), "to", "2 to 15 digits"),
        (json!({"to": "101", "from": "ana"}), "from", "must be an id"),
        (
            json!({"to": "101", "from": 7}),
            "from",
            "not the id of a user",
        ),
        (
            json!({"to": "101", "caller_id": "101"}),
            "caller_id",
            "7 to 15 digits",
        ),
        (
            json!({"to": "101", "caller_id": "Anonymous"}),
            "caller_id",
            "7 to 15 digits",
        ),
        (json!({"to": "101", "video": true}), "video", "not a field"),
    ] {
        let reply = world.post("/calls", body).await;
        let (found, message) = reply.error(400, "validation_failed");
        assert_eq!(found, field, "{message}");
        assert!(message.contains(part), "{message}");
    }
    assert!(world.played.verbs.lock().unwrap().is_empty());
    world.end();
}

#[tokio::test]
async fn what_the_switch_refuses_is_told_with_its_words() {
    let world = up();
    let gone = CallControlError::NotFound;
    let busy = CallControlError::Conflict("is being transferred");
    let bad = CallControlError::BadTarget("nobody is called by this number");
    for (body, error, status, code, field, message) in [
        (
            json!({"dst": "2002"}),
            gone,
            404,
            "not_found",
            "id",
            "Resource not found",
        ),
        (
            json!({"state": "ON_HOLD"}),
            gone,
            404,
            "not_found",
            "id",
            "Resource not found",
        ),
        (
            json!({"dst": "2002"}),
            busy,
            409,
            "conflict",
            "state",
            "is being transferred",
        ),
        (
            json!({"dst": "2002"}),
            bad,
            400,
            "validation_failed",
            "dst",
            "nobody is called by this number",
        ),
    ] {
        refuse(&world, error);
        let reply = world.patch("/calls/1", body).await;
        assert_eq!(
            reply.error(status, code),
            (field.to_owned(), message.to_owned())
        );
    }
    refuse(&world, CallControlError::Unavailable);
    world
        .patch("/calls/1", json!({"dst": "2002"}))
        .await
        .error(503, "unavailable");
    let to = || json!({"to": "101"});
    refuse(&world, bad);
    let (field, _) = world
        .post("/calls", to())
        .await
        .error(400, "validation_failed");
    assert_eq!(field, "to");
    refuse(&world, CallControlError::NoPhone);
    let (field, message) = world.post("/calls", to()).await.error(412, "no_phone");
    assert_eq!(
        (field.as_str(), message.as_str()),
        ("from", "No phone of this user is registered")
    );
    world
        .patch("/calls/77", json!({"dst": "2002"}))
        .await
        .error(404, "not_found");
    world.end();
}

#[tokio::test]
async fn a_call_is_started_for_oneself_or_by_an_admin_for_anybody() {
    let world = up();
    for (token, body, status) in [
        (USER, json!({"to": "100"}), 201),
        (USER, json!({"to": "+34911000000", "from": 100_002}), 201),
        (USER, json!({"to": "100", "from": "100002"}), 201),
        (USER, json!({"to": "100", "from": 100_001}), 403),
        (USER, json!({"to": "100", "from": 7}), 403),
        (
            ADMIN,
            json!({"to": "34911000000", "from": "100002", "caller_id": "+34922000000"}),
            201,
        ),
        (ADMIN, json!({"to": "100", "caller_id": "anonymous"}), 201),
    ] {
        let made = world
            .send("POST", "/calls", token, body)
            .await
            .expect(status);
        if status == 201 {
            assert_eq!(made["data"]["id"], 11);
        }
    }
    assert_eq!(
        *world.played.verbs.lock().unwrap(),
        [
            "originate 100002 to 100 as -",
            "originate 100002 to +34911000000 as -",
            "originate 100002 to 100 as -",
            "originate 100002 to 34911000000 as 34922000000",
            "originate 100001 to 100 as anonymous",
        ]
    );
    world
        .send("POST", "/calls", "", json!({"to": "100"}))
        .await
        .error(401, "unauthorized");
    let call = world.send("GET", "/calls/11", ADMIN, Value::Null).await;
    call.expect(200);
    world.end();
}
