//! Trunks, numbers, ring groups and queues of a site, and what must hold for conversations of several calls.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::flow::Call;
use crate::process::free_port;
use crate::sipp::{Running, Sipp};
use crate::site::{Account, Site, check_cdr};

/// Where carriers are: a trunk is known by its address, and phones are at another one.
pub const CARRIER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 9);

const PATIENCE: Duration = Duration::from_secs(60);

impl Site {
    /// A trunk to a carrier at this port. `more` are further fields.
    pub async fn trunk(&self, port: u16, more: Value) -> u64 {
        let name = format!("Carrier {port}");
        let trunk = json!({"name": name, "host": CARRIER.to_string(), "port": port});
        self.make("trunks", trunk, more).await
    }

    /// A number that leads to a `user`, `ringgroup` or `queue`.
    pub async fn ddi(&self, e164: &str, target_type: &str, target: u64) -> u64 {
        let ddi = json!({"e164": e164, "target_type": target_type, "target_id": target});
        self.make("ddis", ddi, json!({})).await
    }

    /// A ring group.
    pub async fn ring_group(&self, number: &str, strategy: &str, users: &[&Account]) -> u64 {
        let users: Vec<u64> = users.iter().map(|account| account.user_id).collect();
        let group = json!({"name": "Sales", "number": number, "strategy": strategy, "ring_time": 5, "users": users});
        self.make("ringgroups", group, json!({})).await
    }

    /// A queue whose agents are logged in, asked in this order. `more` are further fields.
    pub async fn queue(&self, number: &str, agents: &[&Account], more: Value) -> u64 {
        let agents: Vec<Value> = agents
            .iter()
            .map(|account| json!({"id": account.user_id, "status": true}))
            .collect();
        let queue = json!({
            "name": "Support", "number": number, "ring_strategy": "O", "ring_time": 5, "wrap_up_time": 0, "users": agents,
        });
        self.make("queues", queue, more).await
    }

    async fn make(&self, resource: &str, mut fields: Value, more: Value) -> u64 {
        let more = more.as_object().expect("further fields").clone();
        fields.as_object_mut().expect("fields").extend(more);
        let made = self.rest.post(&format!("/{resource}"), fields).await;
        let made = made.expect(201);
        made["data"]["id"].as_u64().expect("an id")
    }

    /// A sipp phone of an account: registered, and playing a scenario.
    pub async fn phone_of(&self, account: &Account, sipp: Sipp) -> Running {
        let port = free_port();
        self.register(account, port).await;
        sipp.account(account).port(port).listen().await
    }

    /// A sipp phone of an account that is busy, and says so at once.
    pub async fn busy_phone(&self, account: &Account) -> Running {
        let busy = self.sipp("uas_refused_at_once");
        self.phone_of(account, busy.refusing("486", "Busy Here"))
            .await
    }

    /// An account calls a number and is refused with this status.
    pub async fn refused(&self, from: &Account, number: &str, status: &str) {
        let caller = self.caller("uac_refused", from, number);
        caller.value("status", status).run().await;
    }

    /// Ends a call by its id.
    pub async fn hang_up(&self, call: &Value) {
        let path = format!("/calls/{call}");
        self.rest.delete(&path).await.expect(204);
    }

    /// Waits for an event of a call, and gives it.
    pub async fn event(&self, name: &str, nth: usize) -> Value {
        let found = self.receiver.wait_for(name, PATIENCE, |received| {
            let events = received.iter().map(|request| &request.event);
            events
                .filter(|event| event["event_name"] == name)
                .nth(nth)
                .cloned()
        });
        found.await
    }

    /// Waits for the end of the one root call of a test, and checks what must hold for each.
    ///
    /// # Panics
    /// When there are several or its events contradict each other.
    pub async fn root(&self) -> Call {
        let mut calls = self.calls(1).await;
        assert_eq!(calls.len(), 1, "{calls:#?}");
        let root = calls.remove(0);
        for (event, seq) in root.events.iter().zip(1_u64..) {
            assert_eq!(event["seq"], seq, "{:#?}", root.story());
            assert_eq!(event["src_hash"], root.events[0]["src_hash"]);
            let is_last = seq == u64::try_from(root.events.len()).unwrap();
            assert_eq!(event["final"], is_last, "{:#?}", root.story());
        }
        assert_eq!(root.events[0]["call_id"], root.root, "the root comes first");
        for call in root.call_ids() {
            let events = root.events_of(call);
            assert_eq!(events[0]["event_name"], "call.initial");
            let ends = events.iter().filter(|event| event.get("cause").is_some());
            assert_eq!(ends.count(), 1, "{:#?}", root.story());
            let last = events.last().expect("an event");
            assert!(last.get("cause").is_some(), "{:#?}", root.story());
        }
        self.check_previous_sequence();
        root
    }

    /// The CDRs of a root, one a call: its letter, disposition, type, and the call that opened it.
    ///
    /// # Panics
    /// When there is not exactly one a call, or one differs from the last event of its call.
    pub async fn cdrs(&self, root: &Call) -> Vec<String> {
        let found = self
            .rest
            .filter("cdrs", &[("root_live_id", "eq", root.root.into())])
            .await;
        let ids = root.call_ids();
        assert_eq!(found.len(), ids.len(), "one CDR a call: {found:#?}");
        let mut lines = Vec::new();
        for call in ids {
            let cdr = found.iter().find(|cdr| cdr["live_id"] == call);
            let cdr = cdr.unwrap_or_else(|| panic!("a CDR of call {call}: {found:#?}"));
            let events = root.events_of(call);
            let last = events.last().expect("an event");
            check_cdr(cdr, last);
            let info = last.get("info").cloned().unwrap_or_else(|| "".into());
            assert_eq!(cdr["info"], info);
            assert_eq!(cdr["billsec"], last["duration"]);
            assert_eq!(cdr["is_root"], call == root.root);
            let text = |field: &str| cdr[field].as_str().expect("a text").to_owned();
            let mut line = format!(
                "{} {} {}",
                root.letter(call),
                text("disposition"),
                text("type")
            );
            if let Some(parent) = cdr["parent_live_id"].as_u64() {
                line += &format!(" of {}", root.letter(parent));
            }
            lines.push(line);
        }
        lines
    }

    /// Waits until the ladder of every call of a root has these columns, by name, and rows that begin with these, as
    /// `from>to label`. What was sent last may be written a moment later than it was sent.
    ///
    /// # Panics
    /// When it does not get them.
    pub async fn ladders(&self, root: &Call, columns: &[&str], rows: &[&str]) {
        for call in root.call_ids() {
            let picture = self.rest.get(&format!("/calls/{call}/flow.svg")).await;
            assert!(picture.expect_octets(200).starts_with(b"<svg"));
            let until = Instant::now() + Duration::from_secs(20);
            loop {
                let seen = self.ladder(call).await;
                let missing = columns
                    .iter()
                    .find(|name| !seen.0.iter().any(|has| has == *name));
                let missing = missing.or_else(|| {
                    rows.iter()
                        .find(|row| !seen.1.iter().any(|has| has.starts_with(*row)))
                });
                let Some(missing) = missing else { break };
                assert!(
                    Instant::now() < until,
                    "the ladder of call {call} has no {missing}: {seen:#?}"
                );
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }

    async fn ladder(&self, call: u64) -> (Vec<String>, Vec<String>) {
        let path = format!("/calls/{call}/flow");
        let flow = self.rest.get(&path).await.expect(200);
        let list = |field: &str| flow[field].as_array().expect(field).clone();
        let columns = list("columns");
        let alias = |id: &Value| {
            let column = columns.iter().find(|column| column["id"] == *id);
            column.map_or_else(String::new, |column| text(&column["alias"]))
        };
        let rows = list("rows");
        let rows = rows.iter().map(|row| {
            let (from, to) = (alias(&row["from"]), alias(&row["to"]));
            format!("{from}>{to} {}", text(&row["label"]))
        });
        let names = columns.iter().map(|column| text(&column["alias"]));
        (names.collect(), rows.collect())
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
