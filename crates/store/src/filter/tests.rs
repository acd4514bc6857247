//! Random filters, judged by SQLite, by the code for rows in memory, and by a naive reading of the contract.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::time::Duration;

use offhook_base::{CallId, CdrRecord, Disposition, JournalPos, Party, TerminatedBy, UserId, Wall};
use serde_json::{Value as Json, json};

use super::{Kind, ListParams, Selection, Value};
use crate::{CDRS, Cdr, CdrScope, ConfigDb, StoreError, disposition, terminated_by};

const ROWS: u64 = 80;
const CASES: u32 = 10_000;

const TEXTS: [&str; 16] = [
    "",
    "1001",
    "1002",
    "34600000000",
    "Ana",
    "ANA",
    "ána",
    "\"Ana\" <1001>",
    "100%",
    "a_b",
    "O'Brien",
    "nul\0byte",
    "\\",
    "日本",
    "10",
    "9",
];

/// SplitMix64: the same cases on every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }

    fn text(&mut self) -> String {
        (*self.pick(&TEXTS)).to_owned()
    }

    fn small(&mut self, bound: u32) -> u32 {
        u32::try_from(self.below(bound.into())).unwrap()
    }
}

fn record(random: &mut Random, n: u64) -> CdrRecord {
    let party = |random: &mut Random| Party {
        number: random.text(),
        id: random.text(),
        name: random.text(),
        ua: random.text(),
        codec: random.text(),
    };
    let user =
        |random: &mut Random| (random.below(3) > 0).then(|| UserId(100_001 + random.small(4)));
    let root = random.below(n) + 1;
    CdrRecord {
        live_id: CallId(n * 7),
        root_live_id: CallId(if random.below(2) == 0 {
            n * 7
        } else {
            root * 7
        }),
        parent_live_id: (random.below(2) == 0).then_some(CallId(root * 7)),
        user_id: user(random),
        other_user_id: user(random),
        sip_endpoint_id: (random.below(2) == 0).then(|| random.small(5)),
        started_at: Wall(1_619_599_555_123_456 + i64::from(random.small(5)) * 86_400_000_000),
        clid: random.text(),
        src: party(random),
        dst: party(random),
        duration: random.small(12),
        billsec: random.small(12),
        disposition: *random.pick(&[
            Disposition::Busy,
            Disposition::Connected,
            Disposition::Failed,
            Disposition::NoAnswer,
        ]),
        destination: (*random.pick(&["in", "out"])).to_owned(),
        context: (*random.pick(&["LOCAL_USER", "QUEUE", "RG-3"])).to_owned(),
        t_cause: random.text(),
        info: random.text(),
        terminated_by: *random.pick(&[
            TerminatedBy::Api,
            TerminatedBy::Callee,
            TerminatedBy::Caller,
            TerminatedBy::System,
        ]),
        cause_q850: 16,
        cause_name: "NORMAL_CLEARING".to_owned(),
        cause_sip: 200,
        quality: None,
    }
}

struct World {
    _dir: tempfile::TempDir,
    db: ConfigDb,
    rows: Vec<Cdr>,
    random: Random,
}

fn world(seed: u64) -> World {
    let dir = tempfile::tempdir().unwrap();
    let db = ConfigDb::open(dir.path()).unwrap();
    let mut random = Random(seed);
    let records: Vec<_> = (1..=ROWS)
        .map(|n| (JournalPos(n * 3), record(&mut random, n)))
        .collect();
    let batch: Vec<_> = records.iter().map(|(pos, record)| (*pos, record)).collect();
    db.project(&batch).unwrap();
    let rows = records.iter().map(|(pos, record)| {
        db.cdr(CdrScope::All, pos.0)
            .map(|cdr| (cdr, record.clone()))
            .unwrap()
    });
    let rows = rows
        .map(|(cdr, record)| Cdr {
            id: cdr.id,
            kind: kind(&record),
            calldate: record.started_at.unix_seconds(),
            record,
        })
        .collect();
    World {
        _dir: dir,
        db,
        rows,
        random,
    }
}

fn kind(record: &CdrRecord) -> String {
    match (record.destination.as_str(), record.disposition) {
        ("out", _) => "O",
        (_, Disposition::Connected) => "I",
        _ => "M",
    }
    .to_owned()
}

/// A property of a row as the API prints it; null for none.
fn printed(cdr: &Cdr, name: &str) -> Json {
    let record = &cdr.record;
    match name {
        "id" | "call_id" => json!(cdr.id),
        "live_id" => json!(record.live_id),
        "parent_live_id" => json!(record.parent_live_id),
        "root_live_id" => json!(record.root_live_id),
        "is_root" => json!(record.live_id == record.root_live_id),
        "user_id" => json!(record.user_id),
        "sip_endpoint_id" => json!(record.sip_endpoint_id),
        "type" => json!(cdr.kind),
        "calldate" => json!(record.started_at.to_contract()),
        "clid" => json!(record.clid),
        "src" => json!(record.src.number),
        "src_id" => json!(record.src.id),
        "src_name" => json!(record.src.name),
        "src_ua" => json!(record.src.ua),
        "src_codec" => json!(record.src.codec),
        "dst" => json!(record.dst.number),
        "dst_id" => json!(record.dst.id),
        "dst_name" => json!(record.dst.name),
        "dst_ua" => json!(record.dst.ua),
        "dst_codec" => json!(record.dst.codec),
        "duration" => json!(record.duration),
        "billsec" => json!(record.billsec),
        "disposition" => json!(disposition(record.disposition)),
        "destination" => json!(record.destination),
        "context" => json!(record.context),
        "t_cause" => json!(record.t_cause),
        "info" => json!(record.info),
        "terminated_by" => json!(terminated_by(record.terminated_by)),
        other => panic!("the test does not know {other}"),
    }
}

fn value<'a>(cdr: &'a Cdr, name: &str) -> Value<'a> {
    match printed(cdr, name) {
        Json::Bool(flag) => Value::Int(flag.into()),
        Json::Number(number) => Value::Int(number.as_i64().unwrap()),
        Json::String(_) if name == "calldate" => Value::Int(cdr.calldate),
        Json::String(text) => Value::Text(Cow::Owned(text)),
        Json::Null | Json::Array(_) | Json::Object(_) => Value::None,
    }
}

/// The contract's words, taken one by one: `None` when the condition is not allowed.
fn holds(cdr: &Cdr, name: &str, operator: &str, wanted: &Json) -> Option<bool> {
    let kind = CDRS
        .properties
        .iter()
        .find(|property| property.name == name)?
        .kind;
    let found = printed(cdr, name);
    let wanted = match wanted {
        Json::String(text) => text.clone(),
        Json::Number(number) => number.to_string(),
        Json::Bool(flag) if kind == Kind::Bool => flag.to_string(),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => return None,
    };
    let plain = |json: &Json| {
        json.as_str()
            .map_or_else(|| json.to_string(), str::to_owned)
    };
    let order: Option<Ordering> = match (kind, operator) {
        (Kind::Bool, "eq" | "=") => {
            let wanted = ["true", "1"]
                .contains(&wanted.as_str())
                .then_some(true)
                .or_else(|| ["false", "0"].contains(&wanted.as_str()).then_some(false))?;
            return Some(found == json!(wanted));
        }
        (Kind::Bool, _) => return None,
        (_, "like") => {
            let fold = |text: &str| {
                text.chars()
                    .map(|c| c.to_ascii_lowercase())
                    .collect::<String>()
            };
            return Some(!found.is_null() && fold(&plain(&found)).contains(&fold(&wanted)));
        }
        (Kind::Int, _) => {
            let wanted: i64 = wanted.parse().ok()?;
            found.as_i64().map(|found| found.cmp(&wanted))
        }
        (Kind::Text, _) => found
            .as_str()
            .map(|found| found.as_bytes().cmp(wanted.as_bytes())),
        (Kind::Time, _) => {
            let wanted = Wall::parse_contract(&wanted)?.to_contract();
            found.as_str().map(|found| found.cmp(wanted.as_str()))
        }
    };
    let is = |wanted: &[Ordering]| Some(order.is_some_and(|order| wanted.contains(&order)));
    match operator {
        "eq" | "=" => is(&[Ordering::Equal]),
        "gt" => is(&[Ordering::Greater]),
        "gte" => is(&[Ordering::Greater, Ordering::Equal]),
        "lt" => is(&[Ordering::Less]),
        "lte" => is(&[Ordering::Less, Ordering::Equal]),
        _ => None,
    }
}

/// One random condition: mostly sound, sometimes not.
fn condition(random: &mut Random, rows: &[Cdr]) -> (String, String, Json) {
    let property = random.pick(CDRS.properties);
    let name = if random.below(200) == 0 {
        "nothing"
    } else {
        property.name
    };
    let operator = if random.below(200) == 0 {
        "between"
    } else {
        random.pick(&["eq", "=", "like", "gt", "gte", "lt", "lte"])
    };
    let wanted = match random.below(12) {
        0 => json!(random.text()),
        1 => json!(random.below(1_500)),
        2 => json!(random.below(1_500).to_string()),
        3 => json!("2021-04-30"),
        4 => json!("2021-04-29 08:45:55"),
        5 if random.below(20) == 0 => json!([1]),
        6 if random.below(20) == 0 => json!(1.5),
        7 => json!(random.below(2) == 0),
        _ => {
            let row: &Cdr = random.pick(rows);
            printed(row, property.name)
        }
    };
    (name.to_owned(), (*operator).to_owned(), wanted)
}

#[test]
fn ten_thousand_random_filters_match_the_oracle() {
    let mut world = world(1);
    let (mut sound, mut with_rows) = (0, 0);
    for case in 0..CASES {
        let count = world.random.below(4);
        let conditions: Vec<_> = (0..count)
            .map(|_| condition(&mut world.random, &world.rows))
            .collect();
        let filter: Vec<_> =
            conditions.iter().map(|(property, operator, value)| json!({"property": property, "operator": operator, "value": value})).collect();
        let filter = Json::from(filter).to_string();
        let sort = world.random.pick(CDRS.properties).name;
        let descending = world.random.below(2) == 0;
        let minus = world.random.below(2) == 0;
        let (page, limit) = (world.random.below(4) + 1, world.random.below(60) + 1);
        let sort_text = if descending && minus {
            format!("-{sort}")
        } else {
            sort.to_owned()
        };
        let (page_text, limit_text) = (page.to_string(), limit.to_string());
        let params = ListParams {
            filter: Some(&filter),
            sort: Some(&sort_text),
            dir: (!minus).then_some(if descending { "DESC" } else { "asc" }),
            page: Some(&page_text),
            limit: Some(&limit_text),
        };
        let parsed = Selection::parse(&CDRS, &params);

        let allowed = conditions
            .iter()
            .all(|(name, operator, value)| holds(&world.rows[0], name, operator, value).is_some());
        assert_eq!(parsed.is_ok(), allowed, "case {case}: {filter}: {parsed:?}");
        let Ok(selection) = parsed else { continue };
        sound += 1;

        let mut expected: Vec<&Cdr> = world.rows.iter().collect();
        expected.retain(|row| {
            conditions
                .iter()
                .all(|(name, operator, wanted)| holds(row, name, operator, wanted) == Some(true))
        });
        expected.sort_by(|a, b| {
            let order = naive_order(&printed(a, sort), &printed(b, sort)).then(a.id.cmp(&b.id));
            if descending { order.reverse() } else { order }
        });
        let total = expected.len() as u64;
        let skip = usize::try_from((page - 1) * limit).unwrap();
        let expected: Vec<u64> = expected
            .iter()
            .skip(skip)
            .take(usize::try_from(limit).unwrap())
            .map(|row| row.id)
            .collect();
        with_rows += u32::from(!expected.is_empty());

        let found = world
            .db
            .cdrs_within(CdrScope::All, &selection, Duration::from_secs(60))
            .unwrap();
        assert_eq!(found.total, total, "case {case}: {filter}");
        assert_eq!(
            found.data.iter().map(|row| row.id).collect::<Vec<_>>(),
            expected,
            "case {case}: {params:?}"
        );

        let in_memory = selection.select(world.rows.iter().collect(), |row, name| value(row, name));
        assert_eq!(in_memory.total, total, "case {case}: {filter}");
        assert_eq!(
            in_memory.data.iter().map(|row| row.id).collect::<Vec<_>>(),
            expected,
            "case {case}: {params:?}"
        );
    }
    assert!(
        sound > 3_000 && with_rows > 1_200,
        "the cases say too little: {sound} sound, {with_rows} with rows"
    );
}

fn naive_order(a: &Json, b: &Json) -> Ordering {
    match (a, b) {
        (Json::Null, Json::Null) => Ordering::Equal,
        (Json::Null, _) => Ordering::Less,
        (_, Json::Null) => Ordering::Greater,
        (Json::Bool(a), Json::Bool(b)) => a.cmp(b),
        (Json::Number(a), Json::Number(b)) => a.as_i64().cmp(&b.as_i64()),
        (a, b) => a
            .as_str()
            .unwrap()
            .as_bytes()
            .cmp(b.as_str().unwrap().as_bytes()),
    }
}

const PAYLOADS: [&str; 20] = [
    "' OR '1'='1",
    "'; DROP TABLE cdr; --",
    "\"; DROP TABLE cdr; --",
    "1; DELETE FROM user",
    "1 UNION SELECT password_hash FROM user",
    "id) UNION SELECT * FROM user --",
    "%' OR 1=1 --",
    "%",
    "_",
    "\\",
    "\0",
    "NULL",
    "x' AND (SELECT count(*) FROM sqlite_master) > 0 --",
    "id COLLATE NOCASE",
    "(SELECT 1)",
    "?1",
    ":name",
    "$1",
    "1e999",
    "-9223372036854775809",
];

#[test]
fn five_hundred_injections_find_nothing_and_break_nothing() {
    let mut world = world(2);
    let mut tried = 0;
    for payload in PAYLOADS {
        for tail in ["", " ", "'", "\"", "--"] {
            let text = format!("{payload}{tail}");
            let value = |property: &str, operator: &str| {
                json!([{"property": property, "operator": operator, "value": text}]).to_string()
            };
            let filters = [
                value("src", "eq"),
                value("src_name", "like"),
                value("live_id", "eq"),
                value("calldate", "gte"),
                value("is_root", "eq"),
                json!([{"property": text, "operator": "eq", "value": 1}]).to_string(),
                json!([{"property": "id", "operator": text, "value": 1}]).to_string(),
            ];
            for filter in &filters {
                let params = ListParams {
                    filter: Some(filter),
                    ..ListParams::default()
                };
                if let Ok(selection) = Selection::parse(&CDRS, &params) {
                    let found = world.db.cdrs(CdrScope::All, &selection).unwrap();
                    let expected = world.rows.iter().filter(|row| {
                        let name = &serde_json::from_str::<Json>(filter).unwrap()[0];
                        let operator = name["operator"].as_str().unwrap();
                        holds(
                            row,
                            name["property"].as_str().unwrap(),
                            operator,
                            &name["value"],
                        )
                        .unwrap()
                    });
                    assert_eq!(found.total, expected.count() as u64, "{filter}");
                }
                tried += 1;
            }
            for params in [
                ListParams {
                    sort: Some(&text),
                    ..ListParams::default()
                },
                ListParams {
                    dir: Some(&text),
                    ..ListParams::default()
                },
                ListParams {
                    page: Some(&text),
                    ..ListParams::default()
                },
                ListParams {
                    limit: Some(&text),
                    ..ListParams::default()
                },
                ListParams {
                    filter: Some(&text),
                    ..ListParams::default()
                },
            ] {
                assert!(Selection::parse(&CDRS, &params).is_err(), "{params:?}");
                tried += 1;
            }
        }
    }
    assert!(tried >= 500);
    let all = Selection::parse(&CDRS, &ListParams::default()).unwrap();
    assert_eq!(world.db.cdrs(CdrScope::All, &all).unwrap().total, ROWS);
    assert!(world.random.next() > 0);
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let check = |params: ListParams<'_>, field: &str, part: &str| {
        let error = Selection::parse(&CDRS, &params).unwrap_err();
        assert_eq!(error.field, field);
        assert!(error.message.contains(part), "{error}");
    };
    let filter = |filter| ListParams {
        filter: Some(filter),
        ..ListParams::default()
    };
    check(filter("{"), "filter", "is not JSON");
    check(filter("{}"), "filter", "must be an array");
    check(filter("[7]"), "filter[0]", "must be an object");
    check(
        filter(r#"[{"property":"id","operator":"eq"}]"#),
        "filter[0].value",
        "must be given",
    );
    check(
        filter(r#"[{"property":"id","operator":"eq","value":1,"or":2}]"#),
        "filter[0]",
        "\"or\"",
    );
    check(
        filter(r#"[{"property":"password","operator":"eq","value":1}]"#),
        "filter[0].property",
        "unknown property \"password\"",
    );
    check(
        filter(r#"[{"property":"id","operator":"in","value":1}]"#),
        "filter[0].operator",
        "unknown operator \"in\"",
    );
    check(
        filter(
            r#"[{"property":"id","operator":"eq","value":1},{"property":"id","operator":"eq","value":"x"}]"#,
        ),
        "filter[1].value",
        "whole number",
    );
    check(
        filter(r#"[{"property":"id","operator":"eq","value":null}]"#),
        "filter[0].value",
        "string or a number",
    );
    check(
        filter(r#"[{"property":"calldate","operator":"gt","value":"yesterday"}]"#),
        "filter[0].value",
        "YYYY-MM-DD",
    );
    check(
        filter(r#"[{"property":"is_root","operator":"gt","value":true}]"#),
        "filter[0].operator",
        "only eq",
    );
    check(
        ListParams {
            page: Some("0"),
            ..ListParams::default()
        },
        "page",
        "from 1",
    );
    check(
        ListParams {
            limit: Some("10001"),
            ..ListParams::default()
        },
        "limit",
        "10000",
    );
    check(
        ListParams {
            dir: Some("up"),
            ..ListParams::default()
        },
        "dir",
        "ASC or DESC",
    );
    check(
        ListParams {
            sort: Some("-nothing"),
            ..ListParams::default()
        },
        "sort",
        "unknown property \"nothing\"",
    );
}

#[test]
fn deep_and_wide_filters_are_refused() {
    let deep = "[".repeat(100_000);
    assert!(
        Selection::parse(
            &CDRS,
            &ListParams {
                filter: Some(&deep),
                ..ListParams::default()
            }
        )
        .is_err()
    );
    let wide = |n: usize| {
        json!(vec![
            json!({"property": "src", "operator": "like", "value": "1"});
            n
        ])
        .to_string()
    };
    assert!(
        Selection::parse(
            &CDRS,
            &ListParams {
                filter: Some(&wide(51)),
                ..ListParams::default()
            }
        )
        .is_err()
    );
    let most = wide(50);
    let selection = Selection::parse(
        &CDRS,
        &ListParams {
            filter: Some(&most),
            ..ListParams::default()
        },
    )
    .unwrap();
    assert!(world(3).db.cdrs(CdrScope::All, &selection).is_ok());
}

#[test]
fn a_query_over_its_time_is_stopped_and_the_next_one_runs() {
    let world = world(4);
    let wide = json!(vec![
        json!({"property": "src_name", "operator": "like", "value": ""});
        50
    ])
    .to_string();
    let selection = Selection::parse(
        &CDRS,
        &ListParams {
            filter: Some(&wide),
            ..ListParams::default()
        },
    )
    .unwrap();
    let stopped = world
        .db
        .cdrs_within(CdrScope::All, &selection, Duration::ZERO);
    assert!(matches!(stopped, Err(StoreError::TooBroad)), "{stopped:?}");
    assert_eq!(
        world
            .db
            .cdrs_within(CdrScope::All, &selection, Duration::from_secs(60))
            .unwrap()
            .total,
        ROWS
    );
}
