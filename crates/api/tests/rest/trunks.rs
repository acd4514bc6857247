//! `/trunks`

use offhook_base::TrunkId;
use serde_json::{Value, json};

use crate::world::World;

#[tokio::test]
async fn a_trunk_is_made_read_altered_and_removed() {
    let world = World::new();
    let made = world
        .post(
            "/trunks",
            json!({"name": "Carrier", "host": "sip.carrier.example"}),
        )
        .await
        .expect(201);
    let mut expected = json!({
        "id": 1, "name": "Carrier", "host": "sip.carrier.example", "port": 5060, "transport": "udp", "mode": "ip", "username": "",
        "from_domain": "", "prefix": "", "strip": 0, "caller_id": "", "priority": 10, "max_calls": 0, "active": true,
        "state": "up", "last_error": null,
    });
    assert_eq!(made, json!({"data": expected, "links": {}}));
    assert_eq!(world.get("/trunks/1").await.expect(200), made);
    assert_eq!(world.played.told(), ["trunk 1 sip.carrier.example"]);

    let altered = json!({
        "host": "[2001:DB8::1]", "port": 5080, "from_domain": "pbx.example", "prefix": "+00", "strip": 15, "caller_id": "+34911000000",
        "priority": 0, "max_calls": 30, "mode": "ip", "transport": "udp", "username": "",
    });
    let reply = world.patch("/trunks/1", altered.clone()).await.expect(200);
    for (name, value) in altered.as_object().unwrap() {
        expected[name] = value.clone();
    }
    expected["host"] = json!("2001:db8::1");
    expected["caller_id"] = json!("34911000000");
    assert_eq!(reply["data"], expected);
    assert_eq!(
        world
            .get("/trunks?fields[trunks]=id,host")
            .await
            .expect(200),
        json!({"data": [{"id": 1, "host": "2001:db8::1"}], "total": 1})
    );
    world.played.told();
    world.delete("/trunks/1").await.expect(204);
    assert_eq!(world.played.told(), ["trunk 1 gone"]);
    world.get("/trunks/1").await.error(404, "not_found");
    world
        .patch("/trunks/1", json!({"strip": 1}))
        .await
        .error(404, "not_found");
    assert!(world.played.told().is_empty());
    world.end();
}

#[tokio::test]
async fn the_state_of_a_trunk_is_what_the_server_knows() {
    let world = World::new();
    world
        .post("/trunks", json!({"name": "a", "host": "a.example"}))
        .await
        .expect(201);
    let state = async || {
        let trunk = world.get("/trunks/1").await.expect(200);
        (
            trunk["data"]["state"].clone(),
            trunk["data"]["last_error"].clone(),
        )
    };
    assert_eq!(state().await, (json!("up"), Value::Null));
    let why = "a.example cannot be resolved";
    let known = (TrunkId(1), false, why.to_owned());
    world.played.trunks.lock().unwrap().push(known);
    assert_eq!(state().await, (json!("down"), json!(why)));
    world
        .patch("/trunks/1", json!({"active": false}))
        .await
        .expect(200);
    assert_eq!(state().await, (json!("off"), json!(why)));
    world.end();
}

#[tokio::test]
async fn what_cannot_stand_in_a_trunk_is_named() {
    let world = World::new();
    for (name, value, field, part) in [
        ("name", json!(""), "name", "must not be empty"),
        ("name", json!("x".repeat(101)), "name", "1 to 100"),
        ("host", json!("a b"), "host", "host name"),
        ("host", json!("a.example:5060"), "host", "without port"),
        ("host", json!("0.0.0.0"), "host", "host name"),
        ("port", json!(0), "port", "1 to 65535"),
        ("port", json!(65_536), "port", "1 to 65535"),
        ("from_domain", json!("sip:a"), "from_domain", "host name"),
        ("prefix", json!("12345678901234567"), "prefix", "0 to 16"),
        ("prefix", json!("0x"), "prefix", "digits or +"),
        ("strip", json!(16), "strip", "0 to 15"),
        ("strip", json!(1.5), "strip", "whole number"),
        ("caller_id", json!("12a"), "caller_id", "digits"),
        ("priority", json!(1_001), "priority", "0 to 1000"),
        ("max_calls", json!(-1), "max_calls", "whole number"),
        ("active", json!("yes"), "active", "true or false"),
        ("mode", json!("register"), "mode", "not supported yet"),
        ("mode", json!("peer"), "mode", "one of ip, register"),
        ("transport", json!("tls"), "transport", "not supported yet"),
        ("transport", json!("sctp"), "transport", "one of udp"),
        ("username", json!("me"), "username", "not supported yet"),
        (
            "password",
            json!("hush-hush"),
            "password",
            "not supported yet",
        ),
        ("state", json!("up"), "state", "not a field"),
    ] {
        let mut body = json!({"name": "a", "host": "a.example"});
        body[name] = value;
        let reply = world.post("/trunks", body).await;
        let (found, message) = reply.error(400, "validation_failed");
        assert_eq!(found, field, "{message}");
        assert!(message.contains(part), "{name}: {message}");
        assert!(!reply.text.contains("hush"));
    }
    let reply = world.post("/trunks", json!({})).await;
    let fields: Vec<_> = reply.expect(400)["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["field"].clone())
        .collect();
    assert_eq!(fields, ["name", "host"]);
    assert_eq!(world.get("/trunks").await.expect(200)["total"], 0);
    assert!(world.played.told().is_empty());
    world.end();
}
