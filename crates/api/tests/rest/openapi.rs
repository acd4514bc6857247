//! The document and the routes say the same, whatever is sent.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::access::{furnished, routes};
use crate::world::{ADMIN, Reply, World, filter};

/// Noise sent to each route.
const ROUNDS: u64 = 40;

async fn document(world: &World) -> Value {
    let request = Request::get("/openapi.json").body(Body::empty()).unwrap();
    world.request(request).await.expect(200)
}

/// `/users/100002` → `/users/{id}`
fn template(path: &str) -> String {
    let path = path.split('?').next().unwrap();
    let parts: Vec<_> = path.split('/').collect();
    let part = |(n, part): (usize, &&str)| {
        let is_id = n == 2 && parts[1] != "integrations" && !["activity", "inbound"].contains(part);
        let is_second_id = n == 4 && parts[3] == "wrapup";
        if is_second_id {
            "{user_id}".to_owned()
        } else if is_id {
            let ending = part.find('.').map_or("", |dot| &part[dot..]);
            format!("{{id}}{ending}")
        } else {
            (*part).to_owned()
        }
    };
    parts
        .iter()
        .enumerate()
        .map(part)
        .collect::<Vec<_>>()
        .join("/")
}

/// What of `value` is not as `schema` says.
fn breaches(document: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    if let Some(name) = schema["$ref"].as_str() {
        let schema = document
            .pointer(&name[1..])
            .unwrap_or_else(|| panic!("{name} is missing"));
        return breaches(document, schema, value, at, found);
    }
    if let Some(forms) = schema["oneOf"].as_array() {
        let fits = |form: &&Value| {
            let mut wrong = Vec::new();
            breaches(document, form, value, at, &mut wrong);
            wrong.is_empty()
        };
        if !forms.iter().any(|form| fits(&form)) {
            found.push(format!("{at}: {value} has none of the forms {forms:?}"));
        }
        return;
    }
    let right = match schema["type"].as_str() {
        None => true,
        Some("array") => value.is_array(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("null") => value.is_null(),
        Some("number") => value.is_number(),
        Some("object") => value.is_object(),
        Some("string") => value.is_string(),
        Some(other) => panic!("unknown type {other}"),
    };
    if !right {
        found.push(format!("{at}: {value} is not {}", schema["type"]));
    }
    for (n, item) in value.as_array().into_iter().flatten().enumerate() {
        breaches(
            document,
            &schema["items"],
            item,
            &format!("{at}[{n}]"),
            found,
        );
    }
    let Some(members) = value.as_object() else {
        return;
    };
    for name in schema["required"].as_array().into_iter().flatten() {
        if !members.contains_key(name.as_str().unwrap()) {
            found.push(format!("{at}: {name} is missing"));
        }
    }
    for (name, member) in members {
        let inner = match schema["properties"].get(name) {
            Some(inner) => inner,
            None if schema["additionalProperties"] == false => {
                found.push(format!("{at}: {name} is not in the document"));
                continue;
            }
            None => &schema["additionalProperties"],
        };
        breaches(document, inner, member, &format!("{at}.{name}"), found);
    }
}

/// Asserts that the document knows this answer of this operation.
fn check(document: &Value, method: &str, path: &str, reply: &Reply) {
    let operation = &document["paths"][template(path)][method.to_lowercase()];
    assert!(
        operation.is_object(),
        "{method} {path} is not in the document"
    );
    let status = reply.status.as_u16();
    let response = &operation["responses"][status.to_string()];
    assert!(
        response.is_object(),
        "{method} {path} answers {status}: {}",
        reply.text
    );
    let Some(content) = response["content"].as_object() else {
        assert_eq!(reply.text, "", "{method} {path}");
        return;
    };
    let kind = reply.headers["content-type"].to_str().unwrap();
    assert!(content.contains_key(kind), "{method} {path}: {kind}");
    if kind == "application/json" {
        let mut found = Vec::new();
        breaches(
            document,
            &content[kind]["schema"],
            &reply.json(),
            "body",
            &mut found,
        );
        assert_eq!(found, [""; 0], "{method} {path}");
    }
}

#[tokio::test]
async fn every_answer_is_as_the_document_says() {
    let world = furnished();
    let document = document(&world).await;
    let mut seen = BTreeSet::new();
    for (method, path, body, _, _) in routes() {
        let reply = world.send(method, path, ADMIN, body.clone()).await;
        check(&document, method, path, &reply);
        let operation = &document["paths"][template(path)][method.to_lowercase()];
        let schema = operation["requestBody"]["content"]["application/json"].get("schema");
        if let (true, Some(schema)) = (reply.status.is_success(), schema) {
            let mut found = Vec::new();
            let sent = if body.is_null() { json!({}) } else { body };
            breaches(&document, schema, &sent, "request", &mut found);
            assert_eq!(found, [""; 0], "{method} {path}");
        }
        seen.insert((template(path), method.to_lowercase()));
    }
    let login = world
        .send(
            "POST",
            "/login",
            "",
            json!({"email": "100@example.org", "password": crate::world::PASSWORD}),
        )
        .await;
    check(&document, "POST", "/login", &login);
    let session = crate::cookie::sign_in(&world, &[("X-Offhook-CSRF", "1")], json!({})).await;
    check(&document, "POST", "/session", &session);
    let outside = [
        "/login",
        "/session",
        "/events/stream",
        "/healthz",
        "/readyz",
        "/openapi.json",
    ];
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let known =
                seen.contains(&(path.clone(), method.clone())) || outside.contains(&path.as_str());
            assert!(
                known,
                "{method} {path} is in the document and not among the routes"
            );
        }
    }
    world.end();
}

/// SplitMix64: the same noise on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    fn value(&mut self, depth: u32) -> Value {
        match self.below(if depth > 2 { 8 } else { 10 }) {
            0 => Value::Null,
            1 => json!(self.below(2) == 0),
            2 => json!(self.below(200_000)),
            3 => json!(-1.5),
            4 => json!(u64::MAX),
            5 => json!("2023-11-14"),
            6 => json!("\u{0}\r\n'\";--\u{202e}日本%"),
            7 => json!("x".repeat(usize::try_from(self.below(400)).unwrap())),
            8 => Value::Array((0..self.below(4)).map(|_| self.value(depth + 1)).collect()),
            _ => Value::Object(
                (0..self.below(4))
                    .map(|n| (format!("k{n}"), self.value(depth + 1)))
                    .collect(),
            ),
        }
    }
}

#[tokio::test]
async fn noise_gets_documented_answers_and_never_a_fault_of_ours() {
    let world = furnished();
    let document = document(&world).await;
    let mut random = Random(7);
    for (method, path, body, _, _) in routes() {
        let bare = path.split('?').next().unwrap();
        for _ in 0..ROUNDS {
            // What is deleted here would be missed by the routes after it.
            if method == "DELETE" && !path.ends_with("99") {
                break;
            }
            let mut noisy = body.clone();
            if let Some(members) = noisy.as_object_mut() {
                for member in members.values_mut() {
                    if random.below(2) == 0 {
                        *member = random.value(0);
                    }
                }
                if random.below(3) == 0 {
                    members.insert("extra".to_owned(), random.value(0));
                }
            } else if method != "GET" {
                noisy = random.value(0);
            }
            let query = match random.below(4) {
                0 => String::new(),
                1 => format!("?filter={}", filter(&random.value(0))),
                2 => format!(
                    "?filter={}",
                    filter(
                        &json!([{"property": "id", "operator": "eq", "value": random.value(0)}])
                    )
                ),
                _ => format!(
                    "?page={}&limit={}&sort=id&after=x&width=1",
                    random.below(3),
                    random.below(20_000)
                ),
            };
            let reply = world
                .send(method, &format!("{bare}{query}"), ADMIN, noisy)
                .await;
            assert!(
                reply.status.as_u16() < 500,
                "{method} {path}{query}: {}",
                reply.text
            );
            check(&document, method, path, &reply);
        }
    }
    world.end();
}
