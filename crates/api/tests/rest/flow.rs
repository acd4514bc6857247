//! `/calls/{id}/flow` and `/cdrs/{id}/flow`

use std::time::Duration;

use bytes::Bytes;
use offhook_base::{CallId, DeliveryId, Secret, WebhookId};
use offhook_store::{CaptureTransport, CapturedMessage, RoutedDelivery};
use serde_json::{Value, json};

use crate::world::{ADMIN, ADMIN_ID, START, World, cdr};

const INVITE: &str = "INVITE sip:101@pbx.example SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n\
    From: <sip:100@pbx.example>;tag=1\r\nTo: <sip:101@pbx.example>\r\nCall-ID: a\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n";

fn called() -> World {
    let mut world = World::new();
    let delivery = RoutedDelivery {
        id: DeliveryId(1),
        webhook: WebhookId(1),
        prev_seq: 0,
        held: false,
    };
    world.commit(1, 11, vec![delivery]);
    world.captures.handle().message(CapturedMessage {
        at: START,
        call: CallId(11),
        root: CallId(11),
        leg: "A".to_owned(),
        inbound: true,
        local: "192.0.2.9:5060".parse().unwrap(),
        remote: "192.0.2.1:5060".parse().unwrap(),
        transport: CaptureTransport::Udp,
        bytes: Bytes::from_static(INVITE.as_bytes()),
    });
    world.captures.handle().flush().unwrap();
    world.project(1, &cdr(11, ADMIN_ID, None));
    world
}

#[tokio::test]
async fn a_ladder_shows_messages_and_webhooks_between_its_columns() {
    let world = called();
    let body = json!({"name": "CRM", "url": "https://crm.example/", "events": ["call.missed"]});
    world.post("/webhooks", body).await.expect(201);
    let flow = world.get("/calls/11/flow").await.expect(200);
    assert_eq!(flow["rows"][0]["raw"], INVITE);
    assert_eq!(flow["rows"][0]["at"], "2023-11-14T22:13:20.000000Z");
    let columns = flow["columns"].as_array().unwrap();
    let hook = columns
        .iter()
        .find(|column| column["kind"] == "webhook")
        .unwrap();
    assert_eq!(
        (&hook["alias"], &hook["address"]),
        (&json!("CRM"), &json!("crm.example:443"))
    );
    for path in ["/calls/11/flow.json", "/cdrs/1/flow", "/cdrs/1/flow.json"] {
        assert_eq!(world.get(path).await.expect(200), flow);
    }
    world.end();
}

#[tokio::test]
async fn a_ladder_says_why_a_webhook_was_not_told() {
    let world = called();
    let body = json!({"name": "CRM", "url": "https://crm.example/", "events": ["call.missed"]});
    world.post("/webhooks", body.clone()).await.expect(201);
    world.post("/webhooks", body).await.expect(201);
    let unsent = async |world: &World, token: &str| -> Vec<(String, String)> {
        let flow = world
            .send("GET", "/calls/11/flow", token, Value::Null)
            .await;
        let flow = flow.expect(200);
        let rows = flow["rows"].as_array().unwrap().clone();
        let text = |row: &Value, field: &str| row[field].as_str().unwrap().to_owned();
        rows.iter()
            .filter(|row| row["sent"] == false)
            .map(|row| (text(row, "to"), text(row, "detail")))
            .collect()
    };
    let expected = [(
        "w2".to_owned(),
        "it does not subscribe to call.ringing".to_owned(),
    )];
    assert_eq!(unsent(&world, ADMIN).await, expected);
    world
        .patch("/integrations/webhooks", json!({"enabled": false}))
        .await
        .expect(200);
    assert_eq!(
        unsent(&world, ADMIN).await[0].1,
        "the integration is switched off"
    );
    // Two weeks later deliveries are purged, and that there is none proves nothing.
    world.pass(Duration::from_secs(15 * 86_400));
    let token = "d".repeat(40);
    world
        .db
        .create_session(ADMIN_ID, &Secret::new(token.clone()), world.now())
        .unwrap();
    assert_eq!(unsent(&world, &token).await, []);
    world.end();
}

#[tokio::test]
async fn the_same_ladder_is_drawn_for_a_terminal() {
    let world = called();
    for path in ["/calls/11/flow.txt", "/cdrs/1/flow.txt?width=80"] {
        let reply = world.get(path).await;
        assert_eq!(reply.status.as_u16(), 200);
        assert_eq!(reply.headers["content-type"], "text/plain; charset=utf-8");
        assert!(reply.text.contains("INVITE"), "{}", reply.text);
    }
    let wrong = world.get("/cdrs/1/flow.txt?width=1").await;
    assert_eq!(wrong.error(400, "invalid_parameter").0, "width");
    world.end();
}

#[tokio::test]
async fn the_picture_of_a_ladder_is_svg_that_runs_nothing() {
    let world = called();
    let body = json!({"name": "<script>alert(1)</script>\u{202e}", "url": "https://crm.example/", "events": ["call.missed"]});
    world.post("/webhooks", body).await.expect(201);
    for path in ["/calls/11/flow.svg", "/cdrs/1/flow.svg"] {
        let reply = world.get(path).await;
        assert_eq!(reply.status.as_u16(), 200);
        assert_eq!(reply.headers["content-type"], "image/svg+xml");
        assert_eq!(
            reply.headers["content-security-policy"],
            "default-src 'none'; sandbox"
        );
        let document = roxmltree::Document::parse(&reply.text).unwrap();
        let texts: Vec<&str> = document
            .descendants()
            .filter_map(|node| node.text())
            .collect();
        assert!(
            texts.contains(&"Call 11") && texts.contains(&"INVITE"),
            "{texts:?}"
        );
        assert!(texts.contains(&"<script>alert(1)</script>?"), "{texts:?}");
        assert!(!reply.text.contains("<script"), "{}", reply.text);
    }
    world.end();
}

#[tokio::test]
async fn the_messages_of_a_call_are_a_packet_trace_to_download() {
    let mut world = called();
    for path in ["/calls/11/flow.pcap", "/cdrs/1/flow.pcap"] {
        let reply = world.get(path).await;
        assert_eq!(reply.status.as_u16(), 200);
        assert_eq!(
            reply.headers["content-type"],
            "application/vnd.tcpdump.pcap"
        );
        assert_eq!(
            reply.headers["content-disposition"],
            "attachment; filename=\"call-11.pcap\""
        );
        assert_eq!(reply.octets[..4], [0x0a, 0x0d, 0x0d, 0x0a]);
        assert!(reply.text.contains(INVITE));
    }
    world.commit(2, 12, Vec::new());
    let empty = world.get("/calls/12/flow.pcap").await;
    assert_eq!(empty.status.as_u16(), 200, "nothing was captured of it");
    assert!(!empty.text.contains("SIP/2.0"));
    world.end();
}
