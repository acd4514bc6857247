//! Texts: between users, by a trunk, and by REST.

use std::collections::BTreeSet;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use offhook_tests::{Account, CARRIER, Running, Site, Transport, eventually, free_port};
use serde_json::{Value, json};

/// A node whose texts are told to a webhook of their own.
async fn site() -> Site {
    let site = Site::start().await;
    site.webhook("texts", &["sms.received"]).await;
    site
}

/// A phone that takes texts at this port until it is dropped.
async fn phone(site: &Site, port: u16) -> Running {
    let phone = site.sipp("uas_message").port(port).calls(1_000, 1);
    phone.listen().await
}

/// Sends a text from a phone, which is to see this final status.
async fn send(site: &Site, from: &Account, to: &str, text: &str, status: &str) {
    site.caller("uac_message", from, to)
        .value("text", text)
        .value("status", status)
        .run()
        .await;
}

/// The `sms.received` with this text: all its fields, each as the contract has it; the receiver has checked the signature.
async fn told(site: &Site, text: &str, user: &Account, from: &str, to: &str) {
    let (event, id) = site
        .receiver
        .wait_for("sms.received", Duration::from_secs(20), |received| {
            let mut texts = received.iter().filter(|one| one.path == "/texts");
            let found = texts.find(|one| one.event["text"] == text)?;
            let id = found.headers["webhook-id"].to_str().unwrap();
            Some((found.event.clone(), id.to_owned()))
        })
        .await;
    let time = event["event_time"].as_str().unwrap();
    assert_eq!(time.len(), "2026-11-26 10:00:00".len(), "{time}");
    assert_eq!(
        event,
        json!({
            "id": id, "event_time": time, "event_name": "sms.received", "customer_id": 100_001,
            "user_id": user.user_id, "from_no": from, "to_no": to, "text": text,
        })
    );
}

/// Waits until the row of a text has this status; checks all its fields.
async fn listed(site: &Site, text: &str, from: &str, to: &str, kind: &str, status: &str) {
    let row = eventually(
        &format!("{text:?} is {status}"),
        Duration::from_secs(40),
        async || {
            let rows = site.rest.get("/sms").await.expect(200);
            let rows = rows["data"].as_array().unwrap().clone();
            let found = rows.into_iter().find(|row| row["message"] == text)?;
            (found["status"] == status).then_some(found)
        },
    )
    .await;
    let (id, created) = (&row["id"], &row["created_at"]);
    assert!(id.is_u64() && created.is_string(), "{row}");
    let path = format!("/sms/{id}");
    assert_eq!(site.rest.get(&path).await.expect(200)["data"], row);
    assert_eq!(
        row,
        json!({
            "id": id, "created_at": created, "from": from, "to": to, "type": kind, "message": text, "status": status,
        })
    );
}

/// How many texts were told of. A crash may tell one twice, by the same id.
fn count(site: &Site) -> usize {
    let received = site.receiver.received();
    let texts = received
        .iter()
        .filter(|one| one.event["event_name"] == "sms.received");
    let ids: BTreeSet<String> = texts.map(|one| one.event["id"].to_string()).collect();
    ids.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_between_registered_phones_is_delivered_and_told() {
    let site = site().await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    let port = free_port();
    site.register(&bob, port).await;
    let phone = phone(&site, port).await;
    send(&site, &alice, "2002", "Lunch, Zoë?", "202").await;

    let got = phone
        .until_message(&["message received", "MESSAGE sip:", "Lunch, Zoë?"])
        .await;
    assert!(got.contains("\"User 2001 Test\" <sip:2001@"), "{got}");
    assert!(got.contains("Content-Type: text/plain"), "{got}");
    told(&site, "Lunch, Zoë?", &bob, "2001", "2002").await;
    listed(&site, "Lunch, Zoë?", "2001", "2002", "in", "delivered").await;

    send(&site, &alice, "2999", "to nobody", "404").await;
    assert_eq!(count(&site), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_waits_for_the_phone_to_register_also_over_a_crash() {
    let mut site = site().await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    send(&site, &alice, "2002", "for later", "202").await;
    told(&site, "for later", &bob, "2001", "2002").await;
    listed(&site, "for later", "2001", "2002", "in", "received").await;
    site.offhook.kill().await;
    site.offhook.start_again().await;

    let port = free_port();
    site.register(&bob, port).await;
    let phone = phone(&site, port).await;
    phone
        .until_message(&["message received", "MESSAGE sip:", "for later"])
        .await;
    listed(&site, "for later", "2001", "2002", "in", "delivered").await;
    assert_eq!(count(&site), 1, "it is one text");
}

/// A trunk, and a number of Bob's that comes by it.
async fn trunk(site: &Site, bob: &Account) -> Running {
    let port = free_port();
    let carrier = site.sipp("uas_message").carrier_at(port).listen().await;
    site.trunk(port, json!({})).await;
    site.ddi("34910000002", "user", bob.user_id).await;
    carrier.got("OPTIONS").await;
    carrier
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trunk_brings_texts_for_our_numbers_and_takes_those_for_others() {
    let site = site().await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    let carrier = trunk(&site, &bob).await;
    let bring = async |to: &str, text: &str, status: &str| {
        let sipp = site.sipp("uac_message_trunk").carrier();
        let sipp = sipp.value("user", "+34600000001").value("to", to);
        sipp.value("text", text).value("status", status).run().await;
    };
    bring("+34910000002", "from outside", "202").await;
    told(&site, "from outside", &bob, "34600000001", "34910000002").await;
    // An outsider reaches numbers only, no extension and nothing beyond us.
    bring("2002", "to an extension", "404").await;
    bring("+34600000003", "to another trunk", "404").await;

    send(&site, &alice, "+34600000003", "to outside", "202").await;
    let got = carrier
        .until_message(&["message received", "MESSAGE sip:", "to outside"])
        .await;
    assert!(
        got.contains(&format!("MESSAGE sip:34600000003@{CARRIER}:")),
        "E.164: {got}"
    );
    assert!(got.contains("<sip:2001@"), "{got}");
    listed(&site, "to outside", "2001", "34600000003", "out", "sent").await;
    let (from, to) = ("34600000001", "34910000002");
    listed(&site, "from outside", from, to, "in", "received").await;
    assert_eq!(count(&site), 1, "of texts towards us only");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rest_clients_send_texts_and_carriers_hand_them_over() {
    let site = site().await;
    let bob = site.user("2002").await;
    let carrier = trunk(&site, &bob).await;

    let inbound = json!({"from": "+34 600 000 001", "to": "+34910000002", "text": "by REST"});
    let made = site.rest.post("/sms/inbound", inbound).await.expect(201);
    assert_eq!(made["data"]["status"], "received");
    told(&site, "by REST", &bob, "34600000001", "34910000002").await;

    let text = json!({"to": "+34600000003", "message": "out by REST", "from": "2002"});
    let made = site.rest.post("/sms", text).await.expect(201);
    assert_eq!(made["data"]["type"], "out");
    let got = carrier
        .until_message(&["message received", "MESSAGE sip:", "out by REST"])
        .await;
    // Bob has a number of his own, which is shown.
    assert!(got.contains("<sip:34910000002@"), "{got}");
    let (from, to) = ("34910000002", "34600000003");
    listed(&site, "out by REST", from, to, "out", "sent").await;

    let refused: [(Value, u16); 3] = [
        (json!({"to": "2999999x", "message": "x"}), 404),
        (json!({"to": "2002", "message": ""}), 400),
        (json!({"to": "2002", "message": "x".repeat(64_000)}), 413),
    ];
    for (text, status) in refused {
        site.rest.post("/sms", text).await.expect(status);
    }
    assert_eq!(count(&site), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_that_is_too_long_is_refused_and_its_connection_goes_on() {
    let site = site().await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    let port = free_port();
    site.register(&bob, port).await;
    let phone = phone(&site, port).await;
    // Of 1,600 characters, which are two octets each, not of octets.
    site.sipp_over(Transport::Tcp, "uac_message_limits")
        .account(&alice)
        .value("to", "2002")
        .value("huge", "64000")
        .value("long", "3202")
        .value("most", "3200")
        .value("status", "413")
        .run()
        .await;
    let most = "é".repeat(1_600);
    phone
        .until_message(&["message received", "MESSAGE sip:", &most])
        .await;
    told(&site, &most, &bob, "2001", "2002").await;
    listed(&site, &most, "2001", "2002", "in", "delivered").await;
    assert_eq!(site.rest.get("/sms").await.expect(200)["total"], 1);
    assert_eq!(count(&site), 1);
}

/// Asks by OPTIONS on a connection.
fn answers(connection: &mut TcpStream, call_id: &str) {
    let options = request("OPTIONS", call_id, "");
    connection.write_all(options.as_bytes()).unwrap();
    let answer = read_head(connection);
    assert!(answer.starts_with("SIP/2.0 200 "), "{answer}");
    assert!(answer.contains(call_id), "{answer}");
}

fn request(method: &str, call_id: &str, body: &str) -> String {
    format!(
        "{method} sip:2002@offhook SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:9;rport;branch=z9hG4bK{call_id}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:2001@127.0.0.1>;tag=1\r\nTo: <sip:2002@offhook>\r\nCall-ID: {call_id}\r\n\
         CSeq: 1 {method}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{body}",
        body.len(),
    )
}

fn read_head(connection: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let mut buffer = [0; 4_096];
    while !answer.windows(4).any(|end| end == b"\r\n\r\n") {
        let length = connection.read(&mut buffer).expect("an answer");
        assert_ne!(length, 0, "the connection stays open");
        answer.extend_from_slice(&buffer[..length]);
    }
    String::from_utf8(answer).expect("a head of SIP")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_of_64_kb_costs_its_own_connection_and_no_other_one() {
    let site = site().await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    let port = free_port();
    site.register(&bob, port).await;
    let phone = phone(&site, port).await;
    let server = site.offhook.sip(Transport::Tcp);
    let connect = || {
        let connection = TcpStream::connect(server).unwrap();
        let patience = Some(Duration::from_secs(5));
        connection.set_read_timeout(patience).unwrap();
        connection
    };
    let (mut other, mut own) = (connect(), connect());
    answers(&mut other, "before");
    // The longest message there is, 65,535 octets, is read: who sends it is asked for a password.
    let head = request("MESSAGE", "longest", &"x".repeat(60_000)).len() - 60_000;
    let longest = request("MESSAGE", "longest", &"x".repeat(65_535 - head));
    assert_eq!(longest.len(), 65_535);
    own.write_all(longest.as_bytes()).unwrap();
    let answer = read_head(&mut own);
    assert!(answer.starts_with("SIP/2.0 401 "), "{answer}");
    answers(&mut own, "between");

    let too_long = request("MESSAGE", "toolong", &"x".repeat(65_536));
    own.write_all(too_long.as_bytes()).unwrap();
    let answer = read_head(&mut own);
    assert!(
        answer.starts_with("SIP/2.0 513 Message Too Large"),
        "{answer}"
    );
    // It is closed; some of what was sent may not have been read then.
    match own.read(&mut [0; 4_096]) {
        Ok(length) => assert_eq!(length, 0, "nothing more is said"),
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
    answers(&mut other, "after");

    send(&site, &alice, "2002", "short", "202").await;
    phone
        .until_message(&["message received", "MESSAGE sip:", "short"])
        .await;
    told(&site, "short", &bob, "2001", "2002").await;
    assert_eq!(site.rest.get("/sms").await.expect(200)["total"], 1);
    assert_eq!(count(&site), 1);
}
