//! `offhook call list | show`: the calls of a running server.

use anyhow::{Context, bail};
use serde_json::{Value, json};

use super::client::{Client, query_escape};
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

async fn live(client: &Client, id: u64, ladder: bool) -> anyhow::Result<Option<String>> {
    let answer = if ladder {
        client.get_text(&format!("/calls/{id}/flow.txt")).await
    } else {
        client
            .get(&format!("/calls/{id}"))
            .await
            .map(|answer| fields(&answer))
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
        return Ok(Some(fields(&json!({ "data": cdr }))));
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

fn overview(calls: &[Value]) -> String {
    let mut rows = vec![["ID", "STATE", "SECONDS", "FROM", "TO", "CONTEXT"].map(str::to_owned)];
    rows.extend(calls.iter().map(|call| {
        let value = |key: &str| call.get(key).map(plain).unwrap_or_default();
        [
            value("id"),
            value("state"),
            value("duration"),
            party(call, "src"),
            party(call, "dst"),
            value("context"),
        ]
    }));
    out::table(&rows)
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
fn fields(answer: &Value) -> String {
    let Some(call) = answer.get("data").and_then(Value::as_object) else {
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
    fn what_says_nothing_is_left_out_and_what_matters_comes_first() {
        let call = json!({"data": {"context": "LOCAL_USER", "connected_at": null, "src_ua": "", "labels": [], "state": "RINGING", "id": 7}});
        assert_eq!(
            fields(&call),
            "id       7\nstate    RINGING\ncontext  LOCAL_USER\n"
        );
    }
}
