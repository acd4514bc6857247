//! `/cdrs`

use offhook_base::{CdrRecord, DeliveryId, Heard, Quality, UserId, Wall, WebhookId};
use offhook_store::{AttemptsWriter, DeliveryState, FinishedDelivery, RoutedDelivery};
use serde_json::{Value, json};

use crate::world::{ADMIN_ID, START, USER, USER_ID, World, cdr, filter};

#[tokio::test]
async fn a_cdr_has_every_field_of_the_contract_with_its_type() {
    let world = World::new();
    world.project(41, &cdr(139_543_232, USER_ID, Some(ADMIN_ID)));
    let row = json!({
        "id": 41, "call_id": 41, "live_id": 139_543_232, "parent_live_id": null, "root_live_id": 139_543_232, "is_root": true,
        "user_id": 100_002, "sip_endpoint_id": 1, "server_id": null, "type": "I", "calldate": "2021-04-28 08:45:55",
        "clid": "\"Ana\" <100>", "src": "100", "src_id": "100001", "src_name": "Ana", "src_ua": "Softphone/1.0", "src_codec": "PCMA",
        "dst": "101", "dst_id": "100002", "dst_name": "=Eva, \"the boss\"", "dst_ua": "", "dst_codec": "", "duration": 18, "billsec": 11,
        "disposition": "CONNECTED", "destination": "in", "context": "LOCAL_USER", "t_cause": "Normal Clearing", "info": "", "rate": 0,
        "charge": 0, "labels": [], "metadata": null, "nb_notes": 0, "terminated_by": "callee",
        "cause": {"q850": 16, "name": "NORMAL_CLEARING", "sip": 200}, "quality": null,
    });
    assert_eq!(
        world.get("/cdrs/41").await.expect(200),
        json!({"data": row, "links": {}})
    );
    // The documented way from a webhook to its CDR.
    let by_live_id =
        filter(&json!([{"property": "live_id", "operator": "=", "value": "139543232"}]));
    assert_eq!(
        world
            .get(&format!("/cdrs?filter={by_live_id}"))
            .await
            .expect(200),
        json!({"data": [row], "total": 1})
    );
    world.end();
}

#[tokio::test]
async fn a_cdr_says_how_well_each_side_was_heard_where_that_is_known() {
    let world = World::new();
    let mut heard = cdr(11, USER_ID, None);
    heard.quality = Some(Quality {
        src: Heard {
            packets: 600,
            lost: 2,
            jitter_us: 1_571,
            mos_x100: 435,
        },
        dst: Heard::default(),
    });
    world.project(1, &heard);
    let row = world.get("/cdrs/1").await.expect(200);
    assert_eq!(
        row["data"]["quality"],
        json!({
            "src": {"packets": 600, "lost": 2, "jitter_ms": 1.5, "mos": 4.35},
            "dst": {"packets": 0, "lost": 0, "jitter_ms": 0.0, "mos": null},
        })
    );
    world.end();
}

#[tokio::test]
async fn both_users_of_a_call_read_its_cdr_and_nobody_else() {
    let world = World::new();
    world.project(1, &cdr(11, USER_ID, None));
    world.project(2, &cdr(12, ADMIN_ID, Some(USER_ID)));
    world.project(3, &cdr(13, ADMIN_ID, Some(UserId(100_009))));
    let page = world
        .send("GET", "/cdrs?sort=-id", USER, Value::Null)
        .await
        .expect(200);
    let ids: Vec<_> = page["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["id"].clone())
        .collect();
    assert_eq!((ids, &page["total"]), (vec![json!(2), json!(1)], &json!(2)));
    let all = filter(&json!([{"property": "id", "operator": "gt", "value": 0}]));
    assert_eq!(
        world
            .send("GET", &format!("/cdrs?filter={all}"), USER, Value::Null)
            .await
            .expect(200)["total"],
        2
    );
    world
        .send("GET", "/cdrs/3", USER, Value::Null)
        .await
        .error(404, "not_found");
    world
        .send("GET", "/cdrs/2", USER, Value::Null)
        .await
        .expect(200);
    let csv = world.send("GET", "/cdrs.csv", USER, Value::Null).await;
    assert_eq!(csv.text.lines().count(), 3);
    assert_eq!(world.get("/cdrs").await.expect(200)["total"], 3);
    world.end();
}

#[tokio::test]
async fn users_are_included_without_what_is_private() {
    let world = World::new();
    world.project(1, &cdr(11, USER_ID, Some(ADMIN_ID)));
    let page = world
        .send(
            "GET",
            "/cdrs?include=users&fields[cdrs]=id",
            USER,
            Value::Null,
        )
        .await
        .expect(200);
    let users = json!([
        {"id": 100_001, "first_name": "Ana", "last_name": "100", "ext": "100"},
        {"id": 100_002, "first_name": "Ana", "last_name": "101", "ext": "101"},
    ]);
    assert_eq!(page["data"], json!([{"id": 1, "users": users}]));
    let one = world
        .get("/cdrs/1?include=users&fields[users]=ext")
        .await
        .expect(200);
    assert_eq!(
        one["data"]["users"],
        json!([{"ext": "100"}, {"ext": "101"}])
    );
    assert_eq!(
        world
            .get("/cdrs?include=trunks")
            .await
            .error(400, "invalid_parameter")
            .0,
        "include"
    );
    world.end();
}

#[tokio::test]
async fn the_export_is_rfc4180_and_runs_in_no_spreadsheet() {
    let world = World::new();
    world.project(1, &cdr(11, USER_ID, None));
    let csv = world
        .get("/cdrs.csv?fields[cdrs]=id,calldate,dst_name,clid,billsec,is_root,parent_live_id")
        .await;
    assert_eq!(csv.status.as_u16(), 200);
    assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8");
    let lines = [
        "id,parent_live_id,is_root,calldate,clid,dst_name,billsec",
        "1,,true,2021-04-28 08:45:55,\"\"\"Ana\"\" <100>\",\"'=Eva, \"\"the boss\"\"\",11",
        "",
    ];
    assert_eq!(csv.text, lines.join("\r\n"));
    let none = filter(&json!([{"property": "src", "operator": "like", "value": "%"}]));
    assert_eq!(
        world
            .get(&format!("/cdrs.csv?filter={none}"))
            .await
            .text
            .lines()
            .count(),
        1
    );
    world.end();
}

#[tokio::test]
async fn a_cdr_tells_how_the_deliveries_of_its_root_stand_when_asked() {
    let mut world = World::new();
    for (pos, call) in [(1, 11), (2, 12)] {
        let record = CdrRecord {
            started_at: START,
            ..cdr(call, USER_ID, None)
        };
        world.project(pos, &record);
    }
    let routed = |id: u64, held: bool| RoutedDelivery {
        id: DeliveryId(id),
        webhook: WebhookId(1),
        prev_seq: 0,
        held,
    };
    let event = world.commit(1, 11, vec![routed(1, false), routed(2, true)]);
    let attempts = AttemptsWriter::start(world.dir.path(), START, 64).unwrap();
    // The third failed and was sent again with success: it is well. The fifth is of another webhook.
    for (id, webhook, state) in [
        (3, 1, DeliveryState::Failed),
        (4, 1, DeliveryState::Delivered),
        (5, 2, DeliveryState::Expired),
    ] {
        let ended = FinishedDelivery {
            id: DeliveryId(id),
            webhook: WebhookId(webhook),
            event: event.clone(),
            prev_seq: 0,
            state,
            reason: None,
            replayed: false,
            finished_at: START,
        };
        attempts.handle().finished(ended).unwrap();
    }
    // One that failed on that day, and came through when it was sent again on the next.
    for (id, state, days) in [
        (6, DeliveryState::Failed, 0),
        (7, DeliveryState::Delivered, 1),
    ] {
        let ended = FinishedDelivery {
            id: DeliveryId(id),
            webhook: WebhookId(3),
            event: event.clone(),
            prev_seq: 0,
            state,
            reason: None,
            replayed: days > 0,
            finished_at: Wall(START.0 + days * 86_400_000_000),
        };
        attempts.handle().finished(ended).unwrap();
    }
    assert!(attempts.shutdown());
    let page = world
        .get("/cdrs?sort=id&include=deliveries")
        .await
        .expect(200);
    assert_eq!(
        page["data"][0]["deliveries"],
        json!({"pending": 0, "held": 0, "delivered": 2, "failed": 0, "expired": 1})
    );
    assert_eq!(
        page["data"][1]["deliveries"],
        json!({"pending": 0, "held": 0, "delivered": 0, "failed": 0, "expired": 0})
    );
    // The third's evidence may be purged: nothing is said of it.
    let old = CdrRecord {
        started_at: Wall(START.0 - 30 * 86_400_000_000),
        ..cdr(13, USER_ID, None)
    };
    world.project(3, &old);
    let page = world
        .get("/cdrs?sort=id&include=deliveries")
        .await
        .expect(200);
    assert_eq!(page["data"][2]["deliveries"], Value::Null);
    assert!(page["data"][0]["deliveries"].is_object());
    let both = world
        .get("/cdrs/1?include=users,deliveries")
        .await
        .expect(200);
    assert!(both["data"]["users"].is_array() && both["data"]["deliveries"].is_object());
    assert!(
        world.get("/cdrs").await.expect(200)["data"][0]
            .get("deliveries")
            .is_none()
    );
    world
        .get("/cdrs?include=deliveries,cats")
        .await
        .error(400, "invalid_parameter");
    let refused = world
        .send("GET", "/cdrs?include=deliveries", USER, Value::Null)
        .await;
    refused.error(403, "access_denied");
    world.end();
}
