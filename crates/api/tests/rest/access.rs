//! Every route by everybody.

use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use offhook_api::ports::LiveCall;
use offhook_base::{CallId, DeliveryId, RecordingId, RecordingKind, Secret, WebhookId};
use offhook_store::{
    DdiSpec, DdiTarget, NewPhone, QueueAgent, QueueSpec, RingGroupSpec, RoutedDelivery, TrunkSpec,
};
use serde_json::{Value, json};

use crate::world::{ADMIN, ADMIN_ID, EXPIRED, USER, USER_ID, World, cdr};

/// Method, path, body, status for the admin, status for the user.
pub type Route = (&'static str, &'static str, Value, u16, u16);

pub fn routes() -> Vec<Route> {
    // The last of the usual ones ends the session that the others use.
    let mut all = outside_and_shared();
    all.extend(recorded());
    all.extend(usual());
    all
}

fn recorded() -> Vec<Route> {
    vec![
        ("GET", "/monitors", Value::Null, 200, 200),
        ("GET", "/monitors/5", Value::Null, 200, 404),
        ("GET", "/monitors/5.mp3", Value::Null, 200, 404),
        ("GET", "/monitors/5.wav", Value::Null, 200, 404),
        ("GET", "/monitors/5/peaks", Value::Null, 200, 404),
        ("DELETE", "/monitors/99", Value::Null, 404, 403),
        ("GET", "/voicemessages", Value::Null, 200, 200),
        ("GET", "/voicemessages/6", Value::Null, 200, 404),
        ("GET", "/voicemessages/6.mp3", Value::Null, 200, 404),
        ("GET", "/voicemessages/6.wav", Value::Null, 200, 404),
        ("GET", "/voicemessages/6/peaks", Value::Null, 200, 404),
        (
            "PATCH",
            "/voicemessages/6",
            json!({"is_new": false}),
            200,
            404,
        ),
        ("DELETE", "/voicemessages/99", Value::Null, 404, 404),
    ]
}

fn usual() -> Vec<Route> {
    let hook = || json!({"name": "a", "url": "https://a.example/", "events": ["call.missed"]});
    vec![
        ("GET", "/ping", Value::Null, 200, 200),
        ("GET", "/me", Value::Null, 200, 200),
        ("GET", "/apitokens", Value::Null, 200, 200),
        ("POST", "/apitokens", json!({"name": "t"}), 201, 201),
        ("DELETE", "/apitokens/99", Value::Null, 404, 404),
        ("GET", "/users", Value::Null, 200, 403),
        (
            "POST",
            "/users",
            json!({"first_name": "A", "email": "a@example.org", "ext": "900"}),
            201,
            403,
        ),
        ("GET", "/users/100002", Value::Null, 200, 403),
        ("PATCH", "/users/100002", json!({"dnd": true}), 200, 403),
        ("DELETE", "/users/100099", Value::Null, 404, 403),
        ("GET", "/phones", Value::Null, 200, 403),
        ("POST", "/phones", json!({"user_id": 100_001}), 201, 403),
        ("GET", "/phones/1", Value::Null, 200, 403),
        ("PATCH", "/phones/1", json!({"display_name": "x"}), 200, 403),
        ("POST", "/phones/1/reset", Value::Null, 200, 403),
        ("DELETE", "/phones/99", Value::Null, 404, 403),
        ("GET", "/integrations/webhooks", Value::Null, 200, 403),
        (
            "PATCH",
            "/integrations/webhooks",
            json!({"enabled": true}),
            200,
            403,
        ),
        ("GET", "/webhooks", Value::Null, 200, 403),
        ("GET", "/webhooks/activity", Value::Null, 200, 403),
        ("POST", "/webhooks", hook(), 201, 403),
        ("GET", "/webhooks/1", Value::Null, 200, 403),
        ("PATCH", "/webhooks/1", json!({"name": "b"}), 200, 403),
        ("POST", "/webhooks/1/test", Value::Null, 200, 403),
        ("POST", "/webhooks/1/rotate-secret", Value::Null, 200, 403),
        (
            "POST",
            "/webhooks/1/recover",
            json!({"since": "2023-01-01"}),
            200,
            403,
        ),
        ("DELETE", "/webhooks/99", Value::Null, 404, 403),
        ("GET", "/calls", Value::Null, 200, 200),
        ("GET", "/calls/11", Value::Null, 200, 404),
        ("DELETE", "/calls/12", Value::Null, 404, 404),
        ("GET", "/cdrs", Value::Null, 200, 200),
        ("GET", "/cdrs.csv", Value::Null, 200, 200),
        ("GET", "/cdrs/1", Value::Null, 200, 404),
        ("GET", "/calls/11/flow", Value::Null, 200, 403),
        ("GET", "/calls/11/flow.json", Value::Null, 200, 403),
        ("GET", "/calls/11/flow.pcap", Value::Null, 200, 403),
        ("GET", "/calls/11/flow.svg", Value::Null, 200, 403),
        ("GET", "/calls/11/flow.txt", Value::Null, 200, 403),
        ("GET", "/calls/12/flow", Value::Null, 404, 403),
        ("GET", "/calls/12/flow.pcap", Value::Null, 404, 403),
        ("GET", "/calls/12/flow.svg", Value::Null, 404, 403),
        ("GET", "/cdrs/1/flow", Value::Null, 200, 403),
        ("GET", "/cdrs/1/flow.json", Value::Null, 200, 403),
        ("GET", "/cdrs/1/flow.pcap", Value::Null, 200, 403),
        ("GET", "/cdrs/1/flow.svg", Value::Null, 200, 403),
        ("GET", "/cdrs/1/flow.txt", Value::Null, 200, 403),
        ("GET", "/cdrs/2/flow", Value::Null, 404, 403),
        ("GET", "/sms", Value::Null, 200, 200),
        ("GET", "/sms/77", Value::Null, 200, 404),
        (
            "POST",
            "/sms",
            json!({"to": "101", "message": "hi", "from": "100"}),
            201,
            201,
        ),
        (
            "POST",
            "/sms/inbound",
            json!({"from": "34600000001", "to": "101", "text": "hi"}),
            201,
            403,
        ),
        ("GET", "/deliveries", Value::Null, 200, 403),
        ("GET", "/deliveries/1", Value::Null, 200, 403),
        ("POST", "/deliveries/1/resend", Value::Null, 200, 403),
        ("GET", "/events", Value::Null, 200, 403),
        ("DELETE", "/session", Value::Null, 204, 204),
    ]
}

/// Trunks, numbers, groups, queues, and the verbs on calls.
fn outside_and_shared() -> Vec<Route> {
    vec![
        ("GET", "/trunks", Value::Null, 200, 403),
        (
            "POST",
            "/trunks",
            json!({"name": "b", "host": "192.0.2.9", "mode": "ip", "transport": "udp"}),
            201,
            403,
        ),
        ("GET", "/trunks/1", Value::Null, 200, 403),
        ("PATCH", "/trunks/1", json!({"priority": 5}), 200, 403),
        ("DELETE", "/trunks/99", Value::Null, 404, 403),
        ("GET", "/ddis", Value::Null, 200, 403),
        (
            "POST",
            "/ddis",
            json!({"e164": "34911000009", "trunk_id": null, "target_type": "queue", "target_id": 1}),
            201,
            403,
        ),
        ("GET", "/ddis/1", Value::Null, 200, 403),
        ("PATCH", "/ddis/1", json!({"trunk_id": 1}), 200, 403),
        ("DELETE", "/ddis/99", Value::Null, 404, 403),
        ("GET", "/ringgroups?include=users", Value::Null, 200, 200),
        (
            "POST",
            "/ringgroups",
            json!({"name": "g", "number": "701", "users": [100_001]}),
            201,
            403,
        ),
        ("GET", "/ringgroups/1", Value::Null, 200, 200),
        ("GET", "/ringgroups/2", Value::Null, 200, 404),
        ("PATCH", "/ringgroups/1", json!({"users": []}), 200, 403),
        ("DELETE", "/ringgroups/99", Value::Null, 404, 403),
        ("GET", "/queues?include=users", Value::Null, 200, 200),
        (
            "POST",
            "/queues",
            json!({"name": "q", "number": "801", "users": [100_001, {"id": 100_002, "status": false}]}),
            201,
            403,
        ),
        ("GET", "/queues/1", Value::Null, 200, 200),
        ("GET", "/queues/2", Value::Null, 200, 404),
        ("PATCH", "/queues/1", json!({"announce": 30}), 200, 403),
        (
            "PATCH",
            "/queues/1",
            json!({"users": [{"id": 100_002, "status": true}]}),
            200,
            200,
        ),
        (
            "PATCH",
            "/queues/1",
            json!({"users": [{"id": 100_001, "remove": true}]}),
            200,
            403,
        ),
        ("GET", "/queues/1/live", Value::Null, 200, 200),
        ("GET", "/queues/2/live", Value::Null, 200, 403),
        ("DELETE", "/queues/1/wrapup/100001", Value::Null, 204, 403),
        ("DELETE", "/queues/1/wrapup/100002", Value::Null, 204, 204),
        ("DELETE", "/queues/99", Value::Null, 404, 403),
        ("GET", "/sounds", Value::Null, 200, 403),
        ("POST", "/sounds?name=a", Value::Null, 415, 403),
        ("GET", "/sounds/9", Value::Null, 404, 403),
        ("DELETE", "/sounds/9", Value::Null, 404, 403),
        ("GET", "/settings", Value::Null, 200, 403),
        ("PATCH", "/settings", json!({"music": null}), 200, 403),
        ("POST", "/calls", json!({"to": "101"}), 201, 201),
        (
            "POST",
            "/calls",
            json!({"to": "+34911000000", "from": 100_001, "caller_id": "anonymous"}),
            201,
            403,
        ),
        (
            "PATCH",
            "/calls/11",
            json!({"dst": "101", "party": "src"}),
            200,
            404,
        ),
        ("PATCH", "/calls/11", json!({"state": "ON_HOLD"}), 200, 404),
    ]
}

pub fn furnished() -> World {
    let mut world = World::new();
    let phone = NewPhone {
        user_id: ADMIN_ID,
        username: None,
        display_name: None,
        password: Secret::new("p".to_owned()),
    };
    world.db.create_phone(&phone, world.now()).unwrap();
    let trunk = TrunkSpec {
        name: "a".to_owned(),
        host: "192.0.2.1".to_owned(),
        ..TrunkSpec::default()
    };
    world.db.create_trunk(&trunk).unwrap();
    let group = RingGroupSpec {
        name: "a".to_owned(),
        number: "700".to_owned(),
        users: vec![USER_ID],
        ..RingGroupSpec::default()
    };
    world.db.create_ring_group(&group).unwrap();
    for (number, agents) in [("800", &[ADMIN_ID, USER_ID][..]), ("802", &[])] {
        let agents = agents.iter().map(|id| QueueAgent {
            id: *id,
            status: true,
        });
        let queue = QueueSpec {
            name: "a".to_owned(),
            number: number.to_owned(),
            users: agents.collect(),
            ..QueueSpec::default()
        };
        world.db.create_queue(&queue).unwrap();
    }
    let ddi = DdiSpec {
        e164: "34911000001".to_owned(),
        trunk: None,
        target: DdiTarget::User(ADMIN_ID),
    };
    world.db.create_ddi(&ddi).unwrap();
    world.project(1, &cdr(11, ADMIN_ID, None));
    world.text(2, &crate::sms::text(77, None, Some(ADMIN_ID)));
    for (pos, id, kind) in [(3, 5, RecordingKind::Call), (4, 6, RecordingKind::Message)] {
        world.recording(pos, &crate::recordings::record(id, kind, Some(ADMIN_ID)));
        let sounds = [vec![1; 10], vec![2; 5]];
        world
            .played
            .sounds
            .lock()
            .unwrap()
            .insert(RecordingId(id), sounds);
    }
    world.played.live.lock().unwrap().push(Arc::new(LiveCall {
        id: CallId(11),
        ..LiveCall::default()
    }));
    let delivery = RoutedDelivery {
        id: DeliveryId(1),
        webhook: WebhookId(1),
        prev_seq: 0,
        held: false,
    };
    world.commit(1, 11, vec![delivery]);
    world
}

#[tokio::test]
async fn every_route_answers_each_role_as_it_should() {
    for (token, column) in [(ADMIN, 0), (USER, 1)] {
        let world = furnished();
        for (method, path, body, admin, user) in routes() {
            let reply = world.send(method, path, token, body).await;
            let expected = if column == 0 { admin } else { user };
            assert_eq!(
                reply.status.as_u16(),
                expected,
                "{method} {path}: {}",
                reply.text
            );
            if expected == 403 {
                assert_eq!(reply.json()["message"], "Access denied");
            }
        }
        world.end();
    }
}

#[tokio::test]
async fn a_user_lists_own_queues_and_groups_only() {
    let world = furnished();
    let group = RingGroupSpec {
        name: "b".to_owned(),
        number: "702".to_owned(),
        ..RingGroupSpec::default()
    };
    world.db.create_ring_group(&group).unwrap();
    for path in ["/queues", "/ringgroups"] {
        let all = world.get(path).await.expect(200);
        assert_eq!(all["total"], 2, "{path}");
        let own = world.send("GET", path, USER, Value::Null).await.expect(200);
        assert_eq!(own["total"], 1, "{path}");
        assert_eq!(own["data"][0]["id"], 1, "{path}");
    }
    world
        .send("GET", "/ringgroups/2", USER, Value::Null)
        .await
        .error(404, "not_found");
    world.end();
}

#[tokio::test]
async fn nobody_and_an_expired_token_get_nothing() {
    for token in ["", EXPIRED, "not-a-token"] {
        for (method, path, body, _, _) in routes() {
            // A world for each: ten wrong tokens in a row are answered otherwise.
            let world = furnished();
            let reply = world.send(method, path, token, body).await;
            reply.error(401, "unauthorized");
            assert_eq!(reply.json()["message"], "Unauthorized", "{method} {path}");
            assert!(reply.headers.contains_key("www-authenticate"));
            assert!(world.played.told().is_empty());
            world.end();
        }
    }
}

#[tokio::test]
async fn the_same_is_served_under_every_base_path() {
    let world = World::new();
    for base in ["/v1.1", "/v1.1/voipstudio", "/v1.2", "/v1.2/voipstudio"] {
        let request = Request::get(format!("{base}/ping")).header("X-Auth-Token", ADMIN);
        let reply = world.request(request.body(Body::empty()).unwrap()).await;
        assert_eq!(reply.expect(200), json!({"data": {"response": "Pong"}}));
        assert_eq!(reply.headers["cache-control"], "no-store");
    }
    world.end();
}

#[tokio::test]
async fn unknown_paths_and_wrong_methods_are_told_in_json() {
    let world = World::new();
    for path in ["/nothing", "/users/1/nothing", "/v1.1/ping", ""] {
        world.get(path).await.error(404, "not_found");
    }
    let outside = Request::get("/v3/ping").body(Body::empty()).unwrap();
    world.request(outside).await.error(404, "not_found");
    let reply = world.send("PUT", "/users", ADMIN, json!({})).await;
    reply.error(405, "method_not_allowed");
    assert_eq!(reply.headers["allow"], "GET,HEAD,POST");
    for path in [
        "/users/abc",
        "/users/-1",
        "/users/99999999999999999999",
        "/users/%FF",
        "/phones/4294967296",
        "/cdrs/x",
        "/calls/1e3",
    ] {
        world.get(path).await.error(404, "not_found");
    }
    world.end();
}

#[tokio::test]
async fn health_needs_no_token_and_tells_what_is_wrong() {
    let world = World::new();
    let ask = async |path: &str| {
        world
            .request(Request::get(path).body(Body::empty()).unwrap())
            .await
    };
    assert_eq!(ask("/healthz").await.expect(200), json!({"status": "ok"}));
    assert_eq!(ask("/readyz").await.expect(200), json!({"status": "ready"}));
    world
        .played
        .faults
        .lock()
        .unwrap()
        .push("commits stalled".to_owned());
    let (field, message) = ask("/readyz").await.error(503, "not_ready");
    assert_eq!(
        (field.as_str(), message.as_str()),
        ("server", "commits stalled")
    );
    assert_eq!(ask("/healthz").await.status.as_u16(), 200);
    world.end();
}
