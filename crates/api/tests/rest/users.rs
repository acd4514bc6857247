//! `/users` and `/phones`.

use offhook_base::{PhoneId, Wall};
use offhook_store::{BindingChange, StoredBinding};
use serde_json::{Value, json};

use crate::world::{ADMIN, PASSWORD, START, World, filter};

#[tokio::test]
async fn a_user_is_made_read_altered_and_removed() {
    let world = World::new();
    let made = world
        .post("/users", json!({"first_name": "Eva", "last_name": "Ruiz", "email": "eva@example.org", "ext": "200", "password": "long enough"}))
        .await
        .expect(201);
    let expected = json!({
        "id": 100_003, "first_name": "Eva", "last_name": "Ruiz", "email": "eva@example.org", "ext": "200", "role": "user", "active": true,
        "dnd": false, "record": "none", "voicemail": false, "voicemail_after": 20, "created_at": "2023-11-14 22:13:20", "nb_registered": 0,
    });
    assert_eq!(made, json!({"data": expected, "links": {}}));
    assert_eq!(world.get("/users/100003").await.expect(200), made);
    assert_eq!(world.played.told(), ["user 100003 active=true dnd=false"]);
    world
        .send(
            "POST",
            "/login",
            "",
            json!({"email": "eva@example.org", "password": "long enough"}),
        )
        .await
        .expect(200);

    world
        .post("/phones", json!({"user_id": 100_003}))
        .await
        .expect(201);
    world.played.told();
    let altered = world
        .patch(
            "/users/100003",
            json!({"dnd": true, "record": "all", "active": false, "voicemail": true, "voicemail_after": 5}),
        )
        .await
        .expect(200);
    assert_eq!(
        (
            &altered["data"]["dnd"],
            &altered["data"]["record"],
            &altered["data"]["email"]
        ),
        (&json!(true), &json!("all"), &json!("eva@example.org"))
    );
    assert_eq!(
        (
            &altered["data"]["voicemail"],
            &altered["data"]["voicemail_after"]
        ),
        (&json!(true), &json!(5))
    );
    for unusable in [4, 121] {
        world
            .patch("/users/100003", json!({"voicemail_after": unusable}))
            .await
            .error(400, "validation_failed");
    }
    assert_eq!(
        world.played.told(),
        [
            "user 100003 active=false dnd=true",
            "phone 1 200 enabled=false"
        ]
    );
    world
        .send(
            "POST",
            "/login",
            "",
            json!({"email": "eva@example.org", "password": "long enough"}),
        )
        .await
        .error(401, "invalid_credentials");

    assert_eq!(world.delete("/users/100003").await.expect(204), Value::Null);
    assert_eq!(world.played.told(), ["phone 1 gone", "user 100003 gone"]);
    world.get("/users/100003").await.error(404, "not_found");
    world
        .patch("/users/100003", json!({"dnd": true}))
        .await
        .error(404, "not_found");
    assert!(world.played.told().is_empty());
    world.end();
}

#[tokio::test]
async fn what_is_taken_is_a_conflict_that_names_the_field() {
    let world = World::new();
    let body = |email: &str, ext: &str| json!({"first_name": "B", "email": email, "ext": ext});
    let (field, message) = world
        .post("/users", body("100@EXAMPLE.org", "300"))
        .await
        .error(409, "conflict");
    assert_eq!(
        (field.as_str(), message.as_str()),
        ("email", "is already taken")
    );
    let (field, _) = world
        .post("/users", body("b@example.org", "100"))
        .await
        .error(409, "conflict");
    assert_eq!(field, "ext");
    let (field, _) = world.delete("/users/100001").await.error(409, "conflict");
    assert_eq!(field, "role");
    let (field, _) = world
        .patch("/users/100001", json!({"role": "user"}))
        .await
        .error(409, "conflict");
    assert_eq!(field, "role");
    assert!(world.played.told().is_empty());
    world.end();
}

#[tokio::test]
async fn lists_are_filtered_sorted_and_paged_with_the_total_of_all() {
    let world = World::new();
    for n in 0..30 {
        let body = json!({"first_name": if n % 2 == 0 { "Even" } else { "Odd" }, "email": format!("u{n}@example.org"), "ext": format!("{}", 500 + n)});
        world.post("/users", body).await.expect(201);
    }
    let page = world.get("/users").await.expect(200);
    assert_eq!(
        (page["data"].as_array().unwrap().len(), &page["total"]),
        (25, &json!(32))
    );
    assert!(page.get("links").is_none());
    let even = filter(&json!([{"property": "first_name", "operator": "eq", "value": "Even"}]));
    let page = world
        .get(&format!(
            "/users?filter={even}&sort=-ext&page=2&limit=10&fields[users]=ext,id&_dc=1"
        ))
        .await
        .expect(200);
    assert_eq!(page["total"], 15);
    let exts: Vec<_> = page["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["ext"].as_str().unwrap())
        .collect();
    assert_eq!(exts, ["508", "506", "504", "502", "500"]);
    assert_eq!(page["data"][0].as_object().unwrap().len(), 2);
    let past = world.get("/users?page=99").await.expect(200);
    assert_eq!(past, json!({"data": [], "total": 32}));
    world.end();
}

#[tokio::test]
async fn wrong_list_parameters_are_filtration_errors() {
    let world = World::new();
    let one = |property: &str, operator: &str, value: Value| {
        filter(&json!([{"property": property, "operator": operator, "value": value}]))
    };
    for (query, field) in [
        (
            format!("filter={}", one("password_hash", "eq", json!(1))),
            "filter[0].property",
        ),
        (
            format!("filter={}", one("id", "between", json!(1))),
            "filter[0].operator",
        ),
        (
            format!("filter={}", one("id", "eq", json!("x"))),
            "filter[0].value",
        ),
        ("filter=%5B".to_owned(), "filter"),
        ("sort=nothing".to_owned(), "sort"),
        ("dir=up".to_owned(), "dir"),
        ("page=0".to_owned(), "page"),
        ("limit=10001".to_owned(), "limit"),
        ("limit=ten".to_owned(), "limit"),
    ] {
        let reply = world.get(&format!("/users?{query}")).await;
        assert_eq!(reply.error(400, "filtration_error").0, field, "{query}");
        assert_eq!(reply.json()["message"], "Filtration error");
    }
    let (field, message) = world
        .get("/users?fields[users]=id,password_hash")
        .await
        .error(400, "invalid_parameter");
    assert_eq!(field, "fields[users]");
    assert!(message.contains("\"password_hash\""), "{message}");
    let (field, _) = world
        .get("/users?limit=1&limit=2")
        .await
        .error(400, "invalid_parameter");
    assert_eq!(field, "limit");
    world.end();
}

#[tokio::test]
async fn a_phones_password_is_told_at_create_and_reset_only() {
    let world = World::new();
    let made = world
        .post("/phones", json!({"user_id": 100_001}))
        .await
        .expect(201);
    let password = made["data"]["password"].as_str().unwrap().to_owned();
    assert_eq!(password.len(), 20);
    let mut expected = json!({
        "id": 1, "user_id": 100_001, "username": "100", "display_name": "Ana 100", "registered": false, "contacts": [], "registrations": [],
        "created_at": "2023-11-14 22:13:20",
    });
    assert_eq!(
        world.get("/phones/1").await.expect(200),
        json!({"data": expected, "links": {}})
    );
    expected["password"] = json!(password);
    expected["sip_domain"] = json!("pbx.example");
    assert_eq!(made["data"], expected);

    let reset = world.post("/phones/1/reset", Value::Null).await.expect(200);
    assert_ne!(reset["data"]["password"], json!(password));
    let renamed = world
        .patch("/phones/1", json!({"display_name": "Desk"}))
        .await
        .expect(200);
    assert_eq!(
        (
            &renamed["data"]["display_name"],
            renamed["data"].get("password")
        ),
        (&json!("Desk"), None)
    );
    assert!(!world.get("/phones").await.text.contains("password"));
    assert_eq!(world.played.told(), vec!["phone 1 100 enabled=true"; 3]);

    let second = world
        .post(
            "/phones",
            json!({"user_id": 100_001, "username": "soft.phone-1", "display_name": ""}),
        )
        .await
        .expect(201);
    assert_eq!(second["data"]["username"], "soft.phone-1");
    let (field, _) = world
        .post(
            "/phones",
            json!({"user_id": 100_001, "username": "soft.phone-1"}),
        )
        .await
        .error(409, "conflict");
    assert_eq!(field, "username");
    let (field, _) = world
        .post("/phones", json!({"user_id": 7}))
        .await
        .error(400, "validation_failed");
    assert_eq!(field, "user_id");
    let (field, _) = world
        .post("/phones", json!({"user_id": 100_001, "username": "a b"}))
        .await
        .error(400, "validation_failed");
    assert_eq!(field, "username");
    let (field, message) = world
        .patch("/phones/1", json!({"username": "other"}))
        .await
        .error(400, "validation_failed");
    assert_eq!(field, "username");
    assert!(message.contains("cannot be changed"), "{message}");
    world.played.told();
    world.delete("/phones/1,2").await.expect(204);
    assert_eq!(world.played.told(), ["phone 1 gone", "phone 2 gone"]);
    assert_eq!(world.get("/phones").await.expect(200)["total"], 0);
    world.end();
}

#[tokio::test]
async fn a_registered_phone_shows_its_contacts_until_they_expire() {
    let world = World::new();
    world
        .post("/phones", json!({"user_id": 100_001}))
        .await
        .expect(201);
    let binding = StoredBinding {
        phone: PhoneId(1),
        key: "k".to_owned(),
        contact: "sip:100@192.0.2.1:5060".to_owned(),
        user_agent: "Desk/2 \u{202e}<b>".to_owned(),
        address: "198.51.100.4:40000".to_owned(),
        transport: "TCP".to_owned(),
        expires_at: Wall(START.0 + 60_000_000),
        data: "{}".to_owned(),
    };
    world
        .db
        .apply_bindings(&[BindingChange::Put(binding)])
        .unwrap();
    let registered = filter(&json!([{"property": "registered", "operator": "=", "value": true}]));
    let page = world
        .get(&format!("/phones?filter={registered}"))
        .await
        .expect(200);
    assert_eq!(
        (&page["total"], &page["data"][0]["contacts"]),
        (&json!(1), &json!(["sip:100@192.0.2.1:5060"]))
    );
    assert_eq!(
        page["data"][0]["registrations"],
        json!([{
            "contact": "sip:100@192.0.2.1:5060", "user_agent": "Desk/2 \u{202e}<b>", "address": "198.51.100.4:40000",
            "transport": "TCP", "expires_at": "2023-11-14 22:14:20",
        }])
    );
    assert_eq!(
        world.get("/users/100001").await.expect(200)["data"]["nb_registered"],
        1
    );
    world.pass(std::time::Duration::from_secs(60));
    let phone = world.get("/phones/1").await.expect(200);
    assert_eq!(
        (&phone["data"]["registered"], &phone["data"]["contacts"]),
        (&json!(false), &json!([]))
    );
    world.end();
}

#[tokio::test]
async fn a_new_password_ends_the_sessions_of_its_user() {
    let world = World::new();
    let token = world
        .send(
            "POST",
            "/login",
            "",
            json!({"email": "101@example.org", "password": PASSWORD}),
        )
        .await
        .expect(200);
    let token = token["user_token"].as_str().unwrap().to_owned();
    world
        .send("GET", "/ping", &token, Value::Null)
        .await
        .expect(200);
    world
        .send(
            "PATCH",
            "/users/100002",
            ADMIN,
            json!({"password": "another one"}),
        )
        .await
        .expect(200);
    world
        .send("GET", "/ping", &token, Value::Null)
        .await
        .error(401, "unauthorized");
    world.end();
}
