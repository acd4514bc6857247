//! Who stands where: the caller, Offhook, the called ones, the webhooks.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};

use offhook_base::{CallId, WebhookId};
use offhook_store::CapturedMessage;

use super::sip::Parsed;
use super::{ColumnKind, FlowColumn, FlowInput, shown};

const PBX: &str = "pbx";

/// The columns, and where to find them.
#[derive(Debug)]
pub(super) struct Columns {
    hosts: HashMap<SocketAddr, String>,
    list: Vec<FlowColumn>,
}

/// What makes two addresses one column: a phone of ours that goes on with its leg of a call from another port.
type Party<'a> = (CallId, &'a str, &'a str, IpAddr);

impl Columns {
    pub(super) fn of(messages: &[Parsed<'_>], input: &FlowInput) -> Self {
        let names = names(messages);
        let mut hosts: HashMap<SocketAddr, String> = HashMap::new();
        let mut parties: HashMap<Party<'_>, usize> = HashMap::new();
        let mut columns: Vec<(bool, FlowColumn)> = Vec::new();
        let messages_only = || messages.iter().map(|parsed| parsed.message);
        // A program's call has nobody who called in: the one whose phone rang first is its caller.
        let has_caller = messages_only().any(|message| message.leg == "A");
        for message in messages_only() {
            let CapturedMessage { remote, leg, .. } = message;
            if hosts.contains_key(remote) {
                continue;
            }
            let name = names.get(remote);
            let extension = name.and_then(|name| input.extensions.get(name));
            let party = extension
                .map(|extension| (message.call, leg.as_str(), extension.as_str(), remote.ip()));
            let known = party.and_then(|party| columns.get_mut(*parties.get(&party)?));
            if let Some((_, column)) = known {
                column.address.push_str(&format!(", {}", shown(*remote)));
                hosts.insert(*remote, column.id.clone());
                continue;
            }
            let id = format!("h{}", columns.len() + 1);
            hosts.insert(*remote, id.clone());
            parties.extend(party.map(|party| (party, columns.len())));
            let alias = extension.or(name).cloned();
            let column = FlowColumn {
                id,
                kind: ColumnKind::Host,
                alias: alias.unwrap_or_else(|| remote.ip().to_string()),
                address: shown(*remote),
            };
            let is_caller = leg == "A" || (!has_caller && columns.is_empty());
            columns.push((is_caller, column));
        }
        let (callers, called): (Vec<_>, Vec<_>) =
            columns.into_iter().partition(|(is_caller, _)| *is_caller);
        let mut list: Vec<FlowColumn> = callers.into_iter().map(|(_, column)| column).collect();
        list.push(ourselves(messages));
        list.extend(called.into_iter().map(|(_, column)| column));
        list.extend(webhooks(input));
        Self { hosts, list }
    }

    pub(super) fn pbx(&self) -> String {
        PBX.to_owned()
    }

    pub(super) fn host(&self, address: SocketAddr) -> String {
        let found = self.hosts.get(&address);
        found.map_or_else(|| self.pbx(), Clone::clone)
    }

    /// The phone or trunk of this name.
    pub(super) fn named(&self, name: &str) -> Option<String> {
        let mut hosts = self.list.iter().filter(|column| {
            column.kind == ColumnKind::Host && column.id != PBX && column.alias == name
        });
        hosts.next().map(|column| column.id.clone())
    }

    pub(super) fn webhook(id: WebhookId) -> String {
        format!("w{id}")
    }

    pub(super) fn into_list(self) -> Vec<FlowColumn> {
        self.list
    }
}

fn ourselves(messages: &[Parsed<'_>]) -> FlowColumn {
    FlowColumn {
        id: PBX.to_owned(),
        kind: ColumnKind::Host,
        alias: "Offhook".to_owned(),
        address: messages
            .first()
            .map(|parsed| shown(parsed.message.local))
            .unwrap_or_default(),
    }
}

/// The name of the phone at each address: of the caller in what it sends, of the called one in what it gets.
fn names(messages: &[Parsed<'_>]) -> HashMap<SocketAddr, String> {
    let mut names = HashMap::new();
    for parsed in messages {
        if let Entry::Vacant(entry) = names.entry(parsed.message.remote) {
            let name = if parsed.message.inbound == parsed.is_request() {
                parsed.caller()
            } else {
                parsed.called()
            };
            if let Some(name) = name {
                entry.insert(name);
            }
        }
    }
    names
}

/// Those that exist, and then those that deliveries went to before they were deleted.
fn webhooks(input: &FlowInput) -> Vec<FlowColumn> {
    let column = |id, alias, address| FlowColumn {
        id: Columns::webhook(id),
        kind: ColumnKind::Webhook,
        alias,
        address,
    };
    let mut seen: HashSet<WebhookId> = HashSet::new();
    let mut list = Vec::new();
    for webhook in &input.webhooks {
        if seen.insert(webhook.id) {
            list.push(column(
                webhook.id,
                webhook.name.clone(),
                webhook.host.clone(),
            ));
        }
    }
    for id in input.deliveries.iter().map(|delivery| delivery.webhook) {
        if seen.insert(id) {
            list.push(column(id, format!("webhook {id}"), String::new()));
        }
    }
    list
}
