//! `offhook call list | show`: the calls of a running server.

use anyhow::{Context, bail};
use serde_json::{Value, json};

use super::client::{Client, ClientError, query_escape};
use super::out;

/// The fields of a call that are shown first, in this order; the others follow.
const FIRST_FIELDS: [&str; 12] = [
    "id",
    "root_id",
    "live_id",
    "state",
    "disposition",
    "t_cause",
    "terminated_by",
    "src",
    "src_name",
    "dst",
    "dst_name",
    "duration",
];

/// Prints the live calls, one a line.
pub(super) async fn list(client: &Client) -> anyhow::Result<()> {
    let answer = client.get("/calls?limit=10000").await?;
    let calls = answer
        .get("data")
        .and_then(Value::as_array)
        .context("the server's answer has no list of calls")?;
    if calls.is_empty() {
        out::line("no calls")?;
    } else {
        out::line(overview(calls))?;
    }
    Ok(())
}

/// Prints one call, live or ended: its fields, or its ladder.
pub(super) async fn show(client: &Client, id: u64, ladder: bool) -> anyhow::Result<()> {
    let text = match live(client, id, ladder).await? {
        Some(text) => Some(text),
        None => ended(client, id, ladder).await?,
    };
    let Some(text) = text else {
        bail!("there is no call {id}");
    };
    out::line(text)?;
    Ok(())
}

/// The fields of a call, and below them the other calls of its conversation.
async fn with_family(client: &Client, call: &Value) -> Result<String, ClientError> {
    let mut text = fields(call);
    let root = ["root_id", "root_live_id"]
        .iter()
        .find_map(|name| call.get(name).and_then(Value::as_u64));
    let Some(root) = root else {
        return Ok(text);
    };
    let mut calls = of_root(client, "/calls", "root_id", root).await?;
    let ended = of_root(client, "/cdrs", "root_live_id", root).await?;
    // A call that ends in between is in both lists; it is up no more.
    calls.retain(|call| !ended.iter().any(|cdr| id_of(cdr) == id_of(call)));
    calls.extend(ended);
    if calls.len() > 1 {
        text.push_str("\nThe calls of this conversation:\n");
        text.push_str(&overview(&calls));
    }
    Ok(text)
}

async fn of_root(
    client: &Client,
    path: &str,
    property: &str,
    root: u64,
) -> Result<Vec<Value>, ClientError> {
    let filter = json!([{"property": property, "operator": "eq", "value": root}]).to_string();
    let path = format!("{path}?limit=1000&filter={}", query_escape(&filter));
    let mut answer = client.get(&path).await?;
    Ok(match answer.get_mut("data").map(Value::take) {
        Some(Value::Array(calls)) => calls,
        Some(_) | None => Vec::new(),
    })
}

async fn live(client: &Client, id: u64, ladder: bool) -> anyhow::Result<Option<String>> {
    let answer = if ladder {
        client.get_text(&format!("/calls/{id}/flow.txt")).await
    } else {
        match client.get(&format!("/calls/{id}")).await {
            Ok(answer) => with_family(client, answer.get("data").unwrap_or(&Value::Null)).await,
            Err(error) => Err(error),
        }
    };
    match answer {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// An ended call is found by the CDR that has its id as `live_id`.
async fn ended(client: &Client, id: u64, ladder: bool) -> anyhow::Result<Option<String>> {
    let filter = json!([{"property": "live_id", "operator": "eq", "value": id}]).to_string();
    let answer = client
        .get(&format!("/cdrs?filter={}", query_escape(&filter)))
        .await?;
    let Some(cdr) = answer.get("data").and_then(|data| data.get(0)) else {
        return Ok(None);
    };
    if !ladder {
        return Ok(Some(with_family(client, cdr).await?));
    }
    let cdr_id = cdr
        .get("id")
        .and_then(Value::as_u64)
        .context("the server's answer has a CDR without an id")?;
    let flow = client.get_text(&format!("/cdrs/{cdr_id}/flow.txt")).await;
    match flow {
        Err(error) if error.is_not_found() => {
            bail!("call {id} is over and its SIP messages are no longer kept")
        }
        other => Ok(Some(other?)),
    }
}

/// One line a call; those of one conversation stand together, what came of a call is set in under it.
fn overview(calls: &[Value]) -> String {
    let mut rows = vec![["ID", "STATE", "SECONDS", "FROM", "TO", "CONTEXT"].map(str::to_owned)];
    let mut families: Vec<(Option<u64>, Vec<&Value>)> = Vec::new();
    for call in calls {
        let root = number(call, "root_id").or_else(|| number(call, "root_live_id"));
        match families
            .iter_mut()
            .find(|(known, _)| root.is_some() && *known == root)
        {
            Some((_, family)) => family.push(call),
            None => families.push((root, vec![call])),
        }
    }
    let in_order = families.into_iter().flat_map(|(_, mut family)| {
        // Ids are given in the order in which calls begin, the root's first.
        family.sort_by_key(|call| id_of(call));
        family.into_iter().enumerate()
    });
    rows.extend(in_order.map(|(place, call)| {
        let value = |key: &str| call.get(key).map(plain).unwrap_or_default();
        let set_in = if place == 0 { "" } else { "  " };
        let id = id_of(call).map_or_else(|| value("id"), |id| id.to_string());
        // A call that is over says how it ended.
        let ended = value("t_cause");
        let state = if ended.is_empty() {
            value("state")
        } else {
            ended
        };
        [
            format!("{set_in}{id}"),
            state,
            value("duration"),
            party(call, "src"),
            party(call, "dst"),
            value("context"),
        ]
    }));
    out::table(&rows)
}

/// The id of a call, of one that is over by its record.
fn id_of(call: &Value) -> Option<u64> {
    number(call, "live_id").or_else(|| number(call, "id"))
}

fn number(call: &Value, key: &str) -> Option<u64> {
    call.get(key).and_then(Value::as_u64)
}

/// `1001 (Alice)`.
fn party(call: &Value, side: &str) -> String {
    let number = call.get(side).map(plain).unwrap_or_default();
    let name = call
        .get(format!("{side}_name"))
        .map(plain)
        .unwrap_or_default();
    if name.is_empty() || name == number {
        number
    } else {
        format!("{number} ({name})")
    }
}

/// Every field that says something, one a line.
fn fields(call: &Value) -> String {
    let Some(call) = call.as_object() else {
        return String::new();
    };
    let rank = |name: &str| {
        FIRST_FIELDS
            .iter()
            .position(|first| *first == name)
            .unwrap_or(FIRST_FIELDS.len())
    };
    let mut names: Vec<&String> = call.keys().collect();
    names.sort_by_key(|name| rank(name));
    let rows: Vec<[String; 2]> = names
        .into_iter()
        .filter_map(|name| call.get(name).map(|value| [name.clone(), plain(value)]))
        .filter(|[_, value]| !value.is_empty())
        .collect();
    out::table(&rows)
}

/// A value without quotes; nothing at all for what says nothing.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => String::new(),
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            other.to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn live_calls_are_one_line_each() {
        let calls = [
            json!({"id": 7, "state": "CONNECTED", "duration": 12, "src": "1001", "src_name": "Alice", "dst": "1002", "dst_name": "1002",
                "context": "LOCAL_USER"}),
            json!({"id": 18, "state": "RINGING", "duration": 0, "src": "1003", "src_name": "", "dst": "1001", "dst_name": "Alice",
                "context": "LOCAL_USER"}),
        ];
        assert_eq!(
            overview(&calls),
            "ID  STATE      SECONDS  FROM          TO            CONTEXT\n\
             7   CONNECTED  12       1001 (Alice)  1002          LOCAL_USER\n\
             18  RINGING    0        1003          1001 (Alice)  LOCAL_USER\n"
        );
    }

    #[test]
    fn the_calls_of_a_conversation_stand_together_under_its_root() {
        let call = |id: u64, root: u64, dst: &str| json!({"id": id, "root_id": root, "state": "RINGING", "src": "1001", "dst": dst});
        let ended = json!({"id": 90, "live_id": 5, "root_live_id": 4, "t_cause": "Call Rejected", "duration": 3, "src": "1001", "dst": "1002"});
        let calls = [
            call(9, 4, "1003"),
            call(6, 6, "1007"),
            call(4, 4, "4000"),
            ended,
        ];
        let lines: Vec<String> = overview(&calls)
            .lines()
            .map(|line| {
                line.split("  ")
                    .map(str::trim)
                    .filter(|cell| !cell.is_empty())
                    .collect::<Vec<_>>()
                    .join("|")
            })
            .collect();
        assert_eq!(
            lines,
            [
                "ID|STATE|SECONDS|FROM|TO|CONTEXT",
                "4|RINGING|1001|4000",
                "5|Call Rejected|3|1001|1002",
                "9|RINGING|1001|1003",
                "6|RINGING|1001|1007",
            ]
        );
        assert!(overview(&calls).contains("\n  5 "));
    }

    #[test]
    fn what_says_nothing_is_left_out_and_what_matters_comes_first() {
        let call = json!({"context": "LOCAL_USER", "connected_at": null, "src_ua": "", "labels": [], "state": "RINGING", "id": 7});
        assert_eq!(
            fields(&call),
            "id       7\nstate    RINGING\ncontext  LOCAL_USER\n"
        );
    }
}
